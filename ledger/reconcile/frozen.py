"""What an automatic match may not touch: closed periods, and what an issued table lists as open.

Two lines that are both open in an issued R14 cannot both leave it without changing what it says
as of its day; lines that are both of a closed month neither. An open item that meets a later
line is cleared in the month of that line, and the issued table stays as it is. People may
still match by hand (and what they undo is flagged, ``patterns.py``), or issue the month anew.
Source: ``reconciliation.md`` §8 (c), (f); domain C30, C49.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from ledger import issued
from ledger.book import Bank, Book
from ledger.calendar import Calendar
from ledger.i18n import _
from ledger.reconcile.loaded import load
from ledger.storage import journal_sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """``closed``: the last day of the closed periods; ``listed``: ``(side, ref)`` open in the issued table of
    ``issued``, its cut-off."""

    closed: date | None = None
    issued: date | None = None
    listed: frozenset[tuple[str, str]] = frozenset()


def frozen(session: Session, book_id: int, book: Book, bank: Bank) -> Frozen:
    """What is frozen of an account now.

    The latest issued table in force counts for all before it: what they list and nobody has
    matched since is listed there too. A period opened again frees its table and all it holds.
    """
    closed = [month for month, branch in journal_sql.closed_periods(session, book_id) if branch in ("", bank.branch)]
    tables = [one for one in issued.issues(session, book_id, code="R14", scope=bank.code) if not one.superseded]
    last = max(tables, key=lambda one: one.period, default=None)
    drawn = None if last is None else _end(last.period)
    listed = frozenset[tuple[str, str]]()
    if last is not None and drawn is not None:
        items = load(session, book_id, bank, drawn, known_at=last.recorded_at).adjusted(book, drawn).items
        listed = frozenset(items.select(pl.col("category").str.slice(0, 4), "ref").rows())
    return Frozen(closed=_end(max(closed)) if closed else None, issued=drawn, listed=listed)


def held_text(line: Mapping[str, Any], side: str, held: pl.DataFrame, kept: Frozen) -> str:
    """Why a line stays open whose partner is known (``match.HELD``): one sentence, empty where it is not for this."""
    own = held.filter(pl.col("side") == side, pl.col("ref") == line["ref"])
    if own.is_empty():
        return ""
    others = held.filter(pl.col("held") == own["held"][0]).filter(
        (pl.col("side") != side) | (pl.col("ref") != line["ref"])
    )
    days = [day for day in (kept.closed, kept.issued) if day is not None]
    return _("未自动勾对:与 {refs} 相符,但都在 {day} 已签发或已结账的余额调节表之内;可人工勾对,或重新签发").format(
        refs="、".join(others["ref"].to_list()[:5]), day=max(days)
    )


def _end(month: str) -> date:
    return Calendar.month_end(date.fromisoformat(f"{month}-01"))
