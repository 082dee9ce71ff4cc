"""What people signed: the report as it was frozen, its form as it was known then, and who signed when.

The frozen content is the one the log holds (its SHA-256 is in every signature). A form is drawn as
known just before it was issued; where that gives other content (it was issued by another version
of the program), the content alone goes along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from exports import reports
from exports.render import json as canonical
from exports.render import pdf, xlsx
from exports.report import Report
from ledger import facts as records
from ledger import issued
from ledger.books import read_book
from ledger.i18n import LANGUAGES, _, current_language, set_language
from ledger.issued import Issued
from ledger.journal import Ledger
from ledger.operators import staff
from ledger.storage import known
from ledger.storage.engine import Session


@dataclass(frozen=True, slots=True)
class Paper:
    """An issued report, who its people are, and its form where it can still be drawn as it was."""

    issued: Issued
    names: dict[str, str]
    form: Report | None


def papers(ledger: Ledger, period: str, seq: int) -> list[Paper]:
    """Everything issued for a month up to log row ``seq``, each with its form as known when it was issued."""
    with ledger.store.reading() as session:
        known.at(session, ledger.book_id, seq)
        found = issued.issues(session, ledger.book_id, period=period)
        batches = {fact.doc_no: fact.batch_id for fact in records.facts(session, ledger.book_id, issued.ISSUE)}
        people = staff(session, ledger.book_id).people
        names = {person.id: person.name for person in people.values()}
    return [Paper(paper, names, _form(ledger, paper, batches[paper.number])) for paper in found]


def _form(ledger: Ledger, paper: Issued, batch_id: int) -> Report | None:
    """The form whose content is the frozen one, in the language in which it was frozen; None: there is none any more."""
    before = current_language()
    try:
        for language in sorted(LANGUAGES, key=lambda one: one != before):
            set_language(language)
            with ledger.store.reading() as session:
                known.at(session, ledger.book_id, known.row_of_batch(session, ledger.book_id, batch_id) - 1)
                book = read_book(ledger.store, session)
                drawn = reports.build(
                    paper.code, session, book.book, book.chart, month=paper.period, account=paper.scope or None,
                    book_id=book.book_id,
                )  # fmt: skip
            if canonical.render(drawn) == paper.content:
                return drawn
    finally:
        set_language(before)
    return None


def files(paper: Paper, shown: Callable[[Report], Report], *, masked: bool) -> Iterator[tuple[str, bytes]]:
    """Content, form and signatures of one paper; masked, a content that cannot be masked stays out."""
    made, form = paper.issued, paper.form
    stem = f"signed/{made.number.replace('/', '_')}"
    content: str | None = made.content
    if masked:
        content = None if form is None else canonical.render(shown(form))
    if content is not None:
        yield f"{stem}.json", content.encode()
    if form is not None:
        signed = shown(replace(form, notes=[*form.notes, *_said(paper)], signatures=()))
        yield f"{stem}.xlsx", xlsx.render(signed)
        if len(signed.table("pdf").rows) <= pdf.ROWS_MAX:
            yield f"{stem}.pdf", pdf.render(signed)
    yield (
        f"{stem}.signatures.json",
        (json.dumps(_signatures(paper, content), ensure_ascii=False, indent=2) + "\n").encode(),
    )


def _said(paper: Paper) -> list[str]:
    """The signatures as the form says them."""
    made, names = paper.issued, paper.names
    hands = [(_("编制"), made.preparer, made.recorded_at)]
    hands += [(issued.step_name(step), who, when) for step, (who, when) in made.signatures.items()]
    state = _("已被新版取代") if made.superseded else _("已签齐") if made.signed else _("未签齐")
    return [
        _("签发 {number}({state})SHA-256 {sha}").format(number=made.number, state=state, sha=made.sha256),
        ";".join(f"{role} {names.get(who, who)} {who} {when[:19]}Z" for role, who, when in hands),
    ]


def _signatures(paper: Paper, content: str | None) -> dict[str, Any]:
    made, names = paper.issued, paper.names
    return {
        "number": made.number, "code": made.code, "scope": made.scope, "period": made.period, "version": made.version,
        "sha256": made.sha256, "content_as_signed": content == made.content, "signed": made.signed,
        "superseded": made.superseded,
        "preparer": {"operator": made.preparer, "name": names.get(made.preparer, ""), "recorded_at": made.recorded_at},
        "signatures": [
            {"step": step, "operator": who, "name": names.get(who, ""), "recorded_at": when}
            for step, (who, when) in made.signatures.items()
        ],
    }  # fmt: skip


def fact_ids(session: Session, book_id: int, period: str, *, masked: bool) -> list[tuple[str, int]]:
    """``(name, fact_id)`` of the facts to be proved: every signature of the month's papers and every issue.

    An issue holds the whole content: masked, only the ones go along that have nothing to mask.
    """
    own = {paper.number: paper for paper in issued.issues(session, book_id, period=period)}
    found = [
        (fact.doc_no.replace("/", "_"), fact.fact_id)
        for fact in records.facts(session, book_id, issued.SIGNATURE)
        if fact.subject in own
    ]
    if masked:
        return found
    return [(number.replace("/", "_"), paper.fact_id) for number, paper in own.items()] + found
