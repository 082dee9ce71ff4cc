"""E09 Cheque lodged 支票进账.

The bank has taken in a cheque that stood in 1012.02: the whole cheque, in the
account it was taken for. Rules: domain §3 E09.

::

    Dr bank: taken per item
        Cr transit_slip: taken per item

Example: a cheque of 820.00, handed in the day before: Dr 1002.01 820.00 / Cr 1012.02 820.00.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.open_items import in_transit, other_bank, refuse_open, take_up, with_open
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "taken", per="item"),
    credit("transit_slip", "taken", per="item"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Move the cheque to the bank; refuse an unknown one, another amount, another bank."""
    docs = docs.with_columns(document=pl.col("cheque_no"))
    items = in_transit(docs, state, "cheque_receipt")
    docs = with_open(docs, items)
    faults = refuse_open(docs, "cheque_no", _("没有待进账的支票 {n}"))
    faults += rows_at_fault(
        docs.filter(pl.col("amount") < pl.col("open")),
        "amount",
        lambda r: _("支票金额为 {open}").format(open=format_fen(r["open"])),
    )
    return Work(documents=docs, frames={"item": take_up(docs, items)}, faults=faults + other_bank(docs, state))


RULE = Rule(kind="cheque_lodged", event="E09", legs=LEGS, prepare=prepare, serial=("cheque_no",))
