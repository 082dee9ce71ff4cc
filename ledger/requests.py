"""Requests (申请): what may only be posted after others have checked and approved it.

::

    post by the maker ─▶ fact 'request' (content frozen, with its digest)
    approve: 复核 ─▶ fact 'approval' ─ 审批 ─▶ fact 'approval', and the content is posted

Each approval quotes the request and its digest; maker, checker and approver are three
people, whatever sessions they use. A rejected request stays, its maker files another.
Rules: domain §3 E04, E05, E32, §4 C26, C48; issue of E26 and E28 under the policy
``transfer_approval = meterbook``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from ledger import facts as records
from ledger.controls import control_message
from ledger.documents import KINDS
from ledger.errors import Fault, NotFound, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.operators import Operator, Staff
from ledger.policies import Policies
from ledger.storage.engine import Session

REQUEST, APPROVAL, REJECTION = "request", "approval", "rejection"

CHECK, APPROVE = "check", "approve"
STEPS: Final = (CHECK, APPROVE)

REOPEN: Final = "reopen"
"""A request that is no document: to open a closed month again. Two people decide, the finance head among them."""

ALWAYS: Final = frozenset({"reduction", "account_move", "bad_debt"})
"""Kinds that are always requested first (E04, E05, E32)."""

TRANSFERS: Final = frozenset({"head_office_transfer", "levy_remittance"})
"""Kinds whose three persons are those of the online bank, or of Meterbook (policy)."""

LAST_WORD: Final = {"bad_debt": ("finance_head",)}
"""Who may approve a kind where not every approver may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and what became of it. ``approvals``: step → operator; ``state``: what it waits for
    (``check``, ``approve``), ``released`` or ``rejected``."""

    number: str
    kind: str
    maker: str
    today: dt.date
    recorded_at: str
    digest: str
    key: str
    file: str
    sha256: str
    rows: str
    note: str
    approvals: dict[str, str]
    state: str

    @property
    def summary(self) -> str:
        """One line for a list."""
        title = KINDS[self.kind].title() if self.kind in KINDS else self.kind
        return f"{self.number} {title} {self.file or self.note}"


def waiting_for(state: str) -> str:
    """What a request waits for, as people say it."""
    return {CHECK: _("等待复核"), APPROVE: _("等待审批"), "released": _("已批准"), "rejected": _("已退回")}[state]


def steps_of(kind: str) -> tuple[str, ...]:
    """The approvals a request of this kind asks for, in order."""
    return (APPROVE,) if kind == REOPEN else STEPS


def needed(kind: str, policies: Policies) -> bool:
    """Whether documents of a kind go through a request."""
    return kind in ALWAYS or (kind in TRANSFERS and policies.transfer_approval == "meterbook")


def freeze(frame: pl.DataFrame) -> str:
    """The rows of a document frame as text that gives the same frame back (:func:`thaw`)."""
    return frame.write_json()


def thaw(kind: str, rows: str) -> pl.DataFrame:
    """The frame of frozen rows, with exactly the kind's columns."""
    return pl.read_json(io.StringIO(rows), schema=KINDS[kind].schema)


def digest_of(kind: str, maker: str, key: str, rows: str, note: str) -> str:
    """What every approval quotes: SHA-256 over all a request asks for."""
    said = "\n".join((kind, maker, key, hashlib.sha256(rows.encode()).hexdigest(), note))
    return hashlib.sha256(said.encode()).hexdigest()


def file_request(
    session: Session, book_id: int, *, kind: str, maker: str, today: dt.date, key: str,
    rows: str = "", file: str = "", sha256: str = "", note: str = "",
) -> Request:  # fmt: skip
    """Write a request down; the same content still waiting is the same request.

    Returns:
        The request as it stands now.
    """
    known = requests(session, book_id)
    for request in known:
        if request.key == key and request.state in STEPS:
            return request
    number = f"QQ-{len(known) + 1:04d}"
    content = {
        "kind": kind, "key": key, "rows": rows, "file": file, "sha256": sha256, "note": note,
        "digest": digest_of(kind, maker, key, rows, note),
    }  # fmt: skip
    records.record(
        session,
        book_id,
        REQUEST,
        [Fact(doc_no=number, subject=kind, date=today, content=content)],
        operator=maker,
        today=today,
    )
    return find(session, book_id, number)


def requests(session: Session, book_id: int) -> list[Request]:
    """All requests with what became of them, oldest first."""
    approvals: dict[str, dict[str, str]] = {}
    for fact in records.facts(session, book_id, APPROVAL):
        approvals.setdefault(fact.subject or "", {})[fact.get("step")] = fact.operator
    rejected = {fact.subject for fact in records.facts(session, book_id, REJECTION)}
    return [
        _request(fact, approvals.get(fact.doc_no, {}), fact.doc_no in rejected)
        for fact in records.facts(session, book_id, REQUEST)
    ]


