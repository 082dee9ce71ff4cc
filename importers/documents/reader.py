"""Document files → typed frames, with every fault of a file at once.

::

    file ─source─▶ text | workbook ─table─▶ headers and cells ─typed─▶ frame + faults

A fault of the data is a value in :attr:`DocumentSet.faults`; only a file that cannot
be read as a table at all raises (domain.md §10, reliability.md §4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from importers.documents.source import Source
from importers.documents.table import HEADER_ROWS, RawTable, column_letters, find_header, no_table, shown
from importers.documents.text import read_text
from importers.documents.typed import typed
from importers.documents.workbook import cell_faults, read_workbook
from importers.openxml import Sheet
from ledger.book import Book
from ledger.documents import PROVENANCE, SEQ, Column, Kind, kind_of, match_key, nearest
from ledger.errors import Fault, NotFound, SourceError
from ledger.i18n import _

NOTES = frozenset(match_key(name) for name in ("说明", "notes"))
"""Sheets people read; the reader does not."""

FAULTS_MAX = 10_000
"""A file of another kind has a fault in every cell; nobody reads more than this."""

_TOTALS = r"^[本页日月]*(合|总|小|累|共)\s*计[:：]?$"
_SKIP = "#"


@dataclass(frozen=True)
class DocumentSet:
    """The documents of one file or sheet.

    ``frame`` has the kind's schema; with faults it is incomplete and must not be posted.
    """

    kind: str
    frame: pl.DataFrame
    file: str
    sha256: str
    faults: tuple[Fault, ...] = ()
    sheet: str | None = None

    @property
    def definition(self) -> Kind:
        """The kind's entry in the registry."""
        return kind_of(self.kind)


def read(source: Path | bytes, kind: str, book: Book, *, name: str | None = None) -> DocumentSet:
    """The documents of one kind in a file (CSV or XLSX).

    Raises:
        SourceError: the file cannot be read as a table (its faults say where and why).
        NotFound: there is no such kind.
    """
    wanted = kind_of(kind)
    opened = Source.open(source, name)
    if opened.form() == "text":
        return _documents(opened, wanted, read_text(opened, wanted), book)
    sheets = [s for s in read_workbook(opened) if _has_content(s) and match_key(s.name) not in NOTES]
    if not sheets:
        opened.refuse(_("文件是空的"), code="empty")
    if len(sheets) > 1:
        opened.refuse(
            _("有 {count} 张有内容的工作表({names});请只留一张,或作为日工作簿(day)交").format(
                count=len(sheets), names="、".join(sheet.name for sheet in sheets)
            ),
            code="sheet",
        )
    return _documents(opened, wanted, _from_sheet(opened, sheets[0], wanted), book)


def read_day(source: Path | bytes, book: Book, *, name: str | None = None) -> list[DocumentSet]:
    """A workbook of one sheet per kind, in the order of its sheets.

    Where every sheet carries ``seq`` 序号, the frames carry it: it is the order of the batch.

    Raises:
        SourceError: not a workbook, or a sheet whose name is no kind.
    """
    opened = Source.open(source, name)
    if opened.form() == "text":
        opened.refuse(_("日工作簿须为 .xlsx,每类单据一张工作表"), code="format")
    sheets = [s for s in read_workbook(opened) if match_key(s.name) not in NOTES]
    faults: list[Fault] = []
    found: dict[str, Sheet] = {}
    for sheet in sheets:
        try:
            kind = kind_of(sheet.name)
        except NotFound as error:
            if _has_content(sheet):
                message = error.faults[0].message
                faults.append(Fault(file=opened.name, sheet=sheet.name, message=message, code="sheet"))
            continue
        if kind.name in found:
            message = _("与工作表“{other}”是同一类单据").format(other=found[kind.name].name)
            faults.append(Fault(file=opened.name, sheet=sheet.name, message=message, code="sheet"))
        found.setdefault(kind.name, sheet)
    if faults:
        raise SourceError(faults)
    if not any(_has_content(sheet) for sheet in found.values()):
        opened.refuse(_("文件是空的"), code="empty")
    read_sheets = [
        _documents(opened, kind_of(kind), _from_sheet(opened, sheet, kind_of(kind)), book, may_be_empty=True)
        for kind, sheet in found.items()
        if _has_content(sheet)
    ]
    if not any(part.frame.height or part.faults for part in read_sheets):
        opened.refuse(_("表头下面没有数据"), code="empty")
    return _with_seq(read_sheets)


