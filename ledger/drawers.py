"""Drawers (钱箱): one person, one day, from the morning's change to the accountant's desk.

::

    open 开 ─▶ counted 核 ─▶ balanced 平 ─▶ deposited 缴 ─▶ sealed 盖章 ─▶ handed over 交
     │           │              │               │               │              │
    drawer   drawer_count   three ways,      nothing but     drawer_seal    drawer_handover
    (document)  (fact)      differences      the float       (fact, lead)   (fact)
                            dealt with       is left

Facts say who counted, sealed and handed over; in which state a drawer is follows from them and
the journal and is stored nowhere. The count is by denomination and takes nothing but money (C16).
Rules: domain §3 E07, E15, E19, E20, §4 C13, C15–C18, C22, §7. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from ledger import facts as records
from ledger import registers
from ledger.controls import control_fault
from ledger.documents import KINDS, match_key
from ledger.errors import Fault, Refused
from ledger.facts import Fact
from ledger.funds import FLOAT_FUND
from ledger.i18n import _
from ledger.journal import Ledger, Posted, post
from ledger.money import format_fen
from ledger.operators import Operator, staff
from ledger.state import decode
from ledger.storage import drawer_sql
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session

COUNT, SEAL, HANDOVER = "drawer_count", "drawer_seal", "drawer_handover"

RECEIPTS: Final = (
    "cash_receipt", "removed_meter_receipt", "back_charge_receipt", "partial_payment", "general_deposit",
    "builder_prepayment", "tm_sale", "materials",
)  # fmt: skip
"""Documents whose money goes into a drawer."""

DENOMINATIONS: Final[Mapping[str, int]] = {
    "100": 10000, "50": 5000, "20": 2000, "10": 1000, "5": 500, "1": 100, "0.5": 50, "0.1": 10,
    "0.05": 5, "0.02": 2, "0.01": 1,
}  # fmt: skip
"""Notes and coins, in fen. There is none for a slip of paper (C16)."""

PIECES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """A drawer on one day.

    ``float`` the change in it, ``held`` takings not banked yet, ``received``, ``settled``, ``documents`` the three
    ways of C17, ``banked`` deposited that day, ``found`` over (short −) found that day, ``unassigned`` short that nobody
    answers for yet.
    """

    cashier: str
    date: dt.date
    opened: bool
    float: int
    held: int
    received: int
    settled: int
    documents: int
    banked: int
    found: int
    unassigned: int
    count: Fact | None
    counts: int
    seal: Fact | None
    handover: Fact | None

    @property
    def expected(self) -> int:
        """What should lie in it."""
        return self.float + self.held

    @property
    def counted(self) -> bool:
        """There is a count, and nothing was taken since."""
        return self.count is not None and int(self.count.get("received")) == self.received

    @property
    def difference(self) -> int:
        """What the last count found over (short −) and no document says yet."""
        if self.count is None:
            return 0
        off = int(self.count.get("counted")) - int(self.count.get("expected"))
        return off - (self.found - int(self.count.get("found")))

    @property
    def level(self) -> bool:
        """C17: takings = summary = documents."""
        return self.received == self.settled == self.documents

    @property
    def state(self) -> str:
        """How far it is: idle, open, counted, balanced, deposited, sealed or handed_over."""
        if self.handover is not None:
            return "handed_over"
        if self.seal is not None:
            return "sealed"
        balanced = self.level and self.difference == 0 and self.unassigned == 0
        if balanced and self.received and self.held == 0:
            return "deposited"
        if self.counted:
            return "balanced" if balanced else "counted"
        return "open" if self.opened or self.received else "idle"


def state_name(state: str) -> str:
    """A state as people say it."""
    return {
        "idle": _("未开"), "open": _("开"), "counted": _("核"), "balanced": _("平"), "deposited": _("缴"),
        "sealed": _("已盖章"), "handed_over": _("交"),
    }[state]  # fmt: skip


def denomination_name(name: str) -> str:
    """A note or coin as people say it."""
    fen = DENOMINATIONS[name]
    if fen >= 100:
        return _("{n}元").format(n=fen // 100)
    return _("{n}角").format(n=fen // 10) if fen >= 10 else _("{n}分").format(n=fen)


# -- how they stand ----------------------------------------------------------------------------


def load(ledger: Ledger, session: Session, date: dt.date) -> dict[str, Drawer]:
    """Every drawer of the book on a day."""
    book_id = ledger.book_id
    source = sql.JournalSource(session, book_id)
    cash = source.daily(["1001."], date)
    is_float = pl.col("fund").eq_missing(FLOAT_FUND)
    three = {row["cashier"]: row for row in receipts(ledger, session, date).iter_rows(named=True)}
    entries = cash_entries(ledger, session, date)
    banked = _sums(entries.filter(pl.col("kind") == "cash_deposit"), "given")
    found = _sums(_found(entries), "found")
    pending = source.items([ledger.chart.role("pending")], until=date)
    short = _sums(pending.filter((pl.col("amount") > 0) & (pl.col("date") == date)), "amount")
    said = registers.facts(session, book_id, "drawer", date).filter(pl.col("date") == date)
    floats = dict(said.select("cashier", "float").iter_rows())  # the last row of the day counts
    out = {}
    for cashier in ledger.book.cashiers:
        code = cashier.code
        own = cash.filter(pl.col("cashier") == code)
        subject = _subject(code, date)
        counts = records.facts(session, book_id, COUNT, subject=subject)
        sums = three.get(code, {})
        out[code] = Drawer(
            cashier=code, date=date, opened=code in floats or bool(counts),
            float=floats.get(code, int(own.filter(is_float)["amount"].sum())),
            held=int(own.filter(~is_float)["amount"].sum()),
            received=sums.get("taken", 0), settled=sums.get("settled", 0), documents=sums.get("documents", 0),
            banked=banked.get(code, 0), found=found.get(code, 0), unassigned=short.get(code, 0),
            count=counts[-1] if counts else None, counts=len(counts),
            seal=_last(session, book_id, SEAL, subject), handover=_last(session, book_id, HANDOVER, subject),
        )  # fmt: skip
    return out


def receipts(ledger: Ledger, session: Session, date: dt.date) -> pl.DataFrame:
    """Per cashier of a day: ``taken`` (Σ debit of the drawer by receipts), ``settled`` (what stands against
    it) and ``documents`` (Σ of the amounts written in the documents), reversals counted against."""
    entries = cash_entries(ledger, session, date).filter(pl.col("kind").is_in(RECEIPTS))
    schema = {"cashier": pl.String, "taken": pl.Int64, "settled": pl.Int64, "documents": pl.Int64}
    parts = [pl.DataFrame(schema=schema)]
    for part in entries.partition_by("kind", maintain_order=True):
        rows = part.with_columns(written=decode(part, part["kind"][0])["amount"])
        sign = pl.when(pl.col("reversing")).then(-1).otherwise(1)
        # A card's price is the book's own where the document does not repeat it.
        rows = rows.with_columns(documents=pl.coalesce(pl.col("written") * sign, "taken").cast(pl.Int64))
        parts.append(rows.select(list(schema)))
    return pl.concat(parts).group_by("cashier").agg(pl.col("taken", "settled", "documents").sum()).sort("cashier")


def cash_entries(ledger: Ledger, session: Session, date: dt.date) -> pl.DataFrame:
    """Entries of a day that move a drawer (``journal_sql.drawer_entries``)."""
    accounts = list(ledger.chart.role_map("cash").values())
    return sql.drawer_entries(session, ledger.book_id, date, accounts)


def _found(entries: pl.DataFrame) -> pl.DataFrame:
    """``cashier, found``: differences written down as found, over +."""
    own = entries.filter(pl.col("kind") == "cash_difference")
    said = decode(own, "cash_difference")
    sign = pl.when(own["reversing"]).then(-1).otherwise(1)
    return said.with_columns(found=pl.col("amount") * sign).filter(pl.col("step") == "found").select("cashier", "found")


def _sums(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by("cashier").agg(pl.col(column).sum()).iter_rows())


def _subject(cashier: str, date: dt.date) -> str:
    return f"{cashier}/{date.isoformat()}"


def _last(session: Session, book_id: int, kind: str, subject: str) -> Fact | None:
    found = records.facts(session, book_id, kind, subject=subject)
    return found[-1] if found else None


def open_points(ledger: Ledger, session: Session, date: dt.date) -> list[Fault]:
    """What the counts keep open at day close: a count that is missing where the book asks for one, taken over by
    later receipts, or whose difference no document says."""
    faults = []
    required = ledger.book.policies.drawer_count == "required"
    for drawer in load(ledger, session, date).values():
        faults += _uncounted(drawer, required=required)
        if drawer.difference:
            faults.append(_undocumented(drawer))
    return faults


def _uncounted(drawer: Drawer, *, required: bool) -> list[Fault]:
    if drawer.counted or not (drawer.count or (required and (drawer.received or drawer.opened))):
        return []
    text = _("{c} 清点后又有收款,须重新清点") if drawer.count else _("{c} 的钱箱没有清点")
    return [Fault(message=text.format(c=drawer.cashier), code="drawer")]


def _undocumented(drawer: Drawer) -> Fault:
    text = _("{c} 清点长款 {x} 元,没有登记") if drawer.difference > 0 else _("{c} 清点短款 {x} 元,没有登记")
    return Fault(message=text.format(c=drawer.cashier, x=format_fen(abs(drawer.difference))), code="drawer")


# -- open 开, count 核 -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows made here, as the journal takes documents."""

    kind: str
    frame: pl.DataFrame
    file: str
    sha256: str


