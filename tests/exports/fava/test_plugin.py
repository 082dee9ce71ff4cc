"""The plugin: every book has the ledger's balances, is checked by beancount, and gives nothing away."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

pytest.importorskip("fava")

from beancount import loader
from beancount.core import data

from exports.fava import books, entries, plugin, sets
from exports.fava.room import Room
from ledger.storage import room_sql
from tests.exports import june as small
from tests.exports.fava.rooms import balances, room_of, trial_balance, write_view

if TYPE_CHECKING:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store
    from tests.month.conftest import Book as Month

ROOT = Path(__file__).parents[3]
SLUGS = ("overview", "2023-05", "2023-06", "b01-2023-06", "b02-2023-06", "b03-2023-06", "b01-2023-05")


@pytest.fixture
def room(june_store: Store, book: Book, chart: Chart) -> Room:
    return Room(june_store, book, chart)


def load(room: Room, slug: str, folder: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    found: tuple[list[Any], list[Any], dict[str, Any]] = loader.load_file(str(write_view(room, slug, folder)))
    return found


def kinds(found: list[Any], flag: str) -> list[Any]:
    return [entry for entry in found if isinstance(entry, data.Transaction) and entry.flag == flag]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_book_has_the_balances_of_the_ledger(room: Room, slug: str, tmp_path: Path) -> None:
    """And asserts them itself: beancount finds no error."""
    found, errors, _options = load(room, slug, tmp_path)
    assert errors == []
    assert balances(found) == trial_balance(room)
    asserted = {entry.account: int(entry.amount.number * 100) for entry in found if isinstance(entry, data.Balance)}
    assert {account: fen for account, fen in asserted.items() if fen} == trial_balance(room)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_entry_of_the_journal_is_in_a_book_once(room: Room, slug: str, tmp_path: Path) -> None:
    """In full or counted in a batch."""
    found, _errors, _options = load(room, slug, tmp_path)
    counted = sum(int(entry.meta["count"]) for entry in kinds(found, "S"))
    with room.store.reading() as session:
        of_journal = session.rows("SELECT count(*) FROM entry")[0][0]
    assert counted + len(kinds(found, "!")) + len(kinds(found, "*")) == of_journal


def test_the_overview_is_by_day_in_the_open_months_and_by_month_before(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "OPEN_MONTHS", 1)
    found, _errors, _options = load(room, "overview", tmp_path)
    batches = kinds(found, "S")
    assert {entry.flag for entry in found if isinstance(entry, data.Transaction)} == {"S"}
    assert [entry.date for entry in batches if entry.date < dt.date(2023, 6, 1)] == [dt.date(2023, 5, 31)]
    charges = [entry for entry in batches if entry.meta["kind"] == "charge"]
    assert len({entry.date for entry in charges}) == len(charges)
    assert len({entry.date for entry in batches}) > 10


def test_an_entry_says_who_what_and_where(room: Room, tmp_path: Path) -> None:
    """Metadata are texts; the line number of an error is the voucher's; links there are none."""
    found, _errors, _options = load(room, "b01-2023-06", tmp_path)
    (entry,) = [e for e in kinds(found, "!") if e.meta["kind"] == "cash_receipt" and e.payee == "R2"]
    assert entry.date == dt.date(2023, 6, 9)
    assert entry.meta["voucher"] == f"记-{entry.meta['lineno']:04d}"
    assert entry.meta["filename"] == "ledger-db"
    assert {"branch-B01", "cash-receipt"} == entry.tags
    assert entry.links == frozenset()
    first = entry.postings[0]
    assert (first.account, str(first.units)) == ("Assets:1001-Cash:B01:C01", "120.80 CNY")
    assert {key: first.meta[key] for key in ("branch", "cashier", "fund")} == {
        "branch": "B01",
        "cashier": "C01",
        "fund": "水费",
    }
    for one in kinds(found, "!"):
        meta = [value for key, value in one.meta.items() if key not in ("filename", "lineno", "__tolerances__")]
        assert all(isinstance(value, str) for value in meta)


def test_a_branch_has_its_entries_and_the_rest_is_one_batch(room: Room, tmp_path: Path) -> None:
    """城西 has what touches 城西; all else of the month stands in one batch at its end."""
    found, _errors, _options = load(room, "b02-2023-06", tmp_path)
    assert kinds(found, "!")
    assert all("branch-B02" in entry.tags for entry in kinds(found, "!"))
    (rest,) = [entry for entry in kinds(found, "S") if entry.meta["kind"] == sets.REST]
    assert (rest.date, rest.meta["month"]) == (dt.date(2023, 6, 30), "2023-06")


@pytest.mark.parametrize("slug", ["2023-06", "b01-2023-06"])
@pytest.mark.parametrize(("limit", "value"), [("LIMIT", sets._OTHERS + 3), ("LINES_LIMIT", 10)])
def test_too_many_entries_or_lines_are_shown_by_day_and_the_title_says_so(
    room: Room, slug: str, limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, limit, value)
    found, errors, options = load(room, slug, tmp_path)
    assert errors == []
    assert kinds(found, "!") == kinds(found, "*") == []
    assert balances(found) == trial_balance(room)
    assert "按日汇总" in options["title"]
    assert len({entry.date for entry in kinds(found, "S") if entry.date.month == 6}) > 5


