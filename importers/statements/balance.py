"""What the running balance proves: row order, the meaning of 借/贷, opening and closing.

For a reading of the amounts and an order of the rows, every printed balance
minus the movements up to it must be the same number: the opening. Where that
number changes, the chain is broken. The reading with an unbroken chain is
taken only when it is the only one (``reconciliation.md`` §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
    """One reading in one order, tried against the printed balances; ``breaks`` are the first few of ``broken``.

    ``opening`` is what the first balance says of it, ``final`` what the last one does: the same, unless it is broken.
    """

    direction: str | None
    order: str
    opening: int | None
    final: int | None
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
        _chain(move, move.cum_sum(), balance, dates, direction, way, opening, closing)
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
    if best.broken:
        best = replace(best, breaks=_breaks(best, moves[best.direction], balance, rows, opening, closing))
    told = len({chain.order for chain in candidates if rank(chain) == rank(best)}) == 1
    return Verdict(best, best.order if told or len(balance) < 2 else "undetermined", inferred, asked)


def _chain(
    move: pl.Series,
    running: pl.Series,
    balance: pl.Series,
    dates: pl.Series,
    direction: str | None,
    order: str,
    opening: int | None,
    closing: int | None,
) -> Chain:
    """Offsets (balance − movements so far) and the places where they change; ``running`` sums the moves from above."""
    newest_first, total = order == "newest_first", int(move.sum())
    so_far = move + total - running if newest_first else running
    offsets = balance - so_far
    if offsets.null_count():
        offsets = offsets.drop_nulls()
    before, after = opening, None if closing is None else closing - total
    top, bottom = (after, before) if newest_first else (before, after)
    ends = _jumps(offsets, top, bottom)
    jumps = int((offsets[1:] != offsets[:-1]).sum()) + ends
    known = [end for end in (top, bottom) if end is not None]
    compared = max(len(offsets) + len(known) - 1, 0)
    ends_said = [None, None] if offsets.is_empty() else [int(offsets[0]), int(offsets[-1])]
    oldest, newest = reversed(ends_said) if newest_first else ends_said
    first = next((one for one in (before, oldest, after) if one is not None), None)
    final = next((one for one in (after, newest, before) if one is not None), None)
    return Chain(direction, order, first, final, compared, jumps, (), dates.is_sorted(descending=newest_first))


def _jumps(offsets: pl.Series, top: int | None, bottom: int | None) -> int:
    """How many of the balances stated beside the lines contradict them, or each other."""
    if offsets.is_empty():
        return int(None not in (top, bottom) and top != bottom)
    return sum(end is not None and end != offsets[at] for end, at in ((top, 0), (bottom, -1)))


def _breaks(
    chain: Chain, move: pl.Series, balance: pl.Series, rows: pl.Series, opening: int | None, closing: int | None
) -> tuple[Break, ...]:
    """The first jumps of a chain, oldest first."""
    schema = {"row": pl.Int64, "balance": pl.Int64, "move": pl.Int64}
    lines = pl.DataFrame({"row": rows, "balance": balance, "move": move}, schema=schema)
    lines = lines.reverse() if chain.order == "newest_first" else lines
    lines = lines.select("row", offset=pl.col("balance") - pl.col("move").cum_sum())
    last = int(lines["row"][-1]) if lines.height else 0
    ends = [(0, opening)], [(last, None if closing is None else closing - int(move.sum()))]
    before, after = (pl.DataFrame(end, schema=lines.schema, orient="row") for end in ends)
    offsets = pl.concat([before, lines, after]).drop_nulls("offset")
    jumps = offsets.with_columns(pl.col("offset").diff().alias("by")).filter(pl.col("by") != 0)
    return tuple(Break(row, by) for row, by in jumps.select("row", "by").head(BREAKS_SHOWN).rows())
