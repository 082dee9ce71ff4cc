"""``meterbook``: one thin command per job. It parses, calls and prints; no rule, no SQL.

Exit codes: 0 done (also "already posted"), 1 refused (the message says why), 2 usage.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import (
    assessment,
    clearing,
    demo,
    drawers,
    exchange,
    integrity,
    pack,
    people,
    periods,
    reading_room,
    reconcile,
    record,
    server,
    start,
    tasks,
    upkeep,
)
from commands.common import (
    DEFAULT_DB,
    Account,
    Date,
    Db,
    Format,
    Json,
    KnownAt,
    Lang,
    Month,
    Operator,
    Reason,
    Today,
    Unmasked,
    day_of,
    in_plain,
    make_console,
    moment_of,
    next_step,
    open_ledger,
    operator_of,
    outcome,
    print_json,
    progress_bar,
    reading,
    say,
    show_rows,
    today_of,
    until_of,
    write_file,
)
from ledger import redact
from ledger.errors import ImportRejected, MeterbookError, Refused, SourceError
from ledger.i18n import _, set_language

if TYPE_CHECKING:
    import polars as pl

    from exports.report import Report
    from importers.statements import Dialect
    from ledger.book import Bank
    from ledger.journal import Ledger, Posted
    from ledger.storage.engine import Session


app = typer.Typer(
    name="meterbook",
    cls=record.Recorded,
    help=_("公用事业收费账:单据记账、银行对账、报表"),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
statement_app = typer.Typer(help=_("银行对账单"), no_args_is_help=True)
reconcile_app = typer.Typer(help=_("银行对账"), no_args_is_help=True)
day_app = typer.Typer(help=_("日结"), no_args_is_help=True)
export_app = typer.Typer(help=_("导出账簿"), no_args_is_help=True)
for _name, _part in (
    ("statement", statement_app),
    ("reconcile", reconcile_app),
    ("day", day_app),
    ("export", export_app),
):
    app.add_typer(_part, name=_name)
start.register(app)
people.register(app)
tasks.register(app)
server.register(app)
integrity.register(app)
drawers.register(app)
assessment.register(app)
exchange.register(app)
periods.register(app, day_app, reconcile_app)
reconcile.register(app, reconcile_app)
clearing.register(reconcile_app)
upkeep.register(app)
pack.register(export_app)
reading_room.register(app)

# -- the shell around every command ---------------------------------------------------------


@app.callback()
def _main(lang: Lang = None) -> None:
    if lang:
        set_language(lang)


def main() -> None:
    """Run the command line; refusals become messages and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        app(standalone_mode=True)
    except MeterbookError as error:
        for fault in error.faults:
            print(redact.text(fault.text()), file=sys.stderr)
        if len(error.faults) > 1:
            print(_("共 {count} 处错误,未记任何账").format(count=len(error.faults)), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:  # a fault of ours: told in full, but without passwords
        print(redact.text(traceback.format_exc()), file=sys.stderr)
        sys.exit(1)


# -- documents ------------------------------------------------------------------------------------


@app.command(help=_("空白单据模板。例:meterbook template cash_receipt"))
def template(
    kind: Annotated[str, typer.Argument(help=_("单据种类,或 day(一日一簿)"))],
    out: Annotated[Path, typer.Option("--out", help=_("文件或文件夹"))] = Path(),
    db: Db = DEFAULT_DB,
) -> None:
    from importers.documents import template as templates
    from ledger.documents import kind_of

    book = _book_or_default(db)
    if kind == "day":
        path = out / _("日单据.xlsx") if out.is_dir() else out
        templates.write_day(path, book=book)
    else:
        known = kind_of(kind)
        path = out / f"{known.zh}.xlsx" if out.is_dir() else out
        templates.write(known.name, path, book=book)
    say(str(path))


def _book_or_default(db: str) -> Any:
    from ledger.book import Book
    from ledger.errors import NotFound

    if db == DEFAULT_DB and not Path("meterbook.db").exists():
        return Book.load()
    try:
        return open_ledger(db).book
    except NotFound:
        return Book.load()


@app.command(help=_("记账:一类单据的文件,或 day(一日一簿)。例:meterbook post cash_receipt 0609收费.xlsx"))
def post(
    kind: Annotated[str, typer.Argument(help=_("单据种类,或 day"))],
    files: Annotated[list[Path], typer.Argument(help=_("CSV 或 XLSX 文件"))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("只看分录,不记账"))] = False,
    only_new: Annotated[bool, typer.Option("--only-new", help=_("跳过已记账的单据"))] = False,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
    as_json: Json = False,
) -> None:
    from importers.documents import read, read_day
    from ledger.documents import kind_of
    from ledger.journal import post as post_batch

    ledger = open_ledger(db)
    batches = []
    for path in files:
        sets = read_day(path, ledger.book) if kind == "day" else [read(path, kind_of(kind).name, ledger.book)]
        batches.append((path, sets))
    faults = [fault for _path, sets in batches for part in sets for fault in part.faults]
    if faults:
        raise SourceError(faults)
    results = []
    for path, sets in batches:
        with progress_bar() as progress:
            done = post_batch(
                ledger, sets, operator=operator_of(ledger, operator), today=today_of(ledger, today),
                only_new=only_new, dry_run=dry_run, progress=progress,
            )  # fmt: skip
        record.batch(done.batch_id)
        results.append(_posted_data(path, done))
        if not as_json:
            say(f"{path.name}: {outcome(done)}")
            for warning in done.warnings:
                say(_("提醒:{text}").format(text=warning.text()))
            if dry_run:
                _show_entries(done.entries, done.lines)
    if as_json:
        print_json(results)
    elif not dry_run:
        next_step("meterbook report R09 --account … / meterbook day close")


