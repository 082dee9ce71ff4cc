"""Every command is explained by an example, says what comes next, and is completed by the shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from babel.messages.pofile import read_po

import cli
from commands import following
from tests.docs.test_tutorial import run

ROOT = Path(__file__).parents[2]
PO = ROOT / "ledger" / "locale" / "en" / "LC_MESSAGES" / "meterbook.po"


def commands(command: Any = None, name: str = "") -> Iterator[tuple[str, Any]]:
    """``(name, command)`` of every command of the application."""
    command = command or typer.main.get_command(cli.app)
    below = getattr(command, "commands", {})
    if name and (not below or command.invoke_without_command):
        yield name, command
    for word, one in below.items():
        yield from commands(one, f"{name} {word}".strip())


ALL = dict(commands())


@cache
def translations() -> dict[Any, str]:
    with PO.open(encoding="utf-8") as file:
        return {entry.id: str(entry.string) for entry in read_po(file, locale="en")}


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_an_example_of_itself(name: str) -> None:
    """In both languages, and with arguments that the command knows."""
    help_ = ALL[name].help
    english = translations()
    source = next((text for text in (help_, *english) if text in english and help_ in (text, english[text])), None)
    assert source is not None, help_
    for text, word in ((source, "例:"), (english[source], "(?:Example:|[Ee][.]g[.]) ")):
        example = re.split(word, text, maxsplit=1)[-1].rstrip(")")
        assert example.startswith(f"meterbook {name}"), text
        options = {option for parameter in ALL[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {part for part in example.split() if part.startswith("--")} <= options, text


def test_every_command_says_what_comes_next() -> None:
    """The table has each command once, and no other; what it names is a command."""
    assert set(ALL) == set(following.NEXT)
    for text in following.NEXT.values():
        for part in text.split(" / "):
            words = part.split()
            if words[0] == "meterbook":
                assert any(" ".join(words[1:n]) in ALL for n in (2, 3)), part


def test_the_next_step_is_the_last_line_at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; not in a pipe, not beside JSON, not after a refusal."""
    db = f"sqlite:///{tmp_path / 'book.db'}"
    monkeypatch.setenv("METERBOOK_DB", db)
    assert "下一步" not in run("meterbook init --yes")[1]
    monkeypatch.setattr(following, "_terminal", lambda: True)
    assert run("meterbook whoami")[1].splitlines()[-1] == "下一步:meterbook today"
    assert (
        run("meterbook day check --date 2023-06-09")[1].splitlines()[-1]
        == "下一步:meterbook day close --date 2023-06-09"
    )
    assert run("meterbook day check --date 2023-06-09")[1].count("下一步") == 1
    assert "下一步" not in run("meterbook whoami --json")[1]
    assert "下一步" not in run("meterbook entry nothing")[1]


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o default -F"), ("zsh", "#compdef"), ("fish", "complete")]
)
def test_the_shell_completes(shell: str, word: str) -> None:
    """``--show-completion`` prints the script of the shell, which asks the program for the words."""
    program = [sys.executable, "-c", "import sys; sys.argv[0] = 'meterbook'; import cli; cli.main()"]
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is named, not the one that runs the tests
    environment = {**os.environ, "METERBOOK_LANG": "zh_CN", **named}
    done = subprocess.run(
        [*program, "--show-completion", shell], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, word in done.stdout) == (0, True), done.stderr
    if shell == "bash":
        asked = {"_METERBOOK_COMPLETE": "complete_bash", "COMP_WORDS": "meterbook drawer ", "COMP_CWORD": "2"}
        words = subprocess.run(program, cwd=ROOT, env=environment | asked, capture_output=True, text=True, check=False)
        assert words.stdout.split() == ["open", "count", "check", "hand-over", "show"]
