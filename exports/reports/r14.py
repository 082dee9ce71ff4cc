"""R14 银行存款余额调节表: the two halves, each with what the other side does not have yet.

Book balance + bank in, not book − bank out, not book = adjusted = bank balance + book in,
not bank − book out, not bank. It is a check, not a posting document (domain §0, 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exports.report import PAPER, Column, Report, Row, Style, Table, TieOut, file_stem
from exports.reports import r14_sheets
from exports.reports.request import Definition, Request, head
from ledger import followups, views
from ledger.accounts import Chart
from ledger.book import Bank, Book
from ledger.i18n import _
from ledger.money import format_fen
from ledger.reconcile import run
from ledger.reconcile.adjustment import CATEGORIES, SIDE_OF, Adjustment, reason_text
from ledger.reconcile.chain import opening_chain
from ledger.reconcile.review import item_of
from ledger.storage.engine import Session

LONG = ("long", "very_long")


def load(session: Session, book: Book, bank: Bank, request: Request) -> Adjustment:
    """The adjustment of one bank account at the cut-off."""
    return run.table(session, request.book_id, book, bank, request.end, known_at=request.known_at)


def build(session: Session, book: Book, chart: Chart, request: Request) -> Report:
    """The adjustment table of one bank account on the cut-off day."""
    bank = request.bank(book)
    done = load(session, book, bank, request)
    account = chart.role("bank", bank=bank.code)
    rows = done.rows.to_dicts()
    long_items = done.long_items
    notes = [
        _("长期未达 {count} 笔 {amount};差额 {difference}").format(
            count=long_items.height, amount=format_fen(int(long_items["amount"].sum())), difference=format_fen(done.difference)
        )
    ]  # fmt: skip
    reasons = [
        _("{item}:{reason}").format(
            item=row["memo"] or row["reference"] or row["date"], reason=reason_text(row["reason"])
        )
        for row in done.items.iter_rows(named=True)
        # a reason given in words may already stand in the line's text
        if row["reason"] and row["reason"] not in (row["memo"] or "")
    ]
    ties = [TieOut(_("企业调节后余额 = 银行调节后余额"), done.book_adjusted, done.bank_adjusted)]
    if request.known_at is None:  # the journal's balances are those of now
        balance = views.balance(session, request.book_id, account, request.end)
        ties.append(TieOut(_("企业账面余额 = 银行存款日记账余额"), done.book_balance, balance))
    sheets: list[tuple[str, Table]] = []
    chain = opening_chain(session, request.book_id, book, bank, request.end, known_at=request.known_at)
    if chain is not None:
        ties += r14_sheets.chain_ties(chain)
        notes.append(r14_sheets.chain_note(chain))
        sheets.append((_("上期未达"), r14_sheets.chain_table(chain)))
    if done.difference:
        found = r14_sheets.findings(session, book, bank, done, request)
        notes.append(r14_sheets.findings_note(found))
        sheets.append((_("差额分析"), r14_sheets.findings_table(found)))
    said = followups.latest(followups.log(session, request.book_id, known_at=request.known_at))
    steps = [
        _("{item}:{reason}").format(item=row["memo"] or row["reference"] or row["date"], reason=step.text())
        for row in done.items.iter_rows(named=True)
        if (step := said.get(item_of(bank.code, row)))
    ]
    return Report(
        code=DEFINITION.code,
        title=DEFINITION.name(),
        period=request.cutoff,
        columns=_columns(),
        rows=rows,
        totals={},
        tie_outs=ties,
        notes=[
            *notes,
            *(f"{title} {';'.join(texts)}" for title, texts in ((_("未达原因"), reasons), (_("跟进"), steps)) if texts),
        ],
        signatures=(_("编制"), _("复核"), _("明细账会计"), _("日期")),
        file_stem=file_stem(request.cutoff, DEFINITION.zh, bank.short),
        paper=halves(done),
        sheets=sheets,
        **head(
            session,
            book,
            request,
            (_("银行账户"), f"{bank.name} {bank.short}"),
            (_("账号"), bank.number),
            *known_head(request),
            branch=bank.branch,
        ),
    )


def known_head(request: Request) -> list[tuple[str, str]]:
    """The moment of a table that is drawn as known in the past."""
    return [] if request.known_at is None else [(_("截至时点"), request.known_at)]


def category_labels() -> dict[str, str]:
    """The rows' categories as people read them."""
    return {
        "balance": _("余额"), "bank_in_not_book": _("银行已收、企业未收"), "bank_out_not_book": _("银行已付、企业未付"),
        "book_in_not_bank": _("企业已收、银行未收"), "book_out_not_bank": _("企业已付、银行未付"), "adjusted": _("调节后余额"),
    }  # fmt: skip


