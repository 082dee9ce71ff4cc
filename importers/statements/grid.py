"""Bytes → rows of text cells, whatever the file is; every refusal names its place.

Text is decoded by BOM, else as strict UTF-8, else as strict GB18030; a file
that is none of them is refused. Sheets (XLS, XLSX) become text too, numbers as
the shortest decimal that is the stored number, so that one reader serves all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl

from importers.archive import Unfit, members
from importers.limits import within_limits
from importers.statements import columns
from importers.statements.delimited import Block, Delimited, Row
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _

BYTES_MAX = 256 * 1024 * 1024
"""Larger files are no bank statement."""
UNPACKED_MAX = 512 * 1024 * 1024
"""An XLSX is a zip archive: what it may unpack to, before any reader touches it."""
LINE_MAX = 2**20
"""Bytes of a line of text; a bank's are a few hundred."""
LINES_MAX = 2_000_000
HEAD_BYTES = 1_000_000
"""How much of a text is weighed when its encoding is told by its bytes."""
ROWS_MAX = 50_000
"""Rows of a sheet that are read at a time."""
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet, or a text file under one delimiter.

    ``rows``: each with its number, from 1; of a text the line it begins on. ``below(number, width)``:
    the rows after that one as columns, at least as many as ``width``.
    """

    format: str
    encoding: str | None
    sheet: str | None
    rows: Iterable[tuple[int, Row]]
    below: Callable[[int, int], Iterator[Block]]


def rejected(message: str, *, file: str, row: int | None = None, **place: str | None) -> ImportRejected:
    """The one error of importing, with its place."""
    return ImportRejected(
        Fault(
            file=file,
            row=row,
            sheet=place.get("sheet"),
            column=place.get("column"),
            value=place.get("value"),
            message=message,
            code=place.get("code") or "statement",
        )
    )


def read_file(path: Path, file: str) -> bytes:
    """The bytes of a file, if they are no more than any bank's.

    Raises:
        ImportRejected: it cannot be opened, is none, or is too large.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
        return path.read_bytes()
    except OSError as error:
        raise rejected(_("不能打开文件:{why}").format(why=error.strerror or str(error)), file=file) from error


def decode(content: bytes, file: str, *, declared: str | None = None) -> tuple[str, str]:
    """Text and the name of its encoding; the whole file in one, strictly.

    ``declared`` is what the file itself says, tried after UTF-8.

    Raises:
        ImportRejected: NUL bytes, or no encoding of a bank.
    """
    if content.startswith(b"\xef\xbb\xbf"):
        tries = ["utf-8-sig"]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = ["utf-16"]
    else:
        tries = ["utf-8", *([declared] if declared else []), "iso-8859-1" if _western(content) else "gb18030"]
    for encoding in tries:
        try:
            text = content.decode(encoding, errors="strict")
        except UnicodeDecodeError as error:
            where = error.start
            continue
        nul = text.find("\0")
        if nul >= 0:
            row = text.count("\n", 0, nul) + 1
            raise rejected(_("文件含有空字节(NUL),不是文本对账单"), file=file, row=row)
        return text, encoding
    row = content.count(b"\n", 0, where) + 1
    raise rejected(
        _("无法解码:既不是UTF-8也不是GB18030(第 {byte} 字节)").format(byte=where + 1),
        file=file,
        row=row,
    )


def _western(content: bytes) -> bool:
    """Bytes beyond ASCII that are single letters among others (ISO-8859-1), not Chinese characters.

    Almost any Latin text decodes as GB18030 too: one letter with the next as one character.
    A Chinese character is two such bytes, so a run of them is even, however short the word;
    a Latin letter mostly stands alone.
    """
    if re.search(rb"[\x80-\x9f]", content) or not re.search(rb"[\xa0-\xff]", content):
        return False
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return True
    runs = re.findall(rb"[\xa0-\xff]+", content[:HEAD_BYTES])
    return 2 * sum(len(run) % 2 for run in runs) >= len(runs)


