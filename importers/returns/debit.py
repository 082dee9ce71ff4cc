"""代扣 answers → one ``debit_list`` per slip, the bank's credit that they belong to (domain.md §3 E17)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from importers.documents import DocumentSet
from importers.returns.answer import ITEMS, Answer, result_of, said_of
from importers.returns.meet import Met
from importers.returns.outcomes import PAID, UNKNOWN
from importers.returns.read import ReturnFile
from ledger.documents import KINDS
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.journal import Posted
from ledger.money import format_fen
from ledger.postings import debit_batch
from ledger.state import State

NOT_LISTED = "未列入成功文件"
"""The reason recorded of a row that a file of successes leaves out: a record, in the book's own language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the files of one slip. ``posted`` is None where they hold nothing new;
    ``unknown`` are the rows that stay with the bank; amounts fen."""

    slip: str | None
    batches: tuple[str, ...]
    posted: Posted | None
    success: tuple[int, int]
    failed: tuple[int, int]
    unknown: tuple[Met, ...]
    repeated: int
    slip_amount: int | None = None

    def lines(self) -> list[str]:
        """Sentences for the person."""
        said = [
            _("批次 {batches}:成功 {n} 笔 {paid},失败 {m} 笔 {failed}").format(
                batches="、".join(self.batches),
                n=self.success[0], paid=format_fen(self.success[1]), m=self.failed[0], failed=format_fen(self.failed[1]),
            )
        ]  # fmt: skip
        if self.repeated:
            said.append(_("其中 {n} 笔以前已入账,未重复").format(n=self.repeated))
        if self.slip and self.slip_amount is not None:
            paid, failed = self.success[1], self.failed[1]
            if self.slip_amount == paid:
                said.append(
                    _("合计单 {slip} {amount} = 成功金额").format(slip=self.slip, amount=format_fen(self.slip_amount))
                )
            elif self.slip_amount == paid + failed:
                said.append(
                    _("合计单 {slip} {amount} = 成功 + 失败,失败部分由银行划回").format(
                        slip=self.slip, amount=format_fen(self.slip_amount)
                    )
                )
            else:
                said.append(
                    _("合计单 {slip} {amount} 与成功金额相差 {off}").format(
                        slip=self.slip, amount=format_fen(self.slip_amount), off=format_fen(self.slip_amount - paid)
                    )
                )
        said += [
            _("结果未知,不结清也不再送:户号 {customer} 账单 {bill} {amount} {text}").format(
                customer=one.item["customer"], bill=one.item["bill_no"],
                amount=format_fen(one.item["amount"]), text=said_of(one) or "",
            ).rstrip()
            for one in self.unknown
        ]  # fmt: skip
        return said


def sent_items(state: State) -> pl.DataFrame:
    """Every row sent for direct debit (``answer.ITEMS``)."""
    rows = debit_batch.sent(state, all_customers=True).with_columns(business=pl.lit("debit"))
    return rows.select(pl.col(name).cast(kind) for name, kind in ITEMS.items())


@dataclass(slots=True, kw_only=True)
class Group:
    """Answers that belong to one slip."""

    slip: str | None
    doc_no: str
    period: str
    amount: int | None
    lists: int
    answers: list[Answer]


def by_slip(answers: Sequence[Answer], sent: pl.DataFrame, state: State, asked: str | None) -> list[Group]:
    """Answers grouped by the slip the bank credited them with."""
    pending = state.chart.role("debit_pending")
    open_ = state.items([pending]).filter(pl.col("amount") < 0)
    lists = pl.concat([state.document_rows("debit_list"), state.fact_rows("debit_list", all_subjects=True)])
    counted = dict(lists.group_by("slip_no").agg(pl.col("doc_no").n_unique()).iter_rows())
    groups: dict[str, Group] = {}
    for answer in answers:
        number = _slip_of(answer, answers, open_, counted, asked)
        row = open_.filter(pl.col("document") == number) if number else open_.clear()
        period = row["bill_month"][0] if len(row) else f"{answer.sent_on:%Y-%m}"
        known = number or answer.batch
        group = groups.get(known) or Group(
            slip=number, doc_no=_unused(known, state), period=period or f"{answer.sent_on:%Y-%m}",
            amount=-int(row["amount"].sum()) if len(row) else None, lists=counted.get(known, 0), answers=[],
        )  # fmt: skip
        groups[known] = group
        group.answers.append(answer)
    for group in groups.values():
        _whole(group, sent)
    return list(groups.values())


def _unused(number: str, state: State) -> str:
    """The slip's number for its first list; a further one, or one after a reversal, has a number of its own."""
    wanted = [number, *(f"{number}-{turn}" for turn in range(2, 100))]
    used = {*state.originals("debit_list", wanted)["doc_no"], *state.facts("debit_list")["doc_no"]}
    return next(name for name in wanted if name not in used)


