"""What every stage works with: the open lines, candidate pairs, and what was found.

A stage looks for candidate pairs (``left`` a book line, ``right`` a bank line, ``days``
= bank − book), takes those that are the only ones possible, and leaves the rest to
the stages after it. All of it is joins over sets: the order of rows has no influence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ledger.reconcile.classes import Classes
from ledger.reconcile.sides import Side

EDGES_MAX = 10_000
"""A key shared by more candidate pairs than this decides nothing (and would cost quadratically)."""
COMMON = 3
"""An amount that more lines of a side have is common: the same payer may well have it twice."""
GROUP_ITEMS = {"group": pl.String(), "side": pl.String(), "id": pl.UInt32()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How far apart two dates may lie, in days of bank − book.

    A number is strong evidence, but numbers come round again: a year and a bit.
    A party is not: money we bring reaches the bank the day after at the
    earliest before our own line (−1) and within ``near``; money the bank moves
    is booked from its slip within ``near``; where many lines have the amount, within
    ``near_common``. An amount alone is weaker still.
    """

    reference_before: int = 62
    reference_after: int = 400
    near: int = 10
    near_common: int = 3
    slack: int = 1
    reversal: int = 1
    reversal_linked: int = 31
    class_spread: int = 3
    amount: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a book may choose (``[matching]`` of its file).

    ``fees_basis_points``: the fees that channels keep back. ``unique_amount``: take pairs that
    share nothing but an amount nobody else has. ``closed``: the last day of the closed periods;
    ``listed``: ``(side, ref)`` of what the last issued table lists as open. What lies wholly in
    the one or the other stays as it was issued (``frozen.py``).
    """

    fees_basis_points: tuple[int, ...] = ()
    unique_amount: bool = False
    closed: date | None = None
    listed: frozenset[tuple[str, str]] = frozenset()

    @property
    def freezes(self) -> bool:
        """Whether anything is frozen at all."""
        return self.closed is not None or bool(self.listed)


@dataclass(frozen=True, slots=True)
class Found:
    """Matches of one stage. ``groups``: ``group`` and the stage's own evidence; ``items``: GROUP_ITEMS."""

    stage: str
    groups: pl.DataFrame
    items: pl.DataFrame


@dataclass(slots=True)
class Work:
    """The lines still open, and what was matched so far; ``held``: what would be a match were it not frozen
    (GROUP_ITEMS)."""

    book: Side
    bank: Side
    windows: Windows
    classes: Classes
    rules: Rules
    found: list[Found] = field(default_factory=list)
    held: list[pl.DataFrame] = field(default_factory=list)

    def side(self, name: str) -> Side:
        """The open lines of ``book`` or ``bank``."""
        return self.book if name == "book" else self.bank

    def take(self, stage: str, groups: pl.DataFrame, items: pl.DataFrame) -> None:
        """Record matches and close their lines.

        What is frozen as a whole is no match, and its lines are nobody else's either: they are set aside.
        """
        if self.rules.freezes and groups.height:
            kept = groups.join(self._fresh(items), on="group", how="semi")
            aside = items.join(kept, on="group", how="anti")
            self.held.append(aside.select(pl.format("{}:{}", pl.lit(stage), "group").alias("group"), "side", "id"))
            self._close(aside)
            groups, items = kept, items.join(kept, on="group", how="semi")
        if groups.is_empty():
            return
        self.found.append(Found(stage, groups, items.select(*GROUP_ITEMS)))
        self._close(items)

    def _fresh(self, items: pl.DataFrame) -> pl.DataFrame:
        """The groups of which a line is in no closed period and a line is in no issued table."""
        lines = pl.concat(
            [self.side(name).lines.select(pl.lit(name).alias("side"), "id", "ref", "date") for name in _SIDES]
        )
        listed = pl.DataFrame(sorted(self.rules.listed), schema={"side": pl.String, "ref": pl.String}, orient="row")
        marked = items.join(lines, on=["side", "id"]).join(
            listed.with_columns(pl.lit(value=True).alias("listed")), on=["side", "ref"], how="left"
        )
        closed = pl.lit(value=False) if self.rules.closed is None else pl.col("date") <= self.rules.closed
        return (
            marked.group_by("group")
            .agg(closed.all().alias("closed"), pl.col("listed").fill_null(value=False).all())
            .filter(~pl.col("closed"), ~pl.col("listed"))
            .select("group")
        )

    def _close(self, items: pl.DataFrame) -> None:
        self.book = self.book.without(items.filter(pl.col("side") == "book").select("id"))
        self.bank = self.bank.without(items.filter(pl.col("side") == "bank").select("id"))

    def take_pairs(self, stage: str, pairs: pl.DataFrame) -> None:
        """Record pairs (``left``, ``right`` and the stage's evidence)."""
        groups = pairs.with_columns(pl.format("{}-{}", "left", "right").alias("group")).drop("left", "right")
        named = pairs.select(pl.format("{}-{}", "left", "right").alias("group"), "left", "right")
        items = pl.concat(
            [
                named.select("group", pl.lit(side).alias("side"), pl.col(end).alias("id"))
                for side, end in (("book", "left"), ("bank", "right"))
            ]
        )
        self.take(stage, groups, items)


