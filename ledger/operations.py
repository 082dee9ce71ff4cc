"""The operation log (操作日志): every command leaves a row, a refused one too.

::

    command ─▶ Operation ─record─▶ row n: …, chain = SHA-256(chain of n-1 ‖ canonical row)

The row is written in a short transaction of its own after the command's (or before it, where
personal data leaves the book), so that what was rolled back is still told. Chained rows
cannot be changed, taken out or put in between unseen (``check_chain``); that the newest
ones are missing shows against a backup's manifest, which keeps seq and chain.
Rules: domain §4 C40, audit §5.1 (32).
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger import redact
from ledger.errors import Refused
from ledger.i18n import _
from ledger.storage import journal_sql
from ledger.storage import operations as sql
from ledger.storage.engine import OPERATION_LOCK, Session, Store, now

TAG: Final = "meterbook.operation/1"
MESSAGE_MAX = 2_000
"""Characters of a message that are kept: a file may have thousands of faults."""

BACKUPS: Final = ("backup", "restore")
"""After either of them a good copy of the book exists outside it."""

BACKUP_HOURS = 24
"""C42: how old the last good backup may be."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """One thing done; texts go in as they are and are written without secrets."""

    command: str
    operator: str = ""
    arguments: tuple[str, ...] = ()
    result: str = "done"
    message: str = ""
    batch_id: int | None = None
    subject: str = ""
    place: str = field(default_factory=lambda: f"{getpass.getuser()}@{platform.node()}")
    terminal: str = field(default_factory=lambda: terminal())


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold. ``what``: ``gap`` (a row is missing before), ``altered`` (or put in)."""

    seq: int
    what: str

    def text(self) -> str:
        """One sentence."""
        said = {"gap": _("操作日志第 {seq} 行之前有缺行"), "altered": _("操作日志第 {seq} 行与校验链不符")}
        return said[self.what].format(seq=self.seq)


def terminal() -> str:
    """The terminal, and from which address it is used over the network."""
    parts = []
    with suppress(OSError, AttributeError):
        parts.append(os.ttyname(0))
    if remote := os.environ.get("SSH_CONNECTION", "").split(" ")[0]:
        parts.append(remote)
    return " ".join(parts)


def record(store: Store, book_id: int, done: Operation) -> int:
    """Write an operation down; gives its number."""
    with store.writing(book_id, lock=OPERATION_LOCK) as session:
        seq, chain = sql.head(session, book_id) or (0, genesis(session, book_id))
        row: dict[str, Any] = {
            "seq": seq + 1,
            "recorded_at": now(),
            "operator": done.operator,
            "place": done.place,
            "terminal": done.terminal,
            "command": done.command,
            "arguments": json.dumps([_clean(part) for part in done.arguments], ensure_ascii=False),
            "result": done.result,
            "message": _clean(done.message)[:MESSAGE_MAX],
            "batch_id": done.batch_id,
            "subject": _clean(done.subject)[:MESSAGE_MAX],
        }
        sql.append(session, book_id, {**row, "chain": link(chain, row)})
    return seq + 1


def _clean(text: str) -> str:
    """Without passwords; card and account numbers keep four digits; what a database cannot hold is left out."""
    kept = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return redact.numbers(redact.text(redact.address(kept)))


def genesis(session: Session, book_id: int) -> str:
    """What the first row hangs on: this very book."""
    return hashlib.sha256(f"{TAG}\n{journal_sql.book_birth(session, book_id)}".encode()).hexdigest()


def link(before: str, row: Mapping[str, Any]) -> str:
    """The chain after a row: SHA-256 over the chain before, a newline, and the row as a JSON array of texts and null."""
    cells = [None if row[name] is None else str(row[name]) for name in sql.COLUMNS if name != "chain"]
    said = json.dumps([TAG, *cells], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def check_chain(session: Session, book_id: int) -> list[Broken]:
    """Where rows are missing or altered; empty where all is well. Streams: any length."""
    found: list[Broken] = []
    seq, chain = 0, genesis(session, book_id)
    for page in sql.pages(session, book_id):
        for row in page:
            if row["seq"] != seq + 1:
                found.append(Broken(row["seq"], "gap"))
            elif link(chain, row) != row["chain"]:
                found.append(Broken(row["seq"], "altered"))
            seq, chain = int(row["seq"]), str(row["chain"])
    return found


def head(session: Session, book_id: int) -> tuple[int, str]:
    """Number and chain of the last row, for whoever keeps them elsewhere."""
    return sql.head(session, book_id) or (0, genesis(session, book_id))


def search(
    session: Session,
    book_id: int,
    *,
    zone: str,
    by: Iterable[str] = (),
    start: str | None = None,
    end: str | None = None,
    text: str = "",
    limit: int = 1_000,
) -> list[dict[str, Any]]:
    """The newest operations that fit, oldest first: by whom, between two days or instants, with which words.

    Days and instants are those of the book's time ``zone``; ``end`` as a day includes that day.

    Raises:
        Refused: a time that is none.
    """
    rows = sql.search(
        session, book_id, by=tuple(by), start=_instant(start, zone, last=False), end=_instant(end, zone, last=True),
        text=text, limit=limit,
    )  # fmt: skip
    return rows[::-1]


def _instant(said: str | None, zone: str, *, last: bool) -> str:
    """A day or an instant of the zone as the log has it: text in UTC."""
    if said is None:
        return "9999" if last else ""
    try:
        moment = dt.datetime.fromisoformat(said)
    except ValueError:
        raise Refused(_("“{text}”不是时间,应写作 2023-06-30 或 2023-06-30T08:00").format(text=said)) from None
    if last and len(said) == len("2023-06-30"):
        moment += dt.timedelta(days=1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def last_backup(session: Session, book_id: int) -> str | None:
    """When a good copy of this book was last made, ISO in UTC; None: never."""
    return sql.last_done(session, book_id, BACKUPS)


def backup_overdue(session: Session, book_id: int, *, moment: dt.datetime | None = None) -> bool:
    """C42: the last good backup, or the book itself where there is none, is older than 24 hours."""
    known = last_backup(session, book_id) or journal_sql.book_birth(session, book_id).rpartition(" ")[2]
    age = (moment or dt.datetime.now(dt.UTC)) - dt.datetime.fromisoformat(known)
    return age > dt.timedelta(hours=BACKUP_HOURS)
