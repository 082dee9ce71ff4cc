"""R27b 业务受理月报: the business of the month, as R27 has it for a day. Tie: the money is that of R05."""

from __future__ import annotations

from exports.report import Report
from exports.reports import r05, r27
from exports.reports.request import Definition, Request
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The business of the month to date."""
    whole = r05.build(session, book, chart, request)
    return r27.draw(session, book, chart, request, DEFINITION, request.month, _("金额合计 = 月收费记录表"), whole)


DEFINITION = Definition(code="R27b", zh="业务受理月报", en="Monthly business report", build=build)
