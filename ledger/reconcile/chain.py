"""How a table follows on the last one that was issued: balances and every single item (``reconciliation.md`` §3).

::

    last issued R14 ─(as of its day, as known when it was issued)─▶ its items ─▶ cleared when, by what │ still open
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import polars as pl

from ledger import issued
from ledger.book import Bank, Book
from ledger.issued import Issued
from ledger.money import decimal_text
from ledger.reconcile.adjustment import CATEGORIES, Adjustment
from ledger.reconcile.loaded import load
from ledger.reconcile.run import month_end
from ledger.storage.engine import Session

CHAIN: dict[str, pl.DataType] = {
    "category": pl.String(),
    "date": pl.Date(),
    "reference": pl.String(),
    "memo": pl.String(),
    "amount": pl.Int64(),
    "ref": pl.String(),
    "state": pl.String(),
    "cleared_on": pl.Date(),
    "stage": pl.String(),
    "match_id": pl.Int64(),
    "by": pl.String(),
    "operator": pl.String(),
}
"""Items of the issued table, amounts in fen, positive. ``state``: ``cleared``, ``open``, or ``void``
where the line itself is gone (a fee of a match that was undone). ``cleared_on``: the day on which
both sides had it; ``by``: the lines it met, as people know them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The opening of a table.

    ``book``, ``bank``: the balance as issued, and the one that the same day has now, fen.
    ``differs``: rows in which the issued table is not what the book of its day gives again.
    """

    last: Issued
    items: pl.DataFrame
    book: tuple[int, int]
    bank: tuple[int, int]
    differs: int


def opening_chain(
    session: Session, book_id: int, book: Book, bank: Bank, cutoff: date, *, known_at: str | None = None
) -> Chain | None:
    """What became of the last table issued for a month before the cut-off's; None if none was issued."""
    last = last_issued(session, book_id, bank, cutoff, known_at)
    if last is None:
        return None
    day = month_end(last.period)
    before = load(session, book_id, bank, day, known_at=last.recorded_at).adjusted(book, day)
    loaded = load(session, book_id, bank, cutoff, known_at=known_at)
    again = loaded.adjusted(book, day)
    now = loaded.adjusted(book, cutoff)
    frozen = json.loads(last.content)["rows"]
    stated = {row["side"]: _fen(row["amount"]) for row in frozen if row["category"] == "balance"}
    return Chain(
        last=last,
        items=_became(before, now, loaded.items, loaded.matches, loaded.lines()),
        book=(stated["book"], again.book_balance),
        bank=(stated["bank"], again.bank_balance),
        differs=_differing(frozen, before),
    )


def last_issued(session: Session, book_id: int, bank: Bank, cutoff: date, known_at: str | None = None) -> Issued | None:
    """The last version of the latest R14 of an account before the month of the cut-off."""
    made = [
        one
        for one in issued.issues(session, book_id, code="R14", scope=bank.code)
        if one.period < f"{cutoff:%Y-%m}" and (known_at is None or one.recorded_at <= known_at)
    ]
    return max(made, key=lambda one: (one.period, one.version), default=None)


def drawn(session: Session, book_id: int, bank: Bank, known_at: str | None = None) -> list[tuple[date, str]]:
    """The cut-offs of the issued tables of an account, and when each was issued."""
    return [
        (month_end(one.period), one.recorded_at)
        for one in issued.issues(session, book_id, code="R14", scope=bank.code)
        if known_at is None or one.recorded_at <= known_at
    ]


def _became(
    before: Adjustment, now: Adjustment, items: pl.DataFrame, matches: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """Each item of a table: still among those of now, or matched."""
    own = pl.col("category").str.slice(0, 4).alias("own")
    still = now.items.select(own, "ref", pl.lit("open").alias("now"))
    members = items.join(lines.select("side", "ref", "date", "reference"), on=["side", "ref"], how="left")
    told = pl.coalesce("reference", "ref")
    wholes = members.group_by("match_id").agg(pl.col("date").max().alias("cleared_on"))
    listed = members.select(
        "match_id", pl.col("side").alias("its_side"), pl.col("ref").alias("its_ref"), told.alias("its")
    )
    met = items.select("match_id", pl.col("side").alias("own"), "ref").join(
        before.items.select(own, "ref"), on=["own", "ref"]
    )
    others = (
        met.join(listed, on="match_id")
        .filter((pl.col("its_side") != pl.col("own")) | (pl.col("its_ref") != pl.col("ref")))
        .sort("own", "ref", "its_side", "its_ref")
        .group_by("own", "ref")
        .agg(pl.col("match_id").first(), pl.col("its").head(5).str.join(" ").alias("by"))
        .join(wholes, on="match_id", how="left")
        .join(matches.select("match_id", "stage", "operator"), on="match_id", how="left")
    )
    rows = (
        before.items.with_columns(own, pl.int_range(pl.len()).alias("place"))
        .join(still, on=["own", "ref"], how="left")
        .join(others, on=["own", "ref"], how="left")
        .sort("place")
    )
    open_now = pl.col("now").is_not_null()
    cleared = [
        pl.when(~open_now).then(pl.col(name)).alias(name)
        for name in ("cleared_on", "stage", "match_id", "by", "operator")
    ]
    state = pl.when(open_now).then(pl.lit("open")).when(pl.col("match_id").is_not_null()).then(pl.lit("cleared"))
    return rows.with_columns(state.otherwise(pl.lit("void")).alias("state"), *cleared).select(*CHAIN)


def _differing(frozen: list[dict[str, str | None]], before: Adjustment) -> int:
    """How many items stand in one of the two only."""
    issued_items = [
        (str(row["category"]), str(row["date"]), str(row["amount"]), row["reference"] or "")
        for row in frozen
        if row["category"] in CATEGORIES
    ]
    drawn_items = [
        (category, day.isoformat(), str(decimal_text(amount)), reference or "")
        for category, day, amount, reference in before.items.select(
            "category", "date", "amount", "reference"
        ).iter_rows()
    ]
    for one in list(issued_items):
        if one in drawn_items:
            drawn_items.remove(one)
            issued_items.remove(one)
    return len(issued_items) + len(drawn_items)


def _fen(text: str) -> int:
    """``"5326.75"`` of the canonical JSON → fen."""
    whole, _dot, part = text.partition(".")
    return int(whole + part.ljust(2, "0"))
