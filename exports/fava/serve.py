"""Fava on the exported text, read-only, on this machine only.

::

    with store.reading() as session:
        view = open_view(session, book, chart, folder)   # exports, writes the view file
    serve(view, port=5000)                               # http://127.0.0.1:5000

The view file includes the export and holds what is Fava's own: language, first page.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exports import beancount
from exports.beancount import quoted
from exports.plaintext import one_line
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.errors import Refused
from ledger.i18n import _, current_language
from ledger.storage.engine import Session

if TYPE_CHECKING:
    from flask import Flask

VIEW: Final = "view.beancount"
HOST: Final = "127.0.0.1"

WORDS: Final[Mapping[str, str]] = {
    "Income Statement": "利润表",
    "Balance Sheet": "资产负债表",
    "Trial Balance": "科目余额表",
    "Holdings": "持仓",
    "Commodities": "币种",
}
"""Where Fava's own Chinese is not the accountant's word."""


def open_view(
    session: Session, book: Book, chart: Chart, folder: Path, *, book_id: int = 1, language: str | None = None
) -> Path:
    """Export the journal into ``folder`` and write the view file that Fava opens; gives its path."""
    done = beancount.export(session, book, chart, folder, book_id=book_id)
    known = views.dates(session, book_id)
    day = (known[0] if known else book.cutover).isoformat()
    last = (known[1] if known else book.cutover).strftime("%Y-%m")
    chinese = (language or current_language()) != "en"
    options = {
        "language": "zh" if chinese else "en",
        "locale": "zh_CN" if chinese else "en",
        # liabilities and income as the positive numbers accountants read
        "invert-income-liabilities-equity": "true",
        "show-metadata-indicators": "false",
        "default-page": f"income_statement/?time={last}",
    }
    lines = [
        f'option "title" {quoted(one_line(book.name if chinese else book.name_en))}',
        f'option "operating_currency" {quoted(book.currency)}',
        *(f'{day} custom "fava-option" {quoted(key)} {quoted(value)}' for key, value in options.items()),
        f"include {quoted(done.main.name)}",
        "",
    ]
    view = folder / VIEW
    view.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return view


def application(view: Path, host: str = HOST) -> Flask:
    """The WSGI application on one view: no request but GET, no host name but this machine's and ``host``.

    Raises:
        Refused: beancount found an error in the export; the message lists them.
    """
    from fava.application import create_app

    gc.disable()  # loading makes millions of objects that all stay: collecting them costs a third of the time
    try:
        app: Flask = create_app([str(view)], load=True, read_only=True)
    finally:
        gc.enable()
    app.config["TRUSTED_HOSTS"] = [HOST, "localhost", host]
    (ledger,) = app.config["LEDGERS"].ledgers
    if ledger.errors:
        listed = "\n".join(error.message for error in ledger.errors[:10])
        raise Refused(_("beancount 发现错误:\n{errors}").format(errors=listed))
    if ledger.fava_options.language == "zh":
        own: Callable[[], dict[str, Any]] = app.jinja_env.globals["translations"]  # type: ignore[assignment]
        app.jinja_env.globals["translations"] = lambda: {**own(), **WORDS}
    return app


def serve(view: Path, port: int = 5000, host: str = HOST) -> None:
    """Serve the view until interrupted.

    Raises:
        Refused: the port is taken.
    """
    from cheroot.wsgi import Server

    server = Server((host, port), application(view, host))
    try:
        server.start()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        raise Refused(_("端口 {port} 不可用").format(port=port)) from error
    finally:
        server.stop()
