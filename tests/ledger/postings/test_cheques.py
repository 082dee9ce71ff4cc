"""E09: a cheque, lodged or in hand, settles as a transfer does."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

CHEQUE = {
    "date": "2023-06-30", "customer": "E4", "amount": "820.00", "bank": "1002.01", "cheque_no": "ZP-1", "lodged": "yes",
    "issue_date": "2023-06-29",
}  # fmt: skip
LODGED = {"date": "2023-07-03", "cheque_no": "ZP-1", "amount": "820.00", "bank": "1002.01"}


def test_lodged_cheque(june: Desk) -> None:
    """V44."""
    june.post("cheque_receipt", CHEQUE)
    assert june.t_account("cheque_receipt", "ZP-1") == [
        "Dr 1002.01 820.00",
        "Cr 1122.02 820.00",
        "Dr 2241.01.01 140.00",
        "Dr 2241.01.02 25.00",
        "Dr 2241.01.03 5.00",
        "Cr 2241.02.01 140.00",
        "Cr 2241.02.02 25.00",
        "Cr 2241.02.03 5.00",
    ]
    said = june.dimensions("cheque_receipt", "ZP-1", "bank", "fund", "customer", "document")
    assert said[0] == ("1002.01", "1002.01", "水费", "E4", "ZP-1")


def test_cheque_in_hand_and_lodged_later(june: Desk) -> None:
    """1012.02 under the cheque's number until the bank has it."""
    june.post("cheque_receipt", {**CHEQUE, "lodged": "no"})
    assert june.t_account("cheque_receipt", "ZP-1")[:2] == ["Dr 1012.02 820.00", "Cr 1122.02 820.00"]
    june.post("cheque_lodged", LODGED)
    assert june.t_account("cheque_lodged", "ZP-1") == ["Dr 1002.01 820.00", "Cr 1012.02 820.00"]
    assert june.dimensions("cheque_lodged", "ZP-1", "fund", "customer", "document") == [
        ("1002.01", "水费", "E4", "ZP-1"),
        ("1012.02", "水费", "E4", "ZP-1"),
    ]
    assert june.balance("1012.02") == "0.00"
    assert june.post("cheque_lodged", LODGED).status == "already"
    with pytest.raises(Refused, match="没有待进账的支票 ZP-1"):
        june.post("cheque_lodged", {**LODGED, "doc_no": "JZ-2"})


def test_over_and_short_like_a_transfer(june: Desk) -> None:
    june.post(
        "cheque_receipt",
        {**CHEQUE, "amount": "812.00"},
        {**CHEQUE, "customer": "E6", "amount": "100.00", "cheque_no": "ZP-2"},
    )
    assert june.t_account("cheque_receipt", "ZP-1")[:3] == ["Dr 1002.01 812.00", "Dr 1122.06 8.00", "Cr 1122.02 820.00"]
    assert june.t_account("cheque_receipt", "ZP-2")[:3] == ["Dr 1002.01 100.00", "Cr 1122.02 96.00", "Cr 2203.04 4.00"]


@pytest.mark.parametrize(
    ("issued", "said"), [("2023-06-19", "支票已过 10 天提示付款期"), ("2023-07-01", "支票未到出票日期")]
)
def test_stale_and_post_dated(june: Desk, issued: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        june.post("cheque_receipt", {**CHEQUE, "issue_date": issued})


def test_ten_days_are_not_stale(june: Desk) -> None:
    june.post("cheque_receipt", {**CHEQUE, "issue_date": "2023-06-20"})


def test_cheque_counts_once(june: Desk) -> None:
    """C53, lodged or not."""
    june.post("cheque_receipt", {**CHEQUE, "lodged": "no"})
    for number in (None, "SK-1"):
        with pytest.raises(Refused, match="回单号ZP-1已使用"):
            june.post("cheque_receipt", {**CHEQUE, "doc_no": number, "customer": "E6"})


def test_lodgings_that_fit_nothing(june: Desk) -> None:
    """Unknown, another amount, another bank."""
    june.post("cheque_receipt", {**CHEQUE, "lodged": "no"})
    with pytest.raises(Refused, match="没有待进账的支票 ZP-2"):
        june.post("cheque_lodged", {**LODGED, "cheque_no": "ZP-2"})
    with pytest.raises(Refused, match=r"支票金额为 820\.00"):
        june.post("cheque_lodged", {**LODGED, "amount": "800.00"})
    with pytest.raises(Refused, match="登记的收款银行是 工行0101"):
        june.post("cheque_lodged", {**LODGED, "bank": "1002.02"})
