"""A bank's exchange file as data: ``layouts/<name>.toml``, validated on load.

::

    name = "pipe_status"               unique, the file's own name
    title, title_en                    for people
    purpose = "return"                 回盘, of a direct debit or of a collection (托收) batch
              | "send"                 送盘
              | "settlement"           what a wallet or acquirer pays out, net of its fee
              | "check"                a channel's daily file: settles nothing
    shape = "all"                      every row with its result
          | "success_only"             who is not listed was not debited
          | "success_part", "failure_part"   two files that are one answer
    form = "fields"                    fields by position between delimiters
         | "fixed"                     fields by width, in bytes of the encoding
         | "table"                     columns by the names above them (CSV, XLSX, printed report)
    delimiter = "|"                    one character; of a table any of several
    encoding, newline                  "gb18030" | "utf-8", "crlf" | "lf": how a file is written
    amount = "yuan" | "fen" | "fen_decimal"    32.50 | 3250 | 3250.00, all thirty-two and a half yuan
    marker = ["成功记录"]              text that must stand above the table
    prefix = "`"                       characters before every cell of a table
    fee_negative = true                the fee is printed below zero
    channel = "scan" | "pos"           of a settlement: whose

    [header]  fields, widths           the record of the whole: batch, counts, totals
    [row]     fields, widths           a row
    [table]   required = [..]          column names that must all be there
    [columns] account = ["账号"] …     field = column names; the first present is taken
    [rows]    footer = ["合计"]        words that begin a totals row
              skip = ["打印日期"]      words that begin a line which is no row
              end = ["#"]              words that begin the line below the table
    [totals]  count = "总交易单数"      the file's own table of totals below the rows: control = column name
    [declared] success = "交易合计"     a label below the rows: its count (笔) and amount (元)
    [codes]   SUCCESS = ["0"] …        outcome = codes of this bank
    [words]   OTHER = ["..."] …        outcome = texts, besides outcomes.toml

A field is a name of :data:`HEADER_FIELDS` or :data:`ROW_FIELDS`, ``"_"`` (anything),
``""`` (empty: behind a last delimiter) or ``"=text"`` (exactly this text). A layout is
data, perhaps a stranger's: it names no path and runs nothing; what it may hold is bounded.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from importers.returns.outcomes import OUTCOMES, common_words, word_key
from importers.statements.dialect import (
    DIALECTS_MAX,
    FILE_MAX,
    NAME,
    WORD_MAX,
    WORDS_MAX,
    header_key,
    plain_text,
)
from ledger.errors import ConfigError
from ledger.i18n import _

SHIPPED = Path(__file__).parent / "layouts"
CONTROLS = ("count", "amount", "success_count", "success_amount", "fail_count", "fail_amount")
SETTLED_CONTROLS = ("refund_count", "refund_amount", "gross_amount", "fee_amount", "net_amount")
DECLARED = ("success", "fail", "refund")
HEADER_FIELDS = frozenset({"batch", "date", "unit", *CONTROLS})
ROW_FIELDS = frozenset(
    "serial account name customer amount debited refund fee net date year unit reference code text".split()
)
KEYS: dict[str, frozenset[str]] = {
    "": frozenset(
        "name title title_en purpose shape form delimiter encoding newline amount marker prefix fee_negative channel"
        " header row table columns rows totals declared codes words".split()
    ),
    "header": frozenset({"fields", "widths"}),
    "row": frozenset({"fields", "widths"}),
    "table": frozenset({"required"}),
    "columns": ROW_FIELDS,
    "rows": frozenset({"footer", "skip", "end"}),
    "totals": frozenset({*CONTROLS, *SETTLED_CONTROLS}),
    "declared": frozenset(DECLARED),
    "codes": frozenset(OUTCOMES),
    "words": frozenset(OUTCOMES),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "purpose": ("return", "send", "settlement", "check"),
    "shape": ("all", "success_only", "success_part", "failure_part"),
    "form": ("fields", "fixed", "table"),
    "encoding": ("gb18030", "utf-8"),
    "newline": ("crlf", "lf"),
    "amount": ("yuan", "fen", "fen_decimal"),
    "channel": ("scan", "pos"),
}
DEFAULTS = {"purpose": "return", "shape": "all", "encoding": "gb18030", "newline": "crlf", "channel": "scan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One exchange file; see the module's docstring for the keys."""

    name: str
    title: str
    title_en: str
    purpose: str
    shape: str
    form: str
    delimiter: str
    encoding: str
    newline: str
    amount: str
    marker: tuple[str, ...]
    header: tuple[str, ...]
    header_widths: tuple[int, ...]
    row: tuple[str, ...]
    row_widths: tuple[int, ...]
    required: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    footer: tuple[str, ...]
    skip: tuple[str, ...]
    end: tuple[str, ...] = ()
    prefix: str = ""
    fee_negative: bool = False
    channel: str = "scan"
    totals: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields a row has."""
        return frozenset(self.columns if self.form == "table" else self.row) & ROW_FIELDS

    @property
    def parted(self) -> bool:
        """The answer comes in two files."""
        return self.shape in ("success_part", "failure_part")


def parse_layout(text: str, file: str) -> Layout:
    """A layout from its TOML.

    Raises:
        ConfigError: naming file and key.
    """
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
    read = _Reader(data, file)
    layout = Layout(
        name=read.text("name"),
        title=read.text("title") or read.text("name"),
        title_en=read.text("title_en") or read.text("title") or read.text("name"),
        purpose=read.choice("purpose"),
        shape=read.choice("shape"),
        form=read.choice("form"),
        delimiter=read.text("delimiter", strip=False),
        encoding=read.choice("encoding"),
        newline=read.choice("newline"),
        amount=read.choice("amount"),
        marker=read.words("marker"),
        header=read.words("header.fields", empty=True),
        header_widths=read.widths("header.widths"),
        row=read.words("row.fields", empty=True),
        row_widths=read.widths("row.widths"),
        required=frozenset(header_key(name) for name in read.words("table.required")),
        columns={
            name: tuple(header_key(word) for word in read.words(f"columns.{name}")) for name in data.get("columns", {})
        },
        footer=read.words("rows.footer"),
        skip=read.words("rows.skip"),
        end=read.words("rows.end"),
        prefix=read.text("prefix"),
        fee_negative=read.flag("fee_negative"),
        channel=read.choice("channel"),
        totals={name: header_key(read.text(f"totals.{name}")) for name in data.get("totals", {})},
        declared={name: header_key(read.text(f"declared.{name}")) for name in data.get("declared", {})},
        codes=read.meanings("codes", {}),
        words=read.meanings("words", common_words()),
    )
    _check(layout, file)
    return layout


def _check(layout: Layout, file: str) -> None:
    """What a layout must say so that it can be read, and rows can be met with what was sent."""
    if not layout.name:
        raise ConfigError(file, "name", _("缺少此项"))
    if not NAME.fullmatch(layout.name):
        raise ConfigError(file, "name", _("应为小写字母、数字和下划线,以字母开头,至多64个字符"))
    if layout.form == "table":
        if len(layout.required) < 3:
            raise ConfigError(file, "table.required", _("至少需要三个列名才能识别"))
        if not layout.delimiter:
            raise ConfigError(file, "delimiter", _("缺少此项"))
    elif not layout.row:
        raise ConfigError(file, "row.fields", _("缺少此项"))
    if layout.form == "fields" and len(layout.delimiter) != 1:
        raise ConfigError(file, "delimiter", _("应为一个字符"))
    _check_fields(layout, file, "header", layout.header, layout.header_widths, HEADER_FIELDS)
    _check_fields(layout, file, "row", layout.row, layout.row_widths, ROW_FIELDS)
    if "amount" not in layout.fields:
        raise ConfigError(file, "row.fields", _("缺少字段“{name}”").format(name="amount"))
    _check_purpose(layout, file)


def _check_purpose(layout: Layout, file: str) -> None:
    """The fields without which a file of its purpose says nothing."""
    if layout.purpose == "settlement":
        for name in ("reference", "fee", "date"):
            if name not in layout.fields:
                raise ConfigError(file, f"columns.{name}", _("缺少字段“{name}”").format(name=name))
    if layout.purpose == "return":
        if not layout.fields & {"serial", "account", "customer"}:
            raise ConfigError(file, "row.fields", _("须有 serial、account、customer 之一,才能与送盘对上"))
        if layout.shape in ("all", "failure_part") and not layout.fields & {"code", "text"}:
            raise ConfigError(file, "row.fields", _("缺少字段“{name}”").format(name="code"))


def _check_fields(
    layout: Layout, file: str, section: str, fields: Sequence[str], widths: Sequence[int], known: frozenset[str]
) -> None:
    for name in fields:
        if name not in known and name not in ("", "_") and not name.startswith("="):
            raise ConfigError(file, f"{section}.fields", _("未知的字段“{name}”").format(name=name))
    named = [name for name in fields if name in known and name != "unit"]
    if len(named) != len(set(named)):
        raise ConfigError(file, f"{section}.fields", _("字段重复"))
    if layout.form == "fixed" and len(widths) != len(fields):
        raise ConfigError(file, f"{section}.widths", _("宽度与字段个数不符"))


class _Reader:
    """Typed access to the TOML by dotted key."""

    def __init__(self, data: Mapping[str, Any], file: str) -> None:
        self._data, self._file = data, file

    def _raw(self, key: str) -> Any:
        section, _dot, name = key.rpartition(".")
        part = self._data.get(section, {}) if section else self._data
        return part.get(name)

    def text(self, key: str, *, strip: bool = True) -> str:
        value = self._raw(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ConfigError(self._file, key, _("应为文字"))
        value = self._fair(value, key, tabs=not strip)
        return value.strip() if strip else value

    def flag(self, key: str) -> bool:
        value = self._raw(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ConfigError(self._file, key, _("应为 true 或 false"))
        return value

    def _fair(self, word: str, key: str, *, tabs: bool = False) -> str:
        """The word, unless it is absurdly long or would drive a terminal; a delimiter may be a TAB."""
        if len(word) > WORD_MAX:
            raise ConfigError(self._file, key, _("至多 {n} 个字符").format(n=WORD_MAX))
        if not (word.replace("\t", "") if tabs else word).isprintable():
            raise ConfigError(self._file, key, _("含有不可见的字符"))
        return word

    def choice(self, key: str) -> str:
        value = self.text(key) or DEFAULTS.get(key, "")
        if key == "encoding" and value not in CHOICES[key]:
            try:
                value = codecs.lookup(value).name
            except LookupError:
                value = ""
        if value not in CHOICES[key]:
            raise ConfigError(self._file, key, _("应为其中之一:{listed}").format(listed="、".join(CHOICES[key])))
        return value

    def words(self, key: str, *, empty: bool = False) -> tuple[str, ...]:
        value = self._raw(key)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(word, str) and (empty or word.strip()) for word in value):
            raise ConfigError(self._file, key, _("应为文字或文字的列表"))
        if len(value) > WORDS_MAX:
            raise ConfigError(self._file, key, _("至多 {n} 个").format(n=WORDS_MAX))
        return tuple(self._fair(word, key) for word in value)

    def widths(self, key: str) -> tuple[int, ...]:
        value = self._raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(type(width) is int and 0 < width <= 1000 for width in value):
            raise ConfigError(self._file, key, _("应为大于零的整数的列表"))
        return tuple(value)

    def meanings(self, section: str, known: Mapping[str, str]) -> dict[str, str]:
        """Code or text → outcome; one of the layout's own wins over a common one."""
        own: dict[str, str] = {}
        for outcome in self._data.get(section, {}):
            for word in self.words(f"{section}.{outcome}"):
                if own.setdefault(word_key(word), outcome) != outcome:
                    raise ConfigError(self._file, f"{section}.{outcome}", _("“{word}”已有别的含义").format(word=word))
        return {**known, **own}


@cache
def _shipped() -> tuple[Layout, ...]:
    return tuple(_folder(SHIPPED))


def _folder(folder: Path) -> Iterable[Layout]:
    paths = sorted(folder.glob("*.toml"))
    if len(paths) > DIALECTS_MAX:
        raise ConfigError(str(folder), "", _("至多 {n} 个格式文件").format(n=DIALECTS_MAX))
    names: dict[str, str] = {}
    for path in paths:
        text = plain_text(path)
        if not text.strip():
            continue  # one that is just being written
        layout = parse_layout(text, path.name)
        if layout.name in names:
            raise ConfigError(path.name, "name", _("与 {file} 重名").format(file=names[layout.name]))
        names[layout.name] = path.name
        yield layout


def load_layouts(*folders: Path) -> tuple[Layout, ...]:
    """The shipped layouts and those of further folders; a name stands once, the user's wins."""
    by_name = {layout.name: layout for layout in _shipped()}
    for folder in folders:
        by_name.update({layout.name: layout for layout in _folder(folder)})
    return tuple(by_name[name] for name in sorted(by_name))
