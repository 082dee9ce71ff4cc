"""E16 Collection batch 托收批次: bills that go to the bank for collection.

No entry: the bills are locked under the batch until the bank answers; the counter
does not take them and advances are not applied to them. Only bills of 托收户, open, at
their full amount, in one batch at a time. A fact: it has no T-account. Rules: domain §3 E16,
§9.2 Advances, C10.

Example: TS202306, sent on 2023-06-15: E1 4,800.00, E2 2,400.00.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.bills import one_bill, refuse_locked
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work
from ledger.state import State


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Check every item against its bill."""
    known = docs.filter(pl.col("c_name").is_not_null())
    named, faults = one_bill(known, state.bills("ar_resident", "ar_entity"))
    faults += refuse_locked(named)
    faults += rows_at_fault(
        known.filter(pl.col("c_pay_mode") != "collection"), "customer", lambda _r: _("该户不是托收户")
    )
    faults += rows_at_fault(
        named.filter(pl.col("amount") != pl.col("gross")),
        "amount",
        lambda r: _("账单 {bill} 的应收为 {gross}").format(bill=r["document"], gross=format_fen(r["gross"])),
    )
    twice = named.filter(pl.struct("customer", "document").is_first_distinct().not_())
    faults += rows_at_fault(twice, "bill_month", lambda r: _("账单 {bill} 在本批中重复").format(bill=r["document"]))
    return Work(documents=docs, faults=faults)


RULE = Rule(kind="collection_batch", event="E16", legs=(), prepare=prepare, serial=())
