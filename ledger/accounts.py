"""The chart of accounts (会计科目表): data of ``chart.toml``, asked by code or by role.

Posting rules name roles (``ar_resident``), never codes; a deployment renumbers
in the file. Templates ``1001.*`` and ``1002.*`` are expanded with the cashiers
and bank accounts of the book. Every fault of the file is a
:class:`~ledger.errors.ConfigError` with file and key.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ledger.book import Book
from ledger.config import Section, load_toml, read_text
from ledger.errors import NotFound
from ledger.i18n import _, current_language

CHART_FILE: Final = Path(__file__).with_name("chart.toml")

DIMENSIONS: Final = (
    "branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document",
)  # fmt: skip
"""Analysis dimensions of a posting line, in the order of the columns and of the mask bits."""

STAFF_OR_CUSTOMER: Final = 1 << len(DIMENSIONS)
"""Mask bit of an account that needs one of staff and customer (2241.04)."""

KINDS: Final = MappingProxyType({
    "Assets": "asset", "Liabilities": "liability", "Equity": "equity",
    "Income": "income", "Expenses": "expense",
})  # fmt: skip
"""Beancount root → kind of account."""

ROLES: Final = (
    "transit_card", "transit_slip", "ar_resident", "ar_entity", "ar_tm", "ar_inspection", "ar_closed",
    "ar_short", "debit_pending", "ho_transit", "ho_current", "staff_claim", "invoiced_unpaid", "bank_claim",
    "allowance", "pending", "advance_tm", "advance_builder", "advance_partial", "advance_over",
    "advance_deposit", "vat_general", "vat_simplified", "vat_deferred", "unidentified", "owed", "profit",
    "opening", "sales", "sales_tax_line", "materials", "levy_commission", "late_fee", "cash_over",
    "tax_surcharge", "cash_short", "interest", "fees", "impairment",
)  # fmt: skip
"""Roles of one account each. Besides: cash (by cashier), bank (by bank), levy_billed and levy_due (by item)."""

KEYED_ROLES: Final = MappingProxyType({
    "cash": "cashier", "bank": "bank", "levy_billed": "item", "levy_due": "item",
})  # fmt: skip
"""Role of one account per value of a dimension → that dimension."""

_CODE = re.compile(r"\d{4}(\.[0-9A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class Account:
    """One account a line may stand on.

    ``required`` and ``optional`` are the dimensions a line must and may carry;
    ``required_any`` names dimensions of which one must be there. ``side`` is
    the normal side; ``asse`` the code of 小企业会计准则 (None where it has none).
    """

    code: str
    zh: str
    en: str
    side: str
    required: frozenset[str]
    optional: frozenset[str]
    beancount: str
    kind: str
    required_any: frozenset[str] = frozenset()
    asse: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What a line on this account carries, in the order of DIMENSIONS."""
        allowed = self.required | self.optional | self.required_any
        return tuple(name for name in DIMENSIONS if name in allowed)

    @property
    def required_mask(self) -> int:
        """Required dimensions as bits: 0 = branch … 8 = document, 9 = staff or customer."""
        mask = sum(1 << bit for bit, name in enumerate(DIMENSIONS) if name in self.required)
        return mask | (STAFF_OR_CUSTOMER if self.required_any else 0)


@dataclass(frozen=True, slots=True)
class Heading:
    """A name for the total of the accounts below it (1122 应收账款); no line stands on it."""

    code: str
    zh: str
    en: str
    asse: str | None = None


