"""E14 TM card recognition TM卡应收确认: the month's card sales become revenue.

On day 25 with the sales reports: the bill of the water sold, as a charge, on
1122.03; the money held for the card settles it at once (E13, its own entry).
Once per customer and month; a customer without card money has nothing to
recognise. Rules: domain §3 E14, §9.1 Q5.

::

    Dr ar_tm: gross
        Cr sales: revenue
        Cr vat_simplified: vat item=water
        Cr sales_tax_line: tax_line
        Cr levy_billed: levy per levy

Example: R5, 30 m³ on 2023-06-25: Dr 1122.03 103.50 / Cr 6001.01 64.08, Cr 2221.02 1.92,
Cr 2241.01 28.50, 7.50, 1.50; then Dr 2203.01 103.50 / Cr 1122.03 103.50, LM(TM卡水费).
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.charge import unpriced
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.postings.tm_sale import tm_priced
from ledger.state import State

LEGS = (
    debit("ar_tm", "gross"),
    credit("sales", "revenue"),
    credit("vat_simplified", "vat", item="water"),
    credit("sales_tax_line", "tax_line"),
    credit("levy_billed", "levy", per="levy"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Price the bills; refuse a month recognised before, and customers without card money."""
    bills = tm_priced(docs, state)
    held = state.advances("advance_tm").group_by("customer").agg(held=pl.col("held").sum())
    bills = bills.join(held, on="customer", how="left", maintain_order="left")
    known = bills.filter(pl.col("c_name").is_not_null())
    faults = unpriced(known)
    faults += rows_at_fault(known.filter(pl.col("held").is_null()), "customer", lambda _r: _("该户没有TM卡预收款"))
    again = bills.join(state.charged(bills["bill_month"].unique(), "ar_tm"), on=["customer", "bill_month"], how="semi")
    faults += rows_at_fault(
        again,
        "bill_month",
        lambda r: _("户号 {customer} {month} 的TM卡水费已确认").format(customer=r["customer"], month=r["bill_month"]),
    )
    warnings = rows_at_fault(
        known.filter(pl.col("held") < pl.col("gross")),
        "volume",
        lambda r: _("TM卡预收 {held} 不足应收 {gross}").format(
            held=format_fen(r["held"]), gross=format_fen(r["gross"])
        ),
    )
    return Work(
        documents=bills,
        frames={"document": bills, "levy": settlement.levies(bills, state.chart.levy_items)},
        faults=faults,
        warnings=warnings,
    )


RULE = Rule(kind="tm_recognition", event="E14", legs=LEGS, prepare=prepare)
