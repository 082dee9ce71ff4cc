"""Files to and from banks and channels: direct debits and collections out, answers and settlements in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.common import (
    DEFAULT_DB,
    Date,
    Db,
    Json,
    Operator,
    Today,
    day_of,
    in_plain,
    next_step,
    open_ledger,
    operator_of,
    outcome,
    print_json,
    say,
    show_rows,
    today_of,
    write_file,
)
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    import polars as pl

    from importers.returns import Layout, ReturnFile, Sent
    from ledger.journal import Ledger, Posted

returns_app = typer.Typer(help=_("划扣、托收的回盘文件,渠道的清算文件"), no_args_is_help=True)
debits_app = typer.Typer(help=_("代扣送盘"), no_args_is_help=True)
collections_app = typer.Typer(help=_("托收送出"), no_args_is_help=True)

Layouts = Annotated[Path | None, typer.Option("--layouts", help=_("自备格式(TOML)的文件夹,默认账簿旁的 layouts"))]
LayoutName = Annotated[str | None, typer.Option("--layout", help=_("文件格式的名称,默认按内容认"))]
PaidInto = Annotated[str | None, typer.Option("--bank", help=_("渠道清算款到账的银行账户:代码、简称或账号"))]
Bank = Annotated[str, typer.Option("--bank", help=_("收款的银行账户:代码、简称或账号"))]
Batch = Annotated[str | None, typer.Option("--batch", help=_("批号;已登记的批号只重出文件"))]
Until = Annotated[str | None, typer.Option("--until", help=_("只送到这个月的账单,如 2023-06"))]
Unit = Annotated[str | None, typer.Option("--unit", help=_("本单位在银行的编号"))]
Prefix = Annotated[str, typer.Option("--prefix", help=_("只送账号以此开头的户"))]
Out = Annotated[Path, typer.Option("--out", help=_("文件夹"))]


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    for name, part in (("returns", returns_app), ("debits", debits_app), ("collections", collections_app)):
        app.add_typer(part, name=name)


def _layouts(db: str, folder: Path | None, name: str | None = None) -> tuple[Layout, ...]:
    """The layouts of exchange files: shipped, beside the book, in the folder named; or the one of that name."""
    from importers.returns import load_layouts
    from importers.statements import user_folder
    from ledger.storage.engine import Store

    own = folder or user_folder(Store(db).path, "layouts")
    layouts = load_layouts(*([own] if own else []))
    if name is None:
        return layouts
    chosen = tuple(layout for layout in layouts if layout.name == name)
    if not chosen:
        listed = "、".join(layout.name for layout in layouts)
        raise Refused(_("没有格式 {name};现有:{listed}").format(name=name, listed=listed))
    return chosen


# -- in --------------------------------------------------------------------------------------------


@returns_app.command(
    "import", help=_("导入划扣回盘、托收结果或渠道清算文件。例:meterbook returns import 回盘.txt --slip HK-202306")
)
def returns_import(
    files: Annotated[list[Path], typer.Argument(help=_("银行、渠道的文件,或 CSV、XLSX 的划扣明细、托收结果"))],
    slip: Annotated[str | None, typer.Option("--slip", help=_("划扣合计单号,默认按银行和月份找"))] = None,
    batch: Annotated[str | None, typer.Option("--batch", help=_("代扣、托收批号,默认按文件内容找"))] = None,
    last: Annotated[bool, typer.Option("--last", help=_("托收批次的最后一次回盘:没有答复的按退票"))] = False,
    bank: PaidInto = None,
    date: Date = None,
    layout: LayoutName = None,
    folder: Layouts = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from importers.returns import as_documents, import_returns, import_settlement, read_return
    from ledger.journal import post as post_batch

    ledger = open_ledger(db)
    who, day = operator_of(ledger, operator), today_of(ledger, today)
    layouts = _layouts(db, folder, layout)
    documents = {path: as_documents(path, ledger.book) if layout is None else None for path in files}
    native = [read_return(path, layouts=layouts) for path, found in documents.items() if found is None]
    settled = [file for file in native if file.layout.purpose == "settlement"]
    if settled and bank is None:
        raise Refused(_("渠道清算文件请用 --bank 指定到账的银行账户"))
    for path, found in documents.items():
        if found is not None:
            done = post_batch(ledger, [found], operator=who, today=day)
            say(f"{path.name}: {outcome(done)}")
            _warn(done)
    made: list[Any] = []
    if answers := [file for file in native if file not in settled]:
        made += import_returns(
            ledger, answers, operator=who, today=day, slip=slip, batch=batch, date=day_of(date), last=last
        )
    if settled and bank is not None:
        made += import_settlement(ledger, settled, ledger.book.bank(bank), operator=who, today=day, date=day_of(date))
    for one in made:
        for line in one.lines():
            say(line)
        if one.posted is not None:
            say(outcome(one.posted))
            _warn(one.posted)
        else:
            say(_("没有新的结果,未记账"))


def _warn(done: Posted) -> None:
    for warning in done.warnings:
        say(_("提醒:{text}").format(text=warning.text()))


@returns_app.command("probe", help=_("看看一个送盘、回盘、清算文件是什么,不保存。例:meterbook returns probe 回盘.txt"))
def returns_probe(
    files: Annotated[list[Path], typer.Argument(help=_("送盘、回盘或清算文件"))],
    folder: Layouts = None,
    as_json: Json = False,
    db: Db = DEFAULT_DB,
) -> None:
    from importers.returns import read_return

    layouts = _layouts(db, folder)
    for path in files:
        found = read_return(path, layouts=layouts).as_json()
        if as_json:
            print_json(found)
            continue
        for key, value in found.items():
            say(f"{key}: {value}")


@returns_app.command(
    "check", help=_("渠道的日对账、清算文件与账上逐笔核对,不记账。例:meterbook returns check 对账.txt --bank 中行0202")
)
def returns_check(
    files: Annotated[list[Path], typer.Argument(help=_("渠道的文件;同一账户的几个渠道请一起核对"))],
    bank: Bank,
    layout: LayoutName = None,
    folder: Layouts = None,
    as_json: Json = False,
    db: Db = DEFAULT_DB,
) -> None:
    from importers.returns import compare, read_return

    ledger = open_ledger(db)
    operator_of(ledger, None)
    layouts = _layouts(db, folder, layout)
    read = [read_return(path, layouts=layouts) for path in files]
    for file in read:
        _refuse_others(file)
    with ledger.store.reading() as session:
        found = compare(ledger, session, read, ledger.book.bank(bank))
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        for one in found:
            say(one.text())
    if found:
        raise Refused(_("有 {n} 笔不一致").format(n=len(found)))
    if not as_json:
        say(_("逐笔与账上一致"))


def _refuse_others(file: ReturnFile) -> None:
    """Only what channels say about single payments can be compared with ours."""
    if file.layout.purpose not in ("check", "settlement"):
        raise Refused(_("{layout} 不是渠道的对账或清算文件").format(layout=file.layout.name))
    file.refuse_errors()


# -- out -------------------------------------------------------------------------------------------


@debits_app.command("send", help=_("代扣送盘:登记一批并写出文件。例:meterbook debits send --bank 工行0101 --unit 8602"))
def debits_send(
    bank: Bank,
    batch: Batch = None,
    date: Date = None,
    until: Until = None,
    unit: Unit = None,
    prefix: Prefix = "",
    layout: Annotated[str, typer.Option("--layout", help=_("送盘格式的名称"))] = "pipe_send",
    folder: Layouts = None,
    out: Out = Path(),
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from importers.returns import send_debits

    ledger = open_ledger(db)
    day_of(f"{until}-01" if until else None, "--until")
    day = today_of(ledger, today)
    (chosen,) = _layouts(db, folder, layout)
    sent = send_debits(
        ledger, ledger.book.bank(bank), chosen, date=day_of(date) or day, operator=operator_of(ledger, operator), today=day,
        batch=batch, until=until, unit=unit, prefix=prefix,
    )  # fmt: skip
    _written(sent, out)
    next_step("meterbook post debit_slip … / meterbook returns import …")


@debits_app.command("waiting", help=_("已送盘、银行尚未答复或结果未知的。例:meterbook debits waiting"))
def debits_waiting(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from importers.returns import waiting

    ledger = open_ledger(db)
    operator_of(ledger, None)
    _show_waiting(ledger, "debits waiting", waiting(ledger, ledger.book.today()), as_json)


@collections_app.command(
    "send",
    help=_("托收送出:登记一批、锁定账单并写出文件。例:meterbook collections send --bank 工行0101 --channel 工行"),
)
def collections_send(
    bank: Bank,
    channel: Annotated[str, typer.Option("--channel", help=_("渠道:工行、中行、小额、国库"))],
    customers: Annotated[list[str] | None, typer.Option("--customer", help=_("只送这一户,可重复"))] = None,
    batch: Batch = None,
    date: Date = None,
    until: Until = None,
    unit: Unit = None,
    prefix: Prefix = "",
    layout: Annotated[str, typer.Option("--layout", help=_("送出格式的名称"))] = "collection_send",
    folder: Layouts = None,
    out: Out = Path(),
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from importers.returns import send_collections
    from ledger.documents import KINDS, match_key

    ledger = open_ledger(db)
    day_of(f"{until}-01" if until else None, "--until")
    day = today_of(ledger, today)
    (chosen,) = _layouts(db, folder, layout)
    known = KINDS["collection_batch"].column("channel").value_keys
    sent = send_collections(
        ledger, ledger.book.bank(bank), chosen, channel=known.get(match_key(channel), channel), date=day_of(date) or day,
        operator=operator_of(ledger, operator), today=day, batch=batch, until=until, unit=unit, prefix=prefix,
        customers=customers or (),
    )  # fmt: skip
    _written(sent, out)
    next_step("meterbook returns import … / meterbook report R19")


@collections_app.command("waiting", help=_("已送出、尚未回的托收。例:meterbook collections waiting"))
def collections_waiting(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from importers.returns import waiting_collections

    ledger = open_ledger(db)
    operator_of(ledger, None)
    _show_waiting(ledger, "collections waiting", waiting_collections(ledger, ledger.book.today()), as_json)


def _written(sent: Sent, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{sent.batch.replace('/', '-')}.txt"
    write_file(path, sent.content)
    say(sent.text())
    if sent.without_account:
        say(
            _("提醒:{n} 户没有付款账号,未送:{names}").format(
                n=len(sent.without_account), names="、".join(sent.without_account[:20])
            )
        )
    say(str(path))


def _show_waiting(ledger: Ledger, subject: str, frame: pl.DataFrame, as_json: bool) -> None:
    from ledger import masking

    with ledger.store.reading() as session:
        shown = in_plain(ledger, session, subject, to_file=False)
    rows = [{**row, "sent_on": row["sent_on"].isoformat()} for row in frame.iter_rows(named=True)]
    if not shown:
        rows = [masking.row(row) for row in rows]
    show_rows(
        rows, as_json, money=("amount",),
        titles={"batch": _("批号"), "sent_on": _("送盘日"), "serial": _("送盘序号"), "customer": _("户号"), "name": _("户名"), "bill_no": _("账单号"), "amount": _("金额")},
    )  # fmt: skip
