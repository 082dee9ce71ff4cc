"""Moving frames in and out of a database in sets.

PostgreSQL takes and gives CSV through COPY: an unquoted empty field is null, a quoted
one the empty text, on both sides. SQLite takes many rows per INSERT (twice as fast as
``executemany``) and gives rows.
"""

from __future__ import annotations

import io
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

Schema = "Mapping[str, pl.DataType | type[pl.DataType]]"

ROWS_PER_INSERT = 100
"""Beyond this a longer statement gains nothing more (measured)."""

ROWS_PER_WRITE = 50_000
"""Rows turned into CSV at a time: bounds memory, not the COPY."""

BYTES_PER_WRITE = 2**20
"""The same for a file."""


def copy_in(cursor: psycopg.Cursor[Any], table: str, frame: pl.DataFrame) -> int:
    """COPY a frame into a table by its column names; gives the number of rows."""
    columns = ", ".join(f'"{name}"' for name in frame.columns)
    raw = [name for name, type_ in frame.schema.items() if type_ == pl.Binary]
    frame = frame.with_columns(pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name) for name in raw)
    target = _beside_row_security(cursor, table, columns)
    with cursor.copy(f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for part in frame.iter_slices(ROWS_PER_WRITE):
            sink = io.BytesIO()
            part.write_csv(sink, include_header=False, quote_style="non_numeric")
            copy.write(sink.getvalue())
    if target != table:
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {target}")
        cursor.execute(f"DROP TABLE {target}")
    return frame.height


def _beside_row_security(cursor: psycopg.Cursor[Any], table: str, columns: str) -> str:
    """Where to COPY to: the table, or a table beside it where rows are kept apart by branch, which COPY
    does not know of."""
    found = cursor.execute("SELECT row_security_active(to_regclass(%s))", (table,)).fetchone()
    if found is None or not found[0]:
        return table
    beside = f"load_{table}"
    cursor.execute(f"CREATE TEMP TABLE {beside} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA")
    return beside


def copy_out(
    cursor: psycopg.Cursor[Any], query: str, schema: Mapping[str, Any], params: Mapping[str, Any]
) -> pl.DataFrame:
    """The rows of a query as a frame of that schema (by position), through COPY."""
    # A lone null would be an empty line, which the reader of CSV skips.
    lone = len(schema) == 1
    # The line break ends a comment that may close the query.
    inner = f"SELECT lone.*, 0 FROM ({query}\n) AS lone" if lone else query
    sink = io.BytesIO()
    with cursor.copy(f"COPY ({inner}\n) TO STDOUT (FORMAT csv)", params) as copy:
        for block in copy:
            sink.write(block)
    # Text first: what the reader would guess (dates, booleans) is cast below, strictly.
    plain = {name: type_ if _direct(type_) else pl.String for name, type_ in schema.items()}
    if lone:
        plain = {**plain, "": pl.Int64}
    if sink.tell() == 0:
        return pl.DataFrame(schema=dict(schema))
    sink.seek(0)
    frame = pl.read_csv(sink, has_header=False, schema=plain, quote_char='"', try_parse_dates=False)
    return frame.select(_cast(name, type_, "t") for name, type_ in schema.items())


def insert_many(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> int:
    """INSERT a frame into a table by its column names, many rows per statement."""
    dates = [name for name, type_ in frame.schema.items() if type_ == pl.Date]
    frame = frame.with_columns(pl.col(name).dt.to_string("iso") for name in dates)
    width = frame.width
    limit = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    step = max(1, min(ROWS_PER_INSERT, limit // width))
    columns = ", ".join(f'"{name}"' for name in frame.columns)
    one = "(" + ", ".join("?" * width) + ")"
    head = f"INSERT INTO {table} ({columns}) VALUES "
    full = head + ", ".join([one] * step)
    cursor = connection.cursor()
    for part in frame.iter_slices(step * 100):
        rows = part.rows()
        whole = len(rows) - len(rows) % step
        for start in range(0, whole, step):
            cursor.execute(full, list(chain.from_iterable(rows[start : start + step])))
        if whole < len(rows):
            rest = rows[whole:]
            cursor.execute(head + ", ".join([one] * len(rest)), list(chain.from_iterable(rest)))
    return frame.height


def copy_file(
    cursor: psycopg.Cursor[Any], table: str, key: Mapping[str, int | str], column: str, content: bytes
) -> None:
    """COPY one row whose last column is a whole file, a piece of it at a time."""
    columns = ", ".join(f'"{name}"' for name in (*key, column))
    cells = ['"' + str(value).replace('"', '""') + '",' for value in key.values()]
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        copy.write("".join(cells) + '"\\x')
        for start in range(0, len(content), BYTES_PER_WRITE):
            copy.write(content[start : start + BYTES_PER_WRITE].hex())
        copy.write('"\n')


def insert_file(
    connection: sqlite3.Connection, table: str, key: Mapping[str, int | str], column: str, content: bytes
) -> None:
    """INSERT one row whose last column is a whole file."""
    columns = ", ".join(f'"{name}"' for name in (*key, column))
    marks = ", ".join("?" * (len(key) + 1))
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*key.values(), content])


def fetch(cursor: sqlite3.Cursor, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of an executed query as a frame of that schema (by position)."""
    rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    # SQLite has text for dates and integers for booleans.
    stored = {pl.Date: pl.String, pl.Boolean: pl.Int64}
    plain = {name: stored.get(_class(type_), type_) for name, type_ in schema.items()}
    frame = pl.DataFrame(rows, schema=plain, orient="row")
    return frame.select(_cast(name, type_, 1) for name, type_ in schema.items())


def _class(type_: Any) -> Any:
    return type_ if isinstance(type_, type) else type_.base_type()


def _direct(type_: Any) -> bool:
    return _class(type_) not in (pl.Date, pl.Boolean)


def _cast(name: str, type_: Any, true: object) -> pl.Expr:
    column = pl.col(name)
    if _class(type_) == pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if _class(type_) == pl.Boolean:
        return column == true
    return column
