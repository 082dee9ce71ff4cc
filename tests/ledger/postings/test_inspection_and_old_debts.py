"""E21, E22, E23: what is paid with a commercial invoice."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.ledger.postings.conftest import Desk

BACK = {
    "doc_no": "BI-E4",
    "date": "2023-06-12",
    "customer": "E4",
    "usage_class": "S",
    "volume": 40,
    "work_order": "JC-7",
    "bill_month": "2023-06",
}
PAID = {"date": "2023-06-12", "customer": "E4", "amount": "328.00", "cashier": "C02", "invoice": "SF-1"}
OLD = {
    "date": "2023-06-12",
    "customer": "R6",
    "amount": "96.55",
    "late_charge": "10.30",
    "cashier": "C02",
    "invoice": "SF-2",
}


def test_back_charge(june: Desk) -> None:
    """E21, the worked example."""
    june.post("back_charge", BACK)
    assert june.t_account("back_charge", "BI-E4") == [
        "Dr 1122.04 328.00",
        "Cr 6001.01 252.43",
        "Cr 2221.02 7.57",
        "Cr 2241.01.01 56.00",
        "Cr 2241.01.02 10.00",
        "Cr 2241.01.03 2.00",
    ]
    said = june.dimensions("back_charge", "BI-E4", "branch", "customer", "bill_month", "item", "document")
    assert said[0] == ("1122.04", "B01", "E4", "2023-06", None, "BI-E4")
    assert said[1] == ("6001.01", "B01", None, None, "water/S", "BI-E4")
    assert june.post("back_charge", BACK).status == "already"


def test_penalty_is_ours(june: Desk) -> None:
    """Penalty 103.00, half of it let off: 51.50 = 50.00 and VAT 1.50; a month of its own is not needed."""
    june.post("back_charge", {**BACK, "bill_month": None, "penalty": "103.00", "reduced": "51.50"})
    assert june.t_account("back_charge", "BI-E4")[:5] == [
        "Dr 1122.04 379.50",
        "Cr 6001.01 252.43",
        "Cr 2221.02 7.57",
        "Cr 6301.01 50.00",
        "Cr 2221.02 1.50",
    ]
    said = june.dimensions("back_charge", "BI-E4", "bill_month", "item")
    assert said[2:5] == [
        ("2221.02", "2023-06", "water"),
        ("6301.01", "2023-06", None),
        ("2221.02", "2023-06", "penalty"),
    ]


def test_letting_off_has_a_limit(june: Desk) -> None:
    """C47: more than half only with the approval of the brigade's head; never more than there is."""
    with pytest.raises(Refused, match="减免超过50%权限") as refused:
        june.post("back_charge", {**BACK, "penalty": "103.00", "reduced": "51.51"})
    assert refused.value.faults[0].code == "C47"
    with pytest.raises(Refused, match="减免额大于罚额"):
        june.post("back_charge", {**BACK, "penalty": "103.00", "reduced": "103.01", "approver": "冯刚"})
    june.post("back_charge", {**BACK, "penalty": "103.00", "reduced": "103.00", "approver": "冯刚"})
    assert june.balance("1122.04") == "328.00"


def test_back_charge_is_paid(june: Desk) -> None:
    """V10: fund 监察大队; the customer's water bill is another account."""
    june.post("back_charge", BACK)
    june.post("back_charge_receipt", PAID)
    assert june.t_account("back_charge_receipt", "SF-1") == [
        "Dr 1001.C02 328.00",
        "Cr 1122.04 328.00",
        "Dr 2241.01.01 56.00",
        "Dr 2241.01.02 10.00",
        "Dr 2241.01.03 2.00",
        "Cr 2241.02.01 56.00",
        "Cr 2241.02.02 10.00",
        "Cr 2241.02.03 2.00",
    ]
    said = june.dimensions("back_charge_receipt", "SF-1", "bank", "fund", "document")
    assert said[0] == ("1001.C02", None, "监察大队", "SF-1")
    assert said[5] == ("2241.02.01", "1002.01", "监察大队", "BI-E4")
    assert june.balance("1122.02", branch="B01") == "8,020.00"