def test_decades_of_batches_become_one_a_month(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "LIMIT", sets._OTHERS // 2 + 3)
    found, errors, _options = load(room, "overview", tmp_path)
    assert errors == []
    assert {entry.meta["kind"] for entry in kinds(found, "S")} == {sets.ALL}
    assert balances(found) == trial_balance(room)


def test_what_does_not_balance_is_found(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fava stays a check of the ledger: one fen too many in what is read shows, by voucher and by account."""
    read = sets.read

    def one_fen_more(*asked: Any) -> sets.Sets:
        content = read(*asked)
        first = pl.int_range(pl.len()) == 0
        spoiled = content.lines.with_columns(debit=pl.when(first).then(pl.col("debit") + 1).otherwise("debit"))
        return sets.Sets(**{**{name: getattr(content, name) for name in content.__slots__}, "lines": spoiled})

    monkeypatch.setattr(sets, "read", one_fen_more)
    _found, errors, _options = load(room, "2023-06", tmp_path)
    said = [error.message for error in errors]
    assert any("does not balance" in message for message in said)
    assert any("Balance failed" in message for message in said)
    assert {error.source["filename"] for error in errors} == {entries.SOURCE}


def test_the_title_says_up_to_where(room: Room, tmp_path: Path) -> None:
    _found, _errors, options = load(room, "b01-2023-06", tmp_path)
    with room.store.reading() as session:
        last = session.rows("SELECT max(entry_id) FROM entry")[0][0]
    assert options["title"] == f"经营公司 城南 2023-06 (截至分录 {last},未配备人员)"


def test_an_empty_book(store: Store, book: Book, chart: Chart, tmp_path: Path) -> None:
    small.open_book(store, book, chart)
    for slug in ("overview", "2023-05", "b01-2023-05"):
        found, errors, _options = load(Room(store, book, chart), slug, tmp_path)
        assert errors == []
        assert [entry for entry in found if isinstance(entry, data.Transaction)] == []


@pytest.mark.parametrize("slug", ["overview", "b01-2023-06"])
def test_batches_are_grouped_by_the_database(room: Room, slug: str) -> None:
    """No statement of the room reads lines of more than the month in full."""
    view = books.parse(room, slug)
    with room.store.reading() as session:
        content = sets.read(session, 1, view, room.book.cutover)
    assert set(content.heads["date"].dt.strftime("%Y-%m")) == ({"2023-06"} if view.month else set())
    assert "GROUP BY" in room_sql.MONTHS
    assert "posting" not in room_sql.MONTHS + room_sql.DAYS


# -- outside the room ---------------------------------------------------------------------------


def bean_check(file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != plugin.DB}
    command = [sys.executable, "-c", "from beancount.scripts.check import main; main()", str(file)]
    paths = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, env={**kept, **paths, **environment}, cwd=file.parent, capture_output=True, text=True, check=False
    )


def test_bean_check_reads_the_book_by_the_environment(june: Month, tmp_path: Path) -> None:
    """The same file, in a process that knows nothing of the room; what it kept is never given out again."""
    room = room_of(june.ledger)
    file = write_view(room, "b01-2023-06", tmp_path)
    done = bean_check(file, METERBOOK_DB=room.store.url)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    done = bean_check(file)
    assert done.returncode == 1
    assert "METERBOOK_DB" in done.stderr


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/secret/book.db", "postgresql://ledger:geheim@127.0.0.1:1/meterbook", "nonsense"]
)
def test_an_address_that_cannot_be_read_is_not_printed(
    room: Room, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_view(room, "overview", tmp_path)
    monkeypatch.setattr(plugin, "room_of", lambda _key: None)
    monkeypatch.setenv(plugin.DB, url)
    _found, errors, options = loader.load_file(str(file))
    (error,) = errors
    assert "METERBOOK_DB" in error.message
    told = str(errors) + str({key: value for key, value in options.items() if key not in ("filename", "include")})
    for secret in (url, "geheim", "secret", "127.0.0.1"):
        assert secret not in told


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('"{\\"view\\": \\"b09-2023-06\\"}"', "没有账册“b09-2023-06”"),
        ('"{\\"view\\": \\"../x\\"}"', "没有账册“../x”"),
        ('"overview"', '应写作 {"view": "overview"}'),
        ('"[1]"', '应写作 {"view": "overview"}'),
        ("", '应写作 {"view": "overview"}'),
    ],
)
def test_a_wrong_configuration_is_named(
    room: Room, config: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "room_of", lambda _key: room)
    file = tmp_path / "view.beancount"
    file.write_text(f'plugin "exports.fava.plugin" {config}\n', encoding="utf-8")
    _found, errors, _options = loader.load_file(str(file))
    assert [said in error.message for error in errors] == [True]


def test_no_address_stands_in_a_view_file(room: Room, tmp_path: Path) -> None:
    text = write_view(room, "b01-2023-06", tmp_path).read_text(encoding="utf-8")
    for secret in (room.store.url, room.store.address, "sqlite", "postgresql"):
        assert secret not in text
