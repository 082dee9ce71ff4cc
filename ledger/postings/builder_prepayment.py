"""E15 Builder prepayment 预交水费: real-estate builders pay ahead for their sites.

With a 三联单; at least 10,000.00, builders (房地产施工单位) only (C21); a smaller sum
is a general deposit. E13 applies it as bills arise. Rules: domain §3 E15, C21.

::

    Dr cash: amount fund=预交水费 [cash]
    Dr bank: amount fund=预交水费 [bank]
        Cr advance_builder: amount per held fund=预交水费

Example: B1 on 2023-06-16: Dr 1001.C02 12,000.00 / Cr 2203.02 12,000.00.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.faults import control
from ledger.postings.partial_payment import advance_frames, bank_faults, by_cashier_or_bank
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

FUND = "预交水费"

LEGS = (
    debit("cash", "amount", case="cash", fund=FUND),
    debit("bank", "amount", case="bank", fund=FUND),
    credit("advance_builder", "amount", per="held", fund=FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Hold the money; refuse who is no builder and what is too little (C21)."""
    docs = by_cashier_or_bank(docs)
    least = state.book.thresholds.builder_minimum
    stranger = pl.col("c_name").is_not_null() & pl.col("c_kind").ne_missing("builder")
    faults = control(docs.filter(stranger), "C21", "customer")
    faults += control(docs.filter(~stranger & (pl.col("amount") < least)), "C21", "amount")
    return Work(documents=docs, frames=advance_frames(docs), faults=faults + bank_faults(docs, state))


RULE = Rule(kind="builder_prepayment", event="E15", legs=LEGS, prepare=prepare)
