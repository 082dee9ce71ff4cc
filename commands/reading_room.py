"""The reading room: ``meterbook fava`` opens the book in a browser, read-only, for whoever may log in."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import record
from commands.common import DEFAULT_DB, Db, open_ledger, operator_of, say
from ledger.errors import Refused
from ledger.i18n import _, current_language

if TYPE_CHECKING:
    from ledger.journal import Ledger

PORT = 5000
LOCAL = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Put the command into the application."""

    @app.command(help=_("打开 Fava 浏览账簿(只读)。例:meterbook fava --port 5000"))
    def fava(
        port: Annotated[int, typer.Option("--port", help=_("端口"))] = PORT,
        host: Annotated[str, typer.Option("--host", help=_("监听地址,默认只在本机"))] = LOCAL,
        name: Annotated[
            list[str] | None, typer.Option("--name", help=_("别的机器用来访问的主机名,可写多个"), show_default=False)
        ] = None,
        folder: Annotated[
            Path | None, typer.Option("--dir", help=_("放账册文件的文件夹,默认临时文件夹"), show_default=False)
        ] = None,
        db: Db = DEFAULT_DB,
    ) -> None:
        ledger = open_ledger(db)
        who = operator_of(ledger, os.environ.get("METERBOOK_OPERATOR"))
        record.about("fava")
        record.beforehand()  # the command itself ends with the room
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            open_room(ledger, folder, who=who, port=port, host=host, names=name or [])
            return
        with tempfile.TemporaryDirectory(prefix="meterbook-fava-") as place:
            open_room(ledger, Path(place), who=who, port=port, host=host, names=name or [])


def open_room(
    ledger: Ledger, folder: Path, *, who: str, port: int = PORT, host: str = LOCAL, names: list[str] | None = None
) -> None:
    """Serve the book until interrupted; ``who`` started it and is let in by the address that is printed.

    Raises:
        Refused: Fava is not installed, the port is taken, beancount finds a fault in the book.
    """
    if not all(map(find_spec, ("beancount", "fava"))):  # an extra: say so before anything is written
        raise Refused(_("尚未安装 Fava,请运行 pip install 'meterbook[fava]'"))
    from exports.fava import serve
    from exports.fava.room import Room

    folder.mkdir(parents=True, exist_ok=True)
    room = Room(ledger.store, ledger.book, ledger.chart, ledger.book_id, current_language())
    opened = serve.reading_room(room, folder, hosts=[host, *(names or [])])
    address = f"http://{host}:{port}/"
    if opened.desk.staffed:
        key = opened.desk.sittings.invite(who)
        say(_("Fava 在 {address}?key={key}").format(address=address, key=key))
        say(_("这个地址十分钟内可用一次,只让您进入;其他人在 {address} 用自己的密码登录。").format(address=address))
    else:
        say(_("Fava 在 {address}").format(address=address))
        say(_("账套还没有操作员:不用登录,只在本机可看。"))
    say(_("按 Ctrl+C 结束"))
    serve.serve(opened, port=port, host=host)
