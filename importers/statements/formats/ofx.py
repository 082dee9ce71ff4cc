"""OFX and QFX, both the SGML of version 1 and the XML of version 2: one ``Statement`` per STMTRS or CCSTMTRS.

Banks mix the two (an XML head over unclosed tags), so one reader serves both:
an element with a text is a value, closed or not; one without is a group if its
closing tag comes, else an empty value. Every group must close, or the file is
cut off. LEDGERBAL is the closing balance; OFX has no opening. DTDs are refused,
and no entity is expanded beyond the five of XML and character numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from importers.statements.formats.common import (
    LINE_MAX,
    Draft,
    Faults,
    Line,
    date_missing,
    exact_fen,
    head,
    iso_day,
    tidy,
)
from importers.statements.formats.xml import declared_encoding
from importers.statements.grid import decode, rejected
from ledger.i18n import _
from ledger.money import InvalidAmount

STATEMENTS = ("STMTRS", "CCSTMTRS")
ENTRIES = ("STMTTRN", "STMTTRNP")
DEPTH_MAX = 64
CHARSETS = {"1252": "cp1252", "1250": "cp1250", "1251": "cp1251", "8859-1": "iso-8859-1", "ISO-8859-1": "iso-8859-1"}
"""CHARSET of the version 1 head → codec."""
ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}

_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<cdata>.*?)\]\]>|<!--.*?-->|<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9._:-]{0,80})"
    r"(?:\s[^<>]{0,1000})?(?P<empty>/?)>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));")
_GROUP = re.compile(r"(RS|RSV[0-9]|LISTP?|TRNP?|BAL|FROM)$|^OFX$")
"""Names that are groups in every version."""
_CLOCK = re.compile(r"[0-9]{8}([0-2][0-9])([0-5][0-9])([0-5][0-9])")


@dataclass(slots=True, eq=False)
class Element:
    """A value or a group."""

    name: str
    row: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """The children of this name."""
        return [child for child in self.children if child.name == name]

    def first(self, path: str) -> Element | None:
        """The first element at a path of names."""
        node: Element | None = self
        for name in path.split("/"):
            node = next(iter(node.all(name)), None) if node else None
        return node

    def value(self, path: str) -> str | None:
        """The text at a path, None where there is none."""
        found = self.first(path)
        return found.text.strip() or None if found else None

    def deep(self, names: tuple[str, ...]) -> list[Element]:
        """All elements of these names, at any depth."""
        found, todo = [], [self]
        while todo:
            node = todo.pop()
            found += [node] if node.name in names else []
            todo += reversed(node.children)
        return found


def sniff(content: bytes) -> bool:
    """Whether the OFX head begins the file, or its root element stands near the top of what begins with an element.

    A cell of a table may speak of one: whoever pays writes the text.
    """
    return bool(re.match(r"\s*(OFXHEADER\s*:|(?=<)[\s\S]*?<\??OFX[\s>])", head(content), re.IGNORECASE))


def read(content: bytes, file: str) -> list[Draft]:
    """The statements of the file, in its order.

    Raises:
        ImportRejected: with every unreadable value.
    """
    text, encoding = decode(content, file, declared=_declared(content, file))
    root = _tree(text, file)
    faults = Faults(file)
    version = re.search(r"VERSION[=:]\"?\s*([0-9]{3})", head(content))
    dialect = f"ofx{version[1]}" if version else "ofx"
    _status(root, faults)
    statements = root.deep(STATEMENTS)
    drafts = [_statement(node, dialect, encoding, faults) for node in statements]
    placed = {id(entry) for node in statements for entry in node.deep(ENTRIES)}
    for stray in [entry for entry in root.deep(ENTRIES) if id(entry) not in placed][:1]:
        faults.add(_("流水不属于任何账户"), row=stray.row)
    investments = root.deep(("INVSTMTRS",))
    if investments:
        faults.add(_("投资账户的对账单不能导入"), row=investments[0].row)
    faults.check()
    return drafts


def _declared(content: bytes, file: str) -> str | None:
    found = re.search(r"^CHARSET[ \t]*:[ \t]*([A-Za-z0-9-]{1,20})[ \t\r]*$", head(content), re.MULTILINE)
    return CHARSETS.get(found[1].upper()) if found else declared_encoding(content, file)


def _tree(text: str, file: str) -> Element:
    """All elements under one root; see the module for what a missing closing tag means."""
    if found := re.search(r"<!(DOCTYPE|ENTITY|ELEMENT)", text, re.IGNORECASE):
        row = text.count("\n", 0, found.start()) + 1
        raise rejected(_("XML带有文档类型声明(DOCTYPE),拒绝读取"), file=file, row=row)
    for begin, end in (("<!--", "-->"), ("<![CDATA[", "]]>")):  # so that no search for an end runs in vain
        if (place := text.rfind(begin)) > text.rfind(end):
            row = text.count("\n", 0, place) + 1
            raise rejected(_("元素 {name} 没有结束,文件不完整").format(name=begin), file=file, row=row)
    root = Element("", 1)
    stack, place, row = [root], 0, 1
    for token in _TOKEN.finditer(text):
        words, before, place = text[place : token.start()], place, token.end()
        row += text.count("\n", before, token.start())
        _words(stack, words, token["cdata"], row, file)
        if token["name"] is not None:
            _tag(stack, token, row, file)
        row += text.count("\n", token.start(), token.end())
    begun = re.search(r"</?[A-Za-z][A-Za-z0-9._:-]{0,80}", text[place : place + LINE_MAX])
    if begun or len(stack) > 1:
        name = begun[0].lstrip("</") if begun else stack[1].name
        raise rejected(_("元素 {name} 没有结束,文件不完整").format(name=name), file=file, row=row)
    return root


def _tag(stack: list[Element], token: re.Match[str], row: int, file: str) -> None:
    """An opening or closing tag."""
    name = token["name"].upper()
    if stack[-1].text:  # a value ends where the next tag begins
        value = stack.pop()
        if token["close"] and value.name == name:
            return
    if token["close"]:
        _close(stack, name, row, file)
        return
    if len(stack) > DEPTH_MAX:
        raise rejected(_("XML嵌套超过 {n} 层").format(n=DEPTH_MAX), file=file, row=row)
    child = Element(name, row)
    stack[-1].children.append(child)
    if not token["empty"]:
        stack.append(child)


def _words(stack: list[Element], words: str, cdata: str | None, row: int, file: str) -> None:
    """Text before a tag, and the CDATA section that may be the token itself, into the open element."""
    if len(words) + len(cdata or "") > LINE_MAX and (words.strip() or cdata):
        raise rejected(_("一项文字长于 {n} 个字符").format(n=LINE_MAX), file=file, row=row)
    both = (_plain(words) if words.strip() else "") + (cdata or "")
    # what stands before the root or between groups is no value
    if both and len(stack) > 1 and not stack[-1].children:
        stack[-1].text += both
        if len(stack[-1].text) > LINE_MAX:
            raise rejected(_("一项文字长于 {n} 个字符").format(n=LINE_MAX), file=file, row=row)


def _plain(words: str) -> str:
    """The five entities and character numbers; anything else stays as it stands."""

    def one(found: re.Match[str]) -> str:
        if found[3]:
            return ENTITIES.get(found[3], found[0])
        code = int(found[1]) if found[1] else int(found[2], 16)
        return chr(code) if 0x20 <= code < 0xD800 or 0xDFFF < code <= 0x10FFFF else found[0]

    return _ENTITY.sub(one, words)


def _close(stack: list[Element], name: str, row: int, file: str) -> None:
    """Close a group; what stands open inside it were empty values."""
    place = next((index for index in range(len(stack) - 1, 0, -1) if stack[index].name == name), None)
    if place is None:
        raise rejected(_("结束标记 {name} 没有开始").format(name=name), file=file, row=row)
    group = stack[place]
    if any(_GROUP.search(open_.name) for open_ in stack[place + 1 :]):
        raise rejected(_("元素 {name} 没有结束,文件不完整").format(name=stack[place + 1].name), file=file, row=row)
    for empty in stack[place + 1 :]:
        group.children += empty.children
        empty.children = []
    del stack[place:]


def _status(root: Element, faults: Faults) -> None:
    """A response that failed carries no statement one could trust."""
    for status in root.deep(("STATUS",)):
        if status.value("SEVERITY") == "ERROR":
            why = status.value("MESSAGE") or status.value("CODE") or ""
            faults.add(_("银行返回错误:{why}").format(why=why[:200]), row=status.row, column="STATUS")


def _statement(node: Element, dialect: str, encoding: str, faults: Faults) -> Draft:
    account = node.value("BANKACCTFROM/ACCTID") or node.value("CCACCTFROM/ACCTID")
    if account is None:
        faults.add(_("缺少账号"), row=node.row, column="ACCTID")
    draft = Draft(
        format="ofx",
        dialect=dialect,
        encoding=encoding,
        row=node.row,
        account=account,
        currency=node.value("CURDEF"),
        opened=iso_day(node.value("BANKTRANLIST/DTSTART") or ""),
        closed=iso_day(node.value("BANKTRANLIST/DTEND") or ""),
    )
    if draft.currency is None:
        faults.add(_("缺少币种"), row=node.row, column="CURDEF")
    balance = node.first("LEDGERBAL")
    stated = node.value("LEDGERBAL/BALAMT")
    if balance is None or stated is None:
        draft.warn("closing_missing", _("文件没有给出期末余额"), row=balance.row if balance else node.row)
    else:
        draft.closing = faults.amount(_point(stated), row=balance.row, column="BALAMT")
        draft.closed = draft.closed or iso_day(node.value("LEDGERBAL/DTASOF") or "")
    for group in node.all("BANKTRANLIST"):
        for entry in group.all("STMTTRN"):
            draft.lines.append(_line(entry, draft, faults))
    for group in node.all("BANKTRANLISTP"):
        draft.pending += [_line(entry, draft, faults, booked=False) for entry in group.all("STMTTRNP")]
    if len(node.deep(ENTRIES)) != len(draft.lines) + len(draft.pending):
        faults.add(_("有流水不在 BANKTRANLIST 之内"), row=node.row)
    return draft


def _point(text: str) -> str:
    """OFX lets the decimal mark be a comma; a comma is never a thousands mark there."""
    return text.replace(",", ".") if "." not in text and text.count(",") == 1 else text


def _line(node: Element, draft: Draft, faults: Faults, *, booked: bool = True) -> Line:
    for name in ("TRNAMT", "DTPOSTED", "FITID"):
        if len(node.all(name)) > 1:
            faults.add(_("出现两次"), row=node.row, column=name)
    amount = node.value("TRNAMT")
    fen = 0
    try:
        fen = exact_fen(_point(amount or ""))
    except InvalidAmount as error:
        faults.add(str(error), row=node.row, column="TRNAMT", value=amount or "")
    other = node.value("CURRENCY/CURSYM")
    if other and other != draft.currency:
        faults.add(_("流水币种与账户币种 {a} 不同").format(a=draft.currency), row=node.row, value=other)
    posted = node.value("DTPOSTED" if booked else "DTTRAN") or ""
    day = iso_day(posted)
    if day is None and booked:
        date_missing(draft, node.row, posted)
    if node.value("CORRECTACTION"):
        message = _("第 {row} 行是对以前流水的更正,须人工处理").format(row=node.row)
        draft.error("correction", message, row=node.row)
    clock = _CLOCK.match(posted)
    check = node.value("CHECKNUM")
    return Line(
        date=day,
        amount_in=max(fen, 0),
        amount_out=max(-fen, 0),
        row=node.row,
        time=":".join(clock.groups()) if clock and clock.groups() != ("00", "00", "00") else None,
        serial=node.value("FITID"),
        party=tidy(node.value("NAME") or node.value("PAYEE/NAME")),
        party_account=node.value("BANKACCTTO/ACCTID") or node.value("CCACCTTO/ACCTID"),
        summary=tidy(*(memo.text for memo in node.all("MEMO"))) or tidy(node.value("NAME")),
        reference=tidy(None if check and not check.strip("0") else check, node.value("REFNUM")),
    )
