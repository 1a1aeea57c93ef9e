"""Where the documentation contradicts itself, and where it says nothing: for whoever writes it.

Each conflict has every side with its document, heading, address and revision, what each says, and what it means for a user.
"""

from __future__ import annotations

from collections.abc import Sequence

from testcall_contract.citation import Citation, cite
from testcall_contract.document import Card, Cell, Document, Row, Section, Span, Table, code, joined, plain, soft
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises

_KINDS = {
    "operation": "Operations",
    "settings_object": "Settings",
    "setting": "Settings",
    "listener": "Listeners and events",
    "event": "Listeners and events",
    "error": "Error codes",
    "constant": "Types and constants",
    "type": "Types and constants",
    "limit": "Limits",
    "media": "Session and media",
    "session": "Session and media",
}


def conflicts_document(contracts: Sequence[Contract]) -> Document:
    """The conflicts and silences of ``contracts``, with a list of the pages to mend."""
    sections = []
    total = silent = 0
    for contract in contracts:
        found = promises(contract)
        conflicts = [promise for promise in found if promise.kind == "conflict"]
        silences = [promise for promise in found if promise.kind == "silence"]
        total, silent = total + len(conflicts), silent + len(silences)
        sections += _contract_sections(contract, conflicts, silences)
    return Document(
        title="Where the documentation disagrees with itself, and where it is silent",
        lead=(
            f"{total} conflicts and {silent} silences in {len(contracts)} contracts. A conflict: two documents, or a document "
            "and the type declarations, say different things about the same; a build may follow either. A silence: no source "
            "says. Neither is ever held against a build."
        ),
        sections=tuple(sections),
    )


def _contract_sections(contract: Contract, conflicts: list[Promise], silences: list[Promise]) -> list[Section]:
    slug = contract.contract.replace("/", "-")
    name = f"{contract.sdk.name} {contract.sdk.major} for {contract.sdk.platform}"
    lead = f"{contract.contract}: {len(conflicts)} conflicts, {len(silences)} silences."
    sections = [Section(slug, name, lead)]
    if conflicts:
        table = _pages(contract, conflicts)
        sections.append(
            Section(f"{slug}-pages", "Documents to mend", "Each document that takes part in a conflict.", (table,), 3)
        )
    for title in dict.fromkeys(_KINDS.values()):
        cards = tuple(_card(contract, promise) for promise in conflicts if _KINDS[promise.subject.kind] == title)
        if cards:
            key = title.lower().replace(" ", "-")
            sections.append(Section(f"{slug}-{key}", f"Conflicts: {title.lower()}", "", cards, 3))
    if silences:
        sections.append(_silences(slug, silences))
    return sections


def _pages(contract: Contract, conflicts: list[Promise]) -> Table:
    """Document → conflicts it takes part in, and the headings at which."""
    ids: dict[str, list[str]] = {}
    headings: dict[str, list[str]] = {}
    for promise in conflicts:
        for alternative in promise.alternatives:
            key, _, heading = alternative.source.partition("#")
            ids.setdefault(key, []).append(promise.id)
            headings.setdefault(key, []).append(heading)
    rows = []
    for key in sorted(ids, key=lambda one: (-len(set(ids[one])), one)):
        citation = cite(contract, key)
        title = Span(f"{citation.title if citation else key}", link=citation.link if citation else None)
        where = ", ".join(dict.fromkeys(heading for heading in headings[key] if heading))
        links = joined([(Span(one, link=f"#{one}"),) for one in dict.fromkeys(ids[key])])
        rows.append(Row(((title, *_revision(citation)), plain(where), links)))
    return Table("Documents that take part in conflicts", ("Document", "Headings", "Conflicts"), tuple(rows))


def _revision(citation: Citation | None) -> Cell:
    if citation is None:
        return ()
    said = [f"revision {citation.revision}" if citation.revision else "", citation.version or ""]
    said.append("secondary" if citation.authority == "secondary" else "")
    text = ", ".join(part for part in said if part)
    return soft(f" ({text})") if text else ()


def _card(contract: Contract, promise: Promise) -> Card:
    subject = promise.subject
    facts: list[tuple[str, Cell]] = [
        ("About", (Span(f"{subject.kind.replace('_', ' ')} "), Span(subject.name, code=True)))
    ]
    facts.append(("For a user", plain(promise.means or "")))
    if promise.untestable or promise.needs_test:
        facts.append(("Not tried", plain(promise.untestable or promise.needs_test or "")))
    rows = []
    for alternative in promise.alternatives:
        citation = cite(contract, alternative.source)
        rows.append(Row((plain(alternative.says), _where(citation, alternative.source))))
    table = Table(f"The sides of {promise.id}", ("Says", "Where"), tuple(rows))
    return Card(promise.id, promise.text, tuple(facts), (table,))


def _where(citation: Citation | None, reference: str) -> Cell:
    if citation is None:
        return plain(reference)
    kind = {"types": "types", "skill": "skill", "changelog": "changelog", "sample": "sample"}.get(citation.kind)
    name = f"{citation.title}, {citation.heading}" if citation.heading else citation.title
    return (Span(name, link=citation.link), *_revision(citation), *(soft(f" [{kind}]") if kind else ()))


def _silences(slug: str, silences: list[Promise]) -> Section:
    rows = tuple(
        Row((code(p.id), (Span(p.subject.name, code=True),), plain(p.text), plain(p.observed or "")), id=p.id)
        for p in silences
    )
    table = Table("What no source says", ("Id", "About", "What no source says", "A build was seen to do"), rows)
    return Section(
        f"{slug}-silences",
        "Silences",
        "Questions that a reader of the documentation can't answer. What a build was seen to do is no promise.",
        (table,),
        3,
    )
