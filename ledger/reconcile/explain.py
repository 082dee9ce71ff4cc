"""Why a line is matched, or why not: one sentence made from the evidence, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from ledger.i18n import _
from ledger.money import format_fen
from ledger.reconcile.numbers import numbers


def explain_match(
    found: Mapping[str, Any],
    members: pl.DataFrame,
    doubt: pl.DataFrame | None = None,
    name: Callable[[str], str] = str,
) -> str:
    """The sentence of a match.

    ``found``: match_id, stage, evidence …; ``members``: side, ref, amount, date of its items;
    ``doubt``: what later lines put in doubt about it (``doubts.DOUBTS``); ``name`` masks a party's name.
    """
    evidence = json.loads(found["evidence"])
    amount = format_fen(evidence.get("amount", 0))
    stage = found["stage"]
    head = _("第 {n} 号勾对").format(n=found["match_id"])
    if stage in ("reference", "slip"):
        why = _("单据号 {number} 相同且金额 {amount} 相同,双方唯一").format(number=evidence["number"], amount=amount)
    elif stage == "group":
        why = _("同一单号 {number}:企业 {a} 笔与银行 {b} 笔合计都是 {amount},没有别的组合").format(
            number=evidence["number"], a=evidence["book_lines"], b=evidence["bank_lines"], amount=amount
        )
    elif stage == "party":
        why = _("金额 {amount} 与对方 {party} 都相同,双方唯一,日期相近").format(
            amount=amount, party=_party(evidence["party"], name)
        )
    elif stage == "class":
        why = _("企业 {a} 笔与银行 {b} 笔金额 {amount}、对方 {party} 都相同,彼此无从区分也无须区分,整组勾对").format(
            a=evidence["book_lines"],
            b=evidence["bank_lines"],
            amount=amount,
            party=_party(evidence["party"] or "", name),
        )
    elif stage == "fee":
        why = _("{key} 相同,企业 {gross} 减手续费 {fee}({rate})正是银行 {net},双方唯一").format(
            key=evidence["number"] or _party(evidence["party"] or "", name),
            gross=format_fen(abs(evidence["gross"])),
            fee=format_fen(abs(evidence["fee"])),
            rate=f"{evidence['basis_points'] / 100:g} %",
            net=format_fen(abs(evidence["gross"] - evidence["fee"])),
        )
    elif stage == "amount":
        why = _("金额 {amount} 双方各只有一笔,日期相近,没有相反的线索").format(amount=amount)
    elif stage == "reversal":
        why = {
            "reverses": _("账上红字冲销原分录,金额 {amount} 相抵"),
            "number": _("银行冲正并注明原流水,金额 {amount} 相抵"),
            "twin": _("银行冲正,一日内唯一的反向同额同户流水 {amount}"),
        }[evidence["link"]].format(amount=amount)
    else:
        why = _("人工勾对,理由:{reason}").format(reason=evidence.get("reason", ""))
    born = _(";凭证据该笔流水而制,不算独立印证") if evidence.get("born") else ""
    text = f"{head}: {why}{_lag(evidence.get('days'))} ({_members(members)}){born}{_rivals(evidence)}"
    if doubt is not None and doubt.height:
        text += _(";存疑:后来的 {refs} 有同样的依据,请复核").format(
            refs="、".join(doubt["ref"].unique().sort().to_list()[:5])
        )
    return text


def explain_open(
    line: Mapping[str, Any],
    side: str,
    own: pl.DataFrame,
    other: pl.DataFrame,
    proposals: pl.DataFrame | None = None,
    words: tuple[str, str] | None = None,
) -> str:
    """The sentence of a line that stands in no match: what was there, and why it did not decide.

    ``own``, ``other``: the open lines of its side and of the opposite one; ``proposals``: what
    might belong together among them (``proposals.PROPOSALS``); ``words``: what the sides are
    called, the books and the bank if not said.
    """
    words = words or (_("企业"), _("银行"))
    return _why_open(line, side, own, other, words) + _proposed(line, side, proposals, words)


def _why_open(
    line: Mapping[str, Any], side: str, own: pl.DataFrame, other: pl.DataFrame, words: tuple[str, str]
) -> str:
    amount = format_fen(abs(line["amount"]))
    same = other.filter(pl.col("amount") == line["amount"])
    mine = own.filter(pl.col("amount") == line["amount"])
    who, they = words if side == "book" else words[::-1]
    if same.is_empty():
        opposite = other.filter(pl.col("amount") == -line["amount"])
        text = _("未勾对:{they}没有金额 {amount} 的未达流水").format(they=they, amount=amount)
        if opposite.height:
            text += _(";有 {n} 笔同额反向").format(n=opposite.height)
        return text
    if mine.height > 1 or same.height > 1:
        today = [frame.filter(pl.col("date") == line["date"]) for frame in (mine, same)]
        number = _found(line, side)
        known = _("单据号 {a} 在{they}没有").format(a="、".join(number), they=they) if number else _("没有单据号")
        if today[1].height and today[0].height + today[1].height > 2:
            return _("未自动勾对:{a} 笔{who}与 {b} 笔{they}同额({amount})同日,{known}({refs})").format(
                a=today[0].height, who=who, b=today[1].height, they=they, amount=amount, known=known, refs=_refs(same)
            )
        return _("未自动勾对:{a} 笔{who}与 {b} 笔{they}同为 {amount},没有唯一的单据号或对方可以区分({refs})").format(
            a=mine.height, who=who, b=same.height, they=they, amount=amount, refs=_refs(same)
        )
    rival = same.row(0, named=True)
    days = abs((rival["date"] - line["date"]).days)
    left, right = (_found(one, rank) for one, rank in ((line, side), (rival, "bank" if side == "book" else "book")))
    if left and right and not set(left) & set(right):
        return _("未自动勾对:{they}有一笔同额({ref},相差 {days} 天),但单据号 {a} 与 {b} 不同").format(
            they=they, ref=rival["ref"], days=days, a="、".join(left), b="、".join(right)
        )
    return _("未自动勾对:{they}有一笔同额({ref},相差 {days} 天),但没有相同的单据号或对方,只有金额不足以认定").format(
        they=they, ref=rival["ref"], days=days
    )


def _proposed(line: Mapping[str, Any], side: str, proposals: pl.DataFrame | None, words: tuple[str, str]) -> str:
    """The best proposal the line stands in, as a clause; empty where there is none."""
    if proposals is None:
        return ""
    mine = proposals.filter(pl.col(f"{side}_refs").list.contains(line["ref"]))
    sums = mine.filter(pl.col("kind") == "sum")
    if sums.height:
        one = sums.row(0, named=True)
        text = _(";建议:{who} {a} 合计等于{they} {b}").format(
            who=words[0], a="+".join(one["book_refs"]), they=words[1], b="+".join(one["bank_refs"])
        )
        return text + (_(",但不止一种组合") if one["solutions"] > 1 else "")
    off = mine.filter(pl.col("difference") != 0).sort("points", "rank", descending=[True, False])
    if off.height and mine.filter(pl.col("difference") == 0).is_empty():
        one = off.row(0, named=True)
        other = one["bank_refs" if side == "book" else "book_refs"][0]
        text = _(";建议:{ref} 相差 {x}").format(ref=other, x=format_fen(abs(one["difference"])))
        return text + (_(",像是数字颠倒") if "transposed" in one["reasons"] else "")
    return ""


def _rivals(evidence: Mapping[str, Any]) -> str:
    """How many other lines of the amount there were, and why the nearest were not meant."""
    rivals = evidence.get("rivals") or []
    if not rivals:
        return ""
    why = {
        "number": _("单据号不同"),
        "no_number": _("没有单据号"),
        "party": _("对方不同"),
        "no_party": _("没有对方"),
        "date": _("日期太远"),
        "other": _("另有所属"),
    }
    shown = "、".join(f"{rival['ref']} {why[rival['why']]}" for rival in rivals[:2])
    return _(";同额的另有 {n} 笔,已排除({shown})").format(n=evidence["rival_count"], shown=shown)


def stage_text(stage: str) -> str:
    """A stage in people's words."""
    return {
        "reversal": _("本方冲销"),
        "reference": _("单据号相同"),
        "slip": _("缴存批次与金额相同"),
        "group": _("同号合计相等"),
        "fee": _("减手续费后相等"),
        "party": _("金额与对方相同"),
        "class": _("成组同额同对方"),
        "amount": _("金额唯一"),
        "manual": _("人工勾对"),
    }[stage]


