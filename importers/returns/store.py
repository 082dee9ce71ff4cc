"""回盘 into the book: files meet the rows sent, and become documents: lists of a slip, or results of a batch.

Order of the checks (reconciliation.md §5): the files' own figures → the batch is known →
rows = rows sent → account, name, amount as sent → an answer is given once → success + failure +
unknown = sent → the bank's credit: the slip of a direct debit, the statement's lines of a
collection. Then it is posted. "Unknown" never is: the bill stays with the bank, is not sent
again, and waits for a further file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from importers.documents import DocumentSet
from importers.returns import collect, debit
from importers.returns.answer import Answer, answers_of
from importers.returns.collect import Collected
from importers.returns.debit import Imported
from importers.returns.read import ReturnFile
from importers.returns.send import empty_state
from importers.statements.grid import rejected
from ledger.i18n import _
from ledger.journal import Ledger, Posted, post


def import_returns(
    ledger: Ledger,
    files: Sequence[ReturnFile],
    *,
    operator: str,
    today: dt.date,
    slip: str | None = None,
    batch: str | None = None,
    date: dt.date | None = None,
    last: bool = False,
) -> list[Imported | Collected]:
    """Post the answers of return files, one list per slip or batch; the same files again change nothing.

    ``last``: of a collection batch nothing more will come; who is not answered by now has not paid.

    Raises:
        ImportRejected: a file contradicts itself or what was sent; nothing is posted of any.
        Refused: a rule of the journal says no.
    """
    for file in files:
        _usable(file)
    with ledger.store.reading() as session:
        state = empty_state(ledger, session, today)
        sent = pl.concat([debit.sent_items(state), collect.sent_items(state)])
        answers = answers_of(files, sent, batch, last=last)
        debits = [answer for answer in answers if answer.business == "debit"]
        groups = debit.by_slip(debits, sent.filter(pl.col("business") == "debit"), state, slip)
        lists = [debit.list_of(group, _files_of(group.answers, files), date or today) for group in groups]
        batches = [answer for answer in answers if answer.business == "collection"]
        results = [
            collect.results_of(answer, _files_of([answer], files), state, date=date, today=today) for answer in batches
        ]
        credited = [collect.credited_under(session, ledger.book_id, answer, today) for answer in batches]

    def posted(documents: DocumentSet | None) -> Posted | None:
        return post(ledger, [documents], operator=operator, today=today) if documents is not None else None

    made: list[Imported | Collected] = [
        debit.told(group, posted(documents)) for group, documents in zip(groups, lists, strict=True)
    ]
    made += [
        collect.told(answer, posted(documents), seen)
        for answer, documents, seen in zip(batches, results, credited, strict=True)
    ]
    return made


def _usable(file: ReturnFile) -> None:
    """A return, and one that does not contradict itself."""
    kinds = {"send": _("送盘文件"), "check": _("渠道对账文件"), "settlement": _("渠道清算文件")}
    if what := kinds.get(file.layout.purpose):
        raise rejected(
            _("这是{what}({layout}),不是回盘").format(what=what, layout=file.layout.name), file=file.file, code="layout"
        )
    file.refuse_errors()


def _files_of(answers: Sequence[Answer], files: Sequence[ReturnFile]) -> list[ReturnFile]:
    """The files that have something new on the batches; where they have nothing, all."""
    names = {one.row["file"] for answer in answers for one in answer.met}
    return [file for file in files if file.file in names] or list(files)
