"""Database logins of operators on PostgreSQL, and rows by branch (行级安全).

::

    owner ─set_up─▶ role mb_<id> LOGIN IN ROLE meterbook_app, row in meterbook.login
    mb_C01 reads  ─▶ lines, entries, customers of her own branch (session_user decides)
    mb_C01 writes ─▶ batches under her own name only

A login without a row in ``meterbook.login`` (the book's own service login) sees the whole
book: verify, closes and exports run under it. ``login`` belongs to the owner and is no part
of the book: who may connect is the server's affair. Source: architecture decision 5.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from psycopg import sql

from ledger.errors import Refused
from ledger.i18n import _
from ledger.storage import laws

if TYPE_CHECKING:
    import psycopg

    from ledger.storage.engine import Store

OWNER, APP = "meterbook_owner", "meterbook_app"
PREFIX = "mb_"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS login (
    role_name name NOT NULL PRIMARY KEY, book_id integer NOT NULL, operator text NOT NULL, branch text);

CREATE OR REPLACE FUNCTION own_branch() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS
$$ SELECT branch FROM login WHERE role_name = session_user $$;

CREATE OR REPLACE FUNCTION own_operator() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS
$$ SELECT operator FROM login WHERE role_name = session_user $$;

CREATE OR REPLACE FUNCTION batch_under_own_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    IF NEW.operator <> own_operator() THEN
        RAISE EXCEPTION 'law: privilege: % writes as %', session_user, NEW.operator;
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS batch_under_own_name ON batch;
CREATE TRIGGER batch_under_own_name BEFORE INSERT ON batch
FOR EACH ROW EXECUTE FUNCTION batch_under_own_name();
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_under_own_name;

ALTER TABLE posting ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS posting_by_branch ON posting;
CREATE POLICY posting_by_branch ON posting
USING ((SELECT own_branch()) IS NULL OR branch IS NULL OR branch = (SELECT own_branch()));

ALTER TABLE balance_delta ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS balance_delta_by_branch ON balance_delta;
CREATE POLICY balance_delta_by_branch ON balance_delta
USING ((SELECT own_branch()) IS NULL OR branch IN ('', (SELECT own_branch())));

ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS entry_by_branch ON entry;
CREATE POLICY entry_by_branch ON entry FOR SELECT
USING ((SELECT own_branch()) IS NULL OR EXISTS (
    SELECT FROM posting p WHERE p.book_id = entry.book_id AND p.entry_id = entry.entry_id AND p.branch = (SELECT own_branch())));
DROP POLICY IF EXISTS entry_new ON entry;
CREATE POLICY entry_new ON entry FOR INSERT WITH CHECK (true);

ALTER TABLE fact ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS fact_by_branch ON fact;
CREATE POLICY fact_by_branch ON fact FOR SELECT
USING ((SELECT own_branch()) IS NULL OR kind <> 'customers' OR content LIKE '%"branch":"' || (SELECT own_branch()) || '"%');
DROP POLICY IF EXISTS fact_new ON fact;
CREATE POLICY fact_new ON fact FOR INSERT WITH CHECK (true);

GRANT SELECT ON login TO meterbook_app;
GRANT EXECUTE ON FUNCTION own_branch(), own_operator() TO meterbook_app;
"""


def statements() -> list[str]:
    """What logins and rows by branch add to the schema, for ``schema_check``: no grants, nothing dropped."""
    made = laws.split(_SCHEMA, "postgresql")
    return [
        statement.replace("CREATE OR REPLACE", "CREATE").replace("IF NOT EXISTS ", "")
        for statement in made
        if not statement.startswith(("GRANT", "DROP"))
    ]


_SAFE = re.compile(r"[^a-z0-9_]")


@dataclass(frozen=True, slots=True)
class Login:
    """A database login; ``password`` only when it was made just now."""

    role: str
    operator: str
    branch: str | None
    password: str | None


def set_up(store: Store, book_id: int, operators: Iterable[tuple[str, str | None, bool]]) -> list[Login]:
    """Make, change or lock the logins of operators ``(id, branch, active)``; rows by branch from now on.

    To be run over a connection that may create roles and holds ``meterbook_owner``. Running it
    again brings logins up to the operators of the day.

    Raises:
        Refused: not a PostgreSQL, or the connection may not.
    """
    if store.dialect != "postgresql":
        raise Refused(_("数据库登录只用于 PostgreSQL"))
    fairy = store.raw()
    try:
        connection = cast("psycopg.Connection[Any]", fairy.driver_connection)
        connection.execute("RESET ROLE")
        rights = connection.execute(
            "SELECT rolsuper OR (rolcreaterole AND pg_has_role(%s, 'USAGE')) FROM pg_roles WHERE rolname = session_user",
            (OWNER,),
        ).fetchone()
        if rights is None or not rights[0]:
            raise Refused(_("这个连接不能建立登录:须有 CREATEROLE 并属于 {owner}").format(owner=OWNER))
        with connection.transaction():
            connection.execute("SET LOCAL search_path = meterbook, pg_temp")
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER)))
            connection.execute(_SCHEMA)
            connection.execute("RESET ROLE")
            connection.execute("SET LOCAL search_path = meterbook, pg_temp")
            return [_login(connection, book_id, *operator) for operator in operators]
    finally:
        fairy.close()


def _login(connection: psycopg.Connection[Any], book_id: int, operator: str, branch: str | None, active: bool) -> Login:
    name = PREFIX + _SAFE.sub("_", operator.lower())
    role = sql.Identifier(name)
    known = connection.execute("SELECT operator FROM login WHERE role_name = %s", (name,)).fetchone()
    if known is not None and known[0] != operator:
        raise Refused(_("登录 {name} 已属于操作员 {who}").format(name=name, who=known[0]))
    password = None
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
        password = secrets.token_urlsafe(12)
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                role, sql.Literal(password)
            )
        )
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), role))
    connection.execute(sql.SQL("ALTER ROLE {} {}").format(role, sql.SQL("LOGIN" if active else "NOLOGIN")))
    connection.execute(
        """INSERT INTO login VALUES (%s, %s, %s, %s)
           ON CONFLICT (role_name) DO UPDATE SET branch = excluded.branch, book_id = excluded.book_id""",
        (name, book_id, operator, branch),
    )
    return Login(name, operator, branch, password)
