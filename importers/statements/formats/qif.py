"""QIF, the Quicken exchange file: one ``Statement`` per account; lines of letters, ``^`` ends a record.

::

    !Account   N name  T type  $ statement balance  / its date
    !Type:Bank D date  T/U amount  N number  P payee  M memo  L category  S/E/$ splits

QIF states neither currency nor opening balance, and its dates and decimal marks
follow the writer's country: both are told from all records of the file
together, and where they cannot be told that is an error to be accepted by a
person. Splits are parts of the amount: checked against it, never added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from importers.statements.formats.common import (
    Draft,
    Faults,
    Line,
    date_missing,
    day_of,
    exact_fen,
    head,
    text_lines,
    tidy,
)
from importers.statements.grid import decode
from ledger.i18n import _
from ledger.money import InvalidAmount, decimal_text

BANKING = frozenset("bank cash ccard otha othl".split())
LISTS = frozenset("cat class memorized tag prices budget security template".split())
"""Lists of the program itself: no money moves in them."""
CURRENCIES = frozenset("AUD CAD CHF CNY DKK EUR GBP HKD JPY NOK NZD PLN SEK SGD TWD USD".split())

_DATE = re.compile(r"([0-9]{1,4}) {0,3}([/.' -]) {0,3}([0-9]{1,2}) {0,3}([/.' -]) {0,3}([0-9]{1,4})")
_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]{1,2}|[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{3}(?![A-Za-z0-9])")
Order = Callable[[int, int, int], date | None]


@dataclass(slots=True)
class Record:
    """The lettered lines up to a ``^``, with the line it begins on."""

    row: int
    section: str
    values: list[tuple[str, str]] = field(default_factory=list)

    def value(self, letter: str) -> str | None:
        """The first text of a letter."""
        return next((text.strip() for name, text in self.values if name == letter and text.strip()), None)


def sniff(content: bytes) -> bool:
    """Whether the first thing in the file is a QIF header."""
    return bool(re.match(r"\s*!(Type:|Account|Option:|Clear:)", head(content), re.IGNORECASE))


def read(content: bytes, file: str) -> list[Draft]:
    """The statements of the file, one per account, in its order.

    Raises:
        ImportRejected: with every unreadable line.
    """
    text, encoding = decode(content, file)
    faults = Faults(file)
    records = list(_records(text, faults))
    drafts: dict[str | None, Draft] = {}
    account: Record | None = None
    held: list[tuple[Draft, Record]] = []
    for record in records:
        if record.section == "account":
            account = record
        elif record.section not in LISTS:
            name = account.value("N") if account else None
            if name not in drafts:
                drafts[name] = Draft(
                    format="qif", dialect=f"qif {record.section}", encoding=encoding, row=record.row,
                    account=name, serial_scope="none",
                )  # fmt: skip
                _stated(drafts[name], account, faults)
            held.append((drafts[name], record))
    comma = any(_COMMA.fullmatch(text) for record in records for text in _amounts(record))
    order, unsure = _date_order([record for _draft, record in held])
    for draft, record in held:
        _line(record, draft, order, comma, faults)
    for draft in drafts.values():
        if unsure:
            draft.error("date_order", _("日期看不出是月/日还是日/月,按月/日读"), row=draft.row)
        _currency(draft)
    faults.check()
    return list(drafts.values())


def _records(text: str, faults: Faults) -> Iterator[Record]:
    section, record, row = "", None, 0
    for row, line in enumerate(text_lines(text, faults.file), 1):
        mark, rest = line[:1], line[1:]
        if not line.strip():
            continue
        if mark == "!":
            if record is not None:
                faults.add(_("记录没有以 ^ 结束"), row=record.row)
                record = None
            section = _section(line, section, row, faults)
        elif mark == "^":
            if record is not None:
                yield record
            record = None
        elif not section:
            faults.add(_("记录在 !Type 之前"), row=row, value=line)
        else:
            record = record or Record(row, section)
            record.values.append((mark, rest))
    if record is not None:
        faults.add(_("记录没有以 ^ 结束,文件不完整"), row=row)


def _section(line: str, before: str, row: int, faults: Faults) -> str:
    """What the following records are; options change nothing."""
    name = line[1:].strip().casefold()
    if name.startswith(("option:", "clear:")):
        return before
    if name == "account":
        return name
    kind = name.removeprefix("type:").replace(" ", "")
    if not name.startswith("type:") or kind not in BANKING | LISTS:
        faults.add(_("不是银行账户的记录,不能导入"), row=row, value=line)
    return kind


def _amounts(record: Record) -> list[str]:
    return [text.strip() for name, text in record.values if name in "TU$" and record.section not in LISTS]


def _fen(text: str, comma: bool) -> int:
    """An amount under the file's decimal mark; raises InvalidAmount."""
    plain = text.strip()
    if comma:
        plain = plain.replace(".", "").replace(",", ".") if "," in plain or _COMMA.fullmatch(plain) else plain
    elif _GROUPS.fullmatch(plain):
        plain = plain.replace(",", "")
    return exact_fen(plain)


