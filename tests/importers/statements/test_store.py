"""Into the book: identity by occurrence, the chain of balances, the same file twice; both engines."""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.statements.identity import as_known, with_identity
from importers.statements.statement import LINES
from importers.statements.store import Imported, import_empty, import_statement
from ledger.errors import ImportRejected, Refused
from ledger.money import decimal_text
from ledger.operators import appoint
from ledger.reconcile.difference import analyse
from ledger.reconcile.loaded import load
from ledger.storage import Store
from ledger.storage import bank as sql
from tests.ledger.reconcile.small_book import BOOK, BOOK_ID, CUTOVER, open_book

BOC, ICBC = BOOK.bank("中行0202"), BOOK.bank("工行0101")
HEAD = "交易日期,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额"
Line = tuple[str, int, str, str]
"""Date, signed fen, serial, text."""
OTHERS = pl.DataFrame(
    schema={"bank": pl.String, "side": pl.String, "ref": pl.String, "date": pl.Date, "amount": pl.Int64}
)
"""The open lines of other accounts."""


@pytest.fixture
def book(store: Store) -> Store:
    open_book(store)
    return store


def file(opening: int, *lines: Line, closing: int | None = None) -> bytes:
    """A generic statement with running balances."""
    rows, balance = [HEAD, f",,期初余额,,,,,{decimal_text(opening)}"], opening
    for day, amount, serial, text in lines:
        balance += amount
        sides = ["", decimal_text(amount)] if amount > 0 else [decimal_text(-amount), ""]
        rows.append(f"{day},{serial},{text},,,{','.join(sides)},{decimal_text(balance)}")
    if closing is not None:
        rows.append(f",,期末余额,,,,,{decimal_text(closing)}")
    return "\n".join(rows).encode()


def bring(store: Store, content: bytes, **options: Any) -> Imported:
    with store.writing(BOOK_ID) as session:
        return import_statement(
            session, BOOK_ID, BOC, content, operator="lead", cutover=CUTOVER, name="x.csv", **options
        )


def refused(store: Store, content: bytes, **options: Any) -> str:
    """The refusal; and nothing was stored."""
    before = stored(store)
    with pytest.raises(ImportRejected) as error:
        bring(store, content, **options)
    assert before == stored(store)
    return str(error.value)


def stored(store: Store) -> list[tuple[str, int]]:
    with store.reading() as session:
        lines = sql.bank_lines(session, BOOK_ID, BOC.code)
    return lines.select(pl.col("date").cast(pl.String), pl.col("amount_in") - pl.col("amount_out")).rows()


A: Line = ("2023-06-05", 5000, "", "转账 水费")
B: Line = ("2023-06-05", 5000, "", "转账 水费")
C: Line = ("2023-06-12", -700, "", "手续费")
D: Line = ("2023-06-20", 1200, "", "转账")


def test_same_file_again_is_a_no_op_that_says_when(book: Store) -> None:
    first = bring(book, file(300_000, A, C))
    assert (False, 2, 2) == (first.already, first.lines, first.new_lines)
    again = bring(book, file(300_000, A, C))
    assert again.already
    assert first.statement_id == again.statement_id
    assert str(again.recorded_at) in again.text()
    assert 2 == len(stored(book))


def test_original_bytes_are_kept(book: Store) -> None:
    content = file(300_000, A)
    bring(book, content)
    with book.reading() as session:
        rows = session.rows("SELECT f.bytes FROM source_file f JOIN statement s ON s.sha256 = f.sha256")
    assert [content] == [bytes(row[0]) for row in rows]


def test_overlap_is_the_maximum_of_counts(book: Store) -> None:
    """True twins stay two; what the next export repeats is not doubled; what is late comes in."""
    bring(book, file(300_000, A, B))
    again = bring(book, file(300_000, A, B, C))
    assert (3, 1) == (again.lines, again.new_lines)
    bring(book, file(309_300, D))
    assert [("2023-06-05", 5000), ("2023-06-05", 5000), ("2023-06-12", -700), ("2023-06-20", 1200)] == stored(book)


def test_export_that_begins_within_the_day(book: Store) -> None:
    """The second twin of the day came in the afternoon, in the next file."""
    bring(book, file(300_000, A))
    assert 2 == bring(book, file(305_000, B, C)).new_lines
    assert 3 == len(stored(book))


FEE: Line = ("2023-06-05", -700, "", "手续费")
LATE: Line = ("2023-06-06", 250, "", "补记")


def numbered(line: Line, serial: str) -> Line:
    return (line[0], line[1], serial, line[3])


