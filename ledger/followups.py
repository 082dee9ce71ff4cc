"""The follow-up log of outstanding items (未达账项跟踪): what was asked, answered, by when, by whom.

::

    enquiry / answer / next date / owner ─follow_up─▶ fact 'outstanding_follow_up' ─latest─▶ R14, R15, tasks

Each entry is a fact and stays; of an item the last word on each of the four counts. An item
is followed until its line is matched. Rules: domain §4 C31, §5 R15.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger import facts as records
from ledger.errors import Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.storage import bank as bank_sql
from ledger.storage.engine import Session

KIND = "outstanding_follow_up"

Item = tuple[str, str, str]
"""Bank account, side, ref of an outstanding line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Where an item stands; ``asked_on`` and ``answered_on`` are the days of the two."""

    enquiry: str = ""
    asked_on: dt.date | None = None
    answer: str = ""
    answered_on: dt.date | None = None
    next_date: dt.date | None = None
    owner: str = ""

    def action(self) -> str:
        """采取措施, with its day."""
        return " ".join(part for part in (str(self.asked_on or ""), self.enquiry) if part)

    def reply(self) -> str:
        """银行答复, with its day."""
        return " ".join(part for part in (str(self.answered_on or ""), self.answer) if part)

    def text(self) -> str:
        """All of it in one phrase."""
        parts = [
            self.action(),
            self.answer and _("银行答复 {answer}").format(answer=self.reply()),
            self.owner and _("责任人 {owner}").format(owner=self.owner),
            self.next_date and _("预计了结 {day}").format(day=self.next_date),
        ]
        return ",".join(str(part) for part in parts if part)


def follow_up(
    session: Session,
    book_id: int,
    item: Item,
    *,
    enquiry: str = "",
    answer: str = "",
    next_date: dt.date | None = None,
    owner: str = "",
    operator: str,
    today: dt.date,
) -> Fact:
    """Append what happened to an item; inside ``Store.writing(book_id)``.

    Raises:
        Refused: nothing is said; the next date lies before today.
    """
    said = {"enquiry": enquiry.strip(), "answer": answer.strip(), "owner": owner.strip()}
    if next_date is not None:
        said["next"] = next_date.isoformat()
    given = {name: text for name, text in said.items() if text}
    if not given:
        raise Refused(_("请写明函询、答复、下次日期或责任人"))
    if next_date is not None and next_date < today:
        raise Refused(_("下次日期 {day} 早于今天 {today}").format(day=next_date, today=today))
    subject = "/".join(item)
    number = len(records.facts(session, book_id, KIND, subject=subject)) + 1
    fact = Fact(doc_no=f"{subject}/{number}", subject=subject, date=today, content=given)
    records.record(session, book_id, KIND, [fact], operator=operator, today=today)
    return fact


def log(session: Session, book_id: int, *, known_at: str | None = None) -> list[tuple[Item, Fact]]:
    """Every entry with its item, oldest first; ``known_at``: recorded up to that instant."""
    found: list[tuple[Item, Fact]] = []
    for fact in records.facts(session, book_id, KIND):
        if known_at is not None and fact.recorded_at > known_at:
            continue
        bank, side, ref = (fact.subject or "").split("/", 2)
        found.append(((bank, side, ref), fact))
    return found


def latest(entries: Iterable[tuple[Item, Fact]]) -> dict[Item, FollowUp]:
    """Item → the last word on each of its four."""
    state: dict[Item, FollowUp] = {}
    for item, fact in entries:
        now = state.get(item, FollowUp())
        if enquiry := fact.get("enquiry"):
            now = replace(now, enquiry=enquiry, asked_on=fact.date)
        if answer := fact.get("answer"):
            now = replace(now, answer=answer, answered_on=fact.date)
        if day := fact.get("next"):
            now = replace(now, next_date=dt.date.fromisoformat(day))
        if owner := fact.get("owner"):
            now = replace(now, owner=owner)
        state[item] = now
    return state


def due(session: Session, book_id: int, today: dt.date) -> list[tuple[Item, FollowUp]]:
    """The items still open whose next date has come, by that date."""
    waiting = [
        (item, state)
        for item, state in latest(log(session, book_id)).items()
        if state.next_date is not None and state.next_date <= today
    ]
    for bank in sorted({item[0] for item, _state in waiting}):
        lines = [(side, ref) for (own, side, ref), _state in waiting if own == bank]
        matched = bank_sql.matched_among(session, book_id, bank, lines)
        waiting = [(item, state) for item, state in waiting if item[0] != bank or item[1:] not in matched]
    return sorted(waiting, key=lambda one: (one[1].next_date or today, one[0]))
