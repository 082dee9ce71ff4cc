"""Columns of text → amounts in fen, dates, times, plain text; as expressions over frames."""

from __future__ import annotations

from datetime import date

import polars as pl

AMOUNT = r"^[+-]?\d{1,13}(\.\d{1,2})?$"
GROUPED = r"^[+-]?\d{1,3}(,\d{3})+(\.\d{1,2})?$"
NOTHING = ("", "-", "--", "—", "/")
"""What banks print where there is no amount."""


def plain(column: pl.Expr) -> pl.Expr:
    """Full-width folded (NFKC), blanks and TABs at the ends removed, empty as null."""
    text = column.str.normalize("NFKC").str.replace_all("−", "-", literal=True).str.strip_chars()
    return pl.when(text != "").then(text)


def tidy(column: pl.Expr) -> pl.Expr:
    """Text for people: as printed, runs of blanks as one, ends trimmed, empty as null."""
    text = column.str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(~text.is_in(["", "--", "-", "/"])).then(text)


def fen(column: pl.Expr) -> pl.Expr:
    """Yuan as banks write them → fen; null where there is no amount or the text is none.

    The caller tells the two apart with ``is_amount``.
    """
    text = _digits(column)
    whole = text.str.extract(r"^[+-]?(\d+)", 1).cast(pl.Int64, strict=False)
    cents = text.str.extract(r"\.(\d{1,2})$", 1).str.pad_end(2, "0").cast(pl.Int64, strict=False)
    size = whole * 100 + cents.fill_null(0)
    return pl.when(text.str.contains(AMOUNT)).then(pl.when(text.str.starts_with("-")).then(-size).otherwise(size))


def is_nothing(column: pl.Expr) -> pl.Expr:
    """Empty, or one of the strokes banks print for nothing."""
    return plain(column).fill_null("").is_in(list(NOTHING))


def is_amount(column: pl.Expr) -> pl.Expr:
    """Text that ``fen`` reads."""
    return _digits(column).str.contains(AMOUNT).fill_null(False)


def _digits(column: pl.Expr) -> pl.Expr:
    text = plain(column).str.strip_prefix("¥").str.strip_chars()
    return pl.when(text.str.contains(GROUPED)).then(text.str.replace_all(",", "", literal=True)).otherwise(text)


def day(column: pl.Expr) -> pl.Expr:
    """``20230609``, ``2023-06-09``, ``2023/6/9``, ``2023年6月9日``, a time may follow → date."""
    text = plain(column)
    compact = text.str.extract_groups(r"^(\d{4})(\d{2})(\d{2})(?:\D.*)?$")
    parted = text.str.extract_groups(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[\sT].*)?$")
    return pl.coalesce(_date(compact), _date(parted))


def one_day(text: str) -> date | None:
    """The same for a single cell."""
    found = pl.DataFrame({"text": [text]}).select(day(pl.col("text"))).item()
    return found if isinstance(found, date) else None


def _date(groups: pl.Expr) -> pl.Expr:
    parts = [groups.struct.field(name).str.zfill(size) for name, size in (("1", 4), ("2", 2), ("3", 2))]
    return pl.concat_str(parts, separator="-").str.to_date("%Y-%m-%d", strict=False)


def clock(column: pl.Expr) -> pl.Expr:
    """``123456``, ``12:34:56``, ``12:34`` or what follows a date → ``"12:34:56"``; else null."""
    text = plain(column)
    after = text.str.extract(r"^\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?[\sT]+(\d.*)$", 1)
    alone = pl.when(~text.str.contains(r"^\d{8}$|^\d{4}[-/.年]")).then(text)
    time = pl.coalesce(after, alone).str.extract_groups(r"^(\d{1,2}):?(\d{2}):?(\d{2})?(?:\.\d+)?$")
    hour = time.struct.field("1").str.zfill(2)
    second = time.struct.field("3").fill_null("00")
    return pl.concat_str([hour, time.struct.field("2"), second], separator=":")
