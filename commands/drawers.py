"""The drawer's day: open, count, check and seal, hand over, show."""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from commands.common import (
    DEFAULT_DB,
    Date,
    Db,
    Json,
    Operator,
    Today,
    day_of,
    next_step,
    open_ledger,
    operator_of,
    outcome,
    print_json,
    say,
    show_rows,
    today_of,
)
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.drawers import Drawer
    from ledger.journal import Ledger
    from ledger.operators import Operator as Person

drawer_app = typer.Typer(help=_("钱箱:开、核、平、缴、交"), no_args_is_help=True)

Cashier = Annotated[str, typer.Argument(help=_("收费员代码或姓名"))]
Cashiers = Annotated[list[str] | None, typer.Argument(help=_("收费员代码或姓名,默认当日用过的钱箱"))]


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(drawer_app, name="drawer")


@drawer_app.command("open", help=_("开钱箱,登记零钞。例:meterbook drawer open C01 --float 500.00"))
def drawer_open(
    cashier: Cashier,
    change: Annotated[str | None, typer.Option("--float", help=_("零钞,默认账上的零钞"), show_default=False)] = None,
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import drawers
    from ledger.money import parse_fen

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    done = drawers.open_drawer(
        ledger, cashier, date=day_of(date) or business, operator=operator_of(ledger, operator), today=business,
        change=None if change is None else parse_fen(change),
    )  # fmt: skip
    say(outcome(done))
    next_step(f"meterbook drawer count {cashier}")


@drawer_app.command("count", help=_("清点钱箱:面额=张数。例:meterbook drawer count C01 100=6 10=2 0.5=1"))
def drawer_count(
    cashier: Cashier,
    given: Annotated[list[str] | None, typer.Argument(help=_("面额=张数,如 100=6 5角=3;不写则逐一询问"))] = None,
    save: Annotated[Path | None, typer.Option("--save", help=_("把要登记的长短款写成单据文件"))] = None,
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import drawers
    from ledger.money import format_fen

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    lying = _pieces(given) if given or not sys.stdin.isatty() else _asked()
    done = drawers.count(
        ledger, cashier, lying, date=day_of(date) or business, operator=operator_of(ledger, operator), today=business
    )
    assert done.count is not None
    counted, expected = int(done.count.get("counted")), int(done.count.get("expected"))
    say(_("{c} 实点 {a},应有 {b},差额 {x}").format(
        c=done.cashier, a=format_fen(counted), b=format_fen(expected), x=format_fen(counted - expected)
    ))  # fmt: skip
    rows = drawers.proposal(done)
    if not rows:
        next_step(f"meterbook drawer check {cashier}")
        return
    text = _sheet(rows)
    say(_("请登记长短款:"))
    say(text.rstrip("\n"))
    if save is not None:
        save.write_text(text, encoding="utf-8-sig")
        next_step(f"meterbook post cash_difference {save}")
    if done.difference < 0:
        say(_("补齐后再登记一行:步骤 补齐,原单据号 {number}").format(number=rows[0]["doc_no"]))


def _pieces(given: list[str] | None) -> dict[str, int]:
    """``100=6`` on the command line."""
    out: dict[str, int] = {}
    for text in given or []:
        name, equals, number = text.partition("=")
        if not equals or not number.strip().isdecimal() or not number.isascii():
            raise Refused(_("应写作 面额=张数,如 100=6:{text}").format(text=text))
        out[name] = out.get(name, 0) + int(number)
    return out


def _asked() -> dict[str, int]:
    """Denomination by denomination at the keyboard."""
    from ledger.drawers import DENOMINATIONS, denomination_name

    return {name: int(typer.prompt(denomination_name(name), default=0, type=int)) for name in DENOMINATIONS}


def _sheet(rows: list[dict[str, str]]) -> str:
    """Rows as a file that ``post cash_difference`` takes."""
    from ledger.documents import KINDS

    kind = KINDS["cash_difference"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([kind.column(name).zh for name in rows[0]])
    for row in rows:
        writer.writerow(
            [kind.column("step").labels.get(value, value) if name == "step" else value for name, value in row.items()]
        )
    return out.getvalue()


@drawer_app.command("check", help=_("核对钱箱三方相符;班长盖章用 --seal。例:meterbook drawer check C01 --seal"))
def drawer_check(
    cashiers: Cashiers = None,
    seal: Annotated[bool, typer.Option("--seal", help=_("收费班长盖章(款项已缴存)"))] = False,
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import drawers

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    day, who = day_of(date) or business, operator_of(ledger, operator)
    chosen = _used(ledger, cashiers, day)
    if seal:
        for code in chosen:
            drawers.seal(ledger, code, date=day, operator=who, today=business)
            say(_("{c} {day} 的钱箱已盖章").format(c=code, day=day))
        next_step(" ".join(["meterbook drawer hand-over", *(cashiers or ())]))
        return
    with ledger.store.reading() as session:
        table = drawers.load(ledger, session, day)
    person = _person(ledger, who)
    level = True
    for code in chosen:
        if drawers.hidden(ledger, person, table[code]):
            say(_("盲点:清点之后再核对"))
            return
        faults = drawers.check(ledger, table[code])
        level = level and not faults
        for fault in faults:
            say(fault.text())
        if not faults:
            say(f"{code} " + _("三方相符,可以盖章"))
    command = " ".join(["meterbook drawer check", *(cashiers or ())])
    next_step(f"{command} --seal" if level else f"meterbook post … / {command}")


@drawer_app.command(
    "hand-over", help=_("把当日批次交给明细账会计。例:meterbook drawer hand-over C01 --date 2023-06-09")
)
def drawer_hand_over(
    cashiers: Cashiers = None,
    to: Annotated[str | None, typer.Option("--to", help=_("接收的会计,默认唯一的明细账会计"))] = None,
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import drawers

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    day, who = day_of(date) or business, operator_of(ledger, operator)
    for code in _used(ledger, cashiers, day):
        done = drawers.hand_over(
            ledger, code, date=day, operator=who, today=business, at=_clock(ledger, business), to=to
        )
        numbers = "、".join(str(number) for number in done.batches) or _("无")
        say(
            _("批次 {numbers} 已交 {accountant}").format(numbers=numbers, accountant=done.accountant or _("明细账会计"))
        )
        for warning in done.warnings:
            say(_("注意:{text}").format(text=warning.text()))
    next_step(f"meterbook day close --date {day}")


def _used(ledger: Ledger, cashiers: list[str] | None, day: dt.date) -> list[str]:
    """The drawers that are named, else those that were used that day.

    Raises:
        Refused: none is named and none was used.
    """
    from ledger import drawers

    if cashiers:
        return [ledger.book.cashier(name).code for name in cashiers]
    with ledger.store.reading() as session:
        found = [code for code, drawer in drawers.load(ledger, session, day).items() if drawer.state != "idle"]
    if not found:
        raise Refused(_("{day} 没有用过钱箱").format(day=day))
    return found


@drawer_app.command("show", help=_("各钱箱走到哪一步。例:meterbook drawer show --date 2023-06-09"))
def drawer_show(
    cashier: Annotated[str | None, typer.Argument(help=_("收费员代码或姓名"))] = None,
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
    as_json: Json = False,
) -> None:
    from ledger import drawers
    from ledger.money import decimal_text

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    who = _person(ledger, operator_of(ledger, operator))
    with ledger.store.reading() as session:
        found = list(drawers.load(ledger, session, day_of(date) or business).values())
        late = drawers.late_batches(ledger, session, _clock(ledger, business))
    chosen = None if cashier is None else ledger.book.cashier(cashier).code
    found = [drawer for drawer in found if chosen in (None, drawer.cashier)]
    rows = [_shown(drawer, hide=drawers.hidden(ledger, who, drawer)) for drawer in found]
    money = ("float", "received", "banked", "held", "expected", "counted", "difference")
    if as_json:
        print_json([
            {key: decimal_text(value) if key in money and value is not None else value for key, value in row.items()} for row in rows
        ])  # fmt: skip
        return
    show_rows(
        [{**row, "state": drawers.state_name(row["state"])} for row in rows], as_json,
        titles={
            "cashier": _("收费员"), "state": _("状态"), "float": _("零钞"), "received": _("收款"), "banked": _("缴存"),
            "held": _("未缴"), "expected": _("应有"), "counted": _("实点"), "difference": _("未登记长短款"),
        },
        money=money,
    )  # fmt: skip
    if chosen and found and found[0].count is not None:
        lying = {name: found[0].count.get(name) for name in drawers.DENOMINATIONS}
        say("  ".join(f"{drawers.denomination_name(name)}×{number}" for name, number in lying.items() if number))
    for warning in late:
        say(_("注意:{text}").format(text=warning.text()))


def _shown(drawer: Drawer, *, hide: bool) -> dict[str, Any]:
    """A row of the list; blind, without what should be there."""
    counted = None if drawer.count is None else int(drawer.count.get("counted"))
    return {
        "cashier": drawer.cashier, "state": drawer.state, "float": drawer.float,
        "received": None if hide else drawer.received, "banked": drawer.banked, "held": None if hide else drawer.held,
        "expected": None if hide else drawer.expected if drawer.count is None else int(drawer.count.get("expected")), "counted": counted,
        "difference": None if hide or counted is None else drawer.difference,
    }  # fmt: skip


def _person(ledger: Ledger, who: str) -> Person:
    from ledger.operators import staff

    with ledger.store.reading() as session:
        return staff(session, ledger.book_id).require(who, "read")


def _clock(ledger: Ledger, business: dt.date) -> dt.datetime:
    """The time of day at the book's place, on the business day."""
    return dt.datetime.combine(business, dt.datetime.now(ZoneInfo(ledger.book.timezone)).time())
