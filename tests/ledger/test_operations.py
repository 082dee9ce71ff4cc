"""The operation log: refusals stay, nothing changes unseen, the journal's log does not move."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import operations
from ledger.books import create_book
from ledger.i18n import set_language
from ledger.journal import Ledger
from ledger.operations import Operation, check_chain, record
from ledger.storage import Store, copies
from tests.docs.test_tutorial import run


@pytest.fixture
def ledger(store: Store, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A new book, which commands find."""
    monkeypatch.setenv("METERBOOK_DB", store.url)
    monkeypatch.setenv("COLUMNS", "250")
    return create_book(store, operator="admin")


def rows(ledger: Ledger, **asked: Any) -> list[dict[str, Any]]:
    with ledger.store.reading() as session:
        return operations.search(session, 1, zone="Asia/Shanghai", **asked)


def broken(store: Store) -> list[operations.Broken]:
    with store.reading() as session:
        return check_chain(session, 1)


def log_head(ledger: Ledger) -> tuple[int, str] | None:
    with ledger.store.reading() as session:
        return copies.checkpoint(session, 1)


def test_commands_are_written_down(ledger: Ledger) -> None:
    """Done and refused alike: who, when, from where, what; the Merkle log stays where it was."""
    before = log_head(ledger)
    assert run("meterbook report R25 --month 2023-06")[0] == 0
    assert run("meterbook entry 记-0012")[0] == 1
    assert run("meterbook report R25 --date nonsense")[0] == 2
    assert run("meterbook --lang zh_CN log --json")[0] == 0
    found = rows(ledger)
    assert [(row["seq"], row["command"], row["result"]) for row in found] == [
        (1, "report", "done"), (2, "entry", "refused"), (3, "report", "usage"), (4, "log", "done"),
    ]  # fmt: skip
    assert json.loads(found[0]["arguments"]) == ["R25", "--month", "2023-06"]
    assert found[0]["subject"].startswith("R25 2023-06")
    assert "记-0012" in found[1]["message"]
    assert all(row["operator"] and "@" in row["place"] for row in found[:2])
    assert log_head(ledger) == before
    assert broken(ledger.store) == []


