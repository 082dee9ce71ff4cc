"""R09 银行存款日记账: every movement of a bank account with the balance after it.

Opening row, lines, 本日合计, 本月合计, 本年累计; in the workbook also the multi-column
form (多栏式): debits and credits by fund category. Ties: the balance is the bank account's;
debits and credits are its turnover; the categories add up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from exports.report import FLAT, PAPER, WIDE, Column, Report, Style, Table, TieOut, file_stem
from exports.reports.request import Definition, Request, fund_labels, head, side
from ledger import views
from ledger.accounts import Chart
from ledger.book import Bank, Book
from ledger.i18n import _
from ledger.storage.engine import Session

_STYLES: dict[str, Style] = {
    "opening": "opening",
    "line": "",
    "day": "subtotal",
    "month": "subtotal",
    "year": "subtotal",
}


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The journal of one bank account, month to date."""
    bank, period = request.bank(book), request.month
    account = chart.role("bank", bank=bank.code)
    frame = views.bank_journal(session, request.book_id, account, period.start, period.end)
    rows = [_row(row) for row in frame.iter_rows(named=True)]
    styles = [_STYLES[section] for section in frame["section"]]
    funds = [fund.zh for fund in book.funds if (frame["fund"] == fund.zh).any()]
    columns = _columns(book)
    body = frame.filter(pl.col("section") == "line")
    totals = {column: int(body[column].sum()) for column in ("debit", "credit")} | {
        "balance": int(frame["balance"][-1])
    }
    by_fund = {
        f"{column}_{fund}": int(body.filter(pl.col("fund") == fund)[column].sum())
        for column in ("debit", "credit")
        for fund in funds
    }
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=_ties(session, request, account, bank, totals, by_fund),
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh, bank.short),
        styles=styles,
        # the form ends in its own 本月合计 and 本年累计
        paper=Table(columns, rows, styles=styles),
        sheets=[(_("多栏式"), Table(_wide(book, by_fund), [row for row in rows if row["section"] == "line"], by_fund))],
        **head(
            session,
            book,
            request,
            (_("银行账户"), f"{bank.name} {bank.short}"),
            (_("账号"), bank.number),
            branch=bank.branch,
        ),
    )


def _columns(book: Book) -> list[Column]:
    return [
        Column("date", _("日期"), "date"),
        Column("voucher", _("凭证号")),
        Column("document", _("结算方式/单号")),
        Column("memo", _("摘要")),
        Column("contra", _("对方科目")),
        Column("fund", _("款项类别"), labels=fund_labels(book)),
        Column("debit", _("借方"), "money", blank_zero=True),
        Column("credit", _("贷方"), "money", blank_zero=True),
        Column("balance", _("余额"), "money", media=FLAT),
        Column("side", _("方向"), media=PAPER),
        Column("size", _("余额"), "money", media=PAPER),
    ]


def _wide(book: Book, by_fund: dict[str, int]) -> list[Column]:
    """The multi-column form: on either side one column per fund category that moved. No page is wide enough for it."""
    shown = fund_labels(book)
    columns = [
        Column("date", _("日期"), "date"),
        Column("voucher", _("凭证号")),
        Column("document", _("结算方式/单号")),
        *(
            Column(
                f"{column}_{fund}", f"{title}\n{shown.get(fund, fund)}", "money", blank_zero=True,
                head=(title, shown.get(fund, fund)),
            )
            for column, title in (("debit", _("借方")), ("credit", _("贷方")))
            for fund in (fund.zh for fund in book.funds)
            if by_fund.get(f"{column}_{fund}")
        ),
    ]  # fmt: skip
    return [replace(column, media=WIDE) for column in columns]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    section = row["section"]
    memo = {
        "opening": _("期初余额"), "day": _("本日合计"), "month": _("本月合计"), "year": _("本年累计"),
    }.get(section, row["memo"])  # fmt: skip
    out = {**row, "memo": memo, **side(row["balance"])}
    if section == "line":
        out |= {f"debit_{row['fund']}": row["debit"], f"credit_{row['fund']}": row["credit"]}
    return out


def _ties(
    session: Session, request: Request, account: str, bank: Bank, totals: dict[str, int], by_fund: dict[str, int]
) -> list[TieOut]:
    period = request.month
    own = views.turnover(session, request.book_id, period.start, period.end, accounts=(account,))
    sides = {"debit": _("借方合计 = 本期借方发生额"), "credit": _("贷方合计 = 本期贷方发生额")}
    return [
        TieOut(_("日记账余额 = {bank} 科目余额").format(bank=bank.short), totals["balance"], int(own["closing"].sum())),
        *(TieOut(name, totals[key], int(own[key].sum())) for key, name in sides.items()),
        *(
            TieOut(name, sum(amount for key, amount in by_fund.items() if key.startswith(column)), totals[column])
            for column, name in (("debit", _("借方各类别之和 = 借方合计")), ("credit", _("贷方各类别之和 = 贷方合计")))
        ),
    ]


DEFINITION = Definition(code="R09", zh="银行存款日记账", en="Bank journal", build=build, bank=True)
