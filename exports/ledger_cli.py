"""The journal for ``ledger`` (ledger-cli), an independent reader of the same balances.

One file per month and a main file that declares accounts and the commodity, so that
``ledger --pedantic`` accepts it. The format has no quoting: what could be read as syntax
in a memo or a number (semicolons, brackets, line breaks, runs of blanks) is written with
its full-width form or a single blank.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from exports.plaintext import HEAD_META, META, months, one_line, red_letter, yuan
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.storage.engine import Session

MAIN = "main.ledger"

_UNSAFE = tuple((char, chr(ord(char) + 0xFEE0)) for char in ";[](){}*!=|#%@")
"""Characters that ledger gives a meaning to, and their full-width forms (the same, 0xFEE0 higher)."""


def export(
    session: Session, book: Book, chart: Chart, folder: Path, *, book_id: int = 1, until: dt.date | None = None
) -> Path:
    """The whole journal up to ``until`` into ``folder``; gives the main file."""
    folder.mkdir(parents=True, exist_ok=True)
    known = views.dates(session, book_id)
    names = []
    if known is not None:
        for start, end in months(known[0], until or known[1]):
            lines = views.flagged(session, book_id, views.lines(session, book_id, start, end))
            name = f"{start:%Y-%m}.ledger"
            (folder / name).write_text(transactions(lines, chart, book.currency), encoding="utf-8", newline="\n")
            names.append(name)
    main = folder / MAIN
    main.write_text(_main(book, chart, names), encoding="utf-8", newline="\n")
    return main


def safe(text: pl.Expr) -> pl.Expr:
    """Text that ledger takes for text and nothing else."""
    text = text.str.replace_all(r"[\p{Cc}\p{Zl}\p{Zp}\s]+", " ").str.strip_chars()
    for plain, wide in _UNSAFE:
        text = text.str.replace_all(plain, wide, literal=True)
    return text


def transactions(lines: pl.DataFrame, chart: Chart, currency: str) -> str:
    """Entries (``views.lines``) as transactions, in their order."""
    if lines.is_empty():
        return ""
    names = {code: chart.beancount(code) for code in lines["account"].unique()}
    posting = lines.with_columns(
        _account=pl.col("account").replace_strict(names, return_dtype=pl.String),
        _amount=yuan(pl.col("debit") - pl.col("credit")),
        _red=red_letter(),
    ).with_columns(
        _text=pl.format(
            "    {}  {} {}\n", pl.col("_account").str.pad_end(44), pl.col("_amount").str.pad_start(16), pl.lit(currency)
        )
        + pl.concat_str([_meta(column, key) for column, key in META.items()])
        + _meta("_red", "red-letter")
    )
    return str(
        posting.group_by("entry_id", maintain_order=True)
        .agg(
            pl.col(
                "date",
                "flag",
                "voucher",
                "kind",
                "event",
                "doc_no",
                "memo",
                "reverses",
                "caused_by",
                "maker",
                "checker",
                "approver",
            ).first(),
            _body=pl.col("_text").str.join(""),
        )
        .select(
            pl.format(
                "{} {} ({}) {}\n",
                pl.col("date").dt.to_string("%Y-%m-%d"),
                "flag",
                safe(pl.col("voucher")),
                safe(views.summary(chinese=True)),
            )
            + pl.concat_str([_meta(column, key) for column, key in HEAD_META.items()])
            + pl.col("_body")
        )
        .to_series()
        .str.join("\n")
        .item()
    )


def _meta(column: str, key: str) -> pl.Expr:
    value = safe(pl.col(column).cast(pl.String))
    return pl.when(pl.col(column).is_not_null()).then(pl.format(f"    ; {key}: {{}}\n", value)).otherwise(pl.lit(""))


def _main(book: Book, chart: Chart, names: Sequence[str]) -> str:
    parts = [
        f"; {one_line(book.code)} {one_line(book.name)}",
        "",
        f"commodity {book.currency}",
        f"    format 1,000.00 {book.currency}",
        "",
    ]
    for code in chart.codes:
        parts += [f"account {chart.beancount(code)}", f"    note {code} {one_line(chart.account(code).zh)}"]
    keys = sorted({*META.values(), *HEAD_META.values(), "red-letter"})
    parts += ["", *(f"tag {key}" for key in keys), "", *(f"include {name}" for name in names), ""]
    return "\n".join(parts)
