"""E10: a provisional slip settles; the money arrives, in parts or whole, or does not."""

from __future__ import annotations

import datetime as dt

import pytest

from ledger.errors import Refused
from ledger.journal import reverse
from tests.ledger.postings.conftest import Desk

SLIP = {"date": "2023-06-16", "customer": "E3", "amount": "1,500.00", "bank": "1002.02", "slip_no": "LH-1"}
COMES = {"date": "2023-06-19", "slip_no": "LH-1", "amount": "1,500.00", "bank": "1002.02"}
GONE = {
    "doc_no": "LHX-1",
    "date": "2023-07-30",
    "slip_no": "LH-2",
    "customer": "E6",
    "amount": "96.00",
    "bank": "1002.02",
    "reason": "未到",
}
LATE = {"date": "2023-06-29", "customer": "E6", "amount": "96.00", "bank": "1002.02", "slip_no": "LH-2"}


def test_slip_settles_and_the_rest_is_over(june: Desk) -> None:
    """V21, the worked example."""
    june.post("slip_receipt", SLIP)
    assert june.t_account("slip_receipt", "LH-1") == [
        "Dr 1012.02 1,500.00",
        "Cr 1122.02 1,392.00",
        "Cr 2203.04 108.00",
        "Dr 2241.01.01 406.00",
        "Dr 2241.01.02 72.50",
        "Dr 2241.01.03 14.50",
        "Cr 2241.02.01 406.00",
        "Cr 2241.02.02 72.50",
        "Cr 2241.02.03 14.50",
    ]
    said = june.dimensions("slip_receipt", "LH-1", "bank", "fund", "customer", "document")
    assert said[0] == ("1012.02", "1002.02", "水费", "E3", "LH-1")
    assert said[2] == ("2203.04", "1002.02", "水费", "E3", "LH-1")
    assert said[6] == ("2241.02.01", "1002.02", "水费", "E3", "B-E3")


def test_slip_arrives(june: Desk) -> None:
    """V24: the money moves under the slip's number, in its fund."""
    june.post("slip_receipt", SLIP)
    june.post("slip_arrival", COMES)
    assert june.t_account("slip_arrival", "LH-1") == ["Dr 1002.02 1,500.00", "Cr 1012.02 1,500.00"]
    assert june.dimensions("slip_arrival", "LH-1", "branch", "bank", "fund", "customer", "document") == [
        ("1002.02", "B02", "1002.02", "水费", "E3", "LH-1"),
        ("1012.02", "B02", "1002.02", "水费", "E3", "LH-1"),
    ]
    assert june.balance("1012.02") == "0.00"
    assert june.post("slip_arrival", COMES).status == "already"


def test_only_what_arrives_moves(june: Desk) -> None:
    june.post("slip_receipt", SLIP)
    june.post("slip_arrival", {**COMES, "doc_no": "DZ-1", "amount": "1,000.00"})
    june.post("slip_arrival", {**COMES, "doc_no": "DZ-2", "amount": "499.00"})
    assert june.balance("1012.02") == "1.00"
    with pytest.raises(Refused, match=r"超过余额 1\.00"):
        june.post("slip_arrival", {**COMES, "doc_no": "DZ-3", "amount": "1.01"})


def test_slip_held_as_partial_payment_arrives_in_its_fund(june: Desk) -> None:
    june.post("slip_receipt", {**SLIP, "amount": "500.00"})
    assert june.t_account("slip_receipt", "LH-1") == ["Dr 1012.02 500.00", "Cr 2203.03 500.00"]
    june.post("slip_arrival", {**COMES, "amount": "500.00"})
    assert june.dimensions("slip_arrival", "LH-1", "fund") == [("1002.02", "预收部分水费"), ("1012.02", "预收部分水费")]


