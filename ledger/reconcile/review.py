"""The outstanding items of an account as a person works through them: candidates, patterns, follow-up.

Reading gives what is shown; each act (accept, dismiss, follow up) is a fact of its own, inside
a transaction of its own, so that a review may stop at any moment and lose nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ledger import followups
from ledger.book import Bank, Book
from ledger.errors import Refused
from ledger.facts import Fact
from ledger.followups import FollowUp, Item
from ledger.i18n import _
from ledger.operators import staff
from ledger.reconcile import dismissals
from ledger.reconcile.chain import drawn
from ledger.reconcile.elsewhere import OPEN, open_at
from ledger.reconcile.kinds import load_defaults
from ledger.reconcile.loaded import Loaded, load
from ledger.reconcile.patterns import pattern_text, patterns
from ledger.reconcile.proposals import propose
from ledger.reconcile.run import line_of
from ledger.storage import bank as sql
from ledger.storage.engine import Session

CANDIDATES = 5
"""So many candidates of a line are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Lines that may belong to an item: with it they are ``refs``. ``difference`` fen, 0 where they may be accepted."""

    book_refs: tuple[str, ...]
    bank_refs: tuple[str, ...]
    difference: int
    days: int
    solutions: int
    reasons: tuple[str, ...]
    others: tuple[dict[str, Any], ...]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """``(side, ref)`` of all its lines."""
        return [*(("book", ref) for ref in self.book_refs), *(("bank", ref) for ref in self.bank_refs)]

    @property
    def refs(self) -> list[str]:
        """The refs of both sides, as commands take them."""
        return [*self.book_refs, *self.bank_refs]

    def why(self) -> str:
        """What speaks for it."""
        words = "、".join(reason_words(reason) for reason in self.reasons)
        return words + (_(";不止一种组合") if self.solutions > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One outstanding item (a row of R14, ``item``) with its candidates, the best first."""

    side: str
    item: Mapping[str, Any]
    candidates: tuple[Candidate, ...]

    @property
    def ref(self) -> str:
        """The line's own name."""
        return str(self.item["ref"])


def reason_words(reason: str) -> str:
    """What speaks for a candidate, in people's words."""
    return {
        "number": _("单据号相同"),
        "near_number": _("单据号相近"),
        "amount": _("金额相同"),
        "party": _("对方相同"),
        "cut_party": _("对方只写了一半"),
        "near_date": _("日期相近"),
        "transposed": _("像是数字颠倒"),
    }.get(reason, reason)


def queue(session: Session, book_id: int, book: Book, bank: Bank, cutoff: dt.date) -> list[Open]:
    """What is open at the cut-off in the order of the form, each with its candidates that are not dismissed."""
    loaded = load(session, book_id, bank, cutoff)
    items = loaded.adjusted(book, cutoff).items
    found = dismissals.without_dismissed(
        propose(loaded.open_lines("book"), loaded.open_lines("bank")), dismissals.dismissed(session, book_id, bank.code)
    ).to_dicts()
    lines = {(row["side"], row["ref"]): row for row in loaded.lines().iter_rows(named=True)}
    of_line: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found:
        for side in ("book", "bank"):
            for ref in row[f"{side}_refs"]:
                of_line.setdefault((side, ref), []).append(row)
    waiting = []
    for item in items.iter_rows(named=True):
        side = item["category"][:4]
        rows = sorted(
            of_line.get((side, item["ref"]), []), key=lambda row: (row["difference"] != 0, -row["points"], row["rank"])
        )
        waiting.append(
            Open(
                side=side,
                item=item,
                candidates=tuple(_candidate(row, (side, item["ref"]), lines) for row in rows[:CANDIDATES]),
            )
        )
    return waiting


def _candidate(row: dict[str, Any], own: tuple[str, str], lines: dict[tuple[str, str], dict[str, Any]]) -> Candidate:
    members = [*(("book", ref) for ref in row["book_refs"]), *(("bank", ref) for ref in row["bank_refs"])]
    return Candidate(
        book_refs=tuple(row["book_refs"]),
        bank_refs=tuple(row["bank_refs"]),
        difference=row["difference"],
        days=row["days"],
        solutions=row["solutions"],
        reasons=tuple(row["reasons"]),
        others=tuple(lines[member] for member in members if member != own and member in lines),
    )


# -- acts ----------------------------------------------------------------------------------------


def dismiss(
    session: Session, book_id: int, bank: Bank, refs: Sequence[str], *, reason: str, operator: str, today: dt.date
) -> int:
    """These lines do not belong together; gives the dismissal's number.

    Raises:
        Refused: who asks may not reconcile; see ``dismissals.dismiss``.
        NotFound: a line does not exist.
    """
    person = staff(session, book_id).require(operator, "reconcile").id
    loaded = load(session, book_id, bank)
    lines = [line_of(loaded, ref)[:2] for ref in refs]
    return dismissals.dismiss(session, book_id, bank.code, lines, reason=reason, operator=person, today=today)


