"""verify: silent about an honest book, and by name about everything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.audit import verify_proof
from ledger import integrity, leaves
from ledger.checkpoint import memory_signer
from ledger.errors import NotFound, Refused
from ledger.integrity import keys
from ledger.integrity.findings import MOST, Report, titles
from ledger.merkle import leaf_hashes
from ledger.storage import Store, log, proof_sql, schema_check
from tests.ledger.integrity.conftest import batch, fill, ledger_of, note_of
from tests.ledger.storage.test_engine import TEXTS

ByHand = Callable[..., None]


def verified(store: Store, against: str | None = None) -> Report:
    return integrity.verify(ledger_of(store), against=against)


def found(store: Store, against: str | None = None) -> set[tuple[str, str]]:
    """Codes and places, but for the laws that had to be taken out first."""
    report = verified(store, against)
    return {(one.code, one.place) for one in report.findings if not one.code.startswith("law.")}


# --- an honest book ------------------------------------------------------------------------------


def test_honest(full: Store) -> None:
    """Nothing is found, and everything was looked at."""
    report = verified(full, note_of(full))
    assert report.lines_of_text() == []
    assert report.ok
    assert (report.entries, report.lines, report.facts) == (7, 14, 4)
    with full.reading() as session:
        blob = proof_sql.hashes(session, 1)
    assert report.size == len(blob) // 32
    assert report.root in {row.root for row in _log(full)}
    assert report.note == note_of(full)


def test_laws_of_a_new_book(store: Store) -> None:
    """The laws that are there are those that were made, on this version of the database."""
    with store.reading() as session:
        assert schema_check.differences(session) == []


def test_in_memory() -> None:
    """A book in memory has one connection; it is verified all the same."""
    store = Store("sqlite://")
    store.create_schema()
    fill(store)
    assert verified(store).lines_of_text() == []


def test_in_parts(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the history is cut into pages and ranges, it verifies, and one altered line is found where it is."""
    batch(full, 5, entries=9, facts=3)
    batch(full, 6, entries=1, facts=0)
    for chunk, page in ((1, 1), (2, 1), (4, 3), (3, 100)):
        monkeypatch.setattr(integrity.history, "CHUNK", chunk)
        monkeypatch.setattr(integrity.history, "PAGE", page)
        monkeypatch.setattr(proof_sql, "PAGE", page)
        report = verified(full)
        assert report.lines_of_text() == [], (chunk, page)
        assert (report.entries, report.facts) == (17, 7)


def test_progress(full: Store) -> None:
    seen: list[tuple[int, int]] = []
    integrity.verify(ledger_of(full), progress=lambda _what, done, of: seen.append((done, of)))
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1]


# --- what SQLite writes itself is what ledger.leaves writes ------------------------------------------


@given(st.data())
def test_same_bytes(data: st.DataObject) -> None:
    """SQLite's records of entries are those of ``ledger.leaves``, whatever the texts and amounts are."""
    store = Store("sqlite://")
    store.create_schema()
    texts = st.one_of(st.none(), st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=8))
    amounts = st.integers(-(10**15), 10**15)
    with store.reading() as session:
        for (name,) in session.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            session.execute(f'DROP TRIGGER "{name}"')
        session.execute("PRAGMA ignore_check_constraints = ON")
        for entry in (1, 2):
            session.execute(
                "INSERT INTO entry (book_id, entry_id, batch_id, date, period, vtype, vno, kind, event, doc_no, memo, lines, content) "
                "VALUES (1, :e, 1, '2023-06-12', :p, '记', :e, 'k', 'E04', :d, :m, 2, :c)",
                e=entry, p=data.draw(texts) or "", d=f"D{entry}", m=data.draw(texts), c=data.draw(texts) or "",
            )  # fmt: skip
            for line in (1, 2):
                session.execute(
                    "INSERT INTO posting (book_id, entry_id, line, date, account, debit, credit, customer, document) "
                    "VALUES (1, :e, :l, '2023-06-12', 'a', :x, :y, :c, :d)",
                    e=entry, l=line, x=data.draw(amounts), y=data.draw(amounts), c=data.draw(texts), d=data.draw(texts),
                )  # fmt: skip
        entry, posting = (proof_sql._range(session, name, "entry_id", 1, 1, 2) for name in ("entry", "posting"))
        heads = proof_sql.batches(session, 1, 1, 1)
        made = proof_sql.entries(session, "W", 1, 1, 2)
        assert made.hashes == leaf_hashes([one.encode() for one in leaves.entries("W", heads, entry, posting)])
        assert made.deltas["debit"].sum() == posting["debit"].sum()
    store.dispose()


