"""Drafts of a large file on their way out of a child process: plain values, a few thousand lines at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any

from importers.statements.formats.common import Draft, Line
from importers.statements.statement import Finding

CHUNK = 5_000

_NAMES = tuple(one.name for one in fields(Line))
_values = attrgetter(*_NAMES)


def apart(drafts: Iterable[Draft]) -> Iterator[tuple[str, Any]]:
    """Each draft as ``("draft", its head)``, then ``("lines" | "pending", tuples)`` in their order."""
    for draft in drafts:
        head = {one.name: getattr(draft, one.name) for one in fields(draft)}
        head["findings"] = [asdict(finding) for finding in draft.findings]
        yield "draft", head | {"lines": [], "pending": []}
        for kind in ("lines", "pending"):
            lines = getattr(draft, kind)
            for start in range(0, len(lines), CHUNK):
                yield kind, [_values(line) for line in lines[start : start + CHUNK]]


def joined(parts: Iterable[tuple[str, Any]]) -> list[Draft]:
    """The drafts again."""
    drafts: list[Draft] = []
    for kind, told in parts:
        if kind == "draft":
            told["findings"] = [Finding(**finding) for finding in told["findings"]]
            drafts.append(Draft(**told))
        else:
            lines = drafts[-1].lines if kind == "lines" else drafts[-1].pending
            lines += [Line(**dict(zip(_NAMES, values, strict=True))) for values in told]
    return drafts
