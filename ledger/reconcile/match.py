"""Matching: pure stages over frames, precision first.

Each stage sees only the lines that earlier stages left. A match is made only
where it is the only one possible: among all candidates of the stage, no line
of it has another. What is not unique stays open and is shown. The order of the
rows has no influence, everything is a set join (``reconciliation.md`` §8).

=========== =====================================================================
stage        what is taken
=========== =====================================================================
reversal     inside one side: the books' own link, or the bank's 冲正/退回 with the
             number of its original, or its only opposite twin within a day
reference    the same number and the same amount, once on each side
slip         the same base number (a trip of several slips) and the same amount
group        all open lines of one number on both sides, sums equal
fee          the same number or party, the bank's amount net of a known fee
party        the same amount and party, once on each side, dates near
class        n and n lines of one amount and party that nobody can tell apart
amount       an amount nobody else has (only where the book chose so)
=========== =====================================================================

A conflicting number, direction, currency, account, customer or a closed period is a
veto in every stage. Open lines carried over from earlier months stand among the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from ledger.reconcile.classes import Classes, load_classes
from ledger.reconcile.evidence import encode, neighbours, pair_evidence
from ledger.reconcile.frames import ITEMS, MATCHES
from ledger.reconcile.sides import Side, prepare
from ledger.reconcile.stages.amounts import by_amount
from ledger.reconcile.stages.fees import by_fee
from ledger.reconcile.stages.groups import by_group
from ledger.reconcile.stages.parties import by_class, by_party
from ledger.reconcile.stages.references import by_number, by_slip, by_weak_number
from ledger.reconcile.stages.reversals import bank_reversals, book_reversals
from ledger.reconcile.work import Found, Rules, Windows, Work

RULE_VERSION = "2"
STAGES = ("reversal", "reference", "slip", "group", "fee", "party", "class", "amount", "manual")
STEPS = (
    book_reversals, bank_reversals, by_number, by_slip, by_group, by_weak_number, by_fee, by_party, by_class,
)  # fmt: skip
PAIRS = ("reference", "slip", "fee", "party", "amount")
HELD: dict[str, pl.DataType] = {"held": pl.Int64(), "side": pl.String(), "ref": pl.String()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """New matches: ``matches`` and ``items`` (``match_id`` counts from 1 within this result).

    ``held``: what would be matches, were their lines not frozen (``frozen.py``), ``held`` their number.
    """

    matches: pl.DataFrame
    items: pl.DataFrame
    held: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HELD))

    def refs(self, side: str) -> pl.Series:
        """The refs of one side that are matched."""
        return self.items.filter(pl.col("side") == side)["ref"]


def match(
    book: pl.DataFrame,
    bank: pl.DataFrame,
    *,
    windows: Windows | None = None,
    classes: Classes | None = None,
    rules: Rules | None = None,
) -> Matching:
    """Match the open lines of one bank account (frames of ``frames.LINES``), currency by currency."""
    windows, classes, rules = windows or Windows(), classes or load_classes(), rules or Rules()
    currencies = pl.concat([book["currency"], bank["currency"]]).unique().sort()
    parts = []
    for currency in currencies:
        own = pl.col("currency").eq_missing(pl.lit(currency, pl.String))
        parts.append(_one_currency(book.filter(own), bank.filter(own), windows, classes, rules))
    return _joined(parts)


def _one_currency(book: pl.DataFrame, bank: pl.DataFrame, windows: Windows, classes: Classes, rules: Rules) -> Matching:
    sides = prepare(book, bank, classes)
    work = Work(*sides, windows, classes, rules)
    taken = -1
    while taken != len(work.found):
        # what a late stage settles may leave an earlier one a single candidate: until nothing moves,
        # so that a second run has nothing to find
        taken = len(work.found)
        for stage in STEPS:
            stage(work)
        by_amount(work, (sides[0].lines, sides[1].lines))
    return replace(_numbered(work.found, sides, windows, classes), held=_held(work.held, sides))


def _held(held: list[pl.DataFrame], sides: tuple[Side, Side]) -> pl.DataFrame:
    """The groups set aside, numbered by their first line."""
    if not held:
        return pl.DataFrame(schema=HELD)
    refs = pl.concat(
        [
            side.lines.select(pl.lit(name).alias("side"), "id", "ref")
            for name, side in zip(("book", "bank"), sides, strict=True)
        ]
    )
    lines = pl.concat(held).join(refs, on=["side", "id"])
    groups = lines.group_by("group").agg(pl.col("side").min(), pl.col("id").min()).sort("side", "id", "group")
    numbers = groups.select("group", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("held"))
    return lines.join(numbers, on="group").select(*HELD).sort("held", "side", "ref")


def _numbered(found: list[Found], sides: tuple[Side, Side], windows: Windows, classes: Classes) -> Matching:
    """Number the matches by stage and first line, so that the same lines give the same numbers."""
    matches, items, last = [], [], 0
    around = neighbours(*sides)
    refs = pl.concat(
        [
            side.lines.select(pl.lit(name).alias("side"), "id", "ref", "amount")
            for name, side in zip(("book", "bank"), sides, strict=True)
        ]
    )
    for stage in STAGES:
        of_stage = [one for one in found if one.stage == stage]
        if not of_stage:
            continue
        members = pl.concat([one.items for one in of_stage])
        evidence = pl.concat([_evidence(one, sides, around, windows, classes) for one in of_stage])
        first = members.group_by("group").agg(
            pl.col("side").max().alias("first_side"),
            pl.col("id").filter(pl.col("side") == pl.col("side").max()).min().alias("first"),
        )
        groups = (
            evidence.join(first, on="group")
            .sort("first_side", "first", descending=[True, False])
            .with_columns((pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + last).alias("match_id"))
        )
        last += groups.height
        matches.append(
            groups.select(
                "match_id", pl.lit(stage).alias("stage"), pl.lit(RULE_VERSION).alias("rule_version"), "evidence"
            )
        )
        items.append(
            members.join(groups.select("group", "match_id"), on="group").join(refs, on=["side", "id"]).select(*ITEMS)
        )
    if not matches:
        return Matching(matches=pl.DataFrame(schema=MATCHES), items=pl.DataFrame(schema=ITEMS))
    return Matching(matches=pl.concat(matches), items=pl.concat(items).sort("match_id", "side", "ref"))


def _evidence(
    found: Found,
    sides: tuple[Side, Side],
    around: tuple[pl.DataFrame, pl.DataFrame],
    windows: Windows,
    classes: Classes,
) -> pl.DataFrame:
    """``group, evidence`` of the matches of a stage."""
    if found.stage not in PAIRS:
        groups = found.groups
        if "key" in groups.columns:
            words = pl.concat([side.parties.select("key", "party") for side in sides]).unique("key")
            groups = groups.join(words, on="key", how="left").drop("key")
        return groups.select("group", encode(*(name for name in groups.columns if name != "group")))
    ends = [
        found.items.filter(pl.col("side") == side).select("group", pl.col("id").alias(end))
        for side, end in (("book", "left"), ("bank", "right"))
    ]
    pairs = found.groups.join(ends[0], on="group").join(ends[1], on="group")
    return pair_evidence(found.stage, pairs, sides, around, windows, sorted(classes.bank_first))


def _joined(parts: list[Matching]) -> Matching:
    """The results of the currencies, numbered on."""
    matches, items, last = [pl.DataFrame(schema=MATCHES)], [pl.DataFrame(schema=ITEMS)], 0
    held, aside = [pl.DataFrame(schema=HELD)], 0
    for part in parts:
        held.append(part.held.with_columns(pl.col("held") + aside))
        aside += part.held["held"].n_unique()
        matches.append(part.matches.with_columns(pl.col("match_id") + last))
        items.append(part.items.with_columns(pl.col("match_id") + last))
        last += part.matches.height
    return Matching(matches=pl.concat(matches), items=pl.concat(items), held=pl.concat(held))
