"""How long a bank statement takes, from the file to the stored lines, against who does nothing else.

    python benchmarks/importing.py [--lines 1000000] [--pairs 5] [--only reading|storing|formats]
                                   [--engine sqlite|postgresql] [--format mt940]

reading   file → validated frame, against polars' plain read of the same CSV: ≤ 12×
storing   frame → stored lines, against the bare rows into the same tables with the same indexes and
          no laws: COPY ≤ 2.0× (PostgreSQL), executemany ≤ 2.5× (SQLite). Ours also checks the chain,
          hashes and signs.
formats   100,000 lines in each message format, per line against the library that our reader stands in
          for: ≥ 5× faster; workbooks, which a library reads for us, against its own time: ≤ 1.3×.
          Libraries are optional: pip install mt-940 ofxparse bai2 pycamt quiffen

Each run is a process of its own; its peak memory (of the whole import, file to commit) ≤ 1 GB.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest import mock

import polars as pl
from common import Databases, bare, databases, lawless, pairs, peak, ratio
from statements import ACCOUNT, OPENING, START, WRITERS

from importers.statements import read_statement, store
from ledger.books import open_book
from ledger.storage.engine import Store

FORMAT_LINES = 100_000
TABLES = ("source_file", "statement", "statement_line")
CUTOVER = date(START.year, START.month - 1, 31)


# -- what a child does: one run, its seconds ------------------------------------------------------


def plain(file: Path) -> int:
    """Polars alone."""
    return pl.read_csv(file).height


def ours(file: Path) -> int:
    """The file as checked statements."""
    return sum(statement.lines.height for statement in read_statement(file))


def storing(url: str, file: Path) -> dict[str, float]:
    """Store a file that is read already; the memory is that of both."""
    ledger = open_book(Store(url))
    bank = next(bank for bank in ledger.book.banks if bank.number == ACCOUNT)
    content = file.read_bytes()
    statements = read_statement(content, name=file.name)
    start = time.perf_counter()
    with (
        mock.patch.object(store, "read_statement", return_value=statements),
        ledger.store.writing(ledger.book_id) as session,
    ):
        done = store.import_statement(
            session,
            ledger.book_id,
            bank,
            content,
            operator="benchmark",
            cutover=CUTOVER,
            name=file.name,
            opening=OPENING,
        )
    seconds = time.perf_counter() - start
    ledger.store.dispose()
    return {"seconds": seconds, "lines": done.new_lines}


def mt940(file: Path) -> int:
    """Package mt-940."""
    return len(importlib.import_module("mt940").parse(str(file)).transactions)


def ofx(file: Path) -> int:
    """Package ofxparse."""
    with file.open("rb") as source:
        return len(importlib.import_module("ofxparse").OfxParser.parse(source).account.statement.transactions)


def camt(file: Path) -> int:
    """Package pycamt."""
    content = file.read_bytes()
    return len(importlib.import_module("pycamt.parser").Camt053Parser(content).get_transactions())


def bai2(file: Path) -> int:
    """Package bai2."""
    with file.open(encoding="utf-8") as source:
        found = importlib.import_module("bai2.bai2").parse_from_file(source, check_integrity=True)
    return sum(len(account.children) for group in found.children for account in group.children)


def qif(file: Path) -> int:
    """Package quiffen."""
    found = importlib.import_module("quiffen").Qif.parse(file, day_first=False)
    return sum(len(of_type) for account in found.accounts.values() for of_type in account.transactions.values())


def xlsx(file: Path) -> int:
    """The package python-calamine, which reads workbooks for us."""
    workbook = importlib.import_module("python_calamine").CalamineWorkbook.from_path(str(file))
    return len(workbook.get_sheet_by_index(0).to_python()) - 1


LIBRARIES: dict[str, tuple[Callable[[Path], int], str]] = {
    "mt940": (mt940, "mt-940"),
    "ofx": (ofx, "ofxparse"),
    "camt": (camt, "pycamt"),
    "bai2": (bai2, "bai2"),
    "qif": (qif, "quiffen"),
    "xlsx": (xlsx, "python-calamine"),
}
MODULES = {"mt-940": "mt940", "python-calamine": "python_calamine"}
"""Modules that are not called like their package."""
USED = {"xlsx"}
"""Where the library works for us; elsewhere our reader stands in for it."""


def child(what: str, *args: str) -> None:
    """One run, said as JSON."""
    if what == "storing":
        said = storing(args[0], Path(args[1]))
    else:
        run = {"plain": plain, "ours": ours}.get(what) or LIBRARIES[what][0]
        start = time.perf_counter()
        count = run(Path(args[0]))
        said = {"seconds": time.perf_counter() - start, "lines": count}
    print(json.dumps({**said, "memory_mb": peak()}))


def in_process(*args: str) -> dict[str, float]:
    """A run in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--child", *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


