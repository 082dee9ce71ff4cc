"""The rows of a recognised table → typed columns; every unreadable cell is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from importers.statements import columns
from importers.statements.dialect import JOINED, Dialect, header_key
from importers.statements.grid import Row, rejected
from importers.statements.local import localised
from importers.statements.recognise import Table
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import InvalidAmount, normal_text, parse_fen

FAULTS_MAX = 200
AMOUNTS = ("amount_in", "amount_out", "debit", "credit", "amount")
CURRENCIES = {"人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "CNY": "CNY", "元": "CNY"}


@dataclass(frozen=True, slots=True)
class Extract:
    """Typed columns in file order and what the table says beside its lines.

    ``frame``: row, account, currency, date, time, serial, balance, party,
    party_account, summary, reference and the amount columns of the dialect's
    form, fen; ``flag`` as ``in``/``out``; ``aside`` says why a row moves no money
    (``closed``, ``neutral``) or is null. ``opened``/``closed``: dates of the balance rows.
    ``declared`` are counts and sums the file states about itself, ``total`` those of its
    own table of totals; ``in``/``out`` in fen.
    """

    frame: pl.DataFrame
    opening: int | None
    closing: int | None
    footer: Mapping[str, int]
    footer_row: int | None
    meta: Mapping[str, str]
    declared: Mapping[str, tuple[int | None, int | None]]
    total: Mapping[str, int]
    masked: int
    opened: date | None
    closed: date | None


def extract(table: Table, file: str) -> Extract:
    """Type the whole table.

    Raises:
        ImportRejected: with every unreadable cell (at most 200).
    """
    dialect = table.dialect
    places = _places(table)
    body = _walk(table, places, file)
    width = len(table.header)
    kept = {index for indexes in places.values() for index in indexes}
    cells = {
        f"c{index}": pl.Series([row[index] if index < len(row) else "" for row in body.rows], dtype=pl.String)
        for index in range(width)
        if index in kept
    }
    raw = pl.DataFrame({"row": pl.Series(body.numbers, dtype=pl.Int64), **cells})
    typed = localised(raw, dialect, places).select("row", *_expressions(dialect, places))
    faults = list(_faults(raw, typed, table, places, file))
    if faults:
        more = len(faults) - FAULTS_MAX
        if more > 0:
            faults = faults[:FAULTS_MAX]
            faults.append(Fault(file=file, message=_("还有 {n} 处").format(n=more), code="statement"))
        raise ImportRejected(faults)
    typed = typed.drop("missing", "doubled", *[name for name in typed.columns if name.endswith("_bad")])
    masked = 0
    if dialect.masked and "balance" in places:
        masked = typed["balance"].null_count()
    return Extract(
        typed,
        body.opening,
        body.closing,
        body.footer,
        body.footer_row,
        _meta(table),
        _declared(table, body.tail),
        body.total,
        masked,
        body.opened,
        body.closed,
    )


def _places(table: Table) -> dict[str, list[int]]:
    """Field → positions of its columns: the first present, or all of a joined field."""
    places: dict[str, list[int]] = {}
    for name, aliases in table.dialect.columns.items():
        found: list[int] = []
        for alias in aliases:
            key = header_key(alias)
            found += [index for index, cell in enumerate(table.header) if cell == key]
        found = list(dict.fromkeys(found))
        if found:
            places[name] = found if name in JOINED else found[:1]
    return places


@dataclass(slots=True)
class _Body:
    rows: list[Row]
    numbers: list[int]
    opening: int | None = None
    closing: int | None = None
    opened: date | None = None
    closed: date | None = None
    footer_row: int | None = None
    footer: Mapping[str, int] = field(default_factory=dict)
    tail: list[Row] = field(default_factory=list)
    total: Mapping[str, int] = field(default_factory=dict)


def _walk(table: Table, places: Mapping[str, list[int]], file: str) -> _Body:
    """Split the rows into lines, balance rows and footer."""
    words = table.dialect.rows
    opening, closing = set(words.get("opening", ())), set(words.get("closing", ()))
    footer, end = tuple(words.get("footer", ())), tuple(words.get("end", ()))
    prefix, summing = table.dialect.prefix, {key: header_key(names[0]) for key, names in table.dialect.totals.items()}
    body = _Body([], [])
    ended = False
    sums: dict[str, int] | None = None
    for number, row in table.body:
        if prefix:
            row = [cell.strip().removeprefix(prefix) for cell in row]
        first = next((text for cell in row if (text := cell.strip())), None)
        if first is None:
            continue
        if sums is not None and not body.total:
            body.total = _totals_row(row, sums, number, file)
            continue
        if ended:
            _check_after(row, places, number, file)
            body.tail.append(row)
            continue
        if summing and (keys := [header_key(cell) for cell in row]) and set(summing.values()) <= set(keys):
            sums, ended = {key: keys.index(name) for key, name in summing.items()}, True
            continue
        seen = set(map(str.strip, row)) if opening or closing else set()
        if seen & opening:
            body.opening = _balance_cell(row, places, number, file)
            body.opened = columns.one_day(_cell(row, places, "date"))
        elif seen & closing:
            body.closing = _balance_cell(row, places, number, file)
            body.closed = columns.one_day(_cell(row, places, "date"))
        elif footer and normal_text(first).startswith(footer):
            body.footer, body.footer_row, ended = _totals(row, places), number, True
        elif end and normal_text(first).startswith(end):
            ended = True
            body.tail.append(row)
        else:
            if any(cell.strip() for cell in row[len(table.header) :]):
                raise rejected(_("这一行的列数比表头多"), file=file, row=number, sheet=table.grid.sheet)
            body.rows.append(row)
            body.numbers.append(number)
    return body


def _cell(row: Row, places: Mapping[str, list[int]], name: str) -> str:
    index = places[name][0] if name in places else len(row)
    return row[index] if index < len(row) else ""


def _balance_cell(row: Row, places: Mapping[str, list[int]], number: int, file: str) -> int:
    """The balance of an opening or closing row: its balance column, else its only amount."""
    text = normal_text(_cell(row, places, "balance"))
    if not text:
        amounts = [cell for cell in row if re.fullmatch(r"[¥+-]?[\d,]+\.\d{2}", normal_text(cell))]
        text = normal_text(amounts[0]) if len(amounts) == 1 else ""
    try:
        return parse_fen(text)
    except InvalidAmount as error:
        raise rejected(str(error), file=file, row=number, column=_("余额"), value=text) from error


def _totals(row: Row, places: Mapping[str, list[int]]) -> dict[str, int]:
    """The totals a footer prints under the amount columns."""
    totals: dict[str, int] = {}
    for name in AMOUNTS:
        if name not in places:
            continue
        try:
            totals[name] = parse_fen(_cell(row, places, name))
        except InvalidAmount:
            continue
    return totals


def _totals_row(row: Row, places: Mapping[str, int], number: int, file: str) -> dict[str, int]:
    """The row below a header of totals: a count, and sums in fen."""
    found: dict[str, int] = {}
    for key, index in places.items():
        text = normal_text(row[index]) if index < len(row) else ""
        try:
            found[key] = int(text) if key == "count" and text.isdecimal() else abs(parse_fen(text))
        except InvalidAmount as error:
            raise rejected(str(error), file=file, row=number, value=text[:80]) from error
    return found


def _check_after(row: Row, places: Mapping[str, list[int]], number: int, file: str) -> None:
    """Below the footer only remarks may stand: a line there would be lost in silence."""
    dated = re.match(r"\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}", normal_text(_cell(row, places, "date")))
    amounts = any(re.search(r"\d", _cell(row, places, name)) for name in AMOUNTS if name in places)
    if dated and amounts:
        raise rejected(_("合计行之后还有交易行"), file=file, row=number)


def _expressions(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    """The typed columns and, beside them, where a cell said something unreadable."""
    times = [columns.clock(_first(places, name)) for name in ("time", "date") if name in places]
    currency = columns.plain(_first(places, "currency")) if "currency" in places else pl.lit(None, pl.String)
    return [
        columns.day(_first(places, "date")).alias("date"),
        pl.coalesce(times).alias("time"),
        *(
            _words(places, name).alias(name)
            for name in ("serial", "summary", "reference", "party", "party_in", "party_out")
        ),
        # an account number that Excel printed as text may carry blanks inside
        *(
            _words(places, name).str.replace_all(r"\s", "").alias(name)
            for name in ("account", "party_account", "party_account_in", "party_account_out")
        ),
        currency.replace(CURRENCIES).alias("currency"),
        *_amounts(dialect, places),
        *_balance(dialect, places),
        *_flag(dialect, places),
        _aside(dialect, places).alias("aside"),
    ]


def _first(places: Mapping[str, list[int]], name: str) -> pl.Expr:
    return pl.col(f"c{places[name][0]}")


def _words(places: Mapping[str, list[int]], name: str) -> pl.Expr:
    """A field of text: its one column, or several joined, each text once."""
    found = places.get(name, [])
    if not found:
        return pl.lit(None, pl.String)
    if len(found) == 1:
        return columns.tidy(_first(places, name))
    parts = pl.concat_list([columns.tidy(pl.col(f"c{index}")) for index in found])
    joined = parts.list.drop_nulls().list.unique(maintain_order=True).list.join(" ")
    return pl.when(joined != "").then(joined)


def _amounts(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    """The amount columns in fen; ``missing`` where all are empty, ``doubled`` where two are not zero."""
    cells = {name: _first(places, name) for name in AMOUNTS if name in places}
    filled = [(columns.fen(cell).fill_null(0) != 0).cast(pl.Int64) for cell in cells.values()]
    below = {"amount_out"} if dialect.out_negative else set()
    return [
        *((-columns.fen(cell) if name in below else columns.fen(cell)).alias(name) for name, cell in cells.items()),
        *(_unreadable(cell).alias(f"{name}_bad") for name, cell in cells.items()),
        pl.all_horizontal([columns.is_nothing(cell) for cell in cells.values()]).alias("missing"),
        (pl.sum_horizontal(filled) > 1).alias("doubled"),
    ]


def _unreadable(cell: pl.Expr) -> pl.Expr:
    return ~columns.is_nothing(cell) & ~columns.is_amount(cell)


def _balance(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    if "balance" not in places:
        return [pl.lit(None, pl.Int64).alias("balance")]
    cell = _first(places, "balance")
    bad = _unreadable(cell)
    if dialect.masked:
        bad = bad & ~columns.plain(cell).str.contains(dialect.masked).fill_null(False)
    return [columns.fen(cell).alias("balance"), bad.alias("balance_bad")]


def _flag(dialect: Dialect, places: Mapping[str, list[int]]) -> list[pl.Expr]:
    if dialect.form != "flag":
        return []
    flag = columns.plain(_first(places, "flag"))
    inflow, outflow = _starts(flag, dialect.flags_in), _starts(flag, dialect.flags_out)
    said = pl.when(inflow).then(pl.lit("in")).when(outflow).then(pl.lit("out"))
    if dialect.flags_neutral:
        said = said.when(_starts(flag, dialect.flags_neutral)).then(pl.lit("neutral"))
    return [said.alias("flag")]


def _aside(dialect: Dialect, places: Mapping[str, list[int]]) -> pl.Expr:
    """Why a row moves no money of the account: it is neutral, or was closed unpaid."""
    reason = pl.lit(None, pl.String)
    if dialect.closed and "status" in places:
        status = columns.plain(_first(places, "status"))
        reason = pl.when(_starts(status, dialect.closed)).then(pl.lit("closed")).otherwise(reason)
    if dialect.flags_neutral and dialect.form == "flag":
        flag = columns.plain(_first(places, "flag"))
        reason = pl.when(_starts(flag, dialect.flags_neutral)).then(pl.lit("neutral")).otherwise(reason)
    return reason


def _starts(text: pl.Expr, words: Iterable[str]) -> pl.Expr:
    return pl.any_horizontal([text.str.starts_with(normal_text(word)).fill_null(False) for word in words])


def _faults(
    raw: pl.DataFrame, typed: pl.DataFrame, table: Table, places: Mapping[str, list[int]], file: str
) -> Iterable[Fault]:
    """Where a line cannot be read, in file order by kind."""

    def fault(index: int, name: str, message: str) -> Fault:
        position = places[name][0]
        return Fault(
            file=file,
            sheet=table.grid.sheet,
            row=int(raw["row"][index]),
            column=table.header[position],
            value=raw[f"c{position}"][index].strip()[:80],
            message=message,
            code="statement",
        )

    def where(condition: pl.Expr) -> list[int]:
        return typed.select(pl.arg_where(condition)).to_series().to_list()

    for index in where(pl.col("date").is_null()):
        yield fault(index, "date", _("应为日期,如 2023-06-09"))
    for name in (*AMOUNTS, "balance"):
        if f"{name}_bad" in typed.columns:
            for index in where(pl.col(f"{name}_bad")):
                yield fault(index, name, _why(raw[f"c{places[name][0]}"][index]))
    amount = next(name for name in AMOUNTS if name in places)
    for index in where(pl.col("missing")):
        yield fault(index, amount, _("这一行没有金额"))
    for index in where(pl.col("doubled")):
        yield fault(index, amount, _("收入和支出两列同时有金额"))
    if "flag" in typed.columns:
        for index in where(pl.col("flag").is_null()):
            yield fault(index, "flag", _("认不出的借贷标志"))


def _why(text: str) -> str:
    try:
        parse_fen(text)
    except InvalidAmount as error:
        return str(error)
    return _("应为金额(元,最多两位小数)")


def _meta(table: Table) -> dict[str, str]:
    """What stands above the header behind the dialect's labels: in the cell or the next one."""
    found: dict[str, str] = {}
    for name, labels in table.dialect.meta.items():
        dated = name in ("from", "to")
        for _number, row in table.preamble:
            for index, cell in enumerate(row):
                rest = None if name in found else _behind(labels, cell, inside=dated)
                if rest is None:
                    continue
                rest = rest if dated else re.sub(r"\s+", "", rest)
                value = rest or next((text for after in row[index + 1 :] if (text := after.strip())), "")
                if value:
                    found[name] = value
    return found


