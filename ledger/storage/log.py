"""The log as the engine keeps it: whatever a transaction inserts has its leaves before it commits.

::

    Session.insert ─frames─▶ Writer ─at the seal─▶ entries, facts, manifest of the batch ─┐
                                    ─at COMMIT──▶ all other rows                          ─┴▶ log row, signed

A table says in ``Table.info["log"]`` how it is logged: ``row`` (default), ``set`` (one leaf
over the rows of one insert, for bulk tables) or False. What the seal derives has no leaves:
``ledger.integrity`` derives it again. Source: audit.md §2.3, architecture decision 7.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import DefaultClause

from ledger import checkpoint, leaves
from ledger.errors import Refused
from ledger.i18n import _
from ledger.merkle import Frontier, leaf_hashes
from ledger.storage.tables import metadata

if TYPE_CHECKING:
    from ledger.checkpoint import Signer
    from ledger.storage.engine import Session

BATCH_TABLES = frozenset({"batch", "entry", "posting", "fact"})

CHUNK = 25_000
"""Entries written out at a time: bounds memory."""
CLOCK_SLACK = dt.timedelta(minutes=2)
"""Two machines' clocks differ by so much without harm."""


def mode(table: str) -> str | bool:
    """How a table is logged: ``row``, ``set`` or False."""
    found = metadata.tables[table]
    if found.info["writer"] != "app":
        return False
    return found.info.get("log", "row")  # type: ignore[no-any-return]


class Keyring:
    """The signers of a store, one per log, read when first something is written.

    ``memory``: keys that live as long as the store. ``beside``: a key file that is used where it
    exists and ``METERBOOK_KEY`` names no other (the demo keeps its key beside its book).
    """

    def __init__(self, *, memory: bool = False, beside: Path | None = None) -> None:
        self.memory = memory
        self.beside = beside
        self._signers: dict[str, Signer] = {}

    def signer(self, origin: str, *, create: bool) -> Signer:
        """The signer of a log; ``create`` makes its key where there is none yet.

        Raises:
            NotFound: the key file is not on this machine.
        """
        if origin not in self._signers:
            if self.memory:
                self._signers[origin] = checkpoint.memory_signer(origin)
            else:
                path = self.path(origin)
                if create:
                    checkpoint.create_key(path)
                self._signers[origin] = checkpoint.load_signer(origin, path)
        return self._signers[origin]

    def forget(self, origin: str) -> None:
        """Read the key of a log anew: its file has changed."""
        self._signers.pop(origin, None)

    def path(self, origin: str) -> Path:
        """Where the key of a log lies, or would."""
        if self.beside is not None and not os.environ.get("METERBOOK_KEY") and self.beside.exists():
            return self.beside
        return checkpoint.key_path(origin)


