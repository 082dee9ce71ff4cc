"""The only writer of entries: ``post`` a batch, ``reverse`` an entry.

A batch (批次) is posted whole or not at all, and posting it twice is harmless::

    documents ─canonical─▶ seen before? ─rules, wave by wave─▶ entries and lines
              ─advances applied (E13)─▶ voucher numbers ─▶ database, sealed

Everything up to the last arrow is frames in, frames out; the database is asked
in sets and written in bulk. Rules: architecture decisions 1, 2, 4, 9; domain §3,
§9.2. Amounts are fen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import polars as pl

from ledger import requests
from ledger.accounts import DIMENSIONS, Chart
from ledger.book import Book
from ledger.canonical import batch_key, differing_field, row_content
from ledger.controls import control_message
from ledger.documents import KINDS, Kind
from ledger.errors import AlreadyReversed, ConflictingDocument, Fault, NotFound, Refused
from ledger.i18n import _
from ledger.money import format_fen
from ledger.number_series import USE, marks
from ledger.operators import Operator, Staff, certificates_lost
from ledger.operators import staff as staff_of
from ledger.postings import RULES, apply_advance, profit_close
from ledger.postings.faults import rows_at_fault
from ledger.postings.opening import posted_rows
from ledger.postings.rule import LINE_SCHEMA, Rule, Work, post_legs
from ledger.roles import ENTER, role_name, role_names
from ledger.state import State
from ledger.storage import journal_sql as sql
from ledger.storage.engine import Session, Store

OPENING_KINDS = frozenset({"opening", "opening_bills", "opening_items"})
MASTER_KINDS = frozenset({"customers", "number_issue"}) | OPENING_KINDS
"""Kinds that make no statement about a business day of the live ledger."""

SLIP_NUMBERS = frozenset({"slip_no", "advice_no", "cheque_no", "bank_ref", "channel_no"})
"""Numbers the bank or the channel gave: used once (C53)."""

TAKE_UP = frozenset({"slip_arrival", "slip_expired", "cheque_lodged", "identify", "debit_list"})
"""Kinds that go by the number of the earlier document they take up."""

DOCUMENT_SCHEMA: dict[str, pl.DataType] = {
    "entry": pl.Int64(),
    "kind": pl.String(),
    "event": pl.String(),
    "doc_no": pl.String(),
    "date": pl.Date(),
    "memo": pl.String(),
    "maker": pl.String(),
    "checker": pl.String(),
    "approver": pl.String(),
    "content": pl.String(),
    "subject": pl.String(),
    "sheet": pl.String(),
    "row": pl.Int64(),
    "cause": pl.Int64(),
    "reverses": pl.Int64(),
}
"""One row per document of a batch; ``entry`` is its place in the batch, ``cause``
the place of the document it follows from, ``reverses`` the entry id it cancels."""

_LIST = 20
"""How many items a message lists before it says how many more there are."""


class Submission(Protocol):
    """A file (or sheet) of documents of one kind, as the importers deliver it."""

    @property
    def kind(self) -> str: ...

    @property
    def frame(self) -> pl.DataFrame: ...

    @property
    def file(self) -> str: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a post did. ``entries`` and ``lines`` are what stands in the journal now
    (or would: ``dry``); amounts fen."""

    status: Literal["posted", "already", "dry", "waiting"]
    batch_id: int
    recorded_at: str
    request: str | None = None
    entries: pl.DataFrame = field(default_factory=pl.DataFrame)
    lines: pl.DataFrame = field(default_factory=pl.DataFrame)
    facts: int = 0
    skipped: int = 0
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A book opened for posting: its data and its store."""

    store: Store
    book_id: int
    book: Book
    chart: Chart
    cutover: dt.date | None


Progress = Callable[[str, int, int], None]
"""Called with what is being done and how many of how many steps are done."""


def _no_progress(_what: str, _done: int, _of: int) -> None:
    return None


def post(
    ledger: Ledger,
    submissions: Sequence[Submission],
    *,
    operator: str,
    today: dt.date,
    only_new: bool = False,
    dry_run: bool = False,
    progress: Progress = _no_progress,
) -> Posted:
    """Post documents as one batch, or file the request where others must approve it first.

    Raises:
        ConflictingDocument: a number is posted with other content, or some rows
            are posted and some new (without ``only_new``).
        Refused: the operator may not, a rule or control says no; every fault of the batch is listed.
        LawBroken: the database refused.
    """
    with ledger.store.writing(ledger.book_id) as session:
        return post_in(
            session,
            ledger,
            submissions,
            operator=operator,
            today=today,
            only_new=only_new,
            dry_run=dry_run,
            progress=progress,
        )


def post_in(
    session: Session,
    ledger: Ledger,
    submissions: Sequence[Submission],
    *,
    operator: str,
    today: dt.date,
    only_new: bool = False,
    dry_run: bool = False,
    request: str | None = None,
    progress: Progress = _no_progress,
) -> Posted:
    """:func:`post` in a transaction of the caller; ``request`` is the number under which it was approved."""
    kind = submissions[0].kind if len(submissions) == 1 else "day"
    source = (submissions[0].file, submissions[0].sha256)
    progress(_("查重"), 0, 4)
    people = staff_of(session, ledger.book_id)
    ledger = _with_people(ledger, people)
    # Whoever filed a request was entitled then; what he is by now does not undo the approvals.
    makers = (
        [people.find(operator)]
        if request
        else [people.require(operator, f"enter:{part.kind}") for part in submissions if len(part.frame)]
    )
    numbered = _numbered(submissions)
    key = batch_key(kind, pl.concat([rows["_content"] for _k, rows in numbered]))
    seen = sql.batch_by_key(session, ledger.book_id, key)
    if seen is not None:
        return Posted(status="already", batch_id=seen[0], recorded_at=seen[1])
    numbered = [(k, _with_numbers(k, rows, key)) for k, rows in numbered]
    fresh, skipped, earlier = _unposted(session, ledger.book_id, numbered, only_new=only_new)
    if not any(len(rows) for _k, rows in fresh):
        return Posted(status="already", batch_id=earlier[0], recorded_at=earlier[1], skipped=skipped)
    if request is not None:
        requests.released(session, ledger.book_id, people, request, key)
    progress(_("核算"), 1, 4)
    batch = _Batch(ledger, session, today)
    if not people.unstaffed:
        batch.faults += [fault for k, rows in fresh for fault in _who_is_named(k, rows, people, makers[0])]
        batch.faults += _certificates(session, ledger.book_id, fresh, people)
    for part_kind, rows in _segments(fresh):
        batch.run(part_kind, rows)
    batch.apply_advances()
    batch.refuse_faults()
    progress(_("记账"), 2, 4)
    asked = [part for part in submissions if len(part.frame) and requests.needed(part.kind, ledger.book.policies)]
    waits = request is None and not people.unstaffed and bool(asked)
    if waits and len(submissions) > 1:
        raise Refused(
            _("{kinds} 须经复核、审批,请单独提交").format(
                kinds=_("、").join(KINDS[part.kind].title() for part in asked)
            )
        )
    done = batch.write(kind, key, source, operator, skipped=skipped, dry_run=dry_run or waits, progress=progress)
    if not waits or dry_run:
        return done
    filed = requests.file_request(
        session, ledger.book_id, kind=kind, maker=makers[0].id, today=today, key=key,
        rows=requests.freeze(submissions[0].frame), file=source[0], sha256=source[1],
    )  # fmt: skip
    return replace(done, status="waiting", request=filed.number, recorded_at=filed.recorded_at)


def _with_people(ledger: Ledger, people: Staff) -> Ledger:
    """In a staffed book the persons that documents name are its operators, beside those of book.toml."""
    if people.unstaffed:
        return ledger
    own = {person.id for person in people.persons}
    others = tuple(person for person in ledger.book.persons if person.id not in own)
    return replace(ledger, book=replace(ledger.book, persons=(*people.persons, *others)))


def _who_is_named(kind: Kind, rows: pl.DataFrame, people: Staff, maker: Operator) -> list[Fault]:
    """Names in 录入, 复核, 审批 are operators at work; a cashier writes for his own drawer; what is requested
    here is entered by the maker it names."""
    faults: list[Fault] = []
    known = {name.casefold() for p in people.people.values() if p.active for name in (p.id, p.name)}
    for column in {"maker", "checker", "approver"} & set(kind.by_name):
        strangers = rows.filter(pl.col(column).is_not_null() & ~pl.col(column).str.to_lowercase().is_in(list(known)))
        faults += faults_of(strangers.with_columns(kind=pl.lit(kind.name)), column, _("不是在用的操作员"), code="C41")
    if "cashier" in kind.by_name and maker.role == "cashier":
        own = rows.filter(pl.col("cashier").is_not_null() & (pl.col("cashier") != maker.id))
        faults += faults_of(
            own.with_columns(kind=pl.lit(kind.name)),
            "cashier",
            _("收费员只能录入自己的钱箱({own})").format(own=maker.id),
            code="C41",
        )
    if kind.name in requests.ALWAYS and "maker" in kind.by_name:
        written = [maker.id.casefold(), maker.name.casefold()]
        other = rows.filter(pl.col("maker").is_not_null() & ~pl.col("maker").str.to_lowercase().is_in(written))
        faults += faults_of(
            other.with_columns(kind=pl.lit(kind.name)),
            "maker",
            _("录入人应是办理人 {name}").format(name=maker.name),
            code="C41",
        )
    return faults


def reverse(
    ledger: Ledger, entry_id: int, *, reason: str, operator: str, today: dt.date, date: dt.date | None = None
) -> Posted:
    """Cancel an entry by its red-letter copy (红字冲销), once, linked both ways.

    Dated ``date`` or the business day; never before the original, never in a
    closed period. The posted rows stay as they are (domain §3 Corrections).

    Raises:
        NotFound, AlreadyReversed, Refused.
    """
    on = date or today
    with ledger.store.writing(ledger.book_id) as session:
        person = staff_of(session, ledger.book_id).require(operator, "reverse")
        found = sql.entry_by(session, ledger.book_id, entry_id=entry_id)
        if found.is_empty():
            raise NotFound(_("没有分录 {entry}").format(entry=entry_id))
        original = found.row(0, named=True)
        if original["reversed_by"] is not None:
            raise AlreadyReversed(
                _("分录 {entry} 已由分录 {by} 冲销,不能再冲").format(entry=entry_id, by=original["reversed_by"])
            )
        if original["reverses"] is not None:
            raise AlreadyReversed(_("分录 {entry} 本身是红字冲销,不能再冲").format(entry=entry_id))
        if not staff_of(session, ledger.book_id).unstaffed:
            _may_reverse(session, ledger, original, person)
        if on < original["date"]:
            raise Refused(_("冲销日期 {on} 早于原分录日期 {date}").format(on=on, date=original["date"]))
        lines = sql.JournalSource(session, ledger.book_id).lines(pl.Series("entry", [entry_id]))
        document = pl.DataFrame(
            {
                "entry": [0],
                "kind": [original["kind"]],
                "event": [original["event"]],
                "doc_no": [f"{original['doc_no']}-R"],
                "date": [on],
                "memo": [
                    _("注销 {date} {vtype}-{vno} 号凭证:{reason}").format(
                        date=original["date"], vtype=original["vtype"], vno=original["vno"], reason=reason
                    )
                ],
                "reverses": [entry_id],
                "content": [None],
            }
        )
        batch = _Batch(ledger, session, today)
        drawers = lines.filter(pl.col("account").is_in(list(ledger.chart.role_map("cash").values())))["cashier"]
        dated = document.with_columns(file=None, sheet=None, row=None, cashier=pl.lit(drawers.max(), pl.String))
        batch.check_dates(dated, original["kind"])
        red = lines.with_columns(entry=pl.lit(0, pl.Int64), debit=-pl.col("debit"), credit=-pl.col("credit")).select(
            *LINE_SCHEMA
        )
        batch.take(_documents(document), red)
        batch.refuse_overdrawn(red)
        batch.refuse_banked(red, original["date"], on)
        batch.refuse_faults()
        return batch.write("reverse", f"reverse:{entry_id}", (None, None), operator)


def _certificates(session: Session, book_id: int, parts: list[tuple[Kind, pl.DataFrame]], people: Staff) -> list[Fault]:
    """C28: whose certificate is reported lost takes no part in a transfer of the online bank."""
    lost = [people.people[person] for person in certificates_lost(session, book_id)]
    names = [name.casefold() for person in lost for name in (person.id, person.name)]
    faults: list[Fault] = []
    for kind, rows in parts if names else ():
        for column in ("maker", "checker", "approver") if kind.name in requests.TRANSFERS else ():
            his = rows.filter(pl.col(column).str.to_lowercase().is_in(names)).with_columns(kind=pl.lit(kind.name))
            faults += faults_of(his, column, control_message("C28"), code="C28")
    return faults


def _may_reverse(session: Session, ledger: Ledger, original: dict[str, Any], person: Operator) -> None:
    """Who entered it, and the lead; once the day is closed the lead or the accountant; once it is accepted
    the accountant alone (domain §3)."""
    entered_by, accepted = sql.hands(session, ledger.book_id, original["batch_id"])
    closed = original["date"] in sql.closed_days(session, ledger.book_id)
    if accepted:
        roles: tuple[str, ...] = ("accountant",)
    elif closed:
        roles = ("lead", "accountant")
    else:
        roles = (*ENTER.get(original["kind"], ()), "lead", "accountant")
    own = person.role not in ("cashier", "billing_clerk") or person.id == entered_by
    if person.role not in roles or not own:
        raise Refused(
            Fault(
                message=_("{role} {name} 不能做这件事,须由 {roles} 办理").format(
                    role=role_name(person.role), name=person.name, roles=role_names(tuple(dict.fromkeys(roles)))
                ),
                code="role",
            )
        )


def post_closing(
    session: Session, ledger: Ledger, end: dt.date, *, operator: str, today: dt.date, hand_over: bool
) -> int | None:
    """E37, in the transaction of the month close: profit and loss up to ``end`` goes to 本年利润, and with
    ``hand_over`` from there to head office. Gives the profit in fen, None where there was nothing to close."""
    chart, source = ledger.chart, sql.JournalSource(session, ledger.book_id)
    temporary = [code for code in chart.codes if chart.account(code).kind in ("income", "expense")]
    # An account carries on only the dimensions it must have: a line per receivable would say no more.
    held = source.items(temporary, until=end).with_columns(
        pl.when(pl.col("account").is_in([code for code in temporary if name in chart.account(code).required]))
        .then(pl.col(name))
        .alias(name)
        for name in DIMENSIONS
    )
    balances = (
        held.group_by("account", *DIMENSIONS)
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .sort("account", *DIMENSIONS)
    )
    done = sql.documents_like(session, ledger.book_id, profit_close.KIND, f"JZ-{end:%Y-%m}")
    number = f"JZ-{end:%Y-%m}" + (f"-{done + 1}" if done else "")
    batch = _Batch(ledger, session, max(today, end))
    lines = [profit_close.closing(balances, chart, number=number)] if len(balances) else []
    held_profit = -int(source.daily([chart.role("profit")], end)["amount"].sum()) - int(balances["amount"].sum())
    if hand_over and held_profit:
        lines.append(profit_close.transfer(held_profit, chart, number=f"{number}-T", entry=len(lines)))
    for place, part in enumerate(lines):
        transferring = hand_over and held_profit != 0 and place == len(lines) - 1
        document = {
            "entry": [place], "kind": [profit_close.KIND], "event": [profit_close.EVENT], "date": [end],
            "doc_no": [f"{number}-T" if transferring else number],
            "memo": [_("本年利润转总公司") if transferring else _("结转损益 {period}").format(period=f"{end:%Y-%m}")],
        }  # fmt: skip
        batch.take(_documents(pl.DataFrame(document)), part)
    if not lines:
        return None
    batch.write("month_close", f"profit_close:{number}", (None, None), operator)
    return -int(balances["amount"].sum())


# -- reading the batch -------------------------------------------------------------------


def _numbered(submissions: Sequence[Submission]) -> list[tuple[Kind, pl.DataFrame]]:
    """Each submission with its canonical row contents."""
    return [
        (KINDS[part.kind], part.frame.with_columns(row_content(KINDS[part.kind]).alias("_content")))
        for part in submissions
    ]


def _with_numbers(kind: Kind, rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Every document has a number: its own, else the batch's and its row's."""
    own = pl.format(f"{key.rpartition(':')[2][:12]}-{{}}", pl.col("row"))
    if kind.name == "customers":
        # Master data changes: a later row for the same customer is a new document.
        stamp = pl.coalesce(pl.col("from").cast(pl.String), pl.lit("0"))
        own = pl.format("{}@{}", pl.col("customer"), stamp)
    rows = rows.with_columns(doc_no=pl.coalesce(kind.document_number(), own))
    if kind.grouped and not kind.posts:
        # Facts of one number stand row by row; their place is that of their sorted content.
        rows = rows.with_columns(
            doc_no=pl.format(
                "{}/{}",
                pl.col("doc_no"),
                pl.col("_content").rank("ordinal").over("doc_no").cast(pl.String).str.zfill(4),
            )
        )
    return rows


