"""The rows of a recognised table → typed columns; every unreadable cell is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from importers.statements import columns, heading
from importers.statements.body import AMOUNTS, Body
from importers.statements.dialect import JOINED, Dialect, header_key
from importers.statements.faults import Faults
from importers.statements.local import localised
from importers.statements.recognise import Table

CURRENCIES = {"人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "CNY": "CNY", "元": "CNY"}
PLAIN = ("date", "time", "currency", "flag", "status", "balance", *AMOUNTS)
"""The fields that are more than text."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Typed columns in file order and what the table says beside its lines.

    ``frame``: row, account, currency, date, time, serial, balance, party,
    party_account, summary, reference and the amount columns of the dialect's
    form, fen; ``flag`` as ``in``/``out``; ``aside`` says why a row moves no money
    (``closed``, ``neutral``) or is null. ``opened``/``closed``: dates of the balance rows.
    ``declared`` are counts and sums the file states about itself, ``total`` those of its
    own table of totals; ``in``/``out`` in fen.
    """

    frame: pl.DataFrame
    opening: int | None
    closing: int | None
    footer: Mapping[str, int]
    footer_row: int | None
    meta: Mapping[str, str]
    declared: Mapping[str, tuple[int | None, int | None]]
    total: Mapping[str, int]
    masked: int
    opened: date | None
    closed: date | None


def extract(table: Table, file: str) -> Extract:
    """Type the whole table.

    Raises:
        ImportRejected: with every unreadable cell (at most 200).
    """
    dialect, places = table.dialect, _places(table)
    body = Body(table, places, file)
    faults = Faults(table, places, file)
    kept = [f"c{index}" for index in sorted({index for found in places.values() for index in found})]
    parts = [_typed(_no_rows(kept), dialect, places)]  # the columns, where there are no lines
    for block in table.grid.below(table.header_row, len(table.header)):
        raw = body.lines(block).select("row", *kept)
        if raw.height:
            parts.append(_typed(raw, dialect, places))
            faults.look(raw, parts[-1])
    faults.raise_any()
    typed = pl.concat(parts)
    typed = typed.drop("missing", "doubled", *[name for name in typed.columns if name.endswith("_bad")])
    return Extract(
        typed,
        body.opening,
        body.closing,
        body.footer,
        body.footer_row,
        heading.meta(table),
        heading.declared(table, body),
        body.total,
        typed["balance"].null_count() if dialect.masked and "balance" in places else 0,
        body.opened,
        body.closed,
    )


def _places(table: Table) -> dict[str, list[int]]:
    """Field → positions of its columns: the first present, or all of a joined field."""
    places: dict[str, list[int]] = {}
    for name, aliases in table.dialect.columns.items():
        found: list[int] = []
        for alias in aliases:
            key = header_key(alias)
            found += [index for index, cell in enumerate(table.header) if cell == key]
        found = list(dict.fromkeys(found))
        if found:
            places[name] = found if name in JOINED else found[:1]
    return places


def _no_rows(cells: Iterable[str]) -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64(), **dict.fromkeys(cells, pl.String())})


def _typed(raw: pl.DataFrame, dialect: Dialect, places: Mapping[str, list[int]]) -> pl.DataFrame:
    """The typed columns and, beside them, where a cell said something unreadable.

    The cells are c0, c1, … as printed and, of those that are more than text, p0, p1, … plain.
    """
    plain = {f"c{places[name][0]}": f"p{places[name][0]}" for name in PLAIN if name in places}
    cells = raw.with_columns(pl.col(cell).alias(name) for cell, name in plain.items())
    cells = localised(columns.with_plain(cells, plain.values()), dialect, places)
    times = [columns.clock(cells[f"p{places[name][0]}"]) for name in ("time", "date") if name in places]
    values = [pl.coalesce(times).alias("time"), pl.col("^p[0-9]+$"), *_values(dialect, places)]
    typed = cells.lazy().select("row", *values).collect()  # lazily: what several need is made once
    typed = typed.with_columns(*_marks(dialect, places))
    return typed.drop(plain.values())


def _values(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    """What the cells say."""
    amounts = {name: columns.fen(_plain(places, name)) for name in (*AMOUNTS, "balance") if name in places}
    if dialect.out_negative and "amount_out" in amounts:
        amounts["amount_out"] = -amounts["amount_out"]
    currency = _plain(places, "currency") if "currency" in places else pl.lit(None, pl.String)
    return [
        columns.day(_plain(places, "date")).alias("date"),
        *(
            _words(places, name).alias(name)
            for name in ("serial", "summary", "reference", "party", "party_in", "party_out")
        ),
        # an account number that Excel printed as text may carry blanks inside
        *(
            _words(places, name).str.replace_all(r"\s", "").alias(name)
            for name in ("account", "party_account", "party_account_in", "party_account_out")
        ),
        currency.replace(CURRENCIES).alias("currency"),
        *(amount.alias(name) for name, amount in ({"balance": pl.lit(None, pl.Int64)} | amounts).items()),
        *_flag(dialect, places),
        _aside(dialect, places).alias("aside"),
    ]


def _marks(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    """Where they say nothing that can be read; ``missing``: all amounts are empty, ``doubled``: two are not zero."""
    names = [name for name in AMOUNTS if name in places]
    bad = {name: pl.col(name).is_null() & ~columns.is_nothing(_plain(places, name)) for name in names}
    if "balance" in places:
        cell = _plain(places, "balance")
        bad["balance"] = pl.col("balance").is_null() & ~columns.is_nothing(cell)
        if dialect.masked:
            bad["balance"] &= ~cell.str.contains(dialect.masked).fill_null(False)
    filled = [(pl.col(name).fill_null(0) != 0).cast(pl.Int64) for name in names]
    return [
        *(mark.alias(f"{name}_bad") for name, mark in bad.items()),
        pl.all_horizontal([columns.is_nothing(_plain(places, name)) for name in names]).alias("missing"),
        (pl.sum_horizontal(filled) > 1).alias("doubled"),
    ]


def _plain(places: Mapping[str, list[int]], name: str) -> pl.Expr:
    return pl.col(f"p{places[name][0]}")


def _words(places: Mapping[str, list[int]], name: str) -> pl.Expr:
    """A field of text: its one column, or several joined, each text once."""
    found = [columns.tidy(pl.col(f"c{index}")) for index in places.get(name, [])]
    if not found:
        return pl.lit(None, pl.String)
    return found[0] if len(found) == 1 else columns.joined(found)


def _flag(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    if dialect.form != "flag":
        return []
    flag = _plain(places, "flag")
    inflow, outflow = columns.starts(flag, dialect.flags_in), columns.starts(flag, dialect.flags_out)
    said = pl.when(inflow).then(pl.lit("in")).when(outflow).then(pl.lit("out"))
    if dialect.flags_neutral:
        said = said.when(columns.starts(flag, dialect.flags_neutral)).then(pl.lit("neutral"))
    return [said.alias("flag")]


def _aside(dialect: Dialect, places: Mapping[str, list[int]]) -> pl.Expr:
    """Why a row moves no money of the account: it is neutral, or was closed unpaid."""
    reason = pl.lit(None, pl.String)
    if dialect.closed and "status" in places:
        closed = columns.starts(_plain(places, "status"), dialect.closed)
        reason = pl.when(closed).then(pl.lit("closed")).otherwise(reason)
    if dialect.flags_neutral and dialect.form == "flag":
        neutral = columns.starts(_plain(places, "flag"), dialect.flags_neutral)
        reason = pl.when(neutral).then(pl.lit("neutral")).otherwise(reason)
    return reason
