"""The reading room (账簿阅览室): one book as everything below shares it.

The Flask application carries it as ``app.config["METERBOOK"]``; who reads stands in
``request.environ[OPERATOR]`` as the id of the operator (empty in a book without operators).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from ledger.accounts import Chart
from ledger.book import Book
from ledger.storage.engine import Store

KEY: Final = "METERBOOK"
"""Where the Flask application keeps its room."""

OPERATOR: Final = "meterbook.operator"
"""Where the WSGI environment says who reads."""

BRANCH: Final = "meterbook.branch"
"""Where it says to which branch he is confined (None: he sees all of them)."""


@dataclass(frozen=True)
class Room:
    """One book, opened for reading. ``language`` is ``zh_CN`` or ``en``, for all who read here."""

    store: Store
    book: Book
    chart: Chart
    book_id: int = 1
    language: str = "zh_CN"


_rooms: dict[str, Room] = {}


def register(room: Room) -> str:
    """Make a room known within this process; gives the key by which files name it (it opens nothing)."""
    key = secrets.token_hex(8)
    _rooms[key] = room
    return key


def room_of(key: str) -> Room | None:
    """The room of a key, if this process has it."""
    return _rooms.get(key)
