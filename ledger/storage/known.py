"""The book as it was known at a checkpoint (截至检查点): what the log took up later is not there.

::

    with store.reading() as session:
        known.at(session, book_id, seq)    # from here on every question is answered as of log row ``seq``

Every reader of this package names its tables without a schema. Temporary views of the same names
stand before the tables for the rest of the transaction, so that views, registers and matches
need no word about it: batches up to the last one of the checkpoint, and of every other table
without the rows that later log rows name. A session may be taken back once, and is for reading.
"""

from __future__ import annotations

import json

import polars as pl
from sqlalchemy import BigInteger

from ledger.storage.engine import Session
from ledger.storage.tables import metadata

_SCHEMA = {"sqlite": "main", "postgresql": "meterbook"}


def at(session: Session, book_id: int, seq: int) -> None:
    """Take a reading session back to row ``seq`` of the log; it shows this book alone."""
    (batch,) = session.rows(
        "SELECT coalesce(max(batch_id), 0) FROM log WHERE book_id = :b AND seq <= :s", b=book_id, s=seq
    )[0]
    entry, fact = session.rows(
        """SELECT coalesce(max(first_entry + entries - 1), 0), coalesce(max(first_fact + facts - 1), 0)
           FROM batch WHERE book_id = :b AND batch_id <= :n""",
        b=book_id,
        n=batch,
    )[0]
    # The plus keeps SQLite from searching by these bounds, which hold nearly all rows.
    bounds = {
        **dict.fromkeys(("batch", "seal", "voucher_mark", "balance_delta"), f"+batch_id <= {int(batch)}"),
        **dict.fromkeys(("entry", "posting"), f"+entry_id <= {int(entry)}"),
        "fact": f"+fact_id <= {int(fact)}",
        "log": f"seq <= {int(seq)}",
    }
    bounds |= {table: _without(session, table, keys) for table, keys in _later(session, book_id, seq).items()}
    schema = _SCHEMA[session.dialect]
    for table, bound in bounds.items():
        session.execute(
            f'CREATE TEMP VIEW "{table}" AS SELECT * FROM {schema}."{table}" WHERE book_id = {int(book_id)} AND {bound}'
        )
    if session.dialect == "postgresql":  # SQLite looks among what is temporary first by itself
        session.execute("SET LOCAL search_path = pg_temp, pg_catalog, meterbook")


def row_of_batch(session: Session, book_id: int, batch_id: int) -> int:
    """The log row of a sealed batch."""
    return int(session.rows("SELECT seq FROM log WHERE book_id = :b AND batch_id = :n", b=book_id, n=batch_id)[0][0])


def row_of_size(session: Session, book_id: int, size: int) -> tuple[int, str] | None:
    """``(seq, root)`` of the log row after which the log had that many leaves."""
    rows = session.rows(
        "SELECT seq, root FROM log WHERE book_id = :b AND first_leaf + leaves = :size", b=book_id, size=size
    )
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def _later(session: Session, book_id: int, seq: int) -> dict[str, list[list[str]]]:
    """Table → keys of its rows in no batch that the log took up after ``seq`` (of a set: its first key first)."""
    found: dict[str, list[list[str]]] = {}
    for (what,) in session.rows(
        "SELECT what FROM log WHERE book_id = :b AND seq > :s AND batch_id IS NULL", b=book_id, s=seq
    ):
        for table, *key in json.loads(what):
            found.setdefault(table, []).append(key)
    return found


def _without(session: Session, table: str, keys: list[list[str]]) -> str:
    """The condition on a table's rows that leaves these out: numbers grow, texts are listed."""
    columns = [column for column in metadata.tables[table].primary_key.columns if column.name != "book_id"]
    if isinstance(columns[0].type, BigInteger):
        return f"+{columns[0].name} < {min(int(key[0]) for key in keys)}"
    listed = session.want(f"later_{table}", pl.Series(["/".join(key) for key in keys], dtype=pl.String))
    named = " || '/' || ".join(f"CAST({column.name} AS text)" for column in columns)
    return f"{named} NOT IN (SELECT value FROM {listed})"
