"""The form as one HTML page that needs nothing else: a plain table, and a style for the printer.

All text is escaped; there is no script, and no link to anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from exports.render import paper
from exports.report import Report, Table
from ledger.i18n import _, current_language

STYLE = """
body { font-family: "Noto Serif CJK SC", SimSun, "Songti SC", serif; margin: 2rem auto; max-width: 70rem; color: #111; }
h1 { font-size: 1.4rem; text-align: center; margin: 0 0 .6rem; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; break-before: page; }
.heads { display: flex; justify-content: space-between; gap: 2rem; margin-bottom: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { border: 1px solid #555; padding: .2rem .4rem; }
th { background: #eef3f8; }
td.money, td.integer { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.date { text-align: center; white-space: nowrap; }
.minus { color: #c00000; }
tr.subtotal td, tr.section td, tr.strong td { font-weight: bold; }
tr.subtotal td { background: #f2f2f2; }
tr.alert td { background: #fff2cc; }
tr.opening td { font-style: italic; }
.none { text-align: center; }
.signatures { display: flex; gap: 2rem; margin: 1.4rem 0; }
.signatures span { flex: 1; border-bottom: 1px solid #111; }
.ties { font-size: .8rem; margin-top: 1rem; width: auto; }
.level { color: #006100; } .off { color: #c00000; font-weight: bold; }
.state { color: #777; font-size: .75rem; }
@page { size: A4 landscape; margin: 13mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 9pt; }
  thead { display: table-header-group; }
  tr, .signatures, .ties { break-inside: avoid; }
}
"""


def render(report: Report) -> str:
    """The report as an HTML document."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    table = report.table("html")
    language = "zh-CN" if current_language() == "zh_CN" else "en"
    yield f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">'
    yield f"<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(report.title)}</h1>"
    heads = [f"{label}:{value}" for label, value in [*report.heads, (_("期间"), report.period.text())]]
    unit = _("单位:{unit}").format(unit=report.unit)
    yield f'<div class="heads"><span>{escape("   ".join(heads))}</span><span>{escape(unit)}</span></div>'
    yield from _table(table)
    yield from (f"<p>{escape(note)}</p>" for note in report.notes)
    if report.signatures:
        roles = "".join(f"<span>{escape(role)}:</span>" for role in report.signatures)
        yield f'<div class="signatures">{roles}</div>'
    yield from _ties(report)
    for title, further in report.further("html"):
        yield f"<h2>{escape(title)}</h2>"
        yield from _table(further)
    yield f'<p class="state">{escape(report.code)} {escape(report.state)}</p>\n</body>\n</html>'


def _table(table: Table) -> Iterator[str]:
    yield "<table>\n<thead>"
    for line in paper.heads(table.columns):
        cells = (
            f"<th{_span('colspan', head.columns)}{_span('rowspan', head.rows)}>{escape(head.text)}</th>"
            for head in line
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</thead>\n<tbody>"
    kinds = [column.type for column in table.columns]
    for number, row in enumerate(table.rows):
        if (banner := paper.banner(table, number, row)) is not None:
            yield f'<tr class="section"><td colspan="{len(table.columns)}">{escape(banner)}</td></tr>'
            continue
        yield _row(kinds, paper.row(table.columns, row), table.style(number))
    if not table.rows:
        yield f'<tr><td class="none" colspan="{len(table.columns)}">{_("无")}</td></tr>'
    if (totals := paper.totals(table)) is not None:
        yield _row(kinds, totals, "subtotal")
    yield "</tbody>\n</table>"


def _span(name: str, number: int) -> str:
    return f' {name}="{number}"' if number > 1 else ""


def _row(kinds: Sequence[str], cells: list[str], style: str) -> str:
    out = (_cell(kind, text) for kind, text in zip(kinds, cells, strict=True))
    mark = f' class="{style}"' if style else ""
    return f"<tr{mark}>{''.join(out)}</tr>"


def _cell(kind: str, text: str) -> str:
    minus = " minus" if kind in ("money", "integer") and text.startswith("-") else ""
    return f'<td class="{kind}{minus}">{escape(text)}</td>'


def _ties(report: Report) -> Iterator[str]:
    if not report.tie_outs:
        return
    titles = "".join(f"<th>{title}</th>" for title in (_("勾稽"), _("左"), _("右"), _("差额"), _("结果")))
    yield f'<table class="ties">\n<thead><tr>{titles}</tr></thead>\n<tbody>'
    for tie in report.tie_outs:
        amounts = "".join(_cell("money", tie.text(value)) for value in (tie.left, tie.right, tie.difference))
        verdict = f'<td class="level">{_("平")}</td>' if tie.ok else f'<td class="off">{_("不平")}</td>'
        yield f"<tr><td>{escape(tie.name)}</td>{amounts}{verdict}</tr>"
    yield "</tbody>\n</table>"