def _behind(labels: Iterable[str], cell: str, *, inside: bool = False) -> str | None:
    """What a cell says behind one of the labels, or None; ``inside``: the label may stand within.

    ``账号[ Account ]: 6222…``, ``#账 号:6222…``, ``起始时间:[2024-03-01] 终止时间:[2024-03-31]``.
    """
    text = normal_text(cell)
    for label in labels:
        spaced = r"\s*".join(map(re.escape, re.sub(r"\s+", "", normal_text(label))))
        begin = r"(?:^#?|\s)" if inside else "^#?"
        if said := re.search(
            rf"{begin}{spaced}\s*(?:\[[^\]]*\]\s*(?=:))?:?\s*(?:\[([^\]]*)\]|(.*))", text, re.IGNORECASE
        ):
            return (said[1] if said[1] is not None else said[2]).strip()
    return None


def _declared(table: Table, tail: Iterable[Row]) -> dict[str, tuple[int | None, int | None]]:
    """Count and sum behind the labels of ``[declared]``, above the header or below the lines."""
    found: dict[str, tuple[int | None, int | None]] = {}
    for name, labels in table.dialect.declared.items():
        for row in (*(row for _number, row in table.preamble), *tail):
            for cell in row:
                said = _behind(labels, cell)
                if said is None or name in found:
                    continue
                count = re.match(r"(\d{1,9})\s*笔", said)
                amount = re.search(r"(-?[\d,]{1,20}(?:\.\d{1,2})?)\s*元", said)
                if count or amount:
                    found[name] = (int(count[1]) if count else None, _sum(amount[1]) if amount else None)
    return found


def _sum(text: str) -> int | None:
    try:
        return abs(parse_fen(text))
    except InvalidAmount:
        return None
