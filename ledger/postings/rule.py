"""A posting rule is a T-account (丁字账): legs declared as data, one interpreter.

A rule file declares its :class:`Leg` rows, so it reads like the textbook::

    LEGS = (
        debit("cash", "amount"),
        credit("receivable", "gross", per="bill"),
        *LEVY_MOVE,
    )

Each leg names a side, an account role of the chart and the column that holds
its amount (fen; zero makes no line, a negative amount is a red-letter line
红字 in its original column). ``per`` is the grain: one line per document, per
row of a grouped document, per settled bill, per levy of a bill, per lot of an
advance. Everything a leg needs stands in the frame of its grain as columns,
prepared by the rule's ``prepare`` (pure: frames in, frames out).

Frames of a grain: ``entry`` (Int64, which entry of the batch segment), the
amount columns (Int64 fen) and any dimension columns (:data:`DIMENSIONS`).
A line receives those dimensions that its account declares in chart.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from ledger.accounts import DIMENSIONS, Chart
from ledger.errors import Fault

if TYPE_CHECKING:
    from ledger.state import State

Side = Literal["debit", "credit"]

LINE_SCHEMA: dict[str, pl.DataType] = {
    "entry": pl.Int64(),
    "line": pl.Int64(),
    "account": pl.String(),
    "debit": pl.Int64(),
    "credit": pl.Int64(),
    **{name: pl.String() for name in DIMENSIONS},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of the T-account.

    ``account`` is a role of the chart; ``case`` restricts the leg to documents
    whose ``case`` column says so (a kind with steps); ``fixed`` are dimensions
    that the rule itself knows (``fund="水费"``).
    """

    side: Side
    account: str
    amount: str
    per: str = "document"
    case: str | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The leg as the docstring's T-account shows it."""
        side = "Dr" if self.side == "debit" else "    Cr"
        fixed = "".join(f" {name}={value}" for name, value in self.fixed.items())
        per = "" if self.per == "document" else f" per {self.per}"
        case = f" [{self.case}]" if self.case else ""
        return f"{side} {self.account}: {self.amount}{per}{fixed}{case}"


def debit(account: str, amount: str, *, per: str = "document", case: str | None = None, **fixed: str) -> Leg:
    """Dr ``account`` by the fen in column ``amount``."""
    return Leg(side="debit", account=account, amount=amount, per=per, case=case, fixed=fixed)


def credit(account: str, amount: str, *, per: str = "document", case: str | None = None, **fixed: str) -> Leg:
    """Cr ``account`` by the fen in column ``amount``."""
    return Leg(side="credit", account=account, amount=amount, per=per, case=case, fixed=fixed)


LEVY_MOVE: tuple[Leg, ...] = (
    debit("levy_billed", "levy", per="levy"),
    credit("levy_due", "levy", per="levy"),
)
"""LM of domain §3: with every credit to a bill its levies (代征费用) move from
billed-not-collected to collected-due, under the fund and bank of the money."""


@dataclass(slots=True, kw_only=True)
class Work:
    """What a rule made of its documents.

    ``documents``: one row per entry (``entry``, ``doc_no``, ``date``, ``memo``,
    ``maker``, ``checker``, ``approver``, ``content``, ``sheet``, ``row``,
    ``event``); an entry without a single line becomes a fact instead.
    ``frames``: grain → frame. ``faults``: what is wrong, all of it.
    ``facts``: further facts (kind, doc_no, subject, date, content, sheet, row).
    ``warnings``: said, recorded, not refused.
    """

    documents: pl.DataFrame
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    facts: pl.DataFrame | None = None
    warnings: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A money event (资金事项): which documents, which T-account.

    ``serial`` are the columns whose equal rows must be posted one after the
    other, each seeing what the one before left (two receipts of one customer);
    rows that share none are posted together as columns.
    """

    kind: str
    event: str
    legs: tuple[Leg, ...]
    prepare: Callable[[pl.DataFrame, State], Work]
    serial: tuple[str, ...] = ("customer",)
    ledger_event: bool = True

    def t_account(self) -> str:
        """The T-account as text; a test finds it in the rule's docstring."""
        return "\n".join(leg.text() for leg in self.legs)


def post_legs(legs: Iterable[Leg], frames: Mapping[str, pl.DataFrame], chart: Chart) -> pl.DataFrame:
    """Turn legs and prepared frames into posting lines (:data:`LINE_SCHEMA`).

    Lines of an entry are numbered 1..n in the order of the legs.
    """
    parts = [
        part.with_columns(pl.lit(order).alias("_leg"))
        for order, leg in enumerate(legs)
        if (frame := frames.get(leg.per)) is not None
        and leg.amount in frame.columns
        and not (part := _leg_lines(leg, frame, chart)).is_empty()
    ]
    if not parts:
        return pl.DataFrame(schema=LINE_SCHEMA)
    return (
        pl.concat(parts)
        .sort("entry", "_leg", maintain_order=True)
        .with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("entry"))
        .select(*LINE_SCHEMA)
    )


def _leg_lines(leg: Leg, frame: pl.DataFrame, chart: Chart) -> pl.DataFrame:
    rows = frame.filter(pl.col(leg.amount).fill_null(0) != 0)
    if leg.case is not None:
        rows = rows.filter(pl.col("case") == leg.case)
    present = set(rows.columns) | set(leg.fixed)
    rows = rows.with_columns(
        *(pl.lit(value).alias(name) for name, value in leg.fixed.items()),
        *(pl.lit(None, pl.String).alias(name) for name in DIMENSIONS if name not in present),
    )
    rows = rows.with_columns(account_expr(leg.account, chart).alias("_account"))
    rows = rows.with_columns(branch=_branch(leg.account, rows.columns))
    amount = pl.col(leg.amount)
    zero = pl.lit(0, pl.Int64)
    return rows.select(
        pl.col("entry").cast(pl.Int64),
        pl.col("_account").alias("account"),
        (amount if leg.side == "debit" else zero).alias("debit"),
        (zero if leg.side == "debit" else amount).alias("credit"),
        *(_declared(name, chart) for name in DIMENSIONS),
    )


def account_expr(role: str, chart: Chart) -> pl.Expr:
    """The account code of a role, where need be from the row's own dimensions."""
    match role:
        case "cash":
            return pl.concat_str(pl.lit("1001."), pl.col("cashier"))
        case "bank":
            return pl.col("bank")
        case "account" | "receivable" | "advance":
            return pl.col("account")
        case "to_receivable":
            return pl.col("to_account")
        case "levy_billed" | "levy_due":
            stage = role.removeprefix("levy_")
            codes = {item: chart.levy(stage, item) for item in chart.levy_items}
            return pl.col("item").replace_strict(codes, return_dtype=pl.String)
        case _:
            return pl.lit(chart.role(role))


def _branch(role: str, columns: Iterable[str]) -> pl.Expr:
    """Cash lies in the cashier's branch, bank money and what a settlement will bring in the account's,
    a claim in the customer's."""
    own = {"cash": "cashier_branch", "bank": "bank_branch", "transit_card": "bank_branch"}.get(role, "branch")
    order = [own, "branch", "cashier_branch", "bank_branch"]
    return pl.coalesce(*(pl.col(name) for name in dict.fromkeys(order) if name in columns))


def _declared(name: str, chart: Chart) -> pl.Expr:
    """A dimension, where the account of the line declares it."""
    holders = chart.accounts_with(name)
    return pl.when(pl.col("_account").is_in(holders)).then(pl.col(name)).otherwise(None).alias(name)
