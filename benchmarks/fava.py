"""How long the reading room takes on a large book.

    python benchmarks/fava.py [--engine sqlite|postgresql] [--entries 1000000] [--months 48] [--runs 20]

The book: months of bills (charge), receipts at the counter and by the bank, deposits; three
branches, each customer billed monthly, three bills of a hundred unpaid; both bank accounts with
statements, all but one line of a hundred matched. Bars: a book (overview, a month of a branch,
a month of all) loads in ≤ 1 s; its first page < 1 MB; every page of ``exports.fava.pages`` ≤ 0.5 s on
the server; medians of ``--runs``. Of a page its first answer is shown too (what it keeps is
cold then). Balances of every book are compared with the ledger's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from common import databases, peak

sys.path.remove(str(Path(__file__).parent))  # this file would stand before the package of its name

from exports.fava import books, serve
from exports.fava.room import Room
from exports.fava.sets import LIMIT
from ledger import views
from ledger.calendar import Calendar
from ledger.journal import Ledger
from ledger.storage.engine import Session, now

BRANCHES = ("B01", "B02", "B03")
BANK_OF = {"B01": "1002.01", "B02": "1002.02", "B03": "1002.01"}
FIRST = dt.date(2023, 6, 1)
GROSS, SEWAGE, TAX = 12_080, 2_660, 320
LOAD_BAR, PAGE_BAR, SIZE_BAR = 1.0, 0.5, 1_000_000


# -- the book ------------------------------------------------------------------------------------


def fill(ledger: Ledger, entries: int, months: int) -> None:
    """Customers, then month by month bills, receipts, deposits, statements and matches."""
    households = entries * 100 // (months * len(BRANCHES) * 197)
    people = pl.concat(
        [
            pl.DataFrame({"n": pl.int_range(0, households, eager=True)}).with_columns(
                customer=pl.format("{}-{}", pl.lit(branch), pl.col("n").cast(pl.String).str.zfill(6)), branch=pl.lit(branch)
            )
            for branch in BRANCHES
        ]
    )  # fmt: skip
    state = {
        "batch": 0,
        "entry": 1,
        "line": 0,
        "match": 0,
        "statement": 0,
        "closing": dict.fromkeys(set(BANK_OF.values()), 0),
    }
    with ledger.store.writing(1) as session:
        _customers(session, people, state)
    month = FIRST
    for number in range(months):
        with ledger.store.writing(1) as session:
            _month(session, people, month, number, state)
        print(f"\r  {number + 1}/{months} months, {state['entry'] - 1} entries", end="", flush=True)
        month = Calendar.month_end(month) + dt.timedelta(days=1)
    print(flush=True)


def _customers(session: Session, people: pl.DataFrame, state: dict[str, Any]) -> None:
    content = pl.concat_str(
        pl.lit('[{"customer":"'), "customer", pl.lit('","name":"户'), "n",
        pl.lit('","stream":"resident","usage_class":"R","pay_mode":"counter","kind":"normal","branch":"'), "branch", pl.lit('"}]'),
    )  # fmt: skip
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    state["batch"] += 1
    session.insert("batch", _batch(state, "customers", 1, 0, 0, len(people), 0, FIRST))
    session.insert(
        "fact",
        people.select(
            book_id=1, fact_id=place, batch_id=state["batch"], kind=pl.lit("customers"), doc_no=pl.format("K-{}", "customer"),
            subject="customer", date=pl.lit(FIRST), content=content,
        ),
    )  # fmt: skip
    state["facts"] = len(people)
    session.seal(1, state["batch"])


def _batch(
    state: dict[str, Any], kind: str, first: int, entries: int, lines: int, facts: int, amount: int, day: dt.date
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "book_id": 1, "batch_id": [state["batch"]], "batch_key": f"key-{state['batch']}", "kind": kind, "first_entry": first,
            "entries": entries, "lines": lines, "first_fact": state.get("facts", 0) + 1, "facts": facts, "debit": amount, "credit": amount,
            "source_name": f"{kind}.csv", "source_sha256": "ab" * 32, "operator": "C01", "today": day, "recorded_at": now(),
        }
    )  # fmt: skip


def _month(session: Session, people: pl.DataFrame, month: dt.date, number: int, state: dict[str, Any]) -> None:
    period, days = f"{month:%Y-%m}", Calendar.month_end(month).day
    bills = people.with_columns(
        day=(pl.col("n") % 5 + 1), amount=GROSS + pl.col("n") % 97 * 100, vno=0,
        bill=pl.format("B-{}-{}", "customer", pl.lit(period)), bank=pl.col("branch").replace_strict(BANK_OF),
    )  # fmt: skip
    paid = bills.filter((pl.col("n") * 7 + number * 13) % 100 >= 3).with_columns(day=pl.col("n") * 11 % (days - 6) + 6)
    counter, banked = paid.filter(pl.col("n") % 2 == 0), paid.filter(pl.col("n") % 2 == 1)
    took = (
        counter.group_by("branch", "bank", "day")
        .agg(pl.col("amount").sum())
        .with_columns(customer=pl.lit(None, pl.String), bill=pl.format("JK-{}-{}-{}", "branch", pl.lit(period), "day"))
        .sort("branch", "day")
    )
    sides = {
        "charge": (bills, _charge),
        "cash_receipt": (counter, _counter),
        "transfer_receipt": (banked, _banked),
        "cash_deposit": (took, _deposit),
    }
    vno, bank = 1, []
    for kind, (rows, lines) in sides.items():
        state["batch"] += 1
        first = state["entry"]
        made = rows.sort("day", maintain_order=True).with_columns(
            entry_id=pl.int_range(first, first + len(rows), dtype=pl.Int64), vno=pl.int_range(vno, vno + len(rows), dtype=pl.Int64),
            date=pl.date(month.year, month.month, pl.col("day")),
            doc_no=pl.format("{}-{}", pl.lit(kind), pl.int_range(first, first + len(rows), dtype=pl.Int64)),
        )  # fmt: skip
        posting = pl.concat(
            [part.with_columns(line=pl.lit(n, pl.Int64)) for n, part in enumerate(lines(made, period), 1)],
            how="diagonal",
        )
        posting = posting.sort("entry_id", "line").with_columns(book_id=1)
        total = int(posting["debit"].sum())
        session.insert(
            "batch", _batch(state, kind, first, len(made), len(posting), 0, total, Calendar.month_end(month))
        )
        session.insert("entry", _entries(made, state["batch"], kind, period, posting.height // max(len(made), 1)))
        session.insert("posting", posting)
        session.seal(1, state["batch"])
        state["entry"] += len(made)
        vno += len(made)
        bank.append(posting.filter(pl.col("account").str.starts_with("1002.")))
    _statements(session, pl.concat(bank, how="diagonal"), month, state)


def _entries(made: pl.DataFrame, batch: int, kind: str, period: str, lines: int) -> pl.DataFrame:
    return made.select(
        "entry_id", "date", "vno", "doc_no", book_id=1, batch_id=batch, period=pl.lit(period), vtype=pl.lit("记"), kind=pl.lit(kind),
        event=pl.lit({"charge": "E02", "cash_receipt": "E07", "transfer_receipt": "E11", "cash_deposit": "E19"}[kind]), lines=lines,
        content=pl.concat_str(pl.lit('[{"customer":"'), pl.col("customer").fill_null(""), pl.lit('","amount":"'), "amount", pl.lit('"}]')),
        sheet=pl.lit("1"), row=pl.int_range(2, pl.len() + 2, dtype=pl.Int64),
    )  # fmt: skip


def _line(made: pl.DataFrame, account: Any, debit: Any = 0, credit: Any = 0, **dimensions: Any) -> pl.DataFrame:
    return made.select(
        "entry_id", "date",
        account=pl.lit(account) if isinstance(account, str) and account[0].isdigit() else pl.col(str(account)),
        debit=pl.lit(debit, pl.Int64) if isinstance(debit, int) else debit.cast(pl.Int64),
        credit=pl.lit(credit, pl.Int64) if isinstance(credit, int) else credit.cast(pl.Int64),
        **dimensions,
    )  # fmt: skip


def _charge(made: pl.DataFrame, period: str) -> Iterator[pl.DataFrame]:
    amount, bill = pl.col("amount"), {"customer": "customer", "bill_month": pl.lit(period), "document": "bill"}
    yield _line(made, "1122.01", debit=amount, branch="branch", **bill)
    yield _line(made, "6001.01", credit=amount - SEWAGE - TAX, branch="branch", item=pl.lit("water/R"))
    yield _line(made, "2221.02", credit=TAX, branch="branch", item=pl.lit("water"))
    yield _line(made, "2241.01.01", credit=SEWAGE, branch="branch", item=pl.lit("sewage"), **bill)


def _paid(made: pl.DataFrame, period: str) -> Iterator[pl.DataFrame]:
    bill = {"customer": "customer", "bill_month": pl.lit(period), "document": "bill"}
    yield _line(made, "1122.01", credit=pl.col("amount"), branch="branch", **bill)
    yield _line(made, "2241.01.01", debit=SEWAGE, branch="branch", item=pl.lit("sewage"), **bill)
    yield _line(made, "2241.02.01", credit=SEWAGE, bank="bank", item=pl.lit("sewage"), fund=pl.lit("水费"), **bill)


def _counter(made: pl.DataFrame, period: str) -> Iterator[pl.DataFrame]:
    yield _line(
        made,
        "1001.C01",
        debit=pl.col("amount"),
        branch="branch",
        cashier=pl.lit("C01"),
        fund=pl.lit("水费"),
        document="doc_no",
    )
    yield from _paid(made, period)


def _banked(made: pl.DataFrame, period: str) -> Iterator[pl.DataFrame]:
    yield _line(
        made,
        "bank",
        debit=pl.col("amount"),
        branch="branch",
        bank="bank",
        customer="customer",
        fund=pl.lit("水费"),
        document="doc_no",
    )
    yield from _paid(made, period)


def _deposit(made: pl.DataFrame, _period: str) -> Iterator[pl.DataFrame]:
    yield _line(
        made,
        "bank",
        debit=pl.col("amount"),
        branch="branch",
        bank="bank",
        cashier=pl.lit("C01"),
        fund=pl.lit("水费"),
        document="bill",
    )
    yield _line(
        made,
        "1001.C01",
        credit=pl.col("amount"),
        branch="branch",
        cashier=pl.lit("C01"),
        fund=pl.lit("水费"),
        document="bill",
    )


def _statements(session: Session, lines: pl.DataFrame, month: dt.date, state: dict[str, Any]) -> None:
    """The month's statement of each account, and the matches."""
    for (bank,), own in sorted(lines.group_by("account"), key=str):
        state["statement"] += 1
        seen = own.sort("date", "entry_id").filter(pl.col("entry_id") % 100 != 0)
        opening = state["closing"][bank]
        state["closing"][bank] = closing = opening + int(seen["debit"].sum())
        session.insert(
            "statement",
            pl.DataFrame(
                {
                    "book_id": 1, "statement_id": [state["statement"]], "bank": bank, "sha256": f"{state['statement']:064x}", "file_name": f"{bank}.csv",
                    "dialect": "generic", "encoding": "utf-8", "direction": "debit_out", "from_date": month, "to_date": Calendar.month_end(month),
                    "opening": opening, "closing": closing, "difference": 0, "lines": len(seen), "operator": "L01", "recorded_at": now(),
                }
            ),
        )  # fmt: skip
        seen = seen.with_columns(
            line_id=pl.int_range(state["line"] + 1, state["line"] + 1 + len(seen), dtype=pl.Int64),
            match_id=pl.int_range(state["match"] + 1, state["match"] + 1 + len(seen), dtype=pl.Int64),
            place=pl.int_range(1, len(seen) + 1, dtype=pl.Int64),
        )
        state["line"] += len(seen)
        state["match"] += len(seen)
        session.insert(
            "statement_line",
            seen.select(
                "line_id", "date", book_id=1, statement_id=state["statement"], line_no="place", bank=pl.lit(bank), serial="document",
                amount_in="debit", amount_out=0, balance=opening + pl.col("debit").cum_sum(), party="customer", summary=pl.lit("转账 水费"),
                reference="document", identity=pl.format("#{}", "document"), occurrence=0,
            ),
        )  # fmt: skip
        session.insert(
            "match",
            seen.select(
                "match_id", book_id=1, bank=pl.lit(bank), stage=pl.lit("reference"), rule_version=pl.lit("2"),
                evidence=pl.lit('{"days":0}'), operator=pl.lit("L01"), recorded_at=pl.lit(now()),
            ),
        )  # fmt: skip
        both = [
            seen.select(
                "match_id", book_id=1, side=pl.lit("bank"), ref=pl.col("line_id").cast(pl.String), amount="debit"
            ),
            seen.select(
                "match_id", book_id=1, side=pl.lit("book"), ref=pl.format("{}:{}", "entry_id", "line"), amount="debit"
            ),
        ]
        session.insert("match_item", pl.concat(both))


