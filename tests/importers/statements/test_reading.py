"""Reading: direction, row order, controls, encodings; and files that must be refused whole."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.statements import columns, delimited, load_dialects, probe, read_statement
from importers.statements.dialect import parse_dialect
from importers.statements.grid import decode
from ledger.errors import ConfigError, ImportRejected
from ledger.money import decimal_text

HEAD = "交易日期,流水号,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额\n"


def generic(*rows: str, head: str = HEAD) -> bytes:
    return (head + "\n".join(rows) + "\n").encode()


def refusal(content: bytes, **options: str) -> str:
    with pytest.raises(ImportRejected) as refused:
        read_statement(content, name="x.csv", **options)  # type: ignore[arg-type]
    return str(refused.value)


# -- direction and order -----------------------------------------------------------------------------


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("enterprise", [False, True])
def test_direction_and_order_are_read_from_the_balance(newest_first: bool, enterprise: bool) -> None:
    """Both readings of 借/贷 in both row orders give the same lines."""
    moves, balance, rows = [12080, -50000, 4100, -700], 100000, []
    for number, move in enumerate(moves, 1):
        balance += move
        amount = decimal_text(abs(move))
        columns = (amount, "") if (move > 0) == enterprise else ("", amount)
        rows.append(f"2024-03-0{number},S{number},x,,,{','.join(columns)},{decimal_text(balance)}")
    statement = read_statement(generic(*(reversed(rows) if newest_first else rows)))[0]
    assert moves == (statement.lines["amount_in"] - statement.lines["amount_out"]).to_list()
    assert (100000, balance, True) == (statement.opening, statement.closing, statement.balance_ok)
    assert ("newest_first" if newest_first else "oldest_first") == statement.row_order
    assert ("debit_in" if enterprise else "debit_out") == statement.direction
    assert statement.proven
    warned = [finding.severity for finding in statement.findings]
    assert ["warning" if enterprise else "info"] == warned  # against the dialect's word: said aloud


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9999, 9999).filter(bool), min_size=2, max_size=8), st.booleans())
def test_what_is_proven_is_true(moves: list[int], enterprise: bool) -> None:
    """Whatever the amounts: a reading is called proven only when it is the right one."""
    balance, rows = 500_00, []
    for number, move in enumerate(moves):
        balance += move
        amount = decimal_text(abs(move))
        columns = (amount, "") if (move > 0) == enterprise else ("", amount)
        rows.append(f"2024-03-{number + 1:02d},,x,,,{','.join(columns)},{decimal_text(balance)}")
    statement = read_statement(generic(*rows))[0]
    if statement.proven:
        assert ("debit_in" if enterprise else "debit_out") == statement.direction
        assert moves == (statement.lines["amount_in"] - statement.lines["amount_out"]).to_list()


def test_one_line_proves_nothing_without_an_opening() -> None:
    alone = generic("2024-03-01,S1,x,,,5.00,,95.00")
    assert not read_statement(alone)[0].proven
    opened = generic("2024-03-01,,期初余额,,,,,100.00", "2024-03-01,S1,x,,,5.00,,95.00")
    assert read_statement(opened)[0].proven


def test_undeclared_direction_is_asked() -> None:
    """A template that declares nothing and has no balance: refused until a person says."""
    text = "业务日期,摘要,结算号,借方发生额,贷方发生额,余额\n2024-03-01,x,1,5.00,,\n2024-03-02,y,2,,7.00,\n".encode()
    assert "--direction" in refusal(text)
    said = read_statement(text, direction="debit_in")[0]
    assert (5_00, 7_00) == (said.total_in, said.total_out)


def test_a_balance_that_contradicts_the_pinned_direction_stops() -> None:
    text = generic("2024-03-01,S1,x,,,5.00,,95.00", "2024-03-02,S2,x,,,7.00,,88.00", "2024-03-03,S3,x,,,,2.00,90.00")
    assert "相反" in refusal(text, direction="debit_in")


# -- controls ------------------------------------------------------------------------------------------


def test_break_names_row_and_amount() -> None:
    text = generic("2024-03-01,S1,x,,,5.00,,95.00", "2024-03-02,S2,x,,,1.00,,90.00", "2024-03-03,S3,x,,,,2.50,92.50")
    statement = read_statement(text)[0]
    assert (None, None, None, 1) == (statement.opening, statement.closing, statement.balance_ok, statement.breaks)
    assert [(3, -4_00)] == [(one.row, one.difference) for one in statement.errors]


def test_closing_row_that_does_not_tie() -> None:
    text = generic("2024-03-01,,期初余额,,,,,100.00", "2024-03-01,S1,x,,,5.00,,95.00", "2024-03-31,,期末余额,,,,,96.00")
    seen = probe(text)
    assert isinstance(seen, dict)
    assert (False, "100.00", "96.00") == (seen["balance_ok"], seen["opening"], seen["closing"])
    assert "closing" in [finding["code"] for finding in seen["findings"]]


def test_footer_is_a_control() -> None:
    text = generic("2024-03-01,S1,x,,,5.00,,95.00", "合计,,,,,6.00,0.00,")
    assert ["footer"] == [finding.code for finding in read_statement(text)[0].errors]


def test_no_line_hides_below_the_footer() -> None:
    assert "合计行之后" in refusal(
        generic("2024-03-01,S1,x,,,5.00,,95.00", "合计,,,,,5.00,,", "2024-03-02,S2,x,,,1.00,,94.00")
    )


def test_statement_without_lines() -> None:
    statement = read_statement(generic("2024-07-01,,期初余额,,,,,27.36", "2024-07-31,,期末余额,,,,,27.36"))[0]
    assert (27_36, 27_36, "2024-07-01", "2024-07-31", 0) == (
        statement.opening, statement.closing, str(statement.from_date), str(statement.to_date), statement.lines.height,
    )  # fmt: skip


# -- encodings and forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_line_ends_delimiters(encoding: str, end: str, delimiter: str) -> None:
    text = (HEAD + "2024-03-01,S1,缴款 JK-0301,,,,5.00,105.00\n").replace(",", delimiter).replace("\n", end)
    statement = read_statement(text.encode(encoding))[0]
    assert (encoding, 5_00) == (statement.encoding, statement.total_in)


@pytest.mark.parametrize("text", ["日期,收,付,余\n2024-03-01,5,,5\n", "日,收,支,户\n", "收\n", "朱镕基,收\n"])
def test_short_words_are_chinese_all_the_same(text: str) -> None:
    """A character is two bytes beyond ASCII, a Latin letter one: not the length of words tells them apart."""
    assert (text, "gb18030") == decode(text.encode("gb18030"), "x.csv")


@pytest.mark.parametrize("text", ["Umsatz für größere Käufe\n", "é,à\n", "Größe;Äpfel\n"])
def test_latin_letters_are_no_chinese(text: str) -> None:
    assert (text, "iso-8859-1") == decode(text.encode("iso-8859-1"), "x.csv")


@pytest.mark.parametrize(
    "text",
    ["2024-03-01", "20240301", "2024/3/1", "2024.03.01", "2024年3月1日", "２０２４－０３－０１", "2024-03-01 09:12:03"],
)
def test_dates(text: str) -> None:
    assert "2024-03-01" == str(read_statement(generic(f"{text},S1,x,,,,5.00,105.00"))[0].lines["date"][0])


@pytest.mark.parametrize(
    ("text", "fen"), [("1234.5", 123450), ('"1,234.50"', 123450), ("￥5", 500), ("１２．３０", 1230), ("-3.00", -300)]
)
def test_amounts(text: str, fen: int) -> None:
    """Thousands, full width, currency signs; a bank's red line keeps its sign."""
    assert [fen] == read_statement(generic(f"2024-03-01,S1,x,,,,{text},"))[0].lines["amount_in"].to_list()


