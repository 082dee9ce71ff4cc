"""E02 Monthly charge 开账/制票, E03 Estimated bill 估水.

The bill (应收) is a receivable at its full amount. Its net water is ours, VAT
included (revenue + vat); its levies (代征费用) are owed to government from the
start, but only as billed-not-collected. In water-tax mode the water resource
tax is our own untaxed line. Rules: domain §3 E02–E03, C01, C03.

::

    Dr receivable: gross
        Cr sales: revenue
        Cr vat_simplified: vat item=water
        Cr sales_tax_line: tax_line
        Cr levy_billed: levy per levy

Example: R2, 28 m³ on 2023-06-05: Dr 1122.01 120.80 / Cr 6001.01 83.30,
Cr 2221.02 2.50, Cr 2241.01 26.60, 7.00, 1.40.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State
from ledger.tariff import price_charges

LEGS = (
    debit("receivable", "gross"),
    credit("sales", "revenue"),
    credit("vat_simplified", "vat", item="water"),
    credit("sales_tax_line", "tax_line"),
    credit("levy_billed", "levy", per="levy"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Price the bills; refuse what the calendar, the customer or the control amount forbids."""
    bills = priced(docs, state)
    faults = [*unpriced(bills), *window(bills, state), *_duplicates(bills, state), *_book_totals(bills)]
    faults += rows_at_fault(bills.filter(pl.col("c_kind") == "closed"), "customer", lambda _r: _("已销户,不能开账"))
    wrong = bills.filter(pl.col("bill").is_not_null() & (pl.col("bill") != pl.col("gross")))
    faults += rows_at_fault(wrong, "bill", lambda r: _("计算出的应收为 {gross}").format(gross=format_fen(r["gross"])))
    bills = bills.with_columns(
        event=pl.when(pl.col("read_code") == "estimated").then(pl.lit("E03")).otherwise(pl.lit("E02"))
    )
    return Work(
        documents=bills,
        frames={"document": bills, "levy": settlement.levies(bills, state.chart.levy_items)},
        faults=faults,
    )


def priced(docs: pl.DataFrame, state: State, *, first_tier: bool = False) -> pl.DataFrame:
    """Documents with their amounts, receivable account, fee item and bill number (``document``)."""
    bills = price_charges(docs, state.book, first_tier=first_tier)
    return bills.with_columns(
        account=pl.col("receivable"),
        document=pl.col("doc_no"),
        item=pl.format("{}/{}", pl.lit(state.book.utility), pl.col("usage_class")),
    )


def unpriced(bills: pl.DataFrame) -> list[Fault]:
    """Refuse what no tariff of the book holds for: it would be a bill of nothing."""
    return rows_at_fault(
        bills.filter(pl.col("gross").is_null()),
        "usage_class",
        lambda r: _("用水性质 {x} 在 {date} 没有水价").format(x=r["usage_class"], date=r["date"]),
    )


def window(bills: pl.DataFrame, state: State) -> list[Fault]:
    """C01: bills are made on days 1–14, special readings on their day, else with approval;
    C03: after day 15 accounts of 托收 and 代扣 are locked until month end."""
    day = pl.col("date").dt.day().cast(pl.Int64)
    calendar = state.book.calendar
    special = pl.col("c_special_day").cast(pl.Int64, strict=False) == day
    late = bills.filter(
        ~day.is_between(calendar.billing_first_day, calendar.billing_last_day)
        & ~special.fill_null(False)
        & pl.col("approval_no").is_null()
    )
    return control(late, "C01", "date") + locked(bills.filter(~special.fill_null(False)), state)


def locked(docs: pl.DataFrame, state: State) -> list[Fault]:
    """C03: nothing of a 托收 or 代扣 account is entered or changed after day 15."""
    after = pl.col("date").dt.day() > state.book.calendar.lock_day
    return control(docs.filter(after & pl.col("c_pay_mode").is_in(["collection", "debit"])), "C03", "customer")


def _book_totals(bills: pl.DataFrame) -> list[Fault]:
    """C09: where the rows say what their reading book (表本) adds up to, the machine finds the same."""
    told = bills.filter(pl.col("book_total").is_not_null())
    sums = told.with_columns(machine=pl.col("volume").sum().over("route"))
    wrong = sums.filter(
        (pl.col("machine") != pl.col("book_total")) & pl.struct("route", "book_total").is_first_distinct()
    )
    return control(wrong, "C09", "book_total", lambda r: {"a": r["book_total"], "b": r["machine"]})


def _duplicates(bills: pl.DataFrame, state: State) -> list[Fault]:
    charged = state.charged(bills["bill_month"].unique())
    again = bills.join(charged, on=["customer", "bill_month"], how="semi", maintain_order="left")
    inside = bills.filter(pl.struct("customer", "bill_month").is_first_distinct().not_())
    return [
        fault
        for rows in (again, inside)
        for fault in rows_at_fault(
            rows,
            "bill_month",
            lambda r: _("户号 {customer} {month} 已开账").format(customer=r["customer"], month=r["bill_month"]),
        )
    ]


RULE = Rule(kind="charge", event="E02", legs=LEGS, prepare=prepare, serial=())
