"""One amount and one party on each side; and the same number of lines that nobody can tell apart.

``party``: the pair is the only one of its amount and party within the window, no number
contradicts, no cut name of the same amount could be meant, and neither line may be a part
of a larger one of the same party (40 of a payer who is owed 100 and paid 40 and 60).

``class``: n book lines and n bank lines of one party and amount, each of which could
meet each other, those of at least one side alike in everything that can be seen: any
pairing is the same, so they meet as one match of n and n.
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from ledger.reconcile.stages.sums import sum_of_some
from ledger.reconcile.work import COMMON, Work, alone, edges, meet, near, pairs_of, payers, with_numbers, with_parties

PARTS_MAX = 12


def by_party(work: Work) -> None:
    """The pairs that are alone."""
    found = candidates(work)
    single = alone(pairs_of(found))
    single = _without_cut_names(single, work)
    single = _without_parts(single, found, work)
    keys = found.join(single, on=["left", "right"], how="semi").group_by("left", "right").agg(pl.col("key").min())
    work.take_pairs("party", keys)


def candidates(work: Work) -> pl.DataFrame:
    """Pairs of the same amount and party near in time that nothing contradicts."""
    return unspoiled(near(edges(work.book, work.bank, "parties"), work), work)


def unspoiled(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Without what must not be decided by a party, a fee or an amount.

    Pairs whose numbers, accounts or customers contradict; pairs with the same number, for the
    number was heard and did not decide; shares of a batch, for the bank credits the batch; lines
    paid in different ways; what the bank took back; common amounts more than a few days apart.
    """
    found = found.join(payers(work).rename({"id": "left"}), on="left", how="anti")
    found = fitting(found, work)
    checked = with_parties(with_numbers(found, work), work)
    kept = checked.filter(~pl.col("conflict"), ~pl.col("shared"), pl.col("relation") != "other")
    return kept.drop("conflict", "shared", "relation")


