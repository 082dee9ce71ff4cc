"""The report model: periods, file names, totals, groups."""

from __future__ import annotations

import datetime as dt

import pytest

from exports.report import Column, Period, Report, TieOut, file_stem, grouped, total

JUNE = Period(dt.date(2023, 6, 1), dt.date(2023, 6, 30))


@pytest.mark.parametrize(
    ("start", "end", "suffix", "version", "expected"),
    [
        ("2023-06-30", "2023-06-30", "工行0101", 1, "20230630银行存款余额调节表_工行0101"),
        ("2023-06-01", "2023-06-30", None, 1, "20230601-0630银行存款余额调节表"),
        ("2023-06-01", "2023-06-30", "工行0101", 2, "20230601-0630银行存款余额调节表_工行0101_v2"),
        ("2022-12-01", "2023-01-31", None, 1, "20221201-20230131银行存款余额调节表"),
        ("2023-06-30", "2023-06-30", "../x:y*", 1, "20230630银行存款余额调节表_..xy"),
    ],
)
def test_files_are_named_by_the_rule(start: str, end: str, suffix: str | None, version: int, expected: str) -> None:
    """§5: date prefix, template name, suffix, version; nothing a file system refuses."""
    period = Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    assert file_stem(period, "银行存款余额调节表", suffix, version) == expected


def test_a_long_name_stays_within_the_file_system() -> None:
    """At most 200 bytes before the extension, the date and the name kept."""
    stem = file_stem(JUNE, "银行存款日记账", "很长的后缀" * 40, 3)
    assert len(stem.encode()) <= 200
    assert stem.startswith("20230601-0630银行存款日记账_")
    assert stem.endswith("_v3")


def test_a_tie_out_says_its_difference() -> None:
    assert TieOut("x", 5, 3).difference == 2
    assert not TieOut("x", 5, 3).ok
    assert TieOut("x", 3, 3).ok


def test_groups_end_in_subtotals() -> None:
    """Only a group of several rows needs one."""
    columns = [Column("who", "户号"), Column("fen", "金额", "money")]
    rows = [{"who": "A", "fen": 1}, {"who": "A", "fen": 2}, {"who": "B", "fen": 4}]
    table = grouped(columns, rows, by="who", label_key="who", totals=total(columns, rows))
    assert [row["fen"] for row in table.rows] == [1, 2, 3, 4]
    assert list(table.styles) == ["", "", "subtotal", ""]
    assert table.totals == {"fen": 7}


def test_paper_is_for_paper_only() -> None:
    """Machines get the rows, people the form."""
    columns = [Column("a", "甲"), Column("b", "乙", media=frozenset({"xlsx"}))]
    report = Report(code="R99", title="试", period=JUNE, columns=columns, rows=[{"a": "1", "b": "2"}])
    assert [column.key for column in report.table("json").columns] == ["a"]
    assert [column.key for column in report.table("xlsx").columns] == ["a", "b"]
    form = grouped(columns, report.rows, by="a", label_key="a")
    with_form = Report(code="R99", title="试", period=JUNE, columns=columns, rows=[], paper=form)
    assert len(with_form.table("table").rows) == 1
    assert with_form.table("csv").rows == []