def test_newest_first_is_the_same_export(book: Store) -> None:
    content = file(300_000, A, B, C, D)
    bring(book, content)
    head, _opening, *rows = content.decode().splitlines()
    assert 0 == bring(book, "\n".join([head, *reversed(rows)]).encode()).new_lines


@pytest.mark.parametrize(("before", "order"), [((), (FEE, A, B)), ((("2023-06-03", 100, "", "转账"),), (A, FEE, B))])
def test_a_day_in_another_order_is_not_doubled(book: Store, before: tuple[Line, ...], order: tuple[Line, ...]) -> None:
    """The balances beside the lines are others, on the file's first day or within; the lines are the same."""
    bring(book, file(300_000, *before, A, B, FEE))
    again = bring(book, file(300_000, *before, *order, C))
    assert 1 == again.new_lines
    assert len(before) + 4 == len(stored(book))


def test_a_line_that_comes_late_comes_in(book: Store) -> None:
    """It shifts every later balance of the bank; nothing is doubled, nothing lost, the chain goes on."""
    bring(book, file(300_000, A, B, C))
    again = bring(book, file(300_000, A, B, LATE, C, D))
    assert (5, 2) == (again.lines, again.new_lines)
    assert [5000, 5000, -700, 250, 1200] == [amount for _day, amount in stored(book)]
    assert 1 == bring(book, file(310_750, ("2023-06-25", 5, "", "x"))).new_lines


def test_a_late_line_between_numbered_ones(book: Store) -> None:
    bring(book, file(300_000, numbered(A, "1"), numbered(B, "2"), numbered(C, "3")))
    lines = [numbered(A, "1"), numbered(LATE, "9"), numbered(B, "2"), numbered(C, "3")]
    assert 1 == bring(book, file(300_000, *lines)).new_lines


def test_a_twin_that_comes_late_is_a_line_more(book: Store) -> None:
    """Three of a kind where two were known: one is new."""
    bring(book, file(300_000, A, B, C))
    again = bring(book, file(300_000, A, B, ("2023-06-05", 5000, "", "转账 水费"), C))
    assert 1 == again.new_lines
    assert 3 == [amount for _day, amount in stored(book)].count(5000)


@pytest.mark.parametrize("opening", [300_000 - 1, 309_300 + 1])
def test_opening_is_the_last_closing(book: Store, opening: int) -> None:
    """A gap names the dates, both balances and the amount."""
    bring(book, file(300_000, A, B, C))
    message = refused(book, file(opening, D))
    assert "2023-06-20" in message
    assert "2023-06-12" in message
    assert decimal_text(abs(opening - 309_300)).lstrip("0") in message.replace(",", "")


def test_first_opening_is_the_opening_files(book: Store) -> None:
    message = refused(book, file(300_001, A))
    assert "3,000.01" in message
    assert "3,000.00" in message


def test_missing_period_is_a_gap(book: Store) -> None:
    bring(book, file(300_000, A))
    assert "不衔接" in refused(book, file(309_300, D))


def test_file_that_lost_a_known_line_is_refused(book: Store) -> None:
    bring(book, file(300_000, A, C, D))
    assert "缺少已导入的 1 行" in refused(book, file(300_000, A, D))


def test_serial_that_returns_with_other_content_shows_both(book: Store) -> None:
    bring(book, file(300_000, ("2023-06-05", 5000, "S77", "转账"), ("2023-06-06", 100, "S78", "转账")))
    message = refused(book, file(300_000, ("2023-06-05", 5100, "S77", "转账"), ("2023-06-06", 100, "S78", "转账")))
    assert "S77" in message
    assert "50.00" in message
    assert "51.00" in message


def test_one_serial_may_number_a_transfer_and_its_fee(book: Store) -> None:
    both = [("2023-06-05", -5000, "S77", "转账"), ("2023-06-05", -50, "S77", "手续费")]
    assert 2 == bring(book, file(300_000, *both)).new_lines
    assert 0 == bring(book, file(300_000, *both, closing=294_950)).new_lines


def test_serials_may_begin_anew_next_month(book: Store) -> None:
    bring(book, file(300_000, ("2023-06-05", 5000, "1", "转账")))
    assert 1 == bring(book, file(305_000, ("2023-07-05", 700, "1", "转账"))).new_lines


def test_figures_that_do_not_tie_need_a_persons_word(book: Store) -> None:
    """Refused with the amount; accepted, the difference stays on record and in the bank's balance."""
    broken = file(300_000, A, closing=305_100)
    message = refused(book, broken)
    assert "1.00" in message
    assert "--accept-differences" in message
    assert 1 == bring(book, broken, accept_differences=True).new_lines
    with book.reading() as session:
        assert [1_00] == sql.statements(session, BOOK_ID, BOC.code)["difference"].to_list()
    assert 1 == bring(book, file(305_100, C)).new_lines


