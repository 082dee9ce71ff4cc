"""Two languages: zh_CN is the source text, English comes from the catalogue.

The catalogue ``ledger/locale/en/LC_MESSAGES/meterbook.po`` is read as it is
(no build step): a message without translation appears in Chinese, and a test
lists every missing one.
"""

from __future__ import annotations

import gettext
import io
import locale
import os
from functools import cache
from pathlib import Path

CATALOGUES = Path(__file__).parent / "locale"
LANGUAGES = ("zh_CN", "en")

_current = "zh_CN"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; the empty catalogue for the source language."""
    path = CATALOGUES / language / "LC_MESSAGES" / "meterbook.po"
    if language == "zh_CN" or not path.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo  # only English pays for Babel's import
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open(encoding="utf-8") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(message: str) -> str:
    """The message in the current language; ``{names}`` are filled in by the caller."""
    return _catalogue(_current).gettext(message)


def current_language() -> str:
    """``zh_CN`` or ``en``."""
    return _current


def set_language(language: str | None) -> None:
    """Choose the language: an argument, else ``METERBOOK_LANG``, else the locale, else Chinese."""
    global _current
    wanted = language or os.environ.get("METERBOOK_LANG") or _of_the_machine()
    _current = "en" if wanted.lower().startswith("en") else "zh_CN"


def _of_the_machine() -> str:
    """What the environment says (``C`` says nothing), else what Windows says."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value
    return (locale.getlocale()[0] or "") if os.name == "nt" else ""
