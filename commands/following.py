"""What comes next: the last line of every command, for a person at a terminal.

A command that knows better than the table says so itself (:func:`next_step`); every other one that
was done ends with its line of :data:`NEXT`. Scripts and pipes do not see it, nor does ``--json``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ledger.i18n import _

NEXT: Final[dict[str, str]] = {
    # a book, its people
    "init": "meterbook operator add … / meterbook post customers …",
    "demo": "meterbook report R14 --account 工行0101 --month 2023-06 --db …",
    "login": "meterbook today",
    "logout": "meterbook login …",
    "whoami": "meterbook today",
    "password": "meterbook today",
    "operator list": "meterbook operator add …",
    "operator add": "meterbook login …",
    "operator change": "meterbook operator list",
    "operator disable": "meterbook operator list",
    "operator enable": "meterbook operator reset-password …",
    "operator reset-password": "meterbook login …",
    "operator certificate": "meterbook today",
    "operator safe-holder": "meterbook today",
    "server logins": "meterbook doctor",
    # the day
    "template": "meterbook post … --dry-run",
    "post": "meterbook drawer count … / meterbook day check",
    "reverse": "meterbook entry …",
    "today": "meterbook tasks",
    "tasks": "meterbook task done …",
    "task done": "meterbook tasks",
    "drawer open": "meterbook post …",
    "drawer count": "meterbook drawer check",
    "drawer check": "meterbook drawer check --seal",
    "drawer hand-over": "meterbook day close",
    "drawer show": "meterbook drawer check",
    "day check": "meterbook day close",
    "day close": "meterbook report R24",
    "request list": "meterbook request show …",
    "request show": "meterbook approve …",
    "approve": "meterbook request list --waiting",
    "reject": "meterbook request list --waiting",
    "accept": "meterbook month check …",
    "batches": "meterbook accept --all",
    # looking things up
    "balance": "meterbook journal --account …",
    "journal": "meterbook entry …",
    "customer": "meterbook entry …",
    "entry": "meterbook prove … --out …",
    "report": "meterbook report … --format pdf --out …",
    "log": "meterbook log --check",
    # the bank
    "statement import": "meterbook reconcile run --month …",
    "statement probe": "meterbook statement import …",
    "reconcile run": "meterbook reconcile review --account … --month …",
    "reconcile review": "meterbook report R14 --account … --month …",
    "reconcile show": "meterbook reconcile explain …",
    "reconcile explain": "meterbook reconcile match … / meterbook reconcile note …",
    "reconcile match": "meterbook reconcile show --account …",
    "reconcile unmatch": "meterbook reconcile show --account …",
    "reconcile note": "meterbook outstanding",
    "reconcile sides": "meterbook report R12 / meterbook report R20",
    "reconcile dismiss": "meterbook reconcile review --account …",
    "reconcile undismiss": "meterbook reconcile review --account …",
    "reconcile issue": "meterbook sign --month …",
    "outstanding": "meterbook outstanding follow-up …",
    "outstanding follow-up": "meterbook outstanding log",
    "outstanding log": "meterbook report R15",
    "returns import": "meterbook report R20 / meterbook report R19",
    "returns probe": "meterbook returns import …",
    "returns check": "meterbook returns import …",
    "debits send": "meterbook post debit_slip … / meterbook returns import …",
    "debits waiting": "meterbook returns import …",
    "collections send": "meterbook returns import … / meterbook report R19",
    "collections waiting": "meterbook returns import …",
    # the month
    "issue": "meterbook sign --month …",
    "sign": "meterbook issued",
    "issued": "meterbook sign --month …",
    "month check": "meterbook month close …",
    "month close": "meterbook export pack --month …",
    "month reopen": "meterbook approve …",
    "month list": "meterbook month check …",
    "override grant": "meterbook day close / meterbook month close …",
    "override list": "meterbook today",
    "assessment waive": "meterbook report R23",
    "assessment list": "meterbook report R23",
    # out of the book, and its keeping
    "export pack": "python verify_pack.py --key …",
    "export beancount": "bean-check …/main.beancount",
    "export ledger": "ledger -f … balance",
    "fava": "meterbook today",
    "verify": "meterbook checkpoint --out …",
    "prove": "python verify_proof.py …",
    "checkpoint": "meterbook verify --against …",
    "key": "meterbook backup",
    "drill": "meterbook verify",
    "backup": "meterbook restore … --to …",
    "restore": "meterbook doctor",
    "doctor": "meterbook today",
}
"""Command → what usually follows it."""


def _terminal() -> bool:
    return sys.stdout.isatty()


_told: ContextVar[bool] = ContextVar("told", default=False)


def next_step(text: str) -> None:
    """What comes next, as this command knows it."""
    _told.set(True)
    if _terminal():
        print(_("下一步:{text}").format(text=text))  # noqa: T201  printing is its job


@contextmanager
def ending(command: str, arguments: tuple[str, ...]) -> Iterator[None]:
    """A command that is done ends with its next step, once."""
    token = _told.set(False)
    try:
        yield
        if not _told.get() and "--json" not in arguments and command in NEXT:
            next_step(NEXT[command])
    finally:
        _told.reset(token)
