"""Books by their names, and the shelf that stands where Fava keeps its ledgers."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("fava")

from fava import application, internal_api
from fava.core import FavaLedger

from exports.fava import books, shelf
from exports.fava.room import Room, register
from exports.fava.shelf import Shelf
from tests.exports.fava.rooms import balances, room_of, trial_balance
from tests.month.conftest import fresh as fresh

if TYPE_CHECKING:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store
    from tests.month.conftest import Book as Month


@pytest.fixture
def room(june_store: Store, book: Book, chart: Chart) -> Room:
    return Room(june_store, book, chart)


@pytest.fixture
def of_june(room: Room, tmp_path: Path) -> Shelf:
    return Shelf(room, tmp_path)


# -- names -------------------------------------------------------------------------------------


def test_the_names_of_books_are_ascii_and_lead_back(room: Room, of_june: Shelf) -> None:
    """overview, then the newest month first: all branches, each branch."""
    found = [view.slug for view in of_june.views()]
    assert found == [
        "overview", "2023-06", "b01-2023-06", "b02-2023-06", "b03-2023-06", "2023-05", "b01-2023-05", "b02-2023-05", "b03-2023-05",
    ]  # fmt: skip
    assert [books.parse(room, slug) for slug in found] == list(of_june.views())


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "Overview",
        "2023",
        "2023-13",
        "2023-6",
        "b09-2023-06",
        "B01-2023-06",
        "../2023-06",
        "b01-２０２３-06",
        "b01--2023-06",
    ],
)
def test_other_names_are_none(room: Room, of_june: Shelf, slug: str) -> None:
    with pytest.raises(KeyError):
        books.parse(room, slug)
    assert not of_june.knows(slug, None)


def test_months_without_a_day_of_the_journal_have_no_book(of_june: Shelf) -> None:
    assert [of_june.knows(slug, None) for slug in ("2023-04", "2023-05", "2023-06", "2023-07")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_branch_has_its_own(of_june: Shelf) -> None:
    assert of_june.knows("b01-2023-06", "B01")
    assert [of_june.knows(slug, "B01") for slug in ("overview", "2023-06", "b02-2023-06")] == [False] * 3


def test_a_branch_whose_code_is_no_ascii(room: Room) -> None:
    slug = books.slug_of(dt.date(2023, 6, 1), "城南")
    assert slug == "e59f8ee58d97-2023-06"
    assert slug.isascii()


def test_the_file_of_a_book_is_short_and_names_the_pages(room: Room) -> None:
    first, last = books.span(room)
    text = books.view_text(room, books.parse(room, "b01-2023-06"), register(room), first, last)
    assert len(text) < 1_000
    assert 'custom "fava-extension" "exports.fava.pages" "{}"' in text
    assert '"default-page" "income_statement/?time=2023-06"' in text
    assert room.store.url not in text


# -- the shelf ---------------------------------------------------------------------------------


def test_the_shelf_answers_what_fava_asks_of_its_own() -> None:
    """The contract with a private class of Fava: whatever a later version asks is missed here first."""
    asked = {name for name in vars(application._LedgerSlugLoader) if not name.startswith("_")}
    assert asked == {"first_slug", "items", "ledgers", "ledgers_by_slug"}
    assert asked | {"__getitem__"} <= set(dir(Shelf))
    used = inspect.getsource(application) + inspect.getsource(internal_api)
    assert 'config["LEDGERS"] = _LedgerSlugLoader(' in used
    for use in ("ledgers.first_slug()", "ledgers[g.beancount_file_slug]", 'config["LEDGERS"].items()'):
        assert use in used


def test_it_loads_a_book_when_it_is_asked_for_and_keeps_it(of_june: Shelf, room: Room) -> None:
    assert of_june.ledgers == []
    first = of_june["b01-2023-06"]
    assert isinstance(first, FavaLedger)
    assert of_june["b01-2023-06"] is first
    assert of_june.ledgers_by_slug == {"b01-2023-06": first}
    assert balances(list(first.all_entries)) == trial_balance(room)
    with pytest.raises(KeyError):
        of_june["b01-2023-07"]


def test_it_keeps_the_last_ones(of_june: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "KEPT", 2)
    first = of_june["overview"]
    _second, _again, _third = of_june["2023-06"], of_june["overview"], of_june["2023-05"]
    assert list(of_june.ledgers_by_slug) == ["overview", "2023-05"]
    assert of_june["overview"] is first


def test_its_list_loads_nothing(of_june: Shelf) -> None:
    titles = {slug: held.options["title"] for slug, held in of_june.items()}
    assert titles["overview"] == "总账"
    assert titles["b02-2023-06"] == "城西 2023-06"
    assert of_june.ledgers == []
    assert of_june.first_slug() == "overview"


def test_a_book_is_read_again_when_the_ledger_has_grown(
    fresh: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once, a minute is allowed; nothing is read again where nothing was posted."""
    fresh.post_until("0605")
    made = Shelf(room_of(fresh.ledger), tmp_path)
    book = made["overview"]
    before = balances(list(book.all_entries))
    fresh.post_until("0608-01")
    assert made["overview"] is book
    assert balances(list(book.all_entries)) == before
    monkeypatch.setattr(shelf, "FRESH_SECONDS", -1)
    assert made["overview"] is book
    assert balances(list(book.all_entries)) == trial_balance(made.room) != before
    entries = book.all_entries
    assert made["overview"].all_entries is entries
