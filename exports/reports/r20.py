"""R20 银行划扣核对表: the month's direct-debit slip against the list of who has paid.

Tie: what slips and lists differ by is what is not allotted (1122.09).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import Column, Report, Style, Table, TieOut, file_stem, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Slips of the month to date, those listed in it, and older ones still not allotted."""
    period, account = request.month, chart.role("debit_pending")
    moved = views.lines(session, request.book_id, period.start, period.end, accounts=(account,))
    before = views.open_items(
        session, request.book_id, ["document", "bank"], period.start - dt.timedelta(days=1), accounts=(account,)
    )
    slips = _slips(session, request, before, moved)
    details = _details(session, request, moved, slips)
    known = labels.names(registers.customers(session, request.book_id, _column(details, "customer"), period.end))
    rows: list[dict[str, Any]] = []
    for slip in slips:
        own = [row for row in details if row["slip"] == slip["slip"]]
        rows += [slip, *({**row, "name": known.get(row["customer"], "")} for row in own)]
    columns = _columns(book)
    totals = {key: value for key, value in total(columns, rows).items() if key != "difference"}
    totals["difference"] = sum(row["difference"] or 0 for row in slips)
    styles: list[Style] = ["strong" if row["kind"] == "slip" else "" for row in rows]
    balance = -views.balance(session, request.book_id, account, period.end)
    name = _("合计单 − 明细 = {account} 余额").format(account=f"{account} {chart.name(account)}")
    waiting = [row["slip"] for row in slips if not any(detail["slip"] == row["slip"] for detail in details)]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[TieOut(name, totals["difference"], balance)],
        notes=[_("合计单 {slips} 的明细尚未收到").format(slips="、".join(waiting))] if waiting else [],
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(period, DEFINITION.zh),
        styles=styles,
        paper=Table(columns, rows, totals, styles),
        **head(session, book, request),
    )


def _column(rows: list[dict[str, Any]], key: str) -> pl.Series:
    return pl.Series(key, [row[key] for row in rows], pl.String)


def _slips(session: Session, request: Request, before: pl.DataFrame, moved: pl.DataFrame) -> list[dict[str, Any]]:
    """Slips carried over and slips of the month, each with what its money is."""
    new = moved.filter(pl.col("origin") == "debit_slip")
    said = registers.documents(session, request.book_id, "debit_slip", new["entry_id"].unique())
    told = {row["entry_id"]: row for row in said.iter_rows(named=True)}
    empty = {"kind": "slip", "customer": "", "name": "", "due": None, "debited": None, "result": "", "reason": ""}
    slips: dict[str, dict[str, Any]] = {}
    for item in before.iter_rows(named=True):
        slips[item["document"]] = {
            **empty, "slip": item["document"], "bank": item["bank"] or "", "period": "", "date": None, "count": None,
            "amount": -item["amount"], "difference": -item["amount"],
        }  # fmt: skip
    opened = moved.filter((pl.col("event") == "E01") | (pl.col("origin") == "debit_slip"))
    for line in opened.iter_rows(named=True):
        own = told.get(line["entry_id"], {})
        amount = line["credit"] - line["debit"]
        slip = slips.setdefault(line["document"], {
            **empty, "slip": line["document"], "bank": line["bank"] or "", "period": own.get("period") or line["bill_month"] or "",
            "date": line["date"], "count": own.get("count"), "amount": 0, "difference": 0,
        })  # fmt: skip
        slip["amount"] += amount
        slip["difference"] += amount
    return list(slips.values())


def _details(
    session: Session, request: Request, moved: pl.DataFrame, slips: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of the lists; what the list accounts for is taken from its slip's difference."""
    lists = moved.filter(pl.col("origin") == "debit_list")
    said = registers.documents(session, request.book_id, "debit_list", lists["entry_id"].unique())
    red = set(lists.filter(pl.col("reverses").is_not_null())["entry_id"])
    by_slip = {slip["slip"]: slip for slip in slips}
    billed = _billed(session, request, said)
    rows = []
    for (entry, number), own in said.group_by("entry_id", "slip_no", maintain_order=True):
        sign = -1 if entry in red else 1
        paid = int(own.filter(pl.col("result") != "failed")["amount"].sum())
        everything = int(own["amount"].sum())
        slip = by_slip.get(str(number))
        if slip is not None:
            slip["period"] = slip["period"] or own["period"][0] or ""
            # a slip may hold the successes alone: then nothing of a failure was ever credited
            slip["difference"] -= sign * (paid if slip["amount"] == paid else everything)
        rows += [
            {
                "kind": "detail", "slip": row["slip_no"], "bank": "", "period": row["period"] or "", "date": row["date"],
                "count": None, "amount": None, "customer": row["customer"],
                "due": sign * billed.get(row["bill_no"], row["amount"]) if row["result"] == "partial" else sign * row["amount"],
                "debited": 0 if row["result"] == "failed" else sign * row["amount"], "result": row["result"],
                "reason": row["reason"] or "", "difference": None,
            }
            for row in own.iter_rows(named=True)
        ]  # fmt: skip
    return rows


def _billed(session: Session, request: Request, said: pl.DataFrame) -> dict[str | None, int]:
    """What was to be debited where only a part was: the bill's amount, fen."""
    numbers = said.filter(pl.col("result") == "partial")["bill_no"].drop_nulls()
    return dict(
        registers.bills(session, request.book_id, numbers, request.month.end).select("document", "gross").iter_rows()
    )


def _columns(book: Book) -> list[Column]:
    results = {"success": _("成功"), "failed": _("失败"), "duplicate": _("重复"), "partial": _("部分")}
    return [
        Column("kind", _("行"), labels={"slip": _("合计单"), "detail": _("明细")}),
        Column("slip", _("合计单号")),
        Column("period", _("期间")),
        Column("bank", _("银行"), labels=labels.banks(book)),
        Column("date", _("日期"), "date"),
        Column("count", _("笔数"), "integer"),
        Column("amount", _("合计金额"), "money"),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("due", _("应扣"), "money"),
        Column("debited", _("实扣"), "money"),
        Column("result", _("结果"), labels=results),
        Column("reason", _("失败原因")),
        Column("difference", _("差异"), "money"),
    ]


DEFINITION = Definition(code="R20", zh="银行划扣核对表", en="Direct debits, slip against list", build=build)
