"""E08 POS and scan receipts 扫码、POS机收款.

The acquirer holds the money until it settles: 1012.01 under the channel's order
number, in the bank it will be settled into. The customer is credited in full
(the fee is ours): whole bill-months, oldest first; what remains over them is
held as 预收部分水费, and a payment by somebody who owes nothing was a second one
(重复缴费, E29). Below the oldest bill nothing is settled (C20); an order number
counts once (C53). Rules: domain §3 E08, §9.2.

::

    Dr transit_card: amount fund=水费
        Cr receivable: gross per bill
        Cr advance_partial: part per held fund=水费
        Cr advance_over: over per held fund=水费
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: R1 scans 41.40 on 2023-06-08: Dr 1012.01 41.40 / Cr 1122.01 41.40,
LM(11.40/3.00/0.60, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import WATER_FUND, refuse_waiting, revenue_accounts, settle_tenders, used_numbers
from ledger.postings.faults import control
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("transit_card", "amount", fund=WATER_FUND),
    credit("receivable", "gross", per="bill"),
    credit("advance_partial", "part", per="held", fund=WATER_FUND),
    credit("advance_over", "over", per="held", fund=WATER_FUND),
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle the open bills of each customer; the channel refunds the same day what is refused."""
    bills = state.bills("ar_resident", "ar_entity", locked=False)
    work = settle_tenders(docs, bills, state, fund=WATER_FUND)
    nothing_open = pl.col("oldest").is_null()
    work.frames["held"] = work.frames["held"].with_columns(
        part=pl.when(nothing_open).then(0).otherwise("rest"), over=pl.when(nothing_open).then("rest").otherwise(0)
    )
    tenders = work.frames["document"]
    work.faults += control(tenders.filter((pl.col("applied") == 0) & pl.col("oldest").is_not_null()), "C20", "amount")
    work.faults += refuse_waiting(tenders, state)
    work.faults += revenue_accounts(docs, state)
    work.faults += used_numbers(docs, state, "channel_no", [state.chart.role("transit_card")])
    return work


RULE = Rule(kind="scan_receipt", event="E08", legs=LEGS, prepare=prepare)
