"""The reading room in a real browser: log in, click through every page in both languages, look for errors.

Debian's ``chromium`` and ``chromium-driver``; where they are absent the tests are skipped loudly, and fail
under ``CI=true``. Every page leaves a picture in ``out/screenshots`` for people to look at.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

pytest.importorskip("fava")
pytest.importorskip("selenium")

from cheroot.wsgi import Server
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from exports.fava import pages
from exports.fava.serve import reading_room
from ledger import passwords
from ledger.books import open_book
from ledger.i18n import set_language
from ledger.operators import appoint
from ledger.storage.engine import Store
from tests.exports.fava.conftest import june_book
from tests.exports.fava.rooms import room_of

PICTURES = Path(__file__).parents[3] / "out" / "screenshots"
PASSWORD = "auditor-of-2023"
WAIT = 20
LANGUAGES = ("zh_CN", "en")

HEADINGS = {
    "BankAdjustment": ("银行存款余额调节表", "Bank reconciliation"),
    "BankJournal": ("银行存款日记账", "Bank deposit journal"),
    "BankOutstanding": ("未达账项", "Outstanding items"),
    "BatchesAndVouchers": ("批次与凭证", "Batches and vouchers"),
    "CustomerLedger": ("客户明细", "Customer ledger"),
    "DailyCollections": ("收费日报", "Daily collections"),
    "FundPositions": ("资金构成", "Composition of funds"),
    "LevyRemittance": ("代征费用", "Levies"),
    "ReceivablesAgeing": ("欠费账龄", "Ageing"),
}
"""What the side bar calls each page."""

ASKED = {
    "BankAdjustment": ("?bank=1002.01&month=2023-06", "5,326.75"),
    "BankJournal": ("?bank=1002.01&month=2023-06", "2,972.80"),
    "BankOutstanding": ("?bank=1002.01&month=2023-06", "2,400.00"),
    "BatchesAndVouchers": ("", "0630-04-levy_remittance.csv"),
    "CustomerLedger": ("?customer=R7&month=2023-06", "72.45"),
    "DailyCollections": ("?day=2023-06-12", "328.00"),
    "FundPositions": ("?bank=1002.01&month=2023-06", "2,972.80"),
    "LevyRemittance": ("?month=2023-06", "2,850.00"),
    "ReceivablesAgeing": ("?month=2023-06", "2,400.00"),
}
"""What a page is asked, and a figure of domain §6 that it must show."""


def _missing() -> str | None:
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"BROWSER NOT TESTED: no {program} (Debian: apt-get install chromium chromium-driver)"
    return None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless chromium, 1280 × 800."""
    if message := _missing():
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1280,800",
        "--disable-gpu",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(WAIT)
    PICTURES.mkdir(parents=True, exist_ok=True)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """June with an administrator and an auditor, on SQLite: what a page says on PostgreSQL test_pages knows."""
    path = tmp_path_factory.mktemp("browser") / "book.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    made = Store(f"sqlite:///{path}")
    book = june_book(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        with made.writing(1) as session:
            for person in ("T01", "J01"):
                appoint(session, 1, book.ledger.book, person, by="T01", today=book.ledger.book.cutover)
                passwords.set_password(session, 1, person, PASSWORD, by="T01")
    yield made
    made.dispose()


@pytest.fixture(scope="module", params=LANGUAGES)
def site(request: pytest.FixtureRequest, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The room served on a port of its own: ``(address, language)``."""
    set_language(request.param)
    opened = reading_room(room_of(open_book(store), request.param), tmp_path_factory.mktemp("views"))
    server = Server(("127.0.0.1", 0), opened.app)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.bind_addr[1]}", request.param
    server.stop()
    thread.join(10)
    set_language("zh_CN")


def picture(browser: Any, language: str, name: str) -> None:
    browser.save_screenshot(str(PICTURES / f"{name}-{language}.png"))


def words(browser: Any) -> str:
    """What a person reads on the page."""
    return str(browser.find_element(By.TAG_NAME, "body").text)


def until(browser: Any, text: str) -> None:
    WebDriverWait(browser, WAIT).until(lambda driver: text in words(driver), f"no {text!r} in {words(browser)[:400]!r}")


def complaints(browser: Any) -> list[str]:
    """What the browser's console holds against the page."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def inside(browser: Any, site: tuple[str, str]) -> tuple[Any, str, str]:
    """The auditor has logged in by name and password, once wrongly."""
    address, language = site
    browser.get("about:blank")  # nothing of the other language's room is still under way
    browser.get(address)
    for secret in ("wrong", PASSWORD):
        browser.find_element(By.NAME, "name").clear()
        browser.find_element(By.NAME, "name").send_keys("J01")
        browser.find_element(By.NAME, "password").send_keys(secret)
        browser.find_element(By.CSS_SELECTOR, "form button").click()
        if secret == "wrong":
            assert browser.find_elements(By.NAME, "password"), words(browser)
            picture(browser, language, "login")
    picture(browser, language, "first")
    WebDriverWait(browser, WAIT).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "aside a"))
    browser.get_log("browser")  # the refusal of the wrong password stands there, rightly
    return browser, address, language


