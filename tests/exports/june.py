"""June 2023 of the specification (§6), its entries written out by hand.

Not made by the posting rules: what the views and registers say of it is held to the
figures of the specification alone. Amounts are yuan as the document prints them.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ledger.accounts import DIMENSIONS, Chart
from ledger.book import Book
from ledger.money import parse_fen
from ledger.storage import Store

BOOK_ID = 1
NOW = "2023-07-01T00:00:00.000000Z"
TOWN, WEST = "1002.01", "1002.02"

BRANCHES = {"E3": "B02", "E5": "B02", "E6": "B02"}
ITEMS = ("sewage", "water_resource", "surcharge")


@dataclass(frozen=True)
class Line:
    """One line: its side, account, yuan and dimensions."""

    side: str
    account: str
    amount: str
    dims: dict[str, str]


@dataclass(frozen=True)
class Entry:
    """One entry of the month."""

    day: str
    kind: str
    event: str
    doc_no: str
    memo: str | None
    lines: list[Line]
    persons: dict[str, str] = field(default_factory=dict)


def dr(account: str, amount: str, **dims: str) -> Line:
    """Debit."""
    return Line("debit", account, amount, dims)


def cr(account: str, amount: str, **dims: str) -> Line:
    """Credit."""
    return Line("credit", account, amount, dims)


def branch(customer: str) -> str:
    """The customer's branch."""
    return BRANCHES.get(customer, "B01")


def bill(customer: str, month: str, number: str) -> dict[str, str]:
    """Dimensions of a bill."""
    return {"branch": branch(customer), "customer": customer, "bill_month": month, "document": number}


def billed(levies: str, sign: str = "", **dims: str) -> list[Line]:
    """Levies of a charge, 污/资/附."""
    parts = levies.split("/")
    return [cr(f"2241.01.0{n}", f"{sign}{part}", item=ITEMS[n - 1], **dims) for n, part in enumerate(parts, 1)]


def move(levies: str, fund: str, bank: str, of: dict[str, str]) -> list[Line]:
    """LM: levies from billed to collected."""
    parts = list(enumerate(levies.split("/"), 1))
    due = {"customer": of["customer"], "bill_month": of["bill_month"]}
    return [
        *(dr(f"2241.01.0{n}", part, item=ITEMS[n - 1], **of) for n, part in parts),
        *(cr(f"2241.02.0{n}", part, item=ITEMS[n - 1], fund=fund, bank=bank, **due) for n, part in parts),
    ]


def cash(cashier: str, side: str, amount: str, fund: str) -> Line:
    """A line on a drawer."""
    return Line(side, f"1001.{cashier}", amount, {"branch": "B01", "cashier": cashier, "fund": fund})


def at_bank(side: str, account: str, amount: str, fund: str, document: str) -> Line:
    """A line on a bank account."""
    home = "B01" if account == TOWN else "B02"
    return Line(side, account, amount, {"branch": home, "bank": account, "fund": fund, "document": document})


def charge(day: str, customer: str, number: str, account: str, gross: str, revenue: str, vat: str, levies: str, cls: str, kind: str = "charge", event: str = "E02", month: str = "2023-06") -> Entry:  # fmt: skip
    """A bill of §6.2."""
    of = bill(customer, month, number)
    lines = [
        dr(account, gross, **of),
        cr("6001.01", revenue, branch=of["branch"], item=f"water/{cls}"),
        cr("2221.02", vat, item="water"),
        *billed(levies, **of),
    ]
    return Entry(day, kind, event, number, f"{customer} 开账", lines)


R4APR, R7MAY = bill("R7", "2023-04", "B-R7-04"), bill("R7", "2023-05", "B-R7-05")
R6, R8 = bill("R6", "2023-03", "B-R6"), bill("R8", "2020-06", "B-R8")


def of(customer: str) -> dict[str, str]:
    """The customer's June bill."""
    return bill(customer, "2023-06", f"B-{customer}")


