"""The month close: what keeps a month open, who closes it, who may open it again."""

from __future__ import annotations

import datetime as dt
import threading

import polars as pl
import pytest

from commands import demo
from commands.periods import issue_report
from ledger import approvals, issued, overrides, periods, views
from ledger.books import create_book
from ledger.errors import LawBroken, Refused
from ledger.journal import Ledger, post, reverse
from ledger.storage.engine import Session, Store
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.people.june import AFTER, sign_all
from tests.ledger.people.june import built as built
from tests.ledger.people.june import june as june
from tests.ledger.postings.conftest import rows_of


def codes(ledger: Ledger, **options: str) -> list[str | None]:
    with ledger.store.reading() as session:
        return [fault.code for fault in periods.open_points(ledger, session, "2023-06", today=AFTER, **options)]


def test_refusal_15_and_everything_else(june: Ledger) -> None:
    """Domain §6.7 (15): June without R14 of 中行 does not close; every other open point is named too."""
    with pytest.raises(Refused) as refused:
        periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    said = str(refused.value)
    assert "中行0202账户余额调节表未交(次月5日)" in said
    assert codes(june) == ["C30", "C30", "C32", "accept"]
    demo._sign(june, "2023-06", AFTER)
    demo._accept(june, AFTER)
    with june.store.reading() as session:
        assert session.rows("SELECT count(*) FROM period_event") == [(0,)]
    with pytest.raises(Refused, match="须由"):
        periods.close_month(june, "2023-06", operator="L01", today=AFTER)
    done = periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    assert (done.status, done.profit) == ("closed", None)
    assert periods.close_month(june, "2023-06", operator="K01", today=AFTER).status == "already"


def test_closed_for_every_writer(june: Ledger) -> None:
    """By file, by reversal, by raw SQL; into July everything goes on."""
    sign_all(june)
    periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    row = {"date": "2023-06-30", "bank": "1002.01", "amount": "1.00", "advice_no": "LX-9"}
    with pytest.raises(Refused, match="期间2023-06已结账"):
        post(june, [rows_of("interest", row)], operator="K01", today=AFTER)
    with june.store.reading() as session:
        entry = views.entry(session, 1, "LX-0621-0101").head
    with pytest.raises(Refused, match="期间2023-06已结账"):
        reverse(
            june, int(str(entry["entry_id"])), reason="错记", operator="K01", today=AFTER, date=dt.date(2023, 6, 30)
        )
    done = reverse(june, int(str(entry["entry_id"])), reason="错记", operator="K01", today=AFTER)
    assert done.entries["period"].to_list() == ["2023-07"]
    assert "2023-06-21" in done.entries["memo"][0]
    with pytest.raises(LawBroken, match="period"), june.store.writing(1) as session:
        _raw_interest(june, session)


def _raw_interest(ledger: Ledger, session: object) -> None:
    """A balanced batch of June, written past every check of Python."""
    from ledger.storage import fact_sql
    from ledger.storage.engine import Session, now

    assert isinstance(session, Session)
    batch, entry, fact = fact_sql.heads(session, 1)
    (last,) = session.rows("SELECT max(last_no) FROM voucher_mark WHERE period = '2023-06'")[0]
    session.insert("batch", pl.DataFrame({
        "book_id": [1], "batch_id": [batch], "batch_key": ["raw"], "kind": ["interest"], "first_entry": [entry], "entries": [1],
        "lines": [2], "first_fact": [fact], "facts": [0], "debit": [0], "credit": [0], "operator": ["K01"],
        "today": [AFTER], "recorded_at": [now()],
    }))  # fmt: skip
    session.insert("entry", pl.DataFrame({
        "book_id": [1], "entry_id": [entry], "batch_id": [batch], "date": [dt.date(2023, 6, 30)], "period": ["2023-06"],
        "vtype": ["记"], "vno": [last + 1], "kind": ["interest"], "event": ["E24"], "doc_no": ["RAW"], "lines": [2], "content": ["[]"],
    }))  # fmt: skip
    line = {
        "book_id": 1,
        "entry_id": entry,
        "date": dt.date(2023, 6, 30),
        "account": "1221.02",
        "credit": 0,
        "document": "RAW",
    }
    session.insert("posting", pl.DataFrame([{**line, "line": 1, "debit": 100}, {**line, "line": 2, "debit": -100}]))
    session.seal(1, batch)