def test_every_page_has_its_words() -> None:
    """A new page is clicked here too."""
    assert set(HEADINGS) == set(ASKED) == set(pages.__all__)


def test_favas_own_pages(inside: tuple[Any, str, str]) -> None:
    """Income statement, balance sheet, trial balance, journal: they open, and nothing is to be edited."""
    browser, address, language = inside
    for name in ("income_statement", "balance_sheet", "trial_balance", "journal", "query"):
        browser.get(f"{address}/overview/{name}/")
        WebDriverWait(browser, WAIT).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "article *"))
        picture(browser, language, name)
    assert complaints(browser) == []
    shown = words(browser)
    for word in ("Editor", "Import", "编辑器", "导入"):
        assert word not in shown.split()


@pytest.mark.parametrize("name", sorted(HEADINGS))
def test_every_page_of_ours(inside: tuple[Any, str, str], name: str) -> None:
    """By its link in the side bar, then asked for June: its figure stands there, the console is silent."""
    browser, address, language = inside
    browser.get(f"{address}/overview/trial_balance/")
    link = WebDriverWait(browser, WAIT).until(
        lambda driver: driver.find_element(By.CSS_SELECTOR, f"aside a[href*='extension/{name}/']")
    )
    title = link.text
    assert HEADINGS[name][language == "en"] in title
    link.click()
    WebDriverWait(browser, WAIT).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, ".mb-page"))
    asked, figure = ASKED[name]
    browser.get(f"{address}/overview/extension/{name}/{asked}")
    until(browser, figure)
    picture(browser, language, name)
    assert complaints(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_another_account_is_picked(inside: tuple[Any, str, str]) -> None:
    """The picker is a plain form: the other bank's figures come."""
    browser, address, language = inside
    browser.get(f"{address}/overview/extension/BankAdjustment/?bank=1002.01&month=2023-06")
    until(browser, "5,326.75")
    form = browser.find_element(By.CSS_SELECTOR, ".mb-page form")
    Select(form.find_element(By.NAME, "bank")).select_by_value("1002.02")
    form.find_element(By.CSS_SELECTOR, "button").click()
    WebDriverWait(browser, WAIT).until(lambda driver: "5,326.75" not in words(driver))
    assert "1002.02" in browser.current_url
    assert complaints(browser) == []
    picture(browser, language, "BankAdjustment-other")


def test_from_a_batch_to_its_proof(inside: tuple[Any, str, str]) -> None:
    """Links lead from the batches to a voucher, its source row and its proof."""
    browser, address, language = inside
    browser.get(f"{address}/overview/extension/BatchesAndVouchers/")
    until(browser, "0630-04-levy_remittance.csv")
    row = "//tr[td[contains(., '0630-04-levy_remittance.csv')]]//a"
    for xpath, part in ((row, "batch="), ("//*[@class='mb-scroll']//td/a", "entry=")):
        link = WebDriverWait(browser, WAIT).until(
            lambda driver, xpath=xpath: driver.find_element(By.XPATH, f"//*[@class='mb-page']{xpath}")
        )
        link.click()
        WebDriverWait(browser, WAIT).until(lambda driver, part=part: part in driver.current_url)
        until(browser, "0630-04-levy_remittance.csv")
    until(browser, "日志中的证明" if language == "zh_CN" else "Proof in the log")
    picture(browser, language, "voucher")
    assert complaints(browser) == []


def test_the_books_and_out(inside: tuple[Any, str, str]) -> None:
    """The page that chooses a book; logged out, nothing is shown any more."""
    browser, address, language = inside
    browser.get(f"{address}/books")
    until(browser, "2023-06")
    picture(browser, language, "books")
    browser.get(f"{address}/logout")
    browser.get(f"{address}/overview/trial_balance/")
    assert browser.find_elements(By.NAME, "password")
    assert complaints(browser) == [] or all("401" in one or "403" in one for one in complaints(browser))
