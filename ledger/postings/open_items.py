"""Open items that later documents take up by their number: slips, cheques, unidentified receipts.

Not an event of its own; the rules E09, E10 and E31 call it. Documents carry the
number as ``document``. Amounts are fen.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.state import ITEM_COLUMNS, State


def in_transit(docs: pl.DataFrame, state: State, kind: str) -> pl.DataFrame:
    """Open items of 1012.02 with the documents' numbers, taken by documents of ``kind`` (slips and
    unlodged cheques stand in one account) or by the opening."""
    other = {"slip_receipt": "cheque_receipt", "cheque_receipt": "slip_receipt"}[kind]
    account = state.chart.role("transit_slip")
    numbers = docs["document"].unique()
    own = state.references(kind, numbers, [account])["document"]
    others = state.references(other, numbers, [account])["document"]
    foreign = others.filter(~others.is_in(own.implode()))
    return state.items([account]).filter(
        pl.col("document").is_in(numbers.implode()) & ~pl.col("document").is_in(foreign.implode())
    )


def take_up(docs: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """What documents take out of the open items of their number (``document``), oldest first.

    ``items``: open items of one account (``State.items``). Item rows with the
    ``entry`` and ``bank_branch`` of the document and ``taken`` (fen, positive).
    """
    held = pl.col("amount").abs()
    needs = docs.select("entry", "document", pl.col("amount").alias("_need"), "bank_branch")
    return (
        items.sort("date", *ITEM_COLUMNS, nulls_last=True)
        .join(needs, on="document", how="inner", maintain_order="left")
        .with_columns(_before=held.cum_sum().over("entry") - held)
        .with_columns(taken=pl.min_horizontal(held, pl.col("_need") - pl.col("_before")))
        .filter(pl.col("taken") > 0)
        .drop("_before", "_need", "amount", "date")
    )


def with_open(docs: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Documents with what is open under their number: ``open`` (fen, null: nothing), ``open_bank``,
    ``open_customer``, ``open_fund`` and ``open_date``."""
    per = items.group_by("document").agg(
        open=pl.col("amount").sum().abs(),
        open_bank=pl.col("bank").min(),
        open_customer=pl.col("customer").min(),
        open_fund=pl.col("fund").min(),
        open_date=pl.col("date").min(),
    )
    return docs.join(per, on="document", how="left", maintain_order="left")


def refuse_open(docs: pl.DataFrame, column: str, unknown: str) -> list[Fault]:
    """What is wrong with documents that take up an item (:func:`with_open`): no such item (``unknown``,
    of ``{n}``), more than is open, a day before it."""
    found = docs.filter(pl.col("open").is_not_null())
    return [
        *rows_at_fault(docs.filter(pl.col("open").is_null()), column, lambda r: unknown.format(n=r["document"])),
        *rows_at_fault(
            found.filter(pl.col("amount") > pl.col("open")),
            "amount",
            lambda r: _("超过余额 {open}").format(open=format_fen(r["open"])),
        ),
        *rows_at_fault(
            found.filter(pl.col("date") < pl.col("open_date")),
            "date",
            lambda r: _("日期早于登记日期 {date}").format(date=r["open_date"]),
        ),
    ]


def other_bank(docs: pl.DataFrame, state: State) -> list[Fault]:
    """Money arrives in the account that the slip or cheque was taken for."""
    names = {bank.code: bank.short for bank in state.book.banks}
    wrong = docs.filter(pl.col("open_bank") != pl.col("bank"))
    return rows_at_fault(
        wrong, "bank", lambda r: _("登记的收款银行是 {bank}").format(bank=names.get(r["open_bank"], r["open_bank"]))
    )
