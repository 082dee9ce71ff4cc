"""The tamper drill (篡改演练): a copy of the book is altered in every way we know, and ``verify`` has to find it.

::

    copy ─┬─ laws still in place ─ take out, empty, bend each one ─▶ verify ─▶ law.*
          └─ laws taken out ─┬─ a column, a row less, a row more, two rows exchanged ─▶ verify ─▶ named findings
                             ├─ an old backup put in its place ─────────▶ only the kept checkpoint tells
                             └─ all history rewritten and signed anew ──▶ only the kept checkpoint tells

Each alteration is rolled back before the next. Columns that nothing proves are not
altered but listed, with the reason that ``ledger.storage.coverage`` gives. Source: audit.md §2.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ledger import checkpoint, leaves
from ledger.i18n import _
from ledger.integrity import Report, check_laws, newest, verify_in
from ledger.journal import Ledger, Progress
from ledger.merkle import WIDTH, Frontier, leaf_hash
from ledger.storage import coverage, proof_sql, tamper
from ledger.storage.engine import Session
from ledger.storage.log import identity
from ledger.storage.tables import metadata
from ledger.storage.tamper import Forger, Impossible

ROWS = ("delete", "insert", "swap")
_TRIES = 12
"""Other values tried where the database itself refuses one."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An alteration that nothing found, or that was found though nothing had been altered."""

    kind: str
    place: str
    done: str


@dataclass(slots=True)
class Drilled:
    """What came of a drill."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    columns: set[tuple[str, str]] = field(default_factory=set)
    """Columns that were altered and found."""
    untried: list[str] = field(default_factory=list)
    """``table.column`` of what this book gives no occasion to alter: it has no rows, or the database refuses any."""
    missed: list[Missed] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Everything was found."""
        return not self.missed

    def judge(self, kind: str, place: str, done: str, report: Report) -> None:
        """One alteration and what verify said of it."""
        self.tried[kind] += 1
        if report.ok:
            self.missed.append(Missed(kind, place, done))
        else:
            self.found[kind] += 1
            self.codes.update(report.codes())


def free() -> list[tuple[str, str]]:
    """``(table.column, why nothing proves it)``."""
    return [
        (f"{table}.{column}", reason)
        for table, columns in sorted(coverage.FREE.items())
        for column, reason in columns.items()
    ]


def kind_name(kind: str) -> str:
    """A kind of alteration in the user's language."""
    names = {
        "before": _("演练之前"), "law": _("规则被拆除或改动"), "column": _("改一列"), "delete": _("删一行"),
        "insert": _("插一行"), "swap": _("两行互换"), "old backup": _("换上旧备份"), "tail": _("截去日志末尾"),
        "rewritten, another key": _("改写全部历史,另一把密钥"), "rewritten, same key": _("改写全部历史,同一把密钥"),
    }  # fmt: skip
    return names[kind]


def drill(
    ledger: Ledger, *, alterations: int = 400, seed: int = 1, laws: bool = True, progress: Progress | None = None
) -> Drilled:
    """Alter a copy of a book ``alterations`` times (each covered column, table and law at least once).

    Raises:
        Refused: the copy cannot be made, or the book does not verify to begin with.
    """
    out, rng = Drilled(), random.Random(seed)  # noqa: S311  the same drill again by the same seed
    with tamper.forged(ledger.store) as forger:
        if laws:
            _laws(forger, ledger.book_id, out, progress)
        forger.loosen()
        _rows(forger, ledger.book_id, out, rng, alterations, progress)
        _wholes(forger, ledger.book_id, out)
    return out


# -- laws -----------------------------------------------------------------------------------------------


def _laws(forger: Forger, book_id: int, out: Drilled, progress: Progress | None) -> None:
    with forger.trial() as session:
        whole = verify_in(session, book_id)
    if not whole.ok:
        out.missed.append(Missed("before", "verify", whole.lines_of_text()[0]))
        return
    ways = forger.laws()
    for number, (name, statements) in enumerate(ways):
        if progress is not None:
            progress(_("规则"), number, len(ways))
        try:
            with forger.trial() as session:
                if forger.bend(statements):
                    out.judge("law", name, "; ".join(statements), check_laws(session))
        except Impossible:
            out.untried.append(name)


# -- rows -----------------------------------------------------------------------------------------------


def _rows(
    forger: Forger, book_id: int, out: Drilled, rng: random.Random, alterations: int, progress: Progress | None
) -> None:
    with forger.trial() as session:
        whole = verify_in(session, book_id, laws=False)
        kept = newest(session, book_id).note
    if not whole.ok:
        out.missed.append(Missed("before", "verify", whole.lines_of_text()[0]))
        return
    known = tamper.tables(forger.session.dialect)
    columns = [(table, column) for table in known for column in coverage.COVERED.get(table, {})]
    todo = [("column", table, column) for table, column in columns]
    todo += [(kind, table, "") for table in known if table in coverage.COVERED for kind in ROWS]
    once = len(todo)
    rng.shuffle(todo)
    done: set[tuple[str, str, str]] = set()
    dead: set[tuple[str, str, str]] = set()
    tried = made = 0  # what the database lets nobody do is no alteration
    while (made < alterations or tried < once) and len(dead) < once:
        if progress is not None:
            progress(_("篡改"), made, max(alterations, made + 1))
        kind, table, column = way = todo[tried % once]
        tried += 1
        if way in dead:
            continue
        said = _once(forger, book_id, kind, table, column, rng, kept, out)
        if said:
            made += 1
            done.add(way)
            if kind == "column":
                out.columns.add((table, column))
        elif way not in done:
            dead.add(way)
    out.untried += sorted(f"{kind} {table}.{column}".rstrip(".") for kind, table, column in dead - done)


