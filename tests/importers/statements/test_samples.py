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
from ledger.errors import ImportRejected
from ledger.money import format_fen

FOLDERS = [Path(__file__).parents[4] / "shared", Path(__file__).parents[3] / "shared"]
if shared := os.environ.get("METERBOOK_SHARED"):
    FOLDERS.insert(0, Path(shared))
STATEMENTS = next((folder / "data/statements" for folder in FOLDERS if (folder / "data/statements").exists()), None)

SAMPLES = """
    cn-csv/abc_debit.csv cn-csv/cmb_debit.csv cn-csv/icbc_debit_v1.csv cn-csv/bocom_debit.csv cn-xls/ccb_debit.xls
    cn-csv/cgb_credit.csv cn-csv/icbc_credit.csv cn-wallet/alipay_gb18030.csv cn-wallet/wechat.csv
    cn-corp-synthetic/ccb_corp.csv cn-corp-synthetic/cmbc_corp.csv
    cn-corp-synthetic/icbc_corp_historydetail.csv cn-corp-synthetic/software_template_enterprise_view.csv
""".split()

WALLETS = [name for name in SAMPLES if name.startswith("cn-wallet/")]
FOOTERS_UNTOLD = {"cn-csv/icbc_credit.csv"}
"""Files with a footer that disagrees with the rows, of which EXPECTED.json says nothing."""

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
    footer = want.get("footer_totals", {"agrees_with_rows": name not in FOOTERS_UNTOLD})
    assert ("footer" in codes) == (not footer["agrees_with_rows"])
    if order := want.get("row_order"):
        assert order.replace("-", "_") == statement.row_order


@pytest.mark.parametrize("name", WALLETS)
def test_wallets_set_aside_what_moved_nothing(name: str) -> None:
    """Neutral rows and closed payments are counted and never lines; a declared count is checked."""
    assert STATEMENTS is not None
    want, statement = expected(name), read_statement(STATEMENTS / name)[0]
    by_code: dict[str, list[str]] = {}
    for finding in statement.findings:
        by_code.setdefault(finding.code, []).append(finding.message)
    assert format_fen(int(Decimal(want["neutral_total"]) * 100)) in by_code["neutral"][0]
    assert want["transactions"] == statement.lines.height + statement.pending.height
    if neutral := want.get("neutral_transactions"):
        assert by_code["neutral"][0].startswith(f"{neutral} ")
        assert neutral == statement.pending.height
    assert str(want["declared_records"]) in by_code["declared"][0]
    if "交易关闭" in want.get("status_counts", {}):
        # 50.00 was closed unpaid: an entry of the file, not a line of the account
        assert "50.00" in by_code["closed"][0]
        assert number(want["total_out"]) == Decimal(statement.total_out + 50_00) / 100


KEYS = "format dialect encoding account currency transactions opening closing total_in total_out balance_ok findings".split()


def test_every_shared_file_is_probed_with_these_keys() -> None:
    """No file of EXPECTED.json is left out: the keys are those of the contract, a list where there are several statements."""
    assert STATEMENTS is not None
    known = json.loads((STATEMENTS / "EXPECTED.json").read_text(encoding="utf-8"))
    on_disk = {
        str(path.relative_to(STATEMENTS).as_posix())
        for path in STATEMENTS.rglob("*")
        if path.is_file() and path.parent != STATEMENTS
    }
    assert on_disk == set(known)
    probed = 0
    for name, want in known.items():
        if name.startswith("cn-return-synthetic/"):
            continue  # exchange files: tests/importers/returns/test_samples.py
        if "must_fail" in want:
            with pytest.raises(ImportRejected):
                probe(STATEMENTS / name)
            continue
        seen = probe(STATEMENTS / name)
        several = len(want.get("statements", want.get("accounts", "1"))) > 1
        assert isinstance(seen, list) == several, name
        for one in seen if isinstance(seen, list) else [seen]:
            assert KEYS == list(one), name
        probed += 1
    assert probed > 45
