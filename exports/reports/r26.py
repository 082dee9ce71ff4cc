"""R26 欠费明细表: every open bill on a day with its ageing bucket.

Tie: Σ of the bills less direct debits not yet allotted (1122.09) = Σ1122; the
advances held stand beside, never netted silently.
"""

from __future__ import annotations

from exports.report import PAPER, Column, Report, TieOut, file_stem, grouped, total
from exports.reports.request import Definition, Request, head
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Open bills on the cut-off day, of all branches or of one."""
    family, pending = chart.parent(chart.role("ar_resident")) or "1122", chart.role("debit_pending")
    accounts = [code for code in chart.children(family) if code != pending]
    bills = views.receivables(session, request.book_id, request.end, accounts=accounts, branch=request.branch)
    rows = bills.select("customer", "account", "bill_month", "document", "amount", "bucket").to_dicts()
    columns = _columns(chart)
    totals = total(columns, rows)
    open_ = sum(row["amount"] for row in rows)
    unallotted = views.balance(session, request.book_id, pending, request.end)
    held = views.advances(
        session, request.book_id, request.end, family=chart.parent(chart.role("advance_partial")) or "2203"
    )
    advances = int(held["amount"].sum())
    ties = [] if request.branch else [
        TieOut(
            _("欠费合计 减 {account} = 应收账款").format(account=f"{pending} {chart.name(pending)}"),
            open_ + unallotted,
            views.balance(session, request.book_id, family, request.end),
        ),
        TieOut(_("预收合计 = 预收账款"), advances, -views.balance(session, request.book_id, "2203", request.end)),
    ]  # fmt: skip
    notes = [] if request.branch else [
        _("另有预收 {advances} 元;代扣待分户 {pending} 元").format(
            advances=format_fen(advances), pending=format_fen(-unallotted)
        )
    ]  # fmt: skip
    paper = grouped(columns, rows, by="customer", label_key="customer", totals=totals)
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
        paper=paper,
        **head(session, book, request),
    )


def bucket_labels() -> dict[str, str]:
    """The ageing buckets as people read them."""
    labels = {"0": _("当月"), "37+": _("36个月以上")}
    return {bucket: labels.get(bucket, _("{months}个月").format(months=bucket)) for bucket in views.BUCKETS}


def _columns(chart: Chart) -> list[Column]:
    names = {code: f"{code} {chart.name(code)}" for code in chart.codes}
    return [
        Column("customer", _("户号")),
        Column("account", _("科目"), labels=names),
        Column("bill_month", _("所属月")),
        Column("document", _("账单号"), media=PAPER | {"csv"}),
        Column("amount", _("欠费"), "money"),
        Column("bucket", _("账龄"), labels=bucket_labels()),
    ]


DEFINITION = Definition(code="R26", zh="欠费明细表", en="Open bills", build=build)
