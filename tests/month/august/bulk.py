"""The bulk of August 2023, from a fixed seed: bills and how they are paid, as the books and the two banks write it.

Entities pay by transfer to either bank, by cheque or by collection (托收); households at the
counter, whose cash goes to 工行 the same day, or by scan, which 中行 gets the next working day
net of 0.6 %. A transfer is booked from the bank's slip (its serial), from an advice whose
number the bank repeats in its text in its own way, or with a number the bank does not know:
then payer and amount must do.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from tests.month.august.cases import BOC, FUNDS, ICBC, Doc, Line

SEED = 20230831
PLACES = ("城东", "城西", "城南", "城北", "江滨", "开发区", "新区", "河西")
NAMES = ("顺达", "鸿运", "金源", "华泰", "同济", "万和", "永固", "恒信", "佳美", "瑞丰", "天成", "富康")
TRADES = ("机械厂", "食品厂", "纸业", "印刷厂", "宾馆", "洗衣店", "医院", "学校", "超市", "饭店", "家具厂", "物流")
VOLUMES = (20, 25, 30, 40, 40, 50, 50, 60, 80, 100, 100, 120, 150, 150, 200, 240, 300, 400, 520, 750)
WORKDAYS = [day for day in (dt.date(2023, 8, 1) + dt.timedelta(n) for n in range(31)) if day.isoweekday() < 6]
WINDOWS = (dt.date(2023, 8, 10), dt.date(2023, 8, 16), dt.date(2023, 8, 31))
"""The days by which what happened since the last one is posted."""
SLOW_CASH = dt.date(2023, 8, 17)
"""On this day the cashier came after the bank had closed: the slip was taken in the next day."""

TRANSFERS, CHEQUES, COLLECTED, CASH, SCANS = 200, 45, 16, 66, 60


@dataclass
class Bulk:
    """What is made: customers (code, name, stream, pay mode), bills (customer, m³), documents, bank lines.

    ``truth``: the document's number and the bank's, of each pair that is one event.
    """

    customers: list[tuple[str, str, str, str]] = field(default_factory=list)
    bills: list[tuple[str, int]] = field(default_factory=list)
    docs: list[Doc] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    truth: set[tuple[str, str]] = field(default_factory=set)
    invoices: int = 200_000
    vouchers: int = 5_000

    def invoice(self) -> str:
        """The next invoice number."""
        self.invoices += 1
        return f"{self.invoices:07}"

    def meet(self, number: str, line: Line) -> None:
        """A bank line and the document it is of."""
        self.lines.append(line)
        self.truth.add((number, line.number))

    def voucher(self) -> str:
        """The next number of 工行's vouchers (凭证号)."""
        self.vouchers += 1
        return f"{self.vouchers:09}"


