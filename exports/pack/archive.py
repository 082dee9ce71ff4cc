"""A zip that depends on its files alone: one instant, one order, no owner."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

_UTF8 = 0x800
_MODE = 0o100644 << 16


class Archive:
    """A zip being written. ``hashes`` and ``sizes`` say what is in it: path → SHA-256 and bytes."""

    def __init__(self, path: Path, when: dt.datetime) -> None:
        self.hashes: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self._time = (when.year, when.month, when.day, when.hour, when.minute, when.second // 2 * 2)
        self._zip = zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6)

    def add(self, name: str, content: bytes) -> None:
        """Write a file; a path stands once.

        Raises:
            ValueError: it is there already.
        """
        if name in self.hashes:
            raise ValueError(name)
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr, info.flag_bits = 3, _MODE, _UTF8
        self._zip.writestr(info, content, compresslevel=6)
        self.hashes[name] = hashlib.sha256(content).hexdigest()
        self.sizes[name] = len(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
