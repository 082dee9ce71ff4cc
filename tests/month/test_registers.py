"""The registers of June 2023 from the month's own documents (domain §5, §6.5), on both databases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exports import reports
from exports.render import csv, terminal, xlsx
from ledger import registers, views
from ledger.errors import NotFound
from ledger.journal import reverse
from tests.month.conftest import JULY as JULY_FILES
from tests.month.conftest import JUNE as JUNE_FILES
from tests.month.conftest import Book
from tests.month.test_june import all_tie

JUNE = {"month": "2023-06"}
BUSINESS_DAYS = (1, 5, 9, 12, 13, 16, 19, 20, 25, 26, 29, 30)
NEW = (
    "R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R12", "R16", "R17", "R18", "R19", "R20", "R21", "R22", "R23",
    "R26b", "R27", "R27b", "R27c", "R28", "E34",
)  # fmt: skip


def made(book: Book, name: str, **asked: Any) -> Any:
    with book.ledger.store.reading() as session:
        return reports.build(name, session, book.ledger.book, book.ledger.chart, book_id=book.ledger.book_id, **asked)


def picked(report: dict[str, Any], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in report["rows"]]


@pytest.mark.parametrize("code", NEW)
def test_every_register_ties_on_every_day_of_june(june: Book, code: str) -> None:
    """Month to date, or the day: level on each business day, in every medium."""
    for day in BUSINESS_DAYS:
        report = made(june, code, date=dt.date(2023, 6, day))
        assert [tie.name for tie in report.tie_outs if not tie.ok] == [], day
        assert report.tie_outs
    for render in (terminal.render, csv.render, xlsx.render):
        assert render(report)


@pytest.mark.parametrize("code", NEW)
def test_every_register_ties_in_july(july: Book, code: str) -> None:
    for day in (3, 4, 5):
        report = made(july, code, date=dt.date(2023, 7, day))
        assert [tie.name for tie in report.tie_outs if not tie.ok] == [], day


@pytest.mark.parametrize("code", NEW)
def test_an_empty_register_prints_none(fresh: Book, code: str) -> None:
    report = made(fresh, code, month="2023-06")
    assert all(tie.ok for tie in report.tie_outs)
    if not report.table("table").rows:
        assert "无" in terminal.render(report)
    xlsx.render(report)


def test_r05_month_by_category(june: Book) -> None:
    """§6.5: the categories of the month, and the way to R24."""
    report = june.report("R05", **JUNE)
    totals = report["totals"]
    expected = {
        "水费": "8633.75", "监察大队": "328.00", "补缴水费": "96.55", "TM卡水费": "103.50", "材料费": "226.00",
        "预交水费": "12000.00", "预收部分水费": "50.00", "total": "21437.80",
    }  # fmt: skip
    assert {key: totals[key] for key in expected} == expected
    assert (totals["cash"], totals["transfer"], totals["scan"]) == ("12924.85", "8471.55", "41.40")
    assert report["tie_outs"][0]["left"] == report["tie_outs"][0]["right"] == "21456.05"
    assert all_tie(report)
    note = made(june, "R05", **JUNE).notes[0]
    assert "21,437.80 + 利息 18.00 + 长短款 0.50 − 手续费 0.25 = 资金构成表收款 21,456.05" in note


def test_r04_days_sum_to_r05(june: Book) -> None:
    """Σ R04 = R05, day by day; cash meets the deposit slips."""
    month = {row["date"]: row["total"] for row in june.report("R05", **JUNE)["rows"]}
    days = {}
    for day in range(1, 31):
        date = dt.date(2023, 6, day)
        report = june.report("R04", date=date)
        if report["rows"]:
            days[date.isoformat()] = report["totals"]["total"]
    assert days == month
    twelfth = june.report("R04", date=dt.date(2023, 6, 12))
    assert picked(twelfth, "cashier", "监察大队", "补缴水费", "预收部分水费", "cash", "slips") == [
        ("C02", "328.00", "96.55", "30.00", "454.55", "JK-0612-1,JK-0612-2,JK-0612-3,JK-0612-4")
    ]


def test_r04_is_r01_and_r02_and_the_other_documents(june: Book) -> None:
    """The streams part the day between them; direct debits belong to neither."""
    for day in (8, *BUSINESS_DAYS):
        date = dt.date(2023, 6, day)
        whole = made(june, "R04", date=date).totals["total"]
        parts = made(june, "R01", date=date).totals["total"] + made(june, "R02", date=date).totals["received"]
        assert whole - parts == (6555 if day == 30 else 0)


def test_r01_residents(june: Book) -> None:
    """R2's bill with its levies; the drawer's TM sale and materials."""
    report = june.report("R01", date=dt.date(2023, 6, 9), account="C01")
    keys = (
        "invoice",
        "customer",
        "name",
        "bill_month",
        "volume",
        "net",
        "sewage",
        "water_resource",
        "surcharge",
        "total",
        "way",
    )
    assert picked(report, *keys) == [
        ("0001234", "R2", "孙立春", "2023-06", 28, "85.80", "26.60", "7.00", "1.40", "120.80", "cash")
    ]
    assert made(june, "R01", date=dt.date(2023, 6, 9), account="C01").file_stem == "20230609收费日综表_C01"
    other = june.report("R01", date=dt.date(2023, 6, 13), account="C01")
    assert picked(other, "fund", "held", "other", "total") == [
        ("TM卡水费", "103.50", "0.00", "103.50"), ("材料费", "0.00", "226.00", "226.00"),
    ]  # fmt: skip


def test_r02_and_r03_entities(june: Book) -> None:
    """The late charge, the slip of E3 with what is over, E5 with what is short."""
    day = june.report("R02", date=dt.date(2023, 6, 12), account="C02")
    assert picked(day, "fund", "settled", "late", "held", "received") == [
        ("监察大队", "328.00", "0.00", "0.00", "328.00"),
        ("补缴水费", "86.25", "10.30", "0.00", "96.55"),
        ("预收部分水费", "0.00", "0.00", "30.00", "30.00"),
    ]
    slip = june.report("R03", date=dt.date(2023, 6, 16))
    found = picked(slip, "customer", "due", "received", "over", "way", "provisional", "arrived")
    assert found[1] == ("E3", "1392.00", "1500.00", "108.00", "slip", "是", "2023-06-19")
    assert {tie["left"] for tie in slip["tie_outs"]} == {"13500.00", "1500.00", "12000.00"}
    short = june.report("R03", date=dt.date(2023, 6, 19))
    assert picked(short, "customer", "due", "received", "short") == [("E5", "1200.00", "1190.00", "10.00")]


def test_r06_memo_registers(june: Book) -> None:
    """The four balances of the month end; what is settled says by what."""
    report = june.report("R06", **JUNE)
    assert {tie["name"].split(":")[0]: tie["left"] for tie in report["tie_outs"] if "1122" not in tie["name"]} == {
        "已开票未收款": "0.00", "临时回单未到": "96.00", "多转少转": "108.00", "欠费户预收(分户)": "8.60",
    }  # fmt: skip
    assert [row["cleared"] for row in report["rows"] if row["section"] == "invoiced"] == ["06-26 记-0047"] * 2
    assert [row["balance"] for row in report["rows"] if row["section"] == "partial"] == [
        "30.00",
        "50.00",
        "20.00",
        "8.60",
    ]
    assert all_tie(report)
    one = june.report("R06", **JUNE, account="欠费户预收(分户)")
    assert {row["section"] for row in one["rows"]} == {"partial"}
    with pytest.raises(NotFound):
        june.report("R06", **JUNE, account="别的")


def test_r07_over_and_short(june: Book) -> None:
    """§6.5: E3 多转 108.00, E5 少转 10.00."""
    report = june.report("R07", **JUNE)
    keys = ("customer", "bill_month", "due", "paid", "over", "short", "arrived", "bank")
    assert picked(report, *keys) == [
        ("E3", "2023-06", "1392.00", "1500.00", "108.00", "0.00", "2023-06-19", "1002.02"),
        ("E5", "2023-06", "1200.00", "1190.00", "0.00", "10.00", "2023-06-19", "1002.02"),
    ]
    assert all_tie(report)


def test_r07_keeps_older_items(july: Book) -> None:
    """What is still open next month is still listed, though nothing of it is new."""
    report = july.report("R07", date=dt.date(2023, 7, 5))
    assert picked(report, "customer", "over", "short", "over_left", "short_left") == [
        ("E3", "0.00", "0.00", "108.00", "0.00"), ("E5", "0.00", "0.00", "0.00", "10.00"),
    ]  # fmt: skip


def test_r08_not_arrived(june: Book) -> None:
    """§6.5: E6 96.00, submitted 06-29."""
    report = june.report("R08", **JUNE)
    assert picked(report, "customer", "document", "way", "amount", "date", "days") == [
        ("E6", "LS-0629", "slip", "96.00", "2023-06-29", 1)
    ]
    assert report["tie_outs"][0]["right"] == "96.00"
    assert all_tie(report)


def test_r12_transfers_against_receipts(june: Book) -> None:
    """§6.5: only the interest of 12.34 is not receipted."""
    report = june.report("R12", **JUNE)
    open_ = [
        (row["transfer"], row["fund"], row["difference"], row["days"])
        for row in report["rows"]
        if row["difference"] != "0.00"
    ]
    assert open_ == [("ZK-0629", "银行存款利息", "12.34", 1)]
    first = report["rows"][0]
    assert (first["transfer"], first["date"], first["transferred"], first["receipts"]) == (
        "ZK-0531", "2023-05-31", "3000.00", "SJ-0601,SJ-0607",
    )  # fmt: skip
    assert report["tie_outs"][0]["right"] == "12.34"


def test_r12_is_clear_in_july(july: Book) -> None:
    report = july.report("R12", date=dt.date(2023, 7, 5))
    assert picked(report, "transfer", "transferred", "receipts", "difference") == [
        ("ZK-0629", "12.34", "SJ-0704", "0.00")
    ]


def test_r16_by_branch_and_tier(june: Book) -> None:
    """The residents' tiers; E3's reduction is in the branch's sum."""
    report = june.report("R16", **JUNE, branch="城南")
    assert picked(report, "usage_class", "tier", "volume", "price", "net") == [
        ("R", 1, 57, "2.20", "125.40"),
        ("R", 2, 10, "3.30", "33.00"),
        ("R", 3, 3, "6.60", "19.80"),
        ("N", 1, 1500, "3.10", "4650.00"),
        ("S", 1, 100, "6.50", "650.00"),
    ]
    assert report["totals"]["gross"] == "8285.70"
    west = june.report("R16", **JUNE, branch="城西")
    assert (west["totals"]["volume"], west["totals"]["gross"]) == (560, "2688.00")
    notes = made(june, "R16", **JUNE, branch="城西").notes
    assert notes == ["其中:估水 1 户,超收 0 户,未抄 0 户", "已减本月冲减 10 m³、48.00 元"]
    assert june.report("R16", **JUNE, branch="城北")["rows"] == []
    assert all_tie(report)


