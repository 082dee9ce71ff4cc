"""Altering a copy of a book as only its owner could: for the tamper drill (ledger.drill), and for nothing else.

::

    with forged(store) as forger:            # a copy; the book itself is only read
        forger.loosen()                      # triggers and checks out of the way
        with forger.trial() as session:      # whatever is done here is rolled back
            forger.alter("posting", "debit", rng)

No rule is kept here on purpose; what the database refuses all the same (a key twice, a
null, a wrong type) raises ``Impossible``.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Date, Integer, LargeBinary

from ledger.errors import MeterbookError, Refused
from ledger.i18n import _
from ledger.storage import copies, proof_sql
from ledger.storage.engine import SEARCH_PATH, Session, Store
from ledger.storage.log import mode
from ledger.storage.tables import PROJECTED, metadata

Row = dict[str, Any]

PROJECTED_KEY = ("book_id", "batch_id")


class Impossible(Exception):
    """The database does not let even its owner do this: a key twice, a null, a wrong type."""


@contextmanager
def forged(store: Store) -> Iterator[Forger]:
    """A copy of a book in hands that may do anything; gone at the end.

    Raises:
        Refused: the copy cannot be made (PostgreSQL: the login may not make a database).
    """
    make = _sqlite if store.dialect == "sqlite" else _postgresql
    with make(store) as connection:
        yield Forger(Session(store.dialect, connection))


@contextmanager
def _sqlite(store: Store) -> Iterator[Any]:
    with tempfile.TemporaryDirectory(prefix="meterbook-drill-") as folder:
        if store.path is None:
            raise Refused(_("内存中的账套不能备份"))
        copy = Path(folder) / "copy.db"
        copies.copy_sqlite(store, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA temp_store = MEMORY")
            yield connection


@contextmanager
def _postgresql(store: Store) -> Iterator[Any]:
    url = copies.renamed(store.url, f"meterbook_drill_{uuid.uuid4().hex[:12]}")
    copies.create_database(url)
    try:
        with tempfile.TemporaryDirectory(prefix="meterbook-drill-") as folder:
            dump = Path(folder) / "copy.dump"
            with copies.snapshot(store) as (_session, name):
                copies.dump_postgresql(store, dump, str(name))
            copies.restore_postgresql(url, dump)
        with copies.connected(url, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(f"SET search_path = {SEARCH_PATH}")
            yield connection
    finally:
        with suppress(MeterbookError):
            copies.drop_database(url)


@dataclass(slots=True)
class Forger:
    """The hands: ``session`` works as the owner of the copy."""

    session: Session

    def loosen(self) -> None:
        """Take triggers and checks out of the way, for good."""
        if self.session.dialect == "sqlite":
            for (name,) in self.session.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                self.session.execute(f'DROP TRIGGER "{name}"')
            self.session.execute("PRAGMA ignore_check_constraints = ON")
            return
        for name in metadata.tables:
            self.session.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER ALL')
        for table, name in self.session.rows(
            "SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
            "WHERE t.relnamespace = 'meterbook'::regnamespace AND c.contype = 'c'"
        ):
            self.session.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')

    @contextmanager
    def trial(self) -> Iterator[Session]:
        """A transaction that is rolled back, whatever comes of it."""
        self.session.execute("BEGIN")
        try:
            yield self.session
        except (sqlite3.Error, psycopg.Error, MeterbookError, OverflowError) as error:
            raise Impossible(str(error)) from error
        finally:
            self.session.execute("ROLLBACK")

    # -- one row -----------------------------------------------------------------------------------

    def alter(self, table: str, column: str, rng: random.Random) -> str:
        """Another value in one column of one row; says what was done."""
        row, key = self._some(table, rng)
        other, _key = self._some(table, rng)
        new = _other(_kind(table, column), row[column], other[column], rng)
        self._update(table, key, {column: new})
        return f"{_shown(row[column])} → {_shown(new)} ({_place(key)})"

    def delete(self, table: str, rng: random.Random) -> str:
        """One row less. The newest row of the operation log stays: its loss shows against a backup's manifest."""
        row, key = self._some(table, rng, newest=table != "operation")
        self._delete(table, key)
        return _place({name: row[name] for name in key})

    def insert(self, table: str, rng: random.Random) -> str:
        """One row more: like another one, under a key of its own."""
        row, _key = self._some(table, rng)
        for name in sorted(_unique(table)):
            kind = _kind(table, name)
            if name == "book_id" or row[name] is None:
                continue
            if kind == "int":
                [(last,)] = self.session.rows(f'SELECT max("{name}") FROM "{table}"')
                row[name] = int(last) + 1
            elif kind == "date":
                row[name] = _other(kind, row[name], row[name], rng)
            else:
                row[name] = f"{row[name]}x"
        self._insert(table, row)
        return _place({name: row[name] for name in _keys(table)})

    def swap(self, table: str, rng: random.Random) -> str:
        """Two rows exchange all but their keys."""
        one, first = self._some(table, rng)
        two, second = self._some(table, rng)
        cells = [name for name in one if name not in _unique(table) and one[name] != two[name]]
        if not cells:
            raise Impossible("the rows are alike")
        self._update(table, first, {name: two[name] for name in cells})
        self._update(table, second, {name: one[name] for name in cells})
        return f"{_place(first)} ⇄ {_place(second)}"

    # -- many rows -----------------------------------------------------------------------------------

    def forget_after(self, book_id: int, seq: int) -> None:
        """The book as it was after row ``seq`` of the log: what an old backup holds, nothing else."""
        later = [row for row in proof_sql.log_rows(self.session, book_id) if row.seq > seq]
        numbers = [row.batch_id for row in later if row.batch_id is not None]
        if numbers:
            [(entry, fact)] = self.session.rows(
                "SELECT first_entry, first_fact FROM batch WHERE book_id = :b AND batch_id = :n",
                b=book_id,
                n=min(numbers),
            )
            for table, column, low in (
                ("posting", "entry_id", entry),
                ("entry", "entry_id", entry),
                ("fact", "fact_id", fact),
                *((table, "batch_id", min(numbers)) for table in ("seal", "voucher_mark", "balance_delta", "batch")),
                *([("projected", "batch_id", min(numbers))] if self.session.dialect == "sqlite" else []),
            ):
                self.session.execute(
                    f'DELETE FROM "{table}" WHERE book_id = :b AND {column} >= :low', b=book_id, low=low
                )
        for row in later:
            if row.batch_id is not None:
                continue
            for table, *cells in json.loads(row.what):
                names = [name for name in _keys(table) if name != "book_id"]
                width = len(names)
                low, high = cells[:width], cells[width : 2 * width] if mode(table) == "set" else cells[:width]
                self._delete_between(table, book_id, names, low, high)
        self.session.execute(
            "DELETE FROM source_file WHERE book_id = :b AND sha256 NOT IN (SELECT sha256 FROM statement)", b=book_id
        )
        self.session.execute("DELETE FROM log WHERE book_id = :b AND seq > :s", b=book_id, s=seq)

    def cut_log(self, book_id: int, seq: int) -> None:
        """The log alone ends after row ``seq``."""
        self.session.execute("DELETE FROM log WHERE book_id = :b AND seq > :s", b=book_id, s=seq)

    def one_fen_more(self, book_id: int) -> None:
        """A fen more on both sides of an entry, and in everything that the seal sums from it.

        Raises:
            Impossible: no entry has a debit and a credit above zero.
        """
        rows = self.session.rows(
            "SELECT e.entry_id, e.batch_id FROM entry e WHERE e.book_id = :b AND EXISTS ("
            "SELECT 1 FROM posting p WHERE p.book_id = e.book_id AND p.entry_id = e.entry_id AND p.debit > 0) AND EXISTS ("
            "SELECT 1 FROM posting p WHERE p.book_id = e.book_id AND p.entry_id = e.entry_id AND p.credit > 0) "
            "ORDER BY e.entry_id LIMIT 1",
            b=book_id,
        )
        if not rows:
            raise Impossible("no entry to forge")
        entry, batch = rows[0]
        names = ("account", *PROJECTED)
        for side in ("debit", "credit"):
            cells = ", ".join(f"coalesce({name}, '')" for name in PROJECTED)
            line, *key = self.session.rows(
                f"SELECT line, account, {cells} FROM posting "
                f"WHERE book_id = :b AND entry_id = :e AND {side} > 0 ORDER BY line LIMIT 1",
                b=book_id,
                e=entry,
            )[0]
            more = f"SET {side} = {side} + 1 WHERE book_id = :b AND"
            self.session.execute(f"UPDATE posting {more} entry_id = :e AND line = :l", b=book_id, e=entry, l=line)
            where = " AND ".join(f"{name} = :{name}" for name in names)
            self.session.execute(
                f"UPDATE balance_delta {more} batch_id = :n AND {where} "
                "AND date = (SELECT date FROM entry WHERE book_id = :b AND entry_id = :e)",
                b=book_id,
                n=batch,
                e=entry,
                **dict(zip(names, key, strict=True)),
            )
            self.session.execute(f"UPDATE batch {more} batch_id = :n", b=book_id, n=batch)

    def set(self, table: str, key: Row, cells: Row) -> None:
        """These cells of this row."""
        self._update(table, key, cells)

    # -- laws ----------------------------------------------------------------------------------------

    def laws(self) -> list[tuple[str, list[str]]]:
        """Every way a law can be taken out or bent: what it is called, and the statements that do it."""
        return _laws_sqlite(self.session) if self.session.dialect == "sqlite" else _laws_postgresql(self.session)

    def bend(self, statements: list[str]) -> bool:
        """Run the statements of one way; whether anything changed."""
        counts = [self.session.execute(statement) for statement in statements]
        return counts[-1] != 0  # a statement that changes no rows of a table, but a table, says -1

    # -- SQL -----------------------------------------------------------------------------------------

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.session.rows(f'SELECT count(*) FROM "{table}"')[0][0])

    def _some(self, table: str, rng: random.Random, *, newest: bool = True) -> tuple[Row, Row]:
        names, key = _columns(table), _keys(table)
        count = self.count(table) - (not newest)
        if count < 1:
            raise Impossible("no rows")
        rows = self.session.rows(
            f'SELECT {", ".join(_expression(table, name) for name in names)} FROM "{table}" '
            f"ORDER BY {', '.join(key)} LIMIT 1 OFFSET {rng.randrange(count)}"
        )
        row = dict(zip(names, rows[0], strict=True))
        for name, value in row.items():
            if isinstance(value, memoryview):
                row[name] = bytes(value)
        return row, {name: row[name] for name in key}

    def _update(self, table: str, key: Row, cells: Row) -> None:
        sets = ", ".join(f'"{name}" = :new_{name}' for name in cells)
        where = " AND ".join(f'"{name}" = :key_{name}' for name in key)
        params = {f"new_{name}": value for name, value in cells.items()} | {f"key_{name}": v for name, v in key.items()}
        if self.session.execute(f'UPDATE "{table}" SET {sets} WHERE {where}', **params) != 1:
            raise Impossible("no such row")

    def _delete(self, table: str, key: Row) -> None:
        where = " AND ".join(f'"{name}" = :{name}' for name in key)
        self.session.execute(f'DELETE FROM "{table}" WHERE {where}', **key)

    def _delete_between(self, table: str, book_id: int, names: list[str], low: list[str], high: list[str]) -> None:
        if not names:
            self.session.execute(f'DELETE FROM "{table}" WHERE book_id = :b', b=book_id)
            return
        typed = [
            (int(a), int(b)) if _kind(table, name) == "int" else (a, b)
            for name, a, b in zip(names, low, high, strict=True)
        ]
        params = {f"low_{name}": a for name, (a, _b) in zip(names, typed, strict=True)}
        params |= {f"high_{name}": b for name, (_a, b) in zip(names, typed, strict=True)}
        cells = ", ".join(names)
        self.session.execute(
            f'DELETE FROM "{table}" WHERE book_id = :b AND ({cells}) >= ({", ".join(f":low_{n}" for n in names)}) '
            f"AND ({cells}) <= ({', '.join(f':high_{n}' for n in names)})",
            b=book_id,
            **params,
        )

    def _insert(self, table: str, row: Row) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        self.session.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(f":{name}" for name in row)})', **row)


