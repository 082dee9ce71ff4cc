"""The acceptance month's files say what domain.md §6 says, read without Meterbook.

A second, naive bookkeeper: standard library only, one function per kind of
document, Python integers of fen. It shares no code with the ledger, so that a
slip in the files and the same slip in the rules cannot hide each other.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "demo"
FILE_NAME = re.compile(r"\d{4}-\d{2}-([a-z_]+)\.csv")
LEVIES = ("污水处理费", "水资源费", "附加费")
FUNDS = ("水费", "监察大队", "补缴水费", "TM卡水费", "材料费", "预交水费", "预收部分水费", "银行存款利息")
BANKS = {"工行0101": "1002.01", "中行0202": "1002.02"}
TIERS = {
    "R": ((15, 220), (25, 330), (None, 660)),
    "N": ((None, 310),),
    "S": ((None, 650),),
}
LEVY_PRICES = {"R": (95, 25, 5), "N": (140, 25, 5), "S": (140, 25, 5)}

Row = dict[str, str]


# ---- reading ----


def text_of(path: Path) -> str:
    """UTF-8 with or without BOM, else GB18030."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def rows_of(path: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(text_of(path), newline="")))


def documents(month: str) -> Iterator[tuple[str, Row]]:
    """Kind and row of every document, in posting order: the plain order of the file names."""
    for path in sorted((DEMO / month).glob("*.csv")):
        name = FILE_NAME.fullmatch(path.name)
        assert name, f"{path.name} is not MMDD-NN-kind.csv"
        for row in rows_of(path):
            yield name[1], row


def fen(text: str | None) -> int:
    return int(Decimal((text or "0").replace(",", "").strip() or "0") * 100)


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


# ---- the naive bookkeeper ----


@dataclass
class Bill:
    number: str
    customer: str
    month: str
    account: str
    gross: int
    levies: tuple[int, ...]
    open: bool = True


@dataclass
class Books:
    """Balances per account in fen: opening (debit +), turnover debit and credit (red negative)."""

    opening: Counter[str] = field(default_factory=Counter)
    debit: Counter[str] = field(default_factory=Counter)
    credit: Counter[str] = field(default_factory=Counter)
    bank_lines: list[tuple[str, str, int]] = field(default_factory=list)  # account, date, + in / − out
    bills: dict[str, Bill] = field(default_factory=dict)
    entities: set[str] = field(default_factory=set)
    partial: Counter[str] = field(default_factory=Counter)
    sums: defaultdict[str, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))

    def post(self, row: Row, *lines: tuple[str, int]) -> None:
        """One entry; a line's amount is positive for the debit, negative for the credit column."""
        assert sum(amount for _, amount in lines) == 0, (row, lines)
        for account, amount in lines:
            (self.debit if amount > 0 else self.credit)[account] += abs(amount)
            if account in BANKS.values():
                self.bank_lines.append((account, row["日期"], amount))

    def red(self, *lines: tuple[str, int]) -> None:
        """Takes an entry of the same lines back: negative amounts in their original columns."""
        for account, amount in lines:
            (self.debit if amount > 0 else self.credit)[account] -= abs(amount)

    def new_bill(self, row: Row, number: str, account: str) -> Bill:
        net, levies = self.price(row["用水性质"], int(row["水量"]))
        vat = half_up(net * 3, 103)
        bill = Bill(number, row["户号"], row["所属月"], account, net + sum(levies), levies)
        self.bills[number] = bill
        self.post(
            row, (account, bill.gross), ("6001.01", vat - net), ("2221.02", -vat), *levy_lines("2241.01", levies, -1)
        )
        self.sums["charged"].update(volume=int(row["水量"]), net=net, vat=vat, gross=bill.gross)
        return bill

    @staticmethod
    def price(usage: str, volume: int) -> tuple[int, tuple[int, ...]]:
        net, below = 0, 0
        for edge, price in TIERS[usage]:
            top = volume if edge is None else min(volume, edge)
            net += max(top - below, 0) * price
            below = top
        return net, tuple(volume * price for price in LEVY_PRICES[usage])

    def settle(self, row: Row, bill: Bill) -> None:
        """The levy move that goes with every credit to a bill; the caller books the money."""
        assert bill.open, bill
        bill.open = False
        self.post(row, *levy_lines("2241.01", bill.levies, 1), *levy_lines("2241.02", bill.levies, -1))

    def oldest(self, row: Row) -> Bill:
        """The customer's oldest open bill; a bill number in the document is a check on it."""
        bill = min(
            (b for b in self.bills.values() if b.open and b.customer == row["户号"]), key=lambda b: (b.month, b.number)
        )
        assert row.get("账单号") in (None, "", bill.number)
        assert row.get("所属月") in (None, "", bill.month)
        return bill


