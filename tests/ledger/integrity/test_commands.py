"""verify, prove, checkpoint, key and drill as people and scripts use them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from exports.audit import verify_proof
from ledger.books import create_book
from ledger.errors import MeterbookError
from ledger.storage import Store
from tests.ledger.integrity.conftest import batch


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two batches, made once."""
    path = tmp_path_factory.mktemp("commands") / "book.db"
    store = Store(f"sqlite:///{path}")
    create_book(store, operator="A")
    batch(store, 1)
    batch(store, 2)
    store.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def book(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "book.db"
    shutil.copyfile(template, path)
    monkeypatch.setenv("METERBOOK_DB", f"sqlite:///{path}")
    monkeypatch.setenv("METERBOOK_LANG", "zh_CN")
    monkeypatch.setenv("METERBOOK_OPERATOR", "A")
    return path


def ran(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, MeterbookError):
        assert code == 1
        return str(done.exception)
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def alter(book: Path, table: str, statement: str) -> None:
    with closing(sqlite3.connect(book)) as connection:
        connection.execute(f"DROP TRIGGER {table}_no_update")
        connection.execute(statement)
        connection.commit()


def test_verify(book: Path) -> None:
    """Silent and 0 where all is well; each finding a line, and 1, where not; JSON for machines."""
    assert ran("verify").splitlines()[-1] == "校验通过"
    told: dict[str, Any] = json.loads(ran("verify", "--json"))
    assert (told["ok"], told["entries"], told["lines"], told["facts"], told["findings"]) == (True, 4, 8, 2, [])
    alter(book, "entry", "UPDATE entry SET memo = 'x' WHERE entry_id = 3")
    lines = ran("verify", code=1).splitlines()
    assert any(line.startswith("[leaf.altered] entry 3") for line in lines)
    assert any(line.startswith("[law.missing] trigger entry_no_update") for line in lines)
    assert lines[-1] == "校验不通过:2 项"
    told = json.loads(ran("verify", "--json", code=1))
    assert [(one["code"], one["place"]) for one in told["findings"]] == [
        ("leaf.altered", "entry 3"),
        ("law.missing", "trigger entry_no_update"),
    ]


def test_verify_in_english(book: Path) -> None:
    alter(book, "entry", "UPDATE entry SET memo = 'x' WHERE entry_id = 3")
    said = ran("--lang", "en", "verify", code=1)
    assert "[leaf.altered] entry 3" in said
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in said.split("root")[0].replace("…", ""))
    ran("--lang", "zh_CN", "key")


def test_against(book: Path, tmp_path: Path) -> None:
    """A checkpoint is written, kept and held against the book later; what is none is refused in words."""
    kept = tmp_path / "六月.txt"
    said = ran("checkpoint", "--out", str(kept))
    assert "ssh-keygen -Y verify" in said
    assert kept.read_text(encoding="utf-8") == ran("checkpoint")[:-1]
    assert "校验通过" in ran("verify", "--against", str(kept))
    (tmp_path / "other.txt").write_text("x", encoding="utf-8")
    assert "[checkpoint.unreadable]" in ran("verify", "--against", str(tmp_path / "other.txt"), code=1)
    assert "none.txt" in ran("verify", "--against", str(tmp_path / "none.txt"), code=1)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "binary" in ran("verify", "--against", str(tmp_path / "binary"), code=1)


def test_prove(book: Path, tmp_path: Path) -> None:
    """The printed lines do what they say, in a shell, without Meterbook."""
    kept, proof = tmp_path / "kept.txt", tmp_path / "证明.json"
    ran("checkpoint", "--out", str(kept))
    assert json.loads(ran("prove", "3"))["format"] == verify_proof.FORMAT
    lines = ran("prove", "3", "--out", str(proof), "--against", str(kept)).splitlines()
    commands = [line.partition(":")[2] for line in lines[1:]]
    assert len(commands) == 2
    for command in commands:
        if command.startswith("ssh") and shutil.which("ssh-keygen") is None:
            continue
        done = subprocess.run(command.replace("python ", f'"{sys.executable}" -I -S ', 1) if command.startswith("python") else command,
                              shell=True, capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert "good" in done.stdout.lower()
    assert "没有凭证" in ran("prove", "99", code=1)
    assert "检查点" in ran("prove", "3", "--against", str(proof), code=1)
    assert "nowhere" in ran("prove", "3", "--out", str(tmp_path / "nowhere" / "p.json"), code=1)
    alter(book, "entry", "UPDATE entry SET memo = 'x' WHERE entry_id = 3")
    assert "meterbook verify" in ran("prove", "3", code=1)


def test_key(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it lies, which were announced; a new one follows the old; without the old there is none."""
    own = tmp_path / "own.key"
    shutil.copyfile(Path(json.loads(ran("key", "--json"))["path"]), own)
    monkeypatch.setenv("METERBOOK_KEY", str(own))
    before = json.loads(ran("key", "--json"))
    assert (before["path"], len(before["announced"])) == (str(own), 1)
    assert before["here"] == before["announced"][0]["id"]
    said = ran("key", "--new")
    assert said.count("公布的公钥") == 2
    after = json.loads(ran("key", "--json"))
    assert after["here"] == after["announced"][1]["id"] != before["here"]
    assert "校验通过" in ran("verify")
    monkeypatch.setenv("METERBOOK_KEY", str(tmp_path / "none.key"))
    assert "none.key" in ran("key")
    assert "none.key" in ran("key", "--new", code=1)
    assert json.loads(ran("key", "--json"))["here"] is None


@pytest.mark.slow
def test_drill(book: Path) -> None:
    """The command tells how often each way was tried and found, and what nothing proves and why."""
    before = ran("checkpoint")
    told = json.loads(ran("drill", "--alterations", "1", "--json"))
    assert told["ok"]
    assert told["tried"] == told["found"]
    assert told["missed"] == []
    assert "seal.sealed_at" in told["free"]
    assert ran("checkpoint") == before  # the book itself was only read
    assert "校验通过" in ran("verify")


def test_a_book_that_does_not_verify_is_not_drilled(book: Path) -> None:
    alter(book, "entry", "UPDATE entry SET memo = 'x' WHERE entry_id = 3")
    said = ran("drill", code=1)
    assert "演练不通过" in said
    assert "entry 3" in said
