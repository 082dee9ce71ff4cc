"""``read_statement``: a file → its statements, one per account, checked and not repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from importers.statements import columns
from importers.statements.aside import declared_findings, one_way, split_aside, with_parties
from importers.statements.balance import Verdict, judge
from importers.statements.dialect import Dialect, load_dialects
from importers.statements.formats import find_reader, read_messages
from importers.statements.grid import BYTES_MAX, grids, read_file, rejected
from importers.statements.recognise import KNOWN_MIN, Seen, Table, find_table, not_recognised
from importers.statements.statement import LINES, Finding, Statement, closing_finding, opening_finding
from importers.statements.table import Extract, extract
from importers.statements.typed import CURRENCIES
from ledger.errors import ImportRejected
from ledger.i18n import _
from ledger.money import InvalidAmount, format_fen, normal_text, parse_fen

READINGS = {"out": "debit_out", "in": "debit_in"}
PAIRS = ("amount_in", "amount_out", "debit", "credit")
"""The columns of amounts that come in twos."""


def read_statement(
    source: Path | str | bytes,
    *,
    dialects: Sequence[Dialect] | None = None,
    account: str | None = None,
    name: str | None = None,
    direction: str | None = None,
    opening: int | None = None,
) -> list[Statement]:
    """Read a bank statement; the format and the bank are found by content.

    Args:
        source: a path, or the bytes themselves.
        name: what messages call the file.
        dialects: the layouts to consider; the shipped ones by default.
        account: keep only the statement of this account number (masked digits match).
        direction: ``debit_out``/``debit_in``, pinned for this account or answered by a
            person; a balance that contradicts it stops the reading.
        opening: a balance known from elsewhere that the file does not print, fen.

    Raises:
        ImportRejected: with every reason; nothing of the file is returned.
    """
    if isinstance(source, bytes):
        content, file = source, name or "-"
    else:
        file = name or Path(source).name
        content = read_file(Path(source), file)
    known = load_dialects() if dialects is None else tuple(dialects)
    if len(content) > BYTES_MAX:
        raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
    digest = hashlib.sha256(content).hexdigest()
    reader = find_reader(content, file)
    if reader is not None:
        statements = read_messages(reader, content, file, digest, opening)
    else:
        table = _recognise(content, file, known)
        taken = extract(table, file)
        statements = [
            _statement(table, taken, part, number, file, digest, direction, opening)
            for number, part in _accounts(taken)
        ]
    if account is not None:
        fitting = [one for one in statements if _may_be(one, account)]
        if not fitting:
            printed = "、".join(str(one.account) for one in statements)
            raise rejected(
                _("文件中的账号是 {printed},不是 {account}").format(printed=printed, account=account),
                file=file,
                code="account",
            )
        statements = fitting
    return statements


def _may_be(statement: Statement, account: str) -> bool:
    """Whether a statement can be of this account: it names it, or no number at all."""
    printed = statement.account
    if printed is None or (statement.format == "qif" and not any(ch.isdigit() for ch in printed)):
        return True  # QIF files call an account by any name
    # SWIFT writes bank code/account
    return any(same_account(text, account) for text in {printed, printed.rpartition("/")[2]} - {""})


def same_account(printed: str, account: str) -> bool:
    """The same account number, blanks and dashes aside; ``*``, ``x`` stand for hidden digits."""
    left, right = (
        "".join(ch for ch in normal_text(text).lower() if ch.isalnum() or ch == "*") for text in (printed, account)
    )
    if left == right:
        return True
    if not set(left) & set("*x"):
        return False
    head, tail = left.split(next(ch for ch in left if ch in "*x"), 1)[0], left.rstrip()
    tail = tail[max(tail.rfind("*"), tail.rfind("x")) + 1 :]
    return right.startswith(head) and right.endswith(tail) and bool(head or tail)


def _recognise(content: bytes, file: str, dialects: Sequence[Dialect]) -> Table:
    best: Seen | None = None
    broken: ImportRejected | None = None
    for grid in grids(content, file):
        try:
            table, seen = find_table(grid, dialects, file)
        except ImportRejected as error:
            if error.faults[0].code == "dialect":
                raise
            # a wrong delimiter can break the quoting; another may still read the file
            broken = broken or error
            continue
        if table is not None:
            return table
        if seen and (best is None or seen.known > best.known):
            best = seen
    if broken is not None and (best is None or best.known < KNOWN_MIN):
        raise broken
    raise not_recognised(file, best, dialects)


def _accounts(taken: Extract) -> list[tuple[str | None, pl.DataFrame]]:
    """One part per account number printed in the rows; else one, named above the header."""
    frame = taken.frame
    numbers = _printed(frame["account"])
    if len(numbers) <= 1:
        return [(numbers[0] if numbers else taken.meta.get("account"), frame)]
    # a row without number belongs to the account above it
    frame = frame.with_columns(pl.col("account").forward_fill().backward_fill())
    return [(number, frame.filter(pl.col("account") == number)) for number in numbers]


def _printed(texts: pl.Series) -> list[str]:
    """What stands in a column, each text once."""
    if texts.null_count() == len(texts):
        return []
    return texts.drop_nulls().unique(maintain_order=True).to_list()


def _statement(
    table: Table,
    taken: Extract,
    frame: pl.DataFrame,
    account: str | None,
    file: str,
    digest: str,
    pinned: str | None,
    opening: int | None,
) -> Statement:
    dialect = table.dialect
    whole_file = frame.height == taken.frame.height
    frame, pending, aside = split_aside(dialect, frame)
    frame = _filled(frame)
    stated = _stated(taken.meta.get("opening"))
    closing = _stated(taken.meta.get("closing"))
    if whole_file:
        stated = taken.opening if taken.opening is not None else stated
        closing = taken.closing if taken.closing is not None else closing
    stated = stated if stated is not None else opening
    moves = _moves(dialect, frame)
    declared = pinned or READINGS.get(dialect.debit)
    verdict = judge(
        moves,
        frame["balance"],
        frame["date"],
        frame["row"],
        opening=stated,
        closing=closing,
        declared=declared,
        order=dialect.order,
    )
    chain = verdict.chain
    if verdict.asked:
        raise rejected(
            _("余额不能判定借方、贷方哪一列是收入;请用 --direction debit_out(借=支出)或 debit_in(借=收入)说明"),
            file=file,
            code="direction",
        )
    if pinned and verdict.inferred and chain.direction not in (None, pinned):
        raise rejected(_("余额表明借贷方向与该账户以往对账单相反,停止导入"), file=file, code="direction")
    lines = _lines(dialect, frame, chain.direction, chain.order)
    move = int(lines["amount_in"].sum()) - int(lines["amount_out"].sum())
    first, last, ok = _ends(stated, closing, verdict, move)
    findings = [
        *(_direction_findings(dialect, verdict) if frame.height else ()),
        *_balance_findings(frame, taken, verdict, first, move, stated, closing),
        *aside,
        *(_footer_findings(taken, lines, chain.direction) if whole_file else ()),
        *(declared_findings(taken, lines, pending) if whole_file else ()),
    ]
    dates = lines["date"]
    return Statement(
        account=account,
        currency=_currency(dialect, taken, frame),
        dialect=dialect.name,
        format=table.grid.format,
        encoding=table.grid.encoding,
        from_date=_meta_day(taken.meta.get("from")) or taken.opened or _as_date(dates.min()),
        to_date=_meta_day(taken.meta.get("to")) or taken.closed or _as_date(dates.max()),
        opening=first,
        closing=last,
        balance_ok=ok,
        breaks=chain.broken,
        direction=chain.direction,
        proven=verdict.inferred,
        row_order=verdict.order,
        lines=lines,
        findings=tuple(findings),
        sha256=digest,
        file_name=file,
        serial_scope=dialect.serial_scope,
        pending=pending,
        printed=(chain.opening, None if chain.final is None else chain.final + move),
    )


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Of two columns of amounts one is empty: it moved nothing."""
    empty = [name for name in PAIRS if name in frame.columns and frame[name].null_count()]
    return frame.with_columns(pl.col(empty).fill_null(0)) if empty else frame