OPENING = Entry(
    "05-31", "opening", "E01", "QC-202305", "期初余额",
    [
        cash("C01", "debit", "500.00", "零钞"), cash("C02", "debit", "500.00", "零钞"),
        at_bank("debit", TOWN, "10200.00", "水费", "QC"), at_bank("debit", WEST, "3000.00", "水费", "QC"),
        dr("1122.01", "41.40", **R4APR), dr("1122.01", "34.50", **R7MAY),
        dr("1122.05", "86.25", **R6), dr("1122.05", "17.25", **R8),
        dr("1221.01", "3000.00", fund="水费", document="ZK-0531", bank=WEST),
        dr("1221.02", "250000.00", document="QC"), cr("1231", "500.00"), cr("2221.02", "1234.56"),
        *billed("11.40/3.00/0.60", **R4APR), *billed("9.50/2.50/0.50", **R7MAY),
        *billed("23.75/6.25/1.25", **R6), *billed("4.75/1.25/0.25", **R8),
        *(cr(f"2241.02.0{n}", amount, item=ITEMS[n - 1], fund="水费", bank=TOWN)
          for n, amount in ((1, "2850.00"), (2, "750.00"), (3, "150.00"))),
        cr("9000", "261829.84"),
    ],
)  # fmt: skip

BILLS = [
    charge("06-05", "R1", "B-R1", "1122.01", "41.40", "25.63", "0.77", "11.40/3.00/0.60", "R"),
    charge("06-05", "R2", "B-R2", "1122.01", "120.80", "83.30", "2.50", "26.60/7.00/1.40", "R"),
    charge("06-05", "R3", "B-R3", "1122.01", "34.50", "21.36", "0.64", "9.50/2.50/0.50", "R"),
    charge("06-05", "R4", "B-R4", "1122.01", "31.05", "19.22", "0.58", "8.55/2.25/0.45", "R"),
    charge("06-05", "R7", "B-R7", "1122.01", "37.95", "23.50", "0.70", "10.45/2.75/0.55", "R"),
    charge("06-12", "E1", "B-E1", "1122.02", "4800.00", "3009.71", "90.29", "1400.00/250.00/50.00", "N"),
    charge("06-12", "E2", "B-E2", "1122.02", "2400.00", "1504.85", "45.15", "700.00/125.00/25.00", "N"),
    charge("06-12", "E3", "B-E3", "1122.02", "1440.00", "902.91", "27.09", "420.00/75.00/15.00", "N"),
    charge("06-12", "E4", "B-E4", "1122.02", "820.00", "631.07", "18.93", "140.00/25.00/5.00", "S"),
    charge("06-12", "E5", "B-E5", "1122.02", "1200.00", "752.43", "22.57", "350.00/62.50/12.50", "N"),
    charge("06-12", "E6", "B-E6", "1122.02", "96.00", "60.19", "1.81", "28.00/5.00/1.00", "N"),
    charge("06-12", "E4", "BI-E4", "1122.04", "328.00", "252.43", "7.57", "56.00/10.00/2.00", "S", "back_charge", "E21"),
]  # fmt: skip

E4I = bill("E4", "2023-06", "BI-E4")
TM = bill("R5", "2023-06", "B-TM")


def transit(side: str, amount: str, customer: str, slip: str) -> Line:
    """A line on 待达账."""
    return Line(side, "1012.02", amount, {"branch": "B02", "bank": WEST, "customer": customer, "fund": "水费", "document": slip})  # fmt: skip


def advance(side: str, account: str, amount: str, customer: str, document: str, fund: str, bank: str = TOWN) -> Line:
    """A line on an advance."""
    return Line(side, account, amount, {"branch": branch(customer), "bank": bank, "customer": customer, "fund": fund, "document": document})  # fmt: skip


def sent(number: str, bank: str, parts: dict[str, str]) -> list[Line]:
    """A transfer to head office: one bank line per category."""
    return [
        *(dr("1221.01", amount, fund=fund, document=number, bank=bank) for fund, amount in parts.items()),
        *(at_bank("credit", bank, amount, fund, number) for fund, amount in parts.items()),
    ]


def receipted(transfer: str, parts: dict[str, str]) -> list[Line]:
    """Head office's receipt of a transfer."""
    return [
        line
        for fund, amount in parts.items()
        for line in (
            dr("1221.02", amount, fund=fund, document=transfer),
            cr("1221.01", amount, fund=fund, document=transfer),
        )
    ]


ZK_0629 = {
    "水费": "9435.80", "监察大队": "260.00", "补缴水费": "65.30", "TM卡水费": "66.00", "材料费": "226.00",
    "预交水费": "12000.00", "预收部分水费": "35.00", "银行存款利息": "12.34",
}  # fmt: skip