def grids(content: bytes, file: str) -> Iterator[Grid]:
    """Every way to see the file as rows: one per sheet, or one per delimiter.

    The caller takes the first in which a dialect recognises its header.
    """
    if len(content) > BYTES_MAX:
        raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
    if not content or content.isspace():
        raise rejected(_("文件是空的"), file=file)
    if content.startswith(b"PK\x03\x04"):
        _check_archive(content, file)
        yield from _sheets(content, "xlsx", file)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        yield from _sheets(content, "xls", file)
    else:
        check_lines(content, file)
        text, encoding = decode(content, file)
        if text.lstrip()[:15].lower().startswith(("<!doctype", "<html", "<?xml", "<table")):
            raise rejected(_("是网页或XML,不是表格;请用银行的CSV或Excel导出"), file=file)
        content = _lines_alike(content if encoding == "utf-8" else text.encode())
        del text
        for delimiter in DELIMITERS:
            table = Delimited(content, delimiter, file)
            yield Grid("csv", encoding, None, table.rows(), table.below)


def _lines_alike(content: bytes) -> bytes:
    """Old systems end a line with CR alone."""
    if b"\r" not in content or content.count(b"\r") == content.count(b"\r\n"):
        return content
    return re.sub(rb"\r(?!\n)", b"\n", content)


def check_lines(content: bytes, file: str) -> None:
    """Refuse a text of endless lines, or of endlessly many, before it is taken apart; costs next to nothing.

    Raises:
        ImportRejected: naming the line.
    """
    place, size = 0, len(content)
    while size - place > LINE_MAX:
        found = max(content.rfind(end, place, place + LINE_MAX) for end in (b"\n", b"\r"))
        if found < 0:
            row = content.count(b"\n", 0, place) + 1
            raise rejected(_("一行长于 {n} 个字符").format(n=LINE_MAX), file=file, row=row)
        place = found + 1
    if content.count(b"\n") > LINES_MAX:
        raise rejected(_("文件超过 {n} 行").format(n=LINES_MAX), file=file)


def _check_archive(content: bytes, file: str) -> None:
    """Refuse an archive that unpacks to absurd sizes, before a reader unpacks it."""
    try:
        names = members(content, UNPACKED_MAX)
    except Unfit as error:
        raise rejected(str(error), file=file) from error
    if not any(name.startswith("xl/") for name in names):
        raise rejected(_("是压缩包,不是工作簿"), file=file)


def _sheets(content: bytes, form: str, file: str) -> Iterator[Grid]:
    """The sheets of a workbook in their order, read in a child process."""
    parts = within_limits("importers.sheets:read_sheets", content, file=file)
    for name, chunks in groupby(parts, key=itemgetter(1)):
        sheet = Sheet()
        for kind, _name, said in chunks:
            if kind == "refused":
                raise rejected(said, file=file, sheet=name)
            sheet.add(*said)
        yield Grid(form, None, name, sheet.rows(), sheet.below)


class Sheet:
    """The rows of a sheet as columns."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []
        self._height = 0

    def add(self, height: int, separator: str, texts: Sequence[str]) -> None:
        """The next rows, as ``importers.sheets`` sends them."""
        first, self._height = self._height + 1, self._height + height
        row = pl.int_range(first, self._height + 1, dtype=pl.Int64, eager=True).alias("row")
        if height <= columns.FEW:
            cells = [pl.Series(f"c{place}", text.split(separator)) for place, text in enumerate(texts)]
            self._parts.append(pl.DataFrame([*cells, row]))
            return
        frame = pl.DataFrame({f"c{place}": [text] for place, text in enumerate(texts)})
        self._parts.append(frame.select(pl.all().str.split(separator).explode()).with_columns(row))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Every row with its number."""
        for part in self._parts:
            for *row, number in part.iter_rows():
                yield number, row

    def below(self, number: int, _width: int) -> Iterator[Block]:
        """The rows after one, in columns."""
        if self._parts:
            below = (pl.concat(self._parts) if len(self._parts) > 1 else self._parts[0]).slice(number)
            yield from map(Block, below.iter_slices(ROWS_MAX))
