"""Reconciling by hand: the review in the terminal, dismissed proposals, outstanding items and their log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.common import (
    DEFAULT_DB,
    Account,
    Db,
    Json,
    KnownAt,
    Month,
    Operator,
    Today,
    day_of,
    moment_of,
    next_step,
    open_ledger,
    operator_of,
    print_json,
    reading,
    say,
    show_rows,
    today_of,
)
from ledger.errors import MeterbookError
from ledger.i18n import _

if TYPE_CHECKING:
    from ledger.book import Bank
    from ledger.journal import Ledger
    from ledger.reconcile.review import Candidate, Open

outstanding_app = typer.Typer(help=_("未达账项"), invoke_without_command=True)

AsOf = Annotated[str | None, typer.Option("--as-of", help=_("截止日"))]
Step = Literal["stop", "next", "changed"]
Ask = Callable[[str], str]
"""Put a question, get a line; EOFError when nobody answers any more."""


def register(app: typer.Typer, reconcile_app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(outstanding_app, name="outstanding")
    outstanding_app.callback(help=_("未达账项。例:meterbook outstanding --as-of 2023-06-30"))(outstanding)
    outstanding_app.command(
        "follow-up",
        help=_(
            "跟进一笔未达账项。例:meterbook outstanding follow-up O3 --account 工行0101 --enquiry 已函询银行 --next 2023-07-10"
        ),
    )(follow_up)
    outstanding_app.command("log", help=_("跟进记录。例:meterbook outstanding log --account 工行0101"))(log)
    for name, command, text in (
        (
            "review",
            review,
            _("逐笔审阅未达账项和建议,随时可停。例:meterbook reconcile review --account 工行0101 --month 2023-06"),
        ),
        (
            "dismiss",
            dismiss,
            _("这几行不是一笔,不再建议。例:meterbook reconcile dismiss 123:2 45 --account 工行0101 --reason 不同客户"),
        ),
        ("undismiss", undismiss, _("撤回不认定。例:meterbook reconcile undismiss 1 --reason 看错")),
    ):
        reconcile_app.command(name, help=text)(command)


# -- outstanding items -------------------------------------------------------------------------------


def outstanding(
    context: typer.Context,
    as_of: AsOf = None,
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户,默认全部"))] = None,
    known_at: KnownAt = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    from ledger.reconcile import review as reviewing

    with reading(db) as (ledger, session):
        until = day_of(as_of, "--as-of") or ledger.book.today()
        bank = ledger.book.bank(account) if account else None
        moment = moment_of(ledger, known_at)
        items = reviewing.outstanding(session, ledger.book_id, ledger.book, until, bank, known_at=moment)
        shorts = {one.code: one.short for one in ledger.book.banks}
    if as_json:
        _json(items)
        return
    _show(items, shorts)


def _json(items: list[dict[str, Any]]) -> None:
    from ledger.money import decimal_text

    print_json(
        [
            {
                **{key: value for key, value in item.items() if key != "follow_up"},
                "date": item["date"].isoformat(),
                "amount": decimal_text(item["amount"]),
                "follow_up": {
                    "enquiry": item["follow_up"].enquiry,
                    "answer": item["follow_up"].answer,
                    "next": item["follow_up"].next_date.isoformat() if item["follow_up"].next_date else None,
                    "owner": item["follow_up"].owner,
                },
            }
            for item in items
        ]
    )


def _show(items: list[dict[str, Any]], shorts: dict[str, str]) -> None:
    """People's words, no codes."""
    from ledger.reconcile.adjustment import band_text, category_text, reason_text
    from ledger.reconcile.kinds import amount_band_text

    show_rows(
        [
            {
                **item,
                "bank": shorts[item["bank"]],
                "category": category_text(item["category"]),
                "band": band_text(item["band"]),
                "amount_band": amount_band_text(item["amount_band"]),
                "reason": reason_text(item["reason"] or ""),
                "patterns": "、".join(item["patterns"]),
                "follow_up": item["follow_up"].text(),
            }
            for item in items
        ],
        as_json=False,
        money=("amount",),
        titles={
            "bank": _("银行"), "ref": _("行号"), "category": _("类别"), "date": _("日期"), "reference": _("单号"),
            "amount": _("金额"), "age_days": _("天数"), "band": _("账龄"), "amount_band": _("金额档"), "reason": _("原因"),
            "patterns": _("疑点"), "follow_up": _("跟进"),
        },
    )  # fmt: skip


