"""The files of the harder month: hand-written cases and bulk, as document files and bank statements.

    python -m tests.month.august.files        writes them anew beside this module

The test compares what this writes with the files that are there. 工行 gives its history newest
first and without serials of its own (凭证号 repeats nothing here, but is only a reference);
中行 gives serials. 工行's second file begins two days before the first one ends and lists the
15th in another order; 中行's second overlaps too, and its third is the whole month once more
from another export, oldest first.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path

from ledger.book import BOOK_FILE
from ledger.money import parse_fen
from tests.month.august import cases
from tests.month.august.bulk import WINDOWS, Bulk, bulk, yuan
from tests.month.august.cases import BOC, ICBC, Case, Doc, Line

HERE = Path(__file__).parent
ORDER = (
    "customers", "opening_items", "opening", "charge", "transfer_receipt", "cheque_receipt", "cash_receipt",
    "cash_deposit", "general_deposit", "scan_receipt", "scan_settlement", "unidentified", "collection_batch",
    "collection_result", "debit_slip", "debit_list", "returned_payment", "bank_charge", "head_office_transfer",
    "head_office_receipt", "levy_remittance",
)  # fmt: skip
"""Kinds in the order in which files of one day are posted."""
GROUPED = ("collection_batch", "debit_list", "head_office_transfer", "head_office_receipt")
CUT = "2023-08-16 12:00:00"
"""工行's first file was taken at noon of the 16th."""


