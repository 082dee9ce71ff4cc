"""Columns of text → amounts in fen, dates, times, plain text; as expressions over frames.

``fen``, ``is_nothing``, ``day``, ``clock`` and ``starts`` read text that is plain already
(``plain``): folding full-width characters is dear, so each column is folded once. None of them
takes a text apart by groups of a pattern, which costs ten times a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from ledger.money import DISGUISED, normal_text

GROUPED = r"[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9](?:,[0-9]{3}){4}"
AMOUNT = rf"^[+-]?(?:[0-9]{{1,13}}|{GROUPED})(?:\.[0-9]{{1,2}})?$"
"""Yuan of up to 13 digits, as ``ledger.money`` takes them, plain or grouped by thousands."""
COMPACT = r"^[0-9]{8}(?:[^0-9].*)?$"
PARTED = r"^[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?(?:[\sT].*)?$"
TIMED = r"^[0-9]{4}[-/.年]?[0-9]{1,2}[-/.月]?[0-9]{1,2}日?[\sT]+[0-9].*$"
DATED = r"^[0-9]{8}$|^[0-9]{4}[-/.年]"
CLOCK = r"^[0-9]{1,2}:?[0-9]{2}:?(?:[0-9]{2})?(?:\.[0-9]+)?$"
CLEAN = r"^[0-9]{2}:[0-9]{2}:[0-9]{2}$"
NOTHING = ("", "-", "--", "—", "/")
"""What banks print where there is no amount."""


def plain(column: pl.Expr) -> pl.Expr:
    """Full-width folded (NFKC), blanks and TABs at the ends removed, empty as null.

    Signs that would be folded into digits (², ①) stay what they are: they are no amount.
    """
    folded = column.str.normalize("NFKC").str.replace_all("−", "-", literal=True)
    text = pl.when(column.str.contains(DISGUISED.pattern)).then(column).otherwise(folded).str.strip_chars()
    return pl.when(text != "").then(text)


def with_plain(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """A frame with some of its columns plain; ASCII, which has nothing to fold, is only trimmed."""
    names = list(dict.fromkeys(names))
    simple = frame.select(_is_ascii(pl.col(name)).alias(name) for name in names).row(0)
    changed = []
    for name, ascii_only in zip(names, simple, strict=True):
        text = pl.col(name).str.strip_chars()
        changed.append((pl.when(text != "").then(text) if ascii_only else plain(pl.col(name))).alias(name))
    return frame.with_columns(changed)


def folded(text: pl.Series) -> pl.Series:
    """Text as ``normal_text`` gives it."""
    if text.to_frame("text").select(_is_ascii(pl.col("text"))).item():
        return text.str.strip_chars()
    return text.str.normalize("NFKC").str.replace_all("−", "-", literal=True).str.strip_chars()


def _is_ascii(text: pl.Expr) -> pl.Expr:
    return (text.str.len_bytes() == text.str.len_chars()).all()


def tidy(column: pl.Expr) -> pl.Expr:
    """Text for people: as printed, runs of blanks as one, ends trimmed, empty as null."""
    text = column.str.replace_all(r"\s\s+|[^\S ]", " ").str.strip_chars()
    return pl.when(~text.is_in(["", "--", "-", "/"])).then(text)


def joined(columns: Iterable[pl.Expr]) -> pl.Expr:
    """Several texts as one, each only once; nulls are left out, and nothing of nothing is null."""
    first, *others = columns
    parts = [first]
    for place, other in enumerate(others):
        # against the columns, not the parts: an expression of parts doubles with every column
        news = [other.ne_missing(one) for one in (first, *others[:place])]
        parts.append(pl.when(pl.all_horizontal(news) if len(news) > 1 else news[0]).then(other))
    text = pl.concat_str(parts, separator=" ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def fen(text: pl.Expr) -> pl.Expr:
    """Yuan as banks write them → fen; null where there is no amount or the text is none (``is_nothing``)."""
    bare = text.str.strip_prefix("¥").str.strip_chars()
    digits = bare.str.replace_all(",", "", literal=True)
    # the pattern leaves at most two decimals, so that nothing is ever rounded here
    exact = pl.when(bare.str.contains(AMOUNT)).then(digits).cast(pl.Decimal(18, 2))
    return exact.to_physical().cast(pl.Int64)


def is_nothing(text: pl.Expr) -> pl.Expr:
    """Empty, or one of the strokes banks print for nothing."""
    return text.is_null() | text.is_in(list(NOTHING))


def starts(text: pl.Expr, words: Iterable[str]) -> pl.Expr:
    """Whether plain text begins with one of the words."""
    return pl.any_horizontal([text.str.starts_with(normal_text(word)).fill_null(False) for word in words])


def day(text: pl.Expr) -> pl.Expr:
    """``20230609``, ``2023-06-09``, ``2023/6/9``, ``2023年6月9日``, a time may follow → date."""
    compact = pl.when(text.str.contains(COMPACT)).then(text.str.head(8)).str.to_date("%Y%m%d", strict=False)
    parted = pl.when(text.str.contains(PARTED)).then(text.str.replace(r"(?s)(?:日|[\sT]).*$", ""))
    return pl.coalesce(compact, parted.str.replace_all(r"[/.年月]", "-").str.to_date("%Y-%m-%d", strict=False))


def one_day(text: str) -> date | None:
    """The same for a single cell."""
    found = pl.DataFrame({"text": [text]}).select(plain(pl.col("text"))).select(day(pl.col("text"))).item()
    return found if isinstance(found, date) else None


def clock(text: pl.Series) -> pl.Series:
    """``123456``, ``12:34:56``, ``12:34`` or what follows a date → ``"12:34:56"``; else null."""
    cell = pl.col(text.name)
    after = pl.when(cell.str.contains(TIMED)).then(cell.str.replace(r"^[^\sT]+[\sT]+", ""))
    alone = pl.when(~cell.str.contains(DATED)).then(cell)
    said = text.to_frame().select(said=pl.coalesce(after, alone))
    if said["said"].str.contains(CLEAN).all():
        return said["said"]  # as nearly every bank prints it
    cell = pl.col("said")
    digits = pl.when(cell.str.contains(CLOCK)).then(
        cell.str.replace(r"\..*$", "").str.replace_all(":", "", literal=True)
    )
    said = said.select(digits.alias("said"))
    # three or five digits: the hour has one; without seconds they are 00
    full = pl.when(cell.str.len_bytes() % 2 == 1).then(pl.concat_str(pl.lit("0"), cell)).otherwise(cell)
    said = said.select(pl.concat_str(full, pl.lit("00")).alias("said"))
    return said.select(pl.concat_str([cell.str.slice(at, 2) for at in (0, 2, 4)], separator=":")).to_series()
