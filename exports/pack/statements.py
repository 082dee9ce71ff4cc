"""The bank's side of the signed adjustment tables: which files were imported, their lines, and the files themselves.

A bank's own file cannot be masked: it goes along, under its SHA-256, only where nothing is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from exports.render import csv, xlsx
from exports.report import Column, Period, Report, Row
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.storage import archive_sql
from ledger.storage import bank as sql
from ledger.storage.engine import Session

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def files(
    session: Session, book: Ledger, span: Period, shown: Callable[[Report], Report], *, masked: bool
) -> Iterator[tuple[str, bytes]]:
    """The statements that touch the month, of every bank account."""
    listed: list[Row] = []
    for bank in book.book.banks:
        own = [
            row
            for row in sql.statements(session, book.book_id, bank.code).iter_rows(named=True)
            if row["from_date"] <= span.end and row["to_date"] >= span.start
        ]
        listed += [{**row, "bank": bank.short} for row in own]
        lines = sql.bank_lines(session, book.book_id, bank.code, span.end, since=span.start).to_dicts()
        report = _report("lines", _("银行对账单 {bank}").format(bank=bank.short), span, _line_columns(), lines)
        yield f"statements/{bank.code}_lines.csv", csv.render(shown(report))
        yield f"statements/{bank.code}_lines.xlsx", xlsx.render(shown(report))
    report = _report("statements", _("银行对账单"), span, _statement_columns(), listed)
    yield "statements/statements.csv", csv.render(shown(report))
    if masked:
        return
    for sha, name in sorted({(row["sha256"], row["file_name"]) for row in listed if row["lines"] or row["file_name"]}):
        try:
            content = archive_sql.source(session, book.book_id, sha)
        except KeyError:
            continue  # a statement of no lines was entered by hand
        yield f"statements/files/{sha[:16]}_{_FORBIDDEN.sub('', name)}", content


def _report(code: str, title: str, span: Period, columns: list[Column], rows: list[Any]) -> Report:
    return Report(code=code, title=title, period=span, columns=columns, rows=rows)


def _line_columns() -> list[Column]:
    return [
        Column("line_id", _("行号"), "integer"),
        Column("statement_id", _("对账单"), "integer"),
        Column("date", _("日期"), "date"),
        Column("time", _("时间")),
        Column("serial", _("流水号")),
        Column("amount_in", _("收入"), "money", blank_zero=True),
        Column("amount_out", _("支出"), "money", blank_zero=True),
        Column("balance", _("余额"), "money"),
        Column("party", _("对方户名"), personal="name"),
        Column("party_account", _("对方账号"), personal="account"),
        Column("summary", _("摘要")),
        Column("reference", _("单号")),
    ]


def _statement_columns() -> list[Column]:
    return [
        Column("bank", _("银行")),
        Column("statement_id", _("对账单"), "integer"),
        Column("file_name", _("文件")),
        Column("sha256", "SHA-256"),
        Column("from_date", _("起日"), "date"),
        Column("to_date", _("止日"), "date"),
        Column("opening", _("期初余额"), "money"),
        Column("closing", _("期末余额"), "money"),
        Column("difference", _("差额"), "money", blank_zero=True),
        Column("lines", _("行数"), "integer"),
        Column("operator", _("操作员")),
        Column("recorded_at", _("时间")),
    ]
