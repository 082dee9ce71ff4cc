"""A dialect proposed for a file that none fits: header names guessed to roles, tried, printed as TOML.

The guess is only a draft for a person: it is parsed and read like any dialect,
and what came of it stands in its first lines.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from importers.statements import columns
from importers.statements.delimited import Row
from importers.statements.dialect import WORD_MAX, WORDS_MAX, Dialect, header_key, parse_dialect
from importers.statements.grid import grids
from importers.statements.read import read_statement
from importers.statements.recognise import HEADER_WITHIN, two_lines
from importers.statements.statement import Statement
from ledger.errors import ConfigError, ImportRejected
from ledger.i18n import _
from ledger.money import decimal_text, normal_text

SAMPLE_ROWS = 400
"""Rows weighed below a possible header."""
FLAGS_MAX = 12
"""A column of more different words is no flag."""

ROLES: tuple[tuple[str, str], ...] = (
    (
        "flag",
        r"^借贷$|^(收支)?方向$|借/?贷.*(标|方向|类型)|^借/贷|^收/?[支付]|收支(类型|方向|标)|(收付|交易|存取)(方向|标志)|dr/cr|^direction",
    ),
    ("party_account", r"对(方|手).*(账|帐|卡)号|对(方|手)(账|帐)户$|收\(付\)方(账|帐)号|counterparty.*account"),
    ("party", r"对(方|手).*(户名|名称|姓名|单位|信息)|交易对方|对方$|收\(付\)方名称|counterparty|payee|^name$"),
    ("balance", r"余额|结余|balance"),
    ("debit", r"^借方|^借$|^debit"),
    ("credit", r"^贷方|^贷$|^credit"),
    ("amount_in", r"收入|转入|存入|入账金额|收方|deposit|paidin|moneyin"),
    ("amount_out", r"支出|转出|支取|支付金额|出账金额|付方|withdraw|paidout|moneyout"),
    ("amount", r"金额|发生额|amount"),
    ("date", r"(记账|记帐|入账|入帐|会计|交易|业务)日|日期$|^date|date$|^日$"),
    ("time", r"时间|time"),
    ("currency", r"币种|货币|currency"),
    ("account", r"^(本方|交易|查询)?(账|帐|卡)号$|^account(no|number)?$"),
    ("serial", r"流水|交易号|交易单号|订单号|日志号|transactionid|serial"),
    ("reference", r"凭证|票据|支票|回单|参考号|结算号|reference|cheque|check"),
    ("summary", r"摘要|事由|用途|附言|备注|说明|描述|类型|商品|description|memo|details|narrative"),
)
"""Field and what its header names look like, as keys; the first that fits counts."""
BOOKED = re.compile(r"记账|记帐|入账|入帐|会计|posting|booking")
INFLOW = re.compile(r"^(收|贷|入|转入|存|c$|cr|credit|in$|\+)")
OUTFLOW = re.compile(r"^(支|借|付|出|转出|取|d$|dr|debit|out$|-$)")
FOOTERS = ("合计", "总计", "人民币合计", "总 计", "合 计")
SUBTOTALS = ("本页小计", "本页合计", "小计", "承前页", "过次页")
LABELS: Mapping[str, tuple[str, ...]] = {
    "account": ("账号", "帐号", "卡号", "查询账号", "本方账号"),
    "currency": ("币种",),
    "from": ("起始日期", "起始时间", "开始日期"),
    "to": ("终止日期", "截止日期", "结束日期", "终止时间"),
    "period": ("起止日期", "查询区间", "查询期间", "查询日期", "对账期间", "期间"),
}


@dataclass(slots=True)
class Draft:
    """A guess at one header row: field → header names as printed."""

    header: tuple[str, ...]
    roles: dict[str, list[str]]
    sample: list[Row]
    above: list[Row]
    lines: int = 1

    @property
    def form(self) -> str | None:
        """The form of the amounts, where the roles allow one."""
        for form, needed in (
            ("in_out", {"amount_in", "amount_out"}),
            ("debit_credit", {"debit", "credit"}),
            ("flag", {"amount", "flag"}),
            ("signed", {"amount"}),
        ):
            if needed <= self.roles.keys():
                return form
        return None


def propose(content: bytes, file: str, *, name: str = "my_bank", known: Sequence[Dialect] = ()) -> str | None:
    """TOML of a dialect for this file, ready to save; None where nothing looks like a table of money."""
    draft = _best(content, file)
    if draft is None:
        return None
    taken = {dialect.name for dialect in known}
    slug = _slug(name)
    while slug in taken:
        slug = f"{slug}_mine"[:64]
    tried: list[tuple[int, str, str]] = []
    for amount in _amounts(draft):
        text = _toml(draft, slug, amount)
        try:
            statements = read_statement(content, dialects=[parse_dialect(text, f"{slug}.toml")], name=file)
        except (ImportRejected, ConfigError) as error:
            why = "; ".join(fault.text() for fault in error.faults[:3])
            tried.append((10**9, text, _("试读未成:{why}").format(why=why)))
        else:
            tried.append((sum(one.breaks for one in statements), text, _said(statements)))
    _breaks, text, said = min(tried, key=lambda one: one[0])
    head = [_("按列名推测的格式,请核对每一列,再存入 dialects/{name}.toml").format(name=slug), *said.splitlines()]
    return "".join(f"# {_plain(line)}\n" for line in head) + text


def _best(content: bytes, file: str) -> Draft | None:
    """The row that gives most roles, with a date in the rows below."""
    best: Draft | None = None
    for grid in grids(content, file):
        rows: list[Row] = []
        try:
            rows.extend(row for _number, row in islice(grid.rows, HEADER_WITHIN + SAMPLE_ROWS))
        except ImportRejected:
            continue  # another delimiter may still read it
        for number, row in enumerate(rows[:HEADER_WITHIN]):
            draft = _draft(row, rows[number + 1 :], rows[:number])
            both = _two_line_draft(rows, number) if number else None
            for one in (draft, both):
                if one and (best is None or len(one.roles) > len(best.roles)):
                    best = one
    return best


def _two_line_draft(rows: list[Row], number: int) -> Draft | None:
    """The header of two rows that ends at ``number``: 名称 below 交易对手 is the other side's name."""
    upper, lower = rows[number - 1], rows[number]
    names = two_lines(upper, lower)
    over = [upper[at] if at < len(upper) else "" for at in range(len(names))]
    for at in range(1, len(over)):
        over[at] = over[at] if over[at].strip() else over[at - 1]
    draft = _draft(names, rows[number + 1 :], rows[: number - 1], over)
    if draft is not None:
        draft.lines = 2
    return draft


