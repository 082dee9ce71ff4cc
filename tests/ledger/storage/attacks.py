"""A small honest book, and every way we know to break it with raw SQL.

An ``Attack`` is what a careless or hostile writer sends; ``law`` is the refusal it
must meet. ``without`` names what has to be taken out of the schema for the attack to
succeed: that is the proof that the law, and not luck, refuses it. Names in ``without``:

* ``law:x``: the parts of trigger bodies between ``/*law:x*/`` and ``/*end*/``
* ``bit:n``: the question for that bit of ``account.required``
* ``table.check``: the CHECK of that table
* any other: the trigger or unique key of that name
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = "2023-06-30T00:00:00.000000Z"
BRANCH, BANK, CASHIER, CUSTOMER, MONTH, FUND, ITEM, STAFF, DOCUMENT, PARTY = (1 << bit for bit in range(10))
DIMENSIONS = {
    "branch": BRANCH,
    "bank": BANK,
    "cashier": CASHIER,
    "customer": CUSTOMER,
    "bill_month": MONTH,
    "fund": FUND,
    "item": ITEM,
    "staff": STAFF,
    "document": DOCUMENT,
}
FULL = {
    "branch": "B01",
    "bank": "1002.01",
    "cashier": "C01",
    "customer": "R2",
    "bill_month": "2023-06",
    "fund": "水费",
    "item": "sewage",
    "staff": "S1",
    "document": "D1",
}

Row = dict[str, Any]


def literal(value: Any) -> str:
    """A value as SQL text, the same on both databases."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def insert(table: str, row: Row, verb: str = "INSERT") -> str:
    """One row as one statement."""
    return f"{verb} INTO {table} ({', '.join(row)}) VALUES ({', '.join(literal(value) for value in row.values())})"


def logged(batch: Row, dialect: str, **other: Any) -> str:
    """The log row of a batch: as many leaves as it says entries and facts, and its manifest."""
    leaves = batch["entries"] + batch["facts"] + 1
    size = 32 * other.pop("width", leaves)
    book = batch["book_id"]
    row = {
        "book_id": str(book),
        "seq": f"1 + coalesce((SELECT max(seq) FROM log WHERE book_id = {book}), 0)",
        "batch_id": str(batch["batch_id"]),
        "first_leaf": f"coalesce((SELECT max(first_leaf + leaves) FROM log WHERE book_id = {book}), 0)",
        "leaves": str(leaves),
        "hashes": f"zeroblob({size})" if dialect == "sqlite" else f"decode(repeat('00', {size}), 'hex')",
        **dict.fromkeys(("what", "root", "frontier", "origin", "algorithm", "key_id", "note", "recorded_at"), "'x'"),
        **other,
    }
    return f"INSERT INTO log ({', '.join(row)}) VALUES ({', '.join(row.values())})"


@dataclass
class Batch:
    """A batch as rows; ``statements`` sends them in the order the database asks for."""

    batch: Row
    entries: list[Row]
    lines: list[Row]
    facts: list[Row]
    after: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    sealed: bool = True
    seal: Row = field(default_factory=dict)
    log: Row | None = field(default_factory=dict)
    """What the log row says otherwise; None: the batch has none."""

    def statements(self, dialect: str) -> list[str]:
        """Everything up to, not including, the commit."""
        sent = [
            *self.before,
            insert("batch", self.batch),
            *(insert("entry", row) for row in self.entries),
            *(insert("posting", row) for row in self.lines),
            *(insert("fact", row) for row in self.facts),
            *([] if self.log is None else [logged(self.batch, dialect, **self.log)]),
        ]
        if self.sealed and dialect == "sqlite":
            sent.append(insert("seal", self.seal_row()))
        return [*sent, *self.after]

    def seal_row(self) -> Row:
        """What SQLite's writer puts last."""
        return {
            "book_id": self.batch["book_id"],
            "batch_id": self.batch["batch_id"],
            "seq": self.batch["batch_id"],
            "last_entry": self.batch["first_entry"] + self.batch["entries"] - 1,
            "last_fact": self.batch["first_fact"] + self.batch["facts"] - 1,
            "sealed_at": NOW,
            **self.seal,
        }

    def totals(self, debit: int, credit: int) -> None:
        """Add to what the batch says of itself, so that only the entry is wrong."""
        self.batch["debit"] += debit
        self.batch["credit"] += credit


