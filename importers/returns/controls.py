"""What a return file says of itself: its counts and totals against its rows, codes nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from importers.returns.layout import Layout
from importers.returns.outcomes import PAID, UNKNOWN, by_words, word_key
from importers.statements.statement import Finding
from ledger.i18n import _
from ledger.money import format_fen


def figures(rows: pl.DataFrame) -> dict[str, int]:
    """Counts and sums of rows (fen); of a part the bank took, what it took counts."""
    taken = pl.coalesce("debited", "amount")
    paid = rows.filter(pl.col("outcome").is_in(PAID))
    unknown = rows.filter(pl.col("outcome") == UNKNOWN)
    failed = rows.filter(~pl.col("outcome").is_in([*PAID, UNKNOWN]))
    told = {
        "count": len(rows),
        "amount": int(rows["amount"].sum()),
        "success_count": len(paid),
        "success_amount": int(paid.select(taken.sum()).item()),
        "fail_count": len(failed),
        "fail_amount": int(failed["amount"].sum()),
        "unknown_count": len(unknown),
        "unknown_amount": int(unknown["amount"].sum()),
    }
    if rows["fee"].null_count() == rows.height:
        return told
    back = rows.filter(pl.col("outcome") == "REVERSED")
    refunded, fee = int(back["amount"].sum()), int(rows["fee"].sum())
    return told | {
        "refund_count": len(back),
        "refund_amount": refunded,
        "gross_amount": told["success_amount"] - refunded,
        "fee_amount": fee,
        "net_amount": told["success_amount"] - refunded - fee,
    }


def findings_of(
    layout: Layout, frame: pl.DataFrame, controls: Mapping[str, int], header_row: int | None
) -> Iterator[Finding]:
    """Counts and totals against the rows; codes nobody knows."""
    told = figures(frame)
    labels = {
        "count": _("总笔数"), "amount": _("总金额"), "success_count": _("成功笔数"),
        "success_amount": _("成功金额"), "fail_count": _("失败笔数"), "fail_amount": _("失败金额"),
        "refund_count": _("退款笔数"), "refund_amount": _("退款金额"), "gross_amount": _("交易总额"),
        "fee_amount": _("手续费"), "net_amount": _("清算净额"),
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
    if layout.purpose == "settlement":
        yield from _orders(frame)
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


def _orders(frame: pl.DataFrame) -> Iterator[Finding]:
    """An order is paid once (domain.md §3 E08), and what is paid out is the amount less its fee."""
    paid = frame.filter(pl.col("outcome") == "SUCCESS")
    for row in paid.filter(~pl.col("reference").is_first_distinct()).iter_rows(named=True):
        message = _("渠道单号 {n} 收款两次").format(n=row["reference"])
        yield Finding(code="duplicate", severity="error", row=row["row"], message=message)
    sign = pl.when(pl.col("outcome") == "REVERSED").then(-1).otherwise(1)
    owed = sign * pl.col("amount") - pl.col("fee").fill_null(0)
    for row in frame.with_columns(owed=owed).filter(pl.col("net") != pl.col("owed")).iter_rows(named=True):
        message = _("到账额 {net} 不等于金额减手续费 {owed}").format(
            net=format_fen(row["net"]), owed=format_fen(row["owed"])
        )
        yield Finding(
            code="net", severity="error", row=row["row"], difference=row["net"] - row["owed"], message=message
        )
