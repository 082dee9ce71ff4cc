"""What decided, as it is stored with each match: the fields with both values, the rivals and why not they.

One JSON object per match. Every one has ``amount`` (fen) and, across the sides, ``days``
(bank − book). Pairs have ``book`` and ``bank``: the deciding field and the date as they stood
on each line; ``rivals``: up to four lines of the same amount, nearest in date, each with
``why`` it was not meant (``number``, ``no_number``, ``party``, ``no_party``, ``date``,
``other``); ``rival_count``: how many lines of that amount there were besides the pair.
``born``: the book line's number is the bank's own serial: it was written from this very
statement and proves nothing by itself.
"""

from __future__ import annotations

import polars as pl

from ledger.reconcile.sides import Side
from ledger.reconcile.work import Windows

VALUE_MAX = 80
"""Characters kept of a line's text."""


def encode(*fields: str | pl.Expr) -> pl.Expr:
    """Columns as one JSON object per row."""
    return pl.struct(*fields).struct.json_encode().alias("evidence")


def pair_evidence(
    stage: str,
    pairs: pl.DataFrame,
    sides: tuple[Side, Side],
    around: tuple[pl.DataFrame, pl.DataFrame],
    windows: Windows,
    first: list[str],
) -> pl.DataFrame:
    """``group, evidence`` of pairs (``group, left, right`` and the stage's own columns).

    ``sides``: all lines of the run, also those that other stages took; ``around``: their
    ``neighbours``. ``first``: the document kinds that are booked from the bank's slip.
    """
    book, bank = sides
    by_number = stage in ("reference", "slip") or (stage == "fee")
    columns = ["id", "day", "date", "amount", "name", "party", "numbers", "text", "reference", "kind"]
    ends = [side.lines.select(*columns) for side in (book, bank)]
    wide = pairs.join(ends[0], left_on="left", right_on="id").join(
        ends[1], left_on="right", right_on="id", suffix="_bank"
    )
    wide = wide.with_columns((pl.col("day_bank") - pl.col("day")).alias("days"), pl.col("amount").abs())
    fields: list[str | pl.Expr] = ["amount", "days"]
    if "key" in pairs.columns:
        wide = wide.join(_words(pairs, book, bank, stage), on="group", how="left")
        number, party = pl.col("shared_number"), pl.col("shared_party")
        if stage in ("reference", "slip"):
            wide = wide.with_columns(_born(number, first))
            fields += [number.alias("number"), "born"]
        elif stage == "fee":
            fields += [number.alias("number"), party.alias("party"), "gross", "fee", "basis_points"]
        else:
            fields.append(party.alias("party"))
    short = {name: pl.col(name).str.slice(0, VALUE_MAX) for name in ("numbers", "party", "party_bank")}
    bank_text = pl.concat_str(
        [pl.col("numbers_bank"), pl.col("text_bank")], separator=" ", ignore_nulls=True
    ).str.slice(0, VALUE_MAX)
    numbers = [short["numbers"].alias("number")] if by_number else []
    seen = [bank_text.alias("number")] if by_number else []
    fields.append(pl.struct(*numbers, short["party"].alias("party"), pl.col("date").cast(pl.String)).alias("book"))
    fields.append(
        pl.struct(*seen, short["party_bank"].alias("party"), pl.col("date_bank").cast(pl.String).alias("date")).alias(
            "bank"
        )
    )
    wide = _with_rivals(wide, around, windows, by_number=stage in ("reference", "slip"))
    return wide.select("group", encode(*fields, "rivals", "rival_count"))


def _words(pairs: pl.DataFrame, book: Side, bank: Side, stage: str) -> pl.DataFrame:
    """The shared number and party of each pair in words: ``group, shared_number, shared_party``."""
    keyed = pairs.select("group", "left", "right", "key")
    numbers = pl.concat(
        [
            book.numbers.select(pl.col("id").alias("left"), pl.col(column).alias("key"), "number")
            for column in (("base",) if stage == "slip" else ("key",))
        ]
    ).unique(["left", "key"])
    named = keyed.join(numbers, on=["left", "key"], how="left").select(
        "group", pl.col("number").str.replace(r"-\d{1,2}$" if stage == "slip" else r"^$", "").alias("shared_number")
    )
    if stage in ("reference", "slip"):
        return named.with_columns(pl.lit(None, pl.String).alias("shared_party"))
    left = book.parties.select(pl.col("id").alias("left"), "party").join(
        keyed.select("group", "left", "right"), on="left"
    )
    right = bank.parties.select(pl.col("id").alias("right"), "party")
    shared = left.join(right, on=["right", "party"], how="semi").group_by("group").agg(pl.col("party").sort())
    return named.join(shared, on="group", how="left").select(
        "group", "shared_number", pl.col("party").list.join(" ").alias("shared_party")
    )


