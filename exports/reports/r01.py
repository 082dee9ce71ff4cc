"""R01 收费日综表: the residents' cashier-day, bill by bill, as it is bound with the ledger copies.

Ties: the total is the money of the day; cash is what the drawer took.
"""

from __future__ import annotations

from typing import Any

from exports.report import Column, Report, TieOut, file_stem, grouped, total, under
from exports.reports import drawer, labels
from exports.reports.request import Definition, Request, fund_labels, head
from ledger import registers
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

STREAM = "resident"


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The residents' tenders of a day, of all their drawers or of one (``account`` = cashier)."""
    day = drawer.load(session, book, chart, request, STREAM)
    volumes = dict(
        registers.bills(session, request.book_id, day.parts["document"], request.end)
        .select("document", "volume")
        .iter_rows()
    )
    rows = _rows(book, day, volumes)
    columns = _columns(book)
    totals = {**total(columns, rows), "volume": sum(row["volume"] or 0 for row in rows)}
    who = [] if day.cashier is None else [(_("收费员"), labels.cashiers(book)[day.cashier])]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=[
            TieOut(_("合计 = 当日收款(库存现金、在途、银行)"), totals["total"], day.money),
            drawer.drawer_tie(session, book, request, day, STREAM),
        ],
        signatures=(_("收费员"), _("收费班长(盖章)")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, day.cashier),
        paper=grouped(columns, rows, by="way", label_key="invoice", label=labels.ways(), totals=totals),
        **head(session, book, request, *who, *drawer.numbers(session, request, day)),
    )


def _rows(book: Book, day: drawer.Day, volumes: dict[str, int]) -> list[dict[str, Any]]:
    items = [levy.item for levy in book.levies]
    rows = []
    for part in day.parts.iter_rows(named=True):
        entry = day.heads[part["entry_id"]]
        plus = part["held"] + part["over"] - part["short"] + part["pending"]
        rows.append({
            "invoice": entry["invoice"],
            "bill_month": part["bill_month"] or "",
            "customer": part["customer"] or "",
            "name": day.names.get(part["customer"], ""),
            "volume": volumes.get(part["document"]) if part["settled"] else None,
            "net": part["net"],
            **{item: part[item] for item in items},
            "late": part["late"],
            "held": plus,
            "other": part["other"],
            "total": part["settled"] + part["late"] + plus + part["other"],
            "fund": entry["fund"],
            "way": entry["way"],
        })  # fmt: skip
    order = list(labels.ways())
    return sorted(rows, key=lambda row: (order.index(row["way"]), row["bill_month"], row["invoice"]))


def _columns(book: Book) -> list[Column]:
    return [
        Column("invoice", _("票号")),
        Column("bill_month", _("应收月份")),
        Column("customer", _("户号")),
        Column("name", _("户名"), personal="name"),
        Column("volume", _("水量"), "integer", blank_zero=True),
        Column("net", _("净水价"), "money", blank_zero=True),
        *under(
            _("代征费用"), [Column(item, name, "money", blank_zero=True) for item, name in labels.levies(book).items()]
        ),
        Column("late", _("违约金"), "money", blank_zero=True),
        Column("held", _("预收"), "money", blank_zero=True),
        Column("other", _("其他收费"), "money", blank_zero=True),
        Column("total", _("合计"), "money"),
        Column("fund", _("款项类别"), labels=fund_labels(book)),
        Column("way", _("收款方式"), labels=labels.ways()),
    ]


DEFINITION = Definition(code="R01", zh="收费日综表", en="Cashier's daily summary, residents", build=build)
