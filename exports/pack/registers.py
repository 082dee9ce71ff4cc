"""Registers of what people decided about the book, as reports: they print like any other.

Overrides, closes and requests are those of the whole book up to the checkpoint: one of May may
matter in June. Acceptances are those of the month's batches; outstanding items stand at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exports.report import Column, Period, Report, TieOut
from exports.reports.r14 import band_labels, category_labels
from ledger import approvals, overrides, periods, requests, views
from ledger import facts as records
from ledger.documents import KINDS
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.reconcile import run
from ledger.reconcile.adjustment import reason_text
from ledger.storage import archive_sql
from ledger.storage.engine import Session


def build(session: Session, book: Ledger, span: Period) -> Iterator[tuple[str, Report]]:
    """File name → register."""
    names = {person.id: f"{person.id} {person.name}" for person in staff(session, book.book_id).people.values()}
    state = views.state(session, book.book_id).text()

    def report(title: str, columns: list[Column], rows: list[dict[str, Any]]) -> Report:
        heads = [(_("编制单位"), book.book.name)]
        return Report(code="PACK", title=title, period=span, columns=columns, rows=rows, heads=heads, state=state)

    who = Column("operator", _("操作员"), labels=names)
    when = Column("recorded_at", _("时间"))
    yield "overrides", report(_("放行登记"), [
        Column("control", _("控制")), Column("object", _("对象")), Column("reason", _("原因")),
        Column("loss_report", _("遗失报告")), who, when,
    ], _overrides(session, book.book_id))  # fmt: skip
    yield "requests", report(_("申请与审批"), [
        Column("number", _("申请")), Column("kind", _("单据种类")), Column("file", _("文件")), Column("note", _("说明")),
        Column("state", _("状态")), Column("maker", _("经办"), labels=names), when,
        Column("checker", _("复核"), labels=names), Column("checked_at", _("复核时间")),
        Column("approver", _("审批"), labels=names), Column("approved_at", _("审批时间")),
        Column("rejecter", _("退回人"), labels=names), Column("reason", _("退回原因")), Column("digest", "SHA-256"),
    ], _requests(session, book.book_id))  # fmt: skip
    yield "acceptances", report(_("批次接收"), [
        Column("number", _("批次"), "integer"), Column("kind", _("单据种类"), labels=_titles()), who, when,
        Column("accepted_by", _("接收人"), labels=names), Column("accepted_at", _("接收时间")),
    ], _acceptances(session, book.book_id, span))  # fmt: skip
    yield "closes", report(_("月结与反月结"), [
        Column("period", _("期间")), Column("branch", _("所")),
        Column("action", _("办理"), labels={"close": _("月结"), "reopen": _("反月结")}), Column("reason", _("原因")), who, when,
    ], [dict(row) for row in periods.history(session, book.book_id)])  # fmt: skip
    yield "outstanding", report(_("未达账项"), [
        Column("bank", _("银行"), labels={bank.code: bank.short for bank in book.book.banks}),
        Column("category", _("类别"), labels=category_labels()), Column("date", _("日期"), "date"), Column("reference", _("单号")),
        Column("memo", _("摘要")), Column("amount", _("金额"), "money"), Column("age_days", _("天数"), "integer"),
        Column("band", _("账龄"), labels=band_labels()), Column("reason", _("原因")), Column("ref", _("行号")),
    ], _outstanding(session, book, span))  # fmt: skip


def checks(book: Ledger, span: Period, found: Sequence[tuple[Report, TieOut]]) -> Report:
    """Every check of every form of the pack: what was held against what, and whether it agrees."""
    rows = []
    for form, tie in found:
        scale = 100 if tie.count else 1  # numbers of things stand beside yuan, with their two decimals
        amounts = {"left": tie.left * scale, "right": tie.right * scale, "difference": tie.difference * scale}
        verdict, unit = _("平") if tie.ok else _("不平"), _("件") if tie.count else _("元")
        rows.append(
            {"code": form.code, "form": form.file_stem, "name": tie.name, **amounts, "unit": unit, "verdict": verdict}
        )
    columns = [
        Column("code", _("报表")), Column("form", _("文件")), Column("name", _("勾稽")), Column("left", _("左"), "money"),
        Column("right", _("右"), "money"), Column("difference", _("差额"), "money"), Column("unit", _("单位")),
        Column("verdict", _("结果")),
    ]  # fmt: skip
    return Report(
        code="PACK", title=_("勾稽"), period=span, columns=columns, rows=rows, heads=[(_("编制单位"), book.book.name)]
    )


def _titles() -> Mapping[str, str]:
    return {kind.name: kind.title() for kind in KINDS.values()}


def _overrides(session: Session, book_id: int) -> list[dict[str, Any]]:
    return [
        {"control": fact.subject, "object": fact.get("object"), "reason": fact.get("reason"),
         "loss_report": fact.get("loss_report"), "operator": fact.operator, "recorded_at": fact.recorded_at[:19]}
        for fact in overrides.register(session, book_id)
    ]  # fmt: skip


def _requests(session: Session, book_id: int) -> list[dict[str, Any]]:
    steps = {
        (fact.subject, fact.get("step")): (fact.operator, fact.recorded_at[:19])
        for fact in records.facts(session, book_id, requests.APPROVAL)
    }
    sent_back = {fact.subject: fact for fact in records.facts(session, book_id, requests.REJECTION)}
    rows = []
    for asked in requests.requests(session, book_id):
        checker, checked_at = steps.get((asked.number, requests.CHECK), ("", ""))
        approver, approved_at = steps.get((asked.number, requests.APPROVE), ("", ""))
        back = sent_back.get(asked.number)
        rows.append({
            "number": asked.number, "kind": _titles().get(asked.kind, asked.kind), "file": asked.file, "note": asked.note,
            "state": requests.waiting_for(asked.state), "maker": asked.maker, "recorded_at": asked.recorded_at[:19],
            "checker": checker, "checked_at": checked_at, "approver": approver, "approved_at": approved_at,
            "rejecter": back.operator if back else "", "reason": back.get("reason") if back else "", "digest": asked.digest,
        })  # fmt: skip
    return rows


def _acceptances(session: Session, book_id: int, span: Period) -> list[dict[str, Any]]:
    """The batches that hold entries of the month."""
    accepted = {
        int(fact.doc_no): fact.recorded_at[:19] for fact in records.facts(session, book_id, approvals.ACCEPTANCE)
    }
    own = archive_sql.batches(session, book_id, span.start, span.end)
    return [
        {"number": batch.number, "kind": batch.kind, "operator": batch.operator, "recorded_at": batch.recorded_at[:19],
         "accepted_by": batch.accepted_by or "", "accepted_at": accepted.get(batch.number, "")}
        for batch in approvals.batches(session, book_id)
        if batch.number in own
    ]  # fmt: skip


def _outstanding(session: Session, book: Ledger, span: Period) -> list[dict[str, Any]]:
    frame = run.outstanding(session, book.book_id, book.book, span.end)
    return [{**row, "reason": reason_text(row["reason"] or "")} for row in frame.iter_rows(named=True)]
