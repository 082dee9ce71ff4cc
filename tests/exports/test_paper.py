"""The paper forms as PDF and HTML: heads in two storeys, red negatives, fonts, the same bytes."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

import pytest

from exports.render import html, paper, pdf, xlsx
from exports.report import Column, under
from ledger.errors import Refused
from tests.exports.test_render import NASTY, report, sheet, texts


@pytest.fixture
def font() -> pdf.Font:
    """A Chinese font; without one the PDF is not tested, under CI that is a failure."""
    try:
        return pdf.find_font()
    except Refused as reason:
        message = f"PDF NOT TESTED: {reason}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


def storeys() -> Any:
    columns = [
        Column("date", "日期", "date"),
        *under("金额", [Column("amount", "借方", "money"), Column("days", "天数", "integer")]),
        Column("memo", "摘要"),
    ]
    return replace(report(), columns=columns)


# -- heads ---------------------------------------------------------------------------------


def test_heads_merge_over_neighbours_only() -> None:
    columns = [
        Column("a", "甲"),
        *under("上", [Column("b", "乙"), Column("c", "丙")]),
        *under("别", [Column("d", "丁")]),
    ]
    upper, lower = paper.heads(columns)
    assert [(head.text, head.at, head.columns, head.rows) for head in upper] == [
        ("甲", 0, 1, 2), ("上", 1, 2, 1), ("别", 3, 1, 1),
    ]  # fmt: skip
    assert [(head.text, head.at) for head in lower] == [("乙", 1), ("丙", 2), ("丁", 3)]
    apart = [*under("上", [Column("a", "甲")]), Column("x", "间"), *under("上", [Column("b", "乙")])]
    assert [head.text for head in paper.heads(apart)[0]] == ["上", "间", "上"]


def test_xlsx_merges_the_head() -> None:
    page = sheet(storeys())
    merged = {str(cells) for cells in page.merged_cells.ranges}
    assert {"A3:A4", "B3:C3", "D3:D4"} <= merged
    assert (page["B3"].value, page["B4"].value, page["C4"].value) == ("金额", "借方", "天数")
    assert page["B5"].value == -1234.56
    assert page.freeze_panes == "A5"
    assert page.print_title_rows == "$1:$4"


def test_xlsx_streams_with_a_plain_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "STREAMED", 0)
    page = sheet(storeys())
    assert [cell.value for cell in page[3]][:4] == ["日期", "借方", "天数", "摘要"]
    assert page["B4"].value == -1234.56


# -- pdf -----------------------------------------------------------------------------------


def test_pdf_is_the_same_to_the_byte(font: pdf.Font) -> None:
    """No clock in it: the same report, font and typst give the same file."""
    first = pdf.render(storeys())
    assert first.startswith(b"%PDF-")
    assert first == pdf.render(storeys())
    assert not re.search(rb"/(CreationDate|ModDate)", first)


def test_pdf_embeds_its_font(font: pdf.Font) -> None:
    made = pdf.render(report())
    assert re.search(rb"/FontFile[23]?\b", made)
    assert b"/FontName" in made
    assert font.family.replace(" ", "").encode()[:9] in made


def test_pdf_takes_data_as_text(font: pdf.Font) -> None:
    """Markup of the typesetter in a memo is printed, not obeyed."""
    assert pdf.render(texts([*NASTY, "#panic(1)", "$x$ *b* @ref <a>", "]#[", "\\u{0}", '"#eval("1")"']))


def test_pdf_of_nothing_and_of_many_pages(font: pdf.Font) -> None:
    assert pdf.render(replace(report([]), totals={}))
    long = texts([f"第{number}行" for number in range(200)])
    assert pdf.render(long).count(b"/Type /Page\n") > 1 or len(re.findall(rb"/Type\s*/Page\b", pdf.render(long))) > 1


def test_pdf_refuses_what_is_no_paper_form(font: pdf.Font, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "ROWS_MAX", 1)
    with pytest.raises(Refused, match="xlsx"):
        pdf.render(texts(["a", "b"]))


def test_without_a_font_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._find.cache_clear()
    monkeypatch.setattr(pdf, "FAMILIES", ("No Such Family",))
    monkeypatch.delenv("METERBOOK_FONT", raising=False)
    with pytest.raises(Refused, match="fonts-noto-cjk"):
        pdf.render(report())
    monkeypatch.setenv("METERBOOK_FONT", "No Such Font")
    with pytest.raises(Refused, match="No Such Font"):
        pdf.render(report())
    pdf._find.cache_clear()


def test_an_empty_folder_holds_no_font(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("METERBOOK_FONT", str(tmp_path))
    with pytest.raises(Refused, match="METERBOOK_FONT"):
        pdf.find_font()


def test_the_font_may_be_named(font: pdf.Font, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family by name gives the same form as the same family found by itself."""
    plain = pdf.render(report())
    monkeypatch.setenv("METERBOOK_FONT", font.family)
    assert pdf.render(report()) == plain


# -- html ----------------------------------------------------------------------------------


def test_html_escapes_everything() -> None:
    made = html.render(texts(['<script>alert("x")</script>', "a&b"]))
    assert "<script" not in made
    assert "&lt;script&gt;" in made
    assert "a&amp;b" in made
    assert "http" not in made.replace("http://x.example", "")


def test_html_has_the_form() -> None:
    made = html.render(storeys())
    assert '<th colspan="2">金额</th>' in made
    assert '<th rowspan="2">日期</th>' in made
    assert '<td class="money minus">-1,234.56</td>' in made
    assert "@media print" in made
    assert "不平" in made
    assert "<span>编制:</span>" in made
    assert html.render(storeys()) == made


def test_html_of_nothing_prints_none() -> None:
    assert ">无</td>" in html.render(replace(report([]), totals={}))
