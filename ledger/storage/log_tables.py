"""The tables of the log: one row per checkpoint, and the keys that sign them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, LargeBinary, PrimaryKeyConstraint, UniqueConstraint

from ledger.storage.tables import BIGINT, INT, TEXT, append_only, may, must

log = append_only(
    "log",
    must("book_id", INT),
    must("seq", BIGINT),
    may("batch_id", BIGINT),
    must("first_leaf", BIGINT),
    must("leaves", BIGINT),
    must("what", TEXT),
    must("root", TEXT),
    must("frontier", TEXT),
    must("origin", TEXT),
    must("algorithm", TEXT),
    must("key_id", TEXT),
    must("note", TEXT),
    must("recorded_at", TEXT),
    must("hashes", LargeBinary()),  # last: SQLite walks over it to reach what stands behind
    PrimaryKeyConstraint("book_id", "seq", name="log_pk"),
    UniqueConstraint("book_id", "batch_id", name="log_batch_once"),
    CheckConstraint("leaves > 0 AND length(hashes) = 32 * leaves", name="law_log"),
)
"""What a transaction added to the log (日志): leaf hashes in order, ``what`` they stand for, and the
checkpoint after them. ``batch_id`` where it is a batch: its entries, its facts, its manifest."""

key = append_only(
    "key",
    must("book_id", INT),
    must("key_id", TEXT),
    must("vkey", TEXT),
    must("operator", TEXT),
    must("announced_at", TEXT),
    PrimaryKeyConstraint("book_id", "key_id", name="key_pk"),
)
"""The public keys that checkpoints of the book are signed with; the first comes with the book."""

log.info["log"] = False  # the log is the log