def tables(dialect: str) -> list[str]:
    """The tables that can be altered."""
    return [*metadata.tables, *(["projected"] if dialect == "sqlite" else [])]


def _columns(table: str) -> list[str]:
    return list(PROJECTED_KEY) if table == "projected" else list(metadata.tables[table].columns.keys())


def _keys(table: str) -> list[str]:
    return list(PROJECTED_KEY) if table == "projected" else [c.name for c in metadata.tables[table].primary_key.columns]


def _unique(table: str) -> set[str]:
    """Columns of any unique key."""
    if table == "projected":
        return set(PROJECTED_KEY)
    found = set(_keys(table))
    for constraint in metadata.tables[table].constraints:
        if type(constraint).__name__ == "UniqueConstraint":
            found |= {column.name for column in constraint.columns}  # type: ignore[attr-defined]
    return found


def _kind(table: str, column: str) -> str:
    if table == "projected":
        return "int"
    type_ = metadata.tables[table].columns[column].type
    kinds = {Integer: "int", Date: "date", LargeBinary: "bytes"}
    return next((kind for known, kind in kinds.items() if isinstance(type_, known)), "text")


def _expression(table: str, column: str) -> str:
    """A date as text on both databases, under a name that ``Session.rows`` leaves alone."""
    return f"CAST(\"{column}\" AS text) || ''" if _kind(table, column) == "date" else f'"{column}"'