def follow_up(
    line: Annotated[str, typer.Argument(help=_("行号,见 meterbook outstanding"))],
    account: Account,
    enquiry: Annotated[str, typer.Option("--enquiry", help=_("函询银行或采取的措施"))] = "",
    answer: Annotated[str, typer.Option("--answer", help=_("银行答复"))] = "",
    next_date: Annotated[str | None, typer.Option("--next", help=_("下次跟进日,即预计了结日"))] = None,
    owner: Annotated[str, typer.Option("--owner", help=_("责任人"))] = "",
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import review as reviewing

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        done = reviewing.follow_up(
            session, ledger.book_id, ledger.book.bank(account), line, enquiry=enquiry, answer=answer,
            next_date=day_of(next_date, "--next"), owner=owner, operator=who, today=today_of(ledger, today),
        )  # fmt: skip
    say(_("已记下 {number}").format(number=done.doc_no))


def log(
    account: Annotated[str | None, typer.Option("--account", help=_("银行账户,默认全部"))] = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    from ledger import followups

    with reading(db) as (ledger, session):
        bank = ledger.book.bank(account).code if account else None
        entries = followups.log(session, ledger.book_id)
    rows = [
        {
            "bank": code, "ref": ref, "date": str(fact.date), "enquiry": fact.get("enquiry"), "answer": fact.get("answer"),
            "next": fact.get("next"), "owner": fact.get("owner"), "operator": fact.operator, "recorded_at": fact.recorded_at[:19],
        }
        for (code, _side, ref), fact in entries
        if bank in (None, code)
    ]  # fmt: skip
    show_rows(
        rows, as_json,
        titles={
            "bank": _("银行"), "ref": _("行号"), "date": _("日期"), "enquiry": _("采取措施"), "answer": _("银行答复"),
            "next": _("预计了结"), "owner": _("责任人"), "operator": _("操作员"), "recorded_at": _("时间"),
        },
    )  # fmt: skip


# -- dismissed proposals -------------------------------------------------------------------------------


def dismiss(
    lines: Annotated[list[str], typer.Argument(help=_("行号,至少两行"))],
    account: Account,
    reason: Annotated[str, typer.Option("--reason", help=_("理由"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import review as reviewing

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        number = reviewing.dismiss(
            session,
            ledger.book_id,
            ledger.book.bank(account),
            lines,
            reason=reason,
            operator=who,
            today=today_of(ledger, today),
        )
    say(_("不再建议,第 {n} 号").format(n=number))
    next_step(f"meterbook reconcile undismiss {number} --reason …")


def undismiss(
    number: Annotated[int, typer.Argument(help=_("不认定的号"))],
    reason: Annotated[str, typer.Option("--reason", help=_("理由"))],
    db: Db = DEFAULT_DB,
    today: Today = None,
    operator: Operator = None,
) -> None:
    from ledger.reconcile import review as reviewing

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.writing(ledger.book_id) as session:
        reviewing.undismiss(session, ledger.book_id, number, reason=reason, operator=who, today=today_of(ledger, today))
    say(_("已撤回第 {n} 号不认定").format(n=number))


# -- the review -----------------------------------------------------------------------------------------


def review(
    account: Account, month: Month = None, db: Db = DEFAULT_DB, today: Today = None, operator: Operator = None
) -> None:
    from ledger.operators import staff
    from ledger.reconcile.run import month_end

    ledger = open_ledger(db)
    who = operator_of(ledger, operator)
    with ledger.store.reading() as session:
        staff(session, ledger.book_id).require(who, "reconcile")
    day = today_of(ledger, today)
    cutoff = month_end(month or f"{day:%Y-%m}")
    Walk(ledger, ledger.book.bank(account), cutoff, who, day, ask=input).go()


class Walk:
    """One person's way through the outstanding items; what is decided is committed at once."""

    def __init__(self, ledger: Ledger, bank: Bank, cutoff: dt.date, operator: str, today: dt.date, *, ask: Ask) -> None:
        self.ledger, self.bank, self.cutoff, self.operator, self.today = ledger, bank, cutoff, operator, today
        self.ask = ask
        self.done = 0
        self.seen: set[tuple[str, str]] = set()

    def go(self) -> None:
        """Walk until all are seen, or the person stops (q, Ctrl-C, end of input)."""
        waiting = self.queue()
        say(_("{bank} 截至 {day}:未达 {n} 笔").format(bank=self.bank.short, day=self.cutoff, n=len(waiting)))
        try:
            while waiting:
                match self.decide(waiting[0], len(waiting)):
                    case "stop":
                        break
                    case "next":
                        waiting = waiting[1:]
                    case "changed":  # what was decided changes what others are offered
                        waiting = [one for one in self.queue() if (one.side, one.ref) not in self.seen]
        except (EOFError, KeyboardInterrupt):
            say("")
        say(_("已办 {n} 件,都已保存;还有 {left} 笔没看").format(n=self.done, left=len(waiting)))

    def queue(self) -> list[Open]:
        from ledger.reconcile.review import queue

        with self.ledger.store.reading() as session:
            return queue(session, self.ledger.book_id, self.ledger.book, self.bank, self.cutoff)

    def decide(self, here: Open, left: int) -> Step:
        """Show one item and take keys until it is left."""
        self.show(here, left)
        while True:
            key = self.ask(self.keys(here)).strip().lower()
            if key in ("q", "quit"):
                return "stop"
            if key in ("", "s", "skip"):
                self.seen.add((here.side, here.ref))
                return "next"
            try:
                if self.act(here, key):
                    return "changed"
            except MeterbookError as error:  # somebody else was faster, or it may not be: said, and asked again
                for fault in error.faults:
                    say(fault.text())

    def act(self, here: Open, key: str) -> bool:
        """One key; True when it changed what is open or what is proposed."""
        number = key.removeprefix("d")
        chosen = (
            here.candidates[int(number) - 1] if number.isdigit() and 0 < int(number) <= len(here.candidates) else None
        )
        if chosen is not None and key.startswith("d"):
            self.dismiss(chosen)
            return True
        if chosen is not None:
            return self.accept(chosen)
        if key in ("n", "note"):
            self.note(here)
        elif key in ("f", "follow-up"):
            self.follow_up(here)
        else:
            say(_("没有这个键:{key}").format(key=key))
        return False

    def accept(self, chosen: Candidate) -> bool:
        from ledger.reconcile.run import match_by_hand

        if chosen.difference:
            say(_("两方不等,不能认定;可记原因或跟进"))
            return False
        reason = self.ask(_("认定的理由 [{why}]: ").format(why=chosen.why())).strip() or chosen.why()
        with self.ledger.store.writing(self.ledger.book_id) as session:
            number = match_by_hand(
                session, self.ledger.book_id, self.bank, chosen.refs, reason=reason, operator=self.operator
            )
        self.saved(_("已勾对,第 {n} 号").format(n=number))
        return True

    def dismiss(self, chosen: Candidate) -> None:
        from ledger.reconcile.review import dismiss as put_aside

        reason = self.ask(_("不认定的理由: "))
        with self.ledger.store.writing(self.ledger.book_id) as session:
            number = put_aside(
                session,
                self.ledger.book_id,
                self.bank,
                chosen.refs,
                reason=reason,
                operator=self.operator,
                today=self.today,
            )
        self.saved(_("不再建议,第 {n} 号").format(n=number))

    def note(self, here: Open) -> None:
        from ledger.reconcile.run import note

        reason, text = self.ask(_("原因: ")), self.ask(_("说明(可空): "))
        with self.ledger.store.writing(self.ledger.book_id) as session:
            note(session, self.ledger.book_id, self.bank, here.ref, reason=reason, text=text, operator=self.operator)
        self.saved(_("已记下"))

    def follow_up(self, here: Open) -> None:
        from ledger.reconcile.review import follow_up as append

        enquiry, answer = self.ask(_("函询、措施(可空): ")), self.ask(_("银行答复(可空): "))
        said = self.ask(_("下次日期(可空): ")).strip()
        owner = self.ask(_("责任人(可空): "))
        try:
            day = dt.date.fromisoformat(said) if said else None
        except ValueError:
            say(_("“{text}”不是日期,应写作 2023-06-30").format(text=said))
            return
        with self.ledger.store.writing(self.ledger.book_id) as session:
            append(
                session, self.ledger.book_id, self.bank, here.ref, enquiry=enquiry, answer=answer, next_date=day, owner=owner,
                operator=self.operator, today=self.today,
            )  # fmt: skip
        self.saved(_("已记下"))

    def saved(self, text: str) -> None:
        self.done += 1
        say(text)

    def keys(self, here: Open) -> str:
        """The keys that mean something now."""
        count = len(here.candidates)
        always = _("[n]记原因 [f]跟进 [s]下一笔 [q]停")
        if not count:
            return f"{always} > "
        numbers = "1" if count == 1 else f"1-{count}"
        return _("[{numbers}]认定 [d1]不认定").format(numbers=numbers) + f" {always} > "

    def show(self, here: Open, left: int) -> None:
        from ledger.money import format_fen
        from ledger.reconcile.adjustment import band_text, category_text, reason_text

        item = here.item
        say("")
        words = [
            f"({left})", here.ref, category_text(item["category"]), str(item["date"]), item["reference"], item["memo"],
            format_fen(item["amount"]), _("{n} 天").format(n=item["age_days"]), band_text(item["band"]), reason_text(item["reason"] or ""),
        ]  # fmt: skip
        say(" ".join(str(word) for word in words if word))
        if not here.candidates:
            say("  " + _("没有候选"))
        for number, one in enumerate(here.candidates, 1):
            off = _(" 相差 {x}").format(x=format_fen(one.difference)) if one.difference else ""
            others = " + ".join(
                " ".join(
                    str(part)
                    for part in (row["ref"], row["date"], row["reference"], row["party"], format_fen(row["amount"]))
                    if part
                )
                for row in one.others
            )
            say(f"  {number}. {others}{off} ({one.why()})")
