"""What ``ledger.integrity`` reads: rows as they lie in the database, and the leaves they make.

Entries come in ranges, each range in one question or two. PostgreSQL gives frames, which
``ledger.leaves`` writes out; SQLite writes the very same records itself (``json_array``
escapes as JSON does), which is three times as fast as taking eighty values of an entry
one by one into Python, and lets other threads work meanwhile. Dates are read as text:
what is no date is then a finding, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import polars as pl
from sqlalchemy import Date, Integer, LargeBinary, Text

from ledger import leaves
from ledger.merkle import leaf_hashes
from ledger.storage.engine import Session
from ledger.storage.tables import PROJECTED, metadata

PAGE = 20_000
"""Rows of any other table read at a time."""

HEADS: dict[str, Any] = {
    "entry_id": pl.Int64, "batch_id": pl.Int64, "period": pl.String, "vtype": pl.String, "vno": pl.Int64,
    "kind": pl.String, "doc_no": pl.String, "date": pl.String, "lines": pl.Int64,
}  # fmt: skip
DELTAS: dict[str, Any] = {
    "batch_id": pl.Int64, "date": pl.String, "account": pl.String, **dict.fromkeys(PROJECTED, pl.String),
    "n": pl.Int64, "debit": pl.Int64, "credit": pl.Int64,
}  # fmt: skip
LINES: dict[str, Any] = {
    "entry_id": pl.Int64, "n": pl.Int64, "low": pl.Int64, "high": pl.Int64, "difference": pl.Int64,
    "earliest": pl.String, "latest": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entries:
    """A range of entries: ids and their leaf hashes (32·n bytes), ``heads`` (HEADS), what their ``lines`` come
    to (LINES), and ``deltas`` by batch, day, account and dimension (DELTAS). Amounts fen."""

    ids: list[int]
    hashes: bytes
    heads: pl.DataFrame
    lines: pl.DataFrame
    deltas: pl.DataFrame


def entries(session: Session, code: str, book_id: int, low: int, high: int) -> Entries:
    """The entries ``low`` to ``high``."""
    read = _entries_sqlite if session.dialect == "sqlite" else _entries_postgresql
    return read(session, code, book_id, low, high)


def facts(session: Session, code: str, book_id: int, low: int, high: int) -> tuple[pl.DataFrame, bytes]:
    """The facts ``low`` to ``high``, and their leaf hashes."""
    fact = _range(session, "fact", "fact_id", book_id, low, high)
    batch = _batches_of(session, book_id, fact)
    return fact, _hashed(leaves.facts(code, batch, fact))


def batches(session: Session, book_id: int, low: int, high: int) -> pl.DataFrame:
    """The rows of batches ``low`` to ``high``, all columns that a record holds."""
    return _range(session, "batch", "batch_id", book_id, low, high)


def log_sizes(session: Session, book_id: int) -> list[tuple[int, int]]:
    """``(seq, leaves)`` of every row of the log, in order."""
    return session.rows("SELECT seq, leaves FROM log WHERE book_id = :b ORDER BY seq", b=book_id)


LOG = tuple(metadata.tables["log"].columns.keys())


def log_page(session: Session, book_id: int, low: int, high: int) -> list[dict[str, Any]]:
    """Rows of the log by number."""
    rows = session.rows(
        f"SELECT {', '.join(LOG)} FROM log WHERE book_id = :b AND seq BETWEEN :low AND :high ORDER BY seq",
        b=book_id,
        low=low,
        high=high,
    )
    return [{**dict(zip(LOG, row, strict=True)), "hashes": bytes(row[LOG.index("hashes")])} for row in rows]


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of the log: what a transaction added, and the checkpoint after it."""

    seq: int
    batch_id: int | None
    first_leaf: int
    leaves: int
    what: str
    root: str
    frontier: str
    origin: str
    algorithm: str
    key_id: str
    note: str
    hashes: bytes


_LOG_ROW = "seq, batch_id, first_leaf, leaves, what, root, frontier, origin, algorithm, key_id, note, hashes"


def log_rows(session: Session, book_id: int) -> Iterator[LogRow]:
    """The whole log, in order."""
    for row in session.rows(f"SELECT {_LOG_ROW} FROM log WHERE book_id = :b ORDER BY seq", b=book_id):
        yield _log_row(row)


def newest(session: Session, book_id: int) -> LogRow | None:
    """The last row of the log."""
    rows = session.rows(f"SELECT {_LOG_ROW} FROM log WHERE book_id = :b ORDER BY seq DESC LIMIT 1", b=book_id)
    return _log_row(rows[0]) if rows else None


