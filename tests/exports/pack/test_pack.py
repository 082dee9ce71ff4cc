"""The month-end pack: what is in it, that a stranger can verify it, that it comes out the same to the byte."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import cli
from commands import demo
from exports import pack
from exports.pack import contents, registers, verify_pack
from exports.render import pdf
from ledger import approvals, facts, overrides, packs, periods, views
from ledger.errors import Refused
from ledger.i18n import set_language
from ledger.journal import Ledger, post
from ledger.reconcile import run
from tests.ledger.people.june import AFTER, sign_all
from tests.ledger.people.june import built as built
from tests.ledger.people.june import june as june
from tests.ledger.postings.conftest import rows_of

LATER = dt.date(2023, 7, 6)
PERSONAL = ("城南机械厂", "城西纺织厂", "4000000000000201")
"""Names and an account number that stand in R07 and R19."""


@pytest.fixture(autouse=True)
def _font() -> None:
    """A pack holds PDFs; without a Chinese font nothing here is tested, under CI that is a failure."""
    try:
        pdf.find_font()
    except Refused as reason:
        message = f"PACK NOT TESTED: {reason}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    set_language("zh_CN")
    yield
    set_language("zh_CN")


@pytest.fixture
def closed(june: Ledger) -> Ledger:
    """June signed, accepted, closed."""
    sign_all(june)
    periods.close_month(june, "2023-06", operator="K01", today=AFTER)
    return june


def export(ledger: Ledger, out: Path, who: str = "K01", **options: object) -> pack.Exported:
    return pack.export(ledger, "2023-06", out, operator=who, today=LATER, **options)  # type: ignore[arg-type]


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def verified(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The pack's own program, by a Python that knows nothing of Meterbook."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import verify_pack; sys.exit(verify_pack.main())"
    line = [sys.executable, "-I", "-B", "-c", code, str(folder), *options]
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)


def go_on(ledger: Ledger) -> None:
    """July begins: entries, a word on an item of June, a match of June undone, an override."""
    row = {"date": "2023-07-05", "bank": "1002.01", "amount": "9.00", "advice_no": "LX-JULY"}
    done = post(ledger, [rows_of("interest", row)], operator="K01", today=LATER)
    approvals.accept(ledger, [done.batch_id], operator="F01", today=LATER)
    overrides.grant(ledger, "C40", f"J01/{ledger.book.today()}", reason="年审", operator="W01", today=LATER)
    with ledger.store.writing(1) as session:
        item = run.outstanding(session, 1, ledger.book, dt.date(2023, 6, 30)).row(0, named=True)
        run.note(session, 1, ledger.book.bank(item["bank"]), item["ref"], reason="新的原因", operator="L01")
        (match,) = session.rows("SELECT max(match_id) FROM match WHERE undoes IS NULL")[0]
        run.unmatch(session, 1, match, reason="勾错", operator="L01")


def test_a_pack_is_handed_over_once(closed: Ledger, tmp_path: Path) -> None:
    """Complete, verified offline, final; the same bytes whatever came later; nothing but the hash is new in the log."""
    with pytest.raises(Refused, match="须由"):
        export(closed, tmp_path, "C01")
    with pytest.raises(Refused, match="须由"):
        export(closed, tmp_path, "J01")
    first = export(closed, tmp_path / "1")
    assert (first.again, first.pack.number, first.path.name) == (False, "2023-06/v1", "20230601-0630月末资料包.zip")
    assert hashlib.sha256(first.path.read_bytes()).hexdigest() == first.pack.sha256
    with closed.store.reading() as session:
        recorded = packs.packs(session, 1, "2023-06")
    assert recorded == [first.pack]
    with pytest.raises(Refused, match="月末资料包已交出"):
        periods.ask_to_reopen(closed, "2023-06", reason="漏记", operator="W01", today=LATER)

    go_on(closed)
    again = export(closed, tmp_path / "2", "J01")
    assert again.again
    assert again.path.read_bytes() == first.path.read_bytes()
    assert again.proof.read_bytes() == first.proof.read_bytes()
    with closed.store.reading() as session:
        assert len(facts.facts(session, 1, periods.PACK)) == 1

    folder = unpacked(first.path, tmp_path / "pack")
    _is_complete(folder, closed)
    _is_verified(folder, first)
    _beancount_agrees(folder)


def _is_complete(folder: Path, ledger: Ledger) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert {file["path"] for file in manifest["files"]} | {"manifest.json", "SHA256SUMS"} == names
    assert (manifest["number"], manifest["masked"], manifest["period"]) == ("2023-06/v1", True, "2023-06")
    forms = [name.split("/")[1] for name in names if name.startswith("reports/") and name.count("/") == 1]
    assert {name.split("_")[0] for name in forms} == {f"R{n:02d}" for n in range(7, 29) if n != 27} | {
        "R26b", "R27b", "checks.csv",
    }  # fmt: skip
    daily = {name for name in names if name.startswith("reports/daily/")}
    assert daily == {
        f"reports/daily/R27_202306{day:02d}业务受理日报.{end}" for day in range(1, 31) for end in ("csv", "pdf", "xlsx")
    }
    assert {name for name in forms if name.startswith("R11") and name.endswith("csv")} == {
        "R11_20230601-0630向总公司转款明细表.csv", "R11_20230628向总公司转款明细表_ZK-0628.csv",
        "R11_20230629向总公司转款明细表_ZK-0629.csv",
    }  # fmt: skip
    checks = pl.read_csv(folder / "reports/checks.csv")
    assert checks.height > 60
    assert checks["结果"].unique().to_list() == ["平"]
    for bank in ("1002.01", "1002.02"):
        stem = f"signed/R14_{bank}_2023-06_v1"
        assert {f"{stem}.{end}" for end in ("json", "pdf", "xlsx", "signatures.json")} <= names
        paper = json.loads((folder / f"{stem}.signatures.json").read_text(encoding="utf-8"))
        assert [one["operator"] for one in (paper["preparer"], *paper["signatures"])] == ["L01", "F01", "K01"]
        assert f"statements/{bank}_lines.csv" in names
    assert not any(name.startswith("statements/files/") for name in names)
    table = json.loads((folder / "signed/R14_1002.01_2023-06_v1.json").read_text(encoding="utf-8"))
    adjusted = [row["amount"] for row in table["rows"] if row["category"] == "adjusted"]
    assert adjusted == ["5326.75", "5326.75"]
    lines = pl.read_parquet(folder / "journal/journal.parquet")
    with ledger.store.reading() as session:
        known = views.lines(session, 1, dt.date(2023, 6, 1), dt.date(2023, 6, 30))
    assert lines["entry_id"].to_list() == known["entry_id"].to_list()
    assert int(lines["debit"].sum() * 100) == known["debit"].sum()
    text = pl.read_csv(folder / "journal/journal.csv", schema_overrides={"debit": pl.Decimal(20, 2)})
    assert text["debit"].sum() == lines["debit"].sum()
    hands = lines.filter(pl.col("doc_no") == "SJ-0601").select("entered_by", "accepted_by").unique().rows()
    assert hands == [("L01", "K01")]
    assert lines.filter(pl.col("entered_by") == pl.col("accepted_by")).is_empty()
    closes = (folder / "registers/closes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert closes[1].startswith("2023-06,,月结")
    asked = (folder / "registers/requests.csv").read_text(encoding="utf-8-sig")
    assert "冲减" in asked
    assert "坏账核销" in asked
    outstanding = (folder / "registers/outstanding.csv").read_text(encoding="utf-8-sig")
    assert "JK-0331" in outstanding
    assert "新的原因" not in outstanding
    for path in folder.rglob("*"):
        if path.suffix in {".csv", ".json", ".beancount", ".md"}:
            said = path.read_text(encoding="utf-8")
            assert [word for word in PERSONAL if word in said] == [], path.name


def _is_verified(folder: Path, done: pack.Exported) -> None:
    """By its own program with the key from elsewhere; any change shows; the zip's hash is in the log."""
    key = (folder / "checkpoint/keys.txt").read_text(encoding="utf-8").strip()
    good = verified(folder, "--key", key)
    assert (good.returncode, good.stderr) == (0, "")
    assert "R14/1002.01/2023-06/v1: 内容与签字时相同 as it was signed; review, sign" in good.stdout
    assert "R07/2023-06/v1: 内容已脱敏 masked; sign" in good.stdout
    assert "凭证借贷相等" in good.stdout
    stranger = key.split("+")[0] + "+" + "00000000" + "+" + key.split("+", 2)[2]
    assert verified(folder, "--key", stranger).returncode == 1
    for name, change in (
        ("journal/journal.csv", b"\n"),
        ("proofs/entry_2.json", b" "),
        ("signed/R14_1002.01_2023-06_v1.json", b" "),
    ):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(whole + change)
        assert "被改动" in verified(folder).stderr
        path.write_bytes(whole)
    (folder / "more.txt").write_text("x", encoding="utf-8")
    assert "多出文件" in verified(folder).stderr
    (folder / "more.txt").unlink()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    if keygen := shutil.which("ssh-keygen"):
        said = (folder / "checkpoint/ssh/checkpoint").read_bytes()
        origin = said.decode().split("\n")[0]
        words = f"-Y verify -f allowed_signers -I {origin} -n meterbook-checkpoint -s checkpoint.sig"
        done_by = subprocess.run(
            [keygen, *words.split()], input=said, cwd=folder / "checkpoint/ssh", capture_output=True, check=False
        )
        assert done_by.returncode == 0, done_by.stderr
    proof = json.loads(done.proof.read_text(encoding="utf-8"))
    verify_pack.verify_proof.check(proof, key)
    assert json.loads(json.loads(proof["entry"])[7])[0]["sha256"] == done.pack.sha256


