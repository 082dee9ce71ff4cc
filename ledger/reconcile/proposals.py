"""What might belong together but does not prove it: for a person to judge, never taken by itself.

Two kinds: ``sum``, some lines of one side that add up to one of the other, of the same party
or of the same day and class (bounded, with the number of solutions); and ``pair``, the best
few candidates of a line by what speaks for them. An accidental sum is likelier than one
thinks (``reconciliation.md`` §2), and a likeness is no identity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import polars as pl

from ledger.reconcile.classes import Classes, load_classes
from ledger.reconcile.sides import prepare
from ledger.reconcile.work import Rules, Windows, Work, edges, meet, with_numbers, with_parties

PROPOSALS: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "rank": pl.Int64(),
    "book_refs": pl.List(pl.String()),
    "bank_refs": pl.List(pl.String()),
    "amount": pl.Int64(),
    "difference": pl.Int64(),
    "days": pl.Int64(),
    "points": pl.Int64(),
    "solutions": pl.Int64(),
    "reasons": pl.List(pl.String()),
}
"""``amount``: the book's, fen; ``difference``: book − bank. ``rank`` counts from 1 for each book
line (each single line of a sum). ``reasons``: ``number``, ``near_number``, ``amount``, ``party``,
``cut_party``, ``near_date``, ``transposed``; ``solutions``: of a sum, 2 meaning two or more."""
BEST = 3
GROUP_MAX = 24
"""Lines of one party or day among which sums are looked for."""
POINTS = {
    "number": 8, "near_number": 4, "amount": 4, "party": 4, "transposed": 3, "cut_party": 2, "near_date": 1,
}  # fmt: skip
POINTS_MIN = 4


def propose(
    book: pl.DataFrame, bank: pl.DataFrame, *, windows: Windows | None = None, classes: Classes | None = None
) -> pl.DataFrame:
    """The proposals among the open lines of an account (``frames.LINES``), in a fixed order."""
    windows, classes = windows or Windows(), classes or load_classes()
    sides = prepare(book, bank, classes)
    work = Work(*sides, windows, classes, Rules())
    found = pl.concat([_pairs(work), _sums(work)])
    return found.sort("kind", "book_refs", "rank", "bank_refs", descending=[True, False, False, False])


# -- pairs -----------------------------------------------------------------------------------


def _pairs(work: Work) -> pl.DataFrame:
    """The best candidates of each line, by points."""
    columns = ["id", "amount", "day"]
    sides = [side.lines.select(*columns) for side in (work.book, work.bank)]
    windows = work.windows
    same = meet(sides[0], sides[1], ["amount"]).select("left", "right", "days")
    numbered = [
        side.numbers.filter(~pl.col("weak")).select("id", "key").join(lines.select("id", "day"), on="id")
        for side, lines in zip((work.book, work.bank), sides, strict=True)
    ]
    named = [
        side.parties.filter(~pl.col("party").str.starts_with("@"))
        .select("id", "key")
        .join(lines.select("id", "day"), on="id")
        for side, lines in zip((work.book, work.bank), sides, strict=True)
    ]
    others = [meet(keyed[0], keyed[1], ["key"]).select("left", "right", "days") for keyed in (numbered, named)]
    every = pl.concat([same, *others]).unique().filter(pl.col("days").abs() <= windows.reference_before)
    judged = with_parties(with_numbers(every, work), work)
    book, bank = (
        sides[0].select(pl.col("id").alias("left"), "amount"),
        sides[1].select(pl.col("id").alias("right"), "amount"),
    )
    judged = (
        judged.join(book, on="left")
        .join(bank, on="right", suffix="_bank")
        .filter(pl.col("amount").sign() == pl.col("amount_bank").sign())
    )
    names = [
        side.lines.select(pl.col("id").alias(end), "name") for side, end in ((work.book, "left"), (work.bank, "right"))
    ]
    judged = judged.join(names[0], on="left").join(names[1], on="right", suffix="_bank")
    difference = pl.col("amount") - pl.col("amount_bank")
    digits = [pl.col(name).abs().cast(pl.String).str.split("").list.sort() for name in ("amount", "amount_bank")]
    said = {
        "number": pl.col("shared"),
        "near_number": pl.col("conflict") & (difference == 0),
        "amount": difference == 0,
        "party": pl.col("relation") == "same",
        "transposed": (difference != 0) & (digits[0] == digits[1]),
        "cut_party": (pl.col("relation") == "unknown")
        & pl.col("name").is_not_null()
        & pl.col("name_bank").is_not_null(),
        "near_date": pl.col("days").abs() <= windows.near_common,
    }
    points = pl.sum_horizontal(pl.when(told).then(POINTS[name]).otherwise(0) for name, told in said.items())
    # other parties and other numbers weaken an equal amount
    points -= pl.when(pl.col("relation") == "other").then(3).otherwise(0)
    reasons = pl.concat_list(pl.when(told).then(pl.lit(name)) for name, told in said.items()).list.drop_nulls()
    judged = judged.with_columns(
        points.cast(pl.Int64).alias("points"), reasons.alias("reasons"), difference.alias("difference")
    ).filter(pl.col("points") > POINTS_MIN, (difference == 0) | pl.col("shared") | said["transposed"])
    ranked = judged.sort(
        "left", "points", pl.col("days").abs(), "right", descending=[False, True, False, False]
    ).with_columns((pl.int_range(pl.len(), dtype=pl.Int64).over("left") + 1).alias("rank"))
    kept = ranked.filter(pl.col("rank") <= BEST)
    refs = [
        side.lines.select(pl.col("id").alias(end), "ref") for side, end in ((work.book, "left"), (work.bank, "right"))
    ]
    kept = kept.join(refs[0], on="left").join(refs[1], on="right", suffix="_bank")
    return kept.select(
        pl.lit("pair").alias("kind"),
        "rank",
        pl.concat_list("ref").alias("book_refs"),
        pl.concat_list("ref_bank").alias("bank_refs"),
        "amount",
        "difference",
        pl.col("days").cast(pl.Int64),
        "points",
        pl.lit(1, pl.Int64).alias("solutions"),
        "reasons",
    )


# -- sums ------------------------------------------------------------------------------------


def _sums(work: Work) -> pl.DataFrame:
    """Lines of one side that add up to one line of the other: one book to several bank lines, and back."""
    rows: list[dict[str, object]] = []
    refs = {side: dict(work.side(side).lines.select("id", "ref").iter_rows()) for side in ("book", "bank")}
    grouped: dict[str, dict[int, list[tuple[int, int, int]]]] = {"book": defaultdict(list), "bank": defaultdict(list)}
    equal = edges(work.book, work.bank, "parties")
    for side, end in (("book", "left"), ("bank", "right")):
        loose = work.side(side).parties.join(equal.select(pl.col(end).alias("id")), on="id", how="anti")
        frame = loose.join(work.side(side).lines.select("id", "amount", "day"), on="id").sort("id")
        for key, number, amount, day in frame.select("key", "id", "amount", "day").iter_rows():
            grouped[side][key].append((number, amount, day))
    seen: set[tuple[str, int]] = set()
    for one, many in (("book", "bank"), ("bank", "book")):
        for key, wholes in sorted(grouped[one].items()):
            parts = grouped[many].get(key, [])
            for number, amount, day in wholes:
                if (one, number) in seen:
                    continue
                near = [part for part in parts if abs(part[2] - day) <= work.windows.near and part[1] * amount > 0]
                solutions = subsets([part[1] for part in near], amount) if 2 <= len(near) <= GROUP_MAX else []
                if not solutions:
                    continue
                seen.add((one, number))
                chosen = [refs[many][near[at][0]] for at in solutions[0]]
                sides = {one: [refs[one][number]], many: chosen}
                days = max(near[at][2] for at in solutions[0]) - day
                rows.append(
                    {
                        "kind": "sum",
                        "rank": 1,
                        "book_refs": sides["book"],
                        "bank_refs": sides["bank"],
                        "amount": amount,
                        "difference": 0,
                        "days": days if one == "book" else -days,
                        "points": POINTS["party"] + POINTS["amount"],
                        "solutions": len(solutions),
                        "reasons": ["amount", "party"],
                    }
                )
    return pl.DataFrame(rows, schema=PROPOSALS)


def subsets(amounts: Sequence[int], total: int, most: int = 2) -> list[tuple[int, ...]]:
    """Up to ``most`` different sets (places) of at least two amounts that add up to the total.

    Few amounts first; halves meet in the middle, so 24 amounts cost 2 · 2¹² sums.
    """
    half = len(amounts) // 2
    sums: list[dict[int, list[tuple[int, ...]]]] = []
    for places in (range(half), range(half, len(amounts))):
        found: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for size in range(len(places) + 1):
            for chosen in combinations(places, size):
                its = found[sum(amounts[at] for at in chosen)]
                if len(its) < most + 1:
                    its.append(chosen)
        sums.append(found)
    solutions = [
        left + right
        for its, lefts in sums[0].items()
        for left in lefts
        for right in sums[1].get(total - its, ())
        if len(left) + len(right) >= 2
    ]
    return sorted(set(solutions), key=lambda chosen: (len(chosen), chosen))[:most]
