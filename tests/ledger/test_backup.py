"""Backups on both databases: consistent while others write, verified before they replace, nothing lost."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql as names
from sqlalchemy import make_url

from ledger import backup, operations
from ledger.backup import restore, take
from ledger.books import create_book, open_book
from ledger.errors import NotFound, Refused
from ledger.journal import Ledger
from ledger.storage import Store, copies
from tests.conftest import database_url, new_database

Make = Callable[[str], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, new_store: Make) -> Ledger:
    """A book with something in its logs."""
    made = create_book(new_store(request.param), operator="admin")
    operations.record(made.store, 1, operations.Operation(command="x", operator="L01"))
    return made


@pytest.fixture
def place(ledger: Ledger, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where to restore to: nothing stands there yet. On PostgreSQL by whoever may make databases."""
    if ledger.store.dialect == "sqlite":
        yield f"sqlite:///{(tmp_path / 'other' / 'book.db').as_posix()}"
        return
    admin = request.getfixturevalue("postgres_url")
    name = "restored_" + str(make_url(ledger.store.url).database)
    yield database_url(admin, name)
    _clean(admin, name)


def _clean(admin: str, name: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR datname LIKE 'meterbook_before%%' OR datname LIKE 'meterbook_restore%%'",
            (name,),
        ).fetchall()
        for (database,) in found:
            connection.execute(names.SQL("DROP DATABASE {} WITH (FORCE)").format(names.Identifier(database)))


def more(ledger: Ledger) -> None:
    """Something is written after the backup."""
    with ledger.store.writing(1) as session:
        from ledger.operators import appoint

        appoint(session, 1, ledger.book, "T01", by="T01", today=dt.date(2023, 6, 1))


def facts(ledger: Ledger) -> int:
    with ledger.store.reading() as session:
        return int(session.rows("SELECT count(*) FROM fact")[0][0])


def test_there_and_back(ledger: Ledger, place: str, tmp_path: Path) -> None:
    """The restored book is the same, laws and all; the manifest carries the newest checkpoint."""
    done = take(ledger, tmp_path / "backups")
    manifest = json.loads((done.file.parent / (done.file.name + ".json")).read_text(encoding="utf-8"))
    assert manifest == done.manifest
    with ledger.store.reading() as session:
        newest = copies.checkpoint(session, 1)
    assert newest is not None
    assert manifest["checkpoint"] == {"seq": newest[0], "note": newest[1]}
    assert manifest["operations"]["seq"] == 1
    assert sorted(path.name for path in done.file.parent.iterdir()) == [done.file.name, done.file.name + ".json"]
    put = restore(done.file, place)
    assert put.aside is None
    again = open_book(Store(place))
    told = backup.describe(again.store, 1)
    assert {key: told[key] for key in ("book", "counts", "checkpoint")} == {
        key: manifest[key] for key in ("book", "counts", "checkpoint")
    }
    more(again)  # it goes on, by the same key
    assert facts(again) == 1
    again.store.dispose()


def test_a_newer_book_is_not_overwritten(ledger: Ledger, place: str, tmp_path: Path) -> None:
    """What went on after the backup needs --replace, and is kept aside."""
    done = take(ledger, tmp_path / "backups")
    book = restore(done.file, place).ledger
    more(book)
    book.store.dispose()
    with pytest.raises(Refused, match="--replace"):
        restore(done.file, place)
    asked: list[str] = []
    put = restore(done.file, place, replace=True, allow=lambda there: asked.append(there.book.code))
    assert asked == [ledger.book.code]
    assert facts(put.ledger) == 0
    assert put.aside is not None
    aside = f"sqlite:///{put.aside}" if ledger.store.dialect == "sqlite" else copies.renamed(place, put.aside)
    kept = open_book(Store(aside))
    assert facts(kept) == 1
    kept.store.dispose()
    put.ledger.store.dispose()


def test_an_equal_book_may_be_replaced(ledger: Ledger, place: str, tmp_path: Path) -> None:
    done = take(ledger, tmp_path / "backups")
    restore(done.file, place).ledger.store.dispose()
    assert restore(done.file, place).aside is not None


def test_another_book_is_not_overwritten(ledger: Ledger, place: str, tmp_path: Path, new_store: Make) -> None:
    done = take(ledger, tmp_path / "backups")
    restore(done.file, place).ledger.store.dispose()
    other = take(create_book(new_store(ledger.store.dialect), operator="admin"), tmp_path / "others")
    with pytest.raises(Refused, match="--replace"):
        restore(other.file, place)


def test_damage_is_found_before_anything_is_replaced(ledger: Ledger, place: str, tmp_path: Path) -> None:
    """A byte turned, a file cut, another manifest, none at all: the book that stands there is untouched."""
    done = take(ledger, tmp_path / "backups")
    book = restore(done.file, place).ledger
    whole, beside = done.file.read_bytes(), done.file.with_name(done.file.name + ".json")
    said = beside.read_text(encoding="utf-8")

    def refused(content: bytes, manifest: str) -> str:
        done.file.write_bytes(content)
        beside.write_text(manifest, encoding="utf-8")
        with pytest.raises(Refused) as caught:
            restore(done.file, place, replace=True)
        return str(caught.value)

    middle = len(whole) // 2
    assert "sha256" in refused(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], said)
    assert "sha256" in refused(whole[:-1], said)
    assert "counts" in refused(whole, said.replace('"operation": 1', '"operation": 2'))
    assert "checkpoint" in refused(whole, json.dumps({**done.manifest, "checkpoint": None}))
    assert refused(whole, "{}")
    beside.unlink()
    with pytest.raises(NotFound):
        restore(done.file, place)
    assert facts(book) == 0
    book.store.dispose()


