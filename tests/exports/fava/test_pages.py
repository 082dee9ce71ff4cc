"""The pages inside Fava: the figures of June 2023 (domain §6) as the registers have them, pages, masks, refusals."""

from __future__ import annotations

import datetime as dt
import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from exports import reports
from ledger.i18n import set_language
from ledger.operators import appoint
from tests.exports.fava.conftest import Get, application

if TYPE_CHECKING:
    from pathlib import Path

    from tests.month.conftest import Book

PAGES = (
    "BankAdjustment", "BankJournal", "BankOutstanding", "BatchesAndVouchers", "CustomerLedger", "DailyCollections",
    "FundPositions", "LevyRemittance", "ReceivablesAgeing",
)  # fmt: skip
"""In the order of the side bar."""


def article(page: Any) -> str:
    """The page itself, without Fava around it."""
    return str(page.text.partition("<article>")[2].partition("</article>")[0])


def words(page: Any) -> str:
    """What a person reads on it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", article(page)))).strip()


def rows(page: Any) -> list[list[str]]:
    """The cells of its tables, row by row."""
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", article(page), re.DOTALL)
    cells = [[unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<td.*?</td>", row)] for row in found]
    return [row for row in cells if row]


def links(page: Any) -> dict[str, str]:
    """What its links say → where they lead (the last of a name)."""
    return {text: unescape(href) for href, text in re.findall(r'<a href="([^"]*)">([^<]*)</a>', article(page))}


# -- figures --------------------------------------------------------------------------------


def test_bank_journal(get: Get) -> None:
    """§6.4: 工行0101 begins June with 10,200.00 and ends it with 2,972.80; a voucher leads to itself."""
    page = get("BankJournal", bank="工行0101", month="2023-06")
    assert page.status_code == 200
    found = rows(page)
    assert found[0][-1] == "10,200.00"
    assert ["本月合计", "2,972.80"] in [[row[3], row[-1]] for row in found if len(row) > 9]
    assert "勾稽全部相符 (5)" in words(page)
    assert re.search(r"/BatchesAndVouchers/\?entry=\d+$", links(page)["记-0032"])


def test_adjustment_table(get: Get) -> None:
    """§5 R14: both halves come to 5,326.75; the form has its signatures and both storeys of its head."""
    page = get("BankAdjustment", bank="1002.01", month="2023-06")
    found = rows(page)
    assert ["企业银行存款日记账余额", "", "2,972.80", "银行对账单余额", "", "5,206.75"] in found
    assert ["调节后余额", "", "5,326.75", "调节后余额", "", "5,326.75"] in found
    for said in ("2,400.00", "46.05", "1,020.00", "900.00", "编制:", "复核:", "明细账会计:", "长期未达 1 笔 200.00"):
        assert said in words(page)
    assert '<th colspan="3">企业</th>' in article(page)


def test_outstanding_items_with_their_ages(get: Get) -> None:
    """The six items of 工行0101 come to 4,366.05, one of them long; the chart says so, and so does R14."""
    page = get("BankOutstanding", month="2023-06")
    found = [row for row in rows(page) if len(row) == 12]
    assert [(row[4], row[6], row[8]) for row in found[:2]] == [
        ("JK-0331", "200.00", "长期"), ("000002326", "2,400.00", "正常"),
    ]  # fmt: skip
    assert found[-1][6] == "4,366.05"
    assert "工行0101 未达合计 = 余额调节表各项之和 4,366.05 4,366.05 0.00 平" in words(page)
    titles = re.findall(r"<rect [^>]*><title>([^<]*)</title>", article(page))
    assert titles == ["2023-06 正常 4,166.05", "2023-06 长期 200.00"]


def test_daily_collections(get: Get) -> None:
    """R04 of the day and R05 of its month, each day of which leads to its own."""
    page = get("DailyCollections", day="2023-06-12")
    assert rows(page)[0][:4] == ["2023-06-12", "C02 陈静", "", "328.00"]
    of_day, of_month = [row for row in rows(page) if row[0] == "合计"]
    assert (of_day[9], of_month[8]) == ("454.55", "21,437.80")
    assert "21,437.80 + 利息 18.00 + 长短款 0.50 − 手续费 0.25 = 资金构成表收款 21,456.05" in words(page)
    assert links(page)["2023-06-09"].endswith("/DailyCollections/?day=2023-06-09")
    assert "06-16 预交水费 12,000.00" in words(page)  # in the chart


def test_fund_positions(get: Get) -> None:
    """§6.5: what of the money belongs to which fund."""
    page = get("FundPositions", month="2023-06")
    found = {row[0]: row[1:6] for row in rows(page) if len(row) == 8}
    assert found["水费"] == ["9,450.00", "8,634.00", "-2,872.00", "12,435.80", "2,776.20"]
    assert found["合计"] == ["14,200.00", "21,456.05", "0.00", "28,850.44", "6,805.61"]
    assert '<td class="mb-money mb-minus">-2,872.00</td>' in article(page)
    one = get("FundPositions", month="2023-06", bank="中行0202")
    assert "2,832.81" in words(one)


def test_receivables_by_age(get: Get) -> None:
    """R26b: 2,548.00 owed, 12,116.60 held; a customer leads to his ledger."""
    page = get("ReceivablesAgeing", month="2023-06")
    total = next(row for row in rows(page) if row[0] == "合计")
    assert [total[3], total[4], total[10], total[11]] == ["2,513.50", "34.50", "2,548.00", "12,116.60"]
    assert "/CustomerLedger/?customer=R7&month=2023-06" in links(page)["R7"]
    west = get("ReceivablesAgeing", month="2023-06", branch="城西")
    assert "R7" not in links(west)
    assert "E5" in links(west)


def test_levies(get: Get) -> None:
    """§5 R13 worked: 3,750.00 due, 3,865.00 billed, 3,023.75 collected, 3,750.00 remitted."""
    page = get("LevyRemittance", month="2023-06")
    total = next(row for row in rows(page) if row[0] == "合计")
    assert total[1:5] == ["3,750.00", "3,865.00", "3,023.75", "3,750.00"]
    assert "叁仟柒佰伍拾元整" in words(page)


def test_customer(get: Get) -> None:
    """R7: who he is, his month, all his vouchers; the beginning of a number lists who has it."""
    page = get("CustomerLedger", customer="R7", month="2023-06")
    assert "王白露" in words(page)
    assert "期初 75.90 + 开账 37.95 − 收回 41.40 = 期末 72.45" in words(page)
    assert "B-R7-2304" in words(page)
    found = get("CustomerLedger", customer="E")
    assert [row[0] for row in rows(found)] == ["E1", "E2", "E3", "E4", "E5", "E6"]
    assert "找到 6 户" in words(found)


def test_a_customer_of_no_month(get: Get) -> None:
    """Without a number the page asks for one."""
    assert "请输入户号" in words(get("CustomerLedger"))


# -- drill-down -----------------------------------------------------------------------------


def test_from_a_batch_to_the_row_of_its_file(june: Book, get: Get) -> None:
    """Batch → entries → lines → source row, document, match, proof."""
    first = get("BatchesAndVouchers")
    newest = rows(first)[0]
    assert newest[2] == "上缴代征"
    batch = get("BatchesAndVouchers", batch=newest[0])
    assert "0630-04-levy_remittance.csv" in words(batch)
    voucher = links(batch)["记-0057"]
    entry = get("BatchesAndVouchers", entry=voucher.partition("entry=")[2])
    said = words(entry)
    for part in ("2241.02.02", "750.00", "来源行", "0630-04-levy_remittance.csv", "行 58:3:未勾对 见未达账项"):
        assert part in said, part
    assert "✓ 内容与日志的叶一致,路径通到根" in said
    assert "✓ 检查点签名有效" in said


def test_a_match_says_why_and_with_what(get: Get) -> None:
    """The evidence in a sentence, the bank's line with its file and place."""
    page = get("BatchesAndVouchers", entry="JK-0609")
    assert "2023-06 记-0014" in words(page)
    assert re.search(r"行 \d+:1:第 \d+ 号勾对: 单据号 JK609 相同且金额 120.80 相同", words(page))
    line = next(row for row in rows(page) if len(row) == 10)
    assert (line[3], line[8]) == ("120.80", "ICBC-0101.csv")


