"""The SQL of ``ledger.views``: what is asked of the journal when somebody reads it.

Sealed rows only: a line counts from the moment its batch is sealed. Balances are
sums of ``balance_delta`` (day × account × dimensions, written by the seal; ``''``
stands there for a dimension a line does not carry), lines come from ``posting``
and ``entry``. Portable between SQLite and PostgreSQL; text is assembled from the
fixed pieces of this module only, values travel as parameters.

Ways in, so that a month costs the same in a long journal as in a short one: by
account and date (index of ``posting``), by customer (its partial index), by number
(unique keys of ``entry``), else by the batches whose deltas have the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

DIMENSIONS = ("branch", "bank", "cashier", "customer", "bill_month", "fund", "item", "staff", "document")
"""Dimension columns of ``posting``, in their order."""

DELTA_DIMENSIONS = ("branch", "bank", "cashier", "fund", "item")
"""Those of them that ``balance_delta`` keeps."""

ENTRY_COLUMNS = (
    "entry_id", "date", "period", "vtype", "vno", "kind", "event", "doc_no", "memo", "reverses", "caused_by",
    "maker", "checker", "approver", "sheet", "row",
)  # fmt: skip

SEALED = "(SELECT coalesce(max(last_entry), 0) FROM seal WHERE book_id = :book_id)"
"""The last sealed entry."""

# CROSS JOIN: the order of the tables is the order of the search, in SQLite too.
_REMNANT = """SELECT x.entry_id FROM batch u CROSS JOIN entry x
    WHERE u.book_id = :book_id AND x.book_id = u.book_id
      AND NOT EXISTS (SELECT 1 FROM seal s WHERE s.book_id = u.book_id AND s.batch_id = u.batch_id)
      AND x.entry_id >= u.first_entry AND x.entry_id < u.first_entry + u.entries"""

_FACT_REMNANT = """SELECT x.fact_id FROM batch u CROSS JOIN fact x
    WHERE u.book_id = :book_id AND x.book_id = u.book_id
      AND NOT EXISTS (SELECT 1 FROM seal s WHERE s.book_id = u.book_id AND s.batch_id = u.batch_id)
      AND x.fact_id >= u.first_fact AND x.fact_id < u.first_fact + u.facts"""

_DATED = """SELECT d.batch_id FROM balance_delta d WHERE d.book_id = :book_id AND d.date BETWEEN :start AND :end"""
"""Batches with lines in the period; only sealed ones have deltas."""


def sealed(alias: str) -> str:
    """Rows of sealed batches only.

    SQLite can hold a batch that was committed without its seal; later batches begin behind
    it, so the last sealed number alone would let it in. The set is empty but for that.
    The plus keeps SQLite from searching by this bound, which holds nearly all rows.
    """
    return f"+{alias}.entry_id <= {SEALED} AND +{alias}.entry_id NOT IN ({_REMNANT})"


def sealed_fact(alias: str) -> str:
    """The same for facts."""
    last = "(SELECT coalesce(max(last_fact), 0) FROM seal WHERE book_id = :book_id)"
    return f"+{alias}.fact_id <= {last} AND +{alias}.fact_id NOT IN ({_FACT_REMNANT})"


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


def under(column: str, families: Sequence[str]) -> str:
    """``column`` is one of these accounts or below one of them (``1122`` covers ``1122.01``).

    Text compares by bytes: what is below ``1122`` is the range from ``1122.`` up to ``1122/``,
    the character after the dot.
    """
    literal(families)
    tests = " OR ".join(
        f"{column} = '{family}' OR ({column} >= '{family}.' AND {column} < '{family}/')" for family in families
    )
    return f"({tests})"


def _where(*conditions: str) -> str:
    return " AND ".join(condition for condition in conditions if condition)


def _equal(prefix: str, names: Sequence[str]) -> str:
    return _where(*(f"{prefix}{name} = :{name}" for name in names))


def _without_customer(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "customer"]


def _of_customer(families: Sequence[str] = ()) -> str:
    """Lines ``p`` of ``:customer``, on these families.

    Through the customer's entries, which his partial index gives by itself (it leaves collected
    levies out, but an entry with those has a line on his bill as well). The customer stands
    there as a query of its own: SQLite would put a plain value into the words of the index
    too, and would no longer know it by them.
    """
    return _where(
        """p.book_id = :book_id AND p.entry_id IN (
               SELECT c.entry_id FROM posting c WHERE c.book_id = :book_id AND c.customer = (SELECT :customer)
                 AND c.customer IS NOT NULL AND c.account NOT LIKE '2241.02%')""",
        "p.customer = :customer",
        under("p.account", families) if families else "",
    )


def _of_accounts(families: Sequence[str]) -> str:
    """Lines ``p`` of the book's accounts ``a`` of these families: one search by index per account."""
    return _where(
        "a.book_id = :book_id", under("a.account", families), "p.book_id = a.book_id", "p.account = a.account"
    )


