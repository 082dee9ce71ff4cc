"""R06 备查簿: the four memo registers, item by item with the balance after each line.

已开票未收款 (1221.04), 临时回单未到 (1012.02), 多转少转 (2203.04, 1122.06), 欠费户预收 per household
(2203.03). Ties: the balances of these accounts.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from exports.report import FLAT, PAPER, Column, Report, Row, Style, Table, TieOut, file_stem, total
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.errors import NotFound
from ledger.i18n import _
from ledger.storage.engine import Session

SECTIONS = {
    "invoiced": ("invoiced_unpaid",),
    "slips": ("transit_slip",),
    "over_short": ("advance_over", "ar_short"),
    "partial": ("advance_partial",),
}
LIABILITIES = ("advance_over", "advance_partial")


def section_labels() -> dict[str, str]:
    """The four registers by name."""
    return {
        "invoiced": _("已开票未收款"), "slips": _("临时回单未到"), "over_short": _("多转少转"), "partial": _("欠费户预收(分户)"),
    }  # fmt: skip


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """All four registers, month to date, or the one named as account."""
    chosen = _chosen(request.account)
    rows, ties = [], []
    for section in chosen:
        accounts = {chart.role(role): role in LIABILITIES for role in SECTIONS[section]}
        own = _section(session, request, section, accounts)
        rows += own
        for account, liability in accounts.items():
            balance = views.balance(session, request.book_id, account, request.end)
            left = sum(row["increase"] - row["decrease"] for row in own if row["account"] == account)
            name = _("{section}:余额 = {account}").format(
                section=section_labels()[section], account=f"{account} {chart.name(account)}"
            )
            ties.append(TieOut(name, left, -balance if liability else balance))
    named = pl.Series("customer", [row["customer"] for row in rows], pl.String)
    known = labels.names(registers.customers(session, request.book_id, named, request.end))
    for row in rows:
        row["name"] = known.get(row["customer"], "")
        row["customer"] = row["customer"] or ""
    columns = _columns()
    totals = {key: value for key, value in total(columns, rows).items() if key != "balance"}
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.month,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("收费员"), _("收费班长"), _("明细账会计")),
        file_stem=file_stem(request.month, DEFINITION.zh, section_labels()[chosen[0]] if len(chosen) == 1 else None),
        paper=_paper(columns, rows, chosen),
        **head(session, book, request),
    )


def _chosen(asked: str | None) -> list[str]:
    if asked is None:
        return list(SECTIONS)
    found = [key for key, name in section_labels().items() if asked in (key, name)]
    if not found:
        raise NotFound(
            _("没有备查簿“{name}”(已有:{known})").format(name=asked, known="、".join(section_labels().values()))
        )
    return found


def _section(session: Session, request: Request, section: str, accounts: dict[str, bool]) -> list[dict[str, Any]]:
    """Opening items and movements; the balance runs per item, of partial payments per household."""
    period = request.month
    keys = ["account", "customer", *([] if section == "partial" else ["document"])]
    before = views.open_items(
        session, request.book_id, keys, period.start - dt.timedelta(days=1), accounts=tuple(accounts)
    )
    moved = views.lines(session, request.book_id, period.start, period.end, accounts=tuple(accounts))
    running: dict[tuple[Any, ...], int] = {}
    rows: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for item in before.iter_rows(named=True):
        key = tuple(item[name] for name in keys)
        amount = -item["amount"] if accounts[item["account"]] else item["amount"]
        running[key] = amount
        rows[key] = [{
            "section": section, "account": item["account"], "date": item["since"], "customer": item["customer"],
            "document": item.get("document") or "", "voucher": "", "memo": _("期初结存"), "increase": amount, "decrease": 0,
            "balance": amount,
        }]  # fmt: skip
    for line in moved.iter_rows(named=True):
        key = tuple(line[name] for name in keys)
        gain, less = (line["credit"], line["debit"]) if accounts[line["account"]] else (line["debit"], line["credit"])
        running[key] = running.get(key, 0) + gain - less
        rows.setdefault(key, []).append({
            "section": section, "account": line["account"], "date": line["date"], "customer": line["customer"],
            "document": line["document"] or "", "voucher": line["voucher"], "memo": line["memo"] or "",
            "increase": gain, "decrease": less, "balance": running[key],
        })  # fmt: skip
    out = []
    for own in sorted(rows.values(), key=lambda listed: listed[0]["date"]):
        done = own[-1]["balance"] == 0
        cleared = f"{own[-1]['date']:%m-%d} {own[-1]['voucher']}".strip() if done else ""
        out += [{**row, "status": "cleared" if done else "open", "cleared": cleared} for row in own]
    return out


def _columns() -> list[Column]:
    return [
        Column("section", _("备查簿"), labels=section_labels(), media=FLAT),
        Column("account", _("科目"), media=FLAT),
        Column("date", _("日期"), "date"),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("document", _("票据号")),
        Column("voucher", _("凭证号")),
        Column("memo", _("摘要")),
        Column("increase", _("增加"), "money", blank_zero=True),
        Column("decrease", _("减少"), "money", blank_zero=True),
        Column("balance", _("余额"), "money"),
        Column("status", _("状态"), labels={"open": _("未了结"), "cleared": _("已了结")}),
        Column("cleared", _("了结日期/凭证"), media=PAPER | {"csv", "json"}),
    ]


def _paper(columns: list[Column], rows: list[dict[str, Any]], chosen: list[str]) -> Table:
    """The four one below the other, each with its heading and sum; an empty one says 无."""
    out: list[Row] = []
    styles: list[Style] = []
    for section in chosen:
        own = [row for row in rows if row["section"] == section]
        out.append({"customer": section_labels()[section]})
        styles.append("section")
        out += own or [{"customer": _("无")}]
        styles += [""] * max(len(own), 1)
        increase, decrease = sum(row["increase"] for row in own), sum(row["decrease"] for row in own)
        out.append({
            "customer": _("结存"), "increase": increase, "decrease": decrease, "balance": increase - decrease,
        })  # fmt: skip
        styles.append("subtotal")
    return Table(columns, out, styles=styles)


DEFINITION = Definition(code="R06", zh="备查簿", en="Memo registers", build=build)