def test_the_proof_is_the_logs(june: Book, get: Get) -> None:
    """Leaf and root on the page are those that ``meterbook prove`` and the log have."""
    with june.ledger.store.reading() as session:
        from ledger import integrity

        made = integrity.prove(session, june.ledger.book_id, 14)
    said = words(get("BatchesAndVouchers", entry="14"))
    assert f"叶号 {made['index']} /" in said


def test_a_reversal_leads_to_its_original(get: Get) -> None:
    """What caused an entry, or what it reverses, is one click away."""
    page = get("BatchesAndVouchers", entry="2023-06/记-0001")
    assert "第 " in words(page)
    assert get("BatchesAndVouchers", entry=links(page)[next(t for t in links(page) if t.startswith("第 "))]) is not None


# -- a figure is computed once ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "asked"),
    [
        ("BankJournal", "R09", {"account": "1002.02"}),
        ("BankAdjustment", "R14", {"account": "1002.02"}),
        ("FundPositions", "R24", {"account": "1002.02"}),
        ("ReceivablesAgeing", "R26b", {"branch": "B01"}),
        ("LevyRemittance", "R13", {}),
    ],
)
def test_a_page_is_the_register(june: Book, get: Get, name: str, code: str, asked: dict[str, str]) -> None:
    """Row by row what ``meterbook report`` draws as HTML."""
    from exports.render import html

    own = {"bank": asked["account"]} if "account" in asked else asked
    page = get(name, month="2023-06", **own)
    set_language("zh_CN")
    with june.ledger.store.reading() as session:
        made = reports.build(code, session, june.ledger.book, june.ledger.chart, month="2023-06", **asked)
    drawn = re.findall(r"<td[^>]*>([^<]*)</td>", html.render(made).partition("<tbody>")[2].partition("</tbody>")[0])
    sheet = article(page).partition("<tbody>")[2].partition("</table>")[0]
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td.*?</td>", sheet)]
    assert cells == drawn


