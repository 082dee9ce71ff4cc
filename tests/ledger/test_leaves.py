"""Canonical bytes: golden vectors that never change, and json.dumps as the judge of every other record."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import leaves
from ledger.merkle import leaf_hash

BATCH = pl.DataFrame(
    {
        "book_id": [1], "batch_id": [7], "batch_key": ["cash_receipt:ab"], "kind": ["cash_receipt"], "first_entry": [17],
        "entries": [2], "lines": [4], "first_fact": [3], "facts": [1], "debit": [12345], "credit": [12345],
        "source_name": ["6月9日.csv"], "source_sha256": ["ff00"], "operator": ["C01"], "today": [dt.date(2023, 6, 9)],
        "recorded_at": ["2023-06-09T08:15:30.123456Z"],
    }
)  # fmt: skip
ENTRY = pl.DataFrame(
    {
        "book_id": [1, 1], "entry_id": [17, 18], "batch_id": [7, 7], "date": [dt.date(2023, 6, 9)] * 2,
        "period": ["2023-06"] * 2, "vtype": ["记"] * 2, "vno": [12, 13], "kind": ["cash_receipt"] * 2,
        "event": ["E02"] * 2, "doc_no": ["R-1", "R-2"], "memo": ['收 "R2" 水费', None], "lines": [2, 2],
        "reverses": [None, 16], "caused_by": [None, None], "maker": [None, "L01"], "checker": [None, "F01"],
        "approver": [None, "D01"], "content": ['[{"amount":"12080"}]', "[]"], "sheet": [None, "收据"], "row": [17, None],
    },
    schema_overrides={"caused_by": pl.Int64},
)  # fmt: skip
POSTING = pl.DataFrame(
    {
        "book_id": [1] * 4, "entry_id": [17, 17, 18, 18], "line": [1, 2, 1, 2], "date": [dt.date(2023, 6, 9)] * 4,
        "account": ["1001.C01", "1122.01", "1001.C01", "1122.01"], "debit": [12350, 0, -5, 0], "credit": [0, 12350, 0, -5],
        "branch": ["B01"] * 4, "bank": [None] * 4, "cashier": ["C01", None] * 2, "customer": [None, "R2"] * 2,
        "bill_month": [None, "2023-06"] * 2, "fund": ["水费"] * 4, "item": [None] * 4, "staff": [None] * 4,
        "document": [None, "B\\1", None, "tab\there"],
    },
    schema_overrides={"bank": pl.String, "item": pl.String, "staff": pl.String},
)  # fmt: skip
FACT = pl.DataFrame(
    {
        "book_id": [1], "fact_id": [3], "batch_id": [7], "kind": ["customers"], "doc_no": ["R2"], "subject": ["R2"],
        "date": [None], "content": ['[{"name":"甲"}]'], "sheet": [None], "row": [2],
    },
    schema_overrides={"date": pl.Date, "sheet": pl.String},
)  # fmt: skip

GOLDEN = {
    "entry": (
        (
            r'["meterbook.entry/1","W","17","2023-06","记","12","2023-06-09","cash_receipt","E02","R-1","收 \"R2\" 水费",'
            r'null,null,null,null,null,"[{\"amount\":\"12080\"}]","C01","7","ff00",null,"17","2023-06-09T08:15:30.123456Z","2",'
            r'[["1","2023-06-09","1001.C01","123.50","0.00","B01",null,"C01",null,null,"水费",null,null,null],'
            r'["2","2023-06-09","1122.01","0.00","123.50","B01",null,null,"R2","2023-06","水费",null,null,"B\\1"]]]'
        ),
        "af1004a442d02a8df4f81e4985f55d36f194af16618dcffb79309f6eb1706e3e",
    ),
    "reversal": (
        (
            r'["meterbook.entry/1","W","18","2023-06","记","13","2023-06-09","cash_receipt","E02","R-2",null,'
            r'"16",null,"L01","F01","D01","[]","C01","7","ff00","收据",null,"2023-06-09T08:15:30.123456Z","2",'
            r'[["1","2023-06-09","1001.C01","-0.05","0.00","B01",null,"C01",null,null,"水费",null,null,null],'
            r'["2","2023-06-09","1122.01","0.00","-0.05","B01",null,null,"R2","2023-06","水费",null,null,"tab\there"]]]'
        ),
        "6b93ba3ce2dce239d2d98986c7acd76655b4b42af188307f2120dd6ac0bb34da",
    ),
    "fact": (
        (
            r'["meterbook.fact/1","W","3","customers","R2","R2",null,"[{\"name\":\"甲\"}]","C01","7","ff00",null,"2",'
            r'"2023-06-09T08:15:30.123456Z"]'
        ),
        "e7a74dcbf80ea579fa912000f012fd294f4aee6af23fb94982880c6a9e16b2a3",
    ),
    "manifest": (
        (
            r'["meterbook.batch/1","W","7","cash_receipt:ab","cash_receipt","17","2","4","3","1","123.45","123.45",'
            r'"6月9日.csv","ff00","C01","2023-06-09","2023-06-09T08:15:30.123456Z"]'
        ),
        "29bee394311c809b8a0d76413b54725fac8bfa9fd464591a0a9a9b8615e38228",
    ),
    "row": (
        r'["meterbook.account/1","W","1","1001.C01","5","1970-01-01"]',
        "ca8ce44cefa76426fae86224d57893395e9a64eaad1848e395aa0720d6c56426",
    ),
    "set": (
        (
            r'["meterbook.rows/1","W","match_item",["1","bank","4"],["1","book","9:1"],"2",'
            r'"4792d6e5492343cc682bb58219471d18451233f74862e73aad9a7c4f555359a9"]'
        ),
        "42eafe8fd75b956de2303d0aeaa50c9baa7d9d0b75dade46924e364495e37eba",
    ),
}


def made(name: str) -> str:
    """The record of that name, as the code writes it."""
    entries = leaves.entries("W", BATCH, ENTRY, POSTING)
    account = pl.DataFrame({"book_id": [1], "account": ["1001.C01"], "required": [5], "opened": [dt.date(1970, 1, 1)]})
    items = pl.DataFrame(
        {"book_id": [1, 1], "match_id": [1, 1], "side": ["bank", "book"], "ref": ["4", "9:1"], "amount": [5, -5]}
    )
    within = leaves.rows("W", "match_item", items.columns, items)
    return {
        "entry": lambda: entries[0],
        "reversal": lambda: entries[1],
        "fact": lambda: leaves.facts("W", BATCH, FACT)[0],
        "manifest": lambda: leaves.manifest("W", BATCH)[0],
        "row": lambda: leaves.rows("W", "account", account.columns, account)[0],
        "set": lambda: leaves.row_set("W", "match_item", ("1", "bank", "4"), ("1", "book", "9:1"), within),
    }[name]()


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    """These bytes are what proofs in other people's hands were made from: they never change."""
    record, leaf = GOLDEN[name]
    assert made(name) == record
    assert leaf_hash(record.encode()).hex() == leaf
    assert json.dumps(json.loads(record), ensure_ascii=False, separators=(",", ":")) == record


