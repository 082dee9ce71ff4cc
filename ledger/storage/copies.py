"""Copies of a database, made while writers work, and put in the place of another.

::

    SQLite      online backup API ─▶ one file, no WAL beside it
    PostgreSQL  pg_dump -Fc of the schema, in the very snapshot whose counts are told

Copying a SQLite file by hand loses what still stands in its WAL (reliability.md §2.4). No
password is ever an argument of a program: pg_dump and pg_restore get it in their environment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from ledger import redact
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.storage import engine
from ledger.storage.engine import Session, Store
from ledger.storage.tables import metadata

_PARTS = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE", "service": "PGSERVICE", "options": "PGOPTIONS", "connect_timeout": "PGCONNECT_TIMEOUT",
}  # fmt: skip
"""Parts of a connection → the environment of PostgreSQL's programs."""

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/Library/PostgreSQL/*/bin",
)


# -- what is in a database ---------------------------------------------------------------------


def counts(session: Session) -> dict[str, int]:
    """Rows of every table there is."""
    present = set(names(session))
    return {
        name: int(session.rows(f'SELECT count(*) FROM "{name}"')[0][0])
        for name in sorted(metadata.tables)
        if name in present
    }


def names(session: Session) -> list[str]:
    """The tables there are."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'meterbook'",
    }[session.dialect]
    return [str(row[0]) for row in session.rows(query)]


def checkpoint(session: Session, book_id: int) -> tuple[int, str] | None:
    """``(seq, signed note)`` of the newest checkpoint of the log; None without a log."""
    if "log" not in names(session):
        return None
    rows = session.rows("SELECT seq, note FROM log WHERE book_id = :b ORDER BY seq DESC LIMIT 1", b=book_id)
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def version(session: Session) -> str:
    """The database's own version."""
    query = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}[session.dialect]
    return str(session.rows(query)[0][0])


# -- SQLite ---------------------------------------------------------------------------------------


def copy_sqlite(store: Store, target: Path) -> None:
    """A consistent copy of a SQLite book as one file, while others write.

    Raises:
        Refused: the disk is full, or the book cannot be read.
    """
    assert store.path is not None
    try:
        with closing(sqlite3.connect(store.path)) as source, closing(sqlite3.connect(target)) as copy:
            source.execute("PRAGMA busy_timeout = 30000")
            source.backup(copy)  # all in one step: one snapshot, and writers do not make it begin again
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise Refused(_("备份失败:{reason}").format(reason=error)) from None


def sound_sqlite(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a file; empty where it is sound."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def put_sqlite(copy: Path, target: Path, aside: Path | None) -> None:
    """Put a verified copy in the place of a book; the old file and its WAL go aside together."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        copy.with_name(copy.name + end).unlink(missing_ok=True)
    if aside is not None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA busy_timeout = 30000")
            old.execute("BEGIN IMMEDIATE")  # nobody is in the middle of writing
            old.rollback()
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                target.with_name(target.name + end).replace(aside.with_name(aside.name + end))
    copy.replace(target)


# -- PostgreSQL -----------------------------------------------------------------------------------


def program(name: str) -> Path:
    """``pg_dump`` or ``pg_restore``: the newest installed, else what the path finds.

    Raises:
        NotFound: PostgreSQL's programs are not on this machine.
    """
    found = [path / name for place in _PLACES for path in Path("/").glob(place[1:]) if (path / name).exists()]
    windows = Path(os.environ.get("PROGRAMFILES", "/nowhere")) / "PostgreSQL"
    found += list(windows.glob(f"*/bin/{name}.exe"))
    if found:
        return max(found, key=lambda path: [int(part) for part in _digits(str(path.parent))])
    if on_path := shutil.which(name):
        return Path(on_path)
    raise NotFound(_("找不到 {name}:请在本机安装 PostgreSQL 客户端程序").format(name=name))


def _digits(text: str) -> list[str]:
    return "".join(char if char.isdigit() else " " for char in text).split()


