"""SQL of the facts about the ledger itself (ledger.facts): sealed ones only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from ledger.storage.engine import Session, now
from ledger.storage.journal_sql import heads as heads  # the one place that numbers batches
from ledger.storage.view_sql import sealed_fact


def taken(session: Session, book_id: int, kind: str, numbers: Sequence[str]) -> list[tuple[str, str, str]]:
    """``(doc_no, operator, recorded_at)`` of these numbers that are used already."""
    session.want("number", pl.Series("number", list(numbers), pl.String))
    return [
        (str(n), str(o), str(w))
        for n, o, w in session.rows(
            """SELECT f.doc_no, b.operator, b.recorded_at FROM want_number w CROSS JOIN fact f
               JOIN batch b ON b.book_id = f.book_id AND b.batch_id = f.batch_id
               WHERE f.doc_no = w.value AND f.book_id = :b AND f.kind = :kind ORDER BY f.fact_id""",
            b=book_id,
            kind=kind,
        )
    ]


def facts(
    session: Session, book_id: int, kind: str, subject: str | None
) -> list[tuple[int, str, str | None, dt.date | None, str, str, str, int]]:
    """``(fact_id, doc_no, subject, date, content, operator, recorded_at, batch_id)`` in order."""
    about = "" if subject is None else "AND f.subject = :subject"
    rows = session.rows(
        f"""SELECT f.fact_id, f.doc_no, f.subject, f.date, f.content, b.operator, b.recorded_at, f.batch_id
            FROM fact f JOIN batch b ON b.book_id = f.book_id AND b.batch_id = f.batch_id
            WHERE f.book_id = :book_id AND f.kind = :kind {about} AND {sealed_fact("f")} ORDER BY f.fact_id""",
        book_id=book_id,
        kind=kind,
        **({} if subject is None else {"subject": subject}),
    )
    return [(int(i), str(n), s, d, str(c), str(o), str(w), int(batch)) for i, n, s, d, c, o, w, batch in rows]


_BATCHES = """FROM batch b JOIN seal s ON s.book_id = b.book_id AND s.batch_id = b.batch_id
              WHERE b.book_id = :book_id AND b.entries > 0 AND b.kind <> 'month_close'"""
"""Sealed batches that hold entries; what a close posts needs no acceptance, two people stand behind it."""


def posted_batches(session: Session, book_id: int) -> list[tuple[int, str, str, str]]:
    """``(batch_id, kind, operator, recorded_at)`` of every batch of entries."""
    rows = session.rows(
        f"SELECT b.batch_id, b.kind, b.operator, b.recorded_at {_BATCHES} ORDER BY b.batch_id", book_id=book_id
    )
    return [(int(n), str(k), str(o), str(w)) for n, k, o, w in rows]


def unaccepted(session: Session, book_id: int, until: dt.date | None) -> list[tuple[int, str, str]]:
    """The same, of those without an acceptance; ``until``: with an entry of that date or earlier."""
    dated = ""
    if until is not None:
        dated = """AND EXISTS (SELECT 1 FROM entry e WHERE e.book_id = b.book_id AND e.entry_id >= b.first_entry
                               AND e.entry_id < b.first_entry + b.entries AND e.date <= :until)"""
    rows = session.rows(
        f"""SELECT b.batch_id, b.operator, b.recorded_at {_BATCHES} {dated} AND NOT EXISTS (
                SELECT 1 FROM fact f WHERE f.book_id = b.book_id AND f.kind = 'acceptance'
                  AND f.doc_no = CAST(b.batch_id AS text)) ORDER BY b.batch_id""",
        book_id=book_id,
        **({} if until is None else {"until": until}),
    )
    return [(int(n), str(o), str(w)) for n, o, w in rows]


def reopened_at(session: Session, book_id: int) -> dict[str, str]:
    """Period → the instant at which it was last reopened."""
    rows = session.rows(
        "SELECT period, max(recorded_at) FROM period_event WHERE book_id = :b AND action = 'reopen' GROUP BY period",
        b=book_id,
    )
    return {str(period): str(when) for period, when in rows}


def last_period_event(session: Session, book_id: int, period: str, branch: str) -> tuple[int, str, str, str] | None:
    """``(seq, action, operator, recorded_at)`` of the last event of a period (of a branch)."""
    rows = session.rows(
        """SELECT seq, action, operator, recorded_at FROM period_event
           WHERE book_id = :b AND period = :p AND branch = :branch ORDER BY seq DESC LIMIT 1""",
        b=book_id,
        p=period,
        branch=branch,
    )
    return (int(rows[0][0]), str(rows[0][1]), str(rows[0][2]), str(rows[0][3])) if rows else None


def period_events(session: Session, book_id: int) -> list[tuple[str, str, int, str, str, str, str]]:
    """``(period, branch, seq, action, reason, operator, recorded_at)``, oldest first."""
    rows = session.rows(
        """SELECT period, branch, seq, action, reason, operator, recorded_at FROM period_event
           WHERE book_id = :b ORDER BY recorded_at, period, branch, seq""",
        b=book_id,
    )
    return [(str(p), str(br), int(s), str(a), str(r), str(o), str(w)) for p, br, s, a, r, o, w in rows]


def add_period_event(
    session: Session, book_id: int, period: str, branch: str, action: str, *, reason: str, operator: str
) -> str:
    """Close or reopen a period; gives the instant."""
    last = last_period_event(session, book_id, period, branch)
    recorded_at = now()
    session.insert(
        "period_event",
        pl.DataFrame(
            {
                "book_id": [book_id], "period": [period], "branch": [branch], "seq": [1 if last is None else last[0] + 1],
                "action": [action], "reason": [reason], "operator": [operator], "recorded_at": [recorded_at],
            }
        ),
    )  # fmt: skip
    return recorded_at


def drawer_days(session: Session, book_id: int, start: dt.date, end: dt.date) -> list[dt.date]:
    """Days of a span on which cash moved in a drawer (1001)."""
    rows = session.rows(
        """SELECT DISTINCT d.date FROM balance_delta d
           WHERE d.book_id = :b AND d.account >= '1001.' AND d.account < '1001/' AND d.date BETWEEN :start AND :end ORDER BY d.date""",
        b=book_id,
        start=start,
        end=end,
    )
    return [dt.date.fromisoformat(str(row[0])) for row in rows]
