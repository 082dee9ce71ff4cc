"""Document files: billing and cashier files of the kinds of domain.md §10.

>>> documents = read(Path("receipts.csv"), "cash_receipt", book)   # doctest: +SKIP
>>> documents.faults or documents.frame                            # doctest: +SKIP

``read`` reads one kind, ``read_day`` a workbook of one sheet per kind,
``template.write`` makes the empty workbook of a kind.
"""

from importers.documents.reader import DocumentSet, read, read_day

__all__ = ["DocumentSet", "read", "read_day"]
