"""E22 Removed-meter arrears 现金大票: old debts of closed accounts, with late charge.

With a 商业发票; whole bills, to the fen, under the fund 补缴水费. Only of an account
that is closed or its meter removed; what was written off comes back by E32
first. Rules: domain §3 E06, E22, C20.

::

    Dr cash: amount fund=补缴水费
        Cr receivable: gross per bill
        Cr late_fee: late_net
        Cr vat_simplified: late_vat item=late
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: R6 on 2023-06-12, 10.30 of it late charge: Dr 1001.C02 96.55 / Cr 1122.05 86.25,
Cr 6301.01 10.00, Cr 2221.02 0.30, LM(23.75/6.25/1.25, 补缴水费).
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.postings.counter import CLOSED_FUND, LATE_CHARGE, refuse_inexact, settle_tenders
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("cash", "amount", fund=CLOSED_FUND),
    credit("receivable", "gross", per="bill"),
    *LATE_CHARGE,
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle old debts, oldest first; refuse an account that is still active."""
    work = settle_tenders(docs, state.bills("ar_closed"), state, fund=CLOSED_FUND)
    active = docs.filter(pl.col("c_kind").is_in(["normal", "builder"]))
    work.faults += rows_at_fault(active, "customer", lambda _r: _("该户未销户、未拆表,请按现金收费收款"))
    gone = work.frames["document"].join(active.select("entry"), on="entry", how="anti", maintain_order="left")
    work.faults += refuse_inexact(gone, _("没有未结的销户欠费;已核销的先做坏账收回"))
    return work


RULE = Rule(kind="removed_meter_receipt", event="E22", legs=LEGS, prepare=prepare)
