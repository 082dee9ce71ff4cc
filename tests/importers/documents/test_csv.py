"""Text files: what is accepted, and every fault with its place."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from importers.documents import DocumentSet, read
from importers.documents.text import LINE_MAX
from ledger.book import Book
from ledger.documents import KINDS
from ledger.errors import NotFound, SourceError
from ledger.i18n import set_language
from tests.importers.documents.helpers import HEADERS, NAMES, csv, places, receipt, values


def read_text(text: str | bytes, book: Book, kind: str = "cash_receipt") -> DocumentSet:
    data = text if isinstance(text, bytes) else text.encode()
    return read(data, kind, book, name="收费.csv")


def refused(text: str | bytes, book: Book, kind: str = "cash_receipt") -> tuple[int | None, str | None, str]:
    with pytest.raises(SourceError) as caught:
        read_text(text, book, kind)
    (fault,) = caught.value.faults
    assert fault.file == "收费.csv"
    return fault.row, fault.code, fault.message


# ---- accepted ----


def test_a_receipt_becomes_a_typed_row(book: Book) -> None:
    """The walk of one receipt: fen, dates, the book's codes, file and row."""
    documents = read_text(csv(receipt(1), receipt(2, amount="1500", late_charge="0.5")), book)
    assert () == documents.faults
    assert KINDS["cash_receipt"].schema == dict(documents.frame.schema)
    assert documents.frame.row(0, named=True) == {
        "doc_no": "SF1", "date": dt.date(2023, 6, 9), "customer": "R2", "amount": 12080, "cashier": "C01",
        "late_charge": None, "invoice": "00012001", "invoice_amount": None, "invoice_name": None, "memo": "六月水费",
        "row": 2, "sheet": None, "file": "收费.csv", "seq": None,
    }  # fmt: skip
    assert [(150000, 50, 3)] == values(documents.frame[1:], "amount", "late_charge", "row")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators(book: Book, encoding: str, separator: str) -> None:
    """What Excel writes, under any of its names for CSV."""
    plain = read_text(csv(receipt(1), receipt(2)), book)
    other = read_text(csv(receipt(1), receipt(2), separator=separator).encode(encoding), book)
    assert () == other.faults
    assert plain.frame.equals(other.frame)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("120.8", 12080), ("120", 12000), ("1500.00", 150000), ("１２０．８０", 12080), (" 120.80 ", 12080),
        ("¥120.80", 12080), ("￥120.80", 12080), ("+5", 500), ("0.01", 1), ("9999999999999.99", 999_999_999_999_999),
        ("120.80\u3000", 12080), ("0120.80", 12080),
    ],
)  # fmt: skip
def test_amounts_accepted(book: Book, text: str, fen: int) -> None:
    """Full-width digits, currency signs, blanks around."""
    documents = read_text(csv(receipt(amount=text)), book)
    assert () == documents.faults
    assert [fen] == documents.frame["amount"].to_list()


@pytest.mark.parametrize(("text", "fen"), [("1,500.00", 150000), ("12,345,678.9", 1234567890), ("１，５００", 150000)])
def test_thousands_separators_accepted_in_quotes(book: Book, text: str, fen: int) -> None:
    """With quotes, as Excel writes them."""
    documents = read_text(csv(receipt(1, amount=f'"{text}"'), receipt(2)), book)
    assert () == documents.faults
    assert [(fen, 2), (12080, 3)] == values(documents.frame, "amount", "row")


@pytest.mark.parametrize(
    "text",
    ["2023-06-09", "2023-6-9", "2023/6/9", "2023/06/09", "2023.6.9", "20230609", "2023年6月9日", "２０２３－０６－０９",
     "2023-06-09 00:00:00", " 2023 年 6 月 9 日 "],
)  # fmt: skip
def test_dates_accepted(book: Book, text: str) -> None:
    """As people and programs write them."""
    documents = read_text(csv(receipt(date=text)), book)
    assert () == documents.faults
    assert [dt.date(2023, 6, 9)] == documents.frame["date"].to_list()


