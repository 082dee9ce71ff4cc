"""Cells written as other countries write them → as the columns are read: ISO dates, a decimal point, no currency sign.

A dialect says how (``[dates] order``, ``[amount] decimal``, ``symbol``); a cell
that is not written so is marked unreadable rather than read the other way.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.statements.columns import is_nothing
from importers.statements.dialect import Dialect

AMOUNTS = ("amount_in", "amount_out", "debit", "credit", "amount", "balance")
UNREADABLE = "?"
COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d{1,13})(,\d{1,2})?$"
ORDERS = {"dmy": ("3", "2", "1"), "mdy": ("3", "1", "2")}


def localised(
    plain: Mapping[int, pl.Series], dialect: Dialect, places: Mapping[str, list[int]]
) -> dict[int, pl.Series]:
    """The plain columns, by position, with dates and amounts in the forms every bank's are read in."""
    changed: dict[int, pl.Expr] = {}
    if dialect.date_order in ORDERS and "date" in places:
        changed[places["date"][0]] = _day(pl.col("cell"), dialect.date_order)
    for field in AMOUNTS:
        if field in places and (dialect.symbol or dialect.decimal):
            changed[places[field][0]] = _amount(pl.col("cell"), dialect)
    return {
        place: pl.DataFrame({"cell": cells}).select(changed[place]).to_series() if place in changed else cells
        for place, cells in plain.items()
    }


def _day(text: pl.Expr, order: str) -> pl.Expr:
    """``8/17/22`` or ``17.08.2022`` → ``2022-8-17``; two digits of a year are of this century."""
    groups = text.str.extract_groups(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(\D.*)?$")
    year, month, day = (groups.struct.field(place) for place in ORDERS[order])
    full = pl.when(year.str.len_chars() == 2).then(pl.lit("20") + year).otherwise(year)
    rest = groups.struct.field("4").fill_null("")
    return pl.coalesce(pl.concat_str([full, month, day], separator="-") + rest, pl.lit(UNREADABLE))


def _amount(cell: pl.Expr, dialect: Dialect) -> pl.Expr:
    text = cell
    if dialect.symbol:
        text = text.str.replace(dialect.symbol, "", literal=True).str.strip_chars()
    if dialect.decimal == ",":
        pointed = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        text = pl.when(text.str.contains(COMMA)).then(pointed).otherwise(pl.lit(UNREADABLE) + text)
    return pl.when(is_nothing(cell)).then(cell).otherwise(text)
