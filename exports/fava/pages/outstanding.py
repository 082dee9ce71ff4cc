"""The outstanding items of one or all bank accounts as a register: R14's items one by one, with all that is known of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from exports.fava.pages import kept
from exports.fava.pages.page import Reading
from exports.report import Column, Period, Report, TieOut, grouped, total
from exports.reports import labels, r14
from exports.reports.request import Request, head
from ledger import followups, reading
from ledger.i18n import _, current_language
from ledger.reconcile.adjustment import reason_text
from ledger.reconcile.ageing import ageing
from ledger.reconcile.elsewhere import OPEN, open_of
from ledger.reconcile.loaded import load
from ledger.reconcile.review import items_of
from ledger.reconcile.run import month_end

Drawn = tuple[Report, list[dict[str, Any]]]


def draw(here: Reading, bank: str | None, month: str) -> Drawn:
    """The register, and per month end the sums of the age bands (``ageing.AGEING``, of all accounts asked for)."""
    room = here.room
    state = reading.state(here.session, room.book_id)
    key = (room.store.url, room.book_id, state, current_language(), "outstanding", bank, month)
    return kept.keep(key, lambda: _draw(here, bank, month))


def _draw(here: Reading, account: str | None, month: str) -> Drawn:
    session, book, book_id = here.session, here.room.book, here.room.book_id
    end = month_end(month)
    chosen = None if account is None else book.bank(account)
    said = followups.latest(followups.log(session, book_id))
    banks = [chosen] if chosen else book.banks
    loaded = {one: load(session, book_id, one, end) for one in book.banks}
    opened = {one: open_of(one, loaded[one].adjusted(book, end).items) for one in book.banks}
    items = []
    for bank in banks:
        others = pl.concat([pl.DataFrame(schema=OPEN), *(opened[one] for one in book.banks if one != bank)])
        items += items_of(session, book_id, book, end, bank, loaded[bank], said, elsewhere=others)
    rows = [
        {
            **item,
            "reason": reason_text(item["reason"] or ""),
            "patterns": "、".join(item["patterns"]),
            "follow": item["follow_up"].text(),
        }
        for item in items
    ]
    rows.sort(key=lambda row: (row["bank"], -row["age_days"], row["ref"]))
    columns = _columns(book)
    totals = total(columns, rows)
    ties, ages = [], []
    for one in banks:
        own = sum(row["amount"] for row in rows if row["bank"] == one.code)
        form = _items(loaded[one].adjusted(book, end).rows)
        ties.append(TieOut(_("{bank} 未达合计 = 余额调节表各项之和").format(bank=one.short), own, form))
        ages.append(ageing(loaded[one], book, end))
    request = Request(book_id=book_id, end=end, account=account)
    report = Report(
        code="R14",
        title=_("未达账项"),
        period=Period(end, end),
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        paper=grouped(columns, rows, by="bank", label_key="ref", label=labels.banks(book), totals=totals),
        **head(session, book, request),
    )
    return report, pl.concat(ages).group_by("date").sum().sort("date").to_dicts()


def _items(rows: pl.DataFrame) -> int:
    """What the form's lines come to, its balances apart."""
    return int(rows.filter(~pl.col("category").is_in(["balance", "adjusted"]))["amount"].sum())


def _columns(book: Any) -> list[Column]:
    return [
        Column("ref", _("行号")),
        Column("bank", _("银行账户"), labels=labels.banks(book)),
        Column("category", _("类别"), labels=r14.category_labels()),
        Column("date", _("日期"), "date"),
        Column("reference", _("单号")),
        Column("memo", _("摘要")),
        Column("amount", _("金额"), "money"),
        Column("age_days", _("天数"), "integer"),
        Column("band", _("账龄"), labels=r14.band_labels()),
        Column("reason", _("原因")),
        Column("patterns", _("疑点")),
        Column("follow", _("跟进")),
    ]
