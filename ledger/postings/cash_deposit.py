"""E19 Cash deposit 缴存: the drawer's takings go to the bank, one slip per fund category.

The slip (现金缴款单) equals what the drawer holds in its category; the change
float (零钞) stays. One trip of several slips is one entry with one bank line per
slip. Rules: domain §3 E19, C13, C25, C50.

::

    Dr bank: amount
        Cr cash: amount

Example: 2023-06-09, C01: Dr 1002.01 120.80 / Cr 1001.C01 120.80, slip JK-0609, 水费.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.funds import FLOAT_FUND
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import revenue_accounts, used_numbers
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount"),
    credit("cash", "amount"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Refuse a slip that is not what the drawer holds, the float, and a number used before (C53)."""
    drawers = pl.concat([_held(part, state) for part in docs.partition_by("date", maintain_order=True)])
    slips = docs.join(drawers, on=["date", "cashier", "fund"], how="left", maintain_order="left")
    slips = slips.with_columns(
        pl.col("held").fill_null(0), banked=pl.col("amount").sum().over("date", "cashier", "fund")
    )
    off = slips.filter((pl.col("banked") != pl.col("held")) & (pl.col("fund") != FLOAT_FUND))
    faults: list[Fault] = rows_at_fault(
        off,
        "amount",
        lambda r: _("{cashier} 抽屉中 {fund} 应缴 {held}").format(
            cashier=r["cashier"], fund=r["fund"], held=format_fen(r["held"])
        ),
        code="C17",
    )
    faults += rows_at_fault(docs.filter(pl.col("fund") == FLOAT_FUND), "fund", lambda _r: _("零钞不缴存"))
    faults += revenue_accounts(docs, state)
    faults += used_numbers(docs, state, "slip_no", ["1002."])
    alone = docs.filter(pl.col("carried_by").fill_null("").str.contains("[、,;/ ]") == False)  # noqa: E712 - an expression
    warnings = control(alone.filter(pl.col("carried_by").is_not_null()), "C50", "carried_by")
    return Work(documents=docs, frames={"document": docs}, faults=faults, warnings=warnings)


def _held(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """What each drawer holds per fund at the end of one date, this batch included."""
    day = docs["date"][0]
    return (
        state.daily(["1001."], day)
        .group_by("cashier", "fund")
        .agg(held=pl.col("amount").sum())
        .with_columns(date=pl.lit(day))
    )


RULE = Rule(kind="cash_deposit", event="E19", legs=LEGS, prepare=prepare, serial=("entry",))
