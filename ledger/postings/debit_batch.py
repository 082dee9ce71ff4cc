"""E17 Direct debit batch 代扣批次: bills whose payment is asked of the customers' banks.

No entry: the batch stands as a fact, row by row as it was sent. Only open bills of
代扣户, at their full amount, with the account they are debited from; a bill the bank
has not answered for is not sent again, least of all one it answered "unknown".
A fact: it has no T-account. Rules: domain §3 E17.

Example: DK20230628, sent on 2023-06-28: R3 34.50, R4 31.05.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.bills import one_bill, refuse_locked
from ledger.postings.counter import revenue_accounts
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work
from ledger.state import State


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Check every row against its bill, and against what is with the bank already."""
    known = docs.filter(pl.col("c_name").is_not_null())
    named, faults = one_bill(known, state.bills("ar_resident", "ar_entity"))
    faults += refuse_locked(named) + revenue_accounts(docs, state)
    faults += rows_at_fault(known.filter(pl.col("c_pay_mode") != "debit"), "customer", lambda _r: _("该户不是代扣户"))
    faults += rows_at_fault(
        named.filter(pl.col("amount") != pl.col("gross")),
        "amount",
        lambda r: _("账单 {bill} 的应收为 {gross}").format(bill=r["document"], gross=format_fen(r["gross"])),
    )
    twice = named.filter(pl.struct("customer", "document").is_first_distinct().not_())
    faults += rows_at_fault(twice, "bill_no", lambda r: _("账单 {bill} 在本批中重复").format(bill=r["document"]))
    again = docs.filter(pl.struct("batch", "serial").is_first_distinct().not_())
    faults += rows_at_fault(again, "serial", lambda _r: _("同一批次中送盘序号重复"))
    return Work(documents=docs, faults=faults + _waiting(named, state))


def _waiting(named: pl.DataFrame, state: State) -> list[Fault]:
    """Bills that are with the bank in another batch."""
    asked = unanswered(state)
    held = named.join(
        asked.select("customer", pl.col("bill_no").alias("document"), other="batch"),
        on=["customer", "document"],
        how="inner",
    ).unique("row", keep="first", maintain_order=True)
    return rows_at_fault(
        held,
        "bill_no",
        lambda r: _("账单 {bill} 已在代扣批次 {batch} 中,银行尚未答复").format(bill=r["document"], batch=r["other"]),
    )


LIST_COLUMNS = ("list_no", "list_date", "list_result", "list_amount", "list_slip")


def sent(state: State, *, all_customers: bool = False) -> pl.DataFrame:
    """Rows sent about the batch's customers (or all) with ``answered`` and, where they are, what the
    list that answers says (:data:`LIST_COLUMNS`). ``sent_on`` is the day of sending."""
    rows = state.fact_rows("debit_batch", all_subjects=all_customers).rename({"date": "sent_on"})
    if rows.is_empty():
        return rows.with_columns(
            list_no=pl.lit(None, pl.String), list_date=pl.lit(None, pl.Date), list_result=pl.lit(None, pl.String),
            list_amount=pl.lit(None, pl.Int64), list_slip=pl.lit(None, pl.String), answered=pl.lit(value=False),
        )  # fmt: skip
    # A list without a line (nothing debited at all) stands as a fact.
    lists = pl.concat([state.document_rows("debit_list"), state.fact_rows("debit_list", all_subjects=True)]).select(
        "customer", _bill="bill_no", _month="bill_month", _batch="batch", list_no="doc_no", list_date="date",
        list_result="result", list_amount="amount", list_slip="slip_no",
    )  # fmt: skip
    answers = (
        (pl.col("list_date") >= pl.col("sent_on"))
        & (pl.col("_batch").is_null() | (pl.col("_batch") == pl.col("batch")))
        & (pl.col("_bill").is_null() | (pl.col("_bill") == pl.col("bill_no")))
        & (pl.col("_month").is_null() | (pl.col("_month") == pl.col("bill_month")))
    )
    numbered = rows.with_row_index("_item")
    first = (
        numbered.join(lists, on="customer", how="inner")
        .filter(answers)
        .sort("_item", "list_date", maintain_order=True)
        .unique("_item", keep="first", maintain_order=True)
        .select("_item", *LIST_COLUMNS)
    )
    return (
        numbered.join(first, on="_item", how="left", maintain_order="left")
        .drop("_item")
        .with_columns(answered=pl.col("list_no").is_not_null())
    )


def unanswered(state: State, *, all_customers: bool = False) -> pl.DataFrame:
    """Rows the bank has not answered for, or only with "unknown"."""
    return sent(state, all_customers=all_customers).filter(~pl.col("answered"))


RULE = Rule(kind="debit_batch", event="E17", legs=(), prepare=prepare, serial=())
