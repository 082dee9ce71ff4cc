"""送盘: the direct debits or collections that are due, as a file for the bank, recorded before it leaves.

The batch is recorded first (kind ``debit_batch`` or ``collection_batch``), the file follows
from the record: asked for again under the same number, the same bytes come out and nothing
is recorded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from importers.documents import DocumentSet
from importers.documents.typed import Unreadable, parse_ref
from importers.returns.layout import Layout
from ledger.book import Bank
from ledger.documents import KINDS
from ledger.errors import Fault, Refused
from ledger.i18n import _
from ledger.journal import Ledger, post
from ledger.money import decimal_text, format_fen
from ledger.postings import debit_batch
from ledger.state import State, decode
from ledger.storage.engine import Session
from ledger.storage.journal_sql import JournalSource

NEWLINES = {"crlf": "\r\n", "lf": "\n"}
Kind = Literal["debit_batch", "collection_batch"]
PAY_MODE = {"debit_batch": "debit", "collection_batch": "collection"}
CHANNELS = tuple(KINDS["collection_batch"].column("channel").labels)
"""Whose vouchers a collection goes out on (C10): 工行, 中行, 小额, 国库."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A batch as it goes to the bank. ``already``: recorded before; ``without_account`` are
    customers of the pay mode that owe and have no account to take from."""

    kind: Kind
    batch: str
    bank: str
    content: bytes
    rows: int
    amount: int
    already: bool
    without_account: tuple[str, ...] = ()

    def text(self) -> str:
        """One sentence for the person."""
        sentence = (
            _("代扣批次 {batch}:{n} 笔,{amount}")
            if self.kind == "debit_batch"
            else _("托收批次 {batch}:{n} 笔,{amount}")
        )
        what = sentence.format(batch=self.batch, n=self.rows, amount=format_fen(self.amount))
        if self.already:
            what += _("(以前已登记,文件照原样重出)")
        return what


def send_debits(
    ledger: Ledger,
    bank: Bank,
    layout: Layout,
    *,
    date: dt.date,
    operator: str,
    today: dt.date,
    batch: str | None = None,
    until: str | None = None,
    unit: str | None = None,
    prefix: str = "",
) -> Sent:
    """Make (or make again) the file of a direct-debit batch; see :func:`send_batch`."""
    number = batch or f"DK{date:%Y%m%d}-{bank.code.rpartition('.')[2]}"
    return send_batch(
        ledger, "debit_batch", bank, layout, number=number, date=date, operator=operator, today=today,
        until=until, unit=unit, prefix=prefix,
    )  # fmt: skip


def send_collections(
    ledger: Ledger,
    bank: Bank,
    layout: Layout,
    *,
    channel: str,
    date: dt.date,
    operator: str,
    today: dt.date,
    batch: str | None = None,
    until: str | None = None,
    unit: str | None = None,
    prefix: str = "",
    customers: Sequence[str] = (),
) -> Sent:
    """Make (or make again) the file of a collection batch (托收, domain.md §3 E16); see :func:`send_batch`.

    ``channel`` is one of :data:`CHANNELS`; with ``customers`` only they are sent.
    """
    if channel not in CHANNELS:
        raise Refused(
            Fault(
                column="channel", value=channel, message=_("应为其中之一:{listed}").format(listed="、".join(CHANNELS))
            )
        )
    number = batch or f"TS{date:%Y%m%d}-{bank.code.rpartition('.')[2]}-{channel}"
    return send_batch(
        ledger, "collection_batch", bank, layout, number=number, date=date, operator=operator, today=today,
        until=until, unit=unit, prefix=prefix, channel=channel, customers=customers,
    )  # fmt: skip


def send_batch(
    ledger: Ledger,
    kind: Kind,
    bank: Bank,
    layout: Layout,
    *,
    number: str,
    date: dt.date,
    operator: str,
    today: dt.date,
    until: str | None = None,
    unit: str | None = None,
    prefix: str = "",
    channel: str | None = None,
    customers: Sequence[str] = (),
) -> Sent:
    """Make (or make again) the file of a batch.

    ``bank`` is our account the money is to come to, ``date`` the day of sending, recorded and
    printed; ``number`` the batch's, ``until`` the last bill-month to send,
    ``unit`` our number with the bank where the layout prints one; with ``prefix`` only customers
    whose account begins so.

    Raises:
        Refused: nothing is due, or a row cannot be written in this layout.
    """
    number = _batch_number(number)
    with ledger.store.reading() as session:
        state = empty_state(ledger, session, today)
        recorded = state.fact_rows(kind, all_subjects=True).filter(pl.col("batch") == number)
        if len(recorded):
            return _again(recorded.sort("serial", maintain_order=True), kind, number, layout, unit, state)
        rows, without = due(state, PAY_MODE[kind], until=until, prefix=prefix, customers=customers)
    if rows.is_empty():
        raise Refused(_("没有可送盘的账单"))
    width = max(2, len(str(len(rows))))
    rows = rows.with_columns(
        batch=pl.lit(number),
        bank=pl.lit(bank.code),
        date=pl.lit(date),
        channel=pl.lit(channel, pl.String),
        serial=pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(width),
    )
    content = render(rows, layout, number, date, unit)
    documents = DocumentSet(kind, _frame(rows, kind, number), f"{number}.txt", hashlib.sha256(content).hexdigest())
    post(ledger, [documents], operator=operator, today=today)
    return Sent(
        kind=kind, batch=number, bank=bank.code, content=content, rows=len(rows), amount=int(rows["amount"].sum()),
        already=False, without_account=without,
    )  # fmt: skip


def _batch_number(text: str) -> str:
    try:
        return parse_ref(text, blanks=False)
    except Unreadable as error:
        raise Refused(Fault(message=str(error), column="batch", value=text)) from None


def empty_state(ledger: Ledger, session: Session, today: dt.date) -> State:
    """The ledger as it stands, with no customer looked at yet."""
    nobody = pl.Series("customer", [], pl.String)
    return State(ledger.book, ledger.chart, JournalSource(session, ledger.book_id), nobody, today)


def masters(state: State) -> pl.DataFrame:
    """The latest master data of every customer."""
    rows = decode(state.facts("customers"), "customers")
    return rows.unique("customer", keep="last", maintain_order=True)


def due(
    state: State, pay_mode: str, *, until: str | None = None, prefix: str = "", customers: Sequence[str] = ()
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Open bills of the pay mode's customers that are not with a bank (``customer, bill_month, bill_no,
    amount, payer_account, name``), and who of them has no account."""
    owners = masters(state).filter(pl.col("pay_mode") == pay_mode).select("customer", "payer_account", "name")
    if customers:
        unknown = [name for name in customers if name not in set(owners["customer"])]
        if unknown:
            raise Refused([Fault(column="customer", value=name, message=_("该户不是这种交费方式")) for name in unknown])
        owners = owners.filter(pl.col("customer").is_in(list(customers)))
    state.know(owners["customer"])
    bills = state.bills("ar_resident", "ar_entity", locked=False).join(owners, on="customer", how="inner")
    if until:
        bills = bills.filter(pl.col("bill_month") <= until)
    without = bills.filter(pl.col("payer_account").is_null())["customer"].unique().sort()
    asked = debit_batch.unanswered(state)
    rows = (
        bills.filter(pl.col("payer_account").str.starts_with(prefix))
        .join(asked.select("customer", document="bill_no"), on=["customer", "document"], how="anti")
        .select("customer", "bill_month", "payer_account", "name", bill_no="document", amount="gross")
        .sort("customer", "bill_month", "bill_no", nulls_last=True)
    )
    return rows, tuple(without)


