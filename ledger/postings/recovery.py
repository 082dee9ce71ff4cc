"""E32 Recovery of a debt written off 坏账收回: the bill is opened again, then it is paid.

What was written off comes back as a receivable of 销户欠费 under the bill's own number: its
levies are billed again, first, the rest returns to the allowance (under 小企业会计准则 to
the loss). No more than was written off and not yet recovered. The money itself is a
receipt of its own (E22). Rules: domain §3 E22, E32, §9.2.

::

    Dr ar_closed: amount
        Cr allowance: loss [asbe]
        Cr impairment: loss [asse]
        Cr levy_billed: levy per levy

Example: R8 2020-06: Dr 1122.05 17.25 / Cr 1231 11.00, Cr 2241.01 4.75, 1.25, 0.25.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.bills import one_bill
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("ar_closed", "amount"),
    credit("allowance", "loss", case="asbe"),
    credit("impairment", "loss", case="asse"),
    credit("levy_billed", "levy", per="levy"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Open what was written off again, levies first."""
    items = state.chart.levy_items
    bills, faults = one_bill(docs, _written_off(state))
    faults += rows_at_fault(
        bills.filter(pl.col("amount") > pl.col("lost")),
        "amount",
        lambda r: _("该账单已核销未收回的只有 {lost}").format(lost=format_fen(r["lost"])),
    )
    left = pl.col("amount")
    for item in items:
        bills = bills.with_columns(pl.min_horizontal(item, left).alias(item))
        left = left - pl.col(item)
    bills = bills.with_columns(
        loss=pl.col("amount") - pl.sum_horizontal(*items),
        case=pl.lit(state.book.policies.accounting_standard),
        bill_month=pl.coalesce("bill_month", "month"),
    )
    return Work(documents=docs, frames={"document": bills, "levy": settlement.levies(bills, items)}, faults=faults)


def _written_off(state: State) -> pl.DataFrame:
    """Bills written off and not recovered: ``customer, bill_month, document, branch, lost`` (fen) and what is
    lost of each levy; those that an opening list brought as written off too."""
    keys = ["customer", "bill_month", "document"]
    items = state.chart.levy_items
    claims = [state.chart.role(role) for role in ("ar_resident", "ar_entity", "ar_closed", "ar_inspection")]
    lines = state.history("bad_debt", "recovery").with_columns(off=pl.col("credit") - pl.col("debit"))
    posted = lines.group_by(keys).agg(
        pl.col("branch").max(),
        pl.col("off").filter(pl.col("account").is_in(claims)).sum().alias("lost"),
        *(
            -pl.col("off").filter(pl.col("account") == code).sum().alias(item)
            for item, code in state.levy_accounts.items()
        ),
    )
    opening = state.fact_rows("opening_bills").filter(pl.col("status") == "written_off")
    parts = [pl.col(name).fill_null(0) for name in ("net", *items, "tax_line")]
    brought = opening.select(
        "customer",
        "bill_month",
        pl.col("bill_no").alias("document"),
        pl.lit(None, pl.String).alias("branch"),
        pl.sum_horizontal(*parts).alias("lost"),
        *(pl.col(item).fill_null(0) for item in items),
    )
    columns = [*keys, "branch", "lost", *items]
    return (
        pl.concat([posted.select(columns), brought.select(columns)])
        .group_by(keys)
        .agg(pl.col("branch").max(), pl.col("lost", *items).sum())
        .filter(pl.col("lost") > 0)
    )


RULE = Rule(kind="recovery", event="E32", legs=LEGS, prepare=prepare)
