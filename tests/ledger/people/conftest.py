"""The demo company with its people, on a small opened book (tests/ledger/postings)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from ledger import approvals, operators, passwords
from ledger.approvals import Approved
from ledger.journal import Ledger, Posted, post
from ledger.operators import Operator
from tests.ledger.postings.conftest import CHARGES, Desk, Rows, rows_of
from tests.ledger.postings.conftest import desk as desk
from tests.ledger.postings.conftest import opened as opened

TODAY = dt.date(2023, 7, 5)
PEOPLE = ("T01", "C01", "C02", "L01", "K01", "F01", "P01", "Z01", "D01", "W01", "G01", "J01")


@dataclass
class Office:
    """The people at work: who is named first in every call."""

    ledger: Ledger

    def post(self, who: str, kind: str, *rows: dict[str, Any], today: dt.date = TODAY, **options: Any) -> Posted:
        return self.post_all(who, rows_of(kind, *rows), today=today, **options)

    def post_all(self, who: str, *parts: Rows, today: dt.date = TODAY, **options: Any) -> Posted:
        return post(self.ledger, list(parts), operator=who, today=today, **options)

    def approve(self, who: str, number: str, **options: Any) -> Approved:
        return approvals.approve(self.ledger, number, operator=who, today=TODAY, **options)

    def appoint(self, person: str, by: str = "T01", **options: Any) -> Operator:
        with self.ledger.store.writing(1) as session:
            return operators.appoint(session, 1, self.ledger.book, person, by=by, today=TODAY, **options)

    def set_password(self, person: str, password: str, **options: Any) -> None:
        with self.ledger.store.writing(1) as session:
            passwords.set_password(session, 1, person, password, by="T01", **options)

    def facts(self) -> int:
        """How many facts stand in the journal: nothing refused adds one."""
        with self.ledger.store.reading() as session:
            return int(session.rows("SELECT count(*) FROM fact")[0][0])


@pytest.fixture
def office(opened: Desk) -> Office:
    """Everybody is appointed, the bills of June are charged by the billing clerk."""
    made = Office(opened.ledger)
    for person in PEOPLE:
        made.appoint(person)
    bill = {"date": "2023-06-05", "bill_month": "2023-06", "read_code": "normal"}
    made.post(
        "Z01",
        "charge",
        *({**bill, "doc_no": f"B-{c}", "customer": c, "usage_class": u, "volume": v} for c, u, v in CHARGES),
    )
    return made
