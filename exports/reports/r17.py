"""R17 总售水报表: the branches' sales by usage class, and what R16 leaves out on lines of its own.

特勤处 (补交水费) and TM卡应收水费 stand apart. Ties: the branches are R16; all is the month's charges.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, total
from exports.reports import labels, r16, sales
from exports.reports.request import Definition, Request, head
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Sales of the whole company in the month up to day 25."""
    period = sales.sales_month(request.end)
    table = sales.load(session, book, chart, request.book_id, period)
    keys = sales.amounts(book)
    rows: list[dict[str, Any]] = []
    of_branches = table.filter(pl.col("category").is_in(r16.STREAMS))
    order = {row.code: number for number, row in enumerate(book.usage_classes)}
    for branch in book.branches:
        here = of_branches.filter(pl.col("branch") == branch.code)
        classes = sorted(here["usage_class"].drop_nulls().unique(), key=lambda code: order.get(code, 99))
        for code in classes or [None]:
            own = here.filter(pl.col("usage_class").eq_missing(pl.lit(code, pl.String)))
            rows.append({"line": branch.code, "usage_class": code or "", **_sums(own, keys)})
    rows += [
        {"line": category, "usage_class": "", **_sums(table.filter(pl.col("category") == category), keys)}
        for category in ("inspection", "tm")
    ]
    columns = _columns(book, table)
    totals = {
        **total(columns, rows), "volume": sum(row["volume"] for row in rows), "households": table["customer"].n_unique(),
    }  # fmt: skip
    tiers = r16.tier_rows(of_branches, book)
    ties = [
        TieOut(
            _("各所合计 = 各所售水报表合计"),
            sum(row["gross"] for row in rows if row["line"] not in ("inspection", "tm")),
            sum(row["gross"] for row in tiers),
        ),
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
        signatures=(_("制票班长"), _("抄收管理处")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request),
    )


def _sums(own: pl.DataFrame, keys: list[str]) -> dict[str, Any]:
    return {"households": own["customer"].n_unique(), "volume": int(own["volume"].sum()), **sales.sums(own, keys)}


def _columns(book: Book, table: pl.DataFrame) -> list[Column]:
    names = labels.categories()
    lines = {**labels.branches(book), "inspection": names["inspection"], "tm": names["tm"]}
    return [
        Column("line", _("所/类别"), labels=lines),
        Column("usage_class", _("用水性质"), labels=labels.usage_classes(book)),
        Column("households", _("户数"), "integer"),
        Column("volume", _("水量"), "integer"),
        Column("net", _("净水价"), "money"),
        *sales.amount_columns(book, table),
        Column("gross", _("合计"), "money"),
    ]


DEFINITION = Definition(code="R17", zh="总售水报表", en="Water sales, all branches", build=build)
