"""R13 上缴代征财政费用明细表: per levy what was due, collected, remitted and is still due.

Ties: the closing balances are those of the two liabilities; uncollected closing =
opening + billed − collected − written off; the 代征 row of R24 says the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, total
from exports.reports.request import Definition, Request, deposit_banks, head
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.capitals import capitals
from ledger.funds import LEVY_FUND
from ledger.i18n import _, current_language
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Levies of the month to date."""
    period, book_id = request.month, request.book_id
    billed = {levy.item: chart.levy("billed", levy.item) for levy in book.levies}
    due = {levy.item: chart.levy("due", levy.item) for levy in book.levies}
    rows = views.levies(session, book_id, period.start, period.end, billed=billed, due=due).to_dicts()
    columns = _columns(book)
    totals = total(columns, rows)
    funds = views.fund_positions(
        session, book_id, period.start, period.end, deposit_banks=deposit_banks(book), transit=chart.role("ho_transit")
    ).filter(pl.col("fund") == LEVY_FUND)
    rolled = totals["opening_uncollected"] + totals["billed"] - totals["collected"] - totals["written_off"]
    ties = [
        TieOut(_("期末应收未收 = 期初 + 本期代征 − 实收 − 核销"), totals["closing_uncollected"], rolled),
        TieOut(
            _("期末应收未收 = 代征未收科目余额"),
            totals["closing_uncollected"],
            _owed(session, request, billed.values()),
        ),
        TieOut(_("期末已收待缴 = 代征已收待缴科目余额"), totals["closing_due"], _owed(session, request, due.values())),
        TieOut(_("本期实收 = 资金构成表 转入代征"), totals["collected"], int(funds["to_levy"].sum())),
        TieOut(_("本期上缴 = 资金构成表 上缴"), totals["remitted"], int(funds["paid_out"].sum())),
        TieOut(_("期末已收待缴 = 资金构成表 代征期末"), totals["closing_due"], int(funds["closing"].sum())),
    ]
    treasury = next((payee.name for payee in book.payees if payee.kind == "treasury"), "")
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=[_("本期上缴合计(大写):人民币{words}").format(words=capitals(totals["remitted"]))] if rows else [],
        signatures=(_("录入"), _("复核"), _("审批")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request, (_("收款人"), treasury)),
    )


def _owed(session: Session, request: Request, accounts: Iterable[str]) -> int:
    return -sum(views.balance(session, request.book_id, code, request.end) for code in accounts)


def _columns(book: Book) -> list[Column]:
    chinese = current_language() == "zh_CN"
    names = {levy.item: levy.zh if chinese else levy.en for levy in book.levies}
    return [
        Column("levy", _("项目"), labels=names),
        Column("opening_due", _("期初已收待缴"), "money"),
        Column("billed", _("本期代征(应收)"), "money"),
        Column("collected", _("本期实收"), "money"),
        Column("remitted", _("本期上缴"), "money"),
        Column("forms", _("缴款书/银行回单")),
        Column("closing_due", _("期末已收待缴"), "money"),
        Column("closing_uncollected", _("期末应收未收"), "money"),
        Column("opening_uncollected", _("期初应收未收"), "money"),
        Column("written_off", _("本期核销"), "money"),
    ]


DEFINITION = Definition(code="R13", zh="上缴代征财政费用明细表", en="Levy remittance schedule", build=build)
