"""E20: over and short, step by step, with the sign of what was found; C15 the float."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

SHORT = {"date": "2023-06-09", "cashier": "C01", "amount": "-5.00"}
OVER = {"date": "2023-06-12", "cashier": "C02", "amount": "0.50"}


@pytest.fixture
def found(opened: Desk) -> Desk:
    """C01 is 5.00 short, C02 0.50 over."""
    opened.post(
        "cash_difference", {**SHORT, "doc_no": "CD-1", "step": "found"}, {**OVER, "doc_no": "CD-5", "step": "found"}
    )
    return opened


def step(desk: Desk, base: dict[str, str], number: str, name: str, **other: str) -> list[str]:
    desk.post(
        "cash_difference",
        {**base, "doc_no": number, "step": name, "original": "CD-1" if base is SHORT else "CD-5", **other},
    )
    return desk.t_account("cash_difference", number)


def test_short_is_made_good(found: Desk) -> None:
    """The worked example: found, laid on C01, made good."""
    assert found.t_account("cash_difference", "CD-1") == ["Dr 1901 5.00", "Cr 1001.C01 5.00"]
    assert step(found, SHORT, "CD-2", "assigned") == ["Dr 1221.03 5.00", "Cr 1901 5.00"]
    assert found.dimensions("cash_difference", "CD-2", "staff", "cashier", "document") == [
        ("1221.03", "C01", "C01", "CD-1"),
        ("1901", None, "C01", "CD-1"),
    ]
    assert step(found, SHORT, "CD-3", "made_good") == ["Dr 1001.C01 5.00", "Cr 1221.03 5.00"]
    assert found.balance("1001.C01", fund="水费") == found.balance("1221.03") == "0.00"


def test_all_steps_in_one_file(opened: Desk) -> None:
    """Rows of one cashier are posted one after the other."""
    original = {"original": "CD-1"}
    opened.post(
        "cash_difference",
        {**SHORT, "doc_no": "CD-1", "step": "found"},
        {**SHORT, **original, "doc_no": "CD-2", "step": "assigned"},
        {**SHORT, **original, "doc_no": "CD-3", "step": "made_good"},
    )
    assert opened.balance("1901") == opened.balance("1221.03") == "0.00"


def test_over_becomes_income(found: Desk) -> None:
    """V13 and V37."""
    assert found.t_account("cash_difference", "CD-5") == ["Dr 1001.C02 0.50", "Cr 1901 0.50"]
    assert found.dimensions("cash_difference", "CD-5", "branch", "cashier", "fund", "document") == [
        ("1001.C02", "B01", "C02", "水费", "CD-5"),
        ("1901", "B01", "C02", "水费", "CD-5"),
    ]
    assert step(found, OVER, "CD-6", "income", date="2023-06-28", approver="钱文") == [
        "Dr 1901 0.50",
        "Cr 6301.02 0.50",
    ]


def test_payer_of_an_over(found: Desk) -> None:
    """It is the payer's advance, of 水费, in the bank the drawer is deposited in."""
    assert step(found, OVER, "CD-6", "payer", customer="R2") == ["Dr 1901 0.50", "Cr 2203.04 0.50"]
    assert found.dimensions("cash_difference", "CD-6", "customer", "fund", "bank")[1] == (
        "2203.04",
        "R2",
        "水费",
        "1002.01",
    )


def test_short_nobody_owes(found: Desk) -> None:
    """Approved, it is an expense; then the drawer deposits what is there."""
    assert step(found, SHORT, "CD-2", "loss", approver="赵国平") == ["Dr 6602 5.00", "Cr 1901 5.00"]
    assert found.dimensions("cash_difference", "CD-2", "cashier", "staff")[0] == ("6602", "C01", None)


@pytest.mark.parametrize(
    ("base", "name", "other", "message"),
    [
        (SHORT, "loss", {}, "长短款转收入、转损失须经批准"),
        (SHORT, "loss", {"approver": "C01"}, "不能批准自己的长短款"),
        (SHORT, "loss", {"approver": "刘芳"}, "不能批准自己的长短款"),
        (SHORT, "loss", {"approver": "赵国平", "amount": "-5.01"}, "超过尚未处理的 5.00"),
        (SHORT, "assigned", {"amount": "-6.00"}, "超过尚未处理的 5.00"),
        (SHORT, "assigned", {"amount": "5.00"}, "长款与短款不得相抵"),
        (OVER, "income", {"approver": "钱文", "amount": "-0.50"}, "长款与短款不得相抵"),
        (SHORT, "made_good", {}, "超过尚未处理的 0.00"),
        (SHORT, "assigned", {"cashier": "C02"}, "原单据是收费员 C01 的"),
        (SHORT, "assigned", {"original": "CD-9"}, "没有这张“发现”长短款的单据"),
        (SHORT, "assigned", {"date": "2023-06-08"}, "早于原单据日期 2023-06-09"),
        (SHORT, "found", {}, "“发现”这一步没有原单据"),
    ],
)
def test_refusals(found: Desk, base: dict[str, str], name: str, other: dict[str, str], message: str) -> None:
    """Nobody approves himself, nothing is netted, a step takes what the one before it left."""
    with pytest.raises(Refused, match=message):
        step(found, base, "CD-9", name, **other)


def test_a_short_is_taken_once(found: Desk) -> None:
    """Laid on the cashier it is no loss any more; made good twice is once too often."""
    step(found, SHORT, "CD-2", "assigned")
    with pytest.raises(Refused, match=r"超过尚未处理的 0.00"):
        step(found, SHORT, "CD-3", "loss", approver="赵国平")
    step(found, SHORT, "CD-3", "made_good")
    with pytest.raises(Refused, match=r"超过尚未处理的 0.00"):
        step(found, SHORT, "CD-4", "made_good")


def test_float(opened: Desk) -> None:
    """§6.7 (10): a float of 1,000.01 → C15; 1,000.00 is allowed."""
    with pytest.raises(Refused, match=r"抽屉零钞1,000.01元超过1000元限额"):
        opened.post("drawer", {"date": "2023-06-09", "cashier": "C01", "float": "1,000.01"})
    opened.post("drawer", {"date": "2023-06-09", "cashier": "C01", "float": "1,000.00"})
