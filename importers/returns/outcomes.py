"""What a bank may say about a debit it was asked for: the canonical outcomes (扣款结果)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from ledger.money import normal_text

OUTCOMES: Final = (
    "SUCCESS",
    "PARTIAL",
    "INSUFFICIENT",
    "NO_ACCOUNT",
    "NAME_MISMATCH",
    "CLOSED",
    "FROZEN",
    "NO_AGREEMENT",
    "LIMIT",
    "DUPLICATE",
    "TIMEOUT_UNKNOWN",
    "REVERSED",
    "OTHER",
)
PAID: Final = ("SUCCESS", "PARTIAL")
"""Money has come: the whole amount, or a part of it."""
UNKNOWN: Final = "TIMEOUT_UNKNOWN"
"""Nobody knows: neither settled nor failed, never sent again until the bank has said which."""
WORDS_FILE = Path(__file__).parent / "outcomes.toml"


def word_key(text: str) -> str:
    """A bank's word as it is compared: plain width, no blanks, lower case."""
    return "".join(normal_text(text).split()).casefold()


@cache
def common_words() -> Mapping[str, str]:
    """The words of ``outcomes.toml``: :func:`word_key` → outcome."""
    data = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {word_key(word): outcome for outcome, words in data.items() for word in words}


def by_words(text: str, words: Mapping[str, str]) -> str | None:
    """The outcome a text names, or None.

    The whole text first; else the longest word that stands in it, where doubt goes before a
    reason and a reason before a mere failure. A success is never read out of a longer text:
    未成功 contains 成功.
    """
    key = word_key(text)
    if key in words:
        return words[key]
    inside = [word for word, outcome in words.items() if word in key and outcome != "SUCCESS"]
    inside.sort(key=lambda word: (words[word] == UNKNOWN, words[word] != "OTHER", len(word)))
    return words[inside[-1]] if inside else None
