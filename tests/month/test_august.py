"""A harder month: August 2023 of a book of its own (``august/``), two accounts, some 330 book and 310 bank lines.

Twice imported, half way and at the end; reviewed by hand where only a person can know; issued;
then September begins. ``docs/explanation/a-harder-month.md`` tells the same story with its figures.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from commands.periods import issue_report
from importers.folder import document_files
from importers.statements.store import import_statement
from ledger import journal
from ledger.books import create_book
from ledger.errors import ImportRejected
from ledger.i18n import set_language
from ledger.reconcile import review, run
from ledger.reconcile.chain import opening_chain
from ledger.reconcile.loaded import Loaded
from ledger.storage import now
from tests.month.august import files
from tests.month.august.bulk import bulk
from tests.month.conftest import DIALECTS, Book, NewStore

HERE = Path(__file__).parent / "august"
JULY, AUGUST, SEPTEMBER = HERE / "2023-07", HERE / "2023-08", HERE / "2023-09"
JULY_END, AUGUST_16, AUGUST_END = dt.date(2023, 7, 31), dt.date(2023, 8, 16), dt.date(2023, 8, 31)
SEPTEMBER_5 = dt.date(2023, 9, 5)
ICBC, BOC = "1002.01", "1002.02"
FILES = {"ICBC-0101": ICBC, "BOC-0202": BOC}


@pytest.fixture(autouse=True)
def _chinese() -> None:
    set_language("zh_CN")


# -- how people work -------------------------------------------------------------------------------


@dataclass
class Months(Book):
    """The book, what its runs said, and tables kept from moments on the way."""

    runs: dict[str, dict[str, run.Summary]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def documents(self, folder: Path, today: dt.date, since: str = "", before: str = "~") -> None:
        for path, kind in document_files(folder):
            if since <= path.name < before:
                self.post(path, kind, today)

    def imports(self, folder: Path, *names: str) -> list[int]:
        """How many lines of each file were new."""
        book, new = self.ledger.book, []
        for name in names:
            bank = book.bank(FILES[name[:9].rstrip("-.") if name.startswith("ICBC") else name[:8]])
            with self.ledger.store.writing(1) as session:
                path = folder / "statements" / f"{name}.csv"
                done = import_statement(session, 1, bank, path, operator="tester", cutover=book.cutover)
            new.append(done.new_lines)
        return new

    def match(self, step: str, month: str = "2023-08") -> dict[str, run.Summary]:
        self.runs[step] = {}
        for bank in self.ledger.book.banks:
            with self.ledger.store.writing(1) as session:
                self.runs[step][bank.code] = run.run(session, 1, self.ledger.book, bank, month, operator="tester")
        return self.runs[step]

    def loaded(self, bank: str) -> Loaded:
        with self.ledger.store.reading() as session:
            return run.load(session, 1, self.ledger.book.bank(bank))

    def ref(self, bank: str, reference: str, side: str | None = None) -> str:
        """The line with this number (of vouchers, the latest without a red sign)."""
        lines = self.loaded(bank).lines().filter(pl.col("reference") == reference, pl.col("reverses").is_null())
        lines = lines.filter(~pl.col("ref").str.starts_with("F"))
        if side:
            lines = lines.filter(side=side)
        assert lines.height == 1, (reference, lines)
        return str(lines["ref"][0])

    def by_hand(self, bank: str, references: list[tuple[str, str]], reason: str) -> int:
        refs = [self.ref(bank, number, side) for side, number in references]
        with self.ledger.store.writing(1) as session:
            return run.match_by_hand(session, 1, self.ledger.book.bank(bank), refs, reason=reason, operator="tester")

    def note(self, bank: str, side: str, reference: str, reason: str) -> None:
        ref = self.ref(bank, reference, side)
        with self.ledger.store.writing(1) as session:
            run.note(session, 1, self.ledger.book.bank(bank), ref, reason=reason, operator="tester")

    def reverse(self, number: str, day: dt.date, today: dt.date) -> None:
        lines = pl.concat([self.loaded(bank).book_lines for bank in (ICBC, BOC)])
        entry = int(lines.filter(reference=number)["ref"][0].split(":")[0])
        journal.reverse(self.ledger, entry, reason="更正", operator="tester", today=today, date=day)

    def table(self, bank: str, day: dt.date, known_at: str | None = None) -> run.Adjustment:
        with self.ledger.store.reading() as session:
            return run.table(session, 1, self.ledger.book, self.ledger.book.bank(bank), day, known_at=known_at)

    def explain(self, bank: str, reference: str, side: str | None = None) -> str:
        ref = self.ref(bank, reference, side)
        return self.explain_ref(bank, ref)

    def explain_ref(self, bank: str, ref: str) -> str:
        with self.ledger.store.reading() as session:
            return run.explain(session, 1, self.ledger.book, ref, bank=self.ledger.book.bank(bank))

    def groups(self, bank: str) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        """Every match: its stage and the numbers of its lines, whatever the order they came in."""
        loaded = self.loaded(bank)
        lines = loaded.lines().select("side", "ref", pl.format("{} {} {}", "reference", "date", "amount").alias("told"))
        members = loaded.items.join(lines, on=["side", "ref"]).join(
            loaded.matches.select("match_id", "stage"), on="match_id"
        )
        return {
            (str(rows["stage"][0]), frozenset(rows.select("side", "told").rows()))
            for _id, rows in members.group_by("match_id")
        }


def begun(store: Any) -> Months:
    """July: documents, statements, matches, both tables issued."""
    book = Months(create_book(store, book_toml=files.book_toml(), operator="tester"))
    book.documents(JULY, JULY_END)
    book.imports(JULY, "ICBC-0101", "BOC-0202")
    book.match("july", "2023-07")
    for bank in (ICBC, BOC):
        issue_report(book.ledger, "R14", bank, "2023-07", operator="tester", today=dt.date(2023, 8, 4))
    return book


@pytest.fixture(scope="module", params=DIALECTS)
def august(request: pytest.FixtureRequest, module_store: NewStore) -> Months:
    """The whole story."""
    book = begun(module_store(request.param))
    # half way: vouchers and statements up to the 16th
    book.documents(AUGUST, AUGUST_16, before="0817")
    book.kept["new"] = book.imports(AUGUST, "ICBC-0101-a", "BOC-0202-a")
    book.match("half way")
    book.kept["half way"] = (now(), {bank: book.table(bank, AUGUST_16) for bank in (ICBC, BOC)})
    # the rest of the month, with files that overlap
    book.documents(AUGUST, AUGUST_END, since="0817")
    book.kept["new"] += book.imports(AUGUST, "ICBC-0101-b", "BOC-0202-b", "BOC-0202-c")
    book.match("whole")
    book.kept["automatic"] = {bank: book.groups(bank) for bank in (ICBC, BOC)}
    book.kept["explained"] = explained(book)
    with book.ledger.store.reading() as session:
        book.kept["candidates"] = {
            one.item["reference"]: one
            for one in review.queue(session, 1, book.ledger.book, book.ledger.book.bank(ICBC), AUGUST_END)
        }
        book.kept["outstanding"] = review.outstanding(session, 1, book.ledger.book, AUGUST_END)
    reviewed(book)
    book.match("reviewed")
    book.kept["reviewed"] = {bank: book.groups(bank) for bank in (ICBC, BOC)}
    book.kept["end"] = {bank: book.table(bank, AUGUST_END) for bank in (ICBC, BOC)}
    for bank in (ICBC, BOC):
        issue_report(book.ledger, "R14", bank, "2023-08", operator="tester", today=SEPTEMBER_5)
    book.kept["issued"] = now()
    book.kept["reports"] = {
        code: book.report(code, month="2023-08", **asked)
        for code, asked in (
            ("R12", {}), ("R15", {"account": "工行0101"}), ("R19", {}), ("R20", {}), ("R14", {"account": "工行0101"}),
        )
    }  # fmt: skip
    # September begins
    book.reverse("HD0824901", dt.date(2023, 9, 1), SEPTEMBER_5)
    book.documents(SEPTEMBER, SEPTEMBER_5)
    book.imports(SEPTEMBER, "ICBC-0101", "BOC-0202")
    book.match("september", "2023-09")
    return book


TOLD = {
    "cheque of july": (ICBC, "ZP-0731", "book"),
    "returned cheque": (ICBC, "000003212", "bank"),
    "cash a day later": (ICBC, "JK-0817", "book"),
    "collection": (ICBC, min(number for document, number in bulk().truth if document == "TS202308"), "bank"),
    "twins": (BOC, "2023080900901", "bank"),
    "tie": (BOC, "YC-0817-1", "book"),
    "tie, bank": (BOC, "2023081700903", "bank"),
    "fee": (BOC, "2023081500901", "bank"),
    "doubled credit": (BOC, "2023082100902", "bank"),
    "wrong account": (BOC, "HD0822901", "book"),
    "doubtful": (ICBC, "000003301", "bank"),
    "another payer": (ICBC, "000003351", "bank"),
    "sum": (ICBC, "000003371", "bank"),
    "transposed": (ICBC, "HD0824901", "book"),
    "partial debit": (ICBC, "000003204", "bank"),
}
"""The lines worth explaining, before anybody reviewed them."""


def explained(book: Months) -> dict[tuple[str, str], str]:
    """Their sentences in both languages."""
    said = {}
    for language in ("zh_CN", "en"):
        set_language(language)
        for name, (bank, number, side) in TOLD.items():
            said[name, language] = book.explain(bank, number, side)
    set_language("zh_CN")
    return said


def reviewed(book: Months) -> None:
    """What a person decides, with a reason each."""
    # the match that the afternoon of the 16th made doubtful: undone, made anew; the other line meets its own voucher
    doubtful = book.loaded(ICBC)
    early = doubtful.items.filter(side="bank", ref=book.ref(ICBC, "000003301", "bank"))["match_id"][0]
    with book.ledger.store.writing(1) as session:
        run.unmatch(session, 1, early, reason="回单显示8-15为往来款,水费是8-16一笔", operator="tester")
    book.by_hand(ICBC, [("book", "HD0814901"), ("bank", "000003302")], "回单附言为水费")
    book.by_hand(ICBC, [("book", "HD0823901"), ("bank", "000003351")], "业主王建国代付,有付款说明")
    book.by_hand(
        ICBC,
        [("book", "YC-0824-1"), ("book", "YC-0824-2"), ("bank", "000003361"), ("bank", "000003362"), ("bank", "000003363")],
        "宏达商贸分三笔付两张单",
    )  # fmt: skip
    proposed = book.kept["candidates"]["000003371"].candidates[0]
    with book.ledger.store.writing(1) as session:
        run.match_by_hand(
            session, 1, book.ledger.book.bank(ICBC), proposed.refs, reason="一笔付三张单", operator="tester"
        )
    # the wrong account: the voucher is reversed and made anew for the account that has the money
    book.reverse("HD0822901", dt.date(2023, 8, 30), AUGUST_END)
    book.documents(AUGUST / "correction", AUGUST_END)
    # reasons
    book.note(ICBC, "bank", "000003204", "部分扣款差额,R20已通知会计")
    for side, number in (("book", "HD0824901"), ("bank", "000003364")):
        book.note(ICBC, side, number, "记账金额颠倒,9月更正")
    for side, number in (
        ("book", "YC-0817-1"),
        ("book", "YC-0817-2"),
        *(("bank", f"202308170090{n}") for n in (1, 2, 3)),
    ):
        book.note(BOC, side, number, "三笔回单待查,书店只认两笔")


# -- the files -------------------------------------------------------------------------------------


def test_the_files_are_what_the_cases_and_the_seed_give() -> None:
    """Nobody edited one by hand and forgot the other."""
    made = files.files()
    there = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.csv")}
    assert set(made) == there
    assert [name for name, content in made.items() if (HERE / name).read_bytes() != content] == []


# -- what the machine finds ------------------------------------------------------------------------

HAND = {
    ("ZP-0731", "000003201"), ("HK-202307", "000003202"), ("000003101", "000003101"), ("HK-202307", "000003203"),
    ("ZP-0808", "000003211"), ("ZP-0808", "000003212"), ("HD0815900", "2023081500901"), ("HD0830900", "2023083000901"),
    ("2023082100901", "2023082100901"), ("ZK-0811", "000003213"), ("ZK-0811", "000003214"),
    ("2023071200011", "2023071200011"), ("2023081500901", "2023081500901"),
}  # fmt: skip
"""The pairs of the cases that can be known from what is written on them; the last is the voucher of a netted fee, which meets
what the channel kept of the line."""


def pairs(groups: set[tuple[str, frozenset[tuple[str, str]]]]) -> set[tuple[str, str]]:
    """Of each match of one and one, the number of the voucher and the bank's."""
    found = set()
    for _stage, lines in groups:
        sides = {side: told.split(" ")[0] for side, told in lines}
        if len(lines) == 2 == len(sides):
            found.add((sides["book"], sides["bank"]))
    return found


