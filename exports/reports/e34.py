"""E34 停水复装登记簿: who is dunned and how far, who was shut off and who is back.

Every customer with open bills, and everyone ever shut off. The step due follows from the age of his oldest open bill
(提醒 the day after, 催费单 after 15 days); what shields him (托收中) stands beside it; shutting off and reconnecting are
documents (``service``), with the approval that large customers need (C46). Tie: what they owe = R26. Rules: domain §3 E34, §7.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, grouped, total
from exports.reports import labels, r26
from exports.reports.request import Definition, Request, head
from ledger import registers
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

REMINDER_DAYS, NOTICE_DAYS = 1, 15
"""Age of the oldest open bill at which 提醒 and 催费单 are due (domain §7)."""


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """On the cut-off day, of all branches or of one; ``account`` narrows it to one customer."""
    whole = r26.build(session, book, chart, request)
    rows = _rows(session, book, request, whole)
    if request.account is not None:
        rows = [row for row in rows if row["customer"] == request.account]
    columns = _columns(book)
    totals = total(columns, rows)
    ties = [] if request.account else [TieOut(_("欠费合计 = 欠费明细表"), totals["owed"], whole.totals["amount"])]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("所内勤"), _("所长"), _("抄收管理处")),
        file_stem=file_stem(
            request.cutoff, DEFINITION.zh, request.account or (request.branch and book.branch(request.branch).name)
        ),
        paper=grouped(columns, rows, by="branch", label_key="customer", label=labels.branches(book), totals=totals),
        **head(session, book, request),
    )


def steps() -> dict[str, str]:
    """The steps of dunning, and none."""
    return {
        "": "", "none": _("未到催费期"), "reminder": _("提醒"), "notice": _("催费单"), "shut_off": _("停水"), "reconnected": _("复装"),
    }  # fmt: skip


def _rows(session: Session, book: Book, request: Request, whole: Report) -> list[dict[str, Any]]:
    owed: dict[str, int] = {}
    bills = Counter(bill["customer"] for bill in whole.rows)
    for bill in whole.rows:
        owed[bill["customer"]] = owed.get(bill["customer"], 0) + bill["amount"]
    since = _since(session, request, whole)
    done = _services(session, request)
    everyone = sorted({*owed, *done})
    known = registers.customers(session, request.book_id, pl.Series("customer", everyone, pl.String), request.end)
    master = {row["customer"]: row for row in known.iter_rows(named=True)}
    sent = registers.collections(session, request.book_id, request.end, book=book, cutover=book.cutover)
    waiting = set(sent.filter(pl.col("result") == "open")["customer"])
    rows = []
    for customer in everyone:
        own = master.get(customer, {})
        if request.branch is not None and own.get("branch") != request.branch:
            continue
        first = since.get(customer)
        service = done.get(customer, {})
        days = None if first is None else (request.end - first).days
        rows.append({
            "customer": customer, "name": own.get("name") or "", "branch": own.get("branch") or "",
            "bills": bills[customer], "owed": owed.get(customer, 0),
            "since": first, "days": days, "step": _step(days, service), "block": _("托收中") if customer in waiting else "",
            "shut_off": service.get("shut_off"), "approval_no": service.get("approval_no") or "",
            "reconnected": service.get("reconnect"),
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["branch"], row["customer"]))


def _step(days: int | None, service: dict[str, Any]) -> str:
    """Shut off stays until reconnected; else the age of the debt decides."""
    if service.get("shut_off") and not service.get("reconnect"):
        return "shut_off"
    if days is None:
        return "reconnected" if service else ""
    return "notice" if days >= NOTICE_DAYS else "reminder" if days >= REMINDER_DAYS else "none"


def _since(session: Session, request: Request, whole: Report) -> dict[str, dt.date]:
    """Customer → day on which his oldest open bill was charged (one of the opening: the first of its month)."""
    numbers = pl.Series("document", [bill["document"] for bill in whole.rows], pl.String)
    charged = registers.bills(session, request.book_id, numbers, request.end)
    days = dict(charged.select("document", "charged_on").iter_rows())
    out: dict[str, dt.date] = {}
    for bill in whole.rows:
        month = dt.date.fromisoformat(f"{bill['bill_month']}-01") if bill["bill_month"] else request.end
        day = days.get(bill["document"]) or month
        out[bill["customer"]] = min(day, out.get(bill["customer"], day))
    return out


def _services(session: Session, request: Request) -> dict[str, dict[str, Any]]:
    """Customer → his last shut-off with its approval, and the reconnection after it."""
    out: dict[str, dict[str, Any]] = {}
    said = registers.facts(session, request.book_id, "service", request.end).sort("date", maintain_order=True)
    for row in said.iter_rows(named=True):
        if row["step"] == "shut_off":
            out[row["customer"]] = {"shut_off": row["date"], "approval_no": row["approval_no"]}
        else:
            out.setdefault(row["customer"], {})["reconnect"] = row["date"]
    return out


def _columns(book: Book) -> list[Column]:
    return [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("branch", _("所"), labels=labels.branches(book)),
        Column("bills", _("欠费笔数"), "integer"),
        Column("owed", _("欠费"), "money", blank_zero=True),
        Column("since", _("最早欠费日"), "date"),
        Column("days", _("天数"), "integer"),
        Column("step", _("催费进度"), labels=steps()),
        Column("block", _("暂缓")),
        Column("shut_off", _("停水日"), "date"),
        Column("approval_no", _("批准号")),
        Column("reconnected", _("复装日"), "date"),
    ]


DEFINITION = Definition(code="E34", zh="停水复装登记簿", en="Dunning and shut-off register", build=build)
