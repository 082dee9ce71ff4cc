"""E09 Transfer cheque 转账支票.

Lodged (已进账) the money is the bank's by its slip (进账单); handed in and not
lodged yet it stands in 1012.02 until cheque_lodged. It settles bills as a
transfer does. A cheque is good for ten days from its issue, not before its
date, and counts once (C53). Rules: domain §3 E09, §9.2.

::

    Dr bank: amount [lodged]
    Dr transit_slip: amount [in_hand]
    Dr ar_short: short per bill
        Cr receivable: gross per bill
        Cr advance_over: over per held
        Cr advance_partial: part per held
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: E4 pays 820.00 by cheque ZP-0630, lodged on 2023-06-30: Dr 1002.01 820.00 /
Cr 1122.02 820.00, LM(140.00/25.00/5.00, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.counter import APPLIED, refuse_waiting, revenue_accounts, settle_transfers, used_numbers
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount", case="lodged"),
    debit("transit_slip", "amount", case="in_hand"),
    *APPLIED,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle what the cheque covers; refuse one that is stale, post-dated or used."""
    docs = docs.with_columns(
        document=pl.col("cheque_no"),
        case=pl.when(pl.col("lodged") == "yes").then(pl.lit("lodged")).otherwise(pl.lit("in_hand")),
    )
    work = settle_transfers(docs, state)
    work.faults += refuse_waiting(work.frames["document"].filter(pl.col("case") == "in_hand"), state)
    work.faults += _stale(docs, state) + revenue_accounts(docs, state)
    work.faults += used_numbers(docs, state, "cheque_no", ["1002.", state.chart.role("transit_slip")])
    return work


def _stale(docs: pl.DataFrame, state: State) -> list[Fault]:
    limit = state.book.thresholds.cheque_days
    age = (pl.col("date") - pl.col("issue_date")).dt.total_days()
    return [
        *rows_at_fault(docs.filter(age < 0), "issue_date", lambda _r: _("支票未到出票日期")),
        *rows_at_fault(
            docs.filter(age > limit), "issue_date", lambda _r: _("支票已过 {days} 天提示付款期").format(days=limit)
        ),
    ]


RULE = Rule(kind="cheque_receipt", event="E09", legs=LEGS, prepare=prepare)
