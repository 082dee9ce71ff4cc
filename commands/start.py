"""A new book: from a book.toml, from a few questions at the terminal, or the demo company.

::

    init book.toml ───────────────────────────────┐
    init, at a terminal ─ questions ─▶ book.toml ─┴▶ the book, its administrator, templates
    init --yes, or no terminal ─ the shipped book ─▶
"""

from __future__ import annotations

import datetime as dt
import getpass
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import people, record
from commands.common import DEFAULT_DB, Db, Operator, next_step, say, write_file
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.book_text import NewBank, NewBook, NewCashier
    from ledger.journal import Ledger

BOOK_FILE = "book.toml"
TEMPLATES = ("customers", "opening_bills", "opening_items", "opening")
"""What a new book is filled with first; ``day`` follows."""
Ask = Callable[[str], str]
"""Put a question, get a line; EOFError when nobody answers any more."""


def register(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command(help=_("新建账套。例:meterbook init book.toml"))(init)


def init(
    book: Annotated[Path | None, typer.Argument(help=_("账套资料;没有时在终端上逐项询问"))] = None,
    chart: Annotated[Path | None, typer.Option("--chart", help=_("科目表"))] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("不询问,用随附的示范账套"))] = False,
    templates: Annotated[
        Path | None, typer.Option("--templates", help=_("把期初和日单据的空白模板写到这个文件夹"))
    ] = None,
    db: Db = DEFAULT_DB,
    operator: Operator = None,
) -> None:
    if book is None and not yes and sys.stdin.isatty():
        _refuse_second(db)
        book = ask_for_book(input, Path(BOOK_FILE))
        if book is None:
            return
        templates = templates or Path(_("单据模板"))
    ledger = _create(db, book, chart, operator)
    if templates is not None:
        write_templates(ledger, templates)
    here = "" if db == DEFAULT_DB else f" --db {db}"
    next_step(f"meterbook operator add …{here} / meterbook post customers …{here}")


def _create(db: str, book: Path | None, chart: Path | None, operator: str | None) -> Ledger:
    from ledger.books import create_book
    from ledger.config import read_text
    from ledger.storage.engine import Store

    ledger = create_book(
        Store(db),
        book_toml=read_text(book) if book else None,
        chart_toml=read_text(chart) if chart else None,
        operator=operator or getpass.getuser(),
        file=book.name if book else None,
        chart_file=chart.name if chart else None,
    )
    record.on(ledger)
    say(_("已建账套 {name},启用日 {day}").format(name=ledger.book.name, day=ledger.cutover))
    people.first_administrator(ledger, operator)
    return ledger


def _refuse_second(db: str) -> None:
    """Nobody answers questions for a database that has its book."""
    from ledger.books import open_book
    from ledger.errors import NotFound
    from ledger.storage.engine import Store

    if Store(db).path is not None and not Path(str(Store(db).path)).exists():
        return
    try:
        open_book(Store(db))
    except NotFound:
        return
    raise Refused(_("数据库中已有账套"))


def write_templates(ledger: Ledger, folder: Path) -> None:
    """Empty workbooks for the opening and for a day, with the names of this book."""
    from importers.documents import template
    from ledger.documents import KINDS

    folder.mkdir(parents=True, exist_ok=True)
    for number, kind in enumerate(TEMPLATES, 1):
        template.write(kind, folder / f"{number}{KINDS[kind].zh}.xlsx", book=ledger.book)
    template.write_day(folder / f"{_('日单据')}.xlsx", book=ledger.book)
    say(_("空白模板在 {folder}").format(folder=folder))


# -- the questions ----------------------------------------------------------------------------------


def ask_for_book(ask: Ask, file: Path) -> Path | None:
    """Ask, write the file, and say whether the book is made now (the file) or later (None).

    Raises:
        Refused: the file is there already; the person stopped (nothing was written).
    """
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.book_text import book_text

    if file.exists():
        raise Refused(_("{file} 已存在;用它建账:meterbook init {file}").format(file=file))
    say(_("新建账套。方括号里是默认值,直接回车即用;Ctrl-C 停止,什么也不写。"))
    try:
        new = Interview(ask).book()
        text = book_text(new)
        Chart.load(Book.load(text, file=file.name))
        write_file(file, text.encode())
        say(_("账套资料写在 {file}。请核对水价、税率、节假日和人员。").format(file=file))
        now = Interview(ask).choose(_("现在就建账吗?"), (("n", _("先核对资料")), ("y", _("现在建"))))
    except (EOFError, KeyboardInterrupt):
        say("")
        raise Refused(_("没有建账")) from None
    if now == "y":
        return file
    next_step(f"meterbook init {file}")
    return None


