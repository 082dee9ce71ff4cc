"""What must hold whatever the bytes are: refused in words, or read so that every control holds and it reads back the same.

Each ``check_*`` returns whether the file was read; anything wrong is raised. The readers run in this very
process (``importers.limits.inside``): the fuzzer keeps the limits, and has to see what a child would hide.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from unittest import mock

import polars as pl

from importers import limits
from importers.documents import DocumentSet
from importers.documents import read as read_documents
from importers.returns import ROWS, ReturnFile, load_layouts, read_return
from importers.returns.outcomes import OUTCOMES, PAID, UNKNOWN, common_words
from importers.returns.send import render
from importers.statements import Statement, columns, delimited, read_statement
from importers.statements.columns import tidy
from importers.statements.dialect import KEYS, Dialect, parse_dialect
from importers.statements.propose import propose
from importers.statements.statement import LINES, Finding
from ledger.book import Book
from ledger.documents import kind_of
from ledger.errors import Fault, ImportRejected, Refused, SourceError
from ledger.money import decimal_text

FILE = "fuzzed"
TABLES = frozenset({"csv", "xls", "xlsx"})
TEXTS = ("serial", "party", "party_account", "summary", "reference")
SEEN_MAX = 200_000

ALL_FIRST, THEN_ONE_IN = 500, 50
"""How many new frames are written out and read again: it takes ten times as long as reading them once."""

_seen: set[int] = set()
"""Frames that were seen already."""
written_back = 0
"""Frames that were written out and read again."""


class Broken(AssertionError):
    """The oracle does not hold."""


def holds(condition: object, what: str) -> None:
    if not condition:
        raise Broken(what)


def _check_faults(faults: Iterable[Fault], *, ours: bool) -> None:
    """A refusal names the file and says why, in words that can be printed; ``crash`` is what a library may do."""
    faults = tuple(faults)
    holds(faults, "refused without a reason")
    for fault in faults:
        holds(fault.file == FILE and fault.message, f"a fault without file or message: {fault}")
        fault.text().encode()
        holds(not (ours and fault.code == "crash"), f"our own reader failed: {fault.message}")


def _is_new(frame: pl.DataFrame) -> bool:
    """Whether these lines are to be written out and read again."""
    mark = hash(tuple(frame.rows()))
    if mark in _seen:
        return False
    if len(_seen) >= SEEN_MAX:
        _seen.clear()
    _seen.add(mark)
    global written_back
    chosen = written_back < ALL_FIRST or mark % THEN_ONE_IN == 0
    written_back += chosen
    return chosen


# ---- statements ----

EXPORT = """
name = "exported"
order = "oldest_first"
[header]
required = ["date", "in", "out", "balance"]
[columns]
date = "date"
time = "time"
amount_in = "in"
amount_out = "out"
balance = "balance"
serial = "serial"
party = "party"
party_account = "party_account"
summary = "summary"
reference = "reference"
[amount]
form = "in_out"
[meta]
opening = "opening"
closing = "closing"
"""


@cache
def _exported() -> Dialect:
    return parse_dialect(EXPORT, "exported.toml")


def check_message(content: bytes) -> bool:
    """A message format: what no longer looks like one is not looked for among the tables."""
    return check_statement(content, dialects=())


def check_statement(content: bytes, dialects: Sequence[Dialect] | None = None) -> bool:
    with limits.inside():
        try:
            statements = read_statement(content, name=FILE, dialects=dialects)
        except ImportRejected as refused:
            _check_faults(refused.faults, ours=not content.startswith((b"PK", b"\xd0\xcf")))
            _check_as_large(content, dialects, refused)
            return False
        holds(statements, "neither read nor refused")
        _check_count(content, statements)
        _check_as_large(content, dialects, statements)
        for one in statements:
            _check_controls(one)
            if not one.lines["date"].null_count() and _is_new(one.lines):
                _check_reads_back(one)
    return True


ENTRIES = {
    "mt940": r"(?:\A|[\r\n])(?:(?:\{[^\r\n]*)?\{4:)?[\x01\x02\x0b ]*:61:",
    "camt": r"<(?:[^<>/!?\s:]+:)?Ntry[\s/>]",
    "ofx": r"(?i:<STMTTRNP?[\s/>])",
    "bai2": r"(?:\A|[\r\n])\s*16,(?! *890 *[,/])",
}
"""How an entry begins, per format, for who only counts."""


def _check_count(content: bytes, statements: Sequence[Statement]) -> None:
    """As many lines as entries stand in the file; comments and CDATA could hold what is none."""
    form = re.sub(r"(?<=mt94|camt).*", "", statements[0].format).replace("mt94", "mt940")
    if form not in ENTRIES:
        return
    text = content.decode(statements[0].encoding or "utf-8")
    if "<!" not in text:
        stood = len(re.findall(ENTRIES[form], text))
        held = sum(one.lines.height + one.pending.height for one in statements)
        holds(stood == held, f"{stood} entries became {held} lines")


def _check_as_large(
    content: bytes, dialects: Sequence[Dialect] | None, small: Sequence[Statement] | ImportRejected
) -> None:
    """One table in eight once more, on the ways of large files: in columns by polars, no column below another."""
    if dialects is not None or zlib.crc32(content) % 8:
        return
    with mock.patch.object(delimited, "SMALL", -1), mock.patch.object(columns, "FEW", -1):
        try:
            large = [_said(one) for one in read_statement(content, name=FILE, dialects=dialects)]
        except ImportRejected as refused:
            large = [fault.text() for fault in refused.faults]
    told = [fault.text() for fault in small.faults] if isinstance(small, ImportRejected) else list(map(_said, small))
    holds(large == told, "reads otherwise as a large file")


def _said(one: Statement) -> tuple[object, ...]:
    head = (one.account, one.currency, one.opening, one.closing, one.direction, one.row_order, one.breaks)
    return (*head, *map(Finding.as_json, one.findings), one.lines.rows(), one.pending.rows())


def _check_controls(one: Statement) -> None:
    """In plain Python: it is a second opinion, and quicker than a frame of a few lines."""
    lines, schema = one.lines, dict(one.lines.schema)
    holds(schema == LINES == dict(one.pending.schema), "other columns")
    inflow, outflow, dates = lines["amount_in"].to_list(), lines["amount_out"].to_list(), lines["date"].to_list()
    holds(None not in inflow and None not in outflow, "an amount is null")
    holds((one.total_in, one.total_out) == (sum(inflow), sum(outflow)), "totals")
    known = one.opening is not None and one.closing is not None
    ties = (one.opening or 0) + sum(inflow) - sum(outflow) == one.closing if known else None
    holds(one.balance_ok is ties, f"balance_ok is {one.balance_ok}, should be {ties}")
    for finding in one.findings:
        finding.message.encode()
        holds(finding.message and finding.severity in ("error", "warning", "info"), f"finding {finding}")
    if not one.errors:
        holds(one.balance_ok is not False, "does not tie and says nothing")
        holds(None not in dates, "no date and says nothing")
        holds(one.format in TABLES or dates == sorted(dates), "not in order")
    if one.format in TABLES:
        rows = lines["row"].to_list()
        holds(len(set(rows)) == len(rows), "a row was read twice")
        holds(not one.breaks or one.errors, "a broken chain is no error")


def _check_reads_back(one: Statement) -> None:
    """Written out as a CSV of our own and read again: the same lines, in the same order."""
    (again,) = read_statement(_as_csv(one), name="exported", dialects=[_exported()])
    holds(again.lines.height == one.lines.height, f"{one.lines.height} lines became {again.lines.height}")
    left, right = _comparable(one.lines), _comparable(again.lines)
    if not left.equals(right):
        wrong = next(name for name in left.columns if not left[name].equals(right[name]))
        raise Broken(f"{wrong} reads back otherwise: {left[wrong].to_list()[:5]} / {right[wrong].to_list()[:5]}")


def _comparable(lines: pl.DataFrame) -> pl.DataFrame:
    """Texts as the reader of tables tidies them; an account number has no blanks there."""
    return lines.drop("row").with_columns(
        *(tidy(pl.col(name)) for name in TEXTS if name != "party_account"),
        tidy(pl.col("party_account")).str.replace_all(r"\s", ""),
    )


def _as_csv(one: Statement) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = ["date", "time", "in", "out", "balance", *TEXTS]
    for label, fen in (("opening", one.opening), ("closing", one.closing)):
        if fen is not None:
            writer.writerow([label, decimal_text(fen)])
    writer.writerow(names)
    for row in one.lines.iter_rows(named=True):
        both = (row["amount_in"], row["amount_out"])
        cells = ["" if fen == 0 and any(both) else decimal_text(fen) for fen in both]
        balance = "" if row["balance"] is None else decimal_text(row["balance"])
        writer.writerow([row["date"].isoformat(), row["time"], *cells, balance, *(row[name] for name in TEXTS)])
    return text.getvalue().encode()


def check_proposal(content: bytes) -> bool:
    """A dialect guessed from a file nobody knows: whole TOML, and nothing in it but keys of ours."""
    with limits.inside():
        try:
            text = propose(content, FILE)
        except ImportRejected as refused:
            _check_faults(refused.faults, ours=True)
            return False
    if text is not None:
        holds(set(tomllib.loads(text)) <= KEYS[""] | KEYS.keys(), "keys that are none of a dialect")
        text.encode()
    return text is not None


# ---- return files ----


def check_return(content: bytes) -> bool:
    with limits.inside():
        try:
            found = read_return(content, name=FILE)
        except ImportRejected as refused:
            _check_faults(refused.faults, ours=True)
            return False
        _check_rows(found)
        if _is_new(found.frame):
            _check_returns_back(found)
    return True


def _check_rows(found: ReturnFile) -> None:
    frame = found.frame
    holds(dict(frame.schema) == ROWS, "other columns")
    holds(frame["amount"].null_count() == 0 and (frame["amount"] > 0).all(), "an amount is not above zero")
    outcomes = set(frame["outcome"])
    holds(outcomes <= ({None} if found.layout.purpose == "send" else set(OUTCOMES)), f"outcomes {outcomes}")
    holds(frame["row"].n_unique() == frame.height, "a line was read twice")
    told = {"count": frame.height, "amount": sum(frame["amount"])}
    for name, stated in found.controls.items():
        if not found.errors and name in told:
            holds(stated == told[name], f"{name} does not hold and says nothing")
    paid = sum(
        a if d is None else d for a, d, o in frame.select("amount", "debited", "outcome").iter_rows() if o in PAID
    )
    failed = sum(a for a, o in frame.select("amount", "outcome").iter_rows() if o not in (*PAID, UNKNOWN, None))
    figures = found.figures()
    holds((paid, failed) == (figures["success_amount"], figures["fail_amount"]), "figures")
    for finding in found.findings:
        finding.message.encode()


def _check_returns_back(found: ReturnFile) -> None:
    """What came back as a table of names, what is sent as the bank's own file: read again, the same rows."""
    frame = found.frame
    if found.layout.purpose == "return":
        needed = ["account", "name", "amount", "outcome"]
        content = _as_table(frame)
    else:
        needed = [name for name in ("serial", "account", "name", "amount", "customer") if name in found.layout.fields]
        try:
            content = _as_sent(found)
        except Refused:
            return
    if frame.is_empty() or frame.select(needed).null_count().sum_horizontal().item():
        return
    again = read_return(content, name="exported")
    holds(again.errors == (), f"its own file contradicts itself: {again.errors}")
    holds(again.frame.select(needed).equals(frame.select(needed)), "reads back otherwise")