def test_books_that_are_not_level_are_found(tmp_path: Path) -> None:
    """A voucher that is not level; a balance that is not the journal's; a trial balance that is not level."""
    folder = tmp_path / "journal"
    folder.mkdir()
    good = {
        "journal.csv": "voucher,account,debit,credit\n记-1,1001,5.00,0.00\n记-1,1002,0.00,5.00\n",
        "balances.csv": "account,opening,debit,credit,closing\n1001,0.00,5.00,0.00,5.00\n1002,0.00,0.00,5.00,-5.00\n",
    }
    for name, (old, new), word in (
        ("", ("", ""), ""),
        ("journal.csv", ("0.00,5.00", "0.00,4.99"), "借贷不平"),
        ("journal.csv", ("1002", "1003"), "余额与分录不符"),
        ("balances.csv", ("-5.00", "-4.00"), "余额与分录不符"),
        ("balances.csv", ("1002,0.00,0.00,5.00,-5.00", "1002,1.00,0.00,5.00,-4.00"), "试算不平"),
    ):
        for file, text in good.items():
            (folder / file).write_text(text.replace(old, new) if file == name else text, encoding="utf-8")
        if not word:
            assert "凭证借贷相等" in verify_pack.books(tmp_path)
            continue
        with pytest.raises(verify_pack.Bad, match=word):
            verify_pack.books(tmp_path)


