"""R22 票据领用存登记簿: the numbers given out, used, voided, left, and where they break (断号检查).

One row per booklet; numbers used without having been issued stand under 未登记领用. Ties, in documents: the
numbers used in the period = the documents posted with one; given out = used + voided + missing + left.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem
from exports.reports.request import Definition, Request, head
from ledger import registers, series, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.number_series import SERIES
from ledger.storage.engine import Session

COUNTS = ("size", "used_period", "voided_period", "used", "voided", "gaps", "left")


def build(session: Session, book: Book, _chart: Chart, request: Request) -> Report:
    """Month to date; ``account`` narrows it to one series."""
    period = request.month
    rows: list[dict[str, Any]] = series.register(session, request.book_id, book, period.start, period.end)
    names = series.titles()
    if request.account is not None:
        rows = [row for row in rows if request.account in (row["series"], names[row["series"]])]
    posted = _posted(session, request)
    chosen = [name for name in names if request.account in (None, name, names[name])]
    ties = [
        TieOut(
            _("{series}:本期使用 = 已记账单据(张)").format(series=names[name]),
            sum(row["used_period"] for row in rows if row["series"] == name),
            posted.get(name, 0),
            count=True,
        )
        for name in chosen
    ]
    totals = {key: sum(row[key] for row in rows) for key in COUNTS}
    parts = totals["used"] + totals["voided"] + totals["gaps"] + totals["left"]
    ties.append(TieOut(_("领用 = 使用 + 作废 + 断号 + 结存(张)"), totals["size"], parts, count=True))
    gaps = [f"{names[row['series']]} {row['missing']}" for row in rows if row["gaps"]]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=_columns(book),
        rows=rows,
        totals=totals,
        tie_outs=ties,
        unit=_("张"),
        notes=[_("断号:{gaps}").format(gaps=";".join(gaps) or _("无"))],
        signatures=(_("领用人"), _("收费班长"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh, names.get(chosen[0]) if request.account and chosen else None),
        styles=["alert" if row["gaps"] else "" for row in rows],
        **head(session, book, request),
    )


def _posted(session: Session, request: Request) -> dict[str, int]:
    """Series → documents of the period that handed out a number; a cancelled one handed its out all the same."""
    period = request.month
    entries = (
        views.lines(session, request.book_id, period.start, period.end, kinds=tuple(SERIES), live=True)
        .filter(pl.col("reverses").is_null())
        .unique("entry_id")
    )
    out: dict[str, int] = {}
    for kind, name in SERIES.items():
        own = entries.filter(pl.col("kind") == kind)["entry_id"]
        if not len(own):
            continue
        rows = registers.documents(session, request.book_id, kind, own)
        if name == "triplicate":
            rows = rows.filter(pl.col("cashier").is_not_null())
        else:
            rows = rows.filter(pl.col("invoice").is_not_null())
        if kind == "invoice_unpaid":
            rows = rows.filter(pl.col("step") == "print")
        out[name] = out.get(name, 0) + len(rows)
    return out


def _columns(book: Book) -> list[Column]:
    return [
        Column("series", _("票种"), labels=series.titles()),
        Column("doc_no", _("领用单号")),
        Column("first", _("起号")),
        Column("last", _("止号")),
        Column(
            "holder",
            _("领用人"),
            labels={
                "unissued": _("未登记领用"),
                **{person.id: f"{person.id} {person.name}" for person in book.persons},
            },
        ),
        Column("date", _("领用日期"), "date"),
        Column("size", _("领用"), "integer"),
        Column("used_period", _("本期使用"), "integer"),
        Column("voided_period", _("本期作废"), "integer"),
        Column("used", _("累计使用"), "integer"),
        Column("voided", _("累计作废"), "integer"),
        Column("gaps", _("断号"), "integer"),
        Column("left", _("结存"), "integer"),
        Column("missing", _("断号号码")),
    ]


DEFINITION = Definition(code="R22", zh="票据领用存登记簿", en="Document series", build=build)
