"""CAMT.052, .053, .054 (ISO 20022), every version: one ``Statement`` per Rpt, Stmt, Ntfctn.

An entry (Ntry) is the line; the transactions of a batch inside it (TxDtls) stay
in its reference. Only entries of status BOOK are booked; PDNG, INFO and FUTR
are ``pending``. CdtDbtInd says which way the money went, for a reversal
(RvslInd) too. What TxsSummry, Btch and the balances say is set against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from importers.statements.formats import xml
from importers.statements.formats.common import (
    REVERSAL,
    Draft,
    Faults,
    Line,
    date_missing,
    exact_fen,
    head,
    iso_day,
    tidy,
)
from importers.statements.formats.xml import Node
from ledger.i18n import _
from ledger.money import InvalidAmount, decimal_text

KINDS = {"Rpt": "camt052", "Stmt": "camt053", "Ntfctn": "camt054"}
CONTAINERS = {"Rpt": "BkToCstmrAcctRpt", "Stmt": "BkToCstmrStmt", "Ntfctn": "BkToCstmrDbtCdtNtfctn"}
PENDING = frozenset("PDNG INFO FUTR".split())

_ROOT = re.compile(r"<(?:[A-Za-z0-9_.-]+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)|tech:xsd:camt\.05[234]\.")
_CLOCK = re.compile(r"T([0-2][0-9]:[0-5][0-9]:[0-5][0-9])")


@dataclass(slots=True)
class Entry:
    """A line with what only the statement around it can judge."""

    line: Line
    currency: str | None
    booked: bool
    inward: bool


def sniff(content: bytes) -> bool:
    """Whether a bank-to-customer message opens or is named near the top of what begins as XML.

    A cell of a table may speak of one: whoever pays writes the text.
    """
    text = head(content)
    return text.lstrip()[:1] == "<" and bool(_ROOT.search(text))


def read(content: bytes, file: str) -> list[Draft]:
    """The statements of the file, in its order.

    Raises:
        ImportRejected: with every unreadable element.
    """
    faults = Faults(file)
    drafts: list[Draft] = []
    entries: list[Entry] = []
    notes = Draft(format="", dialect="", encoding=None, row=0)

    def closed(node: Node, parent: Node | None) -> bool:
        """Entries become lines at once, so that a large file is never a large tree."""
        above = parent.name if parent else ""
        if node.name == "Ntry" and above in KINDS:
            entries.append(_entry(node, notes, faults))
            return False
        if node.name in KINDS and above == CONTAINERS[node.name]:
            drafts.append(_statement(node, entries, notes, faults))
            entries.clear()
            notes.findings.clear()
            return False
        return node.name not in CONTAINERS.values()

    encoding = xml.parse(content, file, closed)
    if entries:
        faults.add(_("流水不属于任何账户"), row=entries[0].line.row)
    faults.check()
    for draft in drafts:
        draft.encoding = encoding
    return drafts


def _statement(node: Node, entries: list[Entry], notes: Draft, faults: Faults) -> Draft:
    account = node.value("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN")
    if account is None:
        faults.add(_("缺少账号"), row=node.row, column="Acct")
    draft = Draft(
        format=KINDS[node.name],
        dialect=node.space.rpartition(":")[2] or KINDS[node.name],
        encoding=None,
        row=node.row,
        account=account,
        currency=node.value("Acct/Ccy"),
        opened=iso_day(node.value("FrToDt/FrDtTm", "FrToDt/FrDt") or ""),
        closed=iso_day(node.value("FrToDt/ToDtTm", "FrToDt/ToDt") or ""),
        lines=[entry.line for entry in entries if entry.booked],
        pending=[entry.line for entry in entries if not entry.booked],
        findings=list(notes.findings),
    )
    currencies = list(dict.fromkeys(entry.currency for entry in entries if entry.currency))
    draft.currency = draft.currency or (currencies[0] if currencies else None)
    for entry in entries:
        if entry.currency and entry.currency != draft.currency:
            faults.add(
                _("流水币种与账户币种 {a} 不同").format(a=draft.currency), row=entry.line.row, value=entry.currency
            )
    _balances(node, draft, faults)
    _summary(node, entries, draft, faults)
    return draft


def _money(node: Node | None, where: Node, faults: Faults) -> tuple[int, str | None]:
    """An amount element and its currency; 0 and a fault where it cannot be read."""
    if node is None:
        faults.add(_("缺少金额"), row=where.row, column=where.name)
        return 0, None
    if node.currency is None or not re.fullmatch("[A-Z]{3}", node.currency):
        faults.add(_("应为币种代码"), row=node.row, column=f"{where.name}/{node.name}/@Ccy", value=node.currency or "")
    return faults.amount(node.text, row=node.row, column=f"{where.name}/{node.name}"), node.currency


def _inward(node: Node, faults: Faults) -> bool:
    mark = node.value("CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        faults.add(_("应为 CRDT 或 DBIT"), row=node.row, column=f"{node.name}/CdtDbtInd", value=mark or "")
    return mark == "CRDT"


def _balances(node: Node, draft: Draft, faults: Faults) -> None:
    """Booked opening (OPBD, else the previous closing PRCD) and closing (CLBD); others are not the book balance."""
    seen: dict[str, int] = {}
    last: date | None = None
    for balance in node.all("Bal"):
        code = balance.value("Tp/CdOrPrtry/Cd", "Tp/Cd")
        if code not in ("OPBD", "PRCD", "CLBD"):
            continue
        size, currency = _money(balance.first("Amt"), balance, faults)
        fen = size if _inward(balance, faults) else -size
        if currency and currency != draft.currency:
            whose = draft.currency or "—"
            message = _("余额 {code} 的币种 {a} 不是账户的币种 {b}").format(code=code, a=currency, b=whose)
            draft.error("currency", message, row=balance.row)
        if code in seen and seen[code] != fen:
            draft.error("balance", _("有两个不同的余额 {code}").format(code=code), row=balance.row)
        seen.setdefault(code, fen)
        if code == "CLBD":
            last = iso_day(balance.value("Dt/Dt", "Dt/DtTm") or "")
    draft.opening = seen.get("OPBD", seen.get("PRCD"))
    draft.closing = seen.get("CLBD")
    draft.closed = draft.closed or last
    if draft.format == "camt053" and draft.closing is None:
        draft.warn("closing_missing", _("文件没有给出期末余额"), row=node.row)


def _entry(node: Node, notes: Draft, faults: Faults) -> Entry:
    """An entry as a line; what is odd about it goes to ``notes`` until its statement closes."""
    size, currency = _money(node.first("Amt"), node, faults)
    inward = _inward(node, faults)
    status = node.value("Sts/Cd", "Sts/Prtry", "Sts")
    if status != "BOOK" and status not in PENDING:
        faults.add(_("认不出的状态"), row=node.row, column="Ntry/Sts", value=status or "")
    reversal = node.value("RvslInd") in ("true", "1")
    booked = node.value("BookgDt/Dt", "BookgDt/DtTm")
    printed = booked or node.value("ValDt/Dt", "ValDt/DtTm") or ""
    day = iso_day(printed)
    if status == "BOOK" and day is None:
        date_missing(notes, node.row, printed)
    elif booked is None and status == "BOOK":
        notes.warn("date", _("第 {row} 行没有记账日,用起息日").format(row=node.row), row=node.row)
    clock = _CLOCK.search(node.value("BookgDt/DtTm") or "")
    # a reversal names the parties of the entry it takes back
    names = [_party(detail, inward != reversal) for detail in _details(node)]
    line = Line(
        date=day,
        amount_in=size if inward else 0,
        amount_out=0 if inward else size,
        row=node.row,
        time=clock[1] if clock else None,
        serial=tidy(node.value("AcctSvcrRef")),
        party=names[0][0] if names and len(set(names)) == 1 else None,
        party_account=names[0][1] if names and len(set(names)) == 1 else None,
        summary=tidy(REVERSAL if reversal else None, node.value("AddtlNtryInf"), *_texts(node)),
        reference=_reference(node, names),
    )
    _batch(node, size, currency, inward, notes, faults)
    return Entry(line, currency, status == "BOOK", inward)


def _details(node: Node) -> list[Node]:
    return [detail for group in node.all("NtryDtls") for detail in group.all("TxDtls")]


def _party(detail: Node, inward: bool) -> tuple[str | None, str | None]:
    """Name and account of the other side: the debtor of what came in."""
    role = "Dbtr" if inward else "Cdtr"
    name = detail.value(f"RltdPties/{role}/Nm", f"RltdPties/{role}/Pty/Nm", f"RltdPties/Ultmt{role}/Nm")
    account = detail.value(
        f"RltdPties/{role}Acct/Id/IBAN", f"RltdPties/{role}Acct/Id/Othr/Id", f"RltdPties/{role}Acct/Id/PrtryAcct/Id"
    )
    return tidy(name), account


def _texts(node: Node) -> list[str]:
    """What the payer wrote; of a batch it stands in the reference."""
    details = _details(node)
    return _remittance(details[0]) if len(details) == 1 else []


def _remittance(detail: Node) -> list[str]:
    found = detail.first("RmtInf")
    if found is None:
        return []
    structured = [text for one in found.all("Strd") if (text := one.value("CdtrRefInf/Ref", "CdtrRefInf/CdtrRef"))]
    return [one.text for one in found.all("Ustrd")] + structured


def _refs(detail: Node) -> list[str]:
    names = ("EndToEndId", "TxId", "MndtId", "ChqNb", "InstrId")
    found = (detail.value(f"Refs/{name}") for name in names)
    return [ref for ref in found if ref and ref != "NOTPROVIDED"][:1]


def _reference(node: Node, names: list[tuple[str | None, str | None]]) -> str | None:
    """The reference of a single transaction; of a batch every transaction: reference, amount, party, text."""
    details = _details(node)
    if len(details) == 1:
        return tidy(*_refs(details[0]), node.value("NtryRef"))
    shown = []
    for detail, (name, account) in zip(details, names, strict=True):
        amount = detail.first("Amt") or detail.first("AmtDtls/TxAmt/Amt")
        money = f"{amount.text.strip()} {amount.currency or ''}" if amount else None
        shown.append(tidy(*_refs(detail), money, name, account, *_remittance(detail)) or "—")
    batches = [group.value("Btch/PmtInfId", "Btch/MsgId") for group in node.all("NtryDtls")]
    return tidy(node.value("NtryRef"), *batches, "; ".join(shown))


def _batch(node: Node, size: int, currency: str | None, inward: bool, notes: Draft, faults: Faults) -> None:
    """A batch against its own count and total, and the entry against its transactions."""
    details = _details(node)
    for group in node.all("NtryDtls"):
        stated, held = group.value("Btch/NbOfTxs"), sum(1 for _one in group.all("TxDtls"))
        if stated and held and stated != str(held):
            message = _("批次所列笔数 {a} 与明细 {b} 笔不符").format(a=stated[:20], b=held)
            notes.warn("batch", message, row=group.row)
        total = group.first("Btch/TtlAmt")
        if total is not None and total.currency == currency:
            fen = faults.amount(total.text, row=total.row, column="Btch/TtlAmt")
            if fen != size and sum(1 for _one in node.all("NtryDtls")) == 1:
                message = _("批次合计 {a} 与流水金额 {b} 不符").format(a=decimal_text(fen), b=decimal_text(size))
                notes.warn("batch", message, row=group.row)
    moves: list[int] = []
    for detail in details:
        amount = detail.first("Amt")
        if amount is None or amount.currency != currency:
            return
        try:
            fen = exact_fen(amount.text)
        except InvalidAmount:
            return
        mark = detail.value("CdtDbtInd")
        moves.append(-fen if mark and (mark == "CRDT") != inward else fen)
    if len(moves) > 1 and sum(moves) != size:
        message = _("各笔明细之和 {a} 与流水金额 {b} 不符").format(a=decimal_text(sum(moves)), b=decimal_text(size))
        notes.warn("batch", message, row=node.row)


def _summary(node: Node, entries: list[Entry], draft: Draft, faults: Faults) -> None:
    """TxsSummry: counts and sums of all entries, credits, debits, and the net."""
    summary = node.first("TxsSummry")
    if summary is None:
        return
    every = {"TtlNtries": None, "TtlCdtNtries": True, "TtlDbtNtries": False}
    names = {"TtlNtries": _("合计"), "TtlCdtNtries": _("收入"), "TtlDbtNtries": _("支出")}
    for tag, way in every.items():
        part = summary.first(tag)
        if part is None:
            continue
        chosen = [entry for entry in entries if way is None or entry.inward == way]
        booked = [entry for entry in chosen if entry.booked]
        # banks count the entries not booked yet, or leave them out
        held = chosen if part.value("NbOfNtries") == str(len(chosen)) else booked
        stated = part.value("NbOfNtries")
        if stated is not None:
            if re.fullmatch(r"[0-9]{1,15}", stated):
                draft.count("totals", _("{name}笔数").format(name=names[tag]), int(stated), len(held), part.row)
            else:
                faults.add(_("应为笔数"), row=part.row, column=f"{tag}/NbOfNtries", value=stated)
        total = part.first("Sum")
        if total is not None:
            fen = faults.amount(total.text, row=total.row, column=f"{tag}/Sum")
            sizes = sum(entry.line.amount_in + entry.line.amount_out for entry in held)
            draft.control("totals", names[tag], fen, sizes, total.row)
        if tag == "TtlNtries":
            _net(part, held, draft, faults)


def _net(part: Node, held: list[Entry], draft: Draft, faults: Faults) -> None:
    """The net of all entries: an amount and a mark, in one element or in two."""
    net = part.first("TtlNetNtry/Amt") or part.first("TtlNetNtryAmt")
    mark = part.value("TtlNetNtry/CdtDbtInd", "CdtDbtInd")
    if net is None or mark is None:
        return
    fen = faults.amount(net.text, row=net.row, column="TtlNetNtry")
    move = sum(entry.line.amount_in - entry.line.amount_out for entry in held)
    draft.control("totals", _("净额"), fen if mark == "CRDT" else -fen, move, net.row)
