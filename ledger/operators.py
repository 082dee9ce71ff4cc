"""Operators (操作员): who works with the book, in which role, and what that role may.

::

    administrator ─appoint─▶ fact 'operator' (who, role, post, branch, active)
    every act     ─Staff.require─▶ the operator, or a refusal that says which role may

A person is never deleted: a leaver is disabled, each change is a new fact with a leaf in
the log. A book with nobody but the administrator is *unstaffed* (未配备人员): that one
operator does everything, every report says so, and no month can be closed. Rules: domain
§1.1, §3, §4 C41, C48; architecture decision 16.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ledger import facts as records
from ledger.book import Book, Person
from ledger.controls import control_message
from ledger.errors import Fault, NotFound, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.roles import OF_POST, ROLES, may, role_name, role_names
from ledger.storage.engine import Session

KIND = "operator"

_ID = re.compile(r"[^\W_][^\s/@]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One person as the ledger knows him now. ``post`` is the post in the company (职务)."""

    id: str
    name: str
    role: str
    post: str = ""
    branch: str | None = None
    active: bool = True
    since: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody who works, or worked, with the book."""

    people: Mapping[str, Operator] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def unstaffed(self) -> bool:
        """Nobody but administrators: one operator does everything."""
        return not any(person.active and person.role != "administrator" for person in self.people.values())

    def find(self, name: str) -> Operator:
        """The operator of an id or a name.

        Raises:
            NotFound: nobody of that name works with the book.
        """
        wanted = name.strip().casefold()
        found = [p for p in self.people.values() if wanted in (p.id.casefold(), p.name.casefold())]
        if len(found) != 1:
            raise NotFound(_("没有操作员“{name}”").format(name=name))
        return found[0]

    def require(self, name: str, act: str) -> Operator:
        """The operator, if his role may do this (``enter:<kind>`` or an act of ``ledger.roles``).

        Raises:
            Refused: C41 for somebody unknown or disabled; else which role may.
        """
        roles = may(act)
        if self.unstaffed:
            return self._alone(name)
        try:
            person = self.find(name)
        except NotFound as unknown:
            raise Refused(Fault(message=unknown.faults[0].message, code="C41")) from None
        if not person.active:
            raise Refused(Fault(message=control_message("C41"), value=person.name, code="C41"))
        if person.role not in roles:
            message = _("{role} {name} 不能做这件事,须由 {roles} 办理").format(
                role=role_name(person.role), name=person.name, roles=role_names(roles)
            )
            raise Refused(Fault(message=message, code="role"))
        return person

    def _alone(self, name: str) -> Operator:
        """Unstaffed: whoever it is does everything; a named administrator is himself."""
        for person in self.people.values():
            if name.casefold() in (person.id.casefold(), person.name.casefold()) and person.active:
                return person
        if self.people:
            raise Refused(Fault(message=_("没有操作员“{name}”").format(name=name), code="C41"))
        return Operator(id=name, name=name, role="administrator")

    def differ(self, *names: str) -> bool:
        """Whether these are all different people (under whatever name each is written)."""
        ids = [self._id(name) for name in names]
        return len(set(ids)) == len(ids)

    def _id(self, name: str) -> str:
        try:
            return self.find(name).id
        except NotFound:
            return name.strip().casefold()

    @property
    def persons(self) -> tuple[Person, ...]:
        """The same people as the book names persons, for documents that name them."""
        return tuple(Person(id=p.id, name=p.name, role=p.post or role_name(p.role)) for p in self.people.values())


def staff(session: Session, book_id: int) -> Staff:
    """Who works with the book, as of now: the newest fact about each person counts."""
    people: dict[str, Operator] = {}
    for fact in records.facts(session, book_id, KIND):
        people[fact.subject or ""] = Operator(
            id=fact.subject or "",
            name=fact.get("name"),
            role=fact.get("role"),
            post=fact.get("post"),
            branch=fact.get("branch") or None,
            active=fact.get("active") == "yes",
            since=fact.recorded_at,
        )
    return Staff(MappingProxyType(people))


def appoint(
    session: Session,
    book_id: int,
    book: Book,
    person: str,
    *,
    by: str,
    today: dt.date,
    role: str | None = None,
    name: str | None = None,
    branch: str | None = None,
    active: bool = True,
) -> Operator:
    """Make somebody an operator, or change what he is: role, branch, disabled, enabled again.

    ``person`` is the id or name of a person of the book; somebody the book does not name
    needs an id, a ``name`` and a ``role``. The first operator of a book is its administrator.

    Raises:
        Refused: who asks is no administrator; nothing would change; the last administrator leaves.
    """
    known = staff(session, book_id)
    appointing = known.require(by, "operators").id if known.people else by
    before = known.people.get(_identified(known, book, person))
    made = _described(book, before, person, role=role, name=name, branch=branch, active=active)
    if made == before:
        raise Refused(_("操作员 {name} 已是如此,没有变化").format(name=made.name))
    after = {**known.people, made.id: made}
    if not any(p.active and p.role == "administrator" for p in after.values()):
        raise Refused(_("至少要有一名系统管理员"))
    if any(p.id != made.id and p.name.casefold() == made.name.casefold() for p in after.values()):
        raise Refused(_("操作员姓名 {name} 已有人使用").format(name=made.name))
    count = sum(1 for fact in records.facts(session, book_id, KIND, subject=made.id))
    records.record(
        session,
        book_id,
        KIND,
        [
            Fact(
                doc_no=f"{made.id}@{count + 1}",
                subject=made.id,
                date=today,
                content={
                    "name": made.name, "role": made.role, "post": made.post, "branch": made.branch or "",
                    "active": "yes" if made.active else "no",
                },
            )
        ],
        operator=appointing,
        today=today,
    )  # fmt: skip
    return made


CERTIFICATE, SAFE = "certificate", "safe_holder"


def certificates_lost(session: Session, book_id: int) -> frozenset[str]:
    """Who reported the certificate (用户证书) of the online bank lost and has no new one yet (C28)."""
    last = {fact.subject or "": fact.get("state") for fact in records.facts(session, book_id, CERTIFICATE)}
    return frozenset(person for person, state in last.items() if state == "lost")


def report_certificate(
    session: Session, book_id: int, person: str, *, lost: bool, by: str, today: dt.date, reason: str = ""
) -> None:
    """A certificate is lost, by its holder or any lead; it is good again, by the finance head (C28).

    Raises:
        Refused: he may not, or it is so already.
    """
    known = staff(session, book_id)
    who = known.find(person)
    actor = known.require(by, "task" if lost else "reopen_month")
    if not lost and not known.unstaffed and actor.role != "finance_head":
        raise Refused(
            Fault(message=_("证书须由 {who} 恢复").format(who=role_name("finance_head")), value=actor.name, code="role")
        )
    if (who.id in certificates_lost(session, book_id)) is lost:
        raise Refused(_("{name} 的证书已是如此").format(name=who.name))
    count = len(records.facts(session, book_id, CERTIFICATE, subject=who.id))
    content = {"state": "lost" if lost else "good", "reason": reason}
    records.record(
        session, book_id, CERTIFICATE, [Fact(doc_no=f"{who.id}@{count + 1}", subject=who.id, date=today, content=content)],
        operator=actor.id, today=today,
    )  # fmt: skip


def authorise_safe(session: Session, book_id: int, person: str, *, by: str, today: dt.date, safe: str = "") -> None:
    """Register who holds the keys of a safe (保险柜, C29); by the finance head or a reviewer (经营公司负责人)."""
    known = staff(session, book_id)
    who, actor = known.find(person), known.require(by, "approve")
    count = len(records.facts(session, book_id, SAFE))
    content = {"safe": safe, "name": who.name}
    records.record(
        session, book_id, SAFE, [Fact(doc_no=f"{who.id}@{count + 1}", subject=who.id, date=today, content=content)],
        operator=actor.id, today=today,
    )  # fmt: skip


def _identified(known: Staff, book: Book, person: str) -> str:
    """The id a person goes by: as an operator, else as the book has it, else as written."""
    try:
        return known.find(person).id
    except NotFound:
        pass
    try:
        return book.person(person).id
    except NotFound:
        return person.strip()


def _described(
    book: Book,
    before: Operator | None,
    person: str,
    *,
    role: str | None,
    name: str | None,
    branch: str | None,
    active: bool,
) -> Operator:
    if role is not None and role not in ROLES:
        raise Refused(Fault(message=_("岗位应为:{roles}").format(roles="、".join(ROLES)), value=role, column="role"))
    where = book.branch(branch).code if branch else (before.branch if before else None)
    if before is not None:
        return Operator(
            id=before.id, name=name or before.name, role=role or before.role, post=before.post, branch=where,
            active=active, since=before.since,
        )  # fmt: skip
    try:
        listed = book.person(person)
    except NotFound:
        if name is None or role is None or not _ID.fullmatch(person.strip()):
            raise Refused(
                _("账套资料中没有“{name}”:请给出编号、姓名(--name)和岗位(--role)").format(name=person)
            ) from None
        return Operator(id=person.strip(), name=name, role=role, branch=where, active=active)
    drawer = next((c.branch for c in book.cashiers if c.code == listed.id), None)
    return Operator(
        id=listed.id, name=listed.name, role=role or OF_POST.get(listed.role, "reviewer"), post=listed.role,
        branch=where or drawer, active=active,
    )  # fmt: skip
