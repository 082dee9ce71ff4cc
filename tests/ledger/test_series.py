"""C38: numbers run on, in the hands they were given to (domain §6.7 (11)); R22's view of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger import overrides, series
from ledger.days import close_day
from ledger.errors import Refused
from ledger.series import Number, between, merged
from tests.ledger.people.conftest import Office
from tests.ledger.people.conftest import office as office
from tests.ledger.postings.conftest import TODAY, Desk, desk, june, opened  # noqa: F401 - fixtures

DAY = dt.date(2023, 6, 9)
ISSUE = {"date": "2023-06-01", "series": "invoice", "from_no": "0001", "to_no": "0100", "holder": "C01"}
VOID = {"date": "2023-06-09", "series": "invoice", "reason": "打印错位"}
BILLS = {"R1": "41.40", "R2": "120.80", "R3": "34.50", "R4": "31.05", "E4": "820.00"}


def receive(desk: Desk, customer: str, number: str, *, cashier: str = "C01", date: str = "2023-06-09") -> None:  # noqa: F811
    """Take a bill's money and bank it the same day."""
    amount = BILLS[customer]
    desk.post(
        "cash_receipt", {"date": date, "customer": customer, "amount": amount, "cashier": cashier, "invoice": number}
    )
    desk.post(
        "cash_deposit",
        {
            "date": date,
            "cashier": cashier,
            "bank": "1002.01",
            "fund": "水费",
            "amount": amount,
            "slip_no": f"JK-{number}",
        },
    )


def close(desk: Desk, date: dt.date = DAY, **options: Any) -> str:  # noqa: F811
    return close_day(desk.ledger, date, operator="王秀英", today=TODAY, **options).status


def rows(desk: Desk, *keys: str, end: dt.date = dt.date(2023, 6, 30)) -> list[tuple[object, ...]]:  # noqa: F811
    with desk.ledger.store.reading() as session:
        found = series.register(session, 1, desk.ledger.book, end.replace(day=1), end)
    return [tuple(row[key] for key in keys) for row in found]


@pytest.mark.control("C38")
def test_refusal_11_a_gap(june: Desk) -> None:  # noqa: F811
    """§6.7 (11): nothing issued, the book's one series: 0003 and 0004 are missing; voided with its copies, it closes."""
    receive(june, "R1", "0001")
    receive(june, "R2", "0002")
    receive(june, "R3", "0005")
    with pytest.raises(Refused, match="票据0003–0004断号") as refused:
        close(june)
    assert [fault.code for fault in refused.value.faults] == ["C38"]
    june.post("number_void", *({**VOID, "invoice": number} for number in ("0003", "0004")))
    assert close(june) == "closed"


def test_series_and_prefixes_do_not_meet(june: Desk) -> None:  # noqa: F811
    """Invoices, commercial invoices, other prefixes and lengths each begin where they begin; electronic numbers in no order."""
    receive(june, "R1", "0007")
    receive(june, "R2", "A0007")
    receive(june, "R3", "00009")
    receive(june, "R4", "23112000000012345678")
    receive(june, "E4", "23112000000099999999")
    june.post("materials", {"date": "2023-06-09", "amount": "10.00", "cashier": "C01", "invoice": "0003"})
    june.post(
        "cash_deposit",
        {
            "date": "2023-06-09",
            "cashier": "C01",
            "bank": "1002.01",
            "fund": "材料费",
            "amount": "10.00",
            "slip_no": "JK-M",
        },
    )
    assert close(june) == "closed"
    assert rows(june, "series", "first", "last", "used", "gaps") == [
        ("invoice", "00009", "00009", 1, 0), ("invoice", "0007", "0007", 1, 0),
        ("invoice", "23112000000012345678", "23112000000099999999", 2, 0), ("invoice", "A0007", "A0007", 1, 0),
        ("commercial", "0003", "0003", 1, 0),
    ]  # fmt: skip


def test_in_the_hands_they_were_given_to(june: Desk) -> None:  # noqa: F811
    """Each booklet from its first number; another's, and one that nobody was given, keep the day open."""
    june.post("number_issue", ISSUE, {**ISSUE, "from_no": "0101", "to_no": "0200", "holder": "陈静"})
    receive(june, "R1", "0001")
    receive(june, "R2", "0101", cashier="C02")
    assert close(june) == "closed"
    receive(june, "R3", "0002", cashier="C02", date="2023-06-12")
    receive(june, "R4", "0201", date="2023-06-12")
    receive(june, "E4", "0104", cashier="C02", date="2023-06-12")
    with pytest.raises(Refused) as refused:
        close(june, dt.date(2023, 6, 12))
    assert [fault.message for fault in refused.value.faults] == [
        "发票 0002 由 C01 领用,不能由 C02 使用",
        "票据0102–0103断号",
        "发票 0201 没有领用登记",
    ]


