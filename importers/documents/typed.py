"""Cells of text → typed columns, whole columns at once.

Every conversion is two-staged: what is written plainly is converted by column
expressions; only what is left goes value by value through Python, which also finds
the words for what is wrong. A reader for one value (``parse_fen``, :func:`parse_date`
…) therefore is the definition, and the column expressions are its fast form.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from importers.openxml import DATE_MARK, LOST_MARK
from ledger.book import Book
from ledger.documents import MONEY_TYPES, Column, match_key
from ledger.errors import NotFound
from ledger.i18n import _
from ledger.money import InvalidAmount, normal_text, parse_fen

REF_MAX: Final = 100
TEXT_MAX: Final = 1000
YEARS: Final = range(1990, 2100)

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})/(\d{1,2})/(\d{1,2})|(\d{4})\.(\d{1,2})\.(\d{1,2})")
_DATE_SOLID = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})年(\d{1,2})月(\d{1,2})日")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})|(\d{4})/(\d{1,2})|(\d{4})\.(\d{1,2})|(\d{4})(\d{2})|(\d{4})年(\d{1,2})月份?")
_WHOLE = re.compile(r"(-?\d{1,12})(?:\.0+)?")
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.0+)?")
_ACCOUNT = re.compile(r"\d{4}(\.[0-9A-Za-z]+)*")
# Zero-width characters are dropped from numbers; the rest of Cc and Cf (controls, bidi) is refused.
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_BLANKS = re.compile(r"\s+")


class Unreadable(ValueError):
    """A cell that does not say what its column asks for; the message is for the person."""


@dataclass
class Typed:
    """A typed column: values (null where empty or wrong) and what is wrong, by row index."""

    values: pl.Series
    faults: list[tuple[int, str]] = field(default_factory=list)


def typed(texts: pl.Series, column: Column, book: Book) -> Typed:
    """A column of cells as the registry types it. Empty cells are null here and no fault."""
    marked = texts.str.slice(0, 1)
    dates = (marked == DATE_MARK).fill_null(False)
    lost = (marked == LOST_MARK).fill_null(False)
    faults: list[tuple[int, str]] = []
    if dates.any():
        texts = texts.str.strip_chars_start(DATE_MARK)
        if column.type not in {"date", "month"}:
            message = _("Excel 把它当成了日期;请把这一列设为文本格式再重新输入")
            faults += [(int(at), message) for at in dates.arg_true()]
            texts = texts.set(dates, None)
    if lost.any():
        message = _("数字超过15位,Excel 已丢失末几位;请设为文本格式再重新输入")
        faults += [(int(at), message) for at in lost.arg_true()]
        texts = texts.set(lost, None)
    done = _convert(texts, column, book)
    done.faults += faults
    return done


def _convert(texts: pl.Series, column: Column, book: Book) -> Typed:
    if column.type in MONEY_TYPES:
        return _money(texts, column)
    match column.type:
        case "quantity" | "integer":
            return _whole(texts, column)
        case "text":
            return _text(texts)
        case "ref" | "customer":
            return _ref(texts, blanks=column.type == "ref")
        case "date":
            return _by_value(texts, pl.Date(), parse_date)
        case "month":
            return _by_value(texts, pl.String(), parse_month)
        case _:
            return _by_value(texts, pl.String(), _names(column, book))


def _by_value(texts: pl.Series, dtype: pl.DataType, parse: Callable[[str], Any]) -> Typed:
    """For columns of few different values: each is read once."""
    good: dict[str, Any] = {}
    bad: dict[str, str] = {}
    for text in texts.drop_nulls().unique():
        try:
            good[text] = parse(text)
        except (Unreadable, InvalidAmount) as error:
            bad[text] = str(error)
    if not good:
        values = pl.Series(texts.name, [None] * len(texts), dtype=dtype)
    else:
        new = pl.Series(list(good.values()), dtype=dtype)
        values = texts.replace_strict(pl.Series(list(good)), new, default=None, return_dtype=dtype)
    faults = []
    if bad:
        wrong = texts.is_in(list(bad)).fill_null(False)
        faults = [(int(at), bad[texts[int(at)]]) for at in wrong.arg_true()]
    return Typed(values, faults)


def _rest(texts: pl.Series, done: pl.Series, parse: Callable[[str], Any]) -> Typed:
    """Fill what the column expressions left undone, value by value."""
    left = texts.is_not_null() & done.is_null()
    if not left.any():
        return Typed(done)
    others = _by_value(texts.filter(left), done.dtype, parse)
    places = left.arg_true()
    return Typed(
        done.scatter(places, others.values) if len(places) else done,
        [(int(places[at]), message) for at, message in others.faults],
    )


# ---- numbers ----


def _money(texts: pl.Series, column: Column) -> Typed:
    """Yuan as people write them → fen, within the sign the column allows."""
    plain = texts.str.strip_chars_start("¥￥")
    grouped = plain.str.contains(r"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$").fill_null(False)
    if grouped.any():
        plain = plain.zip_with(~grouped, plain.str.replace_all(",", "", literal=True))
    # 13 digits before the point are 10^15 fen; the limit itself is left to parse_fen.
    simple = plain.str.contains(r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$").fill_null(False)
    frame = pl.DataFrame({"t": plain.set(~simple, None)})
    digits = pl.col("t").str.extract(r"([0-9]+)") + pl.col("t").str.extract(r"\.([0-9]+)").fill_null("").str.pad_end(
        2, "0"
    )
    sign = pl.when(pl.col("t").str.starts_with("-")).then(-1).otherwise(1)
    fen = frame.select((digits.cast(pl.Int64) * sign).alias(texts.name)).to_series()
    done = _rest(texts, fen, parse_fen)
    return _within(done, column, _("金额必须大于零"), _("金额不能为负数"), _("金额不能为零"))


def parse_whole(text: str) -> int:
    """``"1,000"``, ``"28"``, ``"28.00"``, full-width digits → integer."""
    plain = normal_text(text).removeprefix("+")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    found = _WHOLE.fullmatch(plain) if plain.isascii() else None
    if found is None:
        raise Unreadable(_("应为整数"))
    return int(found[1])


def _whole(texts: pl.Series, column: Column) -> Typed:
    simple = texts.str.contains(r"^[0-9]{1,12}$").fill_null(False)
    numbers = texts.set(~simple, None).cast(pl.Int64)
    done = _rest(texts, numbers, parse_whole)
    done = _within(done, column, _("应为大于零的整数"), _("不能为负数"), "")
    if column.value_keys:
        allowed = [int(value) for value in column.labels]
        wrong = (done.values.is_not_null() & ~done.values.is_in(allowed)).fill_null(False)
        message = _("应为:{values}").format(values="、".join(column.labels))
        done.faults += [(int(at), message) for at in wrong.arg_true()]
    return done


def _within(done: Typed, column: Column, positive: str, negative: str, zero: str) -> Typed:
    """The sign the column's type allows."""
    values = done.values
    match column.type:
        case "money" | "quantity":
            wrong, message = values <= 0, positive
        case "money0" | "integer":
            wrong, message = values < 0, negative
        case _:
            wrong, message = values == 0, zero
    wrong = wrong.fill_null(False)
    done.faults += [(int(at), message) for at in wrong.arg_true()]
    return done


