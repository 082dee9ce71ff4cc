"""R04 日收费记录表: the collections of one day, one row per drawer and one for what came through the bank.

Ties: as R05; and what was settled, held and sold with it: R01 + R02 + the other documents.
"""

from __future__ import annotations

import polars as pl

from exports.report import Column, Report, TieOut, file_stem, total
from exports.reports import labels, r05
from exports.reports.request import Definition, Request, head
from ledger import registers
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """Collections of the day."""
    period, day = request.cutoff, request.end
    lines = registers.receipts(session, request.book_id, day, day, book=book, chart=chart)
    rows = [{**row, "cashier": row["cashier"] or "bank"} for row in r05.table(lines, ["date", "cashier"], book)]
    columns = [
        Column("date", _("日期"), "date"),
        Column("cashier", _("收费员"), labels=labels.cashiers(book)),
        *r05.fund_columns(book),
    ]
    totals = total(columns, rows)
    ties = r05.ties(session, book, chart, request, period, lines, totals)
    tenders = lines.filter(pl.col("section") == "tender")
    made = registers.settlements(session, request.book_id, tenders["entry_id"].unique(), book=book, chart=chart)
    sums = {part: int(made[part].sum()) for part in registers.PARTS}
    parts = sum(sums.values()) - 2 * sums["short"]
    ties.append(TieOut(_("合计 = 核减 + 违约金 + 预收 + 多转 − 少转 + 代扣待分户 + 其他收费"), totals["total"], parts))
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        notes=[r05.bridge(lines)],
        signatures=(_("收费员"), _("收费班长"), _("总公司财务部")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request),
    )


DEFINITION = Definition(code="R04", zh="日收费记录表", en="Daily collection record", build=build)
