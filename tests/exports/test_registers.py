"""The registers of June 2023 against the specification (§5, §6), on both databases."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
from typing import TYPE_CHECKING, Any

import pytest

from exports import reports
from exports.render import csv, json, terminal, xlsx
from exports.reports import r14
from ledger import i18n, views
from ledger.errors import NotFound, Refused
from tests.exports import june
from tests.exports.reconciliation import adjustments

if TYPE_CHECKING:
    from exports.report import Report
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store

KEYS = {
    "R09": "date,voucher,document,memo,contra,fund,debit,credit,balance",
    "R11": "transfer,bank,fund,opening,received,to_levies,available,transferred,left,receipts,receipted,difference",
    "R13": "levy,opening_due,billed,collected,remitted,forms,closing_due,closing_uncollected,opening_uncollected,written_off",
    "R14": "side,category,date,reference,memo,amount,age_days,band",
    "R15": "date,amount,category,age_days,band,reason",
    "R24": "fund,opening,receipts,to_levy,paid_out,closing",
    "R25": "account,opening_debit,opening_credit,debit,credit,closing_debit,closing_credit",
    "R26": "customer,account,bill_month,amount,bucket",
}
ALL = ("R09", "R10", "R11", "R13", "R14", "R15", "R24", "R25", "R26")


@pytest.fixture(autouse=True)
def reconciled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adjustments of §5, whatever the reconciler does."""
    done = adjustments()
    monkeypatch.setattr(r14, "load", lambda _session, _book, bank, _request: done[bank.code])


def make(store: Store, book: Book, chart: Chart, code: str, **options: Any) -> Report:
    options = options or {"month": "2023-06"}
    if code in ("R09", "R14"):
        options.setdefault("account", "工行0101")
    with store.reading() as session:
        return reports.build(code, session, book, chart, **options)


def machine(report: Report) -> Any:
    return jsonlib.loads(json.render(report))


@pytest.mark.parametrize("code", ALL)
def test_every_register_ties_out_and_renders(june_store: Store, book: Book, chart: Chart, code: str) -> None:
    """Every check is level, in every medium; the machine's keys are those of the contract."""
    report = make(june_store, book, chart, code)
    assert report.tie_outs
    assert [check.name for check in report.tie_outs if not check.ok] == []
    data = machine(report)
    assert list(data) == ["code", "title", "unit", "period", "columns", "rows", "totals", "tie_outs"]
    if code in KEYS:
        assert [column["key"] for column in data["columns"]] == KEYS[code].split(",")
        assert all(list(row) == KEYS[code].split(",") for row in data["rows"])
    assert report.title in terminal.render(report)
    assert xlsx.render(report).startswith(b"PK")
    assert csv.render(report).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("code", ALL)
def test_july_ties_out_too(july_store: Store, book: Book, chart: Chart, code: str) -> None:
    """Month to date on 4 July, after everything is cleared."""
    report = make(july_store, book, chart, code, date=dt.date(2023, 7, 4))
    checks = report.tie_outs if code not in ("R14", "R15") else ()  # those two are of June here
    assert [check.name for check in checks if not check.ok] == []
    assert report.rows or code == "R11"  # no transfer in July


@pytest.mark.parametrize("code", ALL)
def test_an_empty_register_prints_none(store: Store, book: Book, chart: Chart, code: str) -> None:
    """Nothing posted: the form is still issued."""
    june.open_book(store, book, chart)
    report = make(store, book, chart, code, month="2023-06")
    assert all(check.ok for check in report.tie_outs) or code == "R14"
    if not report.rows:
        assert "无" in terminal.render(report)
        assert "无" in csv.render(report).decode("utf-8-sig")
    xlsx.render(report)


def test_r25_rows_and_totals(june_store: Store, book: Book, chart: Chart) -> None:
    """§6.4: one row per account of the chart; totals of opening, turnover and closing."""
    data = machine(make(june_store, book, chart, "R25"))
    assert [row["account"] for row in data["rows"]] == sorted(chart.codes)
    rows = {row["account"]: row for row in data["rows"]}
    assert rows["6603.01"] == {
        "account": "6603.01", "opening_debit": "0.00", "opening_credit": "0.00", "debit": "-18.00", "credit": "0.00",
        "closing_debit": "0.00", "closing_credit": "18.00",
    }  # fmt: skip
    assert data["totals"] == {
        "opening_debit": "267379.40", "opening_credit": "267379.40", "debit": "108694.75", "credit": "108694.75",
        "closing_debit": "286219.74", "closing_credit": "286219.74",
    }  # fmt: skip
    assert data["period"] == "2023-06-01/2023-06-30"


def test_r25_on_paper_has_headings_and_no_idle_accounts(june_store: Store, book: Book, chart: Chart) -> None:
    report = make(june_store, book, chart, "R25")
    assert report.paper is not None
    shown = [row["account"] for row in report.paper.rows]
    assert "1122 应收账款 小计" in shown
    assert "6702" not in shown
    assert "1221.04" in shown


