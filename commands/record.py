"""Every command leaves its mark: one operation in the log of the book it worked on.

::

    Recorded(group).invoke ─▶ the command ─ on(ledger), by(operator), about("R07"), batch(12) ─▶ done or refused
                                                                     └─────── ledger.operations.record ◀──┘

A command without a book (a template, a probe) has no log to be written to. What cannot be
written down never hides what became of the command, with one exception: personal data
that leaves the book in plain is written down first (``beforehand``), or does not leave.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from commands.following import ending
from ledger import redact
from ledger.errors import MeterbookError
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.journal import Ledger


@dataclass(slots=True)
class Act:
    """What is known of the command that runs."""

    command: str
    arguments: tuple[str, ...]
    ledger: Ledger | None = None
    operator: str = ""
    subjects: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


_act: ContextVar[Act | None] = ContextVar("act", default=None)


class Recorded(TyperGroup):
    """The application's group: runs a command and has it written down."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the line as it was typed."""
        ctx.meta[__name__] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run it; whatever comes of it goes on to whoever called."""
        act = _started(self, ctx.meta[__name__])
        with _recording(act), ending(act.command, act.arguments):
            return super().invoke(ctx)


def _started(group: Any, line: tuple[str, ...]) -> Act:
    """The words that name the command, and the rest of the line."""
    words: list[str] = []
    rest: list[str] = []
    for word in line:
        known = getattr(group, "commands", None) or {}
        if word in known and not (rest and words):
            words.append(word)
            group = known[word]
        else:
            rest.append(word)
    if any(redact.has_secret(word) for word in rest if "://" in word):
        print(_("提醒:命令行里的密码别人看得到,请改用 METERBOOK_DB 或 PGPASSWORD"), file=sys.stderr)  # noqa: T201
    return Act(" ".join(words), tuple(rest))


@contextmanager
def _recording(act: Act) -> Iterator[None]:
    token = _act.set(act)
    try:
        yield
    except MeterbookError as error:
        _write(act, "refused", str(error))
        raise
    except (KeyboardInterrupt, typer.Abort):
        _write(act, "interrupted")
        raise
    except BrokenPipeError:
        _write(act, "done")
        raise
    except BaseException as error:
        code = getattr(error, "exit_code", getattr(error, "code", None))  # typer's ways to end, and sys.exit
        ended = {0: "done", 1: "refused", 2: "usage"}.get(code, "failed") if isinstance(code, int) else "failed"
        _write(act, ended, "" if ended == "done" else f"{type(error).__name__}: {error}")
        raise
    else:
        _write(act, "done")
    finally:
        _act.reset(token)


def _write(act: Act, result: str, message: str = "") -> None:
    if act.ledger is None:
        return
    try:
        _record(act, result, message)
    except Exception as error:  # the outcome of the command comes first
        why = redact.text(str(error)).splitlines()[:1]
        print(_("提醒:操作日志没有写上:{why}").format(why="".join(why)), file=sys.stderr)  # noqa: T201


def _record(act: Act, result: str, message: str) -> None:
    from ledger.operations import Operation, record

    assert act.ledger is not None
    several = act.batches if len(act.batches) > 1 else []
    subjects = [*act.subjects, *(_("批次 {number}").format(number=number) for number in several)]
    done = Operation(
        command=act.command,
        operator=act.operator,
        arguments=act.arguments,
        result=result,
        message=message,
        batch_id=act.batches[0] if len(act.batches) == 1 else None,
        subject="; ".join(subjects),
    )
    record(act.ledger.store, act.ledger.book_id, done)


def on(ledger: Ledger) -> Ledger:
    """The book the command works on."""
    if act := _act.get():
        act.ledger = ledger
    return ledger


def by(operator: str) -> str:
    """Who works."""
    if act := _act.get():
        act.operator = operator
    return operator


def about(subject: str) -> None:
    """What was read or done: a report's code, a customer."""
    if act := _act.get():
        act.subjects.append(subject)


def batch(number: int | None) -> None:
    """A batch that was posted."""
    if (act := _act.get()) and number is not None:
        act.batches.append(number)


def beforehand() -> None:
    """Write down now what is about to leave the book.

    Raises:
        MeterbookError: it could not be written; then nothing leaves.
    """
    if (act := _act.get()) and act.ledger is not None:
        _record(act, "started", "")


def worker() -> str:
    """Who works, as far as it is known."""
    act = _act.get()
    return act.operator if act else ""
