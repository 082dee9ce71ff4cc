"""Tables of passwords and login attempts: append-only like all others, but outside the log.

A secret is no part of what an auditor proves, and a refused login must leave the log as
it was. Who a person is and what he may do are facts of the journal (ledger.operators).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, PrimaryKeyConstraint

from ledger.storage.tables import BIGINT, INT, TEXT, append_only, must

credential = append_only(
    "credential",
    must("book_id", INT),
    must("operator", TEXT),
    must("seq", INT),
    must("hash", TEXT),
    must("temporary", INT),
    must("set_by", TEXT),
    must("set_at", TEXT),
    PrimaryKeyConstraint("book_id", "operator", "seq", name="credential_pk"),
    CheckConstraint("temporary IN (0, 1)", name="law_credential"),
)
"""Passwords as argon2id hashes; the newest counts. ``temporary``: set by the administrator, to be changed."""

login_attempt = append_only(
    "login_attempt",
    must("book_id", INT),
    must("seq", BIGINT),
    must("operator", TEXT),
    must("success", INT),
    must("place", TEXT),
    must("attempted_at", TEXT),
    PrimaryKeyConstraint("book_id", "seq", name="login_attempt_pk"),
    CheckConstraint("success IN (0, 1)", name="law_login"),
)
"""Every login, good or refused; ``place`` is system user and machine."""

for _table in (credential, login_attempt):
    _table.info["log"] = False  # see ledger/storage/coverage.py