EVENTS = [
    Entry("06-01", "head_office_receipt", "E27", "SJ-0601", "总公司收款收据", receipted("ZK-0531", {"水费": "2950.00"})),
    Entry("06-07", "head_office_receipt", "E27", "SJ-0607", "总公司补开收据", receipted("ZK-0531", {"水费": "50.00"})),
    Entry("06-08", "scan_receipt", "E08", "SM-0608", "R1 扫码缴费", [
        dr("1012.01", "41.40", branch="B01", bank=WEST, fund="水费", customer="R1", document="SM-0608"),
        cr("1122.01", "41.40", **of("R1")), *move("11.40/3.00/0.60", "水费", WEST, of("R1"))]),
    Entry("06-09", "scan_settlement", "E08", "QS-0609", "扫码清算到账", [
        at_bank("debit", WEST, "41.15", "水费", "QS-0609"),
        dr("6603.02", "0.25", bank=WEST, document="QS-0609", fund="水费"),
        cr("1012.01", "41.40", branch="B01", bank=WEST, fund="水费", document="SM-0608")]),
    Entry("06-09", "cash_receipt", "E07", "0001234", "R2 现金缴费", [
        cash("C01", "debit", "120.80", "水费"), cr("1122.01", "120.80", **of("R2")),
        *move("26.60/7.00/1.40", "水费", TOWN, of("R2"))]),
    Entry("06-09", "cash_difference", "E20", "DK-1", "C01 日结短款", [
        dr("1901", "5.00", cashier="C01", document="DK-1"), cash("C01", "credit", "5.00", "水费")]),
    Entry("06-09", "cash_difference", "E20", "DK-2", "短款定责 C01", [
        dr("1221.03", "5.00", staff="C01", document="DK-1"), cr("1901", "5.00", cashier="C01", document="DK-1")]),
    Entry("06-09", "cash_difference", "E20", "DK-3", "C01 当日补齐", [
        cash("C01", "debit", "5.00", "水费"), cr("1221.03", "5.00", staff="C01", document="DK-1")]),
    Entry("06-09", "cash_deposit", "E19", "JK-0609", "缴存 工行 现金缴款单", [
        at_bank("debit", TOWN, "120.80", "水费", "JK-0609"), cash("C01", "credit", "120.80", "水费")]),
    Entry("06-12", "back_charge_receipt", "E21", "SF-0612-1", "E4 监察大队补缴", [
        cash("C02", "debit", "328.00", "监察大队"), cr("1122.04", "328.00", **E4I),
        *move("56.00/10.00/2.00", "监察大队", TOWN, E4I)]),
    Entry("06-12", "removed_meter_receipt", "E22", "SF-0612-2", "R6 拆表欠费+违约金", [
        cash("C02", "debit", "96.55", "补缴水费"), cr("1122.05", "86.25", **R6),
        cr("6301.01", "10.00", customer="R6", bill_month="2023-03"), cr("2221.02", "0.30", item="late"),
        *move("23.75/6.25/1.25", "补缴水费", TOWN, R6)]),
    Entry("06-12", "partial_payment", "E12", "SL-0612", "R7 部分缴费", [
        cash("C02", "debit", "30.00", "预收部分水费"), advance("credit", "2203.03", "30.00", "R7", "SL-0612", "预收部分水费")]),
    Entry("06-12", "cash_difference", "E20", "CK-1", "C02 长款 待查", [
        cash("C02", "debit", "0.50", "水费"), cr("1901", "0.50", cashier="C02", document="CK-1")]),
    Entry("06-12", "cash_deposit", "E19", "JK-0612", "缴存 工行 4张缴款单", [
        line
        for fund, amount, slip in (("监察大队", "328.00", "JK-0612-1"), ("补缴水费", "96.55", "JK-0612-2"),
                                   ("预收部分水费", "30.00", "JK-0612-3"), ("水费", "0.50", "JK-0612-4"))
        for line in (at_bank("debit", TOWN, amount, fund, slip), cash("C02", "credit", amount, fund))]),
    Entry("06-13", "reduction", "E04", "SQ-2023-001", "E3 抄表差错核减10m3", [
        dr("1122.02", "-48.00", **of("E3")), cr("6001.01", "-30.10", branch="B02", item="water/N"),
        cr("2221.02", "-0.90", item="water"), *billed("14.00/2.50/0.50", "-", **of("E3"))]),
    Entry("06-13", "tm_sale", "E14", "SF-0613-1", "R5 TM卡预交30m3", [
        cash("C01", "debit", "103.50", "TM卡水费"), advance("credit", "2203.01", "103.50", "R5", "SF-0613-1", "TM卡水费")]),
    Entry("06-13", "materials", "E23", "SF-0613-2", "材料费", [
        cash("C01", "debit", "226.00", "材料费"), cr("6051.01", "200.00", document="SF-0613-2"),
        cr("2221.01", "26.00", item="material")]),
    Entry("06-13", "cash_deposit", "E19", "JK-0613", "缴存 工行", [
        line
        for fund, amount, slip in (("TM卡水费", "103.50", "JK-0613-1"), ("材料费", "226.00", "JK-0613-2"))
        for line in (at_bank("debit", TOWN, amount, fund, slip), cash("C01", "credit", amount, fund))]),
    Entry("06-14", "head_office_tax", "E33", "TZ-0614", "总公司代缴5月增值税", [
        dr("2221.02", "1234.56"), cr("1221.02", "1234.56", document="TZ-0614")]),
    Entry("06-15", "levy_remittance", "E28", "CZ-0615", "上缴代征费用 污水处理费 5月", [
        dr("2241.02.01", "2850.00", item="sewage", fund="代征", bank=TOWN, document="CZ-0615"),
        at_bank("credit", TOWN, "2850.00", "代征", "CZ-0615")]),
    Entry("06-16", "slip_receipt", "E10", "LS-0616", "E3 临时回单", [
        transit("debit", "1500.00", "E3", "LS-0616"), cr("1122.02", "1392.00", **of("E3")),
        advance("credit", "2203.04", "108.00", "E3", "LS-0616", "水费", WEST),
        *move("406.00/72.50/14.50", "水费", WEST, of("E3"))]),
    Entry("06-16", "builder_prepayment", "E15", "SL-0616", "B1 房地产预交水费", [
        cash("C02", "debit", "12000.00", "预交水费"), advance("credit", "2203.02", "12000.00", "B1", "SL-0616", "预交水费")]),
    Entry("06-16", "cash_deposit", "E19", "JK-0616", "缴存 工行", [
        at_bank("debit", TOWN, "12000.00", "预交水费", "JK-0616"), cash("C02", "credit", "12000.00", "预交水费")]),
    Entry("06-19", "slip_arrival", "E10", "DZ-0619", "E3 到账 中行 转账回单", [
        at_bank("debit", WEST, "1500.00", "水费", "LS-0616"), transit("credit", "1500.00", "E3", "LS-0616")]),
    Entry("06-19", "transfer_receipt", "E11", "ZZ-0619", "E5 转账 少转10.00", [
        at_bank("debit", WEST, "1190.00", "水费", "ZZ-0619"), dr("1122.06", "10.00", **of("E5")),
        cr("1122.02", "1200.00", **of("E5")), *move("350.00/62.50/12.50", "水费", WEST, of("E5"))]),
    Entry("06-20", "collection_result", "E16", "TS202306-1", "托收回单 E1", [
        at_bank("debit", TOWN, "4800.00", "水费", "TS202306"), cr("1122.02", "4800.00", **of("E1")),
        *move("1400.00/250.00/50.00", "水费", TOWN, of("E1"))]),
    *(Entry("06-21", "interest", "E24", number, "存款利息", [
        at_bank("debit", bank, amount, "银行存款利息", number),
        dr("6603.01", f"-{amount}", bank=bank, document=number, fund="银行存款利息")])
      for number, bank, amount in (("LX-0621-1", TOWN, "12.34"), ("LX-0621-2", WEST, "5.66"))),
    charge("06-25", "R5", "B-TM", "1122.03", "103.50", "64.08", "1.92", "28.50/7.50/1.50", "R", "tm_recognition", "E14"),
    Entry("06-25", "apply_advance", "E13", "B-TM-A1", "TM卡 预收冲应收", [
        advance("debit", "2203.01", "103.50", "R5", "SF-0613-1", "TM卡水费"), cr("1122.03", "103.50", **TM),
        *move("28.50/7.50/1.50", "TM卡水费", TOWN, TM)]),
    Entry("06-26", "partial_payment", "E12", "SL-0626", "R7 再交20.00", [
        cash("C02", "debit", "20.00", "预收部分水费"), advance("credit", "2203.03", "20.00", "R7", "SL-0626", "预收部分水费")]),
    Entry("06-26", "apply_advance", "E13", "SL-0626-A1", "R7 累计50.00 冲4月欠费", [
        advance("debit", "2203.03", "41.40", "R7", "SL-0612", "预收部分水费"), cr("1122.01", "41.40", **R4APR),
        *move("11.40/3.00/0.60", "预收部分水费", TOWN, R4APR)]),
    Entry("06-26", "cash_deposit", "E19", "JK-0626", "缴存 工行", [
        at_bank("debit", TOWN, "20.00", "预收部分水费", "JK-0626"), cash("C02", "credit", "20.00", "预收部分水费")]),
    Entry("06-26", "invoice_unpaid", "E18", "FP-1", "E4 先打印发票未付款", [
        dr("1221.04", "820.00", cashier="C02", **of("E4")), cr("1122.02", "820.00", **of("E4"))]),
    Entry("06-26", "invoice_unpaid", "E18", "FP-1-R", "E4 当日冲回", [
        dr("1221.04", "-820.00", cashier="C02", **of("E4")), cr("1122.02", "-820.00", **of("E4"))]),
    Entry("06-27", "bad_debt", "E32", "HX-2023-03", "R8 坏账核销", [
        dr("1231", "11.00"),
        *(dr(f"2241.01.0{n}", amount, item=ITEMS[n - 1], **R8) for n, amount in ((1, "4.75"), (2, "1.25"), (3, "0.25"))),
        cr("1122.05", "17.25", **R8)]),
    Entry("06-28", "cash_difference", "E20", "CK-2", "长款批准转营业外收入", [
        dr("1901", "0.50", cashier="C02", document="CK-1"), cr("6301.02", "0.50", cashier="C02", document="CK-2")]),
    Entry("06-28", "head_office_transfer", "E26", "ZK-0628", "向总公司转款 中行", sent("ZK-0628", WEST, {"水费": "3000.00"})),
    Entry("06-28", "head_office_receipt", "E27", "SJ-0628", "总公司收款收据", receipted("ZK-0628", {"水费": "3000.00"})),
    Entry("06-29", "head_office_transfer", "E26", "ZK-0629", "向总公司转款 工行", sent("ZK-0629", TOWN, ZK_0629),
          {"maker": "L01", "checker": "F01", "approver": "P01"}),
    Entry("06-29", "slip_receipt", "E10", "LS-0629", "E6 临时回单", [
        transit("debit", "96.00", "E6", "LS-0629"), cr("1122.02", "96.00", **of("E6")),
        *move("28.00/5.00/1.00", "水费", WEST, of("E6"))]),
    Entry("06-30", "head_office_receipt", "E27", "SJ-0630", "总公司收款收据 未列利息",
          receipted("ZK-0629", {fund: amount for fund, amount in ZK_0629.items() if fund != "银行存款利息"})),
    Entry("06-30", "debit_slip", "E17", "HK-202306", "银行划扣居民水费 合计单", [
        at_bank("debit", TOWN, "65.55", "水费", "HK-202306"), cr("1122.09", "65.55", bank=TOWN, document="HK-202306")]),
    Entry("06-30", "cheque_receipt", "E09", "ZP-0630", "E4 转账支票 进账单", [
        at_bank("debit", TOWN, "820.00", "水费", "ZP-0630"), cr("1122.02", "820.00", **of("E4")),
        *move("140.00/25.00/5.00", "水费", TOWN, of("E4"))]),
    Entry("06-30", "levy_remittance", "E28", "CZ-0630", "上缴代征费用 转账支票", [
        dr("2241.02.02", "750.00", item="water_resource", fund="代征", bank=TOWN, document="CZ-0630"),
        dr("2241.02.03", "150.00", item="surcharge", fund="代征", bank=TOWN, document="CZ-0630"),
        at_bank("credit", TOWN, "900.00", "代征", "CZ-0630")]),
]  # fmt: skip

