"""Message formats: one small reader each, chosen by what stands in the file.

Every module has ``sniff(content) -> bool`` and ``read(content, file) -> list[Draft]``.
They are written here because the field's libraries lose or add rows of damaged
files without a word (``reliability.md`` §4); what a reader cannot read is an
``ImportRejected`` with file, place and reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from importers.limits import is_large, within_limits
from importers.statements.formats import bai2, camt, mt940, ofx, qif
from importers.statements.formats.apart import apart, joined
from importers.statements.formats.common import Reader, finish
from importers.statements.grid import rejected
from importers.statements.statement import Statement
from ledger.i18n import _

READERS: Mapping[str, Reader] = {"mt940": mt940, "camt": camt, "ofx": ofx, "qif": qif, "bai2": bai2}


def find_reader(content: bytes, file: str) -> Reader | None:
    """The reader of a message format, None for a table.

    Raises:
        ImportRejected: two formats fit.
    """
    fitting = [name for name, reader in READERS.items() if reader.sniff(content)]
    if len(fitting) > 1:
        raise rejected(
            _("有 {n} 种格式都符合,不能确定:{names}").format(n=len(fitting), names="、".join(fitting)),
            file=file,
            code="dialect",
        )
    return READERS[fitting[0]] if fitting else None


def read_messages(reader: Reader, content: bytes, file: str, digest: str, opening: int | None) -> list[Statement]:
    """The statements of a message file; ``opening`` is said by a person where a lone one states none.

    Raises:
        ImportRejected: with every reason, or no statement in it.
    """
    if is_large(content):
        name = next(name for name, one in READERS.items() if one is reader)
        drafts = joined(within_limits(f"{__name__}:read_apart", content, name, file, file=file))
    else:
        drafts = reader.read(content, file)
    if not drafts:
        raise rejected(_("文件中没有对账单"), file=file)
    said = opening if len(drafts) == 1 else None
    return [finish(draft, file, digest, said) for draft in drafts]


def read_apart(content: bytes, name: str, file: str) -> Iterator[tuple[str, Any]]:
    """The drafts of a large file, in a child process."""
    return apart(READERS[name].read(content, file))
