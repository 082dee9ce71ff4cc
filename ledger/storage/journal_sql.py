"""The journal's own SQL: what a post asks, and what it writes (ledger.journal, ledger.state).

Every question is one statement over a set; sealed rows only. Portable between
SQLite and PostgreSQL. A wanted set stands first, before a CROSS JOIN: SQLite takes
the order as written and goes from the set into the index, so that a day costs the
same on a long journal; PostgreSQL plans by its statistics either way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from ledger.storage.engine import Session
from ledger.storage.tables import REFERENCE_LINES
from ledger.storage.view_sql import sealed, sealed_fact

_DIMENSIONS = ("branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document")


_UNDONE = """EXISTS (
                    SELECT 1 FROM entry x WHERE x.book_id = e.book_id AND x.kind = e.kind
                      AND (x.reverses = e.entry_id OR x.entry_id = e.reverses))"""
"""The entry ``e`` was cancelled by ``reverse``, or is that red copy itself: as if never posted. A
later document that takes it back (a cheque returned, a slip expired) has a kind of its own."""

_FACT = {"doc_no": pl.String(), "subject": pl.String(), "date": pl.Date(), "content": pl.String()}
_TEXT = pl.String()
_INT = pl.Int64()


def _listed(names: Sequence[str]) -> str:
    """Account codes of the chart as an SQL list (codes hold digits, letters, dots only)."""
    for name in names:
        if name and not name.replace(".", "").replace("-", "").isalnum():
            raise ValueError(name)
    return ", ".join(f"'{name}'" for name in names)


class JournalSource:
    """``ledger.state.Source`` on a database session."""

    def __init__(self, session: Session, book_id: int) -> None:
        self.session = session
        self.book_id = book_id
        self._wanted: dict[str, pl.Series] = {}

    def _want(self, name: str, values: pl.Series) -> None:
        """Ask about a set; asking twice in a row about the very same one costs nothing."""
        if self._wanted.get(name) is not values:
            self.session.want(name, values)
            self._wanted[name] = values

    def _frame(self, sql: str, schema: dict[str, pl.DataType], **params: object) -> pl.DataFrame:
        return self.session.frame(sql, schema, book_id=self.book_id, **params)

    def customers(self, names: pl.Series) -> pl.DataFrame:
        from ledger.state import decode

        self._want("customer", names)
        facts = self._frame(
            f"""SELECT f.doc_no, f.subject, f.date, f.content FROM fact f
                WHERE f.book_id = :book_id AND f.fact_id IN (
                    SELECT max(g.fact_id) FROM want_customer w CROSS JOIN fact g
                    WHERE g.subject = w.value AND g.book_id = :book_id AND g.kind = 'customers' AND {sealed_fact("g")}
                    GROUP BY g.subject)
                ORDER BY f.fact_id""",
            _FACT,
        )
        return decode(facts, "customers")

    def bills(self, customers: pl.Series, receivables: Sequence[str], levies: Sequence[str]) -> pl.DataFrame:
        self._want("customer", customers)
        accounts = [*receivables, *levies]
        sums = ",\n".join(
            f"CAST(sum(CASE WHEN p.account = '{code}' THEN p.debit - p.credit ELSE 0 END) AS bigint) AS \"{code}\""
            for code in accounts
        )
        schema = {"customer": _TEXT, "document": _TEXT, "bill_month": _TEXT, "branch": _TEXT}
        return self._frame(
            f"""SELECT p.customer, p.document, p.bill_month, max(p.branch) AS branch, {sums}
                FROM want_customer w CROSS JOIN posting p
                WHERE p.customer = w.value AND p.book_id = :book_id AND p.account IN ({_listed(accounts)})
                  AND p.account NOT LIKE '2241.02%' AND {sealed("p")}
                GROUP BY p.customer, p.document, p.bill_month
                HAVING sum(CASE WHEN p.account LIKE '1122%' THEN p.debit - p.credit ELSE 0 END) <> 0
                    OR sum(CASE WHEN p.account LIKE '2241%' THEN p.debit - p.credit ELSE 0 END) <> 0""",
            {**schema, **dict.fromkeys(accounts, _INT)},
        )

    def items(
        self, accounts: Sequence[str], customers: pl.Series | None = None, *, until: dt.date | None = None
    ) -> pl.DataFrame:
        source = "posting p WHERE"
        date = "" if until is None else "AND p.date <= :until"
        if customers is not None:
            self._want("customer", customers)
            source = "want_customer w CROSS JOIN posting p WHERE p.customer = w.value AND"
        dims = ", ".join(f"p.{name}" for name in _DIMENSIONS)
        return self._frame(
            f"""SELECT p.account, {dims}, CAST(sum(p.debit - p.credit) AS bigint) AS amount, min(p.date) AS date
                FROM {source} p.book_id = :book_id AND p.account IN ({_listed(accounts)}) {date}
                  AND p.account NOT LIKE '2241.02%' AND {sealed("p")}
                GROUP BY p.account, {dims} HAVING sum(p.debit - p.credit) <> 0""",
            {"account": _TEXT, **dict.fromkeys(_DIMENSIONS, _TEXT), "amount": _INT, "date": pl.Date()},
            **({} if until is None else {"until": until}),
        )

    def daily(self, prefixes: Sequence[str], until: dt.date) -> pl.DataFrame:
        keys = ("account", "branch", "bank", "cashier", "fund", "item")
        _listed(prefixes)
        like = " OR ".join(f"account LIKE '{prefix}%'" for prefix in prefixes)
        frame = self._frame(
            f"""SELECT {", ".join(keys)}, CAST(sum(debit - credit) AS bigint) AS amount,
                       CAST(sum(credit) AS bigint) AS credit FROM balance_delta
                WHERE book_id = :book_id AND ({like}) AND date <= :until GROUP BY {", ".join(keys)}""",
            {**dict.fromkeys(keys, _TEXT), "amount": _INT, "credit": _INT},
            until=until,
        )
        # Deltas keep '' for a dimension that a line does not carry.
        return frame.with_columns(pl.col(name).replace("", None) for name in keys)

    def facts(self, kind: str, subjects: pl.Series | None) -> pl.DataFrame:
        source = "fact f WHERE"
        if subjects is not None:
            self._want("subject", subjects)
            source = "want_subject w CROSS JOIN fact f WHERE f.subject = w.value AND"
        return self._frame(
            f"""SELECT f.doc_no, f.subject, f.date, f.content FROM {source}
                f.book_id = :book_id AND f.kind = :kind AND {sealed_fact("f")} ORDER BY f.fact_id""",
            _FACT,
            kind=kind,
        )

    def originals(self, kind: str, numbers: pl.Series) -> pl.DataFrame:
        self._want("number", numbers)
        return self._frame(
            f"""SELECT e.doc_no, e.entry_id, e.date, e.content, CAST(r.entry_id IS NOT NULL AS int) AS reversed
                FROM want_number w CROSS JOIN entry e
                LEFT JOIN entry r ON r.book_id = e.book_id AND r.reverses = e.entry_id
                WHERE e.doc_no = w.value AND e.book_id = :book_id AND e.kind = :kind AND {sealed("e")}""",
            {"doc_no": _TEXT, "entry_id": _INT, "date": pl.Date(), "content": _TEXT, "reversed": _INT},
            kind=kind,
        ).with_columns(pl.col("reversed").cast(pl.Boolean))

    def lines(self, entry_ids: pl.Series) -> pl.DataFrame:
        self._want("entry", entry_ids)
        schema = {"entry_id": _INT, "line": _INT, "account": _TEXT, "debit": _INT, "credit": _INT}
        return self._frame(
            f"""SELECT p.entry_id, p.line, p.account, p.debit, p.credit, {", ".join(f"p.{d}" for d in _DIMENSIONS)}
                FROM want_entry w CROSS JOIN posting p
                WHERE p.entry_id = w.value AND p.book_id = :book_id AND {sealed("p")} ORDER BY p.entry_id, p.line""",
            {**schema, **dict.fromkeys(_DIMENSIONS, _TEXT)},
        )

    def charged(self, customers: pl.Series, months: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        self._want("customer", customers)
        self._want("month", months)
        return self._frame(
            f"""SELECT p.customer, p.bill_month FROM want_customer w CROSS JOIN posting p
                JOIN want_month m ON m.value = p.bill_month
                WHERE p.customer = w.value AND p.book_id = :book_id AND p.account IN ({_listed(accounts)})
                  AND p.account NOT LIKE '2241.02%' AND {sealed("p")}
                GROUP BY p.customer, p.bill_month HAVING sum(p.debit) > 0""",
            {"customer": _TEXT, "bill_month": _TEXT},
        )

    def references(self, kind: str, documents: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        self._want("document", documents)
        money = all("1002" <= code < "1100" for code in accounts)
        found = self._frame(
            f"""SELECT DISTINCT p.document, e.entry_id, e.doc_no, e.period, e.vtype, e.vno
                FROM want_document w CROSS JOIN posting p
                JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id
                WHERE p.document = w.value {"AND p." + REFERENCE_LINES.replace("AND ", "AND p.") if money else ""}
                  AND p.book_id = :book_id AND p.account IN ({_listed(accounts)}) AND e.kind = :kind
                  AND {sealed("p")} AND NOT {_UNDONE}
                ORDER BY e.entry_id""",
            {"document": _TEXT, "entry_id": _INT, "doc_no": _TEXT, "period": _TEXT, "vtype": _TEXT, "vno": _INT},
            kind=kind,
        )
        return found.select("document", voucher_name(), "doc_no", "entry_id")

    def documents(self, kind: str, customers: pl.Series | None, accounts: Sequence[str]) -> pl.DataFrame:
        about = ""
        if customers is not None:
            self._want("customer", customers)
            about = f"""AND e.entry_id IN (
                    SELECT p.entry_id FROM want_customer w CROSS JOIN posting p
                    WHERE p.customer = w.value AND p.book_id = :book_id AND p.customer IS NOT NULL AND p.account NOT LIKE '2241.02%'
                      AND p.account IN ({_listed(accounts)}))"""
        return self._frame(
            f"""SELECT e.doc_no, e.date, e.content FROM entry e
                WHERE e.book_id = :book_id AND e.kind = :kind AND {sealed("e")}
                  AND NOT {_UNDONE} {about} ORDER BY e.entry_id""",
            {"doc_no": _TEXT, "date": pl.Date(), "content": _TEXT},
            kind=kind,
        )

    def bill_numbers(self, customers: pl.Series, months: pl.Series, accounts: Sequence[str]) -> pl.DataFrame:
        self._want("customer", customers)
        self._want("month", months)
        return self._frame(
            f"""SELECT DISTINCT p.customer, p.bill_month, p.document FROM want_customer w CROSS JOIN posting p
                JOIN want_month m ON m.value = p.bill_month
                WHERE p.customer = w.value AND p.book_id = :book_id AND p.account IN ({_listed(accounts)}) AND p.document IS NOT NULL
                  AND p.account NOT LIKE '2241.02%' AND {sealed("p")}""",
            {"customer": _TEXT, "bill_month": _TEXT, "document": _TEXT},
        )

    def history(self, kinds: Sequence[str], customers: pl.Series, bills: pl.Series | None) -> pl.DataFrame:
        self._want("customer", customers)
        kind = bill = ""
        if kinds:
            self._want("kind", pl.Series("kind", list(kinds), pl.String))
            kind = "JOIN want_kind k ON k.value = e.kind"
        if bills is not None:
            self._want("bill", bills)
            bill = "JOIN want_bill b ON b.value = p.document"
        head = {"entry_id": _INT, "kind": _TEXT, "doc_no": _TEXT, "date": pl.Date(), "content": _TEXT}
        flags = {"reversed": _INT, "reversing": _INT}
        line = {"line": _INT, "account": _TEXT, "debit": _INT, "credit": _INT, **dict.fromkeys(_DIMENSIONS, _TEXT)}
        return self._frame(
            f"""SELECT {", ".join(f"e.{name}" for name in head)}, CAST(r.entry_id IS NOT NULL AS int) AS reversed,
                       CAST(e.reverses IS NOT NULL AS int) AS reversing, {", ".join(f"q.{name}" for name in line)}
                FROM entry e {kind} JOIN posting q ON q.book_id = e.book_id AND q.entry_id = e.entry_id
                LEFT JOIN entry r ON r.book_id = e.book_id AND r.reverses = e.entry_id
                WHERE e.book_id = :book_id AND e.entry_id IN (
                    SELECT p.entry_id FROM want_customer w CROSS JOIN posting p {bill}
                    WHERE p.customer = w.value AND p.book_id = :book_id AND p.account NOT LIKE '2241.02%' AND {sealed("p")})
                ORDER BY e.entry_id, q.line""",
            {**head, **flags, **line},
        ).with_columns(pl.col("reversed", "reversing").cast(pl.Boolean))

    def consequences(self, numbers: pl.Series) -> dict[str, int]:
        self._want("number", numbers)
        rows = self.session.rows(
            """SELECT w.value, count(*) FROM want_number w CROSS JOIN entry e
               WHERE e.book_id = :b AND e.kind = 'apply_advance'
                 AND e.doc_no >= w.value || '-A' AND e.doc_no < w.value || '-B' GROUP BY w.value""",
            b=self.book_id,
        )
        return {str(number): int(count) for number, count in rows}


def voucher_name() -> pl.Expr:
    """``2023-06/记-0012`` of columns ``period, vtype, vno``."""
    return pl.format("{}/{}-{}", "period", "vtype", pl.col("vno").cast(pl.String).str.zfill(4)).alias("voucher")


# -- the book and its calendar ---------------------------------------------------------


def book_row(session: Session, book_id: int | None = None) -> tuple[int, str, str, dt.date | None] | None:
    """``(book_id, code, name, cutover)``; without an id the first book of the database."""
    rows = session.rows(
        "SELECT book_id, code, name, cutover FROM book WHERE book_id = :book_id OR :any = 1 ORDER BY book_id LIMIT 1",
        book_id=book_id or 0,
        any=int(book_id is None),
    )
    if not rows:
        return None
    number, code, name, cutover = rows[0]
    return number, code, name, dt.date.fromisoformat(str(cutover)) if cutover else None


def book_birth(session: Session, book_id: int) -> str:
    """``code created_at``: a book and the instant it was made."""
    code, created = session.rows("SELECT code, created_at FROM book WHERE book_id = :b", b=book_id)[0]
    return f"{code} {created}"


def book_config(session: Session, book_id: int) -> tuple[int, str, str] | None:
    """``(version, book_toml, chart_toml)`` in force."""
    rows = session.rows(
        "SELECT version, book_toml, chart_toml FROM book_config WHERE book_id = :b ORDER BY version DESC LIMIT 1",
        b=book_id,
    )
    return (int(rows[0][0]), str(rows[0][1]), str(rows[0][2])) if rows else None


def known_accounts(session: Session, book_id: int) -> set[str]:
    """Codes already opened in the database."""
    return {row[0] for row in session.rows("SELECT account FROM account WHERE book_id = :b", b=book_id)}


def closed_periods(session: Session, book_id: int) -> set[tuple[str, str]]:
    """``(period, branch)`` whose last event is a close; branch ``''``: the whole book."""
    rows = session.rows(
        """SELECT e.period, e.branch FROM period_event e WHERE e.book_id = :b AND e.action = 'close' AND e.seq = (
               SELECT max(f.seq) FROM period_event f
               WHERE f.book_id = e.book_id AND f.period = e.period AND f.branch = e.branch)""",
        b=book_id,
    )
    return {(str(period), str(branch)) for period, branch in rows}


def closed_days(session: Session, book_id: int) -> set[dt.date]:
    """Days whose last event is a close."""
    rows = session.rows(
        """SELECT e.date FROM day_event e WHERE e.book_id = :b AND e.action = 'close' AND e.seq = (
               SELECT max(f.seq) FROM day_event f WHERE f.book_id = e.book_id AND f.date = e.date)""",
        b=book_id,
    )
    return {dt.date.fromisoformat(str(row[0])) for row in rows}


# -- the day close -------------------------------------------------------------------------


def last_day_event(session: Session, book_id: int, date: dt.date) -> tuple[int, str, str] | None:
    """``(seq, action, recorded_at)`` of the last event of a day."""
    rows = session.rows(
        """SELECT e.seq, e.action, e.recorded_at FROM day_event e
           WHERE e.book_id = :b AND e.date = :date ORDER BY e.seq DESC LIMIT 1""",
        b=book_id,
        date=date,
    )
    return (int(rows[0][0]), str(rows[0][1]), str(rows[0][2])) if rows else None


def drawer_entries(session: Session, book_id: int, date: dt.date, accounts: Sequence[str]) -> pl.DataFrame:
    """Entries of a day that move these cash accounts, and their reversals: ``kind, doc_no, date, content``
    (of the document itself), ``reversing``, ``cashier``, ``taken`` and ``given`` (Σ debit and credit of the
    drawer) and ``settled`` (what stands against the debits), fen."""
    cash = f"p.account IN ({_listed(accounts)})"
    head = {"kind": _TEXT, "doc_no": _TEXT, "date": pl.Date(), "content": _TEXT, "reversing": _INT}
    return session.frame(
        f"""SELECT e.kind, e.doc_no, e.date, coalesce(o.content, e.content) AS content,
                   CAST(e.reverses IS NOT NULL AS int) AS reversing, max(CASE WHEN {cash} THEN p.cashier END) AS cashier,
                   CAST(sum(CASE WHEN {cash} THEN p.debit ELSE 0 END) AS bigint) AS taken,
                   CAST(sum(CASE WHEN {cash} THEN p.credit ELSE 0 END) AS bigint) AS given,
                   CAST(sum(CASE WHEN {cash} THEN p.credit ELSE p.credit - p.debit END) AS bigint) AS settled
            FROM entry e JOIN posting p ON p.book_id = e.book_id AND p.entry_id = e.entry_id
            LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses
            WHERE e.book_id = :book_id AND {sealed("e")} AND e.entry_id IN (
                SELECT q.entry_id FROM posting q WHERE q.book_id = :book_id AND q.date = :date
                  AND q.account IN ({_listed(accounts)}))
            GROUP BY e.entry_id, e.kind, e.doc_no, e.date, o.content, e.content, e.reverses ORDER BY e.entry_id""",
        {**head, "cashier": _TEXT, "taken": _INT, "given": _INT, "settled": _INT},
        book_id=book_id,
        date=date,
    ).with_columns(pl.col("reversing").cast(pl.Boolean))


def bank_turnover(session: Session, book_id: int, date: dt.date) -> dict[str, int]:
    """Bank account → Σ debit − credit of the lines of a day, from the lines themselves."""
    rows = session.rows(
        f"""SELECT p.account, sum(p.debit - p.credit) FROM posting p
            WHERE p.book_id = :book_id AND p.account >= '1002.' AND p.account < '1002/' AND p.date = :date AND {sealed("p")}
            GROUP BY p.account""",
        book_id=book_id,
        date=date,
    )
    return {str(account): int(amount) for account, amount in rows}


def openings(session: Session, book_id: int) -> pl.DataFrame:
    """The opening documents: ``doc_no, date, content``."""
    return session.frame(
        f"""SELECT e.doc_no, e.date, e.content FROM entry e WHERE e.book_id = :book_id AND e.kind = 'opening'
            AND e.reverses IS NULL AND {sealed("e")}""",
        {"doc_no": _TEXT, "date": pl.Date(), "content": _TEXT},
        book_id=book_id,
    )


# -- batches -----------------------------------------------------------------------------


def batch_by_key(session: Session, book_id: int, key: str) -> tuple[int, str] | None:
    """``(batch_id, recorded_at)`` of the sealed batch with this key."""
    rows = session.rows(
        """SELECT b.batch_id, b.recorded_at FROM batch b
           JOIN seal s ON s.book_id = b.book_id AND s.batch_id = b.batch_id
           WHERE b.book_id = :b AND b.batch_key = :key""",
        b=book_id,
        key=key,
    )
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def posted_documents(session: Session, book_id: int, kind: str, numbers: pl.Series) -> pl.DataFrame:
    """Which of these document numbers of a kind are posted: ``doc_no, content, batch_id, recorded_at``
    and ``voucher`` (null for a fact)."""
    session.want("number", numbers)
    schema = {
        "doc_no": _TEXT, "content": _TEXT, "batch_id": _INT, "recorded_at": _TEXT,
        "period": _TEXT, "vtype": _TEXT, "vno": _INT,
    }  # fmt: skip
    numbered = {
        "entry": "d.period, d.vtype, d.vno",
        "fact": "CAST(NULL AS text) AS period, CAST(NULL AS text) AS vtype, CAST(NULL AS bigint) AS vno",
    }
    parts = [
        session.frame(
            f"""SELECT d.doc_no, d.content, b.batch_id, b.recorded_at, {numbered[table]}
                FROM want_number w CROSS JOIN {table} d
                JOIN batch b ON b.book_id = d.book_id AND b.batch_id = d.batch_id
                WHERE d.doc_no = w.value AND d.book_id = :b AND d.kind = :kind""",
            schema,
            b=book_id,
            kind=kind,
        )
        for table in ("entry", "fact")
    ]
    return pl.concat(parts).with_columns(voucher_name()).drop("period", "vtype", "vno")


def heads(session: Session, book_id: int) -> tuple[int, int, int]:
    """The next free ``(batch_id, entry_id, fact_id)``."""
    rows = session.rows(
        """SELECT coalesce(max(batch_id), 0) + 1, coalesce(max(first_entry + entries - 1), 0) + 1,
                  coalesce(max(first_fact + facts - 1), 0) + 1 FROM batch WHERE book_id = :b""",
        b=book_id,
    )
    batch, entry, fact = rows[0]
    return int(batch), int(entry), int(fact)


def last_vouchers(session: Session, book_id: int) -> pl.DataFrame:
    """``period, vtype, last_no``: the voucher numbers (凭证号) given so far."""
    return session.frame(
        "SELECT period, vtype, max(last_no) AS last_no FROM voucher_mark WHERE book_id = :b GROUP BY period, vtype",
        {"period": _TEXT, "vtype": _TEXT, "last_no": _INT},
        b=book_id,
    )


def has_live_entries(session: Session, book_id: int) -> bool:
    """Whether anything but the opening (E01) is posted."""
    rows = session.rows(
        f"SELECT 1 FROM entry e WHERE e.book_id = :book_id AND e.event <> 'E01' AND {sealed('e')} LIMIT 1",
        book_id=book_id,
    )
    return bool(rows)


def entry_by(session: Session, book_id: int, *, entry_id: int = 0, kind: str = "", doc_no: str = "") -> pl.DataFrame:
    """Sealed entries by id, or by document number (and kind, where given)."""
    return session.frame(
        f"""SELECT e.entry_id, e.batch_id, e.date, e.vtype, e.vno, e.period, e.kind, e.event, e.doc_no, e.memo,
                   e.reverses, (SELECT r.entry_id FROM entry r WHERE r.book_id = e.book_id AND r.reverses = e.entry_id)
                   AS reversed_by
            FROM entry e WHERE e.book_id = :book_id AND {sealed('e')}
              AND (e.entry_id = :entry_id OR (e.doc_no = :doc_no AND (:kind = '' OR e.kind = :kind)))
            ORDER BY e.entry_id""",
        {
            "entry_id": _INT, "batch_id": _INT, "date": pl.Date(), "vtype": _TEXT, "vno": _INT, "period": _TEXT,
            "kind": _TEXT, "event": _TEXT, "doc_no": _TEXT, "memo": _TEXT, "reverses": _INT, "reversed_by": _INT,
        },
        book_id=book_id,
        entry_id=entry_id,
        kind=kind,
        doc_no=doc_no,
    )  # fmt: skip


def entry_by_voucher(session: Session, book_id: int, period: str, vtype: str, vno: int) -> int | None:
    """The entry with this voucher number."""
    rows = session.rows(
        f"""SELECT entry_id FROM entry WHERE book_id = :book_id AND period = :period AND vtype = :vtype
            AND vno = :vno AND {sealed("entry")}""",
        book_id=book_id,
        period=period,
        vtype=vtype,
        vno=vno,
    )
    return int(rows[0][0]) if rows else None


def documents_like(session: Session, book_id: int, kind: str, number: str) -> int:
    """How many documents of a kind go by this number, or by it and a counter."""
    rows = session.rows(
        """SELECT count(*) FROM entry WHERE book_id = :b AND kind = :kind
           AND (doc_no = :n OR (doc_no >= :n || '-' AND doc_no < :n || '-T'))""",
        b=book_id,
        kind=kind,
        n=number,
    )
    return int(rows[0][0])


def hands(session: Session, book_id: int, batch_id: int) -> tuple[str, bool]:
    """Who entered a batch, and whether it is accepted."""
    rows = session.rows(
        """SELECT b.operator, CAST(EXISTS (
               SELECT 1 FROM fact f WHERE f.book_id = b.book_id AND f.kind = 'acceptance'
                 AND f.doc_no = CAST(b.batch_id AS text)) AS int)
           FROM batch b WHERE b.book_id = :b AND b.batch_id = :n""",
        b=book_id,
        n=batch_id,
    )
    return str(rows[0][0]), bool(rows[0][1])


def opening_total(session: Session, book_id: int) -> int:
    """Number of sealed opening entries (E01)."""
    rows = session.rows(
        f"SELECT count(*) FROM entry e WHERE e.book_id = :book_id AND e.event = 'E01' AND {sealed('e')}",
        book_id=book_id,
    )
    return int(rows[0][0])
