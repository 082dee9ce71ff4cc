"""Rows of the database → the lines both sides share (``frames.LINES``)."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ledger.documents import KINDS
from ledger.reconcile.frames import lines

NUMBER_KEYS = (
    "slip_no", "bank_ref", "advice_no", "cheque_no", "form_no", "batch", "channel_no", "transfer_no", "notice_no",
)  # fmt: skip
"""Columns of a document that may name it on a bank statement."""


def book_side(rows: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Journal lines (``storage.bank.BOOK_LINES``) as lines of the book.

    ``customers``: the customers facts, the latest last; they give names and accounts.
    Lines of one entry and number that add up to nothing only move money from fund to
    fund (an unidentified receipt finds its payer): the bank knows nothing of them.
    """
    rows = rows.filter(pl.col("amount").sum().over("entry_id", "document") != 0)
    known = _customers(customers)
    details = [
        _detail(kind, doc_no, document, memo, fund, content)
        for kind, doc_no, document, memo, fund, content in rows.select(
            "kind", "doc_no", "document", "memo", "fund", "content"
        ).rows()
    ]
    extra = pl.DataFrame(details, schema={"numbers": pl.String, "text": pl.String, "payee": pl.String}, orient="row")
    frame = pl.concat([rows, extra], how="horizontal").join(known, on="customer", how="left", maintain_order="left")
    return lines(
        frame.select(
            pl.concat_str("entry_id", "line", separator=":").alias("ref"),
            "date",
            "amount",
            pl.coalesce("document", "doc_no").alias("reference"),
            "numbers",
            "text",
            pl.coalesce("payee", "party").alias("party"),
            "party_account",
            "customer",
            "kind",
            pl.when(pl.col("reverses").is_not_null())
            .then(pl.concat_str("reverses", "line", separator=":", ignore_nulls=True))
            .alias("reverses"),
            (pl.col("entry_id") * 100_000 + pl.col("line")).alias("order"),
        )
    )


def bank_side(rows: pl.DataFrame) -> pl.DataFrame:
    """Statement lines (``storage.bank.BANK_LINES``) as lines of the bank."""
    return lines(
        rows.select(
            pl.col("line_id").cast(pl.String).alias("ref"),
            "date",
            (pl.col("amount_in") - pl.col("amount_out")).alias("amount"),
            pl.coalesce("serial", "reference").alias("reference"),
            pl.concat_str("serial", "reference", separator=" ", ignore_nulls=True).alias("numbers"),
            pl.col("summary").alias("text"),
            "party",
            "party_account",
            pl.col("line_id").alias("order"),
        )
    )


def fee_lines(matches: pl.DataFrame, items: pl.DataFrame, book: pl.DataFrame, bank: pl.DataFrame) -> pl.DataFrame:
    """What the bank kept back in matches net of a fee, as lines of the bank of their own.

    A match of 1,000.00 in the books with 994.00 at the bank leaves −6.00 that the books do not
    know yet: the line ``F<match>``, dated when both lines were there, open until the fee's
    voucher meets it. It is part of a statement line already and counts in no balance.
    """
    net = matches.filter(pl.col("stage") == "fee").select("match_id")
    if net.is_empty():
        return lines([])
    both = pl.concat(
        [
            frame.select(pl.lit(side).alias("side"), "ref", "date", "reference", "numbers", "party", "text")
            for side, frame in (("book", book), ("bank", bank))
        ]
    )
    members = items.join(net, on="match_id").join(both, on=["side", "ref"], how="left")
    signed = pl.when(pl.col("side") == "bank").then(pl.col("amount")).otherwise(-pl.col("amount"))
    theirs = pl.col("side") == "bank"
    fees = members.group_by("match_id").agg(
        signed.sum().alias("amount"),
        pl.col("date").max(),
        pl.col("date").is_null().any().alias("partial"),
        *(pl.col(name).filter(theirs).first() for name in ("numbers", "party", "text")),
        pl.coalesce("reference", "ref").filter(theirs).first().alias("of"),
    )
    whole = fees.filter(~pl.col("partial"), pl.col("amount") != 0).sort("match_id")
    return lines(
        whole.select(
            pl.format("F{}", "match_id").alias("ref"),
            "date",
            "amount",
            pl.col("of").alias("reference"),
            "numbers",
            pl.format("手续费 {}", pl.col("text").fill_null("")).str.strip_chars().alias("text"),
            "party",
            pl.lit("FEE_NETTED").alias("reason"),
            pl.col("match_id").alias("order"),
        )
    )


def _detail(
    kind: str, doc_no: str, document: str | None, memo: str | None, fund: str | None, content: str
) -> tuple[str, str, str | None]:
    """Numbers, text and payee of a book line, out of the document behind it.

    A document of several rows (a deposit of four slips) lends its lines only
    what all its rows share; each line's own number is its document dimension.
    """
    rows = _rows(content)
    numbers = [document, doc_no]
    for key in NUMBER_KEYS:
        values = {row.get(key) for row in rows}
        if len(values) == 1:
            numbers.append(values.pop())
    payees = {row.get("payee") for row in rows}
    title = KINDS[kind].zh if kind in KINDS else kind
    text = memo or " ".join(part for part in (title, fund) if part)
    return (
        " ".join(dict.fromkeys(number for number in numbers if number)),
        text,
        payees.pop() if len(payees) == 1 else None,
    )


def _rows(content: str) -> list[dict[str, Any]]:
    parsed = json.loads(content) if content else []
    listed = parsed if isinstance(parsed, list) else [parsed]
    return [row for row in listed if isinstance(row, dict)]


def _customers(facts: pl.DataFrame) -> pl.DataFrame:
    """``customer, party, party_account``: the last word on each customer."""
    last: dict[str, tuple[str | None, str | None]] = {}
    for content in facts["content"].to_list():
        for row in _rows(content):
            if row.get("customer"):
                last[row["customer"]] = (row.get("name"), row.get("payer_account"))
    return pl.DataFrame(
        [(customer, *said) for customer, said in last.items()],
        schema={"customer": pl.String, "party": pl.String, "party_account": pl.String},
        orient="row",
    )