# -- measuring ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of the first run, the median of all, and the median of processor time (the machine may be busy)."""

    first: float
    median: float
    processor: float


def seconds(work: Callable[[], object], runs: int) -> Taken:
    """Run it so often."""
    times, processor = [], []
    for _run in range(runs):
        start, used = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return Taken(times[0], statistics.median(times), statistics.median(processor))


def measure(ledger: Ledger, folder: Path, runs: int) -> bool:
    """Print what every book and page takes; whether all are within the bars."""
    room = Room(ledger.store, ledger.book, ledger.chart, ledger.book_id)
    opened = serve.reading_room(room, folder)
    client = opened.app.test_client()
    good = True

    def line(name: str, taken: Taken, bar: float, more: str = "") -> None:
        nonlocal good
        within = taken.median <= bar
        good = good and within
        times = f"{taken.median:7.3f} s, {taken.processor:6.3f} s of processor, first {taken.first:7.3f} s"
        print(f"{name:24} {times} {'    ' if within else 'OVER'} {more}", flush=True)

    _first, last = books.span(room)
    with ledger.store.reading() as session:
        frame = views.trial_balance(session, 1, last, last).select("account", "closing")
    true = {ledger.chart.beancount(code): fen for code, fen in frame.iter_rows() if fen}
    month = last.replace(day=1)
    for slug in (books.OVERVIEW, books.slug_of(month, "B01"), books.slug_of(FIRST, "B02"), books.slug_of(month)):

        def load(slug: str = slug) -> None:
            opened.shelf.forget(slug)
            _ledger = opened.shelf[slug]

        taken = seconds(load, runs)
        loaded = opened.shelf[slug]
        page = client.get(f"/{slug}/income_statement/")
        entries = len(loaded.all_entries)
        line(
            slug,
            taken,
            LOAD_BAR,
            f"{entries} entries, page {len(page.data) / 1000:.0f} kB, {loaded.options['title']}",
        )
        same = _balances(loaded) == true
        good = good and same and not loaded.errors and len(page.data) < SIZE_BAR and entries <= LIMIT
        if not same or loaded.errors:
            print("   balances differ or errors", [error.message for error in loaded.errors[:3]])
    slug = books.slug_of(month, "B01")
    for report in ("income_statement", "trial_balance", "balance_sheet"):
        line(
            f"api/{report}",
            seconds(lambda r=report: _asked(client, f"/{slug}/api/{r}?time={month:%Y-%m}"), runs),
            PAGE_BAR,
        )
    with opened.app.app_context():
        titles = pages(loaded)
    for name, title in titles:
        line(name, seconds(lambda n=name: _asked(client, f"/{slug}/extension/{n}/"), runs), PAGE_BAR, title)
    print(f"peak memory {peak():.0f} MB")
    return good


def pages(loaded: Any) -> list[tuple[str, str]]:
    """The pages of ``exports.fava.pages`` that this book has: class and title."""
    found = loaded.extensions.extension_details
    return [(page.name, page.report_title) for page in found if page.report_title is not None]


def _asked(client: Any, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code}\n{answer.text[:500]}")


def _balances(loaded: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for entry in loaded.all_entries_by_type.Transaction:
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number * 100)
    return {account: fen for account, fen in sums.items() if fen}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=48)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the SQLite book for the next run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with databases(chosen.engine, folder) as known:
            if chosen.engine == "sqlite" and (folder / "room.db").exists():
                ledger = known.open("room")
            else:
                ledger = known.make("room")
                start = time.perf_counter()
                fill(ledger, chosen.entries, chosen.months)
                known.settle(ledger)
                print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
            sys.exit(0 if measure(ledger, Path(temporary), chosen.runs) else 1)


if __name__ == "__main__":
    main()
