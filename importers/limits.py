"""A reading function in a child process, within limits of memory and time.

::

    parent: within_limits("module:function", bytes) ──stdin──▶ child: limits itself, reads
            items, or ImportRejected              ◀──stdout── pickled plain values, refusals

A library that reads a hostile file can exhaust the memory, run for ever, or abort the whole
process (``reliability.md`` §4): here it takes a child with it, and the person is told which
limit it was. The child is a fresh interpreter that imports the module of the function and no
more; what it sends back is unpickled as plain values only, never as anything that runs.

Linux: RLIMIT_AS and RLIMIT_CPU. Windows: a job object. macOS keeps no limit of memory, only
those of time. On every system the parent's own clock ends a child that does not.

What cannot abort (a table of text, read in columns) stays in this process, for a million lines
would travel longer than they are read; it keeps the same limits by asking a ``Watch`` between its blocks.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ledger.errors import Fault, ImportRejected, MeterbookError
from ledger.i18n import _, current_language, set_language

START = (
    "import json, sys; task = json.loads(sys.argv[1]); sys.path[:] = task['path'];"
    "from importers.limits import serve; serve(task)"
)
PLAIN = frozenset({"date", "datetime", "time", "timedelta"})
"""What may come back besides None, numbers, text, bytes and containers of them: classes of ``datetime``."""
OUT_OF_MEMORY = (b"memory allocation of", b"capacity overflow", b"MemoryError")
"""What an aborting child says on its last line."""
NO_MEMORY_NT = frozenset({0xC0000017, 0xC000012D, 0xC0000044})
"""Windows: STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, STATUS_QUOTA_EXCEEDED."""
NO_TIME_NT = 1816
"""Windows: a job ends its processes with ERROR_NOT_ENOUGH_QUOTA when their time is over."""

_inside = False


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` of clock and processor; ``memory_mb`` beyond the file itself; ``large_mb``: from this
    size on a text message is read in a child too."""

    seconds: float
    memory_mb: int
    large_mb: float


@cache
def default_limits() -> Limits:
    """``limits.toml``, or what METERBOOK_IMPORT_SECONDS and METERBOOK_IMPORT_MEMORY (MB) say instead."""
    import tomllib

    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    for key, name in (("seconds", "METERBOOK_IMPORT_SECONDS"), ("memory_mb", "METERBOOK_IMPORT_MEMORY")):
        if (said := os.environ.get(name, "")).isdecimal() and int(said):
            data[key] = int(said)
    return Limits(**data)


def is_large(content: bytes) -> bool:
    """Whether a text is long enough to be worth a child process."""
    return len(content) > default_limits().large_mb * 2**20


@contextmanager
def inside() -> Iterator[None]:
    """Read in this very process: it is the child already, or one that keeps limits of its own (the fuzzer)."""
    global _inside
    before, _inside = _inside, True
    try:
        yield
    finally:
        _inside = before


class Watch:
    """The same limits for a reader in this very process that cannot abort: it asks between its steps.

    ::

        watch = Watch(file)
        for block in blocks: …; watch.check()
    """

    def __init__(self, file: str, limits: Limits | None = None) -> None:
        self._file, self._limits = file, limits or default_limits()
        self._began, self._spent, self._held = time.monotonic(), time.process_time(), _held()

    def check(self) -> None:
        """Go on, or not.

        Raises:
            ImportRejected: out of time (code ``time``) or of memory (``memory``, where the system tells it).
        """
        if max(time.monotonic() - self._began, time.process_time() - self._spent) > self._limits.seconds:
            raise _no_time(self._limits, self._file)
        if _held() - self._held > self._limits.memory_mb * 2**20:
            raise _no_memory(self._limits, self._file)


def within_limits(
    function: str, content: bytes, *args: object, file: str, limits: Limits | None = None
) -> Iterator[Any]:
    """The items that ``function(content, *args)`` yields, made in a child process.

    ``function`` is ``module:name``; ``args`` go by JSON; the items are plain values.

    Raises:
        ImportRejected: what the function refuses (``file`` stands in for faults that name
            none); or out of time (code ``time``), of memory (``memory``), or crashed (``crash``).
    """
    limits = limits or default_limits()
    if _inside:
        for kind, value in _reading(function, content, args):
            if kind != "item":
                raise _refused(kind, value, limits, file)
            yield value
        return
    said, code, errors = _run(_task(function, args, limits), content, limits, file)
    source, kind = io.BytesIO(said), "item"
    while kind == "item":
        try:
            kind, value = _Plain(source).load()
        except (EOFError, pickle.UnpicklingError, ValueError, TypeError):
            raise _crashed(code, errors, limits, file) from None
        if kind == "item":
            yield value
    if kind != "done":
        raise _refused(kind, value, limits, file)


