"""E32: written off without the levies, provided for, recovered under the bill's own number."""

from __future__ import annotations

import pytest

from ledger.book import BOOK_FILE
from ledger.books import create_book
from ledger.errors import Refused
from ledger.storage.engine import Store
from tests.ledger.postings.conftest import Desk

R8 = {"customer": "R8", "bill_month": "2020-06"}
WRITE_OFF = {**R8, "date": "2023-06-27", "approval_no": "HX-2023-03"}
RECOVER = {**R8, "doc_no": "HS-1", "date": "2023-06-28", "amount": "17.25"}


def test_write_off(opened: Desk) -> None:
    """The worked example: R8 17.25; the levy part is no loss of ours."""
    opened.post("bad_debt", WRITE_OFF)
    assert opened.t_account("bad_debt", "HX-2023-03") == [
        "Dr 1231 11.00", "Dr 2241.01.01 4.75", "Dr 2241.01.02 1.25", "Dr 2241.01.03 0.25", "Cr 1122.05 17.25",
    ]  # fmt: skip
    assert opened.dimensions("bad_debt", "HX-2023-03", "customer", "bill_month", "document")[4] == (
        "1122.05", "R8", "2020-06", "B-R8-20",
    )  # fmt: skip
    opened.post("bad_debt", WRITE_OFF)  # the same again changes nothing
    assert opened.balance("1231") == "-489.00"
    with pytest.raises(Refused, match=r"该户该月没有这样的账单"):
        opened.post("bad_debt", {**WRITE_OFF, "approval_no": "HX-2"})


def test_one_bill_twice_in_a_file(opened: Desk) -> None:
    """Two approvals for one bill."""
    with pytest.raises(Refused, match=r"同一张账单核销了两次"):
        opened.post("bad_debt", WRITE_OFF, {**WRITE_OFF, "approval_no": "HX-2"})


def test_recovery_then_receipt(opened: Desk) -> None:
    """The worked example, then E07/E22: the bill is paid and its levies move."""
    opened.post("bad_debt", WRITE_OFF)
    opened.post("recovery", RECOVER)
    assert opened.t_account("recovery", "HS-1") == [
        "Dr 1122.05 17.25", "Cr 1231 11.00", "Cr 2241.01.01 4.75", "Cr 2241.01.02 1.25", "Cr 2241.01.03 0.25",
    ]  # fmt: skip
    opened.post(
        "removed_meter_receipt",
        {"date": "2023-06-28", "customer": "R8", "amount": "17.25", "cashier": "C02", "invoice": "SF-1"},
    )
    assert opened.balance("1122.05") == "86.25"
    assert opened.balance("2241.02.01", fund="补缴水费") == "-4.75"


def test_recovery_in_parts(opened: Desk) -> None:
    """Levies first; never more than was written off."""
    with pytest.raises(Refused, match=r"该户该月没有这样的账单"):
        opened.post("recovery", RECOVER)
    opened.post("bad_debt", WRITE_OFF)
    with pytest.raises(Refused, match=r"该账单已核销未收回的只有 17.25"):
        opened.post("recovery", {**RECOVER, "amount": "17.26"})
    opened.post("recovery", {**RECOVER, "amount": "5.00"})
    assert opened.t_account("recovery", "HS-1") == ["Dr 1122.05 5.00", "Cr 2241.01.01 4.75", "Cr 2241.01.02 0.25"]
    with pytest.raises(Refused, match=r"该账单已核销未收回的只有 12.25"):
        opened.post("recovery", {**RECOVER, "doc_no": "HS-2", "amount": "12.26"})
    opened.post("recovery", {**RECOVER, "doc_no": "HS-2", "amount": "12.25"})
    assert opened.t_account("recovery", "HS-2") == [
        "Dr 1122.05 12.25",
        "Cr 1231 11.00",
        "Cr 2241.01.02 1.00",
        "Cr 2241.01.03 0.25",
    ]
    assert opened.balance("1231") == "-500.00"


