"""Entries written out as beancount text, from memory: the journal to take away, and one entry to look at.

Fava would look for both in a source file, which there is none of, and leaves batches
(flag ``S``) out of its download. With Fava's filters on, the file holds what they leave; balances are
asserted only where no filter takes lines of their accounts away.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from beancount.core import data
from beancount.parser import printer
from fava.context import g
from fava.json_api import json_success
from flask import request, send_file

from exports.beancount import quoted
from exports.plaintext import one_line

if TYPE_CHECKING:
    from flask import Flask, Response


def write_here(app: Flask) -> None:
    """Answer in the place of Fava's own."""
    app.view_functions["download_journal"] = _download
    app.view_functions["json_api.get_source_slice"] = _entry


def _download() -> Response:
    partly = any(request.args.get(name) for name in ("account", "filter"))
    text = journal_text(g.ledger, g.filtered.entries, partly=partly)
    name = f"{g.beancount_file_slug}.beancount"
    return send_file(BytesIO(text.encode()), as_attachment=True, download_name=name, mimetype="text/plain")


def _entry() -> Response:
    """The entry that somebody clicked on; there is no hash to save it by."""
    entry: Any = g.ledger.get_entry(request.args.get("entry_hash", ""))
    return json_success({"slice": printer.format_entry(entry), "sha256sum": ""})


def journal_text(ledger: Any, entries: Sequence[Any], *, partly: bool = False) -> str:
    """Options, accounts and entries of a loaded book; ``partly``: filtered, so without balances."""
    heads = [entry for entry in ledger.all_entries if isinstance(entry, (data.Open, data.Commodity))]
    kinds = (data.Transaction,) if partly else (data.Transaction, data.Balance)
    title = quoted(one_line(ledger.options["title"]))
    return "\n".join(
        [
            f'option "title" {title}',
            *(f'option "operating_currency" {quoted(currency)}' for currency in ledger.options["operating_currency"]),
            'plugin "beancount.plugins.auto_accounts"',  # a time filter opens with Equity:Opening-Balances
            "",
            *(printer.format_entry(entry) for entry in [*heads, *(e for e in entries if isinstance(e, kinds))]),
        ]
    )
