"""What holds for any generated month: no line twice, every line explained, R14 equal, no order, no second thoughts."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.i18n import set_language
from ledger.reconcile.adjustment import CATEGORIES, Adjustment, adjustment_table
from ledger.reconcile.explain import explain_open
from ledger.reconcile.lines import fee_lines
from ledger.reconcile.match import Matching, Rules, match
from tests.ledger.reconcile.generated import FEE_BASIS_POINTS, FIRST, Knobs, World, world

RULES = Rules(fees_basis_points=(FEE_BASIS_POINTS,))
LAST = FIRST + timedelta(29)
calm = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
worlds = st.builds(
    lambda seed, reference, popular, customers, traps: world(
        Knobs(
            seed=seed,
            book_rows=150,
            reference=reference,
            popular_values=popular,
            customers_per_row=customers,
            adversarial=traps,
            fee=0.05,
            twins=0.08,
            returned=0.02,
            doubled=0.02,
            batch=0,
            partial_debit=0.002,
        )
    ),
    seed=st.integers(0, 10_000),
    reference=st.sampled_from((0.0, 0.15, 0.55, 1.0)),
    popular=st.sampled_from((3, 10, 80)),
    customers=st.sampled_from((0.03, 0.3, 1.0)),
    traps=st.sampled_from((0, 20)),
)


def matched(made: World) -> Matching:
    return match(made.book, made.bank, rules=RULES)


def table(made: World, found: Matching, cutoff: object = LAST) -> Adjustment:
    """R14 of a world that began with 100.00 on both sides."""
    fees = fee_lines(found.matches, found.items, made.book, made.bank)
    bank = pl.concat([made.bank, fees])
    return adjustment_table(
        made.book,
        bank,
        found.items,
        None,
        cutoff,
        book_opening=10_000,
        bank_opening=10_000,  # type: ignore[arg-type]
    )


@calm
@given(worlds)
def test_no_line_stands_in_two_matches(made: World) -> None:
    found = matched(made)
    assert found.items.height == found.items.unique(["side", "ref"]).height
    assert set(found.matches["match_id"]) == set(found.items["match_id"])


@calm
@given(worlds)
def test_sums_agree_but_for_a_known_fee(made: World) -> None:
    """Across the sides the amounts of a match are equal; inside one side they cancel."""
    found = matched(made)
    signed = pl.when(pl.col("side") == "book").then(pl.col("amount")).otherwise(-pl.col("amount"))
    sums = found.items.group_by("match_id").agg(signed.sum().alias("off")).join(found.matches, on="match_id")
    off = sums.filter(pl.col("off") != 0)
    assert set(off["stage"]) <= {"fee"}


@calm
@given(worlds)
def test_every_open_line_has_one_category_and_a_reason(made: World) -> None:
    """In R14 once, in one of the four categories, with a reason code and a sentence."""
    set_language("zh_CN")
    found = matched(made)
    items = table(made, found).items
    open_refs = {
        (side, ref)
        for side, frame in (("book", made.book), ("bank", made.bank))
        for ref in set(frame["ref"]) - set(found.refs(side))
    }
    fees = fee_lines(found.matches, found.items, made.book, made.bank)
    listed = [
        ("book" if row["category"].startswith("book") else "bank", row["ref"]) for row in items.iter_rows(named=True)
    ]
    assert sorted(listed) == sorted(open_refs | {("bank", ref) for ref in fees["ref"]})
    assert set(items["category"]) <= set(CATEGORIES)
    assert items["reason"].null_count() == 0
    sides = {
        side: frame.filter(~pl.col("ref").is_in(found.refs(side).implode()))
        for side, frame in (("book", made.book), ("bank", made.bank))
    }
    for side, other in (("book", "bank"), ("bank", "book")):
        for line in sides[side].head(10).iter_rows(named=True):
            assert explain_open(line, side, sides[side], sides[other]).startswith("未")


@calm
@given(worlds)
def test_both_sides_of_r14_are_equal(made: World) -> None:
    """Whatever was matched, rightly or not, and at any cut-off: the table has no difference."""
    found = matched(made)
    assert [0] * 4 == [table(made, found, FIRST + timedelta(days)).difference for days in (0, 9, 20, 29)]


@calm
@given(worlds, st.integers(0, 28))
def test_the_cut_off_moves_only_what_is_dated_after_it(made: World, day: int) -> None:
    """Between two cut-offs an item comes or goes only by a line of the days between."""
    found = matched(made)
    early, late = (table(made, found, FIRST + timedelta(days)).items for days in (day, day + 1))
    moved = set(early["ref"]) ^ set(late["ref"])
    dated = pl.concat([made.book.select("ref", "date"), made.bank.select("ref", "date")])
    own = found.items.join(dated, on="ref").group_by("match_id").agg(pl.col("date").max())
    last = found.items.join(own, on="match_id").group_by("ref").agg(pl.col("date").max().alias("met"))
    known = dated.join(last, on="ref", how="left").filter(pl.col("ref").is_in(list(moved)))
    after = FIRST + timedelta(day + 1)
    assert all(after in (date, met) for date, met in known.select("date", "met").iter_rows())


@calm
@given(worlds)
def test_running_again_finds_nothing(made: World) -> None:
    found = matched(made)
    left = [
        frame.filter(~pl.col("ref").is_in(found.refs(side).implode()))
        for side, frame in (("book", made.book), ("bank", made.bank))
    ]
    assert 0 == match(*left, rules=RULES).matches.height


@calm
@given(worlds, st.integers(0, 1_000))
def test_order_has_no_influence(made: World, seed: int) -> None:
    found = matched(made)
    book, bank = (
        frame.sample(fraction=1, shuffle=True, seed=seed + at) for at, frame in enumerate((made.book, made.bank))
    )
    again = match(book, bank, rules=RULES)
    assert found.matches.equals(again.matches)
    assert found.items.equals(again.items)


@pytest.mark.parametrize(("seed", "reference"), [(7, 0.55), (8, 0.15)])
def test_no_adversarial_line_is_taken(seed: int, reference: float) -> None:
    """The partner is gone and a look-alike stands there: every such line stays open."""
    made = world(Knobs(seed=seed, book_rows=1_000, reference=reference, adversarial=200))
    taken = matched(made).items.join(made.traps, on=["side", "ref"])
    assert [] == taken.select("trap", "side", "ref").rows()


@pytest.mark.parametrize("stranger", [123_456_789, 5_000])
def test_an_unrelated_row_changes_no_match(stranger: int) -> None:
    made = world(Knobs(seed=3, book_rows=400))
    found = matched(made)
    row = made.bank.head(1).with_columns(
        ref=pl.lit("x"),
        amount=pl.lit(stranger, pl.Int64),
        party=pl.lit("路过的人"),
        text=pl.lit("转账"),
        numbers=pl.lit("999999999999"),
    )
    again = match(made.book, pl.concat([made.bank, row]), rules=RULES)
    assert found.items.equals(again.items)
