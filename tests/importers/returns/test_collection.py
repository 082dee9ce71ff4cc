"""E16 from end to end: send for collection, answers over weeks, R19; and every refusal on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from importers.returns import Collected, import_returns, read_return, send_collections, waiting_collections
from importers.statements.store import import_statement
from ledger import registers
from ledger.errors import ImportRejected, Refused
from tests.importers.returns.conftest import layout, lines_of, read
from tests.ledger.postings.conftest import Desk

BATCH = "TS20230615-01-icbc"
SENT, BACK, TODAY = dt.date(2023, 6, 15), dt.date(2023, 6, 20), dt.date(2023, 7, 31)
MASTER = {
    "stream": "entity",
    "usage_class": "N",
    "pay_mode": "collection",
    "kind": "normal",
    "branch": "B01",
    "from": "2023-06-01",
}
CHARGE = {"date": "2023-06-12", "bill_month": "2023-06", "usage_class": "N", "read_code": "normal"}
ACCOUNTS = {"E1": "102000000000000001", "E2": "104000000000000002"}
NAMES = {"E1": "测试一厂", "E2": "测试二厂"}
AMOUNTS = {"E1": "4800.00", "E2": "2400.00"}
TRANSFER = {"date": "2023-06-18", "customer": "E1", "amount": "4,800.00", "bank": "1002.01", "bank_ref": "F-1"}


def item(serial: str, customer: str, code: str = "0", text: str = "收妥", advice: str = "HD1") -> str:
    return "|".join([serial, ACCOUNTS[customer], NAMES[customer], AMOUNTS[customer], code, text, advice])


def answer_file(*rows: str, batch: str = BATCH, day: str = "20230620") -> bytes:
    """A return of ``collection_status``; its record of the whole follows from the rows."""
    cells = [row.split("|") for row in rows]
    good = [float(cell[3]) for cell in cells if cell[4] == "0"]
    bad = [float(cell[3]) for cell in cells if cell[4] != "0"]
    head = f"{batch}|{day}|{len(rows)}|{sum(good) + sum(bad):.2f}|{len(good)}|{sum(good):.2f}|{len(bad)}|{sum(bad):.2f}"
    return ("\r\n".join([head, *rows]) + "\r\n").encode("gb18030")


OK1, OK2 = item("01", "E1"), item("02", "E2")
NO2 = item("02", "E2", "1", "未付款项通知书 存款不足", "HD2")
UNKNOWN2 = item("02", "E2", "9", "处理中")


def send(desk: Desk, **options: Any) -> bytes:
    asked = {"channel": "icbc", "date": SENT, "operator": "tester", "today": TODAY, "unit": "8602", **options}
    return send_collections(desk.ledger, desk.ledger.book.bank("工行0101"), layout("collection_send"), **asked).content


def answer(desk: Desk, *contents: bytes, **options: Any) -> Collected:
    files = [read(content, f"回盘{n}.txt") for n, content in enumerate(contents, 1)]
    (done,) = import_returns(desk.ledger, files, **{"operator": "tester", "today": TODAY, **options})
    assert isinstance(done, Collected)
    return done


def said(desk: Desk, *contents: bytes, **options: Any) -> list[str]:
    before = desk.balance("1122.02")
    with pytest.raises(ImportRejected) as caught:
        answer(desk, *contents, **options)
    assert desk.balance("1122.02") == before
    return [f"{fault.row}: {fault.message}" for fault in caught.value.faults]


def register(desk: Desk) -> dict[str, int]:
    """R19's sums by result (fen)."""
    with desk.ledger.store.reading() as session:
        items = registers.collections(
            session, desk.ledger.book_id, TODAY, book=desk.ledger.book, cutover=desk.ledger.book.cutover
        )
    return dict(items.group_by("result").agg(pl.col("amount").sum()).iter_rows())


@pytest.fixture
def owing(desk: Desk) -> Desk:
    """E1 owes 4,800.00, E2 owes 2,400.00; both have given an account."""
    desk.post(
        "customers", *({**MASTER, "customer": c, "name": NAMES[c], "payer_account": ACCOUNTS[c]} for c in ACCOUNTS)
    )
    desk.post(
        "charge",
        {**CHARGE, "doc_no": "B-E1", "customer": "E1", "volume": 1000},
        {**CHARGE, "doc_no": "B-E2", "customer": "E2", "volume": 500},
    )
    return desk


@pytest.fixture
def sent(owing: Desk) -> Desk:
    send(owing)
    return owing


