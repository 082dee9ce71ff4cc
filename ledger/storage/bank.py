"""The SQL of the bank's side: statements, lines, matches, notes, and the book lines they meet.

Frames in, frames out; nothing is decided here. Portable between SQLite and
PostgreSQL. Numbers (``statement_id``, ``line_id``, ``match_id``, ``note_id``) are
dense per book: call the writers inside ``Store.writing(book_id)`` only.

``known_at`` (an instant as ``recorded_at`` columns hold it) leaves out whatever was recorded
later: the readers then give what stood in the book at that moment.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from ledger.storage.engine import Session, now
from ledger.storage.view_sql import sealed, sealed_fact

_TEXT, _INT, _DATE = pl.String(), pl.Int64(), pl.Date()


STATEMENTS: dict[str, pl.DataType] = {
    "statement_id": _INT,
    "bank": _TEXT,
    "sha256": _TEXT,
    "file_name": _TEXT,
    "dialect": _TEXT,
    "direction": _TEXT,
    "from_date": _DATE,
    "to_date": _DATE,
    "opening": _INT,
    "closing": _INT,
    "difference": _INT,
    "lines": _INT,
    "operator": _TEXT,
    "recorded_at": _TEXT,
}
BANK_LINES: dict[str, pl.DataType] = {
    "line_id": _INT,
    "statement_id": _INT,
    "date": _DATE,
    "time": _TEXT,
    "serial": _TEXT,
    "amount_in": _INT,
    "amount_out": _INT,
    "balance": _INT,
    "party": _TEXT,
    "party_account": _TEXT,
    "summary": _TEXT,
    "reference": _TEXT,
    "identity": _TEXT,
    "occurrence": _INT,
}
BOOK_LINES: dict[str, pl.DataType] = {
    "entry_id": _INT,
    "line": _INT,
    "date": _DATE,
    "amount": _INT,
    "document": _TEXT,
    "customer": _TEXT,
    "fund": _TEXT,
    "kind": _TEXT,
    "doc_no": _TEXT,
    "memo": _TEXT,
    "content": _TEXT,
    "reverses": _INT,
}
FACTS: dict[str, pl.DataType] = {"fact_id": _INT, "doc_no": _TEXT, "date": _DATE, "content": _TEXT}


# -- reading -----------------------------------------------------------------------------------


def _known(column: str, known_at: str | None) -> str:
    """A condition on an instant column, always true where no moment is asked for."""
    return "" if known_at is None else f"AND {column} <= :known_at"


def _of_batch(alias: str, known_at: str | None) -> str:
    """The same for rows that have their instant from their batch."""
    if known_at is None:
        return ""
    return f"""AND {alias}.batch_id IN (
        SELECT kb.batch_id FROM batch kb WHERE kb.book_id = :book_id AND kb.recorded_at <= :known_at)"""


def _moment(known_at: str | None) -> dict[str, Any]:
    return {} if known_at is None else {"known_at": known_at}


def statements(session: Session, book_id: int, bank: str, known_at: str | None = None) -> pl.DataFrame:
    """The imports of an account in their order."""
    return session.frame(
        f"""SELECT {", ".join(STATEMENTS)} FROM statement
            WHERE book_id = :book_id AND bank = :bank {_known("recorded_at", known_at)} ORDER BY statement_id""",
        STATEMENTS,
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )


def statement_of_file(session: Session, book_id: int, bank: str, sha256: str) -> tuple[int, str] | None:
    """``(statement_id, recorded_at)`` where these very bytes were imported for the account."""
    rows = session.rows(
        """SELECT statement_id, recorded_at FROM statement
           WHERE book_id = :book_id AND bank = :bank AND sha256 = :sha ORDER BY statement_id LIMIT 1""",
        book_id=book_id,
        bank=bank,
        sha=sha256,
    )
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def bank_lines(
    session: Session,
    book_id: int,
    bank: str,
    until: date | None = None,
    *,
    since: date | None = None,
    known_at: str | None = None,
) -> pl.DataFrame:
    """The bank's lines of an account, oldest first as imported."""
    imported = ""
    if known_at is not None:
        imported = """AND statement_id IN (
            SELECT s.statement_id FROM statement s WHERE s.book_id = :book_id AND s.recorded_at <= :known_at)"""
    return session.frame(
        f"""SELECT {", ".join(BANK_LINES)} FROM statement_line
            WHERE book_id = :book_id AND bank = :bank AND date BETWEEN :since AND :until {imported}
            ORDER BY line_id""",
        BANK_LINES,
        book_id=book_id,
        bank=bank,
        since=since or date.min,
        until=until or date.max,
        **_moment(known_at),
    )