class Writer:
    """The leaves of one transaction, from what it inserted."""

    def __init__(self, session: Session, keyring: Keyring) -> None:
        self.session = session
        self.keyring = keyring
        self._batch: dict[str, list[pl.DataFrame]] = {}
        self._rows: list[tuple[str, pl.DataFrame]] = []

    def note(self, table: str, frame: pl.DataFrame) -> None:
        """Remember what was inserted."""
        if table in BATCH_TABLES:
            self._batch.setdefault(table, []).append(frame)
        elif mode(table):
            self._rows.append((table, frame))

    def waiting(self) -> list[tuple[int, int]]:
        """``(book_id, batch_id)`` of the batches whose leaves are not written yet."""
        return [key for frame in self._batch.get("batch", []) for key in frame.select("book_id", "batch_id").rows()]

    def seal(self, book_id: int, batch_id: int) -> None:
        """Write the leaves of a batch, before its seal."""
        parts = self._taken(book_id, batch_id)
        batch = parts.get("batch")
        if batch is None or batch.is_empty():
            return  # a batch of another hand: the law on the seal will miss its leaves
        code, origin, first = self._book(book_id)
        hashes = []
        if "entry" in parts:
            hashes.append(_entry_hashes(code, batch, parts["entry"], parts.get("posting")))
        if "fact" in parts:
            hashes.append(_hashes(leaves.facts(code, batch, parts["fact"])))
        hashes.append(_hashes(leaves.manifest(code, batch)))
        self._append(book_id, origin, b"".join(hashes), "batch", batch_id, first=first)

    def _taken(self, book_id: int, batch_id: int) -> dict[str, pl.DataFrame]:
        """The rows of one batch, out of what waits for a seal (nearly always that batch alone)."""
        parts = {table: pl.concat(frames, how="diagonal") for table, frames in self._batch.items()}
        self._batch.clear()
        if len(parts.get("batch", ())) == 1 and parts["batch"].select("book_id", "batch_id").row(0) == (
            book_id,
            batch_id,
        ):
            return parts
        mine = (pl.col("book_id") == book_id) & (pl.col("batch_id") == batch_id)
        of_lines = pl.col("book_id") == book_id
        if "entry" in parts:
            of_lines &= pl.col("entry_id").is_in(parts["entry"].filter(mine)["entry_id"].implode())
        masks = {table: of_lines if table == "posting" else mine for table in parts}
        for table, frame in parts.items():
            if len(rest := frame.filter(~masks[table])):
                self._batch[table] = [rest]
        return {table: frame.filter(masks[table]) for table, frame in parts.items()}

    def finish(self) -> None:
        """Write the leaves of everything that is in no batch, before the commit.

        A batch that nobody sealed is sealed by PostgreSQL itself at the commit, so its leaves
        are written too; on SQLite it stays in the dark.
        """
        if self.session.dialect == "postgresql":
            for book_id, batch_id in self.waiting():
                self.seal(book_id, batch_id)
        self._batch.clear()
        books: dict[int, list[tuple[str, pl.DataFrame]]] = {}
        for table, frame in self._rows:
            ids = frame["book_id"].unique(maintain_order=True)
            for book_id in ids:
                one = pl.col("book_id") == book_id
                books.setdefault(int(book_id), []).append((table, frame if len(ids) == 1 else frame.filter(one)))
        for book_id, parts in books.items():
            code, origin, first = self._book(book_id)
            hashes, what = [], []
            for table, part in parts:
                made, said = table_leaves(code, table, part)
                hashes.append(made)
                what += said
            self._append(book_id, origin, b"".join(hashes), json.dumps(what, ensure_ascii=False), None, first=first)
        self._rows.clear()

    def _book(self, book_id: int) -> tuple[str, str, bool]:
        """``(code, origin, whether its key is still to be announced)``."""
        code, origin = identity(self.session, book_id)
        return code, origin, not self.session.rows("SELECT 1 FROM log WHERE book_id = :b AND seq = 1", b=book_id)

    def _append(
        self, book_id: int, origin: str, hashes: bytes, what: str, batch_id: int | None, *, first: bool
    ) -> None:
        signer = self.keyring.signer(origin, create=first)
        recorded_at = _now()
        if first:
            self._announce(book_id, origin, signer, recorded_at)
        elif not self.session.rows("SELECT 1 FROM key WHERE book_id = :b AND key_id = :k", b=book_id, k=signer.key_id):
            raise Refused(_("签名密钥不是这个账套的:{key}").format(key=signer.vkey))
        self._write(book_id, origin, signer, hashes, what, batch_id, recorded_at)

    def _announce(self, book_id: int, origin: str, signer: Signer, recorded_at: str) -> None:
        """The first key of a book is the first thing its log says."""
        frame = pl.DataFrame(
            {
                "book_id": [book_id], "key_id": [signer.key_id], "vkey": [signer.vkey], "operator": [self._operator()],
                "announced_at": [recorded_at],
            }
        )  # fmt: skip
        self.session.insert("key", frame)
        self._rows = [(table, part) for table, part in self._rows if part is not frame]
        code, _origin = identity(self.session, book_id)
        made, said = table_leaves(code, "key", frame)
        self._write(book_id, origin, signer, made, json.dumps(said), None, recorded_at)

    def _operator(self) -> str:
        """Who makes the book, as its first configuration says."""
        known = [frame["operator"][0] for _table, frame in self._rows if "operator" in frame.columns]
        return str(known[0]) if known else ""

    def _write(
        self,
        book_id: int,
        origin: str,
        signer: Signer,
        hashes: bytes,
        what: str,
        batch_id: int | None,
        recorded_at: str,
    ) -> None:
        last = self.session.rows(
            """SELECT seq, first_leaf + leaves, frontier, recorded_at FROM log
                WHERE book_id = :b ORDER BY seq DESC LIMIT 1""",
            b=book_id,
        )
        seq, size, frontier, before = last[0] if last else (0, 0, "0:", recorded_at)
        _forwards(before, recorded_at)
        grown = Frontier.parse(frontier).append(hashes)
        root = grown.root()
        row = {
            "book_id": book_id, "seq": int(seq) + 1, "batch_id": batch_id, "first_leaf": int(size),
            "leaves": len(hashes) // 32, "what": what, "root": root.hex(), "frontier": grown.text(), "origin": origin,
            "algorithm": checkpoint.ALGORITHM, "key_id": signer.key_id, "note": signer.sign(grown.size, root),
            "recorded_at": recorded_at, "hashes": hashes,
        }  # fmt: skip
        self.session.insert("log", pl.DataFrame([row], schema_overrides={"batch_id": pl.Int64, "hashes": pl.Binary}))


