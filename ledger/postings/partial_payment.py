"""E12 Partial payment 预收部分水费: money below the oldest bill is held, not settled.

With a 三联单; the receivable stays as it is (系统未核减). When what is held for the
customer covers the bill, E13 applies it. At or above the oldest bill the money
must settle it (a cash receipt). Rules: domain §0 (1), §3 E12, §9.2 Advances.

::

    Dr cash: amount fund=预收部分水费 [cash]
    Dr bank: amount fund=预收部分水费 [bank]
        Cr advance_partial: amount fund=预收部分水费

Example: R7 owes 41.40 for April and pays 30.00: Dr 1001.C02 30.00 / Cr 2203.03 30.00.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.settlement import OLDEST_FIRST
from ledger.state import State

FUND = "预收部分水费"

LEGS = (
    debit("cash", "amount", case="cash", fund=FUND),
    debit("bank", "amount", case="bank", fund=FUND),
    credit("advance_partial", "amount", fund=FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Hold the money; refuse what would settle the oldest bill."""
    docs = by_cashier_or_bank(docs)
    bills = state.bills("ar_resident", "ar_entity")
    oldest = bills.sort(*OLDEST_FIRST).unique("customer", keep="first").select("customer", oldest=pl.col("gross"))
    owed = docs.join(oldest, on="customer", how="left", maintain_order="left")
    enough = owed.filter(pl.col("amount") >= pl.col("oldest"))
    return Work(
        documents=docs,
        frames={"document": docs},
        faults=rows_at_fault(
            enough, "amount", lambda r: _("够交最早一月欠费 {bill},请按收费核减").format(bill=format_fen(r["oldest"]))
        ),
    )


def by_cashier_or_bank(docs: pl.DataFrame) -> pl.DataFrame:
    """``case`` cash or bank: which of the two the document names. An advance is known by its
    receipt (``document`` = doc_no), money in the bank by the bank's own number."""
    taken_by_cashier = pl.col("cashier").is_not_null()
    number = pl.when(taken_by_cashier).then(pl.col("doc_no")).otherwise(pl.coalesce("bank_ref", "doc_no"))
    return docs.with_columns(
        case=pl.when(taken_by_cashier).then(pl.lit("cash")).otherwise(pl.lit("bank")), document=number
    )


RULE = Rule(kind="partial_payment", event="E12", legs=LEGS, prepare=prepare)
