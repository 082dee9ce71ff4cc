"""The schema with parts taken away, and plain connections to send raw SQL to."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from ledger.storage import laws

if TYPE_CHECKING:
    from collections.abc import Iterable

PART = re.compile(r"/\*law:(\w+)\*/.*?/\*end\*/", re.DOTALL)
CREATED = re.compile(r"CREATE (?:CONSTRAINT )?TRIGGER (\w+)|ENABLE ALWAYS TRIGGER (\w+)")


def reduced(dialect: str, without: Iterable[str]) -> list[str]:
    """All statements of the schema, less what ``without`` names; each name must be there."""
    statements = laws.statements(dialect)
    for name in without:
        before = statements
        statements = [kept for s in statements if (kept := _less(s, name)) is not None]
        if statements == before:
            raise LookupError(f"{name} is not in the schema of {dialect}")
    return statements


def _less(statement: str, name: str) -> str | None:
    if name.startswith("law:"):
        return filled(re.sub(rf"/\*{name}\*/.*?/\*end\*/", "", statement, flags=re.DOTALL))
    if name.startswith("bit:"):
        return statement.replace(f"a.required & {name[4:]} <>", "a.required & 0 <>")
    table, dot, constraint = name.partition(".")
    if statement.startswith("CREATE TABLE"):
        if dot and not statement.startswith(f"CREATE TABLE {table} "):
            return statement
        return without_constraint(statement, constraint or table)
    created = CREATED.search(statement)
    if created and (created.group(1) or created.group(2)) in {name, f"{name}_guard"}:
        return None
    return statement


def filled(statement: str) -> str:
    """A trigger of SQLite may not be empty."""
    return re.sub(r"\bBEGIN\s*END$", "BEGIN SELECT 1; END", statement)


def without_constraint(create: str, name: str) -> str:
    """CREATE TABLE less the constraint of that name (each stands on a line of its own)."""
    return re.sub(rf",\s*\n\s*CONSTRAINT {name} [^\n]*?(?=,? *\n)", "", create)


def postgres_changes(kept: list[str]) -> list[str]:
    """What turns a full PostgreSQL schema into the reduced one."""
    changes: list[str] = []
    left = set(kept)
    for statement in laws.statements("postgresql"):
        if statement in left:
            continue
        head = statement.split("\n", 1)[0]
        if head.startswith("CREATE FUNCTION"):
            mine = next(s for s in kept if s.split("\n", 1)[0] == head)
            changes.append(mine.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
        elif created := re.match(r"CREATE (?:CONSTRAINT )?TRIGGER (\w+)\s.*?\sON (\w+)", statement, re.DOTALL):
            changes.append(f"DROP TRIGGER {created.group(1)} ON {created.group(2)}")
        elif head.startswith("CREATE TABLE"):
            table = head.split()[2]
            mine = next(s for s in kept if s.split("\n", 1)[0] == head)
            lost = set(re.findall(r"CONSTRAINT (\w+)", statement)) - set(re.findall(r"CONSTRAINT (\w+)", mine))
            changes += [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name in sorted(lost)]
    return changes


def in_memory(statements: list[str]) -> sqlite3.Connection:
    """A SQLite book in memory, in autocommit, with Python's and SQLite's defaults otherwise."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection
