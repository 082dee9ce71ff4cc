"""The tamper drill: whatever is altered in a copy of a book, verify finds it, and finds nothing where nothing was altered."""

from __future__ import annotations

import random

import pytest

from ledger import drill as drills
from ledger.drill import ROWS, Drilled, drill
from ledger.integrity import Report
from ledger.storage import Store, coverage, tamper
from tests.ledger.integrity.conftest import ledger_of, note_of


@pytest.mark.slow
def test_everything_is_found(owned: Store) -> None:
    """Each covered column, each table and each law at least once: all found; what is not proved has its reason."""
    before = note_of(owned)
    done = drill(ledger_of(owned), alterations=400)
    assert [f"{one.kind} {one.place} {one.done}" for one in done.missed] == []
    assert done.ok
    assert done.tried == done.found
    # as many rows altered as were asked for, whatever the database lets nobody do; the laws come on top
    assert sum(done.tried[kind] for kind in ("column", *ROWS)) >= 400
    assert done.tried["law"] >= 200
    known = set(tamper.tables(owned.dialect))
    columns = {(table, column) for table in known for column in coverage.COVERED.get(table, {})}
    assert columns - done.columns == set()
    # one book, and rows that differ in nothing but their keys
    assert [one for one in done.untried if not one.startswith("swap ")] == ["insert book"]
    assert {"old backup", "tail", "rewritten, another key", "rewritten, same key"} <= set(done.tried)
    assert {"checkpoint.ahead", "checkpoint.history", "checkpoint.signature", "leaf.altered", "balance"} <= set(
        done.codes
    )
    assert note_of(owned) == before  # the book itself was only read


def test_the_drill_can_fail(owned: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verify that sees nothing is shown up: every single alteration is told as missed."""
    monkeypatch.setattr(drills, "verify_in", lambda *_a, **_k: Report())
    monkeypatch.setattr(drills, "coverage", _Only("fact"))
    done = drill(ledger_of(owned), alterations=20, laws=False)
    assert not done.ok
    assert done.found.total() == 0
    assert {"column", "delete", "insert", "swap", "old backup", "rewritten, another key"} <= {
        one.kind for one in done.missed
    }


class _Only:
    """The coverage of one table."""

    FREE = coverage.FREE

    def __init__(self, table: str) -> None:
        self.COVERED = {table: coverage.COVERED[table]}


def test_the_same_drill_again(new_full_drills: list[Drilled]) -> None:
    """By the same seed the same is altered."""
    first, second = new_full_drills
    assert (first.tried, first.codes, first.untried) == (second.tried, second.codes, second.untried)


@pytest.fixture
def new_full_drills(full_sqlite: object, monkeypatch: pytest.MonkeyPatch) -> list[Drilled]:
    monkeypatch.setattr(drills, "coverage", _Only("posting"))
    return [drill(ledger_of(Store(f"sqlite:///{full_sqlite}")), alterations=40, seed=7, laws=False) for _ in (1, 2)]


def test_other_values_are_others() -> None:
    """No alteration leaves the value as it was."""
    rng = random.Random(1)
    for kind, old in (("int", 0), ("int", 5), ("int", None), ("text", ""), ("text", "x"), ("text", None), ("date", "2023-06-30"), ("date", None), ("bytes", b""), ("bytes", b"x")):  # fmt: skip
        for _ in range(60):
            assert tamper._other(kind, old, old, rng) != old


def test_columns_that_nothing_proves() -> None:
    """They are listed, each with its reason, in both languages."""
    listed = dict(drills.free())
    assert set(listed) == {f"{table}.{column}" for table, columns in coverage.FREE.items() for column in columns}
    assert all(reason.strip() for reason in listed.values())
