"""E24 interest as a red expense; E25 a charge on the revenue account is a claim, paid back or ours."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

TAKEN = {"date": "2023-07-04", "bank": "1002.01", "amount": "15.00", "advice_no": "SX-0630", "step": "taken"}


def test_interest(opened: Desk) -> None:
    """The worked example: two debit lines that total zero; fund 银行存款利息; a file of two banks."""
    row = {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"}
    opened.post("interest", row, {**row, "bank": "1002.02", "amount": "5.66", "advice_no": "LX-2"})
    assert opened.t_account("interest", "LX-1") == ["Dr 1002.01 12.34", "Dr 6603.01 -12.34"]
    assert opened.dimensions("interest", "LX-1", "branch", "bank", "fund", "document") == [
        ("1002.01", "B01", "1002.01", "银行存款利息", "LX-1"),
        ("6603.01", "B01", "1002.01", "银行存款利息", "LX-1"),
    ]
    assert opened.balance("6603.01") == "-18.00"
    opened.post("interest", row)  # the same again changes nothing
    assert opened.balance("6603.01") == "-18.00"


def test_advice_number_once(opened: Desk) -> None:
    """C53, also under another document number."""
    row = {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"}
    opened.post("interest", row)
    with pytest.raises(Refused, match=r"回单号LX-1已使用"):
        opened.post("interest", {**row, "doc_no": "OTHER"})
    with pytest.raises(Refused, match=r"回单号LX-2已使用"):
        opened.post(
            "interest", {**row, "doc_no": "A", "advice_no": "LX-2"}, {**row, "doc_no": "B", "advice_no": "LX-2"}
        )


def test_charge_is_claimed_and_paid_back(opened: Desk) -> None:
    """The worked example; the refund clears the claim under the first document's number."""
    opened.post("bank_charge", TAKEN)
    assert opened.t_account("bank_charge", "SX-0630") == ["Dr 1221.05 15.00", "Cr 1002.01 15.00"]
    assert opened.dimensions("bank_charge", "SX-0630", "bank", "fund", "document") == [
        ("1221.05", "1002.01", None, "SX-0630"),
        ("1002.01", "1002.01", "水费", "SX-0630"),
    ]
    back = {**TAKEN, "date": "2023-07-10", "step": "refunded", "advice_no": "TH-1", "original": "SX-0630"}
    opened.post("bank_charge", {**back, "amount": "10.00"})
    assert opened.t_account("bank_charge", "TH-1-refunded") == ["Dr 1002.01 10.00", "Cr 1221.05 10.00"]
    assert opened.dimensions("bank_charge", "TH-1-refunded", "document") == [
        ("1002.01", "TH-1"),
        ("1221.05", "SX-0630"),
    ]
    with pytest.raises(Refused, match=r"超过尚未处理的 5.00"):
        opened.post("bank_charge", {**back, "doc_no": "TH-2"})
    opened.post("bank_charge", {**back, "doc_no": "TH-2", "amount": "5.00"})
    assert opened.balance("1221.05") == "0.00"
    with pytest.raises(Refused, match=r"该账户没有这笔待退的扣收"):
        opened.post("bank_charge", {**back, "doc_no": "TH-3", "amount": "5.00"})


def test_charge_is_finally_ours(opened: Desk) -> None:
    """Approved by the finance head it is an expense; both steps in one file."""
    ours = {**TAKEN, "date": "2023-07-20", "step": "ours", "original": "SX-0630"}
    with pytest.raises(Refused, match=r"须经财务部负责人批准"):
        opened.post("bank_charge", TAKEN, ours)
    opened.post("bank_charge", TAKEN, {**ours, "approver": "钱文"})
    assert opened.t_account("bank_charge", "SX-0630-ours") == ["Dr 6603.02 15.00", "Cr 1221.05 15.00"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"bank": "1002.02"}, "该账户没有这笔待退的扣收"),
        ({"original": "SX-9"}, "该账户没有这笔待退的扣收"),
        ({"date": "2023-07-03"}, "早于原单据日期 2023-07-04"),
        ({"step": "taken", "doc_no": "X", "advice_no": "Y"}, "“扣收”这一步没有原单据"),
    ],
)
def test_refusals(opened: Desk, other: dict[str, str], message: str) -> None:
    """A refund belongs to a claim of the same bank, not before it."""
    opened.post("bank_charge", TAKEN)
    back = {**TAKEN, "date": "2023-07-10", "step": "refunded", "advice_no": "TH-1", "original": "SX-0630"}
    with pytest.raises(Refused, match=message):
        opened.post("bank_charge", {**back, **other})
