"""Registers that need people: booklets, waivers, shut-offs, signed reports (R22, R23, E34, R28)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from commands.periods import issue_report
from exports import reports
from exports.render import json, terminal
from ledger import assessment, issued
from ledger.errors import Refused
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.people.conftest import desk as desk
from tests.ledger.people.conftest import office as office
from tests.ledger.people.conftest import opened as opened

HALF = dt.date(2023, 6, 30)
ISSUE = {
    "date": "2023-06-01",
    "series": "invoice",
    "from_no": "0001",
    "to_no": "0100",
    "holder": "C01",
    "doc_no": "LY-1",
}
PAID = {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01"}


def report(office: Office, code: str, **asked: Any) -> dict[str, Any]:
    ledger = office.ledger
    asked = asked or {"month": "2023-06"}
    with ledger.store.reading() as session:
        made = reports.build(code, session, ledger.book, ledger.chart, book_id=1, **asked)
        assert terminal.render(made)
    return json.data(made)


def rows(made: dict[str, Any], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in made["rows"]]


def test_a_booklet_in_r22(office: Office) -> None:
    """Given out = used + voided + missing + left."""
    office.post("L01", "number_issue", ISSUE)
    office.post(
        "C01",
        "cash_receipt",
        {**PAID, "invoice": "0001"},
        {**PAID, "customer": "R1", "amount": "41.40", "invoice": "0004"},
    )
    office.post(
        "C01",
        "number_void",
        {"date": "2023-06-09", "series": "invoice", "invoice": "0002", "reason": "打印错位", "copies": 3},
    )
    made = report(office, "R22")
    keys = ("doc_no", "first", "last", "holder", "size", "used", "voided", "gaps", "missing", "left")
    assert rows(made, *keys) == [("LY-1", "0001", "0100", "C01", 100, 2, 1, 1, "0003", 96)]
    assert all(tie["ok"] for tie in made["tie_outs"])
    july = report(office, "R22", month="2023-07")
    assert rows(july, "used_period", "used", "left") == [(0, 2, 96)]


def test_a_household_left_out_of_r23(office: Office) -> None:
    """By the department's head with the branch manager, a number and a reason; once."""

    def waive(who: str = "D01", **changed: str) -> None:
        given = {"approval_no": "KH-1", "manager": "郑华", "reason": "水量争议", **changed}
        assessment.waive(office.ledger, "E1", half=HALF, operator=who, today=TODAY, **given)

    for who, changed, message in (
        ("D01", {"approval_no": " "}, "须有批准号和原因"), ("D01", {"manager": "何军"}, "不是所长"),
        ("F01", {}, "须由 抄收管理处处长 批准"), ("L01", {}, "须由"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=message):
            waive(who, **changed)
    before = report(office, "R23")
    waive()
    with pytest.raises(Refused, match="已于"):
        waive()
    after = report(office, "R23")
    assert rows(after, "branch", "waived", "approvals") == [("B01", 1, "E1(KH-1)"), ("B02", 0, "")]
    assert after["totals"]["households"] == before["totals"]["households"]
    assert float(before["totals"]["fine"]) - float(after["totals"]["fine"]) == 2.0
    assert rows(report(office, "R23", month="2023-07"), "waived") == [(0,), (0,)]


def test_readers_of_r23(office: Office) -> None:
    """Each customer counts for his reader."""
    master = {
        "customer": "R2",
        "name": "户R2",
        "stream": "resident",
        "usage_class": "R",
        "pay_mode": "counter",
        "kind": "normal",
        "branch": "B01",
    }
    office.post("Z01", "customers", {**master, "from": "2023-06-02", "reader": "丁一"})
    assert ("丁一", 1) in rows(report(office, "R23"), "reader", "households")
    assert rows(report(office, "R23", month="2023-06", account="丁一"), "reader", "fine") == [("丁一", "2.00")]


@pytest.mark.control("C44")
@pytest.mark.parametrize(
    ("households", "policy", "fine"),
    [(25, "marginal", 6500), (20, "marginal", 4000), (25, "all", 12500), (20, "all", 4000), (0, "marginal", 0)],
)
def test_what_arrears_cost(desk: Any, households: int, policy: str, fine: int) -> None:
    """C44: 25 households = 20 × 2 + 5 × 5 = 65.00."""
    book = desk.ledger.book
    policies = replace(book.policies, arrears_assessment=policy)
    assert assessment.fine(households, book.thresholds, policies)[2] == fine


def test_shut_off_and_back_in_e34(office: Office) -> None:
    """Shut off stays until reconnected, which waits for the arrears."""
    office.post("L01", "service", {"date": "2023-06-20", "customer": "R1", "step": "shut_off", "approval_no": "TS-1"})
    keys = ("step", "shut_off", "approval_no", "reconnected")
    assert ("R1", "shut_off", "2023-06-20", "TS-1", None) in rows(report(office, "E34"), "customer", *keys)
    with pytest.raises(Refused, match=r"尚欠 41\.40,不能复装"):
        office.post("L01", "service", {"date": "2023-06-21", "customer": "R1", "step": "reconnect"})
    office.post("C01", "cash_receipt", {**PAID, "customer": "R1", "amount": "41.40", "invoice": "0001"})
    office.post("L01", "service", {"date": "2023-06-21", "customer": "R1", "step": "reconnect"})
    assert ("R1", "0.00", "reconnected", "2023-06-20", "TS-1", "2023-06-21") in rows(
        report(office, "E34"), "customer", "owed", *keys
    )
    assert ("shut_off", "", "B01", 1) in rows(report(office, "R27b"), "category", "way", "branch", "count")


def test_issued_reports_in_r28(office: Office) -> None:
    """Every version, from its preparer to its last signature."""
    paper = issue_report(office.ledger, "R07", "", "2023-06", operator="L01", today=TODAY)
    with office.ledger.store.writing(1) as session:
        issued.sign(session, office.ledger, paper.number, operator="K01", today=TODAY)
    made = rows(report(office, "R28"), "number", "title", "content", "giver", "taker", "years")
    assert made[-1] == ("202306-BB-01", "多转、少转水费明细表", "R07/2023-06/v1", "王秀英", "李明", 10)