def test_overlapping_files_are_merged(august: Months) -> None:
    """工行's second file repeats ten lines, the 15th in another order; 中行's second 5; its whole month again adds none."""
    assert [76, 71, 109, 58, 0] == august.kept["new"]
    sizes = {bank: (august.loaded(bank).book_lines, august.loaded(bank).bank_lines) for bank in (ICBC, BOC)}
    month = pl.col("date").is_between(dt.date(2023, 8, 1), AUGUST_END)
    real = ~pl.col("ref").str.starts_with("F")
    counts = {bank: tuple(side.filter(month, real).height for side in both) for bank, both in sizes.items()}
    assert {ICBC: (198, 185), BOC: (129, 129)} == counts


def test_matches_by_stage(august: Months) -> None:
    found = {step: {bank: one.matched for bank, one in runs.items()} for step, runs in august.runs.items()}
    assert {
        "july": {ICBC: {}, BOC: {"reference": 1}},
        "half way": {
            ICBC: {"reference": 63, "party": 11},
            BOC: {"reference": 39, "fee": 1, "party": 8, "class": 1},
        },
        "whole": {
            ICBC: {"reference": 85, "group": 1, "party": 14},
            BOC: {"reversal": 1, "reference": 63, "fee": 1, "party": 11},
        },
        "reviewed": {ICBC: {"reference": 2}, BOC: {"reversal": 1}},
        "september": {ICBC: {"reversal": 1, "reference": 6}, BOC: {}},
    } == found
    assert [(0, 0), (23, 22), (27, 32), (2, 0), (3, 0)] == [
        (runs[ICBC].born, runs[BOC].born - (step == "july")) for step, runs in august.runs.items()
    ]
    assert [0, 0, 1, 0, 0] == [runs[ICBC].doubtful for runs in august.runs.values()]


