"""Sittings (会话): who is in the reading room now, by a random number in memory.

A sitting ends after :data:`~ledger.sessions.IDLE_MINUTES` without a request, after
:data:`~ledger.sessions.LIFE_HOURS`, with the password or the person's leave (looked at once
a minute), and with the program. Rules: domain §4 C41.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from exports.fava.room import Room
from ledger import passwords
from ledger.operators import Operator, staff
from ledger.sessions import IDLE_MINUTES, LIFE_HOURS

KEY_SECONDS: Final = 600
"""How long the key that is printed at the start opens the room; it opens it once."""

CHECK_SECONDS: Final = 60
"""How often a sitting is held to the book: whether person and password still are what they were."""


@dataclass(slots=True)
class Sitting:
    """Somebody who reads; ``opened``: the books he has been in. Instants are of the monotonic clock."""

    person: Operator
    stamp: str | None
    since: float
    active: float
    checked: float
    opened: set[str] = field(default_factory=set)


class Sittings:
    """All of a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._now: dict[str, Sitting] = {}
        self._keys: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def invite(self, operator: str) -> str:
        """A key that lets this operator in once: he has shown his password to the command line."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._keys[key] = (operator, time.monotonic() + KEY_SECONDS)
        return key

    def redeem(self, key: str) -> str | None:
        """The token of a new sitting for a key; None where it was used, is too old or never was one."""
        with self._lock:
            operator, until = self._keys.pop(key, ("", 0.0))
        return self.begin(operator) if operator and time.monotonic() < until else None

    def begin(self, operator: str) -> str | None:
        """The token of a new sitting; None where the operator may not read."""
        found = self._lookup(operator)
        if found is None:
            return None
        at, token = time.monotonic(), secrets.token_urlsafe(32)
        with self._lock:
            self._now = {t: s for t, s in self._now.items() if not _over(s, at)}
            self._now[token] = Sitting(*found, at, at, at)
        return token

    def of(self, token: str) -> Sitting | None:
        """The sitting of a token, if it still holds; it counts as active from now."""
        at = time.monotonic()
        sitting = self._now.get(token)
        if sitting is None:
            return None
        if _over(sitting, at) or not self._holds(sitting, at):
            self.end(token)
            return None
        sitting.active = at
        return sitting

    def end(self, token: str) -> Sitting | None:
        """Out; gives the sitting that ended."""
        with self._lock:
            return self._now.pop(token, None)

    def _holds(self, sitting: Sitting, at: float) -> bool:
        """Once a minute: the person is still active, his password the same; his branch may be another."""
        if at - sitting.checked < CHECK_SECONDS:
            return True
        found = self._lookup(sitting.person.id)
        if found is None or found[1] != sitting.stamp:
            return False
        sitting.person, sitting.checked = found[0], at
        return True

    def _lookup(self, operator: str) -> tuple[Operator, str | None] | None:
        """The person as the book has him and the stamp of his password; None where he may not come in."""
        with self._room.store.reading() as session:
            person = staff(session, self._room.book_id).people.get(operator)
            stamp = passwords.stamp(session, self._room.book_id, operator)
        return (person, stamp) if person is not None and person.active else None


def _over(sitting: Sitting, at: float) -> bool:
    return at - sitting.active > IDLE_MINUTES * 60 or at - sitting.since > LIFE_HOURS * 3600
