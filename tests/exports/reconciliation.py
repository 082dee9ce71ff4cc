"""The adjustment of 2023-06-30 as the specification prints it (§5), from lines written by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl

from ledger.reconcile.adjustment import Adjustment, adjustment_table
from ledger.reconcile.frames import ITEMS, lines

CUTOFF = dt.date(2023, 6, 30)


def line(ref: str, date: str, amount: int, reference: str | None, text: str, order: int = 0) -> dict[str, object]:
    """One line of either side; fen."""
    return {
        "ref": ref, "date": dt.date.fromisoformat(date), "amount": amount, "reference": reference, "text": text,
        "order": order,
    }  # fmt: skip


def adjustments() -> dict[str, Adjustment]:
    """Both banks: code → adjustment."""
    book = lines(pl.DataFrame([
        line("O1", "2023-03-31", 20000, None, "现金缴款 已函询银行"),
        line("56:1", "2023-06-30", 82000, "ZP-0630", "E4 转账支票820.00,次日入账"),
        line("57:1", "2023-06-30", -90000, "CZ-0630", "上缴 水资源费+附加费 转账支票"),
        line("1:1", "2023-06-29", 297280 - 1020000 + 90000 - 82000, "ALL", "其余各笔"),
    ], infer_schema_length=None))  # fmt: skip
    bank = lines(pl.DataFrame([
        line("1", "2023-06-30", 240000, None, "E2 直接转账付6月水费", 1),
        line("2", "2023-06-30", -3105, None, "代扣退回 R4", 2),
        line("3", "2023-06-30", -1500, None, "账户管理费 手续费", 3),
        line("4", "2023-06-29", 520675 - 1000000 - 240000 + 3105 + 1500, None, "其余各笔", 4),
    ], infer_schema_length=None))  # fmt: skip
    matched = pl.DataFrame(
        [
            {"match_id": 1, "side": "book", "ref": "1:1", "amount": 0},
            {"match_id": 1, "side": "bank", "ref": "4", "amount": 0},
        ],
        schema=ITEMS,
    )
    town = adjustment_table(book, bank, matched, None, CUTOFF, book_opening=1020000, bank_opening=1000000)
    none, free = lines(pl.DataFrame(schema={"ref": pl.String})), pl.DataFrame(schema=ITEMS)
    west = adjustment_table(none, none, free, None, CUTOFF, book_opening=273681, bank_opening=273681)
    return {"1002.01": town, "1002.02": west}
