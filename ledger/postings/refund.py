"""E29 Refund of a duplicate payment 重复缴费退款: by head office, or by the clerk who caused it.

The money sits in 多转/重复水费 of the customer, TM card money in its own advance; the oldest
receipt is taken first. Head office pays on its notice (通知号); a clerk who changed the pay mode
without form refunds the customer personally and is owed the money until management decides.
Never from the revenue account (C24), never out of the drawer (坐支), never more than the
credit. Without a refund the credit settles coming bills (E13). Rules: domain §0 (8), §3 E14, E29.

::

    Dr advance: taken per lot
        Cr ho_current: amount [head_office]
        Cr owed: amount per clerk [clerk]

Example: R3 paid 34.50 twice; head office pays: Dr 2203.04 34.50 / Cr 1221.02 34.50; the clerk
pays: Dr 2203.04 34.50 / Cr 2241.04 34.50.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.persons import identity
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("advance", "taken", per="lot"),
    credit("ho_current", "amount", case="head_office"),
    credit("owed", "amount", per="clerk", case="clerk"),
)

REFUNDABLE = ("advance_over", "advance_tm")


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Take the credit, oldest receipt first; refuse what is not there, and the bank as the way."""
    docs = docs.with_columns(case=pl.col("way"), staff=identity("staff", state.book).fill_null(pl.col("staff")))
    lots = _lots(state)
    held = lots.group_by("customer").agg(credit=pl.col("held").sum())
    rows = docs.join(held, on="customer", how="left", maintain_order="left").with_columns(pl.col("credit").fill_null(0))
    faults: list[Fault] = control(docs.filter(pl.col("way") == "bank"), "C24", "way")
    faults += rows_at_fault(
        docs.filter((pl.col("way") == "head_office") & pl.col("notice_no").is_null()),
        "notice_no",
        lambda _r: _("总公司退款须有通知号"),
    )
    faults += rows_at_fault(
        docs.filter((pl.col("way") == "clerk") & pl.col("staff").is_null()),
        "staff",
        lambda _r: _("责任人退款须填写责任人"),
    )
    faults += rows_at_fault(
        rows.filter(pl.col("amount") > pl.col("credit")),
        "amount",
        lambda r: _("该户可退的预收款只有 {credit}").format(credit=format_fen(r["credit"])),
    )
    needs = docs.select("entry", "customer", need=pl.col("amount"), purse=pl.lit(0, pl.Int64))
    taken = settlement.take(lots, needs).rename({"lot": "document"})
    # What the clerk is owed is owed to the clerk, not to the customer.
    clerks = docs.with_columns(customer=pl.lit(None, pl.String))
    return Work(documents=docs, frames={"document": docs, "lot": taken, "clerk": clerks}, faults=faults)


def _lots(state: State) -> pl.DataFrame:
    """What can be refunded, lot by lot, in the order it is taken (``settlement.take``)."""
    lots = state.advances(*REFUNDABLE).rename({"document": "lot", "date": "lot_date"})
    return lots.with_columns(purse=pl.lit(0, pl.Int64))


RULE = Rule(kind="refund", event="E29", legs=LEGS, prepare=prepare)
