"""Sessions (登录状态) at a shared desk: one file per system user and book, useless anywhere else.

The file says who is logged in, at which machine and system user, since when and when
last active, and carries a MAC keyed with the stamp of that person's password: a changed
password, another user, another machine, an altered line or an idle quarter of an hour
end it. Outside the journal by design (architecture decision 5). Rules: domain §4 C41.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import hmac
import json
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

IDLE_MINUTES = 30
"""A desk left alone is locked after so long."""

LIFE_HOURS = 12
"""A login lasts a working day, however busy."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in, where; instants are ISO text in UTC."""

    operator: str
    user: str
    machine: str
    since: str
    active: str


def place() -> str:
    """``user@machine``: where this process runs."""
    return f"{getpass.getuser()}@{platform.node()}"


def folder() -> Path:
    """Where sessions are kept: ``METERBOOK_STATE``, else the system's place for a user's state."""
    if named := os.environ.get("METERBOOK_STATE"):
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "meterbook"
    return Path(os.environ.get("XDG_STATE_HOME", str(Path.home() / ".local" / "state"))) / "meterbook"


def open_session(book: str, operator: str, stamp: str) -> Login:
    """Log a person in at this desk; whoever was logged in before is out."""
    at = _now()
    login = Login(operator, getpass.getuser(), platform.node(), at, at)
    _write(_file(book), login, stamp)
    return login


def peek(book: str) -> str | None:
    """Whom the session file names, unchecked: whose stamp to ask the ledger for."""
    found = _read(_file(book))
    return found[0].operator if found else None


def resume(book: str, stamp: str) -> Login | None:
    """The login of this desk if it still holds; it counts as active from now."""
    file = _file(book)
    found = _read(file)
    if found is None:
        return None
    login, mac = found
    now = _moment()
    idle = now - dt.datetime.fromisoformat(login.active)
    life = now - dt.datetime.fromisoformat(login.since)
    holds = (
        hmac.compare_digest(mac, _mac(login, stamp))
        and (login.user, login.machine) == (getpass.getuser(), platform.node())
        and dt.timedelta(0) <= idle <= dt.timedelta(minutes=IDLE_MINUTES)
        and life <= dt.timedelta(hours=LIFE_HOURS)
    )
    if not holds:
        return None
    login = replace(login, active=_now())
    _write(file, login, stamp)
    return login


def close_session(book: str) -> None:
    """Log out; nothing happens where nobody is in."""
    with suppress(FileNotFoundError):
        _file(book).unlink()


def _file(book: str) -> Path:
    return folder() / "sessions" / f"{hashlib.sha256(book.encode()).hexdigest()[:32]}.json"


def _read(file: Path) -> tuple[Login, str] | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        mac = data.pop("mac")
        return Login(**data), str(mac)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(file: Path, login: Login, stamp: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({**asdict(login), "mac": _mac(login, stamp)}, out)
    fresh.replace(file)


def _mac(login: Login, stamp: str) -> str:
    said = json.dumps(asdict(login), sort_keys=True, ensure_ascii=False)
    return hmac.new(stamp.encode(), said.encode(), hashlib.sha256).hexdigest()


def _now() -> str:
    return _moment().isoformat()


def _moment() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
