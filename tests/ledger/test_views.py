"""Views of June 2023 against the figures of the specification (§5, §6), on both databases."""

# ruff: noqa: F401, F811 - fixtures come by import

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from ledger import views
from ledger.errors import NotFound
from ledger.money import parse_fen
from tests.exports import june
from tests.exports.conftest import book, chart, july_store, june_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store

BOOK = june.BOOK_ID
START, END = dt.date(2023, 6, 1), dt.date(2023, 6, 30)
TRANSIT = "1221.01"

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

DAY_BALANCES = {
    june.TOWN: "06-09 10,320.80 06-12 10,775.85 06-13 11,105.35 06-15 8,255.35 06-16 20,255.35 06-20 25,055.35 "
    "06-21 25,067.69 06-26 25,087.69 06-29 2,987.25 06-30 2,972.80",
    june.WEST: "06-09 3,041.15 06-19 5,731.15 06-21 5,736.81 06-28 2,736.81",
}


@pytest.fixture(scope="session")
def deposit_banks(book: Book) -> dict[str, str]:
    return {cashier.code: cashier.deposit_bank for cashier in book.cashiers}


def table(text: str) -> dict[str, list[int]]:
    return {
        name: [parse_fen(part) for part in rest] for name, *rest in (line.split() for line in text.strip().splitlines())
    }


# -- balances ----------------------------------------------------------------------------


def test_the_trial_balance_of_june_is_that_of_the_specification(june_store: Store) -> None:
    """§6.4, every account and column, red letters in their own column."""
    with june_store.reading() as session:
        frame = views.trial_balance(session, BOOK, START, END)
    assert {row[0]: list(row[1:]) for row in frame.iter_rows()} == table(TRIAL_BALANCE)


def test_every_day_of_the_month_balances(june_store: Store) -> None:
    """Debits equal credits on any date, past ones too."""
    with june_store.reading() as session:
        for day in range(1, 31):
            frame = views.trial_balance(session, BOOK, START, dt.date(2023, 6, day))
            assert frame["debit"].sum() == frame["credit"].sum()
            assert frame["closing"].sum() == 0


def test_balances_of_a_past_day_stay_what_they_were(july_store: Store) -> None:
    """What July posts does not change what 30 June says."""
    with july_store.reading() as session:
        assert views.balance(session, BOOK, june.TOWN, END) == 297280
        assert views.balance(session, BOOK, june.TOWN, dt.date(2023, 7, 4)) == 532675
        assert views.balance(session, BOOK, "1122", END) == 248245
        assert views.balance(session, BOOK, "1122", dt.date(2023, 7, 4)) == 11350
        assert views.balance(session, BOOK, "2241.01", dt.date(2023, 7, 4)) == -3750
        assert views.balance(session, BOOK, "2241.02", dt.date(2023, 7, 4)) == -388625
        assert views.balance(session, BOOK, TRANSIT, dt.date(2023, 7, 4)) == 0
        assert views.balance(session, BOOK, "1001", END, cashier="C01") == 50000


def test_the_opening_is_never_turnover(june_store: Store) -> None:
    """A period that contains the cut-over shows E01 as its opening."""
    with june_store.reading() as session:
        frame = views.trial_balance(session, BOOK, dt.date(2023, 5, 1), dt.date(2023, 5, 31))
        assert frame.select(pl.col("debit", "credit").sum()).row(0) == (0, 0)
        assert frame.filter(pl.col("opening") > 0)["opening"].sum() == 26737940
        whole = views.trial_balance(session, BOOK, dt.date(2023, 1, 1), END)
        assert whole["debit"].sum() == 10869475
        journal = views.bank_journal(session, BOOK, june.TOWN, dt.date(2023, 5, 1), END)
        assert journal.row(0, named=True)["balance"] == 1020000
        assert journal.filter(pl.col("section") == "line").height == 23


