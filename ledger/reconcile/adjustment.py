"""The balance-adjustment table (银行存款余额调节表, R14) and its long items (R15), as of any day.

Pure: frames in, frames out. The table as of a past day comes out the same
whatever is imported and matched later, because it counts only lines dated on
or before the cut-off and only matches all of whose lines are: a deposit of
30 June that the bank credited on 3 July is outstanding on 30 June.

::

    book balance + bank in, not book − bank out, not book  =  adjusted
    bank balance + book in, not bank − book out, not bank  =  adjusted
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ledger.i18n import _
from ledger.reconcile.classes import load_classes
from ledger.reconcile.frames import ITEMS, NOTES

CATEGORIES = ("bank_in_not_book", "bank_out_not_book", "book_in_not_bank", "book_out_not_bank")
"""The four kinds of 未达账项; the first two correct the book's balance, the others the bank's."""
SIDE_OF = {
    "bank_in_not_book": "book",
    "bank_out_not_book": "book",
    "book_in_not_bank": "bank",
    "book_out_not_bank": "bank",
}
"""The half of the table an item stands in: the balance that it corrects."""
BANDS = ("normal", "attention", "long", "very_long")

TABLE: dict[str, pl.DataType] = {
    "side": pl.String(),
    "category": pl.String(),
    "date": pl.Date(),
    "reference": pl.String(),
    "memo": pl.String(),
    "amount": pl.Int64(),
    "age_days": pl.Int64(),
    "band": pl.String(),
    "reason": pl.String(),
    "ref": pl.String(),
}
"""Rows of R14: per side ``balance``, items, ``adjusted``. Amounts positive (a balance
may be negative); ``ref`` is the line's own name for commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """From how many days on an item is of a band (≥).

    ``sooner``, ``sooner_kinds``: reasons and document kinds that ask for attention earlier.
    """

    attention: int = 30
    long: int = 90
    very_long: int = 365
    sooner: Mapping[str, int] = field(default_factory=dict)
    sooner_kinds: Mapping[str, int] = field(default_factory=dict)

    def of(self, age: pl.Expr, reason: pl.Expr, kind: pl.Expr) -> pl.Expr:
        """The band of an age in days, of an item of this reason and document kind."""
        early = pl.min_horizontal(
            pl.lit(self.attention),
            *(
                code.replace_strict(dict(known), default=None, return_dtype=pl.Int64)
                for code, known in ((reason, self.sooner), (kind, self.sooner_kinds))
                if known
            ),
        )
        return (
            pl.when(age >= self.very_long)
            .then(pl.lit("very_long"))
            .when(age >= self.long)
            .then(pl.lit("long"))
            .when(age >= early)
            .then(pl.lit("attention"))
            .otherwise(pl.lit("normal"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """R14 of one bank account at one cut-off; fen."""

    cutoff: date
    rows: pl.DataFrame
    items: pl.DataFrame
    subtotals: dict[str, int]
    book_balance: int
    bank_balance: int
    book_adjusted: int
    bank_adjusted: int

    @property
    def difference(self) -> int:
        """Adjusted book − adjusted bank: 0, or something is wrong that no item explains."""
        return self.book_adjusted - self.bank_adjusted

    @property
    def long_items(self) -> pl.DataFrame:
        """R15: the items of 90 days and more, oldest first."""
        return self.items.filter(pl.col("band").is_in(["long", "very_long"])).sort("date", "reference", "ref")


def adjustment_table(
    book_lines: pl.DataFrame,
    bank_lines: pl.DataFrame,
    items: pl.DataFrame,
    notes: pl.DataFrame | None,
    cutoff: date,
    *,
    book_opening: int,
    bank_opening: int,
    bands: Bands | None = None,
) -> Adjustment:
    """The adjustment table of one bank account.

    Args:
        book_lines: all lines (``frames.LINES``), opening items included; those are part
            of the opening balance, not of the movements.
        bank_lines: the same of the bank.
        items: the items of all matches that are not undone (``frames.ITEMS``).
        notes: what people said (``frames.NOTES``), the last word of each line last.
        cutoff: the day of the table.
        book_opening: balance of the books at cut-over, fen.
        bank_opening: balance the bank stated at cut-over, fen.
        bands: the days from which an item is of a band.
    """
    bands = bands or Bands()
    sides = {
        "book": book_lines.filter(pl.col("date") <= cutoff),
        "bank": bank_lines.filter(pl.col("date") <= cutoff),
    }
    balances = {
        side: opening + int(lines.filter(~_opening())["amount"].sum())
        for (side, lines), opening in zip(sides.items(), (book_opening, bank_opening), strict=True)
    }
    matched = matched_refs(book_lines, bank_lines, items, cutoff)
    open_lines = pl.concat(
        [
            lines.filter(pl.col("amount") != 0)
            .join(matched.filter(pl.col("side") == side), on="ref", how="anti")
            .with_columns(pl.lit(side).alias("own"))
            for side, lines in sides.items()
        ]
    )
    outstanding = _outstanding(open_lines, notes, cutoff, bands)
    subtotals = {
        category: int(outstanding.filter(pl.col("category") == category)["amount"].sum()) for category in CATEGORIES
    }
    book_adjusted = balances["book"] + subtotals["bank_in_not_book"] - subtotals["bank_out_not_book"]
    bank_adjusted = balances["bank"] + subtotals["book_in_not_bank"] - subtotals["book_out_not_bank"]
    return Adjustment(
        cutoff=cutoff,
        rows=_table(outstanding, balances, {"book": book_adjusted, "bank": bank_adjusted}, cutoff),
        items=outstanding,
        subtotals=subtotals,
        book_balance=balances["book"],
        bank_balance=balances["bank"],
        book_adjusted=book_adjusted,
        bank_adjusted=bank_adjusted,
    )


def matched_refs(book_lines: pl.DataFrame, bank_lines: pl.DataFrame, items: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """``side, ref`` of the lines whose whole match is dated on or before the cut-off."""
    dated = pl.concat(
        [
            lines.select("ref", "date", pl.lit(side).alias("side"))
            for side, lines in (("book", book_lines), ("bank", bank_lines))
        ]
    )
    known = items.select(*ITEMS).join(dated, on=["side", "ref"], how="left")
    # a line that is not among the given ones is dated later than what was loaded
    whole = (pl.col("date") <= cutoff).fill_null(False).all().over("match_id")
    return known.filter(whole).select("side", "ref").unique()


def _opening() -> pl.Expr:
    """Lines that move no balance: opening items (``O12``) stand in the opening balances already,
    fees kept back (``F12``) in the net line of the bank.
    """
    return pl.col("ref").str.contains("^[OF]")


def _outstanding(lines: pl.DataFrame, notes: pl.DataFrame | None, cutoff: date, bands: Bands) -> pl.DataFrame:
    """Open lines → items with category, age, band, reason, in the order of the form.

    Order (domain.md §9.2): long items last, else by date, then number.
    """
    said = pl.DataFrame(schema=NOTES) if notes is None else notes.select(*NOTES)
    said = said.group_by("side", "ref", maintain_order=True).agg(
        pl.col("reason").last().alias("said"), pl.col("note").last()
    )
    inflow = pl.col("amount") > 0
    category = (
        pl.when(pl.col("own") == "bank")
        .then(pl.when(inflow).then(pl.lit("bank_in_not_book")).otherwise(pl.lit("bank_out_not_book")))
        .otherwise(pl.when(inflow).then(pl.lit("book_in_not_bank")).otherwise(pl.lit("book_out_not_bank")))
    )
    # a line of equal amount open on the other side: the matcher saw it and could not decide
    rival = lines.select(
        pl.when(pl.col("own") == "book").then(pl.lit("bank")).otherwise(pl.lit("book")).alias("own"), "amount"
    )
    rival = rival.group_by("own", "amount").agg(pl.len().alias("rivals"))
    age = (pl.lit(cutoff) - pl.col("date")).dt.total_days()
    frame = (
        lines.join(said, left_on=["own", "ref"], right_on=["side", "ref"], how="left")
        .join(rival, on=["own", "amount"], how="left")
        .with_columns(category.alias("category"), age.alias("age_days"))
        .with_columns(pl.coalesce("reason", _reason_code()).alias("code"))
        .with_columns(
            bands.of(pl.col("age_days"), pl.col("code"), pl.col("kind")).alias("band"),
            pl.col("category").replace_strict(SIDE_OF).alias("side"),
            pl.coalesce("said", "code").alias("reason"),
            _memo().alias("memo"),
        )
    )
    frame = frame.sort(
        pl.col("category").replace_strict({name: i for i, name in enumerate(CATEGORIES)}),
        pl.col("band").is_in(["long", "very_long"]),
        pl.col("date"),
        _number_key(),
        pl.col("order"),
        pl.col("ref"),
        nulls_last=True,
    )
    return frame.select(*(pl.col(name) if name != "amount" else pl.col(name).abs() for name in TABLE))


def _memo() -> pl.Expr:
    """The line's own summary and what a person added; null where there is neither."""
    said = pl.concat_str([pl.col("text"), pl.col("note")], separator=" ", ignore_nulls=True).str.strip_chars()
    return pl.when(said != "").then(said)