def open_drawer(
    ledger: Ledger, cashier: str, *, date: dt.date, operator: str, today: dt.date, change: int | None = None
) -> Posted:
    """Open a drawer with the change in it, or change that; without ``change`` with what the books have in it.

    Raises:
        Refused: C15, a closed day, another's drawer.
    """
    code = ledger.book.cashier(cashier).code
    with ledger.store.reading() as session:
        now = load(ledger, session, date)[code]
        earlier = registers.facts(session, ledger.book_id, "drawer", date)
    rows = earlier.filter((pl.col("cashier") == code) & (pl.col("date") == date))
    wanted = now.float if change is None else change
    same = len(rows) > 0 and rows["float"][-1] == wanted
    number = f"QX-{code}-{date:%Y%m%d}-{len(rows) + (0 if same else 1)}"
    values = {"doc_no": number, "date": date, "cashier": code, "float": wanted, "row": 1}
    schema = KINDS["drawer"].schema
    frame = pl.DataFrame({name: [values.get(name)] for name in schema}, schema=schema)
    digest = hashlib.sha256(f"{number} {wanted}".encode()).hexdigest()
    return post(ledger, [_Rows(kind="drawer", frame=frame, file=number, sha256=digest)], operator=operator, today=today)


def pieces(given: Mapping[str, int]) -> dict[str, int]:
    """Denomination → pieces, under whatever name each is written (``100``, ``100元``, ``5角``).

    Raises:
        Refused: C16 for what is no money; a number of pieces that is none.
    """
    names = {match_key(text): name for name in DENOMINATIONS for text in (name, *_spellings(name))}
    out = dict.fromkeys(DENOMINATIONS, 0)
    faults = []
    for written, number in given.items():
        name = names.get(match_key(written))
        if name is None:
            faults.append(control_fault("C16", value=written))
        elif not 0 <= number <= PIECES_MAX:
            faults.append(
                Fault(message=_("张数应为 0 至 {max} 的整数").format(max=PIECES_MAX), column=written, value=str(number))
            )
        else:
            out[name] += number
    if faults:
        raise Refused(faults)
    return out


