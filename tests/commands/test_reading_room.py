"""``meterbook fava``: who is let in by what it prints, and where it will not serve."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cli
from ledger import passwords, sessions
from ledger.books import create_book, identity
from ledger.operators import appoint

pytest.importorskip("fava")

from exports.fava import serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.storage import Store


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[serve.Opened, int, str]]:
    """What would be served, instead of serving it."""
    found: list[tuple[serve.Opened, int, str]] = []
    monkeypatch.setattr(serve, "serve", lambda opened, port, host: found.append((opened, port, host)))
    return found


def fava(store: Store, *options: str) -> Any:
    return CliRunner().invoke(cli.app, ["fava", "--db", store.url, *options])


def operations(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as session:
        return session.rows("SELECT command, operator, result FROM operation ORDER BY seq")


def test_whoever_is_logged_in_at_this_desk_is_let_in_once(store: Store, served: list[Any], tmp_path: Path) -> None:
    ledger = create_book(store, operator="T01")
    with store.writing(1) as session:
        for person in ("T01", "J01"):
            appoint(session, 1, ledger.book, person, by="T01", today=ledger.book.cutover)
        passwords.set_password(session, 1, "J01", "auditor-of-2023", by="T01")
    assert fava(store).exit_code == 1  # nobody is logged in
    with store.reading() as session:
        key = identity(session, 1)
        sessions.open_session(key, "J01", passwords.stamp(session, 1, "J01") or "")
    try:
        done = fava(store, "--port", "5055", "--dir", str(tmp_path / "books"), "--name", "ledger.example")
    finally:
        sessions.close_session(key)
    assert done.exit_code == 0
    ((opened, port, host),) = served
    assert (port, host) == (5055, "127.0.0.1")
    printed = re.search(r"http://127\.0\.0\.1:5055/(\?key=\S+)", done.output)
    assert printed is not None
    client = opened.app.test_client()
    assert client.get(f"/{printed[1]}", headers={"Host": "ledger.example:5055"}).status_code == 303
    assert client.get(f"/{printed[1]}").status_code == 403
    assert [file.name for file in (tmp_path / "books").iterdir()] == ["overview.beancount"]
    assert ("fava", "J01", "started") in operations(store)
    assert ("fava login", "J01", "done") in operations(store)


def test_without_operators_it_says_so(new_store: Callable[[str], Store], served: list[Any]) -> None:
    store = new_store("sqlite")
    create_book(store, operator="T01")
    done = fava(store)
    assert done.exit_code == 0
    assert "key=" not in done.output
    assert "不用登录,只在本机可看" in done.output
