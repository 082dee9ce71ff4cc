"""The operation log (操作日志): who did what, when, from where, with what result.

Append-only like every table, but outside the Merkle log: a refusal is written here and
must leave the log's size and root as they were. Its rows hold each other instead:
``chain`` is the SHA-256 of the chain before and of the row itself (ledger.operations).
Source: audit §5.1 (32).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint

from ledger.storage.tables import BIGINT, INT, TEXT, append_only, may, must

operation = append_only(
    "operation",
    must("book_id", INT),
    must("seq", BIGINT),
    must("recorded_at", TEXT),
    must("operator", TEXT),
    must("place", TEXT),
    must("terminal", TEXT),
    must("command", TEXT),
    must("arguments", TEXT),
    must("result", TEXT),
    must("message", TEXT),
    may("batch_id", BIGINT),
    must("subject", TEXT),
    must("chain", TEXT),
    PrimaryKeyConstraint("book_id", "seq", name="operation_pk"),
    CheckConstraint("result IN ('started', 'done', 'refused', 'failed', 'usage', 'interrupted')", name="law_operation"),
)
"""``operator`` is empty where nobody was known; ``place`` is system user and machine, ``terminal`` the
tty and the remote address where there is one; ``arguments`` is a JSON list without secrets; ``subject``
says what was read or done (``R07``, ``customer R2``), ``batch_id`` the batch if it was one."""
Index("operation_by_command", operation.c.book_id, operation.c.command, operation.c.seq)

operation.info["log"] = False  # see above; ledger.operations.check_chain proves it
