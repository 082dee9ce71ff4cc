"""What is stored and said of a match, what is only proposed, and what later lines put in doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest

from ledger.i18n import set_language
from ledger.reconcile.doubts import doubtful
from ledger.reconcile.explain import explain_match, explain_open
from ledger.reconcile.frames import lines
from ledger.reconcile.lines import fee_lines
from ledger.reconcile.match import Matching, Rules, match
from ledger.reconcile.proposals import propose, subsets

DAY = date(2023, 6, 9)
FEES = Rules(fees_basis_points=(60,))


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    set_language("zh_CN")
    yield
    set_language("zh_CN")


def one(ref: str, amount: int, day: date = DAY, **more: Any) -> dict[str, Any]:
    return {"ref": ref, "date": day, "amount": amount, **more}


def evidence(found: Matching) -> dict[str, Any]:
    return dict(json.loads(found.matches["evidence"][0]))


# -- evidence ----------------------------------------------------------------------------------


def test_a_match_keeps_both_values_and_its_rivals() -> None:
    book = [one("1:1", 82000, numbers="ZP-0630", party="甲公司"), one("2:1", 82000, numbers="ZP-0701", party="乙公司")]
    bank = [
        one("7", 82000, date(2023, 6, 12), text="支票 zp630", party="甲公司"),
        one("8", 82000, date(2023, 6, 13), text="转账", party="丙公司"),
    ]
    found = match(lines(book), lines(bank))
    assert {
        "amount": 82000,
        "days": 3,
        "number": "ZP630",
        "born": False,
        "book": {"number": "ZP-0630", "party": "甲公司", "date": "2023-06-09"},
        "bank": {"number": "支票 zp630", "party": "甲公司", "date": "2023-06-12"},
        "rivals": [
            {"side": "bank", "ref": "8", "why": "no_number"},
            {"side": "book", "ref": "2:1", "why": "number"},
        ],
        "rival_count": 2,
    } == evidence(found)


def test_an_entry_written_from_the_statement_line_says_so() -> None:
    """The number is the bank's own serial: the two agree by making."""
    bank = [one("7", 3250, reference="0000002326", numbers="0000002326", text="转账")]
    for kind, born in (("transfer_receipt", True), ("cheque_receipt", False)):
        found = match(lines([one("1:1", 3250, numbers="2326", kind=kind)]), lines(bank))
        assert born == evidence(found)["born"]


def test_sentences_of_a_match() -> None:
    book = [one("1:1", 100000, party="甲公司"), one("2:1", 5000, party="乙公司"), one("3:1", 5000, party="乙公司")]
    bank = [one("7", 99400, party="甲公司"), one("8", 5000, party="乙公司"), one("9", 5000, party="乙公司")]
    found = match(lines(book), lines(bank), rules=FEES)
    said = [
        explain_match(row, found.items.filter(match_id=row["match_id"])) for row in found.matches.iter_rows(named=True)
    ]
    assert "甲公司 相同,企业 1,000.00 减手续费 6.00(0.6 %)正是银行 994.00" in said[0]
    assert "企业 2 笔与银行 2 笔金额 50.00、对方 乙公司 都相同" in said[1]
    set_language("en")
    assert "less a fee of 6.00 (0.6 %)" in explain_match(
        found.matches.row(0, named=True), found.items.filter(match_id=1)
    )


def test_sentence_of_a_tie() -> None:
    """'2 entries and 3 bank lines of the same amount and day, no reference'."""
    book = lines([one(f"{i}:1", 5000) for i in (1, 2)])
    bank = lines([one(f"{i}", 5000) for i in (7, 8, 9)])
    said = explain_open(book.row(0, named=True), "book", book, bank, propose(book, bank))
    assert said.startswith("未自动勾对:2 笔企业与 3 笔银行同额(50.00)同日,没有单据号")
    set_language("en")
    assert "of the same amount (50.00) and day, no reference" in explain_open(
        book.row(0, named=True), "book", book, bank
    )


# -- fees ----------------------------------------------------------------------------------------


def test_a_fee_needs_the_schedule_the_party_and_no_equal_amount() -> None:
    book, bank = [one("1:1", 100000, party="甲公司")], [one("7", 99400, party="甲公司")]
    assert ["fee"] == match(lines(book), lines(bank), rules=FEES).matches["stage"].to_list()
    assert 0 == match(lines(book), lines(bank)).matches.height
    assert 0 == match(lines(book), lines([one("7", 99401, party="甲公司")]), rules=FEES).matches.height
    assert 0 == match(lines(book), lines([one("7", 99400, party="乙公司")]), rules=FEES).matches.height
    plain = match(lines(book), lines([*bank, one("8", 100000, party="甲公司")]), rules=FEES)
    assert {"1:1", "8"} == set(plain.items["ref"])


