"""Outstanding items by age at one month end after the other: is it getting better? Pure."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from ledger.book import Book
from ledger.calendar import Calendar
from ledger.reconcile.adjustment import BANDS
from ledger.reconcile.loaded import Loaded

MONTHS = 12
"""So many month ends are shown."""

AGEING: dict[str, pl.DataType] = {
    "date": pl.Date(),
    **{f"{band}_{what}": pl.Int64() for band in BANDS for what in ("count", "amount")},
    "count": pl.Int64(),
    "amount": pl.Int64(),
}
"""Per month end: count and sum (fen, both directions added up) of each band, and of all."""


def ageing(loaded: Loaded, book: Book, cutoff: date, *, months: int = MONTHS) -> pl.DataFrame:
    """The bands at the cut-off and the month ends before it, oldest first (``AGEING``).

    Months before the first line that moved or the cut-over are left out.
    """
    begun = [loaded.book_lines, loaded.bank_lines]
    moved = pl.concat([lines.filter(~pl.col("ref").str.starts_with("O"))["date"] for lines in begun])
    first = moved.min()
    days, day = [cutoff], cutoff.replace(day=1) - timedelta(days=1)
    while isinstance(first, date) and len(days) < months and day >= min(first, Calendar.month_end(first)):
        days.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    rows = []
    for end in reversed(days):
        items = loaded.adjusted(book, end).items
        row: dict[str, object] = {"date": end, "count": items.height, "amount": int(items["amount"].sum())}
        for band in BANDS:
            own = items.filter(pl.col("band") == band)
            row |= {f"{band}_count": own.height, f"{band}_amount": int(own["amount"].sum())}
        rows.append(row)
    return pl.DataFrame(rows, schema=AGEING)