def book_lines(
    session: Session, book_id: int, bank: str, until: date | None = None, known_at: str | None = None
) -> pl.DataFrame:
    """The journal lines of a bank account after the opening; ``amount`` = debit − credit.

    ``customer`` is the only customer of the whole entry, where it has but one.
    """
    return session.frame(
        f"""SELECT p.entry_id, p.line, p.date, p.debit - p.credit AS amount, p.document,
                   (SELECT CASE WHEN count(DISTINCT q.customer) = 1 THEN max(q.customer) END FROM posting q
                    WHERE q.book_id = p.book_id AND q.entry_id = p.entry_id) AS customer,
                   p.fund, e.kind, e.doc_no, e.memo, e.content, e.reverses
            FROM posting p JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id
            WHERE p.book_id = :book_id AND p.account = :bank AND p.date <= :until AND e.event <> 'E01'
              AND {sealed("p")} {_of_batch("e", known_at)}
            ORDER BY p.entry_id, p.line""",
        BOOK_LINES,
        book_id=book_id,
        bank=bank,
        until=until or date.max,
        **_moment(known_at),
    )


def book_opening(session: Session, book_id: int, bank: str, known_at: str | None = None) -> int:
    """The opening balance (E01) of a bank account in the books, fen."""
    rows = session.rows(
        f"""SELECT CAST(coalesce(sum(p.debit - p.credit), 0) AS bigint) FROM posting p
            JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id
            WHERE p.book_id = :book_id AND p.account = :bank AND e.event = 'E01' AND {sealed("p")}
              {_of_batch("e", known_at)}""",
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )
    return int(rows[0][0])


def facts(session: Session, book_id: int, kind: str, known_at: str | None = None) -> pl.DataFrame:
    """The sealed facts of a kind (``opening_items``, ``customers``), oldest first."""
    return session.frame(
        f"""SELECT fact_id, doc_no, date, content FROM fact
            WHERE book_id = :book_id AND kind = :kind AND {sealed_fact("fact")} {_of_batch("fact", known_at)}
            ORDER BY fact_id""",
        FACTS,
        book_id=book_id,
        kind=kind,
        **_moment(known_at),
    )


def active_matches(session: Session, book_id: int, bank: str, known_at: str | None = None) -> pl.DataFrame:
    """The matches of an account that are not undone."""
    schema = {
        "match_id": _INT, "stage": _TEXT, "rule_version": _TEXT, "evidence": _TEXT, "operator": _TEXT,
        "recorded_at": _TEXT,
    }  # fmt: skip
    return session.frame(
        f"""SELECT {", ".join(f"m.{name}" for name in schema)} FROM match m
            WHERE m.book_id = :book_id AND m.bank = :bank AND m.undoes IS NULL {_known("m.recorded_at", known_at)}
              AND NOT EXISTS (SELECT 1 FROM match u WHERE u.book_id = m.book_id AND u.undoes = m.match_id
                              {_known("u.recorded_at", known_at)})
            ORDER BY m.match_id""",
        schema,
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )


