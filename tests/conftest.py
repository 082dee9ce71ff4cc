"""Fixtures for every test: a fresh book on each database.

``store`` runs a test twice, on SQLite and on PostgreSQL; ``new_store`` gives as many
as a test asks for. On PostgreSQL they connect as a login role that is a member of
``meterbook_app`` and nothing more, as an application does.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).parent.parent))

from ledger.storage import Store
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIALECTS = ("sqlite", "postgresql")

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile("meterbook", deadline=None)
hypothesis.settings.load_profile("meterbook")
LOGIN = "meterbook_test"


@pytest.fixture(scope="session", autouse=True)
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Logins of tests are nobody's at this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METERBOOK_STATE", str(tmp_path_factory.mktemp("state")))
        patch.setenv("METERBOOK_KEY", str(tmp_path_factory.mktemp("key") / "meterbook.key"))
        for name in ("METERBOOK_OPERATOR", "METERBOOK_PASSWORD_FILE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running cluster: the URL of its superuser. Its absence is a failure under CI."""
    try:
        running = postgres.cluster()
        url = running.__enter__()
    except postgres.NoPostgres as reason:
        message = f"PostgreSQL NOT TESTED: {reason}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    try:
        yield url
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Name of a database with the schema in it, to be copied; also makes the login role."""
    name = "meterbook_template"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        store = Store(database_url(postgres_url, name))
        store.create_schema()
        store.dispose()
        admin.execute(f"CREATE ROLE {LOGIN} LOGIN NOSUPERUSER IN ROLE meterbook_app")
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "book.db"
    store = Store(f"sqlite:///{path}")
    store.create_schema()
    store.dispose()
    return path


@pytest.fixture
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """``new_store(dialect)``: an empty database with the schema, ready to be written."""
    made: list[Store] = []
    numbers = itertools.count(1)

    def make(dialect: str) -> Store:
        if dialect == "sqlite":
            path = tmp_path / f"book{next(numbers)}.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            store = Store(f"sqlite:///{path}")
        else:
            admin_url = request.getfixturevalue("postgres_url")
            template = request.getfixturevalue("postgres_template")
            name = new_database(admin_url, template)
            store = Store(database_url(admin_url, name, LOGIN))
        made.append(store)
        return store

    yield make
    for store in made:
        store.dispose()
        if store.dialect == "postgresql":
            admin_url = request.getfixturevalue("postgres_url")
            with psycopg.connect(admin_url, autocommit=True) as admin:
                name = sql.Identifier(str(make_url(store.url).database))
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, new_store: Callable[[str], Store]) -> Store:
    """A fresh Store with the schema; each test runs on both databases."""
    return new_store(request.param)


_databases = itertools.count(1)


def new_database(admin_url: str, template: str = "template1") -> str:
    """Make a database of a new name; gives the name."""
    name = f"t{next(_databases)}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def database_url(url: str, database: str, user: str = "postgres") -> str:
    """The same server, another database and user."""
    return make_url(url).set(database=database, username=user).render_as_string(hide_password=False)
