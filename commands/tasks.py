"""What is due, and the lead's day on one screen."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.common import (
    DEFAULT_DB,
    Db,
    Json,
    Operator,
    Today,
    make_console,
    next_step,
    open_ledger,
    operator_of,
    print_json,
    reading,
    say,
    show_rows,
    today_of,
)
from ledger.i18n import _, current_language

if TYPE_CHECKING:
    from rich.console import Console

    from ledger.journal import Ledger
    from ledger.storage.engine import Session

task_app = typer.Typer(help=_("待办"), no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(task_app, name="task")
    app.command(help=_("待办:到期的和未办的。例:meterbook tasks --all"))(tasks)
    app.command("today", help=_("今天:到期的事、钱箱、批次、对账单、未达账项。例:meterbook today"))(today_)


def tasks(
    everything: Annotated[bool, typer.Option("--all", help=_("办结的也列出"))] = False,
    db: Db = DEFAULT_DB,
    today: Today = None,
    as_json: Json = False,
) -> None:
    from ledger import tasks as due

    with reading(db) as (ledger, session):
        day = today_of(ledger, today)
        found = [t for t in due.tasks(ledger, session, day) if everything or not t.done_by]
    rows = [
        {
            "control": t.control, "period": t.period, "due": t.due.isoformat(), "text": t.text,
            "state": ("done" if t.done_by else "late" if t.late(day) else "open")
            if as_json
            else (t.done_by or (_("过期") if t.late(day) else "")),
        }
        for t in found
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={"control": _("控制"), "period": _("期间"), "due": _("到期"), "text": _("事项"), "state": _("状态")},
    )  # fmt: skip
    if not rows and not as_json:
        say(_("没有待办"))


@task_app.command("done", help=_("给一项待办打勾。例:meterbook task done C43 2023-06 --note 已上交档案室"))
def task_done(
    control: Annotated[str, typer.Argument(help=_("控制编号,如 C43"))],
    period: Annotated[str, typer.Argument(help=_("期间,如 2023-06"))],
    note: Annotated[str, typer.Option("--note", help=_("办理情况"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.tasks import tick

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        done = tick(session, ledger, control, period, note=note, operator=who, today=today_of(ledger, today))
    say(_("{what} 已办").format(what=done.doc_no))


def today_(db: Db = DEFAULT_DB, today: Today = None, as_json: Json = False) -> None:
    with reading(db) as (ledger, session):
        day = today_of(ledger, today)
        seen = _day(ledger, session, day)
    if as_json:
        print_json(seen)
        return
    console = make_console()
    name = ledger.book.name if current_language() == "zh_CN" else ledger.book.name_en
    console.print(f"[bold]{name} {day}[/bold]")
    parts = [(title, seen[key], command) for key, title, command in _parts(day)]
    room = _room(console, sum(1 for _title, lines, _command in parts if lines))
    for title, lines, command in parts:
        console.print(f"[bold]{title}[/bold] {len(lines) or _('无')}" + (f"    → {command}" if lines else ""))
        shown = lines if len(lines) <= room else lines[: room - 1]
        for line in shown:
            console.print("  " + line, markup=False, no_wrap=True, overflow="ellipsis")
        if len(lines) > len(shown):
            console.print("  " + _("…另有 {count} 项").format(count=len(lines) - len(shown)).strip())
    next_step(next((command for _title, lines, command in parts if lines), "meterbook post …"))


def _parts(day: dt.date) -> tuple[tuple[str, str, str], ...]:
    """What the screen has, the most pressing first: key, title, the command that says or does more."""
    return (
        ("tasks", _("到期和过期的事"), "meterbook tasks"),
        ("days", _("未日结的日子"), "meterbook day check --date …"),
        ("drawers", _("钱箱"), f"meterbook drawer show --date {day}"),
        ("requests", _("待复核、待审批"), "meterbook request list --waiting"),
        ("batches", _("未接收的批次"), "meterbook accept --all"),
        ("statements", _("缺对账单"), "meterbook statement import …"),
        ("items", _("刚变长期的未达账项"), "meterbook outstanding"),
    )


def _room(console: Console, filled: int) -> int:
    """How many lines a part may have, so that all parts stand on one screen; what is no terminal has room for 12."""
    if not console.is_terminal:
        return 12
    return max(2, (console.height - 3 - len(_parts(dt.date.min))) // max(filled, 1))


def _day(ledger: Ledger, session: Session, day: dt.date) -> dict[str, Any]:
    """Everything the lead looks for in the morning, as finished lines."""
    from ledger import approvals, drawers, requests
    from ledger import tasks as due
    from ledger.money import format_fen
    from ledger.reconcile import run
    from ledger.storage.bank import statements

    table = drawers.load(ledger, session, day)
    waiting = [r for r in requests.requests(session, ledger.book_id) if r.state in requests.STEPS]
    covered = {bank: statements(session, ledger.book_id, bank.code)["to_date"].max() for bank in ledger.book.banks}
    open_items = run.outstanding(session, ledger.book_id, ledger.book, day)
    shorts = {bank.code: bank.short for bank in ledger.book.banks}
    limits = ledger.book.thresholds
    turning = {limits.outstanding_attention_days, limits.outstanding_long_days, limits.outstanding_very_long_days}
    open_ = [t for t in due.tasks(ledger, session, day) if not t.done_by and t.due <= day]
    return {
        "date": day.isoformat(),
        "tasks": [
            f"{t.due} {t.control} {t.text}" + (" " + _("过期") if t.late(day) else "")
            for t in open_
            if t.control != "C13"
        ],
        "days": [t.period for t in open_ if t.control == "C13"],
        "drawers": [
            f"{cashier} {drawers.state_name(drawer.state)} {_('应有')} {format_fen(drawer.expected)}"
            for cashier, drawer in sorted(table.items())
            if drawer.state not in ("idle", "handed_over")
        ],
        "requests": [f"{r.summary} {requests.waiting_for(r.state)}" for r in waiting],
        "batches": [
            f"! {b.number} {b.kind} {b.operator} {b.recorded_at[:16]}"
            for b in approvals.batches(session, ledger.book_id)
            if not b.accepted_by
        ],
        "statements": [
            f"{bank.short} " + (_("到 {day} 为止").format(day=to) if to else _("还没有"))
            for bank, to in covered.items()
            if not isinstance(to, dt.date) or to < day.replace(day=1) - dt.timedelta(days=1)
        ],
        "items": [
            f"{shorts[row['bank']]} {row['date']} {row['reference'] or ''} {format_fen(row['amount'])} {row['age_days']}{_('天')}"
            for row in open_items.iter_rows(named=True)
            if any(limit <= row["age_days"] < limit + 7 for limit in turning)
        ],
    }
