"""E16 Collection result 托收结果: the bank answers for one bill of a batch.

收回: the money is in the bank, the bill is settled. On the bank's line stands the
batch, because the bank credits per batch and day. 退票 (refused, unfunded): no
entry; the bill is open again and dunning goes on. Each bill is answered once, at
the amount that was sent. Was the bill settled or changed all the same in the
meantime, the money is 多转. Rules: domain §3 E16, §9.2.

::

    Dr bank: amount fund=水费 [paid]
        Cr receivable: gross per bill
        Cr advance_over: over per held fund=水费
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: E1 on 2023-06-20: Dr 1002.01 4,800.00 / Cr 1122.02 4,800.00,
LM(1,400.00/250.00/50.00, 水费); E2 comes back: no entry.
"""

from __future__ import annotations

import polars as pl

from ledger import collection, settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import WATER_FUND, revenue_accounts
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount", case="paid", fund=WATER_FUND),
    credit("receivable", "gross", per="bill"),
    credit("advance_over", "over", per="held", fund=WATER_FUND),
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Find the item of each result; refuse what was not sent, other amounts and second answers."""
    docs = docs.with_columns(document=pl.col("batch"), case=pl.col("result"))
    named, faults = _items(docs, state)
    paid = named.filter(pl.col("case") == "paid")
    settled = _settled(paid, state)
    other = paid.join(settled, on="entry", how="anti", maintain_order="left")
    warnings = rows_at_fault(other, "customer", lambda _r: _("账单已结清或已变更,托收款记入多转水费"))
    held = other.with_columns(over=pl.col("amount"), document=pl.col("doc_no")).drop("item")
    return Work(
        documents=docs,
        frames={
            "document": docs,
            "bill": settled,
            "held": held,
            "levy": settlement.levies(settled, state.chart.levy_items),
        },
        faults=faults + revenue_accounts(docs, state),
        warnings=warnings,
    )


def _items(docs: pl.DataFrame, state: State) -> tuple[pl.DataFrame, list[Fault]]:
    """Results with the item they answer (``bill``, ``sent``), and what is wrong with the others."""
    items = state.collection_items()
    rows = docs.with_row_index("result_no")
    pairs = (
        collection.pair(docs, items)
        .join(items.select("item", "answered", bill=pl.col("document"), sent=pl.col("amount")), on="item")
        .with_columns(meant=pl.len().over("result"))
        .unique("result", keep="first", maintain_order=True)
    )
    found = rows.join(pairs, left_on="result_no", right_on="result", how="left", maintain_order="left")
    one = found.filter(pl.col("meant") == 1)
    faults = rows_at_fault(
        found.filter(pl.col("meant").is_null() & pl.col("c_name").is_not_null()),
        "customer",
        lambda r: _("批次 {batch} 中没有该户的这一笔").format(batch=r["batch"]),
    )
    faults += rows_at_fault(
        found.filter(pl.col("meant") > 1), "customer", lambda _r: _("批次中该户不止一笔,请填写账单号")
    )
    faults += rows_at_fault(one.filter("answered"), "customer", lambda _r: _("这一笔已有托收结果"))
    faults += rows_at_fault(
        one.filter(~pl.col("answered") & (pl.col("amount") != pl.col("sent"))),
        "amount",
        lambda r: _("与送出金额 {sent} 不符").format(sent=format_fen(r["sent"])),
    )
    return one, faults


def _settled(paid: pl.DataFrame, state: State) -> pl.DataFrame:
    """The bills that are open at what was sent, under the fund and bank of the money."""
    bills = state.bills("ar_resident", "ar_entity", "ar_closed")
    money = paid.select("entry", "customer", "bank", "bank_branch", document=pl.col("bill"), gross=pl.col("amount"))
    return (
        bills.join(money, on=["customer", "document", "gross"], how="inner")
        .sort("entry")
        .with_columns(fund=pl.lit(WATER_FUND))
    )


RULE = Rule(kind="collection_result", event="E16", legs=LEGS, prepare=prepare)
