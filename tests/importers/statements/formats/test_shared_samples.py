"""The shared message files and foreign CSV give the figures of EXPECTED.json, statement by statement.

They are read where they lie (third parties' files are not ours to ship); absent, the test says so.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from importers.statements import probe, read_statement
from ledger.errors import ImportRejected
from tests.importers.statements.test_samples import STATEMENTS, expected, number

FOLDERS = ("mt940", "camt", "ofx", "ofx-bad", "qif", "bai2", "csv")
FIGURES = json.loads((STATEMENTS / "EXPECTED.json").read_text(encoding="utf-8")) if STATEMENTS else {}
NAMES = [name for name in FIGURES if name.split("/")[0] in FOLDERS] or ["mt940/absent"]

pytestmark = pytest.mark.skipif(STATEMENTS is None, reason="shared/data/statements is not here: samples NOT TESTED")


def probed(name: str) -> list[dict[str, Any]]:
    assert STATEMENTS is not None
    shown = probe(STATEMENTS / name)
    return shown if isinstance(shown, list) else [shown]


def currency_of(seen: list[dict[str, Any]]) -> list[str]:
    return sorted({one["currency"] for one in seen if one["currency"]})


@pytest.mark.parametrize("name", NAMES)
def test_file(name: str) -> None:
    """Counts, totals and currencies of the whole file."""
    want = expected(name)
    if "must_fail" in want:
        with pytest.raises(ImportRejected, match="120"):
            probed(name)
        return
    seen = probed(name)
    assert want["transactions"] == sum(one["transactions"] for one in seen)
    for key in ("total_in", "total_out"):
        assert number(want[key]) == sum((Decimal(one[key]) for one in seen), Decimal()), key
    wanted = [want["currency"]] if isinstance(want["currency"], str) else want["currency"] or []
    assert sorted(wanted) == currency_of(seen)
    if len({one["account"] for one in seen}) == 1 and not name.startswith("bai2/"):
        assert (number(want["opening"]), number(want["closing"])) == (
            number(seen[0]["opening"]), number(seen[-1]["closing"]),
        )  # fmt: skip
    ties = {one["balance_ok"] for one in seen}
    assert want["balance_ok"] == (False if False in ties else None if None in ties else True)


@pytest.mark.parametrize("name", [name for name in NAMES if "statements" in FIGURES.get(name, ())])
def test_statements(name: str) -> None:
    """Each statement's account, count, balances and totals; broken ones have an error."""
    for want, one in zip(expected(name)["statements"], probed(name), strict=True):
        assert (want["account"], want["transactions"]) == (one["account"], one["transactions"])
        assert want.get("ccy", want.get("currency", one["currency"])) == one["currency"]
        scaled = {key: Decimal(want[f"{key}_minor"]).scaleb(-2) for key in ("total_in", "total_out") if "ccy" in want}
        for key in ("opening", "closing", "total_in", "total_out"):
            named = {"opening": "opening_010", "closing": "closing_015"}.get(key, key) if "ccy" in want else key
            assert scaled.get(key, number(want.get(named))) == number(one[key]), key
        errors = [finding["code"] for finding in one["findings"] if finding["severity"] == "error"]
        assert ("closing" in errors) == (want.get("balance_ok") is False)
        assert ("pending" in [finding["code"] for finding in one["findings"]]) == ("PDNG" in want.get("statuses", ()))


@pytest.mark.parametrize("name", [name for name in NAMES if "accounts" in FIGURES.get(name, ())])
def test_accounts(name: str) -> None:
    assert expected(name)["accounts"] == {one["account"]: one["transactions"] for one in probed(name)}


def test_what_the_samples_are_notable_for() -> None:
    """Batches keep their details, pending is not booked, twins stay, a day that is none is said."""
    assert STATEMENTS is not None
    batch = read_statement(STATEMENTS / "camt/camt054.v8.xml")[0].lines["reference"][0]
    assert 3 == len(batch.split("; "))
    assert 0 == read_statement(STATEMENTS / "camt/camt052.v4.xml")[0].lines.height
    twins = read_statement(STATEMENTS / "mt940/raphaelm.sta")[0].lines
    assert 5 == twins.filter(twins["amount_in"] == 20000_00).height
    assert "date" in [finding.code for finding in read_statement(STATEMENTS / "mt940/february_30.sta")[0].findings]
    undated = read_statement(STATEMENTS / "ofx-bad/date_missing.ofx")[0]
    assert ["date"] * 3 == [finding.code for finding in undated.errors]
