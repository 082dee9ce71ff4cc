"""E32 Bad debt provision 坏账计提: month or quarter end, under 企业会计准则 only.

小企业会计准则 has no allowance: there a debt is written off when it is lost.
Rules: domain §3 E32.

::

    Dr impairment: amount
        Cr allowance: amount

Example: Dr 6702 100.00 / Cr 1231 100.00.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("impairment", "amount"),
    credit("allowance", "amount"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Provide; refused where the book's standard knows no allowance."""
    docs = docs.with_columns(document=pl.col("doc_no"))
    faults: list[Fault] = []
    if state.book.policies.accounting_standard == "asse":
        faults = rows_at_fault(docs, "amount", lambda _r: _("小企业会计准则不计提坏账准备"))
    return Work(documents=docs, frames={"document": docs}, faults=faults)


RULE = Rule(kind="provision", event="E32", legs=LEGS, prepare=prepare, serial=())
