"""The bank's pages: 银行存款日记账 (R09), 银行存款余额调节表 (R14), 未达账项 with their ages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exports.fava.pages import outstanding
from exports.fava.pages.chart import stacked
from exports.fava.pages.page import Page, Reading
from exports.report import Row
from exports.reports import r14
from ledger.i18n import _


class BankJournal(Page):
    """银行存款日记账: R09 of one account, one month."""

    def title(self) -> str:
        return _("银行存款日记账")

    def view(self, here: Reading) -> Mapping[str, Any]:
        bank, month = here.bank(), here.month()

        def voucher(row: Row) -> str | None:
            return here.address("BatchesAndVouchers", entry=row["entry_id"]) if row.get("entry_id") else None

        return {
            "choices": [here.choose_bank(bank), here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(here.report("R09", account=bank, month=month), {"voucher": voucher}),
        }


class BankAdjustment(Page):
    """银行存款余额调节表: R14 as it is printed and signed, the form before all else."""

    def title(self) -> str:
        return _("银行存款余额调节表")

    def view(self, here: Reading) -> Mapping[str, Any]:
        bank, month = here.bank(), here.month()
        report = here.report("R14", account=bank, month=month)
        return {
            "choices": [here.choose_bank(bank), here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(report),
            "outstanding": here.address("BankOutstanding", bank=bank, month=month),
            "to_outstanding": _("逐笔未达账项和账龄"),
            "printing": _("打印:浏览器的打印(Ctrl+P),A4 横向,只印表格"),
        }


class BankOutstanding(Page):
    """未达账项: every open item with its age, and how the ages stood at each month end."""

    def title(self) -> str:
        return _("未达账项")

    def view(self, here: Reading) -> Mapping[str, Any]:
        bank, month = here.any_bank(), here.month()
        report, ages = outstanding.draw(here, bank, month)
        bands = r14.band_labels()
        columns = [(f"{row['date']:%Y-%m}", {band: row[f"{band}_amount"] for band in bands}) for row in ages]

        def voucher(row: Row) -> str | None:
            entry = str(row["ref"]).partition(":")
            return here.address("BatchesAndVouchers", entry=entry[0]) if entry[1] else None

        return {
            "choices": [here.choose_bank(bank, all_of_them=True), here.choose_month(month)],
            "around": here.around(month),
            "form": here.form(report, {"ref": voucher}),
            "chart": stacked(_("各月末未达金额(按账龄)"), columns, bands),
        }
