"""The SQL of the reading room (``exports/fava``): batches of the journal, and the entries of one branch.

Everything is grouped by the database. Batches are sums of ``balance_delta``, so that
whatever stands in the book is in exactly one of them; ``''`` is the branch of lines that
carry none. Conventions: ``ledger.storage.view_sql``.
"""

from __future__ import annotations

from ledger.storage.view_sql import DIMENSIONS, IN_PERIOD

_MONTH = "substr(CAST(d.date AS text), 1, 7)"
"""Dates are ISO text on SQLite, and cast to it on PostgreSQL."""

_SUMS = "CAST(sum(d.debit) AS bigint) AS debit, CAST(sum(d.credit) AS bigint) AS credit"

_OF_BATCH = "b.book_id = d.book_id AND b.batch_id = d.batch_id"

MONTHS = f"""SELECT {_MONTH} AS month, b.kind, d.account, d.branch, max(d.date) AS last_date, {_SUMS}
    FROM balance_delta d JOIN batch b ON {_OF_BATCH}
    WHERE d.book_id = :book_id GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
"""Month × kind of batch × account × branch: debit and credit of the whole book."""

MONTH_COUNTS = """SELECT m.period, b.kind, CAST(sum(m.last_no - m.first_no + 1) AS bigint) AS count
    FROM voucher_mark m JOIN batch b ON b.book_id = m.book_id AND b.batch_id = m.batch_id
    WHERE m.book_id = :book_id GROUP BY 1, 2"""
"""How many entries a month has of each kind of batch: vouchers are numbered without gaps."""

DAYS = f"""SELECT d.date, b.kind, d.account, d.branch, {_SUMS}
    FROM account a CROSS JOIN balance_delta d JOIN batch b ON {_OF_BATCH}
    WHERE a.book_id = :book_id AND d.book_id = a.book_id AND d.account = a.account AND d.date BETWEEN :start AND :end
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
"""Day × kind of batch × account × branch within ``:start``–``:end``."""

DAY_COUNTS = f"""SELECT e.date, b.kind, count(*) AS count
    FROM entry e JOIN batch b ON b.book_id = e.book_id AND b.batch_id = e.batch_id
    WHERE {IN_PERIOD} GROUP BY 1, 2"""
"""How many entries a day has of each kind of batch."""

BRANCH_ENTRIES = f"""SELECT e.entry_id, e.lines FROM entry e WHERE {IN_PERIOD} AND EXISTS (
        SELECT 1 FROM posting q WHERE q.book_id = e.book_id AND q.entry_id = e.entry_id + 0 AND q.branch = :branch)
    ORDER BY e.entry_id"""
"""Entries of the period with a line of ``:branch``, and how many lines each has."""

PERIOD_ENTRIES = f"SELECT e.entry_id, e.lines FROM entry e WHERE {IN_PERIOD} ORDER BY e.entry_id"
"""The same of all branches."""

HEAD_COLUMNS = (
    "entry_id", "date", "vtype", "vno", "kind", "event", "doc_no", "memo", "reverses", "caused_by", "maker", "checker",
    "approver",
)  # fmt: skip
WANTED_HEADS = f"""SELECT {", ".join(f"e.{name}" for name in HEAD_COLUMNS)} FROM want_entry w CROSS JOIN entry e
    WHERE e.book_id = :book_id AND e.entry_id = w.value ORDER BY e.entry_id"""
"""The heads of the entries in ``want_entry``."""

LINE_COLUMNS = ("entry_id", "account", "debit", "credit", *DIMENSIONS)
WANTED_LINES = f"""SELECT {", ".join(f"p.{name}" for name in LINE_COLUMNS)} FROM want_entry w CROSS JOIN posting p
    WHERE p.book_id = :book_id AND p.entry_id = w.value ORDER BY p.entry_id, p.line"""
"""Their lines, in the same order; an entry's own columns are not said again with each of them."""

WANTED_DAYS = """SELECT e.date, e.kind, p.account, coalesce(p.branch, '') AS branch,
        CAST(sum(p.debit) AS bigint) AS debit, CAST(sum(p.credit) AS bigint) AS credit
    FROM want_entry w CROSS JOIN entry e CROSS JOIN posting p
    WHERE e.book_id = :book_id AND e.entry_id = w.value AND p.book_id = e.book_id AND p.entry_id = e.entry_id
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
"""Day × kind of document × account × branch of the entries in ``want_entry``."""

WANTED_COUNTS = """SELECT e.date, e.kind, count(*) AS count FROM want_entry w CROSS JOIN entry e
    WHERE e.book_id = :book_id AND e.entry_id = w.value GROUP BY 1, 2"""
"""How many of the entries in ``want_entry`` a day has of each kind."""