def test_before_the_first_entry_there_is_nothing(store: Store, book: Book, chart: Chart) -> None:
    """An empty book gives empty frames, not errors."""
    june.open_book(store, book, chart)
    with store.reading() as session:
        assert views.dates(session, BOOK) is None
        assert views.state(session, BOOK).last_entry == 0
        assert views.trial_balance(session, BOOK, START, END).is_empty()
        assert views.journal(session, BOOK, START, END).is_empty()
        assert views.receivables(session, BOOK, END, accounts=("1122",)).is_empty()
        assert views.bank_journal(session, BOOK, june.TOWN, START, END)["section"].to_list() == ["opening"]
        assert views.transfers(session, BOOK, START, END, deposit_banks={}, transit=TRANSIT).is_empty()
        assert views.fund_positions(session, BOOK, START, END, deposit_banks={}, transit=TRANSIT).is_empty()


def test_an_unsealed_batch_is_invisible(new_store: Callable[[str], Store], book: Book, chart: Chart) -> None:
    """Also after later batches are sealed behind it (SQLite; PostgreSQL seals every commit)."""
    store = new_store("sqlite")
    june.open_book(store, book, chart)
    june.post(store, [june.OPENING])
    june.post(store, june.BILLS[:3], seal=False)
    with store.reading() as session:
        before = views.trial_balance(session, BOOK, START, END)
    assert before["debit"].sum() == 0
    june.post(store, june.BILLS[3:4])
    with store.reading() as session:
        assert views.trial_balance(session, BOOK, START, END)["debit"].sum() == 3105
        lines = views.lines(session, BOOK, START, END)
        assert lines["doc_no"].unique().to_list() == ["B-R4"]
        bills = views.receivables(session, BOOK, END, accounts=("1122.01",))
        assert sorted(bills["document"]) == ["B-R4", "B-R7-04", "B-R7-05"]
        assert views.journal_size(session, BOOK, START, END) == 1
        with pytest.raises(NotFound):
            views.entry(session, BOOK, "charge/B-R1")


# -- bank journal --------------------------------------------------------------------------


@pytest.mark.parametrize("bank", [june.TOWN, june.WEST])
def test_day_balances_of_the_bank_journal(june_store: Store, bank: str) -> None:
    """§6.5 R09: the balance after each day with movements."""
    words = DAY_BALANCES[bank].split()
    expected = {f"2023-{day}": parse_fen(amount) for day, amount in zip(words[::2], words[1::2], strict=True)}
    with june_store.reading() as session:
        frame = views.bank_journal(session, BOOK, bank, START, END)
    days = frame.filter(pl.col("section") == "day")
    assert {str(row["date"]): row["balance"] for row in days.iter_rows(named=True)} == expected
    assert frame.filter(pl.col("section") != "line")["voucher"].unique().to_list() == [""]
    month, year = (frame.filter(pl.col("section") == name).row(0, named=True) for name in ("month", "year"))
    assert (month["debit"], month["credit"]) == (year["debit"], year["credit"])


def test_bank_journal_rows_stand_in_order(june_store: Store) -> None:
    """Opening first, lines of a day, its total, month and year last."""
    with june_store.reading() as session:
        frame = views.bank_journal(session, BOOK, june.WEST, START, END)
    assert frame["section"].to_list() == [
        "opening", "line", "day", "line", "line", "day", "line", "day", "line", "day", "month", "year",
    ]  # fmt: skip


def test_contra_accounts_leave_the_levy_move_out(june_store: Store) -> None:
    """What stands against a bank line, per line of its fund; the levy move is not business of the bank."""
    with june_store.reading() as session:
        frame = views.bank_journal(session, BOOK, june.TOWN, START, END)
    contra = {row["document"]: row["contra"] for row in frame.iter_rows(named=True)}
    assert contra["JK-0612-2"] == "1001.C02"
    assert contra["ZP-0630"] == "1122.02"
    assert contra["LX-0621-1"] == "6603.01"
    assert contra["CZ-0630"] == "2241.02.02,2241.02.03"
    assert contra["ZK-0629"] == TRANSIT


def test_the_year_goes_on_over_the_months(july_store: Store) -> None:
    """本年累计 of July contains June."""
    with july_store.reading() as session:
        frame = views.bank_journal(session, BOOK, june.TOWN, dt.date(2023, 7, 1), dt.date(2023, 7, 31))
    year = frame.filter(pl.col("section") == "year").row(0, named=True)
    assert (year["debit"], year["credit"]) == (1862324 + 240000, 2585044 + 3105 + 1500)
    assert year["balance"] == 532675