def test_header_in_any_order_with_padding() -> None:
    text = "报表\n\n余 额,贷方发生额 ,　借方发生额,对方账号,对方户名,摘要,流水号,交易日期\n105.00,5.00,,,,x,S1,2024-03-01\n"
    assert 5_00 == read_statement(text.encode())[0].total_in


def test_numbers_of_a_workbook_are_exact(tmp_path: Path) -> None:
    """A stored 67.1 or 1003249.9 is not 67.09999."""
    path = tmp_path / "x.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    rows = [HEAD.strip().split(","), ["2024-03-01", "S1", "x", "", "", "", 67.1, 1003249.9]]
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    book.close()
    line = read_statement(path)[0].lines.row(0, named=True)
    assert (67_10, 1_003_249_90) == (line["amount_in"], line["balance"])


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024-02-30,S1,x,,,5.00,,95.00", "应为日期"),
        ("2024-03-01,S1,x,,,5.001,,95.00", "最多两位小数"),
        ("2024-03-01,S1,x,,,1e3,,95.00", "应为金额"),
        ("2024-03-01,S1,x,,,NaN,,95.00", "应为金额"),
        ("2024-03-01,S1,x,,,五元,,95.00", "应为金额"),
        ("2024-03-01,S1,x,,,5.00,,九十五", "应为金额"),
        ("2024-03-01,S1,x,,,5.00,6.00,95.00", "两列同时有金额"),
        ("2024-03-01,S1,x,,,,,95.00", "没有金额"),
        ("2024-03-01,S1,x,,,5.00,,95.00,more", "列数比表头多"),
        ('2024-03-01,S1,"x,,,5.00,,95.00', "不是合格的CSV"),
        ("2024-03-01,S1,x\0,,,5.00,,95.00", "NUL"),
        ("2024-03-01,S1," + "x" * 200_000 + ",,,5.00,,95.00", "不是合格的CSV"),
    ],
)
def test_unreadable_rows(row: str, said: str) -> None:
    message = refusal(generic("2024-03-01,S0,x,,,5.00,,100.00", row))
    assert said in message
    assert "第 3 行" in message


