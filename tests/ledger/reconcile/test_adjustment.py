"""R14 and R15 exactly as domain.md §5, and what an adjustment table must always obey."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.reconcile.adjustment import SIDE_OF, Adjustment, adjustment_table
from ledger.reconcile.frames import ITEMS, NOTES, lines
from ledger.reconcile.match import match
from tests.ledger.reconcile import june

SAID = pl.DataFrame(
    [("bank", "24", "BANK_FEE", "收入户不得扣,追回"), ("book", "O2", "已函询银行", "银行尚无答复")],
    schema=NOTES,
    orient="row",
)


def reconciled(bank: str, cutoff: date, loaded: date | None = None) -> Adjustment:
    """Load up to ``loaded``, match month by month, draw the table at ``cutoff``."""
    until = loaded or cutoff
    book, statement = june.side(bank, "book", until), june.side(bank, "bank", until)
    items = match(book, statement).items
    opening = june.OPENING[bank]
    return adjustment_table(book, statement, items, SAID, cutoff, book_opening=opening[0], bank_opening=opening[1])


def shown(table: Adjustment) -> list[tuple[object, ...]]:
    return table.rows.select("side", "category", "date", "reference", "amount", "age_days", "band").rows()


@pytest.mark.parametrize("loaded", [june.JUNE, june.JULY])
def test_r14_of_icbc_on_30_june(loaded: date) -> None:
    """Item by item in that order; the same after July's lines and matches are in."""
    day = june.JUNE
    table = reconciled("1002.01", day, loaded)
    assert [
        ("book", "balance", day, None, 2_972_80, None, None),
        ("book", "bank_in_not_book", day, "000002326", 2_400_00, 0, "normal"),
        ("book", "bank_out_not_book", day, "000002327", 31_05, 0, "normal"),
        ("book", "bank_out_not_book", day, "000002328", 15_00, 0, "normal"),
        ("book", "adjusted", day, None, 5_326_75, None, None),
        ("bank", "balance", day, None, 5_206_75, None, None),
        ("bank", "book_in_not_bank", day, "ZP-0630", 820_00, 0, "normal"),
        ("bank", "book_in_not_bank", date(2023, 3, 31), "JK-0331", 200_00, 91, "long"),
        ("bank", "book_out_not_bank", day, "CZ-0630", 900_00, 0, "normal"),
        ("bank", "adjusted", day, None, 5_326_75, None, None),
    ] == shown(table)
    assert {
        "bank_in_not_book": 2_400_00,
        "bank_out_not_book": 46_05,
        "book_in_not_bank": 1_020_00,
        "book_out_not_bank": 900_00,
    } == table.subtotals
    assert 0 == table.difference


def test_r14_of_boc_has_no_items() -> None:
    table = reconciled("1002.02", june.JUNE)
    assert table.items.is_empty()
    assert (2_736_81, 2_736_81, 2_736_81, 2_736_81) == (
        table.book_balance, table.bank_balance, table.book_adjusted, table.bank_adjusted,
    )  # fmt: skip


def test_r15_is_the_200_of_91_days() -> None:
    columns = ("date", "amount", "category", "age_days", "band", "reason")
    assert [(date(2023, 3, 31), 200_00, "book_in_not_bank", 91, "long", "已函询银行")] == reconciled(
        "1002.01", june.JUNE
    ).long_items.select(columns).rows()


def test_after_july_only_the_200_remains() -> None:
    """§6.6: book 5,326.75 = bank 5,126.75 + 200.00."""
    table = reconciled("1002.01", june.JULY)
    assert ["O2"] == table.items["ref"].to_list()
    assert (5_326_75, 5_126_75) == (table.book_balance, table.bank_balance)
    assert (5_326_75, 5_326_75) == (table.book_adjusted, table.bank_adjusted)


def test_text_is_the_summary_and_the_persons_note() -> None:
    table = reconciled("1002.01", june.JUNE)
    memo = dict(table.items.select("ref", "memo").rows())
    assert "网银转账手续费 收入户不得扣,追回" == memo["24"]
    assert "现金缴款 银行尚无答复" == memo["O2"]
    reason = dict(table.items.select("ref", "reason").rows())
    assert {"22": "NO_DOCUMENT", "23": "RETURNED", "24": "BANK_FEE", "42:1": "IN_TRANSIT"}.items() <= reason.items()