def _beancount_agrees(folder: Path) -> None:
    loader = pytest.importorskip("beancount.loader")
    entries, errors, _options = loader.load_file(str(folder / "beancount/main.beancount"))
    assert errors == []
    assert any(entry.date.isoformat().startswith("2023-06") for entry in entries)


@pytest.mark.parametrize("june", ["sqlite"], indirect=True)
def test_unmasked_other_language_and_what_was_superseded(closed: Ledger, tmp_path: Path) -> None:
    """Another form is another version from the first checkpoint; v1 of what was signed again is there too."""
    asked = periods.ask_to_reopen(closed, "2023-06", reason="漏记利息", operator="K01", today=AFTER)
    approvals.approve(closed, asked.number, operator="W01", today=AFTER)
    with pytest.raises(Refused, match="尚未月结"):
        export(closed, tmp_path)
    row = {"date": "2023-06-30", "bank": "1002.02", "amount": "1.00", "advice_no": "LX-9"}
    late = post(closed, [rows_of("interest", row)], operator="K01", today=AFTER)
    approvals.accept(closed, [late.batch_id], operator="F01", today=AFTER)
    demo._sign(closed, "2023-06", AFTER)
    periods.close_month(closed, "2023-06", operator="K01", today=AFTER)
    first = export(closed, tmp_path)
    go_on(closed)
    plain = export(closed, tmp_path, masked=False, reason="税务检查")
    assert (plain.pack.number, plain.pack.reason, plain.path.name) == (
        "2023-06/v2",
        "税务检查",
        "20230601-0630月末资料包_未脱敏_v2.zip",
    )
    assert (plain.pack.size, plain.pack.root, plain.pack.instant) == (
        first.pack.size,
        first.pack.root,
        first.pack.instant,
    )
    folder = unpacked(plain.path, tmp_path / "plain")
    done = verified(folder)
    assert done.returncode == 0, done.stderr
    assert "R14/1002.02/2023-06/v2: 内容与签字时相同" in done.stdout
    old = json.loads((folder / "signed/R14_1002.02_2023-06_v1.signatures.json").read_text(encoding="utf-8"))
    assert (old["superseded"], old["content_as_signed"]) == (True, True)
    assert (folder / "signed/R14_1002.02_2023-06_v1.pdf").exists()
    assert (folder / "proofs/R14_1002.02_2023-06_v1.json").exists()
    for path in (folder / "statements/files").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.name[:16])
    said = "".join(path.read_text(encoding="utf-8-sig") for path in folder.glob("reports/*.csv"))
    assert [word for word in PERSONAL if word not in said] == []

    set_language("en")
    english = export(closed, tmp_path)
    assert (english.pack.number, english.pack.masked, english.path.name) == (
        "2023-06/v3",
        True,
        "20230601-0630月末资料包_en_v3.zip",
    )
    with zipfile.ZipFile(english.path) as archive:
        assert archive.read("registers/closes.csv").decode("utf-8-sig").startswith("Period,")
        table = archive.read("signed/R14_1002.01_2023-06_v2.signatures.json")
    assert json.loads(table)["content_as_signed"]  # it was signed in Chinese, and stays so


