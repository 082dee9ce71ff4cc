r"""The beancount plugin that reads a book from the database instead of from text.

::

    plugin "exports.fava.plugin" "{\"view\": \"b01-2023-06\"}"

Within ``meterbook fava`` the database is the one of the room that the configuration names.
Anywhere else (``bean-check``, ``bean-query``, plain ``fava``) it is the one of
``METERBOOK_DB``: never does an address stand in a file, an option or an error. A book is
one snapshot; its title says up to which entry.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any, NamedTuple

from beancount import loader

from exports.fava import books, entries, sets
from exports.fava.room import Room, room_of
from ledger import redact
from ledger.books import open_book
from ledger.errors import MeterbookError, Refused
from ledger.i18n import _, current_language, set_language
from ledger.storage.engine import Store

__plugins__ = ("read_book",)

DB = "METERBOOK_DB"


class BookError(NamedTuple):
    """What kept a book from being read, as beancount reports errors."""

    source: dict[str, Any]
    message: str
    entry: None = None


def read_book(found: list[Any], options: dict[str, Any], config: str = "") -> tuple[list[Any], list[BookError]]:
    """Add the entries of the book that ``config`` names to those ``found`` in the file."""
    try:
        slug, key, language = _asked(config)
        room = room_of(key)
        if room is None:
            options["include"] = [*options["include"], _cache_of(options["filename"])]
            room = _from_environment(language)
        view = _view(room, slug)
        content = _content(room, view)
        made = list(entries.everything(content, room.chart, room.book.currency, room.book.cutover))
    except MeterbookError as error:
        return found, [_fault(fault.text()) for fault in error.faults]
    except Exception as error:  # beancount would print a traceback, and Fava would show it to everyone
        return found, [_fault(_("读不出账册:{what}").format(what=type(error).__name__))]
    options["title"] = _title(options["title"], content)
    options["dcontext"].update(Decimal("0.00"), room.book.currency)
    return found + made, []


def _cache_of(file: str) -> str:
    """The file in which beancount would keep what it loaded, to give it out again while the view file is the same.

    As one of the files read it is never older than itself: what is kept is never taken for fresh.
    """
    pattern = os.environ.get("BEANCOUNT_LOAD_CACHE_FILENAME") or loader.PICKLE_CACHE_FILENAME
    return str(loader.get_cache_filename(pattern, file))


def _fault(message: str) -> BookError:
    return BookError({"filename": entries.SOURCE, "lineno": 0}, redact.text(redact.address(message)))


def _asked(config: str) -> tuple[str, str, str]:
    """View, room and language of a configuration.

    Raises:
        Refused: it names no view.
    """
    try:
        asked = json.loads(config)
        return str(asked["view"]), str(asked.get("room", "")), str(asked.get("language", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Refused(_("插件配置应写作 {example}").format(example='{"view": "overview"}')) from None


def _view(room: Room, slug: str) -> books.View:
    try:
        return books.parse(room, slug)
    except KeyError:
        raise Refused(_("没有账册“{name}”").format(name=slug)) from None


def _from_environment(language: str) -> Room:
    url = os.environ.get(DB)
    if not url:
        raise Refused(_("请用环境变量 {name} 指明数据库").format(name=DB))
    if language in ("zh_CN", "en"):
        set_language(language)
    try:
        ledger = open_book(Store(url))
    except MeterbookError:
        raise Refused(_unreadable()) from None
    return Room(ledger.store, ledger.book, ledger.chart, ledger.book_id, current_language())


def _content(room: Room, view: books.View) -> sets.Sets:
    try:
        with room.store.reading() as session:
            return sets.read(session, room.book_id, view, room.book.cutover)
    except MeterbookError:
        raise Refused(_unreadable()) from None


def _unreadable() -> str:
    """Instead of what the database says, which names the machine or the file."""
    return _("数据库读不出,请检查 {name}").format(name=DB)


def _title(title: str, content: sets.Sets) -> str:
    said = [_("截至分录 {entry}").format(entry=content.state.last_entry)]
    if content.cut:
        said.append(_("凭证过多,按日汇总"))
    if content.state.unstaffed:
        said.append(_("未配备人员"))
    comma = _(",")
    return f"{title} ({comma.join(said)})"
