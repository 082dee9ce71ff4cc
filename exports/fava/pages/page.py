"""What every page of the reading room shares: the book it reads, who reads, what was asked, how it refuses.

A page is a view of the database, drawn by SQL and never by BQL, so that it costs the same
whatever Fava has loaded. It only reads. Its template (``templates/<Class>.html``) gets what
:meth:`Page.view` returns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fava.ext import FavaExtensionBase, extension_endpoint
from flask import Response, after_this_request, current_app, request, url_for

from exports import reports
from exports.fava.pages import kept
from exports.fava.pages.asked import Asked, months_around
from exports.fava.pages.sheet import Form, Links, Sheet, form, sheet
from exports.fava.room import BRANCH, KEY, OPERATOR, Room
from exports.masked import masked
from exports.report import Column, Period, Report, Row
from ledger import reading, views
from ledger.book import Bank
from ledger.errors import MeterbookError, NotFound, Refused
from ledger.i18n import _, current_language, set_language
from ledger.masking import may_see_personal_data
from ledger.operators import staff
from ledger.storage.engine import Session

STYLE = Path(__file__).parent / "pages.css"

OWN = ("time", "account", "filter", "conversion", "interval")
"""What Fava itself keeps in the address."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One field of a page's form; ``options`` are (value, name), none for a field to write in."""

    name: str
    title: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Reading:
    """One request: a session, the book, what is asked, whether its reader sees personal data in plain.

    ``own``: the branch that he is confined to (None: he sees all of them).
    """

    session: Session
    room: Room
    asked: Asked
    plain: bool
    page: str
    own: str | None = None
    here: dict[str, Any] = field(default_factory=dict)
    """What the form of the page says; links to its other pages say it too."""

    def address(self, page: str | None = None, /, **words: Any) -> str:
        """Where a page with these words is; Fava's own filters go along."""
        return address(page or self.page, **words)

    def turned(self, number: int, name: str = "page") -> str:
        """The same, leafed to another page."""
        return self.address(**{**self.here, name: number})

    def report(self, code: str, **asked: Any) -> Report:
        """A register (``exports.reports.build``), drawn once for the state of the book."""
        state = reading.state(self.session, self.room.book_id)
        key = (self.room.store.url, self.room.book_id, state, current_language(), code, tuple(sorted(asked.items())))

        def draw() -> Report:
            return reports.build(
                code, self.session, self.room.book, self.room.chart, book_id=self.room.book_id, **asked
            )

        return kept.keep(key, draw)

    def form(self, report: Report, links: Links | None = None, name: str = "page") -> Form:
        """One page of a register."""
        number = self.asked.number(name)
        return form(report, page=number, address=lambda n: self.turned(n, name), plain=self.plain, links=links)

    def sheet(self, columns: Sequence[Column], rows: Sequence[Row], links: Links | None = None) -> Sheet:
        """A table of few rows, masked where the reader's role asks for it."""
        day = dt.date.min  # of no period: a report only so that it is masked as one
        listed = Report(code="", title="", period=Period(day, day), columns=columns, rows=rows)
        return sheet((listed if self.plain else masked(listed)).table("html"), links)

    def last(self) -> dt.date:
        """The last business date in the journal."""
        known = views.dates(self.session, self.room.book_id)
        return known[1] if known else self.room.book.cutover

    def month(self) -> str:
        """The month asked for, else that of the last business date."""
        month = self.asked.month() or f"{self.last():%Y-%m}"
        self.here["month"] = month
        return month

    @property
    def banks(self) -> tuple[Bank, ...]:
        """The bank accounts that the reader may see: of all branches, or of his own."""
        return tuple(bank for bank in self.room.book.banks if self.own in (None, bank.branch))

    def bank(self) -> str:
        """The code of the bank account asked for, else of the first.

        Raises:
            NotFound: the book has no such account.
            Refused: it is of another branch than the reader's.
        """
        given = self.asked.text("bank")
        if given is None and not self.banks:
            raise NotFound(_("没有可看的银行账户"))
        bank = self.banks[0] if given is None else self.room.book.bank(given)
        self.within(bank.branch)
        self.here["bank"] = bank.code
        return bank.code

    def any_bank(self) -> str | None:
        """The same; without a word all accounts (None), for whoever sees all branches."""
        return None if self.own is None and self.asked.text("bank") is None else self.bank()

    def branch(self) -> str | None:
        """The code of the branch asked for; None: all, for whoever sees all.

        Raises:
            NotFound: the book has no such branch.
            Refused: it is another than the reader's.
        """
        given = self.asked.text("branch")
        code = self.own if given is None else self.room.book.branch(given).code
        if code is not None:
            self.within(code)
            self.here["branch"] = code
        return code

    def within(self, branch: str | None) -> None:
        """Hold what is asked for to the reader's branch; None stands for the whole company.

        Raises:
            Refused: he is confined to another branch.
        """
        if self.own is not None and branch != self.own:
            raise Refused(_("只能看本所({branch})的账").format(branch=self.room.book.branch(self.own).name))

    def moment(self, instant: str) -> str:
        """An instant of the database (UTC) on the clock of the book, to the second."""
        local = dt.datetime.fromisoformat(instant).astimezone(ZoneInfo(self.room.book.timezone))
        return f"{local:%Y-%m-%d %H:%M:%S}"

    # -- the fields of the form ------------------------------------------------------------

    def choose_month(self, month: str) -> Choice:
        """A field for a month."""
        return Choice("month", _("月份"), "month", month)

    def choose_bank(self, bank: str | None, *, all_of_them: bool = False) -> Choice:
        """A field for one of the bank accounts, or all."""
        options = tuple((one.code, f"{one.short} {one.code}") for one in self.banks)
        everything = (("", _("全部账户")),) if all_of_them and self.own is None else ()
        return Choice("bank", _("银行账户"), "select", bank or "", (*everything, *options))

    def choose_branch(self, branch: str | None) -> Choice:
        """A field for one of the branches, or all."""
        chinese = current_language() == "zh_CN"
        options = tuple(
            (one.code, one.name if chinese else one.name_en)
            for one in self.room.book.branches
            if self.own in (None, one.code)
        )
        everything = (("", _("全部所")),) if self.own is None else ()
        return Choice("branch", _("所"), "select", branch or "", (*everything, *options))

    def around(self, month: str) -> dict[str, str]:
        """Links to the months before and after."""
        before, after = months_around(month)
        return {
            "before": self.address(**{**self.here, "month": before}),
            "after": self.address(**{**self.here, "month": after}),
        }


