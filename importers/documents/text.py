"""Text files (CSV): encoding, separator, quotes, lines.

The encoding is judged over the whole file, never line by line and never with
replacement characters: BOM, else UTF-8, else GB18030. Most UTF-8 Chinese decodes
"fine" as GB18030, so a file that is both is found by its lines and refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from importers.documents.source import Source
from importers.documents.table import HEADER_ROWS, RawTable, column_letters, find_header, header_score, no_table, shown
from ledger.documents import Kind
from ledger.errors import Fault
from ledger.i18n import _

LINE_MAX: Final = 64 * 2**10
"""Longest line in bytes; a document row is a few hundred."""

LINES_MAX: Final = 2_000_000
"""More lines are no day's, month's or year's documents."""

COLUMNS_MAX: Final = 256

RECORD_LINES_MAX: Final = 10
"""A quoted cell may hold line breaks, but a record of more lines is a lost quote."""

SEPARATORS: Final = (",", "\t", ";", "，", "|")


def read_text(source: Source, kind: Kind) -> RawTable:
    """The table of a text file.

    Raises:
        SourceError: not readable as text of one encoding, NULs, endless lines, lost quotes.
    """
    if source.data.count(b"\n") > LINES_MAX:
        source.refuse(_("文件超过 {n} 行").format(n=LINES_MAX), code="size")
    text = decode(source)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        source.refuse(_("含有空字符(NUL),文件已损坏或编码不对,请另存为 UTF-8 的 CSV"), row=row, code="encoding")
    lines = pl.Series("line", [text.removesuffix("\n")]).str.split("\n").explode()
    lengths = lines.str.len_bytes()
    if int(lengths.max() or 0) > LINE_MAX:  # type: ignore[arg-type]
        longest = int(lengths.arg_max() or 0)
        source.refuse(
            _("这一行有 {size} 字节,超过 {limit} 字节").format(size=lengths[longest], limit=LINE_MAX),
            row=longest + 1, code="line",
        )  # fmt: skip
    separator, header = _find_header(lines, kind)
    if header is None:
        return no_table(source.name, None)
    # A header cell may hold a line break ("金额" over "(元)"), then it takes several lines.
    head = (line + "\n" for line in lines.slice(header, RECORD_LINES_MAX))
    reader = csv.reader(head, delimiter=separator, strict=True)
    try:
        headers = next(reader)
    except csv.Error:
        source.refuse(_("引号不成对"), row=header + 1, code="quote")
    end = header + reader.line_num
    body = lines.slice(end)
    if len(headers) > COLUMNS_MAX:
        source.refuse(_("表头超过 {limit} 列").format(limit=COLUMNS_MAX), row=header + 1, code="header")
    cells, rows = _cells(source, body, end + 1, separator, len(headers))
    return _table(source, headers, header + 1, cells, rows)


# ---- encoding ----


def decode(source: Source) -> str:
    """The text of the file under exactly one encoding.

    Raises:
        SourceError: no encoding fits, or the file mixes UTF-8 and GB18030 (the line is named).
    """
    data = source.data
    for bom, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding)
            except UnicodeDecodeError as error:
                row = data[: len(bom) + error.start].count(b"\n") + 1
                source.refuse(
                    _("文件开头标明 {encoding},这里却不是;请另存为一种编码").format(encoding=encoding.upper()),
                    row=row, code="encoding",
                )  # fmt: skip
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        first = data[: error.start].count(b"\n")
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        text, bad = "", data[: error.start].count(b"\n")
    lines = data.split(b"\n")
    foreign = [index for index, line in enumerate(lines) if not line.isascii()]
    utf8 = [index for index in foreign if _is_utf8(lines[index])]
    if utf8:
        # The odd ones out are named: the first other line of a UTF-8 file, or the other way round.
        mostly_utf8 = 2 * len(utf8) >= len(foreign)
        source.refuse(
            _("文件混用了 UTF-8 和别的编码,这一行与其余的不同;请统一编码后再交"),
            row=(first if mostly_utf8 else utf8[0]) + 1, code="encoding",
        )  # fmt: skip
    if not text:
        source.refuse(_("编码既不是 UTF-8 也不是 GB18030,请另存为 UTF-8 的 CSV"), row=bad + 1, code="encoding")
    return text


_CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_BESIDE_CHINESE = re.compile(
    "[\0-\x7f\u00a5\u00b0\u00b7\u00d7\u2010-\u2040\u3000-\u9fff\uff00-\uffef\U00020000-\U0003ffff]*"
)


