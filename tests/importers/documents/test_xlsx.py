"""Workbooks: what Excel makes of what people type, and what is refused."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
import xlsxwriter

from importers.documents import DocumentSet, read
from ledger.book import Book
from ledger.errors import SourceError
from tests.importers.documents.helpers import HEADERS, NAMES, csv, places, receipt, values, xlsx

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def read_rows(book: Book, *rows: object, kind: str = "cash_receipt") -> DocumentSet:
    return read(xlsx({"Sheet1": rows}), kind, book, name="收费.xlsx")  # type: ignore[dict-item]


def refused(data: bytes, book: Book) -> tuple[str | None, str]:
    with pytest.raises(SourceError) as caught:
        read(data, "cash_receipt", book, name="收费.xlsx")
    (fault,) = caught.value.faults
    return fault.code, fault.message


def rezipped(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The workbook with its parts changed; None leaves one out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def cell_row(**changes: object) -> list[object]:
    """A good receipt as Excel holds it: date cell, number cell, text."""
    row: dict[str, object] = dict(zip(NAMES, receipt(1), strict=True))
    row |= {"date": dt.date(2023, 6, 9), "amount": 120.8, "late_charge": None}
    return list((row | changes).values())


def test_a_workbook_reads_like_the_text_file(book: Book) -> None:
    """Date cells, number cells and text give the same frame as CSV."""
    documents = read_rows(book, HEADERS, cell_row())
    assert () == documents.faults
    assert "Sheet1" == documents.sheet
    plain = read(csv(receipt(1)).encode(), "cash_receipt", book, name="收费.xlsx")
    assert plain.frame.drop("sheet").equals(documents.frame.drop("sheet"))
    assert ["Sheet1"] == documents.frame["sheet"].to_list()


@pytest.mark.parametrize(
    ("value", "fen"),
    [
        (120.8, 12080), (120.80000000000001, 12080), (0.1 + 0.2, 30), (1.15, 115), (4.35, 435), (1100.0, 110000),
        (5326.75, 532675), (70.07, 7007), (9_999_999_999_999.99, 999_999_999_999_999), (3, 300), ("１，２３４．５", 123450),
    ],
)  # fmt: skip
def test_numbers_are_exact(book: Book, value: object, fen: int) -> None:
    """A cell counts as Excel shows it, 15 digits, and never passes through a rounding."""
    documents = read_rows(book, HEADERS, cell_row(amount=value))
    assert () == documents.faults
    assert [fen] == documents.frame["amount"].to_list()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("amount", 120.805, "money"), ("amount", 1e-7, "money"), ("amount", 1e20, "money"), ("amount", -1, "money"), ("amount", 0, "money"),
        ("amount", True, "money"), ("amount", dt.date(2023, 6, 9), "money"), ("amount", "NaN", "money"), ("amount", "1e3", "money"),
        ("date", 45086, "date"), ("date", "2023-02-30", "date"), ("date", dt.datetime.fromisoformat("2023-06-09T14:30"), "date"),
        ("invoice", dt.date(2023, 6, 9), "ref"), ("invoice", 6222021234567890123, "ref"), ("memo", dt.date(2023, 6, 9), "text"),
    ],
)  # fmt: skip
def test_one_bad_cell_is_one_fault(book: Book, name: str, value: object, code: str) -> None:
    """Also what Excel has made of it: dates of slip numbers, long numbers cut to 15 digits."""
    documents = read_rows(book, HEADERS, cell_row(), cell_row(**{"doc_no": "SF2", "invoice": "2", name: value}))
    (fault,) = documents.faults
    assert ("收费.xlsx", "Sheet1", 3, HEADERS[NAMES.index(name)], code) == (
        fault.file, fault.sheet, fault.row, fault.column, fault.code,
    )  # fmt: skip


def test_numbers_as_codes_and_dates(book: Book) -> None:
    """Invoice numbers and solid dates typed as numbers."""
    documents = read_rows(book, HEADERS, cell_row(invoice=12001, customer=1001, date=20230609))
    assert () == documents.faults
    assert [("12001", "1001", dt.date(2023, 6, 9))] == values(documents.frame, "invoice", "customer", "date")


def test_months_as_excel_dates(book: Book) -> None:
    """2023-6 typed into a cell becomes the first of June."""
    documents = read_rows(
        book, ["户号", "所属月", "水量", "日期"], ["R5", dt.date(2023, 6, 1), 30, dt.date(2023, 6, 25)],
        ["R6", "2023年6月", 30.0, "2023/6/25"], kind="tm_recognition",
    )  # fmt: skip
    assert () == documents.faults
    assert [("2023-06", 30), ("2023-06", 30)] == values(documents.frame, "bill_month", "volume")


def test_chinese_date_formats(book: Book) -> None:
    """Custom and built-in formats of Chinese Excel, and number formats that are none."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["日期", "户号", "金额", "收费员", "发票号"])
        formats = ['yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d;@", "m/d", 14, 31, "[DBNum1][$-804]yyyy年m月d日"]
        for row, code in enumerate(formats, start=1):
            sheet.write_number(row, 0, 45086, workbook.add_format({"num_format": code}))
            money = workbook.add_format({"num_format": '[Red]"¥"#,##0.00_);\\d0.00'})
            sheet.write_number(row, 2, 120.8, money)
            for at, text in ((1, "R2"), (3, "C01"), (4, str(row))):
                sheet.write_string(row, at, text)
    documents = read(buffer.getvalue(), "cash_receipt", book)
    assert () == documents.faults
    assert [dt.date(2023, 6, 9)] * 6 == documents.frame["date"].to_list()


def test_the_calendar_of_1904(book: Book) -> None:
    """Workbooks from old Macs count from 1904."""
    workbook = openpyxl.Workbook()
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    workbook.active.append(["日期", "户号", "金额", "收费员", "发票号"])
    workbook.active.append([dt.date(2023, 6, 9), "R2", 1, "C01", "7"])
    buffer = io.BytesIO()
    workbook.save(buffer)
    assert [dt.date(2023, 6, 9)] == read(buffer.getvalue(), "cash_receipt", book).frame["date"].to_list()


def test_a_formula_is_a_fault(book: Book) -> None:
    """Its stored result may be stale: paste as value. Each is named, with its text."""
    documents = read_rows(book, HEADERS, cell_row(amount="=1+2"), cell_row(doc_no="SF2", invoice="=A2"))
    assert [(2, "金额", "=1+2", "formula"), (3, "发票号", "=A2", "formula")] == places(documents)
    assert "粘贴为数值" in documents.faults[0].message


def test_formulas_with_stored_results_and_shared_ones(book: Book) -> None:
    """As Excel saves them."""
    data = xlsx({"Sheet1": [HEADERS, cell_row(), cell_row(doc_no="SF2", invoice="2")]})

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return content
        content = content.replace(b'<c r="D2" t="n"><v>120.8</v></c>', b'<c r="D2"><f>SUM(A1)</f><v>120.8</v></c>')
        return content.replace(b'<c r="D3" t="n"><v>120.8</v></c>', b'<c r="D3"><f t="shared" si="0"/><v>120.8</v></c>')

    documents = read(rezipped(data, change), "cash_receipt", book)
    assert [(2, "金额", "=SUM(A1)", "formula"), (3, "金额", "=…", "formula")] == places(documents)


def test_merged_cells_are_a_fault(book: Book) -> None:
    """Only the first of them holds the value; a merged title above the header does no harm."""
    workbook = openpyxl.Workbook()
    for row in (["城南收费日报"], HEADERS, cell_row(), cell_row(doc_no="SF2", invoice="2", memo=None)):
        workbook.active.append(row)
    workbook.active.merge_cells("A1:H1")
    workbook.active.merge_cells("H3:H4")
    buffer = io.BytesIO()
    workbook.save(buffer)
    assert [(4, "备注", "H3:H4", "merged")] == places(read(buffer.getvalue(), "cash_receipt", book))


def test_hidden_rows_are_a_fault(book: Book) -> None:
    """What nobody sees on the screen is not posted."""
    workbook = openpyxl.Workbook()
    for row in (HEADERS, cell_row(), cell_row(doc_no="SF2", invoice="2")):
        workbook.active.append(row)
    workbook.active.row_dimensions[3].hidden = True
    buffer = io.BytesIO()
    workbook.save(buffer)
    assert [(3, None, None, "hidden")] == places(read(buffer.getvalue(), "cash_receipt", book))


def test_an_error_value_is_a_fault(book: Book) -> None:
    """#N/A pasted as value."""
    assert [(2, "金额", "#N/A", "value")] == places(read_rows(book, HEADERS, cell_row(amount="#N/A")))


def test_header_below_a_title_blank_rows_and_columns(book: Book) -> None:
    """Rows keep the numbers of the sheet; headers may be anywhere in the first rows."""
    headers = [None, *HEADERS, None]
    documents = read_rows(
        book, ["城南收费日报"], [], headers, [None, *cell_row()], [], [None, *cell_row(doc_no="2", invoice="2")]
    )
    assert () == documents.faults
    assert [4, 6] == documents.frame["row"].to_list()


def test_data_above_the_header(book: Book) -> None:
    """A header sorted into the data must not hide rows."""
    documents = read_rows(book, cell_row(), HEADERS, cell_row(doc_no="2", invoice="2"))
    assert [1] == [fault.row for fault in documents.faults]
    assert "上方" in documents.faults[0].message


def test_faults_name_sheet_and_all_places(book: Book) -> None:
    """The same list as from the text file, with the sheet."""
    documents = read_rows(
        book, [*HEADERS[:3], "金客", *HEADERS[4:], None],
        [*cell_row(date="2023-02-30", cashier="C9"), None], [*cell_row(doc_no="SF2", invoice="2"), "甲"],
    )  # fmt: skip
    assert [
        (1, "金客", None, "header"), (1, "金额", None, "missing"),
        (2, "日期", "2023-02-30", "date"), (2, "收费员", "C9", "cashier"), (3, "I", "甲", "header"),
    ] == places(documents)  # fmt: skip
    assert {"Sheet1"} == {fault.sheet for fault in documents.faults}


def test_total_line_and_duplicates(book: Book) -> None:
    documents = read_rows(book, HEADERS, cell_row(), cell_row(), ["合计", None, None, 241.6])
    assert [(3, "单据号", "SF1", "duplicate"), (4, None, None, "total")] == places(documents)


def test_a_stray_cell_far_away_costs_nothing(book: Book) -> None:
    """The last cell of a sheet is named, not filled up to."""
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADERS)
    workbook.active.append(cell_row())
    workbook.active["XFD1048576"] = "x"
    buffer = io.BytesIO()
    workbook.save(buffer)
    documents = read(buffer.getvalue(), "cash_receipt", book)
    assert (1048576, "XFD", "x", "header") in places(documents)


