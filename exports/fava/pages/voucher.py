"""One entry: its lines, what its document says and where it stood, what matched it, its place in the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exports.fava.pages.page import Reading
from exports.report import Column, Row
from exports.reports import labels
from exports.reports.request import fund_labels
from ledger import masking, reading
from ledger.documents import KINDS, MONEY_TYPES, Kind
from ledger.i18n import _
from ledger.money import format_fen
from ledger.reconcile.explain import explain_match, stage_text
from ledger.views import Entry

BANK = "1002"
"""Lines under this heading are what the reconciliation matches."""


def view(here: Reading, found: Entry) -> dict[str, Any]:
    """What the template shows of an entry."""
    head = found.head
    entry_id, batch_id = int(str(head["entry_id"])), int(str(head["batch_id"]))
    kind = KINDS.get(str(head["kind"]))
    return {
        "heading": f"{head['period']} {head['voucher']} {kind.title() if kind else head['kind']}",
        "facts": _facts(head),
        "ways": _ways(here, head),
        "lines": _lines(here, found),
        "lines_title": _("分录"),
        "document": _document(here, head),
        "document_title": _("原单据内容"),
        "source": _source(here, head),
        "source_title": _("来源"),
        "matches": [_match(here, entry_id, line) for line in found.lines.to_dicts() if _matched(line["account"])],
        "matches_title": _("勾对依据"),
        "proof": _proof(here, entry_id, batch_id),
        "proof_title": _("日志中的证明"),
        "prove": _("交给别人自己验:{command}").format(command=f"meterbook prove {entry_id} --out proof.json"),
    }


def _facts(head: Mapping[str, object]) -> list[tuple[str, str]]:
    said = [
        (_("日期"), head["date"]),
        (_("单号"), head["doc_no"]),
        (_("事项"), head["event"]),
        (_("摘要"), head["memo"]),
        (_("制单"), head["maker"]),
        (_("复核"), head["checker"]),
        (_("审批"), head["approver"]),
    ]
    return [(name, str(value)) for name, value in said if value is not None]


def _ways(here: Reading, head: Mapping[str, object]) -> list[tuple[str, str]]:
    """Where to go from here: its batch, what it reverses, what reverses it, what caused it."""
    ways = [(_("第 {batch} 批").format(batch=head["batch_id"]), here.address(batch=head["batch_id"]))]
    for key, name in (("reverses", _("冲销原分录")), ("reversed_by", _("已被冲销")), ("caused_by", _("起因"))):
        if head[key] is not None:
            ways.append((f"{name} {head[key]}", here.address(entry=head[key])))
    return ways


def _source(here: Reading, head: Mapping[str, object]) -> list[tuple[str, str]]:
    said = [
        (_("来源文件"), head["source_name"]),
        (_("工作表"), head["sheet"]),
        (_("来源行"), head["row"]),
        ("SHA-256", head["source_sha256"]),
        (_("操作员"), head["operator"]),
        (_("录入时间"), here.moment(str(head["recorded_at"]))),
    ]
    return [(name, str(value)) for name, value in said if value is not None]


def _lines(here: Reading, found: Entry) -> Any:
    book, chart = here.room.book, here.room.chart
    known = {
        "branch": (_("所"), labels.branches(book)),
        "bank": (_("银行账户"), labels.banks(book)),
        "cashier": (_("收费员"), labels.cashiers(book)),
        "customer": (_("户号"), {}),
        "bill_month": (_("所属月"), {}),
        "fund": (_("款项类别"), fund_labels(book)),
        "item": (_("项目"), labels.levies(book)),
        "staff": (_("职员"), {}),
        "document": (_("单据号"), {}),
    }
    rows = found.lines.to_dicts()
    names = {code: f"{code} {chart.name(code)}" for code in chart.codes}
    columns = [
        Column("line", _("行"), "integer"),
        Column("account", _("科目"), labels=names),
        Column("debit", _("借方"), "money", blank_zero=True),
        Column("credit", _("贷方"), "money", blank_zero=True),
        # only the dimensions that the entry has
        *(
            Column(key, title, labels=shown)
            for key, (title, shown) in known.items()
            if any(row[key] is not None for row in rows)
        ),
    ]

    def customer(row: Row) -> str | None:
        return here.address("CustomerLedger", customer=row["customer"], month=str(row["date"])[:7])

    return here.sheet(columns, rows, {"customer": customer})


def _document(here: Reading, head: Mapping[str, object]) -> list[list[tuple[str, str]]]:
    """What the document's rows say, by the headers people know; masked as the commands do."""
    kind = KINDS.get(str(head["kind"]))
    said: list[list[tuple[str, str]]] = []
    for row in json.loads(str(head.get("content") or "[]")):
        shown = row if here.plain else masking.row(row)
        said.append([_said(kind, key, value) for key, value in shown.items() if value not in (None, "")])
    return said


