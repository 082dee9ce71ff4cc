"""What every command shares: its options, the book it works on, who works, how it speaks."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import record
from commands.following import next_step as next_step
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from rich.console import Console

    from ledger.journal import Ledger, Posted, Progress
    from ledger.storage.engine import Session

DEFAULT_DB = "sqlite:///meterbook.db"

Db = Annotated[str, typer.Option("--db", envvar="METERBOOK_DB", help=_("数据库地址"), show_default=False)]
Lang = Annotated[
    str | None, typer.Option("--lang", envvar="METERBOOK_LANG", help=_("语言:zh_CN 或 en"), show_default=False)
]
Today = Annotated[
    str | None,
    typer.Option("--today", envvar="METERBOOK_TODAY", help=_("营业日,默认账簿日历的今天"), show_default=False),
]
Operator = Annotated[
    str | None, typer.Option("--operator", envvar="METERBOOK_OPERATOR", help=_("操作员"), show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help=_("输出 JSON"))]
Date = Annotated[str | None, typer.Option("--date", help=_("日期,如 2023-06-30"), show_default=False)]
Month = Annotated[str | None, typer.Option("--month", help=_("月份,如 2023-06"), show_default=False)]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", help=_("只算到此刻为止已录入的,如 2023-07-05 或 2023-07-05T09:30"), show_default=False),
]
Unmasked = Annotated[bool, typer.Option("--unmasked", help=_("不脱敏(须有权并写明原因)"))]
Reason = Annotated[str | None, typer.Option("--reason", help=_("不脱敏的原因"), show_default=False)]
Account = Annotated[str, typer.Option("--account", help=_("银行账户:代码、简称或账号"))]


class Format(StrEnum):
    """Media of a report."""

    table = "table"
    xlsx = "xlsx"
    pdf = "pdf"
    html = "html"
    csv = "csv"
    json = "json"


def say(text: str) -> None:
    """On standard output."""
    print(text)  # noqa: T201  printing is its job


def print_json(data: Any) -> None:
    say(json.dumps(data, ensure_ascii=False, indent=2))


def open_ledger(db: str) -> Ledger:
    from ledger.books import open_book
    from ledger.storage.engine import Store

    return record.on(open_book(Store(db)))


@contextmanager
def reading(db: str) -> Iterator[tuple[Ledger, Session]]:
    ledger = open_ledger(db)
    operator_of(ledger, os.environ.get("METERBOOK_OPERATOR"))
    with ledger.store.reading() as session:
        yield ledger, session


def operator_of(ledger: Ledger, name: str | None) -> str:
    """Who works, as :func:`_at_work` finds out; it is written down with the command."""
    return record.by(_at_work(ledger, name))


def _at_work(ledger: Ledger, name: str | None) -> str:
    """Who works: the id of the operator at this desk, or of the script.

    A script names itself (``METERBOOK_OPERATOR``) and a file with its password
    (``METERBOOK_PASSWORD_FILE``); a person has logged in. A book without operators takes
    whoever it is at his word.

    Raises:
        Refused: nobody is logged in, or somebody else is; the password must be changed first.
    """
    from ledger import passwords, sessions
    from ledger.operators import staff

    with ledger.store.reading() as session:
        people = staff(session, ledger.book_id)
    if not people.people:
        return name or getpass.getuser()
    if password := password_file():
        proof = passwords.authenticate(
            ledger.store, ledger.book_id, ledger.book, name or getpass.getuser(), password, place=sessions.place()
        )
        if proof.must_change:
            raise Refused(proof.must_change)
        return proof.operator.id
    key = desk_key(ledger)
    known = sessions.peek(key)
    with ledger.store.reading() as session:
        stamp = passwords.stamp(session, ledger.book_id, known) if known else None
        stale = passwords.stale(session, ledger.book_id, ledger.book, known) if known else None
    login = sessions.resume(key, stamp) if stamp else None
    if login is None or known is None or not people.people[known].active:
        raise Refused(_("请先登录:meterbook login"))
    if name and people.differ(name, known):
        raise Refused(_("现在登录的是 {known};要用 {name},请先登录").format(known=people.people[known].name, name=name))
    if stale:
        raise Refused(stale + _(":meterbook password"))
    return known


def in_plain(
    ledger: Ledger, session: Session, subject: str, *, to_file: bool, unmasked: bool = False, reason: str | None = None
) -> bool:
    """Whether whoever works gets personal data in plain (C40); what is read is written down,
    and before it leaves where it leaves in plain.

    Raises:
        Refused: unmasked without reason or leave.
    """
    from ledger.disclosure import plain

    shown = plain(ledger, session, record.worker(), to_file=to_file, unmasked=unmasked, reason=reason)
    record.about(subject if shown else _("{what}(已脱敏)").format(what=subject))
    if shown and (to_file or unmasked):
        record.beforehand()
    return shown


def password_file() -> str | None:
    """The password a script brings (``METERBOOK_PASSWORD_FILE``): the first line of the file."""
    named = os.environ.get("METERBOOK_PASSWORD_FILE")
    if not named:
        return None
    try:
        return Path(named).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        raise Refused(_("读不出密码文件 {file}").format(file=named)) from None


def ask_password(prompt: str) -> str:
    """A password from the keyboard, unseen; from standard input where there is no terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt + ": ")
    return sys.stdin.readline().rstrip("\r\n")


