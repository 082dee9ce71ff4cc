"""E17 from end to end: charge, send, slip, return; and every refusal on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from importers.returns import Imported, import_returns, read_return, send_debits, waiting
from ledger.documents import KINDS
from ledger.errors import ConflictingDocument, ImportRejected, Refused
from ledger.i18n import set_language
from tests.importers.returns.conftest import ACCOUNTS, layout, lines_of, pipe, read, row
from tests.ledger.postings.conftest import Desk

BATCH = "DK20230628-01"
SENT = dt.date(2023, 6, 28)
LISTED = dt.date(2023, 7, 3)
TODAY = dt.date(2023, 7, 31)
SLIP = {
    "date": "2023-06-30",
    "bank": "1002.01",
    "period": "2023-06",
    "count": 2,
    "amount": "65.55",
    "slip_no": "HK-202306",
}
OK3, OK4 = row("01", "R3", "34.50"), row("02", "R4", "31.05")
NO4 = row("02", "R4", "31.05", "1", "余额不足")
UNKNOWN4 = row("02", "R4", "31.05", "9", "主机超时")


def send(desk: Desk, **options: Any) -> bytes:
    asked = {"date": SENT, "operator": "tester", "today": TODAY, "unit": "8602", **options}
    return send_debits(
        desk.ledger, desk.ledger.book.bank("工行0101"), asked.pop("layout", layout("pipe_send")), **asked
    ).content


def answer(desk: Desk, *contents: bytes, **options: Any) -> Imported:
    files = [read(content, f"回盘{n}.txt") for n, content in enumerate(contents, 1)]
    (done,) = import_returns(desk.ledger, files, **{"operator": "tester", "today": TODAY, "date": LISTED, **options})
    return done


def said(desk: Desk, *contents: bytes, **options: Any) -> list[str]:
    with pytest.raises(ImportRejected) as caught:
        answer(desk, *contents, **options)
    assert desk.balance("1122.09") in ("-65.55", "0.00")
    return [f"{fault.row}: {fault.message}" for fault in caught.value.faults]


@pytest.fixture
def sent(owing: Desk) -> Desk:
    send(owing)
    owing.post("debit_slip", SLIP)
    return owing


def test_from_charge_to_list(owing: Desk) -> None:
    """One success, one INSUFFICIENT: the entry of E17, 1122.09 zero."""
    content = send(owing)
    assert lines_of(content) == [
        "0|1|20230628|8602|4|5|2|65.55|",
        f"01|孙三|34.50|{ACCOUNTS['R3']}|8602|1|1|01|",
        f"02|李四|31.05|{ACCOUNTS['R4']}|8602|1|1|01|",
    ]
    owing.post("debit_slip", SLIP)
    done = answer(owing, pipe(BATCH, OK3, NO4))
    assert done.posted is not None
    assert (done.slip, done.success, done.failed, done.unknown) == ("HK-202306", (1, 3450), (1, 3105), ())
    assert owing.t_account("debit_list", "HK-202306") == [
        "Dr 1122.09 65.55",
        "Cr 1122.01 34.50",
        "Cr 1002.01 31.05",
        "Dr 2241.01.01 9.50",
        "Dr 2241.01.02 2.50",
        "Dr 2241.01.03 0.50",
        "Cr 2241.02.01 9.50",
        "Cr 2241.02.02 2.50",
        "Cr 2241.02.03 0.50",
    ]
    assert (owing.balance("1122.09"), owing.balance("1122.01"), owing.balance("1002.01")) == ("0.00", "31.05", "34.50")
    assert done.posted.warnings == ()
    assert "失败部分由银行划回" in done.lines()[-1]
    assert waiting(owing.ledger, TODAY).is_empty()


def test_the_file_written_reads_as_it_was_sent(owing: Desk) -> None:
    seen = read_return(send(owing))
    assert (seen.layout.name, seen.figures()["amount"], seen.errors) == ("pipe_send", 6555, ())
    assert seen.frame.select("serial", "account", "name", "amount").rows() == [
        ("01", ACCOUNTS["R3"], "孙三", 3450),
        ("02", ACCOUNTS["R4"], "李四", 3105),
    ]
    with pytest.raises(ImportRejected, match="这是送盘文件"):
        answer(owing, send(owing, batch=BATCH))


def test_a_batch_sent_again_is_the_same_file(owing: Desk) -> None:
    """Recorded once; another number finds nothing left to send."""
    first = send(owing)
    assert send(owing) == first
    with pytest.raises(Refused, match="没有可送盘的账单"):
        send(owing, batch="DK-2")
    assert waiting(owing.ledger, TODAY)["bill_no"].to_list() == ["B-R3", "B-R4"]


def test_what_is_sent(owing: Desk) -> None:
    """Open bills of debit customers with an account; paid, later and other banks' accounts stay away."""
    with pytest.raises(Refused, match="没有可送盘"):
        send(owing, until="2023-05")
    with pytest.raises(Refused, match="没有可送盘"):
        send(owing, prefix="9")
    with pytest.raises(Refused, match="--unit"):
        send(owing, unit=None)
    with pytest.raises(Refused, match="不是送盘格式"):
        send(owing, layout=layout("pipe_status"))
    owing.post(
        "cash_receipt", {"date": "2023-06-09", "customer": "R3", "amount": "34.50", "cashier": "C01", "invoice": "1"}
    )
    assert [line.split("|")[1] for line in lines_of(send(owing))[1:]] == ["李四"]