def test_a_channel_pays_in_its_own_name() -> None:
    """The number is ours and the amount net to the fen; the payer is the acquirer, not another customer."""
    book = lines([one("1:1", 144000, numbers="HD0815900", party="银座商场", kind="transfer_receipt")])
    bank = {"amount": 143136, "text": "净额 HD0815900"}
    assert ["fee"] == match(book, lines([one("7", party="银联商务", **bank)]), rules=FEES).matches["stage"].to_list()
    assert 0 == match(book, lines([one("7", party="城南机械厂", **bank)]), rules=FEES).matches.height


def test_the_fee_stays_open_as_a_line_of_its_own_until_its_voucher_is_there() -> None:
    book, bank = lines([one("1:1", 100000, party="甲公司")]), lines([one("7", 99400, party="甲公司", text="清算")])
    found = match(book, bank, rules=FEES)
    fees = fee_lines(found.matches, found.items, book, bank)
    assert [("F1", DAY, -600, "FEE_NETTED")] == fees.select("ref", "date", "amount", "reason").rows()
    voucher = lines([one("2:1", -600, kind="bank_charge")])
    assert {"2:1", "F1"} == set(match(voucher, fees).items["ref"])


# -- vetoes ------------------------------------------------------------------------------------


def test_currencies_never_meet() -> None:
    book = [one("1:1", 82000, numbers="ZP-0630", currency="USD")]
    assert 0 == match(lines(book), lines([one("7", 82000, text="ZP-0630")])).matches.height
    assert 1 == match(lines(book), lines([one("7", 82000, text="ZP-0630", currency="USD")])).matches.height


def test_closed_periods_stay_as_they_were_issued() -> None:
    """A pair wholly in a closed period waits for the reopening; one that reaches out of it does not."""
    book = lines([one("1:1", 82000, numbers="ZP-0630")])
    closed = Rules(closed=date(2023, 6, 30))
    assert 0 == match(book, lines([one("7", 82000, text="ZP-0630")]), rules=closed).matches.height
    assert 1 == match(book, lines([one("7", 82000, date(2023, 7, 3), text="ZP-0630")]), rules=closed).matches.height


def test_two_claims_on_one_line_leave_it_open() -> None:
    """The payer of one and the number of another."""
    book = [
        one("1:1", 5000, numbers="ZZ-0000451", party="甲公司", kind="transfer_receipt"),
        one("2:1", 5000, numbers="ZZ-0000541", party="乙公司", kind="transfer_receipt"),
    ]
    assert 0 == match(lines(book), lines([one("7", 5000, text="转账 ZZ-0000541", party="甲公司")])).matches.height
    assert 1 == match(lines(book[1:]), lines([one("7", 5000, text="转账 ZZ-0000541", party="丙公司")])).matches.height


def test_unique_amounts_only_by_policy() -> None:
    book, bank = lines([one("1:1", 12345)]), lines([one("7", 12345)])
    assert 0 == match(book, bank).matches.height
    chosen = Rules(unique_amount=True)
    assert ["amount"] == match(book, bank, rules=chosen).matches["stage"].to_list()
    assert 0 == match(lines([one("1:1", 12000)]), lines([one("7", 12000)]), rules=chosen).matches.height
    assert (
        0
        == match(
            lines([one("1:1", 12345, party="甲公司")]), lines([one("7", 12345, party="乙公司")]), rules=chosen
        ).matches.height
    )


def test_digits_alone_and_letters_in_front() -> None:
    book = lines([one("1:1", 5000, numbers="ZP-40210630")])
    assert 1 == match(book, lines([one("7", 5000, text="支票40210630")])).matches.height
    assert 1 == match(book, lines([one("7", 5000, text="REFZP40210630")])).matches.height
    assert 0 == match(book, lines([one("7", 5000, text="JK40210630")])).matches.height


def test_a_returned_collection_meets_across() -> None:
    """托收退票: the original and the return are events of their own where the books know the original."""
    book = [one("1:1", 5000, numbers="TS-202306", kind="collection_result")]
    bank = [one("7", 5000, text="托收 TS-202306"), one("8", -5000, date(2023, 6, 15), text="托收退票 TS-202306")]
    found = match(lines(book), lines(bank))
    assert ["reference"] == found.matches["stage"].to_list()
    assert {"1:1", "7"} == set(found.items["ref"])


