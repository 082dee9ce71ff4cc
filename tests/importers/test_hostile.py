"""Files made to do harm, against all three readers: refused in words, soon, and before they are unpacked."""

from __future__ import annotations

import io
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from importers.documents import read as read_documents
from importers.documents.reader import DocumentSet
from importers.limits import Limits
from importers.returns import read_return
from importers.statements import read_statement
from importers.statements.grid import LINE_MAX, LINES_MAX
from ledger.book import Book
from ledger.errors import Fault, SourceError

Reader = Callable[[bytes], tuple[Fault, ...]]
HEADERS = {
    "statement": ["交易日期", "摘要", "借方发生额", "贷方发生额", "余额"],
    "return": ["账号", "户名", "金额", "处理结果"],
    "document": ["日期", "户号", "金额", "收费员", "发票号"],
}
ROWS = {
    "statement": ["2024-03-01", "水费", "", "5.00", "95.00"],
    "return": ["6217000000000000303", "孙三", "34.50", "成功"],
    "document": ["2023-06-09", "R2", "120.80", "C01", "00012001"],
}
KINDS = pytest.mark.parametrize("kind", HEADERS)
SOON = 60.0


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.load()


def faults(kind: str, content: bytes, book: Book) -> tuple[Fault, ...]:
    """Why a reader refuses the bytes; none where it reads them."""
    try:
        if kind == "statement":
            read_statement(content, name="f")
        elif kind == "return":
            read_return(content, name="f")
        else:
            found: DocumentSet = read_documents(content, "cash_receipt", book, name="f")
            return found.faults
    except SourceError as error:
        return error.faults
    return ()


def refused(kind: str, content: bytes, book: Book) -> str:
    began = time.monotonic()
    found = faults(kind, content, book)
    assert time.monotonic() - began < SOON
    assert found
    assert {"f"} == {fault.file for fault in found}
    return " ".join(fault.message for fault in found)


def text(kind: str, *more: str) -> str:
    return "".join(",".join(row) + "\n" for row in (HEADERS[kind], ROWS[kind])) + "".join(more)


