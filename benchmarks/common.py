"""What the benchmarks share: books of any size, throw-away databases, honest pairs.

Every figure is a ratio of two things measured in the same run, interleaved, as
medians: times of one machine on one day say little, ratios say much.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
from sqlalchemy import make_url  # noqa: E402

from ledger.books import create_book, open_book  # noqa: E402
from ledger.documents import KINDS  # noqa: E402
from ledger.journal import Ledger, post  # noqa: E402
from ledger.storage.engine import Store  # noqa: E402
from ledger.tariff import price_charges  # noqa: E402
from tests import postgres  # noqa: E402

TODAY = dt.date(2023, 7, 31)
CHARGED = dt.date(2023, 6, 5)
PAID = dt.date(2023, 6, 9)


@dataclass
class Rows:
    """A document frame as the importers deliver it."""

    kind: str
    frame: pl.DataFrame
    file: str = "benchmark.csv"
    sha256: str = "0" * 64


def documents(kind: str, frame: pl.DataFrame) -> Rows:
    """A frame of some of a kind's columns as a whole frame of the kind."""
    numbered = frame.with_columns(row=pl.int_range(2, pl.len() + 2, dtype=pl.Int64), file=pl.lit("benchmark.csv"))
    columns = [
        pl.col(name).cast(dtype) if name in numbered.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in KINDS[kind].schema.items()
    ]
    return Rows(kind, numbered.select(columns))


def customers(count: int, start: int = 0) -> pl.DataFrame:
    """``count`` residential customers."""
    number = pl.int_range(start, start + count, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"number": number}).select(
        "number",
        customer=pl.format("R{}", pl.col("number").cast(pl.String).str.zfill(7)),
        name=pl.format("户{}", "number"),
        stream=pl.lit("resident"),
        usage_class=pl.lit("R"),
        pay_mode=pl.lit("counter"),
        kind=pl.lit("normal"),
        branch=pl.lit("B01"),
    )


def charges(people: pl.DataFrame, month: str = "2023-06", date: dt.date = CHARGED) -> pl.DataFrame:
    """One bill each, 1 to 40 m³."""
    return people.select(
        pl.format("B-{}-{}", "customer", pl.lit(month)).alias("doc_no"),
        "customer",
        pl.lit(date).alias("date"),
        bill_month=pl.lit(month),
        usage_class=pl.lit("R"),
        volume=pl.col("number") % 40 + 1,
        read_code=pl.lit("normal"),
        approval_no=pl.lit("BENCH"),
    )


def receipts(
    people: pl.DataFrame, ledger: Ledger, first_invoice: int = 10_000_000, date: dt.date = PAID
) -> pl.DataFrame:
    """One receipt each, exactly the bill."""
    bills = price_charges(charges(people), ledger.book)
    return people.select(
        pl.lit(date).alias("date"),
        "customer",
        amount=bills["gross"],
        cashier=pl.lit("C01"),
        invoice=pl.format("{}", pl.col("number") + first_invoice),
    )


