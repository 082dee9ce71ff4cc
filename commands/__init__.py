"""The commands of ``meterbook`` by job, each thin: parse, call, print (cli.py puts them together).

=============  ============================================================
start          a new book, from questions or a file
people         login, operators, passwords, requests, approvals, acceptance
periods        day and month close, signed reports, overrides, tasks
upkeep         operation log, backup and restore, doctor
pack           the month-end pack for the auditor
reading_room   Fava on the book, for whoever may log in
tasks          what is due, and the lead's day on one screen
following      no command: what comes next after each
record         no command: writes every command down in the operation log
=============  ============================================================
"""

from __future__ import annotations

import sys

from ledger.i18n import set_language


def language_of(arguments: list[str]) -> str | None:
    """``--lang en`` anywhere on the line: help texts are made while the commands are imported."""
    for number, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
        if argument == "--lang" and number + 1 < len(arguments):
            return arguments[number + 1]
    return None


set_language(language_of(sys.argv))