@pytest.mark.parametrize(
    ("amount", "said"), [("327.99", "未全额交足一月水费"), ("328.01", "比所交账单多 0.01,请按账单收款")]
)
def test_back_charge_is_paid_to_the_fen(june: Desk, amount: str, said: str) -> None:
    june.post("back_charge", BACK)
    with pytest.raises(Refused, match=said):
        june.post("back_charge_receipt", {**PAID, "amount": amount})


def test_no_back_charge_open(june: Desk) -> None:
    with pytest.raises(Refused, match="没有未结的监察补缴账单"):
        june.post("back_charge_receipt", PAID)


def test_old_debt_with_late_charge(opened: Desk) -> None:
    """V11: fund 补缴水费; the late charge is taxed as the supply."""
    opened.post("removed_meter_receipt", OLD)
    assert opened.t_account("removed_meter_receipt", "SF-2") == [
        "Dr 1001.C02 96.55",
        "Cr 1122.05 86.25",
        "Cr 6301.01 10.00",
        "Cr 2221.02 0.30",
        "Dr 2241.01.01 23.75",
        "Dr 2241.01.02 6.25",
        "Dr 2241.01.03 1.25",
        "Cr 2241.02.01 23.75",
        "Cr 2241.02.02 6.25",
        "Cr 2241.02.03 1.25",
    ]
    said = opened.dimensions("removed_meter_receipt", "SF-2", "customer", "bill_month", "fund", "item", "document")
    assert said[1] == ("1122.05", "R6", "2023-03", None, None, "B-R6-03")
    assert said[2][:3] == ("6301.01", "R6", "2023-03")
    assert said[3][4] == "late"
    assert said[7] == ("2241.02.01", "R6", "2023-03", "补缴水费", "sewage", "B-R6-03")
    assert opened.post("removed_meter_receipt", OLD).status == "already"


def test_old_debts_that_are_refused(june: Desk) -> None:
    """An active account, nothing open, less, more."""
    with pytest.raises(Refused, match="该户未销户、未拆表,请按现金收费收款"):
        june.post("removed_meter_receipt", {**OLD, "customer": "R2"})
    with pytest.raises(Refused, match="未全额交足一月水费"):
        june.post("removed_meter_receipt", {**OLD, "amount": "96.54"})
    with pytest.raises(Refused, match=r"比所交账单多 0\.01"):
        june.post("removed_meter_receipt", {**OLD, "amount": "96.56"})
    june.post("removed_meter_receipt", OLD)
    with pytest.raises(Refused, match="没有未结的销户欠费;已核销的先做坏账收回"):
        june.post("removed_meter_receipt", {**OLD, "invoice": "SF-3"})


def test_materials(desk: Desk) -> None:
    """V17: 13 %, general method."""
    sold = {"date": "2023-06-13", "amount": "226.00", "cashier": "C01", "invoice": "SF-4"}
    desk.post("materials", sold)
    assert desk.t_account("materials", "SF-4") == ["Dr 1001.C01 226.00", "Cr 6051.01 200.00", "Cr 2221.01 26.00"]
    assert desk.dimensions("materials", "SF-4", "branch", "fund", "item", "document") == [
        ("1001.C01", "B01", "材料费", None, "SF-4"),
        ("6051.01", "B01", None, None, "SF-4"),
        ("2221.01", "B01", None, "material", "SF-4"),
    ]
    assert desk.post("materials", sold).status == "already"


def test_charge_without_tariff(opened: Desk) -> None:
    """What no tariff holds for is refused, not booked as nothing."""
    with pytest.raises(Refused, match="用水性质 S 在 2019-12-31 没有水价"):
        opened.post(
            "charge",
            {"doc_no": "B-1", "date": "2019-12-31", "customer": "E4", "bill_month": "2019-12", "usage_class": "S", "volume": 1,
             "read_code": "normal"},
        )  # fmt: skip
