"""A table as it stands in a file: headers and cells of text, before any meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from importers.openxml import DATE_MARK, LOST_MARK
from ledger.documents import Kind, match_key
from ledger.errors import Fault

HEADER_ROWS = 20
"""The header row is looked for among the first rows that hold anything."""

SHOWN_MAX = 60


@dataclass(frozen=True)
class RawTable:
    """Header and rows of one sheet or text file.

    Attributes:
        headers: header text by position (blank where the header cell is empty).
        letters: how the sheet itself names each position (``"C"``).
        header_row: where the header stands, 1-based.
        cells: String columns named by position ``"0"``, ``"1"`` …, blank cells null.
        rows: 1-based line or row of each row of ``cells``.
        faults: what is wrong with single cells or lines already.
    """

    file: str
    sheet: str | None
    headers: list[str]
    letters: list[str]
    header_row: int
    cells: pl.DataFrame
    rows: pl.Series
    faults: list[Fault] = field(default_factory=list)

    def header(self, at: int) -> str:
        """Header of a position on one line, else the letter of its column."""
        return " ".join(self.headers[at].split()) or self.letters[at]


def column_letters(at: int) -> str:
    """2 → ``"C"``, as sheets name their columns."""
    letters, at = "", at + 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def header_score(texts: Sequence[str], kind: Kind) -> int:
    """How many cells of a row are headers of the kind."""
    return sum(1 for text in texts if text.strip() and match_key(text) in kind.by_header)


def no_table(file: str, sheet: str | None, faults: list[Fault] | None = None) -> RawTable:
    """A file or sheet in which no header was found."""
    return RawTable(file, sheet, [], [], 0, pl.DataFrame(), pl.Series(dtype=pl.Int64), faults or [])


def find_header(rows: Sequence[Sequence[str]], kind: Kind) -> int | None:
    """Index of the row that is most like the kind's header; None where no cell matches."""
    scores = [header_score(row, kind) for row in rows[:HEADER_ROWS]]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def shown(text: str) -> str:
    """Cell text as a message may show it: without marks, not endless."""
    plain = text.lstrip(DATE_MARK + LOST_MARK).replace("\n", "⏎")
    return plain if len(plain) <= SHOWN_MAX else plain[: SHOWN_MAX - 1] + "…"
