"""红字冲销: an entry is cancelled once, in red, on an open day not before it; the posted rows stay."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from ledger.books import instant
from ledger.errors import AlreadyReversed, NotFound, Refused
from ledger.journal import Posted, reverse
from ledger.storage import journal_sql as sql
from tests.ledger.postings.conftest import TODAY, Desk, desk, june, opened  # noqa: F401 - fixtures

RECEIPT = {"date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01", "invoice": "0001"}
JUNE_9 = dt.date(2023, 6, 9)


def entry(desk: Desk, kind: str, doc_no: str) -> dict[str, object]:  # noqa: F811
    with desk.ledger.store.reading() as session:
        return sql.entry_by(session, desk.ledger.book_id, kind=kind, doc_no=doc_no).row(0, named=True)


def undo(desk: Desk, kind: str, doc_no: str, *, today: dt.date = TODAY, date: dt.date | None = None) -> Posted:  # noqa: F811
    number = entry(desk, kind, doc_no)["entry_id"]
    assert isinstance(number, int)
    return reverse(desk.ledger, number, reason="错户", operator="tester", today=today, date=date)


def test_red_copy(june: Desk) -> None:  # noqa: F811
    """Every line negative in its own column, all dimensions kept; the bill is open again with its levies."""
    june.post("cash_receipt", RECEIPT)
    before = june.lines("cash_receipt", "0001")
    undo(june, "cash_receipt", "0001", date=JUNE_9)
    red = june.lines("cash_receipt", "0001-R")
    assert june.t_account("cash_receipt", "0001-R")[:2] == ["Dr 1001.C01 -120.80", "Cr 1122.01 -120.80"]
    kept = [name for name in red.columns if name not in {"entry_id", "debit", "credit"}]
    assert red.select(kept).equals(before.select(kept))
    assert red.select(-pl.col("debit", "credit")).equals(before.select("debit", "credit"))
    assert june.lines("cash_receipt", "0001").equals(before)
    assert june.balance("1122.01") == "341.60"
    assert june.balance("2241.02.01") == "-2,850.00"
    june.post("cash_receipt", {**RECEIPT, "invoice": "0002"})  # the right one, under a number of its own
    assert june.balance("1122.01") == "220.80"


def test_linked_both_ways(june: Desk) -> None:  # noqa: F811
    """The reversal quotes the voucher it cancels; each names the other."""
    june.post("cash_receipt", RECEIPT)
    undo(june, "cash_receipt", "0001", date=JUNE_9)
    original, red = entry(june, "cash_receipt", "0001"), entry(june, "cash_receipt", "0001-R")
    assert (original["reversed_by"], red["reverses"]) == (red["entry_id"], original["entry_id"])
    assert red["memo"] == f"注销 2023-06-09 记-{original['vno']} 号凭证:错户"
    assert red["vno"] == int(str(original["vno"])) + 1


def test_once(june: Desk) -> None:  # noqa: F811
    """Neither the entry nor its reversal is reversed again."""
    june.post("cash_receipt", RECEIPT)
    undo(june, "cash_receipt", "0001", date=JUNE_9)
    with pytest.raises(AlreadyReversed, match=r"已由分录 .* 冲销,不能再冲"):
        undo(june, "cash_receipt", "0001")
    with pytest.raises(AlreadyReversed, match=r"本身是红字冲销,不能再冲"):
        undo(june, "cash_receipt", "0001-R")
    with pytest.raises(NotFound, match=r"没有分录 999"):
        reverse(june.ledger, 999, reason="错户", operator="tester", today=TODAY)


def test_dates(june: Desk) -> None:  # noqa: F811
    """Today, or a date: not before the original, not in the future."""
    june.post(
        "transfer_receipt",
        {"date": "2023-06-19", "customer": "E5", "amount": "1,200.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    with pytest.raises(Refused, match=r"冲销日期 2023-06-18 早于原分录日期 2023-06-19"):
        undo(june, "transfer_receipt", "F1", date=dt.date(2023, 6, 18))
    with pytest.raises(Refused, match=r"日期晚于营业日"):
        undo(june, "transfer_receipt", "F1", date=dt.date(2023, 8, 1))
    undo(june, "transfer_receipt", "F1")
    assert entry(june, "transfer_receipt", "F1-R")["date"] == TODAY


def test_closed_period(june: Desk) -> None:  # noqa: F811
    """In a closed month nothing is reversed, in the next one it is."""
    june.post(
        "transfer_receipt",
        {"date": "2023-06-19", "customer": "E5", "amount": "1,200.00", "bank": "1002.02", "bank_ref": "F1"},
    )
    with june.ledger.store.writing(june.ledger.book_id) as session:
        row = {"book_id": 1, "period": "2023-06", "seq": 1, "action": "close", "reason": "月结", "operator": "K01"}
        session.insert("period_event", pl.DataFrame({**row, "recorded_at": instant()}))
    with pytest.raises(Refused, match=r"期间2023-06已结账"):
        undo(june, "transfer_receipt", "F1", date=dt.date(2023, 6, 30))
    undo(june, "transfer_receipt", "F1", date=dt.date(2023, 7, 1))
    assert entry(june, "transfer_receipt", "F1-R")["period"] == "2023-07"


def test_what_later_entries_stand_on(june: Desk) -> None:  # noqa: F811
    """A charge that is paid, an advance that is applied: the later entry goes first."""
    june.post("cash_receipt", RECEIPT)
    with pytest.raises(Refused, match=r"后续分录已使用本分录的款项") as refused:
        undo(june, "charge", "B-R2")
    assert refused.value.faults[0].code == "dependent"
    held = {"date": "2023-06-09", "customer": "R7", "cashier": "C02"}
    june.post(
        "partial_payment", {**held, "doc_no": "SL-1", "amount": "30.00"}, {**held, "doc_no": "SL-2", "amount": "20.00"}
    )
    with pytest.raises(Refused, match=r"后续分录已使用本分录的款项"):
        undo(june, "partial_payment", "SL-1", date=JUNE_9)
    undo(june, "apply_advance", "SL-2-A1", date=JUNE_9)
    undo(june, "partial_payment", "SL-1", date=JUNE_9)
    assert june.balance("2203.03") == "-20.00"


def test_charge_reversed_and_charged_again(june: Desk) -> None:  # noqa: F811
    """A bill taken back whole may be made again, under a new number."""
    undo(june, "charge", "B-R2")
    assert june.t_account("charge", "B-R2-R")[:3] == ["Dr 1122.01 -120.80", "Cr 6001.01 -83.30", "Cr 2221.02 -2.50"]
    bill = {"customer": "R2", "bill_month": "2023-06", "usage_class": "R", "volume": 20, "read_code": "normal"}
    june.post("charge", {**bill, "doc_no": "B-R2-2", "date": "2023-06-13"})
    assert june.t_account("charge", "B-R2-2")[0] == "Dr 1122.01 74.50"


def test_cash_in_the_bank_is_not_taken_from_the_drawer(june: Desk) -> None:  # noqa: F811
    """E07: same-day void only; after the deposit it is E29 or E30, whatever else lies in the drawer."""
    june.post("cash_receipt", RECEIPT)
    slip = {"cashier": "C01", "bank": "1002.01", "fund": "水费"}
    june.post("cash_deposit", {**slip, "date": "2023-06-09", "amount": "120.80", "slip_no": "JK-1"})
    june.post(
        "cash_receipt", {**RECEIPT, "date": "2023-07-31", "customer": "E3", "amount": "1,392.00", "invoice": "0002"}
    )
    for date in (JUNE_9, TODAY):
        with pytest.raises(Refused, match=r"收费员 C01 的 水费 现金已缴存,不能从抽屉冲销"):
            undo(june, "cash_receipt", "0001", date=date)
    undo(june, "cash_deposit", "JK-1")
    undo(june, "cash_receipt", "0002")


def test_a_reversed_slip_number_is_free_for_the_right_document(june: Desk) -> None:  # noqa: F811
    """C53 counts what stands: the blue-letter deposit quotes the same slip of the bank."""
    june.post("cash_receipt", RECEIPT)
    slip = {"cashier": "C01", "fund": "水费", "date": "2023-06-09", "amount": "120.80", "slip_no": "JK-1"}
    june.post("cash_deposit", {**slip, "doc_no": "CK-1", "bank": "1002.02"})
    undo(june, "cash_deposit", "CK-1", date=JUNE_9)
    june.post("cash_deposit", {**slip, "doc_no": "CK-2", "bank": "1002.01"})
    with pytest.raises(Refused, match=r"回单号JK-1已使用"):
        june.post("cash_deposit", {**slip, "doc_no": "CK-3", "bank": "1002.01"})


def test_turnover_is_not_inflated(june: Desk) -> None:  # noqa: F811
    """Debits and credits of the month are as if neither had been: the red stands in the original columns."""
    from ledger import views

    def turnover() -> pl.DataFrame:
        with june.ledger.store.reading() as session:
            frame = views.trial_balance(session, 1, dt.date(2023, 6, 1), dt.date(2023, 6, 30))
        return frame.filter((pl.col("opening") != 0) | (pl.col("debit") != 0) | (pl.col("credit") != 0))

    before = turnover()
    june.post("cash_receipt", RECEIPT)
    undo(june, "cash_receipt", "0001", date=JUNE_9)
    assert turnover().equals(before)


def test_refused_before_the_first_day(june: Desk) -> None:  # noqa: F811
    """§6.7 (13): nothing is posted on the cut-over after the opening → C49."""
    with pytest.raises(Refused, match=r"期间2023-05已结账") as refused:
        june.post("cash_receipt", {**RECEIPT, "date": "2023-05-31"})
    assert "C49" in {fault.code for fault in refused.value.faults}
