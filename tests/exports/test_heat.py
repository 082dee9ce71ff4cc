"""采暖费日报 in a heat company: the form of R27c under its own supply."""

from __future__ import annotations

import datetime as dt

from exports import reports
from exports.render import json, terminal
from ledger.book import BOOK_FILE
from ledger.books import create_book
from ledger.config import read_text
from ledger.storage import Store
from tests.ledger.postings.conftest import Desk

WATER = 'code = "water"\nzh = "净水价"\nen = "Net water charge"'
HEAT = 'code = "heat"\nzh = "采暖费"\nen = "Heating fee"'


def test_heating_fees_of_a_day(store: Store) -> None:
    """A bill paid at the counter, against the cashier's settlement sheet."""
    text = read_text(BOOK_FILE).replace('utility = "water"', 'utility = "heat"').replace(WATER, HEAT)
    desk = Desk(create_book(store, book_toml=text.replace('item = "water"\n', 'item = "heat"\n'), operator="tester"))
    who = {
        "customer": "R2",
        "stream": "resident",
        "usage_class": "R",
        "pay_mode": "counter",
        "kind": "normal",
        "branch": "B01",
    }
    desk.post("customers", {**who, "name": "孙立春"})
    bill = {
        "date": "2023-06-05",
        "customer": "R2",
        "bill_month": "2023-06",
        "usage_class": "R",
        "volume": 28,
        "read_code": "normal",
    }
    desk.post("charge", {**bill, "doc_no": "B-R2"})
    desk.post(
        "cash_receipt",
        {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "0001"},
    )
    with store.reading() as session:
        made = reports.build("采暖费日报", session, desk.ledger.book, desk.ledger.chart, date=dt.date(2023, 6, 9))
    assert (made.file_stem, made.notes) == ("20230609采暖费日报", [])
    first = json.data(made)["rows"][0]
    assert (first["category"], first["total"]) == ("net", "85.80")
    assert "采暖费" in terminal.render(made)
    assert made.ok
    assert made.totals["total"] == 12080