def _other(kind: str, old: Any, another: Any, rng: random.Random) -> Any:
    """A value that is not the old one: a slip, a neighbour's, nothing, or what a forger would like."""
    if kind == "int":
        number = old or 0
        ways = [number + 1, number - 1, -number, number * 10, number + 100, another, None, 0]
    elif kind == "date":
        day = dt.date.fromisoformat(old) if old else dt.date(2023, 6, 9)
        ways = [str(day + dt.timedelta(days=step)) for step in (1, -1, 31, 365)] + [another, None]
    elif kind == "bytes":
        content = bytes(old or b"")
        place = rng.randrange(len(content) or 1)
        flipped = (
            content[:place] + bytes([(content[place] if content else 0) ^ 1 << rng.randrange(8)]) + content[place + 1 :]
        )
        ways = [flipped, content[:-1], content + b"x", content[32:], bytes(len(content)), another]
    else:
        text = old or ""
        ways = [
            text + "x",
            text[:-1],
            text.swapcase(),
            text.replace("1", "2", 1),
            f" {text}",
            text + "\u200b",
            text[::-1],
        ]
        ways += [text.replace(",", ", ", 1), another, None, "", "王五"]
    ways = [way for way in ways if way != old]
    return rng.choice(ways)


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 40 else text[:37] + "…"


