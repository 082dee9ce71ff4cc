"""Bills from volumes: tiers, levies, VAT, as columns of fen (E02, E04, E14, E21).

::

    net     = Σ tier volume × price        half-up to the fen; tax included
    vat     = net × 3/103                  half-up; the row of the tax table on the charge date
    revenue = net − vat
    levy    = volume × rate                one column per levy of the book
    gross   = net + levies + tax_line

In water-tax mode ``water_resource`` is 0 and its amount stands in ``tax_line``
(不征税自来水): our own untaxed line, no levy. The charge date decides tariff, tax
row and mode. All columns are Int64 fen; where no tariff holds they are null and
the caller says so. Pure functions, frame → frame, row order kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import polars as pl

from ledger.book import Book, Tariff
from ledger.errors import NotFound
from ledger.money import round_half_up_expr

UNITS_PER_FEN: Final = 100
"""Prices are 1/10000 yuan, amounts fen."""

WATER_RESOURCE: Final = "water_resource"
"""The levy that becomes an untaxed line of ours in water-tax mode."""


def charge_columns(book: Book) -> tuple[str, ...]:
    """The amount columns :func:`price_charges` and :func:`price_reductions` add."""
    return ("net", "vat", "revenue", *(levy.item for levy in book.levies), "tax_line", "gross")


def price_charges(frame: pl.DataFrame, book: Book, *, first_tier: bool = False) -> pl.DataFrame:
    """Add the amounts of a bill to each row, and ``tariff`` (version used).

    Needs ``usage_class``, ``volume`` (whole units, ≥ 0) and ``date`` (the charge
    date). ``first_tier`` prices every unit at the first tier: the TM card, where
    the book says ``tm_tier = first``.
    """
    rated = _rated(frame, book)
    net = _net(pl.col("volume"), book, first_tier=first_tier)
    levies = {levy.item: _levy(pl.col("volume"), levy.item) for levy in book.levies}
    return _finish(rated, frame, book, net, levies)


def price_reductions(frame: pl.DataFrame, book: Book, *, first_tier: bool = False) -> pl.DataFrame:
    """Add the amounts to take off a bill, positive (the posting makes them red).

    Needs ``usage_class``, ``volume`` (m³ taken off), ``billed`` (m³ of the bill
    before this reduction) and ``date`` (the charge date of the bill, whose tariff
    it is). The highest tiers go first; reductions of a bill add up to the bill,
    except VAT, which is rounded on each red net (domain §9.2).
    """
    rated = _rated(frame, book)
    left = pl.col("billed") - pl.col("volume")
    net = _net(pl.col("billed"), book, first_tier=first_tier) - _net(left, book, first_tier=first_tier)
    levies = {levy.item: _levy(pl.col("billed"), levy.item) - _levy(left, levy.item) for levy in book.levies}
    return _finish(rated, frame, book, net, levies)


def _finish(
    rated: pl.DataFrame, frame: pl.DataFrame, book: Book, net: pl.Expr, levies: dict[str, pl.Expr]
) -> pl.DataFrame:
    own_line = pl.col("_water_tax")
    line = levies.get(WATER_RESOURCE, pl.lit(0, pl.Int64))
    columns = dict(levies)
    if WATER_RESOURCE in columns:
        columns[WATER_RESOURCE] = pl.when(own_line).then(0).otherwise(line)
    columns["tax_line"] = pl.when(own_line).then(line).otherwise(pl.when(net.is_not_null()).then(0))
    parts = ["net", *columns]
    return (
        rated.with_columns(net=net, **columns)
        .with_columns(vat=round_half_up_expr(pl.col("net") * pl.col("_vat_numerator"), pl.col("_vat_denominator")))
        .with_columns(
            revenue=pl.col("net") - pl.col("vat"),
            gross=pl.sum_horizontal(parts, ignore_nulls=False),
        )
        .select(
            *(name for name in frame.columns if name not in charge_columns(book) and name != "tariff"),
            pl.col("_tariff").alias("tariff"),
            *(pl.col(name).cast(pl.Int64) for name in charge_columns(book)),
        )
    )


def _net(volume: pl.Expr, book: Book, *, first_tier: bool) -> pl.Expr:
    if first_tier:
        exact = volume * pl.col("_price_1")
    else:
        exact = pl.sum_horizontal(
            (
                (volume - pl.col(f"_start_{n}")).clip(0, pl.col(f"_width_{n}")) * pl.col(f"_price_{n}")
                for n in range(1, _steps(book) + 1)
            ),
            ignore_nulls=False,
        )
    return round_half_up_expr(exact, UNITS_PER_FEN)


def _levy(volume: pl.Expr, item: str) -> pl.Expr:
    return round_half_up_expr(volume * pl.col(f"_rate_{item}"), UNITS_PER_FEN)


def _steps(book: Book) -> int:
    return max(len(tariff.tiers) for tariff in book.tariffs)


def _rated(frame: pl.DataFrame, book: Book) -> pl.DataFrame:
    """The frame with the rate card's row for its class and date beside each row."""
    return (
        frame.with_row_index("_order")
        .sort("date")
        .join_asof(
            rate_card(book).sort("_since"),
            left_on="date",
            right_on="_since",
            by_left="usage_class",
            by_right="_class",
            strategy="backward",
            check_sortedness=False,
        )
        .sort("_order")
    )


