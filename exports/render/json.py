"""JSON: the contract that scripts and checks rely on.

``{code, title, unit, period, columns, rows, totals, tie_outs}`` with English keys,
amounts as decimal text (``"5326.75"``), dates ISO. Keys are never translated.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from exports.report import Column, Report, TieOut
from ledger.money import decimal_text


def data(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    table = report.table("json")
    return {
        "code": report.code,
        "title": report.title,
        "unit": report.unit,
        "period": report.period.iso(),
        "columns": [{"key": column.key, "title": column.title, "type": column.type} for column in table.columns],
        "rows": [_row(table.columns, row) for row in table.rows],
        "totals": {
            column.key: _value(column, report.totals[column.key])
            for column in table.columns
            if column.key in report.totals
        },
        "tie_outs": [
            {
                "name": tie_out.name,
                "left": _tie(tie_out, tie_out.left),
                "right": _tie(tie_out, tie_out.right),
                "difference": _tie(tie_out, tie_out.difference),
                "ok": tie_out.ok,
            }
            for tie_out in report.tie_outs
        ],
    }


def render(report: Report) -> str:
    """The report as JSON text."""
    return json.dumps(data(report), ensure_ascii=False, indent=2) + "\n"


def _row(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.key: _value(column, row.get(column.key)) for column in columns}


def _tie(tie_out: TieOut, value: int) -> str:
    return str(value) if tie_out.count else decimal_text(value)


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.type == "money":
        return decimal_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value
