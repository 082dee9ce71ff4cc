"""Store and Session: the same calls give the same frames on both databases."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal

from ledger.errors import LawBroken, NotFound, Refused
from ledger.storage import Store, engine
from tests.conftest import database_url, new_database
from tests.ledger.storage.attacks import _batch, _entry, _lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.storage import Session

ROOT = Path(__file__).parents[3]
DAY = dt.date(2023, 6, 12)


def framed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of the attacks as a frame; what looks like a date there is one here."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    dates = [name for name in frame.columns if name in {"date", "today", "opened", "cutover"}]
    return frame.with_columns(pl.col(name).str.to_date() for name in dates)


def found(store: Store, book: int = 1) -> None:
    """A book with two accounts."""
    with store.writing(book) as session:
        session.insert(
            "book",
            framed([{"book_id": book, "code": "W", "name": "水务", "cutover": "2023-05-31", "created_at": "x"}]),
        )
        session.insert(
            "account",
            framed(
                [
                    {"book_id": book, "account": account, "required": 0, "opened": "2023-05-31"}
                    for account in ("1001.C01", "6001.01")
                ]
            ),
        )


def post(store: Store, key: str, entries: int = 1, book: int = 1, **more: Any) -> int:
    """Post one batch of June the way a journal does: read the head, write behind it."""
    with store.writing(book) as session:
        return write(session, key, entries, book, **more)


def write(session: Session, key: str, entries: int = 1, book: int = 1, **more: Any) -> int:
    [(number, first)] = session.rows(
        "SELECT coalesce(max(batch_id), 0) + 1, coalesce(max(first_entry + entries), 1) FROM batch "
        "WHERE book_id = :book",
        book=book,
    )
    [(vno,)] = session.rows("SELECT coalesce(max(last_no), 0) + 1 FROM voucher_mark WHERE book_id = :book", book=book)
    ids = range(first, first + entries)
    session.insert("batch", framed([_batch(book, number, first, entries, first_fact=1, facts=0, batch_key=key)]))
    session.insert(
        "entry",
        framed([{**_entry(book, number, i, vno + i - first, doc_no=f"{key}/{i - first}"), **more} for i in ids]),
    )
    session.insert("posting", framed([line for i in ids for line in _lines(book, i)]))
    session.seal(book, number)
    return number


# --- frames --------------------------------------------------------------------------

TEXTS = [
    "x",
    "",
    None,
    " ",
    "'",
    '"',
    '""',
    "a,b",
    "a;b",
    "\t",
    "line\nbreak",
    "cr\rlf\r\n",
    "\\",
    "\\.",
    "\\N",
    "NULL",
    "null",
    "水费",
    "𠮷野家",
    "é",
    "1",
    "0012",
    "1e3",
    "true",
    "t",
    "2023-06-01",
    "a" * 100_000,
    ":name",
    "%s",
    "%(x)s",
]
FACT = {
    "fact_id": pl.Int64,
    "doc_no": pl.String,
    "subject": pl.String,
    "date": pl.Date,
    "content": pl.String,
    "row": pl.Int64,
}


def test_round_trip(store: Store) -> None:
    """What goes in comes out: nulls are not empty texts, texts are not touched, dates are dates."""
    found(store)
    count = len(TEXTS)
    frame = pl.DataFrame(
        {
            "book_id": [1] * count,
            "fact_id": range(1, count + 1),
            "batch_id": [1] * count,
            "kind": ["k"] * count,
            "doc_no": [f"D{i}" for i in range(count)],
            "subject": TEXTS,
            "date": [DAY + dt.timedelta(days=i) if i % 3 else None for i in range(count)],
            "content": [text or "" for text in TEXTS],
            "row": [i if i % 2 else None for i in range(count)],
        }
    )
    batch = _batch(1, 1, 1, 0, first_fact=1, facts=count, debit=0, credit=0)
    with store.writing(1) as session:
        session.insert("batch", framed([batch]))
        assert session.insert("fact", frame) == count
        session.seal(1, 1)
    with store.reading() as session:
        query = f"SELECT {', '.join(FACT)} FROM fact WHERE book_id = :b ORDER BY fact_id"
        assert_frame_equal(session.frame(query, FACT, b=1), frame.select(*FACT))
        assert session.rows(query, b=1) == frame.select(*FACT).rows()
        lone = session.frame("SELECT subject FROM fact ORDER BY fact_id -- last", {"subject": pl.String})
        assert lone["subject"].to_list() == TEXTS
        none = session.frame(query.replace(":b", "-1"), FACT)
        assert none.schema == pl.Schema(FACT)
        assert none.is_empty()
        for text in TEXTS[:-4]:  # as a parameter too
            if text is not None:
                assert session.rows("SELECT count(*) FROM fact WHERE subject = :t", t=text) == [(1,)]


def test_types(store: Store) -> None:
    """Sums of integers stay integers beyond 32 bits, booleans are booleans, parameters are typed."""
    found(store)
    schema = {"big": pl.Int64, "yes": pl.Boolean, "no": pl.Boolean, "day": pl.Date, "nothing": pl.String}
    query = (
        "SELECT sum(required) + 10000000000000, 1 = 1, 1 = 2, max(opened), CAST(NULL AS text) FROM account "
        "WHERE opened <= :day AND (:who IS NULL OR account = :who) AND account <> ':who' AND account NOT LIKE '%z'"
    )
    with store.reading() as session:
        frame = session.frame(query, schema, day=DAY, who=None)
        assert frame.schema == pl.Schema(schema)
        assert frame.rows() == [(10**13, True, False, dt.date(2023, 5, 31), None)]
        [(big, *_rest)] = session.rows(query, day=DAY, who=None)
        assert (big, type(big)) == (10**13, int)
        assert session.frame(query, schema, day=dt.date(2020, 1, 1), who=None)["big"].to_list() == [None]


def test_want(store: Store) -> None:
    """A wanted set joins, may be replaced, and is gone with the session."""
    found(store)
    query = "SELECT account FROM account JOIN want_codes ON value = account ORDER BY 1"
    with store.reading() as session:
        assert session.want("codes", pl.Series(["6001.01", "nope", None, "6001.01"])) == "want_codes"
        assert session.rows(query) == [("6001.01",)]
        session.want("codes", pl.Series(["1001.C01", "6001.01"]))
        session.want("days", pl.Series([dt.date(2023, 5, 31)]))
        session.want("numbers", pl.Series([1, 2, 2], dtype=pl.Int32))
        session.want("none", pl.Series([], dtype=pl.String))
        assert session.rows(query) == [("1001.C01",), ("6001.01",)]
        assert session.rows("SELECT count(*) FROM account JOIN want_days ON value = opened") == [(2,)]
        assert session.rows("SELECT count(*) FROM want_numbers") == [(2,)]
        assert session.rows("SELECT count(*) FROM want_none") == [(0,)]
    with store.reading() as session, pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedTable)):
        session.rows(query)
    with store.writing(1) as session:
        session.want("codes", pl.Series(["6001.01"]))
        assert session.rows(query) == [("6001.01",)]


@pytest.mark.parametrize("rows", [1, 99, 100, 101, 12_345])
def test_many_rows(store: Store, rows: int) -> None:
    """Whatever the number of rows, all arrive in order."""
    found(store)
    post(store, "many", rows)
    with store.reading() as session:
        ids = session.frame("SELECT entry_id FROM entry ORDER BY entry_id", {"entry_id": pl.Int64})
        assert ids["entry_id"].to_list() == list(range(1, rows + 1))
        assert session.rows("SELECT count(*), sum(debit), sum(credit) FROM posting") == [
            (2 * rows, 500 * rows, 500 * rows)
        ]


def test_unknown_names(store: Store) -> None:
    """A table or column that is not ours is a mistake of the caller."""
    with store.reading() as session:
        with pytest.raises(KeyError, match="ghost"):
            session.insert("ghost", pl.DataFrame({"a": [1]}))
        with pytest.raises(KeyError, match="ghost"):
            session.insert("book", pl.DataFrame({"ghost": [1]}))
        with pytest.raises(ValueError, match="x;y"):
            session.want("x;y", pl.Series([1]))


# --- transactions --------------------------------------------------------------------


def count(store: Store, table: str = "batch") -> int:
    with store.reading() as session:
        return int(session.rows(f"SELECT count(*) FROM {table}")[0][0])


def test_refusal_rolls_back(store: Store) -> None:
    """LawBroken names its law; nothing of the session stays, even if the block swallowed it."""
    found(store)
    post(store, "a")
    with pytest.raises(LawBroken) as caught:
        post(store, "b", date="2023-06-13")
    assert caught.value.law == "date"

    def swallow() -> None:
        with store.writing(1) as session:
            write(session, "c")
            with suppress(LawBroken):
                session.execute("INSERT INTO book VALUES (1, 'again', 'x', '2023-05-31', 'x')")

    with pytest.raises(LawBroken) as caught:
        swallow()
    assert caught.value.law == "duplicate"

    def interrupted() -> None:
        with store.writing(1) as session:
            write(session, "d")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert count(store) == 1
    assert post(store, "e") == 2


def test_several_batches_in_one_session(store: Store) -> None:
    found(store)
    with store.writing(1) as session:
        for key in "abc":
            write(session, key, 2)
    with store.reading() as session:
        assert session.rows("SELECT batch_id, seq, last_entry FROM seal ORDER BY 1") == [
            (1, 1, 2),
            (2, 2, 4),
            (3, 3, 6),
        ]


def test_forgotten_seal(store: Store) -> None:
    """Without a seal PostgreSQL seals at commit; on SQLite the batch stays in the dark, its numbers used."""
    found(store)
    with store.writing(1) as session:
        session.insert("batch", framed([_batch(1, 1, 1, 0, first_fact=1, facts=0, debit=0, credit=0)]))
    assert count(store, "seal") == (0 if store.dialect == "sqlite" else 1)
    assert post(store, "next") == 2
    with pytest.raises(LawBroken), store.writing(1) as session:
        session.seal(1, 99) if store.dialect == "sqlite" else session.execute(
            "INSERT INTO seal VALUES (1, 9, 9, 9, 9, '')"
        )


def test_reading_is_one_snapshot(store: Store) -> None:
    """A reader sees the moment it began, and waits for no writer."""
    found(store)
    post(store, "a")
    with store.reading() as reader:
        post(store, "b")
        assert reader.rows("SELECT count(*) FROM batch") == [(1,)]
        with store.writing(1) as writer:
            write(writer, "c")
            assert reader.rows("SELECT count(*) FROM seal") == [(1,)]
    assert count(store) == 3


def test_two_writers(store: Store) -> None:
    """Two programs post at once: nothing lost, nothing doubled, no gap, no error."""
    found(store)
    each, errors = 12, []

    def work(name: str) -> None:
        mine = Store(store.url)
        try:
            for number in range(each):
                post(mine, f"{name}{number}", 3)
        except Exception as error:
            errors.append(error)
        finally:
            mine.dispose()

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with store.reading() as session:
        assert session.rows("SELECT count(*), max(batch_id), max(first_entry) FROM batch") == [(24, 24, 70)]
        assert session.rows("SELECT count(*), count(DISTINCT vno), max(vno) FROM entry") == [(72, 72, 72)]


def test_same_batch_by_two_writers(store: Store) -> None:
    """The same key at once: one posts it, the other is told."""
    found(store)
    outcome: list[str] = []

    def work() -> None:
        mine = Store(store.url)
        try:
            post(mine, "same", 50)
            outcome.append("posted")
        except LawBroken as error:
            outcome.append(error.law)
        finally:
            mine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["duplicate"] * 3 + ["posted"]
    assert count(store, "entry") == 50


def test_books_do_not_wait_for_each_other(new_store: Callable[[str], Store]) -> None:
    """On PostgreSQL the lock is the book's."""
    store = new_store("postgresql")
    found(store, 1)
    found(store, 2)
    with store.writing(1) as one:
        write(one, "a", book=1)
        assert post(store, "b", book=2) == 1


