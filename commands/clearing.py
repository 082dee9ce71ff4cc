"""What is reconciled besides the bank: head office, direct debits, collections, wallets, drawers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.common import DEFAULT_DB, Db, Json, Month, next_step, print_json, reading, say, show_rows
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.reconcile.clearing import Cleared

MONEY = ("open_left", "open_right", "difference", "balance")


def register(reconcile_app: typer.Typer) -> None:
    """Put the command into the group of reconciliation."""
    reconcile_app.command(
        "sides",
        help=_(
            "银行以外的两方核对:转款与收据、划扣、托收、扫码清算、缴存。例:meterbook reconcile sides head_office --month 2023-06"
        ),
    )(sides)


def sides(
    name: Annotated[
        str | None, typer.Argument(help=_("head_office、debits、collections、wallets、deposits,默认全部"))
    ] = None,
    month: Month = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger.reconcile.clearing import CLEARINGS, cleared
    from ledger.reconcile.run import month_end

    with reading(db) as (ledger, session):
        end = month_end(month or f"{ledger.book.today():%Y-%m}")
        names = [name] if name else [one.name for one in CLEARINGS]
        found = [
            cleared(session, ledger.book_id, ledger.book, ledger.chart, one, end.replace(day=1), end) for one in names
        ]
    _show(found, as_json)


def _show(found: list[Cleared], as_json: bool) -> None:
    heads = [_head(one) for one in found]
    items = [item for one in found for item in _items(one)]
    if as_json:
        from ledger.money import decimal_text

        money = (*MONEY, "amount")
        print_json(
            [
                {
                    **_told(head, money, decimal_text),
                    "items": [_told(item, money, decimal_text) for item in items if item["name"] == head["name"]],
                }
                for head in heads
            ]
        )
        return
    show_rows(
        heads,
        as_json=False,
        money=MONEY,
        titles={
            "title": _("两方"), "matched": _("已对上"), "open_left": _("左方未对上"), "open_right": _("右方未对上"),
            "difference": _("差异"), "balance": _("账户余额"), "ties": _("核对"), "report": _("报表"),
        },
    )  # fmt: skip
    for item in items:
        say(f"  {item['side']} {item['ref']} {item['date']} {item['reference'] or ''} {_yuan(item['amount'])}")
        say(f"      {item['why']}")
    if reports := sorted({one.clearing.report for one in found if one.clearing.report}):
        next_step(" / ".join(f"meterbook report {code}" for code in reports))


def _head(one: Cleared) -> dict[str, Any]:
    tied = "" if one.balance is None else _("平") if one.difference == one.balance else _("不平")
    return {
        "name": one.clearing.name, "title": one.clearing.title(), "as_of": one.as_of.isoformat(),
        "matched": one.matching.matches.height, "open_left": one.open_left, "open_right": one.open_right,
        "difference": one.difference, "balance": one.balance,
        "ties": tied, "report": one.clearing.report or "",
    }  # fmt: skip


def _items(one: Cleared) -> list[dict[str, Any]]:
    words = {"left": one.clearing.left(), "right": one.clearing.right()}
    return [
        {
            "name": one.clearing.name, "side": words[side], "ref": line["ref"], "date": line["date"].isoformat(),
            "reference": line["reference"], "meets": line["currency"], "amount": line["amount"],
            "why": one.why(side, line["ref"]),
        }
        for side in ("left", "right")
        for line in one.open_lines(side).iter_rows(named=True)
    ]  # fmt: skip


def _told(row: dict[str, Any], money: tuple[str, ...], text: Any) -> dict[str, Any]:
    return {key: text(value) if key in money and value is not None else value for key, value in row.items()}


def _yuan(fen: int) -> str:
    from ledger.money import format_fen

    return format_fen(fen)