def _forwards(before: str, recorded_at: str) -> None:
    """What was known at a past moment must never change: nothing is recorded before what is recorded already."""
    if dt.datetime.fromisoformat(before) > dt.datetime.fromisoformat(recorded_at) + CLOCK_SLACK:
        text = _("账簿最后记录于 {last},而现在是 {now}:时钟被调回,请校准后再记账")
        raise Refused(text.format(last=before[:19], now=recorded_at[:19]))


def identity(session: Session, book_id: int) -> tuple[str, str]:
    """``(code, origin)`` of a book: which log a checkpoint is of, the same for no two books ever made."""
    code, created = session.rows("SELECT code, created_at FROM book WHERE book_id = :b", b=book_id)[0]
    birth = hashlib.sha256(f"{code} {created} {book_id}".encode()).hexdigest()[:16]
    return str(code), f"meterbook/{code}/{birth}".replace("+", "-").replace(" ", "-")


def table_leaves(code: str, table: str, frame: pl.DataFrame) -> tuple[bytes, list[list[str]]]:
    """The leaf hashes of rows that are in no batch, and for each leaf what it stands for: the table and
    the row's key, or for a ``set`` the first and last key and the count."""
    columns = metadata.tables[table].columns
    filled = [
        pl.lit(str(column.server_default.arg)).alias(column.name)
        for column in columns
        if isinstance(column.server_default, DefaultClause) and column.name not in frame.columns
    ]
    key = [column.name for column in metadata.tables[table].primary_key.columns if column.name != "book_id"]
    frame = _in_order(frame.with_columns(filled), ["book_id", *key])
    keys = frame.select(pl.col(name).cast(pl.String) for name in ("book_id", *key))
    if mode(table) == "set":
        first, last = keys.row(0)[1:], keys.row(-1)[1:]
        parts = (leaves.rows(code, table, columns.keys(), part) for part in frame.iter_slices(CHUNK))
        record = leaves.row_set(code, table, first, last, parts)
        return leaf_hashes([record.encode()]), [[table, *first, *last, str(len(frame))]]
    records = leaves.rows(code, table, columns.keys(), frame)
    return _hashes(records), [[table, *one] for _book, *one in keys.rows()]


def _in_order(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sorted; the lines of a statement come in their order, and a copy of a million would be for nothing."""
    book, *key = frame.select(by)
    if len(key) == 1 and book.is_sorted() and book[0] == book[-1] and key[0].is_sorted():
        return frame
    return frame.sort(by)


def _entry_hashes(code: str, batch: pl.DataFrame, entry: pl.DataFrame, posting: pl.DataFrame | None) -> bytes:
    """Entries a chunk at a time: their text is many times the size of the frames."""
    entry = entry.sort("entry_id")
    if posting is None:
        return _hashes(
            leaves.entries(code, batch, entry, pl.DataFrame(schema={"entry_id": pl.Int64, "line": pl.Int64}))
        )
    if len(entry) <= CHUNK:
        return _hashes(leaves.entries(code, batch, entry, posting))
    made = []
    for part in entry.iter_slices(CHUNK):
        within = pl.col("entry_id").is_between(part["entry_id"][0], part["entry_id"][-1])
        made.append(_hashes(leaves.entries(code, batch, part, posting.filter(within))))
    return b"".join(made)


def _hashes(records: pl.Series) -> bytes:
    return leaf_hashes(records.cast(pl.Binary).to_list())


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
