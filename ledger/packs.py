"""Month-end packs (月末资料包) that were handed over: what left, drawn from which checkpoint, and its hash.

::

    month closed ─first pack─▶ fact 'pack_issue' 2023-06/v1 (checkpoint, instant, sha256 of the zip and of each file)
    the same form again      ─▶ the same bytes, no new fact
    another form (unmasked, another language) ─▶ 2023-06/v2, from the same checkpoint

A form is masked or not and has a language. Once a month has a pack it stays closed
(``ledger.periods``). Rules: domain §4 C49, audit §2.3 (anchoring), §5.1 (33).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

from ledger import facts as records
from ledger.errors import Fault, Refused
from ledger.facts import Fact
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.periods import PACK
from ledger.storage import fact_sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One pack. ``size`` and ``root`` (hex) are its checkpoint's, ``instant`` the time it prints (UTC), ``sha256``
    that of the zip, ``files`` path → SHA-256 of what is in it; ``operator`` and ``batch_id`` once it is recorded."""

    period: str
    version: int
    masked: bool
    language: str
    size: int
    root: str
    instant: str
    software: str
    sha256: str = ""
    files: Mapping[str, str]
    reason: str = ""
    operator: str = ""
    batch_id: int = 0
    fact_id: int = 0

    @property
    def number(self) -> str:
        """``2023-06/v1``."""
        return f"{self.period}/v{self.version}"


def packs(session: Session, book_id: int, period: str) -> list[Pack]:
    """The packs of a month in the order of their issue."""
    return [
        Pack(
            period=period, version=int(fact.get("version")), masked=fact.get("masked") == "yes",
            language=fact.get("language"), size=int(fact.get("size")), root=fact.get("root"), instant=fact.get("instant"),
            software=fact.get("software"), sha256=fact.get("sha256"), files=json.loads(fact.get("files")),
            reason=fact.get("reason"), operator=fact.operator, batch_id=fact.batch_id, fact_id=fact.fact_id,
        )
        for fact in records.facts(session, book_id, PACK, subject=period)
    ]  # fmt: skip


def refuse_early(session: Session, ledger: Ledger, period: str, operator: str, *, drawn: str = "") -> None:
    """What keeps the first pack of a month back: the month is final from then on.

    Raises:
        Refused: it is not closed, or was not when the pack was ``drawn`` (instant); his role may not close months.
    """
    staff(session, ledger.book_id).require(operator, "close_month")
    last = fact_sql.last_period_event(session, ledger.book_id, period, "")
    if last is None or last[1] != "close" or (drawn and last[3] > drawn):
        message = _("{period} 尚未月结,不能交出月末资料包").format(period=period)
        raise Refused(Fault(message=message, value=period, code="C49"))


def record(ledger: Ledger, pack: Pack, *, operator: str, today: dt.date) -> Pack:
    """Write a pack down as handed over.

    Raises:
        Refused: the month was opened again meanwhile, or somebody else handed it over.
    """
    with ledger.store.writing(ledger.book_id) as session:
        person = staff(session, ledger.book_id).require(operator, "export")
        if pack.version == 1:
            refuse_early(session, ledger, pack.period, person.id, drawn=pack.instant)
        content = {
            "version": str(pack.version), "masked": "yes" if pack.masked else "no", "language": pack.language,
            "size": str(pack.size), "root": pack.root, "instant": pack.instant, "software": pack.software,
            "sha256": pack.sha256, "files": json.dumps(dict(pack.files), ensure_ascii=False, sort_keys=True),
            "reason": pack.reason,
        }  # fmt: skip
        fact = Fact(doc_no=pack.number, subject=pack.period, date=today, content=content)
        records.record(session, ledger.book_id, PACK, [fact], operator=person.id, today=today)
        return packs(session, ledger.book_id, pack.period)[-1]
