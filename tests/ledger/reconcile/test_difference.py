"""What may explain a difference between the adjusted balances."""

from __future__ import annotations

from datetime import date

import polars as pl

from ledger.reconcile.difference import analyse
from ledger.reconcile.frames import ITEMS, MATCHES, NOTES, lines
from ledger.reconcile.loaded import Loaded
from ledger.storage.bank import STATEMENTS

DAY = date(2023, 6, 12)
OTHERS = pl.DataFrame(
    [("中行0202", "bank", "77", date(2023, 6, 14), 812_00)],
    schema={"bank": pl.String, "side": pl.String, "ref": pl.String, "date": pl.Date, "amount": pl.Int64},
    orient="row",
)


def line(ref: str, amount: int, day: date = DAY) -> dict[str, object]:
    return {"ref": ref, "date": day, "amount": amount, "reference": ref, "order": 1}


def loaded(
    book: list[dict[str, object]],
    bank: list[dict[str, object]],
    statements: list[dict[str, object]] | None = None,
    opening: int = 0,
) -> Loaded:
    return Loaded(
        book_lines=lines(book), bank_lines=lines(bank), matches=pl.DataFrame(schema=MATCHES),
        items=pl.DataFrame(schema=ITEMS), notes=pl.DataFrame(schema=NOTES),
        statements=pl.DataFrame(statements or [], schema=STATEMENTS), book_opening=0, bank_opening=opening, covered_to=None,
    )  # fmt: skip


def causes(account: Loaded, difference: int) -> set[tuple[str, str | None, str | None]]:
    refs = account.lines().select("side", "ref")
    return set(analyse(account, difference, refs, OTHERS).select("cause", "ref", "other").iter_rows())


def statement(
    number: int, first: date, last: date, opening: int, closing: int, difference: int = 0
) -> dict[str, object]:
    return {
        "statement_id": number, "from_date": first, "to_date": last, "opening": opening, "closing": closing,
        "difference": difference, "file_name": f"{number}.csv",
    }  # fmt: skip


def test_open_pairs_that_look_like_one_event() -> None:
    """Digits exchanged, doubled, half, the wrong sign, the wrong account; each with its partner."""
    book = [line("1:1", 1234_00), line("2:1", 50_00), line("3:1", 600_00), line("4:1", -75_00), line("5:1", 812_00)]
    bank = [line("1", 1243_00), line("2", 100_00), line("3", 300_00), line("4", 75_00)]
    found = causes(loaded(book, bank), 9_00)
    assert {
        ("transposed", "1:1", "1"), ("doubled", "2:1", "2"), ("half", "3:1", "3"), ("wrong_sign", "4:1", "4"),
        ("wrong_account", "5:1", "中行0202 77"),
    } <= found  # fmt: skip


def test_too_far_apart_is_no_pair() -> None:
    account = loaded([line("1:1", 1234_00)], [line("1", 1243_00, date(2023, 9, 1))])
    assert ("transposed", "1:1", "1") not in causes(account, 1_00)


def test_lines_whose_own_fault_would_be_the_difference() -> None:
    """Twice the same, half of it with the other sign, two neighbouring digits."""
    account = loaded([line("1:1", 36_00), line("2:1", 36_00), line("3:1", 18_00), line("4:1", 51_00)], [])
    found = causes(account, 36_00)
    assert {
        ("doubled", "1:1", None),
        ("doubled", "2:1", None),
        ("wrong_sign", "3:1", None),
        ("transposed", "4:1", None),
    } <= found
    assert ("transposed", "3:1", None) not in found


def test_what_no_line_carries_comes_first() -> None:
    """The opening, a statement that does not foot, a gap: with these the difference is explained whole."""
    statements = [
        statement(1, date(2023, 6, 1), date(2023, 6, 10), 5_00, 20_00),
        statement(2, date(2023, 6, 11), date(2023, 6, 30), 26_00, 40_00, difference=6_00),
    ]
    account = loaded([], [], statements, opening=5_00)
    found = analyse(account, -11_00, pl.DataFrame(schema={"side": pl.String, "ref": pl.String}), OTHERS)
    assert [("opening", -5_00), ("statement", -6_00), ("gap", -6_00)] == found.select("cause", "difference").rows()
