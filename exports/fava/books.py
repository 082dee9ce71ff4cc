"""Books (账册): the parts of a journal that Fava shows, each small enough for a browser.

=================  ==================================================================
``overview``       总账: day batches of the open months, month batches of the others
``2023-06``        a month of all branches in full, month batches of the others
``b01-2023-06``    a month of one branch in full, month batches of everything else
=================  ==================================================================

A book's name is the first part of its address in the browser and stays what it is; its
title says up to which entry it was drawn. The file that Fava opens holds what is Fava's own
(language, first page) and asks ``exports.fava.plugin`` for the entries: no entry and no
address of a database stands in it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from exports.beancount import quoted
from exports.fava.room import Room
from exports.plaintext import months, one_line
from ledger import views
from ledger.calendar import Calendar
from ledger.i18n import _

OVERVIEW: Final = "overview"
PAGES: Final = "exports.fava.pages"
"""The module of the pages that ask the database themselves (银行存款日记账, 账龄 …)."""

CHOOSE: Final = "/books"
"""Where a reader chooses a book."""

_SLUG = re.compile(r"(?:(?P<branch>[a-z0-9]+)-)?(?P<month>\d{4}-(?:0[1-9]|1[0-2]))", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """A book: ``month`` (its first day) in full, of one branch or (None) of all; without month the overview."""

    slug: str
    month: dt.date | None = None
    branch: str | None = None

    @property
    def end(self) -> dt.date | None:
        """The last day of the month in full."""
        return Calendar.month_end(self.month) if self.month else None

    def title(self, room: Room) -> str:
        """What it is called in the language of the room: 经营公司 城南 2023-06."""
        name = one_line(room.book.name if room.language != "en" else room.book.name_en)
        return f"{name} {self.short(room)}"

    def short(self, room: Room) -> str:
        """The same without the company."""
        if self.month is None:
            return _("总账")
        return f"{branch_name(room, self.branch)} {self.month:%Y-%m}"


def branch_name(room: Room, branch: str | None) -> str:
    """A branch in the language of the room; all of them for None."""
    if branch is None:
        return _("全部所")
    known = room.book.branch(branch)
    return known.name_en if room.language == "en" else known.name


def slug_of(month: dt.date, branch: str | None = None) -> str:
    """``b01-2023-06``: ASCII, lower case."""
    return f"{month:%Y-%m}" if branch is None else f"{_ascii(branch)}-{month:%Y-%m}"


def _ascii(branch: str) -> str:
    plain = branch.lower()
    return plain if plain.isascii() and plain.isalnum() else branch.encode().hex()


def parse(room: Room, slug: str) -> View:
    """The book of a name, whether or not the month has entries.

    Raises:
        KeyError: no such book.
    """
    if slug == OVERVIEW:
        return View(OVERVIEW)
    found = _SLUG.fullmatch(slug)
    if found is None:
        raise KeyError(slug)
    month = dt.date.fromisoformat(f"{found['month']}-01")
    if found["branch"] is None:
        return View(slug, month)
    branches = {_ascii(branch.code): branch.code for branch in room.book.branches}
    return View(slug, month, branches[found["branch"]])


def span(room: Room) -> tuple[dt.date, dt.date]:
    """First and last business day of the journal; the cut-over while it is empty."""
    with room.store.reading() as session:
        return views.dates(session, room.book_id) or (room.book.cutover, room.book.cutover)


def months_of(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """First days of the months from one day to another."""
    return (start.replace(day=1) for start, _end in months(first.replace(day=1), last))


def view_text(room: Room, view: View, key: str, first: dt.date, last: dt.date) -> str:
    """The file that Fava (or ``bean-check``) opens; ``key`` names the room within this process."""
    chinese = room.language != "en"
    shown = view.month or last
    options = {
        "language": "zh" if chinese else "en",
        "locale": "zh_CN" if chinese else "en",
        # liabilities and income as the positive numbers accountants read
        "invert-income-liabilities-equity": "true",
        "show-metadata-indicators": "false",
        "default-page": f"income_statement/?time={shown:%Y-%m}",
    }
    day = min(first, room.book.cutover).isoformat()
    other = _("换账册")
    config = json.dumps({"room": key, "view": view.slug, "language": room.language})
    return "\n".join(
        [
            f'option "title" {quoted(view.title(room))}',
            f'option "operating_currency" {quoted(room.book.currency)}',
            f'plugin "exports.fava.plugin" {quoted(config)}',
            *(f'{day} custom "fava-option" {quoted(name)} {quoted(value)}' for name, value in options.items()),
            f'{day} custom "fava-sidebar-link" {quoted(other)} {quoted(CHOOSE)}',
            *([f'{day} custom "fava-extension" {quoted(PAGES)} "{{}}"'] if _with_pages() else []),
            "",
        ]
    )


def _with_pages() -> bool:
    """Whether the pages are there (a folder alone is none)."""
    found = find_spec(PAGES)
    return found is not None and found.origin is not None
