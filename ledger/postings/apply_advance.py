"""E13 Apply advance 预收冲欠费: held money settles what it covers.

Runs by itself at the end of each batch for the customers the batch touched
(and by hand with this document kind): oldest bill first, whole bills only, one
kind of advance per bill, in the order 预收部分+预存, 多转, 房地产预交; TM card
money settles TM sales only. A bill held in a collection batch is skipped.
No cash line. Rules: domain §3 E13, §9.2 Advances.

::

    Dr advance: taken per lot
        Cr receivable: gross per bill
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Levies take the fund and bank of the advance's own receipt.
Example: R7 holds 50.00 and owes 41.40 for April: Dr 2203.03 41.40 / Cr 1122.01 41.40,
LM(11.40/3.00/0.60, 预收部分水费); 8.60 stays.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ledger import settlement
from ledger.i18n import _
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("advance", "taken", per="lot"),
    credit("receivable", "gross", per="bill"),
    *LEVY_MOVE,
)

PURSES = (
    ("advance_partial", 0),
    ("advance_deposit", 0),
    ("advance_over", 1),
    ("advance_builder", 2),
)
"""Kinds of advance in the order they are tried; equal numbers count as one kind."""


def _sources(state: State) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """(bills, lots) that may meet: water bills with water advances, TM sales with TM money."""
    pairs = []
    for bill_roles, purses in (
        (("ar_resident", "ar_entity", "ar_closed"), PURSES),
        (("ar_tm",), (("advance_tm", 0),)),
    ):
        order = {state.chart.role(role): number for role, number in purses}
        lots = state.advances(*(role for role, _number in purses)).with_columns(
            purse=pl.col("account").replace_strict(order, return_dtype=pl.Int64)
        )
        if len(lots):
            pairs.append((state.bills(*bill_roles, locked=False), lots))
    return pairs


def coverable(state: State, customers: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bills that an advance covers now, at most one per customer, and the lots (with ``purse``)."""
    for bills, lots in _sources(state):
        purses = lots.group_by("customer", "purse").agg(held=pl.col("held").sum())
        covered = settlement.cover(bills.filter(pl.col("customer").is_in(customers.implode())), purses)
        if len(covered):
            return covered, lots
    return pl.DataFrame(), pl.DataFrame()


def rounds(touched: pl.DataFrame, state: State, start: int) -> Iterator[Work]:
    """Apply advances until none covers a bill any more; each round settles one bill per customer.

    ``touched``: ``customer``, ``date`` (its latest in the batch), ``doc_no`` and
    ``cause`` (its source document). Yields works that the caller must take up
    before the next round; entries are numbered from ``start``.
    """
    done: dict[str, int] = state.consequences(touched["doc_no"])
    while True:
        covered, lots = coverable(state, touched["customer"])
        if covered.is_empty():
            return
        bills = covered.join(touched, on="customer").sort("cause", "customer").with_row_index("entry", offset=start)
        bills = bills.with_columns(pl.col("entry").cast(pl.Int64))
        start += len(bills)
        numbers = []
        for number in bills["doc_no"]:
            done[number] = done.get(number, 0) + 1
            numbers.append(f"{number}-A{done[number]}")
        taken = settlement.take(
            lots.rename({"document": "lot", "date": "lot_date"}).drop("branch"),
            bills.select("customer", "purse", "entry", "branch", need=pl.col("gross")),
        ).rename({"lot": "document"})
        bills = bills.with_columns(doc_no=pl.Series(numbers))
        yield Work(
            documents=bills.select(
                "entry",
                "doc_no",
                "date",
                "cause",
                pl.lit("apply_advance").alias("kind"),
                pl.lit("E13").alias("event"),
                pl.col("customer").alias("subject"),
                pl.format(_("预收冲欠费 {}"), "bill_month").alias("memo"),
            ),
            frames={
                "bill": bills,
                "lot": taken,
                "levy": settlement.levies_by_lot(taken, bills.drop("doc_no", "date", "cause"), state.chart.levy_items),
            },
        )


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """By hand: the document only names the customer; the application runs at the end of the batch."""
    covered, _lots = coverable(state, docs["customer"])
    known = covered["customer"].implode() if len(covered) else pl.Series([], dtype=pl.String).implode()
    idle = docs.filter(~pl.col("customer").is_in(known))
    return Work(documents=docs, faults=rows_at_fault(idle, "customer", lambda _r: _("没有能冲一张整月欠费的预收款")))


RULE = Rule(kind="apply_advance", event="E13", legs=LEGS, prepare=prepare)