JULY = [
    Entry("07-03", "transfer_receipt", "E11", "HD-0703", "E2 转账付6月水费", [
        at_bank("debit", TOWN, "2400.00", "水费", "HD-0703"), cr("1122.02", "2400.00", **of("E2")),
        *move("700.00/125.00/25.00", "水费", TOWN, of("E2"))]),
    Entry("07-03", "debit_list", "E17", "HK-202306-L", "代扣明细 6月", [
        dr("1122.09", "65.55", bank=TOWN, document="HK-202306"), cr("1122.01", "34.50", **of("R3")),
        at_bank("credit", TOWN, "31.05", "水费", "HK-202306-L"),
        *move("9.50/2.50/0.50", "水费", TOWN, of("R3"))]),
    Entry("07-04", "bank_charge", "E25", "SXF-0704", "银行误扣手续费 追回", [
        dr("1221.05", "15.00", bank=TOWN, document="SXF-0704"), at_bank("credit", TOWN, "15.00", "水费", "SXF-0704")]),
    Entry("07-04", "head_office_receipt", "E27", "SJ-0704", "总公司补开收据", receipted("ZK-0629", {"银行存款利息": "12.34"})),
]  # fmt: skip


def open_book(store: Store, book: Book, chart: Chart) -> None:
    """The book's own rows: identity and accounts."""
    first = book.cutover.replace(day=1)
    with store.writing(BOOK_ID) as session:
        session.insert("book", pl.DataFrame({"book_id": [BOOK_ID], "code": [book.code], "name": [book.name], "cutover": [book.cutover], "created_at": [NOW]}))  # fmt: skip
        accounts = {
            "account": list(chart.codes),
            "required": [chart.required_mask(code) for code in chart.codes],
        }
        session.insert("account", pl.DataFrame(accounts).with_columns(book_id=pl.lit(BOOK_ID), opened=pl.lit(first)))