_SIDES = ("book", "bank")


def edges(book: Side, bank: Side, keys: str, *, amount: pl.Expr | None = None) -> pl.DataFrame:
    """Candidate pairs with a key in common and the same amount: ``left, right, amount, days, key``.

    ``keys``: ``numbers`` or ``parties``. ``amount``: what the bank's amount should be, of a
    book line, if it is not the book's own.
    """
    want = pl.col("amount") if amount is None else amount
    sides = [
        getattr(side, keys)
        .filter(~pl.col("weak") if keys == "numbers" else pl.lit(value=True))
        .select("id", "key")
        .join(side.lines.select("id", expr.alias("amount"), "day"), on="id")
        for side, expr in ((book, want), (bank, pl.col("amount")))
    ]
    return meet(sides[0], sides[1], ["key", "amount"])


def meet(book: pl.DataFrame, bank: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Join two keyed frames (``id``, ``day``, keys), leaving out crowded keys, once per pair and key."""
    crowded = (
        book.group_by(on)
        .len()
        .join(bank.group_by(on).len(), on=on)
        .filter(pl.col("len").cast(pl.Int64) * pl.col("len_right").cast(pl.Int64) > EDGES_MAX)
    )
    if crowded.height:
        book, bank = (frame.join(crowded, on=on, how="anti") for frame in (book, bank))
    return (
        book.rename({"id": "left"})
        .join(bank.rename({"id": "right"}), on=on, suffix="_bank")
        .with_columns((pl.col("day_bank") - pl.col("day")).alias("days"))
    )


def pairs_of(found: pl.DataFrame) -> pl.DataFrame:
    """Each pair once, whatever number of keys it shares (the least of them stands for all)."""
    return found.group_by("left", "right").agg(pl.all().min())


def alone(found: pl.DataFrame) -> pl.DataFrame:
    """The pairs whose two lines are in no other pair: what can be matched in one way only."""
    return found.filter((pl.len().over("left") == 1) & (pl.len().over("right") == 1))


def alone_inside(found: pl.DataFrame) -> pl.DataFrame:
    """The same where both ends are of one side: a line may stand at either end only once in all."""
    found = found.unique(["left", "right"])
    ends = pl.concat([found.select(pl.col(end).alias("id")) for end in ("left", "right")])
    busy = ends.filter(pl.len().over("id") > 1)["id"].unique().implode()
    return found.filter(~pl.col("left").is_in(busy) & ~pl.col("right").is_in(busy))


def near(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """The pairs near enough in time for a party or a fee to decide."""
    windows = work.windows
    first = work.book.lines.select(
        pl.col("id").alias("left"),
        pl.col("kind").is_in(list(work.classes.bank_first)).fill_null(value=False).alias("bank_first"),
    )
    ours = pl.col("days").is_between(-windows.slack, windows.near)
    banks = pl.col("days").is_between(-windows.near, windows.slack)
    within = found.filter(ours | banks).join(first, on="left", how="left")
    return within.filter(ours | pl.col("bank_first")).drop("bank_first")


def with_numbers(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Pairs with ``conflict`` and ``shared``.

    ``conflict``: both lines carry a number of one series (or slip), and not the same one; or the
    bank's names another document of ours, of a series that our numbers have.
    ``shared``: they carry the same number.
    """
    ours = work.book.numbers.filter(~pl.col("weak")).select("series").drop_nulls().unique()
    ends = [
        work.side(side)
        .numbers.filter(~pl.col("weak"))
        .join(ours.with_columns(pl.lit(value=True).alias("ours")), on="series", how="left")
        .join(found.select(pl.col(end).alias("id")).unique(), on="id", how="semi")
        .select(pl.col("id").alias(end), "key", "base", "slip", "ours")
        for side, end in (("book", "left"), ("bank", "right"))
    ]
    flags = (
        found.select("left", "right")
        .unique()
        .join(ends[0], on="left")
        .join(ends[1], on="right", suffix="_bank")
        .group_by("left", "right")
        .agg(
            ((pl.col("ours") & pl.col("ours_bank")).any() & ~(pl.col("base") == pl.col("base_bank")).any()).alias(
                "other"
            ),
            ((pl.col("slip") == pl.col("slip_bank")).any() & ~(pl.col("key") == pl.col("key_bank")).any()).alias(
                "other_slip"
            ),
            (pl.col("key") == pl.col("key_bank")).any().alias("shared"),
        )
        .select("left", "right", (pl.col("other") | pl.col("other_slip")).alias("conflict"), "shared")
    )
    return found.join(flags, on=["left", "right"], how="left").with_columns(
        pl.col("conflict", "shared").fill_null(value=False)
    )


def payers(work: Work) -> pl.DataFrame:
    """``id`` of the book lines whose number stands on lines of several parties.

    Such a line is one payer's share of a batch: the bank credits the batch.
    """
    numbers = work.book.numbers.filter(~pl.col("weak")).select("id", "key")
    party = pl.coalesce("customer", "name").alias("payer")
    shares = numbers.join(work.book.lines.select("id", party), on="id")
    batches = shares.group_by("key").agg(pl.col("payer").n_unique().alias("payers")).filter(pl.col("payers") > 1)
    return shares.join(batches, on="key", how="semi").select("id").unique()


def with_parties(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Pairs with ``relation`` of their parties: ``same``, ``other`` (both known, neither begins the other), ``unknown``.

    Two known account numbers that differ, or a customer number on the bank's line that is not
    the book's, are ``other`` whatever the names.
    """
    ends = [
        work.side(side).lines.select(pl.col("id").alias(end), "name", "account")
        for side, end in (("book", "left"), ("bank", "right"))
    ]
    known = found.join(ends[0], on="left", how="left").join(ends[1], on="right", how="left", suffix="_bank")
    begins = pl.col("name").str.starts_with(pl.col("name_bank")) | pl.col("name_bank").str.starts_with(pl.col("name"))
    same_account = pl.col("account") == pl.col("account_bank")
    customer = customers(found, work)
    known = known.join(customer, on=["left", "right"], how="left")
    return known.with_columns(
        pl.when(same_account.fill_null(value=False) | pl.col("customer_same").fill_null(value=False))
        .then(pl.lit("same"))
        .when(~same_account.fill_null(value=True) | ~pl.col("customer_same").fill_null(value=True))
        .then(pl.lit("other"))
        .when(pl.col("name") == pl.col("name_bank"))
        .then(pl.lit("same"))
        .when(~begins.fill_null(value=True))
        .then(pl.lit("other"))
        .otherwise(pl.lit("unknown"))
        .alias("relation")
    ).drop("name", "name_bank", "account", "account_bank", "customer_same")


def customers(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """``left, right, customer_same`` where the bank's line names one of our customers."""
    keys = [
        work.side(side)
        .parties.filter(pl.col("party").str.starts_with("%"))
        .select(pl.col("id").alias(end), pl.col("key").alias("customer"))
        for side, end in (("book", "left"), ("bank", "right"))
    ]
    return (
        found.select("left", "right")
        .unique()
        .join(keys[0], on="left")
        .join(keys[1], on="right", suffix="_bank")
        .group_by("left", "right")
        .agg((pl.col("customer") == pl.col("customer_bank")).any().alias("customer_same"))
    )
