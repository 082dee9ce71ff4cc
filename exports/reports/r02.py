"""R02 收费日综汇总表: the entities' cashier-day by fund category and way of paying.

实收 = 核减 + 预收 + 多转 − 少转 + 违约金 + 其他收费. Ties: the total is that of R03; cash is what the drawer took.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, total
from exports.reports import drawer, labels
from exports.reports.request import Definition, Request, fund_labels, head
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

STREAM = "entity"


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The entities' tenders of a day, summed."""
    day = drawer.load(session, book, chart, request, STREAM)
    rows = _rows(book, day)
    columns = _columns(book)
    totals = {**total(columns, rows), "count": sum(row["count"] for row in rows)}
    made = sum(totals[key] for key in ("settled", "late", "held", "over", "other")) - totals["short"]
    who = [] if day.cashier is None else [(_("收费员"), labels.cashiers(book)[day.cashier])]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[
            TieOut(_("实收 = 核减 + 违约金 + 预收 + 多转 − 少转 + 其他收费"), totals["received"], made),
            TieOut(_("实收合计 = 收费日综明细表合计"), totals["received"], day.money),
            drawer.drawer_tie(session, book, request, day, STREAM),
        ],
        signatures=(_("收费员"), _("收费班长(盖章)")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, day.cashier),
        **head(session, book, request, *who),
    )


def _rows(book: Book, day: drawer.Day) -> list[dict[str, Any]]:
    parts = ("settled", "late", "held", "over", "short", "other")
    heads = pl.DataFrame(
        [(entry, head["fund"], head["way"]) for entry, head in day.heads.items()],
        schema={"entry_id": pl.Int64, "fund": pl.String, "way": pl.String}, orient="row",
    )  # fmt: skip
    sums = (
        heads.join(day.parts, on="entry_id", how="left")
        .group_by("fund", "way")
        .agg(pl.col("entry_id").n_unique().alias("count"), *(pl.col(part).sum() for part in parts))
    )
    money = day.lines.group_by("fund", "way").agg(received=pl.col("amount").sum())
    order = {fund.zh: number for number, fund in enumerate(book.funds)}
    ways = list(labels.ways())
    rows = sums.join(money, on=["fund", "way"], how="left", nulls_equal=True).to_dicts()
    return sorted(rows, key=lambda row: (order.get(row["fund"], 99), ways.index(row["way"])))


def _columns(book: Book) -> list[Column]:
    titles = {
        "settled": _("核减金额"), "late": _("违约金"), "held": _("预收"), "over": _("多转"), "short": _("少转"),
        "other": _("其他收费"),
    }  # fmt: skip
    return [
        Column("fund", _("款项类别"), labels=fund_labels(book)),
        Column("way", _("收款方式"), labels=labels.ways()),
        Column("count", _("笔数"), "integer"),
        *(Column(key, title, "money", blank_zero=True) for key, title in titles.items()),
        Column("received", _("实收"), "money"),
    ]


DEFINITION = Definition(code="R02", zh="收费日综汇总表", en="Cashier's daily summary, entities", build=build)
