"""How long it takes to verify a book, against the hashing that no verification can do without.

    python benchmarks/verifying.py [--engine sqlite|postgresql] [--entries 1000000] [--batch 50000] [--pairs 3]

An entry has four lines. The bare work is canonical bytes, SHA-256 and tree alone, taken
twice: of frames that are in memory already, and of the rows as they lie in the database
(read, written out by ``ledger.leaves``, hashed). ``verify`` does that and everything else:
signatures, counts, balances, vouchers, seals, keys, references, laws. Bars: ≤ 1.5× the
bare work from the rows, peak memory ≤ 1.5 GB. Each run is a process of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from common import databases, peak

from ledger import integrity, leaves
from ledger.books import open_book
from ledger.merkle import Frontier, leaf_hashes
from ledger.storage import Store, proof_sql

DAY = dt.date(2023, 6, 9)
CHUNK = 25_000
LINES = (("9001.C01", 1, 0), ("9002", 1, 0), ("9122.01.01", 0, 1), ("9601.01", 0, 1))
"""Account, debit and credit of the four lines; accounts of their own, that ask for nothing."""


def fill(store: Store, entries: int, size: int) -> None:
    """A book of ``entries`` entries in batches of ``size``."""
    accounts = [account for account, _debit, _credit in LINES]
    with store.writing(1) as session:
        session.insert("account", pl.DataFrame({"book_id": 1, "account": accounts, "required": 0, "opened": DAY}))
    for number, first in enumerate(range(1, entries + 1, size), 1):
        batch, entry, posting = rows(number, first, min(size, entries - first + 1))
        with store.writing(1) as session:
            session.insert("batch", batch)
            session.insert("entry", entry)
            session.insert("posting", posting)
            session.seal(1, number)


def rows(number: int, first: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """A batch of receipts: its row, its entries, their lines."""
    ids = pl.DataFrame({"entry_id": pl.int_range(first, first + count, dtype=pl.Int64, eager=True)})
    place, amount = pl.col("entry_id"), 12_080 + pl.col("entry_id") % 4_000
    entry = ids.select(
        book_id=1, entry_id=place, batch_id=number, date=DAY, period=pl.lit("2023-06"), vtype=pl.lit("记"), vno=place,
        kind=pl.lit("cash_receipt"), event=pl.lit("E04"), doc_no=pl.format("R-{}", place), lines=4,
        content=pl.concat_str(pl.lit('[{"customer": "R'), place % 9973, pl.lit('", "amount": "120.80", "invoice": "'), place, pl.lit('"}]')),
        sheet=pl.lit("6月"), row=place - first + 2,
    )  # fmt: skip
    lines = pl.DataFrame(
        {
            "line": [1, 2, 3, 4],
            "account": [a for a, _d, _c in LINES],
            "d": [d for _a, d, _c in LINES],
            "c": [c for _a, _d, c in LINES],
        }
    )
    posting = ids.join(lines, how="cross", maintain_order="left_right").select(
        book_id=1, entry_id=place, line="line", date=DAY, account="account", debit=amount * pl.col("d"), credit=amount * pl.col("c"),
        branch=pl.lit("B01"), cashier=pl.lit("C01"), customer=pl.format("R{}", place % 9973), bill_month=pl.lit("2023-06"),
        fund=pl.lit("水费"), item=pl.lit("water"), document=pl.format("{}", 10_000_000 + place),
    )  # fmt: skip
    batch = pl.DataFrame(
        {
            "book_id": 1, "batch_id": [number], "batch_key": f"key-{number}", "kind": "cash_receipt", "first_entry": first,
            "entries": count, "lines": 4 * count, "first_fact": 1, "facts": 0, "debit": posting["debit"].sum(),
            "credit": posting["credit"].sum(), "source_name": "六月.csv", "source_sha256": "ab" * 32, "operator": "C01",
            "today": DAY, "recorded_at": "2023-06-12T00:00:00.000000Z",
        }
    )  # fmt: skip
    return batch, entry, posting


def in_memory(entries: int) -> dict[str, float]:
    """Canonical bytes, SHA-256 and tree of frames; making the frames is not counted."""
    seconds, blobs = 0.0, []
    for number, first in enumerate(range(1, entries + 1, CHUNK), 1):
        made = rows(number, first, min(CHUNK, entries - first + 1))
        start = time.perf_counter()
        blobs.append(leaf_hashes(leaves.entries("W", *made).cast(pl.Binary).to_list()))
        seconds += time.perf_counter() - start
    start = time.perf_counter()
    Frontier().append(b"".join(blobs)).root()
    return {"seconds": seconds + time.perf_counter() - start, "memory_mb": peak(), "cpu": time.process_time()}


def from_rows(url: str, entries: int) -> dict[str, float]:
    """The same of the rows of the database, read as frames."""
    store = Store(url)
    start = time.perf_counter()
    blobs = []
    with store.reading() as session:
        for low in range(1, entries + 1, CHUNK):
            high = min(low + CHUNK - 1, entries)
            entry, posting = (
                proof_sql.between(session, 1, name, "entry_id", low, high) for name in ("entry", "posting")
            )
            batch = proof_sql.between(
                session, 1, "batch", "batch_id", int(entry["batch_id"][0]), int(entry["batch_id"][-1])
            )
            blobs.append(leaf_hashes(leaves.entries("W", batch, entry, posting).cast(pl.Binary).to_list()))
    Frontier().append(b"".join(blobs)).root()
    return {"seconds": time.perf_counter() - start, "memory_mb": peak(), "cpu": time.process_time()}


def whole(url: str, entries: int) -> dict[str, float]:
    """``meterbook verify``."""
    ledger = open_book(Store(url))
    start = time.perf_counter()
    report = integrity.verify(ledger)
    seconds = time.perf_counter() - start
    if not report.ok or report.entries != entries:
        raise SystemExit("\n".join(report.lines_of_text()) or "not all was read")
    return {"seconds": seconds, "memory_mb": peak(), "cpu": time.process_time()}


def apart(what: str, url: str, entries: int) -> dict[str, float]:
    """One of the three in a process of its own."""
    command = [sys.executable, __file__, "--one", what, "--url", url, "--entries", str(entries)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--one", choices=("memory", "rows", "verify"))
    parser.add_argument("--url")
    chosen = parser.parse_args()
    if chosen.one:
        run = {"memory": lambda: in_memory(chosen.entries), "rows": lambda: from_rows(chosen.url, chosen.entries)}
        print(json.dumps(run.get(chosen.one, lambda: whole(chosen.url, chosen.entries))()))
        return
    with tempfile.TemporaryDirectory() as folder, databases(chosen.engine, Path(folder)) as known:
        ledger = known.make("verifying")
        fill(ledger.store, chosen.entries, chosen.batch)
        known.settle(ledger)
        url = known.url("verifying")
        times: dict[str, list[dict[str, float]]] = {"memory": [], "rows": [], "verify": []}
        for number in range(chosen.pairs):
            for what in sorted(times, reverse=bool(number % 2)):
                times[what].append(apart(what, url, chosen.entries))
        medians = {what: statistics.median(one["seconds"] for one in found) for what, found in times.items()}
        for what, found in times.items():
            cpu, memory = statistics.median(one["cpu"] for one in found), max(one["memory_mb"] for one in found)
            print(f"{what:>7}: {medians[what]:7.2f} s, {cpu:6.2f} s of processor, {memory:6.0f} MB")
        for what in ("memory", "rows"):
            print(
                f"verify / {what}: {statistics.median(a['seconds'] / b['seconds'] for a, b in zip(times['verify'], times[what], strict=True)):.2f}"
            )


if __name__ == "__main__":
    main()
