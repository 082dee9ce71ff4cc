"""What proves each column of the database, or why nothing needs to (tamper drill, ``verify``).

Three ways to be covered, one to be free:

* ``meterbook.<kind>/1``: the value stands in a record whose hash is a leaf of the log
* ``derived``: ``verify`` works the value out again from what the leaves hold and compares
* ``signed``: the value is what the checkpoint's signature and the tree say, or they do not hold
* free: altered, it changes no account, no proof and no report; the reason stands here

A table that is not logged at all (``Table.info["log"]`` False) has no leaf here. A new
column must be declared, a test asks for it; a column that joins a record makes a new
version of the record. Source: audit.md §2.3, architecture decision 7.
"""

from __future__ import annotations

DERIVED, SIGNED = "derived", "signed"


def _by(proof: str, columns: str) -> dict[str, str]:
    return dict.fromkeys(columns.split(), proof)


COVERED: dict[str, dict[str, str]] = {
    "book": _by("meterbook.book/1", "book_id code name cutover created_at"),
    "book_config": _by("meterbook.book_config/1", "book_id version book_toml chart_toml operator recorded_at"),
    "account": _by("meterbook.account/1", "book_id account required opened"),
    "account_close": _by("meterbook.account_close/1", "book_id account closed_on"),
    "period_event": _by("meterbook.period_event/1", "book_id period branch seq action reason operator recorded_at"),
    "day_event": _by("meterbook.day_event/1", "book_id date seq action content operator recorded_at"),
    "batch": _by(
        "meterbook.batch/1",
        "book_id batch_id batch_key kind first_entry entries lines first_fact facts debit credit source_name "
        "source_sha256 operator today recorded_at",
    ),
    "entry": _by(
        "meterbook.entry/1",
        "book_id entry_id batch_id date period vtype vno kind event doc_no memo lines reverses caused_by maker checker "
        "approver content sheet row",
    ),
    "posting": _by(
        "meterbook.entry/1",
        "book_id entry_id line date account debit credit branch bank cashier customer bill_month fund item staff document",
    ),
    "fact": _by("meterbook.fact/1", "book_id fact_id batch_id kind doc_no subject date content sheet row"),
    "seal": _by(DERIVED, "book_id batch_id seq last_entry last_fact"),
    "voucher_mark": _by(DERIVED, "book_id batch_id period vtype first_no last_no"),
    "balance_delta": _by(DERIVED, "book_id batch_id date account branch bank cashier fund item debit credit"),
    "projected": _by(DERIVED, "book_id batch_id"),
    "source_file": _by(DERIVED, "book_id sha256 bytes"),  # the statement's leaf names the hash of the bytes
    "statement": _by(
        "meterbook.statement/1",
        "book_id statement_id bank sha256 file_name dialect encoding direction from_date to_date opening closing "
        "difference lines operator recorded_at",
    ),
    "statement_line": _by(
        "meterbook.rows/1",
        "book_id line_id statement_id line_no bank date time serial amount_in amount_out balance party party_account "
        "summary reference identity occurrence",
    ),
    "match": _by("meterbook.match/1", "book_id match_id bank stage rule_version evidence undoes operator recorded_at"),
    "match_item": _by("meterbook.rows/1", "book_id match_id side ref amount"),
    "reconciliation_note": _by(
        "meterbook.reconciliation_note/1", "book_id note_id bank side ref reason note operator recorded_at"
    ),
    "key": _by("meterbook.key/1", "book_id key_id vkey operator announced_at"),
    "log": _by(DERIVED, "book_id seq batch_id first_leaf leaves hashes what frontier algorithm")
    | _by(SIGNED, "root origin key_id note"),
    # Its rows are chained to each other (ledger.operations), outside the log: a refusal must not move the log.
    "operation": _by(
        DERIVED,
        "book_id seq recorded_at operator place terminal command arguments result message batch_id subject chain",
    ),
}
"""Table → column → what proves it. ``projected`` is SQLite's alone."""

FREE: dict[str, dict[str, str]] = {
    "batch": {
        "xid": "PostgreSQL 的事务号,只在本事务内有用 known to PostgreSQL alone, of use inside the transaction only"
    },
    "seal": {"sealed_at": "封批的时钟,记账时间以批次为准 the clock at the seal; when it was posted the batch says"},
    "log": {
        "recorded_at": "检查点的时钟,记账时间以各行为准 the clock at the checkpoint; when it was written each row says"
    },
    "credential": _by(
        "口令散列是秘密,不进可证明的历史;替换口令见操作日志 a secret is no part of a proof; the operation log shows logins",
        "book_id operator seq hash temporary set_by set_at",
    ),
    "login_attempt": _by(
        "登录失败不得改变日志;另见操作日志 a refused login must leave the log as it was; the operation log shows it too",
        "book_id seq operator success place attempted_at",
    ),
}
"""Table → column → why nothing proves it."""
