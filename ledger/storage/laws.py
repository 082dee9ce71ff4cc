"""The laws of the book as SQL, and the names by which their refusals are known.

Three sources make a schema, in this order (``statements``):

1. the tables with their keys and CHECKs, from ``tables.py``;
2. the guards every table shares, generated here: no UPDATE, DELETE or TRUNCATE, and
   on SQLite no INSERT OR REPLACE (which deletes without firing a DELETE trigger);
3. ``ddl/<database>/*.sql`` in order of their names: what only this book asks for.

Each refusal names its law: triggers raise ``law: <name>`` (PostgreSQL adds
``: <what is wrong>``), CHECKs are called ``law_<name>``, unique keys are the law
``duplicate``. In the SQL a law stands between ``/*law:<name>*/`` and ``/*end*/``,
so that a test can take away just that one and see that its attack then succeeds.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, PrimaryKeyConstraint, UniqueConstraint

from ledger.storage import bank_tables as _bank_tables  # noqa: F401  its tables join the metadata
from ledger.storage import log_tables as _log_tables  # noqa: F401
from ledger.storage import operation_tables as _operation_tables  # noqa: F401
from ledger.storage import people_tables as _people_tables  # noqa: F401
from ledger.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Table

DDL = Path(__file__).parent / "ddl"

LAWS = {
    "account": "每行科目须存在且在该日未停用 the account of every line exists and is not closed",
    "batch": "批次与其内容相符 a batch is exactly what its row says, in one unbroken order",
    "book": "账簿须存在 the book exists",
    "cutover": "启用日前无业务，启用日只有期初 nothing before cutover, only openings on it",
    "date": "日期与期间一致 a line has its entry's date, an entry its month's period",
    "dimension": "必填辅助核算齐全 every dimension the account asks for is there",
    "duplicate": "编号不重 a number is used once, for ever",
    "immutable": "已记账不改不删 what is written stays",
    "isolation": "隔离级别 a writer sees what was committed before it",
    "late": "封批后不得再写 nothing is added to a sealed or foreign batch",
    "limit": "金额不超过 10¹⁵ 分 no amount beyond ±10¹⁵ fen",
    "log": "日志随批次增长 every batch has its leaves in the log, in one unbroken order",
    "lines": "凭证至少两行、行号连续 two lines at least, numbered 1..n, as many as the header says",
    "matched": "已勾对项目不得再勾对 what is matched is not matched again",
    "missing": "必填项为空 a column that must be filled is empty",
    "operation": "操作结果须为已知的一种 an operation ends in one of the known ways",
    "orphan": "分录须属于批次 no entry, line or fact without its batch",
    "period": "期间未结账 the period is open; closing and reopening alternate",
    "privilege": "无此权限 the role may not do this",
    "reverses": "冲销指向先前凭证 what is reversed or caused is there already",
    "sequence": "序号连续 events are numbered without gaps",
    "sides": "借贷恰有一方 exactly one of debit and credit is not zero",
    "unbalanced": "借贷相等 debit equals credit",
    "undo": "只撤销有效勾对 only a match that stands is undone",
    "value": "数据类型 a value does not fit its column",
    "voucher": "凭证号连续 voucher numbers have no gap",
}
"""Law → what it asks, for people who read a refusal."""

_NAMED = re.compile(r"law: (\w+)(?:: (.*))?")
_CHECK = re.compile(r"law_([a-z]+)")


def law_named(message: str) -> tuple[str, str] | None:
    """Law and detail out of what a trigger or CHECK said, or None if no law of ours spoke."""
    first = message.splitlines()[0] if message else ""
    if found := _NAMED.search(first):
        return found.group(1), found.group(2) or ""
    if "check" in first.lower() and (found := _CHECK.search(first)):
        return found.group(1), ""
    return None


def statements(dialect: str) -> list[str]:
    """The whole schema of a database, statement by statement, in order."""
    return [*_tables(dialect), *_guards(dialect), *_scripts(dialect)]


def writable() -> list[str]:
    """The tables the application may insert into; the rest is written by the seal."""
    return [name for name, table in metadata.tables.items() if table.info["writer"] == "app"]


def _tables(dialect: str) -> list[str]:
    # Paramstyle "named": the others double every % in a LIKE.
    kind: Any = sqlite.dialect if dialect == "sqlite" else postgresql.dialect
    speaking = kind(paramstyle="named")
    made: list[str] = []
    for table in metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=speaking)).strip())
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made.extend(str(CreateIndex(index).compile(dialect=speaking)).strip() for index in indexes)
    return made


def _guards(dialect: str) -> list[str]:
    make = _guards_sqlite if dialect == "sqlite" else _guards_postgresql
    shared = [] if dialect == "sqlite" else [_REFUSE, _REFUSE_BY_HAND]
    return [*shared, *(guard for table in metadata.sorted_tables for guard in make(table))]


def _guards_sqlite(table: Table) -> list[str]:
    guards = [
        f"CREATE TRIGGER {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name}\n"
        "BEGIN SELECT RAISE(ABORT, 'law: immutable'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    keys = [
        constraint
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    for key in sorted(keys, key=lambda key: str(key.name)):
        same = " AND ".join(f"{column.name} = NEW.{column.name}" for column in key.columns)
        guards.append(
            f"CREATE TRIGGER {key.name}_guard BEFORE INSERT ON {table.name}\n"
            f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same})\n"
            "BEGIN SELECT RAISE(ABORT, 'law: duplicate'); END"
        )
    return guards


_REFUSE = """\
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'law: immutable: % on %', TG_OP, TG_TABLE_NAME;
END $$"""

# Privileges keep the application out already; this speaks to an owner who writes by hand.
_REFUSE_BY_HAND = """\
CREATE FUNCTION refuse_by_hand() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'law: privilege: % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$"""


def _guards_postgresql(table: Table) -> list[str]:
    guards = _always(f"{table.name}_immutable", table, "UPDATE OR DELETE OR TRUNCATE", "refuse_change")
    if table.info["writer"] == "seal":
        guards += _always(f"{table.name}_by_seal", table, "INSERT", "refuse_by_hand")
    return guards


def _always(name: str, table: Table, verbs: str, function: str) -> list[str]:
    made = f"CREATE TRIGGER {name} BEFORE {verbs} ON {table.name}\nFOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    return [made, f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {name}"]


def _scripts(dialect: str) -> list[str]:
    return [
        statement
        for script in sorted((DDL / dialect).glob("*.sql"))
        for statement in split(script.read_text(encoding="utf-8"), dialect)
    ]


def split(script: str, dialect: str) -> list[str]:
    """The statements of a script; bodies of triggers and functions stay whole."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        if not pending and (line.startswith("--") or not line.strip()):
            continue
        pending += line
        if line.rstrip().endswith(";") and _complete(pending, dialect):
            found.append(pending.strip().removesuffix(";"))
            pending = ""
    if pending:
        raise ValueError(f"unfinished statement: {pending[:80]}")
    return found


def _complete(pending: str, dialect: str) -> bool:
    if dialect == "sqlite":
        return sqlite3.complete_statement(pending)
    return pending.count("$$") % 2 == 0
