"""Numbers inside texts: how banks write our references, and how to know them again.

``ＺＰ－０６３０``, ``zp 630``, ``转支ZP-0630 电费`` all name the cheque ZP-0630. A number is
compared as its letters and its digit groups without leading zeros. A number
with a short last group (``JK-0612-1``) also stands, more weakly, for its base
(``JK-0612``): a deposit trip has several slips.
"""

from __future__ import annotations

import polars as pl

_DASHES = "[‐‑‒–—―−_/]"
_LETTERED = r"[A-Z]{1,8}\s?-?\s?\d{2,}(?:-\d+)*"
_DIGITS = r"\d{4,}(?:-\d+)*"
_CALENDAR = r"^(19|20)\d{2}((0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?)?$"
"""A year, month or day written in digits says when, not which."""
LENGTH_MIN = 3
"""Shorter numbers (R4, 12) name nothing by themselves."""


def numbers(columns: list[str]) -> pl.Expr:
    """The canonical numbers found in these text columns: list of text, sorted, unique."""
    text = pl.concat_str([pl.col(name).fill_null("") for name in columns], separator="\n")
    plain = text.str.normalize("NFKC").str.to_uppercase().str.replace_all(_DASHES, "-")
    found = plain.str.extract_all(f"{_LETTERED}|{_DIGITS}")
    return found.list.eval(_canonical(pl.element())).list.drop_nulls().list.unique().list.sort()


def _canonical(number: pl.Expr) -> pl.Expr:
    """``ZP-0630`` → ``ZP630``, ``00004511`` → ``4511``, ``JK-0612-1`` → ``JK612-1``; null if too short."""
    tight = number.str.replace_all(r"\s", "").str.replace(r"^([A-Z]+)-", "${1}")
    bare = tight.str.replace_all(r"(^|[A-Z-])0+(\d)", "${1}${2}")
    names = (bare.str.len_chars() >= LENGTH_MIN) & ~tight.str.contains(_CALENDAR)
    return pl.when(names).then(bare)


def bases(column: str) -> pl.Expr:
    """The bases of the numbers that have a short last group, and the numbers without one."""
    return pl.col(column).list.eval(pl.element().str.replace(r"-\d{1,2}$", "")).list.unique().list.sort()


def prefixes(column: str) -> pl.Expr:
    """The letters of the lettered numbers: ZP, JK, CZ."""
    letters = pl.element().str.extract(r"^([A-Z]{2,})", 1)
    return pl.col(column).list.eval(letters).list.drop_nulls().list.unique()


def slips(column: str) -> pl.Expr:
    """The bases of only those numbers that have a short last group."""
    base = pl.element().str.extract(r"^(.*\d)-\d{1,2}$", 1)
    return pl.col(column).list.eval(base).list.drop_nulls().list.unique()
