"""How well and how fast the matcher matches, against a truth that is known.

    python benchmarks/matching.py [--rows 20000] [--seeds 5] [--shuffles 20]
    python benchmarks/matching.py --scale [--rows 1000000]

The first makes months of ``tests/ledger/reconcile/generated.py`` (knobs and noise there) and
shows, beside a greedy first-fit and GnuCash's score: precision and recall by group, wrong
groups by stage, false matches on the adversarial lines, and that shuffled rows and split
imports give the same result. Bars: precision ≥ 0.9999, no false match on adversarial lines,
recall ≥ 0.97 of what can be known, ≥ 0.85 of all with 55 % references, ≥ 0.76 with 15 %.

The second takes the time of one run, evidence stored as JSON, against one polars join on a
unique reference and two sorts by amount and date of the same size in the same run, and its
peak memory. Bars: ≤ 60×, ≤ 4 GB.

Lines that are the same in everything that can be seen stand for each other: a match is right
if it is, up to such lines, a group of the truth (or, for a class, the sum of some). Three
recalls are shown. *all*: of all groups with two ends. *knowable*: of those whose lines show a
number or a full name that no other line shows as well; not true ties, not what a misread
number contradicts, not what only sums or cut names suggest, for those may propose but never
decide. *any evidence*: cut names and bare amounts counted where no other line fits as well.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))

from importers.statements.identity import with_identity
from ledger.reconcile.match import Matching, Rules, match
from tests.ledger.reconcile.generated import FEE_BASIS_POINTS, Knobs, World, world

RULES = Rules(fees_basis_points=(FEE_BASIS_POINTS,))
Groups = list[tuple[str, frozenset[tuple[str, str]]]]
"""Each match: its stage and its lines (side, ref)."""


# -- scoring ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    """Of one result; ``right`` of ``made`` groups; ``wrong`` by stage."""

    made: int
    right: int
    wrong: Counter[str]
    found: int
    all: int
    found_knowable: int
    knowable: int
    found_any: int
    any: int
    traps: int
    wrong_groups: Groups

    @property
    def precision(self) -> float:
        return self.right / max(self.made, 1)


def classes_of(made: World) -> dict[tuple[str, str], int]:
    """The class of every line: lines that are alike in all that can be seen share one."""
    number = pl.when(pl.col("number") == "none").then(None).otherwise("numbers")
    names: dict[tuple[object, ...], int] = {}
    found = {}
    for side, frame in (("book", made.book), ("bank", made.bank)):
        shown = made.shown.filter(pl.col("side") == side).select("ref", "number")
        lines = frame.join(shown, on="ref")
        if side == "book":
            # a number that the bank does not print tells nothing apart
            printed = made.truth.join(made.shown, on=["side", "ref"]).filter(
                pl.col("side") == "bank", pl.col("number") != "none"
            )
            mine = made.truth.filter(pl.col("side") == "book").join(
                printed.select("group").unique(), on="group", how="semi"
            )
            lines = lines.with_columns(
                number=pl.when(pl.col("ref").is_in(mine["ref"].implode()))
                .then(pl.lit("printed"))
                .otherwise(pl.lit("none"))
            )
            lines = lines.with_columns(numbers=number)
        else:
            lines = lines.with_columns(numbers=pl.lit(None, pl.String))
        for ref, *seen in lines.select(
            "ref", "date", "amount", "numbers", "text", "party", "party_account", "customer", "kind"
        ).iter_rows():
            found[side, ref] = names.setdefault((side, *seen), len(names))
    return found


def score(made: World, groups: Groups, known: dict[int, str]) -> Score:
    """Judge matches against the truth; ``known``: what could be known of each group (``knowable``)."""
    of_class = classes_of(made)
    truth: dict[int, list[tuple[str, str]]] = defaultdict(list)
    group_of = {}
    for group, side, ref in made.truth.select("group", "side", "ref").iter_rows():
        truth[group].append((side, ref))
        group_of[side, ref] = group
    shape = {group: tuple(sorted(of_class[line] for line in lines)) for group, lines in truth.items() if len(lines) > 1}
    left = Counter(shape.values())
    wrong: Counter[str] = Counter()
    wrong_groups: Groups = []
    right = 0
    seen: set[tuple[str, str]] = set()
    for stage, lines in groups:
        assert not seen & lines, "a line stands in two matches"
        seen |= lines
        mine = Counter(of_class[line] for line in lines)
        key = tuple(sorted(mine.elements()))
        if left[key] > 0:
            left[key] -= 1
            right += 1
            continue
        touched = {group_of[line] for line in lines}
        whole = Counter(of_class[line] for group in touched for line in truth[group])
        parts = [shape[group] for group in touched if group in shape]
        if stage == "class" and whole == mine and len(parts) == len(touched):
            for one in parts:
                left[one] -= 1
            right += 1
            continue
        wrong[stage] += 1
        wrong_groups.append((stage, lines))
    unfound = Counter(left)
    tally = {"all": [0, 0], "number": [0, 0], "weak": [0, 0]}
    for group, lines in shape.items():
        hit = unfound[lines] <= 0
        if not hit:
            unfound[lines] -= 1
        level = known.get(group, "none")
        for name, counts in (("all", True), ("number", level == "strong"), ("weak", level in ("strong", "weak"))):
            if counts:
                tally[name][0] += hit
                tally[name][1] += 1
    trapped = set(made.traps.select("side", "ref").iter_rows())
    false = sum(1 for _stage, lines in groups if lines & trapped)
    return Score(len(groups), right, wrong, *tally["all"], *tally["number"], *tally["weak"], false, wrong_groups)


def knowable(made: World) -> dict[int, str]:
    """How well each true group can be known from what is shown: ``strong``, ``weak``, or absent.

    Made without the matcher. A pair shows a number (3), a full name (2), a cut name (1) or its
    amount (0). It is known if no other line of its amount, near in time, shows as much to either
    end (alike lines included), and nothing contradicts it.
    """
    reader = _Reader(made)
    levels = {group: reader.level(group) for group, lines in reader.groups.items() if len(lines) > 1}
    return {group: level for group, level in levels.items() if level}


class _Reader:
    """What a careful person could read off the lines."""

    def __init__(self, made: World) -> None:
        self.lines: dict[tuple[str, str], dict[str, Any]] = {}
        for side, frame in (("book", made.book), ("bank", made.bank)):
            shown = made.shown.filter(pl.col("side") == side).rename({"number": "how", "party": "much"})
            for row in frame.join(shown, on="ref").iter_rows(named=True):
                self.lines[side, row["ref"]] = row
        self.groups: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for group, side, ref in made.truth.select("group", "side", "ref").iter_rows():
            self.groups[group].append((side, ref))
        self.kinds = dict(made.truth.select("group", "kind").iter_rows())
        self.alike = classes_of(made)
        self.of_amount: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
        for line, row in self.lines.items():
            self.of_amount[line[0], row["amount"]].append(line)
        self.numbers = self._numbers()

    def _numbers(self) -> dict[tuple[str, str], str]:
        """The number each line shows to a good reader: the books' own where the bank prints it."""
        found = {}
        for members in self.groups.values():
            books = [line for line in members if line[0] == "book" and self.lines[line]["numbers"]]
            found.update({line: self.lines[line]["numbers"] for line in books})
            for line in members:
                if line[0] == "bank" and self.lines[line]["how"] == "printed":
                    found[line] = self.lines[books[0]]["numbers"] if books else f"another {line[1]}"
        return found

    def level(self, group: int) -> str | None:
        """Strong, weak, or not to be known."""
        members = self.groups[group]
        books = [line for line in members if line[0] == "book"]
        banks = [line for line in members if line[0] == "bank"]
        if not books:
            return "strong" if any("原流水" in self.lines[line]["text"] for line in banks) else "weak"
        if len(books) == len(banks) == 1 and self.lines[books[0]]["amount"] == self.lines[banks[0]]["amount"]:
            return self._pair(books[0], banks[0])
        numbers = {self.numbers.get(line) for line in members}
        spoiled = any(self.lines[line]["how"] == "garbled" for line in banks)
        if len(numbers) == 1 and None not in numbers:
            return "strong"
        if spoiled or self.kinds[group] not in ("split", "fee"):
            return None
        if self.kinds[group] == "fee" and self.lines[banks[0]]["party"] == self.lines[books[0]]["party"]:
            return "strong"
        return "weak" if all(self.lines[line]["party"] for line in banks) else None

    def _pair(self, book: tuple[str, str], bank: tuple[str, str]) -> str | None:
        level = self._evidence(book, bank)
        if level < 0:
            return None
        amount = self.lines[book]["amount"]
        rivals = any(
            self._near(book, other) and self._evidence(book, other) >= level
            for other in self.of_amount["bank", amount]
            if other != bank
        ) or any(
            self._near(other, bank) and self._evidence(other, bank) >= level
            for other in self.of_amount["book", amount]
            if other != book
        )
        if not rivals:
            return "strong" if level >= 2 else "weak"
        return "strong" if level == 2 and self._whole_class(book, bank) else None

    def _near(self, book: tuple[str, str], bank: tuple[str, str]) -> bool:
        return timedelta(-1) <= self.lines[bank]["date"] - self.lines[book]["date"] <= timedelta(10)

    def _evidence(self, book: tuple[str, str], bank: tuple[str, str]) -> int:
        """What a pair of lines shows; −1 where it contradicts itself."""
        one, two = self.lines[book], self.lines[bank]
        mine, its = self.numbers.get(book), self.numbers.get(bank)
        if mine and its:
            return 3 if mine == its else -1
        if two["how"] == "garbled" and one["numbers"]:
            return -1
        name = two["party"]
        if name is None or name == one["party"]:
            return 0 if name is None else 2
        return 1 if one["party"].startswith(name) else -1

    def _whole_class(self, book: tuple[str, str], bank: tuple[str, str]) -> bool:
        """As many alike lines here as there, and no others of the name."""
        counts = []
        for line in (book, bank):
            same = self.of_amount[line[0], self.lines[line]["amount"]]
            alike = [other for other in same if self.alike[other] == self.alike[line]]
            named = [other for other in same if self.lines[other]["party"] == self.lines[line]["party"]]
            if len(named) != len(alike):
                return False
            counts.append(len(alike))
        return counts[0] == counts[1] > 1


