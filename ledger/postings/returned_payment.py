"""E30 Returned payment 退票: the bank takes a receipt back, its entry is repeated in red.

Every line of the original, negative in its own column: the bill is open again at its old
month, its levies are billed-not-collected again. Money that has gone on from the slip or
cheque in transit to the bank is taken from the bank. Where the levies are remitted already
collected-due may fall below zero; the next remittance nets it. A receipt whose surplus
has been used since is refused until that use is reversed. Cash is not returned by a bank.
Both entries are linked; a receipt is returned once. Rules: domain §3 E30, §0 (7).

::

    Dr account: debit per line
        Cr account: credit per line

Example: the bounced cheque of E4: Dr 1002.01 −820.00 / Cr 1122.02 −820.00, LM(−140.00/−25.00/−5.00).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ledger.accounts import DIMENSIONS
from ledger.documents import KINDS, kind_of
from ledger.errors import Fault, NotFound
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State, decode

LEGS = (
    debit("account", "debit", per="line"),
    credit("account", "credit", per="line"),
)

RETURNABLE = (
    "cheque_receipt", "slip_receipt", "transfer_receipt", "short_payment", "collection_result", "partial_payment",
    "general_deposit", "builder_prepayment", "unidentified", "identify",
)  # fmt: skip
"""Kinds of receipt that a bank can take back."""

ADVANCES = ("advance_over", "advance_partial", "advance_deposit", "advance_builder", "advance_tm")
CONTROLS = ("customer", "amount", "bank", "cheque_no")
LINE = ["account", "debit", "credit", *DIMENSIONS]


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Find the originals, hold the controls against them, and turn their lines red."""
    kinds, faults = _kinds(docs)
    found, missing = _originals(kinds, state)
    faults += [*missing, *_differing(found)]
    lines = state.source.lines(found["original_id"]).rename({"entry_id": "original_id"})
    state.know(lines["customer"])
    named = found.select("entry", "original_id", "kind", "file", "sheet", "row", "original")
    lines = named.join(lines, on="original_id", how="inner", maintain_order="left_right")
    faults += _cash(lines) + _used(lines, state)
    red = _from_the_bank(lines, state).with_columns(-pl.col("debit"), -pl.col("credit"))
    documents = docs.join(found.select("entry", reverses="original_id"), on="entry", how="left", maintain_order="left")
    return Work(documents=documents, frames={"line": red.select("entry", *LINE)}, faults=faults)


def _kinds(docs: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """``original`` (类别/单据号) as ``original_kind`` and ``number``; a fault where it is no such thing."""
    names: dict[str, str | None] = {}
    for text in docs["original"].str.split("/").list.first().unique().drop_nulls():
        try:
            names[text] = kind_of(text).name
        except NotFound:
            names[text] = None
    rows = docs.with_columns(
        original_kind=pl.col("original")
        .str.split("/")
        .list.first()
        .replace_strict(names, default=None, return_dtype=pl.String),
        number=pl.col("original").str.extract(r"^[^/]*/(.+)$"),
    )
    unclear = pl.col("original_kind").is_null() | pl.col("number").is_null()
    faults = rows_at_fault(
        rows.filter(unclear), "original", lambda _r: _("请写作 类别/单据号,如 cheque_receipt/ZP-0630")
    )
    other = ~pl.col("original_kind").is_in(RETURNABLE)
    faults += rows_at_fault(
        rows.filter(~unclear & other),
        "original",
        lambda r: _("“{kind}”不会被银行退回").format(kind=KINDS[r["original_kind"]].title()),
    )
    return rows.filter(~unclear & ~other), faults


def _originals(rows: pl.DataFrame, state: State) -> tuple[pl.DataFrame, list[Fault]]:
    """The posted receipts that are returned: ``original_id``, ``taken_on`` and the ``was_*`` of the controls."""
    parts = [_as_posted(kind, part["number"], state) for kind, part in _by_kind(rows)]
    schema = {
        "original_kind": pl.String,
        "number": pl.String,
        "original_id": pl.Int64,
        "taken_on": pl.Date,
        "reversed": pl.Boolean,
    }
    empty = pl.DataFrame(
        schema={**schema, **{f"was_{name}": pl.Int64 if name == "amount" else pl.String for name in CONTROLS}}
    )
    posted = pl.concat([empty, *(part.select(empty.columns) for part in parts)])
    found = rows.join(posted, on=["original_kind", "number"], how="left", maintain_order="left")
    here = pl.col("original_id").is_null() & pl.col("taken_on").is_not_null()
    faults = rows_at_fault(found.filter(pl.col("taken_on").is_null()), "original", lambda _r: _("没有这张单据"))
    faults += rows_at_fault(found.filter(here), "original", lambda _r: _("原单据与退票不能在同一批,请先将原单据记账"))
    faults += rows_at_fault(found.filter(pl.col("reversed")), "original", lambda _r: _("原单据已冲销或已退票"))
    twice = found.filter(pl.col("original_id").is_not_null() & pl.col("original_id").is_duplicated())
    faults += rows_at_fault(twice, "original", lambda _r: _("同一张单据退了两次"))
    early = found.filter(pl.col("date") < pl.col("taken_on"))
    faults += rows_at_fault(early, "date", lambda r: _("早于原单据日期 {date}").format(date=r["taken_on"]))
    known = pl.col("original_id").is_not_null() & ~pl.col("reversed") & ~pl.col("original_id").is_duplicated()
    return found.filter(known), faults


def _by_kind(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for part in rows.partition_by("original_kind", maintain_order=True):
        yield part["original_kind"][0], part


def _as_posted(kind: str, numbers: pl.Series, state: State) -> pl.DataFrame:
    posted = state.originals(kind, numbers)
    content = decode(posted, kind)
    told = [
        (pl.col(name) if name in content.columns else pl.lit(None, pl.Int64 if name == "amount" else pl.String)).alias(
            f"was_{name}"
        )
        for name in CONTROLS
    ]
    return posted.select(
        pl.lit(kind).alias("original_kind"),
        pl.col("doc_no").alias("number"),
        pl.col("entry_id").alias("original_id"),
        pl.col("date").alias("taken_on"),
        "reversed",
    ).join(content.select(pl.col("doc_no").alias("number"), *told), on="number", how="left", maintain_order="left")


def _differing(found: pl.DataFrame) -> list[Fault]:
    """What the return says beside the number is what the receipt said."""
    return [
        fault
        for name in CONTROLS
        for fault in rows_at_fault(
            found.filter(pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"was_{name}"))),
            name,
            lambda r, n=name: _("原单据是 {was}").format(
                was=format_fen(r["was_amount"]) if n == "amount" else r[f"was_{n}"] or "-"
            ),  # type: ignore[misc]
        )
    ]