@pytest.mark.parametrize(
    "text", ["2023-06", "2023-6", "2023/06", "2023.6", "202306", "2023年6月", "2023年6月份", "2023-06-01"]
)
def test_months_accepted(book: Book, text: str) -> None:
    """As people write them, or a date of the month."""
    documents = read_text(f"户号,所属月,水量,日期\nR5,{text},30,2023-06-25\n", book, "tm_recognition")
    assert () == documents.faults
    assert [("2023-06", 30)] == values(documents.frame, "bill_month", "volume")


def test_names_of_the_book_become_its_codes(book: Book) -> None:
    """Any name of a bank, cashier or fund; the frame holds one identity."""
    rows = "\n".join(
        f"JC{n},2023-06-09,{cashier},{bank},{fund},120.80,JK{n},"
        for n, (cashier, bank, fund) in enumerate(
            [("C01", "工行0101", "水费"), ("刘芳", "1002.01", "水 费"), ("c01", "icbc-0101", "Water charges")]
        )
    )
    documents = read_text(f"单据号,日期,收费员,银行,款项类别,金额,缴款单号,押送人\n{rows}\n", book, "cash_deposit")
    assert () == documents.faults
    assert [("C01", "1002.01", "水费")] * 3 == values(documents.frame, "cashier", "bank", "fund")


def test_headers_in_english_and_mixed(book: Book) -> None:
    """zh, en and aliases may be mixed; absent optional columns are null."""
    documents = read_text("实收金额,Customer,CASHIER,票据号,date\n120.80,R2,C01,1,2023-06-09\n", book)
    assert () == documents.faults
    assert [(12080, "R2", "1", None)] == values(documents.frame, "amount", "customer", "invoice", "memo")


def test_header_below_a_title_and_blank_rows(book: Book) -> None:
    """The header is found by its names; title, blank lines and trailing commas are no rows."""
    text = "城南收费日报,,,,,,,\n\n" + csv(receipt(1), ("",) * 8, receipt(2)) + ",,,,,,,\n\n  \n"
    documents = read_text(text, book)
    assert () == documents.faults
    assert [4, 6] == documents.frame["row"].to_list()


def test_short_rows_are_filled_up(book: Book) -> None:
    """Excel leaves out trailing separators of empty cells."""
    documents = read_text("日期,户号,金额,收费员,发票号,备注\n2023-06-09,R2,1.00,C01,7\n", book)
    assert () == documents.faults


def test_line_breaks_in_quotes(book: Book) -> None:
    """A note of two lines is one cell; row numbers go on counting lines of the file."""
    documents = read_text(csv(receipt(1, memo='"一\n二""三"""'), receipt(2)), book)
    assert () == documents.faults
    assert [('一\n二"三"', 2), ("六月水费", 4)] == values(documents.frame, "memo", "row")


def test_line_break_in_a_header(book: Book) -> None:
    """A wrapped header of Excel."""
    headers = ['"金额\n(元)"' if h == "金额" else h for h in HEADERS]
    documents = read_text(csv(receipt(1), headers=headers), book)
    assert () == documents.faults
    assert [(12080, 3)] == values(documents.frame, "amount", "row")


def test_a_column_marked_with_hash_is_not_read(book: Book) -> None:
    """On purpose, in the open."""
    assert () == read_text("日期,户号,#户名,金额,收费员,发票号\n2023-06-09,R2,赵二,1.00,C01,7\n", book).faults


def test_rare_characters_in_names(book: Book) -> None:
    """生僻字 beyond the basic plane, in GB18030 as well."""
    for encoding in ("utf-8", "gb18030"):
        text = "户号,户名,类别,用水性质,交费方式,类型,所\nR9,𬭊𪨰㐂,居民户,R,普通,正常,城南\n"
        documents = read_text(text.encode(encoding), book, "customers")
        assert () == documents.faults
        assert [("𬭊𪨰㐂", "resident", "counter", "normal", "B01")] == values(
            documents.frame, "name", "stream", "pay_mode", "kind", "branch"
        )


def test_codes_are_normal_text(book: Book) -> None:
    """Full-width letters and zero-width characters must not make another customer."""
    documents = read_text(csv(receipt(customer="Ｒ２", invoice="\u200b0001 234")), book)
    assert () == documents.faults
    assert [("R2", "0001 234")] == values(documents.frame, "customer", "invoice")


