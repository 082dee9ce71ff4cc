"""Other countries' cells: dates by the dialect's order, decimal commas, currency signs; never read the other way."""

from __future__ import annotations

import pytest

from importers.statements import read_statement
from importers.statements.dialect import parse_dialect
from ledger.errors import ImportRejected

TOML = """
name = "abroad"
[header]
required = ["Day", "Amount", "Balance"]
[columns]
date = "Day"
amount = "Amount"
balance = "Balance"
[amount]
form = "signed"
"""


def read(row: str, amount: str = "", order: str = "") -> tuple[str, int, int | None]:
    text = TOML + amount + (f'\n[dates]\norder = "{order}"\n' if order else "")
    content = f"Day;Amount;Balance\n{row}\n".encode()
    line = read_statement(content, dialects=[parse_dialect(text, "abroad.toml")])[0].lines.row(0, named=True)
    return str(line["date"]), line["amount_in"] - line["amount_out"], line["balance"]


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("3/4/24", "mdy", "2024-03-04"),
        ("3/4/24", "dmy", "2024-04-03"),
        ("03.04.2024", "dmy", "2024-04-03"),
        ("03-04-2024 10:20:30", "mdy", "2024-03-04"),
    ],
)
def test_dates(text: str, order: str, day: str) -> None:
    assert (day, 500, None) == read(f"{text};5;", order=order)


@pytest.mark.parametrize(
    ("text", "order"), [("13/4/24", "mdy"), ("30.02.2024", "dmy"), ("2024-03-04", "dmy"), ("", "mdy")]
)
def test_dates_of_another_order_are_refused(text: str, order: str) -> None:
    with pytest.raises(ImportRejected, match="应为日期"):
        read(f"{text};5;", order=order)


@pytest.mark.parametrize(
    ("text", "fen"), [("1.234,56", 123456), ("-1234,5", -123450), ("1.234", 123400), ("5", 500), ("+0,05", 5)]
)
def test_decimal_comma(text: str, fen: int) -> None:
    assert ("2024-03-01", fen, fen) == read(f"2024-03-01;{text};{text}", 'decimal = ","')


@pytest.mark.parametrize("text", ["1,234.56", "12.34", "1,2,3", "1.23,4", "5,123", "x"])
def test_the_other_mark_is_refused(text: str) -> None:
    with pytest.raises(ImportRejected, match="金额"):
        read(f"2024-03-01;{text};", 'decimal = ","')


def test_currency_signs_only_where_declared() -> None:
    assert ("2024-03-01", -123450, 500) == read("2024-03-01;-$1,234.50;$5", 'symbol = "$"')
    with pytest.raises(ImportRejected, match="金额"):
        read("2024-03-01;$120;")
    with pytest.raises(ImportRejected, match="金额"):
        read("2024-03-01;$$120;", 'symbol = "$"')
