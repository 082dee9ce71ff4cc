"""Matching: what is unique is taken, with its evidence; what is not stays open."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest

from ledger.reconcile.frames import lines
from ledger.reconcile.match import Matching, match
from tests.ledger.reconcile import june

DAY = date(2023, 6, 9)


def one(ref: str, amount: int, day: date = DAY, **more: Any) -> dict[str, Any]:
    """A line of a side; amount in fen."""
    return {"ref": ref, "date": day, "amount": amount, **more}


def pairs(found: Matching) -> set[tuple[str, ...]]:
    """Each match as its stage and refs, book first."""
    grouped = found.items.sort("match_id", "side", "ref", descending=[False, True, False]).group_by(
        "match_id", maintain_order=True
    )
    stages = dict(found.matches.select("match_id", "stage").rows())
    return {(stages[key[0]], *frame["ref"].to_list()) for key, frame in grouped}


def matched(book: list[dict[str, Any]], bank: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return pairs(match(lines(book), lines(bank)))


# -- the acceptance month ------------------------------------------------------------------------


def test_june_icbc() -> None:
    """All but the five of R14 and the old 200.00 meet, each pair the right one."""
    found = match(june.side("1002.01", "book", june.JUNE), june.side("1002.01", "bank", june.JUNE))
    taken = {refs[1:] for refs in pairs(found)}
    book = [ref for ref in june.side("1002.01", "book", june.JUNE)["ref"] if ref not in ("O2", "42:1", "43:3")]
    assert {(ref, str(number)) for number, ref in enumerate(book, 1)} == taken


def test_june_boc_leaves_nothing() -> None:
    found = match(june.side("1002.02", "book", june.JUNE), june.side("1002.02", "bank", june.JUNE))
    assert {
        ("reference", "4:1", "31"),
        ("party", "22:1", "32"),
        ("reference", "23:1", "33"),
        ("reference", "26:1", "34"),
        ("reference", "36:2", "35"),
    } == pairs(found)


def test_july_clears_all_but_the_old_one() -> None:
    """§6.6: the cheque, CZ-0630, E2's transfer, R4's return and the fee meet; the 200.00 stays."""
    found = match(june.side("1002.01", "book", june.JULY), june.side("1002.01", "bank", june.JULY))
    late = {refs for refs in pairs(found) if int(refs[-1]) >= 22}
    assert {
        ("reference", "50:1", "22"),
        ("party", "51:3", "23"),
        ("reference", "52:2", "24"),
        ("reference", "42:1", "25"),
        ("reference", "43:3", "26"),
    } == late
    assert ["O2"] == sorted(set(june.side("1002.01", "book", june.JULY)["ref"]) - set(found.refs("book")))


@pytest.mark.parametrize("seed", range(20))
def test_order_of_input_changes_nothing(seed: int) -> None:
    """The same matches, numbers and evidence under any order of the rows."""
    book, bank = june.side("1002.01", "book", june.JULY), june.side("1002.01", "bank", june.JULY)
    want = match(book, bank)
    seen = match(
        book.sample(fraction=1, shuffle=True, seed=seed), bank.sample(fraction=1, shuffle=True, seed=seed + 100)
    )
    assert want.matches.equals(seen.matches)
    assert want.items.equals(seen.items)


def test_split_runs_reach_the_same_end() -> None:
    """June first, then July's lines on what June left: as if all had come at once."""
    book, bank = june.side("1002.01", "book", june.JULY), june.side("1002.01", "bank", june.JULY)
    first = match(june.side("1002.01", "book", june.JUNE), june.side("1002.01", "bank", june.JUNE))
    left = [
        frame.filter(~pl.col("ref").is_in(first.refs(side).implode()))
        for frame, side in ((book, "book"), (bank, "bank"))
    ]
    assert pairs(match(book, bank)) == pairs(first) | pairs(match(*left))


def test_evidence_says_what_decided() -> None:
    found = match(june.side("1002.01", "book", june.JULY), june.side("1002.01", "bank", june.JULY))
    item = found.items.filter(pl.col("ref") == "42:1")["match_id"][0]
    evidence = json.loads(found.matches.filter(pl.col("match_id") == item)["evidence"][0])
    assert (82000, 3, "ZP630") == (evidence["amount"], evidence["days"], evidence["number"])


