"""Keeping the book: its operation log, backups, and whether all is well."""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import record
from commands.common import (
    DEFAULT_DB,
    Db,
    Json,
    Operator,
    make_console,
    next_step,
    open_ledger,
    operator_of,
    print_json,
    reading,
    say,
    show_rows,
)
from ledger.errors import NotFound, Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.journal import Ledger

FOLDER = "backup"
"""Where backups go if nobody says where: a folder beside the book."""


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.command(
        help=_(
            "操作日志:谁、何时、从哪里、做了什么、结果如何。例:meterbook log --by 王秀英 --from 2023-06-01 --grep R07"
        )
    )(log)
    app.command(help=_("备份账簿,不影响他人记账。例:meterbook backup --out D:/备份"))(backup)
    app.command(help=_("从备份恢复,先校验后替换。例:meterbook restore meterbook-01-….db --to sqlite:///meterbook.db"))(
        restore
    )
    app.command(help=_("体检:数据库、规则、权限、密钥、时钟、磁盘、备份。例:meterbook doctor"))(doctor)


# -- the operation log ----------------------------------------------------------------------------


def log(
    by: Annotated[list[str] | None, typer.Option("--by", help=_("操作员编号或姓名,可重复"))] = None,
    start: Annotated[
        str | None, typer.Option("--from", help=_("起始日或时刻,如 2023-06-01 或 2023-06-01T08:00"))
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help=_("截止日(含)或时刻"))] = None,
    grep: Annotated[str, typer.Option("--grep", help=_("命令、参数、对象、结果、信息中的文字"))] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help=_("最近几行"))] = 1_000,
    as_json: Json = False,
    file: Annotated[Path | None, typer.Option("--csv", help=_("写成 CSV 文件"))] = None,
    check: Annotated[bool, typer.Option("--check", help=_("只核对校验链"))] = False,
    db: Db = DEFAULT_DB,
) -> None:
    from ledger import operations
    from ledger.operators import staff

    with reading(db) as (ledger, session):
        people = staff(session, ledger.book_id)
        people.require(record.worker(), "log")
        if check:
            broken = operations.check_chain(session, ledger.book_id)
            if broken:
                raise Refused("\n".join(one.text() for one in broken))
            say(_("操作日志 {count} 行,校验链完好").format(count=operations.head(session, ledger.book_id)[0]))
            return
        names: list[str] = []
        for name in by or ():
            try:
                names.append(people.find(name).id)
            except NotFound:
                names.append(name)  # a book without operators takes names at their word
        zone = ledger.book.timezone
        rows = operations.search(
            session, ledger.book_id, zone=zone, by=names, start=start, end=end, text=grep, limit=limit
        )
    if as_json:
        print_json([{**row, "arguments": json.loads(row["arguments"])} for row in rows])
    elif file is not None:
        file.write_bytes(_log_csv(rows))
        say(_("{path}:{count} 行").format(path=file, count=len(rows)))
    else:
        shown = [{**row, "recorded_at": row["recorded_at"][:19] + "Z", "command": _line(row)} for row in rows]
        show_rows(
            shown,
            as_json=False,
            titles={key: title for key, title in _titles().items() if key not in ("arguments", "chain")},
        )


def _line(row: dict[str, Any]) -> str:
    return " ".join([row["command"], *json.loads(row["arguments"])])


def _titles() -> dict[str, str]:
    return {
        "seq": _("序号"), "recorded_at": _("时间"), "operator": _("操作员"), "place": _("用户和机器"), "terminal": _("终端"),
        "command": _("命令"), "arguments": _("参数"), "result": _("结果"), "message": _("信息"), "batch_id": _("批次"),
        "subject": _("对象"), "chain": _("校验链"),
    }  # fmt: skip


