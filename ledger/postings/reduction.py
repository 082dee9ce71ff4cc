"""E04 Reduced or cancelled charge 冲减/变更: volume is taken off a bill, in red.

The bill is priced again by the tariff of its own charge date, the highest tiers go
first, earlier reductions of it count. An open bill is reduced where it stands, every
amount red in its original column. Of a bill that is paid already the money stays with
the customer as an advance (多转/重复水费, in black), its levies come back from
collected-due to billed (in black) and are then reduced in red. With application number
and approval; who enters is not who approves (C06); 托收 and 代扣 accounts not after
day 15 (C03). Rules: domain §3 E04, §9.2.

::

    Dr receivable: red_gross [open]
        Cr advance_over: gross per lot [paid]
    Dr levy_due: levy per return
        Cr levy_billed: levy per return
        Cr sales: red_revenue
        Cr vat_simplified: red_vat item=water
        Cr sales_tax_line: red_tax_line
        Cr levy_billed: red_levy per levy

Example: E3 (N), 10 m³ off on 2023-06-13: Dr 1122.02 −48.00 / Cr 6001.01 −30.10,
Cr 2221.02 −0.90, Cr 2241.01 −14.00, −2.50, −0.50.
"""

from __future__ import annotations

import polars as pl

from ledger import settlement
from ledger.errors import Fault
from ledger.i18n import _
from ledger.postings.bills import named_bills, one_bill, refuse_locked
from ledger.postings.charge import locked
from ledger.postings.faults import control, rows_at_fault
from ledger.postings.persons import same
from ledger.postings.rule import Rule, Work, credit, debit
from ledger.state import State, decode
from ledger.tariff import charge_columns, price_charges, price_reductions

LEGS = (
    debit("receivable", "red_gross", case="open"),
    credit("advance_over", "gross", per="lot", case="paid"),
    debit("levy_due", "levy", per="return"),
    credit("levy_billed", "levy", per="return"),
    credit("sales", "red_revenue"),
    credit("vat_simplified", "red_vat", item="water"),
    credit("sales_tax_line", "red_tax_line"),
    credit("levy_billed", "red_levy", per="levy"),
)

RECEIVABLES = ("ar_resident", "ar_entity", "ar_inspection", "ar_closed")
CHARGES = ("charge", "back_charge")
FUND = "水费"
KEYS = ["customer", "document"]


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Price what is taken off; refuse what exceeds the bill, or what a bill's state forbids."""
    faults = locked(docs, state) + control(docs.filter(same("maker", "approver", state.book)), "C06", "approver")
    bills, unclear = _bills(docs, state)
    states = _states(bills, state)
    bills = bills.join(states, on=KEYS, how="left", maintain_order="left")
    faults += [*unclear, *refuse_locked(bills), *_settled_otherwise(bills)]
    bills = bills.with_columns(billed=pl.col("charged") - pl.col("reduced").fill_null(0))
    over = bills.filter(pl.col("volume") > pl.col("billed"))
    faults += rows_at_fault(
        over,
        "volume",
        lambda r: _("冲减水量 {volume} 超过账单现有水量 {billed}").format(volume=r["volume"], billed=r["billed"]),
    )
    bills = bills.filter(pl.col("volume") <= pl.col("billed"))
    faults += _unlike_tariff(bills, state)
    bills = _priced(bills, state)
    return Work(documents=docs, frames=_frames(bills, state), faults=faults)


def _bills(docs: pl.DataFrame, state: State) -> tuple[pl.DataFrame, list[Fault]]:
    """Each document with its bill: an open one of that month before a settled one, and how it was charged.

    Adds ``account``, ``gross_open`` (null: not open), ``locked``, ``charged`` (m³), ``usage_class``, ``charged_on``.
    """
    opening = state.fact_rows("opening_bills").rename({"bill_no": "document"})
    keys = ["customer", "bill_month", "document"]
    known = pl.concat([state.bill_numbers(docs["bill_month"]).select(keys), opening.select(keys)]).unique()
    charges = _charges(known["document"], opening, state)
    # A charge that was reversed left a number, but no bill.
    known = known.join(charges, on=KEYS, how="semi")
    open_ = state.bills(*RECEIVABLES).select(*KEYS, "account", "branch", "locked", gross_open="gross")
    offered = known.join(open_, on=KEYS, how="left").with_columns(pl.col("branch").cast(pl.String))
    pairs = named_bills(docs, offered)
    # Of several bills of a month without a number, the only open one is meant.
    alone = (
        pairs.filter(pl.col("gross_open").is_not_null()).filter(pl.len().over("entry") == 1).select("entry", "document")
    )
    meant = docs.join(alone, on="entry", how="left", suffix="_bill", maintain_order="left")
    meant = meant.with_columns(bill_no=pl.coalesce("bill_no", "document_bill")).drop("document_bill")
    bills, faults = one_bill(meant, offered)
    return bills.join(charges, on=KEYS, how="left", maintain_order="left"), faults


