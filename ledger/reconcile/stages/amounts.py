"""An amount nobody else has: only by the book's own choice, for it is the weakest evidence of all."""

from __future__ import annotations

import polars as pl

from ledger.reconcile.stages.parties import unspoiled
from ledger.reconcile.work import Work, alone, edges, meet, near

ROUND = 1_000
"""Multiples of ten yuan are anybody's."""


def by_amount(work: Work, every: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Pairs of an amount that stands once on each side among all lines (matched ones too) near in time.

    ``every``: all lines of both sides, ``amount``. No number, account or name may contradict.
    """
    if not work.rules.unique_amount:
        return
    crowded = [frame.group_by("amount").len().filter(pl.col("len") > 1) for frame in every]
    sides = []
    for side in (work.book, work.bank):
        lines = side.lines.filter(pl.col("amount") % ROUND != 0, ~pl.col("said")).select("id", "amount", "day")
        for many in crowded:
            lines = lines.join(many, on="amount", how="anti")
        sides.append(lines)
    found = near(meet(sides[0], sides[1], ["amount"]), work).filter(pl.col("days").abs() <= work.windows.amount)
    names = [
        side.lines.select(pl.col("id").alias(end), "name") for side, end in ((work.book, "left"), (work.bank, "right"))
    ]
    named = alone(unspoiled(found, work)).join(names[0], on="left").join(names[1], on="right", suffix="_bank")
    # a name that is only the beginning of ours is as likely a stranger's
    told = pl.col("name").is_null() | pl.col("name_bank").is_null() | (pl.col("name") == pl.col("name_bank"))
    # what has a party in common was judged by it, and was left open for a reason
    judged = edges(work.book, work.bank, "parties").select("left", "right")
    named = named.filter(told).join(judged, on="left", how="anti").join(judged, on="right", how="anti")
    work.take_pairs("amount", named.select("left", "right"))
