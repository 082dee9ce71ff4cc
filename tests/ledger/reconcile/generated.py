"""Made-up bank accounts whose truth is known: what happened first, then two views of it, then noise.

A world is a month of events (``reconciliation.md`` §9). Each event leaves lines in
the books, at the bank, or in both; ``World.truth`` says which lines belong together.
The views lose and spoil what banks lose and spoil: numbers are left out, written
into summaries, padded, full-width, prefixed or garbled; names are cut or missing;
money arrives days later, net of a fee, in parts, for a whole batch, twice, or never.

``adversarial`` adds events whose true partner is gone and whose look-alike stands
in its place. Each look-alike differs from the partner in something that can be
seen, so every one of those lines must stay open.

Used by the tests (small) and by ``benchmarks/matching.py`` (20,000 and 1,000,000 lines).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from ledger.reconcile.frames import lines

FIRST = date(2023, 6, 1)
FEE_BASIS_POINTS = 60
SERIES = {
    "transfer_receipt": "ZZ", "cheque_receipt": "ZP", "cash_deposit": "JK", "collection_result": "TS",
    "scan_settlement": "QS", "levy_remittance": "CZ", "debit_list": "DK",
}  # fmt: skip
WORDS = {
    "transfer_receipt": "转账 水费", "cheque_receipt": "转账支票进账", "cash_deposit": "现金缴款", "collection_result": "托收水费",
    "scan_settlement": "商户入账", "levy_remittance": "缴款书 污水处理费", "debit_list": "代扣水费",
}  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉兰建国红梅鑫宇浩然子轩梓涵思雨欣怡"
PLACES = "城南 城北 城东 城西 开发区 高新区 河口 新华 建设路 解放路 滨江 长青 东风 和平 光明 胜利".split()
TRADES = "机械厂 食品厂 纺织厂 第一小学 第二小学 第二中学 中心医院 宾馆 洗浴中心 物业公司 建材公司 印刷厂 超市 农贸市场".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """How a world is made; shares are of events unless said otherwise.

    ``reference``: of events, the number stands on both sides; ``garbled``: of those.
    ``party_cut``, ``party_none``: of bank lines. ``numbered``: of events whose number the bank
    does not print, the books carry one all the same. ``cut``: the bank's lines after the last
    day are not there yet (month end).
    """

    seed: int = 7
    book_rows: int = 20_000
    days: int = 30
    customers_per_row: float = 0.5
    popular: float = 0.7
    popular_values: int = 80
    reference: float = 0.55
    garbled: float = 0.05
    numbered: float = 0.5
    party_cut: float = 0.10
    party_none: float = 0.10
    lag_max: int = 3
    cut: bool = True
    single: float = 0.80
    batch: float = 0.003
    batch_named: float = 0.85
    split: float = 0.037
    fee: float = 0.03
    bank_reversal: float = 0.02
    twins: float = 0.04
    twin_missing: float = 0.30
    book_only: float = 0.035
    bank_only: float = 0.035
    partial_debit: float = 0.0004
    swapped_batches: float = 0.0002
    twice_a_day: float = 0.01
    transposed: float = 0.004
    wrong_account: float = 0.002
    returned: float = 0.004
    doubled: float = 0.002
    decoy: float = 0.0004
    adversarial: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Both views and the truth.

    ``book``, ``bank``: ``frames.LINES``. ``truth``: ``group, kind, side, ref`` of every line; a
    group with one line has no partner. ``shown``: ``side, ref, number, party`` what the event let
    be seen of it: number ``printed | garbled | none``, party ``full | cut | none``.
    ``traps``: ``side, ref, trap`` of the lines that must stay open.
    """

    book: pl.DataFrame
    bank: pl.DataFrame
    truth: pl.DataFrame
    shown: pl.DataFrame
    traps: pl.DataFrame


