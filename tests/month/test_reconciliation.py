"""R14 and R15 over two months: issued, chained, followed up, and drawn again as they were known."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest

from commands.periods import issue_report
from commands.reconcile import Walk
from exports import reports
from exports.render import terminal, xlsx
from exports.report import Report
from importers.statements.store import import_statement
from ledger.books import create_book
from ledger.errors import Refused
from ledger.i18n import set_language
from ledger.reconcile import review
from ledger.reconcile import run as reconcile
from ledger.storage import now
from ledger.tasks import tasks
from tests.month.conftest import DIALECTS, JULY, JUNE, JUNE_END, Book, NewStore

ICBC, JULY_5, JULY_END = "1002.01", dt.date(2023, 7, 5), dt.date(2023, 7, 31)


@pytest.fixture(autouse=True)
def _chinese() -> None:
    set_language("zh_CN")


@pytest.fixture(scope="module", params=DIALECTS)
def both(request: pytest.FixtureRequest, module_store: NewStore) -> tuple[Book, str, dict[str, Report]]:
    """June reconciled and issued, the moment after it, its reports then; and July on top."""
    book = Book(create_book(module_store(request.param), operator="tester"))
    book.post_folder(JUNE, JUNE_END)
    book.statements(JUNE)
    book.reconcile("2023-06")
    issue_report(book.ledger, "R14", ICBC, "2023-06", operator="tester", today=JULY_5)
    moment = now()
    drawn = {code: made(book, code, month="2023-06") for code in ("R14", "R15")}
    book.post_folder(JULY, JULY_5)
    book.statements(JULY)
    book.reconcile("2023-07")
    follow_up(book)
    return book, moment, drawn


def made(book: Book, code: str, **asked: object) -> Report:
    ledger = book.ledger
    with ledger.store.reading() as session:
        return reports.build(code, session, ledger.book, ledger.chart, account="工行0101", **asked)  # type: ignore[arg-type]


def march(book: Book) -> str:
    """The ref of the 200.00 of March."""
    with book.ledger.store.reading() as session:
        items = reconcile.outstanding(session, 1, book.ledger.book, JULY_END)
    return str(items.filter(reference="JK-0331")["ref"][0])


def follow_up(book: Book) -> None:
    ledger = book.ledger
    ref = march(book)
    with ledger.store.writing(1) as session:
        review.follow_up(
            session, 1, ledger.book.bank(ICBC), ref, enquiry="再次函询", next_date=dt.date(2023, 7, 20), owner="L01",
            operator="tester", today=JULY_5,
        )  # fmt: skip


def test_the_opening_chains_to_the_last_issued_table(both: tuple[Book, str, dict[str, Report]]) -> None:
    """Of June's six items five are cleared, each on its day and by its line; the 200.00 is still open; balances agree."""
    book, _moment, _drawn = both
    july = made(book, "R14", month="2023-07")
    (title, table), *more = july.sheets
    assert (title, more) == ("上期未达", [])
    assert [
        ("银行已收、企业未收", 2_400_00, "cleared"),
        ("银行已付、企业未付", 31_05, "cleared"),
        ("银行已付、企业未付", 15_00, "cleared"),
        ("企业已收、银行未收", 820_00, "cleared"),
        ("企业已收、银行未收", 200_00, "open"),
        ("企业已付、银行未付", 900_00, "cleared"),
    ] == [(row["category"], row["amount"], row["state"]) for row in table.rows]
    first, last = table.rows[0], table.rows[4]
    assert first["cleared_on"] == dt.date(2023, 7, 3)
    assert first["by"].endswith("tester")
    assert (last["cleared_on"], last["by"]) == (None, "")
    assert july.ok
    assert [
        "上期签发企业余额 = 同日账面余额",
        "上期签发银行余额 = 同日对账单余额",
        "上期签发未达账项与当时账簿相符",
    ] == [tie.name for tie in july.tie_outs[2:]]
    assert "上期 R14/1002.01/2023-06/v1 未达 6 笔:已达 5 笔,仍未达 1 笔" in july.notes
    book_of = openpyxl.load_workbook(io.BytesIO(xlsx.render(july)))
    assert ["R14", "上期未达"] == book_of.sheetnames