def _spellings(name: str) -> tuple[str, ...]:
    fen = DENOMINATIONS[name]
    if fen >= 100:
        return f"{fen // 100}元", f"{fen // 100}.00"
    return (f"{fen // 10}角", f"0.{fen}") if fen >= 10 else (f"{fen}分",)


def count(
    ledger: Ledger, cashier: str, given: Mapping[str, int], *, date: dt.date, operator: str, today: dt.date
) -> Drawer:
    """Write down what lies in a drawer, piece by piece; the books' amount is kept beside it.

    Raises:
        Refused: C16, C49, another's drawer; counted already where the count is blind (the lead counts again).
    """
    code = ledger.book.cashier(cashier).code
    lying = pieces(given)
    with ledger.store.writing(ledger.book_id) as session:
        person = _worker(ledger, session, operator, code)
        _refuse_closed(ledger, session, date, today)
        drawer = load(ledger, session, date)[code]
        if ledger.book.policies.drawer_blind and person.role == "cashier" and drawer.counted:
            raise Refused(_("{c} 已清点过;重新清点须由收费班长办理").format(c=code))
        counted = sum(DENOMINATIONS[name] * number for name, number in lying.items())
        subject = _subject(code, date)
        content = {name: str(number) for name, number in lying.items() if number} | {
            "counted": str(counted), "expected": str(drawer.expected), "float": str(drawer.float),
            "received": str(drawer.received), "found": str(drawer.found),
        }  # fmt: skip
        fact = Fact(doc_no=f"{subject}/{drawer.counts + 1}", subject=subject, date=date, content=content)
        records.record(session, ledger.book_id, COUNT, [fact], operator=person.id, today=today)
        return load(ledger, session, date)[code]


