"""A return file is read whole or refused with file, row and reason."""

from __future__ import annotations

import io
from contextlib import suppress

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.returns import load_layouts, parse_layout, read_return
from ledger.errors import ConfigError, ImportRejected
from tests.importers.returns.conftest import layout, pipe, read, row

GOOD = pipe("DK1", row("01", "R3", "34.50"), row("02", "R4", "31.05", "1", "余额不足"))


def refused(content: bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(ImportRejected) as caught:
        read(content)
    assert {fault.file for fault in caught.value.faults} == {"回盘.txt"}
    return [(fault.row, fault.message) for fault in caught.value.faults]


def test_rows_are_canonical() -> None:
    seen = read(GOOD)
    assert seen.frame.select("serial", "account", "name", "amount", "outcome", "text", "row").rows() == [
        ("01", "6217000000000000303", "孙三", 3450, "SUCCESS", "成功", 2),
        ("02", "6217000000000000404", "李四", 3105, "INSUFFICIENT", "余额不足", 3),
    ]
    assert (seen.batch, seen.controls["count"], seen.controls["fail_amount"], seen.findings) == ("DK1", 2, 3105, ())


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ("3|65.55|1|34.50|1|31.05", "总笔数写的是 3,明细是 2"),
        ("2|65.56|1|34.50|1|31.05", "总金额写的是 65.56,明细是 65.55"),
        ("2|65.55|2|34.50|1|31.05", "成功笔数写的是 2,明细是 1"),
        ("2|65.55|1|34.51|1|31.05", "成功金额写的是 34.51,明细是 34.50"),
        ("2|65.55|1|34.50|0|31.05", "失败笔数写的是 0,明细是 1"),
        ("2|65.55|1|34.50|1|0.00", "失败金额写的是 0.00,明细是 31.05"),
    ],
)
def test_each_control_is_checked(controls: str, said: str) -> None:
    seen = read(pipe("DK1", row("01", "R3", "34.50"), row("02", "R4", "31.05", "1", "余额不足"), controls=controls))
    assert [(finding.row, finding.message) for finding in seen.errors] == [(1, said)]
    with pytest.raises(ImportRejected, match=said):
        seen.refuse_errors()


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        ("0", "成功", "SUCCESS"),
        ("2", "户名不符", "NAME_MISMATCH"),
        ("3", "已销户", "CLOSED"),
        ("5", "未签约", "NO_AGREEMENT"),
        ("4", "账户冻结", "FROZEN"),
        ("9", "部分扣款成功", "PARTIAL"),
        ("9", "查找账号信息错", "NO_ACCOUNT"),
        ("9", "超限额", "LIMIT"),
        ("9", "重复交易", "DUPLICATE"),
        ("9", "主机超时", "TIMEOUT_UNKNOWN"),
        ("9", "已冲正", "REVERSED"),
        ("9", "处理失败余额不足", "INSUFFICIENT"),
        ("9", "未成功", "OTHER"),
        ("Z", "天知道", "OTHER"),
    ],
)
def test_outcomes(code: str, text: str, outcome: str) -> None:
    seen = read(pipe("DK1", row("01", "R3", "34.50", code, text), controls="1|34.50|0|0.00|1|34.50"))
    assert seen.frame["outcome"].to_list() == [outcome]


def test_code_and_text_must_agree() -> None:
    content = pipe("DK1", row("01", "R3", "34.50", "0", "余额不足"))
    assert refused(content) == [(2, "返回码 0 与返回信息“余额不足”不一致")]


def test_a_code_nobody_knows_needs_the_files_own_counts() -> None:
    """Counted as a failure by the bank it is one; without counts it refuses the import."""
    told = read(pipe("DK1", row("01", "R3", "34.50", "Z", "天知道"))).findings
    assert [(finding.code, finding.severity) for finding in told] == [("unknown_code", "warning")]
    table = "账号,户名,金额,处理结果\n6217000000000000303,孙三,34.50,天知道\n".encode()
    assert [finding.code for finding in read(table).errors] == ["unknown_code"]