# -- receivables ---------------------------------------------------------------------------

AR = ("1122.01", "1122.02", "1122.03", "1122.04", "1122.05", "1122.06")


def test_open_bills_of_the_month_end(june_store: Store) -> None:
    """§6.5 R26."""
    with june_store.reading() as session:
        frame = views.receivables(session, BOOK, END, accounts=AR)
        only = views.receivables(session, BOOK, END, accounts=AR, customer="R7")
        west = views.receivables(session, BOOK, END, accounts=AR, branch="B02")
        held = views.advances(session, BOOK, END, family="2203")
    rows = [
        tuple(row.values()) for row in frame.select("customer", "bill_month", "amount", "bucket").iter_rows(named=True)
    ]
    assert rows == [
        ("E2", "2023-06", 240000, "0"), ("E5", "2023-06", 1000, "0"), ("R3", "2023-06", 3450, "0"),
        ("R4", "2023-06", 3105, "0"), ("R7", "2023-05", 3450, "1-3"), ("R7", "2023-06", 3795, "0"),
    ]  # fmt: skip
    assert frame["amount"].sum() == 254800
    assert only["document"].to_list() == ["B-R7-05", "B-R7"]
    assert west["customer"].to_list() == ["E5"]
    assert dict(held.select("customer", "amount").iter_rows()) == {"B1": 1200000, "E3": 10800, "R7": 860}


def test_open_bills_of_any_day(june_store: Store) -> None:
    """As they were: before E1's collection came back, E1 owed."""
    with june_store.reading() as session:
        frame = views.receivables(session, BOOK, dt.date(2023, 6, 19), accounts=AR)
        assert frame.filter(pl.col("customer") == "E1")["amount"].to_list() == [480000]
        opened = views.receivables(session, BOOK, dt.date(2023, 5, 31), accounts=AR)
        assert dict(opened.select("document", "bucket").iter_rows()) == {
            "B-R7-04": "1-3", "B-R7-05": "0", "B-R6": "1-3", "B-R8": "25-36",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("months", "name"),
    [(-1, "0"), (0, "0"), (1, "1-3"), (3, "1-3"), (4, "4-6"), (6, "4-6"), (7, "7-12"), (12, "7-12"), (13, "13-24"),
     (24, "13-24"), (25, "25-36"), (36, "25-36"), (37, "37+"), (400, "37+")],
)  # fmt: skip
def test_ageing_buckets(months: int, name: str) -> None:
    """Whole months; a bill of the coming month is current."""
    assert pl.DataFrame({"m": [months]}).select(views.bucket("m")).item() == name


def receivable_ledger(store: Store, chart: Chart, book: Book, **options: str) -> pl.DataFrame:
    levies = {levy.item: chart.levy("billed", levy.item) for levy in book.levies}
    with store.reading() as session:
        return views.receivable_ledger(
            session, BOOK, START, END, family="1122", pending="1122.09", levies=levies, **options
        )  # fmt: skip


def test_the_receivables_roll_forward(june_store: Store, book: Book, chart: Chart) -> None:
    """§6.5: 179.40 + 11,405.20 − settled 9,019.35 − written off 17.25 − pending 65.55 = 2,482.45."""
    rolled = views.rollforward(receivable_ledger(june_store, chart, book))
    assert rolled == {
        "opening": 17940, "billed": 1145320, "red": 4800, "collected": 901935, "written_off": 1725,
        "transferred": 0, "pending": 6555, "closing": 248245,
    }  # fmt: skip
    assert rolled["billed"] - rolled["red"] == 1140520


def test_a_customers_ledger(june_store: Store, book: Book, chart: Chart) -> None:
    """R7: opening 75.90, June's bill, April settled from the advance; the levies inside."""
    frame = receivable_ledger(june_store, chart, book, customer="R7")
    assert frame["balance"].to_list() == [7590, 11385, 7245]
    assert frame["movement"].to_list() == [None, "billed", "collected"]
    assert frame.select("sewage", "water_resource", "surcharge").rows()[1:] == [(1045, 275, 55), (-1140, -300, -60)]


