"""What tenders have in common: settlement, at the counter and by transfer, and the refusals of E06–E12.

Not an event of its own; the rules E07–E12, E15–E17, E21, E22 and E31 call it.
Grains of their frames: ``bill`` the bills settled, ``levy`` their levies, ``held``
what is kept for the customer (an advance is known by its receipt). Amounts are fen.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger import settlement
from ledger.book import REVENUE_ACCOUNT
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import LEVY_MOVE, Leg, Work, credit, debit
from ledger.state import State

LATE_CHARGE = (
    credit("late_fee", "late_net"),
    credit("vat_simplified", "late_vat", item="late"),
)
"""E06: the late charge (违约金) of a tender, tax included; its VAT follows the main supply."""


WATER_FUND = "水费"
PARTIAL_FUND = "预收部分水费"
CLOSED_FUND = "补缴水费"

APPLIED: tuple[Leg, ...] = (
    debit("ar_short", "short", per="bill"),
    credit("receivable", "gross", per="bill"),
    credit("advance_over", "over", per="held"),
    credit("advance_partial", "part", per="held"),
    *LEVY_MOVE,
)
"""What a transfer does on the customer's side (E10, E11): bills settled whole, the last
perhaps a little short (少转), the rest held as 多转, or all of it as 预收部分水费."""


def settle_tenders(
    docs: pl.DataFrame, bills: pl.DataFrame, state: State, *, fund: str | pl.Expr, tolerance: pl.Expr | None = None
) -> Work:
    """Apply tenders to bills and lay out the frames of the counter rules.

    ``docs`` carry ``amount`` (all the money taken), perhaps ``late_charge``, and
    ``bank`` (where the money lies or will lie). Document frame: ``late_net``,
    ``late_vat``, ``rest`` (over the covered bills), ``applied``, ``oldest``; held
    frame: the same under the number of the receipt. Bill frame: the bills settled,
    ``short`` where one is tolerated; levy frame: what of them moves.
    """
    docs = with_late_charge(docs, state)
    tenders = docs.with_columns(
        tender=pl.col("amount") - pl.col("late"), fund=pl.lit(fund) if isinstance(fund, str) else fund
    )
    done = settlement.settle(tenders, bills, amount="tender", tolerance=tolerance)
    documents = done.tenders.with_columns(bill_month=last_month(done))
    applied = done.applied.select(
        *bills.columns,
        *(name for name in ("entry", "fund", "bank", "bank_branch", "short") if name in done.applied.columns),
    )
    return Work(
        documents=documents,
        frames={
            "document": documents,
            "held": documents.with_columns(document=pl.col("doc_no")),
            "bill": applied,
            "levy": settlement.levies(applied, state.chart.levy_items),
        },
    )


def settle_transfers(docs: pl.DataFrame, state: State) -> Work:
    """Apply money that comes through the bank (E09–E11, E31); the legs are :data:`APPLIED`.

    Oldest bills first, each whole; the bill that the last of the money goes to may
    lack its tolerance. The rest over settled bills, and all the money of a customer
    who owes nothing, is ``over`` (多转, E29). Money that settles nothing is ``part``
    and of the fund 预收部分水费 (E12); money for closed meters is 补缴水费 (E22).
    """
    bills = state.bills("ar_resident", "ar_entity", "ar_closed", locked=False)
    oldest = bills.sort(*settlement.OLDEST_FIRST).unique("customer", keep="first")
    closed = oldest.filter(pl.col("account") == state.chart.role("ar_closed"))["customer"]
    fund = pl.when(pl.col("customer").is_in(closed.implode())).then(pl.lit(CLOSED_FUND)).otherwise(pl.lit(WATER_FUND))
    tolerance = state.book.thresholds.short_tolerance_expr(pl.col("gross"))
    work = settle_tenders(docs, bills, state, fund=fund, tolerance=tolerance)
    below = (pl.col("applied") == 0) & pl.col("oldest").is_not_null()
    held = {
        "part": pl.when(below).then("rest").otherwise(0),
        "over": pl.when(below).then(0).otherwise("rest"),
        "fund": pl.when(below).then(pl.lit(PARTIAL_FUND)).otherwise("fund"),
    }
    work.documents = work.documents.with_columns(**held)
    for grain in ("document", "held"):
        work.frames[grain] = work.frames[grain].with_columns(**held)
    return work


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
    none = idle.filter(pl.col("oldest").is_null() & pl.col("c_name").is_not_null())
    held = state.locks()["customer"].implode()
    return [
        *control(idle.filter(pl.col("oldest").is_not_null()), "C20", "amount"),
        *refuse_waiting(none, state),
        *rows_at_fault(
            none.filter(~pl.col("customer").is_in(held)), "customer", lambda _r: _("没有未结账单,请按预存水费收款")
        ),
    ]


def refuse_waiting(tenders: pl.DataFrame, state: State) -> list[Fault]:
    """Tenders that found nothing open, of customers whose bills are with the bank (托收)."""
    waiting = tenders.filter(pl.col("oldest").is_null() & pl.col("customer").is_in(state.locks()["customer"].implode()))
    return rows_at_fault(waiting, "customer", lambda _r: _("账单在托收中,收到托收结果前不能收款"))


def refuse_inexact(tenders: pl.DataFrame, nothing_open: str) -> list[Fault]:
    """A receipt with a commercial invoice (商业发票) pays its bills to the fen: neither below (C20) nor over."""
    tenders = tenders.filter(pl.col("c_name").is_not_null())
    owing = tenders.filter(pl.col("oldest").is_not_null())
    return [
        *rows_at_fault(tenders.filter(pl.col("oldest").is_null()), "customer", lambda _r: nothing_open),
        *control(owing.filter(pl.col("applied") == 0), "C20", "amount"),
        *rows_at_fault(
            owing.filter((pl.col("applied") != 0) & (pl.col("rest") != 0)),
            "amount",
            lambda r: _("比所交账单多 {rest},请按账单收款").format(rest=format_fen(r["rest"])),
        ),
    ]


def revenue_accounts(docs: pl.DataFrame, state: State) -> list[Fault]:
    """C25: every tender lands in an account of type 收入专户."""
    others = [bank.code for bank in state.book.banks if bank.type != REVENUE_ACCOUNT]
    return control(docs.filter(pl.col("bank").is_in(others)), "C25", "bank")


def refuse_closed(docs: pl.DataFrame) -> list[Fault]:
    """No money is taken in advance from a customer whose meter is gone."""
    gone = docs.filter(pl.col("c_kind").is_in(["closed", "removed"]))
    return rows_at_fault(gone, "customer", lambda _r: _("已销户或拆表,不能预收"))


def used_numbers(docs: pl.DataFrame, state: State, column: str, prefixes: list[str]) -> list[Fault]:
    """C53: a slip or advice number is used once per kind. ``docs`` carry it as ``document``; an
    earlier document of the kind shows it on a line of the accounts with these prefixes."""
    if docs.is_empty():
        return []
    kind = docs["kind"][0]
    used = state.references(kind, docs["document"], prefixes)
    again = docs.join(used, on="document", how="inner", maintain_order="left")
    twice = docs.filter(pl.struct("document").is_duplicated() & pl.col("document").is_not_null())
    return [
        *control(again, "C53", column, lambda r: {"n": r["document"], "v": r["voucher"]}),
        *control(twice, "C53", column, lambda r: {"n": r["document"], "v": r["doc_no"]}),
    ]
