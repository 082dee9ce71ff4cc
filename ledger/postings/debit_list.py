"""E17 Direct debit list 划扣明细: who of the month's slip has paid.

成功 settles the customer's bill; the money came with the slip, so its levies move
under 水费 of the slip's bank. 失败: the bank took the money back, one line each;
unless the slip holds the successes alone, then nothing is left to take back.
重复, 部分 (less than the bill), or 成功 for a bill that is settled already: 多转 (2203.04).
One list per slip, of its month; what list and slip differ by stays in 1122.09 and is said.
A further list answers only for rows sent in a batch that the first left unanswered; where
nothing was debited, a list of failures needs no slip and makes no entry.
Rules: domain §3 E17, §9.2, C33, C53, R20.

::

    Dr debit_pending: allotted
        Cr receivable: gross per bill
        Cr advance_over: amount per held fund=水费
        Cr bank: amount per row fund=水费
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: HK-202306 on 2023-07-03, R3 paid, R4 failed: Dr 1122.09 65.55 / Cr 1122.01 34.50,
Cr 1002.01 31.05, LM(9.50/2.50/0.50, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings import debit_batch
from ledger.postings.counter import WATER_FUND
from ledger.postings.debit_slip import slips
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("debit_pending", "allotted"),
    credit("receivable", "gross", per="bill"),
    credit("advance_over", "amount", per="held", fund=WATER_FUND),
    credit("bank", "amount", per="row", fund=WATER_FUND),
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Allot one slip to its customers (one list at a time)."""
    docs = docs.with_columns(document=pl.col("slip_no"))
    slip = _slip(docs, state)
    faults = _against_slip(docs, slip, state) + _mandates(docs, state)
    if slip.is_empty():
        return Work(documents=docs, faults=faults)
    money = slip.row(0, named=True)
    bank = pl.lit(money["bank"])
    docs = docs.with_columns(bank=bank, bank_branch=pl.lit(state.book.bank_branches.get(money["bank"])))
    applied, over, wrong, warnings = _apply(docs, state)
    posted, failed = _taken_back(docs, -money["amount"])
    allotted = int(posted["amount"].sum())
    if allotted != -money["amount"]:
        warnings += _difference(docs, allotted, -money["amount"])
    total = (
        docs.head(1).select("entry", allotted=pl.lit(allotted, pl.Int64)).join(slip.head(1).drop("amount"), how="cross")
    )
    applied = applied.with_columns(fund=pl.lit(WATER_FUND))
    return Work(
        documents=docs,
        frames={
            "document": total,
            "bill": applied,
            "held": over.with_columns(document=pl.col("doc_no")),
            "row": failed,
            "levy": settlement.levies(applied, state.chart.levy_items),
        },
        faults=faults + wrong,
        warnings=warnings,
    )


# -- the slip --------------------------------------------------------------------------------


