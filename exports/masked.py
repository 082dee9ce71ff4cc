"""A report without personal data (脱敏): columns that say they hold it (``Column.personal``) are masked.

Running text (摘要, notes) keeps its words and loses the digits of card and account numbers:
what people write freely is not searched for names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from exports.report import Column, Report, Row, Table
from ledger import masking, redact

_TEXTS = ("memo", "summary", "reason", "note", "item")
"""Keys of columns of running text; in paper forms they may have a prefix (``bank_item``)."""


def masked(report: Report) -> Report:
    """The same report for a reader who may not take personal data away."""
    tables = [
        report.columns,
        *(table.columns for table in (report.paper, *(t for _title, t in report.sheets)) if table),
    ]
    personal = any(column.personal for columns in tables for column in columns)
    return replace(
        report,
        rows=_rows(report.columns, report.rows),
        paper=_table(report.paper) if report.paper is not None else None,
        sheets=[(title, _table(table)) for title, table in report.sheets],
        notes=[*(redact.numbers(note) for note in report.notes), *([masking.notice()] if personal else [])],
    )


def _table(table: Table) -> Table:
    return replace(table, rows=_rows(table.columns, table.rows))


def _rows(columns: Sequence[Column], rows: Sequence[Row]) -> list[Row]:
    kinds = {column.key: kind for column in columns if (kind := _kind(column))}
    return [masking.row(row, kinds) for row in rows] if kinds else list(rows)


def _kind(column: Column) -> str:
    if column.personal:
        return column.personal
    return "text" if column.type == "text" and column.key.rpartition("_")[2] in _TEXTS else ""
