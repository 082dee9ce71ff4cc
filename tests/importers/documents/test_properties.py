"""What must hold for any file: order, encoding and separators mean nothing, parts agree with wholes."""

from __future__ import annotations

import csv as writer
import datetime as dt
import io
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.documents import DocumentSet, read
from importers.documents.source import Source
from importers.documents.typed import Unreadable, parse_date, parse_ref, parse_text, parse_whole, typed
from ledger.book import Book
from ledger.documents import KINDS, Column, ColumnType
from ledger.errors import SourceError
from ledger.money import InvalidAmount, format_fen, parse_fen

BOOK = Book.load()
NAMES = ("doc_no", "date", "customer", "amount", "cashier", "late_charge", "invoice", "memo")
KIND = KINDS["cash_receipt"]
NOTES = st.text(st.sampled_from("水费已交清，。（）“”x9,;\t\"'\n𬭊 "), max_size=12)


@st.composite
def receipts(draw: st.DrawFn) -> list[dict[str, str]]:
    count = draw(st.integers(1, 8))
    return [
        {
            "doc_no": f"SF{number}",
            "date": (dt.date(2023, 6, 1) + dt.timedelta(days=draw(st.integers(0, 29)))).isoformat(),
            "customer": f"R{draw(st.integers(1, 99))}",
            "amount": format_fen(draw(st.integers(1, 10**9))),
            "cashier": draw(st.sampled_from(["C01", "C02"])),
            "late_charge": draw(st.sampled_from(["", "0", "1.20"])),
            "invoice": f"{number:08d}",
            "memo": draw(NOTES),
        }
        for number in range(count)
    ]


def as_csv(rows: list[dict[str, str]], order: list[str], headers: dict[str, str], separator: str) -> str:
    buffer = io.StringIO()
    out = writer.writer(buffer, delimiter=separator)
    out.writerow([headers[name] for name in order])
    out.writerows([row[name] for name in order] for row in rows)
    return buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    rows=receipts(),
    order=st.permutations(NAMES),
    english=st.sets(st.sampled_from(NAMES)),
    separator=st.sampled_from(",\t;"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_order_language_separator_and_encoding_mean_nothing(
    rows: list[dict[str, str]], order: list[str], english: set[str], separator: str, encoding: str
) -> None:
    """The same rows, however written, are the same frame."""
    headers = {name: name if name in english else KIND.column(name).zh for name in NAMES}
    plain = read(as_csv(rows, list(NAMES), {n: n for n in NAMES}, ",").encode(), "cash_receipt", BOOK)
    other = read(as_csv(rows, order, headers, separator).encode(encoding), "cash_receipt", BOOK)
    assert () == plain.faults == other.faults
    assert plain.frame.equals(other.frame)
    assert [parse_fen(row["amount"]) for row in rows] == other.frame["amount"].to_list()


def _column(type_: ColumnType) -> Column:
    return Column("x", "列", type_)


def _one(parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except (Unreadable, InvalidAmount):
        return None


LOOSE_NUMBERS = st.one_of(
    st.from_regex(r"[-+¥]?[0-9０-９٣]{0,4}([,，][0-9]{2,3}){0,2}([.．][0-9]{0,3})?", fullmatch=True),
    st.integers(-(10**16), 10**16).map(str),
    st.sampled_from(["1e3", "NaN", "inf", "1_000", "--1", ".", "-", "¥", "1..2"]),
)


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(LOOSE_NUMBERS.map(str.strip).filter(bool), min_size=1, max_size=20))
def test_columns_of_amounts_agree_with_the_one_gate(texts: list[str]) -> None:
    """The column form of reading money is ``parse_fen``, value by value, and nothing else."""
    done = typed(pl.Series("x", texts), _column("signed"), BOOK)
    expected = [_one(parse_fen, text) for text in texts]
    assert expected == done.values.to_list()
    assert sorted(i for i, fen in enumerate(expected) if not fen) == sorted(i for i, _message in done.faults)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(LOOSE_NUMBERS.map(str.strip).filter(bool), min_size=1, max_size=20))
def test_columns_of_whole_numbers_agree(texts: list[str]) -> None:
    done = typed(pl.Series("x", texts), _column("integer"), BOOK)
    assert [_one(parse_whole, text) for text in texts] == done.values.to_list()


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(max_size=12).map(str.strip).filter(bool), min_size=1, max_size=20))
def test_columns_of_words_agree(texts: list[str]) -> None:
    """Any text at all: the same value or the same refusal, one by one or as a column."""
    texts = [text for text in texts if text[0] not in "\x01\x02"] or ["x"]
    for type_, parse in (("ref", parse_ref), ("text", parse_text)):
        done = typed(pl.Series("x", texts), _column(type_), BOOK)  # type: ignore[arg-type]
        assert [_one(parse, text) for text in texts] == done.values.to_list()


@given(date=st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)))
def test_every_date_in_every_form(date: dt.date) -> None:
    """Seven ways to write a day."""
    y, m, d = date.year, date.month, date.day
    forms = [date.isoformat(), f"{y}/{m}/{d}", f"{y}-{m}-{d}", f"{y}.{m}.{d}", f"{date:%Y%m%d}", f"{y}年{m}月{d}日"]
    assert {date} == {parse_date(form) for form in forms}


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No other exception comes out, whatever goes in."""
    documents = _read_or_refuse(data)
    assert documents is None or documents.faults


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_workbook_is_read_or_refused(at: int, value: int, cut: bool) -> None:
    """One byte changed, or the file cut off."""
    data = bytearray(_workbook())
    at %= len(data)
    data[at] = value
    _read_or_refuse(bytes(data[:at] if cut else data))


def _read_or_refuse(data: bytes) -> DocumentSet | None:
    """The one exception a file may raise; any other fails the test."""
    try:
        return read(data, "cash_receipt", BOOK)
    except SourceError:
        return None


_made: list[bytes] = []


def _workbook() -> bytes:
    if not _made:
        import xlsxwriter

        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as workbook:
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, NAMES)
            sheet.write_row(1, 0, ["SF1", "2023-06-09", "R2", 120.8, "C01", None, "1", "水费"])
        _made.append(buffer.getvalue())
    return _made[0]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_digest_is_of_the_bytes(encoding: str) -> None:
    """Two encodings are two files; what they say is compared later, by content."""
    assert Source("a", "水费".encode(encoding)).sha256 != Source("a", b"x").sha256
