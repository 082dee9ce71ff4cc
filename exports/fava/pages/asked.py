"""What a page is asked for, read from the address: every value is held to its form before it is used.

Fava keeps ``time``, ``account``, ``filter``, ``conversion`` and ``interval`` for itself, so ours
have other names. Where no month is asked, a month in Fava's time box counts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from ledger.calendar import Calendar
from ledger.errors import Refused
from ledger.i18n import _

LONGEST = 64
"""Characters of a value; names and numbers of the field are shorter."""

# years that a book may have: what lies beyond has no day before or after it, or is a slip of the keys
_MONTH = re.compile(r"(?a:19|20|21)(?a:\d\d)-(0[1-9]|1[0-2])")
_DAY = re.compile(rf"{_MONTH.pattern}-(?a:\d\d)")
_TIME = re.compile(rf"{_MONTH.pattern}(-(?a:\d\d))?")
_NUMBER = re.compile(r"(?a:\d{1,15})")


class Asked:
    """The words of one address."""

    def __init__(self, words: MultiDict[str, str]) -> None:
        self._words = words

    def text(self, name: str) -> str | None:
        """A word; None where it is missing or empty.

        Raises:
            Refused: it stands twice, is too long or holds what nobody types.
        """
        given = [word.strip() for word in self._words.getlist(name)]
        if len(given) > 1:
            raise Refused(_("{name} 只能给一个").format(name=name))
        if not given or not given[0]:
            return None
        if len(given[0]) > LONGEST or not given[0].isprintable():
            raise self._odd(name, given[0], _("不超过 {n} 个可见字符").format(n=LONGEST))
        return given[0]

    def month(self) -> str | None:
        """``2023-06``, asked here or in Fava's time box."""
        month = self.text("month")
        if month is None:
            day = self._favas()
            return None if day is None else day[:7]
        if not _MONTH.fullmatch(month):
            raise self._odd("month", month, "2023-06")
        return month

    def day(self) -> dt.date | None:
        """``2023-06-30``, asked here or in Fava's time box."""
        day = self.text("day") or self._favas(whole=True)
        if day is None:
            return None
        try:
            return dt.date.fromisoformat(day if _DAY.fullmatch(day) else "")
        except ValueError:
            raise self._odd("day", day, "2023-06-30") from None

    def number(self, name: str, otherwise: int = 1) -> int:
        """A whole number from 0."""
        given = self.text(name)
        if given is None:
            return otherwise
        if not _NUMBER.fullmatch(given):
            raise self._odd(name, given, _("数字"))
        return int(given)

    def one_of(self, name: str, known: Sequence[str]) -> str | None:
        """One of a few words."""
        given = self.text(name)
        if given is not None and given not in known:
            raise self._odd(name, given, "、".join(known))
        return given

    def _favas(self, *, whole: bool = False) -> str | None:
        """The month or day in Fava's time box, if it is one; its other forms (2023, 2023-Q2) are Fava's own."""
        time = self._words.get("time", "").strip()
        return time if (_DAY if whole else _TIME).fullmatch(time) else None

    @staticmethod
    def _odd(name: str, value: str, expected: str) -> Refused:
        shown = value if len(value) <= LONGEST else value[:LONGEST] + "…"
        return Refused(_("{name} 不能是“{value}”,应为:{expected}").format(name=name, value=shown, expected=expected))


def months_around(month: str) -> tuple[str, str]:
    """The months before and after."""
    first = dt.date.fromisoformat(f"{month}-01")
    day = dt.timedelta(days=1)
    return f"{first - day:%Y-%m}", f"{Calendar.month_end(first) + day:%Y-%m}"
