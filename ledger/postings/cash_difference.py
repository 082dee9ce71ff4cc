"""E20 Cash over and short 长短款: found at the count, then settled step by step.

A short (短款, negative) waits in 待处理财产损溢 until it is laid on the person responsible
(定责) and made good into the drawer (补齐), or is approved as a loss (转损失). An over (长款,
positive) waits there until its payer is found, who gets it as an advance (多转/重复水费), or is
approved as income (转收入). Every step carries the sign of what was found; over is never
netted against short; who approves is not the cashier. The cash belongs to 水费 and is
banked with its own slip. Rules: domain §3 E20, §9.2, C51.

::

    Dr pending: short fund=水费 [found]
        Cr cash: short fund=水费 [found]
    Dr cash: over fund=水费 [found]
        Cr pending: over fund=水费 [found]
    Dr staff_claim: short [assigned]
        Cr pending: short fund=水费 [assigned]
    Dr cash: short fund=水费 [made_good]
        Cr staff_claim: short [made_good]
    Dr pending: over fund=水费 [payer]
        Cr advance_over: over fund=水费 [payer]
    Dr pending: over fund=水费 [income]
        Cr cash_over: over fund=水费 [income]
    Dr cash_short: short fund=水费 [loss]
        Cr pending: short fund=水费 [loss]

Example: C01 is 5.00 short on 2023-06-09: Dr 1901 5.00 / Cr 1001.C01 5.00; Dr 1221.03 5.00 /
Cr 1901 5.00; Dr 1001.C01 5.00 / Cr 1221.03 5.00.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.persons import identity
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State, decode

FUND = "水费"

LEGS = (
    debit("pending", "short", case="found", fund=FUND),
    credit("cash", "short", case="found", fund=FUND),
    debit("cash", "over", case="found", fund=FUND),
    credit("pending", "over", case="found", fund=FUND),
    debit("staff_claim", "short", case="assigned"),
    credit("pending", "short", case="assigned", fund=FUND),
    debit("cash", "short", case="made_good", fund=FUND),
    credit("staff_claim", "short", case="made_good"),
    debit("pending", "over", case="payer", fund=FUND),
    credit("advance_over", "over", case="payer", fund=FUND),
    debit("pending", "over", case="income", fund=FUND),
    credit("cash_over", "over", case="income", fund=FUND),
    debit("cash_short", "short", case="loss", fund=FUND),
    credit("pending", "short", case="loss", fund=FUND),
)

OF_SHORT = ("assigned", "made_good", "loss")
OF_OVER = ("payer", "income")
APPROVED = ("income", "loss")


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Open a difference or carry it one step on, at most as far as it is open."""
    docs = docs.with_columns(
        original=pl.col("original").str.strip_prefix("cash_difference/"),
        short=(-pl.col("amount")).clip(0),
        over=pl.col("amount").clip(0),
        staff=pl.when(pl.col("step").is_in(["assigned", "made_good"])).then("cashier"),
    )
    docs = docs.with_columns(document=pl.when(pl.col("step") == "found").then("doc_no").otherwise("original"))
    later = docs.filter(pl.col("step") != "found")
    faults = rows_at_fault(
        docs.filter((pl.col("step") == "found") & pl.col("original").is_not_null()),
        "original",
        lambda _r: _("“发现”这一步没有原单据"),
    )
    faults += [*_approval(docs, state), *_signs(docs), *_open(later, state)]
    return Work(documents=docs, frames={"document": docs}, faults=faults)


def _approval(docs: pl.DataFrame, state: State) -> list[Fault]:
    """Income and loss are approved, by someone else than the cashier."""
    asked = docs.filter(pl.col("step").is_in(APPROVED))
    own = asked.filter(identity("approver", state.book) == identity("cashier", state.book))
    faults = rows_at_fault(
        asked.filter(pl.col("approver").is_null()), "approver", lambda _r: _("长短款转收入、转损失须经批准")
    )
    return faults + rows_at_fault(own, "approver", lambda _r: _("不能批准自己的长短款"))


def _signs(docs: pl.DataFrame) -> list[Fault]:
    """Which steps a short and which an over can take: netting one against the other is none of them."""
    step, amount = pl.col("step"), pl.col("amount")
    faults = rows_at_fault(
        docs.filter(step.is_in(OF_SHORT) & (amount > 0)),
        "amount",
        lambda _r: _("这一步是短款的,金额应为负;长款与短款不得相抵"),
    )
    return faults + rows_at_fault(
        docs.filter(step.is_in(OF_OVER) & (amount < 0)),
        "amount",
        lambda _r: _("这一步是长款的,金额应为正;长款与短款不得相抵"),
    )


def _open(docs: pl.DataFrame, state: State) -> list[Fault]:
    """A step takes no more than the step before it left: from the difference, or from the person's debt."""
    if docs.is_empty():
        return []
    found = decode(state.originals("cash_difference", docs["original"].drop_nulls()), "cash_difference")
    found = found.filter(pl.col("step") == "found").select(
        pl.col("doc_no").alias("original"), pl.col("cashier").alias("found_by"), pl.col("date").alias("found_on")
    )
    rows = docs.join(found, on="original", how="left", maintain_order="left")
    faults = rows_at_fault(
        rows.filter(pl.col("found_by").is_null()), "original", lambda _r: _("没有这张“发现”长短款的单据")
    )
    rows = rows.filter(pl.col("found_by").is_not_null())
    other = rows.filter(pl.col("found_by") != pl.col("cashier"))
    faults += rows_at_fault(other, "cashier", lambda r: _("原单据是收费员 {cashier} 的").format(cashier=r["found_by"]))
    early = rows.filter(pl.col("date") < pl.col("found_on"))
    faults += rows_at_fault(early, "date", lambda r: _("早于原单据日期 {date}").format(date=r["found_on"]))
    accounts = {"staff": state.chart.role("staff_claim"), "pending": state.chart.role("pending")}
    items = (
        state.items(list(accounts.values())).group_by("account", "cashier", "document").agg(open=pl.col("amount").sum())
    )
    source = (
        pl.when(pl.col("step") == "made_good").then(pl.lit(accounts["staff"])).otherwise(pl.lit(accounts["pending"]))
    )
    rows = rows.filter(pl.col("found_by") == pl.col("cashier")).with_columns(account=source)
    rows = rows.join(items, on=["account", "cashier", "document"], how="left", maintain_order="left")
    # Short stands as a debit, over as a credit: what is open has the opposite sign of the amount.
    left = pl.col("open").fill_null(0) * -pl.col("amount").sign()
    over = rows.with_columns(left=left).filter(pl.col("amount").abs() > pl.col("left"))
    return faults + rows_at_fault(
        over,
        "amount",
        lambda r: _("超过尚未处理的 {left}").format(left=format_fen(max(r["left"], 0))),
    )


RULE = Rule(kind="cash_difference", event="E20", legs=LEGS, prepare=prepare, serial=("cashier",))