def desk_key(ledger: Ledger) -> str:
    """What a session at this desk belongs to: this very book."""
    from ledger.books import identity

    with ledger.store.reading() as session:
        return identity(session, ledger.book_id)


def day_of(text: str | None, name: str = "--date") -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(_("“{text}”不是日期,应写作 2023-06-30").format(text=text), param_hint=name) from None


def moment_of(ledger: Ledger, text: str | None) -> str | None:
    """An instant as ``recorded_at`` columns hold it: local times are the book's, a bare day means its end."""
    if text is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            _("“{text}”不是时点,应写作 2023-07-05 或 2023-07-05T09:30").format(text=text), param_hint="--known-at"
        ) from None
    if len(text) <= len("2023-07-05"):
        moment = dt.datetime.combine(moment.date(), dt.time.max)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(ledger.book.timezone))
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def today_of(ledger: Ledger, text: str | None) -> dt.date:
    return day_of(text, "--today") or ledger.book.today()


def until_of(ledger: Ledger, date: str | None, month: str | None) -> dt.date:
    """The last day asked for: of the month, the date, else today."""
    from ledger.calendar import Calendar

    if month is not None:
        first = day_of(f"{month}-01", "--month")
        return Calendar.month_end(first or dt.date.min)
    return day_of(date) or ledger.book.today()


def make_console() -> Console:
    """The terminal; what is no terminal takes lines of any length."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    return console


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1)

        def step(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        yield step


def write_file(path: Path, content: bytes) -> None:
    """A file appears whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def show_rows(
    rows: list[dict[str, Any]], as_json: bool, *, titles: Mapping[str, str], money: tuple[str, ...] = ()
) -> None:
    """A list on the terminal, or as JSON with amounts as decimal text (``money``: columns in fen)."""
    from ledger.money import decimal_text, format_fen

    if as_json:
        print_json(
            [
                {
                    key: decimal_text(value) if key in money and value is not None else value
                    for key, value in row.items()
                }
                for row in rows
            ]
        )
        return
    from rich.table import Table

    table = Table(box=None)
    for key, title in titles.items():
        table.add_column(title, justify="right" if key in money else "left")
    for row in rows:
        table.add_row(
            *("" if row[key] is None else format_fen(row[key]) if key in money else str(row[key]) for key in titles)
        )
    make_console().print(table)


def outcome(done: Posted) -> str:
    """One line: what became of a file."""
    if done.status == "waiting":
        return _("申请 {number} 已提交,等待复核").format(number=done.request)
    if done.status == "already":
        return _("已于 {when} 记账(批次 {batch}),未重复记账").format(when=done.recorded_at[:19], batch=done.batch_id)
    if done.entries.is_empty():
        text = _("已登记 {facts} 份资料(批次 {batch})").format(facts=done.facts, batch=done.batch_id)
    else:
        first, last = done.entries.row(0, named=True), done.entries.row(-1, named=True)
        span = f"{first['vtype']}-{first['vno']:04d}"
        if len(done.entries) > 1:
            span += f"…{last['vtype']}-{last['vno']:04d}"
        text = _("已记账 {entries} 张凭证 {span},{lines} 行(批次 {batch})").format(
            entries=len(done.entries), span=span, lines=len(done.lines), batch=done.batch_id
        )
    if done.status == "dry":
        text = _("试算(未记账):") + text
    if done.skipped:
        text += _(",跳过已记账 {count} 份").format(count=done.skipped)
    return text