def test_r17_all_sales(june: Book) -> None:
    """Branches, 特勤处 and TM cards make up the month's charges."""
    report = june.report("R17", **JUNE)
    assert [(row["line"], row["gross"]) for row in report["rows"]] == [
        ("B01", "265.70"), ("B01", "7200.00"), ("B01", "820.00"), ("B02", "2688.00"), ("B03", "0.00"),
        ("inspection", "328.00"), ("tm", "103.50"),
    ]  # fmt: skip
    assert (report["totals"]["volume"], report["totals"]["gross"]) == (2300, "11405.20")
    assert all_tie(report)


def test_r18_sales_report(june: Book) -> None:
    """§6.5: by category, with VAT and levies."""
    report = june.report("R18", **JUNE)
    assert picked(report, "category", "volume", "gross") == [
        ("resident", 70, "265.70"), ("entity", 2160, "10708.00"), ("inspection", 40, "328.00"), ("tm", 30, "103.50"),
    ]  # fmt: skip
    totals = report["totals"]
    keys = (
        "volume",
        "net",
        "vat",
        "revenue",
        "sewage",
        "water_resource",
        "surcharge",
        "gross",
        "reduced",
        "cumulative",
    )
    assert [totals[key] for key in keys] == [
        2300, "7540.20", "219.62", "7320.58", "3175.00", "575.00", "115.00", "11405.20", "-48.00", "11405.20",
    ]  # fmt: skip
    assert all_tie(report)


