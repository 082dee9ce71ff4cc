"""The workbook of a day: one sheet per kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from importers.documents import read_day
from ledger.book import Book
from ledger.errors import SourceError
from tests.importers.documents.helpers import HEADERS, csv, places, receipt, xlsx

DEPOSIT = ("单据号", "日期", "收费员", "银行", "款项类别", "金额", "缴款单号")
TRIP = ("T1", "2023-06-09", "C01", "工行0101", "水费", "120.80", "JK-0609")


def test_sheets_in_their_order(book: Book) -> None:
    """Sheet order is posting order; notes and empty sheets do not count."""
    data = xlsx({
        "现金缴存": [DEPOSIT, TRIP], "Sheet1": [], "cash_receipt": [HEADERS, receipt(1)], "客户资料": [], "说明": [["x"]],
    })  # fmt: skip
    parts = read_day(data, book, name="日.xlsx")
    assert ["cash_deposit", "cash_receipt"] == [part.kind for part in parts]
    assert [("日.xlsx", "现金缴存"), ("日.xlsx", "cash_receipt")] == [(part.file, part.sheet) for part in parts]
    assert not [fault for part in parts for fault in part.faults]
    assert parts[0].sha256 == parts[1].sha256


def test_a_sheet_with_header_only_is_an_empty_part(book: Book) -> None:
    """As the template leaves the kinds of which the day had none."""
    parts = read_day(xlsx({"现金收费": [HEADERS, receipt(1)], "现金缴存": [DEPOSIT]}), book)
    assert [1, 0] == [len(part.frame) for part in parts]
    assert not [fault for part in parts for fault in part.faults]


def test_unknown_and_repeated_sheets(book: Book) -> None:
    """Every one is named at once."""
    data = xlsx({"现金收废": [HEADERS, receipt(1)], "现金收费": [HEADERS], "cash_receipt": [HEADERS], "天书": [["x"]]})
    with pytest.raises(SourceError) as caught:
        read_day(data, book)
    assert ["现金收废", "cash_receipt", "天书"] == [fault.sheet for fault in caught.value.faults]
    assert "现金收费" in caught.value.faults[0].message


def test_faults_of_every_sheet(book: Book) -> None:
    """A fault in one sheet does not hide those of another."""
    parts = read_day(
        xlsx({"现金收费": [HEADERS, receipt(1, amount="x")], "现金缴存": [DEPOSIT, (*TRIP[:4], "水飞", "1", "K")]}),
        book,
    )
    assert [[(2, "金额", "x", "money")], [(2, "款项类别", "水飞", "fund")]] == [places(part) for part in parts]


def test_seq_in_every_sheet(book: Book) -> None:
    """The order of the batch over all sheets."""
    parts = read_day(
        xlsx({"现金收费": [("序号", *HEADERS), (2, *receipt(1))], "现金缴存": [("seq", *DEPOSIT), (1, *TRIP)]}), book
    )
    assert [[2], [1]] == [part.frame["seq"].to_list() for part in parts]
    assert not [fault for part in parts for fault in part.faults]


def test_seq_in_some_sheets_only(book: Book) -> None:
    """Then no order is told, and the sheet without it is named."""
    parts = read_day(xlsx({"现金收费": [("序号", *HEADERS), (2, *receipt(1))], "现金缴存": [DEPOSIT, TRIP]}), book)
    assert [[], [(None, "序号", None, "seq")]] == [places(part) for part in parts]


def test_seq_in_some_rows_only(book: Book) -> None:
    """A row without its place has none."""
    (part,) = read_day(xlsx({"现金收费": [("序号", *HEADERS), (1, *receipt(1)), (None, *receipt(2))]}), book)
    assert [(3, "序号", None, "required")] == places(part)


def test_text_is_no_day(book: Book, tmp_path: Path) -> None:
    """A text file holds one kind."""
    path = tmp_path / "day.csv"
    path.write_text(csv(receipt(1)), encoding="utf-8")
    with pytest.raises(SourceError, match="xlsx"):
        read_day(path, book)


def test_a_day_without_rows(book: Book) -> None:
    for data in (xlsx({"现金收费": []}), xlsx({"现金收费": [HEADERS]}), xlsx({"说明": [["x"]]})):
        with pytest.raises(SourceError):
            read_day(data, book)
