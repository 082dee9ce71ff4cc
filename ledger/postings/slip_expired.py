"""E10 Slip expired 临时回单未到: after 31 days the money has not come.

The red letter (红字) of what the slip did, with negative amounts in the original
columns: the money under way goes, the bills are open again at their old month, a
residue, what was held over them and the levy move go back. Did a part of the slip
arrive, that part is the customer's: it is held as 预收部分水费 and settles
what it covers by itself (E13).

A slip of the opening has no entry to turn red. The bills it settled are those
that ``opening_bills`` lists as settled by its number: they open again with their
levies. What the slip was worth beyond them comes out of the customer's 多转; what is
still left is owed again under the slip's own number, without levies, because
nothing says how much of it was levy. Rules: domain §3 E10, §9.2.

::

    Dr transit_slip: red per item
    Dr ar_short: short per bill
        Cr receivable: gross per bill
        Cr advance: taken per lot
        Cr advance_partial: arrived per held
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: E6's slip of 96.00 of 2023-06-29 never came, 2023-07-30: Dr 1012.02 −96.00 /
Cr 1122.02 −96.00, LM(−28.00/−5.00/−1.00, 水费).
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.accounts import DIMENSIONS
from ledger.errors import Fault
from ledger.i18n import _
from ledger.money import format_fen
from ledger.postings.faults import rows_at_fault
from ledger.postings.open_items import in_transit, other_bank, refuse_open, take_up, with_open
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

LEGS = (
    debit("transit_slip", "red", per="item"),
    debit("ar_short", "short", per="bill"),
    credit("receivable", "gross", per="bill"),
    credit("advance", "taken", per="lot"),
    credit("advance_partial", "arrived", per="held"),
    *LEVY_MOVE,
)

HELD = ("advance_over", "advance_partial")


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Undo what the slip did; refuse what does not fit it, and what later entries stand on."""
    docs = docs.with_columns(document=pl.col("slip_no"))
    items = in_transit(docs, state, "slip_receipt")
    docs = with_open(docs, items)
    faults = refuse_open(docs, "slip_no", _("没有未到账的临时回单 {n}")) + other_bank(docs, state) + _controls(docs)
    origin = state.references("slip_receipt", docs["document"], [state.chart.role("transit_slip")])
    origin = origin.select("document", "entry_id", pl.col("doc_no").alias("origin"))
    docs = docs.join(origin, on="document", how="left", maintain_order="left").with_columns(reverses=pl.col("entry_id"))
    listed = docs.filter(pl.col("origin").is_null() & pl.col("open").is_not_null())
    entered = docs.filter(pl.col("origin").is_not_null())
    frames = _joined(_of_entries(entered, state), _of_opening(listed, state))
    frames["item"] = take_up(docs, items).with_columns(red=-pl.col("taken"))
    return Work(
        documents=docs,
        frames=frames,
        faults=faults + _spent(docs, frames, state),
        warnings=_early(entered, state),
    )


# -- what is wrong ---------------------------------------------------------------------------


def _controls(docs: pl.DataFrame) -> list[Fault]:
    found = docs.filter(pl.col("open").is_not_null())
    return [
        *rows_at_fault(
            found.filter(pl.col("customer") != pl.col("open_customer")),
            "customer",
            lambda r: _("临时回单是户号 {customer} 的").format(customer=r["open_customer"]),
        ),
        *rows_at_fault(
            found.filter(pl.col("amount") < pl.col("open")),
            "amount",
            lambda r: _("未到账金额为 {open}").format(open=format_fen(r["open"])),
        ),
    ]


def _spent(docs: pl.DataFrame, frames: dict[str, pl.DataFrame], state: State) -> list[Fault]:
    """What the slip brought to the customer is still there: advances not applied, residue not paid."""
    held = state.advances(*HELD).select("customer", "account", "document", have="held")
    short = state.items([state.chart.role("ar_short")], docs["customer"].unique())
    owed = short.select("customer", "account", "document", have="amount")
    shorts = frames["bill"].filter(pl.col("short") != 0).with_columns(account=pl.lit(state.chart.role("ar_short")))
    needed = pl.concat(
        [
            frames["lot"].select("entry", "customer", "account", "document", need=-pl.col("taken")),
            shorts.select("entry", "customer", "account", "document", need=-pl.col("short")),
        ]
    )
    have = pl.concat([held, owed]).group_by("customer", "account", "document").agg(pl.col("have").sum())
    lacking = needed.join(have, on=["customer", "account", "document"], how="left").filter(
        pl.col("have").fill_null(0) < pl.col("need")
    )
    return rows_at_fault(
        docs.join(lacking.select("entry").unique(), on="entry", how="semi", maintain_order="left"),
        "slip_no",
        lambda r: _("后续分录已使用本分录的款项(户号 {names}),请先冲销后续分录").format(names=r["customer"]),
        code="dependent",
    )


def _early(docs: pl.DataFrame, state: State) -> list[Fault]:
    limit = state.book.thresholds.slip_reminder_days
    young = docs.filter((pl.col("date") - pl.col("open_date")).dt.total_days() < limit)
    return rows_at_fault(young, "date", lambda _r: _("临时回单未满 {days} 日").format(days=limit))


# -- a slip with an entry --------------------------------------------------------------------


