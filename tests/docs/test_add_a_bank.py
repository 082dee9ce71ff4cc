"""docs/how-to/add-a-bank.md, followed to the letter with the bank it makes up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from ledger.errors import MeterbookError

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-bank.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERBOOK_DIALECTS", raising=False)
    monkeypatch.delenv("METERBOOK_DB", raising=False)
    Path("shanghe.csv").write_text(blocks("csv")[0], encoding="utf-8")
    runner = CliRunner()
    refused = runner.invoke(app, ["statement", "probe", "shanghe.csv"])
    assert isinstance(refused.exception, MeterbookError)
    proposal = blocks("toml")[0]
    assert proposal == refused.stdout
    added = proposal.replace("[amount]", 'party = ["往来户名"]\n\n[amount]', 1).replace("\n\nparty", "\nparty", 1)
    Path("dialects").mkdir()
    Path("dialects/shanghe.toml").write_text(added, encoding="utf-8")
    read = runner.invoke(app, ["statement", "probe", "shanghe.csv"])
    assert read.exit_code == 0, read.output
    assert blocks("text")[0] == read.stdout