class Interview:
    """The few things a new company must say. What cannot be is said at once, and asked again."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask

    def book(self) -> NewBook:
        from ledger.book_text import NewBook

        name = self.text(_("单位名称"))
        name_en = self.text(_("英文名称"), default=name)
        credit_code = self.credit_code()
        utility = self.choose(
            _("收什么费"), (("water", _("水")), ("heat", _("暖")), ("gas", _("气")), ("power", _("电")))
        )
        cutover = self.date(_("期初余额的日期(上一月的月末)"), _last_month_end())
        branches = self.names(_("所(用顿号分开)"), default=_("本部"))
        banks = self.banks(branches)
        return NewBook(
            name=name, name_en=name_en, credit_code=credit_code, utility=utility, cutover=cutover, branches=branches,
            banks=banks, cashiers=self.cashiers(branches, banks), people=self.people(), tax_method=self.tax(),
            head_office=self.text(_("上交款项的总公司,收款户名"), default=_("总公司财务部")),
            treasury=self.text(_("代征费用的财政专户,收款户名"), default=_("财政专户")),
        )  # fmt: skip

    def text(self, question: str, *, default: str | None = None) -> str:
        while True:
            said = self.ask(f"{question} [{default}]: " if default else f"{question}: ").strip()
            if said or default:
                return said or str(default)
            say(_("不能为空"))

    def names(self, question: str, *, default: str = "", needed: bool = True) -> list[str]:
        """Several names on one line, each once."""
        while True:
            said = self.ask(f"{question} [{default}]: " if default else f"{question}: ").strip() or default
            found = list(dict.fromkeys(part for part in re.split(r"[、,,;;\s]+", said) if part))
            if found or not needed:
                return found

    def choose(self, question: str, options: tuple[tuple[str, str], ...]) -> str:
        """One of a few, by its number or word; the first is the default."""
        listed = " ".join(f"{number}={title}" for number, (_key, title) in enumerate(options, 1))
        while True:
            said = self.ask(f"{question} {listed} [1]: ").strip() or "1"
            for number, (key, title) in enumerate(options, 1):
                if said in (str(number), key, title):
                    return key
            say(_("请回答 1 至 {n}").format(n=len(options)))

    def date(self, question: str, default: dt.date) -> dt.date:
        while True:
            said = self.text(question, default=default.isoformat())
            try:
                return dt.date.fromisoformat(said)
            except ValueError:
                say(_("“{text}”不是日期,应写作 2023-06-30").format(text=said))

    def credit_code(self) -> str:
        from ledger.book_file import is_credit_code

        while True:
            said = self.ask(_("统一社会信用代码(可空): ")).strip().upper()
            if not said or is_credit_code(said):
                return said
            say(_("“{x}”不是统一社会信用代码(18位,末位为校验码)").format(x=said))

    def banks(self, branches: list[str]) -> list[NewBank]:
        """Revenue accounts, at least one; an empty bank name ends the list."""
        from ledger.book_text import NewBank

        found: list[NewBank] = []
        while True:
            more = _(",没有更多就回车") if found else ""
            name = self.ask(_("收费账户 {n}:开户银行全称{more}: ").format(n=len(found) + 1, more=more)).strip()
            if not name:
                if found:
                    return found
                say(_("不能为空"))
                continue
            number = re.sub(r"[\s-]", "", self.text(_("账号")))
            made = NewBank(name, number, self.branch(branches))
            if not number.isalnum() or any(made.short == one.short for one in found):
                say(_("账号 {number} 不对或与前面的重复").format(number=number))
                continue
            say(_("简称 {short}").format(short=made.short))
            found.append(made)

    def branch(self, branches: list[str]) -> int:
        if len(branches) == 1:
            return 0
        return branches.index(self.choose(_("属于哪个所"), tuple((name, name) for name in branches)))

    def cashiers(self, branches: list[str], banks: list[NewBank]) -> list[NewCashier]:
        from ledger.book_text import NewCashier

        found: list[NewCashier] = []
        while not found:
            for stream, question in (
                ("resident", _("居民户收费员(用顿号分开,可空)")),
                ("entity", _("单位户收费员(用顿号分开,可空)")),
            ):
                for name in self.names(question, needed=False):
                    if any(name == one.name for one in found):
                        continue
                    say(f"  {name}")
                    bank = 0
                    if len(banks) > 1:
                        chosen = self.choose(_("现金缴存到"), tuple((one.short, one.short) for one in banks))
                        bank = [one.short for one in banks].index(chosen)
                    found.append(NewCashier(name, stream, self.branch(branches), bank))
        return found

    def people(self) -> list[tuple[str, str]]:
        """Who does what; a post that nobody holds yet stays empty."""
        posts = (
            ("收费班长", _("收费班长")), ("制票员", _("制票员")), ("明细账会计", _("明细账会计")), ("复核", _("复核")),
            ("审批", _("审批")), ("财务部负责人", _("财务部负责人")), ("稽核", _("稽核")),
        )  # fmt: skip
        return [(post, name) for post, title in posts if (name := self.ask(f"{title}: ").strip())]

    def tax(self) -> str:
        return self.choose(
            _("增值税计税方法"), (("simplified", _("简易 3 %")), ("general", _("一般计税")), ("exempt", _("免税")))
        )


def _last_month_end() -> dt.date:
    return dt.datetime.now().astimezone().date().replace(day=1) - dt.timedelta(days=1)