def _log_csv(rows: list[dict[str, Any]]) -> bytes:
    """For Excel and WPS: with titles, and no cell taken for a formula."""
    from exports.render.csv import safe

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    titles = _titles()
    writer.writerow(titles.values())
    for row in rows:
        writer.writerow("" if row[key] is None else safe(str(row[key])) for key in titles)
    return out.getvalue().encode("utf-8-sig")


# -- backups --------------------------------------------------------------------------------------


def backup(
    out: Annotated[Path | None, typer.Option("--out", help=_("文件夹,默认账簿旁的 backup"))] = None,
    db: Db = DEFAULT_DB,
    operator: Operator = None,
    as_json: Json = False,
) -> None:
    from ledger.backup import take
    from ledger.operators import staff

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        staff(session, ledger.book_id).require(who, "backup")
    path = ledger.store.path
    done = take(ledger, out or (path.absolute().parent if path else Path()) / FOLDER)
    record.about(f"{done.file.name} sha256:{done.manifest['sha256']}")
    if as_json:
        print_json({"path": str(done.file), **done.manifest})
        return
    say(
        _("已备份到 {file}({size} 字节),清单 {manifest}").format(
            file=done.file, size=done.manifest["size"], manifest=done.file.name + ".json"
        )
    )
    next_step(f"meterbook restore {done.file} --to …")


def restore(
    file: Annotated[Path, typer.Argument(help=_("备份文件,清单在它旁边"))],
    to: Annotated[str, typer.Option("--to", envvar="METERBOOK_DB", help=_("恢复到的数据库地址"), show_default=False)],
    replace: Annotated[bool, typer.Option("--replace", help=_("替换比备份新的账簿(原账簿会保留)"))] = False,
    operator: Operator = None,
) -> None:
    from ledger.backup import restore as put_back
    from ledger.operators import staff

    def allow(ledger: Ledger) -> None:
        record.on(ledger)
        who = operator_of(ledger, operator)
        with ledger.store.reading() as session:
            staff(session, ledger.book_id).require(who, "backup")

    done = put_back(file, to, replace=replace, allow=allow)
    record.on(done.ledger)
    record.about(f"{file.name} sha256:{done.manifest['sha256']}")
    say(_("已恢复 {name},数据截至 {when}").format(name=done.ledger.book.name, when=done.manifest["taken_at"][:19]))
    if done.aside:
        say(_("原来的账簿保留为 {aside}").format(aside=done.aside))
    next_step("meterbook doctor")


def remind_of_backup(ledger: Ledger) -> None:
    """C42: say so where the last good backup is older than a day."""
    from ledger.controls import control_message
    from ledger.operations import backup_overdue

    with ledger.store.reading() as session:
        if ledger.store.keyring.memory or not backup_overdue(session, ledger.book_id):
            return
    say(_("提醒:{text}").format(text=f"[C42] {control_message('C42')} (meterbook backup)"))


# -- the doctor -----------------------------------------------------------------------------------


def doctor(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger import doctor as clinic
    from ledger.errors import MeterbookError
    from ledger.storage.engine import Store

    with suppress(MeterbookError):  # for the operation log; who is in trouble is asked nothing
        operator_of(open_ledger(db), os.environ.get("METERBOOK_OPERATOR"))
    checks = [*clinic.examine(Store(db)), _font()]
    if as_json:
        print_json(clinic.as_json(checks))
    else:
        words = {"ok": _("正常"), "warn": _("注意"), "fail": _("异常")}
        console = make_console()
        for check in checks:
            style = {"ok": "green", "warn": "yellow", "fail": "bold red"}[check.state]
            console.print(f"{words[check.state]} {check.name}: {check.text}", style=style, markup=False, soft_wrap=True)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


def _font() -> Any:
    """Whether paper forms can be made."""
    from exports.render import pdf
    from ledger.doctor import Check

    try:
        return Check("font", "ok", _("PDF 字体 {family}").format(family=pdf.find_font().family))
    except Refused as error:
        return Check("font", "warn", str(error))