def test_sales_after_day_25_belong_to_the_next_month(june: Book) -> None:
    """The sales month runs from the 26th to the 25th (domain §9.2)."""
    early = june.report("R18", date=dt.date(2023, 6, 24))
    assert early["period"] == "2023-05-26/2023-06-24"
    assert early["totals"]["gross"] == "11301.70"  # without the TM card of the 25th
    next_month = june.report("R18", date=dt.date(2023, 7, 31))
    assert next_month["period"] == "2023-06-26/2023-07-25"
    assert next_month["totals"]["gross"] == "0.00"


def test_r19_collection_register(june: Book) -> None:
    """TS202306: E1 collected, E2 returned unfunded."""
    report = june.report("R19", **JUNE)
    keys = ("batch", "channel", "customer", "payer_account", "amount", "sent_on", "answered_on", "result", "reason")
    assert picked(report, *keys) == [
        ("TS202306", "icbc", "E1", "4000000000000201", "4800.00", "2023-06-15", "2023-06-20", "paid", None),
        ("TS202306", "small", "E2", "4000000000000202", "2400.00", "2023-06-15", "2023-06-20", "returned", "存款不足"),
    ]
    assert all_tie(report)
    early = june.report("R19", date=dt.date(2023, 6, 16))
    assert [row["result"] for row in early["rows"]] == ["open", "open"]
    assert all_tie(early)