def _role(name: str, over: str) -> str | None:
    """What a column is by its name, else by its name below the common one."""
    for key in (header_key(name), header_key(over + name)):
        if role := next((role for role, looks in ROLES if re.search(looks, key)), None):
            return role
    return None


def _draft(row: Row, below: list[Row], above: list[Row], over: Sequence[str] = ()) -> Draft | None:
    names = tuple(cell.strip() for cell in row)
    roles: dict[str, list[str]] = {}
    for at, name in enumerate(names):
        if not name or not name.isprintable() or len(name) > WORD_MAX:
            continue
        role = _role(name, over[at] if over else "")
        if role and name not in roles.setdefault(role, []):
            roles[role].append(name)
    dates = sorted(roles.get("date", []), key=lambda name: not BOOKED.search(header_key(name)))
    if not dates:
        dates = roles.pop("time", [])
    if not dates:
        return None
    roles["date"] = dates[:1]
    draft = Draft(names, roles, below[:SAMPLE_ROWS], above)
    if draft.form is None or not any(columns.one_day(cell) for cell in islice(_cells(draft, dates[0]), 5)):
        return None
    return draft


def _cells(draft: Draft, name: str) -> Iterator[str]:
    index = draft.header.index(name)
    return (row[index] for row in draft.sample if index < len(row) and row[index].strip())


def _amounts(draft: Draft) -> Iterator[dict[str, object]]:
    """The ways the amounts may be meant; the plain one first."""
    form = draft.form
    if form == "flag":
        words = list(dict.fromkeys(normal_text(cell) for cell in _cells(draft, draft.roles["flag"][0])))
        if len(words) <= FLAGS_MAX:
            inflow = [word for word in words if INFLOW.search(word.casefold())]
            outflow = [word for word in words if OUTFLOW.search(word.casefold())]
            yield {"form": form, "flags_in": inflow or ["收入", "贷"], "flags_out": outflow or ["支出", "借"]}
            return
        form = "signed"
    if form == "in_out" and _below_zero(_cells(draft, draft.roles["amount_out"][0])):
        yield {"form": form, "out_negative": True}
        return
    yield {"form": form}
    if form == "signed":
        yield {"form": form, "negate": True}


