"""Which batch a return file answers, and for which of the rows sent: direct debit and collection alike.

Pure: frames and files in, answers or refusals out. The order is that of ``reconciliation.md`` §5:
batch known → rows = rows sent → an answer is given once. Who is missing failed only where a direct
debit's file lists successes alone; a collection (托收) is answered over weeks, so there a bill that
no file names is still out, until somebody says that the file was the last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from importers.returns.meet import Met, meet
from importers.returns.outcomes import PAID, UNKNOWN
from importers.returns.read import ReturnFile
from importers.statements.grid import rejected
from ledger.documents import KINDS
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import format_fen

ANSWERED_LOOKED_AT = 24
"""A file without a batch number may repeat one of the last so many batches."""

Business = Literal["debit", "collection"]
KIND_OF: Mapping[str, str] = {"debit": "debit_list", "collection": "collection_result"}
"""The document that a business is answered with."""
ITEMS: dict[str, pl.DataType] = {
    "business": pl.String(),
    "batch": pl.String(),
    "bank": pl.String(),
    "sent_on": pl.Date(),
    "serial": pl.String(),
    "customer": pl.String(),
    "bill_month": pl.String(),
    "bill_no": pl.String(),
    "amount": pl.Int64(),
    "payer_account": pl.String(),
    "name": pl.String(),
    "answered": pl.Boolean(),
    "list_no": pl.String(),
    "list_date": pl.Date(),
    "list_result": pl.String(),
    "list_amount": pl.Int64(),
    "list_slip": pl.String(),
}
"""A row sent, amount in fen; ``list_…`` is the document that has answered it."""


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the files say about one batch."""

    business: Business
    batch: str
    bank: str
    sent_on: dt.date
    items: Sequence[Mapping[str, Any]]
    met: list[Met] = field(default_factory=list)
    missing: list[Mapping[str, Any]] = field(default_factory=list)
    repeated: int = 0

    def sums(self) -> tuple[int, int]:
        """What came, and what was asked for by the rows that are new (fen)."""
        paid = sum(one.taken for one in self.met if one.row["outcome"] in PAID)
        asked = sum(one.item["amount"] for one in self.met) + sum(item["amount"] for item in self.missing)
        return paid, asked


def answers_of(
    files: Sequence[ReturnFile], sent: pl.DataFrame, batch: str | None, *, last: bool = False
) -> list[Answer]:
    """Per batch what its files say; every row of ``sent`` (:data:`ITEMS`) is accounted for, each once.

    ``last``: a collection will have no further file; who is not answered by now has not paid.

    Raises:
        ImportRejected: with everything that contradicts what was sent.
    """
    answers: dict[tuple[str, str], Answer] = {}
    parts: dict[tuple[str, str], list[ReturnFile]] = {}
    by_batch = {
        (str(business), str(number)): part.to_dicts()
        for (business, number), part in sent.partition_by(
            "business", "batch", as_dict=True, maintain_order=True
        ).items()
    }
    for file in files:
        key, met = _batch_of(file, by_batch, batch)
        items = by_batch[key]
        answer = answers.setdefault(
            key,
            Answer(
                business=items[0]["business"],
                batch=key[1],
                bank=items[0]["bank"],
                sent_on=items[0]["sent_on"],
                items=items,
            ),
        )
        answer.met += met
        parts.setdefault(key, []).append(file)
    faults: list[Fault] = []
    for key, answer in answers.items():
        faults += _complete(answer, parts[key], last=last)
    if faults:
        raise ImportRejected(faults)
    for answer in answers.values():
        _once(answer)
    return list(answers.values())


