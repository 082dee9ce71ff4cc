"""Reconciling one bank account for one month: load, match, append, show.

The shell around the pure parts. A run looks at every line dated on or before
the last day of the month that stands in no match; what it finds is appended
with its evidence. Running again finds nothing new. A match is a fact of its
own: it changes no entry and no statement.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ledger.book import Bank, Book
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.money import format_fen
from ledger.operators import staff
from ledger.reconcile.adjustment import Adjustment
from ledger.reconcile.dismissals import dismissed, without_dismissed, without_dismissed_matches
from ledger.reconcile.doubts import doubtful
from ledger.reconcile.elsewhere import open_elsewhere, suspicion
from ledger.reconcile.explain import explain_match, explain_open
from ledger.reconcile.frozen import Frozen, frozen, held_text
from ledger.reconcile.loaded import Loaded
from ledger.reconcile.loaded import load as load
from ledger.reconcile.match import RULE_VERSION, STAGES, match
from ledger.reconcile.proposals import propose
from ledger.reconcile.work import Rules
from ledger.storage import bank as sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did and what it left.

    ``born``: of the matches, those whose book entry was written from the statement line itself
    (its number is the bank's serial): they agree by making. ``doubtful``: standing matches that a
    line now open puts in doubt. ``held``: what would be matches in an issued table or a closed month.
    """

    bank: str
    cutoff: date
    matched: dict[str, int]
    born: int
    doubtful: int
    held: int
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
        if self.born:
            parts.insert(1, _("其中 {n} 笔凭证据银行流水而制,不算独立印证").format(n=self.born))
        if self.doubtful:
            parts.append(_("{n} 笔勾对因后来的流水存疑,请复核").format(n=self.doubtful))
        if self.held:
            parts.append(_("{n} 组相符但在已签发或已结账的期间之内,未自动勾对").format(n=self.held))
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


def table(
    session: Session, book_id: int, book: Book, bank: Bank, cutoff: date, *, known_at: str | None = None
) -> Adjustment:
    """R14 of one account as of a day (``.long_items`` is R15), as it was known at an instant, else now."""
    return load(session, book_id, bank, cutoff, known_at=known_at).adjusted(book, cutoff)


def outstanding(
    session: Session, book_id: int, book: Book, as_of: date, bank: Bank | None = None, *, known_at: str | None = None
) -> pl.DataFrame:
    """The open items of one or all accounts as of a day: R14's items with ``bank``, oldest first."""
    parts = [
        table(session, book_id, book, one, as_of, known_at=known_at).items.with_columns(pl.lit(one.code).alias("bank"))
        for one in ([bank] if bank else book.banks)
    ]
    return pl.concat(parts).sort("bank", "date", "ref")


def run(session: Session, book_id: int, book: Book, bank: Bank, month: str, *, operator: str) -> Summary:
    """Match what is open up to the end of the month; call inside ``Store.writing(book_id)``."""
    cutoff = month_end(month)
    operator = staff(session, book_id).require(operator, "reconcile").id
    chosen = rules(book, frozen(session, book_id, book, bank))
    dismissals = dismissed(session, book_id, bank.code)
    made: list[pl.DataFrame] = []
    after = load(session, book_id, bank, cutoff)
    while True:
        found = match(after.open_lines("book"), after.open_lines("bank"), rules=chosen)
        found = without_dismissed_matches(found, dismissals)
        made.append(found.matches)
        if found.matches.is_empty():
            break
        sql.append_matches(session, book_id, bank.code, found.matches, found.items, operator)
        after = load(session, book_id, bank, cutoff)
        if "fee" not in found.matches["stage"]:
            break
        # a fee kept back is a line from now on, and its voucher may be there already
    matches = pl.concat(made)
    counts = dict(matches.group_by("stage").len().rows())
    return Summary(
        bank=bank.short,
        cutoff=cutoff,
        matched={stage: counts[stage] for stage in STAGES if stage in counts},
        born=int(matches["evidence"].str.contains('"born":true', literal=True).sum()),
        doubtful=doubts(after)["match_id"].n_unique(),
        held=found.held["held"].n_unique(),
        adjustment=after.adjusted(book, cutoff),
        covered_to=after.covered_to,
    )


def rules(book: Book, kept: Frozen | None = None) -> Rules:
    """What the book's policies let the matcher do, and what is frozen of the account."""
    chosen, kept = book.policies, kept or Frozen()
    return Rules(
        fees_basis_points=chosen.matching_fees,
        unique_amount=chosen.matching_unique_amount,
        closed=kept.closed,
        listed=kept.listed,
    )


def doubts(loaded: Loaded) -> pl.DataFrame:
    """The standing matches that a line now open puts in doubt (``doubts.DOUBTS``)."""
    return doubtful(loaded.book_lines, loaded.bank_lines, loaded.matches, loaded.items)


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


def explain(
    session: Session,
    book_id: int,
    book: Book,
    ref: str,
    *,
    bank: Bank | None = None,
    name: Callable[[str], str] = str,
) -> str:
    """Why a line is matched, or why it is not: one sentence in the current language.

    ``name`` masks the names of parties for those who may not read them.
    """
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
                mine, its = loaded.open_lines(own), loaded.open_lines(other)
                sides = {own: mine, other: its}
                proposals = without_dismissed(
                    propose(sides["book"], sides["bank"]), dismissed(session, book_id, one.code)
                )
                kept = frozen(session, book_id, book, one)
                held = match(sides["book"], sides["bank"], rules=rules(book, kept)).held
                if text := held_text(line.row(0, named=True), own, held, kept):
                    return text
                return explain_open(line.row(0, named=True), own, mine, its, proposals) + suspicion(
                    line.row(0, named=True),
                    own,
                    loaded.open_both(),
                    open_elsewhere(session, book_id, book, one, date.max),
                )
            found = loaded.matches.filter(pl.col("match_id") == item["match_id"][0]).row(0, named=True)
            members = loaded.items.filter(pl.col("match_id") == item["match_id"][0]).join(
                loaded.amounts().drop("amount"), on=["side", "ref"], how="left"
            )
            doubt = doubts(loaded).filter(pl.col("match_id") == found["match_id"])
            return explain_match(found, members, doubt, name)
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
    chosen = [line_of(loaded, ref) for ref in dict.fromkeys(refs)]
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
    side, ref, _amount = line_of(load(session, book_id, bank), ref)
    return sql.append_note(session, book_id, bank.code, side, ref, reason.strip(), text.strip(), operator)


def line_of(loaded: Loaded, text: str) -> tuple[str, str, int]:
    """``(side, ref, amount)`` of a line as a person names it.

    Raises:
        NotFound: the account has no such line.
    """
    side, ref = parse_ref(text)
    found = loaded.amounts().filter(pl.col("ref") == ref)
    if side is not None:
        found = found.filter(pl.col("side") == side)
    if found.is_empty():
        raise NotFound(_("该账户没有这一行:{ref}").format(ref=ref))
    return str(found["side"][0]), ref, int(found["amount"][0])
