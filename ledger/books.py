"""Books in a database: create one from its data, open one for use.

The book's data (book.toml, chart.toml) is kept in the database as versions, so
that every command needs the database alone and a change of rules leaves a trace.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from ledger.accounts import CHART_FILE, Chart
from ledger.book import BOOK_FILE, Book
from ledger.config import read_text
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.journal import Ledger, account_rows
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session, Store

BOOK_ID = 1
"""A database made by ``meterbook init`` holds one book; every key carries its id all the same."""


def create_book(
    store: Store,
    *,
    book_toml: str | None = None,
    chart_toml: str | None = None,
    operator: str,
    file: str | None = None,
    chart_file: str | None = None,
) -> Ledger:
    """Make the schema and the book; accounts of the chart are opened at once.

    Raises:
        ConfigError: a fault in the data, with file and key; nothing is created.
        Refused: the database holds a book already.
    """
    book_text = read_text(BOOK_FILE) if book_toml is None else book_toml
    chart_text = read_text(CHART_FILE) if chart_toml is None else chart_toml
    book = Book.load(book_text, file=file)
    chart = Chart.load(book, chart_text, file=chart_file)
    store.create_schema()
    now = instant()
    with store.writing(BOOK_ID) as session:
        if sql.book_row(session, BOOK_ID) is not None:
            raise Refused(_("数据库中已有账套"))
        session.insert(
            "book",
            pl.DataFrame(
                {
                    "book_id": [BOOK_ID],
                    "code": [book.code],
                    "name": [book.name],
                    "cutover": [book.cutover],
                    "created_at": [now],
                }
            ),
        )
        session.insert(
            "book_config",
            pl.DataFrame(
                {
                    "book_id": [BOOK_ID], "version": [1], "book_toml": [book_text], "chart_toml": [chart_text],
                    "operator": [operator], "recorded_at": [now],
                }
            ),
        )  # fmt: skip
        opened = dt.date(1970, 1, 1)
        session.insert("account", account_rows(chart, BOOK_ID, chart.codes, opened))
    return Ledger(store=store, book_id=BOOK_ID, book=book, chart=chart, cutover=book.cutover)


def open_book(store: Store) -> Ledger:
    """The book of a database.

    Raises:
        NotFound: there is none yet (``meterbook init`` makes it).
    """
    with store.reading() as session:
        return read_book(store, session)


def read_book(store: Store, session: Session) -> Ledger:
    """The book as this session sees it.

    Raises:
        NotFound: it sees none.
    """
    row = sql.book_row(session)
    config = sql.book_config(session, row[0]) if row else None
    if row is None or config is None:
        raise NotFound(_("这个数据库中还没有账套,请先运行 meterbook init"))
    book = Book.load(config[1])
    if row[3] is not None and book.cutover != row[3]:
        book = replace(book, cutover=row[3])
    return Ledger(store=store, book_id=row[0], book=book, chart=Chart.load(book, config[2]), cutover=row[3])


def identity(session: Session, book_id: int) -> str:
    """What tells this book from every other, also from one of the same company made anew."""
    return sql.book_birth(session, book_id)


def instant() -> str:
    """The recorded instant: UTC, microseconds."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
