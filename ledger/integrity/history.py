"""The log and what it stands for, batch by batch: leaves, tree, signatures, and all that the seal derived.

::

    log rows ─page by page─▶ sequence, tree, signature
         └─▶ ranges of entries and facts ─read and hashed, two at a time─▶ held to the leaves
                                                   └─▶ batch by batch: counts, vouchers, balances, seal

Memory holds a page of the log and a few ranges, however long the book is.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from ledger import checkpoint, leaves
from ledger.integrity.findings import MOST, Report
from ledger.merkle import WIDTH, Frontier, leaf_hashes
from ledger.storage import proof_sql as sql
from ledger.storage.engine import Session
from ledger.storage.log import BATCH_TABLES, identity, mode
from ledger.storage.tables import PROJECTED, metadata

CHUNK = 25_000
"""Entries or facts read at a time."""

PAGE = 500
"""Rows of the log read at a time, or fewer of many leaves."""

AHEAD = 3
"""Ranges being read while one is judged."""

BEYOND = 2**62

Reader = Callable[[Callable[[Session], Any]], Any]
"""Runs a question in a session: the caller's, or another of the same store."""

Steps = Callable[[int, int], None]
"""Told how many leaves of how many are done."""


@dataclass(frozen=True, slots=True)
class Range:
    """Entries or facts whose leaves are expected; once judged, the batches to ``upto`` are complete."""

    table: str
    low: int
    high: int
    expected: bytes
    upto: int


@dataclass(slots=True)
class Other:
    """Leaves of rows that are in no batch: ``rows`` by table (key as text, leaf), ``sets`` by table
    (first key, last key, leaf)."""

    rows: dict[str, list[tuple[tuple[str, ...], bytes]]] = field(default_factory=dict)
    sets: dict[str, list[tuple[tuple[str, ...], bytes]]] = field(default_factory=dict)


