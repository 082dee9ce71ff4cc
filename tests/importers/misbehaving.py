"""Reading functions that do what hostile files make libraries do; run in child processes by test_limits.py."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date

from ledger.errors import ConfigError, Fault, SourceError
from ledger.i18n import current_language


def answer(content: bytes, *args: object) -> Iterator[object]:
    print("a library says something")
    yield content, list(args), date(2024, 3, 1), current_language(), "\ud800"


def spin(content: bytes) -> Iterator[None]:
    yield
    while True:
        pass


def sleep(content: bytes) -> Iterator[None]:
    yield
    time.sleep(600)


def fill(content: bytes) -> Iterator[None]:
    held = [bytearray(2**20) for _ in range(100_000)]
    yield print(len(held))


def abort(content: bytes) -> Iterator[None]:
    yield
    os.abort()


def segfault(content: bytes) -> Iterator[None]:
    yield
    signal.raise_signal(signal.SIGSEGV)


def leave(content: bytes) -> Iterator[None]:
    yield
    os._exit(0)


def recurse(content: bytes) -> Iterator[None]:
    yield from recurse(content)


def raise_(content: bytes) -> Iterator[None]:
    yield
    raise UnboundLocalError("a library's own fault")


def refuse(content: bytes) -> Iterator[None]:
    yield
    raise SourceError([Fault(message="one", row=3, code="a"), Fault(message="two", file="other")])


def refuse_otherwise(content: bytes) -> Iterator[None]:
    yield
    raise ConfigError("x.toml", "key", "why")


def run_something(content: bytes) -> Iterator[object]:
    """What a child that was taken over would send: an object that runs a command where it is unpickled."""

    class Command:
        def __reduce__(self) -> object:
            return subprocess.call, ([sys.executable, "-c", f"open({content.decode()!r}, 'w')"],)

    yield Command()


def count_limits(content: bytes) -> Iterator[object]:
    import resource

    yield [resource.getrlimit(which)[0] for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)]


def modules(content: bytes) -> Iterator[object]:
    """What is loaded once the named module is."""
    importlib.import_module(content.decode())
    yield sorted(sys.modules)


def count_lines(content: bytes) -> Iterator[object]:
    """No misbehaviour of its own: how many lines of a statement are read within the limits."""
    from importers.statements import read_statement

    yield sum(one.lines.height for one in read_statement(content, name="x"))
