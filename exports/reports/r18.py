"""R18 总销售报表: sales by category with VAT apart, reductions inside, and the year so far.

Ties: the month's charges in the ledger; the sum is R17's.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Period, Report, TieOut, file_stem, total
from exports.reports import labels, sales
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Sales of the whole company in the month up to day 25."""
    period = sales.sales_month(request.end)
    table = sales.load(session, book, chart, request.book_id, period)
    year = Period(sales.sales_month(period.end.replace(month=1)).start, period.end)
    so_far = registers.billed(session, request.book_id, year.start, year.end, book=book, chart=chart)
    keys = [*sales.amounts(book), "vat", "revenue"]
    rows: list[dict[str, Any]] = []
    for category in labels.categories():
        own = table.filter(pl.col("category") == category)
        rows.append({
            "category": category,
            "volume": int(own["volume"].sum()),
            **sales.sums(own, keys),
            "reduced": int(own.filter(pl.col("red"))["gross"].sum()),
            "cumulative": so_far.get(category, 0),
        })  # fmt: skip
    columns = _columns(book, table)
    totals = {**total(columns, rows), "volume": sum(row["volume"] for row in rows)}
    vat = views.turnover(
        session, request.book_id, period.start, period.end, keys=("account", "item"), accounts=("2221",)
    ).filter(pl.col("item") == book.utility)
    ties = [
        TieOut(_("净水价(含税) = 税额 + 不含税收入"), totals["net"], totals["vat"] + totals["revenue"]),
        TieOut(_("税额 = 应交税费 本期售水税额"), totals["vat"], int((vat["credit"] - vat["debit"]).sum())),
        *sales.ledger_ties(session, book, chart, request.book_id, period, {**sales.sums(table, keys), **totals}),
    ]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("制票班长"), _("抄收管理处"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request),
    )


def _columns(book: Book, table: pl.DataFrame) -> list[Column]:
    return [
        Column("category", _("类别"), labels=labels.categories()),
        Column("volume", _("水量"), "integer"),
        Column("net", _("净水价(含税)"), "money"),
        Column("vat", _("税额"), "money"),
        Column("revenue", _("不含税收入"), "money"),
        *sales.amount_columns(book, table),
        Column("gross", _("应收合计"), "money"),
        Column("reduced", _("本月冲减"), "money", blank_zero=True),
        Column("cumulative", _("本年累计"), "money"),
    ]


DEFINITION = Definition(code="R18", zh="总销售报表", en="Sales report", build=build)
