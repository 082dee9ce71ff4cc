"""One model for every register and statement; renderers print it, reports fill it.

A :class:`Report` is what a form says: title, unit, period, a typed table with
totals, the checks that prove it (勾稽, :class:`TieOut`), who signs. A report
computes nothing a view can: its rows come from ``ledger.views`` frames.

``rows`` are the machine's table (JSON, CSV); where the paper form looks
otherwise (the two halves of 余额调节表, subtotals between groups), ``paper``
is the table that people get on screen and in the workbook.
Amounts in rows are fen.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from ledger.controls import control_fault
from ledger.errors import Refused
from ledger.i18n import _
from ledger.money import format_fen

ColumnType = Literal["text", "money", "date", "integer"]
Media = frozenset[str]

ALL_MEDIA: Final[Media] = frozenset({"table", "xlsx", "pdf", "html", "csv", "json"})
PAPER: Final[Media] = frozenset({"table", "xlsx", "pdf", "html"})
WIDE: Final[Media] = frozenset({"xlsx", "csv"})
"""Columns there is no room for on a screen."""
FLAT: Final[Media] = frozenset({"csv", "json"})
"""Columns that the paper form shows in another way."""

Row = Mapping[str, Any]
Style = Literal["", "opening", "subtotal", "section", "strong", "alert"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``key`` for machines, ``title`` for people, ``type`` of its values.

    ``labels`` is what people see for a value (``零钞`` → 备用零钞); ``blank_zero`` leaves zero
    amounts empty on paper; ``media`` are the renderers that show the column. ``head`` are the title's
    two storeys on paper: the upper one is merged over neighbours that share it. ``personal`` says
    what personal data the column holds (exports/masked.py).
    """

    key: str
    title: str
    type: ColumnType = "text"
    labels: Mapping[str, str] = field(default_factory=dict)
    blank_zero: bool = False
    media: Media = ALL_MEDIA
    head: tuple[str, str] | None = None
    personal: Literal["", "name", "phone", "account", "address"] = ""

    def shown(self, value: Any) -> Any:
        """The value with its label, for people."""
        return self.labels.get(value, value) if self.labels else value


def under(above: str, columns: Iterable[Column]) -> list[Column]:
    """The columns with one merged heading over them on paper."""
    return [replace(column, head=(above, column.title)) for column in columns]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, rows and their total row; ``styles`` one per row, or none at all."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Row = field(default_factory=dict)
    styles: Sequence[Style] = ()

    def style(self, number: int) -> Style:
        """How row ``number`` stands out."""
        return self.styles[number] if self.styles else ""

    def for_medium(self, medium: str) -> Table:
        """The table with the columns that a renderer shows."""
        columns = [column for column in self.columns if medium in column.media]
        return Table(columns, self.rows, self.totals, self.styles)


@dataclass(frozen=True, slots=True)
class TieOut:
    """One check (勾稽): two amounts in fen, or with ``count`` two numbers, from different sources, that must be equal."""

    name: str
    left: int
    right: int
    count: bool = False

    @property
    def difference(self) -> int:
        """What the left has over the right, fen."""
        return self.left - self.right

    @property
    def ok(self) -> bool:
        """平."""
        return self.difference == 0

    def text(self, value: int) -> str:
        """One of its values as people read it."""
        return f"{value:,}" if self.count else format_fen(value)


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture of sums that stand in the report, as data: who can draw draws it (the workbook), the rest leave it out.

    ``series``: name → one amount in fen per category. ``stacked`` puts the series on each other: parts of a whole.
    """

    title: str
    categories: Sequence[str]
    series: Sequence[tuple[str, Sequence[int]]]
    kind: Literal["column", "stacked"] = "stacked"

    @property
    def filled(self) -> bool:
        """Whether there is anything to see."""
        return any(value for _name, values in self.series for value in values)


@dataclass(frozen=True, slots=True)
class Period:
    """What time a report is about: a span of days, or with ``start == end`` a day or cut-off."""

    start: dt.date
    end: dt.date

    @property
    def point(self) -> bool:
        """A single day or cut-off."""
        return self.start == self.end

    def iso(self) -> str:
        """``2023-06-30`` or ``2023-06-01/2023-06-30`` (ISO 8601)."""
        return self.end.isoformat() if self.point else f"{self.start.isoformat()}/{self.end.isoformat()}"

    def text(self) -> str:
        """As a form's head says it."""
        if self.point:
            return self.end.isoformat()
        return _("{start} 至 {end}").format(start=self.start.isoformat(), end=self.end.isoformat())

    def prefix(self) -> str:
        """Date prefix of a file name: ``20230630``, ``20230601-0630``, the full end in another year."""
        start, end = f"{self.start:%Y%m%d}", f"{self.end:%Y%m%d}"
        if self.point:
            return end
        return f"{start}-{end[4:]}" if self.start.year == self.end.year else f"{start}-{end}"


