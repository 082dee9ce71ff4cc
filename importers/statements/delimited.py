"""Text with a delimiter → rows one by one, or blocks of rows as columns; quotes are strict.

``csv`` says what the rows of a file are, and reads small ones. polars reads the same rows a
hundred times faster, but forgives much that is no CSV and numbers what is left: so it is given the
lines that both read alike, and the others (a quote in an odd place, a cell over several lines,
far too many cells) go through ``csv`` one by one.

::

    bytes ──block──▶ lines ──one of a kind?──▶ polars ──▶ columns ─┐
                                └─────────────▶ csv ────▶ rows ────┴─▶ Block
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, compress

import polars as pl

from ledger.errors import Fault, ImportRejected
from ledger.i18n import _

BLOCK = 8 * 2**20
"""Bytes read at a time: bounds memory; beyond this nothing gets faster."""
CELL_MAX = csv.field_size_limit()
"""Characters of a cell."""
SPARE = 8
"""Columns beyond the header's that are still read in columns: banks end rows with empty cells."""
SMALL = 32 * 1024
"""Bytes below which ``csv`` alone has read them before polars has begun."""
WHOLE = "\x00"
"""A separator that stands in no text (NUL is refused): a line as one column."""

Row = list[str]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow each other.

    ``frame``: row (where it begins, from 1) and the cells c0, c1, … as text, empty where the
    row is shorter. ``whole``: by number, the rows that were read one by one, with all their cells.
    """

    frame: pl.DataFrame
    whole: Mapping[int, Row] = field(default_factory=dict)


class Delimited:
    """A text (UTF-8, without NUL) under one delimiter."""

    def __init__(self, content: bytes, delimiter: str, file: str) -> None:
        mark = rf"\x{ord(delimiter):02x}"
        if delimiter != "\t" and b'"' in content and b'"\t' in content:
            # wallets set a TAB behind a closing quote to keep long numbers text in Excel
            content = re.sub(rf'(?<!")"\t+(?=[{mark}\r\n])'.encode(), b'"', content)
        self._content, self._delimiter, self._file = content, delimiter, file
        cell = rf'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
        self._strict = rf"^{cell}(?:{mark}{cell})*$"

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Every row with the line it begins on.

        Raises:
            ImportRejected: no CSV from some line on.
        """
        return ((line, row) for line, row, _next in self._rows(1, 0))

    def below(self, number: int, width: int) -> Iterator[Block]:
        """The rows after the one that begins on line ``number``, in columns c0 … at least to c<width - 1>.

        Raises:
            ImportRejected: as ``rows``, once the rows before were given.
        """
        place = self._skip(number - 1, 0)
        _line, _row, line = next(self._rows(number, place), (number, [], number + 1))
        place = self._skip(line - number, place)
        if len(self._content) - place <= SMALL:
            yield from self._few(line, place, width)
            return
        while place < len(self._content):
            end = self._content.find(b"\n", place + BLOCK) + 1 or len(self._content)
            lines = _Lines(self._content[place:end], line)
            block, following, refusal = self._block(lines, place, width)
            yield block
            if refusal is not None:
                raise refusal
            place = self._skip(following - line - len(lines.text), end)  # a cell may run on beyond the block
            line = following

    def _skip(self, lines: int, place: int) -> int:
        """The byte some lines further on."""
        for _line in range(lines):
            place = self._content.find(b"\n", place) + 1 or len(self._content)
        return place

    def _rows(self, line: int, place: int) -> Iterator[tuple[int, Row, int]]:
        """Rows from a line on, which begins at a byte: where each begins, its cells, where the next begins."""
        source = io.BytesIO(self._content)
        source.seek(place)
        reader = csv.reader(io.TextIOWrapper(source, "utf-8", newline=""), delimiter=self._delimiter, strict=True)
        begins = line
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                message = _("第 {row} 行起不是合格的CSV:{why}").format(row=begins, why=str(error))
                fault = Fault(file=self._file, row=begins, message=message, code="statement")
                raise ImportRejected(fault) from error
            yield begins, row, line + reader.line_num
            begins = line + reader.line_num

    def _few(self, line: int, place: int, width: int) -> Iterator[Block]:
        """All rows from a line on as one block."""
        rows: dict[int, Row] = {}
        refusal = None
        try:
            for begins, row, _next in self._rows(line, place):
                rows[begins] = row  # noqa: PERF403  what was read before the fault counts
        except ImportRejected as error:
            refusal = error
        columns = max(width, min(max(map(len, rows.values()), default=0), width + SPARE))
        if rows:
            whole = {number: row for number, row in rows.items() if len(row) > columns}
            yield Block(_as_columns(rows, columns), whole)
        if refusal is not None:
            raise refusal

    def _block(self, lines: _Lines, place: int, width: int) -> tuple[Block, int, ImportRejected | None]:
        """Some lines as a block, the line after it, and why nothing more can be read."""
        count = lines.text.str.count_matches(self._delimiter, literal=True)
        columns = max(width, min(int(count.max() or 0) + 1, width + SPARE))  # type: ignore[arg-type]
        odd = (count >= width + SPARE) | (lines.text.str.len_bytes() > CELL_MAX)
        if lines.quoted:
            odd |= ~lines.text.str.contains(self._strict)
        if not odd.any():
            frame = self._columns(lines.content, columns, quoted=lines.quoted)
            return Block(frame.with_columns(row=lines.numbers())), lines.first + len(lines.text), None
        whole, taken, refusal = self._one_by_one(lines, odd, place)
        left = ~pl.Series(taken[: len(lines.text)], dtype=pl.Boolean)
        kept = b"\n".join(compress(lines.content.split(b"\n"), left)) + b"\n"
        plain = self._columns(kept, columns, quoted=lines.quoted).head(int(left.sum()))
        frame = pl.concat(
            [
                plain.with_columns(row=lines.numbers().filter(left)),
                _as_columns(whole, columns),
            ]
        ).sort("row")
        return Block(frame, whole), lines.first + len(taken), refusal

    def _one_by_one(
        self, lines: _Lines, odd: pl.Series, place: int
    ) -> tuple[dict[int, Row], list[bool], ImportRejected | None]:
        """The rows that begin on odd lines, and per line whether it is in one of them."""
        starts = [place, *(place + size for size in accumulate(len(line) + 1 for line in lines.content.split(b"\n")))]
        strange = odd.to_list()
        taken = [False] * len(strange)
        whole: dict[int, Row] = {}
        for index in odd.arg_true():
            if taken[index]:
                continue
            try:
                for begins, row, following in self._rows(lines.first + index, starts[index]):
                    whole[begins] = row
                    begin, end = begins - lines.first, following - lines.first
                    taken[begin:end] = [True] * (end - begin)  # longer than the block, where a cell runs on
                    if end >= len(strange) or not strange[end]:
                        break
            except ImportRejected as error:
                last = error.faults[0].row or lines.first
                taken[last - lines.first :] = [True] * (len(strange) - last + lines.first)
                return whole, taken, error
        return whole, taken, None

    def _columns(self, content: bytes, columns: int, *, quoted: bool) -> pl.DataFrame:
        """Lines that are one row each, taken apart."""
        frame = pl.read_csv(
            content,
            schema={f"c{place}": pl.String for place in range(columns)},
            separator=self._delimiter,
            quote_char='"' if quoted else None,
            has_header=False,
            empty_string_is_null=False,
            extra_columns="ignore",
            missing_columns="insert",
            raise_if_empty=False,
        )
        return frame.fill_null("")  # a column that no line has


class _Lines:
    """Lines that follow each other: their bytes, their text, the number of the first."""

    def __init__(self, content: bytes, first: int) -> None:
        self.content, self.first = content, first
        self.quoted = b'"' in content
        self.text = pl.read_csv(
            content,
            schema={"line": pl.String},
            separator=WHOLE,
            quote_char=None,
            has_header=False,
            empty_string_is_null=False,
            raise_if_empty=False,
        )["line"]

    def numbers(self) -> pl.Series:
        """The number of each line."""
        return pl.int_range(self.first, self.first + len(self.text), dtype=pl.Int64, eager=True)


def _as_columns(rows: Mapping[int, Row], columns: int) -> pl.DataFrame:
    """Rows of any width as columns; cells beyond are left out."""
    cells = [
        pl.Series(f"c{place}", [row[place] if place < len(row) else "" for row in rows.values()], dtype=pl.String)
        for place in range(columns)
    ]
    return pl.DataFrame([*cells, pl.Series("row", list(rows), dtype=pl.Int64)])