def test_levies_of_a_bill_stand_once(june_store: Store, book: Book, chart: Chart) -> None:
    """A short payment has two lines on one bill: its levies are not counted twice."""
    frame = receivable_ledger(june_store, chart, book, customer="E5").filter(pl.col("movement") == "collected")
    assert frame["sewage"].sum() == -35000
    whole = receivable_ledger(june_store, chart, book)
    assert whole["sewage"].sum() == 73800 - 4940


# -- funds ---------------------------------------------------------------------------------


def test_fund_positions_of_june(june_store: Store, deposit_banks: dict[str, str]) -> None:
    """§6.5 R24, in total and per bank."""
    with june_store.reading() as session:
        frame = views.fund_positions(session, BOOK, START, END, deposit_banks=deposit_banks, transit=TRANSIT)
    money = ["opening", "receipts", "to_levy", "paid_out", "closing"]
    by_fund = {row[0]: row[1:] for row in frame.group_by("fund").agg(pl.col(money).sum()).iter_rows()}
    assert by_fund == {
        "水费": (945000, 863400, -287200, 1243580, 277620),
        "监察大队": (0, 32800, -6800, 26000, 0),
        "补缴水费": (0, 9655, -3125, 6530, 0),
        "TM卡水费": (0, 10350, -3750, 6600, 0),
        "材料费": (0, 22600, 0, 22600, 0),
        "预交水费": (0, 1200000, 0, 1200000, 0),
        "预收部分水费": (0, 5000, -1500, 3500, 0),
        "银行存款利息": (0, 1800, 0, 1234, 566),
        "代征": (375000, 0, 302375, 375000, 302375),
        "零钞": (100000, 0, 0, 0, 100000),
    }
    assert frame.select(pl.col(money).sum()).row(0) == (1420000, 2145605, 0, 2885044, 680561)
    held = frame.filter(pl.col("closing") != 0).select("bank", "fund", "closing").rows()
    assert sorted(held, key=str) == sorted([
        (june.TOWN, "水费", 91605), (june.WEST, "水费", 186015), (june.WEST, "银行存款利息", 566),
        (june.TOWN, "代征", 205675), (june.WEST, "代征", 96700), (None, "零钞", 100000),
    ], key=str)  # fmt: skip


def test_positions_tie_to_the_money_every_day(june_store: Store, deposit_banks: dict[str, str]) -> None:
    """Invariant 5: cash + bank + in transit = Σ positions, and 代征 = levies due, to the fen, each day."""
    with june_store.reading() as session:
        for day in range(1, 31):
            date = dt.date(2023, 6, day)
            frame = views.fund_positions(session, BOOK, START, date, deposit_banks=deposit_banks, transit=TRANSIT)
            money = sum(views.balance(session, BOOK, family, date) for family in views.MONEY)
            assert frame["closing"].sum() == money
            levy = frame.filter(pl.col("fund") == "代征")["closing"].sum()
            assert levy == -views.balance(session, BOOK, views.LEVY_DUE, date)
            rolled = pl.col("opening") + pl.col("receipts") + pl.col("to_levy") - pl.col("paid_out")
            assert frame.filter(rolled != pl.col("closing")).is_empty()


def test_transfers_to_head_office(june_store: Store, deposit_banks: dict[str, str]) -> None:
    """§5 R11: every figure of ZK-0629."""
    with june_store.reading() as session:
        frame = views.transfers(session, BOOK, START, END, deposit_banks=deposit_banks, transit=TRANSIT)
    rows = frame.filter(pl.col("transfer") == "ZK-0629").drop("transfer", "date", "bank")
    assert rows.columns == [
        "fund", "opening", "received", "to_levies", "available", "transferred", "left", "receipts", "receipted", "difference",
    ]  # fmt: skip
    assert {row[0]: row[1:] for row in rows.iter_rows()} == {
        "水费": (645000, 492130, 173500, 963630, 943580, 20050, "SJ-0630", 943580, 0),
        "监察大队": (0, 32800, 6800, 26000, 26000, 0, "SJ-0630", 26000, 0),
        "补缴水费": (0, 9655, 3125, 6530, 6530, 0, "SJ-0630", 6530, 0),
        "TM卡水费": (0, 10350, 3750, 6600, 6600, 0, "SJ-0630", 6600, 0),
        "材料费": (0, 22600, 0, 22600, 22600, 0, "SJ-0630", 22600, 0),
        "预交水费": (0, 1200000, 0, 1200000, 1200000, 0, "SJ-0630", 1200000, 0),
        "预收部分水费": (0, 5000, 1500, 3500, 3500, 0, "SJ-0630", 3500, 0),
        "银行存款利息": (0, 1234, 0, 1234, 1234, 0, "", 0, 1234),
    }
    west = frame.filter(pl.col("transfer") == "ZK-0628")
    assert west["transferred"].sum() == 300000


