"""Number series (票据领用存): who was given which numbers, what became of them, where they break (断号).

::

    number_issue ─▶ booklets (册): from–to, holder      number_use ─▶ marks: used or voided
                    └──────────── per booklet: used + voided + gaps + left = its numbers

Numbers run from small to large, in each booklet, or where nothing of a series was ever
issued in the series as a whole. A gap is what lies unused below a used number; it keeps the day
open on which it appeared (C38). Numbers of 19 digits and more, as the 20 of an electronic invoice
(数电票), are given by the tax bureau one by one and run in no order. Rules: domain §1.3, §4 C38, §5 R22, §9.2.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ledger import registers
from ledger.book import Book
from ledger.controls import control_fault
from ledger.documents import KINDS
from ledger.errors import Fault, NotFound
from ledger.i18n import _
from ledger.storage import series_sql as sql
from ledger.storage.engine import Session

COPIES = 3
"""Copies of every form, voided with all of them: 存根, 客户 (发票联), 记账."""

ELECTRONIC = 19
"""From so many digits on a number is in no order."""

_NUMBER = re.compile(r"(.*?)(\d+)", re.DOTALL)

Run = tuple[int, int]
"""Numbers from–to, both included."""


@dataclass(frozen=True, slots=True)
class Number:
    """``SF0000503`` = prefix ``SF``, 7 digits, value 503; without digits at its end ``width`` is 0."""

    series: str
    prefix: str
    width: int
    value: int

    @classmethod
    def of(cls, series: str, text: str) -> Number:
        """A number as it is printed."""
        match = _NUMBER.fullmatch(text)
        return cls(series, match[1], len(match[2]), int(match[2])) if match else cls(series, text, 0, 0)

    @property
    def ordered(self) -> bool:
        """Whether it has a number before and after it."""
        return 0 < self.width < ELECTRONIC

    @property
    def stock(self) -> tuple[str, str, int]:
        """What numbers that can follow each other share."""
        return self.series, self.prefix, self.width

    def text(self) -> str:
        """As it is printed."""
        return f"{self.prefix}{self.value:0{self.width}d}" if self.width else self.prefix

    def mark(self) -> str:
        """As its mark is numbered."""
        return f"{self.series}/{self.text()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booklet:
    """Numbers that one person holds: ``first``–``last``, without what was handed on since (``holes``)."""

    first: Number
    last: int
    holder: str | None
    date: dt.date
    doc_no: str
    holes: tuple[Run, ...] = ()

    def before(self, value: int) -> int | None:
        """The number to be used before this one; None for the first."""
        value -= 1
        for low, high in reversed(self.holes):
            value = low - 1 if low <= value <= high else value
        return value if value >= self.first.value else None

    def holds(self, number: Number) -> bool:
        """Whether a number is one of these."""
        return number.stock == self.first.stock and self.first.value <= number.value <= self.last and not any(
            low <= number.value <= high for low, high in self.holes
        )  # fmt: skip

    @property
    def size(self) -> int:
        """How many numbers these are."""
        return self.last - self.first.value + 1 - sum(high - low + 1 for low, high in self.holes)


def booklets(session: Session, book_id: int, book: Book, until: dt.date) -> list[Booklet]:
    """What was issued up to a day, in order; numbers issued again went over to their new holder."""
    issued = registers.facts(session, book_id, "number_issue", until)
    out: list[Booklet] = []
    for row in issued.iter_rows(named=True):
        first, last = Number.of(row["series"], row["from_no"]), Number.of(row["series"], row["to_no"])
        fresh = Booklet(
            first=first, last=last.value, holder=_person(book, row["holder"]), date=row["date"], doc_no=row["doc_no"]
        )
        out = [_without(old, fresh) for old in out]
        out.append(fresh)
    return [booklet for booklet in out if booklet.size]


def _without(old: Booklet, fresh: Booklet) -> Booklet:
    low, high = max(old.first.value, fresh.first.value), min(old.last, fresh.last)
    if old.first.stock != fresh.first.stock or low > high:
        return old
    return replace(old, holes=merged([*old.holes, (low, high)]))


def _person(book: Book, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return book.person(name).id
    except NotFound:
        return name


def titles() -> dict[str, str]:
    """The series by name."""
    column = KINDS["number_issue"].column("series")
    return {canonical: column.word(canonical) for canonical in column.labels}


# -- the day's check -------------------------------------------------------------------------


def faults(session: Session, book_id: int, book: Book, since: dt.date, until: dt.date) -> list[Fault]:
    """C38, for the numbers used or voided on these days: gaps below them, numbers that somebody else
    holds or nobody was given, voids without all copies."""
    marks = sql.marks_between(session, book_id, since, until)
    if marks.is_empty():
        return []
    given = booklets(session, book_id, book, until)
    used = [(_number(doc_no), subject, date) for doc_no, subject, date, _content in marks.iter_rows()]
    owned = [_booklet(given, number, when) for number, _who, when in used]
    before = [_before(number, own) for (number, _who, _when), own in zip(used, owned, strict=True)]
    wanted = pl.Series("number", [earlier.mark() for earlier in before if earlier], pl.String)
    there = sql.present(session, book_id, wanted, until)
    found: list[Fault] = []
    for (number, who, when), own, earlier in zip(used, owned, before, strict=True):
        found += _held(given, own, number, who, when)
        if own is None and earlier and any(one.holds(earlier) for one in given):
            continue  # what lies below it is another's
        if earlier is not None and earlier.mark() not in there:
            found += _gap(session, book_id, own, number, earlier, until)
    return found + list(_copies(session, book_id, since, until))


def _before(number: Number, own: Booklet | None) -> Number | None:
    """The number that should have been used before it."""
    if not number.ordered or number.value == 0:
        return None
    value = own.before(number.value) if own else number.value - 1
    return None if value is None else replace(number, value=value)


def _number(mark: str) -> Number:
    series, _slash, text = mark.partition("/")
    return Number.of(series, text)


def _booklet(given: Sequence[Booklet], number: Number, when: dt.date) -> Booklet | None:
    return next((one for one in reversed(given) if one.date <= when and one.holds(number)), None)


def _held(
    given: Sequence[Booklet], own: Booklet | None, number: Number, who: str | None, when: dt.date
) -> Iterator[Fault]:
    """Numbers are used by whom they were given to, once anything of the series was given."""
    name = titles().get(number.series, number.series)
    if number.width >= ELECTRONIC:
        return
    if own is None:
        if any(one.first.series == number.series and one.date <= when for one in given):
            yield Fault(
                message=_("{series} {number} 没有领用登记").format(series=name, number=number.text()), code="C38"
            )
    elif own.holder and who and own.holder != who:
        yield Fault(
            message=_("{series} {number} 由 {holder} 领用,不能由 {who} 使用").format(
                series=name, number=number.text(), holder=own.holder, who=who
            ),
            code="C38",
        )


def _gap(
    session: Session, book_id: int, own: Booklet | None, number: Number, earlier: Number, until: dt.date
) -> Iterator[Fault]:
    """From the number after the last used one below, or the first of the booklet, to the one before."""
    low = replace(number, value=own.first.value if own else 0)
    known = (_number(mark) for mark in sql.below(session, book_id, low.mark(), number.mark(), until))
    last = next((one for one in known if one.stock == number.stock and (own is None or own.holds(one))), None)
    if last is None and own is None:
        return  # the first of its series
    first = replace(number, value=last.value + 1) if last else low
    yield control_fault("C38", value=titles().get(number.series, number.series), a=first.text(), b=earlier.text())


def _copies(session: Session, book_id: int, since: dt.date, until: dt.date) -> Iterator[Fault]:
    voided = registers.facts(session, book_id, "number_void", until)
    short = voided.filter((pl.col("date") >= since) & (pl.col("copies") < COPIES))
    for row in short.iter_rows(named=True):
        yield Fault(
            message=_("{series} {number} 作废只收回 {copies} 联,应为 {all} 联").format(
                series=titles().get(row["series"], row["series"]),
                number=row["invoice"],
                copies=row["copies"],
                all=COPIES,
            ),
            code="C38",
        )


# -- the register -----------------------------------------------------------------------------


def register(session: Session, book_id: int, book: Book, start: dt.date, end: dt.date) -> list[dict[str, object]]:
    """R22: one row per booklet, and one per stock of numbers that were used without having been issued.

    ``series, doc_no, first, last, holder`` (``unissued`` where nobody was given them)``, date, size``; ``used`` and ``voided`` up to ``end``, ``used_period`` and
    ``voided_period`` from ``start``; ``left`` not yet reached, ``gaps`` how many are missing below the last
    used, ``missing`` which (text). size = used + voided + gaps + left.
    """
    given = booklets(session, book_id, book, end)
    rows: list[dict[str, object]] = []
    for part in marks_of(session, book_id, end).partition_by("series", "prefix", "width", maintain_order=True):
        series, prefix, width, value = part.row(0)[:4]
        if not width:
            rows.append(_unordered(part, start))
            continue
        stock = Number(series, prefix, width, value)
        free = pl.Series([True] * len(part))
        for one in [one for one in given if one.first.stock == stock.stock]:
            mine = part["value"].is_between(one.first.value, one.last)
            for low, high in one.holes:
                mine = mine & ~part["value"].is_between(low, high)
            free = free & ~mine
            rows.append(_row(one, part.filter(mine), start))
        loose = part.filter(free)
        if len(loose):
            first, last = loose["value"][0], loose["value"][-1]
            issued = [(one.first.value, one.last) for one in given if one.first.stock == stock.stock]
            holes = merged(
                [(max(low, first), min(high, last)) for low, high in issued if low <= last and high >= first]
            )
            unissued = Booklet(
                first=replace(stock, value=first),
                last=last,
                holder=None,
                date=_first_day(loose),
                doc_no="",
                holes=holes,
            )
            rows.append(_row(unissued, loose, start))
    seen = {(row["series"], row["doc_no"], row["first"]) for row in rows}
    idle = [_row(one, pl.DataFrame(schema=MARKS), start) for one in given]
    rows += [row for row in idle if (row["series"], row["doc_no"], row["first"]) not in seen]
    order = list(titles())
    return sorted(rows, key=lambda row: (order.index(str(row["series"])), str(row["first"])))


MARKS: dict[str, pl.DataType] = {
    "series": pl.String(), "prefix": pl.String(), "width": pl.Int64(), "value": pl.Int64(), "text": pl.String(),
    "date": pl.Date(), "voided": pl.Boolean(),
}  # fmt: skip


def marks_of(session: Session, book_id: int, end: dt.date) -> pl.DataFrame:
    """All marks taken apart as :class:`Number` takes them (:data:`MARKS`); those in no order have the width 0."""
    number = pl.col("doc_no").str.splitn("/", 2).struct
    parts = sql.marks(session, book_id, end).with_columns(series=number.field("field_0"), text=number.field("field_1"))
    digits = pl.col("text").str.extract(r"(\d+)$").fill_null("")
    width = digits.str.len_chars().cast(pl.Int64)
    ordered = (width > 0) & (width < ELECTRONIC)
    return parts.select(
        "series",
        prefix=pl.when(ordered)
        .then(pl.col("text").str.slice(0, pl.col("text").str.len_chars() - width))
        .otherwise(pl.lit("")),
        width=pl.when(ordered).then(width).otherwise(0),
        value=pl.when(ordered).then(digits).otherwise(pl.lit("0")).cast(pl.Int64),
        text="text",
        date="date",
        voided=pl.col("content").str.contains('"document":"number_void/', literal=True),
    ).sort("series", "prefix", "width", "value", "text")


def _first_day(marks: pl.DataFrame) -> dt.date:
    day = marks["date"].min()
    assert isinstance(day, dt.date)
    return day


def _unordered(marks: pl.DataFrame, start: dt.date) -> dict[str, object]:
    """Numbers in no order, counted."""
    first = Number(marks["series"][0], "", 0, 0)
    row = _row(Booklet(first=first, last=0, holder=None, date=_first_day(marks), doc_no=""), marks, start)
    return {**row, "first": marks["text"][0], "last": marks["text"][-1], "size": len(marks), "left": 0}


def _row(booklet: Booklet, marks: pl.DataFrame, start: dt.date) -> dict[str, object]:
    first, voided, late = booklet.first, marks["voided"], marks["date"] >= start
    done = marks["value"].to_list()
    gaps: list[Run] = []
    if first.ordered and done:
        gaps = between(first.value, done[-1], merged([*booklet.holes, *((value, value) for value in done)]))
    missing = sum(high - low + 1 for low, high in gaps)
    texts = [(replace(first, value=low).text(), replace(first, value=high).text()) for low, high in gaps]
    return {
        "series": first.series, "doc_no": booklet.doc_no, "first": first.text(),
        "last": replace(first, value=booklet.last).text(), "holder": booklet.holder or ("" if booklet.doc_no else "unissued"), "date": booklet.date,
        "size": booklet.size, "used": int((~voided).sum()), "voided": int(voided.sum()),
        "used_period": int((~voided & late).sum()), "voided_period": int((voided & late).sum()),
        "left": booklet.size - len(done) - missing, "gaps": missing,
        "missing": "、".join(low if low == high else f"{low}–{high}" for low, high in texts),
    }  # fmt: skip


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs in order, those that touch put together.

    >>> merged([(5, 6), (1, 2), (3, 3)])
    ((1, 3), (5, 6))
    """
    out: list[Run] = []
    for low, high in sorted(runs):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)


def between(first: int, last: int, runs: Sequence[Run]) -> list[Run]:
    """What of first–last is in none of these runs (as :func:`merged` gives them).

    >>> between(1, 9, [(2, 3), (5, 8)])
    [(1, 1), (4, 4), (9, 9)]
    """
    out, at = [], first
    for low, high in runs:
        if low > at:
            out.append((at, min(low - 1, last)))
        at = max(at, high + 1)
    if at <= last:
        out.append((at, last))
    return [(low, high) for low, high in out if low <= high]
