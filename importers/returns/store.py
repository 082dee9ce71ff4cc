"""回盘 into the book: files meet the rows sent, and become the lists of their slips.

Order of the checks (reconciliation.md §5): the files' own figures → the batch is known →
rows = rows sent (who is missing failed only where the file lists successes alone) →
account, name, amount as sent → an answer is given once → success + failure + unknown =
sent → the slip, the bank's credit, against what succeeded. Then one ``debit_list`` per
slip is posted. "Unknown" is never posted: the bill stays with the bank, is not sent
again, and waits for a further file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from importers.documents import DocumentSet
from importers.returns.meet import Met, meet
from importers.returns.outcomes import PAID, UNKNOWN
from importers.returns.read import ReturnFile
from importers.returns.send import empty_state
from importers.statements.grid import rejected
from ledger.documents import KINDS
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.journal import Ledger, Posted, post
from ledger.money import format_fen
from ledger.postings import debit_batch
from ledger.state import State

ANSWERED_LOOKED_AT = 24
"""A file without a batch number may repeat one of the last so many batches."""

NOT_LISTED = "未列入成功文件"
"""The reason recorded of a row that a file of successes leaves out: a record, in the book's own language."""


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the files say about one batch."""

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
                said.append(_("合计单 {slip} {amount} = 成功金额").format(slip=self.slip, amount=format_fen(self.slip_amount)))
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
                amount=format_fen(one.item["amount"]), text=_said(one) or "",
            ).rstrip()
            for one in self.unknown
        ]  # fmt: skip
        return said


def import_returns(
    ledger: Ledger,
    files: Sequence[ReturnFile],
    *,
    operator: str,
    today: dt.date,
    slip: str | None = None,
    batch: str | None = None,
    date: dt.date | None = None,
) -> list[Imported]:
    """Post the answers of return files, one list per slip; the same files again change nothing.

    Raises:
        ImportRejected: a file contradicts itself or what was sent; nothing is posted of any.
        Refused: a rule of the journal says no.
    """
    for file in files:
        _usable(file)
    with ledger.store.reading() as session:
        state = empty_state(ledger, session, today)
        items = debit_batch.sent(state, all_customers=True)
        answers = _answers(files, items, batch)
        for answer in answers:
            _once(answer)
        groups = _by_slip(answers, items, state, slip)
    made: list[Imported] = []
    prepared = [_list(group, files, date or today) for group in groups]
    for group, documents in zip(groups, prepared, strict=True):
        done = post(ledger, [documents], operator=operator, today=today) if documents is not None else None
        made.append(_told(group, done))
    return made


def _usable(file: ReturnFile) -> None:
    """A return, and one that does not contradict itself."""
    if file.layout.purpose != "return":
        what = _("送盘文件") if file.layout.purpose == "send" else _("渠道对账文件")
        raise rejected(
            _("这是{what}({layout}),不是回盘").format(what=what, layout=file.layout.name), file=file.file, code="layout"
        )
    file.refuse_errors()


# -- which batch -----------------------------------------------------------------------------------


def _answers(files: Sequence[ReturnFile], sent: pl.DataFrame, batch: str | None) -> list[Answer]:
    """Per batch what its files say; every row sent is accounted for."""
    answers: dict[str, Answer] = {}
    parts: dict[str, list[ReturnFile]] = {}
    by_batch = {str(key[0]): part.to_dicts() for key, part in sent.partition_by("batch", as_dict=True, maintain_order=True).items()}
    for file in files:
        number, met = _batch_of(file, by_batch, batch)
        items = by_batch[number]
        answer = answers.setdefault(
            number, Answer(batch=number, bank=items[0]["bank"], sent_on=items[0]["sent_on"], items=items)
        )
        answer.met += met
        parts.setdefault(number, []).append(file)
    faults: list[Fault] = []
    for number, answer in answers.items():
        faults += _complete(answer, parts[number])
    if faults:
        raise ImportRejected(faults)
    return list(answers.values())


def _batch_of(file: ReturnFile, by_batch: Mapping[str, Sequence[Mapping[str, Any]]], asked: str | None) -> tuple[str, list[Met]]:
    """The batch a file answers, and its rows met."""
    number = asked or file.batch
    if number is not None:
        items = by_batch.get(number)
        if items is None:
            known = "、".join(list(by_batch)[-5:]) or "—"
            raise rejected(
                _("没有送过批次 {batch};最近的批次:{known};银行另编批号时请用 --batch 指定").format(batch=number, known=known),
                file=file.file, row=file.header_row, code="batch",
            )  # fmt: skip
        met, faults = meet(file, items)
        if faults:
            raise ImportRejected(faults)
        return number, met
    waiting = [name for name, items in by_batch.items() if not all(item["answered"] for item in items)]
    answered = [name for name in by_batch if name not in waiting][-ANSWERED_LOOKED_AT:]
    tried = {name: meet(file, by_batch[name]) for name in [*waiting, *answered]}
    for names in (waiting, answered):
        fitting = [name for name in names if not tried[name][1]]
        if len(fitting) > 1:
            raise rejected(
                _("文件没有批号,批次 {names} 都对得上;请用 --batch 指定").format(names="、".join(fitting)),
                file=file.file, code="batch",
            )  # fmt: skip
        if fitting:
            return fitting[0], tried[fitting[0]][0]
    if not tried:
        raise rejected(_("没有送过代扣批次,回盘无从核对"), file=file.file, code="batch")
    nearest = min(tried, key=lambda name: len(tried[name][1]))
    head = Fault(file=file.file, message=_("文件没有批号,与各批次都对不上;最接近批次 {batch}").format(batch=nearest), code="batch")
    raise ImportRejected([head, *tried[nearest][1]])


def _complete(answer: Answer, files: Sequence[ReturnFile]) -> list[Fault]:
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


def _result(one: Met) -> tuple[str, int]:
    """The result a list gives for an outcome, and its amount."""
    if one.row["outcome"] == "SUCCESS":
        return "success", one.taken
    if one.row["outcome"] == "PARTIAL":
        return "partial", one.taken
    return "failed", one.item["amount"]


def _said(one: Met) -> str | None:
    return " ".join(text for text in (one.row["code"], one.row["text"]) if text) or None


def _once(answer: Answer) -> None:
    """What is answered already stays as it is: the same again is left out, another answer is refused."""
    fresh: list[Met] = []
    faults: list[Fault] = []
    labels = KINDS["debit_list"].column("result")
    for one in answer.met:
        item = one.item
        if not item["answered"]:
            fresh.append(one)
            continue
        result, amount = _result(one)
        same = item["list_result"] == result and item["list_amount"] == amount
        # the first file again, after a further one has said what it did not know, is no contradiction
        if one.row["outcome"] != UNKNOWN and not same:
            faults.append(
                Fault(
                    file=one.row["file"], row=one.row["row"], code="answered",
                    value=_said(one) or one.row["outcome"],
                    message=_("这一笔已有结果:清单 {n} {result} {amount}").format(
                        n=item["list_no"], result=labels.word(item["list_result"]), amount=format_fen(item["list_amount"])
                    ),
                )
            )  # fmt: skip
        answer.repeated += 1
    if faults:
        raise ImportRejected(faults)
    answer.met = fresh


# -- which slip --------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Group:
    """Answers that belong to one slip."""

    slip: str | None
    doc_no: str
    period: str
    amount: int | None
    lists: int
    answers: list[Answer]


def _by_slip(answers: Sequence[Answer], sent: pl.DataFrame, state: State, asked: str | None) -> list[_Group]:
    """Answers grouped by the slip the bank credited them with."""
    pending = state.chart.role("debit_pending")
    open_ = state.items([pending]).filter(pl.col("amount") < 0)
    lists = pl.concat([state.document_rows("debit_list"), state.fact_rows("debit_list", all_subjects=True)])
    counted = dict(lists.group_by("slip_no").agg(pl.col("doc_no").n_unique()).iter_rows())
    groups: dict[str, _Group] = {}
    for answer in answers:
        number = _slip_of(answer, answers, open_, counted, asked)
        row = open_.filter(pl.col("document") == number) if number else open_.clear()
        period = row["bill_month"][0] if len(row) else f"{answer.sent_on:%Y-%m}"
        known = number or answer.batch
        group = groups.get(known) or _Group(
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
    for chosen in (near.filter(pl.col("bill_month") == month), near.filter(pl.col("amount").is_in([-fen for fen in sums])), near):
        names = chosen["document"].unique().sort().to_list()
        if len(names) == 1:
            return str(names[0])
    if near.is_empty():
        if answer.sums()[0] == 0:
            return None
        raise _refused(_("批次 {batch} 还没有合计单,请先记划扣合计单(debit_slip),或用 --slip 指定").format(batch=answer.batch))
    listed = "、".join(near["document"].unique().sort())
    raise _refused(_("批次 {batch} 可能属于合计单 {listed},请用 --slip 指定").format(batch=answer.batch, listed=listed))


def _refused(message: str) -> ImportRejected:
    return ImportRejected(Fault(message=message, code="slip"))


def _whole(group: _Group, sent: pl.DataFrame) -> None:
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
    others = sent.filter(
        ~pl.col("batch").is_in(names)
        & (pl.col("bank") == new[0].bank)
        & pl.col("sent_on").dt.strftime("%Y-%m").is_in(list(months))
        & ~pl.col("answered").any().over("batch")
    )["batch"].unique().sort()
    if len(others):
        raise _refused(
            _("合计单 {slip} 为 {amount};批次 {others} 也未答复,同一合计单的回盘请一起导入").format(
                slip=group.slip, amount=format_fen(group.amount), others="、".join(others)
            )
        )


# -- the list ------------------------------------------------------------------------------------------


def _list(group: _Group, files: Sequence[ReturnFile], date: dt.date) -> DocumentSet | None:
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
        result, amount = _result(one)
        reason = _said(one) if result != "success" else None
        yield {**_named(one.item), "amount": amount, "result": result, "reason": reason, "row": one.row["row"], "file": one.row["file"]}
    for item in answer.missing:
        yield {**_named(item), "amount": item["amount"], "result": "failed", "reason": NOT_LISTED, "file": file}


def _named(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("batch", "customer", "bill_month", "bill_no")}


def _told(group: _Group, done: Posted | None) -> Imported:
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
