"""What the plain-text exports share: months, amounts and safe text, by columns.

Journals of a million entries are written by polars expressions, never line by line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from ledger.calendar import Calendar

META: Final[Mapping[str, str]] = {
    "branch": "branch", "bank": "bank", "cashier": "cashier", "customer": "cust", "bill_month": "bill-month",
    "fund": "fund", "item": "item", "staff": "staff", "document": "doc",
}  # fmt: skip
"""Dimension of a line → its metadata key."""

HEAD_META: Final[Mapping[str, str]] = {
    "voucher": "voucher", "entry_id": "entry", "kind": "kind", "event": "event", "doc_no": "doc", "reverses": "reverses",
    "caused_by": "caused-by", "maker": "maker", "checker": "checker", "approver": "approver",
}  # fmt: skip
"""Column of an entry → its metadata key."""


def months(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day of every month that the span touches, cut at its ends."""
    start = first
    while start <= last:
        end = min(Calendar.month_end(start), last)
        yield start, end
        start = Calendar.month_end(start) + dt.timedelta(days=1)


def yuan(fen: pl.Expr) -> pl.Expr:
    """Fen → decimal text, ``-12.30``."""
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.format("{}{}.{}", sign, fen.abs() // 100, (fen.abs() % 100).cast(pl.String).str.zfill(2))


def red_letter() -> pl.Expr:
    """``debit`` or ``credit`` for a red-letter line (a negative in that column), else null."""
    return (
        pl.when(pl.col("debit") < 0)
        .then(pl.lit("debit"))
        .when(pl.col("credit") < 0)
        .then(pl.lit("credit"))
        .otherwise(None)
    )


def one_line(text: str) -> str:
    """Text of the book for a comment: no line breaks or control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
