"""The lines of an account made ready for matching: numbered, with their numbers and parties as keys.

Lines are numbered by date, amount and ref, so that the order in which they came has
no influence on anything after. Texts are looked at once, here; the stages join columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from ledger.reconcile.classes import Classes
from ledger.reconcile.numbers import number_keys

KEY = pl.UInt64
CUSTOMER = r"[A-Z]*\d+[A-Z0-9]*(?:-\d+)*|[A-Z]+\d*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's lines and their keys; ``open`` are those in no match yet.

    ``lines``: ``id, ref, date, day, amount, kind, reverses, said`` and the texts, ``name``
    (comparable) and ``account``. ``numbers``: ``id, number, key, weak, base, slip, series``
    (``numbers.number_keys``). ``parties``: ``id, party, key``: ``#account``, ``=name``,
    ``%customer``, ``@class``.
    """

    lines: pl.DataFrame
    numbers: pl.DataFrame
    parties: pl.DataFrame

    def without(self, gone: pl.DataFrame) -> Side:
        """The side without the lines of these ``id``."""
        return self._joined(gone, "anti")

    def only(self, kept: pl.DataFrame) -> Side:
        """The side with the lines of these ``id`` alone."""
        return self._joined(kept, "semi")

    def _joined(self, ids: pl.DataFrame, how: Literal["anti", "semi"]) -> Side:
        return Side(
            lines=self.lines.join(ids, on="id", how=how),
            numbers=self.numbers.join(ids, on="id", how=how),
            parties=self.parties.join(ids, on="id", how=how),
        )


def prepare(book: pl.DataFrame, bank: pl.DataFrame, classes: Classes) -> tuple[Side, Side]:
    """Both sides (``frames.LINES``) with their keys; lines without amount match nothing."""
    lines = [_numbered(frame) for frame in (book, bank)]
    customers = lines[0].select(pl.concat_str(pl.lit("%"), pl.col("customer").str.to_uppercase()).alias("party"))
    known = customers.drop_nulls().unique()
    said = pl.col("text").fill_null("").str.contains_any(list(classes.reversal))
    sides = []
    for side, frame in zip(("book", "bank"), lines, strict=True):
        numbers = number_keys(frame, ["numbers"] if side == "book" else ["numbers", "text"])
        named = frame.with_columns(name(pl.col("party")).alias("name"), _account().alias("account"))
        parties = _parties(named, known, classes, side)
        kept = named.with_columns(said.alias("said"))
        sides.append(Side(lines=kept, numbers=numbers, parties=parties))
    return sides[0], sides[1]


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    ordered = lines.filter(pl.col("amount") != 0).sort("date", "amount", "ref")
    return ordered.with_row_index("id").with_columns(pl.col("date").to_physical().cast(pl.Int32).alias("day"))


def name(party: pl.Expr) -> pl.Expr:
    """A name as it can be compared: without blanks, brackets and dots; null if shorter than two."""
    plain = party.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s()（）·.]", "")
    return pl.when(plain.str.len_chars() >= 2).then(plain)


def _account() -> pl.Expr:
    digits = pl.col("party_account").str.replace_all(r"\D", "").str.strip_chars_start("0")
    return pl.when(digits.str.len_chars() > 6).then(digits)


def _parties(lines: pl.DataFrame, known: pl.DataFrame, classes: Classes, side: str) -> pl.DataFrame:
    """``id, party, key`` of who stands behind a line."""
    account = lines.select("id", pl.concat_str(pl.lit("#"), "account").alias("party"))
    named = lines.select("id", pl.concat_str(pl.lit("="), "name").alias("party"))
    if side == "book":
        more = [
            lines.select("id", pl.concat_str(pl.lit("%"), pl.col("customer").str.to_uppercase()).alias("party")),
            lines.select("id", classes.of_kind(pl.col("kind")).alias("party")),
        ]
    else:
        text = pl.concat_str([pl.col("party").fill_null(""), pl.col("text").fill_null("")], separator=" ")
        words = lines.select("id", text.alias("text"))
        found = words.filter(pl.col("text").str.contains(r"[0-9０-９]")).select(
            "id", pl.col("text").str.normalize("NFKC").str.to_uppercase().str.extract_all(CUSTOMER).alias("party")
        )
        customers = found.explode("party").select("id", pl.concat_str(pl.lit("%"), "party").alias("party"))
        more = [
            customers.join(known, on="party", how="semi"),
            *(words.select("id", one.alias("party")) for one in classes.of_text(pl.col("text"))),
        ]
    every = pl.concat([frame.drop_nulls("party") for frame in (account, named, *more)]).unique()
    return every.with_columns(pl.col("party").hash().cast(KEY).alias("key"))
