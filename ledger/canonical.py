"""Canonical content of documents: what makes two files the same batch (幂等).

A row's content is a JSON object of its filled columns in the registry's order,
every value a string (amounts in fen). Order of rows, blank columns, encoding and
file name do not count; a batch key is the kind and the SHA-256 of the sorted
contents. The same bytes stand in the journal with the entry, so that a later
file under the same number can be compared field by field.
"""

from __future__ import annotations

import hashlib
import json

import polars as pl

from ledger.documents import Kind

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def row_content(kind: Kind) -> pl.Expr:
    """The canonical JSON object of each row of a document frame."""
    pieces = []
    for column in kind.columns:
        text = pl.col(column.name).cast(pl.String)
        if column.dtype == pl.String:
            for plain, escaped in _ESCAPES:
                text = text.str.replace_all(plain, escaped, literal=True)
        pieces.append(pl.format(f'"{column.name}":"{{}}"', text))
    return pl.concat_str(pl.lit("{"), pl.concat_str(pieces, separator=",", ignore_nulls=True), pl.lit("}"))


def batch_key(kind: str, contents: pl.Series) -> str:
    """``kind:sha256`` over the sorted canonical rows."""
    digest = hashlib.sha256()
    digest.update("\n".join(contents.sort().to_list()).encode())
    return f"{kind}:{digest.hexdigest()}"


def differing_field(kind: Kind, old: str, new: str) -> tuple[str, str, str]:
    """Header, old and new value of the first column in which two stored documents differ."""
    before, after = json.loads(old), json.loads(new)
    if len(before) != len(after):
        return kind.title(), str(len(before)), str(len(after))
    for left, right in zip(before, after, strict=True):
        for column in kind.columns:
            if left.get(column.name) != right.get(column.name):
                return column.title(), _shown(kind, column.name, left), _shown(kind, column.name, right)
    return kind.title(), "", ""


def _shown(kind: Kind, name: str, row: dict[str, str]) -> str:
    from ledger.documents import MONEY_TYPES
    from ledger.money import format_fen

    value = row.get(name, "")
    return format_fen(int(value)) if value and kind.column(name).type in MONEY_TYPES else value
