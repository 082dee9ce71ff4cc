"""日结: everything that keeps a day open is said at once; a closed day takes no more of a drawer."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from ledger import days
from ledger.days import DayClose, close_day
from ledger.errors import Refused
from ledger.journal import reverse
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import TODAY, Desk, desk, june, opened  # noqa: F401 - fixtures

JUNE_9 = dt.date(2023, 6, 9)
RECEIPT = {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "0001"}
SHORT = {"date": "2023-06-09", "cashier": "C01", "amount": "-5.00"}


def close(desk: Desk, date: str | dt.date = JUNE_9, *, today: dt.date = TODAY, **overrides: str) -> DayClose:  # noqa: F811
    day = dt.date.fromisoformat(date) if isinstance(date, str) else date
    return close_day(desk.ledger, day, operator="王秀英", today=today, overrides=overrides)


def bank(
    desk: Desk,  # noqa: F811  the fixture
    amount: str,
    *,
    date: str = "2023-06-09",
    cashier: str = "C01",
    fund: str = "水费",
    slip: str = "JK-1",
) -> None:
    desk.post(
        "cash_deposit",
        {"date": date, "cashier": cashier, "bank": "1002.01", "fund": fund, "amount": amount, "slip_no": slip},
    )


def said(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str | None, str]]:
    return [(fault.code, fault.message) for fault in refused.value.faults]


def events(desk: Desk) -> list[tuple[object, ...]]:  # noqa: F811
    with desk.ledger.store.reading() as session:
        return session.rows(
            "SELECT date, seq, action, content, operator FROM day_event WHERE book_id = 1 ORDER BY date, seq"
        )


def test_a_balanced_day_is_closed(june: Desk) -> None:  # noqa: F811
    """V05–V09: taken, short made good, banked; the event keeps the drawer's figures."""
    june.post("cash_receipt", RECEIPT)
    june.post(
        "cash_difference",
        {**SHORT, "doc_no": "CD-1", "step": "found"},
        {**SHORT, "doc_no": "CD-2", "step": "assigned", "original": "CD-1"},
        {**SHORT, "doc_no": "CD-3", "step": "made_good", "original": "CD-1"},
    )
    bank(june, "120.80")
    done = close(june)
    assert done.status == "closed"
    assert done.drawers.rows() == [("C01", 12080, 12080, 50000), ("C02", 0, 0, 50000)]
    date, seq, action, content, operator = events(june)[0]
    assert (date, seq, action, operator) == (JUNE_9, 1, "close", "王秀英")
    assert json.loads(str(content))["drawers"][0] == {
        "banked": 12080,
        "cashier": "C01",
        "float": 50000,
        "received": 12080,
    }


def test_closing_twice_changes_nothing(june: Desk) -> None:  # noqa: F811
    """The second time it only says when."""
    first = close(june)
    second = close(june)
    assert (second.status, second.recorded_at) == ("already", first.recorded_at)
    assert len(events(june)) == 1


def test_a_closed_day_takes_no_drawer_documents(june: Desk) -> None:  # noqa: F811
    """C49 for the counter and its reversals; bank documents of the day still come in."""
    june.post("cash_receipt", {**RECEIPT, "date": "2023-06-08"})
    bank(june, "120.80", date="2023-06-08")
    june.post("cash_receipt", {**RECEIPT, "customer": "R1", "amount": "41.40", "invoice": "0002"})
    bank(june, "41.40", slip="JK-2")
    close(june)
    with pytest.raises(Refused, match=r"期间2023-06-09已结账"):
        june.post("cash_receipt", {**RECEIPT, "customer": "R3", "amount": "34.50", "invoice": "0003"})
    with june.ledger.store.reading() as session:
        receipt = sql.entry_by(session, 1, kind="cash_receipt", doc_no="0002")["entry_id"][0]
    with pytest.raises(Refused, match=r"期间2023-06-09已结账"):
        reverse(june.ledger, receipt, reason="错户", operator="tester", today=TODAY, date=JUNE_9)
    june.post("interest", {"date": "2023-06-09", "bank": "1002.01", "amount": "1.00", "advice_no": "LX-1"})
    june.post("cash_receipt", {**RECEIPT, "date": "2023-06-10", "customer": "R3", "amount": "34.50", "invoice": "0003"})


