"""What every paper form shares, whatever draws it: cells as text, heads in two storeys, widths."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exports.report import Column, Row, Table
from ledger.i18n import _
from ledger.money import format_fen

SAMPLE = 2000
"""Rows looked at for the width of a column."""


@dataclass(frozen=True, slots=True)
class Head:
    """One cell of the head: where it begins and how far it reaches."""

    text: str
    at: int
    columns: int = 1
    rows: int = 1


def heads(columns: Sequence[Column]) -> list[list[Head]]:
    """The head's rows: one, or two where columns share an upper storey."""
    if not any(column.head for column in columns):
        return [[Head(column.title, at) for at, column in enumerate(columns)]]
    upper: list[Head] = []
    lower: list[Head] = []
    for at, column in enumerate(columns):
        if column.head is None:
            upper.append(Head(column.title, at, rows=2))
            continue
        above, below = column.head
        lower.append(Head(below, at))
        last = upper[-1] if upper else None
        if last is not None and last.rows == 1 and last.text == above and last.at + last.columns == at:
            upper[-1] = Head(above, last.at, last.columns + 1)
        else:
            upper.append(Head(above, at))
    return [upper, lower]


def cell(column: Column, value: Any) -> str:
    """A cell as people read it."""
    if value is None or value == "" or (column.blank_zero and value == 0):
        return ""
    if column.type == "money" and isinstance(value, int):
        return format_fen(value)
    if column.type == "integer" and isinstance(value, int):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, dt.date) else str(column.shown(value))


def row(columns: Sequence[Column], values: Row) -> list[str]:
    """The cells of a row."""
    return [cell(column, values.get(column.key)) for column in columns]


def banner(table: Table, number: int, values: Row) -> str | None:
    """The text of a section row that has nothing else: it stands across the whole table."""
    if table.style(number) != "section":
        return None
    filled = [text for text in row(table.columns, values) if text]
    return filled[0] if len(filled) == 1 else None


def totals(table: Table) -> list[str] | None:
    """The cells of the total row, 合计 in the first that is free; None where there is no total."""
    if not table.totals:
        return None
    cells = row(table.columns, table.totals)
    if cells and not cells[0]:
        cells[0] = _("合计")
    return cells


def widths(table: Table, *, least: int = 4, most: int = 42) -> list[int]:
    """Width of each column in half-width characters."""
    out = []
    rows = [*table.rows[:SAMPLE], table.totals]
    for column in table.columns:
        title = column.head[1] if column.head else column.title
        longest = max(map(text_width, title.split("\n")), default=0)
        longest = max(longest, *(text_width(cell(column, values.get(column.key))) for values in rows))
        out.append(min(max(longest, least), most))
    return out


def text_width(text: str) -> int:
    """Columns that a text takes in a fixed-width font."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