@pytest.mark.parametrize(
    ("content", "row_", "said"),
    [
        (b"", None, "文件是空的"),
        (b"\r\n \r\n", None, "文件是空的"),
        (GOOD.replace(b"34.50|0", b"34.5a|0"), 2, "应为金额"),
        (GOOD.replace(b"31.05|1|", b"31.055|1|"), 3, "金额最多两位小数"),
        (GOOD.replace(b"31.05|1|", b"|1|"), 3, "应为金额"),
        (GOOD.replace(b"31.05|1|", b"31.05|"), 3, "应有 6 个字段,有 5 个"),
        (GOOD.replace(b"31.05|1|", b"31.05||") + b"03|x\r\n", 4, "应有 6 个字段,有 2 个"),
        (b"hello\nworld\n", 1, "没有认出回盘格式"),
        (b"\x00\x01\x02", 1, "空字节"),
        (b"a\n\xff\xff\xff", 2, "无法解码"),
        (b"x" * 20_000, 1, "不是回盘记录"),
        (GOOD[:-9], 3, "无法解码"),
    ],
)
def test_unreadable_is_refused_with_its_place(content: bytes, row_: int | None, said: str) -> None:
    faults = refused(content)
    assert faults[0][0] == row_
    assert said in faults[0][1]


def test_every_wrong_row_is_listed() -> None:
    content = GOOD + b"03|1\r\n04|2\r\n"
    assert [row_ for row_, _said in refused(content)] == [4, 5]


def test_amounts_in_fen_printed_with_decimals() -> None:
    """3450.00 is 34.50; a real fraction cannot be fen."""
    line = "B1|20230705|8602| op1|R3|2023|{}\r\n"
    assert read(line.format("3450.00").encode()).figures()["success_amount"] == 3450
    assert "没有认出回盘格式" in refused(line.format("34.50").encode())[0][1]


def test_fixed_width_counts_bytes() -> None:
    """孙三 takes four bytes of the thirty; a blank end of line may be missing."""
    line = b"00000001" + b"6217000000000000303" + "孙三".encode("gb18030").ljust(30) + b"000000003450" + b"00"
    seen = read(line + b"\r\n" + line.replace(b"00000001", b"00000002").replace(b"345000", b"345005") + b"\x1a")
    assert seen.layout.name == "postal_status"
    assert seen.frame.select("serial", "name", "amount", "outcome").rows() == [
        ("00000001", "孙三", 3450, "SUCCESS"),
        ("00000002", "孙三", 3450, "INSUFFICIENT"),
    ]
    cut = line.replace("孙三".encode("gb18030").ljust(30), "户".encode("gb18030") * 15)[:56] + line[57:] + b" "
    assert refused(cut)


def test_printed_report_with_pages_and_totals() -> None:
    """Titles and column names come again on each page; the totals line is a control."""
    head = (
        "        [8602]批量代理业务成功记录\n\n│代理编号│客户帐号│客户姓名│金额│余额│处理结果│\n├──┼──┼──┼──┼──┼──┤\n"
    )
    page = head + "│ {} │ {} │ {} │ {} │ 0.00 │ 成功 │\n"
    text = page.format("R3", "6217000000000000303", "孙三", "34.50") + page.format(
        "R4", "6217000000000000404", "李四", "31.05"
    )
    seen = read((text + "合计 2 笔 65.55\n打印日期:2023-07-03\n").encode("gb18030"))
    assert (seen.figures()["count"], seen.controls, seen.errors) == (2, {"count": 2, "amount": 6555}, ())
    assert read((text + "合计 3 笔 65.55\n").encode("gb18030")).errors
    assert "没有笔数和金额" in refused((text + "合计\n").encode("gb18030"))[0][1]
    assert refused((text + "│ R3 │ 1 │\n").encode("gb18030"))[0][0] == 11