def test_r24_is_the_table_of_the_specification(june_store: Store, book: Book, chart: Chart) -> None:
    data = machine(make(june_store, book, chart, "R24"))
    rows = {row["fund"]: list(row.values())[1:] for row in data["rows"]}
    assert rows["水费"] == ["9450.00", "8634.00", "-2872.00", "12435.80", "2776.20"]
    assert rows["银行存款利息"] == ["0.00", "18.00", "0.00", "12.34", "5.66"]
    assert rows["代征"] == ["3750.00", "0.00", "3023.75", "3750.00", "3023.75"]
    assert rows["零钞"] == ["1000.00", "0.00", "0.00", "0.00", "1000.00"]
    assert list(data["totals"].values()) == ["14200.00", "21456.05", "0.00", "28850.44", "6805.61"]
    assert "备用零钞" in terminal.render(make(june_store, book, chart, "R24"))


@pytest.mark.parametrize(
    ("bank", "water", "levy", "total"),
    [("1002.01", "916.05", "2056.75", "2972.80"), ("中行0202", "1860.15", "967.00", "2832.81")],
)
def test_r24_per_bank(
    june_store: Store, book: Book, chart: Chart, bank: str, water: str, levy: str, total: str
) -> None:
    """§6.5: it ties per bank too, and the floats belong to none."""
    report = make(june_store, book, chart, "R24", month="2023-06", account=bank)
    rows = {row["fund"]: row["closing"] for row in machine(report)["rows"]}
    assert (rows["水费"], rows["代征"]) == (water, levy)
    assert "零钞" not in rows
    assert machine(report)["totals"]["closing"] == total
    assert all(check.ok for check in report.tie_outs)


def test_r09_opening_and_subtotals_have_no_voucher(june_store: Store, book: Book, chart: Chart) -> None:
    data = machine(make(june_store, book, chart, "R09"))
    first, last = data["rows"][0], data["rows"][-1]
    assert (first["voucher"], first["balance"]) == ("", "10200.00")
    assert (last["voucher"], last["balance"]) == ("", "2972.80")
    assert sum(row["voucher"] != "" for row in data["rows"]) == 23
    assert data["totals"] == {"debit": "18623.24", "credit": "25850.44", "balance": "2972.80"}


def test_r11_one_transfer(june_store: Store, book: Book, chart: Chart) -> None:
    """§5: the schedule of ZK-0629 alone, under its own date and number."""
    report = make(june_store, book, chart, "R11", month="2023-06", account="ZK-0629")
    totals = machine(report)["totals"]
    assert list(totals.values()) == [
        "6450.00", "17737.69", "1886.75", "22300.94", "22100.44", "200.50", "22088.10", "12.34",
    ]  # fmt: skip
    assert report.file_stem == "20230629向总公司转款明细表_ZK-0629"
    of_bank = make(june_store, book, chart, "R11", month="2023-06", account="中行0202")
    assert {row["transfer"] for row in of_bank.rows} == {"ZK-0628"}
    with pytest.raises(NotFound):
        make(june_store, book, chart, "R11", month="2023-06", account="ZK-9999")


def test_r13_totals(june_store: Store, book: Book, chart: Chart) -> None:
    totals = machine(make(june_store, book, chart, "R13"))["totals"]
    assert list(totals.values()) == ["3750.00", "3865.00", "3023.75", "3750.00", "3023.75", "900.00", "65.00", "6.25"]


def test_r26_totals_and_advances(june_store: Store, book: Book, chart: Chart) -> None:
    report = make(june_store, book, chart, "R26")
    assert machine(report)["totals"] == {"amount": "2548.00"}
    assert [(check.left, check.right) for check in report.tie_outs] == [(248245, 248245), (1211660, 1211660)]
    west = make(june_store, book, chart, "R26", month="2023-06", branch="城西")
    assert west.file_stem == "20230630欠费明细表_城西"
    assert [row["customer"] for row in west.rows] == ["E5"]


def test_r10_of_one_customer_and_of_one_account(june_store: Store, book: Book, chart: Chart) -> None:
    one = make(june_store, book, chart, "R10", month="2023-06", account="R7")
    assert machine(one)["totals"]["balance"] == "72.45"
    assert all(check.ok for check in one.tie_outs)
    entity = make(june_store, book, chart, "R10", month="2023-06", account="1122.02")
    assert machine(entity)["totals"]["balance"] == "2400.00"
    assert all(check.ok for check in entity.tie_outs)
    alike = make(june_store, book, chart, "R10", month="2023-06", account="1122.0")  # a customer, were there one
    assert machine(alike)["totals"]["balance"] == "0.00"