# -- balances ----------------------------------------------------------------------------


def turnover(keys: Sequence[str], *, accounts: Sequence[str] = (), equal: Sequence[str] = ()) -> str:
    """Per ``keys``: signed ``opening`` before ``:start``, ``debit`` and ``credit`` up to ``:end``.

    On the day of the cut-over stands the opening (E01) alone, by law: it counts as opening
    whatever ``:start``. ``keys`` and ``equal`` (columns that must equal the parameter of their
    name) are ``account`` and :data:`DELTA_DIMENSIONS`; ``accounts`` are families.
    """
    listed = ", ".join(keys)
    carried = "date < :start OR date <= (SELECT cutover FROM book WHERE book_id = :book_id)"
    family = under("account", accounts) if accounts else ""
    return f"""SELECT {listed},
               CAST(sum(CASE WHEN {carried} THEN debit - credit ELSE 0 END) AS bigint) AS opening,
               CAST(sum(CASE WHEN {carried} THEN 0 ELSE debit END) AS bigint) AS debit,
               CAST(sum(CASE WHEN {carried} THEN 0 ELSE credit END) AS bigint) AS credit
           FROM balance_delta
           WHERE {_where("book_id = :book_id", "date <= :end", family, _equal("", equal))}
           GROUP BY {listed}"""


def open_items(keys: Sequence[str], *, accounts: Sequence[str], equal: Sequence[str] = ()) -> str:
    """Signed ``amount`` ≠ 0 per ``keys`` up to ``:as_of``; ``since``: date of its first line."""
    if "customer" in equal:
        tables, way = "posting p", _of_customer(accounts)
    else:
        tables, way = "account a CROSS JOIN posting p", _of_accounts(accounts)
    conditions = _where(way, "p.date <= :as_of", sealed("p"), _equal("p.", _without_customer(equal)))
    # as expressions: SQLite would rather walk a whole index in the order of the groups than search
    listed = ", ".join(f"p.{key} || '' AS {key}" for key in keys)
    groups = ", ".join(str(number) for number in range(1, len(keys) + 1))
    return f"""SELECT {listed}, max(p.branch) AS branch, CAST(sum(p.debit - p.credit) AS bigint) AS amount,
               min(p.date) AS since
           FROM {tables} WHERE {conditions}
           GROUP BY {groups} HAVING sum(p.debit - p.credit) <> 0 ORDER BY {groups}"""


# -- lines -------------------------------------------------------------------------------

_COLUMNS = f"""SELECT {", ".join(f"e.{name}" for name in ENTRY_COLUMNS)}, coalesce(o.kind, e.kind) AS origin,
           p.line, p.account, p.debit, p.credit, {", ".join(f"p.{name}" for name in DIMENSIONS)}"""

_BY_LINE = """FROM posting p CROSS JOIN entry e
       LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses"""

_BY_ACCOUNT = """FROM account a CROSS JOIN posting p CROSS JOIN entry e
       LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses"""

_BY_PERIOD = """FROM entry e CROSS JOIN posting p
       LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses"""

_MEET = "e.book_id = p.book_id AND e.entry_id = p.entry_id"
_MEET_BY_PERIOD = "p.book_id = e.book_id AND p.entry_id = e.entry_id + 0"
"""A sum, so that SQLite does not carry the bounds over to the lines and search by those."""

IN_PERIOD = f"""e.book_id = :book_id AND e.date BETWEEN :start AND :end AND {sealed("e")}
    AND e.entry_id >= (SELECT min(b.first_entry) FROM batch b WHERE b.book_id = :book_id AND b.batch_id IN ({_DATED}))
    AND e.entry_id < (SELECT max(b.first_entry + b.entries) FROM batch b
                      WHERE b.book_id = :book_id AND b.batch_id IN ({_DATED}))"""
"""Entries of the period: within the numbers of the batches that have its dates."""

