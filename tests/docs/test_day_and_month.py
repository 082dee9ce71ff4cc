"""A day is closed in six commands and a month in ten: those of the how-tos, run as they stand there."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
from pathlib import Path

import openpyxl
import pytest

from commands import demo
from importers.documents import read
from importers.folder import document_files
from ledger.books import create_book
from ledger.documents import KINDS
from ledger.journal import Ledger, post
from ledger.storage.engine import Store
from tests.docs.test_tutorial import run
from tests.ledger.people.june import built as built
from tests.ledger.people.june import june as june

ROOT = Path(__file__).parents[2]
JUNE = ROOT / "demo" / "2023-06"


def commands(page: str) -> list[tuple[str, str]]:
    """``(operator, command)`` of the first console block of a how-to."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    block = re.search(r"```console\n(.*?)```", text, re.DOTALL)
    assert block is not None
    who, found = "", []
    for line in block[1].splitlines():
        if line.startswith("# "):
            who = re.findall(r"[A-Z]\d\d", line)[0]
        elif line.startswith("$ "):
            found.append((who, line[2:]))
    return found


def workbook(path: Path, *names: str) -> None:
    """CSV files of the demo as one day's workbook: a sheet per kind, equal headers joined."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in names:
        content = (JUNE / name).read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("gb18030")
        rows = list(csv.reader(io.StringIO(text)))
        title = KINDS[path_kind(name)].zh
        sheet = book[title] if title in book.sheetnames else book.create_sheet(title)
        for row in rows[1:] if sheet.max_row > 1 else rows:
            sheet.append(row)
    book.save(path)


def path_kind(name: str) -> str:
    return name.split("-", 2)[2].removesuffix(".csv")


def post_until(ledger: Ledger, name: str) -> None:
    """The files of June that sort before a name, by those who may."""
    for path, kind in document_files(JUNE):
        if path.name < name:
            day = dt.date(2023, int(path.stem[:2]), int(path.stem[2:4]))
            post(ledger, [read(path, kind, ledger.book)], operator=demo.worker(kind), today=day)


class Desks:
    """Everybody's name and password, as scripts bring them."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch

    def run(self, who: str, command: str) -> str:
        secret = self.folder / "password"
        secret.write_text(demo.demo_password(who), encoding="utf-8")
        self.patch.setenv("METERBOOK_OPERATOR", who)
        self.patch.setenv("METERBOOK_PASSWORD_FILE", str(secret))
        code, output = run(command)
        assert code == 0, f"{command}\n{output}"
        return output


def test_a_day_in_six_commands(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ninth of June: takings, a short that is made good, the deposit, seal, hand-over, close."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METERBOOK_DB", store.url)
    monkeypatch.setenv("METERBOOK_TODAY", "2023-06-09")
    ledger = create_book(store, operator=demo.ADMINISTRATOR)
    demo.hire(ledger)
    post_until(ledger, "0609")
    workbook(tmp_path / "0609收款.xlsx", "0609-01-scan_settlement.csv", "0609-02-cash_receipt.csv")
    differences = [f"0609-0{n}-cash_difference.csv" for n in (3, 4, 5)]
    workbook(tmp_path / "0609缴存.xlsx", *differences, "0609-06-cash_deposit.csv")
    listed = commands("close-a-day.md")
    assert 0 < len(listed) <= 6
    desks = Desks(tmp_path, monkeypatch)
    said = [desks.run(who, command) for who, command in listed]
    assert "差额 -5.00" in said[1]
    assert "2023-06-09 已日结" in said[-1]
    assert "C01 交" not in desks.run("L01", "meterbook today")


def test_a_month_in_ten_commands(june: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """June with all its days closed: three people, then it is closed and handed over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METERBOOK_DB", june.store.url)
    monkeypatch.setenv("METERBOOK_TODAY", "2023-07-05")
    for file in (JUNE / "statements").iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    listed = commands("close-a-month.md")
    assert 0 < len(listed) <= 10
    assert len({who for who, _command in listed}) == 3
    desks = Desks(tmp_path, monkeypatch)
    said = [desks.run(who, command) for who, command in listed]
    assert "2023-06 已月结" in said[-2]
    assert [path.suffix for path in sorted((tmp_path / "packs").iterdir())] == [".json", ".zip"]
