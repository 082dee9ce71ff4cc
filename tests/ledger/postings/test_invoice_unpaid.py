"""E18: a printed invoice is no money; its bill waits in the clearing account until the same day's red."""

from __future__ import annotations

import pytest

from ledger.errors import ConflictingDocument, Refused
from tests.ledger.postings.conftest import Desk

PRINT = {
    "doc_no": "KP-1", "date": "2023-06-26", "customer": "E4", "bill_month": "2023-06", "invoice": "0001237",
    "cashier": "C02", "step": "print",
}  # fmt: skip
CLEAR = {**PRINT, "doc_no": "KP-2", "step": "clear"}


def test_print_and_clear(june: Desk) -> None:
    """The worked example, V34 and V35: Dr 1221.04 / Cr 1122.02, then the same in red; levies do not move."""
    june.post("invoice_unpaid", PRINT)
    assert june.t_account("invoice_unpaid", "KP-1") == ["Dr 1221.04 820.00", "Cr 1122.02 820.00"]
    assert june.dimensions("invoice_unpaid", "KP-1", "customer", "bill_month", "cashier", "document") == [
        ("1221.04", "E4", "2023-06", "C02", "0001237"),
        ("1122.02", "E4", "2023-06", None, "B-E4"),
    ]
    june.post("invoice_unpaid", CLEAR)
    assert june.t_account("invoice_unpaid", "KP-2") == ["Dr 1221.04 -820.00", "Cr 1122.02 -820.00"]
    assert june.balance("1221.04") == "0.00"
    june.post("invoice_unpaid", CLEAR)  # the same again changes nothing
    assert june.balance("1122.02") == "10,708.00"


def test_both_steps_in_one_file(june: Desk) -> None:
    """The clearing sees the print of its own batch; without numbers of their own both go by the invoice."""
    june.post("invoice_unpaid", {**PRINT, "doc_no": None}, {**CLEAR, "doc_no": None})
    assert june.t_account("invoice_unpaid", "0001237") == ["Dr 1221.04 820.00", "Cr 1122.02 820.00"]
    assert june.t_account("invoice_unpaid", "0001237-clear") == ["Dr 1221.04 -820.00", "Cr 1122.02 -820.00"]


def test_cleared_bill_is_paid_with_its_levies(june: Desk) -> None:
    """After the red the bill is what it was: a cheque settles it, levies and all."""
    june.post("invoice_unpaid", PRINT, CLEAR)
    cheque = {"customer": "E4", "amount": "820.00", "bank": "1002.01", "cheque_no": "ZP-1", "lodged": "yes"}
    june.post("cheque_receipt", {"date": "2023-06-30", **cheque})
    assert june.balance("1122.02") == "9,888.00"
    assert june.balance("2241.02.01", bank="1002.01") == "-2,990.00"


def test_second_print_of_the_bill(june: Desk) -> None:
    """Refused while it waits, and after it was cleared: the kept invoice is handed over."""
    june.post("invoice_unpaid", PRINT)
    again = {**PRINT, "doc_no": "KP-3", "invoice": "0001238"}
    with pytest.raises(Refused, match=r"账单 B-E4 已打印发票 0001237,不能再打印"):
        june.post("invoice_unpaid", again)
    june.post("invoice_unpaid", CLEAR)
    with pytest.raises(Refused, match=r"账单 B-E4 已打印发票 0001237,不能再打印"):
        june.post("invoice_unpaid", again)


def test_waiting_bill_takes_no_money(june: Desk) -> None:
    """The bill is not open while its invoice waits."""
    june.post("invoice_unpaid", PRINT)
    with pytest.raises(Refused, match=r"没有未结账单"):
        june.post(
            "cash_receipt",
            {"date": "2023-06-26", "customer": "E4", "amount": "820.00", "cashier": "C02", "invoice": "9"},
        )


def test_two_bills_of_a_month(june: Desk) -> None:
    """E4 has a back charge too: the bill's number says which is meant."""
    june.post(
        "back_charge",
        {
            "doc_no": "BI-E4",
            "date": "2023-06-12",
            "customer": "E4",
            "usage_class": "S",
            "volume": 40,
            "work_order": "WZ-1",
        },
    )
    with pytest.raises(Refused, match=r"该户该月有 2 张账单,请填写账单号"):
        june.post("invoice_unpaid", PRINT)
    june.post("invoice_unpaid", {**PRINT, "bill_no": "BI-E4"})
    assert june.t_account("invoice_unpaid", "KP-1") == ["Dr 1221.04 328.00", "Cr 1122.04 328.00"]
    june.post("invoice_unpaid", {**CLEAR, "bill_no": "BI-E4"})
    assert june.balance("1122.04") == "328.00"


def test_what_is_not_printed_is_not_cleared(june: Desk) -> None:
    """An unknown invoice, another customer's, one cleared already, a day before the print."""
    for row in (CLEAR, {**CLEAR, "customer": "E3"}):
        with pytest.raises(Refused, match=r"没有这张待冲回的发票"):
            june.post("invoice_unpaid", row)
    june.post("invoice_unpaid", PRINT)
    with pytest.raises(Refused, match=r"早于原单据日期 2023-06-26"):
        june.post("invoice_unpaid", {**CLEAR, "date": "2023-06-25"})
    june.post("invoice_unpaid", CLEAR)
    with pytest.raises(Refused, match=r"没有这张待冲回的发票"):
        june.post("invoice_unpaid", {**CLEAR, "doc_no": "KP-3"})


def test_number_taken(june: Desk) -> None:
    """Another document under the same number names the field that differs."""
    june.post("invoice_unpaid", PRINT)
    with pytest.raises(ConflictingDocument, match=r"KP-1"):
        june.post("invoice_unpaid", {**PRINT, "customer": "E3"})
