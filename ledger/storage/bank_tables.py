"""Tables of the bank's side: source files, statements, their lines, matches, notes.

They hang on the same metadata as the journal and obey the same rule: rows are
only ever added. A match that was wrong is undone by another match row; an item
(a book line or a bank line) stands in at most one match that is not undone, and
``ddl/<database>/20_bank.sql`` holds every writer to that.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, PrimaryKeyConstraint, UniqueConstraint

from ledger.storage.tables import BIGINT, DATE, INT, TEXT, append_only, may, must

source_file = append_only(
    "source_file",
    must("book_id", INT),
    must("sha256", TEXT),
    must("bytes", LargeBinary()),
    PrimaryKeyConstraint("book_id", "sha256", name="source_file_pk"),
)
"""The original bytes of every imported file, by their hash."""
source_file.info["log"] = False  # its key is the hash of its bytes, and the statement names it

statement = append_only(
    "statement",
    must("book_id", INT),
    must("statement_id", BIGINT),
    must("bank", TEXT),
    must("sha256", TEXT),
    must("file_name", TEXT),
    must("dialect", TEXT),
    may("encoding", TEXT),
    may("direction", TEXT),
    must("from_date", DATE),
    must("to_date", DATE),
    must("opening", BIGINT),
    must("closing", BIGINT),
    must("difference", BIGINT),
    must("lines", INT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "statement_id", name="statement_pk"),
    CheckConstraint("from_date <= to_date", name="law_statement"),
)
"""One import (对账单). ``lines`` counts the file's lines, new and already known;
``direction`` is the reading of 借/贷 that later files of the account must not contradict;
``difference`` what the printed balances say beyond the lines, 0 unless a person accepted it."""

statement_line = append_only(
    "statement_line",
    must("book_id", INT),
    must("line_id", BIGINT),
    must("statement_id", BIGINT),
    must("line_no", INT),
    must("bank", TEXT),
    must("date", DATE),
    may("time", TEXT),
    may("serial", TEXT),
    must("amount_in", BIGINT),
    must("amount_out", BIGINT),
    may("balance", BIGINT),
    may("party", TEXT),
    may("party_account", TEXT),
    may("summary", TEXT),
    may("reference", TEXT),
    must("identity", TEXT),
    must("occurrence", INT),
    PrimaryKeyConstraint("book_id", "line_id", name="statement_line_pk"),
    UniqueConstraint("book_id", "bank", "identity", "occurrence", name="statement_line_once"),
    CheckConstraint("amount_in = 0 OR amount_out = 0", name="law_line"),
)
"""A line of the bank; ``line_id`` is dense per book, ``line_no`` its place in its file, oldest first."""
statement_line.info["log"] = "set"
Index("statement_line_by_date", statement_line.c.book_id, statement_line.c.bank, statement_line.c.date)

match = append_only(
    "match",
    must("book_id", INT),
    must("match_id", BIGINT),
    must("bank", TEXT),
    must("stage", TEXT),
    must("rule_version", TEXT),
    must("evidence", TEXT),
    may("undoes", BIGINT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "match_id", name="match_pk"),
    UniqueConstraint("book_id", "undoes", name="match_undone_once"),
)
"""A match (勾对) or, with ``undoes``, its undoing; ``evidence`` is JSON."""

match_item = append_only(
    "match_item",
    must("book_id", INT),
    must("match_id", BIGINT),
    must("side", TEXT),
    must("ref", TEXT),
    must("amount", BIGINT),
    PrimaryKeyConstraint("book_id", "match_id", "side", "ref", name="match_item_pk"),
    CheckConstraint("side IN ('book', 'bank')", name="law_side"),
)
"""What a match holds: ``ref`` is ``entry:line``, a line_id, or ``O<fact>`` of an opening item."""
match_item.info["log"] = "set"
Index("match_item_by_ref", match_item.c.book_id, match_item.c.side, match_item.c.ref)

reconciliation_note = append_only(
    "reconciliation_note",
    must("book_id", INT),
    must("note_id", BIGINT),
    must("bank", TEXT),
    must("side", TEXT),
    must("ref", TEXT),
    must("reason", TEXT),
    must("note", TEXT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "note_id", name="reconciliation_note_pk"),
    CheckConstraint("side IN ('book', 'bank')", name="law_side"),
)
"""A person's word on an outstanding item (原因、说明); the last one holds."""
