"""Number series (票据号): an invoice, commercial invoice or 三联单 number is used once.

Each document that hands out a number leaves a mark, a fact of the kind
``number_use`` under ``<series>/<number>``: the database's unique key keeps a number
from being used twice, whichever kind of document uses it, and the register of
series (R22) is a view of the marks. A voided number is used too. Rules: domain
§1.3, §4 C38, §9.2.
"""

from __future__ import annotations

import polars as pl

SERIES: dict[str, str] = {
    **dict.fromkeys(
        ("cash_receipt", "scan_receipt", "cheque_receipt", "slip_receipt", "transfer_receipt", "invoice_unpaid"),
        "invoice",
    ),
    **dict.fromkeys(("removed_meter_receipt", "back_charge_receipt", "materials", "tm_sale"), "commercial"),
    **dict.fromkeys(("partial_payment", "general_deposit", "builder_prepayment"), "triplicate"),
}
"""Kind of document → the series whose number it hands out."""

USE = "number_use"


def marks(kind: str, rows: pl.DataFrame) -> pl.DataFrame | None:
    """One mark per number that these documents hand out: ``kind, doc_no, subject, date, content,
    sheet, row`` and the ``entry`` of its document; None where the kind hands out none."""
    if kind == "number_void":
        series, number = pl.col("series"), pl.col("invoice")
    elif kind not in SERIES:
        return None
    elif SERIES[kind] == "triplicate":
        series = pl.lit("triplicate")
        number = pl.when(pl.col("cashier").is_not_null()).then(pl.col("doc_no"))
    elif kind == "invoice_unpaid":
        series, number = pl.lit("invoice"), pl.when(pl.col("step") == "print").then(pl.col("invoice"))
    else:
        series, number = pl.lit(SERIES[kind]), pl.col("invoice")
    holder = pl.col("cashier") if "cashier" in rows.columns else pl.lit(None, pl.String)
    return (
        rows.with_columns(_number=number)
        .filter(pl.col("_number").is_not_null())
        .select(
            pl.col("entry").alias("of_entry"),
            pl.lit(USE).alias("kind"),
            pl.format("{}/{}", series, "_number").alias("doc_no"),
            holder.alias("subject"),
            "date",
            "sheet",
            "row",
            "file",
            content=pl.concat_str(pl.lit(f'[{{"document":"{kind}/'), _escaped(pl.col("doc_no")), pl.lit('"}]')),
        )
    )


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