# -- matchers --------------------------------------------------------------------------------


def ours(made: World, rules: Rules = RULES) -> tuple[Groups, Matching]:
    found = match(made.book, made.bank, rules=rules)
    return groups_of(found), found


def groups_of(found: Matching) -> Groups:
    stages = dict(found.matches.select("match_id", "stage").iter_rows())
    members: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for number, side, ref in found.items.select("match_id", "side", "ref").iter_rows():
        members[number].add((side, ref))
    return [(stages[number], frozenset(lines)) for number, lines in members.items()]


def greedy(made: World) -> Groups:
    """First fit by amount within the days of the window: what most tools do."""
    open_lines: dict[int, list[tuple]] = defaultdict(list)
    for day, ref, amount in made.bank.sort("date", "order").select("date", "ref", "amount").iter_rows():
        open_lines[amount].append((day, ref))
    found = []
    for day, ref, amount in made.book.sort("date", "order").select("date", "ref", "amount").iter_rows():
        for at, (its, other) in enumerate(open_lines[amount]):
            if timedelta(-1) <= its - day <= timedelta(10):
                found.append(("greedy", frozenset({("book", ref), ("bank", other)})))
                del open_lines[amount][at]
                break
    return found


def gnucash(made: World) -> Groups:
    """GnuCash's score: amount 3, date 3/2, number 4/−2, description 2/1; the best of at least 6, best first."""
    from ledger.reconcile.numbers import numbers

    books = (
        made.book.with_columns(tokens=numbers(["numbers"])).select("ref", "date", "amount", "party", "tokens").rows()
    )
    banks: dict[int, list[tuple]] = defaultdict(list)
    for row in (
        made.bank.with_columns(tokens=numbers(["text"])).select("ref", "date", "amount", "party", "tokens").iter_rows()
    ):
        banks[row[2]].append(row)
    scored = []
    for ref, day, amount, party, tokens in books:
        mine = set(tokens)
        for other, its, _amount, name, theirs in banks[amount]:
            days = abs((its - day).days)
            if days > 14:
                continue
            points = 3 + (3 if days == 0 else 2 if days <= 4 else 0)
            if mine and theirs:
                points += 4 if mine & set(theirs) else -2
            if name and party:
                points += 2 if name == party else 1 if party.startswith(name[: max(len(name) // 2, 1)]) else 0
            if points >= 6:
                scored.append((-points, days, ref, other))
    scored.sort()
    taken: set[tuple[str, str]] = set()
    found = []
    for _points, _days, ref, other in scored:
        if ("book", ref) not in taken and ("bank", other) not in taken:
            taken |= {("book", ref), ("bank", other)}
            found.append(("score", frozenset({("book", ref), ("bank", other)})))
    return found


# -- invariance --------------------------------------------------------------------------------


def shuffles(made: World, wanted: Matching, count: int) -> int:
    """How many of ``count`` shuffles give another result (matches, numbers, evidence)."""
    wrong = 0
    for seed in range(count):
        book, bank = (frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (made.book, made.bank))
        found = match(book, bank, rules=RULES)
        wrong += not (found.matches.equals(wanted.matches) and found.items.equals(wanted.items))
    return wrong


def split_imports(made: World) -> pl.DataFrame:
    """The bank's lines as five overlapping files bring them, merged as the importer does."""
    days = sorted(made.bank["date"].unique())
    step = max(len(days) // 5, 1)
    parts, stored = [], None
    for at in range(0, len(days), step):
        within = days[max(at - 3, 0) : at + step]
        frame = made.bank.filter(pl.col("date").is_in(within)).with_columns(
            pl.col("numbers").alias("serial"),
            pl.when(pl.col("amount") > 0).then("amount").otherwise(0).alias("amount_in"),
            pl.when(pl.col("amount") < 0).then(-pl.col("amount")).otherwise(0).alias("amount_out"),
            *(pl.lit(None, pl.String).alias(name) for name in ("time", "balance")),
            pl.col("text").alias("summary"),
        )
        named = with_identity(frame)
        new = (
            named
            if stored is None
            else named.join(stored, on=["identity", "occurrence"], how="anti", maintain_order="left")
        )
        keys = new.select("identity", "occurrence")
        stored = keys if stored is None else pl.concat([stored, keys])
        parts.append(new.select(made.bank.columns))
    return pl.concat(parts)


# -- the questions --------------------------------------------------------------------------------


def quality(rows: int, seeds: int, shuffle: int) -> None:
    """The table of matchers, by share of references."""
    for reference in (0.55, 0.15):
        totals: Counter[str] = Counter()
        recalls: dict[str, list[float]] = defaultdict(list)
        others: dict[str, list[tuple[float, float]]] = defaultdict(list)
        seconds = []
        for seed in range(7, 7 + seeds):
            made = world(Knobs(seed=seed, book_rows=rows, reference=reference, adversarial=400))
            known = knowable(made)
            start = time.perf_counter()
            groups, found = ours(made)
            seconds.append(time.perf_counter() - start)
            result = score(made, groups, known)
            totals += Counter(made=result.made, right=result.right, traps=result.traps)
            totals.update({f"wrong {stage}": n for stage, n in result.wrong.items()})
            recalls["all"].append(result.found / result.all)
            recalls["knowable"].append(result.found_knowable / result.knowable)
            recalls["any evidence"].append(result.found_any / result.any)
            totals.update({"trap lines": made.traps.height, "book": made.book.height, "bank": made.bank.height})
            for group in result.wrong_groups[:5]:
                show_wrong(made, group)
            if seed == 7:
                stages = Counter(stage for stage, _lines in groups)
                print(f"  stages: {dict(stages)}")
                for name, matcher in (("greedy", greedy), ("score ≥ 6", gnucash)):
                    other = score(made, matcher(made), known)
                    others[name].append((other.precision, other.found / other.all))
                    print(
                        f"  {name:10} P {other.precision:.4f} R {other.found / other.all:.3f} false on adversarial lines {other.traps}"
                    )
                chosen, _found = ours(made, Rules(fees_basis_points=(FEE_BASIS_POINTS,), unique_amount=True))
                other = score(made, chosen, known)
                print(
                    f"  with unique amounts: P {other.precision:.5f} ({other.made - other.right} wrong) R {other.found / other.all:.3f} "
                    f"knowable {other.found_knowable / other.knowable:.4f} any evidence {other.found_any / other.any:.4f} false on adversarial lines {other.traps}"
                )
                if shuffle:
                    print(f"  shuffles that differ: {shuffles(made, found, shuffle)} of {shuffle}")
                again = match(made.book, split_imports(made), rules=RULES)
                print(
                    f"  split imports differ: {not (again.matches.equals(found.matches) and again.items.equals(found.items))}"
                )
        print(
            f"references {reference:.0%}, {seeds} seeds, {totals['book'] // seeds:,} book and {totals['bank'] // seeds:,} bank lines: "
            f"P {totals['right'] / totals['made']:.6f} ({totals['made'] - totals['right']} wrong of {totals['made']:,}), "
            + ", ".join(f"recall of {name} {min(values):.4f}–{max(values):.4f}" for name, values in recalls.items())
            + f", false on {totals['trap lines'] // seeds} adversarial lines: {totals['traps']}, {statistics.median(seconds):.2f} s"
        )
        print("  wrong by stage:", {name: n for name, n in totals.items() if name.startswith("wrong")}, flush=True)


def show_wrong(made: World, group: tuple[str, frozenset[tuple[str, str]]]) -> None:
    """A wrong match with its lines, for people."""
    stage, lines = group
    print(f"  wrong: {stage}")
    kinds = {
        (side, ref): (kind, number)
        for number, kind, side, ref in made.truth.select("group", "kind", "side", "ref").iter_rows()
    }
    for side, ref in sorted(lines)[:6]:
        frame = made.book if side == "book" else made.bank
        row = (
            frame.filter(pl.col("ref") == ref)
            .select("ref", "date", "amount", "numbers", "text", "party", "customer")
            .row(0)
        )
        print("    ", side, *row, kinds[side, ref])


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.rows)
    elif options.run:
        run_scale(options.run)
    elif options.scale:
        scale(options.rows or 1_000_000)
    else:
        quality(options.rows or 20_000, options.seeds, options.shuffles)


def scale(rows: int) -> None:
    """Time and memory of one run of this size against plain polars.

    The world is made by a process of its own and kept in files, so that memory is the matcher's.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{side}.parquet") for side in ("book", "bank")]
        command = [sys.executable, __file__, "--make", *paths, "--rows", str(rows)]
        subprocess.run(command, check=True)
        subprocess.run([sys.executable, __file__, "--run", *paths], check=True)


def make(paths: list[str], rows: int) -> None:
    """Both sides of a world as files; payments without a partner fill the shorter side up."""
    made = world(Knobs(book_rows=rows, cut=False))
    for frame, path in zip((made.book, made.bank), paths, strict=True):
        short = rows - frame.height
        if short > 0:
            more = frame.head(short).with_columns(
                pl.format("9{}", pl.int_range(pl.len()) + 10_000_000).alias("ref"),
                (pl.int_range(pl.len(), dtype=pl.Int64) * 7_919 % 1_000_003 + 101).alias("amount"),
                pl.format("{}", pl.int_range(pl.len()) + 900_000_000_000).alias("numbers"),
                pl.lit("转账").alias("text"),
            )
            frame = pl.concat([frame, more])
        frame.head(rows).write_parquet(path)


def run_scale(paths: list[str]) -> None:
    """One match of the files, and the plain operations, in turns."""
    book, bank = (pl.read_parquet(path) for path in paths)
    before = _peak()
    plain = [_plain(book, bank) for _ in range(3)]
    start, cpu = time.perf_counter(), time.process_time()
    found = match(book, bank, rules=RULES)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = _peak()
    plain += [_plain(book, bank) for _ in range(3)]
    limit, limit_cpu = (statistics.median(one[at] for one in plain) for at in (0, 1))
    print(
        f"{book.height:,} × {bank.height:,} lines: {found.matches.height:,} matches with evidence "
        f"({found.matches['evidence'].str.len_bytes().sum() / 1e6:.0f} MB of JSON) in {seconds:.1f} s; one join and two sorts "
        f"{limit:.2f} s ({', '.join(f'{one:.2f}' for one, _cpu in plain)}); ratio {seconds / limit:.1f}; in processor time "
        f"{cpu:.1f} s against {limit_cpu:.2f} s, ratio {cpu / limit_cpu:.1f}; peak memory {peak:.0f} MB ({before:.0f} MB before)"
    )


def _plain(book: pl.DataFrame, bank: pl.DataFrame) -> tuple[float, float]:
    """Seconds, and seconds of the processor, of one join on a unique reference and two sorts by amount and date."""
    left = book.with_columns(pl.format("ZZ-{}", pl.int_range(pl.len())).alias("key"))
    right = bank.with_columns(pl.format("ZZ-{}", pl.int_range(pl.len())).alias("key")).sample(
        fraction=1, shuffle=True, seed=1
    )
    start, cpu = time.perf_counter(), time.process_time()
    left.join(right, on="key")
    left.sort("amount", "date")
    right.sort("amount", "date")
    return time.perf_counter() - start, time.process_time() - cpu


def _peak() -> float:
    """Peak memory of this process in MB."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return float("nan")
    words = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(words["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    main()