class History:
    """One pass over the log of a book."""

    def __init__(self, session: Session, book_id: int, out: Report) -> None:
        self.session = session
        self.book_id = book_id
        self.out = out
        self.code, self.origin = identity(session, book_id)
        self.keys: dict[str, str] = {}
        self.announced = {key_id: vkey for key_id, vkey, *_rest in sql.announced(session, book_id)}
        self.tree = Frontier()
        self.number = 0
        self.roots: dict[int, bytes] = {}
        self.other = Other()
        self.batch_last = 0
        self.entry_next = self.fact_next = 1
        self._batches: dict[int, dict[str, Any]] = {}
        self._settle = Settlement(session, book_id, out, self._batches)

    # -- the log itself ---------------------------------------------------------------------------

    def check(self, read: Reader, pool: ThreadPoolExecutor | None, steps: Steps) -> None:
        """Hold the whole history to its log."""
        sizes = sql.log_sizes(self.session, self.book_id)
        total = sum(max(0, count) for _seq, count in sizes)
        done = 0

        def work(part: Range) -> Any:
            if part.table == "fact":
                return read(lambda session: sql.facts(session, self.code, self.book_id, part.low, part.high))
            return read(lambda session: sql.entries(session, self.code, self.book_id, part.low, part.high))

        for part, answer in _mapped(pool, work, self._ranges(sizes)):
            try:
                found = answer()
            except Exception as error:
                self.out.add("unreadable", f"{part.table} {part.low}…{part.high}", found=error)
                continue
            if part.table == "fact":
                fact, hashes = found
                self.out.facts += len(fact)
                self._judge(part, fact["fact_id"].to_list(), hashes)
            else:
                self._judge(part, found.ids, found.hashes)
                self._settle.take(found, part.upto)
            done += part.high - part.low + 1
            steps(done, total)
        self.out.size, self.out.root = self.tree.size, self.tree.root().hex()
        self._settle.finish(self.batch_last)
        self._beyond()

    def _ranges(self, sizes: list[tuple[int, int]]) -> Iterator[Range]:
        for low, high in _pages(sizes):
            rows = sql.log_page(self.session, self.book_id, low, high)
            numbers = [row["batch_id"] for row in rows if row["batch_id"] is not None]
            batches = {}
            if numbers:
                frame = sql.batches(self.session, self.book_id, min(numbers), max(numbers))
                batches = {row["batch_id"]: row for row in frame.to_dicts()}
                manifests = leaf_hashes([r.encode() for r in leaves.manifest(self.code, frame)])
                for place, number in enumerate(batches):
                    batches[number]["_manifest"] = manifests[place * WIDTH : (place + 1) * WIDTH]
            runs = {"entry": _Runs("entry"), "fact": _Runs("fact")}
            for row in rows:
                self._link(row)
                if row["batch_id"] is None:
                    self._others(row)
                elif row["batch_id"] in batches:
                    self._batch(row, batches[row["batch_id"]], runs)
                else:
                    self.out.add("leaf.missing", f"batch {row['batch_id']}")
                    self.batch_last = max(self.batch_last, int(row["batch_id"]))
            yield from runs["fact"].ranges()
            yield from runs["entry"].ranges()

    def _link(self, row: dict[str, Any]) -> None:
        """One row goes on where the last one stopped, and its signature holds."""
        place = f"log {row['seq']}"
        hashes, size = row["hashes"], self.tree.size
        if row["seq"] != self.number + 1:
            self.out.add("log.sequence", place, self.number + 1, row["seq"])
        if row["first_leaf"] != size or len(hashes) != WIDTH * row["leaves"]:
            self.out.add(
                "log.leaves", place, f"{size} + {len(hashes) // WIDTH}", f"{row['first_leaf']} + {row['leaves']}"
            )
        if row["origin"] != self.origin:
            self.out.add("log.origin", place, self.origin, row["origin"])
        if row["algorithm"] != checkpoint.ALGORITHM:
            self.out.add("log.signature", place, checkpoint.ALGORITHM, row["algorithm"])
        self._announce(row)
        grown = self.tree.append(hashes[: len(hashes) // WIDTH * WIDTH])
        if grown.text() != row["frontier"] or grown.root().hex() != row["root"]:
            self.out.add("log.tree", place, grown.root().hex(), row["root"])
            with suppress(ValueError):  # what was signed is the better guess: one alteration is told once
                stored = Frontier.parse(row["frontier"])
                grown = stored if self._signed(row, stored) else grown
        if row["key_id"] not in self.keys:
            self.out.add("log.key", place, " ".join(self.keys), row["key_id"])
        elif not self._signed(row, grown):
            self.out.add("log.signature", place)
        self.tree, self.number, self.out.note = grown, int(row["seq"]), str(row["note"])
        self.roots[grown.size] = grown.root()

    def _signed(self, row: dict[str, Any], tree: Frontier) -> bool:
        key = self.keys.get(row["key_id"])
        with suppress(ValueError):
            return key is not None and checkpoint.holds(row["note"], key, tree.size, tree.root())
        return False

    def _announce(self, row: dict[str, Any]) -> None:
        """The first key signs its own announcement; every later one is announced under an earlier one."""
        for name, *key in _said(row["what"]) or ():
            if name == "key" and key and key[0] in self.announced and (not self.number or row["key_id"] in self.keys):
                self.keys[key[0]] = str(self.announced[key[0]])

    def _others(self, row: dict[str, Any]) -> None:
        """What the leaves of a row without a batch stand for."""
        said = _said(row["what"])
        hashes = row["hashes"]
        if said is None or len(said) * WIDTH != len(hashes) or json.dumps(said, ensure_ascii=False) != row["what"]:
            self.out.add("log.what", f"log {row['seq']}", len(hashes) // WIDTH, row["what"])
        for place, (name, *key) in enumerate(said or ()):
            kept = self.other.sets if mode(name) == "set" else self.other.rows
            kept.setdefault(name, []).append((tuple(key), hashes[place * WIDTH : (place + 1) * WIDTH]))

    def _batch(self, row: dict[str, Any], batch: dict[str, Any], runs: dict[str, _Runs]) -> None:
        """The leaves of a batch: entries, facts, manifest."""
        number, place = int(row["batch_id"]), f"batch {row['batch_id']}"
        hashes, n, m = row["hashes"], batch["entries"], batch["facts"]
        if row["what"] != "batch":
            self.out.add("log.what", f"log {row['seq']}", "batch", row["what"])
        if number <= self.batch_last or batch["first_entry"] < self.entry_next or batch["first_fact"] < self.fact_next:
            self.out.add("batch.order", place)
        for skipped in range(self.batch_last + 1, min(number, self.batch_last + MOST)):
            self._unlogged(skipped)
        if n < 0 or m < 0 or len(hashes) != WIDTH * (n + m + 1):
            self.out.add("batch.counts", place, len(hashes) // WIDTH - 1, n + m)
            n = max(0, min(n, len(hashes) // WIDTH))
            m = max(0, min(m, len(hashes) // WIDTH - n))
        if batch["_manifest"] != hashes[-WIDTH:]:
            self.out.add("leaf.altered", place)
        self._batches[number] = batch
        self._gap("entry", self.entry_next, batch["first_entry"] - 1)
        self._gap("fact", self.fact_next, batch["first_fact"] - 1)
        runs["entry"].add(number, batch["first_entry"], hashes[: n * WIDTH])
        runs["fact"].add(number, batch["first_fact"], hashes[n * WIDTH : (n + m) * WIDTH])
        self.entry_next = max(self.entry_next, batch["first_entry"] + n)
        self.fact_next = max(self.fact_next, batch["first_fact"] + m)
        self.batch_last = max(self.batch_last, number)

    # -- rows that the log does not know ---------------------------------------------------------

    def _unlogged(self, number: int) -> None:
        """A batch between two others that has no leaves: an unsealed remnant, or one that lost its log."""
        if not sql.outside(self.session, "batch", "batch_id", self.book_id, number, number, 1):
            self.out.add("batch.order", f"batch {number}", number)
        elif sql.outside(self.session, "seal", "batch_id", self.book_id, number, number, 1):
            self.out.add("batch.unlogged", f"batch {number}")
        else:
            self.out.add("batch.unsealed", f"batch {number}")

    def _gap(self, table: str, low: int, high: int) -> None:
        if low > high:
            return
        column = f"{table}_id"
        for name in (table, "posting") if table == "entry" else (table,):
            for one in sql.outside(self.session, name, column, self.book_id, low, high, 20):
                self.out.add("leaf.extra", f"{name} {one}")

    def _beyond(self) -> None:
        """Rows in front of the first and behind the last."""
        for number in sql.outside(self.session, "batch", "batch_id", self.book_id, self.batch_last + 1, BEYOND, 20):
            self._unlogged(number)
        for number in sql.outside(self.session, "batch", "batch_id", self.book_id, -BEYOND, 0, 20):
            self.out.add("leaf.extra", f"batch {number}")
        for table, low in (("entry", self.entry_next), ("fact", self.fact_next)):
            self._gap(table, -BEYOND, 0)
            self._gap(table, low, BEYOND)

    # -- leaves ------------------------------------------------------------------------------------

    def _judge(self, part: Range, ids: list[int], hashes: bytes) -> None:
        """What was read must be what was logged, leaf by leaf."""
        whole = len(ids) == part.high - part.low + 1 and ids[0] == part.low and ids[-1] == part.high
        if whole and hashes == part.expected:
            return
        known = dict(zip(ids, _leaves(hashes), strict=True))
        for one, leaf in enumerate(_leaves(part.expected), part.low):
            if one not in known:
                self.out.add("leaf.missing", f"{part.table} {one}")
            elif known[one] != leaf:
                self.out.add("leaf.altered", f"{part.table} {one}")


class _Runs:
    """Neighbouring numbers of a page of batches, cut into ranges of a bearable size."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.parts: list[Range] = []

    def add(self, batch: int, first: int, hashes: bytes) -> None:
        count = len(hashes) // WIDTH
        if not count:
            return
        last = self.parts[-1] if self.parts else None
        if last is not None and last.high + 1 == first and last.high - last.low + 1 + count <= CHUNK:
            self.parts[-1] = Range(self.table, last.low, first + count - 1, last.expected + hashes, batch)
            return
        for start in range(0, count, CHUNK):
            end = min(start + CHUNK, count)
            upto = batch if end == count else batch - 1
            self.parts.append(
                Range(self.table, first + start, first + end - 1, hashes[start * WIDTH : end * WIDTH], upto)
            )

    def ranges(self) -> list[Range]:
        return self.parts


class Settlement:
    """What the seal derived, derived again, as soon as a batch is read to its end."""

    def __init__(self, session: Session, book_id: int, out: Report, batches: dict[int, dict[str, Any]]) -> None:
        self.session, self.book_id, self.out = session, book_id, out
        self.batches = batches
        self.accounts = set(sql.table(session, book_id, "account")["account"])
        self.settled = 0
        self.sealed = 0
        self._vouchers: dict[tuple[str, str], int] = {}
        self._heads: list[pl.DataFrame] = []
        self._deltas: list[pl.DataFrame] = []

    def take(self, read: sql.Entries, upto: int) -> None:
        """A range of entries; the batches up to ``upto`` are now complete."""
        lines = read.heads.join(read.lines, on="entry_id", how="full", coalesce=True)
        wrong = pl.any_horizontal(
            pl.col("lines").is_null(), pl.col("n").is_null(), pl.col("n") < 2, pl.col("n") != pl.col("lines"),
            pl.col("low") != 1, pl.col("high") != pl.col("n"), pl.col("difference") != 0,
            pl.col("earliest") != pl.col("date"), pl.col("latest") != pl.col("date"),
            pl.col("date").str.slice(0, 7) != pl.col("period"),
        )  # fmt: skip
        for row in lines.filter(wrong).to_dicts():
            found = " ".join(
                f"{name}={row[name]}" for name in ("lines", "n", "difference", "date", "earliest", "latest")
            )
            self.out.add("entry.law", f"entry {row['entry_id']}", found=found)
        self.out.entries += len(read.ids)
        self.out.lines += int(read.lines["n"].sum())
        self._heads.append(read.heads)
        self._deltas.append(read.deltas)
        if upto > self.settled:
            self._settle(upto)

    def finish(self, last: int) -> None:
        """Nothing more is to come: what is left is settled, and nothing may lie beyond it."""
        self._settle(last)
        for table in ("seal", "voucher_mark", "balance_delta"):
            for low, high in ((-BEYOND, 0), (last + 1, BEYOND)):
                for number in sql.outside(self.session, table, "batch_id", self.book_id, low, high, 5):
                    self.out.add(_CODES[table], f"{table} {number}", found=number)
        if self.session.dialect == "sqlite":
            for low, high in ((-BEYOND, 0), (last + 1, BEYOND)):
                for number in sql.projected_between(self.session, self.book_id, low, high):
                    self.out.add("projected", f"batch {number}")

    def _settle(self, upto: int) -> None:
        low, self.settled = self.settled + 1, max(self.settled, upto)
        if low > upto:
            return
        rows = [self.batches.pop(number) for number in sorted(self.batches) if number <= upto]
        heads, self._heads = _until(self._heads, upto, sql.HEADS)
        deltas, self._deltas = _until(self._deltas, upto, sql.DELTAS)
        self._counts(rows, heads, deltas)
        checks: dict[str, Callable[[], None]] = {
            "seal": partial(self._seals, rows, low, upto),
            "voucher_mark": partial(self._marks, heads, low, upto),
            "balance_delta": partial(self._balances, deltas, low, upto),
        }
        for name, check in checks.items():
            try:
                check()
            except Exception as error:
                self.out.add("unreadable", f"{name} {low}…{upto}", found=error)

    def _counts(self, rows: list[dict[str, Any]], heads: pl.DataFrame, deltas: pl.DataFrame) -> None:
        entries = dict(heads.group_by("batch_id").len().rows()) if len(heads) else {}
        sums = (
            {row[0]: row[1:] for row in deltas.group_by("batch_id").agg(pl.col("n", "debit", "credit").sum()).rows()}
            if len(deltas)
            else {}
        )
        for row in rows:
            found = (entries.get(row["batch_id"], 0), *sums.get(row["batch_id"], (0, 0, 0)))
            said = (row["entries"], row["lines"], row["debit"], row["credit"])
            if found != said:
                self.out.add("batch.counts", f"batch {row['batch_id']}", found, said)
        for account in set(deltas["account"].drop_nulls().unique() if len(deltas) else ()) - self.accounts:
            self.out.add("account", str(account))

    def _seals(self, rows: list[dict[str, Any]], low: int, high: int) -> None:
        expected = {}
        for row in rows:
            self.sealed += 1
            last = row["first_entry"] + row["entries"] - 1, row["first_fact"] + row["facts"] - 1
            expected[row["batch_id"]] = (self.sealed, *last)
        frame = sql.derived(self.session, "seal", self.book_id, low, high)
        found = {row[0]: row[1:] for row in frame.select("batch_id", "seq", "last_entry", "last_fact").rows()}
        for number in sorted(expected.keys() | found.keys()):
            if expected.get(number) != found.get(number):
                self.out.add("seal", f"batch {number}", expected.get(number, ""), found.get(number, ""))
        if self.session.dialect == "sqlite":
            told = sql.projected_between(self.session, self.book_id, low, high)
            for number in sorted(set(told) ^ set(expected)):
                self.out.add("projected", f"batch {number}")

    def _marks(self, heads: pl.DataFrame, low: int, high: int) -> None:
        runs = heads.group_by("batch_id", "period", "vtype").agg(
            first=pl.col("vno").min(), last=pl.col("vno").max(), n=pl.len(), numbers=pl.col("vno").n_unique()
        )
        expected = set()
        for batch, period, vtype, first, last, n, numbers in runs.sort("batch_id", "period", "vtype").rows():
            next_ = self._vouchers.get((period, vtype), 0) + 1
            if first != next_ or n != numbers or n != last - first + 1:
                self.out.add("voucher.gap", f"{period} {vtype}-{first:04d}…{last:04d}", next_, first)
            self._vouchers[period, vtype] = max(last, next_ - 1)
            expected.add((batch, period, vtype, first, last))
        stored = sql.derived(self.session, "voucher_mark", self.book_id, low, high)
        found = set(stored.select("batch_id", "period", "vtype", "first_no", "last_no").rows())
        for row in sorted(expected ^ found):
            self.out.add(
                "voucher.mark",
                f"batch {row[0]} {row[1]} {row[2]}",
                *((row[3:], "") if row in expected else ("", row[3:])),
            )

    def _balances(self, deltas: pl.DataFrame, low: int, high: int) -> None:
        key = ["batch_id", "date", "account", *PROJECTED]
        cells = [*key, "debit", "credit"]
        expected = deltas.group_by(key).agg(pl.col("debit", "credit").sum()).select(cells)
        stored = sql.derived(self.session, "balance_delta", self.book_id, low, high).select(cells)
        both = pl.concat([expected.with_columns(side=1), stored.with_columns(side=-1)])
        differ = both.group_by(cells).agg(pl.col("side").sum()).filter(pl.col("side") != 0).sort(key)
        for row in differ.rows():
            place = f"batch {row[0]} " + " ".join(str(cell) for cell in row[1:-3] if cell)
            sums = f"{row[-3]} / {row[-2]}"
            self.out.add("balance", place, *((sums, "") if row[-1] > 0 else ("", sums)))


_CODES = {"seal": "seal", "voucher_mark": "voucher.mark", "balance_delta": "balance"}


def _until(frames: list[pl.DataFrame], upto: int, schema: dict[str, Any]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """What belongs to batches up to ``upto``, and the rest."""
    if not frames:
        return pl.DataFrame(schema=schema), []
    whole = pl.concat(frames)
    ripe = pl.col("batch_id").fill_null(0) <= upto
    rest = whole.filter(~ripe)
    return whole.filter(ripe), [rest] if len(rest) else []


def _mapped(
    pool: ThreadPoolExecutor | None, work: Callable[[Range], Any], parts: Iterable[Range]
) -> Iterator[tuple[Range, Callable[[], Any]]]:
    """Each part with what came of it, in order, a few ahead; the answer raises what the work raised."""
    if pool is None:
        for part in parts:
            yield part, partial(work, part)
        return
    waiting: deque[tuple[Range, Future[Any]]] = deque()
    for part in parts:
        waiting.append((part, pool.submit(work, part)))
        if len(waiting) > AHEAD:
            first, future = waiting.popleft()
            yield first, future.result
    for first, future in waiting:
        yield first, future.result


def _pages(sizes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Rows of the log in portions: up to PAGE rows, up to 2 × CHUNK leaves."""
    low: int | None = None
    last = rows = count = 0
    for seq, size in sizes:
        if low is not None and (rows >= PAGE or count + size > 2 * CHUNK):
            yield low, last
            low, rows, count = None, 0, 0
        low = seq if low is None else low
        last, rows, count = seq, rows + 1, count + size
    if low is not None:
        yield low, last


def _said(what: str) -> list[list[str]] | None:
    """The list in ``what``, or None if there is none of known tables."""
    try:
        said = json.loads(what)
    except ValueError:
        return None
    good = isinstance(said, list) and all(
        isinstance(one, list) and one and all(isinstance(cell, str) for cell in one) and _single(one[0]) for one in said
    )
    return said if good else None


def _single(table: str) -> bool:
    """Whether rows of a table have leaves outside a batch."""
    return table in metadata.tables and table not in BATCH_TABLES and bool(mode(table))


def _leaves(hashes: bytes) -> list[bytes]:
    return [hashes[start : start + WIDTH] for start in range(0, len(hashes), WIDTH)]
