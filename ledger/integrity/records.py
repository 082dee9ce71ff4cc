"""Rows that are in no batch, held to their leaves: accounts, closes, statements, matches, keys and the like.

``what`` of a log row says which row each leaf stands for, by its key, or for a bulk table
the first and last key of the rows it covers. A row without a leaf was put in past
Meterbook, a leaf without a row was taken out.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import polars as pl

from ledger import leaves
from ledger.integrity.findings import Report
from ledger.integrity.history import Other
from ledger.merkle import leaf_hash
from ledger.storage import proof_sql as sql
from ledger.storage.engine import Session
from ledger.storage.log import BATCH_TABLES, mode
from ledger.storage.tables import metadata

Key = tuple[Any, ...]


def check(session: Session, book_id: int, code: str, other: Other, out: Report) -> None:
    """Every table that is logged, but for those of batches."""
    for table in sorted(metadata.tables):
        if table in BATCH_TABLES or not mode(table):
            continue
        try:
            if mode(table) == "set":
                _sets(session, book_id, code, table, other.sets.get(table, []), out)
            else:
                _rows(session, book_id, code, table, other.rows.get(table, []), out)
        except Exception as error:
            out.add("unreadable", table, found=error)


def _rows(
    session: Session, book_id: int, code: str, table: str, logged: list[tuple[tuple[str, ...], bytes]], out: Report
) -> None:
    expected = dict(logged)
    if len(expected) != len(logged):
        twice = {key for key, _leaf in logged if expected.get(key) != _leaf}
        for key in sorted(twice):
            out.add("key.duplicate", _place(table, key))
    key_names = _key(table)
    columns = metadata.tables[table].columns.keys()
    for page in sql.pages(session, table, book_id):
        records = leaves.rows(code, table, columns, page)
        out.records += len(page)
        keys = page.select(pl.col(name).cast(pl.String) for name in key_names).rows() if key_names else [()]
        for key, record in zip(keys, records, strict=True):
            leaf = expected.pop(key, None)
            if leaf is None:
                out.add("leaf.extra", _place(table, key))
            elif leaf != leaf_hash(record.encode()):
                out.add("leaf.altered", _place(table, key))
    for key in expected:
        out.add("leaf.missing", _place(table, key))


def _sets(
    session: Session, book_id: int, code: str, table: str, logged: list[tuple[tuple[str, ...], bytes]], out: Report
) -> None:
    """Both the rows and the sets that cover them come in order of the key."""
    key_names = _key(table)
    width = len(key_names)
    whole = [metadata.tables[table].columns[name].type.python_type is int for name in key_names]

    def typed(texts: tuple[str, ...]) -> Key:
        return tuple(int(text) if number else text for text, number in zip(texts, whole, strict=True))

    ranges = []
    for cells, leaf in logged:
        if len(cells) != 2 * width + 1:
            out.add("log.what", _place(table, cells))
            continue
        ranges.append((typed(cells[:width]), typed(cells[width : 2 * width]), cells, leaf))
    ranges.sort()
    current = 0
    gathered: list[str] = []

    def finish() -> None:
        first, last, cells, leaf = ranges[current]
        text_first, text_last = [str(one) for one in first], [str(one) for one in last]
        record = leaves.row_set(code, table, text_first, text_last, pl.Series(gathered, dtype=pl.String))
        if leaf != leaf_hash(record.encode()) or str(len(gathered)) != cells[-1]:
            out.add("leaf.altered", f"{_place(table, cells[:width])}…{' '.join(text_last)}", cells[-1], len(gathered))
        gathered.clear()

    for page in sql.pages(session, table, book_id):
        records = leaves.rows(code, table, metadata.tables[table].columns.keys(), page).to_list()
        out.records += len(page)
        keys = page.select(key_names).rows()
        place = 0
        while place < len(keys):
            if current == len(ranges) or keys[place] < ranges[current][0]:
                out.add("leaf.extra", _place(table, keys[place]))
                place += 1
                continue
            end = bisect_right(keys, ranges[current][1], place)
            gathered += records[place:end]
            if end < len(keys):
                finish()
                current += 1
            place = end
    while current < len(ranges):
        finish()
        current += 1


def _key(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].primary_key.columns if column.name != "book_id"]


def _place(table: str, key: Key) -> str:
    return " ".join([table, *map(str, key)])