def test_what_is_posted_names_its_batch(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text(
        "日期,单据号,户号,户名,类别,用水性质,交费方式,类型,所\n2023-05-31,KH-1,R1,钱小满,居民户,R,普通,正常,城南\n",
        encoding="utf-8",
    )
    assert run(f"meterbook post customers {file} --today 2023-05-31")[0] == 0
    assert [(row["command"], row["batch_id"]) for row in rows(ledger)] == [("post", 1)]


def test_search(ledger: Ledger) -> None:
    """By person, time and text; large and small letters, and the signs of patterns mean themselves."""
    for operator, subject in (("L01", "R07 50%"), ("J01", "r07_x"), ("L01", "R14")):
        record(ledger.store, 1, Operation(command="report", operator=operator, subject=subject))
    assert [row["subject"] for row in rows(ledger, text="r07")] == ["R07 50%", "r07_x"]
    assert [row["subject"] for row in rows(ledger, text="%")] == ["R07 50%"]
    assert [row["subject"] for row in rows(ledger, text="7_")] == ["r07_x"]
    assert [row["subject"] for row in rows(ledger, by=["L01"])] == ["R07 50%", "R14"]
    assert [row["subject"] for row in rows(ledger, limit=1)] == ["R14"]
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    assert len(rows(ledger, start=today.isoformat(), end=today.isoformat())) == 3
    assert rows(ledger, end=(today - dt.timedelta(days=1)).isoformat()) == []
    assert rows(ledger, start=(today + dt.timedelta(days=1)).isoformat()) == []
    status, text = run("meterbook log --from yesterday")
    assert (status, "yesterday" in text) == (1, True)


def test_export(ledger: Ledger, tmp_path: Path) -> None:
    """CSV for a spreadsheet: no cell becomes a formula; the log tells what was taken."""
    record(ledger.store, 1, Operation(command="report", operator="=cmd()", subject="R07"))
    status, _text = run(f"meterbook log --csv {tmp_path / 'log.csv'}")
    text = (tmp_path / "log.csv").read_bytes().decode("utf-8-sig")
    assert (status, "'=cmd()" in text, len(text.splitlines())) == (0, True, 2)


def test_no_secret_is_kept(ledger: Ledger) -> None:
    """Passwords in addresses and card numbers do not reach the log."""
    said = "postgresql://u:hunter2@h/db"
    record(
        ledger.store, 1,
        Operation(command="x", arguments=("--db", said), message=f"{said} password=hunter2", subject="卡 6200000000000103"),
    )  # fmt: skip
    (row,) = rows(ledger)
    assert "hunter2" not in json.dumps(row)
    assert row["subject"] == "卡 ****0103"


def test_odd_text_is_kept_apart(ledger: Ledger) -> None:
    """What a database or an encoding cannot hold does not lose the row."""
    record(ledger.store, 1, Operation(command="x", arguments=("a\x00b", "\udcff", '"', "\\")))
    assert json.loads(rows(ledger)[0]["arguments"]) == ["ab", "?", '"', "\\"]
    assert broken(ledger.store) == []


def test_a_lost_log_hides_no_outcome(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own result stands; that the log failed is said."""

    def full(*_args: object) -> int:
        raise OSError("disk full at postgresql://u:hunter2@h/db")

    monkeypatch.setattr(operations, "record", full)
    status, text = run("meterbook report R25 --month 2023-06")
    assert (status, "R25" in text, "disk full" in text, "hunter2" in text) == (0, True, True, False)
    assert run("meterbook entry 记-0012")[0] == 1
    # what leaves the book in plain is written down first, or does not leave
    with pytest.raises(OSError):
        run("meterbook export beancount --out nowhere")
    assert not Path("nowhere").exists()


def test_without_a_book_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERBOOK_DB", f"sqlite:///{tmp_path / 'no.db'}")
    assert run("meterbook report R25")[0] == 1
    assert list(tmp_path.iterdir()) == []


# -- the chain ------------------------------------------------------------------------------------


@pytest.fixture
def tampered(tmp_path: Path, new_store: Callable[[str], Store]) -> Iterator[Callable[[str], list[operations.Broken]]]:
    """Runs SQL on a SQLite log of five rows whose guards are gone; gives what the chain shows."""
    ledger = create_book(new_store("sqlite"), operator="admin")
    for number in range(5):
        record(ledger.store, 1, Operation(command=f"c{number}", operator="L01"))
    assert ledger.store.path is not None
    connection = sqlite3.connect(ledger.store.path, isolation_level=None)
    guards = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'operation'"
    ).fetchall()
    for (name,) in guards:
        connection.execute(f"DROP TRIGGER {name}")

    def strike(sql: str) -> list[operations.Broken]:
        connection.execute("SAVEPOINT one")
        connection.execute(sql)
        connection.execute("RELEASE one")
        return broken(ledger.store)

    yield strike
    connection.close()


COLUMNS = ("recorded_at", "operator", "place", "terminal", "command", "arguments", "message", "subject", "chain")


@pytest.mark.parametrize(
    ("sql", "seq", "what"),
    [
        *((f"UPDATE operation SET {column} = 'y' WHERE seq = 3", 3, "altered") for column in COLUMNS),
        ("UPDATE operation SET result = 'failed' WHERE seq = 3", 3, "altered"),
        ("UPDATE operation SET batch_id = 7 WHERE seq = 3", 3, "altered"),
        ("DELETE FROM operation WHERE seq = 3", 4, "gap"),
        ("DELETE FROM operation WHERE seq = 1", 2, "gap"),
    ],
)
def test_an_altered_log_is_seen(
    tampered: Callable[[str], list[operations.Broken]], sql: str, seq: int, what: str
) -> None:
    """Each column, a row taken out."""
    set_language("zh_CN")
    found = tampered(sql)
    assert (found[0].seq, found[0].what) == (seq, what)
    assert str(seq) in found[0].text()


def test_a_log_of_another_book_does_not_fit(new_store: Callable[[str], Store]) -> None:
    """The first row hangs on the book."""
    heads = []
    for _number in range(2):
        ledger = create_book(new_store("sqlite"), operator="admin")
        with ledger.store.reading() as session:
            heads.append(operations.head(session, 1))
    assert heads[0][0] == heads[1][0] == 0
    assert heads[0][1] != heads[1][1]


@pytest.mark.control("C42")
def test_backup_overdue(ledger: Ledger) -> None:
    """C42: 24 hours after the book was made, or after the last backup that went well."""
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=25)
    with ledger.store.reading() as session:
        assert not operations.backup_overdue(session, 1)
        assert operations.backup_overdue(session, 1, moment=later)
    record(ledger.store, 1, Operation(command="backup", result="refused"))
    with ledger.store.reading() as session:
        assert operations.last_backup(session, 1) is None
    record(ledger.store, 1, Operation(command="backup"))
    with ledger.store.reading() as session:
        assert operations.last_backup(session, 1) is not None
        assert not operations.backup_overdue(session, 1, moment=later - dt.timedelta(hours=2))