# ---- dates ----


def parse_date(text: str) -> dt.date:
    """``2023-06-09``, ``2023/6/9``, ``2023.6.9``, ``20230609``, ``2023年6月9日`` → date."""
    plain = _BLANKS.sub("", normal_text(text).removesuffix(" 00:00:00"))
    found = (_DATE.fullmatch(plain) or _DATE_SOLID.fullmatch(plain)) if _ascii_digits(plain) else None
    if found is None:
        if re.search(r"\d:\d\d", plain):
            raise Unreadable(_("应为日期,不带时间"))
        raise Unreadable(_("应为日期,如 2023-06-09"))
    year, month, day = (int(group) for group in found.groups() if group is not None)
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise Unreadable(_("日历上没有这一天")) from None
    if year not in YEARS:
        raise Unreadable(_("年份不合理"))
    return date


def parse_month(text: str) -> str:
    """``2023-06``, ``2023/6``, ``202306``, ``2023年6月`` or a whole date → ``'2023-06'``."""
    plain = _BLANKS.sub("", normal_text(text).removesuffix(" 00:00:00"))
    found = _MONTH.fullmatch(plain) if _ascii_digits(plain) else None
    if found is None:
        try:
            date = parse_date(text)
        except Unreadable:
            raise Unreadable(_("应为年月,如 2023-06")) from None
        return f"{date:%Y-%m}"
    year, month = (int(group) for group in found.groups() if group is not None)
    if not 1 <= month <= 12 or year not in YEARS:
        raise Unreadable(_("没有这个月份"))
    return f"{year:04d}-{month:02d}"


