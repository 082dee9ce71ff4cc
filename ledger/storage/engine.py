"""The door to the database: a Store opens Sessions, a Session moves rows and frames.

::

    store = Store("sqlite:///book.db")            # or postgresql://…
    store.create_schema()
    with store.writing(book_id) as session:       # one writer per book at a time
        session.insert("batch", frame)
        session.insert("entry", entries)
        session.insert("posting", lines)
        session.seal(book_id, batch_id)           # the laws speak here, at the latest at commit
    with store.reading() as session:              # one snapshot; never waits for a writer
        frame = session.frame("SELECT … WHERE book_id = :book_id", SCHEMA, book_id=1)

SQL takes ``:named`` parameters; dates go in and out as ``datetime.date`` and
``pl.Date`` on both databases. What the database refuses comes out as
``LawBroken``; after that the session is lost and rolls back, even if the caller
catches it inside the block.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import psycopg
from psycopg.types.numeric import NumericLoader
from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from ledger import redact
from ledger.errors import LawBroken, MeterbookError, NotFound, Refused
from ledger.i18n import _
from ledger.storage import bulk, laws, planner
from ledger.storage.log import Keyring, Writer
from ledger.storage.tables import DATE_COLUMNS, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUSY_MS = 30_000
"""How long a writer waits for another one (SQLite) before it gives up."""

SAFE_SQLITE = (3, 51, 3)
"""Earlier ones can damage a WAL that two processes reset at once; they get a lock beside the book."""

LOCK_CLASS = 1297368683
"""First key of PostgreSQL's advisory locks; the second is the book."""

OPERATION_LOCK = LOCK_CLASS + 1
"""The same for the operation log: a refusal is written down while another one posts."""

SEARCH_PATH = "pg_catalog, meterbook, pg_temp"
OWNER, APP = "meterbook_owner", "meterbook_app"

