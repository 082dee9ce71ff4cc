"""The acceptance month through the database, on both engines: statements in, matches, R14, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from importers.statements.store import import_statement
from ledger.errors import LawBroken, NotFound, Refused
from ledger.i18n import set_language
from ledger.reconcile import run as reconcile
from ledger.storage import Store
from tests.ledger.reconcile import june
from tests.ledger.reconcile.small_book import BOOK, BOOK_ID, CUTOVER, open_book, post, post_month

STATEMENTS = Path(__file__).parent / "statements"
ICBC, BOC = BOOK.bank("工行0101"), BOOK.bank("中行0202")
JUNE_1, JULY_1 = date(2023, 6, 1), date(2023, 7, 1)


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    set_language("zh_CN")
    yield
    set_language("zh_CN")


@pytest.fixture
def june_store(store: Store) -> Store:
    """The book at the end of June, both statements in, not yet reconciled."""
    open_book(store)
    post_month(store, JUNE_1, june.JUNE)
    bring(store, "202306")
    return store


def bring(store: Store, month: str) -> None:
    with store.writing(BOOK_ID) as session:
        for bank in (ICBC, BOC):
            path = STATEMENTS / f"{month}_{bank.ascii}.csv"
            import_statement(session, BOOK_ID, bank, path, operator="lead", cutover=CUTOVER)


def run(store: Store, month: str = "2023-06") -> reconcile.Summary:
    with store.writing(BOOK_ID) as session:
        reconcile.run(session, BOOK_ID, BOOK, BOC, month, operator="lead")
        return reconcile.run(session, BOOK_ID, BOOK, ICBC, month, operator="lead")


def test_june(june_store: Store) -> None:
    """R14 of §5 from the database; 中行 has no items; R15 the 200.00; a second run adds nothing."""
    summary = run(june_store)
    assert {"reference": 20, "party": 1} == summary.matched
    assert 0 == run(june_store).new_matches
    with june_store.reading() as session:
        icbc = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE)
        boc = reconcile.table(session, BOOK_ID, BOOK, BOC, june.JUNE)
        every = reconcile.outstanding(session, BOOK_ID, BOOK, june.JUNE)
    assert (2_972_80, 5_206_75, 5_326_75, 5_326_75) == (
        icbc.book_balance, icbc.bank_balance, icbc.book_adjusted, icbc.bank_adjusted,
    )  # fmt: skip
    assert [
        ("bank_in_not_book", 2_400_00),
        ("bank_out_not_book", 31_05),
        ("bank_out_not_book", 15_00),
        ("book_in_not_bank", 820_00),
        ("book_in_not_bank", 200_00),
        ("book_out_not_bank", 900_00),
    ] == icbc.items.select("category", "amount").rows()
    assert [(date(2023, 3, 31), 200_00, 91, "long")] == icbc.long_items.select(
        "date", "amount", "age_days", "band"
    ).rows()
    assert (2_736_81, 2_736_81, 0) == (boc.book_adjusted, boc.bank_adjusted, boc.items.height)
    assert 6 == every.height


def test_july_and_the_june_table_again(june_store: Store) -> None:
    """After §6.6 only the 200.00 remains, and June's table comes out as it was."""
    run(june_store)
    with june_store.reading() as session:
        before = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE)
    post_month(june_store, JULY_1, june.JULY)
    bring(june_store, "202307")
    assert {"reference": 4, "party": 1} == run(june_store, "2023-07").matched
    with june_store.reading() as session:
        july = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JULY)
        again = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE)
    assert [("book_in_not_bank", 200_00, "JK-0331")] == july.items.select("category", "amount", "reference").rows()
    assert (5_326_75, 5_126_75, 5_326_75, 5_326_75) == (
        july.book_balance, july.bank_balance, july.book_adjusted, july.bank_adjusted,
    )  # fmt: skip
    assert before.rows.equals(again.rows)


def test_explain(june_store: Store) -> None:
    """Matched and unmatched lines alike, in Chinese and in English."""
    run(june_store)
    with june_store.reading() as session:

        def say(ref: str, bank: str = "工行0101") -> str:
            return reconcile.explain(session, BOOK_ID, BOOK, ref, bank=BOOK.bank(bank))

        matched, fee = say("1"), say("24")
        assert "单据号 JK609 相同且金额 120.80 相同,双方唯一" in matched
        assert "未勾对:企业没有金额 15.00 的未达流水" == fee
        set_language("en")
        assert "JK609" in say("1")
        assert "120.80" in say("1")
        with pytest.raises(NotFound):
            say("999")


def test_by_hand_and_back(june_store: Store) -> None:
    """Unmatch, match by hand with a reason; a line stands in one match only; undo is a fact."""
    run(june_store)
    with june_store.reading() as session:
        lines = reconcile.show(session, BOOK_ID, ICBC, "2023-06")
    line = lines.filter(reference="JK-0609").row(0, named=True)
    bank_ref = lines.filter(side="bank", match_id=line["match_id"])["ref"][0]
    with june_store.writing(BOOK_ID) as session:
        with pytest.raises(Refused, match="已在第"):
            reconcile.match_by_hand(session, BOOK_ID, ICBC, [line["ref"], bank_ref], reason="x", operator="lead")
        reconcile.unmatch(session, BOOK_ID, line["match_id"], reason="核对有误", operator="lead")
        with pytest.raises(Refused, match="已取消"):
            reconcile.unmatch(session, BOOK_ID, line["match_id"], reason="再来", operator="lead")
        with pytest.raises(Refused, match="理由"):
            reconcile.match_by_hand(session, BOOK_ID, ICBC, [line["ref"], bank_ref], reason=" ", operator="lead")
        with pytest.raises(Refused, match="不等"):
            reconcile.match_by_hand(session, BOOK_ID, ICBC, [line["ref"], "24"], reason="错", operator="lead")
        number = reconcile.match_by_hand(
            session, BOOK_ID, ICBC, [line["ref"], bank_ref], reason="看过回单", operator="lead"
        )
        assert "人工勾对,理由:看过回单" in reconcile.explain(session, BOOK_ID, BOOK, line["ref"])
        assert number > line["match_id"]
    with june_store.reading() as session:
        assert 5_326_75 == reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE).bank_adjusted


