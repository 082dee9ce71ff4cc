"""Doctor (体检): is what the book stands on sound, in words that say what to do.

::

    database, laws, grants, log, key, clock, disk, program ─▶ Check(name, ok | warn | fail, sentence)

It reads only, and goes on after a finding: whoever is in trouble wants all of it at once.
Sources: issue of WAL resets before SQLite 3.51.3 and the backup trap, reliability.md §0
(7), §2.4; key file and clock, audit.md §2.3.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from ledger import checkpoint, operations
from ledger.books import open_book
from ledger.controls import control_message
from ledger.errors import MeterbookError
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.storage import health
from ledger.storage.engine import SAFE_SQLITE, Session, Store
from ledger.storage.log import CLOCK_SLACK, identity

State = Literal["ok", "warn", "fail"]

PACKAGES = (
    "argon2-cffi", "babel", "cryptography", "openpyxl", "polars", "psycopg", "py-moneyed", "python-calamine", "rich",
    "sqlalchemy", "typer", "typst", "xlsxwriter",
)  # fmt: skip
"""What Meterbook cannot work without (docs/dependencies.md)."""

DISK_WARN, DISK_FAIL = 2 << 30, 200 << 20
"""Bytes free beside the book: below, people should know; below, a day may not fit."""


POSTGRESQL_MIN = 150_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: State
    text: str


def examine(store: Store) -> list[Check]:
    """All checks that can be made on a database, in order."""
    return [*_program(), *_book(store)]


def _program() -> Iterator[Check]:
    yield Check("python", "ok", f"Python {platform.python_version()} {platform.system()} {platform.machine()}")
    versions, absent = [], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            absent.append(name)
    yield Check("packages", "ok", "、".join(versions))
    if absent:
        yield Check("packages", "fail", _("缺少程序包:{names}").format(names="、".join(absent)))


def _book(store: Store) -> Iterator[Check]:
    try:
        ledger = open_book(store)
    except MeterbookError as error:
        yield Check("book", "fail", f"{store.address}: {error}")
        return
    yield Check("book", "ok", f"{ledger.book.code} {ledger.book.name}, {store.address}")
    looks: list[tuple[str, Callable[[Session], Iterable[Check]]]] = [
        (store.dialect, lambda session: _sqlite(store, session) if store.dialect == "sqlite" else _postgresql(session)),
        ("laws", _laws),
        ("operations", lambda session: _operations(session, ledger)),
        ("key", lambda session: _key(session, ledger)),
        ("clock", lambda session: _clock(session, ledger)),
        ("backup", lambda session: _backup(session, ledger)),
    ]
    for name, look in looks:
        try:
            with store.reading() as session:
                yield from list(look(session))
        except MeterbookError as error:  # a damaged table: the next look may still be worth it
            yield Check(name, "fail", str(error))
    if store.path is not None:
        yield _disk(store.path.absolute().parent)
        yield _readable(store.path, "file", _("账簿文件"))


def _sqlite(store: Store, session: Session) -> Iterator[Check]:
    state = health.sqlite_state(store, session)
    version = ".".join(map(str, state.version))
    if state.version < SAFE_SQLITE:
        text = _("SQLite {version}:3.51.3 以前的版本在两个进程同时收尾时可能损坏账簿,已另加文件锁防止;宜升级")
        yield Check("sqlite", "warn", text.format(version=version))
    else:
        yield Check("sqlite", "ok", f"SQLite {version}")
    mode = state.pragmas["journal_mode"]
    if store.path is not None and mode != "wal":
        yield Check("journal", "warn", _("日志方式是 {mode},应为 wal:读和写会互相等待").format(mode=mode))
    else:
        yield Check("journal", "ok", f"journal_mode = {mode}")
    safe = state.pragmas["synchronous"] in ("2", "3")
    settings = "、".join(f"{name} = {value}" for name, value in state.pragmas.items())
    yield Check(
        "pragmas",
        "ok" if safe else "fail",
        settings if safe else _("synchronous 应为 FULL:{settings}").format(settings=settings),
    )
    if state.faults:
        found = ";".join(state.faults[:_SHOWN])
        yield Check("integrity", "fail", _("账簿文件已损坏,请从备份恢复:{found}").format(found=found))
    else:
        yield Check("integrity", "ok", _("文件完好(integrity_check)"))


def _postgresql(session: Session) -> Iterator[Check]:
    state = health.postgresql_state(session)
    settings = state.settings
    said = f"PostgreSQL {settings['server_version']}, {state.size / 2**20:,.0f} MB"
    yield Check("postgresql", "ok" if state.version >= POSTGRESQL_MIN else "fail", said)
    encoding = settings["server_encoding"]
    yield Check("encoding", "ok" if encoding == "UTF8" else "fail", f"server_encoding = {encoding}")
    zone = settings["TimeZone"]
    yield Check("timezone", "ok", _("服务器时区 {zone}(记录时刻一律为 UTC,由程序写入,不受其影响)").format(zone=zone))
    isolation = settings["default_transaction_isolation"]
    yield Check("isolation", "ok", _("默认隔离级别 {level}(每个事务自己指明,不受其影响)").format(level=isolation))
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if settings[name] in ("off", "local")]
    text = _("{names} 已关闭:停电会丢失已记的账").format(names="、".join(off)) if off else "fsync = on"
    yield Check("durability", "warn" if off else "ok", text)
    if state.roles:
        yield Check("roles", "warn", _("没有角色 {names}:只有触发器维护规则").format(names="、".join(state.roles)))
        return
    if state.superuser:
        yield Check("roles", "warn", _("登录的是超级用户,规则管不住它;日常请用只属于 meterbook_app 的登录"))
    elif state.owns:
        yield Check("roles", "warn", _("登录者拥有这些表,可以拆掉规则;日常请用只属于 meterbook_app 的登录"))
    else:
        yield Check("roles", "ok", _("以 {role} 工作").format(role=state.works_as))
    if state.too_much or state.too_little:
        parts = [_("多出 {rights}").format(rights="、".join(state.too_much[:_SHOWN]))] if state.too_much else []
        parts += [_("缺少 {rights}").format(rights="、".join(state.too_little[:_SHOWN]))] if state.too_little else []
        yield Check("grants", "fail", _("meterbook_app 的权限不对:{what}").format(what=";".join(parts)))
    else:
        yield Check("grants", "ok", _("meterbook_app 只能查询和追加"))


def _laws(session: Session) -> Iterator[Check]:
    lacking = health.missing(session)
    if not lacking:
        yield Check("laws", "ok", _("表、索引、触发器齐全"))
        return
    names = "、".join(f"{kind} {name}" for kind, found in lacking.items() for name in found[:_SHOWN])
    yield Check("laws", "fail", _("数据库中少了:{names}").format(names=names))


def _operations(session: Session, ledger: Ledger) -> Iterator[Check]:
    if "operation" in health.missing(session).get("table", []):
        return  # told with the laws
    broken = operations.check_chain(session, ledger.book_id)
    if broken:
        yield Check("operations", "fail", ";".join(one.text() for one in broken[:_SHOWN]))
    else:
        count, _chain = operations.head(session, ledger.book_id)
        yield Check("operations", "ok", _("操作日志 {count} 行,校验链完好").format(count=count))


def _key(session: Session, ledger: Ledger) -> Iterator[Check]:
    if ledger.store.keyring.memory:
        return
    _code, origin = identity(session, ledger.book_id)
    path = checkpoint.key_path(origin)
    try:
        signer = checkpoint.load_signer(origin, path)
    except MeterbookError as error:
        yield Check("key", "warn", _("{why};没有密钥只能查看,不能记账").format(why=error))
        return
    known = health.announced_keys(session, ledger.book_id)
    if known and signer.key_id not in known:
        yield Check("key", "fail", _("签名密钥 {path} 不是这个账套的").format(path=path))
        return
    yield _readable(path, "key", _("签名密钥"), strict=True)


def _clock(session: Session, ledger: Ledger) -> Iterator[Check]:
    last = health.last_instant(session, ledger.book_id)
    at = dt.datetime.now(dt.UTC)
    if last is not None and dt.datetime.fromisoformat(last) > at + CLOCK_SLACK:
        text = _("账簿最后记录于 {last},而现在是 {now}:时钟被调回,请校准后再记账")
        yield Check("clock", "fail", text.format(last=last[:19], now=f"{at:%Y-%m-%dT%H:%M:%S}"))
        return
    yield Check(
        "clock",
        "ok",
        _("现在 {now}(UTC),账簿最后记录于 {last}").format(now=f"{at:%Y-%m-%dT%H:%M:%S}", last=(last or "-")[:19]),
    )


def _backup(session: Session, ledger: Ledger) -> Iterator[Check]:
    if "operation" in health.missing(session).get("table", []):
        yield Check("backup", "warn", control_message("C42"))
        return
    last = operations.last_backup(session, ledger.book_id)
    said = _("最近一次备份:{when}").format(when=last[:19] if last else _("没有"))
    if operations.backup_overdue(session, ledger.book_id):
        yield Check("backup", "warn", f"{control_message('C42')} ({said})")
    else:
        yield Check("backup", "ok", said)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    state: State = "fail" if free < DISK_FAIL else "warn" if free < DISK_WARN else "ok"
    return Check("disk", state, _("{folder} 所在磁盘还有 {free} MB").format(folder=folder, free=f"{free / 2**20:,.0f}"))


def _readable(path: Path, name: str, what: str, *, strict: bool = False) -> Check:
    """Who else on this machine can read or write a file; Windows keeps that elsewhere."""
    if os.name == "nt":
        return Check(name, "ok", f"{what} {path}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if strict and mode & 0o077:
        return Check(
            name,
            "fail",
            _("{what} {path} 别人也能读(权限 {mode}),请改为只有本人:chmod 600").format(
                what=what, path=path, mode=f"{mode:03o}"
            ),
        )
    if mode & 0o022:
        return Check(
            name, "warn", _("{what} {path} 别人也能写(权限 {mode})").format(what=what, path=path, mode=f"{mode:03o}")
        )
    return Check(name, "ok", f"{what} {path} {mode:03o}")


def as_json(checks: list[Check]) -> list[dict[str, Any]]:
    """For machines."""
    return [{"check": check.name, "state": check.state, "text": check.text} for check in checks]