@pytest.mark.control("C19")
def test_invoice_printed_and_unpaid(june: Desk) -> None:  # noqa: F811
    """§6.7 (4): only V34 on 06-26 → C19; after V35 the day closes."""
    row = {"date": "2023-06-26", "customer": "E4", "bill_month": "2023-06", "invoice": "0001237", "cashier": "C02"}
    june.post("invoice_unpaid", {**row, "doc_no": "KP-1", "step": "print"})
    with pytest.raises(Refused) as refused:
        close(june, "2023-06-26")
    assert said(refused) == [("C19", "1张发票已开未收,须当日冲回")]
    assert events(june) == []
    june.post("invoice_unpaid", {**row, "doc_no": "KP-2", "step": "clear"})
    assert close(june, "2023-06-26").status == "closed"


def test_number_of_invoices(june: Desk) -> None:  # noqa: F811
    """Each invoice counts."""
    row = {"date": "2023-06-26", "bill_month": "2023-06", "cashier": "C02", "step": "print"}
    june.post(
        "invoice_unpaid", {**row, "customer": "E4", "invoice": "0011"}, {**row, "customer": "E3", "invoice": "0012"}
    )
    with pytest.raises(Refused, match=r"2张发票已开未收,须当日冲回"):
        close(june, "2023-06-26")


@pytest.mark.control("C51")
def test_short_not_made_good(opened: Desk) -> None:  # noqa: F811
    """§6.7 (5): only V06–V07 on 06-09 → C51; the next day it is an old one and blocks no more."""
    opened.post(
        "cash_difference",
        {**SHORT, "doc_no": "CD-1", "step": "found"},
        {**SHORT, "doc_no": "CD-2", "step": "assigned", "original": "CD-1"},
    )
    with pytest.raises(Refused) as refused:
        close(opened)
    assert said(refused) == [("C51", "收费员C01当日短款5.00元未补齐")]
    assert close(opened, "2023-06-10").status == "closed"


def test_operating_manager_lets_a_short_pass(opened: Desk) -> None:  # noqa: F811
    """An override names who answers for it; it is kept in the event."""
    opened.post(
        "cash_difference",
        {**SHORT, "doc_no": "CD-1", "step": "found"},
        {**SHORT, "doc_no": "CD-2", "step": "assigned", "original": "CD-1"},
    )
    done = close(opened, C51="赵国平")
    assert [fault.code for fault in done.passed] == ["C51"]
    kept = json.loads(str(events(opened)[0][3]))["passed"]
    assert kept == [{"by": "赵国平", "control": "C51", "message": "收费员C01当日短款5.00元未补齐"}]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"C19": "赵国平"}, "C19 不可放行"),
        ({"C99": "赵国平"}, "C99 不可放行"),
        ({"C51": "L01"}, "C51 须由他人放行"),
        ({"C51": " "}, "C51 须由他人放行"),
    ],
)
def test_who_may_let_pass(opened: Desk, overrides: dict[str, str], message: str) -> None:  # noqa: F811
    """Only controls with an override, and nobody his own day (王秀英 is L01)."""
    with pytest.raises(Refused, match=message):
        close(opened, **overrides)


def test_a_difference_may_wait_for_the_month(opened: Desk) -> None:  # noqa: F811
    """1901 does not keep the day open: an over that nobody claims yet, banked with its own slip."""
    opened.post(
        "cash_difference", {"date": "2023-06-12", "cashier": "C02", "amount": "0.50", "doc_no": "CD-5", "step": "found"}
    )
    bank(opened, "0.50", date="2023-06-12", cashier="C02")
    assert close(opened, "2023-06-12").status == "closed"


def test_everything_open_is_listed(june: Desk) -> None:  # noqa: F811
    """Cash not banked (both drawers), an invoice, a short: one refusal."""
    june.post(
        "cash_receipt", RECEIPT, {**RECEIPT, "customer": "R1", "amount": "41.40", "cashier": "C02", "invoice": "0002"}
    )
    june.post(
        "cash_difference",
        {**SHORT, "doc_no": "CD-1", "step": "found"},
        {**SHORT, "doc_no": "CD-2", "step": "assigned", "original": "CD-1"},
    )
    june.post(
        "invoice_unpaid",
        {
            "date": "2023-06-09",
            "customer": "E4",
            "bill_month": "2023-06",
            "invoice": "9",
            "cashier": "C02",
            "step": "print",
        },
    )
    with pytest.raises(Refused) as refused:
        close(june)
    assert said(refused) == [
        ("C13", "C01当日现金115.80元未缴存"),
        ("C13", "C02当日现金41.40元未缴存"),
        ("C19", "1张发票已开未收,须当日冲回"),
        ("C51", "收费员C01当日短款5.00元未补齐"),
    ]


