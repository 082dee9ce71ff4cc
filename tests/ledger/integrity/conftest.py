"""A small book with rows in every table, so that each column can be altered."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from ledger.checkpoint import memory_signer
from ledger.journal import Ledger
from ledger.operations import Operation, record
from ledger.storage import Store, bank, log, people_sql, proof_sql
from ledger.storage.tables import DIMENSIONS
from tests.conftest import DIALECTS, LOGIN, database_url, new_database
from tests.ledger.storage.attacks import NOW, _batch, _entry, _lines
from tests.ledger.storage.test_engine import found, framed
from tests.ledger.storage.test_log import _bank_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = b'\x00\xff,"'


def ledger_of(store: Store) -> Ledger:
    """The book, for what needs only its number and its store."""
    return Ledger(store=store, book_id=1, book=None, chart=None, cutover=None)  # type: ignore[arg-type]


def batch(store: Store, number: int, entries: int = 2, facts: int = 1, **more: Any) -> None:
    """A batch of entries and facts, behind what is there; the first entry of a later one reverses one of the first."""
    with store.writing(1) as session:
        [(first, fact)] = session.rows(
            "SELECT coalesce(max(first_entry + entries), 1), coalesce(max(first_fact + facts), 1) FROM batch WHERE book_id = 1"
        )
        [(vno,)] = session.rows("SELECT coalesce(max(last_no), 0) + 1 FROM voucher_mark WHERE book_id = 1")
        ids = range(first, first + entries)
        sums = {"debit": 500 * entries, "credit": 500 * entries, "source_name": "六月.csv", "source_sha256": "ab" * 32}
        session.insert("batch", framed([_batch(1, number, first, entries, first_fact=fact, facts=facts, **sums)]))
        if entries:
            extra = {"memo": '他说"好"\n', "maker": "甲", "checker": "乙", "approver": "丙", "sheet": "S", "row": 7}
            rows = [
                {**_entry(1, number, i, vno + i - first), **extra, "reverses": None, "caused_by": None, **more}
                for i in ids
            ]
            rows[0] |= {"reverses": number - 1, "caused_by": 1} if number > 1 else {}
            session.insert("entry", framed(rows))
            cells = {name: f"{name} {number}" for name in DIMENSIONS} | {"document": None}
            session.insert("posting", framed([{**line, **cells} for i in ids for line in _lines(1, i)]))
        listed = [
            {
                "book_id": 1, "fact_id": one, "batch_id": number, "kind": "customers", "doc_no": f"R{one}", "subject": f"R{one}",
                "date": "2023-06-12", "content": '[{"name": "王\\u0000"}]', "sheet": "S", "row": one,
            }
            for one in range(fact, fact + facts)
        ]  # fmt: skip
        if listed:
            session.insert("fact", framed(listed))
        session.seal(1, number)


def fill(store: Store) -> None:
    """Rows in every table."""
    found(store)
    config = {"book_id": 1, "book_toml": "a = 1", "chart_toml": "b = 2", "operator": "K", "recorded_at": NOW}
    with store.writing(1) as session:
        session.insert(
            "book_config", framed([{**config, "version": 1}, {**config, "version": 2, "book_toml": "a = 2"}])
        )
    batch(store, 1)
    batch(store, 2, entries=3, facts=0)
    batch(store, 3, entries=0, facts=2)
    batch(store, 4)
    others(store)
    for number in range(3):
        record(
            store,
            1,
            Operation(command=f"report {number}", operator="K", subject="R07", place="here", terminal="", batch_id=1),
        )


def others(store: Store) -> None:
    """What is in no batch."""
    stamp = {"operator": "K", "recorded_at": NOW}
    with store.writing(1) as session:
        session.insert("account", framed([{"book_id": 1, "account": "1002.09", "required": 0, "opened": "2023-05-31"}]))
        session.insert("account_close", framed([{"book_id": 1, "account": "1002.09", "closed_on": "2023-06-12"}]).with_columns(
            pl.col("closed_on").cast(pl.String).str.to_date()))  # fmt: skip
        for action, seq in (("close", 1), ("reopen", 2)):
            event = {"book_id": 1, "period": "2023-05", "branch": "", "seq": seq, "action": action, "reason": "月结"}
            session.insert("period_event", framed([{**event, **stamp}]))
        for seq in (1, 2):
            day = {"book_id": 1, "date": "2023-06-12", "seq": seq, "action": f"close {seq}", "content": "{}"}
            session.insert("day_event", framed([{**day, **stamp}]))
        sha = hashlib.sha256(SOURCE).hexdigest()
        bank.append_source(session, 1, sha, SOURCE)
        for number in (1, 2):
            head = {
                "bank": "1002.01", "sha256": sha, "file_name": "六月.csv", "dialect": "icbc", "encoding": "utf-8",
                "direction": "in", "from_date": "2023-06-01", "to_date": "2023-06-30", "opening": number, "closing": 5,
                "difference": 0, "lines": 3, "operator": "K",
            }  # fmt: skip
            dates = {name: pl.Series([head[name]]).str.to_date()[0] for name in ("from_date", "to_date")}
            lines = _bank_lines().with_columns(identity=pl.format("{} {}", "identity", pl.lit(number)))
            full = {
                name: pl.lit(f"{name} {number}")
                for name in ("time", "serial", "party", "party_account", "summary", "reference")
            }
            bank.append_statement(session, 1, {**head, **dates}, lines.with_columns(balance=pl.lit(number), **full))
        bank.append_matches(
            session, 1, "1002.01",
            pl.DataFrame({"match_id": [1, 2], "stage": ["a", "b"], "rule_version": "1", "evidence": "{}"}),
            pl.DataFrame({"match_id": [2, 1, 1], "side": ["bank", "book", "bank"], "ref": ["3", "9:1", "1"], "amount": [5, 6, 6]}),
            "K",
        )  # fmt: skip
        bank.append_undo(session, 1, "1002.01", 2, "{}", "K")
        for ref in ("2", "4"):
            bank.append_note(session, 1, "1002.01", "bank", ref, f"r{ref}", "n", "K")
    with store.writing(1) as session:
        people_sql.add_attempt(session, 1, "K", success=True, place="here")
    with store.reading() as session:
        _code, origin = log.identity(session, 1)
    signer = memory_signer(origin)
    key = {"book_id": 1, "key_id": signer.key_id, "vkey": signer.vkey, "operator": "K", "announced_at": NOW}
    with store.writing(1) as session:
        session.insert("key", pl.DataFrame([key]))


@pytest.fixture(scope="session")
def full_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as a file, to be copied."""
    path = tmp_path_factory.mktemp("full") / "book.db"
    shutil.copyfile(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    fill(store)
    store.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def full_postgresql(postgres_url: str, postgres_template: str) -> str:
    """The name of a database with the book in it, to be copied."""
    name = new_database(postgres_url, postgres_template)
    store = Store(database_url(postgres_url, name, LOGIN))
    fill(store)
    store.dispose()
    return name


@pytest.fixture(params=DIALECTS)
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The book, on each database, opened as the application opens it."""
    if request.param == "sqlite":
        path = tmp_path / "book.db"
        shutil.copyfile(request.getfixturevalue("full_sqlite"), path)
        store = Store(f"sqlite:///{path}")
        yield store
        store.dispose()
        return
    admin = request.getfixturevalue("postgres_url")
    name = new_database(admin, request.getfixturevalue("full_postgresql"))
    store = Store(database_url(admin, name, LOGIN))
    yield store
    store.dispose()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def owned(full: Store, request: pytest.FixtureRequest) -> Store:
    """The same book in the hands of the owner of its database."""
    if full.dialect == "sqlite":
        return full
    admin = request.getfixturevalue("postgres_url")
    return Store(database_url(admin, str(make_url(full.url).database)))


@pytest.fixture
def by_hand(owned: Store) -> Callable[[str], None]:
    """Runs statements as the owner of the database, with the laws out of the way."""

    def run(*statements: str) -> None:
        if owned.dialect == "sqlite":
            with sqlite3.connect(str(owned.path)) as connection:
                for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    connection.execute(f'DROP TRIGGER "{name}"')
                for statement in statements:
                    connection.execute(statement)
            connection.close()
            return
        with psycopg.connect(owned.url.replace(LOGIN, "postgres"), autocommit=True) as connection:
            connection.execute("SET search_path = meterbook")
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'meterbook'"
            ).fetchall():
                connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER ALL')  # type: ignore[arg-type]
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    return run


def note_of(store: Store) -> str:
    """The newest checkpoint."""
    with store.reading() as session:
        newest = proof_sql.newest(session, 1)
    assert newest is not None
    return newest.note
