"""The only reader of the journal: every figure people see is a view of its entries.

A view takes a session, the book's number and business dates, and gives a polars
frame; amounts are fen (Int64). Any date may be asked, also one long past: what was
posted later with an earlier date is in it, what is not sealed is not.

=====================  ========================================================
trial_balance          试算平衡表: opening, debit, credit, closing per account
balance                one account or family, on a date
bank_journal           银行存款日记账 with opening row, day, month and year totals
receivable_ledger      应收账款明细账 per customer; rollforward sums its movements
receivables, advances  open bills, advances held, on a date
fund_positions         资金构成: what of the money belongs to which fund, per bank
transfers, levies      转款 and 上缴代征 of a period
journal, entry, lines  entries with their lines: a page, one, all of a period
=====================  ========================================================

Red letters (红字): a negative amount stays in its own column, so turnover is what
the month's business was. The opening (E01) is never turnover: a period that
contains its date shows it as opening.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from ledger.documents import KINDS
from ledger.errors import NotFound
from ledger.funds import FLOAT_FUND, LEVY_FUND, movements
from ledger.i18n import _
from ledger.operators import staff
from ledger.storage import view_sql as sql
from ledger.storage.engine import Session

TEXT, FEN, DATE = pl.String(), pl.Int64(), pl.Date()

LINE_SCHEMA: dict[str, pl.DataType] = {
    "entry_id": FEN, "date": DATE, "period": TEXT, "vtype": TEXT, "vno": FEN, "kind": TEXT, "event": TEXT,
    "doc_no": TEXT, "memo": TEXT, "reverses": FEN, "caused_by": FEN, "maker": TEXT, "checker": TEXT,
    "approver": TEXT, "sheet": TEXT, "row": FEN, "origin": TEXT,
    "line": FEN, "account": TEXT, "debit": FEN, "credit": FEN, **dict.fromkeys(sql.DIMENSIONS, TEXT),
}  # fmt: skip
"""A journal line: the entry's columns, ``origin`` (the kind of the document itself, also on
its reversal), the line's own; views of lines add ``voucher`` (记-0012)."""

MONEY = ("1001", "1002", "1012")
LEVY_DUE = "2241.02"
RECEIVABLES = "1122"
ADVANCES = "2203"

BILLED = ("charge", "back_charge", "tm_recognition")
RED = ("reduction",)
WRITTEN_OFF = ("bad_debt", "recovery")
TRANSFERRED = ("account_move", "invoice_unpaid")
HO_TRANSFER = "head_office_transfer"

BUCKETS = ("0", "1-3", "4-6", "7-12", "13-24", "25-36", "37+")
"""Ages of a bill in whole months between its bill-month and the cut-off (domain §9.2)."""

_VOUCHER = re.compile(r"(?:(\d{4}-\d{2})/)?([^\W\d_]{1,2})-?(\d+)")
_DIGITS, _VNO_DIGITS = 19, 10
"""Numbers with so many digits are of no entry and no voucher: they go beyond the columns."""


# -- the state of the book ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """How far a book is sealed: what a report was drawn from."""

    seals: int
    last_entry: int
    sealed_at: str | None
    unstaffed: bool = False
    size: int = 0
    root: str = ""

    def text(self) -> str:
        """One phrase for the foot of a report."""
        said = _("截至分录 {entry}(封签 {seal})").format(entry=self.last_entry, seal=self.seals)
        if self.root:
            said += _(";检查点 {size} {root}").format(size=self.size, root=self.root[:16])
        # Nobody checked what one person did alone: whoever reads the report must know.
        return said + (_(";账套未配备人员,一人经办") if self.unstaffed else "")


def state(session: Session, book_id: int) -> State:
    """The last seal of the book."""
    seals, last_entry, sealed_at = session.rows(sql.STATE, book_id=book_id)[0]
    alone = staff(session, book_id).unstaffed
    size, root = (session.rows(sql.CHECKPOINT, book_id=book_id) or [(0, "")])[0]
    when = None if sealed_at is None else str(sealed_at)
    return State(int(seals), int(last_entry), when, alone, int(size), str(root))


def seals(session: Session, book_id: int) -> int:
    """How many seals the book has: grown, whenever anything was posted."""
    return int(session.rows(sql.STATE, book_id=book_id)[0][0])


def dates(session: Session, book_id: int) -> tuple[dt.date, dt.date] | None:
    """First and last business date in the journal; None while it is empty."""
    first, last = session.rows(sql.DATES, book_id=book_id)[0]
    return None if first is None else (_date(first), _date(last))


