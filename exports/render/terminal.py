"""The screen: aligned by the width Chinese characters really have, negatives red."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from exports.report import Column, Report, Table, TieOut
from ledger.i18n import _
from ledger.money import format_fen

WIDE = 200
"""Columns of a rendering that no terminal limits (a pipe or a file)."""

_STYLES = {"opening": "dim", "subtotal": "bold", "section": "bold", "strong": "bold", "alert": "yellow"}


def show(report: Report, console: Console) -> None:
    """Print the report. A terminal too narrow wraps the lines: no figure is ever cut off."""
    made = renderable(report)
    needed = min(console.measure(made).minimum + 2, WIDE) if console.is_terminal else WIDE
    console.width = max(console.width, needed)
    console.print(made)


def render(report: Report, *, width: int = WIDE, color: bool = False) -> str:
    """The report as text, without colours unless asked."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False, emoji=False)
    console.print(renderable(report))
    return out.getvalue()


def renderable(report: Report) -> RenderableType:
    """Title, heads, table, notes, tie-outs and signatures, for a rich console."""
    heads = [*report.heads, (_("期间"), report.period.text()), (_("单位"), report.unit)]
    parts: list[RenderableType] = [
        Text(f"{report.code} {report.title}", style="bold"),
        Text("  ".join(f"{label}: {value}" for label, value in heads), style="dim"),
    ]
    table = report.table("table")
    parts.append(_table(table) if table.rows else Padding(Text(_("无")), (1, 2)))
    parts += [Text(note, style="dim") for note in report.notes]
    if report.tie_outs:
        parts.append(_tie_outs(report))
    if report.signatures:
        parts.append(Text("    ".join(_("{role}: ________").format(role=role) for role in report.signatures)))
    if report.state:
        parts.append(Text(report.state, style="dim"))
    return Group(*parts)


def _grid() -> RichTable:
    return RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")


def _table(table: Table) -> RichTable:
    grid = _grid()
    for column in table.columns:
        right = column.type in {"money", "integer"}
        grid.add_column(Text(column.title), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for number, row in enumerate(table.rows):
        style = _STYLES.get(table.style(number), "")
        grid.add_row(*(_cell(column, row.get(column.key)) for column in table.columns), style=style)
    if table.totals:
        grid.add_section()
        cells = [_cell(column, table.totals.get(column.key)) for column in table.columns]
        if not cells[0].plain:
            cells[0] = Text(_("合计"))
        grid.add_row(*cells, style="bold")
    return grid


def _tie_outs(report: Report) -> RichTable:
    grid = _grid()
    grid.add_column(_("勾稽"))
    for title in (_("左"), _("右"), _("差额")):
        grid.add_column(title, justify="right", no_wrap=True)
    grid.add_column("")
    for check in report.tie_outs:
        verdict = Text(_("平"), style="green") if check.ok else Text(_("不平"), style="bold red")
        grid.add_row(Text(check.name), *_checked(check), verdict)
    return grid


def _checked(check: TieOut) -> list[Text]:
    return [
        Text(check.text(value), style="red" if value < 0 else "")
        for value in (check.left, check.right, check.difference)
    ]


def _amount(fen: int) -> Text:
    return Text(format_fen(fen), style="red" if fen < 0 else "")


def _cell(column: Column, value: Any) -> Text:
    if value is None or value == "":
        return Text("")
    if column.type == "money" and isinstance(value, int):
        return Text("") if column.blank_zero and value == 0 else _amount(value)
    if isinstance(value, dt.date):
        return Text(value.isoformat())
    return Text(str(column.shown(value)))
