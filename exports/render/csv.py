"""CSV: one profile for Excel and WPS, one for machines.

For Excel: UTF-8 with BOM, titles, labels, total row; a text cell that would start
a formula gets an apostrophe in front (``= + - @``, tab, return), an amount never.
For machines: plain UTF-8, keys, no total, nothing altered.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from exports.report import Column, Report
from ledger.i18n import _
from ledger.money import decimal_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def render(report: Report, *, machine: bool = False) -> bytes:
    """The report's table as the bytes of a CSV file."""
    table = report.table("csv")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.key if machine else safe(column.title) for column in table.columns)
    for row in table.rows:
        writer.writerow(_cell(column, row.get(column.key), machine) for column in table.columns)
    if not machine and table.rows and table.totals:
        label = [_("合计")] + [""] * len(table.columns)
        cells = [_cell(column, table.totals.get(column.key), machine) for column in table.columns]
        writer.writerow(cell or label[number] for number, cell in enumerate(cells))
    if not machine and not table.rows:
        writer.writerow([_("无")])
    return out.getvalue().encode("utf-8" if machine else "utf-8-sig")


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(column: Column, value: Any, machine: bool) -> str:
    if value is None or value == "":
        return ""
    if column.type == "money" and isinstance(value, int):
        return decimal_text(value)
    if column.type == "integer" or isinstance(value, dt.date):
        return str(value)
    text = str(value) if machine else str(column.shown(value))
    return text if machine else safe(text)
