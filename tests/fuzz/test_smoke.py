"""The oracle of ``scripts/fuzz`` over the seeds and a few hundred mutants of each format, the same every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
MUTANTS = {"tables": 60, "proposals": 20, "xlsx": 40, "documents": 80, "charges": 80, "documents_xlsx": 120}
OTHERWISE = 300


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if not target.foreign])
def test_the_oracle_holds(name: str) -> None:
    target, random = TARGETS[name], Random(f"smoke {name}")
    seeds = target.seeds()
    assert sum(target.check(seed) for seed in seeds) * 2 > len(seeds)
    for _ in range(MUTANTS.get(name, OTHERWISE)):
        target.check(target.change(random.choice(seeds), random, seeds)[: target.size])


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.foreign])
def test_what_a_foreign_library_reads(name: str, tmp_path: Path) -> None:
    """By the campaign itself, whose workers may die of a mutant: that alone is no fault."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--runs", "40", "--seconds", "60", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert {} == json.loads(done.stdout)["findings"]


@pytest.mark.parametrize("guided", [True, False])
def test_a_campaign_keeps_what_it_finds(guided: bool, tmp_path: Path) -> None:
    """And goes on: here the oracle itself is broken."""
    script = (
        "from importers.returns import read; read.figures = lambda rows: {'success_amount': -1, 'fail_amount': 0};"
        "import sys; from tests.fuzz.__main__ import main; main()"
    )
    flags = ["returns", "--runs", "200", "--out", str(tmp_path), *([] if guided else ["--blind"])]
    command = [sys.executable, "-c", script, *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    told = json.loads(done.stdout)
    assert (1, 200, True) == (done.returncode, told["runs"], sum(told["findings"].values()) > 1)
    assert len(told["findings"]) == len(list((tmp_path / "returns").glob("*.bin")))
