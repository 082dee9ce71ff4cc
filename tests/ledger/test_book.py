"""The book: names, dated rows, thresholds, calendar, and faults that name file and key."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from ledger.book import BOOK_FILE, Book, LateCharge
from ledger.config import parse_basis_points, parse_price
from ledger.errors import ConfigError, NotFound

TEXT = BOOK_FILE.read_text(encoding="utf-8")
DAY = dt.date(2023, 6, 5)


@pytest.fixture(scope="module")
def book() -> Book:
    """The demo company."""
    return Book.load()


def changed(old: str, new: str) -> Book:
    """The shipped book with one passage changed."""
    assert old in TEXT
    return Book.load(TEXT.replace(old, new, 1), file="mine.toml")


def test_the_company(book: Book) -> None:
    """Head data, and the text as it was read."""
    assert (book.name, book.currency, book.cutover, book.utility) == (
        "经营公司", "CNY", dt.date(2023, 5, 31), "water",
    )  # fmt: skip
    assert book.text == TEXT
    assert [branch.name for branch in book.branches] == ["城南", "城西", "城北"]


@pytest.mark.parametrize(
    "name", ["1002.01", "工行0101", "ICBC-0101", "icbc-0101", "1702020109000000101", " 工行 ０１０１ "]
)
def test_one_bank_one_identity(book: Book, name: str) -> None:
    """Code, short name, ascii name and number name the same account, whatever the width or case."""
    assert book.bank(name).code == "1002.01"


def test_other_names(book: Book) -> None:
    """Each thing answers to its code and its names."""
    assert book.branch("城西").code == book.branch("B02").code == "B02"
    assert book.cashier("C02").name == "陈静"
    assert book.fund("水费").zh == book.fund("Water charges").zh == "水费"
    assert book.item("净水价").code == "water"
    assert book.levy("污水处理费").item == "sewage"
    assert book.usage_class("居民").code == "R"
    assert book.person("李明").id == "K01"
    assert book.deposit_banks == {"C01": "1002.01", "C02": "1002.01"}
    assert book.cashier_branches == {"C01": "B01", "C02": "B01"}
    assert book.bank_branches == {"1002.01": "B01", "1002.02": "B02"}


def test_who_may_be_paid(book: Book) -> None:
    """Head office and treasury under all their names, nobody else."""
    assert book.payee("总公司财务部").kind == book.payee("集团公司财务部").kind == "head_office"
    assert book.payee("财政局财政专户").kind == "treasury"
    with pytest.raises(NotFound):
        book.payee("某建材公司")


@pytest.mark.parametrize("ask", ["bank", "branch", "cashier", "fund", "item", "levy", "usage_class", "person", "payee"])
def test_an_unknown_name_lists_the_known(book: Book, ask: str) -> None:
    """The refusal says what there is."""
    with pytest.raises(NotFound, match="无名") as caught:
        getattr(book, ask)("无名")
    assert "已有" in str(caught.value)


def test_funds_and_levies(book: Book) -> None:
    """Eight categories go to head office, three do not; three levies."""
    assert [fund.zh for fund in book.funds if fund.transferable] == [
        "水费", "监察大队", "补缴水费", "TM卡水费", "材料费", "预交水费", "预收部分水费", "银行存款利息",
    ]  # fmt: skip
    assert [fund.zh for fund in book.funds if not fund.transferable] == ["代征", "待查", "零钞"]
    assert [levy.item for levy in book.levies] == ["sewage", "water_resource", "surcharge"]


def test_tariff(book: Book) -> None:
    """Prices are exact integers of 1/10000 yuan."""
    tariff = book.tariff("R", DAY)
    assert [(tier.up_to, tier.price) for tier in tariff.tiers] == [(15, 22000), (25, 33000), (None, 66000)]
    assert dict(tariff.levies) == {"sewage": 9500, "water_resource": 2500, "surcharge": 500}
    assert tariff.levy_rate("refuse") == 0
    assert tariff.late_charge is None
    with pytest.raises(NotFound, match="2019-12-31"):
        book.tariff("R", dt.date(2019, 12, 31))


def test_tax(book: Book) -> None:
    """The part of a tax-included amount, and where it is owed."""
    water, material = book.tax("water", DAY), book.tax("material", DAY)
    assert (water.numerator, water.denominator, water.role) == (3, 103, "vat_simplified")
    assert (material.numerator, material.denominator, material.role) == (13, 113, "vat_general")
    assert water.included(8580) == 250
    assert material.included(22600) == 2600
    assert book.tax("late", DAY).included(1030) == 30
    assert all("confirm before use" in tax.source for tax in book.taxes)
    with pytest.raises(NotFound):
        book.tax("water", dt.date(2019, 12, 31))


def test_a_relief_goes_before_the_general_row() -> None:
    """A tax row of a usage class holds for that class from its day on."""
    row = (
        '[[tax]]\nitem = "water"\nusage_class = "R"\nfrom = 2023-06-01\nmethod = "exempt"\n'
        'source = "confirm before use"\n[[tax]]'
    )
    book = changed("[[tax]]", row)
    assert book.tax("water", DAY, "R").included(8580) == 0
    assert book.tax("water", DAY, "R").role is None
    assert book.tax("water", DAY, "N").included(8580) == 250
    assert book.tax("water", dt.date(2023, 5, 31), "R").included(8580) == 250
    assert book.tax("water", DAY).included(8580) == 250


def test_a_rate_with_a_fraction() -> None:
    """1.5 % is exact as well."""
    tax = changed('rate = "6 %"', 'rate = "1.5 %"').tax("commission", DAY)
    assert (tax.numerator, tax.denominator) == (150, 10150)
    assert tax.included(10150) == 150


def test_water_resource_mode(book: Book) -> None:
    """Fee until 2024-11-30, tax from 2024-12-01."""
    assert book.water_resource_mode(dt.date(2024, 11, 30)) == "fee"
    assert book.water_resource_mode(dt.date(2024, 12, 1)) == "tax"


def test_thresholds(book: Book) -> None:
    """Amounts in fen."""
    limits = book.thresholds
    assert (limits.builder_minimum, limits.float_limit, limits.short_tolerance_max) == (1000000, 100000, 5000)
    assert (limits.slip_reminder_days, limits.slip_block_days, limits.cheque_days) == (31, 35, 10)
    assert (limits.assessment_households, limits.assessment_low, limits.assessment_high) == (20, 200, 500)
    assert limits.penalty_reduction_basis_points == 5000


@pytest.mark.parametrize(("bill", "tolerance"), [(120000, 1200), (99, 0), (500000, 5000), (500100, 5000), (0, 0)])
def test_short_tolerance(book: Book, bill: int, tolerance: int) -> None:
    """min(1 %, 50.00) of one bill, for one and for a column."""
    assert book.thresholds.short_tolerance(bill) == tolerance
    column = pl.DataFrame({"bill": [bill]}).select(book.thresholds.short_tolerance_expr(pl.col("bill")))
    assert column.item() == tolerance


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "normal"),
        (29, "normal"),
        (30, "attention"),
        (89, "attention"),
        (90, "long"),
        (91, "long"),
        (365, "very_long"),
    ],
)
def test_bands(book: Book, age: int, band: str) -> None:
    """Ages are ≥; for one and for a column."""
    assert book.thresholds.band(age) == band
    assert pl.DataFrame({"age": [age]}).select(book.thresholds.band_expr(pl.col("age"))).item() == band


def test_policies(book: Book) -> None:
    """The defaults of domain §9.1."""
    policies = book.policies
    assert (policies.close_pl, policies.reconciliation_preparer, policies.transfer_approval) == (
        "yearly", "lead", "bank",
    )  # fmt: skip
    assert (policies.accounting_standard, policies.ar_leaf, policies.vat_point) == ("asbe", "none", "billing")
    assert (policies.tm, policies.tm_tier, policies.arrears_assessment) == ("on_month", "first", "marginal")
    assert policies.direct_debit_slip
    assert not policies.late_on_levies
    assert policies.advance_order == ("partial", "over", "deposit", "builder", "tm")


def test_calendar(book: Book) -> None:
    """22–24 June rest, the Sunday after worked; 1–2 July weekend."""
    june = [day for day in range(1, 31) if not book.working_day(dt.date(2023, 6, day))]
    assert june == [3, 4, 10, 11, 17, 18, 22, 23, 24]
    assert not book.working_day(dt.date(2023, 7, 1))
    calendar = book.calendar
    assert calendar.next_working_day(dt.date(2023, 6, 30)) == dt.date(2023, 7, 3)
    assert calendar.working_days_between(dt.date(2023, 6, 21), dt.date(2023, 6, 26)) == 2
    assert calendar.month_end(dt.date(2024, 2, 3)) == dt.date(2024, 2, 29)


def test_days_of_the_month(book: Book) -> None:
    """Billing 1–14, lock after 15, changes in their windows."""
    calendar = book.calendar
    assert [calendar.billing_open(dt.date(2023, 6, day)) for day in (1, 14, 15)] == [True, True, False]
    assert [calendar.billing_locked(dt.date(2023, 6, day)) for day in (15, 16)] == [False, True]
    assert calendar.special_days == (24, 25)
    assert calendar.change_open("holder", dt.date(2023, 6, 14))
    assert not calendar.change_open("holder", dt.date(2023, 6, 15))
    assert calendar.change_open("usage_class_cash", dt.date(2023, 6, 24))


def test_the_business_day_is_shanghai(book: Book) -> None:
    """An instant late in UTC is the next day in the book."""
    assert book.today(dt.datetime(2023, 6, 8, 17, 0, tzinfo=dt.UTC)) == dt.date(2023, 6, 9)


def test_late_charge() -> None:
    """Rate × days after the grace, at most the cap; none unless a tariff has the rule."""
    rule = changed(
        'version = "2020-R"', 'version = "2020-R"\nlate_charge = { daily_rate = "0.0005", grace_days = 30, cap = "100 %" }'
    ).tariff("R", DAY).late_charge  # fmt: skip
    assert rule == LateCharge(daily_rate=5, grace_days=30, cap_basis_points=10000)
    assert rule.charge(8625, 30) == 0
    assert rule.charge(8625, 130) == 431
    assert rule.charge(8625, 10_000) == 8625


@pytest.mark.parametrize(("text", "price"), [("2.20", 22000), ("0", 0), ("0.0001", 1), ("12", 120000)])
def test_prices(text: str, price: int) -> None:
    """Text to 1/10000 yuan."""
    assert parse_price(text) == price


@pytest.mark.parametrize("text", ["", "-1", "0.00001", "1e3", "1,000", "NaN", "2.2.0"])
def test_no_prices(text: str) -> None:
    """Nothing rounded, nothing guessed."""
    with pytest.raises(ValueError, match=r".*"):
        parse_price(text)


@pytest.mark.parametrize(("text", "points"), [("3 %", 300), ("3%", 300), ("100", 10000), ("1.5 %", 150), ("0.05 %", 5)])
def test_percentages(text: str, points: int) -> None:
    """Text to 1/100 of a percent."""
    assert parse_basis_points(text) == points


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "经营公司"\n', "", "book.name"),
        ('name = "经营公司"', 'name = "经营公司"\nfounded = 1958', "book.founded"),
        ('name = "经营公司"', 'name = 1958', "book.name"),
        ('name = "经营公司"', 'name = " "', "book.name"),
        ("cutover = 2023-05-31", 'cutover = "2023-05-31"', "book.cutover"),
        ("cutover = 2023-05-31", "cutover = 2023-05-31T00:00:00", "book.cutover"),
        ('currency = "CNY"', 'currency = "USD"', "book.currency"),
        ("Asia/Shanghai", "Asia/Nowhere", "book.timezone"),
        ('code = "B02"', 'code = "B01"', "branch[2]"),
        ('short = "中行0202"', 'short = "工行0101"', "bank[2]"),
        ('type = "收入专户"', 'type = "存折"', "bank[1].type"),
        ('type = "收入专户"', 'type = "费用户"', "cashier[1].deposit_bank"),
        ('deposit_bank = "1002.01"', 'deposit_bank = "1002.09"', "cashier[1].deposit_bank"),
        ('stream = "resident"', 'stream = "river"', "cashier[1].stream"),
        ('zh = "水费"', 'zh = "自来水费"', "fund"),
        ('kind = "suspense"', 'kind = "lost"', "fund[10].kind"),
        ('utility = "water"', 'utility = "heat"', "item"),
        ('price = "3.30"', "price = 3.30", "tariff[1].tiers[2].price"),
        ('price = "3.30"', 'price = "3.30001"', "tariff[1].tiers[2].price"),
        ("up_to = 25", "up_to = 15", "tariff[1].tiers[2].up_to"),
        ('{ price = "6.60" }', '{ price = "6.60", up_to = 90 }', "tariff[1].tiers[3].up_to"),
        ("up_to = 25, ", "", "tariff[1].tiers[2].up_to"),
        ('tiers = [{ price = "3.10" }]', "tiers = []", "tariff[2].tiers"),
        ('tiers = [{ price = "3.10" }]', "tiers = [3]", "tariff[2].tiers[1]"),
        ('surcharge = "0.05"', 'surcharge = "0.05", refuse = "1"', "tariff[1].levies.refuse"),
        ('usage_class = "N"', 'usage_class = "X"', "tariff[2].usage_class"),
        ('usage_class = "N"', 'usage_class = "R"', "tariff[2]"),
        ('version = "2020-N"', 'version = "2020-R"', "tariff[2]"),
        ("from = 2024-12-01", "from = 2020-01-01", "water_resource[2]"),
        ('mode = "tax"', 'mode = "none"', "water_resource[2].mode"),
        ('rate = "13 %"', "rate = 13", "tax[4].rate"),
        ('rate = "13 %"', 'rate = "thirteen"', "tax[4].rate"),
        ('rate = "13 %"', 'rate = "0"', "tax[4].rate"),
        ('item = "material"\n', 'item = "sand"\n', "tax[4].item"),
        ('item = "material"\n', 'item = "late"\n', "tax[4]"),
        ('float_limit = "1000.00"', 'float_limit = "1000.001"', "thresholds.float_limit"),
        ('float_limit = "1000.00"', 'float_limit = "-1"', "thresholds.float_limit"),
        ("cheque_days = 10", "cheque_days = -1", "thresholds.cheque_days"),
        ("cheque_days = 10", "cheque_days = true", "thresholds.cheque_days"),
        ("outstanding_long_days = 90", "outstanding_long_days = 20", "thresholds.outstanding_long_days"),
        ("slip_block_days = 35", "slip_block_days = 30", "thresholds.slip_block_days"),
        ('close_pl = "yearly"', 'close_pl = "daily"', "policies.close_pl"),
        ('"levy", "net", "late_charge"', '"levy", "net"', "policies.settlement_order"),
        ('"levy", "net", "late_charge"', '"levy", "net", "tip"', "policies.settlement_order"),
        ("late_on_levies = false", 'late_on_levies = "no"', "policies.late_on_levies"),
        ('kind = "treasury"', 'kind = "friend"', "payee[2].kind"),
        ('kind = "treasury"', 'kind = "head_office"', "payee"),
        ("weekend = [6, 7]", "weekend = [6, 8]", "calendar.weekend"),
        ("holder = [1, 14]", "holder = [14, 1]", "calendar.change_windows.holder"),
        ("holidays = [2023-06-22,", 'holidays = ["2023-06-22",', "calendar.holidays"),
        ('id = "C02"', 'id = "C01"', "person[2]"),
        ("[thresholds]", "[limits]", "thresholds"),
        ("[[branch]]", "[[shop]]\n[[branch]]", "shop"),
    ],
)  # fmt: skip
def test_faults_name_file_and_key(old: str, new: str, key: str) -> None:
    """Each fault says where it stands."""
    with pytest.raises(ConfigError) as caught:
        changed(old, new)
    (fault,) = caught.value.faults
    assert (fault.file, fault.column) == ("mine.toml", key)
    assert fault.message


def test_what_is_no_toml() -> None:
    """The file is named even where no key can be."""
    with pytest.raises(ConfigError, match=r"mine\.toml.*TOML"):
        Book.load("[book", file="mine.toml")