def test_a_branch_is_closed_alone(june: Ledger) -> None:
    """城西 closes with its own bank's table; its business is shut, that of 城南 goes on."""
    demo._accept(june, AFTER)
    for code, scope in (("R14", "1002.02"), ("R07", ""), ("R08", "")):
        paper = issue_report(june, code, scope, "2023-06", operator="L01", today=AFTER)
        with june.store.writing(1) as session:
            for person in ("F01", "K01") if code == "R14" else ("K01",):
                paper = issued.sign(session, june, paper.number, operator=person, today=AFTER)
    assert codes(june, branch="B02") == []
    assert "C30" in codes(june)
    periods.close_month(june, "2023-06", operator="K01", today=AFTER, branch="城西")
    row = {"date": "2023-06-30", "amount": "1.00"}
    with pytest.raises(Refused, match="期间2023-06已结账"):
        post(june, [rows_of("interest", {**row, "bank": "1002.02", "advice_no": "LX-8"})], operator="K01", today=AFTER)
    assert post(
        june, [rows_of("interest", {**row, "bank": "1002.01", "advice_no": "LX-9"})], operator="K01", today=AFTER
    ).lines.height


def test_reopening(june: Ledger) -> None:
    """Two people, the finance head among them; what was signed is superseded and issued again as v2."""
    sign_all(june)
    periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    with pytest.raises(Refused, match="没有月结"):
        periods.ask_to_reopen(june, "2023-07", reason="x", operator="K01", today=AFTER)
    with pytest.raises(Refused, match="写明原因"):
        periods.ask_to_reopen(june, "2023-06", reason=" ", operator="K01", today=AFTER)
    asked = periods.ask_to_reopen(june, "2023-06", reason="漏记利息", operator="K01", today=AFTER)
    for who, why in (("K01", "财务部负责人"), ("L01", "须由"), ("F01", "须由")):
        with pytest.raises(Refused, match=why):
            approvals.approve(june, asked.number, operator=who, today=AFTER)
    approvals.approve(june, asked.number, operator="W01", today=AFTER)
    with june.store.reading() as session:
        assert [(row["action"], row["operator"]) for row in periods.history(session, 1)] == [
            ("close", "K01"),
            ("reopen", "W01"),
        ]
        assert issued.in_force(session, 1, "R14", "1002.01", "2023-06") is None
    assert codes(june) == ["C30", "C30", "C32"]
    row = {"date": "2023-06-30", "bank": "1002.02", "amount": "1.00", "advice_no": "LX-9"}
    late = post(june, [rows_of("interest", row)], operator="K01", today=AFTER)
    approvals.accept(june, [late.batch_id], operator="F01", today=AFTER)
    demo._sign(june, "2023-06", AFTER)
    with june.store.reading() as session:
        again = issued.in_force(session, 1, "R14", "1002.02", "2023-06")
    assert again is not None
    assert (again.version, again.number) == (2, "R14/1002.02/2023-06/v2")
    periods.close_month(june, "2023-06", operator="K01", today=AFTER)


def test_what_was_handed_over_stays_closed(june: Ledger) -> None:
    from ledger import facts

    sign_all(june)
    periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    asked = periods.ask_to_reopen(june, "2023-06", reason="漏记", operator="W01", today=AFTER)
    with june.store.writing(1) as session:
        facts.record(
            session, 1, periods.PACK, [facts.Fact(doc_no="2023-06/v1", subject="2023-06")], operator="K01", today=AFTER
        )
    with pytest.raises(Refused, match="月末资料包已交出"):
        approvals.approve(june, asked.number, operator="K01", today=AFTER)


def test_a_signed_table_must_still_be_true(june: Ledger) -> None:
    """What was booked into June after its table was signed keeps June open until the table is issued and signed again."""
    sign_all(june)
    row = {"date": "2023-06-30", "bank": "1002.01", "amount": "1.00", "advice_no": "LX-9"}
    post(june, [rows_of("interest", row)], operator="K01", today=AFTER)
    with june.store.reading() as session:
        said = [fault.message for fault in periods.open_points(june, session, "2023-06", today=AFTER)]
    assert "R14/1002.01/2023-06/v1 签发后账上余额由 2,972.80 变为 2,973.80,须重新签发" in said
    demo._sign(june, "2023-06", AFTER)
    with june.store.reading() as session:
        said = [fault.message for fault in periods.open_points(june, session, "2023-06", today=AFTER)]
    assert not [text for text in said if "须重新签发" in text]
    made = sorted(one.number for one in _tables(june))
    assert made == ["R14/1002.01/2023-06/v1", "R14/1002.01/2023-06/v2", "R14/1002.02/2023-06/v1"]


def _tables(ledger: Ledger) -> list[issued.Issued]:
    with ledger.store.reading() as session:
        return issued.issues(session, 1, code="R14")


