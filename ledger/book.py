"""The book (账套): one operating company as data of ``book.toml``.

Branches, bank accounts, drawers, funds, fee items, effective-dated tariffs and
tax rows, thresholds, policies, calendar, payees and people. Nothing here is a
rule: rules read it. Amounts are fen, prices 1/10000 yuan, shares 1/100 of a
percent (basis points). Every fault of the file is a
:class:`~ledger.errors.ConfigError` with file and key; a name that is not in
the book is :class:`~ledger.errors.NotFound`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from ledger.calendar import Calendar
from ledger.config import load_toml, read_text
from ledger.errors import NotFound
from ledger.i18n import _
from ledger.money import normal_text, round_half_up
from ledger.policies import Policies, Thresholds

BOOK_FILE: Final = Path(__file__).with_name("book.toml")

REVENUE_ACCOUNT: Final = "收入专户"
"""Type of a bank account that takes tenders and pays only head office and treasury (C24, C25)."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A district station (所)."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank account; one identity under four names (code, short, ascii, number), in the book's currency."""

    code: str
    short: str
    ascii: str
    number: str
    name: str
    branch: str
    type: str
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Cashier:
    """A drawer and the person at it; ``deposit_bank`` is the bank its cash counts for."""

    code: str
    name: str
    branch: str
    deposit_bank: str
    stream: str


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund category (款项类别). ``kind``: transfer (goes to head office), levy, suspense or float."""

    zh: str
    en: str
    kind: str

    @property
    def transferable(self) -> bool:
        """Whether money of this category may go to head office."""
        return self.kind == "transfer"


@dataclass(frozen=True, slots=True)
class Item:
    """A fee item (费用项目). ``kind``: supply (our own sale), levy or other."""

    code: str
    zh: str
    en: str
    kind: str


@dataclass(frozen=True, slots=True)
class Levy:
    """A charge collected for government (代征)."""

    item: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class UsageClass:
    """A usage class (用水性质)."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A price step (阶梯): ``price`` in 1/10000 yuan per unit, up to and including ``up_to`` units."""

    up_to: int | None
    price: int