def _log_row(row: tuple[Any, ...]) -> LogRow:
    cells = dict(zip(_LOG_ROW.split(", "), row, strict=True))
    return LogRow(**{**cells, "hashes": bytes(cells["hashes"])})


def table(session: Session, book_id: int, name: str) -> pl.DataFrame:
    """All rows of a table, dates as dates."""
    return _typed(session, name, "book_id = :b", b=book_id)


def between(session: Session, book_id: int, name: str, column: str, low: int, high: int) -> pl.DataFrame:
    """Rows of a table whose ``column`` lies between two numbers, dates as dates."""
    return _typed(session, name, f"book_id = :b AND {column} BETWEEN :low AND :high", b=book_id, low=low, high=high)


def _typed(session: Session, name: str, where: str, **params: int) -> pl.DataFrame:
    known = metadata.tables[name]
    order = ", ".join(part.name for part in known.primary_key.columns)
    listed = ", ".join(f'"{part.name}"' for part in known.columns)
    schema = {part.name: pl.Date if isinstance(part.type, Date) else _kind(part) for part in known.columns}
    return session.frame(f"SELECT {listed} FROM {name} WHERE {where} ORDER BY {order}", schema, **params)


def hashes(session: Session, book_id: int) -> bytes:
    """All leaf hashes of a book, 32 bytes each."""
    return b"".join(
        bytes(row[0]) for row in session.rows("SELECT hashes FROM log WHERE book_id = :b ORDER BY seq", b=book_id)
    )


def place_of_entry(session: Session, book_id: int, entry_id: int) -> int | None:
    """The leaf of an entry, from 0."""
    rows = session.rows(
        "SELECT l.first_leaf + e.entry_id - b.first_entry FROM entry e "
        "JOIN batch b ON b.book_id = e.book_id AND b.batch_id = e.batch_id "
        "JOIN log l ON l.book_id = e.book_id AND l.batch_id = e.batch_id "
        "WHERE e.book_id = :b AND e.entry_id = :e",
        b=book_id,
        e=entry_id,
    )
    return int(rows[0][0]) if rows else None


def entry_record(session: Session, code: str, book_id: int, entry_id: int) -> str:
    """The text of an entry as the log hashes it."""
    entry = _range(session, "entry", "entry_id", book_id, entry_id, entry_id)
    posting = _range(session, "posting", "entry_id", book_id, entry_id, entry_id)
    return str(leaves.entries(code, _batches_of(session, book_id, entry), entry, posting)[0])


def place_of_fact(session: Session, book_id: int, fact_id: int) -> int | None:
    """The leaf of a fact, from 0: the facts of a batch lie behind its entries."""
    rows = session.rows(
        "SELECT l.first_leaf + b.entries + f.fact_id - b.first_fact FROM fact f "
        "JOIN batch b ON b.book_id = f.book_id AND b.batch_id = f.batch_id "
        "JOIN log l ON l.book_id = f.book_id AND l.batch_id = f.batch_id "
        "WHERE f.book_id = :b AND f.fact_id = :f",
        b=book_id,
        f=fact_id,
    )
    return int(rows[0][0]) if rows else None


def fact_record(session: Session, code: str, book_id: int, fact_id: int) -> str:
    """The text of a fact as the log hashes it."""
    fact = _range(session, "fact", "fact_id", book_id, fact_id, fact_id)
    return str(leaves.facts(code, _batches_of(session, book_id, fact), fact)[0])


def announced(session: Session, book_id: int) -> list[tuple[str, str, str, str]]:
    """``(key id, verifier key, operator, when)`` of the announced keys, oldest first."""
    return session.rows(
        "SELECT key_id, vkey, operator, announced_at FROM key WHERE book_id = :b ORDER BY announced_at, key_id",
        b=book_id,
    )


def announcements(session: Session, book_id: int) -> dict[str, tuple[int, int, str]]:
    """Key id → ``(leaf, size of the log then, checkpoint then)``."""
    found: dict[str, tuple[int, int, str]] = {}
    for what, first, count, note in session.rows(
        "SELECT what, first_leaf, leaves, note FROM log WHERE book_id = :b AND what LIKE :key ORDER BY seq",
        b=book_id,
        key='%["key", %',
    ):
        for place, (table, *key) in enumerate(json.loads(what)):
            if table == "key":
                found.setdefault(key[0], (int(first) + place, int(first + count), str(note)))
    return found


def derived(session: Session, table: str, book_id: int, low: int, high: int) -> pl.DataFrame:
    """Rows that the seal wrote, of the batches ``low`` to ``high``."""
    return _range(session, table, "batch_id", book_id, low, high)


