"""What must never be read by others: passwords in database addresses, in messages, in tracebacks.

::

    postgresql://cashier:secret@books/water  ─address─▶  postgresql://cashier:***@books/water

Whatever is printed, logged or exported and may hold an address or a driver's words goes
through here. Card and account numbers in running text keep their last four digits.
Source: domain §4 C40, audit §5.1 (33).
"""

from __future__ import annotations

import re

HIDDEN = "***"

_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)\S*@", re.IGNORECASE)
_WHOLE = re.compile(r"^([a-z][a-z0-9+.-]*://[^\s:/@]*:).*@", re.IGNORECASE | re.DOTALL)
"""The same where nothing but an address is given: its password may hold blanks."""
_OPTION = re.compile(
    r"(?P<name>[\w-]*(?:passw(?:or)?d|passphrase|secret|token)[\w-]*)(?P<sign>\s*[=:]\s*)(?P<value>'[^']*'|\"[^\"]*\"|[^\s&,;)'\"]+)",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<!\d)\d{11,15}(?=\d{4}(?!\d))")


def address(url: str) -> str:
    """A database address without its password; a path stays as it is."""
    return text(_WHOLE.sub(rf"\g<1>{HIDDEN}@", url))


def has_secret(url: str) -> bool:
    """Whether an address holds a password."""
    return address(url) != url


def text(message: str, *secrets: str | None) -> str:
    """A message without passwords; ``secrets`` are further words that must not stand in it."""
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        message = message.replace(secret, HIDDEN)
    return _OPTION.sub(rf"\g<name>\g<sign>{HIDDEN}", _ADDRESS.sub(rf"\g<1>{HIDDEN}@", message))


def numbers(message: str) -> str:
    """A message in which card and account numbers keep their last four digits."""
    return _CARD.sub("****", message)