def undismiss(session: Session, book_id: int, number: int, *, reason: str, operator: str, today: dt.date) -> int:
    """Take a dismissal back; see ``dismissals.undo``."""
    person = staff(session, book_id).require(operator, "reconcile").id
    return dismissals.undo(session, book_id, number, reason=reason, operator=person, today=today)


def follow_up(
    session: Session,
    book_id: int,
    bank: Bank,
    ref: str,
    *,
    enquiry: str = "",
    answer: str = "",
    next_date: dt.date | None = None,
    owner: str = "",
    operator: str,
    today: dt.date,
) -> Fact:
    """Append to the follow-up log of an outstanding line.

    Raises:
        Refused: the line is matched; see ``followups.follow_up``.
        NotFound: the account has no such line.
    """
    person = staff(session, book_id).require(operator, "reconcile").id
    side, name, _amount = line_of(load(session, book_id, bank), ref)
    if sql.matched_among(session, book_id, bank.code, [(side, name)]):
        raise Refused(_("{ref} 已勾对,不再跟进").format(ref=name))
    return followups.follow_up(
        session, book_id, (bank.code, side, name), enquiry=enquiry, answer=answer, next_date=next_date, owner=owner,
        operator=person, today=today,
    )  # fmt: skip


# -- what is known of the items ---------------------------------------------------------------------


def seen_patterns(
    session: Session,
    book_id: int,
    bank: Bank,
    loaded: Loaded,
    items: pl.DataFrame,
    cutoff: dt.date,
    *,
    known_at: str | None = None,
    elsewhere: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The patterns of an account at a cut-off (``patterns.PATTERNS``); ``items`` are the open ones of its table,
    ``elsewhere`` those of the other accounts (``elsewhere.OPEN``)."""
    return patterns(
        loaded.lines(),
        items.select(pl.col("category").str.slice(0, 4).alias("side"), "ref"),
        loaded.items,
        loaded.matches,
        sql.undone_items(session, book_id, bank.code, known_at),
        cutoff,
        drawn(session, book_id, bank, known_at),
        elsewhere,
    )


def outstanding(
    session: Session, book_id: int, book: Book, as_of: dt.date, bank: Bank | None = None, *, known_at: str | None = None
) -> list[dict[str, Any]]:
    """The open items with all that is known of them: R14's columns and ``bank, amount_band, patterns`` (texts),
    ``follow_up`` (:class:`~ledger.followups.FollowUp`)."""
    said = followups.latest(followups.log(session, book_id, known_at=known_at))
    opened = {one.code: open_at(session, book_id, book, one, as_of, known_at) for one in book.banks}
    rows: list[dict[str, Any]] = []
    for one in [bank] if bank else book.banks:
        loaded = load(session, book_id, one, as_of, known_at=known_at)
        others = pl.concat([pl.DataFrame(schema=OPEN), *(own for code, own in opened.items() if code != one.code)])
        rows += items_of(session, book_id, book, as_of, one, loaded, said, known_at=known_at, elsewhere=others)
    return rows


def items_of(
    session: Session,
    book_id: int,
    book: Book,
    as_of: dt.date,
    bank: Bank,
    loaded: Loaded,
    said: Mapping[Item, FollowUp],
    *,
    known_at: str | None = None,
    elsewhere: pl.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """:func:`outstanding` of an account that is loaded; ``said``: the last word about each item, ``elsewhere`` as there."""
    items = loaded.adjusted(book, as_of).items.sort("date", "ref")
    seen = seen_patterns(session, book_id, bank, loaded, items, as_of, known_at=known_at, elsewhere=elsewhere)
    told: dict[tuple[str, str], list[str]] = {}
    for row in seen.iter_rows(named=True):
        told.setdefault((row["side"], row["ref"]), []).append(pattern_text(row["pattern"], row["number"], row["other"]))
    banded = items.with_columns(load_defaults().amount_band(pl.col("amount")).alias("amount_band"))
    return [
        {
            **item, "bank": bank.code, "patterns": told.get((item["category"][:4], item["ref"]), []),
            "follow_up": said.get(item_of(bank.code, item), FollowUp()),
        }
        for item in banded.iter_rows(named=True)
    ]  # fmt: skip


def item_of(bank: str, item: Mapping[str, Any]) -> Item:
    """The name of an outstanding item in the follow-up log: an item of the bank's has the bank's line."""
    return bank, str(item["category"])[:4], str(item["ref"])
