"""A small sealed journal for the reconciler's tests: bank lines against one other account."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from ledger.book import Book
from ledger.reconcile.frames import LINES
from ledger.storage import Store, now
from ledger.storage.tables import DIMENSIONS
from tests.ledger.reconcile import june

BOOK_ID = 1
BOOK = Book.load()
CUTOVER = date(2023, 5, 31)
OTHER = "9000"


def open_book(store: Store) -> None:
    """The book, its accounts, the opening of §6.1 as far as the banks see it, the customers."""
    with store.writing(BOOK_ID) as session:
        session.insert(
            "book",
            pl.DataFrame(
                {"book_id": [1], "code": ["T"], "name": ["测试"], "cutover": [CUTOVER], "created_at": [now()]}
            ),
        )
        accounts = [*(bank.code for bank in BOOK.banks), OTHER]
        session.insert(
            "account",
            pl.DataFrame({"book_id": 1, "account": accounts, "required": 0, "opened": [CUTOVER] * len(accounts)}),
        )
    opening = [
        (bank, book_balance, CUTOVER, "opening", f"QC-{bank}", "QC", None, None)
        for bank, (book_balance, _bank_balance) in june.OPENING.items()
    ]
    post(store, opening, facts=_facts())


def _facts() -> list[tuple[str, str, dict[str, str]]]:
    items = [
        {"bank": bank, "category": "balance", "item_date": "2023-05-31", "amount": str(amount)}
        for bank, (_book, amount) in june.OPENING.items()
    ]
    items.append(
        {
            "bank": "1002.01",
            "category": "book_in_not_bank",
            "item_date": "2023-03-31",
            "amount": "20000",
            "reference": "JK-0331",
            "reason": "已函询银行",
        }
    )
    customers = [{"customer": code, "name": name} for code, name in _names()]
    return [
        *(("opening_items", f"WD-{n}", item) for n, item in enumerate(items)),
        *(("customers", row["customer"], row) for row in customers),
    ]


def _names() -> list[tuple[str, str]]:
    known = pl.concat([june.read(june.BOOK_ICBC), june.read(june.BOOK_BOC)])
    return known.drop_nulls("customer").select("customer", "party").unique().sort("customer").rows()  # type: ignore[return-value]


def post_month(store: Store, first: date, last: date) -> None:
    """The book lines of june.py dated within a period, one entry per line."""
    for bank, table in (("1002.01", june.BOOK_ICBC), ("1002.02", june.BOOK_BOC)):
        rows = june.read(table).filter(pl.col("date").is_between(first, last), pl.col("kind").is_not_null())
        post(
            store,
            [
                (
                    bank,
                    row["amount"],
                    row["date"],
                    row["kind"],
                    f"{row['numbers']}/{row['order']}",
                    row["text"],
                    row["numbers"],
                    row["customer"],
                )
                for row in rows.select(*LINES).rows(named=True)
            ],
        )


Entry = tuple[str, int, date, str, str, str, str | None, str | None]
"""Bank, signed fen, date, kind, document number, memo, document dimension, customer."""


def post(
    store: Store,
    entries: Iterable[Entry],
    facts: Iterable[tuple[str, str, dict[str, str]]] = (),
    *,
    reverses: int | None = None,
) -> int:
    """Seal a batch; gives its first entry_id. ``reverses`` is the entry the (only) one takes back."""
    entries, facts = list(entries), list(facts)
    with store.writing(BOOK_ID) as session:
        row = session.rows(
            """SELECT coalesce(max(batch_id), 0) + 1, coalesce(max(first_entry + entries - 1), 0) + 1,
                      coalesce(max(first_fact + facts - 1), 0) + 1 FROM batch WHERE book_id = 1"""
        )[0]
        batch, first, fact = (int(cell) for cell in row)
        numbers = dict(session.rows("SELECT period, max(vno) FROM entry WHERE book_id = 1 GROUP BY period"))
        heads: list[dict[str, Any]] = []
        lines: list[dict[str, Any]] = []
        for number, (bank, amount, day, kind, doc_no, memo, document, customer) in enumerate(entries, first):
            period = f"{day:%Y-%m}"
            numbers[period] = numbers.get(period, 0) + 1
            heads.append(_head(number, batch, day, period, numbers[period], kind, doc_no, memo, reverses))
            blank: dict[str, Any] = dict.fromkeys(DIMENSIONS)
            base = {"book_id": 1, "entry_id": number, "date": day, **blank}
            debit, credit = (amount, 0) if amount > 0 or reverses else (0, -amount)
            lines.append({**base, "line": 1, "account": bank, "debit": debit, "credit": credit, "document": document})
            lines.append({**base, "line": 2, "account": OTHER, "debit": credit, "credit": debit, "customer": customer})
        session.insert("batch", _batch(batch, first, fact, heads, lines, len(facts)))
        session.insert("entry", pl.DataFrame(heads, infer_schema_length=None, schema_overrides=_NULLS))
        session.insert(
            "posting",
            pl.DataFrame(lines, infer_schema_length=None, schema_overrides=dict.fromkeys(DIMENSIONS, pl.String)),
        )
        if facts:
            session.insert("fact", _fact_rows(facts, fact, batch))
        session.seal(BOOK_ID, batch)
    return first


_NULLS = {"reverses": pl.Int64(), "caused_by": pl.Int64(), "memo": pl.String()}


def _head(
    number: int, batch: int, day: date, period: str, vno: int, kind: str, doc_no: str, memo: str, reverses: int | None
) -> dict[str, Any]:
    return {
        "book_id": 1,
        "entry_id": number,
        "batch_id": batch,
        "date": day,
        "period": period,
        "vtype": "记",
        "vno": vno,
        "kind": kind,
        "event": "E01" if kind == "opening" else "E00",
        "doc_no": doc_no,
        "memo": memo,
        "lines": 2,
        "reverses": reverses,
        "caused_by": None,
        "content": "[]",
    }


def _batch(
    batch: int, first: int, fact: int, heads: list[dict[str, Any]], lines: list[dict[str, Any]], facts: int
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "book_id": 1,
                "batch_id": batch,
                "batch_key": f"test:{batch}",
                "kind": "test",
                "first_entry": first,
                "entries": len(heads),
                "lines": len(lines),
                "first_fact": fact,
                "facts": facts,
                "debit": sum(line["debit"] for line in lines),
                "credit": sum(line["credit"] for line in lines),
                "operator": "test",
                "today": date(2023, 8, 1),
                "recorded_at": now(),
            }
        ]
    )


def _fact_rows(facts: list[tuple[str, str, dict[str, str]]], first: int, batch: int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "book_id": 1,
                "fact_id": first + number,
                "batch_id": batch,
                "kind": kind,
                "doc_no": doc_no,
                "subject": row.get("bank") or row.get("customer"),
                "date": CUTOVER,
                "content": json.dumps(row, ensure_ascii=False),
            }
            for number, (kind, doc_no, row) in enumerate(facts)
        ]
    )
