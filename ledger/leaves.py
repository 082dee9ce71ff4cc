"""Canonical bytes (规范字节): what the log hashes, column by column.

A record is a JSON array that holds only texts, arrays and null::

    ["meterbook.entry/1","operating","17","2023-06","记","12",…,[["1","1001.C01","120.80","0.00",…],…]]

exactly as ``json.dumps(a, ensure_ascii=False, separators=(",", ":"))`` writes it. The
first text is kind and version: a new field makes a new version, never another meaning.
Amounts are yuan with two decimals, dates and instants ISO. Built as columns, a million
lines at a time; golden vectors hold the form. Source: audit.md §2.3, architecture decision 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

ENTRY, FACT, BATCH, ROWS = "meterbook.entry/1", "meterbook.fact/1", "meterbook.batch/1", "meterbook.rows/1"

ENTRY_FIELDS = (
    "entry_id", "period", "vtype", "vno", "date", "kind", "event", "doc_no", "memo", "reverses", "caused_by", "maker",
    "checker", "approver", "content", "sheet", "row", "batch_id", "lines",
)  # fmt: skip
BATCH_FIELDS = (
    "batch_id", "batch_key", "kind", "first_entry", "entries", "lines", "first_fact", "facts", "debit", "credit",
    "source_name", "source_sha256", "operator", "today", "recorded_at",
)  # fmt: skip
HEAD_FIELDS = ("operator", "recorded_at", "source_sha256")
"""Fields of the batch that stand in each of its entries and facts too."""
LINE_FIELDS = (
    "line", "date", "account", "debit", "credit", "branch", "bank", "cashier", "customer", "bill_month", "fund", "item",
    "staff", "document",
)  # fmt: skip
FACT_FIELDS = ("fact_id", "batch_id", "kind", "doc_no", "subject", "date", "content", "sheet", "row")

AMOUNTS = frozenset({"debit", "credit"})

_CONTROL = r"[\x00-\x1f]"


def entries(code: str, batch: pl.DataFrame, entry: pl.DataFrame, posting: pl.DataFrame) -> pl.Series:
    """The records of a batch's entries, in order; frames as they are inserted (``batch`` of one row)."""
    lines = (
        posting.sort("entry_id", "line")
        .select("entry_id", _line=array([text(name, posting) for name in LINE_FIELDS]))
        .group_by("entry_id", maintain_order=True)
        .agg(pl.col("_line").str.join(","))
    )
    rows = entry.sort("entry_id").join(lines, on="entry_id", how="left", maintain_order="left")
    fields = [text(name, rows) for name in ENTRY_FIELDS]
    head = [pl.lit(quoted_value(batch, name)) for name in HEAD_FIELDS]
    body = pl.concat_str(pl.lit("["), pl.col("_line").fill_null(""), pl.lit("]"))
    return _escaped_controls(rows.select(array([pl.lit(quoted(ENTRY)), pl.lit(quoted(code)), *fields, *head, body])).to_series())


def facts(code: str, batch: pl.DataFrame, fact: pl.DataFrame) -> pl.Series:
    """The records of a batch's facts, in order."""
    rows = fact.sort("fact_id")
    head = [pl.lit(quoted_value(batch, name)) for name in HEAD_FIELDS]
    fields = [text(name, rows) for name in FACT_FIELDS]
    return _escaped_controls(rows.select(array([pl.lit(quoted(FACT)), pl.lit(quoted(code)), *fields, *head])).to_series())


def manifest(code: str, batch: pl.DataFrame) -> pl.Series:
    """The record that closes a batch: all its row says."""
    fields = [text(name, batch) for name in BATCH_FIELDS]
    return _escaped_controls(batch.select(array([pl.lit(quoted(BATCH)), pl.lit(quoted(code)), *fields])).to_series())


def rows(code: str, table: str, columns: Sequence[str], frame: pl.DataFrame) -> pl.Series:
    """One record per row of any other table: every column but the book, which stands in front."""
    fields = [text(name, frame) for name in columns if name != "book_id"]
    return _escaped_controls(frame.select(array([pl.lit(quoted(f"meterbook.{table}/1")), pl.lit(quoted(code)), *fields])).to_series())


def array(items: Sequence[pl.Expr]) -> pl.Expr:
    """A JSON array of items that are JSON already."""
    return pl.concat_str(pl.lit("["), pl.concat_str(items, separator=","), pl.lit("]"))


def text(name: str, frame: pl.DataFrame) -> pl.Expr:
    """A column as JSON texts; null where it is null or not there."""
    if name not in frame.columns:
        return pl.lit("null")
    dtype = frame.schema[name]
    column = pl.col(name)
    if dtype == pl.Null:
        return pl.lit("null")
    if name in AMOUNTS:
        return _or_null(name, pl.concat_str(pl.lit('"'), yuan(column), pl.lit('"')))
    if dtype == pl.Binary:
        return _or_null(name, pl.concat_str(pl.lit('"'), column.bin.encode("hex"), pl.lit('"')))
    if dtype == pl.Date:
        return _or_null(name, pl.concat_str(pl.lit('"'), column.dt.to_string("iso"), pl.lit('"')))
    if dtype != pl.String:
        return _or_null(name, pl.concat_str(pl.lit('"'), column.cast(pl.String), pl.lit('"')))
    return _or_null(name, pl.concat_str(pl.lit('"'), escaped(column), pl.lit('"')))


def yuan(fen: pl.Expr) -> pl.Expr:
    """Fen as yuan with two decimals: ``-0.05``."""
    size = fen.abs()
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, (size // 100).cast(pl.String), pl.lit("."), (size % 100).cast(pl.String).str.zfill(2))


def escaped(column: pl.Expr) -> pl.Expr:
    """The inside of a JSON text, but for control characters: :func:`_escaped_controls` sees to these."""
    return column.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


def quoted(value: str | None) -> str:
    """One JSON text, or null."""
    import json

    return json.dumps(value, ensure_ascii=False)


def quoted_value(frame: pl.DataFrame, name: str) -> str:
    """A cell of a frame of one row as a JSON text."""
    value = frame[name][0] if name in frame.columns else None
    return quoted(None if value is None else str(value))


def _or_null(name: str, written: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(name).is_null()).then(pl.lit("null")).otherwise(written)


_CONTROLS = {chr(code): quoted(chr(code))[1:-1] for code in range(32)}


def _escaped_controls(records: pl.Series) -> pl.Series:
    """Control characters as JSON writes them. Raw ones stand inside texts only, and nearly never: one look
    at the whole is cheaper than thirty-two at each column."""
    if not records.str.contains(_CONTROL).any():
        return records
    for plain, written in _CONTROLS.items():
        records = records.str.replace_all(plain, written, literal=True)
    return records
