"""The cells of a table that cannot be read, each as a fault with its place and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from importers.statements.body import AMOUNTS
from importers.statements.recognise import Table
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import InvalidAmount, parse_fen

FAULTS_MAX = 200


class Faults:
    """What was found so far; the table is looked at part by part."""

    def __init__(self, table: Table, places: Mapping[str, list[int]], file: str) -> None:
        self._table, self._places, self._file = table, places, file
        self._found: dict[str, list[Fault]] = {}
        self._count = 0

    def look(self, raw: pl.DataFrame, bad: Mapping[str, pl.Series]) -> None:
        """Remember where lines cannot be read: ``raw`` are the cells as printed, ``bad`` those of ``Typed``."""
        for kind, field in self._kinds():
            if kind not in bad or not bad[kind].any():
                continue
            places = bad[kind].arg_true()
            self._count += len(places)
            kept = self._found.setdefault(kind, [])
            for index in places.head(FAULTS_MAX - len(kept)):
                kept.append(self._fault(raw, index, kind, field))

    def raise_any(self) -> None:
        """Refuse the table if there is a fault.

        Raises:
            ImportRejected: with every fault, by kind and then in file order (at most 200).
        """
        faults = [fault for kept in self._found.values() for fault in kept][:FAULTS_MAX]
        if self._count > FAULTS_MAX:
            message = _("还有 {n} 处").format(n=self._count - FAULTS_MAX)
            faults.append(Fault(file=self._file, message=message, code="statement"))
        if faults:
            raise ImportRejected(faults)

    def _kinds(self) -> Iterator[tuple[str, str]]:
        """Each kind of fault, and the field it is named by."""
        yield "date", "date"
        for name in (*AMOUNTS, "balance"):
            yield name, name
        amount = next(name for name in AMOUNTS if name in self._places)
        yield "missing", amount
        yield "doubled", amount
        yield "flag", "flag"

    def _fault(self, raw: pl.DataFrame, index: int, kind: str, field: str) -> Fault:
        position = self._places[field][0]
        text = raw[f"c{position}"][index]
        return Fault(
            file=self._file,
            sheet=self._table.grid.sheet,
            row=int(raw["row"][index]),
            column=self._table.header[position],
            value=text.strip()[:80],
            message=_why(kind, text),
            code="statement",
        )


def _why(kind: str, text: str) -> str:
    match kind:
        case "date":
            return _("应为日期,如 2023-06-09")
        case "missing":
            return _("这一行没有金额")
        case "doubled":
            return _("收入和支出两列同时有金额")
        case "flag":
            return _("认不出的借贷标志")
    try:
        parse_fen(text)
    except InvalidAmount as error:
        return str(error)
    return _("应为金额(元,最多两位小数)")
