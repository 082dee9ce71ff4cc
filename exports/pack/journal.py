"""Journal and balances of a month for programs: CSV (amounts in yuan as text) and Parquet (decimal yuan).

Customers stand there by their numbers only. Masked, running text loses the digits of long numbers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl

from exports.plaintext import yuan
from exports.report import Period
from ledger import approvals, redact, views
from ledger.journal import Ledger
from ledger.storage import archive_sql
from ledger.storage.engine import Session

LINES = (
    "entry_id", "line", "date", "voucher", "flag", "event", "kind", "doc_no", "memo", "account", "account_name", "debit",
    "credit", "branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document", "maker", "checker",
    "approver", "reverses", "caused_by", "batch", "entered_by", "entered_at", "accepted_by",
)  # fmt: skip
KEYS = ("account", "branch", "bank", "cashier", "fund", "item")
MONEY = ("opening", "debit", "credit", "closing")
FEN = pl.Decimal(20, 2)


def files(session: Session, book: Ledger, span: Period, *, masked: bool) -> Iterator[tuple[str, bytes]]:
    """``journal/journal``, ``balances`` per account, ``balances_by_dimension``."""
    lines = views.flagged(session, book.book_id, views.lines(session, book.book_id, span.start, span.end))
    if masked:
        known = lines["memo"].drop_nulls().unique()
        plain = {memo: redact.numbers(memo) for memo in known}
        lines = lines.with_columns(pl.col("memo").replace_strict(plain, default=None, return_dtype=pl.String))
    yield from _both("journal", _with_hands(session, book, _named(lines, book)).select(LINES))
    balances = views.trial_balance(session, book.book_id, span.start, span.end)
    yield from _both("balances", _named(balances, book).select("account", "account_name", *MONEY))
    by = views.turnover(session, book.book_id, span.start, span.end, keys=KEYS)
    yield from _both("balances_by_dimension", by.select(*KEYS, *MONEY))


def entry_ids(session: Session, book: Ledger, span: Period) -> list[int]:
    """The entries of the month."""
    lines = views.lines(session, book.book_id, span.start, span.end, live=True)
    return lines["entry_id"].unique(maintain_order=True).to_list()


def _with_hands(session: Session, book: Ledger, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with their batch, who entered it and when, and who accepted it."""
    taken = {batch.number: batch.accepted_by for batch in approvals.batches(session, book.book_id)}
    entered = archive_sql.entered(session, book.book_id).with_columns(
        accepted_by=pl.col("batch").replace_strict(taken, default=None, return_dtype=pl.String),
        entered_at=pl.col("entered_at").str.slice(0, 19) + "Z",
    )
    numbered = lines.with_row_index("_row").sort("entry_id").join_asof(entered, on="entry_id", strategy="backward")
    return numbered.sort("_row").drop("_row")


def _named(frame: pl.DataFrame, book: Ledger) -> pl.DataFrame:
    names = {code: book.chart.name(code) for code in frame["account"].unique()}
    return frame.with_columns(account_name=pl.col("account").replace_strict(names, return_dtype=pl.String))


def _both(name: str, frame: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    money = [column for column in MONEY if column in frame.columns]
    text = frame.with_columns(yuan(pl.col(column)).alias(column) for column in money)
    yield f"journal/{name}.csv", text.write_csv(line_terminator="\r\n").encode()
    out = io.BytesIO()
    text.with_columns(pl.col(column).cast(FEN) for column in money).write_parquet(out, compression="zstd")
    yield f"journal/{name}.parquet", out.getvalue()
