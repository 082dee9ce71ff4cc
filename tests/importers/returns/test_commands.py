"""The commands: debits send, debits waiting, returns probe, returns import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.test_tutorial import run
from tests.importers.returns.conftest import ACCOUNTS, NAMES, pipe, row

CUSTOMERS = "户号,户名,类别,用水性质,交费方式,类型,所,起用日期,付款账号\n" + "".join(
    f"{c},{NAMES[c]},居民户,R,代扣,正常,城南,2023-06-01,{ACCOUNTS[c]}\n" for c in ACCOUNTS
)
CHARGES = "单据号,日期,户号,所属月,用水性质,水量,读码\nB-R3,2023-06-05,R3,2023-06,R,10,正常\nB-R4,2023-06-05,R4,2023-06,R,9,正常\n"
SLIP = "日期,银行,期间,笔数,金额,合计单号\n2023-06-30,工行0101,2023-06,2,65.55,HK-202306\n"
LIST = "日期,合计单号,期间,户号,金额,结果\n2023-07-03,HK-202306,2023-06,R3,34.50,成功\n2023-07-03,HK-202306,2023-06,R4,31.05,失败\n"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book with two bills that are due; gives the folder of its files."""
    monkeypatch.setenv("METERBOOK_DB", f"sqlite:///{(tmp_path / 'b.db').as_posix()}")
    monkeypatch.setenv("METERBOOK_TODAY", "2023-07-05")
    assert run("meterbook init")[0] == 0
    for kind, text in (("customers", CUSTOMERS), ("charge", CHARGES), ("debit_slip", SLIP)):
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
    for kind in ("customers", "charge"):
        assert run(f"meterbook post {kind} {tmp_path / kind}.csv")[0] == 0
    return tmp_path


def test_send_and_import(book: Path) -> None:
    status, text = run(f"meterbook debits send --bank 工行0101 --unit 8602 --date 2023-06-28 --out {book}")
    assert status == 0, text
    file = book / "DK20230628-01.txt"
    assert json.loads(run(f"meterbook returns probe {file} --json")[1])["amount"] == "65.55"
    assert [one["bill_no"] for one in json.loads(run("meterbook debits waiting --json")[1])] == ["B-R3", "B-R4"]
    assert "李四" in run("meterbook debits waiting")[1]
    assert run(f"meterbook post debit_slip {book / 'debit_slip.csv'}")[0] == 0
    back = book / "back.txt"
    back.write_bytes(pipe("DK20230628-01", row("01", "R3", "34.50"), row("02", "R4", "31.05", "1", "余额不足")))
    status, text = run(f"meterbook returns import {back} --slip HK-202306 --date 2023-07-03")
    assert (status, "成功 1 笔 34.50,失败 1 笔 31.05" in text) == (0, True), text
    assert json.loads(run("meterbook balance 1122.09 --json")[1])[0]["balance"] == "0.00"
    status, text = run(f"meterbook returns import {back}")
    assert (status, "没有新的结果" in text) == (0, True), text
    back.write_bytes(back.read_bytes() + b"x\r\n")
    status, text = run(f"meterbook returns import {back}")
    assert (status, "back.txt 第 4 行" in text) == (1, True), text


def test_our_own_kinds_go_on(book: Path) -> None:
    """A list as CSV needs no batch; a wrong row in it is told as such."""
    assert run(f"meterbook post debit_slip {book / 'debit_slip.csv'}")[0] == 0
    file = book / "划扣明细.csv"
    file.write_text(LIST.replace("成功", "可能"), encoding="utf-8")
    status, text = run(f"meterbook returns import {file}")
    assert (status, "应为:成功" in text) == (1, True), text
    file.write_text(LIST, encoding="utf-8")
    assert run(f"meterbook returns import {file}")[0] == 0
    assert json.loads(run("meterbook balance 1122.09 --json")[1])[0]["balance"] == "0.00"


