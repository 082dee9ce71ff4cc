"""SQL of the number series (ledger.series): the marks that documents and voids leave, sealed ones only.

A mark is a fact ``number_use`` numbered ``<series>/<number>``; numbers of one prefix and
one length stand in their order when they are compared as text.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.storage.engine import Session
from ledger.storage.view_sql import sealed_fact

MARKS: dict[str, pl.DataType] = {
    "doc_no": pl.String(), "subject": pl.String(), "date": pl.Date(), "content": pl.String(),
}  # fmt: skip
"""A mark: ``doc_no`` series/number, ``subject`` the drawer that used it, ``content`` the document."""

_OWN = f"f.book_id = :book_id AND f.kind = 'number_use' AND {sealed_fact('f')}"


def marks(session: Session, book_id: int, until: dt.date) -> pl.DataFrame:
    """Every mark up to a day."""
    return session.frame(
        f"SELECT f.doc_no, f.subject, f.date, f.content FROM fact f WHERE {_OWN} AND f.date <= :until ORDER BY f.doc_no",
        MARKS,
        book_id=book_id,
        until=until,
    )


def marks_between(session: Session, book_id: int, since: dt.date, until: dt.date) -> pl.DataFrame:
    """Marks of these days. No document is later than the business day it was posted on, so the batches
    of earlier business days need not be looked at."""
    return session.frame(
        f"""SELECT f.doc_no, f.subject, f.date, f.content FROM fact f
            WHERE {_OWN} AND f.date BETWEEN :since AND :until AND f.fact_id >= (
                SELECT coalesce(min(b.first_fact), 0) FROM batch b WHERE b.book_id = :book_id AND b.today >= :since)
            ORDER BY f.doc_no""",
        MARKS,
        book_id=book_id,
        since=since,
        until=until,
    )


def present(session: Session, book_id: int, numbers: pl.Series, until: dt.date) -> set[str]:
    """Which of these numbers (``series/number``) are used by a day."""
    session.want("number", numbers)
    rows = session.rows(
        f"SELECT f.doc_no FROM want_number w CROSS JOIN fact f WHERE f.doc_no = w.value AND f.date <= :until AND {_OWN}",
        book_id=book_id,
        until=until,
    )
    return {str(row[0]) for row in rows}


def below(session: Session, book_id: int, low: str, number: str, until: dt.date) -> list[str]:
    """Numbers from ``low`` up to but without ``number``, used by a day and as long as it: the highest first, a few."""
    rows = session.rows(
        f"""SELECT f.doc_no FROM fact f WHERE {_OWN} AND f.doc_no >= :low AND f.doc_no < :number
              AND length(f.doc_no) = :size AND f.date <= :until ORDER BY f.doc_no DESC LIMIT 20""",
        book_id=book_id,
        low=low,
        number=number,
        size=len(number),
        until=until,
    )
    return [str(row[0]) for row in rows]
