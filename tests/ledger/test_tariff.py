"""Bills from volumes: the table of domain §6.2, row by row, and what holds for any volume."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import BOOK_FILE, Book
from ledger.errors import NotFound
from ledger.money import parse_fen
from ledger.tariff import charge_columns, price_charges, price_one, price_reductions

BOOK = Book.load()
D5, D12, D13, D25 = (dt.date(2023, 6, day) for day in (5, 12, 13, 25))
COLUMNS = ("net", "vat", "revenue", "sewage", "water_resource", "surcharge", "gross")

# bill, date, class, m³, net, VAT, revenue, 污, 资, 附, bill amount
BILLS = [
    ("B-R1", D5, "R", 12, "26.40 0.77 25.63 11.40 3.00 0.60 41.40"),
    ("B-R2", D5, "R", 28, "85.80 2.50 83.30 26.60 7.00 1.40 120.80"),
    ("B-R3", D5, "R", 10, "22.00 0.64 21.36 9.50 2.50 0.50 34.50"),
    ("B-R4", D5, "R", 9, "19.80 0.58 19.22 8.55 2.25 0.45 31.05"),
    ("B-R7", D5, "R", 11, "24.20 0.70 23.50 10.45 2.75 0.55 37.95"),
    ("B-E1", D12, "N", 1000, "3100.00 90.29 3009.71 1400.00 250.00 50.00 4800.00"),
    ("B-E2", D12, "N", 500, "1550.00 45.15 1504.85 700.00 125.00 25.00 2400.00"),
    ("B-E3", D12, "N", 300, "930.00 27.09 902.91 420.00 75.00 15.00 1440.00"),
    ("B-E4", D12, "S", 100, "650.00 18.93 631.07 140.00 25.00 5.00 820.00"),
    ("B-E5", D12, "N", 250, "775.00 22.57 752.43 350.00 62.50 12.50 1200.00"),
    ("B-E6", D12, "N", 20, "62.00 1.81 60.19 28.00 5.00 1.00 96.00"),
    ("BI-E4", D12, "S", 40, "260.00 7.57 252.43 56.00 10.00 2.00 328.00"),
]
TM = ("B-TM", D25, "R", 30, "66.00 1.92 64.08 28.50 7.50 1.50 103.50")
RED = ("V15", D12, "N", 10, "31.00 0.90 30.10 14.00 2.50 0.50 48.00")
TOTAL = "7540.20 219.62 7320.58 3175.00 575.00 115.00 11405.20"


def amounts(text: str) -> list[int]:
    """Amounts of a row in fen."""
    return [parse_fen(word) for word in text.split()]


def frame(*rows: tuple[str, dt.date, str, int, str]) -> pl.DataFrame:
    """Rows of the table as documents."""
    return pl.DataFrame(
        {
            "doc_no": [row[0] for row in rows],
            "date": [row[1] for row in rows],
            "usage_class": [row[2] for row in rows],
            "volume": [row[3] for row in rows],
        }
    )


@pytest.mark.parametrize("bill", BILLS, ids=[bill[0] for bill in BILLS])
def test_every_bill_of_the_month(bill: tuple[str, dt.date, str, int, str]) -> None:
    """One bill, all its columns."""
    _number, date, usage, volume, text = bill
    row = price_one(BOOK, usage, volume, date)
    assert [row[name] for name in COLUMNS] == amounts(text)
    assert row["tax_line"] == 0


def test_the_month_as_columns() -> None:
    """All bills at once, with the card sale and the reduction: Σ of the table."""
    bills = price_charges(frame(*BILLS), BOOK)
    card = price_charges(frame(TM), BOOK, first_tier=True)
    red = price_reductions(frame(RED).with_columns(billed=pl.lit(300, pl.Int64)), BOOK)
    assert [bills[name].to_list() for name in COLUMNS] == [
        list(x) for x in zip(*(amounts(b[4]) for b in BILLS), strict=True)
    ]
    assert card.select(COLUMNS).row(0) == tuple(amounts(TM[4]))
    assert red.select(COLUMNS).row(0) == tuple(amounts(RED[4]))
    total = [bills[name].sum() + card[name].sum() - red[name].sum() for name in COLUMNS]
    assert total == amounts(TOTAL)


def test_the_frame_keeps_its_rows() -> None:
    """Order and other columns stay; the amounts are Int64; the tariff version is named."""
    bills = price_charges(frame(TM, *reversed(BILLS)), BOOK)
    assert bills["doc_no"].to_list() == ["B-TM", *(bill[0] for bill in reversed(BILLS))]
    assert {bills.schema[name] for name in charge_columns(BOOK)} == {pl.Int64()}
    assert bills["tariff"].to_list()[:2] == ["2020-R", "2020-S"]
    assert price_charges(frame(*BILLS).clear(), BOOK).columns == bills.columns


def test_no_tariff_no_amount() -> None:
    """Before the first tariff, or for no class at all, amounts are absent, not zero."""
    rows = frame(("X", dt.date(2019, 1, 1), "R", 5, ""), ("Y", D5, "X", 5, ""), ("Z", D5, "R", 5, ""))
    priced = price_charges(rows, BOOK)
    for name in charge_columns(BOOK):
        assert priced[name].is_null().to_list() == [True, True, False]
    with pytest.raises(NotFound):
        price_one(BOOK, "R", 5, dt.date(2019, 1, 1))


def test_water_tax_mode() -> None:
    """From 2024-12-01 the water resource is our own untaxed line: same bill, no levy, no VAT on it."""
    fee, tax = (price_one(BOOK, "R", 28, day) for day in (dt.date(2024, 11, 30), dt.date(2024, 12, 1)))
    assert (fee["water_resource"], fee["tax_line"]) == (700, 0)
    assert (tax["water_resource"], tax["tax_line"]) == (0, 700)
    assert tax["gross"] == fee["gross"] == 12080
    assert tax["vat"] == fee["vat"] == 250


def test_a_price_change_holds_from_its_day() -> None:
    """The charge date decides; tariffs of other classes stay."""
    row = (
        '[[tariff]]\nversion = "2023-R"\nusage_class = "R"\nfrom = 2023-06-06\ntiers = [{ price = "1.0050" }]\n'
        "[[tariff]]"
    )
    book = Book.load(BOOK_FILE.read_text(encoding="utf-8").replace("[[tariff]]", row, 1))
    rows = frame(("A", D5, "R", 28, ""), ("B", D12, "R", 3, ""), ("C", D12, "N", 20, ""))
    priced = price_charges(rows, book)
    assert priced["tariff"].to_list() == ["2020-R", "2023-R", "2020-N"]
    assert priced["net"].to_list() == [8580, 302, 6200]  # 3.015 rounds half-up
    assert priced["sewage"].to_list() == [2660, 0, 2800]


@pytest.mark.parametrize(
    ("volume", "net"), [(0, 0), (15, 3300), (16, 3630), (25, 6600), (26, 7260), (10**9, 659_999_990_100)]
)
def test_tier_edges(volume: int, net: int) -> None:
    """A tier includes its upper edge."""
    assert price_one(BOOK, "R", volume, D5)["net"] == net


@pytest.mark.parametrize(("taken", "net"), [(3, 1980), (5, 2640), (13, 5280), (28, 8580)])
def test_the_highest_tiers_go_first(taken: int, net: int) -> None:
    """A reduction of R2's 28 m³ takes the dear water off before the cheap."""
    rows = frame(("V", D5, "R", taken, "")).with_columns(billed=pl.lit(28, pl.Int64))
    assert price_reductions(rows, BOOK)["net"].item() == net


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("RNS"), st.integers(0, 10**7), st.sampled_from([D5, dt.date(2025, 1, 1)])),
        min_size=1,
        max_size=30,
    )
)
def test_parts_are_the_bill(bills: list[tuple[str, int, dt.date]]) -> None:
    """Parts sum to the bill, VAT is inside the net, and no row minds its neighbours."""
    rows = frame(*((str(n), date, usage, volume, "") for n, (usage, volume, date) in enumerate(bills)))
    priced = price_charges(rows, BOOK)
    for row, (usage, volume, date) in zip(priced.iter_rows(named=True), bills, strict=True):
        assert row["gross"] == sum(row[name] for name in ("net", "sewage", "water_resource", "surcharge", "tax_line"))
        assert row["net"] == row["vat"] + row["revenue"]
        assert 0 <= row["vat"] <= row["net"]
        assert price_one(BOOK, usage, volume, date)["gross"] == row["gross"]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from("RNS"), st.integers(1, 500), st.data())
def test_reductions_add_up_to_the_bill(usage: str, volume: int, data: st.DataObject) -> None:
    """Taken off in two steps, a bill comes to nothing, levy by levy."""
    first = data.draw(st.integers(0, volume))
    rows = pl.DataFrame(
        {
            "date": [D5, D5],
            "usage_class": [usage] * 2,
            "volume": [first, volume - first],
            "billed": [volume, volume - first],
        }
    )
    taken = price_reductions(rows, BOOK)
    bill = price_one(BOOK, usage, volume, D5)
    for name in ("net", "sewage", "water_resource", "surcharge", "gross"):
        assert taken[name].sum() == bill[name]
