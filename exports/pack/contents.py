"""What stands in a pack, file by file, in its order."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

from exports import beancount, reports
from exports.masked import masked as without_personal_data
from exports.pack import journal, registers, signed, statements
from exports.pack.archive import Archive
from exports.render import csv, pdf, xlsx
from exports.report import Period, Report, TieOut
from ledger import checkpoint, masking, redact
from ledger.books import read_book
from ledger.i18n import _
from ledger.integrity import newest, prove, prove_facts
from ledger.journal import Ledger
from ledger.packs import Pack
from ledger.storage import known, proof_sql
from ledger.storage.engine import Session
from ledger.storage.log import identity

FORMAT: Final = "meterbook.pack/1"

File = tuple[str, bytes]
Progress = Callable[[str, int, int], None]

_FIRST, _LAST = "R07", "R28"
DAILY: Final = frozenset({"R27", "R27c"})
"""Forms of a day: the pack has one of every day of the month."""
SAMPLES: Final = 3
"""Entries with a proof of their own, for whoever wants to see one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is drawn: the pack as far as it is known, its month, and the log row as of which it is drawn."""

    pack: Pack
    span: Period
    seq: int

    @property
    def masked(self) -> bool:
        """Personal data stays out."""
        return self.pack.masked

    def shown(self, report: Report) -> Report:
        """A report as it may leave."""
        return without_personal_data(report) if self.masked else report


def software() -> str:
    """What the bytes depend on beside the book: versions, and the font of the forms."""
    names = ("meterbook", "polars", "typst", "xlsxwriter")
    return "; ".join([*(f"{name} {_version(name)}" for name in names), pdf.find_font().family])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"


def files(ledger: Ledger, asked: Asked, progress: Progress) -> Iterator[File]:
    """Everything but what is about the pack itself."""
    progress(_("签发的报表"), 0, 1)
    for paper in signed.papers(ledger, asked.pack.period, asked.seq):
        yield from signed.files(paper, asked.shown, masked=asked.masked)
    with ledger.store.reading() as session:
        known.at(session, ledger.book_id, asked.seq)
        book = read_book(ledger.store, session)
        yield from statements.files(session, book, asked.span, asked.shown, masked=asked.masked)
        yield from _reports(session, book, asked, progress)
        progress(_("分录"), 0, 1)
        yield from journal.files(session, book, asked.span, masked=asked.masked)
        yield from _beancount(session, book, asked)
        for name, report in registers.build(session, book, asked.span):
            yield f"registers/{name}.csv", csv.render(asked.shown(report))
            yield f"registers/{name}.xlsx", xlsx.render(asked.shown(report))
        yield from _proofs(session, book, asked)


def _reports(session: Session, book: Ledger, asked: Asked, progress: Progress) -> Iterator[File]:
    """R07–R28 on every medium, the daily form of every day, each transfer's own; last, all checks on one list."""
    checks: list[tuple[Report, TieOut]] = []
    wanted = list(_wanted(session, book, asked))
    for number, (folder, code, narrowed) in enumerate(wanted):
        progress(code, number, len(wanted))
        drawn = reports.build(code, session, book.book, book.chart, book_id=book.book_id, **narrowed)
        checks += [(drawn, tie) for tie in drawn.tie_outs]
        yield from paper(f"reports/{folder}{code}_{drawn.file_stem}", asked.shown(drawn))
    yield "reports/checks.csv", csv.render(registers.checks(book, asked.span, checks))


def _wanted(session: Session, book: Ledger, asked: Asked) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """``(folder, code, what is asked for)`` of each form. 采暖费日报 is the daily form of heat companies alone."""
    month: dict[str, Any] = {"month": asked.pack.period}
    days = [asked.span.start + dt.timedelta(days=n) for n in range((asked.span.end - asked.span.start).days + 1)]
    daily = DAILY if book.book.utility == "heat" else DAILY - {"R27c"}
    for definition in reports.REPORTS.values():
        code = definition.code
        if not _FIRST <= code[:3] <= _LAST:
            continue
        if code in DAILY:
            yield from (("daily/", code, {"date": day}) for day in days if code in daily)
            continue
        for bank in [one.code for one in book.book.banks] if definition.bank else [None]:
            yield "", code, {**month, "account": bank}
        if code == "R11":
            whole = reports.build(code, session, book.book, book.chart, book_id=book.book_id, **month)
            numbers = list(dict.fromkeys(row["transfer"] for row in whole.rows))
            yield from (("", code, {**month, "account": one}) for one in numbers if len(numbers) > 1)


def paper(name: str, report: Report) -> Iterator[File]:
    """A report as xlsx, pdf and csv."""
    yield f"{name}.xlsx", xlsx.render(report)
    if len(report.table("pdf").rows) <= pdf.ROWS_MAX:
        yield f"{name}.pdf", pdf.render(report)
    yield f"{name}.csv", csv.render(report)


def _beancount(session: Session, book: Ledger, asked: Asked) -> Iterator[File]:
    """The journal up to the month's end as text; ``bean-check beancount/main.beancount`` proves its balances."""
    with tempfile.TemporaryDirectory(prefix="meterbook-pack-") as place:
        folder = Path(place)
        beancount.export(session, book.book, book.chart, folder, book_id=book.book_id, until=asked.span.end)
        for path in sorted(folder.rglob("*.beancount")):
            text = path.read_text(encoding="utf-8")
            if asked.masked:
                text = "\n".join(redact.numbers(line) if line[:1].isdigit() else line for line in text.split("\n"))
            yield f"beancount/{path.relative_to(folder).as_posix()}", text.encode()


