"""What a statement is once read: a head, its lines, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from ledger.i18n import _
from ledger.money import decimal_text, format_fen

LINES: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "time": pl.String(),
    "serial": pl.String(),
    "amount_in": pl.Int64(),
    "amount_out": pl.Int64(),
    "balance": pl.Int64(),
    "party": pl.String(),
    "party_account": pl.String(),
    "summary": pl.String(),
    "reference": pl.String(),
    "row": pl.Int64(),
}
"""A line in fen, oldest first. ``amount_in``/``amount_out`` are what the account
received/paid, never null (0.00 rows exist); a bank's red line keeps its sign.
``serial`` is the bank's own number of the line, ``reference`` a voucher or
cheque number it prints; ``row`` is the 1-based row in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the file says about itself that does not hold, or cannot be told.

    ``severity``: ``error`` (the figures contradict each other; the import is
    refused unless the person accepts the difference), ``warning`` (a control
    is missing), ``info``.
    """

    code: str
    severity: str
    message: str
    row: int | None = None
    difference: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The form of ``probe --json``: absent things left out, amounts as text."""
        shown: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
        }
        if self.row is not None:
            shown["row"] = self.row
        if self.difference is not None:
            shown["difference"] = decimal_text(self.difference)
        return shown


def closing_finding(opening: int, move: int, closing: int) -> Finding:
    """Opening + in − out is not the closing: by how much."""
    return Finding(
        code="closing",
        severity="error",
        difference=closing - opening - move,
        message=_("期初 {a} + 收入 − 支出 = {b},与期末 {c} 差 {x}").format(
            a=format_fen(opening),
            b=format_fen(opening + move),
            c=format_fen(closing),
            x=format_fen(closing - opening - move),
        ),
    )


def opening_finding() -> Finding:
    """The file gives no opening balance."""
    return Finding(code="opening_unknown", severity="warning", message=_("文件没有给出期初余额"))


_NO_LINES = pl.DataFrame(schema=LINES)


def no_lines() -> pl.DataFrame:
    """An empty frame of lines."""
    return _NO_LINES.clone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account, one period, as the bank printed it. Amounts in fen.

    ``opening``/``closing`` are None where the file does not let them be known;
    ``balance_ok`` is opening + in − out = closing, None where not determinable.
    ``direction`` says how 借/贷 columns were read: ``debit_out`` (the bank's
    view), ``debit_in`` (the enterprise's view) or None where the file leaves no
    doubt, and ``proven`` that the balances alone say so; ``row_order`` is ``oldest_first``, ``newest_first`` or
    ``undetermined``. ``breaks`` counts rows where the running balance jumps.
    ``pending`` are entries the file lists and the account did not move by: announced and not
    booked, closed unpaid, neutral (then with amounts 0): shown, never imported.
    ``printed`` are opening and closing as the running balances say, even where they jump in between.
    A date is null only under an error finding ``date``; such a statement is not importable.
    """

    account: str | None
    currency: str | None
    dialect: str
    format: str
    encoding: str | None
    from_date: date | None
    to_date: date | None
    opening: int | None
    closing: int | None
    balance_ok: bool | None
    breaks: int
    direction: str | None
    proven: bool
    row_order: str
    lines: pl.DataFrame
    findings: tuple[Finding, ...]
    sha256: str
    file_name: str
    serial_scope: str = "account"
    pending: pl.DataFrame = field(default_factory=no_lines)
    printed: tuple[int | None, int | None] = (None, None)

    @property
    def total_in(self) -> int:
        """What came in, fen."""
        return int(self.lines["amount_in"].sum())

    @property
    def total_out(self) -> int:
        """What went out, fen."""
        return int(self.lines["amount_out"].sum())

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse an import unless they are accepted."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def with_findings(self, *more: Finding) -> Statement:
        """The same statement with further findings."""
        return replace(self, findings=(*self.findings, *more))
