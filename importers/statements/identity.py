"""The identity of a bank line: the same line again, or its true twin?

Two receipts of 50.00 on one day from one payer with one text are two receipts.
So a line is its key *and* its occurrence (0, 1, …) among the lines of the same
key; a second export of the same days adds only the occurrences that are new:
overlap is merged as the maximum of counts, never their sum and never "exists,
skip" (``reconciliation.md`` §7).

The balance beside a line is part of its key, for it tells twins apart. But a bank that lists a
day in another order, or books a line late, prints other balances beside the same lines: so what
is left over on both sides of an overlap meets once more without it (:func:`as_known`).
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
    without = pl.concat_str([*money, pl.col("balance").cast(pl.String).fill_null(""), *_texts()], separator=SEPARATOR)
    always = lines.select(numbered.all()).item()  # most banks number their lines, and texts are dear to fold
    identity = with_serial if always else pl.when(numbered).then(with_serial).otherwise(without)
    keyed = lines.with_columns(identity.alias("identity"))
    alone = keyed["identity"].n_unique() == keyed.height
    place = pl.lit(0, pl.Int64) if alone else pl.int_range(pl.len(), dtype=pl.Int64).over("identity")
    return keyed.with_columns(place.alias("occurrence"))


def _texts() -> list[pl.Expr]:
    return [
        pl.col(name).fill_null("").str.normalize("NFKC").str.replace_all(r"\s+", "")
        for name in ("time", "serial", "party", "party_account", "summary", "reference")
    ]


def as_known(lines: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Lines with the identity of the stored ones they repeat under another running balance.

    ``stored`` are the account's lines that the file must hold. Only lines without a bank serial,
    and only those left over on both sides; twins pair off in their order.
    """
    if stored.is_empty():
        return lines
    keys = ["identity", "occurrence"]
    weak = pl.concat_str(
        [
            pl.col("date").cast(pl.String),
            pl.col("amount_in").cast(pl.String),
            pl.col("amount_out").cast(pl.String),
            *_texts(),
        ],
        separator=SEPARATOR,
    )
    unnumbered = ~pl.col("identity").str.starts_with(f"#{SEPARATOR}")

    def left(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        rest = frame.filter(unnumbered).join(other, on=keys, how="anti", maintain_order="left").with_columns(weak=weak)
        return rest.select(*keys, "weak", turn=pl.int_range(pl.len()).over("weak"))

    pairs = left(lines, stored).join(
        left(stored, lines).rename({"identity": "known", "occurrence": "known_occurrence"}),
        on=["weak", "turn"],
        how="inner",
    )
    if pairs.is_empty():
        return lines
    renamed = lines.join(pairs.drop("weak", "turn"), on=keys, how="left", maintain_order="left")
    return renamed.with_columns(
        identity=pl.coalesce("known", "identity"),
        occurrence=pl.when(pl.col("known").is_null()).then("occurrence").otherwise("known_occurrence"),
    ).drop("known", "known_occurrence")


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
