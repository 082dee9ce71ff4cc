"""Which statement of a file an account's import takes: the only one, or several that chain into one.

Banks put several days or pages of one account into one file. Where each closing
is the next opening they are one statement; anything else is for a person to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.statements.grid import rejected
from importers.statements.statement import Statement
from ledger.i18n import _
from ledger.money import format_fen


def one_statement(statements: Sequence[Statement]) -> Statement:
    """The statement to import.

    Raises:
        ImportRejected: several that do not chain; all of them are listed.
    """
    first, *others = statements
    if not others:
        return first
    for before, after in zip(statements, others, strict=False):
        same = (before.account, before.currency) == (after.account, after.currency)
        if not same or after.opening is None or before.closing != after.opening:
            listed = "; ".join(_named(one) for one in statements)
            raise rejected(
                _("文件中有 {n} 份对账单,不能确定导入哪一份:{listed}").format(n=len(statements), listed=listed),
                file=first.file_name,
                code="account",
            )
    return _joined(statements)


def _named(statement: Statement) -> str:
    return _("{account} {a} 至 {b},{n} 行,期初 {opening},期末 {closing}").format(
        account=statement.account or "—",
        a=statement.from_date or "—",
        b=statement.to_date or "—",
        n=statement.lines.height,
        opening=format_fen(statement.opening) or "—",
        closing=format_fen(statement.closing) or "—",
    )


def _joined(statements: Sequence[Statement]) -> Statement:
    first, last = statements[0], statements[-1]
    starts = [one.from_date for one in statements if one.from_date]
    ends = [one.to_date for one in statements if one.to_date]
    checks = [one.balance_ok for one in statements]
    lines = pl.concat([one.lines for one in statements])
    return replace(
        first,
        from_date=min(starts, default=None),
        to_date=max(ends, default=None),
        closing=last.closing,
        balance_ok=False if False in checks else None if None in checks else True,
        lines=lines.sort("date", maintain_order=True, nulls_last=True),
        pending=pl.concat([one.pending for one in statements]),
        printed=(first.printed[0], last.printed[1]),
        findings=tuple(finding for one in statements for finding in one.findings),
        breaks=sum(one.breaks for one in statements),
        row_order=first.row_order if len({one.row_order for one in statements}) == 1 else "undetermined",
    )