def _slip(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """The open item of the list's slip on 1122.09: its dimensions and signed ``amount``."""
    items = state.items([state.chart.role("debit_pending")])
    return items.filter((pl.col("document") == docs["document"][0]) & (pl.col("amount") < 0)).drop("date")


def _against_slip(docs: pl.DataFrame, slip: pl.DataFrame, state: State) -> list[Fault]:
    """One list per slip, one slip per list, of the slip's own month."""
    first = docs.head(1)
    number = first["document"][0]
    faults = rows_at_fault(
        docs.filter(pl.col("document") != number), "slip_no", lambda _r: _("一份划扣明细只对一张合计单")
    )
    listed = state.references("debit_list", first["document"], [state.chart.role("debit_pending")])
    answering = _unanswered(docs, state)
    if slip.is_empty() and answering and (docs["result"] == "failed").all():
        return faults
    if len(listed) and not answering:
        return faults + control(first, "C53", "slip_no", lambda r: {"n": r["document"], "v": listed["voucher"][0]})
    if slip.is_empty():
        return faults + rows_at_fault(
            first, "slip_no", lambda r: _("没有待分户的划扣合计单 {n}").format(n=r["document"])
        )
    known = (
        slips(state).filter(pl.col("slip") == number)["period"].to_list() or slip["bill_month"].drop_nulls().to_list()
    )
    other = docs.filter(~pl.col("period").is_in(known)) if known else docs.clear()
    return faults + rows_at_fault(
        other, "period", lambda r: _("合计单 {n} 的期间是 {period}").format(n=r["document"], period=known[0])
    )


def _unanswered(docs: pl.DataFrame, state: State) -> bool:
    """Every row answers for one that was sent and has no answer yet."""
    if docs["batch"].null_count() or docs["bill_no"].null_count():
        return False
    keys = ["batch", "customer", "bill_no"]
    return docs.join(debit_batch.unanswered(state), on=keys, how="anti").is_empty()


def _mandates(docs: pl.DataFrame, state: State) -> list[Fault]:
    """Customers who never agreed to direct debit; one who has left it since was debited all the same."""
    ever = state.fact_rows("customers").filter(pl.col("pay_mode") == "debit")["customer"].unique()
    stranger = docs.filter(pl.col("c_name").is_not_null() & ~pl.col("customer").is_in(ever.implode()))
    return rows_at_fault(stranger, "customer", lambda _r: _("该户没有代扣协议"))


def _difference(docs: pl.DataFrame, allotted: int, slip: int) -> list[Fault]:
    return rows_at_fault(
        docs.head(1),
        "slip_no",
        lambda _r: _("划扣明细合计 {listed} 与合计单 {slip} 相差 {off},留在代扣待分户").format(
            listed=format_fen(allotted), slip=format_fen(slip), off=format_fen(slip - allotted)
        ),
    )


def _taken_back(docs: pl.DataFrame, slip: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are part of the slip, and those of them the bank took back."""
    failed = docs.filter(pl.col("result") == "failed")
    paid = docs.filter(pl.col("result") != "failed")
    if paid["amount"].sum() == slip:
        # The slip holds the successes alone: what failed was never credited.
        return paid, failed.clear()
    return docs, failed


# -- the customers ---------------------------------------------------------------------------


def _apply(docs: pl.DataFrame, state: State) -> tuple[pl.DataFrame, pl.DataFrame, list[Fault], list[Fault]]:
    """Bills settled, rows that are paid over, faults and warnings."""
    rows = docs.with_columns(_row=pl.int_range(pl.len(), dtype=pl.Int64))
    success = rows.filter(pl.col("result") == "success")
    bills = state.bills("ar_resident", "ar_entity", "ar_closed").rename({"document": "_bill"})
    meant = _meant(success, bills)
    faults = rows_at_fault(
        success.join(meant.filter(pl.col("gross") != pl.col("amount")), on="_row", how="inner"),
        "amount",
        lambda r: _("账单 {bill} 的应收为 {gross}").format(bill=r["_bill"], gross=format_fen(r["gross"])),
    )
    # A bill is settled once: the second row for it, like one for a settled bill, is paid over.
    settled = meant.unique(["customer", "_bill"], keep="first", maintain_order=True)
    rest = success.join(settled, on="_row", how="anti", maintain_order="left")
    named = pl.col("bill_month").is_not_null() | pl.col("bill_no").is_not_null()
    owing = rest.filter(~named).join(bills, on="customer", how="semi", maintain_order="left")
    faults += rows_at_fault(owing, "amount", lambda _r: _("没有同样金额的未结账单,请填写账单号"))
    faults += _never_billed(rest, state)
    warnings = rows_at_fault(rest, "customer", lambda _r: _("账单已结清,划扣款记入多转水费"))
    over = rows.filter(pl.col("result").is_in(["duplicate", "partial"]) | pl.col("_row").is_in(rest["_row"].implode()))
    applied = (
        bills.join(settled.select("_row", "customer", "_bill"), on=["customer", "_bill"], how="inner")
        .join(rows.select("_row", "entry", "bank", "bank_branch"), on="_row", how="inner")
        .sort("_row")
    )
    return applied.rename({"_bill": "document"}).drop("_row"), over, faults, warnings


def _meant(success: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    """The open bill each row means (``_row, customer, _bill, gross, amount``): the one it names, of
    several in a month the one of its amount; without a name the oldest of its amount, row by row."""
    offered = bills.select("customer", "_bill", "gross", _month=pl.col("bill_month"))
    named = pl.col("bill_month").is_not_null() | pl.col("bill_no").is_not_null()
    asked = success.select("_row", "customer", "bill_month", "bill_no", "amount")
    by_name = (
        asked.filter(named)
        .join(offered, on="customer", how="inner")
        .filter(
            pl.col("bill_no").is_null() | (pl.col("bill_no") == pl.col("_bill")),
            pl.col("bill_month").is_null() | (pl.col("bill_month") == pl.col("_month")),
        )
        .sort("_row", pl.col("gross") != pl.col("amount"), "_bill")
        .unique("_row", keep="first", maintain_order=True)
    )
    turn = pl.int_range(pl.len(), dtype=pl.Int64)
    unnamed = asked.filter(~named).with_columns(_turn=turn.over("customer", "amount"))
    left = offered.join(by_name, on=["customer", "_bill"], how="anti").sort("customer", "_month", "_bill")
    by_amount = unnamed.join(
        left.with_columns(_turn=turn.over("customer", "gross"), amount=pl.col("gross")),
        on=["customer", "amount", "_turn"],
        how="inner",
    )
    columns = ["_row", "customer", "_bill", "gross", "amount"]
    return pl.concat([by_name.select(columns), by_amount.select(columns)]).sort("_row")


def _never_billed(rest: pl.DataFrame, state: State) -> list[Fault]:
    """Rows that name a month in which the customer never had a bill."""
    dated = rest.filter(pl.col("bill_month").is_not_null() & pl.col("c_name").is_not_null())
    if dated.is_empty():
        return []
    billed = state.bill_numbers(dated["bill_month"].unique())
    never = dated.join(billed, on=["customer", "bill_month"], how="anti", maintain_order="left")
    return rows_at_fault(never, "bill_month", lambda _r: _("该户该月没有这样的账单"))


RULE = Rule(kind="debit_list", event="E17", legs=LEGS, prepare=prepare, serial=("entry",))