def test_arrivals_that_fit_nothing(june: Desk) -> None:
    """Unknown, too much, another bank, before the slip, a cheque."""
    june.post("slip_receipt", SLIP)
    june.post(
        "cheque_receipt",
        {
            "date": "2023-06-16",
            "customer": "E4",
            "amount": "820.00",
            "bank": "1002.01",
            "cheque_no": "ZP-1",
            "lodged": "no",
        },
    )
    with pytest.raises(Refused, match="没有未到账的临时回单 LH-9"):
        june.post("slip_arrival", {**COMES, "slip_no": "LH-9"})
    with pytest.raises(Refused, match="没有未到账的临时回单 ZP-1"):
        june.post("slip_arrival", {**COMES, "slip_no": "ZP-1", "amount": "820.00", "bank": "1002.01"})
    with pytest.raises(Refused, match=r"超过余额 1,500\.00"):
        june.post("slip_arrival", {**COMES, "amount": "1,500.01"})
    with pytest.raises(Refused, match="登记的收款银行是 中行0202"):
        june.post("slip_arrival", {**COMES, "bank": "1002.01"})
    with pytest.raises(Refused, match="日期早于登记日期 2023-06-16"):
        june.post("slip_arrival", {**COMES, "date": "2023-06-15"})


def test_slip_counts_once(june: Desk) -> None:
    """§6.7 (14), C53."""
    june.post("slip_receipt", LATE)
    for number in (None, "LS-9"):
        with pytest.raises(Refused, match=r"回单号LH-2已使用\(凭证2023-06/记-\d{4}\)"):
            june.post("slip_receipt", {**LATE, "doc_no": number, "customer": "E5", "amount": "1,200.00"})
    assert june.post("slip_receipt", LATE).status == "already"


def test_bills_with_the_bank_take_no_slip(june: Desk) -> None:
    june.post(
        "collection_batch",
        {
            "date": "2023-06-15",
            "batch": "TS1",
            "customer": "E2",
            "bill_month": "2023-06",
            "amount": "2,400.00",
            "bank": "1002.01",
        },
    )
    with pytest.raises(Refused, match="账单在托收中"):
        june.post("slip_receipt", {**SLIP, "customer": "E2"})


def test_slip_expires(june: Desk) -> None:
    """The worked example: red in the original columns, levies too, the bill is open again; linked to the slip."""
    june.post("slip_receipt", LATE)
    posted = june.post("slip_expired", GONE)
    assert june.t_account("slip_expired", "LHX-1") == [
        "Dr 1012.02 -96.00",
        "Cr 1122.02 -96.00",
        "Dr 2241.01.01 -28.00",
        "Dr 2241.01.02 -5.00",
        "Dr 2241.01.03 -1.00",
        "Cr 2241.02.01 -28.00",
        "Cr 2241.02.02 -5.00",
        "Cr 2241.02.03 -1.00",
    ]
    assert posted.warnings == ()
    assert posted.entries["reverses"].is_not_null().all()
    assert june.balance("1012.02") == june.balance("2241.02.01", bank="1002.02") == "0.00"
    june.post(
        "transfer_receipt",
        {"date": "2023-07-31", "customer": "E6", "amount": "96.00", "bank": "1002.02", "bank_ref": "F-1"},
    )
    assert june.dimensions("transfer_receipt", "F-1", "bill_month", "document")[1] == ("1122.02", "2023-06", "B-E6")


def test_over_and_residue_of_an_expired_slip_go_back(june: Desk) -> None:
    billed = june.balance("2241.01.01")
    june.post("slip_receipt", SLIP, {**SLIP, "customer": "E5", "amount": "1,190.00", "slip_no": "LH-3"})
    june.post(
        "slip_expired",
        {**GONE, "slip_no": "LH-1", "customer": "E3", "amount": "1,500.00"},
        {**GONE, "doc_no": "LHX-3", "slip_no": "LH-3", "customer": "E5", "amount": "1,190.00"},
    )
    assert june.t_account("slip_expired", "LHX-1")[:3] == [
        "Dr 1012.02 -1,500.00",
        "Cr 1122.02 -1,392.00",
        "Cr 2203.04 -108.00",
    ]
    assert june.t_account("slip_expired", "LHX-3")[:3] == [
        "Dr 1012.02 -1,190.00",
        "Dr 1122.06 -10.00",
        "Cr 1122.02 -1,200.00",
    ]
    assert june.balance("1122.06") == june.balance("2203.04") == june.balance("1012.02") == "0.00"
    assert june.balance("2241.01.01") == billed


