"""Day close 日结: the drawers are banked and the books say so, or a list of what is open.

::

    journal ─as of the day─▶ C13 C15 C17 C19 C38 C51, counts, slips under way too long ─▶ all open points
                                                                              none ─▶ day_event 'close'

A closed day takes no further document of a drawer (ledger.journal, C49). A difference
in 待处理财产损溢 (1901) may stay until the month is closed. A control that domain §4 gives
an override lets pass what a named person answers for; it is kept in the event.
Rules: domain §4, §9.2. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from ledger import drawers, series
from ledger.calendar import Calendar
from ledger.controls import CONTROLS, control_fault
from ledger.errors import Fault, NotFound, Refused
from ledger.funds import FLOAT_FUND
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.money import format_fen
from ledger.operators import staff
from ledger.overrides import granted
from ledger.state import decode
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session, now

SLIP = "E10"
"""Code of a slip under way too long: the rule of E10, open to the finance head's override (domain §9.2)."""

_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClose:
    """A closed day. ``status``: ``closed`` now, or ``already`` before.

    ``drawers``: per cashier ``received`` (receipts of the day), ``banked`` (deposited of the day),
    ``float`` (change left in the drawer), fen. ``passed``: what somebody let pass.
    """

    date: dt.date
    status: str
    recorded_at: str
    drawers: pl.DataFrame = field(default_factory=pl.DataFrame)
    passed: tuple[Fault, ...] = ()


def close_day(
    ledger: Ledger, date: dt.date, *, operator: str, today: dt.date, overrides: Mapping[str, str] = _NOBODY
) -> DayClose:
    """Close a day for the drawers.

    ``overrides``: control → the person who lets it pass (``{"C51": "赵国平"}``), for controls
    that allow one. Closing a closed day changes nothing.

    Raises:
        Refused: everything that is open on the day, at once.
    """
    _may_close(ledger, date, today)
    with ledger.store.writing(ledger.book_id) as session:
        last = sql.last_day_event(session, ledger.book_id, date)
        if last is not None and last[1] == "close":
            return DayClose(date=date, status="already", recorded_at=last[2])
        people = staff(session, ledger.book_id)
        operator = people.require(operator, "close_day").id
        faults = open_points(ledger, session, date)
        refused = _overriding(ledger, operator, overrides) if people.unstaffed else []
        if not people.unstaffed:
            # Where people have logins, whoever lets something pass says so himself, beforehand.
            overrides = {
                code: fact.operator for code, fact in granted(session, ledger.book_id, date.isoformat()).items()
            }
        refused += [fault for fault in faults if fault.code not in overrides]
        if refused:
            raise Refused(refused)
        passed = tuple(fault for fault in faults if fault.code in overrides)
        table = _drawers(ledger, session, date)
        recorded_at = now()
        content = {
            "drawers": [dict(row) for row in table.iter_rows(named=True)],
            "passed": [{"control": f.code, "message": f.message, "by": overrides[f.code or ""]} for f in passed],
        }
        session.insert(
            "day_event",
            pl.DataFrame(
                {
                    "book_id": [ledger.book_id], "date": [date], "seq": [1 if last is None else last[0] + 1],
                    "action": ["close"], "content": [json.dumps(content, ensure_ascii=False, sort_keys=True)],
                    "operator": [operator], "recorded_at": [recorded_at],
                }
            ),
        )  # fmt: skip
    return DayClose(date=date, status="closed", recorded_at=recorded_at, drawers=table, passed=passed)


def open_points(ledger: Ledger, session: Session, date: dt.date) -> list[Fault]:
    """Everything that keeps a day open, as of its end."""
    source = sql.JournalSource(session, ledger.book_id)
    cash = source.daily(["1001."], date)
    return [
        *_cash_left(cash, date),
        *_bank_balances(ledger, session, source, date),
        *_floats(cash, ledger),
        *_three_ways(ledger, session, date),
        *_invoices(ledger, source, date),
        *_shorts(ledger, source, date),
        *_slips(ledger, session, source, date),
        *drawers.open_points(ledger, session, date),
        *_numbers(ledger, session, date),
    ]


