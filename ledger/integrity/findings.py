"""What ``verify`` finds (异常): a code that programs know, a place, what should stand there and what does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ledger.i18n import _

MOST = 50
"""Findings of one code that are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    code: str
    place: str
    expected: str = ""
    found: str = ""

    @property
    def message(self) -> str:
        """What is wrong, in the user's language."""
        return titles()[self.code]

    def text(self) -> str:
        """One line, in the user's language."""
        said = f"[{self.code}] {self.place}: {self.message}"
        if self.expected or self.found:
            said += _("(应为 {expected},实为 {found})").format(
                expected=_short(self.expected) or _("无"), found=_short(self.found) or _("无")
            )
        return said

    __str__ = text

    def as_json(self) -> dict[str, str]:
        """For machines."""
        cells = {"code": self.code, "place": self.place, "message": self.message}
        return {**cells, "expected": self.expected, "found": self.found}


@dataclass(slots=True)
class Report:
    """What a verification saw: how much there is, the newest checkpoint, and what is wrong."""

    size: int = 0
    root: str = ""
    note: str = ""
    entries: int = 0
    lines: int = 0
    facts: int = 0
    records: int = 0
    findings: list[Finding] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """How many more of a code there are than ``findings`` lists."""

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.findings

    def codes(self) -> set[str]:
        """The codes of all that was found."""
        return {one.code for one in self.findings}

    def add(self, code: str, place: str, expected: Any = "", found: Any = "") -> None:
        """Write a finding down; of a code that comes up everywhere only the first ones."""
        if sum(one.code == code for one in self.findings) < MOST:
            self.findings.append(Finding(code, place, str(expected), str(found)))
        else:
            self.left_out[code] += 1

    def lines_of_text(self) -> list[str]:
        """One line per finding, and how many more there are of a code."""
        more = [_("[{code}] 另有 {count} 处").format(code=code, count=count) for code, count in self.left_out.items()]
        return [*(one.text() for one in self.findings), *more]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        cells = ("ok", "size", "root", "entries", "lines", "facts", "records")
        return {
            **{name: getattr(self, name) for name in cells},
            "checkpoint": self.note,
            "findings": [one.as_json() for one in self.findings],
            "left_out": dict(self.left_out),
        }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "…"


def titles() -> dict[str, str]:
    """Code → what it says. The codes are for ever."""
    return {
        "log.sequence": _("日志有缺行或乱序"),
        "log.leaves": _("日志行的叶数不对"),
        "log.tree": _("日志的树与叶不符"),
        "log.origin": _("日志属于另一账套"),
        "log.key": _("签名的公钥没有在日志中公布过"),
        "log.signature": _("检查点的签名不成立"),
        "log.what": _("日志行没有说明它代表哪些行"),
        "leaf.altered": _("内容与日志中的叶不符"),
        "leaf.missing": _("日志中有它的叶,账簿中没有它"),
        "leaf.extra": _("账簿中有它,日志中没有它的叶"),
        "batch.unlogged": _("批次在日志中没有叶"),
        "batch.unsealed": _("批次没有封"),
        "batch.order": _("批次或其编号不连续"),
        "batch.counts": _("批次的数目、合计与内容不符"),
        "entry.law": _("凭证不合规则"),
        "seal": _("封批记录与重算不符"),
        "voucher.gap": _("凭证号不连续或重号"),
        "voucher.mark": _("凭证号登记与重算不符"),
        "balance": _("余额变动与分录重算不符"),
        "projected": _("批次的汇总标记与封批不符"),
        "account": _("科目不存在"),
        "key.duplicate": _("编号重复"),
        "reference": _("所指的对象不存在"),
        "match.twice": _("同一项目勾对了两次"),
        "source": _("原始文件与其哈希不符"),
        "operation": _("操作日志的校验链断了"),
        "stranger": _("行属于不存在的账套"),
        "law.missing": _("数据库中缺少规则"),
        "law.altered": _("数据库中的规则被改过"),
        "law.unknown": _("数据库中有不认识的对象"),
        "law.privilege": _("应用角色的权限过大"),
        "unreadable": _("读不出"),
        "checkpoint.unreadable": _("不是检查点"),
        "checkpoint.signature": _("保存的检查点不是由本账套公布的公钥签名的"),
        "checkpoint.origin": _("保存的检查点属于另一账套"),
        "checkpoint.ahead": _("账簿比保存的检查点短:有记录被删,或账簿是旧备份"),
        "checkpoint.history": _("保存检查点之前的历史被改写"),
    }
