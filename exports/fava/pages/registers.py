"""Pages that are one register: 收费日报 (R04, R05), 资金构成 (R24), 欠费账龄 (R26b), 代征费用 (R13)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from exports.fava.pages.chart import stacked
from exports.fava.pages.page import Choice, Page, Reading
from exports.report import Row
from exports.reports import r05, r26
from exports.reports.request import fund_labels
from ledger.i18n import _


class DailyCollections(Page):
    """收费日报: the day by drawer (R04), under it the month by day (R05) with its chart."""

    def title(self) -> str:
        return _("收费日报")

    def view(self, here: Reading) -> Mapping[str, Any]:
        here.within(None)
        day = here.asked.day() or self._day(here)
        here.here["day"] = day.isoformat()
        month = f"{day.isoformat()[:7]}"
        of_month = here.report("R05", month=month)
        book = here.room.book
        shown = fund_labels(book)
        parts = {fund: shown.get(fund, fund) for fund in r05.categories(book)}
        columns = [(f"{row['date']:%m-%d}", {fund: row[fund] for fund in parts}) for row in of_month.rows]

        def of_day(row: Row) -> str:
            return here.address(day=row["date"].isoformat())

        return {
            "choices": [Choice("day", _("日期"), "date", day.isoformat())],
            "form": here.form(here.report("R04", date=day)),
            "month": here.form(of_month, {"date": of_day}, name="row"),
            "chart": stacked(_("{month} 每日收费(按类别)").format(month=month), columns, parts) if columns else None,
        }

    @staticmethod
    def _day(here: Reading) -> dt.date:
        """The last day that money came in: of the month in Fava's time box, else of the journal."""
        month = here.asked.month()
        if month is None:
            return here.last()
        rows = here.report("R05", month=month).rows
        return rows[-1]["date"] if rows else dt.date.fromisoformat(f"{month}-01")


class FundPositions(Page):
    """资金构成: what of the money belongs to which fund, of all banks or one."""

    def title(self) -> str:
        return _("资金构成")

    def view(self, here: Reading) -> Mapping[str, Any]:
        bank, month = here.any_bank(), here.month()
        return {
            "choices": [here.choose_bank(bank, all_of_them=True), here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(here.report("R24", account=bank, month=month)),
        }


class ReceivablesAgeing(Page):
    """欠费账龄: what each customer owes by age, and all of them in one chart."""

    def title(self) -> str:
        return _("欠费账龄")

    def view(self, here: Reading) -> Mapping[str, Any]:
        branch, month = here.branch(), here.month()
        report = here.report("R26b", branch=branch, month=month)
        ages = r26.bucket_labels()
        sums = [(name, {"owed": report.totals[key]}) for key, name in ages.items()]

        def customer(row: Row) -> str | None:
            return here.address("CustomerLedger", customer=row["customer"], month=month) if row.get("stream") else None

        return {
            "choices": [here.choose_branch(branch), here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(report, {"customer": customer}),
            "chart": stacked(_("欠费按账龄"), sums, {"owed": _("欠费合计")}),
        }


class LevyRemittance(Page):
    """代征费用: what was collected for others, what went on to them, what is still due."""

    def title(self) -> str:
        return _("代征费用")

    def view(self, here: Reading) -> Mapping[str, Any]:
        here.within(None)
        month = here.month()
        return {
            "choices": [here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(here.report("R13", month=month)),
        }
