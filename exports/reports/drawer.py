"""What the cashier-day registers R01–R03 share: the tenders of a stream, a drawer, a day.

A tender belongs to the stream of its drawer, else to that of its customer. What comes
through the bank has no drawer: it stands with the whole stream, and with the drawer asked for
where that is the stream's only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from exports.report import TieOut
from exports.reports import labels
from exports.reports.request import Request
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.documents import KINDS
from ledger.i18n import _
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True)
class Day:
    """The tenders of a day: ``lines`` the money, ``parts`` what it settled, ``heads`` one row per entry."""

    lines: pl.DataFrame
    parts: pl.DataFrame
    heads: dict[int, dict[str, Any]]
    names: dict[str, str]
    cashier: str | None

    @property
    def money(self) -> int:
        """All tenders together, fen."""
        return int(self.lines["amount"].sum())


def load(session: Session, book: Book, chart: Chart, request: Request, stream: str) -> Day:
    """The day of a stream, or of one drawer (the account asked for)."""
    cashier = None if request.account is None else book.cashier(request.account).code
    every = registers.receipts(session, request.book_id, request.end, request.end, book=book, chart=chart)
    lines = every.filter((pl.col("section") == "tender") & (pl.col("stream") == stream))
    if cashier is not None:
        alone = [row.code for row in book.cashiers if row.stream == stream] == [cashier]
        own = pl.col("cashier") == cashier
        lines = lines.filter((own | pl.col("cashier").is_null()) if alone else own.fill_null(value=False))
    parts = registers.settlements(session, request.book_id, lines["entry_id"].unique(), book=book, chart=chart)
    known = registers.customers(session, request.book_id, parts["customer"], request.end)
    heads = _heads(session, request.book_id, lines)
    return Day(lines, parts, heads, labels.names(known), cashier)


def _heads(session: Session, book_id: int, lines: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Per entry: kind, way, fund, money, drawer, bank, reference and the number of its invoice or receipt."""
    sums = lines.group_by("entry_id", maintain_order=True).agg(
        pl.col("kind", "origin", "way", "fund", "cashier", "bank", "document", "doc_no", "memo", "voucher").first(),
        pl.col("amount").sum(),
    )
    invoices: dict[int, str] = {}
    for (kind,), own in sums.group_by("kind"):
        if "invoice" in KINDS[str(kind)].by_name:
            said = registers.documents(session, book_id, str(kind), own["entry_id"])
            invoices.update(said.filter(pl.col("invoice").is_not_null()).select("entry_id", "invoice").iter_rows())
    return {
        row["entry_id"]: {**row, "invoice": invoices.get(row["entry_id"]) or row["doc_no"]}
        for row in sums.iter_rows(named=True)
    }


def numbers(session: Session, request: Request, day: Day) -> list[tuple[str, str]]:
    """票号起止, 张数 and 作废张数 of the invoices of the day."""
    used = sorted({head["invoice"] for head in day.heads.values() if "invoice" in KINDS[head["kind"]].by_name})
    voided = registers.facts(session, request.book_id, "number_void", request.end)
    spoilt = voided.filter(pl.col("date") == request.end)["invoice"].to_list()
    mine = [number for number in spoilt if used and len(number) == len(used[0]) and used[0] <= number <= used[-1]]
    span = f"{used[0]}–{used[-1]}" if len(used) > 1 else "".join(used) or _("无")
    return [(_("票号起止"), span), (_("张数"), str(len(used))), (_("作废张数"), str(len(mine)))]


def drawer_tie(session: Session, book: Book, request: Request, day: Day, stream: str) -> TieOut:
    """Cash: the drawers' debits of the day without over and short (and what is taken back)."""
    own = [row.code for row in book.cashiers if row.stream == stream and day.cashier in (None, row.code)]
    moved = views.lines(session, request.book_id, request.end, request.end, accounts=("1001",), live=True)
    taken = moved.filter(pl.col("cashier").is_in(own) & ~pl.col("origin").is_in(["cash_difference", "cash_deposit"]))
    cash = day.lines.filter(pl.col("way") == "cash")
    return TieOut(_("现金 = 钱箱当日收款"), int(cash["amount"].sum()), int((taken["debit"] - taken["credit"]).sum()))
