"""Issued reports (签发的报表): frozen, signed by the people the form names, versioned.

::

    prepare ─▶ fact 'report_issue' (content, hash, version)
    sign    ─▶ fact 'report_signature' per step ─ all steps ─▶ signed

What is issued never changes. A report drawn again after its period was reopened is a new
version (``_v2``) and the one before is superseded. Each issue and signature is a leaf of
the log. Rules: domain §4 C30, C32, §5 (file names), §9.2 (three people on an adjustment table).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Final

from ledger import facts as records
from ledger.controls import control_message
from ledger.errors import Fault, NotFound, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.operators import Operator, staff
from ledger.roles import may
from ledger.storage import fact_sql as sql
from ledger.storage.engine import Session

ISSUE, SIGNATURE = "report_issue", "report_signature"

STEPS: Final[dict[str, tuple[str, ...]]] = {"R14": ("review", "sign"), "R07": ("sign",), "R08": ("sign",)}
"""Who signs after the preparer: R14 复核 and 明细账会计; R07 and R08 are received by the accountant."""

DRAWN = "drawn"
"""Other reports are issued by their preparer alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One issued report. ``signatures``: step → (operator, recorded_at)."""

    number: str
    code: str
    scope: str
    period: str
    version: int
    content: str
    sha256: str
    preparer: str
    recorded_at: str
    fact_id: int
    superseded: bool
    signatures: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        """The signatures this form asks for."""
        return STEPS.get(self.code, ())

    @property
    def signed(self) -> bool:
        """Nobody's signature is missing."""
        return all(step in self.signatures for step in self.steps)

    @property
    def waiting(self) -> str | None:
        """The next signature."""
        return next((step for step in self.steps if step not in self.signatures), None)


def step_name(step: str) -> str:
    """A signature as the form calls it."""
    return {"review": _("复核"), "sign": _("明细账会计")}[step]


def issue(
    session: Session, ledger: Ledger, *, code: str, scope: str, period: str, content: str, operator: str, today: dt.date
) -> Issued:
    """Freeze a report as its next version; the same content that is still in force is that one.

    ``scope`` is what it is of (a bank's code, ``''`` for the book), ``period`` ``YYYY-MM``,
    ``content`` its canonical JSON.

    Raises:
        Refused: who prepares holds a drawer, or may not.
    """
    people = staff(session, ledger.book_id)
    person = people.require(operator, "issue")
    if code == "R14":
        _holds_no_drawer(ledger, person)
        wanted = ledger.book.policies.reconciliation_preparer
        if not people.unstaffed and person.role != wanted:
            people.require(person.id, "close_day" if wanted == "lead" else "sign")
    digest = hashlib.sha256(content.encode()).hexdigest()
    before = issues(session, ledger.book_id, code=code, scope=scope, period=period)
    if before and not before[-1].superseded and before[-1].sha256 == digest:
        return before[-1]
    version = len(before) + 1
    number = "/".join(part for part in (code, scope, period, f"v{version}") if part)
    records.record(
        session,
        ledger.book_id,
        ISSUE,
        [
            Fact(
                doc_no=number,
                subject=f"{code}/{period}",
                date=today,
                content={
                    "code": code, "scope": scope, "period": period, "version": str(version), "sha256": digest,
                    "content": content,
                },
            )
        ],
        operator=person.id,
        today=today,
    )  # fmt: skip
    return find(session, ledger.book_id, number)


def sign(session: Session, ledger: Ledger, number: str, *, operator: str, today: dt.date) -> Issued:
    """Put the next signature under an issued report.

    Raises:
        Refused: it is superseded or signed; his role may not; he prepared or signed it; he holds a drawer.
    """
    made = find(session, ledger.book_id, number)
    people = staff(session, ledger.book_id)
    step = made.waiting
    if made.superseded:
        raise Refused(_("{number} 已被新版取代").format(number=made.number))
    if step is None:
        raise Refused(_("{number} 已签齐").format(number=made.number))
    person = people.require(operator, step)
    if made.code == "R14":
        _holds_no_drawer(ledger, person)
    if not people.unstaffed and not people.differ(
        person.id, made.preparer, *(who for who, _when in made.signatures.values())
    ):
        raise Refused(Fault(message=control_message("C48"), value=person.name, code="C48"))
    if hashlib.sha256(made.content.encode()).hexdigest() != made.sha256:
        raise Refused(_("{number} 的内容与签发时不同").format(number=made.number))
    records.record(
        session, ledger.book_id, SIGNATURE,
        [Fact(doc_no=f"{made.number}/{step}", subject=made.number, date=today, content={"step": step, "sha256": made.sha256})],
        operator=person.id, today=today,
    )  # fmt: skip
    return find(session, ledger.book_id, made.number)


def issues(
    session: Session, book_id: int, *, code: str | None = None, scope: str | None = None, period: str | None = None
) -> list[Issued]:
    """Issued reports in the order of their issue."""
    signed: dict[str, dict[str, tuple[str, str]]] = {}
    for fact in records.facts(session, book_id, SIGNATURE):
        signed.setdefault(fact.subject or "", {})[fact.get("step")] = (fact.operator, fact.recorded_at)
    found = [
        fact
        for fact in records.facts(session, book_id, ISSUE)
        if (code is None or fact.get("code") == code)
        and (scope is None or fact.get("scope") == scope)
        and (period is None or fact.get("period") == period)
    ]
    latest = {(f.get("code"), f.get("scope"), f.get("period")): f.fact_id for f in found}
    reopened = sql.reopened_at(session, book_id)
    return [
        Issued(
            number=f.doc_no, code=f.get("code"), scope=f.get("scope"), period=f.get("period"), version=int(f.get("version")),
            content=f.get("content"), sha256=f.get("sha256"), preparer=f.operator, recorded_at=f.recorded_at,
            fact_id=f.fact_id, signatures=signed.get(f.doc_no, {}),
            superseded=latest[f.get("code"), f.get("scope"), f.get("period")] != f.fact_id
            or f.recorded_at < reopened.get(f.get("period"), ""),
        )
        for f in found
    ]  # fmt: skip


def find(session: Session, book_id: int, number: str) -> Issued:
    """One issued report by its number (``R14/1002.01/2023-06/v1``).

    Raises:
        NotFound: nothing of that number was issued.
    """
    for made in issues(session, book_id):
        if made.number == number.strip():
            return made
    raise NotFound(_("没有签发过 {number}").format(number=number))


def waiting_for(session: Session, ledger: Ledger, period: str, operator: str) -> list[str]:
    """The numbers of a month's papers whose next signature this person may give (C48: not on his own)."""
    people = staff(session, ledger.book_id)
    person = people.require(operator, "read")
    found = []
    for made in issues(session, ledger.book_id, period=period):
        if made.superseded or made.waiting is None:
            continue
        own = (made.preparer, *(who for who, _when in made.signatures.values()))
        if people.unstaffed or (person.role in may(made.waiting) and people.differ(person.id, *own)):
            found.append(made.number)
    return found


def in_force(session: Session, book_id: int, code: str, scope: str, period: str) -> Issued | None:
    """The version that counts, or None."""
    made = issues(session, book_id, code=code, scope=scope, period=period)
    return made[-1] if made and not made[-1].superseded else None


def _holds_no_drawer(ledger: Ledger, person: Operator) -> None:
    if person.role == "cashier" or person.id in ledger.book.deposit_banks:
        raise Refused(_("{name} 管着钱箱,不能在余额调节表上签字").format(name=person.name))