def test_part_of_an_expired_slip_had_arrived(june: Desk) -> None:
    """1,000.00 of 1,500.00 came: the bill opens again, what came is held and of its fund."""
    june.post("slip_receipt", SLIP)
    june.post("slip_arrival", {**COMES, "amount": "1,000.00"})
    june.post("slip_expired", {**GONE, "slip_no": "LH-1", "customer": "E3", "amount": "500.00"})
    assert june.t_account("slip_expired", "LHX-1")[:4] == [
        "Dr 1012.02 -500.00",
        "Cr 1122.02 -1,392.00",
        "Cr 2203.04 -108.00",
        "Cr 2203.03 1,000.00",
    ]
    assert june.dimensions("slip_expired", "LHX-1", "fund", "bank", "document")[3] == (
        "2203.03",
        "水费",
        "1002.02",
        "LHX-1",
    )
    assert june.balance("2203.03") == "-1,000.00"


def test_what_arrived_settles_what_it_covers(june: Desk) -> None:
    """R7's slip over two bills: the part that came still pays for the older one (E13)."""
    june.post("slip_receipt", {**SLIP, "customer": "R7", "amount": "75.90"})
    june.post("slip_arrival", {**COMES, "amount": "50.00"})
    june.post("slip_expired", {**GONE, "slip_no": "LH-1", "customer": "R7", "amount": "25.90"})
    assert june.t_account("apply_advance", "LHX-1-A1")[:2] == ["Dr 2203.03 41.40", "Cr 1122.01 41.40"]
    assert june.dimensions("apply_advance", "LHX-1-A1", "fund", "bank")[-1] == ("2241.02.03", "水费", "1002.02")


def test_expiries_that_fit_nothing(june: Desk) -> None:
    """Unknown, another customer, bank or amount; before the slip; a young slip is only said."""
    june.post("slip_receipt", LATE)
    with pytest.raises(Refused, match="没有未到账的临时回单 LH-9"):
        june.post("slip_expired", {**GONE, "slip_no": "LH-9"})
    with pytest.raises(Refused, match="临时回单是户号 E6 的"):
        june.post("slip_expired", {**GONE, "customer": "E5"})
    with pytest.raises(Refused, match=r"未到账金额为 96\.00"):
        june.post("slip_expired", {**GONE, "amount": "95.00"})
    with pytest.raises(Refused, match=r"超过余额 96\.00"):
        june.post("slip_expired", {**GONE, "amount": "97.00"})
    with pytest.raises(Refused, match="登记的收款银行是 中行0202"):
        june.post("slip_expired", {**GONE, "bank": "1002.01"})
    with pytest.raises(Refused, match="日期早于登记日期"):
        june.post("slip_expired", {**GONE, "date": "2023-06-28"})
    early = june.post("slip_expired", {**GONE, "date": "2023-07-29"})
    assert [fault.message for fault in early.warnings] == ["临时回单未满 31 日"]
    with pytest.raises(Refused, match="没有未到账的临时回单 LH-2"):
        june.post("slip_expired", {**GONE, "doc_no": "LHX-2"})


def test_later_entries_stand_on_the_slip(june: Desk) -> None:
    """The over-transfer has paid the next bill: that comes first."""
    june.post("slip_receipt", {**SLIP, "customer": "E6", "amount": "192.00"})
    bill = {"date": "2023-07-05", "bill_month": "2023-07", "read_code": "normal", "usage_class": "N", "volume": 20}
    june.post("charge", {**bill, "doc_no": "B2-E6", "customer": "E6"})
    with pytest.raises(Refused, match=r"后续分录已使用本分录的款项\(户号 E6\)"):
        june.post("slip_expired", {**GONE, "slip_no": "LH-1", "amount": "192.00"})


def test_slip_that_has_arrived_is_not_reversed(june: Desk) -> None:
    """Its red letter would leave 1012.02 below zero."""
    entry = june.post("slip_receipt", LATE).entries["entry_id"][0]
    june.post("slip_arrival", {**COMES, "slip_no": "LH-2", "amount": "96.00", "date": "2023-06-30"})
    with pytest.raises(Refused, match=r"后续分录已使用本分录的款项\(单据号 LH-2\)"):
        reverse(june.ledger, entry, reason="错", operator="tester", today=dt.date(2023, 6, 30))


