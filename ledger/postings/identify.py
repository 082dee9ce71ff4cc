"""E31 Receipt identified 不明来款确认.

Somebody owns the money: 2241.03 settles the bills of its payer as a transfer
does. The money itself does not move, only its fund: a red letter takes it out of
待查, a black one puts it where it belongs, both in the debit column of the same
bank, so that neither its turnover nor its balance changes. A receipt may be
identified in parts. Rules: domain §3 E31, §9.2.

::

    Dr unidentified: taken per item
    Dr bank: amount
    Dr bank: red fund=待查
    Dr ar_short: short per bill
        Cr receivable: gross per bill
        Cr advance_over: over per held
        Cr advance_partial: part per held
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: 600.00 was E2's, who owes 2,400.00: Dr 2241.03 600.00 / Cr 2203.03 600.00, the money
from 待查 to 预收部分水费. Were it of one who owes 600.00: Cr 1122.02 600.00 and LM.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.postings.counter import APPLIED, settle_transfers
from ledger.postings.open_items import refuse_open, take_up, with_open
from ledger.postings.rule import Rule, Work, debit
from ledger.postings.unidentified import PENDING_FUND
from ledger.state import State

LEGS = (
    debit("unidentified", "taken", per="item"),
    debit("bank", "amount"),
    debit("bank", "red", fund=PENDING_FUND),
    *APPLIED,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle the payer's bills; refuse an unknown receipt, or more than is left of it."""
    docs = docs.with_columns(document=pl.col("bank_ref"), red=-pl.col("amount"))
    items = state.items([state.chart.role("unidentified")])
    docs = with_open(docs, items).with_columns(bank=pl.col("open_bank"))
    docs = docs.with_columns(
        bank_branch=pl.col("bank").replace_strict(state.book.bank_branches, default=None, return_dtype=pl.String)
    )
    work = settle_transfers(docs, state)
    work.frames["item"] = take_up(docs, items)
    work.faults += refuse_open(docs, "bank_ref", _("没有待查的不明来款 {n}"))
    return work


RULE = Rule(kind="identify", event="E31", legs=LEGS, prepare=prepare, serial=("entry",))
