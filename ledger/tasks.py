"""Tasks (待办): what the calendar of domain §4 asks for, what is open, by when, and who ticks it.

::

    calendar + journal + facts ─tasks─▶ due list       person ─tick─▶ fact 'task_done'

What the ledger can see for itself (a table signed, a batch accepted, a day closed) is done
when it is done; the rest is ticked with a note. A deadline on a rest day is not moved.
Rules: domain §4 (C02, C10–C14, C22, C29–C34, C36, C42–C45), §9.2.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from ledger import drawers, followups, issued, operations, registers
from ledger import facts as records
from ledger.calendar import Calendar
from ledger.controls import CONTROLS, control_message
from ledger.errors import Refused
from ledger.facts import Fact
from ledger.i18n import _, current_language
from ledger.journal import Ledger
from ledger.money import format_fen
from ledger.operators import SAFE, staff
from ledger.storage import fact_sql
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session

KIND = "task_done"

TICKED: Final = frozenset({"C02", "C10", "C12", "C36", "C43", "C45"})
"""Tasks a person ticks, with a note; the ledger cannot see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do. ``period`` is the month, quarter or day it belongs to, ``due`` its last day;
    ``done_by`` is None while it is open."""

    control: str
    period: str
    due: dt.date
    text: str
    done_by: str | None = None

    def late(self, today: dt.date) -> bool:
        """Open, and its day is over."""
        return self.done_by is None and today > self.due


def tasks(ledger: Ledger, session: Session, today: dt.date) -> list[Task]:
    """What is due by today or was due this month and the last, by date: done and open."""
    ticked = {fact.doc_no: fact.operator for fact in records.facts(session, ledger.book_id, KIND)}
    found = [*_calendar(ledger, today, ticked), *_seen(ledger, session, today)]
    start = ledger.cutover or dt.date.min
    return sorted((t for t in found if t.due > start), key=lambda t: (t.due, t.control, t.period))


def tick(
    session: Session, ledger: Ledger, control: str, period: str, *, note: str, operator: str, today: dt.date
) -> Fact:
    """Tick a task of the calendar, once, with a note.

    Raises:
        Refused: the ledger sees that one itself; no note.
    """
    code = control.upper()
    person = staff(session, ledger.book_id).require(operator, "task")
    if code not in TICKED:
        raise Refused(_("{control} 由账簿自己判断,不能打勾").format(control=code))
    if not note.strip():
        raise Refused(_("请写明办理情况"))
    fact = Fact(doc_no=f"{code}/{period}", subject=code, date=today, content={"note": note.strip()})
    records.record(session, ledger.book_id, KIND, [fact], operator=person.id, today=today)
    return fact


# -- by the calendar --------------------------------------------------------------------------


def _calendar(ledger: Ledger, today: dt.date, ticked: dict[str, str]) -> Iterator[Task]:
    """Tasks that return each day, month, quarter: those of this month and the last."""
    days = ledger.book.calendar
    for first in _months(today):
        if ledger.cutover is not None and Calendar.month_end(first) <= ledger.cutover:
            continue  # before the book began
        month, following = f"{first:%Y-%m}", Calendar.month_end(first) + dt.timedelta(days=1)
        monthly = (
            ("C02", first.replace(day=days.lock_day), _("本月各表本录入完成")),
            ("C10", first.replace(day=max(days.collection_send_days)), control_message("C10")),
            ("C12", first.replace(day=days.sales_report_day), control_message("C12")),
            ("C36", following.replace(day=10), _("月报,次月10日前报送")),
            ("C43", following.replace(day=5), control_message("C43")),
            ("C45", following.replace(day=10), _("见表率、准确率考核")),
        )
        for control, due, text in monthly:
            if first <= today:
                yield Task(control=control, period=month, due=due, text=text, done_by=ticked.get(f"{control}/{month}"))
        if first.month % 3 == 0 and today > first:
            quarter = f"{first:%Y}Q{first.month // 3}"
            due = following.replace(day=10)
            yield Task(
                control="C36",
                period=quarter,
                due=due,
                text=_("季报,季后10日前报送"),
                done_by=ticked.get(f"C36/{quarter}"),
            )
    yesterday = today - dt.timedelta(days=1)
    yield Task(
        control="C36", period=yesterday.isoformat(), due=today, text=control_message("C36"),
        done_by=ticked.get(f"C36/{yesterday.isoformat()}"),
    )  # fmt: skip


def _months(today: dt.date) -> tuple[dt.date, dt.date]:
    this = today.replace(day=1)
    return (this - dt.timedelta(days=1)).replace(day=1), this


# -- seen by the ledger -------------------------------------------------------------------------


def _seen(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    yield from _tables(ledger, session, today)
    yield from _open_days(ledger, session, today)
    yield from _late_batches(ledger, session, today)
    yield from _collections(ledger, session, today)
    yield from _open_items(ledger, session, today)
    yield from _follow_ups(ledger, session, today)
    if operations.backup_overdue(session, ledger.book_id):
        yield Task(control="C42", period=today.isoformat(), due=today, text=control_message("C42"))
    if not records.facts(session, ledger.book_id, SAFE) and not staff(session, ledger.book_id).unstaffed:
        yield Task(control="C29", period="", due=today, text=control_message("C29"))


def _tables(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """C30, C32, C49: the papers of the last month, and its close."""
    first = _months(today)[0]
    if ledger.cutover is not None and Calendar.month_end(first) <= ledger.cutover:
        return
    month, following = f"{first:%Y-%m}", Calendar.month_end(first) + dt.timedelta(days=1)
    due = following.replace(day=ledger.book.thresholds.reconciliation_day)
    for bank in ledger.book.banks:
        table = issued.in_force(session, ledger.book_id, "R14", bank.code, month)
        done = table.signatures["sign"][0] if table is not None and table.signed else None
        text = control_message("C30", k=bank.short)
        yield Task(control="C30", period=month, due=due, text=text, done_by=done)
    for code in ("R07", "R08"):
        notice = issued.in_force(session, ledger.book_id, code, "", month)
        done = notice.signatures["sign"][0] if notice is not None and notice.signed else None
        text = f"{code} {control_message('C32')}"
        yield Task(control="C32", period=month, due=Calendar.month_end(first), text=text, done_by=done)
    last = fact_sql.last_period_event(session, ledger.book_id, month, "")
    done = last[2] if last is not None and last[1] == "close" else None
    yield Task(
        control="C49",
        period=month,
        due=following.replace(day=10),
        text=_("{period} 月结").format(period=month),
        done_by=done,
    )


def _open_days(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """C13: days on which cash moved and that nobody closed."""
    closed = sql.closed_days(session, ledger.book_id)
    for day in fact_sql.drawer_days(session, ledger.book_id, _months(today)[0], today):
        if day not in closed:
            yield Task(control="C13", period=day.isoformat(), due=day, text=_("{day} 日结").format(day=day))


def _late_batches(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """C22: what the accountant does not have by the next working morning."""
    at = dt.datetime.combine(today, dt.time(ledger.book.calendar.handover_hour))
    for fault in drawers.late_batches(ledger, session, at):
        yield Task(control="C22", period="", due=today, text=fault.message)


def _collections(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """C11: batches with the bank that are not answered whole."""
    items = registers.collections(session, ledger.book_id, today, book=ledger.book, cutover=ledger.book.cutover)
    waiting = (
        items.filter(pl.col("result") == "open").group_by("batch").agg(pl.len(), pl.col("sent_on").min()).sort("batch")
    )
    for batch, count, sent in waiting.iter_rows():
        due = Calendar.month_end(sent)
        yield Task(control="C11", period=f"{sent:%Y-%m}", due=due, text=control_message("C11", n=batch, k=count))


def _open_items(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """Receipts of head office that differ (C34), direct debits not allotted (C33), slips under way too
    long (E10), receipts nobody is known for (E31), card money that is late (E08)."""
    source, role, limits = sql.JournalSource(session, ledger.book_id), ledger.chart.role, ledger.book.thresholds
    for fund, amount, date in _summed(source, role("ho_transit"), ["fund"], today):
        text = control_message("C34", z=fund, x=format_fen(amount))
        yield Task(
            control="C34",
            period=f"{date:%Y-%m}",
            due=date + dt.timedelta(days=limits.outstanding_attention_days),
            text=text,
        )
    for _bank, _document, _amount, date in _summed(source, role("debit_pending"), ["bank", "document"], today):
        yield Task(control="C33", period=f"{date:%Y-%m}", due=Calendar.month_end(date), text=control_message("C33"))
    aged = (
        ("E10", "transit_slip", limits.slip_reminder_days + 1, _("{n} 尚未到账,{x} 元,满{k}天须冲回")),
        ("E31", "unidentified", limits.unidentified_days, _("不明来款 {n} {x} 元,已过{k}天须报告")),
        ("E08", "transit_card", limits.settlement_days, _("扫码、POS {n} {x} 元未结算,超过{k}个工作日")),
    )
    for control, account, days, text in aged:
        # A settlement names no receipt: card money is settled per bank account.
        for document, amount, date in _summed(
            source, role(account), ["bank" if control == "E08" else "document"], today
        ):
            due = date + dt.timedelta(days=days)
            said = text.format(n=document, x=format_fen(abs(amount)), k=days)
            if due <= today:
                yield Task(control=control, period=f"{date:%Y-%m}", due=due, text=said)


def _follow_ups(ledger: Ledger, session: Session, today: dt.date) -> Iterator[Task]:
    """C31: outstanding items of the bank whose next date has come."""
    shorts = {bank.code: bank.short for bank in ledger.book.banks}
    for (bank, _side, ref), state in followups.due(session, ledger.book_id, today):
        text = _("{bank} 未达 {ref} 应跟进:{state}").format(bank=shorts.get(bank, bank), ref=ref, state=state.text())
        yield Task(control="C31", period=f"{state.next_date:%Y-%m}", due=state.next_date or today, text=text)


def _summed(source: sql.JournalSource, account: str, keys: list[str], until: dt.date) -> list[tuple[Any, ...]]:
    items = source.items([account], until=until)
    summed = items.group_by(keys).agg(pl.col("amount").sum(), pl.col("date").min()).filter(pl.col("amount") != 0)
    return summed.sort("date", *keys).rows()


def rule_of(control: str) -> str:
    """What the control asks for, in a phrase, for a list."""
    if control not in CONTROLS:
        return control
    found = CONTROLS[control]
    return found.rule if current_language() == "en" else found.zh.split("{")[0] or found.rule