def _unposted(
    session: Session, book_id: int, parts: list[tuple[Kind, pl.DataFrame]], *, only_new: bool
) -> tuple[list[tuple[Kind, pl.DataFrame]], int, tuple[int, str]]:
    """Leave out what is posted already; refuse what is posted otherwise, or in part."""
    fresh: list[tuple[Kind, pl.DataFrame]] = []
    faults: list[Fault] = []
    skipped = 0
    earlier = (0, "")
    for kind, rows in parts:
        posted = sql.posted_documents(session, book_id, kind.name, rows["doc_no"].unique())
        if posted.is_empty():
            fresh.append((kind, rows))
            continue
        mine = rows.group_by("doc_no", maintain_order=True).agg(
            content=_joined_content(), row=pl.col("row").first(), sheet=pl.col("sheet").first(), file=pl.col("file").first(),
            slip=pl.col(kind.number if kind.number in SLIP_NUMBERS and kind.name not in TAKE_UP else "doc_no").first(),
        )  # fmt: skip
        both = mine.join(posted, on="doc_no", suffix="_posted")
        for row in both.filter(pl.col("content") != pl.col("content_posted")).head(_LIST).iter_rows(named=True):
            name, old, new = differing_field(kind, row["content_posted"], row["content"])
            message = _("单据号 {number} 已于 {when} 记账(批次 {batch}),原值为“{old}”").format(
                number=row["doc_no"], when=row["recorded_at"][:19], batch=row["batch_id"], old=old
            )
            code = "conflict"
            if kind.number in SLIP_NUMBERS and kind.name not in TAKE_UP and row["slip"] == row["doc_no"]:
                # The document goes by its slip: what people must hear is that the slip is used (C53).
                said = control_message("C53", n=row["slip"], v=row["voucher"] or row["doc_no"])
                message, code = f"{said};{message}", "C53"
            faults.append(
                Fault(
                    file=row["file"],
                    sheet=row["sheet"],
                    row=row["row"],
                    column=name,
                    value=new,
                    code=code,
                    message=message,
                )
            )
        same = both.filter(pl.col("content") == pl.col("content_posted"))
        if len(same):
            skipped += len(same)
            earlier = max((int(b), str(r)) for b, r in same.select("batch_id", "recorded_at").iter_rows())
        fresh.append((kind, rows.join(same.select("doc_no"), on="doc_no", how="anti", maintain_order="left")))
    if faults:
        raise ConflictingDocument(faults)
    left = sum(len(rows) for _k, rows in fresh)
    if skipped and left and not only_new:
        raise ConflictingDocument(_partly_posted(parts, fresh, earlier))
    return fresh, skipped, earlier