def _said(kind: Kind | None, key: str, value: Any) -> tuple[str, str]:
    """A field of a document by the header people know; what is no field of its kind as it stands."""
    column = kind.by_name.get(key) if kind else None
    if column is None:
        return key, str(value)
    if column.type in MONEY_TYPES:
        return column.title(), format_fen(int(value))
    return column.title(), column.word(value) if value in column.labels else str(value)


def _matched(account: str) -> bool:
    return account == BANK or account.startswith(f"{BANK}.")


def _match(here: Reading, entry_id: int, line: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence of one line in a sentence, and the bank's lines it met."""
    name = f"{entry_id}:{line['line']}"
    found = reading.match(here.session, here.room.book_id, entry_id, line["line"])
    if found is None:
        month = str(line["date"])[:7]
        return {
            "title": _("行 {ref}:未勾对").format(ref=name),
            "href": here.address("BankOutstanding", bank=line["account"], month=month),
            "to": _("见未达账项"),
        }
    # the sentence names the other party: who reads masked gets the stage alone
    text = explain_match(found.head, found.members) if here.plain else stage_text(found.head["stage"])
    columns = [
        Column("line_id", _("银行行号")),
        Column("date", _("日期"), "date"),
        Column("serial", _("流水号")),
        Column("amount_in", _("收入"), "money", blank_zero=True),
        Column("amount_out", _("支出"), "money", blank_zero=True),
        Column("party", _("对方户名"), personal="name"),
        Column("party_account", _("对方账号"), personal="account"),
        Column("summary", _("摘要")),
        Column("file_name", _("对账单文件")),
        Column("line_no", _("文件中第几笔"), "integer"),
    ]
    by = _("{operator} 于 {time}").format(operator=found.head["operator"], time=here.moment(found.head["recorded_at"]))
    return {
        "title": _("行 {ref}:{text}").format(ref=name, text=text),
        "by": by,
        "sheet": here.sheet(columns, found.bank_lines.to_dicts()) if found.bank_lines.height else None,
    }


def _proof(here: Reading, entry_id: int, batch_id: int) -> dict[str, Any]:
    proof = reading.proof(here.session, here.room.book_id, entry_id, batch_id)
    return {
        "ok": proof.included and proof.signed,
        "verdicts": [
            (
                proof.included,
                _("内容与日志的叶一致,路径通到根") if proof.included else _("内容与日志不符,请运行 meterbook verify"),
            ),
            (proof.signed, _("检查点签名有效") if proof.signed else _("检查点签名无效")),
        ],
        "facts": [
            (_("叶号"), f"{proof.index} / {proof.size}"),
            (_("叶"), proof.leaf),
            (_("根"), proof.root),
            (_("签名密钥"), proof.key_id),
            (_("记入时间"), here.moment(proof.recorded_at)),
        ],
        "path": proof.path,
        "path_title": _("路径 {n} 步(自叶向上)").format(n=len(proof.path)),
        "note": proof.note,
        "note_title": _("检查点"),
    }
