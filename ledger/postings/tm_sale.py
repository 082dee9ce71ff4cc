"""E14 TM card sale TM卡售水: water paid for ahead, loaded on the card.

With a 商业发票. Priced by the tariff of the customer's class; where the book says
``tm_tier = first`` every unit stands at the first tier. The money is an advance
until the month's sales are recognised (tm_recognition). One top-up is at most
the limit of a card. Rules: domain §3 E14, §9.2 Prices.

::

    Dr cash: gross fund=TM卡水费
        Cr advance_tm: gross per held fund=TM卡水费

Example: R5 buys 30 m³ on 2023-06-13: Dr 1001.C01 103.50 / Cr 2203.01 103.50.
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.charge import priced, unpriced
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

FUND = "TM卡水费"

LEGS = (
    debit("cash", "gross", fund=FUND),
    credit("advance_tm", "gross", per="held", fund=FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Price the water; refuse a customer without card, a wrong control amount, more than a card holds."""
    sales = tm_priced(docs, state).with_columns(document=docs["document"])
    limit = state.book.thresholds.tm_card_limit
    known = sales.filter(pl.col("c_name").is_not_null())
    faults = unpriced(known)
    faults += rows_at_fault(known.filter(pl.col("c_pay_mode") != "tm"), "customer", lambda _r: _("该户不是TM卡户"))
    faults += rows_at_fault(
        known.filter(pl.col("amount") != pl.col("gross")),
        "amount",
        lambda r: _("计算出的金额为 {gross}").format(gross=format_fen(r["gross"])),
    )
    faults += rows_at_fault(
        known.filter(pl.col("gross") > limit),
        "volume",
        lambda r: _("金额 {gross} 超过TM卡单次限额 {limit}").format(
            gross=format_fen(r["gross"]), limit=format_fen(limit)
        ),
    )
    held = sales.with_columns(document=pl.col("doc_no"))
    return Work(documents=sales, frames={"document": sales, "held": held}, faults=faults)


def tm_priced(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """Documents priced as card water of the customer's usage class (``charge.priced``)."""
    docs = docs.with_columns(usage_class=pl.col("c_usage_class"))
    return priced(docs, state, first_tier=state.book.policies.tm_tier == "first")


RULE = Rule(kind="tm_sale", event="E14", legs=LEGS, prepare=prepare)