def test_what_comes_later_does_not_count(june: Desk) -> None:  # noqa: F811
    """The day is judged as of its end: the deposit of the next morning is too late, tomorrow's takings are not its own."""
    june.post("cash_receipt", RECEIPT)
    bank(june, "120.80", date="2023-06-10")
    june.post("cash_receipt", {**RECEIPT, "date": "2023-06-12", "customer": "R1", "amount": "41.40", "invoice": "0002"})
    with pytest.raises(Refused, match=r"C01当日现金120.80元未缴存"):
        close(june)
    assert close(june, "2023-06-10").status == "closed"


def test_float_over_the_limit(desk: Desk) -> None:  # noqa: F811
    """C15 on the float that lies in the drawer."""
    head = {"doc_no": "QC-1", "date": "2023-05-31"}
    desk.post(
        "opening",
        {**head, "account": "1001.C01", "debit": "1,000.01"},
        {**head, "account": "1001.C02", "debit": "1,000.00"},
    )
    with pytest.raises(Refused) as refused:
        close(desk)
    assert said(refused) == [("C15", "抽屉零钞1,000.01元超过1000元限额")]


@pytest.mark.control("C17")
def test_three_way_match(june: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """C17: what the drawer took, what it settled and what the documents say agree, voided receipts included."""
    june.post("cash_receipt", RECEIPT)
    june.post("tm_sale", {"date": "2023-06-09", "customer": "R5", "volume": 30, "cashier": "C01", "invoice": "SF-1"})
    wrong = june.post("cash_receipt", {**RECEIPT, "customer": "R1", "amount": "41.40", "invoice": "0002"})
    reverse(june.ledger, wrong.entries["entry_id"][0], reason="错户", operator="tester", today=TODAY, date=JUNE_9)
    bank(june, "120.80")
    bank(june, "103.50", fund="TM卡水费", slip="JK-2")

    # A posted amount cannot be falsified, so it is the reading that is: one fen less in the document.
    honest = sql.drawer_entries
    fen_less = pl.col("content").str.replace('"amount":"12080"', '"amount":"12079"', literal=True)
    with monkeypatch.context() as patch:
        patch.setattr(days.sql, "drawer_entries", lambda *given: honest(*given).with_columns(fen_less))
        with pytest.raises(Refused) as refused:
            close(june)
    assert said(refused) == [("C17", "实收224.30≠日综表224.30≠记账联224.29,责任人补齐差额")]
    assert close(june).drawers["received"].to_list() == [22430, 0]


def test_slip_under_way_too_long(june: Desk) -> None:  # noqa: F811
    """From the 35th day the close refuses; the finance head may let it pass, or somebody reverses the slip."""
    june.post(
        "slip_receipt",
        {"date": "2023-06-16", "customer": "E3", "amount": "1,500.00", "bank": "1002.02", "slip_no": "LH-1"},
    )
    assert close(june, "2023-07-20").status == "closed"  # 34 days
    with pytest.raises(Refused) as refused:
        close(june, "2023-07-21")
    assert said(refused) == [("E10", "LH-1(E3,1,500.00元)已35天未到账,须先冲回")]
    assert close(june, "2023-07-21", E10="钱文").status == "closed"
    june.post("slip_arrival", {"date": "2023-07-22", "slip_no": "LH-1", "amount": "1,500.00", "bank": "1002.02"})
    assert close(june, "2023-07-22").status == "closed"


def test_slip_of_the_opening_counts_from_its_own_day(desk: Desk) -> None:  # noqa: F811
    """Its item date, not the cut-over."""
    head = {"doc_no": "QC-1", "date": "2023-05-31", "account": "1012.02", "bank": "1002.02", "fund": "水费"}
    desk.post("opening", {**head, "debit": "96.00", "customer": "E6", "document": "LH-0", "item_date": "2023-05-10"})
    assert close(desk, "2023-06-13").status == "closed"
    with pytest.raises(Refused, match=r"LH-0\(E6,96.00元\)已35天未到账"):
        close(desk, "2023-06-14")


@pytest.mark.parametrize(
    ("date", "message"), [("2023-08-01", "日期晚于营业日 2023-07-31"), ("2023-05-31", "期间2023-05已结账")]
)
def test_days_that_are_not_to_close(opened: Desk, date: str, message: str) -> None:  # noqa: F811
    """Tomorrow, and what lies before the cut-over."""
    with pytest.raises(Refused, match=message):
        close(opened, date)
