"""E11, E29: a transfer is always booked; over, short within the tolerance, short beyond it."""

from __future__ import annotations

import datetime as dt

import pytest

from ledger.errors import Refused
from ledger.journal import reverse
from tests.ledger.postings.conftest import Desk

MONEY = {"date": "2023-06-19", "bank": "1002.02"}


def transfer(desk: Desk, customer: str, amount: str, number: str = "F-1") -> list[str]:
    """Post a transfer; its lines without the levy move."""
    desk.post("transfer_receipt", {**MONEY, "customer": customer, "amount": amount, "bank_ref": number})
    return [line for line in desk.t_account("transfer_receipt", number) if " 2241" not in line]


def test_short_within_the_tolerance(june: Desk) -> None:
    """V25, the worked example: the bill is settled whole, its levies move whole, the residue stays."""
    transfer(june, "E5", "1,190.00")
    assert june.t_account("transfer_receipt", "F-1") == [
        "Dr 1002.02 1,190.00",
        "Dr 1122.06 10.00",
        "Cr 1122.02 1,200.00",
        "Dr 2241.01.01 350.00",
        "Dr 2241.01.02 62.50",
        "Dr 2241.01.03 12.50",
        "Cr 2241.02.01 350.00",
        "Cr 2241.02.02 62.50",
        "Cr 2241.02.03 12.50",
    ]
    said = june.dimensions("transfer_receipt", "F-1", "bank", "fund", "customer", "bill_month", "document")
    assert said[0] == ("1002.02", "1002.02", "水费", "E5", None, "F-1")
    assert said[1] == ("1122.06", None, None, "E5", "2023-06", "B-E5")
    assert said[2] == ("1122.02", None, None, "E5", "2023-06", "B-E5")
    assert said[6] == ("2241.02.01", "1002.02", "水费", "E5", "2023-06", "B-E5")


def test_exact(june: Desk) -> None:
    """Over = short = 0."""
    assert transfer(june, "E5", "1,200.00") == ["Dr 1002.02 1,200.00", "Cr 1122.02 1,200.00"]


def test_edges_of_the_tolerance(june: Desk) -> None:
    """1 % of that one bill, inclusive: 12.00 of 1,200.00; at most 50.00: 48.00 of 4,800.00 is 1 % still."""
    assert transfer(june, "E5", "1,188.00") == ["Dr 1002.02 1,188.00", "Dr 1122.06 12.00", "Cr 1122.02 1,200.00"]
    assert transfer(june, "E6", "95.04", "F-2") == ["Dr 1002.02 95.04", "Dr 1122.06 0.96", "Cr 1122.02 96.00"]
    assert transfer(june, "E3", "1,378.07", "F-3") == ["Dr 1002.02 1,378.07", "Cr 2203.03 1,378.07"]


def test_tolerance_has_a_maximum(opened: Desk) -> None:
    """1 % of 9,600.00 would be 96.00; 50.00 passes, 50.01 does not."""
    bill = {"date": "2023-06-05", "bill_month": "2023-06", "read_code": "normal", "usage_class": "N", "volume": 2000}
    opened.post("charge", {**bill, "doc_no": "B-E3", "customer": "E3"}, {**bill, "doc_no": "B-E5", "customer": "E5"})
    assert transfer(opened, "E3", "9,550.00", "F-1")[1:] == ["Dr 1122.06 50.00", "Cr 1122.02 9,600.00"]
    assert transfer(opened, "E5", "9,549.99", "F-2")[1:] == ["Cr 2203.03 9,549.99"]


def test_short_beyond_the_tolerance_is_held_whole(june: Desk) -> None:
    """E12: 2203.03 and the money itself of the fund 预收部分水费; the bill stays open."""
    assert transfer(june, "E5", "1,187.99") == ["Dr 1002.02 1,187.99", "Cr 2203.03 1,187.99"]
    assert june.dimensions("transfer_receipt", "F-1", "fund", "bank", "document") == [
        ("1002.02", "预收部分水费", "1002.02", "F-1"),
        ("2203.03", "预收部分水费", "1002.02", "F-1"),
    ]
    # What is held and what comes later settle the bill together (E13), out of the fund they came in.
    transfer(june, "E5", "12.01", "F-2")
    assert june.t_account("apply_advance", "F-2-A1")[:3] == [
        "Dr 2203.03 1,187.99",
        "Dr 2203.03 12.01",
        "Cr 1122.02 1,200.00",
    ]
    assert june.balance("2241.02.01", fund="预收部分水费") == "-350.00"


def test_over(june: Desk) -> None:
    """多转: the advance is known by its receipt, the money by the bank's number."""
    june.post("transfer_receipt", {**MONEY, "doc_no": "SK-1", "customer": "E6", "amount": "100.00", "bank_ref": "F-1"})
    assert june.t_account("transfer_receipt", "SK-1")[:3] == [
        "Dr 1002.02 100.00",
        "Cr 1122.02 96.00",
        "Cr 2203.04 4.00",
    ]
    said = june.dimensions("transfer_receipt", "SK-1", "fund", "document")
    assert (said[0], said[2]) == (("1002.02", "水费", "F-1"), ("2203.04", "水费", "SK-1"))


def test_nothing_open_is_a_second_payment(june: Desk) -> None:
    """E29: whole to 2203.04, fund 水费; the next bill takes it (E13)."""
    transfer(june, "E6", "96.00")
    assert transfer(june, "E6", "96.00", "F-2") == ["Dr 1002.02 96.00", "Cr 2203.04 96.00"]
    assert june.dimensions("transfer_receipt", "F-2", "fund")[0] == ("1002.02", "水费")
    bill = {"date": "2023-07-05", "bill_month": "2023-07", "read_code": "normal", "usage_class": "N", "volume": 20}
    june.post("charge", {**bill, "doc_no": "B2-E6", "customer": "E6"})
    assert june.t_account("apply_advance", "B2-E6-A1")[:2] == ["Dr 2203.04 96.00", "Cr 1122.02 96.00"]