# --- what is altered, by name -------------------------------------------------------------------------

ALTERED: dict[str, tuple[list[str], set[tuple[str, str]]]] = {
    "an amount": (
        ["UPDATE posting SET debit = debit + 1 WHERE entry_id = 3 AND line = 1"],
        {("leaf.altered", "entry 3"), ("entry.law", "entry 3"), ("batch.counts", "batch 2")},
    ),
    "a memo": (["UPDATE entry SET memo = 'x' WHERE entry_id = 3"], {("leaf.altered", "entry 3")}),
    "an entry gone": (
        ["DELETE FROM posting WHERE entry_id = 3", "DELETE FROM entry WHERE entry_id = 3"],
        {("leaf.missing", "entry 3"), ("batch.counts", "batch 2")},
    ),
    "a line gone": (
        ["DELETE FROM posting WHERE entry_id = 3 AND line = 2"],
        {("leaf.altered", "entry 3"), ("entry.law", "entry 3")},
    ),
    "a fact": (["UPDATE fact SET content = '{}' WHERE fact_id = 2"], {("leaf.altered", "fact 2")}),
    "a fact gone": (["DELETE FROM fact WHERE fact_id = 2"], {("leaf.missing", "fact 2")}),
    "a batch": (
        ["UPDATE batch SET operator = 'x' WHERE batch_id = 1"],
        {("leaf.altered", "batch 1"), ("leaf.altered", "entry 1")},
    ),
    "a batch gone": (
        ["DELETE FROM batch WHERE batch_id = 2"],
        {("leaf.missing", "batch 2"), ("leaf.extra", "entry 3")},
    ),
    "a seal": (["UPDATE seal SET last_entry = 9 WHERE batch_id = 2"], {("seal", "batch 2")}),
    "a seal gone": (["DELETE FROM seal WHERE batch_id = 2"], {("seal", "batch 2")}),
    "a voucher number": (
        ["UPDATE entry SET vno = 9 WHERE entry_id = 3"],
        {("leaf.altered", "entry 3"), ("voucher.gap", "2023-06 记-0004…0009")},
    ),
    "a voucher mark": (
        ["UPDATE voucher_mark SET last_no = 9 WHERE batch_id = 2"],
        {("voucher.mark", "batch 2 2023-06 记")},
    ),
    "a period": (
        ["UPDATE period_event SET action = 'close' WHERE period = '2023-05' AND seq = 2"],
        {("leaf.altered", "period_event 2023-05  2")},
    ),
    "a period reopened again": (
        [
            (
                "INSERT INTO period_event (book_id, period, branch, seq, action, reason, operator, recorded_at) "
                "VALUES (1, '2023-05', '', 3, 'close', 'x', 'x', 'x')"
            )
        ],
        {("leaf.extra", "period_event 2023-05  3")},
    ),
    "an account": (
        ["UPDATE account SET required = 1 WHERE account = '6001.01'"],
        {("leaf.altered", "account 6001.01")},
    ),
    "an account gone": (
        ["DELETE FROM account WHERE account = '6001.01'"],
        {("leaf.missing", "account 6001.01"), ("account", "6001.01")},
    ),
    "a bank line": (
        ["UPDATE statement_line SET amount_out = 3 WHERE line_id = 2"],
        {("leaf.altered", "statement_line 1…3")},
    ),
    "a bank line gone": (["DELETE FROM statement_line WHERE line_id = 6"], {("leaf.altered", "statement_line 4…6")}),
    "a bank line more": (
        [
            (
                "INSERT INTO statement_line (book_id, line_id, statement_id, line_no, bank, date, amount_in, amount_out, identity, "
                "occurrence) VALUES (1, 7, 2, 4, '1002.01', '2023-06-12', 1, 0, 'x', 1)"
            )
        ],
        {("leaf.extra", "statement_line 7")},
    ),
    "a match twice": (
        ["UPDATE match_item SET ref = '1' WHERE match_id = 2", "UPDATE match SET undoes = NULL WHERE match_id = 3"],
        {("match.twice", "match_item 1"), ("leaf.altered", "match 3")},
    ),
    "nothing": (["UPDATE source_file SET bytes = bytes"], set()),
    "a log gone": (["DELETE FROM log WHERE batch_id = 2"], {("batch.unlogged", "batch 2"), ("leaf.extra", "entry 3")}),
    "a stranger": (
        ["UPDATE fact SET book_id = 7 WHERE fact_id = 4"],
        {("stranger", "fact book_id 7"), ("leaf.missing", "fact 4")},
    ),
    "an operation": (["UPDATE operation SET operator = 'x' WHERE seq = 2"], {("operation", "operation 2")}),
    "a root": (["UPDATE log SET root = 'ab' WHERE seq = 3"], {("log.tree", "log 3")}),
    "a key": (["UPDATE log SET key_id = '00000000' WHERE seq = 3"], {("log.key", "log 3")}),
    "a note": (["UPDATE log SET note = note || ' ' WHERE seq = 3"], {("log.signature", "log 3")}),
}


