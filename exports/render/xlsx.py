"""The workbook: the paper form as people know it, with real numbers.

Reproducible to the byte: the created date is the period's end, nothing else of
the machine gets in (the print time is Excel's own field in the page foot).
Text is written as text only: no cell of data can become a formula or a link.
A sheet holds at most a million rows; longer tables go on with the next sheet.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from exports.render import paper, xlsx_charts
from exports.report import Column, Report, Row, Style, Table
from ledger.i18n import _
from ledger.money import format_fen

ROWS_MAX: Final = 1_000_000
STREAMED: Final = 20_000
"""From this many rows on they are written as they come, not kept."""

FONT: Final = "宋体"
MONEY: Final = "#,##0.00;[Red]-#,##0.00"
HEADER: Final = "#DDEBF7"
PORTRAIT: Final = 118
"""Characters that fit an upright A4 page at four fifths of the size; wider tables lie down."""
_A4: Final = 9


class _Formats:
    """Cell formats of one workbook, made once per combination."""

    font = FONT

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._known: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._known:
            self._known[key] = self._book.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter", **properties}
            )
        return self._known[key]

    def cell(self, kind: str, style: Style = "") -> Format:
        """Format of a body cell by the type of its column and the row's style."""
        properties: dict[str, Any] = {"border": 1}
        if kind == "money":
            properties |= {"num_format": MONEY, "align": "right"}
        elif kind == "flag":
            properties["align"] = "center"
        elif kind == "date":
            properties |= {"num_format": "yyyy-mm-dd", "align": "center"}
        elif kind == "integer":
            properties |= {"num_format": "0", "align": "right"}
        else:
            properties["text_wrap"] = True
        if style in {"subtotal", "section", "strong"}:
            properties |= {"bold": True, "bg_color": "#F2F2F2"} if style == "subtotal" else {"bold": True}
        elif style == "opening":
            properties["italic"] = True
        elif style == "alert":
            properties["bg_color"] = "#FFF2CC"
        return self(**properties)


