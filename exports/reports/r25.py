"""R25 试算平衡表: one row per account, opening, turnover and closing by side.

Red letters stay in their column (domain §3), so the month's turnover is what its
business was. Ties: debits equal credits, three times.
"""

from __future__ import annotations

from typing import Any

from exports.report import Column, Report, Row, Table, TieOut, file_stem, grouped, total
from exports.reports.request import Definition, Request, head
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The trial balance of a month (to date), of one branch's lines where asked."""
    period = request.month
    frame = views.trial_balance(session, request.book_id, period.start, period.end, branch=request.branch)
    moved = {row["account"]: row for row in frame.iter_rows(named=True)}
    empty = {"opening": 0, "debit": 0, "credit": 0, "closing": 0}
    rows = [_row(code, moved.get(code, empty)) for code in sorted({*chart.codes, *moved})]
    columns = _columns(chart)
    totals = total(columns, rows)
    checks = (("opening", _("期初 借 = 贷")), ("", _("本期 借 = 贷")), ("closing", _("期末 借 = 贷")))
    ties = [
        TieOut(name, totals[f"{part}_debit" if part else "debit"], totals[f"{part}_credit" if part else "credit"])
        for part, name in checks
    ]
    notes = [_("红字留在原栏,以负数表示")]
    if request.branch is not None:
        ties, notes = [], [*notes, _("只含该所的分录行,借贷不必相等")]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=notes,
        signatures=(_("制表"), _("复核"), _("财务部负责人")),
        file_stem=file_stem(period, DEFINITION.zh, request.branch and book.branch(request.branch).name),
        paper=_paper(columns, [row for row in rows if row["account"] in moved], totals, chart),
        **head(session, book, request),
    )


def _columns(chart: Chart) -> list[Column]:
    names = {code: f"{code} {chart.name(code)}" for code in chart.codes}
    titles = {
        "opening_debit": _("期初借方"), "opening_credit": _("期初贷方"), "debit": _("本期借方"),
        "credit": _("本期贷方"), "closing_debit": _("期末借方"), "closing_credit": _("期末贷方"),
    }  # fmt: skip
    storeys = {"opening": _("期初余额"), "closing": _("期末余额")}
    return [
        Column("account", _("科目"), labels=names),
        *(
            Column(
                key, title, "money", blank_zero=True,
                head=(storeys.get(key.partition("_")[0], _("本期发生额")), _("贷方") if key.endswith("credit") else _("借方")),
            )
            for key, title in titles.items()
        ),
    ]  # fmt: skip


def _row(code: str, moved: dict[str, Any]) -> dict[str, Any]:
    opening, closing = moved["opening"], moved["closing"]
    return {
        "account": code,
        "opening_debit": max(opening, 0),
        "opening_credit": max(-opening, 0),
        "debit": moved["debit"],
        "credit": moved["credit"],
        "closing_debit": max(closing, 0),
        "closing_credit": max(-closing, 0),
    }


def _paper(columns: list[Column], rows: list[dict[str, Any]], totals: Row, chart: Chart) -> Table:
    """Accounts that have lines, with a 小计 per first-level account of several."""
    first = [{**row, "_first": str(row["account"]).partition(".")[0]} for row in rows]
    names = {code: f"{code} {chart.name(code)}" for code in chart.parents}
    return grouped(columns, first, by="_first", label_key="account", label=names, totals=totals)


DEFINITION = Definition(code="R25", zh="试算平衡表", en="Trial balance", build=build)