WRITER = """
import sys
sys.path.insert(0, {root!r})
from ledger.storage import Store
from tests.ledger.storage.test_engine import post
store = Store({url!r})
print("ready", flush=True)
number = {start}
while True:
    post(store, f"key{{number}}", 40)
    print(number, flush=True)
    number += 1
"""


def test_kill(store: Store) -> None:
    """Kill −9 at any moment: every acknowledged batch is there, every batch is whole, posting goes on."""
    found(store)
    chance = random.Random(2023)
    start = 0
    for _round in range(3):
        code = WRITER.format(root=str(ROOT), url=store.url, start=start)
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.05 + chance.random() * 0.15)
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = [int(line) for line in child.stdout.read().split()]
        child.wait()
        if store.dialect == "postgresql":
            _wait_for_backends(store)
        with store.reading() as session:
            [(sealed,)] = session.rows("SELECT count(*) FROM seal")
            assert session.rows("SELECT count(*) FROM batch") == [(sealed,)]
            assert session.rows("SELECT count(*), max(entry_id), max(vno) FROM entry") == [
                (40 * sealed, 40 * sealed or None, 40 * sealed or None)
            ]
            assert session.rows("SELECT count(*) FROM posting") == [(80 * sealed,)]
            assert session.rows("SELECT sum(debit) FROM balance_delta") == [(20_000 * sealed or None,)]
            # Two more: the key, and the book with its accounts.
            assert session.rows("SELECT count(*), max(seq), sum(leaves) FROM log") == [
                (sealed + 2, sealed + 2, 41 * sealed + 4)
            ]
        assert sealed >= start + len(acknowledged)
        start = sealed
    post(store, f"key{start}", 40)
    with pytest.raises(LawBroken):
        post(store, f"key{start}", 40)


