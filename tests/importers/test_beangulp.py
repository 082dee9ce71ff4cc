"""The statement readers as beangulp importers, driven as beancount users drive them."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

beangulp = pytest.importorskip("beangulp", reason="beangulp is not installed: importers/beangulp.py NOT TESTED")
from beancount.core import data  # noqa: E402
from beancount.parser import printer  # noqa: E402
from click.testing import CliRunner  # noqa: E402

from importers.beangulp import StatementImporter  # noqa: E402
from ledger.errors import ImportRejected  # noqa: E402

SAMPLES = Path(__file__).parent / "statements" / "dialects"
PSBC = str(SAMPLES / "psbc_enterprise/sample.csv")
ALIPAY = str(SAMPLES / "alipay/sample.csv")
BANK = "Assets:Bank:PSBC"


def bank() -> StatementImporter:
    return StatementImporter(BANK, number="951000010000000166", contra={"手续费": "Expenses:Fees"})


def test_a_file_belongs_to_the_account_it_names() -> None:
    assert bank().identify(PSBC)
    assert not StatementImporter(BANK, number="951000010000000167").identify(PSBC)
    assert not bank().identify(ALIPAY)
    assert not bank().identify(__file__)
    assert StatementImporter("Assets:Alipay", dialect="alipay").identify(ALIPAY)
    assert not StatementImporter("Assets:Alipay", dialect="wechat").identify(ALIPAY)
    with pytest.raises(ValueError, match="number or dialect"):
        StatementImporter(BANK)


def test_where_a_file_is_kept() -> None:
    importer = bank()
    assert (BANK, dt.date(2024, 3, 31), "psbc_enterprise-0166.csv") == (
        importer.account(PSBC), importer.date(PSBC), importer.filename(PSBC),
    )  # fmt: skip


def test_lines_become_transactions_and_the_closing_an_assertion() -> None:
    entries = bank().extract(PSBC, [])
    transactions = [entry for entry in entries if isinstance(entry, data.Transaction)]
    assert [Decimal("1250.00"), Decimal("-600.00"), Decimal("-5.50"), Decimal("320.40")] == [
        entry.postings[0].units.number for entry in transactions
    ]
    fee = transactions[2]
    assert [(BANK, "CNY"), ("Expenses:Fees", "CNY")] == [(one.account, one.units.currency) for one in fee.postings]
    balance = entries[-1]
    assert (data.Balance, dt.date(2024, 4, 1), Decimal("50964.90")) == (
        type(balance), balance.date, balance.amount.number,
    )  # fmt: skip
    assert "测试甲" in printer.format_entry(transactions[0])


def test_what_moved_nothing_is_no_transaction() -> None:
    entries = StatementImporter("Assets:Alipay", dialect="alipay").extract(ALIPAY, [])
    assert 3 == len(entries)


def test_only_the_same_line_is_a_duplicate() -> None:
    """Known lines are marked by identity; an equal amount on the same day is not enough."""
    importer, held = bank(), bank().extract(PSBC, [])
    again = importer.extract(PSBC, held)
    stranger = held[0]._replace(meta={**held[0].meta, "bank_line": "#|other"})
    importer.deduplicate(again, [stranger, *held[1:]])
    marked = ["__duplicate__" in entry.meta for entry in again if isinstance(entry, data.Transaction)]
    assert [False, True, True, True] == marked


def test_figures_that_do_not_tie_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(Path(PSBC).read_bytes().replace(b"605.50", b"605.51"))
    assert bank().identify(str(path))
    with pytest.raises(ImportRejected, match=r"605\.51"):
        bank().extract(str(path), [])
    assert StatementImporter(BANK, number="951000010000000166", accept_differences=True).extract(str(path), [])


def test_beangulp_runs_it(tmp_path: Path) -> None:
    """Its own command line: identify and extract over a folder of downloads."""
    shutil.copy(PSBC, tmp_path / "march.csv")
    ingest = beangulp.Ingest([bank(), StatementImporter("Assets:Alipay", dialect="alipay")])
    identified = CliRunner().invoke(ingest.cli, ["identify", str(tmp_path)])
    assert identified.exit_code == 0, identified.output
    assert f"meterbook.{BANK}" in identified.output
    extracted = CliRunner().invoke(ingest.cli, ["extract", str(tmp_path)])
    assert extracted.exit_code == 0, extracted.output
    assert "2024-04-01 balance Assets:Bank:PSBC" in extracted.output
