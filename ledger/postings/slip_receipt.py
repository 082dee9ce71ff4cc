"""E10 Transfer with a provisional slip 临时回单.

The customer shows the bank's slip; the money is not there yet. The slip is a
dated proof of money under way, so bills are settled as by a transfer, but the
money stands in 1012.02 under the slip's number, in the bank it will arrive in,
until it arrives (slip_arrival) or does not (slip_expired). A slip counts once
(C53). Rules: domain §0 (2), §3 E10, §9.2 Advances.

::

    Dr transit_slip: amount
    Dr ar_short: short per bill
        Cr receivable: gross per bill
        Cr advance_over: over per held
        Cr advance_partial: part per held
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: E3 owes 1,392.00 and shows a slip of 1,500.00 on 2023-06-16: Dr 1012.02 1,500.00 /
Cr 1122.02 1,392.00, Cr 2203.04 108.00, LM(406.00/72.50/14.50, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import APPLIED, refuse_waiting, revenue_accounts, settle_transfers, used_numbers
from ledger.postings.rule import Rule, Work, debit
from ledger.state import State

LEGS = (
    debit("transit_slip", "amount"),
    *APPLIED,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle what the slip covers; refuse a slip used before, and bills that are with the bank (托收)."""
    docs = docs.with_columns(document=pl.col("slip_no"))
    work = settle_transfers(docs, state)
    work.faults += refuse_waiting(work.frames["document"], state)
    work.faults += revenue_accounts(docs, state)
    work.faults += used_numbers(docs, state, "slip_no", [state.chart.role("transit_slip")])
    return work


RULE = Rule(kind="slip_receipt", event="E10", legs=LEGS, prepare=prepare)