def levy_lines(parent: str, levies: tuple[int, ...], sign: int) -> list[tuple[str, int]]:
    return [(f"{parent}.0{index}", sign * amount) for index, amount in enumerate(levies, 1) if amount]


RULES: dict[str, Callable[[Books, Row], None]] = {}


def rule(function: Callable[[Books, Row], None]) -> Callable[[Books, Row], None]:
    RULES[function.__name__] = function
    return function


def cash(row: Row) -> str:
    return "1001." + row["收费员"]


def receipt(books: Books, row: Row, money: str, *, rest: str) -> None:
    """A tender on the oldest bill; what it exceeds the bill by goes to ``rest``."""
    bill, amount = books.oldest(row), fen(row["金额"])
    over = amount - bill.gross
    lines = [(money, amount), (bill.account, -bill.gross)]
    if over > 0:
        lines.append((rest, -over))
    elif over < 0:  # within the tolerance of a short transfer
        assert -over <= min(bill.gross // 100, 5000)
        lines.append(("1122.06", -over))
    books.post(row, *lines)
    books.settle(row, bill)


@rule
def customers(books: Books, row: Row) -> None:
    if row["类别"] == "单位户":
        books.entities.add(row["户号"])


@rule
def opening_bills(books: Books, row: Row) -> None:
    levies = tuple(fen(row[levy]) for levy in LEVIES)
    bill = Bill(row["账单号"], row["户号"], row["所属月"], row["科目"], fen(row["净水价"]) + sum(levies), levies)
    assert half_up(fen(row["净水价"]) * 3, 103) == fen(row["税额"])
    books.bills[bill.number] = bill


@rule
def opening_items(books: Books, row: Row) -> None:
    sign = -1 if row["类别"] in ("企业已付银行未付", "银行已收企业未收") else 1
    books.sums["opening_items"][BANKS[row["银行"]]] += sign * fen(row["金额"])


@rule
def opening(books: Books, row: Row) -> None:
    books.opening[row["科目"]] += fen(row["借方"]) - fen(row["贷方"])
    if row["科目"].startswith("1122") or row["科目"].startswith("2241.01"):
        books.sums["opening_bills"][row["原单据号"], row["科目"]] += fen(row["借方"]) - fen(row["贷方"])


@rule
def charge(books: Books, row: Row) -> None:
    bill = books.new_bill(row, row["单据号"], "1122.02" if row["户号"] in books.entities else "1122.01")
    assert fen(row["应收"]) == bill.gross


@rule
def back_charge(books: Books, row: Row) -> None:
    books.new_bill(row, row["单据号"], "1122.04")


@rule
def reduction(books: Books, row: Row) -> None:
    bill, volume = books.bills[row["账单号"]], int(row["水量"])
    net, levies = books.price("N", volume)
    vat = half_up(net * 3, 103)
    gross = net + sum(levies)
    books.red((bill.account, gross), ("6001.01", vat - net), ("2221.02", -vat), *levy_lines("2241.01", levies, -1))
    bill.gross -= gross
    bill.levies = tuple(a - b for a, b in zip(bill.levies, levies, strict=True))
    books.sums["charged"].subtract({"volume": volume, "net": net, "vat": vat, "gross": gross})


@rule
def cash_receipt(books: Books, row: Row) -> None:
    receipt(books, row, cash(row), rest="2203.03")


@rule
def back_charge_receipt(books: Books, row: Row) -> None:
    bill = next(b for b in books.bills.values() if b.account == "1122.04" and b.customer == row["户号"])
    books.post(row, (cash(row), fen(row["金额"])), (bill.account, -bill.gross))
    books.settle(row, bill)


@rule
def removed_meter_receipt(books: Books, row: Row) -> None:
    bill, late = books.oldest(row), fen(row["违约金"])
    vat = half_up(late * 3, 103)
    books.post(
        row, (cash(row), fen(row["金额"])), (bill.account, -bill.gross), ("6301.01", vat - late), ("2221.02", -vat)
    )
    books.settle(row, bill)


@rule
def partial_payment(books: Books, row: Row) -> None:
    customer, amount = row["户号"], fen(row["金额"])
    books.post(row, (cash(row), amount), ("2203.03", -amount))
    books.partial[customer] += amount
    bill = books.oldest(row)
    assert amount < bill.gross
    if books.partial[customer] >= bill.gross:  # E13 at the end of the batch
        books.partial[customer] -= bill.gross
        books.post(row, ("2203.03", bill.gross), (bill.account, -bill.gross))
        books.settle(row, bill)


@rule
def builder_prepayment(books: Books, row: Row) -> None:
    assert fen(row["金额"]) >= 10_000_00
    books.post(row, (cash(row), fen(row["金额"])), ("2203.02", -fen(row["金额"])))


@rule
def tm_sale(books: Books, row: Row) -> None:
    net, levies = books.price("R", 1)
    assert fen(row["金额"]) == int(row["水量"]) * (net + sum(levies))  # the card stands at tier 1
    books.post(row, (cash(row), fen(row["金额"])), ("2203.01", -fen(row["金额"])))


@rule
def tm_recognition(books: Books, row: Row) -> None:
    volume = int(row["水量"])
    price, levies = books.price("R", 1)
    net, levies = volume * price, tuple(volume * levy for levy in levies)
    vat, gross = half_up(net * 3, 103), net + sum(levies)
    books.post(row, ("1122.03", gross), ("6001.01", vat - net), ("2221.02", -vat), *levy_lines("2241.01", levies, -1))
    bill = Bill(row["单据号"], row["户号"], row["所属月"], "1122.03", gross, levies)
    books.post(row, ("2203.01", gross), ("1122.03", -gross))
    books.settle(row, bill)
    books.sums["charged"].update(volume=volume, net=net, vat=vat, gross=gross)


@rule
def materials(books: Books, row: Row) -> None:
    amount = fen(row["金额"])
    vat = half_up(amount * 13, 113)
    books.post(row, (cash(row), amount), ("6051.01", vat - amount), ("2221.01", -vat))


@rule
def cash_difference(books: Books, row: Row) -> None:
    amount = fen(row["金额"])
    other = {
        "发现": (cash(row), "1901"),
        "定责": ("1901", "1221.03"),
        "补齐": ("1221.03", cash(row)),
        "转收入": ("1901", "6301.02"),
    }
    debit, credit = other[row["步骤"]]
    if row["步骤"] == "发现":
        books.post(row, (debit, amount), (credit, -amount))
    else:  # a short is taken on (+1221.03, then cash), an over becomes income
        value = abs(amount)
        books.post(row, *([(credit, value), (debit, -value)] if amount < 0 else [(debit, value), (credit, -value)]))


@rule
def cash_deposit(books: Books, row: Row) -> None:
    books.post(row, (BANKS[row["银行"]], fen(row["金额"])), (cash(row), -fen(row["金额"])))
    books.sums["deposited"][row["收费员"], row["日期"], row["款项类别"]] += fen(row["金额"])


@rule
def scan_receipt(books: Books, row: Row) -> None:
    receipt(books, row, "1012.01", rest="2203.03")


@rule
def scan_settlement(books: Books, row: Row) -> None:
    net, fee, gross = fen(row["到账额"]), fen(row["手续费"]), fen(row["交易额"])
    books.post(row, (BANKS[row["银行"]], net), ("6603.02", fee), ("1012.01", -gross))


@rule
def slip_receipt(books: Books, row: Row) -> None:
    receipt(books, row, "1012.02", rest="2203.04")


@rule
def slip_arrival(books: Books, row: Row) -> None:
    books.post(row, (BANKS[row["银行"]], fen(row["金额"])), ("1012.02", -fen(row["金额"])))


@rule
def transfer_receipt(books: Books, row: Row) -> None:
    receipt(books, row, BANKS[row["银行"]], rest="2203.04")


@rule
def cheque_receipt(books: Books, row: Row) -> None:
    assert row["已进账"] == "是"
    receipt(books, row, BANKS[row["银行"]], rest="2203.04")


@rule
def collection_batch(books: Books, row: Row) -> None:
    assert fen(row["金额"]) == books.oldest(row).gross


@rule
def collection_result(books: Books, row: Row) -> None:
    if row["结果"] == "收回":
        receipt(books, row, BANKS[row["银行"]], rest="2203.04")


@rule
def debit_slip(books: Books, row: Row) -> None:
    books.post(row, (BANKS[row["银行"]], fen(row["金额"])), ("1122.09", -fen(row["金额"])))


@rule
def debit_list(books: Books, row: Row) -> None:
    if row["结果"] == "成功":
        receipt(books, row, "1122.09", rest="2203.04")
    else:
        books.post(row, ("1122.09", fen(row["金额"])), ("1002.01", -fen(row["金额"])))


@rule
def interest(books: Books, row: Row) -> None:
    amount = fen(row["金额"])  # two debits, one of them red
    books.debit[BANKS[row["银行"]]] += amount
    books.debit["6603.01"] -= amount
    books.bank_lines.append((BANKS[row["银行"]], row["日期"], amount))


@rule
def bank_charge(books: Books, row: Row) -> None:
    books.post(row, ("1221.05", fen(row["金额"])), (BANKS[row["银行"]], -fen(row["金额"])))


@rule
def invoice_unpaid(books: Books, row: Row) -> None:
    bill = books.oldest(row)
    lines = (("1221.04", bill.gross), (bill.account, -bill.gross))
    books.post(row, *lines) if row["步骤"] == "打印" else books.red(*lines)


@rule
def bad_debt(books: Books, row: Row) -> None:
    bill = books.oldest(row)
    bill.open = False
    books.post(
        row,
        ("1231", bill.gross - sum(bill.levies)),
        *levy_lines("2241.01", bill.levies, 1),
        (bill.account, -bill.gross),
    )


@rule
def head_office_tax(books: Books, row: Row) -> None:
    books.post(row, ("2221.02", fen(row["金额"])), ("1221.02", -fen(row["金额"])))


@rule
def levy_remittance(books: Books, row: Row) -> None:
    due = f"2241.02.0{LEVIES.index(row['代征项目']) + 1}"
    bank = BANKS[row["银行"]]
    books.post(row, (due, fen(row["金额"])), (bank, -fen(row["金额"])))
    last = books.bank_lines.pop()  # one bank line per form, not per levy
    before = books.bank_lines[-1]
    if row["缴款书号"] in books.sums["forms"]:
        books.bank_lines[-1] = (bank, row["日期"], before[2] + last[2])
    else:
        books.bank_lines.append(last)
    books.sums["forms"][row["缴款书号"]] += fen(row["金额"])


@rule
def head_office_transfer(books: Books, row: Row) -> None:
    assert len({row["录入"], row["复核"], row["审批"]}) == 3
    books.post(row, ("1221.01", fen(row["金额"])), (BANKS[row["银行"]], -fen(row["金额"])))
    books.sums[row["单据号"]][row["款项类别"]] += fen(row["金额"])


@rule
def head_office_receipt(books: Books, row: Row) -> None:
    books.post(row, ("1221.02", fen(row["金额"])), ("1221.01", -fen(row["金额"])))
    books.sums[row["单据号"]][row["款项类别"]] += fen(row["金额"])


def keep(*months: str) -> Books:
    books = Books()
    for month in months:
        for kind, row in documents(month):
            RULES[kind](books, row)
    return books


@pytest.fixture(scope="module")
def june() -> Books:
    """The books at 2023-06-30."""
    return keep("2023-06")


@pytest.fixture(scope="module")
def july() -> Books:
    """The books after the events of §6.6."""
    return keep("2023-06", "2023-07")


# ---- what the month must say ----

TRIAL_BALANCE = """
1001.C01         500.00      455.30      455.30       500.00 | 2203.01            0.00      103.50      103.50         0.00
1001.C02         500.00   12,475.05   12,475.05       500.00 | 2203.02            0.00        0.00   12,000.00   -12,000.00
1002.01       10,200.00   18,623.24   25,850.44     2,972.80 | 2203.03            0.00       41.40       50.00        -8.60
1002.02        3,000.00    2,736.81    3,000.00     2,736.81 | 2203.04            0.00        0.00      108.00      -108.00
1012.01            0.00       41.40       41.40         0.00 | 2221.01            0.00        0.00       26.00       -26.00
1012.02            0.00    1,596.00    1,500.00        96.00 | 2221.02       -1,234.56    1,234.56      219.92      -219.92
1122.01           75.90      265.70      203.60       138.00 | 2241.01.01       -49.40    2,486.40    3,175.00      -738.00
1122.02            0.00   10,708.00    8,308.00     2,400.00 | 2241.01.02       -13.00      453.00      575.00      -135.00
1122.03            0.00      103.50      103.50         0.00 | 2241.01.03        -2.60       90.60      115.00       -27.00
1122.04            0.00      328.00      328.00         0.00 | 2241.02.01    -2,850.00    2,850.00    2,481.65    -2,481.65
1122.05          103.50        0.00      103.50         0.00 | 2241.02.02      -750.00      750.00      451.75      -451.75
1122.06            0.00       10.00        0.00        10.00 | 2241.02.03      -150.00      150.00       90.35       -90.35
1122.09            0.00        0.00       65.55       -65.55 | 6001.01            0.00        0.00    7,320.58    -7,320.58
1221.01        3,000.00   25,100.44   28,088.10        12.34 | 6051.01            0.00        0.00      200.00      -200.00
1221.02      250,000.00   28,088.10    1,234.56   276,853.54 | 6301.01            0.00        0.00       10.00       -10.00
1221.03            0.00        5.00        5.00         0.00 | 6301.02            0.00        0.00        0.50        -0.50
1221.04            0.00        0.00        0.00         0.00 | 6603.01            0.00      -18.00        0.00       -18.00
1231            -500.00       11.00        0.00      -489.00 | 6603.02            0.00        0.25        0.00         0.25
1901               0.00        5.50        5.50         0.00 | 9000        -261,829.84        0.00        0.00  -261,829.84
"""
"""domain.md §6.4, to the letter: account, opening, turnover debit and credit, closing."""


def test_opening_is_difference_of_assets_and_liabilities(june: Books) -> None:
    """The opening sums to zero, 9000 taking the difference (§6.1)."""
    assert sum(june.opening.values()) == 0
    assert june.opening["9000"] == -261_829_84


def test_opening_items_and_bank_balance_make_the_book_balance(june: Books) -> None:
    """Statement balance ± open items = the book's opening, per bank (§9.2)."""
    assert june.sums["opening_items"] == {bank: june.opening[bank] for bank in BANKS.values()}


def test_open_opening_bills_equal_the_opening_rows(june: Books) -> None:
    """Each opening bill stands in the opening with its gross and its three levies (§10)."""
    expected: Counter[tuple[str, str]] = Counter()
    for kind, row in documents("2023-06"):
        if kind == "opening_bills":
            levies = [fen(row[levy]) for levy in LEVIES]
            expected[row["账单号"], row["科目"]] = fen(row["净水价"]) + sum(levies)
            for index, levy in enumerate(levies, 1):
                expected[row["账单号"], f"2241.01.0{index}"] = -levy
    assert june.sums["opening_bills"] == expected


def test_trial_balance(june: Books) -> None:
    """Every account of §6.4: opening, both turnovers with the red-letter rule, closing."""
    expected = {}
    for half in TRIAL_BALANCE.replace("|", "\n").split("\n"):
        if half.strip():
            account, *figures = half.split()
            expected[account] = tuple(fen(figure) for figure in figures)
    actual = {
        account: (
            june.opening[account],
            june.debit[account],
            june.credit[account],
            june.opening[account] + june.debit[account] - june.credit[account],
        )
        for account in expected.keys() | june.opening.keys() | june.debit.keys() | june.credit.keys()
    }
    assert actual == expected
    assert sum(june.debit.values()) == sum(june.credit.values()) == 108_694_75


def test_charges(june: Books) -> None:
    """§6.2: 2,300 m³, net 7,540.20 with VAT 219.62, bills 11,405.20."""
    assert june.sums["charged"] == {"volume": 2300, "net": 7_540_20, "vat": 219_62, "gross": 11_405_20}


def test_bank_journal_day_balances(june: Books) -> None:
    """R09 of §6.5."""
    expected = {
        "1002.01": "06-09 10320.80 06-12 10775.85 06-13 11105.35 06-15 8255.35 06-16 20255.35 06-20 25055.35"
        " 06-21 25067.69 06-26 25087.69 06-29 2987.25 06-30 2972.80",
        "1002.02": "06-09 3041.15 06-19 5731.15 06-21 5736.81 06-28 2736.81",
    }
    for bank, days in expected.items():
        balance, balances = june.opening[bank], {}
        for account, date, amount in june.bank_lines:
            if account == bank:
                balance += amount
                balances[date[5:]] = balance
        words = days.split()
        assert balances == {day: fen(amount) for day, amount in zip(words[::2], words[1::2], strict=True)}


def test_every_drawer_banks_what_it_took() -> None:
    """Deposits of a drawer-day equal its takings per category, over and short aside (E19)."""
    taken: Counter[tuple[str, str, str]] = Counter()
    fund_of = {
        "cash_receipt": "水费",
        "back_charge_receipt": "监察大队",
        "removed_meter_receipt": "补缴水费",
        "tm_sale": "TM卡水费",
        "materials": "材料费",
        "builder_prepayment": "预交水费",
        "partial_payment": "预收部分水费",
    }
    for kind, row in documents("2023-06"):
        if kind in fund_of:
            taken[row["收费员"], row["日期"], fund_of[kind]] += fen(row["金额"])
        elif kind == "cash_difference" and row["步骤"] == "发现" and fen(row["金额"]) > 0:
            taken[row["收费员"], row["日期"], "水费"] += fen(row["金额"])
    assert keep("2023-06").sums["deposited"] == taken


def test_transfer_to_head_office(june: Books) -> None:
    """R11 of §5: ZK-0629 by category, and SJ-0630 all of it but the interest."""
    amounts = "9435.80 260.00 65.30 66.00 226.00 12000.00 35.00 12.34".split()
    expected = {fund: fen(amount) for fund, amount in zip(FUNDS, amounts, strict=True)}
    assert june.sums["ZK-0629"] == expected
    assert sum(expected.values()) == 22_100_44
    assert june.sums["SJ-0630"] == {fund: amount for fund, amount in expected.items() if fund != "银行存款利息"}


def test_after_month_end(july: Books) -> None:
    """§6.6: what the four July documents leave."""
    accounts = july.opening.keys() | july.debit.keys() | july.credit.keys()
    closing = {account: july.opening[account] + july.debit[account] - july.credit[account] for account in accounts}
    assert closing["1002.01"] == 5_326_75
    assert closing["1122.09"] == 0
    assert sum(amount for account, amount in closing.items() if account.startswith("1122")) == 113_50
    assert -sum(amount for account, amount in closing.items() if account.startswith("2241.01")) == 37_50
    assert -sum(amount for account, amount in closing.items() if account.startswith("2241.02")) == 3_886_25
    assert closing["1221.01"] == 0


# ---- bank statements ----


def statement(month: str, bank: str) -> tuple[int, list[tuple[str, int]], int]:
    """Opening balance, lines (date, + in / − out) oldest first, closing; the running balance is checked."""
    path = DEMO / month / "statements" / ("ICBC-0101.csv" if bank == "1002.01" else "BOC-0202.csv")
    if bank == "1002.01":
        head, _, body = text_of(path).partition("\r\n")
        assert head == "[HISTORYDETAIL]"
        newest_first = list(csv.DictReader(io.StringIO(body, newline="")))
        lines = [
            (row["交易时间"][:10], fen(row["转入金额"]) - fen(row["转出金额"]), fen(row["余额"]))
            for row in reversed(newest_first)
        ]
        opening = lines[0][2] - lines[0][1]
    else:
        first, *middle, last = rows_of(path)
        assert (first["摘要"], last["摘要"]) == ("期初余额", "期末余额")
        opening = fen(first["余额"])
        lines = [(row["交易日期"], fen(row["贷方发生额"]) - fen(row["借方发生额"]), fen(row["余额"])) for row in middle]
        assert fen(last["余额"]) == (lines[-1][2] if lines else opening)
    balance = opening
    for _, amount, running in lines:
        balance += amount
        assert running == balance
    return opening, [(date, amount) for date, amount, _ in lines], balance


@pytest.mark.parametrize(
    ("month", "bank", "opening", "closing"),
    [
        ("2023-06", "1002.01", 10_000_00, 5_206_75),
        ("2023-06", "1002.02", 3_000_00, 2_736_81),
        ("2023-07", "1002.01", 5_206_75, 5_126_75),
        ("2023-07", "1002.02", 2_736_81, 2_736_81),
    ],
)
def test_statement_balances(month: str, bank: str, opening: int, closing: int) -> None:
    """Each statement foots line by line, and each opening is the last closing."""
    first, _, last = statement(month, bank)
    assert (first, last) == (opening, closing)


def test_adjustment_table_of_icbc(june: Books) -> None:
    """R14 of §5: the lines left over on both sides, and both adjusted balances 5,326.75."""
    book = Counter((date, amount) for account, date, amount in june.bank_lines if account == "1002.01")
    _, lines, closing = statement("2023-06", "1002.01")
    bank = Counter(lines)
    assert book - bank == {("2023-06-30", 820_00): 1, ("2023-06-30", -900_00): 1}
    assert bank - book == {("2023-06-30", 2_400_00): 1, ("2023-06-30", -31_05): 1, ("2023-06-30", -15_00): 1}
    assert closing + 200_00 + 820_00 - 900_00 == 2_972_80 + 2_400_00 - 31_05 - 15_00 == 5_326_75


def test_boc_has_no_open_items(june: Books) -> None:
    """中行0202: book = statement, line by line."""
    book = Counter((date, amount) for account, date, amount in june.bank_lines if account == "1002.02")
    assert book == Counter(statement("2023-06", "1002.02")[1])


def test_july_clears_the_open_items(july: Books) -> None:
    """After §6.6 only the 200.00 of March is open: book 5,326.75 = bank 5,126.75 + 200.00."""
    book = Counter(amount for account, _, amount in july.bank_lines if account == "1002.01")
    lines = statement("2023-06", "1002.01")[1] + statement("2023-07", "1002.01")[1]
    assert book == Counter(amount for _, amount in lines)


# ---- the files themselves ----


def test_file_dates_are_document_dates() -> None:
    """A file named 0609-… holds documents of that day only."""
    for month in ("2023-06", "2023-07"):
        for path in (DEMO / month).glob("*.csv"):
            day = f"2023-{path.name[:2]}-{path.name[2:4]}"
            assert {row["日期"] for row in rows_of(path)} == {day}, path.name


def test_encodings_met_in_the_field_are_among_them() -> None:
    """Plain UTF-8, UTF-8 with BOM and GB18030."""
    kinds = set()
    for path in DEMO.rglob("*.csv"):
        data = path.read_bytes()
        try:
            data.decode()
            kinds.add("bom" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
        except UnicodeDecodeError:
            data.decode("gb18030")
            kinds.add("gb18030")
    assert kinds == {"utf-8", "bom", "gb18030"}