_ORDER = "ORDER BY e.date, p.entry_id, p.line"


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
    if "customer" in equal:
        source, way = _BY_LINE, _where(_of_customer(accounts), _MEET, sealed("p"))
    elif accounts:
        source, way = _BY_ACCOUNT, _where(_of_accounts(accounts), _MEET, sealed("p"))
    else:
        source, way = _BY_PERIOD, _where(IN_PERIOD, _MEET_BY_PERIOD)
    conditions = _where(
        way,
        "p.date BETWEEN :start AND :end",
        _equal("p.", _without_customer(equal)),
        f"coalesce(o.kind, e.kind) IN ({literal(kinds)})" if kinds else "",
        "+p.entry_id < :entry_id" if before else "",
        "e.event <> 'E01'" if live else "",
    )
    return f"{_COLUMNS} {source} WHERE {conditions} {_ORDER}"


def lines_of_entries(*, wanted: bool = False) -> str:
    """All lines of one entry (``:entry_id``), or of those in the temporary table ``want_entry``."""
    source = f"FROM want_entry w CROSS JOIN {_BY_LINE.removeprefix('FROM ')}" if wanted else _BY_LINE
    which = "p.entry_id = w.value" if wanted else "p.entry_id = :entry_id"
    return f"{_COLUMNS} {source} WHERE {_where('p.book_id = :book_id', which, _MEET, sealed('p'))} {_ORDER}"


CONTRA = f"""SELECT p.entry_id, p.line, p.account, p.debit, p.credit, p.fund
   FROM posting p WHERE p.book_id = :book_id AND p.entry_id IN (
       SELECT q.entry_id FROM posting q
       WHERE q.book_id = :book_id AND q.account = :account AND q.date BETWEEN :start AND :end AND {sealed("q")})
   ORDER BY p.entry_id, p.line"""
"""All lines of the entries that touch ``:account`` within ``:start``–``:end``: what stands against it."""


# -- entries -----------------------------------------------------------------------------


def entries(
    *,
    account: str | None = None,
    customer: bool = False,
    document: bool = False,
    period: bool = False,
    kind: bool = False,
    count: bool = False,
) -> str:
    """Entries within ``:start``–``:end``, filtered, one page (``:limit``, ``:offset``), or their number.

    ``account`` (with what is below it) and ``customer`` ask for a line that has both;
    ``document`` is the entry's own number or one on a line.
    """
    touched = []
    family = () if account is None else (account,)
    if customer:
        touched.append(f"e.entry_id IN (SELECT p.entry_id FROM posting p WHERE {_of_customer(family)})")
    elif account is not None:
        line = _where(_of_accounts(family), "p.date BETWEEN :start AND :end")
        touched.append(f"e.entry_id IN (SELECT p.entry_id FROM account a CROSS JOIN posting p WHERE {line})")
    if document:
        touched.append(
            """(e.doc_no = :document OR e.entry_id IN (
               SELECT d.entry_id FROM posting d WHERE d.book_id = :book_id AND d.document = :document))"""
        )
    named = _where("e.book_id = :book_id", "e.date BETWEEN :start AND :end", sealed("e"))
    way = named if touched else IN_PERIOD
    conditions = _where(way, *touched, "e.period = :period" if period else "", "e.kind = :kind" if kind else "")
    if count:
        return f"SELECT count(*) FROM entry e WHERE {conditions}"
    return f"SELECT e.entry_id FROM entry e WHERE {conditions} ORDER BY e.date, e.entry_id LIMIT :limit OFFSET :offset"


def find_entry(*, by: str, kinds: Sequence[str] = ()) -> str:
    """Ids of the entries of a name.

    ``by``: ``id``, ``voucher`` (with ``:period``), ``vouchers`` (of any month), ``document`` (kind and
    number) or ``number`` (of any of ``kinds``, all there are: so the unique key can be used).
    """
    marked = """FROM voucher_mark m CROSS JOIN batch b CROSS JOIN entry e
        WHERE m.book_id = :book_id AND m.vtype = :vtype AND m.first_no <= :vno AND m.last_no >= :vno
          AND b.book_id = m.book_id AND b.batch_id = m.batch_id
          AND e.book_id = b.book_id AND e.entry_id >= b.first_entry AND e.entry_id < b.first_entry + b.entries
          AND e.period = m.period AND e.vtype = m.vtype AND e.vno = :vno"""
    named = "FROM entry e WHERE e.book_id = :book_id"
    source = {
        "id": f"{named} AND e.entry_id = :entry_id",
        "voucher": f"{marked} AND m.period = :period",
        "vouchers": marked,
        "document": f"{named} AND e.kind = :kind AND e.doc_no = :doc_no",
        "number": f"{named} AND e.kind IN ({literal(kinds)}) AND e.doc_no = :doc_no",
    }[by]
    return f"""SELECT e.entry_id, e.kind, e.doc_no, e.period, e.vtype, e.vno {source}
           AND {sealed("e")} ORDER BY e.entry_id"""


