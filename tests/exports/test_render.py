"""The renderers on reports made for the purpose: injection, reproducibility, width, negatives."""

from __future__ import annotations

import csv as csvlib
import datetime as dt
import io
import json as jsonlib
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from rich.cells import cell_len

from exports.render import csv, json, terminal, xlsx
from exports.report import Column, Period, Report, TieOut

NASTY = [
    "=1+1",
    "+86",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "http://x.example",
    '=HYPERLINK("http://x")',
    "001234567890123456",
]


def report(rows: list[dict[str, Any]] | None = None) -> Report:
    rows = [{"date": dt.date(2023, 6, 9), "memo": "水费", "amount": -123456, "days": 3}] if rows is None else rows
    return Report(
        code="R99",
        title="试验表",
        period=Period(dt.date(2023, 6, 30), dt.date(2023, 6, 30)),
        columns=[
            Column("date", "日期", "date"),
            Column("memo", "摘要", labels={"零钞": "备用零钞"}),
            Column("amount", "金额", "money"),
            Column("days", "天数", "integer"),
        ],
        rows=rows,
        totals={"amount": sum(row["amount"] for row in rows)},
        tie_outs=[TieOut("左 = 右", 5, 5), TieOut("不等", 5, 4)],
        heads=[("编制单位", "经营公司")],
        notes=["说明"],
        signatures=("编制", "复核"),
        state="截至分录 9",
    )


def texts(values: list[str]) -> Report:
    return report([{"date": None, "memo": value, "amount": -100, "days": None} for value in values])


# -- json ----------------------------------------------------------------------------------


def test_json_has_decimal_text_and_iso_dates() -> None:
    data = jsonlib.loads(json.render(report()))
    assert data["rows"] == [{"date": "2023-06-09", "memo": "水费", "amount": "-1234.56", "days": 3}]
    assert data["totals"] == {"amount": "-1234.56"}
    assert data["tie_outs"][1] == {"name": "不等", "left": "0.05", "right": "0.04", "difference": "0.01", "ok": False}
    assert data["unit"] == "元"
    assert data["period"] == "2023-06-30"


# -- csv -----------------------------------------------------------------------------------


def test_csv_for_excel_defuses_formulas_in_text_only() -> None:
    """An apostrophe before text that would start a formula; amounts are never touched."""
    table = csv.render(texts(NASTY)).decode("utf-8-sig")
    rows = list(csvlib.reader(io.StringIO(table, newline="")))
    assert [row[1] for row in rows[1:-1]] == [
        "'=1+1", "'+86", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "http://x.example", "'=HYPERLINK(\"http://x\")",
        "001234567890123456",
    ]  # fmt: skip
    assert {row[2] for row in rows[1:-1]} == {"-1.00"}
    assert rows[-1][:3] == ["合计", "", "-9.00"]


def test_csv_for_machines_is_untouched() -> None:
    """Keys, plain UTF-8, no total, nothing altered."""
    raw = csv.render(texts(NASTY), machine=True)
    assert not raw.startswith(b"\xef\xbb\xbf")
    rows = list(csvlib.reader(io.StringIO(raw.decode(), newline="")))
    assert rows[0] == ["date", "memo", "amount", "days"]
    assert [row[1] for row in rows[1:]] == NASTY


def test_csv_survives_a_round_trip_of_commas_quotes_and_breaks() -> None:
    values = ['a,"b"', "两\n行", "c;d"]
    rows = list(csvlib.reader(io.StringIO(csv.render(texts(values)).decode("utf-8-sig"), newline="")))
    assert [row[1] for row in rows[1:-1]] == values


def test_csv_shows_labels_to_people_and_keys_to_machines() -> None:
    one = texts(["零钞"])
    assert "备用零钞" in csv.render(one).decode("utf-8-sig")
    assert "备用零钞" not in csv.render(one, machine=True).decode()


# -- xlsx ----------------------------------------------------------------------------------


def sheet(made: Report) -> Any:
    return openpyxl.load_workbook(io.BytesIO(xlsx.render(made))).active


def test_xlsx_is_the_same_to_the_byte() -> None:
    """No clock, no machine name: the same report gives the same file."""
    assert xlsx.render(report()) == xlsx.render(report())


