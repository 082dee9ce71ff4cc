"""E01 Opening balances 期初余额: the signed list of the cut-over day.

Every asset debit, every liability credit, the difference to 9000. Receivables
equal the open bills of ``opening_bills``, levies billed equal the levies in
them, and each bank's book balance equals its statement balance and open items
(``opening_items``). Only before the first live posting, dated the cut-over day.
Rules: domain §3 E01, §9.2 Opening.

::

    Dr account: debit per row
        Cr account: credit per row
    Dr opening: lacking
        Cr opening: excess

Example: R7's April bill 41.40: Dr 1122.01 41.40; the levies inside it
11.40/3.00/0.60 are credits of 2241.01.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.funds import FLOAT_FUND, LEVY_FUND
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("account", "debit", per="row"),
    credit("account", "credit", per="row"),
    debit("opening", "lacking"),
    credit("opening", "excess"),
)

WATER_FUND = "水费"


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Complete the dimensions of the rows and hold them against bills and bank items."""
    bills = open_bills(state)
    known = docs.filter(pl.col("account").is_in(list(state.chart.codes)))
    faults = rows_at_fault(
        docs.join(known.select("row"), on="row", how="anti"), "account", lambda _r: _("科目表中没有这个科目")
    )
    cutover = state.book.cutover
    faults += rows_at_fault(
        docs.filter(pl.col("date") != cutover), "date", lambda _r: _("期初日期应为启用日 {day}").format(day=cutover)
    )
    rows = _own_levy_fund(_levies_by_bill(_dimensions(known, bills, state), bills, state))
    faults += _missing(rows, state)
    faults += against_bills(rows, bills, state)
    faults += against_items(rows, state.fact_rows("opening_items", all_subjects=True), state)
    totals = rows.group_by("entry").agg(over=(pl.col("debit").fill_null(0) - pl.col("credit").fill_null(0)).sum())
    documents = docs.unique("entry", keep="first", maintain_order=True).join(totals, on="entry", how="left")
    documents = documents.with_columns(lacking=(-pl.col("over")).clip(0), excess=pl.col("over").clip(0))
    return Work(documents=documents, frames={"row": rows, "document": documents}, faults=faults)


def posted_rows(state: State) -> pl.DataFrame:
    """The opening as it stands in the journal (``account, debit, credit``); empty before it is posted."""
    return state.daily([""], state.book.cutover).select(
        "account", pl.col("amount").alias("debit"), credit=pl.lit(0, pl.Int64)
    )


def open_bills(state: State) -> pl.DataFrame:
    """Open rows of ``opening_bills`` with ``gross``; empty where the list is not loaded yet."""
    rows = state.fact_rows("opening_bills", all_subjects=True)
    parts = ["net", *state.chart.levy_items, "tax_line"]
    return rows.filter(pl.col("status") == "open").with_columns(
        gross=pl.sum_horizontal(*(pl.col(name).fill_null(0) for name in parts))
    )


def _dimensions(rows: pl.DataFrame, bills: pl.DataFrame, state: State) -> pl.DataFrame:
    """What a row says by its account or its bill need not be written twice."""
    account = pl.col("account")
    numbers = bills.select("customer", "bill_month", "account", pl.col("bill_no").alias("_bill"))
    rows = rows.join(
        numbers.unique(["customer", "bill_month", "account"], keep="first"),
        on=["customer", "bill_month", "account"],
        how="left",
        maintain_order="left",
    )
    cashier = pl.when(account.str.starts_with("1001.")).then(account.str.strip_prefix("1001."))
    bank = pl.when(account.str.starts_with("1002.")).then(account)
    bill = pl.when(account.str.starts_with("1122.")).then(
        pl.coalesce("_bill", pl.format("{}-{}", "customer", "bill_month"))
    )
    item = pl.when(account.str.starts_with("2241.0")).then(
        account.replace_strict(_levy_codes(state), default=None, return_dtype=pl.String)
    )
    rows = rows.with_columns(
        cashier=pl.coalesce("cashier", cashier),
        bank=pl.coalesce(bank, "bank"),
        item=pl.coalesce("item", item),
        fund=pl.coalesce("fund", pl.when(account.str.starts_with("1001.")).then(pl.lit(FLOAT_FUND))),
        document=pl.coalesce("document", bill, pl.when(~account.str.starts_with("2241.01")).then(pl.col("doc_no"))),
        date=pl.col("date"),
    )
    book = state.book
    return rows.with_columns(
        branch=pl.coalesce(
            "branch",
            pl.col("cashier").replace_strict(book.cashier_branches, default=None, return_dtype=pl.String),
            pl.col("bank").replace_strict(book.bank_branches, default=None, return_dtype=pl.String),
        )
    )


def _levy_codes(state: State) -> dict[str, str]:
    stages = ("billed", "due")
    return {state.chart.levy(stage, item): item for stage in stages for item in state.chart.levy_items}


