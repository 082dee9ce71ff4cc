"""Configuration files, read strictly: what was not declared is refused.

A :class:`Section` is one table of a TOML file. Each value is taken by name and
type; what nobody took is an unknown key. Every fault is a
:class:`~ledger.errors.ConfigError` that names the file and the key
(``bank[2].branch``).
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

from ledger.errors import ConfigError
from ledger.i18n import _
from ledger.money import InvalidAmount, parse_fen

PRICE_SCALE: Final = 10_000
"""Unit prices (单价) and rates are integers of 1/10000 yuan: 2.20 yuan/m³ is 22000."""

_REQUIRED: Final = object()
_PRICE = re.compile(r"\d{1,9}(\.\d{1,4})?")
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?\s*%?")

T = TypeVar("T")


def read_text(path: Path) -> str:
    """A file shipped with the package."""
    return path.read_text(encoding="utf-8")


def load_toml(text: str, file: str) -> Section:
    """TOML text as the section of its top level.

    Raises:
        ConfigError: when it is no TOML; the key is the place of the fault.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, "", _("不是有效的 TOML:{error}").format(error=error)) from error
    return Section(data, file)


def parse_price(text: str) -> int:
    """``"2.20"`` → 22000 units of 1/10000 yuan; ValueError when it is no price."""
    if not _PRICE.fullmatch(text):
        raise ValueError(text)
    whole, _dot, part = text.partition(".")
    return int(whole) * PRICE_SCALE + int(part.ljust(4, "0") or 0)


def parse_basis_points(text: str) -> int:
    """``"3 %"`` or ``"3"`` → 300 (1/100 of a percent); ValueError when it is no percentage."""
    match = _PERCENT.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


