"""Two sides of our own books through the matching core: what meets, what stays, and that it ties."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from ledger import registers
from ledger.errors import Refused
from ledger.i18n import set_language
from ledger.journal import reverse
from ledger.reconcile.clearing import CLEARINGS, Cleared, cleared
from tests.ledger.postings.conftest import Desk

JUNE = (dt.date(2023, 6, 1), dt.date(2023, 6, 30))
JULY = (dt.date(2023, 7, 1), dt.date(2023, 7, 31))


def sides(desk: Desk, name: str, span: tuple[dt.date, dt.date] = JUNE) -> Cleared:
    """What came of two sides in a span; every one of them ties to its account."""
    ledger = desk.ledger
    with ledger.store.reading() as session:
        found = cleared(session, ledger.book_id, ledger.book, ledger.chart, name, *span)
    assert found.balance is None or found.difference == found.balance
    return found


def open_amounts(found: Cleared, side: str) -> list[int]:
    return sorted(found.open_lines(side)["amount"].to_list())


def scan(desk: Desk, number: str, customer: str, amount: str, date: str = "2023-06-08", **more: Any) -> None:
    desk.post(
        "scan_receipt",
        {"date": date, "customer": customer, "amount": amount, "channel_no": number, "bank": "1002.02", **more},
    )


def settle(desk: Desk, gross: str, fee: str, net: str, trade_date: str | None, number: str = "QS-1") -> None:
    desk.post(
        "scan_settlement",
        {"doc_no": number, "date": "2023-06-12", "bank": "1002.02", "gross": gross, "fee": fee, "net": net,
         "trade_date": trade_date},
    )  # fmt: skip


def test_a_wallet_settles_by_trading_day(june: Desk) -> None:
    """Two scans of one day meet one settlement, net of its fee; the next day's wait for theirs."""
    scan(june, "WX-1001", "R1", "41.40")
    scan(june, "WX-1002", "R2", "120.80")
    scan(june, "WX-1003", "R3", "34.50", date="2023-06-09")
    settle(june, "162.20", "0.97", "161.23", "2023-06-08")
    found = sides(june, "wallets")
    assert found.matching.matches["stage"].to_list() == ["reference"]
    assert (open_amounts(found, "left"), open_amounts(found, "right")) == ([3450], [])


def test_a_settlement_short_of_the_scans(june: Desk) -> None:
    """The channel left one out: neither side meets, both say so, the account holds the difference."""
    scan(june, "WX-1001", "R1", "41.40")
    scan(june, "WX-1002", "R2", "120.80")
    settle(june, "120.80", "0.72", "120.08", "2023-06-08")
    found = sides(june, "wallets")
    assert (open_amounts(found, "left"), open_amounts(found, "right"), found.balance) == ([16220], [12080], 4140)
    [line] = found.open_lines("left").to_dicts()
    assert "渠道清算没有金额 162.20" in found.why("left", line["ref"])
    set_language("en")
    try:
        assert "the Settlements has no open line of 162.20" in found.why("left", line["ref"])
    finally:
        set_language("zh_CN")


def test_cash_of_two_drawers_never_mixes(june: Desk) -> None:
    """What a cashier deposited meets what he took; what another still holds stays under his name."""
    for cashier, customer, amount, invoice in (
        ("C01", "R1", "41.40", "0000001"),
        ("C02", "R2", "120.80", "0000002"),
    ):
        june.post(
            "cash_receipt",
            {"date": "2023-06-09", "cashier": cashier, "customer": customer, "amount": amount, "invoice": invoice},
        )
    june.post(
        "cash_deposit",
        {
            "date": "2023-06-10",
            "cashier": "C01",
            "bank": "1002.01",
            "fund": "水费",
            "amount": "41.40",
            "slip_no": "JK-1",
        },
    )
    found = sides(june, "deposits")
    assert (found.matching.matches.height, open_amounts(found, "right")) == (1, [])
    assert found.open_lines("left").select("amount", "currency").rows() == [(12080, "C02 水费")]


