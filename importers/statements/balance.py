"""What the running balance proves: row order, the meaning of 借/贷, opening and closing.

For a reading of the amounts and an order of the rows, every printed balance
minus the movements up to it must be the same number: the opening. Where that
number changes, the chain is broken. The reading with an unbroken chain is
taken only when it is the only one (``reconciliation.md`` §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

ORDERS = ("oldest_first", "newest_first")
BREAKS_SHOWN = 5
"""A broken chain names its first few breaks and their number."""


@dataclass(frozen=True, slots=True)
class Break:
    """The running balance jumps: at which row of the file, by how many fen."""

    row: int
    difference: int


@dataclass(frozen=True, slots=True)
class Chain:
    """One reading in one order, tried against the printed balances; ``breaks`` are the first few of ``broken``."""

    direction: str | None
    order: str
    opening: int | None
    compared: int
    broken: int
    breaks: tuple[Break, ...]
    by_date: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reading taken. ``inferred``: the balances alone decide it; ``asked``: nothing decides."""

    chain: Chain
    order: str
    inferred: bool
    asked: bool


def judge(
    moves: Mapping[str | None, pl.Series],
    balance: pl.Series,
    dates: pl.Series,
    rows: pl.Series,
    *,
    opening: int | None = None,
    closing: int | None = None,
    declared: str | None = None,
    order: str = "",
) -> Verdict:
    """Choose reading and order of the rows of one account.

    ``moves`` holds, per possible reading, in − out in file order; ``opening``
    and ``closing`` are balances the file states outside its lines; ``declared``
    and ``order`` are used only where the balances leave a choice.
    """
    chains = [
        _chain(move, balance, dates, rows, direction, way, opening, closing)
        for direction, move in moves.items()
        for way in ORDERS
    ]
    whole = [chain for chain in chains if chain.compared and not chain.broken]
    # where the dates run one way, a chain that only holds the other way proves nothing
    whole = [chain for chain in whole if chain.by_date] or whole
    readings = {chain.direction for chain in whole}
    inferred = len(readings) == 1
    asked = False
    if inferred:
        candidates = whole
    elif len(moves) == 1:
        candidates = chains
    else:
        asked = declared is None
        candidates = [chain for chain in whole or chains if chain.direction == declared] or chains

    def rank(chain: Chain) -> tuple[int, bool, bool]:
        return chain.broken, not chain.by_date, chain.order != order

    best = min(candidates, key=rank)  # the first of equals: oldest first
    told = len({chain.order for chain in candidates if rank(chain) == rank(best)}) == 1
    return Verdict(best, best.order if told or len(balance) < 2 else "undetermined", inferred, asked)


def _chain(
    move: pl.Series,
    balance: pl.Series,
    dates: pl.Series,
    rows: pl.Series,
    direction: str | None,
    order: str,
    opening: int | None,
    closing: int | None,
) -> Chain:
    """Offsets (balance − movements so far) and the places where they change."""
    if order == "newest_first":
        move, balance, dates, rows = move.reverse(), balance.reverse(), dates.reverse(), rows.reverse()
    last = int(rows[-1]) if len(rows) else 0
    ends = [(0, opening)], [(last, None if closing is None else closing - int(move.sum()))]
    schema = {"row": pl.Int64, "offset": pl.Int64}
    running = pl.DataFrame({"row": rows, "offset": balance - move.cum_sum()}, schema=schema)
    before, after = (pl.DataFrame(end, schema=schema, orient="row") for end in ends)
    offsets = pl.concat([before, running, after]).drop_nulls("offset")
    jumps = offsets.with_columns(pl.col("offset").diff().alias("by")).filter(pl.col("by") != 0)
    breaks = tuple(Break(row, by) for row, by in jumps.select("row", "by").head(BREAKS_SHOWN).rows())
    first = offsets["offset"][0] if offsets.height else None
    return Chain(direction, order, first, max(offsets.height - 1, 0), jumps.height, breaks, dates.is_sorted())