CHECKPOINT = """SELECT first_leaf + leaves, root FROM log WHERE book_id = :book_id ORDER BY seq DESC LIMIT 1"""
"""Size and root of the log."""

FLAGS = """SELECT b.first_entry AS entry_id,
    CASE WHEN b.kind = 'month_close' OR EXISTS (
        SELECT 1 FROM fact f WHERE f.book_id = b.book_id AND f.kind = 'acceptance' AND f.doc_no = CAST(b.batch_id AS text))
    THEN '*' ELSE '!' END AS flag
    FROM batch b WHERE b.book_id = :book_id AND b.entries > 0 ORDER BY b.first_entry"""
"""From which entry on which flag holds: ``*`` accepted, ``!`` posted and not accepted yet."""

ENTRY_HEAD = f"""SELECT {", ".join(f"e.{name}" for name in ENTRY_COLUMNS)}, e.content, e.batch_id,
       b.source_name, b.source_sha256, b.operator, b.recorded_at,
       (SELECT r.entry_id FROM entry r WHERE r.book_id = e.book_id AND r.reverses = e.entry_id
        AND {sealed("r")}) AS reversed_by
   FROM entry e JOIN batch b ON b.book_id = e.book_id AND b.batch_id = e.batch_id
   WHERE e.book_id = :book_id AND e.entry_id = :entry_id AND {sealed("e")}"""
"""One entry with its batch and, where it was reversed, by which entry."""

# -- documents ---------------------------------------------------------------------------

DOCUMENTS = """SELECT e.entry_id, coalesce(o.doc_no, e.doc_no) AS doc_no, e.date,
       CASE WHEN o.kind = e.kind THEN o.content ELSE e.content END AS content
   FROM want_entry w CROSS JOIN entry e
   LEFT JOIN entry o ON o.book_id = e.book_id AND o.entry_id = e.reverses AND o.kind = e.kind
   WHERE e.book_id = :book_id AND e.entry_id = w.value AND e.kind = :kind ORDER BY e.entry_id"""
"""What the documents of the entries in ``want_entry`` say; a red copy says what its original does."""


def documents_named(kinds: Sequence[str]) -> str:
    """Entries of these kinds that go by a number of the temporary table ``want_document``."""
    return f"""SELECT e.entry_id, e.kind, e.doc_no, e.date, e.content FROM want_document w CROSS JOIN entry e
           WHERE e.book_id = :book_id AND e.kind IN ({literal(kinds)}) AND e.doc_no = w.value AND {sealed("e")}
           ORDER BY e.entry_id"""


def facts(*, subjects: bool = False, latest: bool = False) -> str:
    """Facts of a kind (``:kind``) up to ``:as_of``: of the subjects in ``want_subject``, of each the latest."""
    table = "want_subject w CROSS JOIN fact f" if subjects else "fact f"
    asked = "f.subject = w.value" if subjects else ""
    own = _where(
        "f.book_id = :book_id", "f.kind = :kind", asked, "(f.date IS NULL OR f.date <= :as_of)",
        "EXISTS (SELECT 1 FROM seal s WHERE s.book_id = f.book_id AND s.batch_id = f.batch_id)",
    )  # fmt: skip
    if latest:
        newest = f"SELECT max(f.fact_id) FROM {table} WHERE {own} GROUP BY f.subject"
        own, table = f"f.book_id = :book_id AND f.fact_id IN ({newest})", "fact f"
    return f"SELECT f.fact_id, f.doc_no, f.date, f.content FROM {table} WHERE {own} ORDER BY f.fact_id"


# -- the book ----------------------------------------------------------------------------

STATE = f"SELECT coalesce(max(seq), 0), {SEALED}, max(sealed_at) FROM seal WHERE book_id = :book_id"
"""How far the book is sealed: number of seals, last entry, when."""

DATES = "SELECT min(date) AS first_date, max(date) AS last_date FROM balance_delta WHERE book_id = :book_id"
"""First and last business date with an entry."""