def _entry(book: int, batch: int, entry: int, vno: int, **more: Any) -> Row:
    return {
        "book_id": book,
        "entry_id": entry,
        "batch_id": batch,
        "date": "2023-06-12",
        "period": "2023-06",
        "vtype": "记",
        "vno": vno,
        "kind": "receipt",
        "event": "E02",
        "doc_no": f"N{entry}",
        "lines": 2,
        "reverses": None,
        "caused_by": None,
        "content": "[]",
        **more,
    }


def _lines(book: int, entry: int, amount: int = 500, date: str = "2023-06-12") -> list[Row]:
    common = {"book_id": book, "entry_id": entry, "date": date}
    return [
        {**common, "line": 1, "account": "1001.C01", "debit": amount, "credit": 0},
        {**common, "line": 2, "account": "6001.01", "debit": 0, "credit": amount},
    ]


def _batch(book: int, number: int, first_entry: int, entries: int, **more: Any) -> Row:
    return {
        "book_id": book,
        "batch_id": number,
        "batch_key": f"key-{number}",
        "kind": "receipt",
        "first_entry": first_entry,
        "entries": entries,
        "lines": 2 * entries,
        "first_fact": number,
        "facts": 1,
        "debit": 500 * entries,
        "credit": 500 * entries,
        "operator": "C01",
        "today": "2023-06-12",
        "recorded_at": NOW,
        **more,
    }


def _fact(book: int, number: int) -> Row:
    return {
        "book_id": book,
        "fact_id": number,
        "batch_id": number,
        "kind": "bill",
        "doc_no": f"F{number}",
        "subject": "R2",
        "date": "2023-06-12",
        "content": "{}",
    }


def foundation(book: int) -> list[str]:
    """The book with its accounts, before any posting. Each account asks for one thing."""
    accounts = {
        "1001.C01": 0,
        "6001.01": 0,
        "1002.09": 0,
        "PARTY": PARTY,
        **DIMENSIONS,
    }
    return [
        insert("book", {"book_id": book, "code": "W", "name": "水务", "cutover": "2023-05-31", "created_at": NOW}),
        *(
            insert("account", {"book_id": book, "account": code, "required": bits, "opened": "2023-05-31"})
            for code, bits in accounts.items()
        ),
        insert("account_close", {"book_id": book, "account": "1002.09", "closed_on": "2023-06-12"}),
        insert(
            "period_event",
            {
                "book_id": book,
                "period": "2023-07",
                "seq": 1,
                "action": "close",
                "reason": "月结",
                "operator": "K",
                "recorded_at": NOW,
            },
        ),
    ]


def first(book: int) -> Batch:
    """Batch 1: two entries, one fact."""
    return Batch(
        _batch(book, 1, 1, 2),
        [_entry(book, 1, 1, 1), _entry(book, 1, 2, 2)],
        [*_lines(book, 1), *_lines(book, 2)],
        [_fact(book, 1)],
    )


def good(book: int) -> Batch:
    """Batch 2, as it should be; an attack spoils it."""
    return Batch(
        _batch(book, 2, 3, 2),
        [_entry(book, 2, 3, 3), _entry(book, 2, 4, 4)],
        [*_lines(book, 3), *_lines(book, 4)],
        [_fact(book, 2)],
    )


@dataclass(frozen=True)
class Attack:
    """What is sent, the law it must meet, and what must be missing for it to succeed."""

    name: str
    law: str
    without: tuple[str, ...]
    send: Callable[[int, str], list[str]]
    dialects: tuple[str, ...] = ("sqlite", "postgresql")
    role: str = "app"
    """``owner``: attacks of the tables' owner (PostgreSQL), for what privileges keep from the app."""


ATTACKS: list[Attack] = []
SQLITE, POSTGRES = ("sqlite",), ("postgresql",)


def attack(
    name: str, law: str, *without: str, **more: Any
) -> Callable[[Callable[[Batch], None]], Callable[[Batch], None]]:
    """Register a way to spoil the good batch."""

    def register(spoil: Callable[[Batch], None]) -> Callable[[Batch], None]:
        def send(book: int, dialect: str) -> list[str]:
            batch = good(book)
            spoil(batch)
            return batch.statements(dialect)

        ATTACKS.append(Attack(name, law, without or (f"law:{law}",), send, **more))
        return spoil

    return register


