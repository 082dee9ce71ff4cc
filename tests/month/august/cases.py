"""The special cases of August 2023, written by hand: documents and bank lines of each stand together.

What happens in bulk beside them (rates paid by transfer, cheque, cash and scan) comes from
``bulk.py``; ``files.py`` writes both into the files of ``2023-07``, ``2023-08`` and ``2023-09``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

ICBC, BOC = "工行0101", "中行0202"
FUNDS = "水费"


class Doc(NamedTuple):
    """A row of a document file; ``kind`` names the file it stands in, beside its date."""

    kind: str
    row: dict[str, str]


class Line(NamedTuple):
    """A line as the bank prints it. ``number``: 工行's voucher or 中行's serial; ``amount``: yuan, + into our account."""

    bank: str
    at: str
    number: str
    amount: str
    party: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that happens."""

    what: str
    docs: tuple[Doc, ...] = ()
    lines: tuple[Line, ...] = ()


OFFICE = {"收款人": "总公司财务部", "录入": "王秀英", "复核": "张涛", "审批": "黄伟"}
TREASURY = {**OFFICE, "收款人": "财政专户"}

CUSTOMERS = {
    "S01": "城东玻璃厂", "S02": "城西印染厂", "S09": "南湖宾馆", "S10": "金桥商店", "S12": "银座商场",
    "S13": "广场影城", "S14": "东湖酒店", "S15": "城北茶楼", "S16": "宏达商贸", "S17": "兴隆百货", "S18": "安康药房",
    "S19": "北方物流", "S20": "长青木业", "S21": "明珠幼儿园", "S22": "永丰超市", "S23": "新华书店",
}  # fmt: skip
"""Entities of the cases; non-residential, 4.80 a cubic metre, levies included."""

HOUSEHOLDS = {"D01": "李谷雨", "D02": "周清明", "D03": "何小雪", "D04": "许大寒", "D05": "杨白露"}
"""Direct debit (代扣)."""

BILLS_JULY = [("S01", 300), ("S02", 250), ("D01", 10), ("D02", 9), ("D03", 12), ("D04", 8), ("D05", 10)]
BILLS_AUGUST = [
    ("S09", 700), ("S10", 100), ("S12", 300), ("S13", 150), ("S14", 500), ("S15", 240), ("S18", 270), ("S19", 150),
    ("S20", 400), ("S21", 200),
]  # fmt: skip
"""Customer and cubic metres; an entity's bill is 4.80 each, a household's 3.45."""

OPENING = {ICBC: ("20170.00", "20000.00"), BOC: ("8000.00", "8000.00")}
"""30 June: in the books, at the bank. Between them the cash slip JK-0628 of 320.00, never credited, and the cheque
of 25 May to the treasury, 150.00, never cashed: open at the ends of June, July and August, the latter long."""

JULY = [
    Case(
        what="An ordinary transfer of July: met by the bank's own number.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-07-12", "户号": "S02", "金额": "1200.00", "银行": BOC, "银行流水号": "2023071200011", "票据号": "0100001"}),
        ),
        lines=(Line(BOC, "2023-07-12 10:21:09", "2023071200011", "1200.00", "城西印染厂", "7月水费"),),
    ),
    Case(
        what="The cheque of July: ours on 31 July, the bank's on 1 August. Open at the end of July, cleared in August.",
        docs=(
            Doc("cheque_receipt", {"支票号": "ZP-0731", "日期": "2023-07-31", "户号": "S01", "金额": "1440.00", "银行": ICBC, "已进账": "是", "票据号": "0100002", "出票日": "2023-07-30"}),
        ),
    ),
    Case(
        what="The bank had 300.00 of 永丰超市 on 31 July; its slip was fetched on 2 August.",
        lines=(Line(ICBC, "2023-07-31 16:02:11", "000003101", "300.00", "永丰超市", "预存水费"),),
    ),
    Case(
        what="The direct debits of July: one slip, five households, 169.05; the bank credits it a day later.",
        docs=(
            Doc("debit_slip", {"单据号": "HK-202307", "日期": "2023-07-31", "银行": ICBC, "期间": "2023-07", "笔数": "5", "金额": "169.05"}),
        ),
    ),
]  # fmt: skip

