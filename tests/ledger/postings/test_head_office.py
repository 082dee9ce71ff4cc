"""E26 over its position; E27 receipts per category; E33 tax and E35 commission through head office."""

from __future__ import annotations

import pytest

from ledger.errors import ConflictingDocument, Refused
from tests.ledger.postings.conftest import Desk

THREE = {"payee": "总公司财务部", "maker": "王秀英", "checker": "张涛", "approver": "黄伟"}


def transfer(desk: Desk, number: str, amount: str, *, fund: str = "水费", bank: str = "1002.01", **other: str) -> None:
    row = {"doc_no": number, "date": "2023-06-29", "bank": bank, "fund": fund, "amount": amount}
    desk.post("head_office_transfer", {**row, **THREE, **other})


def receipt(desk: Desk, number: str, *rows: tuple[str, str, str], date: str = "2023-06-30") -> None:
    desk.post(
        "head_office_receipt",
        *({"doc_no": number, "date": date, "transfer_no": t, "fund": f, "amount": a} for t, f, a in rows),
    )


def test_transfer_over_the_position(opened: Desk) -> None:
    """§6.7 (6), in the figures of this book: 水费 of 工行 holds 6,450.00; one fen more is C52."""
    with pytest.raises(Refused, match=r"水费可转余额6,450.00元,不足转出6,450.01元"):
        transfer(opened, "ZK-1", "6,450.01")
    transfer(opened, "ZK-1", "6,450.00")
    assert opened.t_account("head_office_transfer", "ZK-1") == ["Dr 1221.01 6,450.00", "Cr 1002.01 6,450.00"]


@pytest.mark.parametrize("checker", ["王秀英", "L01"])
def test_three_people(opened: Desk, checker: str) -> None:
    """C26, whether the same person is written by name or by id."""
    with pytest.raises(Refused, match=r"录入、复核、审批须为不同人员"):
        transfer(opened, "ZK-1", "1.00", checker=checker)


def test_receipts_clear_what_is_under_way(opened: Desk) -> None:
    """V01 and V02: the transfer of the opening, receipted in two parts; it stands under the transfer's number."""
    receipt(opened, "SJ-0601", ("ZK-0531", "水费", "2,950.00"), date="2023-06-01")
    assert opened.t_account("head_office_receipt", "SJ-0601") == ["Dr 1221.02 2,950.00", "Cr 1221.01 2,950.00"]
    assert opened.dimensions("head_office_receipt", "SJ-0601", "fund", "document") == [
        ("1221.02", "水费", "SJ-0601"),
        ("1221.01", "水费", "ZK-0531"),
    ]
    with pytest.raises(Refused, match=r"收据合计 50.01 超过转款 ZK-0531 的在途 50.00"):
        receipt(opened, "SJ-0607", ("ZK-0531", "水费", "50.01"))
    receipt(opened, "SJ-0607", ("ZK-0531", "水费", "50.00"))
    assert opened.balance("1221.01") == "0.00"


def test_receipt_by_category(opened: Desk) -> None:
    """A category that was never transferred goes below zero, another stays; a further receipt clears both."""
    opened.post("interest", {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"})
    row = {"doc_no": "ZK-1", "date": "2023-06-29", "bank": "1002.01", **THREE}
    opened.post(
        "head_office_transfer",
        {**row, "fund": "水费", "amount": "100.00"}, {**row, "fund": "银行存款利息", "amount": "12.34"},
    )  # fmt: skip
    receipt(opened, "SJ-1", ("ZK-1", "水费", "100.00"), ("ZK-1", "材料费", "12.34"))
    assert opened.t_account("head_office_receipt", "SJ-1") == [
        "Dr 1221.02 100.00", "Dr 1221.02 12.34", "Cr 1221.01 100.00", "Cr 1221.01 12.34",
    ]  # fmt: skip
    assert opened.dimensions("head_office_receipt", "SJ-1", "bank", "fund")[2:] == [
        ("1221.01", "1002.01", "水费"),
        ("1221.01", "1002.01", "材料费"),
    ]
    assert opened.balance("1221.01", fund="材料费") == "-12.34"
    assert opened.balance("1221.01", fund="银行存款利息") == "12.34"
    with pytest.raises(Refused, match=r"超过转款 ZK-1 的在途 0.00"):
        receipt(opened, "SJ-2", ("ZK-1", "银行存款利息", "12.34"))


def test_receipt_refusals(opened: Desk) -> None:
    """An unknown transfer, a day before it, a number used for another receipt; the same receipt again is nothing new."""
    with pytest.raises(Refused, match=r"没有这笔在途转款"):
        receipt(opened, "SJ-1", ("ZK-9", "水费", "1.00"))
    transfer(opened, "ZK-1", "100.00")
    with pytest.raises(Refused, match=r"早于转款日期 2023-06-29"):
        receipt(opened, "SJ-1", ("ZK-1", "水费", "1.00"), date="2023-06-28")
    receipt(opened, "SJ-1", ("ZK-1", "水费", "60.00"))
    receipt(opened, "SJ-1", ("ZK-1", "水费", "60.00"))
    with pytest.raises(ConflictingDocument, match=r"SJ-1"):
        receipt(opened, "SJ-1", ("ZK-1", "水费", "40.00"))
    assert opened.balance("1221.02") == "250,060.00"


def test_tax_paid_by_head_office(opened: Desk) -> None:
    """The worked example; the rest beyond the simplified VAT pays the general one."""
    opened.post("head_office_tax", {"date": "2023-06-14", "amount": "1,234.56", "notice_no": "SD-1"})
    assert opened.t_account("head_office_tax", "SD-1") == ["Dr 2221.02 1,234.56", "Cr 1221.02 1,234.56"]
    opened.post("materials", {"date": "2023-06-13", "amount": "226.00", "cashier": "C01", "invoice": "SF-1"})
    opened.post("head_office_tax", {"date": "2023-06-15", "amount": "26.00", "notice_no": "SD-2"})
    assert opened.t_account("head_office_tax", "SD-2") == ["Dr 2221.01 26.00", "Cr 1221.02 26.00"]


def test_tax_without_a_liability(desk: Desk) -> None:
    """A notice beyond what the book owes is booked all the same, as simplified VAT paid ahead."""
    desk.post("head_office_tax", {"date": "2023-06-14", "amount": "10.00", "notice_no": "SD-1"})
    assert desk.t_account("head_office_tax", "SD-1") == ["Dr 2221.02 10.00", "Cr 1221.02 10.00"]


def test_levy_commission(opened: Desk) -> None:
    """The worked example: 106.00, tax included at the rate of its own row."""
    row = {"date": "2023-06-28", "amount": "106.00", "notice_no": "SXF-1", "tax": "6.00"}
    with pytest.raises(Refused, match=r"计算出的税额为 6.00"):
        opened.post("levy_commission", {**row, "tax": "6.01"})
    opened.post("levy_commission", row)
    assert opened.t_account("levy_commission", "SXF-1") == ["Dr 1221.02 106.00", "Cr 6051.02 100.00", "Cr 2221.01 6.00"]
    assert opened.dimensions("levy_commission", "SXF-1", "item", "document")[2] == ("2221.01", "commission", "SXF-1")
