"""Which rows below the header are lines, and what the others say: balances, totals, remarks.

Nearly all rows are plain lines. Those that may be anything else are found in the columns and
looked at one by one, in their order, so that the first fault in the file is the one that is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

import polars as pl

from importers.statements import columns
from importers.statements.delimited import Block, Row
from importers.statements.dialect import header_key
from importers.statements.grid import rejected
from importers.statements.recognise import Table
from ledger.i18n import _
from ledger.money import InvalidAmount, normal_text, parse_fen

AMOUNTS = ("amount_in", "amount_out", "debit", "credit", "amount")
"""The fields that may hold the amount of a line."""
TAIL_MAX = 1_000
"""Rows of remarks below the lines."""
ALL, NONE = pl.Series([True]), pl.Series([False])


class Body:
    """The rows below a header, block by block.

    ``opening``/``closing`` with the dates of their rows, ``footer`` with its row and the
    ``count`` it says, ``total`` (of the table's own table of totals) in fen; ``tail``: the remarks
    after the lines.
    """

    def __init__(self, table: Table, places: Mapping[str, list[int]], file: str) -> None:
        words = table.dialect.rows
        self._table, self._places, self._file = table, places, file
        self._opening, self._closing = set(words.get("opening", ())), set(words.get("closing", ()))
        self._footer, self._end = tuple(words.get("footer", ())), tuple(words.get("end", ()))
        self._skip = tuple(words.get("skip", ()))
        self._totals = {key: header_key(names[0]) for key, names in table.dialect.totals.items()}
        self._sums: dict[str, int] | None = None
        self._ended = False
        self.opening: int | None = None
        self.closing: int | None = None
        self._opened = self._closed = ""
        self.footer: Mapping[str, int] = {}
        self.footer_row: int | None = None
        self.count: int | None = None
        self.tail: list[Row] = []
        self.total: Mapping[str, int] = {}

    @property
    def opened(self) -> date | None:
        """The day of the opening row."""
        return columns.one_day(self._opened)

    @property
    def closed(self) -> date | None:
        """The day of the closing row."""
        return columns.one_day(self._closed)

    def lines(self, block: Block) -> pl.DataFrame:
        """The rows of a block that are lines.

        Raises:
            ImportRejected: a line longer than the header, a balance that is none, a line below the footer.
        """
        frame, whole = self._bare(block)
        first = _first(frame)
        filled = first.is_not_null() if first.null_count() else ALL.new_from_index(0, frame.height)
        if whole:
            filled |= frame["row"].is_in([number for number, row in whole.items() if any(row)])
        special = filled & self._special(frame, first, whole)
        end = 0 if self._ended else frame.height
        kept = []
        row_at = _rows(frame, whole)
        for index in special.head(end).arg_true() if special.any() else ():
            if self._is_line(*row_at(index)):
                kept.append(index)
            elif self._ended:
                end = index + 1
                break
        for index in filled.slice(end).arg_true() if end < frame.height else ():
            self._below_the_end(*row_at(end + index))
        if end == frame.height and filled.all() and not special.any():
            return frame
        place = pl.int_range(frame.height, eager=True)
        return frame.filter((filled & ~special & (place < end)) | place.is_in(kept))

    def _bare(self, block: Block) -> tuple[pl.DataFrame, Mapping[int, Row]]:
        """The cells without what the bank sets before each of them; rows by themselves are trimmed."""
        prefix = self._table.dialect.prefix or ""
        frame = block.frame
        if prefix:
            frame = frame.with_columns(pl.col(pl.String).str.strip_chars().str.strip_prefix(prefix))
        return frame, {
            number: [cell.strip().removeprefix(prefix) for cell in row] for number, row in block.whole.items()
        }

    def _special(self, frame: pl.DataFrame, first: pl.Series, whole: Mapping[int, Row]) -> pl.Series:
        """Rows that may be no line: none of the others has to be looked at."""
        cells = [name for name in frame.columns if name != "row"]
        marks = [pl.col(name).str.strip_chars() != "" for name in cells[len(self._table.header) :]]
        if whole:
            marks.append(pl.col("row").is_in(list(whole)))
        if words := list(self._opening | self._closing):
            marks += [pl.col(name).str.strip_chars().is_in(words) for name in cells]
        if begins := self._footer + self._end + self._skip:
            marks.append(columns.starts(pl.lit(columns.folded(first)), begins))
        if name := next(iter(self._totals.values()), None):
            marks += [_key(pl.col(cell)) == name for cell in cells]
        if not marks:
            return NONE.new_from_index(0, frame.height)
        return frame.select(pl.any_horizontal(marks).fill_null(False)).to_series()

    def _is_line(self, number: int, row: Row) -> bool:
        """Whether a row is a line; what any other says is kept."""
        if (wanted := set(self._totals.values())) and wanted <= set(keys := [header_key(cell) for cell in row]):
            self._sums = {key: keys.index(name) for key, name in self._totals.items()}
            self._ended = True
            return False
        first = normal_text(next(text for cell in row if (text := cell.strip())))
        seen = set(map(str.strip, row))
        if seen & self._opening:
            self.opening, self._opened = self._balance(row, number), self._cell(row, "date")
        elif seen & self._closing:
            self.closing, self._closed = self._balance(row, number), self._cell(row, "date")
        elif self._skip and first.startswith(self._skip):
            pass
        elif self._footer and first.startswith(self._footer):
            self.footer, self.footer_row, self._ended = self._footer_totals(row), number, True
            if len(counts := re.findall(r"(\d{1,9})\s*笔", first)) == 1:
                self.count = int(counts[0])
        elif self._end and first.startswith(self._end):
            self._ended = True
            self.tail.append(row)
        elif any(cell.strip() for cell in row[len(self._table.header) :]):
            raise rejected(_("这一行的列数比表头多"), file=self._file, row=number, sheet=self._table.grid.sheet)
        else:
            return True
        return False

    def _below_the_end(self, number: int, row: Row) -> None:
        """Only totals and remarks may stand there: a line would be lost in silence."""
        if self._sums is not None and not self.total:
            self.total = self._totals_row(row, self._sums, number)
            return
        dated = re.match(r"\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}", normal_text(self._cell(row, "date")))
        if dated and any(re.search(r"\d", self._cell(row, name)) for name in AMOUNTS):
            raise rejected(_("合计行之后还有交易行"), file=self._file, row=number)
        if len(self.tail) >= TAIL_MAX:
            raise rejected(_("合计行之后还有多于 {n} 行").format(n=TAIL_MAX), file=self._file, row=number)
        self.tail.append(row)

    def _cell(self, row: Row, name: str) -> str:
        index = self._places[name][0] if name in self._places else len(row)
        return row[index] if index < len(row) else ""

    def _balance(self, row: Row, number: int) -> int:
        """The balance of an opening or closing row: its balance column, else its only amount."""
        text = normal_text(self._cell(row, "balance"))
        if not text:
            amounts = [cell for cell in row if re.fullmatch(r"[¥+-]?[\d,]+\.\d{2}", normal_text(cell))]
            text = normal_text(amounts[0]) if len(amounts) == 1 else ""
        try:
            return parse_fen(text)
        except InvalidAmount as error:
            raise rejected(str(error), file=self._file, row=number, column=_("余额"), value=text) from error

    def _footer_totals(self, row: Row) -> dict[str, int]:
        """The totals a footer prints under the amount columns."""
        totals: dict[str, int] = {}
        for name in AMOUNTS:
            with suppress(InvalidAmount):
                totals[name] = parse_fen(self._cell(row, name))
        return totals

    def _totals_row(self, row: Row, places: Mapping[str, int], number: int) -> dict[str, int]:
        """The row below a header of totals: a count, and sums in fen."""
        found: dict[str, int] = {}
        for key, index in places.items():
            text = normal_text(row[index]) if index < len(row) else ""
            try:
                found[key] = int(text) if key == "count" and text.isdecimal() else abs(parse_fen(text))
            except InvalidAmount as error:
                raise rejected(str(error), file=self._file, row=number, value=text[:80]) from error
        return found


def _rows(frame: pl.DataFrame, whole: Mapping[int, Row]) -> Callable[[int], tuple[int, Row]]:
    """By their place, rows by themselves: number and all cells."""
    numbers, cells = frame["row"], frame[[name for name in frame.columns if name != "row"]]

    def row(index: int) -> tuple[int, Row]:
        number = int(numbers[index])
        return number, whole[number] if number in whole else list(cells.row(index))

    return row


def _first(frame: pl.DataFrame) -> pl.Series:
    """The first cell of each row that holds anything; null where none does."""
    cells = [pl.col(name).str.strip_chars() for name in frame.columns if name != "row"]
    alone = frame.select(cells[:1]).to_series()
    if (alone != "").all():
        return alone
    return frame.select(pl.coalesce(pl.when(cell != "").then(cell) for cell in cells)).to_series()


def _key(cell: pl.Expr) -> pl.Expr:
    """``header_key`` of a column."""
    return cell.str.normalize("NFKC").str.replace_all(r"\s", "").str.to_lowercase()
