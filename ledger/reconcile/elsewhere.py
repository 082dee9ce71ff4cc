"""What is open in the other bank accounts of the book: a receipt booked to the wrong one (串户) is open in both.

A wrong account makes no difference between the adjusted balances, it is an item in either table.
So the partner is looked for across accounts and shown as a suspicion, never taken: a match is
of one account (``reconciliation.md`` §4, WRONG_ACCOUNT).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from ledger.book import Bank, Book
from ledger.i18n import _
from ledger.reconcile.loaded import load
from ledger.storage.engine import Session

OPEN: dict[str, pl.DataType] = {
    "bank": pl.String(),
    "side": pl.String(),
    "ref": pl.String(),
    "date": pl.Date(),
    "amount": pl.Int64(),
}
"""Open lines of an account; ``bank`` its short name, ``amount`` signed fen."""
NEAR = 31
"""Days within which lines of two accounts may be one event."""


def open_at(
    session: Session, book_id: int, book: Book, bank: Bank, cutoff: date, known_at: str | None = None
) -> pl.DataFrame:
    """What an account has open at a day (``OPEN``)."""
    return open_of(bank, load(session, book_id, bank, cutoff, known_at=known_at).adjusted(book, cutoff).items)


def open_of(bank: Bank, items: pl.DataFrame) -> pl.DataFrame:
    """The items of a table (R14) as open lines."""
    inflow = pl.col("category").str.contains("_in_")
    return items.select(
        pl.lit(bank.short).alias("bank"),
        pl.col("category").str.slice(0, 4).alias("side"),
        "ref",
        "date",
        pl.when(inflow).then("amount").otherwise(-pl.col("amount")).alias("amount"),
    )


def open_elsewhere(
    session: Session, book_id: int, book: Book, bank: Bank, cutoff: date, known_at: str | None = None
) -> pl.DataFrame:
    """The same of all accounts but one."""
    others = [open_at(session, book_id, book, one, cutoff, known_at) for one in book.banks if one.code != bank.code]
    return pl.concat([pl.DataFrame(schema=OPEN), *others])


def partners(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Lines (``side, ref, date, amount`` and more) with the one line of another account that may be theirs.

    ``other`` (account and ref) and ``days`` are added. Only where the amount is open once on this side
    and once on the opposite side elsewhere, and on this account's own opposite side not at all: a common
    amount says nothing.
    """
    turned = pl.when(pl.col("side") == "book").then(pl.lit("bank")).otherwise(pl.lit("book"))
    keys = ["side", "amount"]
    theirs = others.select(
        turned.alias("side"),
        "amount",
        pl.col("date").alias("its_date"),
        pl.format("{} {}", "bank", "ref").alias("other"),
    )
    own = lines.select(turned.alias("side"), "amount")
    found = (
        lines.filter(pl.col("amount") != 0, pl.len().over(*keys) == 1)
        .join(own, on=keys, how="anti")
        .join(theirs.filter(pl.len().over(*keys) == 1), on=keys)
        .with_columns((pl.col("its_date") - pl.col("date")).dt.total_days().abs().alias("days"))
    )
    return found.filter(pl.col("days") <= NEAR).drop("its_date")


def suspicion(line: Mapping[str, Any], side: str, opened: pl.DataFrame, others: pl.DataFrame) -> str:
    """The clause about a line of ``opened`` (both sides of its account), empty where there is no such partner."""
    found = partners(opened, others).filter(pl.col("side") == side, pl.col("ref") == line["ref"])
    if found.is_empty():
        return ""
    return _(";另一账户 {other} 有同额未达,疑为串户").format(other=found["other"][0])
