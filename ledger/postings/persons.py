"""Who is who in a document: the same person under id or name (录入, 复核, 审批, 责任人).

A helper of the rules that ask for different people (domain §0 (9), §3 E04, E20; C26).
"""

from __future__ import annotations

import polars as pl

from ledger.book import Book


def identity(column: str, book: Book) -> pl.Expr:
    """The person of a column: the id where the book knows the name or id, else what is written."""
    known = {name: person.id for person in book.persons for name in (person.id, person.name)}
    known |= {name: cashier.code for cashier in book.cashiers for name in (cashier.code, cashier.name)}
    folded = {name.casefold(): key for name, key in known.items()}
    written = pl.col(column).str.to_lowercase()
    return pl.coalesce(written.replace_strict(folded, default=None, return_dtype=pl.String), written)


def same(first: str, second: str, book: Book) -> pl.Expr:
    """Whether two columns name one person; false where one of them is empty."""
    return (identity(first, book) == identity(second, book)).fill_null(value=False)