def book_toml() -> str:
    """The shipped book, begun on 30 June 2023, with a channel that keeps 0.6 %."""
    text = BOOK_FILE.read_text(encoding="utf-8")
    for old, new in (
        ("cutover = 2023-05-31", "cutover = 2023-06-30"),
        ("matching_fees = []", 'matching_fees = ["0.6 %"]'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def files() -> dict[str, bytes]:
    """Every file by its name below this folder."""
    made = bulk()
    found: dict[str, bytes] = {}
    found |= _documents("2023-07", [*_opening(made), *_charges(cases.BILLS_JULY, "2023-07"), *_docs(cases.JULY)])
    bills = [*cases.BILLS_AUGUST, *made.bills]
    found |= _documents("2023-08", [*_charges(bills, "2023-08"), *_docs(cases.AUGUST)], made.docs)
    found |= _documents("2023-08/correction", _docs(cases.CORRECTION))
    found |= _documents("2023-09", _docs(cases.SEPTEMBER))
    return found | _statements(made)


# -- documents ------------------------------------------------------------------------------------


def _docs(of: Iterable[Case]) -> list[Doc]:
    return [doc for case in of for doc in case.docs]


def _opening(made: Bulk) -> list[Doc]:
    people = [(code, name, "单位户", "普通") for code, name in cases.CUSTOMERS.items()]
    people += [(code, name, "居民户", "代扣") for code, name in cases.HOUSEHOLDS.items()]
    day = {"日期": "2023-06-30"}
    docs = [
        Doc(
            "customers",
            {
                "单据号": f"KH-{code}", **day, "户号": code, "户名": name, "类别": stream,
                "用水性质": "R" if stream == "居民户" else "N", "交费方式": mode, "类型": "正常", "所": "城南",
            },
        )
        for code, name, stream, mode in [*people, *made.customers]
    ]  # fmt: skip
    for number, (bank, (_book, stated)) in enumerate(cases.OPENING.items(), 1):
        docs.append(
            Doc("opening_items", {"单据号": f"WD-0630-{number}", **day, "银行": bank, "类别": "对账单余额", "发生日": "2023-06-30", "金额": stated})
        )  # fmt: skip
    for number, category, since, amount, reference, reason in (
        ("WD-0630-3", "企业已收银行未收", "2023-06-28", "320.00", "JK-0628", "现金缴款银行未入账,已函询银行"),
        ("WD-0630-4", "企业已付银行未付", "2023-05-25", "150.00", "CZ-0525", "缴款支票财政未兑付"),
    ):
        row = {
            "单据号": number,
            **day,
            "银行": ICBC,
            "类别": category,
            "发生日": since,
            "金额": amount,
            "票据号": reference,
            "原因": reason,
        }
        docs.append(Doc("opening_items", row))
    rows = [
        {"科目": "1001.C01", "借方": "500.00", "所": "城南", "收费员": "C01", "款项类别": "零钞"},
        {"科目": "1001.C02", "借方": "500.00", "所": "城南", "收费员": "C02", "款项类别": "零钞"},
        {"科目": "1002.01", "借方": "20170.00", "所": "城南", "银行": ICBC, "款项类别": "水费", "原单据号": "QC-20230630"},
        {"科目": "1002.02", "借方": "8000.00", "所": "城西", "银行": BOC, "款项类别": "水费", "原单据号": "QC-20230630"},
        {"科目": "9000", "贷方": "29170.00"},
    ]  # fmt: skip
    return docs + [Doc("opening", {"单据号": "QC-20230630", **day, **row}) for row in rows]


def _charges(bills: Iterable[tuple[str, int]], month: str) -> list[Doc]:
    """Bills of the third of the month."""
    return [
        Doc(
            "charge",
            {
                "单据号": f"B-{code}-{month[2:4]}{month[5:]}", "日期": f"{month}-03", "户号": code, "所属月": month,
                "用水性质": "R" if code[0] in "DHQ" else "N", "水量": str(volume), "读码": "正常",
            },
        )
        for code, volume in bills
    ]  # fmt: skip


def _documents(folder: str, by_hand: list[Doc], many: list[Doc] | None = None) -> dict[str, bytes]:
    """One file per kind and day; of the bulk one per kind and window. What is written by hand is posted after it."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for doc in many or []:
        day = dt.date.fromisoformat(doc.row["日期"])
        window = next(end for end in WINDOWS if day <= end)
        groups.setdefault((f"{window:%m%d}-1{ORDER.index(doc.kind):02}", doc.kind), []).append(doc.row)
    for doc in by_hand:
        day = dt.date.fromisoformat(doc.row["日期"])
        groups.setdefault((f"{day:%m%d}-2{ORDER.index(doc.kind):02}", doc.kind), []).append(doc.row)
    return {
        f"{folder}/{place}-{kind}.csv": _csv(rows if kind in GROUPED else sorted(rows, key=lambda row: row["日期"]))
        for (place, kind), rows in sorted(groups.items())
    }


def _csv(rows: list[dict[str, str]]) -> bytes:
    heads = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


# -- statements -----------------------------------------------------------------------------------

Printed = list[tuple[Line, int]]
"""Lines, oldest first, each with the balance after it in fen."""


def _statements(made: Bulk) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    balance = {bank: parse_fen(stated) for bank, (_book, stated) in cases.OPENING.items()}
    july = [line for case in cases.JULY for line in case.lines]
    august = [*(line for case in cases.AUGUST for line in case.lines), *made.lines]
    september = [*(line for case in cases.SEPTEMBER for line in case.lines), *august]
    for bank, writer in ((ICBC, _icbc), (BOC, _boc)):
        begin = balance[bank]
        for month, lines in (("2023-07", july), ("2023-08", august), ("2023-09", september)):
            own = sorted((one for one in lines if one.bank == bank and one.at[:7] == month), key=lambda one: one.at)
            name = f"{month}/statements/{'ICBC-0101' if bank == ICBC else 'BOC-0202'}"
            if month != "2023-08":
                found[f"{name}.csv"] = writer(_run(own, begin)) if own else _empty(month, begin)
            elif bank == ICBC:
                found[f"{name}-a.csv"] = writer(_run([one for one in own if one.at < CUT], begin))
                before, rest = _split(own, "2023-08-14")
                found[f"{name}-b.csv"] = writer(_run(_reordered(rest, "2023-08-15"), begin + _sum(before)))
            else:
                first, _rest = _split(own, "2023-08-21")
                before, last = _split(own, "2023-08-18")
                found[f"{name}-a.csv"] = writer(_run(first, begin))
                found[f"{name}-b.csv"] = writer(_run(last, begin + _sum(before)))
                found[f"{name}-c.csv"] = _generic(_run(own, begin))
            begin += _sum(own)
    return found


def _when(line: Line) -> dt.datetime:
    return dt.datetime.fromisoformat(line.at)


def _split(lines: list[Line], day: str) -> tuple[list[Line], list[Line]]:
    return [one for one in lines if one.at < day], [one for one in lines if one.at >= day]


def _sum(lines: Iterable[Line]) -> int:
    return sum(parse_fen(one.amount) for one in lines)


def _run(lines: list[Line], balance: int) -> Printed:
    printed: Printed = []
    for line in lines:
        balance += parse_fen(line.amount)
        printed.append((line, balance))
    return printed


def _reordered(lines: list[Line], day: str) -> list[Line]:
    """The lines of a day by amount and not by time: the balances beside them are others."""
    own = sorted((one for one in lines if one.at.startswith(day)), key=lambda one: (parse_fen(one.amount), one.at))
    turn = iter(own)
    return [next(turn) if one.at.startswith(day) else one for one in lines]


def _icbc(printed: Printed) -> bytes:
    rows = ["[HISTORYDETAIL]", "凭证号,交易时间,对方单位,对方账号,转入金额,转出金额,余额,用途,摘要,附言"]
    for line, balance in reversed(printed):
        fen = parse_fen(line.amount)
        moved = (f"{fen / 100:,.2f}", "") if fen > 0 else ("", f"{-fen / 100:,.2f}")
        rows.append(
            f'{line.number},{line.at},{line.party},\t,"{moved[0]}","{moved[1]}","{balance / 100:,.2f}",{line.text},,'
        )
    return ("\n".join(rows) + "\n").encode("gb18030")


BOC_HEAD = (
    "交易类型[ Transaction Type ]", "付款人账号[ Debit Account No. ]", "付款人名称[ Payer's Name ]",
    "收款人账号[ Payee's Account Number ]", "收款人名称[ Payee's Name ]", "交易日期[ Transaction Date ]",
    "交易时间[ Transaction time ]", "交易货币[ Trade Currency ]", "交易金额[ Trade Amount ]",
    "交易后余额[ After-transaction balance ]", "交易流水号[ Transaction reference number ]", "凭证号码[ Voucher number ]",
    "摘要[ Reference ]", "用途[ Purpose ]", "交易附言[ Remark ]", "备注[ Remarks ]",
)  # fmt: skip


def _boc(printed: Printed) -> bytes:
    us = ("104500000202", "经营公司")
    rows = [
        "查询账号[ Inquirer account number ]:,104500000202,,,,,,,,,,,,,,",
        ",".join(BOC_HEAD),
    ]
    for line, balance in reversed(printed):
        fen, when = parse_fen(line.amount), _when(line)
        parties = (("", line.party), us) if fen > 0 else (us, ("", line.party))
        cells = [
            "来账" if fen > 0 else "往账", *parties[0], *parties[1], f"{when:%Y%m%d}", f"{when:%H%M%S}", "CNY", yuan(fen),
            yuan(balance), line.number, "", "", line.text, "", "",
        ]  # fmt: skip
        rows.append(",".join(cells))
    return ("\n".join(rows) + "\n").encode("gb18030")


def _generic(printed: Printed) -> bytes:
    rows = ["交易日期,交易时间,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额"]
    for line, balance in printed:
        fen, when = parse_fen(line.amount), _when(line)
        moved = ("", yuan(fen)) if fen > 0 else (yuan(-fen), "")
        rows.append(
            f"{when:%Y-%m-%d},{when:%H:%M:%S},{line.number},{line.text},{line.party},,{moved[0]},{moved[1]},{yuan(balance)}"
        )
    return ("\n".join(rows) + "\n").encode()


def _empty(month: str, balance: int) -> bytes:
    """A month in which nothing moved."""
    rows = [
        "交易日期,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额",
        f"{month}-01,,期初余额,,,,,{yuan(balance)}",
        f"{month}-04,,期末余额,,,,,{yuan(balance)}",
    ]
    return ("\n".join(rows) + "\n").encode()


def main() -> None:
    """Write them."""
    for name, content in files().items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
