"""预存水费 General deposit: money on account, for bills to come.

With a 三联单. It settles what it covers by itself (E13) and then stays until the
next bill; together with 预收部分水费 it counts as one. Not from a customer whose
meter is gone. Rules: domain §2 2203.05, §9.2 Advances.

::

    Dr cash: amount fund=预收部分水费 [cash]
    Dr bank: amount fund=预收部分水费 [bank]
        Cr advance_deposit: amount per held fund=预收部分水费

Example: R2 deposits 200.00: Dr 1001.C01 200.00 / Cr 2203.05 200.00.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import PARTIAL_FUND, refuse_closed
from ledger.postings.partial_payment import advance_frames, bank_faults, by_cashier_or_bank
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("cash", "amount", case="cash", fund=PARTIAL_FUND),
    debit("bank", "amount", case="bank", fund=PARTIAL_FUND),
    credit("advance_deposit", "amount", per="held", fund=PARTIAL_FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Hold the money; refuse a customer that will have no bills."""
    docs = by_cashier_or_bank(docs)
    faults = refuse_closed(docs) + bank_faults(docs, state)
    return Work(documents=docs, frames=advance_frames(docs), faults=faults)


RULE = Rule(kind="general_deposit", event="E12", legs=LEGS, prepare=prepare)
