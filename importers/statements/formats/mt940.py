"""MT940 and MT942, the SWIFT customer statement: one ``Statement`` per message.

::

    :20: reference     begins a message          :60F:/:60M: opening, :62F:/:62M: closing
    :25: account       required                  :61: an entry, further lines: its details
    :86: or :NS:       text of the entry above   :90D:/:90C: number and sum of the entries (MT942)

Dialects: ``subfields`` (``?20``, ``>20`` in :86:), ``ns`` (numbered lines in
:NS:), ``swift`` (text as it comes). Both kinds of balance are required and set
against the entries by ``finish``; what is cut off shows as a missing closing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from importers.statements.formats.common import (
    REVERSAL,
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
from ledger.money import InvalidAmount

KNOWN = frozenset("20 21 25 25P 28 28C 60F 60M 61 62F 62M 64 65 86 NS 13 13C 13D 34F 90C 90D 940 942".split())
SINGLE = frozenset("25 60 62".split())
BLANK = " " + "".join(map(chr, range(0x20)))
"""Blanks and control characters around a line."""
WRAP = 65
"""A text line of this width was cut by the format, not by the writer."""

_TAG = re.compile(r":([0-9]{2,3}[A-Z]?|NS):(.*)", re.DOTALL)
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})?([0-9]{1,18},[0-9]{0,6})")
_ENTRY = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R[CD]|E[CD]|[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9]{1,18},[0-9]{0,6})(?P<kind>[A-Z][A-Z0-9 ]{3})?(?P<rest>.*)",
    re.DOTALL,
)
_SUM = re.compile(r"([0-9]{1,9})([A-Z]{3})([0-9]{1,18},[0-9]{0,6})")
_CODED = re.compile(r"\s*[0-9]{3}([?>~^$+])(?=[0-9]{2})")
_NUMBERED = re.compile(r"[0-9]{2}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
_NAME = re.compile(r"/NAME/([^/]+)")


@dataclass(slots=True)
class Field:
    """A tagged field with the line it begins on and all its lines."""

    tag: str
    row: int
    lines: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        """What stands on its first line."""
        return self.lines[0].strip()


def sniff(content: bytes) -> bool:
    """Whether a message reference and an account or a balance stand on lines of their own."""
    text = head(content)
    return bool(re.search(r"(?:\A|[\r\n\x01]|\{4:):20:", text) and re.search(r"[\r\n]:(25P?|28C?|60[FM]|61):", text))


def read(content: bytes, file: str) -> list[Draft]:
    """The statements of the file, in its order.

    Raises:
        ImportRejected: with every unreadable field.
    """
    text, encoding = decode(content, file)
    faults = Faults(file)
    drafts = [_statement(message, encoding, faults) for message in _messages(text, faults)]
    faults.check()
    return drafts


def _messages(text: str, faults: Faults) -> Iterator[list[Field]]:
    """The fields between one :20: and the next."""
    message: list[Field] = []
    ended = True
    for row, raw in enumerate(text_lines(text, faults.file), 1):
        line = raw
        if line.startswith("{"):  # the SWIFT envelope {1:…}{2:…}{4:
            line = line[line.rfind("{4:") + 3 :] if "{4:" in line else ""
        if (rest := line.strip(BLANK)) in ("", "-", "}", "-}"):
            ended = ended or rest.startswith("-")
            continue
        found = _TAG.match(line.lstrip("\x01\x02\x0b "))
        if found is None:
            if ended:
                faults.add(_("不属于任何字段的文字"), row=row, value=line)
            else:
                message[-1].lines.append(line)
            continue
        tag = found[1]
        if tag == "20":
            if message:
                yield message
            message, ended = [], False
        elif ended and tag not in ("940", "942"):
            faults.add(_("字段在报文头 :20: 之前或报文结束之后"), row=row, column=f":{tag}:")
            continue
        if not ended:
            message.append(Field(tag, row, [found[2]]))
    if message:
        yield message


def _statement(message: list[Field], encoding: str, faults: Faults) -> Draft:
    draft = Draft(format="mt940", dialect="swift", encoding=encoding, row=message[0].row, serial_scope="day")
    tags = {one.tag for one in message}
    interim = bool(tags & {"34F", "13D"}) and not tags & {"60F", "60M"}
    if interim:
        draft.format = "mt942"
    _head(message, draft, faults)
    if draft.account is None:
        faults.add(_("缺少账号 :25:"), row=draft.row)
    _entries(message, draft, faults)
    _sums(message, draft, faults)
    if not interim:
        if draft.opening is None:
            draft.error("opening_missing", _("缺少期初余额 :60F:"), row=draft.row)
        if draft.closing is None:
            draft.error("closing_missing", _("缺少期末余额 :62F:,文件可能不完整"), row=message[-1].row)
    return draft


def _head(message: list[Field], draft: Draft, faults: Faults) -> None:
    """Account, balances and currency; each stands once."""
    seen: set[str] = set()
    for one in message:
        kind = one.tag[:2]
        if kind in SINGLE and kind in seen:
            faults.add(_("一份报文中出现两次"), row=one.row, column=f":{one.tag}:", value=one.value)
        seen.add(kind)
        if one.tag not in KNOWN:
            draft.warn("field", _("不认识的字段 :{tag}:").format(tag=one.tag), row=one.row)
        elif kind == "25":
            draft.account = re.sub(r"\s", "", one.value) or None
        elif kind == "60":
            # dated the evening before, so it begins no period
            draft.opening, _evening = _balance(one, draft, faults)
        elif kind == "62":
            draft.closing, draft.closed = _balance(one, draft, faults)
        elif one.tag == "34F" and draft.currency is None:
            draft.currency = one.value[:3] if re.match(r"[A-Z]{3}", one.value) else None


def _comma(text: str) -> int:
    """``1234,5`` → fen."""
    return exact_fen(text.replace(",", "."))


def _balance(one: Field, draft: Draft, faults: Faults) -> tuple[int | None, date | None]:
    """The balance of a :60: or :62:, and its date; the currency may be left out."""
    found = _BALANCE.fullmatch(one.value)
    try:
        fen = _comma(found[4]) if found else None
    except InvalidAmount as error:
        faults.add(str(error), row=one.row, column=f":{one.tag}:", value=one.value)
        return None, None
    if found is None or fen is None:
        faults.add(_("应为余额,如 C240301CNY1234,50"), row=one.row, column=f":{one.tag}:", value=one.value)
        return None, None
    if found[3]:
        if draft.currency and draft.currency != found[3]:
            faults.add(_("一份报文中有两种币种"), row=one.row, column=f":{one.tag}:", value=found[3])
        draft.currency = found[3]
    return (-fen if found[1] == "D" else fen), _six(found[2])


def _six(text: str) -> date | None:
    year = int(text[:2])
    return day_of(year + (2000 if year < 80 else 1900), int(text[2:4]), int(text[4:]))


def _booked(value: str, entry: str | None) -> date | None:
    """The booking date MMDD in the year nearest to the value date."""
    if entry is None:
        return None
    year = int(value[:2])
    near = year + (2000 if year < 80 else 1900)
    around = _six(value) or day_of(near, int(value[2:4]), 1)
    tries = [day_of(near + shift, int(entry[:2]), int(entry[2:])) for shift in (0, -1, 1)]
    days = [day for day in tries if day is not None]
    if around is None or not days:
        return None
    return min(days, key=lambda day: abs(day - around))


def _entries(message: list[Field], draft: Draft, faults: Faults) -> None:
    """Each :61: with the text fields that follow it."""
    current: Field | None = None
    texts: list[Field] = []
    for one in [*message, Field("61", 0)]:
        if one.tag == "61":
            if current is not None:
                _entry(current, texts, draft, faults)
            current, texts = one, []
        elif one.tag in ("86", "NS"):
            texts.append(one)
            draft.dialect = "ns" if one.tag == "NS" else draft.dialect
        elif one.tag[:2] == "62" and current is not None:
            _entry(current, texts, draft, faults)
            current, texts = None, []


def _entry(one: Field, texts: list[Field], draft: Draft, faults: Faults) -> None:
    found = _ENTRY.fullmatch(one.value)
    if found is None:
        faults.add(_("应为流水,如 2403010301C1234,50NTRFNONREF"), row=one.row, column=":61:", value=one.value)
        return
    try:
        fen = _comma(found["amount"])
    except InvalidAmount as error:
        faults.add(str(error), row=one.row, column=":61:", value=one.value)
        return
    mark, value = found["mark"], _six(found["value"])
    day = _booked(found["value"], found["entry"])
    if day is None:
        day = value
        if found["entry"] and day is not None:
            draft.warn(
                "date", _("第 {row} 行记账日 {x} 不存在,用起息日").format(row=one.row, x=found["entry"]), row=one.row
            )
    elif value is None:
        message = _("第 {row} 行起息日 {x} 不存在,用记账日").format(row=one.row, x=found["value"])
        draft.warn("date", message, row=one.row)
    if day is None:
        date_missing(draft, one.row, found["value"])
    customer, _bar, bank = found["rest"].partition("//")
    inflow = mark in ("C", "EC", "RD")  # the reversal of a debit comes in
    supplement = [text.strip() for text in one.lines[1:]]
    line = Line(
        date=day,
        amount_in=fen if inflow else 0,
        amount_out=0 if inflow else fen,
        row=one.row,
        serial=tidy(bank),
        reference=None if customer.strip() in ("", "NONREF", "EREF", "MARF", "PREF") else tidy(customer),
        party_account=next((text for text in supplement if _IBAN.fullmatch(text)), None),
    )
    _details(line, texts, draft)
    others = [text for text in supplement if text != line.party_account]
    line.summary = tidy(REVERSAL if mark in ("RC", "RD") else None, *others, line.summary)
    (draft.pending if mark in ("EC", "ED") else draft.lines).append(line)


def _details(line: Line, texts: list[Field], draft: Draft) -> None:
    """The words of :86: and :NS:, by their numbers where they have any."""
    for one in texts:
        parts: dict[str, str] = {}
        if one.tag == "NS":
            for text in one.lines:
                if _NUMBERED.match(text):
                    parts[text[:2]] = parts.get(text[:2], "") + text[2:]
            purpose = ["17", *(f"{n:02d}" for n in range(1, 15))]
            names, accounts = ["15", "16"], ["34"]
        else:
            whole = _unwrapped(one.lines)
            coded = _CODED.match(whole)
            if coded is None:
                line.summary = tidy(line.summary, whole)
                name = _NAME.search(whole)
                line.party = line.party or (tidy(name[1]) if name else None)
                continue
            draft.dialect = "subfields"
            for part in whole[coded.end() :].split(coded[1]):
                parts[part[:2]] = parts.get(part[:2], "") + part[2:]
            purpose = ["00", *(str(n) for n in (*range(20, 30), *range(60, 64)))]
            names, accounts = ["32", "33"], ["38", "31"]
        line.summary = tidy(line.summary, *(parts.get(key) for key in purpose))
        line.party = line.party or tidy("".join(parts.get(key, "") for key in names))
        account = next((re.sub(r"\s", "", parts[key]) for key in accounts if parts.get(key, "").strip()), None)
        line.party_account = line.party_account or account


def _unwrapped(lines: list[str]) -> str:
    """Lines of a text as one: a full line goes on without a blank."""
    text, full = "", True
    for line in lines:
        text += line if full else f" {line}"
        full = len(line) >= WRAP
    return text


def _sums(message: list[Field], draft: Draft, faults: Faults) -> None:
    """:90C: and :90D: of an interim report."""
    lines = [*draft.lines, *draft.pending]
    for one in message:
        if one.tag not in ("90C", "90D"):
            continue
        found = _SUM.fullmatch(one.value)
        if found is None:
            faults.add(_("应为笔数和合计,如 3CNY1234,50"), row=one.row, column=f":{one.tag}:", value=one.value)
            continue
        draft.currency = draft.currency or found[2]
        sizes = [line.amount_in if one.tag == "90C" else line.amount_out for line in lines]
        name = _("收入") if one.tag == "90C" else _("支出")
        draft.count(
            "totals", _("{name}笔数").format(name=name), int(found[1]), sum(size != 0 for size in sizes), one.row
        )
        try:
            draft.control("totals", name, _comma(found[3]), sum(sizes), one.row)
        except InvalidAmount as error:
            faults.add(str(error), row=one.row, column=f":{one.tag}:", value=one.value)
