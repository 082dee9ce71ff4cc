"""R27 业务受理日报: what came in on a day, by category, channel and hall; changes without money by their count.

Tie: the money is that of R04. The monthly form (R27b) is drawn by the same hand.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Period, Report, TieOut, file_stem, grouped, total
from exports.reports import labels, r04, r05
from exports.reports.request import Definition, Request, fund_labels, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.documents import KINDS
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The business of the day."""
    whole = r04.build(session, book, chart, request)
    return draw(session, book, chart, request, DEFINITION, request.cutoff, _("金额合计 = 日收费记录表"), whole)


def draw(
    session: Session,
    book: Book,
    chart: Chart,
    request: Request,
    definition: Definition,
    period: Period,
    name: str,
    whole: Report,
) -> Report:
    """The form over a period; ``whole`` is the collection record its money must be, under the tie's ``name``."""
    rows = [
        *_money(registers.receipts(session, request.book_id, period.start, period.end, book=book, chart=chart), book),
        *_moves(session, request, period),
        *_services(session, request, period),
    ]
    if request.branch is not None:
        rows = [row for row in rows if row["branch"] == request.branch]
    columns = _columns(book)
    totals = {**total(columns, rows), "count": sum(row["count"] for row in rows)}
    ties = [] if request.branch else [TieOut(name, totals["amount"], whole.totals["total"])]
    return Report(
        code=definition.code,
        title=definition.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("填报"), _("营业厅主任"), _("经营管理部")),
        file_stem=file_stem(period, definition.zh, request.branch and book.branch(request.branch).name),
        paper=None
        if not rows
        else grouped(columns, rows, by="section", label_key="category", label=sections(), totals=totals),
        **head(session, book, request),
    )


def sections() -> dict[str, str]:
    """Business with money and without."""
    return {"money": _("收费"), "service": _("业务")}


def _money(lines: pl.DataFrame, book: Book) -> list[dict[str, Any]]:
    """Tenders by fund, way and branch; what takes one back counts against it."""
    tenders = lines.filter(pl.col("section") == "tender")
    sign = pl.when(pl.col("reverses").is_null()).then(1).otherwise(-1)
    documents = tenders.with_columns(sign=sign).unique(["entry_id", "fund", "way", "branch"])
    keys = ["fund", "way", "branch"]
    counts = documents.group_by(keys).agg(count=pl.col("sign").sum())
    sums = tenders.group_by(keys).agg(amount=pl.col("amount").sum()).join(counts, on=keys, how="left", nulls_equal=True)
    order = {fund: place for place, fund in enumerate(r05.categories(book))}
    found = [
        {"section": "money", "category": row["fund"], "way": row["way"], "branch": row["branch"] or "", "count": row["count"],
         "amount": row["amount"]}
        for row in sums.iter_rows(named=True)
    ]  # fmt: skip
    return sorted(found, key=lambda row: (order.get(row["category"], len(order)), row["way"], row["branch"]))


def _moves(session: Session, request: Request, period: Period) -> list[dict[str, Any]]:
    """过户、改交费方式、销户: account moves, by what they change."""
    lines = views.lines(session, request.book_id, period.start, period.end, kinds=("account_move",), live=True)
    heads = lines.filter(pl.col("reverses").is_null()).unique("entry_id", maintain_order=True)
    said = registers.documents(session, request.book_id, "account_move", heads["entry_id"]).unique("entry_id")
    where = dict(heads.select("entry_id", "branch").iter_rows())
    return _counted((row["change"], where.get(row["entry_id"])) for row in said.iter_rows(named=True))


def _services(session: Session, request: Request, period: Period) -> list[dict[str, Any]]:
    """停水、复装."""
    said = registers.facts(session, request.book_id, "service", period.end)
    said = said.filter(pl.col("date") >= period.start)
    known = registers.customers(session, request.book_id, said["customer"], period.end)
    where = dict(known.select("customer", "branch").iter_rows())
    return _counted((row["step"], where.get(row["customer"])) for row in said.iter_rows(named=True))


def _counted(found: Any) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for category, branch in found:
        key = (category, branch or "")
        counts[key] = counts.get(key, 0) + 1
    return [
        {"section": "service", "category": category, "way": "", "branch": branch, "count": number, "amount": 0}
        for (category, branch), number in sorted(counts.items())
    ]


def _columns(book: Book) -> list[Column]:
    changes = {**_words("account_move", "change"), **_words("service", "step")}
    return [
        Column("section", _("分类"), labels=sections()),
        Column("category", _("类别"), labels={**fund_labels(book), **changes}),
        Column("way", _("渠道"), labels=labels.ways()),
        Column("branch", _("营业厅"), labels=labels.branches(book)),
        Column("count", _("笔数"), "integer"),
        Column("amount", _("金额"), "money"),
    ]


def _words(kind: str, name: str) -> dict[str, str]:
    column = KINDS[kind].column(name)
    return {value: column.word(value) for value in column.labels}


DEFINITION = Definition(code="R27", zh="业务受理日报", en="Daily business report", build=build)
