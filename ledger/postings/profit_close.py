"""E37 Profit and loss closed 结转损益: the month close moves 6xxx to 本年利润.

By policy ``close_pl`` each month, or in December for the year (default), or never. In
December the year's profit then goes to head office through its current account. No
document of its own: the close of the period posts it. Rules: domain §9.2.

::

    Dr account: income per balance [close]
        Cr account: expense per balance [close]
    Dr profit: loss [close]
        Cr profit: gain [close]
    Dr profit: gain [transfer]
        Cr ho_current: gain [transfer]
    Dr ho_current: loss [transfer]
        Cr profit: loss [transfer]

Example: sales 9,000.00 and bank interest −12.34 (a red debit): Dr 6001.01 9,000.00,
Cr 6603.01 −12.34 / Cr 4103 9,012.34.
"""

from __future__ import annotations

import polars as pl

from ledger.accounts import DIMENSIONS, Chart
from ledger.postings.rule import LINE_SCHEMA, credit, debit, post_legs

KIND, EVENT = "profit_close", "E37"

LEGS = (
    debit("account", "income", per="balance", case="close"),
    credit("account", "expense", per="balance", case="close"),
    debit("profit", "loss", case="close"),
    credit("profit", "gain", case="close"),
    debit("profit", "gain", case="transfer"),
    credit("ho_current", "gain", case="transfer"),
    debit("ho_current", "loss", case="transfer"),
    credit("profit", "loss", case="transfer"),
)


def closing(balances: pl.DataFrame, chart: Chart, *, number: str) -> pl.DataFrame:
    """The lines that bring every account of profit and loss to zero.

    ``balances``: ``account``, the dimensions and ``amount`` (fen, debit positive, what they
    hold now). An account keeps its own side: income is closed in its debit, an expense in
    its credit, red where it stands on the other side (interest earned under 财务费用).
    """
    if balances.is_empty():
        return pl.DataFrame(schema=LINE_SCHEMA)
    income = pl.col("account").is_in([code for code in chart.codes if chart.account(code).kind == "income"])
    rows = balances.with_columns(
        entry=pl.lit(0, pl.Int64),
        case=pl.lit("close"),
        income=pl.when(income).then(-pl.col("amount")).otherwise(0),
        expense=pl.when(income).then(0).otherwise(pl.col("amount")),
    )
    return post_legs(
        LEGS, {"balance": rows, "document": _document(-int(balances["amount"].sum()), "close", number, 0)}, chart
    )


def transfer(profit: int, chart: Chart, *, number: str, entry: int) -> pl.DataFrame:
    """The lines that hand the year's profit (fen, a loss negative) to head office."""
    return post_legs(LEGS, {"document": _document(profit, "transfer", number, entry)}, chart)


def _document(profit: int, case: str, number: str, entry: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "entry": [entry], "case": [case], "document": [number], "gain": [max(profit, 0)], "loss": [max(-profit, 0)],
            **{name: [None] for name in DIMENSIONS if name != "document"},
        },
        schema_overrides={"entry": pl.Int64, **dict.fromkeys(DIMENSIONS, pl.String)},
    )  # fmt: skip
