"""Roles (岗位) and what each may do: one table, read by the ledger before anything is written.

A role is what a person may do in Meterbook; the person's post in the company (职务:
抄收管理处处长, 经营公司负责人 …) stands beside it, because domain §4 names who may let
a control pass by the post. A kind of document is entered by the roles of
:data:`ENTER` (domain §3 "Enter → check → post"), every other act is in :data:`ACTS`.
An administrator keeps no accounts, an auditor reads and exports, a cashier never
accepts. Sources: domain §1.1, §3, audit §5.3, 会计基础工作规范 §12.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from ledger.i18n import _, current_language

Role = Literal["cashier", "billing_clerk", "lead", "accountant", "reviewer", "finance_head", "auditor", "administrator"]
ROLES: Final[tuple[str, ...]] = get_args(Role)

_NAMES: Final = {
    "cashier": ("收费员", "cashier"),
    "billing_clerk": ("制票员", "billing clerk"),
    "lead": ("收费班长", "collection lead"),
    "accountant": ("明细账会计", "A/R accountant"),
    "reviewer": ("复核审批人", "reviewer/approver"),
    "finance_head": ("财务部负责人", "finance head"),
    "auditor": ("稽核", "auditor"),
    "administrator": ("系统管理员", "administrator"),
}

OF_POST: Final = {
    "居民户收费员": "cashier", "单位户收费员": "cashier", "收费员": "cashier",
    "收费班长": "lead", "明细账会计": "accountant",
    "制票班长": "billing_clerk", "制票员": "billing_clerk",
    "财务部负责人": "finance_head", "稽核": "auditor", "系统管理员": "administrator",
}  # fmt: skip
"""The role a post (职务) of book.toml takes where none is named; every other post reviews and approves."""

_COUNTER: Final = ("cashier", "lead")
_BANK: Final = ("cashier", "lead")
_BILLS: Final = ("billing_clerk",)
_LEDGER: Final = ("accountant",)

ENTER: Final[dict[str, tuple[str, ...]]] = {
    "customers": ("billing_clerk", "lead", "accountant"),
    "opening": _LEDGER, "opening_bills": _LEDGER, "opening_items": _LEDGER,
    "number_issue": ("lead",), "number_void": _COUNTER,
    "charge": _BILLS, "reading": _BILLS, "reduction": _BILLS, "back_charge": _BILLS, "tm_recognition": _BILLS,
    "account_move": ("billing_clerk", "accountant"), "service": ("billing_clerk", "lead"),
    "cash_receipt": _COUNTER, "removed_meter_receipt": _COUNTER, "back_charge_receipt": _COUNTER,
    "scan_receipt": _COUNTER, "scan_settlement": _COUNTER, "partial_payment": _COUNTER, "general_deposit": _COUNTER,
    "builder_prepayment": _COUNTER, "tm_sale": _COUNTER, "materials": _COUNTER, "invoice_unpaid": _COUNTER,
    "cash_deposit": _COUNTER, "cash_difference": _COUNTER, "drawer": _COUNTER,
    "cheque_receipt": _BANK, "cheque_lodged": _BANK, "slip_receipt": _BANK, "slip_arrival": _BANK,
    "slip_expired": ("lead", "accountant"), "transfer_receipt": _BANK, "short_payment": _BANK,
    "collection_batch": _BANK, "collection_result": _BANK, "debit_batch": _BANK, "debit_slip": _BANK,
    "debit_list": ("cashier", "lead", "accountant"),
    "interest": ("lead", "accountant"), "bank_charge": ("lead", "accountant"),
    "head_office_transfer": ("lead",), "levy_remittance": ("lead",), "head_office_receipt": ("lead", "accountant"),
    "returned_payment": ("lead", "accountant"), "unidentified": ("lead", "accountant"),
    "identify": ("lead", "accountant"),
    "refund": _LEDGER, "apply_advance": _LEDGER, "bad_debt": _LEDGER, "provision": _LEDGER, "recovery": _LEDGER,
    "head_office_tax": _LEDGER, "levy_commission": _LEDGER,
}  # fmt: skip
"""Kind of document → the roles that may enter it (domain §3)."""

ACTS: Final[dict[str, tuple[str, ...]]] = {
    "reverse": ("cashier", "billing_clerk", "lead", "accountant"),
    "statement": ("lead", "accountant"),
    "reconcile": ("lead", "accountant"),
    "close_day": ("lead",),
    "drawer": ("cashier", "lead"),
    "accept": ("accountant", "reviewer", "finance_head"),
    "check": ("lead", "accountant", "reviewer", "finance_head"),
    "approve": ("reviewer", "finance_head"),
    "override": ("lead", "accountant", "reviewer", "finance_head"),
    "issue": ("lead", "accountant", "billing_clerk"),
    "review": ("accountant", "reviewer", "finance_head"),
    "sign": ("accountant",),
    "close_month": ("accountant", "finance_head"),
    "reopen_month": ("accountant", "finance_head"),
    "task": ("cashier", "billing_clerk", "lead", "accountant", "reviewer", "finance_head"),
    "operators": ("administrator",),
    "config": ("administrator", "finance_head"),
    "backup": ("administrator", "accountant", "lead"),
    "log": ("lead", "accountant", "reviewer", "finance_head", "auditor", "administrator"),
    "export": ("lead", "accountant", "reviewer", "finance_head", "auditor"),
    "read": ROLES,
}
"""What else is done in the ledger → the roles that may."""


def role_name(role: str) -> str:
    """The role in the language of the person."""
    zh, en = _NAMES[role]
    return zh if current_language() == "zh_CN" else en


def role_names(roles: tuple[str, ...]) -> str:
    """Several roles, as a sentence names them."""
    return (_("、")).join(role_name(role) for role in roles)


def may(act: str) -> tuple[str, ...]:
    """The roles that may do something: ``enter:<kind>`` or one of :data:`ACTS`.

    Raises:
        KeyError: nobody ever declared that act (a programming error).
    """
    what, _colon, kind = act.partition(":")
    return ENTER[kind] if what == "enter" else ACTS[act]