def _with_seq(parts: list[DocumentSet]) -> list[DocumentSet]:
    """``seq`` stands in every sheet that has rows, or in none."""
    filled = [part for part in parts if part.frame.height]
    have = [part for part in filled if part.frame["seq"].null_count() < part.frame.height]
    if not have or len(have) == len(filled):
        return parts
    message = _("别的工作表有序号,这一张没有;序号要么每张表都有,要么都没有")
    return [
        part if part in have or part not in filled else replace(
            part,
            faults=(*part.faults, Fault(file=part.file, sheet=part.sheet, column=SEQ.title(), message=message, code="seq")),
        )
        for part in parts
    ]  # fmt: skip


# ---- sheets as tables ----


def _has_content(sheet: Sheet) -> bool:
    return bool(sheet.rows or sheet.formulas)


def _from_sheet(source: Source, sheet: Sheet, kind: Kind) -> RawTable:
    """The table of a worksheet: header row found by its names, cells below it."""
    head = sheet.rows[:HEADER_ROWS]
    index = find_header([list(cells.values()) for _row, cells in head], kind)
    if index is None:
        return no_table(source.name, sheet.name, cell_faults(source, sheet, {}, 1))
    header_row, header_cells = head[index]
    body = sheet.rows[index + 1 :]
    places = sorted({at for _row, cells in body for at in cells} | set(header_cells))
    cells = pl.DataFrame(
        [
            pl.Series(str(n), [cells.get(at) for _row, cells in body], dtype=pl.String).str.strip_chars()
            for n, at in enumerate(places)
        ]
    )
    headers = [header_cells.get(at, "") for at in places]
    letters = [column_letters(at) for at in places]
    rows = pl.Series("row", [row for row, _cells in body], dtype=pl.Int64)
    faults = cell_faults(source, sheet, {at: " ".join(text.split()) for at, text in header_cells.items()}, header_row)
    above = [
        Fault(file=source.name, sheet=sheet.name, row=row, message=_("表头上方有数据,请移到表头下面"), code="header")
        for row, cells_above in head[:index]
        if len(cells_above) >= max(3, sum(column.required for column in kind.columns))
    ]
    return RawTable(source.name, sheet.name, headers, letters, header_row, cells, rows, [*above, *faults])


# ---- tables as documents ----


