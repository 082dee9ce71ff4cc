"""R12 转款与收款收据核对表: each transfer to head office, fund by fund, against its receipts.

Rows: transfers that were open, sent or receipted in the month. Tie: Σ差异 = 1221.01.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import PAPER, Column, Report, Style, Table, TieOut, file_stem, total
from exports.reports.request import Definition, Request, fund_labels, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

KEYS = ["document", "fund"]


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Transfers and receipts of the month to date."""
    period, account = request.month, chart.role("ho_transit")
    before = period.start - dt.timedelta(days=1)
    open_ = views.open_items(session, request.book_id, KEYS, before, accounts=(account,))
    moved = views.lines(session, request.book_id, period.start, period.end, accounts=(account,))
    got = (pl.col("origin") != views.HO_TRANSFER) & (pl.col("event") != "E01")
    change = moved.group_by(KEYS, maintain_order=True).agg(
        sent=(pl.col("debit") - pl.col("credit")).filter(~got).sum(),
        receipted=(pl.col("credit") - pl.col("debit")).filter(got).sum(),
        receipts=pl.col("doc_no").filter(got).unique(maintain_order=True).str.join(","),
        first=pl.col("date").filter(~got).min(),
    )
    items = open_.select(*KEYS, carried="amount", since="since").join(
        change, on=KEYS, how="full", coalesce=True, nulls_equal=True
    )
    opened = registers.opening_dates(session, request.book_id, book.cutover, (account,))
    rows = _rows(items, book, period.end, dict(opened.select("document", "item_date").iter_rows()))
    columns = _columns(book)
    totals = total(columns, rows)
    styles: list[Style] = ["alert" if row["difference"] else "" for row in rows]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[
            TieOut(
                _("差异合计 = {account} 余额").format(account=f"{account} {chart.name(account)}"),
                totals["difference"],
                views.balance(session, request.book_id, account, period.end),
            )
        ],
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh),
        styles=styles,
        paper=Table(columns, rows, totals, styles),
        **head(session, book, request),
    )


def _rows(items: pl.DataFrame, book: Book, end: dt.date, opened: dict[str, dt.date]) -> list[dict[str, Any]]:
    order = {fund.zh: number for number, fund in enumerate(book.funds)}
    rows = []
    for item in items.iter_rows(named=True):
        date = opened.get(item["document"]) or item["since"] or item["first"]
        transferred = (item["carried"] or 0) + (item["sent"] or 0)
        difference = transferred - (item["receipted"] or 0)
        rows.append({
            "transfer": item["document"],
            "date": date,
            "fund": item["fund"],
            "transferred": transferred,
            "receipts": item["receipts"] or "",
            "receipted": item["receipted"] or 0,
            "difference": difference,
            "days": (end - date).days if difference and date else None,
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["date"] or end, row["transfer"] or "", order.get(row["fund"], 99)))


def _columns(book: Book) -> list[Column]:
    return [
        Column("transfer", _("转款单号")),
        Column("date", _("日期"), "date"),
        Column("fund", _("类别"), labels=fund_labels(book)),
        Column("transferred", _("转款额(含上期未收据)"), "money"),
        Column("receipts", _("收据号")),
        Column("receipted", _("收据额"), "money"),
        Column("difference", _("差异"), "money"),
        Column("days", _("天数"), "integer"),
        Column("track", _("跟踪记录"), media=PAPER),
    ]


DEFINITION = Definition(code="R12", zh="转款与收款收据核对表", en="Transfers against receipts", build=build)
