"""Exchange files with the banks: 送盘 out, 回盘 in (direct debit).

::

    debits due ──send──▶ debit_batch recorded, file for the bank
    file ──read──▶ rows with outcomes ──meet──▶ rows sent ──store──▶ debit_list ──▶ ledger.journal.post

A bank's file is data: ``layouts/<name>.toml``, found by content. Design: ``reconciliation.md`` §5.
"""

from __future__ import annotations

from importers.returns.kinds import as_documents
from importers.returns.layout import Layout, load_layouts, parse_layout
from importers.returns.outcomes import OUTCOMES
from importers.returns.read import ROWS, ReturnFile, read_return
from importers.returns.send import Sent, send_debits, waiting
from importers.returns.store import Imported, import_returns

__all__ = [
    "OUTCOMES",
    "ROWS",
    "Imported",
    "Layout",
    "ReturnFile",
    "Sent",
    "as_documents",
    "import_returns",
    "load_layouts",
    "parse_layout",
    "read_return",
    "send_debits",
    "waiting",
]
