"""The acceptance month, June 2023, from its files, end to end, by the people who do it.

Each file is posted by a person whose role may; reductions and write-offs are checked and
approved; every day is closed, the bank reconciled and its tables signed, all batches
accepted, the month closed. At the end the auditor is logged in, so that reading works.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import record
from commands.common import desk_key, outcome, progress_bar, say
from ledger import redact
from ledger.errors import SourceError
from ledger.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.journal import Ledger

LEAD, BILLING, ACCOUNTANT, REVIEWER, APPROVER, HEAD, AUDITOR = "L01", "Z01", "K01", "F01", "D01", "W01", "J01"
ADMINISTRATOR = "T01"
PEOPLE = ("C01", "C02", LEAD, ACCOUNTANT, REVIEWER, "P01", BILLING, "N01", APPROVER, "Q02", "G01", HEAD, AUDITOR)


def register(app: typer.Typer, show: Callable[[Ledger], None], serve: Callable[[Ledger, Path], None]) -> None:
    """Put the command into the application; ``show`` prints its reports, ``serve`` opens Fava."""

    @app.command(help=_("示范:2023年6月从单据到报表。例:meterbook demo --dir demo-book"))
    def demo(
        folder: Annotated[Path, typer.Option("--dir", help=_("放账套和报表的文件夹"))] = Path("meterbook-demo"),
        serve_: Annotated[bool, typer.Option("--serve", help=_("最后打开 Fava"))] = False,
        july: Annotated[bool, typer.Option("--july", help=_("接着记7月初的业务"))] = False,
        db: Annotated[str | None, typer.Option("--db", help=_("数据库地址,默认文件夹中的新账套"))] = None,
    ) -> None:
        from ledger.books import create_book
        from ledger.checkpoint import create_key
        from ledger.storage.engine import Store

        source = demo_files()
        folder.mkdir(parents=True, exist_ok=True)
        if db is None:
            file = folder / "meterbook.db"
            for stale in folder.glob("meterbook.db*"):
                stale.unlink()
            db = f"sqlite:///{file.as_posix()}"
            create_key(file.with_suffix(".key"))  # beside the book: the demo leaves nothing anywhere else
        ledger = record.on(create_book(Store(db), operator=ADMINISTRATOR))
        record.by(ADMINISTRATOR)
        hire(ledger)
        run_month(ledger, source / "2023-06")
        if july:
            _documents(ledger, source / "2023-07")
            _statements(ledger, source / "2023-07", dt.date(2023, 7, 5))
        show(ledger)
        say(
            _(
                "账套在 {db};报表例:meterbook report R14 --account 工行0101 --month 2023-06 --format xlsx --out . --db {db}"
            ).format(db=redact.address(db))
        )
        say(_("打开 Fava:meterbook fava --db {db}").format(db=redact.address(db)))
        _leave_auditor(ledger)
        if serve_:
            serve(ledger, folder / "fava")


def demo_files() -> Path:
    """The demo month beside the source, or as the wheel carries it."""
    root = Path(__file__).parents[1]
    for place in (root / "demo", root / "meterbook_demo"):
        if place.is_dir():
            return place
    raise SourceError(_("找不到示范单据文件"))


def demo_password(operator: str) -> str:
    """Printed by the demo, and good for nothing else."""
    return f"demo-{operator}-2023"


def hire(ledger: Ledger) -> None:
    """The people of the demo company become operators, each with a demo password."""
    from ledger import passwords
    from ledger.operators import appoint

    today = ledger.book.cutover
    with ledger.store.writing(ledger.book_id) as session:
        for person in (ADMINISTRATOR, *PEOPLE):
            appoint(session, ledger.book_id, ledger.book, person, by=ADMINISTRATOR, today=today)
            passwords.set_password(session, ledger.book_id, person, demo_password(person), by=ADMINISTRATOR)


def run_month(ledger: Ledger, folder: Path) -> None:
    """June: documents and day closes, statements and matching, signatures, acceptance, the close."""
    _documents(ledger, folder)
    after = dt.date(2023, 7, 5)
    _statements(ledger, folder, dt.date(2023, 6, 30))
    _sign(ledger, "2023-06", after)
    _accept(ledger, after)
    from ledger.periods import close_month

    done = close_month(ledger, "2023-06", operator=ACCOUNTANT, today=after)
    say(_("{period} 已月结").format(period=done.period))


def worker(kind: str) -> str:
    """Who enters a kind of document in the demo company."""
    from ledger.roles import ENTER

    desks = {"lead": LEAD, "billing_clerk": BILLING, "accountant": ACCOUNTANT}
    return next(desks[role] for role in desks if role in ENTER[kind])


def _documents(ledger: Ledger, folder: Path) -> None:
    """The files in their order; what must be approved is; each day is closed after its last file."""
    from importers.documents import read
    from importers.folder import document_files
    from ledger import approvals
    from ledger.journal import post

    files = document_files(folder)
    year, month = (int(part) for part in folder.name.split("-"))
    with progress_bar() as progress:
        for number, (path, kind) in enumerate(files):
            progress(path.name, number, len(files))
            day = dt.date(year, int(path.stem[:2]), int(path.stem[2:4]))
            documents = read(path, kind, ledger.book)
            if documents.faults:
                raise SourceError(documents.faults)
            done = post(ledger, [documents], operator=worker(kind), today=day)
            say(f"{path.name}: {outcome(done)}")
            if done.request:
                for person in (REVIEWER, HEAD if kind == "bad_debt" else APPROVER):
                    approved = approvals.approve(ledger, done.request, operator=person, today=day)
                if approved.posted is not None:
                    say(f"{path.name}: {outcome(approved.posted)}")
            if day.month == month and (number + 1 == len(files) or files[number + 1][0].stem[:4] != path.stem[:4]):
                _close_day(ledger, day)


def _close_day(ledger: Ledger, day: dt.date) -> None:
    from ledger.days import close_day

    close_day(ledger, day, operator=LEAD, today=day)
    say(_("{day} 已日结").format(day=day))


def _statements(ledger: Ledger, folder: Path, cutoff: dt.date) -> None:
    from importers.statements.store import import_statement
    from ledger.reconcile import run

    for path in sorted((folder / "statements").iterdir()):
        with ledger.store.writing(ledger.book_id) as session:
            imported = import_statement(
                session, ledger.book_id, ledger.book.bank(path.stem), path, operator=LEAD, cutover=ledger.book.cutover
            )
        say(imported.text())
    for bank in ledger.book.banks:
        with ledger.store.writing(ledger.book_id) as session:
            say(run.run(session, ledger.book_id, ledger.book, bank, f"{cutoff:%Y-%m}", operator=LEAD).text())


def _sign(ledger: Ledger, period: str, today: dt.date) -> None:
    """R14 of each bank by three people, R07 and R08 received by the accountant."""
    from commands.periods import issue_report
    from ledger import issued

    papers = [("R14", bank.code) for bank in ledger.book.banks] + [("R07", ""), ("R08", "")]
    for code, scope in papers:
        paper = issue_report(ledger, code, scope, period, operator=LEAD, today=today)
        with ledger.store.writing(ledger.book_id) as session:
            people = (REVIEWER, ACCOUNTANT) if code == "R14" else (ACCOUNTANT,)
            for person in () if paper.signed else people:
                paper = issued.sign(session, ledger, paper.number, operator=person, today=today)
        say(f"{paper.number} {_('已签齐')}")


def _accept(ledger: Ledger, today: dt.date) -> None:
    """The accountant accepts what others entered, the reviewer what the accountant entered."""
    from ledger import approvals

    with ledger.store.reading() as session:
        waiting = [b for b in approvals.batches(session, ledger.book_id) if not b.accepted_by]
    for person, own in ((ACCOUNTANT, False), (REVIEWER, True)):
        numbers = [b.number for b in waiting if (b.operator == ACCOUNTANT) is own]
        if numbers:
            approvals.accept(ledger, numbers, operator=person, today=today)
    say(_("已接收 {count} 个批次").format(count=len(waiting)))


def _leave_auditor(ledger: Ledger) -> None:
    from ledger import passwords, sessions

    say(_("人员和示范密码:"))
    for person in (ADMINISTRATOR, *PEOPLE):
        known = ledger.book.person(person)
        say(f"  {known.id} {known.name}({known.role}) {demo_password(known.id)}")
    with ledger.store.reading() as session:
        stamp = passwords.stamp(session, ledger.book_id, AUDITOR) or ""
    sessions.open_session(desk_key(ledger), AUDITOR, stamp)
    say(
        _("现在登录的是稽核 {name},可以查看;要记账请先登录,例:meterbook login 王秀英").format(
            name=ledger.book.person(AUDITOR).name
        )
    )