_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def file_stem(period: Period, name: str, suffix: str | None = None, version: int = 1) -> str:
    """``20230630银行存款余额调节表_工行0101``: date, template name, suffix, ``_v2`` when re-issued (domain §5).

    What a file system refuses is left out; a suffix too long for 200 bytes is cut.
    """
    end = f"_v{version}" if version > 1 else ""
    start = _clean(f"{period.prefix()}{name}")
    if suffix:
        room = 200 - len(f"{start}_{end}".encode())
        start += "_" + _clean(suffix).encode()[:room].decode(errors="ignore")
    return start + end


_NAMED = re.compile(r"\d{8}(-\d{4}|-\d{8})?[^\d\s][^\\/:*?\"<>|]*")


def check_name(stem: str) -> str:
    """A report's file name by the rule (C37): its date or span, then its name.

    Raises:
        Refused: it is not.
    """
    if not _NAMED.fullmatch(stem):
        raise Refused(control_fault("C37", value=stem))
    return stem


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", unicodedata.normalize("NFC", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A filled form.

    ``heads`` are the labelled facts above the table (编制单位, 账号), ``notes`` sentences below it,
    ``signatures`` the roles that sign, ``state`` the ledger state it was drawn from,
    ``file_stem`` the file's name without extension, ``sheets`` further tables, on sheets of the workbook and pages of
    their own, ``charts`` pictures of its sums.
    """

    code: str
    title: str
    period: Period
    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Row = field(default_factory=dict)
    tie_outs: Sequence[TieOut] = ()
    unit: str = "元"
    heads: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    signatures: Sequence[str] = ()
    state: str = ""
    file_stem: str = ""
    styles: Sequence[Style] = ()
    paper: Table | None = None
    sheets: Sequence[tuple[str, Table]] = ()
    charts: Sequence[Diagram] = ()

    @property
    def ok(self) -> bool:
        """Whether every check is level (平)."""
        return all(tie_out.ok for tie_out in self.tie_outs)

    def table(self, medium: str) -> Table:
        """What a renderer prints: the paper form for people, the rows for machines."""
        own = Table(self.columns, self.rows, self.totals, self.styles)
        return (self.paper if self.paper is not None and medium in PAPER else own).for_medium(medium)

    def further(self, medium: str) -> list[tuple[str, Table]]:
        """The further tables that a renderer shows, by their titles."""
        tables = [(title, table.for_medium(medium)) for title, table in self.sheets]
        return [(title, table) for title, table in tables if table.columns]


def total(
    columns: Iterable[Column], rows: Iterable[Row], *, label: str | None = None, key: str | None = None
) -> dict[str, Any]:
    """The total row: sums of the money columns, and the word 合计 in ``key`` for people."""
    listed = list(rows)
    sums: dict[str, Any] = {
        column.key: sum(row.get(column.key) or 0 for row in listed) for column in columns if column.type == "money"
    }
    return sums if key is None else {key: label or _("合计"), **sums}


def grouped(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    by: str,
    label_key: str,
    label: Mapping[Any, str] | None = None,
    totals: Row | None = None,
) -> Table:
    """The paper table of rows that stand in groups of column ``by``: each group of several rows ends in its 小计."""
    out: list[Row] = []
    styles: list[Style] = []
    pending: list[Row] = []

    several = len({row[by] for row in rows}) > 1

    def close() -> None:
        # a single group of all has its sum in the total row
        if len(pending) > 1 and (several or not totals):
            name = (label or {}).get(pending[0][by], str(pending[0][by] or ""))
            out.append(total(columns, pending, key=label_key, label=_("{name} 小计").format(name=name)))
            styles.append("subtotal")
        pending.clear()

    for row in rows:
        if pending and pending[0][by] != row[by]:
            close()
        pending.append(row)
        out.append(row)
        styles.append("")
    close()
    return Table(columns, out, totals if totals is not None else {}, styles)
