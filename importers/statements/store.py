"""A statement into the book: checked against the chain, merged by occurrence, kept as bytes.

Order of the checks: the very file was imported before (no-op) → the file reads
(``read_statement``) → its own figures tie → currency, period → the bank changed
a line it gave before → opening of this statement = closing of the last → lines
it should repeat are there. Only then is anything written, all in the caller's
transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from importers.statements.choose import one_statement
from importers.statements.dialect import Dialect
from importers.statements.grid import read_file, rejected
from importers.statements.identity import as_known, changed_serials, with_identity
from importers.statements.read import read_statement
from importers.statements.statement import LINES, Finding, Statement, closing_finding
from ledger.book import Bank
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import format_fen
from ledger.operators import staff
from ledger.reconcile.opening import bank_opening
from ledger.storage import bank as sql
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did. ``already``: these bytes were imported before, at ``recorded_at``."""

    statement_id: int
    bank: str
    file_name: str
    already: bool
    recorded_at: str | None
    from_date: date | None = None
    to_date: date | None = None
    opening: int | None = None
    closing: int | None = None
    lines: int = 0
    new_lines: int = 0
    findings: tuple[Finding, ...] = ()

    def text(self) -> str:
        """One sentence for the person."""
        if self.already:
            return _("{file} 已于 {when} 导入(第 {n} 份对账单),没有新内容").format(
                file=self.file_name, when=self.recorded_at, n=self.statement_id
            )
        return _("{file} → {bank}:{a} 至 {b},{n} 行(新 {new}),期初 {opening},期末 {closing}").format(
            file=self.file_name,
            bank=self.bank,
            a=self.from_date,
            b=self.to_date,
            n=self.lines,
            new=self.new_lines,
            opening=format_fen(self.opening),
            closing=format_fen(self.closing),
        )


def import_statement(
    session: Session,
    book_id: int,
    bank: Bank,
    source: Path | str | bytes,
    *,
    operator: str,
    cutover: date,
    currency: str | None = None,
    name: str | None = None,
    dialects: Sequence[Dialect] | None = None,
    direction: str | None = None,
    accept_differences: bool = False,
    opening: int | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
) -> Imported:
    """Import one file for one bank account, inside ``Store.writing(book_id)``.

    ``currency``: the account's, unless said. ``opening``, ``from_date``, ``to_date`` are said by the person
    where the file does not say them (a statement without lines).

    Raises:
        ImportRejected: nothing was written.
        Refused: who asks may not bring in statements.
    """
    operator = staff(session, book_id).require(operator, "statement").id
    file = name or ("-" if isinstance(source, bytes) else Path(source).name)
    content = source if isinstance(source, bytes) else read_file(Path(source), file)
    digest = hashlib.sha256(content).hexdigest()
    known = sql.statement_of_file(session, book_id, bank.code, digest)
    if known:
        return Imported(statement_id=known[0], bank=bank.code, file_name=file, already=True, recorded_at=known[1])
    pinned = _pinned(session, book_id, bank, direction, file)
    statement = one_statement(
        read_statement(content, dialects=dialects, account=bank.number, name=file, direction=pinned, opening=opening)
    )
    named = any(finding.code == "currency_text" for finding in statement.findings)  # in a text, not stated
    own = currency or bank.currency
    if statement.currency not in (None, own) and not (named and accept_differences):
        raise rejected(_("对账单币种 {a} 与账套币种 {b} 不同").format(a=statement.currency, b=own), file=file)
    if statement.errors and not accept_differences:
        raise ImportRejected(
            [
                *(Fault(file=file, row=one.row, message=one.message, code=one.code) for one in statement.errors),
                Fault(
                    file=file, message=_("对账单自身不平,未导入;核实后可用 --accept-differences 导入"), code="statement"
                ),
            ]
        )
    direction_said = statement.direction if statement.proven or direction else None
    return _append(
        session,
        book_id,
        bank,
        statement,
        content,
        operator=operator,
        cutover=cutover,
        direction=direction_said,
        accept=accept_differences,
        period=(from_date or statement.from_date, to_date or statement.to_date),
    )