def _stated(draft: Draft, account: Record | None, faults: Faults) -> None:
    """The statement balance an account record may carry."""
    text = account.value("$") if account else None
    if account and text:
        try:
            draft.closing = _fen(text, bool(_COMMA.fullmatch(text)))
        except InvalidAmount as error:
            faults.add(str(error), row=account.row, column="$", value=text)


def _year(text: str, mark: str) -> int:
    if len(text) == 4:
        return int(text)
    short = int(text)
    return short + (2000 if mark == "'" or short < 70 else 1900)


def _date_order(records: list[Record]) -> tuple[str, bool]:
    """``mdy`` or ``dmy``, and whether the file leaves it open; year-first dates need no order."""
    parts = [found for record in records if (found := _DATE.fullmatch(record.value("D") or ""))]
    parts = [found for found in parts if len(found[1]) < 3]
    if any(found[2] == "." for found in parts):
        return "dmy", False
    days = {order: [_ordered(found, order) for found in parts] for order in ("mdy", "dmy")}
    whole = [order for order, found in days.items() if None not in found]
    if len(whole) != 1:
        unlike = days["mdy"] != days["dmy"]
        return "mdy", bool(whole) and unlike
    return whole[0], False


def _ordered(found: re.Match[str], order: str) -> date | None:
    first, second, year = int(found[1]), int(found[3]), _year(found[5], found[4])
    return day_of(year, first, second) if order == "mdy" else day_of(year, second, first)


def _day(text: str, order: str) -> date | None:
    found = _DATE.fullmatch(text)
    if found is None:
        plain = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text.strip())
        return day_of(int(plain[1]), int(plain[2]), int(plain[3])) if plain else None
    if len(found[1]) == 4:
        return day_of(int(found[1]), int(found[3]), int(found[5])) if len(found[5]) < 3 else None
    return _ordered(found, order) if len(found[5]) in (1, 2, 4) and len(found[1]) < 3 else None


def _line(record: Record, draft: Draft, order: str, comma: bool, faults: Faults) -> None:
    text = record.value("T") or record.value("U")
    fen = 0
    try:
        fen = _fen(text or "", comma)
        other = record.value("U")
        if other and _fen(other, comma) != fen:
            faults.add(_("T 与 U 金额不同"), row=record.row, value=other)
        _splits(record, draft, fen, comma)
    except InvalidAmount as error:
        faults.add(str(error), row=record.row, column="T", value=text or "")
    if record.value("P") == "Opening Balance" and record.value("L") in (f"[{draft.account}]", None):
        if draft.opening is not None or draft.lines:
            faults.add(_("期初余额不在第一笔"), row=record.row)
        draft.opening = fen
        return
    printed = record.value("D") or ""
    day = _day(printed, order)
    if day is None:
        date_missing(draft, record.row, printed)
    draft.lines.append(
        Line(
            date=day,
            amount_in=max(fen, 0),
            amount_out=max(-fen, 0),
            row=record.row,
            reference=tidy(record.value("N")),
            party=tidy(record.value("P")),
            summary=tidy(record.value("M") or record.value("P"), record.value("L")),
        )
    )


def _splits(record: Record, draft: Draft, fen: int, comma: bool) -> None:
    parts = [_fen(text, comma) for name, text in record.values if name == "$"]
    if parts and sum(parts) != fen:
        draft.error(
            "splits",
            _("第 {row} 行各分项之和 {a} 与金额 {b} 不符").format(
                row=record.row, a=decimal_text(sum(parts)), b=decimal_text(fen)
            ),
            row=record.row,
            difference=sum(parts) - fen,
        )


def _currency(draft: Draft) -> None:
    """The only currency its texts name; said aloud, for QIF itself states none."""
    texts = " ".join(text for line in draft.lines for text in (line.summary, line.party) if text)
    named = set(_CODE.findall(texts)) & CURRENCIES
    if len(named) == 1:
        draft.currency = named.pop()
        draft.warn("currency_text", _("QIF不写币种;流水文字中只提到 {a},按它读").format(a=draft.currency))