def test_two_days_on_one_slip_are_proposed(june: Desk) -> None:
    """A slip over two days' takings is no match, but what adds up is said."""
    for day, customer, amount, invoice in (("08", "R1", "41.40", "0000001"), ("09", "R2", "120.80", "0000002")):
        june.post(
            "cash_receipt",
            {"date": f"2023-06-{day}", "cashier": "C01", "customer": customer, "amount": amount, "invoice": invoice},
        )
    june.post(
        "cash_deposit",
        {
            "date": "2023-06-09",
            "cashier": "C01",
            "bank": "1002.01",
            "fund": "水费",
            "amount": "162.20",
            "slip_no": "JK-1",
        },
    )
    found = sides(june, "deposits")
    assert found.matching.matches.is_empty()
    [slip] = found.open_lines("right").to_dicts()
    assert "合计等于缴存单" in found.why("right", slip["ref"])


def test_a_partial_list(june: Desk) -> None:
    """R20: the slip says 65.55, the list that came accounts for 34.50: neither meets, 31.05 is open."""
    june.post(
        "debit_slip",
        {"doc_no": "HK-202306", "date": "2023-06-30", "bank": "1002.01", "period": "2023-06", "count": 2,
         "amount": "65.55", "slip_no": "HK-202306"},
    )  # fmt: skip
    row = {"doc_no": "MX-1", "date": "2023-06-30", "slip_no": "HK-202306", "period": "2023-06", "result": "success"}
    june.post("debit_list", {**row, "customer": "R3", "amount": "34.50", "bill_month": "2023-06", "bill_no": "B-R3"})
    found = sides(june, "debits")
    assert (open_amounts(found, "left"), open_amounts(found, "right"), found.balance) == ([3450], [6555], -3105)


def test_bills_the_bank_has_not_answered(june: Desk) -> None:
    """R19: what was sent waits for the bank's word, money or not; the word counts with its own amount."""
    sent = {"date": "2023-06-15", "batch": "TS202306", "bill_month": "2023-06", "bank": "1002.01"}
    june.post(
        "collection_batch",
        {**sent, "customer": "E1", "amount": "4,800.00"},
        {**sent, "customer": "E2", "amount": "2,400.00"},
    )
    assert open_amounts(sides(june, "collections"), "left") == [240000, 480000]
    back = {"doc_no": "HD-2", "date": "2023-06-20", "batch": "TS202306", "customer": "E2", "amount": "2,400.00"}
    june.post("collection_result", {**back, "result": "returned", "reason": "存款不足"})
    found = sides(june, "collections")
    assert (found.matching.matches.height, open_amounts(found, "left"), open_amounts(found, "right")) == (
        1, [480000], [],
    )  # fmt: skip


def test_an_answer_of_another_amount_meets_nothing(june: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right side is the bank's word, not a copy of the left."""
    sent = {"date": "2023-06-15", "batch": "TS202306", "bill_month": "2023-06", "bank": "1002.01"}
    june.post("collection_batch", {**sent, "customer": "E1", "amount": "4,800.00"})
    back = {"doc_no": "HD-1", "date": "2023-06-20", "batch": "TS202306", "bank": "1002.01", "customer": "E1"}
    june.post("collection_result", {**back, "amount": "4,800.00", "result": "paid"})
    told = registers.collection_results
    monkeypatch.setattr(registers, "collection_results", lambda *asked: told(*asked).with_columns(pl.col("amount") - 1))
    found = sides(june, "collections")
    assert (open_amounts(found, "left"), open_amounts(found, "right"), found.difference) == ([480000], [479999], 1)


@pytest.mark.parametrize("month_day", [(6, 9), (7, 4)])
def test_what_is_reversed_is_nobodys(june: Desk, month_day: tuple[int, int]) -> None:
    """A scan and its red copy leave nothing, in one month or across two."""
    scan(june, "WX-1001", "R1", "41.40")
    with june.ledger.store.reading() as session:
        [(entry,)] = session.rows("SELECT entry_id FROM entry WHERE kind = 'scan_receipt'")
    reverse(june.ledger, entry, reason="错户", operator="tester", today=dt.date(2023, *month_day))
    found = sides(june, "wallets", JUNE if month_day[0] == 6 else JULY)
    assert (open_amounts(found, "left"), open_amounts(found, "right"), found.balance) == ([], [], 0)


def test_nothing_at_all(opened: Desk) -> None:
    """A book that has only been opened: May's transfer waits, nothing else."""
    assert {one.name: sides(opened, one.name).difference for one in CLEARINGS} == {
        "head_office": 300000, "debits": 0, "collections": 0, "wallets": 0, "deposits": 0,
    }  # fmt: skip
    with pytest.raises(Refused, match="没有这一项核对"):
        sides(opened, "nonsense")
