"""E24 Bank interest 存款利息: booked from the bank's advice, as a red expense.

Interest reduces the financial expense, so it stands in its debit column, negative
(红字): an entry of two debit lines that total zero. The money is the fund 银行存款利息.
Rules: domain §3 E24, C53.

::

    Dr bank: amount fund=银行存款利息
    Dr interest: red fund=银行存款利息

Example: 2023-06-21, 工行0101: Dr 1002.01 12.34 / red Dr 6603.01 −12.34.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import used_numbers
from ledger.postings.rule import Rule, Work, debit
from ledger.state import State

FUND = "银行存款利息"

LEGS = (
    debit("bank", "amount", fund=FUND),
    debit("interest", "red", fund=FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Book the advice; its number stands once (C53)."""
    docs = docs.with_columns(red=-pl.col("amount"))
    return Work(documents=docs, frames={"document": docs}, faults=used_numbers(docs, state, "advice_no", ["1002."]))


RULE = Rule(kind="interest", event="E24", legs=LEGS, prepare=prepare, serial=())
