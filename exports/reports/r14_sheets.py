"""Further sheets of R14: what became of the last issued table's items, and why balances differ."""

from __future__ import annotations

import polars as pl

from exports.report import Column, Style, Table, TieOut
from exports.reports.request import Request
from ledger.book import Bank, Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.reconcile.adjustment import Adjustment, category_text
from ledger.reconcile.chain import Chain
from ledger.reconcile.difference import analyse, cause_text
from ledger.reconcile.elsewhere import open_elsewhere
from ledger.reconcile.explain import stage_text
from ledger.reconcile.loaded import load
from ledger.storage.engine import Session


def chain_ties(chain: Chain) -> list[TieOut]:
    """The last issued table still stands: its balances and its items come out again."""
    return [
        TieOut(_("上期签发企业余额 = 同日账面余额"), *chain.book),
        TieOut(_("上期签发银行余额 = 同日对账单余额"), *chain.bank),
        TieOut(_("上期签发未达账项与当时账簿相符"), chain.differs, 0, count=True),
    ]


def chain_note(chain: Chain) -> str:
    """How many items of the last table are cleared."""
    counts = dict(chain.items.group_by("state").len().rows())
    return _("上期 {number} 未达 {n} 笔:已达 {cleared} 笔,仍未达 {open} 笔").format(
        number=chain.last.number, n=chain.items.height, cleared=counts.get("cleared", 0), open=counts.get("open", 0)
    )


def chain_table(chain: Chain) -> Table:
    """Each item of the last issued table: cleared when and by what, or still open."""
    rows, styles = [], list[Style]()
    for item in chain.items.iter_rows(named=True):
        by = " ".join(
            part
            for part in (
                item["stage"] and stage_text(item["stage"]),
                item["by"],
                item["match_id"] and _("第 {n} 号").format(n=item["match_id"]),
                item["operator"],
            )
            if part
        )
        rows.append({**item, "category": category_text(item["category"]), "by": by})
        styles.append("alert" if item["state"] != "cleared" else "")
    states = {"cleared": _("已达"), "open": _("仍未达"), "void": _("原行已取消")}
    return Table(
        [
            Column("category", _("类别")),
            Column("date", _("日期"), "date"),
            Column("reference", _("单号")),
            Column("memo", _("摘要")),
            Column("amount", _("金额"), "money"),
            Column("state", _("状态"), labels=states),
            Column("cleared_on", _("达账日期"), "date"),
            Column("by", _("达账依据")),
        ],
        rows,
        styles=styles,
    )


def findings(session: Session, book: Book, bank: Bank, done: Adjustment, request: Request) -> pl.DataFrame:
    """What may explain the difference of a table (``difference.FINDINGS``)."""
    return analyse(
        load(session, request.book_id, bank, request.end, known_at=request.known_at),
        done.difference,
        done.items.select(pl.col("category").str.slice(0, 4).alias("side"), "ref"),
        open_elsewhere(session, request.book_id, book, bank, request.end, request.known_at),
    )


def findings_note(found: pl.DataFrame) -> str:
    """The likeliest causes in a sentence."""
    if found.is_empty():
        return _("差额原因:未找到线索,请核对期初余额和对账单")
    named = [
        f"{cause_text(row['cause'])} {row['ref'] or ''} {format_fen(row['difference'])}".replace("  ", " ")
        for row in found.head(3).iter_rows(named=True)
    ]
    return _("差额原因(线索):{causes}").format(causes=";".join(named))


def findings_table(found: pl.DataFrame) -> Table:
    """The candidates, one a row."""
    return Table(
        [
            Column("cause", _("线索")),
            Column("side", _("方面"), labels={"book": _("企业"), "bank": _("银行")}),
            Column("ref", _("行号")),
            Column("other", _("另一行")),
            Column("date", _("日期"), "date"),
            Column("amount", _("金额"), "money"),
            Column("difference", _("可解释差额"), "money"),
        ],
        [{**row, "cause": cause_text(row["cause"])} for row in found.iter_rows(named=True)],
    )
