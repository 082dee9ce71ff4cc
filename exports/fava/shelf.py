"""The shelf (书架): the books of a room by their names, loaded when somebody opens one.

It stands where Fava keeps its own ledgers (``app.config["LEDGERS"]``), and answers what
Fava asks there: ``[slug]``, ``first_slug()``, ``items()``, ``ledgers``, ``ledgers_by_slug``. Of
the books only the last ones used stay in memory; one is read again when the ledger has
grown, at most once a minute.
"""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections import OrderedDict
from collections.abc import ItemsView, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import SimpleNamespace
from typing import Any, Final

from fava.core import FavaLedger
from flask import has_request_context, request

from exports.fava import books, room
from exports.fava.books import OVERVIEW, View
from exports.fava.room import BRANCH, Room
from ledger import views

KEPT: Final = 8
"""Books in memory at a time: about 2 kB an entry, 20 MB a full one."""

FRESH_SECONDS: Final = 60
"""For so long a book is shown as it was read: a busy counter would make every reader wait."""

LISTED_MONTHS: Final = 6
"""Months in the list under the title; all of them are on the page that chooses."""


@dataclass(slots=True)
class _Held:
    ledger: FavaLedger
    file: Path
    seals: int
    asked: float


class Shelf:
    """Books of one room; ``folder`` is where their files lie."""

    def __init__(self, of: Room, folder: Path) -> None:
        self.room = of
        self.folder = folder
        self._key = room.register(of)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = RLock()
        self._span: tuple[float, tuple[dt.date, dt.date]] = (float("-inf"), (dt.date.min, dt.date.min))

    # -- what Fava asks ----------------------------------------------------------------------

    def __getitem__(self, slug: str) -> FavaLedger:
        """The book of a name, loaded.

        Raises:
            KeyError: there is none, or not for who asks (Fava answers 404).
        """
        view = self.find(slug, own_branch())
        with self._lock:
            held = self._held.get(slug)
            if held is None:
                held = self._held[slug] = self._load(view)
            elif time.monotonic() - held.asked > FRESH_SECONDS:
                self._refresh(held)
            self._held.move_to_end(slug)
            while len(self._held) > KEPT:
                self._held.popitem(last=False)
            return held.ledger

    def forget(self, slug: str) -> None:
        """Put a book back; whoever opens it next reads it anew."""
        with self._lock:
            self._held.pop(slug, None)

    def first_slug(self) -> str:
        """The book to begin with: the overview, or the newest month of the reader's branch."""
        return next(iter(self.views())).slug

    def items(self) -> ItemsView[str, Any]:
        """Names and titles for the list under the title; nothing is loaded for it."""
        listed = {}
        newest: set[dt.date] = set()
        for view in self.views():
            if view.month:
                newest.add(view.month)
            if len(newest) > LISTED_MONTHS:
                break
            listed[view.slug] = SimpleNamespace(options={"title": view.short(self.room)})
        return listed.items()

    @property
    def ledgers(self) -> list[FavaLedger]:
        """The books in memory."""
        return [held.ledger for held in self._held.values()]

    @property
    def ledgers_by_slug(self) -> dict[str, FavaLedger]:
        """The same by their names."""
        return {slug: held.ledger for slug, held in self._held.items()}

    # -- which books there are -----------------------------------------------------------------

    def views(self) -> Iterator[View]:
        """Every book that who asks may open, the newest month first."""
        own = own_branch()
        first, last = self._known_span()
        if own is None:
            yield View(OVERVIEW)
        branches = [None, *(b.code for b in self.room.book.branches)] if own is None else [own]
        for month in sorted(books.months_of(first, last), reverse=True):
            for branch in branches:
                yield View(books.slug_of(month, branch), month, branch)

    def knows(self, slug: str, own: str | None) -> bool:
        """Whether there is a book of that name for who is confined to ``own`` (None: to no branch)."""
        try:
            self.find(slug, own)
        except KeyError:
            return False
        return True

    def find(self, slug: str, own: str | None) -> View:
        """The book of a name.

        Raises:
            KeyError: no month of the journal, no branch, or not his.
        """
        view = books.parse(self.room, slug)
        if own is not None and view.branch != own:
            raise KeyError(slug)
        first, last = self._known_span()
        if view.month is not None and not first.replace(day=1) <= view.month <= last:
            raise KeyError(slug)
        return view

    def _known_span(self) -> tuple[dt.date, dt.date]:
        at, known = self._span
        if time.monotonic() - at > FRESH_SECONDS:
            known = books.span(self.room)
            self._span = (time.monotonic(), known)
        return known

    # -- loading ---------------------------------------------------------------------------------

    def _load(self, view: View) -> _Held:
        file = self.folder / f"{view.slug}.beancount"
        first, last = self._known_span()
        seals = self._seals()
        file.write_text(books.view_text(self.room, view, self._key, first, last), encoding="utf-8", newline="\n")
        with _unswept():
            ledger = FavaLedger(str(file), poll_watcher=True)
        return _Held(ledger, file, seals, time.monotonic())

    def _refresh(self, held: _Held) -> None:
        """Read it again if anything was posted since; the browser is told that it changed."""
        seals = self._seals()
        if seals != held.seals:
            held.seals = seals
            held.file.touch()
            with _unswept():
                held.ledger.changed()
        held.asked = time.monotonic()

    def _seals(self) -> int:
        with self.room.store.reading() as session:
            return views.seals(session, self.room.book_id)


@contextmanager
def _unswept() -> Iterator[None]:
    """Loading makes objects that all stay: looking for garbage among them costs a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def own_branch() -> str | None:
    """The branch that who asks is confined to, if any."""
    return request.environ.get(BRANCH) if has_request_context() else None
