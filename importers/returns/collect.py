"""托收 answers → ``collection_result`` documents, one per bill: paid (收回) or returned (退票).

A paid bill is money in the bank, credited per batch and day under the batch's number; a bill
refused or unfunded (拒付, 未付款项通知书) makes no entry and is open again. What the bank does
not know stays locked, and so does what no file has named yet. Rules: domain.md §3 E16, §9.2.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from importers.documents import DocumentSet
from importers.returns.answer import ITEMS, Answer, result_of, said_of
from importers.returns.meet import Met
from importers.returns.outcomes import UNKNOWN
from importers.returns.read import ReturnFile
from importers.returns.send import empty_state, masters
from ledger import collection
from ledger.documents import KINDS
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.journal import Ledger, Posted
from ledger.money import format_fen
from ledger.state import State
from ledger.storage import bank as bank_sql
from ledger.storage.engine import Session

NEVER_ANSWERED = "末次回盘未列入"
"""The reason recorded of a bill that the last file leaves out: a record, in the book's own language."""
ADVICE = "回单 {}"
"""The note of a result whose advice has a number."""
CREDITED_WITHIN = 3
"""Days after the answer within which the bank's credit must stand on its statement (reconciliation.md §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of the files of one batch. ``posted`` is None where they hold nothing new; pairs are
    counts and fen; ``credited`` is what the statement shows under the batch, None while it shows nothing."""

    batch: str
    posted: Posted | None
    paid: tuple[int, int]
    returned: tuple[int, int]
    open: tuple[int, int]
    unknown: tuple[Met, ...]
    repeated: int
    collected: int
    credited: int | None = None

    def lines(self) -> list[str]:
        """Sentences for the person."""
        said = [
            _("托收批次 {batch}:收回 {n} 笔 {paid},退票 {m} 笔 {returned},未回 {k} 笔 {open}").format(
                batch=self.batch, n=self.paid[0], paid=format_fen(self.paid[1]), m=self.returned[0],
                returned=format_fen(self.returned[1]), k=self.open[0], open=format_fen(self.open[1]),
            )
        ]  # fmt: skip
        if self.repeated:
            said.append(_("其中 {n} 笔以前已入账,未重复").format(n=self.repeated))
        if self.credited == self.collected:
            said.append(_("对账单上本批入账 {amount} = 收回金额").format(amount=format_fen(self.credited)))
        elif self.credited is not None:
            said.append(
                _("对账单上本批入账 {amount},与收回金额相差 {off}").format(
                    amount=format_fen(self.credited), off=format_fen(self.credited - self.collected)
                )
            )
        said += [
            _("结果未知,仍在托收中:户号 {customer} 账单 {bill} {amount} {text}").format(
                customer=one.item["customer"], bill=one.item["bill_no"] or one.item["bill_month"],
                amount=format_fen(one.item["amount"]), text=said_of(one) or "",
            ).rstrip()
            for one in self.unknown
        ]  # fmt: skip
        return said


# -- what was sent -------------------------------------------------------------------------------


def sent_items(state: State) -> pl.DataFrame:
    """Every bill sent for collection (``answer.ITEMS``); account and name as they were sent, else as the
    master data have them."""
    batches = state.fact_rows("collection_batch", all_subjects=True)
    items = collection.sent(batches, state.fact_rows("opening_bills", all_subjects=True), state.chart.levy_items)
    if items.is_empty():
        return pl.DataFrame(schema=ITEMS)
    carried = items.height - batches.height
    items = items.with_columns(
        _early(state.book.cutover, carried, batches["date"]).alias("sent_on"),
        *(_early(None, carried, batches[name]).alias(name) for name in ("serial", "payer_account", "name")),
    )
    results = pl.concat(
        [
            state.fact_rows("collection_result", all_subjects=True),
            state.document_rows("collection_result"),
        ],
        how="diagonal",
    )
    answered = (
        collection.pair(results, items)
        .unique("result", keep="first", maintain_order=True)
        .unique("item", keep="last", maintain_order=True)
        .rename({"result": "_result"})
        .join(
            results.with_row_index("_result").select(
                "_result", list_no="doc_no", list_date="date", list_result="result", list_amount="amount"
            ),
            on="_result",
            how="inner",
        )
    )
    known = masters(state).select("customer", _account="payer_account", _name="name")
    rows = (
        items.join(answered, on="item", how="left", maintain_order="left")
        .join(known, on="customer", how="left", maintain_order="left")
        .with_columns(
            business=pl.lit("collection"),
            bill_no=pl.col("document"),
            payer_account=pl.coalesce("payer_account", "_account"),
            name=pl.coalesce("name", "_name"),
            answered=pl.col("list_no").is_not_null(),
            list_slip=pl.lit(None, pl.String),
        )
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in ITEMS.items())


def _early(value: object, count: int, rest: pl.Series) -> pl.Series:
    """A column of the batches behind the bills that were under way at the cut-over."""
    return pl.concat([pl.Series([value] * count, dtype=rest.dtype), rest])


