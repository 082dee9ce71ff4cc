"""预存, E15: money taken in advance, through the drawer or the bank."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

DEPOSIT = {"doc_no": "SL-1", "date": "2023-06-12", "customer": "R2", "amount": "100.00", "cashier": "C01"}
BUILDER = {"doc_no": "SL-2", "date": "2023-06-16", "customer": "B1", "amount": "12,000.00", "cashier": "C02"}


def test_general_deposit(june: Desk) -> None:
    """2203.05, fund 预收部分水费, in the bank the drawer is deposited in."""
    june.post("general_deposit", DEPOSIT)
    assert june.t_account("general_deposit", "SL-1") == ["Dr 1001.C01 100.00", "Cr 2203.05 100.00"]
    assert june.dimensions("general_deposit", "SL-1", "branch", "bank", "cashier", "customer", "fund", "document") == [
        ("1001.C01", "B01", None, "C01", None, "预收部分水费", "SL-1"),
        ("2203.05", "B01", "1002.01", None, "R2", "预收部分水费", "SL-1"),
    ]
    assert june.post("general_deposit", DEPOSIT).status == "already"


def test_deposit_counts_with_partial_payments(june: Desk) -> None:
    """100.00 of 预存 and 20.80 of 预收部分 cover 120.80 together (E13)."""
    june.post("general_deposit", DEPOSIT)
    june.post("partial_payment", {**DEPOSIT, "doc_no": "SL-3", "amount": "20.80"})
    assert june.t_account("apply_advance", "SL-3-A1")[:3] == [
        "Dr 2203.05 100.00",
        "Dr 2203.03 20.80",
        "Cr 1122.01 120.80",
    ]


@pytest.mark.parametrize("kind", ["general_deposit", "builder_prepayment", "partial_payment"])
def test_through_the_bank(june: Desk, kind: str) -> None:
    """The bank knows the money by its own number, we know the advance by the receipt."""
    row = {**BUILDER, "cashier": None, "bank": "1002.02", "bank_ref": "F-1"}
    june.post(kind, row)
    assert june.t_account(kind, "SL-2")[0] == "Dr 1002.02 12,000.00"
    said = june.dimensions(kind, "SL-2", "bank", "document")
    assert said[0] == ("1002.02", "1002.02", "F-1")
    assert said[1][1:] == ("1002.02", "SL-2")
    with pytest.raises(Refused, match="回单号F-1已使用"):
        june.post(kind, {**row, "doc_no": "SL-9"})


@pytest.mark.parametrize("customer", ["R6", "R8"])
def test_no_deposit_for_a_meter_that_is_gone(june: Desk, customer: str) -> None:
    with pytest.raises(Refused, match="已销户或拆表,不能预收"):
        june.post("general_deposit", {**DEPOSIT, "customer": customer})


def test_builder_prepayment(june: Desk) -> None:
    """V22; applied to the site's bill as it arises, the levies leave the fund 预交水费 (§9.1 Q6)."""
    june.post("builder_prepayment", BUILDER)
    assert june.t_account("builder_prepayment", "SL-2") == ["Dr 1001.C02 12,000.00", "Cr 2203.02 12,000.00"]
    assert june.dimensions("builder_prepayment", "SL-2", "fund", "bank")[1] == ("2203.02", "预交水费", "1002.01")
    bill = {"date": "2023-07-05", "bill_month": "2023-07", "read_code": "normal", "usage_class": "N", "volume": 20}
    june.post("charge", {**bill, "doc_no": "B-B1", "customer": "B1"})
    assert june.t_account("apply_advance", "B-B1-A1")[:2] == ["Dr 2203.02 96.00", "Cr 1122.02 96.00"]
    assert june.balance("2241.02.01", fund="预交水费", bank="1002.01") == "-28.00"


@pytest.mark.parametrize("row", [{"amount": "9,999.99"}, {"customer": "E3"}])
def test_builders_only_and_not_less_than_the_minimum(june: Desk, row: dict[str, str]) -> None:
    """§6.7 (2), C21."""
    with pytest.raises(Refused, match="预交水费仅限房地产施工单位且不少于10000元") as refused:
        june.post("builder_prepayment", {**BUILDER, **row})
    assert refused.value.faults[0].code == "C21"


def test_builder_minimum_is_enough(june: Desk) -> None:
    june.post("builder_prepayment", {**BUILDER, "amount": "10,000.00"})
