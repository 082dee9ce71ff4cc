"""Damaged and hostile files: only ImportRejected escapes, and what is accepted satisfies its controls."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.statements import Statement, read_statement
from importers.statements.formats import READERS
from importers.statements.statement import LINES
from ledger.errors import Fault, ImportRejected

HERE = Path(__file__).parent
SAMPLES = {
    path.name: path.read_bytes() for path in sorted(HERE.iterdir()) if path.suffix not in (".py", "") and path.is_file()
}
BYTES = [*b"0159,.:;/-+^$!<>&\"'=?\n\r\t {}CDRNTP", 0x00, 0x01, 0x1A, 0x80, 0xA1, 0xC3, 0xD8, 0xED, 0xFE, 0xFF]


def attempt(content: bytes) -> tuple[list[Statement], tuple[Fault, ...]]:
    try:
        return read_statement(content, name="damaged"), ()
    except ImportRejected as refused:
        return [], refused.faults


def check(content: bytes) -> None:
    """The oracle: refused with a place, or tying unless it says otherwise."""
    statements, faults = attempt(content)
    assert bool(statements) != bool(faults)
    assert all(fault.file == "damaged" and fault.message for fault in faults)
    for one in statements:
        assert dict(one.lines.schema) == LINES == dict(one.pending.schema)
        texts = [
            text for name, kind in LINES.items() if kind == LINES["summary"] for text in one.lines[name].drop_nulls()
        ]
        assert "\0" not in "".join(texts).encode("utf-8").decode()
        move = int((one.lines["amount_in"] - one.lines["amount_out"]).sum())
        known = one.opening is not None and one.closing is not None
        assert one.balance_ok is ((one.opening or 0) + move == one.closing if known else None)
        if not one.errors:
            assert one.balance_ok is not False
            assert not one.lines["date"].null_count()
            assert one.lines["date"].is_sorted()


@pytest.mark.parametrize("name", SAMPLES)
def test_truncated(name: str) -> None:
    content = SAMPLES[name]
    for size in range(0, len(content), max(1, len(content) // 60)):
        check(content[:size])
        check(content[size:])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated(data: st.DataObject) -> None:
    """Bytes replaced, removed, doubled, moved; and pieces of two formats in one file."""
    content = bytearray(SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        length = data.draw(st.integers(0, 40))
        way = data.draw(st.sampled_from(["replace", "insert", "remove", "double", "splice"]))
        if way == "replace":
            content[place : place + 1] = bytes([data.draw(st.sampled_from(BYTES))])
        elif way == "insert":
            content[place:place] = bytes(data.draw(st.lists(st.sampled_from(BYTES), min_size=1, max_size=8)))
        elif way == "remove":
            del content[place : place + length]
        elif way == "double":
            content[place:place] = content[place : place + length]
        else:
            other = SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))]
            begin = data.draw(st.integers(0, len(other) - 1))
            content[place:place] = other[begin : begin + length]
    check(bytes(content))


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_swapped_doubled_dropped(name: str) -> None:
    rows = SAMPLES[name].split(b"\n")
    for index in range(len(rows)):
        check(b"\n".join([*rows[:index], *rows[index + 1 :]]))
        check(b"\n".join([*rows[: index + 1], *rows[index:]]))
        if index:
            check(b"\n".join([*rows[: index - 1], rows[index], rows[index - 1], *rows[index + 1 :]]))


STARTS = {
    "mt940": b":20:X\n:25:1\n:60F:C240301CNY1,00\n",
    "camt": b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt><Stmt>",
    "ofx": b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1>",
    "qif": b"!Type:Bank\n",
    "bai2": b"01,A,B,240306,0800,1,80,,2/\n02,B,A,1,240305,,CNY,2/\n",
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "filler",
    [b"x", b"<", b"<a>", b"<!--", b"<![CDATA[", b"&", b"88,1,", b":61:", b"D1\n", b"^\n", b"\n", b" ", b"9", b"?20"],
)
def test_megabytes_of_one_thing(name: str, filler: bytes) -> None:
    """Absurd lines and repetitions end in a refusal, soon: nothing is quadratic."""
    began = time.monotonic()
    check(STARTS[name] + filler * (2_000_000 // len(filler)))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\x83\x36\xc8\x30",
        b"\xf0\x9f",
        b"\x80",
        b"\x1a",
        b"\x7f\x0b\x0c\x1c\x85",
    ],
)
def test_starts_with_broken_text(name: str, end: bytes) -> None:
    check(STARTS[name] + end)
    check(b"\xef\xbb\xbf" + STARTS[name] + end)
    check(b"\xff\xfe" + STARTS[name].decode().encode("utf-16-le") + end)
    check(b"\xff\xfe" + STARTS[name].decode().encode("utf-16-le") + b"\x00\xd8A\x00")
