"""E04: a bill is reduced in red where it stands; of a paid one the money stays with the customer."""

from __future__ import annotations

import datetime as dt

import pytest

from ledger.errors import Refused
from ledger.journal import reverse
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import TODAY, Desk

JUNE = {"date": "2023-06-12", "bill_month": "2023-06", "read_code": "normal"}
SIGNED = {"maker": "周强", "approver": "何军", "reason": "抄表差错"}


@pytest.fixture
def billed(opened: Desk) -> Desk:
    """E1 1,000 m³ (托收), E3 300 m³, R2 28 m³ in three tiers."""
    opened.post(
        "charge",
        {**JUNE, "doc_no": "B-E1", "customer": "E1", "usage_class": "N", "volume": 1000},
        {**JUNE, "doc_no": "B-E3", "customer": "E3", "usage_class": "N", "volume": 300},
        {**JUNE, "doc_no": "B-R2", "customer": "R2", "usage_class": "R", "volume": 28},
    )
    return opened


def reduce(desk: Desk, customer: str, volume: int, number: str = "SQ-2023-001", **other: str) -> None:
    row = {"date": "2023-06-13", "customer": customer, "bill_month": "2023-06", "volume": volume, "approval_no": number}
    desk.post("reduction", {**row, **SIGNED, **other})


def pay(desk: Desk, customer: str, amount: str, number: str = "0001") -> None:
    desk.post(
        "cash_receipt",
        {"date": "2023-06-12", "customer": customer, "amount": amount, "cashier": "C01", "invoice": number},
    )


