"""SQL of the drawers (ledger.drawers): which batches a drawer's day is in, and which nobody has accepted yet."""

from __future__ import annotations

import datetime as dt

from ledger.storage.engine import Session
from ledger.storage.view_sql import sealed


def batches_of(session: Session, book_id: int, account: str, date: dt.date) -> list[int]:
    """Batches with an entry of that day on a cash account."""
    rows = session.rows(
        f"""SELECT DISTINCT e.batch_id FROM posting p JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id
            WHERE p.book_id = :book_id AND p.account = :account AND p.date = :date AND {sealed("p")} ORDER BY e.batch_id""",
        book_id=book_id,
        account=account,
        date=date,
    )
    return [int(row[0]) for row in rows]


def waiting(session: Session, book_id: int) -> list[tuple[int, dt.date]]:
    """``(batch_id, last date of its entries)`` of the sealed batches of entries that are not accepted."""
    rows = session.rows(
        """SELECT b.batch_id, max(e.date) FROM batch b
           JOIN seal s ON s.book_id = b.book_id AND s.batch_id = b.batch_id
           JOIN entry e ON e.book_id = b.book_id AND e.entry_id >= b.first_entry AND e.entry_id < b.first_entry + b.entries
           WHERE b.book_id = :book_id AND b.entries > 0 AND b.kind <> 'month_close' AND NOT EXISTS (
               SELECT 1 FROM fact f WHERE f.book_id = b.book_id AND f.kind = 'acceptance'
                 AND f.doc_no = CAST(b.batch_id AS text))
           GROUP BY b.batch_id ORDER BY b.batch_id""",
        book_id=book_id,
    )
    return [(int(batch), dt.date.fromisoformat(str(date))) for batch, date in rows]
