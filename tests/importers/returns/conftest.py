"""Two direct-debit customers who owe for June, on both databases; files written by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from importers.returns import Layout, ReturnFile, load_layouts, read_return
from tests.ledger.postings.conftest import Desk, desk

__all__ = ["desk"]

MASTER = {
    "stream": "resident",
    "usage_class": "R",
    "pay_mode": "debit",
    "kind": "normal",
    "branch": "B01",
    "from": "2023-06-01",
}
CHARGE = {"date": "2023-06-05", "bill_month": "2023-06", "usage_class": "R", "read_code": "normal"}
ACCOUNTS = {"R3": "6217000000000000303", "R4": "6217000000000000404"}
NAMES = {"R3": "孙三", "R4": "李四"}


@pytest.fixture
def owing(desk: Desk) -> Desk:
    """R3 owes 34.50, R4 owes 31.05; both have given an account."""
    desk.post(
        "customers", *({**MASTER, "customer": c, "name": NAMES[c], "payer_account": ACCOUNTS[c]} for c in ACCOUNTS)
    )
    desk.post(
        "charge",
        {**CHARGE, "doc_no": "B-R3", "customer": "R3", "volume": 10},
        {**CHARGE, "doc_no": "B-R4", "customer": "R4", "volume": 9},
    )
    return desk


def layout(name: str) -> Layout:
    """A shipped layout."""
    return next(one for one in load_layouts() if one.name == name)


def pipe(batch: str, *rows: str, controls: str | None = None) -> bytes:
    """A return of the pipe layout with every row; its record of the whole follows from the rows."""
    cells = [row.split("|") for row in rows]
    fen = [round(float(cell[3]) * 100) for cell in cells]
    good = [amount for amount, cell in zip(fen, cells, strict=True) if cell[4] == "0"]
    bad = sum(fen) - sum(good)
    head = controls or "|".join(
        [str(len(rows)), yuan(sum(fen)), str(len(good)), yuan(sum(good)), str(len(rows) - len(good)), yuan(bad)]
    )
    return ("\r\n".join([f"{batch}|{head}", *rows]) + "\r\n").encode("gb18030")


def yuan(fen: int) -> str:
    """32.50 of 3250."""
    return f"{fen // 100}.{fen % 100:02d}"


def row(serial: str, customer: str, amount: str, code: str = "0", text: str = "成功") -> str:
    """A row of the pipe layout about one of the two."""
    return "|".join([serial, ACCOUNTS[customer], NAMES[customer], amount, code, text])


def lines_of(content: bytes, encoding: str = "gb18030") -> Sequence[str]:
    """Lines of a written file."""
    return content.decode(encoding).splitlines()


def read(content: bytes, name: str = "回盘.txt") -> ReturnFile:
    """Read bytes under a name."""
    return read_return(content, name=name)
