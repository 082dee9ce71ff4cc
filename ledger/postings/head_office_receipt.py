"""E27 Head-office receipt 总公司收款收据: what head office says it has received.

Each category of the receipt moves from in transit (转款在途) to the current account (往来),
under the number of its transfer. The receipt may list a category that was not transferred:
then one category goes below zero and another stays, until a further receipt clears both; in
total a receipt is never more than what is under way of its transfer. A receipt's number is
used once. Rules: domain §3 E27, §9.2, C34.

::

    Dr ho_current: amount
        Cr ho_transit: amount per transfer

Example SJ-0601 for ZK-0531: Dr 1221.02 2,950.00 / Cr 1221.01 2,950.00, fund 水费.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("ho_current", "amount"),
    credit("ho_transit", "amount", per="transfer"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Hold the receipt against what is under way of its transfers; the credit stands at the transfer's bank."""
    transit = _under_way(state)
    rows = docs.drop("branch").join(
        transit.rename({"document": "transfer_no"}), on="transfer_no", how="left", maintain_order="left"
    )
    faults = rows_at_fault(rows.filter(pl.col("open").is_null()), "transfer_no", lambda _r: _("没有这笔在途转款"))
    rows = rows.filter(pl.col("open").is_not_null())
    early = rows.filter(pl.col("date") < pl.col("since"))
    faults += rows_at_fault(early, "date", lambda r: _("早于转款日期 {date}").format(date=r["since"]))
    faults += _over(rows)
    return Work(
        documents=docs,
        frames={"document": rows, "transfer": rows.with_columns(document=pl.col("transfer_no"))},
        faults=faults,
    )


def _under_way(state: State) -> pl.DataFrame:
    """Per transfer (``document``): what is under way in all its categories (``open``), since when, and its
    bank and branch where it left from one only."""
    items = state.items([state.chart.role("ho_transit")])

    def only(name: str) -> pl.Expr:
        values = pl.col(name).drop_nulls()
        return pl.when(values.n_unique() == 1).then(values.first()).alias(name)

    return items.group_by("document").agg(
        only("bank"), only("branch"), open=pl.col("amount").sum(), since=pl.col("date").min()
    )


def _over(rows: pl.DataFrame) -> list[Fault]:
    total = rows.with_columns(total=pl.col("amount").sum().over("entry", "transfer_no"))
    return rows_at_fault(
        total.filter(pl.col("total") > pl.col("open")).unique(
            ["entry", "transfer_no"], keep="first", maintain_order=True
        ),
        "amount",
        lambda r: _("收据合计 {total} 超过转款 {transfer} 的在途 {open}").format(
            total=format_fen(r["total"]), transfer=r["transfer_no"], open=format_fen(r["open"])
        ),
    )


RULE = Rule(kind="head_office_receipt", event="E27", legs=LEGS, prepare=prepare, serial=("entry",))
