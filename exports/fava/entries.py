"""Frames of a book as beancount's own entries, complete, with a flag on each.

``!``/``*``
    an entry of the journal, posted / accepted (as ``exports.beancount`` writes it)
``S``
    a batch (汇总): one posting per account, branch and side; how many entries it stands for

They pass by beancount's parser and its booking; what they are is still validated: an entry
that does not balance, an account that was never opened, a balance that fails. Amounts are
Decimal yuan here, fen everywhere else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import polars as pl
from beancount.core import data
from beancount.core.amount import Amount

from exports.fava.sets import ALL, REST, Sets
from exports.plaintext import HEAD_META, META, red_letter
from ledger import views
from ledger.accounts import Chart, valid_beancount
from ledger.documents import KINDS
from ledger.errors import Refused
from ledger.i18n import _

SOURCE: Final = "ledger-db"
"""Stands for a file name: beancount names errors by it (``ledger-db:1042``: voucher 1042). No
angle brackets, Fava could not write such entries out (download of the journal)."""

SUMMARY: Final = "S"
"""The flag of a batch."""


def opened(sets: Sets, chart: Chart, currency: str, cutover: dt.date) -> list[Any]:
    """The currency and the accounts, opened on the book's first day."""
    day = min(sets.first, cutover)
    found: list[Any] = [data.Commodity(_meta(), day, currency)]
    for code in sorted({*chart.codes, *sets.used}):
        account = chart.account(code)
        if not valid_beancount(account.beancount):
            raise Refused(_("“{name}”不是有效的 beancount 科目名").format(name=account.beancount))
        meta = {**_meta(), "code": code, "name-zh": account.zh, "name-en": account.en}
        found.append(data.Open(meta, day, account.beancount, [currency], None))
    return found


def balances(sets: Sets, chart: Chart, currency: str) -> list[Any]:
    """What the ledger says every account comes to, for the morning after its last day: beancount checks it."""
    morning = sets.last + dt.timedelta(days=1)
    return [
        data.Balance(_meta(), morning, chart.beancount(code), _amount(fen, currency), Decimal(0), None)
        for code, fen in sets.closing.iter_rows()
    ]


# -- entries in full -------------------------------------------------------------------------


def transactions(sets: Sets, chart: Chart, currency: str) -> Iterator[Any]:
    """Entries in full as transactions."""
    if sets.heads.is_empty():
        return
    names = {code: chart.beancount(code) for code in sets.lines["account"].unique()}
    told = tuple(HEAD_META.values())
    heads = sets.heads.select(
        "date", "vno", "flag", views.summary().alias("narration"), "kind",
        *(pl.col(column).cast(pl.String).alias(f"meta {key}") for column, key in HEAD_META.items()),
    )  # fmt: skip
    lines = _postings(sets.lines, names, _purse(currency))
    for head in heads.iter_rows():
        date, number, flag, narration, kind, *values = head
        postings, customers, branches = next(lines)
        meta = {"filename": SOURCE, "lineno": number}
        meta.update((key, value) for key, value in zip(told, values, strict=True) if value is not None)
        tags = frozenset([_tag(kind), *(_tag(f"branch-{branch}") for branch in branches)])
        payee = customers.pop() if len(customers) == 1 else None
        yield data.Transaction(meta, date, flag, payee, narration, tags, data.EMPTY_SET, postings)


def _postings(
    lines: pl.DataFrame, names: Mapping[str, str], money: Any
) -> Iterator[tuple[list[Any], set[str], set[str]]]:
    """Per entry its postings, and the customers and branches that they name."""
    keys = (*META.values(), "red-letter")
    customer, branch = keys.index("cust"), keys.index("branch")
    rows = lines.select("entry_id", "account", pl.col("debit") - pl.col("credit"), *META, red_letter().alias("red"))
    for _entry, group in groupby(rows.iter_rows(), key=itemgetter(0)):
        postings, customers, branches = [], set(), set()
        for _id, account, amount, *values in group:
            meta = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
            postings.append(data.Posting(names[account], money(amount), None, None, None, meta))
            customers.add(values[customer])
            branches.add(values[branch])
        yield postings, customers - {None}, branches - {None}


# -- batches ---------------------------------------------------------------------------------


def summaries(sets: Sets, chart: Chart, currency: str) -> Iterator[Any]:
    """Batches as transactions of flag :data:`SUMMARY`."""
    counts = {(date, kind): count for date, kind, count in sets.counts.iter_rows()}
    money = _purse(currency)
    rows = sets.batches.sort("date", "kind", "account", "branch")
    for number, ((date, kind), group) in enumerate(groupby(rows.iter_rows(), key=lambda row: row[:2]), 1):
        count = counts.get((date, kind), 0)
        postings = []
        for _date, _kind, code, branch, debit, credit in group:
            name, meta = chart.beancount(code), {"branch": branch} if branch else {}
            postings += [
                data.Posting(name, money(amount), None, None, None, dict(meta)) for amount in (debit, -credit) if amount
            ]
        meta = {"filename": SOURCE, "lineno": number, "count": str(count), "kind": kind, "month": f"{date:%Y-%m}"}
        narration = _("{what} {count} 张").format(what=_batch_name(kind), count=count)
        tags = frozenset({"batch", _tag(kind)})
        yield data.Transaction(meta, date, SUMMARY, None, narration, tags, data.EMPTY_SET, postings)


def _batch_name(kind: str) -> str:
    """What a batch is called."""
    own = {
        REST: _("本月其余凭证"),
        ALL: _("全月凭证"),
        "day": _("一日一簿"),
        "month_close": _("月结"),
        "reverse": _("红字冲销"),
    }
    return own.get(kind) or (KINDS[kind].title() if kind in KINDS else kind)


# -- small parts -----------------------------------------------------------------------------


@cache
def _tag(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def _meta() -> dict[str, Any]:
    return {"filename": SOURCE, "lineno": 1}


def _amount(fen: int, currency: str) -> Amount:
    return Amount(Decimal(fen).scaleb(-2), currency)


def _purse(currency: str) -> Any:
    """Fen → Amount; equal amounts are one object, of which a journal has many."""
    return cache(lambda fen: _amount(fen, currency))


def everything(sets: Sets, chart: Chart, currency: str, cutover: dt.date) -> Iterable[Any]:
    """All entries of a book."""
    yield from opened(sets, chart, currency, cutover)
    yield from summaries(sets, chart, currency)
    yield from transactions(sets, chart, currency)
    yield from balances(sets, chart, currency)