def _partly_posted(
    parts: list[tuple[Kind, pl.DataFrame]], fresh: list[tuple[Kind, pl.DataFrame]], earlier: tuple[int, str]
) -> list[Fault]:
    new = [number for _k, rows in fresh for number in rows["doc_no"].unique(maintain_order=True)]
    old = [
        number for _k, rows in parts for number in rows["doc_no"].unique(maintain_order=True) if number not in set(new)
    ]
    return [
        Fault(
            code="partly",
            message=_("部分单据已于 {when} 记账(批次 {batch}):{numbers}").format(
                when=earlier[1][:19], batch=earlier[0], numbers=_listed(old)
            ),
        ),
        Fault(
            code="partly",
            message=_("其余是新的:{numbers};只记新的请加 --only-new").format(numbers=_listed(new)),
        ),
    ]


def _listed(numbers: Sequence[str]) -> str:
    shown = ", ".join(numbers[:_LIST])
    return shown if len(numbers) <= _LIST else _("{shown} 等 {count} 张").format(shown=shown, count=len(numbers))


def _joined_content() -> pl.Expr:
    """The document's rows as one canonical JSON list, sorted: order of rows does not count."""
    return pl.concat_str(pl.lit("["), pl.col("_content").sort().str.join(","), pl.lit("]"))


