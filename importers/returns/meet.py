"""Rows that come back ↔ rows that were sent. Pure; what is ambiguous is refused, never guessed.

By serial where the bank gives it back; else by account, name and amount; a file without
accounts by customer number and amount. Whatever leads to a row, account, name and amount
must then be those that were sent; only of a part the bank took (PARTIAL) the amount is less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from importers.returns.outcomes import word_key
from importers.returns.read import ReturnFile
from importers.statements.read import same_account
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen

FAULTS_MAX = 200
"""Of a wrong batch every row is at fault; nobody reads more."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Met:
    """A row with the row sent that it answers; ``taken`` is what the bank took (fen)."""

    row: Record
    item: Record
    taken: int


def meet(file: ReturnFile, items: Sequence[Record]) -> tuple[list[Met], list[Fault]]:
    """The rows of a file with what they answer, and what is wrong with the others.

    ``items``: rows of one batch (``answer.ITEMS``).
    """
    met: list[Met] = []
    faults: list[Fault] = []
    rows = list(file.frame.iter_rows(named=True))
    numbered = {_number(item["serial"]): item for item in items if item["serial"]}
    seen: set[str] = set()
    others: list[Record] = []
    for row in rows:
        if not row["serial"]:
            others.append(row)
            continue
        key = _number(row["serial"])
        item = numbered.get(key)
        if key in seen:
            faults.append(_fault(row, "serial", _("同一序号在文件中出现两次")))
        elif item is None:
            faults.append(_fault(row, "serial", _("本批中没有送过这个序号")))
        else:
            _take(row, item, met, faults)
        seen.add(key)
        if len(faults) >= FAULTS_MAX:
            return met, faults
    used = {id(one.item) for one in met}
    _by_content(others, [item for item in items if id(item) not in used], met, faults)
    return met, faults


def _number(serial: str) -> str:
    """``01`` and ``1`` are one serial."""
    return serial.lstrip("0") or "0" if serial.isdigit() else serial


def _take(row: Record, item: Record, met: list[Met], faults: list[Fault]) -> None:
    """A row that says which item it means: all else must be as it was sent."""
    wrong: list[Fault] = []
    if row["account"] and item["payer_account"] and not same_account(row["account"], item["payer_account"]):
        wrong.append(_fault(row, "account", _("与送盘账号 {sent} 不符").format(sent=item["payer_account"])))
    if row["name"] and item["name"] and word_key(row["name"]) != word_key(item["name"]):
        wrong.append(_fault(row, "name", _("与送盘户名 {sent} 不符").format(sent=item["name"])))
    taken, message = _taken(row, item["amount"])
    if message:
        wrong.append(_fault(row, "amount", message))
    if wrong:
        faults += wrong
    else:
        met.append(Met(row, item, taken))


def _taken(row: Record, sent: int) -> tuple[int, str]:
    """What the bank took of an item, or why that cannot be."""
    if row["outcome"] != "PARTIAL":
        message = "" if row["amount"] == sent else _("与送盘金额 {sent} 不符").format(sent=format_fen(sent))
        return sent, message
    taken = row["debited"] if row["debited"] is not None else row["amount"]
    if row["debited"] is not None and row["amount"] != sent:
        return taken, _("与送盘金额 {sent} 不符").format(sent=format_fen(sent))
    if not 0 < taken < sent:
        return taken, _("部分扣款的金额应小于送盘金额 {sent}").format(sent=format_fen(sent))
    return taken, ""


def _by_content(rows: Sequence[Record], items: Sequence[Record], met: list[Met], faults: list[Fault]) -> None:
    """Rows without a serial: groups of equal rows meet groups of equal items of the same size."""
    partial = [row for row in rows if row["outcome"] == "PARTIAL" and row["debited"] is None]
    whole = [row for row in rows if not (row["outcome"] == "PARTIAL" and row["debited"] is None)]
    left = list(items)
    for wanted, key in ((whole, _whole_key), (partial, _owner_key)):
        groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
        for row in wanted:
            groups[key(row)].append(row)
        offered = _offers(left, key)
        for group in groups.values():
            found = offered(group[0])
            before = len(faults)
            _pair(group, found, left, met, faults)
            if len(faults) == before:
                taken = {id(item) for item in found}
                left = [item for item in left if id(item) not in taken]