class Section:
    """One table of a configuration file, read key by key.

    A reading method without ``default`` needs the key. After the last one,
    :meth:`done` refuses what is left over.
    """

    def __init__(self, data: dict[str, Any], file: str, path: str = "") -> None:
        self._data = data
        self._left = set(data)
        self.file = file
        self.path = path

    def fault(self, key: str, message: str) -> ConfigError:
        """The error to raise about a key of this section (an empty key means the section)."""
        return ConfigError(self.file, self._key(key), message)

    def _key(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def _take(self, key: str, kind: type[T], expected: str, default: Any) -> Any:
        self._left.discard(key)
        if key not in self._data:
            if default is _REQUIRED:
                raise self.fault(key, _("缺少此项"))
            return default
        value = self._data[key]
        if type(value) is not kind:  # a bool is an int and a datetime a date: not here
            raise self.fault(key, _("应为{expected}").format(expected=expected))
        return value

    def has(self, key: str) -> bool:
        """Whether the key is given at all."""
        return key in self._data

    def keys(self) -> tuple[str, ...]:
        """The keys as written, for tables whose keys are data."""
        return tuple(self._data)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """Text; empty text only where there is a default."""
        value: str = self._take(key, str, _("文字"), default)
        if default is _REQUIRED and not value.strip():
            raise self.fault(key, _("不能为空"))
        return value

    def texts(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        """A list of text."""
        return self._list(key, str, _("文字列表"), default)

    def integer(self, key: str, default: Any = _REQUIRED, *, low: int = 0) -> int:
        """A whole number, not below ``low``."""
        value: int = self._take(key, int, _("整数"), default)
        if key in self._data and value < low:
            raise self.fault(key, _("不能小于 {low}").format(low=low))
        return value

    def integers(self, key: str, default: Any = _REQUIRED) -> tuple[int, ...]:
        """A list of whole numbers."""
        return self._list(key, int, _("整数列表"), default)

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        """A TOML boolean."""
        value: bool = self._take(key, bool, "true / false", default)
        return value

    def date(self, key: str, default: Any = _REQUIRED) -> dt.date:
        """A TOML date, unquoted: 2023-06-01."""
        value: dt.date = self._take(key, dt.date, _("日期(如 2023-06-01,不加引号)"), default)
        return value

    def dates(self, key: str, default: Any = _REQUIRED) -> tuple[dt.date, ...]:
        """A list of TOML dates."""
        return self._list(key, dt.date, _("日期列表"), default)

    def fen(self, key: str, default: Any = _REQUIRED) -> int:
        """An amount, written as text in yuan, not negative → fen."""
        text = self._take(key, str, _('金额文字(如 "50.00")'), default)
        if key not in self._data:
            return int(text)
        try:
            value = parse_fen(text)
        except InvalidAmount as error:
            raise self.fault(key, str(error)) from error
        if value < 0:
            raise self.fault(key, _("不能为负"))
        return value

    def price(self, key: str, default: Any = _REQUIRED) -> int:
        """A unit price or rate, written as text in yuan → 1/10000 yuan."""
        expected = _('单价文字(如 "2.20",最多四位小数)')
        text = self._take(key, str, expected, default)
        if key not in self._data:
            return int(text)
        try:
            return parse_price(text)
        except ValueError as error:
            raise self.fault(key, _("应为{expected}").format(expected=expected)) from error

    def basis_points(self, key: str, default: Any = _REQUIRED) -> int:
        """A percentage, written as text → 1/100 of a percent."""
        expected = _('百分比文字(如 "3 %")')
        text = self._take(key, str, expected, default)
        if key not in self._data:
            return int(text)
        try:
            return parse_basis_points(text)
        except ValueError as error:
            raise self.fault(key, _("应为{expected}").format(expected=expected)) from error

    def percentages(self, key: str, default: Any = _REQUIRED) -> tuple[int, ...]:
        """A list of percentages, written as text → 1/100 of a percent each."""
        try:
            return tuple(parse_basis_points(text) for text in self.texts(key, default))
        except ValueError as error:
            raise self.fault(key, _("应为{expected}").format(expected=_('百分比文字(如 "3 %")'))) from error

    def choice(self, key: str, options: Iterable[str], default: Any = _REQUIRED) -> str:
        """One of a closed list of words."""
        known = tuple(options)
        value: str = self._take(key, str, _("文字"), default)
        if key in self._data and value not in known:
            raise self.fault(key, _("应为其中之一:{options}").format(options="、".join(known)))
        return value

    def choices(self, key: str, options: Iterable[str], default: Any = _REQUIRED) -> tuple[str, ...]:
        """A list of words of a closed list, each once."""
        known = tuple(options)
        values = self.texts(key, default)
        for value in values:
            if value not in known:
                raise self.fault(
                    key, _("“{value}”应为其中之一:{options}").format(value=value, options="、".join(known))
                )
        if len(set(values)) != len(values):
            raise self.fault(key, _("有重复"))
        return values

    def section(self, key: str, *, required: bool = True) -> Section:
        """A table inside this one; an absent one that need not be there is empty."""
        data = self._take(key, dict, _("表"), _REQUIRED if required else {})
        return Section(data, self.file, self._key(key))

    def sections(self, key: str, *, required: bool = False) -> tuple[Section, ...]:
        """The tables of a list, ``[[key]]``, in file order; counted from 1 in faults."""
        rows = self._take(key, list, _("表的列表"), _REQUIRED if required else [])
        if required and not rows:
            raise self.fault(key, _("不能为空"))
        out = []
        for number, row in enumerate(rows, start=1):
            if type(row) is not dict:
                raise self.fault(f"{key}[{number}]", _("应为{expected}").format(expected=_("表")))
            out.append(Section(row, self.file, self._key(f"{key}[{number}]")))
        return tuple(out)

    def _list(self, key: str, kind: type[T], expected: str, default: Any) -> tuple[T, ...]:
        values = self._take(key, list, expected, default)
        if any(type(value) is not kind for value in values):
            raise self.fault(key, _("应为{expected}").format(expected=expected))
        return tuple(values)

    def done(self) -> None:
        """Refuse the keys nobody asked for."""
        for key in sorted(self._left):
            raise self.fault(key, _("未知的项"))