# -- leafing --------------------------------------------------------------------------------


def test_pages_of_a_register(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row stands on one page, once; total and ties are those of the whole on each."""
    whole = [row for row in rows(get("BankJournal", month="2023-06")) if len(row) == 10]
    monkeypatch.setattr("exports.fava.pages.sheet.ROWS", 7)
    found, href = [], "?month=2023-06"
    for number in range(1, 20):
        page = get("BankJournal", month="2023-06", page=number)
        assert "勾稽全部相符" in words(page)
        found += [row for row in rows(page) if len(row) == 10]
        href = links(page).get("下一页", "")
        if not href:
            break
        assert f"page={number + 1}" in href
        assert "month=2023-06" in href
    assert found == whole
    gone = get("BankJournal", month="2023-06", page=99)
    assert gone.status_code == 404
    assert "没有第 99 页" in words(gone)


def test_pages_of_batches_go_by_number(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to the first batch and up again, each once."""
    monkeypatch.setattr("exports.fava.pages.batches.BATCHES", 20)
    down, page = [], get("BatchesAndVouchers")
    while True:
        down.append([row[0] for row in rows(page)])
        older = next((href for text, href in links(page).items() if text.startswith("较早的")), None)
        if older is None:
            break
        page = get("BatchesAndVouchers", before=older.partition("before=")[2])
    numbers = [int(number) for part in down for number in part]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == len(numbers)
    assert numbers[-1] == 1
    up = next(href for text, href in links(page).items() if text.endswith("较新的"))
    assert [row[0] for row in rows(get("BatchesAndVouchers", before=up.partition("before=")[2]))] == down[-2]


def test_favas_time_box_is_the_month(get: Get) -> None:
    """Who has chosen a month in Fava sees it here, and keeps it from page to page; ours goes first."""
    page = get("BankJournal", time="2023-05")
    assert 'name="month" value="2023-05"' in article(page)
    assert "time=2023-05" in links(page)["下月 ›"]
    assert 'value="2023-06"' in article(get("BankJournal", time="2023-05", month="2023-06"))
    assert 'value="2023-06"' in article(get("BankJournal", time="2023-Q2"))
    assert 'value="2023-06-09"' in article(get("DailyCollections", time="2023-06-09"))


# -- what is not to be had --------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>", "' OR 1=1 --", "1002.01'; DROP TABLE entry; --", "%00", "\x00", "../../etc/passwd",
    "９９９９", "9" * 30, "{{7*7}}", "a" * 5000, "\u202e\u0007", "-1", "1e9", "\ud7ff", "NaN",
)  # fmt: skip


