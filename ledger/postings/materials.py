"""E23 Materials 材料费: pipes and fittings sold at the counter.

With a 商业发票; VAT by the row of the tax table for materials (13 %, general
method, unless the book says otherwise). Rules: domain §3 E23.

::

    Dr cash: amount fund=材料费
        Cr materials: net
        Cr vat_general: vat item=material [general]
        Cr vat_simplified: vat item=material [simplified]

Example: 2023-06-13: Dr 1001.C01 226.00 / Cr 6051.01 200.00, Cr 2221.01 26.00.
"""

from __future__ import annotations

import polars as pl

from ledger.postings.counter import vat_included
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

FUND = "材料费"
ITEM = "material"

LEGS = (
    debit("cash", "amount", fund=FUND),
    credit("materials", "net"),
    credit("vat_general", "vat", case="general", item=ITEM),
    credit("vat_simplified", "vat", case="simplified", item=ITEM),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Take the tax out of the amount."""
    methods = {day: state.book.tax(ITEM, day).method for day in docs["date"].unique()}
    docs = docs.with_columns(
        vat=vat_included(pl.col("amount"), docs, state, ITEM),
        case=pl.col("date").replace_strict(methods, return_dtype=pl.String),
    ).with_columns(net=pl.col("amount") - pl.col("vat"))
    return Work(documents=docs, frames={"document": docs})


RULE = Rule(kind="materials", event="E23", legs=LEGS, prepare=prepare, serial=())
