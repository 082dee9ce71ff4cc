"""E05 Account change 过户更名、单位↔居民、改交费方式、销户: the open bills go along.

The bills move to the account they belong to from now on, under their own numbers and
months; levies stay where they are, they hang on the bill. A bill held in a collection
batch (托收) is not moved. To 居民户 or 单位户 changes the customer's stream, to 销户欠费
closes the customer: a further row of its master data says so. Accounts are never
deleted (C08). A customer without open bills changes all the same; then there is no
entry, the document alone stands. Changes are taken in on their days of the month (C05),
托收 and 代扣 accounts not after day 15 (C03), a change of pay mode needs the form of
counter 1 (审批号) and the lead's signature (审批, C07). Rules: domain §3 E05, §9.2.

::

    Dr to_receivable: gross per bill
        Cr receivable: gross per bill

Example: an entity account closed with 310.50 open: Dr 1122.05 310.50 / Cr 1122.02 310.50.
"""

from __future__ import annotations

import polars as pl

from ledger.canonical import row_content
from ledger.documents import KINDS
from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.bills import named_bills, none_named, refuse_locked
from ledger.postings.charge import locked
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.settlement import OLDEST_FIRST
from ledger.state import CUSTOMER_COLUMNS, State

LEGS = (
    debit("to_receivable", "gross", per="bill"),
    credit("receivable", "gross", per="bill"),
)

STREAMS = {"ar_resident": "resident", "ar_entity": "entity"}


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Move what is open; refuse what the day, the bank or a missing signature forbids."""
    named = named_bills(docs, state.bills("ar_resident", "ar_entity", "ar_closed"))
    asked = pl.col("bill_no").is_not_null() | pl.col("bill_month").is_not_null()
    faults = none_named(docs.filter(asked), named)
    faults += [*locked(docs, state), *_windows(docs, state), *_targets(docs, state)]
    faults += control(docs.filter((pl.col("change") == "pay_mode") & pl.col("approver").is_null()), "C07", "approver")
    late = pl.col("date").dt.day() > state.book.calendar.lock_day
    faults += control(
        docs.filter(late & (pl.col("change") != "pay_mode") & pl.col("approver").is_null()), "C04", "approver"
    )
    listed = named.join(docs.filter(asked), on=["entry", "row"], how="semi", maintain_order="left")
    faults += refuse_locked(listed)
    waiting = named.join(listed, on=["entry", "row"], how="anti", maintain_order="left").filter(
        pl.col("locked").is_not_null()
    )
    warnings = rows_at_fault(
        waiting,
        "customer",
        lambda r: _("账单 {bill} 在托收批次 {batch} 中,没有转").format(bill=r["document"], batch=r["locked"]),
    )
    bills = named.filter(pl.col("locked").is_null() & (pl.col("account") != pl.col("to_account"))).sort(
        "entry", *OLDEST_FIRST, maintain_order=True
    )
    return Work(
        documents=docs,
        frames={"bill": bills.unique(["entry", "customer", "document"], keep="first", maintain_order=True)},
        faults=faults,
        facts=_master_data(docs, state),
        warnings=warnings,
    )


def _windows(docs: pl.DataFrame, state: State) -> list[Fault]:
    """C05: each kind of change is taken in on its days of the month."""
    day = pl.col("date").dt.day()
    faults: list[Fault] = []
    for change, (first, last) in state.book.calendar.change_windows.items():
        late = docs.filter((pl.col("change") == change) & ~day.is_between(first, last))
        faults += control(late, "C05", "date", lambda _r, a=first, b=last: {"a": a, "b": b})  # type: ignore[misc]
    return faults


def _targets(docs: pl.DataFrame, state: State) -> list[Fault]:
    """The account belongs to the change: a closure goes to 销户欠费, a change of stream to 居民户 or 单位户."""
    closed = state.chart.role("ar_closed")
    streams = [state.chart.role(role) for role in STREAMS]
    fits = (
        pl.when(pl.col("change") == "close")
        .then(pl.col("to_account") == closed)
        .when(pl.col("change") == "stream")
        .then(pl.col("to_account").is_in(streams))
        .otherwise(pl.col("to_account").is_in([*streams, closed]))
    )
    return rows_at_fault(
        docs.filter(~fits), "to_account", lambda _r: _("转入科目与变更类型不符:销户转 {closed},其他转 {streams}").format(
            closed=closed, streams="、".join(streams)
        )
    )  # fmt: skip


def _master_data(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """The customer as it is from now on (facts of kind ``customers``), where the change alters it."""
    stream = {state.chart.role(role): name for role, name in STREAMS.items()}
    last = docs.filter(pl.col("c_name").is_not_null()).unique(["entry", "customer"], keep="last", maintain_order=True)
    own = [name for name in CUSTOMER_COLUMNS if name != "customer"]
    changed = last.select(
        "customer", "doc_no", "date", "sheet", "row", "to_account", *(pl.col(f"c_{name}").alias(name) for name in own)
    ).with_columns(
        stream_now=pl.coalesce(
            pl.col("to_account").replace_strict(stream, default=None, return_dtype=pl.String), "stream"
        ),
        kind_now=pl.when(pl.col("to_account") == state.chart.role("ar_closed"))
        .then(pl.lit("closed"))
        .otherwise("kind"),
    )
    changed = changed.filter(
        pl.col("stream").ne_missing(pl.col("stream_now")) | pl.col("kind").ne_missing(pl.col("kind_now"))
    )
    number = pl.format("{}@{}", "customer", "doc_no")
    rows = changed.with_columns(
        stream=pl.col("stream_now"), kind=pl.col("kind_now"), doc_no=number, memo=pl.lit(None, pl.String)
    ).with_columns(pl.col("date").alias("from"))
    return rows.select(
        pl.lit("customers").alias("kind"),
        "doc_no",
        pl.col("customer").alias("subject"),
        "date",
        pl.concat_str(pl.lit("["), row_content(KINDS["customers"]), pl.lit("]")).alias("content"),
        "sheet",
        "row",
    )


RULE = Rule(kind="account_move", event="E05", legs=LEGS, prepare=prepare, serial=("entry",))
