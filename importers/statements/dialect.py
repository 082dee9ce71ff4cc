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
    [columns] date = ["交易时间"] …     field = header names; the first present is taken,
                                       of summary and reference all present are joined
    [amount]  form = "in_out"          columns amount_in, amount_out
              form = "debit_credit"    columns debit, credit; debit = "out"|"in": the declared
                                       reading, used where the balances cannot tell
              form = "signed"          column amount, + in, − out; negate = true: the reverse
              form = "flag"            columns amount, flag; flags_in, flags_out: words
    [balance] masked = "regex"         a balance the bank hides
    [rows]    opening, closing         words of a first/last row that carries a balance
              footer                   words that begin the totals row
              end                      words that end the table
    [meta]    account, currency, from, to, opening, closing = labels above the header
    [serial]  scope = "account"        numbers unique in the account | "day" | "none"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from ledger.errors import ConfigError
from ledger.i18n import _
from ledger.money import normal_text

SHIPPED = Path(__file__).parent / "dialects"
FIELDS = frozenset(
    "date time serial amount_in amount_out debit credit amount flag balance party party_in party_out "
    "party_account party_account_in party_account_out summary reference currency account".split()
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
        "name title title_en currency order marker fallback header columns amount balance rows meta serial".split()
    ),
    "header": frozenset({"required", "absent"}),
    "columns": FIELDS,
    "amount": frozenset({"form", "debit", "negate", "flags_in", "flags_out"}),
    "balance": frozenset({"masked"}),
    "rows": frozenset({"opening", "closing", "footer", "end"}),
    "meta": frozenset({"account", "currency", "from", "to", "opening", "closing"}),
    "serial": frozenset({"scope"}),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "order": ("", "oldest_first", "newest_first"),
    "amount.form": tuple(FORMS),
    "amount.debit": ("", "in", "out"),
    "serial.scope": ("account", "day", "none"),
}


def header_key(text: str) -> str:
    """A header name as it is compared: full-width folded, every blank removed, lower case."""
    return re.sub(r"\s+", "", normal_text(text)).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
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
    masked: str | None
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serial_scope: str = "account"

    @property
    def known(self) -> frozenset[str]:
        """Every header name this dialect has a use for, as keys."""
        return frozenset(header_key(name) for names in self.columns.values() for name in names)


def parse_dialect(text: str, file: str) -> Dialect:
    """A dialect from its TOML; every fault names file and key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, "", _("不是合格的TOML:{why}").format(why=str(error))) from error
    for section, allowed in KEYS.items():
        part = data if section == "" else data.get(section, {})
        if not isinstance(part, dict):
            raise ConfigError(file, section, _("应为一节 [{section}]").format(section=section))
        for key in part:
            if key not in allowed:
                raise ConfigError(file, f"{section}.{key}".strip("."), _("未知的键"))
    reader = _Reader(data, file)
    form = reader.choice("amount.form")
    columns = {name: reader.words(f"columns.{name}") for name in data.get("columns", {})}
    for needed in {"date", *FORMS[form]} - columns.keys():
        raise ConfigError(file, f"columns.{needed}", _("缺少此项"))
    required = frozenset(header_key(name) for name in reader.words("header.required"))
    if len(required) < 3:
        raise ConfigError(file, "header.required", _("至少需要三个列名才能识别"))
    if form == "flag" and not (reader.words("amount.flags_in") and reader.words("amount.flags_out")):
        raise ConfigError(file, "amount.flags_in", _("缺少此项"))
    masked = reader.text("balance.masked")
    if masked is not None:
        try:
            # the engine of the reader itself: linear in the text, whatever the pattern
            pl.select(pl.lit("x").str.contains(masked))
        except pl.exceptions.PolarsError as error:
            raise ConfigError(file, "balance.masked", str(error)) from error
    name = reader.text("name")
    if not name:
        raise ConfigError(file, "name", _("缺少此项"))
    return Dialect(
        name=name,
        title=reader.text("title") or name,
        title_en=reader.text("title_en") or reader.text("title") or name,
        currency=reader.text("currency"),
        order=reader.choice("order"),
        marker=reader.words("marker"),
        fallback=bool(data.get("fallback", False)),
        required=required,
        absent=frozenset(header_key(word) for word in reader.words("header.absent")),
        columns=columns,
        form=form,
        debit=reader.choice("amount.debit"),
        negate=bool(data.get("amount", {}).get("negate", False)),
        flags_in=reader.words("amount.flags_in"),
        flags_out=reader.words("amount.flags_out"),
        masked=masked,
        rows={key: reader.words(f"rows.{key}") for key in KEYS["rows"]},
        meta={key: reader.words(f"meta.{key}") for key in KEYS["meta"]},
        serial_scope=reader.choice("serial.scope"),
    )


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
        return tuple(value)

    def text(self, key: str) -> str | None:
        value = self._raw(key)
        if value is not None and not isinstance(value, str):
            raise ConfigError(self._file, key, _("应为文字"))
        return value

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
    for path in sorted(folder.glob("*.toml")):
        yield parse_dialect(path.read_text(encoding="utf-8"), path.name)


def load_dialects(*folders: Path) -> tuple[Dialect, ...]:
    """The shipped dialects and those of further folders; a name stands once, the user's wins."""
    by_name = {dialect.name: dialect for dialect in _shipped()}
    for folder in folders:
        by_name.update({dialect.name: dialect for dialect in _folder(folder)})
    return tuple(by_name[name] for name in sorted(by_name))