def test_june_as_it_was_known(both: tuple[Book, str, dict[str, Report]]) -> None:
    """R14 and R15 of June as known when it was issued: the very same after July is in."""
    book, moment, drawn = both
    for code in ("R14", "R15"):
        again = made(book, code, month="2023-06", known_at=moment)
        assert again.rows == drawn[code].rows
        assert again.notes == drawn[code].notes
        assert again.paper == drawn[code].paper
        assert [(title, table.rows) for title, table in again.sheets] == [
            (title, table.rows) for title, table in drawn[code].sheets
        ]
        assert ("截至时点", moment) in again.heads
    with pytest.raises(Refused, match="R14、R15"):
        made(book, "R25", month="2023-06", known_at=moment)


def test_r15_is_followed_up_and_aged(both: tuple[Book, str, dict[str, Report]]) -> None:
    """采取措施, 责任人, 预计了结 from the log; patterns and the ages of each month end on sheets of their own."""
    book, _moment, drawn = both
    july = made(book, "R15", month="2023-07")
    (row,) = july.rows
    assert ("2023-07-05 再次函询", "L01", "2023-07-20") == (row["action"], row["person"], row["due"])
    assert "再次函询" in terminal.render(july)
    sheets = dict(july.sheets)
    assert ["疑点", "月末账龄"] == list(sheets)
    assert "连续 5 个月末未达" in [line["text"] for line in sheets["疑点"].rows]
    ages = {line["date"]: (line["count"], line["long_amount"]) for line in sheets["月末账龄"].rows}
    assert {JUNE_END: (6, 200_00), JULY_END: (1, 200_00)} == {day: ages[day] for day in (JUNE_END, JULY_END)}
    assert "action" not in drawn["R15"].rows[0]
    assert any("再次函询" in note for note in made(book, "R14", month="2023-07").notes)


def test_a_due_follow_up_is_a_task(both: tuple[Book, str, dict[str, Report]]) -> None:
    """On its day, not before."""
    book, _moment, _drawn = both

    def due(day: dt.date) -> list[str]:
        with book.ledger.store.reading() as session:
            return [task.text for task in tasks(book.ledger, session, day) if task.control == "C31"]

    assert [] == due(dt.date(2023, 7, 19))
    (text,) = due(dt.date(2023, 7, 20))
    assert "再次函询" in text


def test_a_broken_chain_is_not_issued(fresh: Book, tmp_path: Path) -> None:
    """A voucher of June after June's table was issued: July's is refused until June's is issued anew."""
    fresh.post_folder(JUNE, JUNE_END)
    fresh.statements(JUNE)
    fresh.reconcile("2023-06")
    issue_report(fresh.ledger, "R14", ICBC, "2023-06", operator="tester", today=JULY_5)
    late = tmp_path / "interest.csv"
    late.write_text("日期,银行,金额,回单号,备注\n2023-06-30,工行0101,1.00,LX-0630-0101,漏记\n", encoding="utf-8")
    fresh.post(late, "interest")
    with pytest.raises(Refused, match="上期签发企业余额"):
        issue_report(fresh.ledger, "R14", ICBC, "2023-07", operator="tester", today=JULY_5)
    issue_report(fresh.ledger, "R14", ICBC, "2023-06", operator="tester", today=JULY_5)
    assert issue_report(fresh.ledger, "R14", ICBC, "2023-07", operator="tester", today=JULY_5).version == 1


def test_a_difference_is_a_line_with_its_analysis(fresh: Book, tmp_path: Path) -> None:
    """A statement that lacks its first line, taken in all the same: its 120.80 is said on the form, explained, and not issued."""
    fresh.post_folder(JUNE, JUNE_END)
    rows = (JUNE / "statements" / "ICBC-0101.csv").read_bytes().splitlines(keepends=True)
    torn = tmp_path / "torn.csv"
    torn.write_bytes(b"".join(row for row in rows if not row.startswith(b"000002305")))
    ledger = fresh.ledger
    with ledger.store.writing(1) as session:
        import_statement(
            session,
            1,
            ledger.book.bank(ICBC),
            torn,
            operator="tester",
            cutover=ledger.book.cutover,
            accept_differences=True,
        )
    fresh.reconcile("2023-06")
    report = made(fresh, "R14", month="2023-06")
    assert not report.ok
    assert report.paper is not None
    assert ("差额(企业 − 银行)", -120_80) == (report.paper.rows[-1]["book_item"], report.paper.rows[-1]["book_amount"])
    ((title, table),) = report.sheets
    assert "差额分析" == title
    assert ("对账单自身余额不平", "torn.csv", -120_80) == tuple(
        table.rows[0][key] for key in ("cause", "ref", "difference")
    )
    assert any("对账单自身余额不平 torn.csv -120.80" in note for note in report.notes)
    with pytest.raises(Refused, match="勾稽不平"):
        issue_report(ledger, "R14", ICBC, "2023-06", operator="tester", today=JULY_5)


