"""The key that signs checkpoints: where it lies, which ones were announced, and how a new one follows an old.

A new key counts because a checkpoint under the old one holds the leaf that announces it; the
old key's file is kept beside it. A key nobody announced signs nothing (ledger.storage.log).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ledger import checkpoint
from ledger.errors import MeterbookError, Refused
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.storage import proof_sql as sql
from ledger.storage.engine import now
from ledger.storage.log import identity


@dataclass(frozen=True, slots=True)
class KeyState:
    """``announced``: (id, verifier key, operator, when), oldest first; ``here``: the id of the key on this machine."""

    origin: str
    path: Path | None
    here: str | None
    announced: list[tuple[str, str, str, str]]
    trouble: str = ""


def state(ledger: Ledger) -> KeyState:
    """The keys of a book, and which of them this machine has."""
    with ledger.store.reading() as session:
        _code, origin = identity(session, ledger.book_id)
        announced = sql.announced(session, ledger.book_id)
    keyring = ledger.store.keyring
    if keyring.memory:
        return KeyState(origin, None, keyring.signer(origin, create=False).key_id, announced)
    path = keyring.path(origin)
    try:
        return KeyState(origin, path, checkpoint.load_signer(origin, path).key_id, announced)
    except MeterbookError as error:
        return KeyState(origin, path, None, announced, str(error))


def renew(ledger: Ledger, operator: str) -> str:
    """A new key from now on; gives its verifier key.

    Interrupted between announcement and change of files, it is finished by doing it again.

    Raises:
        Refused, NotFound: the old key is not here, so that nobody could vouch for the new one.
    """
    known = state(ledger)
    if known.path is None:
        raise Refused(_("内存中的账套没有密钥文件"))
    if known.here is None:
        raise Refused(known.trouble)
    fresh = known.path.with_name(known.path.name + ".new")
    checkpoint.create_key(fresh)
    signer = checkpoint.load_signer(known.origin, fresh)
    if signer.key_id not in {row[0] for row in known.announced}:
        row = {
            "book_id": [ledger.book_id], "key_id": [signer.key_id], "vkey": [signer.vkey], "operator": [operator],
            "announced_at": [now()],
        }  # fmt: skip
        with ledger.store.writing(ledger.book_id) as session:
            session.insert("key", pl.DataFrame(row))
    known.path.replace(known.path.with_name(f"{known.path.name}.{known.here}.old"))
    fresh.replace(known.path)
    ledger.store.keyring.forget(known.origin)
    return signer.vkey
