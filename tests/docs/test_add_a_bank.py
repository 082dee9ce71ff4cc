"""docs/how-to/add-a-bank.md, followed to the letter with the bank it makes up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from ledger.errors import MeterbookError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-bank.md").read_text(encoding="utf-8")


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


def test_the_odd_file_is_proposed_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows of names, a subtotal, a count in the footer, GB18030; into a book that has the account."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERBOOK_DIALECTS", raising=False)
    monkeypatch.setenv("METERBOOK_DB", "sqlite:///b.db")
    Path("fengze.csv").write_bytes(blocks("csv")[1].encode("gb18030"))
    runner = CliRunner()
    told = json.loads(runner.invoke(app, ["statement", "probe", "--json", "fengze.csv"]).stdout)
    assert (told["file"], told["proposal"].rstrip()) == ("fengze.csv", blocks("toml")[1].rstrip())
    assert "没有认出银行格式" in told["refused"][0]
    Path("dialects").mkdir()
    Path("dialects/fengze.toml").write_text(told["proposal"], encoding="utf-8")
    seen = json.loads(runner.invoke(app, ["statement", "probe", "--json", "fengze.csv"]).stdout)
    assert (seen["account"], seen["opening"], seen["closing"], seen["findings"]) == (
        "80110000123456789",
        "10000.00",
        "11754.84",
        [],
    )
    Path("fengze.csv").write_bytes(blocks("csv")[1].replace("4笔", "5笔").encode("gb18030"))
    wrong = json.loads(runner.invoke(app, ["statement", "probe", "--json", "fengze.csv"]).stdout)
    assert [finding["code"] for finding in wrong["findings"]] == ["declared"]
    Path("fengze.csv").write_bytes(blocks("csv")[1].encode("gb18030"))
    shipped = (ROOT / "ledger" / "book.toml").read_text(encoding="utf-8")
    bank = blocks("text")[1].replace("8800123400560101", "80110000123456789")
    Path("book.toml").write_text(shipped.replace("[[bank]]", bank + "\n[[bank]]", 1), encoding="utf-8")
    assert runner.invoke(app, ["init", "book.toml"]).exit_code == 0
    done = runner.invoke(app, ["statement", "import", "fengze.csv"])
    assert (done.exit_code, "1002.03:2024-03-01 至 2024-03-31,4 行(新 4)" in done.output) == (0, True), done.output
