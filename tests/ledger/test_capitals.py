"""Amounts in capitals: the examples of the rules for bills and settlement vouchers."""

from __future__ import annotations

import pytest

from ledger.capitals import capitals

VECTORS = {
    140950: "壹仟肆佰零玖元伍角整",
    600714: "陆仟零柒元壹角肆分",
    168032: "壹仟陆佰捌拾元叁角贰分",
    10700053: "壹拾万柒仟元伍角叁分",
    1640902: "壹万陆仟肆佰零玖元零贰分",
    32504: "叁佰贰拾伍元零肆分",
    0: "零元整",
    29: "贰角玖分",
    10001000000: "壹亿零壹万元整",
    1230000: "壹万贰仟叁佰元整",
    5: "伍分",
    50: "伍角整",
    100: "壹元整",
    1000: "壹拾元整",
    2210044: "贰万贰仟壹佰元肆角肆分",
    -140950: "负壹仟肆佰零玖元伍角整",
    100_000_000_00 + 1: "壹亿元零壹分",
    100_0010_0000_00: "壹佰亿零壹拾万元整",
    1_0000_0000_0000_00: "壹万亿元整",
    1_2000_0000_0000_00: "壹万贰仟亿元整",
    1_0001_0000_0000_00: "壹万零壹亿元整",
    1010_1010_00: "壹仟零壹拾万壹仟零壹拾元整",
    1000_0001_00: "壹仟万零壹元整",
}


@pytest.mark.parametrize(("fen", "text"), VECTORS.items())
def test_capitals(fen: int, text: str) -> None:
    assert capitals(fen) == text


def test_capitals_refuses_what_has_no_reading() -> None:
    with pytest.raises(ValueError):
        capitals(10**18)


def test_no_zero_stands_twice_or_before_a_unit() -> None:
    """Over many amounts, as far as thousands of 万亿."""
    powers = [10**power for power in range(17)]
    for fen in (*range(0, 30000, 7), *powers, *(power + 1 for power in powers)):
        text = capitals(fen)
        assert "零零" not in text
        assert fen == 0 or not any(f"零{unit}" in text for unit in "元万亿角分整")
        assert text.endswith("分") or (text.endswith("整") and not text.endswith("分整"))
