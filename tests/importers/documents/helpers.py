"""Files for the tests, made in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import polars as pl

from importers.documents import DocumentSet

HEADERS = ("单据号", "日期", "户号", "金额", "收费员", "违约金", "发票号", "备注")
NAMES = ("doc_no", "date", "customer", "amount", "cashier", "late_charge", "invoice", "memo")
GOOD = ("SF1", "2023-06-09", "R2", "120.80", "C01", "", "00012001", "六月水费")


def csv(*rows: Sequence[str], headers: Sequence[str] = HEADERS, separator: str = ",") -> str:
    """A text file of rows as they are, nothing quoted."""
    return "".join(separator.join(row) + "\r\n" for row in (headers, *rows))


def receipt(number: int = 1, **changes: str) -> tuple[str, ...]:
    """A good row of ``cash_receipt`` with its own numbers, then the changes."""
    row = dict(zip(NAMES, GOOD, strict=True))
    row |= {"doc_no": f"SF{number}", "invoice": f"{12000 + number:08d}"}
    return tuple((row | changes)[name] for name in NAMES)


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook of sheets of rows."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def places(documents: DocumentSet) -> list[tuple[int | None, str | None, str | None, str | None]]:
    """Row, column, value and code of each fault."""
    return [(f.row, f.column, f.value, f.code) for f in documents.faults]


def values(frame: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """Rows of some columns."""
    return frame.select(names).rows()
