"""Overrides (放行): a named person lets one control pass, once, for one object, with a reason.

::

    finance head ─grant─▶ fact 'override' C52/ZK-0629 ─▶ the act it was given for goes through

Only a control that domain §4 gives an override, only by whom it names, never for one's own
doing. All of them stand in one register for the auditor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from ledger import facts as records
from ledger.controls import CONTROLS
from ledger.errors import Fault, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.roles import role_name
from ledger.storage.engine import Session

KIND = "override"

BY_POST: Final = {
    "C01": "抄收管理处处长", "C04": "抄收管理处处长",
    "C13": "经营公司负责人", "C14": "经营公司负责人", "C29": "经营公司负责人", "C51": "经营公司负责人",
    "C47": "监察大队长",
}  # fmt: skip
"""Controls let pass by a post of the company (职务)."""

BY_ROLE: Final = {
    "C30": "finance_head", "C38": "finance_head", "C40": "finance_head", "C52": "finance_head", "E10": "finance_head",
    "C32": "accountant", "C33": "accountant",
}  # fmt: skip
"""Controls let pass by a role. ``E10``: a slip under way too long (domain §9.2)."""


def grant(
    ledger: Ledger, control: str, about: str, *, reason: str, operator: str, today: dt.date, loss_report: str = ""
) -> Fact:
    """Let a control pass for one object: a day, a month, a document number.

    ``loss_report`` is the number of the report of loss (遗失报告) without which a gap in the documents (C38) is
    let pass by nobody: the lead reports it, the finance head lets it pass, the lead closes the day.

    Raises:
        Refused: the control knows no override, it is another's to give, or the reason is missing.
    """
    code = control.upper()
    if code not in BY_POST and code not in BY_ROLE:
        known = CONTROLS[code].rule if code in CONTROLS else code
        raise Refused(Fault(message=_("{control} 不可放行").format(control=code), value=known, code="override"))
    if not reason.strip() or not about.strip():
        raise Refused(_("放行须写明对象和原因"))
    if code == "C38" and not loss_report.strip():
        raise Refused(Fault(message=_("票据断号须凭遗失报告放行(--loss-report)"), value=about, code="C38"))
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        person = people.require(operator, "override")
        if not people.unstaffed and (person.post if code in BY_POST else person.role) != (
            BY_POST.get(code) or BY_ROLE[code]
        ):
            who = BY_POST.get(code) or role_name(BY_ROLE[code])
            raise Refused(Fault(message=_("{control} 须由 {who} 放行").format(control=code, who=who), code="override"))
        fact = Fact(
            doc_no=f"{code}/{about.strip()}", subject=code, date=today,
            content={"object": about.strip(), "reason": reason.strip()}
            | ({"loss_report": loss_report.strip()} if loss_report.strip() else {}),
        )  # fmt: skip
        records.record(session, ledger.book_id, KIND, [fact], operator=person.id, today=today)
    return fact


def granted(session: Session, book_id: int, about: str) -> Mapping[str, Fact]:
    """Control → who let it pass, for one object."""
    return {fact.subject or "": fact for fact in records.facts(session, book_id, KIND) if fact.get("object") == about}


def register(session: Session, book_id: int) -> list[Fact]:
    """All overrides, oldest first."""
    return records.facts(session, book_id, KIND)
