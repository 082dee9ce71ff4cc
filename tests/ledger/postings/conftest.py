"""A book to post into, on SQLite and on PostgreSQL, and words to ask it with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from ledger.books import create_book
from ledger.documents import KINDS
from ledger.journal import Ledger, Posted, post
from ledger.money import format_fen, parse_fen
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Store

TODAY = dt.date(2023, 7, 31)


@dataclass
class Rows:
    """Rows of one kind as the importers would deliver them (``ledger.journal.Submission``)."""

    kind: str
    frame: pl.DataFrame
    file: str = "test.csv"
    sha256: str = "0" * 64


def rows_of(kind: str, *rows: dict[str, Any]) -> Rows:
    """Rows written by hand: amounts as yuan text, dates as ISO text."""
    spec = KINDS[kind]
    values: dict[str, list[Any]] = {name: [] for name in spec.schema}
    for number, row in enumerate(rows, start=2):
        unknown = set(row) - set(spec.schema)
        assert not unknown, f"{kind} has no columns {unknown}"
        for name, dtype in spec.schema.items():
            value = row.get(name)
            if value is not None and dtype == pl.Date:
                value = dt.date.fromisoformat(value)
            elif (
                isinstance(value, str)
                and dtype == pl.Int64
                and spec.by_name[name].type in ("money", "money0", "signed")
            ):
                value = parse_fen(value)
            values[name].append(value)
        values["row"][-1] = row.get("row", number)
        values["file"][-1] = "test.csv"
    return Rows(kind, pl.DataFrame(values, schema=spec.schema))


@dataclass
class Desk:
    """A desk with the book on it: post documents, read entries as T-accounts."""

    ledger: Ledger

    def post(self, kind: str, *rows: dict[str, Any], **options: Any) -> Posted:
        return self.post_all(rows_of(kind, *rows), **options)

    def post_all(self, *parts: Rows, today: dt.date = TODAY, **options: Any) -> Posted:
        return post(self.ledger, list(parts), operator="tester", today=today, **options)

    def lines(self, kind: str, doc_no: str) -> pl.DataFrame:
        with self.ledger.store.reading() as session:
            found = sql.entry_by(session, self.ledger.book_id, kind=kind, doc_no=doc_no)
            return sql.JournalSource(session, self.ledger.book_id).lines(found["entry_id"])

    def t_account(self, kind: str, doc_no: str) -> list[str]:
        """``["Dr 1001.C01 120.80", "Cr 1122.01 120.80", …]`` of one entry, in order of its lines."""
        return [
            f"Dr {line['account']} {format_fen(line['debit'])}"
            if line["debit"]
            else f"Cr {line['account']} {format_fen(line['credit'])}"
            for line in self.lines(kind, doc_no).iter_rows(named=True)
        ]

    def dimensions(self, kind: str, doc_no: str, *names: str) -> list[tuple[str | None, ...]]:
        """Account and these dimensions of each line of one entry, in order of its lines."""
        return self.lines(kind, doc_no).select("account", *names).rows()

    def balance(self, account: str, **where: str) -> str:
        """Signed balance now (debit +), e.g. ``balance("2241.02.01", fund="水费")``."""
        with self.ledger.store.reading() as session:
            frame = sql.JournalSource(session, self.ledger.book_id).daily([account], dt.date(9999, 12, 31))
        for name, value in where.items():
            frame = frame.filter(pl.col(name) == value)
        return format_fen(int(frame["amount"].sum()))


CUSTOMERS = (
    ("R1", "resident", "R", "counter", "normal", "B01"),
    ("R2", "resident", "R", "counter", "normal", "B01"),
    ("R3", "resident", "R", "debit", "normal", "B01"),
    ("R4", "resident", "R", "debit", "normal", "B01"),
    ("R5", "resident", "R", "tm", "normal", "B01"),
    ("R6", "resident", "R", "counter", "removed", "B01"),
    ("R7", "resident", "R", "counter", "normal", "B01"),
    ("R8", "resident", "R", "counter", "closed", "B01"),
    ("E1", "entity", "N", "collection", "normal", "B01"),
    ("E2", "entity", "N", "collection", "normal", "B01"),
    ("E3", "entity", "N", "counter", "normal", "B02"),
    ("E4", "entity", "S", "counter", "normal", "B01"),
    ("E5", "entity", "N", "counter", "normal", "B02"),
    ("E6", "entity", "N", "counter", "normal", "B02"),
    ("B1", "entity", "N", "counter", "builder", "B01"),
)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A fresh book with the fifteen customers of domain §6, nothing posted."""
    desk = Desk(create_book(store, operator="tester"))
    desk.post(
        "customers",
        *(
            {"customer": c, "name": f"户{c}", "stream": s, "usage_class": u, "pay_mode": p, "kind": k, "branch": b}
            for c, s, u, p, k, b in CUSTOMERS
        ),
    )
    return desk


