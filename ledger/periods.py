"""Month close 月结: everything the month owes is done, or a list of what is not.

::

    R14 signed · R07, R08 received · clearing accounts · batches accepted · days closed
       └─ nothing open ─▶ E37 (policy) ─▶ period_event 'close' = no writer gets in any more

A close is of the whole book or of one branch (所); the database itself refuses whoever
posts into it, raw SQL too. Opening a month again takes two people, the finance head
among them, and a reason; what was signed is superseded, what is posted stays posted.
Rules: domain §4 C30, C32, C33, C49, §9.2; audit §5.1. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ledger import facts as records
from ledger import issued, requests
from ledger.calendar import Calendar
from ledger.controls import control_fault
from ledger.errors import Fault, Refused
from ledger.i18n import _
from ledger.journal import Ledger, post_closing
from ledger.money import format_fen, parse_fen
from ledger.operators import staff
from ledger.overrides import granted
from ledger.requests import REOPEN, Request
from ledger.storage import fact_sql
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session

PACK = "pack_issue"
"""Fact: the month-end pack of a period was handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClose:
    """A closed month. ``status``: ``closed`` now or ``already`` before; ``profit`` fen where E37 was posted."""

    period: str
    branch: str
    status: str
    recorded_at: str
    profit: int | None = None


def close_month(ledger: Ledger, period: str, *, operator: str, today: dt.date, branch: str | None = None) -> MonthClose:
    """Close a month for the book, or for one branch. Closing a closed month changes nothing.

    Raises:
        Refused: everything that keeps the month open, at once.
    """
    code = ledger.book.branch(branch).code if branch else ""
    _start, end = _span(period)
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        person = people.require(operator, "close_month")
        last = fact_sql.last_period_event(session, ledger.book_id, period, code)
        if last is not None and last[1] == "close":
            return MonthClose(period=period, branch=code, status="already", recorded_at=last[3])
        passed = granted(session, ledger.book_id, period)
        faults = [f for f in open_points(ledger, session, period, branch=code, today=today) if f.code not in passed]
        if faults:
            raise Refused(faults)
        profit = None if code else _close_profit(ledger, session, end, operator=person.id, today=today)
        when = fact_sql.add_period_event(
            session, ledger.book_id, period, code, "close", reason=_("月结"), operator=person.id
        )
    return MonthClose(period=period, branch=code, status="closed", recorded_at=when, profit=profit)


def open_points(ledger: Ledger, session: Session, period: str, *, branch: str = "", today: dt.date) -> list[Fault]:
    """Everything that keeps a month open."""
    start, end = _span(period)
    faults: list[Fault] = []
    if staff(session, ledger.book_id).unstaffed:
        faults.append(
            Fault(message=_("账套未配备人员,不能月结;请先登记操作员(meterbook operator add)"), code="unstaffed")
        )
    if ledger.cutover is not None and end <= ledger.cutover:
        return [control_fault("C49", value=period, p=period)]
    if today < end:
        faults.append(Fault(message=_("{period} 还没有过完").format(period=period), code="early"))
    faults += _earlier(ledger, session, start)
    faults += _days(ledger, session, start, end)
    faults += _reconciled(ledger, session, period, branch)
    faults += _notices(ledger, session, period)
    faults += _clearing(ledger, session, start, end)
    faults += _requests(session, ledger.book_id, end)
    waiting = fact_sql.unaccepted(session, ledger.book_id, end)
    if waiting:
        faults.append(
            Fault(
                message=_("{count} 个批次未经会计接收:{numbers}").format(
                    count=len(waiting), numbers=_listed([str(number) for number, _who, _when in waiting])
                ),
                code="accept",
            )
        )
    return faults


# -- the points -----------------------------------------------------------------------------


def _earlier(ledger: Ledger, session: Session, start: dt.date) -> list[Fault]:
    """Months are closed in their order."""
    before = start - dt.timedelta(days=1)
    if ledger.cutover is None or before <= ledger.cutover:
        return []
    closed = sql.closed_periods(session, ledger.book_id)
    name = f"{before:%Y-%m}"
    return (
        [] if (name, "") in closed else [Fault(message=_("上月 {period} 尚未月结").format(period=name), code="order")]
    )


