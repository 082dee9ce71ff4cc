"""What SQLite's planner is told about the size of things.

A new book has no statistics, and SQLite then takes the book's number for a rare
value: it would read the whole journal for each customer it is asked about. So the
schema is created with the statistics of a large book. They only choose the way;
``ANALYZE`` may replace them at any time. PostgreSQL gathers its own.
"""

from __future__ import annotations

STATISTICS: tuple[tuple[str, str, str], ...] = (
    ("batch", "batch", "10000 10000 1"),
    ("batch", "sqlite_autoindex_batch_2", "10000 10000 1"),
    ("entry", "entry", "2000000 2000000 1"),
    ("entry", "sqlite_autoindex_entry_2", "2000000 2000000 100000 1"),
    ("entry", "sqlite_autoindex_entry_3", "2000000 2000000 200"),
    ("posting", "posting", "12000000 12000000 6 1"),
    ("posting", "posting_by_account", "12000000 12000000 300000 1000"),
    ("posting", "posting_by_customer", "8000000 8000000 60 15"),
    ("posting", "posting_by_reference", "500000 500000 2"),
    ("fact", "fact", "2000000 2000000 1"),
    ("fact", "fact_by_subject", "2000000 2000000 300000 2"),
    ("fact", "sqlite_autoindex_fact_2", "2000000 2000000 300000 1"),
    ("balance_delta", "balance_delta", "500000 500000 50 40 10 5 4 3 2 1"),
    ("balance_delta", "balance_delta_by_account", "500000 500000 10000 5"),
    ("seal", "seal", "10000 10000 1"),
    ("seal", "sqlite_autoindex_seal_2", "10000 10000 1"),
)
"""Table, index (of a table WITHOUT ROWID its own name is its key), rows and rows per equal prefix."""


def statements() -> list[str]:
    """Make the statistics known; run once, with the schema."""
    rows = ", ".join(f"('{table}', '{index}', '{stat}')" for table, index, stat in STATISTICS)
    return [
        "ANALYZE",
        "DELETE FROM sqlite_stat1",
        f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES {rows}",
        "ANALYZE sqlite_schema",
    ]
