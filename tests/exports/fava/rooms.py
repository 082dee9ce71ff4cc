"""A room on a book, and what a loaded book sums up to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from exports.fava import books, serve
from exports.fava.room import Room, register
from ledger import views

if TYPE_CHECKING:
    from ledger.journal import Ledger


def room_of(ledger: Ledger, language: str = "zh_CN") -> Room:
    return Room(ledger.store, ledger.book, ledger.chart, ledger.book_id, language)


def open_room(ledger: Ledger, folder: Path, language: str = "zh_CN") -> serve.Opened:
    return serve.reading_room(room_of(ledger, language), folder)


def write_view(room: Room, slug: str, folder: Path) -> Path:
    """The file of a book, as the shelf writes it."""
    first, last = books.span(room)
    file = folder / f"{slug}.beancount"
    file.write_text(books.view_text(room, books.parse(room, slug), register(room), first, last), encoding="utf-8")
    return file


def balances(entries: list[Any]) -> dict[str, int]:
    """Account → fen, accounts at zero left out."""
    sums: dict[str, int] = {}
    for entry in entries:
        for posting in getattr(entry, "postings", None) or ():
            sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number * 100)
    return {account: fen for account, fen in sums.items() if fen}


def trial_balance(room: Room) -> dict[str, int]:
    """The same of the ledger itself."""
    _first, last = books.span(room)
    with room.store.reading() as session:
        frame = views.trial_balance(session, room.book_id, last, last).select("account", "closing")
    return {room.chart.beancount(code): fen for code, fen in frame.iter_rows() if fen}
