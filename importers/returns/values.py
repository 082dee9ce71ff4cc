"""The text of a field → its value, as the field's name says it; what does not fit is a :class:`Misfit`."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from typing import Any

from importers.returns.layout import Layout
from importers.returns.outcomes import PAID, by_words, word_key
from ledger.i18n import _
from ledger.money import LIMIT, InvalidAmount, normal_text, parse_fen

_DAY = re.compile(
    r"(\d{4})(?:(\d\d)(\d\d)|([-/.])(\d\d?)\4(\d\d?)|年(\d\d?)月(\d\d?)日)(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?"
)
_ACCOUNT = re.compile(r"[0-9A-Za-z*]{6,34}")
_TOKEN = re.compile(r"\S{1,64}")
_COUNT = re.compile(r"([0-9]{1,9})(?:\.0+)?")
MONEY = ("amount", "debited", "refund", "success_amount", "fail_amount", "refund_amount")
SIGNED = ("fee", "net", "fee_amount", "net_amount", "gross_amount")
COUNTS = ("count", "success_count", "fail_count", "refund_count")


class Misfit(Exception):
    """A line that does not fit its layout: which field, what stands there, why; ``fitted`` fields did."""

    def __init__(self, message: str, column: str | None = None, value: str | None = None, fitted: int = 0) -> None:
        super().__init__(message)
        self.message, self.column, self.value, self.fitted = message, column, value, fitted
        self.row: int | None = None


def value_of(layout: Layout, name: str, text: str, place: int) -> Any:
    """The text of a field as its name says it."""
    try:
        if name in MONEY:
            return _fen(text, layout.amount, signed=layout.purpose == "settlement")
        if name in SIGNED:
            return _signed_fen(text, layout) if name.startswith("fee") else _fen(text, layout.amount, signed=True)
        if name == "text" or (name == "code" and not text):
            return text or None
        return _typed(name, normal_text(text))
    except ValueError as error:
        raise Misfit(str(error), name, text[:60], place) from None


def _typed(name: str, plain: str) -> Any:
    """Counts, days, accounts, names, and tokens without blanks.

    Raises:
        ValueError: with the sentence for the user.
    """
    if name in COUNTS:
        if not (counted := _COUNT.fullmatch(plain)):
            raise ValueError(_("应为笔数"))
        return int(counted[1])
    if name == "date":
        return _day(plain)
    if name == "account":
        plain = re.sub(r"[\s-]", "", plain)
        if not _ACCOUNT.fullmatch(plain):
            raise ValueError(_("应为银行账号"))
    elif name == "name":
        if all(char.isdigit() or char in ".,-" for char in plain):
            raise ValueError(_("应为户名"))
    elif not _TOKEN.fullmatch(plain):
        raise ValueError(_("不能为空,也不能有空格"))
    return plain


def _fen(text: str, unit: str, *, signed: bool = False) -> int:
    """An amount in the file's unit → fen, exactly; a settlement prints refunds below zero."""
    if unit == "yuan":
        fen = parse_fen(_two_decimals(normal_text(text)) if signed else text)
        if fen < 0 and not signed:
            raise InvalidAmount(_("金额不能为负数"))
        return fen
    plain = normal_text(text)
    sign = -1 if signed and plain.startswith("-") else 1
    form = r"[0-9]{1,15}" if unit == "fen" else r"([0-9]{1,15})\.00?"
    if not re.fullmatch(form, plain.removeprefix("-") if signed else plain):
        raise InvalidAmount(_("应为金额(分)") if unit == "fen" else _("应为金额(分,印两位小数 .00)"))
    fen = int(plain.removeprefix("-").partition(".")[0])
    if fen >= LIMIT:
        raise InvalidAmount(_("金额超出上限"))
    return sign * fen


def _two_decimals(plain: str) -> str:
    """``0.52000`` → ``0.52``: zeros behind the fen say nothing."""
    return re.sub(r"(\.\d\d)0+$", r"\1", plain)


def _signed_fen(text: str, layout: Layout) -> int:
    """A fee: what is taken from us, whatever its sign in the file; empty is none."""
    if not normal_text(text):
        return 0
    fen = _fen(text, layout.amount, signed=True)
    return -fen if layout.fee_negative else fen


def _day(plain: str) -> dt.date:
    found = _DAY.fullmatch(plain)
    if found and plain.replace("年", "").replace("月", "").replace("日", "").isascii() and "1990" <= found[1] < "2100":
        month, day = next((found[at], found[at + 1]) for at in (2, 5, 7) if found[at])
        with suppress(ValueError):
            return dt.date(int(found[1]), int(month), int(day))
    raise ValueError(_("应为日期,如 20230609"))


def outcome_of(layout: Layout, code: str | None, text: str | None) -> str:
    """What code and text mean; they must say the same."""
    if not layout.fields & {"code", "text"}:
        return "SUCCESS"
    by_code = layout.codes.get(word_key(code)) if code else None
    by_text = by_words(text, layout.words) if text else None
    if by_code and by_text and by_code != by_text and (by_code in PAID or by_text in PAID):
        raise Misfit(_("返回码 {code} 与返回信息“{text}”不一致").format(code=code, text=text), "code", code)
    if not code and not text:
        raise Misfit(_("没有返回码,也没有返回信息"), "code")
    return by_code or by_text or "OTHER"
