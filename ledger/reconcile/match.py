"""Matching: pure stages over frames, precision first.

Each stage sees only the lines that earlier stages left. A pair is taken only
where it is the only one possible: among all candidates of the stage, neither
line has another. What is not unique stays open and is shown. The order of the
rows has no influence, everything is a set join (``reconciliation.md`` §8).

=========== =====================================================================
stage        what is taken
=========== =====================================================================
reversal     inside one side: the books' own link, or the bank's 冲正/退回 with the
             number of its original, or its only opposite twin within a day
reference    the same number and the same amount, once on each side
slip         the same base number (a trip of several slips) and the same amount
group        all open lines of one number on both sides, sums equal
party        the same amount and party, once on each side, dates near
=========== =====================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from ledger.reconcile.classes import Classes, load_classes
from ledger.reconcile.frames import ITEMS, MATCHES
from ledger.reconcile.numbers import bases, numbers, prefixes, slips

RULE_VERSION = "1"
STAGES = ("reversal", "reference", "slip", "group", "party", "manual")
EDGES_MAX = 10_000
"""A key shared by more candidate pairs than this decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How far apart two dates may lie, in days of bank − book.

    A number is strong evidence, but numbers come round again: a year and a bit.
    A party is not: money we bring reaches the bank the day after at the
    earliest before our own line (−1) and within ``near``; money the bank moves
    is booked from its slip within ``near``.
    """

    reference_before: int = 62
    reference_after: int = 400
    near: int = 10
    slack: int = 1
    reversal: int = 1
    reversal_linked: int = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """New matches: ``matches`` and ``items`` (``match_id`` counts from 1 within this result)."""

    matches: pl.DataFrame
    items: pl.DataFrame

    def refs(self, side: str) -> pl.Series:
        """The refs of one side that are matched."""
        return self.items.filter(pl.col("side") == side)["ref"]


@dataclass(slots=True)
class _Work:
    """The lines still open and what was matched so far."""

    book: pl.DataFrame
    bank: pl.DataFrame
    found: list[tuple[str, pl.DataFrame, pl.DataFrame]] = field(default_factory=list)

    def take(self, stage: str, groups: pl.DataFrame, items: pl.DataFrame) -> None:
        """Record matches (``key``, ``evidence``; ``key``, ``side``, ``ref``, ``amount``) and close their lines."""
        if groups.is_empty():
            return
        self.found.append((stage, groups.select("key", "evidence"), items.select("key", "side", "ref", "amount")))
        for side in ("book", "bank"):
            gone = items.filter(pl.col("side") == side)["ref"]
            setattr(self, side, getattr(self, side).filter(~pl.col("ref").is_in(gone.implode())))


def match(
    book: pl.DataFrame,
    bank: pl.DataFrame,
    *,
    windows: Windows | None = None,
    classes: Classes | None = None,
) -> Matching:
    """Match the open lines of one bank account (frames of ``frames.LINES``)."""
    windows, classes = windows or Windows(), classes or load_classes()
    work = _Work(_prepared(book, classes, "book"), _prepared(bank, classes, "bank"))
    _book_reversals(work)
    _bank_reversals(work, windows, classes)
    _by_number(work, windows, stage="reference", column="tokens")
    _by_number(work, windows, stage="slip", column="bases")
    _by_group(work, windows)
    _by_party(work, windows, classes)
    return _numbered(work.found)


def _prepared(lines: pl.DataFrame, classes: Classes, side: str) -> pl.DataFrame:
    """Lines with their numbers and party keys; lines without amount match nothing."""
    kept = lines.filter(pl.col("amount") != 0)
    fields = ["numbers"] if side == "book" else ["numbers", "text"]
    kept = kept.with_columns(numbers(fields).alias("tokens"))
    kept = kept.with_columns(
        bases("tokens").alias("bases"), prefixes("tokens").alias("prefixes"), slips("tokens").alias("slips")
    )
    return kept.with_columns(_parties(classes, side).alias("parties"))


def _parties(classes: Classes, side: str) -> pl.Expr:
    """Keys of who stands behind a line: account number, customer, name, class."""
    account = pl.concat_str(pl.lit("#"), pl.col("party_account").str.replace_all(r"\D", "").str.strip_chars_start("0"))
    account = pl.when(account.str.len_chars() > 6).then(account)
    name = pl.col("party").str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s()（）·.]", "")
    name = pl.when(name.str.len_chars() >= 2).then(pl.concat_str(pl.lit("="), name))
    if side == "book":
        customer = pl.concat_str(pl.lit("%"), pl.col("customer").str.to_uppercase())
        keys = pl.concat_list(account, name, customer, classes.of_kind(pl.col("kind")))
    else:
        text = pl.concat_str([pl.col("party").fill_null(""), pl.col("text").fill_null("")], separator=" ")
        words = text.str.normalize("NFKC").str.to_uppercase().str.extract_all(r"[A-Z]*\d+[A-Z0-9]*(?:-\d+)*|[A-Z]+\d*")
        customers = words.list.eval(pl.concat_str(pl.lit("%"), pl.element()))
        keys = pl.concat_list(pl.concat_list(account, name, *classes.of_text(text)), customers)
    return keys.list.drop_nulls().list.unique().list.sort()


# -- inside one side -------------------------------------------------------------------------


def _book_reversals(work: _Work) -> None:
    """The books link a red-letter line (红字) to its original."""
    red = work.book.filter(pl.col("reverses").is_not_null())
    pairs = red.join(work.book, left_on="reverses", right_on="ref", suffix="_original").filter(
        pl.col("amount") + pl.col("amount_original") == 0
    )
    # a reversal that was itself reversed stands in two pairs: such chains are left to a person
    pairs = _unique_inside(pairs.rename({"reverses": "left", "ref": "right"}))
    _take_inside(work, "book", pairs, evidence={"link": pl.lit("reverses")})


def _bank_reversals(work: _Work, windows: Windows, classes: Classes) -> None:
    """The bank took a line back: 冲正, 退回 …; the original is named, or it is the only twin."""
    bank = work.bank
    said = pl.col("text").fill_null("").str.contains_any(list(classes.reversal))
    back = bank.filter(said)
    if back.is_empty():
        return
    edges = (
        back.with_columns((-pl.col("amount")).alias("opposite"))
        .join(bank, left_on="opposite", right_on="amount", suffix="_original")
        .filter(pl.col("ref") != pl.col("ref_original"))
        .with_columns((pl.col("date") - pl.col("date_original")).dt.total_days().alias("days"))
        .filter(pl.col("days") >= 0)
    )
    named = pl.col("tokens").list.set_intersection("tokens_original").list.len() > 0
    named = named | _names_serial(pl.col("text"), pl.col("reference_original"))
    linked = edges.filter(named & (pl.col("days") <= windows.reversal_linked))
    linked = _unique_inside(linked.rename({"ref_original": "left", "ref": "right"}))
    _take_inside(work, "bank", linked, evidence={"link": pl.lit("number")})
    left = work.bank["ref"].implode()
    same_party = pl.col("party_account").eq_missing(pl.col("party_account_original")) & pl.col("party").eq_missing(
        pl.col("party_original")
    )
    twins = edges.filter(
        pl.col("ref").is_in(left), pl.col("ref_original").is_in(left), same_party, pl.col("days") <= windows.reversal
    )
    twins = _unique_inside(twins.rename({"ref_original": "left", "ref": "right"}))
    _take_inside(work, "bank", twins, evidence={"link": pl.lit("twin")})


def _names_serial(text: pl.Expr, serial: pl.Expr) -> pl.Expr:
    """``冲正 维修费 原流水0008`` names the line whose serial ends in 0008."""
    named = text.str.extract(r"原(?:流水|凭证|交易)(?:号)?[::]?\s?(\d{3,})", 1)
    return (serial.str.ends_with(named)).fill_null(False)


def _take_inside(work: _Work, side: str, pairs: pl.DataFrame, evidence: dict[str, pl.Expr]) -> None:
    amount = pl.col("amount").abs() if "amount" in pairs.columns else pl.lit(0)
    pairs = pairs.with_columns(
        pl.concat_str(pl.lit(side), "left", "right", separator="|").alias("key"),
        _evidence(side=pl.lit(side), amount=amount, **evidence).alias("evidence"),
    )
    lines = getattr(work, side).select("ref", "amount")
    items = pl.concat([pairs.select("key", pl.col(column).alias("ref")) for column in ("left", "right")])
    items = items.join(lines, on="ref").with_columns(pl.lit(side).alias("side"))
    work.take("reversal", pairs, items)


# -- across ----------------------------------------------------------------------------------


def _by_number(work: _Work, windows: Windows, *, stage: str, column: str) -> None:
    """One number, one amount, one line on each side."""
    edges = _edges(work, column).filter(pl.col("days").is_between(-windows.reference_before, windows.reference_after))
    if stage == "slip":
        edges = edges.filter(~_conflict())
    _take_pairs(work, stage, _unique(edges), {"number": pl.col("shared")})


def _by_group(work: _Work, windows: Windows) -> None:
    """All open lines of a number: their sums are equal and no line belongs to two such groups."""
    sides = {
        side: getattr(work, side)
        .select("ref", "date", "amount", "tokens", pl.concat_list("tokens", "bases").list.unique().alias("number"))
        .explode("number")
        .drop_nulls("number")
        .with_columns(pl.col("tokens").list.contains(pl.col("number")).alias("exact"))
        .drop("tokens")
        for side in ("book", "bank")
    }
    sums = [
        frame.group_by("number").agg(
            pl.col("amount").sum().alias(f"sum_{side}"),
            pl.len().alias(f"count_{side}"),
            pl.col("date").min().alias(f"from_{side}"),
            pl.col("date").max().alias(f"to_{side}"),
            (pl.col("amount").sign().n_unique()).alias(f"ways_{side}"),
            pl.col("exact").all().alias(f"exact_{side}"),
            pl.col("ref").sort().str.join(",").alias(f"refs_{side}"),
        )
        for side, frame in sides.items()
    ]
    groups = (
        sums[0]
        .join(sums[1], on="number")
        .filter(
            pl.col("sum_book") == pl.col("sum_bank"),
            pl.col("count_book") + pl.col("count_bank") > 2,
            # slips 1, 2 are not slips 3, 4 of the same trip: one side must carry the number itself
            pl.col("exact_book") | pl.col("exact_bank"),
            pl.col("ways_book") == 1,
            pl.col("ways_bank") == 1,
            (pl.col("from_bank") - pl.col("to_book")).dt.total_days() >= -windows.reference_before,
            (pl.col("to_bank") - pl.col("from_book")).dt.total_days() <= windows.reference_after,
        )
    )
    # two numbers that name the very same lines (a batch and its file) are one group
    groups = groups.sort("number").unique(["refs_book", "refs_bank"], keep="first", maintain_order=True)
    items = pl.concat(
        [
            frame.join(groups.select("number"), on="number").with_columns(pl.lit(side).alias("side"))
            for side, frame in sides.items()
        ]
    ).unique(["number", "side", "ref"])
    doubled = items.filter(pl.len().over("side", "ref") > 1)["number"].unique()
    groups = groups.filter(~pl.col("number").is_in(doubled.implode())).with_columns(
        pl.col("number").alias("key"),
        _evidence(
            number=pl.col("number"),
            amount=pl.col("sum_book").abs(),
            book_lines=pl.col("count_book"),
            bank_lines=pl.col("count_bank"),
            days=(pl.col("to_bank") - pl.col("to_book")).dt.total_days(),
        ).alias("evidence"),
    )
    items = items.join(groups.select("number"), on="number").rename({"number": "key"})
    work.take("group", groups, items)


def _by_party(work: _Work, windows: Windows, classes: Classes) -> None:
    """One amount and one party on each side, near in time, no contradicting number."""
    bank_first = pl.col("kind").is_in(list(classes.bank_first))
    ours = pl.col("days").is_between(-windows.slack, windows.near)
    banks = pl.col("days").is_between(-windows.near, windows.slack)
    edges = _edges(work, "parties").filter(pl.when(bank_first).then(ours | banks).otherwise(ours), ~_conflict())
    _take_pairs(work, "party", _unique(edges), {"party": pl.col("shared")})


def _edges(work: _Work, column: str) -> pl.DataFrame:
    """Candidate pairs: equal amount and a shared key; ``days`` = bank − book.

    A key of one amount that joins more than ``EDGES_MAX`` pairs is no evidence
    and is left out: it could decide nothing and would cost quadratically.
    """
    keys = [
        getattr(work, side)
        .select("ref", "amount", pl.col(column).alias("shared"))
        .explode("shared")
        .drop_nulls("shared")
        for side in ("book", "bank")
    ]
    counts = [keyed.group_by("shared", "amount").len() for keyed in keys]
    crowded = (
        counts[0]
        .join(counts[1], on=["shared", "amount"])
        .filter(pl.col("len").cast(pl.Int64) * pl.col("len_right").cast(pl.Int64) > EDGES_MAX)
    )
    left, right = (keyed.join(crowded, on=["shared", "amount"], how="anti") for keyed in keys)
    pairs = (
        left.rename({"ref": "left"})
        .join(right.rename({"ref": "right"}), on=["shared", "amount"])
        .group_by("left", "right", "amount")
        .agg(pl.col("shared").sort())
        .with_columns(pl.col("shared").list.join(" "))
    )
    facts = ["ref", "date", "tokens", "bases", "prefixes", "slips"]
    edges: pl.DataFrame = (
        pairs.join(work.book.select(*facts, "kind"), left_on="left", right_on="ref")
        .join(work.bank.select(*facts), left_on="right", right_on="ref", suffix="_bank")
        .with_columns((pl.col("date_bank") - pl.col("date")).dt.total_days().alias("days"))
    )
    return edges


def _conflict() -> pl.Expr:
    """Both lines carry a number of the same series, and not the same one."""

    def shared(column: str) -> pl.Expr:
        return pl.col(column).list.set_intersection(f"{column}_bank").list.len() > 0

    other_slip = shared("slips") & ~shared("tokens")
    other_number = shared("prefixes") & ~shared("bases")
    return other_slip | other_number


def _unique(edges: pl.DataFrame) -> pl.DataFrame:
    """The edges whose two lines have no other edge: what can be matched in one way only."""
    edges = edges.unique(["left", "right"])
    return edges.filter((pl.len().over("left") == 1) & (pl.len().over("right") == 1))


def _unique_inside(edges: pl.DataFrame) -> pl.DataFrame:
    """The same where both ends are of one side: a line may stand at either end only once in all."""
    edges = edges.unique(["left", "right"])
    ends = pl.concat([edges.select(pl.col(end).alias("ref")) for end in ("left", "right")])
    busy = ends.filter(pl.len().over("ref") > 1)["ref"].unique().implode()
    return edges.filter(~pl.col("left").is_in(busy) & ~pl.col("right").is_in(busy))


def _take_pairs(work: _Work, stage: str, pairs: pl.DataFrame, decided: dict[str, pl.Expr]) -> None:
    pairs = pairs.with_columns(
        pl.concat_str("left", "right", separator="|").alias("key"),
        _evidence(amount=pl.col("amount").abs(), days=pl.col("days"), **decided).alias("evidence"),
    )
    items = pl.concat(
        [
            pairs.select("key", pl.lit(side).alias("side"), pl.col(column).alias("ref"), "amount")
            for side, column in (("book", "left"), ("bank", "right"))
        ]
    )
    work.take(stage, pairs, items)


def _evidence(**fields: pl.Expr) -> pl.Expr:
    """The record of what decided, as JSON; ``explain`` makes a sentence of it."""
    named = [value.alias(name) for name, value in fields.items()]
    return pl.struct(named).struct.json_encode()


def _numbered(found: Iterable[tuple[str, pl.DataFrame, pl.DataFrame]]) -> Matching:
    """Number the matches by stage and key, so that the same lines give the same numbers."""
    matches, items, last = [], [], 0
    for stage, groups, members in found:
        groups = groups.sort("key").with_columns(
            (pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + last).alias("match_id")
        )
        last += groups.height
        matches.append(
            groups.with_columns(pl.lit(stage).alias("stage"), pl.lit(RULE_VERSION).alias("rule_version")).select(
                *MATCHES
            )
        )
        items.append(members.join(groups.select("key", "match_id"), on="key").select(*ITEMS))
    return Matching(
        matches=pl.concat(matches) if matches else pl.DataFrame(schema=MATCHES),
        items=pl.concat(items).sort("match_id", "side", "ref") if items else pl.DataFrame(schema=ITEMS),
    )
