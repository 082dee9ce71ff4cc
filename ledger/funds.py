"""Fund positions (资金构成): what of the money belongs to which fund category.

One definition for the register R24, the schedule R11 and the refusal of a
transfer over its position (C52); domain §0 (4), (5), §5.

The money of a fund lies in cash, bank and transit accounts. Levies collected
with it (2241.02, by the fund of their tender) belong to the fund 代征::

    position(F)   = Σ money[F] − Σ levies collected[F]
    position(代征) = Σ levies collected of all other funds + Σ money[代征]

so that Σ positions = cash + bank + in transit, to the fen, in total and per bank.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

LEVY_FUND = "代征"
FLOAT_FUND = "零钞"


def is_money() -> pl.Expr:
    """Cash (1001), bank (1002) and money in transit (1012)."""
    return pl.col("account").str.contains(r"^(1001|1002|1012)\.")


def is_levy_due() -> pl.Expr:
    """Levies collected, due to treasury (代征已收待缴)."""
    return pl.col("account").str.starts_with("2241.02")


def bank_of(deposit_banks: Mapping[str, str]) -> pl.Expr:
    """The bank money lies in or goes to: cash belongs to its drawer's deposit bank."""
    return (
        pl.when(pl.col("account").str.starts_with("1001."))
        .then(pl.col("cashier").replace_strict(dict(deposit_banks), default=None, return_dtype=pl.String))
        .when(pl.col("account").str.starts_with("1002."))
        .then(pl.col("account"))
        .otherwise(pl.col("bank"))
    )


def movements(lines: pl.DataFrame, deposit_banks: Mapping[str, str]) -> pl.DataFrame:
    """What each line does to fund positions.

    ``lines``: ``account``, ``bank``, ``cashier``, ``fund`` and signed ``amount``
    (debit +, fen), and any further columns, which are kept. Returns rows of
    ``fund``, ``bank`` and ``movement``; ``levy`` marks the move of a levy out of
    its fund and into 代征.
    """
    base = lines.with_columns(bank=bank_of(deposit_banks))
    money = base.filter(is_money()).with_columns(movement=pl.col("amount"), levy=pl.lit(False))
    levy = base.filter(is_levy_due() & (pl.col("fund") != LEVY_FUND))
    out = levy.with_columns(movement=pl.col("amount"), levy=pl.lit(True))
    into = levy.with_columns(movement=-pl.col("amount"), levy=pl.lit(True), fund=pl.lit(LEVY_FUND))
    return pl.concat([money, out, into])


def positions(lines: pl.DataFrame, deposit_banks: Mapping[str, str]) -> pl.DataFrame:
    """Position in fen per ``bank`` and ``fund`` (see the module)."""
    return (
        movements(lines, deposit_banks)
        .group_by("bank", "fund")
        .agg(position=pl.col("movement").sum())
        .sort("bank", "fund")
    )
