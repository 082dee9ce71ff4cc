"""Proof of one entry for somebody who has no Meterbook, and the newest checkpoint.

::

    {"format": "meterbook.proof/1", "entry": "[…]", "index": 16, "path": […], "checkpoint": "…",
     "keys": [{"vkey": …}, {"vkey": …, "announced": {entry, index, path, checkpoint}}],
     "consistency": {"size": 12, "path": […]}}

``entry`` is the text whose bytes are hashed, ``index`` its leaf (from 0), paths hold hashes
in hex from the leaf upwards. Each later key comes with the proof of the leaf that announces
it, under a checkpoint signed by an earlier one. ``exports/audit/verify_proof.py`` checks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger import checkpoint, leaves
from ledger.errors import NotFound, Refused
from ledger.i18n import _
from ledger.merkle import WIDTH, consistency_path, inclusion_path, leaf_hash, root
from ledger.storage import proof_sql as sql
from ledger.storage.engine import Session
from ledger.storage.log import identity
from ledger.storage.tables import metadata

FORMAT = "meterbook.proof/1"


def newest(session: Session, book_id: int) -> sql.LogRow:
    """The last row of the log, with the newest checkpoint.

    Raises:
        NotFound: the log is empty.
    """
    found = sql.newest(session, book_id)
    if found is None:
        raise NotFound(_("账套还没有检查点"))
    return found


def prove(session: Session, book_id: int, entry_id: int, *, kept: str | None = None) -> dict[str, Any]:
    """The proof of an entry under the newest checkpoint; ``kept``: one that it is also shown to go on from.

    Raises:
        NotFound: no such entry in the log.
        Refused: the entry is not what was logged, the kept checkpoint is none of this log.
    """
    at = sql.place_of_entry(session, book_id, entry_id)
    if at is None:
        raise NotFound(_("日志中没有凭证 {entry}").format(entry=entry_id))
    head = newest(session, book_id)
    blob = sql.hashes(session, book_id)
    if root(blob).hex() != head.root:
        raise Refused(_("日志的树与叶不符,请先运行 meterbook verify"))
    code, _origin = identity(session, book_id)
    record = sql.entry_record(session, code, book_id, entry_id)
    if leaf_hash(record.encode()) != blob[at * WIDTH : (at + 1) * WIDTH]:
        raise Refused(_("凭证 {entry} 的内容与日志中的叶不符,请先运行 meterbook verify").format(entry=entry_id))
    keys = _keys(session, book_id, code, blob)
    made = {"format": FORMAT, **_included(record, at, blob, head.note), "keys": keys}
    if kept is not None:
        made["consistency"] = _consistency(blob, kept, [key["vkey"] for key in keys])
    return made


def prove_facts(session: Session, book_id: int, fact_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The proofs of facts under the newest checkpoint; the log is read once for all of them.

    Raises:
        NotFound: no such fact in the log.
        Refused: a fact is not what was logged.
    """
    head = newest(session, book_id)
    blob = sql.hashes(session, book_id)
    if root(blob).hex() != head.root:
        raise Refused(_("日志的树与叶不符,请先运行 meterbook verify"))
    code, _origin = identity(session, book_id)
    keys = _keys(session, book_id, code, blob)
    made = []
    for number in fact_ids:
        at = sql.place_of_fact(session, book_id, number)
        if at is None:
            raise NotFound(_("日志中没有资料 {fact}").format(fact=number))
        record = sql.fact_record(session, code, book_id, number)
        if leaf_hash(record.encode()) != blob[at * WIDTH : (at + 1) * WIDTH]:
            raise Refused(_("资料 {fact} 的内容与日志中的叶不符,请先运行 meterbook verify").format(fact=number))
        made.append({"format": FORMAT, **_included(record, at, blob, head.note), "keys": keys})
    return made


def _included(record: str, index: int, blob: bytes, note: str) -> dict[str, Any]:
    path = [step.hex() for step in inclusion_path(blob, index)]
    return {"entry": record, "index": index, "path": path, "checkpoint": note}


def _consistency(blob: bytes, note: str, keys: list[str]) -> dict[str, Any]:
    try:
        kept = checkpoint.read_note(note, keys)
    except ValueError as error:
        raise Refused(_("保存的检查点无效:{error}").format(error=error)) from None
    if not 0 < kept.size <= len(blob) // WIDTH or root(blob[: kept.size * WIDTH]) != kept.root:
        raise Refused(_("账簿的历史不是从这个检查点开始的,请运行 meterbook verify --against"))
    return {"size": kept.size, "path": [step.hex() for step in consistency_path(blob, kept.size)]}


def _keys(session: Session, book_id: int, code: str, blob: bytes) -> list[dict[str, Any]]:
    """The keys in the order of their announcements."""
    columns = metadata.tables["key"].columns.keys()
    places = sql.announcements(session, book_id)
    found: list[tuple[int, dict[str, Any]]] = []
    for page in sql.pages(session, "key", book_id):
        for row, record in zip(page.to_dicts(), leaves.rows(code, "key", columns, page), strict=True):
            if at := places.get(row["key_id"]):
                index, size, note = at
                shown = _included(record, index, blob[: size * WIDTH], note)
                found.append((index, {"vkey": row["vkey"], "announced": shown}))
    found.sort(key=lambda one: one[0])
    return [key if place else {"vkey": key["vkey"]} for place, (_index, key) in enumerate(found)]