def _born(number: pl.Expr, first: list[str]) -> pl.Expr:
    """The number is the serial the bank gave the line, on a document that is written from it."""
    serial = (
        pl.col("reference_bank")
        .str.to_uppercase()
        .str.replace_all(r"[\s-]", "")
        .str.replace_all(r"(^|[A-Z])0+(\d)", "${1}${2}")
    )
    return (
        (pl.col("kind").is_in(first) & (serial == number.str.replace_all("-", ""))).fill_null(value=False).alias("born")
    )


def neighbours(book: Side, bank: Side) -> tuple[pl.DataFrame, pl.DataFrame]:
    """For each line of a side its neighbours in date among the lines of its amount: of the book, of the bank.

    Columns: ``left`` or ``right`` (the line), ``many_book``/``many_bank`` (lines of the amount),
    and two structs ``ref, day, name, numbered``, null where there is none.
    """
    found = []
    for side, lines, end in (("book", book, "left"), ("bank", bank, "right")):
        numbered = lines.numbers.filter(pl.col("series").is_not_null()).select("id").unique()
        ordered = (
            lines.lines.select("id", "ref", "amount", "day", "name")
            .join(numbered.with_columns(pl.lit(value=True).alias("numbered")), on="id", how="left")
            .sort("amount", "id")
            .with_columns(pl.len().over("amount").alias("many"))
        )
        near = [
            pl.when(pl.col("amount") == pl.col("amount").shift(step))
            .then(pl.struct(*(pl.col(name).shift(step) for name in ("ref", "day", "name", "numbered"))))
            .alias(f"{side}{step}")
            for step in (1, -1)
        ]
        found.append(ordered.select(pl.col("id").alias(end), pl.col("many").alias(f"many_{side}"), *near))
    return found[0], found[1]


def _with_rivals(
    wide: pl.DataFrame, around: tuple[pl.DataFrame, pl.DataFrame], windows: Windows, *, by_number: bool
) -> pl.DataFrame:
    """With ``rivals`` and ``rival_count``: the neighbours of both lines and why they were not meant."""
    wide = wide.join(around[0], on="left", how="left").join(around[1], on="right", how="left")
    rivals = [
        _rival(f"{side}{step}", side, windows, by_number=by_number) for side in ("bank", "book") for step in (1, -1)
    ]
    count = (pl.col("many_bank") - 1) + (pl.col("many_book") - 1)
    return wide.with_columns(pl.concat_list(*rivals).list.drop_nulls().alias("rivals"), count.alias("rival_count"))


def _rival(column: str, side: str, windows: Windows, *, by_number: bool) -> pl.Expr:
    """One neighbour as ``{side, ref, why}``, or null."""
    one = pl.col(column).struct
    name, day = (pl.col("name"), pl.col("day")) if side == "bank" else (pl.col("name_bank"), pl.col("day_bank"))
    days = (one.field("day") - day).abs()
    party = (
        pl.when(days > windows.near)
        .then(pl.lit("date"))
        .when(one.field("name").is_null())
        .then(pl.lit("no_party"))
        .when((one.field("name") != name).fill_null(value=True))
        .then(pl.lit("party"))
        .otherwise(pl.lit("other"))
    )
    number = pl.when(one.field("numbered").fill_null(value=False)).then(pl.lit("number")).otherwise(pl.lit("no_number"))
    return pl.when(pl.col(column).is_not_null() & one.field("ref").is_not_null()).then(
        pl.struct(
            pl.lit(side).alias("side"), one.field("ref").alias("ref"), (number if by_number else party).alias("why")
        )
    )