# -- the three questions -----------------------------------------------------------------------------


class Runs:
    """The runs of one side: seconds; beside them the largest memory of any, and the lines it gave."""

    def __init__(self, *args: str, count: int | None = None) -> None:
        self.args, self.count, self.memory, self.lines = args, count, 0.0, 0

    def __call__(self) -> float:
        said = in_process(*self.args)
        if self.count not in (None, said["lines"]):
            raise SystemExit(f"{self.args[0]}: {said['lines']} lines instead of {self.count}")
        self.memory, self.lines = max(self.memory, said["memory_mb"]), int(said["lines"])
        return said["seconds"]


def reading(folder: Path, count: int, number: int) -> None:
    """File → validated frame, against polars' plain read."""
    file = WRITERS["csv"](folder / "statement.csv", count)
    print(f"reading: {count:,} lines, {file.stat().st_size / 2**20:.0f} MB, {number} interleaved pairs", flush=True)
    mine, peer = Runs("ours", str(file), count=count), Runs("plain", str(file), count=count)
    left, right = pairs(mine, peer, number)
    print(
        f"reading: ours {statistics.median(left):.2f} s, polars' plain read {statistics.median(right):.2f} s, "
        f"ratio {ratio(left, right):.1f} (bar 12), peak memory {mine.memory:.0f} MB (polars alone {peer.memory:.0f})"
    )


def stored(base: Databases, count: int, number: int) -> None:
    """Frame → stored lines, against the bare rows."""
    file = WRITERS["csv"](base.folder / "statement.csv", count)
    print(f"storing on {base.engine}: {count:,} lines, {number} interleaved pairs", flush=True)
    base.settle(base.make("origin"))
    base.copy("origin", "first")
    in_process("storing", base.url("first"), str(file))
    rows = _taken(base, "first")
    base.drop("first")
    runs = Runs("storing", base.url("ours"), str(file), count=count)

    def mine() -> float:
        base.copy("origin", "ours")
        return runs()

    def peer() -> float:
        base.copy("origin", "peer")
        lawless(base, "peer", TABLES)
        return bare(base, "peer", rows)

    left, right = pairs(mine, peer, number)
    bar = "executemany, bar 2.5" if base.engine == "sqlite" else "COPY, bar 2.0"
    print(
        f"storing on {base.engine}: ours {statistics.median(left):.2f} s, bare {statistics.median(right):.2f} s, "
        f"ratio {ratio(left, right):.2f} ({bar}), peak memory of the whole import {runs.memory:.0f} MB"
    )


def _taken(base: Databases, name: str) -> dict[str, tuple[list[str], list[tuple]]]:
    """The rows that our import wrote."""
    from ledger.storage.tables import metadata

    ledger = base.open(name)
    rows = {}
    with ledger.store.reading() as session:
        for table in TABLES:
            columns = [column.name for column in metadata.tables[table].columns if column.name != "xid"]
            rows[table] = (columns, session.rows(f"SELECT {', '.join(columns)} FROM {table}"))
    ledger.store.dispose()
    return rows


def formats(folder: Path, number: int, only: str | None) -> None:
    """Each format against its library."""
    for name, (_run, package) in LIBRARIES.items():
        if only not in (None, name):
            continue
        if importlib.util.find_spec(MODULES.get(package, package)) is None:
            print(f"{name}: {package} is not installed, nothing to compare with")
            continue
        file = WRITERS[name](folder / f"statement.{name}", FORMAT_LINES)
        print(f"{name}: {FORMAT_LINES:,} lines against {package}, {number} interleaved pairs", flush=True)
        mine, peer = Runs("ours", str(file), count=FORMAT_LINES), Runs(name, str(file))
        left, right = pairs(mine, peer, number)
        times = ratio(left, right)
        verdict = f"{times:.2f}× its time (bar 1.3)" if name in USED else f"{1 / times:.1f}× faster (bar 5)"
        lost = "" if peer.lines == FORMAT_LINES else f"; {package} gave {peer.lines:,} lines"
        print(
            f"{name}: ours {statistics.median(left):.2f} s, {package} {statistics.median(right):.2f} s, "
            f"{verdict}, peak memory {mine.memory:.0f} MB{lost}"
        )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("reading", "storing", "formats"), action="append")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--format", choices=tuple(LIBRARIES))
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    os.environ["METERBOOK_LANGUAGE"] = "en"
    questions = options.only or ("reading", "storing", "formats")
    if "reading" in questions:
        with tempfile.TemporaryDirectory() as folder:
            reading(Path(folder), options.lines, options.pairs)
    if "storing" in questions:
        for engine in options.engine or ("sqlite", "postgresql"):
            with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as base:
                stored(base, options.lines, options.pairs)
    if "formats" in questions:
        with tempfile.TemporaryDirectory() as folder:
            formats(Path(folder), options.pairs, options.format)


if __name__ == "__main__":
    main()
