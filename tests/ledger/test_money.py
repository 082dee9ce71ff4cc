"""The gate of amounts: what comes in exact goes out exact, and nothing is guessed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import (
    LIMIT,
    InvalidAmount,
    allocate,
    decimal_text,
    format_fen,
    from_money,
    parse_fen,
    round_half_up,
    round_half_up_expr,
    to_money,
)

FEN = st.integers(min_value=-LIMIT + 1, max_value=LIMIT - 1)
FULL_WIDTH = str.maketrans("0123456789.-,", "０１２３４５６７８９．－，")


@given(FEN)
def test_every_written_form_reads_back(fen: int) -> None:
    """Screen form, machine form, full-width form and Money are the same amount."""
    assert parse_fen(format_fen(fen)) == fen
    assert parse_fen(decimal_text(fen)) == fen
    assert parse_fen(format_fen(fen).translate(FULL_WIDTH)) == fen
    assert from_money(to_money(fen)) == fen
    assert Decimal(decimal_text(fen)) * 100 == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1234.5", 123450),
        ("1,234.50", 123450),
        ("１，２３４．５０", 123450),
        (" 120.80 ", 12080),
        ("¥5", 500),
        ("￥5", 500),
        ("+5", 500),
        ("0", 0),
        ("-0.01", -1),
        ("−3.00", -300),
        ("0.10", 10),
        ("9999999999999.99", LIMIT - 1),
    ],
)
def test_what_people_write(text: str, fen: int) -> None:
    """Thousands separators, full width, currency sign, one decimal, minus signs."""
    assert parse_fen(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "NaN", "nan", "inf", "-Infinity", "1e3", "1E3", "0x10", "1_000", "1.234", "0.001", "1.", ".5",
        "1,23.00", "12,34", "1,2345.00", "1.2.3", "--1", "1-", "一百", "½", "1 000", "=1+1", "1.00元",
        "10000000000000.00", "9" * 400,
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str) -> None:
    """What would have to be rounded or guessed is refused."""
    with pytest.raises(InvalidAmount):
        parse_fen(text)


def test_third_decimal_is_named() -> None:
    """The commonest fault has its own sentence."""
    with pytest.raises(InvalidAmount, match="两位小数"):
        parse_fen("1.005")


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_a_refusal(text: str) -> None:
    """No text makes the gate fail in another way."""
    try:
        fen = parse_fen(text)
    except InvalidAmount:
        return
    assert abs(fen) < LIMIT


@given(FEN, st.integers(min_value=1, max_value=10**6))
def test_rounding_is_half_up(numerator: int, denominator: int) -> None:
    """四舍五入: as Decimal does it, halves away from zero."""
    exact = Decimal(numerator) / Decimal(denominator)
    floor = numerator // denominator
    expected = round_half_up(numerator, denominator)
    assert abs(expected * denominator - numerator) * 2 <= denominator
    if (numerator - floor * denominator) * 2 != denominator:
        assert expected == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    else:
        assert expected == (floor + 1 if numerator > 0 else floor)


@pytest.mark.parametrize(
    ("top", "bottom", "rounded"), [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (-4, 10, 0), (5, -10, -1)]
)
def test_halves(top: int, bottom: int, rounded: int) -> None:
    """Half a fen goes up, in either sign."""
    assert round_half_up(top, bottom) == rounded


@given(st.lists(FEN, max_size=20), st.integers(min_value=1, max_value=10**4))
def test_a_column_rounds_as_a_number(numerators: list[int], denominator: int) -> None:
    """The expression is the same rounding."""
    frame = pl.DataFrame({"n": numerators}, schema={"n": pl.Int64})
    rounded = frame.select(round_half_up_expr(pl.col("n"), denominator))["n"].to_list()
    assert rounded == [round_half_up(n, denominator) for n in numerators]


@given(FEN, st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=12).filter(any))
def test_parts_are_the_whole(total: int, weights: list[int]) -> None:
    """Allocation loses nothing, and each part is within one fen of its exact share."""
    parts = allocate(total, weights)
    whole = sum(weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < whole
        assert (weight == 0) <= (part == 0)


def test_ties_go_to_the_earlier_part() -> None:
    """The odd fen of equal shares is the first one's."""
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_share_nothing(weights: list[int]) -> None:
    """No weights, no shares."""
    with pytest.raises(ValueError, match="weights"):
        allocate(1, weights)


def test_nothing_prints_as_nothing() -> None:
    """An absent amount is no zero."""
    assert format_fen(None) == ""
    assert format_fen(0) == "0.00"
