"""Every message of the code has its English: a missing one would appear in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "ledger" / "locale" / "en" / "LC_MESSAGES" / "meterbook.po"


def messages() -> set[str]:
    """Every literal handed to ``_()``."""
    found = {
        message
        for package in ("ledger", "importers", "exports", "commands")
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / package, [("**.py", "python")], keywords={"_": None}
        )
    }
    found |= {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT, [("cli.py", "python")], keywords={"_": None}, directory_filter=lambda _path: False
        )
    }
    return {message for message in found if isinstance(message, str)}


def catalogue() -> Catalog:
    with CATALOGUE.open(encoding="utf-8") as file:
        return read_po(file, locale="en")


def test_every_message_has_its_english() -> None:
    """None missing, none empty."""
    known = {entry.id: entry.string for entry in catalogue() if entry.id}
    assert sorted(message for message in messages() if not known.get(message)) == []


def test_placeholders_agree() -> None:
    """A translation fills in the same values."""
    for entry in catalogue():
        if entry.id and entry.string:
            assert set(re.findall(r"{\w*}", str(entry.id))) >= set(re.findall(r"{\w*}", str(entry.string))), entry.id