def _documents(source: Source, kind: Kind, table: RawTable, book: Book, *, may_be_empty: bool = False) -> DocumentSet:
    """Type every column of a table; gather every fault."""

    def result(frame: pl.DataFrame, faults: Iterable[Fault]) -> DocumentSet:
        return DocumentSet(kind.name, frame, source.name, source.sha256, _listed(faults), table.sheet)

    placed, faults = _match(table, kind)
    faults = [*table.faults, *faults]
    if not table.rows.len() and not faults and not may_be_empty:
        faults.append(_fault(table, table.header_row or None, None, None, _("表头下面没有数据"), "empty"))
    if not placed:
        return result(kind.empty(), faults)
    table, totals = _without_totals(table, placed)
    faults += totals
    formulas = {(f.row, f.column) for f in table.faults if f.code in {"formula", "value"}}
    columns: dict[str, pl.Series] = {}
    for column in (*kind.columns, SEQ):
        at = placed.get(column.name)
        if at is None:
            columns[column.name] = pl.Series(column.name, [None] * len(table.rows), dtype=column.dtype)
            continue
        texts = table.cells[str(at)].replace("", None)
        done = typed(texts, column, book)
        columns[column.name] = done.values.alias(column.name)
        header = table.header(at)
        faults += [
            _fault(table, int(table.rows[row]), header, texts[row], message, column.type)
            for row, message in done.faults
        ]
        # A row without its place in the order has none, where other rows have one.
        numbered = column is SEQ and texts.null_count() < len(texts)
        if (column.required or numbered) and texts.null_count():
            faults += [
                _fault(table, int(table.rows[row]), header, None, _("不能为空"), "required")
                for row in map(int, texts.is_null().arg_true())
                if (int(table.rows[row]), header) not in formulas
            ]
    frame = pl.DataFrame(columns).with_columns(
        row=table.rows, sheet=pl.lit(table.sheet, pl.String), file=pl.lit(source.name)
    )
    frame = frame.select(*(column.name for column in kind.columns), *PROVENANCE)
    faults += _row_faults(frame, kind, table, placed)
    return result(frame, faults)


def _match(table: RawTable, kind: Kind) -> tuple[dict[str, int], list[Fault]]:
    """Column name → position, and the faults of the header itself."""
    placed: dict[str, int] = {}
    faults: list[Fault] = []
    if not any(header.strip() for header in table.headers):
        names = "、".join(column.title() for column in kind.columns if column.required)
        message = _("找不到表头;“{kind}”须有这些列:{names}").format(kind=kind.title(), names=names)
        return {}, [_fault(table, None, None, None, message, "header")]
    known = [text for column in (*kind.columns, SEQ) for text in (column.zh, column.name)]
    for at, header in enumerate(table.headers):
        text = " ".join(header.split())
        column = kind.by_header.get(match_key(text)) if text else None
        if column is not None and column.name in placed:
            message = _("与 {other} 列是同一列").format(other=table.letters[placed[column.name]])
            faults.append(_fault(table, table.header_row, text, None, message, "header"))
        elif column is not None:
            placed[column.name] = at
        elif text.startswith(_SKIP):
            continue
        elif text:
            faults.append(_fault(table, table.header_row, text, None, _unknown(text, known), "header"))
        elif str(at) in table.cells.columns and (filled := table.cells[str(at)].is_not_null()).any():
            row = int(table.rows[int(filled.arg_max() or 0)])
            value = table.cells[str(at)].drop_nulls()[0]
            faults.append(_fault(table, row, table.letters[at], value, _("这一列没有表头"), "header"))
    missing = [column for column in kind.columns if column.required and column.name not in placed]
    faults += [
        _fault(
            table,
            table.header_row,
            column.title(),
            None,
            _("缺少这一列(也可写作 {name})").format(name=column.name),
            "missing",
        )
        for column in missing
    ]
    return placed, faults


def _unknown(text: str, known: Sequence[str]) -> str:
    near = nearest(text, known)
    if near:
        return _("不认识的列;是否指“{near}”?").format(near=near)
    return _("不认识的列;不用的列请删去,或在表头前加 #")


def _without_totals(table: RawTable, placed: dict[str, int]) -> tuple[RawTable, list[Fault]]:
    """Total lines (合计) are no documents; each is one fault, whatever else is in it."""
    own = [str(at) for name, at in placed.items() if name not in {"memo", "reason", "name"}]
    if not len(table.rows) or not own:
        return table, []
    total = table.cells.select(
        pl.any_horizontal(pl.col(name).str.contains(_TOTALS).fill_null(False) for name in own)
    ).to_series()
    if not total.any():
        return table, []
    faults = [_fault(table, int(row), None, None, _("这是合计行,请删去"), "total") for row in table.rows.filter(total)]
    return replace(table, cells=table.cells.filter(~total), rows=table.rows.filter(~total)), faults


