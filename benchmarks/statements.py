"""Statements of any length in every format, for the benchmarks: a water company's month of receipts.

The same lines in each: amounts in fen, six of seven come in. The CSV is a corporate export of
China Construction Bank, with the columns of its sample.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import xlsxwriter

ACCOUNT = "1702020109000000101"
OPENING = 1_000_000_00
START = dt.date(2023, 6, 1)
DAYS = 30


def lines(count: int) -> pl.DataFrame:
    """``number``, ``at`` (when), ``amount`` (in − out) and ``balance`` after it, in fen; oldest first."""
    number = pl.int_range(count, dtype=pl.Int64)
    return (
        pl.select(number=number)
        .with_columns(
            at=pl.lit(START).cast(pl.Datetime("ms")) + pl.duration(seconds=pl.col("number") * (86_400 * DAYS) // count),
            size=pl.col("number") * 7919 % 48_000 + 350,
        )
        .select("number", "at", amount=pl.when(pl.col("number") % 7 == 3).then(-4 * pl.col("size")).otherwise("size"))
        .with_columns(balance=pl.col("amount").cum_sum() + OPENING)
    )


def yuan(fen: pl.Expr) -> pl.Expr:
    """Fen as the bank prints yuan."""
    size = fen.abs()
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.format("{}{}.{}", sign, size // 100, (size % 100).cast(pl.String).str.zfill(2))


def corporate(count: int) -> pl.DataFrame:
    """The table of the bank's export, as text."""
    customer = (pl.col("number") % 50_000).cast(pl.String)
    amount, nothing = pl.col("amount"), pl.lit("0")
    return lines(count).select(
        pl.lit(ACCOUNT).alias("账号"),
        pl.lit("清泉城市自来水公司").alias("账户名称"),
        pl.col("at").dt.strftime("%Y%m%d %H:%M:%S").alias("交易时间"),
        pl.when(amount < 0).then(yuan(amount.abs())).otherwise(nothing).alias("借方发生额（支取）"),
        pl.when(amount > 0).then(yuan(amount)).otherwise(nothing).alias("贷方发生额（收入）"),
        yuan(pl.col("balance")).alias("余额"),
        pl.lit("人民币元").alias("币种"),
        pl.format("户{}", customer).alias("对方户名"),
        pl.format("62220000{}", customer.str.zfill(8)).alias("对方账号"),
        pl.lit("城南支行").alias("对方开户机构"),
        pl.col("at").dt.strftime("%Y%m%d").alias("记账日期"),
        pl.lit("转账").alias("摘要"),
        pl.format("水费 户号R{}", customer.str.zfill(7)).alias("备注"),
        pl.format("21-{}", "number").alias("账户明细编号-交易流水号"),
    )


def csv(path: Path, count: int) -> Path:
    """The export as CSV."""
    corporate(count).write_csv(path)
    return path


