"""A drawer's day: counted by denomination, its difference written down, banked, sealed, handed over."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ledger import approvals, drawers
from ledger.days import close_day
from ledger.drawers import Drawer
from ledger.errors import Refused
from tests.ledger.people.conftest import Office
from tests.ledger.people.conftest import desk as desk
from tests.ledger.people.conftest import office as office
from tests.ledger.people.conftest import opened as opened

DAY = dt.date(2023, 6, 9)
PAID = {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "0001234"}
EXACT = {"100": 6, "20": 1, "5角": 1, "0.1": 3}
"""500.00 of change and 120.80."""


def drawer(office: Office, cashier: str = "C01") -> Drawer:
    with office.ledger.store.reading() as session:
        return drawers.load(office.ledger, session, DAY)[cashier]


def count(office: Office, who: str, pieces: dict[str, int], cashier: str = "C01", date: dt.date = DAY) -> Drawer:
    return drawers.count(office.ledger, cashier, pieces, date=date, operator=who, today=DAY)


def seal(office: Office, who: str = "L01") -> Drawer:
    return drawers.seal(office.ledger, "C01", date=DAY, operator=who, today=DAY)


def give(office: Office, who: str = "L01", at: str = "2023-06-12 09:59", **options: Any) -> drawers.HandedOver:
    return drawers.hand_over(
        office.ledger, "C01", date=DAY, operator=who, today=DAY, at=dt.datetime.fromisoformat(at), **options
    )


def bank(office: Office, amount: str = "120.80", cashier: str = "C01", who: str = "C01") -> None:
    office.post(
        who, "cash_deposit",
        {"date": "2023-06-09", "cashier": cashier, "bank": "1002.01", "fund": "水费", "amount": amount, "slip_no": f"JK-{cashier}"},
        today=DAY,
    )  # fmt: skip


def with_policy(office: Office, **policies: Any) -> Office:
    book = office.ledger.book
    return Office(replace(office.ledger, book=replace(book, policies=replace(book.policies, **policies))))


def test_a_day_from_open_to_handed_over(office: Office) -> None:
    """Every state in its order, each following from what was done."""
    states = [drawer(office).state]
    drawers.open_drawer(office.ledger, "C01", date=DAY, operator="C01", today=DAY)
    states.append(drawer(office).state)
    office.post("C01", "cash_receipt", PAID, today=DAY)
    done = count(office, "C01", EXACT)
    assert (done.expected, done.difference, done.counted) == (62080, 0, True)
    states.append(done.state)
    bank(office)
    states.append(drawer(office).state)
    states.append(seal(office).state)
    given = give(office)
    states.append(drawer(office).state)
    assert states == ["idle", "open", "balanced", "deposited", "sealed", "handed_over"]
    with office.ledger.store.reading() as session:
        numbers = {b.number: b.kind for b in approvals.batches(session, 1)}
    assert [numbers[number] for number in given.batches] == ["cash_receipt", "cash_deposit"]
    assert (given.accountant, given.warnings) == ("K01", ())
    with pytest.raises(Refused, match="已于"):
        give(office)


def test_a_short_is_said_row_by_row(office: Office) -> None:
    """Domain E20: 5.00 short on 06-09: the very rows to post; with them the drawer balances."""
    office.post("C01", "cash_receipt", PAID, today=DAY)
    short = count(office, "C01", {**EXACT, "100": 5, "50": 1, "20": 3, "5": 1})
    assert (short.difference, short.state) == (-500, "counted")
    rows = drawers.proposal(short)
    assert rows == [
        {"doc_no": "CD-C01-20230609-1", "date": "2023-06-09", "cashier": "C01", "amount": "-5.00", "step": "found", "original": ""},
        {"doc_no": "CD-C01-20230609-1-DZ", "date": "2023-06-09", "cashier": "C01", "amount": "-5.00", "step": "assigned",
         "original": "CD-C01-20230609-1"},
    ]  # fmt: skip
    with pytest.raises(Refused, match=r"C01 清点短款 5\.00 元,没有登记"):
        close_day(office.ledger, DAY, operator="L01", today=DAY)
    office.post("C01", "cash_difference", {**rows[0], "original": None}, today=DAY)
    assert (drawer(office).difference, drawer(office).unassigned, drawer(office).state) == (0, 500, "counted")
    office.post("C01", "cash_difference", rows[1], today=DAY)
    assert drawer(office).state == "balanced"
    assert drawers.proposal(drawer(office)) == []
    made_good = {**rows[1], "doc_no": "CD-9", "step": "made_good"}
    office.post("C01", "cash_difference", made_good, today=DAY)
    bank(office)
    assert seal(office).state == "sealed"
    assert close_day(office.ledger, DAY, operator="L01", today=DAY).status == "closed"


def test_an_over_waits_for_its_payer(office: Office) -> None:
    """One row, positive; nobody is charged with it."""
    office.post("C01", "cash_receipt", PAID, today=DAY)
    over = count(office, "C01", {**EXACT, "0.5": 1})
    assert [(row["step"], row["amount"]) for row in drawers.proposal(over)] == [("found", "0.50")]


def test_receipts_after_the_count_ask_for_another(office: Office) -> None:
    """The count stands for what was taken up to then."""
    office.post("C01", "cash_receipt", PAID, today=DAY)
    count(office, "C01", EXACT)
    office.post("C01", "cash_receipt", {**PAID, "customer": "R1", "amount": "41.40", "invoice": "0001235"}, today=DAY)
    assert not drawer(office).counted
    bank(office, "162.20")
    with pytest.raises(Refused, match="C01 清点后又有收款,须重新清点"):
        close_day(office.ledger, DAY, operator="L01", today=DAY)
    assert count(office, "C01", {"100": 5}).counted
    assert close_day(office.ledger, DAY, operator="L01", today=DAY).status == "closed"


@pytest.mark.control("C18")
def test_the_seal_is_the_last_word(office: Office) -> None:
    """C18 before the money is banked; the lead's alone; nothing to seal where nothing was taken."""
    with pytest.raises(Refused, match="C01 在 2023-06-09 没有收款"):
        seal(office)
    office.post("C01", "cash_receipt", PAID, today=DAY)
    with pytest.raises(Refused, match="款项未交存银行,不能盖章"):
        seal(office)
    with pytest.raises(Refused, match="未盖章,不能交账"):
        give(office)
    bank(office)
    with pytest.raises(Refused, match="须由"):
        seal(office, "C01")
    assert seal(office).seal is not None
    assert seal(office).state == "sealed"