def projected_between(session: Session, book_id: int, low: int, high: int) -> list[int]:
    """Batches whose projections SQLite calls complete."""
    rows = session.rows(
        "SELECT batch_id FROM projected WHERE book_id = :b AND batch_id BETWEEN :low AND :high ORDER BY batch_id",
        b=book_id,
        low=low,
        high=high,
    )
    return [int(row[0]) for row in rows]


def outside(session: Session, table: str, column: str, book_id: int, low: int, high: int, most: int) -> list[int]:
    """A few numbers in a range where none should be."""
    rows = session.rows(
        f"SELECT DISTINCT {column} FROM {table} WHERE book_id = :b AND {column} BETWEEN :low AND :high "
        f"ORDER BY {column} LIMIT :most",
        b=book_id, low=low, high=high, most=most,
    )  # fmt: skip
    return [int(row[0]) for row in rows]


def pages(session: Session, table: str, book_id: int) -> Iterator[pl.DataFrame]:
    """All rows of a table in order of its key, page by page; dates as text, bytes as they are."""
    known = metadata.tables[table]
    key = [column.name for column in known.primary_key.columns if column.name != "book_id"]
    schema = {column.name: _kind(column) for column in known.columns}
    after: dict[str, Any] = {}
    while True:
        behind = f"AND ({', '.join(key)}) > ({', '.join(f':{name}' for name in key)})" if after else ""
        rows = session.rows(
            f"SELECT {', '.join(_read(session, column) for column in known.columns)} FROM {table} "
            f"WHERE book_id = :b {behind} {'ORDER BY ' + ', '.join(key) if key else ''} LIMIT {PAGE}",
            b=book_id,
            **after,
        )
        if rows:
            yield pl.DataFrame(rows, schema=schema, orient="row")
        if len(rows) < PAGE or not key:
            return
        places = [list(schema).index(name) for name in key]
        after = {name: rows[-1][place] for name, place in zip(key, places, strict=True)}


def sources(session: Session, book_id: int) -> Iterator[tuple[str, str]]:
    """``(named hash, hash of the bytes)`` of every stored file, one at a time."""
    names = session.rows("SELECT sha256 FROM source_file WHERE book_id = :b ORDER BY sha256", b=book_id)
    for (name,) in names:
        [(content,)] = session.rows(
            "SELECT bytes FROM source_file WHERE book_id = :b AND sha256 = :s", b=book_id, s=name
        )
        yield str(name), sha256(bytes(content)).hexdigest()


def strangers(session: Session, table: str, known: Sequence[int]) -> list[int]:
    """Book ids of rows that belong to none of the known books; skips from id to id along the key."""
    found: list[int] = []
    last = -(2**31)
    while True:
        [(next_,)] = session.rows(f"SELECT min(book_id) FROM {table} WHERE book_id > :last", last=last)
        if next_ is None:
            return found
        if next_ not in known:
            found.append(int(next_))
        last = next_


def books(session: Session) -> list[int]:
    """The books of the database."""
    return [int(row[0]) for row in session.rows("SELECT book_id FROM book ORDER BY book_id")]


