"""Cash application (核减): whole bill-months, oldest first, levies move, the rest is an advance.

Pure functions over frames, one tender per customer at a time; the same code
serves one receipt and a million. Rules: domain §0 (1), (2), (6), §9.2.

Bills (:data:`BILL_SCHEMA`) are open items of the receivables, amounts in fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

BILL_SCHEMA: dict[str, pl.DataType] = {
    "customer": pl.String(),
    "bill_month": pl.String(),
    "document": pl.String(),
    "account": pl.String(),
    "branch": pl.String(),
    "gross": pl.Int64(),
    "locked": pl.String(),
}
"""Open bills; besides these one Int64 column per levy item. ``document`` is the
bill number, ``locked`` the collection batch (托收批次) that holds the bill, or null."""

OLDEST_FIRST = ("customer", "bill_month", "document")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What tenders did.

    ``applied``: bills settled whole, with the tender's ``entry`` and further
    columns; ``short`` is what a tolerated bill lacks (少转), else 0. ``tenders``: the
    tenders with ``applied`` (fen of bills settled), ``rest`` (fen left over),
    ``oldest`` (gross of the oldest open bill, null without one).
    """

    applied: pl.DataFrame
    tenders: pl.DataFrame


def settle(
    tenders: pl.DataFrame, bills: pl.DataFrame, *, amount: str = "amount", tolerance: pl.Expr | None = None
) -> Settlement:
    """Apply each tender to its customer's open bills: whole bills, oldest first.

    ``tenders`` has ``entry``, ``customer`` and the fen in ``amount``; a customer
    stands in at most one row. ``tolerance`` (fen per bill, of column ``gross``) lets
    the first bill that is not covered pass if it lacks no more than that (E11).
    Σ applied − short + rest = amount for every tender.
    """
    clash = [name for name in bills.columns if name in tenders.columns and name != "customer"]
    queue = (
        bills.sort(*OLDEST_FIRST)
        .join(tenders.drop(clash).rename({amount: "_tender"}), on="customer", how="inner", maintain_order="left")
        .with_columns(_reach=pl.col("gross").cum_sum().over("customer"))
    )
    queue = queue.with_columns(short=(pl.col("_reach") - pl.col("_tender")).clip(0))
    allowed = pl.lit(0, pl.Int64) if tolerance is None else tolerance
    # Only the bill that the last of the money goes to can be short: nothing is settled by tolerance alone.
    paid_into = pl.col("_reach") - pl.col("gross") < pl.col("_tender")
    applied = queue.filter((pl.col("short") <= allowed) & paid_into).drop("_reach", "_tender")
    per_tender = applied.group_by("entry").agg(applied=pl.col("gross").sum(), _short=pl.col("short").sum())
    oldest = queue.group_by("entry", maintain_order=True).agg(oldest=pl.col("gross").first())
    done = (
        tenders.join(per_tender, on="entry", how="left", maintain_order="left")
        .join(oldest, on="entry", how="left", maintain_order="left")
        .with_columns(pl.col("applied").fill_null(0))
        .with_columns(rest=pl.col(amount) - pl.col("applied") + pl.col("_short").fill_null(0))
        .drop("_short")
    )
    return Settlement(applied, done)


def levies(applied: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame:
    """One row per settled bill and levy item: what moves from billed to collected.

    Keeps the bill's dimensions and the fund and bank of its tender; column
    ``levy`` holds the fen, ``item`` the levy.
    """
    keep = [name for name in applied.columns if name not in (*items, "item", "levy")]
    return (
        applied.select(*keep, *items)
        .with_row_index("_bill")
        .unpivot(list(items), index=["_bill", *keep], variable_name="item", value_name="levy")
        .with_columns(
            _item=pl.col("item").replace_strict({name: n for n, name in enumerate(items)}, return_dtype=pl.Int64)
        )
        .sort("_bill", "_item")
        .drop("_bill", "_item")
    )


def cover(bills: pl.DataFrame, purses: pl.DataFrame) -> pl.DataFrame:
    """Which purse (one kind of advance) settles each customer's oldest open bill.

    ``purses``: ``customer``, ``purse`` (order of E13), ``held`` (fen). Kinds are
    not mixed for one bill; the first kind that covers it is taken. Returns the
    bills that are covered now, at most one per customer, with their ``purse``.
    """
    oldest = bills.sort(*OLDEST_FIRST).unique("customer", keep="first", maintain_order=True)
    return (
        oldest.join(purses, on="customer", how="inner")
        .filter(pl.col("held") >= pl.col("gross"))
        .sort("customer", "purse")
        .unique("customer", keep="first", maintain_order=True)
        .drop("held")
    )


def take(lots: pl.DataFrame, needs: pl.DataFrame) -> pl.DataFrame:
    """Take fen out of lots, oldest lot first (several lots of one purse).

    ``lots``: ``customer``, ``purse``, ``lot_date``, ``lot`` (document), ``held``.
    ``needs``: ``customer``, ``purse``, ``need`` and what else to carry (one row
    per customer). Returns one row per lot used, with ``taken``; Σ taken = need.
    """
    return (
        lots.join(needs, on=["customer", "purse"], how="inner")
        .sort("customer", "purse", "lot_date", "lot")
        .with_columns(_before=pl.col("held").cum_sum().over("customer", "purse") - pl.col("held"))
        .with_columns(taken=pl.min_horizontal("held", pl.col("need") - pl.col("_before")))
        .filter(pl.col("taken") > 0)
        .drop("_before")
    )


def levies_by_lot(taken: pl.DataFrame, applied: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame:
    """Levies of bills that were settled from lots: each under the fund and bank of its own lot.

    Levies count as paid first, lot after lot: the fen of the levies and the fen
    of the lots are laid along one line and cut at each other's ends.
    ``taken``: ``entry``, ``taken``, ``fund``, ``bank``; ``applied``: one bill per entry.
    """
    marked = taken.with_columns(_lot_end=pl.col("taken").cum_sum().over("entry")).with_columns(
        _lot_start=pl.col("_lot_end") - pl.col("taken")
    )
    lots = marked.select("entry", "fund", "bank", "_lot_start", "_lot_end")
    owed = levies(applied.drop("fund", "bank", strict=False), items).with_columns(
        _end=pl.col("levy").cum_sum().over("entry")
    )
    return (
        owed.with_columns(_start=pl.col("_end") - pl.col("levy"))
        .join(lots, on="entry", how="inner", maintain_order="left")
        .with_columns(levy=pl.min_horizontal("_end", "_lot_end") - pl.max_horizontal("_start", "_lot_start"))
        .filter(pl.col("levy") > 0)
        .drop("_start", "_end", "_lot_start", "_lot_end")
    )