# -- slips of the opening -------------------------------------------------------------------


@pytest.fixture
def under_way(desk: Desk) -> Desk:
    """An opening with a slip LH-0 of 100.00 under way for E6; 水费 in 1002.02."""
    head = {"doc_no": "QC-1", "date": "2023-05-31"}
    slip = {
        "account": "1012.02",
        "debit": "100.00",
        "customer": "E6",
        "bank": "1002.02",
        "fund": "水费",
        "document": "LH-0",
    }
    desk.post(
        "opening",
        {**head, **slip},
        {**head, "account": "2203.04", "credit": "3.00", "customer": "E6", "document": "LH-0"},
    )
    return desk


OLD = {
    "doc_no": "LHX-0",
    "date": "2023-06-20",
    "slip_no": "LH-0",
    "customer": "E6",
    "amount": "100.00",
    "bank": "1002.02",
    "reason": "未到",
}
SETTLED = {
    "customer": "E6", "bill_no": "B5-E6", "bill_month": "2023-05", "account": "1122.02", "usage_class": "N", "volume": 20,
    "read_code": "normal", "net": "62.00", "vat": "1.81", "sewage": "28.00", "water_resource": "5.00", "surcharge": "1.00",
    "status": "settled", "settled_by": "LH-0",
}  # fmt: skip


def test_opening_slip_arrives(under_way: Desk) -> None:
    under_way.post("slip_arrival", {**COMES, "slip_no": "LH-0", "amount": "100.00"})
    assert under_way.t_account("slip_arrival", "LH-0") == ["Dr 1002.02 100.00", "Cr 1012.02 100.00"]
    assert under_way.balance("1012.02", branch="B02") == "0.00"


def test_opening_slip_expires_with_the_bill_it_settled(under_way: Desk) -> None:
    """96.00 is the bill that the list says it settled, 3.00 comes out of 多转, 1.00 nobody knows."""
    under_way.post("opening_bills", SETTLED)
    under_way.post("slip_expired", OLD)
    assert under_way.t_account("slip_expired", "LHX-0") == [
        "Dr 1012.02 -100.00",
        "Cr 1122.02 -96.00",
        "Cr 1122.02 -1.00",
        "Cr 2203.04 -3.00",
        "Dr 2241.01.01 -28.00",
        "Dr 2241.01.02 -5.00",
        "Dr 2241.01.03 -1.00",
        "Cr 2241.02.01 -28.00",
        "Cr 2241.02.02 -5.00",
        "Cr 2241.02.03 -1.00",
    ]
    said = under_way.dimensions("slip_expired", "LHX-0", "bill_month", "document")
    assert said[1:3] == [("1122.02", "2023-05", "B5-E6"), ("1122.02", "2023-05", "LH-0")]
    assert under_way.dimensions("slip_expired", "LHX-0", "fund", "bank")[7] == ("2241.02.01", "水费", "1002.02")


def test_opening_slip_that_had_settled_more(under_way: Desk) -> None:
    """The rest of the bill's money came before the cut-over: it is the customer's."""
    under_way.post("opening_bills", {**SETTLED, "net": "72.00"})
    under_way.post("slip_expired", OLD)
    assert under_way.t_account("slip_expired", "LHX-0")[:3] == [
        "Dr 1012.02 -100.00",
        "Cr 1122.02 -106.00",
        "Cr 2203.03 6.00",
    ]


def test_opening_slip_of_unknown_bills(under_way: Desk) -> None:
    """It is owed again under its own number, without levies."""
    under_way.post("slip_expired", OLD)
    assert under_way.t_account("slip_expired", "LHX-0") == [
        "Dr 1012.02 -100.00",
        "Cr 1122.02 -97.00",
        "Cr 2203.04 -3.00",
    ]
    under_way.post(
        "transfer_receipt",
        {"date": "2023-06-21", "customer": "E6", "amount": "97.00", "bank": "1002.02", "bank_ref": "F-1"},
    )
    assert under_way.t_account("transfer_receipt", "F-1") == ["Dr 1002.02 97.00", "Cr 1122.02 97.00"]