def _levies_by_bill(rows: pl.DataFrame, bills: pl.DataFrame, state: State) -> pl.DataFrame:
    """A levy total without customer is split over the open bills that hold it, and each levy row
    of a bill carries the bill's number, so that settlement finds it."""
    billed = {state.chart.levy("billed", item): item for item in state.chart.levy_items}
    is_levy = pl.col("account").is_in(list(billed))
    numbers = bills.select("customer", "bill_month", pl.col("bill_no").alias("_levy_bill"))
    rows = rows.join(
        numbers.unique(["customer", "bill_month"], keep="first"),
        on=["customer", "bill_month"],
        how="left",
        maintain_order="left",
    )
    own = pl.coalesce("document", "_levy_bill", pl.format("{}-{}", "customer", "bill_month"))
    rows = rows.with_columns(
        document=pl.when(is_levy & pl.col("customer").is_not_null()).then(own).otherwise("document")
    )
    totals = rows.filter(is_levy & pl.col("customer").is_null())
    if totals.is_empty() or bills.is_empty():
        return rows
    parts = [rows.filter(~(is_levy & pl.col("customer").is_null()))]
    for total in totals.iter_rows(named=True):
        item = billed[total["account"]]
        split = bills.filter(pl.col(item) != 0)
        if int(split[item].sum()) != (total["credit"] or 0):
            parts.append(rows.filter(pl.col("row") == total["row"]))
            continue
        frame = pl.DataFrame([total], schema=rows.schema)
        parts.append(
            frame.drop("customer", "bill_month", "document", "credit")
            .join(
                split.select(
                    "customer", "bill_month", pl.col("bill_no").alias("document"), pl.col(item).alias("credit")
                ),
                how="cross",
            )
            .select(rows.columns)
        )
    return pl.concat(parts)


def _own_levy_fund(rows: pl.DataFrame) -> pl.DataFrame:
    """Levies collected carry the fund of the money they lie in (domain §9.2). Where the list sets
    the money apart as 代征 while the levies say 水费, or the other way round, both take the
    levies' fund, so that fund positions are told by one rule (ledger.funds)."""
    amount = pl.col("debit").fill_null(0) - pl.col("credit").fill_null(0)
    levy = pl.col("account").str.starts_with("2241.02")
    apart = (
        rows.filter(pl.col("account").str.starts_with("1002.") & (pl.col("fund") == LEVY_FUND))
        .group_by("bank")
        .agg(apart=amount.sum())
    )
    owed = rows.filter(levy).group_by("bank").agg(owed=-amount.sum(), tagged=(pl.col("fund") == LEVY_FUND).all())
    paired = apart.join(owed, on="bank", how="full", coalesce=True)
    same = paired.filter(pl.col("tagged") & (pl.col("apart") == pl.col("owed")))["bank"].implode()
    retag = (
        (pl.col("fund") == LEVY_FUND)
        & (levy | pl.col("account").str.starts_with("1002."))
        & ~pl.col("bank").is_in(same)
    )
    return rows.with_columns(fund=pl.when(retag).then(pl.lit(WATER_FUND)).otherwise("fund"))


def _missing(rows: pl.DataFrame, state: State) -> list[Fault]:
    """Every mandatory dimension of the row's account is there."""
    faults: list[Fault] = []
    for code in rows["account"].unique():
        for name in sorted(state.chart.account(code).required):
            lacking = rows.filter((pl.col("account") == code) & pl.col(name).is_null())
            faults += rows_at_fault(lacking, name, lambda _r, c=code: _("科目 {code} 必须填写").format(code=c))  # type: ignore[misc]
    return faults


def against_bills(rows: pl.DataFrame, bills: pl.DataFrame, state: State) -> list[Fault]:
    """The receivables are the open bills, and the levies billed are the levies inside them (E01)."""
    if bills.is_empty():
        return []
    amount = pl.col("debit").fill_null(0) - pl.col("credit").fill_null(0)
    faults: list[Fault] = []
    claims = [state.chart.role(role) for role in ("ar_resident", "ar_entity", "ar_tm", "ar_inspection", "ar_closed")]
    pairs = [(code, int(bills.filter(pl.col("account") == code)["gross"].sum())) for code in claims]
    pairs += [
        (state.chart.levy("billed", item), -int(bills[item].fill_null(0).sum())) for item in state.chart.levy_items
    ]
    for code, listed in pairs:
        booked = rows.filter(pl.col("account") == code).select(amount.sum()).item()
        if booked != listed:
            faults.append(
                Fault(
                    code="E01",
                    message=_("科目 {code} 期初 {booked} 与期初账单合计 {listed} 不符").format(
                        code=code, booked=format_fen(booked), listed=format_fen(listed)
                    ),
                )
            )
    return faults


def against_items(rows: pl.DataFrame, items: pl.DataFrame, state: State) -> list[Fault]:
    """Per bank: statement balance + what the book has alone − what the bank has alone = book balance."""
    if items.is_empty():
        return []
    sign = {
        "balance": 1,
        "book_in_not_bank": 1,
        "book_out_not_bank": -1,
        "bank_in_not_book": -1,
        "bank_out_not_book": 1,
    }
    listed = items.with_columns(
        signed=pl.col("amount") * pl.col("category").replace_strict(sign, return_dtype=pl.Int64)
    )
    amount = pl.col("debit").fill_null(0) - pl.col("credit").fill_null(0)
    faults: list[Fault] = []
    for bank in state.book.banks:
        booked = rows.filter(pl.col("account") == bank.code).select(amount.sum()).item()
        stated = int(listed.filter(pl.col("bank") == bank.code)["signed"].sum())
        if booked != stated:
            faults.append(
                Fault(
                    code="E01",
                    message=_("{bank} 账面 {booked} 与对账单余额加减未达账项 {stated} 不符").format(
                        bank=bank.short, booked=format_fen(booked), stated=format_fen(stated)
                    ),
                )
            )
    return faults


RULE = Rule(kind="opening", event="E01", legs=LEGS, prepare=prepare, serial=("entry",))