def test_r14_machine_rows(june_store: Store, book: Book, chart: Chart) -> None:
    """§5: both sides, each its balance, items and adjusted balance."""
    report = make(june_store, book, chart, "R14")
    rows = machine(report)["rows"]
    assert [(row["side"], row["category"], row["amount"], row["age_days"], row["band"]) for row in rows] == [
        ("book", "balance", "2972.80", None, None),
        ("book", "bank_in_not_book", "2400.00", 0, "normal"),
        ("book", "bank_out_not_book", "31.05", 0, "normal"),
        ("book", "bank_out_not_book", "15.00", 0, "normal"),
        ("book", "adjusted", "5326.75", None, None),
        ("bank", "balance", "5206.75", None, None),
        ("bank", "book_in_not_bank", "820.00", 0, "normal"),
        ("bank", "book_in_not_bank", "200.00", 91, "long"),
        ("bank", "book_out_not_bank", "900.00", 0, "normal"),
        ("bank", "adjusted", "5326.75", None, None),
    ]
    assert report.file_stem == "20230630银行存款余额调节表_工行0101"


def test_r14_on_paper_stands_in_two_halves(june_store: Store, book: Book, chart: Chart) -> None:
    """Headings face each other, so do the adjusted balances."""
    paper = make(june_store, book, chart, "R14").paper
    assert paper is not None
    pairs = [(row.get("book_item"), row.get("bank_item")) for row in paper.rows]
    assert pairs[0] == ("企业银行存款日记账余额", "银行对账单余额")
    assert pairs[1] == ("加:银行已收、企业未收", "加:企业已收、银行未收")
    assert pairs[-1] == ("调节后余额", "调节后余额")
    assert paper.rows[-1]["book_amount"] == paper.rows[-1]["bank_amount"] == 532675
    long_item = next(row for row in paper.rows if row.get("bank_amount") == 20000)
    assert long_item["bank_item"] == "2 [长期] 现金缴款 已函询银行(91天)"
    text = terminal.render(make(june_store, book, chart, "R14"))
    line = next(line for line in text.splitlines() if "调节后余额" in line)
    assert line.count("5,326.75") == 2


def test_r15_is_a_subset_of_r14(june_store: Store, book: Book, chart: Chart) -> None:
    report = make(june_store, book, chart, "R15")
    (row,) = machine(report)["rows"]
    assert (row["date"], row["amount"], row["age_days"], row["band"]) == ("2023-03-31", "200.00", 91, "long")


def test_month_and_date(june_store: Store, book: Book, chart: Chart) -> None:
    """--month on a cut-off report is its last day, --date on a monthly one month to date."""
    assert make(june_store, book, chart, "R26", month="2023-06").period.iso() == "2023-06-30"
    to_date = make(june_store, book, chart, "R25", date=dt.date(2023, 6, 15))
    assert to_date.period.iso() == "2023-06-01/2023-06-15"
    assert to_date.file_stem == "20230601-0615试算平衡表"
    assert make(june_store, book, chart, "R24", date=dt.date(2023, 6, 9)).file_stem == "20230609资金构成表"
    with june_store.reading() as session:
        last = reports.build("R26", session, book, chart)
    assert last.period.end == dt.date(2023, 6, 30)


def test_registers_by_any_of_their_names() -> None:
    for name in ("R24", "r24", "资金构成表", "fund positions"):
        assert reports.find(name).code == "R24"
    with pytest.raises(NotFound, match="R14 银行存款余额调节表"):
        reports.find("R99")


@pytest.mark.parametrize(
    "options",
    [{"month": "2023-13"}, {"month": "202306"}, {"month": "2023-06", "date": dt.date(2023, 6, 30)}],
)
def test_bad_requests_are_refused(june_store: Store, book: Book, chart: Chart, options: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        make(june_store, book, chart, "R25", **options)


def test_a_bank_must_be_named_where_there_are_several(june_store: Store, book: Book, chart: Chart) -> None:
    with june_store.reading() as session:
        with pytest.raises(Refused, match=r"1002\.01 工行0101"):
            reports.build("R09", session, book, chart, month="2023-06")
        with pytest.raises(NotFound):
            reports.build("R09", session, book, chart, month="2023-06", account="9999")


@pytest.fixture
def english() -> Any:
    i18n.set_language("en")
    yield
    i18n.set_language("zh_CN")


@pytest.mark.usefixtures("english")
def test_english_titles_keep_chinese_file_names(june_store: Store, book: Book, chart: Chart) -> None:
    """Names of files follow the users' rule; keys and fund keys are never translated."""
    report = make(june_store, book, chart, "R24")
    assert report.title == "Fund positions"
    assert report.file_stem == "20230630资金构成表"
    assert machine(report)["rows"][0]["fund"] == "水费"
    assert "Water charges" in terminal.render(report)


def test_the_state_says_how_far_the_book_is_sealed(june_store: Store, book: Book, chart: Chart) -> None:
    with june_store.reading() as session:
        assert views.state(session, june.BOOK_ID).last_entry == 58
    assert "58" in make(june_store, book, chart, "R25").state