@dataclass(frozen=True, slots=True)
class LateCharge:
    """Rule of a late charge (违约金, E06): daily rate in 1/10000, days of grace, cap in basis points."""

    daily_rate: int
    grace_days: int
    cap_basis_points: int

    def charge(self, principal: int, days: int) -> int:
        """Fen to propose on an overdue principal (fen), ``days`` after its due date."""
        counted = max(days - self.grace_days, 0)
        cap = round_half_up(principal * self.cap_basis_points, 10_000)
        return min(round_half_up(principal * self.daily_rate * counted, 10_000), cap)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one usage class from a day on; ``levies`` are (item, 1/10000 yuan per unit)."""

    version: str
    usage_class: str
    since: dt.date
    tiers: tuple[Tier, ...]
    levies: tuple[tuple[str, int], ...]
    late_charge: LateCharge | None

    def levy_rate(self, item: str) -> int:
        """Rate of a levy in 1/10000 yuan per unit, 0 where the class does not pay it."""
        return dict(self.levies).get(item, 0)


@dataclass(frozen=True, slots=True)
class Tax:
    """A VAT row: ``method`` simplified, general or exempt; ``source`` says why and whether confirmed."""

    item: str
    usage_class: str | None
    since: dt.date
    method: str
    rate_basis_points: int
    source: str

    @property
    def numerator(self) -> int:
        """Tax inside a tax-included amount is amount × numerator / denominator: 3 % → 3/103."""
        return self.rate_basis_points // self._divisor

    @property
    def denominator(self) -> int:
        """See :attr:`numerator`."""
        return (10_000 + self.rate_basis_points) // self._divisor

    @property
    def _divisor(self) -> int:
        return 100 if self.rate_basis_points % 100 == 0 else 1

    @property
    def role(self) -> str | None:
        """Chart role of the liability; None where nothing is taxed."""
        return {"simplified": "vat_simplified", "general": "vat_general"}.get(self.method)

    def included(self, amount: int) -> int:
        """VAT inside a tax-included amount, in fen, half-up."""
        return round_half_up(amount * self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class WaterResource:
    """Whether the water-resource charge is a levy (``fee``) or our untaxed line (``tax``), from a day on."""

    since: dt.date
    mode: str


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom a revenue account may pay: ``head_office`` or ``treasury``, with the names in use."""

    kind: str
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in documents."""

    id: str
    name: str
    role: str


class _Dated(Protocol):
    @property
    def since(self) -> dt.date: ...


_D = TypeVar("_D", bound=_Dated)
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False, slots=True)
class Book:
    """The company a ledger is kept for; ``credit_code`` is its 统一社会信用代码, empty where nobody said it."""

    code: str
    name: str
    name_en: str
    currency: str
    cutover: dt.date
    timezone: str
    utility: str
    branches: tuple[Branch, ...]
    banks: tuple[Bank, ...]
    cashiers: tuple[Cashier, ...]
    funds: tuple[Fund, ...]
    items: tuple[Item, ...]
    usage_classes: tuple[UsageClass, ...]
    tariffs: tuple[Tariff, ...]
    taxes: tuple[Tax, ...]
    water_resource: tuple[WaterResource, ...]
    thresholds: Thresholds
    policies: Policies
    payees: tuple[Payee, ...]
    calendar: Calendar
    persons: tuple[Person, ...]
    text: str
    file: str
    credit_code: str = ""

    @classmethod
    def load(cls, text: str | None = None, *, file: str | None = None) -> Book:
        """The book of ``text`` (named ``file`` in faults), else the shipped book.toml.

        Raises:
            ConfigError: for the first fault, with file and key.
        """
        from ledger.book_file import read_book  # it needs the classes above

        source = read_text(BOOK_FILE) if text is None else text
        return read_book(load_toml(source, file or BOOK_FILE.name), source)

    # ---- names ----

    def bank(self, name: str) -> Bank:
        """The bank account of a code, short name, ascii name or number."""
        return _find(_("银行账户"), name, self.banks, lambda b: (b.code, b.short, b.ascii, b.number))

    def branch(self, name: str) -> Branch:
        """The branch of a code or name."""
        return _find(_("所"), name, self.branches, lambda b: (b.code, b.name, b.name_en))

    def cashier(self, name: str) -> Cashier:
        """The cashier of a code or name."""
        return _find(_("收费员"), name, self.cashiers, lambda c: (c.code, c.name))

    def fund(self, name: str) -> Fund:
        """The fund category of a Chinese or English name."""
        return _find(_("款项类别"), name, self.funds, lambda f: (f.zh, f.en))

    def item(self, name: str) -> Item:
        """The fee item of a code or name."""
        return _find(_("费用项目"), name, self.items, lambda i: (i.code, i.zh, i.en))

    def levy(self, name: str) -> Levy:
        """The levy of an item code or name."""
        return _find(_("代征项目"), name, self.levies, lambda v: (v.item, v.zh, v.en))

    def usage_class(self, name: str) -> UsageClass:
        """The usage class of a code or name."""
        return _find(_("用水性质"), name, self.usage_classes, lambda u: (u.code, u.zh, u.en))

    def person(self, name: str) -> Person:
        """The person of an id or name."""
        return _find(_("人员"), name, self.persons, lambda p: (p.id, p.name))

    def payee(self, name: str) -> Payee:
        """The permitted payee of a name or alias (C24); NotFound for anyone else."""
        return _find(_("收款人"), name, self.payees, lambda p: (p.name, *p.aliases))

    @property
    def deposit_banks(self) -> dict[str, str]:
        """Cashier code → bank its cash belongs to."""
        return {cashier.code: cashier.deposit_bank for cashier in self.cashiers}

    @property
    def cashier_branches(self) -> dict[str, str]:
        """Cashier code → branch of the drawer."""
        return {cashier.code: cashier.branch for cashier in self.cashiers}

    @property
    def bank_branches(self) -> dict[str, str]:
        """Bank account code → branch that keeps it."""
        return {bank.code: bank.branch for bank in self.banks}

    @property
    def levies(self) -> tuple[Levy, ...]:
        """What is collected for government, in file order."""
        return tuple(Levy(item.code, item.zh, item.en) for item in self.items if item.kind == "levy")

    # ---- effective-dated rows ----

    def tariff(self, usage_class: str, date: dt.date) -> Tariff:
        """The prices of a usage class on a charge date."""
        code = self.usage_class(usage_class).code
        row = _latest((t for t in self.tariffs if t.usage_class == code), date)
        if row is None:
            raise NotFound(_("用水性质 {x} 在 {date} 没有水价").format(x=code, date=date))
        return row

    def tax(self, item: str, date: dt.date, usage_class: str | None = None) -> Tax:
        """The VAT row of an item on a date; a row of the usage class goes before the general one."""
        rows = [t for t in self.taxes if t.item == item]
        row = _latest((t for t in rows if usage_class and t.usage_class == usage_class), date)
        row = row or _latest((t for t in rows if t.usage_class is None), date)
        if row is None:
            raise NotFound(_("项目 {x} 在 {date} 没有税率").format(x=item, date=date))
        return row

    def water_resource_mode(self, date: dt.date) -> str:
        """``fee`` (a levy) or ``tax`` (our untaxed line) on a charge date."""
        row = _latest(self.water_resource, date)
        return row.mode if row else "fee"

    # ---- days ----

    def working_day(self, date: dt.date) -> bool:
        """Whether people work on a day."""
        return self.calendar.working_day(date)

    def today(self, now: dt.datetime | None = None) -> dt.date:
        """The business day of an aware instant, default now, in the book's time zone."""
        zone = ZoneInfo(self.timezone)
        return (now.astimezone(zone) if now else dt.datetime.now(zone)).date()


def _plain(name: str) -> str:
    """Names are compared without case, width and blanks."""
    return "".join(normal_text(name).casefold().split())


def _find(kind: str, name: str, rows: Sequence[_T], names: Callable[[_T], tuple[str, ...]]) -> _T:
    wanted = _plain(name)
    for row in rows:
        if wanted in map(_plain, names(row)):
            return row
    known = "、".join(names(row)[0] for row in rows)
    raise NotFound(_("没有{kind}“{x}”(已有:{known})").format(kind=kind, x=name, known=known))


def _latest(rows: Iterable[_D], date: dt.date) -> _D | None:
    """The row that holds on a date: the last that has begun."""
    return max((row for row in rows if row.since <= date), key=lambda row: row.since, default=None)