class Chart:
    """All accounts of a book, expanded and checked."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        parents: Mapping[str, Heading],
        roles: Mapping[str, str],
        keyed: Mapping[str, Mapping[str, str]],
        *,
        text: str,
        file: str,
    ) -> None:
        self.accounts: Mapping[str, Account] = MappingProxyType(dict(accounts))
        self.parents: Mapping[str, Heading] = MappingProxyType(dict(parents))
        self.roles: Mapping[str, str] = MappingProxyType(dict(roles))
        """Role → code for roles of one account; keyed roles as ``levy_due/sewage``, ``cash/C01``."""
        self.text = text
        self.file = file
        self._keyed = {role: MappingProxyType(dict(codes)) for role, codes in keyed.items()}

    @classmethod
    def load(cls, book: Book, text: str | None = None, *, file: str | None = None) -> Chart:
        """The chart of ``text``, else of the shipped chart.toml, for one book.

        Raises:
            ConfigError: for the first fault, with file and key.
        """
        source = read_text(CHART_FILE) if text is None else text
        return _read_chart(load_toml(source, file or CHART_FILE.name), book, source)

    @property
    def codes(self) -> tuple[str, ...]:
        """All account codes, sorted."""
        return tuple(self.accounts)

    def account(self, code: str) -> Account:
        """The account of a code; NotFound when there is none."""
        try:
            return self.accounts[code]
        except KeyError:
            raise NotFound(_("没有科目“{code}”").format(code=code)) from None

    def role(self, name: str, **key: str) -> str:
        """Code of a role: ``role("ar_resident")``, ``role("cash", cashier="C01")``.

        Raises:
            NotFound: no account for that value (a cashier the book does not have).
            KeyError: a role that was never declared: a mistake of the caller.
        """
        if name not in KEYED_ROLES:
            return self.roles[name]
        value = key[KEYED_ROLES[name]]
        try:
            return self._keyed[name][value]
        except KeyError:
            raise NotFound(_("科目角色 {role} 没有“{value}”").format(role=name, value=value)) from None

    def role_map(self, name: str) -> Mapping[str, str]:
        """Value → code of a keyed role, to map a whole column at once."""
        return self._keyed[name]

    def levy(self, stage: str, item: str) -> str:
        """Code of a levy's liability: stage ``billed`` (应收未收) or ``due`` (已收待缴)."""
        return self.role(f"levy_{stage}", item=item)

    @property
    def levy_items(self) -> tuple[str, ...]:
        """Items that are collected for government, in the order of the book."""
        return tuple(self._keyed["levy_due"])

    def accounts_with(self, dimension: str) -> list[str]:
        """Codes of the accounts whose lines carry a dimension."""
        if dimension not in DIMENSIONS:
            raise KeyError(dimension)
        return [account.code for account in self.accounts.values() if dimension in account.dimensions]

    def required_mask(self, code: str) -> int:
        """Required dimensions of an account as the bitmask the database keeps."""
        return self.account(code).required_mask

    def beancount(self, code: str) -> str:
        """Account name in the beancount export."""
        return self.account(code).beancount

    def name(self, code: str, lang: str | None = None) -> str:
        """Name of an account or heading, in ``zh_CN`` or ``en``; default the current language."""
        row = self.parents.get(code) or self.account(code)
        return row.en if (lang or current_language()).startswith("en") else row.zh

    def parent(self, code: str) -> str | None:
        """The nearest heading above a code: 2241.01.02 → 2241.01 → 2241 → None."""
        while "." in code:
            code = code.rpartition(".")[0]
            if code in self.parents:
                return code
        return None

    def children(self, heading: str) -> tuple[str, ...]:
        """Codes of all accounts below a heading."""
        return tuple(code for code in self.accounts if code.startswith(f"{heading}."))


def valid_beancount(name: str) -> bool:
    """Whether beancount takes the account name.

    A root of the five, then components that begin with an upper-case letter or
    a digit and go on with letters, digits and hyphens.
    """
    root, *parts = name.split(":")
    return root in KINDS and bool(parts) and all(_valid_component(part) for part in parts)


def _valid_component(part: str) -> bool:
    def category(char: str) -> str:
        return unicodedata.category(char)

    return (
        bool(part)
        and category(part[0]) in {"Lu", "Nd"}
        and all(char == "-" or category(char)[0] == "L" or category(char) == "Nd" for char in part[1:])
    )


def _read_chart(top: Section, book: Book, text: str) -> Chart:
    headings = _read_headings(top)
    accounts: dict[str, Account] = {}
    places: dict[str, Section] = {}
    beancount: dict[str, str] = {}
    templates: dict[str, dict[str, str]] = {}
    for row in top.sections("account", required=True):
        declared, expanded = _read_account(row, book)
        if declared in places or declared in headings:
            raise row.fault("code", _("科目 {code} 重复").format(code=declared))
        places[declared] = row
        templates[declared] = {value: account.code for value, account in expanded.items()}
        for account in expanded.values():
            if account.code in accounts:
                raise row.fault("code", _("科目 {code} 重复").format(code=account.code))
            if account.beancount in beancount:
                raise row.fault(
                    "beancount",
                    _("与科目 {code} 重名").format(code=beancount[account.beancount]),
                )
            accounts[account.code] = account
            beancount[account.beancount] = account.code
    roles, keyed = _read_roles(top.section("roles"), accounts, places, templates, book)
    top.done()
    flat = roles | {f"{role}/{value}": code for role, codes in keyed.items() for value, code in codes.items()}
    by_code: dict[str, list[str]] = {}
    for role, code in flat.items():
        by_code.setdefault(code, []).append(role.partition("/")[0])
    accounts = {code: replace(accounts[code], roles=tuple(by_code.get(code, ()))) for code in sorted(accounts)}
    return Chart(accounts, headings, flat, keyed, text=text, file=top.file)


