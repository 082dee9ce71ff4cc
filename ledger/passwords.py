"""Passwords (密码): argon2id, an age limit, and a lock that opens later after each failure.

::

    name, password ─locked?─▶ argon2id ─▶ Proof that this person is at this desk now
                                 └─ wrong: attempt written down, next try later

A password lives ``password_days`` of the book (C27: 180 days); one set by the
administrator is changed at the first login. The hash never leaves this module, and no
message tells a wrong name from a wrong password. Rules: domain §4 C27, C41; audit §5.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from ledger.book import Book
from ledger.controls import control_message
from ledger.errors import Fault, NotFound, Refused
from ledger.i18n import _
from ledger.operators import Operator, Staff, staff
from ledger.storage import people_sql as sql
from ledger.storage.engine import Session, Store

MINIMUM = 10
"""Shortest password, in characters."""

REMEMBERED = 3
"""How many of the last passwords may not come back."""

FREE_TRIES = 5
"""Failures before the lock; each further one doubles the wait, from a minute to an hour."""

HASHER = PasswordHasher(type=Type.ID)
_NOBODY = HASHER.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody showed his password. ``must_change``: it is temporary or too old."""

    operator: Operator
    must_change: str | None
    stamp: str
    """Changes with the password: sessions made before are void."""


def authenticate(store: Store, book_id: int, book: Book, name: str, password: str, *, place: str) -> Proof:
    """Check name and password; the attempt is written down whatever comes of it.

    ``place`` is where the person sits (system user and machine).

    Raises:
        Refused: wrong, locked after too many failures, or disabled (C41).
    """
    with store.writing(book_id) as session:
        known = staff(session, book_id)
        person = _person(known, name)
        who = person.id if person else name.strip().casefold()[:64]
        refusal = _locked(session, book_id, who)
        found = sql.credential(session, book_id, who) if person else None
        if refusal is None:
            right = _verified(found[1] if found else _NOBODY, password) and found is not None
            if not right:
                refusal = _("姓名或密码不对")
            elif person is not None and not person.active:
                refusal = control_message("C41")
            sql.add_attempt(session, book_id, who, success=refusal is None, place=place)
    if refusal is not None or person is None or found is None:
        raise Refused(Fault(message=refusal or _("姓名或密码不对"), code="login"))
    return Proof(operator=person, must_change=_stale(book, found[2], found[3]), stamp=found[1][-16:])


def set_password(
    session: Session, book_id: int, operator: str, password: str, *, by: str, temporary: bool = False
) -> None:
    """Give a person a new password.

    Raises:
        Refused: too short, his own name, or one of his last passwords.
    """
    person = staff(session, book_id).find(operator)
    if len(password) < MINIMUM:
        raise Refused(_("密码至少 {count} 个字符").format(count=MINIMUM))
    if password.casefold() in (person.id.casefold(), person.name.casefold()) or len(set(password)) < 4:
        raise Refused(_("密码太容易猜到"))
    if any(_verified(old, password) for old in sql.earlier_hashes(session, book_id, person.id, REMEMBERED)):
        raise Refused(_("不能再用最近 {count} 个密码").format(count=REMEMBERED))
    sql.add_credential(session, book_id, person.id, hash=HASHER.hash(password), temporary=temporary, set_by=by)


def stamp(session: Session, book_id: int, operator: str) -> str | None:
    """What a session must carry to be of the password in force; None without a password."""
    found = sql.credential(session, book_id, operator)
    return found[1][-16:] if found else None


def stale(session: Session, book_id: int, book: Book, operator: str) -> str | None:
    """Why the password in force must be changed (C27), or None."""
    found = sql.credential(session, book_id, operator)
    return _stale(book, found[2], found[3]) if found else None


def _person(known: Staff, name: str) -> Operator | None:
    try:
        return known.find(name)
    except NotFound:
        return None


def _verified(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def _stale(book: Book, temporary: bool, set_at: str) -> str | None:
    if temporary:
        return _("这是管理员给的临时密码,请先更换")
    age = _moment() - dt.datetime.fromisoformat(set_at)
    return control_message("C27") if age.days > book.thresholds.password_days else None


def _locked(session: Session, book_id: int, who: str) -> str | None:
    failures, last = sql.failures(session, book_id, who)
    if failures < FREE_TRIES:
        return None
    wait = min(60 * 2 ** (failures - FREE_TRIES), 3600)
    left = dt.datetime.fromisoformat(last) + dt.timedelta(seconds=wait) - _moment()
    if left.total_seconds() <= 0:
        return None
    return _("密码连续错了 {count} 次,请 {seconds} 秒后再试").format(
        count=failures, seconds=int(left.total_seconds()) + 1
    )


def _moment() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
