"""The room in Fava: it opens, in the accountant's words, writes nothing, gives nothing away, answers this machine only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fava")

from beancount import loader
from beancount.core import data

from exports.fava import sets, shield
from exports.fava.room import KEY, Room
from exports.fava.serve import WORDS, Opened, reading_room
from ledger.errors import Refused
from ledger.i18n import set_language
from tests.exports import june as small
from tests.exports.fava.rooms import balances, trial_balance

if TYPE_CHECKING:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store

BOOK = "b01-2023-06"


def translations(page: str) -> dict[str, str]:
    """Fava's words as it sends them to the browser."""
    found = re.search(r'id="translations">(.*?)</script>', page)
    assert found is not None
    return dict(json.loads(found[1]))


@pytest.fixture(scope="module")
def opened(june_store: Store, book: Book, chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return reading_room(Room(june_store, book, chart), tmp_path_factory.mktemp("room"))


@pytest.fixture
def client(opened: Opened) -> Any:
    return opened.app.test_client()


# -- what it shows ------------------------------------------------------------------------------


def test_it_opens_on_the_income_statement_in_the_accountants_words(opened: Opened, client: Any) -> None:
    """GET / ends at the income statement of the last month, in Chinese; the book stands in the title."""
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert page.request.path == "/overview/income_statement/"
    assert page.request.args["time"] == "2023-06"
    words = translations(page.text)
    assert {name: words[name] for name in WORDS} == WORDS
    assert "经营公司 总账" in page.text
    assert client.get("/overview/api/errors").json["data"] == []
    assert isinstance(opened.app.config[KEY], Room)


@pytest.mark.parametrize(
    "report",
    [
        "balance_sheet",
        "trial_balance",
        "journal",
        "account/Assets:1002-Bank:ICBC-0101",
        "query",
        "holdings",
        "statistics",
        "errors",
        "help",
    ],
)
def test_every_page_answers(client: Any, report: str) -> None:
    assert client.get(f"/{BOOK}/{report}/").status_code == 200


def test_our_pages_are_in_the_side_bar(client: Any) -> None:
    listed = client.get(f"/{BOOK}/api/ledger_data").json["data"]
    assert "银行存款余额调节表" in {page["report_title"] for page in listed["extensions"]}
    assert listed["sidebar_links"] == [["换账册", "/books"]]
    assert ["城西 2023-06", "/b02-2023-06/"] in listed["other_ledgers"]


def test_its_figures_are_the_ledgers(client: Any) -> None:
    """BQL over a book gives the balance of the bank account."""
    query = "SELECT sum(position) AS total WHERE account = 'Assets:1002-Bank:ICBC-0101'"
    answer = client.get(f"/{BOOK}/api/query", query_string={"query_string": query})
    assert answer.status_code == 200
    assert "2972.80" in answer.text


@pytest.mark.parametrize("slug", ["overview", BOOK])
def test_the_journal_can_be_taken_away_and_read_again(opened: Opened, client: Any, slug: str, tmp_path: Path) -> None:
    """Batches too; of a month, with what was before it, and of one account."""
    files = {}
    for name, asked in (("all", ""), ("month", "?time=2023-06"), ("account", "?account=Assets:1002-Bank")):
        answer = client.get(f"/{slug}/download-journal/{asked}")
        assert answer.status_code == 200
        file = tmp_path / f"{name}.beancount"
        file.write_bytes(answer.data)
        found, errors, _options = loader.load_file(str(file))
        assert errors == []
        files[name] = found
    assert balances(files["all"]) == trial_balance(opened.app.config[KEY])
    assert 0 < sum(isinstance(entry, data.Transaction) for entry in files["account"]) < len(files["all"])


def test_a_click_on_an_entry_shows_it_written_out(client: Any) -> None:
    page = client.get(f"/{BOOK}/api/journal_page?page=1&order=asc&filter=%23cash-receipt").json["data"]["journal"]
    found = re.search(r"#context-([0-9a-f]+)", page)
    assert found is not None
    for endpoint in ("context", "source_slice"):
        assert client.get(f"/{BOOK}/api/{endpoint}?entry_hash={found[1]}").status_code == 200
    text = client.get(f"/{BOOK}/api/source_slice?entry_hash={found[1]}").json["data"]["slice"]
    assert 'voucher: "记-' in text
    assert client.get(f"/{BOOK}/api/source_slice?entry_hash=00").status_code == 404


def test_english_is_english(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    set_language("en")
    try:
        client = reading_room(Room(june_store, book, chart, language="en"), tmp_path).app.test_client()
        page = client.get("/", follow_redirects=True)
        chosen = client.get("/books")
    finally:
        set_language("zh_CN")
    assert translations(page.text) == {}
    assert '"Other books"' in page.text
    assert "Operating Company General ledger (up to entry" in page.text
    assert "Choose a book" in chosen.text
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r'"payees":\[.*?\]|"account_details":\{.*?\}\},', "", chosen.text))


