"""Posting rules: one file per money event, its T-account in the docstring.

``RULES`` maps a document kind to its rule. To add an event, write its file and
add its name here; tests name what else is missing.
"""

from __future__ import annotations

from importlib import import_module

from ledger.postings.rule import Rule

MODULES = (
    "master_data",
    "opening",
    "charge",
    "cash_receipt",
    "partial_payment",
    "apply_advance",
    "cash_deposit",
    "head_office_transfer",
)


def _collect() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name in MODULES:
        module = import_module(f"ledger.postings.{name}")
        for rule in getattr(module, "RULES", None) or (module.RULE,):
            found[rule.kind] = rule
    return found


RULES: dict[str, Rule] = _collect()
