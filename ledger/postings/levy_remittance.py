"""E28 Levy remittance 上缴代征费用: what was collected for government goes to the treasury.

Per levy and per bank at most what lies there collected and due (C35); payee 财政专户 only
(C24); maker, checker and approver are three people (C26); each 财政缴款书 is used once
(C53). One form may carry several levies: it is one bank line. A transfer cheque is booked
when the bank has accepted the form; until it is paid the bank shows nothing. A remittance
comes back by the treasury's refund only. Rules: domain §0 (6)(8)(9), §3 E28, §9.2, R13.

::

    Dr levy_due: amount per levy fund=代征
        Cr bank: amount per form fund=代征

Example CZ-0630: Dr 2241.02.02 750.00, Dr 2241.02.03 150.00 / Cr 1002.01 900.00.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.errors import Fault
from ledger.funds import LEVY_FUND
from ledger.money import format_fen
from ledger.postings.counter import used_numbers
from ledger.postings.faults import control
from ledger.postings.head_office_transfer import payees, persons
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("levy_due", "amount", per="levy", fund=LEVY_FUND),
    credit("bank", "amount", per="form", fund=LEVY_FUND),
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Check persons, payee, form and what is due; lay the levies of a form on one bank line."""
    docs = docs.with_columns(item=pl.col("levy"), document=pl.col("form_no"))
    forms = docs.group_by("entry", "kind", "doc_no", "bank", "document", maintain_order=True).agg(
        pl.col("amount").sum(), pl.col("bank_branch", "form_no", "file", "sheet", "row").first()
    )
    faults = [
        *persons(docs, state),
        *payees(docs, state, "treasury"),
        *used_numbers(forms, state, "form_no", ["1002."]),
    ]
    faults += _beyond_due(docs, state)
    return Work(documents=docs, frames={"levy": docs, "form": forms}, faults=faults)


def _beyond_due(docs: pl.DataFrame, state: State) -> list[Fault]:
    """C35: what is remitted of a levy is there, in that bank, on the day and still now."""
    day: dt.date = docs["date"][0]
    then = _due(state, day).rename({"due": "then"})
    now = _due(state, max(day, state.today)).rename({"due": "now"})
    due = then.join(now, on=["bank", "item"], how="inner").select("bank", "item", due=pl.min_horizontal("then", "now"))
    asked = docs.join(due, on=["bank", "item"], how="left", maintain_order="left").with_columns(
        pl.col("due").fill_null(0), total=pl.col("amount").sum().over("bank", "item")
    )
    over = asked.filter(pl.col("total") > pl.col("due")).unique(["bank", "item"], keep="first", maintain_order=True)
    return control(over, "C35", "amount", lambda r: {"x": format_fen(r["total"]), "y": format_fen(r["due"])})


def _due(state: State, day: dt.date) -> pl.DataFrame:
    """Levies collected and due per bank they lie in, as of a day: ``bank, item, due``."""
    items = {code: item for item, code in state.chart.role_map("levy_due").items()}
    held = state.daily(list(items), day)
    return held.group_by("bank", pl.col("account").replace_strict(items, return_dtype=pl.String).alias("item")).agg(
        due=-pl.col("amount").sum()
    )


RULE = Rule(kind="levy_remittance", event="E28", legs=LEGS, prepare=prepare, serial=("entry",))