@cache
def _words() -> dict[str, str]:
    return {outcome: word for word, outcome in reversed(list(common_words().items()))}


def _as_table(frame: pl.DataFrame) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["账号", "户名", "金额", "实扣金额", "处理结果"])
    for row in frame.iter_rows(named=True):
        debited = "" if row["debited"] is None else decimal_text(row["debited"])
        writer.writerow(
            [
                row["account"],
                row["name"],
                decimal_text(row["amount"]),
                debited,
                _words().get(row["outcome"] or "", "其他原因"),
            ]
        )
    return text.getvalue().encode()


def _as_sent(found: ReturnFile) -> bytes:
    layout = next(one for one in load_layouts() if one.purpose == "send" and one.form == "fields")
    rows = found.frame.with_columns(
        payer_account=pl.col("account"),
        bill_no=pl.lit("B1"),
        serial=pl.coalesce("serial", pl.col("row").cast(pl.String)),
    )
    if rows.is_empty() or rows.select("payer_account", "customer").null_count().sum_horizontal().item():
        raise Refused("not enough")
    date = found.date or Book.load().cutover
    return render(rows, layout, found.batch or "B1", date, "U1")


# ---- documents ----


@cache
def _book() -> Book:
    return Book.load()


def check_documents(content: bytes, kind: str = "cash_receipt") -> bool:
    with limits.inside():
        try:
            found = read_documents(content, kind, _book(), name=FILE)
        except SourceError as refused:
            _check_faults(refused.faults, ours=True)
            return False
        if found.faults:
            _check_faults(found.faults, ours=True)
            return False
        definition = kind_of(kind)
        holds(dict(found.frame.schema) == definition.schema, "other columns")
        holds(found.frame.height, "nothing read and nothing said")
        needed = [column.name for column in definition.columns if column.required]
        holds(not found.frame.select(needed).null_count().sum_horizontal().item(), "a required cell is null")
        holds(found.frame["row"].n_unique() == found.frame.height, "a row was read twice")
        if _is_new(found.frame):
            _check_documents_back(found)
    return True


def _check_documents_back(found: DocumentSet) -> None:
    again = read_documents(_as_documents(found), found.kind, _book(), name="exported")
    holds(again.faults == (), f"its own file is faulty: {[fault.text() for fault in again.faults]}")
    own = [name for name in found.frame.columns if name not in ("row", "sheet", "file")]
    left, right = found.frame.select(own), again.frame.select(own)
    if not left.equals(right):
        wrong = next(name for name in own if not left[name].equals(right[name]))
        raise Broken(f"{wrong} reads back otherwise: {left[wrong].to_list()[:5]} / {right[wrong].to_list()[:5]}")


def _as_documents(found: DocumentSet) -> bytes:
    definition = found.definition
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.zh for column in definition.columns])
    writer.writerows(_cells(found, row) for row in found.frame.iter_rows(named=True))
    return text.getvalue().encode()


def _cells(found: DocumentSet, row: dict[str, object]) -> Iterator[str]:
    for column in found.definition.columns:
        value = row[column.name]
        if value is None:
            yield ""
        elif column.type in ("money", "money0"):
            yield decimal_text(int(str(value)))
        else:
            yield str(value)