def hidden(ledger: Ledger, person: Operator, drawer: Drawer) -> bool:
    """Blind count (盲点): a cashier is not told what should be there before it was counted."""
    return ledger.book.policies.drawer_blind and person.role == "cashier" and not drawer.counted


def proposal(drawer: Drawer) -> list[dict[str, str]]:
    """The rows of ``cash_difference`` that say what the count found: an over waits for its payer, a short is
    laid on the cashier (and made good under the same ``original``). Columns of the kind, amounts yuan."""
    if not drawer.difference:
        return []
    number = f"CD-{drawer.cashier}-{drawer.date:%Y%m%d}-{drawer.counts}"
    row = {
        "date": drawer.date.isoformat(),
        "cashier": drawer.cashier,
        "amount": format_fen(drawer.difference).replace(",", ""),
    }
    rows = [{"doc_no": number, **row, "step": "found", "original": ""}]
    if drawer.difference < 0:
        rows.append({"doc_no": f"{number}-DZ", **row, "step": "assigned", "original": number})
    return rows


# -- seal 盖章, hand over 交 ------------------------------------------------------------------------


def check(ledger: Ledger, drawer: Drawer) -> list[Fault]:
    """Everything that keeps the lead's seal off a drawer (C17, C18, the count and its difference)."""
    faults = []
    if not drawer.level:
        a, b, c = (format_fen(fen) for fen in (drawer.received, drawer.settled, drawer.documents))
        faults.append(control_fault("C17", value=drawer.cashier, a=a, b=b, c=c))
    faults += _uncounted(drawer, required=ledger.book.policies.drawer_count == "required")
    if drawer.difference:
        faults.append(_undocumented(drawer))
    if drawer.unassigned > 0:
        text = _("{c} 短款 {x} 元尚未定责").format(c=drawer.cashier, x=format_fen(drawer.unassigned))
        faults.append(Fault(message=text, code="drawer"))
    if drawer.held:
        faults.append(control_fault("C18", value=f"{drawer.cashier} {format_fen(drawer.held)}"))
    return faults


