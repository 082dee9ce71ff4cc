"""The empty workbook of a kind (模板): what to fill in, and how.

First the sheet to fill in, header only; then the sheet 说明, which the reader skips:
one example row under the same headers, ready to copy, and a line per column. A
template for ``day`` has one sheet per kind, in event order, before the 说明.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ledger.book import Book
from ledger.documents import KINDS, MONEY_TYPES, SEQ, WHOLE_TYPES, Column, Kind, kind_of
from ledger.errors import Fault, SourceError
from ledger.i18n import _
from ledger.money import decimal_text, parse_fen

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

NOTES: Final = "说明"
_FILL_ROWS: Final = 20_000
"""Rows that get drop-down lists; formats hold for the whole column."""

_LIST_MAX: Final = 255
"""Excel takes a typed list of at most 255 characters."""


def write(kind: str, path: Path, *, book: Book | None = None) -> Path:
    """Write the template of a kind; with a book, its names are offered as drop-down lists.

    Raises:
        NotFound: there is no such kind.
    """
    return _write([kind_of(kind)], path, book)


def write_day(path: Path, *, kinds: Sequence[str] = (), book: Book | None = None) -> Path:
    """Write the template of a day's workbook: the kinds asked for, else every kind that makes entries.

    Raises:
        NotFound: there is no such kind.
    """
    chosen = [kind_of(kind) for kind in kinds] or [kind for kind in KINDS.values() if kind.posts]
    return _write(sorted(set(chosen), key=lambda kind: kind.order), path, book, day=True)


@dataclass
class _Styles:
    """The formats of one workbook, made once."""

    workbook: xlsxwriter.Workbook
    made: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str, **properties: Any) -> Any:
        if name not in self.made:
            self.made[name] = self.workbook.add_format({"font_name": "宋体", "valign": "vcenter", **properties})
        return self.made[name]

    def header(self, column: Column) -> Any:
        bold = {"bold": True, "border": 1, "align": "center", "text_wrap": True}
        if column.required:
            return self.of("required", bg_color="#DCE6F1", **bold)
        return self.of("optional", bg_color="#F2F2F2", font_color="#595959", **bold)

    def cell(self, column: Column) -> Any:
        if column.type in MONEY_TYPES:
            return self.of("money", num_format="#,##0.00")
        if column.type in WHOLE_TYPES:
            return self.of("whole", num_format="0")
        if column.type == "date":
            return self.of("date", num_format="yyyy-mm-dd")
        return self.of("text", num_format="@")


def _write(kinds: Sequence[Kind], path: Path, book: Book | None, *, day: bool = False) -> Path:
    import xlsxwriter  # only templates and reports need it
    from xlsxwriter.exceptions import FileCreateError

    workbook = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    _fill(workbook, kinds, book, day=day)
    try:
        workbook.close()
    except FileCreateError as error:
        message = _("文件写不进,是否正在 Excel 中打开?")
        raise SourceError(Fault(file=path.name, message=message, code="file")) from error
    return path


def _fill(workbook: xlsxwriter.Workbook, kinds: Sequence[Kind], book: Book | None, *, day: bool) -> None:
    styles = _Styles(workbook)
    for kind in kinds:
        _sheet(workbook.add_worksheet(kind.zh), _columns(kind, day=day), styles, book)
    notes = workbook.add_worksheet(NOTES)
    notes.set_column(0, 0, 16)
    notes.set_column(1, 20, 18)
    row = 0
    for kind in kinds:
        row = _notes(notes, row, kind, styles, book, day=day) + 2


def _columns(kind: Kind, *, day: bool) -> tuple[Column, ...]:
    return (SEQ, *kind.columns) if day else kind.columns


def _sheet(sheet: Worksheet, columns: Sequence[Column], styles: _Styles, book: Book | None) -> None:
    """The sheet to fill in: header, formats, drop-down lists."""
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 24)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, _width(column), styles.cell(column))
        sheet.write_string(0, at, column.zh, styles.header(column))
        words = _words(column, book)
        if words and len(",".join(words)) <= _LIST_MAX:
            sheet.data_validation(
                1, at, _FILL_ROWS, at,
                {"validate": "list", "source": words, "error_type": "warning",
                 "error_title": column.zh, "error_message": _("不在列表中")},
            )  # fmt: skip


def _width(column: Column) -> int:
    if column.type == "text":
        return 24
    if column.type in MONEY_TYPES:
        return 14
    return max(12, 2 * len(column.zh) + 4)


def _words(column: Column, book: Book | None) -> list[str]:
    """What may stand in the column, where that is a short list."""
    if column.values:
        return list(column.labels.values())
    if book is None:
        return []
    match column.type:
        case "bank":
            return [bank.short for bank in book.banks]
        case "branch":
            return [branch.name for branch in book.branches]
        case "cashier":
            return [cashier.code for cashier in book.cashiers]
        case "fund":
            return [fund.zh for fund in book.funds]
        case "usage":
            return [usage.code for usage in book.usage_classes]
        case "levy":
            return [levy.zh for levy in book.levies]
        case _:
            return []


def _notes(notes: Worksheet, row: int, kind: Kind, styles: _Styles, book: Book | None, *, day: bool) -> int:
    """What the kind is, an example row to copy, and a line per column; returns the next free row."""
    title, plain = styles.of("title", bold=True, font_size=13), styles.of("plain", text_wrap=False)
    columns = _columns(kind, day=day)
    notes.write_string(row, 0, f"{kind.zh} {kind.name}", title)
    event = _("业务 {event}").format(event=kind.event) if kind.event else _("基础资料")
    notes.write_string(row, 1, event, plain)
    if kind.grouped:
        notes.write_string(row, 2, _("单据号相同的几行是一笔分录"), plain)
    notes.write_string(row + 1, 0, _("示例(可复制到前面的工作表):"), plain)
    for at, column in enumerate(columns):
        notes.write_string(row + 2, at, column.zh, styles.header(column))
        _example(notes, row + 3, at, column, kind.example.get(column.name), styles)
    row += 5
    for at, heading in enumerate((_("列名"), _("英文列名"), _("类型"), _("必填"), _("说明"))):
        notes.write_string(row, at, heading, styles.of("heading", bold=True, bottom=1))
    for column in columns:
        row += 1
        words = _words(column, book)
        note = _(column.note) + (_(";可填:{words}").format(words="、".join(words)) if words else "")
        required = _("是") if column.required else _("否")
        for at, text in enumerate((column.zh, column.name, _type_name(column), required, note)):
            notes.write_string(row, at, text, plain)
    return row + 1


def _type_name(column: Column) -> str:
    if column.type in MONEY_TYPES:
        return _("金额(元)")
    names = {"date": _("日期"), "month": _("年月"), "quantity": _("整数"), "integer": _("整数"), "text": _("文字")}
    if column.values:
        return _("选择")
    return names.get(column.type, _("编号或名称"))


def _example(sheet: Worksheet, row: int, at: int, column: Column, text: str | None, styles: _Styles) -> None:
    """An example value as Excel would hold it, never as a formula."""
    style = styles.cell(column)
    if text is None:
        sheet.write_blank(row, at, None, style)
    elif column.type in MONEY_TYPES:
        sheet.write_number(row, at, float(decimal_text(parse_fen(text))), style)  # a cell is a float in Excel
    elif column.type in WHOLE_TYPES:
        sheet.write_number(row, at, int(text), style)
    elif column.type == "date":
        sheet.write_datetime(row, at, dt.datetime.fromisoformat(text), style)
    else:
        sheet.write_string(row, at, text, style)
