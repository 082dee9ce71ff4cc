"""Masking (脱敏): personal data that a reader may recognise, but not take away.

::

    钱小满            钱**               滨江物业管理有限公司   滨江******公司
    13803721234      138****1234        6200000000000103      6200****0103
    滨江路12号3单元   滨江路****

Who sees it in plain is a matter of role and medium (docs/adr/0013-masking.md): the people
of daily work on the screen, those who answer for the registers in files, auditor and
administrator only by leave (C40). Sources: domain §4 C40, audit §5.1 (33), §5.2 (PIPL).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from ledger import redact
from ledger.i18n import _

Personal = Literal["name", "phone", "account", "address", "text"]

STARS: Final = "****"

SCREEN: Final = frozenset({"cashier", "billing_clerk", "lead", "accountant", "reviewer", "finance_head"})
"""Roles of daily work: they meet the customer, on the screen."""

FILES: Final = frozenset({"lead", "accountant", "reviewer", "finance_head"})
"""Roles that answer for the registers they hand over."""

FIELDS: Final[Mapping[str, Personal]] = {
    "name": "name", "party": "name", "phone": "phone", "address": "address",
    "payer_account": "account", "party_account": "account", "card_no": "account",
}  # fmt: skip
"""Columns of documents and statements that are personal, and what they hold."""

_COMPANY: Final = re.compile(
    r"公司|集团|工厂|厂$|局$|所$|站$|店$|部$|院$|校$|中心|学校|医院|银行|政府|委员会|合作社|大队|社区|物业|酒店|宾馆|饭店|超市"
)
_STREET: Final = re.compile(r"^(.*?(?:路|街|巷|道|村|小区|区|镇|乡|县|市))(?=[^路街巷道村区镇乡县市]*$|[^\d]*\d)")
_PERSON_MAX = 4


def may_see_personal_data(role: str, *, to_file: bool = False) -> bool:
    """Whether a role sees personal data in plain: on the screen, or in a file it takes away."""
    return role in (FILES if to_file else SCREEN)


def name(text: str) -> str:
    """张三 → 张*, Li Lei → L* L**; of a company its first and last two characters stay."""
    text = text.strip()
    if text.isascii():
        return " ".join(word[:1] + "*" * (len(word) - 1) for word in text.split())
    if len(text) <= _PERSON_MAX and not _COMPANY.search(text):
        return text[:1] + "*" * (len(text) - 1)
    kept = 2 if len(text) > 5 else 1
    return text[:kept] + "*" * (len(text) - 2 * kept) + text[-kept:]


def phone(text: str) -> str:
    """The last four digits stay, of a mobile number the first three too."""
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7:  # no telephone number: nothing of it stays
        return STARS
    mobile = len(digits) == 11 and digits.startswith("1")
    return (digits[:3] if mobile else "") + STARS + digits[-4:]


def account(text: str) -> str:
    """Of a card or account number the first and last four stay, of a short one a third."""
    text = text.strip()
    if len(text) >= 12:
        return text[:4] + STARS + text[-4:]
    kept = len(text) // 3
    return STARS + (text[-kept:] if kept else "")


def address(text: str) -> str:
    """The street or the compound stays, house and flat do not."""
    text = text.strip()
    found = _STREET.match(text)
    return (found.group(1) if found else text[: len(text) // 3]) + STARS


_MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    "name": name, "phone": phone, "account": account, "address": address, "text": redact.numbers,
}  # fmt: skip


def value(kind: str, cell: Any) -> Any:
    """One value masked as what it is; nothing stays nothing."""
    return _MASKS[kind](cell) if isinstance(cell, str) and cell else cell


def row(cells: Mapping[str, Any], kinds: Mapping[str, str] = FIELDS) -> dict[str, Any]:
    """A row with its personal columns masked."""
    return {key: value(kinds[key], cell) if key in kinds else cell for key, cell in cells.items()}


def notice() -> str:
    """What a masked paper says of itself."""
    return _("户名、账号等已脱敏")
