"""§6.6: the first days of July clear every open item of June but the 200.00."""

from __future__ import annotations

import datetime as dt

from ledger import views
from tests.month.conftest import Book
from tests.month.test_june import all_tie


def balance(book: Book, account: str) -> int:
    with book.ledger.store.reading() as session:
        return views.balance(session, 1, account, dt.date(2023, 7, 31))


def test_balances_after_month_end(july: Book) -> None:
    """The second assertion set, in fen."""
    found = {code: balance(july, code) for code in ("1002.01", "1122.09", "1122", "2241.01", "2241.02", "1221.01")}
    assert found == {
        "1002.01": 532_675,
        "1122.09": 0,
        "1122": 11_350,
        "2241.01": -3_750,
        "2241.02": -388_625,
        "1221.01": 0,
    }


def test_open_bills_after_month_end(july: Book) -> None:
    """Σ1122 = R4 31.05, R7 72.45, E5 10.00."""
    report = july.report("R26", date=dt.date(2023, 7, 5))
    sums: dict[str, float] = {}
    for row in report["rows"]:
        if row["customer"]:
            sums[row["customer"]] = round(sums.get(row["customer"], 0) + float(row["amount"]), 2)
    assert sums == {"E5": 10.00, "R4": 31.05, "R7": 72.45}


def test_only_the_200_is_still_outstanding(july: Book) -> None:
    """The 200.00 of March stays in R15; all else has met its bank line."""
    report = july.report("R14", date=dt.date(2023, 7, 5), account="工行0101")
    items = [
        (row["category"], row["date"], row["amount"])
        for row in report["rows"]
        if row["category"] not in ("balance", "adjusted")
    ]
    assert items == [("book_in_not_bank", "2023-03-31", "200.00")]
    assert all_tie(report)
    long = july.report("R15", date=dt.date(2023, 7, 5), account="工行0101")
    assert [row["amount"] for row in long["rows"]] == ["200.00"]


def test_the_table_of_june_is_the_same_in_july(july: Book, june: Book) -> None:
    """A past table does not change with what comes later."""
    assert (
        july.report("R14", month="2023-06", account="工行0101")["rows"]
        == june.report("R14", month="2023-06", account="工行0101")["rows"]
    )
