"""Backups (备份): a consistent copy with a manifest, verified before it replaces anything.

::

    book ─take─▶ meterbook-W1-20230705T101500Z.db   + .json: sha256, size, book, counts, newest checkpoint
    file ─restore─▶ manifest, hash, the database's own check, counts, ledger.integrity ─▶ in its place
                                                              the book that was there is kept aside

What is verified is what is put in place: the file is first copied beside the book. A book
that went on after the backup is replaced only by ``replace``. Rules: domain §4 C42,
audit §5.1 (35, 36), reliability.md §2.4.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger import integrity, operations
from ledger.books import BOOK_ID, identity, open_book
from ledger.errors import MeterbookError, NotFound, Refused
from ledger.i18n import _
from ledger.journal import Ledger
from ledger.storage import copies
from ledger.storage.engine import Store, now

FORMAT: Final = "meterbook.backup/1"
_BLOCK = 1 << 20

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup on disk."""

    file: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """A book put back; ``aside`` is where the one before it is kept."""

    ledger: Ledger
    manifest: Manifest
    aside: str | None


def take(ledger: Ledger, folder: Path) -> Backup:
    """Back a book up into a folder: the copy, and its manifest beside it.

    Raises:
        Refused: the copy could not be made, or is not sound; nothing is left behind.
    """
    store = ledger.store
    if store.dialect == "sqlite" and store.path is None:
        raise Refused(_("内存中的账套不能备份"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    at = now()
    stamp = "".join(char for char in at[:19] if char.isalnum()) + "Z"
    code = "".join(char if char.isalnum() else "-" for char in ledger.book.code)
    file = folder / f"meterbook-{code}-{stamp}.{'db' if store.dialect == 'sqlite' else 'dump'}"
    if file.exists():
        raise Refused(_("备份文件 {file} 已存在").format(file=file))
    part = file.with_name(f".{file.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        told = _copy(ledger, part)
        if found := copies.sound_sqlite(part) if store.dialect == "sqlite" else copies.sound_dump(part):
            raise Refused(_("备份不完好:{found}").format(found=";".join(found[:3])))
        digest, size = _hashed(part)
        manifest = {"format": FORMAT, "file": file.name, "sha256": digest, "size": size, "taken_at": at, **told}
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    _manifest_of(file).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return Backup(file, manifest)


def _copy(ledger: Ledger, part: Path) -> Manifest:
    """Make the copy, and say what is in it."""
    if ledger.store.dialect == "sqlite":
        copies.copy_sqlite(ledger.store, part)
        copied = Store(f"sqlite:///{part.as_posix()}")
        try:
            return describe(copied, ledger.book_id)
        finally:
            copied.dispose()
            for end in ("-wal", "-shm"):
                part.with_name(part.name + end).unlink(missing_ok=True)
            part.with_name(part.name + ".lock").unlink(missing_ok=True)
    with copies.snapshot(ledger.store) as (session, name):
        told = _described(session, ledger.book_id)
        copies.dump_postgresql(ledger.store, part, str(name))
    return told


def describe(store: Store, book_id: int) -> Manifest:
    """What a manifest says of a database: engine, book, counts, newest checkpoint, head of the operation log."""
    with store.reading() as session:
        return _described(session, book_id)


def _described(session: Any, book_id: int) -> Manifest:
    seq, chain = operations.head(session, book_id)
    newest = copies.checkpoint(session, book_id)
    return {
        "engine": session.dialect,
        "engine_version": copies.version(session),
        "book": identity(session, book_id),
        "checkpoint": {"seq": newest[0], "note": newest[1]} if newest else None,
        "operations": {"seq": seq, "chain": chain},
        "counts": copies.counts(session),
    }


def restore(file: Path, url: str, *, replace: bool = False, allow: Callable[[Ledger], None] | None = None) -> Restored:
    """Put a backup in the place that ``url`` names.

    ``allow`` is asked about a book that stands there already (may this person replace it?).

    Raises:
        NotFound: no such file, or no manifest beside it.
        Refused: the file is not what its manifest says, is damaged, or would replace a book that has more in it.
    """
    manifest = read_manifest(file)
    target = Store(url)
    if target.dialect != manifest["engine"]:
        raise Refused(_("备份来自 {engine},不能恢复到 {other}").format(engine=manifest["engine"], other=target.dialect))
    _as_told(file, manifest)
    try:
        stands = _standing(target, manifest, replace=replace, allow=allow)
        target.dispose()
        put = _restore_sqlite if target.dialect == "sqlite" else _restore_postgresql
        aside = put(file, target, manifest, stands=stands)
    finally:
        target.dispose()
    return Restored(open_book(Store(url)), manifest, aside)


def read_manifest(file: Path) -> Manifest:
    """The manifest beside a backup.

    Raises:
        NotFound: it, or the backup, is not there.
        Refused: it is no manifest.
    """
    if not file.is_file():
        raise NotFound(_("备份文件不存在:{file}").format(file=file))
    beside = _manifest_of(file)
    try:
        manifest = json.loads(beside.read_text(encoding="utf-8"))
        known = manifest["format"] == FORMAT and {"sha256", "size", "engine", "book", "counts"} <= set(manifest)
    except FileNotFoundError:
        raise NotFound(_("备份旁边没有清单 {file}").format(file=beside.name)) from None
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise Refused(_("{file} 不是备份清单").format(file=beside.name))
    return dict(manifest)


def _manifest_of(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def _as_told(file: Path, manifest: Manifest) -> None:
    if _hashed(file) != (manifest["sha256"], manifest["size"]):
        raise Refused(_("备份文件 {file} 与清单不符(大小或 sha256),可能已损坏或被改动").format(file=file.name))


def _standing(target: Store, manifest: Manifest, *, replace: bool, allow: Callable[[Ledger], None] | None) -> bool:
    """Whether something stands where the backup is to go, and may be put aside."""
    there = target.path.exists() if target.path is not None else copies.database_exists(target.url)
    if not there:
        return False
    try:
        ledger = open_book(target)
    except MeterbookError:
        if not replace:
            raise Refused(
                _("{place} 已有内容但不是完好的账套;要替换请加 --replace").format(place=target.address)
            ) from None
        return True
    if allow is not None:
        allow(ledger)
    if not replace and not _within(ledger, manifest):
        raise Refused(
            _("{place} 的账套比备份新或不是同一账套;要替换请加 --replace(原账套会保留)").format(place=target.address)
        )
    return True


def _within(ledger: Ledger, manifest: Manifest) -> bool:
    """Whether a backup holds everything that this book holds."""
    now_ = describe(ledger.store, ledger.book_id)
    ours, theirs = now_["counts"], manifest["counts"]
    same = now_["book"] == manifest["book"]
    return same and all(ours[name] <= theirs.get(name, 0) for name in ours if name not in _BESIDE)


_BESIDE: Final = frozenset({"operation", "login_attempt", "credential"})
"""Grows by mere reading: no reason to keep a book from being restored."""


def _restore_sqlite(file: Path, target: Store, manifest: Manifest, *, stands: bool) -> str | None:
    assert target.path is not None
    target.path.parent.mkdir(parents=True, exist_ok=True)
    part = target.path.with_name(f".{target.path.name}.restore")
    try:
        shutil.copyfile(file, part)
        part.chmod(0o600)
        _as_told(part, manifest)
        if found := copies.sound_sqlite(part):
            raise Refused(_("备份已损坏:{found}").format(found=";".join(found[:3])))
        trial = Store(f"sqlite:///{part.as_posix()}")
        _verified(trial, manifest)
        trial.dispose()
        aside = target.path.with_name(f"{target.path.name}.{_stamp()}.old") if stands else None
        copies.put_sqlite(part, target.path, aside)
    finally:
        for end in ("", "-wal", "-shm", ".lock"):
            part.with_name(part.name + end).unlink(missing_ok=True)
    return str(aside) if aside else None


def _restore_postgresql(file: Path, target: Store, manifest: Manifest, *, stands: bool) -> str | None:
    """Into a database of its own first; the names are changed once it is verified."""
    stamp = _stamp().lower()
    trial = copies.renamed(target.url, f"meterbook_restore_{stamp}")
    copies.create_database(trial)
    try:
        copies.restore_postgresql(trial, file)
        store = Store(trial)
        try:
            _verified(store, manifest)
        finally:
            store.dispose()
        aside = f"meterbook_before_{stamp}" if stands else None
        copies.swap_databases(trial, target.url, aside)
    except BaseException:
        with suppress(MeterbookError):
            copies.drop_database(trial)
        raise
    return aside


def _verified(trial: Store, manifest: Manifest) -> None:
    """The copy opened: the same book, the same counts, checkpoint and log; every proof of ``ledger.integrity``.

    Raises:
        Refused: anything is not as the manifest says, or does not verify.
    """
    told = describe(trial, BOOK_ID)
    odd = [
        name for name in ("book", "counts", "checkpoint", "operations") if told[name] != manifest.get(name, told[name])
    ]
    if odd:
        raise Refused(_("备份内容与清单不符:{names}").format(names="、".join(odd)))
    with trial.reading() as session:
        broken = operations.check_chain(session, BOOK_ID)
    if broken:
        raise Refused(broken[0].text())
    report = integrity.verify(open_book(trial))
    if not report.ok:
        said = ";".join(one.text() for one in report.findings[:3])
        raise Refused(_("备份未通过校验:{found}").format(found=said))


def _hashed(file: Path) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _stamp() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
