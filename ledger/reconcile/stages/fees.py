"""What a channel keeps back: gross − fee = net, exact to the fen.

The book line is the gross, the bank's the net. The number or the party must be
the same, and neither line may have a partner of its own amount. The fee is not
posted: it stays open as a bank line of its own until its voucher is there.
"""

from __future__ import annotations

import polars as pl

from ledger.reconcile.stages.parties import unspoiled
from ledger.reconcile.work import Work, alone, edges, near, with_numbers, with_parties


def by_fee(work: Work) -> None:
    """Each fee of the schedule; a pair that fits in two ways fits in none."""
    found = []
    for basis_points in work.rules.fees_basis_points:
        fee = fee_of(pl.col("amount"), basis_points)
        for keys in ("numbers", "parties"):
            pairs = near(edges(work.book, work.bank, keys, amount=pl.col("amount") - fee), work)
            found.append(
                pairs.select(
                    "left",
                    "right",
                    "amount",
                    "days",
                    "key",
                    pl.lit(basis_points).alias("basis_points"),
                    pl.lit(keys).alias("by"),
                )
            )
    if not found:
        return
    found = [frame.filter(pl.col("amount") > 0) for frame in found]
    net = _by_number_first(pl.concat(found))
    # a party is known by many names, but a payer who also has an amount of exactly this is no fee
    equal = pl.concat([edges(work.book, work.bank, keys).select("left", "right") for keys in ("numbers", "parties")])
    net = net.join(equal, on="left", how="anti").join(equal, on="right", how="anti")
    gross = work.book.lines.select(pl.col("id").alias("left"), pl.col("amount").alias("gross"))
    taken = alone(_unspoiled(net, work)).join(gross, on="left")
    taken = taken.filter(pl.col("gross") != pl.col("amount"))
    work.take_pairs(
        "fee",
        taken.select(
            "left",
            "right",
            "key",
            "by",
            "basis_points",
            pl.col("gross"),
            (pl.col("gross") - pl.col("amount")).alias("fee"),
        ),
    )


def _by_number_first(found: pl.DataFrame) -> pl.DataFrame:
    """Each pair once, by its number if it has one in common."""
    return found.sort("by", "basis_points", "key").group_by("left", "right", maintain_order=True).agg(pl.all().first())


def _unspoiled(net: pl.DataFrame, work: Work) -> pl.DataFrame:
    """What decides by its party must pass what parties must; a shared number may well decide here.

    With a number in common the bank's line may name another party where that is a channel, which pays
    what it collected in its own name (银联商务 for 银座商场).
    """
    numbered = with_parties(with_numbers(net.filter(pl.col("by") == "numbers"), work), work)
    channel = pl.col("party").fill_null("").str.contains_any(list(work.classes.words["settlement"]))
    channels = work.bank.lines.filter(channel).select(pl.col("id").alias("right"), pl.lit(value=True).alias("channel"))
    numbered = numbered.join(channels, on="right", how="left").filter(
        ~pl.col("conflict"), (pl.col("relation") != "other") | pl.col("channel").is_not_null()
    )
    numbered = numbered.select(net.columns)
    named = unspoiled(net.filter(pl.col("by") == "parties"), work).select(net.columns)
    return pl.concat([numbered, named])


def fee_of(gross: pl.Expr, basis_points: int) -> pl.Expr:
    """The fee on an amount, half up, fen."""
    return (gross * basis_points + 5_000) // 10_000
