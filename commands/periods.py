"""Days and months: closing them, what is signed for them, what somebody let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.common import (
    DEFAULT_DB,
    Date,
    Db,
    Json,
    Month,
    Operator,
    Today,
    day_of,
    next_step,
    open_ledger,
    operator_of,
    print_json,
    reading,
    say,
    show_rows,
    today_of,
)
from commands.people import again
from commands.upkeep import remind_of_backup
from ledger.errors import Refused
from ledger.i18n import _

month_app = typer.Typer(help=_("月结、反月结"), no_args_is_help=True)
override_app = typer.Typer(help=_("放行:有权的人准许一项控制通过一次"), no_args_is_help=True)

if TYPE_CHECKING:
    import datetime as dt

    from ledger.issued import Issued
    from ledger.journal import Ledger
    from ledger.storage.engine import Session

Period = Annotated[str, typer.Argument(help=_("月份,如 2023-06"))]
Branch = Annotated[str | None, typer.Option("--branch", help=_("只结一个所"))]


def register(app: typer.Typer, day_app: typer.Typer, reconcile_app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(month_app, name="month")
    app.add_typer(override_app, name="override")
    app.command(help=_("签发报表:冻结、编号、待签字。例:meterbook issue R14 R07 R08 --month 2023-06"))(issue)
    app.command(help=_("在签发的报表上签字。例:meterbook sign R14/1002.01/2023-06/v1"))(sign)
    app.command(help=_("签发过的报表。例:meterbook issued --month 2023-06"))(issued)
    day_app.command("close", help=_("日结:核对现金、票据、短款。例:meterbook day close --date 2023-06-09"))(day_close)
    day_app.command("check", help=_("日结前看看还有什么没办。例:meterbook day check --date 2023-06-09"))(day_check)
    reconcile_app.command(
        "issue", help=_("签发余额调节表。例:meterbook reconcile issue --account 工行0101 --month 2023-06")
    )(reconcile_issue)


# -- the day ---------------------------------------------------------------------------------------


def day_close(date: Date = None, db: Db = DEFAULT_DB, today: Today = None, operator: Operator = None) -> None:
    from ledger.days import close_day

    ledger = open_ledger(db)
    day = day_of(date) or today_of(ledger, today)
    done = close_day(ledger, day, operator=operator_of(ledger, operator), today=today_of(ledger, today))
    say(_("{day} 已日结").format(day=day))
    for fault in done.passed:
        say(_("放行:{text}").format(text=fault.text()))
    remind_of_backup(ledger)
    next_step(f"meterbook report R24 --date {day}")


def day_check(date: Date = None, db: Db = DEFAULT_DB, today: Today = None) -> None:
    from ledger.days import open_points

    with reading(db) as (ledger, session):
        day = day_of(date) or today_of(ledger, today)
        faults = open_points(ledger, session, day)
    for fault in faults:
        say(fault.text())
    say(
        _("{day} 还有 {count} 项没办").format(day=day, count=len(faults))
        if faults
        else _("{day} 可以日结").format(day=day)
    )
    next_step(f"meterbook day {'check' if faults else 'close'} --date {day}")


# -- the month --------------------------------------------------------------------------------------


@month_app.command("check", help=_("月结前看看还有什么没办。例:meterbook month check 2023-06"))
def month_check(period: Period, branch: Branch = None, db: Db = DEFAULT_DB, today: Today = None) -> None:
    from ledger.periods import open_points

    with reading(db) as (ledger, session):
        where = ledger.book.branch(branch).code if branch else ""
        faults = open_points(ledger, session, period, branch=where, today=today_of(ledger, today))
    for fault in faults:
        say(fault.text())
    say(
        _("{period} 还有 {count} 项没办").format(period=period, count=len(faults))
        if faults
        else _("{period} 可以月结").format(period=period)
    )
    next_step(f"meterbook tasks / meterbook month check {period}" if faults else f"meterbook month close {period}")


@month_app.command("close", help=_("月结。例:meterbook month close 2023-06"))
def month_close(
    period: Period, branch: Branch = None, db: Db = DEFAULT_DB, today: Today = None, operator: Operator = None
) -> None:
    from ledger.money import format_fen
    from ledger.periods import close_month

    ledger = open_ledger(db)
    done = close_month(
        ledger, period, operator=operator_of(ledger, operator), today=today_of(ledger, today), branch=branch
    )
    if done.status == "already":
        say(_("{period} 已于 {when} 月结").format(period=period, when=done.recorded_at[:19]))
        return
    say(_("{period} 已月结").format(period=period))
    if done.profit is not None:
        say(_("结转损益 {x} 元").format(x=format_fen(done.profit)))
    if not done.branch:
        next_step(f"meterbook export pack --month {period} --out …")


@month_app.command(
    "reopen", help=_("申请反月结(第二人用 approve 同意)。例:meterbook month reopen 2023-06 --reason 漏记回单")
)
def month_reopen(
    period: Period,
    reason: Annotated[str, typer.Option("--reason", help=_("原因"))],
    branch: Branch = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import requests
    from ledger.periods import ask_to_reopen

    ledger = open_ledger(db)
    asked = ask_to_reopen(
        ledger, period, reason=reason, operator=again(ledger, operator), today=today_of(ledger, today), branch=branch
    )
    say(f"{asked.number} {requests.waiting_for(asked.state)}")
    next_step(f"meterbook approve {asked.number}")


@month_app.command("list", help=_("月结、反月结的记录。例:meterbook month list"))
def month_list(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger.periods import history

    with reading(db) as (ledger, session):
        rows = history(session, ledger.book_id)
    show_rows(
        rows, as_json,
        titles={
            "period": _("期间"), "branch": _("所"), "action": _("办理"), "reason": _("原因"), "operator": _("操作员"), "recorded_at": _("时间"),
        },
    )  # fmt: skip


# -- signed reports -----------------------------------------------------------------------------------


def issue(
    codes: Annotated[list[str], typer.Argument(help=_("报表代码,可几种一起"))],
    month: Annotated[str, typer.Option("--month", help=_("月份,如 2023-06"))],
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户:代码、简称或账号"))] = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from exports import reports

    ledger = open_ledger(db)
    who, day = operator_of(ledger, operator), today_of(ledger, today)
    banks = [ledger.book.bank(account)] if account else ledger.book.banks
    for code in codes:
        scopes = [bank.code for bank in banks] if reports.find(code).bank else [""]
        for scope in scopes:
            _say_issued(issue_report(ledger, code, scope, month, operator=who, today=day))
    next_step(f"meterbook sign --month {month}")


def issue_report(ledger: Ledger, code: str, scope: str, period: str, *, operator: str, today: dt.date) -> Issued:
    """Draw a report and freeze it; one that does not tie is not issued.

    Raises:
        Refused: a tie-out fails, an outstanding item has no reason (C31); see ``ledger.issued.issue``.
    """
    from exports import reports
    from exports.render import json as canonical
    from ledger import issued as papers

    with ledger.store.writing(ledger.book_id) as session:
        definition = reports.find(code)
        made = reports.build(
            definition.code,
            session,
            ledger.book,
            ledger.chart,
            month=period,
            account=scope or None,
            book_id=ledger.book_id,
        )
        if definition.code == "R14":
            _refuse_without_reason(ledger, session, scope, period)
        off = [check.name for check in made.tie_outs if not check.ok]
        if off:
            raise Refused(_("{code} 勾稽不平,不能签发:{names}").format(code=definition.code, names="、".join(off)))
        return papers.issue(
            session, ledger, code=definition.code, scope=scope, period=period, content=canonical.render(made),
            operator=operator, today=today,
        )  # fmt: skip


def _refuse_without_reason(ledger: Ledger, session: Session, bank: str, period: str) -> None:
    """C31: every outstanding item has its reason; a long one has a person's word, not the machine's guess."""
    from ledger.controls import control_fault
    from ledger.reconcile import run

    items = run.table(session, ledger.book_id, ledger.book, ledger.book.bank(bank), run.month_end(period)).items
    bare = [row for row in items.iter_rows(named=True) if not (row["reason"] or "").strip()]
    if bare:
        raise Refused([control_fault("C31", value=str(row["ref"])) for row in bare])


def reconcile_issue(
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户,默认全部"))] = None,
    month: Month = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    ledger = open_ledger(db)
    issue(["R14"], month or f"{today_of(ledger, today):%Y-%m}", account, db, today, operator)


def sign(
    numbers: Annotated[list[str] | None, typer.Argument(help=_("签发号,可几份一起"))] = None,
    month: Annotated[str | None, typer.Option("--month", help=_("这个月等我签字的全部"))] = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import issued as papers

    if not numbers and month is None:
        raise typer.BadParameter(_("请写签发号,或用 --month 签这个月等您签字的全部"))
    ledger = open_ledger(db)
    who = again(ledger, operator)
    if not numbers:
        with ledger.store.reading() as session:
            numbers = papers.waiting_for(session, ledger, month or "", who)
        if not numbers:
            say(_("没有等您签字的报表"))
            return
    with ledger.store.writing(ledger.book_id) as session:
        signed = [papers.sign(session, ledger, one, operator=who, today=today_of(ledger, today)) for one in numbers]
    for paper in signed:
        _say_issued(paper)
    waiting = next((paper for paper in signed if paper.waiting), None)
    next_step(f"meterbook sign {waiting.number}" if waiting else f"meterbook month check {signed[0].period}")


def _say_issued(paper: Issued) -> None:
    from ledger.issued import step_name

    waits = _("待{step}签字").format(step=step_name(paper.waiting)) if paper.waiting else _("已签齐")
    say(f"{paper.number} {waits} sha256:{paper.sha256[:16]}")


def issued(month: Month = None, db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger import issued as papers

    with reading(db) as (ledger, session):
        found = papers.issues(session, ledger.book_id, period=month)
    if as_json:
        print_json(
            [
                {
                    "number": p.number, "version": p.version, "sha256": p.sha256, "preparer": p.preparer,
                    "recorded_at": p.recorded_at, "superseded": p.superseded, "signed": p.signed,
                    "signatures": {step: who for step, (who, _when) in p.signatures.items()},
                }
                for p in found
            ]
        )  # fmt: skip
        return
    for paper in found:
        said = " ".join(f"{papers.step_name(step)} {who}" for step, (who, _when) in paper.signatures.items())
        state = _("已被新版取代") if paper.superseded else _("已签齐") if paper.signed else _("未签齐")
        say(f"{paper.number} {_('编制')} {paper.preparer} {said} {state}")


# -- overrides -------------------------------------------------------------------------------------------


@override_app.command(
    "grant", help=_("放行一项控制。例:meterbook override grant C51 --object 2023-06-09 --reason 次日补齐")
)
def override_grant(
    control: Annotated[str, typer.Argument(help=_("控制编号,如 C51"))],
    about: Annotated[str, typer.Option("--object", help=_("对象:日期、月份或单据号"))],
    reason: Annotated[str, typer.Option("--reason", help=_("原因"))],
    loss_report: Annotated[str, typer.Option("--loss-report", help=_("票据遗失报告编号(C38)"))] = "",
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.overrides import grant

    ledger = open_ledger(db)
    done = grant(
        ledger, control, about, reason=reason, operator=again(ledger, operator), today=today_of(ledger, today),
        loss_report=loss_report,
    )  # fmt: skip
    say(_("已放行 {what}").format(what=done.doc_no))


@override_app.command("list", help=_("放行登记簿。例:meterbook override list"))
def override_list(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger.overrides import register as all_of

    with reading(db) as (ledger, session):
        found = all_of(session, ledger.book_id)
    rows = [
        {
            "control": fact.subject, "object": fact.get("object"), "reason": fact.get("reason"), "operator": fact.operator,
            "recorded_at": fact.recorded_at[:19],
        }
        for fact in found
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={"control": _("控制"), "object": _("对象"), "reason": _("原因"), "operator": _("放行人"), "recorded_at": _("时间")},
    )  # fmt: skip
