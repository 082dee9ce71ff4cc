"""§6.7: each of these is refused with the message of §4, and the ledger stays as it was."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from ledger.days import close_day
from ledger.errors import MeterbookError, Refused
from ledger.storage.tables import metadata
from tests.month.conftest import JULY, JUNE, Book

HEADERS = {
    "cash_receipt": "日期,户号,金额,收费员,发票号",
    "builder_prepayment": "单据号,日期,户号,金额,收费员",
    "reduction": "日期,户号,所属月,水量,审批号,原因,录入,审批",
    "head_office_transfer": "单据号,日期,银行,款项类别,金额,收款人,录入,复核,审批",
    "levy_remittance": "日期,银行,代征项目,金额,缴款书号,收款人,录入,复核,审批",
    "refund": "单据号,日期,户号,金额,方式",
    "drawer": "日期,收费员,零钞",
    "slip_receipt": "日期,户号,金额,银行,临时回单号",
    "debit_list": "单据号,日期,合计单号,期间,户号,金额,结果",
}


def snapshot(book: Book) -> dict[str, list[str]]:
    """Every row of every table of the journal."""
    with book.ledger.store.reading() as session:
        return {
            name: sorted(json.dumps(row, default=str) for row in session.rows(f"SELECT * FROM {name}"))
            for name in metadata.tables
        }


def refusal(book: Book, tmp_path: Path, kind: str, *rows: str, today: dt.date = dt.date(2023, 6, 30)) -> str:
    """The message of posting these rows; the ledger is the same before and after."""
    path = tmp_path / f"{kind}.csv"
    path.write_text("\n".join([HEADERS[kind], *rows]) + "\n", encoding="utf-8")
    before = snapshot(book)
    with pytest.raises(MeterbookError) as caught:
        book.post(path, kind, today)
    assert snapshot(book) == before
    return str(caught.value)


def test_1_less_than_the_oldest_bill_settles_nothing(fresh: Book, tmp_path: Path) -> None:
    """C20."""
    fresh.post_until("0612-05")
    said = refusal(fresh, tmp_path, "cash_receipt", "2023-06-12,R7,30.00,C02,0009001")
    assert "未全额交足一月水费,系统不核减,请开三联单" in said


def test_2_builder_prepayment_below_the_minimum(fresh: Book, tmp_path: Path) -> None:
    """C21."""
    fresh.post_until("0612-01")
    said = refusal(fresh, tmp_path, "builder_prepayment", "SL-1,2023-06-16,B1,9999.99,C02")
    assert "预交水费仅限房地产施工单位且不少于10000元" in said


def test_3_collection_account_is_locked_after_the_15th(fresh: Book, tmp_path: Path) -> None:
    """C03."""
    fresh.post_until("0616-01")
    said = refusal(fresh, tmp_path, "reduction", "2023-06-16,E1,2023-06,10,SQ-9,抄表差错,周强,何军")
    assert "托收户、代扣户15日后不得录入和更改" in said


def test_4_day_close_with_an_invoice_printed_and_unpaid(fresh: Book) -> None:
    """C19, with V34 alone."""
    fresh.post_until("0626-04")
    before = snapshot(fresh)
    with pytest.raises(Refused, match="1张发票已开未收,须当日冲回"):
        close_day(fresh.ledger, dt.date(2023, 6, 26), operator="tester", today=dt.date(2023, 6, 26))
    assert snapshot(fresh) == before


def test_5_day_close_with_a_short_not_made_good(fresh: Book) -> None:
    """C51, with V06 and V07 alone."""
    fresh.post_until("0609-05")
    before = snapshot(fresh)
    with pytest.raises(Refused, match=r"收费员C01当日短款5\.00元未补齐"):
        close_day(fresh.ledger, dt.date(2023, 6, 9), operator="tester", today=dt.date(2023, 6, 9))
    assert snapshot(fresh) == before


def test_6_transfer_over_the_fund_position(fresh: Book, tmp_path: Path) -> None:
    """C52: one fen more than 水费 of 工行 has."""
    fresh.post_until("0629-01")
    said = refusal(
        fresh, tmp_path, "head_office_transfer",
        "ZK-9,2023-06-29,工行0101,水费,9636.31,总公司财务部,王秀英,张涛,黄伟",
    )  # fmt: skip
    assert "水费可转余额9,636.30元,不足转出9,636.31元" in said


def test_7_levy_over_what_was_collected_in_that_bank(fresh: Book, tmp_path: Path) -> None:
    """C35: 工行 holds 2,956.35; 11.40 more lies in 中行."""
    fresh.post_until("0615-02")
    said = refusal(
        fresh, tmp_path, "levy_remittance",
        "2023-06-15,工行0101,污水处理费,2956.36,CZ-9,财政专户,王秀英,张涛,黄伟",
    )  # fmt: skip
    assert "上缴2,956.36超过已收待缴2,956.35" in said


def test_9_refund_from_the_revenue_account(june: Book, tmp_path: Path) -> None:
    """C24."""
    said = refusal(june, tmp_path, "refund", "TK-9,2023-06-30,E3,108.00,银行")
    assert "收入专户不得发生其他转账支出" in said


def test_10_float_over_the_limit(june: Book, tmp_path: Path) -> None:
    """C15."""
    said = refusal(june, tmp_path, "drawer", "2023-06-30,C01,1000.01")
    assert "抽屉零钞1,000.01元超过1000元限额" in said


def test_11_invoices_with_a_gap(fresh: Book, tmp_path: Path) -> None:
    """C38: 0001235 follows 0001234 of V05; 0001237 is used instead."""
    fresh.post_until("0609-07")
    paid = tmp_path / "paid.csv"
    paid.write_text(f"{HEADERS['cash_receipt']}\n2023-06-09,R7,41.40,C01,0001237\n", encoding="utf-8")
    fresh.post(paid, "cash_receipt")
    banked = tmp_path / "banked.csv"
    banked.write_text(
        "日期,收费员,银行,款项类别,金额,缴款单号\n2023-06-09,C01,工行0101,水费,41.40,JK-9\n", encoding="utf-8"
    )
    fresh.post(banked, "cash_deposit")
    before = snapshot(fresh)
    with pytest.raises(Refused, match="票据0001235–0001236断号"):
        close_day(fresh.ledger, dt.date(2023, 6, 9), operator="tester", today=dt.date(2023, 6, 9))
    assert snapshot(fresh) == before


def test_12_direct_debit_list_twice(fresh: Book, tmp_path: Path) -> None:
    """The same list again is a no-op; with another amount, or under another number, it is refused."""
    fresh.post_until("0701")
    today = dt.date(2023, 7, 5)
    path = next(path for path in sorted(JULY.glob("*-debit_list.csv")))
    assert fresh.post(path, "debit_list", today).status == "posted"
    before = snapshot(fresh)
    again = fresh.post(path, "debit_list", today)
    assert (again.status, snapshot(fresh)) == ("already", before)
    rows = "{number},2023-07-03,{slip},2023-06,R3,{amount},成功"
    from importers.documents import read

    listed = read(path, "debit_list", fresh.ledger.book).frame
    number = listed["doc_no"][0] or listed["slip_no"][0]
    slip = listed["slip_no"][0]
    changed = [
        rows.format(number=number, slip=slip, amount="34.51"),
        f"{number},2023-07-03,{slip},2023-06,R4,31.05,失败",
    ]
    assert number in refusal(fresh, tmp_path, "debit_list", *changed, today=today)
    renamed = [
        rows.format(number="HK-OTHER", slip=slip, amount="34.50"),
        f"HK-OTHER,2023-07-03,{slip},2023-06,R4,31.05,失败",
    ]
    assert slip in refusal(fresh, tmp_path, "debit_list", *renamed, today=today)


def test_13_posting_on_or_before_the_cut_over(june: Book, tmp_path: Path) -> None:
    """C49."""
    said = refusal(june, tmp_path, "cash_receipt", "2023-05-31,R4,31.05,C01,0009002")
    assert "期间2023-05已结账" in said


def test_14_slip_reference_used_again(june: Book, tmp_path: Path) -> None:
    """E10, C53: the slip of V42."""
    from importers.documents import read

    (path,) = JUNE.glob("0629-*-slip_receipt.csv")
    slip = read(path, "slip_receipt", june.ledger.book).frame["slip_no"][0]
    said = refusal(june, tmp_path, "slip_receipt", f"2023-06-30,E2,2400.00,中行0202,{slip}")
    assert slip in said