AUGUST = [
    Case(
        what="Cleared from July: the cheque and the direct debits arrive, the slip of 永丰超市 is fetched and booked.",
        docs=(
            Doc("general_deposit", {"单据号": "YC-0802", "日期": "2023-08-02", "户号": "S22", "金额": "300.00", "银行": ICBC, "银行流水号": "000003101", "备注": "7-31到账,回单8-02取"}),
        ),
        lines=(
            Line(ICBC, "2023-08-01 09:12:40", "000003201", "1440.00", "城东玻璃厂", "转账支票进账 ZP-0731"),
            Line(ICBC, "2023-08-01 09:30:00", "000003202", "169.05", "批量代扣", "代扣水费 HK-202307 5笔"),
        ),
    ),
    Case(
        what=(
            "A partial direct debit: D04 failed, D05 had only 20.00 of 34.50. The bank takes back 27.60 and 14.50; "
            "the list books the 27.60, the 14.50 stays in 1122.09 and is R20's difference."
        ),
        docs=(
            Doc("debit_list", {"单据号": "HKMX-202307", "日期": "2023-08-03", "合计单号": "HK-202307", "期间": "2023-07", "户号": "D01", "金额": "34.50", "结果": "成功", "所属月": "2023-07"}),
            Doc("debit_list", {"单据号": "HKMX-202307", "日期": "2023-08-03", "合计单号": "HK-202307", "期间": "2023-07", "户号": "D02", "金额": "31.05", "结果": "成功", "所属月": "2023-07"}),
            Doc("debit_list", {"单据号": "HKMX-202307", "日期": "2023-08-03", "合计单号": "HK-202307", "期间": "2023-07", "户号": "D03", "金额": "41.40", "结果": "成功", "所属月": "2023-07"}),
            Doc("debit_list", {"单据号": "HKMX-202307", "日期": "2023-08-03", "合计单号": "HK-202307", "期间": "2023-07", "户号": "D04", "金额": "27.60", "结果": "失败", "原因": "余额不足", "所属月": "2023-07"}),
            Doc("debit_list", {"单据号": "HKMX-202307", "日期": "2023-08-03", "合计单号": "HK-202307", "期间": "2023-07", "户号": "D05", "金额": "20.00", "结果": "部分", "原因": "余额不足", "所属月": "2023-07", "账单号": "B-D05-2307"}),
        ),
        lines=(
            Line(ICBC, "2023-08-03 17:05:10", "000003203", "-27.60", "许大寒", "代扣退回 D04 余额不足"),
            Line(ICBC, "2023-08-03 17:05:11", "000003204", "-14.50", "杨白露", "代扣退回 D05 部分扣款"),
        ),
    ),
    Case(
        what="A returned cheque: in on the 9th, back on the 11th; the original and its red copy meet the bank's two lines.",
        docs=(
            Doc("cheque_receipt", {"支票号": "ZP-0808", "日期": "2023-08-08", "户号": "S10", "金额": "480.00", "银行": ICBC, "已进账": "是", "票据号": "0100003", "出票日": "2023-08-07"}),
            Doc("returned_payment", {"单据号": "TP-0811", "日期": "2023-08-11", "原单据号": "cheque_receipt/ZP-0808", "原因": "存款不足退票", "支票号": "ZP-0808"}),
        ),
        lines=(
            Line(ICBC, "2023-08-09 09:40:02", "000003211", "480.00", "金桥商店", "转账支票进账 ZP-0808"),
            Line(ICBC, "2023-08-11 15:20:33", "000003212", "-480.00", "金桥商店", "退票 ZP-0808 存款不足"),
        ),
    ),
    Case(
        what="True twins: two deposits of 260.00 on one day of one payer, no number in common; two lines at the bank. They match as a class.",
        docs=(
            Doc("general_deposit", {"单据号": "YC-0809-1", "日期": "2023-08-09", "户号": "S22", "金额": "260.00", "银行": BOC}),
            Doc("general_deposit", {"单据号": "YC-0809-2", "日期": "2023-08-09", "户号": "S22", "金额": "260.00", "银行": BOC}),
        ),
        lines=(
            Line(BOC, "2023-08-09 14:10:00", "2023080900901", "260.00", "永丰超市", "预存水费"),
            Line(BOC, "2023-08-09 14:10:00", "2023080900902", "260.00", "永丰超市", "预存水费"),
        ),
    ),
    Case(
        what="A tie that must stay open: two deposits of 88.00 in the books, three lines at the bank, nothing tells them apart.",
        docs=(
            Doc("general_deposit", {"单据号": "YC-0817-1", "日期": "2023-08-17", "户号": "S23", "金额": "88.00", "银行": BOC}),
            Doc("general_deposit", {"单据号": "YC-0817-2", "日期": "2023-08-17", "户号": "S23", "金额": "88.00", "银行": BOC}),
        ),
        lines=(
            Line(BOC, "2023-08-17 10:00:00", "2023081700901", "88.00", "新华书店", "预存水费"),
            Line(BOC, "2023-08-17 10:00:00", "2023081700902", "88.00", "新华书店", "预存水费"),
            Line(BOC, "2023-08-17 10:00:00", "2023081700903", "88.00", "新华书店", "预存水费"),
        ),
    ),
    Case(
        what="A netted fee: the channel keeps 0.6 % of 1,440.00; the 8.64 is a line of its own until its voucher of the 18th.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-15", "户号": "S12", "金额": "1440.00", "银行": BOC, "银行流水号": "HD0815900", "票据号": "0100004"}),
            Doc("bank_charge", {"日期": "2023-08-18", "银行": BOC, "金额": "8.64", "回单号": "2023081500901", "步骤": "扣收"}),
        ),
        lines=(Line(BOC, "2023-08-15 08:01:00", "2023081500901", "1431.36", "银联商务", "商户结算 HD0815900 净额"),),
    ),
    Case(
        what="A netted fee whose voucher is not there yet: 4.32 of 720.00 stays open at the end of August.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-30", "户号": "S13", "金额": "720.00", "银行": BOC, "银行流水号": "HD0830900", "票据号": "0100005"}),
        ),
        lines=(Line(BOC, "2023-08-30 08:01:00", "2023083000901", "715.68", "银联商务", "商户结算 HD0830900 净额"),),
    ),
    Case(
        what="A doubled credit: the bank enters 2,400.00 twice on the 21st and takes the second back on the 22nd.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-21", "户号": "S14", "金额": "2400.00", "银行": BOC, "银行流水号": "2023082100901", "票据号": "0100006"}),
        ),
        lines=(
            Line(BOC, "2023-08-21 11:02:00", "2023082100901", "2400.00", "东湖酒店", "8月水费"),
            Line(BOC, "2023-08-21 11:02:01", "2023082100902", "2400.00", "东湖酒店", "8月水费"),
            Line(BOC, "2023-08-22 09:00:00", "2023082200901", "-2400.00", "东湖酒店", "冲正 原流水2023082100902"),
        ),
    ),
    Case(
        what=(
            "A receipt booked to the wrong account: the money is at 工行, the voucher says 中行. Open in both until "
            "30 August; then reversed and booked again (the test does it, with the reference 000003341)."
        ),
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-22", "户号": "S09", "金额": "3360.00", "银行": BOC, "银行流水号": "HD0822901", "票据号": "0100007"}),
        ),
        lines=(Line(ICBC, "2023-08-22 10:44:51", "000003341", "3360.00", "南湖宾馆", "8月水费"),),
    ),
    Case(
        what="Another payer: the owner pays for his tea house. Only a person can know; matched by hand.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-23", "户号": "S15", "金额": "1152.00", "银行": ICBC, "银行流水号": "HD0823901", "票据号": "0100008"}),
        ),
        lines=(Line(ICBC, "2023-08-23 11:15:09", "000003351", "1152.00", "王建国", "水费"),),
    ),
    Case(
        what="Two for three: 1,440.00 and 960.00 in the books, 1,000.00, 800.00 and 600.00 at the bank. Grouped by hand.",
        docs=(
            Doc("general_deposit", {"单据号": "YC-0824-1", "日期": "2023-08-24", "户号": "S16", "金额": "1440.00", "银行": ICBC}),
            Doc("general_deposit", {"单据号": "YC-0824-2", "日期": "2023-08-24", "户号": "S16", "金额": "960.00", "银行": ICBC}),
        ),
        lines=(
            Line(ICBC, "2023-08-24 09:01:00", "000003361", "1000.00", "宏达商贸", "水费"),
            Line(ICBC, "2023-08-24 09:02:00", "000003362", "800.00", "宏达商贸", "水费"),
            Line(ICBC, "2023-08-24 09:03:00", "000003363", "600.00", "宏达商贸", "水费"),
        ),
    ),
    Case(
        what="One for three: 2,016.00 at the bank for three deposits. The sum is proposed, a person accepts it.",
        docs=(
            Doc("general_deposit", {"单据号": "YC-0825-1", "日期": "2023-08-25", "户号": "S17", "金额": "480.00", "银行": ICBC}),
            Doc("general_deposit", {"单据号": "YC-0825-2", "日期": "2023-08-25", "户号": "S17", "金额": "672.00", "银行": ICBC}),
            Doc("general_deposit", {"单据号": "YC-0825-3", "日期": "2023-08-25", "户号": "S17", "金额": "864.00", "银行": ICBC}),
        ),
        lines=(Line(ICBC, "2023-08-25 15:30:12", "000003371", "2016.00", "兴隆百货", "水费"),),
    ),
    Case(
        what="Digits exchanged: 1,296.00 in the books, 1,269.00 at the bank. Open on both sides with its reason; corrected in September.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-24", "户号": "S18", "金额": "1296.00", "银行": ICBC, "银行流水号": "HD0824901", "票据号": "0100009"}),
        ),
        lines=(Line(ICBC, "2023-08-24 16:20:00", "000003364", "1269.00", "安康药房", "8月水费"),),
    ),
    Case(
        what=(
            "Matched too early: on the 16th the books had one 720.00 of 北方物流 and the bank one. The afternoon brings a "
            "second line, and the first one's slip shows that it was nobody's we knew: the match is doubtful, undone by "
            "a person, and made anew."
        ),
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-14", "户号": "S19", "金额": "720.00", "银行": ICBC, "银行流水号": "HD0814901", "票据号": "0100010"}),
            Doc("unidentified", {"日期": "2023-08-22", "银行": ICBC, "金额": "720.00", "银行流水号": "000003301"}),
        ),
        lines=(
            Line(ICBC, "2023-08-15 09:10:00", "000003301", "720.00", "北方物流", "往来款"),
            Line(ICBC, "2023-08-16 16:40:00", "000003302", "720.00", "北方物流", "水费"),
        ),
    ),
    Case(
        what="To head office on the 11th; its receipt lists 200.00 less of 水费: R12 keeps the difference open.",
        docs=(
            Doc("head_office_transfer", {"单据号": "ZK-0811", "日期": "2023-08-11", "银行": ICBC, "款项类别": FUNDS, "金额": "9000.00", **OFFICE, "银行流水号": "000003213"}),
            Doc("head_office_transfer", {"单据号": "ZK-0811", "日期": "2023-08-11", "银行": ICBC, "款项类别": "预收部分水费", "金额": "300.00", **OFFICE, "银行流水号": "000003214"}),
            Doc("head_office_receipt", {"单据号": "SJ-0814", "日期": "2023-08-14", "转款单号": "ZK-0811", "款项类别": FUNDS, "金额": "8800.00"}),
            Doc("head_office_receipt", {"单据号": "SJ-0814", "日期": "2023-08-14", "转款单号": "ZK-0811", "款项类别": "预收部分水费", "金额": "300.00"}),
        ),
        lines=(
            Line(ICBC, "2023-08-11 10:15:00", "000003213", "-9000.00", "总公司财务部", "ZK-0811 水费"),
            Line(ICBC, "2023-08-11 10:15:03", "000003214", "-300.00", "总公司财务部", "ZK-0811 预收部分水费"),
        ),
    ),
    Case(
        what="A levy paid by cheque on the last day: the bank pays on 1 September.",
        docs=(
            Doc("levy_remittance", {"缴款书号": "CZ-0831", "日期": "2023-08-31", "银行": ICBC, "代征项目": "污水处理费", "金额": "2000.00", **TREASURY, "所属月": "2023-07", "方式": "支票", "支票号": "40210831"}),
        ),
    ),
    Case(
        what="A cheque of the last day: the bank has it on 1 September.",
        docs=(
            Doc("cheque_receipt", {"支票号": "ZP-0831", "日期": "2023-08-31", "户号": "S20", "金额": "1920.00", "银行": ICBC, "已进账": "是", "票据号": "0100011", "出票日": "2023-08-30"}),
        ),
    ),
    Case(
        what="On the last day the bank has 960.00 of 明珠幼儿园 and keeps 25.00 for its service; the slips come in September.",
        lines=(
            Line(ICBC, "2023-08-31 15:10:00", "000003391", "960.00", "明珠幼儿园", "8月水费"),
            Line(ICBC, "2023-08-31 23:50:00", "000003392", "-25.00", "", "网银服务费"),
        ),
    ),
]  # fmt: skip