def _moves(dialect: Dialect, frame: pl.DataFrame) -> dict[str | None, pl.Series]:
    """In − out per possible reading, in file order."""
    if dialect.form == "in_out":
        return {None: frame["amount_in"] - frame["amount_out"]}
    if dialect.form == "debit_credit":
        debit, credit = frame["debit"], frame["credit"]
        return {"debit_out": credit - debit, "debit_in": debit - credit}
    if dialect.form == "signed":
        return {None: -frame["amount"] if dialect.negate else frame["amount"]}
    return {None: frame.select(pl.when(pl.col("flag") == "in").then("amount").otherwise(-pl.col("amount"))).to_series()}


def _lines(dialect: Dialect, frame: pl.DataFrame, direction: str | None, order: str) -> pl.DataFrame:
    """The lines in their final columns, oldest first."""
    if dialect.form == "in_out":
        inflow, outflow = frame["amount_in"], frame["amount_out"]
    elif dialect.form == "debit_credit":
        inflow, outflow = frame["debit"], frame["credit"]
        if direction == "debit_out":
            inflow, outflow = outflow, inflow
    else:
        amount, zero = (-pl.col("amount") if dialect.negate else pl.col("amount")), pl.lit(0, pl.Int64)
        signed = (
            pl.when(amount > 0).then(amount).otherwise(zero),
            pl.when(amount < 0).then(-amount).otherwise(zero),
        )
        ways = signed if dialect.form == "signed" else one_way()
        inflow, outflow = frame.select(ways[0].alias("in"), ways[1].alias("out")).get_columns()
    found = frame.to_dict() | {"amount_in": inflow.alias("amount_in"), "amount_out": outflow.alias("amount_out")}
    lines = with_parties(pl.DataFrame(list(found.values())))[list(LINES)]
    lines = lines if dict(lines.schema) == LINES else lines.cast(LINES)  # type: ignore[arg-type]
    return lines.reverse() if order == "newest_first" else lines


