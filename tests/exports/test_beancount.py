"""The beancount export: bean-check finds nothing, every balance is the database's, nothing injects."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import beancount as export
from ledger import views
from ledger.accounts import DIMENSIONS, Chart
from ledger.book import Book
from tests.exports import june

if TYPE_CHECKING:
    from ledger.storage import Store

loader = pytest.importorskip("beancount.loader")
data = pytest.importorskip("beancount.core.data")
realization = pytest.importorskip("beancount.core.realization")
parser = pytest.importorskip("beancount.parser.parser")


def write(store: Store, book: Book, chart: Chart, folder: Path, **options: Any) -> export.Export:
    with store.reading() as session:
        return export.export(session, book, chart, folder, **options)


def load(main: Path) -> list[Any]:
    entries, errors, _options = loader.load_file(str(main))
    assert [error.message for error in errors] == []
    return list(entries)


def balances(entries: list[Any]) -> dict[str, int]:
    """Account → fen of everything but zero."""
    sums: dict[str, Decimal] = {}
    for entry in data.filter_txns(entries):
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, Decimal()) + posting.units.number
    return {account: int(number.scaleb(2)) for account, number in sums.items() if number}


def expected(store: Store, chart: Chart, day: dt.date) -> dict[str, int]:
    with store.reading() as session:
        frame = views.trial_balance(session, june.BOOK_ID, day, day).filter(pl.col("closing") != 0)
    return {chart.beancount(row["account"]): row["closing"] for row in frame.iter_rows(named=True)}


def test_bean_check_is_silent_and_every_balance_equals(
    july_store: Store, book: Book, chart: Chart, tmp_path: Path
) -> None:
    """One file per month; the balances of the text are those of the database, account by account."""
    done = write(july_store, book, chart, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in done.months] == [
        "2023/2023-05.beancount", "2023/2023-06.beancount", "2023/2023-07.beancount",
    ]  # fmt: skip
    entries = load(done.main)
    assert len(list(data.filter_txns(entries))) == done.entries == 62
    assert balances(entries) == expected(july_store, chart, dt.date(2023, 7, 4))
    assert sum(isinstance(entry, data.Balance) for entry in entries) > 60


def test_a_closed_month_never_changes(
    june_store: Store, july_store: Store, book: Book, chart: Chart, tmp_path: Path
) -> None:
    """June exported in June and in July is the same file, on either database."""
    first = write(june_store, book, chart, tmp_path / "a")
    later = write(july_store, book, chart, tmp_path / "b")
    assert first.months[1].read_bytes() == later.months[1].read_bytes()
    cut = write(july_store, book, chart, tmp_path / "c", until=dt.date(2023, 6, 30))
    assert cut.months[-1].read_bytes() == first.months[-1].read_bytes()
    assert balances(load(cut.main)) == expected(july_store, chart, dt.date(2023, 6, 30))


def test_entries_carry_their_metadata(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    """Customer, bill-month, fund, item, document, event, kind and voucher; flag ``!`` until accepted."""
    entries = load(write(june_store, book, chart, tmp_path).main)
    (r6,) = [entry for entry in data.filter_txns(entries) if entry.meta["doc"] == "SF-0612-2"]
    assert (r6.flag, r6.payee, r6.narration, r6.tags) == ("!", "R6", "R6 拆表欠费+违约金", {"removed-meter-receipt"})
    assert (r6.meta["event"], r6.meta["kind"], r6.meta["voucher"]) == ("E22", "removed_meter_receipt", "记-0023")
    by_account = {posting.account: posting for posting in r6.postings}
    assert by_account["Assets:1122-AR:Closed"].units.number == Decimal("-86.25")
    assert by_account["Assets:1122-AR:Closed"].meta["cust"] == "R6"
    assert by_account["Assets:1122-AR:Closed"].meta["bill-month"] == "2023-03"
    due = by_account["Liabilities:2241-Levy-Due:Sewage"].meta
    assert (due["fund"], due["item"], due["bank"]) == ("补缴水费", "sewage", "1002.01")
    opens = {entry.account: entry.meta for entry in entries if isinstance(entry, data.Open)}
    assert opens["Assets:1122-AR:Closed"]["code"] == "1122.05"
    assert opens["Assets:1122-AR:Closed"]["name-zh"] == "应收账款—销户欠费"
    assert len(opens) == len(chart.codes)


def test_turnover_can_be_rebuilt_from_the_text(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    """A red-letter line says its column, so the text holds the trial balance's debit and credit too."""
    entries = load(write(june_store, book, chart, tmp_path).main)
    sums: dict[str, list[int]] = {}
    for entry in data.filter_txns(entries):
        if entry.meta["event"] == "E01":
            continue
        for posting in entry.postings:
            fen = int(posting.units.number.scaleb(2))
            column = posting.meta.get("red-letter") or ("debit" if fen > 0 else "credit")
            pair = sums.setdefault(posting.account, [0, 0])
            pair[0 if column == "debit" else 1] += fen if column == "debit" else -fen
    with june_store.reading() as session:
        frame = views.trial_balance(session, june.BOOK_ID, dt.date(2023, 6, 1), dt.date(2023, 6, 30))
    moved = frame.filter((pl.col("debit") != 0) | (pl.col("credit") != 0))
    assert {account: pair for account, pair in sums.items() if any(pair)} == {
        chart.beancount(row["account"]): [row["debit"], row["credit"]] for row in moved.iter_rows(named=True)
    }