def test_no_automatic_match_is_wrong_but_the_one_that_is_flagged(august: Months) -> None:
    """Every pair is one event; every event both sides know is matched, but for what only people can know."""
    made = bulk()
    truth = {(document, number) for document, number in made.truth if document != "TS202308"}
    found = pairs(august.kept["automatic"][ICBC]) | pairs(august.kept["automatic"][BOC])
    early = {("HD0814901", "000003301")}
    september = {(document, number) for document, number in truth if document == "JK-0831"}
    assert early == found - truth - HAND
    assert september == truth - found


def test_the_interesting_lines_explain_themselves(august: Months) -> None:
    """One sentence each, in Chinese and in English, before anybody reviewed them."""
    said = august.kept["explained"]
    for name, zh, en in (
        ("cheque of july", "单据号 ZP731 相同且金额 1,440.00 相同,双方唯一,银行晚 1 天", "bank 1 days later"),
        ("returned cheque", "单据号 ZP808 相同且金额 480.00 相同,双方唯一", "same number ZP808 and same amount 480.00"),
        ("cash a day later", "单据号 JK817 相同且金额 113.85 相同,双方唯一,银行晚 1 天", "same number JK817"),
        (
            "collection",
            "同一单号 TS202308:企业 15 笔与银行 2 笔合计都是 12,768.00",
            "15 book and 2 bank lines both sum to",
        ),
        (
            "twins",
            "企业 2 笔与银行 2 笔金额 260.00、对方 永丰超市 都相同,彼此无从区分也无须区分",
            "2 book lines and 2 bank lines",
        ),
        (
            "tie",
            "未自动勾对:2 笔企业与 3 笔银行同额(88.00)同日",
            "not matched: 2 book and 3 bank lines of the same amount",
        ),
        ("tie, bank", "未自动勾对:3 笔银行与 2 笔企业同额(88.00)同日", "not matched: 3 bank and 2 book lines"),
        ("fee", "企业 1,440.00 减手续费 8.64(0.6 %)正是银行 1,431.36", "less a fee of 8.64 (0.6 %)"),
        (
            "doubled credit",
            "银行冲正并注明原流水,金额 2,400.00 相抵",
            "the bank reversed its line and names the original",
        ),
        ("wrong account", ";另一账户 工行0101 ", "the same amount is open in another account (工行0101 "),
        ("doubtful", ";存疑:后来的 154 有同样的依据,请复核", "doubtful: 154, which came later, has the same claim"),
        ("another payer", "单据号 3351 与 HD823901 不同", "the numbers 3351 and HD823901 differ"),
        (
            "sum",
            ";建议:企业 612:1+613:1+614:1 合计等于银行 230",
            "proposal: book 612:1+613:1+614:1 adds up to bank 230",
        ),
        ("transposed", ";建议:219 相差 27.00,像是数字颠倒", "219 differs by 27.00, which looks like transposed digits"),
        ("partial debit", "未勾对:企业没有金额 14.50 的未达流水", "not matched: the book has no open line of 14.50"),
    ):
        assert zh in said[name, "zh_CN"]
        assert en in said[name, "en"]