def _date(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


# -- balances ----------------------------------------------------------------------------


def turnover(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    keys: Sequence[str] = ("account",),
    accounts: Sequence[str] = (),
    **equal: str | None,
) -> pl.DataFrame:
    """Signed ``opening``, ``debit``, ``credit`` and signed ``closing`` per ``keys``.

    ``keys`` are ``account`` and dimensions of the daily deltas (branch, bank, cashier,
    fund, item; null where a line carries none); ``accounts`` are families (``1122``);
    ``equal`` keeps one value of a dimension (None: any).
    """
    chosen = {name: value for name, value in equal.items() if value is not None}
    text = sql.turnover(keys, accounts=tuple(accounts), equal=tuple(chosen))
    schema = {**dict.fromkeys(keys, TEXT), "opening": FEN, "debit": FEN, "credit": FEN}
    moved = session.frame(text, schema, book_id=book_id, start=start, end=end, **chosen)
    return (
        moved.with_columns(closing=pl.col("opening") + pl.col("debit") - pl.col("credit"))
        .with_columns(pl.col(key).replace("", None) for key in keys)
        .sort(keys)
    )


def trial_balance(
    session: Session, book_id: int, start: dt.date, end: dt.date, *, branch: str | None = None
) -> pl.DataFrame:
    """试算平衡表: ``account, opening, debit, credit, closing`` (opening and closing signed, debit +).

    Red letters stay in their column as negatives. Accounts without any line are absent.
    """
    return turnover(session, book_id, start, end, branch=branch)


def balance(session: Session, book_id: int, account: str, as_of: dt.date, **equal: str | None) -> int:
    """Signed balance (debit +) of an account or a family at the end of a day, in fen."""
    frame = turnover(session, book_id, as_of, as_of, accounts=(account,), **cast("dict[str, Any]", equal))
    return int(frame["closing"].sum())


# -- lines -------------------------------------------------------------------------------


def lines(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    accounts: Sequence[str] = (),
    kinds: Sequence[str] = (),
    live: bool = False,
    **equal: str | None,
) -> pl.DataFrame:
    """Journal lines of a period in the order of the books (:data:`LINE_SCHEMA` and ``voucher``).

    The one frame that feeds every exporter. ``live`` leaves the opening out; ``kinds`` keeps
    entries of these document kinds and their reversals.
    """
    chosen = {name: value for name, value in equal.items() if value is not None}
    text = sql.lines(accounts=tuple(accounts), equal=tuple(chosen), kinds=kinds, live=live)
    frame = session.frame(text, LINE_SCHEMA, book_id=book_id, start=start, end=end, **chosen)
    return frame.with_columns(voucher=voucher())


def flagged(session: Session, book_id: int, frame: pl.DataFrame) -> pl.DataFrame:
    """Entries or lines (``entry_id``) with ``flag``: ``*`` accepted by the accountant, ``!`` not yet."""
    flags = session.frame(sql.FLAGS, {"entry_id": FEN, "flag": TEXT}, book_id=book_id)
    numbered = frame.with_row_index("_row").sort("entry_id").join_asof(flags, on="entry_id", strategy="backward")
    return numbered.sort("_row").drop("_row")


def summary(*, chinese: bool | None = None) -> pl.Expr:
    """摘要: the memo, or where nobody wrote one the name of the document's kind.

    In the language of the person; ``chinese`` for files that must not depend on him.
    """
    names = {kind.name: kind.zh if chinese else kind.title() for kind in KINDS.values()}
    return pl.coalesce("memo", pl.col("kind").replace_strict(names, default=pl.col("kind"), return_dtype=pl.String))


def voucher() -> pl.Expr:
    """The voucher as people write it, from ``vtype`` and ``vno``: 记-0012."""
    return pl.format("{}-{}", pl.col("vtype"), pl.col("vno").cast(pl.String).str.zfill(4))


def journal(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    account: str | None = None,
    customer: str | None = None,
    document: str | None = None,
    period: str | None = None,
    kind: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> pl.DataFrame:
    """One page of entries with all their lines, by date and number.

    ``account`` (with what is below it) and ``customer`` ask for one line that has both;
    ``document`` is the entry's number or that of a line. ``limit`` counts entries.
    """
    given, params = _filters(account, customer, document, period, kind)
    ids = session.frame(
        sql.entries(**given),
        {"entry_id": FEN},
        book_id=book_id,
        start=start,
        end=end,
        limit=limit,
        offset=offset,
        **params,
    )
    if ids.is_empty():
        return pl.DataFrame(schema={**LINE_SCHEMA, "voucher": TEXT})
    session.want("entry", ids["entry_id"])
    return session.frame(sql.lines_of_entries(wanted=True), LINE_SCHEMA, book_id=book_id).with_columns(
        voucher=voucher()
    )


def journal_size(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    account: str | None = None,
    customer: str | None = None,
    document: str | None = None,
    period: str | None = None,
    kind: str | None = None,
) -> int:
    """How many entries :func:`journal` has pages for."""
    given, params = _filters(account, customer, document, period, kind)
    return int(session.rows(sql.entries(**given, count=True), book_id=book_id, start=start, end=end, **params)[0][0])


def _filters(
    account: str | None, customer: str | None, document: str | None, period: str | None, kind: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What to ask for, and the parameters of it."""
    named = {"customer": customer, "document": document, "period": period, "kind": kind}
    params = {name: value for name, value in named.items() if value is not None}
    return {"account": account, **dict.fromkeys(params, True)}, params


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its head (columns of the entry and its batch, ``voucher``, ``reversed_by``) and its lines."""

    head: Mapping[str, object]
    lines: pl.DataFrame


def entry(session: Session, book_id: int, name: str | int) -> Entry:
    """The entry people name: its id, ``2023-06/记-0012``, ``记-0012``, ``kind/doc_no`` or a document number.

    Raises:
        NotFound: nothing by that name, or several; the message lists them.
    """
    found = _find(session, book_id, str(name).strip())
    if len(found) != 1:
        listed = "、".join(
            f"{period}/{vtype}-{vno:04d} {kind}/{doc_no}" for _id, kind, doc_no, period, vtype, vno in found
        )
        raise NotFound(
            _("“{name}”不止一张凭证:{listed}").format(name=name, listed=listed)
            if found
            else _("没有凭证或单据“{name}”").format(name=name)
        )
    entry_id = int(found[0][0])
    schema = {
        name: kind for name, kind in LINE_SCHEMA.items() if name in sql.ENTRY_COLUMNS
    } | {
        "content": TEXT, "batch_id": FEN, "source_name": TEXT, "source_sha256": TEXT, "operator": TEXT,
        "recorded_at": TEXT, "reversed_by": FEN,
    }  # fmt: skip
    head = session.frame(sql.ENTRY_HEAD, schema, book_id=book_id, entry_id=entry_id).with_columns(voucher=voucher())
    body = session.frame(sql.lines_of_entries(), LINE_SCHEMA, book_id=book_id, entry_id=entry_id)
    return Entry(head.row(0, named=True), body.with_columns(voucher=voucher()))


def _find(session: Session, book_id: int, name: str) -> list[tuple[int, str, str, str, str, int]]:
    """``entry_id, kind, doc_no, period, vtype, vno`` of all entries of that name."""
    asked: list[tuple[str, dict[str, object]]] = []
    if name.isascii() and name.isdigit() and len(name) < _DIGITS:
        asked.append(("id", {"entry_id": int(name)}))
    if (match := _VOUCHER.fullmatch(name)) and len(match[3]) < _VNO_DIGITS:
        period, vtype, vno = match[1], match[2], int(match[3])
        params: dict[str, object] = {"vtype": vtype, "vno": vno}
        asked.append(("voucher", params | {"period": period}) if period else ("vouchers", params))
    if "/" in name:
        kind, _slash, doc_no = name.partition("/")
        asked.append(("document", {"kind": kind, "doc_no": doc_no}))
    asked.append(("number", {"doc_no": name}))
    for by, params in asked:
        if rows := session.rows(sql.find_entry(by=by, kinds=tuple(KINDS)), book_id=book_id, **params):
            return [(int(i), str(k), str(d), str(p), str(t), int(n)) for i, k, d, p, t, n in rows]
    return []


# -- the bank journal --------------------------------------------------------------------


def bank_journal(session: Session, book_id: int, account: str, start: dt.date, end: dt.date) -> pl.DataFrame:
    """银行存款日记账 of a bank account: ``section, date, voucher, document, memo, contra, fund, debit, credit, balance``.

    ``section`` says what a row is: ``opening``, ``line``, ``day`` (本日合计), ``month`` (本月合计) or
    ``year`` (本年累计); all but lines have an empty ``voucher``. ``balance`` is signed, debit +, after
    the row. ``contra``: the accounts on the other side of the entry, of the line's fund where
    its fund has any, without the levy move that accompanies it.
    """
    body = lines(session, book_id, start, end, accounts=(account,), live=True)
    opening = turnover(session, book_id, start, end, accounts=(account,))["opening"].sum()
    body = body.join(
        _contra(session, book_id, account, start, end), on=["entry_id", "line"], how="left", maintain_order="left"
    ).with_columns(
        section=pl.lit("line"),
        memo=summary(),
        contra=pl.col("contra").fill_null(""),
        balance=opening + (pl.col("debit") - pl.col("credit")).cum_sum(),
    )
    shown = [
        "section",
        "date",
        "voucher",
        "document",
        "memo",
        "contra",
        "fund",
        "debit",
        "credit",
        "balance",
        "entry_id",
    ]
    body = body.select(shown)
    month = pl.col("date").dt.strftime("%Y-%m")
    day_rows = _subtotals(body, pl.col("date"), "day")
    month_rows = _subtotals(body, month, "month")
    year = _subtotals(body, month, "year")
    if not year.is_empty():
        year = _year_to_date(session, book_id, account, year)
    first = pl.DataFrame(
        {"section": "opening", "date": start, "debit": 0, "credit": 0, "balance": opening}
    ).with_columns(pl.col("debit", "credit", "balance").cast(FEN))
    order = pl.col("section").replace_strict(
        {"opening": 0, "line": 1, "day": 2, "month": 3, "year": 4}, return_dtype=pl.Int64
    )
    return (
        pl.concat([first, body, day_rows, month_rows, year], how="diagonal")
        .with_columns(pl.col("voucher", "document", "memo", "contra", "fund").fill_null(""))
        .with_columns(_first=(pl.col("section") == "opening"), _order=order)
        .sort(pl.col("_first").not_(), "date", "_order", maintain_order=True)
        .select(shown)
    )


def _subtotals(body: pl.DataFrame, by: pl.Expr, section: str) -> pl.DataFrame:
    """Debit and credit of each group of lines, dated as its last line."""
    return (
        body.group_by(by.alias("_group"), maintain_order=True)
        .agg(pl.col("date").last(), pl.col("debit", "credit").sum(), pl.col("balance").last())
        .drop("_group")
        .with_columns(section=pl.lit(section))
    )


def _year_to_date(session: Session, book_id: int, account: str, months: pl.DataFrame) -> pl.DataFrame:
    """Turnover from 1 January (or the opening) up to the date of each month's last line."""
    sums = []
    for date in months["date"]:
        year = turnover(session, book_id, date.replace(month=1, day=1), date, accounts=(account,))
        sums.append({"debit": int(year["debit"].sum()), "credit": int(year["credit"].sum())})
    return months.with_columns(pl.DataFrame(sums, schema={"debit": FEN, "credit": FEN}))


def _contra(session: Session, book_id: int, account: str, start: dt.date, end: dt.date) -> pl.DataFrame:
    """``entry_id, line, contra`` for the lines of ``account``: who stands on the other side."""
    schema = {"entry_id": FEN, "line": FEN, "account": TEXT, "debit": FEN, "credit": FEN, "fund": TEXT}
    every = session.frame(sql.CONTRA, schema, book_id=book_id, account=account, start=start, end=end).with_columns(
        amount=pl.col("debit") - pl.col("credit")
    )
    billed, due = pl.col("account").str.starts_with("2241.01"), pl.col("account").str.starts_with(LEVY_DUE)
    levy_move = (billed | due) & billed.any().over("entry_id")
    own = every.filter(pl.col("account") == account).select("entry_id", "line", "amount", "fund")
    other = every.filter((pl.col("account") != account) & levy_move.not_()).select(
        "entry_id", pl.col("account").alias("contra"), other="amount", other_fund="fund"
    )
    met = own.join(other, on="entry_id").filter(pl.col("amount").sign() != pl.col("other").sign())
    same_fund = (pl.col("fund") == pl.col("other_fund")).fill_null(False)
    met = met.filter(same_fund | same_fund.any().over("entry_id", "line").not_())
    return met.group_by("entry_id", "line").agg(contra=pl.col("contra").unique().sort().str.join(","))


# -- receivables -------------------------------------------------------------------------


def receivable_ledger(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    family: str,
    pending: str,
    levies: Mapping[str, str],
    customer: str | None = None,
    branch: str | None = None,
) -> pl.DataFrame:
    """应收账款明细账: per customer an opening row, then the lines with the balance after each.

    ``family`` is the receivables' heading (1122), ``pending`` its account of direct debits
    not yet allotted, ``levies`` item → account of levies billed. Columns: ``section``
    (opening | line), ``customer`` (null: the pending account), ``date, voucher, document, memo, account,
    bill_month, debit, credit, balance, movement``, and per levy item the part of the amount
    that is levy (signed, debit +). ``movement``: billed, red (冲减), collected, written_off,
    transferred (moved to or from another account) or pending.
    """
    keys = ["account", "customer"]
    before = start - dt.timedelta(days=1)
    opened = open_items(session, book_id, keys, before, accounts=(family,), customer=customer, branch=branch)
    initial = lines(session, book_id, start, end, accounts=(family,), customer=customer, branch=branch)
    initial, body = initial.filter(pl.col("event") == "E01"), initial.filter(pl.col("event") != "E01")
    opened = pl.concat(
        [opened.select("customer", "amount"), initial.select("customer", amount=pl.col("debit") - pl.col("credit"))]
    )
    opening = opened.group_by("customer").agg(balance=pl.col("amount").sum())
    body = body.with_columns(movement=_movement(pending), memo=summary(), section=pl.lit("line"))
    if levies:
        body = body.join(
            _levy_parts(session, book_id, start, end, levies, customer),
            on=["entry_id", "customer", "bill_month", "document"], how="left", nulls_equal=True, maintain_order="left",
        )  # fmt: skip
        # the lines of one bill in one entry share its levies: they stand on the first
        first = pl.int_range(pl.len()).over("entry_id", "customer", "bill_month", "document") == 0
        body = body.with_columns(pl.when(first).then(pl.col(*levies)).otherwise(0).fill_null(0))
    everyone = pl.concat([opening.select("customer"), body.select("customer")]).unique()
    heads = everyone.join(opening, on="customer", how="left", nulls_equal=True).with_columns(
        pl.col("balance").fill_null(0), section=pl.lit("opening"), date=pl.lit(start),
        debit=pl.lit(0, FEN), credit=pl.lit(0, FEN), **{item: pl.lit(0, FEN) for item in levies},
    )  # fmt: skip
    shown = [
        "section", "customer", "date", "voucher", "document", "memo", "account", "bill_month", "debit", "credit",
        "balance", "movement", "entry_id", "doc_no", *levies,
    ]  # fmt: skip
    return (
        pl.concat([heads, body], how="diagonal")
        .with_columns(_step=pl.col("balance").fill_null(0) + pl.col("debit") - pl.col("credit"))
        .sort(
            pl.col("customer"),
            pl.col("section") == "line",
            "date",
            "entry_id",
            "line",
            nulls_last=True,
            maintain_order=True,
        )
        .with_columns(balance=pl.col("_step").cum_sum().over("customer"))
        .select(shown)
    )


def _movement(pending: str) -> pl.Expr:
    origin = pl.col("origin")
    return (
        pl.when(pl.col("account") == pending).then(pl.lit("pending"))
        .when(origin.is_in(BILLED)).then(pl.lit("billed"))
        .when(origin.is_in(RED)).then(pl.lit("red"))
        .when(origin.is_in(WRITTEN_OFF)).then(pl.lit("written_off"))
        .when(origin.is_in(TRANSFERRED)).then(pl.lit("transferred"))
        .otherwise(pl.lit("collected"))
    )  # fmt: skip


def _levy_parts(
    session: Session, book_id: int, start: dt.date, end: dt.date, levies: Mapping[str, str], customer: str | None
) -> pl.DataFrame:
    """Per entry and bill one column per levy: what the entry did to it, signed as the receivable (billed +)."""
    frame = lines(session, book_id, start, end, accounts=tuple(levies.values()), customer=customer)
    return frame.group_by("entry_id", "customer", "bill_month", "document").agg(
        (pl.col("credit") - pl.col("debit")).filter(pl.col("account") == account).sum().alias(item)
        for item, account in levies.items()
    )


MOVEMENT_SIGN = {"billed": 1, "red": -1, "collected": -1, "written_off": -1, "transferred": 1, "pending": -1}
"""How a movement counts towards the closing: opening + billed − red − collected …"""


def rollforward(ledger: pl.DataFrame) -> dict[str, int]:
    """Sums of a :func:`receivable_ledger`: opening, each movement (as people state it, mostly positive), closing.

    opening + billed − red − collected − written_off + transferred − pending = closing.
    """
    body = ledger.filter(pl.col("section") == "line")
    sums = {
        movement: sign
        * int(body.filter(pl.col("movement") == movement).select((pl.col("debit") - pl.col("credit")).sum()).item())
        for movement, sign in MOVEMENT_SIGN.items()
    }
    opening = int(ledger.filter(pl.col("section") == "opening")["balance"].sum())
    closing = int(ledger.group_by("customer", maintain_order=True).agg(pl.col("balance").last())["balance"].sum())
    return {"opening": opening, **sums, "closing": closing}


def open_items(
    session: Session,
    book_id: int,
    keys: Sequence[str],
    as_of: dt.date,
    *,
    accounts: Sequence[str],
    **equal: str | None,
) -> pl.DataFrame:
    """Open items up to a date: ``keys, branch, amount`` (signed, ≠ 0) and ``since``."""
    chosen = {name: value for name, value in equal.items() if value is not None}
    schema = {**dict.fromkeys(keys, TEXT), "branch": TEXT, "amount": FEN, "since": DATE}
    text = sql.open_items(keys, accounts=accounts, equal=tuple(chosen))
    return session.frame(text, schema, book_id=book_id, as_of=as_of, **chosen)


def receivables(
    session: Session,
    book_id: int,
    as_of: dt.date,
    *,
    accounts: Sequence[str] = (RECEIVABLES,),
    customer: str | None = None,
    branch: str | None = None,
) -> pl.DataFrame:
    """Open bills (欠费): ``customer, account, bill_month, document, branch, amount, since, months, bucket``.

    ``document`` is the bill's number; ``months`` whole months between bill-month (else the month of
    its first line) and ``as_of``, ``bucket`` one of :data:`BUCKETS`. By customer, oldest first.
    """
    keys = ["customer", "account", "bill_month", "document"]
    items = open_items(session, book_id, keys, as_of, accounts=accounts, customer=customer, branch=branch)
    month = pl.coalesce("bill_month", pl.col("since").dt.strftime("%Y-%m"))
    year, number = month.str.slice(0, 4).cast(pl.Int64), month.str.slice(5, 2).cast(pl.Int64)
    return (
        items.with_columns(months=as_of.year * 12 + as_of.month - year * 12 - number)
        .with_columns(bucket=bucket("months"))
        .sort("customer", "bill_month", "account", "document", nulls_last=True)
    )


def bucket(months: str) -> pl.Expr:
    """Ageing bucket of a column of whole months."""
    cut = pl.col(months).clip(0).cast(pl.Int64)
    chain: Any = pl.when(cut == 0).then(pl.lit("0"))
    for limit, name in zip((3, 6, 12, 24, 36), BUCKETS[1:-1], strict=True):
        chain = chain.when(cut <= limit).then(pl.lit(name))
    return cast("pl.Expr", chain.otherwise(pl.lit(BUCKETS[-1])))


def advances(
    session: Session,
    book_id: int,
    as_of: dt.date,
    *,
    family: str = ADVANCES,
    customer: str | None = None,
) -> pl.DataFrame:
    """Advances held (预收): ``customer, account, amount`` (positive: owed to the customer), ``since``."""
    items = open_items(session, book_id, ["customer", "account"], as_of, accounts=(family,), customer=customer)
    return items.with_columns(amount=-pl.col("amount")).drop("branch").sort("customer", "account", nulls_last=True)


# -- funds -------------------------------------------------------------------------------

_FUND_KEYS = ("account", "bank", "cashier", "fund")


def fund_positions(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    deposit_banks: Mapping[str, str],
    transit: str,
) -> pl.DataFrame:
    """资金构成: ``bank, fund, opening, receipts, to_levy, paid_out, closing`` per bank and fund.

    ``deposit_banks``: cashier → bank its drawer's cash counts for; ``transit``: the account of
    transfers to head office (1221.01). opening + receipts + to_levy − paid_out = closing.
    ``to_levy`` is signed (− out of a fund, + into 代征), ``paid_out`` positive, receipts are the
    rest of the money's movement (fees and returned payments negative). Floats (零钞) belong to no
    bank: they are never deposited. Definition: ``ledger.funds``.
    """
    moved = turnover(session, book_id, start, end, keys=_FUND_KEYS, accounts=(*MONEY, LEVY_DUE, transit))
    return _fund_table(moved, deposit_banks, transit)


def _fund_table(moved: pl.DataFrame, deposit_banks: Mapping[str, str], transit: str) -> pl.DataFrame:
    keys = ["bank", "fund"]
    opened = movements(moved.with_columns(amount=pl.col("opening")), deposit_banks)
    change = movements(moved.with_columns(amount=pl.col("debit") - pl.col("credit")), deposit_banks)
    levy = pl.col("account").str.starts_with(LEVY_DUE) & (pl.col("fund") == LEVY_FUND)
    paid = pl.concat(
        [
            moved.filter(pl.col("account") == transit).select(*keys, paid_out="debit"),
            moved.filter(levy).select(*keys, paid_out=pl.col("debit") - pl.col("credit")),
        ]
    )
    parts = pl.concat(
        [
            opened.select(*keys, opening="movement"),
            change.filter(pl.col("levy")).select(*keys, to_levy="movement"),
            change.filter(pl.col("levy").not_()).select(*keys, money="movement"),
            paid,
        ],
        how="diagonal",
    ).with_columns(bank=pl.when(pl.col("fund") != FLOAT_FUND).then("bank"))
    return (
        parts.group_by(keys)
        .agg(pl.col("opening", "money", "to_levy", "paid_out").fill_null(0).sum())
        .with_columns(receipts=pl.col("money") + pl.col("paid_out"))
        .select(
            *keys,
            "opening",
            "receipts",
            "to_levy",
            "paid_out",
            closing=pl.col("opening") + pl.col("money") + pl.col("to_levy"),
        )
        .sort(keys, nulls_last=True)
    )


def transfers(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    deposit_banks: Mapping[str, str],
    transit: str,
) -> pl.DataFrame:
    """转款: per transfer to head office and fund, what was there, what went, what head office receipted.

    Columns: ``transfer, date, bank, fund, opening, received, to_levies, available, transferred, left,
    receipts, receipted, difference``. ``opening`` is the position at ``start`` or after the
    previous transfer of the same bank; ``to_levies`` positive (what left the fund for 代征);
    ``left`` = available − transferred; ``receipts`` numbers of head office's receipts up to ``end``.
    """
    moved = lines(session, book_id, start, end, accounts=(transit,), live=True)
    sent = (
        moved.filter(pl.col("origin") == HO_TRANSFER)
        .group_by(transfer="document", bank="bank", fund="fund")
        .agg(pl.col("entry_id").min(), pl.col("date").min(), transferred=pl.col("debit").sum())
    )
    got = (
        moved.filter((pl.col("origin") != HO_TRANSFER) & (pl.col("credit") != 0))
        .group_by(transfer="document", fund="fund")
        .agg(receipted=pl.col("credit").sum(), receipts=pl.col("doc_no").unique(maintain_order=True).str.join(","))
    )
    steps = sent.group_by("bank", "transfer").agg(pl.col("date").min(), pl.col("entry_id").min())
    tables = []
    for (bank,), own in steps.sort("date", "entry_id").group_by("bank", maintain_order=True):
        past: pl.DataFrame | None = None
        for step in own.iter_rows(named=True):
            at = _funds_before(session, book_id, start, step["date"], step["entry_id"], deposit_banks, transit)
            mine = (pl.col("transfer") == step["transfer"]) & pl.col("bank").eq_missing(pl.lit(bank))
            table = _schedule(at.filter(pl.col("bank").eq_missing(pl.lit(bank))), past, sent.filter(mine))
            tables.append(table.with_columns(pl.lit(value).alias(name) for name, value in step.items()))
            past = table
    schema = {
        "transfer": TEXT, "date": DATE, "bank": TEXT, "fund": TEXT, "opening": FEN, "received": FEN, "to_levies": FEN,
        "available": FEN, "transferred": FEN, "left": FEN, "entry_id": FEN,
    }  # fmt: skip
    empty = pl.DataFrame(schema=schema)
    table = pl.concat([empty, *(table.select(list(schema)).cast(cast("Any", schema)) for table in tables)]).filter(
        pl.any_horizontal(pl.col("opening", "received", "to_levies", "transferred") != 0)
    )
    return (
        table.join(got, on=["transfer", "fund"], how="left", maintain_order="left")
        .with_columns(pl.col("receipted").fill_null(0), pl.col("receipts").fill_null(""))
        .with_columns(difference=pl.col("transferred") - pl.col("receipted"))
        .sort("date", "entry_id", maintain_order=True)
        .select(*schema, "receipts", "receipted", "difference")
        .drop("entry_id")
    )


def _funds_before(
    session: Session,
    book_id: int,
    start: dt.date,
    date: dt.date,
    entry_id: int,
    deposit_banks: Mapping[str, str],
    transit: str,
) -> pl.DataFrame:
    """The fund table from ``start`` to just before an entry of a day."""
    accounts = (*MONEY, LEVY_DUE, transit)
    yesterday = date - dt.timedelta(days=1)
    moved = turnover(session, book_id, start, yesterday, keys=_FUND_KEYS, accounts=accounts)
    text = sql.lines(accounts=accounts, before=True, live=True)
    day = session.frame(text, LINE_SCHEMA, book_id=book_id, start=date, end=date, entry_id=entry_id)
    both = [moved.drop("closing"), day.select(*_FUND_KEYS, pl.lit(0, FEN).alias("opening"), "debit", "credit")]
    return _fund_table(pl.concat(both), deposit_banks, transit)


def _schedule(at: pl.DataFrame, past: pl.DataFrame | None, sent: pl.DataFrame) -> pl.DataFrame:
    """Funds of one transfer: what was there before, what came and went to levies since, what is sent.

    ``at``: fund table up to just before it; ``past``: the schedule of the bank's previous transfer.
    """
    rows = at.filter(pl.col("fund") != LEVY_FUND).select("fund", start="opening", moved="to_levy", available="closing")
    rows = rows.join(sent.select("fund", "transferred"), on="fund", how="full", coalesce=True)
    if past is None:
        rows = rows.with_columns(opening=pl.col("start"), moved_before=pl.lit(0, FEN))
    else:
        known = past.select("fund", opening="left", moved_before="moved")
        rows = rows.join(known, on="fund", how="left")
    return (
        rows.with_columns(pl.col(FEN).fill_null(0))
        .with_columns(
            to_levies=pl.col("moved_before") - pl.col("moved"), left=pl.col("available") - pl.col("transferred")
        )
        .with_columns(received=pl.col("available") - pl.col("opening") + pl.col("to_levies"))
    )


def levies(
    session: Session,
    book_id: int,
    start: dt.date,
    end: dt.date,
    *,
    billed: Mapping[str, str],
    due: Mapping[str, str],
) -> pl.DataFrame:
    """上缴代征 per levy item; balances are positive where owed.

    Columns: ``levy, opening_due, billed, collected, remitted, forms, closing_due,
    closing_uncollected, opening_uncollected, written_off``. ``billed`` and ``due``: item → account of 应收未收 and 已收待缴. Red reductions reduce
    ``billed``, red levy moves ``collected``, recoveries ``written_off`` (domain §9.2); ``forms``
    are the numbers of the 缴款书.
    """
    owed = turnover(session, book_id, start, end, keys=("account", "fund"), accounts=(*billed.values(), *due.values()))
    written = lines(session, book_id, start, end, accounts=tuple(billed.values()), kinds=WRITTEN_OFF, live=True)
    paid = lines(session, book_id, start, end, accounts=tuple(due.values()), fund=LEVY_FUND, live=True)
    change = pl.col("credit") - pl.col("debit")
    rows = []
    for item, account in billed.items():
        open_, held = owed.filter(pl.col("account") == account), owed.filter(pl.col("account") == due[item])
        remitted = pl.col("fund").eq_missing(pl.lit(LEVY_FUND))
        collected = _sum(held.filter(remitted.not_()), change)
        off = -_sum(written.filter(pl.col("account") == account), change)
        forms = paid.filter((pl.col("account") == due[item]) & (pl.col("debit") != 0))["document"].drop_nulls()
        rows.append({
            "levy": item,
            "opening_due": -_sum(held, pl.col("opening")),
            # what changed the uncollected levies and was neither collected nor written off was billed
            "billed": _sum(open_, change) + collected + off,
            "collected": collected,
            "remitted": -_sum(held.filter(remitted), change),
            "forms": ",".join(forms.unique(maintain_order=True)),
            "closing_due": -_sum(held, pl.col("closing")),
            "closing_uncollected": -_sum(open_, pl.col("closing")),
            "opening_uncollected": -_sum(open_, pl.col("opening")),
            "written_off": off,
        })  # fmt: skip
    names = (
        "opening_due",
        "billed",
        "collected",
        "remitted",
        "forms",
        "closing_due",
        "closing_uncollected",
        "opening_uncollected",
        "written_off",
    )
    schema = {"levy": TEXT, **{name: TEXT if name == "forms" else FEN for name in names}}
    return pl.DataFrame(rows, schema=schema)


def _sum(frame: pl.DataFrame, amount: pl.Expr) -> int:
    return int(frame.select(amount.sum()).item())
