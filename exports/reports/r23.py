"""R23 欠费户次考核表 (E36): per meter reader the households in arrears at the end of the half-year and what they cost.

Households left out carry their approval number. Tie, in households: those counted here = those of R26.
The rule of the amount: ``ledger.assessment``.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Period, Report, TieOut, file_stem, total
from exports.reports import labels, r26
from exports.reports.request import Definition, Request, head
from ledger import assessment, registers
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.storage.engine import Session

COUNTS = ("households", "waived", "counted", "low", "high")


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The half-year to date; ``account`` narrows it to one reader, ``branch`` to one branch."""
    period = Period(assessment.half_start(request.end), request.end)
    bills = r26.build(session, book, chart, request)
    owing = sorted({row["customer"] for row in bills.rows})
    rows = _rows(session, book, request, owing)
    if request.account is not None:
        rows = [row for row in rows if row["reader"] == request.account]
    columns = _columns(book)
    totals = {**total(columns, rows), **{key: sum(row[key] for row in rows) for key in COUNTS}}
    ties = []
    if request.account is None:
        ties.append(TieOut(_("欠费户次 = 欠费明细表户数(户)"), totals["households"], len(owing), count=True))
    thresholds = book.thresholds
    shown = {
        "n": thresholds.assessment_households,
        "a": format_fen(thresholds.assessment_low),
        "b": format_fen(thresholds.assessment_high),
    }
    rule = (
        _("{n} 户以内每户 {a} 元,超出部分每户 {b} 元")
        if book.policies.arrears_assessment == "marginal"
        else _("{n} 户以内每户 {a} 元,超过时全部每户 {b} 元")
    )
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=[rule.format(**shown)],
        signatures=(_("所长"), _("抄收管理处"), _("财务部负责人")),
        file_stem=file_stem(
            period, DEFINITION.zh, request.account or (request.branch and book.branch(request.branch).name)
        ),
        **head(session, book, request),
    )


def _rows(session: Session, book: Book, request: Request, owing: list[str]) -> list[dict[str, Any]]:
    """One row per branch and reader; customers without a reader stand with their branch."""
    known = registers.customers(session, request.book_id, pl.Series("customer", owing, pl.String), request.end)
    master = {row["customer"]: row for row in known.iter_rows(named=True)}
    waived = assessment.waivers(session, request.book_id, request.end)
    groups: dict[tuple[str, str], list[str]] = {}
    for customer in owing:
        own = master.get(customer, {})
        groups.setdefault((own.get("branch") or "", own.get("reader") or "unassigned"), []).append(customer)
    rows = []
    for (branch, reader), customers in sorted(groups.items()):
        out = [customer for customer in customers if customer in waived]
        counted = len(customers) - len(out)
        low, high, fine = assessment.fine(counted, book.thresholds, book.policies)
        rows.append({
            "branch": branch, "reader": reader, "households": len(customers), "waived": len(out),
            "approvals": "、".join(f"{customer}({waived[customer].get('approval_no')})" for customer in out),
            "counted": counted, "low": low, "high": high, "fine": fine,
        })  # fmt: skip
    return rows


def _columns(book: Book) -> list[Column]:
    limit = book.thresholds.assessment_households
    low, high = (format_fen(fen) for fen in (book.thresholds.assessment_low, book.thresholds.assessment_high))
    return [
        Column("branch", _("所"), labels=labels.branches(book)),
        Column("reader", _("抄表员"), labels={"unassigned": _("未定抄表员")}),
        Column("households", _("欠费户次"), "integer"),
        Column("waived", _("剔除户次"), "integer"),
        Column("approvals", _("剔除户(批准号)")),
        Column("counted", _("考核户次"), "integer"),
        Column("low", _("{n}户以内 ×{x}").format(n=limit, x=low), "integer"),
        Column("high", _("超过{n}户 ×{x}").format(n=limit, x=high), "integer"),
        Column("fine", _("考核金额"), "money"),
    ]


DEFINITION = Definition(code="R23", zh="欠费户次考核表", en="Arrears assessment", build=build)
