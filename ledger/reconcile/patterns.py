"""Courses of events that ask for a second look (疑点): shown beside the items, never decided on.

============== ==================================================================
three_ends      open at three month ends or more, the cut-off among them
round_trip      the same sum in and out of one side within five days
by_hand         cleared this month by a person alone
reopened        matched when a month's table was drawn, unmatched afterwards
wrong_account   its partner is open in another account of ours, and nowhere else
============== ==================================================================

Pure. Limits come from ``outstanding.toml``; sources: ``reconciliation.md`` §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from ledger.calendar import Calendar
from ledger.i18n import _
from ledger.reconcile.elsewhere import partners
from ledger.reconcile.kinds import load_defaults

PATTERNS: dict[str, pl.DataType] = {
    "pattern": pl.String(),
    "side": pl.String(),
    "ref": pl.String(),
    "date": pl.Date(),
    "reference": pl.String(),
    "amount": pl.Int64(),
    "number": pl.Int64(),
    "other": pl.String(),
}
"""``amount`` signed fen; ``number``: month ends, days between, or the match; ``other``: the ref of the other line,
behind its account's name where it is another's."""
_COLUMNS = list(PATTERNS)

Moment = tuple[date, str]
"""A cut-off and the instant at which its table was drawn."""


def patterns(
    lines: pl.DataFrame,
    open_refs: pl.DataFrame,
    items: pl.DataFrame,
    matches: pl.DataFrame,
    undone: pl.DataFrame,
    cutoff: date,
    moments: Sequence[Moment],
    elsewhere: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The patterns among the lines of an account as of a day.

    Args:
        lines: ``frames.LINES`` of both sides with ``side``.
        open_refs: ``side, ref`` of what is open at the cut-off.
        items: the items of the active matches.
        matches: the active matches, ``match_id, stage``.
        undone: the items of the matches that were undone (``storage.bank.undone_items``).
        cutoff: the day.
        moments: when the tables of past months were drawn; calendar month ends count by themselves.
        elsewhere: what the other own accounts have open then (``elsewhere.OPEN``).
    """
    known = lines.filter(pl.col("date") <= cutoff)
    outstanding = known.join(open_refs, on=["side", "ref"], how="semi")
    staged = items.join(matches.select("match_id", "stage"), on="match_id")
    return pl.concat(
        [
            _three_ends(outstanding, cutoff),
            _round_trips(known, open_refs, items, cutoff),
            _by_hand(known, staged, cutoff),
            _reopened(known, open_refs, undone, cutoff, moments),
            *([] if elsewhere is None else [_elsewhere(outstanding, elsewhere)]),
        ]
    ).sort("side", "date", "ref", "pattern", descending=[True, False, False, False])


def pattern_text(pattern: str, number: int | None, other: str | None) -> str:
    """A pattern as people read it."""
    return {
        "three_ends": _("连续 {n} 个月末未达"),
        "round_trip": _("与 {other} 同额一收一付,相隔 {n} 天"),
        "by_hand": _("仅凭人工勾对(第 {n} 号)"),
        "reopened": _("月末后取消勾对(第 {n} 号)"),
        "wrong_account": _("另一账户 {other} 有同额未达,相隔 {n} 天,疑为串户"),
    }[pattern].format(n=number, other=other)


def month_ends(since: pl.Expr, cutoff: date) -> pl.Expr:
    """How many month ends lie between a day and the cut-off, both included."""
    last = cutoff.year * 12 + cutoff.month + (cutoff == Calendar.month_end(cutoff))
    return last - since.dt.year().cast(pl.Int64) * 12 - since.dt.month().cast(pl.Int64)


def _shown(frame: pl.DataFrame, pattern: str, number: pl.Expr, other: pl.Expr | None = None) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(pattern).alias("pattern"),
        number.cast(pl.Int64).alias("number"),
        (pl.lit(None, pl.String) if other is None else other).alias("other"),
    ).select(*_COLUMNS)