def test_all_faults_at_once() -> None:
    with pytest.raises(ImportRejected) as refused:
        read_statement(generic("x,S1,x,,,5.00,,1.00", "2024-03-01,S1,x,,,y,,1.00", "2024-03-01,S1,x,,,1.00,,z"))
    assert [2, 3, 4] == sorted(fault.row for fault in refused.value.faults if fault.row)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \n\n",
        b"\xff\xff\xff\xff",
        b"PK\x03\x04broken",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1broken",
        b"<html><table><tr><td>1</td></tr></table></html>",
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3",
        bytes(range(256)) * 10,
        "日期,金额\n2024-03-01,5\n".encode(),
        "日期,金额\n".encode() + b"\xa1\xfe\xff\n",
    ],
)
def test_no_statement_at_all(content: bytes) -> None:
    assert refusal(content)


def test_archives_are_weighed_before_they_are_opened() -> None:
    """A bomb, an encrypted member, an archive that is no workbook."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "压缩包" in refusal(other.getvalue())
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as member,
    ):
        for _ in range(600):
            member.write(b" " * 2**20)
    assert "过大" in refusal(bomb.getvalue())


def test_unknown_bank_says_what_was_seen() -> None:
    message = refusal("交易日期,摘要,金额,备注\n2024-03-01,x,5.00,\n".encode())
    assert "没有认出银行格式" in message
    assert "交易日期、摘要、金额、备注" in message
    assert "generic" in message


TOML = """
name = "{name}"
[header]
required = ["日期", "收入", "支出"]
[columns]
date = "日期"
amount_in = "收入"
amount_out = "支出"
[amount]
form = "in_out"
"""


ODD = (
    TOML.replace('required = ["日期", "收入", "支出"]', 'required = ["日期", "收入", "支出"]\nlines = 2')
    + """
