"""What Meterbook says when it will not do something.

::

    MeterbookError                exit code 1; carries one Fault per thing that is wrong
     +- Refused                   a rule of the business says no (controls C01–C53, invariants)
     |   +- ConflictingDocument   the number is taken by other content
     |   +- AlreadyReversed       an entry is reversed once
     +- SourceError               a file cannot be read as what it claims to be
     |   +- ImportRejected        a bank statement or return file, refused whole
     +- ConfigError               book.toml or chart.toml, with file and key
     +- LawBroken                 the database itself refused (see ledger/storage/ddl)
     +- NotFound                  a name, number or entry that does not exist

Faults of a user's data are values: they are collected over the whole file and
raised together, so that one round mends them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.i18n import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong, where it stands and what was expected (差错).

    ``row`` is the 1-based line of the file or row of the sheet, ``column`` the
    header as the user knows it, ``message`` the finished sentence in the
    user's language, ``code`` the control (``C20``) or the kind of fault.
    """

    message: str
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    code: str | None = None

    def place(self) -> str:
        """Where it stands, as a person reads it: file, sheet, row, column."""
        parts = [self.file] if self.file else []
        if self.sheet:
            parts.append(_("工作表 {sheet}").format(sheet=self.sheet))
        if self.row is not None:
            parts.append(_("第 {row} 行").format(row=self.row))
        if self.column:
            parts.append(_("列 {column}").format(column=self.column))
        return " ".join(parts)

    def text(self) -> str:
        """One line: place, value, what is wrong."""
        place = self.place()
        value = "" if self.value is None else _("“{value}”").format(value=self.value)
        head = " ".join(part for part in (place, value) if part)
        code = f"[{self.code}] " if self.code and self.code.startswith("C") else ""
        return f"{head}: {code}{self.message}" if head else f"{code}{self.message}"


class MeterbookError(Exception):
    """Root of every refusal; carries its faults."""

    def __init__(self, faults: Iterable[Fault] | Fault | str) -> None:
        if isinstance(faults, str):
            faults = Fault(message=faults)
        if isinstance(faults, Fault):
            faults = (faults,)
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(fault.text() for fault in self.faults))


class Refused(MeterbookError):
    """A rule of the business says no; nothing was posted."""


class ConflictingDocument(Refused):
    """A document number is already posted with other content."""


class AlreadyReversed(Refused):
    """An entry can be reversed (红字冲销) once."""


class SourceError(MeterbookError):
    """A file cannot be read as what it claims to be."""


class ImportRejected(SourceError):
    """A statement or return file, refused whole; nothing half imported."""


class ConfigError(MeterbookError):
    """A fault in book.toml or chart.toml: names file and key."""

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__(Fault(file=file, column=key, message=message, code="config"))


class LawBroken(MeterbookError):
    """The database refused what its laws forbid, whoever wrote it."""

    def __init__(self, law: str, detail: str = "") -> None:
        self.law = law
        super().__init__(Fault(message=_("数据库拒绝:{law} {detail}").format(law=law, detail=detail).strip()))


class NotFound(MeterbookError):
    """Nothing by that name, number or code."""