def _stated(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_fen(text)
    except InvalidAmount:
        return None


def _ends(
    stated: int | None, closing: int | None, verdict: Verdict, move: int
) -> tuple[int | None, int | None, bool | None]:
    """Opening, closing and whether they tie; None where the file does not let them be known."""
    chain = verdict.chain
    if stated is not None and closing is not None:
        return stated, closing, stated + move == closing
    if chain.broken or chain.opening is None:
        if stated is not None:
            return stated, None, None
        return None, closing, None
    return chain.opening, chain.opening + move, True


def _direction_findings(dialect: Dialect, verdict: Verdict) -> list[Finding]:
    direction = verdict.chain.direction
    if direction is None:
        return []
    view = _("借方=支出") if direction == "debit_out" else _("借方=收入")
    if not verdict.inferred:
        return [
            Finding(
                code="direction_declared",
                severity="info",
                message=_("余额不能唯一判定方向,按格式约定:{view}").format(view=view),
            )
        ]
    if dialect.debit and READINGS[dialect.debit] != direction:
        return [
            Finding(
                code="direction",
                severity="warning",
                message=_("余额证明{view},与格式“{title}”的约定相反").format(view=view, title=dialect.title),
            )
        ]
    return [Finding(code="direction", severity="info", message=_("余额证明{view}").format(view=view))]


def _balance_findings(
    frame: pl.DataFrame,
    taken: Extract,
    verdict: Verdict,
    first: int | None,
    move: int,
    stated: int | None,
    closing: int | None,
) -> list[Finding]:
    found: list[Finding] = []
    if taken.masked:
        found.append(
            Finding(
                code="balance_masked", severity="warning", message=_("{n} 行余额被遮蔽,无法核对").format(n=taken.masked)
            )
        )
    elif frame.height and frame["balance"].null_count() == frame.height:
        found.append(Finding(code="balance_missing", severity="warning", message=_("没有余额列,无法核对")))
    breaks, broken = verdict.chain.breaks, verdict.chain.broken
    found.extend(
        Finding(
            code="balance_break",
            severity="error",
            row=one.row or None,
            difference=one.difference,
            message=_("第 {row} 行余额与前一行不衔接,差 {x}").format(row=one.row, x=format_fen(one.difference)),
        )
        for one in breaks
    )
    if broken > len(breaks):
        found.append(
            Finding(code="balance_break", severity="error", message=_("余额共有 {n} 处不衔接").format(n=broken))
        )
    if stated is not None and closing is not None and stated + move != closing:
        found.append(closing_finding(stated, move, closing))
    if first is None and not breaks and frame.height:
        found.append(opening_finding())
    return found


def _footer_findings(taken: Extract, lines: pl.DataFrame, direction: str | None) -> list[Finding]:
    """Footer totals against the rows, each difference named."""
    if not taken.footer:
        return []
    inflow, outflow = int(lines["amount_in"].sum()), int(lines["amount_out"].sum())
    debit, credit = (outflow, inflow) if direction == "debit_out" else (inflow, outflow)
    rows = {"amount_in": inflow, "amount_out": outflow, "debit": debit, "credit": credit, "amount": inflow - outflow}
    names = {
        "amount_in": _("收入"),
        "amount_out": _("支出"),
        "debit": _("借方"),
        "credit": _("贷方"),
        "amount": _("金额"),
    }
    return [
        Finding(
            code="footer",
            severity="error",
            row=taken.footer_row,
            difference=total - rows[name],
            message=_("合计行{name} {a} 与各行之和 {b} 不符").format(
                name=names[name], a=format_fen(total), b=format_fen(rows[name])
            ),
        )
        for name, total in taken.footer.items()
        if total != rows[name]
    ]


def _currency(dialect: Dialect, taken: Extract, frame: pl.DataFrame) -> str | None:
    printed = _printed(frame["currency"])
    if len(printed) == 1:
        return printed[0]
    label = taken.meta.get("currency")
    if not printed and label:
        return CURRENCIES.get(normal_text(label), normal_text(label))
    return dialect.currency


def _meta_day(text: str | None) -> date | None:
    return None if text is None else columns.one_day(text)


def _as_date(value: object) -> date | None:
    return value if isinstance(value, date) else None