def _wait_for_backends(store: Store) -> None:
    """Until the server has noticed that its client is dead."""
    for _try in range(100):
        with store.writing(1) as session:
            [(others,)] = session.rows(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
        if not others:
            return
        time.sleep(0.02)


CLUSTER = """
import sys
sys.path.insert(0, {root!r})
from tests import postgres
with postgres.cluster() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_cluster_leaves_nothing_behind(postgres_url: str) -> None:
    """The tests' own cluster goes with them, even if they are killed."""
    assert postgres_url
    child = subprocess.Popen(
        [sys.executable, "-c", CLUSTER.format(root=str(ROOT))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip().partition("?host=")[2])
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    for _try in range(500):
        if not folder.exists():
            break
        time.sleep(0.02)
    assert not folder.exists()
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(server)], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in {"", "Z"}  # gone, or dead and not yet buried


# --- SQLite --------------------------------------------------------------------------


def test_sqlite_pragmas(new_store: Callable[[str], Store]) -> None:
    with new_store("sqlite").reading() as session:
        assert session.rows("PRAGMA journal_mode") == [("wal",)]
        assert session.rows("PRAGMA synchronous") == [(2,)]
        assert session.rows("PRAGMA busy_timeout") == [(30_000,)]


def test_sqlite_missing_file(tmp_path: Path) -> None:
    """Reading a book that is not there says so and makes no file."""
    store = Store(f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(NotFound), store.reading():
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_book_yet(tmp_path: Path, postgres_url: str) -> None:
    """A database without the schema, a file that is none, a server that is not there: said in words."""
    sqlite3.connect(tmp_path / "empty.db").execute("PRAGMA user_version = 1").connection.close()
    (tmp_path / "text.db").write_text("not a database, " * 100)
    name = new_database(postgres_url)
    for url in (f"sqlite:///{tmp_path}/empty.db", database_url(postgres_url, name)):
        store = Store(url)
        with pytest.raises(NotFound), store.reading():
            pass
        with pytest.raises(NotFound), store.writing(1):
            pass
        store.dispose()
    for url in (f"sqlite:///{tmp_path}/text.db", database_url(postgres_url, "ghost")):
        with pytest.raises(Refused), Store(url).reading():
            pass
    with pytest.raises(NotFound):
        Store("mysql://x/y")


def test_sqlite_memory() -> None:
    """A book in memory, for trying things out."""
    store = Store("sqlite://")
    store.create_schema()
    found(store)
    assert post(store, "a") == 1
    assert count(store, "seal") == 1


def test_sqlite_odd_path(tmp_path: Path) -> None:
    """Spaces, signs and Chinese in a path are part of its name."""
    path = tmp_path / "账 簿#1.db"
    store = Store(f"sqlite:///{path}")
    store.create_schema()
    found(store)
    assert path.exists()
    store.dispose()


def test_sqlite_busy(new_store: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long is told so, and nothing is written. The lock beside the book is as good."""
    store = new_store("sqlite")
    found(store)
    monkeypatch.setattr(engine, "BUSY_MS", 100)
    for safe in ((0,), (99,)):  # without and with the lock file
        monkeypatch.setattr(engine, "SAFE_SQLITE", safe)
        other = Store(store.url)
        with store.writing(1), pytest.raises(Refused), other.writing(1):
            pytest.fail("two writers")
        other.dispose()
        post(store, f"free{safe}")


def test_schema_twice(new_store: Callable[[str], Store], tmp_path: Path, postgres_url: str) -> None:
    """Making the schema where it is already changes nothing."""
    name = new_database(postgres_url)
    for url in (f"sqlite:///{tmp_path}/twice.db", database_url(postgres_url, name)):
        store = Store(url)
        store.create_schema()
        found(store)
        post(store, "a")
        store.create_schema()
        assert count(store) == 1
        store.dispose()


# --- PostgreSQL ----------------------------------------------------------------------


def test_postgresql_steps_down(postgres_url: str, postgres_template: str, new_store: Callable[[str], Store]) -> None:
    """Whoever connects, superuser too, works as the application's role."""
    name = new_database(postgres_url, postgres_template)
    for store in (Store(database_url(postgres_url, name)), new_store("postgresql")):
        with store.reading() as session:
            assert session.rows("SELECT current_user") == [("meterbook_app",)]
        store.dispose()


def test_postgresql_without_roles(postgres_url: str, postgres_template: str) -> None:
    """Where roles cannot be had a warning says so; the triggers keep the laws all the same."""
    assert postgres_template
    name = new_database(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE hosted LOGIN")
        admin.execute(f"ALTER DATABASE {name} OWNER TO hosted")
    store = Store(database_url(postgres_url, name, "hosted"))
    with pytest.warns(RuntimeWarning, match="triggers alone"):
        store.create_schema()
    found(store)
    assert post(store, "a") == 1
    for statement, law in {
        "DELETE FROM entry": "immutable",
        "INSERT INTO seal VALUES (1, 9, 9, 9, 9, '')": "privilege",
    }.items():
        with pytest.raises(LawBroken) as caught, store.writing(1) as session:
            session.execute(statement)
        assert caught.value.law == law
    store.dispose()


def test_postgresql_hosted_with_createrole(postgres_url: str, postgres_template: str) -> None:
    """A role that may create roles divides them, and keeps no way back to the owner's."""
    assert postgres_template
    name = new_database(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE builder LOGIN CREATEROLE")
        admin.execute(f"ALTER DATABASE {name} OWNER TO builder")
    store = Store(database_url(postgres_url, name, "builder"))
    store.create_schema()
    found(store)
    with store.reading() as session:
        assert session.rows(
            "SELECT current_user, pg_has_role(session_user, 'meterbook_owner', 'MEMBER'), "
            "(SELECT tableowner FROM pg_tables WHERE tablename = 'posting')"
        ) == [("meterbook_app", False, "meterbook_owner")]
    store.dispose()


def test_postgresql_survives_a_lost_connection(new_store: Callable[[str], Store], postgres_url: str) -> None:
    """A server that restarts costs the session under way, not the next one."""
    store = new_store("postgresql")
    found(store)
    with psycopg.connect(postgres_url, autocommit=True) as admin:

        def cut() -> None:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'meterbook_test'")

        cut()
        assert post(store, "a") == 1

        def cut_short() -> None:
            with store.writing(1) as session:
                write(session, "b")
                cut()

        with pytest.raises(Refused, match="连接中断"):
            cut_short()
    assert post(store, "c") == 2
