"""How far the cells of a workbook claim to reach, told from its bytes before a library lays them out.

A library makes room for every cell between the first and the last: two cells in opposite corners
of a sheet take all the memory there is, and a chain of sectors that bites its own tail (.xls) never
ends. Both are refused here. What is damaged otherwise is left to the library, and what hides in
a part too large to be weighed to the limits of the child process.

::

    .xls   compound file: header → sector table (FAT) → directory → stream "Workbook"
           stream: records (type, size, data); DIMENSIONS and every cell name row and column
    .xlsx  archive: every part with <sheetData>; every cell names its place ("XFD1048576")
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from importers.archive import Unfit
from ledger.i18n import _

CELLS_MAX: Final = 20_000_000
"""Rows × columns a sheet may claim."""
COLUMNS_MAX: Final = 1_000
"""No statement has more; each costs as much as thousands of rows."""
SPARSE_FROM: Final = 1_000_000
SPARSE_MAX: Final = 200
"""From so many on, how many times the cells that it holds: a stray cell in a far corner is no statement's."""
WEIGHED_MAX: Final = 16 * 2**20
"""Bytes of a part that is weighed: beyond it the weighing would take as long as the reading."""

_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,8})([0-9]{1,20})["'](?![^<>]*/>)""")
"""The place of a cell that is not empty: a row formatted to its end is no wide row."""
_LAST_SECTOR = 0xFFFF_FFFA
"""Numbers from here on are marks: end of a chain, free, table."""
_SMALL_STREAM = 4096
"""Streams below this size lie in the small sectors."""
_CELLS = frozenset({0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
_SEVERAL = frozenset({0x00BD, 0x00BE})
"""Records of several cells of a row: the last column stands last."""
_DIMENSIONS = 0x0200


Reach = tuple[int, int, int]
"""Rows and columns a sheet claims, and the cells it holds."""


def check_extent(content: bytes) -> None:
    """Refuse a workbook that claims absurdly many cells.

    Raises:
        Unfit: code ``size``; or ``format`` for a file whose chain of sectors has no end.
    """
    for rows, columns, held in _of_archive(content) if content.startswith(b"PK") else _of_compound(content):
        claimed = rows * columns
        if claimed > CELLS_MAX or columns > COLUMNS_MAX or (claimed > SPARSE_FROM and claimed > SPARSE_MAX * held):
            message = _("工作表过大:声称 {rows} 行 {columns} 列,实有 {n} 格;请删去多余的行列后另存")
            raise Unfit(message.format(rows=rows, columns=columns, n=held), "size")


def _of_archive(content: bytes) -> Iterator[Reach]:
    """Each sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if member.file_size <= WEIGHED_MAX and member.filename.endswith(".xml"):
                    yield _of_part(archive.read(member))
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError, KeyError):
        return  # damaged: the library says so


def _of_part(data: bytes) -> Reach:
    if b"sheetData" not in data:
        return 0, 0, 0
    places = _PLACE.findall(data)
    columns = max((_column(letters) for letters in {letters for letters, _row in places}), default=0)
    return max((int(row) for _letters, row in places), default=0), columns, len(places)


def _column(letters: bytes) -> int:
    """``b"AA"`` → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


# ---- the compound file of .xls ----


def _of_compound(content: bytes) -> Iterator[Reach]:
    """What the cells of a workbook reach together, and each DIMENSIONS by itself."""
    if len(content) < 512:
        return
    for stream in _Compound(content).workbooks():
        if len(stream) <= WEIGHED_MAX:
            yield from _of_records(stream)


def _of_records(stream: bytes) -> Iterator[Reach]:
    rows = columns = held = place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        data, place = stream[place + 4 : place + 4 + size], place + 4 + size
        if kind in _CELLS and len(data) >= 6:
            row, column = struct.unpack_from("<HH", data)
            last = int.from_bytes(data[-2:], "little") if kind in _SEVERAL else column
            rows, columns, held = (
                max(rows, row + 1),
                max(columns, column + 1, last + 1),
                held + max(last - column + 1, 1),
            )
        elif kind == _DIMENSIONS and len(data) >= 10:
            first, last, left, right = struct.unpack_from("<IIHH" if len(data) >= 14 else "<HHHH", data)
            # a last before the first wraps around in the library
            rows_said, columns_said = max(last, (last - first) % 2**32), max(right, (right - left) % 2**16)
            yield rows_said, columns_said, rows_said * columns_said
    yield rows, columns, held


class _Compound:
    """The sectors of a compound file and how they follow each other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        (shift,) = struct.unpack_from("<H", content, 30)
        self._size = 1 << shift if shift in (9, 12) else 512
        self._left = len(content) // 16  # a sector is in one chain: so many steps are enough many times over
        self._next = self._table()

    def workbooks(self) -> Iterator[bytes]:
        """The streams that hold a workbook; every chain of the file has an end.

        Raises:
            Unfit: one has none.
        """
        directory, small = (self._chain(int.from_bytes(self._content[at : at + 4], "little")) for at in (48, 60))
        following = _numbers(small)
        chest = b""
        for at in range(0, len(directory) - 127, 128):
            entry = directory[at : at + 128]
            name = entry[: max(int.from_bytes(entry[64:66], "little") - 2, 0)].decode("utf-16-le", errors="replace")
            start, size = struct.unpack_from("<II", entry, 116)
            if at == 0:
                chest = self._chain(start)
            elif entry[66] == 2 and size:  # a stream
                if size < _SMALL_STREAM:
                    parts = [chest[64 * one : 64 * one + 64] for one in self._chained(start, following)]
                    stream = b"".join(parts)
                else:
                    stream = self._chain(start)
                if name.casefold() in ("workbook", "book"):
                    yield stream[:size]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._content[start : start + self._size]

    def _table(self) -> Sequence[int]:
        """Sector → the one after it."""
        (more, _count) = struct.unpack_from("<II", self._content, 68)
        places, seen = list(_numbers(self._content[76:512])), set[int]()
        while more < _LAST_SECTOR and (sector := self._sector(more)):
            if more in seen:
                raise _endless()
            seen.add(more)
            *found, more = _numbers(sector) or (_LAST_SECTOR,)
            places += found
        return _numbers(b"".join(self._sector(one) for one in dict.fromkeys(places) if one < _LAST_SECTOR))

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in self._chained(start, self._next))

    def _chained(self, start: int, following: Sequence[int]) -> list[int]:
        """The sectors from one on, up to the end of their chain or of the table."""
        chain, seen = list[int](), set[int]()
        while start < _LAST_SECTOR:
            if start in seen or self._left < 0:
                raise _endless()
            self._left -= 1
            seen.add(start)
            chain.append(start)
            if start >= len(following):
                break
            start = following[start]
        return chain


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _endless() -> Unfit:
    return Unfit(_("工作簿已损坏:它的扇区链没有尽头"), "format")
