"""E08: scan and POS money stands in transit until the acquirer settles it, less its fee."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

SCAN = {
    "date": "2023-06-08",
    "customer": "R1",
    "amount": "41.40",
    "channel_no": "WX-1",
    "bank": "1002.02",
    "channel": "scan",
}
SETTLED = {
    "doc_no": "QS-0609",
    "date": "2023-06-09",
    "bank": "1002.02",
    "gross": "41.40",
    "fee": "0.25",
    "net": "41.15",
}


def test_scan_settles_the_bill_in_full(june: Desk) -> None:
    """V03: the customer is credited gross; order number, bank and its branch on the transit line."""
    june.post("scan_receipt", SCAN)
    assert june.t_account("scan_receipt", "WX-1") == [
        "Dr 1012.01 41.40",
        "Cr 1122.01 41.40",
        "Dr 2241.01.01 11.40",
        "Dr 2241.01.02 3.00",
        "Dr 2241.01.03 0.60",
        "Cr 2241.02.01 11.40",
        "Cr 2241.02.02 3.00",
        "Cr 2241.02.03 0.60",
    ]
    said = june.dimensions("scan_receipt", "WX-1", "branch", "bank", "fund", "customer", "document")
    assert said[0] == ("1012.01", "B02", "1002.02", "水费", "R1", "WX-1")
    assert said[1] == ("1122.01", "B01", None, None, "R1", "B-R1")
    assert said[5] == ("2241.02.01", None, "1002.02", "水费", "R1", "B-R1")


def test_settlement_less_the_fee(june: Desk) -> None:
    """V04."""
    june.post("scan_receipt", SCAN)
    assert june.post("scan_settlement", SETTLED).warnings == ()
    assert june.t_account("scan_settlement", "QS-0609") == ["Dr 1002.02 41.15", "Dr 6603.02 0.25", "Cr 1012.01 41.40"]
    assert june.dimensions("scan_settlement", "QS-0609", "branch", "bank", "fund", "document")[0] == (
        "1002.02", "B02", "1002.02", "水费", "QS-0609",
    )  # fmt: skip
    assert june.balance("1012.01", branch="B02") == "0.00"


def test_settlement_of_another_amount_is_booked_and_said(june: Desk) -> None:
    """Too much at once; what is left only after three working days."""
    posted = june.post("scan_settlement", SETTLED)
    assert [fault.message for fault in posted.warnings] == ["清算额超过在途 41.40"]
    june.post(
        "scan_receipt", SCAN, {**SCAN, "customer": "R2", "amount": "120.80", "channel_no": "WX-2", "date": "2023-06-13"}
    )
    settled = {**SETTLED, "gross": "20.80", "fee": "0.00", "net": "20.80"}
    young = june.post("scan_settlement", {**settled, "doc_no": "QS-1", "date": "2023-06-15"})
    assert young.warnings == ()
    old = june.post("scan_settlement", {**settled, "doc_no": "QS-2", "date": "2023-06-16"})
    assert [fault.message for fault in old.warnings] == ["扫码在途 79.20 已满 3 个工作日未清算"]
    assert june.balance("1012.01") == "79.20"


def test_settlement_adds_up(june: Desk) -> None:
    with pytest.raises(Refused, match=r"交易额 41\.40 不等于到账额加手续费 41\.30"):
        june.post("scan_settlement", {**SETTLED, "net": "41.05"})


def test_order_number_counts_once(june: Desk) -> None:
    """C53: under the same number, and under another document number."""
    june.post("scan_receipt", SCAN)
    assert june.post("scan_receipt", SCAN).status == "already"
    again = {**SCAN, "customer": "R2", "amount": "120.80"}
    for number in (None, "SK-1"):
        with pytest.raises(Refused, match="回单号WX-1已使用") as refused:
            june.post("scan_receipt", {**again, "doc_no": number})
        assert refused.value.faults[0].code == "C53"


def test_less_than_the_bill_settles_nothing(june: Desk) -> None:
    """C20, as at the counter."""
    with pytest.raises(Refused, match="未全额交足一月水费"):
        june.post("scan_receipt", {**SCAN, "amount": "41.39"})


def test_more_than_the_bill_is_held(june: Desk) -> None:
    """The rest over a bill is 预收部分水费; all of it is 重复缴费 where nothing is owed."""
    june.post("scan_receipt", {**SCAN, "amount": "50.00"})
    assert june.t_account("scan_receipt", "WX-1")[:3] == ["Dr 1012.01 50.00", "Cr 1122.01 41.40", "Cr 2203.03 8.60"]
    june.post("scan_receipt", {**SCAN, "channel_no": "WX-2"})
    assert june.t_account("scan_receipt", "WX-2") == ["Dr 1012.01 41.40", "Cr 2203.04 41.40"]
    assert june.dimensions("scan_receipt", "WX-2", "fund", "bank", "document")[1] == (
        "2203.04",
        "水费",
        "1002.02",
        "WX-2",
    )


def test_two_scans_of_one_customer_in_one_file(june: Desk) -> None:
    """The second sees what the first has settled."""
    june.post("scan_receipt", SCAN, {**SCAN, "channel_no": "WX-2"})
    assert june.t_account("scan_receipt", "WX-2") == ["Dr 1012.01 41.40", "Cr 2203.04 41.40"]
    assert june.balance("1122.01", branch="B01") == "300.20"
