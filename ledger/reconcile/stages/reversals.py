"""Inside one side: a line and the line that takes it back.

The books link a red-letter line (红字) to its original. The bank says 冲正 or 退回; the
original is named, or it is the only opposite twin of the same party within a day.
Where the books hold what the bank took back, hold the original of a payment that came
back (退票), or hold both as the bank does, the lines meet across instead: a returned payment is an event of its
own (``reconciliation.md`` §5).
"""

from __future__ import annotations

import polars as pl

from ledger.reconcile.work import Work, alone_inside, edges


def book_reversals(work: Work) -> None:
    """The link of the books; a chain of reversals is left to a person."""
    lines = work.book.lines.select("id", "ref", "amount", "reverses", "day")
    red = lines.filter(pl.col("reverses").is_not_null())
    if red.is_empty():
        return
    pairs = red.join(lines, left_on="reverses", right_on="ref", suffix="_original").filter(
        pl.col("amount") + pl.col("amount_original") == 0
    )
    pairs = pairs.rename({"id_original": "left", "id": "right"})
    _take(work, "book", alone_inside(_not_at_the_bank(pairs, work)), "reverses")


def _not_at_the_bank(pairs: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Without the pairs of which the bank has both lines, by number and amount: a cheque that came in and
    came back met the bank on its day, whenever the matcher is run.
    """
    met = edges(work.book, work.bank, "numbers").select("left").unique()["left"].implode()
    return pairs.filter(~(pl.col("left").is_in(met) & pl.col("right").is_in(met)))


def bank_reversals(work: Work) -> None:
    """The bank's own words: with the number of the original, else the only twin."""
    back = work.bank.lines.filter("said").select("id", "day", "text", (-pl.col("amount")).alias("opposite"))
    if back.is_empty():
        return
    linked = pl.concat([_by_number(back, work), _by_serial(back, work)]).unique()
    linked = linked.filter(pl.col("days").is_between(0, work.windows.reversal_linked))
    _take(work, "bank", alone_inside(_not_booked(linked, work)), "number")
    back = back.join(work.bank.lines.select("id"), on="id", how="semi")
    _take(work, "bank", alone_inside(_not_booked(_twins(back, work), work)), "twin")


def _pair(found: pl.DataFrame) -> pl.DataFrame:
    """``left`` (the original), ``right`` (what takes it back), ``amount`` of the original, ``days``."""
    return found.filter(pl.col("id") != pl.col("id_original")).select(
        pl.col("id_original").alias("left"),
        pl.col("id").alias("right"),
        pl.col("opposite").alias("amount"),
        (pl.col("day") - pl.col("day_original")).alias("days"),
    )


def _by_number(back: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Both lines carry one number."""
    keys = work.bank.numbers.filter(~pl.col("weak")).select("id", "key")
    lines = keys.join(work.bank.lines.select("id", "day", "amount"), on="id")
    named = back.join(keys, on="id")
    on = ["key", "opposite"]
    return _pair(named.join(lines.rename({"amount": "opposite"}), on=on, suffix="_original")).unique()


def _by_serial(back: pl.DataFrame, work: Work) -> pl.DataFrame:
    """``冲正 维修费 原流水0008`` names the line whose serial ends in 0008."""
    said = r"原(?:流水|凭证|交易)(?:号)?[::]?\s?(\d{3,})"
    named = back.with_columns(pl.col("text").str.extract(said, 1).alias("tail")).drop_nulls("tail")
    lines = work.bank.lines.select("id", "day", pl.col("amount").alias("opposite"), pl.col("reference"))
    found = [
        named.filter(pl.col("tail").str.len_chars() == length).join(
            lines.with_columns(pl.col("reference").str.tail(length).alias("tail")),
            on=["tail", "opposite"],
            suffix="_original",
        )
        for length in named["tail"].str.len_chars().unique().sort()
    ]
    empty = _pair(named.with_columns(pl.col("id").alias("id_original"), pl.col("day").alias("day_original")))
    return pl.concat([empty, *(_pair(one) for one in found)])


def _twins(back: pl.DataFrame, work: Work) -> pl.DataFrame:
    """The opposite lines of the same party, named alike or not named at all, a day back at most."""
    parties = work.bank.lines.select("id", pl.struct("party", "party_account").hash().alias("payer"))
    lines = work.bank.lines.select("id", "day", pl.col("amount").alias("opposite")).join(parties, on="id")
    found = [
        back.join(parties, on="id")
        .with_columns((pl.col("day") - ago).alias("day_original"))
        .join(lines.rename({"day": "day_original"}), on=["opposite", "payer", "day_original"], suffix="_original")
        for ago in range(work.windows.reversal + 1)
    ]
    return pl.concat([_pair(one) for one in found])


def _not_booked(found: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Without the pairs of which the books hold the return, or the original of a returned payment."""
    keys = [
        pl.concat([side.numbers.filter(~pl.col("weak")).select("id", "key"), side.parties.select("id", "key")])
        for side in (work.book, work.bank)
    ]
    ends = pl.concat([found.select(pl.col(end).alias("id")) for end in ("left", "right")]).unique()
    lines = [side.lines.select("id", "amount", "day") for side in (work.book, work.bank)]
    held = (
        ends.join(lines[1], on="id")
        .join(keys[1], on="id")
        .join(keys[0].join(lines[0], on="id"), on=["key", "amount"], suffix="_book")
        .filter((pl.col("day") - pl.col("day_book")).abs() <= work.windows.near)["id"]
        .unique()
        .implode()
    )
    texts = work.bank.lines.select(pl.col("id").alias("right"), pl.col("text").fill_null(""))
    returned = pl.col("text").str.contains_any(list(work.classes.returned))
    return found.join(texts, on="right").filter(~pl.col("right").is_in(held), ~(returned & pl.col("left").is_in(held)))


def _take(work: Work, side: str, pairs: pl.DataFrame, link: str) -> None:
    group = pl.format(f"{side}:{{}}-{{}}", "left", "right").alias("group")
    groups = pairs.select(
        group,
        pl.lit(link).alias("link"),
        pl.lit(side).alias("inside"),
        pl.col("amount").abs().alias("amount"),
    )
    items = pl.concat(
        [pairs.select(group, pl.lit(side).alias("side"), pl.col(end).alias("id")) for end in ("left", "right")]
    )
    work.take("reversal", groups, items)
