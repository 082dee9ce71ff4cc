"""The month-end pack (月末资料包): one zip with which a stranger can audit the month, offline.

::

    as known at the checkpoint of the first issue
      ├─ signed/      what people signed, as they signed it, and their signatures
      ├─ statements/  the bank's lines; the bank's own files where nothing is masked
      ├─ reports/     R07–R28: xlsx, pdf, csv
      ├─ journal/     journal and balances: csv, parquet        beancount/  the same as text
      ├─ registers/   overrides, requests, acceptances, closes, outstanding items
      ├─ checkpoint/  the signed checkpoint and its keys        proofs/     inclusion proofs
      └─ manifest.json, SHA256SUMS, verify_pack.py, verify_proof.py, README

Exporting it again gives the same bytes, or says which files would differ. What it was drawn from and
its hash are a fact of the log (``ledger.packs``). Source: issue of the pack, audit §2.3, §3, §4.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from exports.pack import contents
from exports.pack.archive import Archive
from exports.pack.contents import Asked, Progress
from exports.report import Period, file_stem
from ledger import packs
from ledger.books import read_book
from ledger.calendar import Calendar
from ledger.errors import Refused
from ledger.i18n import _, current_language
from ledger.integrity import newest, prove_facts
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.packs import Pack
from ledger.storage import known
from ledger.storage.engine import now


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the zip, the proof that its hash is in the log, and whether it was issued before."""

    path: Path
    proof: Path
    pack: Pack
    again: bool


def export(
    ledger: Ledger,
    period: str,
    out: Path,
    *,
    operator: str,
    today: dt.date,
    masked: bool = True,
    reason: str = "",
    progress: Progress = lambda _what, _done, _of: None,
) -> Exported:
    """Hand over a month's pack, or export it again as it was handed over.

    Raises:
        Refused: the month is not closed, the operator may not, or the pack cannot be drawn any more as it was.
    """
    span = span_of(period)
    issued, asked = _asked(ledger, period, span, operator=operator, masked=masked, reason=reason)
    out.mkdir(parents=True, exist_ok=True)
    suffix = None if masked else "未脱敏"
    if asked.pack.language != "zh_CN":
        suffix = "_".join(filter(None, (suffix, asked.pack.language)))
    path = out / f"{file_stem(span, '月末资料包', suffix, asked.pack.version)}.zip"
    part = path.with_name(f".{path.name}.part")
    try:
        files = _draw(ledger, asked, part, progress)
        drawn = replace(asked.pack, files=files, sha256=_sha256(part))
        if issued is None:
            drawn = packs.record(ledger, drawn, operator=operator, today=today)
        else:
            _refuse_other(issued, drawn)
            drawn = issued
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    proof = path.with_suffix(".proof.json")
    proof.write_bytes(_proof(ledger, drawn))
    return Exported(path, proof, drawn, again=issued is not None)


def span_of(period: str) -> Period:
    """The month as a span.

    Raises:
        Refused: it is none.
    """
    try:
        start = dt.date.fromisoformat(f"{period}-01")
    except ValueError:
        raise Refused(_("月份应写成 2023-06")) from None
    return Period(start, Calendar.month_end(start))


def _asked(
    ledger: Ledger, period: str, span: Period, *, operator: str, masked: bool, reason: str
) -> tuple[Pack | None, Asked]:
    """The issue of this form, if it was issued, and what is to be drawn."""
    with ledger.store.reading() as session:
        staff(session, ledger.book_id).require(operator, "export")
        before = packs.packs(session, ledger.book_id, period)
        same = next((one for one in before if (one.masked, one.language) == (masked, current_language())), None)
        if same is not None or before:
            first = same or before[0]
            found = known.row_of_size(session, ledger.book_id, first.size)
            if found is None or found[1] != first.root:
                raise Refused(_("日志与 {number} 的检查点不符,请运行 meterbook verify").format(number=first.number))
            seq = found[0]
            pack = same or replace(
                first, version=len(before) + 1, masked=masked, language=current_language(), reason=reason,
                software=contents.software(), files={}, sha256="",
            )  # fmt: skip
        else:
            packs.refuse_early(session, ledger, period, operator)
            last = newest(session, ledger.book_id)
            seq = last.seq
            pack = Pack(
                period=period, version=1, masked=masked, language=current_language(), size=last.first_leaf + last.leaves,
                root=last.root, instant=now(), software=contents.software(), files={}, reason=reason,
            )  # fmt: skip
    return same, Asked(pack=pack, span=span, seq=seq)


def _draw(ledger: Ledger, asked: Asked, part: Path, progress: Progress) -> dict[str, str]:
    """Write the zip; gives path → SHA-256 of its files."""
    with Archive(part, dt.datetime.fromisoformat(asked.pack.instant)) as archive:
        for name, content in contents.files(ledger, asked, progress):
            archive.add(name, content)
        with ledger.store.reading() as session:
            known.at(session, ledger.book_id, asked.seq)
            drawn = read_book(ledger.store, session)
            for name, content in contents.guide(session, drawn, asked, archive):
                archive.add(name, content)
        return dict(archive.hashes)


def _refuse_other(issued: Pack, drawn: Pack) -> None:
    """What is drawn now must be, to the byte, what was handed over."""
    if drawn.sha256 == issued.sha256:
        return
    names = sorted(name for name in {*issued.files, *drawn.files} if issued.files.get(name) != drawn.files.get(name))
    raise Refused(
        _("{number} 不能照原样重出:{count} 个文件不同({names})。当时:{then};现在:{today}。请用当时的字体和软件版本").format(
            number=issued.number, count=len(names), names="、".join(names[:10]) or _("只有压缩方式不同"),
            then=issued.software, today=contents.software(),
        )
    )  # fmt: skip


def _proof(ledger: Ledger, pack: Pack) -> bytes:
    """That the log holds the pack's hash, as known when it was recorded: the same bytes every time."""
    with ledger.store.reading() as session:
        known.at(session, ledger.book_id, known.row_of_batch(session, ledger.book_id, pack.batch_id))
        (bundle,) = prove_facts(session, ledger.book_id, [pack.fact_id])
    return (json.dumps(bundle, ensure_ascii=False, indent=2) + "\n").encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
