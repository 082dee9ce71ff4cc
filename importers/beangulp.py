"""Bank statements for beancount users: the readers as beangulp importers.

Needs ``pip install meterbook[beangulp]``; nothing of Meterbook imports this module.
In a beangulp configuration::

    import beangulp
    from importers.beangulp import StatementImporter

    beangulp.Ingest([
        StatementImporter("Assets:Bank:ICBC", number="1234567890120101"),
        StatementImporter("Assets:Wallet:Alipay", dialect="alipay", contra={"水费": "Expenses:Water"}),
    ])()

One importer is one account: it takes the files whose statement names its number,
or, where the file names none, the files of its dialect. A statement whose own
figures contradict each other is refused, as ``meterbook statement import`` does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from beancount.core import amount, data, flags
from beangulp import Importer

from importers.statements import Dialect, Statement, read_statement, with_identity
from ledger.errors import Fault, ImportRejected

Contra = Mapping[str, str]


class StatementImporter(Importer):  # type: ignore[misc]  # beangulp has no types
    """One bank account of a beancount ledger."""

    def __init__(
        self,
        account: str,
        *,
        number: str | None = None,
        dialect: str | None = None,
        currency: str = "CNY",
        direction: str | None = None,
        contra: Contra | None = None,
        dialects: Sequence[Dialect] | None = None,
        accept_differences: bool = False,
    ) -> None:
        """An importer for one account.

        Args:
            account: the beancount account of the bank account.
            number: its number; masked digits in the file match.
            dialect: only files of this dialect.
            currency: where the file names none.
            direction: ``debit_out`` or ``debit_in``, where balances cannot tell.
            contra: words of the text or the other side → the account of the other leg.
            dialects: the layouts to consider (``load_dialects``); the shipped ones by default.
            accept_differences: extract although the file's figures do not tie.

        Raises:
            ValueError: neither number nor dialect tells whose files to take.
        """
        if number is None and dialect is None:
            message = "number or dialect is needed: else every statement would be this account's"
            raise ValueError(message)
        self._account, self._number, self._dialect = account, number, dialect
        self._currency, self._direction, self._dialects = currency, direction, dialects
        self._contra = dict(contra or {})
        self._accept = accept_differences

    @property
    def name(self) -> str:
        """Unique per account."""
        return f"meterbook.{self._account}"

    def identify(self, filepath: str) -> bool:
        """Whether the file is a statement of this account."""
        try:
            return bool(self._statements(filepath))
        except ImportRejected:
            return False

    def account(self, filepath: str) -> str:  # noqa: ARG002
        """The account, whatever the file."""
        return self._account

    def date(self, filepath: str) -> dt.date | None:
        """The last day of the statement."""
        days = [one.to_date for one in self._statements(filepath) if one.to_date]
        return max(days, default=None)

    def filename(self, filepath: str) -> str | None:
        """``icbc_enterprise-0101.csv``: dialect and the last digits of the number."""
        one = self._statements(filepath)[0]
        digits = re.sub(r"\D", "", one.account or "")[-4:]
        return "-".join(filter(None, (one.dialect, digits))) + Path(filepath).suffix.lower()

    def extract(self, filepath: str, existing: data.Entries) -> data.Entries:  # noqa: ARG002
        """A transaction per line and an assertion of the closing balance.

        The metadata ``bank_line`` is the line's identity, the same in every export
        of the same days; true twins differ by their occurrence.

        Raises:
            ImportRejected: the file's own figures do not tie.
        """
        entries: list[Any] = []
        for statement in self._statements(filepath):
            if statement.errors and not self._accept:
                file = Path(filepath).name
                raise ImportRejected(
                    [Fault(file=file, row=one.row, message=one.message, code=one.code) for one in statement.errors]
                )
            entries += self._entries(statement, filepath)
        return entries

    def deduplicate(self, entries: data.Entries, existing: data.Entries) -> None:
        """Mark lines that the ledger already holds, by ``bank_line`` alone: equal amounts are no proof."""
        known = {
            entry.meta["bank_line"]: entry
            for entry in existing
            if isinstance(entry, data.Transaction) and "bank_line" in entry.meta
        }
        for entry in entries:
            if isinstance(entry, data.Transaction) and (held := known.get(entry.meta.get("bank_line"))):
                entry.meta["__duplicate__"] = held

    def _statements(self, filepath: str) -> list[Statement]:
        """The statements of this account in the file; none where it is another's."""
        found = read_statement(Path(filepath), dialects=self._dialects, account=self._number, direction=self._direction)
        if self._dialect is not None:
            found = [one for one in found if one.dialect == self._dialect]
        elif self._number is not None:
            found = [one for one in found if one.account is not None]
        return found

    def _entries(self, statement: Statement, filepath: str) -> list[Any]:
        currency = statement.currency or self._currency
        lines = with_identity(statement.lines, serial_scope=statement.serial_scope)
        entries: list[Any] = []
        for line in lines.iter_rows(named=True):
            move = line["amount_in"] - line["amount_out"]
            meta = data.new_metadata(filepath, int(line["row"]))
            meta["bank_line"] = f"{line['identity']}#{line['occurrence']}".replace("\x1f", "|")
            meta |= {key: line[key] for key in ("time", "serial", "reference", "party_account") if line[key]}
            postings = [data.Posting(self._account, _units(move, currency), None, None, None, None)]
            if other := self._other(line):
                postings.append(data.Posting(other, _units(-move, currency), None, None, None, None))
            entries.append(
                data.Transaction(
                    meta,
                    line["date"],
                    flags.FLAG_OKAY,
                    line["party"],
                    line["summary"] or "",
                    data.EMPTY_SET,
                    data.EMPTY_SET,
                    postings,
                )
            )
        if statement.closing is not None and statement.to_date is not None:
            # beancount asserts at the beginning of a day
            day = statement.to_date + dt.timedelta(days=1)
            meta = data.new_metadata(filepath, 0)
            entries.append(data.Balance(meta, day, self._account, _units(statement.closing, currency), None, None))
        return entries

    def _other(self, line: Mapping[str, Any]) -> str | None:
        """The account of the other leg, where a word of ``contra`` stands in the line."""
        text = f"{line['party'] or ''} {line['summary'] or ''}"
        return next((account for word, account in self._contra.items() if word in text), None)


def _units(fen: int, currency: str) -> amount.Amount:
    return amount.Amount(Decimal(fen).scaleb(-2), currency)