def raw(name: str, law: str, *without: str, **more: Any) -> Callable[[Callable[..., list[str]]], Any]:
    """Register statements that are no batch; they get book and dialect."""

    def register(send: Callable[[int, str], list[str]]) -> Callable[[int, str], list[str]]:
        ATTACKS.append(Attack(name, law, without or (f"law:{law}",), send, **more))
        return send

    return register


# --- entries and lines ---------------------------------------------------------------


@attack("debit is not credit", "unbalanced")
def _(b: Batch) -> None:
    b.lines[0]["debit"] += 1
    b.totals(1, 0)


@attack("two entries out of balance that make up for each other", "unbalanced")
def _(b: Batch) -> None:
    b.lines[0]["debit"] += 1
    b.lines[2]["debit"] -= 1


@attack("one line", "lines", "law:lines", "law:unbalanced")
def _(b: Batch) -> None:
    b.entries[0]["lines"] = 1
    del b.lines[1]
    b.batch["lines"] = 3
    b.totals(0, -500)


@attack("header without lines", "lines")
def _(b: Batch) -> None:
    del b.lines[:2]
    b.batch["lines"] = 2
    b.totals(-500, -500)


@attack("header says three, two are there", "lines")
def _(b: Batch) -> None:
    b.entries[0]["lines"] = 3


@attack("gap in the lines", "lines")
def _(b: Batch) -> None:
    b.lines[1]["line"] = 3


@attack("lines from zero", "lines")
def _(b: Batch) -> None:
    b.lines[0]["line"] = 0
    b.lines[1]["line"] = 1


@attack("line without an entry", "orphan")
def _(b: Batch) -> None:
    b.after += [insert("posting", row) for row in _lines(b.batch["book_id"], 99)]


@attack("line before its batch", "orphan", "law:orphan", "law:late")
def _(b: Batch) -> None:
    b.before = [insert("posting", b.lines.pop(0))]


@attack("entry outside its batch", "orphan")
def _(b: Batch) -> None:
    b.after = [insert("entry", _entry(b.batch["book_id"], 2, 99, 99))]


@attack("entry of another batch", "orphan")
def _(b: Batch) -> None:
    b.entries[1]["batch_id"] = 1


@attack("fact outside its batch", "orphan")
def _(b: Batch) -> None:
    b.after = [insert("fact", {**_fact(b.batch["book_id"], 99), "batch_id": 2})]


@raw("late lines in a sealed entry", "late")
def _(book: int, _dialect: str) -> list[str]:
    return [insert("posting", {**row, "line": row["line"] + 2}) for row in _lines(book, 1)]


@attack("line after SET CONSTRAINTS ALL IMMEDIATE", "late", dialects=POSTGRES)
def _(b: Batch) -> None:
    extra = {**_lines(b.batch["book_id"], 4)[0], "line": 3}
    b.after = ["SET CONSTRAINTS ALL IMMEDIATE", insert("posting", extra)]


@attack("line after the seal", "late", dialects=SQLITE)
def _(b: Batch) -> None:
    b.after = [insert("posting", {**_lines(b.batch["book_id"], 4)[0], "line": 3})]


@attack("both sides", "sides", "posting.law_sides")
def _(b: Batch) -> None:
    b.lines[0] |= {"debit": 900, "credit": 400}
    b.totals(400, 400)


@attack("no side", "sides", "posting.law_sides")
def _(b: Batch) -> None:
    b.lines.insert(2, {**b.lines[0], "line": 3, "debit": 0})
    b.entries[0]["lines"] = 3
    b.batch["lines"] = 5


@attack("beyond the limit", "limit", "posting.law_limit")
def _(b: Batch) -> None:
    b.lines[0]["debit"] = b.lines[1]["credit"] = 10**15 + 1
    b.totals(10**15 - 499, 10**15 - 499)


@attack("red-letter beyond the limit", "limit", "posting.law_limit")
def _(b: Batch) -> None:
    b.lines[0]["debit"] = b.lines[1]["credit"] = -(10**15) - 1
    b.totals(-(10**15) - 501, -(10**15) - 501)


@attack("unknown account", "account")
def _(b: Batch) -> None:
    b.lines[0]["account"] = "1009"