def _may_close(ledger: Ledger, date: dt.date, today: dt.date) -> None:
    if date > today:
        raise Refused(Fault(message=_("日期晚于营业日 {today}").format(today=today), column="date", value=str(date)))
    if ledger.cutover is not None and date <= ledger.cutover:
        raise Refused(control_fault("C49", value=str(date), p=f"{date:%Y-%m}"))


def _overriding(ledger: Ledger, operator: str, overrides: Mapping[str, str]) -> list[Fault]:
    """Only what has an override passes, and nobody passes his own day."""
    faults = []
    for code, person in overrides.items():
        allowed = code == SLIP or (code in CONTROLS and CONTROLS[code].override is not None)
        if not allowed:
            faults.append(Fault(message=_("{control} 不可放行").format(control=code), value=person, code="override"))
        elif not person.strip() or _who(ledger, person) == _who(ledger, operator):
            faults.append(
                Fault(message=_("{control} 须由他人放行").format(control=code), value=person, code="override")
            )
    return faults


def _who(ledger: Ledger, name: str) -> str:
    try:
        return ledger.book.person(name).id
    except NotFound:
        return name.strip().casefold()


# -- the points -----------------------------------------------------------------------------


def _cash_left(cash: pl.DataFrame, date: dt.date) -> list[Fault]:
    """C13: what a drawer holds beyond its float is in the bank the same day; C14: on the last day of the
    month there is no agreement with the bank that it may wait."""
    left = (
        cash.filter(pl.col("fund").ne_missing(FLOAT_FUND))
        .group_by("cashier", "fund")
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") > 0)
        .group_by("cashier")
        .agg(pl.col("amount").sum())
        .sort("cashier")
    )
    faults = [control_fault("C13", c=cashier, x=format_fen(amount)) for cashier, amount in left.iter_rows()]
    last = date == Calendar.month_end(date)
    return faults + [control_fault("C14", value=cashier) for cashier in left["cashier"] if last]


def _bank_balances(ledger: Ledger, session: Session, source: sql.JournalSource, date: dt.date) -> list[Fault]:
    """C23: the bank journal of every account balances: yesterday's balance and today's lines make today's."""
    before, after = source.daily(["1002."], date - dt.timedelta(days=1)), source.daily(["1002."], date)
    moved = sql.bank_turnover(session, ledger.book_id, date)
    faults = []
    for bank in ledger.book.banks:
        code = pl.col("account") == bank.code
        opening, closing = int(before.filter(code)["amount"].sum()), int(after.filter(code)["amount"].sum())
        if opening + moved.get(bank.code, 0) != closing:
            faults.append(control_fault("C23", value=bank.short, k=bank.short, d=date))
    return faults


def _floats(cash: pl.DataFrame, ledger: Ledger) -> list[Fault]:
    """C15: the change in a drawer has a limit."""
    limit = ledger.book.thresholds.float_limit
    floats = cash.filter(pl.col("fund") == FLOAT_FUND).group_by("cashier").agg(pl.col("amount").sum()).sort("cashier")
    return [
        control_fault("C15", value=cashier, x=format_fen(amount))
        for cashier, amount in floats.iter_rows()
        if amount > limit
    ]


def _three_ways(ledger: Ledger, session: Session, date: dt.date) -> list[Fault]:
    """C17, per cashier: money taken = daily summary (what it settled) = the documents themselves."""
    sums = drawers.receipts(ledger, session, date)
    off = sums.filter((pl.col("taken") != pl.col("settled")) | (pl.col("taken") != pl.col("documents")))
    return [
        control_fault(
            "C17",
            value=row["cashier"],
            a=format_fen(row["taken"]),
            b=format_fen(row["settled"]),
            c=format_fen(row["documents"]),
        )
        for row in off.iter_rows(named=True)
    ]


