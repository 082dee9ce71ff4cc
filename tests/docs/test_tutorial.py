"""The commands of the tutorial do what the text says, in its order, on both databases; both languages tell the same."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from ledger.errors import MeterbookError
from ledger.i18n import set_language
from tests.conftest import database_url, new_database

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
CHINESE = ROOT / "docs" / "tutorial.zh.md"

SAYS = {
    "meterbook customer R2": ["120.80"],
    "meterbook customer R7": ["8.60", "-A1"],
    "meterbook report R24 --date 2023-06-30": ["6,805.61", "3,023.75"],
    "meterbook report R25 --month 2023-06": ["108,694.75", "286,219.74"],
    "meterbook report R14 --account 工行0101 --month 2023-06": ["2,972.80", "5,206.75", "5,326.75", "91"],
    "meterbook report R14 --account 工行0101 --month 2023-07": ["5,326.75", "200.00"],
    "meterbook report R26 --date 2023-07-04": ["113.50"],
}
"""What a person must find in the output of a command."""


def commands(text: str) -> list[str]:
    """Every ``$ meterbook …`` line of the console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run(command: str) -> tuple[int, str]:
    """Exit code and output of one command line, in this process."""
    program, *arguments = shlex.split(command)
    assert program == "meterbook"
    set_language("zh_CN")
    done = CliRunner().invoke(cli.app, arguments, terminal_width=200)
    if isinstance(done.exception, MeterbookError):
        return 1, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_command_of_the_tutorial_works(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Exit code 0 each, and the figures that the text names are in the output."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    if dialect == "sqlite":
        monkeypatch.setenv("METERBOOK_DB", "sqlite:///meterbook.db")
    else:
        admin = request.getfixturevalue("postgres_url")
        monkeypatch.setenv("METERBOOK_DB", database_url(admin, new_database(admin)))
    found = commands(TUTORIAL.read_text(encoding="utf-8"))
    assert len(found) > 80
    for command in found:
        code, output = run(command)
        assert code == 0, f"{command}\n{output}"
        for words in SAYS.get(command, []):
            assert words in output, f"{command}: {words} not in\n{output}"
    assert set(SAYS) <= set(found)


def test_both_languages_tell_the_same() -> None:
    """The same commands in the same order, so that the one run proves both; the same figures in each chapter."""
    texts = [page.read_text(encoding="utf-8") for page in (TUTORIAL, CHINESE)]
    assert commands(texts[0]) == commands(texts[1])
    english, chinese = (re.split(r"^## ", text, flags=re.MULTILINE)[1:] for text in texts)
    assert len(english) == len(chinese)
    for one, other in zip(english, chinese, strict=True):
        assert set(re.findall(r"\d[\d,]*\.\d\d", one)) == set(re.findall(r"\d[\d,]*\.\d\d", other)), one[:40]
