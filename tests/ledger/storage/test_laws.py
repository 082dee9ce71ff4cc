"""The database keeps the laws whoever writes: raw SQL against each of them.

Every attack of ``attacks.py`` is refused by the law it breaks, on PostgreSQL as the
application's role, on SQLite over a plain connection. Then the law is taken away and
the same attack goes through; and no part of the schema's laws can be taken away
without some attack going through that was refused before.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger.errors import LawBroken
from ledger.storage import laws, refused, tables
from ledger.storage.tables import metadata
from tests.ledger.storage.attacks import (
    ATTACKS,
    DIMENSIONS,
    FULL,
    Attack,
    Batch,
    _batch,
    _entry,
    _lines,
    first,
    foundation,
    good,
    insert,
)
from tests.ledger.storage.schemas import (
    CREATED,
    PART,
    filled,
    in_memory,
    postgres_changes,
    reduced,
    without_constraint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CASES = [
    pytest.param(attack, dialect, id=f"{dialect}-{attack.name.replace(' ', '_')}")
    for attack in ATTACKS
    for dialect in attack.dialects
]
BOOK = 1


def law_of(error: Exception) -> str:
    """The law a driver's error names."""
    refusal = refused(error)
    assert isinstance(refusal, LawBroken), error
    return refusal.law


# --- places to attack ----------------------------------------------------------------