def shared(*rows: tuple[object, ...]) -> bytes:
    """A workbook whose strings stand in the shared table, as Excel writes it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet("Sheet1")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


def test_rich_text_phonetics_and_escapes(book: Book) -> None:
    """Runs are joined, phonetic guides are not part of the text, _x000D_ is a character."""
    data = shared(HEADERS, receipt(1, memo="MEMO"))
    rich = "<si><r><t>六月</t></r><r><rPr><b/></rPr><t>水费_x000A_二</t></r><rPh sb='0' eb='1'><t>liu</t></rPh></si>"

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("sharedStrings.xml"):
            return re.sub(rb"<si><t>MEMO</t></si>", rich.encode(), content)
        return content

    assert ["六月水费\n二"] == read(rezipped(data, change), "cash_receipt", book).frame["memo"].to_list()


def test_notes_and_empty_sheets_do_not_count(book: Book) -> None:
    """说明 of the template, Sheet2 and Sheet3 of old Excel."""
    data = xlsx({"Sheet1": [HEADERS, cell_row()], "Sheet2": [], "说明": [["x"]], "Notes": [["x"]]})
    assert () == read(data, "cash_receipt", book).faults


def test_two_sheets_of_data(book: Book) -> None:
    """Nothing is left out silently."""
    code, message = refused(xlsx({"一": [HEADERS, cell_row()], "二": [HEADERS, cell_row()]}), book)
    assert "sheet" == code
    assert "一、二" in message


def test_an_empty_workbook(book: Book) -> None:
    assert "empty" == refused(xlsx({"Sheet1": []}), book)[0]
    assert ["empty"] == [fault.code for fault in read_rows(book, HEADERS).faults]


def test_a_password_protected_workbook(book: Book) -> None:
    """Excel wraps it in an OLE file; without the package it is an old .xls."""
    locked = OLE + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
    assert "password" == refused(locked, book)[0]
    code, message = refused(OLE + bytes(2000), book)
    assert "format" == code
    assert ".xlsx" in message


def test_archives_that_are_no_workbook(book: Book) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "format" == refused(buffer.getvalue(), book)[0]
    assert "format" == refused(b"PK\x03\x04 and nothing more", book)[0]
    data = shared(HEADERS, receipt(1))
    assert "format" == refused(data[: len(data) // 2], book)[0]
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "_rels/.rels"):
        assert "format" == refused(rezipped(data, lambda n, c, part=part: None if n == part else c), book)[0]
        assert "format" == refused(rezipped(data, lambda n, c, part=part: c[:60] if n == part else c), book)[0]


def test_a_zip_bomb_is_refused_before_it_unpacks(book: Book) -> None:
    """By the sizes the archive declares."""
    data = xlsx({"Sheet1": [HEADERS]})
    bomb = rezipped(data, lambda name, content: bytes(30_000_000) if name.endswith("sheet1.xml") else content)
    assert len(bomb) < 100_000
    assert "size" == refused(bomb, book)[0]


def test_too_many_members(book: Book) -> None:
    buffer = io.BytesIO(xlsx({"Sheet1": [HEADERS]}))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(1001):
            archive.writestr(f"x{number}", "")
    assert "size" == refused(buffer.getvalue(), book)[0]


def test_an_encrypted_archive(book: Book) -> None:
    """Flag bit 1 of a member."""
    data = bytearray(xlsx({"Sheet1": [HEADERS]}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "password" == refused(bytes(data), book)[0]


def test_entities_are_refused(book: Book) -> None:
    """Billion laughs and files from outside have no place in a workbook."""
    declaration = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    data = rezipped(
        xlsx({"Sheet1": [HEADERS, cell_row()]}),
        lambda name, content: declaration + content if name.endswith("sheet1.xml") else content,
    )
    assert "format" == refused(data, book)[0]


def test_writers_that_leave_references_out(book: Book) -> None:
    """Cells without ``r`` follow each other; inline strings; absolute targets."""
    data = xlsx({"Sheet1": [["日期", "户号", "金额", "收费员", "发票号"], ["2023-06-09", "R2", 1, "C01", "7"]]})

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("sheet1.xml"):
            content = re.sub(rb'<c r="[A-Z]+\d+"', b"<c", content)
            content = re.sub(rb'<row r="\d+"', b"<row", content)
            return content.replace(b"<c", b'<c t="inlineStr"><is><t>R2</t></is></c><c', 0)
        return content

    assert () == read(rezipped(data, change), "cash_receipt", book).faults


def test_xlsxwriter_in_constant_memory(book: Book) -> None:
    """Inline strings throughout."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": False}) as workbook:
        sheet = workbook.add_worksheet()
        for at, row in enumerate([HEADERS, receipt(1)]):
            sheet.write_row(at, 0, row)
    assert () == read(buffer.getvalue(), "cash_receipt", book).faults
