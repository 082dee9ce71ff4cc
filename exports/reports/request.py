"""What a register is asked for, and the parts every register's head has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from exports.report import Period, Report
from ledger import views
from ledger.accounts import Chart
from ledger.book import Bank, Book
from ledger.errors import Refused
from ledger.i18n import _, current_language
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One asking for a register: a book, a last day, and what narrows it.

    ``known_at``: an instant; what was recorded later is left out (registers of the bank's side only).
    """

    book_id: int
    end: dt.date
    account: str | None = None
    branch: str | None = None
    known_at: str | None = None

    @property
    def month(self) -> Period:
        """The month to date."""
        return Period(self.end.replace(day=1), self.end)

    @property
    def cutoff(self) -> Period:
        """The last day alone."""
        return Period(self.end, self.end)

    def bank(self, book: Book) -> Bank:
        """The bank account asked for; a book's only one need not be named.

        Raises:
            Refused: none named where there are several.
            NotFound: no such account.
        """
        if self.account is not None:
            return book.bank(self.account)
        if len(book.banks) == 1:
            return book.banks[0]
        names = "、".join(f"{bank.code} {bank.short}" for bank in book.banks)
        raise Refused(_("请指定银行账户:{names}").format(names=names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A register: its code, its names, how it is filled; ``bank`` when it is of one bank account.

    ``known``: it can be drawn as known at a past moment.
    """

    code: str
    zh: str
    en: str
    build: Callable[[Session, Book, Chart, Request], Report]
    bank: bool = False
    known: bool = False

    def name(self) -> str:
        """The name in the language of the person; file names keep the Chinese one (domain §5)."""
        return self.zh if current_language() == "zh_CN" else self.en


class Head(TypedDict):
    """The parts of a :class:`Report` that do not depend on its rows."""

    heads: list[tuple[str, str]]
    state: str


def head(session: Session, book: Book, request: Request, *more: tuple[str, str], branch: str | None = None) -> Head:
    """编制单位 (with the branch asked for, or ``branch``), further labelled facts, and the ledger state."""
    chinese = current_language() == "zh_CN"
    company = book.name if chinese else book.name_en
    if station := request.branch or branch:
        row = book.branch(station)
        company += f" {row.name if chinese else row.name_en}"
    state = views.state(session, request.book_id)
    return {"heads": [(_("编制单位"), company), *more], "state": state.text()}


def deposit_banks(book: Book) -> Mapping[str, str]:
    """Cashier → bank its drawer's cash counts for."""
    return {cashier.code: cashier.deposit_bank for cashier in book.cashiers}


def fund_labels(book: Book) -> dict[str, str]:
    """What people see for a fund key: 零钞 reads 备用零钞, English names in English."""
    if current_language() != "zh_CN":
        return {fund.zh: fund.en for fund in book.funds}
    return {fund.zh: _("备用零钞") for fund in book.funds if fund.kind == "float"}


def side(balance: int) -> dict[str, Any]:
    """The paper's two columns of a balance: 方向 and its size."""
    return {"side": _("借") if balance > 0 else _("贷") if balance < 0 else _("平"), "size": abs(balance)}
