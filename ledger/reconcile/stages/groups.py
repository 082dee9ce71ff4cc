"""All open lines of one number on both sides, sums equal: a batch and its credit, a receipt in parts."""

from __future__ import annotations

import polars as pl

from ledger.reconcile.work import Work


def by_group(work: Work) -> None:
    """The sums decide; no line may belong to two such groups.

    A number stands for its base too, but slips 1 and 2 are not slips 3 and 4 of the same trip:
    one side must carry the number itself. Lines against the direction of the group are in it
    only where the bank says that it takes something back.
    """
    sides = {side: _lines(work, side) for side in ("book", "bank")}
    sums = [
        frame.group_by("key").agg(
            pl.col("amount").sum().alias(f"sum_{side}"),
            pl.len().alias(f"count_{side}"),
            pl.col("day").min().alias(f"from_{side}"),
            pl.col("day").max().alias(f"to_{side}"),
            pl.col("amount").filter(~pl.col("said")).sign().n_unique().alias(f"ways_{side}"),
            pl.col("exact").all().alias(f"exact_{side}"),
            # one number for the set of lines, whatever their order: sums of ids and of their squares
            pl.col("id").cast(pl.UInt64).sum().alias(f"ids_{side}"),
            (pl.col("id").cast(pl.UInt64) ** 2).sum().alias(f"squares_{side}"),
            pl.col("number").min().alias(f"number_{side}"),
        )
        for side, frame in sides.items()
    ]
    windows = work.windows
    groups = (
        sums[0]
        .join(sums[1], on="key")
        .filter(
            pl.col("sum_book") == pl.col("sum_bank"),
            pl.col("count_book") + pl.col("count_bank") > 2,
            pl.col("exact_book") | pl.col("exact_bank"),
            pl.col("ways_book") == 1,
            pl.col("ways_bank") == 1,
            pl.col("from_bank") - pl.col("to_book") >= -windows.reference_before,
            pl.col("to_bank") - pl.col("from_book") <= windows.reference_after,
        )
        .with_columns(pl.min_horizontal("number_book", "number_bank").alias("number"))
    )
    # two numbers that name the very same lines (a batch and its file) are one group
    same = ["ids_book", "squares_book", "ids_bank", "squares_bank"]
    groups = groups.sort("number", "key").unique(same, keep="first", maintain_order=True)
    items = pl.concat(
        [
            frame.join(groups.select("key"), on="key", how="semi").select("key", pl.lit(side).alias("side"), "id")
            for side, frame in sides.items()
        ]
    ).unique()
    doubled = items.filter(pl.len().over("side", "id") > 1).select("key").unique()
    groups = groups.join(doubled, on="key", how="anti")
    work.take(
        "group",
        groups.select(
            pl.col("key").cast(pl.String).alias("group"),
            "number",
            pl.col("sum_book").abs().alias("amount"),
            pl.col("count_book").alias("book_lines"),
            pl.col("count_bank").alias("bank_lines"),
            (pl.col("to_bank") - pl.col("to_book")).alias("days"),
        ),
        items.join(groups, on="key", how="semi").with_columns(pl.col("key").cast(pl.String).alias("group")),
    )


def _lines(work: Work, side: str) -> pl.DataFrame:
    """``key, id, number, exact, amount, day, said`` of every number of a side and its base."""
    numbers = work.side(side).numbers.filter(~pl.col("weak"))
    bases = numbers.filter(pl.col("slip").is_not_null()).select(
        "id", pl.col("base").alias("key"), "number", pl.lit(value=False).alias("exact")
    )
    exact = numbers.select("id", "key", "number", pl.lit(value=True).alias("exact"))
    # a line that carries both a number and a slip of it carries the number
    keyed = pl.concat([exact, bases.join(exact, on=["id", "key"], how="anti")]).unique(["id", "key"])
    lines = work.side(side).lines.select("id", "amount", "day", pl.col("said") & (side == "bank"))
    return keyed.join(lines, on="id")
