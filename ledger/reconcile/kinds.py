"""The defaults of ``outstanding.toml``: which items ask for attention sooner, amount bands, patterns."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from ledger.i18n import _

PATH = Path(__file__).with_name("outstanding.toml")


@dataclass(frozen=True, slots=True)
class Defaults:
    """``sooner``: reason → days; ``sooner_kinds``: document kind → days; ``amounts``: band → from so many fen."""

    sooner: dict[str, int]
    sooner_kinds: dict[str, int]
    amounts: dict[str, int]
    month_ends: int
    round_trip_days: int

    def amount_band(self, amount: pl.Expr) -> pl.Expr:
        """The band of an amount in fen, whatever its sign."""
        bands = sorted(self.amounts.items(), key=lambda band: band[1])
        found = pl.lit(bands[0][0])
        for name, least in bands[1:]:
            found = pl.when(amount.abs() >= least).then(pl.lit(name)).otherwise(found)
        return found


@cache
def load_defaults() -> Defaults:
    """The shipped defaults."""
    data = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return Defaults(
        sooner={reason: row["days"] for row in data["sooner"] for reason in row.get("reasons", [])},
        sooner_kinds={kind: row["days"] for row in data["sooner"] for kind in row.get("kinds", [])},
        amounts={row["name"]: row["from"] * 100 for row in data["amount"]},
        month_ends=data["pattern"]["month_ends"],
        round_trip_days=data["pattern"]["round_trip_days"],
    )


def amount_band_text(band: str) -> str:
    """An amount band as people read it."""
    return {"small": _("零星"), "medium": _("中额"), "large": _("大额"), "very_large": _("特大额")}[band]
