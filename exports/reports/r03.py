"""R03 收费日综明细表: the entities' cashier-day, tender by tender, with 临时回单, 多转 and 少转 marked.

Ties: the total is that of R02; the slips are the day's debits of 1012.02.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, grouped, total
from exports.reports import drawer, labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

STREAM = "entity"


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The entities' tenders of a day, one by one."""
    day = drawer.load(session, book, chart, request, STREAM)
    slip = chart.role("transit_slip")
    came = views.lines(
        session, request.book_id, request.end, request.end + dt.timedelta(days=62), accounts=(slip,),
        kinds=("slip_arrival",), live=True,
    )  # fmt: skip
    rows = _rows(book, day, dict(came.select("document", "date").iter_rows()))
    columns = _columns()
    totals = total(columns, rows)
    who = [] if day.cashier is None else [(_("收费员"), labels.cashiers(book)[day.cashier])]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[
            TieOut(_("实收合计 = 收费日综汇总表合计"), totals["received"], day.money),
            _slips(session, request, day, slip),
            drawer.drawer_tie(session, book, request, day, STREAM),
        ],
        signatures=(_("收费员"), _("收费班长(盖章)")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, day.cashier),
        paper=grouped(columns, rows, by="way", label_key="customer", label=labels.ways(), totals=totals),
        **head(session, book, request, *who, *drawer.numbers(session, request, day)),
    )


def _rows(book: Book, day: drawer.Day, arrived: dict[str, dt.date]) -> list[dict[str, Any]]:
    shorts = {bank.code: bank.short for bank in book.banks}
    sums = day.parts.group_by("entry_id").agg(
        pl.col("customer").drop_nulls().first(),
        due=pl.col("settled").sum(),
        over=pl.col("over").sum(),
        short=pl.col("short").sum(),
        held=pl.col("held").sum(),
    )
    order = list(labels.ways())
    found = sorted(
        sums.iter_rows(named=True), key=lambda row: (order.index(day.heads[row["entry_id"]]["way"]), row["entry_id"])
    )
    rows = []
    for number, row in enumerate(found, 1):
        entry = day.heads[row["entry_id"]]
        place = " ".join(part for part in (shorts.get(entry["bank"], ""), entry["document"] or "") if part)
        rows.append({
            "number": number,
            "customer": row["customer"] or "",
            "name": day.names.get(row["customer"], ""),
            "invoice": entry["invoice"],
            "due": row["due"],
            "received": entry["amount"],
            "over": row["over"],
            "short": row["short"],
            "way": entry["way"],
            "reference": "" if entry["way"] == "cash" else place,
            "provisional": _("是") if entry["way"] == "slip" else "",
            "arrived": arrived.get(entry["document"]) if entry["way"] == "slip" else None,
            "memo": entry["memo"] or "",
        })  # fmt: skip
    return rows


def _slips(session: Session, request: Request, day: drawer.Day, slip: str) -> TieOut:
    """New provisional slips: what the day's documents put on 1012.02."""
    made = views.lines(
        session, request.book_id, request.end, request.end, accounts=(slip,), kinds=("slip_receipt",), live=True
    )
    others = registers.customers(session, request.book_id, made["customer"], request.end).filter(
        pl.col("stream") != STREAM
    )
    own = made.filter(~pl.col("customer").is_in(others["customer"].implode()))
    listed = day.lines.filter(pl.col("way") == "slip")
    return TieOut(
        _("临时回单小计 = 待达账转账款 本日借方"),
        int(listed["amount"].sum()),
        int((own["debit"] - own["credit"]).sum()),
    )


def _columns() -> list[Column]:
    return [
        Column("number", _("序号"), "integer"),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("invoice", _("票号")),
        Column("due", _("应收"), "money"),
        Column("received", _("实收"), "money"),
        Column("over", _("多转"), "money", blank_zero=True),
        Column("short", _("少转"), "money", blank_zero=True),
        Column("way", _("方式"), labels=labels.ways()),
        Column("reference", _("付款行/票据号")),
        Column("provisional", _("临时回单")),
        Column("arrived", _("到账日期"), "date"),
        Column("memo", _("备注")),
    ]


DEFINITION = Definition(code="R03", zh="收费日综明细表", en="Cashier's daily detail, entities", build=build)
