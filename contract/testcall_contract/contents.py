"""What contracts have: how much of each kind, on which sources it stands, and what the sources tell that is left out.

A gap shows as a small number beside large ones, or as a source on which nothing stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from testcall_contract.citation import cite
from testcall_contract.document import Cell, Document, Mark, Row, Section, Span, Table, plain, soft
from testcall_contract.models import Contract, Setting
from testcall_contract.promises import items, promises


def _promises(kind: str) -> Callable[[Contract], int]:
    return lambda contract: sum(promise.kind == kind for promise in promises(contract))


def _settings(contract: Contract) -> list[Setting]:
    return [setting for holder in contract.settings.values() for setting in holder.members.values()]


def _enumerations(contract: Contract) -> int:
    """Settings with listed values, constants that hold several, and types that are one of several constants."""
    constants = sum(isinstance(constant.value, dict) for constant in contract.constants.values())
    types = sum(_is_one_of_constants(type_.shape) for type_ in contract.types.values())
    return sum(setting.type == "enum" for setting in _settings(contract)) + constants + types


def _is_one_of_constants(shape: Any) -> bool:
    options = shape.get("one_of") if isinstance(shape, Mapping) else None
    return bool(options) and all(isinstance(option, Mapping) and "const" in option for option in options or ())


def _numbers(contract: Contract) -> int:
    """Limits, and settings that take a number."""
    return len(contract.limits) + sum(setting.type in ("integer", "number") for setting in _settings(contract))


KINDS: dict[str, Callable[[Contract], int]] = {
    "operations": lambda contract: len(contract.operations),
    "settings": lambda contract: len(_settings(contract)),
    "events": lambda contract: len(contract.events),
    "listeners": lambda contract: len(contract.listeners),
    "types": lambda contract: len(contract.types),
    "enumerations": _enumerations,
    "error codes": lambda contract: len(contract.errors),
    "constants": lambda contract: len(contract.constants),
    "numbers": _numbers,
    "clauses": _promises("clause"),
    "conflicts": _promises("conflict"),
    "silences": _promises("silence"),
    "left out": lambda contract: len(contract.left_out),
}
"""Kind → how many of it a contract has."""


def contents_document(contracts: Sequence[Contract]) -> Document:
    """Counts by contract and kind; for each contract its sources, with how much stands on each, and what is left out."""
    sections = [Section("counts", "How much of each kind", _LEAD, (_counts(contracts),))]
    for contract in contracts:
        sections += _sections(contract)
    return Document("What the contracts have", "Made by testcall spec contents.", tuple(sections))


_LEAD = (
    "Enumerations: settings with listed values, constants that hold several, types that are one of several. "
    "Error codes: one for each condition. Numbers: limits, and settings that take a number."
)


def _counts(contracts: Sequence[Contract]) -> Table:
    rows = []
    for contract in contracts:
        numbers = [count(contract) for count in KINDS.values()]
        cells: list[Cell] = [plain(str(number)) if number else soft("·") for number in numbers]
        marks: list[Mark] = ["", *("" if number else "gap" for number in numbers)]
        rows.append(Row((plain(contract.contract), *cells), tuple(marks)))
    return Table("Counts by contract and kind", ("Contract", *(kind.capitalize() for kind in KINDS)), tuple(rows))


def _sections(contract: Contract) -> Iterator[Section]:
    slug = contract.contract.replace("/", "-")
    lead = f"{contract.sdk.name} {contract.sdk.major} for {contract.sdk.platform}."
    yield Section(slug, contract.contract, lead, (_sources(contract),))
    if contract.left_out:
        rows = tuple(
            Row((plain(one.about), plain(one.reason), _where(contract, one.source))) for one in contract.left_out
        )
        table = Table("What the sources tell and no clause carries", ("What", "Why it is left out", "Source"), rows)
        yield Section(f"{slug}-left-out", f"{contract.contract}: left out", "", (table,), 3)


def standing_on(contract: Contract) -> Counter[str]:
    """Key of a source → how many items, clauses and sides of conflicts stand on it."""
    found: Counter[str] = Counter()
    for promise in promises(contract):
        references: list[str | None] = [alternative.source for alternative in promise.alternatives]
        references = references or [promise.source]
        found.update((reference or "").partition("#")[0] for reference in references if reference)
    for _, item in items(contract):
        reference = getattr(item, "source", None)
        if reference:
            found[reference.partition("#")[0]] += 1
    return found


def _sources(contract: Contract) -> Table:
    stands = standing_on(contract)
    rows = []
    for key, source in contract.sources.items():
        version = source.revision or source.version or ""
        marks: tuple[Mark, ...] = ("", "", "", "" if stands[key] else "gap")
        kind = source.kind if source.authority == "primary" else f"{source.kind}, secondary"
        title = Span(source.title, link=source.url)
        rows.append(Row(((title,), plain(kind), plain(version), plain(str(stands[key]))), marks))
    return Table("Sources, and how much stands on each", ("Document", "Kind", "Revision", "Stands on it"), tuple(rows))


def _where(contract: Contract, reference: str) -> Cell:
    citation = cite(contract, reference)
    if citation is None:
        return plain(reference)
    name = f"{citation.title}, {citation.heading}" if citation.heading else citation.title
    return (Span(name, link=citation.link),)
