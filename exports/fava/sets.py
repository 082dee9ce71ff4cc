"""What a book holds, as frames: batches (汇总) and, of one month, entries in full.

::

    month batches of the whole book ─┬─ months outside ──────────────────────────▶ batches
                                     └─ the month itself − its entries in full ──▶ one batch: the rest
    entries of the month (and branch) ──▶ lines; more than LIMIT ──▶ day batches

Every fen of the book is in exactly one of them, whatever is shown in full, so that the
balances of a book are the ledger's. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from exports.fava.books import View
from ledger import views
from ledger.calendar import Calendar
from ledger.storage import journal_sql, room_sql
from ledger.storage.engine import Session
from ledger.views import DATE, FEN, LINE_SCHEMA, TEXT

LIMIT: Final = 10_000
"""Entries of a book, of whatever kind: what Fava and a browser bear (design: 30 MB on an account page)."""

LINES_LIMIT: Final = 40_000
"""Lines of the entries in full: about a second of loading."""

_OTHERS: Final = 2_000
"""Room that is kept for batches, accounts and balances beside the entries in full."""

OPEN_MONTHS: Final = 3
"""So many of the newest months that are not closed are shown by day in the overview."""

REST: Final = "rest"
"""The kind of a batch that holds what is not shown in full of a month."""

ALL: Final = "all"
"""The kind of a batch of a whole month, where batches by kind would be too many."""

SUMS: Final = {"date": DATE, "kind": TEXT, "account": TEXT, "branch": TEXT, "debit": FEN, "credit": FEN}
COUNTS: Final = {"date": DATE, "kind": TEXT, "count": FEN}
HEADS: Final = {**{name: LINE_SCHEMA[name] for name in room_sql.HEAD_COLUMNS}, "voucher": TEXT, "flag": TEXT}
LINES: Final = {name: LINE_SCHEMA[name] for name in room_sql.LINE_COLUMNS}


@dataclass(frozen=True, slots=True)
class Sets:
    """The content of a book.

    ``batches``: ``date, kind, account, branch, debit, credit``, one entry per date and kind;
    ``counts``: ``date, kind, count``, how many entries of the journal are in one; ``heads`` and ``lines``:
    the entries in full (:data:`HEADS`, :data:`LINES`), both by ``entry_id``; ``closing``: what every
    account must come to (``account, closing``); ``cut``: too many entries, days are shown instead.
    """

    state: views.State
    first: dt.date
    last: dt.date
    batches: pl.DataFrame
    counts: pl.DataFrame
    heads: pl.DataFrame
    lines: pl.DataFrame
    closing: pl.DataFrame
    cut: bool = False
    used: frozenset[str] = field(default_factory=frozenset)


def read(session: Session, book_id: int, view: View, cutover: dt.date) -> Sets:
    """The content of a book, of one snapshot."""
    state = views.state(session, book_id)
    first, last = views.dates(session, book_id) or (cutover, cutover)
    sums, counts = _months(session, book_id)
    closing = sums.group_by("account").agg(closing=(pl.col("debit") - pl.col("credit")).sum()).sort("account")
    heads, lines, cut = pl.DataFrame(schema=HEADS), pl.DataFrame(schema=LINES), False
    if view.month is None:
        start = _open_since(session, book_id, last)
        batches, counts = _by_day(session, book_id, sums, counts, start, last)
    else:
        month, end = view.month, Calendar.month_end(view.month)
        entries, count = _want(session, book_id, view, month, end)
        cut = entries > LIMIT - _OTHERS or count > LINES_LIMIT
        if cut:
            days, day_counts = _wanted_days(session, book_id, view, month, end)
            batches, counts = _around(sums, counts, month, days, days, day_counts, 0)
        else:
            heads, lines = _in_full(session, book_id)
            shown = lines.with_columns(pl.col("branch").fill_null(""))
            none = pl.DataFrame(schema=SUMS), pl.DataFrame(schema=COUNTS)
            batches, counts = _around(sums, counts, month, shown, *none, len(heads))
    batches, counts = _within_limit(batches, counts, len(heads))
    used = frozenset(batches["account"]) | frozenset(lines["account"])
    return Sets(state, first, last, batches, counts, heads, lines, closing, cut=cut, used=used)


def _months(session: Session, book_id: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every month by kind of batch, dated the last day it has, and how many entries that is."""
    schema = {"month": TEXT, "kind": TEXT, "account": TEXT, "branch": TEXT, "date": DATE, "debit": FEN, "credit": FEN}
    sums = session.frame(room_sql.MONTHS, schema, book_id=book_id)
    sums = sums.with_columns(pl.col("date").max().over("month", "kind"))
    counts = session.frame(room_sql.MONTH_COUNTS, {"month": TEXT, "kind": TEXT, "count": FEN}, book_id=book_id)
    dated = sums.select("month", "kind", "date").unique()
    counts = counts.join(dated, on=["month", "kind"], how="inner").select(*COUNTS)
    return sums.select(*SUMS), counts


