"""The reconciler's first lines: the open items and bank balances of the opening (E01).

The books began while some money was under way. ``opening_items`` (domain.md §10)
lists it per bank account, with the balance the bank itself stated; without it
book and bank could never meet.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from ledger.reconcile.frames import lines
from ledger.storage import bank as sql
from ledger.storage.engine import Session

_SIGNS = {"book_in_not_bank": 1, "book_out_not_bank": -1, "bank_in_not_book": 1, "bank_out_not_book": -1}


def _rows(session: Session, book_id: int, bank: str, known_at: str | None) -> list[dict[str, Any]]:
    """The opening items of an account as dicts, with ``fact_id``."""
    found: list[dict[str, Any]] = []
    for fact_id, doc_no, fact_date, content in sql.facts(session, book_id, "opening_items", known_at).rows():
        row = json.loads(content)
        found.extend(
            {**one, "fact_id": fact_id, "doc_no": doc_no, "fact_date": fact_date}
            for one in (row if isinstance(row, list) else [row])
            if one.get("bank") == bank
        )
    return found


def bank_opening(session: Session, book_id: int, bank: str, known_at: str | None = None) -> int | None:
    """The balance the bank stated at the opening, fen; None where none was given."""
    stated = [int(row["amount"]) for row in _rows(session, book_id, bank, known_at) if row["category"] == "balance"]
    return sum(stated) if stated else None


def opening_lines(
    session: Session, book_id: int, bank: str, known_at: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Open items at the opening as ``(book lines, bank lines)`` of ``frames.LINES``."""
    sides: dict[str, list[dict[str, object]]] = {"book": [], "bank": []}
    for row in _rows(session, book_id, bank, known_at):
        sign = _SIGNS.get(row["category"])
        if sign is None:
            continue
        sides[row["category"].split("_")[0]].append(
            {
                "ref": f"O{row['fact_id']}",
                "date": date.fromisoformat(row["item_date"]),
                "amount": sign * int(row["amount"]),
                "reference": row.get("reference"),
                "numbers": row.get("reference"),
                "text": row.get("memo") or row.get("reason"),
                "reason": row.get("reason"),
                "order": row["fact_id"],
            }
        )
    return lines(sides["book"]), lines(sides["bank"])