@pytest.mark.parametrize("how", ALTERED)
def test_altered(full: Store, by_hand: ByHand, how: str) -> None:
    """Each is found by its name and at its place."""
    statements, expected = ALTERED[how]
    by_hand(*statements)
    seen = found(full)
    assert expected <= seen
    assert bool(expected) == bool(seen)


def test_one_alteration_is_not_told_a_hundred_times(full: Store, by_hand: ByHand) -> None:
    """What was wrong with one checkpoint is not held against all that follow."""
    by_hand("UPDATE log SET frontier = 'x' WHERE seq = 3")
    assert found(full) == {("log.tree", "log 3")}


def test_many_are_counted(full: Store, by_hand: ByHand) -> None:
    """Of a code that comes up everywhere the first are listed, the rest counted."""
    batch(full, 5, entries=MOST + 20)
    by_hand("UPDATE entry SET memo = 'x'")
    report = verified(full)
    assert sum(one.code == "leaf.altered" for one in report.findings) == MOST
    assert report.left_out["leaf.altered"] == 7 + 20
    assert any("27" in line for line in report.lines_of_text())
    assert report.as_json()["left_out"]["leaf.altered"] == 27


def test_laws_taken_out(full: Store, by_hand: ByHand) -> None:
    """That the triggers are gone, or sleep, is told of each."""
    by_hand()
    codes = {one.code for one in verified(full).findings}
    assert codes == {"law.missing" if full.dialect == "sqlite" else "law.altered"}


def test_an_unsealed_remnant(new_store: Callable[[str], Store]) -> None:
    """SQLite: a batch that a writer left without its seal is named; the next one goes on behind it."""
    store = new_store("sqlite")
    fill(store)
    with store.writing(1) as session:
        session.execute(
            "INSERT INTO batch (book_id, batch_id, batch_key, kind, first_entry, entries, lines, first_fact, facts, debit, credit, "
            "operator, today, recorded_at) VALUES (1, 5, 'x', 'k', 8, 2, 4, 5, 0, 0, 0, 'x', '2023-06-12', 'x')"
        )
    assert found(store) == {("batch.unsealed", "batch 5")}
    batch(store, 6)
    assert found(store) == {("batch.unsealed", "batch 5")}