def _proofs(session: Session, book: Ledger, asked: Asked) -> Iterator[File]:
    """The checkpoint, its keys, and proofs: of each signature, of what was signed, of some entries of the month."""
    note, keys = newest(session, book.book_id).note, _keys(session, book.book_id)
    yield "checkpoint/checkpoint.txt", note.encode()
    yield "checkpoint/keys.txt", ("\n".join(keys) + "\n").encode()
    yield from _for_ssh(note, keys)
    facts = signed.fact_ids(session, book.book_id, asked.pack.period, masked=asked.masked)
    proved = prove_facts(session, book.book_id, [number for _name, number in facts])
    for (name, _number), proof in zip(facts, proved, strict=True):
        yield f"proofs/{name}.json", _json(proof)
    for number in _samples(session, book, asked):
        yield f"proofs/entry_{number}.json", _json(prove(session, book.book_id, number))


def _samples(session: Session, book: Ledger, asked: Asked) -> list[int]:
    """The first entries of the month; masked, the first ones that have nothing to mask."""
    code, _origin = identity(session, book.book_id)
    found: list[int] = []
    for number in journal.entry_ids(session, book, asked.span):
        if len(found) == SAMPLES:
            break
        if not asked.masked or _impersonal(proof_sql.entry_record(session, code, book.book_id, number)):
            found.append(number)
    return found


def _keys(session: Session, book_id: int) -> list[str]:
    return [vkey for _id, vkey, _operator, _when in proof_sql.announced(session, book_id)]


def _impersonal(entry: str) -> bool:
    """Whether an entry's bytes hold nothing that masking would change."""
    said = json.loads(entry)
    texts = [cell for cell in said if isinstance(cell, str)]
    content: list[dict[str, Any]] = next((json.loads(cell) for cell in texts if cell.startswith("[{")), [])
    return all(masking.row(row) == row for row in content) and redact.numbers(entry) == entry


def _for_ssh(note: str, keys: list[str]) -> Iterator[File]:
    """The same checkpoint for ``ssh-keygen -Y verify``, by the key that signed it."""
    origin = note.split("\n", 1)[0]
    for key in keys:
        try:
            signature = checkpoint.ssh_signature(note, key)
        except ValueError:
            continue
        public = checkpoint.ssh_public(checkpoint.public_of(key)[1])
        yield "checkpoint/ssh/checkpoint", (note.partition("\n\n")[0] + "\n").encode()
        yield "checkpoint/ssh/checkpoint.sig", signature.encode()
        yield "checkpoint/ssh/allowed_signers", f"{origin} {public}\n".encode()


# -- about the pack ------------------------------------------------------------------------------


def guide(session: Session, book: Ledger, asked: Asked, archive: Archive) -> Iterator[File]:
    """README in two languages, the verifiers, and last the manifest of everything."""
    pack = asked.pack
    keys, (_code, origin) = _keys(session, book.book_id), identity(session, book.book_id)
    words = {
        "company": book.book.name, "company_en": book.book.name_en, "period": pack.period, "number": pack.number,
        "instant": pack.instant, "size": str(pack.size), "root": pack.root, "origin": origin,
        "key": keys[-1], "software": pack.software,
    }  # fmt: skip
    for language in ("zh", "en"):
        text = (resources.files("exports.pack") / f"README.{language}.md").read_text(encoding="utf-8")
        chosen = "masked" if pack.masked else "plain"
        yield f"README.{language}.md", _filled(text, chosen, words).encode()
    yield "verify_pack.py", (resources.files("exports.pack") / "verify_pack.py").read_bytes()
    yield "verify_proof.py", (resources.files("exports.audit") / "verify_proof.py").read_bytes()
    manifest = {
        "format": FORMAT,
        "number": pack.number,
        "book": {"code": book.book.code, "name": book.book.name, **_credit_code(book)},
        "period": pack.period,
        "masked": pack.masked,
        "language": pack.language,
        "issued_at": pack.instant,
        "checkpoint": {"origin": origin, "size": pack.size, "root": pack.root},
        "keys": keys,
        "software": pack.software,
        "files": [
            {"path": name, "size": archive.sizes[name], "sha256": sha} for name, sha in sorted(archive.hashes.items())
        ],
    }
    yield "manifest.json", _json(manifest)
    yield "SHA256SUMS", "".join(f"{sha}  {name}\n" for name, sha in sorted(archive.hashes.items())).encode()


def _credit_code(book: Ledger) -> dict[str, str]:
    return {"credit_code": book.book.credit_code} if book.book.credit_code else {}


def _filled(text: str, chosen: str, words: dict[str, str]) -> str:
    """A README: the parts of the other form are left out (``<!-- masked -->`` … ``<!-- end -->``), words filled in."""
    out: list[str] = []
    keep = True
    for line in text.split("\n"):
        if line in ("<!-- masked -->", "<!-- plain -->"):
            keep = line == f"<!-- {chosen} -->"
        elif line == "<!-- end -->":
            keep = True
        elif keep:
            out.append(line)
    filled = "\n".join(out)
    for name, value in words.items():
        filled = filled.replace("{" + name + "}", value)
    return filled


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