def test_what_asks_for_a_second_look(august: Months) -> None:
    """Open at three month ends and more; the receipt in the wrong account, from both accounts."""
    seen = {row["reference"]: row["patterns"] for row in august.kept["outstanding"] if row["patterns"]}
    icbc, boc = seen.pop("000003341"), seen.pop("HD0822901")
    assert {"CZ-0525": ["连续 4 个月末未达"], "JK-0628": ["连续 3 个月末未达"]} == seen
    assert icbc[0].startswith("另一账户 中行0202 ")
    assert icbc[0].endswith("有同额未达,相隔 0 天,疑为串户")
    assert boc[0].startswith("另一账户 工行0101 ")
    assert boc[0].endswith("有同额未达,相隔 0 天,疑为串户")


# -- the end of August -------------------------------------------------------------------------------

ICBC_ITEMS = [
    ("bank_in_not_book", "000003364", 1_269_00, 7, "normal", "记账金额颠倒,9月更正"),
    ("bank_in_not_book", "000003391", 960_00, 0, "normal", "NO_DOCUMENT"),
    ("bank_out_not_book", "000003204", 14_50, 28, "normal", "部分扣款差额,R20已通知会计"),
    ("bank_out_not_book", "000003392", 25_00, 0, "normal", "BANK_FEE"),
    ("book_in_not_bank", "JK-0628", 320_00, 64, "attention", "现金缴款银行未入账,已函询银行"),
    ("book_in_not_bank", "HD0824901", 1_296_00, 7, "normal", "记账金额颠倒,9月更正"),
    ("book_in_not_bank", "JK-0831", 110_40, 0, "normal", "IN_TRANSIT"),
    ("book_in_not_bank", "ZP-0831", 1_920_00, 0, "normal", "IN_TRANSIT"),
    ("book_out_not_bank", "CZ-0831", 2_000_00, 0, "normal", "IN_TRANSIT"),
    ("book_out_not_bank", "CZ-0525", 150_00, 98, "long", "缴款支票财政未兑付"),
]
TIED = "三笔回单待查,书店只认两笔"
BOC_ITEMS = [
    *(("bank_in_not_book", f"202308170090{n}", 88_00, 14, "normal", TIED) for n in (1, 2, 3)),
    ("bank_out_not_book", "2023083000901", 4_32, 1, "normal", "FEE_NETTED"),
    *(("book_in_not_bank", f"YC-0817-{n}", 88_00, 14, "normal", TIED) for n in (1, 2)),
]


