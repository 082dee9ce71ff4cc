"""A PostgreSQL server for several desks: logins of operators, rows by branch."""

from __future__ import annotations

import typer

from commands.common import DEFAULT_DB, Db, Json, Operator, open_ledger, operator_of, print_json, say
from ledger.i18n import _

server_app = typer.Typer(help=_("PostgreSQL 服务器:操作员的数据库登录、按所分行"), no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(server_app, name="server")


@server_app.command(
    "logins", help=_("建立或更新操作员的数据库登录。例:meterbook server logins --db postgresql://postgres@host/book")
)
def logins(db: Db = DEFAULT_DB, operator: Operator = None, as_json: Json = False) -> None:
    from ledger.operators import staff
    from ledger.storage.logins import set_up

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        people = staff(session, ledger.book_id)
    people.require(who, "operators")
    # The administrator keeps no accounts, and whoever serves the whole book sees all of it.
    rows = [(p.id, p.branch, p.active) for p in people.people.values() if p.role != "administrator"]
    made = set_up(ledger.store, ledger.book_id, rows)
    if as_json:
        print_json([{"role": m.role, "operator": m.operator, "branch": m.branch, "password": m.password} for m in made])
        return
    for login in made:
        secret = _("密码 {password}(只显示这一次)").format(password=login.password) if login.password else _("已有")
        say(f"{login.role} {login.operator} {login.branch or _('全部所')} {secret}")
