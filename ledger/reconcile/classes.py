"""The classes of ``classes.toml``: who stands behind a line that names no customer."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

PATH = Path(__file__).with_name("classes.toml")


@dataclass(frozen=True, slots=True)
class Classes:
    """``kinds``: document kind → class; ``words``: class → words of the bank's texts.

    ``method_kinds``, ``method_words``: the same for how money was paid (结算方式).
    ``reversal``: words with which the bank takes a line back; ``returned``: those of them that
    say the money came back, which is an event of its own.
    """

    kinds: dict[str, str]
    words: dict[str, tuple[str, ...]]
    method_kinds: dict[str, str]
    method_words: dict[str, tuple[str, ...]]
    bank_first: frozenset[str]
    reversal: tuple[str, ...]
    returned: tuple[str, ...]

    def of_kind(self, kind: pl.Expr) -> pl.Expr:
        """``@class`` of a book line, or null."""
        return kind.replace_strict({k: f"@{c}" for k, c in self.kinds.items()}, default=None, return_dtype=pl.String)

    def of_text(self, text: pl.Expr) -> list[pl.Expr]:
        """One column per class: its ``@class`` where the text has one of its words."""
        return [
            pl.when(text.str.contains_any(list(words))).then(pl.lit(f"@{name}")).alias(f"@{name}")
            for name, words in self.words.items()
        ]

    def other_method(self, kind: pl.Expr, text: pl.Expr) -> pl.Expr:
        """The bank's text says how it was paid, and the document's kind says another way."""
        method = kind.replace_strict(self.method_kinds, default=None, return_dtype=pl.String)
        said = {name: text.fill_null("").str.contains_any(list(words)) for name, words in self.method_words.items()}
        fits = pl.any_horizontal((method == name) & its for name, its in said.items())
        return method.is_not_null() & pl.any_horizontal(*said.values()) & ~fits

    def taken_back(self, text: pl.Expr) -> pl.Expr:
        """The bank corrects itself (冲正), which no voucher of ours answers; money that came back has one."""
        own = [word for word in self.reversal if word not in self.returned]
        return text.fill_null("").str.contains_any(own)


@cache
def load_classes() -> Classes:
    """The shipped classes."""
    data = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return Classes(
        kinds={kind: row["name"] for row in data["class"] for kind in row["kinds"]},
        words={row["name"]: tuple(row["words"]) for row in data["class"]},
        method_kinds={kind: row["name"] for row in data["method"] for kind in row["kinds"]},
        method_words={row["name"]: tuple(row["words"]) for row in data["method"]},
        bank_first=frozenset(data["first"]["bank"]),
        reversal=tuple(data["reversal"]["words"]),
        returned=tuple(data["reversal"]["returned"]),
    )
