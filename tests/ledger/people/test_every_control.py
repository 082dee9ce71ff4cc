"""C01–C53: each is seen to fire, and the legal case to pass.

What is refused at posting stands here as a table; a test elsewhere that shows both sides of
a control says so with ``@pytest.mark.control("C13")``. The last test finds one without.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exports.report import Period, check_name, file_stem
from ledger import facts, issued, operators, tasks
from ledger.controls import CHECKED, CONTROLS
from ledger.days import close_day, open_points
from ledger.errors import Refused
from ledger.journal import Ledger, post
from ledger.storage.engine import Store
from tests.conftest import LOGIN, database_url, new_database
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.postings.conftest import CUSTOMERS, Desk, rows_of
from tests.ledger.postings.conftest import desk as build_desk
from tests.ledger.postings.conftest import june as build_june
from tests.ledger.postings.conftest import opened as build_opened

Row = dict[str, Any]


def _plain(fixture: Any) -> Any:
    return fixture.__wrapped__ if hasattr(fixture, "__wrapped__") else fixture.__pytest_wrapped__.obj


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One small June for all rows of the table: what is refused leaves nothing, what passes is a dry run."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("controls") / "book.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        store = Store(f"sqlite:///{path}")
    else:
        admin = request.getfixturevalue("postgres_url")
        store = Store(database_url(admin, new_database(admin, request.getfixturevalue("postgres_template")), LOGIN))
    june: Desk = _plain(build_june)(_plain(build_opened)(_plain(build_desk)(store)))
    row = dict(zip(("customer", "stream", "usage_class", "pay_mode", "kind", "branch"), CUSTOMERS[10], strict=True))
    june.post("customers", {**row, "name": "浴池", "from": "2023-06-01", "diameter": 40, "constant_flow": "yes"})
    june.post(
        "slip_receipt",
        {"date": "2023-06-16", "customer": "E6", "amount": "96.00", "bank": "1002.02", "slip_no": "LS-1"},
    )
    yield june
    store.dispose()


REDUCTION = {"date": "2023-06-13", "customer": "E3", "bill_month": "2023-06", "volume": 10, "approval_no": "SQ-1",
             "reason": "差错", "maker": "周强", "approver": "何军"}  # fmt: skip
MOVE = {"doc_no": "M-1", "date": "2023-06-10", "customer": "E5", "bill_month": "2023-06", "to_account": "1122.05",
        "approval_no": "X-1", "change": "close"}  # fmt: skip
TRANSFER = {"doc_no": "ZK-1", "date": "2023-06-29", "bank": "1002.01", "fund": "水费", "amount": "6,450.00",
            "payee": "总公司财务部", "maker": "王秀英", "checker": "张涛", "approver": "黄伟"}  # fmt: skip
LEVY = {"date": "2023-06-15", "bank": "1002.01", "levy": "sewage", "amount": "2,850.00", "form_no": "CZ-1", "payee": "财政专户",
        "maker": "王秀英", "checker": "张涛", "approver": "黄伟"}  # fmt: skip
CHARGE = {"doc_no": "B-B1", "date": "2023-06-12", "customer": "B1", "bill_month": "2023-06", "usage_class": "N", "volume": 30,
          "read_code": "normal"}  # fmt: skip
RECEIPT = {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "0001"}
BACK = {"doc_no": "BJ-1", "date": "2023-06-12", "customer": "E4", "usage_class": "S", "volume": 40, "work_order": "GD-1",
        "penalty": "100.00", "reduced": "50.00"}  # fmt: skip
BUILDER = {"doc_no": "SL-9", "date": "2023-06-16", "customer": "B1", "amount": "10,000.00", "cashier": "C02"}
SLIP = {"date": "2023-06-17", "customer": "E3", "amount": "1,392.00", "bank": "1002.02", "slip_no": "LS-2"}

AT_POSTING: tuple[tuple[str, str, Row, Row], ...] = (
    ("C01", "charge", CHARGE, {"date": "2023-06-20"}),
    ("C03", "reduction", {**REDUCTION, "customer": "E1"}, {"date": "2023-06-16"}),
    ("C04", "account_move", {**MOVE, "date": "2023-06-20", "approver": "何军"}, {"approver": None}),
    ("C05", "account_move", {**MOVE, "change": "holder", "approver": "何军"}, {"date": "2023-06-15"}),
    ("C06", "reduction", REDUCTION, {"approver": "周强"}),
    ("C07", "account_move", {**MOVE, "change": "pay_mode", "approver": "王秀英"}, {"approver": None}),
    ("C08", "customers", {"customer": "R5", "name": "户R5", "stream": "resident", "usage_class": "R", "pay_mode": "tm",
                          "kind": "closed", "branch": "B01", "from": "2023-07-01"}, {"customer": "R2", "name": "户R2"}),
    ("C09", "charge", {**CHARGE, "route": "5", "book_total": 30}, {"book_total": 31}),
    ("C15", "drawer", {"date": "2023-06-09", "cashier": "C01", "float": "1,000.00"}, {"float": "1,000.01"}),
    ("C20", "cash_receipt", RECEIPT, {"customer": "R7", "amount": "30.00"}),
    ("C21", "builder_prepayment", BUILDER, {"amount": "9,999.99"}),
    ("C24", "head_office_transfer", TRANSFER, {"payee": "某某公司"}),
    ("C26", "head_office_transfer", TRANSFER, {"checker": "王秀英"}),
    ("C35", "levy_remittance", LEVY, {"amount": "2,850.01"}),
    ("C39", "cash_receipt", {**RECEIPT, "invoice_amount": "120.80", "invoice_name": "户R2"}, {"invoice_amount": "120.00"}),
    ("C46", "service", {"date": "2023-06-20", "customer": "E3", "step": "shut_off", "approval_no": "TS-1"}, {"approval_no": None}),
    ("C47", "back_charge", BACK, {"reduced": "50.01"}),
    ("C49", "cash_receipt", RECEIPT, {"date": "2023-05-31"}),
    ("C52", "head_office_transfer", TRANSFER, {"amount": "6,450.01"}),
    ("C53", "slip_receipt", SLIP, {"slip_no": "LS-1"}),
)  # fmt: skip


@pytest.mark.parametrize(("control", "kind", "legal", "wrong"), AT_POSTING, ids=[row[0] for row in AT_POSTING])
def test_at_posting(book: Desk, control: str, kind: str, legal: Row, wrong: Row) -> None:
    """The row as it should be passes; with that one change the control refuses it."""
    assert book.post(kind, legal, dry_run=True).status == "dry"
    with pytest.raises(Refused) as refused:
        book.post(kind, {**legal, **wrong}, dry_run=True)
    assert control in {fault.code for fault in refused.value.faults}


@pytest.mark.control("C25")
def test_money_only_lands_in_a_revenue_account(book: Desk) -> None:
    """A tender into an account of another type is refused; the same into a 收入专户 passes."""
    row = {"date": "2023-06-19", "customer": "E5", "amount": "1,200.00", "bank": "1002.02", "bank_ref": "F-1"}
    assert book.post("transfer_receipt", row, dry_run=True).status == "dry"
    banks = tuple(replace(bank, type="基本户") if bank.code == "1002.02" else bank for bank in book.ledger.book.banks)
    ledger = replace(book.ledger, book=replace(book.ledger.book, banks=banks))
    with pytest.raises(Refused, match=r"\[C25\]"):
        post(ledger, [rows_of("transfer_receipt", row)], operator="x", today=TODAY, dry_run=True)


@pytest.mark.control("C50")
def test_money_is_carried_by_two(book: Desk) -> None:
    """A warning, and no more."""
    receipt = rows_of("cash_receipt", RECEIPT)
    slip = {
        "doc_no": "T-1",
        "date": "2023-06-09",
        "cashier": "C01",
        "bank": "1002.01",
        "fund": "水费",
        "amount": "120.80",
        "slip_no": "JK-1",
    }
    alone, two = ({**slip, "carried_by": who} for who in ("刘芳", "刘芳、陈静"))
    warned = book.post_all(receipt, rows_of("cash_deposit", alone), dry_run=True)
    assert "C50" in {fault.code for fault in warned.warnings}
    assert book.post_all(receipt, rows_of("cash_deposit", two), dry_run=True).warnings == ()


@pytest.mark.control("C14", "C13")
def test_the_last_day_of_the_month(june_desk: Desk) -> None:
    """On the last day cash left over is C13 and C14; the day before C13 alone; banked, neither."""
    slip = {"doc_no": "T-1", "cashier": "C01", "bank": "1002.01", "fund": "水费", "amount": "120.80", "slip_no": "JK-1"}
    june_desk.post("cash_receipt", {**RECEIPT, "date": "2023-06-29"})

    def codes(day: dt.date) -> set[str | None]:
        with june_desk.ledger.store.reading() as session:
            return {fault.code for fault in open_points(june_desk.ledger, session, day)} & {"C13", "C14"}

    assert codes(dt.date(2023, 6, 29)) == {"C13"}
    assert codes(dt.date(2023, 6, 30)) == {"C13", "C14"}
    june_desk.post("cash_deposit", {**slip, "date": "2023-06-30"})
    assert codes(dt.date(2023, 6, 30)) == set()


@pytest.fixture
def june_desk(store: Store) -> Desk:
    made: Desk = _plain(build_june)(_plain(build_opened)(_plain(build_desk)(store)))
    return made


@pytest.mark.control("C23")
def test_a_bank_journal_that_does_not_balance(june_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines and balances of the day disagree: somebody altered one of them."""
    from ledger import days

    june_desk.post("interest", {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"})
    day = dt.date(2023, 6, 21)
    with june_desk.ledger.store.reading() as session:
        assert [f.code for f in open_points(june_desk.ledger, session, day)] == []
        monkeypatch.setattr(days.sql, "bank_turnover", lambda *_asked: {"1002.01": 1233})
        assert [f.code for f in open_points(june_desk.ledger, session, day)] == ["C23"]
    with pytest.raises(Refused, match="工行0101账户2023-06-21未结出余额"):
        close_day(june_desk.ledger, day, operator="x", today=TODAY)


@pytest.mark.control("C28")
def test_a_lost_certificate(office: Office) -> None:
    """Its holder takes no part in a transfer until the finance head says it is good again."""

    def report(who: str, *, lost: bool) -> None:
        with office.ledger.store.writing(1) as session:
            operators.report_certificate(session, 1, "张涛", lost=lost, by=who, today=TODAY)

    report("F01", lost=True)
    with pytest.raises(Refused, match=r"\[C28\] 用户证书已挂失"):
        office.post("L01", "head_office_transfer", TRANSFER)
    with pytest.raises(Refused, match="财务部负责人"):
        report("K01", lost=False)
    report("W01", lost=False)
    assert office.post("L01", "head_office_transfer", TRANSFER).status == "posted"


def open_tasks(ledger: Ledger, today: dt.date) -> set[str]:
    with ledger.store.reading() as session:
        return {f"{t.control} {t.period}".strip() for t in tasks.tasks(ledger, session, today) if not t.done_by}


@pytest.mark.control("C02", "C10", "C12", "C36", "C43", "C45")
def test_tasks_that_are_ticked(office: Office) -> None:
    """Due by the calendar, gone when somebody ticks them with a note; nobody ticks what the ledger sees."""
    today = dt.date(2023, 7, 10)
    wanted = {f"{c} 2023-06" for c in ("C02", "C10", "C12", "C36", "C43", "C45")} | {"C36 2023Q2", "C36 2023-07-09"}
    assert wanted <= open_tasks(office.ledger, today)
    with office.ledger.store.writing(1) as session:
        with pytest.raises(Refused, match="办理情况"):
            tasks.tick(session, office.ledger, "C43", "2023-06", note=" ", operator="L01", today=today)
        with pytest.raises(Refused, match="由账簿自己判断"):
            tasks.tick(session, office.ledger, "C30", "2023-06", note="x", operator="L01", today=today)
        for one in sorted(wanted):
            control, _blank, period = one.partition(" ")
            tasks.tick(session, office.ledger, control, period, note="已办", operator="L01", today=today)
    assert not wanted & open_tasks(office.ledger, today)


@pytest.mark.control("C29", "C30", "C32")
def test_tasks_the_ledger_sees(office: Office) -> None:
    """Open until the register has a holder, the tables their signatures, the lists their receipt."""
    ledger, today = office.ledger, dt.date(2023, 7, 4)
    assert {"C29", "C30 2023-06", "C32 2023-06"} <= open_tasks(ledger, today)
    with ledger.store.writing(1) as session:
        operators.authorise_safe(session, 1, "王秀英", by="G01", today=today, safe="城南")
        for code, scope in (("R14", "1002.01"), ("R14", "1002.02"), ("R07", ""), ("R08", "")):
            paper = issued.issue(
                session, ledger, code=code, scope=scope, period="2023-06", content="{}", operator="L01", today=today
            )
            for person in ("F01", "K01") if code == "R14" else ("K01",):
                issued.sign(session, ledger, paper.number, operator=person, today=today)
    assert not {"C29", "C30 2023-06", "C32 2023-06"} & open_tasks(ledger, today)


@pytest.mark.control("C11", "C33", "C34")
def test_tasks_of_open_items(office: Office) -> None:
    """A collection without its advice, a debit slip without its list, a transfer without its receipt."""
    ledger, today = office.ledger, dt.date(2023, 7, 5)
    office.post("L01", "collection_batch", {"doc_no": "TS-1", "date": "2023-06-15", "batch": "TS-1", "customer": "E1",
                                            "bill_month": "2023-06", "amount": "4,800.00", "bank": "1002.01"})  # fmt: skip
    office.post(
        "L01",
        "debit_slip",
        {
            "date": "2023-06-30",
            "bank": "1002.01",
            "period": "2023-06",
            "count": 1,
            "amount": "34.50",
            "slip_no": "HK-1",
        },
    )
    office.post("L01", "head_office_transfer", {**TRANSFER, "amount": "100.00"})
    assert {"C11 2023-06", "C33 2023-06", "C34 2023-05"} <= open_tasks(ledger, today)
    office.post(
        "L01",
        "collection_result",
        {
            "date": "2023-07-03",
            "batch": "TS-1",
            "customer": "E1",
            "amount": "4,800.00",
            "result": "paid",
            "bank": "1002.01",
        },
    )
    office.post("L01", "debit_list", {"doc_no": "HL-1", "date": "2023-07-03", "slip_no": "HK-1", "period": "2023-06", "customer": "R3",
                                      "amount": "34.50", "result": "success"})  # fmt: skip
    office.post("L01", "head_office_receipt", {"doc_no": "SJ-1", "date": "2023-07-03", "transfer_no": "ZK-1", "fund": "水费", "amount": "100.00"},
                {"doc_no": "SJ-1", "date": "2023-07-03", "transfer_no": "ZK-0531", "fund": "水费", "amount": "3,000.00"})  # fmt: skip
    assert not {"C11 2023-06", "C33 2023-06", "C34 2023-05"} & open_tasks(ledger, today)


@pytest.mark.control("C31")
def test_an_item_without_a_reason(monkeypatch: pytest.MonkeyPatch, june_desk: Desk) -> None:
    """No table is issued while an item says nothing of why it is open."""
    import polars as pl

    from commands import periods as commands
    from ledger.reconcile import run

    ledger = june_desk.ledger
    with ledger.store.reading() as session:
        commands._refuse_without_reason(ledger, session, "1002.01", "2023-06")
        table = run.table(session, 1, ledger.book, ledger.book.bank("1002.01"), dt.date(2023, 6, 30))
        bare = replace(table, items=table.items.with_columns(reason=pl.lit("")))
        monkeypatch.setattr(run, "table", lambda *_asked: bare)
        with pytest.raises(Refused, match=r"\[C31\] 未达账项须列明原因"):
            commands._refuse_without_reason(ledger, session, "1002.01", "2023-06")


@pytest.mark.control("C37")
def test_report_names_follow_the_rule() -> None:
    stem = file_stem(Period(dt.date(2023, 6, 30), dt.date(2023, 6, 30)), "银行存款余额调节表", "工行0101")
    assert check_name(stem) == "20230630银行存款余额调节表_工行0101"
    for wrong in ("余额调节表", "2023-06-30余额调节表", "20230630", "20230630 表/1"):
        with pytest.raises(Refused, match=r"\[C37\]"):
            check_name(wrong)


def test_every_control_is_shown() -> None:
    """No control without a test of both its sides, none without the moment it is checked."""
    root = Path(__file__).parents[2]
    told = " ".join(
        call
        for file in root.rglob("test_*.py")
        for call in re.findall(r"mark\.control\(([^)]*)\)", file.read_text(encoding="utf-8"))
    )
    shown = {row[0] for row in AT_POSTING} | set(re.findall(r"C\d\d", told))
    assert sorted(set(CONTROLS) - shown) == []
    assert set(CHECKED) == set(CONTROLS)
    assert facts.Fact(doc_no="x").get("nothing") == ""