def test_a_second_transfer_begins_where_the_first_left(
    store: Store, book: Book, chart: Chart, deposit_banks: dict[str, str]
) -> None:
    """§9.2: 期初未转 of a later transfer is the position after the previous one; same day, by entry."""
    june.post_june(store, book, chart)
    again = [
        june.Entry(
            "06-30", "head_office_transfer", "E26", number, "再转", june.sent(number, june.TOWN, {"水费": amount})
        )
        for number, amount in (("ZK-0630-1", "300.00"), ("ZK-0630-2", "616.05"))
    ]
    june.post(store, again)
    with store.reading() as session:
        frame = views.transfers(session, BOOK, START, END, deposit_banks=deposit_banks, transit=TRANSIT)
    columns = ["opening", "received", "to_levies", "available", "transferred", "left"]
    water = frame.filter((pl.col("fund") == "水费") & (pl.col("bank") == june.TOWN))
    assert water["transfer"].to_list() == ["ZK-0629", "ZK-0630-1", "ZK-0630-2"]
    # between the two: the cheque of 820.00 with levies of 170.00, and the direct debits 65.55
    assert water.select(columns).rows()[1:] == [
        (20050, 88555, 17000, 91605, 30000, 61605),
        (61605, 0, 0, 61605, 61605, 0),
    ]


def test_levies_of_june(june_store: Store, chart: Chart, book: Book) -> None:
    """§5 R13."""
    items = [levy.item for levy in book.levies]
    billed, due = ({item: chart.levy(stage, item) for item in items} for stage in ("billed", "due"))
    with june_store.reading() as session:
        frame = views.levies(session, BOOK, START, END, billed=billed, due=due)
    assert frame.rows() == [
        ("sewage", 285000, 317500, 248165, 285000, "CZ-0615", 248165, 73800, 4940, 475),
        ("water_resource", 75000, 57500, 45175, 75000, "CZ-0630", 45175, 13500, 1300, 125),
        ("surcharge", 15000, 11500, 9035, 15000, "CZ-0630", 9035, 2700, 260, 25),
    ]


def test_recoveries_and_reductions_of_paid_bills(store: Store, book: Book, chart: Chart) -> None:
    """§9.2: recoveries reduce 核销, red levy moves 本期实收, red reductions 本期代征."""
    june.post_june(store, book, chart)
    of = june.of("E1")
    recovery = june.Entry("06-30", "recovery", "E32", "SH-1", "R8 收回已核销", [
        june.dr("1122.05", "17.25", **june.R8), june.cr("1231", "11.00"),
        *june.billed("4.75/1.25/0.25", **june.R8)])  # fmt: skip
    reduction = june.Entry("06-30", "reduction", "E04", "SQ-2", "E1 已缴账单核减", [
        june.cr("2203.04", "4.80", customer="E1", document="SQ-2", fund="水费", bank=june.TOWN),
        june.cr("6001.01", "-3.01", branch="B01", item="water/N"), june.cr("2221.02", "-0.09", item="water"),
        june.dr("2241.02.01", "1.40", item="sewage", fund="水费", bank=june.TOWN, customer="E1", bill_month="2023-06"),
        june.cr("2241.01.01", "1.40", item="sewage", **of), june.cr("2241.01.01", "-1.40", item="sewage", **of),
        june.dr("2241.02.02", "0.30", item="water_resource", fund="水费", bank=june.TOWN, customer="E1", bill_month="2023-06"),
        june.cr("2241.01.02", "0.30", item="water_resource", **of), june.cr("2241.01.02", "-0.30", item="water_resource", **of)])  # fmt: skip
    june.post(store, [recovery, reduction])
    items = [levy.item for levy in book.levies]
    billed, due = ({item: chart.levy(stage, item) for item in items} for stage in ("billed", "due"))
    with store.reading() as session:
        frame = views.levies(session, BOOK, START, END, billed=billed, due=due)
    sewage = frame.row(0, named=True)
    assert (sewage["written_off"], sewage["collected"], sewage["billed"]) == (0, 248165 - 140, 317500 - 140)
    assert sewage["closing_uncollected"] == 73800 + 475
    rolled = views.rollforward(receivable_ledger(store, chart, book))
    assert rolled["written_off"] == 0


