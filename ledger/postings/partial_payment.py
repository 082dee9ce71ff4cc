"""E12 Partial payment 预收部分水费: money below the oldest bill is held, not settled.

With a 三联单; the receivable stays as it is (系统未核减). When what is held for the
customer covers the bill, E13 applies it. At or above the oldest bill the money
must settle it (a cash receipt). Rules: domain §0 (1), §3 E12, §9.2 Advances.

::

    Dr cash: amount fund=预收部分水费 [cash]
    Dr bank: amount fund=预收部分水费 [bank]
        Cr advance_partial: amount per held fund=预收部分水费

Example: R7 owes 41.40 for April and pays 30.00: Dr 1001.C02 30.00 / Cr 2203.03 30.00.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import revenue_accounts, used_numbers
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.settlement import OLDEST_FIRST
from ledger.state import State

FUND = "预收部分水费"

LEGS = (
    debit("cash", "amount", case="cash", fund=FUND),
    debit("bank", "amount", case="bank", fund=FUND),
    credit("advance_partial", "amount", per="held", fund=FUND),
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
        frames=advance_frames(docs),
        faults=rows_at_fault(
            enough, "amount", lambda r: _("够交最早一月欠费 {bill},请按收费核减").format(bill=format_fen(r["oldest"]))
        )
        + bank_faults(docs, state),
    )


def by_cashier_or_bank(docs: pl.DataFrame) -> pl.DataFrame:
    """``case`` cash or bank: which of the two the document names. Money in the bank is known by the
    bank's own number (``document``), cash by its receipt."""
    taken_by_cashier = pl.col("cashier").is_not_null()
    number = pl.when(taken_by_cashier).then(pl.col("doc_no")).otherwise(pl.coalesce("bank_ref", "doc_no"))
    return docs.with_columns(
        case=pl.when(taken_by_cashier).then(pl.lit("cash")).otherwise(pl.lit("bank")), document=number
    )


def advance_frames(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Frames of money held: an advance is known by its receipt (``document`` = doc_no)."""
    return {"document": docs, "held": docs.with_columns(document=pl.col("doc_no"))}


def bank_faults(docs: pl.DataFrame, state: State) -> list[Fault]:
    """What is wrong with those paid through a bank: the account (C25), its number used before (C53)."""
    paid = docs.filter(pl.col("case") == "bank")
    numbered = paid.filter(pl.col("bank_ref").is_not_null())
    return revenue_accounts(paid, state) + used_numbers(numbered, state, "bank_ref", ["1002."])


RULE = Rule(kind="partial_payment", event="E12", legs=LEGS, prepare=prepare)