def _number_key() -> pl.Expr:
    """``then number``: a document's letters, then its digits as numbers (JK-9 before JK-10).

    A bank line's number is its place in the bank's own record.
    """
    digits = pl.col("reference").str.extract_all(r"\d+").list.eval(pl.element().str.zfill(24)).list.join("-")
    letters = pl.col("reference").str.replace_all(r"\d+", "#")
    return pl.when(pl.col("own") == "book").then(pl.concat_str([letters, digits], separator=" "))


def _reason_code() -> pl.Expr:
    """The reason that can be told from the line itself, until a person says another.

    Codes of ``reconciliation.md`` §4; ``reason_text`` puts them into words.
    """
    words = load_classes()
    text = pl.col("text").fill_null("")
    bank, inflow = pl.col("own") == "bank", pl.col("amount") > 0
    return (
        pl.when(pl.col("rivals") > 0)
        .then(pl.lit("AMBIGUOUS"))
        .when(bank & text.str.contains_any(list(words.reversal)))
        .then(pl.lit("RETURNED"))
        .when(bank & ~inflow & text.str.contains_any(list(words.words["bank_charge"])))
        .then(pl.lit("BANK_FEE"))
        .when(bank & inflow & text.str.contains_any(list(words.words["interest"])))
        .then(pl.lit("INTEREST"))
        .when(bank)
        .then(pl.lit("NO_DOCUMENT"))
        .otherwise(pl.lit("IN_TRANSIT"))
    )