def test_r20_direct_debits(june: Book, july: Book) -> None:
    """June: the slip alone, 65.55 not allotted; July: the list, R4 failed, nothing left."""
    report = june.report("R20", **JUNE)
    assert picked(report, "kind", "slip", "count", "amount", "difference") == [
        ("slip", "HK-202306", 2, "65.55", "65.55")
    ]
    assert all_tie(report)
    later = july.report("R20", date=dt.date(2023, 7, 5))
    assert picked(later, "kind", "customer", "due", "debited", "reason")[1:] == [
        ("detail", "R3", "34.50", "34.50", ""), ("detail", "R4", "31.05", "0.00", "余额不足"),
    ]  # fmt: skip
    assert later["totals"]["difference"] == "0.00"
    assert all_tie(later)


def test_r21_reductions(june: Book) -> None:
    """SQ-2023-001: E3, 10 m³, 48.00 in red."""
    report = june.report("R21", **JUNE)
    keys = ("approval_no", "customer", "volume", "original", "reduced", "left", "reason", "maker", "approver", "date")
    assert picked(report, *keys) == [
        ("SQ-2023-001", "E3", -10, "1440.00", "-48.00", "1392.00", "抄表差错", "周强", "何军", "2023-06-13")
    ]
    assert all_tie(report)


def test_r26b_ageing(june: Book) -> None:
    """§6.5: R7's May bill is 1–3 months old; advances stand beside."""
    report = june.report("R26b", **JUNE)
    found = {row["customer"]: (row["0"], row["1-3"], row["owed"], row["advances"]) for row in report["rows"]}
    assert found == {
        "R3": ("34.50", "0.00", "34.50", "0.00"),
        "R4": ("31.05", "0.00", "31.05", "0.00"),
        "R7": ("37.95", "34.50", "72.45", "8.60"),
        "B1": ("0.00", "0.00", "0.00", "12000.00"),
        "E2": ("2400.00", "0.00", "2400.00", "0.00"),
        "E3": ("0.00", "0.00", "0.00", "108.00"),
        "E5": ("10.00", "0.00", "10.00", "0.00"),
    }
    assert (report["totals"]["owed"], report["totals"]["advances"]) == ("2548.00", "12116.60")
    assert "2482.45" in {tie["left"] for tie in report["tie_outs"]}
    assert all_tie(report)


def test_a_tender_is_the_sum_of_its_parts(june: Book) -> None:
    """Settled + late + held + over − short + pending + other = money, entry by entry."""
    ledger = june.ledger
    with ledger.store.reading() as session:
        lines = registers.receipts(
            session, 1, dt.date(2023, 6, 1), dt.date(2023, 6, 30), book=ledger.book, chart=ledger.chart
        )
        tenders = lines.filter(pl.col("section") == "tender")
        parts = registers.settlements(session, 1, tenders["entry_id"].unique(), book=ledger.book, chart=ledger.chart)
    money = dict(tenders.group_by("entry_id").agg(pl.col("amount").sum()).iter_rows())
    made_of: dict[int, int] = {}
    for row in parts.iter_rows(named=True):
        sum_ = sum(row[part] for part in registers.PARTS) - 2 * row["short"]
        made_of[row["entry_id"]] = made_of.get(row["entry_id"], 0) + sum_
    assert made_of == money


