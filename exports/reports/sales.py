"""What the sales reports R16–R18 share: the sales month (day 26 to 25), sums and checks.

Charges after day 25 belong to next month's sales report (domain §9.2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from exports.report import Column, Period, TieOut, under
from exports.reports import labels
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

CLOSING_DAY = 25


def sales_month(end: dt.date) -> Period:
    """The sales month of a day's calendar month, up to that day, at most to its 25th."""
    first = (end.replace(day=1) - dt.timedelta(days=1)).replace(day=CLOSING_DAY + 1)
    return Period(first, min(end, end.replace(day=CLOSING_DAY)))


def amounts(book: Book) -> list[str]:
    """The money columns of a sale besides VAT and revenue."""
    return ["net", *(levy.item for levy in book.levies), "tax_line", "penalty", "gross"]


def amount_columns(book: Book, table: pl.DataFrame) -> list[Column]:
    """净水价, levies, what else there is, 合计; the tax line and penalties only where there are any."""
    shown = labels.levies(book)
    return [
        *under(_("代征费用"), [Column(item, name, "money") for item, name in shown.items()]),
        *(
            Column(key, title, "money")
            for key, title in (("tax_line", _("不征税自来水")), ("penalty", _("罚款")))
            if int(table[key].abs().sum())
        ),
    ]


def sums(table: pl.DataFrame, keys: Iterable[str]) -> dict[str, int]:
    """Sums of columns of a frame."""
    return {key: int(table[key].sum()) for key in keys}


def ledger_ties(
    session: Session, book: Book, chart: Chart, book_id: int, period: Period, made: dict[str, int]
) -> list[TieOut]:
    """The month's charges straight from the balances of revenue and VAT, and R13's levies billed."""
    moved = views.turnover(
        session, book_id, period.start, period.end, keys=("account", "item"),
        accounts=(chart.role("sales"), chart.role("sales_tax_line"), "2221"),
    )  # fmt: skip
    own = pl.col("account").is_in([chart.role("sales")]) | (
        pl.col("account").str.starts_with("2221.") & (pl.col("item") == book.utility)
    )
    charged = int(moved.filter(own).select((pl.col("credit") - pl.col("debit")).sum()).item())
    line = moved.filter(pl.col("account") == chart.role("sales_tax_line"))
    levied = views.levies(
        session, book_id, period.start, period.end,
        billed={levy.item: chart.levy("billed", levy.item) for levy in book.levies},
        due={levy.item: chart.levy("due", levy.item) for levy in book.levies},
    )  # fmt: skip
    names = labels.levies(book)
    ties = [
        TieOut(_("净水价 = 主营业务收入 + 销项税额"), made["net"], charged),
        *(
            TieOut(_("{levy} = 代征费用表 本期代征").format(levy=names[item]), made[item], billed)
            for item, billed in levied.select("levy", "billed").iter_rows()
        ),
    ]
    if made.get("tax_line") or not line.is_empty():
        untaxed = int(line.select((pl.col("credit") - pl.col("debit")).sum()).item())
        ties.append(TieOut(_("不征税自来水 = 科目贷方"), made.get("tax_line", 0), untaxed))
    return ties


def load(session: Session, book: Book, chart: Chart, book_id: int, period: Period) -> pl.DataFrame:
    """The sales of a period with their volumes."""
    table = registers.sales(session, book_id, period.start, period.end, book=book, chart=chart)
    return registers.volumes(session, book_id, table, period.end)
