"""E32 Bad debt written off 坏账核销: on head office's approval (审批号 HX).

The levies of the bill are no loss of ours: billed-not-collected is taken back, the volume is
left out of the annual levy settlement. The rest, VAT and an untaxed line of ours
included, is taken from the allowance (企业会计准则) or written off directly (小企业会计准则), by
``accounting_standard`` of the book. A bill in an open collection batch, or of a 代扣 customer
while a direct-debit slip waits for its list, may still be paid: refused.
Rules: domain §3 E32, §9.2.

::

    Dr allowance: loss [asbe]
    Dr impairment: loss [asse]
    Dr levy_billed: levy per levy
        Cr receivable: gross

Example: R8 2020-06 on 2023-06-27: Dr 1231 11.00, Dr 2241.01 4.75, 1.25, 0.25 / Cr 1122.05 17.25.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.i18n import _
from ledger.postings.bills import one_bill, refuse_locked
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("allowance", "loss", case="asbe"),
    debit("impairment", "loss", case="asse"),
    debit("levy_billed", "levy", per="levy"),
    credit("receivable", "gross"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Write off the bill as it stands; refuse while the bank may still bring the money."""
    items = state.chart.levy_items
    bills, faults = one_bill(docs, state.bills("ar_resident", "ar_entity", "ar_closed", "ar_inspection"))
    faults += refuse_locked(bills)
    again = bills.filter(pl.struct("customer", "document").is_first_distinct().not_())
    faults += rows_at_fault(again, "bill_month", lambda _r: _("同一张账单核销了两次"))
    if len(state.items([state.chart.role("debit_pending")])):
        waiting = bills.filter(pl.col("c_pay_mode") == "debit")
        faults += rows_at_fault(waiting, "customer", lambda _r: _("划扣合计单尚未分户,代扣户的账单不能核销"))
    bills = bills.with_columns(
        case=pl.lit(state.book.policies.accounting_standard), loss=pl.col("gross") - pl.sum_horizontal(*items)
    )
    return Work(documents=docs, frames={"document": bills, "levy": settlement.levies(bills, items)}, faults=faults)


RULE = Rule(kind="bad_debt", event="E32", legs=LEGS, prepare=prepare, serial=())
