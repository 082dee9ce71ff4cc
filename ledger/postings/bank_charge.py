"""E25 Bank charge on a revenue account 银行误扣手续费: booked as a fact, claimed back.

Not a permitted outflow (C24), but the bank's doing: what it took (扣收) is a claim on the
bank under the number of that document, cleared when it pays back (退回), or, approved by
the finance head, when the cost is finally ours (承担). The fund is 水费.
Rules: domain §3 E25, §9.2.

::

    Dr bank_claim: amount per claim [taken]
        Cr bank: amount fund=水费 [taken]
    Dr bank: amount fund=水费 [refunded]
    Dr fees: amount per claim fund=水费 [ours]
        Cr bank_claim: amount per claim [refunded]
        Cr bank_claim: amount per claim [ours]

Example: 2023-07-04, 工行0101: Dr 1221.05 15.00 / Cr 1002.01 15.00.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import used_numbers
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

FUND = "水费"

LEGS = (
    debit("bank_claim", "amount", per="claim", case="taken"),
    credit("bank", "amount", case="taken", fund=FUND),
    debit("bank", "amount", case="refunded", fund=FUND),
    debit("fees", "amount", per="claim", case="ours", fund=FUND),
    credit("bank_claim", "amount", per="claim", case="refunded"),
    credit("bank_claim", "amount", per="claim", case="ours"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Claim what was taken; clear no more of a claim than is open."""
    docs = docs.with_columns(original=pl.col("original").str.strip_prefix("bank_charge/"))
    taken = docs.filter(pl.col("step") == "taken")
    later = docs.filter(pl.col("step") != "taken")
    faults = rows_at_fault(
        docs.filter((pl.col("step") == "ours") & pl.col("approver").is_null()),
        "approver",
        lambda _r: _("须经财务部负责人批准"),
    )
    faults += rows_at_fault(
        taken.filter(pl.col("original").is_not_null()), "original", lambda _r: _("“扣收”这一步没有原单据")
    )
    if len(taken):
        faults += used_numbers(taken, state, "advice_no", ["1002."])
    faults += _beyond(later, state)
    claims = docs.with_columns(document=pl.when(pl.col("step") == "taken").then("doc_no").otherwise("original"))
    return Work(documents=docs, frames={"document": docs, "claim": claims}, faults=faults)


def _beyond(docs: pl.DataFrame, state: State) -> list[Fault]:
    """The claim under the original's number, in the same bank, is as high as what clears it."""
    if docs.is_empty():
        return []
    claims = (
        state.items([state.chart.role("bank_claim")])
        .group_by("bank", "document")
        .agg(open=pl.col("amount").sum(), since=pl.col("date").min())
    )
    rows = docs.drop("document").join(
        claims.rename({"document": "original"}), on=["bank", "original"], how="left", maintain_order="left"
    )
    none = rows.filter(pl.col("open").fill_null(0) <= 0)
    faults = rows_at_fault(none, "original", lambda _r: _("该账户没有这笔待退的扣收"))
    some = rows.filter(pl.col("open") > 0)
    early = some.filter(pl.col("date") < pl.col("since"))
    faults += rows_at_fault(early, "date", lambda r: _("早于原单据日期 {date}").format(date=r["since"]))
    return faults + rows_at_fault(
        some.filter(pl.col("amount") > pl.col("open")),
        "amount",
        lambda r: _("超过尚未处理的 {left}").format(left=format_fen(r["open"])),
    )


RULE = Rule(kind="bank_charge", event="E25", legs=LEGS, prepare=prepare, serial=("bank",))