def rate_card(book: Book) -> pl.DataFrame:
    """All that decides a bill, per usage class, from each day something changes.

    One row per class and day of change: ``_class``, ``_since``, ``_tariff``, the
    tiers as ``_start_n``, ``_width_n``, ``_price_n``, ``_rate_<levy>``, the VAT
    fraction and ``_water_tax``.
    """
    rows = [row for usage in book.usage_classes for row in _class_rows(book, usage.code)]
    types = {"_class": pl.String(), "_since": pl.Date(), "_tariff": pl.String(), "_water_tax": pl.Boolean()}
    names = list(rows[0])
    return pl.DataFrame(rows, schema={name: types.get(name, pl.Int64()) for name in names}, orient="row")


def _class_rows(book: Book, usage_class: str) -> Iterator[dict[str, object]]:
    own = [tariff for tariff in book.tariffs if tariff.usage_class == usage_class]
    days = {tariff.since for tariff in own} | {row.since for row in book.water_resource}
    days |= {tax.since for tax in book.taxes if tax.item == book.utility}
    for day in sorted(days):
        try:
            tariff, tax = book.tariff(usage_class, day), book.tax(book.utility, day, usage_class)
        except NotFound:
            continue  # before the first tariff or tax row: no bill can be made
        yield {
            "_class": usage_class,
            "_since": day,
            "_tariff": tariff.version,
            **_tier_columns(tariff, _steps(book)),
            **{f"_rate_{levy.item}": tariff.levy_rate(levy.item) for levy in book.levies},
            "_vat_numerator": tax.numerator,
            "_vat_denominator": tax.denominator,
            "_water_tax": book.water_resource_mode(day) == "tax",
        }


def _tier_columns(tariff: Tariff, steps: int) -> dict[str, int]:
    """The tiers of a tariff, filled up with empty ones to the widest tariff of the book."""
    unlimited = 2**62
    columns: dict[str, int] = {}
    start = 0
    for number in range(1, steps + 1):
        tier = tariff.tiers[number - 1] if number <= len(tariff.tiers) else None
        edge = start if tier is None else tier.up_to or unlimited
        columns |= {
            f"_start_{number}": start,
            f"_width_{number}": edge - start,
            f"_price_{number}": 0 if tier is None else tier.price,
        }
        start = edge
    return columns


def price_one(book: Book, usage_class: str, volume: int, date: dt.date, *, first_tier: bool = False) -> dict[str, int]:
    """One bill through the same columns: for questions and tests.

    Raises:
        NotFound: when the class has no tariff on the date.
    """
    book.tariff(usage_class, date)
    frame = pl.DataFrame({"usage_class": [book.usage_class(usage_class).code], "volume": [volume], "date": [date]})
    row = price_charges(frame, book, first_tier=first_tier).row(0, named=True)
    return {name: row[name] for name in charge_columns(book)}