@pytest.mark.parametrize("damage", [b"\xff\xfe\xfa", b""])
def test_what_cannot_be_read(new_store: Callable[[str], Store], damage: bytes) -> None:
    """Text that is no text is a finding like any other: the rest is still looked at."""
    store = new_store("sqlite")
    fill(store)
    with store.reading() as session:
        assert session.rows("PRAGMA journal_mode") == [("wal",)]
    import sqlite3

    with sqlite3.connect(str(store.path)) as connection:
        connection.execute("DROP TRIGGER fact_no_update")
        connection.execute("UPDATE fact SET content = CAST(? AS TEXT) WHERE fact_id = 2", (damage,))
        connection.execute("DROP TRIGGER account_no_update")
        connection.execute("UPDATE account SET required = 7 WHERE account = '6001.01'")
    connection.close()
    seen = found(store)
    assert ("leaf.altered", "account 6001.01") in seen
    assert seen & {
        ("unreadable", "fact 1…4"),
        ("unreadable", "fact 1…1"),
        ("leaf.altered", "fact 2"),
        ("unreadable", "fact 2…3"),
    }


# --- a checkpoint that was kept ---------------------------------------------------------------------------


def test_kept(full: Store) -> None:
    """A kept checkpoint holds for ever, however the book goes on."""
    notes = [row.note for row in _log(full)]
    batch(full, 5)
    for note in notes:
        assert verified(full, note).ok


def test_kept_of_another(full: Store, tmp_path: object) -> None:
    """Not a checkpoint, of another key, of another book, of a longer log: each has its name."""
    batch(full, 5)
    note = note_of(full)
    with full.reading() as session:
        _code, origin = log.identity(session, 1)
    for other, code in {
        "x": "checkpoint.unreadable",
        "": "checkpoint.unreadable",
        memory_signer(origin).sign(3, bytes(32)): "checkpoint.signature",
        note.replace("\n", "\r\n"): "checkpoint.unreadable",
        note[:-9]: None,
    }.items():
        seen = verified(full, other).codes()
        assert seen == ({code} if code else set()), other


def test_old_backup(new_store: Callable[[str], Store]) -> None:
    """A backup put back is flawless, but for the checkpoint that was made since."""
    store = new_store("sqlite")
    fill(store)
    store.dispose()
    assert store.path is not None
    old = store.path.with_name("old.db")
    shutil.copyfile(store.path, old)
    wal = store.path.with_name(store.path.name + "-wal")
    if wal.exists():
        shutil.copyfile(wal, old.with_name("old.db-wal"))
    batch(store, 5)
    kept = note_of(store)
    back = Store(f"sqlite:///{old}")
    assert verified(back).ok
    assert verified(back, kept).codes() == {"checkpoint.ahead"}
    back.dispose()


# --- proofs ---------------------------------------------------------------------------------------------


def test_prove(full: Store) -> None:
    """Every entry is proved to somebody who has Python and nothing else, against any checkpoint of the past."""
    notes = [row.note for row in _log(full)]
    batch(full, 5)
    with full.reading() as session:
        key = proof_sql.announced(session, 1)
        first = next(vkey for _id, vkey, _who, _when in key if vkey in note_keys(full))
        for entry, kept in zip(range(1, 10), notes, strict=False):
            proof = integrity.prove(session, 1, entry, kept=kept)
            said = verify_proof.check(proof, first, kept)
            assert len(said) == 3
        for entry in (0, 10, 99):
            with pytest.raises(NotFound):
                integrity.prove(session, 1, entry)
        for kept in ("", "x", memory_signer("x").sign(1, bytes(32))):
            with pytest.raises(Refused, match="检查点"):
                integrity.prove(session, 1, 1, kept=kept)