def active_items(session: Session, book_id: int, bank: str, known_at: str | None = None) -> pl.DataFrame:
    """The items of the matches of an account that are not undone."""
    schema = {"match_id": _INT, "side": _TEXT, "ref": _TEXT, "amount": _INT}
    return session.frame(
        f"""SELECT i.match_id, i.side, i.ref, i.amount FROM match_item i
           JOIN match m ON m.book_id = i.book_id AND m.match_id = i.match_id
           WHERE i.book_id = :book_id AND m.bank = :bank {_known("m.recorded_at", known_at)}
             AND NOT EXISTS (SELECT 1 FROM match u WHERE u.book_id = i.book_id AND u.undoes = i.match_id
                             {_known("u.recorded_at", known_at)})
           ORDER BY i.match_id, i.side, i.ref""",
        schema,
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )


def undone_items(session: Session, book_id: int, bank: str, known_at: str | None = None) -> pl.DataFrame:
    """The items of the matches that were undone, with the instants of both: what was cleared and re-opened."""
    schema = {
        "match_id": _INT, "side": _TEXT, "ref": _TEXT, "amount": _INT, "recorded_at": _TEXT, "undone_at": _TEXT,
        "undone_by": _TEXT,
    }  # fmt: skip
    return session.frame(
        f"""SELECT i.match_id, i.side, i.ref, i.amount, m.recorded_at, u.recorded_at AS undone_at, u.operator AS undone_by
            FROM match u
            JOIN match m ON m.book_id = u.book_id AND m.match_id = u.undoes
            JOIN match_item i ON i.book_id = m.book_id AND i.match_id = m.match_id
            WHERE u.book_id = :book_id AND u.bank = :bank AND u.undoes IS NOT NULL {_known("u.recorded_at", known_at)}
            ORDER BY i.match_id, i.side, i.ref""",
        schema,
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )


