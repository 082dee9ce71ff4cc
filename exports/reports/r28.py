"""R28 会计档案移交清册: the files of the month, from whom to whom, and how long each is kept.

Ties, in pieces: the vouchers listed = the entries of the month; the ledger copies listed = the numbers of R22.
"""

from __future__ import annotations

from typing import Any

from exports import reports
from exports.report import PAPER, Column, Report, TieOut, file_stem
from exports.reports.request import Definition, Request, head
from ledger import archives, series, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.i18n import _
from ledger.storage.engine import Session

LETTERS = {"vouchers": "PZ", "copies": "PJ", "statements": "DZ", "reports": "BB"}
"""The group in a file's number: 凭证, 票据, 对账单, 报表."""


def build(session: Session, book: Book, _chart: Chart, request: Request) -> Report:
    """The files of the month to date."""
    period = request.month
    rows = _rows(archives.files(session, request.book_id, book, period.start, period.end), book, f"{period.end:%Y%m}")
    columns = _columns()
    totals = {"volumes": sum(row["volumes"] for row in rows), "sheets": sum(row["sheets"] or 0 for row in rows)}
    used = series.register(session, request.book_id, book, period.start, period.end)
    ties = [
        TieOut(
            _("记账凭证 = 当月凭证(张)"),
            sum(row["sheets"] for row in rows if row["group"] == "vouchers"),
            views.journal_size(session, request.book_id, period.start, period.end),
            count=True,
        ),
        TieOut(
            _("记账联 = 票据本期使用 + 本期作废(张)"),
            sum(row["sheets"] for row in rows if row["group"] == "copies"),
            sum(int(str(row["used_period"])) + int(str(row["voided_period"])) for row in used),
            count=True,
        ),
    ]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=period,
        columns=columns,
        rows=rows,
        totals=totals,
        tie_outs=ties,
        unit=_("册"),
        notes=[_("保管期限自归档次年起算")],
        signatures=(_("移交人"), _("接收人"), _("监交人")),
        file_stem=file_stem(period, DEFINITION.zh),
        **head(session, book, request),
    )


def groups() -> dict[str, str]:
    """The kinds of files."""
    return {"vouchers": _("凭证"), "copies": _("票据"), "statements": _("对账单"), "reports": _("报表")}


def _rows(found: list[archives.File], book: Book, month: str) -> list[dict[str, Any]]:
    names = {person.id: person.name for person in book.persons}
    counts: dict[str, int] = {}
    rows = []
    for file in found:
        counts[file.group] = counts.get(file.group, 0) + 1
        title = reports.REPORTS[file.title].name() if file.title in reports.REPORTS else file.title
        rows.append({
            "number": f"{month}-{LETTERS[file.group]}-{counts[file.group]:02d}", "group": file.group, "title": title,
            "content": file.content, "volumes": file.volumes, "sheets": file.sheets, "first": file.first, "last": file.last,
            "years": file.years, "until": file.until,
            "giver": "、".join(names.get(who, who) for who in file.giver),
            "taker": "、".join(names.get(who, who) for who in file.taker),
        })  # fmt: skip
    return rows


def _columns() -> list[Column]:
    return [
        Column("number", _("档案号")),
        Column("group", _("类别"), labels=groups()),
        Column("title", _("名称")),
        Column("content", _("内容")),
        Column("volumes", _("册数"), "integer"),
        Column("sheets", _("页数"), "integer"),
        Column("first", _("起日"), "date"),
        Column("last", _("止日"), "date"),
        Column("years", _("保管年限"), "integer"),
        Column("until", _("保管至"), "date"),
        Column("giver", _("移交人")),
        Column("taker", _("接收人")),
        Column("note", _("备注"), media=PAPER),
    ]


DEFINITION = Definition(code="R28", zh="会计档案移交清册", en="Handover of accounting files", build=build)