def test_open_bill_is_reduced_in_red(billed: Desk) -> None:
    """The worked example: E3, 10 m³ off."""
    reduce(billed, "E3", 10)
    assert billed.t_account("reduction", "SQ-2023-001") == [
        "Dr 1122.02 -48.00",
        "Cr 6001.01 -30.10",
        "Cr 2221.02 -0.90",
        "Cr 2241.01.01 -14.00",
        "Cr 2241.01.02 -2.50",
        "Cr 2241.01.03 -0.50",
    ]
    lines = billed.lines("reduction", "SQ-2023-001")
    assert lines.filter(lines["account"] != "6001.01")["document"].unique().to_list() == ["B-E3"]
    assert lines.select("branch", "item").row(1) == ("B02", "water/N")
    assert billed.balance("1122.02") == "6,192.00"
    billed.post(
        "transfer_receipt",
        {"date": "2023-06-14", "customer": "E3", "amount": "1,392.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    assert billed.balance("1122.02") == "4,800.00"
    assert billed.balance("2241.02.01", bank="1002.02") == "-406.00"


def test_same_file_again(billed: Desk) -> None:
    """Posting it twice changes nothing."""
    reduce(billed, "E3", 10)
    before = billed.balance("1122.02")
    reduce(billed, "E3", 10)
    assert billed.balance("1122.02") == before


def test_highest_tiers_go_first_and_reductions_add_up(billed: Desk) -> None:
    """28 m³ = 33.00 + 33.00 + 19.80: 3 m³ at 6.60, then 5 of tier 2, then the rest."""
    reduce(billed, "R2", 3, "SQ-1")
    assert billed.t_account("reduction", "SQ-1")[:3] == ["Dr 1122.01 -23.55", "Cr 6001.01 -19.22", "Cr 2221.02 -0.58"]
    reduce(billed, "R2", 5, "SQ-2")
    assert billed.t_account("reduction", "SQ-2")[0] == "Dr 1122.01 -22.75"
    with pytest.raises(Refused, match=r"冲减水量 21 超过账单现有水量 20"):
        reduce(billed, "R2", 21, "SQ-3")
    reduce(billed, "R2", 20, "SQ-3")
    assert billed.balance("1122.01") == "75.90"  # R7's opening bills
    assert billed.balance("6001.01", item="water/R") in {"0.00", "-0.01", "0.01"}  # VAT is rounded on each red net
    with pytest.raises(Refused, match=r"冲减水量 1 超过账单现有水量 0"):
        reduce(billed, "R2", 1, "SQ-4")


def test_reductions_of_one_batch_see_each_other(billed: Desk) -> None:
    """Two documents on one bill in one file: the second is priced on what the first left."""
    row = {"date": "2023-06-13", "customer": "R2", "bill_month": "2023-06", **SIGNED}
    billed.post("reduction", {**row, "volume": 3, "approval_no": "SQ-1"}, {**row, "volume": 5, "approval_no": "SQ-2"})
    assert billed.t_account("reduction", "SQ-2")[0] == "Dr 1122.01 -22.75"


def test_paid_bill_stays_with_the_customer(billed: Desk) -> None:
    """Credit to 2203.04 in black, levy move back in black, then the red levy reduction (domain §9.2)."""
    pay(billed, "R2", "120.80")
    reduce(billed, "R2", 3)
    assert billed.t_account("reduction", "SQ-2023-001") == [
        "Cr 2203.04 23.55",
        "Dr 2241.02.01 2.85",
        "Dr 2241.02.02 0.75",
        "Dr 2241.02.03 0.15",
        "Cr 2241.01.01 2.85",
        "Cr 2241.01.02 0.75",
        "Cr 2241.01.03 0.15",
        "Cr 6001.01 -19.22",
        "Cr 2221.02 -0.58",
        "Cr 2241.01.01 -2.85",
        "Cr 2241.01.02 -0.75",
        "Cr 2241.01.03 -0.15",
    ]
    lines = billed.lines("reduction", "SQ-2023-001")
    assert lines.select("customer", "fund", "bank", "document").row(0) == ("R2", "水费", "1002.01", "SQ-2023-001")
    assert lines.select("fund", "bank", "document").row(1) == ("水费", "1002.01", "B-R2")
    assert billed.balance("2241.02.01", fund="水费") == "-2,873.75"  # 2,850.00 + 26.60 − 2.85
    assert billed.balance("2241.01.01") == "-1,869.40"  # 49.40 + 1,400.00 + 420.00: R2's are gone


def test_paid_from_an_advance_goes_back_under_its_fund(billed: Desk) -> None:
    """R7's April bill, settled by held money: the levies come back from 预收部分水费."""
    held = {"date": "2023-06-12", "customer": "R7", "amount": "30.00", "cashier": "C02"}
    billed.post("partial_payment", {**held, "doc_no": "SL-1"}, {**held, "doc_no": "SL-2", "amount": "20.00"})
    reduce(billed, "R7", 2, bill_month="2023-04")
    lines = billed.lines("reduction", "SQ-2023-001")
    assert billed.t_account("reduction", "SQ-2023-001")[:2] == ["Cr 2203.04 6.90", "Dr 2241.02.01 1.90"]
    assert lines.select("fund", "bank").row(1) == ("预收部分水费", "1002.01")


def test_opening_bill(opened: Desk) -> None:
    """An open bill of the opening is priced by the tariff of its month, where that makes its amounts."""
    reduce(opened, "R7", 2, bill_month="2023-05")
    assert opened.t_account("reduction", "SQ-2023-001")[0] == "Dr 1122.01 -6.90"
    reduce(opened, "R6", 25, "SQ-2", bill_month="2023-03")
    assert opened.t_account("reduction", "SQ-2")[:2] == ["Dr 1122.05 -86.25", "Cr 6001.01 -53.40"]
    assert opened.balance("1122.05") == "17.25"


def test_opening_bill_of_another_tariff(desk: Desk) -> None:
    """Amounts no tariff of the book makes: off whole, as it came, but not in part."""
    bill = {
        "usage_class": "R", "read_code": "normal", "status": "open", "customer": "R2", "bill_no": "B-ALT",
        "bill_month": "2022-12", "account": "1122.01", "volume": 10, "net": "30.00", "vat": "0.87", "sewage": "5.00",
        "water_resource": "0.00", "surcharge": "0.00",
    }  # fmt: skip
    desk.post("opening_bills", bill)
    head = {"doc_no": "QC-1", "date": "2023-05-31"}
    desk.post(
        "opening",
        {**head, "account": "1122.01", "debit": "35.00", "customer": "R2", "bill_month": "2022-12"},
        {**head, "account": "2241.01.01", "credit": "5.00", "customer": "R2", "bill_month": "2022-12"},
    )
    with pytest.raises(Refused, match=r"期初账单 B-ALT 的金额不是按水价表计算的,只能全部冲减"):
        reduce(desk, "R2", 4, bill_month="2022-12")
    reduce(desk, "R2", 10, bill_month="2022-12")
    assert desk.t_account("reduction", "SQ-2023-001") == [
        "Dr 1122.01 -35.00", "Cr 6001.01 -29.13", "Cr 2221.02 -0.87", "Cr 2241.01.01 -5.00",
    ]  # fmt: skip


def test_collection_and_debit_accounts_are_locked(billed: Desk) -> None:
    """§6.7 (3): E1 (托收) on 06-16 → C03; on the 15th it is still allowed."""
    with pytest.raises(Refused, match=r"托收户、代扣户15日后不得录入和更改") as refused:
        reduce(billed, "E1", 10, date="2023-06-16")
    assert [fault.code for fault in refused.value.faults] == ["C03"]
    reduce(billed, "E1", 10, date="2023-06-15")
    assert billed.balance("1122.02") == "6,192.00"


def test_bill_at_the_bank_is_not_reduced(billed: Desk) -> None:
    """A bill in a 托收 batch waits for its result."""
    sent = {
        "batch": "TS202306",
        "customer": "E1",
        "bill_month": "2023-06",
        "amount": "4,800.00",
        "bank": "1002.01",
        "bill_no": "B-E1",
    }
    billed.post("collection_batch", {"date": "2023-06-14", **sent})
    with pytest.raises(Refused, match=r"账单 B-E1 在托收批次 TS202306 中"):
        reduce(billed, "E1", 10, date="2023-06-15")


@pytest.mark.parametrize("maker", ["何军", "D01", "d01"])
def test_who_enters_does_not_approve(billed: Desk, maker: str) -> None:
    """C06, whether the person is written by name or by id."""
    with pytest.raises(Refused, match=r"制票员不得擅自变更用水性质、冲减水量"):
        reduce(billed, "E3", 10, maker=maker)


def test_which_bill(billed: Desk) -> None:
    """No bill, a wrong number, two bills of one month."""
    with pytest.raises(Refused, match=r"该户该月没有这样的账单"):
        reduce(billed, "E3", 10, bill_month="2023-05")
    with pytest.raises(Refused, match=r"该户该月没有这张账单"):
        reduce(billed, "E3", 10, bill_no="B-E1")
    reduce(billed, "E3", 10, bill_no="B-E3")


def test_bill_under_a_printed_invoice(billed: Desk) -> None:
    """First the invoice is cleared."""
    print_ = {
        "date": "2023-06-13",
        "customer": "E3",
        "bill_month": "2023-06",
        "invoice": "0002",
        "cashier": "C02",
        "step": "print",
    }
    billed.post("invoice_unpaid", print_)
    with pytest.raises(Refused, match=r"账单 B-E3 已开票未收款"):
        reduce(billed, "E3", 10)


def test_bill_written_off(opened: Desk) -> None:
    """A bad debt is no bill to reduce."""
    opened.post("bad_debt", {"date": "2023-06-12", "customer": "R8", "bill_month": "2020-06", "approval_no": "HX-1"})
    with pytest.raises(Refused, match=r"账单 B-R8-20 已核销"):
        reduce(opened, "R8", 1, bill_month="2020-06")


def test_reversed_charge_is_no_bill(billed: Desk) -> None:
    """Charged wrongly, taken back, charged again and paid: the month means the bill that stands."""
    with billed.ledger.store.reading() as session:
        entry = sql.entry_by(session, 1, kind="charge", doc_no="B-R2")["entry_id"][0]
    reverse(billed.ledger, entry, reason="错户", operator="tester", today=TODAY, date=dt.date(2023, 6, 12))
    billed.post("charge", {**JUNE, "doc_no": "B-R2-2", "customer": "R2", "usage_class": "R", "volume": 12})
    pay(billed, "R2", "41.40")
    reduce(billed, "R2", 2)
    assert billed.t_account("reduction", "SQ-2023-001")[0] == "Cr 2203.04 6.90"
    assert billed.dimensions("reduction", "SQ-2023-001", "document")[1] == ("2241.02.01", "B-R2-2")