CORRECTION = [
    Case(
        what="30 August: the receipt of 南湖宾馆 once more, now to the account that has it; the reversal is the test's.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-08-30", "户号": "S09", "金额": "3360.00", "银行": ICBC, "银行流水号": "000003341", "票据号": "0100013"}),
        ),
    ),
]  # fmt: skip

SEPTEMBER = [
    Case(
        what="What was under way at the end of August arrives, the slips of the bank are booked, the transposed voucher is put right.",
        docs=(
            Doc("transfer_receipt", {"日期": "2023-09-01", "户号": "S21", "金额": "960.00", "银行": ICBC, "银行流水号": "000003391", "票据号": "0100012"}),
            Doc("transfer_receipt", {"日期": "2023-09-01", "户号": "S18", "金额": "1269.00", "银行": ICBC, "银行流水号": "000003364", "票据号": "0100014"}),
            Doc("bank_charge", {"日期": "2023-09-01", "银行": ICBC, "金额": "25.00", "回单号": "000003392", "步骤": "扣收"}),
        ),
        lines=(
            Line(ICBC, "2023-09-01 09:12:40", "000003401", "1920.00", "长青木业", "转账支票进账 ZP-0831"),
            Line(ICBC, "2023-09-01 10:05:31", "000003402", "-2000.00", "财政专户", "缴款书 CZ-0831 污水处理费 支票40210831"),
        ),
    ),
]  # fmt: skip
