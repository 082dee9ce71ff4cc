"""清算: what a wallet or acquirer pays out, net of its fee, against the receipts in transit (domain.md §3 E08).

Order by order the file meets our own receipts (``scan_receipt``, known by the channel's order
number): equal (正确), with the channel alone (渠道单边), with us alone (账上单边), or of another
amount (金额不平). Then one ``scan_settlement`` per day of trade is posted as it came: the rule
leaves a difference in 1012.01 and says so, nothing is made up. The bank journal wants bank proof
(domain.md §0.3): the day of arrival is the statement's line of the same sum, or a person says it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from importers.documents import DocumentSet
from importers.returns.read import ReturnFile
from importers.returns.send import empty_state
from importers.statements.grid import rejected
from ledger import registers, views
from ledger.book import Bank
from ledger.documents import KINDS
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.journal import Ledger, Posted, post
from ledger.money import decimal_text, format_fen
from ledger.state import State, decode
from ledger.storage import bank as bank_sql
from ledger.storage.engine import Session

ARRIVES_WITHIN = 7
"""Days within which the money of a day of trade comes: T+1, and a holiday."""
SHOWN_MAX = 20
"""Orders that differ, shown of one file."""

Difference = Literal["channel_only", "book_only", "amount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An order on which file and book differ; amounts fen, net of refunds, zero where a side knows it not."""

    code: Difference
    reference: str
    date: dt.date
    file_amount: int
    book_amount: int

    def as_json(self) -> dict[str, str]:
        """What ``returns check --json`` prints."""
        return {
            "code": self.code, "reference": self.reference, "date": self.date.isoformat(),
            "file_amount": decimal_text(self.file_amount), "book_amount": decimal_text(self.book_amount),
        }  # fmt: skip

    def text(self) -> str:
        """The sentence for the person."""
        match self.code:
            case "channel_only":
                said = _("渠道单边:{day} {n} {file},账上没有")
            case "book_only":
                said = _("账上单边:{day} {n} {book},渠道没有")
            case "amount":
                said = _("金额不平:{day} {n} 渠道 {file},账上 {book}")
        return said.format(
            day=self.date, n=self.reference, file=format_fen(self.file_amount), book=format_fen(self.book_amount)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one day of trade. ``posted`` is None where it was settled before; amounts fen."""

    number: str
    trade_date: dt.date
    arrived: dt.date
    orders: int
    gross: int
    fee: int
    net: int
    posted: Posted | None
    differences: tuple[Compared, ...]

    def lines(self) -> list[str]:
        """Sentences for the person."""
        said = [
            _("{day} 交易 {n} 笔 {gross},手续费 {fee},到账 {net}({arrived})").format(
                day=self.trade_date, n=self.orders, gross=format_fen(self.gross), fee=format_fen(self.fee),
                net=format_fen(self.net), arrived=self.arrived,
            )
        ]  # fmt: skip
        if not self.differences:
            said.append(_("逐笔与账上一致"))
        said += [one.text() for one in self.differences[:SHOWN_MAX]]
        if len(self.differences) > SHOWN_MAX:
            said.append(_("还有 {n} 笔不一致").format(n=len(self.differences) - SHOWN_MAX))
        return said


def import_settlement(
    ledger: Ledger,
    files: Sequence[ReturnFile],
    bank: Bank,
    *,
    operator: str,
    today: dt.date,
    date: dt.date | None = None,
) -> list[Settled]:
    """Post settlement files, one document per file and day of trade; the same days again change nothing.

    ``bank`` is the account the channels pay into, ``date`` the day the money came.

    Raises:
        ImportRejected: a file contradicts itself, or what was settled before; no proof of arrival.
        Refused: a rule of the journal says no.
    """
    for file in files:
        if file.layout.purpose != "settlement":
            raise rejected(
                _("{layout} 不是渠道清算文件").format(layout=file.layout.name), file=file.file, code="layout"
            )
        file.refuse_errors()
    with ledger.store.reading() as session:
        state = empty_state(ledger, session, today)
        differ = compare(ledger, session, files, bank)
        made: list[tuple[dict[str, Any], ReturnFile, bool]] = []
        for file in files:
            for day in _days(file, bank):
                if known := _earlier(state, day, file):
                    made.append(({**day, "date": known}, file, True))
                else:
                    arrived = date or _arrival(session, ledger.book_id, bank, day, file)
                    made.append(({**day, "doc_no": _unused(state, day["doc_no"]), "date": arrived}, file, False))
    settled = []
    for day, file, already in made:
        documents = None if already else _document(day, file)
        done = post(ledger, [documents], operator=operator, today=today) if documents else None
        own = tuple(one for one in differ if one.date == day["trade_date"])
        settled.append(
            Settled(
                number=day["doc_no"], trade_date=day["trade_date"], arrived=day["date"], orders=day["orders"],
                gross=day["gross"], fee=day["fee"], net=day["net"], posted=done, differences=own,
            )
        )  # fmt: skip
    return settled


def compare(ledger: Ledger, session: Session, files: Sequence[ReturnFile], bank: Bank) -> list[Compared]:
    """Where files (of a settlement, or of a channel's daily check) and our receipts into ``bank`` differ.

    The files of all wallets that pay into one account belong together: what is in none of them
    stands with us alone.
    """
    rows = pl.concat([_dated(file).with_columns(channel=pl.lit(file.layout.channel)) for file in files])
    if rows.is_empty():
        return []
    sign = pl.when(pl.col("outcome") == "REVERSED").then(-1).otherwise(1)
    theirs = rows.group_by("reference", maintain_order=True).agg(
        (sign * pl.col("amount")).sum().alias("theirs"), pl.col("date").min()
    )
    days = rows["date"].unique().to_list()
    ours = _receipts(ledger, session, bank, min(days), max(days) + dt.timedelta(days=ARRIVES_WITHIN))
    both = theirs.join(
        ours.group_by("reference").agg(pl.col("ours").sum()), on="reference", how="left", maintain_order="left"
    ).with_columns(pl.col("ours").fill_null(0))
    differ = both.filter(pl.col("theirs") != pl.col("ours"))
    alone = ours.filter(
        pl.col("date").is_in(days)
        & pl.col("channel").fill_null("scan").is_in(rows["channel"].unique().implode())
        & ~pl.col("reference").is_in(theirs["reference"].implode())
    )
    found = [
        Compared(
            code="amount" if row["ours"] else "channel_only", reference=row["reference"], date=row["date"],
            file_amount=row["theirs"], book_amount=row["ours"],
        )
        for row in differ.iter_rows(named=True)
    ]  # fmt: skip
    found += [
        Compared(code="book_only", reference=row["reference"], date=row["date"], file_amount=0, book_amount=row["ours"])
        for row in alone.iter_rows(named=True)
    ]
    return found


def _dated(file: ReturnFile) -> pl.DataFrame:
    """Orders of a file with their day; a daily check has one row a payment."""
    return file.frame.select("reference", "date", "amount", pl.col("outcome").fill_null("SUCCESS"))


def _receipts(ledger: Ledger, session: Session, bank: Bank, start: dt.date, end: dt.date) -> pl.DataFrame:
    """Our receipts in transit to the account, by the channel's order number: ``reference, date, channel, ours``."""
    account = ledger.chart.role("transit_card")
    lines = views.lines(session, ledger.book_id, start, end, accounts=(account,), kinds=("scan_receipt",), live=True)
    undone = lines["reverses"].drop_nulls()
    lines = lines.filter(
        (pl.col("bank") == bank.code) & pl.col("reverses").is_null() & ~pl.col("entry_id").is_in(undone.implode())
    )
    said = registers.documents(session, ledger.book_id, "scan_receipt", lines["entry_id"].unique())
    return said.select("date", "channel", reference="channel_no", ours="amount")


def _days(file: ReturnFile, bank: Bank) -> Iterator[dict[str, Any]]:
    """The documents of a file: ``doc_no, bank, gross, fee, net, channel, trade_date`` and ``orders``.

    Raises:
        ImportRejected: more was given back than taken, so the channel pays nothing.
    """
    sign = pl.when(pl.col("outcome") == "REVERSED").then(-1).otherwise(1)
    sums = file.frame.group_by("date").agg(
        gross=(sign * pl.col("amount")).sum(), fee=pl.col("fee").sum(), orders=pl.len(), row=pl.col("row").min()
    )
    for day in sums.sort("date").iter_rows(named=True):
        net = day["gross"] - day["fee"]
        if day["fee"] < 0 or net <= 0:
            message = _("{day} 退款不少于收款,渠道没有付款,请人工处理").format(day=day["date"])
            raise rejected(message, file=file.file, row=day["row"], code="return")
        yield {
            "doc_no": f"QS{day['date']:%Y%m%d}-{bank.code.rpartition('.')[2]}-{file.layout.name}",
            "bank": bank.code, "gross": day["gross"], "fee": day["fee"], "net": net, "channel": file.layout.channel,
            "trade_date": day["date"], "orders": day["orders"], "row": day["row"],
        }  # fmt: skip


def _earlier(state: State, day: dict[str, Any], file: ReturnFile) -> dt.date | None:
    """When this day was settled before with the same sums.

    Raises:
        ImportRejected: it was settled with other sums.
    """
    numbers = [day["doc_no"], *(f"{day['doc_no']}-{turn}" for turn in range(2, 10))]
    live = state.originals("scan_settlement", numbers).filter(~pl.col("reversed"))
    for row in decode(live.select("doc_no", "date", "content"), "scan_settlement").iter_rows(named=True):
        if (row["gross"], row["fee"], row["net"]) != (day["gross"], day["fee"], day["net"]):
            raise ImportRejected(
                Fault(
                    file=file.file, row=day["row"], value=row["doc_no"], code="answered",
                    message=_("{day} 已按交易额 {gross}、手续费 {fee} 清算,与文件的 {new}、{new_fee} 不同").format(
                        day=day["trade_date"], gross=format_fen(row["gross"]), fee=format_fen(row["fee"]),
                        new=format_fen(day["gross"]), new_fee=format_fen(day["fee"]),
                    ),
                )
            )  # fmt: skip
        return row["date"]  # type: ignore[no-any-return]
    return None


def _unused(state: State, number: str) -> str:
    """The number of a day's document; one after a reversal has a number of its own."""
    wanted = [number, *(f"{number}-{turn}" for turn in range(2, 10))]
    used = set(state.originals("scan_settlement", wanted)["doc_no"])
    return next(name for name in wanted if name not in used)


def _arrival(session: Session, book_id: int, bank: Bank, day: dict[str, Any], file: ReturnFile) -> dt.date:
    """The day the statement shows the sum.

    Raises:
        ImportRejected: it shows none, or several.
    """
    until = day["trade_date"] + dt.timedelta(days=ARRIVES_WITHIN)
    lines = bank_sql.bank_lines(session, book_id, bank.code, until, since=day["trade_date"])
    came = lines.filter(pl.col("amount_in") == day["net"])
    if came.height != 1:
        none = _("对账单上没有 {net} 的入账,请用 --date 说明到账日")
        several = _("对账单上有 {n} 笔 {net} 的入账,请用 --date 说明到账日")
        message = (none if came.is_empty() else several).format(n=came.height, net=format_fen(day["net"]))
        raise rejected(message, file=file.file, row=day["row"], code="proof")
    arrived: dt.date = came["date"][0]
    return arrived


def _document(day: dict[str, Any], file: ReturnFile) -> DocumentSet:
    schema = KINDS["scan_settlement"].schema
    values = {**day, "file": file.file}
    frame = pl.DataFrame([[values.get(name) for name in schema]], schema=schema, orient="row")
    return DocumentSet("scan_settlement", frame, file.file, file.sha256)
