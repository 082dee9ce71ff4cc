"""Templates: their example, copied into the sheet to fill in, reads without a fault."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from importers.documents import read, read_day, template
from ledger.book import Book
from ledger.documents import KINDS, MONEY_TYPES, Kind
from ledger.errors import NotFound, SourceError
from ledger.money import parse_fen

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def filled(path: Path, *, rows: dict[str, int]) -> bytes:
    """The template with the example rows (by sheet: row of 说明) copied into its sheets."""
    workbook = openpyxl.load_workbook(path)
    for title, example in rows.items():
        for cell in workbook["说明"][example]:
            if cell.value is not None:
                target = workbook[title].cell(2, cell.column, cell.value)
                target.number_format = cell.number_format
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@every_kind
def test_round_trip(kind: Kind, book: Book, tmp_path: Path) -> None:
    """Every kind: the example is what it says, typed."""
    path = template.write(kind.name, tmp_path / f"{kind.name}.xlsx", book=book)
    documents = read(filled(path, rows={kind.zh: 4}), kind.name, book)
    assert () == documents.faults
    row = documents.frame.row(0, named=True)
    for column in kind.columns:
        text = kind.example.get(column.name)
        if text is None:
            assert row[column.name] is None
        elif column.type in MONEY_TYPES:
            assert parse_fen(text) == row[column.name]
        else:
            assert row[column.name] is not None


@every_kind
def test_the_sheet_to_fill_in_has_a_header_only(kind: Kind, tmp_path: Path) -> None:
    """Chinese headers, frozen; formats by type; the choices as a list."""
    workbook = openpyxl.load_workbook(template.write(kind.name, tmp_path / "t.xlsx"))
    assert [kind.zh, "说明"] == workbook.sheetnames
    sheet = workbook[kind.zh]
    assert [[column.zh for column in kind.columns]] == [list(row) for row in sheet.iter_rows(values_only=True)]
    assert "A2" == sheet.freeze_panes
    lists = {str(v.sqref).rstrip("0123456789").split(":")[0][:-1] for v in sheet.data_validations.dataValidation}
    assert len(lists) == len([column for column in kind.columns if column.values])
    notes = list(workbook["说明"].iter_rows(values_only=True))
    described = {row[1]: row for row in notes if row[1]}
    for column in kind.columns:
        assert (column.zh, column.name) == described[column.name][:2]
        assert described[column.name][4]


@every_kind
def test_an_empty_template_says_so(kind: Kind, book: Book, tmp_path: Path) -> None:
    """Posting it as it came is refused by one clear fault."""
    path = template.write(kind.name, tmp_path / "t.xlsx")
    assert ["empty"] == [fault.code for fault in read(path, kind.name, book).faults]


def test_nothing_in_a_template_is_a_formula(tmp_path: Path) -> None:
    path = template.write("cash_difference", tmp_path / "t.xlsx")
    with zipfile.ZipFile(path) as archive:
        assert not [n for n in archive.namelist() if n.startswith("xl/worksheets/") and b"<f>" in archive.read(n)]


def test_the_book_offers_its_names(book: Book, tmp_path: Path) -> None:
    """Banks, cashiers and funds as drop-down lists."""
    sheet = openpyxl.load_workbook(template.write("cash_deposit", tmp_path / "t.xlsx", book=book))["现金缴存"]
    lists = [validation.formula1 for validation in sheet.data_validations.dataValidation]
    assert '"C01,C02"' in lists
    assert '"工行0101,中行0202"' in lists
    assert any("监察大队" in words for words in lists)


def test_a_day_of_chosen_kinds(book: Book, tmp_path: Path) -> None:
    """Sheets in event order, whatever order they were asked for; with 序号."""
    path = template.write_day(tmp_path / "day.xlsx", kinds=["现金缴存", "cash_receipt"], book=book)
    workbook = openpyxl.load_workbook(path)
    assert ["现金收费", "现金缴存", "说明"] == workbook.sheetnames
    titles = [cell.value for cell in workbook["说明"]["A"]]
    rows = {
        kind.zh: titles.index(f"{kind.zh} {kind.name}") + 4 for kind in (KINDS["cash_receipt"], KINDS["cash_deposit"])
    }
    parts = read_day(filled(path, rows=rows), book)
    assert ["cash_receipt", "cash_deposit"] == [part.kind for part in parts]
    assert not [fault for part in parts for fault in part.faults]


def test_a_day_of_everything(tmp_path: Path) -> None:
    """Without a choice: every kind that makes entries."""
    names = openpyxl.load_workbook(template.write_day(tmp_path / "day.xlsx"), read_only=True).sheetnames
    assert [*(kind.zh for kind in KINDS.values() if kind.posts), "说明"] == names


def test_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        template.write("nichts", tmp_path / "t.xlsx")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Open in Excel, or in no folder."""
    with pytest.raises(SourceError, match=r"t\.xlsx"):
        template.write("drawer", tmp_path / "nowhere" / "t.xlsx")