class Page(FavaExtensionBase):
    """A page; subclasses say its title and what it shows."""

    def title(self) -> str:
        """Its name in the language of the room."""
        raise NotImplementedError

    def view(self, here: Reading) -> Mapping[str, Any]:
        """What its template gets.

        Raises:
            MeterbookError: what is asked for is not to be had; the page says why.
        """
        raise NotImplementedError

    @property
    def report_title(self) -> str | None:  # type: ignore[override]  # Fava reads it at each request
        """The name in Fava's side bar; without a room there is no page."""
        room = current_app.config.get(KEY)
        if room is None:
            return None
        set_language(room.language)
        return self.title()

    def page(self) -> dict[str, Any]:
        """The template's context: the view, or ``faults`` that say why there is none."""
        room: Room = current_app.config[KEY]
        set_language(room.language)
        shared: dict[str, Any] = {
            "title": self.title(),
            "style": f"{address('BankJournal', bare=True)}pages.css?v={_fingerprint()}",
            "own": [(name, request.args[name]) for name in OWN if request.args.get(name)],
            "action": address(self.name, bare=True),
            "faults": [],
            "words": words(),
        }
        try:
            with room.store.reading() as session:
                plain = sees_plain(session, room, request.environ.get(OPERATOR) or "")
                here = Reading(session, room, Asked(request.args), plain, self.name, request.environ.get(BRANCH))
                return {**shared, **self.view(here)}
        except MeterbookError as error:
            _status(404 if isinstance(error, NotFound) else 400)
            return {**shared, "faults": [fault.text() for fault in error.faults]}

    # Fava types its decorator for its own base class alone
    @extension_endpoint("pages.css")  # type: ignore[untyped-decorator, arg-type]
    def style(self) -> Response:
        """The style of all pages: a file of our own, so that nothing in a page need be inline."""
        response = Response(STYLE.read_bytes(), mimetype="text/css")
        response.cache_control.max_age = 86400
        return response


def address(page: str, /, *, bare: bool = False, **words: Any) -> str:
    """The path of a page with these words; Fava's own filters go along unless it is ``bare``."""
    given: dict[str, Any] = {name: str(value) for name, value in words.items() if value is not None}
    if bare:
        given |= dict.fromkeys(OWN)
    # flask's, not Fava's: that one keeps every address it ever made in one store for all applications
    return url_for("extension_report", extension_name=page, **given)


def sees_plain(session: Session, room: Room, operator: str) -> bool:
    """Whether a reader sees personal data in plain (C40): by his role, on the screen. A stranger does not.

    The rule of ``ledger.disclosure.plain``; nobody can ask for more here than his role gives him.
    """
    people = staff(session, room.book_id)
    if people.unstaffed:
        return True
    try:
        person = people.find(operator)
    except NotFound:
        return False
    return person.active and may_see_personal_data(person.role)


def words() -> dict[str, str]:
    """The words that the templates share."""
    return {
        "show": _("查看"), "before": _("上月"), "after": _("下月"), "unit": _("单位"), "period": _("期间"),
        "ties": _("勾稽"), "left": _("左"), "right": _("右"), "difference": _("差额"), "result": _("结果"),
        "level": _("平"), "off": _("不平"), "none": _("无"), "all_level": _("勾稽全部相符"), "first": _("首页"),
        "previous": _("上一页"), "next": _("下一页"), "last": _("末页"), "colon": _(":"),
    }  # fmt: skip


def _fingerprint() -> str:
    return sha256(STYLE.read_bytes()).hexdigest()[:12]


def _status(code: int) -> None:
    """Say it in the status too; Fava's own fetches show nothing but an error then, so those stay 200."""
    if request.args.get("partial"):
        return

    @after_this_request
    def mark(response: Response) -> Response:
        response.status_code = code
        return response
