"""A bank's layout as data: ``dialects/<bank>.toml``, validated on load.

::

    name = "icbc_enterprise"           unique, the file's own name
    title = "中国工商银行 企业网银"      for people; title_en too
    currency = "CNY"                   where the file prints none
    order = "newest_first"             only where the balances cannot tell
    marker = ["[HISTORYDETAIL]"]       text that must stand above the header
    fallback = false                   true: considered only when no other fits

    [header]  required = [..]          header names that must all be there
              absent = [..]            … and must not
              lines = 2                the names stand in two rows, a column's own below a common one
    [columns] date = ["交易时间"] …     field = header names; the first present is taken,
                                       of summary and reference all present are joined
    [cells]   prefix = "`"             characters the bank sets before every cell
    [amount]  form = "in_out"          columns amount_in, amount_out; out_negative = true: what
                                       went out is printed below zero
              form = "debit_credit"    columns debit, credit; debit = "out"|"in": the declared
                                       reading, used where the balances cannot tell
              form = "signed"          column amount, + in, − out; negate = true: the reverse
              form = "flag"            columns amount, flag; flags_in, flags_out: words the cell
                                       begins with; flags_neutral: it moves nothing here
              closed = ["交易关闭"]      words of column status: nothing was paid
              decimal = ","            the decimal mark where it is no point; symbol = "$": a sign
                                       the bank prints with amounts
    [dates]   order = "dmy" | "mdy"    dates that do not begin with the year
    [balance] masked = "regex"         a balance the bank hides
    [rows]    opening, closing         words of a first/last row that carries a balance
              footer                   words that begin the totals row
              skip                     words that begin a row which is no line: a page's subtotal
              end                      words that end the table
    [meta]    account, currency, from, to, opening, closing = labels above the header;
              period = a label behind which both days stand
    [declared] count, in, out          labels above or below the table, as 共66笔, 收入:1笔 0.35元
    [totals]  count, in, out           header names of a table of totals below the lines
    [serial]  scope = "account"        numbers unique in the account | "day" | "none"

A user's dialect is somebody's data, not our code: unknown keys, wrong types, long or
unprintable words and patterns beyond a linear matcher are refused with file and key. A
dialect names no path and runs nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from ledger.errors import ConfigError
from ledger.i18n import _
from ledger.money import normal_text

FILE_MAX = 64 * 1024
"""Bytes of a dialect file."""
WORDS_MAX = 60
"""Words of one list."""
WORD_MAX = 120
"""Characters of one word, label or title."""
PATTERN_MAX = 200
DIALECTS_MAX = 500
"""Files of one folder."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

SHIPPED = Path(__file__).parent / "dialects"
FIELDS = frozenset(
    "date time serial amount_in amount_out debit credit amount flag balance party party_in party_out "
    "party_account party_account_in party_account_out summary reference currency account status".split()
)
JOINED = frozenset({"summary", "reference"})
FORMS: dict[str, frozenset[str]] = {
    "in_out": frozenset({"amount_in", "amount_out"}),
    "debit_credit": frozenset({"debit", "credit"}),
    "signed": frozenset({"amount"}),
    "flag": frozenset({"amount", "flag"}),
}
KEYS: dict[str, frozenset[str]] = {
    "": frozenset(
        "name title title_en currency order marker fallback header columns cells amount dates balance rows meta declared "
        "totals serial".split()
    ),
    "header": frozenset({"required", "absent", "lines"}),
    "columns": FIELDS,
    "cells": frozenset({"prefix"}),
    "amount": frozenset(
        "form debit negate out_negative flags_in flags_out flags_neutral closed decimal symbol".split()
    ),
    "dates": frozenset({"order"}),
    "balance": frozenset({"masked"}),
    "rows": frozenset({"opening", "closing", "footer", "skip", "end"}),
    "meta": frozenset({"account", "currency", "from", "to", "period", "opening", "closing"}),
    "declared": frozenset({"count", "in", "out"}),
    "totals": frozenset({"count", "in", "out"}),
    "serial": frozenset({"scope"}),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "order": ("", "oldest_first", "newest_first"),
    "amount.form": tuple(FORMS),
    "amount.debit": ("", "in", "out"),
    "amount.decimal": ("", ","),
    "dates.order": ("", "dmy", "mdy"),
    "serial.scope": ("account", "day", "none"),
}


