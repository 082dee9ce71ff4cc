"""Our own pages inside Fava: what an accountant looks for and Fava does not have, read by SQL from the book.

Fava finds them by ``custom "fava-extension" "exports.fava.pages" "{}"`` in a view file and makes one
of each class that stands here; the side bar lists them in the order of their names.

===================  =======================================  =========================================
BankJournal          银行存款日记账                            bank, month, page
BankAdjustment       银行存款余额调节表, to be printed          bank, month
BankOutstanding      未达账项 and their ages                   bank, month, page
BatchesAndVouchers   批次与凭证                                batch, entry, before, page, row
CustomerLedger       客户明细                                  customer, month, page, row
DailyCollections     收费日报                                  day, page, row
FundPositions        资金构成                                  bank, month
LevyRemittance       代征费用                                  month
ReceivablesAgeing    欠费账龄                                  branch, month, page
===================  =======================================  =========================================
"""

from __future__ import annotations

from exports.fava.pages.bank import BankAdjustment, BankJournal, BankOutstanding
from exports.fava.pages.batches import BatchesAndVouchers
from exports.fava.pages.customer import CustomerLedger
from exports.fava.pages.registers import DailyCollections, FundPositions, LevyRemittance, ReceivablesAgeing

__all__ = [
    "BankAdjustment",
    "BankJournal",
    "BankOutstanding",
    "BatchesAndVouchers",
    "CustomerLedger",
    "DailyCollections",
    "FundPositions",
    "LevyRemittance",
    "ReceivablesAgeing",
]
