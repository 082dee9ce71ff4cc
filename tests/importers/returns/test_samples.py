"""Every synthetic exchange file of the shared data gives the figures of EXPECTED.json.

They are read where they lie; absent, the test says so.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from importers.returns import read_return
from ledger.money import decimal_text

FOLDERS = [Path(__file__).parents[4] / "shared", Path(__file__).parents[3] / "shared"]
if shared := os.environ.get("METERBOOK_SHARED"):
    FOLDERS.insert(0, Path(shared))
STATEMENTS = next((folder / "data/statements" for folder in FOLDERS if (folder / "data/statements").exists()), None)

LAYOUTS = {
    "BR01046_success.txt": "printed_success",
    "BR11046_fail.txt": "printed_failure",
    "heat_REC01.20260903": "rec_success",
    "paycheck_654321_20260903.txt": "channel_check",
    "return_all_with_status.txt": "pipe_status",
    "send_8602_pipe.txt": "pipe_send",
}

pytestmark = pytest.mark.skipif(
    STATEMENTS is None, reason="shared/data/statements is not here: return files NOT TESTED"
)


def expected() -> dict[str, dict[str, Any]]:
    assert STATEMENTS is not None
    figures = json.loads((STATEMENTS / "EXPECTED.json").read_text(encoding="utf-8"))
    head = "cn-return-synthetic/"
    return {name.removeprefix(head): value for name, value in figures.items() if name.startswith(head)}


def test_every_file_is_known() -> None:
    assert sorted(expected()) == sorted(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_figures(name: str) -> None:
    """Records, amount, successes and failures; the file's own controls hold."""
    assert STATEMENTS is not None
    path = STATEMENTS / "cn-return-synthetic" / name
    want = expected()[name]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == want["sha256"]
    seen = read_return(path)
    told = seen.figures()
    assert seen.layout.name == LAYOUTS[name]
    assert seen.errors == ()
    assert (told["count"], decimal_text(told["amount"])) == (want["records"], want["amount"])
    for ours, theirs in (("success_count", "success"), ("fail_count", "fail")):
        if theirs in want:
            assert told[ours] == want[theirs]
    for ours, theirs in (("success_amount", "success_amount"), ("fail_amount", "fail_amount")):
        if theirs in want:
            assert decimal_text(told[ours]) == want[theirs]


def test_the_name_of_a_file_does_not_count() -> None:
    assert STATEMENTS is not None
    for name, layout in LAYOUTS.items():
        content = (STATEMENTS / "cn-return-synthetic" / name).read_bytes()
        assert read_return(content, name="x.dat").layout.name == layout
