"""Charts in the workbook and further tables on paper: native, of real numbers, the same to the byte."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from exports.render import html, pdf, xlsx
from exports.report import WIDE, Column, Diagram, Table
from tests.exports.test_paper import font as font
from tests.exports.test_render import report
from tests.month.conftest import Book
from tests.month.conftest import june as june
from tests.month.conftest import module_store as module_store

PICTURE = Diagram("欠费按账龄", ["当月", "=1+1"], [("居民户", [10350, 3450]), ("单位户", [241000, 0])])
NOTHING = Diagram("空", ["当月"], [("居民户", [0])])
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def charts(content: bytes) -> list[Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = sorted(name for name in parts.namelist() if name.startswith("xl/charts/chart"))
        return [ET.fromstring(parts.read(name)) for name in names]


def test_a_chart_is_excels_own_and_shows_the_figures_of_its_sheet() -> None:
    content = xlsx.render(replace(report(), charts=[PICTURE, NOTHING]))
    (chart,) = charts(content)
    assert [one.get("val") for one in chart.iter(f"{C}grouping")] == ["stacked"]
    assert [one.text for one in chart.iter(f"{C}f")] == [
        "图表!$B$26", "图表!$A$27:$A$28", "图表!$B$27:$B$28", "图表!$C$26", "图表!$A$27:$A$28", "图表!$C$27:$C$28",
    ]  # fmt: skip
    assert [one.get("val") for one in chart.iter(f"{C}min")] == ["0"]
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["R99", "图表"]
    rows = [[cell.value for cell in row[:3]] for row in book["图表"]["A26:C28"]]
    assert rows == [[None, "居民户", "单位户"], ["当月", 103.5, 2410], ["=1+1", 34.5, 0]]
    assert book["图表"]["A28"].data_type == "s"
    assert content == xlsx.render(replace(report(), charts=[PICTURE, NOTHING]))


def test_a_chart_of_negatives_shows_them() -> None:
    (chart,) = charts(xlsx.render(replace(report(), charts=[replace(PICTURE, series=[("红字", [-100, 200])])])))
    assert list(chart.iter(f"{C}min")) == []


def test_further_tables_follow_on_paper_unless_they_are_too_wide_for_it() -> None:
    narrow = Table([Column("date", "月末", "date"), Column("amount", "金额", "money")], report().rows)
    wide = Table([Column("memo", "多栏", media=WIDE)], report().rows)
    made = replace(report(), sheets=[("月末账龄", narrow), ("多栏式", wide)])
    assert [title for title, _table in made.further("pdf")] == ["月末账龄"]
    assert openpyxl.load_workbook(io.BytesIO(xlsx.render(made))).sheetnames == ["R99", "月末账龄", "多栏式"]
    page = html.render(made)
    assert "<h2>月末账龄</h2>" in page
    assert "多栏" not in page


def test_further_tables_begin_a_page_of_the_pdf(font: pdf.Font) -> None:
    narrow = Table([Column("date", "月末", "date"), Column("amount", "金额", "money")], report().rows)
    made = replace(report(), sheets=[("甲", narrow), ("乙", narrow)])
    content = pdf.render(made)
    assert content.count(b"/Type /Page\n") + content.count(b"/Type/Page/") == 2
    assert content == pdf.render(made)


@pytest.mark.parametrize("code", ["R05", "R15", "R26b"])
def test_what_june_draws(june: Book, code: str) -> None:
    """The series of a chart are the sums of its register."""
    from exports import reports

    with june.ledger.store.reading() as session:
        made = reports.build(code, session, june.ledger.book, june.ledger.chart, month="2023-06")
    (chart,) = made.charts
    assert chart.filled
    drawn = sum(sum(values) for _name, values in chart.series)
    if code == "R15":
        ages = dict(made.sheets)["月末账龄"].rows
        assert drawn == sum(row["amount"] for row in ages) > 0
        assert chart.categories == ["2023-06"]
    else:
        assert drawn == made.totals["total" if code == "R05" else "owed"]
    assert all(len(values) == len(chart.categories) for _name, values in chart.series)
