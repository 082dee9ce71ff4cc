"""Settlement: whole bills, oldest first, nothing created or lost (domain §0 (1), (2), (6))."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ledger import settlement
from ledger.settlement import BILL_SCHEMA

ITEMS = ("sewage", "water_resource", "surcharge")


def bills(*rows: tuple[str, str, int]) -> pl.DataFrame:
    """Open bills: customer, month, gross; a fifth of each is levies."""
    return pl.DataFrame(
        [
            {
                "customer": customer, "bill_month": month, "document": f"B-{customer}-{month}", "account": "1122.01",
                "branch": "B01", "gross": gross, "locked": None,
                "sewage": gross // 10, "water_resource": gross // 20, "surcharge": gross // 20,
            }
            for customer, month, gross in rows
        ],
        schema={**BILL_SCHEMA, **dict.fromkeys(ITEMS, pl.Int64())},
    )  # fmt: skip


def tenders(*rows: tuple[str, int]) -> pl.DataFrame:
    """One tender per customer."""
    return pl.DataFrame(
        {
            "entry": list(range(len(rows))),
            "customer": [c for c, _a in rows],
            "amount": [a for _c, a in rows],
            "fund": ["水费"] * len(rows),
            "bank": ["1002.01"] * len(rows),
        },
        schema={"entry": pl.Int64, "customer": pl.String, "amount": pl.Int64, "fund": pl.String, "bank": pl.String},
    )


def test_oldest_whole_bill_first() -> None:
    """R7 owes April 41.40 and May 34.50: 50.00 settles April, 8.60 is left."""
    done = settlement.settle(tenders(("R7", 5000)), bills(("R7", "2023-05", 3450), ("R7", "2023-04", 4140)))
    assert done.applied["bill_month"].to_list() == ["2023-04"]
    assert done.tenders.select("applied", "rest", "oldest").rows() == [(4140, 860, 4140)]


def test_a_younger_bill_is_not_settled_over_an_older_one() -> None:
    """35.00 would cover May, but April comes first."""
    done = settlement.settle(tenders(("R7", 3500)), bills(("R7", "2023-05", 3450), ("R7", "2023-04", 4140)))
    assert done.applied.is_empty()
    assert done.tenders["rest"].to_list() == [3500]


months = st.integers(1, 12).map(lambda n: f"2023-{n:02d}")
bill_rows = st.lists(
    st.tuples(st.sampled_from("ABCD"), months, st.integers(1, 100_000)), max_size=30, unique_by=lambda r: r[:2]
)
tender_rows = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.integers(1, 300_000)), min_size=1, max_size=4, unique_by=lambda r: r[0]
)


@given(bill_rows, tender_rows, st.randoms())
def test_nothing_is_created_or_lost(owed: list, paid: list, random) -> None:
    """Σ applied + rest = tender; applied bills are whole, a prefix of the oldest; order of input does not matter."""
    done = settlement.settle(tenders(*paid), bills(*owed))
    for row in done.tenders.iter_rows(named=True):
        mine = done.applied.filter(pl.col("entry") == row["entry"])
        assert mine["gross"].sum() + row["rest"] == row["amount"]
        assert row["rest"] >= 0
        queue = sorted((month, gross) for customer, month, gross in owed if customer == row["customer"])
        taken = sorted(zip(mine["bill_month"], mine["gross"], strict=True))
        assert taken == queue[: len(taken)]
        left = queue[len(taken) :]
        assert not left or left[0][1] > row["rest"]
    shuffled_bills, shuffled_tenders = list(owed), list(paid)
    random.shuffle(shuffled_bills)
    random.shuffle(shuffled_tenders)
    again = settlement.settle(tenders(*shuffled_tenders), bills(*shuffled_bills))
    key = ["customer", "bill_month"]
    assert again.applied.select(key).sort(key).equals(done.applied.select(key).sort(key))


@given(bill_rows, tender_rows)
def test_levies_of_settled_bills_move_whole(owed: list, paid: list) -> None:
    """Σ levy rows = Σ levies inside the settled bills, under the fund and bank of the tender."""
    done = settlement.settle(tenders(*paid), bills(*owed))
    moved = settlement.levies(done.applied, ITEMS)
    for item in ITEMS:
        assert moved.filter(pl.col("item") == item)["levy"].sum() == done.applied[item].sum()
    assert set(moved["fund"]) <= {"水费"}
    assert set(moved["bank"]) <= {"1002.01"}


lots_rows = st.lists(st.integers(1, 10_000), min_size=1, max_size=6)


@given(lots_rows, st.data())
def test_lots_are_taken_oldest_first_and_exactly(held: list[int], data: st.DataObject) -> None:
    """Σ taken = need, older lots are used up first, and every levy fen finds a lot."""
    need = data.draw(st.integers(1, sum(held)))
    lots = pl.DataFrame(
        {
            "customer": ["A"] * len(held), "purse": [0] * len(held),
            "lot_date": list(range(len(held))), "lot": [f"L{n}" for n in range(len(held))], "held": held,
            "fund": [f"F{n % 2}" for n in range(len(held))], "bank": ["1002.01"] * len(held),
        }
    )  # fmt: skip
    needs = pl.DataFrame({"customer": ["A"], "purse": [0], "need": [need], "entry": [7]})
    taken = settlement.take(lots, needs)
    assert taken["taken"].sum() == need
    assert taken["taken"].to_list()[:-1] == held[: len(taken) - 1]
    bill = bills(("A", "2023-04", need)).with_columns(entry=pl.lit(7))
    moved = settlement.levies_by_lot(taken, bill, ITEMS)
    assert moved["levy"].sum() == bill.select(pl.sum_horizontal(ITEMS)).item()
    assert all(amount > 0 for amount in moved["levy"])


def test_kinds_of_advance_are_not_mixed() -> None:
    """40.00 of one kind and 40.00 of another do not settle 41.40; 50.00 of the second kind does."""
    owed = bills(("A", "2023-04", 4140))
    purses = pl.DataFrame({"customer": ["A", "A"], "purse": [0, 1], "held": [4000, 4000]})
    assert settlement.cover(owed, purses).is_empty()
    richer = pl.DataFrame({"customer": ["A", "A"], "purse": [0, 1], "held": [4000, 5000]})
    assert settlement.cover(owed, richer)["purse"].to_list() == [1]
