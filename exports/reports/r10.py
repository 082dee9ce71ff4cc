"""R10 应收账款明细账: per customer opening, movements and balance, with the levies inside.

Tie: opening + billed − red − collected − written off ± transferred − direct debits not
allotted = closing = Σ1122.
"""

from __future__ import annotations

from typing import Any

from exports.report import FLAT, PAPER, WIDE, Column, Report, Style, Table, TieOut, file_stem
from exports.reports.request import Definition, Request, head, side
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _, current_language
from ledger.money import format_fen
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The subsidiary ledger of the month to date: every customer, or the one named as account."""
    period, family = request.month, chart.parent(chart.role("ar_resident")) or "1122"
    asked = request.account
    # a customer's number may begin like an account's: an account is what the chart has
    known = asked is not None and asked.startswith(family) and asked in {family, *chart.accounts}
    narrowed = asked if known and asked is not None else family
    customer = asked if narrowed == family and asked != family else None
    levies = {levy.item: chart.levy("billed", levy.item) for levy in book.levies}
    frame = views.receivable_ledger(
        session, request.book_id, period.start, period.end, family=narrowed, pending=chart.role("debit_pending"),
        levies=levies, customer=customer, branch=request.branch,
    )  # fmt: skip
    rows = [_row(row) for row in frame.iter_rows(named=True)]
    styles: list[Style] = ["opening" if section == "opening" else "" for section in frame["section"]]
    rolled = views.rollforward(frame)
    columns = _columns(book, chart)
    body = [row for row in rows if row["section"] == "line"]
    totals = {
        key: sum(row[key] for row in body) for key in ("debit", "credit", *levies)
    } | {"balance": rolled["closing"]}  # fmt: skip
    suffix = asked or (request.branch and book.branch(request.branch).name)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=_ties(session, request, narrowed, customer, rolled),
        notes=[_statement(rolled)],
        signatures=(_("明细账会计"), _("复核")),
        file_stem=file_stem(period, DEFINITION.zh, suffix),
        styles=styles,
        paper=Table(columns, rows, {**totals, **side(rolled["closing"])}, styles),
        **head(session, book, request),
    )


def movement_labels() -> dict[str, str]:
    """The movements of a receivable as people name them."""
    return {
        "billed": _("开账"), "red": _("冲减"), "collected": _("收回"), "written_off": _("核销"),
        "transferred": _("转户"), "pending": _("代扣待分户"),
    }  # fmt: skip


def _statement(rolled: dict[str, int]) -> str:
    named = movement_labels()
    signs = {1: "+", -1: "−"}
    parts = [f"{_('期初')} {format_fen(rolled['opening'])}"]
    parts += [
        f"{signs[sign]} {named[key]} {format_fen(rolled[key])}"
        for key, sign in views.MOVEMENT_SIGN.items()
        if rolled[key]
    ]
    return " ".join([*parts, f"= {_('期末')} {format_fen(rolled['closing'])}"])


def _columns(book: Book, chart: Chart) -> list[Column]:
    chinese = current_language() == "zh_CN"
    names = {code: f"{code} {chart.name(code)}" for code in chart.codes}
    return [
        Column("customer", _("户号")),
        Column("date", _("日期"), "date"),
        Column("voucher", _("凭证号")),
        Column("document", _("账单号")),
        Column("memo", _("摘要")),
        Column("account", _("科目"), labels=names),
        Column("bill_month", _("所属月")),
        Column("movement", _("变动"), labels=movement_labels()),
        Column("debit", _("借方"), "money", blank_zero=True),
        Column("credit", _("贷方"), "money", blank_zero=True),
        Column("balance", _("余额"), "money", media=FLAT),
        Column("side", _("方向"), media=PAPER),
        Column("size", _("余额"), "money", media=PAPER),
        *(
            Column(
                levy.item,
                _("其中\n{levy}").format(levy=levy.zh if chinese else levy.en),
                "money",
                blank_zero=True,
                media=WIDE,
            )
            for levy in book.levies
        ),
    ]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    text = {key: row[key] or "" for key in ("customer", "voucher", "document", "account", "bill_month", "movement")}
    memo = _("期初余额") if row["section"] == "opening" else row["memo"] or ""
    return {**row, **text, "memo": memo, **side(row["balance"])}


def _ties(
    session: Session, request: Request, family: str, customer: str | None, rolled: dict[str, int]
) -> list[TieOut]:
    moved = sum(sign * rolled[key] for key, sign in views.MOVEMENT_SIGN.items())
    ties = [
        TieOut(
            _("期初 + 开账 − 冲减 − 收回 − 核销 ± 转户 − 代扣待分户 = 期末"),
            rolled["opening"] + moved,
            rolled["closing"],
        )
    ]
    if customer is None:
        total = views.balance(session, request.book_id, family, request.end, branch=request.branch)
        ties.append(TieOut(_("期末合计 = {account} 科目余额").format(account=family), rolled["closing"], total))
    else:
        bills = views.receivables(session, request.book_id, request.end, accounts=(family,), customer=customer)
        ties.append(TieOut(_("期末 = 未结账单合计"), rolled["closing"], int(bills["amount"].sum())))
    return ties


DEFINITION = Definition(code="R10", zh="应收账款明细账", en="Receivables ledger", build=build)