def workbook(kind: str) -> bytes:
    made = openpyxl.Workbook()
    made.active.append(HEADERS[kind])
    made.active.append(ROWS[kind])
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def rezipped(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return packed.getvalue()


def sheet(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return rezipped(content, lambda name, data: change(data) if name.endswith("sheet1.xml") else data)


@KINDS
def test_the_harmless_forms_are_read(kind: str, book: Book) -> None:
    assert () == faults(kind, text(kind).encode(), book)
    assert () == faults(kind, workbook(kind), book)


# ---- archives ----


@KINDS
def test_a_bomb_by_what_it_declares(kind: str, book: Book) -> None:
    bomb = sheet(workbook(kind), lambda data: data.replace(b"</sheetData>", b" " * 30_000_000 + b"</sheetData>"))
    assert len(bomb) < 100_000
    assert "展开后过大" in refused(kind, bomb, book)


@KINDS
def test_a_bomb_that_declares_less(kind: str, book: Book) -> None:
    """30 MB under a declared size of 3000: whoever unpacks it stops there, or is stopped."""
    bomb = sheet(workbook(kind), lambda data: data.replace(b"</sheetData>", b" " * 30_000_000 + b"</sheetData>"))
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = bomb.replace(size.to_bytes(4, "little"), (3000).to_bytes(4, "little"))
    assert lying != bomb
    assert refused(kind, lying, book)


@KINDS
def test_too_many_members(kind: str, book: Book) -> None:
    packed = io.BytesIO(workbook(kind))
    with zipfile.ZipFile(packed, "a") as archive:
        for number in range(1001):
            archive.writestr(f"x{number}", "")
    assert "展开后过大" in refused(kind, packed.getvalue(), book)


@KINDS
def test_locked_linked_doubled_members(kind: str, book: Book) -> None:
    locked = bytearray(workbook(kind))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert "密码" in refused(kind, bytes(locked), book)
    packed = io.BytesIO(workbook(kind))
    with zipfile.ZipFile(packed, "a") as archive:
        link = zipfile.ZipInfo("xl/link.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "链接" in refused(kind, packed.getvalue(), book)
    packed = io.BytesIO(workbook(kind))
    with zipfile.ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    assert "重名" in refused(kind, packed.getvalue(), book)


@KINDS
def test_absurd_dimensions(kind: str, book: Book) -> None:
    """What a sheet claims costs nothing; a cell in the last corner is refused, or costs nothing either."""
    claimed = sheet(
        workbook(kind), lambda data: data.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>', 1)
    )
    began = time.monotonic()
    assert () == faults(kind, claimed, book)
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    found = faults(kind, sheet(workbook(kind), lambda data: data.replace(b"</sheetData>", corner)), book)
    assert {fault.code for fault in found} <= {
        "statement",
        "header",
        "required",
    }  # none of them by running out of memory
    assert time.monotonic() - began < SOON


@KINDS
def test_document_types_and_entities(kind: str, book: Book) -> None:
    """Nothing is expanded and nothing is fetched: refused, or the entity stands for nothing."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "%s"><!ENTITY c SYSTEM "file:///etc/passwd">]>' % (b"&a;" * 1000)

    def change(data: bytes) -> bytes:
        head, _end, rest = data.partition(b"<worksheet")
        return (
            head
            + laughs
            + b"<worksheet"
            + rest.replace(b"</sheetData>", b'<row><c t="inlineStr"><is><t>&c;&b;</t></is></c></row></sheetData>')
        )

    found = faults(kind, sheet(workbook(kind), change), book)
    assert found
    assert not any("root:" in fault.text() or "haha" in fault.text() for fault in found)


@KINDS
@pytest.mark.parametrize("filler", [b"<row>", b"<row><c><is><t>", b"<c>", b"&#55296;", b"_xD800_", b"<v>1e999</v>"])
def test_sheets_of_one_thing(kind: str, filler: bytes, book: Book) -> None:
    """Endless depth, characters that are none: no more than a refusal."""
    where = b"</t>" if filler[:1] in b"&_" else b"</sheetData>"
    content = rezipped(
        workbook(kind),
        lambda _name, data: data.replace(where, filler * (50 if where == b"</t>" else 20_000) + where, 1),
    )
    began = time.monotonic()
    faults(kind, content, book)
    assert time.monotonic() - began < SOON


@KINDS
def test_a_character_that_is_none_in_a_cell(kind: str, book: Book) -> None:
    """``_xD800_`` is Excel's way to write half a character: refused or replaced, never a crash."""

    def change(name: str, data: bytes) -> bytes:
        return (
            data.replace("水费".encode(), b"_xD800_").replace("孙三".encode(), b"_xD800_").replace(b"R2", b"_xDFFF_R2")
        )

    for fault in faults(kind, rezipped(workbook(kind), change), book):
        fault.text().encode()


@KINDS
@pytest.mark.parametrize("head", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"])
def test_heads_of_workbooks_with_anything_behind(kind: str, head: bytes, book: Book) -> None:
    for rest in (b"", b"\xff" * 4096, bytes(4096), bytes(range(256)) * 40):
        assert refused(kind, head + rest, book)


# ---- text ----


@KINDS
def test_a_line_of_a_hundred_megabytes(kind: str, book: Book) -> None:
    line = b"x" * (100 * 2**20)
    assert refused(kind, line, book)
    assert refused(kind, text(kind).encode() + line, book)


def test_a_line_that_is_too_long_is_named() -> None:
    for end in ("\n", "\r\n", "\r"):
        lines = text("statement").replace("\n", end).encode()
        with pytest.raises(SourceError, match="一行长于"):
            read_statement(lines + b"," * (LINE_MAX + 1), name="f")
    with pytest.raises(SourceError) as seen:
        read_statement(text("statement").encode() + b"," * (LINE_MAX + 1), name="f")
    assert 3 == seen.value.faults[0].row


@KINDS
def test_endlessly_many_lines(kind: str, book: Book) -> None:
    assert refused(kind, text(kind).encode() + b"x\n" * (LINES_MAX + 1), book)


@KINDS
@pytest.mark.parametrize(
    "more",
    [
        b"\0",
        b'"unterminated,1,2\n' * 3,
        b"\xed\xa0\x80,1\n",
        b"\xf4\x90\x80\x80\n",
        "水费".encode("gb18030") + b"\n" + "水费".encode() + b"\n",
        b"\x81",
    ],
)
def test_text_that_is_none(kind: str, more: bytes, book: Book) -> None:
    """NUL, a lost quote, half a character, beyond Unicode, two encodings, cut off in the middle."""
    assert refused(kind, text(kind).encode() + more, book)
    assert refused(kind, text(kind).encode() + ",".join(ROWS[kind]).encode() + more, book)


@KINDS
@pytest.mark.parametrize("half", [b"\x00\xd8", b"\x00\xdc", b"\x00\xdc\x00\xd8", b"\x00"])
def test_lone_surrogates_of_utf16(kind: str, half: bytes, book: Book) -> None:
    assert refused(kind, b"\xff\xfe" + text(kind).encode("utf-16-le") + half + "\n".encode("utf-16-le"), book)


# ---- tables of text: no child process, the same limits ----


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("," * 400_000, "表头有 400005 列"),  # 1.9 MB that took a minute and 6 GB
        ("," * 996, "表头有 1001 列"),
        ("," * 995, ""),
    ],
)
def test_a_header_of_absurdly_many_columns(more: str, said: str) -> None:
    head, row = (",".join(one["statement"]) + more + "\n" for one in (HEADERS, ROWS))
    if said:
        with pytest.raises(SourceError, match=said) as seen:
            read_statement((head + row * 4).encode(), name="f")
        assert 1 == seen.value.faults[0].row
    else:
        assert 4 == read_statement((head + row * 4).encode())[0].lines.height


@pytest.mark.parametrize("rest", ["合计,,5,5,\n", "合计,,,5.00,\n备注,1\n"])
def test_remarks_without_end(rest: str) -> None:
    """Each was looked at by itself: minutes for a few megabytes."""
    words, _end, again = rest.partition("\n")
    content = text("statement", words + "\n", (again or rest) * 200_000).encode()
    began = time.process_time()
    with pytest.raises(SourceError, match="合计行之后还有多于 1000 行"):
        read_statement(content, name="f")
    assert time.process_time() - began < 20


def test_opening_rows_without_end() -> None:
    content = (text("statement") + "2024-03-01,期初余额,,,95.00\n" * 50_000).encode()
    began = time.process_time()
    assert 1 == read_statement(content)[0].lines.height
    assert time.process_time() - began < 20


def test_rows_wider_than_any_header() -> None:
    """Nothing above the header is kept or compared beyond the columns a header may have."""
    wide = ("x," * 60_000 + "\n") * 50
    began = time.process_time()
    assert 1 == read_statement((wide + text("statement")).encode())[0].lines.height
    assert time.process_time() - began < 20


@pytest.mark.parametrize("kind", ["statement", "return"])
@pytest.mark.parametrize("limit", ["time", "memory"])
def test_a_table_of_text_keeps_the_limits(kind: str, limit: str, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(seconds=1e-9, memory_mb=3000, large_mb=8) if limit == "time" else Limits(300, -4000, 8)
    monkeypatch.setattr("importers.limits.default_limits", lambda: limits)
    if limit == "memory" and not Path("/proc/self/statm").exists():
        pytest.skip("this system does not tell how much memory a process holds")
    found = faults(kind, text(kind).encode(), book)
    assert [("f", limit)] == [(fault.file, fault.code) for fault in found]


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    """A sparse file of many gigabytes: refused by its size."""
    large = tmp_path / "large.csv"
    with large.open("wb") as made:
        made.truncate(2**36)
    for reader in (read_statement, read_return):
        with pytest.raises(SourceError, match="文件超过"):
            reader(large)
