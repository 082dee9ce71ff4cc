"""BAI2, the cash management file of North American banks: one ``Statement`` per account (03 … 49).

::

    01 file   02 group   03 account and its balances   16 entry   88 continues   49 98 99 trailers

Amounts are in the currency's minor unit. Types 100–399 come in, 400–699 go out;
010 and 015 are the opening and closing ledger balance, 100 and 400 the totals.
Every trailer's count and sum is checked, and what it should close must be open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from importers.statements.formats.common import Draft, Faults, Line, day_of, head, text_lines, tidy
from importers.statements.grid import decode
from ledger.i18n import _
from ledger.money import LIMIT

WHOLE = frozenset("CLP ISK JPY KRW PYG UGX VND XAF XOF XPF".split())
"""Currencies without a minor unit."""
THREE = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
"""Currencies of a thousand."""

CONTINUED = ",\n"
"""Where an 88 was joined: the next field, or the same text."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(slots=True)
class Record:
    """A record with its continuations; ``size`` counts the physical ones."""

    code: str
    row: int
    body: str
    size: int = 1

    @property
    def fields(self) -> list[str]:
        """The fields after the code."""
        return [text.strip() for text in self.body.split(",")]


@dataclass(slots=True)
class Sums:
    """What a trailer must repeat: units, records, and what it closes."""

    amount: int = 0
    records: int = 0
    parts: int = 0


@dataclass(slots=True)
class State:
    """The open file, group and account."""

    file: Sums | None = None
    group: Sums | None = None
    account: Sums | None = None
    day: date | None = None
    currency: str = "USD"
    totals: dict[str, tuple[int, int | None, int]] = field(default_factory=dict)
    deleted: bool = False


def sniff(content: bytes) -> bool:
    """Whether a file header and a group header begin the file."""
    first = r"\s*01,(?:[^,\r\n]*,){5}[^\r\n]*[\r\n]+[ \t]*"
    return bool(re.match(first + r"(?:88,[^\r\n]*[\r\n]+[ \t]*)*02,", head(content)))


def read(content: bytes, file: str) -> list[Draft]:
    """The statements of the file, in its order.

    Raises:
        ImportRejected: with every unreadable record.
    """
    text, encoding = decode(content, file)
    faults, state, drafts = Faults(file), State(), list[Draft]()
    last = 1
    for record in _records(text, faults):
        last = record.row
        _step(record, state, drafts, encoding, faults)
    if state.file is not None or state.group is not None or state.account is not None:
        faults.add(_("缺少结尾记录(49、98、99),文件不完整"), row=last)
    faults.check()
    return drafts


def _records(text: str, faults: Faults) -> list[Record]:
    """Physical lines as records; an 88 goes on where the one before it stopped."""
    records: list[Record] = []
    for row, raw in enumerate(text_lines(text, faults.file), 1):
        line = raw.strip()
        if not line:
            continue
        code, bar, rest = line.partition(",")
        if not bar or code not in ("01", "02", "03", "16", "49", "88", "98", "99"):
            faults.add(_("不认识的记录"), row=row, value=line)
        elif code != "88":
            records.append(Record(code, row, _open(rest)))
        elif not records or records[-1].code in ("49", "98", "99"):
            faults.add(_("续行 88 前没有记录"), row=row)
        else:
            records[-1].body += f"{CONTINUED}{_open(rest)}"
            records[-1].size += 1
    return records


def _open(rest: str) -> str:
    """A line's content; a slash ends it and is no part of it."""
    return rest[:-1].rstrip() if rest.endswith("/") else rest


def _step(record: Record, state: State, drafts: list[Draft], encoding: str, faults: Faults) -> None:
    """One record; each must stand where it belongs."""
    place = {
        "01": state.file is None,
        "02": state.file is not None and state.group is None,
        "03": state.group is not None and state.account is None,
        "16": state.account is not None,
        "49": state.account is not None,
        "98": state.group is not None and state.account is None,
        "99": state.file is not None and state.group is None,
    }
    if not place[record.code]:
        faults.add(_("记录 {code} 不在应在的位置").format(code=record.code), row=record.row)
        return
    for level in (state.file, state.group, state.account):
        if level is not None:
            level.records += record.size
    if record.code == "01":
        state.file = Sums(records=record.size)
    elif record.code == "02":
        _group(record, state, faults)
    elif record.code == "03":
        drafts.append(_account(record, state, encoding, faults))
    elif record.code == "16" and state.account is not None:
        _entry(record, state, drafts[-1], state.account, faults)
    else:
        _trailer(record, state, drafts, faults)


def _group(record: Record, state: State, faults: Faults) -> None:
    fields = [*record.fields, *[""] * 7]
    state.group = Sums(records=record.size)
    text = fields[3]
    state.day = day_of(2000 + int(text[:2]), int(text[2:4]), int(text[4:])) if re.fullmatch("[0-9]{6}", text) else None
    if re.fullmatch("[0-9]{8}", text):
        state.day = day_of(int(text[:4]), int(text[4:6]), int(text[6:]))
    if state.day is None:
        faults.add(_("应为日期 YYMMDD"), row=record.row, column="02", value=text)
    state.currency = fields[5] or "USD"
    state.deleted = fields[2] not in ("", "1")