def test_customers_without_account_are_told(owing: Desk) -> None:
    owing.post(
        "customers",
        {"customer": "R1", "name": "户R1", "stream": "resident", "usage_class": "R", "pay_mode": "debit", "kind": "normal", "branch": "B01", "from": "2023-06-02"},
    )  # fmt: skip
    owing.post(
        "charge",
        {
            "date": "2023-06-05",
            "bill_month": "2023-06",
            "usage_class": "R",
            "read_code": "normal",
            "doc_no": "B-R1",
            "customer": "R1",
            "volume": 5,
        },
    )
    bank = owing.ledger.book.bank("工行0101")
    done = send_debits(owing.ledger, bank, layout("pipe_send"), date=SENT, operator="t", today=TODAY, unit="8602")
    assert (done.rows, done.without_account) == (2, ("R1",))


def test_the_batch_is_a_document_too(owing: Desk) -> None:
    """The rule refuses strangers, other amounts and bills that are with the bank."""
    good = {
        "date": "2023-06-28", "batch": "X1", "bank": "1002.01", "customer": "R3", "bill_month": "2023-06", "bill_no": "B-R3",
        "amount": "34.50", "payer_account": ACCOUNTS["R3"], "serial": "1",
    }  # fmt: skip
    with pytest.raises(Refused, match=r"账单 B-R3 的应收为 34\.50"):
        owing.post("debit_batch", {**good, "amount": "34.51"})
    with pytest.raises(Refused, match="该户不是代扣户"):
        owing.post("debit_batch", {**good, "customer": "R2"})
    with pytest.raises(Refused, match="序号重复"):
        owing.post("debit_batch", good, {**good, "customer": "R4", "bill_no": "B-R4", "amount": "31.05"})
    with pytest.raises(Refused, match="在本批中重复"):
        owing.post("debit_batch", good, {**good, "serial": "2"})
    assert owing.post("debit_batch", good).facts == 1
    assert owing.post("debit_batch", good).status == "already"
    with pytest.raises(ConflictingDocument):
        owing.post("debit_batch", {**good, "payer_account": ACCOUNTS["R4"]})
    with pytest.raises(Refused, match="已在代扣批次 X1 中,银行尚未答复"):
        owing.post("debit_batch", {**good, "batch": "X2"})


