"""Text ⇄ fen ⇄ Money: the only gate, the only rounding, the only split.

Inside Meterbook an amount (金额) is an integer of the minor unit, the fen (分).
``moneyed.Money`` stands at the Python edge only: it takes floats and does not
round, so it must not be where amounts are computed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

import polars as pl
from moneyed import CNY, Currency, Money

from ledger.i18n import _

LIMIT = 10**15
"""No single amount may reach beyond ±10¹⁵ fen (ten trillion yuan)."""

_AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,2})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_SIGNED = re.compile(r"(?P<sign>[+-]?)(?P<mark>¥?)(?P<rest>[^+-].*)", re.DOTALL)
DISGUISED = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209f\u2460-\u24ff\u2776-\u2793]")


class InvalidAmount(ValueError):
    """Text that is no amount in yuan with at most two decimals; the message says why."""


def normal_text(text: str) -> str:
    """Full-width digits, signs and blanks as their plain forms (NFKC), ends trimmed."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()


def parse_fen(text: str) -> int:
    """Yuan as people write them → fen, exactly.

    Accepts ``1,234.50``, ``１２３.４``, ``¥5``; refuses a third decimal, exponents,
    NaN and anything else: what would have to be rounded or guessed is no amount.

    Raises:
        InvalidAmount: with the sentence for the user.
    """
    if DISGUISED.search(text):  # ², ① …: NFKC would read them as digits
        raise InvalidAmount(_("应为金额(元,最多两位小数)"))
    plain = normal_text(text)
    if signed := _SIGNED.fullmatch(plain):
        plain = ("-" if signed["sign"] == "-" else "") + signed["rest"].strip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _AMOUNT.fullmatch(plain):
        if re.fullmatch(r"-?[0-9]+\.[0-9]{3,}", plain):
            raise InvalidAmount(_("金额最多两位小数"))
        raise InvalidAmount(_("应为金额(元,最多两位小数)"))
    negative, digits = plain.startswith("-"), plain.lstrip("-")
    yuan, _dot, cents = digits.partition(".")
    fen = int(yuan) * 100 + int(cents.ljust(2, "0") or 0)
    if fen >= LIMIT:
        raise InvalidAmount(_("金额超出上限"))
    return -fen if negative else fen


def decimal_text(fen: int) -> str:
    """Fen → ``"5326.75"``, the form of machine output and canonical bytes."""
    sign, whole = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def format_fen(fen: int | None) -> str:
    """Fen → ``"5,326.75"`` as the forms print it; nothing for nothing."""
    if fen is None:
        return ""
    sign, whole = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def to_money(fen: int, currency: Currency = CNY) -> Money:
    """Fen → the Money of the Python edge."""
    return Money(Decimal(fen).scaleb(-2), currency)


def from_money(money: Money) -> int:
    """Money → fen; refuses what is finer than a fen."""
    return parse_fen(f"{money.amount:f}")


def round_half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest integer, halves away from zero (四舍五入)."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    top, bottom = abs(numerator), abs(denominator)
    return sign * ((2 * top + bottom) // (2 * bottom))


def round_half_up_expr(numerator: pl.Expr, denominator: int | pl.Expr) -> pl.Expr:
    """The same rounding on a column; the denominator is positive."""
    top = 2 * numerator.abs() + denominator
    return numerator.sign() * (top // (2 * denominator))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split fen by weights so that the parts sum to the whole (largest remainder).

    Ties go to the earlier part. Each part is within one fen of its exact share.
    Weights are non-negative and not all zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign, size = (-1, -total) if total < 0 else (1, total)
    shares = [size * weight // whole for weight in weights]
    rest = size - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
    for index in by_remainder[:rest]:
        shares[index] += 1
    return [sign * share for share in shares]