def test_note(june_store: Store) -> None:
    """A person's reason and words on an item; the last one holds."""
    run(june_store)
    with june_store.writing(BOOK_ID) as session:
        for reason in ("查询中", "银行误扣"):
            reconcile.note(session, BOOK_ID, ICBC, "24", reason=reason, text="收入户不得扣,追回", operator="lead")
        with pytest.raises(Refused, match="原因"):
            reconcile.note(session, BOOK_ID, ICBC, "24", reason="", operator="lead")
    with june_store.reading() as session:
        item = reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE).items.filter(ref="24").row(0, named=True)
    assert ("银行误扣", "网银转账手续费 手续费 收入户不得扣,追回") == (item["reason"], item["memo"])


def test_a_reversed_entry_cancels_inside_the_book(june_store: Store) -> None:
    """A wrong entry and its red letter meet each other, whatever the bank says."""
    wrong = post(june_store, [("1002.01", 50_00, june.JUNE, "cash_deposit", "JK-0630", "缴存", "JK-0630", None)])
    post(
        june_store,
        [("1002.01", -50_00, june.JUNE, "cash_deposit", "JK-0630-R", "注销", "JK-0630", None)],
        reverses=wrong,
    )
    assert 1 == run(june_store).matched["reversal"]
    with june_store.reading() as session:
        assert 6 == reconcile.table(session, BOOK_ID, BOOK, ICBC, june.JUNE).items.height


# -- the laws ------------------------------------------------------------------------------------------

ITEM = "INSERT INTO match_item (book_id, match_id, side, ref, amount) VALUES (1, {match}, 'bank', '{ref}', 1)"
MATCH = (
    "INSERT INTO match (book_id, match_id, bank, stage, rule_version, evidence, undoes, operator, recorded_at)"
    " VALUES (1, {match}, '1002.01', 'manual', '1', '{{}}', {undoes}, 'x', 'x')"
)


def attack(store: Store, *statements: str) -> str:
    """The law that the last statement breaks."""
    with pytest.raises(LawBroken) as refused:
        write(store, statements)
    return refused.value.law


def write(store: Store, statements: tuple[str, ...]) -> None:
    with store.writing(BOOK_ID) as session:
        for statement in statements:
            session.execute(statement)


def test_no_line_in_two_matches(june_store: Store) -> None:
    run(june_store)
    with june_store.reading() as session:
        last = int(session.rows("SELECT max(match_id) FROM match")[0][0])
    new = MATCH.format(match=last + 1, undoes="NULL")
    assert "matched" == attack(june_store, new, ITEM.format(match=last + 1, ref="1"))
    assert "orphan" == attack(june_store, ITEM.format(match=last + 1, ref="24"))
    assert "sequence" == attack(june_store, MATCH.format(match=last + 2, undoes="NULL"))
    assert "undo" == attack(june_store, MATCH.format(match=last + 1, undoes=last + 7))
    undone = MATCH.format(match=last + 1, undoes=last)
    assert "duplicate" == attack(june_store, undone, MATCH.format(match=last + 2, undoes=last))
    assert "orphan" == attack(june_store, undone, ITEM.format(match=last + 1, ref="24"))


TABLES = ("source_file", "statement", "statement_line", "match", "match_item", "reconciliation_note")


@pytest.mark.parametrize("table", TABLES)
def test_nothing_of_the_bank_changes(june_store: Store, table: str) -> None:
    """UPDATE and DELETE are refused by the database itself."""
    run(june_store)
    with june_store.writing(BOOK_ID) as session:
        reconcile.note(session, BOOK_ID, ICBC, "24", reason="x", operator="lead")
    for statement in (f"UPDATE {table} SET book_id = 2", f"DELETE FROM {table}"):
        assert attack(june_store, statement) in {"immutable", "privilege"}


def test_lines_belong_to_a_statement_of_their_bank(june_store: Store) -> None:
    line = (
        "INSERT INTO statement_line (book_id, line_id, statement_id, line_no, bank, date, amount_in, amount_out,"
        " identity, occurrence) VALUES (1, {line}, {statement}, 1, '{bank}', '2023-06-30', {a}, {b}, 'x', 0)"
    )
    with june_store.reading() as session:
        last = int(session.rows("SELECT max(line_id) FROM statement_line")[0][0])
    fit = {"line": last + 1, "statement": 1, "bank": "1002.01", "a": 1, "b": 0}
    assert "orphan" == attack(june_store, line.format(**fit | {"statement": 9}))
    assert "orphan" == attack(june_store, line.format(**fit | {"bank": "1002.02"}))
    assert "sequence" == attack(june_store, line.format(**fit | {"line": last + 2}))
    assert "line" == attack(june_store, line.format(**fit | {"b": 1}))
    assert "duplicate" == attack(june_store, line.format(**fit), line.format(**fit | {"line": last + 2}))
