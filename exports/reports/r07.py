"""R07 多转、少转水费明细表: transfers over and under the bills, what of them is still open.

Rows: what arose in the month, and older items still open. Ties: Σ多转 = movement of 2203.04,
Σ少转 = movement of 1122.06; what is open = their balances.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import PAPER, Column, Report, TieOut, file_stem, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

KEYS = ["account", "customer", "document"]


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Over and short transfers of the month to date."""
    period, book_id = request.month, request.book_id
    over, short = chart.role("advance_over"), chart.role("ar_short")
    moved = views.lines(session, book_id, period.start, period.end, accounts=(over, short), live=True)
    arose = moved.filter(pl.when(pl.col("account") == over).then(pl.col("credit") != 0).otherwise(pl.col("debit") != 0))
    left = views.open_items(session, book_id, KEYS, period.end, accounts=(over, short))
    new = arose.group_by(KEYS, maintain_order=True).agg(
        amount=(pl.col("debit") + pl.col("credit")).sum(), first=pl.col("entry_id").first(), date=pl.col("date").first()
    )
    items = new.join(
        left.select(*KEYS, left="amount", since="since"), on=KEYS, how="full", coalesce=True, nulls_equal=True
    )
    told = _told(session, book, chart, request, items, {over, short})
    known = labels.names(registers.customers(session, book_id, items["customer"], period.end))
    rows = [_row(item, told.get(item["first"], {}), known, over) for item in items.iter_rows(named=True)]
    rows = [row for row in rows if row["over"] or row["short"] or row["over_left"] or row["short_left"]]
    rows.sort(key=lambda row: (row["short"] != 0 or row["short_left"] != 0, row["_date"], row["customer"] or ""))
    columns = _columns(book)
    totals = total(columns, rows)
    turnover = {
        row["account"]: row
        for row in views.turnover(
            session, book_id, period.start, period.end, accounts=(over, short)
        ).iter_rows(named=True)
    }  # fmt: skip
    none = {"debit": 0, "credit": 0, "closing": 0}
    ties = [
        TieOut(_("多转合计 = 多转/重复水费 本期贷方"), totals["over"], turnover.get(over, none)["credit"]),
        TieOut(_("少转合计 = 少转水费 本期借方"), totals["short"], turnover.get(short, none)["debit"]),
        TieOut(_("多转结存合计 = 多转/重复水费 余额"), totals["over_left"], -turnover.get(over, none)["closing"]),
        TieOut(_("少转未补合计 = 少转水费 余额"), totals["short_left"], turnover.get(short, none)["closing"]),
    ]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request),
    )


def _told(
    session: Session, book: Book, chart: Chart, request: Request, items: pl.DataFrame, own: set[str]
) -> dict[int, dict[str, Any]]:
    """What the first entry of each item says: bills due, money, bank, and when a slip's money arrived."""
    every = registers.lines_of(session, request.book_id, items["first"].drop_nulls())
    slip = chart.role("transit_slip")
    money = pl.any_horizontal(pl.col("account").str.starts_with(f"{family}.") for family in views.MONEY)
    funds = [fund.zh for fund in book.funds if fund.kind == "suspense"]
    real = money & ~pl.col("fund").fill_null("").is_in(funds)
    bill = pl.col("account").str.starts_with("1122.") & ~pl.col("account").is_in(list(own))
    found = every.group_by("entry_id").agg(
        pl.col("date").first(),
        due=(pl.col("credit") - pl.col("debit")).filter(bill).sum(),
        months=pl.col("bill_month").filter(bill).drop_nulls().unique().sort().str.join(","),
        paid=(pl.col("debit") - pl.col("credit")).filter(real).sum(),
        bank=pl.col("bank").filter(real).drop_nulls().first(),
        slip=pl.col("document").filter(pl.col("account") == slip).first(),
    )
    came = views.lines(
        session, request.book_id, request.month.start - dt.timedelta(days=62), request.end, accounts=(slip,),
        kinds=("slip_arrival", "cheque_lodged"), live=True,
    )  # fmt: skip
    arrived = dict(came.select("document", "date").iter_rows())
    return {
        row["entry_id"]: {**row, "arrived": row["date"] if row["slip"] is None else arrived.get(row["slip"])}
        for row in found.iter_rows(named=True)
    }


def _row(item: dict[str, Any], told: dict[str, Any], known: dict[str, str], over: str) -> dict[str, Any]:
    surplus = item["account"] == over
    new, left = item["amount"] or 0, abs(item["left"] or 0)
    return {
        "customer": item["customer"],
        "name": known.get(item["customer"], ""),
        "bill_month": told.get("months") or "",
        "due": told.get("due"),
        "paid": told.get("paid"),
        "over": new if surplus else 0,
        "short": 0 if surplus else new,
        "arrived": told.get("arrived"),
        "bank": told.get("bank") or "",
        "document": item["document"],
        "over_left": left if surplus else 0,
        "short_left": 0 if surplus else left,
        "action": (_("留待抵交以后水费") if surplus else _("下次补交")) if left else _("已处理"),
        "_date": item["date"] or item["since"],
    }


def _columns(book: Book) -> list[Column]:
    return [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("bill_month", _("所属月")),
        Column("due", _("应收"), "money"),
        Column("paid", _("实转"), "money"),
        Column("over", _("多转"), "money", blank_zero=True),
        Column("short", _("少转"), "money", blank_zero=True),
        Column("arrived", _("到账日"), "date"),
        Column("bank", _("银行"), labels=labels.banks(book)),
        Column("document", _("单号"), media=PAPER | {"csv", "json"}),
        Column("over_left", _("多转结存"), "money", blank_zero=True),
        Column("short_left", _("少转未补"), "money", blank_zero=True),
        Column("action", _("处理意见")),
    ]


DEFINITION = Definition(code="R07", zh="多转、少转水费明细表", en="Over- and short transfers", build=build)
