"""How long it takes to store matches: what a run of a million lines against a million writes at its end.

    python benchmarks/storing.py [--matches 541000] [--engine sqlite|postgresql]

Makes that many pairs with evidence as long as a run's own (some 300 characters) and appends
them as ``reconcile run`` does: one transaction, every law, the log's leaves and its checkpoint
included. Beside it, in the same run, the same rows put into the same tables without a law and
without a log: what the database itself takes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Databases, databases, lawless
from ledger.books import BOOK_ID
from ledger.storage import bank as sql

BANK = "1002.01"


def made(count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``count`` pairs as ``match.match`` gives them: matches and their items."""
    number = pl.int_range(1, count + 1, dtype=pl.Int64, eager=True).alias("match_id")
    frame = pl.DataFrame({"match_id": number})
    text = pl.concat_str(
        pl.lit('{"amount":325040,"days":1,"number":"JK'),
        "match_id",
        pl.lit('","born":false,"book":{"number":"JK-'),
        "match_id",
        pl.lit(' 缴款单","party":"城南机械厂","date":"2023-06-09"},"bank":{"number":"0000'),
        "match_id",
        pl.lit(' 现金缴款 水费","party":null,"date":"2023-06-10"},"rivals":[{"side":"bank","ref":"'),
        "match_id",
        pl.lit('","why":"number"}],"rival_count":1}'),
    )
    matches = frame.select(
        "match_id", pl.lit("reference").alias("stage"), pl.lit("2").alias("rule_version"), text.alias("evidence")
    )
    book = frame.select(
        "match_id",
        pl.lit("book").alias("side"),
        pl.format("{}:1", "match_id").alias("ref"),
        pl.lit(325040).alias("amount"),
    )
    bank = frame.select(
        "match_id",
        pl.lit("bank").alias("side"),
        pl.col("match_id").cast(pl.String).alias("ref"),
        pl.lit(325040).alias("amount"),
    )
    return matches, pl.concat([book, bank]).with_columns(pl.col("amount").cast(pl.Int64))


def store(base: Databases, name: str, matches: pl.DataFrame, items: pl.DataFrame, *, logged: bool) -> float:
    """Seconds from the first insert to the commit."""
    ledger = base.open(name)
    start = time.perf_counter()
    with ledger.store.writing(BOOK_ID) as session:
        if not logged:
            session.log = None
        sql.append_matches(session, BOOK_ID, BANK, matches, items, "benchmark")
        between = time.perf_counter()
    end = time.perf_counter()
    print(f"    inserted {between - start:.1f} s, log and commit {end - between:.1f} s", flush=True)
    ledger.store.dispose()
    return end - start


def measure(engine: str, count: int) -> None:
    """Ours and the bare tables."""
    matches, items = made(count)
    with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as base:
        base.settle(base.make("empty"))
        for name in ("ours", "bare"):
            base.copy("empty", name)
        lawless(base, "bare", ["match", "match_item"])
        ours = store(base, "ours", matches, items, logged=True)
        bare = store(base, "bare", matches, items, logged=False)
    print(
        f"{engine}: {count:,} matches stored in {ours:.1f} s; bare tables {bare:.1f} s ({ours / bare:.1f}×)", flush=True
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=541_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        measure(engine, options.matches)