@pytest.mark.parametrize("june", ["sqlite"], indirect=True)
def test_what_cannot_be_drawn_again_is_refused(closed: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program draws other bytes: it says which files and with what they were drawn; nothing is written."""
    monkeypatch.setattr(pdf, "render", lambda _report: b"%PDF")  # what is in them is no matter here
    first = export(closed, tmp_path / "1")
    build = registers.build

    def other(*asked: object) -> Iterator[tuple[str, object]]:
        for name, report in build(*asked):  # type: ignore[arg-type]
            yield name, replace(report, title=report.title + "二") if name == "closes" else report

    monkeypatch.setattr(contents.registers, "build", other)
    with pytest.raises(Refused, match=r"registers/closes\.xlsx") as refused:
        export(closed, tmp_path / "2")
    assert first.pack.software in str(refused.value)
    assert list((tmp_path / "2").iterdir()) == []


@pytest.mark.parametrize("june", ["sqlite"], indirect=True)
def test_the_command(closed: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logged before it leaves; in plain only with a reason, and for the auditor only by leave (C40)."""
    monkeypatch.setattr(pdf, "render", lambda _report: b"%PDF")  # what is in them is no matter here
    secret = tmp_path / "secret"

    def run_as(who: str, *options: str) -> str:
        secret.write_text(demo.demo_password(who), encoding="utf-8")
        monkeypatch.setenv("METERBOOK_OPERATOR", who)
        monkeypatch.setenv("METERBOOK_PASSWORD_FILE", str(secret))
        words = "export pack --month 2023-06 --today 2023-07-06"
        line = [*words.split(), "--out", str(tmp_path / "out"), "--db", closed.store.url]
        done = CliRunner().invoke(cli.app, [*line, *options])
        return done.stdout + (str(done.exception) if done.exception else "")

    assert "须由" in run_as("J01")
    assert "2023-06/v1 已脱敏" in run_as("K01")
    assert "--reason" in run_as("K01", "--unmasked")
    assert "[C40]" in run_as("J01", "--unmasked", "--reason", "年审")
    assert "逐字节相同" in run_as("J01")
    with closed.store.reading() as session:
        said = session.rows(
            "SELECT operator, result, subject FROM operation WHERE command = 'export pack' ORDER BY seq"
        )
    assert [(who, result) for who, result, _subject in said] == [
        ("J01", "started"), ("J01", "refused"), ("K01", "started"), ("K01", "done"), ("K01", "refused"), ("J01", "refused"),
        ("J01", "started"), ("J01", "done"),
    ]  # fmt: skip
    assert "pack 2023-06" in said[3][2]


def test_the_archive_depends_on_its_files_alone(tmp_path: Path) -> None:
    from exports.pack.archive import Archive

    when = dt.datetime(2023, 7, 6, 8, 15, 31, tzinfo=dt.UTC)
    for name in ("one.zip", "two.zip"):
        with Archive(tmp_path / name, when) as archive:
            archive.add("a/账.txt", b"x" * 1000)
            with pytest.raises(ValueError, match="a/账"):
                archive.add("a/账.txt", b"y")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO((tmp_path / "one.zip").read_bytes())) as made:
        assert made.infolist()[0].date_time == (2023, 7, 6, 8, 15, 30)