def test_two_closes_at_once(june: Ledger) -> None:
    """Both come through, one closes, and there is one event."""
    sign_all(june)
    said: list[str] = []
    threads = [
        threading.Thread(
            target=lambda who=who: said.append(periods.close_month(june, "2023-06", operator=who, today=AFTER).status)
        )
        for who in ("K01", "W01")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["already", "closed"]


def test_a_close_during_a_running_post(june: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The close waits for the batch that is being written, then sees it: nobody has accepted it yet."""
    sign_all(june)
    writing, go_on = threading.Event(), threading.Event()
    seal = Session.seal

    def slowly(session: Session, book_id: int, batch_id: int) -> None:
        if threading.current_thread() is poster:
            writing.set()
            assert go_on.wait(30)
        seal(session, book_id, batch_id)

    monkeypatch.setattr(Session, "seal", slowly)
    said: dict[str, object] = {}

    def posts() -> None:
        row = {"date": "2023-06-30", "bank": "1002.01", "amount": "1.00", "advice_no": "LX-9"}
        said["post"] = post(june, [rows_of("interest", row)], operator="K01", today=AFTER).status

    def closes() -> None:
        try:
            said["close"] = periods.close_month(june, "2023-06", operator="W01", today=AFTER).status
        except Refused as refused:
            said["close"] = str(refused)

    poster, closer = threading.Thread(target=posts), threading.Thread(target=closes)
    poster.start()
    assert writing.wait(30)
    closer.start()
    closer.join(0.5)
    assert closer.is_alive()
    go_on.set()
    for thread in (poster, closer):
        thread.join(60)
    assert said["post"] == "posted"
    assert "批次未经会计接收" in str(said["close"])
    with june.store.reading() as session:
        assert session.rows("SELECT count(*) FROM period_event") == [(0,)]


def test_who_signs_an_adjustment_table(june: Ledger) -> None:
    """Three people, none of whom holds a drawer, in the order of the form."""
    with pytest.raises(Refused, match="须由"):
        issue_report(june, "R14", "1002.01", "2023-06", operator="C01", today=AFTER)
    with pytest.raises(Refused, match="收费班长"):
        issue_report(june, "R14", "1002.01", "2023-06", operator="K01", today=AFTER)
    paper = issue_report(june, "R14", "1002.01", "2023-06", operator="L01", today=AFTER)
    assert issue_report(june, "R14", "1002.01", "2023-06", operator="L01", today=AFTER).number == paper.number

    def sign(who: str) -> issued.Issued:
        with june.store.writing(1) as session:
            return issued.sign(session, june, paper.number, operator=who, today=AFTER)

    with pytest.raises(Refused, match="须由"):
        sign("L01")
    sign("K01")  # an accountant may review, then she cannot sign as the accountant
    with pytest.raises(Refused, match=r"\[C48\]"):
        sign("K01")


def test_an_unstaffed_book_closes_no_month(store: Store) -> None:
    ledger = create_book(store, operator="x")
    with pytest.raises(Refused, match="未配备人员"):
        periods.close_month(ledger, "2023-06", operator="x", today=AFTER)


def test_profit_goes_to_head_office_in_december(office: Office) -> None:
    """E37: every account of 6xxx is zero, the year's profit is head office's, 4103 is empty."""
    ledger = office.ledger
    with ledger.store.writing(1) as session:
        profit = periods._close_profit(
            ledger, session, dt.date(2023, 12, 31), operator="K01", today=dt.date(2024, 1, 5)
        )
    with ledger.store.reading() as session:
        after = dict(
            views.trial_balance(session, 1, dt.date(2023, 12, 1), dt.date(2023, 12, 31))
            .select("account", "closing")
            .rows()
        )
    assert profit is not None
    assert profit > 0
    assert {code: amount for code, amount in after.items() if code.startswith(("6", "4")) and amount} == {}
    assert after["1221.02"] == 25000000 - profit
    with ledger.store.writing(1) as session:
        assert periods._close_profit(ledger, session, dt.date(2023, 12, 31), operator="K01", today=TODAY) is None


def test_overrides(office: Office) -> None:
    """Whom domain §4 names, for one object, with a reason; everything else passes nowhere."""
    ledger = office.ledger

    def grant(who: str, control: str, about: str = "2023-06-09", reason: str = "次日补齐") -> None:
        overrides.grant(ledger, control, about, reason=reason, operator=who, today=TODAY)

    with pytest.raises(Refused, match="C20 不可放行"):
        grant("W01", "C20")
    with pytest.raises(Refused, match="须由 经营公司负责人 放行"):
        grant("W01", "C51")
    with pytest.raises(Refused, match="写明对象和原因"):
        grant("G01", "C51", reason=" ")
    grant("G01", "C51")
    with pytest.raises(Refused, match="已于"):
        grant("G01", "C51")
    with ledger.store.reading() as session:
        assert [(f.doc_no, f.operator) for f in overrides.register(session, 1)] == [("C51/2023-06-09", "G01")]
