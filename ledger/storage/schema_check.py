"""Whether the laws of a database are those of Meterbook: tables, keys, checks, triggers, functions.

The same statements that make a book make an empty one beside it (SQLite: in memory;
PostgreSQL: as temporary objects, gone with the transaction), and what each database says
of the two is compared. So nothing is held against the words of another version of the database.
"""

from __future__ import annotations

import re
import sqlite3
from functools import cache

from ledger.storage import laws
from ledger.storage.engine import APP, Session
from ledger.storage.logins import statements as login_statements

Objects = dict[tuple[str, str], str]
"""Kind and name → definition."""


def differences(session: Session) -> list[tuple[str, str, str, str]]:
    """``(what, object, expected, found)``; ``what`` is ``missing``, ``altered``, ``unknown`` or ``privilege``."""
    if session.dialect == "sqlite":
        expected, found = dict(_expected_sqlite()), _found_sqlite(session)
    else:
        [(version, logins)] = session.rows("SELECT version(), to_regclass('meterbook.login') IS NOT NULL")
        asked = (str(version), bool(logins))
        if asked not in _postgresql:
            _postgresql[asked] = _expected_postgresql(session, logins=asked[1])
        expected, found = _postgresql[asked], _found_postgresql(session, "meterbook")
    told = []
    for key in sorted(expected.keys() | found.keys()):
        name = " ".join(key)
        if key not in found:
            told.append(("missing", name, expected[key], ""))
        elif key not in expected:
            told.append(("unknown", name, "", found[key]))
        elif expected[key] != found[key]:
            told.append(("altered", name, expected[key], found[key]))
    if session.dialect == "postgresql":
        told += [("privilege", f"{table} {right}", "", right) for table, right in _too_much(session)]
    return told


# -- SQLite ---------------------------------------------------------------------------------------

_MASTER = (
    "SELECT type, name, sql FROM {schema}sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


@cache
def _expected_sqlite() -> tuple[tuple[tuple[str, str], str], ...]:
    connection = sqlite3.connect(":memory:")
    try:
        for statement in laws.statements("sqlite"):
            connection.execute(statement)
        rows = connection.execute(_MASTER.format(schema="")).fetchall()
    finally:
        connection.close()
    return tuple(((str(kind), str(name)), str(made)) for kind, name, made in rows)


def _found_sqlite(session: Session) -> Objects:
    rows = session.rows(_MASTER.format(schema=""))
    return {(str(kind), str(name)): str(made) for kind, name, made in rows}


# -- PostgreSQL -----------------------------------------------------------------------------------

_OBJECTS = """
    SELECT 'table', c.relname, concat_ws(' ', c.relkind, c.relrowsecurity, c.relforcerowsecurity)
    FROM pg_class c WHERE c.relnamespace = :space AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'column', c.relname || '.' || a.attname,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attgenerated,
                     (SELECT collname FROM pg_collation WHERE oid = a.attcollation),
                     (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = :space AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', t.relname || '.' || c.conname, concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated)
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE t.relnamespace = :space AND c.contype <> 'n'
    UNION ALL
    SELECT 'index', c.relname, concat_ws(' ', pg_get_indexdef(c.oid), i.indisvalid)
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = :space
    UNION ALL
    SELECT 'trigger', c.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = :space AND NOT t.tgisinternal
    UNION ALL
    SELECT 'rule', c.relname || '.' || r.rulename, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = :space
    UNION ALL
    SELECT 'policy', c.relname || '.' || p.polname,
           concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = :space
    UNION ALL
    SELECT 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
           concat_ws(' ', (SELECT lanname FROM pg_language WHERE oid = p.prolang), p.prosecdef, p.provolatile,
                     p.prokind, array_to_string(p.proconfig, ','), format_type(p.prorettype, NULL), p.prosrc)
    FROM pg_proc p WHERE p.pronamespace = :space"""

_HIDING = "SELECT 'function', 'pg_catalog.' || proname, prosrc FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND oid >= 16384"
"""What somebody put where every search path looks first: it stands before a law of the same name."""

_postgresql: dict[tuple[str, bool], Objects] = {}
"""Version of PostgreSQL, and whether logins are set up → the schema as it says it; made once a process."""

_CALL = re.compile(r"EXECUTE FUNCTION (\w+)")
_OWN = re.compile(r"SELECT (own_branch\(\))")
_SPACE = re.compile(r"\b(?:pg_temp_\d+|pg_temp|meterbook)\.")


def _expected_postgresql(session: Session, *, logins: bool) -> Objects:
    """The schema made anew as temporary objects; they are taken away again at once."""
    session.execute("SAVEPOINT schema_check")
    try:
        session.execute("SET LOCAL search_path = pg_temp, pg_catalog")
        session.execute("SET LOCAL check_function_bodies = off")  # they speak of tables by the real search path
        for statement in [*laws.statements("postgresql"), *(login_statements() if logins else [])]:
            # Nothing finds a temporary function by its bare name.
            found = _CALL.sub(r"EXECUTE FUNCTION pg_temp.\1", statement)
            session.execute(_OWN.sub(r"SELECT pg_temp.\1", found))
        [(space,)] = session.rows("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        return _found_postgresql(session, str(space))
    finally:
        session.execute("ROLLBACK TO SAVEPOINT schema_check")
        session.execute("RELEASE SAVEPOINT schema_check")


def _found_postgresql(session: Session, space: str) -> Objects:
    [(oid,)] = session.rows("SELECT oid::bigint FROM pg_namespace WHERE nspname = :space", space=space)
    rows = session.rows(_OBJECTS, space=oid) + (session.rows(_HIDING) if space == "meterbook" else [])
    wanted = space != "meterbook"  # tables of Session.want are temporary too
    return {
        (str(kind), str(name)): _plain(str(kind), str(made or ""))
        for kind, name, made in rows
        if not (wanted and str(name).startswith("want_"))
    }


def _too_much(session: Session) -> list[tuple[str, str]]:
    """What the application's role may beyond reading, and adding where it is the writer."""
    rows = session.rows(
        "SELECT c.relname, r FROM pg_class c, unnest(string_to_array(:rights, ',')) AS r "
        "WHERE c.relnamespace = to_regnamespace('meterbook') AND c.relkind IN ('r', 'p') AND to_regrole(:app) IS NOT NULL "
        "AND has_table_privilege(to_regrole(:app), c.oid, r) AND NOT pg_has_role(to_regrole(:app), c.relowner, 'MEMBER')",
        rights="INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER",
        app=APP,
    )
    writable = set(laws.writable())
    return sorted((str(table), str(right)) for table, right in rows if right != "INSERT" or table not in writable)


def _plain(kind: str, made: str) -> str:
    """Without schemas; and as a restored dump has it: PostgreSQL then groups a AND b AND c otherwise."""
    made = _SPACE.sub("", made)
    return (
        made.translate({ord("("): None, ord(")"): None})
        if kind in ("constraint", "index") and " OR " not in made
        else made
    )
