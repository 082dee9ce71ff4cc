"""E11 Bank transfer 转账收款, over or short 多转/少转; E29 duplicate payment 重复缴费.

The bank has the money, so it is always booked. It settles whole bill-months,
oldest first. Over: what remains is 多转 (2203.04); a customer who owes nothing
has paid twice, all of it is 多转. Short: the bill the last of the money goes to
may lack 1 %, at most 50.00 (of that one bill, inclusive): it is settled whole
and its residue stays as 少转 (1122.06); levies count as paid first. Below the
oldest bill beyond that the money is held whole as 预收部分水费 (2203.03, E12).
Rules: domain §3 E11, E29, §9.2 Advances, C25, C53.

::

    Dr bank: amount
    Dr ar_short: short per bill
        Cr receivable: gross per bill
        Cr advance_over: over per held
        Cr advance_partial: part per held
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

The fund of the money is 水费; of money held whole 预收部分水费; for closed meters 补缴水费.
Example: E5 owes 1,200.00 and transfers 1,190.00 on 2023-06-19: Dr 1002.02 1,190.00,
Dr 1122.06 10.00 / Cr 1122.02 1,200.00, LM(350.00/62.50/12.50, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import APPLIED, revenue_accounts, settle_transfers, used_numbers
from ledger.postings.rule import Rule, Work, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount"),
    *APPLIED,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle what the money covers; refuse a bank number used before."""
    docs = docs.with_columns(document=pl.col("bank_ref"))
    work = settle_transfers(docs, state)
    work.faults += revenue_accounts(docs, state)
    work.faults += used_numbers(docs, state, "bank_ref", ["1002."])
    return work


RULE = Rule(kind="transfer_receipt", event="E11", legs=LEGS, prepare=prepare)
