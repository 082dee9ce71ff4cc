"""Arrears assessment: households that do not count, with their approval."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common import (
    DEFAULT_DB,
    Db,
    Json,
    Operator,
    Today,
    day_of,
    open_ledger,
    reading,
    say,
    show_rows,
    today_of,
)
from commands.people import again
from ledger.i18n import _

assessment_app = typer.Typer(help=_("欠费户次考核:剔除户"), no_args_is_help=True)

HalfEnd = Annotated[str | None, typer.Option("--date", help=_("半年中的任意一天,默认营业日"), show_default=False)]


def register(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(assessment_app, name="assessment")


@assessment_app.command(
    "waive", help=_("批准一户不计入考核。例:meterbook assessment waive R7 --approval KH-1 --manager 郑华 --reason 争议")
)
def assessment_waive(
    customer: Annotated[str, typer.Argument(help=_("户号"))],
    approval: Annotated[str, typer.Option("--approval", help=_("批准号"))],
    manager: Annotated[str, typer.Option("--manager", help=_("申请的所长"))],
    reason: Annotated[str, typer.Option("--reason", help=_("原因"))],
    date: HalfEnd = None,
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger import assessment

    ledger = open_ledger(db)
    business = today_of(ledger, today)
    done = assessment.waive(
        ledger, customer, half=day_of(date) or business, approval_no=approval, manager=manager, reason=reason,
        operator=again(ledger, operator), today=business,
    )  # fmt: skip
    say(_("{what} 不计入考核").format(what=done.doc_no))


@assessment_app.command("list", help=_("半年内剔除的户。例:meterbook assessment list --date 2023-06-30"))
def assessment_list(date: HalfEnd = None, db: Db = DEFAULT_DB, today: Today = None, as_json: Json = False) -> None:
    from ledger import assessment

    with reading(db) as (ledger, session):
        found = assessment.waivers(session, ledger.book_id, day_of(date) or today_of(ledger, today))
    rows = [
        {
            "customer": customer, "approval_no": fact.get("approval_no"), "manager": fact.get("manager"), "reason": fact.get("reason"),
            "operator": fact.operator, "recorded_at": fact.recorded_at[:19],
        }
        for customer, fact in found.items()
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={
            "customer": _("户号"), "approval_no": _("批准号"), "manager": _("所长"), "reason": _("原因"), "operator": _("批准人"),
            "recorded_at": _("时间"),
        },
    )  # fmt: skip
