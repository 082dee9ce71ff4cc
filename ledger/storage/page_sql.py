"""The SQL of ``ledger.reading``: what somebody sees who leafs through the book.

Pages are taken by key (``… < :before ORDER BY … LIMIT``), so that the last one costs what the
first one costs. Sealed batches only: what is not sealed is not there yet. Portable between
SQLite and PostgreSQL; values travel as parameters.
"""

from __future__ import annotations

STATE = """SELECT (SELECT coalesce(max(seq), 0) FROM seal WHERE book_id = :book_id),
       (SELECT coalesce(max(seq), 0) FROM log WHERE book_id = :book_id)"""
"""How far the book is: seals, and rows of the log (which counts statements and matches too)."""

_BATCH = """b.batch_id, b.batch_key, b.kind, b.first_entry, b.entries, b.lines, b.first_fact, b.facts, b.debit, b.credit,
       b.source_name, b.source_sha256, b.operator, b.today, b.recorded_at, s.seq, s.sealed_at"""

# CROSS JOIN: SQLite takes the tables in this order, the newest batches first.
BATCHES = f"""SELECT {_BATCH} FROM batch b CROSS JOIN seal s
    WHERE b.book_id = :book_id AND b.batch_id < :before AND s.book_id = b.book_id AND s.batch_id = b.batch_id
    ORDER BY b.batch_id DESC LIMIT :limit"""
"""One page of batches, the newest first."""

NEWER = """SELECT b.batch_id FROM batch b CROSS JOIN seal s
    WHERE b.book_id = :book_id AND b.batch_id >= :before AND s.book_id = b.book_id AND s.batch_id = b.batch_id
    ORDER BY b.batch_id LIMIT :limit"""
"""The batches of the page before: what is newer, the next one first."""

BATCH = f"""SELECT {_BATCH} FROM batch b JOIN seal s ON s.book_id = b.book_id AND s.batch_id = b.batch_id
    WHERE b.book_id = :book_id AND b.batch_id = :batch_id"""
"""One batch."""

ENTRIES = """SELECT e.entry_id, e.date, e.vtype, e.vno, e.kind, e.event, e.doc_no, e.memo, e.sheet, e.row,
       (SELECT CAST(sum(p.debit) AS bigint) FROM posting p WHERE p.book_id = e.book_id AND p.entry_id = e.entry_id) AS debit
    FROM entry e WHERE e.book_id = :book_id AND e.entry_id BETWEEN :first AND :last ORDER BY e.entry_id"""
"""The entries of a range of numbers with their debit sum."""

FACTS = """SELECT f.fact_id, f.kind, f.doc_no, f.subject, f.date, f.sheet, f.row FROM fact f
    WHERE f.book_id = :book_id AND f.fact_id BETWEEN :first AND :last ORDER BY f.fact_id"""
"""The facts of a range of numbers."""

CUSTOMERS = """SELECT DISTINCT f.subject FROM fact f
    WHERE f.book_id = :book_id AND f.kind = 'customers' AND f.subject >= :low AND f.subject < :high
      AND EXISTS (SELECT 1 FROM seal s WHERE s.book_id = f.book_id AND s.batch_id = f.batch_id)
    ORDER BY f.subject LIMIT :limit"""
"""Customers whose number begins so: the range of texts from ``:low`` up to ``:high``."""

# -- the match of a line -------------------------------------------------------------------

MATCH_OF = """SELECT m.match_id, m.bank, m.stage, m.evidence, m.operator, m.recorded_at
    FROM match_item i JOIN match m ON m.book_id = i.book_id AND m.match_id = i.match_id
    WHERE i.book_id = :book_id AND i.side = 'book' AND i.ref = :ref AND m.undoes IS NULL
      AND NOT EXISTS (SELECT 1 FROM match u WHERE u.book_id = m.book_id AND u.undoes = m.match_id)"""
"""The match that a line of the book stands in."""

MEMBERS = """SELECT i.side, i.ref, i.amount FROM match_item i
    WHERE i.book_id = :book_id AND i.match_id = :match_id ORDER BY i.side DESC, i.ref"""
"""The lines of a match."""

BANK_LINES = """SELECT l.line_id, l.date, l.serial, l.amount_in, l.amount_out, l.party, l.party_account, l.summary,
       l.reference, l.line_no, s.file_name, s.sha256
    FROM want_line w CROSS JOIN statement_line l
    JOIN statement s ON s.book_id = l.book_id AND s.statement_id = l.statement_id
    WHERE l.book_id = :book_id AND l.line_id = w.value ORDER BY l.line_id"""
"""The bank's lines in ``want_line``, with the file they came in."""

# -- the log -------------------------------------------------------------------------------

LOGGED = """SELECT l.seq, l.first_leaf, l.root, l.note, l.key_id, l.recorded_at, l.hashes,
       (SELECT k.frontier FROM log k WHERE k.book_id = l.book_id AND k.seq = l.seq - 1) AS before
    FROM log l WHERE l.book_id = :book_id AND l.batch_id = :batch_id"""
"""What a batch added to the log, and the frontier that it was added to."""