@pytest.fixture
def opened(desk: Desk) -> Desk:
    """The same with a small opening: R6 86.25 and R8 17.25 of closed meters, R7's April and May, floats,
    bank 1002.01 10,200.00 and 1002.02 3,000.00, levies due 3,750.00 lying in 1002.01."""
    bill = {"usage_class": "R", "read_code": "normal", "status": "open"}
    desk.post(
        "opening_bills",
        {**bill, "customer": "R7", "bill_no": "B-R7-04", "bill_month": "2023-04", "account": "1122.01", "volume": 12,
         "net": "26.40", "vat": "0.77", "sewage": "11.40", "water_resource": "3.00", "surcharge": "0.60"},
        {**bill, "customer": "R7", "bill_no": "B-R7-05", "bill_month": "2023-05", "account": "1122.01", "volume": 10,
         "net": "22.00", "vat": "0.64", "sewage": "9.50", "water_resource": "2.50", "surcharge": "0.50"},
        {**bill, "customer": "R6", "bill_no": "B-R6-03", "bill_month": "2023-03", "account": "1122.05", "volume": 25,
         "net": "55.00", "vat": "1.60", "sewage": "23.75", "water_resource": "6.25", "surcharge": "1.25"},
        {**bill, "customer": "R8", "bill_no": "B-R8-20", "bill_month": "2020-06", "account": "1122.05", "volume": 5,
         "net": "11.00", "vat": "0.32", "sewage": "4.75", "water_resource": "1.25", "surcharge": "0.25"},
    )  # fmt: skip
    desk.post(
        "opening_items",
        {"bank": "1002.01", "category": "balance", "item_date": "2023-05-31", "amount": "10,000.00"},
        {
            "bank": "1002.01",
            "category": "book_in_not_bank",
            "item_date": "2023-03-31",
            "amount": "200.00",
            "reference": "JK-0331",
        },
        {"bank": "1002.02", "category": "balance", "item_date": "2023-05-31", "amount": "3,000.00"},
    )
    head = {"doc_no": "QC-1", "date": "2023-05-31"}
    levy = {**head, "bank": "1002.01", "fund": "水费"}
    desk.post(
        "opening",
        {**head, "account": "1001.C01", "debit": "500.00"},
        {**head, "account": "1001.C02", "debit": "500.00"},
        {**head, "account": "1002.01", "debit": "10,200.00", "fund": "水费", "document": "QC-1"},
        {**head, "account": "1002.02", "debit": "3,000.00", "fund": "水费", "document": "QC-1"},
        {**head, "account": "1122.01", "debit": "41.40", "customer": "R7", "bill_month": "2023-04"},
        {**head, "account": "1122.01", "debit": "34.50", "customer": "R7", "bill_month": "2023-05"},
        {**head, "account": "1122.05", "debit": "86.25", "customer": "R6", "bill_month": "2023-03"},
        {**head, "account": "1122.05", "debit": "17.25", "customer": "R8", "bill_month": "2020-06"},
        {**head, "account": "1221.01", "debit": "3,000.00", "fund": "水费", "document": "ZK-0531"},
        {**head, "account": "1221.02", "debit": "250,000.00"},
        {**head, "account": "1231", "credit": "500.00"},
        {**head, "account": "2221.02", "credit": "1,234.56"},
        {**head, "account": "2241.01.01", "credit": "49.40"},
        {**head, "account": "2241.01.02", "credit": "13.00"},
        {**head, "account": "2241.01.03", "credit": "2.60"},
        {**levy, "account": "2241.02.01", "credit": "2,850.00"},
        {**levy, "account": "2241.02.02", "credit": "750.00"},
        {**levy, "account": "2241.02.03", "credit": "150.00"},
    )
    return desk


CHARGES = (
    ("R1", "R", 12), ("R2", "R", 28), ("R3", "R", 10), ("R4", "R", 9), ("R7", "R", 11),
    ("E1", "N", 1000), ("E2", "N", 500), ("E3", "N", 290), ("E4", "S", 100), ("E5", "N", 250), ("E6", "N", 20),
)  # fmt: skip


@pytest.fixture
def june(opened: Desk) -> Desk:
    """The same with the bills of June (domain §6.2): B-R1 41.40, B-R2 120.80, B-R3 34.50, B-R4 31.05, B-R7 37.95,
    B-E1 4,800.00, B-E2 2,400.00, B-E3 1,392.00, B-E4 820.00, B-E5 1,200.00, B-E6 96.00."""
    bill = {"date": "2023-06-05", "bill_month": "2023-06", "read_code": "normal"}
    opened.post(
        "charge",
        *({**bill, "doc_no": f"B-{c}", "customer": c, "usage_class": u, "volume": v} for c, u, v in CHARGES),
    )
    return opened


Poster = Callable[..., Posted]