[rows]
footer = "总计"
skip = "本页小计"
[meta]
period = "期间"
"""
)


def test_two_rows_of_names_pages_and_a_counted_footer() -> None:
    """A column goes by its own name, else the one above; a page's subtotal is no line, the footer's count is a control."""
    dialects = [parse_dialect(ODD.format(name="odd"), "odd.toml")]
    text = (
        "期间：20240301-20240331\n日期,发生额,,备注\n,收入,支出,\n2024-03-01,5,,\n本页小计,5,,\n2024-03-02,,2,\n"
        "本页小计,,2,\n总计(2笔),5,2,\n"
    )
    statement = read_statement(text.encode("gb18030"), dialects=dialects)[0]
    assert (2, 5_00, 2_00, ()) == (statement.lines.height, statement.total_in, statement.total_out, statement.errors)
    assert ("2024-03-01", "2024-03-31") == (str(statement.from_date), str(statement.to_date))
    wrong = read_statement(text.replace("2笔", "3笔").encode(), dialects=dialects)[0]
    assert ["declared"] == [finding.code for finding in wrong.errors]
    with pytest.raises(ConfigError, match=r"header\.lines"):
        parse_dialect(ODD.format(name="odd").replace("lines = 2", "lines = 3"), "odd.toml")


def test_two_dialects_that_fit_are_a_refusal() -> None:
    dialects = [parse_dialect(TOML.format(name=name), f"{name}.toml") for name in ("one", "two")]
    with pytest.raises(ImportRejected, match=r"有 2 种格式都符合.*one.*two"):
        read_statement("日期,收入,支出\n2024-03-01,5,\n".encode(), dialects=dialects)
    assert 5_00 == read_statement("日期,收入,支出\n2024-03-01,5,\n".encode(), dialects=dialects[:1])[0].total_in


def test_the_users_own_dialects(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(TOML.format(name="ours"), encoding="utf-8")
    assert "ours" in [dialect.name for dialect in load_dialects(tmp_path)]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('form = "in_out"', 'form = "maybe"', "amount.form"),
        ('date = "日期"', "", "columns.date"),
        ('date = "日期"', "date = 5", "columns.date"),
        ('required = ["日期", "收入", "支出"]', 'required = ["日期"]', "header.required"),
        ("[amount]", "[surprise]\nx = 1\n[amount]", "surprise"),
        ("[amount]", '[balance]\nmasked = "("\n[amount]', "balance.masked"),
        ('name = "{name}"', "name = ", ""),
    ],
)
def test_a_fault_in_a_dialect_names_file_and_key(old: str, new: str, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_dialect(TOML.replace(old, new).replace("{name}", "n"), "n.toml")
    assert ("n.toml", key) == (refused.value.faults[0].file, refused.value.faults[0].column)


def test_account_number_selects_and_must_agree() -> None:
    head = "账号," + HEAD
    text = generic("111122,2024-03-01,S1,x,,,5.00,,95.00", "333344,2024-03-01,S2,x,,,,2.00,7.00", head=head)
    assert ["111122", "333344"] == [one.account for one in read_statement(text)]
    assert 2_00 == read_statement(text, account="3333 44")[0].total_in
    assert "账号是 111122、333344" in refusal(text, account="5555")
    masked = generic("11**22,2024-03-01,S1,x,,,5.00,,95.00", head=head)
    assert 1 == len(read_statement(masked, account="119922"))
    assert "账号是" in refusal(masked, account="119923")


# -- small files and large ones ------------------------------------------------------------------------


SAMPLES = sorted(
    path for path in (Path(__file__).parent / "dialects").rglob("sample.*") if path.suffix in (".csv", ".xls", ".xlsx")
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_a_small_file_is_read_as_a_large_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ``csv`` and with columns below each other, or by polars and side by side: the same statement."""
    small = read_statement(path)
    monkeypatch.setattr(delimited, "SMALL", -1)
    monkeypatch.setattr(columns, "FEW", -1)
    large = read_statement(path)
    for one, other in zip(small, large, strict=True):
        assert (one.opening, one.closing, one.printed, one.findings) == (
            other.opening,
            other.closing,
            other.printed,
            other.findings,
        )
        assert one.lines.equals(other.lines)
        assert one.pending.equals(other.pending)


@pytest.mark.parametrize("rows", [3, columns.FEW + 1])
def test_an_expression_of_several_columns(rows: int) -> None:
    """Names, order and nulls stay; no column reads another's cells."""
    cells = [
        pl.Series(name, [text, None, " "] * (rows // 3)) for name, text in (("a", " x  y"), ("b", "-"), ("c", "z"))
    ]
    made = columns.each(cells, columns.tidy)
    assert ["a", "b", "c"] == [one.name for one in made]
    assert [["x y", None, None], [None, None, None], ["z", None, None]] == [one.to_list()[:3] for one in made]
    assert [rows // 3 * 3] * 3 == list(map(len, made))
    assert [] == columns.each([], columns.tidy)