def test_a_book_with_errors_is_not_served(
    june_store: Store, book: Book, chart: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sets.read

    def spoiled(*asked: Any) -> sets.Sets:
        content = read(*asked)
        other = content.closing.with_columns(closing=content.closing["closing"] + 1)
        return sets.Sets(**{**{name: getattr(content, name) for name in content.__slots__}, "closing": other})

    monkeypatch.setattr(sets, "read", spoiled)
    with pytest.raises(Refused, match="Balance failed"):
        reading_room(Room(june_store, book, chart), tmp_path)


def test_an_empty_book_opens_too(store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    small.open_book(store, book, chart)
    client = reading_room(Room(store, book, chart), tmp_path).app.test_client()
    assert client.get("/", follow_redirects=True).status_code == 200
    assert "b01-2023-05" in client.get("/books").text


# -- what it does not do -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "post", "delete", "patch", "options"])
@pytest.mark.parametrize(
    "address", [f"/{BOOK}/api/source", f"/{BOOK}/api/add_entries", "/", "/books", f"/{BOOK}/extension/BankJournal/x"]
)
def test_it_is_read_only(client: Any, method: str, address: str) -> None:
    assert getattr(client, method)(address).status_code == 405


def test_head_is_get_without_the_page(client: Any) -> None:
    answer = client.head(f"/{BOOK}/journal/")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    "address",
    [
        "api/source", "api/source?filename=/etc/passwd", "api/options", "api/imports", "api/extract?filename=x&importer=y", "api/documents",
        "api/payee_transaction?payee=R2", "editor/", "import/", "options/", "documents/", "document/?filename=/etc/passwd",
        "statement/?entry_hash=0&key=x", "nothing/", "api/nothing", "extension/Nothing/",
    ],
)  # fmt: skip
def test_what_is_not_open_is_not_there(client: Any, address: str) -> None:
    assert client.get(f"/{BOOK}/{address}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        ".output {file}",
        "output {file}",
        ".reload",
        "run x",
        ".set format csv",
        "CREATE TABLE t USING 'csv:{file}'",
        "INSERT INTO t VALUES (1)",
        ".history",
        "",
    ],
)
def test_queries_only_select(client: Any, query: str, tmp_path: Path) -> None:
    """Fava's query shell knows commands that write files, also when it is read-only."""
    file = tmp_path / "written"
    for address in (f"/{BOOK}/api/query", f"/{BOOK}/download-query/query_result.csv"):
        answer = client.get(address, query_string={"query_string": query.format(file=file)})
        assert answer.status_code == 403
    twice = client.get(f"/{BOOK}/api/query?query_string=select+1&query_string=.output+{file}")
    assert twice.status_code == 403
    assert not file.exists()


@pytest.mark.parametrize(
    "host", ["ledger.evil.example", "127.0.0.1.evil.example", "", "evil@127.0.0.1", "127.0.0.1:80:80"]
)
def test_it_answers_no_other_host_name(client: Any, host: str) -> None:
    """DNS rebinding ends here."""
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "LOCALHOST:5000", "[::1]:5000"])
def test_it_answers_its_own(client: Any, host: str) -> None:
    assert client.get("/books", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "address", ["/books", f"/{BOOK}/journal/", f"/{BOOK}/api/errors", "/nothing/", "/static/app.js", "/room.css"]
)
def test_every_answer_carries_the_headers(client: Any, address: str) -> None:
    headers = client.get(address).headers
    for name, value in shield.HEADERS.items():
        assert headers.getlist(name) == [value]
    assert (headers.get("Cache-Control") == "no-store") is not address.startswith("/static/")
    assert "Server" not in headers


def test_nothing_tells_where_the_database_is(opened: Opened, client: Any) -> None:
    """No page, no answer, no error of any open address."""
    url = opened.app.config[KEY].store.url
    path = url.partition("///")[2] or url.partition("@")[2]
    addresses = [f"/{BOOK}/{report}/" for report in shield.REPORTS] + [f"/{BOOK}/api/{name}" for name in shield.API]
    for address in [*addresses, "/books", f"/{BOOK}/download-journal/"]:
        text = client.get(address).text
        assert url not in text, address
        assert path not in text, address
        assert "meterbook_test" not in text, address


def test_a_memo_is_text_and_never_html(
    june_store: Store, book: Book, chart: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fava's journal does not escape what beancount's own files say; what a cashier typed is escaped."""
    read = sets.read
    evil = '<img src="x" onerror="alert(1)">'

    def typed(*asked: Any) -> sets.Sets:
        content = read(*asked)
        import polars as pl

        heads = content.heads.with_columns(memo=pl.lit(evil), doc_no=pl.lit(evil))
        return sets.Sets(**{**{name: getattr(content, name) for name in content.__slots__}, "heads": heads})

    monkeypatch.setattr(sets, "read", typed)
    client = reading_room(Room(june_store, book, chart), tmp_path).app.test_client()
    journal = client.get(f"/{BOOK}/api/journal_page?page=1&order=asc").json["data"]["journal"]
    account = client.get(f"/{BOOK}/api/account_report?a=Assets:1002-Bank").json["data"]["journal"]
    for html in (journal, account):
        assert "&lt;img src=" in html
        assert "<img" not in html
        assert "<li class='transaction" in html
    assert "<img" not in client.get(f"/{BOOK}/journal/").text