# -- entries -------------------------------------------------------------------------------


def test_an_entry_by_all_its_names(june_store: Store) -> None:
    """Id, voucher with and without month, kind/number, number."""
    with june_store.reading() as session:
        found = views.entry(session, BOOK, "head_office_transfer/ZK-0629")
        number = found.head["entry_id"]
        voucher = found.head["voucher"]
        for name in (number, str(number), voucher, f"2023-06/{voucher}", "ZK-0629", str(voucher).replace("-00", "")):
            assert views.entry(session, BOOK, name).head["entry_id"] == number
        assert found.head["approver"] == "P01"
        assert found.lines["debit"].sum() == found.lines["credit"].sum() == 2210044
        assert found.head["recorded_at"] == june.NOW


def test_names_of_nothing_and_of_several_are_refused(june_store: Store) -> None:
    """记-0001 exists in May and in June."""
    with june_store.reading() as session:
        with pytest.raises(NotFound, match="2023-05/记-0001 opening/QC-202305"):
            views.entry(session, BOOK, "记-0001")
        for name in ("999999", "2023-06/记-9999", "charge/ZK-0629", "无此号"):
            with pytest.raises(NotFound):
                views.entry(session, BOOK, name)


def test_the_journal_in_pages(june_store: Store) -> None:
    """Pages of whole entries, in order, without gap or overlap."""
    with june_store.reading() as session:
        size = views.journal_size(session, BOOK, START, END)
        seen: list[int] = []
        for offset in range(0, size, 10):
            page = views.journal(session, BOOK, START, END, limit=10, offset=offset)
            seen += page["entry_id"].unique(maintain_order=True).to_list()
            assert page.group_by("entry_id").agg(pl.col("debit").sum() - pl.col("credit").sum())[
                "debit"
            ].unique().to_list() == [0]
        assert size == len(seen) == len(set(seen)) == 57
        assert views.journal(session, BOOK, START, END, limit=5, offset=100).is_empty()


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({"customer": "R7"}, ["B-R7", "SL-0612", "SL-0626", "SL-0626-A1"]),
        ({"customer": "R7", "account": "2203"}, ["SL-0612", "SL-0626", "SL-0626-A1"]),
        ({"account": "1122.06"}, ["ZZ-0619"]),
        ({"document": "LS-0616"}, ["LS-0616", "DZ-0619"]),
        ({"kind": "interest"}, ["LX-0621-1", "LX-0621-2"]),
        ({"account": "11"}, []),
        ({"period": "2023-05"}, []),
    ],
)
def test_the_journal_filtered(june_store: Store, options: dict[str, str], numbers: list[str]) -> None:
    with june_store.reading() as session:
        frame = views.journal(session, BOOK, START, END, **options)
        assert frame["doc_no"].unique(maintain_order=True).to_list() == numbers
        assert views.journal_size(session, BOOK, START, END, **options) == len(numbers)


def test_account_names_never_become_sql(june_store: Store) -> None:
    """Families are written into the statement: only codes are let in."""
    with june_store.reading() as session, pytest.raises(ValueError, match="--"):
        views.turnover(session, BOOK, START, END, accounts=("1122'; --",))


def test_an_entry_without_memo_shows_the_name_of_its_kind(store: Store, book: Book, chart: Chart) -> None:
    """Nobody reads an empty 摘要."""
    june.open_book(store, book, chart)
    deposit = next(entry for entry in june.EVENTS if entry.kind == "cash_deposit")
    june.post(store, [june.OPENING, dataclasses.replace(deposit, memo=None)])
    with store.reading() as session:
        frame = views.bank_journal(session, BOOK, june.TOWN, START, END)
    assert frame.filter(pl.col("section") == "line")["memo"].to_list() == ["现金缴存"]
