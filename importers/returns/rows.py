"""The rows below a layout's header: typed, judged, and the totals that stand among and below them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from importers.limits import Watch
from importers.returns.layout import Layout
from importers.returns.outcomes import PAID, word_key
from importers.returns.values import Misfit, outcome_of, value_of
from importers.statements.dialect import header_key
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import format_fen, normal_text

ROWS: dict[str, pl.DataType] = {
    "serial": pl.String(),
    "account": pl.String(),
    "name": pl.String(),
    "customer": pl.String(),
    "amount": pl.Int64(),
    "debited": pl.Int64(),
    "fee": pl.Int64(),
    "net": pl.Int64(),
    "date": pl.Date(),
    "reference": pl.String(),
    "outcome": pl.String(),
    "code": pl.String(),
    "text": pl.String(),
    "row": pl.Int64(),
    "file": pl.String(),
}
"""A row in fen. ``debited`` is what the bank took where the file prints it beside the
amount asked for; ``outcome`` one of :data:`importers.returns.outcomes.OUTCOMES`, null in
a file that was sent; ``fee``, ``net`` and ``reference`` (our order number) of a settlement, whose
refunds are REVERSED, their amount positive; ``row`` the 1-based line of ``file``."""

FAULTS_MAX = 200
"""Nobody reads more of one file."""
WATCHED = 5_000
"""Lines between two looks at the clock."""

_RULE = re.compile(r"[\s│┃|─━┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬+\-=_]*")
_COUNTED = re.compile(r"(\d{1,9})\s*笔")
_MONEY = re.compile(r"[\d,]+\.\d\d(?!\d)")
_YUAN = re.compile(r"(-?[\d,]{1,20}(?:\.\d{1,2})?)元")
_OPTIONAL = frozenset({"debited", "refund", "net", "code", "serial"})
"""Cells that may be empty."""

Line = tuple[int, str | list[str]]
"""A line of text, or the cells of a worksheet's row, with its 1-based number."""


@dataclass(frozen=True, slots=True)
class Match:
    """A layout with the lines it reads: the record of the whole, and the rows below it."""

    layout: Layout
    header: dict[str, Any]
    header_row: int | None
    columns: dict[str, int]
    width: int
    delimiter: str
    body: Sequence[Line]


@dataclass(slots=True)
class _Walk:
    """Where the reading of a table stands. ``controls`` found so far; ``footed`` by a totals row,
    ``ended`` by a line below the table; ``sums`` the columns of its own table of totals."""

    match: Match
    controls: dict[str, int] = field(default_factory=dict)
    footed: bool = False
    ended: bool = False
    sums: dict[str, int] | None = None


