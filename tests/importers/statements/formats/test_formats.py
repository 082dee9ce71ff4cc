"""Message formats: what each sample of our own says, and what a wrong word in it is called."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from importers.statements import Statement, probe, read_statement
from importers.statements.choose import one_statement
from importers.statements.formats import find_reader
from ledger.errors import ImportRejected

HERE = Path(__file__).parent
SAMPLES = {
    "water.sta": ("mt940", [(1000_00, 614_50, 6), (614_50, 615_50, 1)]),
    "interim.sta": ("mt942", [(None, None, 1)]),
    "water.camt053.xml": ("camt053", [(1000_00, 1084_50, 3)]),
    "water.sgml.ofx": ("ofx", [(None, 1122_30, 3)]),
    "water.xml.ofx": ("ofx", [(None, -33_10, 1)]),
    "water.qif": ("qif", [(1000_00, 1122_30, 3)]),
    "water.bai2": ("bai2", [(1000_00, 1084_50, 3)]),
}


def sample(name: str) -> bytes:
    return (HERE / name).read_bytes()


def changed(name: str, *swaps: tuple[str, str], encoding: str = "utf-8") -> bytes:
    """A sample with each first text replaced by the second; every swap must bite."""
    text = sample(name).decode(encoding)
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode(encoding)


def read(name: str, *swaps: tuple[str, str]) -> list[Statement]:
    return read_statement(changed(name, *swaps), name=name)


def refusal(name: str, *swaps: tuple[str, str]) -> str:
    with pytest.raises(ImportRejected) as refused:
        read(name, *swaps)
    assert all(fault.file == name for fault in refused.value.faults)
    return str(refused.value)


def errors(statement: Statement) -> list[str]:
    return [finding.code for finding in statement.errors]


def lines(statement: Statement, *columns: str) -> list[Any]:
    return statement.lines.select(*columns).rows() if len(columns) > 1 else statement.lines[columns[0]].to_list()


# -- every format ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    """Format by content alone, balances and counts; whole samples have no errors."""
    form, figures = SAMPLES[name]
    statements = read_statement(sample(name), name="statement")
    assert figures == [(one.opening, one.closing, one.lines.height) for one in statements]
    assert {form} == {one.format for one in statements}
    assert not [code for one in statements for code in errors(one)]
    assert all(one.lines["date"].is_sorted() for one in statements)
    assert all(one.balance_ok is (None if one.opening is None else True) for one in statements)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(name: str, encoding: str, end: str) -> None:
    text = sample(name).decode("gb18030" if name == "water.xml.ofx" else "utf-8")
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    before = read_statement(sample(name))
    after = read_statement(text.replace("\n", end).encode(encoding))
    for left, right in zip(before, after, strict=True):
        assert left.lines.drop("row").equals(right.lines.drop("row"))


@pytest.mark.parametrize("name", SAMPLES)
def test_one_reader_only(name: str) -> None:
    assert find_reader(sample(name), name) is not None


def test_probe_lists_several_statements() -> None:
    shown = probe(HERE / "water.sta")
    assert isinstance(shown, list)
    assert [("1000.00", "614.50"), ("614.50", "615.50")] == [(one["opening"], one["closing"]) for one in shown]
    assert isinstance(probe(HERE / "water.bai2"), dict)


def test_pending_entries_are_shown_and_not_booked() -> None:
    """In the probe among the entries of the file, in the statement apart, and said."""
    for name, booked in (("water.camt053.xml", 3), ("water.xml.ofx", 1), ("interim.sta", 1)):
        statement, shown = read_statement(sample(name))[0], probe(sample(name))
        assert isinstance(shown, dict)
        assert (booked, booked + 1) == (statement.lines.height, shown["transactions"])
        assert "pending" in [finding["code"] for finding in shown["findings"]]


def test_opening_said_by_a_person() -> None:
    statement = read_statement(sample("water.sgml.ofx"), opening=1000_00)[0]
    assert (1000_00, 1122_30, True) == (statement.opening, statement.closing, statement.balance_ok)
    wrong = read_statement(sample("water.sgml.ofx"), opening=1000_01)[0]
    assert [(1000_01, -1)] == [(wrong.opening, one.difference) for one in wrong.errors]


# -- several statements in one file ------------------------------------------------------------------------


def test_chained_statements_are_one() -> None:
    whole = one_statement(read_statement(HERE / "water.sta"))
    assert (1000_00, 615_50, 7, True) == (whole.opening, whole.closing, whole.lines.height, whole.balance_ok)
    assert (date(2024, 3, 1), date(2024, 4, 1)) == (whole.from_date, whole.to_date)


def test_unchained_statements_are_refused_with_a_list() -> None:
    apart = read("water.sta", (":60F:C240305CNY614,50", ":60F:C240305CNY600,00"), ("CNY615,50", "CNY601,00"))
    with pytest.raises(ImportRejected, match=r"2 份对账单.*1,000\.00.*614\.50.*600\.00.*601\.00"):
        one_statement(apart)


def test_account_selects() -> None:
    """SWIFT writes bank/account; QIF calls accounts by any name."""
    assert 2 == len(read_statement(sample("water.sta"), account="6200 1111 2222"))
    with pytest.raises(ImportRejected, match="账号是"):
        read_statement(sample("water.sta"), account="6200")
    named = changed("water.qif", ("N620011112222", "NChecking"), ("L[620011112222]", "L[Checking]"))
    assert "Checking" == read_statement(named, account="9988")[0].account


# -- MT940 -------------------------------------------------------------------------------------------------


def test_mt940_lines() -> None:
    first, _second = read_statement(HERE / "water.sta")
    ways = [(12080, 0), (0, 50000), (0, 2080), (50, 0), (700, 0), (700, 0)]
    assert ways == lines(first, "amount_in", "amount_out")
    assert ["B0001", "B0002", "B0003", None, None, None] == lines(first, "serial")
    assert ["JK-0301", None, "JK-0301", None, None, None] == lines(first, "reference")
    assert ("供电公司", "622233334444", "电费划转 转账 电费 三月份") == first.lines.select(
        "party", "party_account", "summary"
    ).row(1)
    assert ["冲正 退回", "冲正"] == lines(first, "summary")[2:4]


def test_mt940_subfields_wrapped_and_numbered_lines() -> None:
    full = "166?00转账?20" + "1" * 56
    wrapped = read("water.sta", ("166?00转账?20电费", f"{full}\n2222"))[0]
    assert "1" * 56 + "2222" in str(lines(wrapped, "summary")[1])
    numbered = ":NS:01水费\n02三月\n15张三\n17代收\n34622255556666\n"
    ns = read("water.sta", (":86:水费 三月 营业一厅\n", numbered))[0]
    row = ns.lines.select("summary", "party", "party_account").row(0)
    assert ("代收 水费 三月", "张三", "622255556666") == row


@pytest.mark.parametrize(
    ("old", "new", "day", "code"),
    [
        (":61:2403010301C", ":61:2402300301C", date(2024, 3, 1), "date"),
        (":61:2403010301C", ":61:2403010230C", date(2024, 3, 1), "date"),
        (":61:2403010301C", ":61:2401021231C", date(2023, 12, 31), ""),
        (":61:2403010301C", ":61:2312310102C", date(2024, 1, 2), ""),
    ],
)
def test_mt940_dates(old: str, new: str, day: date, code: str) -> None:
    """30 February is said; the booking date falls in the year nearest to the value date."""
    statement = read("water.sta", (old, new))[0]
    assert day == statement.lines.filter(statement.lines["amount_in"] == 12080)["date"].item()
    assert ([code] if code else []) == [finding.code for finding in statement.findings]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("C120,80", "C120.80", "应为流水"),
        ("C120,80", "C$120,8", "应为流水"),
        ("C120,80", "C120,801", "最多两位小数"),
        ("C120,80", "C99999999999999,00", "上限"),
        (":61:2403010301C", ":61:24030X0301C", "应为流水"),
        (":60F:C240229CNY1000,00", ":60F:C240229CNY", "应为余额"),
        (":25:EXAMPLEBANK/620011112222\n", "", "缺少账号"),
        (":28C:3/1", ":25:1\n:28C:3/1", "出现两次"),
        (":20:REF240331\n", "", ":20:"),
        (":62F:C240305CNY", ":62F:C240305USD", "两种币种"),
        ("水费 三月", "水\0费", "NUL"),
        ("水费 三月", "x" * 70_000, "65536"),
    ],
)
def test_mt940_refusals(old: str, new: str, said: str) -> None:
    assert said in refusal("water.sta", (old, new))


def test_mt940_controls() -> None:
    assert ["closing"] == errors(read("water.sta", ("C120,80", "C120,70"))[0])
    assert ["closing_missing"] == errors(read("water.sta", (":62F:C240305CNY614,50\n", ""))[0])
    assert ["opening_missing"] == errors(read("water.sta", (":60F:C240229CNY1000,00\n", ""))[0])
    assert ["totals"] == errors(read("interim.sta", (":90C:1CNY120,80", ":90C:1CNY120,90"))[0])
    assert ["totals"] == errors(read("interim.sta", (":90D:1CNY", ":90D:2CNY"))[0])


# -- CAMT --------------------------------------------------------------------------------------------------

CAMT = "water.camt053.xml"


def test_camt_lines() -> None:
    """A batch keeps its transactions; a reversal its side, and the party of the entry taken back."""
    statement = read_statement(HERE / CAMT)[0]
    assert [(10000, 0), (0, 1500), (0, 50)] == lines(statement, "amount_in", "amount_out")
    batch, back, _fee = lines(statement, "reference", "summary", "party", "party_account", "time")
    assert ("DK-2403 BILL-1 60.00 CNY 甲用户; BILL-2 40.00 CNY 乙用户", "批量代扣", None, None, "10:20:30") == batch
    assert ("BILL-1", "冲正 退回", "甲用户", "6222", None) == back


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<Sum>115.50", "<Sum>115.60", "totals"),
        ("<Amt>84.50</Amt>", "<Amt>84.60</Amt>", "totals"),
        ("<NbOfNtries>3", "<NbOfNtries>5", "totals"),
        ("<Sum>100.00", "<Sum>1", "totals"),
        ("1084.500", "1084.6", "closing"),
        ('<Amt Ccy="CNY">1000.00</Amt>', '<Amt Ccy="USD">1000.00</Amt>', "currency"),
        ("<Dt>2024-03-04</Dt>", "<Dt>2024-02-30</Dt>", "date"),
    ],
)
def test_camt_controls(old: str, new: str, code: str) -> None:
    assert [code] == errors(read(CAMT, (old, new))[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [("<NbOfTxs>2", "<NbOfTxs>3"), ('<TtlAmt Ccy="CNY">100', '<TtlAmt Ccy="CNY">99'), ("60.00", "61.00")],
)
def test_camt_batches_are_counted(old: str, new: str) -> None:
    found = {finding.code: finding.severity for finding in read(CAMT, (old, new))[0].findings}
    assert "warning" == found.get("batch")


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
@pytest.mark.parametrize(
    ("number", "container", "part"), [("052", "AcctRpt", "Rpt"), ("054", "DbtCdtNtfctn", "Ntfctn")]
)
def test_camt_kinds_and_versions(version: str, number: str, container: str, part: str) -> None:
    text = sample(CAMT).decode().replace("camt.053.001.08", f"camt.{number}.001.{version}")
    text = text.replace("BkToCstmrStmt", f"BkToCstmr{container}").replace("Stmt>", f"{part}>")
    statement = read_statement(text.encode())[0]
    assert (f"camt{number}", f"camt.{number}.001.{version}", 3) == (
        statement.format, statement.dialect, statement.lines.height,
    )  # fmt: skip


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
FILE = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<Document", BOMB + "<Document", "DOCTYPE"),
        ("<Document", FILE + "<Document", "DOCTYPE"),
        ("批量代扣", "&a;", "XML"),
        ("批量代扣", "&#xD800;", "XML"),
        ("批量代扣", "x" * 70_000, "65536"),
        ("<GrpHdr>", "<x>" * 100 + "</x>" * 100 + "<GrpHdr>", "嵌套"),
        ("</Document>", "", "XML"),
        ('encoding="UTF-8"', 'encoding="utf-7"', "编码"),
        ("100.00</Amt><CdtDbtInd>CRDT", "100.005</Amt><CdtDbtInd>CRDT", "最多两位小数"),
        ("100.00</Amt><CdtDbtInd>CRDT", "$100</Amt><CdtDbtInd>CRDT", "应为金额"),
        ("100.00</Amt><CdtDbtInd>CRDT", "100.00</Amt><CdtDbtInd>BOTH", "CRDT 或 DBIT"),
        ("<Cd>BOOK</Cd>", "<Cd>MAYBE</Cd>", "状态"),
        ('<Amt Ccy="CNY">0.5', '<Amt Ccy="USD">0.5', "币种"),
        ('<Amt Ccy="CNY">0.5', "<Amt>0.5", "币种"),
        ("<Othr><Id>620011112222</Id></Othr>", "", "缺少账号"),
        ("<NbOfNtries>3", "<NbOfNtries>many", "笔数"),
    ],
)
def test_camt_refusals(old: str, new: str, said: str) -> None:
    assert said in refusal(CAMT, (old, new))


# -- OFX ---------------------------------------------------------------------------------------------------


def test_ofx_values() -> None:
    """SGML without closing tags, empty values, five entities and no more, CDATA, dates with a zone."""
    statement = read_statement(HERE / "water.sgml.ofx")[0]
    assert ["F1", "F2", "F3"] == lines(statement, "serial")
    assert ("R&D & Co", "10:15:30") == statement.lines.select("party", "time").row(2)
    assert "<水表> 采购" == lines(read_statement(HERE / "water.xml.ofx")[0], "party")[0]
    odd = read("water.sgml.ofx", ("bill 0301", "&xxe; &#65; &#xD800; &#0;"))[0]
    assert "&xxe; A &#xD800; &#0;" == lines(odd, "summary")[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("+120.80", "$120", "应为金额"),
        ("+120.80", "1e3", "应为金额"),
        ("+120.80", "120.805", "最多两位小数"),
        ("<TRNAMT>-5.50", "<TRNAMT>-5.50<TRNAMT>-6", "出现两次"),
        ("<TRNAMT>-5.50", "", "应为金额"),
        ("</OFX>", "", "不完整"),
        ("</STMTTRN>\n</BANKTRANLIST>", "</BANKTRANLIST>", "不完整"),
        ("<STMTTRN><TRNTYPE>DEBIT", "<TRNTYPE>DEBIT", "没有开始"),
        ("<ACCTID>620011112222", "", "缺少账号"),
        ("<CURDEF>CNY", "", "缺少币种"),
        ("<SEVERITY>INFO</STATUS>\n", "<SEVERITY>ERROR<MESSAGE>locked</STATUS>\n", "locked"),
        ("<OFX>", "<!DOCTYPE OFX [<!ENTITY a 'b'>]><OFX>", "DOCTYPE"),
        ("bill 0301", "<!-- ", "不完整"),
        ("bill 0301", "<A>" * 100, "嵌套"),
        ("bill 0301", "x" * 70_000, "65536"),
    ],
)
def test_ofx_refusals(old: str, new: str, said: str) -> None:
    assert said in refusal("water.sgml.ofx", (old, new))


@pytest.mark.parametrize("text", ["", "20240230", "never"])
def test_ofx_without_a_date_is_counted_and_an_error(text: str) -> None:
    statement = read("water.sgml.ofx", ("<DTPOSTED>20240304", f"<DTPOSTED>{text}"))[0]
    assert ["date"] == errors(statement)
    assert 3 == statement.lines.height


def test_ofx_corrections_need_a_person() -> None:
    assert ["correction"] == errors(read("water.sgml.ofx", ("<FITID>F2", "<FITID>F2<CORRECTACTION>DELETE"))[0])


# -- QIF ---------------------------------------------------------------------------------------------------


def test_qif_lines() -> None:
    """Opening balance, splits not counted twice, dates of three writings."""
    statement = read_statement(HERE / "water.qif")[0]
    assert [date(2024, 3, 1), date(2024, 3, 15), date(2024, 3, 20)] == lines(statement, "date")
    assert [(12080, 0), (700, 0), (0, 550)] == lines(statement, "amount_in", "amount_out")
    assert ["splits"] == errors(read("water.qif", ("$20.80", "$20.90"))[0])


def test_qif_dates_and_decimal_marks_are_told_from_the_whole_file() -> None:
    european = changed(
        "water.qif", ("D3/20/24", "D20/3/24"), ("D03/15'24", "D15/03'24"), ("D03/01/2024", "D01/03/2024"),
        ("D03/01/2024", "D01/03/2024"), ("1,122.30", "1.122,30"), ("1,000.00", "1.000,00"), ("120.80", "120,80"),
        ("100.00", "100,00"), ("20.80", "20,80"), ("-5.50", "-5,50"), ("U7.00", "U7"), ("T7.00", "T7,00"),
    )  # fmt: skip
    assert read_statement(european)[0].lines.equals(read_statement(HERE / "water.qif")[0].lines)
    open_order = read("water.qif", ("D3/20/24", "D3/2/24"), ("D03/15'24", "D03/05'24"))[0]
    assert ["date_order"] == errors(open_order)
    iso = "!Type:Bank\nD2024-03-01\nT5\n^\n!Type:Cash\nD2024-02-30\nT-1\n^\n"
    assert ["date"] == errors(read_statement(iso.encode())[0])


def test_qif_currency_named_in_a_text_is_said() -> None:
    statement = read("water.qif", ("PCharge", "PCharge CHF account"))[0]
    assert ("CHF", "currency_text") == (statement.currency, statement.findings[0].code)
    both = read("water.qif", ("PCharge", "PCharge CHF account"), ("PSecond", "PSecond USD"))[0]
    assert both.currency is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("T-5.50", "T$5.50", "应为金额"),
        ("T-5.50", "Tfive", "应为金额"),
        ("T-5.50", "T-5.505", "最多两位小数"),
        ("U7.00", "U8.00", "T 与 U"),
        ("PCharge\n^\n", "PCharge\n", "不完整"),
        ("^\n!Type:Bank", "!Type:Bank", "^"),
        ("!Type:Bank", "!Type:Invst", "银行账户"),
    ],
)
def test_qif_refusals(old: str, new: str, said: str) -> None:
    assert said in refusal("water.qif", (old, new))


# -- BAI2 --------------------------------------------------------------------------------------------------


def test_bai2_lines() -> None:
    """Continued text, funds types, minor units."""
    statement = read_statement(HERE / "water.bai2")[0]
    assert [(10000, 0), (0, 1500), (0, 50)] == lines(statement, "amount_in", "amount_out")
    assert ("B1", "DK-2403", "BATCH DEBIT, MARCH SECOND LINE OF TEXT") == statement.lines.select(
        "serial", "reference", "summary"
    ).row(0)
    yen = read("water.bai2", (",,CNY,2/", ",,JPY,2/"), ("620011112222,CNY", "620011112222,JPY"))[0]
    assert (1_000_000, 5000) == (yen.lines["amount_in"][0], yen.lines["amount_out"][2])
    dinar = read("water.bai2", ("620011112222,CNY", "620011112222,KWD"), ("16,698,50,", "16,698,500,"))[0]
    assert (1000, 50) == (dinar.lines["amount_in"][0], dinar.lines["amount_out"][2])


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("16,165,10000", "16,165,10001", ["trailer", "totals", "trailer", "trailer", "closing"]),
        ("49,231550,7", "49,231550,8", ["trailer"]),
        ("98,231550,1,9", "98,231550,2,9", ["trailer"]),
        ("99,231550,1,11", "99,231551,1,11", ["trailer"]),
        ("88,100,10000,1", "88,100,10000,2", ["totals"]),
        ("EXAMPLE,1,240305", "EXAMPLE,4,240305", ["status"]),
    ],
)
def test_bai2_controls(old: str, new: str, codes: list[str]) -> None:
    assert sorted(codes) == sorted(errors(read("water.bai2", (old, new))[0]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("16,165,10000", "16,165,100.00", "最小货币单位"),
        ("16,165,10000", "16,165,$100", "最小货币单位"),
        ("16,165,", "16,16X,", "类型码"),
        ("16,165,", "16,890,", ""),
        ("16,165,", "16,720,", "不是收入也不是支出"),
        ("16,165,", "17,165,", "不认识的记录"),
        ("99,231550,1,11/", "", "不完整"),
        ("49,231550,7/", "", "应在的位置"),
        ("1,240305,,CNY", "1,240230,,CNY", "YYMMDD"),
        ("02,METERBOOK", "02,METERBOOK\n02,METERBOOK", "应在的位置"),
        ("B2,BILL-1,RETURNED/", "x" * 70_000, "65536"),
    ],
)
def test_bai2_refusals(old: str, new: str, said: str) -> None:
    if said:
        assert said in refusal("water.bai2", (old, new))
    else:  # a message without money is no line, and the totals say so
        assert "totals" in errors(read("water.bai2", (old, new))[0])
