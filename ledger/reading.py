"""Leafing through a book: batches, what stands in them, why a line is matched, where it stands in the log.

::

    batches ─▶ batch ─▶ entries, facts ─▶ ledger.views.entry ─▶ match   the bank's lines it met
                                                             ─▶ proof   its leaf, path and checkpoint

Everything here costs the same in a long book as in a short one: pages go by key, a match by
its line, a proof reads what the entry's own batch added to the log and nothing before it.
Amounts are fen (Int64).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ledger import checkpoint
from ledger.errors import NotFound
from ledger.i18n import _
from ledger.merkle import WIDTH, Frontier, later_path, leaf_hash, verify_inclusion
from ledger.storage import page_sql as sql
from ledger.storage import proof_sql
from ledger.storage.engine import Session
from ledger.storage.log import identity

TEXT, FEN, DATE = pl.String(), pl.Int64(), pl.Date()

BATCHES: dict[str, pl.DataType] = {
    "batch_id": FEN, "batch_key": TEXT, "kind": TEXT, "first_entry": FEN, "entries": FEN, "lines": FEN, "first_fact": FEN,
    "facts": FEN, "debit": FEN, "credit": FEN, "source_name": TEXT, "source_sha256": TEXT, "operator": TEXT, "today": DATE,
    "recorded_at": TEXT, "seal": FEN, "sealed_at": TEXT,
}  # fmt: skip
"""A sealed batch; ``seal`` is the number of its seal."""

ENTRIES: dict[str, pl.DataType] = {
    "entry_id": FEN, "date": DATE, "vtype": TEXT, "vno": FEN, "kind": TEXT, "event": TEXT, "doc_no": TEXT, "memo": TEXT,
    "sheet": TEXT, "row": FEN, "debit": FEN,
}  # fmt: skip

FACTS: dict[str, pl.DataType] = {
    "fact_id": FEN, "kind": TEXT, "doc_no": TEXT, "subject": TEXT, "date": DATE, "sheet": TEXT, "row": FEN,
}  # fmt: skip

BANK_LINES: dict[str, pl.DataType] = {
    "line_id": FEN, "date": DATE, "serial": TEXT, "amount_in": FEN, "amount_out": FEN, "party": TEXT,
    "party_account": TEXT, "summary": TEXT, "reference": TEXT, "line_no": FEN, "file_name": TEXT, "sha256": TEXT,
}  # fmt: skip

_LAST = 2**62


def state(session: Session, book_id: int) -> tuple[int, int]:
    """Seals, and rows of the log: while both stay the same, whatever is drawn from the book does too."""
    seals, rows = session.rows(sql.STATE, book_id=book_id)[0]
    return int(seals), int(rows)


# -- batches --------------------------------------------------------------------------------


def batches(session: Session, book_id: int, *, before: int | None = None, limit: int = 50) -> pl.DataFrame:
    """One page of batches (:data:`BATCHES`), the newest first; ``before``: older than this number."""
    return session.frame(sql.BATCHES, BATCHES, book_id=book_id, before=_LAST if before is None else before, limit=limit)


def newer(session: Session, book_id: int, before: int, limit: int = 50) -> int | None:
    """Where the page of newer batches begins (its ``before``); None on the first page."""
    found = session.rows(sql.NEWER, book_id=book_id, before=before, limit=limit + 1)
    if not found:
        return None
    return int(found[-1][0]) if len(found) > limit else _LAST


def batch(session: Session, book_id: int, batch_id: int) -> dict[str, Any]:
    """One batch.

    Raises:
        NotFound: there is none of that number.
    """
    found = session.frame(sql.BATCH, BATCHES, book_id=book_id, batch_id=batch_id)
    if found.is_empty():
        raise NotFound(_("没有批次 {batch}").format(batch=batch_id))
    return found.row(0, named=True)


def entries(session: Session, book_id: int, of: Mapping[str, Any], offset: int, limit: int) -> pl.DataFrame:
    """Some entries (:data:`ENTRIES`) of a batch: its numbers are dense, so a place in it is a number."""
    first, last = _range(of["first_entry"], of["entries"], offset, limit)
    return session.frame(sql.ENTRIES, ENTRIES, book_id=book_id, first=first, last=last)


def facts(session: Session, book_id: int, of: Mapping[str, Any], offset: int, limit: int) -> pl.DataFrame:
    """The same of its facts (:data:`FACTS`)."""
    first, last = _range(of["first_fact"], of["facts"], offset, limit)
    return session.frame(sql.FACTS, FACTS, book_id=book_id, first=first, last=last)


def _range(first: int, count: int, offset: int, limit: int) -> tuple[int, int]:
    return first + offset, first + min(offset + limit, count) - 1


# -- customers ------------------------------------------------------------------------------


def customers(session: Session, book_id: int, prefix: str, limit: int) -> list[str]:
    """Customer numbers that begin with ``prefix``, in their order."""
    high = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return [str(row[0]) for row in session.rows(sql.CUSTOMERS, book_id=book_id, low=prefix, high=high, limit=limit)]


# -- matches --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """What a line of the book stands in.

    ``head``: match_id, bank, stage, evidence, operator, recorded_at; ``members``: side, ref, amount;
    ``bank_lines``: those of the bank (:data:`BANK_LINES`) with the place in their file.
    """

    head: Mapping[str, Any]
    members: pl.DataFrame
    bank_lines: pl.DataFrame


def match(session: Session, book_id: int, entry_id: int, line: int) -> Match | None:
    """The match of a journal line; None while it stands in none."""
    schema = {"match_id": FEN, "bank": TEXT, "stage": TEXT, "evidence": TEXT, "operator": TEXT, "recorded_at": TEXT}
    found = session.frame(sql.MATCH_OF, schema, book_id=book_id, ref=f"{entry_id}:{line}")
    if found.is_empty():
        return None
    head = found.row(0, named=True)
    members = session.frame(
        sql.MEMBERS, {"side": TEXT, "ref": TEXT, "amount": FEN}, book_id=book_id, match_id=head["match_id"]
    )
    # an opening item (O7) is of no statement
    numbers = members.filter((pl.col("side") == "bank") & pl.col("ref").str.contains(r"^\d+$"))["ref"]
    session.want("line", numbers.cast(pl.Int64))
    return Match(head, members, session.frame(sql.BANK_LINES, BANK_LINES, book_id=book_id))


# -- the log --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That an entry stands in the log: its leaf, and the way from it to the root that its batch's checkpoint signs.

    ``leaf`` and ``path`` in hex from the leaf upwards, ``index`` from 0, ``note`` the signed checkpoint.
    ``included``: the entry as it lies in the database is that leaf, and the way leads to that root;
    ``signed``: a key of the book signed that root.
    """

    index: int
    leaf: str
    path: tuple[str, ...]
    size: int
    root: str
    note: str
    key_id: str
    recorded_at: str
    included: bool
    signed: bool