def receipts_csv(frame: pl.DataFrame, path: Path) -> Path:
    """The receipts as a cashier's file: Chinese headers, yuan."""
    amount = pl.col("amount")
    frame.select(
        pl.col("date").dt.to_string("iso").alias("日期"),
        pl.col("customer").alias("户号"),
        pl.format("{}.{}", amount // 100, (amount % 100).cast(pl.String).str.zfill(2)).alias("金额"),
        pl.col("cashier").alias("收费员"),
        pl.col("invoice").alias("发票号"),
    ).write_csv(path)
    return path


def post_frame(ledger: Ledger, kind: str, frame: pl.DataFrame) -> None:
    """Post a frame as one batch."""
    post(ledger, [documents(kind, frame)], operator="benchmark", today=TODAY)


# -- databases ------------------------------------------------------------------------------


class Databases:
    """Databases that can be copied as they stand: files of SQLite, templates of PostgreSQL."""

    def __init__(self, engine: str, folder: Path, admin: str | None) -> None:
        self.engine = engine
        self.folder = folder
        self.admin = admin

    def url(self, name: str) -> str:
        """The address of a database by its name."""
        if self.engine == "sqlite":
            return f"sqlite:///{(self.folder / name).as_posix()}.db"
        return make_url(self.admin).set(database=name).render_as_string(hide_password=False)

    def make(self, name: str) -> Ledger:
        """A new database with a book in it."""
        if self.engine == "postgresql":
            self._admin(f"CREATE DATABASE {name}")
        return create_book(Store(self.url(name)), operator="benchmark")

    def open(self, name: str) -> Ledger:
        """The book of a database."""
        return open_book(Store(self.url(name)))

    def copy(self, source: str, name: str) -> str:
        """A copy under another name, replacing an earlier one."""
        self.drop(name)
        if self.engine == "sqlite":
            shutil.copyfile(self.folder / f"{source}.db", self.folder / f"{name}.db")
        else:
            self._admin(f"CREATE DATABASE {name} TEMPLATE {source}")
            self._admin("CHECKPOINT")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, if there is one."""
        if self.engine == "sqlite":
            for path in self.folder.glob(f"{name}.db*"):
                path.unlink()
        else:
            self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def settle(self, ledger: Ledger) -> None:
        """Leave nothing for the next one to do: connections closed, WAL written back, statistics made."""
        ledger.store.dispose()
        if self.engine == "sqlite":
            path = ledger.store.url.removeprefix("sqlite:///")
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("ANALYZE")
            connection.close()
        else:
            with psycopg.connect(ledger.store.url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")

    def _admin(self, statement: str) -> None:
        assert self.admin is not None
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """SQLite in a folder, or a PostgreSQL cluster of our own; the signing key lies in the folder."""
    os.environ["METERBOOK_KEY"] = str(folder / "meterbook.key")
    if engine == "sqlite":
        yield Databases(engine, folder, None)
        return
    with postgres.cluster() as admin:
        yield Databases(engine, folder, admin)


# -- pairs --------------------------------------------------------------------------------------


def pairs(ours: Callable[[], float], peer: Callable[[], float], count: int) -> tuple[list[float], list[float]]:
    """Seconds of both, taken in turns, the first of each pair changing."""
    left: list[float] = []
    right: list[float] = []
    for number in range(count):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            (left if side == 0 else right).append((ours if side == 0 else peer)())
        print(
            f"  pair {number + 1}: ours {left[-1]:.2f} s, peer {right[-1]:.2f} s, ratio {left[-1] / right[-1]:.2f}",
            flush=True,
        )
    return left, right


def ratio(ours: list[float], peer: list[float]) -> float:
    """Median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(ours, peer, strict=True))


# -- the peer -------------------------------------------------------------------------------------


def lawless(base: Databases, name: str, tables: Sequence[str]) -> None:
    """Take the triggers off, so that the peer is the bare tables with their keys and indexes."""
    if base.engine == "sqlite":
        with sqlite3.connect(base.folder / f"{name}.db") as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
        connection.close()
        return
    with psycopg.connect(base.url(name), autocommit=True) as connection:
        for table in tables:
            connection.execute(f"ALTER TABLE meterbook.{table} DISABLE TRIGGER ALL")


def bare(base: Databases, name: str, rows: dict) -> float:
    """Seconds to insert ready rows."""
    if base.engine == "sqlite":
        connection = sqlite3.connect(base.folder / f"{name}.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        prepared = {
            table: (columns, [tuple(v.isoformat() if hasattr(v, "isoformat") else v for v in row) for row in values])
            for table, (columns, values) in rows.items()
        }
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for table, (columns, values) in prepared.items():
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
        connection.execute("COMMIT")
        seconds = time.perf_counter() - start
        connection.close()
        return seconds
    ready = {
        table: (columns, _as_csv(pl.DataFrame(values, schema=columns, orient="row", infer_schema_length=None)))
        for table, (columns, values) in rows.items()
    }
    with psycopg.connect(base.url(name)) as connection:
        start = time.perf_counter()
        for table, (columns, content) in ready.items():
            with connection.cursor().copy(
                f"COPY meterbook.{table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
            ) as copy:
                copy.write(content)
        connection.commit()
        return time.perf_counter() - start


def _as_csv(frame: pl.DataFrame) -> bytes:
    """Bytes ready for COPY."""
    raw = [name for name, type_ in frame.schema.items() if type_ == pl.Binary]
    frame = frame.with_columns(pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name) for name in raw)
    return frame.write_csv(include_header=False).encode()


def peak() -> float:
    """Peak memory of this process in MB (ru_maxrss would count what the parent held at the fork)."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return float("nan")
    words = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(words["VmHWM"].split()[0]) / 1024