def test_a_returned_cheque_meets_across_whenever_it_is_matched() -> None:
    """Both books have both lines: each meets its own, in one run or in two; an error of ours alone cancels inside."""
    came, back = date(2023, 6, 12), date(2023, 6, 15)
    book = [
        one("1:1", 48000, numbers="ZP-0609", kind="cheque_receipt"),
        one("2:1", -48000, back, numbers="TP-0615 ZP-0609", kind="returned_payment", reverses="1:1"),
    ]
    bank = [one("7", 48000, came, text="转账支票 ZP-0609"), one("8", -48000, back, text="退票 ZP-0609")]
    found = match(lines(book), lines(bank))
    assert [("1:1", "7"), ("2:1", "8")] == sorted(
        tuple(frame.sort("side", descending=True)["ref"]) for _id, frame in found.items.group_by("match_id")
    )
    assert ["reversal"] == match(lines(book), lines([])).matches["stage"].to_list()


# -- doubts ------------------------------------------------------------------------------------


def test_a_match_made_doubtful_is_kept_and_flagged() -> None:
    book = lines([one("1:1", 5000, party="甲公司", kind="transfer_receipt")])
    bank = lines([one("7", 5000, party="甲公司")])
    found = match(book, bank)
    later = pl.concat(
        [bank, lines([one("8", 5000, date(2023, 6, 10), party="甲公司"), one("9", 5000, party="乙公司")])]
    )
    assert 0 == doubtful(book, bank, found.matches, found.items).height
    doubt = doubtful(book, later, found.matches, found.items)
    assert [(1, "party", "bank", "8", "1:1")] == doubt.rows()
    said = explain_match(found.matches.row(0, named=True), found.items, doubt)
    assert "存疑:后来的 8 有同样的依据" in said


# -- proposals -----------------------------------------------------------------------------------


def test_a_sum_of_one_party_is_proposed_never_taken() -> None:
    book = lines([one("1:1", 10000, party="甲公司", kind="transfer_receipt")])
    bank = lines([one("7", 4000, party="甲公司"), one("8", 6000, party="甲公司"), one("9", 777, party="甲公司")])
    assert 0 == match(book, bank).matches.height
    found = propose(book, bank).filter(kind="sum")
    assert [(["1:1"], ["7", "8"], 1)] == found.select("book_refs", "bank_refs", "solutions").rows()
    said = explain_open(book.row(0, named=True), "book", book, bank, propose(book, bank))
    assert ";建议:企业 1:1 合计等于银行 7+8" in said


def test_transposed_digits_are_proposed() -> None:
    book = lines([one("1:1", 54000, party="甲公司")])
    bank = lines([one("7", 45000, party="甲公司")])
    found = propose(book, bank).row(0, named=True)
    assert (9000, True) == (found["difference"], "transposed" in found["reasons"])
    said = explain_open(book.row(0, named=True), "book", book, bank, propose(book, bank))
    assert said.endswith(";建议:7 相差 90.00,像是数字颠倒")


def test_a_difference_of_nines_alone_is_no_transposition() -> None:
    """960.00 and 600.00 differ by 360.00 = 9 × 40.00 and have no digit in common but one."""
    book, bank = lines([one("1:1", 96000, party="甲公司")]), lines([one("7", 60000, party="甲公司")])
    assert 0 == propose(book, bank).filter(kind="pair").height


def test_the_best_candidates_come_first() -> None:
    """A cut name and a near date speak for one, only the amount for the other."""
    book = lines([one("1:1", 5000, party="城南机械厂")])
    bank = lines([one("7", 5000, date(2023, 6, 20)), one("8", 5000, party="城南机械")])
    found = propose(book, bank).filter(kind="pair")
    assert ["8"] == found["bank_refs"][0].to_list()
    assert 1 == found["rank"][0]


@pytest.mark.parametrize(
    ("amounts", "total", "solutions"),
    [
        ([1, 2, 4], 6, [(1, 2)]),
        ([1, 2, 3], 3, [(0, 1)]),
        ([5, 5, 5], 10, [(0, 1), (0, 2)]),
        ([1, 2], 9, []),
        ([7, 1], 7, []),
    ],
)
def test_subsets(amounts: list[int], total: int, solutions: list[tuple[int, ...]]) -> None:
    assert solutions == subsets(amounts, total)
