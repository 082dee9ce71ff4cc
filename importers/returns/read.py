"""A return file → rows with canonical outcomes, controls and findings; nothing is repaired.

::

    bytes ──decode──▶ lines ──recognise──▶ layout ──fields──▶ rows (fen, outcome) ──controls──▶ findings
                             (by content)  (TOML)

The layout is found by what stands in the file: a record of the whole and a first row
that fit field by field, or a line of column names. Two layouts that fit, or none, is a
refusal that lists what was seen. A row that does not fit is a refusal with its place.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from importers.returns.layout import CONTROLS, Layout, load_layouts
from importers.returns.outcomes import PAID, UNKNOWN, by_words, word_key
from importers.statements.dialect import header_key
from importers.statements.grid import BYTES_MAX, grids, rejected
from importers.statements.statement import Finding
from ledger.errors import Fault, ImportRejected
from ledger.i18n import _
from ledger.money import LIMIT, InvalidAmount, decimal_text, format_fen, normal_text, parse_fen

ROWS: dict[str, pl.DataType] = {
    "serial": pl.String(),
    "account": pl.String(),
    "name": pl.String(),
    "customer": pl.String(),
    "amount": pl.Int64(),
    "debited": pl.Int64(),
    "outcome": pl.String(),
    "code": pl.String(),
    "text": pl.String(),
    "row": pl.Int64(),
    "file": pl.String(),
}
"""A row in fen. ``debited`` is what the bank took where the file prints it beside the
amount asked for; ``outcome`` one of :data:`importers.returns.outcomes.OUTCOMES`, null in
a file that was sent; ``row`` the 1-based line of ``file``."""

HEADER_WITHIN = 100
"""Column names stand among the first hundred lines, or nowhere."""
LINE_MAX = 10_000
"""A longer line is no record."""
FAULTS_MAX = 200
"""Nobody reads more of one file."""

_RULE = re.compile(r"[\s│┃|─━┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬+\-=_]*")
_LINE_ENDS = re.compile("\r\n|\n|\r")
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_ACCOUNT = re.compile(r"[0-9A-Za-z*]{6,34}")
_TOKEN = re.compile(r"\S{1,64}")
_COUNTED = re.compile(r"(\d{1,9})\s*笔")
_MONEY = re.compile(r"[\d,]+\.\d\d(?!\d)")

Line = tuple[int, str | list[str]]
"""A line of text, or the cells of a worksheet's row, with its 1-based number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFile:
    """One exchange file as it was read. ``controls`` are what the file says of itself:
    counts as they are, amounts in fen, by the names of ``layout.CONTROLS``."""

    layout: Layout
    file: str
    sha256: str
    encoding: str | None
    batch: str | None
    date: dt.date | None
    frame: pl.DataFrame
    controls: Mapping[str, int]
    findings: tuple[Finding, ...]
    header_row: int | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse an import."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def figures(self) -> dict[str, int]:
        """Records and sums: ``count, amount, success_count, … , unknown_amount`` (fen)."""
        return figures(self.frame)

    def as_json(self) -> dict[str, Any]:
        """What ``returns probe --json`` prints."""
        told = self.figures()
        return {
            "layout": self.layout.name,
            "purpose": self.layout.purpose,
            "shape": self.layout.shape,
            "encoding": self.encoding,
            "batch": self.batch,
            "date": self.date.isoformat() if self.date else None,
            **{name: decimal_text(value) if name.endswith("amount") else value for name, value in told.items()},
            "outcomes": dict(self.frame["outcome"].drop_nulls().value_counts().sort("outcome").iter_rows()),
            "findings": [finding.as_json() for finding in self.findings],
        }

    def refuse_errors(self) -> None:
        """Refuse the file where its own figures contradict each other.

        Raises:
            ImportRejected: with every such finding.
        """
        if self.errors:
            raise ImportRejected(
                Fault(file=self.file, row=finding.row, message=finding.message, code=finding.code)
                for finding in self.errors
            )


