"""The log: every transaction leaves its leaves, in one unbroken order, under a signed checkpoint."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from sqlalchemy import Date, LargeBinary, Text

from ledger import leaves
from ledger.checkpoint import key_path, read_note
from ledger.errors import LawBroken, NotFound, Refused
from ledger.merkle import Frontier, leaf_hash
from ledger.storage import Store, bank, coverage, log, people_sql
from ledger.storage.tables import metadata
from tests.ledger.storage.attacks import _batch, _entry, _lines
from tests.ledger.storage.test_engine import TEXTS, count, found, framed, post, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.storage import Session

NOW = "2023-06-12T00:00:00.000000Z"


def table(store: Store, name: str, where: str = "1 = 1") -> pl.DataFrame:
    """Rows of a table as they lie in the database."""
    columns = metadata.tables[name].columns
    with store.reading() as session:
        rows = session.rows(f"SELECT {', '.join(c.name for c in columns)} FROM {name} WHERE {where}")

    def kind(type_: Any) -> Any:
        if isinstance(type_, LargeBinary):
            return pl.Binary
        return pl.Date if isinstance(type_, Date) else pl.String if isinstance(type_, Text) else pl.Int64

    return pl.DataFrame(rows, schema={c.name: kind(c.type) for c in columns}, orient="row")


def derived(store: Store, book: int) -> list[tuple[int, bytes]]:
    """``(seq, leaf hashes)`` worked out again from the rows, by what each log row says it stands for."""
    made = []
    for row in table(store, "log", f"book_id = {book}").sort("seq").to_dicts():
        if row["batch_id"] is not None:
            mine = f"book_id = {book} AND batch_id = {row['batch_id']}"
            batch, entry, fact = (table(store, name, mine) for name in ("batch", "entry", "fact"))
            lines = table(store, "posting", f"book_id = {book}").join(entry, on="entry_id", how="semi")
            parts = [
                leaves.entries("W", batch, entry, lines),
                leaves.facts("W", batch, fact),
                leaves.manifest("W", batch),
            ]
            hashes = b"".join(leaf_hash(record.encode()) for part in parts for record in part)
        else:
            hashes = b""
            for name, *key in json.loads(row["what"]):
                rows = table(store, name, f"book_id = {book}")
                names = [c.name for c in metadata.tables[name].primary_key.columns if c.name != "book_id"]
                at = [[str(value) for value in values] for values in rows.sort(names).select(names).rows()]
                if log.mode(name) == "set":
                    first, last = at.index(key[: len(names)]), at.index(key[len(names) : -1])
                    part = rows.sort(names)[first : last + 1]
                    assert len(part) == int(key[-1])
                else:
                    part = rows.sort(names)[at.index(key)] if names else rows
                hashes += log.table_leaves("W", name, part)[0]
        made.append((row["seq"], hashes))
    return made


def proved(store: Store, book: int = 1) -> int:
    """Hold a book's whole log to its rows and to its key; gives the number of its leaves."""
    rows = table(store, "log", f"book_id = {book}").sort("seq").to_dicts()
    assert derived(store, book) == [(row["seq"], row["hashes"]) for row in rows]
    keys = table(store, "key", f"book_id = {book}")["vkey"].to_list()
    grown = Frontier()
    for number, row in enumerate(rows, 1):
        assert (row["seq"], row["first_leaf"], row["leaves"]) == (number, grown.size, len(row["hashes"]) // 32)
        grown = grown.append(row["hashes"])
        assert (row["frontier"], row["root"]) == (grown.text(), grown.root().hex())
        said = read_note(row["note"], keys)
        assert (said.origin, said.size, said.root) == (row["origin"], grown.size, grown.root())
        assert row["algorithm"] == "ed25519/sha256"
    return grown.size


# --- what gets leaves -----------------------------------------------------------------


def test_batch(store: Store) -> None:
    """A leaf for each entry and fact, one for the batch; what was read back makes the same bytes."""
    found(store)
    before = proved(store)
    assert before == 4  # the key, the book, two accounts
    texts = [text or "" for text in TEXTS]
    facts = pl.DataFrame(
        {
            "book_id": 1,
            "fact_id": range(1, len(texts) + 1),
            "batch_id": 1,
            "kind": "k",
            "doc_no": [f"D{i}" for i in range(len(texts))],
            "subject": TEXTS,
            "date": [dt.date(2023, 6, 12) if i % 2 else None for i in range(len(texts))],
            "content": texts,
            "row": [i if i % 3 else None for i in range(len(texts))],
        }
    )
    with store.writing(1) as session:
        session.insert("batch", framed([_batch(1, 1, 1, 0, first_fact=1, facts=len(texts), debit=0, credit=0)]))
        session.insert("fact", facts)
        session.seal(1, 1)
        write_second(session)
    assert proved(store) == before + len(texts) + 1 + 3 + 1
    [row] = table(store, "log", "batch_id = 2").to_dicts()
    assert (row["leaves"], row["what"]) == (4, "batch")


def write_second(session: Session) -> None:
    """A batch of three entries behind one of facts: signs in a memo, a red-letter entry, lines in two parts."""
    memos = ['a "b"', None, "\\ \n \x01"]
    batch = _batch(1, 2, 1, 3, first_fact=len(TEXTS) + 1, facts=0, debit=993, credit=993)
    session.insert("batch", framed([batch]))
    session.insert("entry", framed([{**_entry(1, 2, i, i), "memo": memos[i - 1]} for i in (1, 2, 3)]))
    session.insert("posting", framed([line for i in (1, 2) for line in _lines(1, i)]))
    session.insert("posting", framed([{**line, "customer": "R2"} for line in _lines(1, 3, amount=-7)]))
    session.seal(1, 2)


def test_other_rows(store: Store) -> None:
    """What is in no batch has a leaf each at the commit, bulk tables one for all rows of an insert; a column
    left to its default has the default's; logins and refusals have none."""
    found(store)
    before = proved(store)
    with store.writing(1) as session:
        session.insert("period_event", framed([_closing()]))
        head = {
            "bank": "1002.01", "sha256": "ab", "file_name": "六月.csv", "dialect": "icbc", "encoding": None,
            "direction": None, "from_date": dt.date(2023, 6, 1), "to_date": dt.date(2023, 6, 30), "opening": 0,
            "closing": 5, "difference": 0, "lines": 3, "operator": "K",
        }  # fmt: skip
        bank.append_source(session, 1, "ab", b'\x00\xff,"')
        number, line = bank.append_statement(session, 1, head, _bank_lines())
        frames = (
            pl.DataFrame({"match_id": [1, 2], "stage": "a", "rule_version": "1", "evidence": "{}"}),
            pl.DataFrame(
                {"match_id": [2, 1, 1], "side": ["bank", "book", "bank"], "ref": ["3", "9:1", "1"], "amount": 5}
            ),
        )
        bank.append_matches(session, 1, "1002.01", *frames, "K")
        bank.append_undo(session, 1, "1002.01", 2, "{}", "K")
        bank.append_note(session, 1, "1002.01", "bank", "2", "r", "n", "K")
        people_sql.add_attempt(session, 1, "K", success=True, place="here")
    assert (number, line) == (1, 1)
    # period, statement, its lines, two matches, their items, the undoing, the note
    assert proved(store) == before + 1 + 1 + 1 + 2 + 1 + 1 + 1
    assert table(store, "source_file")["bytes"].to_list() == [b'\x00\xff,"']
    with store.writing(1) as session:
        people_sql.add_attempt(session, 1, "K", success=False, place="here")
        session.want("codes", pl.Series(["6001.01"]))
    assert proved(store) == before + 8


def _closing() -> dict[str, Any]:
    """Without a branch: the column's default, the whole book."""
    return {
        "book_id": 1, "period": "2023-05", "seq": 1, "action": "close", "reason": "x", "operator": "K", "recorded_at": NOW,
    }  # fmt: skip


def _bank_lines() -> pl.DataFrame:
    lines = pl.DataFrame(
        {"line_no": [1, 2, 3], "identity": ["a", "b", "c"], "amount_in": [5, 0, 0], "amount_out": [0, 2, 3]}
    )
    return (
        pl.DataFrame(schema=bank.BANK_LINES)
        .drop("line_id", "statement_id")
        .clear(3)
        .with_columns(*lines.drop("line_no"), line_no=lines["line_no"], date=dt.date(2023, 6, 12), occurrence=pl.lit(1))
    )


def test_several_batches(store: Store) -> None:
    """Two batches of one session, opened one behind the other and then sealed: each has its own leaves."""
    found(store)
    before = proved(store)
    with store.writing(1) as session:
        for number in (1, 2):
            write_part(session, number)
        for number in (1, 2):
            session.seal(1, number)
    assert proved(store) == before + 2 * 3
    with store.writing(1) as session:
        write(session, "a", 2)
        write(session, "b", 1)
    assert proved(store) == before + 2 * 3 + 3 + 2


def write_part(session: Session, number: int) -> None:
    """Two entries of one batch, not sealed."""
    ids = (2 * number - 1, 2 * number)
    batch = _batch(1, number, ids[0], 2, first_fact=1, facts=0)
    session.insert("batch", framed([batch]))
    session.insert("entry", framed([_entry(1, number, i, i) for i in ids]))
    session.insert("posting", framed([line for i in ids for line in _lines(1, i)]))


def test_two_books(store: Store) -> None:
    """Each book of a database has a log, an origin and a key of its own."""
    for book in (1, 2):
        found(store, book)
    for book in (1, 2, 1):
        post(store, f"b{book}{count(store)}", 3, book=book)
    assert (proved(store, 1), proved(store, 2)) == (4 + 8, 4 + 4)
    keys = table(store, "key")
    assert keys["vkey"].n_unique() == 2
    assert table(store, "log")["origin"].n_unique() == 2


def test_nothing_written(store: Store) -> None:
    """A session that inserts nothing leaves no checkpoint."""
    found(store)
    before = count(store, "log")
    with store.writing(1):
        pass
    assert count(store, "log") == before


# --- what goes wrong --------------------------------------------------------------------


def test_two_writers(store: Store) -> None:
    """Two programs at once: one order, no gap, every checkpoint holds."""
    found(store)
    errors: list[Exception] = []

    def work(name: str) -> None:
        mine = Store(store.url)
        try:
            for number in range(5):
                post(mine, f"{name}{number}", 2)
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
    assert proved(store) == 4 + 10 * 3


def test_given_up_between(store: Store) -> None:
    """A transaction that dies between its leaves and its commit leaves neither; the next one goes on."""
    found(store)
    before = proved(store)

    def dies() -> None:
        with store.writing(1) as session:
            write(session, "a", 2)
            assert session.rows("SELECT count(*) FROM log WHERE batch_id = 1") == [(1,)]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()
    with pytest.raises(LawBroken):
        post(store, "b", date="2023-06-13")
    assert proved(store) == before
    post(store, "c", 2)
    assert proved(store) == before + 3


def test_rows_past_the_session(store: Store) -> None:
    """A batch written by hand has no leaves, so it is not sealed."""
    found(store)
    batch = _batch(1, 1, 1, 0, first_fact=1, facts=0, debit=0, credit=0)
    names = ", ".join(batch), ", ".join(f":{name}" for name in batch)

    def by_hand() -> None:
        with store.writing(1) as session:
            session.execute("INSERT INTO batch ({}) VALUES ({})".format(*names), **batch)
            session.seal(1, 1)

    with pytest.raises(LawBroken) as caught:
        by_hand()
    assert caught.value.law == "log"


# --- keys ----------------------------------------------------------------------------------


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nobody names a key; the user's configuration is a folder of the test."""
    monkeypatch.delenv("METERBOOK_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    return tmp_path / "config"


def test_key_comes_with_the_book(store: Store, no_key: Path) -> None:
    """The first writer makes the key in the user's configuration, for him alone, and announces it."""
    found(store)
    post(store, "a")
    [path] = no_key.rglob("*.key")
    [origin] = table(store, "log")["origin"].unique()
    assert path == key_path(origin)
    assert path.stat().st_mode & 0o077 == 0
    assert len(table(store, "key")) == 1
    assert path.read_text().strip() not in "".join(table(store, "log")["note"])


def test_no_key(store: Store, no_key: Path) -> None:
    """Without the key nothing is written and the refusal says where it should lie; reading needs none."""
    found(store)
    for path in no_key.rglob("*.key"):
        path.rename(path.with_suffix(".away"))
    other = Store(store.url)
    with pytest.raises(NotFound, match=re.escape(str(no_key))):
        post(other, "a")
    assert count(other, "batch") == 0
    assert list(no_key.rglob("*.key")) == []  # and no new one is made for a book that has one
    other.dispose()


def test_another_key(store: Store, no_key: Path) -> None:
    """A key that the book never announced signs nothing."""
    found(store)
    for path in no_key.rglob("*.key"):
        path.write_text("11" * 32)
    other = Store(store.url)
    with pytest.raises(Refused, match="签名密钥"):
        post(other, "a")
    assert count(other, "batch") == 0
    other.dispose()


def test_key_beside_the_book(new_store: Callable[[str], Store], no_key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key beside a SQLite book is used, unless METERBOOK_KEY names another."""
    store = new_store("sqlite")
    assert store.path is not None
    beside = store.path.with_suffix(".key")
    beside.write_text("22" * 32)
    found(store)
    assert not no_key.exists()
    monkeypatch.setenv("METERBOOK_KEY", str(no_key / "other.key"))
    named = Store(store.url)
    with pytest.raises(NotFound):
        post(named, "a")
    named.dispose()


def test_memory_needs_no_file(no_key: Path) -> None:
    """A book in memory has a key in memory."""
    store = Store("sqlite://")
    store.create_schema()
    found(store)
    assert proved(store) == 4
    assert not no_key.exists()


# --- every column is declared ---------------------------------------------------------------


def test_every_column_is_declared() -> None:
    """Each column of each table is covered, and says by what, or free, and says why; nothing else is declared."""
    known = {name: set(made.columns.keys()) for name, made in metadata.tables.items()}
    known["projected"] = {"book_id", "batch_id"}  # SQLite's own, in ddl/sqlite/20_seal.sql
    known["batch"].add("xid")  # PostgreSQL's own, in ddl/postgresql/10_batch.sql
    declared = {
        name: set(coverage.COVERED.get(name, {})) | set(coverage.FREE.get(name, {}))
        for name in {**coverage.COVERED, **coverage.FREE}
    }
    assert declared == known
    for name in declared:
        assert not set(coverage.COVERED.get(name, {})) & set(coverage.FREE.get(name, {})), name
    assert all(reason for columns in coverage.FREE.values() for reason in columns.values())


def test_declared_records_are_made() -> None:
    """A table says that a record covers it exactly if the session writes one."""
    for name, columns in coverage.COVERED.items():
        proofs = set(columns.values())
        if name in log.BATCH_TABLES:
            assert proofs == {leaves.ENTRY if name in {"entry", "posting"} else f"meterbook.{name}/1"}
        elif name in metadata.tables and log.mode(name):
            assert proofs == {leaves.ROWS if log.mode(name) == "set" else f"meterbook.{name}/1"}
        else:
            assert proofs <= {coverage.DERIVED, coverage.SIGNED}


def _some(column: Any, number: int) -> Any:
    if isinstance(column.type, Date):
        return dt.date(2023, 6, number)
    if isinstance(column.type, LargeBinary):
        return bytes([number])
    return f"t{number}" if isinstance(column.type, Text) else number


def _leaf(name: str, row: dict[str, Any]) -> bytes:
    """The hashes of the records that a row is in."""
    frame = pl.DataFrame([row])
    if name not in log.BATCH_TABLES:
        return log.table_leaves("W", name, frame)[0]
    heads = {made: {c.name: _some(c, 1) for c in metadata.tables[made].columns} for made in log.BATCH_TABLES}
    heads[name] = row
    batch, entry, lines, fact = (pl.DataFrame([heads[made]]) for made in ("batch", "entry", "posting", "fact"))
    made = {
        "batch": lambda: leaves.manifest("W", batch),
        "entry": lambda: leaves.entries("W", batch, entry, lines),
        "posting": lambda: leaves.entries("W", batch, entry, lines),
        "fact": lambda: leaves.facts("W", batch, fact),
    }[name]()
    return b"".join(leaf_hash(record.encode()) for record in made)


@pytest.mark.parametrize(
    "name", [n for n in coverage.COVERED if n in metadata.tables and (n in log.BATCH_TABLES or log.mode(n))]
)
def test_covered_columns_make_the_leaf(name: str) -> None:
    """Any other value in a covered column makes another leaf, null too; the book is the log's own."""
    columns = metadata.tables[name].columns
    row = {column.name: _some(column, 1) for column in columns}
    whole = _leaf(name, row)
    keys = {"book_id"} if name in log.BATCH_TABLES else set()
    links = {"entry": {"entry_id", "batch_id"}, "posting": {"entry_id"}, "fact": {"batch_id"}}.get(name, set())
    for column in columns:
        if column.name in keys | links:
            continue
        assert _leaf(name, {**row, column.name: _some(column, 2)}) != whole, column.name
        if column.nullable:
            assert _leaf(name, {**row, column.name: None}) != whole, column.name


def test_no_row_bypasses_the_session() -> None:
    """Rows of the application's tables go in by ``Session.insert`` alone, which keeps them for the log."""
    folder = Path(inspect.getfile(log)).parent
    written = {
        found
        for path in folder.glob("*.py")
        for found in re.findall(r"INSERT INTO (\w+)", path.read_text(encoding="utf-8"))
        if found in metadata.tables and metadata.tables[found].info["writer"] == "app"
    }
    assert written == set()


def test_a_clock_set_back_records_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known at a past moment must not change: refused until the clock is right; a minute does no harm."""
    found(store)
    post(store, "A")
    logged = len(table(store, "log"))

    def back(by: dt.timedelta) -> None:
        at = (dt.datetime.now(dt.UTC) - by).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        monkeypatch.setattr(log, "_now", lambda: at)

    back(dt.timedelta(hours=3))
    with pytest.raises(Refused, match="时钟被调回"):
        post(store, "B")
    assert len(table(store, "log")) == logged
    back(dt.timedelta(minutes=1))
    post(store, "B")
    assert len(table(store, "log")) > logged
