"""Matches that later lines made doubtful: kept, and flagged with the line that would have been a rival.

A match is a fact and stands. But where a line now open carries what decided the match (its
number and amount, or its party and amount near in time), a second look at the whole would
not have made it, and a person should.
"""

from __future__ import annotations

import polars as pl

from ledger.reconcile.classes import load_classes
from ledger.reconcile.sides import prepare
from ledger.reconcile.stages.parties import unspoiled
from ledger.reconcile.work import Rules, Windows, Work, edges, near

DOUBTS: dict[str, pl.DataType] = {
    "match_id": pl.Int64(),
    "stage": pl.String(),
    "side": pl.String(),
    "ref": pl.String(),
    "rival": pl.String(),
}
"""``ref``, of ``side``, is open and has as good a claim as the line ``rival`` in the match."""


def doubtful(book: pl.DataFrame, bank: pl.DataFrame, matches: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The doubts about active matches.

    Args:
        book: all lines of the account, matched and open (``frames.LINES``).
        bank: the same of the bank.
        matches: the active matches, ``match_id, stage``.
        items: their items (``frames.ITEMS``).
    """
    sides = prepare(book, bank, load_classes())
    work = Work(*sides, Windows(), load_classes(), Rules())
    members = items.join(matches.select("match_id", "stage"), on="match_id").filter(
        pl.col("match_id").is_in(
            items.group_by("match_id")
            .agg(pl.col("side").n_unique().alias("sides"))
            .filter(pl.col("sides") == 2)["match_id"]
            .implode()
        )
    )
    taken = {}
    for side, end in (("book", "left"), ("bank", "right")):
        taken[end] = (
            members.filter(pl.col("side") == side)
            .join(work.side(side).lines.select("id", "ref"), on="ref")
            .select(pl.col("id").alias(end), "match_id", "stage")
        )
    every = {side: items.filter(pl.col("side") == side).select("ref") for side in ("book", "bank")}
    refs = {
        end: work.side(side).lines.select(pl.col("id").alias(end), "ref")
        for side, end in (("book", "left"), ("bank", "right"))
    }
    windows = work.windows
    by_number = edges(*sides, "numbers").filter(
        pl.col("days").is_between(-windows.reference_before, windows.reference_after)
    )
    by_party = unspoiled(near(edges(*sides, "parties"), work), work)
    found = [pl.DataFrame(schema=DOUBTS)]
    for pairs, stages in ((by_number, ("reference", "slip")), (by_party, ("party", "class", "amount"))):
        for end, other, side in (("left", "right", "bank"), ("right", "left", "book")):
            open_refs = refs[other].join(every[side], on="ref", how="anti")
            claims = (
                pairs.select(end, other)
                .unique()
                .join(taken[end].filter(pl.col("stage").is_in(stages)), on=end)
                .join(open_refs, on=other)
                .join(refs[end].rename({"ref": "rival"}), on=end)
            )
            found.append(claims.select("match_id", "stage", pl.lit(side).alias("side"), "ref", "rival"))
    return pl.concat(found).unique().sort("match_id", "side", "ref", "rival")