def _cash(lines: pl.DataFrame) -> list[Fault]:
    cash = lines.filter(pl.col("account").str.starts_with("1001.")).unique("entry", keep="first", maintain_order=True)
    return rows_at_fault(cash, "original", lambda _r: _("现金收款不会被银行退回"))


def _used(lines: pl.DataFrame, state: State) -> list[Fault]:
    """What the receipt put aside (an advance, an unidentified receipt) is still there whole."""
    advances, unknown = [state.chart.role(role) for role in ADVANCES], state.chart.role("unidentified")
    keys = ["account", "customer", "bank", "document"]
    # An unidentified receipt is nobody's; who it turned out to be may stand on the lines that used it.
    owner = pl.when(pl.col("account") != unknown).then("customer").alias("customer")
    put = lines.filter(pl.col("account").is_in([*advances, unknown]) & (pl.col("credit") > 0)).with_columns(owner)
    if put.is_empty():
        return []
    items = pl.concat([state.items(advances, put["customer"]), state.items([unknown])]).with_columns(owner)
    held = items.group_by(keys).agg(held=-pl.col("amount").sum())
    put = put.group_by("entry", "kind", "file", "sheet", "row", "original", *keys, maintain_order=True).agg(
        pl.col("credit").sum()
    )
    rows = put.join(held, on=keys, how="left", nulls_equal=True, maintain_order="left").with_columns(
        pl.col("held").fill_null(0)
    )
    return rows_at_fault(
        rows.filter(pl.col("held") < pl.col("credit")),
        "original",
        lambda r: _("这笔收款的余款 {put} 已使用 {used},请先冲销使用它的分录").format(
            put=format_fen(r["credit"]), used=format_fen(r["credit"] - r["held"])
        ),
    )


def _from_the_bank(lines: pl.DataFrame, state: State) -> pl.DataFrame:
    """Money that is no longer in transit under its number (lodged, arrived) is in the bank: the red
    stands there, for the part that has gone on."""
    transit = state.chart.role("transit_slip")
    keys = ["customer", "bank", "fund", "document"]
    waiting = (
        state.items([transit], lines["customer"].drop_nulls().unique())
        .group_by(keys)
        .agg(waiting=pl.col("amount").sum())
    )
    slips = lines.filter((pl.col("account") == transit) & (pl.col("debit") > 0))
    split = slips.join(waiting, on=keys, how="left", maintain_order="left").with_columns(
        stays=pl.min_horizontal("debit", pl.col("waiting").fill_null(0).clip(0))
    )
    gone = split.with_columns(
        debit=pl.col("debit") - pl.col("stays"),
        account=pl.col("bank"),
        branch=pl.col("bank").replace_strict(state.book.bank_branches, default=None, return_dtype=pl.String),
    )
    stays = split.with_columns(debit=pl.col("stays"))
    others = lines.filter(~((pl.col("account") == transit) & (pl.col("debit") > 0)))
    columns = ["entry", "line", *LINE]
    return pl.concat([gone.select(columns), stays.select(columns), others.select(columns)]).sort(
        "entry", "line", maintain_order=True
    )


RULE = Rule(kind="returned_payment", event="E30", legs=LEGS, prepare=prepare, serial=())
