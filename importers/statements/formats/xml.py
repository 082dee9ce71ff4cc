"""XML → a small tree with line numbers; no DTD, no entities, no depth, no network.

Expat reads; a document type is refused before anything in it is looked at, so
there are no entities to expand and nothing to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from importers.statements.formats.common import HEAD, LINE_MAX
from importers.statements.grid import decode, rejected
from ledger.i18n import _

DEPTH_MAX = 64
ENCODINGS = frozenset(
    "utf-8 us-ascii gb2312 gbk gb18030 iso-8859-1 iso-8859-2 iso-8859-15 windows-1250 windows-1252 big5".split()
)
"""What an XML declaration may name besides UTF-16, which has its mark."""

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


@dataclass(slots=True, eq=False)
class Node:
    """An element: its local name, the line it begins on, its text and children."""

    name: str
    row: int
    space: str = ""
    currency: str | None = None
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """The children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, path: str) -> Node | None:
        """The first element at a path of names, ``Acct/Id/IBAN``."""
        node: Node | None = self
        for name in path.split("/"):
            node = next(node.all(name), None) if node else None
        return node

    def value(self, *paths: str) -> str | None:
        """The text at the first of the paths that has any."""
        for path in paths:
            found = self.first(path)
            if found is not None and found.text.strip():
                return found.text.strip()
        return None


def declared_encoding(content: bytes, file: str) -> str | None:
    """The encoding an XML declaration names.

    Raises:
        ImportRejected: one we do not read.
    """
    found = _DECLARED.search(content[:HEAD])
    if found is None:
        return None
    name = found[1].decode("ascii").lower()
    if name in ("utf-16", "utf-8"):
        return None
    if name not in ENCODINGS:
        raise rejected(_("不支持的编码 {name}").format(name=name), file=file, row=1)
    return name


def parse(content: bytes, file: str, finish: Callable[[Node, Node | None], bool]) -> str:
    """Read the whole document; ``finish`` sees every closed element with its parent, and says whether it is kept there.

    Returns:
        The encoding of the file.

    Raises:
        ImportRejected: not well-formed, a document type, too deep, absurd texts.
    """
    text, encoding = decode(content, file, declared=declared_encoding(content, file))
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="\n")
    parser.buffer_text = True
    stack: list[Node] = []
    texts: list[list[str]] = []

    def refuse(message: str) -> None:
        raise rejected(message, file=file, row=parser.CurrentLineNumber)

    def doctype(*_rest: object) -> None:
        refuse(_("XML带有文档类型声明(DOCTYPE),拒绝读取"))

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= DEPTH_MAX:
            refuse(_("XML嵌套超过 {n} 层").format(n=DEPTH_MAX))
        space, _bar, local = name.rpartition("\n")
        stack.append(Node(local, parser.CurrentLineNumber, space, attributes.get("Ccy")))
        texts.append([])

    def words(data: str) -> None:
        if texts[-1] or data.strip():  # blanks between elements are no text
            texts[-1].append(data)

    def end(_name: str) -> None:
        node, parts = stack.pop(), texts.pop()
        if sum(map(len, parts)) > LINE_MAX:
            raise rejected(_("一项文字长于 {n} 个字符").format(n=LINE_MAX), file=file, row=node.row)
        node.text = "".join(parts)
        parent = stack[-1] if stack else None
        if finish(node, parent) and parent is not None:
            parent.children.append(node)

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.CharacterDataHandler = words
    parser.EndElementHandler = end
    try:
        # the declaration named the encoding of the bytes; the text has none
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise rejected(_("不是完整合格的XML:{why}").format(why=why), file=file, row=error.lineno) from error
    except UnicodeEncodeError as error:
        raise rejected(_("文件含有不成对的代理字符"), file=file) from error
    return encoding
