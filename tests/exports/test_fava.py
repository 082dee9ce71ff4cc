"""Fava on the export: it opens, finds no error, writes nothing, answers this machine only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from ledger.errors import Refused
from tests.exports import june

if TYPE_CHECKING:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store

pytest.importorskip("fava")

from exports.fava import serve


def translations(page: str) -> dict[str, str]:
    """Fava's words as it sends them to the browser."""
    found = re.search(r'id="translations">(.*?)</script>', page)
    assert found is not None
    return dict(json.loads(found[1]))


@pytest.fixture
def client(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> Any:
    with june_store.reading() as session:
        view = serve.open_view(session, book, chart, tmp_path)
    return serve.application(view).test_client()


def test_fava_opens_on_the_income_statement_without_error(client: Any) -> None:
    """GET / ends at the income statement of the last month, in Chinese, titled with the book."""
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert unquote(page.request.path) == "/经营公司/income_statement/"
    assert page.request.args["time"] == "2023-06"
    words = translations(page.text)
    assert words["Income Statement"] == "利润表"
    assert words["Balance Sheet"] == "资产负债表"
    assert "经营公司" in page.text
    assert client.get("/经营公司/api/errors").json["data"] == []


@pytest.mark.parametrize(
    "report", ["balance_sheet", "trial_balance", "journal", "account/Assets:1002-Bank:ICBC-0101", "query"]
)
def test_every_page_answers(client: Any, report: str) -> None:
    assert client.get(f"/经营公司/{report}/").status_code == 200


def test_its_figures_are_the_ledgers(client: Any) -> None:
    """BQL over the view gives the balance of the bank account."""
    query = "SELECT sum(position) AS total WHERE account = 'Assets:1002-Bank:ICBC-0101'"
    answer = client.get("/经营公司/api/query", query_string={"query_string": query})
    assert answer.status_code == 200
    assert "2972.80" in answer.text


@pytest.mark.parametrize("method", ["put", "post", "delete", "patch"])
def test_it_is_read_only(client: Any, method: str) -> None:
    assert getattr(client, method)("/经营公司/api/source").status_code == 401


def test_it_answers_no_other_host_name(client: Any) -> None:
    """DNS rebinding ends here."""
    assert client.get("/", headers={"Host": "ledger.evil.example"}).status_code == 400


def test_english_is_english(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    with june_store.reading() as session:
        view = serve.open_view(session, book, chart, tmp_path, language="en")
    page = serve.application(view).test_client().get("/", follow_redirects=True)
    assert unquote(page.request.path) == "/operating-company/income_statement/"
    assert translations(page.text) == {}


def test_an_export_with_errors_is_not_served(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    with june_store.reading() as session:
        view = serve.open_view(session, book, chart, tmp_path)
    month = tmp_path / "2023" / "2023-06.beancount"
    month.write_text(month.read_text(encoding="utf-8").replace(" 2972.80 ~", " 2972.81 ~"), encoding="utf-8")
    with pytest.raises(Refused, match="Balance failed"):
        serve.application(view)


def test_an_empty_book_opens_too(store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    june.open_book(store, book, chart)
    with store.reading() as session:
        view = serve.open_view(session, book, chart, tmp_path)
    assert serve.application(view).test_client().get("/", follow_redirects=True).status_code == 200
