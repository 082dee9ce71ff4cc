"""Whether a book is what it says (校验): everything derived again from the rows, held to the signed log.

::

    verify ─▶ history    log, leaves, tree, signatures; counts, vouchers, balances, seals of each batch
           ─▶ records    rows that are in no batch
           ─▶ the rest   numbers used once, references, matches, source files, operation log, laws
    verify(against=note) ─▶ and the kept checkpoint is a beginning of this log
    prove  ─▶ proofs     one entry, its path, its checkpoint: for exports/audit/verify_proof.py

What the owner of a database can do, the laws cannot prevent; this finds it. Who rewrites
the whole history and signs it anew is found by a checkpoint kept elsewhere, and only by it.
Source: audit.md §2, architecture decision 7.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ledger import checkpoint, operations
from ledger.i18n import _
from ledger.integrity import records
from ledger.integrity.findings import Finding, Report, titles
from ledger.integrity.history import History
from ledger.integrity.proofs import newest, prove, prove_facts
from ledger.journal import Ledger, Progress
from ledger.storage import proof_sql as sql
from ledger.storage import schema_check
from ledger.storage.engine import Session
from ledger.storage.tables import metadata

__all__ = ["Finding", "Report", "check_laws", "newest", "prove", "prove_facts", "titles", "verify", "verify_in"]

WORKERS = 2
"""Ranges read at a time: databases read while Python hashes."""


def verify(ledger: Ledger, *, against: str | None = None, progress: Progress | None = None) -> Report:
    """Hold a whole book to its log. ``against``: a checkpoint that somebody kept (signed note)."""

    def read(question: Callable[[Session], Any]) -> Any:
        with ledger.store.reading() as other:
            return question(other)

    with ledger.store.reading() as session:
        if ledger.store.keyring.memory:  # a book in memory has one connection
            return verify_in(session, ledger.book_id, against=against, progress=progress)
        with ThreadPoolExecutor(WORKERS) as pool:
            return verify_in(session, ledger.book_id, against=against, progress=progress, read=read, pool=pool)


def verify_in(
    session: Session,
    book_id: int,
    *,
    against: str | None = None,
    progress: Progress | None = None,
    read: Callable[[Callable[[Session], Any]], Any] | None = None,
    pool: ThreadPoolExecutor | None = None,
    laws: bool = True,
) -> Report:
    """:func:`verify` in a session of the caller; ``read`` and ``pool``: others that may read beside it.

    ``laws=False`` leaves the law objects out (the tamper drill has taken them out itself).
    """
    out = Report()

    def steps(done: int, of: int) -> None:
        if progress is not None:
            progress(_("校验"), done, of)

    def guarded(place: str, check: Callable[[], object]) -> None:
        # What cannot be read is a finding like any other, and the next check may still speak.
        try:
            check()
        except Exception as error:
            out.add("unreadable", place, found=f"{type(error).__name__}: {error}")

    history: History | None = None
    try:
        history = History(session, book_id, out)
    except Exception as error:
        out.add("unreadable", "log", found=f"{type(error).__name__}: {error}")
    if history is not None:
        held = history
        guarded("log", lambda: held.check(read or (lambda question: question(session)), pool, steps))
        guarded("records", lambda: records.check(session, book_id, held.code, held.other, out))
        if against is not None:
            guarded("checkpoint", lambda: _against(held, against, out))
    for code, table, question in sql.QUESTIONS:
        guarded(table, partial(_ask, session, book_id, code, table, question, out))
    guarded("source_file", lambda: _sources(session, book_id, out))
    guarded("operation", lambda: _operations(session, book_id, out))
    guarded("book", lambda: _strangers(session, out))
    if laws:
        guarded("laws", lambda: _laws(session, out))
    return out


def _ask(session: Session, book_id: int, code: str, table: str, question: str, out: Report) -> None:
    for one in sql.answers(session, question, book_id, 20):
        out.add(code, f"{table} {one}")


def _sources(session: Session, book_id: int, out: Report) -> None:
    for named, found in sql.sources(session, book_id):
        if named != found:
            out.add("source", f"source_file {named}", named, found)


def _operations(session: Session, book_id: int, out: Report) -> None:
    for broken in operations.check_chain(session, book_id):
        out.add("operation", f"operation {broken.seq}", found=broken.text())
    for seq in sql.outside(session, "operation", "seq", book_id, -(2**62), 0, 5):  # in front of the chain
        out.add("operation", f"operation {seq}", found=seq)


def _strangers(session: Session, out: Report) -> None:
    known = sql.books(session)
    for table in sorted(metadata.tables):
        for book_id in sql.strangers(session, table, known):
            out.add("stranger", f"{table} book_id {book_id}")


def check_laws(session: Session) -> Report:
    """The law objects alone."""
    report = Report()
    _laws(session, report)
    return report


def _laws(session: Session, out: Report) -> None:
    for what, name, expected, found in schema_check.differences(session):
        out.add(f"law.{what}", name, expected, found)


def _against(history: History, note: str, out: Report) -> None:
    """A kept checkpoint: signed by a key of this book, of this log, and a beginning of it."""
    try:
        kept = checkpoint.read_note(note, [key for key in history.announced.values() if _is_key(key)])
    except ValueError as error:
        code = "checkpoint.signature" if checkpoint.signatures(note) else "checkpoint.unreadable"
        out.add(code, "checkpoint", found=error)
        return
    if kept.origin != history.origin:
        out.add("checkpoint.origin", f"checkpoint {kept.size}", history.origin, kept.origin)
    elif kept.size > history.tree.size:
        out.add("checkpoint.ahead", f"checkpoint {kept.size}", kept.size, history.tree.size)
    elif history.roots.get(kept.size) != kept.root:
        found = history.roots.get(kept.size)
        out.add("checkpoint.history", f"checkpoint {kept.size}", kept.root.hex(), found.hex() if found else "")


def _is_key(text: Any) -> bool:
    try:
        checkpoint.public_of(str(text))
    except ValueError:
        return False
    return True