def _slip_of(
    answer: Answer, answers: Sequence[Answer], open_: pl.DataFrame, lists: Mapping[str, int], asked: str | None
) -> str | None:
    """The number of the answer's slip; None where nothing was debited and there is no slip."""
    earlier = next((item["list_slip"] for item in answer.items if item["list_slip"]), None)
    if not answer.met and not answer.missing:
        return earlier
    if asked is not None:
        row = open_.filter(pl.col("document") == asked)
        if len(row) and row["bank"][0] != answer.bank:
            raise _refused(_("合计单 {slip} 是 {bank} 的,批次 {batch} 送的是 {other}").format(
                slip=asked, bank=row["bank"][0], batch=answer.batch, other=answer.bank))  # fmt: skip
        return asked
    if earlier is not None:
        return str(earlier)
    near = open_.filter((pl.col("bank") == answer.bank) & (pl.col("date") >= answer.sent_on))
    near = near.filter(~pl.col("document").is_in(list(lists)))
    month = f"{answer.sent_on:%Y-%m}"
    same = [other.sums() for other in answers if other.bank == answer.bank and f"{other.sent_on:%Y-%m}" == month]
    sums = [sum(paid for paid, _asked in same), sum(asked_for for _paid, asked_for in same), *answer.sums()]
    for chosen in (
        near.filter(pl.col("bill_month") == month),
        near.filter(pl.col("amount").is_in([-fen for fen in sums])),
        near,
    ):
        names = chosen["document"].unique().sort().to_list()
        if len(names) == 1:
            return str(names[0])
    if near.is_empty():
        if answer.sums()[0] == 0:
            return None
        raise _refused(
            _("批次 {batch} 还没有合计单,请先记划扣合计单(debit_slip),或用 --slip 指定").format(batch=answer.batch)
        )
    listed = "、".join(near["document"].unique().sort())
    raise _refused(_("批次 {batch} 可能属于合计单 {listed},请用 --slip 指定").format(batch=answer.batch, listed=listed))


def _refused(message: str) -> ImportRejected:
    return ImportRejected(Fault(message=message, code="slip"))


def _whole(group: Group, sent: pl.DataFrame) -> None:
    """A slip has one list: the other batches it credits must come with it."""
    new = [answer for answer in group.answers if answer.met or answer.missing]
    if group.amount is None or group.lists or not new:
        return
    paid = sum(answer.sums()[0] for answer in new)
    asked = sum(answer.sums()[1] for answer in new)
    if group.amount in (paid, asked):
        return
    names = [answer.batch for answer in group.answers]
    months = {f"{answer.sent_on:%Y-%m}" for answer in new}
    others = (
        sent.filter(
            ~pl.col("batch").is_in(names)
            & (pl.col("bank") == new[0].bank)
            & pl.col("sent_on").dt.strftime("%Y-%m").is_in(list(months))
            & ~pl.col("answered").any().over("batch")
        )["batch"]
        .unique()
        .sort()
    )
    if len(others):
        raise _refused(
            _("合计单 {slip} 为 {amount};批次 {others} 也未答复,同一合计单的回盘请一起导入").format(
                slip=group.slip, amount=format_fen(group.amount), others="、".join(others)
            )
        )


def list_of(group: Group, files: Sequence[ReturnFile], date: dt.date) -> DocumentSet | None:
    """The answers of a slip as a ``debit_list``; None where nothing is new, or all of it unknown."""
    number = group.slip or group.answers[0].batch
    head = {"doc_no": group.doc_no, "date": date, "slip_no": number, "period": group.period}
    names = "、".join(file.file for file in files)
    rows = [{**head, **row} for answer in group.answers for row in _rows(answer, names)]
    if not rows:
        return None
    schema = KINDS["debit_list"].schema
    frame = pl.DataFrame([[row.get(name) for name in schema] for row in rows], schema=schema, orient="row")
    digests = sorted(file.sha256 for file in files)
    sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return DocumentSet("debit_list", frame, names, sha256)


def _rows(answer: Answer, file: str) -> Iterable[dict[str, Any]]:
    for one in answer.met:
        if one.row["outcome"] == UNKNOWN:
            continue
        result, amount = result_of(answer, one)
        reason = said_of(one) if result != "success" else None
        yield {
            **_named(one.item),
            "amount": amount,
            "result": result,
            "reason": reason,
            "row": one.row["row"],
            "file": one.row["file"],
        }
    for item in answer.missing:
        yield {**_named(item), "amount": item["amount"], "result": "failed", "reason": NOT_LISTED, "file": file}


def _named(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("batch", "customer", "bill_month", "bill_no")}


def told(group: Group, done: Posted | None) -> Imported:
    met = [one for answer in group.answers for one in answer.met]
    paid = [one for one in met if one.row["outcome"] in PAID]
    failed = [one for one in met if one.row["outcome"] not in (*PAID, UNKNOWN)]
    missing = [item for answer in group.answers for item in answer.missing]
    return Imported(
        slip=group.slip,
        batches=tuple(answer.batch for answer in group.answers),
        posted=done,
        success=(len(paid), sum(one.taken for one in paid)),
        failed=(
            len(failed) + len(missing),
            sum(one.item["amount"] for one in failed) + sum(item["amount"] for item in missing),
        ),
        unknown=tuple(one for one in met if one.row["outcome"] == UNKNOWN),
        repeated=sum(answer.repeated for answer in group.answers),
        slip_amount=group.amount,
    )
