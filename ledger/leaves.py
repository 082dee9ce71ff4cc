"""Canonical bytes (规范字节): what the log hashes, column by column.

A record is a JSON array that holds only texts, arrays and null::

    ["meterbook.entry/1","operating","17","2023-06","记","12",…,[["1","2023-06-09","1001.C01","120.80","0.00",…],…]]

exactly as ``json.dumps(a, ensure_ascii=False, separators=(",", ":"))`` writes it. The
first text is kind and version: a new field makes a new version, never another meaning.
Amounts are yuan with two decimals, dates and instants ISO, bytes stand as their SHA-256.
Built as columns, a million lines at a time; golden vectors hold the form. Source:
audit.md §2.3, architecture decision 7.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence

import polars as pl

ENTRY, FACT, BATCH, ROWS = "meterbook.entry/1", "meterbook.fact/1", "meterbook.batch/1", "meterbook.rows/1"

LINE_FIELDS = (
    "line", "date", "account", "debit", "credit", "branch", "bank", "cashier", "customer", "bill_month", "fund", "item",
    "staff", "document",
)  # fmt: skip
ENTRY_FIELDS = (
    "entry_id", "period", "vtype", "vno", "date", "kind", "event", "doc_no", "memo", "reverses", "caused_by", "maker",
    "checker", "approver", "content", "operator", "batch_id", "source_sha256", "sheet", "row", "recorded_at", "lines",
)  # fmt: skip
"""Behind the book's code; the lines follow as an array of arrays of ``LINE_FIELDS``."""
FACT_FIELDS = (
    "fact_id", "kind", "doc_no", "subject", "date", "content", "operator", "batch_id", "source_sha256", "sheet", "row",
    "recorded_at",
)  # fmt: skip
HEAD_FIELDS = ("operator", "source_sha256", "recorded_at")
"""Fields of the batch that stand in each of its entries and facts too."""
BATCH_FIELDS = (
    "batch_id", "batch_key", "kind", "first_entry", "entries", "lines", "first_fact", "facts", "debit", "credit",
    "source_name", "source_sha256", "operator", "today", "recorded_at",
)  # fmt: skip

AMOUNTS = frozenset(
    {"debit", "credit", "amount", "amount_in", "amount_out", "balance", "opening", "closing", "difference"}
)
"""Columns of fen, in whatever table."""

MANY = 1_000
"""From so many rows on it pays to write each value once where values repeat."""

_ESCAPES = {chr(code): json.dumps(chr(code))[1:-1] for code in (*range(32), ord('"'), ord("\\"))}


def entries(code: str, batch: pl.DataFrame, entry: pl.DataFrame, posting: pl.DataFrame) -> pl.Series:
    """The records of entries, in their order; ``batch`` holds the rows of all their batches."""
    entry = _in_order(entry, ["entry_id"])
    lines = _in_order(posting, ["entry_id", "line"])
    listed = (
        lines.select(pl.col("entry_id").set_sorted(), _lines=_array(lines, LINE_FIELDS))
        .group_by("entry_id", maintain_order=True)
        .agg("_lines")  # joined as a list below: joining in the aggregation costs five times as much
        .with_columns(pl.col("_lines").list.join(","))
    )
    rows = _with_heads(entry, batch).join(listed, on="entry_id", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("_lines").fill_null(""))
    return rows.select(_array(rows, ENTRY_FIELDS, ENTRY, code, tail=[",[", pl.col("_lines"), "]"])).to_series()


def facts(code: str, batch: pl.DataFrame, fact: pl.DataFrame) -> pl.Series:
    """The records of facts, in their order; ``batch`` holds the rows of all their batches."""
    rows = _with_heads(_in_order(fact, ["fact_id"]), batch)
    return rows.select(_array(rows, FACT_FIELDS, FACT, code)).to_series()


def manifest(code: str, batch: pl.DataFrame) -> pl.Series:
    """The record that closes each batch: all its row says."""
    return batch.select(_array(batch, BATCH_FIELDS, BATCH, code)).to_series()


