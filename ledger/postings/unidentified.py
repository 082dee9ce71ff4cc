"""E31 Unidentified receipt 不明来款.

The bank has money and nobody knows whose: it is owed to its payer and of the
fund 待查, which is not transferred to head office. Rules: domain §3 E31, C25, C53.

::

    Dr bank: amount fund=待查
        Cr unidentified: amount fund=待查

Example: 600.00 arrives without a name: Dr 1002.01 600.00 / Cr 2241.03 600.00.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import revenue_accounts, used_numbers
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

PENDING_FUND = "待查"

LEGS = (
    debit("bank", "amount", fund=PENDING_FUND),
    credit("unidentified", "amount", fund=PENDING_FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Book what came; refuse a bank number used before."""
    docs = docs.with_columns(document=pl.col("bank_ref"))
    faults = revenue_accounts(docs, state) + used_numbers(docs, state, "bank_ref", ["1002."])
    return Work(documents=docs, frames={"document": docs}, faults=faults)


RULE = Rule(kind="unidentified", event="E31", legs=LEGS, prepare=prepare, serial=())