def _once(
    forger: Forger, book_id: int, kind: str, table: str, column: str, rng: random.Random, kept: str, out: Drilled
) -> bool:
    """One alteration, judged; False where the database let none be made."""
    for _attempt in range(_TRIES):
        try:
            with forger.trial() as session:
                done = forger.alter(table, column, rng) if column else getattr(forger, kind)(table, rng)
                report = verify_in(session, book_id, against=kept, laws=False)
        except Impossible:
            continue
        out.judge(kind, f"{table}.{column}".rstrip("."), done, report)
        return True
    return False


# -- the whole book ----------------------------------------------------------------------------------


def _wholes(forger: Forger, book_id: int, out: Drilled) -> None:
    with forger.trial() as session:
        head = newest(session, book_id)
        rows = proof_sql.log_sizes(session, book_id)
    for seq, _size in (rows[len(rows) // 2], rows[-2]) if len(rows) > 1 else ():
        with forger.trial() as session:
            forger.forget_after(book_id, seq)
            _both(out, "old backup", f"log {seq}", session, book_id, head.note)
    with forger.trial() as session:
        forger.cut_log(book_id, rows[-1][0] - 1)
        out.judge("tail", f"log {rows[-1][0]}", "", verify_in(session, book_id, laws=False))
    for same in (False, True):
        with forger.trial() as session:
            signer = checkpoint.memory_signer(identity(session, book_id)[1])
            kept = head.note
            if same:  # as if the forger had got hold of the key itself
                rewrite(forger, book_id, signer)
                kept = newest(session, book_id).note
            forger.one_fen_more(book_id)
            rewrite(forger, book_id, signer)
            _both(out, "rewritten, same key" if same else "rewritten, another key", "all", session, book_id, kept)


def _both(out: Drilled, kind: str, place: str, session: Session, book_id: int, kept: str) -> None:
    """Flawless by itself, and found by the kept checkpoint."""
    alone = verify_in(session, book_id, laws=False)
    if not alone.ok:  # then the forgery was no good, and the drill shows nothing
        out.missed.append(Missed(kind, place, alone.lines_of_text()[0]))
    out.judge(kind, place, "", verify_in(session, book_id, against=kept, laws=False))


def rewrite(forger: Forger, book_id: int, signer: checkpoint.Signer) -> None:
    """The whole log anew, from the rows as they are now, signed by another key that takes the first one's place."""
    session = forger.session
    code, origin = identity(session, book_id)
    places = proof_sql.announcements(session, book_id)
    old = min(places, key=lambda one: places[one][0])
    forger.set("key", {"book_id": book_id, "key_id": old}, {"key_id": signer.key_id, "vkey": signer.vkey})
    grown = Frontier()
    for row in proof_sql.log_rows(session, book_id):
        hashes, what = row.hashes, row.what
        if row.batch_id is not None:
            hashes = _batch_leaves(session, code, book_id, row.batch_id)
        else:
            what = what.replace(old, signer.key_id)
            hashes = _key_leaves(session, code, book_id, json.loads(what), hashes)
        grown = grown.append(hashes)
        cells: dict[str, Any] = {
            "hashes": hashes, "what": what, "root": grown.root().hex(), "frontier": grown.text(), "origin": origin,
            "key_id": signer.key_id, "note": signer.sign(grown.size, grown.root()),
        }  # fmt: skip
        forger.set("log", {"book_id": book_id, "seq": row.seq}, cells)


def _key_leaves(session: Session, code: str, book_id: int, said: list[list[str]], hashes: bytes) -> bytes:
    """The leaves of a row without a batch, those of keys anew."""
    columns = metadata.tables["key"].columns.keys()
    made = {
        key: leaf_hash(record.encode())
        for page in proof_sql.pages(session, "key", book_id)
        for key, record in zip(page["key_id"], leaves.rows(code, "key", columns, page), strict=True)
    }
    kept = (hashes[start : start + WIDTH] for start in range(0, len(hashes), WIDTH))
    return b"".join(made[one[1]] if one[0] == "key" else leaf for one, leaf in zip(said, kept, strict=True))


def _batch_leaves(session: Session, code: str, book_id: int, number: int) -> bytes:
    batch = proof_sql.batches(session, book_id, number, number)
    said = batch.row(0, named=True)
    made = b""
    if said["entries"]:
        first = said["first_entry"]
        made += proof_sql.entries(session, code, book_id, first, first + said["entries"] - 1).hashes
    if said["facts"]:
        first = said["first_fact"]
        made += proof_sql.facts(session, code, book_id, first, first + said["facts"] - 1)[1]
    manifests: pl.Series = leaves.manifest(code, batch)
    return made + leaf_hash(manifests[0].encode())
