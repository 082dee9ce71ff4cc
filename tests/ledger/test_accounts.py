"""The chart: all of domain §2, expanded with the book, and faults that name file and key."""

from __future__ import annotations

import polars as pl
import pytest

from ledger.accounts import CHART_FILE, DIMENSIONS, KEYED_ROLES, ROLES, Chart, valid_beancount
from ledger.book import BOOK_FILE, Book
from ledger.errors import ConfigError, NotFound

TEXT = CHART_FILE.read_text(encoding="utf-8")

CODES = [
    "1001.C01", "1001.C02", "1002.01", "1002.02", "1012.01", "1012.02", "1122.01", "1122.02", "1122.03", "1122.04", "1122.05", "1122.06", "1122.09",
    "1221.01", "1221.02", "1221.03", "1221.04", "1221.05", "1231", "1901", "2203.01", "2203.02", "2203.03", "2203.04", "2203.05", "2221.01", "2221.02",
    "2221.03", "2241.01.01", "2241.01.02", "2241.01.03", "2241.02.01", "2241.02.02", "2241.02.03", "2241.03", "2241.04", "4103", "6001.01",
    "6001.02", "6051.01", "6051.02", "6301.01", "6301.02", "6403", "6602", "6603.01", "6603.02", "6702", "9000",
]  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Book:
    """The demo company."""
    return Book.load()


@pytest.fixture(scope="module")
def chart(book: Book) -> Chart:
    """Its chart."""
    return Chart.load(book)


def load(old: str, new: str, *, count: int = 1) -> Chart:
    """The shipped chart with one passage changed."""
    assert old in TEXT
    return Chart.load(Book.load(), TEXT.replace(old, new, count), file="chart.toml")


def test_all_accounts(chart: Chart) -> None:
    """Every account of domain §2 and 4103, sorted; cashiers and banks expanded."""
    assert list(chart.codes) == CODES


def test_dimensions_are_ordered(chart: Chart) -> None:
    """Required and optional do not overlap, and a line's dimensions stand in the common order."""
    for account in chart.accounts.values():
        assert not account.required & account.optional
        assert list(account.dimensions) == sorted(account.dimensions, key=DIMENSIONS.index)


@pytest.mark.parametrize(
    ("code", "mask"),
    [
        ("1001.C01", 0b0_0000_0101),
        ("1002.01", 0b1_0010_0011),
        ("1122.01", 0b0_0001_1001),
        ("1221.03", 0b1_1000_0000),
        ("2241.02.01", 0b0_0110_0010),
        ("2241.04", 0b10_0000_0000),
        ("9000", 0),
    ],
)
def test_mask(chart: Chart, code: str, mask: int) -> None:
    """Bit 0 = branch … bit 8 = document, bit 9 = staff or customer."""
    assert chart.required_mask(code) == mask


@pytest.mark.parametrize(
    ("code", "dimensions"),
    [
        ("1122.02", {"branch", "customer", "bill_month", "document"}),
        ("2241.01.01", {"item", "customer", "bill_month", "document"}),
        ("2241.02.01", {"item", "fund", "bank", "customer", "bill_month", "document"}),
        ("2203.03", {"customer", "document", "fund", "bank"}),
        ("1001.C01", {"branch", "cashier", "fund"}),
        ("1002.01", {"branch", "bank", "fund", "document"}),
        ("2221.02", {"item", "customer", "bill_month"}),
        ("6001.01", {"branch", "item"}),
    ],
)
def test_the_levy_move_and_its_tender_fit(chart: Chart, code: str, dimensions: set[str]) -> None:
    """What the postings of domain §3 say about a line, the account can carry."""
    assert dimensions <= set(chart.account(code).dimensions)


def test_beancount_takes_every_name(chart: Chart) -> None:
    """Digit-first components; no two accounts under one name."""
    names = [account.beancount for account in chart.accounts.values()]
    assert len(set(names)) == len(names)
    assert chart.beancount("1001.C01") == "Assets:1001-Cash:B01:C01"
    assert chart.beancount("1002.01") == "Assets:1002-Bank:ICBC-0101"
    core = pytest.importorskip("beancount.core.account")
    assert [name for name in names if not core.is_valid(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "Assets", "Assets:", "Asset:1", "Assets:应收", "Assets:cash", "Assets:1001.01", "Assets:1_2", "Assets:-1",
        "资产:1001", "Assets:1001 Cash", "Assets::1",
    ],
)  # fmt: skip
def test_names_beancount_refuses(name: str) -> None:
    """Root, first letter, and the letters after it."""
    assert not valid_beancount(name)


def test_names_beancount_accepts() -> None:
    """Letters of any script after the first."""
    assert valid_beancount("Assets:1122-应收账款:居民户") is False  # a component begins with a digit or capital
    assert valid_beancount("Assets:1122-应收账款:1-居民户")


def test_roles(chart: Chart) -> None:
    """Every role of the posting rules points at an account, which knows it."""
    assert chart.role("ar_resident") == "1122.01"
    assert chart.role("cash", cashier="C02") == "1001.C02"
    assert chart.role("bank", bank="1002.02") == "1002.02"
    assert chart.levy("billed", "sewage") == "2241.01.01"
    assert chart.levy("due", "surcharge") == "2241.02.03"
    assert chart.levy_items == ("sewage", "water_resource", "surcharge")
    assert {role.partition("/")[0] for role in chart.roles} == {*ROLES, *KEYED_ROLES}
    assert chart.account("2241.02.01").roles == ("levy_due",)
    assert all(account.roles for account in chart.accounts.values())