def test_what_is_sent_is_recorded_and_locked(owing: Desk) -> None:
    content = send(owing)
    assert lines_of(content) == [
        f"{BATCH}|20230615|8602|2|7200.00",
        f"01|{ACCOUNTS['E1']}|测试一厂|4800.00|E1|B-E1",
        f"02|{ACCOUNTS['E2']}|测试二厂|2400.00|E2|B-E2",
    ]
    assert send(owing) == content
    assert read_return(content).layout.name == "collection_send"
    with pytest.raises(Refused, match="没有可送盘的账单"):
        send(owing, batch="TS-2")
    with pytest.raises(Refused, match="账单在托收中"):
        owing.post(
            "cash_receipt",
            {"date": "2023-06-16", "customer": "E1", "amount": "4,800.00", "cashier": "C02", "invoice": "1"},
        )
    assert waiting_collections(owing.ledger, TODAY)["customer"].to_list() == ["E1", "E2"]


def test_one_channel_takes_its_customers(owing: Desk) -> None:
    """工行 by account prefix, 小额 by name; nobody is sent twice; a stranger and an unknown channel are refused."""
    assert len(lines_of(send(owing, prefix="102"))) == 2
    assert "|E2|" in lines_of(send(owing, channel="small", customers=["E2"]))[1]
    assert waiting_collections(owing.ledger, TODAY)["batch"].to_list() == [BATCH, "TS20230615-01-small"]
    with pytest.raises(Refused, match="不是这种交费方式"):
        send(owing, batch="TS-3", customers=["R1"])
    with pytest.raises(Refused, match="icbc"):
        send(owing, batch="TS-3", channel="abc")


def test_paid_and_unfunded(sent: Desk) -> None:
    """V26 and 未付款项通知书: one entry, one fact; R19: sent = paid + returned + open."""
    done = answer(sent, answer_file(OK1, NO2))
    assert (done.paid, done.returned, done.open) == ((1, 4800_00), (1, 2400_00), (0, 0))
    assert done.posted is not None
    assert (done.posted.entries["doc_no"].to_list(), done.posted.facts) == ([f"{BATCH}-01"], 1)
    assert sent.t_account("collection_result", f"{BATCH}-01")[:2] == ["Dr 1002.01 4,800.00", "Cr 1122.02 4,800.00"]
    bank = sent.lines("collection_result", f"{BATCH}-01").row(0, named=True)
    assert bank["document"] == BATCH
    assert str(done.posted.entries["date"][0]) == "2023-06-20"
    assert register(sent) == {"paid": 4800_00, "returned": 2400_00}
    sent.post("transfer_receipt", {**TRANSFER, "customer": "E2", "amount": "2,400.00"})
    assert sent.balance("1122.02") == "0.00"


def test_answers_come_over_weeks(sent: Desk) -> None:
    """What no file names is still out and locked; the last file says that nothing more comes."""
    done = answer(sent, answer_file(OK1))
    assert (done.paid, done.open) == ((1, 4800_00), (1, 2400_00))
    assert register(sent) == {"paid": 4800_00, "open": 2400_00}
    assert waiting_collections(sent.ledger, TODAY)["customer"].to_list() == ["E2"]
    later = answer(sent, answer_file(OK1), last=True, date=dt.date(2023, 7, 3))
    assert (later.repeated, later.returned, later.open) == (1, (1, 2400_00), (0, 0))
    assert register(sent) == {"paid": 4800_00, "returned": 2400_00}


def test_the_same_file_again_changes_nothing(sent: Desk) -> None:
    answer(sent, answer_file(OK1, NO2))
    again = answer(sent, answer_file(NO2, OK1), date=TODAY)
    assert (again.posted, again.repeated) == (None, 2)
    assert said(sent, answer_file(OK1, OK2)) == [f"3: 这一笔已有结果:清单 {BATCH}-02 退票 2,400.00"]


def test_unknown_stays_locked(sent: Desk) -> None:
    done = answer(sent, answer_file(OK1, UNKNOWN2))
    assert [one.item["customer"] for one in done.unknown] == ["E2"]
    assert "仍在托收中" in done.lines()[-1]
    assert register(sent) == {"paid": 4800_00, "open": 2400_00}
    assert answer(sent, answer_file(OK2)).paid == (1, 2400_00)


def test_money_for_a_bill_settled_meanwhile_is_an_advance(sent: Desk) -> None:
    """The bill is reversed while it is out: the collection is 多转 (2203.04), and it is said."""
    from ledger.journal import reverse

    entry = sent.lines("charge", "B-E1")["entry_id"][0]
    reverse(sent.ledger, entry, reason="开账错", operator="tester", today=dt.date(2023, 6, 19))
    done = answer(sent, answer_file(OK1, NO2))
    assert done.posted is not None
    assert [warning.message for warning in done.posted.warnings] == ["账单已结清或已变更,托收款记入多转水费"]
    assert sent.balance("2203.04") == "-4,800.00"


