"""Workbooks (.xlsx) of documents: sheets as text, straight from the XML; runs in a child process (``importers.limits``).

Read here rather than by a library because three things must be seen that readers
smooth over: a formula (its stored result may be stale: 粘贴为数值), the digits of a
number as Excel shows them (15 of them), and whether a cell is a date by its format.
Rows are sparse, so a stray cell in the last column of a sheet costs nothing.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final
from xml.etree import ElementTree as ET  # entities are refused before parsing, see _part

from importers.archive import Unfit, members
from ledger.errors import Fault, SourceError
from ledger.i18n import _

UNPACKED_MAX: Final = 200 * 2**20
"""Bytes; a workbook of documents beyond it is handed in as CSV."""

ROWS_MAX: Final = 2**20
"""Rows of a sheet, as Excel counts them."""

DATE_MARK: Final = "\x01"
"""First character of the text of a date cell: Excel says date, whoever typed it."""

LOST_MARK: Final = "\x02"
"""First character of a number cell of more than 15 digits: Excel has lost the rest."""

_DIGITS = 15
"""Excel keeps and shows 15 significant digits: 120.80000000000001 in the file is 120.8."""

_PLAIN = re.compile(r"-?\d{1,10}(\.\d{1,4})?")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DATE_FORMATS = frozenset([*range(14, 18), 22, *range(27, 32), 34, 35, 36, 50, 51, 52, 53, 54, 57, 58])
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


@dataclass(frozen=True)
class Sheet:
    """One worksheet: rows that hold anything, as ``(row, {column: text})``, both from Excel's own numbers.

    ``formulas`` and ``errors`` list ``(row, column, text)`` of cells that hold no plain value,
    ``hidden`` the rows nobody sees, ``merged`` the last row, first column and range of merged cells.
    """

    name: str
    rows: list[tuple[int, dict[int, str]]]
    formulas: list[tuple[int, int, str]] = field(default_factory=list)
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, str]] = field(default_factory=list)


def read_sheets(content: bytes) -> Iterator[tuple[Any, ...]]:
    """Every worksheet in the order of its tabs, as the values of a :class:`Sheet`.

    Raises:
        SourceError: damaged, encrypted, a zip bomb, or no .xlsx at all.
    """
    try:
        _check(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for sheet in _read(archive):
                yield tuple(getattr(sheet, one.name) for one in fields(sheet))
    except (zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(_("工作簿已损坏,请在 Excel 中打开并另存一次({error})").format(error=error), "format") from error
    except (LookupError, ValueError, AttributeError, TypeError, OverflowError) as error:
        message = _("工作簿结构不完整,请在 Excel 中打开并另存一次({error!r})").format(error=error)
        raise _refused(message, "format") from error


def _refused(message: str, code: str) -> SourceError:
    return SourceError(Fault(message=message, code=code))


def _check(content: bytes) -> None:
    """Refuse what would not end well, before anything is unpacked."""
    try:
        names = members(content, UNPACKED_MAX)
    except Unfit as error:
        raise _refused(str(error), error.code) from error
    if "xl/workbook.bin" in names:
        raise _refused(_("这是二进制工作簿 .xlsb,请在 Excel 中另存为 .xlsx"), "format")
    if "[Content_Types].xml" not in names:
        raise _refused(_("这不是 Excel 工作簿,请交 .xlsx 或 .csv"), "format")


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of the archive; document types and entities have no place in a workbook."""
    data = archive.read(name)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _refused(_("工作簿含有不该有的 XML 声明"), "format")
    return data


def _parsed(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314 -- without document types (_part) there is nothing to expand


def _ended(data: bytes) -> Iterator[ET.Element]:
    """Elements in the order in which they end; the caller clears what it has used."""
    for _event, element in ET.iterparse(io.BytesIO(data)):  # noqa: S314 -- as above
        yield element


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in element if _local(child.tag) == name)


def _read(archive: zipfile.ZipFile) -> list[Sheet]:
    names = set(archive.namelist())
    main = next((path for kind, path in _relations(archive, "").values() if kind == "officeDocument"), None)
    if main is None:
        raise _refused(_("这不是 Excel 工作簿,请交 .xlsx 或 .csv"), "format")
    workbook = _parsed(_part(archive, main))
    links = _relations(archive, main)
    by_kind = {kind: path for kind, path in links.values() if path in names}
    strings = _strings(_part(archive, by_kind["sharedStrings"])) if "sharedStrings" in by_kind else []
    dates = _date_styles(_part(archive, by_kind["styles"])) if "styles" in by_kind else frozenset()
    properties = next((e for e in workbook if _local(e.tag) == "workbookPr"), None)
    epoch = 1904 if properties is not None and properties.get("date1904") in {"1", "true"} else 1900
    sheets = []
    for listing in _children(workbook, "sheets"):
        for entry in listing:
            link = {_local(key): value for key, value in entry.attrib.items()}["id"]
            kind, path = links[link]
            if kind == "worksheet":
                title = entry.attrib["name"]
                sheets.append(_sheet(title, _part(archive, path), strings, dates, epoch))
    return sheets


def _relations(archive: zipfile.ZipFile, of: str) -> dict[str, tuple[str, str]]:
    """Relation id → (kind, path of the part) of a part of the package."""
    folder, base = posixpath.split(of)
    name = posixpath.join(folder, "_rels", f"{base}.rels")
    if name not in archive.namelist():
        return {}
    found = {}
    for relation in _parsed(_part(archive, name)):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], path)
    return found


