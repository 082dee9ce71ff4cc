"""Fava on one book: read-only, behind Meterbook's own login, on this machine unless told otherwise.

::

    request ─▶ Shield (host, method, headers) ─▶ Desk (who reads) ─▶ Fava (what is open) ─▶ Shelf ─▶ plugin ─▶ database

    room = Room(store, book, chart, book_id, language)
    opened = reading_room(room, folder)               # refuses where the overview has an error
    serve(opened, port=5000)                          # http://127.0.0.1:5000

``folder`` holds the small files that name the books; Fava, ``bean-check`` and
``bean-query`` open them, with ``METERBOOK_DB`` set, without the room too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exports.fava.room import KEY, OPERATOR, Room
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from flask import Flask

    from exports.fava.login import Desk
    from exports.fava.shelf import Shelf

HOST: Final = "127.0.0.1"
LOCAL: Final = (HOST, "localhost", "[::1]")

WORDS: Final[Mapping[str, str]] = {
    "Income Statement": "利润表",
    "Balance Sheet": "资产负债表",
    "Trial Balance": "科目余额表",
    "Holdings": "持仓",
    "Commodities": "币种",
    "Journal": "凭证流水",
    "Query": "查询",
    "Net Profit": "净利润",
    "Statistics": "统计",
    "Help": "帮助",
}
"""Where Fava's own Chinese is not the accountant's word, or missing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A room that can be served."""

    app: Flask
    desk: Desk
    shelf: Shelf


def reading_room(room: Room, folder: Path, *, hosts: Iterable[str] = ()) -> Opened:
    """The WSGI application on a room; ``hosts`` are names it answers to beside this machine's own.

    Raises:
        Refused: beancount found an error in the overview; the message lists them.
    """
    from fava.application import create_app

    from exports.fava import shield
    from exports.fava.login import LOGIN, Desk
    from exports.fava.shelf import Shelf
    from exports.fava.written import write_here

    app: Flask = create_app([], read_only=True)
    shelf = Shelf(room, folder)
    app.config["LEDGERS"] = shelf
    app.config[KEY] = room
    write_here(app)
    ledger = shelf[shelf.first_slug()]
    if ledger.errors:
        listed = "\n".join(error.message for error in ledger.errors[:10])
        raise Refused(_("beancount 发现错误:\n{errors}").format(errors=listed))
    if room.language != "en":
        own: Callable[[], dict[str, Any]] = app.jinja_env.globals["translations"]  # type: ignore[assignment]
        app.jinja_env.globals["translations"] = lambda: {**own(), **WORDS}
    desk = Desk(app.wsgi_app, room, shelf.knows)
    _choose(app, room, shelf, desk)
    shield.restrict(app)
    app.wsgi_app = shield.Shield(desk, {*LOCAL, *hosts}, posts={LOGIN})  # type: ignore[method-assign,assignment]
    return Opened(app, desk, shelf)


def _choose(app: Flask, room: Room, shelf: Shelf, desk: Desk) -> None:
    """The page that chooses a book, beside Fava's own."""
    from flask import request

    from exports.fava import forms
    from exports.fava.books import CHOOSE

    @app.route(CHOOSE, endpoint="room_books")
    def room_books() -> str:
        reader = request.environ.get(OPERATOR, "")
        return forms.choose(room, list(shelf.views()), reader=reader, staffed=desk.staffed)


def serve(opened: Opened, port: int = 5000, host: str = HOST) -> None:
    """Serve the room until interrupted.

    Raises:
        Refused: the port is taken; a book without operators is to be shown to other machines.
    """
    from cheroot.wsgi import Server

    if host not in LOCAL and not opened.desk.staffed:
        raise Refused(_("账套还没有操作员,只能在本机({host})浏览").format(host=HOST))
    server = Server((host, port), opened.app)
    try:
        server.start()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        raise Refused(_("端口 {port} 不可用").format(port=port)) from error
    finally:
        server.stop()
