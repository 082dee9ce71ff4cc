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
    """``kinds``: document kind → class; ``words``: class → words of the bank's texts."""

    kinds: dict[str, str]
    words: dict[str, tuple[str, ...]]
    bank_first: frozenset[str]
    reversal: tuple[str, ...]

    def of_kind(self, kind: pl.Expr) -> pl.Expr:
        """``@class`` of a book line, or null."""
        return kind.replace_strict({k: f"@{c}" for k, c in self.kinds.items()}, default=None, return_dtype=pl.String)

    def of_text(self, text: pl.Expr) -> list[pl.Expr]:
        """One column per class: its ``@class`` where the text has one of its words."""
        return [
            pl.when(text.str.contains_any(list(words))).then(pl.lit(f"@{name}")).alias(f"@{name}")
            for name, words in self.words.items()
        ]


@cache
def load_classes() -> Classes:
    """The shipped classes."""
    data = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return Classes(
        kinds={kind: row["name"] for row in data["class"] for kind in row["kinds"]},
        words={row["name"]: tuple(row["words"]) for row in data["class"]},
        bank_first=frozenset(data["first"]["bank"]),
        reversal=tuple(data["reversal"]["words"]),
    )
