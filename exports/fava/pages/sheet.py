"""A register as a page shows it: one page of its rows, cells as text with their links.

What stands in a cell is what the paper form says (``exports.render.paper``); only the slice
and the links are the page's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from exports.masked import masked
from exports.render import paper
from exports.report import Report, Row, Table
from ledger.errors import NotFound
from ledger.i18n import _

ROWS = 100
"""Rows on one page."""

Link = Callable[[Row], str | None]
Links = Mapping[str, Link]
"""Column key → where its cell leads."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the type of its column, whether it is below zero, where it leads."""

    text: str
    kind: str
    minus: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row; a ``banner`` stands across the whole table instead of cells."""

    style: str
    cells: list[Cell]
    banner: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to be drawn."""

    heads: list[list[paper.Head]]
    lines: list[Line]
    totals: list[Cell] | None
    width: int


@dataclass(frozen=True, slots=True)
class Pager:
    """Which page it is, of how many rows; addresses of the others (None: there is none)."""

    number: int
    pages: int
    rows: int
    first: str | None
    before: str | None
    after: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """A register on a page."""

    report: Report
    sheet: Sheet
    pager: Pager | None


def sheet(table: Table, links: Links | None = None) -> Sheet:
    """The table's cells."""
    ways = links or {}
    lines = []
    for number, row in enumerate(table.rows):
        banner = paper.banner(table, number, row)
        cells = [] if banner is not None else _cells(table, paper.row(table.columns, row), row, ways)
        lines.append(Line(table.style(number), cells, banner))
    texts = paper.totals(table)
    return Sheet(
        heads=paper.heads(table.columns),
        lines=lines,
        totals=None if texts is None else _cells(table, texts, {}, {}),
        width=len(table.columns),
    )


def _cells(table: Table, texts: list[str], row: Row, links: Links) -> list[Cell]:
    out = []
    for column, text in zip(table.columns, texts, strict=True):
        minus = column.type in ("money", "integer") and text.startswith("-")
        href = links[column.key](row) if text and column.key in links else None
        out.append(Cell(text, column.type, minus, href))
    return out


def form(report: Report, *, page: int, address: Callable[[int], str], plain: bool, links: Links | None = None) -> Form:
    """One page of a register; without ``plain`` its personal data is masked, as in the commands.

    Raises:
        NotFound: it has no such page.
    """
    table = report.table("html")
    pager = pages(page, len(table.rows), address, ROWS)
    part = slice((page - 1) * ROWS, page * ROWS)
    # cut first: only what is shown is masked
    shown = replace(
        report,
        paper=Table(table.columns, table.rows[part], table.totals, table.styles[part] if table.styles else ()),
        sheets=(),
    )
    done = shown if plain else masked(shown)
    return Form(done, sheet(done.table("html"), links), pager)


def pages(page: int, rows: int, address: Callable[[int], str], size: int) -> Pager | None:
    """The pager of so many rows; None where one page holds them all.

    Raises:
        NotFound: there is no such page.
    """
    count = max(1, -(-rows // size))
    if not 1 <= page <= count:
        raise NotFound(_("没有第 {page} 页,共 {pages} 页").format(page=page, pages=count))
    if count == 1:
        return None
    return Pager(
        number=page,
        pages=count,
        rows=rows,
        first=address(1) if page > 1 else None,
        before=address(page - 1) if page > 1 else None,
        after=address(page + 1) if page < count else None,
        last=address(count) if page < count else None,
    )