def import_empty(
    session: Session,
    book_id: int,
    bank: Bank,
    *,
    opening: int,
    from_date: date,
    to_date: date,
    operator: str,
    cutover: date,
) -> Imported:
    """A period in which nothing moved and for which the bank gives no file.

    Raises:
        ImportRejected: it does not chain; nothing was written.
        Refused: who asks may not bring in statements.
    """
    operator = staff(session, book_id).require(operator, "statement").id
    content = f"{bank.code} {from_date} {to_date} {opening}".encode()
    digest = hashlib.sha256(content).hexdigest()
    file = _("无流水对账单")
    known = sql.statement_of_file(session, book_id, bank.code, digest)
    if known:
        return Imported(statement_id=known[0], bank=bank.code, file_name=file, already=True, recorded_at=known[1])
    statement = Statement(
        account=bank.number,
        currency=None,
        dialect="",
        format="",
        encoding=None,
        from_date=from_date,
        to_date=to_date,
        opening=opening,
        closing=opening,
        balance_ok=True,
        breaks=0,
        direction=None,
        proven=False,
        row_order="oldest_first",
        lines=pl.DataFrame(schema=LINES),
        findings=(),
        sha256=digest,
        file_name=file,
    )
    return _append(
        session,
        book_id,
        bank,
        statement,
        content,
        operator=operator,
        cutover=cutover,
        direction=None,
        accept=False,
        period=(from_date, to_date),
    )


def _pinned(session: Session, book_id: int, bank: Bank, direction: str | None, file: str) -> str | None:
    """The reading of 借/贷 this account's files have had; a person may say it the first time."""
    earlier = sql.statements(session, book_id, bank.code)["direction"].drop_nulls()
    pinned = str(earlier[-1]) if len(earlier) else None
    if direction and pinned and direction != pinned:
        raise rejected(_("指定的借贷方向与该账户以往对账单相反"), file=file, code="direction")
    return direction or pinned


