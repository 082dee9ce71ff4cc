"""E05: open bills go along with the account; the customer's master data follows."""

from __future__ import annotations

import polars as pl
import pytest

from ledger.errors import Refused
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import Desk

SIGNED = {"date": "2023-06-13", "approver": "王秀英"}
CLOSE = {**SIGNED, "to_account": "1122.05", "change": "close"}


def master(desk: Desk, customer: str) -> dict[str, object]:
    """The customer as the rules see it now."""
    with desk.ledger.store.reading() as session:
        return sql.JournalSource(session, desk.ledger.book_id).customers(pl.Series([customer])).row(0, named=True)


def test_closing_moves_the_open_bills(june: Desk) -> None:
    """The worked example in E6's amount: all open bills to 1122.05, levies stay on the bill, the customer is closed."""
    june.post("account_move", {**CLOSE, "customer": "E6", "approval_no": "SQ-1"})
    assert june.t_account("account_move", "SQ-1") == ["Dr 1122.05 96.00", "Cr 1122.02 96.00"]
    assert june.dimensions("account_move", "SQ-1", "branch", "customer", "bill_month", "document") == [
        ("1122.05", "B02", "E6", "2023-06", "B-E6"),
        ("1122.02", "B02", "E6", "2023-06", "B-E6"),
    ]
    assert june.balance("2241.01.01") == "-3,139.90"  # untouched
    assert master(june, "E6")["kind"] == "closed"
    bill = {"bill_month": "2023-07", "read_code": "normal", "usage_class": "N", "volume": 5}
    with pytest.raises(Refused, match=r"已销户,不能开账"):
        june.post("charge", {**bill, "date": "2023-07-05", "doc_no": "B-X", "customer": "E6"})


def test_the_moved_bill_is_paid_with_its_levies(june: Desk) -> None:
    """A transfer of a closed account settles the moved bill and moves its levies."""
    june.post("account_move", {**CLOSE, "customer": "E6", "approval_no": "SQ-1"})
    june.post(
        "transfer_receipt",
        {"date": "2023-06-20", "customer": "E6", "amount": "96.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    assert june.balance("1122.05") == "103.50"  # R6 and R8 of the opening
    assert june.balance("2241.02.01", bank="1002.02") == "-28.00"


def test_change_of_stream(june: Desk) -> None:
    """R7 becomes an entity account: three bills, and the next charge stands on 1122.02."""
    move = {**SIGNED, "customer": "R7", "to_account": "1122.02", "change": "stream", "approval_no": "SQ-1"}
    june.post("account_move", move)
    assert june.t_account("account_move", "SQ-1") == [
        "Dr 1122.02 41.40", "Dr 1122.02 34.50", "Dr 1122.02 37.95",
        "Cr 1122.01 41.40", "Cr 1122.01 34.50", "Cr 1122.01 37.95",
    ]  # fmt: skip
    assert (master(june, "R7")["stream"], master(june, "R7")["kind"]) == ("entity", "normal")
    assert master(june, "R7")["name"] == "户R7"
    june.post("account_move", move)  # the same again changes nothing
    assert june.balance("1122.01") == "227.75"
    bill = {"bill_month": "2023-07", "read_code": "normal", "usage_class": "R", "volume": 10}
    june.post("charge", {**bill, "date": "2023-07-05", "doc_no": "B-R7-07", "customer": "R7"})
    assert june.t_account("charge", "B-R7-07")[0] == "Dr 1122.02 34.50"


def test_one_bill_by_month(june: Desk) -> None:
    """A row with a month moves that bill only; rows of one number are one entry."""
    row = {**CLOSE, "doc_no": "XH-1", "customer": "R7", "approval_no": "SQ-1"}
    june.post("account_move", {**row, "bill_month": "2023-04"}, {**row, "bill_month": "2023-05"})
    assert june.t_account("account_move", "XH-1") == [
        "Dr 1122.05 41.40",
        "Dr 1122.05 34.50",
        "Cr 1122.01 41.40",
        "Cr 1122.01 34.50",
    ]
    with pytest.raises(Refused, match=r"该户该月没有这样的账单"):
        june.post("account_move", {**row, "doc_no": "XH-2", "bill_month": "2023-02"})


def test_without_open_bills_there_is_no_entry(june: Desk) -> None:
    """B1 owes nothing: the document stands as a fact, and the customer is closed all the same."""
    posted = june.post("account_move", {**CLOSE, "customer": "B1", "approval_no": "SQ-1"})
    assert (len(posted.entries), posted.facts) == (0, 2)
    assert master(june, "B1")["kind"] == "closed"


def test_bills_in_a_collection_batch_stay(june: Desk) -> None:
    """All open bills but those at the bank; asked for by name, such a bill is refused."""
    sent = {
        "batch": "TS202306",
        "customer": "E1",
        "bill_month": "2023-06",
        "amount": "4,800.00",
        "bank": "1002.01",
        "bill_no": "B-E1",
    }
    june.post("collection_batch", {"date": "2023-06-13", **sent})
    with pytest.raises(Refused, match=r"账单 B-E1 在托收批次 TS202306 中,须等托收结果"):
        june.post("account_move", {**CLOSE, "customer": "E1", "bill_month": "2023-06", "approval_no": "SQ-1"})
    posted = june.post("account_move", {**CLOSE, "customer": "E1", "approval_no": "SQ-1"})
    assert len(posted.entries) == 0
    assert [fault.message for fault in posted.warnings] == ["账单 B-E1 在托收批次 TS202306 中,没有转"]


@pytest.mark.parametrize(
    ("change", "customer", "date", "message"),
    [
        ("holder", "E6", "2023-06-15", "该变更只在1–14日受理"),
        ("pay_mode", "R2", "2023-06-15", "该变更只在1–14日受理"),
        ("holder", "E1", "2023-06-16", "托收户、代扣户15日后不得录入和更改"),
        ("close", "R3", "2023-06-16", "托收户、代扣户15日后不得录入和更改"),
    ],
)
def test_windows(june: Desk, change: str, customer: str, date: str, message: str) -> None:
    """C05 by kind of change, C03 for 托收 and 代扣."""
    to = "1122.05" if change == "close" else "1122.01" if customer.startswith("R") else "1122.02"
    row = {
        "date": date,
        "customer": customer,
        "to_account": to,
        "change": change,
        "approval_no": "SQ-1",
        "approver": "王秀英",
    }
    with pytest.raises(Refused, match=message):
        june.post("account_move", row)


def test_pay_mode_needs_a_signature(june: Desk) -> None:
    """C07: the form of counter 1 is the 审批号, the lead's signature the 审批."""
    row = {"date": "2023-06-13", "customer": "R2", "to_account": "1122.01", "change": "pay_mode", "approval_no": "SQ-1"}
    with pytest.raises(Refused, match=r"缺1号窗口手续或班长签字"):
        june.post("account_move", row)
    posted = june.post("account_move", {**row, "approver": "王秀英"})
    assert (len(posted.entries), posted.facts) == (0, 1)  # nothing to move, nothing changes in the master data


@pytest.mark.parametrize(("change", "to"), [("close", "1122.02"), ("stream", "1122.05"), ("holder", "1122.04")])
def test_account_fits_the_change(june: Desk, change: str, to: str) -> None:
    """A closure goes to 销户欠费, a change of stream to 居民户 or 单位户."""
    with pytest.raises(Refused, match=r"转入科目与变更类型不符"):
        june.post(
            "account_move", {**SIGNED, "customer": "E6", "to_account": to, "change": change, "approval_no": "SQ-1"}
        )
