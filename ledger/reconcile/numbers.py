"""Numbers inside texts: how banks write our references, and how to know them again.

``ＺＰ－０６３０``, ``zp 630``, ``转支ZP-0630 电费`` all name the cheque ZP-0630. A number is
compared as its letters and its digit groups without leading zeros. A number
with a short last group (``JK-0612-1``) also stands, more weakly, for its base
(``JK-0612``): a deposit trip has several slips. Weaker still, a long number is known
by its digits alone (``40210630``), and behind letters the bank put before it
(``REFZP-0630``).
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
DIGITS_MIN = 6
"""Digits without their letters name something from this length on."""


def numbers(columns: list[str]) -> pl.Expr:
    """The canonical numbers found in these text columns: list of text, sorted, unique."""
    text = pl.concat_str([pl.col(name).fill_null("") for name in columns], separator="\n")
    found = _plain(text).str.extract_all(f"{_LETTERED}|{_DIGITS}")
    return found.list.eval(_canonical(pl.element())).list.drop_nulls().list.unique().list.sort()


def number_keys(lines: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """``id, number, key, weak, base, slip, series`` of every number of the lines (``id`` and texts).

    ``weak`` rows are other, shorter readings of a number. ``base`` and ``slip`` are keys of the
    number without its short last group, ``slip`` only where it has one; ``series`` are its letters.
    """
    text = pl.concat_str([pl.col(name) for name in columns], separator="\n", ignore_nulls=True)
    texts = lines.select("id", text.alias("text")).filter(pl.col("text").str.contains(r"[0-9０-９]{2}"))
    # only full-width texts need the costly normal form
    wide = pl.col("text").str.contains("[\uff01-\uff5e\u2000-\u206f\u00a0\u3000]")
    plain = pl.concat(
        [
            texts.filter(~wide).select("id", _tidy(pl.col("text")).alias("text")),
            texts.filter(wide).select("id", _plain(pl.col("text")).alias("text")),
        ]
    )
    found = plain.select("id", pl.col("text").str.extract_all(f"{_LETTERED}|{_DIGITS}").alias("number"))
    exact = (
        found.explode("number")
        .select("id", _canonical(pl.col("number")).alias("number"))
        .drop_nulls("number")
        .unique()
        .with_columns(pl.lit(value=False).alias("weak"))
    )
    letters = pl.col("number").str.extract(r"^([A-Z]+)\d", 1)
    digits = exact.select("id", pl.col("number").str.extract(r"^[A-Z]+(\d{6,})$", 1), pl.lit(value=True).alias("weak"))
    glued = exact.filter(letters.str.len_chars() > 2)
    tails = [
        glued.select(
            "id", pl.col("number").str.extract(rf"^[A-Z]+?([A-Z]{{{n}}}\d.*)$", 1), pl.lit(value=True).alias("weak")
        )
        for n in (1, 2)
    ]
    every = pl.concat([exact, *(frame.drop_nulls("number") for frame in (digits, *tails))])
    base = pl.col("number").str.replace(r"-\d{1,2}$", "")
    short = pl.col("number").str.contains(r"\d-\d{1,2}$")
    return every.with_columns(
        pl.col("number").hash().alias("key"),
        base.hash().alias("base"),
        pl.when(short).then(base.hash()).alias("slip"),
        pl.col("number").str.extract(r"^([A-Z]{2,})", 1).hash().alias("series_key"),
        pl.col("number").str.contains(r"^[A-Z]{2}").alias("lettered"),
    ).select("id", "number", "key", "weak", "base", "slip", pl.when("lettered").then("series_key").alias("series"))


def _plain(text: pl.Expr) -> pl.Expr:
    return _tidy(text.str.normalize("NFKC"))


def _tidy(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_all(_DASHES, "-")


def _canonical(number: pl.Expr) -> pl.Expr:
    """``ZP-0630`` → ``ZP630``, ``00004511`` → ``4511``, ``JK-0612-1`` → ``JK612-1``; null if too short."""
    tight = number.str.replace_all(r"\s", "").str.replace(r"^([A-Z]+)-", "${1}")
    bare = tight.str.replace_all(r"(^|[A-Z-])0+(\d)", "${1}${2}")
    names = (bare.str.len_chars() >= LENGTH_MIN) & ~tight.str.contains(_CALENDAR)
    return pl.when(names).then(bare)
