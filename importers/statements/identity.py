"""The identity of a bank line: the same line again, or its true twin?

Two receipts of 50.00 on one day from one payer with one text are two receipts.
So a line is its key *and* its occurrence (0, 1, …) among the lines of the same
key; a second export of the same days adds only the occurrences that are new:
overlap is merged as the maximum of counts, never their sum and never "exists,
skip" (``reconciliation.md`` §7).
"""

from __future__ import annotations

import polars as pl

SEPARATOR = "\x1f"


def with_identity(lines: pl.DataFrame, *, serial_scope: str = "account") -> pl.DataFrame:
    """Lines (``statement.LINES``) with ``identity`` and ``occurrence``.

    With a bank serial: serial, date, in, out (one serial may number a transfer
    and its fee). Without: date, time, in, out, balance, parties and texts.
    """
    serial = pl.col("serial")
    numbered = (
        serial.is_not_null() & ~serial.fill_null("").str.contains(r"^[0\-*\s]*$")
        if serial_scope != "none"
        else pl.lit(False)
    )
    money = [pl.col("date").cast(pl.String), pl.col("amount_in").cast(pl.String), pl.col("amount_out").cast(pl.String)]
    with_serial = pl.concat_str([pl.lit("#"), serial.fill_null(""), *money], separator=SEPARATOR)
    texts = [
        pl.col(name).fill_null("").str.normalize("NFKC").str.replace_all(r"\s+", "")
        for name in ("time", "serial", "party", "party_account", "summary", "reference")
    ]
    without = pl.concat_str([*money, pl.col("balance").cast(pl.String).fill_null(""), *texts], separator=SEPARATOR)
    keyed = lines.with_columns(pl.when(numbered).then(with_serial).otherwise(without).alias("identity"))
    return keyed.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("identity").alias("occurrence"))


def changed_serials(lines: pl.DataFrame, stored: pl.DataFrame, *, serial_scope: str = "account") -> pl.DataFrame:
    """Serials that came back with other content: ``serial``, ``row``, date and amounts, new and ``_old``.

    ``stored`` are the account's lines of the same period. A serial may stand on
    several lines, and a file may hold only some of them; but when each side has
    a line the other lacks, the bank changed a line, and only a person can say
    which is right.
    """
    if serial_scope == "none":
        lines = lines.clear()
    numbered = pl.col("identity").str.starts_with(f"#{SEPARATOR}")
    keys = ["identity", "occurrence"]
    new = lines.filter(numbered).join(stored, on=keys, how="anti")
    old = stored.filter(numbered).join(lines, on=keys, how="anti")
    on = ["serial"] if serial_scope == "account" else ["serial", "date"]
    content = ["date", "amount_in", "amount_out"]
    return (
        new.join(old, on=on, how="inner", suffix="_old", coalesce=False)
        .select("serial", "row", *content, *(f"{name}_old" for name in content))
        .unique()
        .sort("row", "date_old", "amount_in_old", "amount_out_old")
    )