REASONS = ("AMBIGUOUS", "RETURNED", "BANK_FEE", "INTEREST", "NO_DOCUMENT", "IN_TRANSIT", "FEE_NETTED")
"""What can be told of an open line by itself."""


def reason_text(code: str) -> str:
    """A reason as people read it; a person's own words stay as they are."""
    known = {
        "AMBIGUOUS": _("有同额的多笔,不能唯一对应"),
        "RETURNED": _("银行退回,凭证未到"),
        "BANK_FEE": _("银行扣收手续费,凭证未到"),
        "INTEREST": _("银行结息,回单未到"),
        "NO_DOCUMENT": _("银行已入账,回单未取"),
        "IN_TRANSIT": _("企业已入账,银行在途"),
        "FEE_NETTED": _("银行按净额入账,手续费凭证未到"),
    }
    return known.get(code, code)


def category_text(category: str) -> str:
    """The form's words for a category of R14, ``balance`` and ``adjusted`` included."""
    return {
        "balance": _("余额"),
        "bank_in_not_book": _("银行已收、企业未收"),
        "bank_out_not_book": _("银行已付、企业未付"),
        "book_in_not_bank": _("企业已收、银行未收"),
        "book_out_not_bank": _("企业已付、银行未付"),
        "adjusted": _("调节后余额"),
    }[category]


def band_text(band: str) -> str:
    """The form's words for an age band."""
    return {"normal": _("正常"), "attention": _("关注"), "long": _("长期"), "very_long": _("超长")}[band]


def _table(outstanding: pl.DataFrame, balances: dict[str, int], adjusted: dict[str, int], cutoff: date) -> pl.DataFrame:
    """R14's rows: each side its balance, its items by category, its adjusted balance."""
    parts: list[pl.DataFrame] = []
    for side in ("book", "bank"):
        parts.append(_figure(side, "balance", balances[side], cutoff))
        parts.append(outstanding.filter(pl.col("side") == side))
        parts.append(_figure(side, "adjusted", adjusted[side], cutoff))
    return pl.concat(parts)


def _figure(side: str, category: str, amount: int, cutoff: date) -> pl.DataFrame:
    row = dict.fromkeys(TABLE) | {"side": side, "category": category, "amount": amount, "date": cutoff}
    return pl.DataFrame([row], schema=TABLE)