def waiting(ledger: Ledger, today: dt.date) -> pl.DataFrame:
    """Rows the bank has not answered for, or only with "unknown": ``batch, sent_on, serial, customer,
    name, bill_no, amount`` (fen)."""
    with ledger.store.reading() as session:
        rows = debit_batch.unanswered(empty_state(ledger, session, today), all_customers=True)
    return rows.select("batch", "sent_on", "serial", "customer", "name", "bill_no", "amount")


def _again(rows: pl.DataFrame, kind: Kind, number: str, layout: Layout, unit: str | None, state: State) -> Sent:
    """The file of a recorded batch; what a batch keyed by hand leaves out, the master data give."""
    known = masters(state).select("customer", _account="payer_account", _name="name")
    width = max(2, len(str(len(rows))))
    rows = rows.join(known, on="customer", how="left", maintain_order="left").with_columns(
        payer_account=pl.coalesce("payer_account", "_account"),
        name=pl.coalesce("name", "_name"),
        serial=pl.coalesce("serial", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(width)),
    )
    lacking = rows.filter(pl.col("payer_account").is_null())["customer"]
    if len(lacking):
        raise Refused([Fault(column="payer_account", value=name, message=_("该户没有付款账号")) for name in lacking])
    content = render(rows, layout, number, rows["date"][0], unit)
    return Sent(
        kind=kind, batch=number, bank=rows["bank"][0], content=content, rows=len(rows), amount=int(rows["amount"].sum()),
        already=True,
    )  # fmt: skip


