"""What is fuzzed: per format its seeds, its mutations and its oracle."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import openpyxl
import xlsxwriter

from tests.fuzz import mutate
from tests.fuzz.oracle import check_documents, check_message, check_proposal, check_return, check_statement

TESTS = Path(__file__).parents[1]
SEEDS = Path(__file__).parent / "seeds"
STATEMENTS = TESTS / "importers" / "statements"
SHARED = next(
    (place for up in (2, 3) if (place := Path(__file__).parents[up] / "shared/data/statements").exists()), None
)
SIZE_MAX = 4096
"""Bytes of a text: tiny files run by the thousand a second."""

RECEIPTS = """单据号,日期,户号,金额,收费员,违约金,发票号,备注
SF1,2023-06-09,R2,120.80,C01,,00012001,六月水费
SF2,2023/6/9,R3,"1,234.50",C01,0.35,00012002,"两
行"
,20230610,R4,¥5,C01,0,00012003,
"""
CHARGES = """日期,户号,所属月,用水性质,水量,读码,审批号,应收
2023-06-05,R3,2023-06,R,10,normal,,34.50
2023-06-05,R4,202306,R,9,normal,,
"""
RETURNS = (
    "DK1|2|65.55|1|34.50|1|31.05\r\n01|6217000000000000303|孙三|34.50|0|成功\r\n02|6217000000000000404|李四|31.05|1|余额不足\r\n",
    "序号,账号,户名,金额,实扣金额,处理结果\n1,6217000000000000303,孙三,34.50,34.50,成功\n2,6217000000000000404,李四,31.05,1.00,部分成功\n合计,,,65.55,,2笔\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``check`` says whether the bytes were read, and raises what is wrong; ``change`` makes one mutant of them."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], bool]
    change: Callable[..., bytes] = mutate.text
    size: int = SIZE_MAX
    packed: bool = False
    """An archive: ``change`` takes the mutation of a member too."""
    foreign: bool = False
    """Read by a library without coverage that may abort: fuzzed blindly, in workers that may die."""


def _files(*places: Path, patterns: Sequence[str] = ("*",), size: int = SIZE_MAX) -> list[bytes]:
    """The sample files of some folders; large ones are cut at a line's end."""
    found = []
    for place in places:
        for pattern in patterns:
            for path in sorted(place.glob(pattern)):
                if path.is_file() and path.suffix not in (".py", ".toml", ".json", ".md"):
                    content = path.read_bytes()
                    if len(content) > size:
                        content = content[: content.rfind(b"\n", 0, size) + 1] if size == SIZE_MAX else b""
                    found += [content] if content else []
    return found


def _shared(*names: str) -> list[Path]:
    return [SHARED / name for name in names] if SHARED else []


def _messages(suffix: str, *shared: str) -> list[bytes]:
    return _files(STATEMENTS / "formats", patterns=[suffix]) + _files(*_shared(*shared))


def _camt() -> list[bytes]:
    """Without the blanks between elements, whole."""
    whole = _files(STATEMENTS / "formats", *_shared("camt"), patterns=["*.xml"], size=100_000)
    lean = [re.sub(rb">\s+<", b"><", content) for content in whole]
    return [content for content in lean if len(content) <= 2 * SIZE_MAX]


def _ofx() -> list[bytes]:
    return _files(STATEMENTS / "formats", *_shared("ofx", "ofx-bad"), patterns=["*.ofx"], size=2 * SIZE_MAX)


def _tables() -> list[bytes]:
    own = _files(*sorted((STATEMENTS / "dialects").glob("*")), patterns=["*.csv"])
    return own + _files(*_shared("cn-csv", "cn-corp-synthetic", "cn-wallet", "csv"))


def _workbook(rows: Sequence[Sequence[object]], sheet: str = "Sheet1") -> bytes:
    """A small workbook with shared strings and a style of dates: stored, without theme and properties."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        made = book.add_worksheet(sheet)
        style = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                made.write(number, at, cell, *([style] if isinstance(cell, dt.date) else []))
    return _lean(packed.getvalue())


def _plain_workbook(rows: Sequence[Sequence[object]]) -> bytes:
    """The same by another writer."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    packed = io.BytesIO()
    book.save(packed)
    return _lean(packed.getvalue())


def _lean(content: bytes) -> bytes:
    members = mutate.unzipped(content)
    return mutate.zipped(
        {name: data for name, data in members.items() if "theme" not in name and "docProps" not in name}
    )


def _rows(text: str) -> list[list[object]]:
    """Rows of a CSV, plain numbers as numbers."""
    return [[_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


def _cell(text: str) -> object:
    return float(text) if text.replace(".", "", 1).isdigit() and not text.startswith("0") and len(text) < 9 else text


def _statement_books() -> list[bytes]:
    generic = (STATEMENTS / "dialects" / "generic" / "sample.csv").read_bytes()
    text = generic.decode(
        "utf-8-sig" if generic[:1] in (b"\xef", b"#") else "gb18030" if not _utf8(generic) else "utf-8"
    )
    (sample,) = _files(STATEMENTS / "dialects" / "ccb_personal", patterns=["*.xlsx"], size=20_000)
    return [
        _workbook(_rows(text)),
        mutate.zipped({n: d for n, d in mutate.unzipped(sample).items() if "theme" not in n}),
    ]


def _utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _document_books() -> list[bytes]:
    dated = [["日报"], [], *_rows(RECEIPTS)]
    dated[3][1] = dt.date(2023, 6, 9)
    return [_workbook(_rows(RECEIPTS)), _workbook(dated, "现金收款"), _plain_workbook(_rows(RECEIPTS))]


def _returns() -> list[bytes]:
    return [
        *(text.encode() for text in RETURNS),
        *(text.encode("gb18030") for text in RETURNS),
        *_files(*_shared("cn-return-synthetic")),
    ]


def _all(name: str, seeds: Callable[[], Sequence[bytes]], check: Callable[[bytes], bool], **rest: object) -> Target:
    return Target(name=name, seeds=cache(seeds), check=check, **rest)  # type: ignore[arg-type]


TARGETS = {
    target.name: target
    for target in (
        _all("mt940", lambda: _messages("*.sta", "mt940"), check_message),
        _all("camt", _camt, check_message, size=2 * SIZE_MAX),
        _all("ofx", _ofx, check_message, size=2 * SIZE_MAX),
        _all("qif", lambda: _messages("*.qif", "qif"), check_message),
        _all("bai2", lambda: _messages("*.bai2", "bai2"), check_message),
        _all("tables", _tables, check_statement),
        _all("proposals", _tables, check_proposal),
        _all("xlsx", _statement_books, check_statement, change=mutate.archive, packed=True, size=16_384, foreign=True),
        _all(
            "xls",
            lambda: _files(SEEDS, patterns=["*.xls"], size=40_000),
            check_statement,
            change=mutate.binary,
            size=40_000,
            foreign=True,
        ),
        _all("returns", _returns, check_return),
        _all("documents", lambda: [RECEIPTS.encode(), RECEIPTS.encode("gb18030")], check_documents),
        _all("charges", lambda: [CHARGES.encode(), CHARGES.encode("gb18030")], partial(check_documents, kind="charge")),
        _all("documents_xlsx", _document_books, check_documents, change=mutate.archive, packed=True, size=16_384),
    )
}
"""By name; ``scripts/fuzz NAME``."""