_PARAMETER = re.compile(r"('(?:[^']|'')*')|(?<![:\w]):([A-Za-z_]\w*)|(%)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Store:
    """One database, SQLite file or PostgreSQL; holds any number of books."""

    def __init__(self, url: str) -> None:
        """``sqlite:///path/book.db``, ``sqlite://`` (memory) or ``postgresql://…``."""
        parsed = _parsed(url)
        self.url = url
        self.address = redact.address(url)
        """``url`` without its password: what is printed."""
        self.dialect = parsed.get_backend_name()
        self.path: Path | None = None
        if self.dialect == "sqlite":
            memory = parsed.database in (None, "", ":memory:")
            self.path = None if memory else Path(str(parsed.database))
            self.keyring = Keyring(memory=memory, beside=self.path.with_suffix(".key") if self.path else None)
            self._engine = create_engine(
                parsed,
                isolation_level="AUTOCOMMIT",  # sessions say BEGIN themselves
                poolclass=StaticPool if memory else QueuePool,
                connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
            )
            event.listen(self._engine, "connect", _prepare_sqlite)
        elif self.dialect == "postgresql":
            self.keyring = Keyring()
            self._engine = create_engine(
                parsed,
                use_native_hstore=False,
                pool_pre_ping=True,  # a restarted server leaves dead connections behind
                connect_args={
                    "autocommit": True,  # sessions say BEGIN themselves
                    # Parameters as literals: untyped nulls and COPY (query) work alike.
                    "cursor_factory": psycopg.ClientCursor,
                },
            )
            event.listen(self._engine, "connect", _prepare_postgresql)
        else:
            raise NotFound(_("不支持的数据库:{dialect}").format(dialect=self.dialect))

    def create_schema(self) -> None:
        """Make tables, guards and laws; does nothing where they are already.

        On PostgreSQL everything belongs to ``meterbook_owner`` and the application
        works as ``meterbook_app``; where the connecting role may not create roles, it
        owns the schema itself and a warning says that the laws then bind by triggers only.
        """
        if self.dialect == "sqlite":
            self._create_sqlite()
        else:
            self._create_postgresql()
            self._engine.dispose()  # the next connections step down to the application's role

    def dispose(self) -> None:
        """Close every connection of the pool."""
        self._engine.dispose()

    def raw(self) -> Any:
        """A connection out of the pool for what no session does (setting up logins); close it."""
        return self._engine.raw_connection()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One snapshot of all books; waits for nobody and is rolled back at the end."""
        self._must_exist()
        begin = {
            "sqlite": "BEGIN",
            "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ",
        }[self.dialect]
        with self._session(begin) as session:
            yield session
            session.end("ROLLBACK")

    @contextmanager
    def writing(self, book_id: int, *, lock: int = LOCK_CLASS) -> Iterator[Session]:
        """The only writer of a book: commits at the end, rolls back on any exception.

        ``lock``: on PostgreSQL, what else than the book is written alone (the operation log).
        """
        self._must_exist()
        with self._file_lock():
            begin = {
                "sqlite": "BEGIN IMMEDIATE",
                "postgresql": "BEGIN ISOLATION LEVEL READ COMMITTED",
            }[self.dialect]
            with self._session(begin) as session:
                if self.dialect == "postgresql":
                    session.rows(
                        "SELECT pg_advisory_xact_lock(:class, :book_id)",
                        **{"class": lock, "book_id": book_id},
                    )
                yield session
                session.end("COMMIT")

    @contextmanager
    def _session(self, begin: str) -> Iterator[Session]:
        try:
            fairy = self._engine.raw_connection()
        except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
            secret = make_url(self.url).password
            reason = redact.text(str(getattr(error, "orig", error)).strip(), str(secret) if secret else None)
            raise Refused(_("无法打开数据库:{reason}").format(reason=reason)) from None
        try:
            session = Session(self.dialect, fairy.driver_connection, self.keyring)
            try:
                session.begin(begin)
                # Also takes the snapshot of a reader now, not at his first question.
                session.rows("SELECT count(*) FROM book")
            except (sqlite3.DatabaseError, psycopg.errors.UndefinedTable) as error:
                session.close()
                raise NotFound(_("数据库中还没有账簿,请先运行 meterbook init")) from error
            try:
                yield session
            finally:
                session.close()
        finally:
            fairy.close()

    def _must_exist(self) -> None:
        # Connecting would make an empty file, and the fault would be named wrongly.
        if self.path is not None and not self.path.exists():
            raise NotFound(_("账簿文件不存在:{path}").format(path=self.path))

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if self.path is None or sqlite3.sqlite_version_info >= SAFE_SQLITE:
            yield
            return
        with FileLock(self.path.with_name(self.path.name + ".lock")):
            yield

    def _create_sqlite(self) -> None:
        with self._file_lock():
            fairy = self._engine.raw_connection()
            try:
                connection = cast("sqlite3.Connection", fairy.driver_connection)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone():
                        for statement in [*laws.statements("sqlite"), *planner.statements()]:
                            connection.execute(statement)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.rollback()
                    raise
            finally:
                fairy.close()

    def _create_postgresql(self) -> None:
        fairy = self._engine.raw_connection()
        try:
            connection = cast("psycopg.Connection[Any]", fairy.driver_connection)
            connection.execute("RESET ROLE")
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCK_CLASS,))
                if _one(connection, "SELECT to_regclass('meterbook.seal')"):
                    return
                _build_postgresql(connection)
        finally:
            fairy.close()


class Session:
    """One transaction on one connection; made by ``Store.reading`` and ``Store.writing``."""

    def __init__(self, dialect: str, connection: Any, keyring: Keyring | None = None) -> None:
        self.dialect = dialect
        self.log = Writer(self, keyring) if keyring else None
        self._connection = connection
        self._broken: MeterbookError | None = None
        self._open = False
        self._wanted: set[str] = set()

    def rows(self, sql: str, /, **params: Any) -> list[tuple[Any, ...]]:
        """All rows of a query. Columns called like a date column, ``…_date`` or ``…_on`` are dates."""
        with self._refusals():
            cursor = self._run(sql, params)
            found = [tuple(row) for row in cursor.fetchall()]
        if self.dialect == "postgresql" or not found:
            return found
        dates = [
            place
            for place, (name, *_rest) in enumerate(cursor.description)
            if name in DATE_COLUMNS or name.endswith(("_date", "_on"))
        ]
        if not dates:
            return found
        return [
            tuple(
                dt.date.fromisoformat(value) if place in dates and value is not None else value
                for place, value in enumerate(row)
            )
            for row in found
        ]

    def execute(self, sql: str, /, **params: Any) -> int:
        """Run a statement; gives the number of rows it touched."""
        with self._refusals():
            return int(self._run(sql, params).rowcount)

    def frame(self, sql: str, schema: Mapping[str, Any], /, **params: Any) -> pl.DataFrame:
        """The rows of a query as a frame of exactly that schema; columns by position."""
        with self._refusals():
            if self.dialect == "sqlite":
                return bulk.fetch(self._run(sql, params), schema)
            with self._connection.cursor() as cursor:
                return bulk.copy_out(cursor, _pyformat(sql), schema, params)

    def insert(self, table: str, frame: pl.DataFrame) -> int:
        """Append a frame to a table by its column names; gives the number of rows."""
        known = metadata.tables.get(table)
        if known is None and table not in self._wanted:
            raise KeyError(table)
        if known is not None and (odd := set(frame.columns) - set(known.columns.keys())):
            raise KeyError(f"{table} has no column {sorted(odd)}")
        if frame.is_empty():
            return 0
        if known is not None and self.log is not None:
            self.log.note(table, frame)
        with self._refusals():
            if self.dialect == "sqlite":
                return bulk.insert_many(self._connection, table, frame)
            with self._connection.cursor() as cursor:
                return bulk.copy_in(cursor, table, frame)

    def insert_file(self, table: str, key: Mapping[str, int | str], column: str, content: bytes) -> None:
        """Append one row that holds a whole file; ``insert`` would copy its bytes several times over.

        The log has no leaf of it: it is for tables whose key is the hash of the bytes.
        """
        if metadata.tables[table].info.get("log") is not False:
            raise KeyError(table)
        with self._refusals():
            if self.dialect == "sqlite":
                bulk.insert_file(self._connection, table, key, column, content)
                return
            with self._connection.cursor() as cursor:
                bulk.copy_file(cursor, table, key, column, content)

    def want(self, name: str, values: pl.Series) -> str:
        """A temporary table ``want_<name>(value)`` of distinct values to join with; gives its name.

        Nulls are left out. Wanting the same name again replaces it; all go with the session.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(name)
        table = f"want_{name}"
        type_ = "bigint" if values.dtype.is_integer() else "text"
        if values.dtype == pl.Date:
            type_ = "date" if self.dialect == "postgresql" else "text"
        elif type_ == "text" and self.dialect == "postgresql":
            type_ = 'text COLLATE "C"'
        self.execute(f"DROP TABLE IF EXISTS {'temp' if self.dialect == 'sqlite' else 'pg_temp'}.{table}")
        self._wanted.add(table)
        if self.dialect == "sqlite":
            self.execute(f"CREATE TEMP TABLE {table} (value {type_} PRIMARY KEY) WITHOUT ROWID")
        else:
            self.execute(f"CREATE TEMP TABLE {table} (value {type_}) ON COMMIT DROP")
        self.insert(table, pl.DataFrame({"value": values.drop_nulls().unique().sort()}))
        # Without statistics PostgreSQL takes every set for a small one, and SQLite for a large one,
        # for which it would first read the whole table it is to seek in (a Bloom filter).
        self.execute(f"ANALYZE {'temp.' if self.dialect == 'sqlite' else ''}{table}")
        return table

    def seal(self, book_id: int, batch_id: int) -> None:
        """Hold a finished batch to the laws now and make it visible with the commit.

        On SQLite this writes the seal; on PostgreSQL the seal is the database's own at
        commit, and asking for it here only lets a refusal come before it.
        """
        if self.log is not None:
            # PostgreSQL looks at every batch that waits, so all of them need their leaves now.
            for waiting in self.log.waiting() if self.dialect == "postgresql" else [(book_id, batch_id)]:
                self.log.seal(*waiting)
        if self.dialect == "postgresql":
            self.execute("SET CONSTRAINTS batch_seal IMMEDIATE")
            self.execute("SET CONSTRAINTS batch_seal DEFERRED")
            return
        sealed = self.execute(
            "INSERT INTO seal (book_id, batch_id, seq, last_entry, last_fact, sealed_at) "
            "SELECT book_id, batch_id, "
            "1 + coalesce((SELECT max(seq) FROM seal WHERE book_id = :book_id), 0), "
            "first_entry + entries - 1, first_fact + facts - 1, :sealed_at "
            "FROM batch WHERE book_id = :book_id AND batch_id = :batch_id",
            book_id=book_id,
            batch_id=batch_id,
            sealed_at=now(),
        )
        if sealed != 1:
            raise LawBroken("batch", str(batch_id))

    def begin(self, statement: str) -> None:
        """Open the transaction (the Store does)."""
        with self._refusals():
            self._connection.execute(statement)
        self._open = True

    def end(self, statement: str) -> None:
        """Close it with COMMIT or ROLLBACK (the Store does)."""
        if self._broken is not None and statement == "COMMIT":
            # Caught inside the block: half of the work must not be committed all the same.
            raise self._broken
        if self.log is not None and statement == "COMMIT":
            self.log.finish()
        with self._refusals():
            self._connection.execute(statement)
        self._open = False

    def close(self) -> None:
        """Roll back what is still open; drop what was wanted."""
        if self._open:
            self._open = False
            with suppress(psycopg.OperationalError):  # the server is gone, and the work with it
                self._connection.rollback()
        if self.dialect == "sqlite":
            for table in self._wanted:
                self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")

    def _run(self, sql: str, params: Mapping[str, Any]) -> Any:
        if self.dialect == "sqlite":
            bound = {name: value.isoformat() if type(value) is dt.date else value for name, value in params.items()}
            return self._connection.execute(sql, bound)
        return self._connection.execute(_pyformat(sql), params)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the driver raises, as the law that was broken."""
        try:
            yield
        except (sqlite3.Error, psycopg.Error) as error:
            refusal = refused(error)
            if refusal is None:
                raise
            self._broken = refusal
            raise refusal from error


def _parsed(url: str) -> URL:
    """The parts of a database address.

    Raises:
        Refused: it is none, or its password holds an ``@`` that could be read in two ways; what was
            given is not repeated, for it may hold a password.
    """
    try:
        parsed = make_url(re.sub(r"^postgres://", "postgresql://", url))
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):
        raise Refused(
            _("数据库地址写法不对,应如 sqlite:///meterbook.db 或 postgresql://用户@主机/库;密码中的 @ 写作 %40")
        )
    return parsed


def refused(error: Exception) -> LawBroken | Refused | None:
    """The refusal in a driver's error, or None if it is a fault of ours or of the machine."""
    text = str(error)
    if found := laws.law_named(text):
        return LawBroken(*found)
    first = text.splitlines()[0] if text else ""
    if isinstance(error, psycopg.Error):
        for kind, law in _POSTGRESQL.items():
            if isinstance(error, kind):
                return LawBroken(law, error.diag.message_detail or first)
        return _unavailable(error, first)
    for words, law in _SQLITE.items():
        if words in first:
            return LawBroken(law, first)
    return _unavailable(error, first)


def _unavailable(error: Exception, reason: str) -> Refused | None:
    """The machine's trouble, in words: another writer, a lost connection, a full disk."""
    state = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    if state.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Refused(_("账簿正由另一程序写入,请稍后再试"))
    if state.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_CORRUPT")):
        return Refused(_("数据库不可用:{reason}").format(reason=reason))
    if not isinstance(error, psycopg.OperationalError):
        return None
    if not state or state.startswith(("08", "57P")):
        # Perhaps after the commit went out: whoever posts again by the same key finds out.
        return Refused(_("与数据库的连接中断,请重做;已完成的不会重复"))
    return Refused(_("数据库不可用:{reason}").format(reason=reason))


_POSTGRESQL: dict[type[psycopg.Error], str] = {
    psycopg.errors.UniqueViolation: "duplicate",
    psycopg.errors.NotNullViolation: "missing",
    psycopg.errors.NumericValueOutOfRange: "limit",
    psycopg.errors.DataError: "value",
    psycopg.errors.InsufficientPrivilege: "privilege",
}
"""What PostgreSQL refuses by itself; the special before the general."""

_SQLITE = {
    "UNIQUE constraint failed": "duplicate",
    "NOT NULL constraint failed": "missing",
    "integer overflow": "limit",
    "cannot store": "value",
}
"""What SQLite refuses by itself: it has only words for it."""


def now() -> str:
    """The instant, as every ``…_at`` column holds it: ``2023-06-09T08:15:30.123456Z``."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class FileLock:
    """An exclusive lock of the operating system on a file; waits, then gives up.

    Held by one thread of one process; let go by the system if the process dies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        self._file = self.path.open("ab")
        until = time.monotonic() + BUSY_MS / 1000
        while not _try_lock(self._file.fileno()):
            if time.monotonic() > until:
                self._file.close()
                raise Refused(_("账簿正由另一程序写入,请稍后再试"))
            time.sleep(0.005)

    def __exit__(self, *_exception: object) -> None:
        self._file.close()


try:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

except ImportError:  # Windows
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True


def _pyformat(sql: str) -> str:
    """``:name`` as psycopg wants it; quoted text and ``::casts`` are left alone."""

    def put(found: re.Match[str]) -> str:
        quoted, name, percent = found.groups()
        if quoted is not None:
            return quoted.replace("%", "%%")
        return f"%({name})s" if name else str(percent) * 2

    return _PARAMETER.sub(put, sql)


class _WholeNumbers(NumericLoader):
    """Sums of integers are numeric in PostgreSQL; here they are whole numbers again."""

    def load(self, data: Any) -> Any:
        value = super().load(data)
        return int(value) if value == value.to_integral_value() else value


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "synchronous = FULL",
        "temp_store = MEMORY",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.adapters.register_loader("numeric", _WholeNumbers)
    connection.execute(f"SET search_path = {SEARCH_PATH}")
    may_step_down = (
        f"SELECT CASE WHEN to_regrole('{APP}') IS NULL OR to_regclass('meterbook.batch') IS NULL "
        f"THEN false ELSE pg_has_role(session_user, '{APP}', 'MEMBER') "
        f"AND has_table_privilege('{APP}', 'meterbook.batch', 'INSERT') END"
    )
    if _one(connection, may_step_down):
        connection.execute(f"SET ROLE {APP}")


def _build_postgresql(connection: psycopg.Connection[Any]) -> None:
    """Roles, schema and laws, in the transaction of the caller."""
    try:
        with connection.transaction():
            lent = _roles(connection)
            connection.execute(f"CREATE SCHEMA meterbook AUTHORIZATION {OWNER}")
            connection.execute(f"SET ROLE {OWNER}")
        divided = True
    except psycopg.errors.InsufficientPrivilege:
        warnings.warn(
            f"no right to the roles {OWNER} and {APP}: the connecting role owns the tables, "
            "so that triggers alone keep the laws",
            RuntimeWarning,
            stacklevel=4,
        )
        lent = divided = False
        connection.execute("CREATE SCHEMA meterbook")
    connection.execute("SET LOCAL search_path = meterbook, pg_temp")
    for statement in laws.statements("postgresql"):
        connection.execute(statement)
    # Whoever may execute a trigger function can hang it on a table of his own.
    connection.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA meterbook FROM PUBLIC")
    if not divided:
        return
    connection.execute(f"GRANT USAGE ON SCHEMA meterbook TO {APP}")
    connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA meterbook TO {APP}")
    connection.execute(f"GRANT INSERT ON {', '.join(laws.writable())} TO {APP}")
    connection.execute("RESET ROLE")
    if lent:
        connection.execute(f"REVOKE {OWNER} FROM CURRENT_USER")


def _roles(connection: psycopg.Connection[Any]) -> bool:
    """Both roles are there and ours to use; true if the owner's is so only for now."""
    for name in (OWNER, APP):
        if not _one(connection, f"SELECT to_regrole('{name}')"):
            # Another database of the cluster may be quicker; then the role is there.
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation), connection.transaction():
                connection.execute(f"CREATE ROLE {name} NOLOGIN")
    if not _one(connection, f"SELECT pg_has_role('{APP}', 'MEMBER')"):
        connection.execute(f"GRANT {APP} TO CURRENT_USER")
    if _one(connection, f"SELECT pg_has_role('{OWNER}', 'MEMBER')"):
        return False
    connection.execute(f"GRANT {OWNER} TO CURRENT_USER")
    return True


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