def test_recovery_of_an_old_write_off(desk: Desk) -> None:
    """A bill that the opening list brought as written off."""
    desk.post(
        "opening_bills",
        {**R8, "bill_no": "B-ALT", "account": "1122.05", "usage_class": "R", "volume": 5, "read_code": "normal", "net": "11.00",
         "vat": "0.32", "sewage": "4.75", "water_resource": "1.25", "surcharge": "0.25", "status": "written_off"},
    )  # fmt: skip
    desk.post("recovery", RECOVER)
    assert desk.t_account("recovery", "HS-1")[:2] == ["Dr 1122.05 17.25", "Cr 1231 11.00"]
    with pytest.raises(Refused, match=r"该户该月没有这样的账单"):
        desk.post("recovery", {**RECOVER, "doc_no": "HS-2"})


def test_what_the_bank_may_still_bring(june: Desk) -> None:
    """A bill in a collection batch; a 代扣 customer while a slip waits for its list."""
    sent = {
        "batch": "TS202306",
        "customer": "E1",
        "bill_month": "2023-06",
        "amount": "4,800.00",
        "bank": "1002.01",
        "bill_no": "B-E1",
    }
    june.post("collection_batch", {"date": "2023-06-15", **sent})
    with pytest.raises(Refused, match=r"账单 B-E1 在托收批次 TS202306 中"):
        june.post("bad_debt", {**WRITE_OFF, "customer": "E1", "bill_month": "2023-06"})
    slip = {"bank": "1002.01", "period": "2023-06", "count": 2, "amount": "65.55", "slip_no": "HK-1"}
    june.post("debit_slip", {"date": "2023-06-30", **slip})
    with pytest.raises(Refused, match=r"划扣合计单尚未分户"):
        june.post("bad_debt", {**WRITE_OFF, "date": "2023-06-30", "customer": "R3", "bill_month": "2023-06"})


def test_provision(opened: Desk) -> None:
    """Dr 6702 / Cr 1231."""
    opened.post("provision", {"doc_no": "JT-1", "date": "2023-06-30", "amount": "100.00"})
    assert opened.t_account("provision", "JT-1") == ["Dr 6702 100.00", "Cr 1231 100.00"]
    assert opened.dimensions("provision", "JT-1", "document")[0] == ("6702", "JT-1")


def test_small_companies_write_off_directly(store: Store) -> None:
    """小企业会计准则: the loss instead of the allowance, no provision."""
    text = BOOK_FILE.read_text(encoding="utf-8").replace('accounting_standard = "asbe"', 'accounting_standard = "asse"')
    desk = Desk(create_book(store, book_toml=text, operator="tester"))
    who = {
        "customer": "R2",
        "name": "赵二",
        "stream": "resident",
        "usage_class": "R",
        "pay_mode": "counter",
        "kind": "normal",
    }
    desk.post("customers", {**who, "branch": "B01"})
    bill = {"customer": "R2", "bill_month": "2023-06", "usage_class": "R", "volume": 5, "read_code": "normal"}
    desk.post("charge", {**bill, "doc_no": "B-R2", "date": "2023-06-05"})
    paid = {**WRITE_OFF, "customer": "R2", "bill_month": "2023-06"}
    desk.post("bad_debt", paid)
    assert desk.t_account("bad_debt", "HX-2023-03")[0] == "Dr 6702 11.00"
    desk.post("recovery", {**RECOVER, "customer": "R2", "bill_month": "2023-06"})
    assert desk.t_account("recovery", "HS-1")[:2] == ["Dr 1122.05 17.25", "Cr 6702 11.00"]
    with pytest.raises(Refused, match=r"小企业会计准则不计提坏账准备"):
        desk.post("provision", {"doc_no": "JT-1", "date": "2023-06-30", "amount": "100.00"})