def without(content: bytes, row: int) -> bytes:
    """The file with one of its rows missing."""
    rows = content.split(b"\n")
    return b"\n".join(rows[:row] + rows[row + 1 :])


@pytest.mark.parametrize("turned", [False, True])
def test_a_missing_middle_line_stays_on_record(book: Store, turned: bool) -> None:
    """Refused by its row and amount; accepted, the gap is the statement's difference, and the next one chains."""
    broken = without(file(300_000, A, C, D), 3)
    if turned:  # no balance but those beside the lines, the newest first
        head, _opening, *rows = broken.split(b"\n")
        broken = b"\n".join([head, *reversed(rows)])
    message = refused(book, broken)
    assert "-7.00" in message
    assert "--accept-differences" in message
    made = bring(book, broken, accept_differences=True)
    assert (300_000, 305_500, 2) == (made.opening, made.closing, made.new_lines)
    with book.reading() as session:
        assert [-7_00] == sql.statements(session, BOOK_ID, BOC.code)["difference"].to_list()
        loaded = load(session, BOOK_ID, BOC)
        assert loaded.adjusted(BOOK, date(2023, 6, 30)).bank_balance == 305_500
        found = analyse(loaded, 7_00, loaded.lines().select("side", "ref").clear(), OTHERS)
    assert ("statement", "x.csv", 7_00) in found.select("cause", "ref", "difference").rows()
    assert 1 == bring(book, file(305_500, ("2023-07-05", 100, "", "转账"))).new_lines


def test_a_difference_is_accepted_once(book: Store) -> None:
    """The same days again: with the same gap nothing more is accepted, whole again nothing is left of it."""

    def differences() -> list[int]:
        with book.reading() as session:
            return sql.statements(session, BOOK_ID, BOC.code)["difference"].to_list()

    bring(book, without(file(300_000, A, C, D), 3), accept_differences=True)
    longer: tuple[Line, ...] = (A, C, D, ("2023-06-25", 100, "", "转账"))
    bring(book, without(file(300_000, *longer), 3), accept_differences=True)
    assert [-7_00, 0] == differences()
    bring(book, file(300_000, *longer))
    assert [-7_00, 0, 7_00] == differences()
    assert 1 == bring(book, file(305_600, ("2023-07-05", 100, "", "转账"))).new_lines


def test_who_may_bring_in_statements(book: Store) -> None:
    """Domain §3: a lead or an accountant; in a book without people whoever it is."""

    def as_(who: str) -> Imported:
        with book.writing(BOOK_ID) as session:
            return import_statement(
                session, BOOK_ID, BOC, file(300_000, A), operator=who, cutover=CUTOVER, name="x.csv"
            )

    june = {"opening": 300_000, "from_date": date(2023, 6, 1), "to_date": date(2023, 6, 2), "cutover": CUTOVER}
    with book.writing(BOOK_ID) as session:
        for person, role in (("admin", "administrator"), ("teller", "cashier"), ("head", "lead")):
            appoint(session, BOOK_ID, BOOK, person, by="admin", today=CUTOVER, name=f"{person}!", role=role)
    for nobody in ("teller", "admin", "stranger"):
        with pytest.raises(Refused):
            as_(nobody)
        with pytest.raises(Refused), book.writing(BOOK_ID) as session:
            import_empty(session, BOOK_ID, BOC, operator=nobody, **june)
    assert [] == stored(book)
    assert 1 == as_("head!").new_lines
    with book.reading() as session:
        assert [("head",)] == [tuple(row) for row in session.rows("SELECT operator FROM statement")]


def test_lines_of_before_the_books(book: Store) -> None:
    assert "启用日" in refused(book, file(295_000, ("2023-05-31", 5000, "", "x"), C))


def test_wrong_currency_and_account(book: Store) -> None:
    text = file(300_000, A).decode()
    other = "\n".join(("币种," if i == 0 else "USD,") + row for i, row in enumerate(text.splitlines()))
    assert "币种" in refused(book, other.encode())
    number = "\n".join(("账号," if i == 0 else "999,") + row for i, row in enumerate(text.splitlines()))
    assert BOC.number in refused(book, number.encode())


