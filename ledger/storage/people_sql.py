"""SQL of passwords and login attempts (ledger.passwords)."""

from __future__ import annotations

import polars as pl

from ledger.storage import people_tables as _people_tables  # noqa: F401  its tables join the metadata
from ledger.storage.engine import Session, now


def credential(session: Session, book_id: int, operator: str) -> tuple[int, str, bool, str] | None:
    """``(seq, hash, temporary, set_at)`` of the password in force."""
    rows = session.rows(
        """SELECT seq, hash, temporary, set_at FROM credential
           WHERE book_id = :b AND operator = :o ORDER BY seq DESC LIMIT 1""",
        b=book_id,
        o=operator,
    )
    return (int(rows[0][0]), str(rows[0][1]), bool(rows[0][2]), str(rows[0][3])) if rows else None


def earlier_hashes(session: Session, book_id: int, operator: str, limit: int) -> list[str]:
    """The last password hashes of a person, newest first."""
    rows = session.rows(
        "SELECT hash FROM credential WHERE book_id = :b AND operator = :o ORDER BY seq DESC LIMIT :n",
        b=book_id,
        o=operator,
        n=limit,
    )
    return [str(row[0]) for row in rows]


def add_credential(
    session: Session,
    book_id: int,
    operator: str,
    *,
    hash: str,  # noqa: A002  the column is named so
    temporary: bool,
    set_by: str,
) -> None:
    """A new password for a person."""
    last = credential(session, book_id, operator)
    session.insert(
        "credential",
        pl.DataFrame(
            {
                "book_id": [book_id], "operator": [operator], "seq": [1 if last is None else last[0] + 1],
                "hash": [hash], "temporary": [int(temporary)], "set_by": [set_by], "set_at": [now()],
            }
        ),
    )  # fmt: skip


def add_attempt(session: Session, book_id: int, operator: str, *, success: bool, place: str) -> None:
    """Write a login attempt down."""
    (last,) = session.rows("SELECT coalesce(max(seq), 0) FROM login_attempt WHERE book_id = :b", b=book_id)[0]
    session.insert(
        "login_attempt",
        pl.DataFrame(
            {
                "book_id": [book_id], "seq": [int(last) + 1], "operator": [operator], "success": [int(success)],
                "place": [place], "attempted_at": [now()],
            }
        ),
    )  # fmt: skip


def failures(session: Session, book_id: int, operator: str) -> tuple[int, str]:
    """How often the login of a person failed since it last succeeded, and when last (``''``: never)."""
    rows = session.rows(
        """SELECT count(*), coalesce(max(a.attempted_at), '') FROM login_attempt a
           WHERE a.book_id = :b AND a.operator = :o AND a.success = 0 AND a.seq > (
               SELECT coalesce(max(s.seq), 0) FROM login_attempt s
               WHERE s.book_id = :b AND s.operator = :o AND s.success = 1)""",
        b=book_id,
        o=operator,
    )
    return int(rows[0][0]), str(rows[0][1])
