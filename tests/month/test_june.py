"""June 2023 ties out to the fen: every figure of domain §5 and §6.2–6.5, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.month.conftest import Book

TRIAL_BALANCE = """
1001.C01         500.00      455.30      455.30       500.00
1001.C02         500.00   12,475.05   12,475.05       500.00
1002.01       10,200.00   18,623.24   25,850.44     2,972.80
1002.02        3,000.00    2,736.81    3,000.00     2,736.81
1012.01            0.00       41.40       41.40         0.00
1012.02            0.00    1,596.00    1,500.00        96.00
1122.01           75.90      265.70      203.60       138.00
1122.02            0.00   10,708.00    8,308.00     2,400.00
1122.03            0.00      103.50      103.50         0.00
1122.04            0.00      328.00      328.00         0.00
1122.05          103.50        0.00      103.50         0.00
1122.06            0.00       10.00        0.00        10.00
1122.09            0.00        0.00       65.55       -65.55
1221.01        3,000.00   25,100.44   28,088.10        12.34
1221.02      250,000.00   28,088.10    1,234.56   276,853.54
1221.03            0.00        5.00        5.00         0.00
1221.04            0.00        0.00        0.00         0.00
1231            -500.00       11.00        0.00      -489.00
1901               0.00        5.50        5.50         0.00
2203.01            0.00      103.50      103.50         0.00
2203.02            0.00        0.00   12,000.00   -12,000.00
2203.03            0.00       41.40       50.00        -8.60
2203.04            0.00        0.00      108.00      -108.00
2221.01            0.00        0.00       26.00       -26.00
2221.02       -1,234.56    1,234.56      219.92      -219.92
2241.01.01       -49.40    2,486.40    3,175.00      -738.00
2241.01.02       -13.00      453.00      575.00      -135.00
2241.01.03        -2.60       90.60      115.00       -27.00
2241.02.01    -2,850.00    2,850.00    2,481.65    -2,481.65
2241.02.02      -750.00      750.00      451.75      -451.75
2241.02.03      -150.00      150.00       90.35       -90.35
6001.01            0.00        0.00    7,320.58    -7,320.58
6051.01            0.00        0.00      200.00      -200.00
6301.01            0.00        0.00       10.00       -10.00
6301.02            0.00        0.00        0.50        -0.50
6603.01            0.00      -18.00        0.00       -18.00
6603.02            0.00        0.25        0.00         0.25
9000        -261,829.84        0.00        0.00  -261,829.84
"""


def signed(row: dict[str, Any], name: str) -> str:
    """A balance of R25 as one signed amount (debit +)."""
    debit, credit = row.get(f"{name}_debit") or "0.00", row.get(f"{name}_credit") or "0.00"
    return debit if credit == "0.00" else ("" if credit.startswith("-") else "-") + credit.removeprefix("-")


def all_tie(report: dict[str, Any]) -> bool:
    """The report has tie-outs and each of them ties."""
    return bool(report["tie_outs"]) and all(tie["ok"] for tie in report["tie_outs"])


def test_r25_trial_balance(june: Book) -> None:
    """§6.4, every account: opening, debit, credit, closing; red letters in their own column."""
    report = june.report("R25", month="2023-06")
    expected = {
        line.split()[0]: [a.replace(",", "") for a in line.split()[1:]] for line in TRIAL_BALANCE.strip().splitlines()
    }
    found = {
        row["account"]: [
            signed(row, "opening"),
            row["debit"] or "0.00",
            row["credit"] or "0.00",
            signed(row, "closing"),
        ]
        for row in report["rows"]
    }
    assert {code: found.get(code) for code in expected} == expected
    assert all(set(found[code]) <= {"0.00", None} for code in set(found) - set(expected))
    assert all_tie(report)
    assert report["totals"]["debit"] == report["totals"]["credit"] == "108694.75"
    assert report["totals"]["opening_debit"] == report["totals"]["opening_credit"] == "267379.40"
    assert report["totals"]["closing_debit"] == report["totals"]["closing_credit"] == "286219.74"


@pytest.mark.parametrize(
    ("bank", "days"),
    [
        ("工行0101", ("06-09 10320.80 06-12 10775.85 06-13 11105.35 06-15 8255.35 06-16 20255.35 06-20 25055.35 "
                    "06-21 25067.69 06-26 25087.69 06-29 2987.25 06-30 2972.80")),
        ("中行0202", "06-09 3041.15 06-19 5731.15 06-21 5736.81 06-28 2736.81"),
    ],
)  # fmt: skip
def test_r09_day_balances(june: Book, bank: str, days: str) -> None:
    """§6.5: the balance after each day of the bank journal."""
    report = june.report("R09", month="2023-06", account=bank)
    words = days.split()
    expected = {f"2023-{day}": balance for day, balance in zip(words[::2], words[1::2], strict=True)}
    found = {row["date"]: row["balance"] for row in report["rows"] if row["voucher"]}
    assert found == expected
    assert all_tie(report)


def test_r24_fund_positions(june: Book) -> None:
    """§6.5: what of the money belongs to which fund, in total and per bank."""
    report = june.report("R24", date=None, month="2023-06")
    rows = {row["fund"]: row for row in report["rows"]}
    keys = ("opening", "receipts", "to_levy", "paid_out", "closing")
    assert [rows["水费"][k] for k in keys] == ["9450.00", "8634.00", "-2872.00", "12435.80", "2776.20"]
    assert [rows["银行存款利息"][k] for k in keys] == ["0.00", "18.00", "0.00", "12.34", "5.66"]
    assert [rows["代征"][k] for k in keys] == ["3750.00", "0.00", "3023.75", "3750.00", "3023.75"]
    assert [rows["零钞"][k] for k in keys] == ["1000.00", "0.00", "0.00", "0.00", "1000.00"]
    six = ["监察大队", "补缴水费", "TM卡水费", "材料费", "预交水费", "预收部分水费"]
    assert {fund: rows[fund]["closing"] for fund in six} == dict.fromkeys(six, "0.00")
    assert [report["totals"][k] for k in keys] == ["14200.00", "21456.05", "0.00", "28850.44", "6805.61"]
    assert all_tie(report)


def test_r11_transfer_schedule(june: Book) -> None:
    """§5 R11: the schedule of ZK-0629, category by category."""
    report = june.report("R11", month="2023-06", account="ZK-0629")
    keys = ("opening", "received", "to_levies", "available", "transferred", "left", "receipted", "difference")
    found = {row["fund"]: [row[k] for k in keys] for row in report["rows"]}
    assert found["水费"] == ["6450.00", "4921.30", "1735.00", "9636.30", "9435.80", "200.50", "9435.80", "0.00"]
    assert found["监察大队"] == ["0.00", "328.00", "68.00", "260.00", "260.00", "0.00", "260.00", "0.00"]
    assert found["补缴水费"] == ["0.00", "96.55", "31.25", "65.30", "65.30", "0.00", "65.30", "0.00"]
    assert found["TM卡水费"] == ["0.00", "103.50", "37.50", "66.00", "66.00", "0.00", "66.00", "0.00"]
    assert found["材料费"] == ["0.00", "226.00", "0.00", "226.00", "226.00", "0.00", "226.00", "0.00"]
    assert found["预交水费"] == ["0.00", "12000.00", "0.00", "12000.00", "12000.00", "0.00", "12000.00", "0.00"]
    assert found["预收部分水费"] == ["0.00", "50.00", "15.00", "35.00", "35.00", "0.00", "35.00", "0.00"]
    assert found["银行存款利息"][:6] == ["0.00", "12.34", "0.00", "12.34", "12.34", "0.00"]
    assert found["银行存款利息"][7] == "12.34"
    assert report["totals"]["transferred"] == "22100.44"
    assert report["totals"]["difference"] == "12.34"


def test_r13_levy_remittance(june: Book) -> None:
    """§5 R13: levies due, billed, collected, remitted."""
    report = june.report("R13", month="2023-06")
    keys = ("opening_due", "billed", "collected", "remitted", "closing_due", "closing_uncollected")
    found = {row["levy"]: [row[k] for k in keys] for row in report["rows"]}
    assert list(found.values()) == [
        ["2850.00", "3175.00", "2481.65", "2850.00", "2481.65", "738.00"],
        ["750.00", "575.00", "451.75", "750.00", "451.75", "135.00"],
        ["150.00", "115.00", "90.35", "150.00", "90.35", "27.00"],
    ]
    totals = [report["totals"][k] for k in keys]
    assert totals == ["3750.00", "3865.00", "3023.75", "3750.00", "3023.75", "900.00"]
    assert report["totals"]["opening_uncollected"] == "65.00"
    assert report["totals"]["written_off"] == "6.25"
    assert all_tie(report)


def test_r26_receivables(june: Book) -> None:
    """§6.5: open bills by customer and age; their sum less direct debits pending is Σ1122."""
    report = june.report("R26", month="2023-06")
    found = sorted(
        (row["customer"], row["bill_month"], row["amount"], row["bucket"]) for row in report["rows"] if row["customer"]
    )
    assert found == [
        ("E2", "2023-06", "2400.00", "0"),
        ("E5", "2023-06", "10.00", "0"),
        ("R3", "2023-06", "34.50", "0"),
        ("R4", "2023-06", "31.05", "0"),
        ("R7", "2023-05", "34.50", "1-3"),
        ("R7", "2023-06", "37.95", "0"),
    ]
    assert all_tie(report)
    assert {tie["left"] for tie in report["tie_outs"]} & {"2482.45"}


def test_r10_receivable_ledger(june: Book) -> None:
    """The A/R subsidiary ledger rolls forward to Σ1122."""
    report = june.report("R10", month="2023-06")
    assert all_tie(report)
    assert "2482.45" in {tie["right"] for tie in report["tie_outs"]} | {tie["left"] for tie in report["tie_outs"]}


def test_r14_adjustment_table(june: Book) -> None:
    """§5 R14 of 工行0101, item by item; 中行0202 has no items."""
    report = june.report("R14", month="2023-06", account="工行0101")
    found = [
        (row["side"], row["category"], row["date"], row["reference"] or "", row["amount"], row["age_days"], row["band"])
        for row in report["rows"]
        if row["category"] not in ("balance", "adjusted") and row["date"]
    ]
    shown = [(side, category, date, amount, age, band) for side, category, date, _ref, amount, age, band in found]
    assert shown == [
        ("book", "bank_in_not_book", "2023-06-30", "2400.00", 0, "normal"),
        ("book", "bank_out_not_book", "2023-06-30", "31.05", 0, "normal"),
        ("book", "bank_out_not_book", "2023-06-30", "15.00", 0, "normal"),
        ("bank", "book_in_not_bank", "2023-06-30", "820.00", 0, "normal"),
        ("bank", "book_in_not_bank", "2023-03-31", "200.00", 91, "long"),
        ("bank", "book_out_not_bank", "2023-06-30", "900.00", 0, "normal"),
    ]
    references = {amount: reference for _s, _c, _d, reference, amount, _a, _b in found}
    assert references["820.00"] == "ZP-0630"
    assert references["900.00"] == "CZ-0630"
    figures = {
        (row["side"], row["category"]): row["amount"]
        for row in report["rows"]
        if row["category"] in ("balance", "adjusted")
    }
    assert figures == {
        ("book", "balance"): "2972.80",
        ("bank", "balance"): "5206.75",
        ("book", "adjusted"): "5326.75",
        ("bank", "adjusted"): "5326.75",
    }
    assert all_tie(report)
    other = june.report("R14", month="2023-06", account="中行0202")
    assert {row["category"] for row in other["rows"]} == {"balance", "adjusted"}
    assert {row["amount"] for row in other["rows"]} == {"2736.81"}


def test_r15_long_outstanding(june: Book) -> None:
    """§6.5: one item of 200.00, 91 days."""
    report = june.report("R15", month="2023-06", account="工行0101")
    assert [(row["date"], row["amount"], row["age_days"], row["band"]) for row in report["rows"]] == [
        ("2023-03-31", "200.00", 91, "long")
    ]


def test_voucher_numbers_are_gapless(june: Book) -> None:
    """Vouchers of June run 1..n without a gap."""
    from ledger import views

    with june.ledger.store.reading() as session:
        import datetime as dt

        lines = views.lines(session, 1, dt.date(2023, 6, 1), dt.date(2023, 6, 30))
    numbers = sorted(lines["vno"].unique())
    assert numbers == list(range(1, len(numbers) + 1))