def _posted_data(path: Path, done: Posted) -> dict[str, Any]:
    return {
        "file": path.name,
        "status": done.status,
        "batch": done.batch_id,
        "recorded_at": done.recorded_at,
        "entries": len(done.entries),
        "lines": len(done.lines),
        "facts": done.facts,
        "skipped": done.skipped,
        "warnings": [warning.text() for warning in done.warnings],
    }


def _show_entries(entries: pl.DataFrame, lines: pl.DataFrame) -> None:
    """Entries as T-accounts, on the terminal."""
    from ledger.money import format_fen

    by_entry = lines.partition_by("entry_id", as_dict=True)
    for entry in entries.iter_rows(named=True):
        say(
            f"{entry['vtype']}-{entry['vno']:04d} {entry['date']} {entry['kind']}/{entry['doc_no']} {entry['memo'] or ''}"
        )
        for line in by_entry[(entry["entry_id"],)].iter_rows(named=True):
            dims = " ".join(str(line[name]) for name in _dimensions() if line.get(name))
            side, amount = (_("借"), line["debit"]) if line["debit"] else (_("    贷"), line["credit"])
            say(f"  {side} {line['account']} {format_fen(amount)}  {dims}")


def _dimensions() -> tuple[str, ...]:
    from ledger.accounts import DIMENSIONS

    return DIMENSIONS


