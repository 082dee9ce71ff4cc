"""The charts of a report in its workbook: Excel's own, each on a sheet with the figures it shows.

The figures are numbers of that sheet in yuan, so that a chart can be checked, and changed like any other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from xlsxwriter.workbook import Workbook

from exports.report import Diagram, Report
from ledger.i18n import _

COLORS: Final = ("#4472C4", "#ED7D31", "#70AD47", "#FFC000", "#7F6084", "#5B9BD5", "#A5A5A5", "#9E480E", "#264478")
CHART_ROWS: Final = 24
"""Rows of the sheet that the chart covers; the figures stand below."""
_A4: Final = 9


def add(book: Workbook, report: Report, formats: Any) -> None:
    """A sheet per chart that has something to show."""
    shown = [chart for chart in report.charts if chart.filled]
    for number, chart in enumerate(shown, 1):
        _sheet(book, chart, _("图表") + (str(number) if number > 1 else ""), formats)


def _sheet(book: Workbook, chart: Diagram, name: str, formats: Any) -> None:
    sheet = book.add_worksheet(name)
    last = len(chart.series)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, max(last, 6), 13)
    sheet.merge_range(0, 0, 0, max(last, 6), "", formats())
    sheet.write_string(0, 0, chart.title, formats(bold=True, font_size=14, align="center"))
    top = CHART_ROWS + 1
    head = formats(bold=True, border=1, align="center", text_wrap=True)
    sheet.write_blank(top, 0, None, head)
    for number, (title, _values) in enumerate(chart.series, 1):
        sheet.write_string(top, number, title, head)
    for at, category in enumerate(chart.categories, 1):
        sheet.write_string(top + at, 0, category, formats(border=1))
        for number, (_name, values) in enumerate(chart.series, 1):
            sheet.write_number(top + at, number, Decimal(values[at - 1]).scaleb(-2), formats.cell("money"))
    sheet.insert_chart(1, 0, _drawn(book, chart, name, top, formats), {"object_position": 2})
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)


def _drawn(book: Workbook, chart: Diagram, sheet: str, top: int, formats: Any) -> Any:
    made = book.add_chart({"type": "column", "subtype": "stacked"} if chart.kind == "stacked" else {"type": "column"})
    first, last = top + 1, top + len(chart.categories)
    font = {"name": formats.font, "size": 9}
    for number, (_name, _values) in enumerate(chart.series, 1):
        made.add_series({
            "name": [sheet, top, number],
            "categories": [sheet, first, 0, last, 0],
            "values": [sheet, first, number, last, number],
            "fill": {"color": COLORS[(number - 1) % len(COLORS)]},
            "gap": 60,
        })  # fmt: skip
    made.set_title({"none": True})
    made.set_x_axis({"num_font": font})
    least = {} if any(value < 0 for _name, values in chart.series for value in values) else {"min": 0}
    lines = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.75}}
    made.set_y_axis(
        {"num_font": font, "num_format": "#,##0", "name": _("元"), "name_font": font, "major_gridlines": lines, **least}
    )
    made.set_legend({"position": "bottom", "font": font} if len(chart.series) > 1 else {"none": True})
    made.set_size({"width": 900, "height": (CHART_ROWS - 1) * 20})
    return made
