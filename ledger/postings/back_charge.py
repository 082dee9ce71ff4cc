"""E21 Back charge 监察大队补缴: water drawn without a meter or a contract.

On a work order of the inspection brigade; priced as a charge, on an account of
its own. A penalty (罚额, tax included) is ours, less what the brigade let off: more
than half of it only with the approval of its head (C47). Rules: domain §3 E21, C47.

::

    Dr receivable: claim
        Cr sales: revenue
        Cr vat_simplified: vat item=water
        Cr sales_tax_line: tax_line
        Cr late_fee: penalty_net
        Cr vat_simplified: penalty_vat item=penalty
        Cr levy_billed: levy per levy

Example: E4, 40 m³ of class S: Dr 1122.04 328.00 / Cr 6001.01 252.43, Cr 2221.02 7.57,
Cr 2241.01 56.00, 10.00, 2.00.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.charge import priced, unpriced
from ledger.postings.counter import vat_included
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("receivable", "claim"),
    credit("sales", "revenue"),
    credit("vat_simplified", "vat", item="water"),
    credit("sales_tax_line", "tax_line"),
    credit("late_fee", "penalty_net"),
    credit("vat_simplified", "penalty_vat", item="penalty"),
    credit("levy_billed", "levy", per="levy"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Price water and penalty; refuse what was let off beyond the brigade's power."""
    # A back charge without a month belongs to the month it is made in.
    docs = docs.with_columns(bill_month=pl.coalesce("bill_month", pl.col("date").dt.strftime("%Y-%m")))
    bills = priced(docs, state).with_columns(account=pl.lit(state.chart.role("ar_inspection")))
    penalty = pl.col("penalty").fill_null(0) - pl.col("reduced").fill_null(0)
    bills = bills.with_columns(_penalty=penalty)
    bills = bills.with_columns(penalty_vat=vat_included(pl.col("_penalty"), bills, state, "penalty"))
    bills = bills.with_columns(
        penalty_net=pl.col("_penalty") - pl.col("penalty_vat"), claim=pl.col("gross") + pl.col("_penalty")
    )
    return Work(
        documents=bills,
        frames={"document": bills, "levy": settlement.levies(bills, state.chart.levy_items)},
        faults=unpriced(bills) + _let_off(bills, state),
    )


def _let_off(bills: pl.DataFrame, state: State) -> list[Fault]:
    reduced, penalty = pl.col("reduced").fill_null(0), pl.col("penalty").fill_null(0)
    share = state.book.thresholds.penalty_reduction_basis_points
    beyond = (reduced * 10_000 > penalty * share) & (reduced <= penalty) & pl.col("approver").is_null()
    return [
        *rows_at_fault(bills.filter(reduced > penalty), "reduced", lambda _r: _("减免额大于罚额")),
        *control(bills.filter(beyond), "C47", "reduced"),
    ]


RULE = Rule(kind="back_charge", event="E21", legs=LEGS, prepare=prepare, serial=())
