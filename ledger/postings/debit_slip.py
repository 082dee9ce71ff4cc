"""E17 Direct debit slip 划扣合计单: the month's total, one slip per bank.

The bank debits our customers and gives one slip for the month; who has paid is
known from the list next month. Until then the sum stands against the
receivables, unallotted (1122.09), under the slip. Rules: domain §3 E17, §9.1 Q13, C33, C53.

::

    Dr bank: amount fund=水费
        Cr debit_pending: amount fund=水费

Example: June, two households: Dr 1002.01 65.55 / Cr 1122.09 65.55.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.counter import WATER_FUND, revenue_accounts, used_numbers
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount", fund=WATER_FUND),
    credit("debit_pending", "amount", fund=WATER_FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Book the slip; refuse a number used before, and a second slip of the bank for the period."""
    docs = docs.with_columns(document=pl.coalesce("slip_no", "doc_no"), bill_month=pl.col("period"))
    faults = revenue_accounts(docs, state) + _second(docs, state)
    faults += used_numbers(docs, state, "slip_no", [state.chart.role("debit_pending")])
    return Work(documents=docs, frames={"document": docs}, faults=faults)


def slips(state: State) -> pl.DataFrame:
    """All slips posted: ``slip, bank, period, slip_amount`` (fen)."""
    rows = state.document_rows("debit_slip")
    return rows.select(pl.coalesce("slip_no", "doc_no").alias("slip"), "bank", "period", slip_amount="amount")


def _second(docs: pl.DataFrame, state: State) -> list[Fault]:
    earlier = docs.join(slips(state), on=["bank", "period"], how="inner", maintain_order="left").filter(
        pl.col("slip") != pl.col("document")
    )
    return rows_at_fault(
        earlier, "period", lambda r: _("{period} 已有合计单 {slip}").format(period=r["period"], slip=r["slip"])
    )


RULE = Rule(kind="debit_slip", event="E17", legs=LEGS, prepare=prepare, serial=("bank",))