@attack("closed account", "account")
def _(b: Batch) -> None:
    b.lines[0]["account"] = "1002.09"


def _lacking(dimension: str) -> None:
    @attack(f"without {dimension}", "dimension", f"bit:{DIMENSIONS[dimension]}")
    def _(b: Batch) -> None:
        b.lines[0] |= {**FULL, "account": dimension, dimension: None}

    # Beside one that has it: it is every line that must have it, not one of a group.
    @attack(f"one of two without {dimension}", "dimension", f"bit:{DIMENSIONS[dimension]}")
    def _(b: Batch) -> None:
        b.lines[0] |= {**FULL, "account": dimension}
        b.lines[2] |= {**FULL, "account": dimension, dimension: None}

    @attack(f"empty {dimension}", "dimension", "posting.law_dimension")
    def _(b: Batch) -> None:
        b.lines[0] |= {**FULL, "account": dimension, dimension: ""}


for _dimension in DIMENSIONS:
    _lacking(_dimension)


@attack("neither staff nor customer", "dimension", f"bit:{PARTY}")
def _(b: Batch) -> None:
    b.lines[0] |= {**FULL, "account": "PARTY", "staff": None, "customer": None}


# --- dates and periods ---------------------------------------------------------------


@attack("line of another date", "date")
def _(b: Batch) -> None:
    b.lines[0]["date"] = "2023-06-13"


@attack("period is not the date's month", "date")
def _(b: Batch) -> None:
    b.entries[1] |= {"period": "2023-08", "vno": 1}


@attack("closed period", "period")
def _(b: Batch) -> None:
    b.entries[1] |= {"date": "2023-07-01", "period": "2023-07", "vno": 1}
    b.lines[2]["date"] = b.lines[3]["date"] = "2023-07-01"


def _moved(b: Batch, date: str, event: str) -> None:
    b.entries[1] |= {"date": date, "period": date[:7], "event": event, "vno": 1}
    b.lines[2]["date"] = b.lines[3]["date"] = date


@attack("business on the cutover", "cutover")
def _(b: Batch) -> None:
    _moved(b, "2023-05-31", "E02")


@attack("opening after the cutover", "cutover")
def _(b: Batch) -> None:
    _moved(b, "2023-08-01", "E01")


@attack("opening before the cutover", "cutover")
def _(b: Batch) -> None:
    _moved(b, "2023-05-30", "E01")


@attack("opening on the cutover, after business was posted", "cutover")
def _(b: Batch) -> None:
    _moved(b, "2023-05-31", "E01")


def _period(book: int, period: str, seq: int, action: str) -> list[str]:
    return [
        insert(
            "period_event",
            {
                "book_id": book,
                "period": period,
                "seq": seq,
                "action": action,
                "reason": "x",
                "operator": "K",
                "recorded_at": NOW,
            },
        )
    ]


@attack("a branch's month that is closed", "period", "law:period")
def _(b: Batch) -> None:
    book = b.batch["book_id"]
    event = {
        "book_id": book, "period": "2023-06", "branch": "B01", "seq": 1, "action": "close", "reason": "x", "operator": "K",
        "recorded_at": NOW,
    }  # fmt: skip
    b.before = [insert("period_event", event)]
    b.lines[0]["branch"] = "B01"


@attack("no leaves in the log", "log")
def _(b: Batch) -> None:
    b.log = None


@attack("a leaf too few", "log")
def _(b: Batch) -> None:
    b.log = {"leaves": "3", "width": 3}


@attack("a checkpoint left out", "log")
def _(b: Batch) -> None:
    b.log = {"seq": "3"}


@attack("leaves over leaves", "log")
def _(b: Batch) -> None:
    b.log = {"first_leaf": "1"}


@attack("leaves without hashes", "log", "log.law_log")
def _(b: Batch) -> None:
    b.log = {"width": 3}


@raw("leaves of a batch that is not there", "log")
def _(book: int, dialect: str) -> list[str]:
    return [logged({"book_id": book, "batch_id": 9, "entries": 0, "facts": 0}, dialect)]


@raw("a checkpoint over nothing", "log", "log.law_log")
def _(book: int, dialect: str) -> list[str]:
    nothing = {"book_id": book, "batch_id": 1, "entries": 0, "facts": 0}
    return [logged(nothing, dialect, batch_id="NULL", leaves="0", width=0)]


