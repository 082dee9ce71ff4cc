"""The shipped book, for names of banks, cashiers and funds."""

from __future__ import annotations

import pytest

from ledger.book import Book


@pytest.fixture(scope="session")
def book() -> Book:
    """The demo company."""
    return Book.load()
