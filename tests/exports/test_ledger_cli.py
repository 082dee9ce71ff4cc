"""ledger-cli as an independent reader: the same balances, nothing in the data read as syntax."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from exports import ledger_cli
from ledger import views
from tests.exports import june
from tests.exports.test_beancount import CHART, NASTY, frame

if TYPE_CHECKING:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.storage import Store

LEDGER = shutil.which("ledger")


@pytest.fixture
def ledger() -> str:
    if LEDGER is None:
        warnings.warn("ledger-cli NOT TESTED: the program `ledger` is not installed", stacklevel=1)
        pytest.skip("ledger-cli NOT TESTED: `ledger` is not installed")
    return LEDGER


def run(program: str, main: Path, *words: str) -> str:
    done = subprocess.run(
        [program, "--init-file", "/dev/null", "-f", str(main), *words], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def balances(program: str, main: Path) -> dict[str, int]:
    table = run(
        program,
        main,
        "--pedantic",
        "balance",
        "--flat",
        "--no-total",
        "--balance-format",
        "%(account)\t%(quantity(total))\n",
    )
    rows = (line.split("\t") for line in table.splitlines() if line)
    return {account: round(float(number) * 100) for account, number in rows if float(number)}


def test_ledger_agrees_with_the_database(
    july_store: Store, book: Book, chart: Chart, tmp_path: Path, ledger: str
) -> None:
    """Every account, June and July."""
    day = dt.date(2023, 7, 4)
    with july_store.reading() as session:
        main = ledger_cli.export(session, book, chart, tmp_path)
        closing = views.trial_balance(session, june.BOOK_ID, day, day).filter(pl.col("closing") != 0)
    expected = {chart.beancount(row["account"]): row["closing"] for row in closing.iter_rows(named=True)}
    assert balances(ledger, main) == expected


@pytest.mark.parametrize(
    "text", [*NASTY, "[2020/01/01]", "[=2020-01-01]", "key:: 1 + 1", "a  b", "(x)", "* !", "= y", "@ 5 USD", "{5 CNY}"]
)
def test_text_is_never_syntax(text: str, tmp_path: Path, ledger: str) -> None:
    """Whatever a memo or a number says, the entry has its two lines, its date and its amounts."""
    parts = [
        f"commodity CNY\n    format 1,000.00 CNY\n{''.join(f'account {CHART.beancount(code)}' + chr(10) for code in CHART.codes)}"
    ]
    main = tmp_path / "main.ledger"
    main.write_text("\n".join([*parts, ledger_cli.transactions(frame(text, text), CHART, "CNY")]), encoding="utf-8")
    assert run(ledger, main, "register", "--format", "%(date)|%(account)|%(amount)\n").splitlines() == [
        "2023/06/09|Assets:1001-Cash:B01:C01|1.00 CNY",
        "2023/06/09|Assets:1122-AR:Resident|-1.00 CNY",
    ]
