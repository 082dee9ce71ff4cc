"""Faults of document rows: where the row stands, in the words of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from ledger.controls import control_message
from ledger.documents import KINDS, MONEY_TYPES
from ledger.errors import Fault
from ledger.money import format_fen


def rows_at_fault(
    rows: pl.DataFrame, column: str | None, message: Callable[[Mapping[str, Any]], str], *, code: str | None = None
) -> list[Fault]:
    """One fault per row; ``column`` is the canonical name of the column that is wrong."""
    faults = []
    for row in rows.iter_rows(named=True):
        kind = KINDS.get(row.get("kind") or "")
        known = kind.by_name.get(column) if kind and column else None
        value = row.get(column) if column else None
        if value is not None and known is not None and known.type in MONEY_TYPES:
            value = format_fen(value)
        faults.append(
            Fault(
                file=row.get("file"),
                sheet=row.get("sheet"),
                row=row.get("row"),
                column=known.title() if known else column,
                value=None if value is None else str(value),
                message=message(row),
                code=code,
            )
        )
    return faults


def control(
    rows: pl.DataFrame,
    control_id: str,
    column: str | None = None,
    values: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> list[Fault]:
    """One fault per row for a control of domain §4; ``values`` fill its message."""
    return rows_at_fault(
        rows,
        column,
        lambda row: control_message(control_id, **(values(row) if values else {})),
        code=control_id,
    )
