"""Message files into the book: the asked account's statement, chained ones as one, nothing undated; both engines."""

from __future__ import annotations

from typing import Any

import pytest

from importers.statements.store import Imported, import_statement
from ledger.book import Bank
from ledger.errors import ImportRejected
from ledger.storage import Store
from ledger.storage import bank as sql
from tests.ledger.reconcile.small_book import BOOK, BOOK_ID, CUTOVER, open_book

BOC, ICBC = BOOK.bank("中行0202"), BOOK.bank("工行0101")


@pytest.fixture
def book(store: Store) -> Store:
    open_book(store)
    return store


def bring(store: Store, content: str, bank: Bank = BOC, **options: Any) -> Imported:
    with store.writing(BOOK_ID) as session:
        return import_statement(
            session, BOOK_ID, bank, content.encode(), operator="lead", cutover=CUTOVER, name="x", **options
        )


def refused(store: Store, content: str, **options: Any) -> str:
    with pytest.raises(ImportRejected) as error:
        bring(store, content, **options)
    with store.reading() as session:
        assert sql.bank_lines(session, BOOK_ID, BOC.code).is_empty()
    return str(error.value)


def swift(number: str, opening: str, closing: str, *entries: str, day: str = "230605") -> str:
    rows = [f":20:X\n:25:BANK/{number}\n:28C:1/1\n:60F:C230531CNY{opening}", *(f":61:{entry}" for entry in entries)]
    return "\n".join([*rows, f":62F:C{day}CNY{closing}\n-\n"])


FIRST = swift(BOC.number, "3000,00", "3050,00", "230605C50,00NTRFNONREF//B1")
SECOND = swift(BOC.number, "3050,00", "3045,00", "230606D5,00NTRFNONREF//B2", day="230606")
OTHER = swift(ICBC.number, "10000,00", "10007,00", "230605C7,00NTRFNONREF")


def ofx(balance: str, posted: str = "20230605", currency: str = "CNY") -> str:
    return (
        f"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}<BANKACCTFROM><ACCTID>{BOC.number}</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20230601<DTEND>20230630<STMTTRN><DTPOSTED>{posted}<TRNAMT>50.00<FITID>1</STMTTRN>"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{balance}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def test_days_of_one_account_come_in_as_one_statement(book: Store) -> None:
    made = bring(book, FIRST + OTHER + SECOND)
    assert (3000_00, 3045_00, 2) == (made.opening, made.closing, made.new_lines)
    assert bring(book, FIRST + OTHER + SECOND).already


def test_one_file_serves_each_of_its_accounts(book: Store) -> None:
    assert 1 == bring(book, FIRST + OTHER).new_lines
    assert (10007_00, 1) == ((made := bring(book, FIRST + OTHER, ICBC)).closing, made.new_lines)


def test_statements_that_do_not_chain_are_listed(book: Store) -> None:
    message = refused(book, SECOND + FIRST)
    assert "2 份对账单" in message
    assert "3,045.00" in message


def test_account_that_is_not_in_the_file(book: Store) -> None:
    assert ICBC.number in refused(book, OTHER)


def test_closing_alone_is_set_against_the_chain(book: Store) -> None:
    """OFX states no opening: what the last statement left and the lines must give its balance."""
    assert "0.01" in refused(book, ofx("3050.01"))
    assert 3050_00 == bring(book, ofx("3050.00")).closing


def test_undated_lines_never_come_in(book: Store) -> None:
    assert "日期" in refused(book, ofx("3050.00", posted="20230230"))
    assert "日期" in refused(book, ofx("3050.00", posted=""), accept_differences=True)


def test_other_currency(book: Store) -> None:
    assert "USD" in refused(book, ofx("3050.00", currency="USD"), accept_differences=True)
    text = "!Account\nNMine\n$3050\n^\n!Type:Bank\nD2023-06-05\nT50\nPfrom a USD account\n^\n"
    assert "USD" in refused(book, text)
    assert 1 == bring(book, text, accept_differences=True).new_lines