# --- any record is what json.dumps writes ---------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', "\\", "\\n", "\n", "\r\n\t\b\f", "\x00", "\x1f", "\x7f", "\u2028", "𠮷", "null", "", "[", "],", '\\"']
)
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | TEXT,
        "other": TEXT,
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "amount": st.none() | st.integers(-(10**15), 10**15),
        "date": st.none() | st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    }
)
SCHEMA = {"text": pl.String, "other": pl.String, "number": pl.Int64, "amount": pl.Int64, "date": pl.Date}


def judged(row: dict[str, Any]) -> str:
    """The record of a row by the definition."""
    amount = row["amount"]
    written = {
        **row,
        "number": None if row["number"] is None else str(row["number"]),
        "amount": None if amount is None else f"{'-' * (amount < 0)}{abs(amount) // 100}.{abs(amount) % 100:02d}",
        "date": None if row["date"] is None else row["date"].isoformat(),
    }
    return json.dumps(
        ["meterbook.t/1", "W", *(written[name] for name in SCHEMA)], ensure_ascii=False, separators=(",", ":")
    )


@settings(max_examples=200)
@given(st.lists(ROW, min_size=1, max_size=5), st.sampled_from([1, leaves.MANY]))
def test_any_row(some: list[dict[str, Any]], times: int) -> None:
    """Whatever stands in the columns, in few rows or in many alike."""
    made = leaves.rows("W", "t", list(SCHEMA), pl.DataFrame(some * times, schema=SCHEMA))
    assert made[: len(some)].to_list() == [judged(row) for row in some]
    assert made.n_unique() == len({judged(row) for row in some})


def test_order_does_not_count() -> None:
    """Entries and lines come in any order; an entry without lines has an empty list."""
    whole = leaves.entries("W", BATCH, ENTRY, POSTING)
    mixed = leaves.entries("W", BATCH, ENTRY.reverse(), POSTING.reverse())
    assert mixed.to_list() == whole.to_list()
    lone = leaves.entries("W", BATCH, ENTRY, POSTING.filter(pl.col("entry_id") == 18))
    assert json.loads(lone[0])[-1] == []
    assert lone[1] == whole[1]


def test_several_batches() -> None:
    """Records of several batches at once are those of each by itself: each names its own batch's operator."""
    other = BATCH.with_columns(batch_id=pl.lit(8), operator=pl.lit('甲"'))
    moved = ENTRY.with_columns(batch_id=pl.Series([7, 8]))
    together = leaves.entries(
        "W",
        pl.concat([other, BATCH.with_columns(pl.col("batch_id").cast(pl.Int32))], how="vertical_relaxed"),
        moved,
        POSTING,
    )
    assert together[0] == leaves.entries("W", BATCH, ENTRY, POSTING)[0]
    assert json.loads(together[1])[17:19] == ['甲"', "8"]


def test_bytes_stand_as_their_hash() -> None:
    """A blob is named by its SHA-256."""
    frame = pl.DataFrame({"bytes": [b"abc", None]})
    made = leaves.rows("W", "source_file", ["bytes"], frame)
    assert json.loads(made[0])[2] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads(made[1])[2] is None
