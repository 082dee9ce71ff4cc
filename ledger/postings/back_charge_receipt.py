"""E21 Back charge receipt 监察补缴收款.

Cash for back charges, with a 商业发票: whole bills, to the fen, under the fund
监察大队. Rules: domain §3 E21, C20.

::

    Dr cash: amount fund=监察大队
        Cr receivable: gross per bill
    Dr levy_billed: levy per levy
        Cr levy_due: levy per levy

Example: E4 on 2023-06-12: Dr 1001.C02 328.00 / Cr 1122.04 328.00, LM(56.00/10.00/2.00, 监察大队).
"""

from __future__ import annotations

import polars as pl

from ledger.i18n import _
from ledger.postings.counter import refuse_inexact, settle_tenders
from ledger.postings.rule import LEVY_MOVE, Rule, Work, credit, debit
from ledger.state import State

FUND = "监察大队"

LEGS = (
    debit("cash", "amount", fund=FUND),
    credit("receivable", "gross", per="bill"),
    *LEVY_MOVE,
)


def prepare(docs: pl.DataFrame, state: State) -> Work:
    """Settle back charges, oldest first; refuse what is not exactly their sum."""
    work = settle_tenders(docs, state.bills("ar_inspection"), state, fund=FUND)
    work.faults += refuse_inexact(work.frames["document"], _("没有未结的监察补缴账单"))
    return work


RULE = Rule(kind="back_charge_receipt", event="E21", legs=LEGS, prepare=prepare)
