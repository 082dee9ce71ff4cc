"""Every table of the book, once, for both databases (SQLAlchemy Core).

All keys begin with ``book_id``: no query crosses books. Money is integer fen.
Dates are DATE on PostgreSQL and ISO text on SQLite, instants ISO text in UTC on
both, text compares by bytes on both (``COLLATE "C"`` = SQLite's BINARY), so that
the same query gives the same rows in the same order on either.

Nothing here is ever updated or deleted. What the tables alone cannot say (an
entry balances, a batch is sealed once) stands in ``ddl/<database>/*.sql``; the
guards every table shares are generated from this metadata by ``laws.py``.

``Table.info["writer"]`` names who inserts: ``app`` (the application's role) or
``seal`` (the database itself, when a batch is sealed). On SQLite every table is
STRICT and WITHOUT ROWID: a hidden rowid would be one more key by which
``INSERT OR REPLACE`` could reach a posted row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

LIMIT = 10**15
"""No amount goes beyond ±10¹⁵ fen: what is larger is a slip of the keys, and sums stay exact."""

DIMENSIONS = (
    "branch",
    "bank",
    "cashier",
    "customer",
    "bill_month",
    "fund",
    "item",
    "staff",
    "document",
)
"""In the order of the bits of ``account.required``; bit 9 asks for staff or customer."""

STAFF_OR_CUSTOMER = 1 << 9

PROJECTED = ("branch", "bank", "cashier", "fund", "item")
"""The dimensions of ``balance_delta`` beside date and account; absent is ``''`` there."""

metadata = MetaData()

INT: TypeEngine[int] = Integer()
BIGINT: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
DATE: TypeEngine[Any] = Date().with_variant(Text(), "sqlite")


def must(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that is never null."""
    return Column(name, type_, nullable=False)


