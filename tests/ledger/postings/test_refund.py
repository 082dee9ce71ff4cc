"""E29: a credit is refunded by head office or by the clerk who caused it, never by the bank."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

REFUND = {"date": "2023-06-28", "customer": "E3", "amount": "108.00", "doc_no": "TK-1"}


@pytest.fixture
def overpaid(june: Desk) -> Desk:
    """E3 paid 1,500.00 against 1,392.00 through 中行."""
    june.post(
        "transfer_receipt",
        {"date": "2023-06-19", "customer": "E3", "amount": "1,500.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    return june


def test_head_office_pays(overpaid: Desk) -> None:
    """On its notice, less what it owes us."""
    with pytest.raises(Refused, match=r"总公司退款须有通知号"):
        overpaid.post("refund", {**REFUND, "way": "head_office"})
    overpaid.post("refund", {**REFUND, "way": "head_office", "notice_no": "TZ-9"})
    assert overpaid.t_account("refund", "TK-1") == ["Dr 2203.04 108.00", "Cr 1221.02 108.00"]
    assert overpaid.dimensions("refund", "TK-1", "customer", "document") == [
        ("2203.04", "E3", "F1"),
        ("1221.02", "E3", "TZ-9"),
    ]
    assert overpaid.balance("2203.04") == "0.00"


def test_clerk_pays(overpaid: Desk) -> None:
    """Who changed the pay mode without form refunds personally and is owed the money."""
    with pytest.raises(Refused, match=r"责任人退款须填写责任人"):
        overpaid.post("refund", {**REFUND, "way": "clerk"})
    overpaid.post("refund", {**REFUND, "way": "clerk", "staff": "吴敏"})
    assert overpaid.t_account("refund", "TK-1") == ["Dr 2203.04 108.00", "Cr 2241.04 108.00"]
    assert overpaid.dimensions("refund", "TK-1", "staff", "customer")[1] == ("2241.04", "Z02", None)


def test_never_from_the_revenue_account(overpaid: Desk) -> None:
    """§6.7 (9): refund 108.00 to E3 by the bank → C24."""
    with pytest.raises(Refused, match=r"收入专户不得发生其他转账支出") as refused:
        overpaid.post("refund", {**REFUND, "way": "bank"})
    assert [fault.code for fault in refused.value.faults] == ["C24"]


def test_no_more_than_the_credit(overpaid: Desk) -> None:
    """Two refunds of one file see each other; a customer without credit has nothing to refund."""
    head_office = {**REFUND, "way": "head_office", "notice_no": "TZ-9"}
    with pytest.raises(Refused, match=r"该户可退的预收款只有 108.00"):
        overpaid.post("refund", {**head_office, "amount": "108.01"})
    with pytest.raises(Refused, match=r"该户可退的预收款只有 8.00"):
        overpaid.post(
            "refund", {**head_office, "amount": "100.00"}, {**head_office, "doc_no": "TK-2", "amount": "8.01"}
        )
    with pytest.raises(Refused, match=r"该户可退的预收款只有 0.00"):
        overpaid.post("refund", {**head_office, "customer": "E5"})


def test_oldest_receipt_first(overpaid: Desk) -> None:
    """Two receipts make up the credit."""
    overpaid.post(
        "transfer_receipt",
        {"date": "2023-06-20", "customer": "E3", "amount": "50.00", "bank": "1002.02", "bank_ref": "F2"},
    )
    overpaid.post("refund", {**REFUND, "amount": "120.00", "way": "head_office", "notice_no": "TZ-9"})
    assert overpaid.t_account("refund", "TK-1") == ["Dr 2203.04 108.00", "Dr 2203.04 12.00", "Cr 1221.02 120.00"]
    assert [row[1] for row in overpaid.dimensions("refund", "TK-1", "document")] == ["F1", "F2", "TZ-9"]


def test_card_money_is_refunded_too(opened: Desk) -> None:
    """E14: a card is refunded through head office."""
    opened.post("tm_sale", {"date": "2023-06-13", "customer": "R5", "volume": 30, "cashier": "C01", "invoice": "SF-1"})
    opened.post("refund", {**REFUND, "customer": "R5", "amount": "103.50", "way": "head_office", "notice_no": "TZ-9"})
    assert opened.t_account("refund", "TK-1") == ["Dr 2203.01 103.50", "Cr 1221.02 103.50"]
