"""A new company's book.toml: what only it can say stands in front, the rest is the shipped book with its comments.

Funds, fee items, thresholds, policies and the calendar are those of the shipped ``book.toml``; tariffs are its
too and must be looked at before the first charge. VAT rows follow the method that was said. What comes out is read
back by :meth:`ledger.book.Book.load` like any other file.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.book import BOOK_FILE
from ledger.config import read_text

GENERAL_RATE: Final = {"water": "9 %", "heat": "9 %", "gas": "9 %", "power": "13 %"}
"""VAT of the main supply by the general method."""
SUPPLY: Final = {
    "water": ("净水价", "Net water charge"), "heat": ("采暖费", "Heating fee"), "gas": ("燃气费", "Gas charge"),
    "power": ("电费", "Power charge"),
}  # fmt: skip

_BANKS: Final = (
    ("工商", "工行", "ICBC"), ("中国银行", "中行", "BOC"), ("建设", "建行", "CCB"), ("农业", "农行", "ABC"),
    ("交通", "交行", "BCOM"), ("邮政", "邮储", "PSBC"), ("招商", "招行", "CMB"), ("农村商业", "农商行", "RCB"),
    ("信用", "信用社", "RCU"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewBank:
    """A bank account of the new company; ``branch`` counts from 0."""

    name: str
    number: str
    branch: int = 0

    @property
    def short(self) -> str:
        """``工行0101``: the bank as people call it and the last four digits."""
        return self._known[0] + self.number[-4:]

    @property
    def ascii(self) -> str:
        """``ICBC-0101``."""
        return f"{self._known[1]}-{self.number[-4:]}"

    @property
    def _known(self) -> tuple[str, str]:
        return next(((short, code) for word, short, code in _BANKS if word in self.name), (self.name[:4], "BANK"))


@dataclass(frozen=True, slots=True)
class NewCashier:
    """A person at a drawer; ``branch`` and ``bank`` count from 0."""

    name: str
    stream: str
    branch: int = 0
    bank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBook:
    """What a new company says of itself. ``people`` are (post, name)."""

    name: str
    name_en: str
    credit_code: str
    utility: str
    cutover: dt.date
    branches: Sequence[str]
    banks: Sequence[NewBank]
    cashiers: Sequence[NewCashier]
    people: Sequence[tuple[str, str]] = field(default_factory=list)
    tax_method: str = "simplified"
    head_office: str = "总公司财务部"
    treasury: str = "财政专户"


def book_text(new: NewBook) -> str:
    """The file."""
    middle = _supply(_shipped_from("# ---- fund categories"), new)
    before, payees, after = _cut(middle, "# ---- the only two kinds of payee", "[calendar]")
    rules, _people = after.split("# ---- people named in documents", 1)
    return "\n".join([_head(new), before.rstrip(), "", _payees(payees, new), "", rules.rstrip(), "", _persons(new), ""])


def _shipped_from(mark: str) -> str:
    text = read_text(BOOK_FILE)
    return text[text.index(mark) :]


def _cut(text: str, *marks: str) -> tuple[str, str, str]:
    first, second = (text.index(mark) for mark in marks)
    return text[:first], text[first:second], text[second:]


def _q(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False)


def _branch(number: int) -> str:
    return f"B{number + 1:02d}"


def _bank(number: int) -> str:
    return f"1002.{number + 1:02d}"


def _head(new: NewBook) -> str:
    lines = [
        '# 账套资料 / the book of one company. 金额、单价、百分比写成文字("50.00"、"2.20"、"3 %"),日期不加引号。',
        "# 带 from 的行自那天起有效。改好后:meterbook init book.toml / look through it, then run that.",
        "# 水价(tariff)、税率(tax)、节假日(calendar)是示范单位的:请先改成本单位的。",
        "# Prices, tax rows and holidays below are those of the demo company: put in your own first.",
        "",
        "[book]",
        'code = "operating"',
        f"name = {_q(new.name)}",
        f"name_en = {_q(new.name_en)}",
        f"credit_code = {_q(new.credit_code)}        # 统一社会信用代码",
        'currency = "CNY"',
        f"cutover = {new.cutover.isoformat()}        # 期初余额的日期;以后的单据日期都晚于它 / date of the opening balances",
        'timezone = "Asia/Shanghai"',
        f'utility = "{new.utility}"        # water, heat, gas, power',
        "",
        "# ---- 所 / branches ----",
    ]
    for number, name in enumerate(new.branches):
        lines += ["[[branch]]", f'code = "{_branch(number)}"', f"name = {_q(name)}", f"name_en = {_q(name)}"]
    lines += ["", "# ---- 银行账户 / bank accounts: code 是科目,四个名称(code, short, ascii, number)都认 ----"]
    for number, bank in enumerate(new.banks):
        lines += [
            "[[bank]]", f'code = "{_bank(number)}"', f"short = {_q(bank.short)}", f"ascii = {_q(bank.ascii)}",
            f"number = {_q(bank.number)}", f"name = {_q(bank.name)}", f'branch = "{_branch(bank.branch)}"',
            'type = "收入专户"        # 收入专户 | 费用户',
        ]  # fmt: skip
    lines += ["", "# ---- 收费员 / drawers: 现金算在 deposit_bank 的款项里 ----"]
    for number, cashier in enumerate(new.cashiers):
        lines += [
            "[[cashier]]", f'code = "C{number + 1:02d}"', f"name = {_q(cashier.name)}",
            f'branch = "{_branch(cashier.branch)}"', f'deposit_bank = "{_bank(cashier.bank)}"',
            f'stream = "{cashier.stream}"        # resident 居民 | entity 单位',
        ]  # fmt: skip
    return "\n".join([*lines, "", ""])


def _supply(text: str, new: NewBook) -> str:
    """The main supply under its own name and tax row; only water carries the levies of the shipped book."""
    zh, en = SUPPLY[new.utility]
    if new.utility != "water":
        text = text.replace(
            'code = "water"\nzh = "净水价"\nen = "Net water charge"',
            f'code = "{new.utility}"\nzh = "{zh}"\nen = "{en}"',
        )
        text = text.replace('item = "water"\n', f'item = "{new.utility}"\n')
        text = re.sub(r"^levies = \{.*\}\n", "", text, flags=re.MULTILINE)
    if new.tax_method == "general":
        rate = GENERAL_RATE[new.utility]
        for item in (new.utility, "late", "penalty"):
            text = re.sub(
                rf'(item = "{item}"\nfrom = \S+\n)method = "simplified"\nrate = "3 %"\nsource = ".*"',
                rf'\1method = "general"\nrate = "{rate}"\nsource = "一般计税;使用前确认 / confirm before use"',
                text,
            )
    elif new.tax_method == "exempt":
        for item in (new.utility, "late", "penalty"):
            text = re.sub(
                rf'(item = "{item}"\nfrom = \S+\n)method = "simplified"\nrate = "3 %"\nsource = ".*"',
                r'\1method = "exempt"\nsource = "免税;使用前确认 / confirm before use"',
                text,
            )
    return text


def _payees(shipped: str, new: NewBook) -> str:
    head = shipped.split("\n", 1)[0]
    rows = [("head_office", new.head_office), ("treasury", new.treasury)]
    return "\n".join([
        head, *(line for kind, name in rows for line in ("[[payee]]", f'kind = "{kind}"', f"name = {_q(name)}", "aliases = []"))
    ])  # fmt: skip


def _persons(new: NewBook) -> str:
    """Cashiers by the codes of their drawers, then everybody else; a person has one row."""
    streams = {"resident": "居民户收费员", "entity": "单位户收费员"}
    rows = [
        (f"C{number + 1:02d}", cashier.name, streams[cashier.stream]) for number, cashier in enumerate(new.cashiers)
    ]
    used = {name for _id, name, _post in rows}
    for post, name in new.people:
        if name not in used:
            used.add(name)
            rows.append((f"P{len(rows) - len(new.cashiers) + 1:02d}", name, post))
    lines = ["# ---- 人员 / people named in documents: 编号或姓名可写在单据里;岗位决定他能做什么(operator add) ----"]
    for code, name, post in rows:
        lines += ["[[person]]", f'id = "{code}"', f"name = {_q(name)}", f"role = {_q(post)}"]
    return "\n".join(lines)