def test_same_bytes_same_digest(book: Book, tmp_path: Path) -> None:
    """A path is known by its name, without folders; the digest is of its bytes."""
    path = tmp_path / "六月.csv"
    path.write_text(csv(receipt(1)), encoding="utf-8")
    documents = read(path, "现金收费", book)
    assert ("cash_receipt", "六月.csv", "六月.csv") == (documents.kind, documents.file, documents.frame["file"][0])
    assert read_text(path.read_bytes(), book).sha256 == documents.sha256


# ---- faults of the data: listed all at once, nothing raised ----


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("amount", "一百二", "应为金额"), ("amount", "120.805", "两位小数"), ("amount", "1e3", "应为金额"),
        ("amount", "NaN", "应为金额"), ("amount", "Infinity", "应为金额"), ("amount", "1_000", "应为金额"),
        ("amount", "٣", "应为金额"), ("amount", "-120.80", "大于零"), ("amount", "0", "大于零"), ("amount", "0.00", "大于零"),
        ("amount", "(120.80)", "应为金额"), ("amount", "120.80元", "应为金额"), ("amount", "99999999999999", "应为金额"),
        ("amount", "10000000000000.00", "应为金额"), ("amount", "1 500", "应为金额"), ("amount", "1.", "应为金额"),
        ("late_charge", "-1", "不能为负"),
        ("date", "2023-02-30", "没有这一天"), ("date", "2023-13-01", "没有这一天"), ("date", "六月九日", "应为日期"),
        ("date", "06-09", "应为日期"), ("date", "45086", "应为日期"), ("date", "1023-06-09", "年份"),
        ("date", "2023-06-09 14:30", "不带时间"), ("date", "2023-06/09", "应为日期"), ("date", "٢٠٢٣-٠٦-٠٩", "应为日期"),
        ("cashier", "C99", "C99"), ("customer", "R 2", "空格"), ("customer", "R\u202e2", "不可见"),
        ("invoice", "1" * 101, "超过"), ("memo", "一\x07二", "不可见"), ("memo", "长" * 1001, "超过"),
    ],
)  # fmt: skip
def test_one_bad_cell_is_one_fault(book: Book, name: str, text: str, expected: str) -> None:
    """Named by file, row, column and value, with what was expected."""
    documents = read_text(csv(receipt(1), receipt(2, **{name: text})), book)
    (fault,) = documents.faults
    header = HEADERS[NAMES.index(name)]
    assert ("收费.csv", 3, header) == (fault.file, fault.row, fault.column)
    assert fault.value is not None
    assert text.startswith(fault.value.rstrip("…"))
    assert expected in fault.message
    assert [None] == documents.frame[name][1:].to_list() or name in {"amount", "late_charge"}


def test_all_faults_at_once(book: Book) -> None:
    """One round mends them all: several rows, several columns, in the order of the file."""
    documents = read_text(
        csv(
            receipt(1, amount="1.005", date="2023-02-30"),
            receipt(2),
            receipt(3, customer="", cashier="C7", invoice=""),
            receipt(2, amount="0", invoice="9"),
        ),
        book,
    )
    assert [
        (2, "日期", "2023-02-30", "date"),
        (2, "金额", "1.005", "money"),
        (4, "户号", None, "required"),
        (4, "收费员", "C7", "cashier"),
        (4, "发票号", None, "required"),
        (5, "金额", "0", "money"),
        (5, "单据号", "SF2", "duplicate"),
    ] == places(documents)
    assert "第 3 行" in documents.faults[-1].message


def test_both_encodings_give_the_same_faults(book: Book) -> None:
    """Places and values do not depend on the encoding."""
    text = csv(receipt(1, amount="一百"), receipt(2, date="昨天"))
    first, second = (read_text(text.encode(encoding), book).faults for encoding in ("utf-8", "gb18030"))
    assert first == second
    assert 2 == len(first)


def test_a_wrong_header_is_named_with_the_nearest(book: Book) -> None:
    """A typo must not silently vanish, nor the column it stood for."""
    documents = read_text("日期,户号,金客,收费员,发票号,天气\n2023-06-09,R2,1,C01,7,晴\n", book)
    assert [(1, "金客", None, "header"), (1, "天气", None, "header"), (1, "金额", None, "missing")] == places(documents)
    assert "金额" in documents.faults[0].message
    assert "#" in documents.faults[1].message