def _frame(rows: pl.DataFrame, kind: Kind, number: str) -> pl.DataFrame:
    """Rows as documents of the kind."""
    schema = KINDS[kind].schema
    rows = rows.with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), file=pl.lit(f"{number}.txt"))
    return rows.select(
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )


# -- the file -----------------------------------------------------------------------------------


def render(rows: pl.DataFrame, layout: Layout, batch: str, date: dt.date, unit: str | None) -> bytes:
    """A batch in a layout of fields or widths.

    Raises:
        Refused: the layout is none to send, or a value does not fit it.
    """
    if layout.purpose != "send" or layout.form == "table":
        raise Refused(_("格式 {layout} 不是送盘格式").format(layout=layout.name))
    if unit is None and "unit" in (*layout.header, *layout.row):
        raise Refused(_("格式 {layout} 要写单位编号,请用 --unit 给出").format(layout=layout.name))
    whole = {
        "batch": batch, "date": f"{date:%Y%m%d}", "unit": unit or "", "count": str(len(rows)),
        "amount": _amount(int(rows["amount"].sum()), layout.amount),
    }  # fmt: skip
    lines = [_line(layout, layout.header, layout.header_widths, whole)] if layout.header else []
    faults: list[Fault] = []
    for row in rows.iter_rows(named=True):
        values = {
            "serial": row["serial"], "account": row["payer_account"], "name": row["name"] or "", "unit": unit or "",
            "amount": _amount(row["amount"], layout.amount), "date": whole["date"], "year": whole["date"][:4],
            "customer": row["customer"], "reference": row["bill_no"] or row["bill_month"],
        }  # fmt: skip
        try:
            lines.append(_line(layout, layout.row, layout.row_widths, values))
        except Refused as error:
            faults += [
                Fault(message=fault.message, value=row["customer"], column=fault.column, code="layout")
                for fault in error.faults
            ]
    if faults:
        raise Refused(faults)
    newline = NEWLINES[layout.newline]
    return (newline.join(lines) + newline).encode(layout.encoding)


def _amount(fen: int, unit: str) -> str:
    return decimal_text(fen) if unit == "yuan" else str(fen) if unit == "fen" else f"{fen}.00"


def _line(layout: Layout, fields: Sequence[str], widths: Sequence[int], values: dict[str, str]) -> str:
    parts = []
    for place, name in enumerate(fields):
        text = name[1:] if name.startswith("=") else values.get(name, "") if name not in ("", "_") else ""
        try:
            size = len(text.encode(layout.encoding))
        except UnicodeEncodeError:
            raise Refused(
                Fault(
                    column=name, message=_("“{text}”不能用 {encoding} 写出").format(text=text, encoding=layout.encoding)
                )
            ) from None
        if layout.form == "fixed":
            if size > widths[place]:
                raise Refused(
                    Fault(column=name, message=_("“{text}”超过 {n} 个字节").format(text=text, n=widths[place]))
                )
            text += " " * (widths[place] - size)
        elif layout.delimiter in text:
            raise Refused(
                Fault(column=name, message=_("“{text}”中有分隔符 {mark}").format(text=text, mark=layout.delimiter))
            )
        if not text.isprintable():
            raise Refused(Fault(column=name, message=_("“{text}”中有不可见字符").format(text=text.strip())))
        parts.append(text)
    return ("" if layout.form == "fixed" else layout.delimiter).join(parts)