# -- the review -----------------------------------------------------------------------------------------


class Script:
    """Keys typed one after the other; then the input ends."""

    def __init__(self, *keys: str) -> None:
        self.keys, self.asked = list(keys), []  # type: list[str], list[str]

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        if not self.keys:
            raise EOFError
        key = self.keys.pop(0)
        if key == "^C":
            raise KeyboardInterrupt
        return key


def walk(book: Book, *keys: str) -> tuple[Walk, Script]:
    script = Script(*keys)
    done = Walk(book.ledger, book.ledger.book.bank(ICBC), JUNE_END, "tester", JULY_5, ask=script)
    done.go()
    return done, script


def test_review(fresh: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """Skip, note, follow up, dismiss, accept, stop: each decision is in the book when the input breaks off."""
    fresh.post_folder(JUNE, JUNE_END)
    fresh.statements(JUNE)
    fresh.reconcile("2023-06")
    ledger = fresh.ledger
    bank = ledger.book.bank(ICBC)
    with ledger.store.writing(1) as session:
        lines = reconcile.show(session, 1, bank, "2023-06")
        for reference in ("JK-0609", "JK-0610"):
            own = lines.filter(reference=reference).drop_nulls("match_id")
            if own.height:
                reconcile.unmatch(session, 1, own["match_id"][0], reason="审阅", operator="tester")
                break
    pair = lines.filter(match_id=own["match_id"][0])
    refs = dict(pair.select("side", "ref").iter_rows())

    done, script = walk(fresh, "x", "n", "回单未取", "", "s", "f", "已函询", "", "2023-07-10", "L01", "^C")
    said = capsys.readouterr().out
    assert 2 == done.done
    assert "没有这个键:x" in said
    assert "已办 2 件,都已保存" in said
    assert all("[n]记原因 [f]跟进 [s]下一笔 [q]停" in script.asked[at] for at in (0, 1))
    with ledger.store.reading() as session:
        rows = review.outstanding(session, 1, ledger.book, JUNE_END, bank)
    assert "回单未取" in [row["reason"] for row in rows]
    assert ["已函询"] == [row["follow_up"].enquiry for row in rows if row["follow_up"].enquiry]

    # the taken-apart pair: dismissed (without a reason: refused, asked again), then it is no candidate any more
    place = next(at for at, one in enumerate(queue(fresh)) if one.ref in refs.values())
    walk(fresh, *["s"] * place, "d1", "", "d1", "不是一笔", "q")
    assert "请说明不认定的理由" in capsys.readouterr().out
    here = next(one for one in queue(fresh) if one.ref == refs["book"])
    assert refs["bank"] not in [ref for chosen in here.candidates for ref in chosen.refs]

    # taken back, and accepted with the reason that is offered
    with ledger.store.writing(1) as session:
        review.undismiss(session, 1, 1, reason="看错", operator="tester", today=JULY_5)
    walk(fresh, *["s"] * place, "1", "")
    assert "已勾对" in capsys.readouterr().out
    assert not {one.ref for one in queue(fresh)} & set(refs.values())
    with ledger.store.reading() as session:
        found = reconcile.load(session, 1, bank).matches.filter(stage="manual").row(0, named=True)
    assert (found["operator"], "单据号相同" in json.loads(found["evidence"])["reason"]) == ("tester", True)


def queue(book: Book) -> list[review.Open]:
    with book.ledger.store.reading() as session:
        return review.queue(session, 1, book.ledger.book, book.ledger.book.bank(ICBC), JUNE_END)