ASKED = {
    "BankAdjustment": ("bank",), "BankJournal": ("bank", "month", "page"), "BankOutstanding": ("bank",),
    "BatchesAndVouchers": ("batch", "entry", "before"), "CustomerLedger": ("customer", "month"),
    "DailyCollections": ("day", "row"), "FundPositions": ("bank",), "LevyRemittance": ("month",),
    "ReceivablesAgeing": ("branch", "page"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_hostile_words_are_refused_in_one_sentence(get: Get, name: str) -> None:
    """Nothing a reader types ends in an error of the server or comes back as HTML."""
    for word in ASKED[name]:
        for value in HOSTILE:
            page = get(name, **{word: value})
            assert page.status_code in (200, 400, 404), (word, value)
            assert "<script>alert" not in page.text
            if page.status_code != 200:
                assert article(page).count('role="alert"') == 1
                assert len(words(page)) < 400


@pytest.mark.parametrize(
    ("name", "asked", "status", "said"),
    [
        ("BankJournal", {"bank": "9999"}, 404, "没有银行账户“9999”"),
        ("ReceivablesAgeing", {"branch": "城东"}, 404, "城东"),
        ("CustomerLedger", {"customer": "Z9"}, 404, "没有户号 Z9"),
        ("BatchesAndVouchers", {"batch": "999"}, 404, "没有批次 999"),
        ("BatchesAndVouchers", {"entry": "记-9999"}, 404, "没有凭证或单据“记-9999”"),
        ("BatchesAndVouchers", {"entry": "9" * 25}, 404, "没有凭证或单据"),
        ("BankJournal", {"month": "2023-13"}, 400, "month 不能是“2023-13”,应为:2023-06"),
        ("DailyCollections", {"day": "2023-02-30"}, 400, "day 不能是“2023-02-30”,应为:2023-06-30"),
        ("BankJournal", {"page": "0"}, 404, "没有第 0 页"),
        ("BankJournal", {"month": ["2023-06", "2023-05"]}, 400, "month 只能给一个"),
    ],
)
def test_what_is_not_there_is_said(get: Get, name: str, asked: dict[str, Any], status: int, said: str) -> None:
    page = get(name, **asked)
    assert page.status_code == status
    assert said in words(page)
    # Fava fetches pages by itself and would show nothing but "error" of another status
    assert get(name, **asked, partial="true").status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_month_is_empty_not_an_error(get: Get, name: str) -> None:
    """Long before the cut-over, and long after the last entry."""
    for month in ("1999-01", "2150-12"):
        assert get(name, month=month, day=f"{month}-03").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_only_read(app: Any, method: str) -> None:
    assert getattr(app.test_client(), method)("/room/extension/BankJournal/").status_code == 401


def test_no_page_brings_a_script(get: Get) -> None:
    """Nothing of ours runs in the browser or lies elsewhere: pages hold under the strictest policy."""
    for name in PAGES:
        text = article(get(name))
        own = text.partition('<script type="application/json" id="page-title">')[0]
        assert "<script" not in own
        assert " style=" not in own
        assert "<style" not in own
        assert not re.search(r"\son\w+=", own)
        assert not re.search(r'(src|href)="(https?:)?//', own)


def test_the_style_is_a_file(app: Any, get: Get) -> None:
    href = unescape(re.findall(r'<link rel="stylesheet" href="([^"]*pages.css[^"]*)"', get("BankJournal").text)[0])
    style = app.test_client().get(href)
    assert style.mimetype == "text/css"
    assert "@media print" in style.text
    assert "A4" in style.text


# -- languages ----------------------------------------------------------------------------------


def test_english(june: Book, tmp_path: Path) -> None:
    """Every page in English: side bar, heads, ties; figures stay what they are."""
    client = application(june, tmp_path, "en").test_client()
    for name in PAGES:
        page = client.get(f"/room/extension/{name}/")
        assert page.status_code == 200
    adjustment = client.get("/room/extension/BankAdjustment/")
    assert "5,326.75" in words(adjustment)
    assert "Bank reconciliation statement" in words(adjustment)
    assert "Adjusted balance" in words(adjustment) or "adjusted" in words(adjustment).casefold()


def test_the_side_bar_names_every_page(get: Get) -> None:
    """Fava knows the pages by their titles, the bank's together."""
    found = re.search(r'id="ledger-data">(.*?)</script>', get("BankJournal").text)
    assert found is not None
    known = {one["name"]: one["report_title"] for one in json.loads(found[1])["extensions"]}
    assert tuple(known) == PAGES
    titles = [
        "银行存款余额调节表",
        "银行存款日记账",
        "未达账项",
        "批次与凭证",
        "客户明细",
        "收费日报",
        "资金构成",
        "代征费用",
        "欠费账龄",
    ]
    assert list(known.values()) == titles


def test_without_a_room_there_is_no_page(app: Any) -> None:
    """A view file opened by plain Fava has no pages of ours, and no error."""
    room = app.config.pop("METERBOOK")
    try:
        assert app.test_client().get("/room/extension/BankJournal/").status_code == 404
        assert app.test_client().get("/room/income_statement/").status_code == 200
    finally:
        app.config["METERBOOK"] = room


# -- who sees what --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def staffed(june: Book, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same book once it has people: it is asked last, for they stay."""
    ledger = june.ledger
    with ledger.store.writing(ledger.book_id) as session:
        for person, role, branch in (
            ("A01", "administrator", None), ("K01", "accountant", None), ("L02", "lead", "B02"), ("J01", "auditor", None),
        ):  # fmt: skip
            appoint(
                session, ledger.book_id, ledger.book, person, name=f"测试{person}", role=role, branch=branch,
                by="A01", today=dt.date(2023, 7, 1),
            )  # fmt: skip
    return application(june, tmp_path_factory.mktemp("staffed"))


def read(app: Any, name: str, operator: str, own: str | None = None, **asked: str) -> Any:
    """A page as an operator reads it who is confined to his ``own`` branch, or to none."""
    environ = {"meterbook.operator": operator, "meterbook.branch": own}
    return app.test_client().get(f"/room/extension/{name}/", query_string=asked, environ_base=environ)


def test_names_are_masked_by_role(staffed: Any) -> None:
    """C40: daily work sees names, auditor and administrator do not, nor does who is nobody."""
    for operator, shown in (("K01", True), ("J01", False), ("A01", False), ("", False), ("X99", False)):
        ageing = words(read(staffed, "ReceivablesAgeing", operator, month="2023-06"))
        assert ("李谷雨" in ageing) is shown, operator
        customer = words(read(staffed, "CustomerLedger", operator, customer="E1", month="2023-06"))
        assert ("城南机械厂" in customer) is shown, operator
        assert ("4000000000000201" in customer) is shown, operator
        assert "E1" in customer
        listed = words(read(staffed, "CustomerLedger", operator, customer="R"))
        assert ("孙立春" in listed) is shown, operator
        # the bank names who paid; so does the sentence of a match by party
        journal = read(staffed, "BankJournal", operator, bank="中行0202", month="2023-06")
        paid = next(row[1] for row in rows(journal) if row[6] == "1,190.00" and row[1])
        entry = words(read(staffed, "BatchesAndVouchers", operator, entry=paid))
        assert ("城西食品厂" in entry) is shown, operator
        assert ("4000000000000205" in entry) is shown, operator


def test_a_reader_of_one_branch_sees_his_own(staffed: Any) -> None:
    """The books of the shelf are by branch, and so are the pages."""
    own = read(staffed, "BankJournal", "L02", "B02", month="2023-06")
    assert own.status_code == 200
    assert "中行0202" in words(own)
    assert "工行0101" not in words(own)
    for name, asked in (
        ("BankJournal", {"bank": "1002.01"}), ("ReceivablesAgeing", {"branch": "B01"}), ("CustomerLedger", {"customer": "R7"}),
        ("LevyRemittance", {}), ("DailyCollections", {}), ("BatchesAndVouchers", {}), ("BatchesAndVouchers", {"batch": "3"}),
        ("BatchesAndVouchers", {"entry": "B-R7"}),
    ):  # fmt: skip
        page = read(staffed, name, "L02", "B02", **asked)
        assert page.status_code == 400, (name, asked)
        assert "只能看本所(城西)的账" in words(page)
    for name in ("BankOutstanding", "FundPositions", "ReceivablesAgeing"):
        assert "E2" not in links(read(staffed, name, "L02", "B02", month="2023-06"))
    assert "E5" in links(read(staffed, "ReceivablesAgeing", "L02", "B02", month="2023-06"))
    assert read(staffed, "BatchesAndVouchers", "L02", "B02", entry="B-E5").status_code == 200
    assert [row[0] for row in rows(read(staffed, "CustomerLedger", "L02", "B02", customer="E"))] == ["E3", "E5", "E6"]