def test_xlsx_holds_no_formula_and_no_link_from_data() -> None:
    made = xlsx.render(texts(NASTY))
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        page = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page
    assert "hyperlink" not in page
    cells = [row[1].value for row in sheet(texts(NASTY)).iter_rows(min_row=4, max_row=3 + len(NASTY))]
    assert cells[0] == "=1+1"
    assert cells[-1] == "001234567890123456"


def test_xlsx_has_real_numbers_dates_and_red_negatives() -> None:
    page = sheet(report())
    assert page["C4"].value == -1234.56
    assert page["C4"].number_format == xlsx.MONEY
    assert "[Red]" in xlsx.MONEY
    assert page["A4"].value == dt.datetime.fromisoformat("2023-06-09")
    assert page["D4"].value == 3
    assert page["C5"].value == -1234.56
    assert page["A5"].value == "合计"


@pytest.mark.parametrize("fen", [1, -1, 10**15 - 1, -(10**15) + 1, 123456789012345])
def test_xlsx_amounts_are_exact(fen: int) -> None:
    """Fifteen digits survive the number format of the file."""
    value = sheet(report([{"date": None, "memo": "x", "amount": fen, "days": 0}]))["C4"].value
    assert round(value * 100) == fen


def test_xlsx_is_laid_out_for_paper() -> None:
    """Frozen head, filter, A4, print area, titles on each page, page n of m."""
    page = sheet(report())
    assert page.freeze_panes == "A4"
    assert page.auto_filter.ref == "A3:D4"
    assert page.page_setup.paperSize == 9
    assert page.page_setup.fitToHeight == 0
    assert page.print_title_rows == "$1:$3"
    assert page.print_area.startswith("'R99'!$A$1")
    assert "&P" in page.oddFooter.right.text
    assert "A1:E1" in [str(merged) for merged in page.merged_cells.ranges]
    values = [cell.value for row in page.iter_rows() for cell in row if cell.value is not None]
    assert "试验表" in values
    assert "单位:元" in values
    assert {"平", "不平"} <= set(values)
    assert any("编制: ____" in str(value) for value in values)


def test_xlsx_goes_on_with_a_second_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a sheet may be: the total and the foot stand on the last one; streamed or not."""
    monkeypatch.setattr(xlsx, "ROWS_MAX", 2)
    for streamed in (0, 1000):
        monkeypatch.setattr(xlsx, "STREAMED", streamed)
        book = openpyxl.load_workbook(io.BytesIO(xlsx.render(texts(["a", "b", "c"]))))
        assert book.sheetnames == ["R99-1", "R99-2"]
        first, last = book.worksheets
        assert first["A6"].value is None
        assert last["A5"].value == "合计"


def test_xlsx_of_nothing_prints_none() -> None:
    assert sheet(replace(report([]), totals={}))["A4"].value == "无"


# -- terminal ------------------------------------------------------------------------------


def test_the_screen_is_aligned_by_real_width() -> None:
    """Chinese characters are two columns wide: the amounts end in one column."""
    rows = [
        {"date": None, "memo": memo, "amount": amount, "days": 1}
        for memo, amount in (("水费", 1), ("TM卡", -2_000_000), ("a", 300))
    ]
    lines = terminal.render(report(rows)).splitlines()
    ends = {
        cell_len(line[: line.index(amount) + len(amount)])
        for line in lines
        for amount in ("0.01", "-20,000.00", "3.00")
        if amount in line and "合计" not in line and "不等" not in line and "左" not in line
    }
    assert len(ends) == 1


def test_the_screen_says_what_does_not_tie() -> None:
    text = terminal.render(report())
    assert "不平" in text
    assert "编制: ________" in text
    assert "截至分录 9" in text
    assert "\x1b" not in text


def test_negatives_are_red_on_a_screen_with_colours() -> None:
    assert "\x1b[31m-1,234.56" in terminal.render(report(), color=True)


def test_markup_in_data_is_text() -> None:
    """Rich markup in a memo is printed, not obeyed."""
    assert "[red]x[/red]" in terminal.render(texts(["[red]x[/red]"]))
