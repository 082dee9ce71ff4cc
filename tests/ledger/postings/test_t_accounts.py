"""Docstring, legs and registry are held to each other: the T-account a person reads is the one that posts."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module

import pytest

from ledger.accounts import KEYED_ROLES, ROLES
from ledger.documents import KINDS
from ledger.postings import MODULES, RULES
from ledger.postings.rule import Rule

COLUMN_ROLES = {"account", "receivable", "to_receivable", "advance"}
"""Roles whose account stands in the row itself."""

EVENTS = {f"E{number:02d}" for number in range(1, 34)} | {"E35"}


def module(rule: Rule) -> str:
    return rule.prepare.__module__


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if rule.legs])
def test_the_docstring_shows_the_legs(kind: str) -> None:
    """The block after ``::`` is the rule's T-account, line for line, and nothing else."""
    rule = RULES[kind]
    text = inspect.getdoc(sys.modules[module(rule)]) or ""
    block = text.partition("::\n\n")[2].partition("\n\n")[0]
    shown = inspect.cleandoc(block).splitlines()
    assert shown == inspect.cleandoc(rule.t_account()).splitlines()


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if rule.legs])
def test_the_docstring_says_event_rule_and_example(kind: str) -> None:
    """It opens with the event, cites the rule and gives a worked example."""
    rule = RULES[kind]
    text = inspect.getdoc(sys.modules[module(rule)]) or ""
    # 预存水费 is an event without a number of its own (domain §9.2, §10).
    assert text.startswith(rule.event) or kind == "general_deposit"
    assert "Rules: " in text or "(domain §" in text
    assert "Example" in text
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text.splitlines()[0])


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if rule.legs])
def test_one_event_one_file(kind: str) -> None:
    """The file is called like the kind, and its roles are the chart's."""
    rule = RULES[kind]
    assert module(rule) == f"ledger.postings.{kind}"
    assert {leg.account for leg in rule.legs} <= {*ROLES, *KEYED_ROLES, *COLUMN_ROLES}
    assert {leg.side for leg in rule.legs} <= {"debit", "credit"}


def test_every_kind_has_a_rule() -> None:
    """And every rule a kind; only kinds that post have legs."""
    assert set(RULES) == set(KINDS)
    assert {kind for kind, rule in RULES.items() if rule.legs} == {name for name, kind in KINDS.items() if kind.posts}


def test_every_event_is_covered() -> None:
    """E01–E33 and E35 (E34 makes no entry, E36 is a report)."""
    covered = {event for kind in RULES for event in KINDS[kind].event.split()}
    covered |= {rule.event for rule in RULES.values()}
    assert EVENTS - covered == set()


def test_modules_are_named_once() -> None:
    """Every file of a rule is registered, once."""
    assert len(MODULES) == len(set(MODULES))
    for name in MODULES:
        assert import_module(f"ledger.postings.{name}")