@app.command(help=_("红字冲销一张凭证。例:meterbook reverse 记-0012 --reason 错户"))
def reverse(
    entry: Annotated[str, typer.Argument(help=_("分录号、凭证号或单据号"))],
    reason: Annotated[str, typer.Option("--reason", help=_("冲销原因"))],
    date: Date = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import views
    from ledger.journal import reverse as reverse_entry

    ledger = open_ledger(db)
    with ledger.store.reading() as session:
        found = views.entry(session, ledger.book_id, entry)
    done = reverse_entry(
        ledger, int(str(found.head["entry_id"])), reason=reason, operator=operator_of(ledger, operator),
        today=today_of(ledger, today), date=day_of(date),
    )  # fmt: skip
    record.batch(done.batch_id)
    say(outcome(done))


# -- looking things up -----------------------------------------------------------------------------


@app.command(help=_("科目余额。例:meterbook balance 1002.01 --date 2023-06-30"))
def balance(
    account: Annotated[str, typer.Argument(help=_("科目代码,默认全部"))] = "",
    date: Date = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import views

    with reading(db) as (ledger, session):
        code = _account_code(ledger, account)
        until = day_of(date) or dt.date.max
        frame = (
            views.trial_balance(session, ledger.book_id, until, until).filter(_below(code)).select("account", "closing")
        )
        names = {row: ledger.chart.name(row) for row in frame["account"]}
    rows = [{"account": code, "name": names[code], "balance": amount} for code, amount in frame.iter_rows()]
    show_rows(rows, as_json, money=("balance",), titles={"account": _("科目"), "name": _("名称"), "balance": _("余额")})


def _account_code(ledger: Ledger, name: str) -> str:
    """An account by its code, or a bank account by any of its names."""
    from ledger.errors import NotFound

    if not name or name in ledger.chart.codes or name in ledger.chart.parents:
        return name
    try:
        return ledger.book.bank(name).code
    except NotFound:
        raise NotFound(_("没有科目 {name}").format(name=name)) from None


def _below(code: str) -> Any:
    import polars as pl

    if not code:
        return pl.lit(value=True)
    return (pl.col("account") == code) | pl.col("account").str.starts_with(f"{code}.")


@app.command(help=_("分录。例:meterbook journal --month 2023-06 --account 1002.01"))
def journal(
    account: Annotated[str | None, typer.Option("--account", help=_("科目"))] = None,
    customer: Annotated[str | None, typer.Option("--customer", help=_("户号"))] = None,
    document: Annotated[str | None, typer.Option("--document", help=_("单据号"))] = None,
    date: Date = None,
    month: Month = None,
    limit: Annotated[int, typer.Option("--limit", help=_("最多几张凭证"))] = 100,
    offset: Annotated[int, typer.Option("--offset", help=_("跳过几张"))] = 0,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import views

    with reading(db) as (ledger, session):
        start, end = dt.date.min, dt.date.max
        if date or month:
            end = until_of(ledger, date, month)
            start = end if date else end.replace(day=1)
        code = _account_code(ledger, account) if account else None
        frame = views.journal(
            session, ledger.book_id, start, end, account=code, customer=customer, document=document,
            limit=limit, offset=offset,
        )  # fmt: skip
    _lines(frame, as_json)


@app.command(help=_("一个户的账单、预收和分录。例:meterbook customer R7"))
def customer(
    name: Annotated[str, typer.Argument(help=_("户号"))],
    date: Date = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
    unmasked: Unmasked = False,
    reason: Reason = None,
) -> None:
    import polars as pl

    from ledger import masking, views
    from ledger.errors import NotFound
    from ledger.money import decimal_text, format_fen
    from ledger.storage.journal_sql import JournalSource

    with reading(db) as (ledger, session):
        master = JournalSource(session, ledger.book_id).customers(pl.Series("customer", [name]))
        if master.is_empty():
            raise NotFound(_("没有户号 {name}").format(name=name))
        shown = in_plain(ledger, session, f"customer {name}", to_file=False, unmasked=unmasked, reason=reason)
        until = day_of(date) or dt.date.max
        bills = views.receivables(session, ledger.book_id, until, customer=name)
        held = views.advances(session, ledger.book_id, until, customer=name)
        frame = views.journal(session, ledger.book_id, dt.date.min, until, customer=name, limit=1_000)
        frame = frame.filter(pl.col("customer") == name)
    columns = [
        c for c in ("customer", "name", "stream", "usage_class", "pay_mode", "kind", "branch") if c in master.columns
    ]
    facts = master.select(columns).row(0, named=True)
    facts = facts if shown else masking.row(facts)
    owed, advance = int(bills["amount"].sum()), int(held["amount"].sum())
    if as_json:
        print_json(
            {
                **facts,
                "owed": decimal_text(owed),
                "advance": decimal_text(advance),
                "bills": _records(bills, ("amount",)),
                "advances": _records(held, ("amount",)),
                "lines": _records(frame.select(_LINE_KEYS), ("debit", "credit")),
            }
        )
        return
    say(" ".join(str(value) for value in facts.values() if value))
    say(_("欠费 {owed},预收 {advance}").format(owed=format_fen(owed), advance=format_fen(advance)))
    for row in bills.iter_rows(named=True):
        say(f"  {row['bill_month']} {row.get('document') or ''} {row['account']} {format_fen(row['amount'])}")
    _lines(frame, as_json=False)


@app.command(help=_("一张凭证。例:meterbook entry 记-0012"))
def entry(
    name: Annotated[str, typer.Argument(help=_("分录号、凭证号或单据号"))],
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import masking, views

    with reading(db) as (ledger, session):
        found = views.entry(session, ledger.book_id, name)
        shown = in_plain(ledger, session, f"entry {found.head['entry_id']}", to_file=False)
    if as_json:
        head = {key: str(value) if isinstance(value, dt.date) else value for key, value in found.head.items()}
        content = json.loads(str(head.get("content") or "[]"))
        head["content"] = content if shown else [masking.row(row) for row in content]
        print_json({**head, "lines": _records(found.lines.select(_LINE_KEYS), ("debit", "credit"))})
        return
    for key, value in found.head.items():
        if value is not None and key != "content":
            say(f"{key}: {value}")
    _lines(found.lines, as_json=False)


_LINE_KEYS = (
    "entry_id", "voucher", "date", "event", "kind", "doc_no", "memo", "line", "account", "debit", "credit",
    "branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document",
)  # fmt: skip


def _lines(frame: pl.DataFrame, as_json: bool) -> None:
    if as_json:
        print_json(_records(frame.select(_LINE_KEYS), ("debit", "credit")))
        return
    from ledger.money import format_fen

    last = None
    for line in frame.iter_rows(named=True):
        if line["entry_id"] != last:
            last = line["entry_id"]
            say(
                f"{line['date']} {line['voucher']} {line['event']} {line['kind']}/{line['doc_no']} {line['memo'] or ''}"
            )
        dims = " ".join(str(line[name]) for name in _dimensions() if line.get(name))
        side, amount = (_("借"), line["debit"]) if line["debit"] else (_("    贷"), line["credit"])
        say(f"  {side} {line['account']} {format_fen(amount)}  {dims}")


def _records(frame: pl.DataFrame, money: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows for machines: amounts as decimal strings, dates ISO."""
    from ledger.money import decimal_text

    def value(key: str, cell: Any) -> Any:
        if key in money and cell is not None:
            return decimal_text(cell)
        return cell.isoformat() if isinstance(cell, dt.date) else cell

    return [{key: value(key, cell) for key, cell in row.items()} for row in frame.iter_rows(named=True)]


# -- registers ----------------------------------------------------------------------------------------


@app.command(help=_("报表。例:meterbook report R14 --account 工行0101 --month 2023-06"))
def report(
    name: Annotated[str, typer.Argument(help=_("报表代码或名称"))],
    date: Date = None,
    month: Month = None,
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户、户号或转款单号"))] = None,
    branch: Annotated[str | None, typer.Option("--branch", help=_("所"))] = None,
    known_at: KnownAt = None,
    form: Annotated[Format, typer.Option("--format", help=_("输出形式"))] = Format.table,
    out: Annotated[Path | None, typer.Option("--out", help=_("文件夹"))] = None,
    db: Db = DEFAULT_DB,
    unmasked: Unmasked = False,
    reason: Reason = None,
) -> None:
    from exports.masked import masked

    to_file = out is not None or form not in (Format.table, Format.json)
    with reading(db) as (ledger, session):
        made = _report(
            ledger, session, name, date=day_of(date), month=month, account=account, branch=branch,
            known_at=moment_of(ledger, known_at),
        )  # fmt: skip
        subject = " ".join(filter(None, (made.code, made.period.iso(), account, branch, known_at, form.value)))
        if not in_plain(ledger, session, subject, to_file=to_file, unmasked=unmasked, reason=reason):
            made = masked(made)
    _show(made, form, out)


def _report(ledger: Ledger, session: Session, name: str, **asked: Any) -> Report:
    from exports import reports

    return reports.build(name, session, ledger.book, ledger.chart, book_id=ledger.book_id, **asked)


def _show(made: Report, form: Format, out: Path | None) -> None:
    """On standard output, or as a file named by the rule of domain §5."""
    from exports.render import csv as csv_medium
    from exports.render import json as json_medium
    from exports.render import terminal, xlsx
    from exports.report import check_name

    if form is Format.table and out is None:
        terminal.show(made, make_console())
        return
    match form:
        case Format.json:
            content = json_medium.render(made).encode()
        case Format.csv:
            content = csv_medium.render(made)
        case Format.xlsx:
            content = xlsx.render(made)
        case Format.pdf:
            from exports.render import pdf  # typst is loaded for paper alone

            content = pdf.render(made)
        case Format.html:
            from exports.render import html

            content = html.render(made).encode()
        case Format.table:
            content = terminal.render(made).encode()
    if out is None and form in (Format.json, Format.csv):
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.write(b"" if content.endswith(b"\n") else b"\n")
        return
    folder = out or Path()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{check_name(made.file_stem)}.{'txt' if form is Format.table else form.value}"
    write_file(path, content)
    say(str(path))
    next_step("meterbook today")


# -- the bank -------------------------------------------------------------------------------------------


@statement_app.command("import", help=_("导入银行对账单。例:meterbook statement import 工行6月.csv --account 工行0101"))
def statement_import(
    files: Annotated[list[Path] | None, typer.Argument(help=_("对账单文件"))] = None,
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户,默认按文件中的账号"))] = None,
    accept: Annotated[bool, typer.Option("--accept-differences", help=_("余额或合计不符也导入,并记下差异"))] = False,
    direction: Annotated[
        str | None,
        typer.Option("--direction", help=_("借贷方向:debit_out(借=支出)或 debit_in(借=收入),余额看不出时说明")),
    ] = None,
    opening: Annotated[str | None, typer.Option("--opening", help=_("期初余额,文件中没有时给出"))] = None,
    start: Annotated[str | None, typer.Option("--from", help=_("起日,没有流水时给出"))] = None,
    end: Annotated[str | None, typer.Option("--to", help=_("止日,没有流水时给出"))] = None,
    form: Annotated[str, typer.Option("--format", help=_("文件格式,auto 按内容认"))] = "auto",
    db: Db = DEFAULT_DB,
    operator: Operator = None,
) -> None:
    from importers.statements.store import import_empty, import_statement
    from ledger.money import parse_fen

    ledger = open_ledger(db)
    balance = parse_fen(opening) if opening is not None else None
    first, last = day_of(start, "--from"), day_of(end, "--to")
    who = operator_of(ledger, operator)  # before the transaction: proving who it is writes too
    dialects = _dialects(db)
    if form != "auto":
        dialects = tuple(dialect for dialect in dialects if dialect.name == form)
    if not files:
        if account is None or balance is None or first is None or last is None:
            raise typer.BadParameter(_("没有文件时须给出 --account、--opening、--from、--to"))
        with ledger.store.writing(ledger.book_id) as session:
            done = import_empty(
                session, ledger.book_id, ledger.book.bank(account), opening=balance,
                from_date=first, to_date=last, operator=who, cutover=ledger.book.cutover,
            )  # fmt: skip
        say(done.text())
        return
    for path in files:
        bank = ledger.book.bank(account) if account else _bank_of(ledger, path, dialects)
        with ledger.store.writing(ledger.book_id) as session:
            done = import_statement(
                session, ledger.book_id, bank, path, operator=who, cutover=ledger.book.cutover,
                currency=ledger.book.currency, dialects=dialects, direction=direction, accept_differences=accept,
                opening=balance, from_date=first, to_date=last,
            )  # fmt: skip
        say(done.text())
    next_step("meterbook reconcile run --account … --month …")


def _dialects(db: str) -> tuple[Dialect, ...]:
    """The shipped dialects and those the user keeps beside the book."""
    from importers.statements import load_dialects, user_folder
    from ledger.storage.engine import Store

    folder = user_folder(Store(db).path)
    return load_dialects(folder) if folder else load_dialects()


def _bank_of(ledger: Ledger, path: Path, dialects: tuple[Dialect, ...]) -> Bank:
    """The bank account whose number stands in the file; where none does, the one the file is named after."""
    from importers.statements import read_statement
    from importers.statements.read import same_account
    from ledger.errors import NotFound

    printed = {statement.account for statement in read_statement(path, dialects=dialects)} - {None}
    for bank in ledger.book.banks:
        if any(same_account(str(number), bank.number) for number in printed):
            return bank
    if not printed:
        with suppress(NotFound):
            return ledger.book.bank(path.stem)
    names = "、".join(bank.short for bank in ledger.book.banks)
    raise Refused(_("{file} 中没有本账套的账号,请用 --account 指定:{names}").format(file=path.name, names=names))


@statement_app.command("probe", help=_("看看一个对账单文件是什么,不保存。例:meterbook statement probe 明细.csv"))
def statement_probe(
    files: Annotated[list[Path], typer.Argument(help=_("对账单文件"))], as_json: Json = False, db: Db = DEFAULT_DB
) -> None:
    from importers.statements import probe

    dialects = _dialects(db)
    for path in files:
        try:
            found = probe(path, dialects=dialects)
        except ImportRejected as error:
            unknown = error.faults[0].code == "unrecognised"
            proposal = _proposal(path, dialects) if unknown else None
            if as_json:
                print_json(
                    {"file": path.name, "refused": [fault.text() for fault in error.faults], "proposal": proposal}
                )
            elif proposal:
                say(proposal.rstrip())
            raise
        if as_json:
            print_json(found)
            continue
        for one in found if isinstance(found, list) else [found]:
            for key, value in one.items():
                say(f"{key}: {value}")


def _proposal(path: Path, dialects: tuple[Dialect, ...]) -> str | None:
    """A dialect for a file that none fits, ready to be saved."""
    from importers.statements.propose import propose

    return propose(path.read_bytes(), path.name, name=path.stem, known=dialects)


@reconcile_app.command("run", help=_("自动勾对。例:meterbook reconcile run --account 工行0101 --month 2023-06"))
def reconcile_run(
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户,默认全部"))] = None,
    month: Month = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import run

    ledger = open_ledger(db)
    period = month or f"{today_of(ledger, today):%Y-%m}"
    who = operator_of(ledger, operator)
    for bank in [ledger.book.bank(account)] if account else ledger.book.banks:
        with ledger.store.writing(ledger.book_id) as session:
            say(run.run(session, ledger.book_id, ledger.book, bank, period, operator=who).text())
    next_step(f"meterbook reconcile review --account {account or '…'} --month {period}")


@reconcile_app.command(
    "show", help=_("当月的行和未勾对的行。例:meterbook reconcile show --account 工行0101 --month 2023-06")
)
def reconcile_show(account: Account, month: Month = None, db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger.reconcile import run

    with reading(db) as (ledger, session):
        frame = run.show(session, ledger.book_id, ledger.book.bank(account), month or f"{ledger.book.today():%Y-%m}")
    if as_json:
        print_json(_records(frame, ("amount",)))
        return
    show_rows(
        frame.to_dicts(), as_json=False, money=("amount",),
        titles={"side": _("方"), "ref": _("行号"), "date": _("日期"), "reference": _("单号"), "text": _("摘要"), "amount": _("金额"), "match_id": _("勾对号"), "stage": _("依据")},
    )  # fmt: skip


@reconcile_app.command("explain", help=_("为什么勾上或没勾上。例:meterbook reconcile explain 12"))
def reconcile_explain(
    line: Annotated[str, typer.Argument(help=_("行号,见 reconcile show:123:2 是账上的行,45 是银行的行"))],
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户"))] = None,
    db: Db = DEFAULT_DB,
) -> None:
    from ledger import masking
    from ledger.reconcile import run

    with reading(db) as (ledger, session):
        bank = ledger.book.bank(account) if account else None
        name = str if in_plain(ledger, session, f"explain {line}", to_file=False) else masking.name
        say(run.explain(session, ledger.book_id, ledger.book, line, bank=bank, name=name))


@reconcile_app.command(
    "match", help=_("手工勾对。例:meterbook reconcile match 123:2 45 --account 工行0101 --reason 同一笔")
)
def reconcile_match(
    lines: Annotated[list[str], typer.Argument(help=_("行号,两方合计须相等"))],
    account: Account,
    reason: Annotated[str, typer.Option("--reason", help=_("理由"))],
    db: Db = DEFAULT_DB,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import run

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        number = run.match_by_hand(
            session,
            ledger.book_id,
            ledger.book.bank(account),
            lines,
            reason=reason,
            operator=who,
        )
    say(_("已勾对,第 {n} 号").format(n=number))


@reconcile_app.command("unmatch", help=_("取消勾对。例:meterbook reconcile unmatch 12 --reason 勾错"))
def reconcile_unmatch(
    match: Annotated[int, typer.Argument(help=_("勾对号"))],
    reason: Annotated[str, typer.Option("--reason", help=_("理由"))],
    db: Db = DEFAULT_DB,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import run

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        run.unmatch(session, ledger.book_id, match, reason=reason, operator=who)
    say(_("已取消第 {n} 号勾对").format(n=match))


@reconcile_app.command(
    "note", help=_("给未达账项写原因。例:meterbook reconcile note 45 --account 工行0101 --reason 回单未取")
)
def reconcile_note(
    line: Annotated[str, typer.Argument(help=_("行号"))],
    account: Account,
    reason: Annotated[str, typer.Option("--reason", help=_("原因"))],
    note: Annotated[str, typer.Option("--note", help=_("说明"))] = "",
    db: Db = DEFAULT_DB,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import run

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        run.note(
            session,
            ledger.book_id,
            ledger.book.bank(account),
            line,
            reason=reason,
            text=note,
            operator=who,
        )
    say(_("已记下"))


# -- out of the book --------------------------------------------------------------------------------------------


@export_app.command("beancount", help=_("按月导出 beancount 账本。例:meterbook export beancount --out 账本"))
def export_beancount(
    out: Annotated[Path, typer.Option("--out", help=_("文件夹"))] = Path("beancount"), db: Db = DEFAULT_DB
) -> None:
    from exports import beancount as writer

    with reading(db) as (ledger, session):
        _may_export(ledger, session, "beancount")
        done = writer.export(session, ledger.book, ledger.chart, out, book_id=ledger.book_id)
    say(
        _("{path}:{months} 个月,{entries} 张凭证").format(path=done.main, months=len(done.months), entries=done.entries)
    )


@export_app.command("ledger", help=_("导出 ledger-cli 账本。例:meterbook export ledger --out 账本"))
def export_ledger(
    out: Annotated[Path, typer.Option("--out", help=_("文件夹"))] = Path("ledger-cli"), db: Db = DEFAULT_DB
) -> None:
    from exports import ledger_cli as writer

    with reading(db) as (ledger, session):
        _may_export(ledger, session, "ledger")
        path = writer.export(session, ledger.book, ledger.chart, out, book_id=ledger.book_id)
    say(str(path))


def _may_export(ledger: Ledger, session: Session, what: str) -> None:
    """The whole book leaves by role, and it is written down first (C40). It names customers by their numbers only."""
    from ledger.operators import staff

    staff(session, ledger.book_id).require(record.worker(), "export")
    record.about(what)
    record.beforehand()


def _show_demo(ledger: Ledger) -> None:
    with ledger.store.reading() as session:
        for name, account in (("R25", None), ("R24", None), ("R14", "1002.01")):
            _show(_report(ledger, session, name, month="2023-06", account=account), Format.table, None)
            say("")


demo.register(app, _show_demo, lambda ledger, folder: reading_room.open_room(ledger, folder, who=demo.AUDITOR))


if __name__ == "__main__":
    main()