def test_direction_is_pinned(book: Store) -> None:
    """The account's files were read one way; one that proves the other way is stopped."""
    bring(book, file(300_000, A, C))
    turned = file(304_300, ("2023-06-20", 1200, "", "x"), ("2023-06-21", -300, "", "y")).decode()
    rows = [row.split(",") for row in turned.splitlines()]
    swapped = "\n".join(
        ",".join([*row[:5], row[6], row[5], row[7]]) if i else ",".join(row) for i, row in enumerate(rows)
    )
    assert "相反" in refused(book, swapped.encode())
    assert "相反" in refused(book, turned.encode(), direction="debit_in")


def test_empty_month(book: Store) -> None:
    """--opening --from --to: chained like any other, and once only."""
    bring(book, file(300_000, A))
    july = {"from_date": date(2023, 7, 1), "to_date": date(2023, 7, 31), "operator": "lead", "cutover": CUTOVER}
    with pytest.raises(ImportRejected, match="不衔接"), book.writing(BOOK_ID) as session:
        import_empty(session, BOOK_ID, BOC, opening=1, **july)
    with book.writing(BOOK_ID) as session:
        made = import_empty(session, BOOK_ID, BOC, opening=305_000, **july)
        assert (305_000, 0) == (made.closing, made.lines)
        assert import_empty(session, BOOK_ID, BOC, opening=305_000, **july).already


def test_accounts_do_not_mix(book: Store) -> None:
    """The same line at another bank is another line."""
    bring(book, file(300_000, A))
    with book.writing(BOOK_ID) as session:
        made = import_statement(
            session, BOOK_ID, ICBC, file(1_000_000, A), operator="lead", cutover=CUTOVER, name="y.csv"
        )
    assert 1 == made.new_lines


def test_demo_statements_chain(book: Store) -> None:
    """The demo month's own files, June and July, both banks."""
    demo = Path(__file__).parents[3] / "demo"
    if not (demo / "2023-06/statements").exists():
        pytest.skip("demo statements are not here")
    closing = {}
    for month in ("2023-06", "2023-07"):
        for bank in (ICBC, BOC):
            path = demo / month / "statements" / f"{bank.ascii}.csv"
            with book.writing(BOOK_ID) as session:
                made = import_statement(session, BOOK_ID, bank, path, operator="lead", cutover=CUTOVER)
            closing[month, bank.short] = made.closing
    assert {
        ("2023-06", "工行0101"): 5_206_75,
        ("2023-06", "中行0202"): 2_736_81,
        ("2023-07", "工行0101"): 5_126_75,
        ("2023-07", "中行0202"): 2_736_81,
    } == closing


def test_identity_counts_occurrences() -> None:
    rows = [
        {"date": date(2023, 6, 5), "amount_in": 5000, "amount_out": 0, "serial": serial, "row": n}
        for n, serial in enumerate(["", "", "0000", "S1", "S1"])
    ]
    frame = pl.DataFrame(rows).select(
        (pl.col(name) if name in rows[0] else pl.lit(None)).cast(kind).alias(name) for name, kind in LINES.items()
    )
    assert [0, 1, 0, 0, 1] == with_identity(frame)["occurrence"].to_list()
    assert [0, 1, 0, 0, 1] == with_identity(frame, serial_scope="none")["occurrence"].to_list()


def frame_of(moves: list[tuple[int, int]]) -> pl.DataFrame:
    """Lines without serials as a file gives them: day of June, signed fen; the balance runs along."""
    rows, balance = [], 10_000
    for number, (day, move) in enumerate(moves):
        balance += move
        rows.append(
            {
                "date": date(2023, 6, day),
                "amount_in": max(move, 0),
                "amount_out": max(-move, 0),
                "balance": balance,
                "row": number,
            }
        )
    return with_identity(
        pl.DataFrame(rows, schema_overrides={"date": pl.Date}).select(
            (pl.col(name) if name in rows[0] else pl.lit(None)).cast(kind).alias(name) for name, kind in LINES.items()
        )
    )


MOVES = st.tuples(st.integers(1, 3), st.sampled_from([100, 200, -100]))


@settings(max_examples=100, deadline=None)
@given(st.lists(MOVES, min_size=1, max_size=8), st.lists(MOVES, max_size=4), st.randoms())
def test_another_export_of_the_same_days_adds_what_is_new(
    known: list[tuple[int, int]], late: list[tuple[int, int]], chance: Random
) -> None:
    """Whatever the order within a day and whatever came late: overlap is the maximum of counts."""
    again = known + late
    chance.shuffle(again)
    stored = frame_of(sorted(known, key=itemgetter(0)))
    lines = as_known(frame_of(sorted(again, key=itemgetter(0))), stored)
    keys = ["identity", "occurrence"]
    assert lines.select(keys).is_unique().all()
    assert len(late) == lines.join(stored, on=keys, how="anti").height
    assert 0 == stored.join(lines, on=keys, how="anti").height
