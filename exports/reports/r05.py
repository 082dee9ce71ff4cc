"""R05 月收费记录表: what was collected, one row per day, one column per fund category.

Ties: with interest, cash over and fees it is what R24 says came in; every fund by itself.
A late charge belongs to the fund of its tender, red receipts are negative (domain §9.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from exports.report import PAPER, Column, Diagram, Period, Report, TieOut, file_stem, total, under
from exports.reports.request import Definition, Request, deposit_banks, fund_labels, head
from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.storage.engine import Session

MODES = {
    "cash": ("cash",),
    "transfer": ("transfer", "slip", "cheque", "collection", "debit"),
    "scan": ("scan",),
}


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Collections of the month to date."""
    period = request.month
    lines = registers.receipts(session, request.book_id, period.start, period.end, book=book, chart=chart)
    rows = table(lines, ["date"], book)
    columns = [Column("date", _("日期"), "date"), *fund_columns(book)]
    totals = total(columns, rows)
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties(session, book, chart, request, period, lines, totals),
        notes=[bridge(lines)],
        signatures=(_("收费员"), _("收费班长"), _("总公司财务部")),
        file_stem=file_stem(period, DEFINITION.zh),
        charts=[_chart(rows, period, book)],
        **head(session, book, request),
    )


def _chart(rows: list[dict[str, Any]], period: Period, book: Book) -> Diagram:
    """Day by day, the categories that moved on each other."""
    shown = fund_labels(book)
    days = [row for row in rows if row["date"] is not None]
    series = [(shown.get(fund, fund), [row[fund] for row in days]) for fund in categories(book)]
    moved = [(name, values) for name, values in series if any(values)]
    title = _("{month} 每日收费(按类别)").format(month=f"{period.start:%Y-%m}")
    return Diagram(title, [f"{row['date']:%m-%d}" for row in days], moved)


def categories(book: Book) -> list[str]:
    """The fund categories that customers pay into."""
    return [fund.zh for fund in book.funds if fund.kind == "transfer" and fund.zh != registers.INTEREST_FUND]


def fund_columns(book: Book) -> list[Column]:
    """One column per category, the sum, the three ways, the deposit slips."""
    shown = fund_labels(book)
    ways = {"cash": _("现金"), "transfer": _("转账"), "scan": _("扫码")}
    return [
        *under(
            _("款项类别"),
            [Column(fund, shown.get(fund, fund), "money", blank_zero=True) for fund in categories(book)],
        ),
        Column("total", _("合计"), "money"),
        *under(_("其中"), [Column(key, title, "money", blank_zero=True) for key, title in ways.items()]),
        Column("slips", _("缴款单号"), media=PAPER | {"csv", "json"}),
    ]


def table(lines: pl.DataFrame, keys: Sequence[str], book: Book) -> list[dict[str, Any]]:
    """Tenders per ``keys`` by category and way, with the numbers of the deposit slips."""
    tenders = lines.filter(pl.col("section") == "tender")
    funds = categories(book)
    amount, fund, way = pl.col("amount"), pl.col("fund"), pl.col("way")
    sums = tenders.group_by(keys).agg(
        *(amount.filter(fund == name).sum().alias(name) for name in funds),
        total=amount.sum(),
        **{mode: amount.filter(way.is_in(list(of))).sum() for mode, of in MODES.items()},
    )
    trips = lines.filter((pl.col("kind") == "cash_deposit") & pl.col("account").str.starts_with("1001."))
    slips = trips.group_by(keys).agg(slips=pl.col("document").drop_nulls().unique(maintain_order=True).str.join(","))
    both = sums.join(slips, on=keys, how="full", coalesce=True, nulls_equal=True)
    filled = both.with_columns(pl.col("slips").fill_null(""), pl.col(*funds, "total", *MODES).fill_null(0))
    return filled.sort(keys, nulls_last=True).to_dicts()


def others(lines: pl.DataFrame) -> dict[str, int]:
    """What came in and was no tender: interest, over and short, fees, bank charges, not identified."""
    keys = ("interest", "difference", "fee", "bank_charge", "suspense")
    return {key: int(lines.filter(pl.col("section") == key)["amount"].sum()) for key in keys}


def bridge(lines: pl.DataFrame) -> str:
    """The way from the collections to R24 in one sentence."""
    words = {
        "interest": _("利息"), "difference": _("长短款"), "fee": _("手续费"), "bank_charge": _("银行误扣"),
        "suspense": _("待查"),
    }  # fmt: skip
    collected = int(lines.filter(pl.col("section") == "tender")["amount"].sum())
    found = {key: fen for key, fen in others(lines).items() if fen}
    steps = [f"{'+' if fen > 0 else '−'} {words[key]} {format_fen(abs(fen))}" for key, fen in found.items()]
    whole = format_fen(collected + sum(found.values()))
    return " ".join([_("收费合计"), format_fen(collected), *steps, "=", _("资金构成表收款"), whole])


def ties(
    session: Session,
    book: Book,
    chart: Chart,
    request: Request,
    period: Period,
    lines: pl.DataFrame,
    totals: dict[str, Any],
) -> list[TieOut]:
    """Collections against R24, in total and per category, and against the drawers."""
    funds = views.fund_positions(
        session, request.book_id, period.start, period.end, deposit_banks=deposit_banks(book),
        transit=chart.role("ho_transit"),
    )  # fmt: skip
    received = int(funds.filter(~pl.col("fund").is_in(["代征", "零钞"]))["receipts"].sum())
    extra = others(lines)
    found = [
        TieOut(_("各类别合计 + 利息 ± 长短款 − 手续费等 = 资金构成表 收款"), totals["total"] + sum(extra.values()), received),
        TieOut(_("各类别之和 = 现金 + 转账 + 扫码"), sum(totals[fund] for fund in categories(book)),
               totals["cash"] + totals["transfer"] + totals["scan"]),
    ]  # fmt: skip
    rest = lines.filter(pl.col("section").is_in(list(extra)))
    for fund in categories(book):
        own = int(funds.filter(pl.col("fund") == fund)["receipts"].sum())
        beside = int(rest.filter(pl.col("fund") == fund)["amount"].sum())
        if totals[fund] or own or beside:
            name = _("{fund} = 资金构成表 收款(不含利息、长短款、手续费)").format(
                fund=fund_labels(book).get(fund, fund)
            )
            found.append(TieOut(name, totals[fund], own - beside))
    return [*found, drawers(session, request, period, lines, totals)]


def drawers(session: Session, request: Request, period: Period, lines: pl.DataFrame, totals: dict[str, Any]) -> TieOut:
    """Cash: what lay in the drawers before and came in was banked, or still lies there (floats apart)."""
    held = views.turnover(
        session, request.book_id, period.start, period.end, keys=("account", "fund"), accounts=("1001",)
    ).filter(pl.col("fund").fill_null("") != "零钞")
    cash = lines.filter(pl.col("account").str.starts_with("1001.") & (pl.col("fund").fill_null("") != "零钞"))
    difference = int(cash.filter(pl.col("section") == "difference")["amount"].sum())
    banked = -int(cash.filter(pl.col("kind") == "cash_deposit")["amount"].sum())
    return TieOut(
        _("期初未缴 + 现金 ± 长短款 = 现金缴款单 + 期末未缴"),
        int(held["opening"].sum()) + totals["cash"] + difference,
        banked + int(held["closing"].sum()),
    )


DEFINITION = Definition(code="R05", zh="月收费记录表", en="Monthly collection record", build=build)