def _invoices(ledger: Ledger, source: sql.JournalSource, date: dt.date) -> list[Fault]:
    """C19: no invoice stays printed and unpaid overnight."""
    items = source.items([ledger.chart.role("invoiced_unpaid")], until=date)
    invoices = items.group_by("customer", "document").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    numbers = invoices["document"].n_unique() if len(invoices) else 0
    return [control_fault("C19", n=numbers)] if numbers else []


def _shorts(ledger: Ledger, source: sql.JournalSource, date: dt.date) -> list[Fault]:
    """C51: a short of today is made good today."""
    items = source.items([ledger.chart.role("staff_claim")], until=date)
    today = (
        items.group_by("staff", "document")
        .agg(pl.col("amount").sum(), pl.col("date").min())
        .filter((pl.col("date") == date) & (pl.col("amount") > 0))
    )
    sums = today.group_by("staff").agg(pl.col("amount").sum()).sort("staff")
    return [control_fault("C51", c=staff, x=format_fen(amount)) for staff, amount in sums.iter_rows()]


def _slips(ledger: Ledger, session: Session, source: sql.JournalSource, date: dt.date) -> list[Fault]:
    """E10: a slip or cheque that has not arrived for so long is reversed before the day is closed."""
    account = ledger.chart.role("transit_slip")
    keys = ["customer", "document"]
    items = source.items([account], until=date).group_by(keys).agg(pl.col("amount").sum(), pl.col("date").min())
    if items.is_empty():
        return []
    # What the opening brought counts from its own day.
    brought = decode(sql.openings(session, ledger.book_id), "opening").filter(pl.col("account") == account)
    own = brought.select(*keys, "item_date").unique(keys, keep="first")
    old = (
        items.join(own, on=keys, how="left")
        .with_columns(age=(pl.lit(date) - pl.coalesce("item_date", "date")).dt.total_days())
        .filter((pl.col("age") >= ledger.book.thresholds.slip_block_days) & (pl.col("amount") > 0))
        .sort("age", "document", descending=[True, False])
    )
    return [
        Fault(
            message=_("{n}({c},{x}元)已{k}天未到账,须先冲回").format(
                n=row["document"], c=row["customer"], x=format_fen(row["amount"]), k=row["age"]
            ),
            code=SLIP,
        )
        for row in old.iter_rows(named=True)
    ]


def _numbers(ledger: Ledger, session: Session, date: dt.date) -> list[Fault]:
    """C38: invoices and receipts since the last closed day run on, in the hands they were given to. What a
    closed day let pass keeps no later one open."""
    closed = [day for day in sql.closed_days(session, ledger.book_id) if day < date]
    since = max(closed) + dt.timedelta(days=1) if closed else (ledger.cutover or dt.date.min)
    return series.faults(session, ledger.book_id, ledger.book, since, date)


def _drawers(ledger: Ledger, session: Session, date: dt.date) -> pl.DataFrame:
    """The day as it is closed: ``cashier, received, banked, float``."""
    deposits = drawers.cash_entries(ledger, session, date).filter(pl.col("kind") == "cash_deposit")
    cash = sql.JournalSource(session, ledger.book_id).daily(["1001."], date)
    received = drawers.receipts(ledger, session, date).select("cashier", received="taken")
    banked = deposits.group_by("cashier").agg(banked=pl.col("given").sum())
    floats = cash.filter(pl.col("fund") == FLOAT_FUND).group_by("cashier").agg(pl.col("amount").sum().alias("float"))
    return (
        received.join(banked, on="cashier", how="full", coalesce=True)
        .join(floats, on="cashier", how="full", coalesce=True)
        .with_columns(pl.col("received", "banked", "float").fill_null(0))
        .sort("cashier")
    )
