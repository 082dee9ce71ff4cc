"""E07 Counter cash 现金收费, with E06 late charge 违约金.

The tender settles whole bill-months, oldest first (整月核减); what remains over
the covered bills is held for the customer (预收部分水费, with 三联单). Levies of
the settled bills move to collected-due under the fund of the tender, in the
bank the drawer is deposited in. Money below the oldest bill is no settlement:
C20 refers to 预收部分水费. Rules: domain §0 (1)(2), §3 E06–E07, §9.2.

::

    Dr cash: amount fund=水费
        Cr receivable: gross per bill
        Cr late_fee: late_net
        Cr vat_simplified: late_vat item=late
        Cr advance_partial: rest fund=水费
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: R2 pays 120.80 on 2023-06-09: Dr 1001.C01 120.80 / Cr 1122.01 120.80,
LM(26.60/7.00/1.40, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.postings.counter import LATE_CHARGE, refuse_uncovered, settle_tenders
from ledger.postings.faults import control
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

FUND = "水费"

LEGS = (
    debit("cash", "amount", fund=FUND),
    credit("receivable", "gross", per="bill"),
    *LATE_CHARGE,
    credit("advance_partial", "rest", fund=FUND),
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle the open bills of each customer; refuse what covers none of them (C20)."""
    bills = state.bills("ar_resident", "ar_entity", locked=False)
    work = settle_tenders(docs, bills, state, fund=FUND)
    work.faults += [*refuse_uncovered(work, state), *_invoices(docs)]
    return work


def _invoices(docs: pl.DataFrame) -> list[Fault]:
    """C39: where the row says what stands on the invoice, it is this customer and this amount."""
    name = docs.filter(pl.col("invoice_name").is_not_null() & pl.col("invoice_name").ne_missing(pl.col("c_name")))
    amount = docs.filter(pl.col("invoice_amount").is_not_null() & (pl.col("invoice_amount") != pl.col("amount")))
    return [*control(name, "C39", "invoice_name"), *control(amount, "C39", "invoice_amount")]


RULE = Rule(kind="cash_receipt", event="E07", legs=LEGS, prepare=prepare)
