"""What every message format shares: amounts, dates, collected faults, and the way to a ``Statement``.

A reader fills one ``Draft`` per statement of its file; ``finish`` orders the
lines, sets the balances against them and names what does not hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import polars as pl

from importers.statements.statement import LINES, Finding, Statement, closing_finding, no_lines, opening_finding
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import LIMIT, InvalidAmount, decimal_text

HEAD = 64 * 1024
"""Bytes a format is recognised by."""
LINE_MAX = 64 * 1024
"""Characters of one line, field or value; what is longer is no bank's."""
FAULTS_MAX = 200
TOTAL_MAX = 2**62
REVERSAL = "冲正"
"""Stands first in the text of a line the bank calls a reversal, as Chinese banks print it; data, not translated."""

_DECIMAL = re.compile(r"([+-]?)(\d{1,18})(?:\.(\d{0,18}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)


class Reader(Protocol):
    """A module of this folder."""

    def sniff(self, content: bytes) -> bool:
        """Whether the bytes are this format."""

    def read(self, content: bytes, file: str) -> list[Draft]:
        """The statements of the file, or ImportRejected."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One line as read; amounts in fen. ``date`` is None where the file's date does not exist."""

    date: date | None
    amount_in: int
    amount_out: int
    row: int
    time: str | None = None
    serial: str | None = None
    party: str | None = None
    party_account: str | None = None
    summary: str | None = None
    reference: str | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A statement being read. ``opened``/``closed``: the period the file states."""

    format: str
    dialect: str
    encoding: str | None
    row: int
    account: str | None = None
    currency: str | None = None
    opening: int | None = None
    closing: int | None = None
    opened: date | None = None
    closed: date | None = None
    serial_scope: str = "account"
    lines: list[Line] = field(default_factory=list)
    pending: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def error(self, code: str, message: str, *, row: int | None = None, difference: int | None = None) -> None:
        """Figures that contradict each other."""
        self.findings.append(Finding(code=code, severity="error", message=message, row=row, difference=difference))

    def warn(self, code: str, message: str, *, row: int | None = None) -> None:
        """A control that is missing, or something odd."""
        self.findings.append(Finding(code=code, severity="warning", message=message, row=row))

    def control(self, code: str, name: str, stated: int, found: int, row: int | None = None) -> None:
        """A total the file states against the sum of its lines, fen."""
        if stated != found:
            self.error(
                code,
                _("文件所列{name} {a} 与各笔之和 {b} 不符").format(
                    name=name, a=decimal_text(stated), b=decimal_text(found)
                ),
                row=row,
                difference=stated - found,
            )

    def count(self, code: str, name: str, stated: int, found: int, row: int | None = None) -> None:
        """A count the file states against what it holds."""
        if stated != found:
            self.error(code, _("文件所列{name} {a} 与实际 {b} 不符").format(name=name, a=stated, b=found), row=row)


class Faults:
    """The unreadable places of a file, collected and raised together."""

    def __init__(self, file: str) -> None:
        self.file, self._faults, self._more = file, list[Fault](), 0

    def add(self, message: str, *, row: int | None = None, column: str | None = None, value: str | None = None) -> None:
        """One more; beyond two hundred they are only counted."""
        if len(self._faults) >= FAULTS_MAX:
            self._more += 1
            return
        shown = None if value is None else value.strip()[:80]
        self._faults.append(
            Fault(file=self.file, row=row, column=column, value=shown, message=message, code="statement")
        )

    def check(self) -> None:
        """Raise what was collected.

        Raises:
            ImportRejected: there was a fault.
        """
        if self._more:
            more = Fault(file=self.file, message=_("还有 {n} 处").format(n=self._more), code="statement")
            raise ImportRejected([*self._faults, more])
        if self._faults:
            raise ImportRejected(self._faults)

    def amount(self, text: str, *, row: int, column: str) -> int:
        """The fen of a decimal, or 0 and a fault."""
        try:
            return exact_fen(text)
        except InvalidAmount as error:
            self.add(str(error), row=row, column=column, value=text)
            return 0


def head(content: bytes) -> str:
    """The beginning of a file as text good enough to recognise a format by."""
    start = content[:HEAD]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", errors="ignore")
    return start.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def text_lines(text: str, file: str) -> list[str]:
    """The lines of a text under any of the three line ends; none may be absurdly long.

    Raises:
        ImportRejected: a line beyond ``LINE_MAX``.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            faults = Faults(file)
            faults.add(_("一行长于 {n} 个字符").format(n=LINE_MAX), row=number)
            faults.check()
    return lines


def exact_fen(text: str) -> int:
    """A plain decimal with a point → fen; digits beyond the second decimal must be zeros.

    Raises:
        InvalidAmount: anything else; nothing is rounded.
    """
    found = _DECIMAL.fullmatch(text.strip())
    if not found:
        raise InvalidAmount(_("应为金额(数字,最多两位小数)"))
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    if len(fraction) > 2:
        raise InvalidAmount(_("金额最多两位小数"))
    fen = int(whole) * 100 + int(fraction.ljust(2, "0"))
    if fen >= LIMIT:
        raise InvalidAmount(_("金额超出上限"))
    return -fen if sign == "-" else fen


def iso_day(text: str) -> date | None:
    """``2024-03-01`` or ``20240301``, a time may follow → date; None where there is no such day."""
    found = _DAY.match(text.strip())
    return day_of(int(found[1]), int(found[2]), int(found[3])) if found else None


def day_of(year: int, month: int, day: int) -> date | None:
    """The date, or None where the calendar has none."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def tidy(*parts: str | None) -> str | None:
    """Texts joined by a blank, each once, runs of blanks as one; None for nothing."""
    words = [re.sub(r"\s+", " ", part).strip() for part in parts if part]
    return " ".join(dict.fromkeys(word for word in words if word)) or None


def date_missing(draft: Draft, row: int, text: str) -> None:
    """A line whose date is absent or no day of the calendar: shown, counted, and not importable."""
    draft.error("date", _("第 {row} 行没有有效日期:“{text}”").format(row=row, text=text.strip()[:40]), row=row)


def finish(draft: Draft, file: str, digest: str, opening: int | None = None) -> Statement:
    """The statement of a draft; ``opening`` is used where the file states none.

    Raises:
        ImportRejected: totals beyond any bank's.
    """
    inflow, outflow = sum(line.amount_in for line in draft.lines), sum(line.amount_out for line in draft.lines)
    sizes = sum(abs(line.amount_in) + abs(line.amount_out) for line in (*draft.lines, *draft.pending))
    if sizes >= TOTAL_MAX:
        faults = Faults(file)
        faults.add(_("金额超出上限"), row=draft.row)
        faults.check()
    rows, order = _oldest_first(draft.lines)
    first = draft.opening if draft.opening is not None else opening
    last, move = draft.closing, inflow - outflow
    ok = None if first is None or last is None else first + move == last
    findings = list(draft.findings)
    if first is not None and last is not None and not ok:
        findings.append(closing_finding(first, move, last))
    if first is None and draft.lines:
        findings.append(opening_finding())
    if draft.pending:
        findings.append(_pending(draft.pending))
    opened, closed, outside = _period(draft)
    if outside:
        findings.append(
            Finding(
                code="period",
                severity="warning",
                message=_("有 {n} 笔在文件所列期间 {a} 至 {b} 之外").format(n=outside, a=draft.opened, b=draft.closed),
            )
        )
    return Statement(
        account=draft.account,
        currency=draft.currency,
        dialect=draft.dialect,
        format=draft.format,
        encoding=draft.encoding,
        from_date=opened,
        to_date=closed,
        opening=first,
        closing=last,
        balance_ok=ok,
        breaks=0,
        direction=None,
        proven=False,
        row_order=order,
        lines=_frame(rows),
        pending=_frame(draft.pending),
        findings=tuple(findings),
        sha256=digest,
        file_name=file,
        serial_scope=draft.serial_scope,
    )


def _frame(lines: list[Line]) -> pl.DataFrame:
    if not lines:
        return no_lines()
    columns = {name: [getattr(line, name, None) for line in lines] for name in LINES}
    return pl.DataFrame(columns, schema=LINES)


def _oldest_first(lines: list[Line]) -> tuple[list[Line], str]:
    """Lines by date; those of one day stay as the file has them, or reversed with it."""
    days = [line.date for line in lines if line.date is not None]
    if days == sorted(days):
        return lines, "oldest_first" if len(set(days)) > 1 or len(lines) < 2 else "undetermined"
    if days == sorted(days, reverse=True):
        return lines[::-1], "newest_first"
    return sorted(lines, key=lambda line: line.date or date.max), "undetermined"


def _period(draft: Draft) -> tuple[date | None, date | None, int]:
    """From, to, and how many lines lie outside of what the file states; the lines decide."""
    days = [line.date for line in draft.lines if line.date is not None]
    opened, closed = draft.opened, draft.closed
    outside = sum((opened is not None and day < opened) or (closed is not None and day > closed) for day in days)
    first = min([*days, *([opened] if opened else [])], default=closed)
    last = max([*days, *([closed] if closed else [])], default=opened)
    return first, last, outside if opened and closed else 0


def _pending(lines: list[Line]) -> Finding:
    inflow, outflow = sum(line.amount_in for line in lines), sum(line.amount_out for line in lines)
    return Finding(
        code="pending",
        severity="warning",
        row=lines[0].row,
        message=_("{n} 笔尚未入账(收入 {a},支出 {b}),不导入").format(
            n=len(lines), a=decimal_text(inflow), b=decimal_text(outflow)
        ),
    )
