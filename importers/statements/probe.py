"""``statement probe``: what a file says, stored nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from importers.statements.dialect import Dialect
from importers.statements.read import read_statement
from importers.statements.statement import Statement
from ledger.money import decimal_text


def probe(
    source: Path | str | bytes,
    *,
    dialects: Sequence[Dialect] | None = None,
    name: str | None = None,
    direction: str | None = None,
) -> dict[str, Any] | list[dict[str, Any]]:
    """The JSON of a probed file; a list where it holds several statements.

    Raises:
        ImportRejected: as ``read_statement``.
    """
    shown = [
        as_json(statement) for statement in read_statement(source, dialects=dialects, name=name, direction=direction)
    ]
    return shown[0] if len(shown) == 1 else shown


def as_json(statement: Statement) -> dict[str, Any]:
    """One statement's figures: amounts as decimal strings, unknown ones null.

    Counts and totals are the file's entries; those not booked yet are among
    them, and the finding ``pending`` says how many: they are never imported.
    """

    def text(fen: int | None) -> str | None:
        return None if fen is None else decimal_text(fen)

    return {
        "format": statement.format,
        "dialect": statement.dialect,
        "encoding": statement.encoding,
        "account": statement.account,
        "currency": statement.currency,
        "transactions": statement.lines.height + statement.pending.height,
        "opening": text(statement.opening),
        "closing": text(statement.closing),
        "total_in": text(statement.total_in + int(statement.pending["amount_in"].sum())),
        "total_out": text(statement.total_out + int(statement.pending["amount_out"].sum())),
        "balance_ok": statement.balance_ok,
        "findings": [finding.as_json() for finding in statement.findings],
    }