QUESTIONS = (
    (
        "key.duplicate",
        "entry",
        "SELECT min(entry_id) FROM entry WHERE book_id = :b GROUP BY kind, doc_no HAVING count(*) > 1",
    ),
    (
        "key.duplicate",
        "fact",
        "SELECT min(fact_id) FROM fact WHERE book_id = :b GROUP BY kind, doc_no HAVING count(*) > 1",
    ),
    (
        "key.duplicate",
        "batch",
        "SELECT min(batch_id) FROM batch WHERE book_id = :b GROUP BY batch_key HAVING count(*) > 1",
    ),
    (
        "key.duplicate",
        "entry",
        "SELECT min(entry_id) FROM entry WHERE book_id = :b AND reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1",
    ),
    (
        "key.duplicate",
        "statement_line",
        "SELECT min(line_id) FROM statement_line WHERE book_id = :b GROUP BY bank, identity, occurrence HAVING count(*) > 1",
    ),
    (
        "reference",
        "entry",
        (
            "SELECT e.entry_id FROM entry e WHERE e.book_id = :b AND ("
            "e.reverses IS NOT NULL AND (e.reverses >= e.entry_id OR NOT EXISTS ("
            "SELECT 1 FROM entry t WHERE t.book_id = e.book_id AND t.entry_id = e.reverses)) "
            "OR e.caused_by IS NOT NULL AND NOT EXISTS ("
            "SELECT 1 FROM entry t WHERE t.book_id = e.book_id AND t.entry_id = e.caused_by))"
        ),
    ),
    (
        "reference",
        "match",
        (
            "SELECT m.match_id FROM match m WHERE m.book_id = :b AND m.undoes IS NOT NULL AND NOT EXISTS ("
            "SELECT 1 FROM match t WHERE t.book_id = m.book_id AND t.match_id = m.undoes AND coalesce(t.undoes, 0) = 0)"
        ),
    ),
    (
        "reference",
        "match_item",
        (
            "SELECT i.match_id FROM match_item i WHERE i.book_id = :b AND NOT EXISTS ("
            "SELECT 1 FROM match t WHERE t.book_id = i.book_id AND t.match_id = i.match_id AND coalesce(t.undoes, 0) = 0)"
        ),
    ),
    (
        "reference",
        "statement_line",
        (
            "SELECT l.line_id FROM statement_line l WHERE l.book_id = :b AND NOT EXISTS ("
            "SELECT 1 FROM statement s WHERE s.book_id = l.book_id AND s.statement_id = l.statement_id)"
        ),
    ),
    (
        "reference",
        "statement",
        (
            "SELECT s.statement_id FROM statement s WHERE s.book_id = :b AND NOT EXISTS ("
            "SELECT 1 FROM source_file f WHERE f.book_id = s.book_id AND f.sha256 = s.sha256)"
        ),
    ),
    (
        "reference",
        "source_file",
        (
            "SELECT f.sha256 FROM source_file f WHERE f.book_id = :b AND NOT EXISTS ("
            "SELECT 1 FROM statement s WHERE s.book_id = f.book_id AND s.sha256 = f.sha256)"
        ),
    ),
    (
        "match.twice",
        "match_item",
        (
            "SELECT min(i.match_id) FROM match_item i WHERE i.book_id = :b AND NOT EXISTS ("
            "SELECT 1 FROM match u WHERE u.book_id = i.book_id AND u.undoes = i.match_id) "
            "GROUP BY i.side, i.ref HAVING count(*) > 1"
        ),
    ),
)
"""``(finding, table, question)``: every answer of the question is such a finding."""


def answers(session: Session, question: str, book_id: int, most: int) -> list[str]:
    """The first few answers."""
    return [str(row[0]) for row in session.rows(f"{question} LIMIT :most", b=book_id, most=most)]


# -- entries, each database in its way ------------------------------------------------------------


def _entries_sqlite(session: Session, code: str, book_id: int, low: int, high: int) -> Entries:
    span: dict[str, Any] = {"b": book_id, "low": low, "high": high}
    heads = session.rows(_entry_sqlite(), tag=leaves.ENTRY, code=code, **span)
    bodies = session.rows(_lines_sqlite(), **span)
    ids = [row[0] for row in heads]
    if ids == [row[0] for row in bodies]:
        lists = (row[1] for row in bodies)
    else:
        known = {row[0]: row[1] for row in bodies}
        lists = (known.get(one, b"") for one in ids)
    records = [b"\x00" + row[-1][:-1] + b",[" + listed + b"]]" for row, listed in zip(heads, lists, strict=True)]
    hashes = b"".join([sha256(record).digest() for record in records])
    several = len({row[1] for row in heads}) > 1
    deltas = session.rows(_DELTAS_MANY if several else _DELTAS_ONE, batch=heads[0][1] if heads else None, **span)
    return Entries(
        ids,
        hashes,
        pl.DataFrame([row[:-1] for row in heads], schema=HEADS, orient="row"),
        pl.DataFrame([(row[0], *row[2:]) for row in bodies], schema=LINES, orient="row"),
        pl.DataFrame(deltas, schema=DELTAS, orient="row"),
    )


def _entries_postgresql(session: Session, code: str, book_id: int, low: int, high: int) -> Entries:
    entry = _range(session, "entry", "entry_id", book_id, low, high)
    posting = _range(session, "posting", "entry_id", book_id, low, high)
    batch = _batches_of(session, book_id, entry)
    records = leaves.entries(code, batch, entry, posting)
    lines = posting.group_by("entry_id", maintain_order=True).agg(
        n=pl.len().cast(pl.Int64),
        low=pl.col("line").min(),
        high=pl.col("line").max(),
        difference=(pl.col("debit") - pl.col("credit")).sum(),
        earliest=pl.col("date").min(),
        latest=pl.col("date").max(),
    )
    deltas = (
        posting.join(entry.select("entry_id", "batch_id"), on="entry_id", how="left", maintain_order="left")
        .with_columns(pl.col(*PROJECTED).fill_null(""))
        .group_by("batch_id", "date", "account", *PROJECTED)
        .agg(n=pl.len().cast(pl.Int64), debit=pl.col("debit").sum(), credit=pl.col("credit").sum())
    )
    return Entries(entry["entry_id"].to_list(), _hashed(records), entry.select(*HEADS), lines, deltas.select(*DELTAS))