def _ascii_digits(text: str) -> bool:
    """No digits of other scripts, which patterns and ``int`` would take."""
    return all(char.isascii() or not char.isdigit() for char in text)


# ---- words ----


def parse_ref(text: str, *, blanks: bool = True) -> str:
    """A number or code as it is compared: NFKC, trimmed, blanks single, nothing invisible."""
    plain = _BLANKS.sub(" ", _ZERO_WIDTH.sub("", normal_text(text))).strip()
    if not plain or not plain.isprintable():
        raise Unreadable(_("含有不可见字符"))
    if not blanks and " " in plain:
        raise Unreadable(_("中间不能有空格"))
    if len(plain) > REF_MAX:
        raise Unreadable(_("超过{limit}个字").format(limit=REF_MAX))
    return plain


def _ref(texts: pl.Series, *, blanks: bool) -> Typed:
    simple = texts.str.contains(rf"^[!-~]{{1,{REF_MAX}}}$").fill_null(False)
    return _rest(texts, texts.set(~simple, None), lambda text: parse_ref(text, blanks=blanks))


def parse_text(text: str) -> str:
    """Free text as it was written; line breaks and tabs stay, other controls are refused."""
    if any(not (char.isprintable() or char.isspace() or _harmless(char)) for char in text):
        raise Unreadable(_("含有不可见字符"))
    if any(char in "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029" for char in text):
        raise Unreadable(_("含有不可见字符"))
    if len(text) > TEXT_MAX:
        raise Unreadable(_("超过{limit}个字").format(limit=TEXT_MAX))
    return text


def _harmless(char: str) -> bool:
    """Zero-width characters, and rare characters of private areas (生僻字) that names hold."""
    return bool(_ZERO_WIDTH.match(char)) or "\ue000" <= char <= "\uf8ff" or char >= "\U00020000"


def _text(texts: pl.Series) -> Typed:
    simple = texts.str.contains(rf"^[ -~\u4e00-\u9fff\u3001-\u3011\uff01-\uff5e]{{1,{TEXT_MAX}}}$").fill_null(False)
    return _rest(texts, texts.set(~simple, None), parse_text)


def _names(column: Column, book: Book) -> Callable[[str], str]:
    """How a name of the book, or a choice, becomes its canonical value."""
    match column.type:
        case "bank":
            return _looked_up(lambda name: book.bank(name).code)
        case "branch":
            return _looked_up(lambda name: book.branch(name).code)
        case "cashier":
            return _looked_up(lambda name: book.cashier(name).code)
        case "fund":
            return _looked_up(lambda name: book.fund(name).zh)
        case "usage":
            return _looked_up(lambda name: book.usage_class(name).code)
        case "levy":
            return _looked_up(lambda name: book.levy(name).item)
        case "item":
            return _looked_up(lambda name: book.item(name).code)
        case "account":
            return _account
        case _:
            return lambda text: _choice(column, text)


def _looked_up(find: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return find(_ZERO_WIDTH.sub("", text))
        except NotFound as error:
            raise Unreadable(error.faults[0].message) from None

    return parse


def _account(text: str) -> str:
    plain = parse_ref(text)
    if not _ACCOUNT.fullmatch(plain):
        raise Unreadable(_("应为科目代码,如 1122.01"))
    return plain


def _choice(column: Column, text: str) -> str:
    canonical = column.value_keys.get(match_key(text))
    if canonical is None:
        raise Unreadable(_("应为:{values}").format(values="、".join(map(column.word, column.labels))))
    return canonical
