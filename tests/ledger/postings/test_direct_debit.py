"""E17: the month's slip, and the list that says who has paid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger.errors import ConflictingDocument, Refused
from ledger.journal import reverse
from tests.ledger.postings.conftest import Desk

SLIP = {
    "date": "2023-06-30",
    "bank": "1002.01",
    "period": "2023-06",
    "count": 2,
    "amount": "65.55",
    "slip_no": "HK-202306",
}
ROW = {"doc_no": "MX-1", "date": "2023-07-03", "slip_no": "HK-202306", "period": "2023-06"}
R3 = {**ROW, "customer": "R3", "amount": "34.50", "result": "success", "bill_month": "2023-06", "row": 2}
R4 = {
    **ROW,
    "customer": "R4",
    "amount": "31.05",
    "result": "failed",
    "reason": "余额不足",
    "bill_month": "2023-06",
    "row": 3,
}


@pytest.fixture
def debited(june: Desk) -> Desk:
    june.post("debit_slip", SLIP)
    return june


def test_slip(debited: Desk) -> None:
    """V43."""
    assert debited.t_account("debit_slip", "HK-202306") == ["Dr 1002.01 65.55", "Cr 1122.09 65.55"]
    assert debited.dimensions("debit_slip", "HK-202306", "bank", "fund", "bill_month", "document") == [
        ("1002.01", "1002.01", "水费", None, "HK-202306"),
        ("1122.09", "1002.01", "水费", "2023-06", "HK-202306"),
    ]
    assert debited.post("debit_slip", SLIP).status == "already"


def test_list(debited: Desk) -> None:
    """§6.6: success settles, failure is taken back; 1122.09 is empty."""
    assert debited.post("debit_list", R3, R4).warnings == ()
    assert debited.t_account("debit_list", "MX-1") == [
        "Dr 1122.09 65.55",
        "Cr 1122.01 34.50",
        "Cr 1002.01 31.05",
        "Dr 2241.01.01 9.50",
        "Dr 2241.01.02 2.50",
        "Dr 2241.01.03 0.50",
        "Cr 2241.02.01 9.50",
        "Cr 2241.02.02 2.50",
        "Cr 2241.02.03 0.50",
    ]
    said = debited.dimensions("debit_list", "MX-1", "bank", "fund", "customer", "bill_month", "document")
    assert said[0] == ("1122.09", "1002.01", "水费", None, "2023-06", "HK-202306")
    assert said[1] == ("1122.01", None, None, "R3", "2023-06", "B-R3")
    assert said[2] == ("1002.01", "1002.01", "水费", "R4", None, "HK-202306")
    assert said[6] == ("2241.02.01", "1002.01", "水费", "R3", "2023-06", "B-R3")
    assert debited.balance("1122.09") == "0.00"


def test_same_list_again(debited: Desk) -> None:
    """§6.7 (12): the same file changes nothing; an amount changed, or another number, is refused."""
    debited.post("debit_list", R3, R4)
    assert debited.post("debit_list", R4, R3).status == "already"
    with pytest.raises(ConflictingDocument):
        debited.post("debit_list", {**R3, "amount": "34.51"}, R4)
    with pytest.raises(Refused, match=r"回单号HK-202306已使用\(凭证2023-07/记-\d{4}\)") as refused:
        debited.post("debit_list", {**R3, "doc_no": "MX-2"}, {**R4, "doc_no": "MX-2"})
    assert refused.value.faults[0].code == "C53"


def test_two_lists_of_a_slip_in_one_file(debited: Desk) -> None:
    with pytest.raises(Refused, match="回单号HK-202306已使用"):
        debited.post("debit_list", R3, {**R4, "doc_no": "MX-2"})


def test_whole_list_is_reversed(debited: Desk) -> None:
    """Rev: at once; the right list may come. The slip under it may not go first."""
    slip = debited.lines("debit_slip", "HK-202306")["entry_id"][0]
    entry = debited.post("debit_list", R3, R4).entries["entry_id"][0]
    with pytest.raises(Refused, match=r"后续分录已使用本分录的款项\(单据号 HK-202306\)"):
        reverse(debited.ledger, slip, reason="错", operator="tester", today=dt.date(2023, 7, 4))
    reverse(debited.ledger, entry, reason="结果颠倒", operator="tester", today=dt.date(2023, 7, 4))
    assert debited.balance("1122.09") == "-65.55"
    changed = {"doc_no": "MX-2", "date": "2023-07-04"}
    debited.post("debit_list", {**R3, **changed, "result": "failed"}, {**R4, **changed, "result": "success"})
    assert debited.t_account("debit_list", "MX-2")[:3] == ["Dr 1122.09 65.55", "Cr 1122.01 31.05", "Cr 1002.01 34.50"]


def test_difference_stays_and_is_said(debited: Desk) -> None:
    posted = debited.post("debit_list", R3)
    assert [fault.message for fault in posted.warnings] == [
        "划扣明细合计 34.50 与合计单 65.55 相差 31.05,留在代扣待分户"
    ]
    assert debited.balance("1122.09") == "-31.05"


def test_slip_of_the_successes_alone(june: Desk) -> None:
    """What failed was never credited, so nothing is taken back."""
    june.post("debit_slip", {**SLIP, "count": 1, "amount": "34.50"})
    assert june.post("debit_list", R3, R4).warnings == ()
    assert june.t_account("debit_list", "MX-1")[:2] == ["Dr 1122.09 34.50", "Cr 1122.01 34.50"]
    assert june.balance("1002.01") == "10,234.50"


@pytest.mark.parametrize("result", ["success", "duplicate"])
def test_paid_twice(debited: Desk, result: str) -> None:
    """§9.2: a success for a bill already settled goes to 2203.04, fund 水费."""
    debited.post(
        "cash_receipt", {"date": "2023-07-01", "customer": "R3", "amount": "34.50", "cashier": "C01", "invoice": "1"}
    )
    posted = debited.post("debit_list", {**R3, "result": result}, R4)
    assert [fault.message for fault in posted.warnings] == ["账单已结清,划扣款记入多转水费"] * (result == "success")
    assert debited.t_account("debit_list", "MX-1") == ["Dr 1122.09 65.55", "Cr 2203.04 34.50", "Cr 1002.01 31.05"]
    assert debited.dimensions("debit_list", "MX-1", "bank", "fund", "customer", "document")[1] == (
        "2203.04", "1002.01", "水费", "R3", "MX-1",
    )  # fmt: skip


def test_one_bill_twice_in_the_list(june: Desk) -> None:
    june.post("debit_slip", {**SLIP, "amount": "69.00"})
    june.post("debit_list", R3, {**R3, "row": 3})
    assert june.t_account("debit_list", "MX-1")[:3] == ["Dr 1122.09 69.00", "Cr 1122.01 34.50", "Cr 2203.04 34.50"]


def test_bills_without_a_name(june: Desk) -> None:
    """Two months of the same amount, two rows: the oldest first."""
    bill = {"date": "2023-07-01", "bill_month": "2023-07", "read_code": "normal", "usage_class": "R", "volume": 10}
    june.post("charge", {**bill, "doc_no": "B7-R3", "customer": "R3"})
    june.post("debit_slip", {**SLIP, "amount": "69.00"})
    plain = {**R3, "bill_month": None}
    assert june.post("debit_list", plain, {**plain, "row": 3}).warnings == ()
    said = june.dimensions("debit_list", "MX-1", "document")
    assert [document for code, document in said if code == "1122.01"] == ["B-R3", "B7-R3"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slip_no": "HK-9"}, "没有待分户的划扣合计单 HK-9"),
        ({"period": "2023-05"}, "合计单 HK-202306 的期间是 2023-06"),
        ({"customer": "R1", "amount": "41.40"}, "该户没有代扣协议"),
        ({"amount": "34.49"}, "账单 B-R3 的应收为 34.50"),
        ({"amount": "34.49", "bill_month": None}, "没有同样金额的未结账单,请填写账单号"),
        ({"bill_month": "2023-05"}, "该户该月没有这样的账单"),
    ],
)
def test_rows_that_are_refused(debited: Desk, change: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        debited.post("debit_list", {**R3, **change})


def test_one_slip_per_list(debited: Desk) -> None:
    with pytest.raises(Refused, match="一份划扣明细只对一张合计单"):
        debited.post("debit_list", R3, {**R4, "slip_no": "HK-2"})


def test_customer_who_has_left_direct_debit_since(debited: Desk) -> None:
    """It was on mandate when the bank debited it."""
    debited.post(
        "customers",
        {"customer": "R3", "name": "户R3", "stream": "resident", "usage_class": "R", "pay_mode": "counter", "kind": "normal",
         "branch": "B01", "from": "2023-07-01"},
    )  # fmt: skip
    debited.post("debit_list", R3, R4)
    assert debited.balance("1122.09") == "0.00"


def test_one_slip_per_bank_and_period(debited: Desk) -> None:
    """§9.1 Q13, C53; another bank has its own."""
    with pytest.raises(Refused, match="2023-06 已有合计单 HK-202306"):
        debited.post("debit_slip", {**SLIP, "slip_no": "HK-2"})
    with pytest.raises(Refused, match="回单号HK-202306已使用"):
        debited.post("debit_slip", {**SLIP, "doc_no": "HK-3", "bank": "1002.02"})
    debited.post("debit_slip", {**SLIP, "slip_no": "HK-2", "bank": "1002.02"})
    assert debited.balance("1122.09") == "-131.10"
