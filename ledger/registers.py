"""Views for the registers: receipts, sales, collections, and what their documents say.

Figures come from the lines of the journal (``ledger.views``); what no line carries
(volumes, reading codes, reasons, names) is read from the stored documents and
facts. Amounts are fen, signed as the register states them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from ledger import collection, views
from ledger.accounts import Chart
from ledger.book import Book
from ledger.state import decode
from ledger.storage import view_sql as sql
from ledger.storage.engine import Session
from ledger.views import DATE, FEN, TEXT

TENDERS = (
    "cash_receipt", "removed_meter_receipt", "back_charge_receipt", "partial_payment", "general_deposit",
    "builder_prepayment", "materials", "tm_sale", "scan_receipt", "cheque_receipt", "slip_receipt",
    "transfer_receipt", "short_payment", "collection_result", "debit_slip", "debit_list", "identify", "slip_expired",
)  # fmt: skip
"""Documents that take money of customers; what takes it back again is of the same origin."""

OTHER_RECEIPTS: Mapping[str, str] = {
    "interest": "interest",
    "cash_difference": "difference",
    "scan_settlement": "fee",
    "bank_charge": "bank_charge",
}
"""Kinds that change the money of a fund and are no tender."""

PASSED_ON = (views.HO_TRANSFER, "levy_remittance")
INTEREST_FUND = "银行存款利息"
CHARGES = ("charge", "back_charge", "tm_recognition")

PARTS = ("settled", "late", "held", "over", "short", "pending", "other")
"""What a tender is made of: bills settled, late charge, advances held, 多转, 少转 (less), direct debits
not yet allotted, and sales of other kinds. settled + late + held + over − short + pending + other = money."""


# -- documents and facts -----------------------------------------------------------------


def documents(session: Session, book_id: int, kind: str, entries: pl.Series) -> pl.DataFrame:
    """The rows that the documents of these entries were made of, typed, with ``entry_id``.

    Entries of other kinds have none; the red copy of an entry has the rows of its original.
    """
    session.want("entry", entries)
    schema = {"entry_id": FEN, "doc_no": TEXT, "date": DATE, "content": TEXT}
    stored = session.frame(sql.DOCUMENTS, schema, book_id=book_id, kind=kind)
    rows = decode(stored.with_columns(doc_no=pl.col("entry_id").cast(pl.String)), kind)
    return (
        rows.with_columns(entry_id=pl.col("doc_no").cast(pl.Int64))
        .drop("doc_no", "date")
        .join(stored.select("entry_id", "doc_no", "date"), on="entry_id", how="left", maintain_order="left")
    )


def facts(
    session: Session,
    book_id: int,
    kind: str,
    as_of: dt.date,
    *,
    subjects: pl.Series | None = None,
    latest: bool = False,
) -> pl.DataFrame:
    """Facts of a kind known on a day, typed; of some customers only, of each the latest only."""
    if subjects is not None:
        session.want("subject", subjects)
    text = sql.facts(subjects=subjects is not None, latest=latest)
    schema = {"fact_id": FEN, "doc_no": TEXT, "date": DATE, "content": TEXT}
    return decode(session.frame(text, schema, book_id=book_id, kind=kind, as_of=as_of), kind)


def customers(session: Session, book_id: int, names: pl.Series, as_of: dt.date) -> pl.DataFrame:
    """Master data of customers as it stood on a day: ``customer, name, stream, pay_mode, kind, branch, payer_account …``."""
    known = facts(session, book_id, "customers", as_of, subjects=names.drop_nulls(), latest=True)
    return known.unique("customer", keep="last", maintain_order=True)


def bills(session: Session, book_id: int, numbers: pl.Series, as_of: dt.date) -> pl.DataFrame:
    """How bills were charged: ``document, kind, customer, usage_class, volume, read_code, charged_on, gross``.

    ``volume`` and ``gross`` are those of the charge, before any reduction.
    """
    schema = {"document": TEXT, "kind": TEXT, "customer": TEXT, "usage_class": TEXT, "volume": FEN, "read_code": TEXT,
              "charged_on": DATE, "gross": FEN}  # fmt: skip
    session.want("document", numbers)
    heads = {"entry_id": FEN, "kind": TEXT, "doc_no": TEXT, "date": DATE, "content": TEXT}
    stored = session.frame(sql.documents_named(CHARGES), heads, book_id=book_id)
    owed = (
        lines_of(session, book_id, stored["entry_id"])
        .filter(pl.col("account").str.starts_with(f"{views.RECEIVABLES}."))
        .group_by("entry_id")
        .agg(gross=(pl.col("debit") - pl.col("credit")).sum())
    )
    stored = stored.join(owed, on="entry_id", how="left", maintain_order="left")
    parts = [pl.DataFrame(schema=schema)]
    for kind in CHARGES:
        own = stored.filter(pl.col("kind") == kind)
        rows = decode(own, kind)
        if "read_code" not in rows.columns:
            rows = rows.with_columns(read_code=pl.lit(None, pl.String))
        if "usage_class" not in rows.columns:
            rows = rows.with_columns(usage_class=pl.lit(None, pl.String))
        rows = rows.join(own.select("doc_no", "gross"), on="doc_no", how="left", maintain_order="left")
        parts.append(rows.with_columns(document="doc_no", charged_on="date", kind=pl.lit(kind)).select(list(schema)))
    opened = facts(session, book_id, "opening_bills", as_of)
    opened = opened.filter(pl.col("bill_no").is_in(numbers.drop_nulls().unique().implode()))
    amounts = ("net", "sewage", "water_resource", "surcharge", "tax_line")
    parts.append(
        opened.with_columns(
            document="bill_no",
            kind=pl.lit("opening_bills"),
            charged_on=pl.format("{}-01", "bill_month").str.to_date("%Y-%m-%d"),
            gross=pl.sum_horizontal(pl.col(name).fill_null(0) for name in amounts),
        ).select(list(schema))
    )
    return pl.concat(parts).unique("document", keep="first", maintain_order=True)


def lines_of(session: Session, book_id: int, entries: pl.Series) -> pl.DataFrame:
    """All lines of these entries (:data:`ledger.views.LINE_SCHEMA` and ``voucher``)."""
    session.want("entry", entries)
    frame = session.frame(sql.lines_of_entries(wanted=True), views.LINE_SCHEMA, book_id=book_id)
    return frame.with_columns(voucher=views.voucher())


def opening_dates(session: Session, book_id: int, cutover: dt.date, accounts: Sequence[str]) -> pl.DataFrame:
    """``account, document, item_date``: since when the items of the opening have been open."""
    opened = views.lines(session, book_id, cutover, cutover, accounts=accounts).filter(pl.col("event") == "E01")
    rows = documents(session, book_id, "opening", opened["entry_id"].unique())
    dated = rows.filter(pl.col("account").is_in(list(accounts)) & pl.col("item_date").is_not_null())
    return dated.select("account", "document", "item_date").unique(["account", "document"], keep="first")


# -- receipts ----------------------------------------------------------------------------


def receipts(session: Session, book_id: int, start: dt.date, end: dt.date, *, book: Book, chart: Chart) -> pl.DataFrame:
    """Every line that changes money in hand, in the bank or under way, with what it is.

    Adds to the columns of a line ``amount`` (debit − credit), ``section`` (tender | interest | difference | fee |
    bank_charge | suspense | passed_on | moved), ``way`` (cash | scan | slip | cheque | collection | debit | transfer)
    and ``stream`` (resident | entity | null where neither drawer nor customer says).
    Money not yet identified (待查) counts when it is, under its fund (domain §9.2).
    """
    frame = views.lines(session, book_id, start, end, accounts=views.MONEY, live=True)
    suspense = [fund.zh for fund in book.funds if fund.kind == "suspense"]
    origin = pl.col("origin")
    section = (
        pl.when(pl.col("fund").is_in(suspense)).then(pl.lit("suspense"))
        .when(origin.is_in(TENDERS)).then(pl.lit("tender"))
        .when(origin.is_in(PASSED_ON)).then(pl.lit("passed_on"))
        .otherwise(origin.replace_strict(dict(OTHER_RECEIPTS), default="moved", return_dtype=pl.String))
    )  # fmt: skip
    cash = list(chart.role_map("cash").values())
    way = (
        pl.when(pl.col("account").is_in(cash)).then(pl.lit("cash"))
        .when(pl.col("account") == chart.role("transit_card")).then(pl.lit("scan"))
        .when(origin == "cheque_receipt").then(pl.lit("cheque"))
        .when(pl.col("account") == chart.role("transit_slip")).then(pl.lit("slip"))
        .when(origin == "collection_result").then(pl.lit("collection"))
        .when(origin.is_in(["debit_slip", "debit_list"])).then(pl.lit("debit"))
        .otherwise(pl.lit("transfer"))
    )  # fmt: skip
    frame = frame.with_columns(section=section, way=way, amount=pl.col("debit") - pl.col("credit"))
    known = customers(session, book_id, frame["customer"], end)
    drawers = {cashier.code: cashier.stream for cashier in book.cashiers}
    own = dict(known.select("customer", "stream").iter_rows())
    return frame.with_columns(
        stream=pl.when(origin.is_in(["debit_slip", "debit_list"]))
        .then(pl.lit(None, pl.String))
        .otherwise(
            pl.coalesce(
                pl.col("cashier").replace_strict(drawers, default=None, return_dtype=pl.String),
                pl.col("customer").replace_strict(own, default=None, return_dtype=pl.String),
            )
        )
    )


def settlements(session: Session, book_id: int, entries: pl.Series, *, book: Book, chart: Chart) -> pl.DataFrame:
    """What tenders were made of: one row per entry and bill, the parts without a bill on the entry's first row.

    ``entry_id, customer, bill_month, document, net, <levies>,`` :data:`PARTS`; ``settled`` = net + levies.
    """
    every = lines_of(session, book_id, entries).with_columns(gain=pl.col("credit") - pl.col("debit"))
    short, pending, over = chart.role("ar_short"), chart.role("debit_pending"), chart.role("advance_over")
    receivable = pl.col("account").str.starts_with(f"{views.RECEIVABLES}.") & (pl.col("account") != pending)
    residue = (pl.col("account") == short) & (pl.col("debit") != 0)
    levy_accounts = {chart.levy("billed", levy.item): levy.item for levy in book.levies}
    levy = pl.col("account").is_in(list(levy_accounts)) | pl.col("account").str.starts_with("2241.02")
    late = (pl.col("account") == chart.role("late_fee")) | (pl.col("item") == "late")
    advance = pl.col("account").str.starts_with(f"{views.ADVANCES}.")
    money = pl.any_horizontal(pl.col("account").str.starts_with(f"{family}.") for family in views.MONEY)
    quiet = money | levy | (pl.col("account") == chart.role("unidentified"))
    part = (
        pl.when(residue).then(pl.lit("short"))
        .when(pl.col("account") == pending).then(pl.lit("pending"))
        .when(receivable).then(pl.lit("settled"))
        .when(pl.col("account") == over).then(pl.lit("over"))
        .when(advance).then(pl.lit("held"))
        .when(quiet).then(pl.lit(None, pl.String))
        .when(late).then(pl.lit("late"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    every = every.with_columns(part=part)
    keys = ["entry_id", "customer", "bill_month", "document"]
    settled = (
        every.filter(pl.col("part") == "settled").group_by(keys, maintain_order=True).agg(settled=pl.col("gain").sum())
    )
    moved = (
        every.filter(pl.col("account").is_in(list(levy_accounts)))
        .with_columns(levy=pl.col("account").replace_strict(levy_accounts))
        .group_by(keys)
        .agg((-pl.col("gain")).filter(pl.col("levy") == item).sum().alias(item) for item in levy_accounts.values())
    )
    rest = every.group_by("entry_id").agg(
        pl.col("customer").drop_nulls().first().alias("_customer"),
        *(pl.col("gain").filter(pl.col("part") == name).sum().alias(name) for name in PARTS if name != "settled"),
    )
    items = list(levy_accounts.values())
    rows = rest.join(
        settled.join(moved, on=keys, how="left", nulls_equal=True, maintain_order="left"), on="entry_id", how="left",
        maintain_order="right",
    ).sort("entry_id", maintain_order=True)  # fmt: skip
    first = pl.int_range(pl.len()).over("entry_id") == 0
    rest_parts = [name for name in PARTS if name != "settled"]
    return (
        rows.with_columns(
            pl.coalesce("customer", "_customer").alias("customer"),
            pl.col("settled", *items).fill_null(0),
            *(pl.when(first).then(pl.col(name)).otherwise(0).alias(name) for name in rest_parts),
        )
        .with_columns(net=pl.col("settled") - pl.sum_horizontal(items), short=-pl.col("short"))
        .select(*keys, "net", *items, *PARTS)
    )


# -- sales -------------------------------------------------------------------------------


def sales(session: Session, book_id: int, start: dt.date, end: dt.date, *, book: Book, chart: Chart) -> pl.DataFrame:
    """What was billed and taken off, per entry: ``entry_id, date, origin, red, category, customer, branch, document,
    bill_month, usage_class, net, vat, revenue, <levies>, tax_line, penalty, gross``.

    ``category``: resident, entity, inspection (监察补交) or tm. ``net`` contains VAT; ``gross`` = net + levies +
    tax_line + penalty. Reductions and reversals are negative; ``red`` marks them.
    """
    frame = views.lines(session, book_id, start, end, kinds=_SALES, live=True)
    return _sales(session, book_id, frame, end, book=book, chart=chart)


def billed(session: Session, book_id: int, start: dt.date, end: dt.date, *, book: Book, chart: Chart) -> dict[str, int]:
    """Category → ``gross`` of :func:`sales` summed, for long periods: of most entries the receivable says it all."""
    families = (views.RECEIVABLES, views.ADVANCES)
    frame = views.lines(session, book_id, start, end, accounts=families, kinds=_SALES, live=True)
    account = pl.col("account")
    table = frame.group_by("entry_id").agg(
        pl.col("origin").first(),
        receivable=account.filter(account.str.starts_with(f"{views.RECEIVABLES}.")).first(),
        gross=(pl.col("debit") - pl.col("credit")).sum(),
    )
    told = _told(table, chart)
    rest = lines_of(session, book_id, told.filter(pl.col("category").is_null())["entry_id"])
    others = _sales(session, book_id, rest, end, book=book, chart=chart)
    both = pl.concat([told.drop_nulls("category").select("category", "gross"), others.select("category", "gross")])
    return dict(both.group_by("category").agg(pl.col("gross").sum()).iter_rows())


_SALES = (*views.BILLED, *views.RED)


def _sales(
    session: Session, book_id: int, frame: pl.DataFrame, end: dt.date, *, book: Book, chart: Chart
) -> pl.DataFrame:
    """The table of :func:`sales` from whole entries."""
    frame = frame.with_columns(gain=pl.col("credit") - pl.col("debit"))
    account, gain = pl.col("account"), pl.col("gain")
    levies = {levy.item: (chart.levy("billed", levy.item), chart.levy("due", levy.item)) for levy in book.levies}
    own = (account == chart.role("sales"), account == chart.role("sales_tax_line"))
    vat = account.is_in([chart.role("vat_simplified"), chart.role("vat_general"), chart.role("vat_deferred")])
    supply = vat & (pl.col("item") == book.utility)
    receivable = account.str.starts_with(f"{views.RECEIVABLES}.")
    owing = receivable | account.str.starts_with(f"{views.ADVANCES}.")
    keys = ["entry_id"]
    table = frame.group_by(keys, maintain_order=True).agg(
        pl.col("date", "origin", "reverses", "voucher", "doc_no").first(),
        pl.col("customer", "bill_month").drop_nulls().first(),
        branch=pl.coalesce(pl.col("branch").filter(own[0] | own[1]).first(), pl.col("branch").drop_nulls().first()),
        document=pl.coalesce(
            pl.col("document").filter(supply | own[0]).first(), pl.col("document").filter(owing).first()
        ),
        receivable=account.filter(receivable).first(),
        usage_class=pl.col("item").filter(own[0]).first().str.split("/").list.get(1, null_on_oob=True),
        revenue=gain.filter(own[0]).sum(),
        vat=gain.filter(supply).sum(),
        tax_line=gain.filter(own[1]).sum(),
        gross=-gain.filter(owing).sum(),
        **{item: gain.filter(account.is_in(list(pair))).sum() for item, pair in levies.items()},
    )
    table = table.with_columns(net=pl.col("revenue") + pl.col("vat"), red=pl.col("origin").is_in(views.RED))
    parts = ["net", *levies, "tax_line"]
    table = table.with_columns(penalty=pl.col("gross") - pl.sum_horizontal(parts))
    return _categories(session, book_id, table, end, chart).select(
        "entry_id", "date", "origin", "reverses", "voucher", "doc_no", "red", "category", "customer", "branch", "document",
        "bill_month", "usage_class", "net", "vat", "revenue", *levies, "tax_line", "penalty", "gross",
    )  # fmt: skip


_BY_KIND = {"back_charge": "inspection", "tm_recognition": "tm"}


def _told(table: pl.DataFrame, chart: Chart) -> pl.DataFrame:
    """With the ``category`` that ``receivable`` or else ``origin`` tells; null where neither does."""
    roles = {"ar_resident": "resident", "ar_entity": "entity", "ar_tm": "tm", "ar_inspection": "inspection"}
    by_account = {chart.role(role): category for role, category in roles.items()}
    return table.with_columns(
        category=pl.coalesce(
            pl.col("receivable").replace_strict(by_account, default=None, return_dtype=pl.String),
            pl.col("origin").replace_strict(_BY_KIND, default=None, return_dtype=pl.String),
        )
    )


def _categories(session: Session, book_id: int, table: pl.DataFrame, end: dt.date, chart: Chart) -> pl.DataFrame:
    """Whose sales they are: by the receivable, else by how the bill was charged, else by the customer."""
    table = _told(table, chart)
    unclear = table.filter(pl.col("category").is_null())
    if unclear.is_empty():
        return table
    charged = bills(session, book_id, unclear["document"], end)
    kinds = dict(charged.select("document", "kind").iter_rows())
    streams = dict(customers(session, book_id, unclear["customer"], end).select("customer", "stream").iter_rows())
    return table.with_columns(
        category=pl.coalesce(
            "category",
            pl.col("document").replace_strict(kinds, default=None, return_dtype=pl.String)
            .replace_strict(_BY_KIND, default=None, return_dtype=pl.String),
            pl.col("customer").replace_strict(streams, default=None, return_dtype=pl.String),
            pl.lit("entity"),
        )
    )  # fmt: skip


def volumes(session: Session, book_id: int, table: pl.DataFrame, end: dt.date) -> pl.DataFrame:
    """:func:`sales` with ``volume`` (signed as the amounts), ``read_code``, and for reductions the ``charged_on``
    and ``billed`` (m³ of the bill before it)."""
    parts = []
    for kind in (*CHARGES, *views.RED):
        rows = documents(session, book_id, kind, table.filter(pl.col("origin") == kind)["entry_id"])
        code = pl.col("read_code") if "read_code" in rows.columns else pl.lit(None, pl.String)
        parts.append(rows.select("entry_id", "volume", read_code=code))
    said = pl.concat(parts).unique("entry_id", keep="first")
    table = table.join(said, on="entry_id", how="left", maintain_order="left").with_columns(
        pl.col("volume").fill_null(0)
    )
    back = pl.col("reverses").is_not_null()
    sign = pl.when(pl.col("red") != back).then(-1).otherwise(1)
    table = table.with_columns(size=pl.col("volume"), volume=pl.col("volume") * sign)
    reduced = table.filter(pl.col("red"))
    if reduced.is_empty():
        return table.with_columns(charged_on=pl.col("date"), billed=pl.lit(None, pl.Int64))
    before = _billed_before(session, book_id, reduced, end)
    return table.join(before, on="entry_id", how="left", maintain_order="left").with_columns(
        charged_on=pl.coalesce("charged_on", "date"), usage_class=pl.coalesce("usage_class", "_class")
    ).drop("_class")  # fmt: skip


def _billed_before(session: Session, book_id: int, reduced: pl.DataFrame, end: dt.date) -> pl.DataFrame:
    """``entry_id, charged_on, billed, _class``: the bill of each reduction just before it."""
    charged = bills(session, book_id, reduced["document"], end).select(
        "document", "charged_on", _class="usage_class", charged="volume"
    )
    history = []
    for customer in reduced["customer"].drop_nulls().unique():
        own = views.lines(session, book_id, dt.date.min, end, kinds=views.RED, live=True, customer=customer).filter(
            pl.col("document").is_in(reduced["document"].drop_nulls().implode())
        )
        history.append(own.select("entry_id", "document", "reverses").unique("entry_id", keep="first"))
    past = pl.concat(history) if history else pl.DataFrame(schema={"entry_id": FEN, "document": TEXT, "reverses": FEN})
    said = documents(session, book_id, "reduction", past["entry_id"]).select("entry_id", off="volume")
    past = past.join(said, on="entry_id", how="left").with_columns(
        off=pl.when(pl.col("reverses").is_null()).then("off").otherwise(-pl.col("off"))
    )
    earlier = (
        # what a red copy gives back lies where its original took it
        reduced.select("entry_id", "document", at=pl.coalesce("reverses", "entry_id"))
        .join(past.select("document", other="entry_id", off="off"), on="document", how="left")
        .group_by("entry_id", "document")
        .agg(off=pl.col("off").filter(pl.col("other") < pl.col("at")).sum())
    )
    return earlier.join(charged, on="document", how="left").select(
        "entry_id", "charged_on", "_class", billed=pl.col("charged") - pl.col("off")
    )


# -- collections -------------------------------------------------------------------------


def collections(session: Session, book_id: int, end: dt.date, *, book: Book, cutover: dt.date) -> pl.DataFrame:
    """Bills sent to the bank (托收) up to a day: ``batch, channel, customer, bill_month, document, amount, bank, sent_on,
    answered_on, result, reason, voucher``; ``result``: paid, returned or open."""
    batches = facts(session, book_id, "collection_batch", end)
    opened = facts(session, book_id, "opening_bills", end)
    items = collection.sent(batches, opened, [levy.item for levy in book.levies])
    carried = items.height - batches.height
    items = items.with_columns(
        channel=pl.concat([pl.Series([None] * carried, dtype=pl.String), batches["channel"]]),
        sent_on=pl.concat([pl.Series([cutover] * carried, dtype=pl.Date), batches["date"]]),
    )
    results = collection_results(session, book_id, end, items)
    pairs = (
        collection.pair(results, items)
        .unique("result", keep="first", maintain_order=True)
        .unique("item", keep="last", maintain_order=True)
    )
    said = results.with_row_index("_result").select(
        "_result", pl.col("result"), answered_on="date", reason="reason", voucher="voucher"
    )
    answered = pairs.rename({"result": "_result"}).join(said, on="_result").drop("_result")
    return items.join(answered, on="item", how="left", maintain_order="left").with_columns(
        pl.col("result").fill_null("open")
    )


def collection_results(session: Session, book_id: int, end: dt.date, items: pl.DataFrame) -> pl.DataFrame:
    """What the bank said of bills sent (托收结果) up to a day, as it said it, before it is paired with ``items``:
    ``batch, customer, bill_month, bill_no, amount, result, date, reason, voucher``; fen, reversed ones left out."""
    columns = ["batch", "customer", "bill_month", "bill_no", "amount", "result", "date", "reason", "voucher"]
    returned = facts(session, book_id, "collection_result", end).with_columns(voucher=pl.lit(None, pl.String))
    if items.is_empty():
        return returned.select(columns)
    since = items["sent_on"].min()
    paid = views.lines(
        session, book_id, since if isinstance(since, dt.date) else end, end, accounts=("1002",),
        kinds=("collection_result",), live=True,
    )  # fmt: skip
    undone = paid.filter(pl.col("reverses").is_not_null())["reverses"]
    heads = paid.filter(pl.col("reverses").is_null() & ~pl.col("entry_id").is_in(undone.implode()))
    heads = heads.unique("entry_id", keep="first", maintain_order=True)
    rows = documents(session, book_id, "collection_result", heads["entry_id"])
    rows = rows.join(heads.select("entry_id", "voucher"), on="entry_id", how="left", maintain_order="left")
    return pl.concat([returned.select(columns), rows.select(columns)])
