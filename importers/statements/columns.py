"""Columns of text → amounts in fen, dates, times, plain text; as expressions over frames.

``fen``, ``is_nothing``, ``day``, ``clock`` and ``starts`` read text that is plain already
(``plain``): folding full-width characters is dear, so each column is folded once. None of them
takes a text apart by groups of a pattern, which costs ten times a test. In a file of a few lines
the expressions cost all the time and the cells none: ``each`` asks one for several columns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

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
FEW = 2_000
"""Up to so many lines an expression costs more than the cells it reads."""

Cellwise = Callable[[pl.Expr], pl.Expr]
"""An expression of one column that reads every cell by itself."""


def each(columns: Iterable[pl.Series], make: Cellwise) -> list[pl.Series]:
    """``make`` of several columns of one length and type: one below the other in one go where they are short,
    side by side where they are long."""
    columns = list(columns)
    height = len(columns[0]) if columns else 0
    if len(columns) > 1 and height > FEW:
        frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
        made = frame.select(make(pl.col(name)) for name in frame.columns).get_columns()
    elif columns:
        cells = [column.alias("cell") for column in columns]
        whole = pl.DataFrame([pl.concat(cells) if len(cells) > 1 else cells[0]]).select(_of_cell(make)).to_series()
        made = [whole.slice(place * height, height) for place in range(len(columns))] if len(cells) > 1 else [whole]
    else:
        made = []
    return [series.alias(column.name) for series, column in zip(made, columns, strict=True)]


@cache
def _of_cell(make: Cellwise) -> pl.Expr:
    return make(pl.col("cell"))


def plain(column: pl.Expr) -> pl.Expr:
    """Full-width folded (NFKC), blanks and TABs at the ends removed, empty as null.

    Signs that would be folded into digits (², ①) stay what they are: they are no amount.
    """
    folded = column.str.normalize("NFKC").str.replace_all("−", "-", literal=True)
    text = pl.when(column.str.contains(DISGUISED.pattern)).then(column).otherwise(folded).str.strip_chars()
    return pl.when(text != "").then(text)


def plain_columns(columns: Iterable[pl.Series]) -> list[pl.Series]:
    """Columns as ``plain`` makes them; ASCII, which has nothing to fold, is only trimmed."""
    columns = list(columns)
    simple = [column.all() for column in each(columns, _is_ascii)]
    ascii_only = iter(each((one for one, bare in zip(columns, simple, strict=True) if bare), _trimmed))
    others = iter(each((one for one, bare in zip(columns, simple, strict=True) if not bare), plain))
    return [next(ascii_only if bare else others) for bare in simple]


def _trimmed(column: pl.Expr) -> pl.Expr:
    text = column.str.strip_chars()
    return pl.when(text != "").then(text)


def folded(text: pl.Series) -> pl.Series:
    """Text as ``normal_text`` gives it."""
    if each([text], _is_ascii)[0].all():
        return text.str.strip_chars()
    return text.str.normalize("NFKC").str.replace_all("−", "-", literal=True).str.strip_chars()


def _is_ascii(text: pl.Expr) -> pl.Expr:
    return text.str.len_bytes() == text.str.len_chars()


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
    if not text.strip():
        return None
    (found,) = each(plain_columns([pl.Series([text])]), day)
    return found.item()  # type: ignore[no-any-return]


def clock(text: pl.Series) -> pl.Series:
    """``123456``, ``12:34:56``, ``12:34`` or what follows a date → ``"12:34:56"``; else null."""
    (said,) = each([text], _said)
    if said.null_count() == len(said) or said.str.contains(CLEAN).all():
        return said  # as nearly every bank prints it
    for step in (_digits, _padded, _parted):  # each needs the one before several times
        (said,) = each([said], step)
    return said


def _said(cell: pl.Expr) -> pl.Expr:
    """What may be a time of day: behind a date, or alone."""
    after = pl.when(cell.str.contains(TIMED)).then(cell.str.replace(r"^[^\sT]+[\sT]+", ""))
    return pl.coalesce(after, pl.when(~cell.str.contains(DATED)).then(cell))


def _digits(said: pl.Expr) -> pl.Expr:
    bare = said.str.replace(r"\..*$", "").str.replace_all(":", "", literal=True)
    return pl.when(said.str.contains(CLOCK)).then(bare)


def _padded(digits: pl.Expr) -> pl.Expr:
    """Six digits or more: of three or five the hour has one; without seconds they are 00."""
    even = pl.when(digits.str.len_bytes() % 2 == 1).then(pl.concat_str(pl.lit("0"), digits)).otherwise(digits)
    return pl.concat_str(even, pl.lit("00"))


def _parted(digits: pl.Expr) -> pl.Expr:
    return pl.concat_str([digits.str.slice(at, 2) for at in (0, 2, 4)], separator=":")
