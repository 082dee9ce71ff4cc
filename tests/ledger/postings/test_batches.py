"""A batch is posted whole or not at all, and posting it twice is harmless (architecture, decision 4)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from typing import Any

import polars as pl
import pytest

from ledger.books import open_book
from ledger.errors import ConflictingDocument, Refused
from ledger.storage.engine import Store
from tests.ledger.postings.conftest import Desk, rows_of

CHARGE = {"date": "2023-06-05", "bill_month": "2023-06", "usage_class": "R", "read_code": "normal"}


def charge(number: int, **more: Any) -> dict[str, Any]:
    return {**CHARGE, "doc_no": f"B-R{number}", "customer": f"R{number}", "volume": 10, **more}


def entries(desk: Desk) -> int:
    with desk.ledger.store.reading() as session:
        return int(session.rows("SELECT count(*) FROM entry")[0][0])


def test_the_same_batch_again_is_a_no_op(desk: Desk) -> None:
    """Order of rows does not count; the answer names the batch and when."""
    first = desk.post("charge", charge(1), charge(2))
    again = desk.post("charge", charge(2), charge(1))
    assert (first.status, again.status) == ("posted", "already")
    assert (again.batch_id, again.recorded_at) == (first.batch_id, first.recorded_at)
    assert entries(desk) == 2


def test_a_part_of_an_earlier_batch_is_a_no_op_too(desk: Desk) -> None:
    """All rows are posted already with the same content, though never as this file."""
    first = desk.post("charge", charge(1), charge(2))
    again = desk.post("charge", charge(2))
    assert (again.status, again.batch_id, again.skipped) == ("already", first.batch_id, 1)


def test_other_content_under_a_number_is_refused_with_the_field(desk: Desk) -> None:
    """The message names number, column, old and new value."""
    desk.post("charge", charge(1))
    with pytest.raises(ConflictingDocument) as caught:
        desk.post("charge", charge(1, volume=11))
    (fault,) = caught.value.faults
    assert (fault.column, fault.value, fault.row) == ("水量", "11", 2)
    assert "B-R1" in fault.message
    assert "10" in fault.message
    assert entries(desk) == 1


def test_partly_new_is_refused_and_lists_both(desk: Desk) -> None:
    """Unless only the new ones are asked for."""
    desk.post("charge", charge(1))
    with pytest.raises(ConflictingDocument) as caught:
        desk.post("charge", charge(1), charge(2))
    assert "B-R1" in caught.value.faults[0].message
    assert "B-R2" in caught.value.faults[1].message
    done = desk.post("charge", charge(1), charge(2), only_new=True)
    assert (done.status, done.skipped, len(done.entries)) == ("posted", 1, 1)


def test_rows_without_a_number_take_the_batch_and_row(desk: Desk) -> None:
    """True twins inside a file are two entries; the same file again is a no-op."""
    row = {"date": "2023-06-09", "customer": "R2", "amount": "5.00", "cashier": "C01"}
    done = desk.post("general_deposit", {**row, "row": 2}, {**row, "row": 3})
    assert len(done.entries) == 2
    numbers = done.entries["doc_no"].to_list()
    assert [number.rpartition("-")[2] for number in numbers] == ["2", "3"]
    assert desk.post("general_deposit", {**row, "row": 2}, {**row, "row": 3}).status == "already"


def test_one_bad_row_refuses_the_whole_batch(desk: Desk) -> None:
    """Every fault is listed; nothing is posted."""
    with pytest.raises(Refused) as caught:
        desk.post("charge", charge(1), charge(9, customer="R99"), charge(2, date="2023-12-01"))
    assert len(caught.value.faults) >= 2
    assert {fault.row for fault in caught.value.faults} == {3, 4}
    assert entries(desk) == 0


def test_two_documents_of_a_customer_see_each_other(desk: Desk) -> None:
    """Two receipts in one batch: the first settles June, the second July."""
    desk.post("charge", charge(1), charge(1, doc_no="B2-R1", bill_month="2023-05"))
    done = desk.post(
        "cash_receipt",
        {"date": "2023-06-09", "customer": "R1", "amount": "34.50", "cashier": "C01", "invoice": "1"},
        {"date": "2023-06-09", "customer": "R1", "amount": "34.50", "cashier": "C01", "invoice": "2"},
    )
    settled = done.lines.filter((pl.col("account") == "1122.01") & (pl.col("credit") > 0))
    assert settled["bill_month"].to_list() == ["2023-05", "2023-06"]


def test_seq_orders_a_batch_over_all_its_sheets(desk: Desk) -> None:
    """A receipt with seq 1 cannot settle the charge with seq 2; the other way round it does."""
    bill = charge(1, seq=2)
    paid = {"date": "2023-06-09", "customer": "R1", "amount": "34.50", "cashier": "C01", "invoice": "1"}
    with pytest.raises(Refused):
        desk.post_all(rows_of("charge", bill), rows_of("cash_receipt", {**paid, "seq": 1}))
    done = desk.post_all(rows_of("cash_receipt", {**paid, "seq": 3}), rows_of("charge", bill))
    assert done.entries["kind"].to_list() == ["charge", "cash_receipt"]


def test_an_invoice_number_is_used_once_whatever_the_document(desk: Desk) -> None:
    """C38: a number of the series stands once, in the batch and in the book; a voided one is used too."""
    desk.post("charge", charge(1), charge(2), charge(3))
    paid = {"date": "2023-06-09", "amount": "34.50", "cashier": "C01"}
    desk.post("cash_receipt", {**paid, "customer": "R1", "invoice": "0001"})
    scan = {"date": "2023-06-09", "amount": "34.50", "bank": "1002.02", "customer": "R2", "channel_no": "WX1"}
    with pytest.raises(Refused, match="票据号 0001 已使用"):
        desk.post("scan_receipt", {**scan, "invoice": "0001"})
    with pytest.raises(Refused, match="票据号 0002 已使用"):
        desk.post(
            "scan_receipt",
            {**scan, "invoice": "0002"},
            {**scan, "customer": "R3", "channel_no": "WX2", "invoice": "0002"},
        )
    desk.post("number_void", {"date": "2023-06-09", "series": "invoice", "invoice": "0003", "reason": "打印错位"})
    with pytest.raises(Refused, match="票据号 0003 已使用"):
        desk.post("scan_receipt", {**scan, "invoice": "0003"})
    assert desk.post("scan_receipt", {**scan, "invoice": "0004"}).status == "posted"


def test_documents_of_several_rows_in_one_file(opened: Desk) -> None:
    """Each number is an entry of its own, also where its rows do not stand together."""
    row = {
        "date": "2023-06-28",
        "bank": "1002.02",
        "fund": "水费",
        "payee": "总公司",
        "maker": "L01",
        "checker": "F01",
        "approver": "P01",
    }
    other = {**row, "bank": "1002.01"}
    posted = opened.post(
        "head_office_transfer",
        {**row, "doc_no": "ZK-1", "amount": "100.00", "row": 2},
        {**other, "doc_no": "ZK-2", "amount": "200.00", "row": 3},
        {**row, "doc_no": "ZK-1", "amount": "10.00", "row": 4},
    )
    assert posted.entries["doc_no"].to_list() == ["ZK-1", "ZK-2"]
    assert opened.t_account("head_office_transfer", "ZK-1") == [
        "Dr 1221.01 100.00", "Dr 1221.01 10.00", "Cr 1002.02 100.00", "Cr 1002.02 10.00",
    ]  # fmt: skip
    assert opened.t_account("head_office_transfer", "ZK-2") == ["Dr 1221.01 200.00", "Cr 1002.01 200.00"]


def test_dry_run_shows_and_writes_nothing(desk: Desk) -> None:
    """The entries are those that would be posted."""
    done = desk.post("charge", charge(1), dry_run=True)
    assert (done.status, len(done.lines), entries(desk)) == ("dry", 6, 0)
    assert desk.post("charge", charge(1)).lines.equals(done.lines)


# -- several writers, and one that is killed --------------------------------------------------


def _post_range(url: str, start: int, count: int, gate: Any) -> None:
    """In a process of its own: post ``count`` charges one by one; everyone waits for the gate."""
    desk = Desk(open_book(Store(url)))
    gate.wait()
    for number in range(start, start + count):
        row = {
            **CHARGE,
            "customer": "R1",
            "doc_no": f"B-{number}",
            "volume": 10,
            "bill_month": f"{2000 + number // 12}-{number % 12 + 1:02d}",
        }
        desk.post("charge", row)
    desk.ledger.store.dispose()


def test_two_writers_neither_lose_nor_double(desk: Desk) -> None:
    """Both post an overlapping range: each document stands once, vouchers run without a gap."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(2)
    url = desk.ledger.store.url
    workers = [context.Process(target=_post_range, args=(url, start, 12, gate)) for start in (0, 6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
        assert worker.exitcode == 0
    with desk.ledger.store.reading() as session:
        numbers = [row[0] for row in session.rows("SELECT vno FROM entry ORDER BY entry_id")]
        documents = {row[0] for row in session.rows("SELECT doc_no FROM entry")}
    assert numbers == list(range(1, 19))
    assert documents == {f"B-{number}" for number in range(18)}


def _post_large(url: str) -> None:
    desk = Desk(open_book(Store(url)))
    rows = [
        {
            **CHARGE,
            "customer": "R1",
            "doc_no": f"B-{n}",
            "volume": 10,
            "bill_month": f"{1000 + n // 12:04d}-{n % 12 + 1:02d}",
        }
        for n in range(3000)
    ]
    desk.post("charge", *rows)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_post_leaves_all_or_nothing(desk: Desk) -> None:
    """Killed with −9 at growing delays: 0 or 3000 entries, never between; the retry ends right."""
    context = multiprocessing.get_context("spawn")
    url = desk.ledger.store.url
    seen = set()
    for delay in (1.2, 1.6, 2.0, 2.6):
        worker = context.Process(target=_post_large, args=(url,))
        worker.start()
        time.sleep(delay)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        seen.add(entries(desk))
        assert seen <= {0, 3000}
        if 3000 in seen:
            break
    _post_large(url)
    assert entries(desk) == 3000
    with desk.ledger.store.reading() as session:
        unsealed = session.rows(
            "SELECT count(*) FROM batch b WHERE NOT EXISTS (SELECT 1 FROM seal s WHERE s.batch_id = b.batch_id)"
        )
    assert unsealed == [(0,)]