def _is_utf8(line: bytes) -> bool:
    """Whether a line of non-ASCII bytes can only be meant as UTF-8.

    Short GB18030 text may decode as UTF-8 by chance, but then into Latin, Greek or
    Arabic letters; Chinese characters, and nothing foreign beside them, come of UTF-8 only.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _CHINESE.search(text) is not None and _BESIDE_CHINESE.fullmatch(text) is not None


# ---- lines and fields ----


def _find_header(lines: pl.Series, kind: Kind) -> tuple[str, int | None]:
    """The separator and the index of the header line: where most names are known."""
    head = lines.head(HEADER_ROWS).to_list()
    best: tuple[int, str, int | None] = (0, ",", None)
    for separator in SEPARATORS:
        rows = [_split(line, separator) for line in head]
        index = find_header(rows, kind)
        if index is not None and (score := header_score(rows[index], kind)) > best[0]:
            best = (score, separator, index)
    return best[1], best[2]


def _split(line: str, separator: str) -> list[str]:
    """One line into fields, leniently: only to look for the header."""
    return next(csv.reader([line], delimiter=separator), [])


def _cells(source: Source, lines: pl.Series, first: int, separator: str, width: int) -> tuple[pl.DataFrame, pl.Series]:
    """Fields by column (``width`` and one more for what is too much) and line numbers."""
    numbers = pl.int_range(first, first + len(lines), dtype=pl.Int64, eager=True).alias("row")
    quoted = lines.str.contains('"', literal=True)
    if not quoted.any():
        return _split_plain(lines, separator, width), numbers
    if not (lines.str.count_matches('"', literal=True) % 2 == 1).any():
        # Every line stands for itself, so only the quoted ones need the slow way.
        plain = _split_plain(lines.filter(~quoted), separator, width)
        careful, starts = _split_quoted(
            source, lines.filter(quoted), separator, width, numbers.filter(quoted), alone=True
        )
        cells = pl.concat([plain, careful])
        rows = pl.concat([numbers.filter(~quoted), starts])
        order = rows.arg_sort()
        return cells[order], rows.gather(order)
    return _split_quoted(source, lines, separator, width, numbers, alone=False)


def _split_plain(lines: pl.Series, separator: str, width: int) -> pl.DataFrame:
    """Lines without quotes; everything beyond the header's columns stays in one piece."""
    if width == 1:
        return pl.DataFrame({"0": lines, "1": pl.Series([None] * len(lines), dtype=pl.String)})
    fields = lines.str.splitn(separator, width + 1).struct.unnest()
    return fields.rename(dict(zip(fields.columns, map(str, range(width + 1)), strict=True)))


def _split_quoted(
    source: Source, lines: pl.Series, separator: str, width: int, numbers: pl.Series, *, alone: bool
) -> tuple[pl.DataFrame, pl.Series]:
    """Lines with quotes, by the strict rules: a lost quote must not swallow rows.

    ``alone``: the lines do not follow each other, so each must be a whole record.
    """
    texts = lines.to_list()
    reader = csv.reader((line + "\n" for line in texts), delimiter=separator, strict=True)
    records: list[Sequence[str | None]] = []
    starts: list[int] = []
    done = 0
    while True:
        try:
            record: list[str | None] = list(next(reader))
        except StopIteration:
            break
        except csv.Error:
            source.refuse(_("引号不成对"), row=int(numbers[min(done, len(texts) - 1)]), code="quote")
        spanned = reader.line_num - done
        if spanned > 1 and (alone or _swallowed(texts[done : reader.line_num], separator, width)):
            source.refuse(_("引号不成对,后面的行被吞掉了"), row=int(numbers[done]), code="quote")
        extra = separator.join(field or "" for field in record[width:])
        records.append([*record[:width], *[None] * (width - len(record)), extra])
        starts.append(int(numbers[done]))
        done = reader.line_num
    columns = list(zip(*records, strict=True)) or [()] * (width + 1)
    cells = pl.DataFrame([pl.Series(str(at), column, dtype=pl.String) for at, column in enumerate(columns)])
    return cells, pl.Series("row", starts, dtype=pl.Int64)


def _swallowed(lines: Sequence[str], separator: str, width: int) -> bool:
    """Whether a record of several lines holds what were rows: too many, or full of separators."""
    return len(lines) > RECORD_LINES_MAX or any(line.count(separator) >= max(width - 1, 1) for line in lines[1:-1])


def _table(source: Source, headers: list[str], header_row: int, cells: pl.DataFrame, rows: pl.Series) -> RawTable:
    """Blank cells become null, blank rows go; a row of too many fields is a fault."""
    cells = cells.with_columns(pl.all().str.strip_chars().replace("", None))
    width = len(headers)
    surplus = cells[str(width)].str.strip_chars(" \t,;|，")
    kept = ~pl.select(pl.all_horizontal(cells[name].is_null() for name in cells.columns)).to_series()
    faults = [
        Fault(
            file=source.name,
            row=int(rows[at]),
            value=shown(str(cells[str(width)][at])),
            message=_("这一行多于表头的 {width} 列;金额中的千位逗号须加引号").format(width=width),
            code="columns",
        )
        for at in (surplus.is_not_null() & (surplus != "")).arg_true()
    ]
    letters = [column_letters(at) for at in range(width)]
    cells = cells.drop(str(width)).filter(kept)
    return RawTable(source.name, None, headers, letters, header_row, cells, rows.filter(kept), faults)
