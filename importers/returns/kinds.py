"""Return files that are our own kinds: CSV or XLSX of debit_list and collection_result."""

from __future__ import annotations

from pathlib import Path

from importers.documents import DocumentSet, read
from ledger.book import Book
from ledger.errors import SourceError

KINDS = ("debit_list", "collection_result")
HEADER_FAULTS = frozenset({"header", "missing", "empty"})


def as_documents(path: Path, book: Book) -> DocumentSet | None:
    """The file as documents of one of :data:`KINDS`; None where its column names are of neither.

    Raises:
        SourceError: the columns are those of a kind, the rows are not.
    """
    named: list[DocumentSet] = []
    for kind in KINDS:
        try:
            documents = read(path, kind, book)
        except SourceError:
            return None
        if not documents.faults:
            return documents
        if not any(fault.code in HEADER_FAULTS for fault in documents.faults):
            named.append(documents)
    if named:
        raise SourceError(named[0].faults)
    return None