def _open_since(session: Session, book_id: int, last: dt.date) -> dt.date:
    """First day of the months that the overview shows by day: not closed, the newest, at most :data:`OPEN_MONTHS`."""
    closed = {period for period, branch in journal_sql.closed_periods(session, book_id) if not branch}
    start = last.replace(day=1)
    for _month in range(OPEN_MONTHS - 1):
        before = (start - dt.timedelta(days=1)).replace(day=1)
        if f"{before:%Y-%m}" in closed:
            break
        start = before
    return start


def _by_day(
    session: Session, book_id: int, sums: pl.DataFrame, counts: pl.DataFrame, start: dt.date, end: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Month batches before ``start``, day batches from then on."""
    days, day_counts = _days(session, book_id, start, end)
    before = pl.col("date") < start
    return pl.concat([sums.filter(before), days]), pl.concat([counts.filter(before), day_counts])


def _days(session: Session, book_id: int, start: dt.date, end: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    return (
        session.frame(room_sql.DAYS, SUMS, book_id=book_id, start=start, end=end),
        session.frame(room_sql.DAY_COUNTS, COUNTS, book_id=book_id, start=start, end=end),
    )


def _want(session: Session, book_id: int, view: View, start: dt.date, end: dt.date) -> tuple[int, int]:
    """Want the entries of a month, of one branch or of all; gives how many, and how many lines they have."""
    asked = {"book_id": book_id, "start": start, "end": end}
    schema = {"entry_id": FEN, "lines": FEN}
    if view.branch is None:
        found = session.frame(room_sql.PERIOD_ENTRIES, schema, **asked)
    else:
        found = session.frame(room_sql.BRANCH_ENTRIES, schema, **asked, branch=view.branch)
    session.want("entry", found["entry_id"])
    return len(found), int(found["lines"].sum())


def _in_full(session: Session, book_id: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Heads and lines of the wanted entries."""
    schema = {name: LINE_SCHEMA[name] for name in room_sql.HEAD_COLUMNS}
    heads = session.frame(room_sql.WANTED_HEADS, schema, book_id=book_id).with_columns(voucher=views.voucher())
    return views.flagged(session, book_id, heads), session.frame(room_sql.WANTED_LINES, LINES, book_id=book_id)


def _wanted_days(
    session: Session, book_id: int, view: View, start: dt.date, end: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same as days: of a branch by the kinds of their documents, of all by those of their batches."""
    if view.branch is None:
        return _days(session, book_id, start, end)
    return (
        session.frame(room_sql.WANTED_DAYS, SUMS, book_id=book_id),
        session.frame(room_sql.WANTED_COUNTS, COUNTS, book_id=book_id),
    )


def _around(
    sums: pl.DataFrame,
    counts: pl.DataFrame,
    month: dt.date,
    shown: pl.DataFrame,
    days: pl.DataFrame,
    day_counts: pl.DataFrame,
    entries: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Batches around a month: the other months, the days shown of it, and the rest of it."""
    inside = pl.col("date").dt.truncate("1mo") == month
    own = sums.filter(inside)
    if own.is_empty():
        return sums, counts
    keys = ["account", "branch"]
    minus = shown.select(*keys, debit=-pl.col("debit"), credit=-pl.col("credit"))
    rest = (
        pl.concat([own.select(*keys, "debit", "credit"), minus])
        .group_by(keys)
        .agg(pl.col("debit", "credit").sum())
        .filter((pl.col("debit") != 0) | (pl.col("credit") != 0))
        .with_columns(pl.lit(own["date"].max(), DATE).alias("date"), kind=pl.lit(REST))
        .select(*SUMS)
        .sort(keys)
    )
    left = int(counts.filter(inside)["count"].sum()) - entries - int(day_counts["count"].sum())
    rest_count = pl.DataFrame({"date": [own["date"].max()], "kind": [REST], "count": [left]}, schema=COUNTS)
    return (
        pl.concat([sums.filter(~inside), days, rest]),
        pl.concat([counts.filter(~inside), day_counts, rest_count]),
    )


def _within_limit(batches: pl.DataFrame, counts: pl.DataFrame, entries: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where batches by kind would be too many (decades of months), one per month."""
    if entries + batches.select("date", "kind").n_unique() <= LIMIT - _OTHERS // 2:
        return batches, counts
    month = pl.col("date").dt.month_end()
    whole = [month.alias("date"), pl.lit(ALL).alias("kind")]
    keys = ["date", "kind", "account", "branch"]
    return (
        batches.with_columns(whole).group_by(keys).agg(pl.col("debit", "credit").sum()).sort(keys).select(*SUMS),
        counts.with_columns(whole).group_by("date", "kind").agg(pl.col("count").sum()).select(*COUNTS),
    )
