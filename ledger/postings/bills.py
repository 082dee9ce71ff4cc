"""Bills that a document names by customer, month and, where two stand in it, number.

A helper of the rules E04, E05, E18 and E32. Amounts are fen. ``bill_no`` is needed only
where the month has more than one bill in question; elsewhere it is a control (domain §10).
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.faults import rows_at_fault


def one_bill(docs: pl.DataFrame, bills: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """Each document with the one bill of ``bills`` that it names; a fault for each that names none, or several.

    ``bills`` have ``customer``, ``bill_month``, ``document``, ``branch`` and what else to take
    over. ``document`` becomes the bill's number, ``branch`` the bill's. Row order is kept.
    """
    pairs = named_bills(docs, bills)
    found = pairs.filter(pl.len().over("entry", "row") == 1)
    many = pairs.filter(pl.len().over("entry", "row") > 1).with_columns(bills=pl.len().over("entry", "row"))
    faults = rows_at_fault(
        many.unique(["entry", "row"], keep="first", maintain_order=True),
        "bill_no",
        lambda r: _("该户该月有 {n} 张账单,请填写账单号").format(n=r["bills"]),
    )
    return found, faults + none_named(docs, pairs)


def named_bills(docs: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    """Every bill that a document may mean: of its customer, its month and its number, where it gives them.

    ``bill_month`` is the bill's own from here on (a back charge may have none), ``month`` what was asked.
    """
    offered = bills.rename({"bill_month": "_month", "branch": "_branch"})
    month, number = pl.col("bill_month"), pl.col("bill_no")
    # A back charge may have no month: then its number is enough.
    in_month = month.is_null() | (month == pl.col("_month")) | (pl.col("_month").is_null() & number.is_not_null())
    return (
        docs.drop("document")
        .join(offered, on="customer", how="inner", maintain_order="left_right")
        .filter(in_month & (number.is_null() | (number == pl.col("document"))))
        .with_columns(branch=pl.coalesce("_branch", "branch"), month=month, bill_month=pl.col("_month"))
        .drop("_month", "_branch")
    )


def none_named(docs: pl.DataFrame, pairs: pl.DataFrame) -> list[Fault]:
    """Documents for which no bill was found; ``pairs`` are those for which some were."""
    none = docs.join(pairs, on=["entry", "row"], how="anti", maintain_order="left", nulls_equal=True)
    faults = rows_at_fault(
        none.filter(pl.col("bill_no").is_null()), "bill_month", lambda _r: _("该户该月没有这样的账单")
    )
    return faults + rows_at_fault(
        none.filter(pl.col("bill_no").is_not_null()), "bill_no", lambda _r: _("该户该月没有这张账单")
    )


def refuse_locked(bills: pl.DataFrame) -> list[Fault]:
    """A bill sent to the bank in a collection batch (托收) waits for its result."""
    held = bills.filter(pl.col("locked").is_not_null())
    return rows_at_fault(
        held,
        "customer",
        lambda r: _("账单 {bill} 在托收批次 {batch} 中,须等托收结果").format(bill=r["document"], batch=r["locked"]),
    )