@pytest.mark.parametrize(
    ("bank", "items", "figures"),
    [
        (ICBC, ICBC_ITEMS, (161_063_60, 161_756_70, 163_253_10)),
        (BOC, BOC_ITEMS, (99_184_95, 99_268_63, 99_444_63)),
    ],
)
def test_r14(august: Months, bank: str, items: list[tuple[Any, ...]], figures: tuple[int, int, int]) -> None:
    """Items, reasons and balances; both sides equal to the fen; each open line in one category, with a reason."""
    table = august.kept["end"][bank]
    shown = table.items.select("category", "reference", "amount", "age_days", "band", "reason").rows()
    assert items == shown
    assert figures == (table.book_balance, table.bank_balance, table.book_adjusted)
    assert 0 == table.difference
    assert table.items.height == table.items.select("category", "ref").n_unique()
    assert all(table.items["reason"].str.strip_chars().str.len_chars() > 0)


def test_july_is_cleared_or_still_open(august: Months) -> None:
    """The opening chains to the table issued for July; its balances are those of its day."""
    ledger = august.ledger
    with ledger.store.reading() as session:
        chain = opening_chain(session, 1, ledger.book, ledger.book.bank(ICBC), AUGUST_END)
    assert chain is not None
    assert ("R14/1002.01/2023-07/v1", 0) == (chain.last.number, chain.differs)
    assert ((21_779_05, 21_779_05), (20_300_00, 20_300_00)) == (chain.book, chain.bank)
    assert [
        ("000003101", "cleared", dt.date(2023, 8, 2), "reference"),
        ("JK-0628", "open", None, None),
        ("HK-202307", "cleared", dt.date(2023, 8, 1), "reference"),
        ("ZP-0731", "cleared", dt.date(2023, 8, 1), "reference"),
        ("CZ-0525", "open", None, None),
    ] == chain.items.select("reference", "state", "cleared_on", "stage").rows()


