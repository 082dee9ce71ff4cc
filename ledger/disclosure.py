"""Who gets personal data in plain (C40): by role and medium, else by leave of the finance head.

::

    role, screen or file ─ledger.masking─▶ plain
                  masked ─ --unmasked --reason, override C40 "J01/2023-07-05" ─▶ plain, written down first

A leave is an override of C40 for one person and one day. Where a book has one operator
alone (unstaffed), he sees everything. Rules: domain §4 C40, docs/adr/0013-masking.md.
"""

from __future__ import annotations

from ledger.controls import control_message
from ledger.errors import Fault, Refused
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.masking import may_see_personal_data
from ledger.operators import staff
from ledger.overrides import granted
from ledger.storage.engine import Session

CONTROL = "C40"


def plain(
    ledger: Ledger, session: Session, operator: str, *, to_file: bool, unmasked: bool = False, reason: str | None = None
) -> bool:
    """Whether this operator gets personal data in plain.

    ``to_file``: it leaves the screen; ``unmasked``: he asks for it though his role masks it.

    Raises:
        Refused: asked for without a reason, or without leave for today (C40).
    """
    people = staff(session, ledger.book_id)
    if unmasked and not (reason or "").strip():
        raise Refused(_("--unmasked 须用 --reason 写明原因"))
    if people.unstaffed:
        return True
    person = people.find(operator)
    if may_see_personal_data(person.role, to_file=to_file):
        return True
    if not unmasked:
        return False
    about = f"{person.id}/{ledger.book.today().isoformat()}"
    if CONTROL not in granted(session, ledger.book_id, about):
        message = control_message(CONTROL) + _(
            ":须由财务部负责人放行,meterbook override grant C40 --object {about} --reason …"
        ).format(about=about)
        raise Refused(Fault(message=message, code=CONTROL))
    return True
