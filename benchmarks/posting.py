"""How long a batch takes, from the cashier's file to the sealed batch, against the bare database.

    python benchmarks/posting.py [--engine sqlite|postgresql] [--receipts 125000] [--pairs 5]
    python benchmarks/posting.py --scale       cost per line from 10,000 to 1,000,000 lines
    python benchmarks/posting.py --growth      a day of 10,000 lines on 10,000,000 lines and on none

The peer writes the very same rows of batch, entry, posting and fact into the same
tables with the same indexes and no laws: COPY of ready bytes on PostgreSQL,
executemany of ready tuples on SQLite. A receipt makes eight lines, so 125,000
receipts are 1,000,000 lines. Ours also hashes and signs (audit.md §2.3), the peer does not.
Bars: ≤ 3.0× (PostgreSQL), ≤ 3.5× (SQLite); scale and growth ≤ 1.4; peak memory ≤ 1.5 GB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    Databases,
    bare,
    charges,
    customers,
    databases,
    lawless,
    pairs,
    peak,
    post_frame,
    ratio,
    receipts,
    receipts_csv,
)

from importers.documents import read
from ledger.books import open_book
from ledger.journal import post
from ledger.storage.engine import Store

TABLES = ("batch", "entry", "posting", "fact")
LINES_PER_RECEIPT = 8


def post_file(url: str, path: Path, today: str = "2023-07-31") -> dict[str, float]:
    """Read and post a receipts file; seconds, and the peak memory of this process in MB."""
    import datetime as dt

    ledger = open_book(Store(url))
    start = time.perf_counter()
    found = read(path, "cash_receipt", ledger.book)
    if found.faults:
        raise SystemExit("\n".join(fault.text() for fault in found.faults[:5]))
    middle = time.perf_counter()
    done = post(ledger, [found], operator="benchmark", today=dt.date.fromisoformat(today))
    end = time.perf_counter()
    ledger.store.dispose()
    return {"seconds": end - start, "reading": middle - start, "lines": len(done.lines), "memory_mb": peak()}


def in_process(url: str, path: Path) -> dict[str, float]:
    """The same in a process of its own, so that memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--post", url, str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


# -- the peer ------------------------------------------------------------------------------------


def taken_rows(base: Databases, name: str) -> dict[str, tuple[list[str], list[tuple]]]:
    """Rows that our batch added to each table (the last batch)."""
    ledger = base.open(name)
    rows = {}
    with ledger.store.reading() as session:
        batch = session.rows("SELECT max(batch_id) FROM batch")[0][0]
        for table in TABLES:
            columns = _columns(table)
            where = (
                "entry_id IN (SELECT entry_id FROM entry WHERE batch_id = :b)"
                if table == "posting"
                else "batch_id = :b"
            )
            if table == "posting":
                first = session.rows("SELECT first_entry FROM batch WHERE batch_id = :b", b=batch)[0][0]
                where = f"entry_id >= {first} AND :b = :b"
            listed = ", ".join(columns)
            rows[table] = (columns, session.rows(f"SELECT {listed} FROM {table} WHERE {where}", b=batch))
    ledger.store.dispose()
    return rows


def _columns(table: str) -> list[str]:
    from ledger.storage.tables import metadata

    return [column.name for column in metadata.tables[table].columns if column.name != "xid"]


# -- the three questions ----------------------------------------------------------------------------


def against_bare(base: Databases, count: int, number: int) -> None:
    """Our batch against the bare tables."""
    print(f"{base.engine}: {count * LINES_PER_RECEIPT:,} lines, {number} interleaved pairs", flush=True)
    path = _book_with_bills(base, "origin", count)
    base.copy("origin", "first")
    in_process(base.url("first"), path)
    rows = taken_rows(base, "first")
    base.drop("first")
    memory: list[float] = []
    reading: list[float] = []

    def ours() -> float:
        base.copy("origin", "ours")
        done = in_process(base.url("ours"), path)
        memory.append(done["memory_mb"])
        reading.append(done["reading"])
        return done["seconds"]

    def peer() -> float:
        base.copy("origin", "peer")
        lawless(base, "peer", TABLES)
        return bare(base, "peer", rows)

    left, right = pairs(ours, peer, number)
    print(
        f"{base.engine}: ours {statistics.median(left):.2f} s (reading {statistics.median(reading):.2f}), "
        f"bare {statistics.median(right):.2f} s, ratio {ratio(left, right):.2f}, peak memory {max(memory):.0f} MB"
    )


