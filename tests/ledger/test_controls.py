"""The table of rules: complete, in two languages, with the same values in both."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

import pytest

from ledger.controls import CONTROLS, Control, control_fault, control_message
from ledger.i18n import set_language

SILENT = {"C44", "C45"}  # an assessment and a key figure: reports, no message


def fields(template: str) -> set[str]:
    """Names of the placeholders of a message."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


@pytest.fixture
def english() -> Iterator[None]:
    """English messages for one test."""
    set_language("en")
    yield
    set_language("zh_CN")


def test_the_table_is_complete() -> None:
    """C01 to C53, in order, none twice."""
    assert list(CONTROLS) == [f"C{number:02d}" for number in range(1, 54)]


@pytest.mark.parametrize("control", CONTROLS.values(), ids=list(CONTROLS))
def test_both_languages_say_the_same(control: Control) -> None:
    """A rule that speaks does so in Chinese and English, with the same values."""
    assert control.rule
    assert bool(control.zh) == bool(control.en) == (control.id not in SILENT)
    assert fields(control.zh) == fields(control.en)
    assert control.severity[:1] in set("XAWT") or control.id == "C44"


@pytest.mark.parametrize(
    ("control", "values", "message"),
    [
        ("C03", {}, "托收户、代扣户15日后不得录入和更改"),
        ("C13", {"c": "C01", "x": "120.80"}, "C01当日现金120.80元未缴存"),
        ("C15", {"x": "1,000.01"}, "抽屉零钞1,000.01元超过1000元限额"),
        ("C17", {"a": "1.00", "b": "2.00", "c": "3.00"}, "实收1.00≠日综表2.00≠记账联3.00,责任人补齐差额"),
        ("C19", {"n": 1}, "1张发票已开未收,须当日冲回"),
        ("C20", {}, "未全额交足一月水费,系统不核减,请开三联单"),
        ("C21", {}, "预交水费仅限房地产施工单位且不少于10000元"),
        ("C24", {}, "收入专户不得发生其他转账支出"),
        ("C26", {}, "录入、复核、审批须为不同人员"),
        ("C35", {"x": "2,956.36", "y": "2,956.35"}, "上缴2,956.36超过已收待缴2,956.35"),
        ("C47", {}, "减免超过50%权限"),
        ("C49", {"p": "2023-05"}, "期间2023-05已结账"),
        ("C51", {"c": "C01", "x": "5.00"}, "收费员C01当日短款5.00元未补齐"),
        ("C52", {"f": "水费", "y": "9,636.30", "x": "9,636.31"}, "水费可转余额9,636.30元,不足转出9,636.31元"),
        ("C53", {"n": "LS-0629", "v": "记-42"}, "回单号LS-0629已使用(凭证记-42)"),
    ],
)
def test_the_messages_of_the_regulations(control: str, values: dict[str, object], message: str) -> None:
    """The Chinese text of domain §4, letter by letter."""
    assert control_message(control, **values) == message


@pytest.mark.usefixtures("english")
def test_english() -> None:
    """The reader's language decides."""
    assert control_message("C49", p="2023-05") == "Period 2023-05 is closed"


def test_a_missing_value_is_a_mistake_of_the_caller() -> None:
    """No message with a hole reaches a person."""
    with pytest.raises(KeyError):
        control_message("C49")


def test_a_broken_rule_is_a_fault() -> None:
    """It has a place, a value, and the id as its code."""
    fault = control_fault("C20", file="收费.xlsx", row=17, column="金额", value="30.00")
    assert fault.code == "C20"
    assert fault.text() == "收费.xlsx 第 17 行 列 金额 “30.00”: [C20] 未全额交足一月水费,系统不核减,请开三联单"


def test_who_may_override() -> None:
    """None where nobody may."""
    assert CONTROLS["C26"].override is None
    assert CONTROLS["C52"].override == "finance head, reason"
    assert CONTROLS["C30"].refuses
    assert not CONTROLS["C50"].refuses
