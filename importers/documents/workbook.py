"""Workbooks (.xlsx): read in a child process, and what stands in them that is no plain value."""

from __future__ import annotations

from collections.abc import Mapping

from importers.documents.source import Source
from importers.documents.table import column_letters, shown
from importers.limits import within_limits
from importers.openxml import Sheet
from ledger.errors import Fault
from ledger.i18n import _


def read_workbook(source: Source) -> list[Sheet]:
    """Every worksheet of a workbook, in the order of its tabs.

    Raises:
        SourceError: damaged, encrypted, a zip bomb, no .xlsx at all, or beyond the limits.
    """
    parts = within_limits("importers.openxml:read_sheets", source.data, file=source.name)
    return [Sheet(*values) for values in parts]


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
