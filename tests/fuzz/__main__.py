"""One campaign: ``python -m tests.fuzz FORMAT [--runs N] [--seconds S] [--seed N] [--out DIR] [--blind]``.

Coverage-guided by atheris where it is installed and the reader is ours; else mutants of the seeds and of what was read.
Findings do not stop it: each is kept once, by the place that raised it, under ``DIR/FORMAT/``. The last line is the
record as JSON; the exit code is 1 where anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import mmap
import os
import struct
import sys
import time
import traceback
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any

os.environ["RUST_BACKTRACE"] = "0"  # a library that panics on every tenth file would spend its time telling where

try:
    import atheris
except ImportError:
    atheris = None
with atheris.instrument_imports(include=["importers"]) if atheris else nullcontext():
    from tests.fuzz import oracle
    from tests.fuzz.targets import TARGETS, Target

SLOW, SLOW_FOREIGN = 2.0, 20.0
"""Seconds of processor a tiny file may take; a library may fill the memory first."""
MEMORY_MB = 3072
"""Address space of the process: a finding must not be the end of the machine."""
FRESH = 0.15
"""How many mutants descend from a seed at once: the corpus fills with what is refused."""
HEAD = struct.Struct("=7d")


class Board:
    """What a process that dies must leave behind: counts, and the file it died of."""

    def __init__(self, size: int) -> None:
        self._map = mmap.mmap(-1, HEAD.size + size)
        self.runs = self.read = self.back = self.slowest = self.aborts = self.spent = 0.0

    def write(self, content: bytes) -> None:
        counts = (self.runs, self.read, self.back, self.slowest, self.aborts, self.spent)
        self._map[: HEAD.size] = HEAD.pack(*counts, len(content))
        self._map[HEAD.size : HEAD.size + len(content)] = content

    def load(self) -> bytes:
        """The counts of the process that died, and its last file."""
        *counts, size = HEAD.unpack(self._map[: HEAD.size])
        self.runs, self.read, self.back, self.slowest, self.aborts, self.spent = counts
        return self._map[HEAD.size : HEAD.size + int(size)]


class Campaign:
    """Runs the oracle, counts, and keeps what was found."""

    def __init__(self, target: Target, options: argparse.Namespace) -> None:
        self.target, self.options = target, options
        self.folder = Path(options.out) / target.name
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.glob("*.bin"), *self.folder.glob("*.txt")):
            old.unlink()
        self.log = self.folder / "findings.log"
        self.log.write_text("", encoding="utf-8")
        self.board, self.began = Board(max(target.size, *map(len, target.seeds()))), time.monotonic()

    def one(self, content: bytes) -> bool:
        """Run the oracle once, say whether the file was read; the end when enough was run."""
        board, began, read = self.board, time.process_time(), False
        board.runs += 1
        board.write(content)
        try:
            read = self.target.check(content)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of a library is no Exception
            self._keep(content, error)
        took = time.process_time() - began
        if took > max(SLOW_FOREIGN if self.target.foreign else SLOW, board.slowest):
            self._keep(content, TimeoutError(f"{took:.0f} s"))
        board.slowest, board.back = max(board.slowest, took), oracle.written_back
        board.spent += took
        board.read += read
        if board.runs % 20_000 == 0:
            print(json.dumps(self.record(), ensure_ascii=False), file=sys.stderr, flush=True)
        if self.over():
            self.end()
        return read

    def over(self) -> bool:
        return self.board.runs >= self.options.runs or time.monotonic() - self.began > self.options.seconds

    def _keep(self, content: bytes, error: BaseException) -> None:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "/importers/" in frame.filename.replace("\\", "/")
        ]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        what = str(error).partition(":")[0][:60] if isinstance(error, (AssertionError, TimeoutError)) else ""
        self._note(
            f"{type(error).__name__} {where} {what}".strip(), content, "".join(traceback.format_exception(error))
        )

    def _note(self, place: str, content: bytes, told: str) -> None:
        known = place in self.found()
        with self.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(place.replace("\n", " ") + "\n")
        if not known:
            kept = self.folder / hashlib.sha256(place.encode(errors="replace")).hexdigest()[:12]
            kept.with_suffix(".bin").write_bytes(content)
            kept.with_suffix(".txt").write_text(f"{place}\n{told}", encoding="utf-8", errors="replace")

    def found(self) -> Counter[str]:
        return Counter(self.log.read_text(encoding="utf-8").splitlines())

    def died(self, signal: int) -> None:
        """A worker aborted within a library: what a child process is for. The first few files are kept."""
        content = self.board.load()
        self.board.aborts += 1
        if self.board.aborts <= 5:
            (self.folder / f"abort-{signal}-{self.board.aborts:.0f}.bin").write_bytes(content)

    def record(self) -> dict[str, Any]:
        seconds, found, board = time.monotonic() - self.began, self.found(), self.board
        counts = {name: int(getattr(board, name)) for name in ("runs", "read", "back", "aborts")}
        return {
            "format": self.target.name, "seed": self.options.seed, "guided": not self.options.blind, **counts,
            "findings": found, "seconds": round(seconds), "per_second": round(board.runs / seconds),
            "processor": round(board.spent),
            "slowest": round(board.slowest, 2), "memory_mb": _memory_mb(),
        }  # fmt: skip

    def end(self) -> None:
        """Say the record and leave: libFuzzer has no other way out."""
        print(json.dumps(self.record(), ensure_ascii=False), flush=True)
        sys.stderr.flush()
        os._exit(1 if self.found() else 0)


def _memory_mb() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def limit_memory() -> None:
    """The address space of this process; no core is dumped."""
    if sys.platform == "win32":
        return
    import resource

    for which, value in ((resource.RLIMIT_AS, MEMORY_MB << 20), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def blind(campaign: Campaign, random: Random) -> None:
    """Seeds, then mutants of seeds and of what was read before."""
    seeds = list(campaign.target.seeds())
    if not campaign.board.runs:
        for seed in seeds:
            campaign.one(seed)
    pool = list(seeds)
    while True:
        content = campaign.target.change(random.choice(pool), random, seeds)[: campaign.target.size]
        if campaign.one(content) and random.random() < 0.02:
            pool = [*pool, content] if len(pool) < len(seeds) + 500 else [*seeds, *pool[len(seeds) + 1 :], content]


def in_workers(campaign: Campaign) -> None:
    """Blindly, in a process that may die of what it reads; the next one goes on."""
    while True:
        worker = os.fork()
        if not worker:
            blind(campaign, Random(f"{campaign.options.seed} {campaign.board.aborts}"))
        _pid, status = os.waitpid(worker, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        campaign.died(os.WTERMSIG(status))


def guided(campaign: Campaign) -> None:
    """LibFuzzer chooses by coverage; half of the mutants are its own, half know the format."""
    seeds, change = list(campaign.target.seeds()), campaign.target.change
    corpus = campaign.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)

    def mutant(content: bytes, size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < FRESH:
            content = random.choice(seeds)
        if campaign.target.packed:
            own = (lambda data, _random: bytes(atheris.Mutate(data, len(data) + 64))) if random.random() < 0.4 else None
            return change(content, random, seeds, own)[:size]
        return bytes(atheris.Mutate(content, size)) if random.random() < 0.5 else change(content, random, seeds)[:size]

    def run(content: bytes) -> None:
        campaign.one(content)

    flags = [
        "-timeout=3600",
        "-rss_limit_mb=0",
        f"-max_len={campaign.target.size}",
        f"-seed={campaign.options.seed}",
        "-verbosity=0",
        f"-artifact_prefix={campaign.folder}/",  # slow units of its own; findings are ours to keep
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], run, custom_mutator=mutant)
    atheris.Fuzz()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("format", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="out/fuzz")
    parser.add_argument("--blind", action="store_true", help="without coverage guidance")
    options = parser.parse_args()
    target = TARGETS[options.format]
    options.blind = options.blind or target.foreign or atheris is None
    limit_memory()
    campaign = Campaign(target, options)
    if not options.blind:
        guided(campaign)
    elif target.foreign and hasattr(os, "fork"):
        in_workers(campaign)
    else:
        blind(campaign, Random(options.seed))


if __name__ == "__main__":
    main()
