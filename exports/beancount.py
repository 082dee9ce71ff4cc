"""Beancount text: one file per month, a main file that opens accounts and includes them.

The text is written here, escaped, without beancount's own library: what stands in a
memo or a number can never become syntax. ``bean-check`` judges the result, and each
month ends in ``balance`` assertions of every account, so it proves the balances too.

::

    2023-06-12 ! "R6" "拆表欠费 现金大票" #removed-meter-receipt
      voucher: "记-0023"
      …
      Assets:1122-AR:Closed                        -86.25 CNY
        cust: "R6"
        bill-month: "2023-03"

Flag ``!``: posted, not yet accepted; ``*``: accepted. Red letters are signed amounts; the line says
``red-letter: "debit"``, so that turnover can be rebuilt. A month's file depends on that
month's entries and the balances at its end alone: a closed month never changes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from exports.plaintext import HEAD_META, META, months, one_line, red_letter, yuan
from ledger import views
from ledger.accounts import Chart, valid_beancount
from ledger.book import Book
from ledger.errors import Refused
from ledger.i18n import _
from ledger.storage.engine import Session

MAIN = "main.beancount"


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: the main file, the months' files, the number of entries."""

    main: Path
    months: tuple[Path, ...]
    entries: int


def export(
    session: Session,
    book: Book,
    chart: Chart,
    folder: Path,
    *,
    book_id: int = 1,
    until: dt.date | None = None,
) -> Export:
    """The whole journal up to ``until`` (default: its last day) into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    known = views.dates(session, book_id)
    first, last = known or (book.cutover, book.cutover)
    last = last if until is None else until
    files, entries, used = [], 0, set[str]()
    for start, end in months(first, last) if known else ():
        lines = views.flagged(session, book_id, views.lines(session, book_id, start, end))
        closing = views.trial_balance(session, book_id, start, end).select("account", "closing")
        path = folder / f"{start:%Y}" / f"{start:%Y-%m}.beancount"
        path.parent.mkdir(exist_ok=True)
        _write(path, [transactions(lines, chart, book.currency), assertions(closing, end, chart, book.currency)])
        files.append(path)
        entries += lines["entry_id"].n_unique()
        used.update(lines["account"])
    state = views.state(session, book_id)
    includes = [path.relative_to(folder).as_posix() for path in files]
    _write(folder / MAIN, [_main(book, chart, min(first, book.cutover), used, includes, state.text())])
    return Export(folder / MAIN, tuple(files), entries)


def quoted(text: str) -> str:
    """A beancount string: quotes, backslashes and line breaks escaped, so that it reads back the same."""
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return f'"{text}"'


_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def _quoted(text: pl.Expr) -> pl.Expr:
    for plain, escaped in _ESCAPES:
        text = text.str.replace_all(plain, escaped, literal=True)
    return pl.format('"{}"', text)


def transactions(lines: pl.DataFrame, chart: Chart, currency: str) -> str:
    """Entries (``views.lines``) as transactions, in their order."""
    if lines.is_empty():
        return ""
    names = {code: chart.beancount(code) for code in lines["account"].unique()}
    posting = lines.with_columns(
        _amount=yuan(pl.col("debit") - pl.col("credit")),
        _account=pl.col("account").replace_strict(names, return_dtype=pl.String),
        _red=red_letter(),
    ).with_columns(
        _text=pl.format(
            "  {} {} {}\n", pl.col("_account").str.pad_end(44), pl.col("_amount").str.pad_start(16), pl.lit(currency)
        )
        + pl.concat_str([_meta(column, key, "    ") for column, key in META.items()])
        + _meta("_red", "red-letter", "    ")
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
            customer=pl.col("customer").drop_nulls().unique(),
            _body=pl.col("_text").str.join(""),
        )
        .with_columns(
            _payee=pl.when(pl.col("customer").list.len() == 1)
            .then(_quoted(pl.col("customer").list.first()) + " ")
            .otherwise(pl.lit("")),
            _tag=pl.col("kind").str.replace_all("[^A-Za-z0-9]+", "-"),
        )
        .select(
            pl.format(
                "{} {} {}{} #{}\n",
                pl.col("date").dt.to_string("%Y-%m-%d"),
                "flag",
                "_payee",
                _quoted(views.summary(chinese=True)),
                "_tag",
            )
            + pl.concat_str([_meta(column, key, "  ") for column, key in HEAD_META.items()])
            + pl.col("_body")
        )
        .to_series()
        .str.join("\n")
        .item()
    )


def _meta(column: str, key: str, indent: str) -> pl.Expr:
    """One metadata line, or nothing where the column is null."""
    value = _quoted(pl.col(column).cast(pl.String))
    return pl.when(pl.col(column).is_not_null()).then(pl.format(f"{indent}{key}: {{}}\n", value)).otherwise(pl.lit(""))


def assertions(closing: pl.DataFrame, end: dt.date, chart: Chart, currency: str) -> str:
    """Balance assertions for the morning after ``end``: every account to the fen, no tolerance."""
    day = end + dt.timedelta(days=1)
    amounts = closing.select("account", amount=yuan(pl.col("closing"))).iter_rows()
    return "".join(
        f"{day.isoformat()} balance {chart.beancount(code):<44} {amount:>16} ~ 0.00 {currency}\n"
        for code, amount in amounts
    )


def _main(book: Book, chart: Chart, opened: dt.date, used: set[str], includes: Sequence[str], state: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,23}", book.currency):
        raise Refused(_("币种 {currency} 不能用于 beancount").format(currency=book.currency))
    head = [
        f"; {one_line(book.code)} {one_line(book.name)}",
        f"; {one_line(state)}",
        f'option "title" {quoted(one_line(book.name))}',
        f'option "operating_currency" "{book.currency}"',
        "",
        f"{opened.isoformat()} commodity {book.currency}",
        "",
    ]
    opens = []
    for code in sorted({*chart.codes, *used}):
        account = chart.account(code)
        if not valid_beancount(account.beancount):
            raise Refused(_("“{name}”不是有效的 beancount 科目名").format(name=account.beancount))
        opens += [
            f"{opened.isoformat()} open {account.beancount} {book.currency}",
            f"  code: {quoted(code)}",
            f"  name-zh: {quoted(account.zh)}",
            f"  name-en: {quoted(account.en)}",
        ]
    return "\n".join([*head, *opens, "", *(f"include {quoted(name)}" for name in includes), ""])


def _write(path: Path, parts: Sequence[str]) -> None:
    path.write_text("\n".join(part for part in parts if part), encoding="utf-8", newline="\n")