def fitting(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Pairs whose way of payment does not differ and whose days are near for so common an amount."""
    common = pl.concat(
        [
            side.lines.group_by("amount").len().filter(pl.col("len") > COMMON).select("amount")
            for side in (work.book, work.bank)
        ]
    ).unique()
    common = common.with_columns(pl.lit(value=True).alias("common"))
    columns = [(work.book, "left", ["kind"]), (work.bank, "right", ["text"])]
    wide = found.join(common, on="amount", how="left")
    for side, end, names in columns:
        wide = wide.join(side.lines.select(pl.col("id").alias(end), *names), on=end, how="left")
    classes = work.classes
    return wide.filter(
        (pl.col("days").abs() <= work.windows.near_common) | pl.col("common").is_null(),
        ~classes.other_method(pl.col("kind"), pl.col("text")),
        ~classes.taken_back(pl.col("text")),
    ).select(found.columns)


def _without_cut_names(pairs: pl.DataFrame, work: Work) -> pl.DataFrame:
    """No other open line of the amount has a name that begins, or is begun by, the pair's own."""
    names = {
        end: side.lines.drop_nulls("name").select("id", "amount", "day", pl.col("name").hash().alias("key"), "name")
        for side, end in ((work.book, "left"), (work.bank, "right"))
    }
    own = {end: frame.join(pairs.select(pl.col(end).alias("id")), on="id", how="semi") for end, frame in names.items()}
    columns = ["id", "amount", "day", "key"]
    whole = {end: frame.select(columns) for end, frame in names.items()}
    kept = {end: frame.select(columns) for end, frame in own.items()}
    for left, right, end in (
        (_begun(own["left"]), whole["right"], "left"),
        (kept["left"], _begun(names["right"]), "left"),
        (_begun(names["left"]), kept["right"], "right"),
        (whole["left"], _begun(own["right"]), "right"),
    ):
        cut = near(meet(left, right, ["amount", "key"]), work)
        cut = with_numbers(cut, work).filter(~pl.col("conflict"))
        pairs = pairs.join(cut.select(end).unique(), on=end, how="anti")
    return pairs


def _begun(names: pl.DataFrame) -> pl.DataFrame:
    """Every proper beginning of the names, from two characters: ``id, amount, day, key``."""
    longest = max(names["name"].str.len_chars().to_list(), default=0)
    parts = [
        names.filter(pl.col("name").str.len_chars() > length).select(
            "id", "amount", "day", pl.col("name").str.slice(0, length).hash().alias("key")
        )
        for length in range(2, longest)
    ]
    return pl.concat([names.select("id", "amount", "day", "key").clear(), *parts])


def _without_parts(pairs: pl.DataFrame, found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Neither line of a pair may be a part of a larger line of its party, or have parts of its own.

    Only lines without a pair of their own are looked at: these are what needs an explanation.
    """
    named = [
        side.parties.filter(~pl.col("party").str.starts_with("@"))
        .select("id", "key")
        .join(side.lines.select("id", "amount", "day"), on="id")
        for side in (work.book, work.bank)
    ]
    loose = [
        frame.join(found.select(pl.col(end).alias("id")), on="id", how="anti")
        for frame, end in zip(named, ("left", "right"), strict=True)
    ]
    keyed = pairs.select("left", "right", "amount", "day", "day_bank").join(
        named[0].select(pl.col("id").alias("left"), "key"), on="left"
    )
    keyed = keyed.join(pl.concat([frame.select("key") for frame in loose]).unique(), on="key", how="semi")
    if keyed.is_empty():
        return pairs
    rows: tuple[dict[int, list[tuple[int, int]]], ...] = (defaultdict(list), defaultdict(list))
    wanted = keyed.select("key").unique()
    for listed, frame in zip(rows, loose, strict=True):
        for key, amount, day in frame.join(wanted, on="key", how="semi").select("key", "amount", "day").iter_rows():
            listed[key].append((amount, day))
    spread = work.windows.near + work.windows.slack
    bad = []
    for left, amount, day, key in keyed.select("left", "amount", "day", "key").iter_rows():
        book, bank = (
            [own for own, its in listed.get(key, ()) if (own > 0) == (amount > 0) and abs(its - day) <= spread]
            for listed in rows
        )
        if _may_be_part(amount, book, bank) or _may_be_part(amount, bank, book):
            bad.append(left)
    return pairs.filter(~pl.col("left").is_in(bad))


def _may_be_part(amount: int, whole: list[int], parts: list[int]) -> bool:
    """The amount and some parts make up one of the wholes, or some parts make up the amount."""
    if len(parts) > PARTS_MAX or len(whole) > PARTS_MAX:
        return True
    if sum_of_some(parts, amount):
        return True
    return any(abs(one) > abs(amount) and sum_of_some(parts, one - amount, least=1) for one in whole)


def by_class(work: Work) -> None:
    """Equal counts of lines that cannot be told apart."""
    found = pairs_of(candidates(work))
    if found.is_empty():
        return
    # the neighbours of a line, as a number that does not depend on their order
    for end, other in (("left", "right"), ("right", "left")):
        found = found.with_columns(
            pl.len().over(end).alias(f"degree_{end}"), pl.col(other).hash(7).sum().over(end).alias(f"met_{end}")
        )
    groups = found.group_by("met_left").agg(
        pl.col("left").n_unique().alias("book_lines"),
        pl.col("right").n_unique().alias("bank_lines"),
        pl.len().alias("pairs"),
        pl.col("degree_left").n_unique().alias("degrees"),
        pl.col("degree_right").max().alias("most"),
        pl.col("met_right").n_unique().alias("books_met"),
        pl.col("amount").first(),
        pl.col("amount").n_unique().alias("amounts"),
        (pl.col("day_bank").max() - pl.col("day_bank").min()).alias("spread_bank"),
        (pl.col("day").max() - pl.col("day").min()).alias("spread_book"),
        pl.col("days").min().alias("days"),
    )
    n = pl.col("book_lines")
    groups = groups.filter(
        n >= 2,
        pl.col("bank_lines") == n,
        pl.col("pairs") == n * n,
        pl.col("most") == n,
        pl.col("degrees") == 1,
        pl.col("books_met") == 1,
        pl.col("amounts") == 1,
        pl.max_horizontal("spread_bank", "spread_book") <= work.windows.class_spread,
    )
    inside = found.join(groups.select("met_left"), on="met_left", how="semi")
    alike = [
        inside.select("met_left", pl.col(end).alias("id"))
        .unique()
        .join(
            work.side(side).lines.select("id", pl.struct("day", "name", "account", "customer", "kind").alias("seen")),
            on="id",
        )
        .group_by("met_left")
        .agg((pl.col("seen").n_unique() == 1).alias(f"alike_{side}"))
        for side, end in (("book", "left"), ("bank", "right"))
    ]
    groups = (
        groups.join(alike[0], on="met_left")
        .join(alike[1], on="met_left")
        .filter(pl.col("alike_book") | pl.col("alike_bank"))
    )
    first = (
        found.join(groups, on="met_left", how="semi")
        .group_by("met_left")
        .agg(pl.struct("left", "right").min().alias("pair"))
        .unnest("pair")
    )
    single = _without_cut_names(first.join(found, on=["left", "right"], how="left", suffix="_"), work)
    single = _without_parts(single, found, work)
    groups = groups.join(single, on="met_left", how="semi")
    keys = found.join(groups, on="met_left", how="semi").group_by("met_left").agg(pl.col("key").min())
    name = pl.col("met_left").cast(pl.String).alias("group")
    items = pl.concat(
        [
            found.join(groups, on="met_left", how="semi")
            .select(name, pl.lit(side).alias("side"), pl.col(end).alias("id"))
            .unique()
            for side, end in (("book", "left"), ("bank", "right"))
        ]
    )
    work.take(
        "class",
        groups.join(keys, on="met_left").select(
            name, "key", pl.col("amount").abs(), "book_lines", "bank_lines", "days"
        ),
        items,
    )
