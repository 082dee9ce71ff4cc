"""One number and one amount, once on each side.

``reference``: the same number. ``slip``: the same base number (a trip of several slips).
A number that stands on a whole batch decides for a pair only where no sum of the
batch's other lines is as good. Two different parties weaken it: then no other line may have
a claim by its party, for a misread number often hits another's.
"""

from __future__ import annotations

import polars as pl

from ledger.reconcile.stages.parties import fitting
from ledger.reconcile.stages.sums import sum_of_some
from ledger.reconcile.work import Work, alone, edges, meet, near, pairs_of, with_numbers, with_parties

BATCH_MAX = 16
"""A number with more lines on one side is a batch: a single pair out of it proves nothing."""


def by_number(work: Work) -> None:
    """The number itself."""
    _take(work, "reference", _within(edges(work.book, work.bank, "numbers"), work))


def by_slip(work: Work) -> None:
    """The base of a slip's number, where neither line names another slip."""
    sides = [
        side.numbers.filter(~pl.col("weak"))
        .select("id", pl.col("base").alias("key"))
        .unique()
        .join(side.lines.select("id", "amount", "day"), on="id")
        for side in (work.book, work.bank)
    ]
    slips = (
        pl.concat([side.numbers.select(pl.col("slip").alias("key")) for side in (work.book, work.bank)])
        .drop_nulls()
        .unique()
    )
    found = meet(sides[0].join(slips, on="key", how="semi"), sides[1], ["key", "amount"])
    found = with_numbers(_within(found, work), work).filter(~pl.col("conflict"))
    _take(work, "slip", found)


def by_weak_number(work: Work) -> None:
    """Digits without their letters, or behind letters the bank put before them: with no contradiction at all."""
    sides = [
        side.numbers.select("id", "key", "weak").join(side.lines.select("id", "amount", "day"), on="id")
        for side in (work.book, work.bank)
    ]
    found = meet(sides[0], sides[1], ["key", "amount"]).filter(~(pl.col("weak") & pl.col("weak_bank")))
    found = with_parties(with_numbers(near(found, work), work), work)
    _take(work, "reference", found.filter(~pl.col("conflict"), pl.col("relation") != "other").drop("relation"))


def _within(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    return found.filter(pl.col("days").is_between(-work.windows.reference_before, work.windows.reference_after))


def _take(work: Work, stage: str, found: pl.DataFrame) -> None:
    if found.is_empty():
        return
    pairs = with_parties(pairs_of(found.sort("left", "right", "key")), work)
    single = alone(pairs)
    # of several lines with this number the one of the same party, if all others are of other parties
    crowd = pairs.join(single, on=["left", "right"], how="anti")
    best = alone(crowd.filter(pl.col("relation") != "other")).filter(pl.col("relation") == "same")
    single = pl.concat([single, best])
    single = _without_claims(single, work)
    work.take_pairs(stage, _whole_numbers(single, work).select("left", "right", "key"))


def _without_claims(pairs: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Pairs of two different parties only where no other line has the party and the amount of either.

    And only as near in time, and paid in the same way, as a party would have to be: the payer may
    be another than the customer, but a misread number looks the same.
    """
    doubtful = pairs.filter(pl.col("relation") == "other")
    if doubtful.is_empty():
        return pairs
    book = work.book.only(doubtful.select(pl.col("left").alias("id")))
    bank = work.bank.only(doubtful.select(pl.col("right").alias("id")))
    claims = [
        near(edges(*sides, "parties"), work).select("left", "right") for sides in ((book, work.bank), (work.book, bank))
    ]
    claimed = [frame[end].unique().implode() for frame, end in zip(claims, ("left", "right"), strict=True)]
    unclaimed = doubtful.filter(~pl.col("left").is_in(claimed[0]), ~pl.col("right").is_in(claimed[1]))
    kept = fitting(near(unclaimed, work), work)
    return pl.concat([pairs.filter(pl.col("relation") != "other"), kept.select(pairs.columns)])


def _whole_numbers(pairs: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Pairs whose number has no other lines, or none whose sum would do as well."""
    keys = pairs.select("left", "right", "key")
    lines = []
    for side, end in (("book", "left"), ("bank", "right")):
        numbers = work.side(side).numbers.filter(~pl.col("weak"))
        named = pl.concat([numbers.select("id", "key"), numbers.select("id", pl.col("base").alias("key"))]).unique()
        named = named.join(keys.select("key").unique(), on="key", how="semi")
        lines.append(named.join(work.side(side).lines.select("id", "amount"), on="id").rename({"id": end}))
    counts = [frame.group_by("key").len(name) for frame, name in zip(lines, ("book_lines", "bank_lines"), strict=True)]
    paired = keys.group_by("key").len("pairs")
    numbered = paired.join(counts[0], on="key", how="left").join(counts[1], on="key", how="left")
    uneven = numbered.filter(
        (pl.max_horizontal("book_lines", "bank_lines") > 2)
        & ~((pl.col("book_lines") == pl.col("bank_lines")) & (pl.col("pairs") == pl.col("book_lines")))
    )
    if uneven.is_empty():
        return pairs
    listed = [
        dict(frame.join(uneven, on="key", how="semi").group_by("key").agg(pl.struct(end, "amount")).iter_rows())
        for frame, end in zip(lines, ("left", "right"), strict=True)
    ]
    bad = []
    for row in pairs.join(uneven, on="key", how="semi").select("left", "right", "key", "amount").iter_rows(named=True):
        for end, rows in (("left", listed[0][row["key"]]), ("right", listed[1][row["key"]])):
            others = [one["amount"] for one in rows if one[end] != row[end]]
            if len(others) > BATCH_MAX or sum_of_some(others, row["amount"]):
                bad.append(row["left"])
    return pairs.filter(~pl.col("left").is_in(bad))
