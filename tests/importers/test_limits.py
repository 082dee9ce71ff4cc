"""Reading in a child process: what it reads comes back; what it does to itself is a refusal in words."""

from __future__ import annotations

import ctypes
import datetime as dt
import io
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import openpyxl
import pytest

from importers import limits
from importers.job_object import BasicLimits, ExtendedLimits, limits_of
from importers.limits import Limits, default_limits, within_limits
from importers.statements import read_statement
from importers.statements.formats import READERS, bai2, camt, mt940, ofx, qif
from ledger.errors import Fault, ImportRejected
from ledger.i18n import set_language

HERE = "tests.importers.misbehaving"
SMALL = Limits(seconds=20, memory_mb=200, large_mb=8)
FORMATS = Path(__file__).parent / "statements" / "formats"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and rlimits are of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")


def refused(name: str, content: bytes = b"", limits: Limits = SMALL) -> Fault:
    with pytest.raises(ImportRejected) as seen:
        list(within_limits(f"{HERE}:{name}", content, file="账单.xls", limits=limits))
    (fault,) = seen.value.faults
    assert "账单.xls" == fault.file
    return fault


@pytest.fixture
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("zh_CN")


def test_what_is_read_comes_back() -> None:
    content = bytes(range(256)) * 10_000
    told = list(within_limits(f"{HERE}:answer", content, "a", 5, None, file="x", limits=SMALL))
    assert [(content, ["a", 5, None], dt.date(2024, 3, 1), "zh_CN", "\ud800")] == told


def test_the_child_speaks_the_language_of_the_parent(english: None) -> None:
    assert "en" == next(within_limits(f"{HERE}:answer", b"", file="x", limits=SMALL))[3]


@pytest.mark.parametrize("name", ["spin", "sleep"])
def test_time(name: str) -> None:
    began = time.monotonic()
    fault = refused(name, limits=Limits(seconds=1, memory_mb=200, large_mb=8))
    assert ("time", True, True) == (fault.code, "1 秒" in fault.message, "METERBOOK_IMPORT_SECONDS" in fault.message)
    assert time.monotonic() - began < 60


@linux
def test_memory() -> None:
    fault = refused("fill")
    assert ("memory", True, True) == (fault.code, "200 MB" in fault.message, "METERBOOK_IMPORT_MEMORY" in fault.message)


@posix
@pytest.mark.parametrize(("name", "said"), [("abort", "SIGABRT"), ("segfault", "SIGSEGV"), ("leave", "0x00000000")])
def test_crash(name: str, said: str) -> None:
    fault = refused(name)
    assert ("crash", True) == (fault.code, said in fault.message)


@pytest.mark.parametrize(("name", "said"), [("raise_", "UnboundLocalError"), ("recurse", "RecursionError")])
def test_whatever_a_library_raises_is_a_refusal(name: str, said: str) -> None:
    fault = refused(name)
    assert ("crash", True) == (fault.code, said in fault.message)


@pytest.mark.parametrize(("name", "said"), [("sleep", "longer than"), ("raise_", "failed"), ("leave", "crashed")])
def test_in_english(name: str, said: str, english: None) -> None:
    assert said in refused(name, limits=Limits(seconds=1, memory_mb=200, large_mb=8)).message


@pytest.mark.parametrize("way", ["child", "inside"])
def test_refusals_keep_their_places(way: str) -> None:
    where = limits.inside() if way == "inside" else nullcontext()
    with where, pytest.raises(ImportRejected) as seen:
        list(within_limits(f"{HERE}:refuse", b"", file="x", limits=SMALL))
    assert [("x", 3, "one", "a"), ("other", None, "two", None)] == [
        (fault.file, fault.row, fault.message, fault.code) for fault in seen.value.faults
    ]


def test_any_refusal_of_ours_becomes_the_one_of_importing() -> None:
    with pytest.raises(ImportRejected, match="why"):
        list(within_limits(f"{HERE}:refuse_otherwise", b"", file="x", limits=SMALL))


def test_a_child_cannot_make_the_parent_run_anything(tmp_path: Path) -> None:
    place = tmp_path / "ran"
    assert "crash" == refused("run_something", str(place).encode()).code
    assert not place.exists()


def test_a_child_that_cannot_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert "不能启动" in refused("answer").message


@linux
def test_the_child_is_limited_and_dumps_no_core() -> None:
    memory, seconds, core = next(within_limits(f"{HERE}:count_limits", b"", file="x", limits=SMALL))
    assert 200 * 2**20 < memory < 300 * 2**20
    assert (20, 0) == (seconds, core)


@pytest.mark.parametrize("module", ["importers.sheets", "importers.openxml"])
def test_readers_of_workbooks_start_without_polars(module: str) -> None:
    """Which is most of what a start costs."""
    told = next(within_limits(f"{HERE}:modules", module.encode(), file="x", limits=SMALL))
    assert module in told
    assert not {name.partition(".")[0] for name in told} & {"polars", "babel"}


def test_limits_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERBOOK_IMPORT_SECONDS", "7")
    monkeypatch.setenv("METERBOOK_IMPORT_MEMORY", "many")
    default_limits.cache_clear()
    try:
        assert (7, 3072) == (default_limits().seconds, default_limits().memory_mb)
    finally:
        default_limits.cache_clear()


def test_the_structures_of_windows() -> None:
    """Sizes and offsets of winnt.h for 64 bits."""
    assert (64, 144) == (ctypes.sizeof(BasicLimits), ctypes.sizeof(ExtendedLimits))
    assert (16, 112) == (BasicLimits.flags.offset, ExtendedLimits.process_memory.offset)
    made = limits_of(5, 1.5)
    assert (5, 15_000_000, 0x502) == (made.process_memory, made.basic.process_time, made.basic.flags)


# ---- the readers ----


@linux
def test_calamine_aborts_and_the_parent_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred kilobytes that become a sheet of hundreds of megabytes."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for _ in range(4_000):
        sheet.append([1] * 50)
    packed = io.BytesIO()
    workbook.save(packed)
    tight = Limits(seconds=60, memory_mb=6, large_mb=8)
    monkeypatch.setattr(limits, "default_limits", lambda: tight)
    with pytest.raises(ImportRejected) as seen:
        read_statement(packed.getvalue(), name="bomb.xlsx")
    assert ["memory"] == [fault.code for fault in seen.value.faults]


@pytest.mark.parametrize("name", ["water.sta", "water.camt053.xml", "water.sgml.ofx", "water.qif", "water.bai2"])
def test_large_messages_are_read_apart_and_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (FORMATS / name).read_bytes()
    here = read_statement(content, name=name)
    monkeypatch.setattr("importers.statements.formats.is_large", lambda _content: True)
    apart = read_statement(content, name=name)
    assert len(here) == len(apart)
    for one, other in zip(here, apart, strict=True):
        assert one.lines.equals(other.lines)
        assert one.pending.equals(other.pending)
        assert (one.findings, one.account, one.opening, one.closing) == (
            other.findings, other.account, other.opening, other.closing,
        )  # fmt: skip
    with pytest.raises(ImportRejected) as seen:
        read_statement(content + b"\0", name=name)
    assert {name} == {fault.file for fault in seen.value.faults}


def test_every_message_format_can_go_apart() -> None:
    assert {mt940, camt, ofx, qif, bai2} == set(READERS.values())