def test_missing_columns_are_all_named(book: Book) -> None:
    """One fault per column, with its English name."""
    documents = read_text("日期,备注\n2023-06-09,x\n", book)
    assert ["户号", "金额", "收费员", "发票号"] == [fault.column for fault in documents.faults]
    assert all("customer" in fault.message for fault in documents.faults if fault.column == "户号")


def test_a_column_twice(book: Book) -> None:
    """By two of its names."""
    documents = read_text("日期,户号,金额,实收金额,收费员,发票号\n2023-06-09,R2,1,2,C01,7\n", book)
    assert [(1, "实收金额", None, "header")] == places(documents)


def test_a_column_without_header(book: Book) -> None:
    """Data nobody could interpret is a fault, an empty column is not."""
    text = "日期,,户号,金额,收费员,发票号,\n2023-06-09,,R2,1,C01,7,\n2023-06-09,甲,R2,1,C01,8,\n"
    assert [(3, "B", "甲", "header")] == places(read_text(text, book))


def test_no_header_at_all(book: Book) -> None:
    """The columns wanted are listed."""
    (fault,) = read_text("2023-06-09,R2,1,C01,7\n", book).faults
    assert "发票号" in fault.message


def test_header_only(book: Book) -> None:
    """No rows is a fault, not an empty batch."""
    assert ["empty"] == [fault.code for fault in read_text(csv(), book).faults]


def test_unquoted_thousands_shift_a_row(book: Book) -> None:
    """1,500.00 without quotes makes one cell too many: said so, not guessed."""
    row = "2023-06-09,R2,1,500.00,C01,7\n"
    documents = read_text(f"日期,户号,金额,收费员,发票号\n{row}", book)
    assert (2, None, "7", "columns") in places(documents)
    assert "引号" in documents.faults[0].message


@pytest.mark.parametrize("word", ["合计", "合 计", "总计", "小计：", "本页合计"])
def test_total_lines(book: Book, word: str) -> None:
    """One fault per total line, whatever else it lacks."""
    documents = read_text(csv(receipt(1), ("", word, "", "120.80", "", "", "", "")), book)
    assert [(3, None, None, "total")] == places(documents)


def test_a_note_may_say_total(book: Book) -> None:
    """In free text it is a word like any other."""
    assert () == read_text(csv(receipt(1, memo="合计")), book).faults


def test_the_kinds_own_number_stands_once_too(book: Book) -> None:
    """Two receipts of one invoice, without 单据号."""
    documents = read_text(csv(receipt(1, doc_no="", invoice="7"), receipt(2, doc_no="", invoice="7")), book)
    assert [(3, "发票号", "7", "duplicate")] == places(documents)


def test_grouped_kinds_may_repeat_a_number(book: Book) -> None:
    """Rows of one trip; but one trip has one date."""
    header = "单据号,日期,收费员,银行,款项类别,金额,缴款单号\n"
    one = "T1,2023-06-12,C02,工行0101,监察大队,328.00,K1\n"
    two = "T1,2023-06-{day},C02,工行0101,补缴水费,96.55,K2\n"
    assert () == read_text(header + one + two.format(day=12), book, "cash_deposit").faults
    assert [(3, "日期", "2023-06-13", "date")] == places(
        read_text(header + one + two.format(day=13), book, "cash_deposit")
    )


def test_exactly_one_of(book: Book) -> None:
    """A partial payment is at the counter or through the bank."""
    header = "单据号,日期,户号,金额,收费员,银行\n"
    rows = (
        "1,2023-06-12,R7,30,C02,\n2,2023-06-12,R7,30,,工行0101\n3,2023-06-12,R7,30,,\n4,2023-06-12,R7,30,C02,工行0101\n"
    )
    assert [(4, "one_of"), (5, "one_of")] == [
        (f.row, f.code) for f in read_text(header + rows, book, "partial_payment").faults
    ]


def test_a_wrong_name_is_not_a_missing_one(book: Book) -> None:
    """One fault for one mistake."""
    header = "单据号,日期,户号,金额,收费员,银行\n"
    documents = read_text(header + "1,2023-06-12,R7,30,C99,\n", book, "partial_payment")
    assert [(2, "收费员", "C99", "cashier")] == places(documents)