def band_labels() -> dict[str, str]:
    """Age bands as people read them."""
    return {"normal": _("正常"), "attention": _("关注"), "long": _("长期"), "very_long": _("超长")}


def _columns() -> list[Column]:
    return [
        Column("side", _("方面"), labels={"book": _("企业"), "bank": _("银行")}),
        Column("category", _("类别"), labels=category_labels()),
        Column("date", _("日期"), "date"),
        Column("reference", _("单号")),
        Column("memo", _("摘要")),
        Column("amount", _("金额"), "money"),
        Column("age_days", _("天数"), "integer"),
        Column("band", _("账龄"), labels=band_labels()),
    ]


def halves(done: Adjustment) -> Table:
    """The paper form: the company's half on the left, the bank's on the right."""
    left = _half(done, "book", _("企业银行存款日记账余额"), done.book_balance, done.book_adjusted)
    right = _half(done, "bank", _("银行对账单余额"), done.bank_balance, done.bank_adjusted)
    rows: list[Row] = []
    styles: list[Style] = []
    for block in zip(left, right, strict=True):
        for number in range(max(len(part) for part in block)):
            row: dict[str, Any] = {}
            style: Style = ""
            for side, part in zip(("book", "bank"), block, strict=True):
                if number < len(part):
                    cells, own = part[number]
                    row |= {f"{side}_{key}": value for key, value in cells.items()}
                    style = own or style
            rows.append(row)
            styles.append(style)
    columns = [
        Column(f"{side}_{key}", title, kind, media=PAPER, head=(half, short))  # type: ignore[arg-type]
        for side, half, name in (("book", _("企业"), _("项目(企业)")), ("bank", _("银行"), _("项目(银行)")))
        for key, title, short, kind in (
            ("item", name, _("项目"), "text"),
            ("date", _("日期/单号"), _("日期/单号"), "text"),
            ("amount", _("金额"), _("金额"), "money"),
        )
    ]
    return Table(columns, rows, styles=styles)


_Cells = tuple[dict[str, Any], Style]


def _half(done: Adjustment, side: str, title: str, balance: int, adjusted: int) -> list[list[_Cells]]:
    """Blocks of one half: balance, 加, 减, adjusted; a block begins with its heading and sum."""
    words = category_labels()
    blocks: list[list[_Cells]] = [[({"item": title, "amount": balance}, "strong")]]
    for category in (name for name in CATEGORIES if SIDE_OF[name] == side):
        sign = _("加") if category in ("bank_in_not_book", "book_in_not_bank") else _("减")
        heading = {"item": f"{sign}:{words[category]}", "amount": done.subtotals[category]}
        items = done.items.filter(done.items["category"] == category).iter_rows(named=True)
        blocks.append([(heading, "section"), *_items(items)])
    blocks.append([({"item": _("调节后余额"), "amount": adjusted}, "subtotal")])
    if done.difference:
        gap = (
            {"item": _("差额(企业 − 银行)"), "amount": done.difference} if side == "book" else {"item": _("见差额分析")}
        )
        blocks.append([(gap, "alert")])
    return blocks


def _items(items: Iterable[dict[str, Any]]) -> list[_Cells]:
    bands = band_labels()
    out: list[_Cells] = []
    for number, item in enumerate(items, 1):
        old = item["band"] in LONG
        mark = f"[{bands[item['band']]}] " if item["band"] != "normal" else ""
        age = _("({days}天)").format(days=item["age_days"]) if item["band"] != "normal" else ""
        text = f"{number} {mark}{item['memo'] or ''}{age}"
        when = f"{item['date']:%m-%d}" if item["age_days"] < 365 else item["date"].isoformat()
        place = " ".join(part for part in (when, item["reference"]) if part)
        out.append(({"item": text, "date": place, "amount": item["amount"]}, "alert" if old else ""))
    return out


DEFINITION = Definition(
    code="R14", zh="银行存款余额调节表", en="Bank reconciliation statement", build=build, bank=True, known=True
)