def test_bands_are_inclusive() -> None:
    ages = (29, 30, 89, 90, 364, 365)
    cutoff = date(2023, 6, 30)
    book = lines(
        [{"ref": f"{age}:1", "date": date.fromordinal(cutoff.toordinal() - age), "amount": 100} for age in ages]
    )
    table = adjustment_table(book, lines([]), pl.DataFrame(schema=ITEMS), None, cutoff, book_opening=0, bank_opening=0)
    assert ["normal", "attention", "attention", "long", "long", "very_long"] == table.items.sort("age_days")[
        "band"
    ].to_list()


# -- always --------------------------------------------------------------------------------------------

DAYS = [date(2023, 6, day) for day in (1, 10, 20, 30)] + [date(2023, 7, 5)]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Book, bank and the true matches: events seen by one side, the other, or both on different days."""
    book, bank, items = [], [], []
    for number in range(draw(st.integers(0, 25))):
        amount = draw(st.sampled_from([-5000, -100, 100, 3250, 5000]))
        on_book, on_bank = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
        if on_book:
            book.append({"ref": f"{number}:1", "date": draw(st.sampled_from(DAYS)), "amount": amount})
        if on_bank:
            bank.append({"ref": str(number), "date": draw(st.sampled_from(DAYS)), "amount": amount})
        if on_book and on_bank:
            items += [(number, "book", f"{number}:1", amount), (number, "bank", str(number), amount)]
    return lines(book), lines(bank), pl.DataFrame(items, schema=ITEMS, orient="row")


@settings(max_examples=60, deadline=None)
@given(ledgers(), st.sampled_from(DAYS))
def test_both_sides_meet_for_any_ledgers(made: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], cutoff: date) -> None:
    """Equal adjusted balances at every cut-off; every open line in one category of its side."""
    table = adjustment_table(*made, None, cutoff, book_opening=700, bank_opening=700)
    assert 0 == table.difference
    assert table.items["ref"].is_unique().all()
    assert (table.items["side"] == table.items["category"].replace_strict(SIDE_OF)).all()
    assert (table.items["amount"] > 0).all()
    assert table.items["reason"].null_count() == 0


@settings(max_examples=30, deadline=None)
@given(ledgers())
def test_later_lines_and_matches_do_not_move_the_table(
    made: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
) -> None:
    """The table of 20 June from all that is known in July = the table from what was known then."""
    cutoff = DAYS[2]
    book, bank, items = made
    early = [frame.filter(pl.col("date") <= cutoff) for frame in (book, bank)]
    known = items.filter(pl.col("ref").is_in([*early[0]["ref"], *early[1]["ref"]]).all().over("match_id"))
    then = adjustment_table(*early, known, None, cutoff, book_opening=0, bank_opening=0)
    now = adjustment_table(book, bank, items, None, cutoff, book_opening=0, bank_opening=0)
    assert then.rows.equals(now.rows)


def test_reason_follows_the_direction() -> None:
    """A settlement in that mentions its fee is no bank charge; interest paid on to head office is no interest."""
    bank = lines(
        [
            {"ref": "1", "date": june.JUNE, "amount": 4115, "text": "商户清算 手续费0.25"},
            {"ref": "2", "date": june.JUNE, "amount": -1234, "text": "ZK-0629 银行存款利息"},
            {"ref": "3", "date": june.JUNE, "amount": 1234, "text": "结息"},
            {"ref": "4", "date": june.JUNE, "amount": -1500, "text": "网银手续费"},
        ]
    )
    table = adjustment_table(
        lines([]), bank, pl.DataFrame(schema=ITEMS), None, june.JUNE, book_opening=0, bank_opening=0
    )
    reasons = dict(table.items.select("ref", "reason").rows())
    assert {"1": "NO_DOCUMENT", "2": "NO_DOCUMENT", "3": "INTEREST", "4": "BANK_FEE"} == reasons


def test_no_lines_at_all() -> None:
    """A new account: the form is still issued, with nothing in it."""
    table = adjustment_table(
        lines([]), lines([]), pl.DataFrame(schema=ITEMS), None, june.JUNE, book_opening=0, bank_opening=0
    )
    assert [("book", "balance"), ("book", "adjusted"), ("bank", "balance"), ("bank", "adjusted")] == table.rows.select(
        "side", "category"
    ).rows()
