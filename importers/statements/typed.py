"""The cells of lines → typed columns, and which of them say nothing that can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import and_

import polars as pl

from importers.statements import columns
from importers.statements.body import AMOUNTS
from importers.statements.columns import each
from importers.statements.dialect import Dialect
from importers.statements.local import localised

CURRENCIES = {"人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "CNY": "CNY", "元": "CNY"}
PLAIN = ("date", "time", "currency", "flag", "status", "balance", *AMOUNTS)
"""The fields that are more than text."""
TEXTS = ("serial", "summary", "reference", "party", "party_in", "party_out")
NUMBERS = ("account", "party_account", "party_account_in", "party_account_out")

Places = Mapping[str, list[int]]
"""Field → positions of its columns."""


class Typed:
    """The lines of a block: ``raw`` holds row and the cells c0, c1, … as printed.

    ``frame``: the columns of ``table.Extract``. ``bad``: by field, which rows say something unreadable
    there, ``missing`` (all amounts are empty) and ``doubled`` (two are not zero) among them; a field
    without any is left out.
    """

    def __init__(self, raw: pl.DataFrame, dialect: Dialect, places: Places) -> None:
        self._raw, self._dialect, self._places = raw, dialect, places
        self._plain = self._plain_cells()
        self.bad: dict[str, pl.Series] = {}
        (day,) = each([self._cell("date")], columns.day)
        self._note("date", day.null_count(), day)
        text = pl.Series([None], dtype=pl.String).new_from_index(0, raw.height)
        found = {
            "row": raw["row"],
            "time": self._time(text),
            "date": day,
            **dict.fromkeys((*TEXTS, *NUMBERS), text),
            **self._texts(),
            "currency": self._cell("currency").replace(CURRENCIES) if "currency" in places else text,
            "balance": text.cast(pl.Int64),
            **self._amounts(),
            **self._flag(),
            "aside": self._aside(text),
        }
        self.frame = pl.DataFrame([column.alias(name) for name, column in found.items()])

    def _cell(self, name: str) -> pl.Series:
        """The cells of a field, plain."""
        return self._plain[self._places[name][0]]

    def _plain_cells(self) -> dict[int, pl.Series]:
        found = list(dict.fromkeys(self._places[name][0] for name in PLAIN if name in self._places))
        plain = dict(zip(found, columns.plain_columns(self._raw[f"c{place}"] for place in found), strict=True))
        return localised(plain, self._dialect, self._places)

    def _note(self, name: str, count: int, values: pl.Series, nothing: pl.Series | None = None) -> None:
        """Remember the cells that gave no value, though they say something."""
        if count:
            self.bad[name] = values.is_null() if nothing is None else values.is_null() & ~nothing

    def _time(self, time: pl.Series) -> pl.Series:
        """The time of day of its own column, else of what follows the date."""
        if "time" in self._places:
            time = columns.clock(self._cell("time"))
        if not time.null_count():
            return time
        after = columns.clock(self._cell("date"))
        return after if time.null_count() == len(time) else time.zip_with(time.is_not_null(), after)

    def _texts(self) -> dict[str, pl.Series]:
        """The fields of text: of one column, or of several joined, each text once."""
        places = {name: self._places[name] for name in (*TEXTS, *NUMBERS) if name in self._places}
        found = list(dict.fromkeys(place for several in places.values() for place in several))
        tidy = dict(zip(found, each((self._raw[f"c{place}"] for place in found), columns.tidy), strict=True))
        numbers = [name for name in places if name in NUMBERS]
        # an account number that Excel printed as text may carry blanks inside
        solid = each((tidy[places[name][0]] for name in numbers), _without_blanks)
        return {
            **{name: _one(tidy[place] for place in places[name]) for name in places if name in TEXTS},
            **dict(zip(numbers, solid, strict=True)),
        }

    def _amounts(self) -> dict[str, pl.Series]:
        """Amounts and balance in fen."""
        names = [name for name in (*AMOUNTS, "balance") if name in self._places]
        cells = [self._cell(name) for name in names]
        values = dict(zip(names, each(cells, columns.fen), strict=True))
        nothing = dict(zip(names, each(cells, columns.is_nothing), strict=True))
        for name in names:
            self._note(name, values[name].null_count() - int(nothing[name].sum()), values[name], nothing[name])
        if self._dialect.masked and "balance" in self.bad:
            hidden = self._cell("balance").str.contains(self._dialect.masked).fill_null(False)
            self.bad["balance"] &= ~hidden
        amounts = [name for name in names if name != "balance"]
        self.bad["missing"] = reduce(and_, (nothing[name] for name in amounts))
        if len(amounts) > 1:
            filled = pl.DataFrame([(values[name] != 0).alias(name) for name in amounts])
            self.bad["doubled"] = filled.sum_horizontal() > 1
        if self._dialect.out_negative and "amount_out" in values:
            values["amount_out"] = -values["amount_out"]
        return values

    def _flag(self) -> dict[str, pl.Series]:
        dialect = self._dialect
        if dialect.form != "flag":
            return {}
        cell = pl.col("flag")
        said = pl.lit(None, pl.String)
        for word, words in (("neutral", dialect.flags_neutral), ("out", dialect.flags_out), ("in", dialect.flags_in)):
            if words:
                said = pl.when(columns.starts(cell, words)).then(pl.lit(word)).otherwise(said)
        flag = pl.DataFrame({"flag": self._cell("flag")}).select(flag=said).to_series()
        self._note("flag", flag.null_count(), flag)
        return {"flag": flag}

    def _aside(self, reason: pl.Series) -> pl.Series:
        """Why a row moves no money of the account: it is neutral, or was closed unpaid."""
        dialect, told = self._dialect, pl.col("reason")
        cells = {"reason": reason}
        if dialect.closed and "status" in self._places:
            cells["status"] = self._cell("status")
            told = pl.when(columns.starts(pl.col("status"), dialect.closed)).then(pl.lit("closed")).otherwise(told)
        if dialect.flags_neutral and dialect.form == "flag":
            cells["flag"] = self._cell("flag")
            neutral = columns.starts(pl.col("flag"), dialect.flags_neutral)
            told = pl.when(neutral).then(pl.lit("neutral")).otherwise(told)
        return reason if len(cells) == 1 else pl.DataFrame(cells).select(told).to_series()


def _one(parts: Iterable[pl.Series]) -> pl.Series:
    """Several texts as one."""
    first, *others = parts
    if not others:
        return first
    frame = pl.DataFrame({f"c{place}": part for place, part in enumerate((first, *others))})
    return frame.select(columns.joined(map(pl.col, frame.columns))).to_series()


def _without_blanks(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\s", "")
