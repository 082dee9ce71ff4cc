"""Accounting files (会计档案) of a month: what there is to hand over, how long it is kept, through whose hands it went.

Vouchers, the ledger copies behind them (small to large), bank statements, and the reports that were issued. Vouchers and
ledgers are kept 30 years, statements, adjustment tables and monthly reports 10, counted from the year after.
Rules: domain §4 "Year", §5 R28; 会计档案管理办法.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger import issued, series
from ledger.book import Book
from ledger.i18n import _
from ledger.storage import archive_sql, bank
from ledger.storage.engine import Session

LONG, SHORT = 30, 10
LEDGERS: Final = frozenset({"R06", "R09", "R10", "R22", "R28"})
"""Reports that are books of account or registers and are kept as long as the vouchers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file. ``group``: vouchers, copies, statements or reports; ``title`` its code or name, ``content`` what is in it;
    ``sheets`` how many (None where only paper tells); ``years`` how long it is kept; ``giver`` and ``taker`` operators."""

    group: str
    title: str
    content: str
    volumes: int
    sheets: int | None
    first: dt.date
    last: dt.date
    years: int
    giver: tuple[str, ...]
    taker: tuple[str, ...]

    @property
    def until(self) -> dt.date:
        """The last day on which it is kept."""
        return dt.date(self.last.year + self.years, 12, 31)


def files(session: Session, book_id: int, book: Book, start: dt.date, end: dt.date) -> list[File]:
    """Every file of a month to date, in the order of the list."""
    period = f"{end:%Y-%m}"
    entered, accepted = (tuple(people) for people in archive_sql.hands(session, book_id, period))
    return [
        *_vouchers(session, book_id, start, end, entered, accepted),
        *_copies(session, book_id, start, end, entered, accepted),
        *_statements(session, book_id, book, start, end),
        *_reports(session, book_id, start, end),
    ]


def _vouchers(
    session: Session, book_id: int, start: dt.date, end: dt.date, giver: tuple[str, ...], taker: tuple[str, ...]
) -> Iterable[File]:
    for vtype, low, high, number, first, last in archive_sql.vouchers(session, book_id, start, end):
        yield File(
            group="vouchers", title=_("记账凭证"), content=f"{vtype}-{low:04d}–{vtype}-{high:04d}", volumes=1, sheets=number,
            first=first, last=last, years=LONG, giver=giver, taker=taker,
        )  # fmt: skip


def _copies(
    session: Session, book_id: int, start: dt.date, end: dt.date, giver: tuple[str, ...], taker: tuple[str, ...]
) -> Iterable[File]:
    """记账联 of invoices and receipts, bound in the order of their numbers; voided ones lie among them."""
    own = series.marks_of(session, book_id, end)
    own = own.filter(own["date"] >= start)
    for name, title in series.titles().items():
        part = own.filter(own["series"] == name)
        if len(part):
            first, last = part["date"].min(), part["date"].max()
            assert isinstance(first, dt.date)
            assert isinstance(last, dt.date)
            yield File(
                group="copies", title=_("{series}记账联").format(series=title), content=f"{part['text'][0]}–{part['text'][-1]}",
                volumes=1, sheets=len(part), first=first, last=last, years=LONG, giver=giver, taker=taker,
            )  # fmt: skip


def _statements(session: Session, book_id: int, book: Book, start: dt.date, end: dt.date) -> Iterable[File]:
    for account in book.banks:
        for row in bank.statements(session, book_id, account.code).iter_rows(named=True):
            if start <= row["to_date"] <= end:
                yield File(
                    group="statements", title=_("银行对账单 {bank}").format(bank=account.short), content=row["file_name"],
                    volumes=1, sheets=None, first=row["from_date"], last=row["to_date"], years=SHORT, giver=(row["operator"],),
                    taker=(),
                )  # fmt: skip


def _reports(session: Session, book_id: int, start: dt.date, end: dt.date) -> Iterable[File]:
    """Every version that was issued: one that was superseded is kept too."""
    for paper in issued.issues(session, book_id, period=f"{end:%Y-%m}"):
        signed = tuple(who for who, _when in paper.signatures.values())
        yield File(
            group="reports", title=paper.code, content=paper.number, volumes=2 if paper.code == "R14" else 1, sheets=None,
            first=start, last=end, years=LONG if paper.code in LEDGERS else SHORT, giver=(paper.preparer,), taker=signed[-1:],
        )  # fmt: skip