def test_debit_or_credit_of_an_opening_row(book: Book) -> None:
    """A written zero is an empty cell."""
    rows = "2023-05-31,1231,0,500\n2023-05-31,9000,5,5\n2023-05-31,9000,0,0\n"
    documents = read_text(f"日期,科目,借方,贷方\n{rows}", book, "opening")
    assert [(3, "one_of"), (4, "one_of")] == [(fault.row, fault.code) for fault in documents.faults]


def test_a_column_needed_by_another(book: Book) -> None:
    """A collection that came in names its bank; one returned does not."""
    header = "日期,批号,户号,金额,结果,银行\n"
    rows = "2023-06-20,TS,E1,4800,收回,\n2023-06-20,TS,E2,2400,退票,\n"
    assert [(2, "银行", None, "required")] == places(read_text(header + rows, book, "collection_result"))


@pytest.mark.parametrize(
    ("kind", "header", "row", "column"),
    [
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-06,R,28,超收", "读码"),
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-06,Q,28,正常", "用水性质"),
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-13,R,28,正常", "所属月"),
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-06,R,28.5,正常", "水量"),
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-06,R,-28,正常", "水量"),
        ("charge", "日期,户号,所属月,用水性质,水量,读码", "2023-06-05,R2,2023-06,R,0,正常", "水量"),
        ("interest", "日期,银行,金额,回单号", "2023-06-21,建行,1,X", "银行"),
        ("levy_commission", "日期,金额,通知号,税额", "2023-06-21,1,X,-1", "税额"),
        ("cash_difference", "日期,收费员,金额,步骤", "2023-06-09,C01,0,发现", "金额"),
        ("opening", "日期,科目,借方", "2023-05-31,现金,1", "科目"),
    ],
)
def test_columns_of_other_types(book: Book, kind: str, header: str, row: str, column: str) -> None:
    """Each type refuses what it is not."""
    assert [column] == [fault.column for fault in read_text(f"{header}\n{row}\n", book, kind).faults]


def test_a_short_is_negative(book: Book) -> None:
    """Over and short carry their sign."""
    documents = read_text("日期,收费员,金额,步骤\n2023-06-09,C01,-5.00,found\n", book, "cash_difference")
    assert () == documents.faults
    assert [(-500, "found")] == values(documents.frame, "amount", "step")


def test_many_faults_end_in_a_count(book: Book) -> None:
    """A file of another kind has a fault in every cell."""
    rows = "".join(f"2023-06-09,R{n},x,C01,{n}\n" for n in range(10_050))
    documents = read_text(f"日期,户号,金额,收费员,发票号\n{rows}", book)
    assert 10_001 == len(documents.faults)
    assert "50" in documents.faults[-1].message


# ---- files that cannot be read ----


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\r\n"])
def test_empty_file(book: Book, data: bytes) -> None:
    assert (None, "empty") == refused(data, book)[:2]


