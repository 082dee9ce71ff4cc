"""Bank collection (托收): what was sent to the bank, and which of it has come back.

Bills travel to the bank in batches and are locked until the bank answers: with
money (收回) or without (退票). An item is a bill of a batch; it is answered once.
Pure functions over frames. Rules: domain §3 E16, §9.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

ITEMS: dict[str, pl.DataType] = {
    "item": pl.Int64(),
    "batch": pl.String(),
    "customer": pl.String(),
    "bill_month": pl.String(),
    "document": pl.String(),
    "amount": pl.Int64(),
    "bank": pl.String(),
}
"""One row per bill sent, in the order it was sent; ``document`` is the bill number (null
where the file gave none and the bill is no longer open), ``amount`` fen."""


def sent(batches: pl.DataFrame, opening: pl.DataFrame, levies: Sequence[str]) -> pl.DataFrame:
    """Items (:data:`ITEMS`) of the batches (rows of ``collection_batch``) and of the opening
    bills that were with the bank at the cut-over (rows of ``opening_bills`` with a ``batch``)."""
    underway = opening.filter((pl.col("status") == "open") & pl.col("batch").is_not_null()).with_columns(
        amount=pl.sum_horizontal(pl.col(name).fill_null(0) for name in ("net", *levies, "tax_line"))
    )
    columns = ["batch", "customer", "bill_month", pl.col("bill_no").alias("document"), "amount", "bank"]
    return (
        pl.concat([underway.select(columns), batches.select(columns)])
        .with_row_index("item")
        .with_columns(pl.col("item").cast(pl.Int64))
    )


def numbered(items: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    """Items with the bill number they did not name: the open bill of that customer and month, of
    several the one with the item's amount. ``bills``: ``customer, bill_month, document, gross``."""
    own = (
        items.join(bills.rename({"document": "_bill"}), on=["customer", "bill_month"], how="inner")
        .sort("item", pl.col("gross") != pl.col("amount"), "_bill")
        .unique("item", keep="first", maintain_order=True)
        .select("item", "_bill")
    )
    return (
        items.join(own, on="item", how="left", maintain_order="left")
        .with_columns(document=pl.coalesce("document", "_bill"))
        .drop("_bill")
    )


def pair(results: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The items each result may mean: rows of ``result`` (its place) and ``item``.

    ``results``: ``batch, customer, bill_month, bill_no`` (the last two may be null).
    """
    meant = results.select("batch", "customer", pl.col("bill_month").alias("_month"), "bill_no").with_row_index(
        "result"
    )
    return (
        meant.join(items, on=["batch", "customer"], how="inner", maintain_order="left_right")
        .filter(
            pl.col("bill_no").is_null() | pl.col("document").is_null() | (pl.col("bill_no") == pl.col("document")),
            pl.col("_month").is_null() | (pl.col("_month") == pl.col("bill_month")),
        )
        .select("result", "item")
    )


def answered(items: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Items with ``answered``: whether a result stands for them."""
    found = pair(results, items).unique("result", keep="first", maintain_order=True)["item"]
    return items.with_columns(answered=pl.col("item").is_in(found.implode()))