def _days(ledger: Ledger, session: Session, start: dt.date, end: dt.date) -> list[Fault]:
    """Every day on which cash moved is closed (日清月结)."""
    done = sql.closed_days(session, ledger.book_id)
    days = [day for day in fact_sql.drawer_days(session, ledger.book_id, start, end) if day not in done]
    days = [day for day in days if ledger.cutover is None or day > ledger.cutover]
    if not days:
        return []
    return [
        Fault(
            message=_("{count} 天没有日结:{days}").format(count=len(days), days=_listed([str(d) for d in days])),
            code="day",
        )
    ]


def _reconciled(ledger: Ledger, session: Session, period: str, branch: str) -> list[Fault]:
    """C30: the adjustment table of every bank account is signed by three people, and is still true."""
    faults = []
    source = sql.JournalSource(session, ledger.book_id)
    for bank in ledger.book.banks:
        if branch and bank.branch != branch:
            continue
        table = issued.in_force(session, ledger.book_id, "R14", bank.code, period)
        if table is None or not table.signed:
            faults.append(control_fault("C30", value=bank.short, k=bank.short))
            continue
        said = _book_balance(table.content)
        now = int(source.daily([bank.code], _span(period)[1])["amount"].sum())
        if said != now:
            text = _("{number} 签发后账上余额由 {old} 变为 {new},须重新签发").format(
                number=table.number, old=format_fen(said), new=format_fen(now)
            )
            faults.append(Fault(message=text, value=bank.short, code="C30"))
    return faults


def _book_balance(content: str) -> int:
    """What the books held at the end of the month, as an adjustment table (R14) says it, fen."""
    rows = json.loads(content)["rows"]
    return parse_fen(next(row["amount"] for row in rows if (row["side"], row["category"]) == ("book", "balance")))


def _notices(ledger: Ledger, session: Session, period: str) -> list[Fault]:
    """C32: R07 and R08 were delivered and the accountant has them."""
    for code in ("R07", "R08"):
        made = issued.in_force(session, ledger.book_id, code, "", period)
        if made is None or not made.signed:
            return [control_fault("C32")]
    return []


def _clearing(ledger: Ledger, session: Session, start: dt.date, end: dt.date) -> list[Fault]:
    """Clearing accounts at the month's end (domain §9.2)."""
    role = ledger.chart.role
    source = sql.JournalSource(session, ledger.book_id)
    faults = []
    for name in ("invoiced_unpaid", "pending"):
        code = role(name)
        left = int(source.daily([code], end)["amount"].sum())
        if left:
            faults.append(
                Fault(
                    message=_("{account} {name} 余额 {x} 元,月末应为零").format(
                        account=code, name=ledger.chart.name(code), x=format_fen(left)
                    ),
                    code="clearing",
                )
            )
    allowed = {fact.get("object") for fact in records.facts(session, ledger.book_id, "override", subject="C51")}
    faults += [
        control_fault("C51", value=row["document"], c=row["staff"], x=format_fen(row["amount"]))
        for row in source.items([role("staff_claim")], until=end).sort("date", "document").iter_rows(named=True)
        if row["amount"] > 0 and str(row["date"]) not in allowed
    ]
    old = source.items([role("debit_pending")], until=start - dt.timedelta(days=1))
    still = source.items([role("debit_pending")], until=end).select("bank", "document").unique()
    if len(old.join(still, on=["bank", "document"], how="semi")):
        faults.append(control_fault("C33"))
    return faults


def _requests(session: Session, book_id: int, end: dt.date) -> list[Fault]:
    """Nothing of the month still waits for its approval."""
    waiting = [r.number for r in requests.requests(session, book_id) if r.state in requests.STEPS and r.today <= end]
    return (
        [Fault(message=_("申请未办结:{numbers}").format(numbers=_listed(waiting)), code="request")] if waiting else []
    )


# -- profit and loss --------------------------------------------------------------------------