def _pair(
    group: list[Record], found: list[Record], items: Sequence[Record], met: list[Met], faults: list[Fault]
) -> None:
    if not found:
        # each costs a search
        faults += [_nothing(row, items) for row in group[: max(0, FAULTS_MAX - len(faults))]]
    elif len(found) < len(group):
        faults += [
            _fault(row, "account", _("同样的行有 {n} 笔,送盘只有 {m} 笔").format(n=len(group), m=len(found)))
            for row in group
        ]
    elif len(found) > len(group):
        message = _("送盘中同样的有 {m} 笔,文件中 {n} 笔,不能确定是哪一笔").format(n=len(group), m=len(found))
        faults += [_fault(row, "account", message) for row in group]
    elif len({row["outcome"] for row in group}) > 1:
        message = _("同样的 {n} 笔结果不同,不能确定是哪一笔").format(n=len(group))
        faults += [_fault(row, "account", message) for row in group]
    else:
        for row, item in zip(group, found, strict=True):
            _take(row, item, met, faults)


def _owner_key(row: Record) -> tuple[Any, ...]:
    account = row.get("account") or row.get("payer_account")
    if account:
        return (account, word_key(row["name"]) if row["name"] else "")
    return (row["customer"],)


def _whole_key(row: Record) -> tuple[Any, ...]:
    return (*_owner_key(row), row["amount"])


def _offers(items: Sequence[Record], key: Callable[[Record], tuple[Any, ...]]) -> Callable[[Record], list[Record]]:
    """How to find the items of a row: by the keys it has."""
    by_amount = key is _whole_key
    by_account: dict[Any, list[Record]] = defaultdict(list)
    by_customer: dict[Any, list[Record]] = defaultdict(list)
    by_sum: dict[int, list[Record]] = defaultdict(list)
    for item in items:
        by_sum[item["amount"]].append(item)
        by_account[item["payer_account"]].append(item)
        by_customer[item["customer"]].append(item)

    def find(row: Record) -> list[Record]:
        if not row["account"]:
            near = by_customer[row["customer"]] if row["customer"] else []
        elif "*" in row["account"]:
            offered = by_sum[row["amount"]] if by_amount else items
            near = [item for item in offered if same_account(row["account"], item["payer_account"] or "")]
        else:
            near = by_account[row["account"]]
        return [
            item
            for item in near
            if (not by_amount or item["amount"] == row["amount"])
            and not (row["name"] and item["name"] and word_key(row["name"]) != word_key(item["name"]))
        ]

    return find


def _nothing(row: Record, items: Sequence[Record]) -> Fault:
    """Why a row meets nothing: the nearest thing that was sent."""
    owner = [
        item
        for item in items
        if (row["account"] and same_account(row["account"], item["payer_account"] or ""))
        or (not row["account"] and row["customer"] == item["customer"])
    ]
    if not owner:
        named = _("账号") if row["account"] else _("户号")
        column = "account" if row["account"] else "customer"
        return _fault(row, column, _("本批中没有送过这个{what}").format(what=named))
    same = [item for item in owner if item["amount"] == row["amount"]]
    if same and row["name"]:
        return _fault(row, "name", _("与送盘户名 {sent} 不符").format(sent=same[0]["name"]))
    sent = "、".join(format_fen(item["amount"]) for item in owner[:5])
    return _fault(row, "amount", _("与送盘金额 {sent} 不符").format(sent=sent))


def _fault(row: Record, column: str, message: str) -> Fault:
    value = row.get(column)
    shown = format_fen(value) if column == "amount" and value is not None else value
    return Fault(file=row["file"], row=row["row"], column=column, value=shown, message=message, code="return")
