"""People at the book: who logs in, who may, what waits for whom, what is accepted."""

from __future__ import annotations

import getpass
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from commands import record
from commands.common import (
    DEFAULT_DB,
    Db,
    Json,
    Operator,
    Today,
    ask_password,
    desk_key,
    in_plain,
    next_step,
    open_ledger,
    operator_of,
    password_file,
    print_json,
    reading,
    say,
    show_rows,
    today_of,
)
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.journal import Ledger

operator_app = typer.Typer(help=_("操作员:登记、岗位、停用、密码"), no_args_is_help=True)
request_app = typer.Typer(help=_("待复核、待审批的申请"), no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(operator_app, name="operator")
    app.add_typer(request_app, name="request")
    app.command(help=_("登录。例:meterbook login 王秀英"))(login)
    app.command(help=_("退出登录。例:meterbook logout"))(logout)
    app.command(help=_("现在登录的是谁。例:meterbook whoami"))(whoami)
    app.command(help=_("更换自己的密码。例:meterbook password"))(password)
    app.command(help=_("复核或审批一份申请(须再输密码)。例:meterbook approve QQ-0001"))(approve)
    app.command(help=_("退回一份申请。例:meterbook reject QQ-0001 --reason 附件不全"))(reject)
    app.command(help=_("会计接收批次(! 变 *)。例:meterbook accept 12 13"))(accept)
    app.command(help=_("批次:谁录入、是否接收。例:meterbook batches --waiting"))(batches)


# -- at the desk ---------------------------------------------------------------------------------


def login(
    name: Annotated[str | None, typer.Argument(help=_("姓名或编号,默认系统用户名"))] = None, db: Db = DEFAULT_DB
) -> None:
    from ledger import passwords, sessions

    ledger = open_ledger(db)
    who = name or getpass.getuser()
    proof = passwords.authenticate(
        ledger.store,
        ledger.book_id,
        ledger.book,
        who,
        password_file() or ask_password(_("密码")),
        place=sessions.place(),
    )
    record.by(proof.operator.id)
    sessions.open_session(desk_key(ledger), proof.operator.id, proof.stamp)
    say(_("{name} 已登录").format(name=proof.operator.name))
    if proof.must_change:
        say(proof.must_change + _(":meterbook password"))
        next_step("meterbook password")


def logout(db: Db = DEFAULT_DB) -> None:
    from ledger import sessions

    sessions.close_session(desk_key(open_ledger(db)))
    say(_("已退出"))


def whoami(db: Db = DEFAULT_DB, operator: Operator = None, as_json: Json = False) -> None:
    from ledger.operators import staff
    from ledger.roles import role_name

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        people = staff(session, ledger.book_id)
    person = people.people.get(who)
    if as_json:
        print_json({"operator": who, "role": person.role if person else None, "unstaffed": people.unstaffed})
        return
    said = f"{who} {person.name} {role_name(person.role)}" if person else who
    say(said + (_("(账套未配备人员)") if people.unstaffed else ""))


def password(db: Db = DEFAULT_DB) -> None:
    from ledger import passwords, sessions

    ledger = open_ledger(db)
    key = desk_key(ledger)
    known = sessions.peek(key)
    if known is None:
        raise Refused(_("请先登录:meterbook login"))
    proof = passwords.authenticate(
        ledger.store, ledger.book_id, ledger.book, known, ask_password(_("原密码")), place=sessions.place()
    )
    record.by(proof.operator.id)
    fresh = _new_password()
    with ledger.store.writing(ledger.book_id) as session:
        passwords.set_password(session, ledger.book_id, proof.operator.id, fresh, by=proof.operator.id)
        stamp = passwords.stamp(session, ledger.book_id, proof.operator.id) or ""
    sessions.open_session(key, proof.operator.id, stamp)
    say(_("密码已更换"))


def _new_password() -> str:
    fresh = ask_password(_("新密码"))
    if sys.stdin.isatty() and ask_password(_("再输一次")) != fresh:
        raise Refused(_("两次输入不同"))
    return fresh


def again(ledger: Ledger, name: str | None) -> str:
    """Who works, shown by his password once more: what an approval asks for.

    Raises:
        Refused: not logged in, or the password is wrong.
    """
    from ledger import passwords, sessions

    who = operator_of(ledger, name)
    if password_file():
        return who  # shown a moment ago
    if known_without_password(ledger, who):
        return who
    said = ask_password(_("{name} 的密码").format(name=who))
    proof = passwords.authenticate(ledger.store, ledger.book_id, ledger.book, who, said, place=sessions.place())
    return proof.operator.id


def known_without_password(ledger: Ledger, who: str) -> bool:
    """A book without operators has no passwords."""
    from ledger import passwords

    with ledger.store.reading() as session:
        return passwords.stamp(session, ledger.book_id, who) is None


# -- operators -------------------------------------------------------------------------------------


@operator_app.command("list", help=_("操作员一览。例:meterbook operator list"))
def operator_list(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger.operators import staff
    from ledger.roles import role_name

    with reading(db) as (ledger, session):
        people = staff(session, ledger.book_id).people.values()
    rows = [
        {
            "id": p.id, "name": p.name, "role": p.role if as_json else role_name(p.role), "post": p.post,
            "branch": p.branch, "active": p.active if as_json else ("" if p.active else _("停用")),
        }
        for p in people
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={"id": _("编号"), "name": _("姓名"), "role": _("岗位"), "post": _("职务"), "branch": _("所"), "active": _("状态")},
    )  # fmt: skip


@operator_app.command("add", help=_("登记操作员。例:meterbook operator add 王秀英 --role lead"))
def operator_add(
    person: Annotated[str, typer.Argument(help=_("账套资料中的人员,或新编号"))],
    role: Annotated[str | None, typer.Option("--role", help=_("岗位,默认按职务"))] = None,
    name: Annotated[str | None, typer.Option("--name", help=_("姓名(账套资料中没有时)"))] = None,
    branch: Annotated[str | None, typer.Option("--branch", help=_("所"))] = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    _appoint(db, person, operator, today, role=role, name=name, branch=branch, fresh=True)


@operator_app.command("change", help=_("变更岗位或所。例:meterbook operator change L01 --role accountant"))
def operator_change(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))],
    role: Annotated[str | None, typer.Option("--role", help=_("岗位"))] = None,
    branch: Annotated[str | None, typer.Option("--branch", help=_("所"))] = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    _appoint(db, person, operator, today, role=role, branch=branch)


@operator_app.command("disable", help=_("停用离职人员(不删除)。例:meterbook operator disable L01"))
def operator_disable(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    _appoint(db, person, operator, today, active=False)


@operator_app.command("enable", help=_("恢复操作员。例:meterbook operator enable L01"))
def operator_enable(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    _appoint(db, person, operator, today, active=True)


@operator_app.command("reset-password", help=_("给一个临时密码。例:meterbook operator reset-password L01"))
def operator_reset(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))], db: Db = DEFAULT_DB, operator: Operator = None
) -> None:
    from ledger.operators import staff

    ledger = open_ledger(db)
    by = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        people = staff(session, ledger.book_id)
        people.require(by, "operators")
        who = people.find(person)
    say(
        _("{name} 的临时密码:{password}(首次登录须更换)").format(name=who.name, password=_temporary(ledger, who.id, by))
    )


