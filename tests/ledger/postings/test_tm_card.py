"""E14: card water is paid ahead, recognised once a month and then settled out of the advance."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

SALE = {"date": "2023-06-13", "customer": "R5", "volume": 30, "cashier": "C01", "amount": "103.50", "invoice": "SF-1"}
MONTH = {"doc_no": "B-TM", "date": "2023-06-25", "customer": "R5", "volume": 30, "bill_month": "2023-06"}


def test_sale_is_an_advance(desk: Desk) -> None:
    """V16: every unit at the first tier."""
    desk.post("tm_sale", SALE)
    assert desk.t_account("tm_sale", "SF-1") == ["Dr 1001.C01 103.50", "Cr 2203.01 103.50"]
    assert desk.dimensions("tm_sale", "SF-1", "bank", "cashier", "customer", "fund", "document") == [
        ("1001.C01", None, "C01", None, "TM卡水费", "SF-1"),
        ("2203.01", "1002.01", None, "R5", "TM卡水费", "SF-1"),
    ]
    assert desk.post("tm_sale", SALE).status == "already"


def test_month_is_recognised_and_settled(desk: Desk) -> None:
    """V29, V30: the bill, and then the advance settles it."""
    desk.post("tm_sale", SALE)
    assert desk.post("tm_recognition", MONTH).warnings == ()
    assert desk.t_account("tm_recognition", "B-TM") == [
        "Dr 1122.03 103.50",
        "Cr 6001.01 64.08",
        "Cr 2221.02 1.92",
        "Cr 2241.01.01 28.50",
        "Cr 2241.01.02 7.50",
        "Cr 2241.01.03 1.50",
    ]
    assert desk.dimensions("tm_recognition", "B-TM", "branch", "customer", "bill_month", "item", "document")[:2] == [
        ("1122.03", "B01", "R5", "2023-06", None, "B-TM"),
        ("6001.01", "B01", None, None, "water/R", "B-TM"),
    ]
    assert desk.t_account("apply_advance", "B-TM-A1")[:2] == ["Dr 2203.01 103.50", "Cr 1122.03 103.50"]
    assert desk.balance("2241.02.01", fund="TM卡水费", bank="1002.01") == "-28.50"
    assert desk.balance("2203.01") == desk.balance("1122.03") == "0.00"


def test_sales_that_are_refused(desk: Desk) -> None:
    """No card, another amount, more than a card holds."""
    with pytest.raises(Refused, match="该户不是TM卡户"):
        desk.post("tm_sale", {**SALE, "customer": "R1"})
    with pytest.raises(Refused, match=r"计算出的金额为 103\.50"):
        desk.post("tm_sale", {**SALE, "amount": "103.49"})
    with pytest.raises(Refused, match=r"金额 2,001\.00 超过TM卡单次限额 2,000\.00"):
        desk.post("tm_sale", {**SALE, "volume": 580, "amount": None})
    with pytest.raises(Refused, match="用水性质 R 在 2019-12-31 没有水价"):
        desk.post("tm_sale", {**SALE, "date": "2019-12-31", "amount": None})


def test_recognitions_that_are_refused(desk: Desk) -> None:
    """Without card money, and a month twice, also within one file."""
    with pytest.raises(Refused, match="该户没有TM卡预收款"):
        desk.post("tm_recognition", MONTH)
    desk.post("tm_sale", {**SALE, "volume": 60, "amount": None})
    with pytest.raises(Refused, match="户号 R5 2023-06 的TM卡水费已确认"):
        desk.post("tm_recognition", MONTH, {**MONTH, "doc_no": "B-TM2"})
    desk.post("tm_recognition", MONTH)
    with pytest.raises(Refused, match="户号 R5 2023-06 的TM卡水费已确认"):
        desk.post("tm_recognition", {**MONTH, "doc_no": "B-TM2"})


def test_more_than_was_sold_is_said(desk: Desk) -> None:
    """The bill stays open until the card is loaded again; then the money settles it."""
    desk.post("tm_sale", SALE)
    posted = desk.post("tm_recognition", {**MONTH, "volume": 40})
    assert [fault.message for fault in posted.warnings] == ["TM卡预收 103.50 不足应收 138.00"]
    assert desk.balance("1122.03") == "138.00"
    desk.post("tm_sale", {**SALE, "date": "2023-06-26", "volume": 10, "amount": None, "invoice": "SF-2"})
    assert desk.balance("1122.03") == desk.balance("2203.01") == "0.00"