def _request(fact: Fact, approvals: dict[str, str], rejected: bool) -> Request:
    state = (
        "rejected"
        if rejected
        else next((step for step in steps_of(fact.get("kind")) if step not in approvals), "released")
    )
    return Request(
        number=fact.doc_no, kind=fact.get("kind"), maker=fact.operator, today=fact.date or dt.date.min,
        recorded_at=fact.recorded_at, digest=fact.get("digest"), key=fact.get("key"), file=fact.get("file"),
        sha256=fact.get("sha256"), rows=fact.get("rows"), note=fact.get("note"), approvals=approvals, state=state,
    )  # fmt: skip


def find(session: Session, book_id: int, number: str) -> Request:
    """One request.

    Raises:
        NotFound: there is none of that number.
    """
    for request in requests(session, book_id):
        if request.number.casefold() == number.strip().casefold():
            return request
    raise NotFound(_("没有申请 {number}").format(number=number))


def endorse(
    session: Session,
    book_id: int,
    staff: Staff,
    request: Request,
    *,
    operator: str,
    today: dt.date,
    quoted: str | None = None,
) -> Request:
    """Check or approve a request, whichever it waits for.

    ``quoted`` is the digest the person saw; without it the request as it stands is meant.

    Raises:
        Refused: not his to approve, his own request, done already, or its content is no longer what was asked.
    """
    _intact(request, session, book_id, quoted)
    if request.state not in STEPS:
        raise Refused(_("申请 {number} {state}").format(number=request.number, state=waiting_for(request.state)))
    person = _entitled(staff, request, operator)
    before = [request.maker, *request.approvals.values()]
    if not staff.differ(person.id, *before):
        raise Refused(Fault(message=control_message("C26"), value=person.name, code="C26"))
    _named(staff, request, person)
    records.record(
        session,
        book_id,
        APPROVAL,
        [
            Fact(
                doc_no=f"{request.number}/{request.state}",
                subject=request.number,
                date=today,
                content={"step": request.state, "digest": request.digest},
            )
        ],
        operator=person.id,
        today=today,
    )
    return find(session, book_id, request.number)


def reject(
    session: Session, book_id: int, staff: Staff, request: Request, *, operator: str, reason: str, today: dt.date
) -> Request:
    """Send a request back, with a reason; also by its own maker, who withdraws it.

    Raises:
        Refused: it is decided already, or he may not.
    """
    if request.state not in STEPS:
        raise Refused(_("申请 {number} {state}").format(number=request.number, state=waiting_for(request.state)))
    who = operator if not staff.differ(operator, request.maker) else _entitled(staff, request, operator).id
    if not reason.strip():
        raise Refused(_("退回须写明原因"))
    records.record(
        session, book_id, REJECTION,
        [Fact(doc_no=request.number, subject=request.number, date=today, content={"reason": reason.strip(), "digest": request.digest})],
        operator=who, today=today,
    )  # fmt: skip
    return find(session, book_id, request.number)


def released(session: Session, book_id: int, staff: Staff, number: str, key: str) -> Request:
    """The request under which this very content may be posted now.

    Raises:
        Refused: it is not approved by three people, or asks for other content.
    """
    request = find(session, book_id, number)
    _intact(request, session, book_id, None)
    if request.state != "released" or request.key != key:
        raise Refused(_("申请 {number} {state}").format(number=number, state=waiting_for(request.state)))
    if not staff.differ(request.maker, *request.approvals.values()):
        raise Refused(Fault(message=control_message("C26"), code="C26"))
    return request


def _intact(request: Request, session: Session, book_id: int, quoted: str | None) -> None:
    """What was asked, what was approved so far and what stands there now are one content."""
    actual = digest_of(request.kind, request.maker, request.key, request.rows, request.note)
    approved = {fact.get("digest") for fact in records.facts(session, book_id, APPROVAL, subject=request.number)}
    if approved | {request.digest} != {actual} or (quoted is not None and not actual.startswith(quoted.casefold())):
        raise Refused(_("申请 {number} 的内容与送审时不同,请重新申请").format(number=request.number))


def _entitled(staff: Staff, request: Request, operator: str) -> Operator:
    person = staff.require(operator, "reopen_month" if request.kind == REOPEN else request.state)
    allowed = LAST_WORD.get(request.kind)
    if request.state == APPROVE and allowed and person.role not in allowed:
        from ledger.roles import role_name, role_names

        raise Refused(
            Fault(
                message=_("{role} {name} 不能做这件事,须由 {roles} 办理").format(
                    role=role_name(person.role), name=person.name, roles=role_names(allowed)
                ),
                code="role",
            )
        )
    return person


def _named(staff: Staff, request: Request, person: Operator) -> None:
    """Where the document names who checks or approves, it is that person."""
    if request.kind not in KINDS:
        return
    column = {CHECK: "checker", APPROVE: "approver"}[request.state]
    if column not in KINDS[request.kind].schema:
        return
    names: Iterable[str] = thaw(request.kind, request.rows)[column].drop_nulls().unique()
    for name in names:
        if staff.differ(name, person.id):
            raise Refused(_("单据写明由 {name} 办理这一步").format(name=name))
