"""E16: bills go to the bank, are locked, and come back with money or without."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger.errors import Refused
from ledger.journal import reverse
from tests.ledger.postings.conftest import Desk

SENT = {"date": "2023-06-15", "batch": "TS202306", "bill_month": "2023-06", "bank": "1002.01"}
E1 = {**SENT, "customer": "E1", "amount": "4,800.00"}
E2 = {**SENT, "customer": "E2", "amount": "2,400.00"}
BACK = {"date": "2023-06-20", "batch": "TS202306", "bank": "1002.01", "result": "paid"}
PAID = {**BACK, "doc_no": "HD-1", "customer": "E1", "amount": "4,800.00"}
RETURNED = {
    **BACK,
    "doc_no": "HD-2",
    "customer": "E2",
    "amount": "2,400.00",
    "bank": None,
    "result": "returned",
    "reason": "存款不足",
}
TRANSFER = {"date": "2023-06-25", "customer": "E2", "amount": "2,400.00", "bank": "1002.01", "bank_ref": "F-1"}


@pytest.fixture
def sent(june: Desk) -> Desk:
    june.post("collection_batch", E1, E2)
    return june


def test_batch_makes_no_entry_and_locks_its_bills(sent: Desk) -> None:
    """The counter refuses them, what the bank brings is held as 多转."""
    assert sent.balance("1122.02", branch="B01") == "8,020.00"
    with pytest.raises(Refused, match="账单在托收中,收到托收结果前不能收款"):
        sent.post(
            "cash_receipt",
            {"date": "2023-06-16", "customer": "E2", "amount": "2,400.00", "cashier": "C02", "invoice": "1"},
        )
    sent.post("transfer_receipt", TRANSFER)
    assert sent.t_account("transfer_receipt", "F-1") == ["Dr 1002.01 2,400.00", "Cr 2203.04 2,400.00"]
    assert sent.post("collection_batch", E1, E2).status == "already"


def test_money_comes(sent: Desk) -> None:
    """V26: on the bank's line stands the batch, because the bank credits per batch and day."""
    sent.post("collection_result", PAID)
    assert sent.t_account("collection_result", "HD-1") == [
        "Dr 1002.01 4,800.00",
        "Cr 1122.02 4,800.00",
        "Dr 2241.01.01 1,400.00",
        "Dr 2241.01.02 250.00",
        "Dr 2241.01.03 50.00",
        "Cr 2241.02.01 1,400.00",
        "Cr 2241.02.02 250.00",
        "Cr 2241.02.03 50.00",
    ]
    said = sent.dimensions("collection_result", "HD-1", "bank", "fund", "customer", "document")
    assert said[0] == ("1002.01", "1002.01", "水费", "E1", "TS202306")
    assert said[1] == ("1122.02", None, None, "E1", "B-E1")
    assert said[5] == ("2241.02.01", "1002.01", "水费", "E1", "B-E1")
    assert sent.post("collection_result", PAID).status == "already"


def test_returned_item_makes_no_entry_and_is_open_again(sent: Desk) -> None:
    """The bill named no number when it was sent, nor does the return."""
    posted = sent.post("collection_result", PAID, RETURNED)
    assert (len(posted.entries), posted.facts) == (1, 1)
    sent.post("transfer_receipt", TRANSFER)
    assert sent.t_account("transfer_receipt", "F-1")[:2] == ["Dr 1002.01 2,400.00", "Cr 1122.02 2,400.00"]


def test_money_held_meanwhile_settles_the_returned_bill(sent: Desk) -> None:
    """E13 runs for the customer of a return."""
    sent.post("transfer_receipt", TRANSFER)
    sent.post("collection_result", {**RETURNED, "date": "2023-06-26"})
    assert sent.t_account("apply_advance", "HD-2-A1")[:2] == ["Dr 2203.04 2,400.00", "Cr 1122.02 2,400.00"]


def test_results_that_fit_nothing(sent: Desk) -> None:
    """Not in the batch, another amount, a second result, in one file or later."""
    with pytest.raises(Refused, match="批次 TS202305 中没有该户的这一笔"):
        sent.post("collection_result", {**PAID, "batch": "TS202305"})
    with pytest.raises(Refused, match="批次 TS202306 中没有该户的这一笔"):
        sent.post("collection_result", {**PAID, "customer": "E3"})
    with pytest.raises(Refused, match="批次 TS202306 中没有该户的这一笔"):
        sent.post("collection_result", {**PAID, "bill_month": "2023-05"})
    with pytest.raises(Refused, match="批次 TS202306 中没有该户的这一笔"):
        sent.post("collection_result", {**PAID, "bill_no": "B-E2"})
    with pytest.raises(Refused, match=r"与送出金额 4,800\.00 不符"):
        sent.post("collection_result", {**PAID, "amount": "4,799.99"})
    with pytest.raises(Refused, match="这一笔已有托收结果"):
        sent.post("collection_result", PAID, {**PAID, "doc_no": "HD-9"})
    sent.post("collection_result", PAID, RETURNED)
    for second in (PAID, RETURNED):
        with pytest.raises(Refused, match="这一笔已有托收结果"):
            sent.post("collection_result", {**second, "doc_no": "HD-9"})