def seal(ledger: Ledger, cashier: str, *, date: dt.date, operator: str, today: dt.date) -> Drawer:
    """The lead's seal (盖章) on a drawer's day, after the money is banked. Sealing twice changes nothing.

    Raises:
        Refused: everything :func:`check` finds; nothing was taken; not the lead, or his own drawer (C48).
    """
    code = ledger.book.cashier(cashier).code
    with ledger.store.writing(ledger.book_id) as session:
        people = staff(session, ledger.book_id)
        person = people.require(operator, "close_day")
        drawer = load(ledger, session, date)[code]
        if drawer.seal is not None:
            return drawer
        if not people.unstaffed and not people.differ(person.id, code):
            raise Refused(control_fault("C48", value=person.name))
        faults = check(ledger, drawer)
        if drawer.state == "idle":
            faults.append(Fault(message=_("{c} 在 {day} 没有收款").format(c=code, day=date), code="drawer"))
        if date > today:
            faults.append(
                Fault(message=_("日期晚于营业日 {today}").format(today=today), column="date", value=str(date))
            )
        if faults:
            raise Refused(faults)
        subject = _subject(code, date)
        content = {"received": str(drawer.received), "banked": str(drawer.banked)}
        fact = Fact(doc_no=subject, subject=subject, date=date, content=content)
        records.record(session, ledger.book_id, SEAL, [fact], operator=person.id, today=today)
        return load(ledger, session, date)[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """``batches`` given to ``accountant``; ``warnings``: those that came later than the rule asks (C22)."""

    batches: tuple[int, ...]
    accountant: str
    warnings: tuple[Fault, ...] = ()


def hand_over(
    ledger: Ledger,
    cashier: str,
    *,
    date: dt.date,
    operator: str,
    today: dt.date,
    at: dt.datetime,
    to: str | None = None,
) -> HandedOver:
    """Give the batches of a sealed drawer's day to the accountant (交).

    ``at`` is the time of day in the book's time zone, for the warning alone.

    Raises:
        Refused: not sealed, handed over already, no accountant named.
    """
    code = ledger.book.cashier(cashier).code
    with ledger.store.writing(ledger.book_id) as session:
        person = _worker(ledger, session, operator, code)
        drawer = load(ledger, session, date)[code]
        if drawer.seal is None:
            raise Refused(
                Fault(message=_("{c} 在 {day} 的钱箱未盖章,不能交账").format(c=code, day=date), code="drawer")
            )
        accountant = _accountant(ledger, session, to)
        numbers = tuple(drawer_sql.batches_of(session, ledger.book_id, ledger.chart.role("cash", cashier=code), date))
        subject = _subject(code, date)
        content = {
            "batches": ",".join(str(number) for number in numbers),
            "to": accountant,
            "at": at.strftime("%Y-%m-%d %H:%M"),
        }
        fact = Fact(doc_no=subject, subject=subject, date=date, content=content)
        records.record(session, ledger.book_id, HANDOVER, [fact], operator=person.id, today=today)
    late = at >= due(ledger, date)
    warnings = tuple(Fault(message=_("批次{b}迟交明细账会计").format(b=n), code="C22") for n in numbers) if late else ()
    return HandedOver(batches=numbers, accountant=accountant, warnings=warnings)


def due(ledger: Ledger, date: dt.date) -> dt.datetime:
    """Until when the batches of a day are with the accountant: the next working morning."""
    calendar = ledger.book.calendar
    return dt.datetime.combine(calendar.next_working_day(date), dt.time(calendar.handover_hour))


def late_batches(ledger: Ledger, session: Session, at: dt.datetime) -> list[Fault]:
    """C22: batches that are neither handed over nor accepted after their time."""
    given = {
        int(number)
        for fact in records.facts(session, ledger.book_id, HANDOVER)
        for number in fact.get("batches").split(",")
        if number
    }
    return [
        control_fault("C22", b=number)
        for number, date in drawer_sql.waiting(session, ledger.book_id)
        if number not in given and at >= due(ledger, date)
    ]


def _worker(ledger: Ledger, session: Session, operator: str, cashier: str) -> Operator:
    """A cashier works at his own drawer, the lead at every one."""
    person = staff(session, ledger.book_id).require(operator, "drawer")
    if person.role == "cashier" and person.id != cashier:
        raise Refused(
            Fault(message=_("收费员只能录入自己的钱箱({own})").format(own=person.id), value=cashier, code="C41")
        )
    return person


def _refuse_closed(ledger: Ledger, session: Session, date: dt.date, today: dt.date) -> None:
    if date > today:
        raise Refused(Fault(message=_("日期晚于营业日 {today}").format(today=today), column="date", value=str(date)))
    if date in sql.closed_days(session, ledger.book_id) or (ledger.cutover is not None and date <= ledger.cutover):
        raise Refused(control_fault("C49", value=str(date), p=str(date)))


def _accountant(ledger: Ledger, session: Session, name: str | None) -> str:
    people = staff(session, ledger.book_id)
    if people.unstaffed:
        return name or ""
    found = [p.id for p in people.people.values() if p.active and p.role == "accountant"]
    if name is not None:
        chosen = people.find(name).id
        if chosen in found:
            return chosen
        raise Refused(_("{name} 不是明细账会计").format(name=name))
    if len(found) != 1:
        raise Refused(_("请写明交给哪位会计(--to)"))
    return found[0]
