"""The acceptance month as both sides see it, by hand from domain.md §6.3 and §6.6.

Book lines are the posting lines of 1002.01 and 1002.02; bank lines what the two
banks would print. 工行0101 begins with the 200.00 of 31 March that never arrived.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from ledger.money import parse_fen
from ledger.reconcile.frames import lines

JUNE, JULY = date(2023, 6, 30), date(2023, 7, 31)
OPENING = {"1002.01": (1_020_000, 1_000_000), "1002.02": (300_000, 300_000)}
"""Balance in the books and at the bank at cut-over."""

# ref | date | amount | number | text | customer | name | kind
BOOK_ICBC = """
O2   | 2023-03-31 |      200.00 | JK-0331       | 现金缴款              |    |              |
7:1  | 2023-06-09 |      120.80 | JK-0609       | 缴存 水费             |    |              | cash_deposit
12:1 | 2023-06-12 |      328.00 | JK-0612-1     | 缴存 监察大队         |    |              | cash_deposit
12:2 | 2023-06-12 |       96.55 | JK-0612-2     | 缴存 补缴水费         |    |              | cash_deposit
12:3 | 2023-06-12 |       30.00 | JK-0612-3     | 缴存 预收部分水费     |    |              | cash_deposit
12:4 | 2023-06-12 |        0.50 | JK-0612-4     | 缴存 水费             |    |              | cash_deposit
16:1 | 2023-06-13 |      103.50 | JK-0613-1     | 缴存 TM卡水费         |    |              | cash_deposit
16:2 | 2023-06-13 |      226.00 | JK-0613-2     | 缴存 材料费           |    |              | cash_deposit
18:2 | 2023-06-15 |   -2,850.00 | CZ-0615       | 上缴 污水处理费       |    | 财政专户     | levy_remittance
21:1 | 2023-06-16 |   12,000.00 | JK-0616       | 缴存 预交水费         |    |              | cash_deposit
24:1 | 2023-06-20 |    4,800.00 | TS202306      | 托收回单              | E1 | 城南机械厂   | collection_result
25:1 | 2023-06-21 |       12.34 | LX-0621-0101  | 存款利息              |    |              | interest
31:1 | 2023-06-26 |       20.00 | JK-0626       | 缴存 预收部分水费     |    |              | cash_deposit
38:2 | 2023-06-29 |   -9,435.80 | ZK-0629       | 转款 水费             |    | 总公司财务部 | head_office_transfer
38:3 | 2023-06-29 |     -260.00 | ZK-0629       | 转款 监察大队         |    | 总公司财务部 | head_office_transfer
38:4 | 2023-06-29 |      -65.30 | ZK-0629       | 转款 补缴水费         |    | 总公司财务部 | head_office_transfer
38:5 | 2023-06-29 |      -66.00 | ZK-0629       | 转款 TM卡水费         |    | 总公司财务部 | head_office_transfer
38:6 | 2023-06-29 |     -226.00 | ZK-0629       | 转款 材料费           |    | 总公司财务部 | head_office_transfer
38:7 | 2023-06-29 |  -12,000.00 | ZK-0629       | 转款 预交水费         |    | 总公司财务部 | head_office_transfer
38:8 | 2023-06-29 |      -35.00 | ZK-0629       | 转款 预收部分水费     |    | 总公司财务部 | head_office_transfer
38:9 | 2023-06-29 |      -12.34 | ZK-0629       | 转款 银行存款利息     |    | 总公司财务部 | head_office_transfer
41:1 | 2023-06-30 |       65.55 | HK-202306     | 银行划扣 月末合计单   |    |              | debit_slip
42:1 | 2023-06-30 |      820.00 | ZP-0630       | E4 转账支票           | E4 | 清泉洗浴中心 | cheque_receipt
43:3 | 2023-06-30 |     -900.00 | CZ-0630       | 上缴 转账支票 CZ-0630 |    | 财政专户     | levy_remittance
50:1 | 2023-07-03 |    2,400.00 | 000002326     | E2 直接转账付6月水费  | E2 | 城南第二中学 | transfer_receipt
51:3 | 2023-07-03 |      -31.05 | HKMX-202306   | 划扣明细 R4 失败      |    |              | debit_list
52:2 | 2023-07-04 |      -15.00 | 000002328     | 银行误扣手续费,追回   |    |              | bank_charge
"""
BANK_ICBC = """
1  | 2023-06-09 |      120.80 | 000002305 | 现金缴款 JK-0609 水费 现金存入           | |              |
2  | 2023-06-12 |      328.00 | 000002306 | 现金缴款 JK-0612-1 监察大队              | |              |
3  | 2023-06-12 |       96.55 | 000002307 | 现金缴款 JK-0612-2 补缴水费              | |              |
4  | 2023-06-12 |       30.00 | 000002308 | 现金缴款 JK-0612-3 预收部分水费          | |              |
5  | 2023-06-12 |        0.50 | 000002309 | 现金缴款 JK-0612-4 水费                  | |              |
6  | 2023-06-13 |      103.50 | 000002310 | 现金缴款 JK-0613-1 TM卡水费              | |              |
7  | 2023-06-13 |      226.00 | 000002311 | 现金缴款 JK-0613-2 材料费                | |              |
8  | 2023-06-15 |   -2,850.00 | 000002312 | 缴款书 ＣＺ－０６１５ 污水处理费         | | 财政专户     |
9  | 2023-06-16 |   12,000.00 | 000002313 | 现金缴款 JK-0616 预交水费                | |              |
10 | 2023-06-20 |    4,800.00 | 000002314 | 托收水费 批次TS202306                    | | 城南机械厂   |
11 | 2023-06-21 |       12.34 | 000002315 | 二季度结息                               | |              |
12 | 2023-06-26 |       20.00 | 000002316 | 现金缴款 JK626 预收部分水费              | |              |
13 | 2023-06-29 |   -9,435.80 | 000002317 | ZK-0629 水费                             | | 总公司财务部 |
14 | 2023-06-29 |     -260.00 | 000002318 | ZK-0629 监察大队                         | | 总公司财务部 |
15 | 2023-06-29 |      -65.30 | 000002319 | ZK-0629 补缴水费                         | | 总公司财务部 |
16 | 2023-06-29 |      -66.00 | 000002320 | ZK-0629 TM卡水费                         | | 总公司财务部 |
17 | 2023-06-29 |     -226.00 | 000002321 | ZK-0629 材料费                           | | 总公司财务部 |
18 | 2023-06-29 |  -12,000.00 | 000002322 | ZK-0629 预交水费                         | | 总公司财务部 |
19 | 2023-06-29 |      -35.00 | 000002323 | ZK-0629 预收部分水费                     | | 总公司财务部 |
20 | 2023-06-29 |      -12.34 | 000002324 | ZK-0629 银行存款利息                     | | 总公司财务部 |
21 | 2023-06-30 |       65.55 | 000002325 | 代扣水费 HK-202306 2笔                   | | 批量代扣     |
22 | 2023-06-30 |    2,400.00 | 000002326 | 6月水费 转账                             | | 城南第二中学 |
23 | 2023-06-30 |      -31.05 | 000002327 | 代扣退回 R4 余额不足                     | | 周清明       |
24 | 2023-06-30 |      -15.00 | 000002328 | 网银转账手续费                           | |              |
25 | 2023-07-03 |      820.00 | 000002329 | 转账支票进账 ZP-0630                     | | 清泉洗浴中心 |
26 | 2023-07-03 |     -900.00 | 000002330 | 缴款书 CZ-0630 支票40210630              | | 财政专户     |
"""
BOOK_BOC = """
4:1  | 2023-06-09 |       41.15 | QS-0608        | 扫码清算到账 |    |              | scan_settlement
22:1 | 2023-06-19 |    1,500.00 | LS-0616        | E3 到账      | E3 | 城西纺织厂   | slip_arrival
23:1 | 2023-06-19 |    1,190.00 | BOC23061900027 | E5 转账      | E5 | 城西食品厂   | transfer_receipt
26:1 | 2023-06-21 |        5.66 | LX-0621-0202   | 存款利息     |    |              | interest
36:2 | 2023-06-28 |   -3,000.00 | ZK-0628        | 转款 水费    |    | 总公司财务部 | head_office_transfer
"""
BANK_BOC = """
31 | 2023-06-09 |       41.15 | BOC23060900012 | 商户清算 QS-0608        | | 扫码收单清算 |
32 | 2023-06-19 |    1,500.00 | BOC23061900026 | 转账 水费               | | 城西纺织厂   |
33 | 2023-06-19 |    1,190.00 | BOC23061900027 | 转账 6月水费            | | 城西食品厂   |
34 | 2023-06-21 |        5.66 | BOC23062100001 | 二季度结息 LX-0621-0202 | |              |
35 | 2023-06-28 |   -3,000.00 | BOC23062800031 | 网银转账 ZK-0628 水费   | | 总公司财务部 |
"""


def read(text: str) -> pl.DataFrame:
    """A table above → lines of one side."""
    rows = []
    for order, line in enumerate(text.strip().splitlines()):
        ref, day, amount, number, words, customer, party, kind = (cell.strip() or None for cell in line.split("|"))
        rows.append(
            {
                "ref": ref,
                "date": date.fromisoformat(str(day)),
                "amount": parse_fen(str(amount)),
                "reference": number,
                "numbers": number,
                "text": words,
                "customer": customer,
                "party": party,
                "kind": kind,
                "reason": "已函询银行" if ref == "O2" else None,
                "order": order,
            }
        )
    return lines(pl.DataFrame(rows, infer_schema_length=None))


def side(bank: str, side: str, until: date) -> pl.DataFrame:
    """The lines of one side of 1002.01 or 1002.02 up to a day."""
    tables = {
        ("1002.01", "book"): BOOK_ICBC,
        ("1002.01", "bank"): BANK_ICBC,
        ("1002.02", "book"): BOOK_BOC,
        ("1002.02", "bank"): BANK_BOC,
    }
    return read(tables[bank, side]).filter(pl.col("date") <= until)