def _batch_of(
    file: ReturnFile, by_batch: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]], asked: str | None
) -> tuple[tuple[str, str], list[Met]]:
    """The batch a file answers, and its rows met."""
    number = asked or file.batch
    if number is not None:
        named = [key for key in by_batch if key[1] == number]
        if not named:
            known = "、".join(name for _business, name in list(by_batch)[-5:]) or "—"
            raise rejected(
                _("没有送过批次 {batch};最近的批次:{known};银行另编批号时请用 --batch 指定").format(batch=number, known=known),
                file=file.file, row=file.header_row, code="batch",
            )  # fmt: skip
        # a debit and a collection may go by one number: the one whose rows fit
        tries = [(key, *meet(file, by_batch[key])) for key in named]
        key, met, faults = min(tries, key=lambda tried: len(tried[2]))
        if faults:
            raise ImportRejected(faults)
        return key, met
    waiting = [name for name, items in by_batch.items() if not all(item["answered"] for item in items)]
    answered = [name for name in by_batch if name not in waiting][-ANSWERED_LOOKED_AT:]
    tried = {name: meet(file, by_batch[name]) for name in [*waiting, *answered]}
    for names in (waiting, answered):
        fitting = [name for name in names if not tried[name][1]]
        if len(fitting) > 1:
            raise rejected(
                _("文件没有批号,批次 {names} 都对得上;请用 --batch 指定").format(names="、".join(name for _business, name in fitting)),
                file=file.file, code="batch",
            )  # fmt: skip
        if fitting:
            return fitting[0], tried[fitting[0]][0]
    if not tried:
        raise rejected(_("没有送过代扣、托收批次,回盘无从核对"), file=file.file, code="batch")
    nearest = min(tried, key=lambda name: len(tried[name][1]))
    head = Fault(
        file=file.file,
        message=_("文件没有批号,与各批次都对不上;最接近批次 {batch}").format(batch=nearest[1]),
        code="batch",
    )
    raise ImportRejected([head, *tried[nearest][1]])


def _complete(answer: Answer, files: Sequence[ReturnFile], *, last: bool) -> list[Fault]:
    """Rows = rows sent, each once. What a first answer leaves out failed where successes alone are listed."""
    faults: list[Fault] = []
    first: dict[int, Met] = {}
    for one in answer.met:
        earlier = first.setdefault(id(one.item), one)
        if earlier is not one:
            faults.append(
                Fault(
                    file=one.row["file"], row=one.row["row"], code="return",
                    message=_("与 {file} 第 {row} 行是同一笔").format(file=earlier.row["file"], row=earlier.row["row"]),
                )
            )  # fmt: skip
    missing = [item for item in answer.items if id(item) not in first and not item["answered"]]
    if not missing:
        return faults
    if answer.business == "collection":
        if last:
            answer.missing = missing
        return faults
    if any(file.layout.shape == "success_only" for file in files):
        answer.missing = missing
        return faults
    if any(item["answered"] for item in answer.items):
        return faults  # a further file answers what it answers
    shown = "、".join(f"{item['serial']} {item['customer']} {format_fen(item['amount'])}" for item in missing[:10])
    message = _("送盘 {n} 笔,回盘少 {m} 笔:{shown}").format(n=len(answer.items), m=len(missing), shown=shown)
    if any(file.layout.parted for file in files):
        message += _(";成功、失败两个文件请一起导入")
    return [*faults, Fault(file="、".join(file.file for file in files), message=message, code="return")]


def result_of(answer: Answer, one: Met) -> tuple[str, int]:
    """The word of the answering document for an outcome, and its amount."""
    outcome = one.row["outcome"]
    if answer.business == "collection":
        return ("paid" if outcome == "SUCCESS" else "returned"), one.item["amount"]
    if outcome in PAID:
        return ("success" if outcome == "SUCCESS" else "partial"), one.taken
    return "failed", one.item["amount"]


def said_of(one: Met) -> str | None:
    """Code and text as the bank gave them."""
    return " ".join(text for text in (one.row["code"], one.row["text"]) if text) or None


def _once(answer: Answer) -> None:
    """What is answered already stays as it is: the same again is left out, another answer is refused."""
    fresh: list[Met] = []
    faults: list[Fault] = []
    labels = KINDS[KIND_OF[answer.business]].column("result")
    for one in answer.met:
        item = one.item
        if not item["answered"]:
            fresh.append(one)
            continue
        result, amount = result_of(answer, one)
        same = item["list_result"] == result and item["list_amount"] == amount
        # the first file again, after a further one has said what it did not know, is no contradiction
        if one.row["outcome"] != UNKNOWN and not same:
            faults.append(
                Fault(
                    file=one.row["file"], row=one.row["row"], code="answered",
                    value=said_of(one) or one.row["outcome"],
                    message=_("这一笔已有结果:清单 {n} {result} {amount}").format(
                        n=item["list_no"], result=labels.word(item["list_result"]), amount=format_fen(item["list_amount"])
                    ),
                )
            )  # fmt: skip
        answer.repeated += 1
    if faults:
        raise ImportRejected(faults)
    answer.met = fresh
