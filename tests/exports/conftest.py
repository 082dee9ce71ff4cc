"""The acceptance month, posted once per database and read by every test of the exports."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from ledger.accounts import Chart
from ledger.book import Book
from ledger.storage import Store
from tests.conftest import DIALECTS, LOGIN, database_url, new_database
from tests.exports import june

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def book() -> Book:
    """The shipped book: the demo company."""
    return Book.load()


@pytest.fixture(scope="session")
def chart(book: Book) -> Chart:
    """The shipped chart."""
    return Chart.load(book)


def _store(request: pytest.FixtureRequest, dialect: str, folder: Any) -> Iterator[Store]:
    if dialect == "sqlite":
        path = folder.mktemp("june") / "book.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        store = Store(f"sqlite:///{path}")
        yield store
        store.dispose()
        return
    admin_url = request.getfixturevalue("postgres_url")
    name = new_database(admin_url, request.getfixturevalue("postgres_template"))
    store = Store(database_url(admin_url, name, LOGIN))
    yield store
    store.dispose()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(make_url(store.url).database)))
        )


@pytest.fixture(scope="session", params=DIALECTS)
def june_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, book: Book, chart: Chart
) -> Iterator[Store]:
    """June 2023 on each database; tests only read it."""
    stores = _store(request, request.param, tmp_path_factory)
    store = next(stores)
    june.post_june(store, book, chart)
    yield store
    next(stores, None)


@pytest.fixture(scope="session", params=DIALECTS)
def july_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, book: Book, chart: Chart
) -> Iterator[Store]:
    """June and what clears it in July (§6.6)."""
    stores = _store(request, request.param, tmp_path_factory)
    store = next(stores)
    june.post_june(store, book, chart)
    june.post_july(store)
    yield store
    next(stores, None)
