"""The registers (domain §5), one file each; the registry finds them by code or name.

>>> build("R25", session, book, chart, month="2023-06")
>>> build("资金构成表", session, book, chart, date=dt.date(2023, 6, 30))

``--month`` on a cut-off report means its last day, ``--date`` on a monthly one month
to date; without either the last business date in the journal counts.
"""

from __future__ import annotations

import datetime as dt
import pkgutil
import re
from importlib import import_module

from exports.report import Report
from exports.reports.request import Definition, Request
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.calendar import Calendar
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.storage.engine import Session

_NAME = re.compile(r"[re]\d\d[a-z]?")


def _definitions() -> dict[str, Definition]:
    """The definition of each register's module: a new register is a new file, nothing else."""
    names = sorted(
        (module.name for module in pkgutil.iter_modules(__path__) if _NAME.fullmatch(module.name)),
        key=lambda name: (name[0] != "r", name),
    )
    found: list[Definition] = [import_module(f"{__name__}.{name}").DEFINITION for name in names]
    return {definition.code: definition for definition in found}


REPORTS: dict[str, Definition] = _definitions()

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def find(name: str) -> Definition:
    """The register of a code (``R14``, ``r14``) or of its Chinese or English name.

    Raises:
        NotFound: no such register; the message lists them.
    """
    wanted = name.strip().casefold()
    for definition in REPORTS.values():
        if wanted in (definition.code.casefold(), definition.zh.casefold(), definition.en.casefold()):
            return definition
    known = "、".join(f"{row.code} {row.name()}" for row in REPORTS.values())
    raise NotFound(_("没有报表“{name}”(已有:{known})").format(name=name, known=known))


def build(
    code: str,
    session: Session,
    book: Book,
    chart: Chart,
    *,
    date: dt.date | None = None,
    month: str | None = None,
    account: str | None = None,
    branch: str | None = None,
    known_at: str | None = None,
    book_id: int = 1,
) -> Report:
    """A register, filled from the journal.

    ``account`` names a bank account (any of its names), for R10 a customer or an account of
    the family, for R11 a transfer; ``branch`` a branch where the register knows one;
    ``known_at`` an instant (as ``recorded_at`` columns hold it): the register as known then.

    Raises:
        NotFound: an unknown register, account or branch.
        Refused: both date and month; a register that needs an account without one, or a past
            moment for one that knows none.
    """
    definition = find(code)
    if date is not None and month is not None:
        raise Refused(_("日期与月份只能给一个"))
    if known_at is not None and not definition.known:
        known = "、".join(row.code for row in REPORTS.values() if row.known)
        raise Refused(_("{code} 不能按过去的时点出表(可以的:{known})").format(code=definition.code, known=known))
    request = Request(
        book_id=book_id,
        end=_end(session, book_id, date, month, book),
        account=account,
        branch=None if branch is None else book.branch(branch).code,
        known_at=known_at,
    )
    return definition.build(session, book, chart, request)


def _end(session: Session, book_id: int, date: dt.date | None, month: str | None, book: Book) -> dt.date:
    if month is not None:
        if not _MONTH.fullmatch(month):
            raise Refused(_("月份应写作 YYYY-MM:{month}").format(month=month))
        return Calendar.month_end(dt.date.fromisoformat(f"{month}-01"))
    if date is not None:
        return date
    known = views.dates(session, book_id)
    return known[1] if known else book.cutover