def test_mistaken_result_is_reversed_and_entered_again(sent: Desk) -> None:
    """The red letter puts the item back with the bank; its right answer may come."""
    entry = sent.post("collection_result", PAID).entries["entry_id"][0]
    reverse(sent.ledger, entry, reason="银行错", operator="tester", today=dt.date(2023, 6, 21))
    with pytest.raises(Refused, match="账单在托收中"):
        sent.post(
            "cash_receipt",
            {"date": "2023-06-21", "customer": "E1", "amount": "4,800.00", "cashier": "C02", "invoice": "1"},
        )
    sent.post("collection_result", {**PAID, "doc_no": "HD-1-改", "bank": "1002.02"})
    assert sent.balance("1002.02") == "7,800.00"


def test_bounced_collection_is_open_and_not_with_the_bank(sent: Desk) -> None:
    """E30: the item was answered; the bill may be paid in any way."""
    sent.post("collection_result", PAID)
    sent.post(
        "returned_payment",
        {"doc_no": "TP-1", "date": "2023-06-27", "original": "collection_result/HD-1", "reason": "退回"},
    )
    sent.post("transfer_receipt", {**TRANSFER, "date": "2023-06-28", "customer": "E1", "amount": "4,800.00"})
    assert sent.t_account("transfer_receipt", "F-1")[1] == "Cr 1122.02 4,800.00"


def test_bill_that_is_gone_meanwhile(sent: Desk) -> None:
    """The money is there all the same: 多转, and it is said."""
    entry = sent.lines("charge", "B-E1")["entry_id"][0]
    reverse(sent.ledger, entry, reason="开账错", operator="tester", today=dt.date(2023, 6, 19))
    posted = sent.post("collection_result", PAID)
    assert [fault.message for fault in posted.warnings] == ["账单已结清或已变更,托收款记入多转水费"]
    assert sent.t_account("collection_result", "HD-1") == ["Dr 1002.01 4,800.00", "Cr 2203.04 4,800.00"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "4,799.00"}, "账单 B-E1 的应收为 4,800.00"),
        ({"bill_month": "2023-05"}, "该户该月没有这样的账单"),
        ({"customer": "E3", "amount": "1,392.00"}, "该户不是托收户"),
    ],
)
def test_items_that_are_not_sent(june: Desk, change: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        june.post("collection_batch", {**E1, **change})


def test_bill_is_sent_once(sent: Desk) -> None:
    """Twice in one batch; again while it is with the bank; again after its return."""
    with pytest.raises(Refused, match="账单 B-E2 在托收批次 TS202306 中"):
        sent.post("collection_batch", {**E2, "batch": "TS202306B", "date": "2023-06-20"})
    sent.post("collection_result", RETURNED)
    with pytest.raises(Refused, match="账单 B-E2 在本批中重复"):
        sent.post("collection_batch", {**E2, "batch": "TS202307"}, {**E2, "batch": "TS202307", "row": 9})
    sent.post("collection_batch", {**E2, "batch": "TS202307", "date": "2023-07-14"})
    sent.post(
        "collection_result",
        {**RETURNED, "doc_no": "HD-7", "batch": "TS202307", "date": "2023-07-20", "bank": "1002.01", "result": "paid"},
    )
    assert sent.balance("1122.02", branch="B01") == "5,620.00"


def test_opening_bill_that_is_with_the_bank(desk: Desk) -> None:
    """``batch`` of opening_bills: locked until its result, as if sent here."""
    head = {"doc_no": "QC-1", "date": "2023-05-31", "customer": "E1", "bill_month": "2023-05"}
    levies = {"2241.01.01": "28.00", "2241.01.02": "5.00", "2241.01.03": "1.00"}
    desk.post(
        "opening_bills",
        {
            "customer": "E1", "bill_no": "B5-E1", "bill_month": "2023-05", "account": "1122.02", "usage_class": "N", "volume": 20,
            "read_code": "normal", "net": "62.00", "vat": "1.81", "sewage": "28.00", "water_resource": "5.00", "surcharge": "1.00",
            "status": "open", "batch": "TS202305", "bank": "1002.01",
        },
    )  # fmt: skip
    desk.post(
        "opening",
        {**head, "account": "1122.02", "debit": "96.00"},
        *({**head, "account": a, "credit": c} for a, c in levies.items()),
    )
    desk.post("transfer_receipt", {**TRANSFER, "customer": "E1", "amount": "1.00"})
    assert desk.t_account("transfer_receipt", "F-1")[1] == "Cr 2203.04 1.00"
    desk.post("collection_result", {**PAID, "batch": "TS202305", "amount": "96.00"})
    assert desk.t_account("collection_result", "HD-1")[:2] == ["Dr 1002.01 96.00", "Cr 1122.02 96.00"]
