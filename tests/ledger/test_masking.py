"""Personal data by role and medium: what stays readable, who sees it in plain, what a file holds."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from exports.masked import masked
from exports.report import Column, Period, Report, Table
from ledger import masking, overrides
from ledger.disclosure import plain
from ledger.errors import Refused
from ledger.roles import ROLES
from tests.ledger.people.conftest import Office
from tests.ledger.people.conftest import desk as desk
from tests.ledger.people.conftest import office as office
from tests.ledger.people.conftest import opened as opened

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "钱小满", "钱**"),
        ("name", "Li Lei", "L* L**"),
        ("name", "滨江物业管理有限公司", "滨江******公司"),
        ("name", "安钢集团", "安**团"),
        ("phone", "13803721234", "138****1234"),
        ("phone", "0372-3921234", "****1234"),
        ("phone", "12", "****"),
        ("account", "6200000000000103", "6200****0103"),
        ("account", "TM0005", "****05"),
        ("address", "滨江路12号3单元501", "滨江路****"),
        ("address", "某处", "****"),
        ("text", "收 6200000000000103 的款", "收 ****0103 的款"),
        ("name", "", ""),
        ("name", None, None),
    ],
)
def test_masks(kind: str, text: str | None, shown: str | None) -> None:
    assert masking.value(kind, text) == shown


def test_roles_and_media() -> None:
    """Daily work sees it on the screen, who answers for registers in files, auditor and administrator nowhere."""
    screen = {role for role in ROLES if masking.may_see_personal_data(role)}
    files = {role for role in ROLES if masking.may_see_personal_data(role, to_file=True)}
    assert screen == set(ROLES) - {"auditor", "administrator"}
    assert files == {"lead", "accountant", "reviewer", "finance_head"}


def test_every_name_column_says_so() -> None:
    """A register that shows a customer's name or account number declares it."""
    columns = [
        line
        for path in (ROOT / "exports" / "reports").glob("r*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r'Column\(.*_\("(户名|姓名|付款账号|电话|手机|地址)"\)', line)
    ]
    assert len(columns) >= 10
    assert [line for line in columns if "personal=" not in line] == []


@pytest.mark.control("C40")
def test_only_by_leave(office: Office) -> None:
    """The auditor asks with a reason and has the finance head's leave for that person and day, or is refused (C40)."""
    ledger = office.ledger
    today = ledger.book.today()

    def sees(who: str, **asked: object) -> bool:
        with ledger.store.reading() as session:
            return plain(ledger, session, who, **{"to_file": True, **asked})  # type: ignore[arg-type]

    assert [sees(who) for who in ("C01", "L01", "K01", "W01", "J01", "T01")] == [False, True, True, True, False, False]
    assert sees("C01", to_file=False)
    with pytest.raises(Refused, match="--reason"):
        sees("J01", unmasked=True)
    with pytest.raises(Refused, match=f"J01/{today}") as caught:
        sees("J01", unmasked=True, reason="抽查")
    assert caught.value.faults[0].code == "C40"
    with pytest.raises(Refused):
        overrides.grant(ledger, "C40", f"J01/{today}", reason="外审", operator="L01", today=today)
    overrides.grant(ledger, "C40", f"J01/{today}", reason="外审", operator="W01", today=today)
    assert sees("J01", unmasked=True, reason="抽查")
    assert not sees("J01")
    with pytest.raises(Refused):
        sees("T01", unmasked=True, reason="抽查")


def test_a_masked_report() -> None:
    """Rows, paper form and further sheets alike; amounts, customer numbers and the original stay."""
    columns = [
        Column("customer", "户号"),
        Column("name", "户名", personal="name"),
        Column("memo", "摘要"),
        Column("amount", "金额", "money"),
    ]
    rows = [
        {"customer": "R1", "name": "钱小满", "memo": "卡 6200000000000103", "amount": 12080},
        {"customer": "R2", "name": None},
    ]
    period = Period(dt.date(2023, 6, 1), dt.date(2023, 6, 30))
    table = Table(columns, [*rows, {"customer": "小计"}], styles=("", "", "subtotal"))
    report = Report(
        code="R99",
        title="表",
        period=period,
        columns=columns,
        rows=rows,
        paper=table,
        sheets=[("附", table)],
        notes=["注"],
    )
    made = masked(report)
    first = {"customer": "R1", "name": "钱**", "memo": "卡 ****0103", "amount": 12080}
    assert [made.rows[0], made.table("xlsx").rows[0], made.sheets[0][1].rows[0]] == [first] * 3
    assert made.notes == ["注", masking.notice()]
    assert report.rows[0]["name"] == "钱小满"
    assert made.table("xlsx").styles == table.styles
