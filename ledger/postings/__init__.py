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
    "back_charge",
    "tm_sale",
    "tm_recognition",
    "cash_receipt",
    "removed_meter_receipt",
    "back_charge_receipt",
    "partial_payment",
    "general_deposit",
    "builder_prepayment",
    "materials",
    "scan_receipt",
    "scan_settlement",
    "cheque_receipt",
    "cheque_lodged",
    "slip_receipt",
    "slip_arrival",
    "slip_expired",
    "transfer_receipt",
    "short_payment",
    "collection_batch",
    "collection_result",
    "debit_batch",
    "debit_slip",
    "debit_list",
    "unidentified",
    "identify",
    "apply_advance",
    "cash_deposit",
    "head_office_transfer",
    "reduction",
    "account_move",
    "invoice_unpaid",
    "cash_difference",
    "interest",
    "bank_charge",
    "head_office_receipt",
    "levy_remittance",
    "refund",
    "returned_payment",
    "bad_debt",
    "provision",
    "recovery",
    "head_office_tax",
    "levy_commission",
)


def _collect() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name in MODULES:
        module = import_module(f"ledger.postings.{name}")
        for rule in getattr(module, "RULES", None) or (module.RULE,):
            found[rule.kind] = rule
    return found


RULES: dict[str, Rule] = _collect()
