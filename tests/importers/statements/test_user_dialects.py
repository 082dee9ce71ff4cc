"""Dialects of the user's own: proposed by probe, read from a folder, and never trusted."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from importers.statements import load_dialects, probe, read_statement, user_folder
from importers.statements.dialect import FILE_MAX, parse_dialect
from importers.statements.propose import propose
from ledger.errors import ConfigError, ImportRejected, MeterbookError

UNKNOWN = """某某农商行 账户明细
账 号:6230000000000001,币种:人民币
记账日期,交易时间,凭证号,摘要,存入金额,支取金额,账户余额,对方户名,对方账号,柜员流水
2024-03-01,09:00:00,,水费,100.00,,"1,100.00",测试甲,6217,1
2024-03-02,09:00:00,,手续费,,5.00,"1,095.00",,,2
合计,,,,100.00,5.00,,,,
"""

WALLET = """
name = "wallet"
[header]
required = ["时间", "收/支", "金额"]
[columns]
date = "时间"
flag = "收/支"
amount = "金额"
status = "状态"
[amount]
form = "flag"
flags_in = "收入"
flags_out = "支出"
flags_neutral = ["不计收支", "/"]
closed = "交易关闭"
[meta]
from = "起"
to = "止"
[declared]
count = "共"
in = "收入"
out = "支出"
"""


def wallet(*rows: str, head: str = "") -> bytes:
    return (head + "时间,收/支,金额,状态\n" + "\n".join(rows) + "\n").encode()


# -- proposed ---------------------------------------------------------------------------------------


def test_a_proposal_is_ready_to_save(tmp_path: Path) -> None:
    """What probe proposes is a dialect that reads the file, and no shipped one reads it without."""
    content = UNKNOWN.encode("gb18030")
    with pytest.raises(ImportRejected):
        probe(content)
    text = propose(content, "x.csv", name="某某农商行", known=load_dialects())
    assert text is not None
    assert "试读 2 行" in text
    (tmp_path / "my_bank.toml").write_text(text, encoding="utf-8")
    seen = probe(content, dialects=load_dialects(tmp_path))
    assert isinstance(seen, dict)
    assert ("my_bank", "6230000000000001", "1000.00", "1095.00", []) == (
        seen["dialect"], seen["account"], seen["opening"], seen["closing"], seen["findings"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("日期;金额;摘要;余额\n2024/3/1;5.00;消费;-5.00\n2024/3/2;7.00;消费;-12.00\n", "negate = true"),
        ("交易日,方向,发生额,结余\n20240301,收,5,10\n20240302,付,3,7\n", 'flags_out = ["付"]'),
        ("日期,收入,支出,余额\n2024-03-01,0,-5,95\n2024-03-02,7,0,102\n", "out_negative = true"),
        ("Date,Debit,Credit,Balance\n2024-03-01,5,,95\n2024-03-02,,7,102\n", 'form = "debit_credit"'),
    ],
)
def test_the_balance_chooses_among_the_ways_amounts_may_be_meant(text: str, said: str) -> None:
    proposed = propose(text.encode(), "x.csv")
    assert proposed is not None
    assert said in proposed


@pytest.mark.parametrize(
    "content", [b"a,b,c\n1,2,3\n", "日期,金额\n无,无\n".encode(), "日期,摘要\n2024-03-01,x\n".encode()]
)
def test_nothing_is_proposed_where_no_table_of_money_is(content: bytes) -> None:
    assert propose(content, "x.csv") is None


def test_probe_prints_the_proposal_and_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERBOOK_DIALECTS", raising=False)
    (tmp_path / "x.csv").write_text(UNKNOWN, encoding="utf-8")
    runner = CliRunner()
    first = runner.invoke(app, ["statement", "probe", "x.csv"])
    assert isinstance(first.exception, MeterbookError)
    assert 'form = "in_out"' in first.stdout
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "x.toml").write_text(first.stdout, encoding="utf-8")
    again = runner.invoke(app, ["statement", "probe", "x.csv"])
    assert again.exit_code == 0, again.output
    assert "dialect: x" in again.stdout


# -- found ----------------------------------------------------------------------------------------------


def test_the_folder_stands_beside_the_book_or_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METERBOOK_DIALECTS", raising=False)
    book = tmp_path / "book.db"
    assert user_folder(book) is None
    (tmp_path / "dialects").mkdir()
    assert tmp_path / "dialects" == user_folder(book)
    assert user_folder(None) is None
    monkeypatch.setenv("METERBOOK_DIALECTS", str(tmp_path))
    assert tmp_path == user_folder(None)
    monkeypatch.setenv("METERBOOK_DIALECTS", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="nowhere"):
        user_folder(book)


# -- distrusted --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "wallet"', 'name = "../wallet"', "name"),
        ('name = "wallet"', "name = 5", "name"),
        ('name = "wallet"', 'name = "wallet"\ntitle = "\\u001b[2J"', "title"),
        ('name = "wallet"', 'name = "wallet"\nfallback = "no"', "fallback"),
        ('name = "wallet"', 'name = "wallet"\ninclude = "/etc/passwd"', "include"),
        ('date = "时间"', f'date = "{"时" * 121}"', "columns.date"),
        ('date = "时间"', f"date = {['x'] * 61}", "columns.date"),
        ('status = "状态"', "", "columns.status"),
        ('closed = "交易关闭"', "negate = 1", "amount.negate"),
        ("[meta]", f'[balance]\nmasked = "{"x" * 201}"\n[meta]', "balance.masked"),
        ("[meta]", '[balance]\nmasked = "(?:a{1000}){1000}"\n[meta]', "balance.masked"),
        ("[meta]", '[balance]\nmasked = "(a)\\\\1"\n[meta]', "balance.masked"),
        ("[meta]", "x = " + "[" * 50_000 + "\n[meta]", ""),
        ("[meta]", "#" * FILE_MAX + "\n[meta]", ""),
        ('count = "共"', "count = [[]]", "declared.count"),
    ],
)
def test_a_hostile_dialect_is_refused_with_file_and_key(old: str, new: str, key: str) -> None:
    assert old in WALLET
    with pytest.raises(ConfigError) as refused:
        parse_dialect(WALLET.replace(old, new), "w.toml")
    assert ("w.toml", key) == (refused.value.faults[0].file, refused.value.faults[0].column)


def test_nested_quantifiers_cost_nothing() -> None:
    """The engine is linear in the text: a pattern that hangs others is answered at once."""
    text = WALLET.replace("[meta]", '[balance]\nmasked = "^(a+)+$"\n[meta]').replace("[header]", "[header]", 1)
    text = text.replace('status = "状态"', 'status = "状态"\nbalance = "余额"')
    content = ("时间,收/支,金额,状态,余额\n2024-03-01,收入,5,," + "a" * 100_000 + "b\n").encode()
    with pytest.raises(ImportRejected, match="余额"):
        read_statement(content, dialects=[parse_dialect(text, "w.toml")])


def test_files_that_are_no_plain_text_are_refused(tmp_path: Path) -> None:
    for name, content in (("a.toml", b"\xff\xfe\x00"), ("b.toml", b"#" * (FILE_MAX + 1))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=name):
            load_dialects(tmp_path)
        (tmp_path / name).unlink()
    (tmp_path / "c.toml").mkdir()
    with pytest.raises(ConfigError, match=r"c\.toml"):
        load_dialects(tmp_path)


def test_one_name_stands_once(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(WALLET, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.toml"):
        load_dialects(tmp_path)


def test_an_empty_file_is_one_being_written(tmp_path: Path) -> None:
    (tmp_path / "new.toml").touch()
    assert load_dialects() == load_dialects(tmp_path)


# -- what wallets need ---------------------------------------------------------------------------------------


def test_rows_that_move_nothing_are_counted_not_imported() -> None:
    dialects = [parse_dialect(WALLET, "w.toml")]
    content = wallet(
        "2024-03-01 08:00:00,收入,¥5.00,成功",
        "2024-03-02,支出,3.00,交易关闭",
        "2024-03-03,/,7.00,成功",
        "2024-03-04,支出,2.00,成功",
        head="起:[2024-03-01 00:00:00]  止:[2024-03-31 23:59:59]\n共4笔记录\n收入:1笔 5.00元\n支出:1笔 2.00元\n",
    )
    statement = read_statement(content, dialects=dialects)[0]
    assert (5_00, 2_00, 2) == (statement.total_in, statement.total_out, statement.lines.height)
    assert [(0, 3_00), (0, 0)] == statement.pending.select("amount_in", "amount_out").rows()
    assert {"closed", "neutral"} < {finding.code for finding in statement.findings}
    assert "declared" not in {finding.code for finding in statement.findings}
    assert ("2024-03-01", "2024-03-31") == (str(statement.from_date), str(statement.to_date))
    seen = probe(content, dialects=dialects)
    assert isinstance(seen, dict)
    assert (4, "5.00", "5.00") == (seen["transactions"], seen["total_in"], seen["total_out"])


def test_a_declared_count_that_is_wrong_refuses_and_a_sum_warns() -> None:
    content = wallet("2024-03-01,收入,5.00,成功", head="共2笔记录\n收入:2笔 9.00元\n")
    statement = read_statement(content, dialects=[parse_dialect(WALLET, "w.toml")])[0]
    assert ["error", "warning", "warning"] == [one.severity for one in statement.findings if one.code == "declared"]
    assert [4_00] == [one.difference for one in statement.findings if one.difference]


def test_an_unknown_flag_is_a_fault() -> None:
    with pytest.raises(ImportRejected, match="认不出的借贷标志"):
        read_statement(wallet("2024-03-01,退回,5.00,"), dialects=[parse_dialect(WALLET, "w.toml")])


def test_the_wallets_own_table_of_totals_is_exact() -> None:
    sample = Path(__file__).parent / "dialects/wechat_merchant/sample.csv"
    wrong = sample.read_bytes().replace(b"`520.52", b"`520.51")
    errors = read_statement(wrong)[0].errors
    assert [("declared", -1)] == [(one.code, one.difference) for one in errors]


def test_a_header_without_a_column_of_amounts_is_no_header() -> None:
    """Names that recognise a dialect are there, the amounts are not: a refusal that says which."""
    sample = Path(__file__).parent / "dialects/cmb_enterprise/sample.csv"
    with pytest.raises(ImportRejected, match="借方"):
        read_statement(sample.read_bytes().decode("gb18030").replace("借方金额", "甲").encode())
