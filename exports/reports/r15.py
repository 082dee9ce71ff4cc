"""R15 长期未达账项跟踪表: the outstanding items of 90 days and more, of every bank account.

Tie: a subset of R14, whose long items it sums.
"""

from __future__ import annotations

from exports.report import PAPER, Column, Report, TieOut, file_stem, total
from exports.reports import r14
from exports.reports.request import Definition, Request, head
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.reconcile.adjustment import reason_text
from ledger.storage.engine import Session


def build(session: Session, book: Book, _chart: Chart, request: Request) -> Report:
    """Long items on the cut-off day: of all bank accounts, or of the one asked."""
    banks = book.banks if request.account is None else (book.bank(request.account),)
    rows, ties = [], []
    for bank in banks:
        done = r14.load(session, book, bank, request)
        own = [
            {**item, "bank": bank.code, "reason": reason_text(item["reason"] or "")}
            for item in done.long_items.iter_rows(named=True)
        ]
        rows += own
        table = done.rows.filter(done.rows["band"].is_in(r14.LONG))
        ties.append(
            TieOut(
                _("{bank} 长期未达 = 余额调节表").format(bank=bank.short),
                sum(row["amount"] for row in own),
                int(table["amount"].sum()),
            )
        )
    rows.sort(key=lambda row: (row["date"], row["bank"], row["reference"] or ""))
    columns = _columns(book)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=total(columns, rows),
        tie_outs=ties,
        signatures=(_("收费班长"), _("明细账会计"), _("财务部负责人")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, None if request.account is None else banks[0].short),
        **head(session, book, request),
    )


def _columns(book: Book) -> list[Column]:
    shorts = {bank.code: bank.short for bank in book.banks}
    blank = [
        Column(key, title, media=PAPER)
        for key, title in (
            ("action", _("采取措施")), ("answer", _("银行答复")), ("person", _("责任人")), ("due", _("预计了结")),
        )
    ]  # fmt: skip
    return [
        Column("date", _("发生日"), "date"),
        Column("amount", _("金额"), "money"),
        Column("category", _("类别"), labels=r14.category_labels()),
        Column("age_days", _("天数"), "integer"),
        Column("band", _("账龄"), labels=r14.band_labels()),
        Column("reason", _("原因")),
        Column("bank", _("银行账户"), labels=shorts, media=PAPER | {"csv"}),
        Column("reference", _("单号"), media=PAPER | {"csv"}),
        Column("memo", _("摘要"), media=PAPER | {"csv"}),
        *blank,
    ]


DEFINITION = Definition(code="R15", zh="长期未达账项跟踪表", en="Long-outstanding items", build=build)