def _charges(numbers: pl.Series, opening: pl.DataFrame, state: State) -> pl.DataFrame:
    """How these bills were charged: ``customer, document, usage_class, charged, charged_on``; an opening bill
    stands at the first day of its month and brings its status (``written``) and amounts (``was_net`` …)."""
    written = ["net", "vat", *state.chart.levy_items, "tax_line"]
    parts = [
        decode(state.originals(kind, numbers).filter(~pl.col("reversed")), kind).select(
            "customer",
            pl.col("doc_no").alias("document"),
            "usage_class",
            pl.col("volume").alias("charged"),
            pl.col("date").alias("charged_on"),
            pl.lit(None, pl.String).alias("written"),
            *(pl.lit(None, pl.Int64).alias(f"was_{name}") for name in written),
        )
        for kind in CHARGES
    ]
    brought = opening.filter(pl.col("document").is_in(numbers.implode())).select(
        *KEYS,
        "usage_class",
        pl.col("volume").alias("charged"),
        pl.format("{}-01", "bill_month").str.to_date("%Y-%m-%d").alias("charged_on"),
        pl.col("status").alias("written"),
        *(pl.col(name).fill_null(0).alias(f"was_{name}") for name in written),
    )
    return pl.concat([*parts, brought]).unique(KEYS, keep="first", maintain_order=True)


def _states(bills: pl.DataFrame, state: State) -> pl.DataFrame:
    """What became of the bills: ``customer, document, reduced`` (m³ taken off before), ``lost`` (fen written
    off and not recovered), ``printed`` (fen waiting under a printed invoice)."""
    claims = [state.chart.role(role) for role in (*RECEIVABLES, "ar_tm")]
    lines = state.history("bad_debt", "recovery", "invoice_unpaid", bills=bills["document"])
    on_claim = lines.filter(pl.col("account").is_in(claims)).with_columns(off=pl.col("credit") - pl.col("debit"))
    printed = pl.col("kind") == "invoice_unpaid"
    off = on_claim.group_by(KEYS).agg(
        lost=pl.col("off").filter(~printed).sum(), printed=pl.col("off").filter(printed).sum()
    )
    earlier = state.history("reduction").filter(~pl.col("reversed") & ~pl.col("reversing"))
    sales = earlier.filter(pl.col("account") == state.chart.role("sales")).select(
        "entry_id", "content", "document", "doc_no", "date"
    )
    taken = decode(sales.unique("entry_id", keep="first", maintain_order=True), "reduction")
    numbered = taken.join(sales.select("doc_no", "document").unique(), on="doc_no", how="inner")
    reduced = numbered.group_by(KEYS).agg(reduced=pl.col("volume").sum())
    return reduced.join(off, on=KEYS, how="full", coalesce=True)


def _settled_otherwise(bills: pl.DataFrame) -> list[Fault]:
    """A bill that is neither open nor paid: written off, or waiting under a printed invoice."""
    lost = (pl.col("lost").fill_null(0) > 0) | ((pl.col("written") == "written_off") & pl.col("gross_open").is_null())
    faults = rows_at_fault(
        bills.filter(lost.fill_null(value=False)),
        "bill_no",
        lambda r: _("账单 {bill} 已核销,不能冲减").format(bill=r["document"]),
    )
    return faults + rows_at_fault(
        bills.filter(pl.col("printed").fill_null(0) > 0),
        "bill_no",
        lambda r: _("账单 {bill} 已开票未收款,请先冲回发票").format(bill=r["document"]),
    )


def _unlike_tariff(bills: pl.DataFrame, state: State) -> list[Fault]:
    """A part of an opening bill can be taken off only if the book's tariff makes its amounts."""
    part = bills.filter(pl.col("written").is_not_null() & (pl.col("volume") < pl.col("charged")))
    computed = price_charges(part.select("usage_class", volume="charged", date="charged_on"), state.book)
    names = ("net", *state.chart.levy_items)
    unlike = pl.any_horizontal(*(pl.col(f"was_{name}").ne_missing(computed[name]) for name in names))
    return rows_at_fault(
        part.filter(unlike),
        "volume",
        lambda r: _("期初账单 {bill} 的金额不是按水价表计算的,只能全部冲减").format(bill=r["document"]),
    )