def _append(
    session: Session,
    book_id: int,
    bank: Bank,
    statement: Statement,
    content: bytes,
    *,
    operator: str,
    cutover: date,
    direction: str | None,
    accept: bool,
    period: tuple[date | None, date | None],
) -> Imported:
    file = statement.file_name
    start, end = period
    if start is None or end is None:
        raise rejected(_("对账单没有流水也没有期间,请用 --from 和 --to 说明"), file=file)
    if start > end:
        raise rejected(_("期间 {a} 晚于 {b}").format(a=start, b=end), file=file)
    undated = statement.lines.filter(pl.col("date").is_null())
    if undated.height:
        message = _("有 {n} 行没有有效日期,不能导入").format(n=undated.height)
        raise rejected(message, file=file, row=int(undated["row"][0]), code="date")
    lines = with_identity(statement.lines, serial_scope=statement.serial_scope)
    early = lines.filter(pl.col("date") <= cutover)
    if early.height:
        raise rejected(
            _("有 {n} 行不晚于账套启用日 {d},其余额已在期初中").format(n=early.height, d=cutover),
            file=file,
            row=int(early["row"][0]),
        )
    stored = sql.bank_lines(session, book_id, bank.code)
    earlier = sql.statements(session, book_id, bank.code)
    _check_serials(lines, stored, earlier, start, end, statement)
    expected = _expected_opening(session, book_id, bank, stored, earlier, lines, start)
    # a file that opens as its first day did holds that whole day; one that opens later in it does not
    whole = statement.opening is not None and statement.opening == expected[1]
    first = pl.col("date") >= start if whole else pl.col("date") > start
    lines = as_known(lines, stored.filter(first, pl.col("date") <= end))
    _check_repeated(lines, stored, start, end, file)
    expected = _expected_opening(session, book_id, bank, stored, earlier, lines, start)
    opening = next((fen for fen in (statement.opening, statement.printed[0], expected[0]) if fen is not None), None)
    if opening is None:
        raise rejected(_("文件没有期初余额,该账户也没有以前的余额;请用 --opening 说明"), file=file)
    gap = 0 if expected[0] is None or opening in expected else opening - expected[0]
    if gap and not accept:
        raise rejected(_chain_message(earlier, opening, expected[0] or 0, start), file=file, code="chain")
    tied = opening + statement.total_in - statement.total_out
    closing = next(fen for fen in (statement.closing, statement.printed[1], tied) if fen is not None)
    untied = closing - tied
    if untied and statement.opening is None and not accept:
        # the file states a closing alone; its opening is what the last statement left
        message = closing_finding(opening, tied - opening, closing).message
        raise rejected(message, file=file, code="closing")
    # what was accepted of a file whose days this one holds again is not accepted twice
    again = earlier.filter(pl.col("from_date") >= start, pl.col("to_date") <= end)["difference"]
    difference = gap + untied - int(again.sum())
    fresh = _beside(lines.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line_no")), stored)
    sql.append_source(session, book_id, statement.sha256, content)
    statement_id, _first = sql.append_statement(
        session,
        book_id,
        {
            "bank": bank.code,
            "sha256": statement.sha256,
            "file_name": file,
            "dialect": statement.dialect,
            "encoding": statement.encoding,
            "direction": direction,
            "from_date": start,
            "to_date": end,
            "opening": opening,
            "closing": closing,
            "difference": difference,
            "lines": lines.height,
            "operator": operator,
        },
        fresh,
    )
    return Imported(
        statement_id=statement_id,
        bank=bank.code,
        file_name=file,
        already=False,
        recorded_at=None,
        from_date=start,
        to_date=end,
        opening=opening,
        closing=closing,
        lines=lines.height,
        new_lines=fresh.height,
        findings=statement.findings,
    )


def _beside(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The lines that are not among the others."""
    if lines.is_empty() or others.is_empty():
        return lines  # the first file of an account: a million lines need no index to be held to none
    return lines.join(others, on=["identity", "occurrence"], how="anti", maintain_order="left")


def _check_serials(
    lines: pl.DataFrame, stored: pl.DataFrame, earlier: pl.DataFrame, start: date, end: date, statement: Statement
) -> None:
    """A line of the bank that came back with other content: both are shown, nothing is imported.

    Only where the periods overlap: banks begin their numbers anew.
    """
    if earlier.is_empty():
        return
    covered = pl.col("date").is_between(earlier["from_date"].min(), earlier["to_date"].max())
    changed = changed_serials(
        lines.filter(covered),
        stored.filter(pl.col("date").is_between(start, end)),
        serial_scope=statement.serial_scope,
    )
    if changed.height:
        raise ImportRejected(
            [
                Fault(
                    file=statement.file_name,
                    row=row["row"],
                    value=row["serial"],
                    message=_("流水号 {serial} 内容变了:原为 {old},现为 {new}").format(
                        serial=row["serial"],
                        old=_content(row["date_old"], row["amount_in_old"], row["amount_out_old"]),
                        new=_content(row["date"], row["amount_in"], row["amount_out"]),
                    ),
                    code="serial",
                )
                for row in changed.rows(named=True)
            ]
        )


def _content(day: date, amount_in: int, amount_out: int) -> str:
    return _("{date} 收入 {a} 支出 {b}").format(date=day, a=format_fen(amount_in), b=format_fen(amount_out))


def _check_repeated(lines: pl.DataFrame, stored: pl.DataFrame, start: date, end: date, file: str) -> None:
    """Lines known within the period must be in the file again; on its first and last day it may begin late or stop early."""
    inside = stored.filter(pl.col("date") > start, pl.col("date") < end)
    lacking = _beside(inside, lines)
    if lacking.height:
        first = lacking.row(0, named=True)
        raise rejected(
            _("文件缺少已导入的 {n} 行,第一行 {date} 收入 {a} 支出 {b} {text}").format(
                n=lacking.height,
                date=first["date"],
                a=format_fen(first["amount_in"]),
                b=format_fen(first["amount_out"]),
                text=first["summary"] or "",
            ),
            file=file,
            code="overlap",
        )


def _expected_opening(
    session: Session,
    book_id: int,
    bank: Bank,
    stored: pl.DataFrame,
    earlier: pl.DataFrame,
    lines: pl.DataFrame,
    start: date,
) -> tuple[int | None, int | None]:
    """What the opening must be: with and without the first day's lines that the file leaves out."""
    base = bank_opening(session, book_id, bank.code)
    if base is None:
        if earlier.is_empty():
            return None, None
        base = int(earlier["opening"][0])
    accepted = int(earlier.filter(pl.col("to_date") < start)["difference"].sum())
    before = stored.filter(pl.col("date") < start)
    same_day = _beside(stored.filter(pl.col("date") == start), lines)

    def move(frame: pl.DataFrame) -> int:
        return int(frame["amount_in"].sum()) - int(frame["amount_out"].sum())

    opened = base + accepted + move(before)
    return opened + move(same_day), opened


def _chain_message(earlier: pl.DataFrame, opening: int, expected: int, start: date) -> str:
    if earlier.is_empty():
        return _("首份对账单期初 {a} 与期初未达账项表的对账单余额 {b} 不符,差 {x}").format(
            a=format_fen(opening), b=format_fen(expected), x=format_fen(opening - expected)
        )
    return _("{start} 的期初 {a} 与截至上一份对账单({end})的余额 {b} 不衔接,差 {x}").format(
        start=start,
        end=earlier["to_date"].max(),
        a=format_fen(opening),
        b=format_fen(expected),
        x=format_fen(opening - expected),
    )