def _segments(parts: list[tuple[Kind, pl.DataFrame]]) -> Iterator[tuple[Kind, pl.DataFrame]]:
    """The order of posting: sheet by sheet, or by ``seq`` over all sheets where they carry it."""
    filled = [(kind, rows) for kind, rows in parts if len(rows)]
    if len(filled) < 2 or any(rows["seq"].null_count() for _k, rows in filled):
        yield from filled
        return
    order = (
        pl.concat(
            [
                rows.select("seq").with_row_index("_row").with_columns(_part=pl.lit(n))
                for n, (_k, rows) in enumerate(filled)
            ]
        )
        .sort("seq", "_part", "_row")
        .with_columns(_run=(pl.col("_part") != pl.col("_part").shift(1)).fill_null(True).cum_sum())
    )
    for run in order.partition_by("_run", maintain_order=True):
        kind, rows = filled[run["_part"][0]]
        yield kind, rows[run["_row"]]


def _documents(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as documents (:data:`DOCUMENT_SCHEMA`), absent columns null."""
    return rows.select(
        (pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name))
        for name, dtype in DOCUMENT_SCHEMA.items()
    ).with_columns(pl.col("content").fill_null("[]"))


# -- making the batch -----------------------------------------------------------------------


class _Batch:
    """One batch in the making: what the rules said so far, and at last the write."""

    def __init__(self, ledger: Ledger, session: Session, today: dt.date) -> None:
        self.ledger = ledger
        self.session = session
        self.today = today
        self.source = sql.JournalSource(session, ledger.book_id)
        self.state = State(ledger.book, ledger.chart, self.source, pl.Series("customer", [], pl.String), today)
        self.documents: list[pl.DataFrame] = []
        self.lines: list[pl.DataFrame] = []
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.size = 0
        self.opening_checked = False
        self.numbers = pl.Series("doc_no", [], pl.String)
        self.closed_periods = sql.closed_periods(session, ledger.book_id)
        self.closed_days = sql.closed_days(session, ledger.book_id)

    def run(self, kind: Kind, rows: pl.DataFrame) -> None:
        """Post one segment: documents of one kind, in order."""
        rule = RULES[kind.name]
        rows = self._place(kind, rows)
        self.state.know(
            rows.get_column("customer") if "customer" in rows.columns else pl.Series("customer", [], pl.String)
        )
        rows = self._enriched(kind, rows)
        self.check_dates(rows, kind.name)
        self._check_customers(rows)
        if kind.name not in MASTER_KINDS:
            self._check_opening()
        self._use_numbers(kind, rows)
        for wave in _waves(rows, rule.serial):
            work = rule.prepare(wave, self.state)
            self.faults += work.faults
            self.warnings += work.warnings
            self._take_work(kind, rule, work)

    def _place(self, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
        """Give every document its place in the batch (``entry``) and its content."""
        if kind.grouped and kind.posts:
            # The place of a document is that of its first row; rows of one number need not stand together.
            first = pl.col("_row").min().over("doc_no").rank("dense").cast(pl.Int64)
            placed = rows.with_row_index("_row").with_columns(entry=first - 1 + self.size).drop("_row")
            placed = placed.with_columns(content=_joined_content().over("doc_no"))
        else:
            placed = rows.with_columns(
                entry=pl.int_range(pl.len(), dtype=pl.Int64) + self.size,
                content=pl.format("[{}]", pl.col("_content")),
            )
        self.size += placed["entry"].n_unique()
        return placed.drop("_content").with_columns(date=self._date(kind))

    def _date(self, kind: Kind) -> pl.Expr:
        """Documents without a date of their own stand at their start date, else at the cut-over, else today."""
        own = [pl.col("date")]
        if kind.name == "customers":
            own.append(pl.col("from"))
        return pl.coalesce(*own, pl.lit(self.ledger.cutover or self.today))

    def _enriched(self, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with what the book and the master data know about them.

        Adds ``c_*`` (master data of the customer), ``branch``, ``receivable`` (the
        account of the customer's stream), ``cashier_branch``, ``bank`` (cash belongs
        to its drawer's deposit bank), ``bank_branch``, ``document`` (the document's
        own number, by which bank and payer know it) and ``case`` (the step).
        """
        book, chart = self.ledger.book, self.ledger.chart
        names = set(rows.columns)
        text = pl.lit(None, pl.String)
        if "customer" in names and kind.name != "customers":
            master = self.state.customers.select(
                "customer", *(pl.col(c).alias(f"c_{c}") for c in self.state.customers.columns if c != "customer")
            )
            rows = rows.join(master, on="customer", how="left", maintain_order="left")
            streams = {"resident": chart.role("ar_resident"), "entity": chart.role("ar_entity")}
            rows = rows.with_columns(
                receivable=pl.col("c_stream").replace_strict(streams, default=None, return_dtype=pl.String),
                branch=pl.coalesce("branch", "c_branch") if "branch" in names else pl.col("c_branch"),
            )
        elif "branch" not in names:
            rows = rows.with_columns(text.alias("branch"))
        if "cashier" in names:
            rows = rows.with_columns(
                cashier_branch=pl.col("cashier").replace_strict(
                    book.cashier_branches, default=None, return_dtype=pl.String
                ),
                _drawer_bank=pl.col("cashier").replace_strict(book.deposit_banks, default=None, return_dtype=pl.String),
            )
            bank = pl.coalesce("bank", "_drawer_bank") if "bank" in names else pl.col("_drawer_bank")
            rows = rows.with_columns(bank=bank).drop("_drawer_bank")
        if "bank" in rows.columns:
            rows = rows.with_columns(
                bank_branch=pl.col("bank").replace_strict(book.bank_branches, default=None, return_dtype=pl.String)
            )
        if "document" not in names:
            own = pl.coalesce(kind.number, "doc_no") if kind.number and kind.number in names else pl.col("doc_no")
            rows = rows.with_columns(document=own)
        if kind.step:
            rows = rows.with_columns(case=pl.col(kind.step))
        elif "step" in names:
            rows = rows.with_columns(case=pl.col("step"))
        return rows.with_columns(kind=pl.lit(kind.name)) if "kind" not in names else rows

    def check_dates(self, rows: pl.DataFrame, kind: str) -> None:
        """No future, nothing before the cut-over, nothing in what is closed (C49)."""
        if kind in MASTER_KINDS:
            return
        late = rows.filter(pl.col("date") > self.today)
        self.faults += faults_of(late, "date", _("日期晚于营业日 {today}").format(today=self.today))
        period = pl.col("date").dt.strftime("%Y-%m")
        shut = period.is_in([closed for closed, branch in self.closed_periods if not branch])
        for column in {"branch", "bank_branch", "cashier_branch"} & set(rows.columns):
            pairs = [f"{closed} {branch}" for closed, branch in self.closed_periods if branch]
            shut = shut | pl.format("{} {}", period, column).is_in(pairs).fill_null(value=False)
        if self.ledger.cutover:
            shut = shut | (pl.col("date") <= self.ledger.cutover)
        closed = rows.filter(shut)
        for p in closed.select(period.alias("p")).to_series().unique().sort() if len(closed) else []:
            self.faults += faults_of(closed.filter(period == p), "date", control_message("C49", p=p), code="C49")
        if "cashier" in rows.columns and self.closed_days:
            counted = rows.filter(pl.col("cashier").is_not_null() & pl.col("date").is_in(list(self.closed_days)))
            for day in counted["date"].unique().sort():
                self.faults += faults_of(
                    counted.filter(pl.col("date") == day), "date", control_message("C49", p=day), code="C49"
                )

    def _check_opening(self) -> None:
        """E01: the first live document finds the opening complete, with its bills and bank items."""
        if self.opening_checked or sql.has_live_entries(self.session, self.ledger.book_id):
            self.opening_checked = True
            return
        self.opening_checked = True
        balances = posted_rows(self.state)
        for family, kind in (("1122.", "opening_bills"), ("1002.", "opening_items")):
            open_ = balances.filter(pl.col("account").str.starts_with(family) & (pl.col("debit") != 0))
            if len(open_) and self.state.facts(kind).is_empty():
                self.faults.append(
                    Fault(
                        message=_("期初尚不完整:请先记 {kind}({name})").format(kind=KINDS[kind].title(), name=kind),
                        code="E01",
                    )
                )

    def _use_numbers(self, kind: Kind, rows: pl.DataFrame) -> None:
        """Mark the invoice and receipt numbers that these documents hand out; refuse one used before."""
        used = marks(kind.name, rows)
        if used is None or used.is_empty():
            return
        numbers = used["doc_no"]
        before = sql.posted_documents(self.session, self.ledger.book_id, USE, numbers.unique())
        mine = self.numbers.filter(self.numbers.is_in(numbers.implode()))
        taken = pl.concat([before["doc_no"], mine])
        again = used.filter(pl.col("doc_no").is_in(taken.implode()) | ~pl.col("doc_no").is_first_distinct())
        places = rows.join(again.select("row", "sheet", number=pl.col("doc_no")), on=["row", "sheet"], nulls_equal=True)
        column = "invoice" if "invoice" in rows.columns else "doc_no"
        self.faults += rows_at_fault(
            places.with_columns(kind=pl.lit(kind.name)),
            column,
            lambda r: _("票据号 {number} 已使用,号码不得重复").format(number=r["number"].partition("/")[2]),
            code="C38",
        )
        self.numbers = pl.concat([self.numbers, numbers])
        placed = used.drop("of_entry", "file").with_columns(entry=pl.int_range(pl.len(), dtype=pl.Int64) + self.size)
        self.size += len(placed)
        self.documents.append(_documents(placed))

    def _check_customers(self, rows: pl.DataFrame) -> None:
        if "c_name" not in rows.columns:
            return
        unknown = rows.filter(pl.col("customer").is_not_null() & pl.col("c_name").is_null())
        self.faults += faults_of(unknown, "customer", _("没有这个户号,请先录入客户资料"))

    def _take_work(self, kind: Kind, rule: Rule, work: Work) -> None:
        documents = work.documents.unique("entry", keep="first", maintain_order=True)
        if "event" not in documents.columns:
            documents = documents.with_columns(event=pl.lit(rule.event))
        documents = documents.with_columns(kind=pl.lit(kind.name))
        subject = (
            pl.col(kind.subject) if kind.subject and kind.subject in documents.columns else pl.lit(None, pl.String)
        )
        documents = documents.with_columns(subject=subject.cast(pl.String))
        lines = post_legs(rule.legs, work.frames, self.ledger.chart)
        self.take(_documents(documents), lines, further=work.facts)

    def take(self, documents: pl.DataFrame, lines: pl.DataFrame, further: pl.DataFrame | None = None) -> None:
        """Take up documents and their lines; a document without lines is a fact."""
        self.documents.append(documents)
        self.lines.append(lines)
        with_lines = lines["entry"].unique()
        self.state.add(documents, lines)
        facts = documents.filter(~pl.col("entry").is_in(with_lines.implode()))
        if len(facts):
            self.state.add_facts(facts.select("kind", "doc_no", "subject", "date", "content"))
        if further is not None and len(further):
            placed = further.with_columns(entry=pl.int_range(pl.len(), dtype=pl.Int64) + self.size)
            self.size += len(placed)
            self.documents.append(_documents(placed))
            self.state.add_facts(placed.select("kind", "doc_no", "subject", "date", "content"))

    def apply_advances(self) -> None:
        """E13: at the end of the batch, advances settle what they cover, for the customers it touched."""
        if self.faults:
            return
        made = pl.concat(self.lines) if self.lines else pl.DataFrame(schema=LINE_SCHEMA)
        documents = pl.concat(self.documents) if self.documents else _documents(pl.DataFrame({"entry": []}))
        if documents.is_empty() or (documents["event"] == "E01").any():
            return
        touched = (
            pl.concat(
                [
                    made.filter(pl.col("customer").is_not_null()).select("customer", "entry"),
                    # a bill that comes back from the bank unpaid is open again for what is held
                    documents.filter(pl.col("kind").is_in(["apply_advance", "collection_result"])).select(
                        pl.col("subject").alias("customer"), "entry"
                    ),
                ]
            )
            .unique()
            .join(documents.select("entry", "date", "doc_no"), on="entry")
            .sort("date", "entry")
            .group_by("customer", maintain_order=True)
            .agg(pl.col("date").last(), pl.col("doc_no").last(), cause=pl.col("entry").last())
        )
        for step in apply_advance.rounds(touched, self.state, self.size):
            self.size += len(step.documents)
            self.take(_documents(step.documents), post_legs(apply_advance.LEGS, step.frames, self.ledger.chart))

    def refuse_overdrawn(self, lines: pl.DataFrame) -> None:
        """A reversal may not leave a bill settled twice, an advance or an open item below zero."""
        self._refuse_taken_up(lines)
        names = lines["customer"].drop_nulls().unique()
        if len(names) == 0:
            return
        self.state.know(names)
        roles = ("advance_partial", "advance_over", "advance_deposit", "advance_builder", "advance_tm")
        codes = [self.ledger.chart.role(role) for role in roles]
        low = (
            self.state.items(codes, names)
            .group_by("customer", "account")
            .agg(pl.col("amount").sum())
            .filter(pl.col("amount") > 0)
        )
        over = self.state.overdrawn()
        used = [*low["customer"], *over["customer"]]
        if used:
            self.faults.append(
                Fault(
                    message=_("后续分录已使用本分录的款项(户号 {names}),请先冲销后续分录").format(
                        names=_listed(sorted(set(used)))
                    ),
                    code="dependent",
                )
            )

    def _refuse_taken_up(self, lines: pl.DataFrame) -> None:
        """A slip that has arrived, a receipt that has a payer, a debit slip that has its list, a residue
        that is paid: later entries stand on them."""
        role = self.ledger.chart.role
        normal = {role("transit_slip"): 1, role("ar_short"): 1, role("unidentified"): -1, role("debit_pending"): -1}
        named = lines.filter(pl.col("account").is_in(list(normal)))
        if named.is_empty():
            return
        side = pl.col("account").replace_strict(normal, return_dtype=pl.Int64)
        wrong = (
            self.state.items(named["account"].unique().sort().to_list())
            .join(named.select("account", "document").unique(), on=["account", "document"], how="semi")
            .group_by("account", "document")
            .agg(pl.col("amount").sum())
            .filter(pl.col("amount") * side < 0)
        )
        if len(wrong):
            listed = _listed(sorted(set(wrong["document"])))
            self.faults.append(
                Fault(
                    message=_("后续分录已使用本分录的款项(单据号 {names}),请先冲销后续分录").format(names=listed),
                    code="dependent",
                )
            )

    def refuse_banked(self, red: pl.DataFrame, since: dt.date, on: dt.date) -> None:
        """Cash that has left the drawer since ``since`` is not taken back out of it: a receipt that is banked
        is a matter of E29 or E30 (domain §3 E07), whatever else lies in the drawer by now."""
        codes = list(self.ledger.chart.role_map("cash").values())
        keys = ["cashier", "fund"]
        wanted = (
            red.filter(pl.col("account").is_in(codes))
            .group_by(keys)
            .agg(taken=-pl.col("debit").sum())
            .filter(pl.col("taken") > 0)
        )
        day = since
        while len(wanted) and not self.faults and day <= max(on, self.today):
            held = self.state.daily(codes, day).group_by(keys).agg(held=pl.col("amount").sum())
            # From its own date on, the reversal is in what the drawer holds.
            need = pl.lit(0) if day >= on else pl.col("taken")
            gone = wanted.join(held, on=keys, how="left").filter(pl.col("held").fill_null(0) < need)
            self.faults += [
                Fault(
                    message=_("收费员 {cashier} 的 {fund} 现金已缴存,不能从抽屉冲销").format(
                        cashier=cashier, fund=fund
                    ),
                    code="banked",
                )
                for cashier, fund in gone.select(keys).sort(keys).iter_rows()
            ]
            day += dt.timedelta(days=1)

    def refuse_faults(self) -> None:
        """Raise everything that is wrong with the batch, at once, in the order of the file."""
        if self.faults:
            raise Refused(sorted(self.faults, key=lambda f: (f.file or "", f.sheet or "", f.row or 0)))

    # -- the write ---------------------------------------------------------------------------

    def write(
        self,
        kind: str,
        key: str,
        source: tuple[str | None, str | None],
        operator: str,
        *,
        skipped: int = 0,
        dry_run: bool = False,
        progress: Progress = _no_progress,
    ) -> Posted:
        """Number, store and seal the batch."""
        book_id = self.ledger.book_id
        documents = pl.concat(self.documents).sort("entry", maintain_order=True)
        lines = pl.concat(self.lines)
        posted = documents.filter(pl.col("entry").is_in(lines["entry"].unique().implode()))
        facts = documents.filter(~pl.col("entry").is_in(lines["entry"].unique().implode()))
        batch_id, first_entry, first_fact = sql.heads(self.session, book_id)
        entries = self._entries(posted, lines, first_entry)
        postings = (
            lines.join(entries.select("entry", "entry_id", "date"), on="entry")
            .sort("entry_id", "line")
            .select("entry_id", "line", "date", "account", "debit", "credit", *list(LINE_SCHEMA)[5:])
        )
        _assert_balanced(postings)
        recorded_at = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        result = Posted(
            status="dry" if dry_run else "posted",
            batch_id=batch_id,
            recorded_at=recorded_at,
            entries=entries.drop("entry", "cause"),
            lines=postings,
            facts=len(facts),
            skipped=skipped,
            warnings=tuple(self.warnings),
        )
        if dry_run:
            return result
        self._open_accounts()
        book = pl.lit(book_id, pl.Int64).alias("book_id")
        number = pl.lit(batch_id, pl.Int64).alias("batch_id")
        self.session.insert(
            "batch",
            pl.DataFrame(
                {
                    "book_id": [book_id], "batch_id": [batch_id], "batch_key": [key], "kind": [kind],
                    "first_entry": [first_entry], "entries": [len(entries)], "lines": [len(postings)],
                    "first_fact": [first_fact], "facts": [len(facts)],
                    "debit": [int(postings["debit"].sum())], "credit": [int(postings["credit"].sum())],
                    "source_name": [source[0]], "source_sha256": [source[1]], "operator": [operator],
                    "today": [self.today], "recorded_at": [recorded_at],
                }
            ),
        )  # fmt: skip
        if len(entries):
            self.session.insert("entry", entries.select(book, "entry_id", number, *ENTRY_COLUMNS))
            progress(_("记账"), 3, 4)
            self.session.insert("posting", postings.select(book, pl.all()))
        if len(facts):
            self.session.insert(
                "fact",
                facts.select(
                    book,
                    (pl.int_range(pl.len(), dtype=pl.Int64) + first_fact).alias("fact_id"),
                    number,
                    "kind", "doc_no", "subject", "date", "content", "sheet", "row",
                ),
            )  # fmt: skip
        self.session.seal(book_id, batch_id)
        progress(_("完成"), 4, 4)
        return result

    def _entries(self, documents: pl.DataFrame, lines: pl.DataFrame, first: int) -> pl.DataFrame:
        """Documents as entries: ids, periods, gapless voucher numbers (凭证号) per period and type."""
        numbered = documents.with_columns(
            entry_id=pl.int_range(pl.len(), dtype=pl.Int64) + first,
            period=pl.col("date").dt.strftime("%Y-%m"),
        ).join(
            lines.group_by("entry").agg(lines=pl.len().cast(pl.Int64)), on="entry", how="left", maintain_order="left"
        )
        numbered = numbered.with_columns(vtype=self._voucher_type(numbered, lines))
        last = sql.last_vouchers(self.session, self.ledger.book_id)
        ids = dict(zip(numbered["entry"], numbered["entry_id"], strict=True)) if numbered["cause"].count() else {}
        return (
            numbered.join(last, on=["period", "vtype"], how="left", maintain_order="left")
            .with_columns(
                vno=pl.col("last_no").fill_null(0)
                + pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("period", "vtype"),
                caused_by=pl.col("cause").replace_strict(ids, default=None, return_dtype=pl.Int64)
                if ids
                else pl.lit(None, pl.Int64),
            )
            .drop("last_no")
        )

    def _voucher_type(self, documents: pl.DataFrame, lines: pl.DataFrame) -> pl.Expr | pl.Series:
        """记 for all, or by the book's setting 收 (money in), 付 (money out), 转 (neither)."""
        if self.ledger.book.policies.voucher_type != "收付转":
            return pl.lit("记")
        money = (
            lines.filter(pl.col("account").str.contains(r"^100[12]\."))
            .group_by("entry")
            .agg(net=(pl.col("debit") - pl.col("credit")).sum(), paid=(pl.col("credit") != 0).any())
        )
        return documents.join(money, on="entry", how="left", maintain_order="left").select(
            vtype=pl.when(pl.col("net").is_null())
            .then(pl.lit("转"))
            .when((pl.col("net") < 0) | ((pl.col("net") == 0) & pl.col("paid")))
            .then(pl.lit("付"))
            .otherwise(pl.lit("收"))
        )["vtype"]

    def _open_accounts(self) -> None:
        """Accounts of the chart that the database does not know yet (a new cashier or bank)."""
        known = sql.known_accounts(self.session, self.ledger.book_id)
        codes = [code for code in self.ledger.chart.codes if code not in known]
        if codes:
            self.session.insert("account", account_rows(self.ledger.chart, self.ledger.book_id, codes, self.today))


ENTRY_COLUMNS = (
    "date", "period", "vtype", "vno", "kind", "event", "doc_no", "memo", "lines", "reverses", "caused_by",
    "maker", "checker", "approver", "content", "sheet", "row",
)  # fmt: skip


def account_rows(chart: Chart, book_id: int, codes: Sequence[str], opened: dt.date) -> pl.DataFrame:
    """Accounts as the database knows them: code and mandatory dimensions."""
    return pl.DataFrame(
        {
            "book_id": [book_id] * len(codes),
            "account": list(codes),
            "required": [chart.required_mask(code) for code in codes],
            "opened": [opened] * len(codes),
        }
    )


def _waves(rows: pl.DataFrame, serial: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """Rows in the order they must be posted: rows that share their ``serial`` columns one after
    the other, all others together as columns."""
    if not serial or len(rows) <= 1:
        yield rows
        return
    turn = pl.int_range(pl.len(), dtype=pl.Int64).over(serial)
    if serial == ("entry",):
        turn = pl.col("entry").rank("dense").cast(pl.Int64)
    marked = rows.with_columns(_wave=turn)
    if marked["_wave"].n_unique() == 1:
        yield rows
        return
    yield from (
        wave.drop("_wave")
        for wave in marked.sort("_wave", maintain_order=True).partition_by("_wave", maintain_order=True)
    )


def _assert_balanced(postings: pl.DataFrame) -> None:
    """What the database will check again: every entry balances. A rule that fails here is a defect."""
    off = postings.group_by("entry_id").agg(off=(pl.col("debit") - pl.col("credit")).sum()).filter(pl.col("off") != 0)
    if len(off):
        amounts = ", ".join(f"{row[0]}: {format_fen(row[1])}" for row in off.head(_LIST).iter_rows())
        raise AssertionError(f"unbalanced entries: {amounts}")


def faults_of(rows: pl.DataFrame, column: str, message: str, *, code: str | None = None) -> list[Fault]:
    """One fault per row with the same message; ``column`` is the canonical name of the column at fault."""
    return rows_at_fault(rows, column, lambda _row: message, code=code)
