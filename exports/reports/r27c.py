"""R27c 采暖费日报: what each cashier took on a day, by what was paid for, against his settlement sheet (收费员结算汇总单).

The form of heat companies (fee categories instead of fund categories); another utility gets the same form under its
own main supply. Tie, per cashier: the categories = the money.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, grouped, total, under
from exports.reports import labels
from exports.reports.request import Definition, Request, head
from ledger import registers
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _, current_language
from ledger.storage.engine import Session

WAYS = {"cash": ("cash",), "scan": ("scan",)}


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The day, of all cashiers or of the one asked for."""
    day = request.end
    every = registers.receipts(session, request.book_id, day, day, book=book, chart=chart)
    money = every.filter(pl.col("section") == "tender").with_columns(pl.col("cashier").fill_null("bank"))
    if request.account is not None:
        money = money.filter(pl.col("cashier") == book.cashier(request.account).code)
    parts = registers.settlements(session, request.book_id, money["entry_id"].unique(), book=book, chart=chart)
    rows = _rows(money, parts, book)
    columns = _columns(book)
    totals = {**total(columns, rows), "count": _documents(money)}
    names = labels.cashiers(book)
    sums = money.group_by("cashier").agg(pl.col("amount").sum()).sort("cashier")
    ties = [
        TieOut(
            _("{cashier} 合计 = 收费员结算汇总单").format(cashier=names.get(cashier, cashier)),
            sum(row["total"] for row in rows if row["cashier"] == cashier),
            amount,
        )
        for cashier, amount in sums.iter_rows()
    ] or [TieOut(_("合计 = 收费员结算汇总单"), totals["total"], 0)]
    notes = (
        [] if book.utility == "heat" else [_("本账套主营{supply},按采暖费日报的格式列示").format(supply=_supply(book))]
    )
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=notes,
        signatures=(_("收费员"), _("营业厅主任"), _("经营管理部")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, request.account),
        paper=grouped(columns, rows, by="cashier", label_key="category", label=names, totals=totals),
        **head(session, book, request),
    )


def _documents(money: pl.DataFrame) -> int:
    """Tenders, one document each; what takes one back counts against it."""
    heads = money.unique("entry_id")
    return len(heads) - 2 * int(heads["reverses"].is_not_null().sum())


def _supply(book: Book) -> str:
    item = next(row for row in book.items if row.code == book.utility)
    return item.zh if current_language() == "zh_CN" else item.en


def _categories(book: Book) -> dict[str, str]:
    """Part of a tender → the fee it is paid for."""
    return {
        "net": _supply(book), **labels.levies(book), "late": _("违约金"), "held": _("预存"), "over": _("多转"),
        "short": _("少转"), "pending": _("代扣待分户"), "other": _("其他收费"),
    }  # fmt: skip


def _rows(money: pl.DataFrame, parts: pl.DataFrame, book: Book) -> list[dict[str, Any]]:
    heads = money.group_by("entry_id").agg(pl.col("cashier", "way", "reverses").first())
    named = _categories(book)
    every = (
        parts.select("entry_id", *named)
        .with_columns(short=-pl.col("short"))
        .unpivot(on=list(named), index="entry_id", variable_name="category", value_name="amount")
        .filter(pl.col("amount") != 0)
        .join(heads, on="entry_id", how="left")
    )
    way = {key: pl.col("amount").filter(pl.col("way").is_in(ways)).sum() for key, ways in WAYS.items()}
    known = [way for ways in WAYS.values() for way in ways]
    table = every.group_by("cashier", "category").agg(
        count=pl.col("entry_id").filter(pl.col("reverses").is_null()).n_unique()
        - pl.col("entry_id").filter(pl.col("reverses").is_not_null()).n_unique(),
        **way,
        transfer=pl.col("amount").filter(~pl.col("way").is_in(known)).sum(),
        total=pl.col("amount").sum(),
    )
    order = list(named)
    rows = [{**row, "count": int(row["count"])} for row in table.iter_rows(named=True)]
    return sorted(rows, key=lambda row: (row["cashier"], order.index(row["category"])))


def _columns(book: Book) -> list[Column]:
    return [
        Column("cashier", _("收费员"), labels=labels.cashiers(book)),
        Column("category", _("费用类别"), labels=_categories(book)),
        Column("count", _("笔数"), "integer"),
        *under(
            _("其中"),
            [
                Column("cash", _("现金"), "money", blank_zero=True),
                Column("scan", _("扫码"), "money", blank_zero=True),
                Column("transfer", _("转账"), "money", blank_zero=True),
            ],
        ),
        Column("total", _("合计"), "money"),
    ]


DEFINITION = Definition(code="R27c", zh="采暖费日报", en="Daily heating fees", build=build)