def _close_profit(ledger: Ledger, session: Session, end: dt.date, *, operator: str, today: dt.date) -> int | None:
    """E37 by policy: what the month, or the year, earned."""
    policy = ledger.book.policies.close_pl
    if policy == "none" or (policy == "yearly" and end.month != 12):
        return None
    return post_closing(session, ledger, end, operator=operator, today=today, hand_over=end.month == 12)


# -- reopening ---------------------------------------------------------------------------------


def ask_to_reopen(
    ledger: Ledger, period: str, *, reason: str, operator: str, today: dt.date, branch: str | None = None
) -> Request:
    """The first of two people asks to open a closed month again.

    Raises:
        Refused: it is not closed, no reason, handed over already, or a later month is closed.
    """
    code = ledger.book.branch(branch).code if branch else ""
    if not reason.strip():
        raise Refused(_("反月结须写明原因"))
    with ledger.store.writing(ledger.book_id) as session:
        person = staff(session, ledger.book_id).require(operator, "reopen_month")
        last = _refuse_final(ledger, session, period, code)
        note = json.dumps(
            {"period": period, "branch": code, "reason": reason.strip()}, ensure_ascii=False, sort_keys=True
        )
        return requests.file_request(
            session,
            ledger.book_id,
            kind=REOPEN,
            maker=person.id,
            today=today,
            key=f"reopen:{period}:{code}:{last}",
            note=note,
        )


def reopen(session: Session, ledger: Ledger, request: Request, *, operator: str, today: dt.date) -> Request:
    """The second person agrees, in the transaction of his approval: the month is open from now.

    Raises:
        Refused: neither of the two is the finance head, or see :func:`ask_to_reopen`.
    """
    people = staff(session, ledger.book_id)
    asked = json.loads(request.note)
    second = people.require(operator, "reopen_month")
    if "finance_head" not in {people.find(request.maker).role, second.role}:
        raise Refused(_("反月结须两人办理,其中一人为财务部负责人"))
    _refuse_final(ledger, session, asked["period"], asked["branch"])
    request = requests.endorse(session, ledger.book_id, people, request, operator=second.id, today=today)
    fact_sql.add_period_event(
        session, ledger.book_id, asked["period"], asked["branch"], "reopen",
        reason=f"{asked['reason']} ({request.number})", operator=second.id,
    )  # fmt: skip
    return request


def _refuse_final(ledger: Ledger, session: Session, period: str, branch: str) -> int:
    """What cannot be opened again; gives the number of the close it is about."""
    last = fact_sql.last_period_event(session, ledger.book_id, period, branch)
    if last is None or last[1] != "close":
        raise Refused(_("{period} 没有月结").format(period=period))
    later = sorted(
        closed for closed, where in sql.closed_periods(session, ledger.book_id) if closed > period and where == branch
    )
    if later:
        raise Refused(_("{later} 已月结,须先反月结").format(later=later[-1]))
    if records.facts(session, ledger.book_id, PACK, subject=period):
        raise Refused(Fault(message=_("{period} 的月末资料包已交出,不能再打开").format(period=period), code="C49"))
    handed = [made.number for made in issued.issues(session, ledger.book_id) if made.period > period and made.signed]
    if handed:
        raise Refused(
            Fault(message=_("以后月份的报表已交出({numbers}),不能再打开").format(numbers=_listed(handed)), code="C49")
        )
    return last[0]


def _span(period: str) -> tuple[dt.date, dt.date]:
    try:
        start = dt.date.fromisoformat(f"{period}-01")
    except ValueError:
        raise Refused(_("月份应写成 2023-06")) from None
    return start, Calendar.month_end(start)


def _listed(numbers: Sequence[str], shown: int = 20) -> str:
    text = ", ".join(numbers[:shown])
    return text if len(numbers) <= shown else _("{shown} 等 {count} 张").format(shown=text, count=len(numbers))


def history(session: Session, book_id: int) -> list[dict[str, str]]:
    """Every close and reopening: ``period, branch, action, reason, operator, recorded_at``."""
    return [
        {"period": p, "branch": where, "action": action, "reason": why, "operator": who, "recorded_at": when[:19]}
        for p, where, _seq, action, why, who, when in fact_sql.period_events(session, book_id)
    ]
