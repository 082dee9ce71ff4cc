"""R24 资金构成表(未转款余额表): what of the money belongs to which fund category.

Ties: Σ closing = cash + bank + in transit; the row 代征 = levies collected, due
(2241.02). Levy moves carry the bank their money lies in, so both hold per bank too.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import PAPER, Column, Report, TieOut, file_stem, total
from exports.reports.request import Definition, Request, deposit_banks, fund_labels, head
from ledger import views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.funds import FLOAT_FUND, LEVY_FUND, bank_of
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Fund positions of the month to date, of all banks or of one."""
    period = request.month
    bank = None if request.account is None else book.bank(request.account)
    frame = views.fund_positions(
        session,
        request.book_id,
        period.start,
        period.end,
        deposit_banks=deposit_banks(book),
        transit=chart.role("ho_transit"),
    )
    if bank is not None:
        frame = frame.filter(pl.col("bank") == bank.code)
    known = [fund.zh for fund in book.funds if bank is None or fund.kind != "float"]
    rows = _rows(frame, known, book)
    columns = _columns(book, split=bank is None)
    totals = total(columns, rows)
    closing = sum(row["closing"] for row in rows)
    levy = sum(row["closing"] for row in rows if row["fund"] == LEVY_FUND)
    money, due = _ledger(session, book, request)
    if bank is None:
        ties = [
            TieOut(_("期末合计 = 库存现金+银行存款+其他货币资金"), closing, sum(money.values())),
            TieOut(_("代征期末 = 代征已收待缴"), levy, sum(due.values())),
            TieOut(_("转入代征合计 = 0"), totals["to_levy"], 0),
        ]
    else:
        ties = [
            TieOut(
                _("期末合计 = {bank} 银行存款+在途+未缴存现金").format(bank=bank.short),
                closing,
                money.get(bank.code, 0),
            ),
            TieOut(_("代征期末 = {bank} 代征已收待缴").format(bank=bank.short), levy, due.get(bank.code, 0)),
        ]
    more = () if bank is None else ((_("银行账户"), f"{bank.short} {bank.code}"),)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        signatures=(_("收费班长"), _("明细账会计")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, bank.short if bank else None),
        **head(session, book, request, *more),
    )


def _columns(book: Book, *, split: bool) -> list[Column]:
    money = {
        "opening": _("期初"), "receipts": _("收款"), "to_levy": _("转入代征"), "paid_out": _("转款/上缴"), "closing": _("期末"),
    }  # fmt: skip
    banks = [
        Column(f"closing_{bank.code}", _("其中 {bank}").format(bank=bank.short), "money", blank_zero=True, media=PAPER)
        for bank in book.banks
    ]
    return [
        Column("fund", _("类别"), labels=fund_labels(book)),
        *(Column(key, title, "money") for key, title in money.items()),
        *(banks if split else []),
    ]


def _rows(frame: pl.DataFrame, known: list[str], book: Book) -> list[dict[str, Any]]:
    keys = ("opening", "receipts", "to_levy", "paid_out", "closing")
    banks = [bank.code for bank in book.banks]
    found: dict[str, dict[str, Any]] = {
        fund: {"fund": fund, **dict.fromkeys(keys, 0), **{f"closing_{bank}": 0 for bank in banks}} for fund in known
    }
    for part in frame.iter_rows(named=True):
        # a line without a fund would be missing in the sum: it gets a row of its own
        fund = part["fund"] or ""
        row = found.setdefault(
            fund, {"fund": fund, **dict.fromkeys(keys, 0), **{f"closing_{bank}": 0 for bank in banks}}
        )
        for key in keys:
            row[key] += part[key]
        if part["bank"] in banks:
            row[f"closing_{part['bank']}"] += part["closing"]
    return list(found.values())


def _ledger(session: Session, book: Book, request: Request) -> tuple[dict[str, int], dict[str, int]]:
    """Per bank ('' for floats) the money accounts and the levies due, straight from their balances."""
    keys = ("account", "bank", "cashier", "fund")
    held = views.turnover(session, request.book_id, request.end, request.end, keys=keys, accounts=views.MONEY)
    due = views.turnover(session, request.book_id, request.end, request.end, keys=keys, accounts=(views.LEVY_DUE,))
    floats = pl.when(pl.col("fund") == FLOAT_FUND).then(None)
    held = held.with_columns(bank=floats.otherwise(bank_of(deposit_banks(book))))
    return _by_bank(held, pl.col("closing")), _by_bank(due, -pl.col("closing"))


def _by_bank(frame: pl.DataFrame, amount: pl.Expr) -> dict[str, int]:
    sums = frame.group_by(pl.col("bank").fill_null("")).agg(amount.sum().alias("amount"))
    return dict(sums.select("bank", "amount").iter_rows())


DEFINITION = Definition(code="R24", zh="资金构成表", en="Fund positions", build=build)