@operator_app.command(
    "certificate", help=_("网银证书挂失或恢复。例:meterbook operator certificate 张涛 --lost --reason 遗失")
)
def operator_certificate(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))],
    lost: Annotated[bool, typer.Option("--lost/--good", help=_("挂失 / 恢复"))] = True,
    reason: Annotated[str, typer.Option("--reason", help=_("原因"))] = "",
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.operators import report_certificate

    ledger = open_ledger(db)
    by = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        report_certificate(
            session, ledger.book_id, person, lost=lost, by=by, today=today_of(ledger, today), reason=reason
        )
    say(_("{name} 的证书已挂失").format(name=person) if lost else _("{name} 的证书已恢复").format(name=person))


@operator_app.command("safe-holder", help=_("登记保险柜授权人。例:meterbook operator safe-holder 王秀英 --safe 城南所"))
def operator_safe(
    person: Annotated[str, typer.Argument(help=_("编号或姓名"))],
    safe: Annotated[str, typer.Option("--safe", help=_("哪个保险柜"))] = "",
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.operators import authorise_safe

    ledger = open_ledger(db)
    by = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        authorise_safe(session, ledger.book_id, person, by=by, today=today_of(ledger, today), safe=safe)
    say(_("已登记保险柜授权人 {name}").format(name=person))


def _appoint(
    db: str, person: str, operator: str | None, today: str | None, *, role: str | None = None, name: str | None = None,
    branch: str | None = None, active: bool = True, fresh: bool = False,
) -> None:  # fmt: skip
    from ledger.operators import appoint
    from ledger.roles import role_name

    ledger = open_ledger(db)
    by = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        made = appoint(
            session, ledger.book_id, ledger.book, person, by=by, today=today_of(ledger, today), role=role, name=name,
            branch=branch, active=active,
        )  # fmt: skip
    say(f"{made.id} {made.name} {role_name(made.role)}" + ("" if made.active else " " + _("停用")))
    if fresh and known_without_password(ledger, made.id):
        say(
            _("{name} 的临时密码:{password}(首次登录须更换)").format(
                name=made.name, password=_temporary(ledger, made.id, by)
            )
        )


def _temporary(ledger: Ledger, who: str, by: str) -> str:
    from ledger import passwords

    made = secrets.token_urlsafe(9)
    with ledger.store.writing(ledger.book_id) as session:
        passwords.set_password(session, ledger.book_id, who, made, by=by, temporary=True)
    return made


def first_administrator(ledger: Ledger, name: str | None) -> None:
    """The first run makes the administrator, gives him a password and logs him in."""
    from ledger import passwords, sessions
    from ledger.operators import appoint

    who = name or getpass.getuser()
    given = password_file()
    if given is None and sys.stdin.isatty():
        given = _new_password()
    made = given or secrets.token_urlsafe(12)
    with ledger.store.writing(ledger.book_id) as session:
        person = appoint(
            session, ledger.book_id, ledger.book, who, by=who, today=ledger.book.today(), role="administrator",
            name=who,
        )  # fmt: skip
        passwords.set_password(session, ledger.book_id, person.id, made, by=person.id)
        stamp = passwords.stamp(session, ledger.book_id, person.id) or ""
    record.by(person.id)
    sessions.open_session(desk_key(ledger), person.id, stamp)
    say(_("系统管理员 {name} 已登录").format(name=person.name))
    if given is None:
        say(_("密码:{password}(只显示这一次,请记下)").format(password=made))


# -- requests and acceptance ---------------------------------------------------------------------------


@request_app.command("list", help=_("申请一览。例:meterbook request list --waiting"))
def request_list(
    waiting: Annotated[bool, typer.Option("--waiting", help=_("只看未办结的"))] = False,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import requests

    with reading(db) as (ledger, session):
        found = requests.requests(session, ledger.book_id)
    rows = [
        {
            "number": r.number, "kind": r.kind, "maker": r.maker, "date": r.today.isoformat(),
            "state": r.state if as_json else requests.waiting_for(r.state), "digest": r.digest[:16],
        }
        for r in found
        if not waiting or r.state in requests.STEPS
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={
            "number": _("申请号"), "kind": _("种类"), "maker": _("录入"), "date": _("日期"), "state": _("状态"), "digest": _("内容摘要"),
        },
    )  # fmt: skip


@request_app.command("show", help=_("一份申请的内容。例:meterbook request show QQ-0001"))
def request_show(number: Annotated[str, typer.Argument(help=_("申请号"))], db: Db = DEFAULT_DB) -> None:
    from ledger import requests

    with reading(db) as (ledger, session):
        found = requests.find(session, ledger.book_id, number)
        shown = in_plain(ledger, session, f"request {number}", to_file=False)
    say(f"{found.summary} {requests.waiting_for(found.state)}")
    say(
        _("录入 {maker} {when} 内容摘要 {digest}").format(
            maker=found.maker, when=found.recorded_at[:19], digest=found.digest[:16]
        )
    )
    for step, who in found.approvals.items():
        say(f"  {_('复核') if step == requests.CHECK else _('审批')} {who}")
    if found.rows:
        from ledger import masking
        from ledger.documents import KINDS
        from ledger.money import format_fen

        kind = KINDS[found.kind]
        for plain in requests.thaw(found.kind, found.rows).iter_rows(named=True):
            row = plain if shown else masking.row(plain)
            said = [
                f"{column.title()}={format_fen(value) if 'money' in column.type or column.type == 'signed' else value}"
                for column in kind.columns
                if (value := row[column.name]) is not None
            ]
            say("  " + "  ".join(said))
    elif found.note:
        say("  " + found.note)


def approve(
    number: Annotated[str, typer.Argument(help=_("申请号"))],
    digest: Annotated[str | None, typer.Option("--digest", help=_("看过的内容摘要,不同则拒绝"))] = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import approvals, requests

    ledger = open_ledger(db)
    done = approvals.approve(
        ledger, number, operator=again(ledger, operator), today=today_of(ledger, today), quoted=digest
    )
    said = f"{done.request.number} {requests.waiting_for(done.request.state)}"
    if done.posted is not None:
        record.batch(done.posted.batch_id)
        said += _(",已记账(批次 {batch})").format(batch=done.posted.batch_id)
    say(said)


def reject(
    number: Annotated[str, typer.Argument(help=_("申请号"))],
    reason: Annotated[str, typer.Option("--reason", help=_("退回原因"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import approvals, requests

    ledger = open_ledger(db)
    done = approvals.reject(
        ledger, number, operator=operator_of(ledger, operator), reason=reason, today=today_of(ledger, today)
    )
    say(f"{done.number} {requests.waiting_for(done.state)}")


def accept(
    numbers: Annotated[list[int] | None, typer.Argument(help=_("批次号"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=_("全部等我接收的"))] = False,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import approvals

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    wanted = list(numbers or ())
    if everything:
        with ledger.store.reading() as session:
            waiting = approvals.waiting_for(session, ledger, who)
        wanted += [number for number in waiting if number not in wanted]
    if not wanted:
        say(_("没有要接收的批次"))
        return
    done = approvals.accept(ledger, wanted, operator=who, today=today_of(ledger, today))
    say(_("已接收 {count} 个批次").format(count=len(done)))


def batches(
    waiting: Annotated[bool, typer.Option("--waiting", help=_("只看未接收的"))] = False,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import approvals

    with reading(db) as (ledger, session):
        found = approvals.batches(session, ledger.book_id)
    rows = [
        {
            "flag": "*" if b.accepted_by else "!", "batch": b.number, "kind": b.kind, "operator": b.operator,
            "recorded_at": b.recorded_at[:19], "accepted_by": b.accepted_by,
        }
        for b in found
        if not waiting or not b.accepted_by
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={
            "flag": _("状态"), "batch": _("批次"), "kind": _("种类"), "operator": _("录入"), "recorded_at": _("时间"),
            "accepted_by": _("接收"),
        },
    )  # fmt: skip