def test_a_role_maps_a_column(chart: Chart) -> None:
    """The map of a keyed role turns a whole column into codes."""
    items = pl.Series(["surcharge", "sewage"])
    assert items.replace_strict(dict(chart.role_map("levy_due"))).to_list() == ["2241.02.03", "2241.02.01"]


def test_names_and_headings(chart: Chart) -> None:
    """Two languages, and headings for the totals."""
    assert chart.name("1122.01") == "应收账款—居民户"
    assert chart.name("1122.01", "en") == "A/R residential"
    assert chart.name("1122") == "应收账款"
    assert chart.parent("2241.01.02") == "2241.01"
    assert chart.parent("2241.01") == "2241"
    assert chart.parent("1231") is None
    assert chart.children("1122") == tuple(code for code in CODES if code.startswith("1122."))
    assert {code.partition(".")[0] for code in CODES if "." in code} <= set(chart.parents)


def test_the_other_standard(chart: Chart) -> None:
    """小企业会计准则 has its own codes, or none."""
    assert chart.account("6001.01").asse == "5001.01"
    assert chart.account("1122.01").asse == "1122.01"
    assert chart.account("1231").asse is None


def test_accounts_with(chart: Chart) -> None:
    """Which lines carry a dimension."""
    assert chart.accounts_with("staff") == ["1221.03", "2241.04", "6602"]
    with pytest.raises(KeyError):
        chart.accounts_with("colour")


def test_unknown_names(chart: Chart) -> None:
    """A code or value that does not exist is said; an undeclared role is a mistake of the caller."""
    with pytest.raises(NotFound, match="9999"):
        chart.account("9999")
    with pytest.raises(NotFound, match="C09"):
        chart.role("cash", cashier="C09")
    with pytest.raises(KeyError):
        chart.role("petty_cash")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('side = "debit"', 'side = "left"', "account[1].side"),
        ('side = "debit"', 'side = "debit"\ncolour = "red"', "account[1].colour"),
        ('side = "debit"\n', "", "account[1].side"),
        ('required = ["branch", "cashier"]', 'required = ["branch", "shop"]', "account[1].required"),
        ('required = ["branch", "cashier"]', 'required = ["branch", "branch"]', "account[1].required"),
        ('optional = ["fund", "document"]', 'optional = ["branch"]', "account[1].optional"),
        ('required_any = ["staff", "customer"]', 'required_any = ["staff"]', "account[34].required_any"),
        ('code = "1012.02"', 'code = "1012.01"', "account[4].code"),
        ('code = "1012.01"', 'code = "1012"', "account[3].code"),
        ('code = "1012.01"', 'code = "12"', "account[3].code"),
        ('code = "1012.01"', 'code = 1012', "account[3].code"),
        ("Assets:1012-Transit:POS", "Assets:1012-Transit:pos", "account[3].beancount"),
        ("Assets:1012-Transit:POS", "Assets:1012-Transit:Slip", "account[4].beancount"),
        ("Assets:1001-Cash:{branch}:{code}", "Assets:1001-Cash:{floor}", "account[1].code"),
        ("Assets:1001-Cash:{branch}:{code}", "Assets:1001-Cash", "account[1].beancount"),
        ('per = "cashier"', "", "account[1].per"),
        ('code = "1002.*"', 'code = "1003.*"', "account[2].code"),
        ('zh = "应收账款—居民户"', 'zh = ""', "account[5].zh"),
        ('ar_tm = "1122.03"', 'ar_tm = "1122.99"', "roles.ar_tm"),
        ('ar_tm = "1122.03"\n', "", "roles.ar_tm"),
        ('ar_tm = "1122.03"', 'ar_tm = "1122.03"\nar_gas = "1122.03"', "roles.ar_gas"),
        ('cash = "1001.*"', 'cash = "1012.01"', "roles.cash"),
        ('surcharge = "2241.02.03"', 'surcharge = "2241.02.09"', "roles.levy_due.surcharge"),
        (', surcharge = "2241.02.03"', "", "roles.levy_due.surcharge"),
        ('surcharge = "2241.02.03"', 'surcharge = "2241.02.03", refuse = "2241.02.03"', "roles.levy_due.refuse"),
        ('[roles]', '[role]', "roles"),
        ('code = "1002"', 'code = "1001"', "heading[2].code"),
    ],
)  # fmt: skip
def test_faults_name_file_and_key(old: str, new: str, key: str) -> None:
    """Each fault says where it stands."""
    with pytest.raises(ConfigError) as caught:
        load(old, new)
    (fault,) = caught.value.faults
    assert (fault.file, fault.column) == ("chart.toml", key)
    assert fault.message


def test_the_chart_follows_the_book() -> None:
    """A further cashier is a further cash account; a levy without account is a fault of the chart."""
    text = BOOK_FILE.read_text(encoding="utf-8")
    more = '[[cashier]]\ncode = "C03"\nname = "林"\nbranch = "B02"\ndeposit_bank = "1002.02"\nstream = "entity"\n'
    chart = Chart.load(Book.load(more + text))
    assert chart.beancount(chart.role("cash", cashier="C03")) == "Assets:1001-Cash:B02:C03"
    levy = '[[item]]\ncode = "refuse"\nzh = "垃圾处理费"\nen = "Refuse levy"\nkind = "levy"\n'
    with pytest.raises(ConfigError, match=r"roles\.levy_billed\.refuse"):
        Chart.load(Book.load(levy + text))
