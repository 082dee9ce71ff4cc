"""E18 Invoice printed, unpaid 先打印发票未付款: the billing system has settled the bill, no money came.

The bill waits in the clearing account 已开票未收款 under the invoice's number until, before
the day is closed, the same is posted in red (冲回): an invoice is no money (domain §0 (2)).
Levies do not move. The invoice is kept and handed over when the money comes; the
settlement carries a number of its own, and the bill is not printed a second time.
Rules: domain §3 E18, §9.2, C19.

::

    Dr invoiced_unpaid: gross per invoice
        Cr receivable: gross per bill

Example: E4 on 2023-06-26: Dr 1221.04 820.00 / Cr 1122.02 820.00; the same day in red:
Dr 1221.04 −820.00 / Cr 1122.02 −820.00.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.bills import named_bills, one_bill, refuse_locked
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("invoiced_unpaid", "gross", per="invoice"),
    credit("receivable", "gross", per="bill"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Set the bill aside, or bring it back; refuse a second invoice for it."""
    prints, clears = docs.filter(pl.col("step") == "print"), docs.filter(pl.col("step") == "clear")
    earlier = _prints(state)
    bills = state.bills("ar_resident", "ar_entity", "ar_closed", "ar_inspection")
    printed, faults = _printed(prints, bills, earlier)
    cleared, unknown = _cleared(clears, earlier)
    columns = [
        "entry",
        "customer",
        "month",
        "bill_month",
        "document",
        "account",
        "branch",
        "gross",
        "cashier",
        "invoice",
    ]
    rows = pl.concat([printed.select(columns), cleared.select(columns)])
    invoices = rows.with_columns(document=pl.col("invoice"), bill_month=pl.coalesce("bill_month", "month"))
    return Work(documents=docs, frames={"bill": rows, "invoice": invoices}, faults=[*faults, *unknown])


def _prints(state: State) -> pl.DataFrame:
    """The last print of each bill: ``customer, invoice, bill_month, document, account, branch, gross,
    cashier, printed_on, aside``; ``aside`` is what still waits under it (fen, 0 once cleared)."""
    lines = state.history("invoice_unpaid")
    claim = pl.col("account") == state.chart.role("invoiced_unpaid")
    keys = ["customer", "document"]
    aside = lines.filter(~claim).group_by(keys).agg(aside=(pl.col("credit") - pl.col("debit")).sum())
    # The printed lines of an entry stand in pairs: the first invoice belongs to the first bill.
    standing = lines.filter(~pl.col("reversed") & ~pl.col("reversing"))
    place = pl.int_range(pl.len()).over("entry_id").alias("_place")
    invoices = standing.filter(claim & (pl.col("debit") > 0)).with_columns(place)
    bills = standing.filter(~claim & (pl.col("credit") > 0)).with_columns(place).drop("cashier")
    paired = bills.join(
        invoices.select("entry_id", "_place", "cashier", invoice="document"),
        on=["entry_id", "_place"],
        how="inner",
        maintain_order="left",
    )
    return (
        paired.unique(keys, keep="last", maintain_order=True)
        .join(aside, on=keys, how="left", maintain_order="left")
        .select(
            *keys, "invoice", "bill_month", "account", "branch", "cashier", "aside", gross="credit", printed_on="date"
        )
    )


def _printed(prints: pl.DataFrame, bills: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """The bills to set aside. One that waits already is offered too, so that the refusal can name its invoice."""
    waiting = earlier.filter(pl.col("aside") > 0).select(
        "customer", "bill_month", "document", "account", "branch", "gross"
    )
    rows, faults = one_bill(prints, pl.concat([bills, waiting], how="diagonal"))
    again = rows.join(
        earlier.select("customer", "document", printed="invoice"), on=["customer", "document"], maintain_order="left"
    )
    faults += rows_at_fault(
        again,
        "bill_month",
        lambda r: _("账单 {bill} 已打印发票 {invoice},不能再打印").format(bill=r["document"], invoice=r["printed"]),
    )
    return rows, faults + refuse_locked(rows)


def _cleared(clears: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """The red of what waits under the invoice for this customer and month (and bill, where named), in the
    drawer that printed it."""
    offered = earlier.filter(pl.col("aside") > 0).rename({"invoice": "_invoice"})
    pairs = named_bills(clears.drop("cashier"), offered).filter(pl.col("invoice") == pl.col("_invoice"))
    none = clears.join(pairs, on=["entry", "row"], how="anti", maintain_order="left", nulls_equal=True)
    faults = rows_at_fault(none, "invoice", lambda _r: _("没有这张待冲回的发票"))
    early = pairs.filter(pl.col("date") < pl.col("printed_on"))
    faults += rows_at_fault(early, "date", lambda r: _("早于原单据日期 {date}").format(date=r["printed_on"]))
    return pairs.with_columns(gross=-pl.col("gross")), faults


RULE = Rule(kind="invoice_unpaid", event="E18", legs=LEGS, prepare=prepare, serial=("entry",))
