"""R26b 账龄分析表: what each customer owes by age, advances beside it, never netted silently.

Ties: the sum of what is owed less direct debits not allotted = Σ1122; advances = Σ2203.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Diagram, Report, TieOut, file_stem, grouped, total, under
from exports.reports import labels, r26
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Ageing on the cut-off day, of all branches or of one."""
    family, pending = chart.parent(chart.role("ar_resident")) or "1122", chart.role("debit_pending")
    accounts = [code for code in chart.children(family) if code != pending]
    end, book_id = request.end, request.book_id
    bills = views.receivables(session, book_id, end, accounts=accounts, branch=request.branch)
    held = views.advances(session, book_id, end)
    everyone = pl.concat([bills["customer"], held["customer"]]).unique()
    known = registers.customers(session, book_id, everyone, end)
    if request.branch is not None:
        here = known.filter(pl.col("branch") == request.branch)["customer"]
        held = held.filter(pl.col("customer").is_in(here.implode()))
    rows = _rows(bills, held, known)
    columns = _columns()
    totals = total(columns, rows)
    unallotted = views.balance(session, book_id, pending, end)
    ties = [
        TieOut(_("各账龄之和 = 欠费合计"), sum(totals[bucket] for bucket in views.BUCKETS), totals["owed"]),
        *([] if request.branch else [
            TieOut(
                _("欠费合计 减 {account} = 应收账款").format(account=f"{pending} {chart.name(pending)}"),
                totals["owed"] + unallotted,
                views.balance(session, book_id, family, end),
            ),
            TieOut(_("预收合计 = 预收账款"), totals["advances"], -views.balance(session, book_id, views.ADVANCES, end)),
        ]),
    ]  # fmt: skip
    households = sum(1 for row in rows if row["owed"] > 0)
    notes = [
        _("欠费 {count} 户;代扣待分户 {pending} 元未分到户").format(count=households, pending=format_fen(-unallotted))
    ]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=notes,
        signatures=(_("制表"), _("明细账会计")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, request.branch and book.branch(request.branch).name),
        paper=grouped(columns, rows, by="stream", label_key="customer", label=labels.streams(), totals=totals),
        charts=[_chart(rows)],
        **head(session, book, request),
    )


def _rows(bills: pl.DataFrame, held: pl.DataFrame, known: pl.DataFrame) -> list[dict[str, Any]]:
    amount = pl.col("amount")
    ages = bills.group_by("customer").agg(
        *(amount.filter(pl.col("bucket") == bucket).sum().alias(bucket) for bucket in views.BUCKETS), owed=amount.sum()
    )
    lots = held.group_by("customer").agg(advances=amount.sum())
    both = ages.join(lots, on="customer", how="full", coalesce=True, nulls_equal=True)
    both = both.with_columns(pl.col(*views.BUCKETS, "owed", "advances").fill_null(0))
    table = both.join(known.select("customer", "name", "stream", "kind"), on="customer", how="left").with_columns(
        pl.col("customer", "name", "stream", "kind").fill_null(""), net=pl.col("owed") - pl.col("advances")
    )
    order = pl.col("stream").replace_strict({"resident": 0, "entity": 1}, default=2, return_dtype=pl.Int64)
    return table.sort(order, "customer").to_dicts()


def _chart(rows: list[dict[str, Any]]) -> Diagram:
    """How much is how old, residents and entities apart."""
    titles = r26.bucket_labels()
    series = [
        (title, [sum(row[bucket] for row in rows if row["stream"] == stream) for bucket in titles])
        for stream, title in labels.streams().items()
    ]
    return Diagram(_("欠费按账龄"), list(titles.values()), series)


def _columns() -> list[Column]:
    return [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("stream", _("分类"), labels=labels.streams()),
        *under(
            _("账龄"),
            [Column(bucket, title, "money", blank_zero=True) for bucket, title in r26.bucket_labels().items()],
        ),
        Column("owed", _("欠费合计"), "money"),
        Column("advances", _("预收"), "money", blank_zero=True),
        Column("net", _("净额"), "money"),
        Column("kind", _("状态"), labels=labels.kinds()),
    ]


DEFINITION = Definition(code="R26b", zh="账龄分析表", en="Ageing of receivables", build=build)
