"""By hand and over time: dismissals, the review, the follow-up log, patterns, and tables as they were known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from ledger import followups
from ledger.errors import NotFound, Refused
from ledger.i18n import set_language
from ledger.reconcile import dismissals, review
from ledger.reconcile import run as reconcile
from ledger.reconcile.ageing import ageing
from ledger.reconcile.frames import ITEMS, MATCHES
from ledger.reconcile.match import Matching
from ledger.storage import Store, now
from tests.ledger.reconcile import june
from tests.ledger.reconcile.small_book import BOOK, BOOK_ID, open_book, post, post_month
from tests.ledger.reconcile.test_run import BOC, ICBC, JULY_1, JUNE_1, bring, run

TODAY = date(2023, 7, 5)


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    set_language("zh_CN")
    yield
    set_language("zh_CN")


@pytest.fixture
def june_store(store: Store) -> Store:
    """The book at the end of June, both statements in and reconciled."""
    open_book(store)
    post_month(store, JUNE_1, june.JUNE)
    bring(store, "202306")
    run(store)
    return store


def unmatched(store: Store, reference: str = "JK-0609") -> tuple[str, str]:
    """Take one automatic match apart; gives its book and bank refs."""
    with store.writing(BOOK_ID) as session:
        lines = reconcile.show(session, BOOK_ID, ICBC, "2023-06")
        number = lines.filter(reference=reference)["match_id"][0]
        reconcile.unmatch(session, BOOK_ID, number, reason="核对有误", operator="lead")
    refs = dict(lines.filter(match_id=number).select("side", "ref").iter_rows())
    return refs["book"], refs["bank"]


def test_a_dismissed_proposal_is_not_proposed_again_until_it_is_taken_back(june_store: Store) -> None:
    """Nor matched; the dismissal and its undoing are facts with a person and a reason."""
    book_ref, bank_ref = unmatched(june_store)

    def proposed() -> set[str]:
        with june_store.reading() as session:
            waiting = review.queue(session, BOOK_ID, BOOK, ICBC, june.JUNE)
        return {ref for one in waiting if one.ref == book_ref for chosen in one.candidates for ref in chosen.refs}

    assert bank_ref in proposed()
    with june_store.writing(BOOK_ID) as session:
        with pytest.raises(Refused, match="理由"):
            review.dismiss(session, BOOK_ID, ICBC, [book_ref, bank_ref], reason=" ", operator="lead", today=TODAY)
        with pytest.raises(Refused, match="至少两行"):
            review.dismiss(session, BOOK_ID, ICBC, [book_ref], reason="x", operator="lead", today=TODAY)
        with pytest.raises(NotFound):
            review.dismiss(session, BOOK_ID, ICBC, [book_ref, "999"], reason="x", operator="lead", today=TODAY)
        number = review.dismiss(
            session, BOOK_ID, ICBC, [book_ref, bank_ref], reason="不同客户", operator="lead", today=TODAY
        )
        with pytest.raises(Refused, match="已包含"):
            review.dismiss(session, BOOK_ID, ICBC, [bank_ref, book_ref], reason="再来", operator="lead", today=TODAY)
    assert bank_ref not in proposed()
    assert 0 == run(june_store).new_matches
    with june_store.writing(BOOK_ID) as session:
        standing = dismissals.dismissed(session, BOOK_ID, "1002.01")
        assert [("lead", "不同客户")] == [(fact.operator, fact.get("reason")) for fact in standing.values()]
        with pytest.raises(NotFound):
            review.undismiss(session, BOOK_ID, 9, reason="x", operator="lead", today=TODAY)
        review.undismiss(session, BOOK_ID, number, reason="看错", operator="lead", today=TODAY)
        with pytest.raises(Refused, match="已撤回"):
            review.undismiss(session, BOOK_ID, number, reason="x", operator="lead", today=TODAY)
    assert bank_ref in proposed()
    assert 1 == run(june_store).new_matches


def test_what_is_left_of_a_run_is_numbered_anew() -> None:
    """Only the very set is kept out; a larger match that holds its lines stands."""
    items = pl.DataFrame(
        [(1, "book", "1:1", 5), (1, "bank", "1", 5), (2, "book", "2:1", 7), (2, "bank", "2", 7), (2, "bank", "3", 0)],
        schema=ITEMS,
        orient="row",
    )
    matches = pl.DataFrame([(number, "reference", "2", "{}") for number in (1, 2)], schema=MATCHES, orient="row")
    keys = [dismissals.key_of([("bank", "1"), ("book", "1:1")]), dismissals.key_of([("book", "2:1"), ("bank", "2")])]
    left = dismissals.without_dismissed_matches(Matching(matches=matches, items=items), keys)
    assert [1] == left.matches["match_id"].to_list()
    assert {("book", "2:1"), ("bank", "2"), ("bank", "3")} == set(left.items.select("side", "ref").iter_rows())


# -- the follow-up log ------------------------------------------------------------------------------


def test_follow_up(june_store: Store) -> None:
    """Each entry is a fact, the last word on each of the four counts; due until the line is matched."""
    with june_store.reading() as session:
        items = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE).items
    ref = items.filter(reference="JK-0331")["ref"][0]

    def add(**said: object) -> None:
        with june_store.writing(BOOK_ID) as session:
            review.follow_up(session, BOOK_ID, ICBC, ref, operator="lead", today=TODAY, **said)  # type: ignore[arg-type]

    add(enquiry="已函询银行", next_date=date(2023, 7, 10), owner="L01")
    add(answer="查无此款")
    with pytest.raises(Refused, match="请写明"):
        add()
    with pytest.raises(Refused, match="早于今天"):
        add(next_date=date(2023, 7, 1))
    with pytest.raises(Refused, match="不再跟进"), june_store.writing(BOOK_ID) as session:
        review.follow_up(session, BOOK_ID, ICBC, "1", answer="x", operator="lead", today=TODAY)
    with june_store.reading() as session:
        rows = review.outstanding(session, BOOK_ID, BOOK, june.JUNE, ICBC)
        state = next(row["follow_up"] for row in rows if row["ref"] == ref)
        assert ("2023-07-05 已函询银行", "2023-07-05 查无此款", "L01", date(2023, 7, 10)) == (
            state.action(), state.reply(), state.owner, state.next_date,
        )  # fmt: skip
        assert [] == followups.due(session, BOOK_ID, date(2023, 7, 9))
        assert [("1002.01", "book", ref)] == [
            item for item, _state in followups.due(session, BOOK_ID, date(2023, 7, 10))
        ]
    post(june_store, [("1002.01", -200_00, june.JULY, "cash_deposit", "JK-0331-R", "注销", "JK-0331", None)])
    with june_store.writing(BOOK_ID) as session:
        lines = reconcile.show(session, BOOK_ID, ICBC, "2023-07")
        red = lines.filter(side="book", amount=-200_00)["ref"][0]
        reconcile.match_by_hand(session, BOOK_ID, ICBC, [ref, red], reason="银行查无,冲回", operator="lead")
        assert [] == followups.due(session, BOOK_ID, date(2023, 7, 31))


# -- as it was known --------------------------------------------------------------------------------


def test_a_past_table_comes_out_identical(june_store: Store) -> None:
    """As of June, as known before: whatever is imported, matched, undone or noted later changes nothing."""
    moment = now()
    with june_store.reading() as session:
        before = {bank.code: reconcile.table(session, BOOK_ID, BOOK, bank, june.JUNE) for bank in (ICBC, BOC)}
        items = review.outstanding(session, BOOK_ID, BOOK, june.JUNE, ICBC)
    unmatched(june_store)
    post(june_store, [("1002.01", 77_00, june.JUNE, "cash_deposit", "JK-0699", "漏记", "JK-0699", None)])
    post_month(june_store, JULY_1, june.JULY)
    bring(june_store, "202307")
    run(june_store, "2023-07")
    with june_store.writing(BOOK_ID) as session:
        reconcile.note(session, BOOK_ID, ICBC, "24", reason="银行误扣", operator="lead")
        ref = next(item["ref"] for item in items if item["reference"] == "JK-0331")
        review.follow_up(session, BOOK_ID, ICBC, ref, answer="查无此款", operator="lead", today=TODAY)
    with june_store.reading() as session:
        for bank in (ICBC, BOC):
            again = reconcile.table(session, BOOK_ID, BOOK, bank, june.JUNE, known_at=moment)
            assert before[bank.code].rows.equals(again.rows)
        assert items == review.outstanding(session, BOOK_ID, BOOK, june.JUNE, ICBC, known_at=moment)
        changed = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE)
    assert not before["1002.01"].rows.equals(changed.rows)
    assert 77_00 == changed.book_balance - before["1002.01"].book_balance


# -- patterns and ages ---------------------------------------------------------------------------------


def test_patterns(june_store: Store) -> None:
    """Three month ends, in and out, by hand; each names what it saw."""
    post(june_store, [("1002.01", 640_00, date(2023, 6, 20), "cash_deposit", "JK-0620", "暂存", "JK-0620", None)])
    post(june_store, [("1002.01", -640_00, date(2023, 6, 24), "refund", "TK-0624", "退回", "TK-0624", None)])
    book_ref, bank_ref = unmatched(june_store)
    with june_store.writing(BOOK_ID) as session:
        number = reconcile.match_by_hand(session, BOOK_ID, ICBC, [book_ref, bank_ref], reason="看过", operator="lead")
    with june_store.reading() as session:
        loaded = reconcile.load(session, BOOK_ID, ICBC, june.JUNE)
        items = loaded.adjusted(BOOK, june.JUNE).items
        seen = review.seen_patterns(session, BOOK_ID, ICBC, loaded, items, june.JUNE)
        rows = review.outstanding(session, BOOK_ID, BOOK, june.JUNE, ICBC)
    assert [(date(2023, 3, 31), 4)] == seen.filter(pattern="three_ends").select("date", "number").rows()
    trips = seen.filter(pattern="round_trip")
    assert [640_00, -640_00] == trips["amount"].to_list()
    assert {4} == set(trips["number"])
    assert {("book", book_ref, number), ("bank", bank_ref, number)} == set(
        seen.filter(pattern="by_hand").select("side", "ref", "number").iter_rows()
    )
    assert ["连续 4 个月末未达"] == next(row["patterns"] for row in rows if row["reference"] == "JK-0331")


def test_reopened_after_the_table_was_drawn(june_store: Store) -> None:
    """A match that stood when June was drawn and was undone afterwards is shown; one undone before is not."""
    early, _bank = unmatched(june_store, "JK-0612-1")
    moment = now()
    late, _bank = unmatched(june_store)
    with june_store.reading() as session:
        loaded = reconcile.load(session, BOOK_ID, ICBC, june.JUNE)
        items = loaded.adjusted(BOOK, june.JUNE).items
        refs = items.select(pl.col("category").str.slice(0, 4).alias("side"), "ref")
        undone = review.sql.undone_items(session, BOOK_ID, "1002.01")
    seen = review.patterns(
        loaded.lines(), refs, loaded.items, loaded.matches, undone, june.JUNE, [(june.JUNE, moment)]
    ).filter(pattern="reopened", side="book")
    assert [late] == seen["ref"].to_list()
    assert early in refs["ref"].to_list()


def test_ageing_over_time(june_store: Store) -> None:
    """Month end by month end, the bands of R14 itself."""
    post_month(june_store, JULY_1, june.JULY)
    bring(june_store, "202307")
    run(june_store, "2023-07")
    end = date(2023, 7, 31)
    with june_store.reading() as session:
        loaded = reconcile.load(session, BOOK_ID, ICBC, end)
    shown = ageing(loaded, BOOK, end)
    rows = {row["date"]: row for row in shown.iter_rows(named=True)}
    assert (6, 5, 1, 200_00) == (
        rows[june.JUNE]["count"], rows[june.JUNE]["normal_count"], rows[june.JUNE]["long_count"], rows[june.JUNE]["long_amount"],
    )  # fmt: skip
    assert (1, 1, 200_00) == (rows[end]["count"], rows[end]["long_count"], rows[end]["amount"])
    assert sorted(rows) == list(rows)
