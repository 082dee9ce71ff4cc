"""Passwords and sessions: wrong, old, temporary, locked, copied to another user."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ledger import passwords, sessions
from ledger.errors import Refused
from ledger.passwords import Proof
from tests.ledger.people.conftest import Office

GOOD = "correct horse"


def login(office: Office, name: str, password: str) -> Proof:
    return passwords.authenticate(office.ledger.store, 1, office.ledger.book, name, password, place="tester@here")


def test_right_and_wrong(office: Office) -> None:
    """No message tells a wrong name from a wrong password; the hash is argon2id."""
    office.set_password("L01", GOOD)
    assert login(office, "王秀英", GOOD).operator.id == "L01"
    said = set()
    for name, word in (("L01", "correct horsf"), ("没有此人", GOOD), ("K01", GOOD)):
        with pytest.raises(Refused) as refused:
            login(office, name, word)
        said.add(str(refused.value))
    assert said == {"姓名或密码不对"}
    with office.ledger.store.reading() as session:
        stored = session.rows("SELECT hash FROM credential")[0][0]
        assert session.rows("SELECT count(*), sum(success) FROM login_attempt") == [(4, 1)]
    assert stored.startswith("$argon2id$")
    assert GOOD not in stored


def test_lock_with_back_off(office: Office) -> None:
    """Five wrong ones lock; the right one then waits too, and another person is not locked."""
    office.set_password("L01", GOOD)
    office.set_password("K01", GOOD)
    for _try in range(passwords.FREE_TRIES):
        with pytest.raises(Refused, match="不对"):
            login(office, "L01", "wrong wrong")
    with pytest.raises(Refused, match="请 60 秒后再试"):
        login(office, "L01", GOOD)
    assert login(office, "K01", GOOD).operator.id == "K01"


def test_weak_and_repeated(office: Office) -> None:
    for weak in ("short", "aaaaaaaaaaaa"):
        with pytest.raises(Refused, match="密码"):
            office.set_password("L01", weak)
    office.set_password("L01", GOOD)
    with pytest.raises(Refused, match="不能再用最近"):
        office.set_password("L01", GOOD)


@pytest.mark.control("C27")
def test_temporary_and_old(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """C27: 180 days."""
    office.set_password("L01", GOOD, temporary=True)
    assert "临时密码" in (login(office, "L01", GOOD).must_change or "")
    office.set_password("L01", GOOD + "2")
    assert login(office, "L01", GOOD + "2").must_change is None

    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=181)
    monkeypatch.setattr(passwords, "_moment", lambda: later)
    with office.ledger.store.reading() as session:
        assert passwords.stale(session, 1, office.ledger.book, "L01") == "密码已超过六个月,请更换"


def test_a_disabled_person_is_out(office: Office) -> None:
    office.set_password("C01", GOOD)
    office.appoint("C01", active=False)
    with pytest.raises(Refused, match="账号已停用"):
        login(office, "C01", GOOD)


@pytest.fixture
def desk_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A login of L01 under the stamp ``stamp``; gives the session file."""
    monkeypatch.setenv("METERBOOK_STATE", str(tmp_path))
    sessions.open_session("book", "L01", "stamp")
    (file,) = (tmp_path / "sessions").iterdir()
    return file


def change(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def test_a_session_holds(desk_session: Path) -> None:
    login = sessions.resume("book", "stamp")
    assert login is not None
    assert login.operator == "L01"
    assert desk_session.stat().st_mode & 0o077 == 0
    assert sessions.peek("other book") is None
    sessions.close_session("book")
    assert sessions.resume("book", "stamp") is None


@pytest.mark.parametrize(
    "fields",
    [{"operator": "K01"}, {"user": "somebody"}, {"machine": "elsewhere"}, {"active": "2099-01-01T00:00:00+00:00"}],
)
def test_an_altered_session_is_void(desk_session: Path, fields: dict[str, str]) -> None:
    change(desk_session, **fields)
    assert sessions.resume("book", "stamp") is None


def test_another_password_ends_it(desk_session: Path) -> None:
    assert desk_session.exists()
    assert sessions.resume("book", "another stamp") is None


def test_copied_to_another_user(desk_session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as it is, under another system user or on another machine."""
    with monkeypatch.context() as patch:
        patch.setattr(sessions.getpass, "getuser", lambda: "mallory")
        assert sessions.resume("book", "stamp") is None
    with monkeypatch.context() as patch:
        patch.setattr(sessions.platform, "node", lambda: "laptop")
        assert sessions.resume("book", "stamp") is None
    assert desk_session.exists()
    assert sessions.resume("book", "stamp") is not None


@pytest.mark.parametrize(("minutes", "holds"), [(29, True), (31, False), (-5, False)])
def test_idle_lock(desk_session: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, holds: bool) -> None:
    """Half an hour of nothing locks the desk; so does a clock set back."""
    assert desk_session.exists()
    then = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    monkeypatch.setattr(sessions, "_moment", lambda: then)
    assert (sessions.resume("book", "stamp") is not None) is holds
