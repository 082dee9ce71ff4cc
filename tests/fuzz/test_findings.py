"""What the fuzzer found, each as the smallest file that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from importers.documents import read as read_documents
from importers.limits import Limits, within_limits
from importers.statements import read_statement
from ledger.book import Book
from ledger.errors import ImportRejected, SourceError
from tests.fuzz.mutate import unzipped, zipped
from tests.fuzz.targets import TARGETS

SEEDS = Path(__file__).parent / "seeds"
FORMATS = Path(__file__).parents[1] / "importers" / "statements" / "formats"


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.load()


def workbook(part: str, old: bytes, new: bytes) -> bytes:
    """The workbook of receipts with one part changed."""
    members = unzipped(TARGETS["documents_xlsx"].seeds()[0])
    assert old in members[part]
    return zipped(members | {part: members[part].replace(old, new)})


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/workbook.xml", b"r:id=", b"x="),  # StopIteration escaped
        ("xl/workbook.xml", b"id=", b"x="),
        ("xl/workbook.xml", b"UTF-8", b"UTF-2"),  # LookupError escaped
        (SHEET, b'<row r="3"', b'<row r="2"'),  # two rows of one number: faults named the wrong one
        (SHEET, b'<c r="C2"', b'<c r="B2"'),  # two cells in one place: one was lost without a word
        (SHEET, b'<row r="3"', b'<row r="99999999999999999999"'),  # beyond any sheet, and beyond 64 bits
        (SHEET, b'<row r="3"', b'<row r="-3"'),
    ],
)
def test_structure_of_a_workbook(part: str, old: bytes, new: bytes, book: Book) -> None:
    with pytest.raises(SourceError) as seen:
        read_documents(workbook(part, old, new), "cash_receipt", book)
    assert ["format"] == [fault.code for fault in seen.value.faults]


def test_half_a_character_written_as_an_escape(book: Book) -> None:
    """``_xD800_`` became text no database takes; ``_x0001_`` became the mark of a date cell."""
    for escape in (b"_xD800_", b"_x0001_", b"_x0000_"):
        content = workbook("xl/sharedStrings.xml", "六月水费".encode(), escape)
        found = read_documents(content, "cash_receipt", book)
        assert () == found.faults
        assert escape.decode() == found.frame["memo"][0]


def test_a_nul_in_a_cell_of_an_old_workbook() -> None:
    """Text of a database holds none; a text file with one was refused already."""
    content = (SEEDS / "generic.xls").read_bytes()
    assert 3 == read_statement(content)[0].lines.height
    with pytest.raises(ImportRejected, match="NUL"):
        read_statement(content.replace(b"S1", b"S\0"))


@pytest.mark.parametrize("where", ["<OFX>", "</BANKTRANLIST>", "</OFX>"])
@pytest.mark.parametrize("name", ["STMTTRN", "STMTTRNP"])
def test_an_entry_outside_of_every_statement(name: str, where: str) -> None:
    """OFX: an entry before the root, or beside the list, was passed over."""
    entry = f"<{name}><TRNTYPE>POS<DTPOSTED>20240301<DTTRAN>20240301<TRNAMT>-22.00<FITID>X1</{name}>"
    content = (FORMATS / "water.sgml.ofx").read_text(encoding="utf-8")
    assert 1 == content.count(where)
    assert read_statement(content.encode())
    with pytest.raises(ImportRejected, match="流水不"):
        read_statement(content.replace(where, entry + where if where == "<OFX>" else where + entry).encode())


@pytest.mark.parametrize(
    "word", ["<BkToCstmrStmt>", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", "<OFX>", "<?OFX "]
)
def test_a_payer_who_writes_of_a_message_format(word: str) -> None:
    """One such text in a cell made the whole table a broken CAMT or OFX file."""
    table = f"交易日期,摘要,借方发生额,贷方发生额,余额\n2024-03-01,{word},,5.00,95.00\n"
    (statement,) = read_statement(table.encode())
    assert ("csv", word.strip()) == (statement.format, statement.lines["summary"][0])


def test_a_text_of_fourteen_columns() -> None:
    """Joined by an expression that doubled with each column, one line took all memory there was."""
    columns = [f"VWZ{number}" for number in range(1, 15)]
    head = [
        "Kontonummer",
        "Buchungstag",
        "Wertstellung",
        "Auftraggeber/Empfänger",
        "Buchungstext",
        *columns,
        "Betrag",
        "Kontostand",
        "Währung",
    ]
    line = ["1234567890", "10.10.2017", "10.10.2017", "AG", "SEPA", *columns, "-98,76", "1.234,56", "EUR"]
    content = f"{';'.join(head)}\n{';'.join(line)}\n".encode("iso-8859-1")
    tight = Limits(seconds=60, memory_mb=1000, large_mb=8)
    assert [1] == list(within_limits("tests.importers.misbehaving:count_lines", content, file="x", limits=tight))


def test_an_entry_cut_off_in_its_first_tag() -> None:
    """OFX: what followed the last whole tag was passed over."""
    content = (FORMATS / "water.sgml.ofx").read_bytes()
    assert read_statement(content + b"\x1a\r\n")  # the end of a file as old systems mark it
    with pytest.raises(ImportRejected, match="STMTTRN"):
        read_statement(content + b"\n<STMTTRN\n")


def test_names_of_tags_in_any_letters() -> None:
    """OFX: such an entry is one, and is counted as one."""
    content = (FORMATS / "water.sgml.ofx").read_bytes()
    plain, mixed = (read_statement(one)[0] for one in (content, content.replace(b"<STMTTRN>", b"<StmtTrn>", 1)))
    assert plain.lines.equals(mixed.lines)
    assert TARGETS["ofx"].check(content.replace(b"<STMTTRN>", b"<StmtTrn>", 1))


@pytest.mark.parametrize("blank", [" ", "\t", "\x1e"])
def test_a_control_character_before_a_type_code(blank: str) -> None:
    """BAI2: U+001E is a blank to one function and none to another; ValueError escaped."""
    content = (FORMATS / "water.bai2").read_text(encoding="utf-8")
    code = content.split("\n16,", 1)[1][:3]
    odd = content.replace(f"\n16,{code}", f"\n16,{blank}{code}", 1)
    assert odd != content
    assert read_statement(odd.encode())[0].lines.equals(read_statement(content.encode())[0].lines)


def _corner(row: str) -> bytes:
    """The workbook of a statement with one more cell."""
    members = unzipped(TARGETS["xlsx"].seeds()[0])
    data = members[SHEET]
    assert data.count(b"</sheetData>") == 1
    return zipped(members | {SHEET: data.replace(b"</sheetData>", row.encode() + b"</sheetData>")})


@pytest.mark.parametrize(
    ("place", "row"),
    [("XFD1048576", 1048576), ("ZZ60000", 60000), ("A1048576", 1048576), ("AMM9", 9), ("ZZZZZZZ999999999999", 999)],
)
def test_a_stray_cell_in_a_far_corner(place: str, row: int) -> None:
    """The library laid out every cell between the first and the last: 336 GB, or seconds for nothing."""
    content = _corner(f'<row r="{row}"><c r="{place}"><v>1</v></c></row>')
    tight = Limits(seconds=20, memory_mb=200, large_mb=8)
    with pytest.raises(ImportRejected, match="工作表过大") as seen:
        list(within_limits("importers.sheets:read_sheets", content, file="x.xlsx", limits=tight))
    assert ("x.xlsx", "statement") == (seen.value.faults[0].file, seen.value.faults[0].code)


def test_a_row_formatted_to_its_end_is_not_wide() -> None:
    """Cells that hold nothing are no cells."""
    content = _corner('<row r="40"><c r="XFD40" s="1"/></row>')
    assert read_statement(content)[0].lines.equals(read_statement(TARGETS["xlsx"].seeds()[0])[0].lines)


def _old_workbook(old: bytes, new: bytes, times: int = 1) -> bytes:
    content = (SEEDS / "generic.xls").read_bytes()
    assert times == content.count(old)
    return content.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0002 0e00 00000000 05000000", "0002 0e00 20000000 05000000"),  # a last row before the first: 1.3 TB
        ("0002 0e00 00000000 05000000 0000 0800", "0002 0e00 00000000 ffffff7f 0000 ffff"),
    ],
)
def test_an_old_workbook_of_absurd_dimensions(old: str, new: str) -> None:
    content = _old_workbook(bytes.fromhex(old), bytes.fromhex(new))
    with pytest.raises(ImportRejected, match="工作表过大"):
        read_statement(content)


def test_sectors_that_follow_each_other_for_ever() -> None:
    """A directory whose sector is followed by itself: the library read it until the memory was full."""
    content = bytearray((SEEDS / "generic.xls").read_bytes())
    first, table = (int.from_bytes(content[at : at + 4], "little") for at in (48, 76))
    at = 512 * (table + 1) + 4 * first
    content[at : at + 4] = first.to_bytes(4, "little")
    with pytest.raises(ImportRejected, match="没有尽头"):
        read_statement(bytes(content))
