"""R11 向总公司转款明细表: per transfer and fund what was there, what went, what was receipted.

Each category at most its position (R24); a negative position is netted and shows the
word 抵减. Ties: transferred = Cr bank of the transfer; difference = what head office has not
receipted.
"""

from __future__ import annotations

from typing import Any

from exports.report import PAPER, Column, Period, Report, Table, TieOut, file_stem, grouped, total
from exports.reports.request import Definition, Request, deposit_banks, fund_labels, head
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.capitals import capitals
from ledger.errors import NotFound
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """All transfers of the month to date, or those of one bank, or the one whose number is asked."""
    period, transit = request.month, chart.role("ho_transit")
    frame = views.transfers(
        session, request.book_id, period.start, period.end, deposit_banks=deposit_banks(book), transit=transit
    )
    order = {fund.zh: number for number, fund in enumerate(book.funds)}
    rows = frame.to_dicts()
    steps = list(dict.fromkeys((row["transfer"], row["bank"]) for row in rows))
    rows.sort(key=lambda row: (steps.index((row["transfer"], row["bank"])), order.get(row["fund"], len(order))))
    rows = _chosen(rows, request, book)
    for row in rows:
        row["note"] = _("抵减") if row["available"] < 0 else ""
    columns = _columns(book)
    totals = total(columns, rows)
    numbers = list(dict.fromkeys(row["transfer"] for row in rows))
    one = numbers[0] if len(numbers) == 1 else None
    shown = period if one is None or not rows else Period(rows[0]["date"], rows[0]["date"])
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=shown,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=_ties(session, request, book, chart, rows, numbers),
        notes=[_("本次转款合计(大写):人民币{words}").format(words=capitals(totals["transferred"]))] if rows else [],
        signatures=(_("录入"), _("复核"), _("审批")),
        file_stem=file_stem(shown, DEFINITION.zh, one),
        paper=_paper(columns, rows, totals),
        **head(session, book, request, *_parties(book, rows)),
    )


def _chosen(rows: list[dict[str, Any]], request: Request, book: Book) -> list[dict[str, Any]]:
    if request.account is None:
        return rows
    if any(row["transfer"] == request.account for row in rows):
        return [row for row in rows if row["transfer"] == request.account]
    try:
        bank = book.bank(request.account)
    except NotFound:
        raise NotFound(_("本期没有转款单或银行账户“{name}”").format(name=request.account)) from None
    return [row for row in rows if row["bank"] == bank.code]


def _parties(book: Book, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    banks = dict.fromkeys(row["bank"] for row in rows)
    payer = "、".join(book.bank(bank).short for bank in banks if bank)
    payee = next((payee.name for payee in book.payees if payee.kind == "head_office"), "")
    return [(_("付款"), payer or _("无")), (_("收款人"), payee)]


def _columns(book: Book) -> list[Column]:
    shorts = {bank.code: bank.short for bank in book.banks}
    return [
        Column("transfer", _("转款单号")),
        Column("bank", _("付款账户"), labels=shorts),
        Column("fund", _("款项类别"), labels=fund_labels(book)),
        Column("opening", _("期初未转"), "money"),
        Column("received", _("本期实收"), "money"),
        Column("to_levies", _("减:代征部分"), "money"),
        Column("available", _("可转额"), "money"),
        Column("transferred", _("本次转款"), "money"),
        Column("left", _("结存"), "money"),
        Column("receipts", _("收据")),
        Column("receipted", _("收据额"), "money"),
        Column("difference", _("差异"), "money"),
        Column("note", _("备注"), media=PAPER),
    ]


def _paper(columns: list[Column], rows: list[dict[str, Any]], totals: Any) -> Table:
    keyed = [{**row, "_transfer": (row["transfer"], row["bank"])} for row in rows]
    names = {row["_transfer"]: row["transfer"] or "" for row in keyed}
    return grouped(columns, keyed, by="_transfer", label_key="transfer", label=names, totals=totals)


def _ties(
    session: Session, request: Request, book: Book, chart: Chart, rows: list[dict[str, Any]], numbers: list[str]
) -> list[TieOut]:
    period = request.month
    sent = views.lines(
        session, request.book_id, period.start, period.end, accounts=[bank.code for bank in book.banks],
        kinds=(views.HO_TRANSFER,), live=True,
    )  # fmt: skip
    wanted = {row["bank"] for row in rows}
    paid = sum(
        row["credit"] - row["debit"]
        for row in sent.iter_rows(named=True)
        if (not numbers or row["doc_no"] in numbers or row["reverses"]) and (row["account"] in wanted)
    )
    transit = views.open_items(
        session, request.book_id, ["document"], request.end, accounts=(chart.role("ho_transit"),)
    )
    lacking = sum(item["amount"] for item in transit.iter_rows(named=True) if item["document"] in numbers)
    return [
        TieOut(_("本次转款合计 = 银行存款贷方"), sum(row["transferred"] for row in rows), paid),
        TieOut(_("差异合计 = 总公司转款在途中本期各单余额"), sum(row["difference"] for row in rows), lacking),
    ]


DEFINITION = Definition(code="R11", zh="向总公司转款明细表", en="Head-office transfer schedule", build=build)
