"""The one shape of a line that both sides of a reconciliation share."""

from __future__ import annotations

import polars as pl

LINES: dict[str, pl.DataType] = {
    "ref": pl.String(),
    "date": pl.Date(),
    "amount": pl.Int64(),
    "reference": pl.String(),
    "numbers": pl.String(),
    "text": pl.String(),
    "party": pl.String(),
    "party_account": pl.String(),
    "customer": pl.String(),
    "kind": pl.String(),
    "reverses": pl.String(),
    "reason": pl.String(),
    "order": pl.Int64(),
    "currency": pl.String(),
}
"""Fen, signed: money into the account is positive on both sides.

``ref``: ``entry:line``, a line_id, ``O<fact>`` of an opening item.
``reference``: the number people know the line by (票据号, 流水号).
``numbers``: every number the line carries by field (document, slip, serial), blank-separated.
``text``: the line's own summary. ``kind``: the document kind behind a book line.
``reverses``: the ref of the line this one takes back, where the books link them.
``reason``: given with an opening item. ``order``: place in its own records.
``currency``: the account's, which its statements are held to at import; lines of two currencies never meet.
"""

ITEMS: dict[str, pl.DataType] = {
    "match_id": pl.Int64(),
    "side": pl.String(),
    "ref": pl.String(),
    "amount": pl.Int64(),
}
MATCHES: dict[str, pl.DataType] = {
    "match_id": pl.Int64(),
    "stage": pl.String(),
    "rule_version": pl.String(),
    "evidence": pl.String(),
}
NOTES: dict[str, pl.DataType] = {
    "side": pl.String(),
    "ref": pl.String(),
    "reason": pl.String(),
    "note": pl.String(),
}


def lines(rows: list[dict[str, object]] | pl.DataFrame) -> pl.DataFrame:
    """Rows with any of the columns of :data:`LINES` → the full frame."""
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
    if frame.is_empty():
        return pl.DataFrame(schema=LINES)  # literals alone would make a row of nulls
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in LINES.items()
    )