def rows(code: str, table: str, columns: Sequence[str], frame: pl.DataFrame) -> pl.Series:
    """One record per row of any other table: every column of it, behind the book's code."""
    return frame.select(_array(frame, columns, f"meterbook.{table}/1", code)).to_series()


def row_set(
    code: str, table: str, first: Sequence[str], last: Sequence[str], records: pl.Series | Iterable[pl.Series]
) -> str:
    """One record for many rows of a table, in order of their keys: the first and the last, how many, and
    the SHA-256 of their own records, one a line; ``records`` may come in parts."""
    digest, count = hashlib.sha256(), 0
    for part in [records] if isinstance(records, pl.Series) else records:
        if len(part):
            digest.update((b"\n" if count else b"") + part.str.join("\n").cast(pl.Binary).item())
            count += len(part)
    return _json([ROWS, code, table, list(first), list(last), str(count), digest.hexdigest()])


def yuan(fen: pl.Expr) -> pl.Expr:
    """Fen as yuan with two decimals: ``-0.05``."""
    size = fen.abs()
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, (size // 100).cast(pl.String), pl.lit("."), (size % 100).cast(pl.String).str.zfill(2))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _in_order(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sorted by whole numbers; what is so already (nearly always) is left as it is."""
    later = pl.lit(value=False)
    for name in reversed(by):
        step = pl.col(name).diff()
        later = (step > 0) | ((step == 0) & later)
    return frame if frame.select(later.all()).item() else frame.sort(by)


def _with_heads(frame: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    heads = batch.select("batch_id", *(name for name in HEAD_FIELDS if name in batch.columns))
    return frame.join(heads, on="batch_id", how="left", maintain_order="left")


def _array(frame: pl.DataFrame, names: Sequence[str], *texts: str, tail: Sequence[str | pl.Expr] = ()) -> pl.Expr:
    """A JSON array of fixed texts and columns (null where a column is not there), then ``tail`` as it is."""
    parts: list[str | pl.Expr] = ["[" + "".join(_json(text) + "," for text in texts)]
    for name in names:
        column = frame.get_column(name, default=None)
        if column is None or 0 < len(column) == column.null_count():
            parts.append("null,")
        elif column.null_count():
            parts += [pl.concat_str(pl.lit('"'), pl.lit(_text(column)), pl.lit('"')).fill_null("null"), ","]
        else:
            parts += ['"', pl.lit(_text(column)), '",']
    parts[-1] = str(parts[-1])[:-1]
    return pl.concat_str(_merged([*parts, *tail, "]"]))


def _merged(parts: Sequence[str | pl.Expr]) -> list[pl.Expr]:
    """Neighbouring texts as one literal."""
    merged: list[pl.Expr] = []
    pending = ""
    for part in parts:
        if isinstance(part, str):
            pending += part
            continue
        if pending:
            merged.append(pl.lit(pending))
        merged.append(part)
        pending = ""
    return [*merged, pl.lit(pending)] if pending else merged


def _text(column: pl.Series) -> pl.Series:
    """Values as they stand between the quotes of JSON."""
    if column.dtype == pl.String:
        unsafe = column.str.contains_any(list(_ESCAPES)).any()
        return column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values())) if unsafe else column
    if column.dtype == pl.Binary:
        texts = [None if value is None else hashlib.sha256(value).hexdigest() for value in column]
        return pl.Series(column.name, texts, pl.String)
    if column.dtype == pl.Date:
        return _by_value(column, lambda value: value.dt.to_string("iso"))
    if column.name in AMOUNTS:
        return _by_value(column, yuan)
    return _by_value(column, lambda value: value.cast(pl.String))


def _by_value(column: pl.Series, write: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Each value as text, written once where values repeat much."""
    frame = column.alias("value").to_frame()
    if len(column) >= MANY and (values := column.unique()).len() * 4 < len(column):
        texts = values.alias("value").to_frame().select(write(pl.col("value"))).to_series()
        return column.replace_strict(values, texts, return_dtype=pl.String)
    return frame.select(write(pl.col("value"))).to_series()