def test_the_same_return_again_changes_nothing(sent: Desk) -> None:
    """Also on another day, in other bytes, row order turned."""
    answer(sent, pipe(BATCH, OK3, NO4))
    again = answer(sent, pipe(BATCH, NO4, OK3), date=TODAY)
    assert (again.posted, again.repeated) == (None, 2)
    assert sent.balance("1122.09") == "0.00"
    assert said(sent, pipe(BATCH, OK3, OK4)) == ["3: 这一笔已有结果:清单 HK-202306 失败 31.05"]


def test_failed_bills_are_sent_again(sent: Desk) -> None:
    """Answered no: free for the next batch, whose list settles it."""
    answer(sent, pipe(BATCH, OK3, NO4))
    again = send(sent, date=dt.date(2023, 7, 28))
    assert [line.split("|")[1] for line in lines_of(again)[1:]] == ["李四"]
    sent.post(
        "debit_slip",
        {**SLIP, "date": "2023-07-30", "period": "2023-07", "count": 1, "amount": "31.05", "slip_no": "HK-202307"},
    )
    done = answer(sent, pipe("DK20230728-01", row("01", "R4", "31.05")), date=TODAY)
    assert done.slip == "HK-202307"
    assert (sent.balance("1122.09"), sent.balance("1122.01")) == ("0.00", "0.00")


def test_unknown_stays_with_the_bank(sent: Desk) -> None:
    """Not settled, not sent again, listed; a further file says what became of it."""
    done = answer(sent, pipe(BATCH, OK3, UNKNOWN4, controls="2|65.55|1|34.50|1|31.05"))
    assert [one.item["customer"] for one in done.unknown] == ["R4"]
    assert "结果未知" in done.lines()[-1]
    assert (sent.balance("1122.09"), sent.balance("1122.01")) == ("-31.05", "31.05")
    assert waiting(sent.ledger, TODAY)["customer"].to_list() == ["R4"]
    with pytest.raises(Refused, match="没有可送盘的账单"):
        send(sent, date=dt.date(2023, 7, 28))
    later = answer(sent, pipe(BATCH, OK3, OK4), date=dt.date(2023, 7, 5))
    assert later.posted is not None
    assert later.posted.entries["doc_no"].to_list() == ["HK-202306-2"]
    assert (later.repeated, sent.balance("1122.09"), sent.balance("1122.01")) == (1, "0.00", "0.00")
    first = answer(sent, pipe(BATCH, OK3, UNKNOWN4, controls="2|65.55|1|34.50|1|31.05"))
    assert (first.posted, first.repeated) == (None, 2)


def test_unknown_that_failed_is_taken_back(sent: Desk) -> None:
    answer(sent, pipe(BATCH, OK3, UNKNOWN4, controls="2|65.55|1|34.50|1|31.05"))
    answer(sent, pipe(BATCH, NO4), date=dt.date(2023, 7, 5))
    assert sent.t_account("debit_list", "HK-202306-2") == ["Dr 1122.09 31.05", "Cr 1002.01 31.05"]


def test_slip_of_the_successes_alone(owing: Desk) -> None:
    """What failed was never credited: nothing is taken back, an unknown that fails makes no entry."""
    send(owing)
    owing.post("debit_slip", {**SLIP, "count": 1, "amount": "34.50"})
    done = answer(owing, pipe(BATCH, OK3, UNKNOWN4, controls="2|65.55|1|34.50|1|31.05"))
    assert "= 成功金额" in done.lines()[1]
    assert (owing.balance("1122.09"), owing.balance("1002.01")) == ("0.00", "34.50")
    later = answer(owing, pipe(BATCH, NO4), date=dt.date(2023, 7, 5))
    assert later.posted is not None
    assert (later.posted.entries.is_empty(), later.posted.facts) == (True, 1)
    assert waiting(owing.ledger, TODAY).is_empty()


