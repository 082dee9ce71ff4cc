"""The acceptance month (domain §6), built once per database from the files of ``demo/``."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exports import reports
from exports.render import json as json_medium
from importers.documents import read
from importers.folder import document_files, post_folder
from importers.statements.store import import_statement
from ledger.books import create_book
from ledger.journal import Ledger, Posted, post
from ledger.reconcile import run
from ledger.storage.engine import Store
from tests.conftest import LOGIN, database_url, new_database

DEMO = Path(__file__).parents[2] / "demo"
JUNE = DEMO / "2023-06"
JULY = DEMO / "2023-07"
JUNE_END = dt.date(2023, 6, 30)
DIALECTS = ("sqlite", "postgresql")

NewStore = Callable[[str], Store]


@pytest.fixture(scope="module")
def module_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStore]:
    """``module_store(dialect)``: a database with the schema that lives as long as the module."""
    made: list[Store] = []

    def make(dialect: str) -> Store:
        if dialect == "sqlite":
            path = tmp_path_factory.mktemp("month") / "book.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            store = Store(f"sqlite:///{path}")
        else:
            admin = request.getfixturevalue("postgres_url")
            store = Store(database_url(admin, new_database(admin, request.getfixturevalue("postgres_template")), LOGIN))
        made.append(store)
        return store

    yield make
    for store in made:
        store.dispose()


@dataclass
class Book:
    """The book of the month and how people ask it."""

    ledger: Ledger

    def post_folder(self, folder: Path, today: dt.date) -> None:
        for _done in post_folder(self.ledger, folder, operator="tester", today=today, progress=lambda *_step: None):
            pass

    def post(self, path: Path, kind: str, today: dt.date = JUNE_END, **options: Any) -> Posted:
        documents = read(path, kind, self.ledger.book)
        assert documents.faults == ()
        return post(self.ledger, [documents], operator="tester", today=today, **options)

    def post_until(self, name: str, today: dt.date = JUNE_END) -> None:
        """Post the files of June whose names sort before ``name``."""
        for path, kind in document_files(JUNE):
            if path.name < name:
                self.post(path, kind, today)

    def statements(self, folder: Path) -> None:
        book = self.ledger.book
        for path in sorted((folder / "statements").iterdir()):
            with self.ledger.store.writing(self.ledger.book_id) as session:
                import_statement(
                    session, self.ledger.book_id, book.bank(path.stem), path, operator="tester", cutover=book.cutover
                )

    def reconcile(self, month: str) -> None:
        book = self.ledger.book
        for bank in book.banks:
            with self.ledger.store.writing(self.ledger.book_id) as session:
                run.run(session, self.ledger.book_id, book, bank, month, operator="tester")

    def report(self, name: str, **asked: Any) -> dict[str, Any]:
        """A register as its JSON."""
        with self.ledger.store.reading() as session:
            made = reports.build(
                name, session, self.ledger.book, self.ledger.chart, book_id=self.ledger.book_id, **asked
            )
        return json_medium.data(made)


@pytest.fixture(scope="module", params=DIALECTS)
def june(request: pytest.FixtureRequest, module_store: NewStore) -> Book:
    """June 2023: documents, statements, matches."""
    book = Book(create_book(module_store(request.param), operator="tester"))
    book.post_folder(JUNE, JUNE_END)
    book.statements(JUNE)
    book.reconcile("2023-06")
    return book


@pytest.fixture(scope="module", params=DIALECTS)
def july(request: pytest.FixtureRequest, module_store: NewStore) -> Book:
    """June and the first days of July (§6.6)."""
    book = Book(create_book(module_store(request.param), operator="tester"))
    book.post_folder(JUNE, JUNE_END)
    book.statements(JUNE)
    book.reconcile("2023-06")
    book.post_folder(JULY, dt.date(2023, 7, 5))
    book.statements(JULY)
    book.reconcile("2023-07")
    return book


@pytest.fixture(params=DIALECTS)
def fresh(request: pytest.FixtureRequest, new_store: NewStore) -> Book:
    """A book with nothing in it, for one test."""
    return Book(create_book(new_store(request.param), operator="tester"))