@pytest.fixture(scope="module")
def sqlite_book(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the foundation and the first batch."""
    path = tmp_path_factory.mktemp("laws") / "book.db"
    shutil.copyfile(sqlite_template, path)
    connection = sqlite3.connect(path)
    for statement in [*foundation(BOOK), *first(BOOK).statements("sqlite")]:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


class Server:
    """One PostgreSQL database for the module; each attack gets a book of its own."""

    def __init__(self, admin: str, app: str) -> None:
        self.admin, self.app = admin, app
        self._books = itertools.count(1)
        self._app = self.connect()

    def connect(self, role: str = "app") -> psycopg.Connection[Any]:
        """A connection as the application's role, the tables' owner or the superuser."""
        connection = psycopg.connect(self.app if role == "app" else self.admin, autocommit=True)
        connection.execute("SET search_path = meterbook, pg_temp")
        if role != "super":
            connection.execute(f"SET ROLE meterbook_{role}")
        return connection

    def book(self) -> int:
        """A new book with the foundation and the first batch."""
        book = next(self._books)
        self.send([*foundation(book), *first(book).statements("postgresql")], self._app)
        return book

    def send(self, statements: list[str], connection: psycopg.Connection[Any]) -> None:
        """All in one transaction, committed."""
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)


@pytest.fixture(scope="module")
def server(postgres_url: str, postgres_template: str) -> Server:
    from tests.conftest import LOGIN, database_url, new_database

    name = new_database(postgres_url, postgres_template)
    return Server(database_url(postgres_url, name), database_url(postgres_url, name, LOGIN))


def strike_sqlite(connection: sqlite3.Connection, statements: list[str]) -> str | None:
    """Send as one transaction; the law that refused it, or None."""
    try:
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.execute("ROLLBACK")
        return law_of(error)
    return None


def strike_postgres(connection: psycopg.Connection[Any], statements: list[str]) -> str | None:
    """Send as one transaction; the law that refused it, or None."""
    try:
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a COMMIT would
                connection.execute("SET CONSTRAINTS ALL DEFERRED")
    except psycopg.Error as error:
        return law_of(error)
    return None


# --- attacks -------------------------------------------------------------------------


@pytest.mark.parametrize(("attack", "dialect"), CASES)
def test_refused(attack: Attack, dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The attack meets its law, and nothing of it stays."""
    if dialect == "sqlite":
        path = tmp_path / "book.db"
        shutil.copyfile(request.getfixturevalue("sqlite_book"), path)
        connection = sqlite3.connect(path, isolation_level=None)
        before = list(connection.iterdump())
        assert strike_sqlite(connection, attack.send(BOOK, dialect)) == attack.law
        assert list(connection.iterdump()) == before
        connection.close()
        return
    server: Server = request.getfixturevalue("server")
    book = server.book()
    with server.connect(attack.role) as app:
        with pytest.raises(psycopg.Error) as caught:
            server.send(attack.send(book, dialect), app)  # with a real commit
        assert law_of(caught.value) == attack.law
        seals = app.execute("SELECT count(*) FROM batch WHERE book_id = %s", [book]).fetchone()
        assert seals == (1,)


@pytest.mark.parametrize(("attack", "dialect"), CASES)
def test_succeeds_without_its_law(attack: Attack, dialect: str, request: pytest.FixtureRequest) -> None:
    """It was that law which refused: without it the attack goes through."""
    kept = reduced(dialect, attack.without)
    if dialect == "sqlite":
        connection = in_memory(kept)
        assert strike_sqlite(connection, [*foundation(BOOK), *first(BOOK).statements(dialect)]) is None
        assert strike_sqlite(connection, attack.send(BOOK, dialect)) is None
        connection.close()
        return
    server: Server = request.getfixturevalue("server")
    with crippled(server, kept) as (connection, book):
        connection.execute(f"SET LOCAL ROLE meterbook_{attack.role}")
        assert strike_postgres(connection, attack.send(book, dialect)) is None


class crippled:  # noqa: N801  reads as a with-statement
    """A transaction in which the schema is reduced, rolled back at the end."""

    def __init__(self, server: Server, kept: list[str]) -> None:
        self.server, self.kept = server, kept

    def __enter__(self) -> tuple[psycopg.Connection[Any], int]:
        book = self.server.book()
        self.connection = self.server.connect("super")
        self.connection.execute("BEGIN")
        for change in postgres_changes(self.kept):
            self.connection.execute(change)
        return self.connection, book

    def __exit__(self, *_exception: object) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


def mutants(dialect: str) -> Iterator[tuple[str, list[str]]]:
    """The schema less one part of one law, one trigger, one CHECK or one unique key."""
    whole = laws.statements(dialect)
    journal = {
        s
        for name in ("10_batch", "20_seal", "30_events", "50_log")
        for s in laws.split((laws.DDL / dialect / f"{name}.sql").read_text("utf-8"), dialect)
    }
    created_tables = {f"CREATE TABLE {name} (" for name in TABLES}
    by_seal = tuple(f"CREATE TRIGGER {name}_by_seal" for name in TABLES)
    for place, statement in enumerate(whole):
        head = statement.split("\n", 1)[0]
        if statement not in journal and head not in created_tables and not head.startswith(by_seal):
            continue
        for part in PART.finditer(statement):
            if part.group(1) == "isolation":
                continue  # needs two transactions: test_isolation
            less = filled(statement[: part.start()] + statement[part.end() :])
            yield f"{head}: {part.group(1)}", [*whole[:place], less, *whole[place + 1 :]]
        if statement.startswith("CREATE TABLE"):
            for name in constraints(statement, dialect):
                less = without_constraint(statement, name)
                assert less != statement
                yield f"{head}: {name}", [*whole[:place], less, *whole[place + 1 :]]
        created = CREATED.search(statement)
        if created and created.group(1) and not created.group(1).endswith(COVERED_BELOW):
            yield head, [s for s in whole if not (CREATED.search(s) and created.group(1) in s.split())]


TABLES = (
    "book",
    "book_config",
    "account",
    "account_close",
    "period_event",
    "day_event",
    "batch",
    "entry",
    "posting",
    "fact",
    "seal",
    "voucher_mark",
    "balance_delta",
    "log",
)
"""The journal's; the bank's tables have tests of their own."""
COVERED_BELOW = ("_no_update", "_no_delete", "account_close_order")
"""Tested further down: the guards of ``projected`` and what only two transactions show."""


def constraints(create: str, dialect: str) -> list[str]:
    """Names of the constraints an attack must miss.

    On SQLite the guards against INSERT OR REPLACE come before the unique keys; of the
    primary keys only those of entry and posting can be broken without the seal's hand.
    """
    import re

    names = re.findall(r"CONSTRAINT (\w+) (\w+)", create)
    wanted = [name for name, kind in names if kind == "CHECK" and not name.startswith("law_date")]
    if dialect == "postgresql":
        wanted += [name for name, kind in names if kind == "UNIQUE" and name != "seal_seq_once"]
        wanted += [name for name, _kind in names if name in {"entry_pk", "posting_pk"}]
    return wanted


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_part_is_needed(dialect: str, request: pytest.FixtureRequest) -> None:
    """Take away any part of any law: some attack is no longer refused by it."""
    useless: list[str] = []
    count = 0
    for name, kept in mutants(dialect):
        count += 1
        law = name.rpartition(": ")[2].removeprefix("law_")
        ordered = sorted((a for a in ATTACKS if dialect in a.dialects), key=lambda a: a.law != law)
        if dialect == "sqlite":
            caught = _kills_sqlite(kept, ordered)
        else:
            caught = _kills_postgres(request.getfixturevalue("server"), kept, ordered)
        if not caught:
            useless.append(name)
    assert not useless, "\n".join(useless)
    assert count > 30


def _kills_sqlite(kept: list[str], ordered: list[Attack]) -> bool:
    connection = in_memory(kept)
    strike_sqlite(connection, [*foundation(BOOK), *first(BOOK).statements("sqlite")])
    for attack in ordered:
        connection.execute("SAVEPOINT one")
        try:
            for statement in attack.send(BOOK, "sqlite"):
                connection.execute(statement)
        except sqlite3.Error as error:
            if law_of(error) != attack.law:
                return True
        else:
            return True
        connection.execute("ROLLBACK TO one")
    return False


def _kills_postgres(server: Server, kept: list[str], ordered: list[Attack]) -> bool:
    with crippled(server, kept) as (connection, book):
        for attack in ordered:
            connection.execute("SAVEPOINT one")
            connection.execute(f"SET LOCAL ROLE meterbook_{attack.role}")
            if strike_postgres(connection, attack.send(book, "postgresql")) != attack.law:
                return True
            connection.execute("ROLLBACK TO SAVEPOINT one")
    return False


# --- what is honest goes through -----------------------------------------------------


def _projections(run: Callable[[str], list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "seal": run("SELECT batch_id, seq, last_entry, last_fact FROM seal WHERE book_id = {b} ORDER BY seq"),
        "voucher_mark": run(
            "SELECT batch_id, period, vtype, first_no, last_no FROM voucher_mark WHERE book_id = {b} "
            "ORDER BY batch_id, period"
        ),
        "balance_delta": run(
            "SELECT batch_id, CAST(date AS text), account, branch, bank, cashier, fund, item, debit, credit "
            "FROM balance_delta WHERE book_id = {b} AND batch_id > 1 "
            "ORDER BY batch_id, date, account, branch, fund"
        ),
    }


def _honest(book: int) -> Batch:
    """A batch with an opening-free mix: a red-letter line, a reversal, every dimension, two months."""
    batch = good(book)
    batch.entries[0]["reverses"] = 1
    batch.entries[1] |= {"date": "2023-08-02", "period": "2023-08", "vno": 1, "caused_by": 3, "lines": 3}
    for row in batch.lines[:2]:
        row["debit"], row["credit"] = -row["debit"], -row["credit"]
    for row in batch.lines[2:]:
        row["date"] = "2023-08-02"
    batch.lines[2] |= {**FULL, "account": "fund"}
    batch.lines.append({**batch.lines[2], "line": 3, "account": "PARTY", "staff": None, "debit": 1})
    batch.lines[3]["credit"] = 501
    batch.batch |= {"lines": 5, "debit": 1, "credit": 1}
    return batch


HONEST = {
    "seal": [(1, 1, 2, 1), (2, 2, 4, 2)],
    "voucher_mark": [
        (1, "2023-06", "记", 1, 2),
        (2, "2023-06", "记", 3, 3),
        (2, "2023-08", "记", 1, 1),
    ],
    "balance_delta": [
        (2, "2023-06-12", "1001.C01", "", "", "", "", "", -500, 0),
        (2, "2023-06-12", "6001.01", "", "", "", "", "", 0, -500),
        (2, "2023-08-02", "6001.01", "", "", "", "", "", 0, 501),
        (2, "2023-08-02", "PARTY", "B01", "1002.01", "C01", "水费", "sewage", 1, 0),
        (2, "2023-08-02", "fund", "B01", "1002.01", "C01", "水费", "sewage", 500, 0),
    ],
}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_honest_batch(dialect: str, request: pytest.FixtureRequest) -> None:
    """What obeys the laws is sealed, and the seal writes number ranges and day balances."""
    if dialect == "sqlite":
        connection = in_memory(laws.statements(dialect))
        assert strike_sqlite(connection, [*foundation(BOOK), *first(BOOK).statements(dialect)]) is None
        assert strike_sqlite(connection, _honest(BOOK).statements(dialect)) is None
        found = _projections(lambda q: connection.execute(q.format(b=BOOK)).fetchall())
    else:
        server: Server = request.getfixturevalue("server")
        book = server.book()
        with server.connect() as app:
            server.send(_honest(book).statements(dialect), app)
            found = _projections(lambda q: app.execute(q.format(b=book)).fetchall())
    assert found == HONEST


def _story(book: int) -> list[tuple[list[Any], str | None]]:
    """Transactions in turn, with the law that refuses each, or None."""

    def opening(number: int, entry: int) -> Batch:
        row = _entry(book, number, entry, entry, event="E01", date="2023-05-31", period="2023-05")
        return Batch(
            _batch(book, number, entry, 1, first_fact=1, facts=0),
            [row],
            _lines(book, entry, date="2023-05-31"),
            [],
        )

    def event(seq: int, action: str) -> str:
        return insert(
            "period_event",
            {
                "book_id": book,
                "period": "2023-06",
                "seq": seq,
                "action": action,
                "reason": "x",
                "operator": "K",
                "recorded_at": "x",
            },
        )

    def june(number: int, entry: int, vno: int) -> Batch:
        return Batch(
            _batch(book, number, entry, 1, first_fact=1, facts=0),
            [_entry(book, number, entry, vno)],
            _lines(book, entry),
            [],
        )

    return [
        (foundation(book), None),
        ([opening(1, 1)], None),
        ([opening(2, 2)], None),  # openings may come in several batches
        ([june(3, 3, 1)], None),
        ([replace_seal(opening(4, 4))], "cutover"),
        ([event(1, "close")], None),
        ([june(4, 4, 2)], "period"),
        ([event(2, "reopen")], None),
        ([june(4, 4, 2)], None),
        ([june(5, 5, 3), june(6, 6, 4)], None),  # two batches in one transaction
    ]


def replace_seal(batch: Batch) -> Batch:
    """The same batch; openings go on numbering May."""
    return replace(batch, entries=[{**batch.entries[0], "vno": 3}])


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_story(dialect: str, request: pytest.FixtureRequest) -> None:
    """Openings, business, closing, reopening: each is let through or refused in its turn."""
    book = 700
    if dialect == "sqlite":
        connection: Any = in_memory(laws.statements(dialect))
        strike: Callable[[Any, list[str]], str | None] = strike_sqlite
    else:
        connection = request.getfixturevalue("server").connect()
        strike = strike_postgres
    outcome = []
    story = _story(book)
    for parts, _expected in story:
        sent = [s for part in parts for s in (part.statements(dialect) if isinstance(part, Batch) else [part])]
        outcome.append(strike(connection, sent))
    connection.close()
    assert outcome == [expected for _parts, expected in story]


# --- what is written stays -----------------------------------------------------------


def _any_row(table: Any) -> dict[str, Any]:
    """Some row that fits the columns."""
    from sqlalchemy import Date, LargeBinary, Text

    def value(column: Any) -> Any:
        if isinstance(column.type, Date):
            return "2023-06-12"
        return "x" if isinstance(column.type, Text | LargeBinary) else 1

    return {column.name: value(column) for column in table.columns}


ALL_TABLES = sorted(metadata.tables)


def _bare(table: str, *, guards: bool) -> sqlite3.Connection:
    """One table with one row, with or without the guards every table has."""
    import re

    made = [
        re.sub(r",\s*\n\s*CONSTRAINT \w+ CHECK [^\n]*?(?=,? *\n)", "", s)
        for s in laws.statements("sqlite")
        if s.startswith((f"CREATE TABLE {table} ", f'CREATE TABLE "{table}" '))
    ]
    made = [re.sub(r"\bBLOB\b", "ANY", s) for s in made]
    connection = in_memory(made)
    connection.execute(insert(table, _any_row(metadata.tables[table])))
    if guards:
        wanted = (f"BEFORE UPDATE ON {table}\n", f"BEFORE DELETE ON {table}\n")
        for s in laws.statements("sqlite"):
            if any(w in s for w in wanted) or ("_guard BEFORE INSERT" in s and f" ON {table}\n" in s):
                connection.execute(s)
    return connection


@pytest.mark.parametrize("table", ALL_TABLES)
def test_sqlite_rows_stay(table: str) -> None:
    """UPDATE, DELETE and INSERT OR REPLACE by each key: refused; without their guards, done."""
    known = metadata.tables[table]
    row = _any_row(known)
    column = next(iter(row))
    changes = {
        f"UPDATE {table} SET {column} = {column}": "immutable",
        f"DELETE FROM {table}": "immutable",
    }
    keys = [key for key in known.constraints if key.__class__.__name__ in {"PrimaryKeyConstraint", "UniqueConstraint"}]
    assert keys
    for key in keys:
        # Equal in this key, different in every other column.
        other = {
            name: value
            if name in key.columns
            else "y"
            if value == "x"
            else "2023-06-13"
            if isinstance(value, str)
            else 2
            for name, value in row.items()
        }
        changes[insert(table, other, "INSERT OR REPLACE")] = "duplicate"
    guarded = _bare(table, guards=True)
    assert [strike_sqlite(guarded, [change]) for change in changes] == list(changes.values())
    for change in changes:
        assert strike_sqlite(_bare(table, guards=False), [change]) is None


def test_sqlite_has_no_hidden_key() -> None:
    """A rowid would be a key without a guard."""
    for name, kind, without_rowid, strict in in_memory(laws.statements("sqlite")).execute(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
    ):
        if not name.startswith("sqlite_"):
            assert (kind, without_rowid, strict) == ("table", 1, 1), name


@pytest.mark.parametrize("verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "TRUNCATE {t}"])
@pytest.mark.parametrize("table", ALL_TABLES)
def test_postgresql_rows_stay(server: Server, table: str, verb: str) -> None:
    """The app may not even try, the owner is stopped by the trigger, without it he is not."""
    change = verb.format(t=table, c=next(iter(metadata.tables[table].columns.keys())))
    with server.connect("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(change)
    with server.connect("owner") as owner:
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            owner.execute(change)
        assert law_of(caught.value) == "immutable"
        with owner.transaction(force_rollback=True):
            owner.execute(f"DROP TRIGGER {table}_immutable ON {table}")
            owner.execute(change)
    with server.connect("super") as root:  # a replica's session skips ordinary triggers
        root.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.RaiseException):
            root.execute(change)


def test_postgresql_every_trigger_always_fires(server: Server) -> None:
    with server.connect("super") as root:
        ordinary = root.execute(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
            "WHERE c.relnamespace = 'meterbook'::regnamespace AND NOT tgisinternal AND tgenabled <> 'A'"
        ).fetchall()
    assert ordinary == []


# --- privileges ----------------------------------------------------------------------


def test_postgresql_grants(server: Server) -> None:
    """The app reads everything, appends to its tables, and owns nothing."""
    with server.connect("super") as root:
        found: dict[str, set[str]] = {}
        for table, privilege in root.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
            "WHERE grantee IN ('meterbook_app', 'PUBLIC') AND table_schema = 'meterbook'"
        ):
            found.setdefault(table, set()).add(privilege)
        owners = root.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'meterbook'").fetchall()
        create = root.execute(
            "SELECT has_schema_privilege('meterbook_app', 'meterbook', 'CREATE'), "
            "pg_has_role('meterbook_app', 'meterbook_owner', 'MEMBER')"
        ).fetchone()
    sealed = {"seal", "voucher_mark", "balance_delta"}
    assert found == {name: {"SELECT"} if name in sealed else {"SELECT", "INSERT"} for name in metadata.tables}
    assert owners == [("meterbook_owner",)]
    assert create == (False, False)


@pytest.mark.parametrize("table", ["seal", "voucher_mark", "balance_delta"])
def test_postgresql_app_writes_no_projection(server: Server, table: str) -> None:
    with server.connect() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(f"INSERT INTO {table} SELECT * FROM {table}")


def test_postgresql_functions_serve_no_other_table(server: Server) -> None:
    """Hung on a table of one's own, the seal's function would write seals for the asking."""
    sent = [
        "CREATE TEMP TABLE mine (LIKE batch)",
        "CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION meterbook.seal_batch()",
    ]
    with server.connect() as app:
        assert strike_postgres(app, sent) == "privilege"
    with crippled(server, laws.statements("postgresql")) as (connection, _book):
        connection.execute("GRANT EXECUTE ON FUNCTION seal_batch() TO meterbook_app")
        connection.execute("SET LOCAL ROLE meterbook_app")
        assert strike_postgres(connection, sent) is None


def test_postgresql_definer_functions_pin_their_path(server: Server) -> None:
    with server.connect("super") as root:
        loose = root.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'meterbook'::regnamespace "
            "AND NOT coalesce(array_to_string(proconfig, ','), '') LIKE '%search_path=%pg_temp%'"
        ).fetchall()
    assert loose == []


# --- two transactions at once (PostgreSQL) -------------------------------------------


def test_line_into_anothers_batch(server: Server) -> None:
    """Neither while the other is open nor after it is sealed."""
    book = server.book()
    batch = good(book)
    line = insert("posting", {**batch.lines[0], "line": 3})
    with server.connect() as one, server.connect() as two:
        one.execute("BEGIN")
        for statement in batch.statements("postgresql"):
            one.execute(statement)
        assert strike_postgres(two, [line]) == "orphan"
        one.execute("COMMIT")
        assert strike_postgres(two, [line]) == "late"
    for without in (["law:orphan", "law:late"], ["law:late"]):
        with crippled(server, reduced("postgresql", without)) as (connection, other):
            mine = {**line_of(other), "line": 3}
            assert strike_postgres(connection, [insert("posting", mine)]) is None


def line_of(book: int) -> dict[str, Any]:
    """A line of the sealed entry 2."""
    return _lines(book, 2)[0]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_isolation(server: Server, level: str) -> None:
    """An old snapshot would not see the period that was closed meanwhile."""
    book = server.book()
    close = insert(
        "period_event",
        {
            "book_id": book,
            "period": "2023-06",
            "seq": 1,
            "action": "close",
            "reason": "x",
            "operator": "K",
            "recorded_at": "x",
        },
    )

    def race(one: psycopg.Connection[Any]) -> str | None:
        one.execute("SELECT count(*) FROM book")  # the snapshot
        with server.connect() as two:
            two.execute(close)
        return strike_postgres(one, good(book).statements("postgresql"))

    with server.connect() as one:
        one.execute(f"BEGIN ISOLATION LEVEL {level}")
        assert race(one) == "isolation"
        one.execute("ROLLBACK")

    book = server.book()
    close = close.replace(f"VALUES ({book - 1},", f"VALUES ({book},")
    with server.connect("super") as root:
        whole = [s for s in laws.statements("postgresql") if s.startswith("CREATE FUNCTION batch_order")]
        less = postgres_changes(reduced("postgresql", ["law:isolation"]))
        try:
            for change in less:
                root.execute(change)
            with server.connect() as one:
                one.execute(f"BEGIN ISOLATION LEVEL {level}")
                assert race(one) is None  # posted into a closed period
                one.execute("ROLLBACK")
        finally:
            root.execute(whole[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


CLOSING = {
    "period_event": {
        "period": "2023-06",
        "seq": 1,
        "action": "close",
        "reason": "x",
        "operator": "K",
        "recorded_at": "x",
    },
    "account_close": {"account": "1001.C01", "closed_on": "2023-06-01"},
}


@pytest.mark.parametrize("table", CLOSING)
def test_closing_and_posting_wait_for_each_other(server: Server, table: str) -> None:
    """While a closing is under way nobody opens a batch it would not see; without the lock he does."""
    book = server.book()
    close = insert(table, {"book_id": book, **CLOSING[table]})

    def post() -> bool:
        with server.connect() as two:
            two.execute("SET lock_timeout = '100ms'")
            try:
                server.send(good(book).statements("postgresql"), two)
            except psycopg.errors.LockNotAvailable:
                return False
            return True

    with server.connect() as one, one.transaction(force_rollback=True):
        one.execute(close)
        assert not post()
    with server.connect("super") as root:
        root.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_order")
        try:
            with server.connect() as one, one.transaction(force_rollback=True):
                one.execute(close)
                assert post()
        finally:
            root.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_order")


@pytest.mark.parametrize("verb", ["UPDATE projected SET batch_id = 9", "DELETE FROM projected"])
def test_sqlite_marker_stays(verb: str) -> None:
    """The marker of complete projections is no more to be changed than they are."""
    name = "projected_no_update" if "UPDATE" in verb else "projected_no_delete"
    for kept, law in ((laws.statements("sqlite"), "immutable"), (reduced("sqlite", [name]), None)):
        connection = in_memory(kept)
        strike_sqlite(connection, [*foundation(BOOK), *first(BOOK).statements("sqlite")])
        assert strike_sqlite(connection, [verb]) == law
        connection.close()


# --- names ---------------------------------------------------------------------------


def test_every_law_has_a_name() -> None:
    """Every law the SQL speaks of is explained, and every dimension has its bit."""
    spoken = {
        part.group(1)
        for dialect in ("sqlite", "postgresql")
        for s in laws.statements(dialect)
        for part in PART.finditer(s)
    }
    assert spoken <= set(laws.LAWS)
    assert {a.law for a in ATTACKS} <= set(laws.LAWS)
    assert list(DIMENSIONS) == [*tables.DIMENSIONS]


@pytest.mark.parametrize("date", ["2023-6-1", "2023-02-30", "2023-06-01T00:00", "", "jetzt"])
def test_sqlite_dates_are_dates(date: str) -> None:
    """SQLite has no type for dates: each column checks its form."""
    statement = insert("account", {"book_id": 9, "account": "1", "required": 0, "opened": date})
    assert strike_sqlite(in_memory(laws.statements("sqlite")), [statement]) == "date"
    assert strike_sqlite(in_memory(reduced("sqlite", ["account.law_date_opened"])), [statement]) is None


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("column", "value", "law"), [("content", None, "missing"), ("lines", "two", "value")])
def test_columns(dialect: str, column: str, value: Any, law: str, request: pytest.FixtureRequest) -> None:
    """Null where something must be, text where a number must be."""
    if dialect == "sqlite":
        connection = in_memory(laws.statements(dialect))
        strike_sqlite(connection, [*foundation(BOOK), *first(BOOK).statements(dialect)])
        batch = good(BOOK)
        batch.entries[0][column] = value
        assert strike_sqlite(connection, batch.statements(dialect)) == law
        return
    server: Server = request.getfixturevalue("server")
    batch = good(server.book())
    batch.entries[0][column] = value
    with server.connect() as app:
        assert strike_postgres(app, batch.statements(dialect)) == law