def test_nothing_debited_needs_no_slip(owing: Desk) -> None:
    """All failed, no credit, no slip: recorded, free to be sent again."""
    send(owing)
    done = answer(owing, pipe(BATCH, row("01", "R3", "34.50", "1", "余额不足"), NO4))
    assert done.slip is None
    assert waiting(owing.ledger, TODAY).is_empty()
    assert answer(owing, pipe(BATCH, row("01", "R3", "34.50", "1", "余额不足"), NO4)).posted is None
    assert len(lines_of(send(owing, date=dt.date(2023, 7, 28)))) == 3


def test_success_needs_its_slip(owing: Desk) -> None:
    send(owing)
    assert said(owing, pipe(BATCH, OK3, NO4)) == [
        f"None: 批次 {BATCH} 还没有合计单,请先记划扣合计单(debit_slip),或用 --slip 指定"
    ]


def test_a_second_success_becomes_an_advance(sent: Desk) -> None:
    """R3 has paid at the counter meanwhile: the debit is 多转."""
    sent.post(
        "cash_receipt", {"date": "2023-06-29", "customer": "R3", "amount": "34.50", "cashier": "C01", "invoice": "1"}
    )
    done = answer(sent, pipe(BATCH, OK3, NO4))
    assert done.posted is not None
    assert [warning.message for warning in done.posted.warnings] == ["账单已结清,划扣款记入多转水费"]
    assert (sent.balance("2203.04"), sent.balance("1122.09")) == ("-34.50", "0.00")


def test_a_part_is_held_for_the_customer(owing: Desk) -> None:
    """PARTIAL: the bill stays open, the part taken is 多转."""
    send(owing)
    owing.post("debit_slip", {**SLIP, "amount": "54.50"})
    part = row("02", "R4", "20.00", "9", "部分扣款成功")
    done = answer(owing, pipe(BATCH, OK3, part, controls="2|54.50|2|54.50|0|0.00"))
    assert done.success == (2, 5450)
    assert (owing.balance("2203.04"), owing.balance("1122.01"), owing.balance("1122.09")) == ("-20.00", "31.05", "0.00")
    assert waiting(owing.ledger, TODAY).is_empty()


def test_a_part_is_less_than_the_whole(sent: Desk) -> None:
    part = row("02", "R4", "31.05", "9", "部分扣款成功")
    assert said(sent, pipe(BATCH, OK3, part, controls="2|65.55|2|65.55|0|0.00")) == [
        "3: 部分扣款的金额应小于送盘金额 31.05"
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([OK3], "送盘 2 笔,回盘少 1 笔:02 R4 31.05"),
        ([OK3, NO4, row("03", "R4", "31.05")], "4: 本批中没有送过这个序号"),
        ([OK3, OK3, NO4], "3: 同一序号在文件中出现两次"),
        ([OK3, NO4.replace("31.05", "31.06")], "3: 与送盘金额 31.05 不符"),
        ([OK3, NO4.replace("李四", "李五")], "3: 与送盘户名 李四 不符"),
        ([OK3, NO4.replace(ACCOUNTS["R4"], ACCOUNTS["R3"])], f"3: 与送盘账号 {ACCOUNTS['R4']} 不符"),
    ],
)
def test_rows_are_as_they_were_sent(sent: Desk, rows: list[str], told: str) -> None:
    """Nothing of the file is posted."""
    assert told in said(sent, pipe(BATCH, *rows))[0]


def test_the_batch_must_be_known(sent: Desk) -> None:
    assert "没有送过批次 OTHER" in said(sent, pipe("OTHER", OK3, NO4))[0]
    assert answer(sent, pipe("OTHER", OK3, NO4), batch=BATCH).slip == "HK-202306"


def test_a_file_that_contradicts_itself(sent: Desk) -> None:
    assert said(sent, pipe(BATCH, OK3, NO4, controls="2|65.55|2|65.55|0|0.00"))[0] == "1: 成功笔数写的是 2,明细是 1"


