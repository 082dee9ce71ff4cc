"""E10 Slip arrival 临时回单到账.

The bank's own receipt (转账回单) for a slip: the money moves from 1012.02 to the
bank. Only what has arrived moves; the rest of the slip stays in transit. Not
more than the slip, not into another account. Rules: domain §3 E10.

::

    Dr bank: taken per item
        Cr transit_slip: taken per item

Example: E3's slip arrives on 2023-06-19: Dr 1002.02 1,500.00 / Cr 1012.02 1,500.00.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.postings.open_items import in_transit, other_bank, refuse_open, take_up, with_open
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "taken", per="item"),
    credit("transit_slip", "taken", per="item"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Move what arrived; refuse an unknown slip, more than it, another bank."""
    docs = docs.with_columns(document=pl.col("slip_no"))
    items = in_transit(docs, state, "slip_receipt")
    docs = with_open(docs, items)
    faults = refuse_open(docs, "slip_no", _("没有未到账的临时回单 {n}"))
    return Work(documents=docs, frames={"item": take_up(docs, items)}, faults=faults + other_bank(docs, state))


RULE = Rule(kind="slip_arrival", event="E10", legs=LEGS, prepare=prepare, serial=("slip_no",))