def _text(element: ET.Element) -> str:
    """Text of a string item: its runs joined, phonetic guides left out."""
    pieces = []
    for child in element:
        match _local(child.tag):
            case "t":
                pieces.append(child.text or "")
            case "r":
                pieces.extend(t.text or "" for t in _children(child, "t"))
    return _unescape("".join(pieces))


def _unescape(text: str) -> str:
    """``_x000D_`` is how Excel writes a character; halves of characters and control characters stay as written."""

    def one(found: re.Match[str]) -> str:
        code = int(found[1], 16)
        plain = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xDFFF < code < 0xFFFE
        return chr(code) if plain else found[0]

    return _ESCAPE.sub(one, text) if "_x" in text else text


def _strings(data: bytes) -> list[str]:
    strings = []
    for element in _ended(data):
        if _local(element.tag) == "si":
            strings.append(_text(element))
            element.clear()
    return strings


def _date_styles(data: bytes) -> frozenset[str]:
    """Style numbers (attribute ``s`` of a cell) that show a number as a date."""
    root = _parsed(data)
    formats: dict[int, str] = {}
    dates = []
    for part in root:
        if _local(part.tag) == "numFmts":
            formats = {int(f.attrib["numFmtId"]): f.attrib["formatCode"] for f in part}
        elif _local(part.tag) == "cellXfs":
            for style, element in enumerate(part):
                number = int(element.get("numFmtId", "0"))
                code = formats.get(number)
                if number in _DATE_FORMATS if code is None else _shows_date(code):
                    dates.append(str(style))
    return frozenset(dates)


def _shows_date(code: str) -> bool:
    """Whether a number format shows a year or a day (m alone is minutes as well)."""
    bare = _LITERAL.sub("", code.casefold()).replace("standard", "")
    return re.search("[yd]", bare) is not None


def _sheet(name: str, data: bytes, strings: list[str], dates: frozenset[str], epoch: int) -> Sheet:
    sheet = Sheet(name, [])
    row_number, numbers = 0, set[int]()
    for element in _ended(data):
        if element.tag.endswith("}mergeCell"):
            start, _colon, end = element.attrib["ref"].partition(":")
            sheet.merged.append((int(end.lstrip(_LETTERS)), _column(start), element.attrib["ref"]))
        if not element.tag.endswith("}row"):
            continue
        row_number = int(element.get("r") or row_number + 1)
        if row_number in numbers or not 0 < row_number <= ROWS_MAX:
            raise ValueError(f"row {row_number}")
        numbers.add(row_number)
        cells: dict[int, str] = {}
        at, places = -1, set[int]()
        for cell in element:
            reference = cell.get("r")
            at = _column(reference) if reference else at + 1
            if at in places:  # one of the two would be lost
                raise ValueError(f"cell {reference}")
            places.add(at)
            value = _value(cell, strings, dates, epoch)
            if isinstance(value, tuple):
                listed, text = (sheet.formulas, value[1]) if value[0] == "f" else (sheet.errors, value[1])
                listed.append((row_number, at, text))
            elif value and not value.isspace():
                cells[at] = value
        if cells:
            sheet.rows.append((row_number, cells))
            if element.get("hidden") in {"1", "true"}:
                sheet.hidden.append(row_number)
        element.clear()
    return sheet


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_columns: dict[str, int] = {}


def _column(reference: str) -> int:
    """``"C7"`` → 2."""
    letters = reference.rstrip("0123456789")
    at = _columns.get(letters)
    if at is None:
        if not _REFERENCE.fullmatch(reference):
            raise ValueError(reference)
        at = 0
        for letter in letters:
            at = at * 26 + ord(letter) - 64
        at = _columns[letters] = at - 1
    return at


def _value(cell: ET.Element, strings: list[str], dates: frozenset[str], epoch: int) -> str | tuple[str, str] | None:
    """Text of a cell; ``("f", …)`` for a formula, ``("e", …)`` for an error value."""
    kind = cell.get("t", "n")
    value: str | None = None
    for child in cell:
        tag = child.tag
        if tag.endswith("}v"):
            value = child.text
        elif tag.endswith("}f"):
            return "f", "=" + (child.text or "…")
        elif tag.endswith("}is"):
            return _text(child)
    if value is None:
        return None
    match kind:
        case "s":
            return strings[int(value)]
        case "n":
            return _number(value, epoch if cell.get("s") in dates else None)
        case "b":
            return "TRUE" if value == "1" else "FALSE"
        case "e":
            return "e", value
        case "d":
            return DATE_MARK + value.removesuffix("T00:00:00")
        case _:
            return _unescape(value)


def _number(text: str, epoch: int | None) -> str:
    """A stored number as Excel shows it; a date for a date format."""
    if epoch is not None:
        return _date(text, epoch)
    if _PLAIN.fullmatch(text):
        return text
    number = float(text)
    if not abs(number) < 10**_DIGITS:
        return LOST_MARK + text
    return format(number, f".{_DIGITS}g")


def _date(text: str, epoch: int) -> str:
    """An Excel day number → ``DATE_MARK`` and the ISO date (with the time, where it has one)."""
    days = float(text)
    if not 0 < days < 2_958_466:
        return format(days, f".{_DIGITS}g")
    whole, seconds = divmod(round(days * 86400), 86400)
    start = dt.date(1904, 1, 1) if epoch == 1904 else dt.date(1899, 12, 30)
    date = (start + dt.timedelta(days=whole)).isoformat()
    time = f" {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if seconds else ""
    return DATE_MARK + date + time
