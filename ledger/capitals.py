"""Amounts in capitals (大写金额), as receipts, cheques and remittance forms have them.

By the rules for filling in bills and settlement vouchers (正确填写票据和结算凭证的基本规定):
元 is always written; 整 stands after 元 and 角, never after 分; zeros between
digits are one 零, zeros that end a group of four are not written; between 元 and
分 without 角 stands 零.
"""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")


def capitals(fen: int) -> str:
    """Fen → ``壹仟肆佰零玖元伍角整``; a negative amount begins with 负.

    Raises:
        ValueError: beyond 10¹⁶ yuan, for which there is no usual reading.
    """
    whole, cents = divmod(abs(fen), 100)
    if whole >= 10**16:
        raise ValueError(fen)
    jiao, rest = divmod(cents, 10)
    yuan = f"{_integer(whole)}元" if whole else ""
    if not cents:
        tail = "整" if yuan else "零元整"
    elif not rest:
        tail = f"{_DIGITS[jiao]}角整"
    else:
        gap = "零" if yuan and not jiao else ""
        tail = (f"{_DIGITS[jiao]}角" if jiao else gap) + f"{_DIGITS[rest]}分"
    return ("负" if fen < 0 else "") + yuan + tail


def _integer(number: int) -> str:
    """A whole number ≥ 1 in groups of four digits: 万, 亿, 万亿."""
    groups = [number // 10_000**power % 10_000 for power in range(4)]
    out = ""
    gap = False
    for power in range(3, -1, -1):
        group = groups[power]
        if not group:
            gap = bool(out)
            continue
        if out and (gap or group < 1000):
            out += "零"
        unit = "万" if power == 3 and groups[2] else _GROUPS[power]  # 亿 is said once
        out += _group(group) + unit
        gap = False
    return out


def _group(number: int) -> str:
    """One to four digits, inner zeros as one 零."""
    out = ""
    gap = False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(out)
            continue
        out += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return out