def _read_headings(top: Section) -> dict[str, Heading]:
    headings: dict[str, Heading] = {}
    for row in top.sections("heading"):
        code = _read_code(row)
        if code in headings:
            raise row.fault("code", _("科目 {code} 重复").format(code=code))
        headings[code] = Heading(code, row.text("zh"), row.text("en"), row.text("asse", code) or None)
        row.done()
    return headings


def _read_code(row: Section) -> str:
    code = row.text("code")
    if not _CODE.fullmatch(code.removesuffix(".*")):
        raise row.fault("code", _("“{code}”不是科目编码(四位数字,下级用点)").format(code=code))
    return code


def _read_account(row: Section, book: Book) -> tuple[str, dict[str, Account]]:
    """The code as declared, and the accounts it stands for by the value of its template ('' for itself)."""
    code = _read_code(row)
    per = row.choice("per", ("cashier", "bank"), "")
    if bool(per) != code.endswith(".*"):
        raise row.fault("per", _("以 .* 结尾的科目要写 per,其他科目不写"))
    required = row.choices("required", DIMENSIONS)
    optional = row.choices("optional", DIMENSIONS)
    either = row.choices("required_any", ("staff", "customer"), ())
    if either and set(either) != {"staff", "customer"}:
        raise row.fault("required_any", _("只能是 staff 与 customer 二者之一"))
    for name in optional:
        if name in required:
            raise row.fault("optional", _("“{value}”已是必填").format(value=name))
    zh, en, side = row.text("zh"), row.text("en"), row.choice("side", ("debit", "credit"))
    pattern, asse = row.text("beancount"), row.text("asse", "same")
    row.done()

    def build(own: str, names: Mapping[str, str]) -> Account:
        try:
            label, english, target = (text.format_map(names) for text in (zh, en, pattern))
        except (KeyError, ValueError, IndexError) as error:
            raise row.fault("code", _("未知的占位符 {error}").format(error=error)) from error
        if not valid_beancount(target):
            raise row.fault("beancount", _("“{name}”不是有效的 beancount 科目名").format(name=target))
        return Account(
            code=own, zh=label, en=english, side=side,
            required=frozenset(required), optional=frozenset(optional), required_any=frozenset(either),
            beancount=target, kind=KINDS[target.partition(":")[0]],
            asse=own if asse == "same" else (asse or None),
        )  # fmt: skip

    if not per:
        return code, {"": build(code, {})}
    prefix = code.removesuffix("*")
    if per == "cashier":
        rows = {
            cashier.code: build(prefix + cashier.code, {
                "code": cashier.code, "name": cashier.name, "branch": cashier.branch,
            })
            for cashier in book.cashiers
        }  # fmt: skip
        return code, rows
    for bank in book.banks:
        if not bank.code.startswith(prefix):
            raise row.fault("code", _("账套的银行账户 {bank} 不在其下").format(bank=bank.code))
    banks = {
        bank.code: build(bank.code, {
            "code": bank.code, "short": bank.short, "ascii": bank.ascii, "name": bank.name,
        })
        for bank in book.banks
    }  # fmt: skip
    return code, banks


def _read_roles(
    section: Section,
    accounts: Mapping[str, Account],
    places: Mapping[str, Section],
    templates: Mapping[str, Mapping[str, str]],
    book: Book,
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    def pointed(at: Section, key: str) -> str:
        code = at.text(key)
        if code not in accounts:
            raise at.fault(key, _("没有科目“{code}”").format(code=code))
        return code

    roles = {name: pointed(section, name) for name in ROLES}
    keyed: dict[str, dict[str, str]] = {}
    for name, dimension in KEYED_ROLES.items():
        if dimension == "item":
            levies = section.section(name)
            keyed[name] = {levy.item: pointed(levies, levy.item) for levy in book.levies}
            levies.done()
            continue
        code = section.text(name)
        if code not in places or not code.endswith(".*") or "" in templates[code]:
            raise section.fault(name, _("应指向以 .* 结尾的科目"))
        keyed[name] = dict(templates[code])
    section.done()
    return roles, keyed