def test_only_where_it_came_from(ledger: Ledger, tmp_path: Path) -> None:
    """A SQLite backup is no PostgreSQL dump."""
    done = take(ledger, tmp_path / "backups")
    other = "postgresql://u@/x" if ledger.store.dialect == "sqlite" else f"sqlite:///{tmp_path / 'x.db'}"
    with pytest.raises(Refused, match="sqlite"):
        restore(done.file, other)


def test_a_broken_sqlite_copy_is_seen(new_store: Make, tmp_path: Path) -> None:
    """Its hash may be right and its pages wrong: the database's own check, and the operation log's chain."""
    ledger = create_book(new_store("sqlite"), operator="admin")
    operations.record(ledger.store, 1, operations.Operation(command="x", operator="L01"))
    done = take(ledger, tmp_path / "backups")

    def forged(strike: Callable[[], None]) -> str:
        strike()
        digest, size = backup._hashed(done.file)
        done.file.with_name(done.file.name + ".json").write_text(
            json.dumps({**done.manifest, "sha256": digest, "size": size})
        )
        with pytest.raises(Refused) as caught:
            restore(done.file, f"sqlite:///{tmp_path / 'new.db'}")
        assert not (tmp_path / "new.db").exists()
        return str(caught.value)

    def alter() -> None:
        connection = sqlite3.connect(done.file)
        connection.execute("DROP TRIGGER operation_no_update")
        connection.execute("UPDATE operation SET operator = 'K01'")
        connection.commit()
        connection.close()

    assert "1" in forged(alter)
    whole = done.file.read_bytes()

    def overwrite() -> None:
        done.file.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])

    assert forged(overwrite)


def test_while_others_write(new_store: Make, tmp_path: Path) -> None:
    """Copies made while rows come in are each of one moment: the log's rows and its chain agree."""
    ledger = create_book(new_store("sqlite"), operator="admin")
    stop = threading.Event()

    def write() -> None:
        store = Store(ledger.store.url)
        while not stop.is_set():
            operations.record(store, 1, operations.Operation(command="x", operator="L01"))
        store.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = [take(ledger, tmp_path / str(number)) for number in range(4)]
    finally:
        stop.set()
        writer.join()
    seen = [done.manifest["counts"]["operation"] for done in taken]
    assert seen == [done.manifest["operations"]["seq"] for done in taken]
    assert seen == sorted(seen)
    for number, done in enumerate(taken):
        put = restore(done.file, f"sqlite:///{tmp_path / f'r{number}.db'}").ledger
        with put.store.reading() as session:
            assert operations.check_chain(session, 1) == []
        put.store.dispose()


def test_no_pg_dump(postgres_url: str, tmp_path: Path, new_store: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said in words; nothing is left behind."""
    ledger = create_book(new_store("postgresql"), operator="admin")
    monkeypatch.setattr(copies, "_PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotFound, match="pg_dump"):
        take(ledger, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_the_password_is_no_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pg_dump gets it in its environment; its words come back without it."""
    seen = tmp_path / "seen"
    tool = tmp_path / "pg_dump"
    tool.write_text(
        f'#!/bin/sh\necho "$@" > {seen}\necho "bad password $PGPASSWORD on $PGHOST" >&2\nexit 1\n', encoding="utf-8"
    )
    tool.chmod(0o755)
    monkeypatch.setattr(copies, "_PLACES", ())
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    store = Store("postgresql://u:hunter2@h:5433/db?sslmode=require")
    with pytest.raises(Refused) as caught:
        copies.dump_postgresql(store, tmp_path / "x", "00-1")
    assert ("hunter2" in str(caught.value), "on h" in str(caught.value)) == (False, True)
    assert "hunter2" not in seen.read_text()
    assert copies._environment(store.url)["PGSSLMODE"] == "require"


def test_into_a_server_without_the_roles_owner(postgres_url: str, new_store: Make, tmp_path: Path) -> None:
    """Whoever may make databases and roles, but is no superuser, restores; the app then keeps within its rights."""
    ledger = create_book(new_store("postgresql"), operator="admin")
    done = take(ledger, tmp_path / "backups")
    database = new_database(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE restorer LOGIN CREATEDB CREATEROLE")
        admin.execute("GRANT meterbook_app TO restorer")
    try:
        place = database_url(postgres_url, "restored_by_another", "restorer")
        put = restore(done.file, place).ledger
        with pytest.raises(Exception, match="privilege"), put.store.writing(1) as session:
            session.execute("DELETE FROM operation")
        put.store.dispose()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            for name in ("restored_by_another", database):
                admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute("DROP OWNED BY restorer")
            admin.execute("DROP ROLE restorer")
