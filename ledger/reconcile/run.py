"""Reconciling one bank account for one month: load, match, append, show.

The shell around the pure parts. A run looks at every line dated on or before
the last day of the month that stands in no match; what it finds is appended
with its evidence. Running again finds nothing new. A match is a fact of its
own: it changes no entry and no statement.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ledger.book import Bank, Book
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.money import format_fen
from ledger.operators import staff
from ledger.reconcile.adjustment import Adjustment, Bands, adjustment_table
from ledger.reconcile.explain import explain_match, explain_open
from ledger.reconcile.lines import bank_side, book_side
from ledger.reconcile.match import RULE_VERSION, STAGES, match
from ledger.reconcile.opening import bank_opening, opening_lines
from ledger.storage import bank as sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One account up to a day: all lines of both sides, the matches that hold, what people said."""

    book_lines: pl.DataFrame
    bank_lines: pl.DataFrame
    matches: pl.DataFrame
    items: pl.DataFrame
    notes: pl.DataFrame
    book_opening: int
    bank_opening: int
    covered_to: date | None

    def open_lines(self, side: str) -> pl.DataFrame:
        """The lines of a side that stand in no match."""
        lines = self.book_lines if side == "book" else self.bank_lines
        return lines.join(self.items.filter(pl.col("side") == side), on="ref", how="anti", maintain_order="left")

    def amounts(self) -> pl.DataFrame:
        """``side, ref, date, amount`` of every line."""
        return pl.concat(
            [
                lines.select(pl.lit(side).alias("side"), "ref", "date", "amount")
                for side, lines in (("book", self.book_lines), ("bank", self.bank_lines))
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did and what it left."""

    bank: str
    cutoff: date
    matched: dict[str, int]
    adjustment: Adjustment
    covered_to: date | None

    @property
    def new_matches(self) -> int:
        """How many matches this run added."""
        return sum(self.matched.values())

    def text(self) -> str:
        """One line for the person."""
        parts = [
            _("{bank} 截至 {d}:新勾对 {n} 笔").format(bank=self.bank, d=self.cutoff, n=self.new_matches),
            _("未达 {n} 笔").format(n=self.adjustment.items.height),
            _("调节后 企业 {a} 银行 {b} 差额 {x}").format(
                a=format_fen(self.adjustment.book_adjusted),
                b=format_fen(self.adjustment.bank_adjusted),
                x=format_fen(self.adjustment.difference),
            ),
        ]
        if self.covered_to is None or self.covered_to < self.cutoff:
            parts.append(_("对账单只到 {d}").format(d=self.covered_to or "—"))
        return ";".join(parts)


def month_end(month: str) -> date:
    """``2023-06`` → 2023-06-30."""
    year, _dash, number = month.partition("-")
    try:
        last = calendar.monthrange(int(year), int(number))[1]
        return date(int(year), int(number), last)
    except (ValueError, calendar.IllegalMonthError) as error:
        raise Refused(_("月份应写成 2023-06")) from error


def load(session: Session, book_id: int, bank: Bank, until: date | None = None) -> Loaded:
    """Everything the pure parts need, from one snapshot. ``until`` leaves later lines unread."""
    opened_book, opened_bank = opening_lines(session, book_id, bank.code)
    book_rows = sql.book_lines(session, book_id, bank.code, until)
    bank_rows = sql.bank_lines(session, book_id, bank.code, until)
    statements = sql.statements(session, book_id, bank.code)
    opening = bank_opening(session, book_id, bank.code)
    if opening is None:
        opening = int(statements["opening"][0]) if statements.height else 0
    within = statements if until is None else statements.filter(pl.col("to_date") <= until)
    customers = sql.facts(session, book_id, "customers")
    covered = statements["to_date"].max()
    return Loaded(
        book_lines=pl.concat([opened_book, book_side(book_rows, customers)]),
        bank_lines=pl.concat([opened_bank, bank_side(bank_rows)]),
        matches=sql.active_matches(session, book_id, bank.code),
        items=sql.active_items(session, book_id, bank.code),
        notes=sql.notes(session, book_id, bank.code),
        book_opening=sql.book_opening(session, book_id, bank.code),
        bank_opening=opening + int(within["difference"].sum()),
        covered_to=covered if isinstance(covered, date) else None,
    )


def table(session: Session, book_id: int, book: Book, bank: Bank, cutoff: date) -> Adjustment:
    """R14 of one account as of a day (``.long_items`` is R15)."""
    return _adjusted(load(session, book_id, bank, cutoff), book, cutoff)


def outstanding(session: Session, book_id: int, book: Book, as_of: date, bank: Bank | None = None) -> pl.DataFrame:
    """The open items of one or all accounts as of a day: R14's items with ``bank``, oldest first."""
    parts = [
        table(session, book_id, book, one, as_of).items.with_columns(pl.lit(one.code).alias("bank"))
        for one in ([bank] if bank else book.banks)
    ]
    return pl.concat(parts).sort("bank", "date", "ref")


def run(session: Session, book_id: int, book: Book, bank: Bank, month: str, *, operator: str) -> Summary:
    """Match what is open up to the end of the month; call inside ``Store.writing(book_id)``."""
    cutoff = month_end(month)
    operator = staff(session, book_id).require(operator, "reconcile").id
    loaded = load(session, book_id, bank, cutoff)
    found = match(loaded.open_lines("book"), loaded.open_lines("bank"))
    if found.matches.height:
        sql.append_matches(session, book_id, bank.code, found.matches, found.items, operator)
    counts = dict(found.matches.group_by("stage").len().rows())
    return Summary(
        bank=bank.short,
        cutoff=cutoff,
        matched={stage: counts[stage] for stage in STAGES if stage in counts},
        adjustment=_adjusted(load(session, book_id, bank, cutoff), book, cutoff),
        covered_to=loaded.covered_to,
    )


def show(session: Session, book_id: int, bank: Bank, month: str) -> pl.DataFrame:
    """Every line of the month and every older open one, with its match.

    Columns: ``side, ref, date, reference, text, amount, match_id, stage``.
    """
    cutoff = month_end(month)
    loaded = load(session, book_id, bank, cutoff)
    both = pl.concat(
        [
            lines.with_columns(pl.lit(side).alias("side"))
            for side, lines in (("book", loaded.book_lines), ("bank", loaded.bank_lines))
        ]
    )
    shown = both.join(loaded.items.select("side", "ref", "match_id"), on=["side", "ref"], how="left").join(
        loaded.matches.select("match_id", "stage"), on="match_id", how="left"
    )
    recent = (pl.col("date") >= cutoff.replace(day=1)) | pl.col("match_id").is_null()
    return (
        shown.filter(recent)
        .sort("side", "date", "order", "ref", descending=[True, False, False, False])
        .select("side", "ref", "date", "reference", "text", "amount", "match_id", "stage")
    )


# -- one line, by hand ---------------------------------------------------------------------------


def explain(session: Session, book_id: int, book: Book, ref: str, *, bank: Bank | None = None) -> str:
    """Why a line is matched, or why it is not: one sentence in the current language."""
    side, ref = parse_ref(ref)
    for one in [bank] if bank else book.banks:
        loaded = load(session, book_id, one)
        for own in ("book", "bank") if side is None else (side,):
            lines = loaded.book_lines if own == "book" else loaded.bank_lines
            line = lines.filter(pl.col("ref") == ref)
            if line.is_empty():
                continue
            item = loaded.items.filter((pl.col("side") == own) & (pl.col("ref") == ref))
            if item.is_empty():
                other = "bank" if own == "book" else "book"
                return explain_open(line.row(0, named=True), own, loaded.open_lines(own), loaded.open_lines(other))
            found = loaded.matches.filter(pl.col("match_id") == item["match_id"][0]).row(0, named=True)
            members = loaded.items.filter(pl.col("match_id") == item["match_id"][0]).join(
                loaded.amounts().drop("amount"), on=["side", "ref"], how="left"
            )
            return explain_match(found, members)
    raise NotFound(_("没有这一行:{ref}").format(ref=ref))


def parse_ref(text: str) -> tuple[str | None, str]:
    """``123:2`` is a book line, ``45`` a bank line, ``O7`` an opening item of either side."""
    ref = text.strip().upper()
    if ":" in ref:
        return "book", ref
    return (None, ref) if ref.startswith("O") else ("bank", ref)


def match_by_hand(
    session: Session, book_id: int, bank: Bank, refs: Sequence[str], *, reason: str, operator: str
) -> int:
    """A person's match of any lines whose two sides have equal sums; gives its number.

    Lines of one side alone match when they sum to zero (a reversal).

    Raises:
        Refused: a line is matched already, the sums differ, or no reason is given.
        NotFound: a line does not exist.
    """
    if not reason.strip():
        raise Refused(_("请说明手工勾对的理由"))
    operator = staff(session, book_id).require(operator, "reconcile").id
    loaded = load(session, book_id, bank)
    chosen = [_line(loaded, ref) for ref in dict.fromkeys(refs)]
    for side, ref, _amount in chosen:
        taken = loaded.items.filter((pl.col("side") == side) & (pl.col("ref") == ref))
        if taken.height:
            raise Refused(_("{ref} 已在第 {n} 号勾对中").format(ref=ref, n=taken["match_id"][0]))
    sums = {side: sum(amount for own, _ref, amount in chosen if own == side) for side in ("book", "bank")}
    if len(chosen) < 2 or sums["book"] != sums["bank"]:
        raise Refused(
            _("企业 {a} 与银行 {b} 不等,不能勾对").format(a=format_fen(sums["book"]), b=format_fen(sums["bank"]))
        )
    evidence = json.dumps({"reason": reason.strip(), "amount": abs(sums["book"])}, ensure_ascii=False)
    matches = pl.DataFrame(
        {"match_id": [1], "stage": ["manual"], "rule_version": [RULE_VERSION], "evidence": [evidence]}
    )
    items = pl.DataFrame([{"match_id": 1, "side": side, "ref": ref, "amount": amount} for side, ref, amount in chosen])
    return sql.append_matches(session, book_id, bank.code, matches, items, operator)


def unmatch(session: Session, book_id: int, match_id: int, *, reason: str, operator: str) -> int:
    """Undo a match; its lines are open again. The match itself stays on record."""
    if not reason.strip():
        raise Refused(_("请说明取消勾对的理由"))
    operator = staff(session, book_id).require(operator, "reconcile").id
    found = sql.bank_of_match(session, book_id, match_id)
    if found is None:
        raise NotFound(_("没有第 {n} 号勾对").format(n=match_id))
    if found[1]:
        raise Refused(_("第 {n} 号勾对已取消").format(n=match_id))
    evidence = json.dumps({"reason": reason.strip()}, ensure_ascii=False)
    return sql.append_undo(session, book_id, found[0], match_id, evidence, operator)


def note(session: Session, book_id: int, bank: Bank, ref: str, *, reason: str, text: str = "", operator: str) -> int:
    """A person's reason (未达原因, C31) and note on a line; the last one holds."""
    if not reason.strip():
        raise Refused(_("未达账项须列明原因"))
    operator = staff(session, book_id).require(operator, "reconcile").id
    side, ref, _amount = _line(load(session, book_id, bank), ref)
    return sql.append_note(session, book_id, bank.code, side, ref, reason.strip(), text.strip(), operator)


def _line(loaded: Loaded, text: str) -> tuple[str, str, int]:
    side, ref = parse_ref(text)
    found = loaded.amounts().filter(pl.col("ref") == ref)
    if side is not None:
        found = found.filter(pl.col("side") == side)
    if found.is_empty():
        raise NotFound(_("该账户没有这一行:{ref}").format(ref=ref))
    return str(found["side"][0]), ref, int(found["amount"][0])


def _adjusted(loaded: Loaded, book: Book, cutoff: date) -> Adjustment:
    days = book.thresholds
    return adjustment_table(
        loaded.book_lines,
        loaded.bank_lines,
        loaded.items,
        loaded.notes,
        cutoff,
        book_opening=loaded.book_opening,
        bank_opening=loaded.bank_opening,
        bands=Bands(
            attention=days.outstanding_attention_days,
            long=days.outstanding_long_days,
            very_long=days.outstanding_very_long_days,
        ),
    )
