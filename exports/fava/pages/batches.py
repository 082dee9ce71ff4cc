"""批次与凭证: from a batch down to the row of the file that an entry came from, and up to the log that holds it.

::

    batches ─▶ batch: entries, facts ─▶ entry: lines, document, source row, match, proof
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exports.fava.pages import voucher
from exports.fava.pages.page import Choice, Page, Reading
from exports.fava.pages.sheet import pages
from exports.report import Column, Row
from ledger import reading, views
from ledger.documents import KINDS
from ledger.i18n import _

BATCHES = 50
ENTRIES = 100
"""Rows on one page."""


class BatchesAndVouchers(Page):
    """Three pages in one: the list of batches, one batch, one entry."""

    def title(self) -> str:
        return _("批次与凭证")

    def view(self, here: Reading) -> Mapping[str, Any]:
        entry, batch = here.asked.text("entry"), here.asked.text("batch")
        context: dict[str, Any] = {
            "choices": [Choice("entry", _("凭证号、单据号或分录号"), "text", entry or "")],
            "all_batches": here.address(),
            "to_batches": _("全部批次"),
        }
        if entry is not None:
            found = views.entry(here.session, here.room.book_id, entry)
            here.within(here.own if here.own in found.lines["branch"].to_list() else None)
            return {**context, **voucher.view(here, found)}
        here.within(None)  # a batch is of the whole company
        if batch is not None:
            return {**context, **_batch(here, here.asked.number("batch"))}
        return {**context, **_batches(here)}


def kinds() -> dict[str, str]:
    """Kinds of documents as people name them."""
    return {kind.name: kind.title() for kind in KINDS.values()}


def _batches(here: Reading) -> dict[str, Any]:
    before = here.asked.number("before", 0) or None
    session, book_id = here.session, here.room.book_id
    found = reading.batches(session, book_id, before=before, limit=BATCHES + 1)
    rows = [{**row, "recorded_at": here.moment(row["recorded_at"])} for row in found.head(BATCHES).to_dicts()]
    newer = None if before is None else reading.newer(session, book_id, before, BATCHES)
    more = found.height > BATCHES

    def batch(row: Row) -> str:
        return here.address(batch=row["batch_id"])

    return {
        "batches": here.sheet(_batch_columns(), rows, {"batch_id": batch}),
        "newer": None if newer is None else here.address(before=newer),
        "older": here.address(before=rows[-1]["batch_id"]) if more else None,
        "to_newer": _("较新的"),
        "to_older": _("较早的"),
    }


def _batch_columns() -> list[Column]:
    return [
        Column("batch_id", _("批次")),
        Column("today", _("营业日"), "date"),
        Column("kind", _("种类"), labels=kinds()),
        Column("entries", _("凭证"), "integer"),
        Column("facts", _("资料"), "integer"),
        Column("debit", _("借方合计"), "money"),
        Column("credit", _("贷方合计"), "money"),
        Column("source_name", _("来源文件")),
        Column("operator", _("操作员")),
        Column("recorded_at", _("录入时间")),
    ]


def _batch(here: Reading, number: int) -> dict[str, Any]:
    session, book_id = here.session, here.room.book_id
    of = reading.batch(session, book_id, number)
    here.here["batch"] = number
    page, row = here.asked.number("page"), here.asked.number("row")
    return {
        "heading": _("第 {batch} 批").format(batch=number),
        "facts": _facts_of(here, of),
        "entries": _entries(here, of, page) if of["entries"] else None,
        "pager": pages(page, of["entries"], here.turned, ENTRIES),
        "records": _records(here, of, row) if of["facts"] else None,
        "record_pager": pages(row, of["facts"], lambda n: here.turned(n, "row"), ENTRIES),
        "records_title": _("资料 {n} 份").format(n=of["facts"]),
        "entries_title": _("凭证 {n} 张,{lines} 行").format(n=of["entries"], lines=of["lines"]),
    }


def _facts_of(here: Reading, of: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = [
        (_("种类"), kinds().get(of["kind"], of["kind"])),
        (_("批次键"), of["batch_key"]),
        (_("营业日"), of["today"]),
        (_("操作员"), of["operator"]),
        (_("录入时间"), here.moment(of["recorded_at"])),
        (_("来源文件"), of["source_name"]),
        ("SHA-256", of["source_sha256"]),
        (_("封签"), f"{of['seal']} · {here.moment(of['sealed_at'])}"),
    ]
    return [(name, str(value)) for name, value in said if value is not None]


def _entries(here: Reading, of: Mapping[str, Any], page: int) -> Any:
    frame = reading.entries(here.session, here.room.book_id, of, (page - 1) * ENTRIES, ENTRIES)
    columns = [
        Column("voucher", _("凭证号")),
        Column("date", _("日期"), "date"),
        Column("kind", _("单据"), labels=kinds()),
        Column("doc_no", _("单号")),
        Column("memo", _("摘要")),
        Column("debit", _("金额"), "money"),
        Column("row", _("来源行"), "text"),
    ]
    rows = frame.with_columns(voucher=views.voucher(), memo=views.summary()).to_dicts()

    def entry(row: Row) -> str:
        return here.address(entry=row["entry_id"])

    return here.sheet(columns, rows, {"voucher": entry})


def _records(here: Reading, of: Mapping[str, Any], page: int) -> Any:
    frame = reading.facts(here.session, here.room.book_id, of, (page - 1) * ENTRIES, ENTRIES)
    columns = [
        Column("fact_id", _("号")),
        Column("kind", _("种类"), labels=kinds()),
        Column("doc_no", _("单号")),
        Column("subject", _("对象")),
        Column("date", _("日期"), "date"),
        Column("row", _("来源行"), "text"),
    ]
    return here.sheet(columns, frame.to_dicts())
