"""The rows of a recognised table → typed columns; every unreadable cell is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from importers.limits import Watch
from importers.statements import heading
from importers.statements.body import Body
from importers.statements.dialect import JOINED, header_key
from importers.statements.faults import Faults
from importers.statements.recognise import Table
from importers.statements.typed import Typed


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
    parts, watch = [], Watch(file)
    for block in table.grid.below(table.header_row, len(table.header)):
        raw = body.lines(block)[["row", *kept]]
        if raw.height:
            lines = Typed(raw, dialect, places)
            faults.look(raw, lines.bad)
            parts.append(lines.frame)
        watch.check()
    faults.raise_any()
    if not parts:  # the columns of no lines
        parts.append(Typed(_no_rows(kept), dialect, places).frame)
    typed = pl.concat(parts) if len(parts) > 1 else parts[0]
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
