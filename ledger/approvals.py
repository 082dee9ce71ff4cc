"""Checking, approving and accepting (复核、审批、接收): who answers for what was entered.

::

    request ─approve─▶ 复核 ─approve─▶ 审批 = posted, under the keys of the request
    batch !  ─accept─▶ batch *        (by somebody who did not enter it)

The ledger itself holds to the separation of duties (ledger.requests, C26, C48); a
command only asks for the password again. Rules: domain §3, §4 C26, C48.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ledger import facts as records
from ledger import periods, requests
from ledger.controls import control_message
from ledger.errors import Fault, NotFound, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.journal import Ledger, Posted, post_in
from ledger.operators import staff
from ledger.requests import Request
from ledger.storage import fact_sql as sql
from ledger.storage.engine import Session

ACCEPTANCE = "acceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The frozen rows of a request, as the journal takes documents."""

    kind: str
    frame: pl.DataFrame
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A request after an approval; ``posted`` when that was the last one of documents."""

    request: Request
    posted: Posted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch of entries; ``accepted_by`` is None while it shows ``!``."""

    number: int
    kind: str
    operator: str
    recorded_at: str
    accepted_by: str | None


def batches(session: Session, book_id: int) -> list[Batch]:
    """All batches of entries, oldest first."""
    accepted = {int(fact.doc_no): fact.operator for fact in records.facts(session, book_id, ACCEPTANCE)}
    return [
        Batch(number=number, kind=kind, operator=who, recorded_at=when, accepted_by=accepted.get(number))
        for number, kind, who, when in sql.posted_batches(session, book_id)
    ]


def approve(ledger: Ledger, number: str, *, operator: str, today: dt.date, quoted: str | None = None) -> Approved:
    """Give a request its next approval; the last one posts it, in the same transaction.

    Raises:
        Refused: see :func:`ledger.requests.endorse`; or the rules of the documents say no by now.
    """
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        request = requests.find(session, ledger.book_id, number)
        if request.kind == requests.REOPEN:
            return Approved(request=periods.reopen(session, ledger, request, operator=operator, today=today))
        request = requests.endorse(
            session, ledger.book_id, people, request, operator=operator, today=today, quoted=quoted
        )
        if request.state != "released" or not request.rows:
            return Approved(request=request)
        frozen = Frozen(
            kind=request.kind, frame=requests.thaw(request.kind, request.rows), file=request.file, sha256=request.sha256
        )
        done = post_in(session, ledger, [frozen], operator=request.maker, today=today, request=request.number)
        return Approved(request=request, posted=done)


def reject(ledger: Ledger, number: str, *, operator: str, reason: str, today: dt.date) -> Request:
    """Send a request back with a reason, or withdraw one's own."""
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        request = requests.find(session, ledger.book_id, number)
        return requests.reject(session, ledger.book_id, people, request, operator=operator, reason=reason, today=today)


def waiting_for(session: Session, ledger: Ledger, operator: str) -> list[int]:
    """Batches that wait for this person: the accountant takes what others entered, whoever may accept
    besides her takes what she entered (C48)."""
    people = staff(session, ledger.book_id)
    open_ = [batch for batch in batches(session, ledger.book_id) if not batch.accepted_by]
    if people.unstaffed:
        return [batch.number for batch in open_ if batch.operator != operator]
    person = people.require(operator, "accept")
    accountants = {one.id for one in people.people.values() if one.role == "accountant"}
    mine = {batch.number for batch in open_ if person.role == "accountant" or batch.operator in accountants}
    return [batch.number for batch in open_ if batch.number in mine and people.differ(person.id, batch.operator)]


def accept(ledger: Ledger, batches: Sequence[int], *, operator: str, today: dt.date) -> list[int]:
    """Accept batches (``!`` → ``*``): all of them or none; gives their numbers.

    Raises:
        NotFound: no such sealed batch of entries.
        Refused: C48 for what he entered himself; his role may not; accepted already.
    """
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        person = people.require(operator, "accept")
        posted = {number: who for number, _kind, who, _when in sql.posted_batches(session, ledger.book_id)}
        faults = []
        for number in batches:
            if number not in posted:
                raise NotFound(_("没有批次 {batch},或其中没有凭证").format(batch=number))
            if not people.unstaffed and not people.differ(person.id, posted[number]):
                faults.append(Fault(message=control_message("C48"), value=str(number), code="C48"))
        if faults:
            raise Refused(faults)
        records.record(
            session, ledger.book_id, ACCEPTANCE,
            [Fact(doc_no=str(number), subject=str(number), date=today, content={"entered_by": posted[number]}) for number in batches],
            operator=person.id, today=today,
        )  # fmt: skip
    return list(batches)