def _reading(function: str, content: bytes, args: Iterable[object]) -> Iterator[tuple[str, Any]]:
    """``("item", …)`` for each item, then nothing more; or what went wrong as the last."""
    try:
        for item in _function(function)(content, *args):
            yield "item", item
    except MeterbookError as error:
        yield "refused", [asdict(fault) for fault in error.faults]
    except MemoryError:
        yield "memory", None
    except BaseException as error:  # a panic of a Rust library is no Exception
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, SystemExit)):
            raise
        yield "failed", f"{type(error).__name__}: {error}"


def _task(function: str, args: tuple[object, ...], limits: Limits) -> str:
    path = [place or str(Path.cwd()) for place in sys.path]
    return json.dumps(
        {"path": path, "function": function, "args": args, "limits": asdict(limits), "language": current_language()}
    )


def _run(task: str, content: bytes, limits: Limits, file: str) -> tuple[bytes, int, bytes]:
    """What the child said, its exit code, and its last words."""
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", START, task]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=limits.seconds, check=False)  # noqa: S603 -- our own interpreter and words
    except subprocess.TimeoutExpired:
        raise _no_time(limits, file) from None
    except OSError as error:
        message = _("不能启动读取进程:{why}").format(why=error.strerror or str(error))
        raise _refusal(message, file, "crash") from error
    return done.stdout, done.returncode, done.stderr


def _function(name: str) -> Any:
    module, _colon, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


class _Plain(pickle.Unpickler):
    """Containers, text and numbers; a child that was taken over cannot make the parent run anything."""

    def find_class(self, module: str, name: str) -> Any:
        """The classes of ``datetime``."""
        if module == "datetime" and name in PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(name)


# ---- what went wrong, in words ----


def _refused(kind: str, value: Any, limits: Limits, file: str) -> ImportRejected:
    if kind == "refused":
        return ImportRejected(Fault(**{**fault, "file": fault["file"] or file}) for fault in value)
    if kind == "memory":
        return _no_memory(limits, file)
    return _refusal(_("读取程序出错({why});文件可能已损坏").format(why=str(value)[:200]), file, "crash")


def _refusal(message: str, file: str, code: str) -> ImportRejected:
    return ImportRejected(Fault(file=file, message=message, code=code))


def _no_time(limits: Limits, file: str) -> ImportRejected:
    message = _("读取超过 {n:g} 秒,已停止;确是正常文件时可调高 METERBOOK_IMPORT_SECONDS")
    return _refusal(message.format(n=limits.seconds), file, "time")


def _no_memory(limits: Limits, file: str) -> ImportRejected:
    message = _("读取所需内存超过 {n} MB,已停止;确是正常文件时可调高 METERBOOK_IMPORT_MEMORY(MB)")
    return _refusal(message.format(n=limits.memory_mb), file, "memory")


def _crashed(code: int, errors: bytes, limits: Limits, file: str) -> ImportRejected:
    """A child that ended in the middle of its sentence: by which limit, or by which signal."""
    if code == -getattr(signal, "SIGXCPU", 0) or code == NO_TIME_NT:
        return _no_time(limits, file)
    if any(words in errors for words in OUT_OF_MEMORY) or code % 2**32 in NO_MEMORY_NT:
        return _no_memory(limits, file)
    if code == -getattr(signal, "SIGKILL", 0):  # the system kills who takes its memory
        return _no_memory(limits, file)
    why = f"0x{code % 2**32:08X}" if code >= 0 else f"{-code}"
    with suppress(ValueError):
        why = signal.Signals(-code).name
    return _refusal(_("读取程序崩溃({why});文件已损坏,或是恶意文件").format(why=why), file, "crash")


# ---- the child ----


def serve(task: dict[str, Any]) -> None:
    """The child's life: import, take the bytes, accept the limits, read, say what was read."""
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    set_language(task["language"])
    _function(task["function"])  # what it imports is not counted against it
    content = sys.stdin.buffer.read()
    limits = Limits(**task["limits"])
    _accept(limits)
    gc.disable()  # what is read is kept until the process ends; the collector would only walk it again and again
    with inside():
        for told in _reading(task["function"], content, task["args"]):
            pickle.dump(told, said, protocol=5)
            if told[0] != "item":
                break
        else:
            pickle.dump(("done", None), said, protocol=5)
    said.close()
    os._exit(0)  # what is left to tidy up dies with the process


def _accept(limits: Limits) -> None:
    """Limit this process: what it holds now is not counted."""
    memory = limits.memory_mb * 2**20
    if sys.platform == "win32":
        from importers.job_object import limit_this_process

        limit_this_process(memory, limits.seconds)
        return
    import resource

    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, max(1, round(limits.seconds))),
        (resource.RLIMIT_AS, _mapped() + memory),
    ):
        hard = resource.getrlimit(which)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # a system that keeps no such limit
            resource.setrlimit(which, (wanted, hard))


def _mapped() -> int:
    """Bytes of address space this process has, as Linux says; else nothing is known."""
    return _pages(0)


def _held() -> int:
    """Bytes of memory this process holds, likewise."""
    return _pages(1)


def _pages(place: int) -> int:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[place]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
