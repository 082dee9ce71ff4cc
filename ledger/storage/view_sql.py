"""The SQL of ``ledger.views``: what is asked of the journal when somebody reads it.

Sealed rows only: a line counts from the moment its batch is sealed. Balances are
sums of ``balance_delta`` (day × account × dimensions, written by the seal; ``''``
stands there for a dimension a line does not carry), lines come from ``posting``
and ``entry``. The opening (E01) is a balance, never turnover: where a period
contains its date, :func:`opening_turnover` says what to move from the turnover
to the opening. Portable between SQLite and PostgreSQL; text is assembled from the
fixed pieces of this module only, values travel as parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

DIMENSIONS = ("branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document")
"""Dimension columns of ``posting``, in their order."""

DELTA_DIMENSIONS = ("branch", "bank", "cashier", "fund", "item")
"""Those of them that ``balance_delta`` keeps."""

SEALED = "(SELECT coalesce(max(last_entry), 0) FROM seal WHERE book_id = :book_id)"

ENTRY_COLUMNS = (
    "entry_id", "date", "period", "vtype", "vno", "kind", "event", "doc_no", "memo", "reverses", "caused_by",
    "maker", "checker", "approver", "sheet", "row",
)  # fmt: skip


def literal(texts: Iterable[str]) -> str:
    """Words of the code or the chart as an SQL list; letters, digits, ``. _ -`` only.

    Raises:
        ValueError: for anything that would need quoting.
    """
    listed = list(texts)
    for text in listed:
        if not text.replace(".", "").replace("-", "").replace("_", "").isalnum():
            raise ValueError(text)
    return ", ".join(f"'{text}'" for text in listed) or "NULL"


def under(column: str, prefixes: Sequence[str]) -> str:
    """``column`` is one of these accounts or below one of them (``1122`` covers ``1122.01``)."""
    tests = [f"{column} IN ({literal(prefixes)})", *(f"{column} LIKE '{prefix}.%'" for prefix in prefixes)]
    return f"({' OR '.join(tests)})"


def _where(conditions: Iterable[str]) -> str:
    return " AND ".join(condition for condition in conditions if condition)


def _equal(prefix: str, names: Sequence[str]) -> list[str]:
    return [f"{prefix}{name} = :{name}" for name in names]


def turnover(keys: Sequence[str], *, accounts: Sequence[str] = (), equal: Sequence[str] = ()) -> str:
    """Per ``keys``: signed ``opening`` before ``:start``, ``debit`` and ``credit`` up to ``:end``.

    ``keys`` and ``equal`` (columns that must equal the parameter of their name) are
    ``account`` and :data:`DELTA_DIMENSIONS`; ``accounts`` are families.
    """
    conditions = ["book_id = :book_id", "date <= :end", accounts and under("account", accounts), *_equal("", equal)]
    listed = ", ".join(keys)
    return f"""SELECT {listed},
               CAST(sum(CASE WHEN date < :start THEN debit - credit ELSE 0 END) AS bigint) AS opening,
               CAST(sum(CASE WHEN date >= :start THEN debit ELSE 0 END) AS bigint) AS debit,
               CAST(sum(CASE WHEN date >= :start THEN credit ELSE 0 END) AS bigint) AS credit
           FROM balance_delta WHERE {_where(conditions)} GROUP BY {listed}"""


def opening_turnover(keys: Sequence[str], *, accounts: Sequence[str] = (), equal: Sequence[str] = ()) -> str:
    """Debit and credit of the opening (E01) dated within ``:start``–``:end``, per ``keys``."""
    conditions = [
        "p.book_id = :book_id",
        "e.event = 'E01'",
        "e.date BETWEEN :start AND :end",
        f"p.entry_id <= {SEALED}",
        accounts and under("p.account", accounts),
        *_equal("p.", equal),
    ]
    listed = ", ".join(f"coalesce(p.{key}, '') AS {key}" for key in keys)
    grouped = ", ".join(f"coalesce(p.{key}, '')" for key in keys)
    return f"""SELECT {listed}, CAST(sum(p.debit) AS bigint) AS debit, CAST(sum(p.credit) AS bigint) AS credit
           FROM entry e JOIN posting p ON p.book_id = e.book_id AND p.entry_id = e.entry_id
           WHERE {_where(conditions)} GROUP BY {grouped}"""


def lines(
    *,
    accounts: Sequence[str] = (),
    equal: Sequence[str] = (),
    kinds: Sequence[str] = (),
    before: bool = False,
    live: bool = False,
) -> str:
    """Posting lines with the columns of their entry, in the order of the books.

    Parameters ``:start`` and ``:end`` (business dates), one per name in ``equal``
    and ``:entry_id`` with ``before`` (only entries before it). ``kinds`` keeps entries of
    these document kinds and their reversals; ``live`` leaves the opening out.
    ``origin`` is the kind of the document itself: a reversal's is that of its original.
    """
    conditions = [
        "p.book_id = :book_id",
        "p.date BETWEEN :start AND :end",
        f"p.entry_id <= {SEALED}",
        accounts and under("p.account", accounts),
        *_equal("p.", equal),
        f"coalesce(o.kind, e.kind) IN ({literal(kinds)})" if kinds else "",
        "p.entry_id < :entry_id" if before else "",
        "e.event <> 'E01'" if live else "",
    ]
    return f"{_LINES} WHERE {_where(conditions)} {_ORDER}"


def lines_of_entries(*, wanted: bool = False) -> str:
    """All lines of one entry (``:entry_id``), or of those in the temporary table ``want_entry``."""
    join = "JOIN want_entry w ON w.value = p.entry_id" if wanted else ""
    one = "" if wanted else "p.entry_id = :entry_id"
    conditions = ["p.book_id = :book_id", one, f"p.entry_id <= {SEALED}"]
    return f"{_LINES} {join} WHERE {_where(conditions)} {_ORDER}"


_LINES = f"""SELECT {", ".join(f"e.{name}" for name in ENTRY_COLUMNS)}, coalesce(o.kind, e.kind) AS origin,
           p.line, p.account, p.debit, p.credit, {", ".join(f"p.{name}" for name in DIMENSIONS)}
       FROM posting p
       JOIN entry e ON e.book_id = p.book_id AND e.entry_id = p.entry_id
       LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses"""

_ORDER = "ORDER BY e.date, p.entry_id, p.line"


CONTRA = f"""SELECT p.entry_id, p.line, p.account, p.debit, p.credit, p.fund
   FROM posting p WHERE p.book_id = :book_id AND p.entry_id <= {SEALED} AND p.entry_id IN (
       SELECT q.entry_id FROM posting q
       WHERE q.book_id = :book_id AND q.account = :account AND q.date BETWEEN :start AND :end)
   ORDER BY p.entry_id, p.line"""
"""All lines of the entries that touch ``:account`` within ``:start``–``:end``: what stands against it."""


def open_items(keys: Sequence[str], *, accounts: Sequence[str], equal: Sequence[str] = ()) -> str:
    """Signed ``amount`` ≠ 0 per ``keys`` up to ``:as_of``; ``since``: date of its first line."""
    conditions = [
        "p.book_id = :book_id",
        "p.date <= :as_of",
        under("p.account", accounts),
        # in the words of the partial index on customers
        "p.customer IS NOT NULL AND p.account NOT LIKE '2241.02%'" if "customer" in equal else "",
        f"p.entry_id <= {SEALED}",
        *_equal("p.", equal),
    ]
    listed = ", ".join(f"p.{key}" for key in keys)
    return f"""SELECT {listed}, max(p.branch) AS branch, CAST(sum(p.debit - p.credit) AS bigint) AS amount,
               min(p.date) AS since
           FROM posting p WHERE {_where(conditions)}
           GROUP BY {listed} HAVING sum(p.debit - p.credit) <> 0 ORDER BY {listed}"""


def entries(
    *,
    account: bool = False,
    customer: bool = False,
    document: bool = False,
    period: bool = False,
    kind: bool = False,
    count: bool = False,
) -> str:
    """Entries within ``:start``–``:end``, filtered, one page (``:limit``, ``:offset``), or their number.

    ``account`` (``:account`` and ``:below`` = code + ``.%``), ``customer`` and ``document``
    (the entry's own number or one on a line) ask that a line of the entry has it.
    """
    touched = []
    if account:
        touched.append("(p.account = :account OR p.account LIKE :below)")
    if customer:
        touched.append("p.customer = :customer")
    line = f"""EXISTS (SELECT 1 FROM posting p WHERE p.book_id = e.book_id AND p.entry_id = e.entry_id
               AND {_where(touched)})"""
    named = """(e.doc_no = :document OR EXISTS (SELECT 1 FROM posting d WHERE d.book_id = e.book_id
               AND d.entry_id = e.entry_id AND d.document = :document))"""
    conditions = [
        "e.book_id = :book_id",
        "e.date BETWEEN :start AND :end",
        f"e.entry_id <= {SEALED}",
        line if touched else "",
        named if document else "",
        "e.period = :period" if period else "",
        "e.kind = :kind" if kind else "",
    ]
    if count:
        return f"SELECT count(*) FROM entry e WHERE {_where(conditions)}"
    return f"""SELECT e.entry_id FROM entry e WHERE {_where(conditions)}
           ORDER BY e.date, e.entry_id LIMIT :limit OFFSET :offset"""


def find_entry(*, by: str) -> str:
    """Ids of the entries named by ``id``, ``voucher``, ``document`` (kind and number) or ``number``."""
    test = {
        "id": "e.entry_id = :entry_id",
        "voucher": "e.period = :period AND e.vtype = :vtype AND e.vno = :vno",
        "vouchers": "e.vtype = :vtype AND e.vno = :vno",
        "document": "e.kind = :kind AND e.doc_no = :doc_no",
        "number": "e.doc_no = :doc_no",
    }[by]
    return f"""SELECT e.entry_id, e.kind, e.doc_no, e.period, e.vtype, e.vno FROM entry e
           WHERE e.book_id = :book_id AND {test} AND e.entry_id <= {SEALED} ORDER BY e.entry_id"""


ENTRY_HEAD = f"""SELECT {", ".join(f"e.{name}" for name in ENTRY_COLUMNS)}, e.content, e.batch_id,
       b.source_name, b.source_sha256, b.operator, b.recorded_at,
       (SELECT r.entry_id FROM entry r WHERE r.book_id = e.book_id AND r.reverses = e.entry_id
        AND r.entry_id <= {SEALED}) AS reversed_by
   FROM entry e JOIN batch b ON b.book_id = e.book_id AND b.batch_id = e.batch_id
   WHERE e.book_id = :book_id AND e.entry_id = :entry_id AND e.entry_id <= {SEALED}"""
"""One entry with its batch and, where it was reversed, by which entry."""

STATE = f"""SELECT coalesce(max(seq), 0), {SEALED}, max(sealed_at) FROM seal WHERE book_id = :book_id"""
"""How far the book is sealed: number of seals, last entry, when."""

DATES = f"""SELECT min(date), max(date) FROM entry WHERE book_id = :book_id AND entry_id <= {SEALED}"""
"""First and last business date with an entry."""
