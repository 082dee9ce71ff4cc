"""The book as it was known at a checkpoint: every table holds what it held then, whatever came later."""

from __future__ import annotations

import datetime as dt

import polars as pl

from commands import demo
from importers.statements.store import import_statement
from ledger import views
from ledger.integrity import newest
from ledger.journal import Ledger
from ledger.periods import close_month
from ledger.reconcile import run
from ledger.storage import known
from ledger.storage.engine import Session, now
from ledger.storage.log import BATCH_TABLES, mode
from ledger.storage.tables import metadata
from tests.ledger.people.june import AFTER, sign_all
from tests.ledger.people.june import built as built
from tests.ledger.people.june import june as june

LOGGED = sorted(
    {*BATCH_TABLES, "seal", "voucher_mark", "balance_delta", "log"}
    | {name for name in metadata.tables if name not in BATCH_TABLES and mode(name)}
)
END = dt.date(2023, 6, 30)


def held(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Every logged table, row by row."""
    found = {}
    for name in LOGGED:
        columns = ", ".join(f'"{part.name}"' for part in metadata.tables[name].columns if part.name != "hashes")
        found[name] = sorted(session.rows(f'SELECT {columns} FROM "{name}"'), key=str)
    return found


def go_on(ledger: Ledger) -> None:
    """One more row, at least, in every table that people write to."""
    sign_all(ledger)
    close_month(ledger, "2023-06", operator="K01", today=AFTER)
    july = demo.demo_files() / "2023-07"
    demo._documents(ledger, july)
    for path in sorted((july / "statements").iterdir()):
        with ledger.store.writing(1) as session:
            import_statement(session, 1, ledger.book.bank(path.stem), path, operator="L01", cutover=ledger.book.cutover)
    with ledger.store.writing(1) as session:
        item = run.outstanding(session, 1, ledger.book, END).row(0, named=True)
        run.note(session, 1, ledger.book.bank(item["bank"]), item["ref"], reason="新的原因", operator="L01")
        (match,) = session.rows("SELECT max(match_id) FROM match WHERE undoes IS NULL")[0]
        run.unmatch(session, 1, match, reason="勾错", operator="L01")
        account = {"book_id": [1], "account": ["9999"], "required": [0], "opened": [AFTER]}
        session.insert("account", pl.DataFrame(account))
        session.insert(
            "book_config",
            pl.DataFrame(
                {
                    "book_id": [1], "version": [2], "book_toml": ["x"], "chart_toml": ["y"], "operator": ["T01"],
                    "recorded_at": [now()],
                }
            ),
        )  # fmt: skip


def test_every_table_is_what_it_was(june: Ledger) -> None:
    """Also views, and the newest checkpoint; the next session sees everything again."""
    with june.store.reading() as session:
        before, seq, said = held(session), newest(session, 1).seq, views.state(session, 1)
        open_then = run.outstanding(session, 1, june.book, END)
    go_on(june)
    with june.store.reading() as session:
        now_held = held(session)
        known.at(session, 1, seq)
        assert held(session) == before
        assert (newest(session, 1).seq, views.state(session, 1)) == (seq, said)
        assert run.outstanding(session, 1, june.book, END).equals(open_then)
    grown = {name for name in LOGGED if len(now_held[name]) > len(before[name])}
    assert grown >= {
        "account", "balance_delta", "batch", "book_config", "day_event", "entry", "fact", "log", "match", "period_event",
        "posting", "reconciliation_note", "seal", "statement", "statement_line", "voucher_mark",
    }  # fmt: skip
    with june.store.reading() as session:
        assert held(session) == now_held


def test_log_rows_by_batch_and_size(june: Ledger) -> None:
    with june.store.reading() as session:
        (last,) = session.rows("SELECT max(batch_id) FROM batch")[0]
        seq = known.row_of_batch(session, 1, last)
        size, root = session.rows("SELECT first_leaf + leaves, root FROM log WHERE seq = :s", s=seq)[0]
        assert known.row_of_size(session, 1, size) == (seq, root)
        assert known.row_of_size(session, 1, size - 1) is None
