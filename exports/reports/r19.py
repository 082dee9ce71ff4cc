"""R19 单位户托收台账: what went to the bank for collection, and what came of it.

Rows: bills sent or answered in the month, and older ones still out. Ties: sent = paid + returned + open;
what was paid is in the bank.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, grouped, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.storage.engine import Session


def build(session: Session, book: Book, _chart: Chart, request: Request) -> Report:
    """The collection register of the month to date; ``account`` narrows it to one batch."""
    period = request.month
    items = registers.collections(session, request.book_id, period.end, book=book, cutover=book.cutover)
    shown = items.filter(
        (pl.col("sent_on") >= period.start) | (pl.col("answered_on") >= period.start) | (pl.col("result") == "open")
    )
    if request.account is not None:
        shown = shown.filter(pl.col("batch") == request.account)
    known = registers.customers(session, request.book_id, shown["customer"], period.end)
    rows = _rows(shown, known)
    columns = _columns(book)
    totals = total(columns, rows)
    sums = {result: sum(row["amount"] for row in rows if row["result"] == result) for result in result_labels()}
    ties = [TieOut(_("送出 = 收回 + 退票 + 未回"), totals["amount"], sum(sums.values()))]
    if request.account is None:
        banked = views.lines(
            session,
            request.book_id,
            period.start,
            period.end,
            accounts=("1002",),
            kinds=("collection_result",),
            live=True,
        )
        came = sum(row["amount"] for row in rows if row["result"] == "paid" and row["answered_on"] >= period.start)
        ties.append(TieOut(_("本期收回 = 银行存款托收借方"), came, int((banked["debit"] - banked["credit"]).sum())))
    words = result_labels()
    counts = {result: sum(row["result"] == result for row in rows) for result in words}
    note = _(";").join(f"{words[key]} {counts[key]} {_('笔')} {format_fen(sums[key])}" for key in words)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=[note] if rows else [],
        signatures=(_("制票班长"), _("收费班长")),
        file_stem=file_stem(period, DEFINITION.zh, request.account),
        paper=grouped(columns, rows, by="batch", label_key="batch", totals=totals),
        **head(session, book, request),
    )


def result_labels() -> dict[str, str]:
    """What the bank may answer."""
    return {"paid": _("收回"), "returned": _("退票"), "open": _("未回")}


def _rows(items: pl.DataFrame, known: pl.DataFrame) -> list[dict[str, Any]]:
    master = {row["customer"]: row for row in known.iter_rows(named=True)}
    keys = ("batch", "channel", "customer", "bill_month", "document", "amount", "bank", "sent_on", "answered_on", "result",
            "reason")  # fmt: skip
    return [
        {
            **{key: item[key] for key in keys},
            "name": master.get(item["customer"], {}).get("name") or "",
            "payer_account": master.get(item["customer"], {}).get("payer_account") or "",
        }
        for item in items.sort("sent_on", "batch", "item").iter_rows(named=True)
    ]


def _columns(book: Book) -> list[Column]:
    return [
        Column("batch", _("批号")),
        Column("channel", _("渠道"), labels=labels.channels()),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("payer_account", _("付款账号"), personal="account"),
        Column("bill_month", _("所属月")),
        Column("amount", _("金额"), "money"),
        Column("bank", _("收款银行"), labels=labels.banks(book)),
        Column("sent_on", _("送出日"), "date"),
        Column("answered_on", _("回单日"), "date"),
        Column("result", _("结果"), labels=result_labels()),
        Column("reason", _("退票原因")),
    ]


DEFINITION = Definition(code="R19", zh="单位户托收台账", en="Collection register", build=build)
