"""The month-end pack: what the auditor takes away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import record
from commands.common import (
    DEFAULT_DB,
    Db,
    Operator,
    Reason,
    Today,
    Unmasked,
    in_plain,
    next_step,
    open_ledger,
    operator_of,
    progress_bar,
    say,
    today_of,
)
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.journal import Ledger


def register(export_app: typer.Typer) -> None:
    """Put the command into ``meterbook export``."""
    export_app.command(
        "pack", help=_("月末资料包(交出后不能再反月结)。例:meterbook export pack --month 2023-06 --out 资料包")
    )(pack)


def pack(
    month: Annotated[str, typer.Option("--month", help=_("月份,如 2023-06"))],
    out: Annotated[Path, typer.Option("--out", help=_("文件夹"))] = Path(),
    unmasked: Unmasked = False,
    reason: Reason = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from exports import pack as packs

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    _leave(ledger, month, unmasked=unmasked, reason=reason)
    with progress_bar() as progress:
        done = packs.export(
            ledger, month, out, operator=who, today=today_of(ledger, today), masked=not unmasked,
            reason=(reason or "").strip(), progress=progress,
        )  # fmt: skip
    record.batch(None if done.again else done.pack.batch_id)
    kind = _("已脱敏") if done.pack.masked else _("未脱敏")
    say(
        _("{number} {kind},检查点 {size},{count} 个文件").format(
            number=done.pack.number, kind=kind, size=done.pack.size, count=len(done.pack.files)
        )
    )
    say(f"{done.path} sha256:{done.pack.sha256}")
    say(_("压缩包在日志中的证明:{path}").format(path=done.proof))
    say(
        _("与第一次交出的逐字节相同")
        if done.again
        else _("已记为交出,{period} 不能再反月结").format(period=done.pack.period)
    )
    next_step("python verify_pack.py --key …")


def _leave(ledger: Ledger, month: str, *, unmasked: bool, reason: str | None) -> None:
    """The pack leaves by role, in plain by leave (C40); either way it is written down first."""
    from ledger.operators import staff

    with ledger.store.reading() as session:
        staff(session, ledger.book_id).require(record.worker(), "export")
        if unmasked:
            in_plain(ledger, session, f"pack {month}", to_file=True, unmasked=True, reason=reason)
            return
    record.about(_("{what}(已脱敏)").format(what=f"pack {month}"))
    record.beforehand()