def test_checks_come_in_their_order(sent: Desk) -> None:
    """reconciliation.md §5: its own figures, the batch, rows as sent, answered once; then the slip. A file wrong
    in everything is told the first of them, then the next."""
    wrong = NO4.replace("李四", "李五")
    assert (
        "成功笔数写的是 2" in said(sent, pipe("OTHER", OK3, wrong, controls="2|65.55|2|65.55|0|0.00"), slip="NONE")[0]
    )
    assert "没有送过批次 OTHER" in said(sent, pipe("OTHER", OK3, wrong), slip="NONE")[0]
    assert "与送盘户名 李四 不符" in said(sent, pipe(BATCH, OK3, wrong), slip="NONE")[0]
    assert "回盘少 1 笔" in said(sent, pipe(BATCH, OK3), slip="NONE")[0]
    with pytest.raises(Refused, match="没有待分户的划扣合计单 NONE"):
        answer(sent, pipe(BATCH, OK3, NO4), slip="NONE")
    answer(sent, pipe(BATCH, OK3, NO4))
    assert "这一笔已有结果" in said(sent, pipe(BATCH, OK3, OK4), slip="NONE")[0]


# -- the other shapes -----------------------------------------------------------------------------

PRINTED = "[8602]批量代理业务{}记录\n│代理编号│客户帐号│客户姓名│金额│余额│处理结果│\n│{}│{}│{}│{}│0.00│{}│\n"
GOOD_HALF = PRINTED.format("成功", "U3", ACCOUNTS["R3"], "孙三", "34.50", "成功").encode("gb18030")
BAD_HALF = PRINTED.format("失败", "U4", ACCOUNTS["R4"], "李四", "31.05", "余额不足").encode("gb18030")


def test_success_and_failure_as_two_files(sent: Desk) -> None:
    """One answer: half of it is refused; no serial, no batch number: account, name and amount meet."""
    assert said(sent, GOOD_HALF) == ["None: 送盘 2 笔,回盘少 1 笔:02 R4 31.05;成功、失败两个文件请一起导入"]
    done = answer(sent, BAD_HALF, GOOD_HALF)
    assert (done.success, done.failed, sent.balance("1122.09")) == ((1, 3450), (1, 3105), "0.00")
    assert answer(sent, GOOD_HALF, BAD_HALF).repeated == 2


def test_without_serial_the_nearest_is_named(sent: Desk) -> None:
    other = PRINTED.format("失败", "U4", ACCOUNTS["R4"], "李五", "31.05", "余额不足").encode("gb18030")
    told = said(sent, GOOD_HALF, other)
    assert told == [f"None: 文件没有批号,与各批次都对不上;最接近批次 {BATCH}", "3: 与送盘户名 李四 不符"]
    other = PRINTED.format("失败", "U4", "6217000000000009999", "李四", "31.05", "余额不足").encode("gb18030")
    assert said(sent, GOOD_HALF, other)[1] == "3: 本批中没有送过这个账号"
    other = PRINTED.format("失败", "U4", ACCOUNTS["R4"], "李四", "31.06", "余额不足").encode("gb18030")
    assert said(sent, GOOD_HALF, other)[1] == "3: 与送盘金额 31.05 不符"
    masked = PRINTED.format("失败", "U4", "6217******0404", "李四", "31.05", "余额不足").encode("gb18030")
    assert answer(sent, GOOD_HALF, masked).failed == (1, 3105)


def test_successes_alone(sent: Desk) -> None:
    """Who is not listed failed; the amounts are fen."""
    done = answer(sent, b"B1|20230703|8602| op1|R3|2023|3450.00\r\n")
    assert (done.success, done.failed, sent.balance("1122.09")) == ((1, 3450), (1, 3105), "0.00")
    assert "1: 与送盘金额 34.50 不符" in said(sent, b"B1|20230703|8602| op1|R3|2023|345000.00\r\n")[1]


