"""Facts about the ledger itself (记录): approvals, acceptances, people, closes, signatures.

What is decided about entries is appended beside them, never written into them. Each
decision is a fact in a batch of its own kind, so that the one machinery serves it: a
number used once for ever (the database's key), a seal, leaves in the log, an operator
and an instant. Content is a flat JSON object of texts. Rules: architecture decision 9.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ledger.errors import Fault, Refused
from ledger.i18n import _
from ledger.storage import fact_sql as sql
from ledger.storage.engine import Session, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact as it stands in the ledger; to be recorded, give ``doc_no`` and what it says.

    ``doc_no`` is unique in its kind, ``subject`` what it is about, ``date`` the business date.
    """

    doc_no: str
    subject: str | None = None
    date: dt.date | None = None
    content: Mapping[str, str] = field(default_factory=dict)
    operator: str = ""
    recorded_at: str = ""
    batch_id: int = 0
    fact_id: int = 0

    def get(self, name: str) -> str:
        """A field of the content, ``''`` where it is not given."""
        return self.content.get(name, "")


def record(
    session: Session, book_id: int, kind: str, facts: Sequence[Fact], *, operator: str, today: dt.date
) -> tuple[int, str]:
    """Append facts as one sealed batch, in the transaction of the caller: ``(batch_id, recorded_at)``.

    Raises:
        Refused: a number of this kind is there already.
    """
    numbers = [fact.doc_no for fact in facts]
    taken = sql.taken(session, book_id, kind, numbers)
    if taken:
        raise Refused(
            [
                Fault(
                    message=_("{number} 已于 {when} 由 {who} 登记").format(number=n, when=w[:19], who=o), code="taken"
                )
                for n, o, w in taken
            ]
        )
    contents = [
        json.dumps([dict(fact.content)], ensure_ascii=False, sort_keys=True, separators=(",", ":")) for fact in facts
    ]
    digest = hashlib.sha256("\n".join(f"{n} {c}" for n, c in zip(numbers, contents, strict=True)).encode()).hexdigest()
    batch_id, first_entry, first_fact = sql.heads(session, book_id)
    recorded_at = now()
    session.insert(
        "batch",
        pl.DataFrame(
            {
                "book_id": [book_id], "batch_id": [batch_id], "batch_key": [f"{kind}:{digest}"], "kind": [kind],
                "first_entry": [first_entry], "entries": [0], "lines": [0], "first_fact": [first_fact],
                "facts": [len(facts)], "debit": [0], "credit": [0],
                "source_name": pl.Series([None], dtype=pl.String), "source_sha256": pl.Series([None], dtype=pl.String),
                "operator": [operator], "today": [today], "recorded_at": [recorded_at],
            }
        ),
    )  # fmt: skip
    session.insert(
        "fact",
        pl.DataFrame(
            {
                "book_id": [book_id] * len(facts),
                "fact_id": list(range(first_fact, first_fact + len(facts))),
                "batch_id": [batch_id] * len(facts),
                "kind": [kind] * len(facts),
                "doc_no": numbers,
                "subject": [fact.subject for fact in facts],
                "date": [fact.date for fact in facts],
                "content": contents,
                "sheet": [None] * len(facts),
                "row": [None] * len(facts),
            },
            schema_overrides={"subject": pl.String, "date": pl.Date, "sheet": pl.String, "row": pl.Int64},
        ),
    )
    session.seal(book_id, batch_id)
    return batch_id, recorded_at


def facts(session: Session, book_id: int, kind: str, *, subject: str | None = None) -> list[Fact]:
    """The facts of a kind (about a subject), in the order in which they were recorded."""
    return [
        Fact(
            fact_id=row[0], doc_no=row[1], subject=row[2], date=row[3], content=json.loads(row[4])[0],
            operator=row[5], recorded_at=row[6], batch_id=row[7],
        )
        for row in sql.facts(session, book_id, kind, subject)
    ]  # fmt: skip
