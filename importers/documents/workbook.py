"""Workbooks (.xlsx): sheets as text, straight from the XML.

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET  # entities are refused before parsing, see _part

from importers.documents.source import Source
from importers.documents.table import DATE_MARK, LOST_MARK, column_letters, shown
from ledger.errors import Fault
from ledger.i18n import _

UNPACKED_MAX: Final = 200 * 2**20
RATIO_MAX: Final = 100
RATIO_FROM: Final = 4 * 2**20
"""The ratio counts from this unpacked size on; small repetitive parts compress well."""

MEMBERS_MAX: Final = 1000

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


def read_workbook(source: Source) -> list[Sheet]:
    """Every worksheet of a workbook, in the order of its tabs.

    Raises:
        SourceError: damaged, encrypted, a zip bomb, or no .xlsx at all.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            _check(source, archive)
            return _read(source, archive)
    except (zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, NotImplementedError, RuntimeError) as error:
        source.refuse(_("工作簿已损坏,请在 Excel 中打开并另存一次({error})").format(error=error), code="format")
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        source.refuse(_("工作簿结构不完整,请在 Excel 中打开并另存一次({error!r})").format(error=error), code="format")


def _check(source: Source, archive: zipfile.ZipFile) -> None:
    """Refuse what would not end well, before anything is unpacked."""
    members = archive.infolist()
    names = {member.filename for member in members}
    if any(member.flag_bits & 1 for member in members):
        source.refuse(_("压缩包有密码,请交未加密的 .xlsx"), code="password")
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if len(members) > MEMBERS_MAX or total > UNPACKED_MAX or (total > RATIO_FROM and total > RATIO_MAX * packed):
        source.refuse(
            _("工作簿展开后过大({size} MB,{count} 个部件),请改交 CSV").format(size=total >> 20, count=len(members)),
            code="size",
        )
    if "xl/workbook.bin" in names:
        source.refuse(_("这是二进制工作簿 .xlsb,请在 Excel 中另存为 .xlsx"), code="format")
    if "[Content_Types].xml" not in names:
        source.refuse(_("这不是 Excel 工作簿,请交 .xlsx 或 .csv"), code="format")


def _part(source: Source, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of the archive; document types and entities have no place in a workbook."""
    data = archive.read(name)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        source.refuse(_("工作簿含有不该有的 XML 声明"), code="format")
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


def _read(source: Source, archive: zipfile.ZipFile) -> list[Sheet]:
    names = set(archive.namelist())
    main = next((path for kind, path in _relations(source, archive, "").values() if kind == "officeDocument"), None)
    if main is None:
        source.refuse(_("这不是 Excel 工作簿,请交 .xlsx 或 .csv"), code="format")
    workbook = _parsed(_part(source, archive, main))
    links = _relations(source, archive, main)
    by_kind = {kind: path for kind, path in links.values() if path in names}
    strings = _strings(_part(source, archive, by_kind["sharedStrings"])) if "sharedStrings" in by_kind else []
    dates = _date_styles(_part(source, archive, by_kind["styles"])) if "styles" in by_kind else frozenset()
    properties = next((e for e in workbook if _local(e.tag) == "workbookPr"), None)
    epoch = 1904 if properties is not None and properties.get("date1904") in {"1", "true"} else 1900
    sheets = []
    for listing in _children(workbook, "sheets"):
        for entry in listing:
            link = next(value for key, value in entry.attrib.items() if _local(key) == "id")
            kind, path = links[link]
            if kind == "worksheet":
                title = entry.attrib["name"]
                sheets.append(_sheet(title, _part(source, archive, path), strings, dates, epoch))
    return sheets


def _relations(source: Source, archive: zipfile.ZipFile, of: str) -> dict[str, tuple[str, str]]:
    """Relation id → (kind, path of the part) of a part of the package."""
    folder, base = posixpath.split(of)
    name = posixpath.join(folder, "_rels", f"{base}.rels")
    if name not in archive.namelist():
        return {}
    found = {}
    for relation in _parsed(_part(source, archive, name)):
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
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


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
    row_number = 0
    for element in _ended(data):
        if element.tag.endswith("}mergeCell"):
            start, _colon, end = element.attrib["ref"].partition(":")
            sheet.merged.append((int(end.lstrip(_LETTERS)), _column(start), element.attrib["ref"]))
        if not element.tag.endswith("}row"):
            continue
        row_number = int(element.get("r") or row_number + 1)
        cells: dict[int, str] = {}
        at = -1
        for cell in element:
            reference = cell.get("r")
            at = _column(reference) if reference else at + 1
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


def cell_faults(source: Source, sheet: Sheet, headers: Mapping[int, str], header_row: int) -> list[Fault]:
    """What stands in a sheet and is no plain, visible value, from the header row on."""

    def fault(row: int, at: int | None, text: str | None, message: str, code: str) -> Fault:
        column = None if at is None else headers.get(at) or column_letters(at)
        value = None if text is None else shown(text)
        return Fault(
            file=source.name, sheet=sheet.name, row=row, column=column, value=value, message=message, code=code
        )

    found = [fault(*cell, _("公式:请复制后粘贴为数值"), "formula") for cell in sheet.formulas]
    found += [fault(*cell, _("单元格是错误值"), "value") for cell in sheet.errors]
    found += [
        fault(*cell, _("合并的单元格:请取消合并,逐行填写"), "merged") for cell in sheet.merged if cell[0] > header_row
    ]
    found += [
        fault(row, None, None, _("这一行被隐藏或筛选掉了:请取消隐藏,或删去"), "hidden")
        for row in sheet.hidden
        if row > header_row
    ]
    return [one for one in found if (one.row or 0) >= header_row]