def _found(line: Mapping[str, Any], side: str) -> list[str]:
    """The numbers a line carries, canonical."""
    fields = ["numbers"] if side == "book" else ["numbers", "text"]
    frame = pl.DataFrame([{name: line.get(name) for name in fields}], schema=dict.fromkeys(fields, pl.String))
    return list(frame.select(numbers(fields)).item())


def _party(shared: str, name: Callable[[str], str]) -> str:
    """Keys of the party stage as people read them."""
    kinds = {
        "@interest": _("银行结息"),
        "@bank_charge": _("银行手续费"),
        "@head_office": _("总公司"),
        "@treasury": _("财政专户"),
        "@settlement": _("商户清算"),
        "@debit": _("代扣"),
    }
    return "、".join(
        kinds.get(key) or (_("户号 {x}").format(x=key[1:]) if key.startswith("%") else name(key[1:]))
        for key in shared.split(" ")
    )


def _lag(days: int | None) -> str:
    if not days:
        return ""
    if days > 0:
        return _(",银行晚 {n} 天").format(n=days)
    return _(",银行早 {n} 天").format(n=-days)


def _members(members: pl.DataFrame) -> str:
    sides = {"book": _("企业"), "bank": _("银行")}
    shown = members.sort("side", "ref", descending=[True, False]).rows(named=True)
    return ", ".join(f"{sides[row['side']]} {row['ref']}" for row in shown[:8]) + (" …" if len(shown) > 8 else "")


def _refs(lines: pl.DataFrame) -> str:
    refs = lines["ref"].to_list()
    return "、".join(refs[:5]) + ("…" if len(refs) > 5 else "")
