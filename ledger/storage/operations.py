"""SQL of the operation log (ledger.operations)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from ledger.storage import operation_tables as _operation_tables  # noqa: F401  its table joins the metadata
from ledger.storage.engine import Session

COLUMNS = (
    "seq", "recorded_at", "operator", "place", "terminal", "command", "arguments", "result", "message", "batch_id", "subject",
    "chain",
)  # fmt: skip
PAGE = 10_000
"""Rows read at a time."""

_LISTED = ", ".join(COLUMNS)


def head(session: Session, book_id: int) -> tuple[int, str] | None:
    """``(seq, chain)`` of the last row; None before the first."""
    rows = session.rows("SELECT seq, chain FROM operation WHERE book_id = :b ORDER BY seq DESC LIMIT 1", b=book_id)
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def append(session: Session, book_id: int, row: Mapping[str, Any]) -> None:
    """Write one row."""
    frame = {"book_id": [book_id], **{name: [row[name]] for name in COLUMNS}}
    session.insert("operation", pl.DataFrame(frame, schema_overrides={"batch_id": pl.Int64}))


def pages(session: Session, book_id: int, *, after: int = 0) -> Iterator[list[dict[str, Any]]]:
    """All rows in order, page by page."""
    while True:
        rows = session.rows(
            f"SELECT {_LISTED} FROM operation WHERE book_id = :b AND seq > :after ORDER BY seq LIMIT {PAGE}",
            b=book_id,
            after=after,
        )
        if not rows:
            return
        yield [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        after = int(rows[-1][0])


def search(
    session: Session, book_id: int, *, by: tuple[str, ...], start: str, end: str, text: str, limit: int
) -> list[dict[str, Any]]:
    """The newest rows that fit, newest first.

    ``by`` are operators (none: all), ``start`` and ``end`` instants (``end`` excluded), ``text``
    stands anywhere in command, arguments, subject or message, large or small letters alike.
    """
    names = {f"by{number}": name for number, name in enumerate(by)}
    who = f"AND operator IN ({', '.join(f':{name}' for name in names)})" if names else ""
    pattern = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    where = "command || ' ' || arguments || ' ' || subject || ' ' || message || ' ' || place || ' ' || result"
    rows = session.rows(
        f"""SELECT {_LISTED} FROM operation
            WHERE book_id = :b AND recorded_at >= :start AND recorded_at < :end {who}
              AND lower({where}) LIKE :pattern ESCAPE '\\'
            ORDER BY seq DESC LIMIT :limit""",
        b=book_id,
        start=start,
        end=end,
        pattern=f"%{pattern}%",
        limit=limit,
        **names,
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def last_done(session: Session, book_id: int, commands: tuple[str, ...]) -> str | None:
    """When one of these commands last went well."""
    names = {f"c{number}": name for number, name in enumerate(commands)}
    rows = session.rows(
        f"""SELECT recorded_at FROM operation
            WHERE book_id = :b AND command IN ({", ".join(f":{name}" for name in names)}) AND result = 'done'
            ORDER BY seq DESC LIMIT 1""",
        b=book_id,
        **names,
    )
    return str(rows[0][0]) if rows else None
