"""R08 未到账用户书面通知: provisional slips whose money has not come, and cheques not yet lodged.

Written notice of the collection lead to the accountant at month end. Tie: the balance of 1012.02.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import PAPER, Column, Report, Table, TieOut, file_stem, grouped, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Slips and cheques under way on the cut-off day."""
    account, end = chart.role("transit_slip"), request.end
    items = views.open_items(
        session, request.book_id, ["account", "customer", "document", "bank"], end, accounts=(account,)
    )
    rows = _rows(session, book, request, account, items)
    columns = _columns(book)
    totals = total(columns, rows)
    balance = views.balance(session, request.book_id, account, end)
    paper = grouped(columns, rows, by="way", label_key="customer", label=labels.ways(), totals=totals)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[
            TieOut(
                _("合计 = {account} 余额").format(account=f"{account} {chart.name(account)}"), totals["amount"], balance
            )
        ],
        notes=[_("以上款项已凭临时回单或支票核减,至截止日尚未到账,请明细账会计留意")] if rows else [],
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh),
        paper=Table(paper.columns, paper.rows, paper.totals, paper.styles),
        **head(session, book, request),
    )


def _rows(session: Session, book: Book, request: Request, account: str, items: pl.DataFrame) -> list[dict[str, Any]]:
    if items.is_empty():
        return []
    since = items["since"].min()
    made = views.lines(session, request.book_id, since, request.end, accounts=(account,))  # type: ignore[arg-type]
    cheques = set(made.filter(pl.col("origin") == "cheque_receipt")["document"])
    opened = registers.opening_dates(session, request.book_id, book.cutover, (account,))
    dated = dict(opened.select("document", "item_date").iter_rows())
    known = labels.names(registers.customers(session, request.book_id, items["customer"], request.end))
    rows = []
    for item in items.iter_rows(named=True):
        date = dated.get(item["document"], item["since"])
        rows.append({
            "customer": item["customer"],
            "name": known.get(item["customer"], ""),
            "document": item["document"],
            "way": "cheque" if item["document"] in cheques else "slip",
            "amount": item["amount"],
            "date": date,
            "days": (request.end - date).days,
            "bank": item["bank"] or "",
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["way"] == "cheque", row["date"], row["document"] or ""))


def _columns(book: Book) -> list[Column]:
    return [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("document", _("回单号")),
        Column("way", _("方式"), labels=labels.ways()),
        Column("amount", _("金额"), "money"),
        Column("date", _("提交日"), "date"),
        Column("days", _("天数"), "integer"),
        Column("bank", _("银行"), labels=labels.banks(book)),
        Column("answer", _("查询结果"), media=PAPER),
    ]


DEFINITION = Definition(code="R08", zh="未到账用户书面通知", en="Notice of transfers not arrived", build=build)