def test_a_file_that_is_not_there(book: Book, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nichts\.csv"):
        read(tmp_path / "nichts.csv", "cash_receipt", book)
    with pytest.raises(SourceError):
        read(tmp_path, "cash_receipt", book)


def test_an_unknown_kind(book: Book) -> None:
    with pytest.raises(NotFound):
        read_text(csv(receipt()), book, "cash_reciept")


def test_mixed_encodings_name_the_odd_line(book: Book) -> None:
    """UTF-8 lines mostly decode "fine" as GB18030; they are found all the same."""
    good = csv(receipt(1), receipt(2), receipt(3)).encode().splitlines(keepends=True)
    foreign = csv(receipt(4)).encode("gb18030").splitlines(keepends=True)[1]
    assert (5, "encoding") == refused(b"".join([*good, foreign]), book)[:2]
    good = csv(receipt(1), receipt(2), receipt(3)).encode("gb18030").splitlines(keepends=True)
    foreign = csv(receipt(4, memo="水费·“已交清”")).encode().splitlines(keepends=True)[1]
    assert (3, "encoding") == refused(b"".join([*good[:2], foreign, *good[2:]]), book)[:2]


def test_gb18030_that_also_reads_as_letters_of_utf8(book: Book) -> None:
    """联通 in GB18030 is valid UTF-8 for other letters; that is no mixture."""
    documents = read_text(csv(receipt(1, memo="联通"), receipt(2, memo="水费")).encode("gb18030"), book)
    assert () == documents.faults
    assert ["联通", "水费"] == documents.frame["memo"].to_list()


def test_neither_encoding(book: Book) -> None:
    data = csv(receipt(1)).encode() + b"\xff\xff\xff\n"
    assert "encoding" == refused(data, book)[1]
    assert (2, "encoding") == refused(b"\xef\xbb\xbfa,b\n\xff\n", book)[:2]


def test_nul_is_refused(book: Book) -> None:
    assert (3, "encoding") == refused(csv(receipt(1), receipt(2, memo="a\0b")), book)[:2]
    assert "encoding" == refused(csv(receipt(1)).encode("utf-16-le"), book)[1]


def test_an_endless_line(book: Book) -> None:
    """10 MB without a line break is no document."""
    row, code, message = refused(csv(receipt(1), receipt(2, memo="x" * 10_000_000)), book)
    assert (3, "line") == (row, code)
    assert str(LINE_MAX) in message


@pytest.mark.parametrize("memo", ['"没有结束', '"a"b', '"一\n二\n三"x'])
def test_lost_quotes(book: Book, memo: str) -> None:
    """They must not swallow the rows that follow."""
    assert (3, "quote") == refused(csv(receipt(1), receipt(2, memo=memo), receipt(3)), book)[:2]


def test_a_quote_that_closes_far_below(book: Book) -> None:
    """Two lost quotes make one cell of the rows between: found by what it holds."""
    rows = [receipt(1), receipt(2, memo='"一'), receipt(3), receipt(4), receipt(5, doc_no="", memo='二"')]
    assert (3, "quote") == refused(csv(*rows), book)[:2]


def test_a_lost_quote_in_the_header(book: Book) -> None:
    headers = ['"备注' if h == "备注" else h for h in HEADERS]
    assert (1, "quote") == refused(csv(receipt(1), receipt(2), headers=headers), book)[:2]


def test_quotes_in_the_middle_of_a_line(book: Book) -> None:
    """An even number of quotes, and still the line does not end where it should."""
    assert (3, "quote") == refused(csv(receipt(1), receipt(2, doc_no='x"y', memo='"z'), receipt(3)), book)[:2]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"%PDF-1.7 ...", "format"), (b"<html><table>", "format"), (b"<?xml version='1.0'?>", "format")],
)
def test_other_files(book: Book, data: bytes, code: str) -> None:
    """Web pages under the name of a workbook, and the like."""
    assert code == refused(data, book)[1]


# ---- large files ----


def test_row_numbers_in_a_mixture_of_quoted_and_plain_lines(book: Book) -> None:
    """Only quoted lines are read the slow way; the order of the file stays."""
    rows = [receipt(n, amount='"1,000.00"' if n % 7 == 0 else "2.00") for n in range(1, 1000)]
    frame = read_text(csv(*rows), book).frame
    assert list(range(2, 1001)) == frame["row"].to_list()
    assert [100000 if n % 7 == 0 else 200 for n in range(1, 1000)] == frame["amount"].to_list()
    assert [f"SF{n}" for n in range(1, 1000)] == frame["doc_no"].to_list()


def test_carriage_returns_alone(book: Book) -> None:
    """Old line ends."""
    assert 2 == len(read_text(csv(receipt(1), receipt(2)).replace("\r\n", "\r"), book).frame)


def test_frames_without_rows_keep_their_schema(book: Book) -> None:
    assert pl.DataFrame(schema=KINDS["cash_receipt"].schema).equals(KINDS["cash_receipt"].empty())


def test_faults_in_english(book: Book) -> None:
    """The whole sentence, choices and missing columns included."""
    set_language("en")
    try:
        documents = read_text("日期,户号,所属月,用水性质,水量,读 码\n2023-02-30,R2,x,Q,-1,z\n", book, "charge")
        texts = [fault.text() for fault in documents.faults if fault.code != "usage"]
        (missing,) = read_text("日期\n2023-06-26\n", book, "apply_advance").faults
    finally:
        set_language("zh_CN")
    assert "customer" == missing.column
    assert not [text for text in texts if re.search("[应须没不]", text)]
    assert "normal" in texts[-1]
