"""R16 售水报表: the sales of each branch by usage class and tier, priced again from the volumes.

Without TM cards and back charges, which R17 lists. Ties: tier volumes × price = what the ledger
has for the branch (Cr 6001 + VAT + 2241.01).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from exports.report import Column, Period, Report, TieOut, file_stem, grouped, total
from exports.reports import labels, sales
from exports.reports.request import Definition, Request, head
from ledger import registers
from ledger.accounts import Chart
from ledger.book import Book, Tariff
from ledger.i18n import _
from ledger.money import format_fen, round_half_up
from ledger.storage.engine import Session
from ledger.tariff import UNITS_PER_FEN

STREAMS = ("resident", "entity")
_Key = tuple[str, str, int, int]
"""Branch, usage class, tier, price."""


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Sales of the month up to day 25: of every branch, or the one asked."""
    period = sales.sales_month(request.end)
    table = sales.load(session, book, chart, request.book_id, period)
    table = table.filter(pl.col("category").is_in(STREAMS))
    if request.branch is not None:
        table = table.filter(pl.col("branch") == request.branch)
    rows = tier_rows(table, book)
    columns = _columns(book, table)
    totals = {
        **total(columns, rows),
        "volume": sum(row["volume"] for row in rows),
        "households": table["customer"].n_unique(),
    }
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=_ties(rows, table, book),
        notes=_notes(session, request, period, table),
        signatures=(_("制票班长"), _("抄收管理处")),
        file_stem=file_stem(period, DEFINITION.zh, request.branch and book.branch(request.branch).name),
        paper=grouped(columns, rows, by="branch", label_key="branch", label=labels.branches(book), totals=totals),
        **head(session, book, request),
    )


def tier_rows(table: pl.DataFrame, book: Book) -> list[dict[str, Any]]:
    """Per branch, class, tier and price: households, volume, net, levies, sum."""
    cells: dict[_Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    households: dict[_Key, set[str]] = defaultdict(set)
    items = [levy.item for levy in book.levies]
    for sale in table.iter_rows(named=True):
        if sale["usage_class"] is None:
            continue
        tariff = book.tariff(sale["usage_class"], sale["charged_on"])
        for number, price, amounts in _split(sale, tariff, items):
            key = (sale["branch"] or "", sale["usage_class"], number, price)
            for name, value in amounts.items():
                cells[key][name] += value
            if not sale["red"] and sale["reverses"] is None:
                households[key].add(sale["customer"])
    order = {row.code: number for number, row in enumerate(book.usage_classes)}
    return [
        {
            "branch": key[0], "usage_class": key[1], "tier": key[2], "price": f"{key[3] / 10_000:.2f}" if key[3] % 100 == 0 else f"{key[3] / 10_000:.4f}",
            "households": len(households[key]), **cells[key],
            "gross": sum(cells[key].get(name, 0) for name in ("net", *items, "tax_line", "penalty")),
        }
        for key in sorted(cells, key=lambda key: (key[0], order.get(key[1], 99), key[2], key[3]))
    ]  # fmt: skip


def _split(sale: dict[str, Any], tariff: Tariff, items: list[str]) -> list[tuple[int, int, dict[str, int]]]:
    """A sale by tier; what rounding leaves goes to the first tier, where every sale has a part."""
    if sale["red"]:
        sign = -1 if sale["reverses"] is None else 1
        top = sale["billed"] if sale["billed"] is not None else sale["size"]
        parts = _tiers(tariff, top - sale["size"], top)
    else:
        sign = 1 if sale["reverses"] is None else -1
        parts = _tiers(tariff, 0, sale["size"])
    out = []
    rest = {name: sale[name] for name in ("net", *items, "tax_line", "penalty")}
    levied = sale["tax_line"] == 0
    for number, price, volume in parts:
        amounts = {"volume": sign * volume, "net": sign * round_half_up(volume * price, UNITS_PER_FEN)}
        for item in items:
            rate = tariff.levy_rate(item) if levied or item != "water_resource" else 0
            amounts[item] = sign * round_half_up(volume * rate, UNITS_PER_FEN)
        for name, value in amounts.items():
            if name != "volume":
                rest[name] -= value
        out.append((number, price, amounts))
    # a fen of rounding, the untaxed line and a penalty have no tier of their own
    for name, value in rest.items():
        if (value and abs(value) <= len(parts)) or name in ("tax_line", "penalty"):
            out[0][2][name] = out[0][2].get(name, 0) + value
    return out


def _tiers(tariff: Tariff, low: int, high: int) -> list[tuple[int, int, int]]:
    """Number, price and volume of the tiers that the volume from ``low`` to ``high`` lies in; at least one."""
    out, start = [], 0
    for number, tier in enumerate(tariff.tiers, 1):
        edge = high if tier.up_to is None else min(tier.up_to, high)
        if (volume := edge - max(start, low)) > 0:
            out.append((number, tier.price, volume))
        start = edge if tier.up_to is None else tier.up_to
    return out or [(1, tariff.tiers[0].price, 0)]


def _ties(rows: list[dict[str, Any]], table: pl.DataFrame, book: Book) -> list[TieOut]:
    names = labels.branches(book)
    found = []
    for branch in sorted({row["branch"] for row in rows}):
        own = table.filter(pl.col("branch") == branch)
        found.append(
            TieOut(
                _("{branch} 分档合计 = 收入 + 税 + 代征(账)").format(branch=names.get(branch, branch)),
                sum(row["gross"] for row in rows if row["branch"] == branch),
                int(own["gross"].sum()),
            )
        )
    volume = sum(row["volume"] for row in rows) * 100
    return [*found, TieOut(_("分档水量合计 = 单据水量合计(m³)"), volume, int(table["volume"].sum()) * 100)]


def _notes(session: Session, request: Request, period: Period, table: pl.DataFrame) -> list[str]:
    """How many were estimated, held or missed, and what reductions are in the sums."""
    estimated = table.filter((pl.col("read_code") == "estimated") & pl.col("reverses").is_null())["customer"].n_unique()
    readings = registers.facts(session, request.book_id, "reading", period.end)
    readings = readings.filter(pl.col("date") >= period.start)
    if request.branch is not None and not readings.is_empty():
        known = registers.customers(session, request.book_id, readings["customer"], period.end)
        here = known.filter(pl.col("branch") == request.branch)["customer"]
        readings = readings.filter(pl.col("customer").is_in(here.implode()))
    codes = readings["read_code"].to_list()
    red = table.filter(pl.col("red"))
    notes = [
        _("其中:估水 {estimated} 户,超收 {hold} 户,未抄 {missed} 户").format(
            estimated=estimated, hold=codes.count("hold"), missed=codes.count("missed")
        )
    ]
    if not red.is_empty():
        notes.append(
            _("已减本月冲减 {volume} m³、{amount} 元").format(
                volume=-int(red["volume"].sum()), amount=format_fen(-int(red["gross"].sum()))
            )
        )
    return notes


def _columns(book: Book, table: pl.DataFrame) -> list[Column]:
    return [
        Column("branch", _("所"), labels=labels.branches(book)),
        Column("usage_class", _("用水性质"), labels=labels.usage_classes(book)),
        Column("tier", _("阶梯"), "integer"),
        Column("households", _("户数"), "integer"),
        Column("volume", _("水量"), "integer"),
        Column("price", _("单价")),
        Column("net", _("净水价"), "money"),
        *sales.amount_columns(book, table),
        Column("gross", _("合计"), "money"),
    ]


DEFINITION = Definition(code="R16", zh="售水报表", en="Water sales by branch", build=build)