def _place(key: Row) -> str:
    return " ".join(_shown(value) for name, value in key.items() if name != "book_id")


# -- laws, each database in its way ------------------------------------------------------------------


def _laws_sqlite(session: Session) -> list[tuple[str, list[str]]]:
    ways: list[tuple[str, list[str]]] = []
    rows = session.rows(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    master = "UPDATE sqlite_master SET sql = {change} WHERE type = '{kind}' AND name = '{name}'"
    for kind, name, table in rows:
        if kind in ("trigger", "index"):
            ways.append((f"drop {kind} {name}", [f'DROP {kind} "{name}"']))
        if kind == "trigger":
            empty = f'CREATE TRIGGER "{name}" BEFORE INSERT ON "{table}" BEGIN SELECT 1; END'
            ways.append((f"empty {kind} {name}", [f'DROP TRIGGER "{name}"', empty]))
        if kind == "table":
            for what in ("NOT NULL", "CHECK", "STRICT", "PRIMARY KEY", "UNIQUE", "COLLATE"):
                change = f"replace(sql, '{what}', '/* */')"
                statement = master.format(change=change, kind=kind, name=name) + f" AND instr(sql, '{what}') > 0"
                ways.append((f"without {what} {kind} {name}", ["PRAGMA writable_schema = ON", statement]))
            ways.append((f"rename {name}", [f'ALTER TABLE "{name}" RENAME TO "{name}_old"']))
            add = f'CREATE TRIGGER "{name}_more" AFTER INSERT ON "{name}" BEGIN SELECT 1; END'
            ways.append((f"more on {name}", [add]))
    return ways


def _laws_postgresql(session: Session) -> list[tuple[str, list[str]]]:
    ways: list[tuple[str, list[str]]] = []
    for table, name in session.rows(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE c.relnamespace = 'meterbook'::regnamespace AND NOT t.tgisinternal"
    ):
        ways += [
            (f"drop trigger {name}", [f'DROP TRIGGER "{name}" ON "{table}"']),
            (f"disable trigger {name}", [f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"']),
            (f"not always trigger {name}", [f'ALTER TABLE "{table}" ENABLE TRIGGER "{name}"']),
        ]
    for name, arguments, result in session.rows(
        "SELECT proname, pg_get_function_identity_arguments(oid), format_type(prorettype, NULL) "
        "FROM pg_proc WHERE pronamespace = 'meterbook'::regnamespace"
    ):
        empty = "RETURN NULL;" if result == "trigger" else "RETURN;"
        replaced = f'CREATE OR REPLACE FUNCTION meterbook."{name}"({arguments}) RETURNS {result} LANGUAGE plpgsql AS $f$ BEGIN {empty} END $f$'
        ways += [
            (f"empty function {name}", [replaced]),
            (f"hide function {name}", [replaced.replace("meterbook.", "pg_catalog.")]),
            (f"alter function {name}", [f'ALTER FUNCTION "{name}"({arguments}) SET search_path = public']),
        ]
    for table, name in session.rows(
        "SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
        "WHERE t.relnamespace = 'meterbook'::regnamespace AND c.contype IN ('c', 'p', 'u')"
    ):
        ways.append((f"drop constraint {table}.{name}", [f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"']))
    for name, owned in session.rows(
        "SELECT c.relname, EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid) FROM pg_class c "
        "WHERE c.relnamespace = 'meterbook'::regnamespace AND c.relkind = 'i'"
    ):
        if not owned:
            ways.append((f"drop index {name}", [f'DROP INDEX "{name}"']))
    for table in metadata.tables:
        required = [c.name for c in metadata.tables[table].columns if not c.nullable and not c.primary_key]
        ways += [
            (f"nullable {table}.{name}", [f'ALTER TABLE "{table}" ALTER COLUMN "{name}" DROP NOT NULL'])
            for name in required
        ]
        ways += [
            (f"grant update {table}", [f'GRANT UPDATE ON "{table}" TO meterbook_app']),
            (f"rule on {table}", [f'CREATE RULE quiet AS ON INSERT TO "{table}" DO INSTEAD NOTHING']),
        ]
    return ways
