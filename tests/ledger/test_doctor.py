"""The doctor: a sound book is told sound, and each trouble is found, on both databases."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from ledger import checkpoint, doctor
from ledger.books import create_book
from ledger.journal import Ledger
from ledger.operations import Operation, record
from ledger.storage import Store, health
from tests.conftest import database_url
from tests.docs.test_tutorial import run


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return create_book(store, operator="admin")


def states(store: Store) -> dict[str, str]:
    """Check → its worst state."""
    order = ["ok", "warn", "fail"]
    found: dict[str, str] = {}
    for check in doctor.examine(store):
        assert check.text
        found[check.name] = max(found.get(check.name, "ok"), check.state, key=order.index)
    return found


def test_a_sound_book(ledger: Ledger) -> None:
    """Nothing fails; what the test cluster leaves off is warned of."""
    found = states(ledger.store)
    assert [name for name, state in found.items() if state == "fail"] == []
    own = {"sqlite", "journal", "pragmas", "integrity", "disk", "file"}
    if ledger.store.dialect == "postgresql":
        own = {"postgresql", "encoding", "timezone", "isolation", "durability", "roles", "grants"}
        assert found["durability"] == "warn"
    assert set(found) == {"python", "packages", "book", "laws", "operations", "key", "clock", "backup", *own}


def test_the_command(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 where something fails; machine output; written down."""
    monkeypatch.setenv("METERBOOK_DB", ledger.store.url)
    status, text = run("meterbook doctor --json")
    assert status == 0
    assert {"check", "state", "text"} == set(json.loads(text)[0])
    monkeypatch.setattr(doctor, "DISK_FAIL", 1 << 60)
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    status, text = run("meterbook doctor")
    assert (status, "no-such-package" in text) == (1, True)


def test_no_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing book is a finding, not the end."""
    monkeypatch.setenv("METERBOOK_DB", f"sqlite:///{tmp_path / 'no.db'}")
    status, text = run("meterbook doctor")
    assert (status, "no.db" in text, "python" in text) == (1, True, True)


def test_the_clock(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something was recorded in what is now the future."""
    ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    monkeypatch.setattr("ledger.operations.now", lambda: ahead)
    record(ledger.store, 1, Operation(command="x"))
    assert states(ledger.store)["clock"] == "fail"


def test_a_backup_is_due(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """C42, here and at the end of a day."""
    from commands.upkeep import remind_of_backup

    assert states(ledger.store)["backup"] == "ok"
    said: list[str] = []
    monkeypatch.setattr("commands.upkeep.say", said.append)
    remind_of_backup(ledger)
    assert said == []
    monkeypatch.setattr("ledger.operations.BACKUP_HOURS", 0)
    assert states(ledger.store)["backup"] == "warn"
    remind_of_backup(ledger)
    assert ["C42" in text for text in said] == [True]


def test_a_missing_law(ledger: Ledger, request: pytest.FixtureRequest) -> None:
    """A trigger dropped, and on PostgreSQL one that no longer always fires, and a right too much."""
    if ledger.store.dialect == "sqlite":
        assert ledger.store.path is not None
        with sqlite3.connect(ledger.store.path) as connection:
            connection.execute("DROP TRIGGER posting_no_update")
        connection.close()
        (check,) = [check for check in doctor.examine(ledger.store) if check.name == "laws"]
        assert (check.state, "posting_no_update" in check.text) == ("fail", True)
        return
    owner = database_url(request.getfixturevalue("postgres_url"), str(make_url(ledger.store.url).database))
    with psycopg.connect(owner, autocommit=True) as root:
        root.execute("ALTER TABLE meterbook.posting ENABLE TRIGGER posting_immutable")
        root.execute("GRANT UPDATE ON meterbook.posting TO meterbook_app")
        root.execute("REVOKE INSERT ON meterbook.fact FROM meterbook_app")
    checks = {check.name: check for check in doctor.examine(ledger.store)}
    assert (checks["laws"].state, "posting_immutable" in checks["laws"].text) == ("fail", True)
    assert checks["grants"].state == "fail"
    assert "posting: UPDATE" in checks["grants"].text
    assert "fact: INSERT" in checks["grants"].text


def test_who_may_break_the_laws(postgres_url: str, new_store: Callable[[str], Store]) -> None:
    """A superuser at daily work is warned of."""
    ledger = create_book(new_store("postgresql"), operator="admin")
    root = Store(database_url(postgres_url, str(make_url(ledger.store.url).database)))
    assert states(root)["roles"] == "warn"
    root.dispose()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_the_key(new_store: Callable[[str], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readable by others, of another book, or not here."""
    path = tmp_path / "own.key"
    monkeypatch.setenv("METERBOOK_KEY", str(path))
    ledger = create_book(new_store("sqlite"), operator="admin")
    assert states(ledger.store)["key"] == "ok"
    path.chmod(0o640)
    assert states(ledger.store)["key"] == "fail"
    path.unlink()
    assert states(ledger.store)["key"] == "warn"
    checkpoint.create_key(path)
    assert states(ledger.store)["key"] == "fail"


def test_a_damaged_file(new_store: Callable[[str], Store]) -> None:
    """SQLite's own check speaks, and the rest goes on."""
    ledger = create_book(new_store("sqlite"), operator="admin")
    assert ledger.store.path is not None
    with sqlite3.connect(ledger.store.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'posting_by_customer'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    ledger.store.dispose()
    with ledger.store.path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    found = states(ledger.store)
    assert (found["integrity"], found["laws"]) == ("fail", "ok")


def test_expected_names() -> None:
    """The names are read out of the schema itself."""
    for dialect in ("sqlite", "postgresql"):
        made = health.expected(dialect)
        assert {"posting", "log", "operation"} <= made["table"]
        assert made["trigger"]
    assert "refuse_change" in health.expected("postgresql")["function"]