for _dialect in ("sqlite", "postgresql"):

    @attack("leaves twice", "duplicate", "log_batch_once", dialects=(_dialect,))
    def _(b: Batch, dialect: str = _dialect) -> None:
        b.after = [logged(b.batch, dialect)]


@raw("closed twice", "period", "law:period")
def _(book: int, _dialect: str) -> list[str]:
    return _period(book, "2023-07", 2, "close")


@raw("reopened before it was closed", "period", "law:period")
def _(book: int, _dialect: str) -> list[str]:
    return _period(book, "2023-06", 1, "reopen")


@raw("neither closed nor reopened", "period", "period_event.law_period")
def _(book: int, _dialect: str) -> list[str]:
    return _period(book, "2023-06", 1, "ajar")


@raw("gap in a period's events", "sequence", "law:sequence")
def _(book: int, _dialect: str) -> list[str]:
    return _period(book, "2023-07", 3, "reopen")


@raw("gap in a day's events", "sequence", "law:sequence")
def _(book: int, _dialect: str) -> list[str]:
    row = {
        "book_id": book,
        "date": "2023-06-12",
        "seq": 2,
        "action": "close",
        "content": "{}",
        "operator": "K",
        "recorded_at": NOW,
    }
    return [insert("day_event", row)]


@raw("gap in the configurations", "sequence", "law:sequence")
def _(book: int, _dialect: str) -> list[str]:
    row = {"book_id": book, "version": 2, "book_toml": "", "chart_toml": "", "operator": "K", "recorded_at": NOW}
    return [insert("book_config", row)]


# --- numbers -------------------------------------------------------------------------


@attack("document number of an entry again", "duplicate", "entry_document_once")
def _(b: Batch) -> None:
    b.entries[0]["doc_no"] = "N1"


@attack("document number twice in a batch", "duplicate", "entry_document_once")
def _(b: Batch) -> None:
    b.entries[0]["doc_no"] = "N4"


@attack("document number of a fact again", "duplicate", "fact_document_once")
def _(b: Batch) -> None:
    b.facts[0]["doc_no"] = "F1"


@attack("batch key again", "duplicate", "batch_key_once")
def _(b: Batch) -> None:
    b.batch["batch_key"] = "key-1"


@attack("reversed twice", "duplicate", "entry_reversed_once")
def _(b: Batch) -> None:
    b.entries[0]["reverses"] = b.entries[1]["reverses"] = 1


@attack("entry number again", "duplicate", "entry_pk", "law:batch", "law:voucher", dialects=POSTGRES)
def _(b: Batch) -> None:
    b.after = [insert("entry", _entry(b.batch["book_id"], 2, 3, 9, doc_no="again"))]


@attack("line number again", "duplicate", "posting_pk", "law:lines", dialects=POSTGRES)
def _(b: Batch) -> None:
    b.lines[1]["line"] = 1


def _voucher(name: str, one: int, two: int) -> None:
    @attack(f"voucher numbers {name}", "voucher")
    def _(b: Batch) -> None:
        b.entries[0]["vno"], b.entries[1]["vno"] = one, two


_voucher("with a gap", 3, 5)
_voucher("beginning with a gap", 4, 5)
_voucher("used already", 2, 3)
_voucher("twice the same", 3, 3)
_voucher("from zero", 0, 1)


@attack("voucher numbers three, with one twice and one missing", "voucher")
def _(b: Batch) -> None:
    b.entries.append(_entry(b.batch["book_id"], 2, 5, 5))
    b.entries[1]["vno"] = 3
    b.lines += _lines(b.batch["book_id"], 5)
    b.batch |= {"entries": 3, "lines": 6}
    b.totals(500, 500)


# --- batches -------------------------------------------------------------------------


def _says(column: str, value: int, *also: str) -> None:
    @attack(f"batch says {value} {column}", "batch", "law:batch", *also)
    def _(b: Batch) -> None:
        b.batch[column] = value


_says("entries", 3)
_says("lines", 5)
_says("facts", 2)
_says("debit", 1001)
_says("credit", 999)
_says("first_fact", 3, "law:orphan", "law:late")
_says("first_entry", 4, "law:orphan", "law:late", "law:voucher")
_says("first_entry", 2, "law:orphan", "law:late", "law:voucher")
_says("first_fact", 1, "law:orphan")
_says("lines", -1)