def _below_zero(cells: Iterable[str]) -> bool:
    """Whether most of the amounts that are not zero stand below it."""
    amounts = [text for cell in cells if re.search("[1-9]", text := normal_text(cell))]
    return 2 * sum(text.startswith("-") for text in amounts) > len(amounts)


def _toml(draft: Draft, name: str, amount: Mapping[str, object]) -> str:
    roles = draft.roles
    fields = {
        "in_out": ("amount_in", "amount_out"),
        "debit_credit": ("debit", "credit"),
        "flag": ("amount", "flag"),
        "signed": ("amount",),
    }[str(amount["form"])]
    unused = {"amount_in", "amount_out", "debit", "credit", "amount", "flag"} - set(fields)
    used = {role: names for role, names in roles.items() if role not in unused}
    marks = [used[role][0] for role in ("date", *fields, "balance", "serial") if role in used]
    for more in (*(names[0] for names in used.values()), *filter(None, draft.header)):
        if len(marks) >= 4:
            break
        if more not in marks and more.isprintable() and len(more) <= WORD_MAX:
            marks.append(more)
    lines = [
        f"name = {_word(name)}",
        f"title = {_word(name)}",
        'currency = "CNY"',
        "",
        "[header]",
        f"required = {_list(marks)}",
        *([f"lines = {draft.lines}"] if draft.lines > 1 else []),
        "",
        "[columns]",
        *(
            f"{role} = {_list(names if role in ('summary', 'reference') else names[:1])}"
            for role, names in sorted(used.items(), key=lambda one: (one[0] != "date", one[0]))
        ),
        "",
        "[amount]",
        *(f"{key} = {_value(value)}" for key, value in amount.items()),
    ]
    if amount["form"] == "debit_credit":
        lines.append('# debit = "out"    # ' + _("余额看不出方向时:out 借=支出,in 借=收入"))
    rows = {
        key: [word for word in words if any(_first(row).startswith(word) for row in draft.sample)]
        for key, words in (("footer", FOOTERS), ("skip", SUBTOTALS))
    }
    if rows["skip"] and not rows["footer"]:
        rows = {"footer": rows["skip"]}  # the only total there is
    if any(rows.values()):
        lines += ["", "[rows]", *(f"{key} = {_list(words)}" for key, words in rows.items() if words)]
    labels = {
        key: [word for word in words if any(header_key(cell).startswith(word) for row in draft.above for cell in row)]
        for key, words in LABELS.items()
        if key not in used
    }
    if any(labels.values()):
        lines += ["", "[meta]", *(f"{key} = {_list(words)}" for key, words in labels.items() if words)]
    return "\n".join(lines) + "\n"


def _said(statements: Sequence[Statement]) -> str:
    """What reading by the draft gave."""
    found: list[str] = []
    for one in statements:
        found.append(
            _("试读 {n} 行,收入 {a},支出 {b},期初 {c},期末 {d}").format(
                n=one.lines.height,
                a=decimal_text(one.total_in),
                b=decimal_text(one.total_out),
                c="?" if one.opening is None else decimal_text(one.opening),
                d="?" if one.closing is None else decimal_text(one.closing),
            )
        )
        found += [finding.message for finding in one.findings[:5]]
    return "\n".join(found[:20])


def _first(row: Row) -> str:
    return next((text for cell in row if (text := normal_text(cell))), "")


def _slug(name: str) -> str:
    """A file's name as the name of a dialect."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return slug[:56] if re.match(r"[a-z]", slug) else "my_bank"


def _plain(line: str) -> str:
    """Text for a comment: nothing that could end it or drive a terminal."""
    return "".join(ch if ch.isprintable() else " " for ch in line)


def _word(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(_word(word) for word in list(words)[:WORDS_MAX]) + "]"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _list(value) if isinstance(value, list) else _word(str(value))
