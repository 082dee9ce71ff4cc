"""Requests, approvals and acceptance: three people, one content, once."""

from __future__ import annotations

import threading

import pytest

from ledger import approvals, requests, views
from ledger.errors import Refused
from tests.ledger.people.conftest import TODAY, Office
from tests.ledger.postings.conftest import rows_of

REDUCTION = {
    "doc_no": "CJ-1", "date": "2023-06-13", "customer": "E3", "bill_month": "2023-06", "volume": 10, "approval_no": "SQ-1",
    "reason": "抄表差错", "maker": "周强", "approver": "何军",
}  # fmt: skip
BAD_DEBT = {"date": "2023-06-27", "customer": "R8", "bill_month": "2020-06", "approval_no": "HX-1"}


def test_a_reduction_waits_and_is_posted_by_the_last_approval(office: Office) -> None:
    done = office.post("Z01", "reduction", REDUCTION)
    assert (done.status, done.request) == ("waiting", "QQ-0001")
    again = office.post("Z01", "reduction", REDUCTION)
    assert (again.status, again.request) == ("waiting", "QQ-0001")
    assert office.approve("F01", "QQ-0001").request.state == "approve"
    approved = office.approve("D01", "qq-0001")
    assert approved.posted is not None
    (entry,) = approved.posted.entries.iter_rows(named=True)
    assert (entry["kind"], entry["doc_no"]) == ("reduction", "CJ-1")
    with office.ledger.store.reading() as session:
        assert session.rows("SELECT operator FROM batch WHERE kind = 'reduction'") == [("Z01",)]
    assert office.post("Z01", "reduction", REDUCTION).status == "already"


def test_empty_sheets_of_a_day_ask_for_nobody(office: Office) -> None:
    """The workbook of a day has a sheet for every kind; the lead answers for those she filled."""
    paid = {"doc_no": "0001234", "date": "2023-06-09", "customer": "R2", "amount": "120.80", "cashier": "C01"}
    done = office.post_all("L01", rows_of("opening"), rows_of("reduction"), rows_of("cash_receipt", paid))
    assert (done.status, len(done.entries)) == ("posted", 1)
    with pytest.raises(Refused, match="请单独提交"):
        office.post_all("Z01", rows_of("charge"), rows_of("reduction", REDUCTION))


def test_who_may_not_approve(office: Office) -> None:
    """Not the maker, not in two sessions either; not a cashier; not another than the document names; not twice."""
    office.post("Z01", "reduction", REDUCTION)
    office.appoint("Z01", role="reviewer")  # the maker by another role is still the maker
    with pytest.raises(Refused, match=r"\[C26\]"):
        office.approve("Z01", "QQ-0001")
    with pytest.raises(Refused, match="须由"):
        office.approve("C01", "QQ-0001")
    office.approve("F01", "QQ-0001")
    with pytest.raises(Refused, match=r"\[C26\]"):
        office.approve("F01", "QQ-0001")
    with pytest.raises(Refused, match="单据写明由 何军"):
        office.approve("P01", "QQ-0001")
    office.approve("D01", "QQ-0001")
    with pytest.raises(Refused, match="已批准"):
        office.approve("W01", "QQ-0001")


def test_the_maker_is_who_enters(office: Office) -> None:
    with pytest.raises(Refused, match="录入人应是办理人 周强"):
        office.post("Z01", "reduction", {**REDUCTION, "maker": "吴敏"} | {"maker": "王秀英"})


def test_a_write_off_is_released_by_the_finance_head(office: Office) -> None:
    assert office.post("K01", "bad_debt", BAD_DEBT).status == "waiting"
    office.approve("L01", "QQ-0001")
    with pytest.raises(Refused, match="财务部负责人"):
        office.approve("P01", "QQ-0001")
    assert office.approve("W01", "QQ-0001").posted is not None


def test_the_digest_that_was_seen(office: Office) -> None:
    """Whoever approves may quote what he saw; another content is refused."""
    office.post("Z01", "reduction", REDUCTION)
    with pytest.raises(Refused, match="与送审时不同"):
        office.approve("F01", "QQ-0001", quoted="0123abcd")
    with office.ledger.store.reading() as session:
        seen = requests.find(session, 1, "QQ-0001").digest
    assert office.approve("F01", "QQ-0001", quoted=seen[:12].upper()).request.state == "approve"


