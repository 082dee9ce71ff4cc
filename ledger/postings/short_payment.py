"""E11 Short payment made good 少转补缴: the residue of a short transfer.

The whole residue of the month at once (a residue is never left on a residue),
by a further transfer or out of what the customer has transferred too much.
Rules: domain §3 E11.

::

    Dr bank: amount fund=水费 [transfer]
    Dr advance: taken per lot
        Cr ar_short: gross per bill

Example: E5 on 2023-07-05: Dr 1002.02 10.00 / Cr 1122.06 10.00.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.counter import WATER_FUND, revenue_accounts, used_numbers
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("bank", "amount", case="transfer", fund=WATER_FUND),
    debit("advance", "taken", per="lot"),
    credit("ar_short", "gross", per="bill"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle the residues of the month; refuse another amount, and more than is held."""
    docs = docs.with_columns(case=pl.col("source"), document=pl.coalesce("bank_ref", "doc_no"))
    bills = _residues(docs, state)
    total = bills.group_by("customer").agg(residue=pl.col("gross").sum())
    docs = docs.join(total, on="customer", how="left", maintain_order="left")
    known = docs.filter(pl.col("c_name").is_not_null())
    faults = rows_at_fault(
        known.filter(pl.col("residue").is_null()), "bill_month", lambda _r: _("该户该月没有少转水费")
    )
    faults += rows_at_fault(
        known.filter(pl.col("amount") != pl.col("residue")),
        "amount",
        lambda r: _("少转水费为 {residue},须一次补齐").format(residue=format_fen(r["residue"])),
    )
    transfers = docs.filter(pl.col("source") == "transfer")
    faults += revenue_accounts(transfers, state)
    faults += used_numbers(transfers.filter(pl.col("bank_ref").is_not_null()), state, "bank_ref", ["1002."])
    lots, short = _out_of_over(docs.filter(pl.col("source") == "over"), state)
    done = settlement.settle(docs, bills)
    return Work(documents=docs, frames={"document": docs, "bill": done.applied, "lot": lots}, faults=faults + short)


def _residues(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """Open residues (少转) of the months the documents name, as bills."""
    open_items = state.items([state.chart.role("ar_short")], docs["customer"].unique())
    return (
        open_items.filter(pl.col("amount") > 0)
        .join(docs, on=["customer", "bill_month"], how="semi")
        .select("customer", "bill_month", "document", "account", "branch", pl.col("amount").alias("gross"))
    )


def _out_of_over(docs: pl.DataFrame, state: State) -> tuple[pl.DataFrame, list[Fault]]:
    """Lots of 多转 that pay the residues, oldest first, and who has too little of it."""
    lots = state.advances("advance_over").with_columns(purse=pl.lit(0, pl.Int64))
    held = lots.group_by("customer").agg(over=pl.col("held").sum())
    owed = docs.join(held, on="customer", how="left", maintain_order="left").with_columns(pl.col("over").fill_null(0))
    taken = settlement.take(
        lots.rename({"document": "lot", "date": "lot_date"}).drop("branch"),
        docs.select("customer", "entry", "branch", purse=pl.lit(0, pl.Int64), need=pl.col("amount")),
    ).rename({"lot": "document"})
    faults = rows_at_fault(
        owed.filter(pl.col("over") < pl.col("amount")),
        "amount",
        lambda r: _("多转水费只有 {over}").format(over=format_fen(r["over"])),
    )
    return taken, faults


RULE = Rule(kind="short_payment", event="E11", legs=LEGS, prepare=prepare)
