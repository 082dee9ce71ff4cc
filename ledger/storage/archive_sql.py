"""SQL of the archive list (ledger.archives): vouchers of a month and whose hands they went through."""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.storage.engine import Session
from ledger.storage.view_sql import sealed


def vouchers(
    session: Session, book_id: int, start: dt.date, end: dt.date
) -> list[tuple[str, int, int, int, dt.date, dt.date]]:
    """Per voucher type, of the entries of these days: ``(vtype, first number, last number, how many, first date, last date)``."""
    rows = session.rows(
        f"""SELECT e.vtype, min(e.vno), max(e.vno), count(*), min(e.date), max(e.date) FROM entry e
            WHERE e.book_id = :book_id AND e.period = :period AND e.date BETWEEN :start AND :end AND {sealed("e")}
            GROUP BY e.vtype ORDER BY e.vtype""",
        book_id=book_id,
        period=f"{end:%Y-%m}",
        start=start,
        end=end,
    )
    day = dt.date.fromisoformat
    return [(str(t), int(a), int(b), int(n), day(str(f)), day(str(u))) for t, a, b, n, f, u in rows]


def hands(session: Session, book_id: int, period: str) -> tuple[list[str], list[str]]:
    """Who entered the month's batches, and who accepted them."""
    rows = session.rows(
        """SELECT b.operator, a.operator FROM batch b
           LEFT JOIN fact f ON f.book_id = b.book_id AND f.kind = 'acceptance' AND f.doc_no = CAST(b.batch_id AS text)
           LEFT JOIN batch a ON a.book_id = f.book_id AND a.batch_id = f.batch_id
           WHERE b.book_id = :book_id AND b.entries > 0 AND EXISTS (
               SELECT 1 FROM entry e WHERE e.book_id = b.book_id AND e.entry_id >= b.first_entry
                 AND e.entry_id < b.first_entry + b.entries AND e.period = :period)""",
        book_id=book_id,
        period=period,
    )
    return sorted({str(maker) for maker, _taker in rows}), sorted(
        {str(taker) for _maker, taker in rows if taker is not None}
    )


def source(session: Session, book_id: int, sha256: str) -> bytes:
    """The bytes of a kept source file.

    Raises:
        KeyError: none of that hash is kept.
    """
    rows = session.rows("SELECT bytes FROM source_file WHERE book_id = :b AND sha256 = :s", b=book_id, s=sha256)
    if not rows:
        raise KeyError(sha256)
    return bytes(rows[0][0])


def batches(session: Session, book_id: int, start: dt.date, end: dt.date) -> set[int]:
    """The sealed batches with lines of these days."""
    rows = session.rows(
        "SELECT DISTINCT batch_id FROM balance_delta WHERE book_id = :b AND date BETWEEN :start AND :end",
        b=book_id,
        start=start,
        end=end,
    )
    return {int(row[0]) for row in rows}


def entered(session: Session, book_id: int) -> pl.DataFrame:
    """Per batch of entries: ``entry_id`` its first one, ``batch``, ``entered_by``, ``entered_at`` (UTC), by first entry."""
    return session.frame(
        """SELECT first_entry AS entry_id, batch_id AS batch, operator AS entered_by, recorded_at AS entered_at
           FROM batch WHERE book_id = :book_id AND entries > 0 ORDER BY first_entry""",
        {"entry_id": pl.Int64(), "batch": pl.Int64(), "entered_by": pl.String(), "entered_at": pl.String()},
        book_id=book_id,
    )