@pytest.mark.control("C16")
def test_iou_is_no_money(office: Office) -> None:
    """C16: the form knows notes and coins."""
    for wrong in ({"借条": 1}, {"IOU": 1}, {"3": 1}):
        with pytest.raises(Refused, match="不得以白条、借条、单据充抵库存"):
            count(office, "C01", wrong)
    with pytest.raises(Refused, match="张数应为"):
        count(office, "C01", {"100": -1})
    assert drawers.pieces({"100元": 1, "100": 2, "5角": 1, "0.50": 1, "1分": 7}) == {
        **dict.fromkeys(drawers.DENOMINATIONS, 0), "100": 3, "0.5": 2, "0.01": 7,
    }  # fmt: skip


def test_who_counts_what(office: Office) -> None:
    """His own drawer, on a day that is not over yet; the lead every drawer, the accountant none."""
    with pytest.raises(Refused, match="收费员只能录入自己的钱箱"):
        count(office, "C02", EXACT)
    with pytest.raises(Refused, match="须由"):
        count(office, "K01", EXACT)
    with pytest.raises(Refused, match="日期晚于营业日"):
        count(office, "C01", EXACT, date=dt.date(2023, 6, 10))
    close_day(office.ledger, DAY, operator="L01", today=DAY)
    with pytest.raises(Refused, match="期间2023-06-09已结账"):
        count(office, "L01", EXACT)


def test_a_book_may_ask_for_the_count(office: Office) -> None:
    """``drawer_count = required``: a day with takings does not close uncounted; by default it does."""
    office.post("C01", "cash_receipt", PAID, today=DAY)
    bank(office)
    strict = with_policy(office, drawer_count="required")
    with pytest.raises(Refused, match="C01 的钱箱没有清点"):
        close_day(strict.ledger, DAY, operator="L01", today=DAY)
    with pytest.raises(Refused, match="C01 的钱箱没有清点"):
        seal(strict)
    assert close_day(office.ledger, DAY, operator="L01", today=DAY).status == "closed"


def test_blind(office: Office) -> None:
    """The cashier learns what should be there by counting, once; the lead may look and count again."""
    blind = with_policy(office, drawer_blind=True)
    office.post("C01", "cash_receipt", PAID, today=DAY)
    cashier, lead = (blind.appoint("C01", branch="B02"), blind.appoint("L01", branch="B01"))
    assert drawers.hidden(blind.ledger, cashier, drawer(blind))
    assert not drawers.hidden(blind.ledger, lead, drawer(blind))
    assert not drawers.hidden(office.ledger, cashier, drawer(office))
    assert count(blind, "C01", {"100": 6}).difference == -2080
    assert not drawers.hidden(blind.ledger, cashier, drawer(blind))
    with pytest.raises(Refused, match="须由收费班长办理"):
        count(blind, "C01", EXACT)
    assert count(blind, "L01", EXACT).difference == 0


def test_change_of_the_day(office: Office) -> None:
    """C15; the last row of the day is what lies in the drawer."""
    with pytest.raises(Refused, match=r"1,000\.01元超过1000元限额"):
        drawers.open_drawer(office.ledger, "C01", date=DAY, operator="C01", today=DAY, change=100001)
    drawers.open_drawer(office.ledger, "C01", date=DAY, operator="C01", today=DAY)
    assert drawers.open_drawer(office.ledger, "C01", date=DAY, operator="C01", today=DAY).status == "already"
    drawers.open_drawer(office.ledger, "C01", date=DAY, operator="C01", today=DAY, change=60000)
    assert (drawer(office).float, drawer(office, "C02").float) == (60000, 50000)


@pytest.mark.control("C22")
def test_handed_over_by_the_next_working_morning(office: Office) -> None:
    """C22: 06-09 is a Friday, so until Monday 10:00; what was given is late no more."""
    office.post("C01", "cash_receipt", PAID, today=DAY)
    bank(office)
    seal(office)

    def late(at: str) -> list[str]:
        with office.ledger.store.reading() as session:
            return [
                fault.message for fault in drawers.late_batches(office.ledger, session, dt.datetime.fromisoformat(at))
            ]

    mine = {f"批次{n}未交明细账会计" for n in give_numbers(office)}
    assert mine & set(late("2023-06-12 09:59")) == set()
    assert mine <= set(late("2023-06-12 10:00"))
    with pytest.raises(Refused, match="不是明细账会计"):
        give(office, to="W01")
    given = give(office, at="2023-06-12 10:00")
    assert {fault.message for fault in given.warnings} == {f"批次{n}迟交明细账会计" for n in give_numbers(office)}
    assert mine & set(late("2023-06-12 10:00")) == set()


def give_numbers(office: Office) -> list[int]:
    with office.ledger.store.reading() as session:
        return [b.number for b in approvals.batches(session, 1) if b.kind in ("cash_receipt", "cash_deposit")]
