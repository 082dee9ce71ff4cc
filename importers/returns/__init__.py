"""Exchange files with banks and channels: 送盘 out, 回盘 and 清算 in.

::

    bills due ──send──▶ debit_batch | collection_batch recorded, file for the bank
    file ──read──▶ rows with outcomes ──answer, meet──▶ rows sent ──debit | collect──▶ debit_list | collection_result
    file ──read──▶ orders, fees ──settle──▶ our receipts in transit ──▶ scan_settlement
                                                             ──▶ ledger.journal.post

A bank's file is data: ``layouts/<name>.toml``, found by content. Design: ``reconciliation.md`` §5.
"""

from __future__ import annotations

from importers.returns.collect import Collected, waiting_collections
from importers.returns.debit import Imported
from importers.returns.kinds import as_documents
from importers.returns.layout import Layout, load_layouts, parse_layout
from importers.returns.outcomes import OUTCOMES
from importers.returns.read import ReturnFile, read_return
from importers.returns.rows import ROWS
from importers.returns.send import Sent, send_collections, send_debits, waiting
from importers.returns.settle import Compared, Settled, compare, import_settlement
from importers.returns.store import import_returns

__all__ = [
    "OUTCOMES",
    "ROWS",
    "Collected",
    "Compared",
    "Imported",
    "Layout",
    "ReturnFile",
    "Sent",
    "Settled",
    "as_documents",
    "compare",
    "import_returns",
    "import_settlement",
    "load_layouts",
    "parse_layout",
    "read_return",
    "send_collections",
    "send_debits",
    "waiting",
    "waiting_collections",
]