def read_rows(match: Match, file: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """Every row (:data:`ROWS`), and the counts and totals printed beside them.

    Raises:
        ImportRejected: with every row that does not fit.
    """
    layout, walk = match.layout, _Walk(match)
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    known: dict[tuple[str | None, str | None], str] = {}
    watch = Watch(file)
    for place, (number, line) in enumerate(match.body):
        if place % WATCHED == 0:
            watch.check()
        try:
            read = _row(walk, line)
            if read is not None:
                rows.append({**dict.fromkeys(ROWS), **_judged(layout, read, known), "row": number, "file": file})
        except Misfit as misfit:
            faults.append(
                Fault(
                    file=file,
                    row=number,
                    column=misfit.column,
                    value=misfit.value,
                    message=misfit.message,
                    code="return",
                )
            )
            if len(faults) >= FAULTS_MAX:
                break
    if faults:
        raise ImportRejected(faults)
    frame = pl.DataFrame([[row[name] for name in ROWS] for row in rows], schema=ROWS, orient="row")
    return frame, walk.controls


def _row(walk: _Walk, line: str | list[str]) -> dict[str, Any] | None:
    """A row's fields; None for a line that is none."""
    layout = walk.match.layout
    if layout.form == "table":
        read = _table_row(walk, line)
    else:
        read = record(layout, layout.row, layout.row_widths, str(line))
    if read is None:
        return None
    if walk.footed:
        raise Misfit(_("合计行下面还有明细"))
    if read["amount"] == 0 and layout.purpose != "settlement":
        raise Misfit(_("金额必须大于零"), "amount", "0")
    return read


def _table_row(walk: _Walk, line: str | list[str]) -> dict[str, Any] | None:
    """A row of a table; None for what is none (rules, repeated heads of a page, totals, remarks below)."""
    match = walk.match
    layout = match.layout
    whole = line if isinstance(line, str) else " ".join(line)
    if _RULE.fullmatch(whole) or any(word in whole for word in layout.marker):
        return None
    cells = cells_of(line, match.delimiter, layout.prefix)
    first = next((cell for cell in cells if cell), "")
    if walk.sums is not None:
        _own_totals(walk, cells, whole)
        return None
    if walk.ended or (layout.end and first.startswith(layout.end)):
        walk.ended = True
        _below(walk, cells, whole)
        return None
    if first.startswith(layout.skip) and layout.skip:
        return None
    if layout.footer and word_key(first).startswith(layout.footer):
        walk.controls |= _footer(match, cells, whole)
        walk.footed = True
        return None
    keys = [header_key(cell) for cell in cells]
    if layout.totals and set(layout.totals.values()) <= set(keys):
        walk.sums = {name: keys.index(key) for name, key in layout.totals.items()}
        return None
    if layout.required <= set(keys):
        return None
    while len(cells) > match.width and not cells[-1]:
        cells.pop()
    if len(cells) != match.width:
        raise Misfit(_("应有 {n} 列,有 {m} 列").format(n=match.width, m=len(cells)))
    return {
        name: value_of(layout, name, cells[at], place)
        for place, (name, at) in enumerate(match.columns.items())
        if cells[at] or name not in _OPTIONAL
    }


def _footer(match: Match, cells: list[str], whole: str) -> dict[str, int]:
    """Count and sums of a totals line: in their columns, else the one amount it prints."""
    found: dict[str, int] = {}
    if counted := _COUNTED.search(whole):
        found["count"] = int(counted[1])
    settled = match.layout.purpose == "settlement"
    aligned = len(cells) == match.width
    at = match.columns["amount"]
    printed = [cells[at]] if aligned and cells[at] else _MONEY.findall(whole)
    if len(printed) == 1:
        found["gross_amount" if settled else "amount"] = value_of(match.layout, "amount", printed[0], 0)
    for name in ("fee", "net") if settled and aligned else ():
        if name in match.columns and cells[match.columns[name]]:
            found[f"{name}_amount"] = value_of(match.layout, name, cells[match.columns[name]], 0)
    if not found:
        raise Misfit(_("合计行中没有笔数和金额"), value=whole.strip()[:60])
    return found


def _own_totals(walk: _Walk, cells: list[str], whole: str) -> None:
    """The row of the file's own table of totals; nothing stands below it."""
    layout, sums = walk.match.layout, walk.sums or {}
    if walk.footed or len(cells) <= max(sums.values()):
        raise Misfit(_("合计行中没有笔数和金额"), value=whole.strip()[:60])
    for name, at in sums.items():
        walk.controls[name] = value_of(layout, name, cells[at], at)
    walk.footed = True


def _below(walk: _Walk, cells: list[str], whole: str) -> None:
    """A remark below the table, perhaps a count and a sum; a row there would be lost in silence."""
    layout, said = walk.match.layout, header_key(whole).lstrip("#")
    for name, label in layout.declared.items():
        if said.startswith(label):
            if counted := _COUNTED.search(said):
                walk.controls[f"{name}_count"] = int(counted[1])
            if money := _YUAN.search(said):
                amount = value_of(layout, "amount", money[1], 0)
                walk.controls[f"{name}_amount"] = abs(amount)
            return
    if len(cells) == walk.match.width and normal_text(cells[walk.match.columns["amount"]]):
        raise Misfit(_("合计行下面还有明细"))


def cells_of(line: str | list[str], delimiter: str, prefix: str = "") -> list[str]:
    """The cells of a line, without blanks around them and the prefix before them."""
    found = _split(line, delimiter)
    return [cell.removeprefix(prefix) for cell in found] if prefix else found


def _split(line: str | list[str], delimiter: str) -> list[str]:
    if isinstance(line, list):
        return [cell.strip() for cell in line]
    if delimiter in ",;\t":
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            return [line]
    return [cell.strip() for cell in line.split(delimiter)]


def record(layout: Layout, fields: Sequence[str], widths: Sequence[int], line: str) -> dict[str, Any]:
    """The fields of a line by place."""
    texts = _slices(line, widths, layout.encoding) if layout.form == "fixed" else line.split(layout.delimiter)
    if len(texts) != len(fields):
        raise Misfit(_("应有 {n} 个字段,有 {m} 个").format(n=len(fields), m=len(texts)))
    found: dict[str, Any] = {}
    for place, (name, text) in enumerate(zip(fields, texts, strict=True)):
        text = text.strip()
        if name == "_":
            continue
        if name == "" or name.startswith("="):
            if text != name[1:]:
                expected = name[1:] or _("空")
                raise Misfit(
                    _("第 {n} 个字段应为“{what}”").format(n=place + 1, what=expected), value=text, fitted=place
                )
            continue
        value = value_of(layout, name, text, place)
        if found.setdefault(name, value) != value:
            raise Misfit(_("同一行中 {name} 不一致").format(name=name), name, text, place)
    return found


def _slices(line: str, widths: Sequence[int], encoding: str) -> list[str]:
    """Fields by their width in bytes; blanks missing at the end of the line are no fault."""
    try:
        raw = line.encode(encoding)
    except UnicodeEncodeError:
        raise Misfit(_("含有 {encoding} 没有的字").format(encoding=encoding)) from None
    total = sum(widths)
    if not total - widths[-1] < len(raw.rstrip(b" ")) <= total:
        raise Misfit(_("应有 {n} 个字节,有 {m} 个").format(n=total, m=len(raw)))
    raw = raw.ljust(total, b" ")
    texts, at = [], 0
    for place, width in enumerate(widths):
        try:
            texts.append(raw[at : at + width].decode(encoding))
        except UnicodeDecodeError:
            raise Misfit(_("第 {n} 个字段把一个汉字截成了两半").format(n=place + 1), fitted=place) from None
        at += width
    return texts


def _judged(layout: Layout, read: dict[str, Any], known: dict[tuple[str | None, str | None], str]) -> dict[str, Any]:
    """A row with its canonical outcome; ``known`` remembers what was looked up."""
    kept = {name: value for name, value in read.items() if name in ROWS}
    if layout.purpose == "send":
        return kept
    code, text = read.get("code"), read.get("text")
    if (code, text) not in known:
        known[code, text] = outcome_of(layout, code, text)
    outcome = known[code, text]
    kept["outcome"] = outcome
    if layout.purpose == "settlement":
        kept["amount"] = _settled(read, outcome)
        return kept
    if layout.shape in ("success_part", "success_only") and outcome not in PAID:
        raise Misfit(_("成功文件中有不成功的一笔"), "text", text or code)
    if layout.shape == "failure_part" and outcome in PAID:
        raise Misfit(_("失败文件中有成功的一笔"), "text", text or code)
    debited = read.get("debited")
    if debited is not None and outcome == "SUCCESS" and debited != read["amount"]:
        raise Misfit(_("成功的一笔,实扣与应扣不同"), "debited", format_fen(debited))
    if outcome != "PARTIAL":
        kept["debited"] = None
    return kept


def _settled(read: dict[str, Any], outcome: str) -> int:
    """What a row of a settlement is about: a payment, or a refund in its own column or below zero."""
    if outcome not in ("SUCCESS", "REVERSED"):
        raise Misfit(_("认不出是收款还是退款"), "text", read.get("text") or read.get("code"))
    amount: int = read["amount"] if outcome == "SUCCESS" else abs(read.get("refund") or read["amount"])
    if amount <= 0:
        raise Misfit(_("金额必须大于零"), "amount", format_fen(amount))
    return amount