def render(report: Report) -> bytes:
    """The report as the bytes of an .xlsx file."""
    out = io.BytesIO()
    table = report.table("xlsx")
    options = {
        "in_memory": True,
        "constant_memory": len(table.rows) > STREAMED,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({
        "title": report.title,
        "comments": report.state,
        "created": dt.datetime.combine(report.period.end, dt.time()),
    })  # fmt: skip
    formats = _Formats(book)
    pages = list(_pages(table))
    for number, page in enumerate(pages):
        name = report.code if len(pages) == 1 else f"{report.code}-{number + 1}"
        _sheet(book.add_worksheet(name), report, page, formats, last=number == len(pages) - 1)
    for name, further in report.further("xlsx"):
        for number, page in enumerate(_pages(further)):
            _sheet(book.add_worksheet(f"{name}{number + 1}" if number else name), report, page, formats, last=False)
    xlsx_charts.add(book, report, formats)
    book.close()
    return out.getvalue()


def _pages(table: Table) -> Iterator[Table]:
    """The table in parts that fit a sheet; totals on the last."""
    for at in range(0, max(len(table.rows), 1), ROWS_MAX):
        last = at + ROWS_MAX >= len(table.rows)
        styles = table.styles[at : at + ROWS_MAX] if table.styles else ()
        yield Table(table.columns, table.rows[at : at + ROWS_MAX], table.totals if last else {}, styles)


def _sheet(sheet: Worksheet, report: Report, table: Table, formats: _Formats, *, last: bool) -> None:
    columns = table.columns
    widths = _widths(table)
    # The signature row and the checks below need some room even under a narrow table.
    edge = max(len(columns), 5) - 1
    widths += [12.0] * (edge + 1 - len(widths))
    for number, width in enumerate(widths):
        sheet.set_column(number, number, width)
    page = _Page(sheet, edge, sum(widths), formats)
    page.line(report.title, bold=True, font_size=16, align="center")
    sheet.set_row(0, 26)
    heads = "    ".join(f"{label}:{value}" for label, value in [*report.heads, (_("期间"), report.period.text())])
    sheet.merge_range(1, 0, 1, edge - 1, "", formats())
    sheet.write_string(1, 0, heads, formats(align="left"))
    sheet.write_string(1, edge, _("单位:{unit}").format(unit=report.unit), formats(align="right"))
    top = _heads(sheet, 2, table, formats)
    page.at = top + 1
    for number, row in enumerate(table.rows):
        if (banner := paper.banner(table, number, row)) is not None and len(table.rows) <= STREAMED:
            shape = formats(bold=True, border=1, align="left")
            sheet.merge_range(page.at, 0, page.at, len(columns) - 1, "", shape)
            sheet.write_string(page.at, 0, banner, shape)
            page.at += 1
            continue
        _row(sheet, page.at, columns, row, table.style(number), formats)
        page.at += 1
    if not table.rows:
        page.line(_("无"), border=1, align="center")
    if report.paper is None and table.rows:
        sheet.autofilter(top, 0, page.at - 1, len(columns) - 1)
    if table.totals:
        _totals(sheet, page.at, columns, table.totals, formats)
        page.at += 1
    if last:
        _foot(page, report)
    sheet.freeze_panes(top + 1, 0)
    sheet.set_paper(_A4)
    if sum(widths) > PORTRAIT:
        sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.repeat_rows(0, top)
    sheet.print_area(0, 0, page.at - 1, edge)
    printed, numbers = (
        _("打印 {time}").format(time="&D &T"),
        _("第 {page} 页 共 {pages} 页").format(page="&P", pages="&N"),
    )
    sheet.set_footer(f"&L&8{printed}&R&8{numbers}")


def _heads(sheet: Worksheet, at: int, table: Table, formats: _Formats) -> int:
    """The head from row ``at`` on; gives its last row. Streamed sheets cannot go back for a merged one."""
    columns = table.columns
    header = formats(bold=True, border=1, align="center", bg_color=HEADER, text_wrap=True)
    storeys = paper.heads(columns)
    if len(storeys) == 1 or len(table.rows) > STREAMED:
        for number, column in enumerate(columns):
            sheet.write_string(at, number, column.title, header)
        sheet.set_row(at, 30 if any("\n" in column.title for column in columns) else 20)
        return at
    for line, heads in enumerate(storeys):
        for head in heads:
            row = at + line
            if head.columns > 1 or head.rows > 1:
                sheet.merge_range(row, head.at, row + head.rows - 1, head.at + head.columns - 1, "", header)
            sheet.write_string(row, head.at, head.text, header)
        sheet.set_row(at + line, 18)
    return at + 1


class _Page:
    """A sheet being filled from the top: lines across its whole width, at the next free row ``at``."""

    def __init__(self, sheet: Worksheet, edge: int, width: float, formats: _Formats) -> None:
        self.sheet, self.edge, self.width, self.formats = sheet, edge, width, formats
        self.at = 0

    def line(self, text: str, **properties: Any) -> None:
        """One merged line; as high as its text needs, since no program does that for merged cells."""
        shape = self.formats(text_wrap=True, **properties)
        self.sheet.merge_range(self.at, 0, self.at, self.edge, "", shape)
        self.sheet.write_string(self.at, 0, text, shape)
        if (rows := -(-paper.text_width(text) // max(int(self.width), 1))) > 1:
            self.sheet.set_row(self.at, 15 * rows)
        self.at += 1


def _row(sheet: Worksheet, at: int, columns: Sequence[Column], row: Row, style: Style, formats: _Formats) -> None:
    for number, column in enumerate(columns):
        _write(sheet, at, number, column, row.get(column.key), formats.cell(column.type, style), formats, style)


def _write(
    sheet: Worksheet, row: int, number: int, column: Column, value: Any, shape: Format, formats: _Formats, style: Style
) -> None:
    if value is None or value == "" or (column.blank_zero and value == 0):
        sheet.write_blank(row, number, None, shape)
    elif column.type == "money" and isinstance(value, int):
        sheet.write_number(row, number, Decimal(value).scaleb(-2), shape)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, number, dt.datetime.combine(value, dt.time()), shape)
    elif column.type == "integer" and isinstance(value, int):
        sheet.write_number(row, number, value, shape)
    else:
        sheet.write_string(row, number, str(column.shown(value)), formats.cell("text", style))


def _totals(sheet: Worksheet, at: int, columns: Sequence[Column], totals: Row, formats: _Formats) -> None:
    for number, column in enumerate(columns):
        value = totals.get(column.key)
        if number == 0 and value is None:
            value = _("合计")
        kind = column.type if value is not None else "text"
        _write(sheet, at, number, column, value, formats.cell(kind, "subtotal"), formats, "subtotal")


def _foot(page: _Page, report: Report) -> None:
    """Notes, signatures, tie-outs and the ledger state below the table."""
    for note in report.notes:
        page.line(note, align="left")
    if report.signatures:
        at = page.at
        page.line(
            "        ".join(_("{role}: ____________").format(role=role) for role in report.signatures), align="left"
        )
        page.sheet.set_row(at, 30)
    if report.tie_outs:
        _tie_outs(page, report)
    if report.state:
        page.line(report.state, align="left", font_size=8, font_color="#808080")


def _tie_outs(page: _Page, report: Report) -> None:
    sheet, formats, names = page.sheet, page.formats, page.edge - 4
    head = formats(bold=True, border=1, align="center", bg_color=HEADER)
    money, whole = formats.cell("money"), formats.cell("integer")
    page.at += 1

    def name(text: str, shape: Format) -> None:
        if names > 0:
            sheet.merge_range(page.at, 0, page.at, names, "", shape)
        sheet.write_string(page.at, 0, text, shape)

    name(_("勾稽"), head)
    for offset, title in enumerate((_("左"), _("右"), _("差额"), _("结果"))):
        sheet.write_string(page.at, names + 1 + offset, title, head)
    for check in report.tie_outs:
        page.at += 1
        name(check.name, formats(border=1, align="left", text_wrap=True))
        for offset, value in enumerate((check.left, check.right, check.difference)):
            amount = value if check.count else Decimal(value).scaleb(-2)
            sheet.write_number(page.at, names + 1 + offset, amount, whole if check.count else money)
        color = "#006100" if check.ok else "#C00000"
        verdict = _("平") if check.ok else _("不平")
        sheet.write_string(page.at, page.edge, verdict, formats(border=1, align="center", font_color=color))
    page.at += 2


def _widths(table: Table) -> list[float]:
    """Column widths from the text in them: a Chinese character is two columns wide."""
    widths = []
    for column in table.columns:
        title = column.head[1] if column.head else column.title
        longest = max((paper.text_width(part) for part in title.split("\n")), default=0)
        for row in [*table.rows[:2000], table.totals]:
            longest = max(longest, paper.text_width(_plain(column, row.get(column.key))))
        widths.append(min(max(longest + 2.0, 6.0), 42.0))
    return widths


def _plain(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.type == "money" and isinstance(value, int):
        return format_fen(value)
    return value.isoformat() if isinstance(value, dt.date) else str(column.shown(value))