@contextmanager
def snapshot(store: Store) -> Iterator[tuple[Session, str | None]]:
    """A reading session, and on PostgreSQL the name by which pg_dump joins its snapshot."""
    with store.reading() as session:
        name = str(session.rows("SELECT pg_export_snapshot()")[0][0]) if store.dialect == "postgresql" else None
        yield session, name


def dump_postgresql(store: Store, target: Path, snapshot_name: str) -> None:
    """pg_dump of the schema ``meterbook`` in a snapshot.

    Raises:
        NotFound: no pg_dump here.
        Refused: it failed; its words, without passwords.
    """
    options = ["--format=custom", "--schema=meterbook", f"--snapshot={snapshot_name}", "--no-password"]
    _program(store.url, "pg_dump", *options, f"--file={target}")


def restore_postgresql(url: str, dump: Path) -> None:
    """Read a dump into an empty database, owned as the book's schema must be.

    Raises:
        Refused: pg_restore failed, or the role may not make the book's roles.
    """
    with _connection(url) as connection:
        lent = engine._roles(connection)  # noqa: SLF001  one place knows how the roles are made
        try:
            _program(
                url,
                "pg_restore",
                "--exit-on-error",
                "--single-transaction",
                "--no-password",
                f"--dbname={_name(url)}",
                str(dump),
            )
        finally:
            if lent:
                connection.execute(f"REVOKE {engine.OWNER} FROM CURRENT_USER")


def sound_dump(dump: Path) -> list[str]:
    """Whether pg_restore can read a dump's list of contents; what it says if not."""
    done = subprocess.run(  # noqa: S603
        [str(program("pg_restore")), "--list", str(dump)], capture_output=True, text=True, check=False, errors="replace"
    )
    return [] if done.returncode == 0 else [done.stderr.strip()]


def database_exists(url: str) -> bool:
    """Whether the server has the database of an address."""
    with _connection(_maintenance(url)) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_name(url),)).fetchone() is not None


def create_database(url: str) -> None:
    """Make the database of an address."""
    with _connection(_maintenance(url)) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(_name(url)))
        )


def drop_database(url: str) -> None:
    """Drop a database made for a trial."""
    with _connection(_maintenance(url)) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))


def swap_databases(trial: str, target: str, aside: str | None) -> None:
    """The verified database takes the name of the other, which is kept under the name ``aside``.

    Raises:
        Refused: somebody is still connected.
    """
    with _connection(_maintenance(target)) as connection:
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with connection.transaction():
            if aside is not None:
                connection.execute(rename.format(sql.Identifier(_name(target)), sql.Identifier(aside)))
            connection.execute(rename.format(sql.Identifier(_name(trial)), sql.Identifier(_name(target))))


def renamed(url: str, database: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(make_url(url).database)


def _maintenance(url: str) -> str:
    return renamed(url, "postgres")


@contextmanager
def connected(url: str, **options: Any) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the login itself, without the application's role."""
    with psycopg.connect(**cast("Any", _arguments(make_url(url))), autocommit=True, **options) as connection:
        yield connection


@contextmanager
def _connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with connected(url) as connection:
            yield connection
    except psycopg.errors.ObjectInUse:
        raise Refused(_("还有人连着这个数据库,请先让他们退出")) from None
    except psycopg.Error as error:
        first = str(error).strip().splitlines()[:1]
        raise Refused(
            _("数据库不可用:{reason}").format(reason=redact.text("".join(first), make_url(url).password))
        ) from None


def _arguments(url: URL) -> dict[str, str]:
    """The parts of an address, as libpq names them."""
    named = url.translate_connect_args(username="user", database="dbname")
    return {key: str(value) for key, value in {**named, **url.query}.items()}


def _environment(url: str) -> Mapping[str, str]:
    """The environment in which PostgreSQL's programs find the server, and the password that is in no argument."""
    parts = _arguments(make_url(url))
    return {**os.environ, **{_PARTS[key]: value for key, value in parts.items() if key in _PARTS}}


def _program(url: str, name: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        [str(program(name)), *arguments], env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        said = redact.text(done.stderr.strip(), make_url(url).password)
        raise Refused(_("{program} 失败:{reason}").format(program=name, reason=said))
