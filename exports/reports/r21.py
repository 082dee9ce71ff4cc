"""R21 冲减、变更审批台账: every reduction of the month with its approval.

Tie: the red entries of E04 (receivables, or advances of bills that were paid).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Reductions of the month to date."""
    period = request.month
    table = registers.sales(session, request.book_id, period.start, period.end, book=book, chart=chart)
    reduced = table.filter(pl.col("red"))
    if request.branch is not None:
        reduced = reduced.filter(pl.col("branch") == request.branch)
    rows = _rows(session, request, reduced)
    columns = _columns()
    totals = {**total(columns, rows), "volume": sum(row["volume"] or 0 for row in rows)}
    totals.pop("original")
    totals.pop("left")
    lines = views.lines(session, request.book_id, period.start, period.end, kinds=views.RED, live=True)
    owing = lines.filter(pl.col("account").str.starts_with("1122.") | pl.col("account").str.starts_with("2203."))
    ties = [] if request.branch else [
        TieOut(_("冲减额合计 = 红字分录(应收、多转)"), totals["reduced"], int((owing["debit"] - owing["credit"]).sum())),
    ]  # fmt: skip
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("制票班长"), _("抄收管理处"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh, request.branch and book.branch(request.branch).name),
        **head(session, book, request),
    )


def _rows(session: Session, request: Request, reduced: pl.DataFrame) -> list[dict[str, Any]]:
    if reduced.is_empty():
        return []
    end = request.end
    said = registers.documents(session, request.book_id, "reduction", reduced["entry_id"])
    told = {row["entry_id"]: row for row in said.iter_rows(named=True)}
    charged = registers.bills(session, request.book_id, reduced["document"], end)
    gross = dict(charged.select("document", "gross").iter_rows())
    for bill, off in _earlier(session, request, reduced):
        if gross.get(bill) is not None:
            gross[bill] += off
    known = labels.names(registers.customers(session, request.book_id, reduced["customer"], end))
    rows = []
    for sale in reduced.sort("date", "entry_id").iter_rows(named=True):
        own = told.get(sale["entry_id"], {})
        sign = -1 if sale["reverses"] is None else 1
        before = gross.get(sale["document"])
        left = None if before is None else before + sale["gross"]
        gross[sale["document"]] = left
        rows.append({
            "approval_no": own.get("approval_no") or sale["doc_no"],
            "customer": sale["customer"] or "",
            "name": known.get(sale["customer"], ""),
            "bill_month": sale["bill_month"] or own.get("bill_month") or "",
            "document": sale["document"],
            "volume": sign * (own.get("volume") or 0),
            "original": before,
            "reduced": sale["gross"],
            "left": left,
            "reason": own.get("reason") or "",
            "maker": own.get("maker") or "",
            "approver": own.get("approver") or "",
            "date": sale["date"],
            "voucher": sale["voucher"],
        })  # fmt: skip
    return rows


def _earlier(session: Session, request: Request, reduced: pl.DataFrame) -> list[tuple[str, int]]:
    """What months before have taken off these bills already (negative)."""
    before = request.month.start - dt.timedelta(days=1)
    found: list[tuple[str, int]] = []
    for customer in reduced["customer"].drop_nulls().unique():
        past = views.lines(session, request.book_id, dt.date.min, before, kinds=views.RED, live=True, customer=customer)
        owing = past.filter(pl.col("account").str.starts_with("1122.") & pl.col("document").is_not_null())
        found += owing.group_by("document").agg((pl.col("debit") - pl.col("credit")).sum()).iter_rows()
    return found


def _columns() -> list[Column]:
    return [
        Column("approval_no", _("申请号")),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("bill_month", _("月份")),
        Column("document", _("账单号")),
        Column("volume", _("水量"), "integer"),
        Column("original", _("原额"), "money"),
        Column("reduced", _("冲减额"), "money"),
        Column("left", _("冲减后"), "money"),
        Column("reason", _("原因")),
        Column("maker", _("申请人")),
        Column("approver", _("批准人")),
        Column("date", _("日期"), "date"),
        Column("voucher", _("凭证号")),
    ]


DEFINITION = Definition(code="R21", zh="冲减、变更审批台账", en="Reductions and approvals", build=build)