def _of_entries(docs: pl.DataFrame, state: State) -> dict[str, pl.DataFrame]:
    """The frames of slips that were posted here, out of the lines of their entries."""
    parts = [
        state.lines_of("slip_receipt", row["origin"])
        .select("account", "debit", "credit", *DIMENSIONS)
        .with_columns(entry=pl.lit(row["entry"], pl.Int64), _open=pl.lit(row["open"], pl.Int64))
        for row in docs.iter_rows(named=True)
    ]
    if not parts:
        return {}
    lines = pl.concat(parts).with_columns(red=pl.col("debit") - pl.col("credit"))
    role, account = state.chart.role, pl.col("account")
    money = lines.filter(account == role("transit_slip"))
    source = money.select("entry", "fund", "bank", was=pl.col("debit"))
    bills = lines.filter(account.is_in([*state.receivables, role("ar_short")])).with_columns(
        gross=pl.when(account == role("ar_short")).then(0).otherwise("red"),
        short=pl.when(account == role("ar_short")).then(-pl.col("red")).otherwise(0),
    )
    billed = [state.chart.levy("billed", item) for item in state.chart.levy_items]
    arrived = docs.select("entry", "open", "customer", "branch", document="doc_no").join(source, on="entry")
    return {
        "bill": bills,
        "lot": lines.filter(account.is_in([role(name) for name in HELD])).with_columns(taken="red"),
        "levy": lines.filter(account.is_in(billed))
        .with_columns(levy=-pl.col("red"))
        .drop("fund", "bank")
        .join(source, on="entry", maintain_order="left"),
        "held": arrived.with_columns(arrived=pl.col("was") - pl.col("open")),
    }


# -- a slip of the opening -------------------------------------------------------------------


def _of_opening(docs: pl.DataFrame, state: State) -> dict[str, pl.DataFrame]:
    """The frames of slips that came with the opening, out of the bills they had settled."""
    if docs.is_empty():
        return {}
    bills = _settled_by(docs, state)
    worth = docs.join(
        bills.group_by("entry").agg(bills=pl.col("amount").sum()), on="entry", how="left", maintain_order="left"
    )
    worth = worth.with_columns(beyond=pl.col("open") - pl.col("bills").fill_null(0))
    lots = _out_of_over(worth.filter(pl.col("beyond") > 0), state)
    worth = worth.join(
        lots.group_by("entry").agg(over=pl.col("taken").sum()), on="entry", how="left", maintain_order="left"
    )
    unknown = worth.select(
        "entry", "customer", "branch", "document",
        account=pl.col("receivable"),
        bill_month=pl.col("open_date").dt.strftime("%Y-%m"),
        gross=-(pl.col("beyond").clip(0) - pl.col("over").fill_null(0)),
        short=pl.lit(0, pl.Int64),
    )  # fmt: skip
    red = bills.with_columns(gross=-pl.col("amount"), short=pl.lit(0, pl.Int64))
    levies = settlement.levies(bills, state.chart.levy_items).with_columns(levy=-pl.col("levy"))
    held = worth.select(
        "entry", "customer", "branch",
        document=pl.col("doc_no"), fund=pl.col("open_fund"), bank=pl.col("open_bank"), arrived=(-pl.col("beyond")).clip(0),
    )  # fmt: skip
    return {
        "bill": pl.concat([red.select(unknown.columns), unknown]),
        "lot": lots.with_columns(taken=-pl.col("taken")),
        "levy": levies,
        "held": held,
    }


def _settled_by(docs: pl.DataFrame, state: State) -> pl.DataFrame:
    """Bills that the opening lists as settled by a slip, at their full ``amount``."""
    items = state.chart.levy_items
    rows = state.fact_rows("opening_bills").filter(pl.col("status") == "settled")
    slip = docs.select("entry", "customer", "branch", "open_fund", "open_bank", settled_by="document")
    return rows.join(slip, on=["customer", "settled_by"], how="inner").select(
        "entry", "customer", "branch", "account", "bill_month",
        document=pl.col("bill_no"),
        fund=pl.coalesce("fund", "open_fund"),
        bank=pl.coalesce("bank", "open_bank"),
        amount=pl.sum_horizontal(pl.col(name).fill_null(0) for name in ("net", *items, "tax_line")),
        **{item: pl.col(item).fill_null(0) for item in items},
    )  # fmt: skip


def _out_of_over(worth: pl.DataFrame, state: State) -> pl.DataFrame:
    """Lots of 多转 that give back what the slip was worth beyond its bills."""
    lots = state.advances("advance_over").with_columns(purse=pl.lit(0, pl.Int64))
    needs = worth.select("customer", "entry", "branch", purse=pl.lit(0, pl.Int64), need=pl.col("beyond"))
    return settlement.take(lots.rename({"document": "lot", "date": "lot_date"}).drop("branch"), needs).rename(
        {"lot": "document"}
    )


def _joined(*sources: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Grain by grain one frame; a grain that nobody has is empty."""
    text = dict.fromkeys(("customer", "account", "document"), pl.String())
    empty = pl.DataFrame(
        schema={"entry": pl.Int64(), **text, "short": pl.Int64(), "gross": pl.Int64(), "taken": pl.Int64()}
    )
    grains = ("bill", "lot", "levy", "held")
    found = {grain: [source[grain] for source in sources if grain in source] for grain in grains}
    return {grain: pl.concat(parts, how="diagonal") if parts else empty for grain, parts in found.items()}


RULE = Rule(kind="slip_expired", event="E10", legs=LEGS, prepare=prepare)
