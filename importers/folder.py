"""A folder of document files, posted in the order of their names.

``0609-03-cash_receipt.csv``: what sorts first is posted first, the kind stands
after the last hyphen. Each file is a batch of its own; files posted before are
no-ops, so a folder can be posted again after a fault in one of its files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from importers.documents import read
from ledger.documents import kind_of
from ledger.errors import SourceError
from ledger.i18n import _
from ledger.journal import Ledger, Posted, Progress, post

SUFFIXES = (".csv", ".xlsx")


def document_files(folder: Path) -> list[tuple[Path, str]]:
    """Files of a folder with their kinds, in posting order.

    Raises:
        NotFound: a name ends in no known kind.
        SourceError: there is no document file.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise SourceError(_("文件夹 {folder} 中没有单据文件").format(folder=folder))
    return [(path, kind_of(path.stem.rpartition("-")[2]).name) for path in files]


def post_folder(
    ledger: Ledger, folder: Path, *, operator: str, today: dt.date, progress: Progress
) -> Iterator[tuple[Path, Posted]]:
    """Post each file; yields what was done. Stops at the first refusal, nothing of that file posted."""
    files = document_files(folder)
    for number, (path, kind) in enumerate(files):
        progress(path.name, number, len(files))
        documents = read(path, kind, ledger.book)
        if documents.faults:
            raise SourceError(documents.faults)
        yield path, post(ledger, [documents], operator=operator, today=today)
