"""A return file → rows with canonical outcomes, controls and findings; nothing is repaired.

::

    bytes ──decode──▶ lines ──recognise──▶ layout ──fields──▶ rows (fen, outcome) ──controls──▶ findings
                             (by content)  (TOML)

The layout is found by what stands in the file: a record of the whole and a first row
that fit field by field, or a line of column names. Two layouts that fit, or none, is a
refusal that lists what was seen. A row that does not fit is a refusal with its place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from importers.returns.controls import figures, findings_of
from importers.returns.layout import CONTROLS, Layout, load_layouts
from importers.returns.rows import Line, Match, cells_of, read_rows, record
from importers.returns.values import Misfit
from importers.statements.dialect import header_key
from importers.statements.grid import BYTES_MAX, grids, read_file, rejected
from importers.statements.statement import Finding
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import decimal_text

HEADER_WITHIN = 100
"""Column names stand among the first hundred lines, or nowhere."""
LINE_MAX = 10_000
"""A longer line is no record."""
LINES_MAX = 2_000_000
"""Nor is a file of more lines one batch."""
_LINE_ENDS = re.compile("\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFile:
    """One exchange file as it was read. ``controls`` are what the file says of itself:
    counts as they are, amounts in fen, by the names of ``layout.CONTROLS``."""

    layout: Layout
    file: str
    sha256: str
    encoding: str | None
    batch: str | None
    date: dt.date | None
    frame: pl.DataFrame
    controls: Mapping[str, int]
    findings: tuple[Finding, ...]
    header_row: int | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse an import."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def figures(self) -> dict[str, int]:
        """Records and sums: ``count, amount, success_count, … , unknown_amount`` (fen)."""
        return figures(self.frame)

    def as_json(self) -> dict[str, Any]:
        """What ``returns probe --json`` prints."""
        told = self.figures()
        return {
            "layout": self.layout.name,
            "purpose": self.layout.purpose,
            "shape": self.layout.shape,
            "encoding": self.encoding,
            "batch": self.batch,
            "date": self.date.isoformat() if self.date else None,
            **{name: decimal_text(value) if name.endswith("amount") else value for name, value in told.items()},
            "outcomes": dict(self.frame["outcome"].drop_nulls().value_counts().sort("outcome").iter_rows()),
            "findings": [finding.as_json() for finding in self.findings],
        }

    def refuse_errors(self) -> None:
        """Refuse the file where its own figures contradict each other.

        Raises:
            ImportRejected: with every such finding.
        """
        if self.errors:
            raise ImportRejected(
                Fault(file=self.file, row=finding.row, message=finding.message, code=finding.code)
                for finding in self.errors
            )


def read_return(
    source: Path | bytes, *, name: str | None = None, layouts: Sequence[Layout] | None = None
) -> ReturnFile:
    """Read an exchange file with a bank; its layout is found by content.

    Args:
        source: a path, or the bytes themselves.
        name: what messages call the file.
        layouts: those to consider; the shipped ones by default.

    Raises:
        ImportRejected: with file, row and reason; nothing of the file is returned.
    """
    content, file = _content(source, name)
    known = load_layouts() if layouts is None else tuple(layouts)
    lines, encoding = _lines(content, file)
    match = _recognise(lines, known, file)
    frame, footer = read_rows(match, file)
    layout = match.layout
    controls = {**{key: match.header[key] for key in CONTROLS if key in match.header}, **footer}
    if frame.is_empty() and not controls:
        raise rejected(_("文件中没有明细行"), file=file, code="return")
    return ReturnFile(
        layout=layout,
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        encoding=encoding,
        batch=match.header.get("batch"),
        date=match.header.get("date"),
        frame=frame,
        controls=controls,
        findings=tuple(findings_of(layout, frame, controls, match.header_row)),
        header_row=match.header_row,
    )


# -- the file as lines ------------------------------------------------------------------------


def _content(source: Path | bytes, name: str | None) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, name or "-"
    file = name or source.name
    return read_file(source, file), file


def _lines(content: bytes, file: str) -> tuple[list[Line], str | None]:
    """Lines that say something, with their numbers; of a workbook the rows of its first filled sheet."""
    if len(content) > BYTES_MAX:
        raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
    if not content.strip(b"\x1a \t\r\n"):
        raise rejected(_("文件是空的"), file=file)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        for grid in grids(content, file):
            cells: list[Line] = [(number, list(row)) for number, row in grid.rows if any(cell.strip() for cell in row)]
            if cells:
                return cells, None
        raise rejected(_("文件是空的"), file=file)
    if content.count(b"\n") + content.count(b"\r") > 2 * LINES_MAX:
        raise rejected(_("文件超过 {n} 行").format(n=LINES_MAX), file=file)
    # old systems end a text file with Ctrl-Z
    text, encoding = _decode(content.rstrip(b"\x1a"), file)
    lines: list[Line] = []
    for number, line in enumerate(_LINE_ENDS.split(text), start=1):
        if len(line) > LINE_MAX:
            raise rejected(_("这一行有 {n} 个字,不是回盘记录").format(n=len(line)), file=file, row=number)
        if line.strip():
            lines.append((number, line))
    if not lines:
        raise rejected(_("文件是空的"), file=file)
    return lines, encoding


def _decode(content: bytes, file: str) -> tuple[str, str]:
    """Text by its byte order mark, else strict UTF-8, else strict GB18030: what Chinese banks exchange."""
    if content.startswith(b"\xef\xbb\xbf"):
        tries = ["utf-8-sig"]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = ["utf-16"]
    else:
        tries = ["utf-8", "gb18030"]
    for encoding in tries:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            where = error.start
            continue
        if (nul := text.find("\0")) >= 0:
            raise rejected(_("文件含有空字节(NUL),不是文本文件"), file=file, row=text.count("\n", 0, nul) + 1)
        return text, encoding
    row = content.count(b"\n", 0, where) + 1
    raise rejected(_("无法解码:既不是UTF-8也不是GB18030(第 {byte} 字节)").format(byte=where + 1), file=file, row=row)


# -- which layout ---------------------------------------------------------------------------------


def _recognise(lines: Sequence[Line], layouts: Sequence[Layout], file: str) -> Match:
    """The one layout that fits.

    Raises:
        ImportRejected: two fit, or none; the nearest one is named with what does not fit it.
    """
    found: list[Match] = []
    nearest: tuple[Layout, Misfit] | None = None
    for layout in layouts:
        try:
            match = _table(layout, lines) if layout.form == "table" else _records(layout, lines)
        except Misfit as error:
            if nearest is None or error.fitted > nearest[1].fitted:
                nearest = (layout, error)
            continue
        if match is not None:
            found.append(match)
    if len(found) == 1:
        return found[0]
    if found:
        names = "、".join(f"{match.layout.name}({match.layout.title})" for match in found)
        raise rejected(
            _("有 {n} 种格式都符合,不能确定:{names};请用 --layout 指定").format(n=len(found), names=names),
            file=file,
            row=lines[0][0],
            code="layout",
        )
    listed = "、".join(layout.name for layout in layouts)
    if nearest is None or nearest[1].fitted == 0:
        raise rejected(
            _("没有认出回盘格式;认识的格式:{known}").format(known=listed), file=file, row=lines[0][0], code="layout"
        )
    layout, misfit = nearest
    raise rejected(
        _("没有认出回盘格式;最接近 {nearest}:{why};认识的格式:{known}").format(
            nearest=layout.name, why=misfit.message, known=listed
        ),
        file=file,
        row=misfit.row or lines[0][0],
        column=misfit.column,
        value=misfit.value,
        code="layout",
    )


def _records(layout: Layout, lines: Sequence[Line]) -> Match | None:
    """A layout of fields by place: its record of the whole (if it has one) and its first row fit."""
    if not isinstance(lines[0][1], str):
        return None
    header: dict[str, Any] = {}
    number: int | None = None
    fitted = 0
    body = list(lines)
    if layout.header:
        number, line = body.pop(0)
        header = record(layout, layout.header, layout.header_widths, str(line))
        fitted = len(layout.header)
    if body:
        try:
            record(layout, layout.row, layout.row_widths, str(body[0][1]))
        except Misfit as misfit:
            misfit.fitted += fitted
            misfit.row = body[0][0]
            raise
    return Match(layout, header, number, {}, len(layout.row), layout.delimiter, body)


def _table(layout: Layout, lines: Sequence[Line]) -> Match | None:
    """A layout of column names: the line that has all it requires, its marker above."""
    above: list[str] = []
    for place, (number, line) in enumerate(lines[:HEADER_WITHIN]):
        for delimiter in layout.delimiter:
            cells = cells_of(line, delimiter, layout.prefix)
            keys = [header_key(cell) for cell in cells]
            if layout.required <= set(keys) and all(any(word in text for text in above) for word in layout.marker):
                columns = {
                    name: next(keys.index(key) for key in wanted if key in keys)
                    for name, wanted in layout.columns.items()
                    if set(wanted) & set(keys)
                }
                return Match(layout, {}, number, columns, len(cells), delimiter, lines[place + 1 :])
        above.append(line if isinstance(line, str) else " ".join(line))
    return None
