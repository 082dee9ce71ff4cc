"""Arrears assessment (欠费户次考核, E36): what a reader answers for each half-year, and who is left out.

A household in arrears on the last day of the half-year counts once. Up to 20 cost 2.00 each, those above
5.00 each (``arrears_assessment = marginal``), or with more than 20 all of them 5.00 (``all``). A household is
left out with an approval number, by the branch manager (所长) and the head of the meter-to-cash department
(抄收管理处处长) together. No entry follows. Rules: domain §3 E36, §4 C44, §5 R23. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from ledger import facts as records
from ledger.errors import Fault, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.policies import Policies, Thresholds
from ledger.storage.engine import Session

KIND = "assessment_waiver"
MANAGER: Final = "所长"
DEPARTMENT: Final = "抄收管理处处长"


def half_of(date: dt.date) -> str:
    """``2023-H1`` for January to June."""
    return f"{date.year}-H{1 if date.month <= 6 else 2}"


def half_start(date: dt.date) -> dt.date:
    """The first day of a date's half-year."""
    return dt.date(date.year, 1 if date.month <= 6 else 7, 1)


def fine(households: int, thresholds: Thresholds, policies: Policies) -> tuple[int, int, int]:
    """``(at the low rate, at the high rate, fen)`` of so many households.

    >>> fine(25, book.thresholds, book.policies)  # marginal
    (20, 5, 6500)
    """
    limit = thresholds.assessment_households
    high = max(households - limit, 0)
    if policies.arrears_assessment == "all" and high:
        high = households
    low = households - high
    return low, high, low * thresholds.assessment_low + high * thresholds.assessment_high


def waive(
    ledger: Ledger,
    customer: str,
    *,
    half: dt.date,
    approval_no: str,
    manager: str,
    reason: str,
    operator: str,
    today: dt.date,
) -> Fact:
    """Leave a household out of the assessment of the half-year of ``half``.

    Raises:
        Refused: C44: no approval number or reason; not the department's head; ``manager`` is no branch manager.
        NotFound: nobody by the manager's name.
    """
    if not approval_no.strip() or not reason.strip():
        raise Refused(Fault(message=_("剔除须有批准号和原因"), value=customer, code="C44"))
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        person = people.require(operator, "approve")
        head = ledger.book.person(manager)
        if not people.unstaffed and person.post != DEPARTMENT:
            raise Refused(Fault(message=_("须由 {who} 批准").format(who=DEPARTMENT), value=person.name, code="C44"))
        if head.role != MANAGER or not people.differ(head.id, person.id):
            raise Refused(Fault(message=_("{name} 不是所长").format(name=manager), value=customer, code="C44"))
        fact = Fact(
            doc_no=f"{customer}/{half_of(half)}", subject=half_of(half), date=today,
            content={"customer": customer, "approval_no": approval_no.strip(), "manager": head.id, "reason": reason.strip()},
        )  # fmt: skip
        records.record(session, ledger.book_id, KIND, [fact], operator=person.id, today=today)
    return fact


def waivers(session: Session, book_id: int, half: dt.date) -> dict[str, Fact]:
    """Customer → why he does not count in that half-year."""
    return {fact.get("customer"): fact for fact in records.facts(session, book_id, KIND, subject=half_of(half))}