@dataclass(slots=True)
class _Maker:
    knobs: Knobs
    rng: random.Random
    people: list[tuple[str, str]]
    amounts: list[int]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"book": [], "bank": []})
    truth: list[tuple[int, str, str, str]] = field(default_factory=list)
    shown: list[tuple[str, str, str, str]] = field(default_factory=list)
    traps: list[tuple[str, str, str]] = field(default_factory=list)
    group: int = 0
    number: int = 0
    people_used: int = 0

    # -- facts ----------------------------------------------------------------------------

    def day(self, last: int = 0) -> date:
        return FIRST + timedelta(self.rng.randrange(self.knobs.days - last))

    def later(self, day: date, kind: str = "") -> date:
        """When the bank shows it: 0 to lag_max days later; what the bank moves may be booked the day after."""
        if kind == "transfer_receipt" and self.rng.random() < 0.1:
            return day - timedelta(1)
        return day + timedelta(self.rng.randint(0, self.knobs.lag_max))

    def amount(self) -> int:
        if self.rng.random() < self.knobs.popular:
            return self.rng.choice(self.amounts)
        return self.rng.randint(100, 2_000_000)

    def person(self) -> tuple[str, str]:
        return self.rng.choice(self.people)

    def kind(self) -> str:
        return self.rng.choices(
            ("transfer_receipt", "cheque_receipt", "cash_deposit", "levy_remittance"), (60, 18, 20, 2)
        )[0]

    def doc(self, kind: str) -> str:
        self.number += self.rng.randint(1, 3)
        return f"{SERIES[kind]}-{self.number:07d}"

    # -- lines ----------------------------------------------------------------------------

    def begin(self) -> int:
        self.group += 1
        return self.group

    def book(
        self, group: int, event: str, day: date, amount: int, kind: str, who: tuple[str, str], number: str | None
    ) -> str:
        ref = f"{len(self.rows['book']) + 1}:1"
        self.rows["book"].append(
            {"ref": ref, "date": day, "amount": amount, "reference": number, "numbers": number, "text": WORDS[kind],
             "party": who[1], "customer": who[0], "kind": kind, "order": len(self.rows["book"])}
        )  # fmt: skip
        self.truth.append((group, event, "book", ref))
        self.shown.append(("book", ref, "printed" if number else "none", "full"))
        return ref

    def bank(
        self,
        group: int,
        event: str,
        day: date,
        amount: int,
        text: str,
        party: str | None,
        number: str = "none",
        shown: str = "full",
    ) -> str:
        ref = str(len(self.rows["bank"]) + 1)
        serial = f"{100_000_000 + len(self.rows['bank']) * 7:012d}"
        self.rows["bank"].append(
            {"ref": ref, "date": day, "amount": amount, "reference": serial, "numbers": serial, "text": text,
             "party": party, "order": len(self.rows["bank"])}
        )  # fmt: skip
        self.truth.append((group, event, "bank", ref))
        self.shown.append(("bank", ref, number, shown if party else "none"))
        return ref

    def named(self, name: str) -> tuple[str | None, str]:
        """A name as the bank prints it, and how much of it that is."""
        chance = self.rng.random()
        if chance < self.knobs.party_none:
            return None, "none"
        if chance < self.knobs.party_none + self.knobs.party_cut:
            return name[: max(1, (len(name) + 1) // 2)], "cut"
        return name, "full"

    def numbered(self, kind: str) -> tuple[str | None, str, str]:
        """The number in the books, what the bank prints of it, and how: printed, garbled, none."""
        if self.rng.random() < self.knobs.reference:
            number = self.doc(kind)
            if self.rng.random() < self.knobs.garbled:
                return number, self.written(self.spoiled(number)), "garbled"
            return number, self.written(number), "printed"
        return (self.doc(kind) if self.rng.random() < self.knobs.numbered else None), "", "none"

    def written(self, number: str) -> str:
        """A number as banks write it."""
        series, digits = number.split("-")
        return self.rng.choice(
            (
                number, number, number.lower(), series + digits, f"{series}-00{digits}", f"{series}{digits.lstrip('0')}",
                f"附言:{number}", f"NO.{number}", f"REF/{number}/", f"票号{number}号",
                number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
            )
        )  # fmt: skip

    def spoiled(self, number: str) -> str:
        """One slip of a typist or of a narrow field."""
        series, digits = number.split("-")
        at = self.rng.randrange(2, len(digits) - 1)
        ways: tuple[Callable[[], str], ...] = (
            lambda: digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :],
            lambda: digits[:at] + str((int(digits[at]) + self.rng.randint(1, 9)) % 10) + digits[at + 1 :],
            lambda: digits[:at] + digits[at + 1 :],
            lambda: digits[:-2],
        )
        return f"{series}-{self.rng.choice(ways)()}"

    # -- events ---------------------------------------------------------------------------

    def single(self, event: str = "single", who: tuple[str, str] | None = None, day: date | None = None) -> None:
        group, kind = self.begin(), self.kind()
        who, day = who or self.person(), day or self.day()
        number, text, how = self.numbered(kind)
        amount = self.amount() * (-1 if kind == "levy_remittance" else 1)
        self.book(group, event, day, amount, kind, who, number)
        party, shown = self.named(who[1])
        self.bank(group, event, self.later(day, kind), amount, f"{WORDS[kind]} {text}", party, how, shown)

    def twice_a_day(self) -> None:
        who, day = self.person(), self.day()
        for _ in range(2):
            self.single("twice_a_day", who, day)

    def batch(self, event: str = "batch", size: int | None = None) -> tuple[str, int, date]:
        group, number, day = self.begin(), self.doc("debit_list"), self.day()
        total = 0
        for _ in range(size or self.rng.randint(20, 200)):
            amount = self.amount()
            total += amount
            self.book(group, event, day, amount, "debit_list", self.person(), number)
        named = self.rng.random() < self.knobs.batch_named
        text = f"代扣水费 批次{self.written(number) if named else ''}"
        self.bank(group, event, self.later(day), total, text, None, "printed" if named else "none")
        return number, total, day

    def partial_debit(self) -> None:
        """The bank could debit only some of a batch; the books hold all of it."""
        group, number, day = self.begin(), self.doc("debit_list"), self.day()
        amounts = [self.amount() for _ in range(self.rng.randint(20, 60))]
        failed = set(self.rng.sample(range(len(amounts)), self.rng.randint(1, 4)))
        for at, amount in enumerate(amounts):
            self.book(
                self.begin() if at in failed else group,
                "partial_debit",
                day,
                amount,
                "debit_list",
                self.person(),
                number,
            )
        total = sum(amount for at, amount in enumerate(amounts) if at not in failed)
        self.bank(
            group, "partial_debit", self.later(day), total, f"代扣水费 批次{self.written(number)}", None, "printed"
        )

    def swapped_batches(self) -> None:
        """Two batches of a day, each credited under the number of the other."""
        day, made = self.day(), []
        for _ in range(2):
            group, number = self.begin(), self.doc("debit_list")
            amounts = [self.amount() for _ in range(self.rng.randint(20, 60))]
            for amount in amounts:
                self.book(group, "swapped_batches", day, amount, "debit_list", self.person(), number)
            made.append((group, number, sum(amounts)))
        for (group, _number, total), (_other, number, _total) in zip(made, reversed(made), strict=True):
            self.bank(group, "swapped_batches", self.later(day), total, f"代扣水费 批次{number}", None, "garbled")

    def split(self) -> None:
        """One book line arrives in two to four parts."""
        group, kind, who, day = self.begin(), "transfer_receipt", self.person(), self.day()
        parts = [self.amount() for _ in range(self.rng.randint(2, 4))]
        number, text, how = self.numbered(kind)
        self.book(group, "split", day, sum(parts), kind, who, number)
        for part in parts:
            party, shown = self.named(who[1])
            self.bank(group, "split", self.later(day), part, f"{WORDS[kind]} {text}", party, how, shown)

    def fee(self) -> None:
        """The acquirer pays net of its fee."""
        group, kind, who, day = self.begin(), "scan_settlement", self.person(), self.day()
        gross = max(self.amount(), 1_000)
        number, text, how = self.numbered(kind)
        self.book(group, "fee", day, gross, kind, who, number)
        party, shown = self.named(who[1])
        net = gross - (gross * FEE_BASIS_POINTS + 5_000) // 10_000
        self.bank(group, "fee", self.later(day), net, f"{WORDS[kind]} {text}", party, how, shown)

    def bank_reversal(self) -> None:
        """The bank books a line and takes it back, mostly naming it."""
        group, day, amount = self.begin(), self.day(1), self.amount() * self.rng.choice((1, -1))
        party, shown = self.named(self.person()[1])
        self.bank(group, "bank_reversal", day, amount, "转账", party, "none", shown)
        serial = self.rows["bank"][-1]["numbers"]
        named = f" 原流水{serial[-4:]}" if self.rng.random() < 0.6 else ""
        back = day + timedelta(self.rng.randint(0, 1))
        self.bank(group, "bank_reversal", back, -amount, f"冲正 转账{named}", party, "none", shown)

    def twins(self) -> None:
        """The same payer pays the same amount two to four times on one day; sometimes one is missing."""
        kind, who, day, amount = self.kind(), self.person(), self.day(), abs(self.amount())
        count, late = self.rng.randint(2, 4), self.rng.randint(0, self.knobs.lag_max)
        missing = self.rng.choice(("book", "bank")) if self.rng.random() < self.knobs.twin_missing else None
        with_number = self.rng.random() < self.knobs.reference
        party, shown = self.named(who[1])
        for at in range(count):
            group, number = self.begin(), self.doc(kind) if with_number else None
            if not (at == 0 and missing == "book"):
                self.book(group, "twins", day, amount, kind, who, number)
            if not (at == 0 and missing == "bank"):
                text = f"{WORDS[kind]} {self.written(number) if number else ''}"
                self.bank(
                    group, "twins", day + timedelta(late), amount, text, party, "printed" if number else "none", shown
                )

    def book_only(self, event: str = "book_only") -> None:
        kind = self.kind()
        number = self.doc(kind) if self.rng.random() < (1 + self.knobs.reference) / 2 else None
        self.book(self.begin(), event, self.day(), self.amount(), kind, self.person(), number)

    def bank_only(self, event: str = "bank_only") -> None:
        kind = self.kind()
        party, shown = self.named(self.person()[1])
        text = self.written(self.doc(kind)) if self.rng.random() < self.knobs.reference else ""
        self.bank(
            self.begin(),
            event,
            self.day(),
            self.amount(),
            f"{WORDS[kind]} {text}",
            party,
            "printed" if text else "none",
            shown,
        )

    def transposed(self) -> None:
        """The books hold two digits of the amount the wrong way round: no match may be made of it."""
        kind, who, day = self.kind(), self.person(), self.day()
        amount = self.rng.randint(10_001, 999_999)
        digits = str(amount)
        at = next((at for at in range(len(digits) - 1) if digits[at] != digits[at + 1]), 0)
        wrong = int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
        number, text, how = self.numbered(kind)
        self.book(self.begin(), "transposed", day, wrong, kind, who, number)
        self.bank(self.begin(), "transposed", self.later(day, kind), amount, f"{WORDS[kind]} {text}", who[1], how)

    def wrong_account(self) -> None:
        """Ours went to another account; another account's came to this one."""
        self.book_only("wrong_account")
        self.bank_only("wrong_account")

    def returned(self) -> None:
        """A collection comes back after five to seven days; the books follow, or not yet."""
        group, kind, who, day = self.begin(), "collection_result", self.person(), self.day()
        amount, number = self.amount(), self.doc(kind)
        self.book(group, "returned", day, amount, kind, who, number)
        self.bank(group, "returned", day, amount, f"托收水费 {self.written(number)}", who[1], "printed")
        back, group = day + timedelta(self.rng.randint(5, 7)), self.begin()
        self.bank(group, "returned", back, -amount, f"托收退票 {self.written(number)}", who[1], "printed")
        if self.rng.random() < 0.5:
            self.book(group, "returned", back + timedelta(self.rng.randint(0, 1)), -amount, kind, who, number)

    def doubled(self) -> None:
        """The bank credits a deposit twice and takes the second back the next day."""
        group, kind, who, day = self.begin(), "cash_deposit", self.person(), self.day(1)
        amount, number = self.amount(), self.doc(kind)
        self.book(group, "doubled", day, amount, kind, who, number)
        text = f"{WORDS[kind]} {self.written(number)}"
        for _ in range(2):
            self.bank(group, "doubled", day, amount, text, who[1], "printed")
        self.bank(group, "doubled", day + timedelta(1), -amount, f"冲正 {text}", who[1], "printed")

    def decoy(self) -> None:
        """A batch whose credit is still missing, and a stranger's transfer of exactly its sum."""
        _number, total, _day = self.batch("decoy", self.rng.randint(20, 40))
        gone = self.rows["bank"].pop()
        self.truth.pop()
        self.shown.pop()
        self.bank(self.begin(), "decoy", gone["date"], total, "转账", self.person()[1])


def world(knobs: Knobs | None = None, **changed: Any) -> World:
    """A world of about ``book_rows`` book lines; the same knobs give the same world."""
    knobs = knobs or Knobs(**changed)
    rng = random.Random(knobs.seed)
    maker = _Maker(knobs, rng, _people(knobs, rng), _amounts(knobs, rng))
    names = (
        "single", "batch", "split", "fee", "bank_reversal", "twins", "book_only", "bank_only", "partial_debit",
        "swapped_batches", "twice_a_day", "transposed", "wrong_account", "returned", "doubled", "decoy",
    )  # fmt: skip
    events = [getattr(maker, name) for name in names]
    weights = [getattr(knobs, name) for name in names]
    while len(maker.rows["book"]) < knobs.book_rows:
        for event in rng.choices(events, weights, k=min(1_000, max(knobs.book_rows // 20, 1))):
            event()
            if len(maker.rows["book"]) >= knobs.book_rows:
                break
    for at in range(knobs.adversarial):
        _TRAPS[at % len(_TRAPS)](maker)
    return _world(maker)


def _people(knobs: Knobs, rng: random.Random) -> list[tuple[str, str]]:
    """Customers and their names; some share a name, some names begin others."""
    people = []
    for number in range(max(int(knobs.book_rows * knobs.customers_per_row), 3)):
        if rng.random() < 0.7:
            name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))
        else:
            name = rng.choice(PLACES) + "".join(rng.choice(GIVEN) for _ in range(2)) + rng.choice(TRADES)
        people.append((f"R{number:07d}", name))
    return people


def _amounts(knobs: Knobs, rng: random.Random) -> list[int]:
    """The popular amounts: round ones, and bills of a few cubic metres."""
    round_ones = [1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000]
    bills = [rng.randint(2, 60) * 345 for _ in range(max(knobs.popular_values - len(round_ones), 0))]
    return (round_ones + bills)[: knobs.popular_values]


def _world(maker: _Maker) -> World:
    truth = pl.DataFrame(maker.truth, schema=["group", "kind", "side", "ref"], orient="row")
    shown = pl.DataFrame(maker.shown, schema=["side", "ref", "number", "party"], orient="row")
    traps = pl.DataFrame(maker.traps, schema=dict.fromkeys(["side", "ref", "trap"], pl.String), orient="row")
    made = World(
        book=_frame(maker.rows["book"]), bank=_frame(maker.rows["bank"]), truth=truth, shown=shown, traps=traps
    )
    last = FIRST + timedelta(maker.knobs.days - 1)
    return until(made, last) if maker.knobs.cut else made


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return lines(pl.DataFrame(rows, infer_schema_length=None)) if rows else lines([])


def until(made: World, last: date) -> World:
    """What of a world can be seen on a day: a group some of whose lines are still to come is none yet."""
    book, bank = (frame.filter(pl.col("date") <= last) for frame in (made.book, made.bank))
    refs = pl.concat(
        [frame.select(pl.lit(side).alias("side"), "ref") for side, frame in (("book", book), ("bank", bank))]
    )
    seen = made.truth.join(refs.with_columns(seen=pl.lit(True)), on=["side", "ref"], how="left", maintain_order="left")
    whole = pl.col("seen").fill_null(False).all().over("group")
    alone = pl.col("group").max() + 1 + pl.int_range(pl.len())
    truth = seen.with_columns(group=pl.when(whole).then("group").otherwise(alone)).filter(pl.col("seen"))
    return World(
        book=book,
        bank=bank,
        truth=truth.drop("seen"),
        shown=made.shown.join(refs, on=["side", "ref"], how="semi"),
        traps=made.traps.join(refs, on=["side", "ref"], how="semi"),
    )


# -- traps: the partner is gone, a look-alike is there ------------------------------------------------


def _trap(maker: _Maker, name: str, book: dict[str, Any] | None, bank: dict[str, Any] | None) -> None:
    """Lines of which none has a partner."""
    if book is not None:
        ref = maker.book(
            maker.begin(), name, book["day"], book["amount"], book["kind"], book["who"], book.get("number")
        )
        maker.traps.append(("book", ref, name))
    if bank is not None:
        ref = maker.bank(maker.begin(), name, bank["day"], bank["amount"], bank["text"], bank.get("party"))
        maker.traps.append(("bank", ref, name))


def _pair(
    maker: _Maker, kind: str = "transfer_receipt", *, number: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pair that would match, with a payer nobody else has; each trap then spoils one thing."""
    maker.people_used += 1
    who = (f"T{maker.people_used:06d}", "试" + "".join(maker.rng.choice(GIVEN) for _ in range(5)) + "行")
    day, amount = maker.day(), maker.rng.choice((maker.amount(), maker.rng.randint(10_000, 9_999_999)))
    doc = maker.doc(kind) if number else None
    book = {"day": day, "amount": amount, "kind": kind, "who": who, "number": doc}
    return book, {"day": day, "amount": amount, "text": f"{WORDS[kind]} {doc or ''}", "party": who[1]}


def _other_party(maker: _Maker) -> None:
    book, bank = _pair(maker, number=False)
    _trap(maker, "other_party", book, bank | {"party": _pair(maker)[0]["who"][1]})


def _other_number(maker: _Maker) -> None:
    book, bank = _pair(maker)
    _trap(maker, "other_number", book, bank | {"text": f"转账 水费 {maker.written(maker.doc('transfer_receipt'))}"})


def _transposed_number(maker: _Maker) -> None:
    book, bank = _pair(maker)
    digits = str(book["number"])
    at = next(at for at in range(len(digits) - 1, 4, -1) if digits[at] != digits[at - 1])
    number = digits[: at - 1] + digits[at] + digits[at - 1] + digits[at + 1 :]
    _trap(maker, "transposed_number", book, bank | {"text": f"转账 {number}"})


def _other_amount(maker: _Maker) -> None:
    book, bank = _pair(maker)
    _trap(maker, "other_amount", book, bank | {"amount": bank["amount"] + maker.rng.choice((-1, 1, 9, 90, 100))})


def _other_direction(maker: _Maker) -> None:
    book, bank = _pair(maker)
    _trap(maker, "other_direction", book, bank | {"amount": -bank["amount"]})


def _begun_name(maker: _Maker) -> None:
    """The look-alike's name is the beginning of ours, or ours of it."""
    book, bank = _pair(maker, number=False)
    name = book["who"][1]
    _trap(maker, "begun_name", book, bank | {"party": maker.rng.choice((name[:3], name[:-1], name + "分校"))})


def _near_name(maker: _Maker) -> None:
    book, bank = _pair(maker, number=False)
    name = book["who"][1]
    _trap(maker, "near_name", book, bank | {"party": name[:2] + ("某" if name[2] != "某" else "甲") + name[3:]})


def _too_far(maker: _Maker) -> None:
    """The same payer and amount in another month."""
    book, bank = _pair(maker, number=False)
    _trap(maker, "too_far", book | {"day": FIRST - timedelta(maker.rng.randint(45, 60))}, bank)


def _before_deposit(maker: _Maker) -> None:
    """Cash cannot be at the bank days before it is brought there."""
    book, bank = _pair(maker, "cash_deposit", number=False)
    late = FIRST + timedelta(maker.rng.randint(10, maker.knobs.days - 1)) if maker.knobs.days > 11 else FIRST
    _trap(maker, "before_deposit", book | {"day": late}, bank | {"day": late - timedelta(maker.rng.randint(3, 9))})


def _same_number_other_amount(maker: _Maker) -> None:
    book, bank = _pair(maker)
    _trap(maker, "same_number_other_amount", book, bank | {"amount": bank["amount"] * 2, "party": None})


def _twin_missing(maker: _Maker) -> None:
    """Three of one payer on a day here, two there: which one is missing cannot be seen."""
    book, bank = _pair(maker, number=False)
    more = maker.rng.choice(("book", "bank"))
    for _ in range(2):
        _trap(maker, "twin_missing", book, bank)
    _trap(maker, "twin_missing", *((book, None) if more == "book" else (None, bank)))


def _amount_only(maker: _Maker) -> None:
    """An amount nobody else has, and nothing else in common."""
    book, bank = _pair(maker, number=False)
    amount = 7_000_000 + maker.people_used * 10_007
    _trap(
        maker, "amount_only", book | {"amount": amount}, bank | {"amount": amount, "party": _pair(maker)[0]["who"][1]}
    )


def _part_of_a_sum(maker: _Maker) -> None:
    """40 of a payer who is also owed 100, and paid 40 and 60: the 40 may be a part."""
    book, bank = _pair(maker, number=False)
    amount, rest = bank["amount"], maker.amount() + 13
    _trap(maker, "part_of_a_sum", book, bank)
    _trap(maker, "part_of_a_sum", book | {"amount": amount + rest}, bank | {"amount": rest})


def _batch_sum(maker: _Maker) -> None:
    """A transfer of exactly what a batch adds up to, without its number."""
    number, total = maker.doc("debit_list"), 0
    day = maker.day()
    for _ in range(5):
        amount = maker.amount()
        total += amount
        _trap(
            maker,
            "batch_sum",
            {"day": day, "amount": amount, "kind": "debit_list", "who": maker.person(), "number": number},
            None,
        )
    _trap(maker, "batch_sum", None, {"day": day, "amount": total, "text": "转账", "party": _pair(maker)[0]["who"][1]})


def _part_of_a_batch(maker: _Maker) -> None:
    """The batch's number on an amount that one of its lines has, and two others add up to."""
    number, day = maker.doc("debit_list"), maker.day()
    one, two = maker.amount(), maker.amount()
    for amount in (one, two, one + two, maker.amount() + 2_000_001):
        _trap(
            maker,
            "part_of_a_batch",
            {"day": day, "amount": amount, "kind": "debit_list", "who": maker.person(), "number": number},
            None,
        )
    _trap(
        maker, "part_of_a_batch", None, {"day": day, "amount": one + two, "text": f"代扣 批次{number}", "party": None}
    )


def _number_of_another(maker: _Maker) -> None:
    """The payer of one, the number of another: two good claims on the same line."""
    book, bank = _pair(maker)
    other, _bank = _pair(maker)
    _trap(maker, "number_of_another", book, bank | {"text": f"转账 {other['number']}"})
    _trap(maker, "number_of_another", other | {"amount": book["amount"], "day": book["day"]}, None)


def _doubled_credit(maker: _Maker) -> None:
    """The bank credited one cheque twice and did not take either back."""
    book, bank = _pair(maker, "cheque_receipt")
    _trap(maker, "doubled_credit", book, bank)
    _trap(maker, "doubled_credit", None, bank)


def _other_account(maker: _Maker) -> None:
    """A namesake who pays from an account we know to be somebody else's."""
    book, bank = _pair(maker, number=False)
    _trap(maker, "other_account", book, bank)
    maker.rows["book"][-1]["party_account"] = f"6222020402{maker.people_used:09d}"
    maker.rows["bank"][-1]["party_account"] = f"6222020403{maker.people_used:09d}"


def _fee_of_another(maker: _Maker) -> None:
    """Net of the fee to the fen, but a stranger's."""
    book, bank = _pair(maker, "scan_settlement", number=False)
    gross = 1_234_500 + maker.people_used
    net = gross - (gross * FEE_BASIS_POINTS + 5_000) // 10_000
    _trap(maker, "fee_of_another", book | {"amount": gross}, bank | {"amount": net, "party": _pair(maker)[0]["who"][1]})


def _two_returns(maker: _Maker) -> None:
    """Taken back, but which of two different days' lines?"""
    _book, bank = _pair(maker, number=False)
    day = FIRST + timedelta(maker.rng.randrange(max(maker.knobs.days - 2, 1)))
    for at, sign in ((0, 1), (1, 1), (1, -1)):
        text = "转账" if sign > 0 else "退汇"
        _trap(
            maker,
            "two_returns",
            None,
            bank | {"day": day + timedelta(at), "amount": sign * abs(bank["amount"]), "text": text},
        )


_TRAPS: tuple[Callable[[_Maker], None], ...] = (
    _other_party, _other_number, _transposed_number, _other_amount, _other_direction, _begun_name, _near_name,
    _too_far, _before_deposit, _same_number_other_amount, _twin_missing, _amount_only, _part_of_a_sum, _batch_sum,
    _part_of_a_batch, _number_of_another, _doubled_credit, _other_account, _fee_of_another, _two_returns,
)  # fmt: skip
