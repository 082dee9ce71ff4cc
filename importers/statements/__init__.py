"""Bank statements (银行对账单): a file in, checked lines out; nothing is repaired.

::

    bytes ──grid──▶ rows of text ──recognise──▶ dialect ──columns──▶ lines ──balance──▶ direction,
    (decode, sheet)                (by header)  (TOML data)          (fen, dates)       order, controls
                                                                         │
                         ledger.storage.bank ◀──store── identity ◀───────┤
                                                                         │
    bytes ──formats──▶ drafts (MT940, CAMT, OFX, QIF, BAI2) ──finish─────┘

A bank is data: ``dialects/<bank>.toml``. The dialect is chosen by what stands
in the file, never by its name; two that fit, or none, is a refusal that lists
what was seen. Readers know no database; ``store.py`` takes a statement into the
book. Design: ``reconciliation.md`` §7.
"""

from __future__ import annotations

from importers.statements.dialect import Dialect, load_dialects, user_folder
from importers.statements.identity import with_identity
from importers.statements.probe import probe
from importers.statements.read import read_statement
from importers.statements.statement import LINES, Finding, Statement

__all__ = [
    "LINES",
    "Dialect",
    "Finding",
    "Statement",
    "load_dialects",
    "probe",
    "read_statement",
    "user_folder",
    "with_identity",
]
