"""The book's calendar: rest days, and the days of a month that rules name."""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.config import Section
from ledger.i18n import _

CHANGE_WINDOWS = ("holder", "pay_mode", "stream", "close", "usage_class_collection", "usage_class_cash")
"""Kinds of change that are taken in on certain days of a month only (C05)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Rest days and deadlines. A deadline on a rest day is not moved (domain §4)."""

    weekend: frozenset[int]
    holidays: frozenset[dt.date]
    workdays: frozenset[dt.date]
    billing_first_day: int
    billing_last_day: int
    lock_day: int
    special_days: tuple[int, ...]
    sales_report_day: int
    collection_send_days: tuple[int, ...]
    handover_hour: int
    change_windows: Mapping[str, tuple[int, int]]

    def working_day(self, date: dt.date) -> bool:
        """Whether people work on a day: no weekend, no holiday, or a weekend day worked instead."""
        if date in self.workdays:
            return True
        return date.isoweekday() not in self.weekend and date not in self.holidays

    def next_working_day(self, date: dt.date) -> dt.date:
        """The first working day after a date."""
        date += dt.timedelta(days=1)
        while not self.working_day(date):
            date += dt.timedelta(days=1)
        return date

    def working_days_between(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start``, up to and including ``end``."""
        days = (start + dt.timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(self.working_day(day) for day in days)

    def billing_open(self, date: dt.date) -> bool:
        """Whether charges may be made without approval (C01)."""
        return self.billing_first_day <= date.day <= self.billing_last_day

    def billing_locked(self, date: dt.date) -> bool:
        """Whether collection and direct-debit accounts are locked (C03)."""
        return date.day > self.lock_day

    def change_open(self, change: str, date: dt.date) -> bool:
        """Whether a kind of change is taken in on a day (C05)."""
        first, last = self.change_windows[change]
        return first <= date.day <= last

    @staticmethod
    def month_end(date: dt.date) -> dt.date:
        """The last day of a date's month."""
        return date.replace(day=months.monthrange(date.year, date.month)[1])


def read_calendar(section: Section) -> Calendar:
    """The [calendar] table of the book."""
    windows = section.section("change_windows")
    calendar = Calendar(
        weekend=frozenset(section.integers("weekend")),
        holidays=frozenset(section.dates("holidays", [])),
        workdays=frozenset(section.dates("workdays", [])),
        billing_first_day=section.integer("billing_first_day", low=1),
        billing_last_day=section.integer("billing_last_day", low=1),
        lock_day=section.integer("lock_day", low=1),
        special_days=section.integers("special_days", []),
        sales_report_day=section.integer("sales_report_day", low=1),
        collection_send_days=section.integers("collection_send_days"),
        handover_hour=section.integer("handover_hour"),
        change_windows={key: _window(windows, key) for key in CHANGE_WINDOWS},
    )
    windows.done()
    section.done()
    if not calendar.weekend < set(range(1, 8)):
        raise section.fault("weekend", _("应为 1(周一)至 7(周日),且不能全周休息"))
    return calendar


def _window(section: Section, key: str) -> tuple[int, int]:
    days = section.integers(key)
    if len(days) != 2 or not 1 <= days[0] <= days[1] <= 31:
        raise section.fault(key, _("应为起止两日,如 [1, 14]"))
    return days[0], days[1]
