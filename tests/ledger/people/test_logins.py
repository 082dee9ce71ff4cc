"""Database logins on PostgreSQL: an operator sees his branch and writes under his own name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from ledger import integrity, operators, views
from ledger.books import open_book
from ledger.errors import LawBroken, Refused
from ledger.journal import post
from ledger.operators import staff
from ledger.storage.engine import Store
from ledger.storage.logins import PREFIX, set_up
from tests.conftest import database_url
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.postings.conftest import rows_of

TRANSFER = {"date": "2023-06-19", "bank": "1002.02", "amount": "1,200.00", "customer": "E5", "bank_ref": "F-1"}


@pytest.fixture
def logins(office: Office, request: pytest.FixtureRequest) -> Iterator[dict[str, Store]]:
    """Stores under the logins of the lead of 城南 (bound to her branch) and of the accountant (bound to none)."""
    if office.ledger.store.dialect != "postgresql":
        with pytest.raises(Refused, match="只用于 PostgreSQL"):
            set_up(office.ledger.store, 1, [])
        pytest.skip("logins are PostgreSQL's")
    office.appoint("L01", branch="城南")
    admin_url = request.getfixturevalue("postgres_url")
    name = str(make_url(office.ledger.store.url).database)
    with pytest.raises(Refused, match="CREATEROLE"):
        set_up(office.ledger.store, 1, [])
    owner = Store(database_url(admin_url, name))
    with office.ledger.store.reading() as session:
        people = staff(session, 1).people.values()
    rows = [(p.id, p.branch, p.active) for p in people if p.id in ("L01", "K01", "C02")]
    made = {login.operator: login for login in set_up(owner, 1, rows)}
    assert all(login.password for login in made.values())
    assert [login.password for login in set_up(owner, 1, rows)] == [None] * 3  # again: nothing new
    owner.dispose()
    stores = {who: Store(database_url(admin_url, name, login.role)) for who, login in made.items()}
    yield stores
    for store in (*stores.values(), office.ledger.store):
        store.dispose()
    with psycopg.connect(database_url(admin_url, name), autocommit=True) as admin:
        for login in made.values():
            admin.execute(f"DROP OWNED BY {login.role}; DROP ROLE {login.role}")


def test_rows_by_branch(office: Office, logins: dict[str, Store]) -> None:
    """The lead of 城南 sees no line, entry or customer of 城西; the accountant and the service login see all."""
    counted = {}
    for who, store in {**logins, "service": office.ledger.store}.items():
        with store.reading() as session:
            branches = {row[0] for row in session.rows("SELECT DISTINCT branch FROM posting WHERE branch IS NOT NULL")}
            bills = {row[0] for row in session.rows("SELECT doc_no FROM entry WHERE kind = 'charge'")}
            (deltas,) = session.rows("SELECT count(*) FROM balance_delta WHERE branch = 'B02'")[0]
            (known,) = session.rows("SELECT count(*) FROM fact WHERE kind = 'customers' AND subject = 'E5'")[0]
            counted[who] = (branches, "B-E5" in bills, "B-R2" in bills, deltas > 0, known)
    assert counted["L01"] == ({"B01"}, False, True, False, 0)
    assert integrity.verify(office.ledger).ok  # what the logins add to the schema is known
    assert counted["K01"] == counted["service"] == ({"B01", "B02"}, True, True, True, 1)


def test_under_ones_own_name(office: Office, logins: dict[str, Store]) -> None:
    """Whatever the program says: a batch bears the name of the login; and posting works under it."""
    ledger = open_book(logins["K01"])
    row = {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"}
    with pytest.raises(LawBroken, match="privilege"):
        post(ledger, [rows_of("interest", row)], operator="L01", today=TODAY)
    done = post(ledger, [rows_of("interest", row)], operator="K01", today=TODAY)
    assert done.status == "posted"
    with office.ledger.store.reading() as session:
        assert views.balance(session, 1, "6603.01", dt.date(2023, 6, 30)) == -1234
    lead = open_book(logins["L01"])
    with pytest.raises(Refused, match="没有这个户号"):
        post(lead, [rows_of("transfer_receipt", TRANSFER)], operator="L01", today=TODAY)


def test_a_leaver_cannot_connect(office: Office, logins: dict[str, Store], request: pytest.FixtureRequest) -> None:
    """Disabled in the book, locked in the database by the next run of the command."""
    office.appoint("C02", active=False)
    name = str(make_url(office.ledger.store.url).database)
    owner = Store(database_url(request.getfixturevalue("postgres_url"), name))
    set_up(owner, 1, [("C02", "B01", False)])
    owner.dispose()
    logins["C02"].dispose()
    with pytest.raises(Refused), logins["C02"].reading():
        pass
    assert PREFIX == "mb_"
    with office.ledger.store.reading() as session:
        assert not operators.staff(session, 1).people["C02"].active