# ---- faults of whole rows ----


def _row_faults(frame: pl.DataFrame, kind: Kind, table: RawTable, placed: dict[str, int]) -> list[Fault]:
    def header(column: Column) -> str:
        return table.header(placed[column.name]) if column.name in placed else column.title()

    def given(column: Column) -> pl.Series:
        """Where something is written, right or wrong; a written zero amount is nothing."""
        if column.name not in placed:
            return pl.Series([False] * len(frame), dtype=pl.Boolean)
        written = table.cells[str(placed[column.name])].is_not_null()
        return written & (frame[column.name] != 0).fill_null(True) if column.type == "money0" else written

    faults: list[Fault] = []
    for names in kind.one_of:
        count = sum((given(kind.column(name)).cast(pl.Int8) for name in names), pl.Series([0] * len(frame)))
        written = "、".join(header(kind.column(name)) for name in names)
        faults += [
            _fault(table, int(row), written, None, _("须填且只填一个"), "one_of")
            for row in table.rows.filter(count != 1)
        ]
    for when, value, then in kind.needs:
        wrong = (frame[when] == value).fill_null(False) & ~given(kind.column(then))
        message = _("{column}为“{value}”时须填写").format(
            column=header(kind.column(when)), value=kind.column(when).word(value)
        )
        faults += [
            _fault(table, int(row), header(kind.column(then)), None, message, "required")
            for row in table.rows.filter(wrong)
        ]
    return [*faults, *_duplicates(frame, kind, table, header)]


def _duplicates(frame: pl.DataFrame, kind: Kind, table: RawTable, header: Callable[[Column], str]) -> list[Fault]:
    """A number stands once in a kind; in a grouped kind its rows are one entry of one date."""
    numbered = frame.select(pl.col("row"), pl.col("date"), "doc_no", number=kind.document_number()).filter(
        pl.col("number").is_not_null()
    )
    if kind.grouped:
        dates = numbered.filter(pl.col("date").n_unique().over("number") > 1)
        first = dates.group_by("number", maintain_order=True).agg(pl.col("row").first(), pl.col("date").first())
        odd = dates.join(first, on="number", suffix="_first").filter(pl.col("date") != pl.col("date_first"))
        return [
            _fault(table, row, header(kind.column("date")), str(date),
                   _("单据 {number} 的日期与第 {first} 行不同").format(number=number, first=first_row), "date")
            for row, date, number, first_row in odd.select("row", "date", "number", "row_first").iter_rows()
        ]  # fmt: skip
    if not numbered["number"].is_duplicated().any():
        return []
    twice = numbered.with_columns(
        first=pl.col("row").first().over("number"), place=pl.int_range(pl.len()).over("number")
    ).filter(pl.col("place") > 0)
    faults = []
    for row, doc_no, number, first_row in twice.select("row", "doc_no", "number", "first").iter_rows():
        by = "doc_no" if doc_no is not None or kind.number is None else kind.number
        message = _("号码与第 {first} 行重复").format(first=first_row)
        if by != "doc_no":
            message += _(";同号的几笔须各有单据号")
        faults.append(_fault(table, row, header(kind.column(by)), number, message, "duplicate"))
    return faults


def _fault(table: RawTable, row: int | None, column: str | None, value: str | None, message: str, code: str) -> Fault:
    return Fault(
        file=table.file, sheet=table.sheet, row=row, column=column,
        value=None if value is None else shown(value), message=message, code=code,
    )  # fmt: skip


def _listed(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """In the order of the file; no more than anyone reads."""
    ordered = sorted(faults, key=lambda fault: fault.row or 0)
    if len(ordered) <= FAULTS_MAX:
        return tuple(ordered)
    more = _("还有 {count} 处差错").format(count=len(ordered) - FAULTS_MAX)
    return (*ordered[:FAULTS_MAX], Fault(file=ordered[0].file, message=more, code="more"))
