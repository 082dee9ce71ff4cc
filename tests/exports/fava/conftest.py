"""The reading room on the acceptance month: June 2023 with its statements and matches, opened in Fava."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exports import beancount
from ledger.books import create_book
from ledger.i18n import current_language, set_language
from ledger.storage.engine import Store
from tests.conftest import DIALECTS, LOGIN, database_url, new_database
from tests.month.conftest import JULY, JUNE, JUNE_END, Book

pytest.importorskip("fava")

from exports.fava.room import KEY, Room


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A room speaks its own language; other tests keep theirs."""
    before = current_language()
    yield
    set_language(before)


def empty_store(request: pytest.FixtureRequest, dialect: str, folder: Path) -> Store:
    """A database with the schema in it."""
    if dialect == "sqlite":
        path = folder / "book.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return Store(f"sqlite:///{path}")
    admin = request.getfixturevalue("postgres_url")
    return Store(database_url(admin, new_database(admin, request.getfixturevalue("postgres_template")), LOGIN))


def june_book(store: Store) -> Book:
    """June 2023: documents, statements, matches."""
    book = Book(create_book(store, operator="tester"))
    book.post_folder(JUNE, JUNE_END)
    book.statements(JUNE)
    book.reconcile("2023-06")
    return book


@pytest.fixture(scope="module", params=DIALECTS)
def june(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    store = empty_store(request, request.param, tmp_path_factory.mktemp("room"))
    yield june_book(store)
    store.dispose()


def application(book: Book, folder: Path, language: str = "zh_CN") -> Any:
    """Fava on the book's own export, with our pages and their room."""
    from fava.application import create_app

    ledger = book.ledger
    chinese = language == "zh_CN"
    with ledger.store.reading() as session:
        done = beancount.export(session, ledger.book, ledger.chart, folder)
    view = folder / "view.beancount"
    view.write_text(
        'option "title" "room"\noption "operating_currency" "CNY"\n'
        f'2023-05-31 custom "fava-option" "language" "{"zh" if chinese else "en"}"\n'
        '2023-05-31 custom "fava-extension" "exports.fava.pages" "{}"\n'
        f'include "{done.main.name}"\n',
        encoding="utf-8",
    )
    app = create_app([str(view)], load=True, read_only=True)
    app.testing = True
    app.config[KEY] = Room(ledger.store, ledger.book, ledger.chart, ledger.book_id, language)
    return app


Get = Callable[..., Any]


@pytest.fixture(scope="module")
def app(june: Book, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return application(june, tmp_path_factory.mktemp("view"))


@pytest.fixture
def get(app: Any) -> Get:
    """``get("BankJournal", month="2023-06")``: a page, by its class and words."""
    client = app.test_client()

    def page(name: str, operator: str = "", **words: Any) -> Any:
        return client.get(f"/room/extension/{name}/", query_string=words, environ_base={"meterbook.operator": operator})

    return page


__all__ = ["JULY", "Get", "application", "empty_store", "june_book"]
