"""Thresholds and policies of the book: the numbers and choices its rules read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from ledger.config import Section
from ledger.i18n import _

_CHOICES: Final = {
    "accounting_standard": ("asbe", "asse"),
    "ar_leaf": ("none", "customer"),
    "arrears_assessment": ("marginal", "all"),
    "close_pl": ("none", "monthly", "yearly"),
    "drawer_count": ("optional", "required"),
    "reconciliation_preparer": ("lead", "accountant"),
    "tm": ("on_month", "on_consumption"),
    "tm_tier": ("first", "all"),
    "transfer_approval": ("bank", "meterbook"),
    "vat_point": ("billing", "receipt"),
    "voucher_type": ("记", "收付转"),
}
_DEFAULTS: Final = {"drawer_count": ("optional",)}
"""What holds in a book that was written before the choice existed."""
_SETTLEMENT: Final = ("levy", "net", "late_charge")
_ADVANCES: Final = ("partial", "over", "deposit", "builder", "tm")

Band = Literal["normal", "attention", "long", "very_long"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits; amounts in fen, shares in basis points (1/100 of a percent), ages in days (all ≥)."""

    short_tolerance_basis_points: int
    short_tolerance_max: int
    builder_minimum: int
    float_limit: int
    tm_card_limit: int
    slip_reminder_days: int
    slip_block_days: int
    cheque_days: int
    outstanding_attention_days: int
    outstanding_long_days: int
    outstanding_very_long_days: int
    unidentified_days: int
    settlement_days: int
    reconciliation_day: int
    estimate_max: int
    penalty_reduction_basis_points: int
    assessment_households: int
    assessment_low: int
    assessment_high: int
    password_days: int
    backup_hours: int

    def short_tolerance(self, bill: int) -> int:
        """How many fen a transfer may fall short of one bill and still settle it (E11), inclusive."""
        return min(bill * self.short_tolerance_basis_points // 10_000, self.short_tolerance_max)

    def short_tolerance_expr(self, bill: pl.Expr) -> pl.Expr:
        """The same for a column of bills."""
        share = bill * self.short_tolerance_basis_points // 10_000
        return pl.min_horizontal(share, pl.lit(self.short_tolerance_max, dtype=pl.Int64))

    def band(self, age_days: int) -> Band:
        """Band of an outstanding item: normal, attention 关注, long 长期, very_long 超长."""
        if age_days >= self.outstanding_very_long_days:
            return "very_long"
        if age_days >= self.outstanding_long_days:
            return "long"
        return "attention" if age_days >= self.outstanding_attention_days else "normal"

    def band_expr(self, age_days: pl.Expr) -> pl.Expr:
        """The same for a column of ages."""
        return (
            pl.when(age_days >= self.outstanding_very_long_days)
            .then(pl.lit("very_long"))
            .when(age_days >= self.outstanding_long_days)
            .then(pl.lit("long"))
            .when(age_days >= self.outstanding_attention_days)
            .then(pl.lit("attention"))
            .otherwise(pl.lit("normal"))
        )


@dataclass(frozen=True, slots=True)
class Policies:
    """Choices among lawful treatments (domain §9.1); ``matching_fees`` in basis points."""

    accounting_standard: str
    ar_leaf: str
    arrears_assessment: str
    close_pl: str
    direct_debit_slip: bool
    drawer_blind: bool
    drawer_count: str
    late_on_levies: bool
    matching_fees: tuple[int, ...]
    matching_unique_amount: bool
    reconciliation_preparer: str
    tm: str
    tm_tier: str
    transfer_approval: str
    vat_point: str
    voucher_type: str
    settlement_order: tuple[str, ...]
    advance_order: tuple[str, ...]


def read_thresholds(section: Section) -> Thresholds:
    """The [thresholds] table of the book."""
    shares = {
        "short_tolerance_basis_points": section.basis_points("short_tolerance_percent"),
        "penalty_reduction_basis_points": section.basis_points("penalty_reduction_percent"),
    }
    amounts = {
        key: section.fen(key)
        for key in (
            "short_tolerance_max", "builder_minimum", "float_limit", "tm_card_limit",
            "assessment_low", "assessment_high",
        )
    }  # fmt: skip
    known = shares | amounts
    names = [field.name for field in dataclasses.fields(Thresholds) if field.name not in known]
    thresholds = Thresholds(**known, **{name: section.integer(name) for name in names})
    section.done()
    bands = (
        thresholds.outstanding_attention_days,
        thresholds.outstanding_long_days,
        thresholds.outstanding_very_long_days,
    )
    if list(bands) != sorted(set(bands)):
        raise section.fault("outstanding_long_days", _("关注、长期、超长的天数应依次增大"))
    if thresholds.slip_block_days < thresholds.slip_reminder_days:
        raise section.fault("slip_block_days", _("不能早于 slip_reminder_days"))
    return thresholds


def read_policies(section: Section) -> Policies:
    """The [policies] table of the book."""
    chosen: dict[str, Any] = {
        key: section.choice(key, options, *_DEFAULTS.get(key, ())) for key, options in _CHOICES.items()
    }
    orders: dict[str, Any] = {
        "settlement_order": section.choices("settlement_order", _SETTLEMENT),
        "advance_order": section.choices("advance_order", _ADVANCES),
    }
    for key, every in (("settlement_order", _SETTLEMENT), ("advance_order", _ADVANCES)):
        if set(orders[key]) != set(every):
            raise section.fault(key, _("应含全部:{options}").format(options="、".join(every)))
    policies = Policies(
        direct_debit_slip=section.flag("direct_debit_slip"),
        drawer_blind=section.flag("drawer_blind", default=False),
        late_on_levies=section.flag("late_on_levies"),
        matching_fees=section.percentages("matching_fees", ()),
        matching_unique_amount=section.flag("matching_unique_amount", default=False),
        **chosen,
        **orders,
    )
    section.done()
    return policies
