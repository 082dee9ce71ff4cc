"""What a batch sees of the ledger while it is being posted (账务状态).

A :class:`State` answers the questions of the posting rules (open bills,
advances, fund positions, open items, earlier documents) from the journal plus
the lines this batch has made so far, always in sets. It never writes.

``Source`` is the shell's side (``ledger.storage.journal_sql``): a handful of set
queries for the customers and accounts that the batch names.

Amounts are fen, signed: debit positive, credit negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol

import polars as pl

from ledger import collection
from ledger.accounts import DIMENSIONS, Chart
from ledger.book import Book
from ledger.documents import KINDS
from ledger.funds import positions

BILL_KEYS = ("customer", "document", "bill_month")

CUSTOMER_COLUMNS = (
    "customer", "name", "stream", "usage_class", "pay_mode", "kind", "branch", "from", "payer_account", "special_day",
    "reader", "diameter", "constant_flow",
)  # fmt: skip

ITEM_COLUMNS = ("account", "branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document")

HISTORY_COLUMNS = (
    "entry_id", "kind", "doc_no", "date", "content", "reversed", "reversing", "line", "account", "debit", "credit",
    *DIMENSIONS,
)  # fmt: skip
"""A line of an earlier document with its head; ``reversed``: cancelled since, ``reversing``: a
cancellation itself (booleans)."""


class Source(Protocol):
    """Set queries on the journal; every frame holds sealed rows only."""

    def customers(self, names: pl.Series) -> pl.DataFrame:
        """Latest master data (fact ``customers``) of these: doc content columns as text."""
        ...

    def bills(self, customers: pl.Series, receivables: Sequence[str], levies: Sequence[str]) -> pl.DataFrame:
        """Per ``customer, document, bill_month``: ``branch`` and one signed sum per account code."""
        ...

    def items(self, accounts: Sequence[str], customers: pl.Series | None = None) -> pl.DataFrame:
        """Open items: signed ``amount`` ≠ 0 and first ``date`` per account and all dimensions."""
        ...

    def daily(self, accounts: Sequence[str], until: dt.date) -> pl.DataFrame:
        """Signed ``amount`` and ``credit`` per account (prefix), branch, bank, cashier, fund, item up to a date."""
        ...

    def facts(self, kind: str, subjects: pl.Series | None) -> pl.DataFrame:
        """Facts of a kind: ``doc_no, subject, date, content``."""
        ...

    def originals(self, kind: str, numbers: pl.Series) -> pl.DataFrame:
        """Posted documents: ``doc_no, entry_id, date, content, reversed``."""
        ...

    def lines(self, entry_ids: pl.Series) -> pl.DataFrame:
        """Posting lines of entries: ``entry_id, line, account, debit, credit`` and dimensions."""
        ...

    def charged(self, customers: pl.Series, months: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        """``customer, bill_month`` that were ever charged and not cancelled."""
        ...

    def bill_numbers(self, customers: pl.Series, months: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        """``customer, bill_month, document`` of every bill these accounts ever had, open or not."""
        ...

    def history(self, kinds: Sequence[str], customers: pl.Series, bills: pl.Series | None) -> pl.DataFrame:
        """Lines of the documents of these kinds (empty: of any) that touch the customers (and bills):
        :data:`HISTORY_COLUMNS`."""
        ...

    def consequences(self, numbers: pl.Series) -> dict[str, int]:
        """How many automatic applications (``<number>-A<n>``) these documents have already."""
        ...

    def references(self, kind: str, documents: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        """Lines of a kind's entries with these document references: ``document, voucher, doc_no,
        entry_id``; what ``reverse`` cancelled does not count."""
        ...

    def documents(self, kind: str, customers: pl.Series | None, accounts: Sequence[str]) -> pl.DataFrame:
        """Entries of a kind (that touch the customers on these accounts) and were not cancelled by
        ``reverse``: ``doc_no, date, content``."""
        ...


class State:
    """The ledger as this batch sees it."""

    def __init__(self, book: Book, chart: Chart, source: Source, customers: pl.Series, today: dt.date) -> None:
        self.book = book
        self.chart = chart
        self.today = today
        self.source = source
        self.names = customers.drop_nulls().unique().sort()
        self.receivables = [
            chart.role(role) for role in ("ar_resident", "ar_entity", "ar_tm", "ar_inspection", "ar_closed")
        ]
        self.levy_accounts = {item: chart.levy("billed", item) for item in chart.levy_items}
        self._customers: pl.DataFrame | None = None
        self._bills: pl.DataFrame | None = None
        self._fresh: list[pl.DataFrame] = []
        self._pending: list[pl.DataFrame] = []
        self._documents: list[pl.DataFrame] = []
        self._facts: list[pl.DataFrame] = []
        self._sent: pl.DataFrame | None = None

    def know(self, customers: pl.Series) -> None:
        """Look at further customers too (the sums known so far stay true: they are additive)."""
        new = customers.drop_nulls().unique()
        new = new.filter(~new.is_in(self.names.implode()))
        if len(new) == 0:
            return
        self.names = pl.concat([self.names, new]).sort()
        self._customers = None
        self._sent = None
        if self._bills is not None:
            self._bills = self._folded([self.source.bills(new, self.receivables, list(self.levy_accounts.values()))])

    # -- master data ---------------------------------------------------------------

    @property
    def customers(self) -> pl.DataFrame:
        """Master data of the batch's customers (:data:`CUSTOMER_COLUMNS`, all text)."""
        if self._customers is None:
            known = self.source.customers(self.names)
            fresh = [decode(facts, "customers") for facts in self._facts if (facts["kind"] == "customers").any()]
            self._customers = pl.concat(
                [known.select(CUSTOMER_COLUMNS), *(f.select(CUSTOMER_COLUMNS) for f in fresh)]
            ).unique("customer", keep="last", maintain_order=True)
        return self._customers

    # -- what the batch has made so far ---------------------------------------------

    def add(self, documents: pl.DataFrame, lines: pl.DataFrame) -> None:
        """Take up what a wave has made: its documents (with ``entry``, ``date``) and lines."""
        dated = lines.join(
            documents.select("entry", "date"), on="entry", how="left", maintain_order="left"
        ).with_columns(amount=pl.col("debit") - pl.col("credit"))
        self._documents.append(documents)
        self._pending.append(dated)
        self._fresh.append(dated)
        if (documents["kind"] == "collection_result").any():
            self._sent = None

    def add_facts(self, facts: pl.DataFrame) -> None:
        """Take up facts of this batch (``kind, doc_no, subject, date, content``)."""
        self._facts.append(facts)
        self._customers = None
        self._sent = None

    def pending(self) -> pl.DataFrame:
        """All lines of this batch so far, with ``date`` and signed ``amount``."""
        return pl.concat(self._pending) if self._pending else pl.DataFrame()

    # -- bills ------------------------------------------------------------------------

    def _wide(self) -> pl.DataFrame:
        """Signed sums per bill and account, the batch's own lines included."""
        accounts = [*self.receivables, *self.levy_accounts.values()]
        if self._bills is None:
            self._bills = self.source.bills(self.names, self.receivables, list(self.levy_accounts.values()))
        if self._fresh:
            made = [
                lines.filter(pl.col("account").is_in(accounts) & pl.col("customer").is_not_null())
                for lines in self._fresh
            ]
            self._fresh = []
            rows = [frame for frame in made if not frame.is_empty()]
            if rows:
                wide = (
                    pl.concat(rows)
                    .group_by(BILL_KEYS)
                    .agg(
                        pl.col("branch").max(),
                        *(pl.col("amount").filter(pl.col("account") == code).sum().alias(code) for code in accounts),
                    )
                )
                self._bills = self._folded([wide.select(self._bills.columns)])
        return self._bills

    def _folded(self, further: list[pl.DataFrame]) -> pl.DataFrame:
        """The known sums per bill with further sums added."""
        assert self._bills is not None
        accounts = [*self.receivables, *self.levy_accounts.values()]
        return (
            pl.concat([self._bills, *further])
            .group_by(BILL_KEYS)
            .agg(pl.col("branch").max(), *(pl.col(code).sum() for code in accounts))
        )

    def bills(self, *roles: str, locked: bool = True) -> pl.DataFrame:
        """Open bills on these receivable roles (settlement.BILL_SCHEMA plus one column per levy).

        ``locked=False`` leaves out the bills that a collection batch (托收) holds.
        """
        wide = self._wide()
        parts = [
            wide.filter(pl.col(code) > 0).select(
                "customer",
                "bill_month",
                "document",
                pl.lit(code).alias("account"),
                "branch",
                pl.col(code).alias("gross"),
                *((-pl.col(account)).alias(item) for item, account in self.levy_accounts.items()),
            )
            for code in map(self.chart.role, roles)
        ]
        bills = pl.concat(parts).join(self.locks(), on=["customer", "document"], how="left")
        return bills if locked else bills.filter(pl.col("locked").is_null())

    def overdrawn(self) -> pl.DataFrame:
        """Bills whose receivable or levies fell below zero: something settled twice or reversed too early."""
        wide = self._wide()
        low = pl.any_horizontal(
            *(pl.col(code) < 0 for code in self.receivables),
            *(pl.col(code) > 0 for code in self.levy_accounts.values()),
        )
        return wide.filter(low).select("customer", "bill_month", "document")

    def locks(self) -> pl.DataFrame:
        """``customer, document, locked``: bills sent to the bank in a collection batch and not back yet."""
        items = self.collection_items()
        waiting = items.filter(~pl.col("answered") & pl.col("document").is_not_null())
        return waiting.select("customer", "document", pl.col("batch").alias("locked")).unique(
            ["customer", "document"], keep="last", maintain_order=True
        )

    def collection_items(self) -> pl.DataFrame:
        """Bills sent to the bank in collection batches (托收): :data:`ledger.collection.ITEMS` and
        whether they are ``answered``, by money or by a return."""
        if self._sent is None:
            sent = collection.sent(
                self.fact_rows("collection_batch"), self.fact_rows("opening_bills"), self.chart.levy_items
            )
            if sent.is_empty():
                self._sent = sent.with_columns(answered=pl.lit(value=False))
                return self._sent
            results = [
                self.fact_rows("collection_result"),
                self.document_rows("collection_result", sent["customer"].unique()),
            ]
            bills = pl.concat(
                self._wide().filter(pl.col(code) > 0).select(*BILL_KEYS, gross=code) for code in self.receivables
            )
            self._sent = collection.answered(collection.numbered(sent, bills), pl.concat(results, how="diagonal"))
        return self._sent

    def charged(self, months: pl.Series, *roles: str) -> pl.DataFrame:
        """``customer, bill_month`` already charged on these receivables (none given: residents and
        entities), this batch's own charges included."""
        codes = [self.chart.role(role) for role in roles or ("ar_resident", "ar_entity")]
        known = self.source.charged(self.names, months, codes)
        mine = [
            lines.filter(pl.col("account").is_in(codes)).group_by("customer", "bill_month").agg(pl.col("debit").sum())
            for lines in self._pending
        ]
        fresh = [frame.filter(pl.col("debit") > 0).select("customer", "bill_month") for frame in mine]
        return pl.concat([known.select("customer", "bill_month"), *fresh]).unique()

    # -- advances -----------------------------------------------------------------------

    def advances(self, *roles: str) -> pl.DataFrame:
        """Lots of customer advances: ``customer, account, document, fund, bank, branch, held, date``."""
        codes = [self.chart.role(role) for role in roles]
        lots = self.items(codes, self.names)
        keys = ["customer", "account", "document", "fund", "bank"]
        return (
            lots.group_by(keys)
            .agg(pl.col("branch").max(), held=-pl.col("amount").sum(), date=pl.col("date").min())
            .filter(pl.col("held") > 0)
        )

    # -- control accounts -----------------------------------------------------------------

    def items(self, accounts: Sequence[str], customers: pl.Series | None = None) -> pl.DataFrame:
        """Open items of accounts: all dimensions, signed ``amount``, first ``date``."""
        known = self.source.items(accounts, customers)
        mine = [
            lines.filter(pl.col("account").is_in(accounts)).select(*ITEM_COLUMNS, "amount", "date")
            for lines in self._pending
        ]
        return (
            pl.concat([known.select(*ITEM_COLUMNS, "amount", "date"), *mine])
            .group_by(*ITEM_COLUMNS)
            .agg(pl.col("amount").sum(), pl.col("date").min())
            .filter(pl.col("amount") != 0)
        )

    def daily(self, prefixes: Sequence[str], until: dt.date) -> pl.DataFrame:
        """Signed sums per account, branch, bank, cashier, fund, item up to and including a date
        (``amount``), and of its credits alone (``credit``)."""
        keys = ["account", "branch", "bank", "cashier", "fund", "item"]
        known = self.source.daily(prefixes, until)
        wanted = pl.any_horizontal(*(pl.col("account").str.starts_with(prefix) for prefix in prefixes))
        mine = [
            lines.filter(wanted & (pl.col("date") <= until)).select(*keys, "amount", "credit")
            for lines in self._pending
        ]
        return (
            pl.concat([known.select(*keys, "amount", "credit"), *mine])
            .group_by(keys)
            .agg(pl.col("amount", "credit").sum())
        )

    def balance(self, prefix: str, until: dt.date, **where: str) -> int:
        """Signed balance of an account (or prefix) as of a date, restricted by dimensions."""
        frame = self.daily([prefix], until)
        for name, value in where.items():
            frame = frame.filter(pl.col(name) == value)
        return int(frame["amount"].sum())

    def positions(self, until: dt.date) -> pl.DataFrame:
        """Fund positions per bank and fund as of a date (ledger.funds)."""
        lines = self.daily(["1001.", "1002.", "1012.", "2241.02"], until)
        return positions(lines, self.book.deposit_banks)

    def consequences(self, numbers: pl.Series) -> dict[str, int]:
        """How many automatic applications these document numbers have already."""
        return dict(self.source.consequences(numbers.unique()))

    def references(self, kind: str, documents: pl.Series, prefixes: Sequence[str]) -> pl.DataFrame:
        """Which reference numbers a kind has used on lines of these accounts: ``document, voucher,
        doc_no, entry_id`` (of this batch: the document's number as voucher, a null entry)."""
        accounts = [code for code in self.chart.codes if code.startswith(tuple(prefixes))]
        known = self.source.references(kind, documents.drop_nulls().unique(), accounts)
        mine = [
            lines.filter(pl.col("account").is_in(accounts) & pl.col("document").is_in(documents.drop_nulls().implode()))
            .join(made.filter(pl.col("kind") == kind).select("entry", "doc_no"), on="entry")
            .select("document", voucher="doc_no", doc_no="doc_no", entry_id=pl.lit(None, pl.Int64))
            for made, lines in zip(self._documents, self._pending, strict=True)
        ]
        return pl.concat([known, *mine]).unique("document", keep="first")

    # -- earlier documents --------------------------------------------------------------------

    def facts(self, kind: str, subjects: pl.Series | None = None) -> pl.DataFrame:
        """Facts of a kind with this batch's own: ``doc_no, subject, date, content``."""
        columns = ["doc_no", "subject", "date", "content"]
        mine = [facts.filter(pl.col("kind") == kind).select(columns) for facts in self._facts]
        return pl.concat([self.source.facts(kind, subjects).select(columns), *mine])

    def fact_rows(self, kind: str, *, all_subjects: bool = False) -> pl.DataFrame:
        """Facts of a kind about the batch's customers (or all), decoded into typed columns."""
        return decode(self.facts(kind, None if all_subjects else self.names), kind)

    def document_rows(self, kind: str, customers: pl.Series | None = None) -> pl.DataFrame:
        """Rows of posted documents of a kind (that touch the customers) with this batch's own, decoded
        into typed columns; what ``reverse`` cancelled does not count."""
        columns = ["doc_no", "date", "content"]
        mine = [documents.filter(pl.col("kind") == kind).select(columns) for documents in self._documents]
        known = self.source.documents(kind, customers, self.receivables)
        return decode(pl.concat([known.select(columns), *mine]), kind)

    def originals(self, kind: str, numbers: Iterable[str]) -> pl.DataFrame:
        """Posted documents with these numbers: ``doc_no, entry_id, date, content, reversed``.

        ``entry_id`` is null for a document of this very batch.
        """
        wanted = pl.Series("doc_no", list(numbers), pl.String).drop_nulls().unique()
        columns = ["doc_no", "entry_id", "date", "content", "reversed"]
        known = self.source.originals(kind, wanted).select(columns)
        mine = [
            documents.filter((pl.col("kind") == kind) & pl.col("doc_no").is_in(wanted.implode())).select(
                "doc_no",
                pl.lit(None, pl.Int64).alias("entry_id"),
                "date",
                "content",
                pl.lit(False).alias("reversed"),
            )
            for documents in self._documents
        ]
        return pl.concat([known, *mine])

    def bill_numbers(self, months: pl.Series) -> pl.DataFrame:
        """``customer, bill_month, document`` of every bill of these months, open or not, this batch's included."""
        keys = ["customer", "bill_month", "document"]
        known = self.source.bill_numbers(self.names, months, self.receivables)
        mine = [
            lines.filter(
                pl.col("account").is_in(self.receivables)
                & pl.col("bill_month").is_in(months.implode())
                & pl.col("document").is_not_null()
            ).select(keys)
            for lines in self._pending
        ]
        return pl.concat([known.select(keys), *mine]).unique().sort(keys)

    def history(self, *kinds: str, bills: pl.Series | None = None) -> pl.DataFrame:
        """What documents of these kinds (none given: of any) did to the batch's customers, line by line
        (:data:`HISTORY_COLUMNS`); with ``bills`` only those that name one of them.

        Documents of this very batch have a negative ``entry_id``.
        """
        known = self.source.history(kinds, self.names, bills)
        parts = [known.select(HISTORY_COLUMNS)]
        for documents, lines in zip(self._documents, self._pending, strict=True):
            heads = documents.filter(pl.col("kind").is_in(kinds)) if kinds else documents
            touching = lines.filter(pl.col("customer").is_in(self.names.implode()))
            if bills is not None:
                touching = touching.filter(pl.col("document").is_in(bills.implode()))
            heads = heads.filter(pl.col("entry").is_in(touching["entry"].unique().implode()))
            parts.append(
                heads.select("entry", "kind", "doc_no", "date", "content")
                .join(lines.drop("date"), on="entry", how="inner", maintain_order="left")
                .with_columns(
                    entry_id=-1 - pl.col("entry"), reversed=pl.lit(value=False), reversing=pl.lit(value=False)
                )
                .select(HISTORY_COLUMNS)
            )
        return pl.concat(parts)

    def lines_of(self, kind: str, number: str) -> pl.DataFrame:
        """The posting lines of one earlier document (empty when there is none)."""
        found = self.originals(kind, [number])
        stored = found["entry_id"].drop_nulls()
        if len(stored):
            return self.source.lines(stored).drop("entry_id")
        for documents, lines in zip(self._documents, self._pending, strict=True):
            entries = documents.filter((pl.col("kind") == kind) & (pl.col("doc_no") == number))["entry"]
            if len(entries):
                return lines.filter(pl.col("entry").is_in(entries)).drop("entry", "date", "amount")
        return self.source.lines(pl.Series("entry_id", [], pl.Int64)).drop("entry_id")


def decode(documents: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The rows of stored documents as typed columns of their kind (one row per document row).

    ``documents`` has ``content`` (canonical JSON list of row objects, text
    values); kept besides: ``doc_no``, ``date``.
    """
    columns = KINDS[kind].columns
    fields = {column.name: pl.String for column in columns}
    rows = (
        documents.select(pl.col("doc_no").alias("_doc_no"), pl.col("date").alias("_date"), "content")
        .with_columns(pl.col("content").str.json_decode(pl.List(pl.Struct(fields))))
        .explode("content", empty_as_null=True)
        .unnest("content")
    )
    typed = []
    for column in columns:
        source = pl.col(column.name)
        match column.type:
            case "money" | "money0" | "signed" | "quantity" | "integer":
                source = source.cast(pl.Int64)
            case "date":
                source = source.str.to_date("%Y-%m-%d")
            case _:
                pass
        typed.append(source)
    return (
        rows.with_columns(typed)
        .with_columns(doc_no=pl.coalesce("_doc_no", "doc_no"), date=pl.coalesce("_date", "date"))
        .drop("_doc_no", "_date")
    )


__all__ = ["DIMENSIONS", "State", "decode"]
