"""Every dialect has a sample of its own beside what we expect of it, and is recognised alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from importers.statements import load_dialects, probe, read_statement
from importers.statements.dialect import SHIPPED
from ledger.money import decimal_text

HERE = Path(__file__).parent / "dialects"
BANKS = sorted(path.parent.name for path in HERE.glob("*/expected.toml"))
PROBED = "format dialect encoding account currency transactions opening closing total_in total_out balance_ok".split()


def sample(bank: str) -> Path:
    return next(path for path in (HERE / bank).iterdir() if path.stem == "sample")


def expected(bank: str) -> dict[str, Any]:
    return tomllib.loads((HERE / bank / "expected.toml").read_text(encoding="utf-8"))


def test_no_dialect_without_a_sample() -> None:
    assert [path.stem for path in sorted(SHIPPED.glob("*.toml"))] == BANKS
    assert {dialect.name for dialect in load_dialects()} == set(BANKS)


@pytest.mark.parametrize("bank", BANKS)
def test_sample_gives_its_figures(bank: str) -> None:
    """Format, dialect, encoding, account, counts, balances and totals of ``expected.toml``; absent means null."""
    want, seen = expected(bank), probe(sample(bank))
    assert isinstance(seen, dict)
    assert {key: want.get(key) for key in PROBED} == {key: seen[key] for key in PROBED}
    assert want["findings"] == [finding["code"] for finding in seen["findings"]]


@pytest.mark.parametrize("bank", BANKS)
def test_sample_gives_its_lines(bank: str) -> None:
    """Period, row order, direction, and the oldest line in full."""
    want, statement = expected(bank), read_statement(sample(bank))[0]
    assert [want["from_date"], want["to_date"]] == [str(statement.from_date), str(statement.to_date)]
    assert want["row_order"] == statement.row_order
    assert want.get("direction") == statement.direction
    line = statement.lines.row(0, named=True)
    amounts = f"{decimal_text(line['amount_in'])} {decimal_text(line['amount_out'])}"
    assert want["first"] == f"{line['date']} {amounts} {line['serial'] or '-'} {line['summary']}"
    assert statement.lines["date"].is_sorted()


@pytest.mark.parametrize("bank", BANKS)
def test_sample_fits_one_dialect_only(bank: str) -> None:
    """Without its own dialect and the generic one the sample is refused, never read as another bank's."""
    from ledger.errors import ImportRejected

    others = [dialect for dialect in load_dialects() if dialect.name != bank and not dialect.fallback]
    with pytest.raises(ImportRejected):
        read_statement(sample(bank), dialects=others)
