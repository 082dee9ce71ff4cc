"""E35 Levy commission 代征手续费: paid from the fiscal budget, to head office.

Never netted from a remittance (domain §3 E35). Tax-included; its VAT has its own row of
the tax table (§9.2).

::

    Dr ho_current: amount
        Cr levy_commission: net
        Cr vat_general: general item=commission
        Cr vat_simplified: simplified item=commission

Example: 106.00 on 2023-06-28: Dr 1221.02 106.00 / Cr 6051.02 100.00, Cr 2221.01 6.00.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import vat_included
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("ho_current", "amount"),
    credit("levy_commission", "net"),
    credit("vat_general", "general", item="commission"),
    credit("vat_simplified", "simplified", item="commission"),
)

ITEM = "commission"


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Take the VAT out of the amount by the tax row of the date."""
    methods = {day: state.book.tax(ITEM, day).method for day in docs["date"].unique()}
    docs = docs.with_columns(
        vat=vat_included(pl.col("amount"), docs, state, ITEM),
        method=pl.col("date").replace_strict(methods, return_dtype=pl.String),
    )
    docs = docs.with_columns(
        net=pl.col("amount") - pl.col("vat"),
        general=pl.when(pl.col("method") == "general").then("vat").otherwise(0),
        simplified=pl.when(pl.col("method") == "simplified").then("vat").otherwise(0),
    )
    wrong = docs.filter(pl.col("tax").is_not_null() & (pl.col("tax") != pl.col("vat")))
    faults = rows_at_fault(wrong, "tax", lambda r: _("计算出的税额为 {vat}").format(vat=format_fen(r["vat"])))
    return Work(documents=docs, frames={"document": docs}, faults=faults)


RULE = Rule(kind="levy_commission", event="E35", legs=LEGS, prepare=prepare, serial=())
