"""The file itself: its bytes, its digest, and what it is, judged by content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NoReturn

from ledger.errors import Fault, SourceError
from ledger.i18n import _

BYTES_MAX = 256 * 2**20
"""Largest file read; a million receipts are about 80 MB."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TEXT_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

Form = Literal["workbook", "text"]


@dataclass(frozen=True)
class Source:
    """A file to read; ``name`` is the name the person knows, without folders."""

    name: str
    data: bytes

    @classmethod
    def open(cls, source: Path | bytes, name: str | None = None) -> Source:
        """The file of a path, or bytes under a name.

        Raises:
            SourceError: there is no such file, it cannot be read, or it is too large.
        """
        if isinstance(source, bytes):
            opened = cls(name or _("(数据)"), source)
        else:
            shown = name or source.name
            try:
                size = source.stat().st_size
                data = source.read_bytes() if size <= BYTES_MAX else b""
            except OSError as error:
                reason = error.strerror or str(error)
                raise SourceError(
                    Fault(file=shown, message=_("文件打不开:{reason}").format(reason=reason), code="file")
                ) from error
            opened = cls(shown, data)
            if size > BYTES_MAX:
                opened.refuse(_("文件有 {size} MB,超过 {limit} MB").format(size=size >> 20, limit=BYTES_MAX >> 20))
        if len(opened.data) > BYTES_MAX:
            opened.refuse(
                _("文件有 {size} MB,超过 {limit} MB").format(size=len(opened.data) >> 20, limit=BYTES_MAX >> 20)
            )
        return opened

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def refuse(self, message: str, *, row: int | None = None, sheet: str | None = None, code: str = "file") -> NoReturn:
        """Give the whole file up, saying why.

        Raises:
            SourceError: always.
        """
        raise SourceError(Fault(file=self.name, sheet=sheet, row=row, message=message, code=code))

    def form(self) -> Form:
        """Workbook or text; refuses what is neither, whatever its name says.

        Raises:
            SourceError: empty, password-protected, an old workbook, a web page, PDF.
        """
        head = self.data[:512]
        if not self.data[: 2**16].strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
            self.refuse(_("文件是空的"), code="empty")
        if head.startswith(_OLE):
            if _ENCRYPTED in self.data:
                self.refuse(_("工作簿有打开密码,请在 Excel 中取消密码后再交"), code="password")
            self.refuse(_("这是旧式 .xls 文件,请在 Excel 中另存为 .xlsx"), code="format")
        if head.startswith(b"PK"):
            return "workbook"
        if head.startswith(b"%PDF"):
            self.refuse(_("这是 PDF 文件,请交 .xlsx 或 .csv"), code="format")
        if not head.startswith(_TEXT_BOMS[1:]):
            start = head.removeprefix(_TEXT_BOMS[0]).lstrip().lower()
            if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
                self.refuse(_("这是网页或 XML 文件,请在 Excel 中打开并另存为 .xlsx"), code="format")
        return "text"
