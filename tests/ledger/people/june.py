"""June of the demo company by its people, built once per database and copied for each test."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import demo
from ledger.books import create_book, open_book
from ledger.journal import Ledger
from ledger.storage.engine import Store
from tests.conftest import LOGIN, database_url, new_database

JUNE = demo.demo_files() / "2023-06"
AFTER = dt.date(2023, 7, 5)


def month(store: Store) -> Ledger:
    """June of the demo company by its people, up to but without its signatures and close."""
    ledger = create_book(store, operator="T01")
    demo.hire(ledger)
    demo._documents(ledger, JUNE)
    demo._statements(ledger, JUNE, dt.date(2023, 6, 30))
    return ledger


made: dict[str, str] = {}
"""Dialect → the month as it was built: once for every module that takes the fixtures from here."""


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """``built(dialect)``: a file or the name of a database that holds the month, made once and copied."""

    def build(dialect: str) -> str:
        if dialect not in made:
            if dialect == "sqlite":
                name = str(tmp_path_factory.mktemp("june") / "book.db")
                shutil.copyfile(request.getfixturevalue("sqlite_template"), name)
                store = Store(f"sqlite:///{name}")
            else:
                admin = request.getfixturevalue("postgres_url")
                name = new_database(admin, request.getfixturevalue("postgres_template"))
                store = Store(database_url(admin, name, LOGIN))
            month(store)
            store.dispose()
            made[dialect] = name
        return made[dialect]

    return build


@pytest.fixture(params=("sqlite", "postgresql"))
def june(request: pytest.FixtureRequest, built: Callable[[str], str], tmp_path: Path) -> Iterator[Ledger]:
    """A copy of the month, on each database."""
    source = built(request.param)
    if request.param == "sqlite":
        for file in Path(source).parent.glob("book.db*"):
            shutil.copyfile(file, tmp_path / file.name)
        store = Store(f"sqlite:///{tmp_path / 'book.db'}")
    else:
        admin = request.getfixturevalue("postgres_url")
        store = Store(database_url(admin, new_database(admin, source), LOGIN))
    yield open_book(store)
    store.dispose()


def sign_all(ledger: Ledger, today: dt.date = AFTER) -> None:
    demo._sign(ledger, "2023-06", today)
    demo._accept(ledger, today)