def _priced(bills: pl.DataFrame, state: State) -> pl.DataFrame:
    """The amounts taken off (``gross``, ``net`` …, positive) and their red (``red_gross`` …, negative)."""
    columns = charge_columns(state.book)
    asked = bills.select("entry", "usage_class", "volume", "billed", date="charged_on")
    amounts = price_reductions(asked, state.book).select("entry", *columns)
    priced = bills.join(amounts, on="entry", how="left", maintain_order="left")
    # An opening bill taken off whole goes as it came, whatever tariff made it.
    whole = pl.col("written").is_not_null() & (pl.col("volume") == pl.col("charged"))
    own = ("net", "vat", *state.chart.levy_items, "tax_line")
    priced = priced.with_columns(
        pl.when(whole).then(pl.col(f"was_{name}")).otherwise(pl.col(name)).alias(name) for name in own
    )
    priced = priced.with_columns(
        revenue=pl.col("net") - pl.col("vat"), gross=pl.sum_horizontal("net", *state.chart.levy_items, "tax_line")
    )
    return priced.with_columns(
        *((-pl.col(name)).alias(f"red_{name}") for name in ("gross", "revenue", "vat", "tax_line")),
        item=pl.format("{}/{}", pl.lit(state.book.utility), pl.col("usage_class")),
        case=pl.when(pl.col("gross_open").is_null()).then(pl.lit("paid")).otherwise(pl.lit("open")),
    )


def _frames(bills: pl.DataFrame, state: State) -> dict[str, pl.DataFrame]:
    levies = settlement.levies(bills, state.chart.levy_items)
    paid = bills.filter(pl.col("case") == "paid")
    pools = _pools(paid, state)
    first = pools.unique("entry", keep="first", maintain_order=True).select("entry", "fund", "bank")
    lots = paid.join(first, on="entry", how="left", maintain_order="left").with_columns(document=pl.col("doc_no"))
    return {
        "document": bills,
        "lot": lots,
        "levy": levies.with_columns(red_levy=-pl.col("levy")),
        "return": _returned(levies.filter(pl.col("case") == "paid"), pools),
    }


def _pools(paid: pl.DataFrame, state: State) -> pl.DataFrame:
    """Where the levies of paid bills lie: ``entry, item, fund, bank, held`` as their levy moves left them,
    then, without end, the customer's own bank under 水费 (a bill settled before the cut-over)."""
    due = {code: item for item, code in state.chart.role_map("levy_due").items()}
    lines = state.history(bills=paid["document"]).filter(pl.col("account").is_in(list(due)))
    moved = (
        lines.group_by(*KEYS, "account", "fund", "bank", maintain_order=True)
        .agg(held=(pl.col("credit") - pl.col("debit")).sum())
        .filter(pl.col("held") > 0)
        .with_columns(item=pl.col("account").replace_strict(due, return_dtype=pl.String))
    )
    found = paid.select("entry", *KEYS).join(moved, on=KEYS, how="inner", maintain_order="left")
    banks = {bank.branch: bank.code for bank in reversed(state.book.banks)}
    own = pl.col("branch").replace_strict(banks, default=state.book.banks[0].code, return_dtype=pl.String)
    rest = paid.select("entry", fund=pl.lit(FUND), bank=own, held=pl.lit(2**53)).join(
        pl.DataFrame({"item": list(due.values())}), how="cross"
    )
    columns = ["entry", "item", "fund", "bank", "held"]
    return pl.concat([found.select(columns), rest.select(columns)])


def _returned(levies: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """The levies that go back from collected to billed, each out of the fund and bank it lies in."""
    laid = pools.with_columns(_before=pl.col("held").cum_sum().over("entry", "item") - pl.col("held"))
    return (
        levies.drop("fund", "bank", strict=False)
        .join(laid, on=["entry", "item"], how="inner", maintain_order="left_right")
        .with_columns(levy=pl.min_horizontal("held", pl.col("levy") - pl.col("_before")))
        .filter(pl.col("levy") > 0)
        .drop("held", "_before")
    )


RULE = Rule(kind="reduction", event="E04", legs=LEGS, prepare=prepare)