def _three_ends(outstanding: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    ends = month_ends(pl.col("date"), cutoff)
    return _shown(outstanding.filter(ends >= load_defaults().month_ends), "three_ends", ends)


def _round_trips(known: pl.DataFrame, open_refs: pl.DataFrame, items: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """The nearest opposite line of each; what is open or of this month; what the books themselves took back is none."""
    days = load_defaults().round_trip_days
    inside = items.filter(pl.col("side").n_unique().over("match_id") == 1).select("side", "ref", "match_id")
    own = (
        known.filter(pl.col("amount") != 0)
        .join(inside, on=["side", "ref"], how="anti")
        .select(*(name for name in _COLUMNS if name in known.columns), pl.col("amount").abs().alias("size"))
    )
    ways = [own.filter(pl.col("amount") > 0).sort("date", "ref"), own.filter(pl.col("amount") < 0).sort("date", "ref")]
    found = []
    for one, opposite in (ways, ways[::-1]):
        met = one.join_asof(
            opposite.select("side", "size", "date", pl.col("ref").alias("other"), pl.col("date").alias("its_date")),
            on="date",
            by=["side", "size"],
            strategy="nearest",
            tolerance=f"{days}d",
            check_sortedness=False,
        ).filter(pl.col("other").is_not_null())
        found.append(
            _shown(met, "round_trip", (pl.col("its_date") - pl.col("date")).dt.total_days().abs(), pl.col("other"))
        )
    both = pl.concat(found)
    recent = both.filter(pl.col("date") >= cutoff.replace(day=1))
    older = both.filter(pl.col("date") < cutoff.replace(day=1)).join(open_refs, on=["side", "ref"], how="semi")
    return pl.concat([recent, older])


def _by_hand(known: pl.DataFrame, staged: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Lines of manual matches that were complete in the month of the cut-off."""
    hand = staged.filter(pl.col("stage") == "manual").select("match_id", "side", "ref")
    met = hand.join(known, on=["side", "ref"], how="left").with_columns(
        pl.col("date").max().over("match_id").alias("cleared"),
        pl.col("date").is_null().any().over("match_id").alias("later"),
    )
    return _shown(
        met.filter(~pl.col("later"), pl.col("cleared") >= cutoff.replace(day=1)), "by_hand", pl.col("match_id")
    )


def _reopened(
    known: pl.DataFrame, open_refs: pl.DataFrame, undone: pl.DataFrame, cutoff: date, moments: Sequence[Moment]
) -> pl.DataFrame:
    """Lines whose match stood when the table of a month that holds them was drawn, and was undone after."""
    met = undone.select("match_id", "side", "ref", "recorded_at", "undone_at").join(known, on=["side", "ref"])
    met = met.with_columns(pl.col("date").max().over("match_id").alias("latest"))
    crossed = pl.lit(value=False)
    for day, drawn in moments:
        crossed = crossed | (
            (pl.col("latest") <= day) & (pl.col("recorded_at") <= drawn) & (pl.col("undone_at") > drawn)
        )
    # with no table drawn the end of the calendar month counts
    ends = [pl.col(name).str.slice(0, 7) for name in ("recorded_at", "undone_at")]
    crossed = crossed | ((pl.col("latest").dt.strftime("%Y-%m") <= ends[0]) & (ends[0] < ends[1]))
    shown = met.filter(crossed).unique(["side", "ref"], keep="last", maintain_order=True)
    still = shown.join(open_refs, on=["side", "ref"], how="semi")
    recent = shown.filter(pl.col("date") >= cutoff.replace(day=1)).join(open_refs, on=["side", "ref"], how="anti")
    return _shown(pl.concat([still, recent]), "reopened", pl.col("match_id"))


def _elsewhere(outstanding: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    found = partners(outstanding, others)
    return _shown(found, "wrong_account", pl.col("days"), pl.col("other"))