LATER = {
    "returned_payment": "单据号,日期,原单据号,原因\nTP-0705,2023-07-05,cheque_receipt/ZP-0630,存款不足\n",
    "reduction": "日期,户号,所属月,水量,审批号,原因,录入,审批,账单号\n2023-07-05,R2,2023-06,5,SQ-2023-002,抄错,周强,何军,B-R2\n",
    "unidentified": "日期,银行,金额,银行流水号\n2023-07-05,工行0101,600.00,ICBC1\n",
    "identify": "日期,银行流水号,户号,金额\n2023-07-05,ICBC1,E1,600.00\n",
    "short_payment": "日期,户号,所属月,金额,来源,银行,银行流水号\n2023-07-05,E5,2023-06,10.00,转账,中行0202,BOC9\n",
    "cash_receipt": "发票号,日期,户号,金额,收费员\n0001241,2023-07-05,R4,31.05,C01\n",
    "slip_expired": "单据号,日期,临时回单号,户号,金额,银行,原因\nLX-1,2023-07-30,LS-0629,E6,96.00,中行0202,满31日\n",
}
"""What goes wrong in July, and what is done about it."""


def test_r22_series(june: Book) -> None:
    """The numbers of June run on in three series; nobody was given them."""
    report = june.report("R22", **JUNE)
    keys = ("series", "first", "last", "holder", "used_period", "voided", "gaps", "left")
    assert picked(report, *keys) == [
        ("invoice", "0001233", "0001239", "unissued", 7, 0, 0, 0),
        ("commercial", "SF0000501", "SF0000504", "unissued", 4, 0, 0, 0),
        ("triplicate", "SL0000301", "SL0000303", "unissued", 3, 0, 0, 0),
    ]
    assert [(tie["left"], tie["right"]) for tie in report["tie_outs"]] == [
        ("7", "7"),
        ("4", "4"),
        ("3", "3"),
        ("14", "14"),
    ]
    one = made(june, "R22", **JUNE, account="三联单")
    assert (len(one.rows), one.file_stem) == (1, "20230601-0630票据领用存登记簿_三联单")
    assert "断号:无" in terminal.render(one)


def test_r23_arrears_assessment(june: Book) -> None:
    """Five households of R26, 2.00 each; the half-year in the file's name."""
    report = june.report("R23", **JUNE)
    assert picked(report, "branch", "reader", "households", "waived", "low", "high", "fine") == [
        ("B01", "unassigned", 4, 0, 4, 0, "8.00"), ("B02", "unassigned", 1, 0, 1, 0, "2.00"),
    ]  # fmt: skip
    assert report["totals"]["fine"] == "10.00"
    assert report["tie_outs"][0]["right"] == "5"
    assert made(june, "R23", **JUNE).file_stem == "20230101-0630欠费户次考核表"


def test_r27_business_of_a_day_and_of_the_month(june: Book) -> None:
    """By category, channel and hall: the money of R04 and R05."""
    day = june.report("R27", date=dt.date(2023, 6, 16))
    assert picked(day, "category", "way", "branch", "count", "amount") == [
        ("水费", "slip", "B02", 1, "1500.00"), ("预交水费", "cash", "B01", 1, "12000.00"),
    ]  # fmt: skip
    month = june.report("R27b", **JUNE)
    assert (month["totals"]["count"], month["totals"]["amount"]) == (15, "21437.80")
    assert month["tie_outs"][0]["right"] == "21437.80"
    assert made(june, "R27b", **JUNE).file_stem == "20230601-0630业务受理月报"


def test_r27c_by_fee_category(june: Book) -> None:
    """12 June, C02: two bills, a late charge and money held, against the cashier's settlement sheet."""
    report = june.report("R27c", date=dt.date(2023, 6, 12))
    assert picked(report, "cashier", "category", "count", "cash", "total") == [
        ("C02", "net", 2, "315.00", "315.00"), ("C02", "sewage", 2, "79.75", "79.75"),
        ("C02", "water_resource", 2, "16.25", "16.25"), ("C02", "surcharge", 2, "3.25", "3.25"),
        ("C02", "late", 1, "10.30", "10.30"), ("C02", "held", 1, "30.00", "30.00"),
    ]  # fmt: skip
    assert (report["totals"]["count"], report["totals"]["total"]) == (3, "454.55")


