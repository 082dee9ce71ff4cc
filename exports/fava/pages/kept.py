"""Registers that were drawn once for this state of the book.

A sealed book does not change: as long as it has the same seals and rows in its log, a register
asked for the same way is the same. So it is drawn once and leafed through; with the next seal,
statement or match it is drawn anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

MOST = 32
"""So many are kept; the one not asked for longest goes first."""

_kept: OrderedDict[Hashable, object] = OrderedDict()
_lock = Lock()


def keep(key: Hashable, draw: Callable[[], T]) -> T:
    """What ``draw`` gives, or gave for this key."""
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]  # type: ignore[return-value]  # the key says what was drawn
    made = draw()
    with _lock:
        _kept[key] = made
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return made
