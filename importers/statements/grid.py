"""Bytes → rows of text cells, whatever the file is; every refusal names its place.

Text is decoded by BOM, else as strict UTF-8, else as strict GB18030; a file
that is none of them is refused. Sheets (XLS, XLSX) become text too, numbers as
the shortest decimal that is the stored number, so that one reader serves all.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ledger.errors import Fault, ImportRejected
from ledger.i18n import _

BYTES_MAX = 256 * 1024 * 1024
"""Larger files are no bank statement."""
UNPACKED_MAX = 512 * 1024 * 1024
"""An XLSX is a zip archive: what it may unpack to, before any reader touches it."""
CELLS_MAX = 20_000_000
"""Rows × columns a sheet may claim."""
HEAD_CHARS = 1_000_000
"""How much of a text is weighed when its encoding is told by its words."""
DELIMITERS = (",", "\t", ";", "|")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of one sheet, or of a text file under one delimiter; ``number`` of row i is i + 1."""

    format: str
    encoding: str | None
    sheet: str | None
    rows: Iterable[tuple[int, Row]]


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
    """Bytes beyond ASCII that are single letters among others (ISO-8859-1), not Chinese words.

    Almost any Latin text decodes as GB18030 too: one letter with the next as
    one character. Chinese stands in words of two characters and more.
    """
    if re.search(rb"[\x80-\x9f]", content) or not re.search(rb"[\xa0-\xff]", content):
        return False
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return True
    words = re.findall(r"[^\x00-\x7f]+", text[:HEAD_CHARS])
    return 2 * sum(len(word) == 1 for word in words) > len(words)


def grids(content: bytes, file: str) -> Iterator[Grid]:
    """Every way to see the file as rows: one per sheet, or one per delimiter.

    The caller takes the first in which a dialect recognises its header.
    """
    if len(content) > BYTES_MAX:
        raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
    if not content.strip():
        raise rejected(_("文件是空的"), file=file)
    if content.startswith(b"PK\x03\x04"):
        _check_archive(content, file)
        yield from _sheets(content, "xlsx", file)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        yield from _sheets(content, "xls", file)
    else:
        text, encoding = decode(content, file)
        if text.lstrip()[:15].lower().startswith(("<!doctype", "<html", "<?xml", "<table")):
            raise rejected(_("是网页或XML,不是表格;请用银行的CSV或Excel导出"), file=file)
        for delimiter in DELIMITERS:
            yield Grid("csv", encoding, None, _delimited(text, delimiter, file))


def _delimited(text: str, delimiter: str, file: str) -> Iterator[tuple[int, Row]]:
    """Rows of a text file with the line each begins on; quotes are strict."""
    if delimiter != "\t" and '"\t' in text:
        # wallets set a TAB behind a closing quote to keep long numbers text in Excel
        text = re.sub(rf'(?<!")"\t+(?=[{re.escape(delimiter)}\r\n])', '"', text)
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise rejected(
                _("第 {row} 行起不是合格的CSV:{why}").format(row=line, why=str(error)),
                file=file,
                row=line,
            ) from error
        yield line, row
        line = reader.line_num + 1


def _check_archive(content: bytes, file: str) -> None:
    """Refuse an archive that unpacks to absurd sizes, before a reader unpacks it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise rejected(_("不是完整的XLSX文件"), file=file) from error
    if any(member.flag_bits & 0x1 for member in members):
        raise rejected(_("工作簿有密码保护,请另存为无密码的文件"), file=file)
    if len(members) > 10_000 or sum(member.file_size for member in members) > UNPACKED_MAX:
        raise rejected(_("工作簿解压后过大,拒绝读取"), file=file)
    if not any(member.filename.startswith("xl/") for member in members):
        raise rejected(_("是压缩包,不是工作簿"), file=file)


def _sheets(content: bytes, form: str, file: str) -> Iterator[Grid]:
    """The sheets of a workbook in their order."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
    except PasswordError as error:
        raise rejected(_("工作簿有密码保护,请另存为无密码的文件"), file=file) from error
    except (CalamineError, OSError, ValueError) as error:
        raise rejected(_("不能作为工作簿读取:{why}").format(why=str(error)), file=file) from error
    for name in names:
        try:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height * max(sheet.total_width, 1) > CELLS_MAX:
                raise rejected(_("工作表过大"), file=file, sheet=name)
            cells = sheet.to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError) as error:
            raise rejected(_("不能作为工作簿读取:{why}").format(why=str(error)), file=file, sheet=name) from error
        rows = [(number, [_text(cell) for cell in row]) for number, row in enumerate(cells, 1)]
        yield Grid(form, None, name, rows)


def _text(cell: object) -> str:
    """A cell as text; a number as its shortest decimal, a date in ISO form."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds") if cell.time() != time() else str(cell.date())
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def _number(value: float) -> str:
    """A double as people typed it: noise below a millionth is dropped, nothing else."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".")