def _account(record: Record, state: State, encoding: str, faults: Faults) -> Draft:
    fields = record.fields
    currency = (fields[1] if len(fields) > 1 else "") or state.currency
    if not re.fullmatch("[A-Z]{3}", currency):
        faults.add(_("应为币种代码"), row=record.row, column="03", value=currency)
    if not fields[0]:
        faults.add(_("缺少账号"), row=record.row, column="03")
    draft = Draft(
        format="bai2", dialect="bai2", encoding=encoding, row=record.row, account=fields[0] or None,
        currency=currency, opened=state.day, closed=state.day, serial_scope="day",
    )  # fmt: skip
    if state.deleted:
        draft.error("status", _("银行把这一组标为删除、更正或测试,须人工处理"), row=record.row)
    sums = Sums(records=record.size)
    state.account, state.totals = sums, {}
    rest = fields[2:]
    while any(rest):
        code, amount, count, *rest = [*rest, "", ""] if len(rest) < 3 else rest
        kind, rest = (rest[0], rest[1:]) if rest else ("", [])
        rest = _funds(kind, rest, record, faults)
        units = _units(amount, record, "03", faults) if amount else 0
        sums.amount += units
        items = int(count) if re.fullmatch("[0-9]{1,9}", count) else None
        if not re.fullmatch("[0-9]{3}", code):
            faults.add(_("应为三位类型码"), row=record.row, column="03", value=code)
        elif code in ("010", "015") and amount:
            fen = _fen(units, currency, record, faults)
            draft.opening = fen if code == "010" else draft.opening
            draft.closing = fen if code == "015" else draft.closing
        elif code in ("100", "400") and amount:
            state.totals[code] = (_fen(units, currency, record, faults), items, record.row)
    return draft


def _funds(kind: str, rest: list[str], record: Record, faults: Faults) -> list[str]:
    """What follows a funds type: V two fields, S three, D pairs; the rest of the record."""
    if kind in ("", "Z", "0", "1", "2"):
        return rest
    if kind == "V":
        return rest[2:]
    if kind == "S":
        return rest[3:]
    if kind == "D" and rest and re.fullmatch("[0-9]{1,3}", rest[0]):
        return rest[1 + 2 * int(rest[0]) :]
    faults.add(_("认不出的资金类型"), row=record.row, column=record.code, value=kind)
    return []


def _units(text: str, record: Record, column: str, faults: Faults) -> int:
    if not _NUMBER.fullmatch(text):
        faults.add(_("应为金额(最小货币单位的整数)"), row=record.row, column=column, value=text)
        return 0
    return int(text)


def _fen(units: int, currency: str | None, record: Record, faults: Faults) -> int:
    """Minor units → hundredths, exactly."""
    fen = units * 100 if currency in WHOLE else units
    if currency in THREE:
        fen, rest = divmod(units, 10)
        if rest:
            faults.add(_("金额最多两位小数"), row=record.row, value=str(units))
    if abs(fen) >= LIMIT:
        faults.add(_("金额超出上限"), row=record.row, value=str(units))
        return 0
    return fen


def _entry(record: Record, state: State, draft: Draft, sums: Sums, faults: Faults) -> None:
    code, amount, kind, *rest = [*record.body.split(","), "", ""]
    code = code.strip()
    units = _units(amount.strip(), record, "16", faults) if amount.strip() else 0
    sums.amount += units
    if not re.fullmatch("[1-9][0-9]{2}", code):
        faults.add(_("应为三位类型码"), row=record.row, column="16", value=code)
        return
    if code == "890":  # a message, no money
        return
    if int(code) >= 700 or not amount.strip():
        faults.add(_("不是收入也不是支出的流水"), row=record.row, column="16", value=f"{code},{amount}")
        return
    rest = _funds(kind.strip(), rest, record, faults)
    bank, customer, *text = [*rest, "", ""]
    fen = _fen(units, draft.currency, record, faults)
    inflow = int(code) < 400
    draft.lines.append(
        Line(
            date=state.day,
            amount_in=fen if inflow else 0,
            amount_out=0 if inflow else fen,
            row=record.row,
            serial=tidy(bank),
            reference=tidy(customer),
            summary=tidy(",".join(text).replace(CONTINUED, " ").strip(" ,")),
        )
    )


def _trailer(record: Record, state: State, drafts: list[Draft], faults: Faults) -> None:
    """49, 98, 99: sum, what it closes, and the number of records."""
    fields = record.fields
    levels = {"49": state.account, "98": state.group, "99": state.file}
    sums = levels[record.code] or Sums()
    draft = drafts[-1] if drafts else Draft(format="bai2", dialect="", encoding=None, row=record.row)
    numbers = [_units(text, record, record.code, faults) for text in fields]
    wanted = [sums.amount, sums.records] if record.code == "49" else [sums.amount, sums.parts, sums.records]
    names = [_("控制合计"), _("记录数")] if record.code == "49" else [_("控制合计"), _("份数"), _("记录数")]
    if len(numbers) != len(wanted):
        faults.add(_("结尾记录的字段数不对"), row=record.row, column=record.code)
    else:
        for name, stated, found in zip(names, numbers, wanted, strict=True):
            draft.count("trailer", f"{record.code} {name}", stated, found, record.row)
    if record.code == "49":
        _totals(state, draft)
        state.account, upper = None, state.group
    elif record.code == "98":
        state.group, upper = None, state.file
    else:
        state.file, upper = None, None
    if upper is not None:
        upper.amount += sums.amount
        upper.parts += 1


def _totals(state: State, draft: Draft) -> None:
    """Types 100 and 400 of the account record: sums and counts of credits and debits."""
    for code, (fen, items, row) in state.totals.items():
        sizes = [line.amount_in if code == "100" else line.amount_out for line in draft.lines]
        name = _("收入") if code == "100" else _("支出")
        draft.control("totals", name, fen, sum(sizes), row)
        if items is not None:
            held = sum(size != 0 for size in sizes)
            draft.count("totals", _("{name}笔数").format(name=name), items, held, row)
