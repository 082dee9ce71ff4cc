"""E33 Tax paid by head office 总公司代缴税款: head office pays our VAT, on its notice.

It lessens what head office owes us. VAT of the simplified method goes first; what the notice
pays beyond it is VAT of the general method, as far as that is owed. Rules: domain §3 E33, §9.1 Q1.

::

    Dr vat_simplified: simplified
    Dr vat_general: general
        Cr ho_current: amount

Example: 2023-06-14, VAT of May: Dr 2221.02 1,234.56 / Cr 1221.02 1,234.56.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("vat_simplified", "simplified"),
    debit("vat_general", "general"),
    credit("ho_current", "amount"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Split the payment over the two liabilities as they stand on its date."""
    day = docs["date"][0]
    simplified = -state.balance(state.chart.role("vat_simplified"), day)
    general = -state.balance(state.chart.role("vat_general"), day)
    beyond = (pl.col("amount") - max(simplified, 0)).clip(0)
    docs = docs.with_columns(general=pl.min_horizontal(beyond, pl.lit(max(general, 0), pl.Int64)))
    docs = docs.with_columns(simplified=pl.col("amount") - pl.col("general"))
    return Work(documents=docs, frames={"document": docs})


RULE = Rule(kind="head_office_tax", event="E33", legs=LEGS, prepare=prepare, serial=("entry",))