def may(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that may be null."""
    return Column(name, type_, nullable=True)


def append_only(name: str, *parts: Any, writer: str = "app") -> Table:
    """A table that only grows; ``writer`` is ``app`` or ``seal``.

    SQLite has no type for dates: there each date column checks its own form (the added
    nothing turns 30 February into 2 March). Lines and their sums are spared that, the
    seal holds them to the dates of their entries.
    """
    dates = [
        CheckConstraint(f"date({part.name}, '+0 days') IS {part.name}", name=f"law_date_{part.name}").ddl_if(
            dialect="sqlite"
        )
        for part in parts
        if isinstance(part, Column) and isinstance(part.type, Date) and name not in {"posting", "balance_delta"}
    ]
    return Table(
        name,
        metadata,
        *parts,
        *dates,
        sqlite_strict=True,
        sqlite_with_rowid=False,
        info={"writer": writer},
    )


book = append_only(
    "book",
    Column("book_id", INT, nullable=False, autoincrement=False),
    must("code", TEXT),
    must("name", TEXT),
    must("cutover", DATE),
    must("created_at", TEXT),
    PrimaryKeyConstraint("book_id", name="book_pk"),
)

book_config = append_only(
    "book_config",
    must("book_id", INT),
    must("version", INT),
    must("book_toml", TEXT),
    must("chart_toml", TEXT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "version", name="book_config_pk"),
)

account = append_only(
    "account",
    must("book_id", INT),
    must("account", TEXT),
    must("required", INT),
    must("opened", DATE),
    PrimaryKeyConstraint("book_id", "account", name="account_pk"),
)

account_close = append_only(
    "account_close",
    must("book_id", INT),
    must("account", TEXT),
    must("closed_on", DATE),
    PrimaryKeyConstraint("book_id", "account", name="account_close_pk"),
)

period_event = append_only(
    "period_event",
    must("book_id", INT),
    must("period", TEXT),
    Column("branch", TEXT, nullable=False, server_default=""),
    must("seq", INT),
    must("action", TEXT),
    must("reason", TEXT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "period", "branch", "seq", name="period_event_pk"),
    CheckConstraint("action IN ('close', 'reopen')", name="law_period"),
)
"""Month close 月结 and reopening, of the book (``branch`` empty) or of one branch (所)."""

day_event = append_only(
    "day_event",
    must("book_id", INT),
    must("date", DATE),
    must("seq", INT),
    must("action", TEXT),
    must("content", TEXT),
    must("operator", TEXT),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "date", "seq", name="day_event_pk"),
)

batch = append_only(
    "batch",
    must("book_id", INT),
    must("batch_id", BIGINT),
    must("batch_key", TEXT),
    must("kind", TEXT),
    must("first_entry", BIGINT),
    must("entries", INT),
    must("lines", INT),
    must("first_fact", BIGINT),
    must("facts", INT),
    must("debit", BIGINT),
    must("credit", BIGINT),
    may("source_name", TEXT),
    may("source_sha256", TEXT),
    must("operator", TEXT),
    must("today", DATE),
    must("recorded_at", TEXT),
    PrimaryKeyConstraint("book_id", "batch_id", name="batch_pk"),
    UniqueConstraint("book_id", "batch_key", name="batch_key_once"),
)
"""PostgreSQL adds ``xid``: the transaction that owns the batch (see ddl/postgresql)."""

entry = append_only(
    "entry",
    must("book_id", INT),
    must("entry_id", BIGINT),
    must("batch_id", BIGINT),
    must("date", DATE),
    must("period", TEXT),
    must("vtype", TEXT),
    must("vno", INT),
    must("kind", TEXT),
    must("event", TEXT),
    must("doc_no", TEXT),
    may("memo", TEXT),
    must("lines", INT),
    may("reverses", BIGINT),
    may("caused_by", BIGINT),
    may("maker", TEXT),
    may("checker", TEXT),
    may("approver", TEXT),
    must("content", TEXT),
    may("sheet", TEXT),
    may("row", INT),
    PrimaryKeyConstraint("book_id", "entry_id", name="entry_pk"),
    UniqueConstraint("book_id", "kind", "doc_no", name="entry_document_once"),
    UniqueConstraint("book_id", "reverses", name="entry_reversed_once"),
)

posting = append_only(
    "posting",
    must("book_id", INT),
    must("entry_id", BIGINT),
    must("line", INT),
    must("date", DATE),
    must("account", TEXT),
    must("debit", BIGINT),
    must("credit", BIGINT),
    *(may(dimension, TEXT) for dimension in DIMENSIONS),
    PrimaryKeyConstraint("book_id", "entry_id", "line", name="posting_pk"),
    CheckConstraint("(debit = 0) <> (credit = 0)", name="law_sides"),
    CheckConstraint(
        f"debit BETWEEN -{LIMIT} AND {LIMIT} AND credit BETWEEN -{LIMIT} AND {LIMIT}",
        name="law_limit",
    ),
    # An empty text would pass for a dimension that is present.
    CheckConstraint(" AND ".join(f"{dimension} <> ''" for dimension in DIMENSIONS), name="law_dimension"),
)
Index("posting_by_account", posting.c.book_id, posting.c.account, posting.c.date)
CUSTOMER_LINES = "customer IS NOT NULL AND account NOT LIKE '2241.02%'"
"""What ``posting_by_customer`` covers; a query must say it in these words to use the index."""
Index(
    "posting_by_customer",
    posting.c.book_id,
    posting.c.customer,
    posting.c.account,
    sqlite_where=text(CUSTOMER_LINES),
    postgresql_where=text(CUSTOMER_LINES),
)
REFERENCE_LINES = "account >= '1002' AND account < '1100'"
"""What ``posting_by_reference`` covers: money in the bank and under way, by the bank's own numbers."""
Index(
    "posting_by_reference",
    posting.c.book_id,
    posting.c.document,
    sqlite_where=text(REFERENCE_LINES),
    postgresql_where=text(REFERENCE_LINES),
)

fact = append_only(
    "fact",
    must("book_id", INT),
    must("fact_id", BIGINT),
    must("batch_id", BIGINT),
    must("kind", TEXT),
    must("doc_no", TEXT),
    may("subject", TEXT),
    may("date", DATE),
    must("content", TEXT),
    may("sheet", TEXT),
    may("row", INT),
    PrimaryKeyConstraint("book_id", "fact_id", name="fact_pk"),
    UniqueConstraint("book_id", "kind", "doc_no", name="fact_document_once"),
)
Index("fact_by_subject", fact.c.book_id, fact.c.kind, fact.c.subject)

seal = append_only(
    "seal",
    must("book_id", INT),
    must("batch_id", BIGINT),
    must("seq", BIGINT),
    must("last_entry", BIGINT),
    must("last_fact", BIGINT),
    must("sealed_at", TEXT),
    PrimaryKeyConstraint("book_id", "batch_id", name="seal_pk"),
    UniqueConstraint("book_id", "seq", name="seal_seq_once"),
    writer="seal",
)

voucher_mark = append_only(
    "voucher_mark",
    must("book_id", INT),
    must("batch_id", BIGINT),
    must("period", TEXT),
    must("vtype", TEXT),
    must("first_no", INT),
    must("last_no", INT),
    PrimaryKeyConstraint("book_id", "period", "vtype", "first_no", name="voucher_mark_pk"),
    writer="seal",
)

balance_delta = append_only(
    "balance_delta",
    must("book_id", INT),
    must("batch_id", BIGINT),
    must("date", DATE),
    must("account", TEXT),
    *(must(dimension, TEXT) for dimension in PROJECTED),
    must("debit", BIGINT),
    must("credit", BIGINT),
    PrimaryKeyConstraint("book_id", "batch_id", "account", "date", *PROJECTED, name="balance_delta_pk"),
    writer="seal",
)
Index("balance_delta_by_account", balance_delta.c.book_id, balance_delta.c.account, balance_delta.c.date)

DATE_COLUMNS = frozenset(
    column.name for table in metadata.tables.values() for column in table.columns if isinstance(column.type, Date)
)
"""Column names whose values are dates: SQLite gives them back as text, ``Session.rows`` as dates."""