# -- references --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["ZP-0630", "ＺＰ－０６３０", "转支zp0630电费", "ZP 000630", "支票:ZP—0630/存", "zp_630"]
)
def test_number_as_banks_write_it(text: str) -> None:
    assert {("reference", "1:1", "7")} == matched([one("1:1", 82000, numbers="ZP-0630")], [one("7", 82000, text=text)])


@pytest.mark.parametrize("text", ["ZP-0631", "ZP-630630", "20230630", "2023年6月30日", "XP-0630", ""])
def test_other_numbers_do_not_match(text: str) -> None:
    assert set() == matched([one("1:1", 82000, numbers="ZP-0630")], [one("7", 82000, text=text)])


def test_same_number_other_amount_or_direction_stays_open() -> None:
    book = [one("1:1", 82000, numbers="ZP-0630")]
    assert set() == matched(book, [one("7", 82001, text="ZP-0630")])
    assert set() == matched(book, [one("7", -82000, text="ZP-0630")])


def test_doubled_bank_line_is_a_tie() -> None:
    """The bank credited the same cheque twice: neither is taken."""
    bank = [one("7", 82000, text="ZP-0630"), one("8", 82000, text="ZP-0630")]
    assert set() == matched([one("1:1", 82000, numbers="ZP-0630")], bank)


def test_equal_slips_of_one_trip_are_told_apart_by_their_last_group() -> None:
    book = [one("1:1", 5000, numbers="JK-0612-1"), one("1:2", 5000, numbers="JK-0612-2")]
    bank = [one("7", 5000, text="JK-0612-2"), one("8", 5000, text="JK-0612-1")]
    assert {("reference", "1:1", "8"), ("reference", "1:2", "7")} == matched(book, bank)


def test_slip_of_the_trip_by_amount_but_not_another_slip() -> None:
    """JK-0612 alone names the trip; JK-0612-3 names another slip of it."""
    book = [one("1:1", 5000, numbers="JK-0612-1"), one("1:2", 7000, numbers="JK-0612-2")]
    assert {("slip", "1:1", "7")} == matched(book, [one("7", 5000, text="JK-0612 缴存")])
    assert set() == matched(book, [one("7", 5000, text="JK-0612-3 缴存")])


def test_a_number_from_another_year_is_too_far() -> None:
    book = [one("1:1", 5000, numbers="JK-0612")]
    assert set() == matched(book, [one("7", 5000, date(2024, 12, 1), text="JK-0612")])


# -- groups ------------------------------------------------------------------------------------------


def test_one_credit_for_a_batch_of_book_lines() -> None:
    book = [one(f"1:{i}", 1000 * i, numbers="TS202306") for i in (1, 2, 3)]
    assert {("group", "1:1", "1:2", "1:3", "7")} == matched(book, [one("7", 6000, text="托收 批次TS202306 3笔")])


def test_group_needs_the_whole_sum() -> None:
    book = [one(f"1:{i}", 1000 * i, numbers="TS202306") for i in (1, 2, 3)]
    assert set() == matched(book, [one("7", 5000, text="托收 批次TS202306")])


def test_other_slips_with_the_same_sum_are_no_group() -> None:
    book = [one("1:1", 100, numbers="HX-2023-01"), one("1:2", 200, numbers="HX-2023-02")]
    bank = [one("7", 150, text="HX-2023-03"), one("8", 150, text="HX-2023-04")]
    assert set() == matched(book, bank)


# -- parties -----------------------------------------------------------------------------------------


def test_amount_and_name() -> None:
    book = [one("1:1", 3250, party="测试(第一)小学", kind="transfer_receipt")]
    assert {("party", "1:1", "7")} == matched(book, [one("7", 3250, party="测试（第一）小学")])


def test_amount_and_customer_number_in_the_text() -> None:
    book = [one("1:1", 3250, customer="100023", kind="transfer_receipt")]
    assert {("party", "1:1", "7")} == matched(book, [one("7", 3250, text="水费 户号100023 8月")])


def test_unequal_twins_stay_open() -> None:
    """Two equal receipts of one payer against one or three: nobody can say which."""
    bank = [one(f"{i}", 3250, party="甲公司") for i in (7, 8)]
    assert set() == matched([one("1:1", 3250, party="甲公司", kind="transfer_receipt")], bank)
    three = [one(f"1:{i}", 3250, party="甲公司", kind="transfer_receipt") for i in (1, 2, 3)]
    assert set() == matched(three, bank)


