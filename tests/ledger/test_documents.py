"""The registry of document kinds holds together, and speaks both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
import pytest

from ledger.documents import KINDS, PROVENANCE, SEQ, TYPES, Kind, kind_of, match_key, nearest
from ledger.errors import NotFound
from ledger.i18n import _, set_language

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def test_every_kind_of_the_domain_is_there() -> None:
    """domain.md §10 lists them; none is renamed, none is missing."""
    expected = """
        customers opening opening_items opening_bills number_issue number_void charge reading reduction
        account_move scan_receipt scan_settlement cheque_receipt cheque_lodged slip_receipt slip_arrival
        slip_expired transfer_receipt short_payment partial_payment general_deposit builder_prepayment tm_sale
        tm_recognition collection_batch collection_result debit_batch debit_slip debit_list invoice_unpaid cash_deposit
        cash_difference drawer back_charge back_charge_receipt interest bank_charge head_office_transfer
        head_office_receipt levy_remittance refund returned_payment bad_debt provision recovery head_office_tax
        levy_commission service cash_receipt apply_advance removed_meter_receipt materials unidentified identify
    """.split()
    assert sorted(expected) == sorted(KINDS)


def test_grouped_kinds() -> None:
    """Rows with one number are one entry in these kinds, and in no other."""
    expected = {
        "opening", "account_move", "collection_batch", "debit_batch", "debit_list", "cash_deposit",
        "head_office_transfer", "head_office_receipt", "levy_remittance", "invoice_unpaid",
    }  # fmt: skip
    assert expected == {name for name, kind in KINDS.items() if kind.grouped}


@every_kind
def test_a_header_names_one_column(kind: Kind) -> None:
    """No Chinese name, English name or alias of a kind stands for two columns."""
    seen: dict[str, str] = {}
    for column in (*kind.columns, SEQ):
        for key in column.keys:
            assert seen.setdefault(key, column.name) == column.name


@every_kind
def test_a_kind_is_complete(kind: Kind) -> None:
    """Number, date and memo everywhere; an example of every required column; known types."""
    names = [column.name for column in kind.columns]
    assert {"doc_no", "date", "memo"} <= set(names)
    assert len(set(names)) == len(names)
    assert set(kind.example) <= set(names)
    assert not [c.name for c in kind.columns if c.required and c.name not in kind.example]
    assert not [c.name for c in kind.columns if c.type == "enum" and not c.values]
    assert all(c.type in TYPES and c.note for c in kind.columns)
    assert set(names) >= {name for name in (kind.number, kind.step, kind.subject) if name}
    assert all(kind.column(when).labels[value] for when, value, _then in kind.needs)
    assert list(PROVENANCE) == list(kind.empty().columns)[-4:]


@every_kind
def test_a_kind_can_name_a_sheet(kind: Kind) -> None:
    r"""Excel takes 31 characters and no ``[]:*?/\\``."""
    assert len(kind.zh) <= 31
    assert not re.search(r"[\[\]:*?/\\]", kind.zh)


def test_order_of_the_day() -> None:
    """Master data, opening, bills, receipts, deposits, transfers."""
    order = [
        "customers", "number_issue", "opening_bills", "opening_items", "opening", "drawer", "charge",
        "reduction", "cash_receipt", "cash_difference", "cash_deposit", "levy_remittance",
        "head_office_transfer", "head_office_receipt",
    ]  # fmt: skip
    assert order == sorted(order, key=lambda name: KINDS[name].order)


@pytest.mark.parametrize("text", ["现金收费", "cash_receipt", "Cash receipts", " CASH-RECEIPT ", "现金 收费"])
def test_a_kind_is_found_by_either_name(text: str) -> None:
    """Case, blanks and dashes do not count."""
    assert KINDS["cash_receipt"] is kind_of(text)


def test_an_unknown_kind_names_the_nearest() -> None:
    """A slip of the pen gets an answer."""
    with pytest.raises(NotFound, match="cash_receipt"):
        kind_of("cash_reciept")
    with pytest.raises(NotFound, match="天书"):
        kind_of("天书")


@pytest.mark.parametrize(
    "text", ["金额", "金额(元)", "  金 额 ", "金额*", "金额\n(元)", "金额（元）", "\ufeff金额", "金\u200b额"]
)
def test_headers_are_compared_by_what_they_say(text: str) -> None:
    """Blanks, full width, units, line breaks and required-marks are no part of a name."""
    assert match_key("金额") == match_key(text)


def test_nearest() -> None:
    """The known name most like a typo, or none."""
    assert nearest("收费元", ["收费员", "金额"]) == "收费员"
    assert nearest("xyz", ["收费员", "金额"]) is None


def test_document_number_falls_back_to_the_kinds_own() -> None:
    """An empty 单据号 is replaced by the invoice; without one it stays null for the journal."""
    kind = KINDS["tm_sale"]
    rows = pl.DataFrame({"doc_no": ["A", None, None], "invoice": ["1", "2", None]})
    assert ["A", "2", None] == rows.select(kind.document_number()).to_series().to_list()


def test_a_later_step_under_the_same_number_is_another_document() -> None:
    """E18: one invoice is printed, then cleared; both stand once."""
    kind = KINDS["invoice_unpaid"]
    rows = pl.DataFrame({"doc_no": [None, None, "X"], "invoice": ["7", "7", "7"], "step": ["print", "clear", "clear"]})
    assert ["7", "7-clear", "X"] == rows.select(kind.document_number()).to_series().to_list()


def test_choices_speak_both_languages() -> None:
    """正常/估水 and normal/estimated are the same value."""
    codes = KINDS["charge"].column("read_code").value_keys
    assert ("normal", "normal", "estimated", "estimated") == tuple(
        codes[match_key(text)] for text in ("正常", "Normal", "估水", "ESTIMATED")
    )
    assert {"normal": "正常", "estimated": "估水"} == KINDS["charge"].column("read_code").labels


def test_every_note_speaks_english(english: None) -> None:
    """The notes of columns are data, so no reader of source code finds them for the catalogue."""
    notes = {column.note for kind in KINDS.values() for column in (*kind.columns, SEQ)}
    assert not [note for note in notes if _(note) == note]


@pytest.fixture
def english() -> Iterator[None]:
    """English for one test."""
    set_language("en")
    yield
    set_language("zh_CN")