@lru_cache(maxsize=4096)
def header_key(text: str) -> str:
    """A header name as it is compared: full-width folded, every blank removed, lower case."""
    return re.sub(r"\s+", "", normal_text(text)).casefold()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One bank's layout; see the module's docstring for the keys."""

    name: str
    title: str
    title_en: str
    currency: str | None
    order: str
    marker: tuple[str, ...]
    fallback: bool
    required: frozenset[str]
    absent: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    form: str
    debit: str
    negate: bool
    flags_in: tuple[str, ...]
    flags_out: tuple[str, ...]
    flags_neutral: tuple[str, ...]
    closed: tuple[str, ...]
    out_negative: bool
    prefix: str | None
    decimal: str
    symbol: str | None
    date_order: str
    masked: str | None
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    totals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serial_scope: str = "account"
    header_lines: int = 1

    @cached_property
    def known(self) -> frozenset[str]:
        """Every header name this dialect has a use for, as keys."""
        return frozenset(header_key(name) for names in self.columns.values() for name in names)

    @cached_property
    def needed(self) -> tuple[frozenset[str], ...]:
        """Per field that a line cannot do without, its header names as keys: one of them must be there."""
        fields = sorted({"date", *FORMS[self.form]})
        return tuple(frozenset(header_key(name) for name in self.columns[one]) for one in fields)


def parse_dialect(text: str, file: str) -> Dialect:
    """A dialect from its TOML; every fault names file and key."""
    data = _load(text, file)
    reader = _Reader(data, file)
    name = reader.text("name")
    if not name:
        raise ConfigError(file, "name", _("缺少此项"))
    if not NAME.fullmatch(name):
        raise ConfigError(file, "name", _("应为小写字母、数字和下划线,以字母开头,至多64个字符"))
    form = reader.choice("amount.form")
    columns = {key: reader.words(f"columns.{key}") for key in data.get("columns", {})}
    for needed in sorted({"date", *FORMS[form]} - columns.keys()):
        raise ConfigError(file, f"columns.{needed}", _("缺少此项"))
    required = frozenset(header_key(word) for word in reader.words("header.required"))
    if len(required) < 3:
        raise ConfigError(file, "header.required", _("至少需要三个列名才能识别"))
    if form == "flag" and not (reader.words("amount.flags_in") and reader.words("amount.flags_out")):
        raise ConfigError(file, "amount.flags_in", _("缺少此项"))
    if reader.words("amount.closed") and "status" not in columns:
        raise ConfigError(file, "columns.status", _("缺少此项"))
    return Dialect(
        name=name,
        title=reader.text("title") or name,
        title_en=reader.text("title_en") or reader.text("title") or name,
        currency=reader.text("currency"),
        order=reader.choice("order"),
        marker=reader.words("marker"),
        fallback=reader.flag("fallback"),
        required=required,
        absent=frozenset(header_key(word) for word in reader.words("header.absent")),
        columns=columns,
        form=form,
        debit=reader.choice("amount.debit"),
        negate=reader.flag("amount.negate"),
        flags_in=reader.words("amount.flags_in"),
        flags_out=reader.words("amount.flags_out"),
        flags_neutral=reader.words("amount.flags_neutral"),
        closed=reader.words("amount.closed"),
        out_negative=reader.flag("amount.out_negative"),
        prefix=reader.text("cells.prefix"),
        decimal=reader.choice("amount.decimal"),
        symbol=reader.text("amount.symbol"),
        date_order=reader.choice("dates.order"),
        masked=reader.pattern("balance.masked"),
        rows={key: reader.words(f"rows.{key}") for key in KEYS["rows"]},
        meta={key: reader.words(f"meta.{key}") for key in KEYS["meta"]},
        declared={key: reader.words(f"declared.{key}") for key in data.get("declared", {})},
        totals={key: reader.words(f"totals.{key}") for key in data.get("totals", {})},
        serial_scope=reader.choice("serial.scope"),
        header_lines=reader.count("header.lines", 2),
    )


def _load(text: str, file: str) -> dict[str, Any]:
    """The TOML with every key known."""
    if len(text) > FILE_MAX:
        raise ConfigError(file, "", _("格式文件超过 {n} KB").format(n=FILE_MAX // 1024))
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(file, "", _("不是合格的TOML:{why}").format(why=str(error))) from error
    for section, allowed in KEYS.items():
        part = data if section == "" else data.get(section, {})
        if not isinstance(part, dict):
            raise ConfigError(file, section, _("应为一节 [{section}]").format(section=section))
        for key in part:
            if key not in allowed:
                raise ConfigError(file, f"{section}.{key}".strip(".")[:WORD_MAX], _("未知的键"))
    return data


class _Reader:
    """Typed access to the TOML by dotted key."""

    def __init__(self, data: Mapping[str, Any], file: str) -> None:
        self._data, self._file = data, file

    def _raw(self, key: str) -> Any:
        section, _dot, name = key.rpartition(".")
        part = self._data.get(section, {}) if section else self._data
        return part.get(name)

    def words(self, key: str) -> tuple[str, ...]:
        value = self._raw(key)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
            raise ConfigError(self._file, key, _("应为文字或文字的列表"))
        if len(value) > WORDS_MAX:
            raise ConfigError(self._file, key, _("至多 {n} 个").format(n=WORDS_MAX))
        return tuple(self._fair(word, key) for word in value)

    def text(self, key: str) -> str | None:
        value = self._raw(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise ConfigError(self._file, key, _("应为文字"))
        return self._fair(value, key)

    def flag(self, key: str) -> bool:
        value = self._raw(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ConfigError(self._file, key, _("应为 true 或 false"))
        return value

    def count(self, key: str, most: int) -> int:
        """A whole number from one, one where none is given."""
        value = self._raw(key)
        if value is None:
            return 1
        if type(value) is not int or not 1 <= value <= most:
            raise ConfigError(self._file, key, _("应为 1 至 {n} 的整数").format(n=most))
        return value

    def pattern(self, key: str) -> str | None:
        """A regular expression for polars' engine: linear in the text, whatever the pattern."""
        value = self.text(key)
        if value is None:
            return None
        try:
            pl.select(pl.lit("x").str.contains(value))
        except pl.exceptions.PolarsError as error:
            raise ConfigError(self._file, key, str(error)[:PATTERN_MAX]) from error
        return value

    def _fair(self, word: str, key: str) -> str:
        """The word, unless it is absurdly long or would drive a terminal."""
        longest = PATTERN_MAX if key == "balance.masked" else WORD_MAX
        if len(word) > longest:
            raise ConfigError(self._file, key, _("至多 {n} 个字符").format(n=longest))
        if not word.isprintable():
            raise ConfigError(self._file, key, _("含有不可见的字符"))
        return word

    def choice(self, key: str) -> str:
        value = self.text(key)
        allowed = CHOICES[key]
        if value is None and (allowed[0] == "" or key == "serial.scope"):
            return allowed[0]
        if value not in allowed or value == "":
            listed = "、".join(word for word in allowed if word)
            raise ConfigError(self._file, key, _("应为其中之一:{listed}").format(listed=listed))
        return str(value)


