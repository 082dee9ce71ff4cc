"""What people see for the codes of documents and views: streams, ways of paying, results."""

from __future__ import annotations

import polars as pl

from ledger.book import Book
from ledger.i18n import _, current_language


def streams() -> dict[str, str]:
    """The two streams of customers."""
    return {"resident": _("居民户"), "entity": _("单位户")}


def ways() -> dict[str, str]:
    """How a tender came."""
    return {
        "cash": _("现金"), "scan": _("扫码"), "transfer": _("转账"), "slip": _("临时回单"), "cheque": _("支票"),
        "collection": _("托收"), "debit": _("划扣"),
    }  # fmt: skip


def kinds() -> dict[str, str]:
    """What kind of customer it is."""
    return {"normal": _("正常"), "builder": _("房地产施工单位"), "removed": _("拆表"), "closed": _("销户")}


def channels() -> dict[str, str]:
    """Channels of bank collection."""
    return {"icbc": _("工行"), "boc": _("中行"), "small": _("小额"), "treasury": _("国库")}


def categories() -> dict[str, str]:
    """Categories of sales."""
    return {**streams(), "inspection": _("特勤处(监察补交)"), "tm": _("TM卡应收水费")}


def levies(book: Book) -> dict[str, str]:
    """Levy item → name."""
    chinese = current_language() == "zh_CN"
    return {levy.item: levy.zh if chinese else levy.en for levy in book.levies}


def usage_classes(book: Book) -> dict[str, str]:
    """Usage class → name."""
    chinese = current_language() == "zh_CN"
    return {row.code: row.zh if chinese else row.en for row in book.usage_classes}


def cashiers(book: Book) -> dict[str, str]:
    """Cashier → code and name; no cashier: the bank."""
    return {"bank": _("银行收款"), **{cashier.code: f"{cashier.code} {cashier.name}" for cashier in book.cashiers}}


def branches(book: Book) -> dict[str, str]:
    """Branch → name."""
    chinese = current_language() == "zh_CN"
    return {branch.code: branch.name if chinese else branch.name_en for branch in book.branches}


def banks(book: Book) -> dict[str, str]:
    """Bank account → its short name."""
    return {bank.code: bank.short for bank in book.banks}


def names(known: pl.DataFrame) -> dict[str, str]:
    """Customer → name, from master data."""
    return dict(known.select("customer", "name").iter_rows())
