"""Proof: is the book what its log says, how can a stranger see it, and would we notice if it were not."""

from __future__ import annotations

import json
import os
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
    open_ledger,
    operator_of,
    print_json,
    progress_bar,
    reading,
    say,
    write_file,
)
from ledger.errors import Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.drill import Drilled
    from ledger.journal import Ledger

Kept = Annotated[Path | None, typer.Option("--against", help=_("留存的检查点文件"))]
Out = Annotated[Path | None, typer.Option("--out", help=_("文件"))]


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.command(help=_("校验账簿:日志、封签、余额、编号、规则逐项重算。例:meterbook verify --against 6月检查点.txt"))(
        verify
    )
    app.command(help=_("写出一张凭证的证明,别人不用本软件也能验。例:meterbook prove 记-0012 --out 证明.json"))(prove)
    app.command(help=_("最新的检查点(请交稽核留存)。例:meterbook checkpoint --out 6月检查点.txt"))(checkpoint)
    app.command(help=_("签名密钥:放在哪里、公布过哪些;--new 换新密钥。例:meterbook key"))(key)
    app.command(help=_("篡改演练:在账簿的副本上逐项篡改,看校验能否发现。例:meterbook drill --alterations 10000"))(drill)


def verify(against: Kept = None, db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    from ledger import integrity

    ledger = open_ledger(db)
    operator_of(ledger, os.environ.get("METERBOOK_OPERATOR"))
    with progress_bar() as progress:
        report = integrity.verify(ledger, against=_read(against), progress=progress)
    if as_json:
        print_json(report.as_json())
    else:
        for line in report.lines_of_text():
            say(line)
        say(
            _("{entries} 张凭证 {lines} 行、{facts} 份资料、{records} 条记录;日志 {size} 叶,根 {root}").format(
                entries=report.entries, lines=report.lines, facts=report.facts, records=report.records, size=report.size,
                root=report.root,
            )
        )  # fmt: skip
        count = len(report.findings) + sum(report.left_out.values())
        say(_("校验通过") if report.ok else _("校验不通过:{count} 项").format(count=count))
    if not report.ok:
        raise typer.Exit(1)


def prove(
    entry: Annotated[str, typer.Argument(help=_("分录号、凭证号或单据号"))],
    out: Annotated[Path | None, typer.Option("--out", help=_("证明文件"))] = None,
    against: Kept = None,
    db: Db = DEFAULT_DB,
) -> None:
    from exports.audit import verify_proof
    from ledger import integrity, views

    with reading(db) as (ledger, session):
        found = views.entry(session, ledger.book_id, entry)
        bundle = integrity.prove(session, ledger.book_id, int(str(found.head["entry_id"])), kept=_read(against))
    text = json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"
    if out is None:
        say(text)
        return
    _write(out, text)
    say(str(out))
    kept = f' --against "{against}"' if against else ""
    say(
        _("验证(只需 Python):{command}").format(
            command=f'python "{verify_proof.__file__}" "{out}" --key "{bundle["keys"][0]["vkey"]}"{kept}'
        )
    )
    say(_("检查点的签名也可用 OpenSSH 验证:{command}").format(command=_for_ssh(out.with_suffix(".checkpoint"), ledger)))


def checkpoint(out: Out = None, db: Db = DEFAULT_DB) -> None:
    from ledger import integrity

    with reading(db) as (ledger, session):
        newest = integrity.newest(session, ledger.book_id)
    if out is None:
        say(newest.note)
        return
    _write(out, newest.note)
    say(str(out))
    say(_("检查点的签名也可用 OpenSSH 验证:{command}").format(command=_for_ssh(out, ledger)))


def key(
    new: Annotated[bool, typer.Option("--new", help=_("换新密钥;旧密钥签字公布它"))] = False,
    db: Db = DEFAULT_DB,
    operator: Operator = None,
    as_json: Json = False,
) -> None:
    from ledger.integrity import keys
    from ledger.operators import staff

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    if new:
        with ledger.store.reading() as session:
            staff(session, ledger.book_id).require(who, "operators")
        record.about(keys.renew(ledger, who))
    known = keys.state(ledger)
    if as_json:
        announced = [dict(zip(("id", "vkey", "operator", "announced_at"), row, strict=True)) for row in known.announced]
        print_json({"origin": known.origin, "path": str(known.path or ""), "here": known.here, "announced": announced})
        return
    say(_("密钥文件:{path}").format(path=known.path or _("(内存)")))
    if known.here is None:
        say(_("{why};没有密钥只能查看,不能记账").format(why=known.trouble))
    for identity, vkey, by, when in known.announced:
        mark = " *" if identity == known.here else ""
        say(_("公布的公钥:{vkey}({who},{when}){mark}").format(vkey=vkey, who=by, when=when[:19], mark=mark))


def drill(
    alterations: Annotated[int, typer.Option("--alterations", min=1, help=_("至少篡改几次"))] = 400,
    seed: Annotated[int, typer.Option("--seed", help=_("随机数种子:同一种子,同样的篡改"))] = 1,
    db: Db = DEFAULT_DB,
    operator: Operator = None,
    as_json: Json = False,
) -> None:
    from ledger.drill import drill as run
    from ledger.operators import staff

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        staff(session, ledger.book_id).require(who, "export")
    with progress_bar() as progress:
        done = run(ledger, alterations=alterations, seed=seed, progress=progress)
    if as_json:
        print_json(_drilled(done))
    else:
        _show(done)
    if not done.ok:
        raise typer.Exit(1)


def _drilled(done: Drilled) -> dict[str, Any]:
    from ledger.drill import free

    return {
        "ok": done.ok,
        "tried": dict(done.tried),
        "found": dict(done.found),
        "findings": dict(sorted(done.codes.items())),
        "columns": sorted(".".join(one) for one in done.columns),
        "untried": done.untried,
        "missed": [{"kind": one.kind, "place": one.place, "done": one.done} for one in done.missed],
        "free": dict(free()),
    }


def _show(done: Drilled) -> None:
    from rich.table import Table

    from ledger.drill import free, kind_name

    table = Table(box=None)
    for title in (_("篡改"), _("次数"), _("发现")):
        table.add_column(title)
    for kind, count in done.tried.items():
        table.add_row(kind_name(kind), str(count), str(done.found[kind]))
    table.add_row(_("合计"), str(done.tried.total()), str(done.found.total()))
    make_console().print(table)
    say(_("篡改并发现的列:{count}").format(count=len(done.columns)))
    if done.untried:
        say(_("无从篡改(没有行,或数据库本身不许):{places}").format(places="、".join(done.untried)))
    say(_("不作证明的列:"))
    for place, reason in free():
        say(f"  {place}: {reason}")
    for one in done.missed:
        say(_("没有发现:{kind} {place} {done}").format(kind=kind_name(one.kind), place=one.place, done=one.done))
    say(_("演练通过:全部发现") if done.ok else _("演练不通过:{count} 处没有发现").format(count=len(done.missed)))


def _for_ssh(path: Path, ledger: Ledger) -> str:
    """Text, signature and signers of the newest checkpoint, as files for ``ssh-keygen``; the command that judges them."""
    from ledger import checkpoint as notes
    from ledger.integrity import keys, newest

    with ledger.store.reading() as session:
        row = newest(session, ledger.book_id)
    [vkey] = [vkey for identity, vkey, _who, _when in keys.state(ledger).announced if identity == row.key_id]
    text, signature, signers = (path.with_name(path.name + end) for end in (".text", ".text.sig", ".signers"))
    _write(text, row.note.partition("\n\n")[0] + "\n")
    _write(signature, notes.ssh_signature(row.note, vkey))
    _write(signers, f"meterbook {notes.ssh_public(notes.public_of(vkey)[1])}\n")
    return f'ssh-keygen -Y verify -f "{signers}" -I meterbook -n {notes.NAMESPACE} -s "{signature}" < "{text}"'


def _write(path: Path, text: str) -> None:
    try:
        write_file(path, text.encode())
    except OSError as error:
        raise Refused(_("写不出 {file}:{reason}").format(file=path, reason=error.strerror or error)) from None


def _read(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(_("读不出 {file}").format(file=file)) from None
