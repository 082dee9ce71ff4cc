"""What a table says of itself beside its lines: behind labels above the header, in remarks below the lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from importers.statements.body import Body
from importers.statements.recognise import Table
from ledger.money import InvalidAmount, normal_text, parse_fen

DAY = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|(?<!\d)\d{8}(?!\d)")


def meta(table: Table) -> dict[str, str]:
    """What stands above the header behind the dialect's labels: in the cell or the next one."""
    found: dict[str, str] = {}
    for name, labels in table.dialect.meta.items():
        dated = name in ("from", "to", "period")
        for _number, row in table.preamble:
            for index, cell in enumerate(row):
                rest = None if name in found else _behind(labels, cell, inside=dated)
                if rest is None:
                    continue
                rest = rest if dated else re.sub(r"\s+", "", rest)
                value = rest or next((text for after in row[index + 1 :] if (text := after.strip())), "")
                if value:
                    found[name] = value
    if (days := DAY.findall(normal_text(found.pop("period", "")))) and len(days) == 2:
        found.setdefault("from", days[0])
        found.setdefault("to", days[1])
    return found


def _behind(labels: Iterable[str], cell: str, *, inside: bool = False) -> str | None:
    """What a cell says behind one of the labels, or None; ``inside``: the label may stand within.

    ``账号[ Account ]: 6222…``, ``#账 号:6222…``, ``起始时间:[2024-03-01] 终止时间:[2024-03-31]``.
    """
    text = normal_text(cell)
    for label in labels:
        if said := _pattern(label, inside).search(text):
            return (said[1] if said[1] is not None else said[2]).strip()
    return None


@lru_cache(maxsize=4096)
def _pattern(label: str, inside: bool) -> re.Pattern[str]:
    spaced = r"\s*".join(map(re.escape, re.sub(r"\s+", "", normal_text(label))))
    begin = r"(?:^#?|\s)" if inside else "^#?"
    return re.compile(rf"{begin}{spaced}\s*(?:\[[^\]]*\]\s*(?=:))?:?\s*(?:\[([^\]]*)\]|(.*))", re.IGNORECASE)


def declared(table: Table, body: Body) -> dict[str, tuple[int | None, int | None]]:
    """Count and sum behind the labels of ``[declared]``, above the header or below the lines; the footer's count."""
    found: dict[str, tuple[int | None, int | None]] = {} if body.count is None else {"count": (body.count, None)}
    for name, labels in table.dialect.declared.items():
        for row in (*(row for _number, row in table.preamble), *body.tail):
            for cell in row:
                said = _behind(labels, cell)
                if said is None or name in found:
                    continue
                count = re.match(r"(\d{1,9})\s*笔", said)
                amount = re.search(r"(-?[\d,]{1,20}(?:\.\d{1,2})?)\s*元", said)
                if count or amount:
                    found[name] = (int(count[1]) if count else None, _sum(amount[1]) if amount else None)
    return found


def _sum(text: str) -> int | None:
    try:
        return abs(parse_fen(text))
    except InvalidAmount:
        return None
