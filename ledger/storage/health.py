"""What a database says of its own state, and how it differs from what Meterbook made it to be.

Every question here only reads. ``ledger.doctor`` judges the answers.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ledger.storage import laws
from ledger.storage.engine import APP, OWNER, Session, Store

_NAME = r'"?(\w+)"?'
_MADE = {
    "table": re.compile(rf"CREATE TABLE {_NAME}"),
    "index": re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME}"),
    "trigger": re.compile(rf"CREATE (?:CONSTRAINT )?TRIGGER {_NAME}"),
    "function": re.compile(rf"CREATE (?:OR REPLACE )?FUNCTION {_NAME}"),
}


def expected(dialect: str) -> dict[str, set[str]]:
    """Kind (table, index, trigger, function) → names that the schema is made of."""
    made: dict[str, set[str]] = {kind: set() for kind in _MADE}
    for statement in laws.statements(dialect):
        for kind, pattern in _MADE.items():
            if found := pattern.match(statement):
                made[kind].add(found.group(1))
    return made


_PRESENT_SQLITE = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index', 'trigger')"
_PRESENT_POSTGRESQL = """
    SELECT 'table', tablename FROM pg_tables WHERE schemaname = 'meterbook'
    UNION ALL SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'meterbook'
    UNION ALL SELECT 'trigger', tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = to_regnamespace('meterbook') AND NOT tgisinternal AND tgenabled = 'A'
    UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = to_regnamespace('meterbook')"""


def missing(session: Session) -> dict[str, list[str]]:
    """Kind → what the schema should have and has not; a trigger that does not always fire is missing."""
    query = _PRESENT_SQLITE if session.dialect == "sqlite" else _PRESENT_POSTGRESQL
    present: dict[str, set[str]] = {}
    for kind, name in session.rows(query):
        present.setdefault(str(kind), set()).add(str(name))
    lacking = {kind: sorted(names - present.get(kind, set())) for kind, names in expected(session.dialect).items()}
    return {kind: names for kind, names in lacking.items() if names}


def last_instant(session: Session, book_id: int) -> str | None:
    """The newest instant at which something was recorded."""
    there = (
        "sqlite_master WHERE type = 'table'"
        if session.dialect == "sqlite"
        else "pg_tables WHERE schemaname = 'meterbook'"
    )
    column = "name" if session.dialect == "sqlite" else "tablename"
    present = {str(row[0]) for row in session.rows(f"SELECT {column} FROM {there}")}
    asked = [name for name in ("batch", "log", "operation", "day_event", "period_event") if name in present]
    found = [
        session.rows(f'SELECT max(recorded_at) FROM "{name}" WHERE book_id = :b', b=book_id)[0][0] for name in asked
    ]
    return max((str(instant) for instant in found if instant), default=None)


def announced_keys(session: Session, book_id: int) -> set[str]:
    """Ids of the public keys of a book's log."""
    return {str(row[0]) for row in session.rows("SELECT key_id FROM key WHERE book_id = :b", b=book_id)}


# -- SQLite ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SqliteState:
    """``pragmas`` as a connection of ours has them; ``faults`` as ``integrity_check`` finds them."""

    version: tuple[int, int, int]
    pragmas: Mapping[str, str]
    faults: tuple[str, ...]


def sqlite_state(store: Store, session: Session) -> SqliteState:
    """Version, pragmas and soundness of a SQLite book."""
    pragmas = {
        name: str(session.rows(f"PRAGMA {name}")[0][0])
        for name in ("journal_mode", "synchronous", "busy_timeout", "page_size", "user_version")
    }
    faults: list[str] = []
    if store.path is not None:
        try:
            with closing(sqlite3.connect(f"{store.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:  # too damaged even for that
            faults = [str(error)]
    return SqliteState(sqlite3.sqlite_version_info[:3], pragmas, tuple(fault for fault in faults if fault != "ok"))


# -- PostgreSQL -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostgresqlState:
    """``settings`` by name; ``roles`` that are missing; ``grants`` that differ, as ``table: right``."""

    version: int
    settings: Mapping[str, str]
    roles: tuple[str, ...]
    superuser: bool
    works_as: str
    owns: bool
    too_much: tuple[str, ...]
    too_little: tuple[str, ...]
    size: int


_SETTINGS = (
    "server_version", "server_encoding", "TimeZone", "default_transaction_isolation", "fsync", "full_page_writes",
    "synchronous_commit",
)  # fmt: skip


def postgresql_state(session: Session) -> PostgresqlState:
    """Settings, roles and grants of a PostgreSQL book."""

    def one(query: str, **params: Any) -> Any:
        return session.rows(query, **params)[0][0]

    roles = tuple(name for name in (OWNER, APP) if one("SELECT to_regrole(:name) IS NULL", name=name))
    settings = {name: str(one("SELECT current_setting(:name)", name=name)) for name in _SETTINGS}
    too_much, too_little = _grants(session) if not roles else ((), ())
    return PostgresqlState(
        version=int(one("SELECT current_setting('server_version_num')")),
        settings=settings,
        roles=roles,
        superuser=bool(one("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")),
        works_as=str(one("SELECT current_user")),
        owns=bool(one("SELECT count(*) FROM pg_tables WHERE schemaname = 'meterbook' AND tableowner = current_user")),
        too_much=too_much,
        too_little=too_little,
        size=int(one("SELECT pg_database_size(current_database())")),
    )


def _grants(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the application's role may and should not, and the other way round."""
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    writable = set(laws.writable())
    much, little = [], []
    for table in sorted(expected("postgresql")["table"]):
        wanted = {"SELECT", "INSERT"} if table in writable else {"SELECT"}
        held = session.rows(
            "SELECT r FROM unnest(string_to_array(:rights, ',')) AS r "
            "WHERE to_regclass(:name) IS NOT NULL AND has_table_privilege(:role, to_regclass(:name), r)",
            rights=",".join(rights), role=APP, name=f'meterbook."{table}"',
        )  # fmt: skip
        have = {str(row[0]) for row in held}
        much += [f"{table}: {right}" for right in sorted(have - wanted)]
        little += [f"{table}: {right}" for right in sorted(wanted - have)]
    return tuple(much), tuple(little)