@cache
def _entry_sqlite() -> str:
    fields = ", ".join(_json("entry", name) for name in leaves.ENTRY_FIELDS)
    return (
        f"SELECT {_heads()}, CAST(json_array(:tag, :code, {fields}) AS BLOB) "
        "FROM entry e LEFT JOIN batch b ON b.book_id = e.book_id AND b.batch_id = e.batch_id "
        "WHERE e.book_id = :b AND e.entry_id BETWEEN :low AND :high ORDER BY e.entry_id"
    )


def _heads() -> str:
    return ", ".join("e.date || ''" if name == "date" else f"e.{name}" for name in HEADS)


@cache
def _lines_sqlite() -> str:
    fields = ", ".join(_json("posting", name) for name in leaves.LINE_FIELDS)
    return (
        f"SELECT entry_id, CAST(group_concat(json_array({fields})) AS BLOB), count(*), min(line), max(line), "
        "sum(debit - credit), min(date), max(date) "
        "FROM posting e WHERE book_id = :b AND entry_id BETWEEN :low AND :high GROUP BY entry_id ORDER BY entry_id"
    )


def _json(table: str, name: str) -> str:
    """A field of a record as JSON text, as ``ledger.leaves`` writes it."""
    if name in leaves.HEAD_FIELDS:
        return f"b.{name}"
    if name in leaves.AMOUNTS:
        return (
            f"CASE WHEN e.{name} = 0 THEN '0.00' ELSE CASE WHEN e.{name} < 0 THEN '-' ELSE '' END "
            f"|| printf('%d.%02d', abs(e.{name}) / 100, abs(e.{name}) % 100) END"
        )
    if isinstance(metadata.tables[table].columns[name].type, Integer):
        return f"CAST(e.{name} AS TEXT)"
    return f"e.{name}"


_SPAN = "p.book_id = :b AND p.entry_id BETWEEN :low AND :high"
_CELLS = "p.date || '', p.account, " + ", ".join(f"coalesce(p.{name}, '')" for name in PROJECTED)
_SUMS = "count(*), sum(p.debit), sum(p.credit)"
_KEYS = "p.date, p.account, " + ", ".join(f"p.{name}" for name in PROJECTED)
_DELTAS_ONE = f"SELECT :batch, {_CELLS}, {_SUMS} FROM posting p WHERE {_SPAN} GROUP BY {_KEYS}"
_DELTAS_MANY = (
    f"SELECT e.batch_id, {_CELLS}, {_SUMS} FROM posting p "
    "LEFT JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id "
    f"WHERE {_SPAN} GROUP BY e.batch_id, {_KEYS}"
)


# -- frames ------------------------------------------------------------------------------------------


def _range(session: Session, table: str, column: str, book_id: int, low: int, high: int) -> pl.DataFrame:
    columns = metadata.tables[table].columns
    keys = ", ".join(part.name for part in metadata.tables[table].primary_key.columns)
    return session.frame(
        f"SELECT {', '.join(_read(session, part) for part in columns)} FROM {table} "
        f"WHERE book_id = :b AND {column} BETWEEN :low AND :high ORDER BY {keys}",
        {part.name: _kind(part) for part in columns},
        b=book_id,
        low=low,
        high=high,
    )


def _batches_of(session: Session, book_id: int, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return batches(session, book_id, 0, 0)
    return batches(session, book_id, int(rows["batch_id"].min()), int(rows["batch_id"].max()))  # type: ignore[arg-type]


def _read(session: Session, column: Any) -> str:
    """A column as it is read: dates as text, on PostgreSQL too."""
    if session.dialect == "postgresql" and not isinstance(column.type, Integer | Text | LargeBinary):
        return f'"{column.name}"::text'
    # Session.rows makes a date of a column that is called like one; an expression has no such name.
    return f'"{column.name}"' if isinstance(column.type, Integer | Text | LargeBinary) else f"\"{column.name}\" || ''"


def _kind(column: Any) -> Any:
    if isinstance(column.type, LargeBinary):
        return pl.Binary
    return pl.Int64 if isinstance(column.type, Integer) else pl.String


def _hashed(records: pl.Series) -> bytes:
    return leaf_hashes(records.cast(pl.Binary).to_list())