def test_a_success_file_holds_successes_alone() -> None:
    head = "批量代理业务{}记录\n│代理编号│客户帐号│客户姓名│金额│余额│处理结果│\n│R3│6217000000000000303│孙三│34.50│0.00│{}│\n"
    assert "不成功的一笔" in refused(head.format("成功", "余额不足").encode())[0][1]
    assert "成功的一笔" in refused(head.format("失败", "成功").encode())[0][1]


def test_a_table_in_a_workbook() -> None:
    book = openpyxl.Workbook()
    book.active.append(["序号", "账号", "户名", "金额", "实扣金额", "处理结果"])
    book.active.append(["1", "6217000000000000303", "孙三", 34.5, 20, "部分扣款"])
    book.active.append(["2", "6217000000000000404", "李四", 31.05, None, "成功"])
    file = io.BytesIO()
    book.save(file)
    seen = read(file.getvalue(), "回盘.xlsx")
    assert seen.frame.select("amount", "debited", "outcome").rows() == [
        (3450, 2000, "PARTIAL"),
        (3105, None, "SUCCESS"),
    ]
    assert seen.figures()["success_amount"] == 5105


def test_two_layouts_that_fit_are_a_refusal() -> None:
    """The same fields in yuan and in fen: nobody can tell from the file."""
    text = '\n'.join(
        [
            'name = "{}"', 'title = "x"', 'form = "fields"', 'delimiter = "|"', 'shape = "success_only"', 'amount = "{}"',
            "[row]", 'fields = ["serial", "account", "amount"]',
        ]
    )  # fmt: skip
    both = [parse_layout(text.format(name, unit), name) for name, unit in (("a", "yuan"), ("b", "fen"))]
    with pytest.raises(ImportRejected, match=r"有 2 种格式都符合.*a\(x\)、b\(x\)"):
        read_return(b"1|6217000000000000303|3450\n", layouts=both)
    assert read_return(b"1|6217000000000000303|3450\n", layouts=both[1:]).figures()["amount"] == 3450


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('amount = "yuan"', 'amount = "cents"'), "amount"),
        (('delimiter = "|"', 'delimiter = "||"'), "delimiter"),
        (('"serial", "name"', '"serial", "nmae"'), "row.fields"),
        (('"serial", "name"', '"serial", "serial"'), "row.fields"),
        (('"amount", "account"', '"_", "account"'), "row.fields"),
        (('purpose = "send"', 'porpoise = "send"'), "porpoise"),
        (('encoding = "gb18030"', 'encoding = "klingon"'), "encoding"),
        (("[header]", "[codes]\nSUCESS = ['0']\n[header]"), "codes.SUCESS"),
        (("[header]", "[codes]\nSUCCESS = ['0']\nOTHER = ['0']\n[header]"), "codes.OTHER"),
        (("[header]", "["), ""),
    ],
)
def test_a_wrong_layout_names_file_and_key(change: tuple[str, str], key: str) -> None:
    from importers.returns.layout import SHIPPED

    text = (SHIPPED / "pipe_send.toml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(ConfigError) as caught:
        parse_layout(text.replace(*change, 1), "mine.toml")
    assert (caught.value.faults[0].file, caught.value.faults[0].column) == ("mine.toml", key)


def test_shipped_layouts_are_named_after_their_files() -> None:
    from importers.returns.layout import SHIPPED

    assert [one.name for one in load_layouts()] == sorted(path.stem for path in SHIPPED.glob("*.toml"))
    assert layout("rec_success").amount == "fen_decimal"


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.integers(0, len(GOOD) - 1).map(lambda n: GOOD[:n] + b"|" + GOOD[n + 1 :])
)
def test_anything_else_is_a_refusal(content: bytes) -> None:
    """Whatever the bytes are: rows, or ImportRejected."""
    with suppress(ImportRejected):
        assert read(content).figures()["count"] >= 0