def test_a_booklet_begins_with_its_first_number(june: Desk) -> None:  # noqa: F811
    june.post("number_issue", ISSUE)
    receive(june, "R1", "0003")
    with pytest.raises(Refused, match="票据0001–0002断号"):
        close(june)


def test_what_was_handed_on_is_the_others(june: Desk) -> None:  # noqa: F811
    """Issued again, numbers go over to their new holder; what the first still has goes on behind them."""
    june.post("number_issue", ISSUE)
    receive(june, "R1", "0001")
    june.post("number_issue", {**ISSUE, "date": "2023-06-09", "from_no": "0002", "to_no": "0050", "holder": "C02"})
    receive(june, "R2", "0002", cashier="C02")
    receive(june, "R3", "0051")
    assert close(june) == "closed"
    assert rows(june, "first", "last", "holder", "size", "used", "left", "gaps") == [
        ("0001", "0100", "C01", 51, 2, 49, 0), ("0002", "0050", "C02", 49, 1, 48, 0),
    ]  # fmt: skip


def test_voided_with_all_its_copies(june: Desk) -> None:  # noqa: F811
    receive(june, "R1", "0001")
    june.post("number_void", {**VOID, "invoice": "0002", "copies": 2})
    with pytest.raises(Refused, match="发票 0002 作废只收回 2 联,应为 3 联"):
        close(june)


def test_a_gap_let_pass_blocks_no_later_day(june: Desk) -> None:  # noqa: F811
    """And stands in the register for ever."""
    receive(june, "R1", "0001")
    receive(june, "R2", "0003")
    with pytest.raises(Refused, match="C38 须由他人放行"):
        close(june, overrides={"C38": "王秀英"})
    assert close(june, overrides={"C38": "钱文"}) == "closed"
    receive(june, "R3", "0004", date="2023-06-12")
    assert close(june, dt.date(2023, 6, 12)) == "closed"
    assert rows(june, "used", "voided", "gaps", "missing", "left") == [(3, 0, 1, "0002", 0)]


def test_lost_documents_need_a_report(office: Office) -> None:
    """C38: the finance head, with the number of the loss report; the lead closes."""
    desk = Desk(office.ledger)  # noqa: F811
    for number, customer in (("0001", "R1"), ("0003", "R2")):
        paid = {"date": "2023-06-09", "customer": customer, "amount": BILLS[customer], "cashier": "C01"}
        office.post("C01", "cash_receipt", {**paid, "invoice": number}, today=DAY)
    money = {
        "date": "2023-06-09",
        "cashier": "C01",
        "bank": "1002.01",
        "fund": "水费",
        "amount": "162.20",
        "slip_no": "JK-1",
    }
    office.post("C01", "cash_deposit", money, today=DAY)
    with pytest.raises(Refused, match="票据0002–0002断号"):
        close_day(desk.ledger, DAY, operator="L01", today=DAY)
    given = {"reason": "遗失一张", "today": DAY}
    with pytest.raises(Refused, match="须凭遗失报告放行"):
        overrides.grant(desk.ledger, "C38", "2023-06-09", operator="W01", **given)
    with pytest.raises(Refused, match="须由 财务部负责人 放行"):
        overrides.grant(desk.ledger, "C38", "2023-06-09", operator="K01", loss_report="YS-1", **given)
    fact = overrides.grant(desk.ledger, "C38", "2023-06-09", operator="W01", loss_report="YS-1", **given)
    assert fact.get("loss_report") == "YS-1"
    assert [fault.code for fault in close_day(desk.ledger, DAY, operator="L01", today=DAY).passed] == ["C38"]


@pytest.mark.parametrize(("first", "last"), [("0100", "0001"), ("001", "0100"), ("A001", "B100"), ("甲", "乙")])
def test_a_booklet_runs_from_small_to_large(desk: Desk, first: str, last: str) -> None:  # noqa: F811
    with pytest.raises(Refused, match="止号应不小于起号,位数相同"):
        desk.post("number_issue", {**ISSUE, "from_no": first, "to_no": last})


def test_numbers_and_runs() -> None:
    """As printed and back; runs put together, and what lies between them."""
    assert Number.of("invoice", "SF0000503") == Number("invoice", "SF", 7, 503)
    assert Number.of("invoice", "SF0000503").mark() == "invoice/SF0000503"
    assert not Number.of("invoice", "无号").ordered
    assert Number.of("invoice", "无号").text() == "无号"
    assert merged([(5, 6), (1, 2), (3, 3), (2, 2)]) == ((1, 3), (5, 6))
    assert between(1, 9, [(2, 3), (5, 8)]) == [(1, 1), (4, 4), (9, 9)]
    assert between(1, 4, [(1, 9)]) == []