def figures(rows: pl.DataFrame) -> dict[str, int]:
    """Counts and sums of rows (fen); of a part the bank took, what it took counts."""
    taken = pl.coalesce("debited", "amount")
    paid = rows.filter(pl.col("outcome").is_in(PAID))
    unknown = rows.filter(pl.col("outcome") == UNKNOWN)
    failed = rows.filter(~pl.col("outcome").is_in([*PAID, UNKNOWN]))
    return {
        "count": len(rows),
        "amount": int(rows["amount"].sum()),
        "success_count": len(paid),
        "success_amount": int(paid.select(taken.sum()).item()),
        "fail_count": len(failed),
        "fail_amount": int(failed["amount"].sum()),
        "unknown_count": len(unknown),
        "unknown_amount": int(unknown["amount"].sum()),
    }


class _Misfit(Exception):
    """A line that does not fit its layout: which field, what stands there, why; ``fitted`` fields did."""

    def __init__(self, message: str, column: str | None = None, value: str | None = None, fitted: int = 0) -> None:
        super().__init__(message)
        self.message, self.column, self.value, self.fitted = message, column, value, fitted
        self.row: int | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    """A layout with the lines it reads: the record of the whole, and the rows below it."""

    layout: Layout
    header: dict[str, Any]
    header_row: int | None
    columns: dict[str, int]
    width: int
    delimiter: str
    body: Sequence[Line]


def read_return(
    source: Path | bytes, *, name: str | None = None, layouts: Sequence[Layout] | None = None
) -> ReturnFile:
    """Read an exchange file with a bank; its layout is found by content.

    Args:
        source: a path, or the bytes themselves.
        name: what messages call the file.
        layouts: those to consider; the shipped ones by default.

    Raises:
        ImportRejected: with file, row and reason; nothing of the file is returned.
    """
    content, file = _content(source, name)
    known = load_layouts() if layouts is None else tuple(layouts)
    lines, encoding = _lines(content, file)
    match = _recognise(lines, known, file)
    frame, footer = _rows(match, file)
    layout = match.layout
    controls = {**{key: match.header[key] for key in CONTROLS if key in match.header}, **footer}
    if frame.is_empty() and not controls:
        raise rejected(_("文件中没有明细行"), file=file, code="return")
    return ReturnFile(
        layout=layout,
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        encoding=encoding,
        batch=match.header.get("batch"),
        date=match.header.get("date"),
        frame=frame,
        controls=controls,
        findings=tuple(_findings(layout, frame, controls, match.header_row)),
        header_row=match.header_row,
    )


# -- the file as lines ------------------------------------------------------------------------


def _content(source: Path | bytes, name: str | None) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, name or "-"
    file = name or source.name
    try:
        if source.stat().st_size > BYTES_MAX:
            raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
        return source.read_bytes(), file
    except OSError as error:
        raise rejected(_("不能打开文件:{why}").format(why=error.strerror or str(error)), file=file) from error


