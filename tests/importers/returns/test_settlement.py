"""E08: what wallets and acquirers pay out, order by order against our receipts in transit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from importers.returns import Settled, compare, import_settlement
from importers.statements.store import import_statement
from ledger.errors import ImportRejected
from ledger.journal import reverse
from tests.importers.returns.conftest import read
from tests.ledger.postings.conftest import Desk

TODAY, ARRIVED = dt.date(2023, 7, 31), dt.date(2023, 6, 9)
SCAN = {"date": "2023-06-08", "bank": "1002.02", "channel": "scan"}
HEAD = "交易时间,微信订单号,商户订单号,交易状态,应结订单金额,退款金额,手续费\n"
TOTALS = "总交易单数,应结订单总金额,退款总金额,手续费总金额\n"
R1 = "`2023-06-08 10:00:00,`4200001,`WX1,`SUCCESS,`41.40,`0.00,`0.25000\n"
R2 = "`2023-06-08 11:00:00,`4200002,`WX2,`SUCCESS,`120.80,`0.00,`0.72\n"
BACK2 = "`2023-06-08 18:00:00,`4200002,`WX2,`REFUND,`0.00,`120.80,`-0.72\n"


def bill(*rows: str, totals: str) -> bytes:
    return ("\ufeff" + HEAD + "".join(rows) + TOTALS + totals + "\n").encode()


BOTH = bill(R1, R2, totals="`2,`162.20,`0.00,`0.97")
FIRST = bill(R1, totals="`1,`41.40,`0.00,`0.25")
REFUNDED = bill(R1, R2, BACK2, totals="`3,`162.20,`120.80,`0.25")


def settle(desk: Desk, *contents: bytes, **options: Any) -> Settled:
    files = [read(content, f"账单{n}.csv") for n, content in enumerate(contents, 1)]
    bank = desk.ledger.book.bank("中行0202")
    (done,) = import_settlement(
        desk.ledger, files, bank, **{"operator": "tester", "today": TODAY, "date": ARRIVED, **options}
    )
    return done


def refused(desk: Desk, content: bytes, **options: Any) -> str:
    before = desk.balance("1012.01")
    with pytest.raises(ImportRejected) as caught:
        settle(desk, content, **options)
    assert desk.balance("1012.01") == before
    return str(caught.value)


@pytest.fixture
def scanned(desk: Desk) -> Desk:
    """R1 and R2 have scanned 41.40 and 120.80 on 2023-06-08."""
    charge = {"date": "2023-06-05", "bill_month": "2023-06", "usage_class": "R", "read_code": "normal"}
    desk.post(
        "charge",
        {**charge, "doc_no": "B-R1", "customer": "R1", "volume": 12},
        {**charge, "doc_no": "B-R2", "customer": "R2", "volume": 28},
    )
    desk.post(
        "scan_receipt",
        {**SCAN, "customer": "R1", "amount": "41.40", "channel_no": "WX1"},
        {**SCAN, "customer": "R2", "amount": "120.80", "channel_no": "WX2"},
    )
    return desk


def test_net_of_fees(scanned: Desk) -> None:
    """V04 with two orders: the bank has the net, the fee is ours, nothing is left in transit; once only."""
    done = settle(scanned, BOTH)
    assert (done.gross, done.fee, done.net, done.orders, done.differences) == (162_20, 97, 161_23, 2, ())
    assert scanned.t_account("scan_settlement", "QS20230608-02-wechat_trade") == [
        "Dr 1002.02 161.23",
        "Dr 6603.02 0.97",
        "Cr 1012.01 162.20",
    ]
    assert scanned.balance("1012.01") == "0.00"
    assert "逐笔与账上一致" in done.lines()
    assert settle(scanned, BOTH, date=TODAY).posted is None
    assert "已按交易额 162.20、手续费 0.97 清算" in refused(scanned, FIRST)


def test_refunds_are_taken_off(scanned: Desk) -> None:
    """R2 was refunded the same day, here and there: only R1 is paid out."""
    entry = scanned.lines("scan_receipt", "WX2")["entry_id"][0]
    reverse(scanned.ledger, entry, reason="渠道退款", operator="tester", today=dt.date(2023, 6, 8))
    done = settle(scanned, REFUNDED)
    assert (done.gross, done.fee, done.net, done.differences) == (41_40, 25, 41_15, ())
    assert scanned.balance("1012.01") == "0.00"


def test_each_difference_is_named_and_stays_in_transit(scanned: Desk) -> None:
    """With the channel alone, with us alone, of another amount; posted as it came."""
    other = bill(R1.replace("41.40", "41.00"), R2.replace("WX2", "WX9"), totals="`2,`161.80,`0.00,`0.97")
    done = settle(scanned, other)
    assert [(one.code, one.reference, one.file_amount, one.book_amount) for one in done.differences] == [
        ("amount", "WX1", 41_00, 41_40),
        ("channel_only", "WX9", 120_80, 0),
        ("book_only", "WX2", 0, 120_80),
    ]
    assert "渠道单边:2023-06-08 WX9 120.80,账上没有" in done.lines()
    assert scanned.balance("1012.01") == "0.40"


def test_the_bank_journal_wants_proof(scanned: Desk) -> None:
    """The day of arrival is the statement's line of the same sum, or is said; else nothing is posted."""
    assert "对账单上没有 161.23 的入账,请用 --date" in refused(scanned, BOTH, date=None)
    book = scanned.ledger.book
    line = "交易日期,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额\n2023-06-12,S1,财付通清算,,,,161.23,\n"
    with scanned.ledger.store.writing(scanned.ledger.book_id) as session:
        import_statement(
            session, scanned.ledger.book_id, book.bank("中行0202"), line.encode(), operator="t", cutover=book.cutover,
            name="x.csv", opening=0,
        )  # fmt: skip
    assert settle(scanned, BOTH, date=None).arrived == dt.date(2023, 6, 12)


