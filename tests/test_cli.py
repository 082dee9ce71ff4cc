"""The commands as people and scripts use them: what they print, in which form, with which exit code."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.main import get_command

import cli
from exports.reports import REPORTS
from tests.docs.test_tutorial import run

ROOT = Path(__file__).parents[1]


def shell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``meterbook …`` in a process of its own, as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", *arguments],
        cwd=ROOT,
        env={**os.environ, "METERBOOK_LANG": "zh_CN", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The demo month in a database; gives its address."""
    folder = tmp_path_factory.mktemp("demo")
    done = shell("demo", "--dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert "5,326.75" in done.stdout
    assert done.stdout.index("R25 ") < done.stdout.index("R24 ") < done.stdout.index("R14 ")
    return f"sqlite:///{(folder / 'meterbook.db').as_posix()}"


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "demo" in request.fixturenames:
        monkeypatch.setenv("METERBOOK_DB", request.getfixturevalue("demo"))


@pytest.fixture
def lead(demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The collection lead works, by name and password file, as a script does."""
    secret = tmp_path / "password"
    secret.write_text("demo-L01-2023\n", encoding="utf-8")
    monkeypatch.setenv("METERBOOK_OPERATOR", "L01")
    monkeypatch.setenv("METERBOOK_PASSWORD_FILE", str(secret))


def test_the_auditor_is_left_logged_in(demo: str) -> None:
    """After the demo reading works at once, and posting is told whose it is."""
    assert "稽核" in shell("whoami", METERBOOK_DB=demo).stdout
    file = ROOT / "demo" / "2023-06" / "0609-02-cash_receipt.csv"
    refused = shell("post", "cash_receipt", str(file), METERBOOK_DB=demo)
    assert (refused.returncode, "收费员、收费班长" in refused.stderr) == (1, True)


@pytest.mark.usefixtures("lead")
def test_exit_codes(demo: str, tmp_path: Path) -> None:
    """0 done and already posted, 1 refused with a message on stderr, 2 wrong use."""
    file = ROOT / "demo" / "2023-06" / "0609-02-cash_receipt.csv"
    again = shell("post", "cash_receipt", str(file), METERBOOK_DB=demo)
    assert (again.returncode, "未重复记账" in again.stdout) == (0, True)
    bad = tmp_path / "bad.csv"
    bad.write_text(
        "日期,户号,金额,收费员,发票号\n2023-02-30,R7,1.234,C01,1\n2023-06-09,R7,1e3,C01,2\n", encoding="utf-8"
    )
    refused = shell("post", "cash_receipt", str(bad), METERBOOK_DB=demo)
    assert refused.returncode == 1
    lines = refused.stderr.splitlines()
    assert len(lines) == 4
    assert [f"第 {row} 行" in line for row, line in zip((2, 2, 3), lines, strict=False)] == [True, True, True]
    assert "bad.csv" in lines[0]
    assert shell("post", METERBOOK_DB=demo).returncode == 2
    assert shell("report", "R14", "--month", "2023", METERBOOK_DB=demo).returncode == 1


def test_messages_in_english(demo: str) -> None:
    """--lang en turns messages and registers."""
    done = shell("--lang", "en", "report", "R24", "--month", "2023-06", METERBOOK_DB=demo)
    assert "Fund positions" in done.stdout
    assert "Closing" in done.stdout or "closing" in done.stdout
    refused = shell("--lang", "en", "entry", "nothing", METERBOOK_DB=demo)
    assert (refused.returncode, "nothing" in refused.stderr) == (1, True)


@pytest.mark.parametrize("code", sorted(REPORTS))
def test_every_register_in_every_medium(demo: str, code: str, tmp_path: Path) -> None:
    """Table, json, csv and xlsx of each register of the month."""
    account = " --account ZK-0629" if code == "R11" else " --account 工行0101" if REPORTS[code].bank else ""
    base = f"meterbook report {code} --month 2023-06{account}"
    status, table = run(base)
    assert (status, code in table) == (0, True)
    status, text = run(f"{base} --format json")
    assert status == 0
    data = json.loads(text)
    assert {"code", "title", "unit", "period", "columns", "rows", "totals", "tie_outs"} <= set(data)
    assert all(tie["ok"] for tie in data["tie_outs"])
    for medium in ("csv", "xlsx"):
        status, said = run(f"{base} --format {medium} --out {tmp_path}")
        assert status == 0
        (path,) = tmp_path.glob(f"*.{medium}")
        assert path.name.startswith("2023")
        assert str(path) in said.replace("\n", "")


def test_file_name_follows_the_rule(demo: str, tmp_path: Path) -> None:
    """Domain §5: date, name, bank."""
    run(f"meterbook report R14 --month 2023-06 --account 1002.01 --format xlsx --out {tmp_path}")
    assert [path.name for path in tmp_path.iterdir()] == ["20230630银行存款余额调节表_工行0101.xlsx"]


def test_balance(demo: str) -> None:
    """One account by code or bank name, a family, as machine output; amounts are decimal strings."""
    _status, text = run("meterbook balance 工行0101 --date 2023-06-30 --json")
    assert json.loads(text) == [{"account": "1002.01", "name": "银行存款—工行0101", "balance": "2972.80"}]
    _status, text = run("meterbook balance 2241.02 --date 2023-06-14 --json")
    assert all(row["balance"].startswith("-") for row in json.loads(text))
    assert run("meterbook balance 9999.99")[0] == 1


def test_journal_and_entry(demo: str) -> None:
    """Filters by month, account, customer; one entry by voucher number, with its document."""
    _status, text = run("meterbook journal --month 2023-06 --account 1221.04 --json")
    lines = json.loads(text)
    assert {line["event"] for line in lines} == {"E18"}
    assert sorted(line["debit"] for line in lines if line["account"] == "1221.04") == ["-820.00", "820.00"]
    _status, text = run("meterbook entry cash_receipt/0001234 --json")
    entry = json.loads(text)
    assert entry["content"][0]["customer"] == "R2"
    assert sum(float(line["debit"]) - float(line["credit"]) for line in entry["lines"]) == pytest.approx(0)
    assert "120.80" in run("meterbook journal --date 2023-06-09 --customer R2")[1]


def test_customer(demo: str) -> None:
    """Bills, advances and lines of one customer."""
    _status, text = run("meterbook customer R7 --json --date 2023-06-30")
    found = json.loads(text)
    assert (found["owed"], found["advance"]) == ("72.45", "8.60")
    assert {line["customer"] for line in found["lines"]} == {"R7"}
    assert run("meterbook customer R99")[0] == 1


def test_outstanding_and_explain(demo: str) -> None:
    """Six items of 工行; each explains itself in a sentence."""
    _status, text = run("meterbook outstanding --as-of 2023-06-30 --json")
    items = json.loads(text)
    assert sorted(item["amount"] for item in items) == ["15.00", "200.00", "2400.00", "31.05", "820.00", "900.00"]
    for item in items:
        status, sentence = run(f"meterbook reconcile explain {item['ref']} --account 工行0101")
        assert (status, len(sentence) > 10) == (0, True)


def test_reverse_and_its_refusals(tmp_path: Path) -> None:
    """Once; with a reason; the red-letter entry brings the balance back."""
    db = f"sqlite:///{(tmp_path / 'r.db').as_posix()}"
    folder = ROOT / "demo" / "2023-06"
    assert run(f"meterbook init --db {db}")[0] == 0
    for name in (
        "0531-01-customers",
        "0531-02-opening_bills",
        "0531-03-opening_items",
        "0531-04-opening",
        "0605-01-charge",
    ):
        assert run(f"meterbook post {name.rpartition('-')[2]} {folder / name}.csv --db {db}")[0] == 0
    assert run(f"meterbook reverse charge/B-R1 --reason 错户 --date 2023-06-06 --db {db}")[0] == 0
    _status, text = run(f"meterbook customer R1 --json --db {db}")
    assert json.loads(text)["owed"] == "0.00"
    status, said = run(f"meterbook reverse charge/B-R1 --reason 错户 --db {db}")
    assert (status, "不能再冲" in said) == (1, True)


def test_template_round_trip(tmp_path: Path) -> None:
    """An empty workbook per kind, named in Chinese; an unknown kind names the nearest."""
    assert run(f"meterbook template cash_receipt --out {tmp_path}")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["现金收费.xlsx"]
    status, said = run("meterbook template cash_reciept")
    assert (status, "现金收费" in said or "cash_receipt" in said) == (1, True)


def test_probe_and_exports(demo: str, tmp_path: Path) -> None:
    """A statement told from its content; the text journals."""
    _status, text = run(
        f"meterbook statement probe {ROOT / 'demo' / '2023-06' / 'statements' / 'ICBC-0101.csv'} --json"
    )
    found = json.loads(text)
    assert (found["opening"], found["closing"], found["balance_ok"]) == ("10000.00", "5206.75", True)
    assert run(f"meterbook export beancount --out {tmp_path / 'bc'}")[0] == 0
    assert (tmp_path / "bc" / "main.beancount").exists()
    assert run(f"meterbook export ledger --out {tmp_path / 'lc'}")[0] == 0


@pytest.mark.usefixtures("lead")
def test_day_close(demo: str) -> None:
    """A day that is closed stays so; asking again changes nothing."""
    status, said = run("meterbook day close --date 2023-06-13")
    assert (status, "已日结" in said) == (0, True)


def test_outstanding_for_people_and_its_log(demo: str, lead: None) -> None:
    """Words instead of codes; a follow-up stands in the table, the log and R15; JSON keeps the codes."""
    _status, text = run("meterbook outstanding --as-of 2023-06-30 --json")
    march = next(item for item in json.loads(text) if item["date"] == "2023-03-31")
    assert (march["category"], march["band"], march["amount_band"]) == ("book_in_not_bank", "long", "small")
    command = f"meterbook outstanding follow-up {march['ref']} --account 工行0101 --today 2023-07-05"
    assert run(f"{command} --enquiry 已函询 --next 2023-07-20 --owner L01")[0] == 0
    assert run(command)[0] == 1
    _status, shown = run("meterbook outstanding --as-of 2023-06-30")
    for words in ("企业已收、银行未收", "长期", "连续 4 个月末未达", "已函询", "L01"):
        assert words in shown
    assert not {"book_in_not_bank", "IN_TRANSIT", "NO_DOCUMENT"} & set(shown.split())
    assert "已函询" in run("meterbook outstanding log --account 工行0101")[1]
    assert "已函询" in run("meterbook report R15 --month 2023-06")[1]


def test_a_report_as_known_at_a_moment(demo: str) -> None:
    """Before anything was recorded there is nothing; a moment is a day or a time; other reports know none."""
    r14 = "meterbook report R14 --month 2023-06 --account 工行0101 --format json"
    rows = json.loads(run(f"{r14} --known-at 2999-01-01")[1])["rows"]
    assert json.loads(run(r14)[1])["rows"] == rows
    before = json.loads(run(f"{r14} --known-at 2020-01-01T09:30")[1])["rows"]
    assert {("balance", "0.00"), ("adjusted", "0.00")} == {(row["category"], row["amount"]) for row in before}
    assert run(f"{r14} --known-at gestern")[0] != 0
    assert run("meterbook report R25 --month 2023-06 --known-at 2023-07-01")[0] == 1


def test_review_in_the_terminal(demo: str, lead: None) -> None:
    """Keys from standard input; where it ends, the review ends, and says what is saved."""
    done = subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", "reconcile", "review", "--account", "工行0101", "--month", "2023-06"],
        cwd=ROOT, env={**os.environ, "METERBOOK_LANG": "en", "PYTHONIOENCODING": "utf-8"}, capture_output=True, text=True,
        encoding="utf-8", check=False, input="s\nn\nwaiting for the slip\n\ns\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "[n]note [f]follow up [s]next [q]quit" in done.stdout
    assert "1 decided, all saved" in done.stdout
    assert "waiting for the slip" in run("meterbook outstanding --as-of 2023-06-30 --account 工行0101")[1]


def test_what_is_reconciled_besides_the_bank(demo: str) -> None:
    """Five pairs of sides; what has no account behind it claims no tie; one line waits, and says why."""
    _status, text = run("meterbook reconcile sides --month 2023-06 --json")
    told = {one["name"]: one for one in json.loads(text)}
    assert {name: (one["difference"], one["balance"], one["ties"]) for name, one in told.items()} == {
        "head_office": ("12.34", "12.34", "平"), "debits": ("-65.55", "-65.55", "平"), "collections": ("0.00", None, ""),
        "wallets": ("0.00", "0.00", "平"), "deposits": ("0.00", "0.00", "平"),
    }  # fmt: skip
    status, shown = run("meterbook reconcile sides --month 2023-06")
    assert (status, "收款收据没有金额 12.34" in shown) == (0, True)
    assert run("meterbook reconcile sides nonsense")[0] == 1


OPEN_TO_ALL = {
    "login", "logout", "whoami", "password",  # how one comes in
    "init", "template", "demo",  # no book yet
    "doctor", "restore", "statement probe", "returns probe",  # they read no book
    "server logins",  # the database's own administrator
}  # fmt: skip


def _commands(command: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every command with its help."""
    if not hasattr(command, "commands"):
        yield name, command.help
    for word, part in getattr(command, "commands", {}).items():
        yield from _commands(part, f"{name} {word}".strip())


def test_nothing_of_a_book_without_a_login(demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command by its own example, at a desk where nobody has logged in: refused, and told how to come in."""
    monkeypatch.setenv("METERBOOK_STATE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(ROOT / "demo" / "2023-06" / "0609-02-cash_receipt.csv", "0609收费.xlsx")
    answers = {}
    for name, told in _commands(get_command(cli.app)):
        if name in OPEN_TO_ALL:
            continue
        example = told.partition("例:" if "例:" in told else "e.g. ")[2].strip()
        assert example.startswith(f"meterbook {name}"), name
        for file in re.findall(r"\S+\.(?:txt|csv|xlsx|zip)\b", example):
            Path(file).touch()
        answers[name] = run(example)
    wrong = {name: said for name, (status, said) in answers.items() if status == 0 or "请先登录" not in said}
    assert not wrong


def test_the_auditor_reads_no_names(demo: str) -> None:
    """C40: on the auditor's screen names of parties and customers are masked."""
    frame = pl.DataFrame(
        {"batch": ["DK-1"], "sent_on": [dt.date(2023, 6, 1)], "serial": [1], "customer": ["R7"],
         "name": ["钱小满"], "bill_no": ["B-1"], "amount": [100]}
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importers.returns.waiting", lambda *_: frame)
        shown = run("meterbook debits waiting")[1]
    assert ("钱**" in shown, "钱小满" in shown) == (True, False)