def waiting_collections(ledger: Ledger, today: dt.date) -> pl.DataFrame:
    """What is still out (托收未回), oldest first: ``batch, sent_on, serial, customer, name, bill_no,
    amount`` (fen)."""
    with ledger.store.reading() as session:
        rows = sent_items(empty_state(ledger, session, today)).filter(~pl.col("answered"))
    return rows.sort("sent_on", "batch", maintain_order=True).select(
        "batch", "sent_on", "serial", "customer", "name", "bill_no", "amount"
    )


# -- the documents -------------------------------------------------------------------------------


def results_of(
    answer: Answer, files: Sequence[ReturnFile], state: State, *, date: dt.date | None, today: dt.date
) -> DocumentSet | None:
    """The new answers of a batch; None where there are none, or all of them are unknown.

    The day of a result is ``date``, else the row's, else the file's, else today.

    Raises:
        ImportRejected: a part was taken, or the answer is older than the batch.
    """
    days = {file.file: file.date for file in files}
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for one in answer.met:
        if one.row["outcome"] == UNKNOWN:
            continue
        day = date or one.row["date"] or days[one.row["file"]] or today
        if one.row["outcome"] == "PARTIAL":
            faults.append(_fault(one, "amount", _("托收须全额收回,不能部分收款")))
        elif day < answer.sent_on:
            faults.append(_fault(one, "date", _("回单日 {day} 早于送出日 {sent}").format(day=day, sent=answer.sent_on)))
        result, amount = result_of(answer, one)
        rows.append(
            {
                **_named(one.item), "date": day, "amount": amount, "result": result,
                "bank": one.item["bank"] if result == "paid" else None,
                "reason": said_of(one) if result == "returned" else None,
                "memo": ADVICE.format(one.row["reference"]) if one.row["reference"] else None, "row": one.row["row"], "file": one.row["file"],
            }
        )  # fmt: skip
    if faults:
        raise ImportRejected(faults)
    names = "、".join(file.file for file in files)
    rows += [
        {
            **_named(item),
            "date": date or today,
            "amount": item["amount"],
            "result": "returned",
            "reason": NEVER_ANSWERED,
            "file": names,
        }
        for item in answer.missing
    ]
    if not rows:
        return None
    for row, number in zip(rows, _numbers(rows, answer, state), strict=True):
        row["doc_no"] = number
    schema = KINDS["collection_result"].schema
    frame = pl.DataFrame([[row.get(name) for name in schema] for row in rows], schema=schema, orient="row")
    digests = sorted(file.sha256 for file in files)
    sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return DocumentSet("collection_result", frame, names, sha256)


def _named(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("batch", "customer", "bill_month", "bill_no", "serial")}


def _fault(one: Met, column: str, message: str) -> Fault:
    value = format_fen(one.row["amount"]) if column == "amount" else None
    return Fault(file=one.row["file"], row=one.row["row"], column=column, value=value, message=message, code="return")


def _numbers(rows: Sequence[Mapping[str, Any]], answer: Answer, state: State) -> list[str]:
    """``TS202306-01``: batch and item. An answer after a reversal has a number of its own."""
    bases = [f"{answer.batch}-{row['serial'] or row['bill_no'] or row['customer']}" for row in rows]
    tries = [[base, *(f"{base}-{turn}" for turn in range(2, 20))] for base in bases]
    asked = [number for numbers in tries for number in numbers]
    used = {*state.originals("collection_result", asked)["doc_no"], *state.facts("collection_result")["doc_no"]}
    chosen: list[str] = []
    for numbers in tries:
        number = next(name for name in numbers if name not in used)
        used.add(number)
        chosen.append(number)
    return chosen


# -- what is said --------------------------------------------------------------------------------


def told(answer: Answer, done: Posted | None, credited: int | None) -> Collected:
    """The figures of a batch after its files: new answers, and what is still out."""
    results = [(result_of(answer, one), one) for one in answer.met if one.row["outcome"] != UNKNOWN]
    paid = [amount for (result, amount), _one in results if result == "paid"]
    returned = [amount for (result, amount), _one in results if result == "returned"]
    returned += [item["amount"] for item in answer.missing]
    unknown = [one for one in answer.met if one.row["outcome"] == UNKNOWN]
    named = {id(one.item) for _said, one in results} | {id(item) for item in answer.missing}
    still = [item["amount"] for item in answer.items if not item["answered"] and id(item) not in named]
    return Collected(
        batch=answer.batch,
        posted=done,
        paid=(len(paid), sum(paid)),
        returned=(len(returned), sum(returned)),
        open=(len(still), sum(still)),
        unknown=tuple(unknown),
        repeated=answer.repeated,
        collected=sum(paid) + sum(item["amount"] for item in answer.items if item["list_result"] == "paid"),
        credited=credited,
    )


def credited_under(session: Session, book_id: int, answer: Answer, until: dt.date) -> int | None:
    """What the statement shows under the batch's number, up to three days after ``until`` (fen); None for no line."""
    last = until + dt.timedelta(days=CREDITED_WITHIN)
    lines = bank_sql.bank_lines(session, book_id, answer.bank, last, since=answer.sent_on)
    named = pl.concat_str("serial", "reference", "summary", separator=" ", ignore_nulls=True)
    own = lines.filter(named.str.contains(answer.batch, literal=True))
    return int((own["amount_in"] - own["amount_out"]).sum()) if own.height else None