@attack("number of the batch with a gap", "batch", "law:batch", "law:orphan")
def _(b: Batch) -> None:
    b.batch["batch_id"] = 3
    b.seal = {"seq": 2}


def _sealed(column: str, value: int) -> None:
    @attack(f"seal says {column} {value}", "batch", dialects=SQLITE)
    def _(b: Batch) -> None:
        b.seal = {column: value}


_sealed("seq", 3)
_sealed("last_entry", 5)
_sealed("last_fact", 9)


@attack("seal of a batch that was passed over", "batch", dialects=SQLITE)
def _(b: Batch) -> None:
    empty = {"first_entry": 5, "entries": 0, "lines": 0, "first_fact": 3, "facts": 0, "debit": 0, "credit": 0}
    late = copy.deepcopy(b)
    late.batch |= {"batch_id": 3, "batch_key": "key-3", **empty}
    b.sealed = False
    b.after = [
        insert("batch", late.batch),
        logged(late.batch, "sqlite"),
        insert("seal", {**late.seal_row(), "seq": 2}),
        insert("seal", {**b.seal_row(), "seq": 3}),
    ]


@attack("batch of a book that is not there", "book")
def _(b: Batch) -> None:
    b.batch |= {
        "book_id": 9999,
        "batch_id": 1,
        "first_entry": 1,
        "entries": 0,
        "lines": 0,
        "first_fact": 1,
        "facts": 0,
        "debit": 0,
        "credit": 0,
    }
    b.entries, b.lines, b.facts = [], [], []


@attack("reverses what is not there", "reverses")
def _(b: Batch) -> None:
    b.entries[0]["reverses"] = 99


@attack("reverses itself", "reverses")
def _(b: Batch) -> None:
    b.entries[0]["reverses"] = 3


@attack("reverses what comes later", "reverses")
def _(b: Batch) -> None:
    b.entries[0]["reverses"] = 4


@attack("caused by what is not there", "reverses")
def _(b: Batch) -> None:
    b.entries[0]["caused_by"] = 99


@attack("caused by itself", "reverses")
def _(b: Batch) -> None:
    b.entries[0]["caused_by"] = 3


@attack("reverses an entry nobody sealed", "reverses", dialects=SQLITE)
def _(b: Batch) -> None:
    left = Batch(
        {**b.batch, "entries": 1, "lines": 2, "facts": 0, "batch_key": "left"},
        [_entry(b.batch["book_id"], 2, 3, 3, doc_no="left")],
        _lines(b.batch["book_id"], 3),
        [],
        sealed=False,
    )
    b.before = left.statements("sqlite")
    b.batch |= {"batch_id": 3, "first_entry": 4, "first_fact": 2}
    for row in [*b.entries, *b.lines]:
        row["entry_id"] += 1
    for row in [*b.entries, *b.facts]:
        row["batch_id"] = 3
    b.entries[0]["reverses"] = 3
    b.seal = {"seq": 2}


# --- what only the seal writes -------------------------------------------------------

BY_SEAL = {
    "voucher_mark": {"period": "2024-01", "vtype": "记", "first_no": 1, "last_no": 9},
    "balance_delta": {
        "date": "2024-01-01",
        "account": "1001.C01",
        "branch": "",
        "bank": "",
        "cashier": "",
        "fund": "",
        "item": "",
        "debit": 1,
        "credit": 1,
    },
    "projected": {},
}


def _by_hand(table: str, batch: int, *dialects: str) -> None:
    @raw(f"{table} of batch {batch} by hand", "privilege", f"{table}_by_seal", dialects=dialects, role="owner")
    def _(book: int, _dialect: str) -> list[str]:
        return [insert(table, {"book_id": book, "batch_id": batch, **BY_SEAL[table]})]


for _table in ("voucher_mark", "balance_delta"):
    for _number in (1, 2):  # sealed, and not there
        _by_hand(_table, _number, "sqlite", "postgresql")
_by_hand("projected", 2, "sqlite")


@raw("seal by hand", "privilege", "seal_by_seal", dialects=POSTGRES, role="owner")
def _(book: int, _dialect: str) -> list[str]:
    row = {"book_id": book, "batch_id": 2, "seq": 2, "last_entry": 9, "last_fact": 9, "sealed_at": NOW}
    return [insert("seal", row)]