def matched_among(session: Session, book_id: int, bank: str, refs: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the ``(side, ref)`` that stand in a match that is not undone."""
    session.want("ref", pl.Series("ref", [ref for _side, ref in refs], pl.String))
    rows = session.rows(
        """SELECT i.side, i.ref FROM want_ref w CROSS JOIN match_item i
           JOIN match m ON m.book_id = i.book_id AND m.match_id = i.match_id
           WHERE i.ref = w.value AND i.book_id = :book_id AND m.bank = :bank AND NOT EXISTS (
               SELECT 1 FROM match u WHERE u.book_id = i.book_id AND u.undoes = i.match_id)""",
        book_id=book_id,
        bank=bank,
    )
    return {(str(side), str(ref)) for side, ref in rows} & set(refs)


def bank_of_match(session: Session, book_id: int, match_id: int) -> tuple[str, bool] | None:
    """``(bank, undone)`` of a match; None where there is none (an undoing is none)."""
    rows = session.rows(
        """SELECT m.bank, CASE WHEN u.match_id IS NULL THEN 0 ELSE 1 END FROM match m
           LEFT JOIN match u ON u.book_id = m.book_id AND u.undoes = m.match_id
           WHERE m.book_id = :book_id AND m.match_id = :match_id AND m.undoes IS NULL""",
        book_id=book_id,
        match_id=match_id,
    )
    return (str(rows[0][0]), bool(rows[0][1])) if rows else None


def notes(session: Session, book_id: int, bank: str, known_at: str | None = None) -> pl.DataFrame:
    """What people said of the lines of an account, oldest first."""
    schema = {"side": _TEXT, "ref": _TEXT, "reason": _TEXT, "note": _TEXT, "operator": _TEXT, "recorded_at": _TEXT}
    return session.frame(
        f"""SELECT {", ".join(schema)} FROM reconciliation_note
            WHERE book_id = :book_id AND bank = :bank {_known("recorded_at", known_at)} ORDER BY note_id""",
        schema,
        book_id=book_id,
        bank=bank,
        **_moment(known_at),
    )


# -- writing -----------------------------------------------------------------------------------


def append_source(session: Session, book_id: int, sha256: str, content: bytes) -> None:
    """Keep the original bytes, once."""
    known = session.rows(
        "SELECT 1 FROM source_file WHERE book_id = :book_id AND sha256 = :sha", book_id=book_id, sha=sha256
    )
    if not known:
        session.insert_file("source_file", {"book_id": book_id, "sha256": sha256}, "bytes", content)


def append_statement(session: Session, book_id: int, head: dict[str, Any], lines: pl.DataFrame) -> tuple[int, int]:
    """Append a statement and its new lines (``BANK_LINES`` columns and ``line_no``).

    ``head``: bank, sha256, file_name, dialect, encoding, direction, from_date, to_date,
    opening, closing, difference, lines, operator. Gives ``(statement_id, first line_id)``.
    """
    statement_id = _next(session, book_id, "statement", "statement_id")
    line_id = _next(session, book_id, "statement_line", "line_id")
    row = {"book_id": book_id, "statement_id": statement_id, **head, "recorded_at": now()}
    texts = {name: pl.String() for name, value in row.items() if value is None}
    session.insert("statement", pl.DataFrame([row], schema_overrides=texts))
    columns = [name for name in BANK_LINES if name not in ("line_id", "statement_id")]
    session.insert(
        "statement_line",
        lines.select(
            pl.lit(book_id).alias("book_id"),
            (pl.int_range(pl.len(), dtype=pl.Int64) + line_id).alias("line_id"),
            pl.lit(statement_id).alias("statement_id"),
            pl.col("line_no"),
            pl.lit(head["bank"]).alias("bank"),
            *columns,
        ),
    )
    return statement_id, line_id


def append_matches(
    session: Session, book_id: int, bank: str, matches: pl.DataFrame, items: pl.DataFrame, operator: str
) -> int:
    """Append matches (``match_id`` counting from 1 within the frames); gives the first match_id."""
    first = _next(session, book_id, "match", "match_id")
    moved = pl.col("match_id") + (first - 1)
    session.insert(
        "match",
        matches.sort("match_id").select(
            pl.lit(book_id).alias("book_id"),
            moved,
            pl.lit(bank).alias("bank"),
            "stage",
            "rule_version",
            "evidence",
            pl.lit(None, pl.Int64).alias("undoes"),
            pl.lit(operator).alias("operator"),
            pl.lit(now()).alias("recorded_at"),
        ),
    )
    session.insert(
        "match_item",
        items.sort("match_id", "side", "ref").select(pl.lit(book_id).alias("book_id"), moved, "side", "ref", "amount"),
    )
    return first


def append_undo(session: Session, book_id: int, bank: str, match_id: int, evidence: str, operator: str) -> int:
    """Undo a match: a fact of its own; gives its number."""
    number = _next(session, book_id, "match", "match_id")
    row = {
        "book_id": book_id, "match_id": number, "bank": bank, "stage": "manual", "rule_version": "", "evidence": evidence,
        "undoes": match_id, "operator": operator, "recorded_at": now(),
    }  # fmt: skip
    session.insert("match", pl.DataFrame([row]))
    return number


def append_note(
    session: Session, book_id: int, bank: str, side: str, ref: str, reason: str, note: str, operator: str
) -> int:
    """Append a person's word on a line; gives its number."""
    number = _next(session, book_id, "reconciliation_note", "note_id")
    row = {
        "book_id": book_id, "note_id": number, "bank": bank, "side": side, "ref": ref, "reason": reason, "note": note,
        "operator": operator, "recorded_at": now(),
    }  # fmt: skip
    session.insert("reconciliation_note", pl.DataFrame([row]))
    return number


def _next(session: Session, book_id: int, table: str, column: str) -> int:
    rows = session.rows(f"SELECT coalesce(max({column}), 0) + 1 FROM {table} WHERE book_id = :book_id", book_id=book_id)
    return int(rows[0][0])