def test_a_reversed_result_frees_its_item(sent: Desk) -> None:
    from ledger.journal import reverse

    done = answer(sent, answer_file(OK1, NO2))
    assert done.posted is not None
    reverse(sent.ledger, done.posted.entries["entry_id"][0], reason="银行错", operator="tester", today=TODAY)
    again = answer(sent, answer_file(OK1, NO2), date=TODAY)
    assert again.posted is not None
    assert again.posted.entries["doc_no"].to_list() == [f"{BATCH}-01-2"]


WRONG = [
    (answer_file(OK1, batch="OTHER"), "没有送过批次 OTHER"),
    (answer_file(OK1.replace("4800.00", "4800.01")), "与送盘金额 4,800.00 不符"),
    (answer_file(OK1.replace("测试一厂", "别家")), "与送盘户名 测试一厂 不符"),
    (answer_file(OK1, item("03", "E2")), "本批中没有送过这个序号"),
    (answer_file(OK1, OK1), "同一序号在文件中出现两次"),
    (
        answer_file(item("01", "E1", "9", "部分扣款成功")).replace(
            b"|1|4800.00|0|0.00|1|4800.00", b"|1|4800.00|1|4800.00|0|0.00"
        ),
        "部分扣款的金额应小于",
    ),
    (answer_file(OK1, day="20230614"), "早于送出日"),
    (answer_file(OK1).replace(b"|1|4800.00|1|", b"|2|4800.00|1|"), "总笔数写的是 2"),
]


def test_rows_are_as_they_were_sent(sent: Desk) -> None:
    """Another batch, amount, name, serial; twice; a part; before it was sent; against its own counts."""
    for content, told in WRONG:
        assert told in said(sent, content)[0]


PAID = f'委托收款收妥清单\n序号,付款账号,付款户名,托收金额,入账日期\n01,{ACCOUNTS["E1"]},测试一厂,"4,800.00",2023-06-21\n合计,,,"4,800.00",\n'
UNPAID = f'委托收款未付清单\n序号,付款账号,付款户名,托收金额,退回日期,未付原因\n02,{ACCOUNTS["E2"]},测试二厂,"2,400.00",2023-06-22,拒付\n合计,,,"2,400.00",,\n'


def test_two_files_are_one_answer(sent: Desk) -> None:
    """No batch number: found by what was sent; each result on its own day, refused with the reason."""
    done = answer(sent, UNPAID.encode("gb18030"), PAID.encode("gb18030"))
    assert (done.paid, done.returned) == ((1, 4800_00), (1, 2400_00))
    assert done.posted is not None
    assert str(done.posted.entries["date"][0]) == "2023-06-21"
    with sent.ledger.store.reading() as session:
        items = registers.collections(
            session, sent.ledger.book_id, TODAY, book=sent.ledger.book, cutover=sent.ledger.book.cutover
        )
    assert items.select("customer", "result", "answered_on", "reason").rows() == [
        ("E1", "paid", dt.date(2023, 6, 21), None),
        ("E2", "returned", dt.date(2023, 6, 22), "拒付"),
    ]


def test_successes_alone_leave_the_rest_out(sent: Desk) -> None:
    content = f"{BATCH}|1|4800.00\r\n20230621|{ACCOUNTS['E1']}|测试一厂|4800.00|HD1\r\n".encode("gb18030")
    done = answer(sent, content)
    assert (done.paid, done.returned, done.open) == ((1, 4800_00), (0, 0), (1, 2400_00))


def test_a_batch_keyed_by_hand_is_answered_too(owing: Desk) -> None:
    """Without serial and account in the batch: the master data's account meets the file's."""
    row = {"date": "2023-06-15", "batch": "TS202306", "bill_month": "2023-06", "bank": "1002.01"}
    owing.post(
        "collection_batch",
        {**row, "customer": "E1", "amount": "4,800.00"},
        {**row, "customer": "E2", "amount": "2,400.00"},
    )
    content = f"TS202306|1|4800.00\r\n20230621|{ACCOUNTS['E1']}|测试一厂|4800.00|HD1\r\n".encode("gb18030")
    assert answer(owing, content).paid == (1, 4800_00)
    assert lines_of(send(owing, batch="TS202306"))[1] == f"01|{ACCOUNTS['E1']}|测试一厂|4800.00|E1|2023-06"


def test_the_statement_is_asked_for_the_batch(sent: Desk) -> None:
    """The bank credits per batch: its line is compared with what the advices say."""
    book = sent.ledger.book
    head = "交易日期,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额\n"
    line = f"2023-06-20,S1,托收 {BATCH},,,,{{}},\n"
    with sent.ledger.store.writing(sent.ledger.book_id) as session:
        import_statement(
            session, sent.ledger.book_id, book.bank("工行0101"), (head + line.format("4799.00")).encode(), operator="t",
            cutover=book.cutover, name="x.csv", opening=0,
        )  # fmt: skip
    done = answer(sent, answer_file(OK1, NO2))
    assert "相差 -1.00" in done.lines()[1]
