"""E31: money of an unknown payer, and whose it was."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from ledger.errors import Refused
from ledger.reconcile.lines import book_side
from ledger.state import State
from ledger.storage import bank
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import TODAY, Desk

CAME = {"date": "2023-06-19", "bank": "1002.01", "amount": "600.00", "bank_ref": "F-1"}
KNOWN = {"date": "2023-06-21", "bank_ref": "F-1", "customer": "E6", "amount": "600.00"}


def position(desk: Desk, fund: str) -> int:
    """The position of a fund in 1002.01, fen (ledger.funds)."""
    with desk.ledger.store.reading() as session:
        source = sql.JournalSource(session, desk.ledger.book_id)
        state = State(desk.ledger.book, desk.ledger.chart, source, pl.Series("customer", [], pl.String), TODAY)
        here = state.positions(dt.date(9999, 12, 31)).filter(bank="1002.01", fund=fund)
    return int(here["position"].sum())


def test_unknown_payer(june: Desk) -> None:
    """The worked example: of the fund 待查, known by the bank's number."""
    june.post("unidentified", CAME)
    assert june.t_account("unidentified", "F-1") == ["Dr 1002.01 600.00", "Cr 2241.03 600.00"]
    assert june.dimensions("unidentified", "F-1", "bank", "fund", "document") == [
        ("1002.01", "1002.01", "待查", "F-1"),
        ("2241.03", "1002.01", "待查", "F-1"),
    ]
    assert position(june, "待查") == 60000


def test_payer_found(june: Desk) -> None:
    """It settles like a transfer; the money changes its fund and nothing else."""
    june.post("unidentified", CAME)
    before = position(june, "水费")
    june.post("identify", KNOWN)
    assert june.t_account("identify", "F-1") == [
        "Dr 2241.03 600.00",
        "Dr 1002.01 600.00",
        "Dr 1002.01 -600.00",
        "Cr 1122.02 96.00",
        "Cr 2203.04 504.00",
        "Dr 2241.01.01 28.00",
        "Dr 2241.01.02 5.00",
        "Dr 2241.01.03 1.00",
        "Cr 2241.02.01 28.00",
        "Cr 2241.02.02 5.00",
        "Cr 2241.02.03 1.00",
    ]
    said = june.dimensions("identify", "F-1", "branch", "bank", "fund", "customer", "document")
    assert said[0] == ("2241.03", "B01", "1002.01", "待查", None, "F-1")
    assert said[1] == ("1002.01", "B01", "1002.01", "水费", "E6", "F-1")
    assert said[2] == ("1002.01", "B01", "1002.01", "待查", "E6", "F-1")
    assert said[8] == ("2241.02.01", None, "1002.01", "水费", "E6", "B-E6")
    assert june.balance("2241.03") == "0.00"
    assert position(june, "待查") == 0
    assert position(june, "水费") == before + 60000 - 3400
    assert june.post("identify", KNOWN).status == "already"


def test_bank_knows_nothing_of_the_fund(june: Desk) -> None:
    """To the reconciliation the receipt is one line, before and after its payer is found."""
    june.post("unidentified", CAME)
    june.post("identify", KNOWN)
    with june.ledger.store.reading() as session:
        rows = bank.book_lines(session, june.ledger.book_id, "1002.01")
        lines = book_side(rows, bank.facts(session, june.ledger.book_id, "customers"))
    assert lines.select("kind", "amount").rows() == [("unidentified", 60000)]


def test_below_the_bill_it_is_held(june: Desk) -> None:
    """E2 owes 2,400.00: 2203.03, and the money of the fund 预收部分水费."""
    june.post("unidentified", CAME)
    june.post("identify", {**KNOWN, "customer": "E2"})
    assert june.t_account("identify", "F-1") == [
        "Dr 2241.03 600.00",
        "Dr 1002.01 600.00",
        "Dr 1002.01 -600.00",
        "Cr 2203.03 600.00",
    ]
    assert position(june, "预收部分水费") == 60000


def test_found_in_parts(june: Desk) -> None:
    """Two payers behind one receipt, in one file; never more than is left."""
    june.post("unidentified", CAME)
    june.post(
        "identify",
        {**KNOWN, "doc_no": "QR-1", "amount": "96.00"},
        {**KNOWN, "doc_no": "QR-2", "customer": "R2", "amount": "120.80"},
    )
    assert june.balance("2241.03") == "-383.20"
    with pytest.raises(Refused, match=r"超过余额 383\.20"):
        june.post("identify", {**KNOWN, "doc_no": "QR-3", "amount": "383.21"})
    with pytest.raises(Refused, match="超过余额"):
        june.post(
            "identify",
            {**KNOWN, "doc_no": "QR-4", "amount": "200.00"},
            {**KNOWN, "doc_no": "QR-5", "customer": "R2", "amount": "200.00"},
        )


def test_nothing_to_identify(june: Desk) -> None:
    with pytest.raises(Refused, match="没有待查的不明来款 F-9"):
        june.post("identify", {**KNOWN, "bank_ref": "F-9"})


def test_bank_number_counts_once(june: Desk) -> None:
    """C53."""
    june.post("unidentified", CAME)
    assert june.post("unidentified", CAME).status == "already"
    with pytest.raises(Refused, match="回单号F-1已使用"):
        june.post("unidentified", {**CAME, "doc_no": "BM-2"})