def test_r28_files_of_the_month(june: Book) -> None:
    """Vouchers and ledger copies for 30 years, statements for 10, from the year after."""
    report = june.report("R28", **JUNE)
    assert picked(report, "number", "content", "sheets", "years", "until") == [
        ("202306-PZ-01", "记-0001–记-0057", 57, 30, "2053-12-31"),
        ("202306-PJ-01", "0001233–0001239", 7, 30, "2053-12-31"),
        ("202306-PJ-02", "SF0000501–SF0000504", 4, 30, "2053-12-31"),
        ("202306-PJ-03", "SL0000301–SL0000303", 3, 30, "2053-12-31"),
        ("202306-DZ-01", "ICBC-0101.csv", None, 10, "2033-12-31"),
        ("202306-DZ-02", "BOC-0202.csv", None, 10, "2033-12-31"),
    ]
    assert [(tie["left"], tie["right"]) for tie in report["tie_outs"]] == [("57", "57"), ("14", "14")]


def test_e34_dunning(june: Book) -> None:
    """Who owes since when; R26's sum."""
    report = june.report("E34", **JUNE)
    assert picked(report, "customer", "bills", "owed", "days", "step") == [
        ("E2", 1, "2400.00", 18, "notice"), ("R3", 1, "34.50", 25, "notice"), ("R4", 1, "31.05", 25, "notice"),
        ("R7", 2, "72.45", 60, "notice"), ("E5", 1, "10.00", 18, "notice"),
    ]  # fmt: skip
    assert report["tie_outs"][0]["right"] == "2548.00"
    early = june.report("E34", date=dt.date(2023, 6, 15))
    assert ("E2", "reminder", "托收中") in picked(early, "customer", "step", "block")


def test_red_letters_tie_too(fresh: Book, tmp_path: Path) -> None:
    """A cheque returned, a paid bill reduced, money identified, a slip expired; the reduction reversed in the next month."""
    fresh.post_folder(JUNE_FILES, dt.date(2023, 6, 30))
    fresh.post_folder(JULY_FILES, dt.date(2023, 7, 5))
    for kind, text in LATER.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        fresh.post(path, kind, today=dt.date(2023, 7, 30 if kind == "slip_expired" else 5))
    with fresh.ledger.store.reading() as session:
        reduction = views.entry(session, 1, "reduction/SQ-2023-002").head["entry_id"]
    reverse(fresh.ledger, int(str(reduction)), reason="试", operator="tester", today=dt.date(2023, 7, 31))
    for day in (dt.date(2023, 7, 5), dt.date(2023, 7, 30), dt.date(2023, 7, 31), dt.date(2023, 8, 31)):
        for code in NEW:
            report = made(fresh, code, date=day)
            assert [tie.name for tie in report.tie_outs if not tie.ok] == [], (code, day)
    july = fresh.report("R05", month="2023-07")
    assert july["totals"]["total"] == "2094.00"  # 2,400 − 31.05 − 820 + 600 + 10 + 31.05 − 96
    back = fresh.report("R16", month="2023-08")
    assert picked(back, "usage_class", "tier", "volume", "net") == [("R", 2, 2, "6.60"), ("R", 3, 3, "19.80")]
    assert picked(fresh.report("R21", month="2023-07"), "original", "reduced", "left") == [
        ("120.80", "-32.65", "88.15"), ("88.15", "32.65", "120.80"),
    ]  # fmt: skip


def test_the_year_so_far_is_the_sum_of_its_sales(july: Book) -> None:
    """The short way to R18's 本年累计 and the long way agree, category by category."""
    ledger, end = july.ledger, dt.date(2023, 7, 31)
    asked = (ledger.book_id, dt.date(2023, 6, 1), end)
    with ledger.store.reading() as session:
        table = registers.sales(session, *asked, book=ledger.book, chart=ledger.chart)
        sums = registers.billed(session, *asked, book=ledger.book, chart=ledger.chart)
    assert sums == dict(table.group_by("category").agg(pl.col("gross").sum()).iter_rows())
    assert set(sums) == {"resident", "entity", "inspection", "tm"}