def test_a_fen_off_is_found(june_store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    """The assertions have no tolerance."""
    done = write(june_store, book, chart, tmp_path)
    june_file = done.months[1]
    text = june_file.read_text(encoding="utf-8")
    changed = text.replace("82.00 CNY", "82.01 CNY").replace(" 2972.80 ~", " 2972.81 ~")
    june_file.write_text(changed, encoding="utf-8")
    _entries, errors, _options = loader.load_file(str(done.main))
    assert any("Balance failed" in error.message for error in errors)


def test_an_empty_book_is_a_valid_export(store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    june.open_book(store, book, chart)
    done = write(store, book, chart, tmp_path)
    assert done.months == ()
    assert not list(data.filter_txns(load(done.main)))


# -- what stands in the data never becomes syntax ----------------------------------------------

NASTY = [
    'a"b', "a\\", '\\"', "a\nb", 'x"\n2023-01-01 open Assets:Hack\n"', "a\rb", "a\tb", "; 注", "#tag ^link", "",
    '"', "\\n", "{}", "%s", "a\u2028b", "“引号”", '2023-01-01 * "x"\n  Assets:A 1 CNY',
]  # fmt: skip


def frame(memo: str, document: str) -> pl.DataFrame:
    """Two lines of one entry with this memo and document number."""
    text = dict.fromkeys(DIMENSIONS)
    head = {
        "entry_id": 1, "date": dt.date(2023, 6, 9), "kind": "cash_receipt", "event": "E07", "doc_no": document,
        "memo": memo, "reverses": None, "caused_by": None, "maker": memo, "checker": None, "approver": None,
        "voucher": "记-0001", "flag": "!",
    }  # fmt: skip
    rows = [
        {
            **head,
            "account": "1001.C01",
            "debit": 100,
            "credit": 0,
            **text,
            "document": document,
            "customer": document or None,
        },
        {**head, "account": "1122.01", "debit": 0, "credit": 100, **text, "customer": document or None},
    ]
    schema = dict.fromkeys(DIMENSIONS, pl.String) | {"reverses": pl.Int64, "caused_by": pl.Int64}
    people = dict.fromkeys(("maker", "checker", "approver"), pl.String)
    return pl.DataFrame(rows, schema_overrides={**schema, **people})


CHART = Chart.load(Book.load())


def round_trip(memo: str, document: str) -> None:
    entries, errors, _options = parser.parse_string(export.transactions(frame(memo, document), CHART, "CNY"))
    assert errors == []
    (entry,) = entries
    assert entry.narration == memo
    assert entry.meta["maker"] == memo
    assert entry.meta["doc"] == document
    assert entry.postings[0].meta["doc"] == document
    assert entry.payee == (document or None)
    assert len(entry.postings) == 2


@pytest.mark.parametrize("text", NASTY)
def test_text_reads_back_as_it_was(text: str) -> None:
    """Quotes, backslashes and line breaks in memos and numbers."""
    round_trip(text, text)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_back_as_it_was(memo: str, document: str) -> None:
    round_trip(memo, document)


def test_names_of_the_book_are_data_too(store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    """A company called ``"; option …`` stays a company."""
    june.open_book(store, book, chart)
    odd = Book.load(book.text.replace('name = "经营公司"', 'name = "甲\\"\\n2023-01-01 open Assets:X"'))
    done = write(store, odd, chart, tmp_path)
    load(done.main)
    assert "\n2023-01-01 open Assets:X" not in done.main.read_text(encoding="utf-8")
