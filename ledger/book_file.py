"""book.toml → :class:`~ledger.book.Book`: reading and checking, nothing else.

Each fault stops the reading and names its key; the checks are those no single
value can show: names used once, references that point at something, dated rows
that begin once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.book import (
    REVENUE_ACCOUNT,
    Bank,
    Book,
    Branch,
    Cashier,
    Fund,
    Item,
    LateCharge,
    Payee,
    Person,
    Tariff,
    Tax,
    Tier,
    UsageClass,
    WaterResource,
)
from ledger.calendar import read_calendar
from ledger.config import Section
from ledger.i18n import _
from ledger.policies import read_policies, read_thresholds

BANK_TYPES = (REVENUE_ACCOUNT, "费用户")
FUND_KINDS = ("transfer", "levy", "suspense", "float")
FUNDS_NEEDED = (
    "水费", "监察大队", "补缴水费", "TM卡水费", "材料费", "预交水费", "预收部分水费", "银行存款利息",
    "代征", "待查", "零钞",
)  # fmt: skip
ITEMS_NEEDED = ("late", "penalty", "material", "commission")
TAX_METHODS = ("simplified", "general", "exempt")
UTILITIES = ("water", "heat", "gas", "power")

T = TypeVar("T")


def read_book(top: Section, text: str) -> Book:
    """The whole file; ``text`` is kept so that the book can be stored as it was."""
    head = top.section("book")
    branches = _rows(top, "branch", _branch, lambda b: (b.code, b.name, b.name_en))
    known_branches = [branch.code for branch in branches]
    currency = head.choice("currency", ("CNY",))
    banks = _rows(
        top, "bank", lambda row: _bank(row, known_branches, currency), lambda b: (b.code, b.short, b.ascii, b.number)
    )
    deposit_banks = [bank.code for bank in banks if bank.type == REVENUE_ACCOUNT]
    cashiers = _rows(
        top, "cashier", lambda row: _cashier(row, known_branches, deposit_banks), lambda c: (c.code, c.name)
    )
    funds = _rows(top, "fund", _fund, lambda f: (f.zh, f.en))
    items = _rows(top, "item", _item, lambda i: (i.code, i.zh, i.en))
    classes = _rows(top, "usage_class", _usage_class, lambda u: (u.code, u.zh, u.en))
    class_codes = [usage.code for usage in classes]
    levy_codes = [item.code for item in items if item.kind == "levy"]
    item_codes = [item.code for item in items]
    tariffs = _rows(
        top, "tariff", lambda row: _tariff(row, class_codes, levy_codes),
        lambda t: (t.version, f"{t.usage_class} {t.since}"),
    )  # fmt: skip
    taxes = _rows(
        top, "tax", lambda row: _tax(row, item_codes, class_codes),
        lambda t: (f"{t.item} {t.usage_class} {t.since}",),
    )  # fmt: skip
    water_resource = _rows(top, "water_resource", _water_resource, lambda w: (str(w.since),), required=False)
    payees = _rows(top, "payee", _payee, lambda p: (p.name, *p.aliases))
    persons = _rows(top, "person", _person, lambda p: (p.id, p.name))

    utility = head.choice("utility", UTILITIES)
    _need(top, "fund", FUNDS_NEEDED, [fund.zh for fund in funds])
    _need(top, "item", (utility, *ITEMS_NEEDED), item_codes)
    _need(top, "payee", ("head_office", "treasury"), [payee.kind for payee in payees])
    _need(top, "tariff", class_codes, [tariff.usage_class for tariff in tariffs])
    _need(top, "tax", (utility, *ITEMS_NEEDED), [tax.item for tax in taxes if tax.usage_class is None])

    timezone = head.text("timezone")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise head.fault("timezone", _("没有时区“{x}”").format(x=timezone)) from error
    book = Book(
        code=head.text("code"),
        name=head.text("name"),
        name_en=head.text("name_en"),
        currency=currency,
        cutover=head.date("cutover"),
        timezone=timezone,
        utility=utility,
        branches=branches,
        banks=banks,
        cashiers=cashiers,
        funds=funds,
        items=items,
        usage_classes=classes,
        tariffs=tariffs,
        taxes=taxes,
        water_resource=water_resource,
        thresholds=read_thresholds(top.section("thresholds")),
        policies=read_policies(top.section("policies")),
        payees=payees,
        calendar=read_calendar(top.section("calendar")),
        persons=persons,
        text=text,
        file=top.file,
        credit_code=_credit_code(head),
    )
    head.done()
    top.done()
    return book


def _rows(
    top: Section,
    key: str,
    read: Callable[[Section], T],
    names: Callable[[T], Iterable[str]],
    *,
    required: bool = True,
) -> tuple[T, ...]:
    """The rows of one list; no name may stand for two of them."""
    seen: set[str] = set()
    out = []
    for section in top.sections(key, required=required):
        row = read(section)
        section.done()
        own = set(names(row))
        if own & seen:
            raise section.fault("", _("“{x}”重复").format(x="、".join(sorted(own & seen))))
        seen |= own
        out.append(row)
    return tuple(out)


def _need(top: Section, key: str, wanted: Iterable[str], present: Iterable[str]) -> None:
    have = set(present)
    for value in wanted:
        if value not in have:
            raise top.fault(key, _("缺少“{x}”").format(x=value))


_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_credit_code(text: str) -> bool:
    """Whether a 统一社会信用代码 is one: 18 signs, the last a check of the others (GB 32100-2015)."""
    if len(text) != 18 or any(sign not in _CODE_SIGNS for sign in text):
        return False
    values = [_CODE_SIGNS.index(sign) for sign in text]
    weighted = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17]))
    return values[17] == -weighted % 31


def _credit_code(head: Section) -> str:
    code = head.text("credit_code", "")
    if code and not is_credit_code(code):
        raise head.fault("credit_code", _("“{x}”不是统一社会信用代码(18位,末位为校验码)").format(x=code))
    return code


def _branch(row: Section) -> Branch:
    return Branch(row.text("code"), row.text("name"), row.text("name_en"))


def _bank(row: Section, branches: Iterable[str], currency: str) -> Bank:
    return Bank(
        code=row.text("code"),
        short=row.text("short"),
        ascii=row.text("ascii"),
        number=row.text("number"),
        name=row.text("name"),
        branch=row.choice("branch", branches),
        type=row.choice("type", BANK_TYPES),
        currency=currency,
    )


def _cashier(row: Section, branches: Iterable[str], banks: Iterable[str]) -> Cashier:
    return Cashier(
        code=row.text("code"),
        name=row.text("name"),
        branch=row.choice("branch", branches),
        deposit_bank=row.choice("deposit_bank", banks),
        stream=row.choice("stream", ("resident", "entity")),
    )


def _fund(row: Section) -> Fund:
    return Fund(row.text("zh"), row.text("en"), row.choice("kind", FUND_KINDS))


def _item(row: Section) -> Item:
    return Item(row.text("code"), row.text("zh"), row.text("en"), row.choice("kind", ("supply", "levy", "other")))


def _usage_class(row: Section) -> UsageClass:
    return UsageClass(row.text("code"), row.text("zh"), row.text("en"))


def _tariff(row: Section, classes: Iterable[str], levy_items: Iterable[str]) -> Tariff:
    levies = row.section("levies", required=False)
    rates = tuple((item, levies.price(item)) for item in levy_items if levies.has(item))
    levies.done()
    return Tariff(
        version=row.text("version"),
        usage_class=row.choice("usage_class", classes),
        since=row.date("from"),
        tiers=_tiers(row),
        levies=rates,
        late_charge=_late_charge(row.section("late_charge")) if row.has("late_charge") else None,
    )


def _tiers(row: Section) -> tuple[Tier, ...]:
    """Price steps: rising edges, and a last step without one."""
    tiers: list[Tier] = []
    edge = 0
    steps = row.sections("tiers", required=True)
    for number, step in enumerate(steps, start=1):
        last = number == len(steps)
        if last == step.has("up_to"):
            raise step.fault("up_to", _("最后一档不写 up_to,其他各档要写"))
        up_to = None if last else step.integer("up_to", low=edge + 1)
        tiers.append(Tier(up_to, step.price("price")))
        edge = up_to or edge
        step.done()
    return tuple(tiers)


def _late_charge(section: Section) -> LateCharge:
    rule = LateCharge(
        daily_rate=section.price("daily_rate"),
        grace_days=section.integer("grace_days"),
        cap_basis_points=section.basis_points("cap"),
    )
    section.done()
    return rule


def _tax(row: Section, items: Iterable[str], classes: Iterable[str]) -> Tax:
    method = row.choice("method", TAX_METHODS)
    rate = row.basis_points("rate", "0")
    if (rate == 0) != (method == "exempt"):
        raise row.fault("rate", _("免税(exempt)没有税率,其他计税方法要有"))
    return Tax(
        item=row.choice("item", items),
        usage_class=row.choice("usage_class", classes) if row.has("usage_class") else None,
        since=row.date("from"),
        method=method,
        rate_basis_points=rate,
        source=row.text("source"),
    )


def _water_resource(row: Section) -> WaterResource:
    return WaterResource(row.date("from"), row.choice("mode", ("fee", "tax")))


def _payee(row: Section) -> Payee:
    return Payee(row.choice("kind", ("head_office", "treasury")), row.text("name"), row.texts("aliases", []))


def _person(row: Section) -> Person:
    return Person(row.text("id"), row.text("name"), row.text("role"))