def post(store: Store, entries: list[Entry], year: int = 2023, *, operator: str = "L01", seal: bool = True) -> None:
    """Entries as one sealed batch, in date order, with the next numbers."""
    dated = sorted(entries, key=lambda entry: entry.day)
    with store.writing(BOOK_ID) as session:
        row = session.rows("SELECT coalesce(max(batch_id), 0) + 1, coalesce(max(first_entry + entries - 1), 0) + 1 FROM batch WHERE book_id = 1")[0]  # fmt: skip
        batch_id, first = int(row[0]), int(row[1])
        numbers = dict(session.rows("SELECT period, max(last_no) FROM voucher_mark WHERE book_id = 1 GROUP BY period"))
        heads: list[dict[str, Any]] = []
        body: list[dict[str, Any]] = []
        for number, entry in enumerate(dated):
            date = dt.date.fromisoformat(f"{year}-{entry.day}")
            period = f"{date:%Y-%m}"
            numbers[period] = int(numbers.get(period, 0)) + 1
            heads.append({
                "book_id": BOOK_ID, "entry_id": first + number, "batch_id": batch_id, "date": date, "period": period,
                "vtype": "记", "vno": numbers[period], "kind": entry.kind, "event": entry.event, "doc_no": entry.doc_no,
                "memo": entry.memo, "lines": len(entry.lines), "reverses": None, "caused_by": None,
                "maker": None, "checker": None, "approver": None, "content": json.dumps([{"doc_no": entry.doc_no}]),
                "sheet": None, "row": number + 2, **entry.persons,
            })  # fmt: skip
            for line_no, line in enumerate(entry.lines, 1):
                fen = parse_fen(line.amount)
                body.append({
                    "book_id": BOOK_ID, "entry_id": first + number, "line": line_no, "date": date, "account": line.account,
                    "debit": fen if line.side == "debit" else 0, "credit": fen if line.side == "credit" else 0,
                    **{name: line.dims.get(name) for name in DIMENSIONS},
                })  # fmt: skip
        text = dict.fromkeys(DIMENSIONS, pl.String)
        lines = pl.DataFrame(body, schema_overrides=text, infer_schema_length=None)
        entry_text = dict.fromkeys(("maker", "checker", "approver", "sheet"), pl.String)
        frame = pl.DataFrame(heads, schema_overrides={**entry_text, "reverses": pl.Int64, "caused_by": pl.Int64}, infer_schema_length=None)  # fmt: skip
        fact = session.rows("SELECT coalesce(max(first_fact + facts - 1), 0) + 1 FROM batch WHERE book_id = 1")[0][0]
        session.insert("batch", pl.DataFrame({
            "book_id": [BOOK_ID], "batch_id": [batch_id], "batch_key": [f"june-{batch_id}"], "kind": ["day"],
            "first_entry": [first], "entries": [len(heads)], "lines": [len(body)], "first_fact": [int(fact)], "facts": [0],
            "debit": [int(lines["debit"].sum())], "credit": [int(lines["credit"].sum())], "operator": [operator],
            "today": [frame["date"][-1]], "recorded_at": [NOW],
        }))  # fmt: skip
        session.insert("entry", frame)
        session.insert("posting", lines)
        if seal:
            session.seal(BOOK_ID, batch_id)


def post_june(store: Store, book: Book, chart: Chart) -> None:
    """Opening, bills and events up to 2023-06-30."""
    open_book(store, book, chart)
    post(store, [OPENING])
    post(store, [*BILLS, *EVENTS])


def post_july(store: Store) -> None:
    """§6.6: what clears the open items."""
    post(store, JULY)
