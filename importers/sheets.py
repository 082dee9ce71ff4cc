"""Workbooks of banks (.xls, .xlsx) as text, by calamine: runs in a child process (``importers.limits``).

Numbers become the shortest decimal that is the stored number, dates the ISO form,
so that one reader serves sheets and text files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from importers.archive import Unfit
from importers.extent import CELLS_MAX, check_extent
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _

CHUNK = 20_000
"""Rows that travel together."""

SEPARATOR = "\x1f"
"""Between the cells of a column on their way (the unit separator of ASCII)."""

Part = tuple[str, str, tuple[int, str, list[str]] | str]
"""``("rows", sheet, (how many, separator, the cells of each column as one text))`` or ``("refused", sheet,
why)``; a sheet of many rows comes in several."""


def read_sheets(content: bytes) -> Iterator[Part]:
    """Every sheet in its order, from its first row and the first column that holds anything.

    A sheet that cannot be read is said in its place: another may hold the statement.

    Raises:
        ImportRejected: no workbook at all, or one under a password.
    """
    try:
        check_extent(content)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
    except Unfit as error:
        raise _refused(str(error)) from error
    except PasswordError as error:
        raise _refused(_("工作簿有密码保护,请另存为无密码的文件")) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _refused(_unreadable(error)) from error
    for name in names:
        try:
            yield from _rows(workbook, name)
        except (CalamineError, OSError, ValueError) as error:
            yield "refused", name, _unreadable(error)


def _rows(workbook: CalamineWorkbook, name: str) -> Iterator[Part]:
    sheet = workbook.get_sheet_by_name(name)
    height = sheet.end[0] + 1 if sheet.end else 0
    if height * max(sheet.total_width, 1) > CELLS_MAX:
        yield "refused", name, _("工作表过大")
        return
    rows, number = list[Sequence[object]](), 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        rows.append(cells)
        if len(rows) == CHUNK:
            yield _part(name, rows, number)
            rows = []
    yield _part(name, rows, number)


def _part(name: str, rows: Sequence[Sequence[object]], last: int) -> Part:
    """Some rows as columns: a few long texts travel much faster than many short ones."""
    columns = list(zip(*rows, strict=True))
    texts = [_joined(cells) for cells in columns]
    for text, cells in zip(texts, columns, strict=True):
        if "\0" in text:
            place = next(index for index, cell in enumerate(cells) if "\0" in str(cell))
            row = last - len(rows) + place + 1
            return "refused", name, _("第 {row} 行的单元格含有空字节(NUL)").format(row=row)
    return "rows", name, (len(rows), SEPARATOR, texts)


def _joined(cells: tuple[object, ...]) -> str:
    try:
        text = SEPARATOR.join(cells)  # type: ignore[arg-type]
    except TypeError:
        cells = tuple(cell if type(cell) is str else _text(cell) for cell in cells)
        text = SEPARATOR.join(cells)  # type: ignore[arg-type]
    if text.count(SEPARATOR) >= len(cells):  # somebody printed one: it is a blank
        text = SEPARATOR.join(str(cell).replace(SEPARATOR, " ") for cell in cells)
    return text


def _refused(message: str) -> ImportRejected:
    return ImportRejected(Fault(message=message, code="statement"))


def _unreadable(error: Exception) -> str:
    return _("不能作为工作簿读取:{why}").format(why=str(error))


def _text(cell: object) -> str:
    """A cell as text; a number as its shortest decimal, a date in ISO form."""
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds") if cell.time() != time() else str(cell.date())
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat(timespec="seconds")
    return str(cell)


def _number(value: float) -> str:
    """A double as people typed it: noise below a millionth is dropped, nothing else."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".")