def _book_with_bills(base: Databases, name: str, count: int) -> Path:
    ledger = base.make(name)
    people = customers(count)
    post_frame(ledger, "customers", people)
    post_frame(ledger, "charge", charges(people))
    path = receipts_csv(receipts(people, ledger), base.folder / f"{name}.csv")
    base.settle(ledger)
    return path


def scale(base: Databases, number: int) -> None:
    """Cost per line of batches of 10,000, 100,000 and 1,000,000 lines, on books of the same size."""
    sizes = (1_250, 12_500, 125_000)
    book = _book_with_bills(base, "scale", sizes[-1])
    header, *lines = book.read_text(encoding="utf-8").splitlines()
    parts = {}
    for size in sizes:
        parts[size] = base.folder / f"scale-{size}.csv"
        parts[size].write_text("\n".join([header, *lines[:size]]) + "\n", encoding="utf-8")
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(number):
        for size in sizes:
            base.copy("scale", "run")
            seconds[size].append(in_process(base.url("run"), parts[size])["seconds"])
    per_line = {size: statistics.median(seconds[size]) / (size * LINES_PER_RECEIPT) * 1e6 for size in sizes}
    text = ", ".join(f"{size * LINES_PER_RECEIPT:,} lines {cost:.2f} µs" for size, cost in per_line.items())
    print(f"{base.engine}: per line {text}; 1M against 10k {per_line[sizes[-1]] / per_line[sizes[0]]:.2f}")


def growth(base: Databases, number: int, lines: int) -> None:
    """A day of 10,000 lines on a journal of ``lines`` lines, against the same day on an empty one.

    Each run posts the receipts of other customers to the same two books: nothing is copied
    between the runs, so that both are as warm as a book in use.
    """
    size = 1_250
    days = [customers(size, start) for start in range(0, size * (number + 1), size)]
    books = {name: base.make(name) for name in ("empty", "grown")}
    paths = []
    for day, people in enumerate(days):
        for book in books.values():
            post_frame(book, "customers", people)
            post_frame(book, "charge", charges(people))
        paths.append(receipts_csv(receipts(people, books["empty"]), base.folder / f"day-{day}.csv"))
    chunk, at, made = 100_000, size * len(days), 0
    while made < lines:
        people = customers(chunk, at)
        post_frame(books["grown"], "customers", people)
        post_frame(books["grown"], "charge", charges(people))
        post_frame(books["grown"], "cash_receipt", receipts(people, books["grown"], first_invoice=20_000_000))
        at += chunk
        made += chunk * (6 + LINES_PER_RECEIPT)
        print(f"  journal of {made:,} lines", flush=True)
    for book in books.values():
        base.settle(book)
    done = dict.fromkeys(books, 0)

    def next_day(name: str) -> float:
        path = paths[done[name]]
        done[name] += 1
        return in_process(base.url(name), path)["seconds"]

    for name in books:  # the first day of each warms it
        next_day(name)
    left, right = pairs(lambda: next_day("grown"), lambda: next_day("empty"), number)
    print(
        f"{base.engine}: 10,000 lines on {made:,} lines {statistics.median(left):.3f} s, on none "
        f"{statistics.median(right):.3f} s, ratio {ratio(left, right):.2f}"
    )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--receipts", type=int, default=125_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--post", nargs=2, metavar=("URL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.post:
        print(json.dumps(post_file(options.post[0], Path(options.post[1]))))
        return
    for engine in options.engine or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as base:
            if options.scale:
                scale(base, options.pairs)
            elif options.growth:
                growth(base, options.pairs, options.lines)
            else:
                against_bare(base, options.receipts, options.pairs)


if __name__ == "__main__":
    main()
