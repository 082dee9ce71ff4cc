"""E26 Transfer to head office 转款: our own money goes up, category by category.

Each category at most its fund position in that bank (C52; the finance head may
let more pass, with a reason); never levies, never unidentified money or floats;
three different persons of the online bank's advice (C26); payee head office
only (C24). One bank line per category. Rules: domain §0 (8)(9), §3 E26, R11.

::

    Dr ho_transit: amount
        Cr bank: amount

Example ZK-0629: Dr 1221.01 22,100.44 / Cr 1002.01 22,100.44, eight line pairs.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.errors import Fault, NotFound
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.persons import same
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("ho_transit", "amount"),
    credit("bank", "amount"),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Check persons, payee and positions; the schedule R11 shows the same figures."""
    docs = docs.with_columns(document=pl.col("doc_no"))
    known = {fund.zh for fund in state.book.funds if fund.transferable}
    faults = [*persons(docs, state), *payees(docs, state, "head_office")]
    faults += rows_at_fault(
        docs.filter(~pl.col("fund").is_in(list(known))),
        "fund",
        lambda r: _("{fund} 不能转给总公司").format(fund=r["fund"]),
    )
    day: dt.date = docs["date"][0]
    have = _available(state, day)
    asked = docs.join(have, on=["bank", "fund"], how="left", maintain_order="left").with_columns(
        pl.col("available").fill_null(0), total=pl.col("amount").sum().over("bank", "fund")
    )
    over = asked.filter((pl.col("total") > pl.col("available")) & pl.col("reason").is_null())
    faults += control(
        over,
        "C52",
        "amount",
        lambda r: {"f": r["fund"], "y": format_fen(r["available"]), "x": format_fen(r["total"])},
    )
    return Work(documents=docs, frames={"document": docs}, faults=faults)


def _available(state: State, day: dt.date) -> pl.DataFrame:
    """The lower of what is there on the day and what is there now: a transfer posted late may not
    take what a later one has already taken."""
    then = transferable(state.positions(day), state).rename({"available": "then"})
    now = transferable(state.positions(max(day, state.today)), state).rename({"available": "now"})
    return then.join(now, on=["bank", "fund"], how="inner").with_columns(available=pl.min_horizontal("then", "now"))


def transferable(positions: pl.DataFrame, state: State) -> pl.DataFrame:
    """What of each fund can go up (``bank, fund, available``): its position, and of 水费 what is
    left after the negative positions of the same bank are netted (抵减, domain §9.2)."""
    known = [fund.zh for fund in state.book.funds if fund.transferable]
    mine = positions.filter(pl.col("fund").is_in(known))
    short = (
        mine.filter((pl.col("position") < 0) & (pl.col("fund") != "水费"))
        .group_by("bank")
        .agg(short=pl.col("position").sum())
    )
    netted = pl.when(pl.col("fund") == "水费").then(pl.col("short").fill_null(0)).otherwise(0)
    return mine.join(short, on="bank", how="left").select("bank", "fund", available=pl.col("position") + netted)


def persons(docs: pl.DataFrame, state: State) -> list[Fault]:
    """C26: 录入, 复核 and 审批 are three different people, whether written by id or by name."""
    pairs = (("maker", "checker"), ("maker", "approver"), ("checker", "approver"))
    alike = pl.any_horizontal(*(same(first, second, state.book) for first, second in pairs))
    return control(docs.filter(alike).unique("entry", keep="first", maintain_order=True), "C26", "checker")


def payees(docs: pl.DataFrame, state: State, kind: str) -> list[Fault]:
    """C24: from a revenue account money leaves to head office and to the treasury only."""

    def stranger(name: str) -> bool:
        try:
            return state.book.payee(name).kind != kind
        except NotFound:
            return True

    strangers = [name for name in docs["payee"].unique() if stranger(name)]
    return control(docs.filter(pl.col("payee").is_in(strangers)), "C24", "payee")


RULE = Rule(kind="head_office_transfer", event="E26", legs=LEGS, prepare=prepare, serial=("entry",))