def test_twins_that_differ_in_result_are_ambiguous(owing: Desk) -> None:
    """Two bills of one customer over the same amount, one paid: which, the file does not say."""
    owing.post(
        "charge",
        {
            "date": "2023-07-05",
            "bill_month": "2023-07",
            "usage_class": "R",
            "read_code": "normal",
            "doc_no": "B-R3-7",
            "customer": "R3",
            "volume": 10,
        },
    )
    send(owing)
    owing.post("debit_slip", {**SLIP, "count": 3, "amount": "100.05"})
    head, line = (
        PRINTED.format("成功", "U3", ACCOUNTS["R3"], "孙三", "34.50", "成功").rstrip("\n").rpartition("\n")[::2]
    )
    bad = BAD_HALF.decode("gb18030") + line.replace("成功", "余额不足") + "\n"
    with pytest.raises(ImportRejected, match="不能确定是哪一笔"):
        answer(owing, GOOD_HALF, bad.encode("gb18030"))
    both = f"{head}\n{line}\n{line}\n".encode("gb18030")
    assert answer(owing, both, BAD_HALF).success == (2, 6900)


def test_batches_of_one_slip_come_together(owing: Desk) -> None:
    """A slip has one list: a batch alone is refused while the other it credits is open."""
    send(owing, batch="A", prefix=ACCOUNTS["R3"])
    send(owing, batch="B")
    owing.post("debit_slip", SLIP)
    one, two = pipe("A", row("01", "R3", "34.50")), pipe("B", row("01", "R4", "31.05"))
    assert "批次 B 也未答复" in said(owing, one)[0]
    done = answer(owing, one, two)
    assert (done.batches, done.success, owing.balance("1122.09")) == (("A", "B"), (2, 6555), "0.00")


def test_two_slips_of_a_bank(owing: Desk) -> None:
    """The slip of the batch's month is taken; --slip says another, of the same bank."""
    send(owing)
    owing.post("debit_slip", SLIP, {**SLIP, "date": "2023-07-30", "period": "2023-07", "slip_no": "HK-202307"})
    other = {**SLIP, "bank": "1002.02", "slip_no": "HK-BOC"}
    owing.post("debit_slip", other)
    with pytest.raises(ImportRejected, match=r"合计单 HK-BOC 是 1002\.02 的"):
        answer(owing, pipe(BATCH, OK3, NO4), slip="HK-BOC")
    assert answer(owing, pipe(BATCH, OK3, NO4)).slip == "HK-202306"


def test_the_reversed_list_frees_its_rows(sent: Desk) -> None:
    """After a reversal of the whole list the return may be imported again, under a number of its own."""
    from ledger.journal import reverse

    done = answer(sent, pipe(BATCH, OK3, NO4))
    assert done.posted is not None
    reverse(sent.ledger, done.posted.entries["entry_id"][0], reason="错", operator="tester", today=TODAY)
    assert len(waiting(sent.ledger, TODAY)) == 2
    again = answer(sent, pipe(BATCH, OK3, NO4), date=TODAY)
    assert again.posted is not None
    assert again.posted.entries["doc_no"].to_list() == ["HK-202306-2"]
    assert (sent.balance("1122.09"), sent.balance("1122.01")) == ("0.00", "31.05")


# -- words ------------------------------------------------------------------------------------------


@pytest.fixture
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("zh_CN")


def test_refusals_speak_english(sent: Desk, english: None) -> None:
    told = said(sent, pipe(BATCH, OK3))
    assert all(text.isascii() for text in told)


def test_the_kind_has_every_column() -> None:
    names = "batch bank customer bill_month bill_no amount payer_account name serial".split()
    assert [column.name for column in KINDS["debit_batch"].columns][2:-1] == names
    assert KINDS["debit_batch"].empty().select(pl.col("amount")).dtypes == [pl.Int64]