def test_oldest_bills_first(june: Desk) -> None:
    """R7 owes 41.40, 34.50 and 37.95; the tolerance is that of the bill the last of the money goes to."""
    lines = transfer(june, "R7", "75.56")
    assert lines == ["Dr 1002.02 75.56", "Dr 1122.06 0.34", "Cr 1122.01 41.40", "Cr 1122.01 34.50"]
    assert june.dimensions("transfer_receipt", "F-1", "bill_month", "document")[1] == ("1122.06", "2023-05", "B-R7-05")
    assert june.balance("1122.01", branch="B01") == "265.70"


def test_rest_that_covers_no_further_bill(june: Desk) -> None:
    """1 % of 34.50 is 0.34: 0.35 less than the second bill leaves the rest as 多转."""
    assert transfer(june, "R7", "75.55") == ["Dr 1002.02 75.55", "Cr 1122.01 41.40", "Cr 2203.04 34.15"]


def test_debts_of_a_closed_meter(june: Desk) -> None:
    """R6's old debt by transfer: its fund is that of such debts."""
    assert transfer(june, "R6", "86.25") == ["Dr 1002.02 86.25", "Cr 1122.05 86.25"]
    assert june.balance("2241.02.01", fund="补缴水费", bank="1002.02") == "-23.75"


def test_bank_number_counts_once(june: Desk) -> None:
    """C53."""
    transfer(june, "E6", "96.00")
    assert (
        june.post("transfer_receipt", {**MONEY, "customer": "E6", "amount": "96.00", "bank_ref": "F-1"}).status
        == "already"
    )
    for number in (None, "SK-1"):
        with pytest.raises(Refused, match=r"回单号F-1已使用\(凭证2023-06/记-\d{4}\)"):
            june.post(
                "transfer_receipt", {**MONEY, "doc_no": number, "customer": "E5", "amount": "96.00", "bank_ref": "F-1"}
            )
    row = {**MONEY, "customer": "E5", "amount": "1.00", "bank_ref": "F-9"}
    with pytest.raises(Refused, match="回单号F-9已使用"):
        june.post("transfer_receipt", {**row, "doc_no": "SK-2"}, {**row, "doc_no": "SK-3", "customer": "E3"})


def test_a_mistaken_entry_gives_its_number_back(june: Desk) -> None:
    """Red letter, then the right entry under the same bank number."""
    posted = june.post("transfer_receipt", {**MONEY, "customer": "E6", "amount": "1,200.00", "bank_ref": "F-1"})
    entry = posted.entries["entry_id"][0]
    reverse(june.ledger, entry, reason="户号错", operator="tester", today=dt.date(2023, 6, 19))
    june.post(
        "transfer_receipt", {**MONEY, "doc_no": "F-1-改", "customer": "E5", "amount": "1,200.00", "bank_ref": "F-1"}
    )
    assert june.balance("1002.02") == "4,200.00"


def test_unknown_customer(june: Desk) -> None:
    with pytest.raises(Refused, match="没有这个户号"):
        transfer(june, "X1", "10.00")


def test_residue_made_good_by_transfer(june: Desk) -> None:
    """E11, later: the worked example."""
    transfer(june, "E5", "1,190.00")
    row = {"date": "2023-07-05", "customer": "E5", "bill_month": "2023-06", "amount": "10.00", "source": "transfer"}
    june.post("short_payment", {**row, "bank": "1002.02", "bank_ref": "F-2"})
    assert june.t_account("short_payment", "F-2") == ["Dr 1002.02 10.00", "Cr 1122.06 10.00"]
    assert june.dimensions("short_payment", "F-2", "fund", "customer", "bill_month", "document") == [
        ("1002.02", "水费", "E5", None, "F-2"),
        ("1122.06", None, "E5", "2023-06", "B-E5"),
    ]


def test_residue_made_good_out_of_an_over_transfer(june: Desk) -> None:
    """Dr 2203.04, oldest lot first; no money moves."""
    transfer(june, "E5", "1,190.00")
    transfer(june, "E5", "6.00", "F-2")
    transfer(june, "E5", "6.00", "F-3")
    row = {"date": "2023-07-05", "customer": "E5", "bill_month": "2023-06", "amount": "10.00", "source": "over"}
    june.post("short_payment", {**row, "doc_no": "BJ-1"})
    assert june.t_account("short_payment", "BJ-1") == ["Dr 2203.04 6.00", "Dr 2203.04 4.00", "Cr 1122.06 10.00"]
    assert [document for _code, document in june.dimensions("short_payment", "BJ-1", "document")] == [
        "F-2",
        "F-3",
        "B-E5",
    ]


def test_residue_on_residue_is_refused(june: Desk) -> None:
    """The whole residue at once, neither less nor more; not without one; not out of what is not held."""
    row = {
        "date": "2023-07-05",
        "customer": "E5",
        "bill_month": "2023-06",
        "amount": "10.00",
        "source": "over",
        "doc_no": "BJ-1",
    }
    with pytest.raises(Refused, match="该户该月没有少转水费"):
        june.post("short_payment", row)
    transfer(june, "E5", "1,190.00")
    with pytest.raises(Refused, match=r"多转水费只有 0\.00"):
        june.post("short_payment", row)
    money = {"source": "transfer", "bank": "1002.02", "bank_ref": "F-2"}
    for amount in ("9.99", "10.01"):
        with pytest.raises(Refused, match=r"少转水费为 10\.00,须一次补齐"):
            june.post("short_payment", {**row, **money, "amount": amount})