def _lines(content: bytes, file: str) -> tuple[list[Line], str | None]:
    """Lines that say something, with their numbers; of a workbook the rows of its first filled sheet."""
    if len(content) > BYTES_MAX:
        raise rejected(_("文件超过 {n} MB").format(n=BYTES_MAX // 2**20), file=file)
    if not content.strip(b"\x1a \t\r\n"):
        raise rejected(_("文件是空的"), file=file)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        for grid in grids(content, file):
            cells: list[Line] = [(number, list(row)) for number, row in grid.rows if any(cell.strip() for cell in row)]
            if cells:
                return cells, None
        raise rejected(_("文件是空的"), file=file)
    # old systems end a text file with Ctrl-Z
    text, encoding = _decode(content.rstrip(b"\x1a"), file)
    lines: list[Line] = []
    for number, line in enumerate(_LINE_ENDS.split(text), start=1):
        if len(line) > LINE_MAX:
            raise rejected(_("这一行有 {n} 个字,不是回盘记录").format(n=len(line)), file=file, row=number)
        if line.strip():
            lines.append((number, line))
    if not lines:
        raise rejected(_("文件是空的"), file=file)
    return lines, encoding


def _decode(content: bytes, file: str) -> tuple[str, str]:
    """Text by its byte order mark, else strict UTF-8, else strict GB18030: what Chinese banks exchange."""
    if content.startswith(b"\xef\xbb\xbf"):
        tries = ["utf-8-sig"]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = ["utf-16"]
    else:
        tries = ["utf-8", "gb18030"]
    for encoding in tries:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            where = error.start
            continue
        if (nul := text.find("\0")) >= 0:
            raise rejected(_("文件含有空字节(NUL),不是文本文件"), file=file, row=text.count("\n", 0, nul) + 1)
        return text, encoding
    row = content.count(b"\n", 0, where) + 1
    raise rejected(_("无法解码:既不是UTF-8也不是GB18030(第 {byte} 字节)").format(byte=where + 1), file=file, row=row)


# -- which layout ---------------------------------------------------------------------------------


def _recognise(lines: Sequence[Line], layouts: Sequence[Layout], file: str) -> _Match:
    """The one layout that fits.

    Raises:
        ImportRejected: two fit, or none; the nearest one is named with what does not fit it.
    """
    found: list[_Match] = []
    nearest: tuple[Layout, _Misfit] | None = None
    for layout in layouts:
        try:
            match = _table(layout, lines) if layout.form == "table" else _records(layout, lines)
        except _Misfit as error:
            if nearest is None or error.fitted > nearest[1].fitted:
                nearest = (layout, error)
            continue
        if match is not None:
            found.append(match)
    if len(found) == 1:
        return found[0]
    if found:
        names = "、".join(f"{match.layout.name}({match.layout.title})" for match in found)
        raise rejected(
            _("有 {n} 种格式都符合,不能确定:{names};请用 --layout 指定").format(n=len(found), names=names),
            file=file,
            row=lines[0][0],
            code="layout",
        )
    listed = "、".join(layout.name for layout in layouts)
    if nearest is None or nearest[1].fitted == 0:
        raise rejected(_("没有认出回盘格式;认识的格式:{known}").format(known=listed), file=file, row=lines[0][0], code="layout")
    layout, misfit = nearest
    raise rejected(
        _("没有认出回盘格式;最接近 {nearest}:{why};认识的格式:{known}").format(
            nearest=layout.name, why=misfit.message, known=listed
        ),
        file=file,
        row=misfit.row or lines[0][0],
        column=misfit.column,
        value=misfit.value,
        code="layout",
    )


def _records(layout: Layout, lines: Sequence[Line]) -> _Match | None:
    """A layout of fields by place: its record of the whole (if it has one) and its first row fit."""
    if not isinstance(lines[0][1], str):
        return None
    header: dict[str, Any] = {}
    number: int | None = None
    fitted = 0
    body = list(lines)
    if layout.header:
        number, line = body.pop(0)
        header = _record(layout, layout.header, layout.header_widths, str(line))
        fitted = len(layout.header)
    if body:
        try:
            _record(layout, layout.row, layout.row_widths, str(body[0][1]))
        except _Misfit as misfit:
            misfit.fitted += fitted
            misfit.row = body[0][0]
            raise
    return _Match(layout, header, number, {}, len(layout.row), layout.delimiter, body)


def _table(layout: Layout, lines: Sequence[Line]) -> _Match | None:
    """A layout of column names: the line that has all it requires, its marker above."""
    above: list[str] = []
    for place, (number, line) in enumerate(lines[:HEADER_WITHIN]):
        for delimiter in layout.delimiter:
            cells = _cells(line, delimiter)
            keys = [header_key(cell) for cell in cells]
            if layout.required <= set(keys) and all(any(word in text for text in above) for word in layout.marker):
                columns = {
                    name: next(keys.index(key) for key in wanted if key in keys)
                    for name, wanted in layout.columns.items()
                    if set(wanted) & set(keys)
                }
                return _Match(layout, {}, number, columns, len(cells), delimiter, lines[place + 1 :])
        above.append(line if isinstance(line, str) else " ".join(line))
    return None


def _cells(line: str | list[str], delimiter: str) -> list[str]:
    if isinstance(line, list):
        return [cell.strip() for cell in line]
    if delimiter in ",;\t":
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            return [line]
    return [cell.strip() for cell in line.split(delimiter)]


# -- rows ---------------------------------------------------------------------------------------------


def _rows(match: _Match, file: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """Every row, typed; and the totals a footer prints.

    Raises:
        ImportRejected: with every row that does not fit.
    """
    layout = match.layout
    rows: list[dict[str, Any]] = []
    footer: dict[str, int] = {}
    faults: list[Fault] = []
    known: dict[tuple[str | None, str | None], str] = {}
    for number, line in match.body:
        try:
            read = _row(match, line, footer)
            if read is not None:
                rows.append({**dict.fromkeys(ROWS), **_judged(layout, read, known), "row": number, "file": file})
        except _Misfit as misfit:
            faults.append(
                Fault(file=file, row=number, column=misfit.column, value=misfit.value, message=misfit.message, code="return")
            )
            if len(faults) >= FAULTS_MAX:
                break
    if faults:
        raise ImportRejected(faults)
    frame = pl.DataFrame([[row[name] for name in ROWS] for row in rows], schema=ROWS, orient="row")
    return frame, footer


def _row(match: _Match, line: str | list[str], footer: dict[str, int]) -> dict[str, Any] | None:
    """A row's fields; None for a line that is none."""
    layout = match.layout
    if layout.form == "table":
        read = _table_row(match, line, footer)
    else:
        read = _record(layout, layout.row, layout.row_widths, str(line))
    if read is None:
        return None
    if footer:
        raise _Misfit(_("合计行下面还有明细"))
    if read["amount"] == 0:
        raise _Misfit(_("金额必须大于零"), "amount", "0")
    return read


def _table_row(match: _Match, line: str | list[str], footer: dict[str, int]) -> dict[str, Any] | None:
    """A row of a table; None for what is none (rules, repeated heads of a page, a totals line)."""
    layout = match.layout
    whole = line if isinstance(line, str) else " ".join(line)
    if _RULE.fullmatch(whole) or any(word in whole for word in layout.marker):
        return None
    cells = _cells(line, match.delimiter)
    first = next((cell for cell in cells if cell), "")
    if first.startswith(layout.skip) and layout.skip:
        return None
    if layout.footer and word_key(first).startswith(layout.footer):
        footer.update(_totals(match, cells, whole))
        return None
    if layout.required <= {header_key(cell) for cell in cells}:
        return None
    while len(cells) > match.width and not cells[-1]:
        cells.pop()
    if len(cells) != match.width:
        raise _Misfit(_("应有 {n} 列,有 {m} 列").format(n=match.width, m=len(cells)))
    return {
        name: _value(layout, name, cells[at], place)
        for place, (name, at) in enumerate(match.columns.items())
        if cells[at] or name not in ("debited", "code", "serial")
    }


def _totals(match: _Match, cells: list[str], whole: str) -> dict[str, int]:
    """Count and amount of a totals line: in the amount's column, else the one amount it prints."""
    found: dict[str, int] = {}
    if counted := _COUNTED.search(whole):
        found["count"] = int(counted[1])
    at = match.columns["amount"]
    printed = [cells[at]] if len(cells) == match.width and cells[at] else _MONEY.findall(whole)
    if len(printed) == 1:
        found["amount"] = _value(match.layout, "amount", printed[0], 0)
    if not found:
        raise _Misfit(_("合计行中没有笔数和金额"), value=whole.strip()[:60])
    return found


def _record(layout: Layout, fields: Sequence[str], widths: Sequence[int], line: str) -> dict[str, Any]:
    """The fields of a line by place."""
    texts = _slices(line, widths, layout.encoding) if layout.form == "fixed" else line.split(layout.delimiter)
    if len(texts) != len(fields):
        raise _Misfit(_("应有 {n} 个字段,有 {m} 个").format(n=len(fields), m=len(texts)))
    found: dict[str, Any] = {}
    for place, (name, text) in enumerate(zip(fields, texts, strict=True)):
        text = text.strip()
        if name == "_":
            continue
        if name == "" or name.startswith("="):
            if text != name[1:]:
                expected = name[1:] or _("空")
                raise _Misfit(_("第 {n} 个字段应为“{what}”").format(n=place + 1, what=expected), value=text, fitted=place)
            continue
        value = _value(layout, name, text, place)
        if found.setdefault(name, value) != value:
            raise _Misfit(_("同一行中 {name} 不一致").format(name=name), name, text, place)
    return found


def _slices(line: str, widths: Sequence[int], encoding: str) -> list[str]:
    """Fields by their width in bytes; blanks missing at the end of the line are no fault."""
    try:
        raw = line.encode(encoding)
    except UnicodeEncodeError:
        raise _Misfit(_("含有 {encoding} 没有的字").format(encoding=encoding)) from None
    total = sum(widths)
    if not total - widths[-1] < len(raw.rstrip(b" ")) <= total:
        raise _Misfit(_("应有 {n} 个字节,有 {m} 个").format(n=total, m=len(raw)))
    raw = raw.ljust(total, b" ")
    texts, at = [], 0
    for place, width in enumerate(widths):
        try:
            texts.append(raw[at : at + width].decode(encoding))
        except UnicodeDecodeError:
            raise _Misfit(_("第 {n} 个字段把一个汉字截成了两半").format(n=place + 1), fitted=place) from None
        at += width
    return texts


def _value(layout: Layout, name: str, text: str, place: int) -> Any:
    """The text of a field as its name says it."""
    try:
        if name in ("amount", "debited", "success_amount", "fail_amount"):
            return _fen(text, layout.amount)
        if name == "text" or (name == "code" and not text):
            return text or None
        return _typed(name, normal_text(text))
    except ValueError as error:
        raise _Misfit(str(error), name, text[:60], place) from None


def _typed(name: str, plain: str) -> Any:
    """Counts, days, accounts, names, and tokens without blanks.

    Raises:
        ValueError: with the sentence for the user.
    """
    if name in ("count", "success_count", "fail_count"):
        if not re.fullmatch(r"[0-9]{1,9}", plain):
            raise ValueError(_("应为笔数"))
        return int(plain)
    if name == "date":
        return _day(plain)
    if name == "account":
        plain = re.sub(r"[\s-]", "", plain)
        if not _ACCOUNT.fullmatch(plain):
            raise ValueError(_("应为银行账号"))
    elif name == "name":
        if all(char.isdigit() or char in ".,-" for char in plain):
            raise ValueError(_("应为户名"))
    elif not _TOKEN.fullmatch(plain):
        raise ValueError(_("不能为空,也不能有空格"))
    return plain


def _fen(text: str, unit: str) -> int:
    """An amount in the file's unit → fen, exactly."""
    if unit == "yuan":
        fen = parse_fen(text)
        if fen < 0:
            raise InvalidAmount(_("金额不能为负数"))
        return fen
    plain = normal_text(text)
    form = r"[0-9]{1,15}" if unit == "fen" else r"([0-9]{1,15})\.00?"
    if not re.fullmatch(form, plain):
        raise InvalidAmount(_("应为金额(分)") if unit == "fen" else _("应为金额(分,印两位小数 .00)"))
    fen = int(plain.partition(".")[0])
    if fen >= LIMIT:
        raise InvalidAmount(_("金额超出上限"))
    return fen


def _day(plain: str) -> dt.date:
    found = _DAY.fullmatch(plain)
    if found and plain.isascii() and "1990" <= found[1] < "2100":
        with suppress(ValueError):
            return dt.date(int(found[1]), int(found[2]), int(found[3]))
    raise ValueError(_("应为日期,如 20230609"))


def _outcome(layout: Layout, code: str | None, text: str | None) -> str:
    """What code and text mean; they must say the same."""
    if not layout.fields & {"code", "text"}:
        return "SUCCESS"
    by_code = layout.codes.get(word_key(code)) if code else None
    by_text = by_words(text, layout.words) if text else None
    if by_code and by_text and by_code != by_text and (by_code in PAID or by_text in PAID):
        raise _Misfit(_("返回码 {code} 与返回信息“{text}”不一致").format(code=code, text=text), "code", code)
    if not code and not text:
        raise _Misfit(_("没有返回码,也没有返回信息"), "code")
    return by_code or by_text or "OTHER"


def _judged(layout: Layout, read: dict[str, Any], known: dict[tuple[str | None, str | None], str]) -> dict[str, Any]:
    """A row with its canonical outcome; ``known`` remembers what was looked up."""
    kept = {name: value for name, value in read.items() if name in ROWS}
    if layout.purpose == "send":
        return kept
    code, text = read.get("code"), read.get("text")
    if (code, text) not in known:
        known[code, text] = _outcome(layout, code, text)
    outcome = known[code, text]
    if layout.shape in ("success_part", "success_only") and outcome not in PAID:
        raise _Misfit(_("成功文件中有不成功的一笔"), "text", text or code)
    if layout.shape == "failure_part" and outcome in PAID:
        raise _Misfit(_("失败文件中有成功的一笔"), "text", text or code)
    kept["outcome"] = outcome
    debited = read.get("debited")
    if debited is not None and outcome == "SUCCESS" and debited != read["amount"]:
        raise _Misfit(_("成功的一笔,实扣与应扣不同"), "debited", format_fen(debited))
    if outcome != "PARTIAL":
        kept["debited"] = None
    return kept


# -- what the file says of itself ------------------------------------------------------------------


def _findings(
    layout: Layout, frame: pl.DataFrame, controls: Mapping[str, int], header_row: int | None
) -> Iterator[Finding]:
    """Counts and totals against the rows; codes nobody knows."""
    told = figures(frame)
    labels = {
        "count": _("总笔数"), "amount": _("总金额"), "success_count": _("成功笔数"),
        "success_amount": _("成功金额"), "fail_count": _("失败笔数"), "fail_amount": _("失败金额"),
    }  # fmt: skip
    for name, stated in controls.items():
        money = name.endswith("amount")
        fits = {told[name]}
        if name.startswith("fail"):
            # some banks count what they do not know yet among the failures
            fits.add(told[name] + told[name.replace("fail", "unknown")])
        if stated not in fits:
            shown = format_fen if money else str
            yield Finding(
                code=name,
                severity="error",
                row=header_row,
                difference=stated - told[name] if money else None,
                message=_("{what}写的是 {stated},明细是 {rows}").format(
                    what=labels[name], stated=shown(stated), rows=shown(told[name])
                ),
            )
    if layout.purpose == "send":
        return
    if not controls:
        yield Finding(code="no_controls", severity="info", message=_("文件没有笔数和金额合计,无法自我核对"))
    if layout.purpose == "return":
        yield from _unknown_words(layout, frame, proven="fail_count" in controls or layout.shape == "failure_part")


def _unknown_words(layout: Layout, frame: pl.DataFrame, *, proven: bool) -> Iterator[Finding]:
    """A code or text the layout does not know is a failure only where the file's own counts say so."""
    other = frame.filter(pl.col("outcome") == "OTHER")
    for row in other.unique(["code", "text"], keep="first", maintain_order=True).iter_rows(named=True):
        known = (row["code"] and word_key(row["code"]) in layout.codes) or (
            row["text"] and by_words(row["text"], layout.words)
        )
        if not known:
            yield Finding(
                code="unknown_code",
                severity="warning" if proven else "error",
                row=row["row"],
                message=_("不认识的结果“{text}”,按其他失败处理;请加入格式 {layout}").format(
                    text=" ".join(filter(None, (row["code"], row["text"]))), layout=layout.name
                ),
            )