def test_a_layout_of_ones_own(book: Path) -> None:
    """A file in the folder is enough; an unknown name lists what there is."""
    folder = book / "layouts"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        'name = "mine"\npurpose = "send"\nform = "fixed"\namount = "fen"\nnewline = "lf"\n'
        '[row]\nfields = ["serial", "account", "name", "amount"]\nwidths = [4, 20, 10, 8]\n',
        encoding="utf-8",
    )
    where = f"--layouts {folder} --out {book}"
    status, text = run(f"meterbook debits send --bank 1002.01 --date 2023-06-28 --layout mine --batch M1 {where}")
    assert status == 0, text
    assert (book / "M1.txt").read_bytes().splitlines()[0] == f"01  {ACCOUNTS['R3']} 孙三      3450    ".encode(
        "gb18030"
    )
    assert "printed_success" in run("meterbook debits send --bank 1002.01 --layout yours")[1]


COLLECTED = "户号,户名,类别,用水性质,交费方式,类型,所,起用日期,付款账号\nE1,测试一厂,单位户,N,托收,正常,城南,2023-06-01,102000000000000001\n"
CHARGED = "单据号,日期,户号,所属月,用水性质,水量,读码\nB-E1,2023-06-12,E1,2023-06,N,1000,正常\n"


def test_collections_out_and_in(book: Path) -> None:
    """Sent by channel, waited for, answered; R19 ties."""
    for kind, text in (("customers", COLLECTED), ("charge", CHARGED)):
        (book / f"e_{kind}.csv").write_text(text, encoding="utf-8")
        assert run(f"meterbook post {kind} {book / f'e_{kind}.csv'}")[0] == 0
    status, text = run(
        f"meterbook collections send --bank 工行0101 --channel 工行 --unit 8602 --date 2023-06-15 --out {book}"
    )
    assert status == 0, text
    file = book / "TS20230615-01-icbc.txt"
    assert json.loads(run(f"meterbook returns probe {file} --json")[1])["layout"] == "collection_send"
    assert [one["amount"] for one in json.loads(run("meterbook collections waiting --json")[1])] == ["4800.00"]
    back = book / "托收.txt"
    back.write_bytes(
        "TS20230615-01-icbc|1|4800.00\r\n20230620|102000000000000001|测试一厂|4800.00|HD1\r\n".encode("gb18030")
    )
    status, text = run(f"meterbook returns import {back}")
    assert (status, "收回 1 笔 4,800.00" in text) == (0, True), text
    report = json.loads(run("meterbook report R19 --month 2023-06 --format json")[1])
    assert [(row["customer"], row["result"]) for row in report["rows"]] == [("E1", "paid")]
    assert all(tie["ok"] for tie in report["tie_outs"])


def test_a_settlement_and_a_check(book: Path) -> None:
    """--bank says which account is paid into; check compares and stores nothing; a layout beside the book is found."""
    scan = "日期,户号,金额,渠道单号,银行,渠道\n2023-06-08,R3,34.50,0001,中行0202,POS\n"
    (book / "scan.csv").write_text(scan, encoding="utf-8")
    assert run(f"meterbook post scan_receipt {book / 'scan.csv'}")[0] == 0
    paid = book / "pos.csv"
    paid.write_text(
        "交易日期,参考号,交易类型,交易金额,手续费,到手金额\n2023-06-08,0001,消费,34.50,0.21,34.29\n", encoding="utf-8"
    )
    status, text = run(f"meterbook returns probe {paid}")
    assert (status, "没有认出回盘格式" in text) == (1, True), text
    shipped = (Path(__file__).parents[3] / "importers/returns/layouts/pos_settlement.toml").read_text(encoding="utf-8")
    (book / "layouts").mkdir()
    (book / "layouts/ours.toml").write_text(
        shipped.replace("pos_settlement", "ours").replace("清算金额", "到手金额"), encoding="utf-8"
    )
    assert json.loads(run(f"meterbook returns probe {paid} --json")[1])["layout"] == "ours"
    assert "请用 --bank" in run(f"meterbook returns import {paid}")[1]
    assert run(f"meterbook returns check {paid} --bank 中行0202")[0] == 0
    status, text = run(f"meterbook returns import {paid} --bank 中行0202 --date 2023-06-09")
    assert (status, "到账 34.29" in text) == (0, True), text
    assert json.loads(run("meterbook balance 1012.01 --json")[1])[0]["balance"] == "0.00"
    paid.write_text(paid.read_text(encoding="utf-8").replace(",0001,", ",0002,"), encoding="utf-8")
    status, text = run(f"meterbook returns check {paid} --bank 中行0202")
    assert (status, "有 2 笔不一致" in text) == (1, True), text
