"""Issued tables and closed months: no automatic match reaches into them; what is open there is cleared later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from importers.statements.store import import_statement
from ledger import issued
from ledger.accounts import Chart
from ledger.i18n import set_language
from ledger.journal import Ledger
from ledger.reconcile import run as reconcile
from ledger.storage import Store, fact_sql
from tests.ledger.reconcile import june
from tests.ledger.reconcile.small_book import BOOK, BOOK_ID, CUTOVER, open_book, post, post_month

STATEMENTS = Path(__file__).parent / "statements"
ICBC = BOOK.bank("工行0101")
JUNE_1, JULY_1, JULY_5 = date(2023, 6, 1), date(2023, 7, 1), date(2023, 7, 5)
CHEQUE = ("42:1", "25")
"""The cheque of 30 June (its entry in this book) and the bank's line of 3 July."""


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    set_language("zh_CN")
    yield
    set_language("zh_CN")


@pytest.fixture
def june_store(store: Store) -> Store:
    """The book at the end of June, both statements in, not reconciled."""
    open_book(store)
    post_month(store, JUNE_1, june.JUNE)
    bring(store, "202306")
    return store


def bring(store: Store, month: str) -> None:
    with store.writing(BOOK_ID) as session:
        path = STATEMENTS / f"{month}_{ICBC.ascii}.csv"
        import_statement(session, BOOK_ID, ICBC, path, operator="lead", cutover=CUTOVER)


def run(store: Store, month: str = "2023-06") -> reconcile.Summary:
    with store.writing(BOOK_ID) as session:
        return reconcile.run(session, BOOK_ID, BOOK, ICBC, month, operator="lead")


def issue(store: Store, period: str = "2023-06", content: str = "{}") -> None:
    ledger = Ledger(store=store, book_id=BOOK_ID, book=BOOK, chart=Chart.load(BOOK), cutover=CUTOVER)
    with store.writing(BOOK_ID) as session:
        issued.issue(
            session, ledger, code="R14", scope=ICBC.code, period=period, content=content, operator="lead", today=JULY_5
        )


def table(store: Store, day: date = june.JUNE) -> list[tuple[object, ...]]:
    with store.reading() as session:
        return reconcile.table(session, BOOK_ID, BOOK, ICBC, day).rows.rows()


def explained(store: Store, ref: str) -> str:
    with store.reading() as session:
        return reconcile.explain(session, BOOK_ID, BOOK, ref, bank=ICBC)


def test_an_issued_table_is_not_matched_into(june_store: Store) -> None:
    """Issued before anybody reconciled: its pairs stay open, are counted, explained, and may be matched by hand."""
    issue(june_store)
    before = table(june_store)
    summary = run(june_store)
    assert (0, 21) == (summary.new_matches, summary.held)
    assert "21 组相符但在已签发或已结账的期间之内,未自动勾对" in summary.text()
    assert before == table(june_store)
    with june_store.reading() as session:
        loaded = reconcile.load(session, BOOK_ID, ICBC)
    ref = loaded.book_lines.filter(reference="JK-0609")["ref"][0]
    said = explained(june_store, ref)
    assert said.startswith("未自动勾对:与 1 相符,但都在 2023-06-30 已签发或已结账的余额调节表之内")
    set_language("en")
    assert "agrees with 1, but" in explained(june_store, ref)
    with june_store.writing(BOOK_ID) as session:
        reconcile.match_by_hand(session, BOOK_ID, ICBC, [ref, "1"], reason="补勾", operator="lead")
    assert 20 == run(june_store).held


def test_an_open_item_is_cleared_in_the_month_of_the_later_line(june_store: Store) -> None:
    """July's lines meet June's items; June's table as of its day stays what was issued."""
    run(june_store)
    before = table(june_store)
    issue(june_store)
    post_month(june_store, JULY_1, june.JULY)
    bring(june_store, "202307")
    summary = run(june_store, "2023-07")
    assert (5, 0) == (summary.new_matches, summary.held)
    assert before == table(june_store)
    assert [200_00] == summary.adjustment.items["amount"].to_list()


def test_a_voucher_that_came_after_the_table_may_meet_its_item(june_store: Store) -> None:
    """The table of June is to be issued anew in any case: its balance has changed."""
    run(june_store)
    issue(june_store)
    post(
        june_store,
        [(ICBC.code, -15_00, june.JUNE, "bank_charge", "000002328/1", "漏记手续费", "000002328", None)],
    )
    summary = run(june_store)
    assert (1, 0) == (summary.new_matches, summary.held)


def test_a_closed_month_is_not_matched_into_until_it_is_opened_again(june_store: Store) -> None:
    with june_store.writing(BOOK_ID) as session:
        fact_sql.add_period_event(session, BOOK_ID, "2023-06", "", "close", reason="月结", operator="lead")
    before = table(june_store)
    assert (0, 21) == ((closed := run(june_store)).new_matches, closed.held)
    assert before == table(june_store)
    with june_store.writing(BOOK_ID) as session:
        fact_sql.add_period_event(session, BOOK_ID, "2023-06", "", "reopen", reason="漏勾", operator="lead")
    assert (21, 0) == ((opened := run(june_store)).new_matches, opened.held)


def test_a_month_opened_again_frees_its_table(june_store: Store) -> None:
    """An issued table of a period that was opened again is superseded."""
    issue(june_store)
    for action in ("close", "reopen"):
        with june_store.writing(BOOK_ID) as session:
            fact_sql.add_period_event(session, BOOK_ID, "2023-06", "", action, reason="更正", operator="lead")
    assert 21 == run(june_store).new_matches


def test_every_line_is_in_the_currency_of_its_account(june_store: Store) -> None:
    """Vouchers, statement lines, opening items; lines of two currencies do not meet."""
    with june_store.reading() as session:
        loaded = reconcile.load(session, BOOK_ID, ICBC)
    assert {"CNY"} == set(loaded.lines()["currency"])
    assert loaded.book_lines["ref"].str.starts_with("O").any()
