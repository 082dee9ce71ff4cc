"""Real and synthetic samples of the shared data give the figures of EXPECTED.json.

They are read where they lie (third parties' files are not ours to ship); absent, the test says so.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers.statements import probe, read_statement

FOLDERS = [Path(__file__).parents[4] / "shared", Path(__file__).parents[3] / "shared"]
if shared := os.environ.get("METERBOOK_SHARED"):
    FOLDERS.insert(0, Path(shared))
STATEMENTS = next((folder / "data/statements" for folder in FOLDERS if (folder / "data/statements").exists()), None)

SAMPLES = """
    cn-csv/abc_debit.csv cn-csv/cmb_debit.csv cn-csv/icbc_debit_v1.csv cn-csv/bocom_debit.csv cn-xls/ccb_debit.xls
    cn-corp-synthetic/ccb_corp.csv cn-corp-synthetic/cmbc_corp.csv
    cn-corp-synthetic/icbc_corp_historydetail.csv cn-corp-synthetic/software_template_enterprise_view.csv
""".split()

pytestmark = pytest.mark.skipif(STATEMENTS is None, reason="shared/data/statements is not here: samples NOT TESTED")


def expected(name: str) -> dict[str, Any]:
    assert STATEMENTS is not None
    figures = json.loads((STATEMENTS / "EXPECTED.json").read_text(encoding="utf-8"))
    return dict(figures[name])


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("name", SAMPLES)
def test_figures(name: str) -> None:
    assert STATEMENTS is not None
    want, seen = expected(name), probe(STATEMENTS / name)
    assert isinstance(seen, dict)
    for key in ("transactions", "currency", "balance_ok"):
        assert want[key] == seen[key], key
    for key in ("opening", "closing", "total_in", "total_out"):
        assert number(want[key]) == number(seen[key]), key


@pytest.mark.parametrize("name", SAMPLES)
def test_breaks_are_reported_not_repaired(name: str) -> None:
    """Broken balances, masked ones and footers that disagree are findings, each with its amount."""
    assert STATEMENTS is not None
    want, statement = expected(name), read_statement(STATEMENTS / name)[0]
    assert want.get("running_balance_breaks", 0) == statement.breaks
    if gaps := want.get("balance_gaps"):
        assert [Decimal(gap) * 100 for gap in gaps] == [one.difference for one in statement.errors]
    codes = {finding.code for finding in statement.findings}
    assert ("balance_masked" in codes) == ("masked_balances" in want)
    footer = want.get("footer_totals", {"agrees_with_rows": True})
    assert ("footer" in codes) == (not footer["agrees_with_rows"])
    if order := want.get("row_order"):
        assert order.replace("-", "_") == statement.row_order
