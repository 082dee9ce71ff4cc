"""E30: the bank takes a receipt back; its entry is repeated in red and the bill is open again."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import Desk

CHEQUE = {
    "date": "2023-06-30", "customer": "E4", "amount": "820.00", "bank": "1002.01", "cheque_no": "ZP-0630", "lodged": "yes",
}  # fmt: skip
BACK = {"doc_no": "TP-0703", "date": "2023-07-03", "original": "cheque_receipt/ZP-0630", "reason": "存款不足"}
LEVIES_BACK = ["Dr 2241.01.01 -140.00", "Dr 2241.01.02 -25.00", "Dr 2241.01.03 -5.00"]


def transfer(desk: Desk, customer: str, amount: str, number: str = "F1") -> None:
    row = {"date": "2023-06-19", "customer": customer, "amount": amount, "bank": "1002.02", "bank_ref": number}
    desk.post("transfer_receipt", row)


def test_bounced_cheque(june: Desk) -> None:
    """The worked example: red bank, red receivable, the levy move back; both entries point at each other."""
    june.post("cheque_receipt", CHEQUE)
    june.post(
        "returned_payment", {**BACK, "customer": "E4", "amount": "820.00", "bank": "1002.01", "cheque_no": "ZP-0630"}
    )
    text = june.t_account("returned_payment", "TP-0703")
    assert text[:4] == ["Dr 1002.01 -820.00", *LEVIES_BACK]
    assert text[4:] == ["Cr 1122.02 -820.00", "Cr 2241.02.01 -140.00", "Cr 2241.02.02 -25.00", "Cr 2241.02.03 -5.00"]
    assert june.dimensions("returned_payment", "TP-0703", "customer", "bill_month", "fund", "document")[0] == (
        "1002.01", "E4", None, "水费", "ZP-0630",
    )  # fmt: skip
    assert june.balance("1122.02") == "10,708.00"
    assert june.balance("2241.02.01") == "-2,850.00"
    with june.ledger.store.reading() as session:
        original = sql.entry_by(session, 1, kind="cheque_receipt", doc_no="ZP-0630").row(0, named=True)
        red = sql.entry_by(session, 1, kind="returned_payment", doc_no="TP-0703").row(0, named=True)
    assert (original["reversed_by"], red["reverses"]) == (red["entry_id"], original["entry_id"])


def test_returned_once(june: Desk) -> None:
    """The same document again is nothing new; another one for the same receipt is refused."""
    june.post("cheque_receipt", CHEQUE)
    june.post("returned_payment", BACK)
    june.post("returned_payment", BACK)
    with pytest.raises(Refused, match=r"原单据已冲销或已退票"):
        june.post("returned_payment", {**BACK, "doc_no": "TP-2"})
    assert june.balance("1122.02") == "10,708.00"


def test_the_bill_is_paid_again(june: Desk) -> None:
    """At its old month, with its levies."""
    june.post("cheque_receipt", CHEQUE)
    june.post("returned_payment", BACK)
    transfer(june, "E4", "820.00")
    assert june.balance("1122.02") == "9,888.00"
    assert june.balance("2241.02.01", bank="1002.02") == "-140.00"


def test_levies_remitted_already(june: Desk) -> None:
    """Collected-due falls below zero; C35 shows it for the next remittance."""
    june.post("cheque_receipt", CHEQUE)
    form = {
        "bank": "1002.01",
        "levy": "sewage",
        "form_no": "CZ-1",
        "payee": "财政专户",
        "maker": "王秀英",
        "checker": "张涛",
        "approver": "黄伟",
    }
    june.post("levy_remittance", {**form, "date": "2023-06-30", "amount": "2,990.00"})
    june.post("returned_payment", BACK)
    assert june.balance("2241.02.01", bank="1002.01") == "140.00"
    with pytest.raises(Refused, match=r"上缴1.00超过已收待缴-140.00"):
        june.post("levy_remittance", {**form, "date": "2023-07-04", "amount": "1.00", "form_no": "CZ-2"})


def test_cheque_lodged_in_the_meantime(june: Desk) -> None:
    """The money has gone from the hand to the bank: the red stands in the bank."""
    june.post("cheque_receipt", {**CHEQUE, "lodged": "no"})
    june.post("cheque_lodged", {"date": "2023-06-30", "cheque_no": "ZP-0630", "amount": "820.00", "bank": "1002.01"})
    june.post("returned_payment", BACK)
    assert june.t_account("returned_payment", "TP-0703")[0] == "Dr 1002.01 -820.00"
    assert june.balance("1012.02") == "0.00"
    assert june.dimensions("returned_payment", "TP-0703", "branch", "bank")[0] == ("1002.01", "B01", "1002.01")


def test_cheque_still_in_hand(june: Desk) -> None:
    """Not lodged yet, it is taken out of transit."""
    june.post("cheque_receipt", {**CHEQUE, "lodged": "no"})
    june.post("returned_payment", BACK)
    assert june.t_account("returned_payment", "TP-0703")[0] == "Dr 1012.02 -820.00"


def test_slip_arrived_in_part(june: Desk) -> None:
    """What arrived is taken from the bank, the rest from transit."""
    june.post(
        "slip_receipt",
        {"date": "2023-06-16", "customer": "E3", "amount": "1,500.00", "bank": "1002.02", "slip_no": "LH-1"},
    )
    june.post("slip_arrival", {"date": "2023-06-19", "slip_no": "LH-1", "amount": "1,400.00", "bank": "1002.02"})
    june.post("returned_payment", {**BACK, "original": "临时回单收款/LH-1"})
    assert june.t_account("returned_payment", "TP-0703")[:2] == ["Dr 1002.02 -1,400.00", "Dr 1012.02 -100.00"]
    assert june.balance("1122.02") == "10,708.00"
    assert june.balance("2203.04") == june.balance("1012.02") == "0.00"


def test_surplus_goes_back_with_it(june: Desk) -> None:
    """The advance that the receipt made is red too."""
    transfer(june, "E3", "1,500.00")
    june.post("returned_payment", {**BACK, "original": "transfer_receipt/F1"})
    assert june.balance("2203.04") == "0.00"


def test_surplus_used_since(june: Desk) -> None:
    """The 108.00 have settled another bill: refused, until that is reversed."""
    transfer(june, "E3", "1,500.00")
    bill = {"bill_month": "2023-07", "read_code": "normal", "usage_class": "N", "volume": 20}
    june.post("charge", {**bill, "date": "2023-07-03", "doc_no": "B-E3-07", "customer": "E3"})
    with pytest.raises(Refused, match=r"这笔收款的余款 108.00 已使用 96.00"):
        june.post("returned_payment", {**BACK, "original": "transfer_receipt/F1"})


def test_unidentified_money(june: Desk) -> None:
    """It goes back as it came, while nobody has been found for it."""
    june.post("unidentified", {"date": "2023-06-19", "bank": "1002.01", "amount": "600.00", "bank_ref": "F9"})
    june.post("returned_payment", {**BACK, "original": "unidentified/F9"})
    assert june.t_account("returned_payment", "TP-0703") == ["Dr 1002.01 -600.00", "Cr 2241.03 -600.00"]
    june.post("unidentified", {"date": "2023-06-19", "bank": "1002.01", "amount": "600.00", "bank_ref": "F8"})
    june.post("identify", {"date": "2023-06-21", "bank_ref": "F8", "customer": "E2", "amount": "600.00"})
    with pytest.raises(Refused, match=r"这笔收款的余款 600.00 已使用 600.00"):
        june.post("returned_payment", {**BACK, "doc_no": "TP-2", "original": "unidentified/F8"})
    june.post("returned_payment", {**BACK, "doc_no": "TP-2", "original": "identify/F8"})
    june.post("returned_payment", {**BACK, "doc_no": "TP-3", "original": "unidentified/F8"})
    assert june.balance("2241.03") == june.balance("2203.03") == "0.00"
    assert june.balance("1002.01") == "10,200.00"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"original": "ZP-0630"}, "请写作 类别/单据号"),
        ({"original": "没有/ZP-0630"}, "请写作 类别/单据号"),
        ({"original": "cheque_receipt/ZP-9"}, "没有这张单据"),
        ({"original": "现金收费/ZP-0630"}, "“现金收费”不会被银行退回"),
        ({"original": "partial_payment/SL-1"}, "现金收款不会被银行退回"),
        ({"date": "2023-06-29"}, "早于原单据日期 2023-06-30"),
        ({"amount": "820.01"}, "原单据是 820.00"),
        ({"customer": "E3"}, "原单据是 E4"),
        ({"bank": "1002.02"}, "原单据是 1002.01"),
        ({"cheque_no": "ZP-1"}, "原单据是 ZP-0630"),
    ],
)
def test_refusals(june: Desk, other: dict[str, str], message: str) -> None:
    """Only what a bank can take back, as it was, not before it came."""
    june.post("cheque_receipt", CHEQUE)
    june.post(
        "partial_payment",
        {"doc_no": "SL-1", "date": "2023-06-12", "customer": "R7", "amount": "30.00", "cashier": "C02"},
    )
    with pytest.raises(Refused, match=message):
        june.post("returned_payment", {**BACK, **other})