def proof(session: Session, book_id: int, entry_id: int, batch_id: int) -> Proof:
    """The proof of an entry under the checkpoint of its own batch.

    ``meterbook prove`` gives it under the newest one, for somebody who has no Meterbook; this one
    needs nothing that was logged before the batch but the frontier it was added to.

    Raises:
        NotFound: the batch is not in the log.
    """
    rows = session.rows(sql.LOGGED, book_id=book_id, batch_id=batch_id)
    if not rows:
        raise NotFound(_("日志中没有凭证 {entry}").format(entry=entry_id))
    _seq, first, root, note, key_id, recorded_at, hashes, before = rows[0]
    leaves = bytes(hashes)
    place = proof_sql.place_of_entry(session, book_id, entry_id)
    index = int(first) if place is None else place
    frontier = Frontier() if before is None else Frontier.parse(str(before))
    at = index - frontier.size
    leaf = leaves[at * WIDTH : (at + 1) * WIDTH]
    path = later_path(frontier, leaves, at)
    size = frontier.size + len(leaves) // WIDTH
    code, _origin = identity(session, book_id)
    own = leaf_hash(proof_sql.entry_record(session, code, book_id, entry_id).encode())
    led = verify_inclusion(own, index, size, path, bytes.fromhex(str(root)))
    return Proof(
        index=index,
        leaf=leaf.hex(),
        path=tuple(step.hex() for step in path),
        size=size,
        root=str(root),
        note=str(note),
        key_id=str(key_id),
        recorded_at=str(recorded_at),
        included=own == leaf and led,
        signed=_signed(session, book_id, str(note), str(root), size),
    )


def _signed(session: Session, book_id: int, note: str, root: str, size: int) -> bool:
    keys = [vkey for _id, vkey, _operator, _at in proof_sql.announced(session, book_id)]
    try:
        said = checkpoint.read_note(note, keys)
    except ValueError:
        return False
    return said.size == size and said.root.hex() == root
