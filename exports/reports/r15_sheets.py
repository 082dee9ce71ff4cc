"""Further sheets of R15: patterns that ask for a second look, and the ages at each month end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exports.report import Column, Diagram, Row, Table, under
from exports.reports import labels
from exports.reports.request import Request
from ledger.book import Bank, Book
from ledger.i18n import _
from ledger.reconcile.adjustment import BANDS, Adjustment, band_text
from ledger.reconcile.ageing import ageing
from ledger.reconcile.elsewhere import open_elsewhere
from ledger.reconcile.loaded import Loaded
from ledger.reconcile.patterns import pattern_text
from ledger.reconcile.review import seen_patterns
from ledger.storage.engine import Session

NOTED = 5
"""So many patterns are named under the table; the sheet has them all."""


def pattern_rows(
    session: Session, book: Book, bank: Bank, loaded: Loaded, done: Adjustment, request: Request
) -> list[dict[str, Any]]:
    """The patterns of an account with their text."""
    others = open_elsewhere(session, request.book_id, book, bank, request.end, request.known_at)
    seen = seen_patterns(
        session, request.book_id, bank, loaded, done.items, request.end, known_at=request.known_at, elsewhere=others
    )
    return [
        {**row, "bank": bank.code, "text": pattern_text(row["pattern"], row["number"], row["other"])}
        for row in seen.iter_rows(named=True)
    ]


def pattern_notes(rows: Sequence[Row]) -> list[str]:
    """The first of them in one line; nothing where there is none."""
    if not rows:
        return []
    named = ";".join(f"{row['date']} {row['reference'] or row['ref']} {row['text']}" for row in rows[:NOTED])
    return [_("疑点 {n} 项:{named}").format(n=len(rows), named=named) + ("…" if len(rows) > NOTED else "")]


def pattern_table(book: Book, rows: Sequence[Row]) -> Table:
    """One pattern a row."""
    return Table(
        [
            Column("bank", _("银行账户"), labels=labels.banks(book)),
            Column("side", _("方面"), labels={"book": _("企业"), "bank": _("银行")}),
            Column("ref", _("行号")),
            Column("date", _("日期"), "date"),
            Column("reference", _("单号")),
            Column("amount", _("金额"), "money"),
            Column("text", _("疑点")),
        ],
        rows,
    )


def ageing_rows(loaded: Loaded, book: Book, bank: Bank, request: Request) -> list[dict[str, Any]]:
    """The ages of an account at each month end."""
    return [{**row, "bank": bank.code} for row in ageing(loaded, book, request.end).iter_rows(named=True)]


def ageing_table(book: Book, rows: Sequence[Row]) -> Table:
    """Month end by month end: how many items and how much in each band."""
    return Table(
        [
            Column("bank", _("银行账户"), labels=labels.banks(book)),
            Column("date", _("月末"), "date"),
            *(
                column
                for band in BANDS
                for column in under(
                    band_text(band),
                    (Column(f"{band}_count", _("笔数"), "integer"), Column(f"{band}_amount", _("金额"), "money")),
                )
            ),
            *under(_("合计"), (Column("count", _("笔数"), "integer"), Column("amount", _("金额"), "money"))),
        ],
        rows,
    )


def ageing_chart(rows: Sequence[Row]) -> Diagram:
    """What was open at each month end by its age, all accounts together; how much, whatever its direction."""
    days = sorted({row["date"] for row in rows})
    series = [
        (band_text(band), [sum(abs(row[f"{band}_amount"]) for row in rows if row["date"] == day) for day in days])
        for band in BANDS
    ]
    return Diagram(_("各月末未达金额(按账龄)"), [f"{day:%Y-%m}" for day in days], series)
