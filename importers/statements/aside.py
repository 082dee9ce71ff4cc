"""Rows that move no money, and what a file declares about itself.

A wallet lists payments that were closed unpaid and movements between its own
pockets (不计收支) among the others. They are set aside, counted, and never
imported; a count or sum that the file states and its rows do not give is named.
"""

from __future__ import annotations

import polars as pl

from importers.statements.dialect import Dialect
from importers.statements.statement import LINES, Finding, no_lines
from importers.statements.table import Extract
from ledger.i18n import _
from ledger.money import format_fen


def split_aside(dialect: Dialect, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """The rows that move money, the others as lines, and what is to be said of those.

    Neutral lines have no amounts: they belong to neither total.
    """
    reasons = frame["aside"]
    if reasons.null_count() == frame.height:
        return frame, no_lines(), []
    rest = frame.filter(pl.col("aside").is_not_null())
    if dialect.form == "flag":
        ways = one_way()
    elif dialect.form == "in_out":
        ways = (pl.col("amount_in").fill_null(0), pl.col("amount_out").fill_null(0))
    else:
        ways = (pl.lit(0, pl.Int64), pl.lit(0, pl.Int64))
    # the size of what was set aside, whatever its direction
    names = [name for name in ("amount", "amount_in", "amount_out", "debit", "credit") if name in rest.columns]
    size = pl.sum_horizontal(pl.col(name).abs() for name in names)
    rest = rest.with_columns(size.alias("size"), ways[0].alias("amount_in"), ways[1].alias("amount_out"))
    found = []
    for reason in ("closed", "neutral"):
        some = rest.filter(pl.col("aside") == reason)
        if some.height:
            count, money = some.height, format_fen(int(some["size"].sum()))
            message = (
                _("{n} 笔已关闭(金额 {x}),没有动款,不导入")
                if reason == "closed"
                else _("{n} 笔不计收支(金额 {x}),不导入")
            )
            found.append(
                Finding(
                    code=reason,
                    severity="info" if reason == "closed" else "warning",
                    message=message.format(n=count, x=money),
                )
            )
    pending = with_parties(rest).select(pl.col(name).cast(kind) for name, kind in LINES.items())
    return frame.filter(pl.col("aside").is_null()), pending, found


def one_way() -> tuple[pl.Expr, pl.Expr]:
    """In and out of an amount with a flag; neither where the flag is neutral."""
    amount, zero = pl.col("amount"), pl.lit(0, pl.Int64)
    return (
        pl.when(pl.col("flag") == "in").then(amount).otherwise(zero),
        pl.when(pl.col("flag") == "out").then(amount).otherwise(zero),
    )


def with_parties(lines: pl.DataFrame) -> pl.DataFrame:
    """The other side of each line: where payer and payee are printed, the payer of what came in."""
    names = ("party", "party_account")
    if all(lines[f"{name}_{way}"].null_count() == lines.height for name in names for way in ("in", "out")):
        return lines
    inflow = pl.col("amount_in") != 0
    other = {name: pl.when(inflow).then(f"{name}_in").otherwise(f"{name}_out") for name in names}
    return lines.with_columns(pl.coalesce(name, others).alias(name) for name, others in other.items())


def declared_findings(taken: Extract, lines: pl.DataFrame, pending: pl.DataFrame) -> list[Finding]:
    """Counts and sums the file states against its rows, each difference named.

    A count of all rows, or the file's own table of totals, is exact. Sums above
    the table are the wallet's statistics, which by its own words may leave rows
    out: a difference there is a warning.
    """
    if not taken.declared and not taken.total:
        return []
    rows = lines.height + pending.height
    inflow = lines.filter(pl.col("amount_in") != 0)
    outflow = lines.filter(pl.col("amount_out") != 0)
    real = {
        "in": (inflow.height, int(inflow["amount_in"].sum())),
        "out": (outflow.height, int(outflow["amount_out"].sum())),
    }
    names = {"in": _("收入"), "out": _("支出")}
    found: list[Finding] = []
    for name, (count, money) in taken.declared.items():
        if name == "count":
            found += _count_finding(count, rows)
            continue
        seen, total = real[name]
        if count is not None and count != seen:
            message = _("文件声明{name} {a} 笔,实有 {b} 笔").format(name=names[name], a=count, b=seen)
            found.append(Finding(code="declared", severity="warning", message=message))
        if money is not None and money != total:
            found.append(_sum_finding("warning", names[name], money, total))
    for name, stated in taken.total.items():
        if name == "count":
            found += _count_finding(stated, rows)
        elif stated != real[name][1]:
            found.append(_sum_finding("error", names[name], stated, real[name][1]))
    return found


def _count_finding(stated: int | None, rows: int) -> list[Finding]:
    if stated is None or stated == rows:
        return []
    message = _("文件声明共 {a} 笔,实有 {b} 笔").format(a=stated, b=rows)
    return [Finding(code="declared", severity="error", message=message)]


def _sum_finding(severity: str, name: str, stated: int, real: int) -> Finding:
    return Finding(
        code="declared",
        severity=severity,
        difference=stated - real,
        message=_("文件声明{name} {a},各行之和 {b}").format(name=name, a=format_fen(stated), b=format_fen(real)),
    )
