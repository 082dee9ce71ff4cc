"""Why the adjusted balances differ, or what may be wrong in them: candidates, never a verdict. Pure.

Lines that merely differ stand on both sides as items, and the adjusted balances still agree. A
difference comes from what no line carries: the opening, a statement whose printed balances
do not foot, a gap between two statements. So these are looked at first; then the lines
that would explain the very amount if one of them were wrong, and the open pairs that look
like one event written in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from ledger.i18n import _
from ledger.reconcile.loaded import Loaded

FINDINGS: dict[str, pl.DataType] = {
    "cause": pl.String(),
    "side": pl.String(),
    "ref": pl.String(),
    "other": pl.String(),
    "date": pl.Date(),
    "amount": pl.Int64(),
    "difference": pl.Int64(),
}
"""``cause``: ``opening``, ``statement``, ``gap``, ``transposed``, ``doubled``, ``half``, ``wrong_sign``,
``wrong_account``. ``amount`` signed fen of the line, ``difference`` what it would explain."""
BEST = 5
"""So many lines of each cause are named."""
NEAR = 31
"""Days within which two open lines may be one event."""


def analyse(loaded: Loaded, difference: int, open_refs: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """What may explain a difference (adjusted book − adjusted bank, fen), the likeliest first.

    Args:
        loaded: the account up to the cut-off.
        difference: not 0.
        open_refs: ``side, ref`` of what is open at the cut-off.
        others: the open lines of the other own accounts, ``bank, side, ref, date, amount``.
    """
    lines = loaded.lines().filter(pl.col("amount") != 0).select("side", "ref", "date", "reference", "amount")
    outstanding = lines.join(open_refs, on=["side", "ref"], how="semi")
    found = [
        pl.DataFrame(list(_structure(loaded)), schema=FINDINGS, orient="row"),
        *_lines_of(lines, difference),
        *_pairs(outstanding),
        _elsewhere(outstanding, others),
    ]
    return pl.concat([frame.head(BEST) for frame in found])


def cause_text(cause: str) -> str:
    """A cause as people read it."""
    return {
        "opening": _("期初双方余额不衔接"),
        "statement": _("对账单自身余额不平"),
        "gap": _("两份对账单之间缺少流水"),
        "transposed": _("数字颠倒(差额可被9整除)"),
        "doubled": _("重记(同方同额同日)"),
        "half": _("漏记一半或多记一倍"),
        "wrong_sign": _("方向记反"),
        "wrong_account": _("串户(本单位另一账户有同额未达)"),
    }[cause]


def _structure(loaded: Loaded) -> Iterator[tuple[object, ...]]:
    """What stands in no line: the opening, statements that do not foot, gaps between them."""
    started = pl.col("ref").str.starts_with("O")
    adjusted = [
        balance - int(lines.filter(started)["amount"].sum())
        for balance, lines in (
            (loaded.book_opening, loaded.book_lines),
            (loaded.bank_opening, loaded.bank_lines),
        )
    ]
    # what the books have open is taken from theirs, what the bank has open from its own
    if gap := adjusted[0] - adjusted[1]:
        yield "opening", "bank", None, None, None, loaded.bank_opening, gap
    closing: tuple[date, int] | None = None
    for row in loaded.statements.sort("from_date", "statement_id").iter_rows(named=True):
        if row["difference"]:
            yield "statement", "bank", row["file_name"], None, row["to_date"], row["closing"], -row["difference"]
        if closing is not None and row["from_date"] > closing[0] and row["opening"] != closing[1]:
            yield "gap", "bank", row["file_name"], None, row["from_date"], row["opening"], closing[1] - row["opening"]
        if closing is None or row["to_date"] >= closing[0]:
            closing = (row["to_date"], row["closing"])


def _lines_of(lines: pl.DataFrame, difference: int) -> Iterator[pl.DataFrame]:
    """Lines whose own fault would make exactly this difference."""
    size = abs(difference)
    twin = lines.filter(pl.col("amount").abs() == size, pl.len().over("side", "date", "amount") > 1)
    yield _found("doubled", twin, pl.lit(difference))
    yield _found("wrong_sign", lines.filter(pl.col("amount").abs() * 2 == size), pl.lit(difference))
    yield _found("half", lines.filter(pl.col("amount").abs() == size * 2), pl.lit(difference))
    if difference % 9 == 0:
        yield _found("transposed", lines.filter(_swappable(size)), pl.lit(difference))


def _swappable(size: int) -> pl.Expr:
    """Whether two neighbouring digits of the amount, exchanged, change it by so much."""
    amount = pl.col("amount").abs()
    fits = pl.lit(value=False)
    place = 1
    while place * 10 <= 10**14:
        low, high = (amount // place) % 10, (amount // (place * 10)) % 10
        fits = fits | (((high - low) * 9 * place).abs() == size)
        place *= 10
    return fits


def _pairs(outstanding: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Open lines of the two sides that look like one event: opposite, double, half."""
    book = outstanding.filter(pl.col("side") == "book")
    bank = outstanding.filter(pl.col("side") == "bank").select(
        pl.col("ref").alias("other"), pl.col("date").alias("its_date"), pl.col("amount").alias("its")
    )
    ways = (
        ("wrong_sign", -pl.col("amount")), ("doubled", pl.col("amount") * 2),
        ("half", pl.when(pl.col("amount") % 2 == 0).then(pl.col("amount") // 2)),
    )  # fmt: skip
    for cause, want in ways:
        met = book.with_columns(want.alias("its")).join(bank, on="its", how="inner")
        yield _found(cause, _near(met), pl.col("amount") - pl.col("its"))
    # digits exchanged: the same length, a difference of nines, near in time
    if book.height * bank.height <= 1_000_000:
        crossed = book.join(bank, how="cross").filter(pl.col("amount").sign() == pl.col("its").sign())
        off = pl.col("amount") - pl.col("its")
        digits = [pl.col(name).abs().cast(pl.String).str.split("").list.sort() for name in ("amount", "its")]
        met = crossed.filter(off != 0, off % 9 == 0, digits[0] == digits[1])
        yield _found("transposed", _near(met), off)


def _elsewhere(outstanding: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The partner is open in another account of ours."""
    theirs = others.select(
        "side", "amount", pl.col("date").alias("its_date"), pl.format("{} {}", "bank", "ref").alias("other")
    ).with_columns(pl.when(pl.col("side") == "book").then(pl.lit("bank")).otherwise(pl.lit("book")).alias("side"))
    return _found("wrong_account", _near(outstanding.join(theirs, on=["side", "amount"])), pl.col("amount"))


def _near(met: pl.DataFrame) -> pl.DataFrame:
    days = (pl.col("its_date") - pl.col("date")).dt.total_days().abs()
    return met.filter(days <= NEAR).sort(days, "ref", "other")


def _found(cause: str, frame: pl.DataFrame, difference: pl.Expr) -> pl.DataFrame:
    other = pl.col("other") if "other" in frame.columns else pl.lit(None, pl.String)
    return frame.with_columns(
        pl.lit(cause).alias("cause"), other.alias("other"), difference.cast(pl.Int64).alias("difference")
    ).select(*FINDINGS)
