"""The month as other programs read it: bean-check silent, Fava opens, every balance the database's."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from exports import beancount, ledger_cli
from ledger import views
from tests.exports.test_ledger_cli import balances
from tests.month.conftest import Book

loader = pytest.importorskip("beancount.loader")


def trial_balance(book: Book) -> dict[str, int]:
    """Every account that is not zero, by its beancount name, fen."""
    with book.ledger.store.reading() as session:
        day = dt.date(2023, 7, 31)
        frame = views.trial_balance(session, 1, day, day)
    return {
        book.ledger.chart.beancount(code): amount
        for code, amount in frame.select("account", "closing").iter_rows()
        if amount
    }


def test_bean_check_finds_nothing_and_agrees(july: Book, tmp_path: Path) -> None:
    """The files of May to July load without an error and sum to the trial balance."""
    with july.ledger.store.reading() as session:
        done = beancount.export(session, july.ledger.book, july.ledger.chart, tmp_path)
    assert [path.name for path in done.months] == ["2023-05.beancount", "2023-06.beancount", "2023-07.beancount"]
    entries, errors, _options = loader.load_file(str(done.main))
    assert errors == []
    sums: dict[str, int] = {}
    for entry in entries:
        for posting in getattr(entry, "postings", None) or ():
            sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number * 100)
    assert {name: amount for name, amount in sums.items() if amount} == trial_balance(july)


def test_fava_opens_the_month(july: Book, tmp_path: Path) -> None:
    """No book of it has an error, and every one sums to the trial balance."""
    serve = pytest.importorskip("exports.fava.serve")
    room = pytest.importorskip("exports.fava.room")
    opened = serve.reading_room(room.Room(july.ledger.store, july.ledger.book, july.ledger.chart), tmp_path)
    client = opened.app.test_client()
    page = client.get("/", follow_redirects=True)
    assert (page.status_code, page.request.path) == (200, "/overview/income_statement/")
    for slug in ("overview", "2023-07", "b01-2023-07", "b02-2023-06"):
        assert client.get(f"/{slug}/api/errors").get_json()["data"] == []
        sums: dict[str, int] = {}
        for entry in opened.shelf[slug].all_entries_by_type.Transaction:
            for posting in entry.postings:
                sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number * 100)
        assert {name: amount for name, amount in sums.items() if amount} == trial_balance(july)


@pytest.mark.skipif(shutil.which("ledger") is None, reason="ledger-cli NOT TESTED: `ledger` is not installed")
def test_ledger_cli_agrees(july: Book, tmp_path: Path) -> None:
    """The same balances by an independent program."""
    with july.ledger.store.reading() as session:
        main = ledger_cli.export(session, july.ledger.book, july.ledger.chart, tmp_path)
    program = shutil.which("ledger")
    assert program is not None
    assert balances(program, main) == trial_balance(july)
