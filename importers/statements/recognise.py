"""Which dialect a file is written in: by its header names, never by its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from importers.extent import COLUMNS_MAX
from importers.statements.delimited import Row
from importers.statements.dialect import Dialect, header_key
from importers.statements.grid import Grid, rejected
from ledger.errors import ImportRejected
from ledger.i18n import _

HEADER_WITHIN = 100
"""The header row stands among the first hundred rows, or nowhere."""
KNOWN_MIN = 3
"""A row with fewer known names is no header."""


@dataclass(frozen=True, slots=True)
class Table:
    """A recognised table: what stands above, and the header; the rows are the grid's below it."""

    grid: Grid
    dialect: Dialect
    preamble: tuple[tuple[int, Row], ...]
    header_row: int
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The nearest thing to a header in a file nobody recognised."""

    known: int
    row: int
    names: tuple[str, ...]
    nearest: str
    missing: tuple[str, ...]


def find_table(grid: Grid, dialects: Sequence[Dialect], file: str) -> tuple[Table | None, Seen | None]:
    """The table of a grid, or the row that came nearest.

    Raises:
        ImportRejected: two dialects fit the same header row.
    """
    preamble: list[tuple[int, Row]] = []
    best: Seen | None = None
    for number, cells in grid.rows:
        row = cells[:COLUMNS_MAX]  # only their beginnings are weighed: nothing is made of half a million names
        names = {1: row, 2: two_lines(preamble[-1][1], row) if preamble else row}
        keys = {lines: {header_key(cell) for cell in found} - {""} for lines, found in names.items()}
        above = [cell for _number, written in preamble for cell in written]
        fitting = [dialect for dialect in dialects if _fits(dialect, keys[dialect.header_lines], above)]
        fitting = [dialect for dialect in fitting if not dialect.fallback] or fitting
        if len(fitting) > 1:
            raise rejected(
                _("有 {n} 种格式都符合,不能确定:{names};表头:{header}").format(
                    n=len(fitting),
                    names="、".join(f"{dialect.name}({dialect.title})" for dialect in fitting),
                    header=_listed(row),
                ),
                file=file,
                row=number,
                sheet=grid.sheet,
                code="dialect",
            )
        if fitting:
            if len(cells) > COLUMNS_MAX:
                message = _("表头有 {n} 列,多于 {most} 列").format(n=len(cells), most=COLUMNS_MAX)
                raise rejected(message, file=file, row=number, sheet=grid.sheet, code="dialect")
            header = tuple(header_key(cell) for cell in names[fitting[0].header_lines])
            return Table(grid, fitting[0], tuple(preamble), number, header), None
        seen = _nearest(dialects, keys[1], number, row)
        if seen and (best is None or seen.known > best.known):
            best = seen
        preamble.append((number, row))
        if len(preamble) >= HEADER_WITHIN:
            break
    return None, best


def two_lines(upper: Row, lower: Row) -> Row:
    """The names of a header of two rows: a column's own name, else the one above that it shares with others."""
    width = max(len(upper), len(lower))
    above, own = (row + [""] * (width - len(row)) for row in (list(upper), list(lower)))
    return [below if below.strip() else name for name, below in zip(above, own, strict=True)]


def not_recognised(file: str, seen: Seen | None, dialects: Sequence[Dialect]) -> ImportRejected:
    """The refusal that lists what was seen."""
    known = "、".join(dialect.name for dialect in dialects)
    if seen is None:
        message = _("没有认出任何银行的表头;认识的格式:{known}").format(known=known)
        return rejected(message, file=file, code="unrecognised")
    message = _("没有认出银行格式;最像表头的一行有:{names};最接近 {nearest},缺少 {missing};认识的格式:{known}").format(
        names=_listed(seen.names),
        nearest=seen.nearest,
        missing="、".join(seen.missing) or "—",
        known=known,
    )
    return rejected(message, file=file, row=seen.row, code="unrecognised")


def _fits(dialect: Dialect, keys: set[str], above: Sequence[str]) -> bool:
    if not dialect.required <= keys or dialect.absent & keys:
        return False
    if not all(names & keys for names in dialect.needed):
        return False
    return all(any(marker in cell for cell in above) for marker in dialect.marker)


def _nearest(dialects: Sequence[Dialect], keys: set[str], number: int, row: Row) -> Seen | None:
    """How near a row comes to being a header of any dialect."""
    best: Seen | None = None
    for dialect in dialects:
        known = len(keys & dialect.known)
        if known and (best is None or known > best.known):
            lacking = {min(names) for names in dialect.needed if not names & keys}
            missing = tuple(sorted(dialect.required - keys | lacking))
            names = tuple(cell.strip() for cell in row if cell.strip())
            best = Seen(known, number, names, dialect.name, missing)
    return best


def _listed(names: Iterable[str]) -> str:
    shown = [name.strip() for name in names if name.strip()]
    return "、".join(name[:30] for name in shown[:20]) or "—"
