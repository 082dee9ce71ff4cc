"""客户明细: one customer by his number: who he is, his ledger of a month (R10), all his vouchers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from exports.fava.pages.page import Choice, Page, Reading
from exports.fava.pages.sheet import pages
from exports.report import Column, Row
from exports.reports import labels
from ledger import reading, registers, views
from ledger.documents import KINDS
from ledger.errors import NotFound
from ledger.i18n import _

VOUCHERS = 50
"""Vouchers on one page."""
FOUND = 50
"""So many customers are listed of a number that is only begun."""


class CustomerLedger(Page):
    """A search for a customer number; the number, or the beginning of one."""

    def title(self) -> str:
        return _("客户明细")

    def view(self, here: Reading) -> Mapping[str, Any]:
        number, month = here.asked.text("customer"), here.month()
        choices = [Choice("customer", _("户号"), "text", number or ""), here.choose_month(month)]
        if number is None:
            return {"choices": choices, "hint": _("请输入户号,或户号的开头几位")}
        here.here["customer"] = number
        session, book_id = here.session, here.room.book_id
        known = registers.customers(session, book_id, pl.Series("customer", [number]), dt.date.max)
        if known.is_empty():
            found = reading.customers(session, book_id, number, FOUND + 1)
            if not found:
                raise NotFound(_("没有户号 {name}").format(name=number))
            return {"choices": choices, **_listed(here, found)}
        facts = known.row(0, named=True)
        here.within(facts["branch"])
        return {"choices": choices, "around": here.around(month), **_one(here, number, facts, month)}


def _listed(here: Reading, found: list[str]) -> dict[str, Any]:
    """The customers whose number begins so."""
    shown = found[:FOUND]
    known = registers.customers(here.session, here.room.book_id, pl.Series("customer", shown), dt.date.max)
    columns = [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("stream", _("分类"), labels=labels.streams()),
        Column("branch", _("所"), labels=labels.branches(here.room.book)),
        Column("kind", _("状态"), labels=labels.kinds()),
    ]
    if here.own is not None:
        known = known.filter(pl.col("branch") == here.own)
    rows = known.sort("customer").select([column.key for column in columns]).to_dicts()

    def customer(row: Row) -> str:
        return here.address(customer=row["customer"], month=here.here["month"])

    more = len(found) > FOUND
    return {
        "found": here.sheet(columns, rows, {"customer": customer}),
        "hint": _("前 {n} 户,请再输几位").format(n=FOUND) if more else _("找到 {n} 户").format(n=len(found)),
    }


def _one(here: Reading, number: str, facts: Mapping[str, Any], month: str) -> dict[str, Any]:
    session, room = here.session, here.room
    owed = int(views.receivables(session, room.book_id, dt.date.max, customer=number)["amount"].sum())
    held = int(views.advances(session, room.book_id, dt.date.max, customer=number)["amount"].sum())
    columns = [
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("stream", _("分类"), labels=labels.streams()),
        Column("usage_class", _("用水性质"), labels=labels.usage_classes(room.book)),
        Column("branch", _("所"), labels=labels.branches(room.book)),
        Column("kind", _("状态"), labels=labels.kinds()),
        Column("payer_account", _("付款账号"), personal="account"),
        Column("owed", _("现欠费"), "money"),
        Column("held", _("现预收"), "money"),
    ]
    row = {**{column.key: facts.get(column.key) for column in columns}, "owed": owed, "held": held}

    def voucher(line: Row) -> str | None:
        return here.address("BatchesAndVouchers", entry=line["entry_id"]) if line.get("entry_id") else None

    report = here.report("R10", account=number, month=month)
    return {
        "facts": here.sheet(columns, [row]),
        "form": here.form(report, {"voucher": voucher}),
        "vouchers_title": _("全部凭证"),
        **_vouchers(here, number),
    }


def _vouchers(here: Reading, number: str) -> dict[str, Any]:
    """All that was ever posted for him, by date, a page at a time."""
    session, book_id = here.session, here.room.book_id
    page = here.asked.number("row")
    size = views.journal_size(session, book_id, dt.date.min, dt.date.max, customer=number)
    pager = pages(page, size, lambda n: here.turned(n, "row"), VOUCHERS)
    offset = (page - 1) * VOUCHERS
    frame = views.journal(
        session, book_id, dt.date.min, dt.date.max, customer=number, limit=VOUCHERS, offset=offset
    ).filter(pl.col("customer") == number)
    names = {code: f"{code} {here.room.chart.name(code)}" for code in here.room.chart.codes}
    columns = [
        Column("date", _("日期"), "date"),
        Column("voucher", _("凭证号")),
        Column("kind", _("单据"), labels={kind.name: kind.title() for kind in KINDS.values()}),
        Column("doc_no", _("单号")),
        Column("memo", _("摘要")),
        Column("account", _("科目"), labels=names),
        Column("bill_month", _("所属月")),
        Column("debit", _("借方"), "money", blank_zero=True),
        Column("credit", _("贷方"), "money", blank_zero=True),
    ]

    def voucher(line: Row) -> str:
        return here.address("BatchesAndVouchers", entry=line["entry_id"])

    rows = frame.select("entry_id", *(column.key for column in columns)).to_dicts()
    return {"vouchers": here.sheet(columns, rows, {"voucher": voucher}), "pager": pager}
