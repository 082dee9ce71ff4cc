"""The pages of the room's own: the login and the choice of a book, in the language of the room."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader

from exports.fava.books import View, branch_name
from exports.fava.room import Room
from ledger.i18n import _
from ledger.sessions import IDLE_MINUTES

FOLDER: Final = Path(__file__).parent / "templates"
_TEMPLATES: Final = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)


@cache
def style() -> str:
    """The style of these pages, and what it hides of Fava's."""
    return (FOLDER / "room.css").read_text(encoding="utf-8")


def login(room: Room, *, token: str, said: str, name: str, where: str) -> str:
    """The login page; ``said`` is why the last attempt failed, ``where`` what was asked for."""
    words = {
        "room": _("账簿阅览室(只读)"),
        "name": _("姓名或编号"),
        "password": _("密码"),
        "enter": _("登录"),
        "note": _("用 Meterbook 的操作员和密码登录;{minutes} 分钟不用即自动退出。").format(minutes=IDLE_MINUTES),
    }
    return _TEMPLATES.get_template("login.html").render(
        lang=_lang(room), title=_("登录"), company=_company(room), words=words, token=token, said=said, name=name, where=where,
    )  # fmt: skip


def choose(room: Room, views: list[View], *, reader: str, staffed: bool) -> str:
    """The page that names every book a reader may open: months down, branches across."""
    months = [view for view in views if view.month is not None]
    branches = list(dict.fromkeys(view.branch for view in months))
    rows = [
        (f"{month:%Y-%m}", [(view.slug, view.short(room)) for view in group])
        for month, group in groupby(months, key=lambda view: view.month)
        if month is not None
    ]
    words = {
        "overview": _("总账"),
        "overview_note": _("未结月份按日汇总,其余月份按月汇总"),
        "months": _("月账册:一个月的凭证全列,其余按月汇总"),
        "month": _("月份"),
        "leave": _("退出"),
        "note": _("凭证太多的月份按日汇总,标题会注明。这里只读:记账、勾对、签章都用 meterbook 命令。"),
    }
    return _TEMPLATES.get_template("books.html").render(
        lang=_lang(room), title=_("选择账册"), company=_company(room), words=words, reader=reader, logout=staffed,
        warning="" if staffed else _("账套还没有操作员:不用登录,只在本机可看。"),
        overview=next((view.slug for view in views if view.month is None), ""),
        branches=[branch_name(room, branch) for branch in branches], rows=rows,
    )  # fmt: skip


def _lang(room: Room) -> str:
    return "en" if room.language == "en" else "zh-CN"


def _company(room: Room) -> str:
    return room.book.name_en if room.language == "en" else room.book.name
