"""E08 Scan and POS settlement 扫码清算.

The acquirer pays what it collected less its fee (手续费), which is our expense.
A settlement that is not what stands in transit is booked as it came: the
difference stays in 1012.01 and is said, at once when more is settled than was
taken, after three working days when something is left. Rules: domain §3 E08.

::

    Dr bank: net fund=水费
    Dr fees: fee fund=水费
        Cr transit_card: gross fund=水费

Example: 2023-06-09, fee 0.6 %: Dr 1002.02 41.15, Dr 6603.02 0.25 / Cr 1012.01 41.40.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import WATER_FUND, revenue_accounts
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "net", fund=WATER_FUND),
    debit("fees", "fee", fund=WATER_FUND),
    credit("transit_card", "gross", fund=WATER_FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Refuse amounts that do not add up; say what is left in transit."""
    off = docs.filter(pl.col("gross") != pl.col("net") + pl.col("fee"))
    faults = rows_at_fault(
        off,
        "net",
        lambda r: _("交易额 {gross} 不等于到账额加手续费 {sum}").format(
            gross=format_fen(r["gross"]), sum=format_fen(r["net"] + r["fee"])
        ),
    )
    warnings = [fault for row in docs.iter_rows(named=True) for fault in _left_over(docs, row, state)]
    return Work(
        documents=docs, frames={"document": docs}, faults=faults + revenue_accounts(docs, state), warnings=warnings
    )


def _left_over(docs: pl.DataFrame, row: dict[str, object], state: State) -> list[Fault]:
    """What the settlement leaves in transit, oldest scans settled first."""
    day, bank, gross = row["date"], row["bank"], row["gross"]
    assert isinstance(day, dt.date)
    assert isinstance(gross, int)
    here = docs.filter(pl.col("entry") == row["entry"])
    account = state.chart.role("transit_card")
    now = state.daily([account], day).filter(pl.col("bank") == bank)
    left = int(now["amount"].sum()) - gross
    if left < 0:
        return rows_at_fault(here, "gross", lambda _r: _("清算额超过在途 {over}").format(over=format_fen(-left)))
    limit = state.book.thresholds.settlement_days
    then = state.daily([account], _working_days_before(day, limit, state)).filter(pl.col("bank") == bank)
    taken_by_then = int(then["amount"].sum()) + int(then["credit"].sum())
    overdue = taken_by_then - int(now["credit"].sum()) - gross
    if overdue <= 0:
        return []
    return rows_at_fault(
        here,
        "gross",
        lambda _r: _("扫码在途 {left} 已满 {days} 个工作日未清算").format(left=format_fen(overdue), days=limit),
    )


def _working_days_before(day: dt.date, count: int, state: State) -> dt.date:
    """The latest day whose scans are ``count`` working days old on ``day``."""
    earlier = day
    while state.book.calendar.working_days_between(earlier, day) < count:
        earlier -= dt.timedelta(days=1)
    return earlier


RULE = Rule(kind="scan_settlement", event="E08", legs=LEGS, prepare=prepare, serial=("bank",))
