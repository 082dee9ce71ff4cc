"""A new book: what a company is asked, what becomes of the answers, and the way without questions."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import start
from ledger.accounts import Chart
from ledger.book import BOOK_FILE, Book
from ledger.book_file import is_credit_code
from ledger.book_text import GENERAL_RATE, NewBank, NewBook, NewCashier, book_text
from ledger.config import read_text
from ledger.errors import ConfigError, Refused
from tests.docs.test_tutorial import run

ROOT = Path(__file__).parents[2]

ANSWERS = (
    "临江供水有限公司", "Linjiang Water", "91350100M000100Y44", "91350100M000100Y43", "水", "2024-12-32", "2024-12-31",
    "城东、城西",
    "中国建设银行临江支行", "3500 1234 5678 9012", "2",
    "中国建设银行临江支行", "1111 9012", "1",
    "临江农村商业银行", "8800112233", "城西", "",
    "陈一、林二", "2", "1", "1", "2", "黄三", "", "",
    "郑四", "", "吴五", "郑六", "王七", "冯八", "钱九", "2", "", "",
)  # fmt: skip
"""At a desk: two slips are said and asked again, an account number that cannot be told from another too."""


def answering(*answers: str) -> Callable[[str], str]:
    """Somebody who answers these, and then leaves."""
    waiting: Iterator[str] = iter(answers)

    def ask(_question: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return ask


def test_the_answers_become_a_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer stands in the file; what was no answer was said at once."""
    file = tmp_path / "book.toml"
    assert start.ask_for_book(answering(*ANSWERS, "1"), file) is None
    said = capsys.readouterr().out
    for slip in (
        "“91350100M000100Y44”不是统一社会信用代码",
        "“2024-12-32”不是日期",
        "账号 11119012 不对或与前面的重复",
    ):
        assert slip in said
    text = file.read_text(encoding="utf-8")
    book = Book.load(text)
    Chart.load(book)
    assert (book.name, book.credit_code, book.cutover) == (
        "临江供水有限公司",
        "91350100M000100Y43",
        dt.date(2024, 12, 31),
    )
    assert [branch.name for branch in book.branches] == ["城东", "城西"]
    assert [(b.short, b.ascii, b.number, b.branch) for b in book.banks] == [
        ("建行9012", "CCB-9012", "3500123456789012", "B02"),
        ("农商行2233", "RCB-2233", "8800112233", "B02"),
    ]
    assert [(c.code, c.name, c.branch, c.deposit_bank, c.stream) for c in book.cashiers] == [
        ("C01", "陈一", "B01", "1002.02", "resident"),
        ("C02", "林二", "B02", "1002.01", "resident"),
        ("C03", "黄三", "B01", "1002.01", "entity"),
    ]
    assert {person.role: person.name for person in book.persons}["财务部负责人"] == "冯八"
    assert [tax.rate_basis_points for tax in book.taxes if tax.item in ("water", "late", "penalty")] == [900, 900, 900]
    assert "# ---- tariffs, yuan per m³" in text
    assert text.count("#") > 20


def test_the_book_is_made_now(tmp_path: Path) -> None:
    assert start.ask_for_book(answering(*ANSWERS, "现在建"), tmp_path / "book.toml") == tmp_path / "book.toml"


def test_whoever_leaves_leaves_nothing(tmp_path: Path) -> None:
    """Also a file that is there stays as it is."""
    file = tmp_path / "book.toml"
    with pytest.raises(Refused, match="没有建账"):
        start.ask_for_book(answering(*ANSWERS[:9]), file)
    assert not file.exists()
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(Refused, match="已存在"):
        start.ask_for_book(answering(*ANSWERS, "1"), file)
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("utility", GENERAL_RATE)
@pytest.mark.parametrize("method", ["simplified", "general", "exempt"])
def test_every_supply_and_method(utility: str, method: str) -> None:
    """The supply has its own name and tax row; only water carries levies."""
    text = book_text(
        NewBook(
            name="单位", name_en="Company", credit_code="", utility=utility, cutover=dt.date(2024, 12, 31), branches=["本部"],
            banks=[NewBank("中国工商银行", "0101")], cashiers=[NewCashier("甲", "resident")], tax_method=method,
        )
    )  # fmt: skip
    book = Book.load(text)
    tax = book.tax(utility, dt.date(2025, 1, 1))
    assert tax.method == method
    assert tax.rate_basis_points == {"simplified": 300, "exempt": 0}.get(method, int(GENERAL_RATE[utility][:-2]) * 100)
    assert bool(book.tariffs[0].levies) == (utility == "water")


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("91350100M000100Y43", True),
        ("91350100M000100Y44", False),
        ("91350100M000100Y4", False),
        ("91350100M000100YI3", False),
        ("91350100m000100y43", False),
    ],
)
def test_credit_codes(code: str, good: bool) -> None:
    """The example of GB 32100-2015, and what it is not."""
    assert is_credit_code(code) is good


def test_a_wrong_credit_code_is_refused() -> None:
    text = read_text(BOOK_FILE).replace('currency = "CNY"', 'currency = "CNY"\ncredit_code = "123"')
    with pytest.raises(ConfigError, match=r"book\.credit_code"):
        Book.load(text)


def test_without_a_terminal_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped company; templates where they were asked for, with the names of the book."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METERBOOK_DB", "sqlite:///b.db")
    code, said = run("meterbook init --templates blank")
    assert (code, "经营公司" in said) == (0, True)
    names = sorted(path.name for path in Path("blank").iterdir())
    assert names == ["1客户资料.xlsx", "2期初账单.xlsx", "3期初未达账项.xlsx", "4期初余额.xlsx", "日单据.xlsx"]
    assert run("meterbook init")[0] == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminal")
def test_at_a_terminal(tmp_path: Path) -> None:
    """The whole way, as a person types it: questions, file, book, password, templates, what comes next."""
    import pty

    parent, child = pty.openpty()
    environment = {
        **os.environ, "METERBOOK_LANG": "zh_CN", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
        "METERBOOK_STATE": str(tmp_path / "state"), "METERBOOK_KEY": str(tmp_path / "key" / "meterbook.key"),
    }  # fmt: skip
    environment.pop("METERBOOK_DB", None)
    process = subprocess.Popen(
        [sys.executable, "-c", "import cli; cli.main()", "init"], stdin=child, stdout=child, stderr=child,
        cwd=tmp_path, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(child)
    seen = bytearray()
    os.write(parent, "".join(f"{line}\n" for line in (*ANSWERS, "2")).encode())
    passwords = ["新密码".encode(), "再输一次".encode()]  # asked unseen: what was typed before is thrown away
    try:
        while part := os.read(parent, 65536):
            seen += part
            if passwords and passwords[0] in seen:
                passwords.pop(0)
                os.write(parent, b"Lin-jiang-2025\n")
    except OSError:  # the other side is closed
        pass
    os.close(parent)
    assert process.wait(60) == 0, seen.decode()
    assert "已建账套 临江供水有限公司,启用日 2024-12-31" in seen.decode()
    assert seen.decode().splitlines()[-1].startswith("下一步:meterbook operator add")
    assert {"book.toml", "meterbook.db", "单据模板"} <= {path.name for path in tmp_path.iterdir()}
