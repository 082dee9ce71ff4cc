"""Who works with the book, in which role, and what that role may."""

from __future__ import annotations

import pytest

from ledger import operators
from ledger.documents import KINDS
from ledger.errors import Refused
from ledger.journal import reverse
from ledger.roles import ACTS, ENTER, ROLES
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.postings.conftest import Desk

CASH = {
    "doc_no": "X-1",
    "date": "2023-06-09",
    "customer": "R2",
    "amount": "120.80",
    "cashier": "C01",
    "invoice": "0001",
}


def test_every_kind_is_entered_by_somebody() -> None:
    """The table of roles covers the registry of documents, and names only roles there are."""
    assert set(ENTER) == set(KINDS)
    assert {role for roles in (*ENTER.values(), *ACTS.values()) for role in roles} == set(ROLES)
    assert all("auditor" not in roles and "administrator" not in roles for roles in ENTER.values())
    assert "cashier" not in ACTS["accept"]


def test_an_unstaffed_book_takes_one_person_for_everything(desk: Desk) -> None:
    """No operators, or the administrator alone: whoever he is."""
    with desk.ledger.store.writing(1) as session:
        operators.appoint(session, 1, desk.ledger.book, "T01", by="T01", today=TODAY)
        people = operators.staff(session, 1)
    assert people.unstaffed
    assert people.require("许亮", "enter:charge").id == "T01"
    with pytest.raises(Refused, match="没有操作员“K01”"):
        people.require("K01", "accept")


def test_roles_follow_the_post(office: Office) -> None:
    """The book's own data says what its people are."""
    with office.ledger.store.reading() as session:
        people = operators.staff(session, 1)
    assert (people.find("王秀英").role, people.find("L01").post) == ("lead", "收费班长")
    assert (people.find("D01").role, people.find("W01").role, people.find("J01").role) == (
        "reviewer",
        "finance_head",
        "auditor",
    )
    assert people.find("C01").branch == "B01"


@pytest.mark.parametrize(
    ("who", "kind", "may"),
    [
        ("L01", "charge", "制票员"),
        ("J01", "cash_receipt", "收费员、收费班长"),
        ("T01", "cash_receipt", "收费员"),
        ("C01", "bad_debt", "明细账会计"),
    ],
)
def test_who_may_not_is_told_which_role_may(office: Office, who: str, kind: str, may: str) -> None:
    before = office.facts()
    with pytest.raises(Refused, match=may):
        office.post(who, kind, {"doc_no": "X-1", "date": "2023-06-09"})
    assert office.facts() == before


def test_a_cashier_writes_for_her_own_drawer(office: Office) -> None:
    with pytest.raises(Refused, match=r"\[C41\] 收费员只能录入自己的钱箱"):
        office.post("C02", "cash_receipt", CASH)
    assert office.post("C01", "cash_receipt", CASH).status == "posted"


@pytest.mark.control("C41")
def test_a_leaver_is_disabled_and_never_deleted(office: Office) -> None:
    """C41; what he entered stays his, and he may come back."""
    office.appoint("C01", active=False)
    with pytest.raises(Refused, match="账号已停用"):
        office.post("C01", "cash_receipt", CASH)
    with pytest.raises(Refused, match="已是如此"):
        office.appoint("C01", active=False)
    office.appoint("C01")
    assert office.post("C01", "cash_receipt", CASH).status == "posted"
    with office.ledger.store.reading() as session:
        assert session.rows("SELECT count(*) FROM fact WHERE kind = 'operator' AND subject = 'C01'") == [(3,)]


def test_only_the_administrator_appoints(office: Office) -> None:
    with pytest.raises(Refused, match="系统管理员"):
        office.appoint("N01", by="L01")
    with pytest.raises(Refused, match="至少要有一名系统管理员"):
        office.appoint("T01", active=False)
    with pytest.raises(Refused, match="请给出编号、姓名"):
        office.appoint("不认识的人")
    made = office.appoint("X77", name="陆川", role="cashier", branch="城西")
    assert (made.id, made.role, made.branch) == ("X77", "cashier", "B02")
    with pytest.raises(Refused, match="已有人使用"):
        office.appoint("X78", name="陆川", role="cashier")


def test_names_in_documents_are_operators(office: Office) -> None:
    """C41 for 录入, 复核, 审批: a stranger, and somebody who has left."""
    row = {
        "date": "2023-06-15", "bank": "1002.01", "levy": "sewage", "amount": "100.00", "form_no": "CZ-1",
        "payee": "财政专户", "maker": "王秀英", "checker": "张涛", "approver": "路人甲",
    }  # fmt: skip
    with pytest.raises(Refused, match="不是在用的操作员"):
        office.post("L01", "levy_remittance", row)
    office.appoint("P01", active=False)
    with pytest.raises(Refused, match="不是在用的操作员"):
        office.post("L01", "levy_remittance", {**row, "approver": "黄伟"})
    assert office.post("L01", "levy_remittance", {**row, "approver": "钱文"}).status == "posted"


def test_who_may_reverse(office: Office) -> None:
    """The cashier her own of the day, then the lead, once accepted the accountant."""
    from ledger import approvals

    done = office.post("C01", "cash_receipt", CASH)
    (entry,) = done.entries.filter(done.entries["kind"] == "cash_receipt")["entry_id"]
    for who in ("C02", "Z01", "J01"):
        with pytest.raises(Refused, match="须由"):
            reverse(office.ledger, entry, reason="错户", operator=who, today=TODAY)
    approvals.accept(office.ledger, [done.batch_id], operator="K01", today=TODAY)
    with pytest.raises(Refused, match="明细账会计"):
        reverse(office.ledger, entry, reason="错户", operator="L01", today=TODAY)
    assert reverse(office.ledger, entry, reason="错户", operator="K01", today=TODAY).status == "posted"
