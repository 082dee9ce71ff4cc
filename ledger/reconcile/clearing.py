"""More than the bank: everything that has two sides, through the same matching core.

::

    转款 ─ head_office ─ 收款收据          1221.01    by transfer and fund            R12
    划扣明细 ─ debits ─ 合计单              1122.09    by slip                         R20
    托收送出 ─ collections ─ 银行回单       —          by batch and bill               R19
    扫码收款 ─ wallets ─ 渠道清算           1012.01    by bank, channel, trading day
    收现 ─ deposits ─ 缴存单                1001       by cashier and fund

The sides of the bank are a statement and the books; here both sides are lines of one clearing
account (or, of a collection, of one batch): what was sent, taken or listed against what was
answered, settled or deposited. Each side becomes lines of ``frames.LINES``, ``match`` pairs
them, and what stays open on the left less what stays open on the right is the balance of the
account: that is the tie-out. Nothing is stored, since nothing of it is another's word:
the same books give the same matches. Sources: ``domain.md`` R12, R19, R20, E08, E16, E17, E19, E27.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ledger import registers, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.errors import Refused
from ledger.i18n import _
from ledger.reconcile.explain import explain_open
from ledger.reconcile.frames import lines as framed
from ledger.reconcile.match import Matching, match
from ledger.reconcile.proposals import propose
from ledger.reconcile.work import Rules, Windows
from ledger.storage.engine import Session

Sides = tuple[pl.DataFrame, pl.DataFrame]
Loader = Callable[[Session, int, Book, Chart, dt.date, dt.date], tuple[Sides, int | None]]
CASH = "1001"
WINDOWS = Windows(amount=62, near=62, near_common=62)
"""What we sent is answered within two months, or is a case for people."""
FLOAT = "零钞"
"""The change in a drawer is never deposited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """Two sides that must meet: their words and where their lines come from."""

    name: str
    left: Callable[[], str]
    right: Callable[[], str]
    load: Loader
    report: str | None = None

    def title(self) -> str:
        """``转款 — 收款收据``."""
        return f"{self.left()} — {self.right()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What came of two sides up to a day.

    ``left``, ``right``: their lines (``frames.LINES``; ``currency`` holds what must be equal for two lines
    to meet, a fund or a cashier's fund). ``balance``: what the account says is open, fen, or None
    where no account stands behind it.
    """

    clearing: Clearing
    as_of: dt.date
    left: pl.DataFrame
    right: pl.DataFrame
    matching: Matching
    balance: int | None

    def open_lines(self, side: str) -> pl.DataFrame:
        """The lines of the ``left`` or the ``right`` that met nothing."""
        frame, core = (self.left, "book") if side == "left" else (self.right, "bank")
        return frame.filter(~pl.col("ref").is_in(self.matching.refs(core).implode()))

    @property
    def open_left(self) -> int:
        """Sent, taken or listed, and not answered, fen."""
        return int(self.open_lines("left")["amount"].sum())

    @property
    def open_right(self) -> int:
        """Answered, settled or deposited, and never sent, fen."""
        return int(self.open_lines("right")["amount"].sum())

    @property
    def difference(self) -> int:
        """What is open, left less right, fen: the balance of the account."""
        return self.open_left - self.open_right

    def why(self, side: str, ref: str) -> str:
        """Why a line met nothing, in a sentence."""
        core, other = ("book", "right") if side == "left" else ("bank", "left")
        mine, its = self.open_lines(side), self.open_lines(other)
        line = mine.filter(pl.col("ref") == ref).row(0, named=True)
        alike = pl.col("currency").eq_missing(pl.lit(line["currency"], pl.String))
        mine, its = mine.filter(alike), its.filter(alike)
        sides = (mine, its) if side == "left" else (its, mine)
        return explain_open(line, core, mine, its, propose(*sides), (self.clearing.left(), self.clearing.right()))


def cleared(
    session: Session, book_id: int, book: Book, chart: Chart, name: str, start: dt.date, end: dt.date
) -> Cleared:
    """What was open when the span began and all that moved in it, matched as of its last day.

    Raises:
        Refused: there are no such sides.
    """
    found = next((one for one in CLEARINGS if one.name == name), None)
    if found is None:
        listed = "、".join(one.name for one in CLEARINGS)
        raise Refused(_("没有这一项核对:{name};现有:{listed}").format(name=name, listed=listed))
    (left, right), balance = found.load(session, book_id, book, chart, start, end)
    rules = Rules(unique_amount=True)  # both sides are our own books: an amount nobody else has is the one
    matching = match(left, right, rules=rules, windows=WINDOWS)
    return Cleared(clearing=found, as_of=end, left=left, right=right, matching=matching, balance=balance)


# -- where the lines come from -----------------------------------------------------------------------------


def _account_sides(
    session: Session, book_id: int, account: str, answers: str, keys: list[str], start: dt.date, end: dt.date
) -> Sides:
    """The lines of a clearing account: what ``answers`` books is the right side, all else the left.

    ``keys`` say what belongs together; what was open before stands as one line for each of them.
    An entry and its own reversal, both in the span, are nobody's business here.
    """
    before = views.open_items(session, book_id, keys, start - dt.timedelta(days=1), accounts=(account,))
    moved = views.lines(session, book_id, start, end, accounts=(account,))
    undone = moved["reverses"].drop_nulls()
    moved = moved.filter(
        ~pl.col("entry_id").is_in(undone.implode()),
        ~(pl.col("reverses").is_not_null() & pl.col("reverses").is_in(moved["entry_id"].implode())),
    )
    amount = pl.col("debit") - pl.col("credit")
    carried = before.with_row_index("_n").select(
        pl.format("O{}", pl.col("_n") + 1).alias("ref"),
        pl.col("since").alias("date"),
        "amount",
        *keys,
        doc_no=pl.lit(None, pl.String),
        kind=pl.lit("carried"),
        reverses=pl.lit(None, pl.String),
        entry_id=pl.lit(0, pl.Int64),
        answer=pl.col("amount") < 0,
    )
    new = moved.select(
        pl.format("{}:{}", "entry_id", "line").alias("ref"),
        "date",
        amount.alias("amount"),
        *keys,
        "doc_no",
        "kind",
        pl.col("reverses").cast(pl.String),
        "entry_id",
        answer=pl.col("origin") == answers,
    )
    both = pl.concat([carried, new])
    # a reversal of something carried over takes back the line that stands for it
    back = (
        both.filter(pl.col("reverses").is_not_null())
        .select("ref", *keys, "answer", of=-pl.col("amount"))
        .join(
            carried.select(pl.col("ref").alias("takes_back"), *keys, "answer", of="amount"),
            on=[*keys, "answer", "of"],
            nulls_equal=True,
        )
        .unique("ref", keep="first", maintain_order=True)
        .unique("takes_back", keep="first", maintain_order=True)
    )
    gone = pl.concat([back["ref"], back["takes_back"]])
    both = both.filter(~pl.col("ref").is_in(gone.implode()))
    return both.filter(~pl.col("answer")), both.filter("answer").with_columns(amount=-pl.col("amount"))


def _lines(rows: pl.DataFrame, numbers: pl.Expr, meets: pl.Expr) -> pl.DataFrame:
    """Lines for the core: ``numbers`` name a line, ``meets`` is what two lines must have in common."""
    return framed(
        rows.with_row_index("_order").with_columns(
            numbers.alias("numbers"),
            numbers.alias("reference"),
            meets.alias("currency"),
            meets.alias("party"),
            pl.lit(None, pl.String).alias("kind"),
            pl.col("_order").cast(pl.Int64).alias("order"),
            reverses=pl.lit(None, pl.String),
        )
    )


def _head_office(
    session: Session, book_id: int, _book: Book, chart: Chart, start: dt.date, end: dt.date
) -> tuple[Sides, int | None]:
    account = chart.role("ho_transit")
    sides = _account_sides(session, book_id, account, "head_office_receipt", ["document", "fund"], start, end)
    named = tuple(_lines(side, pl.col("document"), pl.col("fund")) for side in sides)
    return (named[0], named[1]), views.balance(session, book_id, account, end)


def _debits(
    session: Session, book_id: int, _book: Book, chart: Chart, start: dt.date, end: dt.date
) -> tuple[Sides, int | None]:
    account = chart.role("debit_pending")
    sides = _account_sides(session, book_id, account, "debit_slip", ["document"], start, end)
    named = tuple(_lines(side, pl.col("document"), pl.lit(None, pl.String)) for side in sides)
    return (named[0], named[1]), views.balance(session, book_id, account, end)


def _wallets(
    session: Session, book_id: int, _book: Book, chart: Chart, start: dt.date, end: dt.date
) -> tuple[Sides, int | None]:
    """Scans of one bank, channel and day are one sum: a channel settles by trading day."""
    account = chart.role("transit_card")
    scans, settled = _account_sides(session, book_id, account, "scan_settlement", ["document", "bank"], start, end)
    said = registers.documents(session, book_id, "scan_receipt", scans["entry_id"].unique())
    channels = said.select("entry_id", "channel").unique("entry_id", keep="first")
    day = _trading_day(pl.col("date"), pl.col("bank"))
    days = (
        scans.join(channels, on="entry_id", how="left")
        .with_columns(pl.col("channel").fill_null("scan"))
        .group_by("bank", "channel", "date", maintain_order=True)
        .agg(pl.col("amount").sum(), pl.col("ref").first(), pl.len().alias("n"))
    )
    told = registers.documents(session, book_id, "scan_settlement", settled["entry_id"].unique())
    right = settled.join(
        told.select("entry_id", "channel", "trade_date").unique("entry_id", keep="first"), on="entry_id", how="left"
    )
    left = _lines(days, pl.concat_str(day, pl.lit(" "), day, pl.col("channel")), pl.col("bank"))
    traded = _trading_day(pl.col("trade_date"), pl.col("bank"))
    number = pl.concat_str(traded, pl.col("channel").fill_null(""))
    return (left, _lines(right, pl.coalesce(number, "document"), pl.col("bank"))), views.balance(
        session, book_id, account, end
    )


def _trading_day(date: pl.Expr, bank: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("QS"), date.dt.strftime("%Y%m%d"), bank.str.replace_all(r"\D", ""))


def _deposits(
    session: Session, book_id: int, _book: Book, _chart: Chart, start: dt.date, end: dt.date
) -> tuple[Sides, int | None]:
    """What a cashier took of a fund on a day, over and short included, is one sum; each slip is one."""
    taken, slips = _account_sides(session, book_id, CASH, "cash_deposit", ["cashier", "fund", "document"], start, end)
    taken, slips = (side.filter(pl.col("fund").ne_missing(FLOAT)) for side in (taken, slips))
    drawers = (
        taken.group_by("cashier", "fund", "date", maintain_order=True)
        .agg(pl.col("amount").sum(), pl.col("ref").first())
        .filter(pl.col("amount") != 0)
    )
    meets = pl.concat_str("cashier", "fund", separator=" ", ignore_nulls=True)
    left = _lines(drawers, pl.lit(None, pl.String), meets)
    change = views.open_items(session, book_id, ["fund"], end, accounts=(CASH,), fund=FLOAT)["amount"].sum()
    return (left, _lines(slips, pl.col("document"), meets)), views.balance(session, book_id, CASH, end) - int(change)


def _collections(
    session: Session, book_id: int, book: Book, _chart: Chart, start: dt.date, end: dt.date
) -> tuple[Sides, int | None]:
    """Bills sent against what the bank said of each, paid or returned, with the bank's own amounts.

    No account stands behind it: a returned bill makes no entry.
    """
    items = registers.collections(session, book_id, end, book=book, cutover=book.cutover)
    sent = items.filter((pl.col("sent_on") >= start) | (pl.col("answered_on") >= start) | (pl.col("result") == "open"))
    answers = registers.collection_results(session, book_id, end, items).with_row_index("item")
    meets = pl.concat_str("batch", "customer", separator=" ")
    left = sent.with_columns(ref=pl.format("{}/{}", "batch", "item"), date="sent_on")
    right = answers.filter(pl.col("date") >= start).with_columns(ref=pl.format("{}/A{}", "batch", "item"))
    return (_lines(left, pl.col("document"), meets), _lines(right, pl.col("bill_no"), meets)), None


CLEARINGS = (
    Clearing(name="head_office", left=lambda: _("转款"), right=lambda: _("收款收据"), load=_head_office, report="R12"),
    Clearing(name="debits", left=lambda: _("划扣明细"), right=lambda: _("划扣合计单"), load=_debits, report="R20"),
    Clearing(
        name="collections", left=lambda: _("托收送出"), right=lambda: _("托收回单"), load=_collections, report="R19"
    ),
    Clearing(name="wallets", left=lambda: _("扫码收款"), right=lambda: _("渠道清算"), load=_wallets),
    Clearing(name="deposits", left=lambda: _("收现"), right=lambda: _("缴存单"), load=_deposits),
)
"""All that is reconciled besides the bank."""
