"""Dismissed proposals: a person said that these lines do not belong together, and why.

A dismissal is a fact about one very set of lines. While it stands, neither a proposal nor the
matcher brings that set again; its undoing is a fact as well (``reconciliation.md`` §8).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from ledger import facts as records
from ledger.errors import NotFound, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.reconcile.match import Matching
from ledger.storage.engine import Session

KIND = "proposal_dismissal"


def key_of(lines: Iterable[tuple[str, str]]) -> str:
    """The name of a set of ``(side, ref)``: the same whatever their order."""
    return " ".join(f"{side}/{ref}" for side, ref in sorted(set(lines)))


def dismiss(
    session: Session,
    book_id: int,
    bank: str,
    lines: Iterable[tuple[str, str]],
    *,
    reason: str,
    operator: str,
    today: dt.date,
) -> int:
    """Dismiss a set of lines; gives the dismissal's number.

    Raises:
        Refused: fewer than two lines, no reason, or it is dismissed already.
    """
    chosen = set(lines)
    if not reason.strip():
        raise Refused(_("请说明不认定的理由"))
    if len(chosen) < 2:
        raise Refused(_("不认定的是一组行,至少两行"))
    key = key_of(chosen)
    standing = dismissed(session, book_id, bank)
    if key in standing:
        raise Refused(_("第 {n} 号不认定已包含这一组").format(n=standing[key].doc_no))
    return _record(session, book_id, {"bank": bank, "key": key, "reason": reason.strip()}, operator, today)


def undo(session: Session, book_id: int, number: int, *, reason: str, operator: str, today: dt.date) -> int:
    """Take a dismissal back: its lines may be proposed again.

    Raises:
        NotFound: there is no such dismissal.
        Refused: no reason, or it was taken back already.
    """
    if not reason.strip():
        raise Refused(_("请说明撤回的理由"))
    facts = {fact.doc_no: fact for fact in records.facts(session, book_id, KIND)}
    taken = facts.get(str(number))
    if taken is None or taken.get("undoes"):
        raise NotFound(_("没有第 {n} 号不认定").format(n=number))
    if any(fact.get("undoes") == str(number) for fact in facts.values()):
        raise Refused(_("第 {n} 号不认定已撤回").format(n=number))
    content = {"bank": taken.get("bank"), "undoes": str(number), "reason": reason.strip()}
    return _record(session, book_id, content, operator, today)


def dismissed(session: Session, book_id: int, bank: str, *, known_at: str | None = None) -> dict[str, Fact]:
    """Key → the dismissal that stands (at an instant)."""
    standing: dict[str, Fact] = {}
    for fact in records.facts(session, book_id, KIND, subject=bank):
        if known_at is not None and fact.recorded_at > known_at:
            continue
        if undone := fact.get("undoes"):
            standing = {key: one for key, one in standing.items() if one.doc_no != undone}
        else:
            standing[fact.get("key")] = fact
    return standing


def without_dismissed(proposals: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    """Proposals (``proposals.PROPOSALS``) but for the dismissed ones."""
    gone = set(keys)
    if not gone or proposals.is_empty():
        return proposals
    own = [
        key_of([*(("book", ref) for ref in book), *(("bank", ref) for ref in bank)]) not in gone
        for book, bank in proposals.select("book_refs", "bank_refs").iter_rows()
    ]
    return proposals.filter(pl.Series(own, dtype=pl.Boolean))


def without_dismissed_matches(found: Matching, keys: Iterable[str]) -> Matching:
    """New matches but for those that hold exactly a dismissed set; numbered anew from 1."""
    gone = set(keys)
    lines = {tuple(one.split("/", 1)) for key in gone for one in key.split(" ")}
    if not lines or found.items.is_empty():
        return found
    marked = pl.DataFrame(sorted(lines), schema={"side": pl.String, "ref": pl.String}, orient="row")
    near = found.items.join(
        found.items.join(marked, on=["side", "ref"]).select("match_id").unique(), on="match_id", how="semi"
    )
    dropped = [
        number
        for (number,), rows in near.group_by("match_id", maintain_order=True)
        if key_of(rows.select("side", "ref").iter_rows()) in gone
    ]
    kept = found.matches.filter(~pl.col("match_id").is_in(dropped)).sort("match_id")
    numbers = kept.select("match_id", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("new"))
    matches, items = (
        frame.join(numbers, on="match_id", maintain_order="left")
        .with_columns(pl.col("new").alias("match_id"))
        .select(frame.columns)
        for frame in (kept, found.items)
    )
    return Matching(matches=matches, items=items, held=found.held)


def _record(session: Session, book_id: int, content: dict[str, str], operator: str, today: dt.date) -> int:
    number = len(records.facts(session, book_id, KIND)) + 1
    fact = Fact(doc_no=str(number), subject=content["bank"], date=today, content=content)
    records.record(session, book_id, KIND, [fact], operator=operator, today=today)
    return number