def note_keys(store: Store) -> set[str]:
    """The keys that signed something."""
    ids = {row.key_id for row in _log(store)}
    with store.reading() as session:
        return {vkey for identity, vkey, _who, _when in proof_sql.announced(session, 1) if identity in ids}


def test_nothing_altered_is_proved(full: Store, by_hand: ByHand) -> None:
    by_hand("UPDATE entry SET memo = 'x' WHERE entry_id = 1", "UPDATE log SET root = 'ab' WHERE seq = 1")
    with full.reading() as session:
        with pytest.raises(Refused, match="verify"):
            integrity.prove(session, 1, 1)
        integrity.prove(session, 1, 2)
    by_hand("UPDATE log SET root = 'ab'")
    with full.reading() as session, pytest.raises(Refused, match="verify"):
        integrity.prove(session, 1, 2)


# --- keys ------------------------------------------------------------------------------------------------


def test_a_new_key(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """The old key vouches for the new one: verify, the kept checkpoint and the auditor's program follow."""
    monkeypatch.setenv("METERBOOK_KEY", f"{tmp_path}/book.key")
    fill(store)
    ledger, kept = ledger_of(store), note_of(store)
    before = keys.state(ledger)
    fresh = keys.renew(ledger, "A")
    after = keys.state(ledger)
    assert (before.here, after.here) == (
        before.announced[0][0] if before.announced[0][0] == before.here else before.here,
        _id(fresh),
    )
    assert len(after.announced) == len(before.announced) + 1
    batch(store, 5)
    assert verified(store, kept).lines_of_text() == []
    with store.reading() as session:
        proof = integrity.prove(session, 1, 8, kept=kept)
    old = next(vkey for identity, vkey, _who, _when in before.announced if identity == before.here)
    assert any(fresh in line for line in verify_proof.check(proof, old, kept))
    other = Store(store.url)
    batch(other, 6)  # a program started anew finds the new key in its place
    other.dispose()
    assert verified(store, kept).ok
    assert {row.key_id for row in _log(store)} == {before.here, after.here}


def test_a_new_key_needs_the_old(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("METERBOOK_KEY", f"{tmp_path}/book.key")
    fill(store)
    monkeypatch.setenv("METERBOOK_KEY", f"{tmp_path}/none.key")
    with pytest.raises(Refused, match=r"none\.key"):
        keys.renew(ledger_of(Store(store.url)), "A")


def test_finish_what_was_begun(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Announced, but the files not yet changed: the old key goes on signing, and doing it again finishes it."""
    monkeypatch.setenv("METERBOOK_KEY", f"{tmp_path}/book.key")
    fill(store)
    ledger = ledger_of(store)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            keys.renew(ledger, "A")
    batch(store, 5)
    announced = len(keys.state(ledger).announced)
    fresh = keys.renew(ledger, "A")
    assert len(keys.state(ledger).announced) == announced
    assert keys.state(ledger).here == _id(fresh)
    batch(store, 6)
    assert verified(store).ok


def _interrupted(*_arguments: object) -> None:
    raise KeyboardInterrupt


def _id(vkey: str) -> str:
    return vkey.split("+")[1]


def _log(store: Store) -> list[proof_sql.LogRow]:
    with store.reading() as session:
        return list(proof_sql.log_rows(session, 1))


def test_every_code_has_a_title() -> None:
    """What can be found can be said."""
    import inspect
    import re

    from ledger.integrity import history, records

    sources = "".join(inspect.getsource(module) for module in (integrity, history, records))
    used = set(re.findall(r'out\.add\(\s*"([a-z.]+)"', sources)) | {
        code for code, _table, _question in proof_sql.QUESTIONS
    }
    assert used <= set(titles())
    assert pl.Series(list(titles())).is_unique().all()