def test_a_changed_request_is_not_approved(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changed it: content and digest no longer agree."""
    office.post("Z01", "reduction", REDUCTION)
    office.approve("F01", "QQ-0001")
    honest = requests.records.facts

    def altered(session: object, book_id: int, kind: str, **options: object) -> list[object]:
        found = honest(session, book_id, kind, **options)  # type: ignore[arg-type]
        for fact in found if kind == requests.REQUEST else ():
            fact.content["rows"] = fact.content["rows"].replace('"volume":10', '"volume":100')  # type: ignore[index]
        return list(found)

    monkeypatch.setattr(requests.records, "facts", altered)
    with pytest.raises(Refused, match="与送审时不同"):
        office.approve("D01", "QQ-0001")


def test_what_became_wrong_meanwhile_is_not_posted(office: Office) -> None:
    """The bill is reduced further by another request first: rules speak again, the approval is not kept."""
    office.post("Z01", "reduction", {**REDUCTION, "volume": 290})
    office.post("Z01", "reduction", {**REDUCTION, "doc_no": "CJ-2", "approval_no": "SQ-2", "volume": 200})
    for number in ("QQ-0001", "QQ-0002"):
        office.approve("F01", number)
    office.approve("D01", "QQ-0002")
    before = office.facts()
    with pytest.raises(Refused):
        office.approve("D01", "QQ-0001")
    assert office.facts() == before


def test_rejected_and_withdrawn(office: Office) -> None:
    office.post("Z01", "reduction", REDUCTION)
    with pytest.raises(Refused, match="写明原因"):
        approvals.reject(office.ledger, "QQ-0001", operator="F01", reason=" ", today=TODAY)
    assert (
        approvals.reject(office.ledger, "QQ-0001", operator="F01", reason="附件不全", today=TODAY).state == "rejected"
    )
    with pytest.raises(Refused, match="已退回"):
        office.approve("F01", "QQ-0001")
    assert office.post("Z01", "reduction", REDUCTION).request == "QQ-0002"
    assert approvals.reject(office.ledger, "QQ-0002", operator="Z01", reason="撤回", today=TODAY).state == "rejected"


def test_two_approve_at_once(office: Office) -> None:
    """Two people press the last button: one posts it, the other is told so."""
    office.post("K01", "bad_debt", BAD_DEBT)
    office.approve("F01", "QQ-0001")
    office.appoint("P01", role="finance_head")
    said: list[str] = []

    def press(who: str) -> None:
        try:
            said.append("posted" if office.approve(who, "QQ-0001").posted else "nothing")
        except Refused as refused:
            said.append(str(refused))

    threads = [threading.Thread(target=press, args=(who,)) for who in ("W01", "P01")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == sorted(["posted", "申请 QQ-0001 已批准"])


@pytest.mark.control("C48")
def test_acceptance(office: Office) -> None:
    """! becomes * by the accountant; nobody accepts what he entered, a cashier never, nothing twice."""
    done = office.post(
        "L01", "interest", {"date": "2023-06-21", "bank": "1002.01", "amount": "12.34", "advice_no": "LX-1"}
    )
    (entry,) = done.entries["entry_id"]

    def flag() -> str:
        with office.ledger.store.reading() as session:
            return str(views.flagged(session, 1, done.entries.select("entry_id"))["flag"][0])

    assert flag() == "!"
    for who, why in (("C01", "须由"), ("L01", "须由"), ("J01", "须由")):
        with pytest.raises(Refused, match=why):
            approvals.accept(office.ledger, [done.batch_id], operator=who, today=TODAY)
    own = office.post(
        "K01", "interest", {"date": "2023-06-21", "bank": "1002.02", "amount": "1.00", "advice_no": "LX-2"}
    )
    with pytest.raises(Refused, match=r"\[C48\] 录入人与接收人不得相同"):
        approvals.accept(office.ledger, [done.batch_id, own.batch_id], operator="K01", today=TODAY)
    assert flag() == "!"
    approvals.accept(office.ledger, [done.batch_id], operator="K01", today=TODAY)
    approvals.accept(office.ledger, [own.batch_id], operator="F01", today=TODAY)
    assert flag() == "*"
    assert entry > 0
    with pytest.raises(Refused, match=f"{done.batch_id} 已于"):
        approvals.accept(office.ledger, [done.batch_id], operator="K01", today=TODAY)


def test_transfers_approved_in_meterbook(office: Office) -> None:
    """Policy ``transfer_approval = meterbook``: the schedule is requested, checked and approved here."""
    from dataclasses import replace

    policies = replace(office.ledger.book.policies, transfer_approval="meterbook")
    office.ledger = replace(office.ledger, book=replace(office.ledger.book, policies=policies))
    row = {
        "doc_no": "ZK-1", "date": "2023-06-29", "bank": "1002.01", "fund": "水费", "amount": "1,000.00", "payee": "总公司财务部",
        "maker": "王秀英", "checker": "张涛", "approver": "黄伟",
    }  # fmt: skip
    assert office.post("L01", "head_office_transfer", row).status == "waiting"
    with pytest.raises(Refused, match="单据写明由 张涛"):
        office.approve("P01", "QQ-0001")
    office.approve("F01", "QQ-0001")
    done = office.approve("P01", "QQ-0001")
    assert done.posted is not None
    assert done.posted.entries["doc_no"].to_list() == ["ZK-1"]