def test_more_than_the_bank(august: Months) -> None:
    """R12 head office's receipt, R15 the long item, R19 the collection batch, R20 slip against list."""
    reports = august.kept["reports"]
    assert [
        ("水费", "9000.00", "8800.00", "200.00", 20),
        ("预收部分水费", "300.00", "300.00", "0.00", None),
    ] == [
        tuple(row[key] for key in ("fund", "transferred", "receipted", "difference", "days"))
        for row in reports["R12"]["rows"]
    ]
    assert [("2023-05-25", "150.00", 98)] == [
        (row["date"], row["amount"], row["age_days"]) for row in reports["R15"]["rows"]
    ]
    results = [row["result"] for row in reports["R19"]["rows"]]
    assert (15, 1) == (results.count("paid"), results.count("returned"))
    slip, *details = reports["R20"]["rows"]
    assert ("HK-202307", "169.05", "14.50") == (slip["slip"], slip["amount"], slip["difference"])
    assert [
        ("D01", "34.50", "34.50", "success"),
        ("D02", "31.05", "31.05", "success"),
        ("D03", "41.40", "41.40", "success"),
        ("D04", "27.60", "0.00", "failed"),
        ("D05", "34.50", "20.00", "partial"),
    ] == [tuple(row[key] for key in ("customer", "due", "debited", "result")) for row in details]
    for report in reports.values():
        assert all(tie["ok"] for tie in report["tie_outs"])


# -- what may not change -----------------------------------------------------------------------------


def test_a_table_as_it_was_known_comes_out_the_same(august: Months) -> None:
    """Half way, and at the issue; later imports, matches, undone matches and notes leave both as they were."""
    moment, tables = august.kept["half way"]
    for bank, table in tables.items():
        assert table.rows.equals(august.table(bank, AUGUST_16, known_at=moment).rows)
    for bank, table in august.kept["end"].items():
        assert table.rows.equals(august.table(bank, AUGUST_END, known_at=august.kept["issued"]).rows)
        # September's lines cleared items in September: as of its day the table says what was issued
        assert table.rows.equals(august.table(bank, AUGUST_END).rows)


def test_september_clears_what_was_under_way(august: Months) -> None:
    """Of ten items three remain at 工行; 中行's tie and its fee wait for the bank's answer."""
    left = {bank: run.adjustment.items["reference"].to_list() for bank, run in august.runs["september"].items()}
    assert ["000003204", "JK-0628", "CZ-0525"] == left[ICBC]
    assert [item[1] for item in BOC_ITEMS] == left[BOC]


def test_running_and_importing_again_changes_nothing(august: Months) -> None:
    before = {bank: (august.groups(bank), august.table(bank, AUGUST_END).rows) for bank in (ICBC, BOC)}
    assert [0, 0, 0, 0, 0] == august.imports(
        AUGUST, "ICBC-0101-a", "BOC-0202-a", "ICBC-0101-b", "BOC-0202-b", "BOC-0202-c"
    )
    for month in ("2023-08", "2023-09"):
        assert [0, 0] == [one.new_matches for one in august.match("again", month).values()]
    for bank, (groups, rows) in before.items():
        assert groups == august.groups(bank)
        assert rows.equals(august.table(bank, AUGUST_END).rows)


def test_the_order_of_imports_changes_nothing(august: Months, new_store: NewStore) -> None:
    """Statements before vouchers, the whole month before its parts, one run: the same lines meet, and none too early."""
    book = begun(new_store(august.ledger.store.dialect))
    with pytest.raises(ImportRejected, match="不衔接"):
        book.imports(AUGUST, "ICBC-0101-b")
    assert [129, 0, 0, 76, 109] == book.imports(
        AUGUST, "BOC-0202-c", "BOC-0202-b", "BOC-0202-a", "ICBC-0101-a", "ICBC-0101-b"
    )
    book.documents(AUGUST, AUGUST_END)
    book.match("whole")
    assert [0, 0] == [one.new_matches for one in book.match("again").values()]
    for bank in (ICBC, BOC):
        at_once, half_way, reviewed = (
            {lines for _stage, lines in groups}
            for groups in (book.groups(bank), august.kept["automatic"][bank], august.kept["reviewed"][bank])
        )
        # the match made too early is not made, and what one run finds is what two runs and a person came to
        assert {ICBC: (2, 1), BOC: (0, 0)}[bank] == (len(at_once - half_way), len(half_way - at_once))
        assert at_once <= reviewed
