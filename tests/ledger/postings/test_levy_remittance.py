"""E28: levies go to the treasury, no more than lies there per levy and bank."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

FORM = {
    "doc_no": "CZ-0615", "date": "2023-06-15", "bank": "1002.01", "levy": "sewage", "amount": "2,850.00", "form_no": "CZ-0615",
    "payee": "财政专户", "maker": "王秀英", "checker": "张涛", "approver": "黄伟", "period": "2023-05", "way": "online",
}  # fmt: skip
CHEQUE = {
    **FORM,
    "doc_no": "CZ-0630",
    "form_no": "CZ-0630",
    "date": "2023-06-30",
    "way": "cheque",
    "cheque_no": "40210630",
}


def test_one_levy(opened: Desk) -> None:
    """The worked example CZ-0615."""
    opened.post("levy_remittance", FORM)
    assert opened.t_account("levy_remittance", "CZ-0615") == ["Dr 2241.02.01 2,850.00", "Cr 1002.01 2,850.00"]
    assert opened.dimensions("levy_remittance", "CZ-0615", "branch", "bank", "fund", "item", "document") == [
        ("2241.02.01", None, "1002.01", "代征", "sewage", "CZ-0615"),
        ("1002.01", "B01", "1002.01", "代征", None, "CZ-0615"),
    ]
    opened.post("levy_remittance", FORM)  # the same again changes nothing
    assert opened.balance("1002.01") == "7,350.00"


def test_several_levies_on_one_form_are_one_bank_line(opened: Desk) -> None:
    """The worked example CZ-0630: 750.00 + 150.00 = 900.00."""
    opened.post(
        "levy_remittance",
        {**CHEQUE, "levy": "water_resource", "amount": "750.00"}, {**CHEQUE, "levy": "surcharge", "amount": "150.00"},
    )  # fmt: skip
    assert opened.t_account("levy_remittance", "CZ-0630") == [
        "Dr 2241.02.02 750.00",
        "Dr 2241.02.03 150.00",
        "Cr 1002.01 900.00",
    ]


def test_two_forms_in_one_document(opened: Desk) -> None:
    """Each form has its own bank line."""
    opened.post(
        "levy_remittance",
        {**FORM, "levy": "sewage"}, {**FORM, "levy": "surcharge", "amount": "150.00", "form_no": "CZ-0616"},
    )  # fmt: skip
    assert opened.t_account("levy_remittance", "CZ-0615")[2:] == ["Cr 1002.01 2,850.00", "Cr 1002.01 150.00"]


def test_more_than_lies_in_that_bank(june: Desk) -> None:
    """§6.7 (7), C35: what was collected through 中行 does not count for 工行."""
    june.post(
        "cash_receipt", {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "1"}
    )
    june.post(
        "transfer_receipt",
        {"date": "2023-06-09", "customer": "E6", "amount": "96.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    with pytest.raises(Refused, match=r"上缴2,876.61超过已收待缴2,876.60") as refused:
        june.post("levy_remittance", {**FORM, "amount": "2,876.61"})
    assert [(fault.code, fault.column) for fault in refused.value.faults] == [("C35", "金额")]
    with pytest.raises(Refused, match=r"上缴28.01超过已收待缴28.00"):
        june.post("levy_remittance", {**FORM, "bank": "1002.02", "amount": "28.01"})
    june.post("levy_remittance", {**FORM, "amount": "2,876.60"})


def test_as_of_the_day_and_still_there(june: Desk) -> None:
    """What comes in later does not count; what went out later is gone."""
    june.post(
        "cash_receipt", {"date": "2023-06-20", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "1"}
    )
    with pytest.raises(Refused, match=r"上缴2,850.01超过已收待缴2,850.00"):
        june.post("levy_remittance", {**FORM, "amount": "2,850.01"})
    june.post(
        "levy_remittance", {**FORM, "doc_no": "CZ-2", "form_no": "CZ-2", "date": "2023-06-21", "amount": "2,876.60"}
    )
    with pytest.raises(Refused, match=r"上缴0.01超过已收待缴0.00"):
        june.post("levy_remittance", {**FORM, "amount": "0.01"})


def test_rows_of_one_levy_add_up(opened: Desk) -> None:
    """Two rows that are each covered are not covered together."""
    with pytest.raises(Refused, match=r"上缴2,850.01超过已收待缴2,850.00"):
        opened.post("levy_remittance", FORM, {**FORM, "form_no": "CZ-0616", "amount": "0.01"})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"payee": "总公司财务部"}, "收入专户不得发生其他转账支出"),
        ({"payee": "某某公司"}, "收入专户不得发生其他转账支出"),
        ({"checker": "王秀英"}, "录入、复核、审批须为不同人员"),
        ({"approver": "F01"}, "录入、复核、审批须为不同人员"),
        ({"bank": "1002.02"}, "上缴2,850.00超过已收待缴0.00"),
    ],
)
def test_refusals(opened: Desk, other: dict[str, str], message: str) -> None:
    """C24, C26, C35."""
    with pytest.raises(Refused, match=message):
        opened.post("levy_remittance", {**FORM, **other})


def test_form_once(opened: Desk) -> None:
    """C53: the form of an earlier remittance, under another document number."""
    opened.post("levy_remittance", {**FORM, "amount": "1,000.00"})
    with pytest.raises(Refused, match=r"回单号CZ-0615已使用"):
        opened.post("levy_remittance", {**FORM, "doc_no": "X", "amount": "1,000.00"})
