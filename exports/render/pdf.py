"""The paper form as PDF: A4, merged heads, red negatives, signatures, page n of m, checks.

Typeset by typst from ``form.typ``; the report goes in as data, so nothing in it can be
markup. The Chinese font is embedded. The same report, font file and version of typst give the
same bytes: there is no date in it.

The font: ``METERBOOK_FONT`` (a font file, a folder of fonts, or the name of an installed family), else
the first of :data:`FAMILIES` that is installed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import typst

from exports.render import paper
from exports.report import Report, Table
from ledger.errors import Refused
from ledger.i18n import _, current_language

FAMILIES: Final = (
    "Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimSun", "Microsoft YaHei", "SimHei", "PingFang SC", "Songti SC",
    "STSong", "Heiti SC", "FandolSong",
)  # fmt: skip
"""Chinese fonts that people have: Debian's, Windows', macOS'."""

ROWS_MAX: Final = 20_000
"""More is no paper form any more: some 500 pages."""

PORTRAIT_CHARS, LANDSCAPE_CHARS = 100, 152
"""Half-width characters on a line of A4 at the full size."""
SIZE, SIZE_UPRIGHT, SIZE_MIN = 9.0, 7.8, 5.5
"""Points: at most, at least on an upright page, at least at all."""


@dataclass(frozen=True, slots=True)
class Font:
    """A family, and the fonts it is among."""

    family: str
    fonts: typst.Fonts


def render(report: Report) -> bytes:
    """The report as the bytes of a PDF file.

    Raises:
        Refused: no Chinese font to be found, or more rows than a paper form holds.
    """
    table = report.table("pdf")
    rows = max(len(one.rows) for one in (table, *(further for _title, further in report.further("pdf"))))
    if rows > ROWS_MAX:
        raise Refused(
            _("{rows} 行太长,不宜印成纸表(最多 {most} 行);请用 --format xlsx 或 csv").format(rows=rows, most=ROWS_MAX)
        )
    font = find_font()
    return typst.compile(
        resources.files("exports.render").joinpath("form.typ").read_bytes(),
        sys_inputs={"form": json.dumps(_form(report, table, font), ensure_ascii=False)},
        font_paths=font.fonts,
        format="pdf",
        pdf_tags=False,
    )


def find_font() -> Font:
    """The font of the forms.

    Raises:
        Refused: there is none; says how to get one.
    """
    return _find(os.environ.get("METERBOOK_FONT") or "")


@cache
def _find(wanted: str) -> Font:
    if wanted and Path(wanted).exists():
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[wanted])
        families = fonts.families()
        if not families:
            raise Refused(_("METERBOOK_FONT={path} 里没有字体").format(path=wanted))
        own = [family for family in families if family.split()[-1] in {"SC", "CN"}]
        return Font((own or families)[0], fonts)
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[])
    installed = set(fonts.families())
    if wanted:
        if wanted not in installed:
            raise Refused(_("METERBOOK_FONT={name} 既不是文件,也不是已安装的字体").format(name=wanted))
        return Font(wanted, fonts)
    for family in FAMILIES:
        if family in installed:
            return Font(family, fonts)
    raise Refused(
        _(
            "没有找到中文字体,不能生成 PDF。Debian/Ubuntu:apt install fonts-noto-cjk;或用环境变量 METERBOOK_FONT 指定字体文件"
        )
    )


def _form(report: Report, table: Table, font: Font) -> dict[str, Any]:
    """What ``form.typ`` prints."""
    tables = [table, *(further for _title, further in report.further("pdf"))]
    needed = max(sum(widths) + len(widths) for widths in map(paper.widths, tables))
    landscape = SIZE * PORTRAIT_CHARS < SIZE_UPRIGHT * needed
    room = LANDSCAPE_CHARS if landscape else PORTRAIT_CHARS
    size = max(min(SIZE, SIZE * room / needed), SIZE_MIN) if needed else SIZE
    before, between, after = _("第 {page} 页 共 {pages} 页").format(page="\0", pages="\0").split("\0")
    return {
        "code": report.code,
        "title": report.title,
        "font": font.family,
        "lang": "zh" if current_language() == "zh_CN" else "en",
        "size": round(size, 2),
        "landscape": landscape,
        "heads": [f"{label}:{value}" for label, value in [*report.heads, (_("期间"), report.period.text())]],
        "unit": _("单位:{unit}").format(unit=report.unit),
        "state": report.state,
        "page": [before, between, after],
        "main": _table(table),
        "further": [{"title": title, **_table(further)} for title, further in report.further("pdf")],
        "none": _("无"),
        "notes": list(report.notes),
        "signatures": [f"{role}:" for role in report.signatures],
        "tie_head": [_("勾稽"), _("左"), _("右"), _("差额"), _("结果")],
        "ties": [
            {
                "name": tie.name, "left": tie.text(tie.left), "right": tie.text(tie.right),
                "difference": tie.text(tie.difference), "ok": tie.ok, "verdict": _("平") if tie.ok else _("不平"),
            }
            for tie in report.tie_outs
        ],
    }  # fmt: skip


def _table(table: Table) -> dict[str, Any]:
    """One table of the form: its head in storeys, its cells as text."""
    return {
        "widths": [width + 1 for width in paper.widths(table)],
        "kinds": [column.type for column in table.columns],
        "head": [
            [{"text": head.text, "at": head.at, "y": y, "columns": head.columns, "rows": head.rows} for head in line]
            for y, line in enumerate(paper.heads(table.columns))
        ],
        "rows": [[_breakable(text) for text in paper.row(table.columns, row)] for row in table.rows],
        "styles": list(table.styles),
        "banners": {
            str(number): text
            for number, row in enumerate(table.rows)
            if (text := paper.banner(table, number, row)) is not None
        },
        "totals": paper.totals(table),
    }


def _breakable(text: str) -> str:
    """Lists of numbers may break after their commas."""
    return text.replace(",", ",\u200b") if len(text) > 24 else text
