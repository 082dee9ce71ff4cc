"""The lead's day on one screen: what is due and open, the most pressing first."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from rich.console import Console

from commands import demo, tasks
from ledger import drawers
from ledger.journal import Ledger
from tests.docs.test_tutorial import run
from tests.ledger.people.june import built as built
from tests.ledger.people.june import june as june
from tests.ledger.people.june import sign_all

PARTS = [key for key, _title, _command in tasks._parts(dt.date.min)]


def day(ledger: Ledger, date: dt.date) -> dict[str, list[str]]:
    with ledger.store.reading() as session:
        return tasks._day(ledger, session, date)


def test_before_and_after_the_month_is_signed(june: Ledger) -> None:
    """Tables, lists and the close are due; batches wait; the deposit of March turns long; nothing of it remains."""
    before = day(june, dt.date(2023, 7, 5))
    assert list(before) == ["date", *PARTS]
    due = [line.split()[1] for line in before["tasks"]]
    assert {"C30", "C32"} <= set(due)
    assert len(before["batches"]) > 20
    assert before["items"] == ["工行0101 2023-03-31 JK-0331 200.00 96天"]
    assert (before["drawers"], before["days"], before["requests"], before["statements"]) == ([], [], [], [])
    sign_all(june)
    after = day(june, dt.date(2023, 7, 5))
    assert after["batches"] == []
    assert {"C30", "C32"}.isdisjoint(line.split()[1] for line in after["tasks"])


@pytest.mark.parametrize("june", ["sqlite"], indirect=True)
def test_what_is_missing_is_named(june: Ledger) -> None:
    """In August the statements end in June; an open day of cash is named, and the drawers that are in use."""
    assert day(june, dt.date(2023, 8, 1))["statements"] == [
        "工行0101 到 2023-06-30 为止",
        "中行0202 到 2023-06-30 为止",
    ]
    drawers.open_drawer(june, "C01", date=dt.date(2023, 7, 3), operator="L01", today=dt.date(2023, 7, 3))
    assert day(june, dt.date(2023, 7, 3))["drawers"] == ["C01 开 应有 500.00"]


@pytest.mark.parametrize("june", ["sqlite"], indirect=True)
@pytest.mark.parametrize("height", [24, 50])
def test_it_fits_one_screen(june: Ledger, height: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every part has its head; long ones say how many more there are."""
    out = io.StringIO()
    monkeypatch.setattr(
        tasks,
        "make_console",
        lambda: Console(file=out, force_terminal=True, width=80, height=height, color_system=None),
    )
    secret = tmp_path / "password"
    secret.write_text(demo.demo_password("L01"), encoding="utf-8")
    for name, value in (
        ("METERBOOK_DB", june.store.url), ("METERBOOK_TODAY", "2023-07-05"), ("METERBOOK_OPERATOR", "L01"),
        ("METERBOOK_PASSWORD_FILE", str(secret)),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    code, _said = run("meterbook today")
    lines = out.getvalue().splitlines()
    assert code == 0
    assert len(lines) < height  # the next step is the last line
    assert sum(not line.startswith("  ") for line in lines) == 1 + len(PARTS)
    assert any("…另有" in line for line in lines)
