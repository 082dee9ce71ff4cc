"""R15 长期未达账项跟踪表: the outstanding items of 90 days and more, of every bank account.

Tie: a subset of R14, whose long items it sums.
"""

from __future__ import annotations

from typing import Any

from exports.report import PAPER, Column, Report, TieOut, file_stem, total
from exports.reports import r14, r15_sheets
from exports.reports.request import Definition, Request, head
from ledger import followups
from ledger.accounts import Chart
from ledger.book import Book
from ledger.followups import FollowUp
from ledger.i18n import _
from ledger.reconcile import run
from ledger.reconcile.adjustment import reason_text
from ledger.reconcile.review import item_of
from ledger.storage.engine import Session


def build(session: Session, book: Book, _chart: Chart, request: Request) -> Report:
    """Long items on the cut-off day: of all bank accounts, or of the one asked."""
    banks = book.banks if request.account is None else (book.bank(request.account),)
    rows, ties, seen, ages = [], [], [], []
    said = followups.latest(followups.log(session, request.book_id, known_at=request.known_at))
    for bank in banks:
        done = r14.load(session, book, bank, request)
        own = [
            {
                **item,
                "bank": bank.code,
                "reason": reason_text(item["reason"] or ""),
                **_followed(said.get(item_of(bank.code, item))),
            }
            for item in done.long_items.iter_rows(named=True)
        ]
        rows += own
        loaded = run.load(session, request.book_id, bank, request.end, known_at=request.known_at)
        seen += r15_sheets.pattern_rows(session, book, bank, loaded, done, request)
        ages += r15_sheets.ageing_rows(loaded, book, bank, request)
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
        notes=r15_sheets.pattern_notes(seen),
        sheets=[
            *([(_("疑点"), r15_sheets.pattern_table(book, seen))] if seen else []),
            (_("月末账龄"), r15_sheets.ageing_table(book, ages)),
        ],
        charts=[r15_sheets.ageing_chart(ages)],
        signatures=(_("收费班长"), _("明细账会计"), _("财务部负责人")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, None if request.account is None else banks[0].short),
        **head(session, book, request, *r14.known_head(request)),
    )


def _followed(state: FollowUp | None) -> dict[str, Any]:
    """The follow-up log in the form's columns."""
    if state is None:
        return {}
    due = state.next_date.isoformat() if state.next_date else ""
    return {"action": state.action(), "answer": state.reply(), "person": state.owner, "due": due}


def _columns(book: Book) -> list[Column]:
    shorts = {bank.code: bank.short for bank in book.banks}
    followed = [
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
        *followed,
    ]


DEFINITION = Definition(code="R15", zh="长期未达账项跟踪表", en="Long-outstanding items", build=build, known=True)
