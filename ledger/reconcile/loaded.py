"""One bank account as the book knows it: lines, matches, words; now or at a past moment.

Two times rule a table: up to which day its lines are (``until``, the cut-off), and what
was recorded by when (``known_at``). With both given it comes out the same for ever,
whatever is imported, matched, undone or noted later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from ledger.book import Bank, Book
from ledger.reconcile.adjustment import Adjustment, Bands, adjustment_table
from ledger.reconcile.kinds import load_defaults
from ledger.reconcile.lines import bank_side, book_side, fee_lines
from ledger.reconcile.opening import bank_opening, opening_lines
from ledger.storage import bank as sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One account up to a day: all lines of both sides, the matches that hold, what people said.

    ``statements``: its imports (``to_date``, ``difference``). ``bank_opening``: what the bank
    stated at cut-over, fen.
    """

    book_lines: pl.DataFrame
    bank_lines: pl.DataFrame
    matches: pl.DataFrame
    items: pl.DataFrame
    notes: pl.DataFrame
    statements: pl.DataFrame
    book_opening: int
    bank_opening: int
    covered_to: date | None

    def open_lines(self, side: str) -> pl.DataFrame:
        """The lines of a side that stand in no match."""
        lines = self.book_lines if side == "book" else self.bank_lines
        return lines.join(self.items.filter(pl.col("side") == side), on="ref", how="anti", maintain_order="left")

    def open_both(self) -> pl.DataFrame:
        """The same of both sides, ``side, ref, date, amount``."""
        return pl.concat(
            [
                self.open_lines(side).select(pl.lit(side).alias("side"), "ref", "date", "amount")
                for side in ("book", "bank")
            ]
        )

    def lines(self) -> pl.DataFrame:
        """``frames.LINES`` of both sides, with ``side``."""
        return pl.concat(
            [
                lines.with_columns(pl.lit(side).alias("side"))
                for side, lines in (("book", self.book_lines), ("bank", self.bank_lines))
            ]
        )

    def amounts(self) -> pl.DataFrame:
        """``side, ref, date, amount`` of every line."""
        return self.lines().select("side", "ref", "date", "amount")

    def adjusted(self, book: Book, cutoff: date) -> Adjustment:
        """R14 as of a day up to the one that was loaded."""
        within = self.statements.filter(pl.col("to_date") <= cutoff)
        return adjustment_table(
            self.book_lines,
            self.bank_lines,
            self.items,
            self.notes,
            cutoff,
            book_opening=self.book_opening,
            bank_opening=self.bank_opening + int(within["difference"].sum()),
            bands=bands_of(book),
        )


def load(
    session: Session, book_id: int, bank: Bank, until: date | None = None, *, known_at: str | None = None
) -> Loaded:
    """Everything the pure parts need, from one snapshot.

    ``until`` leaves later lines unread; ``known_at`` whatever was recorded after that instant.
    """
    opened_book, opened_bank = opening_lines(session, book_id, bank.code, known_at)
    book_rows = sql.book_lines(session, book_id, bank.code, until, known_at)
    bank_rows = sql.bank_lines(session, book_id, bank.code, until, known_at=known_at)
    statements = sql.statements(session, book_id, bank.code, known_at)
    opening = bank_opening(session, book_id, bank.code, known_at)
    if opening is None:
        opening = int(statements["opening"][0]) if statements.height else 0
    book_lines = pl.concat([opened_book, book_side(book_rows, sql.facts(session, book_id, "customers", known_at))])
    bank_lines = pl.concat([opened_bank, bank_side(bank_rows)])
    matches = sql.active_matches(session, book_id, bank.code, known_at)
    items = sql.active_items(session, book_id, bank.code, known_at)
    covered = statements["to_date"].max()
    bank_lines = pl.concat([bank_lines, fee_lines(matches, items, book_lines, bank_lines)])
    # a voucher is in its account's currency, and a statement of another one is not imported for it
    own = pl.col("currency").fill_null(bank.currency)
    return Loaded(
        book_lines=book_lines.with_columns(own),
        bank_lines=bank_lines.with_columns(own),
        matches=matches,
        items=items,
        notes=sql.notes(session, book_id, bank.code, known_at),
        statements=statements,
        book_opening=sql.book_opening(session, book_id, bank.code, known_at),
        bank_opening=opening,
        covered_to=covered if isinstance(covered, date) else None,
    )


def bands_of(book: Book) -> Bands:
    """The ages of the book, and what the defaults say of single kinds of items."""
    days = book.thresholds
    return Bands(
        attention=days.outstanding_attention_days,
        long=days.outstanding_long_days,
        very_long=days.outstanding_very_long_days,
        sooner=load_defaults().sooner,
        sooner_kinds=load_defaults().sooner_kinds,
    )