def yuan(fen: int) -> str:
    """``120080`` → ``1200.80``."""
    sign, size = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{size // 100}.{size % 100:02}"


def bulk() -> Bulk:
    """All of it, always the same."""
    chance, made = random.Random(SEED), Bulk()
    names = [f"{place}{name}{trade}" for place in PLACES for name in NAMES for trade in TRADES]
    chance.shuffle(names)
    entities = iter(enumerate(names, 1))
    _transfers(made, chance, entities)
    _cheques(made, chance, entities)
    _collections(made, chance, entities)
    _cash(made, chance)
    _scans(made, chance)
    return made


def _entity(made: Bulk, chance: random.Random, entities, pay_mode: str = "普通") -> tuple[str, str, int]:  # type: ignore[no-untyped-def]
    number, name = next(entities)
    code, volume = f"N{number:03}", chance.choice(VOLUMES)
    made.customers.append((code, name, "单位户", pay_mode))
    made.bills.append((code, volume))
    return code, name, volume * 480


def _clock(chance: random.Random, first: int = 9, last: int = 16) -> str:
    return f"{chance.randrange(first, last):02}:{chance.randrange(60):02}:{chance.randrange(60):02}"


def _transfers(made: Bulk, chance: random.Random, entities) -> None:  # type: ignore[no-untyped-def]
    for number in range(TRANSFERS):
        code, name, amount = _entity(made, chance, entities)
        bank = ICBC if number % 2 else BOC
        day = chance.choice(WORKDAYS[3:-1])
        booked = min(day + dt.timedelta(chance.choice((0, 0, 0, 1, 2))), dt.date(2023, 8, 31))
        serial = made.voucher() if bank == ICBC else f"{day:%Y%m%d}{number:05}"
        advice, own = f"HD-{day:%m%d}{number:03}", f"QT-{day:%m%d}{number:03}"
        way = chance.choices(("serial", "advice", "party"), (50, 30, 20))[0]
        text, party = "8月水费", name
        if way == "advice":
            plain = advice.replace("-", "")
            text = chance.choice((f"转账 {advice} 水费", f"附言:{plain}", f"{_wide(advice)} 水费"))
            party = chance.choice((name, name, "", name[:4]))
        reference = {"serial": serial, "advice": advice, "party": own}[way]
        row = {
            "日期": f"{booked}", "户号": code, "金额": yuan(amount), "银行": bank, "银行流水号": reference, "票据号": made.invoice(),
        }  # fmt: skip
        made.docs.append(Doc("transfer_receipt", row))
        made.meet(reference, Line(bank, f"{day} {_clock(chance)}", serial, yuan(amount), party, text))


def _cheques(made: Bulk, chance: random.Random, entities) -> None:  # type: ignore[no-untyped-def]
    """At 工行; credited one to three days after they are lodged."""
    for number in range(CHEQUES):
        code, name, amount = _entity(made, chance, entities)
        day = chance.choice(WORKDAYS[3:-4])
        cheque = f"ZP-{day:%m%d}{number:02}"
        row = {
            "支票号": cheque, "日期": f"{day}", "户号": code, "金额": yuan(amount), "银行": ICBC, "已进账": "是",
            "票据号": made.invoice(), "出票日": f"{day - dt.timedelta(chance.randrange(4))}",
        }  # fmt: skip
        made.docs.append(Doc("cheque_receipt", row))
        seen = day + dt.timedelta(chance.randrange(1, 4))
        text = f"转账支票进账 {chance.choice((cheque, cheque.replace('-', ''), _wide(cheque)))}"
        made.meet(cheque, Line(ICBC, f"{seen} {_clock(chance)}", made.voucher(), yuan(amount), name, text))


def _collections(made: Bulk, chance: random.Random, entities) -> None:  # type: ignore[no-untyped-def]
    """One batch, sent on the 15th; the bank credits what was collected in two sums, one bill is returned."""
    paid = {dt.date(2023, 8, 18): 0, dt.date(2023, 8, 22): 0}
    sent, answered = [], []
    for number in range(COLLECTED):
        code, _name, amount = _entity(made, chance, entities, "托收")
        bill = {"户号": code, "金额": yuan(amount), "所属月": "2023-08"}
        sent.append(
            Doc("collection_batch", {"批号": "TS202308", "日期": "2023-08-15", **bill, "银行": ICBC, "渠道": "工行"})
        )
        day = list(paid)[number % 2]
        answer = {"单据号": f"TS202308-{code}", "批号": "TS202308", "日期": f"{day}", **bill}
        if number == COLLECTED - 1:
            answered.append(Doc("collection_result", {**answer, "结果": "退票", "原因": "存款不足"}))
            continue
        paid[day] += amount
        answered.append(Doc("collection_result", {**answer, "结果": "收回", "银行": ICBC}))
    made.docs += [*sent, *answered]
    for day, amount in paid.items():
        line = Line(ICBC, f"{day} 09:30:00", made.voucher(), yuan(amount), "批量托收", "托收水费 批次TS202308")
        made.meet("TS202308", line)


def _cash(made: Bulk, chance: random.Random) -> None:
    """At the counter, three a day; the day's cash goes to the bank on one slip."""
    taken = dict.fromkeys(WORKDAYS[3:], 0)
    for number in range(CASH):
        code, volume = f"H{number + 1:03}", chance.randrange(4, 16)
        made.customers.append((code, f"现金户{number + 1:03}", "居民户", "普通"))
        made.bills.append((code, volume))
        day = list(taken)[number % len(taken)]
        taken[day] += volume * 345
        row = {"日期": f"{day}", "户号": code, "金额": yuan(volume * 345), "收费员": "C01", "发票号": made.invoice()}
        made.docs.append(Doc("cash_receipt", row))
    for day, amount in taken.items():
        slip = f"JK-{day:%m%d}"
        row = {
            "单据号": slip, "日期": f"{day}", "收费员": "C01", "银行": ICBC, "款项类别": FUNDS, "金额": yuan(amount), "缴款单号": slip,
            "押送人": "刘芳、王秀英",
        }  # fmt: skip
        made.docs.append(Doc("cash_deposit", row))
        late = day in (SLOW_CASH, WORKDAYS[-1])
        at = f"{day + dt.timedelta(1)} 09:05:00" if late else f"{day} 16:{chance.randrange(60):02}:00"
        made.meet(slip, Line(ICBC, at, made.voucher(), yuan(amount), "", f"现金缴款 {slip} 水费"))


def _scans(made: Bulk, chance: random.Random) -> None:
    """Scanned codes; the channel settles each day's the next working day, net of its 0.6 %."""
    days = WORKDAYS[3:-1]
    taken = dict.fromkeys(days, 0)
    for number in range(SCANS):
        code, volume = f"Q{number + 1:03}", chance.randrange(4, 16)
        made.customers.append((code, f"扫码户{number + 1:03}", "居民户", "普通"))
        made.bills.append((code, volume))
        day = days[number % len(days)]
        taken[day] += volume * 345
        row = {
            "日期": f"{day}", "户号": code, "金额": yuan(volume * 345), "渠道单号": f"SM{day:%Y%m%d}{number:04}", "银行": BOC,
            "渠道": "扫码", "票据号": made.invoice(),
        }  # fmt: skip
        made.docs.append(Doc("scan_receipt", row))
    for day, gross in taken.items():
        if not gross:
            continue
        settled = WORKDAYS[WORKDAYS.index(day) + 1]
        fee = (gross * 6 + 500) // 1000
        number = f"QS-{day:%m%d}"
        row = {
            "单据号": number, "日期": f"{settled}", "银行": BOC, "交易额": yuan(gross), "手续费": yuan(fee), "到账额": yuan(gross - fee),
            "渠道": "扫码", "交易日": f"{day}",
        }  # fmt: skip
        made.docs.append(Doc("scan_settlement", row))
        serial = f"{settled:%Y%m%d}00{day:%d}9"
        text = f"商户清算 {number} 交易额{yuan(gross)} 手续费{yuan(fee)}"
        made.meet(number, Line(BOC, f"{settled} 08:00:00", serial, yuan(gross - fee), "扫码收单清算", text))


def _wide(text: str) -> str:
    """Full-width, as some banks print it."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
