"""What is reconciled besides the bank, in the acceptance month: the same core, and each ties to its account."""

from __future__ import annotations

import datetime as dt

import pytest

from ledger.money import parse_fen
from ledger.reconcile.clearing import CLEARINGS, Cleared, cleared
from tests.month.conftest import Book

JUNE = (dt.date(2023, 6, 1), dt.date(2023, 6, 30))
JULY = (dt.date(2023, 7, 1), dt.date(2023, 7, 31))


def sides(book: Book, name: str, span: tuple[dt.date, dt.date]) -> Cleared:
    """What came of two sides in a span."""
    ledger = book.ledger
    with ledger.store.reading() as session:
        return cleared(session, ledger.book_id, ledger.book, ledger.chart, name, *span)


def stages(one: Cleared) -> dict[str, int]:
    """How many matches each stage made."""
    return dict(one.matching.matches.group_by("stage").len().rows())


def test_head_office(june: Book) -> None:
    """R12: nine transfers receipted, that of May by two receipts; the interest of 12.34 has none yet."""
    found = sides(june, "head_office", JUNE)
    assert stages(found) == {"reference": 8, "group": 1}
    [line] = found.open_lines("left").to_dicts()
    assert (line["amount"], line["currency"], line["date"]) == (1234, "银行存款利息", dt.date(2023, 6, 29))
    assert found.why("left", line["ref"]) == "未勾对:收款收据没有金额 12.34 的未达流水"
    assert (found.open_right, found.difference, found.balance) == (0, 1234, 1234)


def test_direct_debits(june: Book) -> None:
    """R20: the slip of June waits for its list."""
    found = sides(june, "debits", JUNE)
    assert (found.open_left, found.open_right, found.balance) == (0, 6555, -6555)


def test_collections(june: Book) -> None:
    """R19: each bill sent was answered."""
    found = sides(june, "collections", JUNE)
    assert (stages(found), found.difference, found.balance) == ({"party": 2}, 0, None)


def test_wallets_and_deposits(june: Book) -> None:
    """A day's scans meet their settlement; every fund of a drawer meets its slip, and the change stays out of it."""
    wallets, deposits = sides(june, "wallets", JUNE), sides(june, "deposits", JUNE)
    assert (stages(wallets), wallets.difference, wallets.balance) == ({"reference": 1}, 0, 0)
    assert (stages(deposits), deposits.difference, deposits.balance) == ({"party": 9}, 0, 0)


def test_july_closes_what_june_left(july: Book) -> None:
    """The late receipt meets the transfer carried over, the list meets its slip."""
    assert stages(sides(july, "head_office", JULY)) == {"reference": 1}
    assert stages(sides(july, "debits", JULY)) == {"reference": 1}
    assert [sides(july, one.name, JULY).difference for one in CLEARINGS] == [0] * len(CLEARINGS)


@pytest.mark.parametrize(("name", "code", "sign"), [("head_office", "R12", 1), ("debits", "R20", -1)])
def test_the_registers_say_the_same(june: Book, name: str, code: str, sign: int) -> None:
    """The difference of the form is what the core leaves open (R20 counts from the slip's side)."""
    told = sum(parse_fen(row["difference"] or "0") for row in june.report(code, month="2023-06")["rows"])
    assert told == sign * sides(june, name, JUNE).difference != 0


def test_ties_on_every_day(june: Book) -> None:
    """Whatever the span, what is open is the balance of the account."""
    for day in range(1, 31, 4):
        for one in CLEARINGS:
            found = sides(june, one.name, (JUNE[0], dt.date(2023, 6, day)))
            assert found.balance is None or found.difference == found.balance, (one.name, day)
