"""Documents that make no entry: master data, opening lists, readings, number series.

They are facts (事实): appended, numbered and idempotent like every document, and
asked by the rules and registers. Rules: domain §3 E01, E02, E34, §4 C15, C38, C46, §10.
"""

from __future__ import annotations

import polars as pl

from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.opening import against_bills, against_items, open_bills, posted_rows
from ledger.postings.rule import Rule, Work
from ledger.state import State

LARGE_METER = 40
"""From this diameter (DN, mm) on a shut-off needs the department's written approval (C46)."""


def _customers(docs: pl.DataFrame, state: State) -> Work:
    """客户资料: accounts are never deleted; a change is a later row with its start date. Who still owes on
    an ordinary account is moved to 销户欠费 by its own document (E05), not by a stroke here (C08)."""
    state.know(docs["customer"])
    owing = state.bills("ar_resident", "ar_entity")["customer"].unique()
    gone = docs.filter(pl.col("kind").is_in(["closed", "removed"]) & pl.col("customer").is_in(owing.implode()))
    return Work(documents=docs, faults=control(gone, "C08", "kind"))


def _opening_bills(docs: pl.DataFrame, state: State) -> Work:
    """期初账单: with the opening posted already, its receivables must be these bills."""
    opening = posted_rows(state)
    if opening.is_empty():
        return Work(documents=docs)
    columns = ["account", "gross", *state.chart.levy_items]
    bills = pl.concat([open_bills(state).select(columns), _open(docs, state).select(columns)])
    return Work(documents=docs, faults=against_bills(opening, bills, state))


def _open(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    parts = ["net", *state.chart.levy_items, "tax_line"]
    return docs.filter(pl.col("status") == "open").with_columns(
        gross=pl.sum_horizontal(*(pl.col(name).fill_null(0) for name in parts))
    )


def _opening_items(docs: pl.DataFrame, state: State) -> Work:
    """期初未达账项: with the opening posted already, each bank must tie."""
    opening = posted_rows(state)
    if opening.is_empty():
        return Work(documents=docs)
    columns = ["bank", "category", "amount"]
    items = pl.concat([state.fact_rows("opening_items", all_subjects=True).select(columns), docs.select(columns)])
    return Work(documents=docs, faults=against_items(opening, items, state))


def _reading(docs: pl.DataFrame, _state: State) -> Work:
    """超收/未抄: a reading without a bill, counted in R16."""
    return Work(documents=docs)


def _drawer(docs: pl.DataFrame, state: State) -> Work:
    """零钞: the change float of a drawer is at most the limit (C15)."""
    limit = state.book.thresholds.float_limit
    over = docs.filter(pl.col("float") > limit)
    return Work(documents=docs, faults=control(over, "C15", "float", lambda r: {"x": format_fen(r["float"])}))


def _service(docs: pl.DataFrame, state: State) -> Work:
    """E34 停水复装: reconnection only without arrears; large customers are shut off with approval (C46)."""
    owing = state.bills("ar_resident", "ar_entity", "ar_closed").group_by("customer").agg(owed=pl.col("gross").sum())
    back = docs.filter(pl.col("step") == "reconnect").join(owing, on="customer", how="inner", maintain_order="left")
    faults: list[Fault] = rows_at_fault(
        back, "customer", lambda r: _("尚欠 {owed},不能复装").format(owed=format_fen(r["owed"]))
    )
    large = (pl.col("c_diameter") >= LARGE_METER) | (pl.col("c_constant_flow") == "yes")
    unapproved = docs.filter(
        (pl.col("step") == "shut_off") & large.fill_null(value=False) & pl.col("approval_no").is_null()
    )
    return Work(documents=docs, faults=[*faults, *control(unapproved, "C46", "approval_no")])


def _number_issue(docs: pl.DataFrame, _state: State) -> Work:
    """票据领用: from small to large."""

    def stock(column: str) -> pl.Expr:
        return pl.col(column).str.replace(r"\d+$", "")

    wrong = docs.filter(
        (pl.col("from_no").str.len_chars() != pl.col("to_no").str.len_chars()) | (pl.col("from_no") > pl.col("to_no"))
        | (stock("from_no") != stock("to_no")) | (stock("from_no") == pl.col("from_no"))
    )  # fmt: skip
    return Work(documents=docs, faults=rows_at_fault(wrong, "to_no", lambda _r: _("止号应不小于起号,位数相同")))


def _number_void(docs: pl.DataFrame, _state: State) -> Work:
    """票据作废: the copies are kept; a number is voided once."""
    return Work(documents=docs)


def _fact(kind: str, prepare: object, event: str = "") -> Rule:
    return Rule(kind=kind, event=event, legs=(), prepare=prepare, serial=())  # type: ignore[arg-type]


RULES = (
    _fact("customers", _customers),
    _fact("opening_bills", _opening_bills, "E01"),
    _fact("opening_items", _opening_items, "E01"),
    _fact("reading", _reading, "E02"),
    _fact("drawer", _drawer),
    _fact("service", _service, "E34"),
    _fact("number_issue", _number_issue),
    _fact("number_void", _number_void),
)