@cache
def _shipped() -> tuple[Dialect, ...]:
    return tuple(_folder(SHIPPED))


def _folder(folder: Path) -> Iterable[Dialect]:
    paths = sorted(folder.glob("*.toml"))
    if len(paths) > DIALECTS_MAX:
        raise ConfigError(str(folder), "", _("至多 {n} 个格式文件").format(n=DIALECTS_MAX))
    names: dict[str, str] = {}
    for path in paths:
        text = plain_text(path)
        if not text.strip():
            continue  # one that is just being written: statement probe FILE > dialects/NAME.toml
        dialect = parse_dialect(text, path.name)
        if dialect.name in names:
            raise ConfigError(path.name, "name", _("与 {file} 重名").format(file=names[dialect.name]))
        names[dialect.name] = path.name
        yield dialect


def plain_text(path: Path) -> str:
    """A user's TOML file as text; only a plain file of sensible size is opened."""
    if not path.is_file():
        raise ConfigError(path.name, "", _("不是普通文件"))
    with path.open("rb") as file:
        content = file.read(FILE_MAX + 1)
    if len(content) > FILE_MAX:
        raise ConfigError(path.name, "", _("格式文件超过 {n} KB").format(n=FILE_MAX // 1024))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path.name, "", _("应为UTF-8文字")) from error


def load_dialects(*folders: Path) -> tuple[Dialect, ...]:
    """The shipped dialects and those of further folders; a name stands once, the user's wins."""
    by_name = {dialect.name: dialect for dialect in _shipped()}
    for folder in folders:
        by_name.update({dialect.name: dialect for dialect in _folder(folder)})
    return tuple(by_name[name] for name in sorted(by_name))


def user_folder(book: Path | None, name: str = "dialects") -> Path | None:
    """Where the user keeps dialects: ``METERBOOK_DIALECTS``, else ``dialects/`` beside the SQLite book;
    likewise files of any other ``name``.

    Raises:
        ConfigError: the variable names no folder.
    """
    variable = f"METERBOOK_{name.upper()}"
    if named := os.environ.get(variable):
        folder = Path(named)
        if not folder.is_dir():
            raise ConfigError(variable, "", _("文件夹不存在:{path}").format(path=named))
        return folder
    if book is None:
        return None
    folder = book.parent / name
    return folder if folder.is_dir() else None
