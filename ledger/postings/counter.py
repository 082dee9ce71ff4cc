"""What tenders have in common: settlement with late charge, and the refusals of E06–E12.

Not an event of its own; the rules E07–E12, E21, E22 and E16, E17 call it.
Amounts are fen.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import Work, credit
from ledger.state import State

LATE_CHARGE = (
    credit("late_fee", "late_net"),
    credit("vat_simplified", "late_vat", item="late"),
)
"""E06: the late charge (违约金) of a tender, tax included; its VAT follows the main supply."""


def settle_tenders(docs: pl.DataFrame, bills: pl.DataFrame, state: State, *, fund: str) -> Work:
    """Apply tenders to bills and lay out the frames of the counter rules.

    ``docs`` carry ``amount`` (all the money taken), perhaps ``late_charge``, and
    ``bank`` (where the money lies or will lie). Document frame: ``late_net``,
    ``late_vat``, ``rest`` (over the covered bills), ``applied``, ``oldest``.
    Bill frame: the bills settled; levy frame: what of them moves.
    """
    docs = with_late_charge(docs, state)
    tenders = docs.with_columns(tender=pl.col("amount") - pl.col("late"), fund=pl.lit(fund))
    done = settlement.settle(tenders, bills, amount="tender")
    documents = done.tenders.with_columns(bill_month=last_month(done))
    applied = done.applied.select(
        *bills.columns, *(name for name in ("entry", "fund", "bank", "bank_branch") if name in done.applied.columns)
    )
    return Work(
        documents=documents,
        frames={
            "document": documents,
            "bill": applied,
            "levy": settlement.levies(applied, state.chart.levy_items),
        },
    )


def last_month(done: settlement.Settlement) -> pl.Expr:
    """The bill-month a tender's late charge belongs to: the oldest bill it settled, else its own month."""
    oldest = done.applied.group_by("entry").agg(pl.col("bill_month").min())
    months = dict(zip(oldest["entry"], oldest["bill_month"], strict=True))
    own = pl.col("date").dt.strftime("%Y-%m")
    if not months:
        return own
    return pl.coalesce(pl.col("entry").replace_strict(months, default=None, return_dtype=pl.String), own)


def with_late_charge(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """Add ``late`` (tax included), ``late_vat``, ``late_net``; a late charge not given is none."""
    late = pl.col("late_charge").fill_null(0) if "late_charge" in docs.columns else pl.lit(0, pl.Int64)
    docs = docs.with_columns(late=late)
    return docs.with_columns(late_vat=vat_included(pl.col("late"), docs, state, "late")).with_columns(
        late_net=pl.col("late") - pl.col("late_vat")
    )


def vat_included(amount: pl.Expr, docs: pl.DataFrame, state: State, item: str) -> pl.Expr:
    """VAT inside a tax-included amount, by the tax row of the document's date."""
    days: list[dt.date] = docs["date"].unique().to_list()
    vat = pl.lit(0, pl.Int64)
    for day in days:
        tax = state.book.tax(item, day)
        top, bottom = tax.numerator, tax.denominator
        rounded = amount.sign() * ((2 * amount.abs() * top + bottom) // (2 * bottom))
        vat = pl.when(pl.col("date") == day).then(rounded).otherwise(vat)
    return vat.cast(pl.Int64)


def refuse_uncovered(work: Work, state: State) -> list[Fault]:
    """C20: money that does not cover the oldest open bill settles nothing; no bill at all is said apart."""
    tenders = work.frames["document"]
    idle = tenders.filter(pl.col("applied") == 0)
    if idle.is_empty():
        return []
    below = idle.filter(pl.col("oldest").is_not_null())
    none = idle.filter(pl.col("oldest").is_null() & pl.col("c_name").is_not_null())
    held = state.locks()["customer"].implode()
    waiting = none.filter(pl.col("customer").is_in(held))
    return [
        *control(below, "C20", "amount"),
        *rows_at_fault(waiting, "customer", lambda _r: _("账单在托收中,收到托收结果前不能收款")),
        *rows_at_fault(
            none.filter(~pl.col("customer").is_in(held)), "customer", lambda _r: _("没有未结账单,请按预存水费收款")
        ),
    ]


def used_numbers(docs: pl.DataFrame, state: State, column: str, prefixes: list[str]) -> list[Fault]:
    """C53: a slip or advice number is used once per kind. ``docs`` carry it as ``document``; an
    earlier document of the kind shows it on a line of the accounts with these prefixes."""
    kind = docs["kind"][0]
    used = state.references(kind, docs["document"], prefixes)
    again = docs.join(used, on="document", how="inner", maintain_order="left")
    twice = docs.filter(pl.struct("document").is_duplicated() & pl.col("document").is_not_null())
    return [
        *control(again, "C53", column, lambda r: {"n": r["document"], "v": r["voucher"]}),
        *control(twice, "C53", column, lambda r: {"n": r["document"], "v": r["doc_no"]}),
    ]