def xlsx(path: Path, count: int) -> Path:
    """The export as a workbook, all cells text as banks write them."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    table = corporate(count)
    for number, row in enumerate((table.columns, *table.iter_rows())):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def _written(header: str, line: Callable[[dict], str], footer: str) -> Callable[[Path, int], Path]:
    def write(path: Path, count: int) -> Path:
        table = lines(count).with_columns(
            day=pl.col("at").dt.strftime("%Y%m%d"), yuan=yuan(pl.col("amount")), size=yuan(pl.col("amount").abs())
        )
        ends = {
            "opening": f"{OPENING // 100}.{OPENING % 100:02d}",
            "closing": table.select(yuan(pl.col("balance"))).to_series()[-1],
        }
        ends["comma"] = ends["closing"].replace(".", ",")
        parts: Iterator[str] = map(line, table.iter_rows(named=True))
        path.write_text(header.format(**ends) + "".join(parts) + footer.format(**ends), encoding="utf-8")
        return path

    return write


def _mt940(row: dict) -> str:
    side = "D" if row["amount"] < 0 else "C"
    return f":61:{row['day'][2:]}{row['day'][4:]}{side}{row['size'].replace('.', ',')}NTRFNONREF//B{row['number']}\n:86:water bill\n"


def _ofx(row: dict) -> str:
    kind = "DEBIT" if row["amount"] < 0 else "CREDIT"
    return (
        f"<STMTTRN><TRNTYPE>{kind}<DTPOSTED>{row['day']}<TRNAMT>{row['yuan']}<FITID>F{row['number']}"
        "<NAME>Customer<MEMO>water bill</STMTTRN>\n"
    )


def _camt(row: dict) -> str:
    day = f"{row['day'][:4]}-{row['day'][4:6]}-{row['day'][6:]}"
    side = "DBIT" if row["amount"] < 0 else "CRDT"
    return (
        f'<Ntry><Amt Ccy="CNY">{row["size"]}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>B{row['number']}</AcctSvcrRef>"
        "<NtryDtls><TxDtls><RmtInf><Ustrd>water bill</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def _bai2(row: dict) -> str:
    return f"16,{'475' if row['amount'] < 0 else '165'},{abs(row['amount'])},,B{row['number']},R{row['number']},water bill/\n"


def _qif(row: dict) -> str:
    day = row["day"]
    return f"D{day[4:6]}/{day[6:]}/{day[:4]}\nT{row['yuan']}\nN{row['number']}\nPCustomer\nMwater bill\n^\n"


def bai2(path: Path, count: int) -> Path:
    """BAI2 with its three control totals."""
    table = lines(count)
    closing, moved = table["balance"][-1], int(table["amount"].abs().sum())
    total = OPENING + closing + moved
    text = (
        "01,EXAMPLE,METERBOOK,230701,0800,1,80,,2/\n02,METERBOOK,EXAMPLE,1,230630,,CNY,2/\n"
        f"03,{ACCOUNT},CNY,010,{OPENING},,,015,{closing},,/\n"
        + "".join(map(_bai2, table.iter_rows(named=True)))
        + f"49,{total},{count + 2}/\n98,{total},1,{count + 4}/\n99,{total},1,{count + 6}/\n"
    )
    path.write_text(text, encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[Path, int], Path]] = {
    "csv": csv,
    "xlsx": xlsx,
    "bai2": bai2,
    "mt940": _written(
        ":20:REF1\n:25:EXAMPLEBANK/" + ACCOUNT + "\n:28C:1/1\n:60F:C230531CNY1000000,00\n",
        _mt940,
        ":62F:C230630CNY{comma}\n-\n",
    ),
    "ofx": _written(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n"
        "OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS>"
        "<DTSERVER>20230701<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0"
        "<SEVERITY>INFO</STATUS>\n<STMTRS><CURDEF>CNY<BANKACCTFROM><BANKID>1<ACCTID>"
        + ACCOUNT
        + "<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST><DTSTART>20230601<DTEND>20230630\n",
        _ofx,
        "</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{closing}<DTASOF>20230630</LEDGERBAL>\n</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n",
    ),
    "camt": _written(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">\n'
        "<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2023-07-01T08:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>"
        "<CreDtTm>2023-07-01T08:00:00</CreDtTm>"
        "<Acct><Id><Othr><Id>" + ACCOUNT + "</Id></Othr></Id><Ccy>CNY</Ccy></Acct>\n"
        '<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{opening}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<Dt><Dt>2023-06-01</Dt></Dt></Bal>\n"
        '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<Dt><Dt>2023-06-30</Dt></Dt></Bal>\n",
        _camt,
        "</Stmt></BkToCstmrStmt></Document>\n",
    ),
    "qif": _written("!Account\nN" + ACCOUNT + "\nTBank\n^\n!Type:Bank\n", _qif, ""),
}
"""Format → what writes a file of it with so many lines."""