def test_a_reversed_settlement_may_come_again(scanned: Desk) -> None:
    done = settle(scanned, BOTH)
    assert done.posted is not None
    reverse(scanned.ledger, done.posted.entries["entry_id"][0], reason="错", operator="tester", today=TODAY)
    assert settle(scanned, BOTH).number == "QS20230608-02-wechat_trade-2"


def test_files_that_contradict_themselves(scanned: Desk) -> None:
    """Counts, sums, fees; an order paid twice; more given back than taken; a state nobody knows."""
    for content, told in (
        (bill(R1, totals="`2,`41.40,`0.00,`0.25"), "总笔数写的是 2,明细是 1"),
        (bill(R1, totals="`1,`41.41,`0.00,`0.25"), "成功金额写的是 41.41"),
        (bill(R1, totals="`1,`41.40,`0.10,`0.25"), "退款金额写的是 0.10"),
        (bill(R1, totals="`1,`41.40,`0.00,`0.26"), "手续费写的是 0.26"),
        (bill(R1, R1, totals="`2,`82.80,`0.00,`0.50"), "渠道单号 WX1 收款两次"),
        (bill(R1, BACK2, totals="`2,`41.40,`120.80,`-0.47"), "退款不少于收款"),
    ):
        assert told in refused(scanned, content)
    for content, told in (
        (bill(R1.replace("SUCCESS", "CLOSED"), totals="`1,`41.40,`0.00,`0.25"), "认不出是收款还是退款"),
        (bill(R1.replace("0.25000", "0.25100"), totals="`1,`41.40,`0.00,`0.25"), "两位小数"),
        (bill(R1, totals="`1,`41.40,`0.00,`0.25\n" + R2.strip()), "合计行"),
    ):
        with pytest.raises(ImportRejected, match=told):
            read(content)


def test_a_daily_check_is_compared_and_posts_nothing(scanned: Desk) -> None:
    """The channel's own list of a day: what is not with us, and what only we have."""
    content = read(b"2|8280\n20230608|WX1|R1|4140|01|1\n20230608|WX7|R7|4140|01|1\n", "paycheck.txt")
    with scanned.ledger.store.reading() as session:
        found = compare(scanned.ledger, session, [content], scanned.ledger.book.bank("中行0202"))
    assert [(one.code, one.reference) for one in found] == [("channel_only", "WX7"), ("book_only", "WX2")]
    with pytest.raises(ImportRejected, match="不是渠道清算文件"):
        import_settlement(scanned.ledger, [content], scanned.ledger.book.bank("中行0202"), operator="t", today=TODAY)