def test_equal_twins_meet_as_a_class() -> None:
    """Two and two that nobody can tell apart: any pairing is the same, so they meet as one match."""
    book = [one(f"1:{i}", 3250, party="甲公司", kind="transfer_receipt") for i in (1, 2)]
    bank = [one(f"{i}", 3250, party="甲公司") for i in (7, 8)]
    assert {("class", "1:1", "1:2", "7", "8")} == matched(book, bank)
    days = [one("7", 3250, party="甲公司"), one("8", 3250, date(2023, 6, 12), party="甲公司")]
    assert {("class", "1:1", "1:2", "7", "8")} == matched(book, days)
    apart = [one("1:1", 3250, party="甲公司", kind="cash_deposit"), one("1:2", 3250, date(2023, 6, 10), party="甲公司")]
    assert set() == matched(apart, days)


def test_amount_alone_is_not_enough() -> None:
    assert set() == matched([one("1:1", 3250, party="甲公司")], [one("7", 3250, party="乙公司")])
    assert set() == matched([one("1:1", 3250)], [one("7", 3250)])


def test_conflicting_number_is_a_veto() -> None:
    book = [one("1:1", 3250, party="甲公司", numbers="ZP-0630", kind="cheque_receipt")]
    assert set() == matched(book, [one("7", 3250, party="甲公司", text="支票 ZP-0529")])
    assert {("party", "1:1", "7")} == matched(book, [one("7", 3250, party="甲公司", text="支票进账")])


@pytest.mark.parametrize(
    ("kind", "day", "taken"),
    [
        ("cheque_receipt", date(2023, 6, 8), True),  # one day of slack
        ("cheque_receipt", date(2023, 6, 7), False),  # our own deposit cannot arrive before it is made
        ("cheque_receipt", date(2023, 6, 19), True),
        ("cheque_receipt", date(2023, 6, 20), False),
        ("transfer_receipt", date(2023, 6, 1), True),  # the bank's line first, our entry from its slip
        ("transfer_receipt", date(2023, 5, 29), False),
    ],
)
def test_dates_far_apart_do_not_match_by_party(kind: str, day: date, taken: bool) -> None:
    book = [one("1:1", 3250, party="甲公司", kind=kind)]
    assert taken == bool(matched(book, [one("7", 3250, day, party="甲公司")]))


def test_an_unrelated_row_changes_no_match() -> None:
    book, bank = june.side("1002.01", "book", june.JUNE), june.side("1002.01", "bank", june.JUNE)
    more = lines([one("99", 777, june.JUNE, party="路人", text="转账")])
    assert pairs(match(book, bank)) == pairs(match(book, pl.concat([bank, more])))


# -- reversals ---------------------------------------------------------------------------------------


def test_red_letter_line_meets_its_original_first() -> None:
    """A wrong entry and its red letter cancel; the right one gets the bank's line."""
    book = [
        one("1:1", 500, numbers="JK-0609"),
        one("2:1", -500, reverses="1:1", numbers="JK-0609"),
        one("3:1", 500, numbers="JK-0609"),
    ]
    assert {("reversal", "1:1", "2:1"), ("reference", "3:1", "7")} == matched(book, [one("7", 500, text="JK-0609")])


def test_bank_takes_back_its_own_line() -> None:
    """冲正 with the original's number, or the only opposite twin of the same party within a day."""
    bank = [
        one("7", -120000, reference="19-0008", text="维修费", party="设备公司"),
        one("8", 120000, text="冲正 维修费 原流水0008", party="设备公司"),
        one("9", 4000, text="转账", party="甲"),
        one("10", -4000, date(2023, 6, 10), text="退汇", party="甲"),
    ]
    assert {("reversal", "7", "8"), ("reversal", "10", "9")} == matched([], bank)


def test_bank_reversal_with_two_possible_originals_stays_open() -> None:
    bank = [one("7", 4000, party="甲"), one("8", 4000, party="甲"), one("9", -4000, text="退汇", party="甲")]
    assert set() == matched([], bank)


def test_a_chain_of_reversals_is_left_to_a_person() -> None:
    book = [one("1:1", 500), one("2:1", -500, reverses="1:1"), one("3:1", 500, reverses="2:1")]
    assert set() == matched(book, [])
